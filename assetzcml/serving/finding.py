"""Which asset a path below a static view means: one of that name, or one whose digest or version is in it."""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple

from assetzcml.late import late_logger
from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.registry import Part, Snapshot
from assetzcml.resolving.digests import DIGEST_LENGTH, Digests, without_digest
from assetzcml.resolving.fingerprints import fingerprint
from assetzcml.resolving.names import is_source
from assetzcml.resolving.packages import Found
from assetzcml.resolving.resolver import FRESH
from assetzcml.serving.files import exhausted
from assetzcml.serving.looking import KeyFinding, Looker
from assetzcml.serving.paths import BadPath, Key, path_key, wsgi_bytes
from assetzcml.serving.responses import (
    Entry,
    entry_of,
)
from assetzcml.serving.variants import CodedFile, Located
from assetzcml.urls.cachebusters import segment_version
from assetzcml.urls.versions import AssetVersion, Stripping, Versions, stripped

__all__ = ["BARE", "KeyReader", "PlainAsset"]

logger = late_logger("assetzcml")

# The bare name of a static view, and what a static file is asked for by.
BARE = Key((), False)

MINUTE = 60.0  # seconds between two lines of the log about former versions

CONTENTS = Part("assetzcml.serving.contents", "Contents")  # opened with the first request for a former version


class PlainAsset(NamedTuple):
    """An asset under its plain name: its *data* where it is read for the ETag; *forever*, that name never gets other bytes."""

    source: CodedFile
    data: bytes | None
    forever: bool


class KeyReader(Looker):
    """One static view of a snapshot, and what its paths lead to."""

    def __init__(self, record: StaticViewRecord, snapshot: Snapshot):
        super().__init__(record, snapshot)
        self._versions = snapshot.registry.part(Versions)
        self._digests = snapshot.registry.part(Digests)
        self._has_trees, self._stripping = snapshot.derived(Stripping).of(record)
        #: Is a slash behind a file overlooked? Where somebody else has made the path.
        self.overlooks_slash = False
        self.formers = 0  # requests for another version than the current one
        self._told = 0.0  # time.monotonic of the next line about them

    def find(
        self, path: Key, known: Entry | None = None, read_now: dict[str | None, bytes] | None = None
    ) -> Entry | KeyFinding:
        """
        What *path* leads to. *known*, what it led to before, is given back, marked as fresh, when nothing has changed.
        *read_now* as in `_ready`.

        Raises OSError only where the system is at its limits.
        """
        record = self.record
        if record.file:
            if path != BARE or is_source(record.root.name):  # whatever its name in the URL is
                return KeyFinding.NOTHING
            return self._entry(record.root, known, read_now)
        spec = record.root.joined(path.parts)
        if path.directory and self.overlooks_slash and path.parts:
            located = self._locate(spec)
            if located is not None and not located.directory:
                return self._entry_of(located, spec, known, read_now)
        if path.directory:
            return self._entry(spec.joined([record.index]), known, read_now) if record.index else KeyFinding.NOTHING
        located = self._locate(spec)
        if located is not None and not located.directory:
            return self._entry_of(located, spec, known, read_now, immutable=self._is_for_ever(path, spec))
        found = self._carrying_digest(path, known, read_now)
        if found is None and located is None:
            found = self._of_another_release(path)
        if found is None and located is not None and record.index and self._is_servable(spec.joined([record.index])):
            return KeyFinding.DIRECTORY
        return KeyFinding.NOTHING if found is None else found

    def asset(self, path: Key) -> PlainAsset | None:
        """What `find` answers under a plain name, without its variants; None where there is no asset of that very name."""
        record = self.record
        if record.file and (path != BARE or is_source(record.root.name)):
            return None
        spec = record.root if record.file else record.root.joined(path.parts)
        located = self._locate(spec)
        if located is None or located.directory:
            return None
        seen = self._look(located, self._etag_limit())
        if seen is None:
            return None
        return PlainAsset(seen.sources[0], seen.bytes.get(None), not record.file and self._is_for_ever(path, spec))

    def _is_for_ever(self, path: Key, spec: AssetSpec) -> bool:
        """Does the plain name of an asset never get other bytes?"""
        version = self._version(path)
        forever = version is not None and version.current and version.digest is None
        return bool(forever or self._has_a_name_for_ever(spec)) and self._hides_nothing(spec)

    def _has_a_name_for_ever(self, spec: AssetSpec) -> bool:
        """Does the name say that other bytes get another one?"""
        path = spec.below(self.record.root)
        return any(pattern.matches(path) for pattern in self.record.immutable_names)

    def _carrying_digest(
        self, path: Key, known: Entry | None, read_now: dict[str | None, bytes] | None
    ) -> Entry | KeyFinding | None:
        """What a name with a digest in it stands for; None when it is no such name."""
        version = self._version(path)
        if version is None or not self._is_public(version.spec):
            return None
        located = self._locate(version.spec)
        if located is None or located.directory:
            return None
        found = self._entry_of(located, version.spec, known, read_now, digest=version.digest, immutable=True)
        if isinstance(found, Entry) and not self._is_current(version, located, found):
            return self._former(located, version.spec, read_now, version.former, version.digest)
        return found

    def _of_another_release(self, path: Key) -> Entry | None:
        """What a name with a digest stood for, where there is no such asset any more, or not yet."""
        split = self._versions.former_name(self.snapshot, self.record, path.parts)
        return None if split is None else self._stored(self.record.root.joined(split[0]), split[1])

    def _of_version(
        self, path: Key, known: Entry | None, read_now: dict[str | None, bytes] | None, version: str
    ) -> Entry | KeyFinding:
        """What *path* leads to below the segment of a tree's *version*."""
        record = self.record
        names = (*path.parts, record.index) if path.directory else path.parts
        spec = record.root.joined(names)
        located = self._locate(spec) if names and names[-1] else None
        if located is None or located.directory:
            found = self.find(path, known, read_now)
            if found is not KeyFinding.NOTHING:
                return found
            former = self._versions.judged(self.snapshot, spec, version).former
            stored = self._stored(spec, f"~{version}") if former == "stored" and names else None
            return KeyFinding.STALE if stored is None else stored
        for anew in (False, True):
            judged = self._versions.judged(self.snapshot, spec, version, anew)
            if judged.foreign:
                return self._entry_of(located, spec, known, read_now)
            if judged.digest is None:
                break
            mine = AssetVersion(spec, True, judged.digest[:DIGEST_LENGTH])
            found = self._entry_of(located, spec, known, read_now, digest=mine.digest, immutable=True)
            if not isinstance(found, Entry) or self._is_current(mine, located, found):
                return found
        return self._former(located, spec, read_now, judged.former, f"~{version}")

    def _former(
        self,
        located: Located,
        spec: AssetSpec,
        read_now: dict[str | None, bytes] | None,
        former: str,
        version: str | None,
    ) -> Entry | KeyFinding:
        """What another *version* of an asset than the current one is answered with; told of at most once a minute."""
        stored = self._stored(spec, version) if former == "stored" and version is not None else None
        if stored is not None:
            if read_now is not None:
                read_now.clear()  # the bytes of now
            return stored
        self.formers += 1
        now = time.monotonic()
        if now >= self._told:
            self._told = now + MINUTE
            logger.info("static view %r: %d requests for another version of an asset", self.record.name, self.formers)
        if former == "missing":
            return KeyFinding.STALE
        found = self._entry_of(located, spec, None, read_now, never=True)
        if isinstance(found, Entry):
            found.fresh = found.until = 0.0  # made-up versions are no reason to keep anything
        return found

    def _stored(self, spec: AssetSpec, version: str) -> Entry | None:
        """The asset as it was, or will be, in the release that had this *version*: its bytes, and its type of then."""
        record, path = self.record, spec.below(self.record.root)
        name = "/".join((record.name, *path)) if record.name else "/".join(path)
        looked = time.monotonic()
        kept = self.snapshot.registry.part(CONTENTS.find()).find(
            self.snapshot, record, name, version, self._etag_limit()
        )
        if kept is None:
            return None
        entry = entry_of(
            record,
            path,
            ("stored", kept.released, [source.fingerprint for source in kept.sources]),
            kept.sources,
            time.time(),
            digest=kept.released.object[:DIGEST_LENGTH],
            immutable=True,
            unstamped=self._unstamped,
            media_type=kept.released.type,
        )
        entry.fresh = looked if self.reload else looked + FRESH
        entry.until = 0.0 if record.protected or self.reload else entry.fresh
        return entry

    def _is_current(self, version: Any, located: Located, entry: Entry) -> bool:
        """
        Are the bytes of *entry* what the name promises? Asked of the very file: what goes out is kept for a year.

        `Version.current` may be a second old.
        """
        if version.digest is None:
            return bool(version.current)
        source = entry.identity.source
        if source.digest is not None:
            return bool(source.digest == version.digest)
        path = source.location.path
        try:
            status = os.stat(path)
            digest = self._digests.digest(Found(located.spec, False, path, status, None))
        except OSError as problem:
            if exhausted(problem):
                raise
            return False
        return digest == version.digest and fingerprint(status) == source.fingerprint

    def _version(self, path: Key) -> Any:
        """The `AssetVersion` that a name stands for."""
        if not path.parts:
            return None
        return self._versions.version_of(self.snapshot, self.record, path.parts)

    def _is_public(self, spec: AssetSpec) -> bool:
        """May the asset be asked for by its own name? 'con-3f2a9c81b7d0' is a name like others, 'con' is a device."""
        raw = "/".join(spec.below(self.record.root)).encode("utf-8", "surrogateescape")
        return path_key(raw, self.record.dotfiles) is not None

    def without_version(self, rest: str) -> tuple[str, str | None] | None:
        """
        What is left of a path below this view's name when what a cache buster put in is taken off, and the version of a
        tree; None where there is nothing to take off, and for what is really there. Texts are WSGI's.
        """
        if rest[0] == "~" and self._has_trees:
            off = segment_version(rest)
            if off is not None and not self._really(rest[: len(rest) - len(off[0])]):
                return off
        for busting in self._stripping:
            text = _text(rest)
            found = None if text is None else stripped(busting, text)
            if found is not None and not self._really(rest):
                return found[0].encode("utf-8", "surrogateescape").decode("latin-1"), None
        return None

    def without_digest(self, rest: str) -> str | None:
        """
        The path below this view's name without the digest in its last segment; None where there is none, and for what is
        really there. Whether any asset has that name is not asked. Texts are WSGI's.
        """
        directory, slash, name = rest.rpartition("/")
        split = without_digest(name)
        return None if split is None or self._really(rest) else f"{directory}{slash}{split[0]}"

    def _really(self, rest: str) -> bool:
        """Is there something by this very name?"""
        try:
            key = path_key(wsgi_bytes(rest.rstrip("/")), self.record.dotfiles)
        except BadPath:
            return False
        return key is not None and self._locate(self.record.root.joined(key.parts)) is not None


def _text(rest: str) -> str | None:
    """A path of WSGI's as text; None for what is not UTF-8, which has an answer of its own."""
    try:
        return wsgi_bytes(rest).decode("utf-8")
    except UnicodeDecodeError:
        return None
