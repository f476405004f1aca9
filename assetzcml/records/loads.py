"""
What a load read: which file included which, what was left out, and how to load it again. Values only.

Origins in it are lazy: a load that nobody asks about works out no position.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assetzcml.errors import Origin, Problem

__all__ = [
    "ASKED",
    "BEING_READ",
    "EXCLUDED",
    "READ",
    "READ_BEFORE",
    "Exclusion",
    "FilesPattern",
    "Framework",
    "Include",
    "LeftOut",
    "LoadEvent",
    "LoadReport",
    "LoadedFile",
]

# The outcomes of an include: its file was read there, or why not.
READ, READ_BEFORE, BEING_READ, EXCLUDED = "", "read before", "being read", "excluded"


class LoadedFile(NamedTuple):
    """One file that was read: the *path* it was read under, its *real* path, its *document*, the bytes with places."""

    path: str
    real: str
    document: Any

    def holds(self, origin: Origin | None) -> bool:
        """Is *origin* a place in this file, as it was when it was read?"""
        return origin is not None and getattr(origin, "document", None) is self.document


class Include(NamedTuple):
    """One file that an include at *origin* asked for. *outcome* says why it was not read there."""

    origin: Origin
    path: str
    real: str
    outcome: str = READ


class LeftOut(NamedTuple):
    """A directive, with all it holds, whose `zcml:condition` was false."""

    origin: Origin
    condition: str


class Exclusion(NamedTuple):
    """A file, by its real path, that the `exclude` at *origin* keeps out."""

    origin: Origin
    real: str


class FilesPattern(NamedTuple):
    """What `files=` at *origin* means: *pattern* below *directory*."""

    origin: Origin
    directory: str
    pattern: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoadReport:
    """
    One load that succeeded. The first of *files* is the one that was asked for.

    *arguments* load the same again; None when only the framework that had it loaded can.
    """

    spec: str
    generation: int
    arguments: Mapping[str, Any] | None
    files: tuple[LoadedFile, ...]
    includes: tuple[Include, ...]
    left_out: tuple[LeftOut, ...]
    excluded: tuple[Exclusion, ...]
    patterns: tuple[FilesPattern, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoadEvent:
    """
    What `registry.subscribe` tells of: a load or a reload has ended.

    *kind* is 'loaded', 'reloaded' or 'failed'; after a failure, whose *error* it is, all is as it was before. *spec* is
    what was to be loaded, '' for a reload, and *time* is that of `time.time`.
    """

    kind: str
    registry: Any
    spec: str = ""
    error: Exception | None = None
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """
    What a framework that has a file loaded does itself.

    *hand_over* gets each action of another package, its conflicts unresolved, instead of it being called by the load.
    The files are read inside of *reading(machine)*. *directives* are files of assetzcml that make more directives known.
    *prefix* stands before the local names of static views. *no_pages*: our routes and views are errors, for the
    framework has its own; it is what to say instead. *permissions*: nothing is served by what is loaded, so a permission
    that nobody here can be asked for is a warning.
    """

    hand_over: Callable[[dict[str, Any]], Any] | None = None
    reading: Callable[[Any], AbstractContextManager[Any]] = nullcontext
    directives: Iterable[str] = ()
    prefix: str = ""
    no_pages: str = ""
    permissions: bool = False


ASKED = Framework(permissions=True)  # a load whose registry answers questions, and no requests
