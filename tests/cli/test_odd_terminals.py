"""Terminals and places of an odd kind: no command ends in a traceback, and names are printed as they are."""

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
import termios

import pytest

from assetzcml.cli.telling import readable
from commands import CHECKOUT, EXAMPLES

pytestmark = pytest.mark.whole  # a process each

ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
SITE = '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="static" path="{}"/></configure>'
ODD = 'ä 😀 it\'s "quoted" ' + "x" * 200


def run(*arguments, cwd, shell="", **environ):
    command = [sys.executable, "-m", "assetzcml", *map(str, arguments)]
    if shell:
        command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(EXAMPLES)]), **environ}
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True)


@pytest.mark.parametrize("environ", [ASCII, {"PYTHONIOENCODING": "latin-1"}, {}], ids=["C", "Latin-1", "as it is"])
def test_a_name_of_any_kind_is_printed_as_it_is_or_escaped_as_a_whole(environ, tmp_path):
    directory = tmp_path / ODD
    (directory / "stätic").mkdir(parents=True)
    (directory / "stätic" / "a.css").write_text("a{}")
    (directory / "site.zcml").write_text(SITE.format("static"))
    done = run("list", "site.zcml", cwd=directory, **environ)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"\\udc" not in done.stderr
    if "PYTHONIOENCODING" not in environ:
        assert f"{directory}/stätic" in done.stderr.decode().replace("\\'", "'")
    (directory / "site.zcml").write_text(SITE.format("stätic"))
    done = run("list", "site.zcml", "views", "assets", "--format", "json", cwd=directory, **environ)
    # Where only ASCII may name files, Python finds no other: an error like any other.
    assert done.returncode == (1 if environ is ASCII else 0)
    assert b"Traceback" not in done.stderr + done.stdout


FULL, CLOSED, NO_INPUT, CUT = ">/dev/full", ">&-", "<&-", "| head -1"
ANSWERS = [["--help"], ["list", "shop:configure.zcml"]]
OTHERS = [
    (["check", "shop:configure.zcml", "--format", "json"], FULL),
    (["nosuch"], f"{FULL} 2>/dev/full"),
    (["check", "nosuch.zcml"], f"{CLOSED} 2>&-"),
    (["init", "app", "é"], CLOSED),
]


@pytest.mark.parametrize(
    "command, place",
    [*((command, place) for command in ANSWERS for place in (FULL, CLOSED, NO_INPUT, CUT)), *OTHERS],
    ids=lambda each: each if isinstance(each, str) else each[0],
)
def test_an_output_that_is_full_or_closed_is_told_in_a_line_at_most(command, place, tmp_path):
    done = run(*command, cwd=tmp_path, shell=place)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert done.returncode in (0, 1, 2)
    if place == FULL:
        assert (done.returncode, done.stderr) == (1, b"the output cannot be written: No space left on device\n")


def test_the_bytes_of_a_name_are_read_as_text_and_what_is_no_text_is_marked():
    assert readable(repr("st\udcc3\udca4tic")) == "'stätic'"
    assert readable(repr("\udcff")) == "'\N{REPLACEMENT CHARACTER}'"
    assert readable("plain") == "plain"


def on_a_terminal(*arguments, cwd):
    """What a command prints on standard error, where that is a terminal of forty columns."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "assetzcml", *arguments], cwd=cwd, env=environ, stdout=subprocess.DEVNULL, stderr=its
    )
    os.close(its)
    said = b""
    with contextlib.suppress(OSError):  # as a terminal says that nobody has it open any more
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    assert process.wait() == 0, said
    return said.decode()


def test_freezing_shows_how_far_it_is_on_a_terminal_and_nothing_elsewhere(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static/a.css").write_text("a{}" * 500)
    (tmp_path / "site.zcml").write_text(SITE.format("static"))
    said = on_a_terminal("freeze", "site.zcml", "out", cwd=tmp_path)
    for label in ("Reading", "Naming", "Compressing"):
        assert f"{label:<12}  [####" in said
    assert "100%" in said
    assert run("freeze", "site.zcml", "other", cwd=tmp_path).stderr == b""
