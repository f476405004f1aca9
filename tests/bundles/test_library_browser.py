"""Libraries of all kinds, bundled, in a real browser: every request is answered, and each of them works."""

import contextlib
import html
import json
import re
import shutil
import warnings

import pytest
from webob import Request

from assetzcml import StaticApp, load_zcml
from chromium import CHROMIUM, document_at, serving
from documents import document, write_tree
from npm import installed

pytest.importorskip("waitress")
pytest.importorskip("lightningcss")

pytestmark = pytest.mark.slow

LIBRARIES = [
    "bootstrap@5", "jquery@3", "htmx.org@2", "alpinejs@3", "vue@3", "react@18", "react-dom@18", "d3@7", "three@0.170",
    "lodash-es@4", "bootstrap-icons@1", "esbuild",
]  # fmt: skip
SCRIPTS = [
    "jquery/dist/jquery.js", "bootstrap/dist/js/bootstrap.bundle.js", "htmx.org/dist/htmx.js", "vue/dist/vue.global.js",
    "react/umd/react.development.js", "react-dom/umd/react-dom.development.js", "d3/dist/d3.js", "js/own.js",
    "alpinejs/dist/cdn.js",
]  # fmt: skip

SHOP = {
    "__init__.py": "",
    "static/part.html": "<b>fetched by htmx</b>",
    "static/js/own.js": "var loaded = [jQuery.fn.jquery, bootstrap.Modal.VERSION, htmx.version]\n"
    "loaded.push(Vue.version, React.version, d3.version)\n",
    "static/js/main.js": """
import { chunk } from 'lodash-es';
import { Vector3, REVISION } from 'three';
import { state } from './state.js';
window.graph = { chunks: chunk([1, 2, 3], 2), length: new Vector3(3, 4, 0).length(), three: REVISION > 100, state };
""",
    "static/js/state.js": "export const state = 'shop';\n",
    "static/css/one.css": "@layer base, theme;\n@import 'in/base.css' layer(base);\n.one { color: rgb(0, 0, 1) }\n",
    "static/css/two.css": "@import 'in/theme.css';\n.two { background: url(in/dot.svg) }\n",
    "static/css/in/base.css": ".three { color: rgb(9, 9, 9); border-top-width: 3px; border-top-style: solid }\n",
    "static/css/in/theme.css": "@layer theme { .three { color: rgb(0, 0, 3); background: url(dot.svg) } }\n",
    "static/css/in/dot.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
}
CONFIGURATION = """
  <environment directory="static" manifest="json">
    <loadPath path="static"/>
    <loadPath path="{modules}" url="${{host:-/}}modules"/>
    <filterOption name="cssmin_engine" value="lightningcss"/>
    <filterOption name="ESBUILD_BIN" value="{modules}/.bin/esbuild"/>
  </environment>
  <staticView name="${{host:-}}static" path="static">
    <header name="Access-Control-Allow-Origin" value="*"/>
  </staticView>
  <staticView name="${{host:-}}modules" path="{modules}">
    <header name="Access-Control-Allow-Origin" value="*"/>
  </staticView>
  <bundle name="site.css" contents="bootstrap/dist/css/bootstrap.css bootstrap-icons/font/bootstrap-icons.css"
          filters="cssrewrite cssmin" output="gen/site.%(version)s.css"/>
  <bundle name="layers.css" contents="css/one.css css/two.css" filters="cssrewrite" output="gen/layers.%(version)s.css"/>
  <bundle name="site.js" contents="{scripts}" filters="jsmin" output="gen/site.%(version)s.js"/>
  <bundle name="graph.js" contents="js/main.js" filters="esbuild-bundle" output="gen/graph.%(version)s.js"/>
"""
PAGE = """\
<!doctype html>
<html><head><meta charset="utf-8"><title>Libraries</title><link rel="icon" href="data:,">
<script>
  window.problems = [];
  window.onerror = (message, file, line, column) => {{ problems.push(`${{file}}:${{line}}:${{column}}: ${{message}}`); }};
  addEventListener("unhandledrejection", event => problems.push(String(event.reason)));
  addEventListener("error", event => event.target.tagName && problems.push(`${{event.target.outerHTML}}`), true);
</script>
{tags}
</head><body>
<i class="bi bi-alarm" id="icon"></i><p class="one">1</p><p class="two">2</p><p class="three">3</p>
<div hx-get="{part}" hx-trigger="load" id="part">nothing yet</div>
<div x-data="{{ word: 'alpine' }}" x-text="word" id="alpine"></div>
<div id="vue">{{{{ word }}}}</div><div id="react"></div><div id="d3"></div>
<pre id="told"></pre>
<script>
  addEventListener("load", () => {{
    Vue.createApp({{ data: () => ({{ word: "vue" }}) }}).mount("#vue");
    ReactDOM.createRoot(document.querySelector("#react")).render(React.createElement("b", null, "react"));
    d3.select("#d3").text("d3");
    const style = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
    document.fonts.load('16px "bootstrap-icons"').then(fonts => setTimeout(() => $("#told").text(JSON.stringify({{
      problems, loaded: loaded.map(version => Number(version.split(".")[0])), graph: window.graph, fonts: fonts.length,
      words: ["part", "alpine", "vue", "react", "d3"].map(id => $("#" + id).text()),
      colours: [style(".one", "color"), style(".three", "color"), style(".three", "borderTopWidth")],
    }})), 2000));
  }});
</script>
</body></html>
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The packages of an application and of a theme on the path, and the directory of the libraries."""
    directory = tmp_path_factory.mktemp("packages")
    modules = installed(tmp_path_factory.mktemp("libraries"), *LIBRARIES) / "node_modules"
    shop = CONFIGURATION.format(modules=modules, scripts=" ".join(SCRIPTS))
    busters = {
        f"{kind}.zcml": document(f'<include file="configure.zcml"/><cacheBuster path="static" {kind}="sha256"/>')
        for kind in ("tree", "digest")
    }
    write_tree(directory / "libshop", {**SHOP, **busters, "configure.zcml": document(shop)})
    theme = '<include package="libshop"/><asset to_override="libshop:static/js/state.js" override_with="libtheme:state.js"/>'
    write_tree(
        directory / "libtheme",
        {
            "__init__.py": "",
            "state.js": "import { word } from './word.js';\nexport const state = word;\n",
            "more/word.js": "export const word = 'theme';\n",
            "configure.zcml": document(
                theme + '<asset to_override="libshop:static/js/" override_with="libtheme:more/"/>'
            ),
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(directory)
        yield


def assets(registry, answers):
    """An application that answers for *registry* alone, and notes in *answers* what became of each path."""

    def application(environ, start_response):
        def noted(status, headers, *rest):
            answers[environ["SCRIPT_NAME"] + environ["PATH_INFO"]] = status
            return start_response(status, headers, *rest)

        return StaticApp(registry)(environ, noted)

    return application


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "on another host"])
@pytest.mark.parametrize("config, mounted, state", [
    ("libshop:configure.zcml", "", "shop"), ("libshop:tree.zcml", "", "shop"), ("libtheme:configure.zcml", "", "theme"),
    ("libshop:tree.zcml", "/below", "shop"), ("libshop:digest.zcml", "", "shop"), ("libshop:digest.zcml", "/below", "shop"),
])  # fmt: skip
def test_libraries_of_all_kinds_work_bundled_and_every_request_is_answered(
    config, mounted, state, elsewhere, packages, tmp_path
):
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on the path")
    if shutil.which("node") is None:
        pytest.skip("node is not installed: npm's esbuild needs it")
    answers = {}
    with contextlib.ExitStack() as stack:
        settings = {}
        if elsewhere:  # the same files, on another port: that is another host
            settings["host"] = stack.enter_context(serving(assets(load_zcml(config), answers))) + "/"
        told = told_by_the_page(load_zcml(config, settings=settings), mounted, answers, tmp_path)
    assert all(path.startswith("/" if elsewhere else f"{mounted}/") for path in answers)
    assert {path: status for path, status in answers.items() if not status.startswith(("200", "304"))} == {}
    assert any(path.endswith(".woff2") for path in answers)
    assert any(re.search(r"dot(-[0-9a-f]{12})?\.svg$", path) for path in answers)
    assert told == {
        "problems": [],
        "loaded": [3, 5, 2, 3, 18, 7],
        "graph": {"chunks": [[1, 2], [3]], "length": 5, "three": True, "state": state},
        "fonts": 1,
        "words": ["fetched by htmx", "alpine", "vue", "react", "d3"],
        "colours": ["rgb(0, 0, 1)", "rgb(0, 0, 3)", "3px"],
    }


def told_by_the_page(registry, mounted, answers, tmp_path):
    """What a page with all bundles of *registry* says in a browser."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry.environment.build()
    request = Request.blank("/", environ={"SCRIPT_NAME": mounted})
    tags = registry.template_globals(request)["bundle_tags"]
    names = ("site.css", "layers.css", "site.js", "graph.js")
    home = PAGE.format(tags="\n".join(tags(name) for name in names), part=f"{mounted}/part")
    pages = {f"{mounted}/": home, f"{mounted}/part": SHOP["static/part.html"]}
    served = assets(registry, answers)

    def application(environ, start_response):
        page = pages.get(environ["PATH_INFO"])
        if page is None:
            below = environ["PATH_INFO"].removeprefix(mounted)
            return served({**environ, "SCRIPT_NAME": mounted, "PATH_INFO": below}, start_response)
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [page.encode()]

    with serving(application) as address:
        dom = document_at(f"{address}{mounted}/", tmp_path / "profile")
    return json.loads(html.unescape(re.search('<pre id="told">(.*?)</pre>', dom)[1]))
