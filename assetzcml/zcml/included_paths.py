"""Which files an include names, where they are, and what is meant by one that is not there."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
import sys
from typing import Any

from zope.configuration.config import GroupingContextDecorator

from assetzcml.errors import Origin, Problem, nearest, shorten
from assetzcml.records.assets import AssetSpec
from assetzcml.records.loads import FilesPattern
from assetzcml.resolving.meant import file_meant, start_meant
from assetzcml.resolving.packages import Found, Packages, project_of
from assetzcml.zcml.attributes import Problems
from assetzcml.zcml.load import Load, load_of
from assetzcml.zcml.names import INCLUDES
from assetzcml.zcml.positions import Tag

__all__ = [
    "beginning",
    "directive_said",
    "file_near",
    "is_file_of",
    "is_plain_file",
    "is_there",
    "member_at_path",
    "or_in",
    "other_kind_meant",
    "path_in",
    "paths_named",
    "said_by_text",
    "where_named",
]


def path_in(context: Any, package: Any, file: str) -> str:
    """The path of *file* in *package*, or where it was expected. Raises Problems for what is no package."""
    return _existing(_inside(context, package), file)


def is_there(path: str, package: Any) -> bool:
    """Would `include_file` find a file, on the disk or in the archive that *package* lies in?"""
    return is_file_of(or_in(path, package), package)


def paths_named(context: Any, file: str | None, package: Any, files: str | None) -> list[str]:
    """The absolute paths that the attributes name, a pattern's matches in the order of their lower case names."""
    info = context.info
    if file and files:
        raise Problems(
            Problem(info, f"{info.directive}: file and files exclude each other", "keep one of them", code="A112")
        )
    inner = _inside(context, package)
    if not files:
        return [_existing(inner, file or "configure.zcml")]
    pattern = os.path.expandvars(os.path.expanduser(files.strip()))
    if os.path.isabs(pattern):
        place = info.attribute("files")
        raise Problems(
            Problem(
                place,
                f"{info.directive}: the pattern {shorten(files)} is absolute",
                "a relative pattern was expected",
                code="A112",
            )
        )
    # Only the pattern is one: the directory may hold a '[' of its own.
    directory = inner.path("")
    found = glob.glob(os.path.normpath(os.path.join(glob.escape(directory), pattern)))
    found = found or _members_matching(inner.package, os.path.normpath(directory), pattern)
    matches = sorted(found, key=lambda path: (path.lower(), path))
    load_of(context).patterns.append(FilesPattern(info, os.path.normpath(directory), pattern))
    if not matches:
        hint = _pattern_meant(directory, files.strip())
        load_of(context).warn(info, f"{info.directive}: no file matches {shorten(files)}", hint, "A005")
    return matches


def _pattern_meant(directory: str, pattern: str) -> str:
    """A pattern near to one that matches nothing: with the directory that is there, or with the extension."""
    below, _, last = pattern.rpartition("/")
    if below and not os.path.isdir(os.path.join(directory, below)):
        near = nearest(below, [name for name in _listed(directory) if os.path.isdir(os.path.join(directory, name))])
        return f"did you mean {f'{near}/{last}'!r}?" if near else ""
    if not pattern.endswith(".zcml") and glob.glob(os.path.join(glob.escape(directory), f"{pattern}.zcml")):
        return f"did you mean {f'{pattern}.zcml'!r}?"
    return ""


def _inside(context: Any, package: Any) -> Any:
    inner = GroupingContextDecorator(context)
    if package is not None:
        if getattr(package, "__path__", None) is None and not getattr(package, "__file__", None):
            name = getattr(package, "__name__", package)
            place = context.info.attribute("package")
            raise Problems(Problem(place, f"{context.info.directive}: {str(name)!r} is not a package", code="A108"))
        inner.package = package
        inner.basepath = None
    return inner


def _existing(context: Any, file: str) -> str:
    """The path of a file: in a namespace package the portion that has it, else where it was expected."""
    portions = [] if context.basepath else list(getattr(context.package, "__path__", ()))
    path = context.path(file)
    candidates = [path, *(os.path.normpath(os.path.join(portion, file)) for portion in portions)]
    found: str = next((candidate for candidate in candidates if os.path.exists(or_in(candidate))), path)
    return found


def or_in(path: str, package: Any = None) -> str:
    """*path*; where there is no such file and there is one with '.in' behind its name, that."""
    return f"{path}.in" if not is_file_of(path, package) and is_file_of(f"{path}.in", package) else path


def is_file_of(path: str, package: Any = None) -> bool:
    """Is there such a file, or one of *package* that would be it if the package lay in a directory?"""
    return os.path.exists(path) or member_at_path(package, path) is not None


def is_plain_file(path: str) -> bool:
    """Is there a regular file at *path*, and no link?"""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def member_at_path(package: Any, path: str) -> Found | None:
    """The file of *package* whose path this would be if the package lay in one directory; None when it has none."""
    return next((found for found in _standing(package, path) if not found.directory), None)


def _standing(package: Any, path: str) -> list[Found]:
    """What stands in the portions of *package* at the place that *path*, below any of them, means."""
    if getattr(package, "__path__", None) is None:
        package = sys.modules.get(getattr(package, "__package__", "") or "")  # that of a module
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


def file_near(load: Load, info: Any, package: Any, path: str) -> str:
    """What may be meant by a file that there is none of. The file that asks for it is never meant."""
    if isinstance(info, Tag) and (meant := said_by_text(info)):
        return meant
    directory, wanted = os.path.split(path)
    name, colon, file = wanted.partition(":")
    written = info.value("file") if isinstance(info, Tag) else ""
    if "://" in written:
        return "remove it: an include reads files of this machine"
    below = written.lstrip("/")
    if below != written and os.path.isfile(os.path.join(os.path.dirname(info.file), below)):
        return f"write {below!r}: a path with a slash in front is one of the file system"
    if colon:
        return f'write package="{name}" file="{file or "configure.zcml"}"'
    if any(character in written for character in "*?["):
        return f'write files="{written}"'
    try:
        names = os.listdir(directory)
    except OSError:
        names = _names_in(package, directory)
    project = "" if getattr(package, "__file__", None) else project_of(getattr(package, "__name__", ""))
    if project:
        return project
    reading = {load.files[real].file for real in load.reading if real in load.files}
    others = [name for name in names if os.path.join(directory, name) not in reading]
    if isinstance(info, Tag) and not written:
        return file_meant(wanted, others, lambda found: f'file="{found}"', unnamed=True).replace("'", "")
    return file_meant(wanted, others, lambda found: _beside(written, found))


def said_by_text(info: Tag) -> str:
    """What to write for an include that says what it means in a text: `<include>shop</include>`; '' for any other."""
    text = info.text.strip()
    if info.directive not in INCLUDES or any(map(info.value, ("package", "file", "files"))):
        return ""
    package, _, file = text.rpartition(":")
    if text.endswith((".zcml", ".zcml.in")) and " " not in text:
        said = f'package="{package}" file="{file}"' if package else f'file="{file}"'
    elif all(part.isidentifier() for part in text.removeprefix(".").split(".")):
        said = f'package="{text}"'
    else:
        return ""
    return f"write <{info.directive} {said}/>"


def where_named(info: Any) -> Origin | None:
    """The attribute that named a file: `file`, else `files`, else `package`, else the tag."""
    if not isinstance(info, Tag):
        return info if isinstance(info, Origin) else None
    for name in ("file", "files", "package"):
        place = info.attribute(name)
        if place is not info:
            return place
    return info


def directive_said(info: Any) -> str:
    """What asks for a file: the name of a directive, or the call."""
    return info.directive if isinstance(info, Tag) else "load_zcml"


def beginning(info: Any) -> str:
    """What a message about a directive begins with; '' where a program, or a command, asks for the file."""
    return f"{info.directive}: " if isinstance(info, Tag) else ""


def other_kind_meant(info: Any, path: str) -> str:
    """What may be meant by a file to read that is not ZCML by its name."""
    if not isinstance(info, Tag):
        return start_meant(info if isinstance(info, str) and info else os.path.relpath(path)) or ONLY_ZCML
    name = info.value("file")
    if "://" in name:
        return "remove it: an include reads files of this machine"
    if os.path.isdir(path):
        if os.path.exists(os.path.join(path, "__init__.py")) and "/" not in name:
            return f'write package="{name}"'
        return f'write files="{name.rstrip("/")}/*.zcml"'
    directory, wanted = os.path.split(path)
    names = [each for each in _listed(directory) if os.path.join(directory, each) != info.file]
    return file_meant(wanted, names, lambda found: _beside(name, found)) or ONLY_ZCML


ONLY_ZCML = "name a file that ends with .zcml"


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _beside(written: str, name: str) -> str:
    """*name* in the directory of the file that is *written* so."""
    return os.path.join(os.path.dirname(written), name)
