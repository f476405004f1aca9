"""Whether an output is what its bundle would be built into now, and what differs where it is not. Nothing is built here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from assetzcml.bundles.build_records import ABSENT, BuildRecord, FilterSettings, Input, full_digest_of
from assetzcml.bundles.cache import cache_key, versions_of
from assetzcml.bundles.errors import BundleError
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.filters.base import stable_text
from assetzcml.bundles.filters.cssrewrite import moved_url
from assetzcml.bundles.levels import merged_filters
from assetzcml.bundles.sources import Source
from assetzcml.errors import Origin

__all__ = [
    "Difference",
    "current_record",
    "differences",
    "foreign_differences",
    "input_at",
    "input_holds",
    "kept_records",
    "settings_of",
]


# Settings that are none of a filter's, in words.
_SETTINGS = {
    "versions": "versions",
    "source_maps": "the rules of source maps",
    "addresses": "the ways from its URL to those of its sources",
}


class Difference(NamedTuple):
    """One thing in which a bundle is another one than its output was made of, and who said so."""

    what: str
    origin: Origin | None


def current_record(bundle: Any, ctx: Any) -> BuildRecord | None:
    """
    The record that holds now: what its output was made of is what it would be made of, and the output is there.

    None when there is none, or a build was begun and not finished. Where *ctx* is that of a build, all bytes are
    compared, and the versions of programs; else those of files that `stat` says have changed.
    """
    if ctx.environment.output_file(ctx.directory, bundle.output).read().unfinished:
        return None
    now = _Now(bundle, ctx)
    return next((record for record, written in kept_records(bundle, ctx) if now.fulfils(record, written)), None)


def kept_records(bundle: Any, ctx: Any) -> Iterator[tuple[BuildRecord, float]]:
    """What is recorded about the output, and when signatures were written: beside it, where it was built, in memory."""
    environment, output = ctx.environment, str(bundle.output)
    recorded = environment.output_file(ctx.directory, output).read()
    if recorded.record is not None:
        yield recorded.record, recorded.written
    delivered = environment.delivered(ctx.directory).of(output)
    if delivered is not None:
        yield delivered, 0.0
    compared = environment.compared.get((ctx.directory, output))
    if compared is not None:
        yield compared


class _Now:
    """What a bundle would be built from, worked out as far as somebody asks."""

    def __init__(self, bundle: Any, ctx: Any):
        self.bundle = bundle
        self.ctx = ctx
        self.definition = bundle.definition(ctx)
        self.settings = settings_of(bundle, ctx, versions=ctx.building)
        self._files: tuple[list[Source], list[Source]] | None = None

    @property
    def files(self) -> tuple[list[Source], list[Source]]:
        if self._files is None:
            self._files = self.bundle.files(self.ctx)
        return self._files

    def fulfils(self, record: BuildRecord, written: float) -> bool:
        if record.definition != self.definition or not _same_settings(record.settings, self.settings):
            return False
        if self.ctx.building:
            written = 0.0
        try:
            path = self.bundle.resolve_output(self.ctx, version=record.version or "")
        except BundleError:  # a version that is none
            return False
        if not self.ctx.environment.known_inputs.holds(record.output, path, written):
            return False
        sources, depends = self.files
        declared = record.depends[: len(depends)]
        if self.names_of(sources) != _names(record.sources) or self.names_of(depends) != _names(declared):
            return False
        pairs = zip((*record.sources, *declared), (*sources, *depends), strict=True)
        return all(self.holds(entry, source, written) for entry, source in pairs) and all(
            input_holds(entry, self.ctx, written) for entry in record.depends[len(depends) :]
        )

    def names_of(self, sources: Sequence[Source]) -> list[str]:
        return [self.ctx.name_of(source) for source in sources]

    def holds(self, entry: Input, source: Source, written: float) -> bool:
        if source.path is not None:
            return bool(self.ctx.environment.known_inputs.holds(entry, source.path, written))
        try:
            return full_digest_of(source.read()[0]) == entry.digest
        except OSError:
            return False


def _names(entries: Sequence[Input]) -> list[str]:
    return [entry.name for entry in entries]


def input_at(name: str, ctx: Any, started: float) -> Input:
    """The record of what a filter read after *started*: the path of a file, or an asset spec, as the filter says it."""
    source = ctx.source_of(name)
    if source is None:
        # An asset that no layer has was looked for in vain; a file that is not there was read, and is gone since.
        return Input(ctx.name_of(name), "") if os.path.isabs(name) else Input(name, ABSENT)
    if source.path is None:
        return Input(source.spec, full_digest_of(source.read()[0]))
    return ctx.environment.known_inputs.dependency(ctx.name_of(source), source.path, started)  # type: ignore[no-any-return]


def input_holds(entry: Input, ctx: Any, written: float = 0.0) -> bool:
    """Does the file of that name hold what it held?"""
    source = ctx.source_of(entry.name)
    if source is None:
        return entry.digest == ABSENT
    if source.path is not None:
        return bool(ctx.environment.known_inputs.holds(entry, source.path, written))
    return full_digest_of(source.read()[0]) == entry.digest


def settings_of(bundle: Any, ctx: Any, versions: bool) -> tuple[FilterSettings, ...]:
    """How the filters of a bundle are set, those of nested bundles too; with *versions*, also of what programs."""
    versioner = stable_text(ctx.get("versions"), strict=False)
    said = ctx.source_maps
    maps = [] if said is None else [FilterSettings("source_maps", cache_key(str(said)))]
    return (
        FilterSettings("versions", cache_key(versioner)),
        *_settings(bundle, ctx, versions),
        *maps,
        *_ways(bundle, ctx),
    )


def _ways(bundle: Any, ctx: Any) -> Iterator[FilterSettings]:
    """Where a filter asks for URLs: how one comes from that of the output to those of the sources."""
    if not any(one.uses_urls for one in _all_filters(bundle, ctx)):
        return
    output = ctx.url_of_output(str(bundle.output)) if ctx.get("url") is not None else None
    urls = [ctx.plain_url_of_source(source) for source in bundle.files(ctx)[0]]
    yield FilterSettings(
        "addresses", cache_key(*(moved_url(".", url, output) if url and output else "" for url in urls))
    )


def _all_filters(bundle: Any, ctx: Any) -> Iterator[Filter]:
    yield from merged_filters(bundle.chain(ctx.environment), ctx.extra_filters)
    for child in bundle.bundles(ctx.environment):
        yield from _all_filters(child, ctx.inside(child))


def _settings(bundle: Any, ctx: Any, versions: bool) -> Iterator[FilterSettings]:
    for one in merged_filters(bundle.chain(ctx.environment), ctx.extra_filters):
        yield _setting(one, ctx, versions)
    for child in bundle.bundles(ctx.environment):
        yield from _settings(child, ctx.inside(child), versions)


def _setting(one: Filter, ctx: Any, versions: bool) -> FilterSettings:
    name = one.name or type(one).__name__
    try:
        bound = one.bind(ctx)
        said = [bound.cache_options(), bound.unique()]
        digest = cache_key(stable_text(_portable(said, ctx), strict=False))
        return FilterSettings(name, digest, versions_of(bound) if versions else "")
    except Exception:  # what cannot be set up here, for want of its program or library, cannot be compared either
        return FilterSettings(name, "")


def _portable(value: Any, ctx: Any) -> Any:
    """*value* without paths of this machine."""
    if isinstance(value, str):
        return ctx.name_of(value) if os.path.isabs(value) else value
    if isinstance(value, dict):
        return {key: _portable(item, ctx) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(item, ctx) for item in value]
    return value


def _same_settings(recorded: Sequence[FilterSettings], now: Sequence[FilterSettings]) -> bool:
    return len(recorded) == len(now) and all(_same_setting(a, b) for a, b in zip(recorded, now, strict=True))


def _same_setting(recorded: FilterSettings, now: FilterSettings) -> bool:
    return recorded.filter == now.filter and all(
        not (one and other) or one == other for one, other in zip(recorded[1:], now[1:], strict=True)
    )


def differences(bundle: Any, ctx: Any, record: BuildRecord) -> list[Difference]:
    """In what the bundle is another one than *record* says, and which statements say so."""
    now = _Now(bundle, ctx)
    found = list(_of_sources(bundle, now, now.files[0], record))
    for recorded, setting in zip(record.settings, now.settings, strict=False):
        if recorded.filter == setting.filter and not _same_setting(recorded, setting):
            what = _SETTINGS.get(setting.filter, f"the settings of the filter {setting.filter!r}")
            found.append(Difference(f"{what} are others", bundle.origin))
    for entry in record.depends:
        if not input_holds(entry, ctx):
            found.append(Difference(f"{entry.name!r}, which it depends on, has other bytes", bundle.origin))
    if not found and record.definition != now.definition:
        found.append(Difference("its contents, filters or debug level are others", bundle.origin))
    return found


def foreign_differences(bundle: Any, ctx: Any, record: BuildRecord) -> list[Difference]:
    """What of `differences` declarations say: another definition, other sources, a source that is taken from an override."""
    if record.definition != bundle.definition(ctx):
        return differences(bundle, ctx, record) or [Difference("its definition is another", bundle.origin)]
    now = _Now(bundle, ctx)
    overridden = [source for source in now.files[0] if ctx.environment.who_overrides(source) is not None]
    entries = {entry.name: entry for entry in record.sources}
    changed = [source for source in overridden if not now.holds(entries[ctx.name_of(source)], source, 0.0)]
    of_changed = tuple(entries[ctx.name_of(source)] for source in changed)
    return list(_of_sources(bundle, now, changed, record._replace(sources=of_changed)))


def _of_sources(bundle: Any, now: _Now, sources: Sequence[Source], record: BuildRecord) -> Iterator[Difference]:
    known = {entry.name: entry for entry in record.sources}
    for source in sources:
        name = now.ctx.name_of(source)
        entry = known.pop(name, None)
        if entry is None:
            yield Difference(f"{name!r} is among its sources", now.ctx.environment.who_says(bundle, source))
        elif not now.holds(entry, source, 0.0):
            overriding = now.ctx.environment.who_overrides(source)
            taken = f" is taken from {str(source.found.spec)!r}" if overriding is not None else " has other bytes"
            yield Difference(f"{name!r}{taken}", overriding or now.ctx.environment.who_says(bundle, source))
    for name in known:
        yield Difference(f"{name!r} is not among its sources any more", bundle.origin)
