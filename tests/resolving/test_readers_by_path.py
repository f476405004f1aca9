"""docs/importlib-resources.rst, "What it cannot reach": who reads by path gets the original, whatever hook is installed."""

import importlib.resources
import os
import pkgutil
import sys

import pytest

from assetzcml import AssetRegistry

ORIGINAL, THEMED = "original", "themed"


def of_flask(name):
    flask = pytest.importorskip("flask").Flask(name)
    with flask.open_resource("static/a.txt") as stream:
        resource = stream.read().decode()
    with flask.test_client().get("/static/a.txt") as answer:
        static = answer.text
    with flask.app_context():
        template = sys.modules["flask"].render_template("t.html")
    return {static, resource, template}


def of_starlette(name):
    staticfiles = pytest.importorskip("starlette.staticfiles")
    files = staticfiles.StaticFiles(packages=[(name, "static")])
    path, _ = files.lookup_path("a.txt")
    return {text(path)}


def of_jinja2(name):
    jinja2 = pytest.importorskip("jinja2")
    return {jinja2.Environment(loader=jinja2.PackageLoader(name, "templates")).get_template("t.html").render()}


def of_mako(name):
    lookup = pytest.importorskip("mako.lookup").TemplateLookup([os.path.join(directory(name), "templates")])
    return {lookup.get_template("t.html").render()}


def of_django(name):
    django = pytest.importorskip("django.template")
    engine = django.Engine(dirs=[os.path.join(directory(name), "templates")])
    loader = engine.template_loaders[0]
    return {loader.get_contents(next(loader.get_template_sources("t.html")))}


def by_file(name):
    return {text(os.path.join(directory(name), "static", "a.txt"))}


def by_resources(name):
    return {(importlib.resources.files(name) / "static/a.txt").read_text()}


def by_pkgutil(name):
    return {pkgutil.get_data(name, "static/a.txt").decode()}


def directory(name):
    return os.path.dirname(sys.modules[name].__file__)


def text(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


@pytest.mark.parametrize("reader, seen", [
    (by_resources, THEMED),
    (by_pkgutil, THEMED),
    (by_file, ORIGINAL),
    (of_flask, ORIGINAL),
    (of_starlette, ORIGINAL),
    (of_jinja2, ORIGINAL),
    (of_mako, ORIGINAL),
    (of_django, ORIGINAL),
])  # fmt: skip
def test_the_hook_reaches_who_asks_python_and_nobody_who_makes_a_path(reader, seen, package):
    files = {"static/a.txt": ORIGINAL, "templates/t.html": ORIGINAL}
    shop, theme = package(files), package(dict.fromkeys(files, THEMED))
    __import__(shop)
    registry = AssetRegistry()
    registry.override_asset(f"{shop}:", f"{theme}:")
    with registry.install_resource_hook():
        assert reader(shop) == {seen}
