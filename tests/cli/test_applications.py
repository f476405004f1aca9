"""`--registry` and `--paste`: the questions of the command, asked of an application."""

import pytest
from click.testing import CliRunner

from assetzcml.cli import main

MODULE = """
from assetzcml import AssetRegistry
registry = AssetRegistry()
registry.add_static_view("static", "{name}:static")
class Extension:
    registry = registry
extension = Extension()
def make():
    return registry
def broken():
    raise OSError("no database")
number = 3
"""


@pytest.fixture
def application(package, tmp_path):
    """The name of a package whose module `app` has registries."""
    name = package({"static/app.css": "a{}"})
    import importlib

    directory = importlib.import_module(name).__path__[0]
    with open(f"{directory}/app.py", "w", encoding="utf-8") as stream:
        stream.write(MODULE.format(name=name))
    return name


def run(*arguments):
    done = CliRunner().invoke(main, list(map(str, arguments)))
    return done.exit_code, done.output


@pytest.mark.parametrize("attribute", ["registry", "make", "extension", "extension.registry"])
def test_a_registry_is_asked_in_the_place_of_a_configuration(application, attribute):
    named = "--registry", f"{application}.app:{attribute}"
    assert run("url", *named, f"{application}:static/app.css") == (0, "/static/app.css\n")
    assert run("check", *named) == (0, "no findings\n")
    status, text = run("explain", *named, "/static/app.css")
    assert (status, "200 OK" in text) == (0, True)
    assert "staticView 'static'" in run("list", "views", *named)[1]


@pytest.mark.parametrize("target, status, message", [
    ("{}.app:none", 1, "has no attribute 'none'"),
    ("{}.nothing:x", 1, "No module named"),
    ("{}.app:number", 1, "3 is no AssetRegistry, and gives none"),
    ("{}.app:broken", 1, "OSError: no database"),
    ("{}.app", 2, "is not module:attribute"),
])  # fmt: skip
def test_what_is_no_registry_is_said(application, target, status, message):
    found, text = run("check", "--registry", target.format(application))
    assert (found, message in text) == (status, True), text


def test_what_is_for_a_configuration_only_is_refused(application):
    status, text = run(
        "url", "--registry", f"{application}.app:registry", "--feature", "x", f"{application}:static/app.css"
    )
    assert (status, "the application has been configured" in text) == (2, True)
