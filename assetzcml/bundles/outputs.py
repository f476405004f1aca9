"""The bundles of a registry as assets: where the output of each is, what URL it has, what there is of it."""

from __future__ import annotations

import fnmatch
import glob
import io
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from assetzcml.bundles.building import needs_build
from assetzcml.bundles.bundle import Bundle, takes_out
from assetzcml.bundles.context import Context
from assetzcml.bundles.declared import Addressed, Content, DeclaredBundle, Output
from assetzcml.bundles.errors import OutdatedOutput, UnsetOption
from assetzcml.bundles.filters import Filter, FilterError
from assetzcml.bundles.filters.cssrewrite import CSSRewrite
from assetzcml.bundles.freshness import differences, kept_records
from assetzcml.bundles.joining import kind_of_file
from assetzcml.bundles.registered import RegistryEnvironment, overriding
from assetzcml.bundles.roles import Links
from assetzcml.bundles.sources import Remote, Source, is_url
from assetzcml.bundles.validation import Checks
from assetzcml.bundles.versioners import PLACEHOLDER, has_placeholder
from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.records.assets import AssetSpec
from assetzcml.records.kinds import Record
from assetzcml.registry import Registry, Snapshot

__all__ = ["BundleState", "Bundles", "SourceState"]

log = logging.getLogger("assetzcml")


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


class Bundles:
    """
    The bundles of one registry, as assets and by name.

    The spec of a bundle is its output without the version, in the package of the file that declares it.

    *resolver* finds the files of a registry, the given one or one that is being made; *links* gives its URLs.
    """

    def __init__(self, registry: Registry, resolver: Callable[[Registry], Any], links: Callable[[Registry], Links]):
        self.registry = registry
        self._resolver = resolver
        self._links = links
        self.environment = RegistryEnvironment(registry, resolver(registry), lambda: links(registry))

    def _bundle(self, snapshot: Snapshot, spec: AssetSpec) -> DeclaredBundle | None:
        if snapshot.registry is not self.registry:  # a registry that is being made has no outputs yet
            return None
        return snapshot.derived(self.environment.of).configuration.by_spec.get(spec)

    def place(self, snapshot: Snapshot, spec: AssetSpec) -> tuple[AssetSpec, AssetSpec] | None:
        """
        (file, directory), both AssetSpecs, of the output of the bundle *spec*; None when that is not known.

        It is built first when that is due. Where that fails it is logged, and the last good output is the answer.
        """
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
            if isinstance(error, OutdatedOutput):  # the last good one is another configuration's
                return None
            standing = self._standing(bundle)
            return cast("Addressed", bundle.env).address(standing) if standing is not None else None
        return output.file, output.directory

    def _standing(self, bundle: DeclaredBundle) -> str | None:
        try:
            standing = bundle.standing()
        except (ConfigurationError, OSError):
            return None
        return standing[0] if standing is not None else None

    def fault(self, snapshot: Snapshot, spec: AssetSpec) -> Exception | None:
        """Why there is no output of the bundle *spec*: the ConfigurationError; None when there is no reason."""
        bundle = self._bundle(snapshot, spec)
        return bundle.fault if bundle is not None else None

    def output(self, snapshot: Snapshot, spec: AssetSpec) -> Output | None:
        """The `Output` that the URL of the bundle *spec* is made of, built when that is due. Raises BuildError."""
        bundle = self._bundle(snapshot, spec)
        if bundle is None or overriding(self.environment.resolver, snapshot, spec):
            return None
        return bundle.ready()

    def versioned(self, snapshot: Snapshot, file: AssetSpec) -> bool:
        """Is the AssetSpec *file* the output in force of a bundle, with its version in its name?"""
        bundle = self._writing(snapshot, file)
        return bundle is not None and has_placeholder(bundle.output)

    def bundle_of(self, snapshot: Snapshot, file: AssetSpec) -> AssetSpec | None:
        """The spec of the bundle whose output in force is the AssetSpec *file*; None when there is none."""
        bundle = self._writing(snapshot, file)
        return bundle.spec if bundle is not None else None

    def _writing(self, snapshot: Snapshot, file: AssetSpec) -> DeclaredBundle | None:
        """The bundle whose output in force is *file*."""
        environment = snapshot.derived(self.environment.of)
        home = environment.directory_spec
        if home is None or not file.under(home):
            return None
        path = "/".join(file.below(home))
        for bundle in environment.configuration.by_spec.values():
            if str(bundle.output) == path:
                return bundle
            if _may_be(path, str(bundle.output)) and self._standing_file(bundle) == file:
                return bundle
        return None

    def _standing_file(self, bundle: DeclaredBundle) -> AssetSpec | None:
        standing = self._standing(bundle)
        return cast("Addressed", bundle.env).address(standing)[0] if standing is not None else None

    def name_of(self, snapshot: Snapshot, spec: AssetSpec) -> str | None:
        """The name of the bundle *spec*; None when there is none."""
        bundle = self._bundle(snapshot, spec)
        return bundle.name if bundle is not None else None

    def names(self) -> list[str]:
        """The names of all bundles, those that Python registered too."""
        return self.environment.names()

    def urls(self, name: str) -> tuple[list[tuple[str, str | None]], str]:
        """[(url, integrity), ...] of the bundle *name*, and 'css', 'js' or ''. Builds what is due; raises BundleError."""
        bundle = self.environment.by_name(name)
        return [(each["uri"], each["sri"]) for each in bundle.urls(calculate_sri=True)], _kind(bundle)

    def plain_urls(self, name: str) -> list[str]:
        """The URLs alone."""
        return self.environment.by_name(name).urls()

    def unmatched(self, name: str) -> list[tuple[str, Record]]:
        """[(pattern, record), ...]: what the bundle *name* has of globs that match no file, and who says them."""
        bundle = self.environment.configuration.holdings.named.get(name)
        if bundle is None:  # it cannot be made, or Python has made it
            return []
        ctx = Context(bundle.env, (bundle,))
        if not ctx.auto_build or not _places_known(ctx):  # sources need not be here, or Python says where
            return []
        written = [str(other.output) for other in self.environment.outputs.values()]
        globs = [
            item
            for item in bundle.contents
            if isinstance(item, Content) and glob.has_magic(item) and not takes_out(item)
        ]
        return [
            (item.name, item.record)
            for item in globs
            if not is_url(item) and not fnmatch.filter(written, item.name) and not bundle.found(item, ctx)
        ]

    def outdated(self, name: str) -> list[tuple[str, Origin | None]]:
        bundle = self.environment.configuration.holdings.named.get(name)
        if not isinstance(bundle, DeclaredBundle) or not bundle.output:
            return []
        ctx = Context(bundle.env, (bundle,))
        try:
            if (ctx.auto_build and _writable(ctx.directory)) or bundle.standing() is None:
                return []
            records = [record for record, _ in kept_records(bundle, ctx)]
            found = [differences(bundle, ctx, record) for record in records]
        except (ConfigurationError, OSError):  # told of where it is asked for
            return []
        if not found:
            return [("there is no record of what it was made of", bundle.origin)]
        return [(each.what, each.origin) for each in found[-1]] if all(found) else []

    def unreachable(self, name: str) -> list[Problem]:
        """What is wrong with references of the bundle *name* that would lead to a host where nothing is published."""
        bundle = self.environment.configuration.holdings.named.get(name)
        if bundle is None or not bundle.output:
            return []
        ctx = Context(bundle.env, (bundle,), building=True)
        try:
            moving = [one.bind(ctx) for one in bundle.chain(bundle.env) if isinstance(one, CSSRewrite)]
            sources = bundle.files(ctx)[0] if moving and ctx.get("url") is not None else []
        except (ConfigurationError, OSError):  # told of where it is asked for
            return []
        return [
            problem
            for source in sources
            if kind_of_file(source.relative) == "css"
            for one in moving
            for problem in _unreachable(one, source, ctx, str(bundle.output))
        ]

    def state(self, name: str) -> BundleState:
        """The `BundleState` of the bundle *name*: what it is made of, and what there is of it. Builds nothing."""
        problems: list[str] = []
        environment = self.environment
        fault = environment.configuration.faults.get(name)
        if fault is not None:
            return BundleState(
                name,
                None,
                None,
                fault.problems[0].origin,
                None,
                (),
                (),
                "not built",
                None,
                None,
                None,
                None,
                tuple(_told(fault)),
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
                standing = bundle.standing()
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
        """(problem, is it a warning?) of everything that is wrong with *records*, which *registry* holds already."""
        environment = self.environment.declaring(
            registry.snapshot.bundling, self._resolver(registry), lambda: self._links(registry)
        )
        yield from Checks(environment, list(records)).problems()


def _unreachable(moving: Filter, source: Source, ctx: Context, output: str) -> Sequence[Problem]:
    about = {
        "source": source.item,
        "source_path": source.path,
        "source_spec": source.spec,
        "source_url": ctx.plain_url_of_source(source),
        "output": output,
        "output_url": ctx.url_of_output(output),
    }
    try:
        content, _ = source.read()
        moving.input(io.BytesIO(content), io.BytesIO(), **about)  # type: ignore[misc]
    except FilterError as error:
        return error.problems
    except OSError:
        pass
    return ()


def _writable(directory: str) -> bool:
    """Could a file be written in *directory*, which may have to be made?"""
    while not os.path.isdir(directory) and directory != os.path.dirname(directory):
        directory = os.path.dirname(directory)
    return os.access(directory, os.W_OK)


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
            found: Origin | None = record.origin
            return found
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
