"""Bundles of real libraries, by real filters, in a real browser: nothing that a filter does to them breaks them."""

import html
import json
import re

import pytest

from assetzcml import StaticApp, load_zcml
from chromium import CHROMIUM, document_at, serving
from commands import start
from npm import installed

pytest.importorskip("waitress")
pytest.importorskip("lightningcss")

pytestmark = pytest.mark.slow

# Major versions: a patch of a library must not need one of this test.
LIBRARIES = ["bootstrap@5", "jquery@3", "htmx.org@2", "esbuild"]
MINUTES = 60  # seconds in one

CONFIGURATION = """\
<configure xmlns="http://namespaces.assetzcml.org/assets">
  <environment directory="static" manifest="json">
    <loadPath path="node_modules"/>
    <loadPath path="own"/>
    <filterOption name="cssmin_engine" value="lightningcss"/>
  </environment>
  <staticView name="static" path="static"/>
  <bundle name="site.css" contents="bootstrap/dist/css/bootstrap.css own.css" filters="cssrewrite cssmin"
          output="gen/site.%(version)s.css"/>
  <bundle name="libraries.js" contents="bootstrap/dist/js/bootstrap.bundle.js jquery/dist/jquery.js"/>
  <bundle name="site.js" contents="libraries.js htmx.org/dist/htmx.js own.js" filters="esbuild"
          output="gen/site.%(version)s.js"/>
</configure>
"""
OWN = {
    "own.css": ".own { color: rgb(1, 2, 3) }\n",
    "own.js": "window.siteLoaded = [jQuery.fn.jquery, bootstrap.Modal.VERSION, htmx.version];\n",
}
PAGE = """\
<!doctype html>
<html><head><meta charset="utf-8"><title>Bundles</title>
<script>
  window.problems = [];
  window.onerror = (message, file, line, column) => {{ problems.push(`${{file}}:${{line}}:${{column}}: ${{message}}`); }};
  addEventListener("unhandledrejection", event => problems.push(String(event.reason)));
  addEventListener("error", event => event.target.tagName && problems.push(`${{event.target.outerHTML}}`), true);
</script>
{css}
{js}
</head><body>
<p class="own">mine</p>
<div class="d-none">hidden by Bootstrap</div>
<button class="btn btn-primary" data-bs-toggle="collapse" data-bs-target="#more">More</button>
<div class="collapse" id="more">more</div>
<div hx-get="/static/part.html" hx-trigger="load" id="part">nothing yet</div>
<pre id="told"></pre>
<script>
  addEventListener("load", () => {{
    document.querySelector(".btn").click();
    setTimeout(() => $("#told").text(JSON.stringify({{
      problems: window.problems,
      versions: window.siteLoaded,
      own: getComputedStyle(document.querySelector(".own")).color,
      hidden: $(".d-none").css("display"),
      button: $(".btn").css("display"),
      collapse: $("#more").attr("class"),
      part: $("#part").text(),
    }})), 2000);
  }});
</script>
</body></html>
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """A directory in which npm has installed LIBRARIES."""
    return installed(tmp_path_factory.mktemp("libraries"), *LIBRARIES)


@pytest.fixture(scope="module")
def built(libraries):
    """The registry of CONFIGURATION after `assetzcml build`, and what that has told."""
    (libraries / "own").mkdir()
    (libraries / "static").mkdir()
    for name, content in OWN.items():
        (libraries / "own" / name).write_text(content)
    (libraries / "static" / "part.html").write_text("<b>fetched by htmx</b>")
    config = libraries / "site.zcml"
    config.write_text(CONFIGURATION)
    process = start("build", config, "--format", "json", cwd=libraries)
    told, errors = process.communicate(timeout=2 * MINUTES)
    assert (process.returncode, errors.decode()) == (0, "")
    return load_zcml(str(config)), {each["bundle"]: each for each in json.loads(told)}


def test_the_command_builds_both_bundles_and_makes_them_smaller(built):
    _, outcomes = built
    assert set(outcomes) == {"site.css", "site.js"}
    for outcome in outcomes.values():
        assert outcome["changed"]
        assert outcome["size"] < 0.9 * outcome["source_size"]


def test_a_browser_runs_bootstrap_jquery_and_htmx_from_bundles_without_an_error(built, tmp_path):
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on the path")
    registry, _ = built
    tags = registry.template_globals()["bundle_tags"]
    css, js = tags("site.css"), tags("site.js")
    assert re.fullmatch(r'<link rel="stylesheet" href="/static/gen/site\.\w{8}\.css" integrity="sha384-[^"]+">', css)
    assert re.fullmatch(r'<script src="/static/gen/site\.\w{8}\.js" integrity="sha384-[^"]+"></script>', js)
    home = PAGE.format(css=css, js=js).encode()

    def application(environ, start_response):
        if environ["PATH_INFO"] != "/":
            return StaticApp(registry)(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(home)))])
        return [home]

    with serving(application) as address:
        dom = document_at(f"{address}/", tmp_path / "profile")
    told = json.loads(html.unescape(re.search('<pre id="told">(.*?)</pre>', dom)[1]))
    assert told["problems"] == []
    versions = told.pop("versions")
    assert [version.partition(".")[0] for version in versions] == ["3", "5", "2"]
    assert told == {
        "problems": [],
        "own": "rgb(1, 2, 3)",
        "hidden": "none",
        "button": "inline-block",
        "collapse": "collapse show",
        "part": "fetched by htmx",
    }
