"""
What is known about the roots of static views without looking at each asset: where they lie, and what is at their top.

Each is looked at anew when it is not FRESH, in a time that does not grow with what is asked for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence

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

# Paths, and what `stat` said of each.
Watched = tuple[list[str], list[Fingerprint | None]]


class Roots:
    """
    Where the roots of the local static views of a snapshot lie, looked at when a link is met, at most once a second.

    A root becomes another directory by a change of the folder that it stands in, so one `stat` for each folder tells that
    all roots are what they were: a thousand tenants beside each other cost what one does. (Who mounts something over a
    root changes no folder, and reloads.) A root that is a link is looked at itself.
    """

    def __init__(self, snapshot: Snapshot):
        self._snapshot = snapshot
        self._looked = -FRESH
        self._places: tuple[list[str], list[str]] | None = None
        #: What tells that nothing has changed since, where something does; and to each root's directory the names of its
        #: views. Assigned as one: names of one look are never believed by what another has watched.
        self._known: tuple[Watched | None, Mapping[Identity, frozenset[str]]] = None, {}

    def names(self, path: str) -> frozenset[str]:
        """The names of the views one of whose layers has the directory *path*, whatever way leads there, for its root."""
        now = time.monotonic()
        if now - self._looked > FRESH:
            self._look()
            self._looked = now
        identity = _identity(path)
        return frozenset() if identity is None else self._known[1].get(identity, frozenset())

    def _look(self) -> None:
        if self._places is None:
            self._places = self._all_places()
        paths, views = self._places
        watched = self._known[0]
        if watched is not None and _fingerprints(watched[0]) == watched[1]:
            return
        # Before the roots are looked at, so that what changes meanwhile is seen the next time.
        watched = _watched(paths)
        names: dict[Identity, frozenset[str]] = {}
        for path, name in zip(paths, views, strict=True):
            identity = _identity(path)
            if identity is not None:
                names[identity] = names.get(identity, frozenset()) | {name}
        self._known = watched, names

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


def _watched(paths: Sequence[str]) -> Watched | None:
    """What tells later that none of *paths* is another directory; None where nothing does, or it would cost as much."""
    folders = {os.path.dirname(path) for path in paths}
    if 2 * len(folders) > len(paths):
        return None
    watched = [*folders, *(path for path in paths if os.path.islink(path))]
    said = _fingerprints(watched)
    return None if any(each is not None and is_young(each) for each in said) else (watched, said)


def _fingerprints(paths: Iterable[str]) -> list[Fingerprint | None]:
    """Of each; None where there is nothing."""
    found: list[Fingerprint | None] = []
    for path in paths:
        try:
            found.append(fingerprint(os.stat(path)))
        except (OSError, ValueError):
            found.append(None)
    return found


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
