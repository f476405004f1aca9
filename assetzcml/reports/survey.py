"""What the rules look at: the files that are really there, through overrides, and which specs name one place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from assetzcml.records.assets import AssetSpec, Override, StaticViewRecord
from assetzcml.records.bundles import BundleContents, BundleRecord, EnvironmentOption
from assetzcml.registry import Registry
from assetzcml.resolving.packages import Found, Packages
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import Candidate, SearchPaths

__all__ = ["Survey", "overlap"]

T = TypeVar("T")

NOT_ASSETS = (".py", ".pyc", ".zcml")  # what lies in a package and is never served


class Survey:
    """One registry, while it is checked. What was found is remembered: nothing is supposed to change meanwhile."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self.snapshot = registry.snapshot
        self.paths = self.snapshot.derived(SearchPaths)
        self.resolver = registry.part(Resolver)
        self.packages = Packages()
        # What bundles make counts as there, whether or not they have been built yet. Nobody looks at it: that would build.
        self.made = {bundle.spec for bundle in self.bundles if bundle.spec is not None}
        self._files: dict[AssetSpec, tuple[AssetSpec, ...]] = {}
        self._once: dict[Any, Any] = {}

    @property
    def overrides(self) -> list[Override]:
        """The overrides that somebody declared; what a framework merges into one root is none."""
        return [override for override in self.snapshot.overrides if not override.merged]

    @property
    def merged(self) -> list[Override]:
        """The directories that a framework merges into one root."""
        return [override for override in self.snapshot.overrides if override.merged]

    def once(self, make: Callable[[Survey], T]) -> T:
        """What *make* makes of this site, made at the first call: what several rules look at is read once."""
        if make not in self._once:
            self._once[make] = make(self)
        found: T = self._once[make]
        return found

    @property
    def local_views(self) -> list[StaticViewRecord]:
        """The static views and files that are served here."""
        return [view for view in self.snapshot.views if not view.external]

    @property
    def bundles(self) -> list[BundleRecord]:
        """The bundles that are declared."""
        return list(self.snapshot.bundles)

    @property
    def contributions(self) -> list[BundleContents]:
        """What is added to bundles."""
        return [record for record in self.snapshot.bundling if isinstance(record, BundleContents)]

    @property
    def output_directory(self) -> EnvironmentOption | None:
        """The statement of where outputs are written; None where only Python says it."""
        options = [record for record in self.snapshot.bundling if isinstance(record, EnvironmentOption)]
        return next((option for option in reversed(options) if option.name == "directory"), None)

    def published(self, bundle: BundleRecord, roots: Iterable[AssetSpec]) -> bool:
        """Is the output of *bundle*, by its spec or where it is written, one of *roots* or below it?"""
        directory = self.output_directory
        places = [bundle.spec] if bundle.spec is not None else []
        if directory is not None and bundle.output is not None:
            places.append(directory.value.joined(bundle.output.split("/")))
        return any(place.under(root) for place in places for root in roots)

    def files(self, root: AssetSpec) -> tuple[AssetSpec, ...]:
        """All assets at *root* and below it, in any layer, but for programs and what begins with a dot."""
        if root not in self._files:
            made = (spec for spec in sorted(self.made) if spec.under(root))
            self._files[root] = tuple(dict.fromkeys((*self._walk(root), *made)))
        return self._files[root]

    def _walk(self, root: AssetSpec) -> Iterator[AssetSpec]:
        seen: set[str] = set()
        waiting = [root]
        while waiting:
            spec = waiting.pop()
            if spec in self.made:
                continue
            try:
                asset = self.resolver.resolve(spec)
                if asset.isfile():
                    yield spec
                if not asset.isdir():
                    continue
                place = os.path.realpath(asset.abspath() or f"{spec} in an archive")
                names = asset.listdir() if place not in seen or spec == root else []
                seen.add(place)
            except (OSError, ImportError):
                continue
            public = [
                name for name in names if name[0] != "." and not name.endswith(NOT_ASSETS) and name != "__pycache__"
            ]
            waiting += [spec.joined([name]) for name in reversed(public)]

    def view_files(self, view: StaticViewRecord) -> tuple[AssetSpec, ...]:
        """The assets that a static view publishes."""
        return (view.root,) if view.file and self.stands(view.root) else () if view.file else self.files(view.root)

    def stands(self, spec: AssetSpec) -> bool:
        """Is there a file or a directory at *spec*, in any layer?"""
        try:
            return self._made(spec) or self.resolver.resolve(spec).exists()
        except ImportError:
            return False

    def _made(self, spec: AssetSpec) -> bool:
        return any(made.under(spec) for made in self.made)

    def itself(self, spec: AssetSpec) -> Found | None:
        """What stands at *spec* itself, overrides left aside."""
        try:
            return next(self.packages.find(spec), None)
        except ImportError:
            return None

    def original(self, override: Override, spec: AssetSpec) -> bool:
        """Is there something at *spec* that no override of the same target supplies?"""
        return self._made(spec) or any(
            self.itself(candidate.spec) is not None
            for candidate in self.paths.places(spec)
            if not candidate.via or candidate.via[0].target != override.target
        )

    def supplier(self, spec: AssetSpec) -> Candidate | None:
        """The place that the file *spec* is taken from."""
        for candidate in self.paths.places(spec):
            found = self.itself(candidate.spec)
            if found is not None and not found.directory:
                return candidate
        return None

    def covered(self, override: Override) -> list[AssetSpec]:
        """What an override has a source for, as it is asked for: its target, or files below it."""
        return [file.moved(override.source, override.target) for file in self.files(override.source)]

    def regions(self) -> set[AssetSpec]:
        """The published roots, and every place that overrides lead to from there."""
        found = {view.root for view in self.snapshot.views}
        waiting = list(found)
        while waiting:
            region = waiting.pop()
            for override in self.snapshot.overrides:
                if overlap(override.target, region):
                    inside = region.under(override.target) and not override.file
                    source = region.moved(override.target, override.source) if inside else override.source
                    if source not in found and len(source.parts) <= 64:  # deeper, overrides go round in a circle
                        found.add(source)
                        waiting.append(source)
        return found

    def other_spelling(self, spec: AssetSpec) -> AssetSpec | None:
        """*spec* as an address in the innermost package it leads through; None when it is one already."""
        package, parts = spec.package, spec.parts
        while package and parts and parts[0].isidentifier() and self._is_package(package, parts[0]):
            package, parts = f"{package}.{parts[0]}", parts[1:]
        return AssetSpec(package, parts) if package != spec.package else None

    def _is_package(self, package: str, name: str) -> bool:
        """By its `__init__.py`: nothing is imported to find out. Each folder could be a namespace package."""
        return self.itself(AssetSpec(package, (name, "__init__.py"))) is not None


def overlap(one: AssetSpec, other: AssetSpec) -> bool:
    """Is one of them the other, or below it?"""
    return one.under(other) or other.under(one)
