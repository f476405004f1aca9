"""
A release into the store of contents: the bytes of every asset that has a version in its URL, and the manifest that names them.

What is stored is what the static views answer, by the very counts that versions are made of. Nothing is removed here but by
`collect`, and nothing is built.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import threading
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.publishing.sending import send
from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.records.media_types import content_type
from assetzcml.records.readers import CODINGS
from assetzcml.records.site import ContentStore
from assetzcml.registry import Registry, Snapshot
from assetzcml.resolving.counting import Count, Counted
from assetzcml.resolving.decoders import decoded
from assetzcml.resolving.destinations import Failed, destination_at
from assetzcml.resolving.digests import DIGEST_LENGTH
from assetzcml.resolving.files import open_file, sync_directory, write_all
from assetzcml.resolving.objects import Objects, StoredObject, Unfit, create_only, temporary_file
from assetzcml.resolving.releases import BrokenRelease, NewerSchema, Released, Releases, release_bytes
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.trees import Trees
from assetzcml.urls.cachebusters import DigestCacheBuster, TreeCacheBuster
from assetzcml.urls.lookup import BoundBusting, Lookup

__all__ = ["Collected", "Stored", "Storing", "collect", "store"]

logger = logging.getLogger("assetzcml")

ATTEMPTS = 3  # of a release whose files change while they are stored
VARIANT_LIMIT = 1 << 20  # bytes; a variant of more is stored by none: to know that it is one, it has to be decoded
START = 30.0  # seconds that a start waits for a request of a destination
PATIENCE = 120.0  # seconds that a start waits for another process which writes into the store


class Stored(NamedTuple):
    """A release that is in the store: its manifest, how many assets it has, and what had to be written for it."""

    release: str
    assets: int
    objects: int
    bytes: int
    written: bool


class _Changed(Exception):
    """A file is not any more what was counted."""


class _Asset(NamedTuple):
    """One asset that has versions: where it is published, by which views' names, and what was counted."""

    spec: AssetSpec
    view: StaticViewRecord
    name: str
    counted: Counted
    version: str


def wanted(snapshot: Snapshot) -> list[BoundBusting]:
    """The cache busters of a snapshot whose other versions are answered from the store."""
    found = snapshot.derived(Lookup).bustings
    return [each for each in found if getattr(each.buster, "former", "") == "stored" and not each.record.explicit]


def store(registry: Registry, timeout: float = 600.0, anew: bool = True) -> Stored:
    """
    Add the release that *registry* serves to its store of contents.

    What is there, and whole, is not written again; without *anew* a release that was stored as it is costs one look. Raises
    ConfigurationError where none is declared, TimeoutError while another process writes for more than *timeout* seconds,
    and OSError: what is in the store then is whole. A store of many hosts is written here, and sent there: Failed.
    """
    snapshot = registry.snapshot
    if snapshot.store is None:
        message = "nothing says where the contents of releases are kept"
        raise ConfigurationError(Problem(None, message, 'declare <contentStore directory="..."/>'))
    stored = _store_here(registry, snapshot, timeout, anew)
    if snapshot.store.url is not None:
        target = destination_at(snapshot.store.url, snapshot.store.endpoint, registry, None if anew else START)
        sent = send(snapshot.store.directory, stored.release, target)
        stored = stored._replace(objects=sent.objects, bytes=sent.bytes, written=sent.written)
    return stored


def _store_here(registry: Registry, snapshot: Snapshot, timeout: float, anew: bool) -> Stored:
    """The same into the directory of this host."""
    assert snapshot.store is not None
    directory = snapshot.store.directory
    if not anew:
        found = _known(directory, _state(registry, snapshot))
        if found is not None:
            return found
    with contextlib.suppress(FileNotFoundError):
        Objects(directory).check()
    with Objects(directory).writing(timeout):
        if not anew:  # another process may just have written it
            found = _known(directory, _state(registry, snapshot))
            if found is not None:
                return found
        for attempt in range(ATTEMPTS):
            try:
                return _Writing(registry, snapshot, prove=anew).store()
            except _Changed as change:
                if attempt == ATTEMPTS - 1:
                    raise OSError(0, f"it changes while it is stored; a release has to stand still: {change}") from None
    raise AssertionError


def _counts(registry: Registry, snapshot: Snapshot) -> Iterator[tuple[BoundBusting, Count]]:
    for busting in wanted(snapshot):
        yield busting, registry.part(Trees).tree(snapshot, busting.record.path).current(anew=True)


def _state(registry: Registry, snapshot: Snapshot) -> str:
    """Says all that a release is made of, as far as it is known without reading a file."""
    views = [(view.name, str(view.root), view.permission, view.content_encodings, view.file) for view in snapshot.views]
    counts = [
        (str(each.record.path), type(each.buster).__name__, count.version)
        for each, count in _counts(registry, snapshot)
    ]
    said = [1, sorted(views, key=str), sorted(counts), sorted(snapshot.media_types.items())]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _known(directory: str, state: str) -> Stored | None:
    """The release that was stored for this state; it is used now, so it is young."""
    releases = Releases(directory)
    try:
        with open_file(f"{directory}/states/{state}") as stream:
            release, assets = stream.read(100).decode("ascii").split()
        os.stat(releases.path(release))
        releases.renew(release)
        return Stored(release, int(assets), 0, 0, False)
    except (OSError, ValueError):
        return None


class _Writing:
    """One release, while it is written by who holds the lock."""

    def __init__(self, registry: Registry, snapshot: Snapshot, prove: bool):
        self.registry = registry
        self.snapshot = snapshot
        self.prove = prove
        assert snapshot.store is not None
        self.objects = Objects(snapshot.store.directory)
        self.releases = Releases(snapshot.store.directory)
        self.new = self.bytes = 0

    def store(self) -> Stored:
        state = _state(self.registry, self.snapshot)
        entries = [entry for asset in self._assets() for entry in [self._entry(asset)] if entry is not None]
        self.objects.sync(digest for entry in entries for digest in entry.objects)
        content = release_bytes(entries)
        known = os.path.exists(self.releases.path(hashlib.sha256(content).hexdigest()))
        release = self.releases.write(content)
        _note(self.objects, state, f"{release} {len(entries)}\n")
        return Stored(release, len(entries), self.new, self.bytes, not known)

    def _assets(self) -> Iterator[_Asset]:
        """Every name that is answered with a version in it; one below a longer name of a view belongs to that."""
        views = [view for view in self.snapshot.views if not view.external and not view.file]
        names = {view.name for view in self.snapshot.views if not view.external}
        seen: set[str] = set()
        for busting, count in _counts(self.registry, self.snapshot):
            path = busting.record.path
            lookup = self.snapshot.derived(Lookup)
            for below, counted in count.files.items():
                asked = path.joined(below.split("/"))
                publishing, spec = lookup.publication(asked)  # what was merged into one root is published as part of it
                if spec != asked and not self._works_on(busting, spec):
                    continue  # another directory has a file of this name, which goes before
                over = {view for view in (*views, publishing) if view is not None and spec.under(view.root)}
                for view in sorted(over & set(views), key=lambda view: view.name):
                    name = "/".join((*([view.name] if view.name else []), *spec.below(view.root)))
                    version = _version(busting, count, counted)
                    if version is not None and name not in seen and not _another_has(name, view.name, names):
                        seen.add(name)
                        yield _Asset(spec, view, name, counted, version)

    def _works_on(self, busting: BoundBusting, spec: AssetSpec) -> bool:
        """Is it the cache buster of what is served in a merged root?"""
        found = self.registry.part(Resolver).look(spec)[1]
        at_work = self.snapshot.derived(Lookup).at_work(spec, found.spec if found is not None else None)
        return at_work is not None and at_work.busting is busting

    def _entry(self, asset: _Asset) -> Released | None:
        found = self.registry.part(Resolver).look(asset.spec)[1]
        if found is None or found.directory:
            raise _Changed(str(asset.spec))
        digest = asset.counted.digest
        with open_file(asset.counted.path) if asset.counted.path is not None else found.open() as stream:
            size = os.fstat(stream.fileno()).st_size if asset.counted.path is not None else stream.seek(0, io.SEEK_END)
            stream.seek(0)
            stored = self._put(stream, StoredObject(digest, size))
        if stored.digest != digest:
            raise _Changed(str(asset.spec))
        return Released(
            name=asset.name,
            object=stored.digest,
            size=stored.size,
            type=content_type(asset.spec.name, self.snapshot.media_types),
            versions=(asset.version,),
            view=asset.view.name,
            spec=_portable(asset.spec),
            source=_portable(found.spec),
            permission=asset.view.permission,
            variants=dict(self._variants(asset, stored)),
        )

    def _variants(self, asset: _Asset, plain: StoredObject) -> Iterator[tuple[str, tuple[str, int]]]:
        path = asset.counted.path
        if path is None or plain.size > VARIANT_LIMIT:
            return
        for coding in sorted(asset.view.content_encodings):
            with contextlib.suppress(OSError):
                with open_file(path + CODINGS[coding]) as stream:
                    variant = stream.read(plain.size)
                original = decoded(variant, coding, plain.size)
                if variant and original is not None and hashlib.sha256(original).hexdigest() == plain.digest:
                    digest = hashlib.sha256(variant).hexdigest()
                    stored = self._put(io.BytesIO(variant), StoredObject(digest, len(variant)))
                    yield coding, (stored.digest, stored.size)

    def _put(self, stream: BinaryIO, expected: StoredObject) -> StoredObject:
        there = self.objects.size(expected.digest) == expected.size
        stored = self.objects.put(stream, expected, prove=self.prove)
        if not there:
            self.new += 1
            self.bytes += stored.size
        return stored


def _version(busting: BoundBusting, count: Count, counted: Counted) -> str | None:
    """What stands in the URLs of a file; None where nothing does."""
    if not counted.proven:
        return None
    if isinstance(busting.buster, TreeCacheBuster):
        return f"~{count.version}"
    return counted.digest[:DIGEST_LENGTH] if isinstance(busting.buster, DigestCacheBuster) else None


def _another_has(name: str, own: str, names: set[str]) -> bool:
    """Does a name belong to another view, whose name is longer?"""
    parts = name.split("/")
    return any("/".join(parts[:length]) in names for length in range(own.count("/") + 2 if own else 1, len(parts) + 1))


def _portable(spec: AssetSpec) -> str:
    """A spec as another machine has it too; '' for a path of this one."""
    return "" if spec.absolute_path else str(spec)


def _note(objects: Objects, state: str, content: str) -> None:
    """Remember which release a state was, so that the next start has one look. Without it, it has more."""
    os.makedirs(f"{objects.directory}/states", exist_ok=True)
    with temporary_file(objects.directory) as (descriptor, temporary):
        write_all(descriptor, content.encode())
        create_only(temporary, f"{objects.directory}/states/{state}", replace=True)


class Collected(NamedTuple):
    """What a collection left and took away. *broken* are the paths of what does not have the digest that is its name."""

    releases: int
    removed_releases: int
    objects: int
    removed_objects: int
    bytes: int
    broken: tuple[str, ...]


def collect(record: ContentStore, verify: bool = False, timeout: float = 600.0) -> Collected:
    """
    Take away from a store the releases that are not kept any more, and every object that no kept one names.

    One that is neither among the last `keep` nor was used in the last `younger` seconds is not kept. With *verify* every
    object is read, and one that is broken is taken away: nobody is served it, and the next `store` puts it again. Raises
    TimeoutError, OSError, and ConfigurationError for a manifest that a later version of assetzcml has written.
    """
    objects, releases = Objects(record.directory), Releases(record.directory)
    objects.check()
    with objects.writing(timeout):
        kept, going = releases.kept(record.keep, record.younger)
        named, broken = set[str](), []
        for stamp in kept:
            try:
                named |= releases.read(stamp.digest).objects()
            except NewerSchema as error:
                raise ConfigurationError(
                    Problem(None, f"{releases.path(stamp.digest)}: {error}", "nothing was removed; use that version")
                ) from None
            except BrokenRelease:
                broken.append(releases.path(stamp.digest))
                going.append(stamp)
        for stamp in going:
            releases.remove(stamp.digest)
        if going:
            sync_directory(releases.folder)
        _forget_states(objects.directory, {stamp.digest for stamp in kept} - {stamp.digest for stamp in going})
        left, removed, freed = 0, 0, 0
        for digest in list(objects.digests()):
            size = objects.size(digest) or 0
            bad = verify and not objects.is_whole(digest)
            if bad:
                broken.append(objects.path(digest))
            if (bad or digest not in named) and objects.remove(digest, **({"grace": 0.0} if bad else {})):
                removed, freed = removed + 1, freed + max(size, 0)
            else:
                left += 1
        return Collected(
            len(kept) - sum(stamp in going for stamp in kept), len(going), left, removed, freed, tuple(broken)
        )


def _forget_states(directory: str, releases: set[str]) -> None:
    """Of releases that are gone nobody is to be told that they are there."""
    folder = f"{directory}/states"
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with contextlib.suppress(OSError):
            with open_file(f"{folder}/{name}") as stream:
                release = stream.read(100).decode("ascii", "replace").partition(" ")[0]
            if release not in releases:
                os.unlink(f"{folder}/{name}")


class Storing:
    """What a process that serves does of itself: see to it that its release is in the store. Never an error, but a warning."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._of: Snapshot | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Store the release of the registry as it is now, if that is wanted and was not done; waits for who does it."""
        snapshot = self.registry.snapshot
        if self._of is snapshot or snapshot.store is None or not wanted(snapshot):
            return
        with self._lock:
            if self._of is snapshot:
                return
            self._of = snapshot
            try:
                done = store(self.registry, timeout=PATIENCE, anew=False)
            except (OSError, Unfit, ConfigurationError, Failed) as error:
                logger.warning(
                    "the release is not in the store of contents: %s; other processes answer its versions with their own bytes",
                    error,
                )
                return
            if done.written:
                logger.info(
                    "the release %s is in the store: %d assets, %d new objects",
                    done.release[:12],
                    done.assets,
                    done.objects,
                )
