"""Programs that are missing, hang, print nothing, exit 1, are killed: each is told apart, nothing is left behind."""

import os
import subprocess
import time

import pytest
from filter_running import Context, program, run

from assetzcml.bundles.filters import FilterError, FilterWarning, processes
from assetzcml.bundles.filters.processes import SubprocessFilter

__all__ = ["program"]


class Tool(SubprocessFilter):
    name = "tool"
    program = "tool"
    install_hint = "npm install tool"
    options = {"binary": "TOOL_BIN"}  # noqa: RUF012


UPPER = "sys.stdout.write(sys.stdin.read().upper())"


def test_content_goes_in_and_what_is_printed_comes_out(program):
    content = os.urandom(300_000).hex().encode()  # more than a pipe holds
    assert run(Tool(binary=program(UPPER)), content) == content.upper()


def test_the_program_runs_in_an_empty_directory_that_is_gone_afterwards(program):
    code = "sys.stdin.read(); print(os.getcwd(), os.listdir('.')); open('litter', 'w').close()"
    directory, listed = run(Tool(binary=program(code)), b"x").decode().split()
    assert listed == "[]"
    assert not os.path.exists(directory)


@pytest.mark.parametrize("code, said", [
    ("sys.stderr.write('bad \\x1b[31mthing\\x1b[0m\\a'); sys.exit(1)",
     "a.css: tool failed with status 1:\n    bad thing\N{REPLACEMENT CHARACTER}"),
    ("sys.exit(3)", "a.css: tool failed with status 3"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "a.css: tool was killed by SIGKILL"),
    ("os.kill(os.getpid(), signal.SIGSEGV)", "a.css: tool was killed by SIGSEGV"),
    ("sys.stdin.read()", "a.css: tool printed nothing for 3 bytes"),
    ("sys.stdin.read(); print()", "a.css: tool printed nothing for 3 bytes"),
    ("pass", "a.css: tool printed nothing for 3 bytes"),  # it does not even read
])  # fmt: skip
def test_a_failure_says_which_it_was_and_what_the_program_said(code, said, program):
    with pytest.raises(FilterError) as raised:
        run(Tool(binary=program(code)), b"abc", source_path="a.css")
    assert str(raised.value) == said


def test_nothing_printed_for_a_blank_source_is_right(program):
    assert run(Tool(binary=program("sys.stdin.read()")), b" \n", source_path="a.css") == b""


def test_a_long_complaint_is_cut_at_its_end(program):
    with pytest.raises(FilterError) as raised:
        run(Tool(binary=program("print(*range(1000), sep='\\n', file=sys.stderr); sys.exit(1)")), b"abc")
    lines = str(raised.value).splitlines()
    assert [lines[1].strip(), len(lines) < 50] == ["0", True]


def test_what_a_program_that_worked_says_is_a_warning_at_the_file(program):
    code = UPPER + "; sys.stderr.write('old syntax')"
    with pytest.warns(FilterWarning, match=r"a.css: tool: old syntax"):
        assert run(Tool(binary=program(code)), b"abc", source_path="a.css") == b"ABC"


@pytest.mark.whole
@pytest.mark.parametrize("code", [
    "print('half', flush=True); sys.stderr.write('working'); sys.stderr.flush(); time.sleep(60)",
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.stderr.write('working'); sys.stderr.flush(); time.sleep(60)",
], ids=["sleeps", "ignores the request to end"])  # fmt: skip
def test_a_program_that_hangs_is_killed_after_the_time_limit(code, program):
    with pytest.raises(FilterError, match=r"did not end within 1 s and was killed:\n    working"):
        run(Tool(binary=program(code), timeout=1), b"abc")


@pytest.mark.whole
def test_what_a_program_that_hangs_has_started_is_killed_with_it(program, tmp_path):
    alive = tmp_path / "alive"
    code = f"""
    if os.fork() == 0:
        while True:
            open({str(alive)!r}, 'a').write('x')
            time.sleep(0.05)
    time.sleep(60)
    """
    with pytest.raises(FilterError, match="did not end"):
        run(Tool(binary=program(code), timeout=1), b"abc")
    before = alive.stat().st_size
    time.sleep(0.3)
    assert before > 0
    assert alive.stat().st_size == before


@pytest.mark.whole
def test_a_child_that_left_the_group_and_holds_the_pipe_does_not_hold_the_build(program, tmp_path):
    left = tmp_path / "left"
    code = f"""
    if os.fork() == 0:
        os.setsid()
        time.sleep(10)
        open({str(left)!r}, 'w').close()
    time.sleep(60)
    """
    with pytest.raises(FilterError, match="did not end"):
        run(Tool(binary=program(code), timeout=0.3), b"abc")
    assert not left.exists()  # the child is still there


@pytest.mark.parametrize("make, message", [
    (lambda path: None, "is not a file"),
    (lambda path: path.write_text("#!/bin/sh\n"), "is not executable"),
    (lambda path: path.mkdir(), "is not a file"),
])  # fmt: skip
def test_a_binary_that_is_named_and_cannot_be_is_an_error_that_names_it(make, message, tmp_path):
    path = tmp_path / "named"
    make(path)
    with pytest.raises(FilterError, match=rf"tool: the program '{path}' .*setting 'TOOL_BIN'.* {message}"):
        run(Tool(binary=str(path)), b"abc")


@pytest.mark.parametrize("start", ["#!/no/such/interpreter\n", "\x7fELFnot really"])
def test_a_binary_that_the_system_cannot_start_is_an_error(start, program):
    path = program("")
    path.write_text(start)
    with pytest.raises(FilterError, match=r"a.css: tool cannot be run as .*tool: "):
        run(Tool(binary=path), b"abc", source_path="a.css")


def test_a_relative_path_is_refused_since_nobody_knows_relative_to_what():
    with pytest.raises(FilterError, match=r"'bin/tool' .* is a relative path"):
        run(Tool(binary="bin/tool"), b"abc")


def test_the_program_is_the_options_then_that_of_node_modules_then_that_of_path(program, tmp_path, monkeypatch):
    project = tmp_path / "project"
    says = "sys.stdin.read(); print(%r)"
    context = Context(project / "static" / "deep")
    monkeypatch.setenv("PATH", f"relative{os.pathsep}{os.pathsep}{tmp_path / 'path'}")

    with pytest.raises(FilterError) as raised:
        run(Tool(), b"x", context)
    assert str(raised.value) == (
        "tool: the program 'tool' was not found: the setting and the environment variable 'TOOL_BIN' are not set, "
        f"no node_modules/.bin from '{context.directory}' upward has it, it is not on PATH; npm install tool"
    )
    program(says % "path", directory=tmp_path / "path")
    assert run(Tool(), b"x", context) == b"path\n"
    program(says % "node", directory=project / "node_modules" / ".bin")
    assert run(Tool(), b"x", context) == b"node\n"
    monkeypatch.setenv("TOOL_BIN", str(program(says % "os", directory=tmp_path / "os")))
    assert run(Tool(), b"x", context) == b"os\n"
    configured = program(says % "configured", directory=tmp_path / "configured")
    assert run(Tool(), b"x", Context(project, TOOL_BIN=str(configured))) == b"configured\n"
    assert run(Tool(binary=program(says % "given", directory=tmp_path / "given")), b"x", context) == b"given\n"
    assert run(Tool(binary="tool"), b"x", context) == b"path\n"  # a bare name is PATH's


def test_no_directory_declared_leaves_path(program, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    program(UPPER)

    class Undeclared(Context):
        @property
        def directory(self):
            raise OSError("directory is not set")

        @directory.setter
        def directory(self, value):
            pass

    assert run(Tool(), b"a", Undeclared("")) == b"A"


def test_no_shell_ever_sees_an_argument(program):
    class Arguments(Tool):
        def arguments(self, **kw):
            return ["$(touch /tmp/x)", "a b", ";", "*"]

    printed = run(Arguments(binary=program("sys.stdin.read(); print(sys.argv[1:])")), b"x")
    assert printed == b"['$(touch /tmp/x)', 'a b', ';', '*']\n"


def test_a_list_is_a_program_and_its_leading_arguments(program):
    path = program("sys.stdin.read(); print(sys.argv[1:])")
    assert run(Tool(binary=[path, "-x"]), b"x") == b"['-x']\n"


def test_the_version_is_asked_once_until_the_program_changes_and_is_in_the_id(program, tmp_path):
    asked = tmp_path / "asked"
    code = f"open({str(asked)!r}, 'a').write('x'); print('Tool version %s (linux)')"
    path = program(code % "1.2.3")
    first = Tool(binary=path).bind(Context("/d"))
    assert (first.tool_version(), first.tool_version(), asked.read_text()) == ("1.2.3", "1.2.3", "x")
    identity = first.id()
    path.unlink()
    program(code % "1.2.4-beta")
    second = Tool(binary=path).bind(Context("/d"))
    assert (second.tool_version(), asked.read_text()) == ("1.2.4-beta", "xx")
    assert second.id() != identity


@pytest.mark.parametrize("code, message", [
    ("print('hello')", "does not say its version, but 'hello'"),
    ("sys.stderr.write('no license'); sys.exit(1)", "--version failed: no license"),
    ("time.sleep(60)", "timed out after"),
])  # fmt: skip
def test_a_program_that_does_not_say_its_version_has_no_id(code, message, program):
    with pytest.raises(FilterError, match=message):
        Tool(binary=program(code), timeout=0.5).bind(Context("/d")).id()


@pytest.mark.parametrize("timeout", [0, -1, float("inf")])
def test_a_time_limit_is_a_number_of_seconds(timeout):
    with pytest.raises(FilterError, match="seconds, more than 0"):
        Tool(timeout=timeout).bind(Context("/d"))


def test_an_interrupted_build_leaves_no_program_behind(program, tmp_path, monkeypatch):
    started = tmp_path / "pid"
    path = program(f"open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(60)")

    def interrupted(exchange, seconds):
        while not (started.exists() and started.read_text()):
            time.sleep(0.01)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(processes._Exchange, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(Tool(binary=path), b"abc")
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


@pytest.mark.whole
def test_where_there_are_no_process_groups_a_program_is_killed_all_the_same(monkeypatch):
    monkeypatch.delattr(os, "killpg")
    with pytest.raises(subprocess.TimeoutExpired):
        processes.run(["sh", "-c", "exec sleep 33"], timeout=0.5)


@pytest.mark.parametrize("code, said", [
    ("sys.stderr.write('working'); sys.stderr.flush()\nwhile True: print('y' * 1000)", ":\n    working"),
    ("while True: sys.stderr.write('n' * 1000)", ":\n    n+"),
], ids=["stdout", "stderr"])  # fmt: skip
def test_a_program_that_prints_without_end_is_killed_and_the_error_names_the_limit(code, said, program):
    with pytest.raises(FilterError, match=r"printed more than 50,000 bytes and was killed" + said) as raised:
        run(Tool(binary=program(code), print_limit=50_000), b"abc")
    assert "FILTER_PRINT_LIMIT" in raised.value.problems[0].hint


def test_what_may_be_printed_grows_with_what_is_given(program, monkeypatch):
    monkeypatch.setattr(processes, "PRINTED", 1000)
    path = program("print(19 * sys.stdin.read(), end='')")
    assert run(Tool(binary=path), b"x" * 10_000) == b"x" * 190_000
    with pytest.raises(FilterError, match=r"printed more than 201,000 bytes"):
        run(Tool(binary=program("print(21 * sys.stdin.read(), end='')")), b"x" * 10_000)


def test_a_limit_is_no_part_of_what_a_filter_is():
    assert Tool(print_limit=5) == Tool(timeout=7) == Tool()
    with pytest.raises(FilterError, match="bytes, at least 1"):
        Tool(print_limit=0).bind(Context("/d"))


def test_content_that_no_pipe_holds_goes_in_while_as_much_comes_out(program):
    content = bytes(range(256)) * 8000
    path = program("for piece in iter(lambda: sys.stdin.buffer.read(777), b''): sys.stdout.buffer.write(piece)")
    assert run(Tool(binary=path), content) == content
