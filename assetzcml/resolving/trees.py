"""
The version of a whole root: of the names and digests of everything that is published below a path, overrides included.

Only what a static view would answer by a plain name is counted, and nothing of directories, order, time or machine goes
in, so that two hosts of one release agree. Nothing is built for it. Nothing here knows URLs.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from assetzcml.late import in_event_loop
from assetzcml.records.assets import AssetSpec
from assetzcml.registry import Part, Registry, Snapshot
from assetzcml.resolving.counting import Count, Walk
from assetzcml.resolving.fingerprints import Fingerprint
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.search import SearchPaths

if TYPE_CHECKING:
    from assetzcml.resolving.digest_store import DigestStore

__all__ = ["Tree", "Trees"]

STORE = Part("assetzcml.resolving.digest_store", "DigestStore")  # opened where the setting names one

logger = logging.getLogger("assetzcml")

FILE_LIMIT = 64 << 20  # bytes; above it a file counts by its name and size: reading 20 GB would hold every page up
ATTEMPTS = 3  # counts of a tree that changes meanwhile; the last one stands
INTERVAL = 1.0  # seconds between two comparisons: a change is noticed within that
SHARE = 100  # a comparison takes at most one part in so many of the time
TOLD = 1_000  # files that cannot be read are named
RESTS = 4  # times as long as a comparison took nobody begins another


class Tree:
    """The version of everything below one path of a snapshot. Counted when it is first asked for; safe for threads."""

    def __init__(self, trees: Trees, snapshot: Snapshot, path: AssetSpec):
        self.path = path
        self._trees = trees
        self._snapshot = snapshot
        self._packages = Packages()
        self._count: Count | None = None
        self._next = 0.0  # time.monotonic of the next comparison
        self._rest = 0.0  # and before which none is made, whoever asks
        self._lock = _ForkedLock()
        self._comparing = False

    def __repr__(self) -> str:
        return f"<Tree {self.path}>"

    @property
    def latest(self) -> Count | None:
        """The last count, as old as it may be; None before the first."""
        return self._count

    def current(self, anew: bool = False) -> Count:
        """
        The tree as it is, compared with the files at most once a second, or with *anew* now.

        Where an event loop runs in this thread the comparison is made in another, and the last count is the answer. Raises
        nothing for what is in the tree.
        """
        known = self._count
        if known is not None and not anew and monotonic() < self._next:
            return known
        if known is not None and not anew and in_event_loop():
            self._compare_elsewhere()
            return known
        return self._compared(wait=known is None or anew)

    def noticed(self) -> Count:
        """The tree after somebody has met a file that is not the one counted. A flood of such is no flood of comparisons."""
        known = self._count
        return known if known is not None and monotonic() < self._rest else self.current(anew=True)

    def _compared(self, wait: bool) -> Count:
        known = self._count
        if not self._lock.acquire(wait):
            assert known is not None
            return known
        try:
            before = self._count
            if before is not None and before is not known and monotonic() < self._next:
                return before  # somebody else has just done it
            began = monotonic()
            count = before if before is not None and not before.changed() else self._counted()
            self._count = count
            ended = monotonic()
            self._rest = ended + RESTS * (ended - began)
            self._next = max(self._rest, ended + max(INTERVAL, SHARE * (ended - began if count is before else 0.0)))
            return count
        finally:
            self._lock.release()

    def _counted(self) -> Count:
        known = self._trees.known(self.path)
        for _ in range(ATTEMPTS):
            walk = Walk(self._snapshot, self.path, self._packages, known, self._trees.limit)
            count = walk.count()
            if walk.quiet or not count.moved():
                break
            known = {**known, **count.identified()}
        self._trees.tell(self.path, walk.unreadable)
        self._trees.keep(self._snapshot, self.path, count, bool(walk.read))
        return count

    def _compare_elsewhere(self) -> None:
        if self._comparing:
            return
        self._comparing = True

        def compare() -> None:
            try:
                self._compared(wait=False)
            finally:
                self._comparing = False

        threading.Thread(target=compare, name=f"assetzcml {self.path}", daemon=True).start()


class _ForkedLock:
    """A lock that a child of this process finds open, whatever another thread of its parent was doing."""

    def __init__(self) -> None:
        self._of = os.getpid()
        self._lock = threading.Lock()

    def acquire(self, wait: bool) -> bool:
        if self._of != os.getpid():
            self._of, self._lock = os.getpid(), threading.Lock()
        return self._lock.acquire(blocking=wait)

    def release(self) -> None:
        self._lock.release()


class Trees:
    """The trees of one registry, and the digests that are kept from one configuration, and one process, to the next."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._latest: dict[AssetSpec, Count] = {}
        self._store: DigestStore | None = None
        self._told: set[str] = set()

    def tree(self, snapshot: Snapshot, path: AssetSpec) -> Tree:
        """The tree below *path*, which a cache buster with `tree` was declared for."""
        trees = snapshot.derived(_new_trees)
        tree = trees.get(path)
        return tree if tree is not None else trees.setdefault(path, Tree(self, snapshot, path))

    @property
    def limit(self) -> int:
        """From how many bytes on a file counts by its size: the setting `tree_file_limit`."""
        given = self.registry.settings.get("tree_file_limit")
        return FILE_LIMIT if given is None else int(given)

    def known(self, path: AssetSpec) -> Mapping[Fingerprint, str]:
        """The digests of files that have been read already, in this process or an earlier one."""
        latest = self._latest.get(path)
        store = self._opened()
        return {**(store.digests() if store is not None else {}), **(latest.identified() if latest is not None else {})}

    def keep(self, snapshot: Snapshot, path: AssetSpec, count: Count, some_read: bool) -> None:
        """Remember a count, and write its digests into the store, if *some* files had to be read."""
        self._latest[path] = count
        store = self._opened()
        if store is None or not some_read:
            return
        if not store.is_published(_real_roots(snapshot)):
            store.keep({digest: found for each in self._latest.values() for digest, found in each.identified().items()})

    def tell(self, path: AssetSpec, unreadable: Mapping[str, str]) -> None:
        """Name the files that could not be read, each once."""
        for file, why in unreadable.items():
            if file not in self._told and len(self._told) < TOLD:
                self._told.add(file)
                logger.warning("%s: %s; it counts by its name in the version of %s", file, why, path)

    def _opened(self) -> DigestStore | None:
        place = self.registry.settings.get("digest_store")
        if not place:
            return None
        path = os.path.abspath(os.fspath(place))
        store = self._store
        if store is None or store.path != path:
            store = self._store = STORE.find()(path)
        return store


def _new_trees(snapshot: Snapshot) -> dict[AssetSpec, Tree]:
    return {}


def _real_roots(snapshot: Snapshot) -> Iterator[str]:
    """Where the roots of the static views really lie."""
    paths, packages = snapshot.derived(SearchPaths), Packages()
    for view in snapshot.views:
        for place in paths.places(view.root):
            try:
                portions = packages.portions(place.spec.package)
            except ImportError:
                continue
            yield from (os.path.realpath("/".join((p, *place.spec.parts))) for p in portions if isinstance(p, str))
