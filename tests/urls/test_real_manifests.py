"""
What builds really write: one page's module, its chunk, style sheets, picture, font and worker, by seven tools.

`tests/data/manifests-real` holds the manifests of vite 8.3.8, esbuild 0.28.2, webpack 5.112.2 (with webpack-manifest-plugin
6.0.1, and with webpack-assets-manifest 6.5.2, its integrity and entry points), Parcel 2.16.4 and Django 5.2. Nothing in them
was written by hand. What Propshaft writes is here as its documentation has it.
"""

import base64
import hashlib
from pathlib import Path

import pytest
from webob import Request

from assetzcml import AssetRegistry, ManifestCacheBuster, StaticApp
from assetzcml.urls.manifest_format import ManifestEntries, Unplaced, parse_manifest, placed

DATA = Path(__file__).parents[1] / "data" / "manifests-real"
FOR_EVER = "public, max-age=31536000, immutable"

TYPES = {
    "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml; charset=utf-8",
    "png": "image/png", "woff2": "font/woff2", "map": "application/json; charset=utf-8", "html": "text/html; charset=utf-8",
}  # fmt: skip

# Sources, and all that must never be asked for again: chunks, style sheets, media and workers.
BUILDS = {
    "vite.json": (["src/main.js", "src/admin.js", "src/later.js", "src/logo.svg"], 10),
    "esbuild.json": (["src/main.js", "src/admin.js"], 19),
    "webpack-manifest-plugin.json": (["main.js", "admin.css", "runtime.js", "media/icons.woff2"], 11),
    "webpack-assets-manifest.json": (["main.js", "admin.css", "runtime.js", "media/logo.svg"], 11),
    "parcel.json": (["src/main.js", "src/style.css", "src/later.js", "src/worker.js"], 7),
    "django.json": (["css/app.css", "js/main.js", "img/bg.png"], 6),
}


@pytest.fixture
def built(tmp_path):
    """A function: a registry, and the root with all files of a build."""

    def build(content):
        entries = parse_manifest(content)
        names = ManifestEntries(
            placed(entries, ("static",), ["/static/"]) if isinstance(entries, Unplaced) else entries
        ).keys
        root = tmp_path / "static"
        for name in [*names, "beside.css"]:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        (tmp_path / "manifest.json").write_bytes(content)
        registry = AssetRegistry()
        registry.add_static_view("static", str(root))
        registry.add_cache_buster(str(root), ManifestCacheBuster(str(tmp_path / "manifest.json"), missing="error"))
        return registry, root, names

    return build


@pytest.mark.parametrize("manifest", BUILDS)
def test_every_file_that_a_build_has_named_is_kept_for_ever_and_has_its_type(built, manifest):
    registry, _, names = built((DATA / manifest).read_bytes())
    application = StaticApp(registry)
    lasting = []
    for name in names:
        answer = Request.blank(f"/static/{name}").send(application)
        assert (answer.status_int, answer.text) == (200, name)
        assert answer.headers["Content-Type"] == TYPES[name.rpartition(".")[2]]
        lasting += [name] if answer.headers["Cache-Control"] == FOR_EVER else []
    # Parcel lists the page itself, whose name says nothing of its bytes.
    assert set(names) - set(lasting) == ({"page.html"} if manifest == "parcel.json" else set())
    assert len(lasting) == BUILDS[manifest][1]
    beside = Request.blank("/static/beside.css").send(application)
    assert beside.headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("manifest, source", [(each, source) for each in BUILDS for source in BUILDS[each][0]])
def test_a_source_has_the_url_of_what_was_made_of_it_and_a_tag_with_its_integrity(built, manifest, source):
    registry, root, names = built((DATA / manifest).read_bytes())
    url = registry.static_path(f"{root}/{source}")
    assert url.removeprefix("/static/") in names
    answer = Request.blank(url).send(StaticApp(registry))
    assert answer.headers["Cache-Control"] == FOR_EVER
    if not url.endswith((".js", ".css")):
        return
    digest = base64.b64encode(hashlib.sha384(answer.body).digest()).decode()
    for _ in range(2):
        assert f'{url}" integrity="sha384-{digest}"' in registry.tag(f"{root}/{source}")
        assert registry.integrity(f"{root}/{source}") == f"sha384-{digest}"
        (root / source).parent.mkdir(parents=True, exist_ok=True)
        (root / source).write_text("the source lies beside it, and is not what is served")


PROPSHAFT = b"""{"css/app.css": {"digested_path": "css/app-7af7f1f9.css", "integrity": "sha384-x"},
"chunk-2a3b4c5d.digested.js": {"digested_path": "chunk-2a3b4c5d.digested.js"}, "robots.txt": {"digested_path": "robots.txt"}}"""


@pytest.mark.parametrize(
    "content, lasting, fleeting",
    [
        (PROPSHAFT, {"css/app-7af7f1f9.css", "chunk-2a3b4c5d.digested.js"}, {"robots.txt"}),
        # Plugins that copy, and pages that are made, stand in the manifests of webpack and in flat ones.
        (b'{"index.html": "/static/index.html", "main.js": "/static/main.0a1b2c.js"}', {"main.0a1b2c.js"}, {"index.html"}),
        (b'{"index.html": "index.html", "a.css": "1f2e3d/a.css"}', {"1f2e3d/a.css"}, {"index.html"}),
        # A build in which somebody has turned the hashes off.
        (b'{"src/main.js": {"file": "assets/main.js", "src": "src/main.js", "isEntry": true, "css": ["assets/main.css"]}}',
         set(), {"assets/main.js", "assets/main.css"}),
        # A hash without a digit.
        (b'{"src/main.js": {"file": "assets/main-DJOYEP_N.js", "css": ["assets/main-aBcDeFgH.css"]}}',
         {"assets/main-DJOYEP_N.js", "assets/main-aBcDeFgH.css"}, set()),
    ],
)  # fmt: skip
def test_what_was_given_no_new_name_is_not_kept_for_ever(built, content, lasting, fleeting):
    registry, _, names = built(content)
    assert set(names) == lasting | fleeting
    answers = {name: Request.blank(f"/static/{name}").send(StaticApp(registry)) for name in names}
    assert {name for name, answer in answers.items() if answer.headers["Cache-Control"] == FOR_EVER} == lasting
