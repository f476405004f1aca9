"""Where packages keep their files, found by importlib.resources. Nothing here knows overrides."""

from __future__ import annotations

import importlib
import importlib.util
import os
import stat
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from assetzcml.late import pkgutil, resources
from assetzcml.records.assets import AssetSpec
from assetzcml.registry import Part
from assetzcml.resolving.files import open_file
from assetzcml.resolving.importing import foreign_code
from assetzcml.resolving.spelling import stands_as_spelled

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

from assetzcml.errors import near_words, nearest

__all__ = ["Found", "Packages", "nearest_package", "original_files", "project_of"]

MEMBER_AT = Part("assetzcml.resolving.archives", "member_at")  # opened for what is no directory


class Found(NamedTuple):
    """What stands at a place: a real path with its `stat`, or a member of an archive."""

    spec: AssetSpec
    directory: bool
    path: str | None
    status: os.stat_result | None
    member: Traversable | None

    def open(self) -> BinaryIO:
        """A binary stream of the bytes."""
        if self.path is not None:
            return open_file(self.path)
        assert self.member is not None
        stream: Any = self.member.open("rb")
        found: BinaryIO = stream
        return found


class Packages:
    """Where packages keep their files. What was found is remembered for the life of this object."""

    def __init__(self) -> None:
        self._places: dict[str, list[str] | tuple[str | Traversable, ...]] = {}

    def directories(self, package: str) -> list[str]:
        """The real directories of *package*, several for a namespace package; [] when it has none (in a zip)."""
        place = self._place(package)
        return place if isinstance(place, list) else [portion for portion in place if isinstance(portion, str)]

    def portions(self, package: str) -> list[str] | tuple[str | Traversable, ...]:
        """Where *package* keeps its files: the real directories, and what stands for the ones in an archive."""
        return self._place(package)

    def find(self, spec: AssetSpec) -> Iterator[Found]:
        """What stands at *spec*: nothing, or one thing a portion of the package. Raises ImportError for the package."""
        for portion in self._place(spec.package):
            if isinstance(portion, str):
                path = "/".join((portion, *spec.parts))
                try:
                    status = os.stat(path)
                except (OSError, ValueError):  # ValueError: a character that no file name can have
                    continue
                kept = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)  # a FIFO would be waited for
                if kept and stands_as_spelled(portion, spec.parts):
                    yield Found(spec, stat.S_ISDIR(status.st_mode), path, status, None)
                continue
            member = portion.joinpath(*spec.parts) if spec.parts else portion
            if member.is_file():
                yield Found(spec, False, None, None, member)
            elif member.is_dir():
                yield Found(spec, True, None, None, member)

    def names(self, found: Found) -> list[str]:
        """The names in a directory that was found; [] when it cannot be read."""
        try:
            if found.path is not None:
                return os.listdir(found.path)
            assert found.member is not None
            return [entry.name for entry in found.member.iterdir()]
        except OSError:
            return []

    def _place(self, package: str) -> list[str] | tuple[str | Traversable, ...]:
        if not package:
            return [""]
        try:
            return self._places[package]
        except KeyError:
            return self._places.setdefault(package, _place_of(package))


def _place_of(package: str) -> list[str] | tuple[str | Traversable, ...]:
    """The real directories of a package, as a list; a tuple when a portion of it is in an archive."""
    module = _found(package)
    if getattr(module, "__path__", None) is None:
        raise ModuleNotFoundError(f"{package!r} is a module, not a package; it has no assets", name=package)
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    if type(loader) is SourceFileLoader:  # the directory that importlib.resources would name, without opening that
        return [os.path.abspath(os.path.dirname(loader.path))]
    portions = [os.path.abspath(entry) for entry in module.__path__]
    try:
        files = original_files(module)
    except (OSError, ValueError, AttributeError, TypeError):
        # Before Python 3.12.5 there is no reader of a namespace package in an archive, and before 3.12 no loader of one
        # that is not imported.
        files = None
    if isinstance(files, Path):
        return [os.path.abspath(files)]
    if portions and all(os.path.isdir(entry) for entry in portions):
        return portions
    places: list[Any] = [entry if os.path.isdir(entry) else MEMBER_AT.find()(entry) for entry in portions]
    known: tuple[str | Traversable, ...] = tuple(place for place in places if place is not None)
    return known or ((files,) if files is not None else ())


def _found(package: str) -> ModuleType:
    """
    The package, found and not imported: none of its code runs. Of a subpackage the packages above are imported.

    One that is imported already is the module itself, which may have changed its own `__path__`.
    """
    known = sys.modules.get(package)
    if known is not None and getattr(known, "__spec__", None) is not None:
        return known
    if known is not None or package == "__main__":
        return importlib.import_module(package)
    with foreign_code():
        spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    stand_in = ModuleType(package)
    stand_in.__spec__ = spec
    if spec.submodule_search_locations is not None:
        stand_in.__path__ = spec.submodule_search_locations
    return stand_in


def original_files(module: ModuleType) -> Traversable:
    """
    What a package itself keeps: `importlib.resources.files`, also while that shows overrides to everybody else
    (`assetzcml.resolving.package_readers`). Overrides are looked for in originals.
    """
    files = resources.files(module)
    return getattr(files, "assetzcml_original", files)


TYPED = 0.8  # likeness of a word with two letters exchanged


def nearest_package(name: str, rest: str = "") -> str:
    """A hint for a package that there is none of: the one that is named nearly so, with what stood behind it; '' for none."""
    if "-" in name:
        return f"a package is named {name.replace('-', '_')!r}; the name of a distribution is not that of a package"
    first, dot, further = name.partition(".")
    near = _nearest(first, tuple(sys.path))
    return f"did you mean {near + dot + further + rest!r}?" if near else ""


@lru_cache(maxsize=256)  # names that are not found, of which one mistake may be in a thousand places
def _nearest(name: str, path: tuple[str, ...]) -> str:
    known = {module.name for module in pkgutil.iter_modules(list(path)) if not module.name.startswith("_")}
    if name in known or name in sys.modules:
        return ""
    own = nearest(name, known - sys.stdlib_module_names)
    return own or next(iter(near_words(name, sorted(known), TYPED)), "")  # hardly anybody's assets are in Python's own


def project_of(package: str) -> str:
    """
    A hint for a package whose project lies here and is not installed; '' where there is none.

    That is a directory of its name that holds `setup.cfg` or `pyproject.toml`: Python takes it for a package. The command
    may have been called in the project, or in the package itself.
    """
    name = package.partition(".")[0]
    if not name:
        return ""
    for directory in (name, name.replace("_", "-")):
        if _is_project(directory):
            return f"the project is not installed; pip install -e ./{directory}"
    if _is_project(os.curdir) and os.path.isfile(os.path.join("src", name, "__init__.py")):
        return "the project is not installed; pip install -e ."
    if os.path.isfile("__init__.py") and os.path.basename(os.getcwd()) == name:
        return f"{name!r} is the working directory, and is importable in the one above; cd .."
    return ""


def _is_project(directory: str) -> bool:
    return any(os.path.isfile(os.path.join(directory, file)) for file in ("pyproject.toml", "setup.cfg", "setup.py"))
