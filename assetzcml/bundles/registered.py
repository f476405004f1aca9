"""The environment of a registry: what ZCML declares there, below what Python says."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from assetzcml.bundles.addresses import below, joined_url
from assetzcml.bundles.bundle import Bundle, Reference
from assetzcml.bundles.context import Context
from assetzcml.bundles.declared import Configuration, Content, DeclaredBundle, real_path
from assetzcml.bundles.environment import Environment, checked_path
from assetzcml.bundles.errors import WAYS_TO_WRITE, BundleError, RegisterError, UnsetOption
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.holdings import Holdings, Owner
from assetzcml.bundles.option_values import Revision
from assetzcml.bundles.options import DEFAULTS
from assetzcml.bundles.roles import Links
from assetzcml.bundles.sharing import shared_by
from assetzcml.bundles.sources import Source, is_spec
from assetzcml.errors import ConfigurationError, InvalidSpec, NotPublished, Origin, Problem
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.bundles import BundleRecord, BundlingRecord
from assetzcml.registry import Registry, Snapshot
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.search import SearchPaths

if TYPE_CHECKING:
    from assetzcml.resolving.shared_builds import SharedBuilds

__all__ = ["RegistryEnvironment", "overriding"]

# What filters ask of the registry, by the names of settings.
OF_REGISTRY = ("application_url", "prevent_cachebust", "cache_busters", "cache_buster_manifests")


class RegistryOwner(Owner):
    """What Python said to the environment of a registry, which goes before what ZCML says."""

    def __init__(self, defaults: Callable[[], Mapping[str, Any]], convert: Callable[[str, Any], Any]):
        super().__init__(defaults, convert)
        self.paths: list[str] = []
        self.urls: dict[str, str] = {}
        self.specs: list[tuple[AssetSpec, str]] = []


class RegistryEnvironment(Environment):
    """
    The environment of one registry. What ZCML declares is that of the snapshot in force; what Python registers, sets
    and adds stays, and goes before.

    A bundle that is declared is part of one configuration: ask for it by name each time. Its environment is another
    one of this class, which has the same owner and keeps that configuration (`of`).
    """

    _owner: RegistryOwner

    def __init__(self, registry: Registry, resolver: Any, links: Callable[[], Links]):
        self.registry = registry
        self._links = links
        self._following: RegistryEnvironment | None = self
        self._making = threading.Lock()
        self._latest: RegistryEnvironment | None = None
        self._fixed: Configuration | None = None
        self._owner = RegistryOwner(self._declared_options, self._converted)
        super().__init__(resolver=resolver, static_path=self.source_url, owner=self._owner)

    def declaring(
        self, records: Sequence[BundlingRecord], resolver: Any = None, links: Callable[[], Links] | None = None
    ) -> RegistryEnvironment:
        """The environment that *records* say, below what Python said to this one. It has no bundles yet."""
        fixed = RegistryEnvironment(self.registry, resolver or self.resolver, links or self._links)
        fixed._following = None
        fixed._fixed = Configuration(records)
        fixed._owner = self._owner
        return fixed

    def of(self, snapshot: Snapshot) -> RegistryEnvironment:
        """What is declared in *snapshot*: the same object as before, when that is the same."""
        with self._making:
            known = self._latest
            self._owner.revision.raise_()  # what URLs are made of may have changed in any case
            if known is None or not _same(known.configuration.records, snapshot.bundling):
                known = self.declaring(snapshot.bundling)
                known.declare_all()
                known._following = self
                self._latest = known
            return known

    @property
    def current(self) -> RegistryEnvironment:
        """The environment of what is declared now; one that is being made is its own."""
        return self if self._following is None else self.registry.snapshot.derived(self._following.of)

    @property
    def configuration(self) -> Configuration:
        """What is declared: now, or in the configuration that this one keeps."""
        return self.current.configuration if self._fixed is None else self._fixed

    @property
    def revision(self) -> Revision:
        _ = self.current  # notices that the registry has changed
        return self._owner.revision

    @property
    def shared_builds(self) -> SharedBuilds | None:
        store = self.registry.snapshot.store
        if store is None or store.url is None:
            return None
        made: SharedBuilds = self._owner.made("shared_builds", store, lambda: shared_by(self.registry, store))
        return made

    def without_directory(self) -> Exception:
        """As that of any environment; a directory that is declared in an archive is named, with its line."""
        archived = self.configuration.archived
        if archived is None:
            return super().without_directory()
        message = f"{archived}: it is in an archive, where nothing can be written"
        return UnsetOption(message, origin=archived.origin, hint=WAYS_TO_WRITE)

    # What is declared.

    def declare_all(self) -> None:
        """Register every bundle with all its contents. What cannot be is told of by who asks for it."""
        contents = self.configuration.contents()
        for record in self.configuration.records:
            if isinstance(record, BundleRecord):
                try:
                    self.declare(record, contents[record.name], contents)
                except ConfigurationError as error:
                    self.configuration.faults[record.name] = error

    def declare(self, record: BundleRecord, contents: Sequence[Content], names: Iterable[str]) -> DeclaredBundle:
        """Register one bundle. A content that is the name of another one is that. Raises BundleError, FilterError."""
        known = {*names, *self.python_names()} - {record.name}
        bundle = DeclaredBundle(record, [Reference(str(c)) if str(c) in known else c for c in contents])
        self.register(record.name, bundle)
        if bundle.spec is not None:
            self.configuration.by_spec[bundle.spec] = bundle
        return bundle

    @property
    def _holdings(self) -> Holdings:
        return self._owner.holdings if self._fixed is None else self._fixed.holdings

    # Options: what Python said, then what ZCML says.

    def _converted(self, name: str, value: Any) -> Any:
        value = super()._converted(name, value)
        self._owner.forget()  # a directory means another cache
        return value

    def _declared_options(self) -> Mapping[str, Any]:
        """What holds for `config` where Python says nothing."""
        lists = {name: self.get(name) for name in ("load_path", "url_mapping") if not self.config.said(name)}
        return {**DEFAULTS, **self.configuration.options, **lists}

    def given(self, name: str) -> bool:
        return self.config.said(name) or name in self.configuration.options

    def get(self, name: str, default: Any = None) -> Any:
        key = name.lower()
        own, declared = self._owner, self.configuration
        if own.config.said(key):
            return own.config[key]
        if key == "load_path":
            return (*declared.paths, *own.paths) if declared.paths else own.paths
        if key == "url_mapping":
            return self._mapping() if declared.mapped else own.urls
        if key in OF_REGISTRY:
            return self._of_registry(key, default)
        value = declared.options.get(key, DEFAULTS.get(key, default))
        return self._published_url() if key == "url" and value is None else value

    def _of_registry(self, key: str, default: Any) -> Any:
        """What a filter may ask of the registry as of an option."""
        if key == "cache_busters":
            return [[str(each.path), each.explicit, each.told()] for each in self.registry.snapshot.bustings]
        if key == "cache_buster_manifests":
            busters = [each.buster for each in self.registry.snapshot.bustings]
            return [str(one.manifest_spec) for one in busters if getattr(one, "manifest_spec", None) is not None]
        return self.registry.settings.get(key, default)

    @property
    def said_url(self) -> str | None:
        """The prefix of URLs that was said; None where it is that of a static view."""
        own = self._owner.config
        value = own["url"] if own.said("url") else self.configuration.options.get("url")
        return None if value is None else str(value)

    def _published_url(self) -> str | None:
        """The URL of the static view that publishes the directory; None when there is none."""
        home = self.directory_spec
        if home is None:
            return None
        try:
            return self._links().directory_path(home)
        except (NotPublished, InvalidSpec):
            return None

    def _mapping(self) -> Mapping[str, str]:
        paths = {real_path(spec): url for spec, url in self.configuration.mapped}
        return MappingProxyType({**{path: url for path, url in paths.items() if path}, **self._owner.urls})

    def append_path(self, path: str | os.PathLike[str], url: str | None = None) -> None:
        own = self._owner
        checked_path(path, url)
        if own.config.said("load_path"):
            super().append_path(path, url)
            return
        place = os.fspath(path)
        if is_spec(place):
            own.paths.append(place)
            if url is not None:
                own.specs.append((asset_spec(place), url))
        else:
            own.paths.append(self.absolute(place))
            if url is not None:
                own.urls[own.paths[-1]] = url
        own.revision.raise_()

    @property
    def filters(self) -> Mapping[str, Callable[[], Filter]]:
        return {**self.configuration.filters, **self._owner.filters}

    # Bundles by name.

    def python_names(self) -> list[str]:
        """The names that Python registered."""
        return self._owner.holdings.names

    def python_bundles(self) -> list[Bundle]:
        """The bundles that Python registered."""
        return self._owner.holdings.bundles

    def of_python(self, name: str) -> Bundle:
        """The bundle or group that Python registered under *name*."""
        return super().__getitem__(name)

    def __getitem__(self, name: str) -> Bundle:
        declared = self.configuration
        return declared[name] if name in declared else super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return name in self.configuration or super().__contains__(name)

    def names(self) -> list[str]:
        return [*self.configuration.names, *self.python_names()]

    def __iter__(self) -> Iterator[Bundle]:
        return iter([*self.configuration.holdings.bundles, *super().__iter__()])

    def __len__(self) -> int:
        return len(self.configuration.holdings.bundles) + super().__len__()

    @property
    def outputs(self) -> dict[str, Bundle]:
        declared = self.configuration.holdings.outputs.values()
        return {**{str(bundle.output): bundle for bundle in declared}, **super().outputs}

    def _register(self, name: str, bundle: Bundle) -> Bundle:
        declared = self.configuration
        known = declared[name] if name in declared else None  # noqa: SIM401  a fault is raised
        if known is None or known is bundle:
            return super()._register(name, bundle)
        also = [("declared at", known.origin)] if known.origin is not None else []
        raise RegisterError(Problem(bundle.origin, f"the {known} is declared already", also=also))

    def _writing(self, path: str) -> Bundle | None:
        return self.configuration.holdings.outputs.get(path) or self._holdings.outputs.get(path)

    def _work(self, names: Iterable[str]) -> list[tuple[Bundle, Context]]:
        faults = self.configuration.faults
        if faults and not names:
            raise BundleError(*(problem for fault in faults.values() for problem in fault.problems))
        return super()._work(names)

    def _home_of(self, bundle: Bundle) -> Environment:
        return self.current if isinstance(bundle, DeclaredBundle) else self

    # Addresses.

    @property
    def directory_spec(self) -> AssetSpec | None:
        """The directory of outputs as an asset; None where there is none, or it has no address."""
        try:
            directory = self.directory
        except UnsetOption:
            return None
        home = self.configuration.home
        if home is not None and home[1] == directory:
            return home[0]
        try:
            return asset_spec(directory)
        except InvalidSpec:
            return None

    def address(self, path: str) -> tuple[AssetSpec, AssetSpec]:
        """The specs of the file at *path*, which is in the directory, and of the directory."""
        home = self.directory_spec or AssetSpec("")
        return home.joined((below(path, self.directory) or "").split("/")), home

    def place_of(self, directory: str) -> str:
        """Where sources are found when there is no load path: in the directory, with all its layers."""
        home = self.configuration.home
        return str(home[0]) if home is not None and home[1] == directory else directory

    def declares(self, bundle: Bundle) -> bool:
        return isinstance(bundle, DeclaredBundle)

    def plain_url(self, spec: str) -> str | None:
        found = asset_spec(spec)
        mapped = self._mapped_url(found)
        if mapped is not None:
            return mapped
        try:
            return joined_url(self._links().directory_path(AssetSpec(found.package, found.parts[:-1])), found.parts[-1])
        except (NotPublished, InvalidSpec):
            return None

    def package_of(self, path: str) -> tuple[str, str] | None:
        for directory, package in self.registry.snapshot.derived(_package_directories):
            relative = below(path, directory)
            if relative is not None:
                return package, relative
        return None

    def path_in(self, package: str, path: str) -> str | None:
        try:
            places = [os.path.join(directory, path) for directory in Packages().directories(package)]
        except (ImportError, ValueError):
            return None
        return next(filter(os.path.isfile, places), None)

    def who_says(self, bundle: Bundle, source: Source) -> Origin | None:
        for content in bundle.contents:
            if isinstance(content, Content) and content.name == source.item:
                return content.record.origin
        return bundle.origin

    def who_overrides(self, source: Source) -> Origin | None:
        if source.spec is None or source.found is None or str(source.found.spec) == source.spec:
            return None
        for place in self.registry.snapshot.derived(SearchPaths).places(asset_spec(source.spec)):
            if place.spec == source.found.spec and place.via:
                return place.via[0].origin
        return None

    def permission_of(self, spec: str) -> str | None:
        return self._links().permission(spec)

    def source_url(self, text: str) -> str:
        """The URL of a source. Raises ValueError when it is published nowhere."""
        mapped = self._mapped_url(asset_spec(text))
        return self._links().static_path(text, _app_url="") if mapped is None else mapped

    def _mapped_url(self, spec: AssetSpec) -> str | None:
        places = (*self.configuration.mapped, *self._owner.specs)
        mapped = [(root, url) for root, url in places if spec.under(root)]
        if not mapped:
            return None
        root, url = max(mapped, key=lambda entry: len(entry[0].parts))
        return joined_url(url, "/".join(spec.below(root)))

    def replacement(self, bundle: Bundle) -> tuple[str, Callable[[], bytes]] | None:
        """The URL and the bytes of what overrides the whole *bundle*; None when nothing does."""
        spec = getattr(bundle, "spec", None)
        if spec is None or not overriding(self.resolver, self.registry.snapshot, spec):
            return None
        return self._links().static_path(str(spec), _app_url=""), self.resolver.resolve(spec).read_bytes

    def output_url(self, bundle: Bundle, ctx: Context, version: str | None) -> str | None:
        if not isinstance(bundle, DeclaredBundle) or bundle.spec is None:
            return None
        return self._links().output_path(bundle.spec, bundle.output_at(ctx, version))


def _package_directories(snapshot: Snapshot) -> list[tuple[str, str]]:
    """The directories of all packages that the declarations name, the deepest first, each with its package."""
    specs = [spec for record in snapshot.bundling for spec in _specs_of(record)]
    specs += [spec for override in snapshot.overrides for spec in (override.target, override.source)]
    packages = Packages()
    found: dict[str, str] = {}
    for package in sorted({spec.package for spec in specs if spec.package}):
        try:
            found.update((os.path.normpath(str(directory)), package) for directory in packages.directories(package))
        except (ImportError, ValueError):
            continue
    return sorted(found.items(), key=lambda entry: len(entry[0]), reverse=True)


def _specs_of(record: BundlingRecord) -> Iterator[AssetSpec]:
    for word in ("base", "path", "value"):
        value = getattr(record, word, None)
        if isinstance(value, AssetSpec):
            yield value
    for content in getattr(record, "contents", ()):
        if is_spec(content):
            yield AssetSpec(content.partition(":")[0])


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def overriding(resolver: Any, snapshot: Snapshot, spec: AssetSpec) -> bool:
    """Is the bundle *spec* taken from an override?"""
    paths = snapshot.derived(SearchPaths)
    if not paths.covering(spec):
        return False
    return resolver.first(paths.places(spec)[:-1]) is not None
