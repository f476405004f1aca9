"""In which order the layers are asked for an asset: overrides applied to a spec. Nothing here looks at a disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from assetzcml.records.assets import AssetSpec, Override
from assetzcml.records.growing import SpecTree
from assetzcml.records.kinds import BUNDLES
from assetzcml.registry import Change, Snapshot

__all__ = ["Candidate", "SearchPaths", "parent", "targets_in"]


_Entry = tuple[int, Override]  # the lower the number, the stronger


class Candidate(NamedTuple):
    """
    One place where an asset may be: *spec*, and *root*, the directory a link found there must not leave.

    *via* are the overrides that led here, the one nearest to the asset asked for first; the original has none.
    """

    spec: AssetSpec
    root: AssetSpec
    via: tuple[Override, ...]


class SearchPaths:
    """
    The overrides of a snapshot, by target: which places an asset is looked for in, and in which order.

    `bundles` are the specs of bundles, whose originals are built.
    """

    of_records = True

    def __init__(self, snapshot: Snapshot):
        self._snapshot = snapshot
        self.bundles: frozenset[AssetSpec] = frozenset(
            record.spec for record in snapshot.bundles if record.spec is not None
        )
        self.merged: tuple[Override, ...] = tuple(override for override in snapshot.overrides if override.merged)
        by_target: dict[AssetSpec, list[_Entry]] = {}
        for entry in enumerate(snapshot.overrides):
            by_target.setdefault(entry[1].target, []).append(entry)
        self._by_target: SpecTree[tuple[_Entry, ...]] = SpecTree(
            (target, tuple(entries)) for target, entries in by_target.items()
        )
        self._sources: SpecTree[bool] = SpecTree((override.source, True) for override in snapshot.overrides)
        self._first = 0  # the order of the strongest
        self.of_overrides: object = object()  # the same as long as the overrides are

    @classmethod
    def grown(cls, former: SearchPaths, snapshot: Snapshot, changes: Sequence[Change]) -> SearchPaths | None:
        """As they are after *changes*; None where these are more than an override on top of all others."""
        paths = cls.__new__(cls)
        paths._snapshot = snapshot
        paths.bundles, paths.merged, paths.of_overrides = former.bundles, former.merged, former.of_overrides
        by_target, sources, first = former._by_target, former._sources, former._first
        for record, replaced in changes:
            if record.listed_as is BUNDLES or (isinstance(record, Override) and record.merged):
                return None
            if isinstance(record, Override):
                first -= 1
                entries = by_target.get(record.target, ())
                if replaced is not None:
                    entries = tuple(entry for entry in entries if entry[1] is not replaced)
                by_target = by_target.plus(record.target, ((first, record), *entries))
                sources = sources.plus(record.source, True)
                paths.of_overrides = object()
        paths._by_target, paths._sources, paths._first = by_target, sources, first
        return paths

    def covering(self, spec: AssetSpec) -> list[Override]:
        """The overrides whose target covers *spec*, the strongest first."""
        if not self._by_target:
            return []
        found: list[_Entry] = []
        for entries in self._by_target.above(spec):
            found += [entry for entry in entries if not entry[1].file or entry[1].target == spec]
        return [override for _, override in sorted(found, key=lambda entry: entry[0])]

    def targets_in(self, spec: AssetSpec) -> Iterable[str]:
        """The names in the directory *spec* that a target names, or leads through."""
        return self._by_target.names(spec)

    def around(self, override: Override) -> list[Override]:
        """
        The overrides that may send an asset round in a circle with *override*, itself among them; [] when none does.

        They are those that what it leads to may go on by, and only where something leads to its target.
        """
        if not self._sources.touches(override.target) or not self._by_target.touches(override.source):
            return []
        found: dict[int, Override] = {}
        waiting = [override.source]
        while waiting:
            source = waiting.pop()
            for entries in (*self._by_target.above(source), *self._by_target.below(source)):
                for order, onward in entries:
                    if order not in found:
                        found[order] = onward
                        waiting.append(onward.source)
        return list(found.values())

    def candidates(self, spec: AssetSpec, root: AssetSpec | None = None) -> Iterable[Candidate]:
        """
        Every place where *spec* may be, in the order of search; the original is the last.

        The source of an override may be overridden itself: its own candidates stand in its place.
        Each place is named once, where it is strongest. That of a bundle is where its output is, which is built when
        that is due and the place is looked at.
        """
        return self.built(self.places(spec, root))

    def built(self, places: list[Candidate]) -> Iterable[Candidate]:
        """*places*, those of bundles replaced by where their outputs are when they are looked at."""
        if self.bundles.isdisjoint(place.spec for place in places):
            return places
        bundles = self._snapshot.registry.above.bundles()
        return places if bundles is None else _Built(places, self._snapshot, bundles)

    def places(self, spec: AssetSpec, root: AssetSpec | None = None) -> list[Candidate]:
        """The same before anything is built: a bundle stands where its spec says."""
        result: list[Candidate] = []
        merged: list[Candidate] = []
        taken: set[AssetSpec] = set()
        opened: set[AssetSpec] = set()
        first = Candidate(spec, root if root is not None else parent(spec), ())
        waiting: list[tuple[Candidate, bool]] = [(first, False)]
        while waiting:
            candidate, expanded = waiting.pop()
            if expanded:
                if candidate.spec not in taken:
                    taken.add(candidate.spec)
                    # What was merged stands behind every override of all that was.
                    (merged if candidate.via and candidate.via[-1].merged else result).append(candidate)
                continue
            if candidate.spec in opened:
                continue
            opened.add(candidate.spec)
            waiting.append((candidate, True))
            for override in reversed(self.covering(candidate.spec)):
                waiting.append((_through(override, candidate), False))
        if merged:
            result[-1:] = [*merged, result[-1]]  # the last is the root they are merged in
        return result

    def joint(self, specs: Iterable[AssetSpec]) -> Iterable[Candidate]:
        """
        The candidates of several places that stand for one asset: every override of any of them, then they themselves.
        """
        overriding: list[Candidate] = []
        originals: list[Candidate] = []
        for spec in specs:
            *before, original = self.places(spec)
            overriding += before
            originals.append(original)
        places: dict[AssetSpec, Candidate] = {}
        for place in (*overriding, *originals):
            places.setdefault(place.spec, place)
        return self.built(list(places.values()))


class _Built:
    """Places of which some are bundles; each is built no sooner than somebody who goes through them comes there."""

    def __init__(self, places: list[Candidate], snapshot: Snapshot, bundles: Any):
        self._places = places
        self._snapshot = snapshot
        self._bundles = bundles

    def __iter__(self) -> Iterator[Candidate]:
        return map(self.build, self._places)

    def build(self, place: Candidate) -> Candidate:
        """Where the output of the bundle *place* is, which is built when that is due; what is no bundle stays."""
        output = self._bundles.place(self._snapshot, place.spec)
        return place if output is None else Candidate(output[0], output[1], place.via)


def _through(override: Override, candidate: Candidate) -> Candidate:
    """The place that *override* sends *candidate* to."""
    if candidate.root.under(override.target) and not override.file:
        root = candidate.root.moved(override.target, override.source)
    else:
        root = parent(override.source) if override.file else override.source
    moved = candidate.spec.moved(override.target, override.source)
    return Candidate(moved, root, (*candidate.via, override))


def parent(spec: AssetSpec) -> AssetSpec:
    """The directory *spec* lies in; a whole package is its own."""
    return AssetSpec(spec.package, spec.parts[:-1])


def targets_in(paths: SearchPaths, candidates: Iterable[Candidate]) -> set[AssetSpec]:
    """What the targets of overrides name, or lead through, in a directory that *candidates* are the places of."""
    return {candidate.spec.joined([name]) for candidate in candidates for name in paths.targets_in(candidate.spec)}
