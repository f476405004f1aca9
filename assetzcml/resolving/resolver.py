"""A spec in, an asset out: through overrides, to a file. The one place that knows where packages keep their files.

Packages are found by `importlib.resources`. Nothing here knows HTTP or ZCML.
"""

from __future__ import annotations

import importlib
import importlib.resources
import io
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from zope.interface import implementer

from assetzcml.interfaces import IAsset, IBundles, IResolver
from assetzcml.records.assets import AssetSpec, Override, asset_spec
from assetzcml.records.bundles import BundleRecord
from assetzcml.registry import Registry, Snapshot, truth
from assetzcml.resolving.archives import member_at

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["FRESH", "Asset", "Candidate", "Found", "Packages", "Resolver", "SearchPaths", "original_files"]

FRESH = 1.0  # seconds for which a found file is taken to be where it was (a change is noticed within a second)
CACHED_ASSETS = 10_000  # specs; about 5 MB, more than one page of any application asks for


class Candidate(NamedTuple):
    """
    One place where an asset may be: *spec*, and *root*, the directory a link found there must not leave.

    *via* are the overrides that led here, the one nearest to the asset asked for first; the original has none.
    """

    spec: AssetSpec
    root: AssetSpec
    via: tuple[Override, ...]


class Found(NamedTuple):
    """What stands at a place: a real path with its `stat`, or a member of an archive."""

    spec: AssetSpec
    directory: bool
    path: str | None
    status: os.stat_result | None
    member: Traversable | None

    def open(self) -> BinaryIO:
        """A binary stream of the bytes."""
        if self.path is not None:
            return open(self.path, "rb")
        assert self.member is not None
        return self.member.open("rb")


class SearchPaths:
    """
    The overrides of a snapshot, by target: which places an asset is looked for in, and in which order.

    `bundles` are the specs of bundles, whose originals are built.
    """

    def __init__(self, snapshot: Snapshot):
        self._snapshot = snapshot
        self.bundles = frozenset(
            record.spec for record in snapshot.bundling if isinstance(record, BundleRecord) and record.spec is not None
        )
        self._by_target: dict[AssetSpec, list[tuple[int, Override]]] = {}
        self._children: dict[AssetSpec, set[str]] = {}
        for order, override in enumerate(snapshot.overrides):
            self._by_target.setdefault(override.target, []).append((order, override))
            self._name_in_parents(override.target)

    def _name_in_parents(self, target: AssetSpec) -> None:
        for depth, name in enumerate(target.parts):
            self._children.setdefault(AssetSpec(target.package, target.parts[:depth]), set()).add(name)

    def covering(self, spec: AssetSpec) -> list[Override]:
        """The overrides whose target covers *spec*, the strongest first."""
        if not self._by_target:
            return []
        found: list[tuple[int, Override]] = []
        for depth in range(len(spec.parts) + 1):
            for entry in self._by_target.get(AssetSpec(spec.package, spec.parts[:depth]), ()):
                if not entry[1].file or depth == len(spec.parts):
                    found.append(entry)
        return [override for _, override in sorted(found, key=lambda entry: entry[0])]

    def targets_in(self, spec: AssetSpec) -> set[str]:
        """The names in the directory *spec* that a target names, or leads through."""
        return self._children.get(spec, set())

    def candidates(self, spec: AssetSpec, root: AssetSpec | None = None) -> Sequence[Candidate]:
        """
        Every place where *spec* may be, in the order of search; the original is the last.

        The source of an override may be overridden itself: its own candidates stand in its place.
        Each place is named once, where it is strongest. That of a bundle is where its output is, which is built when
        that is due and the place is looked at.
        """
        return self.built(self.places(spec, root))

    def built(self, places: list[Candidate]) -> Sequence[Candidate]:
        """*places*, those of bundles replaced by where their outputs are when they are looked at."""
        if self.bundles.isdisjoint(place.spec for place in places):
            return places
        bundles = self._snapshot.registry.queryUtility(IBundles)
        return (
            places if bundles is None else _Built(places, self._snapshot, bundles)
        )  # None: a registry of records only

    def places(self, spec: AssetSpec, root: AssetSpec | None = None) -> list[Candidate]:
        """The same before anything is built: a bundle stands where its spec says."""
        result: list[Candidate] = []
        taken: set[AssetSpec] = set()
        opened: set[AssetSpec] = set()
        first = Candidate(spec, root if root is not None else parent(spec), ())
        waiting: list[tuple[Candidate, bool]] = [(first, False)]
        while waiting:
            candidate, expanded = waiting.pop()
            if expanded:
                if candidate.spec not in taken:
                    taken.add(candidate.spec)
                    result.append(candidate)
                continue
            if candidate.spec in opened:
                continue
            opened.add(candidate.spec)
            waiting.append((candidate, True))
            for override in reversed(self.covering(candidate.spec)):
                waiting.append((_through(override, candidate), False))
        return result


class _Built(Sequence[Candidate]):
    """Places of which some are bundles; each is built no sooner than somebody looks there."""

    def __init__(self, places: list[Candidate], snapshot: Snapshot, bundles: Any):
        self._places = places
        self._snapshot = snapshot
        self._bundles = bundles

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: Any) -> Any:
        place = self._places[index]
        output = self._bundles.place(self._snapshot, place.spec)
        return place if output is None else Candidate(*output, place.via)


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


class Packages:
    """Where packages keep their files. What was found is remembered for the life of this object."""

    def __init__(self) -> None:
        self._places: dict[str, list[str] | tuple[str | Traversable, ...]] = {}

    def directories(self, package: str) -> list[str]:
        """The real directories of *package*, several for a namespace package; [] when it has none (in a zip)."""
        place = self._place(package)
        return place if isinstance(place, list) else [portion for portion in place if isinstance(portion, str)]

    def portions(self, package: str) -> list[str] | tuple[str | Traversable, ...]:
        """Where *package* keeps its files: the real directories, and what stands for the ones in an archive."""
        return self._place(package)

    def find(self, spec: AssetSpec) -> Iterator[Found]:
        """What stands at *spec*: nothing, or one thing a portion of the package. Raises ImportError for the package."""
        for portion in self._place(spec.package):
            if isinstance(portion, str):
                path = "/".join((portion, *spec.parts))
                try:
                    status = os.stat(path)
                except (OSError, ValueError):  # ValueError: a character that no file name can have
                    continue
                if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):  # a FIFO would be waited for
                    yield Found(spec, stat.S_ISDIR(status.st_mode), path, status, None)
                continue
            member = portion.joinpath(*spec.parts) if spec.parts else portion
            if member.is_file():
                yield Found(spec, False, None, None, member)
            elif member.is_dir():
                yield Found(spec, True, None, None, member)

    def names(self, found: Found) -> list[str]:
        """The names in a directory that was found; [] when it cannot be read."""
        try:
            if found.path is not None:
                return os.listdir(found.path)
            assert found.member is not None
            return [entry.name for entry in found.member.iterdir()]
        except OSError:
            return []

    def _place(self, package: str) -> list[str] | tuple[str | Traversable, ...]:
        if not package:
            return [""]
        try:
            return self._places[package]
        except KeyError:
            return self._places.setdefault(package, _place_of(package))


def _place_of(package: str) -> list[str] | tuple[str | Traversable, ...]:
    """The real directories of a package, as a list; a tuple when a portion of it is in an archive."""
    module = importlib.import_module(package)
    if getattr(module, "__path__", None) is None:
        raise ModuleNotFoundError(f"{package!r} is a module, not a package; it has no assets", name=package)
    portions = [os.path.abspath(entry) for entry in module.__path__]
    try:
        files = original_files(module)
    except (OSError, ValueError):  # before Python 3.12.5 there is no reader of a namespace package in an archive
        files = None
    if isinstance(files, Path):
        return [os.path.abspath(files)]
    if portions and all(os.path.isdir(entry) for entry in portions):
        return portions
    places = [entry if os.path.isdir(entry) else member_at(entry) for entry in portions]
    known = tuple(place for place in places if place is not None)
    return known or ((files,) if files is not None else ())


def original_files(module: ModuleType) -> Traversable:
    """
    What a package itself keeps: `importlib.resources.files`, also while that shows overrides to everybody else
    (`assetzcml.resolving.package_readers`). Overrides are looked for in originals.
    """
    files = importlib.resources.files(module)
    return getattr(files, "assetzcml_original", files)


@implementer(IAsset)
class Asset:
    """The asset a spec leads to. What was found is trusted for a second; with the setting `reload`, not at all."""

    __slots__ = ("_candidates_known", "_known", "_places", "_resolver", "_snapshot", "spec")

    def __init__(self, resolver: Resolver, snapshot: Snapshot, spec: AssetSpec):
        self.spec = str(spec)
        self._resolver = resolver
        self._snapshot = snapshot
        paths = snapshot.derived(SearchPaths)
        self._places = paths.places(spec)
        # What is built may be somewhere else at each look.
        lasting = paths.bundles.isdisjoint(place.spec for place in self._places)
        self._candidates_known = self._places if lasting else None
        self._known: tuple[float, Found | None] = (0.0, None)

    def __repr__(self) -> str:
        return f"<Asset {self.spec}>"

    @property
    def _candidates(self) -> Sequence[Candidate]:
        known = self._candidates_known
        return known if known is not None else self._snapshot.derived(SearchPaths).built(self._places)

    def look(self, anew: bool = False) -> tuple[float, Found | None]:
        """
        What is found, and until when (`time.monotonic`) that is trusted: a second; 0.0 for a miss and with `reload`.

        With *anew*, what is known is not trusted.
        """
        now = time.monotonic()
        until, found = self._known
        if now < until and not anew:
            return until, found
        found = self._resolver.first(self._candidates)
        trusted = found is not None and not truth(self._snapshot.settings.get("reload"))
        self._known = (now + FRESH, found) if trusted else (0.0, None)
        return self._known[0], found

    def _find(self) -> Found | None:
        return self.look()[1]

    @property
    def source_spec(self) -> str:
        """The spec the asset is really taken from; its own where it does not exist."""
        found = self._find()
        return str(found.spec) if found is not None else self.spec

    def exists(self) -> bool:
        return self._find() is not None or self._supplied()

    def isfile(self) -> bool:
        found = self._find()
        return found is not None and not found.directory

    def isdir(self) -> bool:
        return any(found.directory for found in self._resolver.everywhere(self._candidates)) or self._supplied()

    def _supplied(self) -> bool:
        """Is it a directory only because an override puts something into it?"""
        return self._resolver.supplied(self._snapshot.derived(SearchPaths), self._candidates)

    def listdir(self) -> list[str]:
        return self._resolver.names(self._snapshot, self._candidates, self.spec)

    def open(self) -> BinaryIO:
        found = self._file()
        try:
            return found.open()
        except FileNotFoundError:  # it has just been removed: another layer may have one
            self.look(anew=True)
            return self._file().open()

    def read_bytes(self) -> bytes:
        with self.open() as stream:
            return stream.read()

    def abspath(self) -> str | None:
        found = self._find()
        return found.path if found is not None else None

    @property
    def size(self) -> int:
        found = self._file()
        if found.path is not None:
            return os.stat(found.path).st_size
        with found.open() as stream:
            return stream.seek(0, io.SEEK_END)

    @property
    def mtime(self) -> float | None:
        found = self._file()
        return os.stat(found.path).st_mtime if found.path is not None else None

    def _file(self) -> Found:
        found = self._find()
        if found is None:
            fault = self._fault()
            why = f": {fault}" if fault is not None else ""
            raise FileNotFoundError(f"no layer has the asset {self.spec!r}{why}") from fault
        if found.directory:
            raise IsADirectoryError(f"the asset {self.spec!r} is a directory")
        return found

    def _fault(self) -> Exception | None:
        """Why a bundle among the places has no output."""
        paths = self._snapshot.derived(SearchPaths)
        bundles = self._snapshot.registry.queryUtility(IBundles)
        if bundles is None:
            return None
        faults = (bundles.fault(self._snapshot, place.spec) for place in self._places if place.spec in paths.bundles)
        return next((fault for fault in faults if fault is not None), None)


@implementer(IResolver)
class Resolver:
    """Resolves specs of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self.packages = Packages()
        self._cache: tuple[Snapshot | None, dict[str, Asset]] = (None, {})

    def resolve(self, spec: str | AssetSpec) -> Asset:
        """
        The asset of *spec*, through the overrides that hold now.

        Raises InvalidSpec (a ValueError) for a bad spec, ModuleNotFoundError when its package cannot be imported.
        """
        snapshot = self.registry.snapshot
        of, assets = self._cache
        if of is not snapshot:
            assets = {}
            self._cache = (snapshot, assets)
        text = str(spec)
        asset = assets.get(text)
        if asset is None:
            asset = Asset(self, snapshot, asset_spec(spec))
            if asset.exists():
                if len(assets) >= CACHED_ASSETS:
                    assets.clear()
                assets[text] = asset
        return asset

    def look(self, spec: str | AssetSpec, anew: bool = False) -> tuple[float, Found | None]:
        """What stands at *spec*, and until when that is trusted (see `Asset.look`). Raises as `resolve` does."""
        return self.resolve(spec).look(anew)

    def layers(self, spec: str | AssetSpec) -> list[Found]:
        """
        Everything that stands at *spec*, in the order of search: each file after the first is overridden by it.

        It is looked anew at each call. Raises as `resolve` does.
        """
        candidates = self.registry.snapshot.derived(SearchPaths).candidates(asset_spec(spec))
        return list(self.everywhere(candidates))

    def everywhere(self, candidates: Iterable[Candidate]) -> Iterator[Found]:
        """What stands at each of *candidates*, in their order. A package that cannot be imported has nothing."""
        for index, candidate in enumerate(candidates):
            try:
                yield from self.packages.find(candidate.spec)
            except ImportError:
                if index == 0 and not candidate.via:
                    raise

    def first(self, candidates: Iterable[Candidate]) -> Found | None:
        """The file that is found first; where there is no file, the directory that is."""
        directory = None
        for found in self.everywhere(candidates):
            if not found.directory:
                return found
            directory = directory or found
        return directory

    def names(self, snapshot: Snapshot, candidates: Sequence[Candidate], spec: str) -> list[str]:
        """The names in a directory, of all layers, with those that only an override supplies."""
        names: set[str] = set()
        found_one = False
        paths = snapshot.derived(SearchPaths)
        for found in self.everywhere(candidates):
            if found.directory:
                found_one = True
                names.update(self.packages.names(found))
        for child in _targets_in(paths, candidates):
            if child.name not in names and self._stands(paths, child):
                names.add(child.name)
        if not found_one and not names:
            raise NotADirectoryError(f"the asset {spec!r} is not a directory")
        return sorted(names)

    def supplied(self, paths: SearchPaths, candidates: Iterable[Candidate]) -> bool:
        """Do overrides put something into the directory that *candidates* are the places of?"""
        return any(self._stands(paths, child) for child in _targets_in(paths, candidates))

    def _stands(self, paths: SearchPaths, spec: AssetSpec) -> bool:
        """Is there a file or a directory at *spec*, or a target below it that there is something for?"""
        seen = {spec}
        waiting = [spec]
        while waiting:
            candidates = paths.candidates(waiting.pop())
            if self.first(candidates) is not None:
                return True
            below = _targets_in(paths, candidates) - seen
            seen |= below
            waiting += below
        return False


def _targets_in(paths: SearchPaths, candidates: Iterable[Candidate]) -> set[AssetSpec]:
    """What the targets of overrides name, or lead through, in a directory that *candidates* are the places of."""
    return {candidate.spec.joined([name]) for candidate in candidates for name in paths.targets_in(candidate.spec)}
