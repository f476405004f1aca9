"""A spec in, an asset out: through overrides, to a file. Nothing here knows HTTP or ZCML."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, TypeVar

from zope.interface import implementer

from assetzcml.interfaces import IAsset, IResolver
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.registry import Registry, Snapshot
from assetzcml.resolving.names import BUILD_RECORD
from assetzcml.resolving.packages import Found, Packages
from assetzcml.resolving.search import Candidate, SearchPaths, targets_in
from assetzcml.typing import SpecLike

__all__ = ["FRESH", "Asset", "Resolver", "chosen"]

FRESH = 1.0  # seconds for which a found file is taken to be where it was (a change is noticed within a second)
CACHED_ASSETS = 10_000  # specs; about 5 MB, more than one page of any application asks for


@implementer(IAsset)
class Asset:
    """The asset a spec leads to. What was found is trusted for a second; with the setting `reload`, not at all."""

    __slots__ = ("_candidates_known", "_known", "_places", "_resolver", "_snapshot", "spec")

    def __init__(self, resolver: Resolver, snapshot: Snapshot, spec: AssetSpec):
        self.spec: str = str(spec)
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
    def _candidates(self) -> Iterable[Candidate]:
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
        trusted = found is not None and not self._snapshot.is_on("reload")
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
        places = [place.spec for place in self._places if place.spec in paths.bundles]
        bundles = self._snapshot.registry.above.bundles() if places else None
        if bundles is None:
            return None
        faults = (bundles.fault(self._snapshot, spec) for spec in places)
        return next((fault for fault in faults if fault is not None), None)


class Standing(Protocol):
    """What stands at a place: a file or a directory."""

    @property
    def directory(self) -> bool: ...


S = TypeVar("S", bound=Standing)


def chosen(standing: Iterable[S]) -> S | None:
    """
    The file that stands first; where there is no file, the directory that does.

    A directory in one layer hides no file of the same name in another.
    """
    directory = None
    for found in standing:
        if not found.directory:
            return found
        directory = directory or found
    return directory


@implementer(IResolver)
class Resolver:
    """Resolves specs of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry
        owner = registry.owner
        # Where packages are is the same for a registry that is being made, and for what is only proposed.
        self.packages: Packages = Packages() if owner is registry else owner.part(Resolver).packages
        self._cache: tuple[Snapshot | None, dict[SpecLike | AssetSpec, Asset]] = (None, {})

    def resolve(self, spec: SpecLike | AssetSpec) -> Asset:
        """
        The asset of *spec*, through the overrides that hold now.

        Raises InvalidSpec (a ValueError) for a bad spec, ModuleNotFoundError when its package cannot be imported.
        """
        snapshot = self.registry.snapshot
        of, assets = self._cache
        if of is not snapshot:
            assets = {}
            self._cache = (snapshot, assets)
        asset = assets.get(spec)
        if asset is None:
            address = asset_spec(spec)
            asset = assets.get(address) or Asset(self, snapshot, address)
            if asset.exists():
                if len(assets) >= CACHED_ASSETS:
                    assets.clear()
                # One asset however it is asked for, so that all who look know the same of it.
                assets[spec] = assets[address] = asset
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
        """What is chosen of all that stands at *candidates*; see `chosen`."""
        return chosen(self.everywhere(candidates))

    def names(self, snapshot: Snapshot, candidates: Iterable[Candidate], spec: str) -> list[str]:
        """The names in a directory, of all layers, with those that only an override supplies."""
        names: set[str] = set()
        found_one = False
        paths = snapshot.derived(SearchPaths)
        for found in self.everywhere(candidates):
            if found.directory:
                found_one = True
                names.update(self.packages.names(found))
        for child in targets_in(paths, candidates):
            if child.name not in names and self._stands(paths, child):
                names.add(child.name)
        if not found_one and not names:
            raise NotADirectoryError(f"the asset {spec!r} is not a directory")
        return sorted(names - {BUILD_RECORD})

    def supplied(self, paths: SearchPaths, candidates: Iterable[Candidate]) -> bool:
        """Do overrides put something into the directory that *candidates* are the places of?"""
        return any(self._stands(paths, child) for child in targets_in(paths, candidates))

    def _stands(self, paths: SearchPaths, spec: AssetSpec) -> bool:
        """Is there a file or a directory at *spec*, or a target below it that there is something for?"""
        seen = {spec}
        waiting = [spec]
        while waiting:
            candidates = paths.candidates(waiting.pop())
            if self.first(candidates) is not None:
                return True
            below = targets_in(paths, candidates) - seen
            seen |= below
            waiting += below
        return False
