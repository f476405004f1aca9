"""
What a destination is going to lose: keys that no kept release names. They are written down first, and removed a day later.

    gc/running          there while a collection is at work; nobody publishes meanwhile
    gc/condemned.json   what no kept release names, and what was removed of it

Who publishes builds on what is there, and a collection takes away. So who needs something that is condemned takes it out of
that list, by comparison, before building on it; and what was not condemned when a run began is safe for longer than a run takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from assetzcml.resolving.destinations import Destination, Failed, Listed

__all__ = ["LIST", "RUNNING", "Condemned"]

RUNNING = "gc/running"
LIST = "gc/condemned.json"
SCHEMA = 1
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Condemned:
    """The list of a destination, as it was *listed*. Raises Failed."""

    def __init__(self, target: Destination, listed: Mapping[str, Listed]):
        self.target = target
        self.is_running = RUNNING in listed
        self.before = listed.get(LIST)
        self.keys: frozenset[str] = frozenset()
        self.removed: frozenset[str] = frozenset()
        content = None if self.before is None else target.read(LIST)
        if content is not None:
            try:
                said = json.loads(content)
                if said["schema"] != SCHEMA:
                    raise ValueError(f"its schema is {said['schema']!r}; this version of assetzcml knows {SCHEMA}")
                self.keys, self.removed = frozenset(said["condemned"]), frozenset(said["removed"])
            except (ValueError, KeyError, TypeError) as error:
                raise Failed(f"{target}: {LIST!r} cannot be read: {error}") from None

    def blocking(self) -> str:
        """Why nobody publishes now, and what to do."""
        return f"{self.target}: a collection has begun there and has not ended; `assetzcml gc` ends it"

    def spare(self, needed: Iterable[str]) -> bool:
        """Let nothing of this be removed. False where somebody has changed the list meanwhile: look again."""
        needed = set(needed)
        if not needed & (self.keys | self.removed):
            return True
        return self.write(self.keys - needed, self.removed - needed)

    def write(self, keys: Iterable[str], removed: Iterable[str]) -> bool:
        """Let the list be this, if it still is what it was."""
        said = {"schema": SCHEMA, "condemned": sorted(keys), "removed": sorted(removed)}
        content = json.dumps(said, separators=(",", ":")).encode()
        return self.target.swap(LIST, content, HEADERS, self.before) or self.target.read(LIST) == content
