"""`include`, `includeOverrides` and `exclude`: which file is read next, and which is not.

zope.configuration's semantics, with identity by real path, through our reader and our checks.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from zope.configuration import xmlconfig
from zope.configuration.config import GroupingContextDecorator, expand_action
from zope.configuration.xmlconfig import IInclude

from assetzcml.errors import Origin, Problem, nearest, shorten
from assetzcml.records.assets import AssetSpec
from assetzcml.records.loads import BEING_READ, EXCLUDED, READ, READ_BEFORE, FilesPattern, Include
from assetzcml.resolving.meant import file_meant, start_meant
from assetzcml.resolving.packages import Found, Packages, project_of
from assetzcml.zcml.attributes import Problems
from assetzcml.zcml.conflicts import BY_INCLUDE, BY_INCLUDE_OVERRIDES, Action, IncludeStep, resolve
from assetzcml.zcml.load import Load, load_of
from assetzcml.zcml.machine import Machine, define_simple
from assetzcml.zcml.positions import Document, Tag
from assetzcml.zcml.reader import read_limited
from assetzcml.zcml.walking import read_document

__all__ = ["define_includes", "include_file", "is_there", "late_override", "overridden", "overriding_inside", "path_in"]


def define_includes(machine: Machine) -> None:
    """Make the three directives known, in every namespace."""
    for name, handler in (("include", include), ("includeOverrides", include_overrides), ("exclude", exclude)):
        define_simple(machine, name, IInclude, handler, "*")
    machine._seen_files = SeenFiles()


def include(context: Any, file: str | None = None, package: Any = None, files: str | None = None) -> None:
    """Read other files: *file*, or all that match the pattern *files*, of *package* or beside this file."""
    _include_all(context, file, package, files, BY_INCLUDE)


def include_overrides(context: Any, file: str | None = None, package: Any = None, files: str | None = None) -> None:
    """The same, and what the files declare counts as declared here. Conflicts among them are resolved first."""
    with overriding_inside(context):
        _include_all(context, file, package, files, BY_INCLUDE_OVERRIDES)


@contextmanager
def overriding_inside(context: Any) -> Iterator[None]:
    """What is included meanwhile counts as declared in the file that *context* is in."""
    before = len(context.actions)
    yield
    context.actions[before:] = overridden(load_of(context), context.actions[before:], context.includepath)


def overridden(load: Load, actions: list[Action], includepath: tuple[str, ...]) -> list[Action]:
    """*actions* as those of the file that *includepath* leads to: their conflicts are resolved first."""
    actions = [action if isinstance(action, dict) else expand_action(*action) for action in in_place(load, actions)]
    resolution = resolve(actions, load.graph, includepath)
    load.conflicts += resolution.problems
    load.losers += resolution.losers
    for action in resolution.winners:
        action["includepath"] = includepath
    return resolution.winners


def in_place(load: Load, actions: list[Action]) -> list[Action]:
    """*actions*, with those of each file that a handler of another package had read where it stands among them."""
    if not load.marks:
        return actions
    result: list[Action] = []
    for action in actions:
        file = action.get("assetzcml_file") if isinstance(action, dict) else None
        if file is None:
            result.append(action)
        elif action["includepath"] == file.includepath:
            result += in_place(load, file.actions)
        else:
            # `xmlconfig.includeOverrides` has shortened it, after the file was read.
            result += file.overridden(load, action["includepath"])
    return result


@dataclass(eq=False)
class HandlersFile:
    """
    A file that a handler of another package had read; a mark stands for its *actions* in the list of all.

    Whether it overrides is known when the handler is done, by the include path of the mark.
    """

    info: Any
    path: str
    real: str
    includepath: tuple[str, ...]
    read_here: bool
    actions: list[Action]

    def note_kind(self, load: Load, includepath: tuple[str, ...]) -> None:
        """The mark has this include path now: let the step of the file say whether it overrides."""
        step = load.steps.get(self.real) if self.read_here else None
        if step is not None and includepath != self.includepath:
            step.kind = BY_INCLUDE_OVERRIDES

    def overridden(self, load: Load, includepath: tuple[str, ...]) -> list[Action]:
        """The actions, in the place of those of the file that *includepath* leads to."""
        self.note_kind(load, includepath)
        late = None if self.read_here else late_override(load, self.info, self.path, self.real)
        if late is not None:
            # Such a directive takes what it finds, and Plone's own overrides are found where they were included.
            load.warn(late.origin, late.message, late.hint, "A015")
        return overridden(load, self.actions, includepath)


class SeenFiles(set[str]):
    """
    The files that zope.configuration's contexts need not read.

    Its own `xmlconfig.include`, which handlers of other packages call, asks here before it opens a file. So it is here
    that the file is read: by our reader, once, within the limits, as every other file. `include` tells nobody the
    context that it has made for the file, but its frame has it. For any other way in there is `Machine.begin`.
    """

    def __contains__(self, path: object) -> bool:
        asked = sys._getframe(1).f_back  # behind `processFile`
        by_include = asked is not None and asked.f_code is xmlconfig.include.__code__
        read = by_include and _read_for_handler(asked.f_locals["context"], str(path))  # type: ignore[union-attr]
        return read or super().__contains__(path)


def _read_for_handler(context: Any, path: str) -> bool:
    """Read a file that a handler of another package asks for. False when there is none: `include` says so."""
    load, info, actions = load_of(context), context.info, context.actions
    if not _exists(path, context.package) and not _exists(f"{path}.in", context.package):
        return False
    before, known = len(actions), len(load.files)
    real = None
    try:
        real = include_file(context, path, None, BY_INCLUDE, load.next_number(), any_name=True)
    except Problems as error:
        load.problems += error.problems
    if real is None:
        return True
    includepath = (*context.includepath, path)
    file = HandlersFile(info, path, real, includepath, len(load.files) > known, actions[before:])
    mark = {"discriminator": None, "callable": None, "args": (), "kw": {}, "includepath": includepath, "info": info,
            "order": 0, "assetzcml_file": file}  # fmt: skip
    load.marks.append(mark)
    actions[before:] = [mark]
    return True


def exclude(context: Any, file: str | None = None, package: Any = None, files: str | None = None) -> None:
    """Leave files out: an include that comes later and names one is skipped."""
    load, info = load_of(context), context.info
    for path in _paths(context, file, package, files):
        owner = package or context.package
        real = os.path.realpath(_or_in(path, owner))
        if real in load.files:
            load.warn(
                info,
                f"exclude comes too late: {path} has been read",
                f"put it before {document_tag(load.files[real])}",
                "A007",
            )
        elif not _exists(real, owner) and not _exists(path, owner):
            hint = _neighbours(load, info, owner, path)
            load.warn(info, f"exclude excludes nothing: there is no file {path}", hint, code="A007")
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


def document_tag(document: Document) -> str:
    """The statement that had a file read, as it is written; 'the include' where nobody knows."""
    by = document.included_by
    text = (by.source_line() or "").strip() if by is not None else ""
    return text if text.startswith("<include") and text.endswith("/>") and text.count("<") == 1 else "the include"


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
    found: str = next((candidate for candidate in candidates if os.path.exists(_or_in(candidate))), path)
    return found


def _or_in(path: str, package: Any = None) -> str:
    """*path*; where there is no such file and there is one with '.in' behind its name, that."""
    return f"{path}.in" if not _exists(path, package) and _exists(f"{path}.in", package) else path


def _exists(path: str, package: Any = None) -> bool:
    """Is there such a file, or one of *package* that would be it if the package lay in a directory?"""
    return os.path.exists(path) or _member(package, path) is not None


def include_file(
    context: Any, path: str, package: Any = None, kind: int = BY_INCLUDE, number: int = 0, any_name: bool = False
) -> str | None:
    """
    Read one file in *context*, unless it is excluded or was read before. Raises Problems when it cannot be.

    Returns its real path; None where there was nothing to read. *any_name*: also one that is not named *.zcml.
    """
    load, info = load_of(context), context.info
    place = info if isinstance(info, Origin) else None
    if not any_name and not path.endswith((".zcml", ".zcml.in")):
        message = f"{_word(info)}{path} is not named *.zcml"
        raise Problems(Problem(_at(info) or Origin(path), message, _other_kind(info, path), code="A112"))
    owner = package if package is not None else context.package
    path, real = _found(load, path, owner)
    if context.includepath:
        outcome = _outcome(load, real)
        load.includes.append(Include(info, path, real, outcome))
        if outcome == BEING_READ:
            message = f"{_directive(info)} closes a cycle: {path} is being read"
            load.warn(place, message, "the include is skipped; remove it", "A006")
            return None
        if outcome != EXCLUDED:
            load.graph.add(context.includepath[-1], real)
    if real in load.excluded:
        load.excluded_used.add(real)
        return None
    if real in load.files:
        if kind == BY_INCLUDE_OVERRIDES:
            problem = late_override(load, info, path, real)
            if problem is not None:
                raise Problems(problem)
        return real
    if not _unseen(context, path):
        return None  # another package's `exclude` has been here
    _check_limits(load, info, path)
    document = Document(path, _bytes(context, path, package), place)
    load.files[real] = document
    inner = GroupingContextDecorator(context)
    inner.assetzcml_load = load  # which contexts would hand on one by one
    inner.actions = context.actions
    inner.basepath = os.path.dirname(path)
    inner.includepath = (*context.includepath, real)
    step = IncludeStep(context.assetzcml_step, kind, info.ordinal, number) if isinstance(info, Tag) else None
    inner.assetzcml_step = load.steps[real] = step
    if package is not None:
        inner.package = package
    read_document(inner, document, real)
    return real


def _outcome(load: Load, real: str) -> str:
    """What comes of an include of a file."""
    if real in load.files:
        return BEING_READ if real in load.reading else READ_BEFORE
    return EXCLUDED if real in load.excluded else READ


def _found(load: Load, path: str, owner: Any) -> tuple[str, str]:
    """A file by the name it is read under and by its real path; each name is looked at once in a load."""
    known = load.real_paths.get(path)
    if known is None:
        plain = _is_plain(path)
        name = path if plain else _or_in(path, owner)
        known = load.real_paths[path] = name, _real(load, name, plain)
    return known


def _is_plain(path: str) -> bool:
    """Is there a regular file at *path*, and no link?"""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _real(load: Load, path: str, plain: bool) -> str:
    """`os.path.realpath`, which looks at every directory above: at each of them once in a load. *plain*: no link."""
    if not plain and os.path.islink(path):
        return os.path.realpath(path)
    directory, name = os.path.split(path)
    real = load.real_directories.get(directory)
    if real is None:
        real = load.real_directories[directory] = os.path.realpath(directory)
    return os.path.join(real, name)


def _unseen(context: Any, path: str) -> bool:
    """Is *path* none that zope.configuration's contexts know as read or excluded? They know it from now on."""
    seen = context._seen_files
    new = path not in seen
    seen.add(path)
    return new


def late_override(load: Load, info: Any, path: str, real: str) -> Problem | None:
    """
    The problem of an override whose file has been read, so that nothing in it overrides; None where it does.

    It does where the statement that had it read, directly or through others, overrides for the same file.
    """
    for mark in load.marks:
        mark["assetzcml_file"].note_kind(load, mark["includepath"])
    document = load.files[real]
    reached: str | None = real
    while reached is not None:
        step, by = load.steps.get(reached), load.files[reached].included_by
        if not isinstance(by, Tag):
            break
        if by.document is info.document and step is not None and step.kind == BY_INCLUDE_OVERRIDES:
            return None
        reached = next((known for known, each in load.files.items() if each is by.document), None)
    also = [("first read by", document.included_by)] if document.included_by is not None else []
    message = f"{_word(info)}{path} has been read before, so nothing in it overrides"
    return Problem(_at(info), message, "include it in one place only", also=also, code="A113")


def _check_limits(load: Load, info: Any, path: str) -> None:
    limits = load.limits
    # Neither the file that nobody includes nor those of ours which every load reads first count.
    for count, limit, words, name in (
        (len(load.reading) - 1, limits.include_depth, "includes are nested more than {} deep", "include_depth"),
        (len(load.files) - load.directive_files, limits.files, "more than {} files are read", "files"),
    ):
        if count >= limit:
            raise Problems(
                Problem(
                    info or None, f"{words.format(limit)}: {path}", f"raise Limits.{name} if this is meant", code="A102"
                )
            )


def _bytes(context: Any, path: str, package: Any) -> bytes:
    """The bytes of a file, from the disk or from the archive its package lies in."""
    info = context.info
    try:
        return read_limited(path, load_of(context).limits)
    except (FileNotFoundError, NotADirectoryError):
        owner = package if package is not None else context.package
        member = _member(owner, path)
        if member is not None and member.path is not None:
            return read_limited(member.path, load_of(context).limits)
        if member is not None:
            with member.open() as stream:
                return stream.read(load_of(context).limits.file_bytes + 1)
        message, hint = f"there is no file {path}", _neighbours(load_of(context), info, owner, path)
        if package is not None and getattr(package, "__path__", None) is None:
            message = f"{package.__name__!r} is not a package, and {message} beside it"
    except (OSError, ValueError) as error:
        message, hint = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", ""
    raise Problems(Problem(_at(info) or Origin(path), f"{_word(info)}{message}", hint, code="A112"))


def _member(package: Any, path: str) -> Found | None:
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


def _neighbours(load: Load, info: Any, package: Any, path: str) -> str:
    """What may be meant by a file that there is none of. The file that asks for it is never meant."""
    directory, wanted = os.path.split(path)
    name, colon, file = wanted.partition(":")
    written = info.value("file") if isinstance(info, Tag) else ""
    if "://" in written:
        return "remove it: an include reads files of this machine"
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


def _at(info: Any) -> Origin | None:
    """The attribute that named a file: `file`, else `files`, else `package`, else the tag."""
    if not isinstance(info, Tag):
        return info if isinstance(info, Origin) else None
    for name in ("file", "files", "package"):
        place = info.attribute(name)
        if place is not info:
            return place
    return info


def _directive(info: Any) -> str:
    return info.directive if isinstance(info, Tag) else "load_zcml"


def _word(info: Any) -> str:
    """What a message about a directive begins with; '' where a program, or a command, asks for the file."""
    return f"{info.directive}: " if isinstance(info, Tag) else ""


def _other_kind(info: Any, path: str) -> str:
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
