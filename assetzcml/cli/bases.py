"""
The package that a theme extends, as far as its project says: an installed one, or one whose project lies here.

A project that is not installed yet is read, not built: its `setup.cfg` or `pyproject.toml` names it, and its packages are
looked for in `src` and beside it.
"""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any, NamedTuple

from assetzcml.cli.importing import behind_the_standard_library
from assetzcml.errors import ConfigurationError

__all__ = ["Base", "installed_base", "named_base", "project_base"]

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
START = "configure.zcml"


class Base(NamedTuple):
    """A package, and what its project says of it."""

    package: str
    distribution: str | None = None  # None: not known, and a guess could be a stranger's
    groups: tuple[str, ...] = ()  # entry point groups that it names itself in
    requirements: tuple[str, ...] = ()
    sources: str | None = None  # the directory that makes it importable; None for what is importable as it is
    project: str | None = None  # the directory that `pip install` takes, of one that has sources

    @property
    def plugin_group(self) -> str:
        """
        The entry point group by which themes of it name themselves.

        A theme of a theme joins the group that its base is in: one `site.zcml` finds both.
        """
        joined = (group for group in self.groups if group.endswith(".plugins"))
        return next(joined, f"{self.package.partition('.')[0]}.plugins")

    def required(self) -> set[str]:
        """What it requires, in lower case: distributions, and the extras of those that are ours."""
        names: set[str] = set()
        for text in self.requirements:
            found = _REQUIREMENT.match(text)
            if found is None or "extra ==" in text:
                continue
            name = found[1].lower()
            names.add(name)
            if name == "assetzcml":
                names |= {extra.strip() for extra in (found[2] or "").split(",")}
        return names

    @contextmanager
    def importable(self) -> Iterator[None]:
        """Meanwhile it can be imported."""
        if self.sources is None:
            yield
            return
        sys.path.insert(behind_the_standard_library(), self.sources)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(self.sources)


def named_base(text: str) -> Base:
    """What `--extends` names: a package, or the directory of a project. Raises ConfigurationError."""
    if os.sep in text or text in (os.curdir, os.pardir):
        return project_base(text)
    if not _is_importable(text) and _is_project(text):
        return project_base(text)
    return installed_base(text)


def installed_base(package: str) -> Base:
    """A package that can be imported, or nothing but its name."""
    groups = tuple(entry.group for entry in metadata.entry_points(value=package))
    names = metadata.packages_distributions().get(package.partition(".")[0])
    if not names:
        return Base(package, groups=groups)
    return Base(package, names[0], groups, tuple(metadata.requires(names[0]) or ()))


def project_base(path: str) -> Base:
    """The package of the project in a directory, installed or not; also by the package's own directory."""
    directory = os.path.abspath(path)
    if not os.path.isdir(directory):
        raise ConfigurationError(
            f"there is no directory {path}; --extends names a package, or the directory of its project"
        )
    if os.path.isfile(os.path.join(directory, START)) and os.path.isfile(os.path.join(directory, "__init__.py")):
        sources, package = os.path.split(directory)
        above = os.path.dirname(sources)
        project = next((each for each in (sources, above) if _is_project(each)), None)
        return Base(package, sources=sources) if project is None else _told(project, package, sources)
    found = [(sources, name) for sources in (os.path.join(directory, "src"), directory) for name in _packages(sources)]
    name = _told(directory, "", "").distribution or ""
    chosen = [each for each in found if each[1] == re.sub(r"[-.]", "_", name).lower()] or found
    if len(chosen) != 1:
        several = f"; name one of them: {', '.join(os.path.join(*each) for each in chosen)}" if chosen else ""
        raise ConfigurationError(f"{path} holds {'several packages' if chosen else 'no package'} with {START}{several}")
    ((sources, package),) = chosen
    return _told(directory, package, sources)


def _packages(sources: str) -> list[str]:
    try:
        names = sorted(os.listdir(sources))
    except OSError:
        return []
    return [name for name in names if name.isidentifier() and os.path.isfile(os.path.join(sources, name, START))]


def _is_project(directory: str) -> bool:
    return any(os.path.isfile(os.path.join(directory, name)) for name in PROJECT_FILES)


def _is_importable(package: str) -> bool:
    """Is there a package, which is no directory alone?"""
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None


def _told(directory: str, package: str, sources: str) -> Base:
    """What the files of a project say."""
    name, groups, requirements = _of_setup_cfg(directory, package)
    project = _toml(os.path.join(directory, "pyproject.toml")).get("project", {})
    for group, entries in project.get("entry-points", {}).items():
        groups += [group] if package in entries.values() else []
    return Base(
        package,
        project.get("name") or name or None,
        tuple(groups),
        (*requirements, *project.get("dependencies", ())),
        sources,
        directory,
    )


def _of_setup_cfg(directory: str, package: str) -> tuple[str, list[str], list[str]]:
    """The name of a project, the groups of entry points that *package* is in, and the project's requirements."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # groups are told by case
    try:
        parser.read(os.path.join(directory, "setup.cfg"), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return "", [], []
    entries = parser["options.entry_points"] if parser.has_section("options.entry_points") else {}
    groups = [
        group
        for group, text in entries.items()
        if any(line.partition("=")[2].strip() == package for line in _lines(text))
    ]
    requirements = _lines(parser.get("options", "install_requires", fallback=""))
    return parser.get("metadata", "name", fallback="").strip(), groups, requirements


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _toml(path: str) -> dict[str, Any]:
    """A TOML file; nothing of it on Python 3.10, which reads none, and where there is none."""
    try:
        with open(path, "rb") as stream:
            read: dict[str, Any] = importlib.import_module("tomllib").load(stream)
    except (OSError, ValueError, ImportError):
        return {}
    return read
