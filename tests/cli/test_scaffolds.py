"""`assetzcml init`: what it writes installs, runs and passes its test at once."""

import doctest
import importlib
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from assetzcml import AssetRegistry, load_zcml
from assetzcml.cli import main
from assetzcml.cli.scaffolds import app_files, checked_name, theme_files, write_project
from assetzcml.interfaces import IChecker

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PAGE = CHECKOUT / "docs" / "starting.rst"
COMMAND = re.compile(r"^    \$ (.*)\n((?:(?!    \$ )    .*\n)*)", re.MULTILINE)
STORY = COMMAND.findall(PAGE.read_text(encoding="utf-8"))
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working directory of its own, from which what is written there can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delenv("ASSETZCML_PREVENT_CACHEBUST", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def install(project):
    """What `pip install --editable` does, as far as imports go."""
    sys.path.insert(0, str(project / "src"))
    importlib.invalidate_caches()


def run_tests(project):
    """The number of tests of a project, each of which has passed."""
    path = os.pathsep.join([*sys.path])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(project)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def check(name):
    registry = AssetRegistry()
    return [str(finding) for finding in registry.getUtility(IChecker).check(f"{name}:configure.zcml")]


def test_the_commands_of_the_page_do_what_it_says(elsewhere):
    assert len(STORY) == 12
    for command, expected in STORY:
        program, *arguments = shlex.split(command)
        if arguments[0] == "serve":
            continue  # the same application, without a server, is in the tests that the page runs
        if program == "assetzcml":
            printed = CliRunner().invoke(main, arguments).output
        elif arguments[1] == "pip":
            install(elsewhere / arguments[-1].partition("[")[0])
            printed = ""
        else:
            printed = run_tests(elsewhere / arguments[-1])
        expected = textwrap.dedent(expected)
        assert doctest.OutputChecker().check_output(f"{expected.rstrip()}\n", f"{printed.rstrip()}\n", FLAGS), printed


@pytest.mark.slow
def test_the_commands_of_the_page_do_what_it_says_in_a_fresh_environment(tmp_path):
    programs = tmp_path / "environment" / "bin"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ["PATH"] = f"{programs}{os.pathsep}{environ['PATH']}"

    def run(command):
        return subprocess.run(command, shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True)

    for command in (
        f"{shlex.quote(sys.executable)} -m venv environment",
        f"python -m pip install -q {shlex.quote(f'{CHECKOUT}[serve]')}",
    ):
        done = run(command)
        assert done.returncode == 0, done.stdout + done.stderr
    for command, expected in STORY:
        if " serve " in command:
            with subprocess.Popen(shlex.split(command), cwd=tmp_path, env=environ, stdout=subprocess.PIPE) as process:
                printed = process.stdout.readline().decode()
                process.terminate()
        else:
            done = run(command)
            assert done.returncode == 0, done.stdout + done.stderr
            printed = done.stdout.splitlines()[-1] if "pytest" in command else "" if "pip" in command else done.stdout
        expected = textwrap.dedent(expected)
        assert doctest.OutputChecker().check_output(f"{expected.rstrip()}\n", f"{printed.rstrip()}\n", FLAGS), printed


@pytest.mark.parametrize(
    "extended, replaced",
    [
        ("shop", ["shop:static/app.css"]),
        ("theme", ["theme:static/weave.svg"]),  # what the theme of a theme replaces is the theme's
        ("shop.admin", ["shop.admin:static/admin.css"]),
    ],
)
def test_a_theme_of_a_package_replaces_a_file_that_the_package_publishes(extended, replaced, elsewhere):
    registry = load_zcml(f"{extended}:configure.zcml")
    write_project(".", "winter", theme_files("winter", registry, extended))
    install(elsewhere / "winter")
    themed = load_zcml("winter:configure.zcml")
    own = [str(o.target) for o in themed.snapshot.overrides if o.source.package == "winter"]
    assert own == replaced
    assert themed.resolve(own[0]).read_bytes() == registry.resolve(own[0]).read_bytes()
    assert check("winter") == []


def test_a_theme_of_a_package_that_publishes_nothing_shows_how_to_override(package, elsewhere):
    plain = package({"configure.zcml": '<configure xmlns="http://namespaces.assetzcml.org/assets"/>'})
    write_project(".", "winter", theme_files("winter", load_zcml(f"{plain}:configure.zcml"), plain))
    install(elsewhere / "winter")
    assert load_zcml("winter:configure.zcml").static_path("winter:static/winter.css") == "/winter/winter.css"
    assert f'<!-- <asset to_override="{plain}:' in (elsewhere / "winter/src/winter/overrides.zcml").read_text()


def test_a_theme_takes_another_name_for_its_static_view_where_its_own_is_taken(package, elsewhere):
    zcml = '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="winter" path="s"/></configure>'
    plain = package({"configure.zcml": zcml, "s/a.css": ""})
    write_project(".", "winter", theme_files("winter", load_zcml(f"{plain}:configure.zcml"), plain))
    install(elsewhere / "winter")
    assert load_zcml("winter:configure.zcml").static_path("winter:static/winter.css") == "/winter-static/winter.css"


def test_nothing_is_overwritten_and_no_package_is_hidden(elsewhere):
    run = CliRunner().invoke
    (elsewhere / "garden").mkdir()
    for name, message in (
        ("garden", "garden exists already; nothing has been written\n"),
        (
            "shop",
            f"there is a package 'shop' already, {CHECKOUT}/examples/shop/__init__.py; nothing has been written\n",
        ),
    ):
        result = run(main, ["init", "app", name])
        assert (result.exit_code, result.stderr) == (1, message)
    assert [path.name for path in elsewhere.iterdir()] == ["garden"]
    assert list((elsewhere / "garden").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["Garden", "my-garden", "9th", "_x", "a__b", "a.b", "a/b", "..", "", "class", "match", "json", "tests", "é"]
)
def test_a_name_that_no_package_should_have_is_refused(name, elsewhere):
    with pytest.raises(ValueError):
        checked_name(name)
    result = CliRunner().invoke(main, ["init", "app", name])
    assert (result.exit_code, list(elsewhere.iterdir())) == (2, [])


def test_a_theme_needs_a_package_whose_configuration_loads(elsewhere):
    result = CliRunner().invoke(main, ["init", "theme", "winter", "--extends", "nosuch"])
    assert (result.exit_code, result.stderr) == (1, "nosuch:configure.zcml: there is no package 'nosuch'\n")
    assert list(elsewhere.iterdir()) == []


def test_every_file_that_is_written_is_part_of_what_is_installed():
    def globs(setup):
        return re.search(r"\* = (.*)", setup)[1].split(", ")

    for files in (app_files("garden"), theme_files("winter", load_zcml("shop:configure.zcml"), "shop")):
        patterns = globs(files["setup.cfg"].decode())
        inside = [Path(*Path(path).parts[2:]) for path in files if path.startswith("src/")]
        for path in inside:
            assert path.suffix == ".py" or any(path.match(pattern) for pattern in patterns), path
