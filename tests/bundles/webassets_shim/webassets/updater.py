"""Our updaters, which may be asked with an environment in the place of a context."""

from assetzcml.bundles.updaters import SKIP_CACHE, AlwaysUpdater, BaseUpdater, TimestampUpdater
from webassets.bundle import context

_needs_rebuild = TimestampUpdater.needs_rebuild
TimestampUpdater.needs_rebuild = lambda updater, bundle, ctx: _needs_rebuild(updater, bundle, context(bundle, ctx))
BundleDefUpdater = TimestampUpdater

__all__ = ["SKIP_CACHE", "AlwaysUpdater", "BaseUpdater", "BundleDefUpdater", "TimestampUpdater"]
