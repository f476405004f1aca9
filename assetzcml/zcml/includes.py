"""`include`, `includeOverrides` and `exclude`: which file is read next, and which is not.

zope.configuration's semantics, with identity by real path, through our reader and our checks.
"""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zope.configuration.config import GroupingContextDecorator
from zope.configuration.xmlconfig import IInclude

from assetzcml.errors import Origin, Problem, did_you_mean, shorten
from assetzcml.records.assets import AssetSpec
from assetzcml.records.loads import READ, Include, Pattern
from assetzcml.resolving.packages import Found, Packages
from assetzcml.zcml.attributes import Problems
from assetzcml.zcml.conflicts import Step, resolve
from assetzcml.zcml.load import Load, load_of
from assetzcml.zcml.machine import Machine, define_simple
from assetzcml.zcml.positions import Document, Tag
from assetzcml.zcml.reader import read_file
from assetzcml.zcml.walking import read_document

__all__ = ["OVERRIDES", "PLAIN", "define_includes", "include_file", "is_there", "overriding", "path_in"]

PLAIN, OVERRIDES = 1, 0  # what is included with overrides comes before what is included (docs/zcml.rst)


def define_includes(machine: Machine) -> None:
    """Make the three directives known, in every namespace."""
    for name, handler in (("include", include), ("includeOverrides", include_overrides), ("exclude", exclude)):
        define_simple(machine, name, IInclude, handler, "*")


def include(context: Any, file: str | None = None, package: Any = None, files: str | None = None) -> None:
    """Read other files: *file*, or all that match the pattern *files*, of *package* or beside this file."""
    _include_all(context, file, package, files, PLAIN)


def include_overrides(context: Any, file: str | None = None, package: Any = None, files: str | None = None) -> None:
    """The same, and what the files declare counts as declared here. Conflicts among them are resolved first."""
    with overriding(context):
        _include_all(context, file, package, files, OVERRIDES)


@contextmanager
def overriding(context: Any) -> Iterator[None]:
    """What is included meanwhile counts as declared in the file that *context* is in."""
    before = len(context.actions)
    yield
    load = load_of(context)
    resolution = resolve(context.actions[before:], load.graph)
    load.conflicts += resolution.problems
    load.losers += resolution.losers
    for action in resolution.winners:
        action["includepath"] = context.includepath
    context.actions[before:] = resolution.winners


def exclude(context: Any, file: str | None = None, package: Any = None, files: str | None = None) -> None:
    """Leave files out: an include that comes later and names one is skipped."""
    load, info = load_of(context), context.info
    for path in _paths(context, file, package, files):
        owner = package or context.package
        real = os.path.realpath(_or_in(path, owner))
        if real in load.files:
            load.warn(info, f"exclude comes too late: {path} has been read", "put it before the include", "A007")
        elif not _exists(real, owner) and not _exists(path, owner):
            load.warn(info, f"exclude excludes nothing: there is no file {path}", code="A007")
        else:
            load.excluded.setdefault(real, info)
            context.processFile(path)


def path_in(context: Any, package: Any, file: str) -> str:
    """The path of *file* in *package*, or where it was expected. Raises Problems for what is no package."""
    return _existing(_inside(context, package), file)


def is_there(path: str, package: Any) -> bool:
    """Would `include_file` find a file, on the disk or in the archive that *package* lies in?"""
    return _exists(_or_in(path, package), package)


def _include_all(context: Any, file: str | None, package: Any, files: str | None, kind: int) -> None:
    for number, path in enumerate(_paths(context, file, package, files)):
        include_file(context, path, package, kind, number)


def _paths(context: Any, file: str | None, package: Any, files: str | None) -> list[str]:
    """The absolute paths that the attributes name, a pattern's matches in the order of their lower case names."""
    info = context.info
    if file and files:
        raise Problems(Problem(info, f"{info.directive}: file and files exclude each other", "keep one of them"))
    inner = _inside(context, package)
    if not files:
        return [_existing(inner, file or "configure.zcml")]
    pattern = os.path.expandvars(os.path.expanduser(files.strip()))
    if os.path.isabs(pattern):
        place = info.attribute("files")
        raise Problems(
            Problem(
                place, f"{info.directive}: the pattern {shorten(files)} is absolute", "a relative pattern was expected"
            )
        )
    # Only the pattern is one: the directory may hold a '[' of its own.
    directory = inner.path("")
    found = glob.glob(os.path.normpath(os.path.join(glob.escape(directory), pattern)))
    found = found or _members_matching(inner.package, os.path.normpath(directory), pattern)
    matches = sorted(found, key=lambda path: (path.lower(), path))
    load_of(context).patterns.append(Pattern(info, os.path.normpath(directory), pattern))
    if not matches:
        load_of(context).warn(info, f"{info.directive}: no file matches {shorten(files)}", code="A005")
    return matches


def _inside(context: Any, package: Any) -> Any:
    inner = GroupingContextDecorator(context)
    if package is not None:
        if getattr(package, "__path__", None) is None:
            name = getattr(package, "__name__", package)
            place = context.info.attribute("package")
            raise Problems(Problem(place, f"{context.info.directive}: {str(name)!r} is not a package"))
        inner.package = package
        inner.basepath = None
    return inner


def _existing(context: Any, file: str) -> str:
    """The path of a file: in a namespace package the portion that has it, else where it was expected."""
    portions = [] if context.basepath else list(getattr(context.package, "__path__", ()))
    path = context.path(file)
    candidates = [path, *(os.path.normpath(os.path.join(portion, file)) for portion in portions)]
    return next((candidate for candidate in candidates if os.path.exists(_or_in(candidate))), path)


def _or_in(path: str, package: Any = None) -> str:
    """*path*; where there is no such file and there is one with '.in' behind its name, that."""
    return f"{path}.in" if not _exists(path, package) and _exists(f"{path}.in", package) else path


def _exists(path: str, package: Any = None) -> bool:
    """Is there such a file, or one of *package* that would be it if the package lay in a directory?"""
    return os.path.exists(path) or _member(package, path) is not None


def include_file(context: Any, path: str, package: Any = None, kind: int = PLAIN, number: int = 0) -> None:
    """Read one file in *context*, unless it is excluded or was read before. Raises Problems when it cannot be."""
    load, info = load_of(context), context.info
    place = info if isinstance(info, Origin) else None
    if not path.endswith((".zcml", ".zcml.in")):
        raise Problems(
            Problem(
                _at(info) or Origin(path), f"{_word(info)}: {path} is not named *.zcml", "an include opens nothing else"
            )
        )
    path = _or_in(path, package if package is not None else context.package)
    real = os.path.realpath(path)
    if context.includepath:
        if real in load.reading:
            message = f"{_word(info)} closes a cycle: {path} is being read"
            load.warn(place, message, "the include is skipped; remove it", "A006")
            load.includes.append(Include(info, path, real, "being read"))
            return
        if real not in load.excluded:
            load.graph.add(context.includepath[-1], real)
        outcome = "excluded" if real in load.excluded else "read before" if real in load.files else READ
        load.includes.append(Include(info, path, real, outcome))
    if real in load.excluded:
        load.excluded_used.add(real)
        return
    if real in load.files:
        if kind == OVERRIDES:
            first = load.files[real].included_by
            also = [("first read by", first)] if first is not None else []
            message = f"includeOverrides: {path} has been read before, so nothing in it overrides"
            raise Problems(Problem(_at(info), message, "include it in one place only", also=also))
        return
    if not context.processFile(path):
        return  # another package has had it read by zope.configuration's own `xmlconfig`
    _check_limits(load, info, path)
    document = Document(path, _bytes(context, path, package), place)
    load.files[real] = document
    inner = GroupingContextDecorator(context)
    inner.basepath = os.path.dirname(path)
    inner.includepath = (*context.includepath, real)
    inner.assetzcml_step = Step(context.assetzcml_step, kind, info.ordinal, number) if isinstance(info, Tag) else None
    if package is not None:
        inner.package = package
    read_document(inner, document, real)


def _check_limits(load: Load, info: Any, path: str) -> None:
    limits = load.limits
    # Neither the file that nobody includes nor those of ours which every load reads first count.
    for count, limit, words, name in (
        (len(load.reading) - 1, limits.include_depth, "includes are nested more than {} deep", "include_depth"),
        (len(load.files) - load.directive_files, limits.files, "more than {} files are read", "files"),
    ):
        if count >= limit:
            raise Problems(
                Problem(info or None, f"{words.format(limit)}: {path}", f"raise Limits.{name} if this is meant")
            )


def _bytes(context: Any, path: str, package: Any) -> bytes:
    """The bytes of a file, from the disk or from the archive its package lies in."""
    info = context.info
    try:
        return read_file(path, load_of(context).limits)
    except (FileNotFoundError, NotADirectoryError):
        owner = package if package is not None else context.package
        member = _member(owner, path)
        if member is not None and member.path is not None:
            return read_file(member.path, load_of(context).limits)
        if member is not None:
            with member.open() as stream:
                return stream.read(load_of(context).limits.file_bytes + 1)
        message, hint = f"there is no file {path}", _neighbours(owner, path)
    except (OSError, ValueError) as error:
        message, hint = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", ""
    raise Problems(Problem(_at(info) or Origin(path), f"{_word(info)}: {message}", hint))


def _member(package: Any, path: str) -> Found | None:
    """The file of *package* whose path this would be if the package lay in one directory; None when it has none."""
    return next((found for found in _standing(package, path) if not found.directory), None)


def _standing(package: Any, path: str) -> list[Found]:
    """What stands in the portions of *package* at the place that *path*, below any of them, means."""
    for portion in getattr(package, "__path__", ()):
        below = os.path.relpath(path, os.path.abspath(portion))
        parts = () if below == os.curdir else tuple(below.split(os.sep))
        if os.pardir not in parts[:1]:
            return list(Packages().find(AssetSpec(package.__name__, parts)))
    return []


def _members_matching(package: Any, directory: str, pattern: str) -> list[str]:
    """What `glob` would find below *directory* if the package lay in one directory."""
    matches = [directory]
    for segment in os.path.normpath(pattern).split(os.sep):
        matches = [
            os.path.join(match, name)
            for match in matches
            for name in fnmatch.filter(_names_in(package, match), segment)
            if segment.startswith(".") or not name.startswith(".")
        ]
    return matches


def _names_in(package: Any, directory: str) -> list[str]:
    packages = Packages()
    return [name for found in _standing(package, directory) if found.directory for name in packages.names(found)]


def _neighbours(package: Any, path: str) -> str:
    directory, wanted = os.path.split(path)
    try:
        names = os.listdir(directory)
    except OSError:
        names = _names_in(package, directory)
    return did_you_mean(wanted, [name for name in names if name.endswith(".zcml")])


def _at(info: Any) -> Origin | None:
    """The attribute that named a file: `file`, else `files`, else `package`, else the tag."""
    if not isinstance(info, Tag):
        return info if isinstance(info, Origin) else None
    for name in ("file", "files", "package"):
        place = info.attribute(name)
        if place is not info:
            return place
    return info


def _word(info: Any) -> str:
    return info.directive if isinstance(info, Tag) else "load_zcml"
