"""Libraries as they are published, frozen, in a browser: from nginx, from Caddy and from our own server."""

import contextlib
import html
import http.client
import json
import re
import shutil
import threading
from socketserver import ThreadingMixIn
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIServer, make_server

import pytest
from frozen_site import manifest
from test_exports import Quiet

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp
from assetzcml.publishing.exports import exported
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.verification import verified
from chromium import CHROMIUM, document_at
from npm import installed
from test_deploying import free_port, nginx, program, running

pytestmark = pytest.mark.whole

VIEWS = {
    "lodash": "lodash-es",
    "bootstrap": "bootstrap/dist",
    "icons": "bootstrap-icons/font",
    "three": "three/build",
}

PAGE = """<!doctype html><script>performance.setResourceTimingBufferSize(5000)</script>
{map}{sheets}<p id=out></p><i class="bi bi-alarm"></i><script type="module">
import * as _ from '/lodash/lodash.js'; import add from '/lodash/add.js';
import * as three from '/three/three.module.js';
await document.fonts.load('16px bootstrap-icons');
const seen = performance.getEntriesByType('resource').map(each => [each.name, each.responseStatus]);
document.getElementById('out').textContent = JSON.stringify({{
  chunks: _.chunk([1, 2, 3], 2), same: _.add === add, three: typeof three.Scene, seen,
  font: [...document.fonts].some(each => each.family.includes('bootstrap-icons') && each.status === 'loaded'),
  sheet: getComputedStyle(document.body).margin}});
</script>"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """The libraries, frozen, and a registry of their sources."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    top = tmp_path_factory.mktemp("libraries")
    packages = installed(top, "lodash-es@4", "bootstrap@5", "bootstrap-icons@1", "three@0") / "node_modules"
    registry = AssetRegistry()
    for name, path in VIEWS.items():
        registry.add_static_view(name, str(packages / path))
        registry.add_cache_buster(str(packages / path), DigestCacheBuster())
    freeze(registry, top / "o", codings=["gzip"])
    return registry, top / "o", packages


def page_of(registry, frozen, packages):
    """A page that names the style sheets by their tags, and modules by the import map."""
    served = AssetRegistry(settings={"frozen": frozen})
    specs = {said["spec"].rpartition("/")[2]: said["spec"] for said in manifest(frozen).values()}
    sheets = [served.tag(specs["bootstrap.min.css"]), served.tag(specs["bootstrap-icons.css"])]
    return served, PAGE.format(map=served.import_map(), sheets="".join(sheets))


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


@contextlib.contextmanager
def front(kind, frozen, served, page, tmp_path):
    """A server of one kind, which has the page too: its port."""
    port = free_port()
    if kind == "assetzcml":

        def pages(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
            return [page.encode()]

        server = make_server("127.0.0.1", port, StaticApp(served, pages), Server, Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield port
        server.shutdown()
        thread.join()
        server.server_close()
        return
    for name, text in {**exported(kind, str(frozen)), "page.html": page}.items():
        (tmp_path / name).write_text(text)
    if kind == "nginx":
        own = f'location = /page.html {{ root {tmp_path}; types {{ }} default_type "text/html; charset=utf-8"; }}'
        whole = f"include {tmp_path}/maps.conf;\nserver {{ listen 127.0.0.1:{port}; include {tmp_path}/locations.conf; {own} }}"
        command = nginx(whole, tmp_path)
    else:
        own = f"\thandle /page.html {{\n\t\troot * {tmp_path}\n\t\tfile_server\n\t}}\n"
        whole = f"{{\n\tadmin off\n}}\nhttp://127.0.0.1:{port} {{\n{own}\timport {tmp_path}/Caddyfile\n}}\n"
        (tmp_path / "whole").write_text(whole)
        command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(tmp_path / "whole")]
    with running(command, port, tmp_path, HOME=str(tmp_path)):
        yield port


@pytest.mark.parametrize("kind", ["assetzcml", "nginx", "caddy"])
def test_a_page_of_libraries_runs_and_all_it_asks_for_is_there_for_ever(kind, libraries, tmp_path):
    registry, frozen, packages = libraries
    served, page = page_of(registry, frozen, packages)
    with front(kind, frozen, served, page, tmp_path) as port:
        document = document_at(f"http://127.0.0.1:{port}/page.html", tmp_path / "profile")
        said = re.search(r'<p id="?out"?>(.*?)</p>', document, re.DOTALL)[1]
        found = json.loads(html.unescape(said))
        assert {word: found[word] for word in ("chunks", "same", "three", "font")} == {
            "chunks": [[1, 2], [3]], "same": True, "three": "function", "font": True,
        }  # fmt: skip
        paths = [urlsplit(name).path for name, _ in found["seen"]]
        assert {status for _, status in found["seen"]} == {200}
        assert len(paths) == len(set(paths)) > 600
        integrity = served.import_map().data["integrity"]
        assert {path for path in paths if path.endswith(".js")} <= set(integrity)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            for path in paths:
                connection.request("HEAD", path)
                response = connection.getresponse()
                response.read()
                assert (path, response.getheader("Cache-Control")) == (path, "public, max-age=31536000, immutable")


def test_an_edit_of_one_module_changes_one_url(libraries, tmp_path):
    registry, frozen, packages = libraries
    before = {name: said["url"] for name, said in manifest(frozen).items()}
    shutil.copytree(frozen, tmp_path / "o", symlinks=True)
    module = packages / "lodash-es/_baseClone.js"
    text = module.read_text()
    try:
        module.write_text(text + "\n// edited\n")
        freeze(registry, tmp_path / "o", codings=["gzip"])
    finally:
        module.write_text(text)
    after = {name: said["url"] for name, said in manifest(tmp_path / "o").items()}
    assert {name for name in after if after[name] != before[name]} == {"lodash/_baseClone.js"}
    assert list(verified(tmp_path / "o")) == []
