"""A page whose assets refer to each other, in a browser: one version for all of them, and each module once."""

import re
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp, TreeCacheBuster
from chromium import CHROMIUM, document_at
from npm import installed

FILES = {
    "state.js": "globalThis.loads = (globalThis.loads || 0) + 1; export const state = {};",
    "main.js": 'import {state} from "./state.js"; globalThis.other = state; globalThis.worked = '
    'fetch(new URL("data.txt", import.meta.url)).then(answer => answer.text());',
    "data.txt": "data",
    "css/app.css": '@import "more.css"; body { background: url("../img/bg.svg") }',
    "css/more.css": "body { color: rgb(1, 2, 3) }",
    "img/bg.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
}
PAGE = """<!DOCTYPE html>{head}<link rel="stylesheet" href="{css}"><p>page</p><script type="module">
import {{state}} from "{state}";
import "{main}";
const data = await globalThis.worked;
document.title = [globalThis.loads, globalThis.other === state, getComputedStyle(document.body).color, data].join("; ");
</script>"""


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


def shown(package, buster, tmp_path, theme=(), head=lambda registry: ""):
    """The title that the page gives itself, and what was asked for: each path with its status and Cache-Control."""
    name = package({f"static/{path}": text for path, text in FILES.items()})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{name}:static")
    registry.add_cache_buster(f"{name}:static", buster)
    other = package({f"own/{path}": text for path, text in dict(theme).items()}) if theme else ""
    for path in dict(theme):
        registry.override_asset(f"{name}:static/{path}", f"{other}:own/{path}")
    registry.add_module("@shop/state", f"{name}:static/state.js")
    urls = {key: registry.static_path(f"{name}:static/{path}") for key, path in
            {"css": "css/app.css", "state": "state.js", "main": "main.js"}.items()}  # fmt: skip
    return browsed(registry, lambda: PAGE.format(head=head(registry), **urls), tmp_path)


def browsed(registry, text, tmp_path):
    """The title that a page gives itself in a browser, *text* being called for it, and what was asked for below static."""
    asked = {}

    def page(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [text().encode()]

    static = StaticApp(registry, fallback=page)

    def application(environ, start_response):
        def started(status, headers, *error):
            if environ["PATH_INFO"].startswith("/static/"):
                asked[environ["PATH_INFO"]] = status.split()[0], dict(headers).get("Cache-Control")
            return start_response(status, headers, *error)

        return static(environ, started)

    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            document = document_at(f"http://127.0.0.1:{server.server_port}/", tmp_path / "profile")
        finally:
            server.shutdown()
            thread.join()
    return re.search("<title>(.*)</title>", document)[1], asked


@pytest.mark.whole
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")
def test_under_a_tree_version_every_request_is_immutable_and_a_module_is_one_object(package, tmp_path):
    title, asked = shown(package, TreeCacheBuster(), tmp_path)
    assert title == "1; true; rgb(1, 2, 3); data"
    assert {path.split("/", 3)[3] for path in asked} == set(FILES)
    assert {path.split("/")[2] for path in asked} == {next(iter(asked)).split("/")[2]}
    assert set(asked.values()) == {("200", "public, max-age=31536000, immutable")}


@pytest.mark.whole
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")
def test_under_digests_the_same_page_loads_a_module_twice(package, tmp_path):
    title, asked = shown(package, DigestCacheBuster(), tmp_path)
    assert title.startswith("2; false")
    assert ("200", "public, max-age=3600") in asked.values()


# A theme's own module, which asks for its sibling by a path and by a bare name.
THEME = {"main.js": 'import "@shop/state"; ' + FILES["main.js"]}


@pytest.mark.whole
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")
@pytest.mark.parametrize("theme", [{}, THEME], ids=["plain", "theme"])
@pytest.mark.parametrize("buster", [TreeCacheBuster, DigestCacheBuster])
def test_with_an_import_map_page_and_siblings_load_one_module_once(package, tmp_path, buster, theme):
    title, asked = shown(package, buster(), tmp_path, theme, head=lambda registry: registry.import_map())
    assert title == "1; true; rgb(1, 2, 3); data"
    modules = [value for path, value in asked.items() if path.endswith(".js")]
    assert modules == [("200", "public, max-age=31536000, immutable")] * 2


ICON = """<!DOCTYPE html><link rel="stylesheet" href="{css}"><i class="bi bi-alarm"></i><script type="module">
const faces = await document.fonts.load('16px "bootstrap-icons"', "\uf102");
const icon = getComputedStyle(document.querySelector("i"), "::before");
document.title = [faces.map(face => face.status), icon.fontFamily].join("; ");
</script>"""


@pytest.mark.whole
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")
def test_an_icon_fonts_every_request_is_immutable_as_it_comes_from_npm(tmp_path):
    root = installed(tmp_path / "npm", "bootstrap-icons@1") / "node_modules/bootstrap-icons/font"
    registry = AssetRegistry()
    registry.add_static_view("static", str(root))
    registry.add_cache_buster(str(root), TreeCacheBuster())
    css = registry.static_path(f"{root}/bootstrap-icons.css")
    title, asked = browsed(registry, lambda: ICON.format(css=css), tmp_path)
    assert title == "loaded; bootstrap-icons"
    version = css.split("/")[2]
    assert set(asked) == {
        f"/static/{version}/{name}" for name in ("bootstrap-icons.css", "fonts/bootstrap-icons.woff2")
    }
    assert set(asked.values()) == {("200", "public, max-age=31536000, immutable")}
