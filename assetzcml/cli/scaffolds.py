"""
What `assetzcml init` writes: a package that installs, runs and passes its test at once, and is changed from there.

The files lie in `templates`, with `$name` and the like in them. The package lies in `src`, so that the project's
directory, which has its name, is not taken for it by a Python that stands beside it.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import keyword
import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from assetzcml.assembly import AssetRegistry
from assetzcml.cli.bases import Base, installed_base
from assetzcml.errors import ConfigurationError
from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.reports.survey import Survey

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["FRAMEWORKS", "SERVED", "app_files", "check_free", "checked_name", "theme_files", "write_project"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What a theme shows its overriding with, when it can choose.
PREFERRED = (".css", ".svg", ".png", ".js")

OVERRIDE = """\
  <asset to_override="$target" override_with="$source"/>
"""

NO_OVERRIDE = """\
  <!-- <asset to_override="$extends:static/logo.png" override_with="$name:brand/logo.png"/> -->
"""

VISIBLE = """\

/* The first change of $name, to be seen at once. Change what you like; what is above is as it was. */
html { border-top: 0.5rem solid #7a3fa0; }
"""

OVERRIDE_TEST = """

def test_the_file_of_the_theme_is_served_in_the_place_of_the_original(registry):
    asset = registry.resolve("$target")
    assert asset.source_spec == "$source"
    response = Request.blank(registry.static_path("$target")).get_response(registry.make_app())
    assert (response.status_code, response.body) == (200, asset.read_bytes())
"""

ENTRY_POINT = """
# Whoever reads this group with includePlugins has the theme as soon as it is installed.
[options.entry_points]
$group =
    $name = $name
"""

EXTRAS = {
    "app": """\
serve =
    assetzcml[serve,reload]
asgi =
    a2wsgi
    uvicorn
test =
    pytest
""",
    "theme": """\
test =
    pytest
""",
    "flask": """\
serve =
    gunicorn
test =
    pytest
""",
    "django": """\
serve =
    gunicorn
test =
    pytest
""",
    "starlette": """\
test =
    httpx
    pytest
""",
    "pyramid": """\
test =
    pytest
""",
}

# What each framework's ordinary project requires besides assetzcml.
FRAMEWORKS = {
    "flask": "\n    assetzcml[flask]",
    "django": "\n    assetzcml[django]",
    "starlette": "\n    assetzcml[asgi,jinja2,starlette]\n    uvicorn",
    # Pyramid 2.1 itself imports pkg_resources.
    "pyramid": "\n    assetzcml[pyramid]\n    pyramid_jinja2\n    setuptools<82\n    waitress",
}


# How the ordinary project of each is served in development: in the README of the project, and of its themes.
SERVED = {
    "flask": "flask --app {name} run --debug",
    "django": "python {name}/manage.py runserver",
    "starlette": "uvicorn {name}.main:app --reload",
    "pyramid": "pserve {name}/development.ini --reload",
}


def checked_name(name: str) -> str:
    """The name of a package to be, checked. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a name for a package: lower case letters, digits and single underscores were expected"
            f"{_name_meant(name)}"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ValueError(f"{name!r} is a word of Python itself")
    if name == "tests":
        raise ValueError("the tests have that name")
    if name in sys.stdlib_module_names:
        raise ValueError(f"{name!r} is the name of a module of Python's own; did you mean '{name}_app'?")
    return name


def _name_meant(name: str) -> str:
    plain = re.sub("_+", "_", re.sub("[^a-z0-9]", "_", name.lower())).strip("_")
    return f"; did you mean {plain!r}?" if _NAME.fullmatch(plain) else ""


def app_files(name: str, framework: str | None = None) -> dict[str, bytes]:
    """The files of an application, by their paths in the project: our own, or one of FRAMEWORKS."""
    values = {"name": name, "description": f"The application {name}", "entry_points": ""}
    values |= {"group": installed_base(name).plugin_group, "extras": EXTRAS[framework or "app"]}
    if framework is None:
        return _filled(("common", "assets", "app"), {**values, "requires": ""})
    values |= {"requires": FRAMEWORKS[framework], "entry_points": _framework_entry_points(name, framework)}
    files = _filled(("common", "assets", "framework", framework), values)
    if framework != "django":
        return files
    # Django makes versions by itself, and its static files lie in an application, below a folder of its name.
    del files[f"src/{name}/busters.zcml"]
    plain, moved = f"src/{name}/static/", f"src/{name}/pages/static/pages/"
    return {moved + path.removeprefix(plain) if path.startswith(plain) else path: text for path, text in files.items()}


def _framework_entry_points(name: str, framework: str) -> str:
    """PasteDeploy finds an application by its distribution: `use = egg:NAME`."""
    if framework != "pyramid":
        return ""
    return f"\n[options.entry_points]\npaste.app_factory =\n    main = {name}:main\n"


def theme_files(name: str, registry: AssetRegistry, extends: str | Base, directory: str = ".") -> dict[str, bytes]:
    """The files of a theme, to be written into *directory*, for the package *extends*, which *registry* has loaded."""
    base = installed_base(extends) if isinstance(extends, str) else extends
    package = base.package
    chosen = _overridable(registry, package)
    taken = {view.name for view in registry.snapshot.views}
    values = {"name": name, "extends": package, "description": f"A theme for {package}", "extras": EXTRAS["theme"]}
    values |= {"view": name if name not in taken else f"{name}-static", "requires": _requirement(base)}
    values["entry_points"] = Template(ENTRY_POINT).substitute(group=base.plugin_group, name=name)
    values["served"] = _how_served(name, base)
    # Of a project that is not installed: its name alone would be looked for among strangers' distributions.
    values["with_base"] = f"--editable {_from(directory, base.project)} " if base.project else ""
    files: dict[str, bytes] = {}
    if chosen is not None:
        path = "/".join(("brand", *chosen.parts[1:])) if len(chosen.parts) > 1 else f"brand/{chosen.name}"
        files[f"src/{name}/{path}"] = _begun(name, chosen.name, registry.resolve(str(chosen)).read_bytes())
        values |= {"target": str(chosen), "source": f"{name}:{path}"}
    overrides, tests = (OVERRIDE, OVERRIDE_TEST) if chosen is not None else (NO_OVERRIDE, "")
    values |= {"overrides": Template(overrides).substitute(values), "tests": Template(tests).substitute(values)}
    return _filled(("common", "theme"), values) | files


def _begun(name: str, file: str, content: bytes) -> bytes:
    """What a theme's file begins as: the original, and of a stylesheet a line more, so that the theme is seen at once."""
    if not file.endswith(".css") or b"\0" in content:
        return content
    line = Template(VISIBLE).substitute(name=name).encode()
    return content.rstrip(b"\n") + b"\n" + line if content.strip() else line


def _from(directory: str, project: str) -> str:
    """The directory of a project, as it is written in *directory*."""
    path = os.path.relpath(project, directory)
    return shlex.quote(path if path.startswith(os.curdir) else os.path.join(os.curdir, path))


def _requirement(base: Base) -> str:
    """What `install_requires` says of what is extended. A name that was only guessed could be a stranger's."""
    if base.distribution:
        return f"\n    {base.distribution}"
    return f"\n    # the distribution of {base.package}, which is not installed"


def _how_served(name: str, base: Base) -> str:
    """How the theme is looked at: what it extends is served as ever, where that asks for its themes."""
    extends = base.package
    if not _has_site(extends):
        return (
            f"Serve the theme's configuration in the place of that of {extends}::\n\n"
            f"    assetzcml serve {name}:configure.zcml --reload"
        )
    required = base.required()
    framework = next((each for each in SERVED if each in required), None)
    if framework is None:
        return (
            f"It names itself in the group {base.plugin_group}, so the site of {extends} has it at once::\n\n"
            f"    assetzcml serve {extends}:site.zcml --reload"
        )
    return (
        f"It names itself in the group {base.plugin_group}, so {extends} has it at once. It is served as ever, in the\n"
        f"directory that holds the project {extends}::\n\n"
        f"    {SERVED[framework].format(name=extends)}"
    )


def _has_site(package: str) -> bool:
    try:
        return importlib.resources.files(package).joinpath("site.zcml").is_file()
    except (ImportError, TypeError):
        return False


def _filled(folders: Iterable[str], values: Mapping[str, str]) -> dict[str, bytes]:
    """The files of some folders of `templates`: NAME in a path, and `$name` and the like in a text, are filled in."""
    values = {**values, "underline": "=" * len(values["name"])}
    texts: dict[str, str] = {}
    for folder in folders:
        texts |= _texts(importlib.resources.files(__package__).joinpath("templates", folder))
    return {
        path.replace("NAME", values["name"]): Template(text).substitute(values).rstrip("\n").encode() + b"\n"
        for path, text in sorted(texts.items())
    }


def _texts(folder: Traversable, prefix: str = "") -> dict[str, str]:
    """The files below a folder of `templates`. Each has the suffix .in there, so that no tool takes it for its own."""
    found: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found |= _texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".in"):
            name = entry.name.removesuffix(".in")
            found[prefix + (".gitignore" if name == "gitignore" else name)] = entry.read_text(encoding="utf-8")
    return found


class _Choice(NamedTuple):
    """An asset that may be overridden: the lower the better."""

    rank: int
    spec: AssetSpec


def _overridable(registry: AssetRegistry, extends: str) -> AssetSpec | None:
    """A file of the package that everybody may have: what the first override of a theme is about."""
    site = Survey(registry)
    choices = []
    for view in site.local_views:
        if view.protected or not _belongs(view, extends):
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
    check_free(directory, name)
    project = Path(directory, name)
    try:
        for path, content in files.items():
            target = project / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{error.filename or project} cannot be written: {error.strerror}") from error
    return [os.path.normpath(os.path.join(directory, name, path)) for path in files]


def check_free(directory: str, name: str) -> None:
    """Raises ConfigurationError when *directory* has a *name* already, or when there is a package of this name."""
    project = Path(directory, name)
    if os.path.lexists(project):
        raise ConfigurationError(f"{project} exists already; nothing has been written")
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    if found is not None and found.origin is not None:
        raise ConfigurationError(f"there is a package {name!r} already, {found.origin}; nothing has been written")
