"""What ZCML says about bundles, as an environment: one for each configuration in force, and it does not change."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from assetzcml.bundles.addresses import below, joined_url
from assetzcml.bundles.building import build_output
from assetzcml.bundles.bundle import Bundle, Reference
from assetzcml.bundles.context import Context
from assetzcml.bundles.environment import Environment
from assetzcml.bundles.errors import BundleError, UnsetOption
from assetzcml.bundles.option_values import REVISION
from assetzcml.bundles.sources import Remote, Source, find_sources
from assetzcml.bundles.urls import FRESH
from assetzcml.bundles.versioners import has_placeholder
from assetzcml.errors import ConfigurationError, InvalidSpec, NotPublished, Origin, Problem
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.bundles import (
    BundleContents,
    BundleRecord,
    BundlingRecord,
    EnvironmentOption,
    FilterOption,
    FilterRecord,
    LoadPath,
    URLMapping,
)
from assetzcml.resolving.packages import Packages

if TYPE_CHECKING:
    from assetzcml.bundles.filters import Filter
    from assetzcml.bundles.registered import RegistryEnvironment

__all__ = ["Content", "DeclaredBundle", "DeclaredEnvironment", "Output", "contents_of", "inserted", "real_path"]


class Output(NamedTuple):
    """
    What the URL of a bundle is made of: its *file* below *directory*, both as specs, by the *path* that leads there.

    *url* is the prefix that the environment says, or None. *version* is None where there are none; *named* says
    whether the name has it, *expire* whether the query is to (None: where the name does not). It holds *until*.
    """

    file: AssetSpec
    directory: AssetSpec
    path: str
    url: str | None
    version: str | None
    named: bool
    expire: bool | None
    until: float = 0.0


class Content(str):
    """One of the contents of a declared bundle, and the record that says so."""

    record: BundleRecord | BundleContents

    @classmethod
    def of(cls, text: str, record: BundleRecord | BundleContents) -> Content:
        content = cls(text)
        content.record = record
        return content

    @property
    def name(self) -> str:
        """The text as it is looked for: './a.css' is 'a.css', and only not the bundle of that name."""
        return self.removeprefix("./")

    @property
    def home(self) -> str:
        """Where a plain name is looked for last: the package of who says it, or the directory of their file."""
        return str(self.record.base)


def contents_of(record: BundleRecord | BundleContents) -> list[Content]:
    return [Content.of(text, record) for text in record.contents]


def inserted(contents: Sequence[Content], record: BundleContents) -> list[Content]:
    """*contents* with those of *record* at their position. Raises ValueError when there is no such content."""
    word, name = record.position
    added = contents_of(record)
    if word in ("before", "after"):
        index = [content.name for content in contents].index(name.removeprefix("./"))
        at = index + (word == "after")
        return [*contents[:at], *added, *contents[at:]]
    return [*added, *contents] if word == "prepend" else [*contents, *added]


def real_path(spec: AssetSpec) -> str | None:
    """Where the directory *spec* is, or will be, on the disk; None when its package lies in an archive."""
    if spec.absolute_path:
        return str(spec)
    paths = ["/".join((directory, *spec.parts)) for directory in Packages().directories(spec.package)]
    return next(filter(os.path.isdir, paths), paths[0] if paths else None)


class DeclaredBundle(Bundle):
    """A bundle that ZCML declares. Its sources know who named them; its output is an asset, `spec`."""

    def __init__(self, record: BundleRecord, contents: Iterable[Content | Reference]):
        self.record = record
        self.spec = record.spec
        self.fault: ConfigurationError | OSError | None = None
        self._known_output: tuple[int, float, Output | ConfigurationError | OSError] | None = None
        super().__init__(
            *contents,
            output=record.output,
            filters=list(record.filters),
            depends=[Content.of(text, record) for text in record.depends],
            debug=record.debug,
            merge=record.merge,
            extra=dict(record.extra),
            config=dict(record.options),
            origin=record.origin,
        )

    def urls(self, calculate_sri: bool = False) -> list[Any]:
        environment = self.env
        if isinstance(environment, DeclaredEnvironment):
            _ = environment.owner.current  # notices that the registry has changed
        return super().urls(calculate_sri)

    def _found(self, item: Any, ctx: Context) -> Sequence[Source | Remote | Bundle]:
        if not isinstance(item, Content):
            return super()._found(item, ctx)
        try:
            places = ctx.search_path
        except UnsetOption:
            places = []
        try:
            name = item.name
            if not glob.has_magic(name):
                return find_sources(name, [*places, item.home], ctx.environment.resolver)
            return find_sources(name, places, ctx.environment.resolver) or find_sources(
                name, [item.home], ctx.environment.resolver
            )
        except ConfigurationError as error:
            where = (item.record.origin or Origin("(unknown)")).attribute("contents")
            problems = [Problem(where, f"{self}: {p.message}", p.hint, exception=p.exception) for p in error.problems]
            raise BundleError(*problems) from error

    def ready(self) -> Output:
        """
        Its output, built when that is due. Raises BundleError, BuildError and UnsetOption. Either is known for a second.
        """
        known = self._known_output
        if known is None or known[0] != REVISION.number or monotonic() >= known[1]:
            until = monotonic() + FRESH
            try:
                found: Output | ConfigurationError | OSError = self._readied()._replace(until=until)
            except (ConfigurationError, OSError) as error:
                found = error
            known = self._known_output = REVISION.number, until, found
        if isinstance(known[2], Exception):
            raise known[2].with_traceback(None)
        return known[2]

    def _readied(self) -> Output:
        ctx = Context(self.env, (self,))
        if ctx.auto_build:
            build_output(self, ctx, wait=False)
        version = None
        if ctx.versions is not None and (has_placeholder(self.output) or ctx.url_expire is not False):
            version = self.get_version(ctx, refresh=ctx.auto_build)
        return self.output_at(ctx, version)

    def output_at(self, ctx: Context, version: str | None) -> Output:
        """The output at *version*, which may be there or not."""
        environment: Any = self.env
        path = self.resolve_output(ctx, version=version or "")
        file, directory = environment.address(path)
        relative = below(path, environment.directory) or ""
        named = has_placeholder(self.output)
        return Output(file, directory, relative, environment.said_url, version, named, ctx.url_expire)

    def standing(self) -> tuple[str, str | None] | None:
        """The path and the version of what was built last and is still there; None when there is nothing."""
        ctx = Context(self.env, (self,), building=True)
        version = self.known_version(ctx) if has_placeholder(self.output) else ""
        if version is None:
            return None
        path = self.resolve_output(ctx, version=version)
        return (path, version or None) if os.path.isfile(path) else None


class DeclaredEnvironment(Environment):
    """The environment that *records* say, weakest first, below what Python said to *owner*. Nothing is registered later."""

    def __init__(
        self,
        owner: RegistryEnvironment,
        records: Sequence[BundlingRecord],
        resolver: Any,
        publish: Callable[[], Any],
    ):
        self.owner = owner
        self.records = tuple(records)
        self.faults: dict[str, ConfigurationError] = {}
        self.by_spec: dict[AssetSpec, DeclaredBundle] = {}
        self._paths: list[str] = []
        self._mapped: list[tuple[AssetSpec, str]] = []
        self._home: tuple[AssetSpec, str] | None = None
        self._publish = publish
        self._declared_filters: dict[str, Callable[[], Filter]] = {}
        super().__init__(resolver=resolver, static_path=self._source_url)
        self.known_inputs = owner.known_inputs
        for record in self.records:
            self._apply(record)

    def _apply(self, record: BundlingRecord) -> None:
        if isinstance(record, EnvironmentOption):
            self._apply_option(record)
        elif isinstance(record, LoadPath | URLMapping):
            if isinstance(record, LoadPath):
                self._paths.append(str(record.path))
            if record.url is not None:
                self._mapped.append((record.path, record.url))
        elif isinstance(record, FilterOption):
            self._config[record.name] = record.value
        elif isinstance(record, FilterRecord):
            self._declared_filters[record.name] = record.factory

    def _apply_option(self, record: EnvironmentOption) -> None:
        value = record.value
        if isinstance(value, AssetSpec):
            try:
                value = real_path(record.value)
            except ImportError:
                value = None
            if value is None:  # told of by the checks
                return
            if record.name == "directory":
                self._home = record.value, os.path.abspath(value)
        self._config[record.name] = value

    def register_all(self) -> None:
        """Register every bundle with all its contents. What cannot be is told of by who asks for it."""
        contents = {record.name: contents_of(record) for record in self.records if isinstance(record, BundleRecord)}
        for record in self.records:
            if isinstance(record, BundleContents) and record.bundle in contents:
                contents[record.bundle] = inserted(contents[record.bundle], record)
        for record in self.records:
            if isinstance(record, BundleRecord):
                try:
                    self.declare(record, contents[record.name], contents)
                except ConfigurationError as error:
                    self.faults[record.name] = error

    def declare(self, record: BundleRecord, contents: Sequence[Content], names: Iterable[str]) -> DeclaredBundle:
        """Register one bundle. A content that is the name of another one is that. Raises BundleError, FilterError."""
        known = {*names, *self.owner.python_names()} - {record.name}
        bundle = DeclaredBundle(record, [Reference(str(c)) if str(c) in known else c for c in contents])
        self.register(record.name, bundle)
        if bundle.spec is not None:
            self.by_spec[bundle.spec] = bundle
        return bundle

    # Options: what Python said, then what ZCML says.

    def get(self, name: str, default: Any = None) -> Any:
        key = name.lower()
        own = self.owner.config
        if own.said(key):
            return own[key]
        if key == "load_path":
            return (*self._paths, *self.owner.added_paths) if self._paths else self.owner.added_paths
        if key == "url_mapping":
            return self._mapping() if self._mapped else self.owner.added_urls
        value = self._config.get(key, default)
        return self._published_url() if key == "url" and value is None else value

    @property
    def said(self) -> Mapping[str, Any]:
        """What ZCML says, for `config` of the owner."""
        lists = {"load_path": self.get("load_path"), "url_mapping": self.get("url_mapping")}
        return {**self._config, **lists}

    @property
    def said_url(self) -> str | None:
        """The prefix of URLs that was said; None where it is that of a static view."""
        own = self.owner.config
        value = own["url"] if own.said("url") else self._config.get("url")
        return None if value is None else str(value)

    def _published_url(self) -> str | None:
        """The URL of the static view that publishes the directory; None when there is none."""
        home = self._directory_spec()
        if home is None:
            return None
        try:
            return self._publish().directory_path(home)
        except (NotPublished, InvalidSpec):
            return None

    def _mapping(self) -> Mapping[str, str]:
        paths = {real_path(spec): url for spec, url in self._mapped}
        return MappingProxyType({**{path: url for path, url in paths.items() if path}, **self.owner.added_urls})

    @property
    def filters(self) -> Mapping[str, Callable[[], Filter]]:  # type: ignore[override]
        return {**self._declared_filters, **self.owner.added_filters}

    @filters.setter
    def filters(self, value: Any) -> None:
        """Filters are declared, or added to the owner."""

    # Bundles by name: those of Python too.

    def __getitem__(self, name: str) -> Bundle:
        if name in self.faults:
            raise self.faults[name]
        if self._declares(name):
            return super().__getitem__(name)
        return self.owner.of_python(name)

    def __contains__(self, name: object) -> bool:
        return self._declares(name) or name in self.owner.python_names()

    def _declares(self, name: object) -> bool:
        return name in self.faults or super().__contains__(name)

    def declared_names(self) -> list[str]:
        return [*dict.fromkeys([*super().names(), *self.faults])]

    def names(self) -> list[str]:
        return [*self.declared_names(), *self.owner.python_names()]

    # Addresses.

    def _directory_spec(self) -> AssetSpec | None:
        try:
            directory = self.directory
        except UnsetOption:
            return None
        if self._home is not None and self._home[1] == directory:
            return self._home[0]
        try:
            return asset_spec(directory)
        except InvalidSpec:
            return None

    def address(self, path: str) -> tuple[AssetSpec, AssetSpec]:
        """The specs of the file at *path*, which is in the directory, and of the directory."""
        home = self._directory_spec() or AssetSpec("")
        return home.joined((below(path, self.directory) or "").split("/")), home

    def place_of(self, directory: str) -> str:
        """Where sources are found when there is no load path: in the directory, with all its layers."""
        return str(self._home[0]) if self._home is not None and self._home[1] == directory else directory

    def _source_url(self, text: str) -> str:
        """The URL of a source. Raises ValueError when it is published nowhere."""
        spec = asset_spec(text)
        mapped = [(root, url) for root, url in (*self._mapped, *self.owner.added_specs) if spec.under(root)]
        if mapped:
            root, url = max(mapped, key=lambda entry: len(entry[0].parts))
            return joined_url(url, "/".join(spec.below(root)))
        return self._publish().static_path(text, _app_url="")

    def replacement(self, bundle: Any) -> tuple[str, Callable[[], bytes]] | None:
        spec = getattr(bundle, "spec", None)
        return self.owner.in_place_of(spec) if spec is not None else None

    def output_url(self, bundle: Any, ctx: Any, version: str | None) -> str | None:
        if getattr(bundle, "spec", None) is None:
            return None
        return self._publish().output_path(bundle.spec, bundle.output_at(ctx, version))
