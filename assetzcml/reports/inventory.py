"""
What is published: every asset of every static view, as the view would answer it, with who decided so.

The static view itself is asked for each name. What it would not serve is not here, and what it says of an asset is what
is said of the frozen one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from assetzcml.errors import Origin
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord
from assetzcml.records.readers import CODINGS
from assetzcml.registry import Registry
from assetzcml.resolving.names import is_public_name
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import SearchPaths
from assetzcml.serving.finding import PlainAsset
from assetzcml.serving.paths import BadPath, Key, path_key
from assetzcml.serving.publication import Publication
from assetzcml.serving.sites import Site
from assetzcml.serving.variants import CodedFile, Location
from assetzcml.urls.cachebusters import TreeCacheBuster
from assetzcml.urls.lookup import Lookup

__all__ = ["Inventory", "Item", "PlainAsset", "PossibleAsset", "URLPlace", "seen", "versioned_place", "view_base"]

LONGEST_WAY = 64  # directories: links that lead round in a circle end there


class URLPlace(NamedTuple):
    """Where a name of a URL is: the *host* with its scheme, '' for the application's own, and the path, decoded."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host}/{self.path}" if self.host else self.path


def view_base(view: StaticViewRecord) -> URLPlace:
    """
    Where the names of a view begin.

    >>> from assetzcml.records.assets import asset_spec
    >>> view_base(StaticViewRecord(name="https://cdn.example.com/shop", root=asset_spec("shop:static")))
    URLPlace(host='https://cdn.example.com', path='shop')
    """
    if not view.external:
        return URLPlace("", view.name.strip("/"))
    parts = urlsplit(view.name)
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    return URLPlace(f"{scheme}//{parts.netloc}", unquote(parts.path).strip("/"))


@dataclass(slots=True)
class Item:
    """
    An asset below a name. *seen* is what the view would answer under the plain name.

    *tree* is the version of the tree that it is in, and *counted* the digest it has there. *forever*: its plain name is
    one that never gets other bytes. *origin* is the statement that decided where it comes from.
    """

    view: StaticViewRecord
    spec: AssetSpec
    place: URLPlace
    seen: CodedFile
    source: AssetSpec
    origin: Origin | None
    busting: Busting | None = None
    tree: str | None = None
    counted: str = ""
    forever: bool = field(default=False)

    @property
    def location(self) -> Location:
        """Where its bytes are."""
        return self.seen.location

    @property
    def file(self) -> str:
        """The file that its bytes are in, for messages."""
        location = self.location
        return location.path if location.member is None else str(self.source)


class PossibleAsset(NamedTuple):
    """What may be an asset: its spec, the static view that it is below, and who answers for that."""

    view: StaticViewRecord
    publication: Publication
    spec: AssetSpec


def seen(candidate: PossibleAsset) -> PlainAsset | None:
    """What the static view would answer, and its bytes where it reads them for that; None where there is no asset."""
    view, publication, spec = candidate
    return publication.asset(Key((), False) if view.file else Key(spec.below(view.root), False))


class _Tree(NamedTuple):
    """The version of a tree, the digests it is made of, and the directories in it, by name."""

    version: str
    digests: dict[str, str]
    directories: frozenset[str]


def versioned_place(view: StaticViewRecord, place: URLPlace, version: str) -> URLPlace:
    """
    A place below a view with the version of its tree, directly behind the name of the view.

    >>> from assetzcml.records.assets import asset_spec
    >>> view = StaticViewRecord(name="static", root=asset_spec("shop:static"))
    >>> print(versioned_place(view, URLPlace("", "static/css/a.css"), "3f2a9c81b7d0"))
    static/~3f2a9c81b7d0/css/a.css
    """
    base = view_base(view).path
    below = place.path[len(base) :].lstrip("/")
    return URLPlace(place.host, "/".join([*([base] if base else []), f"~{version}", *([below] if below else [])]))


class Inventory:
    """All that one registry publishes. Nothing is supposed to change meanwhile; what does is noticed when it is read."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self.snapshot = registry.snapshot
        self._resolver = registry.part(Resolver)
        self._site = self.snapshot.derived(Site)
        self._paths = self.snapshot.derived(SearchPaths)
        self.made = self._paths.bundles
        #: What is there and has a name that no static view answers, as one with a control character.
        self.unserved: list[AssetSpec] = []
        self._bases: dict[int, tuple[StaticViewRecord, URLPlace]] = {}
        self._versions: dict[int, _Tree] = {}
        #: Where a directory is published, by its spec, with the version of its tree: scripts join names to its URL.
        self.directories: dict[AssetSpec, URLPlace] = {}

    def items(self, made: bool = True) -> Iterator[Item]:
        """The assets, view by view, in the order of their names; outputs of bundles, which are built now, if *made*."""
        for each in self.candidates():
            if made or each.spec not in self.made:
                found = seen(each)
                if found is not None:
                    yield self.item(each, found)

    def candidates(self) -> list[PossibleAsset]:
        """What may be an asset, in the order of `items`: of each view what is in a directory of any layer."""
        found = []
        for view in sorted(self.snapshot.views, key=lambda each: each.name):
            publication = Publication(replace(view, send=None, content_encodings=()), self.snapshot)
            specs = [view.root] if view.file else self._walk(view)
            found += [PossibleAsset(view, publication, spec) for spec in specs if self._leads_to(view, spec)]
        return found

    def _leads_to(self, view: StaticViewRecord, spec: AssetSpec) -> bool:
        """Is it this view that answers under the name? One with a longer name may have the place."""
        if view.external:
            return True
        path = self._place(view, spec).path
        found = self._site.route("/" + path.encode("utf-8", "surrogateescape").decode("latin-1"))
        return found is not None and found[0].record is view

    def item(self, candidate: PossibleAsset, found: PlainAsset) -> Item:
        """The asset that was *found* there."""
        view, _, spec = candidate
        source, origin = self._decided(view, spec)
        item = Item(view, spec, self._place(view, spec), found.source, source, origin, forever=found.forever)
        self._bust(item)
        return item

    def _walk(self, view: StaticViewRecord) -> list[AssetSpec]:
        """All that may have a name below a view: what is in a directory of any layer, and what bundles make."""
        found = {spec for spec in self.made if spec.under(view.root)}
        waiting = [view.root]
        seen: set[str] = set()
        while waiting:
            spec = waiting.pop()
            try:
                asset = self._resolver.resolve(spec)
                real = os.path.realpath(asset.abspath() or f"{spec} in an archive")
                if spec != view.root and (real in seen or len(spec.parts) - len(view.root.parts) > LONGEST_WAY):
                    continue
                names = asset.listdir()
            except (OSError, ImportError):
                continue
            seen.add(real)
            self._directory(view, spec)
            beside = set(names)
            for name in names:
                if not is_public_name(name, view.dotfiles) or _is_variant(name, beside):
                    continue
                child = spec.joined([name])
                if not _has_a_path(name):
                    self.unserved.append(child)
                    continue
                if child in self.made:
                    continue
                places = self._paths.candidates(child)
                standing = list(self._resolver.everywhere(places))
                if any(not each.directory for each in standing):
                    found.add(child)
                if any(each.directory for each in standing) or self._resolver.supplied(self._paths, places):
                    waiting.append(child)
        return sorted(found, key=attrgetter("package", "parts"))

    def _directory(self, view: StaticViewRecord, spec: AssetSpec) -> None:
        place = self._place(view, spec)
        if self.url_place(spec) != place:
            return
        found = self._resolver.look(spec)[1]
        at_work = self.snapshot.derived(Lookup).at_work(spec, found.spec if found is not None else None)
        buster = at_work.busting.buster if at_work is not None else None
        if at_work is not None and isinstance(buster, TreeCacheBuster):
            tree = self._tree(buster)
            if buster.name_of(at_work.spec) in tree.directories:
                place = versioned_place(view, place, tree.version)
        self.directories[spec] = place

    def _place(self, view: StaticViewRecord, spec: AssetSpec) -> URLPlace:
        known = self._bases.get(id(view))
        if known is None:
            known = self._bases[id(view)] = view, view_base(view)
        host, path = known[1]
        below = () if view.file else spec.below(view.root)
        return URLPlace(host, "/".join([*([path] if path else []), *below]))

    def _bust(self, item: Item) -> None:
        """Say what busts the caches of an asset, and in which tree it is."""
        lookup = self.snapshot.derived(Lookup)
        busting = lookup.busting(item.spec, item.source)
        if busting is None:
            return
        item.busting = busting.record
        if isinstance(busting.buster, TreeCacheBuster) and not item.view.file:
            tree = self._tree(busting.buster)
            at_work = lookup.at_work(item.spec, item.source)
            name = busting.buster.name_of(at_work.spec if at_work is not None else item.spec)
            if name in tree.digests:
                item.tree, item.counted = tree.version, tree.digests[name]

    def url_place(self, spec: AssetSpec) -> URLPlace | None:
        """The plain name below which `static_url` has an asset, of all that it is published under; None for none."""
        view, published = self.snapshot.derived(Lookup).publication(spec)
        return None if view is None else self._place(view, published)

    def _decided(self, view: StaticViewRecord, spec: AssetSpec) -> tuple[AssetSpec, Origin | None]:
        """The layer that an asset is taken from, and the statement that says so."""
        if not self._paths.covering(spec):
            return spec, view.origin
        found = self._resolver.look(spec)[1]
        source = spec if found is None else found.spec
        for candidate in self._paths.places(spec):
            if candidate.spec == source and candidate.via:
                return source, candidate.via[-1].origin
        return source, view.origin

    def _tree(self, buster: TreeCacheBuster) -> _Tree:
        """Counted once: all of a release is of one version."""
        tree = buster.tree()
        known = self._versions.get(id(tree))
        if known is None:
            count = tree.current(anew=True)
            known = _Tree(count.version, {name: file.digest for name, file in count.files.items()}, count.directories)
            self._versions[id(tree)] = known
        return known


def _has_a_path(name: str) -> bool:
    """May a URL that is answered have this name in it, on any system?"""
    try:
        return path_key(name.encode("utf-8", "surrogateescape"), dotfiles=True) is not None
    except BadPath:
        return False


def _is_variant(name: str, beside: set[str]) -> bool:
    return any(name.endswith(suffix) and name.removesuffix(suffix) in beside for suffix in CODINGS.values())
