"""What was answered and what it took, in numbers that are always counted. They are a registry's, of all its applications."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any, Protocol
from weakref import WeakSet

from assetzcml.registry import Registry, ledger
from assetzcml.resolving.digests import Digests

__all__ = ["Statistics"]


class Keeping(Protocol):
    """What keeps assets in memory: so many, with so many bytes."""

    ready: dict[Any, Any]
    bodies: int


class Statistics:
    """
    The counters of one registry: `registry.part(Statistics)`.

    They go up by statements in which the interpreter changes no thread, so that nothing is lost and no lock is taken. Without
    its lock (free threading) one count in many may be missed.
    """

    # `sent` and `unchanged` are the 200 and 304 of the shortest way, where each nanosecond counts.
    __slots__ = ("_answers", "_kept", "_lock", "_registry", "digests", "evictions", "read_bytes", "sent", "unchanged")

    def __init__(self, registry: Registry):
        self._registry = registry
        self._answers: dict[str, int] = {}
        self._kept: WeakSet[Keeping] = WeakSet()
        self._lock = threading.Lock()
        self.sent = self.unchanged = self.read_bytes = self.evictions = self.digests = 0

    def answered(self, status: str) -> None:
        """Count an answer with a status such as '200 OK'."""
        answers = self._answers
        if status not in answers:
            with self._lock:
                answers.setdefault(status, 0)
        answers[status] += 1

    def looked(self, read: Collection[bytes]) -> None:
        """Count a look at an asset for which these bytes were read and digested."""
        if read:
            self.digests += len(read)
            self.read_bytes += sum(map(len, read))

    def keeps(self, entries: Keeping) -> None:
        """Count what is in *entries* as kept, as long as they are there."""
        with self._lock:
            self._kept.add(entries)

    def told(self) -> dict[str, Any]:
        """All of it, as `registry.statistics()` gives it."""
        with self._lock:
            kept = list(self._kept)
            by_status = list(self._answers.items())
        answers = {200: self.sent, 304: self.unchanged}
        for status, count in by_status:
            number = int(status[:3])
            answers[number] = answers.get(number, 0) + count
        loading = ledger(self._registry)
        return {
            "answers": {number: count for number, count in sorted(answers.items()) if count},
            "kept_assets": sum(len(each.ready) for each in kept),
            "kept_bytes": sum(each.bodies for each in kept),
            "read_bytes": self.read_bytes,
            "evictions": self.evictions,
            "digests": self.digests + self._registry.part(Digests).made,
            "reloaded": loading.reloaded,
            "reload_failed": loading.reload_failed,
        }
