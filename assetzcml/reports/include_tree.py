"""The tree of the files a load read: what each declared, overrode and lost, in its order, and what was left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from assetzcml.errors import Origin
from assetzcml.records.kinds import Record
from assetzcml.records.loads import READ, Exclusion, Include, LeftOut, LoadedFile, LoadReport
from assetzcml.registry import Loss, Registry
from assetzcml.reports.descriptions import data_of, origin_data
from assetzcml.resolving.packages import Packages

__all__ = ["excluded_files", "includes_data", "includes_lines"]

_TAG = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z]\w*)")
PAGES_ONLY = {b"configure", b"route", b"view"}  # directives that are not about assets


class Statement(NamedTuple):
    """A record that a file declares: what it lost against, if it did, and what lost against it."""

    record: Record
    lost: Loss | None
    won: tuple[Loss, ...]

    @property
    def origin(self) -> Origin | None:
        return self.record.origin


class Node(NamedTuple):
    """A file that was read, and what stands in it, in its order."""

    file: LoadedFile
    entries: tuple[Statement | Inclusion | LeftOut | Exclusion, ...]


class Inclusion(NamedTuple):
    """An include, and the node of the file when it was read there; *why* and *by* say why it was not."""

    include: Include
    node: Node | None
    why: str = ""
    by: Origin | None = None

    @property
    def origin(self) -> Origin:
        return self.include.origin


def _trees(registry: Registry) -> Iterator[tuple[LoadReport, Node]]:
    for load in registry.loads:
        if load.files:
            yield load, _Tree(registry, load).node(load.files[0])


class _Tree:
    """One load, while its tree is made. Each file is read in one place, so each is in it once."""

    def __init__(self, registry: Registry, load: LoadReport):
        self.load = load
        self.files = {file.real: file for file in load.files}
        self.read_by = {include.real: include.origin for include in load.includes if include.outcome == READ}
        self.excluded_by = {exclusion.real: exclusion.origin for exclusion in load.excluded}
        self.entries: dict[int, list[Any]] = {}  # by the document they stand in
        losses = registry.snapshot.losses
        lost = {id(loss.loser): loss for loss in losses}
        records = [u.component for u in registry.registeredUtilities() if isinstance(u.component, Record)]
        for record in [*records, *(loss.loser for loss in losses)]:
            won = tuple(loss for loss in losses if loss.winner is record and loss.reason != "repeated")
            self._place(record.origin, Statement(record, lost.get(id(record)), won))
        entries: tuple[Any, ...] = (*load.includes, *load.left_out, *load.excluded)
        for entry in entries:
            self._place(entry.origin, entry)

    def _place(self, origin: Origin | None, entry: Any) -> None:
        self.entries.setdefault(id(getattr(origin, "document", None)), []).append(entry)

    def node(self, file: LoadedFile) -> Node:
        entries: list[Any] = [
            self._inclusion(e) if isinstance(e, Include) else e for e in self.entries.get(id(file.document), [])
        ]
        return Node(file, tuple(sorted(entries, key=_position)))

    def _inclusion(self, include: Include) -> Inclusion:
        if include.outcome == READ:
            file = self.files.get(include.real)
            return Inclusion(include, self.node(file) if file is not None else None)
        by = self.excluded_by if include.outcome == "excluded" else self.read_by
        return Inclusion(include, None, include.outcome, by.get(include.real))


# For people.


def includes_lines(registry: Registry) -> Iterator[str]:
    """The tree as text, one entry a line, with its place in the file before it."""
    for _, node in _trees(registry):
        yield node.file.path
        yield from _lines(registry, node, "  ")


def _lines(registry: Registry, node: Node, indent: str) -> Iterator[str]:
    for entry in node.entries:
        origin = entry.origin
        assert origin is not None
        place = f"{indent}{origin.line}:{origin.column} "
        if isinstance(entry, Inclusion):
            by = f" by {entry.by}" if entry.by is not None else ""
            why = f": {entry.why}{by}" if entry.why else ""
            yield f"{place}{_directive(origin)} {entry.include.path}{why}"
            if entry.node is not None:
                yield from _lines(registry, entry.node, f"{indent}  ")
        elif isinstance(entry, LeftOut):
            yield f'{place}{_directive(origin)} left out: zcml:condition="{entry.condition}" is false'
        elif isinstance(entry, Exclusion):
            yield f"{place}exclude {entry.real}"
        else:
            yield f"{place}{entry.record.line}"
            under = " " * len(place)
            yield from (f"{under}overrides {loss.loser.origin}" for loss in entry.won)
            if entry.lost is not None:
                yield f"{under}lost: {entry.lost.reason} by {entry.lost.winner.origin}"


def _directive(origin: Origin) -> str:
    return getattr(origin, "directive", "") or "include"


# For programs.


def includes_data(registry: Registry) -> list[dict[str, Any]]:
    """The tree of each load, ready to be written as JSON."""
    return [{"load": load.spec, **_node_data(registry, node)} for load, node in _trees(registry)]


def _node_data(registry: Registry, node: Node) -> dict[str, Any]:
    told: dict[str, Any] = {"file": node.file.path, "declares": [], "includes": [], "left_out": [], "excludes": []}
    for entry in node.entries:
        if isinstance(entry, Inclusion):
            told["includes"].append(_inclusion_data(registry, entry))
        elif isinstance(entry, LeftOut):
            what = {"directive": _directive(entry.origin), "condition": entry.condition}
            told["left_out"].append({**what, "origin": origin_data(entry.origin)})
        elif isinstance(entry, Exclusion):
            told["excludes"].append({"file": entry.real, "origin": origin_data(entry.origin)})
        else:
            told["declares"].append(_statement_data(registry, entry))
    return told


def _inclusion_data(registry: Registry, entry: Inclusion) -> dict[str, Any]:
    what = {"directive": _directive(entry.origin), "origin": origin_data(entry.origin)}
    node = {"file": entry.include.path} if entry.node is None else _node_data(registry, entry.node)
    return {**what, "why_not": entry.why or None, "by": origin_data(entry.by), **node}


def _statement_data(registry: Registry, entry: Statement) -> dict[str, Any]:
    lost = None if entry.lost is None else entry.lost.reason
    winner = None if entry.lost is None else origin_data(entry.lost.winner.origin)
    overrides = [origin_data(loss.loser.origin) for loss in entry.won]
    return {**data_of(entry.record), "overrides": overrides, "lost": lost, "winner": winner}


# What `explain` asks.


def excluded_files(registry: Registry, packages: set[str] | None = None) -> Iterator[Exclusion]:
    """
    The files that were left out though an include asked for them.

    With *packages* only those that may say something about assets of one: they name it, or lie in it.
    """
    for load in registry.loads:
        asked = {include.real for include in load.includes if include.outcome == "excluded"}
        for exclusion in load.excluded:
            if exclusion.real in asked and (packages is None or _concerns(exclusion.real, packages)):
                yield exclusion


def _concerns(path: str, packages: set[str]) -> bool:
    try:
        with open(path, "rb") as stream:
            text = stream.read()
    except OSError:  # in an archive: whether it matters cannot be seen
        return True
    if set(_TAG.findall(text)) <= PAGES_ONLY:
        return False
    names = [f"{package}:".encode() for package in packages]
    return any(name in text for name in names) or any(_lies_in(path, package) for package in packages)


def _lies_in(path: str, package: str) -> bool:
    try:
        directories = Packages().directories(package)
    except ImportError:
        return False
    return any(os.path.dirname(path) == os.path.realpath(directory) for directory in directories)


def _position(entry: Any) -> tuple[int, int]:
    return entry.origin.line, entry.origin.column
