"""What must hold for records once all of them are known: kinds, cycles, roots, permissions. Looks, and changes nothing.

The same rules for ZCML and for Python calls.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.interfaces import (
    IBindable,
    IBundling,
    IBusting,
    IContentStore,
    IFrozen,
    IModule,
    IOverride,
    IPages,
    IRoute,
    IStaticView,
    IView,
)
from assetzcml.records.assets import AssetSpec, Busting, Override, StaticViewRecord
from assetzcml.records.findings import NOWHERE, UNASKED, Objection
from assetzcml.records.kinds import Record
from assetzcml.records.media_types import content_type
from assetzcml.registry import Part, Registry, Snapshot
from assetzcml.resolving.importing import import_failure
from assetzcml.resolving.neighbours import nearest_beside
from assetzcml.resolving.packages import nearest_package, project_of
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import Candidate, SearchPaths
from assetzcml.urls.cachebusters import TreeCacheBuster, segment_version

if TYPE_CHECKING:
    from assetzcml.records.site import ContentStore, Frozen, Module

__all__ = ["findings", "override_cycle"]

# Opened where something is frozen.
OPENED = Part("assetzcml.resolving.frozen", "Opened")


def findings(registry: Registry, records: Iterable[Record], *, roots: bool = True) -> Iterator[Objection]:
    """
    Everything that is wrong with *records*, which *registry* holds already.

    With *roots* false it is not looked whether a published root exists: an override that supplies it may come later.
    """
    records = list(records)
    checks = _Checks(registry, records, roots)
    overrides = [record for record in records if isinstance(record, Override)]
    circles = list(checks.cycles(overrides)) if overrides else []
    yield from circles
    if circles:
        return  # every other check follows overrides, which would not end
    for record in records:
        check = checks.of_each.get(record.provided)
        if check is not None:
            yield from check(record)
    together = {look: None for record in records if (look := _OF_ALL.get(record.provided)) is not None}
    for look_at_all in together:
        yield from look_at_all(registry, records)


def _of_bundling(registry: Registry, records: list[Record]) -> Iterator[Objection]:
    bundles = registry.owner.above.bundles()
    for problem, warning in bundles.problems(registry, records) if bundles is not None else ():
        yield Objection(problem, warning)


def _of_pages(registry: Registry, records: list[Record]) -> Iterator[Objection]:
    yield from registry.getUtility(IPages).findings(registry, records)


# What is looked at together, with all that there is of the kind.
_OF_ALL: Mapping[Any, Callable[[Registry, list[Record]], Iterator[Objection]]] = {
    IBundling: _of_bundling,
    IRoute: _of_pages,
    IView: _of_pages,
}


class _Checks:
    def __init__(self, registry: Registry, records: Sequence[Record], roots: bool):
        self.registry = registry
        self.records = records
        self.roots = roots
        self.resolver = registry.part(Resolver)
        self.of_each: dict[Any, Callable[[Any], Iterator[Objection]]] = {
            IOverride: self.override,
            IStaticView: self.view,
            IBusting: self.busting,
            IModule: self.module,
            IContentStore: self.store,
            IFrozen: self.frozen,
        }

    # Made when asked for: a static view that Python declares needs neither.

    @property
    def snapshot(self) -> Snapshot:
        return self.registry.snapshot

    @property
    def paths(self) -> SearchPaths:
        return self.snapshot.derived(SearchPaths)

    def override(self, record: Override) -> Iterator[Objection]:
        kinds = {}
        for attribute, spec in (("to_override", record.target), ("override_with", record.source)):
            where = (record.origin or NOWHERE).attribute(attribute)
            problem = self._unimportable(spec, where, f"{record}: {attribute}")
            if problem is not None:
                yield Objection(problem)
                continue
            kinds[attribute] = kind = self._kind(spec)
            if kind is not None and (kind == "file") != record.file:
                yield Objection(self._wrong_kind(record, attribute, spec, kind, where))
        if "override_with" in kinds and kinds["override_with"] is None:
            yield self._missing_source(record)

    def _wrong_kind(self, record: Override, attribute: str, spec: AssetSpec, kind: str, where: Origin) -> Problem:
        if kind == "directory":
            return Problem(
                where,
                f"{record}: {attribute}: '{spec}' is a directory",
                f"write '{spec}/' if the whole directory is meant",
                code="A121",
            )
        return Problem(
            where, f"{record}: {attribute}: '{spec}/' is a file", f"write '{spec}', without the slash", code="A121"
        )

    def _missing_source(self, record: Override) -> Objection:
        where = (record.origin or NOWHERE).attribute("override_with")
        hint = nearest_beside(self.resolver, record.source, slash=not record.file)
        message = f"{record}: override_with: {record.written(record.source)!r} does not exist"
        if record.source.absolute_path:
            return Objection(Problem(where, message, hint, code="A121"))
        return Objection(Problem(where, message, hint or "the search goes on without it", code="A020"), warning=True)

    def view(self, record: StaticViewRecord) -> Iterator[Objection]:
        origin = record.origin or NOWHERE
        if record.protected and self.snapshot.policy is None:
            message = (
                f"{record}: the permission {record.permission!r} cannot be asked for: there is no permission policy"
            )
            yield Objection(
                Problem(
                    origin.attribute("permission"),
                    message,
                    'declare one: <permissionPolicy policy="package.module.Class"/>',
                    code=UNASKED,
                )
            )
        if record.external:
            return
        where = origin.attribute("path")
        problem = self._unimportable(record.root, where, str(record))
        if problem is not None:
            yield Objection(problem)
            return
        if record.root.package and not record.root.parts:
            hint = "name a file in it" if record.file else self._directory_of(record)
            yield Objection(
                Problem(where, f"{record}: the root '{record.root}' is a whole package", hint, code="A030"),
                warning=not record.file,
            )
            return
        store = self.snapshot.store
        if store is not None and store not in self.records:  # which tells of it itself
            yield from self._published_store(store, record, where)
        if not self.roots or self._holds_bundle(record):
            return
        kinds = {found.directory for found in self.resolver.everywhere(self.paths.candidates(record.root))}
        if (not record.file) in kinds or (not (kinds or record.file) and self._supplied_below(record.root)):
            return
        if kinds:
            found, hint = (
                ("a file", "publish it with staticFile")
                if not record.file
                else ("a directory", "publish it with staticView")
            )
            yield Objection(Problem(where, f"{record}: '{record.root}' is {found}", hint, code="A120"))
        else:
            message = f"{record}: no layer of '{record.root}' exists"
            yield Objection(Problem(where, message, self._meant(record.root), code="A120"))

    def _supplied_below(self, root: AssetSpec) -> bool:
        """Does an override supply what is to be a file in a directory that no layer has?"""
        targets = [each.target for each in self.snapshot.overrides if each.file]
        return any(target.below(root) and target.under(root) for target in targets)

    def _holds_bundle(self, record: StaticViewRecord) -> bool:
        """Is there a bundle at the root, or below it, that is built when it is asked for?"""
        bundles = self.paths.bundles
        return (
            record.root in bundles
            if record.file
            else any(spec.below(record.root) and spec.under(record.root) for spec in bundles)
        )

    def busting(self, record: Busting) -> Iterator[Objection]:
        origin = record.origin or NOWHERE
        problem = self._unimportable(record.path, origin.attribute("path"), str(record))
        if problem is not None:
            yield Objection(problem)
        if getattr(record.buster, "former", "") == "stored":
            yield from self._stored(record, origin.attribute("former"))
        if isinstance(record.buster, TreeCacheBuster):
            yield from self._named_like_versions(record)
        bindable = IBindable(record.buster, None)
        if bindable is not None:
            for message in bindable.problems(self.registry, record):
                place = next(
                    (p for p in map(origin.attribute, ("manifest", "digest", "token")) if p is not origin), origin
                )
                message, _, hint = message.partition("; ")
                yield Objection(Problem(place, f"{record}: {message}", hint, code="A123"))

    def _named_like_versions(self, record: Busting) -> Iterator[Objection]:
        """A file or directory whose name the cache buster takes for a version. It wins, so that its version is none."""
        for view in self.snapshot.views:
            if view.file or view.external or not (record.path.under(view.root) or view.root.under(record.path)):
                continue
            try:
                names = self.resolver.names(self.snapshot, self.paths.candidates(view.root), str(view.root))
            except (OSError, ImportError):
                continue
            for name in names:
                if segment_version(name) is not None:
                    message = f"{record}: {str(view.root.joined([name]))!r} is named like a version; it is served as what it is"
                    where = (record.origin or NOWHERE).attribute("tree")
                    yield Objection(Problem(where, message, "rename it", code="A065"), warning=True)

    def _stored(self, record: Busting, where: Origin) -> Iterator[Objection]:
        if self.snapshot.store is None:
            message = f"{record}: former='stored' needs a store of contents, and none is declared"
            yield Objection(Problem(where, message, 'declare <contentStore directory="..."/>', code="A123"))
        if record.explicit:
            message = f"{record}: former='stored' has no meaning with explicit: what is stored is what is asked for"
            yield Objection(Problem(where, message, "leave one of them out", code="A123"))

    def frozen(self, record: Frozen) -> Iterator[Objection]:
        where = (record.origin or NOWHERE).attribute("manifest")
        said = self.registry.settings.get("frozen")
        if said and os.path.realpath(said) != os.path.realpath(record.manifest):
            message = f"{record}: the setting 'frozen' is {os.fspath(said)!r}, and both cannot be served"
            yield Objection(Problem(where, message, "leave one of them out", code="A133"))
            return
        try:
            self.registry.owner.part(OPENED.find()).release(record.manifest)
        except ConfigurationError as error:
            yield Objection(Problem(where, f"{record}: {error}", code="A133"))

    def store(self, record: ContentStore) -> Iterator[Objection]:
        where = (record.origin or NOWHERE).attribute("directory")
        for view in self.snapshot.views:
            if not view.external:
                yield from self._published_store(record, view, where)

    def _published_store(self, store: ContentStore, view: StaticViewRecord, where: Origin) -> Iterator[Objection]:
        """A store that a static view publishes would show who asks what was protected once."""
        real = os.path.realpath(store.directory)
        for place in self.paths.places(view.root):
            try:
                portions = self.resolver.packages.portions(place.spec.package)
            except Exception:  # told of elsewhere, or an override may name a package that is gone
                continue
            for portion in portions:
                root = os.path.realpath("/".join((portion, *place.spec.parts))) if isinstance(portion, str) else ""
                if root and (real == root or real.startswith(root.rstrip("/") + "/")):
                    message = f"{store}: {store.directory!r} is published by {view}"
                    hint = "keep it where no static view leads, such as /var/lib"
                    yield Objection(Problem(where, message, hint, code="A125"))
                    return

    def module(self, record: Module) -> Iterator[Objection]:
        where = (record.origin or NOWHERE).attribute("path")
        problem = self._unimportable(record.path, where, f"{record}: path")
        if problem is not None:
            yield Objection(problem)
            return
        found = self.resolver.first(self.paths.candidates(record.path))
        kind = None if found is None else found.directory
        if record.path in self.paths.bundles:
            kind = False
        if kind is None and not self.resolver.supplied(self.paths, self.paths.candidates(record.path)):
            message = f"{record}: no layer has {str(record.path)!r}"
            yield Objection(Problem(where, message, nearest_beside(self.resolver, record.path), code="A126"))
        elif kind is not False and not record.directory:
            message = f"{record}: '{record.path}' is a directory"
            yield Objection(
                Problem(where, message, f"write name='{record.name}/' for all that is below it", code="A126")
            )
        elif kind is False and record.directory:
            message = f"{record}: '{record.path}' is a file, and a name that ends with a slash stands for a directory"
            yield Objection(Problem(where, message, f"write name='{record.name.rstrip('/')}'", code="A126"))
        elif not record.directory and not self._is_module(record.path.name):
            told = content_type(record.path.name, self.snapshot.media_types).partition(";")[0]
            message = f"{record}: '{record.path}' is no script, but {told}; no import statement could load it"
            yield Objection(Problem(where, message, "name a script", code="A126"))

    def _is_module(self, name: str) -> bool:
        return content_type(name, self.snapshot.media_types).partition(";")[0] in (
            "text/javascript",
            "application/json",
        )

    def cycles(self, records: Sequence[Override]) -> Iterator[Objection]:
        # One more is in a circle only with what it touches.
        remaining = self.paths.around(records[0]) if len(records) == 1 else list(self.snapshot.overrides)
        while cycle := override_cycle(remaining):
            remaining = [override for override in remaining if override not in cycle]
            new = [override for override in cycle if override in records] or list(cycle)
            chain = " \N{RIGHTWARDS ARROW} ".join([*(str(o.target) for o in cycle), str(cycle[-1].source)])
            others = [("and at", o.origin) for o in cycle if o is not new[-1] and o.origin is not None]
            yield Objection(
                Problem(
                    new[-1].origin,
                    f"overrides go round in a circle: {chain}",
                    "remove one of them",
                    also=others,
                    code="A124",
                )
            )

    def _unimportable(self, spec: AssetSpec, where: Origin, subject: str) -> Problem | None:
        """The problem with the package of *spec*; None when it can be imported."""
        try:
            self.resolver.packages.portions(spec.package)
        except ModuleNotFoundError as error:
            if error.name and (spec.package == error.name or spec.package.startswith(f"{error.name}.")):
                if "not a package" in str(error):
                    above = AssetSpec(spec.package.rpartition(".")[0] or spec.package, spec.parts)
                    return Problem(where, f"{subject}: {error}", f"did you mean {str(above)!r}?", code="A108")
                hint = project_of(spec.package) or nearest_package(spec.package, f":{'/'.join(spec.parts)}")
                return Problem(where, f"{subject}: there is no package {spec.package!r}", hint, code="A108")
            failure: Exception = error
        except Exception as error:
            failure = error
        else:
            return None
        message = f"the package {spec.package!r} cannot be imported: {import_failure(failure)}"
        return Problem(where, f"{subject}: {message}", exception=failure, code="A108")

    def _kind(self, spec: AssetSpec) -> str | None:
        """What stands at a place itself, overrides left aside. A bundle is a file, built or not."""
        if spec in self.paths.bundles:
            return "file"
        found = self.resolver.first([Candidate(spec, spec, ())])
        return None if found is None else "directory" if found.directory else "file"

    def _meant(self, root: AssetSpec) -> str:
        """A hint for a root that is not there: spelt another way, or in a package where a path has none."""
        if not root.absolute_path:
            return (
                project_of(root.package) if self._is_look_alike(root.package) else nearest_beside(self.resolver, root)
            )
        if expanded := _expanded(root):
            return expanded
        package, _, path = root.name.partition(".")
        candidates = [AssetSpec(package, tuple(path.split(".")))] if path else []
        candidates += [AssetSpec(known, (root.name,)) for known in sorted(self._packages())]
        for spec in candidates:
            try:
                found = self._kind(spec)
            except (ImportError, ValueError):
                continue
            if found is not None:
                return f"did you mean {str(spec)!r}?"
        return nearest_beside(self.resolver, root)

    def _packages(self) -> set[str]:
        """The packages that something published or overridden is in."""
        views = {view.root.package for view in self.snapshot.views if not view.external}
        sides = {side.package for override in self.snapshot.overrides for side in (override.target, override.source)}
        return {package for package in views | sides if package}

    def _is_look_alike(self, package: str) -> bool:
        """Is it nothing but a directory, which Python takes for a namespace package?"""
        module = sys.modules.get(package)
        spec = module.__spec__ if module is not None else importlib.util.find_spec(package)
        return spec is not None and spec.origin is None

    def _directory_of(self, record: StaticViewRecord) -> str:
        """A hint for a whole package: a directory of it, that of the view's name if there is one."""
        names = self.resolver.names(self.snapshot, self.paths.candidates(record.root), str(record.root))
        inside = [record.root.joined((name,)) for name in sorted(names) if not name.startswith(("_", "."))]
        directories = [spec for spec in inside if self._kind(spec) == "directory"]
        named = [spec for spec in directories if spec.name == record.name] or directories
        return f"publish a directory in it: {str(named[0])!r}" if named else "publish a directory in it"


def override_cycle(overrides: Sequence[Override]) -> list[Override] | None:
    """
    Overrides that send an asset round in a circle, or ever deeper; None when there are none.

    Only an override whose target holds a whole region sends on everything in it, so only those are followed:
    one that is narrower than the region takes a shorter path each time and comes to an end.
    """
    by_target: dict[AssetSpec, list[Override]] = {}
    for override in overrides:
        by_target.setdefault(override.target, []).append(override)
    longest = sum(len(override.source.parts) for override in overrides) + 1
    done: set[tuple[AssetSpec, bool]] = set()
    for first in overrides:
        trail: list[tuple[tuple[AssetSpec, bool], Override, Iterator[Override]]] = []
        places: dict[tuple[AssetSpec, bool], int] = {}
        step: tuple[tuple[AssetSpec, bool], Override] | None = ((first.source, first.file), first)
        while step or trail:
            if step is None:
                state, _, following = trail[-1]
                further = next(following, None)
                if further is not None:
                    step = ((state[0].moved(further.target, further.source), state[1]), further)
                    continue
                done.add(state)
                del places[state], trail[-1]
                continue
            (state, arrived), step = step, None
            if state in places:
                return [*(entry[1] for entry in trail[places[state] + 1 :]), arrived]
            if len(state[0].parts) > longest:
                return _round([entry[1] for entry in trail], arrived)
            if state not in done:
                places[state] = len(trail)
                trail.append((state, arrived, iter(_sending_on(state, by_target))))
    return None


def _round(taken: list[Override], arrived: Override) -> list[Override]:
    """The overrides that were taken since *arrived* was taken last."""
    since = len(taken) - taken[::-1].index(arrived) if arrived in taken else len(taken)
    return [*taken[since:], arrived]


def _sending_on(state: tuple[AssetSpec, bool], by_target: dict[AssetSpec, list[Override]]) -> Iterator[Override]:
    """The overrides whose target holds the whole of a region (a file, or a directory with all below it)."""
    spec, is_file = state
    for depth in range(len(spec.parts), -1, -1):
        for override in by_target.get(AssetSpec(spec.package, spec.parts[:depth]), ()):
            if not override.file or (is_file and depth == len(spec.parts)):
                yield override


def _expanded(root: AssetSpec) -> str:
    """What to write for a path with a `~` or a `$NAME` that a shell would have replaced; '' for any other."""
    for number, part in enumerate(root.parts):
        if part.startswith(("~", "$")):
            written = "/".join(root.parts[number:])
            path = os.path.expandvars(os.path.expanduser(written))
            return f"write {path!r}: nothing is expanded here" if path.startswith("/") else ""
    return ""
