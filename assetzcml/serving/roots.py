"""
What is known about the roots of static views without looking at each asset: where they lie, and what is at their top.

Each is looked at anew when it is not FRESH, in a time that does not grow with what is asked for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping

from assetzcml.late import unicodedata
from assetzcml.registry import Snapshot
from assetzcml.resolving.digests import without_digest
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, is_young
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.resolver import FRESH
from assetzcml.resolving.search import Candidate, SearchPaths, targets_in
from assetzcml.serving.variants import Location, locations
from assetzcml.urls.versions import Manifests

__all__ = ["MOST_NAMES", "Roots", "TopNames"]

# Names at the top of a root that are kept; a root with more is asked for each path.
MOST_NAMES = 10_000

# Inode and device of a directory; None where there is none.
Identity = tuple[int, int]


class Roots:
    """Where the roots of the local static views of a snapshot lie: one `stat` for each when a link is met, once a second."""

    def __init__(self, snapshot: Snapshot):
        self._snapshot = snapshot
        self._looked = -FRESH
        self._places: tuple[list[str], list[str]] | None = None
        self._seen: list[Identity | None] = []
        self._names: Mapping[Identity, frozenset[str]] = {}

    def names(self, path: str) -> frozenset[str]:
        """The names of the views one of whose layers has the directory *path*, whatever way leads there, for its root."""
        now = time.monotonic()
        if now - self._looked > FRESH:
            self._look()
            self._looked = now
        identity = _identity(path)
        return frozenset() if identity is None else self._names.get(identity, frozenset())

    def _look(self) -> None:
        if self._places is None:
            self._places = self._all_places()
        paths, views = self._places
        try:
            seen: list[Identity | None] = [(status[1], status[2]) for status in map(os.stat, paths)]
        except (OSError, ValueError):  # one that is not there
            seen = [_identity(path) for path in paths]
        if seen == self._seen:
            return
        names: dict[Identity, frozenset[str]] = {}
        for identity, name in zip(seen, views, strict=True):
            if identity is not None:
                names[identity] = names.get(identity, frozenset()) | {name}
        self._seen, self._names = seen, names

    def _all_places(self) -> tuple[list[str], list[str]]:
        """The paths of all layers of all roots, and the names of their views. Archives have none."""
        paths, packages = self._snapshot.derived(SearchPaths), self._snapshot.derived(packages_of)
        found = [
            (location.path, view.name)
            for view in self._snapshot.views
            if not view.external
            for location in _locations(paths.candidates(view.root), packages)
            if location.member is None
        ]
        return [path for path, _ in found], [name for _, name in found]


def packages_of(snapshot: Snapshot) -> Packages:
    """Where the packages of a snapshot were found."""
    return Packages()


def _locations(candidates: Iterable[Candidate], packages: Packages) -> Iterable[Location]:
    for candidate in candidates:
        yield from locations(candidate, packages)


def _identity(path: str) -> Identity | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_dev


class TopNames:
    """
    The names at the top of all layers of a root: a path whose first segment is none of them leads to nothing.

    So an application whose static view is its root view pays one look-up for a path of its own, whatever the number of
    layers.
    """

    def __init__(self, snapshot: Snapshot, candidates: Iterable[Candidate]):
        self._snapshot = snapshot
        self._candidates = list(candidates)
        self._fresh = -1.0
        self._seen: dict[str, Fingerprint | None] | None = None
        #: None where it cannot be told by the first segment.
        self._names: frozenset[str] | None = None

    def lacks(self, path: str, *, anew: bool = False) -> bool:
        """Is it certain that *path*, below the root, leads to nothing? Looks at the layers where that is not fresh."""
        if anew or time.monotonic() >= self._fresh:
            self._look()
        return self.is_known_to_lack(path)

    def is_known_to_lack(self, path: str) -> bool:
        """The same without a look."""
        names = self._names
        if names is None or time.monotonic() >= self._fresh:
            return False
        first, slash, _ = path.partition("/")
        if not first or first[0] == "~":  # the root itself; the version of a tree
            return False
        if not first.isascii():
            try:
                first = unicodedata.normalize("NFC", first.encode("latin-1").decode("utf-8"))
            except UnicodeError:
                return False
        if first in names:
            return False
        plain = None if slash else without_digest(first)
        return plain is None or plain[0] not in names

    def _look(self) -> None:
        looked = time.monotonic()
        seen = self._places()
        if seen is None:
            self._names = None
        elif seen != self._seen:
            # What is changed again in the tick of this look has the same times: it is listed anew the next time.
            young = any(each is not None and is_young(each) for each in seen.values())
            self._names = self._listed(seen)
            seen = None if young else seen
        self._seen = seen
        self._fresh = looked + FRESH

    def _places(self) -> dict[str, Fingerprint | None] | None:
        """The directories of all layers, as they are; None where one is in an archive, or names may come from elsewhere."""
        manifests = self._snapshot.derived(Manifests)
        if manifests.bundles or manifests.explicit:
            return None
        found: dict[str, Fingerprint | None] = {}
        for location in _locations(self._candidates, self._snapshot.derived(packages_of)):
            if location.member is not None:
                return None
            try:
                found[location.path] = fingerprint(os.stat(location.path))
            except OSError:
                found[location.path] = None
        return found

    def _listed(self, seen: Iterable[str]) -> frozenset[str] | None:
        names = {spec.name for spec in targets_in(self._snapshot.derived(SearchPaths), self._candidates)}
        for path in seen:
            try:
                names.update(os.listdir(path))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:  # one may pass through it, and not list it
                return None
            if len(names) > MOST_NAMES:
                return None
        return frozenset(name if name.isascii() else unicodedata.normalize("NFC", name) for name in names)
