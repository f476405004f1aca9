"""What a CDN gives to clients of a published release, compared with what was published."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from memory import Memory

from assetzcml.cli import main
from assetzcml.publishing.fetching import verified_at
from assetzcml.publishing.publish import publish

pytestmark = pytest.mark.whole  # all is fetched by HTTP


class Serving(BaseHTTPRequestHandler):
    """A CDN over a destination in memory; what is in *wrong* is answered otherwise."""

    def do_GET(self):
        key = unquote(self.path[1:])
        status, (data, headers) = 200, self.server.objects.get(key, (None, {}))
        if data is None:
            status, data, headers = 404, b"gone", {}
        status, data, headers = self.server.wrong.get(key, lambda *same: same)(status, data, headers)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def cdn(tree):
    target = Memory()
    publish(tree, target)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    server.daemon_threads, server.objects, server.wrong = True, target.objects, {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_a_cdn_gives_is_what_was_published(cdn):
    assert list(verified_at(cdn.url)) == []
    assert CliRunner().invoke(main, ["verify", cdn.url]).output == "everything is as it was published\n"


@pytest.mark.parametrize(
    "wrong, told",
    [
        (
            lambda status, data, headers: (200, b"<html>", {"Content-Type": "text/html"}),
            "a page is answered in its place, with status 200 and 6 other bytes of type 'text/html'",
        ),
        (lambda status, data, headers: (404, data, headers), "the status is 404"),
        (
            lambda status, data, headers: (200, data, {**headers, "Cache-Control": "no-cache"}),
            "Cache-Control is 'no-cache'",
        ),
        (lambda status, data, headers: (200, data, {}), "Content-Type is None"),
        (lambda status, data, headers: (200, data[:-1], headers), "other bytes"),
        (lambda status, data, headers: (200, data * 2, headers), "more than 4,400 other bytes"),
        (
            lambda status, data, headers: (200, gzip.compress(data), {**headers, "Content-Encoding": "gzip"}),
            "it is compressed on its way, as 'gzip'",
        ),
        (
            lambda status, data, headers: (200, data[:100], {**headers, "Content-Length": str(len(data))}),
            "the answer ends before its end",
        ),
    ],
)
def test_a_cdn_that_gives_something_else_is_found(cdn, wrong, told):
    (name,) = [key for key in cdn.objects if key.startswith("static/app-") and key.endswith(".css")]
    cdn.wrong[name] = wrong
    (fault,) = verified_at(cdn.url)
    assert fault.startswith(f"{cdn.url}/{name}: ")
    assert told in fault
    assert CliRunner().invoke(main, ["verify", cdn.url]).exit_code == 1


def test_a_cdn_without_a_release_is_told_of(cdn):
    cdn.wrong["current"] = lambda status, data, headers: (200, b"<html>", {})
    (fault,) = verified_at(cdn.url)
    assert "it names no release, but '<html>'" in fault
    cdn.wrong["current"] = lambda status, data, headers: (403, b"", {})
    (fault,) = verified_at(cdn.url)
    assert "the status is 403; is that where a release was published" in fault
    cdn.wrong["current"] = lambda status, data, headers: (200, b"0" * 64, {})
    (fault,) = verified_at(cdn.url)
    assert "it is not the manifest that has this digest (status 404)" in fault


def test_a_plain_name_that_is_still_the_former_one_is_found(cdn):
    cdn.wrong["static/index.html"] = lambda status, data, headers: (200, b"<h>", headers)
    (fault,) = verified_at(cdn.url)
    assert fault.startswith(f"{cdn.url}/static/index.html: 3 other bytes of type 'text/html")


def test_a_variant_that_is_decoded_on_its_way_is_found(cdn):
    (name,) = [key for key in cdn.objects if key.startswith("static/app-") and key.endswith(".gz")]
    cdn.wrong[name] = lambda status, data, headers: (200, gzip.decompress(data), {})
    (fault,) = verified_at(cdn.url)
    assert "Content-Encoding is None, and was published as 'gzip'" in fault


def test_a_release_of_a_later_version_is_not_taken_for_one_that_is_right(cdn):
    later = b'{"schema":99,"entries":[\n]}\n'
    digest = hashlib.sha256(later).hexdigest()
    cdn.objects[f"generations/{digest}.json"] = later, {}
    (fault,) = verified_at(cdn.url, digest)
    assert "its schema is 99" in fault
