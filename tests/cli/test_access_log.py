"""`serve --access-log`: a line for each answer, which no client can forge."""

import os
import re
import subprocess
import sys
import urllib.request

import pytest
from webob import Request

from assetzcml import AssetRegistry
from assetzcml.cli.access_log import AccessLog

COMBINED = re.compile(
    r'(\S+) - (\S+) \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d \+0000\] "(.*)" (\d{3}) (\d+|-) "(.*)" "(.*)"'
)


@pytest.fixture
def logged(tmp_path):
    """A function: the parts of the line that a request leaves, in an application of a root with two files."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.css").write_bytes(b"x" * 12)
    (root / "large.bin").write_bytes(b"x" * 300_000)
    registry = AssetRegistry()
    registry.add_static_view("static", str(root))
    log = tmp_path / "access.log"
    app = AccessLog(registry.make_app(), str(log))

    def ask(path, **options):
        before = len(log.read_text().splitlines())
        response = Request.blank(path, **options).send(app)
        assert response.body is not None
        response.app_iter.close() if hasattr(response.app_iter, "close") else None
        lines = log.read_text().splitlines()[before:]
        assert len(lines) == 1
        return COMBINED.fullmatch(lines[0]).groups()

    ask.log = log
    yield ask
    app.close()


@pytest.mark.parametrize("path, method, status, sent", [
    ("/static/a.css?v=1", "GET", "200", "12"),
    ("/static/large.bin", "GET", "200", "300000"),
    ("/static/a.css", "HEAD", "200", "-"),
    ("/static/none", "GET", "404", "14"),
    ("/static/a.css", "POST", "405", "23"),
])  # fmt: skip
def test_an_answer_is_a_line(logged, path, method, status, sent):
    said = logged(path, method=method, remote_addr="192.0.2.1", remote_user="ada", user_agent="curl", referer="/page")
    assert said == ("192.0.2.1", "ada", f"{method} {path} HTTP/1.0", status, sent, "/page", "curl")


def test_a_client_cannot_forge_a_line(logged):
    environ = {"PATH_INFO": '/static/a\r\n"\x1b[31m\xff', "HTTP_USER_AGENT": '" 200 "\n\\'}
    _, _, asked, status, _, _, agent = logged("/", environ=environ)
    assert status == "400"
    assert asked == 'GET /static/a\\x0d\\x0a\\"\\x1b[31m\\xff HTTP/1.0'
    assert agent == '\\" 200 \\"\\x0a\\\\'


def test_a_log_that_is_moved_away_is_begun_anew(logged):
    logged("/static/a.css")
    os.rename(logged.log, f"{logged.log}.1")
    logged.log.touch()
    assert logged("/static/a.css")[3] == "200"


@pytest.mark.whole
def test_serve_writes_it(tmp_path):
    pytest.importorskip("waitress")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.css").write_bytes(b"x")
    (tmp_path / "site.zcml").write_text(
        f'<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="s" path="{root}"/></configure>'
    )
    command = [sys.executable, "-m", "assetzcml", "serve", "site.zcml", "--port", "0", "--access-log", "access.log"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().split()[-1]
            assert urllib.request.urlopen(f"{address}/s/a.css").read() == b"x"
        finally:
            server.terminate()
            server.wait(20)
    line = COMBINED.fullmatch((tmp_path / "access.log").read_text().rstrip())
    assert line[3] == "GET /s/a.css HTTP/1.1"
    assert line[4] == "200"
