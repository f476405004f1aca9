"""Which static view publishes an asset, and which cache buster works on it. Made once for each snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from assetzcml.errors import NotPublished, few, nearest
from assetzcml.interfaces import IBindable
from assetzcml.late import difflib
from assetzcml.records.assets import AssetSpec, Busting, Override, StaticViewRecord
from assetzcml.records.growing import Growing
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.registry import Change, Snapshot
from assetzcml.resolving.search import SearchPaths
from assetzcml.urls.cachebusters import Lasting, lasting
from assetzcml.urls.queries import quoted_base_url
from assetzcml.urls.roots import StrongestViews, before

__all__ = ["CACHED_URLS", "AtWork", "BoundBusting", "Lookup", "Place"]

V = TypeVar("V")

CACHED_URLS = 10_000  # specs; about 3 MB, more than one page of any application asks for
NEAREST_ROOTS = 3  # roots named in an error


class BoundBusting(NamedTuple):
    """A `Busting`, and its buster at work for one registry."""

    record: Busting
    buster: Any
    lasting: Lasting


class AtWork(NamedTuple):
    """The cache buster for an asset, and the address by which it knows that: one below its own path, if it is not explicit."""

    busting: BoundBusting
    spec: AssetSpec


class Place(NamedTuple):
    """
    Where an asset is published. *subpath* is relative to the static view's root; that of a `staticFile` is its name.

    *base* is the URL of the view, quoted, with a slash where something follows. *busting* is the one for the asset
    as long as no explicit one is for its source, and, in a merged root, while it is not known which directory has it.
    *asked* is the address that was asked for, where that of its place is another.
    """

    view: StaticViewRecord
    spec: AssetSpec
    pathspec: str
    subpath: str
    base: str
    busting: BoundBusting | None
    asked: AssetSpec | None = None

    def known_as(self, spec: AssetSpec) -> Place:
        """The same place, told to a cache buster by the address *spec* of the asset."""
        return self if spec == self.spec else self._replace(spec=spec, pathspec=self._slashed(spec))

    def rawspec(self, source: AssetSpec) -> str:
        """*source*, where the asset is really taken from, as a cache buster is told: like what was asked for."""
        if source == self.spec:
            return self.pathspec
        return self._slashed(source)

    def _slashed(self, spec: AssetSpec) -> str:
        return str(spec) + ("/" if self.pathspec.endswith("/") else "")

    def url(self, subpath: str) -> str:
        """The URL of *subpath*: a path of the application, or whole for an external name."""
        if self.view.file:
            return self.base
        # A cache buster may return anything; with a leading slash '/' + subpath were the URL of another host.
        # More than RFC 3986 asks for is quoted for external names, as Pyramid does: S3 takes '+' for a blank.
        return self.base + quote(subpath.lstrip("/"), "/" if self.view.external else PATH_SAFE)


class Lookup:
    """The static views and bustings of a snapshot, by path."""

    def __init__(self, snapshot: Snapshot):
        self._take(snapshot)
        self._merged: dict[AssetSpec, list[Override]] = {}  # by target
        self._aliases: dict[AssetSpec, Override] = {}  # by source
        for override in self._paths.merged:
            self._merged.setdefault(override.target, []).append(override)
            if self._roots.directories.get(override.source) is None:
                self._aliases.setdefault(override.source, override)
        plain: dict[AssetSpec, BoundBusting] = {}
        explicit: dict[AssetSpec, BoundBusting] = {}
        for record in snapshot.bustings:
            table = explicit if record.explicit else plain
            if record.path not in table:
                table[record.path] = _bound(snapshot, record)
        self._bustings, self.explicit = Growing(plain), Growing(explicit)
        self.unread = self.bustings

    def _take(self, snapshot: Snapshot) -> None:
        self._roots = snapshot.derived(StrongestViews)
        self._paths = snapshot.derived(SearchPaths)
        self._members: dict[tuple[AssetSpec, AssetSpec], tuple[AssetSpec, ...]] = {}
        self._places: dict[tuple[AssetSpec, bool], Place] = {}
        self.bundles = self._paths.bundles

    @classmethod
    def grown(cls, former: Lookup, snapshot: Snapshot, changes: Sequence[Change]) -> Lookup | None:
        """As it is after *changes*; None where roots are merged, which a view may come between."""
        if snapshot.derived(SearchPaths).merged:
            return None
        lookup = cls.__new__(cls)
        lookup._take(snapshot)
        lookup._merged, lookup._aliases = {}, {}
        lookup._bustings, lookup.explicit, lookup.unread = former._bustings, former.explicit, former.unread
        for record, _ in changes:
            if isinstance(record, Busting):
                bound = _bound(snapshot, record)
                lookup.unread = [*lookup.unread, bound]
                if record.explicit:
                    lookup.explicit = lookup.explicit.plus(record.path, bound)
                else:
                    lookup._bustings = lookup._bustings.plus(record.path, bound)
        return lookup

    def bound(self, record: Busting) -> BoundBusting | None:
        """What is at work for the path of *record*."""
        return (self.explicit if record.explicit else self._bustings).get(record.path)  # type: ignore[no-any-return]

    @property
    def bustings(self) -> list[BoundBusting]:
        """All of them."""
        return [*self._bustings.values(), *self.explicit.values()]

    def place(self, spec: AssetSpec, directory: bool = False) -> Place:
        """
        Where the asset is published: below the longest root that contains it. With *directory* the URL ends in a slash.

        Raises NotPublished, a ValueError, when there is no such root.
        """
        place = self._places.get((spec, directory))
        if place is None:
            place = self._place(spec, directory)
            if len(self._places) >= CACHED_URLS:
                self._places.clear()
            self._places[spec, directory] = place
        return place

    def output_place(self, spec: AssetSpec, output: Any) -> Place:
        """
        Where the `Output` of the bundle *spec* is published: below the URL that the environment says, else below the
        static view that publishes its directory. Raises NotPublished.
        """
        if output.url is None:
            try:
                place = self._place(output.file)
            except NotPublished as error:
                raise NotPublished(
                    f"the bundle {str(spec)!r} has no URL: the environment says no url, and {error}"
                ) from None
        else:
            base = output.url if output.url.endswith("/") else f"{output.url}/"
            view = StaticViewRecord(
                name=output.url.strip("/") if "//" not in output.url else output.url, root=output.directory
            )
            place = Place(view, output.file, str(output.file), output.path, base, _deepest(self._bustings, output.file))
        own = _deepest(self._bustings, spec)
        return place if own is None else place._replace(spec=spec, pathspec=str(spec), busting=own)

    def _place(self, asked: AssetSpec, directory: bool = False) -> Place:
        view, spec = self.publication(asked)
        if view is None:
            raise NotPublished(f"no static view publishes {str(spec)!r}{self._nearest(spec)}")
        base = quoted_base_url(view.name) if view.external else quote("/" + view.name, PATH_SAFE)
        at_work = self.at_work(spec)
        busting = at_work.busting if at_work is not None else None
        if view.file:
            return Place(view, spec, str(spec), spec.name, base, busting, asked)
        below = spec.below(view.root)
        slash = "/" if spec.parts and (not below or directory) else ""
        subpath = "/".join(below) + (slash if below else "")
        return Place(view, spec, str(spec) + slash, subpath, base if base == "/" else base + "/", busting, asked)

    def publication(self, spec: AssetSpec) -> tuple[StaticViewRecord | None, AssetSpec]:
        """
        The static view that publishes *spec*, and its place below the view's root: what was merged into a root is
        published as part of it, unless a view has a longer root.
        """
        view, alias = self._view(spec), _deepest(self._aliases, spec)
        if alias is None or (view is not None and len(view.root.parts) > len(alias.source.parts)):
            return view, spec
        merged = spec.moved(alias.source, alias.target)
        found = self._view(merged)
        return (view, spec) if found is None else (found, merged)

    def _view(self, spec: AssetSpec) -> StaticViewRecord | None:
        directory = next(self._roots.directories.above(spec), None)
        file = self._roots.files.get(spec)
        if file is None or (directory is not None and directory.root == spec and before(directory, file)):
            return directory
        return file  # type: ignore[no-any-return]

    def _nearest(self, spec: AssetSpec) -> str:
        """The published roots most like *spec*, for an error."""
        roots = {str(view.root) + ("" if view.file or not view.root.parts else "/"): view for view in (
            *self._roots.directories.values.values(), *self._roots.files.values.values())}  # fmt: skip
        if not roots:
            return "; nothing is published"

        def likeness(root: str) -> tuple[bool, int, float, str]:
            of = roots[root].root
            pairs = zip(of.parts, spec.parts, strict=False)
            shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            return (
                of.package != spec.package,
                -shared,
                -difflib.SequenceMatcher(None, root, str(spec)).quick_ratio(),
                root,
            )

        near = sorted(roots, key=likeness)
        told = "; the nearest published roots are " + few([f"{root!r} ({roots[root]})" for root in near], NEAREST_ROOTS)
        return told + self._to_type(spec, {each.root.package for each in roots.values()})

    @staticmethod
    def _to_type(spec: AssetSpec, packages: set[str]) -> str:
        """What to type: the package that is meant, or a static view for the directory."""
        if spec.absolute_path or not spec.parts:
            return ""
        if spec.package not in packages and (near := nearest(spec.package, packages)):
            return f"; did you mean '{AssetSpec(near, spec.parts)}'?"
        directory = AssetSpec(spec.package, spec.parts[:1]) if len(spec.parts) > 1 else None
        return f'; publish it: <staticView name="{directory.name}" path="{directory}"/>' if directory else ""

    def busting(self, spec: AssetSpec, source: AssetSpec | None) -> BoundBusting | None:
        """
        The busting for the asset *spec* that is taken from *source* (None: no explicit one is asked for).

        An explicit one goes before all others, then the most specific path.
        """
        found = self.explicit_busting(source) if source is not None else None
        if found is None:
            at_work = self.at_work(spec, source)
            found = at_work.busting if at_work is not None else None
        return found

    def at_work(self, spec: AssetSpec, source: AssetSpec | None = None) -> AtWork | None:
        """
        The plain busting for the asset *spec* that is taken from *source*; None when there is none.

        That of the most specific path; in a merged root, of the directory that supplies the asset before that of the whole.
        """
        for each in self.addresses(spec, source):
            found = _deepest(self._bustings, each)
            if found is not None:
                return AtWork(found, each)
        return None

    def is_merged(self, spec: AssetSpec) -> bool:
        """Is it the address of something in a merged root?"""
        return any(spec.under(target) for target in self._merged)

    def roots_in(self, root: AssetSpec) -> list[AssetSpec]:
        """The directory *root*, and those that were merged in it."""
        merged = [each.source for target, members in self._merged.items() if target.under(root) for each in members]
        return [root, *merged]

    def addresses(self, spec: AssetSpec, source: AssetSpec | None = None) -> tuple[AssetSpec, ...]:
        """
        What the asset *spec* is known as: in a merged root also by its address in the directory that supplies it, in all of
        them when *source*, where it is taken from, is not known.
        """
        if not self._merged:
            return (spec,)
        if source is None:
            members = [
                spec.moved(target, member.source)
                for target, merged in self._merged.items()
                if spec.under(target)
                for member in merged
            ]
            return (*members, spec)
        known = self._members.get((spec, source))
        if known is None:
            if len(self._members) >= CACHED_URLS:
                self._members.clear()
            via = next((place.via for place in self._paths.places(spec) if place.spec == source), ())
            member = (spec.moved(via[0].target, via[0].source),) if via and via[0].merged else ()
            known = self._members[spec, source] = (*member, spec)
        return known

    def explicit_busting(self, source: AssetSpec) -> BoundBusting | None:
        """The explicit busting for what is taken from *source*."""
        return _deepest(self.explicit, source)


def _deepest(table: Mapping[AssetSpec, V], spec: AssetSpec) -> V | None:
    """What *table* has for *spec*, or for the deepest directory above it; None when it has nothing."""
    if table:
        for depth in range(len(spec.parts), -1, -1):
            found = table.get(AssetSpec(spec.package, spec.parts[:depth]))
            if found is not None:
                return found
    return None


def _bound(snapshot: Snapshot, record: Busting) -> BoundBusting:
    buster = record.buster
    if IBindable.providedBy(buster):
        buster = buster.bound(snapshot.registry, record)
    return BoundBusting(record, buster, lasting(buster))
