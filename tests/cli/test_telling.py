"""What a terminal, a pipe and a program get: colours, width, JSON whatever happens, completion."""

import json

import pytest
from click.testing import CliRunner

from assetzcml.cli import main
from assetzcml.cli.telling import fitted, told_to

TOLD = (
    "site.zcml:2:33: A120 error: staticView 's': no layer of 'shop:statc' exists\n"
    '    <staticView name="s" path="shop:statc"/>\n'
    "                               ^\n"
    "    fix: did you mean 'shop:static'?"
)


class Stream:
    """A stream that is a terminal, or is none."""

    def __init__(self, terminal):
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return Stream(terminal=True)


def test_on_a_terminal_the_code_the_caret_and_the_remedy_are_in_colour(terminal):
    lines = told_to(TOLD, terminal).split("\n")
    assert "\x1b[31mA120 error\x1b[0m" in lines[0]
    assert lines[1] == TOLD.split("\n")[1]
    assert lines[2].startswith("\x1b[32m")
    assert lines[3] == "    fix: \x1b[32mdid you mean 'shop:static'?\x1b[0m"


@pytest.mark.parametrize("name, value", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colours_gets_none(terminal, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert told_to(TOLD, terminal) == TOLD


def test_a_pipe_gets_the_text_as_it_is():
    assert told_to(TOLD, Stream(terminal=False)) == TOLD
    assert told_to(TOLD, None) == TOLD


@pytest.mark.parametrize("columns", [1, 20, 40, 60])
def test_an_excerpt_is_cut_to_the_terminal_and_the_caret_stays_below_its_character(columns):
    source, caret = TOLD.split("\n")[1:3]
    shown, below = fitted([source, caret], columns)
    assert len(shown) <= max(columns, 20)
    assert shown[len(below) - 1] == source[len(caret) - 1]


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (["list", "nowhere.zcml"], 1, "there is no file"),
        (["check", "nowhere.zcml"], 1, "there is no file"),
        (["url", "nowhere.zcml", "shop:x"], 1, "there is no file"),
        (["explain", "nowhere.zcml", "shop:x"], 1, "there is no file"),
        (["build", "nowhere.zcml"], 1, "there is no file"),
        (["build", "configure.zcml", "--bundle", "nobody"], 1, "nobody"),
        (["list", "configure.zcml", "view"], 2, "did you mean 'views'?"),
        (["list", "configure.zcml", "--strct"], 2, "--strct"),
        (["list"], 2, "CONFIG"),
        (["lits", "configure.zcml"], 2, "did you mean 'list'?"),
    ],
)
def test_the_answer_for_a_program_is_json_whatever_happens(checkout, monkeypatch, arguments, status, said):
    monkeypatch.chdir(checkout)
    done = CliRunner().invoke(main, [*arguments, "--format", "json"])
    assert done.exit_code == status
    (problem,) = json.loads(done.stdout)
    assert {"code", "severity", "title", "origin", "message", "fix", "also"} == problem.keys()
    assert said in f"{problem['message']}; {problem['fix']}"


def test_what_was_answered_is_not_followed_by_another_document(checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    done = CliRunner().invoke(main, ["url", "configure.zcml", "theme:nothing", "--format", "json"])
    assert done.exit_code == 1
    assert [answer["url"] for answer in json.loads(done.stdout)] == [None]


@pytest.mark.parametrize(
    "typed, offered",
    [
        ("assetzcml ch", ["check"]),
        ("assetzcml list configure.zcml vi", ["views"]),
        ("assetzcml check --fo", ["--format"]),
    ],
)
def test_a_shell_completes_commands_kinds_and_options(typed, offered):
    environ = {"_ASSETZCML_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    done = CliRunner().invoke(main, prog_name="assetzcml", env=environ)
    assert [line.partition(",")[2] for line in done.output.splitlines()] == offered
