"""What is downloaded where an environment allows it: http, bounded, and never something of the machine's own."""

import http.server
import threading

import pytest

from assetzcml.bundles import BuildError, remote


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/found.js":
            self.answer(200, b"var x;")
        elif self.path == "/moved.js":
            self.answer(302, b"", Location="/found.js")
        elif self.path == "/to-a-file":
            self.answer(302, b"", Location="file:///etc/hostname")
        elif self.path == "/cut":
            self.answer(200, b"half", **{"Content-Length": "8"})
        else:
            self.answer(404, b"no")

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(remote, "TIMEOUT", 5.0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/found.js", "/moved.js"])
def test_a_url_is_downloaded_and_redirects_are_followed(server, path):
    assert remote.fetch(server + path) == b"var x;"


@pytest.mark.parametrize(
    "path, words",
    [
        ("/absent.js", "404"),
        ("/to-a-file", "cannot be downloaded"),
        ("/cut", "4 bytes are missing"),
    ],
)
def test_what_fails_is_an_error_of_the_build(server, path, words):
    with pytest.raises(BuildError, match=words):
        remote.fetch(server + path)


def test_what_is_too_large_is_refused(server, monkeypatch):
    monkeypatch.setattr(remote, "LARGEST", 5)
    with pytest.raises(BuildError, match="larger than 5 bytes"):
        remote.fetch(f"{server}/found.js")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://host/x.js", "data://x/y"])
def test_only_http_is_asked(url):
    with pytest.raises(BuildError, match="http or https was expected"):
        remote.fetch(url)
