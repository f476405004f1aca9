"""`--registry` and `--paste`: the questions of the command, asked of an application."""

import importlib

import pytest
from click.testing import CliRunner

from assetzcml import ConfigurationError, load_zcml
from assetzcml.cli import main
from documents import NAMESPACE

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
    directory = importlib.import_module(name).__path__[0]
    with open(f"{directory}/app.py", "w", encoding="utf-8") as stream:
        stream.write(MODULE.format(name=name))
    return name


@pytest.fixture
def zcml_file(tmp_path):
    """A function that writes a ZCML file with some directives and returns its path."""

    def write(text):
        path = tmp_path / "site.zcml"
        path.write_text(f'<configure xmlns="{NAMESPACE}">{text}</configure>', encoding="utf-8")
        return str(path)

    return write


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


def test_a_permission_without_a_policy_is_a_warning_to_who_asks_and_an_error_to_who_serves(zcml_file, application):
    path = zcml_file(f'<staticView name="static" path="{application}:static" permission="manage"/>')
    status, text = run("check", path)
    assert (status, "A122 warning: staticView 'static': the permission 'manage'" in text) == (0, True), text
    assert run("check", "--strict", path)[0] == 1
    status, text = run("explain", path, f"{application}:static/app.css")
    assert (status, "permission    'manage'" in text) == (0, True), text
    assert run("list", path, "views")[0] == run("url", path, f"{application}:static/app.css")[0] == 0
    with pytest.raises(ConfigurationError, match="there is no permission policy; declare one: <permissionPolicy "):
        load_zcml(path)


def test_a_page_with_a_permission_is_told_of_in_the_same_way(zcml_file):
    path = zcml_file('<view name="about" view="shop.views.about" permission="manage"/>')
    assert "A122 warning: view 'about': the permission 'manage'" in run("check", path)[1]


@pytest.mark.parametrize("directive", ['static name="static" path="shop:static"', 'route name="home" pattern="/"'])
def test_the_directives_of_pyramid_zcml_are_said_to_need_pyramid(directive, tmp_path):
    pytest.importorskip("pyramid_zcml")
    path = tmp_path / "site.zcml"
    path.write_text(
        f'<configure xmlns="http://pylonshq.com/pyramid"><include package="pyramid_zcml"/>\n<{directive}/></configure>'
    )
    status, text = run("check", path)
    assert (status, text.splitlines()[0]) == (
        1,
        f"{path}:2:1: A109 error: {directive.split()[0]}: the directives of pyramid_zcml need Pyramid",
    )
    assert "fix: config.load_zcml(...) of the application reads them; to ask it: --paste app.ini" in text


APPLICATIONS = {
    "flask": """
import flask
from assetzcml.integrations.flask import Assets
app = flask.Flask("{name}")
assets = Assets(app, {zcml!r})
""",
    "starlette": """
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from assetzcml.integrations.starlette import add_assets
app = Starlette(routes=[Mount("/static", StaticFiles(packages=[("{name}", "static")]), name="static")])
assets = add_assets(app, {zcml!r})
""",
    "pyramid": """
from pyramid.config import Configurator
from assetzcml.integrations.pyramid import asset_registry
config = Configurator()
config.include("assetzcml")
config.add_static_view("static", "{name}:static")
config.load_zcml({zcml!r})
config.make_wsgi_app()
assets = asset_registry(config)
""",
    "any": """
from assetzcml import StaticApp, load_zcml
assets = load_zcml({zcml!r})
assets.add_static_view("static", "{name}:static")
application = StaticApp(assets)
""",
}


@pytest.mark.parametrize("framework", APPLICATIONS)
def test_an_application_of_every_framework_is_asked_by_its_registry(framework, zcml_file, package):
    pytest.importorskip(framework if framework != "any" else "webob")
    name, theme = package({"static/app.css": "a{}"}), package({"app.css": "b{}"})
    path = zcml_file(f'<asset to_override="{name}:static/app.css" override_with="{theme}:app.css"/>')
    directory = importlib.import_module(name).__path__[0]
    with open(f"{directory}/site.py", "w", encoding="utf-8") as stream:
        stream.write(APPLICATIONS[framework].format(name=name, zcml=path))
    asked = "--registry", f"{name}.site:assets"
    status, text = run("explain", *asked, "/static/app.css")
    assert (status, f"{theme}:app.css: chosen" in text) == (0, True), text
    assert run("check", *asked) == (0, "no findings\n")
    assert f"'{name}:static/app.css'" in run("list", "overrides", *asked)[1]
    assert run("url", *asked, f"{name}:static/app.css") == (0, "/static/app.css\n")
