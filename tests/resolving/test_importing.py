"""Whatever the import of somebody's module raises is told as itself, with the line that failed, by all that import."""

import itertools
import os
import subprocess
import sys
import warnings

import pytest
from click.testing import CliRunner

from assetzcml.cli import main
from assetzcml.resolving.importing import import_failure, imported
from commands import CHECKOUT, EXAMPLES
from documents import document

RAISES = {  # what a module says in its first line, and what is told of it
    "{}['shop']": "KeyError: 'shop'",
    "1 / 0": "ZeroDivisionError: division by zero",
    "raise ValueError": "ValueError",
    "raise ValueError('one\\n  two')": "ValueError: one two",
    "assert False": "AssertionError",
    "import os; os.nothing": "AttributeError: module 'os' has no attribute 'nothing'",
    "from os import nothing": "ImportError: cannot import name 'nothing' from 'os'",
    "import there_is_none_of_it": "No module named 'there_is_none_of_it'",
    "def (": "SyntaxError: invalid syntax",
    "import sys; sys.exit('no licence')": "it ends the program: sys.exit('no licence')",
    "import json; json.loads('{')": "JSONDecodeError: Expecting property name enclosed in double quotes",
    "import warnings; warnings.simplefilter('error'); warnings.warn('old', DeprecationWarning)": "DeprecationWarning: old",
}

DIRECTIVES = [
    '<include package="NAME"/>',
    '<view name="a" view="NAME.home"/>',
    '<route name="a" pattern="/" view="NAME.home"/>',
    '<permissionPolicy policy="NAME.policy"/>',
    '<staticView name="s" path="shop:static"/><cacheBuster path="shop:static" buster="NAME.buster"/>',
    '<staticView name="s" path="shop:static"/><cacheBuster path="shop:static" factory="NAME.Buster"/>',
    '<staticView name="s" path="NAME.sub:static"/>',
    '<filter name="f" factory="NAME.Filter"/>',
    '<environment directory="." updater="NAME.updater"/>',
]
COMMANDS = [
    ("check", "--registry", "NAME:registry"),
    ("list", "--registry", "NAME:registry"),
    ("check", "NAME:configure.zcml"),
    ("url", "NAME:configure.zcml", "shop:static/logo.png"),
    ("check", "NAME"),
    ("list", "good.zcml", "--strict-in", "NAME"),
    ("check", "good.zcml", "--strict-in", "NAME"),
    ("serve", "good.zcml", "--app", "NAME:make"),
    ("init", "theme", "summer", "--extends", "NAME"),
]
SERIAL = itertools.count()


@pytest.fixture
def raising(package, tmp_path, monkeypatch):
    """Make a package whose import raises; its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.zcml").write_text(document(""))

    def make(line):
        name = f"raising_{next(SERIAL)}"
        return package({"__init__.py": f"{line}\n", "sub/__init__.py": "", "configure.zcml": document("")}, name=name)

    with warnings.catch_warnings():
        yield make


def told(result, name, expected):
    """Is it told as itself, with its line, and by a message?"""
    text = " ".join((result.output + result.stderr).split())
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    assert expected in text
    assert f"{os.sep}{name}{os.sep}__init__.py:1" in text
    assert f"did you mean '{name}" not in text
    assert "no findings" not in text


@pytest.mark.whole
@pytest.mark.parametrize("line", RAISES)
@pytest.mark.parametrize("directive", DIRECTIVES)
def test_a_directive_that_imports_tells_what_the_import_raised(directive, line, raising):
    name = raising(line)
    with open("site.zcml", "w", encoding="utf-8") as stream:
        stream.write(document(directive.replace("NAME", name)))
    told(CliRunner().invoke(main, ["list", "site.zcml"]), name, RAISES[line])


@pytest.mark.whole
@pytest.mark.parametrize("line", RAISES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_imports_tells_what_the_import_raised(command, line, raising):
    if command[0] == "serve":
        pytest.importorskip("waitress")
    name = raising(line)
    if command == ("check", "NAME"):  # only asked what is meant: nothing runs for it but the import
        result = CliRunner().invoke(main, ["check", name])
        assert isinstance(result.exception, SystemExit)
        assert "is not named *.zcml" in result.output
        return
    told(CliRunner().invoke(main, [part.replace("NAME", name) for part in command]), name, RAISES[line])


@pytest.mark.parametrize("line", RAISES)
def test_what_an_application_of_pyramid_raises_is_told_where_it_is_converted(line, raising):
    pytest.importorskip("pyramid")
    name = raising(line)
    told(CliRunner().invoke(main, ["convert", "pyramid", f"{name}:main"]), name, RAISES[line])


def test_a_warning_that_is_an_error_is_a_finding_of_check(package, tmp_path):
    name = package(
        {"__init__.py": "import warnings\nwarnings.warn('old', UserWarning)\n", "configure.zcml": document("")}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = CliRunner().invoke(main, ["check", f"{name}:configure.zcml"])
    assert result.exit_code == 1
    assert f"{name}/__init__.py:2: A109 error: UserWarning: old" in result.stdout


def test_a_failure_is_one_line_of_a_length_that_is_read_at_a_glance():
    text = import_failure(ValueError("a\nb" * 10_000))
    assert "\n" not in text
    assert len(text) < 400


def test_what_ends_the_program_is_an_import_error(package):
    name = package({"__init__.py": "raise SystemExit(3)\n"})
    with pytest.raises(ImportError, match=r"it ends the program: sys.exit\(3\)"):
        imported(name)


UNDER_ERRORS = """
from assetzcml import StaticView, load_zcml
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "a", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
load_zcml("theme:configure.zcml").make_app()(environ, lambda status, headers, *_: print(status))
"""


@pytest.mark.whole
@pytest.mark.parametrize(
    "command, said",
    [(["-c", UNDER_ERRORS], "200 OK\n"), (["-m", "assetzcml", "check", "theme:configure.zcml"], "no findings\n")],
    ids=["a page", "check"],
)
def test_all_works_where_warnings_are_errors(command, said):
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(EXAMPLES)])}
    command = [sys.executable, "-W", "error", *command]
    done = subprocess.run(command, env=environ, text=True, capture_output=True, cwd=CHECKOUT)
    assert (done.stdout, done.stderr) == (said, "")


def test_of_cgi_only_the_import_of_webob_is_pardoned(package):
    name = package({"__init__.py": "import warnings\nwarnings.warn(\"'cgi' is deprecated\", DeprecationWarning)\n"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning):
            imported(name)
