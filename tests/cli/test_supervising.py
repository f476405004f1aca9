"""`serve --reload`: Python that is changed means another process at the same address; one that is wrong changes nothing."""

import http.client
import os
import re
import sys
import time
from html import escape
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from assetzcml.cli import main
from assetzcml.cli.supervising import PythonFiles
from assetzcml.reports.broken_edits import BrokenEdits
from commands import CHECKOUT, start

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


def asked(address, accept, path="/"):
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Accept": accept})
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


def raising(raise_it, told):
    def application(environ, start_response):
        start_response("200 OK", [("X-Former", "1")])  # as one does that begins too early
        raise_it()

    edits = BrokenEdits(application, told.append)
    given = {"REQUEST_METHOD": "POST", "HTTP_ACCEPT": "text/html", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}
    return edits, {**given, "PATH_INFO": "/sent"}


def test_what_a_page_raises_is_shown_in_its_place_from_the_line_of_the_view_on_and_told_in_the_same_words():
    told, begun = [], []

    def view():
        raise LookupError("no <placeholder>")

    edits, environ = raising(view, told)
    (body,) = edits(environ, lambda *given: begun.append(given))
    line = view.__code__.co_firstlineno + 1
    (text,) = told
    assert text.startswith(f"POST /sent: {__file__}:{line}: LookupError: no <placeholder>\n\nTraceback ")
    assert "broken_edits.py" not in text
    assert escape(text.removeprefix("POST /sent: ")).encode() in body
    ((first, _), (status, headers, raised)) = begun
    assert (first, status, dict(headers)["Cache-Control"]) == ("200 OK", "500 Internal Server Error", "no-store")
    assert raised[0] is LookupError


def test_a_template_that_is_wrong_is_told_by_its_own_file_and_line(tmp_path):
    jinja2 = pytest.importorskip("jinja2")
    (tmp_path / "page.html").write_text("<p>\n{% if %}\n")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path))
    told = []
    edits, environ = raising(lambda: environment.get_template("page.html").render(), told)
    assert b"page.html:2: " in edits(environ, lambda *given: None)[0]
    assert told[0].startswith(
        f"POST /sent: {tmp_path}/page.html:2: jinja2.exceptions.TemplateSyntaxError: Expected an "
    )


@pytest.mark.parametrize("other", [{"HTTP_ACCEPT": "*/*"}, {"REMOTE_ADDR": "192.0.2.7"}])
def test_what_is_raised_for_others_is_the_servers_to_answer(other):
    told = []

    def view():
        raise LookupError("secret")

    edits, environ = raising(view, told)
    with pytest.raises(LookupError):
        edits({**environ, **other}, lambda *given: None)
    assert told == []


@pytest.mark.whole
def test_a_changed_template_is_seen_at_once_and_a_broken_one_is_told_and_shown_while_all_else_is_served(tmp_path):
    pytest.importorskip("watchfiles")
    assert CliRunner().invoke(main, ["init", "app", "quincery", "--directory", str(tmp_path)]).exit_code == 0
    source = tmp_path / "quincery" / "src"
    template = source / "quincery" / "templates" / "page.html"
    path = os.pathsep.join([str(CHECKOUT), str(source)])
    command = ("serve", "quincery:site.zcml", "--port", "0", "--reload")
    with start(*command, cwd=tmp_path, environ={"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}) as process:
        try:
            address = process.stdout.readline().decode().removeprefix("Serving on ").strip()
            status, text = page(address)
            assert (status, "<h1>quincery</h1>" in text) == (200, True)
            (style,) = re.findall(r'href="([^"]+\.css)"', text)
            whole = template.read_text()

            template.write_text(whole.replace("<h1>quincery</h1>", "<h1>Quinces</h1>"))
            assert "<h1>Quinces</h1>" in page(address)[1]

            template.write_text(whole.replace("quincery", "$"))
            status, text = page(address)
            assert status == 500
            told = process.stderr.readline().decode()
            assert re.match(
                r"GET /: .*quincery/views\.py:\d+: ValueError: Invalid placeholder in string: line 6, ", told
            )
            assert escape(told.removeprefix("GET /: ").strip()) in text
            assert asked(address, "text/css", style)[0] == 200

            template.write_text(whole)
            assert page(address)[0] == 200
        finally:
            process.terminate()
        assert process.wait(30) == 0
