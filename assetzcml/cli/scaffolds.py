"""
What `assetzcml init` writes: a package that installs, runs and passes its test at once, and is changed from there.

Texts with `$name` and the like in them. The package lies in `src`, so that the project's directory, which has its name,
is not taken for it by a Python that stands beside it.
"""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import NamedTuple

from assetzcml.assembly import AssetRegistry
from assetzcml.errors import ConfigurationError
from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.reports.survey import Site

__all__ = ["app_files", "checked_name", "theme_files", "write_project"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What a theme shows its overriding with, when it can choose.
PREFERRED = (".css", ".svg", ".png", ".js")

PYPROJECT = """\
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
"""

SETUP = """\
[metadata]
name = $name
version = 0.1.0
description = $description

[options]
package_dir =
    = src
packages = find:
python_requires = >=3.10
install_requires =
    assetzcml$requires

[options.packages.find]
where = src

[options.package_data]
* = *.zcml, $folders

[options.extras_require]
test =
    pytest
"""

APP = {
    "src/$name/__init__.py": '"""An application whose assets another package can extend or replace."""\n',
    "src/$name/configure.zcml": """\
<!-- What $name declares. Each subject has a file of its own, so that others can include, override or exclude it. -->
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <include file="static.zcml"/>
  <include file="busters.zcml"/>
  <include file="routes.zcml"/>
  <include file="views.zcml"/>

</configure>
""",
    "src/$name/static.zcml": """\
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <staticView name="static" path="static"/>

</configure>
""",
    "src/$name/busters.zcml": """\
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <!-- A changed file has a new URL. -->
  <cacheBuster path="static" digest="sha256"/>

</configure>
""",
    "src/$name/routes.zcml": """\
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <route name="home" pattern="/"/>

</configure>
""",
    "src/$name/views.zcml": """\
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <view view=".views.home" route_name="home"/>

</configure>
""",
    "src/$name/views.py": '''\
"""The pages. Every asset in them is named by its spec; the request turns specs into URLs."""

from string import Template

ASSETS = {"style": "$name:static/style.css", "logo": "$name:static/logo.svg"}


def home(request):
    # Through the registry, so that a theme can replace the template like any other asset.
    page = request.registry.resolve("$name:templates/page.html").read_bytes().decode("utf-8")
    return Template(page).substitute({name: request.static_url(spec) for name, spec in ASSETS.items()})
''',
    "src/$name/templates/page.html": """\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>$name</title>
    <link rel="stylesheet" href="$${style}">
  </head>
  <body>
    <img src="$${logo}" alt="" width="64" height="64">
    <h1>$name</h1>
  </body>
</html>
""",
    "src/$name/static/style.css": "body {\n  margin: 2rem;\n  font-family: sans-serif;\n}\n",
    "src/$name/static/logo.svg": """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <circle cx="32" cy="32" r="28" fill="#36c"/>
</svg>
""",
    "tests/test_$name.py": '''\
"""What a browser gets."""

import re

import pytest
from webob import Request

from assetzcml import load_zcml


@pytest.fixture
def application():
    return load_zcml("$name:configure.zcml").make_app()


def test_every_asset_that_the_page_asks_for_is_there_and_may_be_kept_for_ever(application):
    page = Request.blank("/").get_response(application)
    urls = re.findall('(?:href|src)="http://localhost(/[^"]+)"', page.text)
    assert len(urls) == 2
    for url in urls:
        response = Request.blank(url).get_response(application)
        assert response.status_code == 200
        assert "immutable" in response.headers["Cache-Control"]
''',
}

THEME = {
    "src/$name/__init__.py": '"""Replaces assets of $extends, which it does not change."""\n',
    "src/$name/configure.zcml": """\
<!-- $extends, with what $name adds and replaces. Load this file instead of that of $extends. -->
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <include package="$extends"/>
  <include file="static.zcml"/>
  <includeOverrides file="overrides.zcml"/>

</configure>
""",
    "src/$name/static.zcml": """\
<!-- What $name publishes itself. -->
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <staticView name="$view" path="static"/>

</configure>
""",
    "src/$name/overrides.zcml": """\
<!-- What $name replaces. -->
<configure xmlns="http://namespaces.assetzcml.org/assets">

$overrides
</configure>
""",
    "src/$name/static/$name.css": "body {\n  background: #fdf6e3;\n}\n",
    "tests/test_$name.py": '''\
"""What a browser gets of $extends with $name."""

import pytest
from webob import Request

from assetzcml import load_zcml


@pytest.fixture(scope="module")
def registry():
    return load_zcml("$name:configure.zcml")


def test_what_the_theme_publishes_is_served(registry):
    path = registry.static_path("$name:static/$name.css")
    assert Request.blank(path).get_response(registry.make_app()).status_code == 200
$tests''',
}

OVERRIDE = """\
  <asset to_override="$target" override_with="$source"/>
"""

NO_OVERRIDE = """\
  <!-- <asset to_override="$extends:static/logo.png" override_with="$name:brand/logo.png"/> -->
"""

OVERRIDE_TEST = """

def test_the_file_of_the_theme_is_served_in_the_place_of_the_original(registry):
    asset = registry.resolve("$target")
    assert asset.source_spec == "$source"
    response = Request.blank(registry.static_path("$target")).get_response(registry.make_app())
    assert (response.status_code, response.body) == (200, asset.read_bytes())
"""


def checked_name(name: str) -> str:
    """The name of a package to be, checked. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a name for a package: lower case letters, digits and single underscores were expected"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ValueError(f"{name!r} is a word of Python itself")
    if name in sys.stdlib_module_names or name == "tests":
        raise ValueError(
            f"{name!r} is the name of a module of Python's own" if name != "tests" else "the tests have that name"
        )
    return name


def app_files(name: str) -> dict[str, bytes]:
    """The files of an application, by their paths in the project."""
    texts = {
        "pyproject.toml": PYPROJECT,
        "setup.cfg": SETUP,
        **APP,
    }
    values = {
        "name": name,
        "description": f"The application {name}",
        "requires": "",
        "folders": "static/*, templates/*",
    }
    return _filled(texts, values)


def theme_files(name: str, registry: AssetRegistry, extends: str) -> dict[str, bytes]:
    """The files of a theme for the package *extends*, whose configuration *registry* has loaded."""
    chosen = _overridable(registry, extends)
    taken = {view.name for view in registry.snapshot.views}
    values = {"name": name, "extends": extends, "description": f"A theme for {extends}"}
    values |= {"requires": "", "view": name if name not in taken else f"{name}-static"}
    folders = ["static/*"]
    files: dict[str, bytes] = {}
    if chosen is not None:
        path = "/".join(("brand", *chosen.parts[1:])) if len(chosen.parts) > 1 else f"brand/{chosen.name}"
        files[f"src/{name}/{path}"] = registry.resolve(str(chosen)).read_bytes()
        folders.append(f"{os.path.dirname(path)}/*")
        values |= {"target": str(chosen), "source": f"{name}:{path}"}
    values["folders"] = ", ".join(folders)
    overrides, tests = (OVERRIDE, OVERRIDE_TEST) if chosen is not None else (NO_OVERRIDE, "")
    values |= {"overrides": Template(overrides).substitute(values), "tests": Template(tests).substitute(values)}
    return _filled({"pyproject.toml": PYPROJECT, "setup.cfg": SETUP, **THEME}, values) | files


def _filled(texts: Mapping[str, str], values: Mapping[str, str]) -> dict[str, bytes]:
    return {
        Template(path).substitute(values): Template(text).substitute(values).encode() for path, text in texts.items()
    }


class _Choice(NamedTuple):
    """An asset that may be overridden: the lower the better."""

    rank: int
    spec: AssetSpec


def _overridable(registry: AssetRegistry, extends: str) -> AssetSpec | None:
    """A file of the package that everybody may have: what the first override of a theme is about."""
    site = Site(registry)
    choices = []
    for view in site.local_views:
        if view.permission is not None or not _belongs(view, extends):
            continue
        for spec in site.view_files(view):
            ending = os.path.splitext(spec.name)[1]
            rank = PREFERRED.index(ending) if ending in PREFERRED else len(PREFERRED)
            choices.append(_Choice(rank, spec))
    return min(choices).spec if choices else None


def _belongs(view: StaticViewRecord, package: str) -> bool:
    return view.root.package == package or view.root.package.startswith(f"{package}.")


def write_project(directory: str, name: str, files: Mapping[str, bytes]) -> list[str]:
    """
    Write *files* into the new directory *name* of *directory*; returns their paths.

    Raises ConfigurationError when there is something already, or a package of this name that can be imported.
    """
    project = Path(directory, name)
    if os.path.lexists(project):
        raise ConfigurationError(f"{project} exists already; nothing has been written")
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    if found is not None and found.origin is not None:
        raise ConfigurationError(f"there is a package {name!r} already, {found.origin}; nothing has been written")
    try:
        for path, content in files.items():
            target = project / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{error.filename or project} cannot be written: {error.strerror}") from error
    return [os.path.normpath(os.path.join(directory, name, path)) for path in files]
