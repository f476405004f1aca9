"""
A request for something below a static view: from its path to an answer, for every server.

The order is law: method (405), decoding (400), permission (403, so that it tells nothing about what exists), the rest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Hashable
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import quote

from assetzcml.late import late_logger, logging
from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.registry import Part, Snapshot
from assetzcml.resolving.digests import DIGEST_LENGTH, Digests, digest_of, without_digest
from assetzcml.resolving.fingerprints import fingerprint, is_young
from assetzcml.resolving.names import is_source
from assetzcml.resolving.packages import Found
from assetzcml.resolving.resolver import FRESH
from assetzcml.resolving.search import SearchPaths
from assetzcml.serving.entries import WHOLE, Entries, body_of, complete
from assetzcml.serving.files import LinkRefused, Refused, exhausted, is_below, read_known
from assetzcml.serving.paths import BadPath, Key, path_key, wsgi_bytes
from assetzcml.serving.responses import (
    ALLOW,
    BAD_REQUEST,
    NO_STORE,
    NOT_ALLOWED,
    NOT_FOUND,
    RETRY_AFTER,
    UNAVAILABLE,
    Answer,
    Asked,
    Entry,
    Header,
    entry_of,
    error,
    handed_over,
    page,
    redirect,
    state_of,
)
from assetzcml.serving.roots import Roots, TopNames, packages_of
from assetzcml.serving.statistics import Statistics
from assetzcml.serving.variants import CodedFile, Large, Located, Look, every_file, locate, look
from assetzcml.urls.cachebusters import segment_version
from assetzcml.urls.versions import AssetVersion, Stripping, Versions, stripped

__all__ = ["KeyFinding", "PlainAsset", "Publication", "Steps", "settled"]

logger = late_logger("assetzcml")

# Why a request was refused, for who runs the site: at DEBUG, and asked for only then.
reasons = late_logger("assetzcml.serving")

# How often an asset is looked at again when it changes between the look and the sending.
ATTEMPTS = 3

# Bytes. An asset that is not larger is read for its ETag, which then is the same on every machine.
ETAG_LIMIT = 1024 * 1024

# Bytes. A variant of a larger asset is not decoded to see whether it is one; and how many such answers are kept.
DECODED = 1 << 20
MOST_DECODED = 10_000

# The bare name of a static view, and what a static file is asked for by.
BARE = Key((), False)


MINUTE = 60.0  # seconds between two lines of the log about former versions


class KeyFinding(Enum):
    """What a key leads to when it is no asset."""

    NOTHING = "nothing"
    DIRECTORY = "a directory that has an index, without its slash"
    STALE = "another version of an asset that exists"


class PlainAsset(NamedTuple):
    """An asset under its plain name: its *data* where it is read for the ETag; *forever*, that name never gets other bytes."""

    source: CodedFile
    data: bytes | None
    forever: bool


# From a request to its answer, for who knows how to ask for a permission, and where to look at a disk.
Steps = Generator[StaticViewRecord, Answer | None, Answer | None]


def settled(steps: Steps, ask: Callable[[StaticViewRecord], Answer | None] = lambda record: None) -> Answer | None:
    """
    The answer that *steps* lead to; None when it is somebody else's.

    *ask* says how a permission is refused; None permits. Without one everything is permitted.
    """
    try:
        record = next(steps)
        while True:
            record = steps.send(ask(record))
    except StopIteration as ended:
        answer: Answer | None = ended.value
        return answer


DECODER = Part("assetzcml.resolving.decoders", "decoded")  # opened with the first variant
IS_DECODABLE = Part("assetzcml.resolving.decoders", "is_decodable")
CONTENTS = Part("assetzcml.serving.contents", "Contents")  # opened with the first request for a former version


class Publication:
    """One static view of a snapshot. It looks at files and answers; what is kept is kept by who asks."""

    def __init__(self, record: StaticViewRecord, snapshot: Snapshot):
        self.record = record
        self.snapshot = snapshot
        self._packages = snapshot.derived(packages_of)
        self._paths = snapshot.derived(SearchPaths)
        self._versions = snapshot.registry.part(Versions)
        self._digests = snapshot.registry.part(Digests)
        self._statistics = snapshot.registry.part(Statistics)
        self._large = Large()
        self._unstamped = _reproducible_stamp()
        self._has_trees, self._stripping = snapshot.derived(Stripping).of(record)
        self.top = TopNames(snapshot, [] if record.file else self._paths.candidates(record.root))
        #: Is a slash behind a file overlooked? Where somebody else has made the path.
        self.overlooks_slash = False
        self._decoded: dict[tuple[Any, ...], bool] = {}
        self.formers = 0  # requests for another version than the current one
        self._told = 0.0  # time.monotonic of the next line about them

    @property
    def reload(self) -> bool:
        """Is every request to look at the disk? Read when it matters."""
        own = self.record.reload
        return self.snapshot.is_on("reload") if own is None else own

    # What is answered.

    def steps(
        self,
        asked: Asked,
        raw: bytes | None,
        *,
        location: Callable[[], str],
        entries: Entries,
        key: Hashable,
        whole: int = WHOLE,
        yields: bool = False,
        version: str | None = None,
    ) -> Steps:
        """
        From a request for the path *raw* below the view's name to its answer; None for *raw* is the bare name.

        Gives the record where its permission has to be asked for, and goes on with what `refusal` makes of the
        verdict. Nothing is looked for before that, but by a view that *yields*: that answers only what exists, and asks
        only then; None for the rest.
        *location* gives the URL of the same path with a slash. *key* is what the entry is kept by in *entries*. A body
        of more than *whole* bytes is a FileBody. *version* is that of a tree, which was in the URL.
        """
        record = self.record
        if asked.method not in ("GET", "HEAD"):
            self._tell("405", key, f"the method is {asked.method[:20]!a}")
            return None if yields else error(NOT_ALLOWED, record, ALLOW)
        if yields and version is None and raw and self.top.lacks(raw.decode("latin-1"), anew=self.reload):
            return None
        try:
            path = BARE if raw is None else path_key(raw, record.dotfiles)
        except BadPath as fault:
            self._tell("400", key, str(fault))
            return None if yields else error(BAD_REQUEST, record)
        if record.protected and not yields:
            refused = yield record
            if refused is not None:
                self._tell(refused.status[:3], key, f"the permission {record.permission!a} was not given")
                return refused
        if path is None and yields:
            return None
        try:
            if path is None:
                self._tell("404", key, "no public asset has such a name: a dotfile, program source, or a dot segment")
                return self._missing(asked, entries, whole)
            if yields:
                found = self._ready(path, entries, key, version)
                if found in (KeyFinding.NOTHING, KeyFinding.STALE):
                    return None
                if record.protected:
                    refused = yield record
                    if refused is not None:
                        self._tell(refused.status[:3], key, f"the permission {record.permission!a} was not given")
                        return refused
            return self._answer(asked, path, location, entries, key, whole, version, yields)
        except OSError as problem:
            logger.error("static view %r: %s", record.name, problem.strerror)
            return error(UNAVAILABLE, record, RETRY_AFTER, NO_STORE)

    def _answer(
        self,
        asked: Asked,
        path: Key,
        location: Callable[[], str],
        entries: Entries,
        key: Hashable,
        whole: int,
        version: str | None,
        yields: bool,
    ) -> Answer:
        """The answer to who is permitted."""
        record = self.record
        for _ in range(ATTEMPTS):
            read_now: dict[str | None, bytes] = {}
            found = self._ready(path, entries, key, version, read_now)
            if found is KeyFinding.NOTHING and record.single_page and not yields and "." not in _last(path):
                found = self._page(record.single_page, entries, read_now)
                key = record.name, record.single_page
            if found is KeyFinding.NOTHING:
                if reasons.isEnabledFor(logging.DEBUG):
                    self._tell("404", key, self._why_not(path))
                return error(NOT_FOUND, record) if yields else self._missing(asked, entries, whole)
            if found is KeyFinding.STALE:
                self._tell("404", key, "the name is that of another version")
                return error(NOT_FOUND, record, NO_STORE)
            if found is KeyFinding.DIRECTORY:
                return redirect(location(), record)
            assert isinstance(found, Entry)
            if found.handed is not None:
                return handed_over(found, found.handed)
            answer = complete(asked, found, entries, key, whole, read_now)
            if answer is not None:
                return answer
            entries.drop(key)
        return error(UNAVAILABLE, record, RETRY_AFTER, NO_STORE)

    def _ready(
        self,
        path: Key,
        entries: Entries,
        key: Hashable,
        version: str | None,
        read_now: dict[str | None, bytes] | None = None,
    ) -> Entry | KeyFinding:
        """
        What *path* leads to: as it was kept, when that is fresh enough, else looked at anew and kept.

        Bytes that are read by the way are put into *read_now*, by their coding.
        """
        known = entries.ready.get(key)
        if known is not None and time.monotonic() < known.fresh and not self.reload:
            return known
        if version is None:
            found = self.find(path, known, read_now)
        else:
            found = self._of_version(path, known, read_now, version)
            if found is KeyFinding.NOTHING:  # or nothing that can be read: it may be there a moment later
                found = KeyFinding.STALE
        if isinstance(found, Entry) and found.fresh:
            entries.put(key, found)
        elif known is not None and not isinstance(found, Entry):  # what is young still knows former versions
            entries.drop(key)
        return found

    def _tell(self, status: str, key: Hashable, why: str) -> None:
        """For the operator. A path is the client's: whatever is in it, it is written in printable ASCII."""
        if reasons.isEnabledFor(logging.DEBUG):
            reasons.debug("%s for %.500a of %s: %s", status, key, self.record, why)

    def _why_not(self, path: Key) -> str:
        """Why a path leads to nothing, in words; it is looked once more."""
        record = self.record
        spec = record.root if record.file else record.root.joined(path.parts)
        located = self._locate(spec)
        if located is None:
            return "no layer has it"
        if located.directory:
            return f"it is a directory, and has no {record.index}" if record.index else "it is a directory"
        if path.directory:
            return "it is a file, and has no slash behind it"
        try:
            self.look(located)
        except LinkRefused as refused:
            return f"{refused}; follow_symlinks would allow it"
        except Refused as refused:
            return str(refused)
        except OSError as problem:
            return problem.strerror or type(problem).__name__
        return "it was not there a moment ago"

    def _missing(self, asked: Asked, entries: Entries, whole: int) -> Answer:
        """A 404 with the body that the view has for it."""
        name = self.record.not_found
        if name:
            for _ in range(ATTEMPTS):
                read_now: dict[str | None, bytes] = {}
                found = self._page(name, entries, read_now)
                if not isinstance(found, Entry):
                    break
                answer = page(found, asked)
                if answer.part is None or answer.representation is None:
                    return answer
                key = self.record.name, name
                body = body_of(answer.representation, answer.part, found, entries, key, whole, read_now)
                if body is not None:
                    answer.body = body
                    return answer
                entries.drop(key)
        return error(NOT_FOUND, self.record)

    def _page(self, name: str, entries: Entries, read_now: dict[str | None, bytes]) -> Entry | KeyFinding:
        """An asset that stands for others: every client asks again whether it still does."""
        cache = "private, no-cache" if self.record.protected else "no-cache"
        spec = self.record.root.joined(name.split("/"))
        key = self.record.name, name
        known = entries.ready.get(key)
        if known is not None and time.monotonic() < known.fresh and not self.reload:
            return known
        located = self._locate(spec)
        if located is None or located.directory:
            return KeyFinding.NOTHING
        found = self._entry_of(located, spec, known, read_now, cache=cache)
        if isinstance(found, Entry) and found.fresh:
            entries.put(key, found)
        return found

    # What there is.

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

    def _has_a_name_for_ever(self, spec: AssetSpec) -> bool:
        """Does the name say that other bytes get another one?"""
        path = spec.below(self.record.root)
        return any(pattern.matches(path) for pattern in self.record.immutable_names)

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

    def _version(self, path: Key) -> Any:
        """The `AssetVersion` that a name stands for."""
        if not path.parts:
            return None
        return self._versions.version_of(self.snapshot, self.record, path.parts)

    def _is_public(self, spec: AssetSpec) -> bool:
        """May the asset be asked for by its own name? 'con-3f2a9c81b7d0' is a name like others, 'con' is a device."""
        raw = "/".join(spec.below(self.record.root)).encode("utf-8", "surrogateescape")
        return path_key(raw, self.record.dotfiles) is not None

    def _locate(self, spec: AssetSpec) -> Located | None:
        return locate(self._paths.candidates(spec, None if self.record.file else self.record.root), self._packages)

    def _is_servable(self, spec: AssetSpec) -> bool:
        located = self._locate(spec)
        return located is not None and not located.directory and self._look(located, 0) is not None

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


def _last(path: Key) -> str:
    return path.parts[-1] if path.parts else ""


def _is_young(source: CodedFile) -> bool:
    """Was the file changed so recently that a further change may not show?"""
    return not isinstance(source.fingerprint, str) and is_young(source.fingerprint)


def _reproducible_stamp() -> int | None:
    """The time that a reproducible build gives to its files (https://reproducible-builds.org/specs/source-date-epoch)."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _text(rest: str) -> str | None:
    """A path of WSGI's as text; None for what is not UTF-8, which has an answer of its own."""
    try:
        return wsgi_bytes(rest).decode("utf-8")
    except UnicodeDecodeError:
        return None
