"""The environment of a registry: what is declared, in step with its snapshot, and what Python registers."""

from __future__ import annotations

import fnmatch
import glob
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from zope.interface import implementer

from assetzcml.bundles.building import needs_build
from assetzcml.bundles.bundle import Bundle
from assetzcml.bundles.context import Context
from assetzcml.bundles.declared import Content, DeclaredBundle, DeclaredEnvironment, Output
from assetzcml.bundles.environment import Environment
from assetzcml.bundles.errors import BundleError, RegisterError, UnsetOption
from assetzcml.bundles.option_values import REVISION, Config
from assetzcml.bundles.options import DEFAULTS
from assetzcml.bundles.sources import Remote, Source, is_spec, is_url
from assetzcml.bundles.validation import Checks
from assetzcml.bundles.versioners import PLACEHOLDER, has_placeholder
from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.interfaces import IBundles, IResolver, IURLGenerator
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.registry import Record, Registry, Snapshot
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import SearchPaths

__all__ = ["BundleState", "Bundles", "RegistryEnvironment", "SourceState"]

log = logging.getLogger("assetzcml")


class _Config(Config):
    """What Python says; where it says nothing, what ZCML says."""

    def __init__(self, below: Callable[[], Mapping[str, Any]], convert: Callable[[str, Any], Any]):
        self._below = below
        super().__init__({}, convert)

    @property
    def _defaults(self) -> Mapping[str, Any]:  # type: ignore[override]
        return self._below()

    @_defaults.setter
    def _defaults(self, value: Any) -> None:
        """They are declared."""


class _Resolver:
    """The resolver that the registry has at the moment."""

    def __init__(self, registry: Registry):
        self._registry = registry

    def resolve(self, spec: Any) -> Any:
        return self._registry.getUtility(IResolver).resolve(spec)

    def look(self, spec: Any, anew: bool = False) -> Any:
        return self._registry.getUtility(IResolver).look(spec, anew)


class RegistryEnvironment(Environment):
    """
    The environment of one registry. What ZCML declares is that of the snapshot in force; what Python registers, sets
    and adds stays, and goes before.

    A bundle that is declared is part of one configuration: ask for it by name each time.
    """

    def __init__(self, registry: Registry):
        self.registry = registry
        self.added_paths: list[str] = []
        self.added_urls: dict[str, str] = {}
        self.added_specs: list[tuple[AssetSpec, str]] = []
        self.added_filters: dict[str, Callable[[], Any]] = {}
        self._making = threading.Lock()
        self._latest: DeclaredEnvironment | None = None
        super().__init__(resolver=_Resolver(registry), static_path=lambda spec: self.current._source_url(spec))
        self._config = _Config(lambda: {**DEFAULTS, **self.current.said}, self._converted)

    @property
    def current(self) -> DeclaredEnvironment:
        """What is declared now."""
        return self.registry.snapshot.derived(self.of)

    def of(self, snapshot: Snapshot) -> DeclaredEnvironment:
        """What is declared in *snapshot*: the same object as before, when that is the same."""
        with self._making:
            known = self._latest
            REVISION.raise_()  # what URLs are made of may have changed in any case
            if known is None or not _same(known.records, snapshot.bundling):
                known = DeclaredEnvironment(self, snapshot.bundling, self.resolver, self._generator)
                known.register_all()
                self._latest = known
            return known

    def _generator(self) -> Any:
        return self.registry.getUtility(IURLGenerator)

    def replacement(self, bundle: Bundle) -> tuple[str, Callable[[], bytes]] | None:
        return self.current.replacement(bundle)

    def output_url(self, bundle: Bundle, ctx: Context, version: str | None) -> str | None:
        return self.current.output_url(bundle, ctx, version)

    def in_place_of(self, spec: AssetSpec) -> tuple[str, Callable[[], bytes]] | None:
        """The URL and the bytes of what is taken in place of the bundle *spec*; None when nothing overrides it."""
        if not overriding(self.registry, self.registry.snapshot, spec):
            return None
        asset = self.registry.getUtility(IResolver).resolve(spec)
        return self._generator().static_path(str(spec), _app_url=""), asset.read_bytes

    def python_bundles(self) -> list[Bundle]:
        """The bundles that Python registered."""
        return [*self._named.values(), *self._anonymous]

    # Options.

    def _converted(self, name: str, value: Any) -> Any:
        if self._latest is not None:  # what it has made of its options may be something else now
            self._latest._components.clear()
        return super()._converted(name, value)

    def get(self, name: str, default: Any = None) -> Any:
        return self.current.get(name, default)

    def append_path(self, path: str | os.PathLike[str], url: str | None = None) -> None:
        if self._config.said("load_path"):
            super().append_path(path, url)
            return
        place = os.fspath(path)
        if is_spec(place):
            self.added_paths.append(place)
            if url is not None:
                self.added_specs.append((asset_spec(place), url))
        else:
            self.added_paths.append(self.absolute(place))
            if url is not None:
                self.added_urls[self.added_paths[-1]] = url
        REVISION.raise_()

    def add_filter(self, name: str, factory: Callable[[], Any]) -> None:
        self.added_filters = {**self.added_filters, name: factory}
        REVISION.raise_()

    @property
    def filters(self) -> Mapping[str, Callable[[], Any]]:  # type: ignore[override]
        return self.current.filters

    @filters.setter
    def filters(self, value: Any) -> None:
        """They are declared, or added."""

    def place_of(self, directory: str) -> str:
        return self.current.place_of(directory)

    # Bundles by name.

    def python_names(self) -> list[str]:
        """The names that Python registered."""
        return [*self._named, *self._groups]

    def of_python(self, name: str) -> Bundle:
        return super().__getitem__(name)

    def __getitem__(self, name: str) -> Bundle:
        return self.current[name]

    def __contains__(self, name: object) -> bool:
        return name in self.current

    def names(self) -> list[str]:
        return self.current.names()

    def __iter__(self) -> Iterator[Bundle]:
        return iter([*self.current, *super().__iter__()])

    def __len__(self) -> int:
        return len(self.current) + super().__len__()

    @property
    def outputs(self) -> dict[str, Bundle]:
        return {**self.current.outputs, **super().outputs}

    def _register(self, name: str, bundle: Bundle) -> Bundle:
        current = self.current
        if current._declares(name):
            known = current[name]
            if known is bundle:
                return bundle
            also = [("declared at", known.origin)] if known.origin is not None else []
            raise RegisterError(Problem(bundle.origin, f"the {known} is declared already", also=also))
        return super()._register(name, bundle)

    def _check_output(self, bundle: Bundle, ctx: Context) -> None:
        known = {output.casefold(): other for output, other in self.current.outputs.items()}.get(
            os.path.normpath(str(bundle.output)).casefold()
        )
        if known is not None and known is not bundle:
            message = f"{bundle}: its output {str(bundle.output)!r} is that of the {known} too"
            also = [("the other is declared at", known.origin)] if known.origin is not None else []
            raise RegisterError(Problem(bundle.origin, message, also=also))
        super()._check_output(bundle, ctx)

    def _work(self, names: Iterable[str]) -> list[tuple[Bundle, Context]]:
        current = self.current
        if current.faults and not names:
            raise BundleError(*(problem for fault in current.faults.values() for problem in fault.problems))
        return super()._work(names)

    def _home_of(self, bundle: Bundle) -> Environment:
        return self.current if isinstance(bundle, DeclaredBundle) else self


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def overriding(registry: Registry, snapshot: Snapshot, spec: AssetSpec) -> bool:
    """Is the bundle *spec* taken from an override?"""
    paths = snapshot.derived(SearchPaths)
    if not paths.covering(spec):
        return False
    return registry.getUtility(IResolver).first(paths.places(spec)[:-1]) is not None


class SourceState(NamedTuple):
    """One source of a bundle: as it was named, its spec if it has one, and where it is really taken from."""

    item: str
    spec: str | None
    source: str
    size: int | None
    origin: Origin | None


class BundleState(NamedTuple):
    """
    A bundle, and what there is of it.

    *state* is 'built', 'out of date', 'not built', or 'no output' for one that consists of others. *path*, *version*
    and *size* are those of what was built last. *problems* are texts: what keeps it from being built.
    """

    name: str
    spec: AssetSpec | None
    record: Record | None
    origin: Origin | None
    output: str | None
    filters: tuple[str, ...]
    sources: tuple[SourceState, ...]
    state: str
    path: str | None
    version: str | None
    size: int | None
    source_size: int | None
    problems: tuple[str, ...]


@implementer(IBundles)
class Bundles:
    """The bundles of one registry as assets; see `IBundles`."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self.environment = RegistryEnvironment(registry)

    def _bundle(self, snapshot: Snapshot, spec: AssetSpec) -> DeclaredBundle | None:
        if snapshot.registry is not self.registry:  # a registry that is being made has no outputs yet
            return None
        return snapshot.derived(self.environment.of).by_spec.get(spec)

    def place(self, snapshot: Snapshot, spec: AssetSpec) -> tuple[AssetSpec, AssetSpec] | None:
        bundle = self._bundle(snapshot, spec)
        if bundle is None:
            return None
        try:
            output = bundle.ready()
            bundle.fault = None
        except (ConfigurationError, OSError) as error:
            if str(error) != str(bundle.fault or ""):
                log.error("%s", error)
            bundle.fault = error
            standing = self._standing(bundle)
            return bundle.env.address(standing) if standing is not None else None
        return output.file, output.directory

    def _standing(self, bundle: DeclaredBundle) -> str | None:
        try:
            standing = bundle.standing()
        except (ConfigurationError, OSError):
            return None
        return standing[0] if standing is not None else None

    def fault(self, snapshot: Snapshot, spec: AssetSpec) -> Exception | None:
        bundle = self._bundle(snapshot, spec)
        return bundle.fault if bundle is not None else None

    def output(self, snapshot: Snapshot, spec: AssetSpec) -> Output | None:
        bundle = self._bundle(snapshot, spec)
        if bundle is None or overriding(self.registry, snapshot, spec):
            return None
        return bundle.ready()

    def versioned(self, snapshot: Snapshot, file: AssetSpec) -> bool:
        bundle = self._writing(snapshot, file)
        return bundle is not None and has_placeholder(bundle.output)

    def bundle_of(self, snapshot: Snapshot, file: AssetSpec) -> AssetSpec | None:
        bundle = self._writing(snapshot, file)
        return bundle.spec if bundle is not None else None

    def _writing(self, snapshot: Snapshot, file: AssetSpec) -> DeclaredBundle | None:
        """The bundle whose output in force is *file*."""
        environment = snapshot.derived(self.environment.of)
        home = environment._directory_spec()
        if home is None or not file.under(home):
            return None
        path = "/".join(file.below(home))
        for bundle in environment.by_spec.values():
            if str(bundle.output) == path:
                return bundle
            if _may_be(path, str(bundle.output)) and self._standing_file(bundle) == file:
                return bundle
        return None

    def _standing_file(self, bundle: DeclaredBundle) -> AssetSpec | None:
        standing = self._standing(bundle)
        return bundle.env.address(standing)[0] if standing is not None else None

    def name_of(self, snapshot: Snapshot, spec: AssetSpec) -> str | None:
        bundle = self._bundle(snapshot, spec)
        return bundle.name if bundle is not None else None

    def names(self) -> list[str]:
        return self.environment.names()

    def urls(self, name: str) -> tuple[list[tuple[str, str | None]], str]:
        bundle = self.environment.by_name(name)
        return [(each["uri"], each["sri"]) for each in bundle.urls(calculate_sri=True)], _kind(bundle)

    def plain_urls(self, name: str) -> list[str]:
        return self.environment.by_name(name).urls()

    def unmatched(self, name: str) -> list[tuple[str, Record]]:
        bundle = self.environment.current._named.get(name)
        if bundle is None:  # it cannot be made, or Python has made it
            return []
        ctx = Context(bundle.env, (bundle,))
        if not ctx.auto_build or not _places_known(ctx):  # sources need not be here, or Python says where
            return []
        written = [str(other.output) for other in self.environment.outputs.values()]
        globs = [item for item in bundle.contents if isinstance(item, Content) and glob.has_magic(item)]
        return [
            (item.name, item.record)
            for item in globs
            if not is_url(item) and not fnmatch.filter(written, item.name) and not bundle._found(item, ctx)
        ]

    def state(self, name: str) -> BundleState:
        problems: list[str] = []
        environment = self.environment
        fault = environment.current.faults.get(name)
        if fault is not None:
            return BundleState(
                name, None, None, fault.problems[0].origin, None, (), (), "not built", *[None] * 4, tuple(_told(fault))
            )
        bundle = environment.by_name(name)
        ctx = Context(bundle.env, (bundle,), building=True)
        sources: tuple[SourceState, ...] = ()
        try:
            sources = tuple(_sources(bundle, ctx))
        except (ConfigurationError, OSError) as error:
            problems += _told(error)
        filters = tuple(one.name or type(one).__name__ for one in bundle.chain(bundle.env))
        state, path, version, size = "no output", None, None, None
        if bundle.output and bundle.merge:
            state = "not built"
            try:
                standing = _standing(bundle, ctx)
                if standing is not None:
                    path, version = standing
                    size = os.stat(path).st_size
                    state = "out of date" if needs_build(bundle, ctx) else "built"
            except (ConfigurationError, OSError) as error:
                problems += _told(error)
        sizes = [source.size for source in sources]
        return BundleState(
            name,
            getattr(bundle, "spec", None),
            getattr(bundle, "record", None),
            bundle.origin,
            str(bundle.output) if bundle.output else None,
            filters,
            sources,
            state,
            path,
            version,
            size,
            None if None in sizes or problems else sum(size or 0 for size in sizes),
            tuple(problems),
        )

    def problems(self, registry: Registry, records: Iterable[Record]) -> Iterator[tuple[Problem, bool]]:
        environment = DeclaredEnvironment(
            self.environment, registry.snapshot.bundling, Resolver(registry), lambda: registry.getUtility(IURLGenerator)
        )
        yield from Checks(environment, list(records)).problems()


def _places_known(ctx: Context) -> bool:
    try:
        return bool(ctx.search_path)
    except UnsetOption:
        return False


def _told(error: ConfigurationError | OSError) -> list[str]:
    """What is wrong, one line each."""
    return [problem.headline for problem in error.problems] if isinstance(error, ConfigurationError) else [str(error)]


def _may_be(path: str, output: str) -> bool:
    """May *path* be a version of *output*? By their names."""
    before, placeholder, _ = output.partition(PLACEHOLDER)
    return bool(placeholder) and path.startswith(before) and path.endswith(output.rpartition(PLACEHOLDER)[2])


def _standing(bundle: Bundle, ctx: Context) -> tuple[str, str | None] | None:
    return DeclaredBundle.standing(bundle)  # type: ignore[arg-type]


def _sources(bundle: Bundle, ctx: Context) -> Iterator[SourceState]:
    for found in bundle.resolve_contents(ctx):
        if isinstance(found, Source):
            source = str(found.found.spec) if found.found is not None else str(found.path)
            size = os.stat(found.path).st_size if found.path is not None else None
            yield SourceState(found.item, found.spec, source, size, _said_by(bundle, found.item))
        elif isinstance(found, Remote):
            yield SourceState(found.url, None, found.url, None, _said_by(bundle, found.url))
        else:
            yield from _sources(found, ctx.inside(found))


def _said_by(bundle: Bundle, item: str) -> Origin | None:
    for content in bundle.contents:
        record = getattr(content, "record", None)
        if record is not None and content.name == item:
            return record.origin
    return bundle.origin


def _kind(bundle: Bundle) -> str:
    """'css' or 'js', by the name of the output, of the bundle, or of its first content; '' for neither."""
    for name in (bundle.output, bundle.name, *(getattr(item, "name", item) for item in bundle.contents)):
        extension = str(name or "").rpartition(".")[2].lower()
        if extension in ("css", "scss", "sass", "less"):
            return "css"
        if extension in ("js", "mjs", "ts"):
            return "js"
    return ""
