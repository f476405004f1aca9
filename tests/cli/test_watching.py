"""`serve --reload`: which changes are noticed, and what a broken edit does."""

import queue
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from assetzcml import ConfigurationError, load_zcml
from assetzcml.cli import main
from assetzcml.cli.watching import Watcher
from commands import start
from documents import document

pytestmark = pytest.mark.filterwarnings("ignore::assetzcml.ConfigurationWarning")  # a pattern that matches nothing yet

VIEW = '<staticView name="{}" path="shop:static"/>'


@pytest.fixture
def watched(zcml):
    """A function that loads files and watches them; returns the watcher and a list of what became of each reload."""
    pytest.importorskip("watchfiles")

    def watch(files):
        for name, text in files.items():
            zcml.write(text, name)
        told = []
        return Watcher(load_zcml(zcml.write(files["site.zcml"])), told.append), told

    watch.write = zcml.write
    return watch


def names(watcher):
    return sorted(view.name for view in watcher.registry.snapshot.views)


def test_nothing_is_reloaded_while_nothing_changes(watched):
    watcher, told = watched({"site.zcml": VIEW.format("a")})
    watched.write("not ZCML", "notes.txt")
    assert (watcher.look(), told, names(watcher)) == (False, [], ["a"])


@pytest.mark.parametrize(
    "files, edited, expected",
    [
        ({"site.zcml": VIEW.format("a")}, {"site.zcml": VIEW.format("b")}, ["b"]),
        ({"site.zcml": '<include file="sub/x.zcml"/>', "sub/x.zcml": ""}, {"sub/x.zcml": VIEW.format("b")}, ["b"]),
        ({"site.zcml": '<include files="parts/*.zcml"/>', "parts/": ""}, {"parts/x.zcml": VIEW.format("b")}, ["b"]),
        ({"site.zcml": '<include files="*/x.zcml"/>', "p/": ""}, {"p/x.zcml": VIEW.format("b")}, ["b"]),
        ({"site.zcml": '<include file="x.zcml"/>', "x.zcml.in": ""}, {"x.zcml.in": VIEW.format("b")}, ["b"]),
    ],
)
def test_a_change_of_a_file_that_was_read_or_that_a_pattern_matches_is_noticed(files, edited, expected, watched):
    directories = [name for name in files if name.endswith("/")]
    for name in directories:
        Path(watched.write("", f"{name}keep.txt"))
    watcher, told = watched({name: text for name, text in files.items() if name not in directories})
    for name, text in edited.items():
        watched.write(text, name)
    assert (watcher.look(), told, names(watcher)) == (True, [None], expected)
    assert watcher.look() is False


def test_a_file_that_is_removed_is_noticed(watched):
    watcher, told = watched({"site.zcml": '<include files="parts/*.zcml"/>', "parts/x.zcml": VIEW.format("b")})
    Path(watcher.registry.loads[0].files[1].path).unlink()
    assert (watcher.look(), told, names(watcher)) == (True, [None], [])


def test_a_broken_edit_is_told_of_once_and_the_former_configuration_stays_until_it_is_mended(watched):
    watcher, told = watched({"site.zcml": VIEW.format("a")})
    watched.write("<unclosed>")
    assert watcher.look()
    assert (watcher.look(), names(watcher)) == (False, ["a"])
    watched.write(VIEW.format("b"))
    assert watcher.look()
    assert names(watcher) == ["b"]
    error, good = told
    assert isinstance(error, ConfigurationError)
    assert good is None


def test_a_file_that_a_broken_configuration_has_read_is_watched_until_it_is_mended(watched):
    watcher, told = watched({"site.zcml": VIEW.format("a")})
    watched.write("<unclosed>", "new/x.zcml")
    watched.write('<include file="new/x.zcml"/>')
    assert watcher.look()
    watched.write(VIEW.format("b"), "new/x.zcml")
    assert watcher.look()
    assert names(watcher) == ["b"]
    assert [type(each) for each in told] == [ConfigurationError, type(None)]


def test_an_edit_that_makes_code_of_others_fail_keeps_the_watcher_alive(watched, package):
    broken = package({"__init__.py": "", "configure.zcml": document(VIEW.format("c")), "bad.py": "1/0"})
    watcher, told = watched({"site.zcml": VIEW.format("a")})
    watched.write(f'<permissionPolicy policy="{broken}.bad.x"/>')
    assert watcher.look()
    assert isinstance(told[0], ConfigurationError)
    assert names(watcher) == ["a"]


@pytest.mark.whole
def test_the_thread_notices_changes_and_stops_when_it_is_asked_to(watched):
    seen = queue.Queue()
    watcher, _ = watched({"site.zcml": VIEW.format("a")})
    watcher.reloaded = seen.put
    stopped = watcher.start()
    try:
        for number in range(3):
            watched.write(VIEW.format(f"v{number}") + '<include files="more/*.zcml"/>')
            assert seen.get(timeout=20) is None
            assert names(watcher) == [f"v{number}"]
        watched.write(VIEW.format("more"), "more/x.zcml")  # a directory that there was not
        assert seen.get(timeout=20) is None
    finally:
        stopped.set()
    for thread in threading.enumerate():
        if thread.name == "assetzcml-reload":
            thread.join(20)
            assert not thread.is_alive()


@pytest.mark.whole
def test_serve_reloads_prints_the_error_of_a_broken_edit_and_keeps_serving(zcml):
    pytest.importorskip("watchfiles")
    path = zcml.write(VIEW.format("a"))

    def status(name):
        try:
            with urllib.request.urlopen(f"{address}{name}/app.css", timeout=30) as response:
                return response.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    with start("serve", path, "--port", "0", "--reload", environ={"PYTHONUNBUFFERED": "1"}) as process:
        try:
            address = process.stdout.readline().decode().removeprefix("Serving on ").strip()
            assert status("a") == 200
            zcml.write("<staticViw/>")
            told = [process.stderr.readline().decode() for _ in range(4)]
            assert told[0].startswith(f"{path}:2:1: unknown directive 'staticViw'")
            assert told[3] == "The configuration before this edit stays in force.\n"
            assert status("a") == 200
            zcml.write(VIEW.format("b"))
            assert process.stderr.readline() == b"The configuration has been reloaded.\n"
            assert (status("a"), status("b")) == (404, 200)
        finally:
            process.terminate()
        assert process.wait(30) == 0


def test_without_watchfiles_serve_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    result = CliRunner().invoke(main, ["serve", "shop:configure.zcml", "--reload"])
    message = '--reload needs watchfiles, which is not installed; pip install "assetzcml[reload]"\n'
    assert (result.exit_code, result.stderr) == (1, message)
