"""
A store of contents of many hosts: a destination that all of them read, and on each a directory with what it has asked for.

What is in the directory is served from there, whatever becomes of the destination. Nothing is believed: a manifest and an object
have the digest that is their name, or they are not kept. After failures nothing is asked for a while.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import threading
import time
from collections.abc import Callable

from assetzcml.resolving.breakers import Breaker, Unreachable
from assetzcml.resolving.destinations import Destination
from assetzcml.resolving.objects import Objects, StoredObject, is_digest
from assetzcml.resolving.releases import Releases

__all__ = ["Mirror", "Unreachable"]

logger = logging.getLogger("assetzcml")

FRESH = 10.0  # seconds for which the list of releases is believed; a version that is unknown has it asked for after one
FRESH_FOR_UNKNOWN = 1.0
SPARED = 60.0  # seconds for which nothing is taken away that was used: an answer may be about to open it
FULL, LEFT = 1.0, 0.9  # of the bound: where taking away begins, and where it ends
WAIT = 10.0  # seconds for the lock of the directory


class Mirror:
    """
    The directory of one host, before a destination that *connect* gives when it is first needed. At most *bound* bytes of
    objects are kept, or what was used in the last minute.

    Safe between threads; processes share the directory.
    """

    def __init__(self, directory: str, connect: Callable[[], Destination], bound: int):
        self.objects = Objects(directory)
        self.releases = Releases(directory)
        self.bound = bound
        self._connect = connect
        self._destination: Destination | None = None
        self._listed = -1e9
        self._breaker = Breaker("what is here is served")
        self._used: dict[str, float] = {}
        self._bytes: int | None = None
        self._listing = threading.Lock()

    @property
    def is_gone(self) -> bool:
        """Has the destination failed when it was asked last?"""
        return self._breaker.is_open

    def refresh(self, is_known: bool) -> None:
        """
        See to it that the manifests of all releases are here, unless that was done a moment ago. Where the destination is
        gone, what is here stays.
        """
        fresh = FRESH if is_known else FRESH_FOR_UNKNOWN
        if time.monotonic() - self._listed < fresh or not self._listing.acquire(blocking=not is_known):
            return
        try:
            if time.monotonic() - self._listed >= fresh:
                with contextlib.suppress(Unreachable):
                    self._breaker.ask(self._manifests)
                    self._listed = time.monotonic()
        finally:
            self._listing.release()

    def unreachable(self) -> Unreachable:
        """The error to raise for what is not here while the destination is gone."""
        return self._breaker.unreachable()

    def fetch(self, digest: str) -> bool:
        """Have an object here; false where nobody has it. Raises Unreachable, and OSError where it cannot be kept."""
        content = self._breaker.ask(lambda: self._of().read(f"objects/{digest[:2]}/{digest[2:]}"))
        if content is None:
            return False
        if hashlib.sha256(content).hexdigest() != digest:
            logger.warning(
                "the store of contents has an object that has not the digest %s that is its name", digest[:12]
            )
            return False
        with self.objects.writing(WAIT):
            self.objects.put(io.BytesIO(content), StoredObject(digest, len(content)), prove=True)
            self.objects.sync()
            self.used(digest)
            self._make_room(len(content))
        return True

    def used(self, digest: str) -> None:
        """An object was asked for now: of those that are here, it goes last."""
        self._used[digest] = time.time()

    def _of(self) -> Destination:
        if self._destination is None:
            self._destination = self._connect()
        return self._destination

    def _manifests(self) -> None:
        there = {}
        for key in self._of().listing("generations"):
            digest = key.removeprefix("generations/").removesuffix(".json")
            if key.endswith(".json") and is_digest(digest):
                there[digest] = key
        known = {stamp.digest for stamp in self.releases.stamps()}
        for digest in sorted(set(there) - known):
            content = self._of().read(there[digest])
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                logger.warning(
                    "the store of contents has a manifest that has not the digest %s that is its name", digest[:12]
                )
                continue
            with self.objects.writing(WAIT):
                self.releases.write(content)

    def _make_room(self, more: int) -> None:
        """Under the lock of the directory: take away what was not used for longest."""
        if self._bytes is not None and self._bytes + more <= self.bound * FULL:
            self._bytes += more
            return
        found = []
        for digest in self.objects.digests():
            with contextlib.suppress(OSError):
                status = os.stat(self.objects.path(digest))
                found.append((max(status.st_mtime, self._used.get(digest, 0.0)), digest, status.st_size))
        self._bytes = sum(size for _, _, size in found)
        if self._bytes <= self.bound * FULL:
            return
        now = time.time()
        for used, digest, size in sorted(found):
            if self._bytes <= self.bound * LEFT or now - used < SPARED:
                break
            self.objects.remove(digest, grace=0.0)
            self._used.pop(digest, None)
            self._bytes -= size
