"""
Former and coming versions of assets, with their own bytes: what the store of contents has of other releases.

It is read only, and believed only as far as it can be proven: a manifest has the digest that is its name, and so has every
object, which is compared before its first byte is sent.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from assetzcml.records.assets import StaticViewRecord
from assetzcml.records.site import ContentStore
from assetzcml.registry import Registry, Snapshot
from assetzcml.resolving.destinations import destination_at
from assetzcml.resolving.files import open_file
from assetzcml.resolving.fingerprints import TICK, Fingerprint, fingerprint
from assetzcml.resolving.mirrors import Mirror, Unreachable
from assetzcml.resolving.objects import BrokenObject, Objects, Unfit
from assetzcml.resolving.releases import BrokenRelease, Release, Released, Releases
from assetzcml.serving.variants import CodedFile, Location

__all__ = ["Contents", "Kept"]

logger = logging.getLogger("assetzcml")

MOST_READ = 64 << 20  # bytes of manifests that are kept in memory; what else is asked of is read again
MOST_PROVEN = 10_000  # objects that are known to have their digest; about 2 MB
HEAD = 64 << 20  # bytes of the first line of a manifest, in which its versions are: four million
PATIENCE = 5.0  # seconds that a request for a former version waits for one of a destination
LIMITS = frozenset([errno.EMFILE, errno.ENFILE, errno.ENOMEM])  # of the system: what was not found may be there
PAUSE = 60.0  # seconds between two lines of the log about the same trouble


class Kept(NamedTuple):
    """An asset of another release, and its bytes in the store: as it is first, then in its codings."""

    released: Released
    sources: list[CodedFile]


class Contents:
    """The store of one registry, as far as requests read it. Nothing is looked at before one asks for another version."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._of: str | None = None
        self._seen: tuple[Fingerprint, float] | None = None
        self._versions: dict[str, list[str]] = {}  # to the manifests that name one, the one that was used last first
        self._heads: dict[str, frozenset[str]] = {}  # of each manifest: the versions in it
        self._read: dict[str, tuple[Release, int]] = {}
        self._proven: dict[str, Fingerprint] = {}
        self._told: dict[str, float] = {}
        self._mirror: tuple[ContentStore, Mirror] | None = None
        self._lock = threading.Lock()

    def find(self, snapshot: Snapshot, record: StaticViewRecord, name: str, version: str, limit: int) -> Kept | None:
        """
        What stood in the URL *name*, without its *version*, in some release; None where no kept one has it, and where
        it was protected by another permission than that of the static view *record*, which has the name today.

        Sources of at most *limit* bytes have their digest. Raises OSError where the system is at its limits.
        """
        if snapshot.store is None:
            return None
        objects = Objects(snapshot.store.directory)
        mirror = self._mirror_of(snapshot.store)
        naming = self._naming(objects, version)
        if mirror is not None:
            mirror.refresh(is_known=bool(naming))
            naming = self._naming(objects, version)
            if not naming and mirror.is_gone:
                raise mirror.unreachable()
        for digest in naming:
            try:
                release = self._release(objects.directory, digest)
                found = release.find(name)
            except (OSError, BrokenRelease) as error:
                self._tell(
                    digest, f"the manifest {digest[:12]} is passed over: {getattr(error, 'strerror', None) or error}"
                )
                continue
            if found is None or version not in found.versions or found.permission not in (None, record.permission):
                continue
            sources = list(self._sources(objects, found, record, limit, mirror))
            if sources and sources[0].coding is None:
                return Kept(found, sources)
        return None

    def _mirror_of(self, store: ContentStore) -> Mirror | None:
        """What stands before the destination of a store of many hosts; None for a store that is a directory."""
        if store.url is None:
            return None
        with self._lock:
            if self._mirror is None or self._mirror[0] != store:
                url, endpoint = store.url, store.endpoint
                registry, timeout = self.registry, PATIENCE
                connect = partial(destination_at, url, endpoint, registry, timeout=timeout)
                self._mirror = store, Mirror(store.directory, connect, store.local)
            return self._mirror[1]

    def _naming(self, objects: Objects, version: str) -> list[str]:
        """The manifests that name a version. They are listed again when the folder has changed."""
        releases = Releases(objects.directory)
        try:
            objects.check()
            now = fingerprint(os.stat(releases.folder))
            seen = self._seen
            if self._of != objects.directory or seen is None or seen[0] != now or time.monotonic() < seen[1]:
                with self._lock:
                    self._list(releases, now)
        except FileNotFoundError:
            return []
        except (OSError, Unfit) as error:
            if getattr(error, "errno", None) in LIMITS:
                raise
            self._tell("", f"the store of contents is passed over: {getattr(error, 'strerror', None) or error}")
            return []
        return self._versions.get(version, [])

    def _list(self, releases: Releases, now: Fingerprint) -> None:
        if self._of != releases.directory:
            self._of, self._heads, self._read, self._proven = releases.directory, {}, {}, {}
        stamps = releases.stamps()
        heads = {stamp.digest: self._heads.get(stamp.digest) or self._head(releases, stamp.digest) for stamp in stamps}
        versions: dict[str, list[str]] = {}
        for digest, named in heads.items():
            for version in named:
                versions.setdefault(version, []).append(digest)
        self._heads, self._versions = heads, versions
        self._read = {digest: known for digest, known in self._read.items() if digest in heads}
        # What is added in the very tick of the clock in which we have listed gives the folder no other time.
        young = abs(time.time_ns() - now[3]) < TICK
        self._seen = now, time.monotonic() + TICK / 1e9 if young else 0.0

    def _head(self, releases: Releases, digest: str) -> frozenset[str]:
        """The versions that a manifest says it names. It is believed once the whole is read."""
        try:
            with open_file(releases.path(digest)) as stream:
                line = stream.readline(HEAD)
            said = json.loads(line.removesuffix(b'"entries":[\n').removesuffix(b",") + b"}")
            versions = said.get("versions", []) if isinstance(said, dict) else []
            return frozenset(each for each in versions if isinstance(each, str))
        except OSError as error:
            self._tell(digest, f"the manifest {digest[:12]} is passed over: {error.strerror}")
        except (ValueError, TypeError, RecursionError):
            self._tell(digest, f"the manifest {digest[:12]} is passed over: it is broken")
        return frozenset()

    def _release(self, directory: str, digest: str) -> Release:
        known = self._read.get(digest)
        if known is not None:
            return known[0]
        release = Releases(directory).read(digest)
        size = os.path.getsize(Releases(directory).path(digest))
        with self._lock:
            while self._read and sum(each[1] for each in self._read.values()) + size > MOST_READ:
                self._read.pop(next(iter(self._read)))
            self._read[digest] = release, size
        return release

    def _sources(
        self, objects: Objects, found: Released, record: StaticViewRecord, limit: int, mirror: Mirror | None
    ) -> Iterator[CodedFile]:
        wanted: list[tuple[str | None, str, int]] = [(None, found.object, found.size)]
        wanted += [(coding, *found.variants[coding]) for coding in record.content_encodings if coding in found.variants]
        for coding, digest, size in wanted:
            try:
                version = self._here(objects, digest, size, mirror)
            except Unreachable:
                if coding is None:
                    raise
                continue
            except (OSError, BrokenObject) as error:
                self._tell(digest, f"{found.name} is not served of another release: {error}")
                if coding is None:
                    return
                continue
            location = Location(f"{objects.directory}/objects", (digest[:2], digest[2:]))
            yield CodedFile(coding, location, size, version[3], version, digest[:12] if size <= limit else None)

    def _here(self, objects: Objects, digest: str, size: int, mirror: Mirror | None) -> Fingerprint:
        """The same as `_prove`; what a mirror has not is fetched. Raises Unreachable, too."""
        if mirror is None:
            return self._prove(objects, digest, size)
        mirror.used(digest)
        try:
            return self._prove(objects, digest, size)
        except (FileNotFoundError, BrokenObject):
            if not mirror.fetch(digest):
                raise
        return self._prove(objects, digest, size)

    def _prove(self, objects: Objects, digest: str, size: int) -> Fingerprint:
        """The fingerprint of an object that has the digest which is its name. Raises OSError, BrokenObject."""
        with objects.open(digest) as stream:
            version = fingerprint(os.fstat(stream.fileno()))
            if self._proven.get(digest) == version:
                return version
            if (
                version[2] != size
                or not objects.is_whole(digest)
                or fingerprint(os.stat(objects.path(digest))) != version
            ):
                raise BrokenObject(f"{objects.path(digest)} does not have the digest that is its name")
        if len(self._proven) >= MOST_PROVEN:
            self._proven.clear()
        self._proven[digest] = version
        return version

    def _tell(self, about: str, what: str) -> None:
        """Of each trouble at most once a minute."""
        now = time.monotonic()
        if now >= self._told.get(about, 0.0):
            if len(self._told) > MOST_PROVEN:
                self._told.clear()
            self._told[about] = now + PAUSE
            logger.warning("%s", what)
