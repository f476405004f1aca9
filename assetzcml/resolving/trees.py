"""
The version of a whole root: of the names and digests of everything that is published below a path, overrides included.

Only what a static view would answer by a plain name is counted, and nothing of directories, order, time or machine goes
in, so that two hosts of one release agree. Nothing is built for it. Nothing here knows URLs.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.records.readers import CODINGS
from assetzcml.registry import Part, Registry, Snapshot
from assetzcml.resolving.digests import DIGEST_LENGTH, whole_digest
from assetzcml.resolving.files import open_file
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, may_change_unseen
from assetzcml.resolving.names import is_public_name
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.search import Candidate, SearchPaths, targets_in

if TYPE_CHECKING:
    from assetzcml.resolving.digest_store import DigestStore

__all__ = ["Count", "Counted", "Tree", "Trees", "in_event_loop"]

STORE = Part("assetzcml.resolving.digest_store", "DigestStore")  # opened where the setting names one

logger = logging.getLogger("assetzcml")

FILE_LIMIT = 64 << 20  # bytes; above it a file counts by its name and size: reading 20 GB would hold every page up
ATTEMPTS = 3  # counts of a tree that changes meanwhile; the last one stands
INTERVAL = 1.0  # seconds between two comparisons: a change is noticed within that
SHARE = 100  # a comparison takes at most one part in so many of the time
RESTS = 4  # times as long as a comparison took nobody begins another
UNREADABLE = "-"


class Counted(NamedTuple):
    """
    One file of a tree: *digest*, 64 hex digits, or 'size:N' of a huge one, or '-' of one that cannot be read.

    *identity* is None for what may change without showing it: a file of this very moment. One in an archive has neither.
    """

    path: str | None
    identity: Fingerprint | None
    digest: str

    @property
    def proven(self) -> bool:
        """Is the digest one of bytes?"""
        return len(self.digest) == 64


@dataclass(frozen=True)
class Count:
    """
    A tree at one moment: its *version*, and what it is of. *looked* are the directories that were listed, and the places
    that were looked for in vain, each with what the system said of it.
    """

    version: str
    files: Mapping[str, Counted]
    directories: frozenset[str]
    looked: Mapping[str, Fingerprint | None]

    def changed(self) -> bool:
        """Does the system say anything else now? Reads no byte."""
        for path, before in self.looked.items():
            if _look(path) != before:
                return True
        for file in self.files.values():
            if file.path is not None and (file.identity is None or _look(file.path) != file.identity):
                return True
        return False


def version_of(files: Mapping[str, Counted]) -> str:
    """
    The version of *files*, by their names: the first 12 hex digits of a SHA-256.

    >>> version_of({"b.css": Counted(None, None, "0" * 64), "a.css": Counted(None, None, "1" * 64)})
    '675f74448d73'
    """
    digest = hashlib.sha256()
    for name in sorted(files, key=_bytes):
        digest.update(b"%b\0%b\n" % (_bytes(name), files[name].digest.encode()))
    return digest.hexdigest()[:DIGEST_LENGTH]


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _look(path: str) -> Fingerprint | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    # The size of a directory says nothing that its times do not say, and differs between file systems.
    return fingerprint(status)


@dataclass
class _Rules:
    """By which rules files are counted: those of the static views over them."""

    regions: Sequence[tuple[AssetSpec, AssetSpec]]  # what is walked, and the root that a link may not leave
    deeper: frozenset[AssetSpec]
    dotfiles: bool
    links: bool

    @classmethod
    def of(cls, snapshot: Snapshot, path: AssetSpec) -> _Rules:
        views: list[StaticViewRecord] = [view for view in snapshot.views if not view.file]
        merged = snapshot.derived(SearchPaths).merged
        published = [(view.root, view) for view in views]
        published += [(each.source, view) for each in merged for view in views if each.target.under(view.root)]
        over = [(root, view) for root, view in published if path.under(root)]
        below = [(root, view) for root, view in published if root.under(path)]
        roots = sorted({root for root, _ in below})
        inner = [root for root in roots if not any(root != other and root.under(other) for other in roots)]
        bustings = {busting.path for busting in snapshot.bustings if not busting.explicit}
        return cls(
            regions=[(path, _deepest(root for root, _ in over))] if over else [(root, root) for root in inner],
            deeper=frozenset(each for each in bustings if each != path and each.under(path)),
            dotfiles=any(view.dotfiles for _, view in (*over, *below)),
            links=any(snapshot.follows_links(view) for _, view in (*over, *below)),
        )


def _deepest(roots: Iterable[AssetSpec]) -> AssetSpec:
    return max(roots, key=lambda root: len(root.parts))


@dataclass
class _Walk:
    """One count of the files below *path*, while it is made."""

    snapshot: Snapshot
    path: AssetSpec
    packages: Packages
    known: Mapping[Fingerprint, str]
    limit: int
    files: dict[str, Counted] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    looked: dict[str, Fingerprint | None] = field(default_factory=dict)
    read: int = 0

    def __post_init__(self) -> None:
        self.paths = self.snapshot.derived(SearchPaths)
        self.rules = _Rules.of(self.snapshot, self.path)
        self._real: dict[str, str] = {}

    def count(self) -> Count:
        for region, root in self.rules.regions:
            self._directory(region, root)
        return Count(version_of(self.files), self.files, frozenset(self.directories), self.looked)

    def _directory(self, region: AssetSpec, root: AssetSpec) -> None:
        waiting = [region]
        while waiting:
            spec = waiting.pop()
            places = self.paths.places(spec, root)
            names = set(self._names(places))
            if names:
                self.directories.add("/".join(spec.below(self.path)))
            public = [name for name in names if is_public_name(name, self.rules.dotfiles)]
            for name in public:
                child = spec.joined([name])
                if child not in self.rules.deeper and not _is_variant(name, names) and self._child(child, root):
                    waiting.append(child)

    def _names(self, places: Sequence[Candidate]) -> Iterator[str]:
        """The names in a directory, of all layers."""
        for place in places:
            for path, member in self._portions(place):
                if path is not None:
                    self.looked[path] = _look(path)
                    try:
                        yield from os.listdir(path)
                    except OSError:
                        continue
                elif member.is_dir():
                    archive = getattr(getattr(member, "archive", None), "path", None)
                    if archive is not None:
                        self.looked[archive] = _look(archive)
                    yield from (entry.name for entry in member.iterdir())
        for child in targets_in(self.paths, places):
            yield child.name

    def _portions(self, place: Candidate) -> Iterator[tuple[str | None, Any]]:
        """Where a place may be: a path, or a member of an archive."""
        try:
            portions = self.packages.portions(place.spec.package)
        except ImportError:  # an override may name a package that is gone
            return
        for portion in portions:
            if isinstance(portion, str):
                yield "/".join((portion, *place.spec.parts)) or "/", None
            else:
                yield None, portion.joinpath(*place.spec.parts) if place.spec.parts else portion

    def _child(self, spec: AssetSpec, root: AssetSpec) -> bool:
        """Count what stands at *spec* if it is a file; whether there may be something below it."""
        within = False
        for place in self.paths.places(spec, root):
            for path, member in self._portions(place):
                kind = self._kind(path, member, place)
                if kind is False:
                    self.files["/".join(spec.below(self.path))] = self._counted(path, member)
                    return within
                within = within or kind is True
        return within or bool(self.paths.targets_in(spec))

    def _kind(self, path: str | None, member: Any, place: Candidate) -> bool | None:
        """Is it a directory; None for what is neither that nor a file that may be served."""
        if path is None:
            return True if member.is_dir() else False if member.is_file() else None
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                if not self.rules.links and not self._stays(path, place):
                    return None
                mode = os.stat(path).st_mode
        except (OSError, ValueError):
            if place.via:  # an override that has nothing yet
                self.looked.setdefault(os.path.dirname(path), _look(os.path.dirname(path)))
            return None
        return True if stat.S_ISDIR(mode) else False if stat.S_ISREG(mode) else None

    def _stays(self, path: str, place: Candidate) -> bool:
        """Does a link lead to what is in the root too?"""
        root = path[: len(path) - len("/".join(place.spec.below(place.root))) - 1]
        real = self._real.setdefault(root, os.path.realpath(root))
        return os.path.realpath(path).startswith(real.rstrip("/") + "/")

    def _counted(self, path: str | None, member: Any) -> Counted:
        try:
            if path is None:
                with member.open("rb") as stream:
                    return Counted(None, None, whole_digest(stream))
            return self._of_file(path)
        except OSError as error:
            logger.warning(
                "%s: %s; it counts by its name in the version of %s", path or member, error.strerror or error, self.path
            )
            return Counted(path, None if path is None else _look(path), UNREADABLE)

    def _of_file(self, path: str) -> Counted:
        status = os.stat(path)
        if status.st_size > self.limit:
            return Counted(path, fingerprint(status), f"size:{status.st_size}")
        known = self.known.get(fingerprint(status))
        if known is not None:
            return Counted(path, fingerprint(status), known)
        self.read += 1
        with open_file(path, buffering=0) as stream:
            digest = whole_digest(stream)
            after = fingerprint(os.fstat(stream.fileno()))
        steady = after == fingerprint(status) and not may_change_unseen(after)
        return Counted(path, after if steady else None, digest)


def _is_variant(name: str, beside: set[str]) -> bool:
    return any(name.endswith(suffix) and name.removesuffix(suffix) in beside for suffix in CODINGS.values())


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
            walk = _Walk(self._snapshot, self.path, self._packages, known, self._trees.limit)
            count = walk.count()
            known = {**known, **_identified(count)}
            if not any(_look(path) != seen for path, seen in count.looked.items()) and not _moved(count):
                break
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


def _moved(count: Count) -> bool:
    """Has a file changed since it was counted?"""
    return any(
        file.path is not None and file.identity is not None and _look(file.path) != file.identity
        for file in count.files.values()
    )


def _identified(count: Count) -> dict[Fingerprint, str]:
    return {file.identity: file.digest for file in count.files.values() if file.identity is not None and file.proven}


def in_event_loop() -> bool:
    """Does an event loop run in this thread?"""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return True
    sniffio = sys.modules.get("sniffio")
    return sniffio is not None and getattr(sniffio.thread_local, "name", None) is not None


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
        return {**(store.digests() if store is not None else {}), **(_identified(latest) if latest is not None else {})}

    def keep(self, snapshot: Snapshot, path: AssetSpec, count: Count, some_read: bool) -> None:
        """Remember a count, and write its digests into the store, if *some* files had to be read."""
        self._latest[path] = count
        store = self._opened()
        if store is None or not some_read:
            return
        if not store.is_published(_real_roots(snapshot)):
            store.keep({digest: found for each in self._latest.values() for digest, found in _identified(each).items()})

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
