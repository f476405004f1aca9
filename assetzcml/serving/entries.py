"""
The answers that are kept ready, within bounds, and the bytes that go with them.

Only what exists is kept: a flood of paths that lead nowhere leaves nothing behind.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from time import monotonic
from types import MappingProxyType

from assetzcml.resolving.digests import digest_of
from assetzcml.serving.files import FileBody, read_known, reopen
from assetzcml.serving.responses import Answer, Asked, Entry, Representation, decide
from assetzcml.serving.statistics import Statistics

__all__ = ["BODIES", "BODY", "ENTRIES", "WHOLE", "Entries", "body_of", "complete", "held_answer", "kept_answer"]

# Assets whose answers are kept ready. One takes about 2 kB without its bytes, so that is 16 MB.
ENTRIES = 8192

# Bytes of assets that are kept: of all together, and of one at most.
BODIES = 32 * 1024 * 1024
BODY = 1024 * 1024

# Bytes that are handed over as one; more is sent from the descriptor where the server can. A system call and a
# change of thread for each piece cost more than the memory up to here.
WHOLE = 128 * 1024


NOTHING: Mapping[str | None, bytes] = MappingProxyType({})


class Entries:
    """
    Entries by key. Which one was not asked for longest is forgotten first.

    A look-up reads `ready` and takes no lock. The order is as exact as the resolver's FRESH: an entry in use is
    looked at, and put anew, so often.
    """

    def __init__(self, statistics: Statistics, most: int = ENTRIES, most_bodies: int = BODIES):
        self.statistics = statistics
        statistics.keeps(self)
        self.ready: dict[Hashable, Entry] = {}
        self.bodies = 0
        self._most = most
        self._most_bodies = most_bodies
        self._lock = threading.Lock()

    def put(self, key: Hashable, entry: Entry) -> None:
        """Keep *entry*, as the one that was used last."""
        with self._lock:
            self._forget(key)
            self.ready[key] = entry
            self.bodies += _bytes_kept(entry)
            self._shrink()

    def drop(self, key: Hashable) -> None:
        """Forget the entry, if there is one."""
        with self._lock:
            self._forget(key)

    def fits(self, size: int) -> bool:
        """Are so many bytes of one asset kept?"""
        return size <= BODY and size <= self._most_bodies

    def keep(self, key: Hashable, entry: Entry, representation: Representation, body: bytes) -> None:
        """Keep the bytes of a representation of *entry*, if that is kept."""
        with self._lock:
            if self.fits(len(body)) and self.ready.get(key) is entry and representation.body is None:
                representation.keep(body, ready=len(body) <= WHOLE)
                self.bodies += len(body)
                self._shrink()

    def _forget(self, key: Hashable) -> None:
        former = self.ready.pop(key, None)
        if former is not None:
            self.bodies -= _bytes_kept(former)

    def _shrink(self) -> None:
        while self.ready and (len(self.ready) > self._most or self.bodies > self._most_bodies):
            self._forget(next(iter(self.ready)))
            self.statistics.evictions += 1


def _bytes_kept(entry: Entry) -> int:
    return sum(len(each.body) for each in entry.representations.values() if each.body is not None)


def kept_answer(asked: Asked, entries: Entries, key: Hashable, whole: int = WHOLE) -> Answer | None:
    """
    The answer from what is kept, when that is fresh and open to everybody; None when it has to be looked for.

    A file that is not what it was when it was looked at is forgotten.
    """
    entry = entries.ready.get(key)
    if entry is None or entry.until <= monotonic() or asked.method not in ("GET", "HEAD"):
        return None
    try:
        answer = complete(asked, entry, entries, key, whole)
    except OSError:  # whoever looks for it finds out
        answer = None
    if answer is None:
        entries.drop(key)
    return answer


def held_answer(asked: Asked, entries: Entries, key: Hashable) -> Answer | None:
    """The same, of what is in memory: no disk is looked at. None when one would have to be."""
    entry = entries.ready.get(key)
    if entry is None or entry.until <= monotonic() or asked.method not in ("GET", "HEAD"):
        return None
    answer = decide(asked, entry)
    if answer.part is not None and answer.representation is not None:
        kept = answer.representation.body
        if kept is None:
            return None
        answer.body = kept if len(answer.part) == len(kept) else kept[answer.part.start : answer.part.stop]
    return answer


def complete(
    asked: Asked,
    entry: Entry,
    entries: Entries,
    key: Hashable,
    whole: int = WHOLE,
    read_now: Mapping[str | None, bytes] = NOTHING,
) -> Answer | None:
    """
    The answer to a GET or HEAD of what *entry* tells of, with its body; None when that is not true any more.

    More than *whole* bytes come as a FileBody. *read_now* are bodies, by their coding, that the look has read which
    made the entry. Raises OSError where the system is at its limits.
    """
    answer = decide(asked, entry)
    if answer.part is not None and answer.representation is not None:
        body = body_of(answer.representation, answer.part, entry, entries, key, whole, read_now)
        if body is None:
            return None
        answer.body = body
    return answer


def body_of(
    representation: Representation,
    part: range,
    entry: Entry,
    entries: Entries,
    key: Hashable,
    whole: int = WHOLE,
    read_now: Mapping[str | None, bytes] = NOTHING,
) -> bytes | FileBody | None:
    """
    The bytes of *part*, as in `complete`. The representation is kept from now on, if it can be.

    What is kept, and what is sent to be kept for ever, was compared with its digest after it was read.
    """
    kept = representation.body
    if kept is not None and len(part) != len(kept):
        return kept[part.start : part.stop]
    forever = entry.immutable and representation.size <= BODY
    if kept is not None and (forever or len(kept) <= whole):
        return kept
    data = read_now.get(representation.coding)
    if data is None:
        member = representation.source.location.member
        if member is not None:
            data = member.read_bytes()
        elif not forever and (len(part) > whole or not entries.fits(representation.size)):
            entries.statistics.read_bytes += len(part)
            return _from_file(representation, part, whole, entry)
        else:
            read = _from_file(representation, range(representation.size), BODY, entry)
            if not isinstance(read, bytes):
                return read
            data = read
        entries.statistics.read_bytes += len(data)
        promised = representation.source.digest
        if promised is not None and digest_of(data) != promised:
            return None
    entries.keep(key, entry, representation, data)
    return data if len(part) == len(data) else data[part.start : part.stop]


def _from_file(representation: Representation, part: range, whole: int, entry: Entry) -> bytes | FileBody | None:
    version = representation.source.fingerprint
    assert not isinstance(version, str)
    path = representation.source.location.path
    if len(part) <= whole:
        return read_known(path, version, part)
    descriptor = reopen(path, version)
    return None if descriptor is None else FileBody(descriptor, part, version, may_grow=not entry.immutable)
