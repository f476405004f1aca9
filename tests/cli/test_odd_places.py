"""Wherever a command is called, and however the place is set up: a program gets JSON, a person a line, nobody a traceback."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from assetzcml.cli import main
from commands import CHECKOUT, EXAMPLES
from documents import document

LONG = "d" * 100


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with a configuration that is good and one that is not."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    write_site(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_site(directory):
    (directory / "static").mkdir(parents=True)
    (directory / "static" / "a.css").write_text("a{}")
    (directory / "site.zcml").write_text(document('<staticView name="static" path="static"/>'))
    (directory / "wrong.zcml").write_text(document('<staticView name="static" path="statik"/>'))


def gone(here, monkeypatch):
    (here / "gone").mkdir()
    monkeypatch.chdir(here / "gone")
    (here / "gone").rmdir()


def long_path(here, monkeypatch):
    directory = here / LONG / LONG / LONG
    write_site(directory)
    monkeypatch.chdir(directory)


def private(here, monkeypatch):
    monkeypatch.setattr(os, "umask", os.umask)
    os.umask(0o077)


PLACES = {
    "the working directory is gone": gone,
    "a home that cannot be written": {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"},
    "40 columns": {"COLUMNS": "40"},
    "a column": {"COLUMNS": "1", "LINES": "1"},
    "NO_COLOR": {"NO_COLOR": "1"},
    "FORCE_COLOR": {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"},
    "TERM=dumb": {"TERM": "dumb"},
    "no TERM": {"TERM": ""},
    "paths of 300 characters": long_path,
    "umask 077": private,
}
QUESTIONS = [
    ["check", "CONFIG"],
    ["list", "CONFIG"],
    ["url", "CONFIG", "{cwd}/static/a.css"],
    ["explain", "CONFIG", "/static/a.css"],
    ["build", "CONFIG"],
]


@pytest.fixture
def place(request, here, monkeypatch):
    umask = os.umask(0o022)
    arranged = PLACES[request.param]
    if isinstance(arranged, dict):
        for name, value in arranged.items():
            monkeypatch.setenv(name, value)
    else:
        arranged(here, monkeypatch)
    yield request.param
    os.umask(umask)


def asked(*arguments):
    done = CliRunner().invoke(main, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_a_program_gets_json_in_any_place(place, question):
    is_gone = place == "the working directory is gone"
    cwd = "" if is_gone else os.getcwd()
    for config, status in (("site.zcml", 0), ("wrong.zcml", 1)):
        arguments = [each.replace("CONFIG", config).format(cwd=cwd) for each in question]
        done = asked(*arguments, "--format", "json")
        answer = json.loads(done.stdout)
        assert done.exit_code == (1 if is_gone else status)
        if done.exit_code:
            assert "the working directory is no longer there" in answer[0]["message"] if is_gone else answer[0]["code"]
        assert "\x1b" not in done.output


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_person_gets_the_same_lines_in_any_place(place):
    done = asked("check", "wrong.zcml")
    assert done.exit_code == 1
    if place == "the working directory is gone":
        assert done.stderr == "the working directory is no longer there; change to one that is\n"
        return
    headline, _, caret, remedy, count = done.output.splitlines()
    assert headline.startswith(f"{os.getcwd()}/wrong.zcml:")
    assert remedy.endswith(f"did you mean '{os.getcwd()}/static'?")
    assert (caret.strip(), count) == ("^", "1 error")


@pytest.mark.parametrize(
    "command", [["init", "app", "quince"], ["list", "site.zcml"], ["schema", "site.zcml"]], ids=" ".join
)
def test_where_the_working_directory_is_gone_every_command_says_so(command, here, monkeypatch):
    gone(here, monkeypatch)
    done = asked(*command)
    assert (done.exit_code, done.stderr) == (1, "the working directory is no longer there; change to one that is\n")


@pytest.mark.parametrize(
    "command, said",
    [
        (["check", f"{LONG * 3}.zcml"], "cannot be read: File name too long"),
        (["check", f"shop:{LONG * 3}.zcml"], "cannot be read: File name too long"),
        (["init", "app", LONG * 3], "cannot be written: File name too long"),
        (["schema", "site.zcml", "--output", LONG * 3], "File name too long"),
        (["serve", "site.zcml", "--access-log", LONG * 3], "File name too long"),
        (["url", "site.zcml", f"shop:static/{LONG * 3}"], "no static view publishes"),
        (["explain", "site.zcml", f"/static/{LONG * 3}"], "404"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else None,
)
def test_a_name_that_is_too_long_for_a_file_is_told_in_a_line(command, said):
    done = asked(*command)
    assert done.exit_code in (0, 1)
    assert "Traceback" not in done.output
    assert said in done.output


@pytest.mark.parametrize("called", ["in it", "in its project"])
def test_a_package_that_is_called_from_within_says_where_it_is_importable(called, here, monkeypatch):
    package = here / "project" / "src" / "kumquat"
    write_site(package)
    (package / "__init__.py").touch()
    (package / "configure.zcml").write_text(document('<staticView name="static" path="kumquat:static"/>'))
    (here / "project" / "setup.cfg").touch()
    if called == "in it":
        monkeypatch.chdir(package)
        remedy = "'kumquat' is the working directory, and is importable in the one above; cd .."
        assert f"fix: {remedy}" in asked("check", "configure.zcml").output
    else:
        monkeypatch.chdir(here / "project")
        remedy = "the project is not installed; pip install -e ."
    assert f"fix: {remedy}" in asked("check", "kumquat:configure.zcml").output


@pytest.mark.whole
@pytest.mark.parametrize("way", ["python -m", "script"])
def test_modules_that_lie_here_hide_none_of_python(way, here):
    for name in ("email", "html", "http", "json", "logging", "mimetypes", "tempfile", "uuid"):
        (here / f"{name}.py").write_text("raise RuntimeError('this is not the one of Python')\n")
    (here / "medlar").mkdir()
    (here / "medlar" / "__init__.py").touch()
    (here / "medlar" / "configure.zcml").write_text(document('<staticView name="static" path="shop:static"/>'))
    (here / "medlar" / "json.py").write_text("raise RuntimeError('nor is this')\n")
    script = here / "bin" / "assetzcml"
    script.parent.mkdir()
    script.write_text("from assetzcml.cli import main\nmain()\n")
    command = [sys.executable, *(["-m", "assetzcml"] if way == "python -m" else [str(script)])]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(EXAMPLES)])}
    for arguments in (["check", "medlar:configure.zcml"], ["explain", "medlar:configure.zcml", "/static/logo.png"]):
        done = subprocess.run(
            [*command, *arguments, "--format", "json"], cwd=here, env=environ, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        json.loads(done.stdout)
