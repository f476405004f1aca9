"""Our exceptions, by webassets' names."""

from assetzcml.bundles import BuildError, BundleError
from assetzcml.bundles.filters import FilterError

EnvironmentError = OSError  # noqa: A001  webassets' name


class ImminentDeprecationWarning(Warning):
    pass


__all__ = ["BuildError", "BundleError", "EnvironmentError", "FilterError", "ImminentDeprecationWarning"]
