"""What ZCML says about bundles: the bundles, and one configuration as tables. It does not change."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any, NamedTuple, Protocol

from assetzcml.bundles.addresses import below
from assetzcml.bundles.building import build_output, check_delivered
from assetzcml.bundles.bundle import Bundle, Reference
from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import BundleError, UnsetOption
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.holdings import Holdings
from assetzcml.bundles.roles import Home
from assetzcml.bundles.sources import Remote, Source, find_sources
from assetzcml.bundles.versioners import has_placeholder
from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.records.assets import AssetSpec
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
from assetzcml.resolving.resolver import FRESH

__all__ = ["Configuration", "Content", "DeclaredBundle", "Output", "contents_of", "inserted", "real_path"]


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

    def without_mark(self) -> Content:
        """What takes something out, as what it takes out."""
        return Content.of(self[1:], self.record)

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


class Addressed(Home, Protocol):
    """What a declared bundle asks of its environment: where its outputs are, as assets."""

    @property
    def directory(self) -> str: ...

    @property
    def said_url(self) -> str | None: ...

    def address(self, path: str) -> tuple[AssetSpec, AssetSpec]: ...


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

    def found(self, item: Any, ctx: Context) -> Sequence[Source | Remote | Bundle]:
        if not isinstance(item, Content):
            return super().found(item, ctx)
        try:
            places = ctx.search_path
        except UnsetOption:
            places = []
        try:
            name, resolver = item.name, ctx.environment.resolver
            if not glob.has_magic(name):
                return find_sources(name, [*places, item.home], resolver)
            return find_sources(name, places, resolver) or find_sources(name, [item.home], resolver)
        except ConfigurationError as error:
            where = (item.record.origin or Origin("(unknown)")).attribute("contents")
            problems = [Problem(where, f"{self}: {p.message}", p.hint, exception=p.exception) for p in error.problems]
            raise BundleError(*problems) from error

    def ready(self) -> Output:
        """
        Its output, built when that is due: what every URL of it is made of, whoever asks. Raises BundleError, BuildError
        and UnsetOption. Either is known for a second; what is not the last word, while another one builds, is not.
        """
        number = self.env.revision.number
        known = self._known_output
        if known is None or known[0] != number or monotonic() >= known[1]:
            until = monotonic() + FRESH
            try:
                found: Output | ConfigurationError | OSError = self._readied(until)
            except (ConfigurationError, OSError) as error:
                found = error
            known = self._known_output = number, found.until if isinstance(found, Output) else until, found
        if isinstance(known[2], Exception):
            raise known[2].with_traceback(None)
        return known[2]

    def _readied(self, until: float) -> Output:
        ctx = Context(self.env, (self,))
        if not ctx.auto_build:
            check_delivered(self, ctx)
        elif not build_output(self, ctx, wait=False).current or not getattr(ctx.updater, "lasting", False):
            until = 0.0
        version = None
        if ctx.versions is not None and (has_placeholder(self.output) or ctx.url_expire is not False):
            version = self.get_version(ctx, refresh=ctx.auto_build)
        return self.output_at(ctx, version)._replace(until=until)

    def output_at(self, ctx: Context, version: str | None) -> Output:
        """The output at *version*, which may be there or not."""
        environment: Addressed = self.env  # type: ignore[assignment]  # declared bundles are in no other
        path = self.resolve_output(ctx, version=version or "")
        file, directory = environment.address(path)
        relative = below(path, environment.directory) or ""
        named = has_placeholder(self.output)
        return Output(file, directory, relative, environment.said_url, version, named, ctx.url_expire)


class Configuration:
    """
    What *records* say, the weakest first, as tables: options, directories, filters; and the bundles made of them.

    `faults` are what keeps a bundle from being registered, by its name. `home` is the directory of outputs as a spec,
    with the path that this was when it was read.
    """

    def __init__(self, records: Sequence[BundlingRecord] = ()):
        self.records = tuple(records)
        self.options: dict[str, Any] = {}
        self.paths: list[str] = []
        self.mapped: list[tuple[AssetSpec, str]] = []
        self.home: tuple[AssetSpec, str] | None = None
        self.archived: EnvironmentOption | None = None  # the directory, where it is in an archive
        self.filters: dict[str, Callable[[], Filter]] = {}
        self.holdings = Holdings()
        self.faults: dict[str, ConfigurationError] = {}
        self.by_spec: dict[AssetSpec, DeclaredBundle] = {}
        for record in self.records:
            self._apply(record)

    def _apply(self, record: BundlingRecord) -> None:
        if isinstance(record, EnvironmentOption):
            self._apply_option(record)
        elif isinstance(record, LoadPath | URLMapping):
            if isinstance(record, LoadPath):
                self.paths.append(str(record.path))
            if record.url is not None:
                self.mapped.append((record.path, record.url))
        elif isinstance(record, FilterOption):
            self.options[record.name.lower()] = record.value
        elif isinstance(record, FilterRecord):
            self.filters[record.name] = record.factory

    def _apply_option(self, record: EnvironmentOption) -> None:
        value = record.value
        if isinstance(value, AssetSpec):
            try:
                value = real_path(record.value)
            except ImportError:
                value = None
            if value is None:  # told of by the checks
                self.archived = record if record.name == "directory" else self.archived
                return
            value = os.path.abspath(value)
            if record.name == "directory":
                self.archived = None
                self.home = record.value, value
        self.options[record.name.lower()] = value

    def contents(self) -> dict[str, list[Content]]:
        """The contents of each bundle, with what others add."""
        contents = {record.name: contents_of(record) for record in self.records if isinstance(record, BundleRecord)}
        for record in self.records:
            if isinstance(record, BundleContents) and record.bundle in contents:
                contents[record.bundle] = inserted(contents[record.bundle], record)
        return contents

    @property
    def names(self) -> list[str]:
        """The names of all bundles that are declared, and of groups."""
        return [*dict.fromkeys([*self.holdings.names, *self.faults])]

    def __contains__(self, name: object) -> bool:
        return name in self.faults or self.holdings.get(name) is not None

    def __getitem__(self, name: str) -> Bundle:
        """The bundle of that name. Raises KeyError, and the ConfigurationError of one that cannot be made."""
        if name in self.faults:
            raise self.faults[name]
        found = self.holdings.get(name)
        if found is None:
            raise KeyError(name)
        return found
