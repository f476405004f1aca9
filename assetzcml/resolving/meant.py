"""What is meant by a dotted name, or by the name of a file, that leads nowhere: as a text that can be pasted."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType

from assetzcml.errors import nearest
from assetzcml.resolving.packages import nearest_package, project_of

__all__ = ["file_meant", "names_in_package", "object_meant", "start_meant"]

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def object_meant(text: str, package: str = "", colon: bool = False) -> str:
    """
    A hint for a dotted name that nothing has; '' where nothing is near. *package* is what leading dots are relative to.
    With *colon* the last step is told behind one, as commands write it.

    Nothing is imported for it: modules that are not imported yet are known by their names only.

    >>> object_meant("email.message:Message"), object_meant("email.mesage.Message")
    ("write 'email.message.Message'", "did you mean 'email.message.Message'?")
    """
    name = text.strip()
    package_name, _, file = name.partition(":")
    if file.endswith(".zcml"):
        return f'write package="{package_name}" file="{file}"'
    if "/" in name:
        above, _, last = name.strip("/").rpartition("/")
        dotted = above.replace("/", ".")
        return f'write package="{dotted}" file="{last}"' if last.endswith(".zcml") else f"write {f'{dotted}.{last}'!r}"
    plain = re.sub(r"\(.*\)$", "", name.replace(":", "."))
    bare = plain.lstrip(".")
    dots = plain[: len(plain) - len(bare)]
    if "-" in name:
        return nearest_package(name)
    if not _DOTTED.fullmatch(bare):
        return ""
    if plain != name:
        return f"write {plain!r}"
    steps = package.split(".") if dots and package else []
    prefix = ".".join(steps[: len(steps) - len(dots) + 1])
    whole = f"{prefix}.{bare}" if prefix else bare
    module, missing, rest = _reached(whole)
    if module is None:
        if package and missing in _names(sys.modules[package]):
            return f"write {'.' + bare!r}"
        first, _, last = whole.rpartition(".")
        return nearest_package(first, f":{last}") if colon and first else nearest_package(whole)
    near = nearest(missing, _names(module))
    if not near or near == missing:  # it is there; what is wrong is in it
        return ""
    found = ".".join([module.__name__, near, *rest])
    found = dots + found[len(prefix) + 1 :] if prefix else found
    return f"did you mean {':'.join(found.rsplit('.', 1)) if colon else found!r}?"


def _reached(name: str) -> tuple[ModuleType | None, str, list[str]]:
    """The last module of a dotted name that there is, the step that leads nowhere from it, and the steps behind."""
    steps = name.split(".")
    for length in range(len(steps) - 1, 0, -1):
        module = sys.modules.get(".".join(steps[:length]))
        if isinstance(module, ModuleType):
            return module, steps[length], steps[length + 1 :]
    return None, steps[0], steps[1:]


def _names(module: ModuleType) -> Iterable[str]:
    """What may stand behind the name of a module: what it defines, and its own modules."""
    yield from (name for name in vars(module) if not name.startswith("_"))
    yield from (each.name for each in pkgutil.iter_modules(getattr(module, "__path__", [])))


def file_meant(
    wanted: str, names: Iterable[str], written: Callable[[str], str] | None = None, *, unnamed: bool = False
) -> str:
    """
    A hint for a ZCML file that is not among *names*; '' where nothing is near. What is found is told as *written* says.

    *unnamed*: nobody wrote its name, so the only one that is there, or any of a few, may be meant.
    """
    write = written or (lambda name: name)
    files = sorted(name for name in names if name.endswith(".zcml"))
    only = files[0] if unnamed and len(files) == 1 else ""
    found = f"{wanted}.zcml" if f"{wanted}.zcml" in files else only or _near(wanted, files)
    if found:
        return f"did you mean {write(found)!r}?"
    return f"there are {', '.join(repr(write(name)) for name in files)}" if unnamed and 0 < len(files) <= FEW else ""


def _near(wanted: str, files: Sequence[str]) -> str:
    """The nearest file; what all have in common, the extension, makes none alike."""
    near = nearest(wanted.removesuffix(".zcml"), [name.removesuffix(".zcml") for name in files])
    return f"{near}.zcml" if near else ""


FEW = 5  # names that are read at a glance


def start_meant(spec: str) -> str:
    """
    A hint for what cannot be the file to start with: a directory, a package alone, a URL, a file of another kind.

    '' where nothing else is near.
    """
    if "://" in spec:
        return _in_directory(os.curdir, "") or "the path of a file, or 'package:file.zcml', was expected"
    name, colon, file = spec.partition(":")
    if not colon and not _is_package(name):
        if os.path.isdir(spec):
            return _in_directory(spec, "") or "write the path of a *.zcml file in it"
        directory, wanted = os.path.split(spec)
        return _in_directory(directory or os.curdir, wanted)
    files = names_in_package(name)
    if files is None:
        return project_of(name) or nearest_package(name)
    return (
        file_meant(file or "configure.zcml", files, lambda found: f"{name}:{found}", unnamed=not file) if files else ""
    )


def _in_directory(directory: str, wanted: str) -> str:
    try:
        names = os.listdir(directory)
    except OSError:
        return ""
    place = "" if directory == os.curdir else directory.removeprefix("./")
    return file_meant(wanted, names, lambda name: os.path.join(place, name), unnamed=not wanted.endswith(".zcml"))


def _is_package(name: str) -> bool:
    """Is there a package of this name, which is no directory alone?"""
    return bool(_DOTTED.fullmatch(name)) and names_in_package(name) is not None


def names_in_package(name: str) -> list[str] | None:
    """The names in the directory of a package; None where there is none, or only a directory of its name."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if found is None or not found.origin or found.submodule_search_locations is None:
        return None
    names: list[str] = []
    for place in found.submodule_search_locations:
        try:
            names += os.listdir(place)
        except OSError:
            continue
    return names
