"""Whether a bundle has to be built again. Nothing is built here, and only what was touched is read."""

from __future__ import annotations

from typing import Any

from assetzcml.bundles.freshness import current_record

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
    A bundle has to be built unless there is a record by which its output is what it would be built into now.

    The record says what the output was made of: definition, settings of filters, and the bytes of sources and of what
    they depend on. Files are told by size, times of change and inode, and where one of these differs by content: a
    source that is replaced by an older one counts, a checkout of the same bytes does not. An output without a record is
    not known to be up to date. The name is webassets'.
    """

    id = "timestamp"
    lasting = True

    def needs_rebuild(self, bundle: Any, ctx: Any) -> bool:
        ctx.records[id(bundle)] = record = current_record(bundle, ctx)
        return record is None
