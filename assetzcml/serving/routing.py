"""
Which static view a path belongs to. By segments, the longest name first; paths are WSGI's: bytes, as Latin-1.
"""

from __future__ import annotations

from collections.abc import Callable

from assetzcml.assets import StaticViewRecord
from assetzcml.registry import Snapshot
from assetzcml.serving.entries import WHOLE, Entries
from assetzcml.serving.responses import NOT_FOUND, Answer, Asked, error
from assetzcml.serving.view import Publication, wsgi_bytes

__all__ = ["Site"]


class Site:
    """All local static views of a snapshot, and the answers that are kept ready for them."""

    def __init__(self, snapshot: Snapshot, entries: Entries):
        self.snapshot = snapshot
        self.entries = entries
        self.ready = entries.ready
        local = {_as_wsgi(view.name): view for view in snapshot.views if not view.external}
        self._routes = {name: Publication(view, snapshot) for name, view in local.items() if name}
        self._root = Publication(local[""], snapshot) if "" in local else None
        # The first segment of a name, to the number of segments of the longest name that begins with it.
        self._depths: dict[str, int] = {}
        for name in self._routes:
            first = name.partition("/")[0]
            self._depths[first] = max(self._depths.get(first, 0), name.count("/") + 1)

    def route(self, path: str) -> tuple[Publication, str | None] | None:
        """
        The view that *path* belongs to and the path below its name; None for that is the name itself.

        None when no view has it. The root view has what no other has.
        """
        end = path.find("/", 1)
        depth = self._depths.get(path[1:] if end < 0 else path[1:end])
        if depth and path[0] == "/":
            ends = [end if end >= 0 else len(path)]
            while len(ends) < depth and ends[-1] < len(path):
                end = path.find("/", ends[-1] + 1)
                ends.append(end if end >= 0 else len(path))
            for end in reversed(ends):
                publication = self._routes.get(path[1:end])
                if publication is not None:
                    return publication, path[end + 1 :] if end < len(path) else None
        if self._root is None:
            return None
        return self._root, path.removeprefix("/") if path else None

    @property
    def beginnings(self) -> tuple[int, frozenset[str]]:
        """
        With how many characters, and which, every path begins that belongs to a view.

        Most paths of an application are told apart by them at the cost of one look-up.
        """
        if self._root is not None:
            return 0, frozenset([""])
        firsts = [f"/{first}" for first in self._depths]
        length = min(map(len, firsts), default=1)
        return length, frozenset(first[:length] for first in firsts)

    def answer(
        self,
        path: str,
        asked: Asked,
        *,
        permits: Callable[[StaticViewRecord], bool],
        location: Callable[[], str],
        has_fallback: bool,
        whole: int = WHOLE,
    ) -> Answer | None:
        """The answer to a request; None when it is the fallback's."""
        found = self.route(path)
        if found is None:
            return None if has_fallback else error(NOT_FOUND)
        publication, rest = found
        return publication.answer(
            asked,
            None if rest is None else wsgi_bytes(rest),
            permits=permits,
            location=location,
            entries=self.entries,
            key=path,
            whole=whole,
            yields=publication is self._root and has_fallback,
        )


def _as_wsgi(name: str) -> str:
    """A name as it begins a PATH_INFO (PEP 3333): its bytes, each as a character."""
    return name.encode("utf-8").decode("latin-1")
