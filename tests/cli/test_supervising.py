"""`serve --reload`: Python that is changed means another process at the same address; one that is wrong changes nothing."""

import http.client
import os
import sys
import time
from urllib.parse import urlsplit

import pytest

from assetzcml.cli.supervising import PythonFiles
from assetzcml.reports.broken_edits import BrokenEdits
from commands import start

APPLICATION = """\
def make(registry):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"{}"]
    return application
"""


@pytest.fixture
def site(tmp_path):
    """A directory with a module that makes an application, and a configuration; a function writes the module anew."""
    (tmp_path / "site.zcml").write_text('<configure xmlns="http://namespaces.assetzcml.org/assets"/>')
    generation = iter(range(1, 100))

    def write(text):
        path = tmp_path / "orangery.py"
        path.write_text(text)
        stamp = 1_700_000_000 + 10 * next(generation)  # another second each time: bytecode is compared by it
        os.utime(path, (stamp, stamp))

    write.directory = tmp_path
    return write


def page(address, accept="text/html"):
    """The status and text of the first page, as a browser asks for it: again, where the former process has just ended."""
    try:
        return asked(address, accept)
    except (ConnectionResetError, http.client.RemoteDisconnected):
        return asked(address, accept)


def asked(address, accept):
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", "/", headers={"Accept": accept})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.whole
def test_python_that_changes_is_served_and_python_that_is_wrong_is_told_and_shown(site):
    pytest.importorskip("watchfiles")
    site(APPLICATION.format("one"))
    command = ("serve", "site.zcml", "--app", "orangery:make", "--port", "0", "--reload")
    with start(*command, cwd=site.directory, environ={"PYTHONUNBUFFERED": "1"}) as process:
        try:
            address = process.stdout.readline().decode().removeprefix("Serving on ").strip()
            assert page(address) == (200, "one")

            site(APPLICATION.format("two"))  # another process, the same port
            assert process.stdout.readline().decode().removeprefix("Serving on ").strip() == address
            while page(address) != (200, "two"):
                assert process.poll() is None

            site("def make(registry:\n")  # no Python
            told = process.stderr.readline().decode()
            assert "orangery.py:1: SyntaxError: " in told
            assert process.stderr.readline() == b"The Python before this edit stays in force.\n"
            status, text = page(address)
            assert status == 500
            assert "orangery.py:1: SyntaxError: " in text
            assert page(address, accept="image/png") == (200, "two")

            site("raise RuntimeError('not today')\n")  # Python that does not start
            told = []
            while not told or told[-1] != b"The Python before this edit stays in force.\n":
                told.append(process.stderr.readline())
            assert b"not today" in b"".join(told)
            status, text = page(address)
            assert (status, "not today" in text) == (500, True)

            site(APPLICATION.format("three"))
            assert process.stdout.readline().decode().removeprefix("Serving on ").strip() == address
            while page(address) != (200, "three"):
                assert process.poll() is None
        finally:
            process.terminate()
        assert process.wait(30) == 0


def test_modules_that_are_written_here_are_watched_and_no_others(package):
    name = package({"__init__.py": "x = 1\n"})
    __import__(name)
    files = PythonFiles()
    assert files.changed() == []
    path = package.directory / name / "__init__.py"
    path.write_text("x = 22\n")
    assert files.changed() == [str(path)]
    assert files.changed() == []
    watched = PythonFiles._look()
    assert str(path) in watched
    assert not any(path.startswith(os.path.dirname(os.__file__)) for path in watched)
    assert sys.modules["pytest"].__file__ not in watched


def test_a_module_that_was_written_while_the_server_started_is_looked_at_again(package):
    began = time.time_ns()
    name = package({"__init__.py": "x = 1\n"})
    __import__(name)
    path = str(package.directory / name / "__init__.py")
    files = PythonFiles(began)
    assert path in files.changed(), "whether before its import or after it, nobody knows"
    assert files.changed() == []
    assert path not in PythonFiles(time.time_ns() + 60 * 10**9).changed()


def ask(edits, **environ):
    told = []
    given = {
        "REQUEST_METHOD": "GET",
        "HTTP_ACCEPT": "text/html",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        **environ,
    }
    body = b"".join(edits(given, lambda status, headers: told.append((status, dict(headers)))))
    return told[0][0], body


@pytest.fixture
def edits():
    def application(environ, start_response):
        start_response("200 OK", [])
        return [b"as before"]

    return BrokenEdits(application)


def test_a_broken_edit_is_shown_until_it_is_mended(edits):
    assert ask(edits) == ("200 OK", b"as before")
    edits.broken("ZCML", "site.zcml:2:1: unknown directive '<b>'")
    status, body = ask(edits)
    assert status == "500 Internal Server Error"
    assert b"unknown directive &#x27;&lt;b&gt;&#x27;" in body
    edits.broken("Python", "a.py:1: SyntaxError")
    edits.broken("ZCML", None)
    assert b"a.py:1: SyntaxError" in ask(edits)[1]
    edits.broken("Python", None)
    assert ask(edits) == ("200 OK", b"as before")


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_ACCEPT": "text/css"},
        {"REQUEST_METHOD": "POST"},
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_HOST": "example.com"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    ],
)
def test_what_is_no_page_and_who_is_not_at_this_machine_get_the_former_state(edits, environ):
    edits.broken("ZCML", "secret.zcml:1:1")
    assert ask(edits, **environ) == ("200 OK", b"as before")


def test_a_head_of_the_page_has_no_body(edits):
    edits.broken("ZCML", "x")
    assert ask(edits, REQUEST_METHOD="HEAD") == ("500 Internal Server Error", b"")
