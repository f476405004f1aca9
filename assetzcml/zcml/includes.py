"""`include`, `includeOverrides` and `exclude`: which file is read next, and which is not.

zope.configuration's semantics, with identity by real path, through our reader and our checks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from zope.configuration import xmlconfig
from zope.configuration.config import GroupingContextDecorator, expand_action
from zope.configuration.xmlconfig import IInclude

from assetzcml.errors import Origin, Problem
from assetzcml.records.loads import BEING_READ, EXCLUDED, READ, READ_BEFORE, Include
from assetzcml.zcml.attributes import Problems
from assetzcml.zcml.conflicts import BY_INCLUDE, BY_INCLUDE_OVERRIDES, Action, IncludeStep, resolve
from assetzcml.zcml.included_paths import (
    beginning,
    directive_said,
    file_near,
    is_file_of,
    is_plain_file,
    member_at_path,
    or_in,
    other_kind_meant,
    paths_named,
    where_named,
)
from assetzcml.zcml.load import Load, load_of
from assetzcml.zcml.machine import Machine, define_simple
from assetzcml.zcml.positions import Document, Tag
from assetzcml.zcml.reader import read_limited
from assetzcml.zcml.walking import read_document

__all__ = ["define_includes", "include_file", "late_override", "overridden", "overriding_inside"]


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
    if not is_file_of(path, context.package) and not is_file_of(f"{path}.in", context.package):
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
    for path in paths_named(context, file, package, files):
        owner = package or context.package
        real = os.path.realpath(or_in(path, owner))
        if real in load.files:
            load.warn(
                info,
                f"exclude comes too late: {path} has been read",
                f"put it before {document_tag(load.files[real])}",
                "A007",
            )
        elif not is_file_of(real, owner) and not is_file_of(path, owner):
            hint = file_near(load, info, owner, path)
            load.warn(info, f"exclude excludes nothing: there is no file {path}", hint, code="A007")
        else:
            load.excluded.setdefault(real, info)
            context.processFile(path)


def _include_all(context: Any, file: str | None, package: Any, files: str | None, kind: int) -> None:
    for number, path in enumerate(paths_named(context, file, package, files)):
        include_file(context, path, package, kind, number)


def document_tag(document: Document) -> str:
    """The statement that had a file read, as it is written; 'the include' where nobody knows."""
    by = document.included_by
    text = (by.source_line() or "").strip() if by is not None else ""
    return text if text.startswith("<include") and text.endswith("/>") and text.count("<") == 1 else "the include"


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
        message = f"{beginning(info)}{path} is not named *.zcml"
        raise Problems(Problem(where_named(info) or Origin(path), message, other_kind_meant(info, path), code="A112"))
    owner = package if package is not None else context.package
    path, real = _found(load, path, owner)
    if context.includepath:
        outcome = _outcome(load, real)
        load.includes.append(Include(info, path, real, outcome))
        if outcome == BEING_READ:
            message = f"{directive_said(info)} closes a cycle: {path} is being read"
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
        plain = is_plain_file(path)
        name = path if plain else or_in(path, owner)
        known = load.real_paths[path] = name, _real(load, name, plain)
    return known


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
    first = document.included_by
    also = [("first read by", first)] if first is not None else []
    message = f"{beginning(info)}{path} has been read before, so nothing in it overrides"
    hint = "remove it, or what reads the file first"
    if isinstance(first, Tag) and isinstance(info, Tag) and first.document is info.document:
        hint = f"remove the {first.directive} of line {first.line}: this one reads the file, too"
    return Problem(where_named(info), message, hint, also=also, code="A113")


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
        member = member_at_path(owner, path)
        if member is not None and member.path is not None:
            return read_limited(member.path, load_of(context).limits)
        if member is not None:
            with member.open() as stream:
                return stream.read(load_of(context).limits.file_bytes + 1)
        message, hint = f"there is no file {path}", file_near(load_of(context), info, owner, path)
        if package is not None and getattr(package, "__path__", None) is None:
            message = f"{package.__name__!r} is not a package, and {message} beside it"
    except (OSError, ValueError) as error:
        message, hint = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", ""
    raise Problems(Problem(where_named(info) or Origin(path), f"{beginning(info)}{message}", hint, code="A112"))
