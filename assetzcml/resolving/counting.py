"""
The files below a path, counted once: what a static view would answer by a plain name there, each with its digest.

Of most directories the system is asked once, and of each file once; nothing that is known already is read. Nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.records.readers import CODINGS
from assetzcml.registry import Snapshot
from assetzcml.resolving.digests import DIGEST_LENGTH, file_digest, whole_digest
from assetzcml.resolving.fingerprints import RACY, Fingerprint, fingerprint
from assetzcml.resolving.names import is_public_name
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.search import Candidate, SearchPaths, targets_in

__all__ = ["Count", "Counted", "Walk", "version_of"]

UNREADABLE = "-"
LONG = 1_000_000_000  # nanoseconds; in a walk that takes longer something may well have changed behind its back
_SUFFIXES = tuple(CODINGS.values())


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
    that were looked for in vain, each with what the system said of it. *unsure* is one in which something may have changed
    since without showing it: a file or a directory is of that very moment.
    """

    version: str
    files: Mapping[str, Counted]
    directories: frozenset[str]
    looked: Mapping[str, Fingerprint | None]
    unsure: bool

    def changed(self) -> bool:
        """Does the system say anything else now, or may it not say it? Reads no byte."""
        return self.unsure or self.moved()

    def moved(self) -> bool:
        """Does the system say anything else now, as far as it can be told from it?"""
        if any(_look(path) != before for path, before in self.looked.items()):
            return True
        for path, identity, _ in self.files.values():
            if path is not None and identity is not None and _look(path) != identity:
                return True
        return False

    def identified(self) -> dict[Fingerprint, str]:
        """The digests of the files that are known by what the system says of them."""
        return {file.identity: file.digest for file in self.files.values() if file.identity is not None and file.proven}


def version_of(files: Mapping[str, Counted]) -> str:
    """
    The version of *files*, by their names: the first 12 hex digits of a SHA-256.

    >>> version_of({"b.css": Counted(None, None, "0" * 64), "a.css": Counted(None, None, "1" * 64)})
    '675f74448d73'
    """
    # No byte is smaller than NUL: the lines stand in the order of the names.
    lines = sorted(f"{name}\0{file.digest}\n".encode("utf-8", "surrogateescape") for name, file in files.items())
    return hashlib.sha256(b"".join(lines)).hexdigest()[:DIGEST_LENGTH]


def _is_racy(directory: Fingerprint | None) -> bool:
    """May something have come into a directory, after it was listed, in the tick of a clock in which it last changed?"""
    return directory is not None and abs(time.time_ns() - directory[3]) <= RACY


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
class Walk:
    """One count of the files below *path*, while it is made. *known* are digests of files that have been read before."""

    snapshot: Snapshot
    path: AssetSpec
    packages: Packages
    known: Mapping[Fingerprint, str]
    limit: int
    files: dict[str, Counted] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    looked: dict[str, Fingerprint | None] = field(default_factory=dict)
    read: int = 0  # files
    unreadable: dict[str, str] = field(default_factory=dict)  # why, by path
    quiet: bool = False  # has nothing changed while it was made, nor shortly before?

    def __post_init__(self) -> None:
        self.paths = self.snapshot.derived(SearchPaths)
        self.rules = _Rules.of(self.snapshot, self.path)
        self._real: dict[str, str] = {}
        self._newest = 0  # nanoseconds of the epoch, when something of it was changed last
        self._unsure = False

    def count(self) -> Count:
        began = time.time_ns()
        for region, root in self.rules.regions:
            self._below(region, root)
        self.quiet = not self.read and self._newest < began - RACY and time.time_ns() - began < LONG
        unsure = self._unsure or any(map(_is_racy, self.looked.values()))
        return Count(version_of(self.files), self.files, frozenset(self.directories), self.looked, unsure)

    def _below(self, region: AssetSpec, root: AssetSpec) -> None:
        waiting = [region]
        while waiting:
            spec = waiting.pop()
            places = self.paths.places(spec, root)
            layers = self._layers(places)
            below = self._joined(spec, root, places) if layers is None else self._listed(spec, layers)
            waiting += [spec.joined([name]) for name in below]

    def _excluded(self, spec: AssetSpec) -> set[str]:
        """The names in a directory that deeper cache busters cover."""
        length = len(spec.parts)
        return {each.parts[length] for each in self.rules.deeper if len(each.parts) == length + 1 and each.under(spec)}

    # A directory in which no override ends: whatever is there is looked for in the same places, in the same order.

    def _layers(self, places: Sequence[Candidate]) -> list[tuple[str, Candidate]] | None:
        """The real directories that make up a directory, the strongest first; None where each name in it has its own."""
        layers = []
        for place in places:
            if any(override.file for override in place.via) or any(self.paths.targets_in(place.spec)):
                return None
            for path, _ in self._portions(place):
                if path is None:
                    return None
                layers.append((path, place))
        return layers

    def _listed(self, spec: AssetSpec, layers: Sequence[tuple[str, Candidate]]) -> set[str]:
        """Count the files of a directory. Returns the names of the directories in it."""
        listed = [(path, place, self._entries(path)) for path, place in layers]
        names = {entry.name for _, _, entries in listed for entry in entries}
        within = "/".join(spec.below(self.path))
        if names:
            self.directories.add(within)
        prefix, below = f"{within}/" if within else "", set[str]()
        done = self._excluded(spec)  # and, of what stronger layers have, the files
        for path, place, entries in listed:
            start = f"{path.rstrip('/')}/"
            for entry in entries:
                name = entry.name
                if name in done or not is_public_name(name, self.rules.dotfiles) or _is_variant(name, names):
                    continue
                kind, status = self._entry(entry, start, place)
                if kind:
                    below.add(name)
                elif kind is False:
                    done.add(name)
                    self._count(prefix + name, start + name, None, status)
        return below

    def _entries(self, path: str) -> list[os.DirEntry[str]]:
        self._remember(path)
        try:
            with os.scandir(path) as entries:
                return list(entries)
        except OSError:
            return []

    def _entry(
        self, entry: os.DirEntry[str], start: str, place: Candidate
    ) -> tuple[bool | None, os.stat_result | None]:
        """As `_kind`; and what the system says of a file."""
        try:
            if entry.is_symlink():
                return self._kind(start + entry.name, None, place._replace(spec=place.spec.joined([entry.name]))), None
            if entry.is_file(follow_symlinks=False):
                return False, entry.stat(follow_symlinks=False)
            return entry.is_dir(follow_symlinks=False) or None, None
        except (OSError, ValueError):  # it is gone
            return None, None

    # A directory in which overrides end, or which is in an archive.

    def _joined(self, spec: AssetSpec, root: AssetSpec, places: Sequence[Candidate]) -> list[str]:
        """Count the files of a directory, each looked for by itself. Returns the names below which there may be more."""
        names = set(self._names(places))
        if names:
            self.directories.add("/".join(spec.below(self.path)))
        possible = [name for name in names - self._excluded(spec) if is_public_name(name, self.rules.dotfiles)]
        return [name for name in possible if not _is_variant(name, names) and self._child(spec.joined([name]), root)]

    def _names(self, places: Sequence[Candidate]) -> Iterator[str]:
        """The names in a directory, of all layers."""
        for place in places:
            for path, member in self._portions(place):
                if path is not None:
                    self._remember(path)
                    try:
                        yield from os.listdir(path)
                    except OSError:
                        continue
                elif member.is_dir():
                    archive = getattr(getattr(member, "archive", None), "path", None)
                    if archive is not None:
                        self._remember(archive)
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
                    self._count("/".join(spec.below(self.path)), path, member, None)
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
                status = os.stat(path)
                mode = status.st_mode
                if stat.S_ISDIR(mode) and self._leads_back(path, status):
                    return None
        except (OSError, ValueError):
            directory = os.path.dirname(path)
            if place.via and directory not in self.looked:  # an override that has nothing yet
                self._remember(directory)
            return None
        return True if stat.S_ISDIR(mode) else False if stat.S_ISREG(mode) else None

    def _stays(self, path: str, place: Candidate) -> bool:
        """Does a link lead to what is in the root too?"""
        root = path[: len(path) - len("/".join(place.spec.below(place.root))) - 1]
        real = self._real.setdefault(root, os.path.realpath(root))
        return os.path.realpath(path).startswith(real.rstrip("/") + "/")

    def _leads_back(self, path: str, status: os.stat_result) -> bool:
        """Does a link to a directory lead to one that it lies in? Then there is no end of paths below it."""
        while (parent := os.path.dirname(path)) != path:
            path, found = parent, self.looked.get(parent)
            if found is not None and found[:2] == (status.st_dev, status.st_ino):
                return True
        return False

    # One file.

    def _remember(self, path: str) -> None:
        self.looked[path] = found = _look(path)
        if found is not None:
            self._newest = max(self._newest, *found[3:])

    def _count(self, name: str, path: str | None, member: Any, status: os.stat_result | None) -> None:
        try:
            if path is None:
                with member.open("rb") as stream:
                    self.files[name] = Counted(None, None, whole_digest(stream))
            else:
                self.files[name] = self._of_file(path, status or os.stat(path))
        except FileNotFoundError:  # it is gone; its directory has changed with it
            return
        except OSError as error:
            self.unreadable[str(path or member)] = error.strerror or str(error)
            self.files[name] = Counted(path, None if path is None else _look(path), UNREADABLE)

    def _of_file(self, path: str, status: os.stat_result) -> Counted:
        identity = fingerprint(status)
        if identity[4] > self._newest:
            self._newest = identity[4]
        if status.st_size > self.limit:
            return Counted(path, identity, f"size:{status.st_size}")
        known = self.known.get(identity)
        if known is not None:
            return Counted(path, identity, known)
        self.read += 1
        digest, steady = file_digest(path)
        self._unsure = self._unsure or steady is None
        return Counted(path, steady, digest)


def _is_variant(name: str, beside: set[str]) -> bool:
    return name.endswith(_SUFFIXES) and any(
        name.endswith(suffix) and name.removesuffix(suffix) in beside for suffix in _SUFFIXES
    )
