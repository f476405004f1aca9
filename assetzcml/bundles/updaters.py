"""Whether a bundle has to be built again. Nothing is built here, and only what was touched is read."""

from __future__ import annotations

import os
from typing import Any

from assetzcml.bundles.build_records import BuildRecord, same_files
from assetzcml.bundles.versioners import has_placeholder

__all__ = ["SKIP_CACHE", "AlwaysUpdater", "BaseUpdater", "TimestampUpdater"]

# What `needs_rebuild` returns when the cache must not be asked: something changed that its keys do not know.
SKIP_CACHE = object()


class BaseUpdater:
    """What the option `updater` takes; any object with `needs_rebuild` will do."""

    id: str | None = None

    # May its answer be trusted for a second? One of somebody else is asked each time.
    lasting = False

    def needs_rebuild(self, bundle: Any, ctx: Any) -> Any:
        """Is the output out of date? True, False, or SKIP_CACHE."""
        raise NotImplementedError

    def build_done(self, bundle: Any, ctx: Any) -> None:
        """Called after each build of *bundle*."""

    def __eq__(self, other: object) -> bool:
        return self is other or (self.id is not None and self.id == other)

    __hash__ = object.__hash__


class AlwaysUpdater(BaseUpdater):
    """Every URL asked for is a build: for trying out filters."""

    id = "always"

    def needs_rebuild(self, bundle: Any, ctx: Any) -> bool:
        return True


class TimestampUpdater(BaseUpdater):
    """
    A bundle has to be built when its definition, its files or their bytes are not those it was built from.

    They are told by size, time of change and inode, and where one of these differs by content: a source that is
    replaced by an older one counts, a checkout of the same bytes does not. Where there is no record of the build (an
    output that was delivered), a source that is newer than it does.
    """

    id = "timestamp"
    lasting = True

    def needs_rebuild(self, bundle: Any, ctx: Any) -> bool:
        environment = ctx.environment
        directory = ctx.directory
        version = bundle.known_version(ctx) if has_placeholder(bundle.output) else None
        if has_placeholder(bundle.output) and version is None:
            return True
        output = bundle.resolve_output(ctx, version=version)
        recorded = environment.output_file(directory, bundle.output).read()
        if recorded.unfinished or not os.path.isfile(output):
            return True
        if ctx.manifest is not None and ctx.versions is not None and ctx.manifest.query(bundle, ctx) is None:
            return True
        if recorded.record is None:
            return _newer_than(output, bundle, ctx)
        return not _holds(recorded.record, recorded.written, bundle, ctx)


def _holds(record: BuildRecord, written: float, bundle: Any, ctx: Any) -> bool:
    """Are the definition and the files those of the record?"""
    if record.definition != bundle.definition(ctx):
        return False
    sources, depends = bundle.files(ctx)
    declared = record.depends[: len(depends)]
    if not (same_files(record.sources, sources) and same_files(declared, depends)):
        return False
    holds = ctx.environment.known_inputs.holds
    files = zip((*record.sources, *declared), (*sources, *depends), strict=True)
    return all(holds(entry, file.path, written, file) for entry, file in files) and all(
        holds(entry, entry.place, written) for entry in record.depends[len(depends) :]
    )


def _newer_than(output: str, bundle: Any, ctx: Any) -> bool:
    """Is one of the files newer than *output*, or missing?"""
    built = os.stat(output).st_mtime_ns
    try:
        sources, depends = bundle.files(ctx)
        return any(os.stat(s.path).st_mtime_ns > built for s in (*sources, *depends) if s.path is not None)
    except FileNotFoundError:
        return True
