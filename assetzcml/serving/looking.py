"""What there is at a place below a static view, as it is looked at: the asset and its variants, and how long that holds."""

from __future__ import annotations

import os
import time
from enum import Enum
from typing import Any
from urllib.parse import quote

from assetzcml.late import late_logger
from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.registry import Part, Snapshot
from assetzcml.resolving.digests import digest_of
from assetzcml.resolving.fingerprints import is_young
from assetzcml.resolving.resolver import FRESH
from assetzcml.resolving.search import SearchPaths
from assetzcml.serving.files import Refused, exhausted, is_below, read_known
from assetzcml.serving.responses import (
    Entry,
    Header,
    entry_of,
    state_of,
)
from assetzcml.serving.roots import Roots, packages_of
from assetzcml.serving.statistics import Statistics
from assetzcml.serving.variants import CodedFile, Large, Located, Look, every_file, locate, look

__all__ = ["KeyFinding", "Looker"]

logger = late_logger("assetzcml")

# Bytes. An asset that is not larger is read for its ETag, which then is the same on every machine.
ETAG_LIMIT = 1024 * 1024

# Bytes. A variant of a larger asset is not decoded to see whether it is one; and how many such answers are kept.
DECODED = 1 << 20
MOST_DECODED = 10_000

DECODER = Part("assetzcml.resolving.decoders", "decoded")  # opened with the first variant
IS_DECODABLE = Part("assetzcml.resolving.decoders", "is_decodable")


class KeyFinding(Enum):
    """What a key leads to when it is no asset."""

    NOTHING = "nothing"
    DIRECTORY = "a directory that has an index, without its slash"
    STALE = "another version of an asset that exists"


class Looker:
    """One static view of a snapshot, and the files below its root. It looks at them; what is kept is kept by who asks."""

    def __init__(self, record: StaticViewRecord, snapshot: Snapshot):
        self.record = record
        self.snapshot = snapshot
        self._packages = snapshot.derived(packages_of)
        self._paths = snapshot.derived(SearchPaths)
        self._statistics = snapshot.registry.part(Statistics)
        self._large = Large()
        self._unstamped = _reproducible_stamp()
        self._decoded: dict[tuple[Any, ...], bool] = {}

    @property
    def reload(self) -> bool:
        """Is every request to look at the disk? Read when it matters."""
        own = self.record.reload
        return self.snapshot.is_on("reload") if own is None else own

    def look(self, located: Located) -> None:
        """Look whether the asset alone would be served. Raises Refused or OSError where it would not."""
        follows = self.snapshot.follows_links(self.record)
        look(located, (), follow_symlinks=follows, closed=self._is_another_views)

    def _look(
        self, located: Located, limit: int, known: Entry | None = None, promised: str | None = None
    ) -> Look | None:
        """The asset and its variants; None where it is not to be served. Up to *limit* bytes of each are read."""
        try:
            seen = look(
                located,
                self.record.content_encodings,
                follow_symlinks=self.snapshot.follows_links(self.record),
                closed=self._is_another_views,
                limit=limit,
                known=() if known is None else [each.source for each in known.representations.values()],
                promised=promised,
                variants=self.snapshot.settings.get("variants"),
                large=self._large,
            )
            self._statistics.looked(seen.bytes.values())
            return seen
        except Refused:
            return None
        except OSError as problem:
            if exhausted(problem):
                raise
            return None

    def _entry(
        self, spec: AssetSpec, known: Entry | None, read_now: dict[str | None, bytes] | None
    ) -> Entry | KeyFinding:
        located = self._locate(spec)
        if located is None or located.directory:
            return KeyFinding.NOTHING
        return self._entry_of(located, spec, known, read_now)

    def _entry_of(
        self,
        located: Located,
        spec: AssetSpec,
        known: Entry | None,
        read_now: dict[str | None, bytes] | None,
        digest: str | None = None,
        immutable: bool = False,
        never: bool = False,
        cache: str = "",
    ) -> Entry | KeyFinding:
        if self.record.send is not None:
            immutable = False  # the front server opens the name later
        looked = time.monotonic()
        seen = self._look(located, self._etag_limit(), known, digest)
        if seen is None:
            return KeyFinding.NOTHING
        found = seen.sources
        if immutable and len(found) > 1:
            found = [
                found[0],
                *(each for each in found[1:] if self._is_of_the_same(found[0], each, digest, seen.bytes)),
            ]
        if read_now is not None:
            read_now.clear()
            read_now.update(seen.bytes)
        state = state_of(located.spec, found, digest, immutable, never)
        if known is not None and known.state == state:
            entry = known
        else:
            entry = entry_of(
                self.record,
                spec.parts[-1:] if self.record.file else spec.below(self.record.root),
                state,
                found,
                time.time(),
                digest=digest,
                immutable=immutable,
                never=never,
                unstamped=self._unstamped,
                types=self.snapshot.media_types,
                cache=cache,
            )
            if self.record.send is not None and not cache:
                entry.handed = self._handed(located, spec)
        # What is young is not kept. Where every request looks at the disk, what is kept spares it reading.
        entry.fresh = 0.0 if any(map(_is_young, found)) else looked if self.reload else looked + FRESH
        open_to_all = not self.record.protected and entry.handed is None
        entry.until = entry.fresh if open_to_all and not self.reload else 0.0
        return entry

    def _is_of_the_same(
        self, asset: CodedFile, variant: CodedFile, digest: str | None, read: dict[str | None, bytes]
    ) -> bool:
        """
        Does a variant decode to the bytes of its asset? What is kept for ever is looked at once more than by its time.

        By its time it is judged where the asset has no digest, where it is large, and where nothing here can decode it.
        """
        digest = asset.digest or digest
        coding = variant.coding
        if digest is None or coding is None or asset.size > DECODED or not IS_DECODABLE.find()(coding):
            return True
        key = variant.location.path, variant.fingerprint, digest
        known = self._decoded.get(key)
        if known is None:
            content = read.get(coding)
            if content is None and not isinstance(variant.fingerprint, str):
                content = read_known(variant.location.path, variant.fingerprint, range(variant.size))
            plain = None if content is None else DECODER.find()(content, coding, asset.size)
            known = plain is not None and digest_of(plain) == digest
            if len(self._decoded) >= MOST_DECODED:
                self._decoded.clear()
            self._decoded[key] = known
            if not known:
                logger.warning("%s is not served: it is no variant of what lies beside it now", variant.location.path)
        return known

    def _locate(self, spec: AssetSpec) -> Located | None:
        return locate(self._paths.candidates(spec, None if self.record.file else self.record.root), self._packages)

    def _is_servable(self, spec: AssetSpec) -> bool:
        located = self._locate(spec)
        return located is not None and not located.directory and self._look(located, 0) is not None

    def _hides_nothing(self, spec: AssetSpec) -> bool:
        """Is the file the only one of that name? Else the name was given to the bytes of another layer."""
        candidates = self._paths.candidates(spec, self.record.root)
        return sum(1 for found in every_file(candidates, self._packages)) == 1

    def _handed(self, located: Located, spec: AssetSpec) -> Header | None:
        """The header that tells a front server where the bytes are; None for what is not below the view's own directory."""
        assert self.record.send is not None
        name, prefix = self.record.send
        if located.spec != spec or located.location.member is not None:
            return None
        path = "/".join((prefix, *spec.below(self.record.root))) if prefix else os.path.realpath(located.location.path)
        if not prefix and not is_below(path, os.path.realpath(located.location.root)):
            return None
        return name, quote(os.fsencode(path), safe=PATH_SAFE)

    def _etag_limit(self) -> int:
        """Up to how many bytes an asset is read for its ETag; the setting `etag_limit`, read when it matters."""
        limit = self.snapshot.settings.get("etag_limit", ETAG_LIMIT)
        try:
            return int(limit)
        except (TypeError, ValueError):
            return ETAG_LIMIT

    def _is_another_views(self, path: str, base: str) -> bool:
        """Does the real *path*, below *base*, lie in the root of a more specific view, which may be protected?"""
        names = self.snapshot.derived(Roots).names
        while path != base:
            if not names(path) <= {self.record.name}:
                return True
            path = os.path.dirname(path)
        return False


def _is_young(source: CodedFile) -> bool:
    """Was the file changed so recently that a further change may not show?"""
    return not isinstance(source.fingerprint, str) and is_young(source.fingerprint)


def _reproducible_stamp() -> int | None:
    """The time that a reproducible build gives to its files (https://reproducible-builds.org/specs/source-date-epoch)."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(text) if text.isascii() and text.isdigit() else None
