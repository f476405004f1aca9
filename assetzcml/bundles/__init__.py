"""Bundles: assets whose bytes come from several files. An environment works alone, or with a registry's resolver."""

from assetzcml.bundles.bundle import Bundle, Reference
from assetzcml.bundles.environment import Environment
from assetzcml.bundles.errors import BuildError, BundleError, BundleWarning, NotBuilt, RegisterError, UnsetOption
from assetzcml.bundles.filters import Filter, FilterError

__all__ = [
    "BuildError",
    "Bundle",
    "BundleError",
    "BundleWarning",
    "Environment",
    "Filter",
    "FilterError",
    "NotBuilt",
    "Reference",
    "RegisterError",
    "UnsetOption",
]
