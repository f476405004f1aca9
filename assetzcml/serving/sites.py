"""
Which static view a path belongs to. By segments, the longest name first; paths are WSGI's: bytes, as Latin-1.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from assetzcml.late import in_event_loop
from assetzcml.records.assets import StaticViewRecord
from assetzcml.records.growing import Growing
from assetzcml.registry import Change, Part, Registry, Snapshot, ledger
from assetzcml.serving.beginnings import EVERYTHING, Beginnings
from assetzcml.serving.entries import BODIES, ENTRIES, WHOLE, Entries
from assetzcml.serving.paths import wsgi_bytes
from assetzcml.serving.publication import Publication, Steps, settled
from assetzcml.serving.responses import Answer, Asked
from assetzcml.serving.statistics import Statistics

__all__ = ["Desk", "Desks", "Site", "site_of"]


class Site:
    """All local static views of a snapshot: `snapshot.derived(Site)`. What is kept ready for them is a desk's."""

    def __init__(self, snapshot: Snapshot):
        local = {_as_wsgi(view.name): view for view in snapshot.views if not view.external}
        # The first segment of a name, to the number of segments of the longest name that begins with it.
        depths: dict[str, int] = {}
        for name in local:
            if name:
                first = name.partition("/")[0]
                depths[first] = max(depths.get(first, 0), name.count("/") + 1)
        guarded = any(map(_is_guarded, local.values()))
        self._take(snapshot, Growing(local), Growing(depths), Beginnings.of(map("/{}".format, depths)), guarded)

    def _take(
        self,
        snapshot: Snapshot,
        views: Growing[str, StaticViewRecord],
        depths: Growing[str, int],
        beginnings: Beginnings,
        guarded: bool,
    ) -> None:
        self.snapshot = snapshot
        self._views, self._depths, self._beginnings = views, depths, beginnings
        self._publications: dict[str, Publication] = {}  # those that were asked for
        self._guarded = guarded  # is there, or was there, a static file with a permission?
        self._root = self._publication("") if "" in views else None
        #: With how many characters, and which, every path begins that belongs to a view. Most paths of an application
        #: are told apart by them at the cost of one look-up.
        self.beginnings = beginnings if self._root is None else EVERYTHING

    @classmethod
    def grown(cls, former: Site, snapshot: Snapshot, changes: Sequence[Change]) -> Site:
        """As it is after *changes*."""
        views, depths, beginnings, guarded = former._views, former._depths, former._beginnings, former._guarded
        for view, _ in changes:
            if not isinstance(view, StaticViewRecord) or view.external:
                continue
            name = _as_wsgi(view.name)
            views, guarded = views.plus(name, view), guarded or _is_guarded(view)
            first, depth = name.partition("/")[0], name.count("/") + 1
            if name and depth > depths.get(first, 0):
                depths = depths.plus(first, depth)
                beginnings = beginnings.plus(f"/{first}")
        site = cls.__new__(cls)
        site._take(snapshot, views, depths, beginnings, guarded)
        return site

    def _publication(self, name: str) -> Publication | None:
        """The view of this name, ready for this snapshot; None when there is none."""
        found = self._publications.get(name)
        if found is None:
            view = self._views.get(name)
            if view is None:
                return None
            found = self._publications.setdefault(name, Publication(view, self.snapshot))
        return found

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
                publication = self._publication(path[1:end])
                if publication is not None:
                    return publication, path[end + 1 :] if end < len(path) else None
        if self._root is None:
            return None
        return self._root, path.removeprefix("/") if path else None

    def publication(self, view: StaticViewRecord) -> Publication:
        """That of one of the views."""
        found = self._publication(_as_wsgi(view.name))
        return found if found is not None else Publication(view, self.snapshot)

    def meant(self, path: str) -> tuple[Publication, str | None, str | None] | None:
        """
        The same when what a cache buster put in is taken off: the view, the path below its name, and the version of a
        tree if that was it.

        What is left is routed anew, as text: a view with a longer name has it, with its permission. A name that really is
        there wins.
        """
        found = self.route(path)
        if found is None or not found[1]:
            return found and (*found, None)
        publication, rest = found
        assert rest is not None
        off = publication.without_version(rest)
        if off is None:
            guard = self._guard(path, publication, rest)
            return (publication if guard is None else guard), rest, None
        left, version = off
        again = self.route(f"{path[: len(path) - len(rest)]}{left}")
        assert again is not None  # what begins with a view's name has a view
        return again[0], again[1] or "", version

    def unversioned(self, path: str) -> str | None:
        """
        The path without what a cache buster puts in, be it a version or a digest; None where it has none, and for what
        is really there. For who asks whether it is his: nobody gets past him by a version that he makes up.
        """
        found = self.route(path)
        if found is None or not found[1]:
            return None
        publication, rest = found
        assert rest is not None
        off = publication.without_version(rest)
        plain = publication.without_digest(rest) if off is None else off[0]
        return None if plain is None else f"{path[: len(path) - len(rest)]}{plain}"

    def _guard(self, path: str, publication: Publication, rest: str) -> Publication | None:
        """
        The static file with a permission that has the name which *path* has without a digest: nobody gets past it by a
        digest, which its name never has.
        """
        if not self._guarded:
            return None
        plain = publication.without_digest(rest)
        found = None if plain is None else self.route(f"{path[: len(path) - len(rest)]}{plain}")
        return found[0] if found is not None and _is_guarded(found[0].record) else None

    def steps(
        self,
        path: str,
        asked: Asked,
        *,
        location: Callable[[], str],
        entries: Entries,
        has_fallback: bool,
        whole: int = WHOLE,
    ) -> Steps | None:
        """The steps to the answer, as `Publication.steps`; None when no view has the path."""
        found = self.meant(path)
        if found is None:
            return None
        publication, rest, version = found
        return publication.steps(
            asked,
            None if rest is None else wsgi_bytes(rest),
            location=location,
            entries=entries,
            key=path,
            whole=whole,
            yields=has_fallback and self.is_root(publication),
            version=version,
        )

    def asks_first(self, path: str, has_fallback: bool) -> bool:
        """Is a permission asked for before anything is looked for?"""
        found = self.route(path)
        return found is not None and found[0].record.protected and not (has_fallback and self.is_root(found[0]))

    def is_known_to_lack(self, path: str) -> bool:
        """Does the root view have nothing at *path*, as far as that is known without a look at a disk?"""
        found = self.route(path)
        if found is None or not self.is_root(found[0]):
            return False
        publication, rest = found
        return bool(rest) and not publication.reload and publication.top.is_known_to_lack(rest or "")

    def is_root(self, publication: Publication) -> bool:
        """Is it the view that has only what exists, and leaves the rest to others?"""
        return publication is self._root


def _is_guarded(view: StaticViewRecord) -> bool:
    """Is it a static file with a permission?"""
    return view.file and view.protected


# Opened where something is frozen.
FROZEN = Part("assetzcml.resolving.frozen", "frozen_release")
FROZEN_SITE = Part("assetzcml.serving.frozen", "FrozenSite")


def site_of(snapshot: Snapshot) -> Any:
    """Who answers: what was frozen, where the setting or the directive `frozen` says so, else the static views."""
    if snapshot.frozen is None:
        return snapshot.derived(Site)
    return FROZEN_SITE.find()(snapshot.derived(FROZEN.find()))


class Desk:
    """
    Where one application serves a site: what requests read, put together once and never changed, but for what is kept.

    An application has one at a time, in one attribute, which a request reads once: whatever is declared meanwhile,
    all of its answer is of one moment.
    """

    __slots__ = ("beginnings", "entries", "length", "ready", "site", "snapshot")

    def __init__(self, snapshot: Snapshot, bodies: int = BODIES):
        self.snapshot = snapshot
        self.site = snapshot.derived(site_of)
        self.entries = Entries(snapshot.registry.part(Statistics), ENTRIES, bodies)
        self.ready = self.entries.ready
        self.length, self.beginnings = self.site.beginnings

    def owner(self, path: str, method: str) -> Publication | None:
        """
        The view that a request belongs to; None when it is the application's.

        For frameworks that find out first who answers: the root view has only a GET or HEAD of what exists.
        """
        found = self.site.meant(path)
        publication: Publication | None = None if found is None else found[0]
        if publication is None or not self.site.is_root(publication):
            return publication
        # HEAD: no body is opened for it.
        there = method in ("GET", "HEAD") and self.answer_to_all(path, Asked("HEAD", dict[str, str]().get), str)
        return publication if there else None

    def claims(self, path: str, method: str) -> bool | None:
        """The same without a look at a disk: is it a view's? None where only a look tells, which is the root view's."""
        found = self.site.route(path)
        if found is None or not self.site.is_root(found[0]):
            return found is not None
        if method not in ("GET", "HEAD") or self.site.is_known_to_lack(path):
            return False
        return None

    def answer_to_all(self, path: str, asked: Asked, location: Callable[[], str]) -> Answer | None:
        """The answer to somebody who is permitted everything; None when it is the application's."""
        steps = self.site.steps(path, asked, location=location, entries=self.entries, has_fallback=True)
        return None if steps is None else settled(steps)


class Desks:
    """The desk of a registry, as what is declared there is now."""

    def __init__(self, registry: Registry, bodies: int = BODIES):
        self._registry = registry
        self._now = ledger(registry).current
        self._bodies = bodies
        self._desk = Desk(registry.snapshot, bodies)
        registry.above.begins()

    @property
    def current(self) -> Desk:
        """The desk; whatever was declared before it was asked for, it knows."""
        desk = self._desk
        return desk if self._now.snapshot is desk.snapshot else self._renewed()

    def _renewed(self) -> Desk:
        snapshot = self._registry.snapshot
        desk = self._desk
        if desk.snapshot is not snapshot:
            if snapshot.store is not None:
                self._begin()
            desk = Desk(snapshot, self._bodies)
            if self._now.snapshot is snapshot:  # else it is good for this request, and the next makes another
                self._desk = desk
        return desk

    def _begin(self) -> None:
        """What is served now is another release. An event loop does not wait for it to be stored."""
        if in_event_loop():
            threading.Thread(target=self._registry.above.begins, name="assetzcml store", daemon=True).start()
        else:
            self._registry.above.begins()


def _as_wsgi(name: str) -> str:
    """A name as it begins a PATH_INFO (PEP 3333): its bytes, each as a character."""
    return name.encode("utf-8").decode("latin-1")
