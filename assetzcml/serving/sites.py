"""
Which static view a path belongs to. By segments, the longest name first; paths are WSGI's: bytes, as Latin-1.
"""

from __future__ import annotations

from collections.abc import Callable

from assetzcml.records.assets import StaticViewRecord
from assetzcml.registry import Registry, Snapshot
from assetzcml.serving.entries import WHOLE, Entries
from assetzcml.serving.responses import NOT_FOUND, Answer, Asked, error
from assetzcml.serving.view import Publication, wsgi_bytes

__all__ = ["Site", "Sites"]


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

    def owner(self, path: str, method: str) -> Publication | None:
        """
        The view that a request belongs to; None when it is the application's.

        For frameworks that find out first who answers: the root view has only a GET or HEAD of what exists.
        """
        found = self.route(path)
        if found is None or found[0] is not self._root:
            return found and found[0]
        # HEAD: nothing is opened for it.
        asked = Asked("HEAD", {}.get)
        there = method in ("GET", "HEAD") and self.answer(
            path, asked, permits=lambda record: True, location=str, has_fallback=True
        )
        return self._root if there else None

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


class Sites:
    """The site of a registry, as what is declared there is now."""

    def __init__(self, registry: Registry):
        self._registry = registry
        self._site: Site | None = None

    @property
    def current(self) -> Site:
        site = self._site
        if site is None or site.snapshot is not self._registry.snapshot:
            site = self._site = Site(self._registry.snapshot, Entries())
        return site


def _as_wsgi(name: str) -> str:
    """A name as it begins a PATH_INFO (PEP 3333): its bytes, each as a character."""
    return name.encode("utf-8").decode("latin-1")
