"""
Filters: what happens to the bytes of a bundle's sources on their way to its output.

`get_filters` makes the chain, `Filter.bind` its working copy for one bundle. Nothing here knows bundles or caches.
"""

from assetzcml.bundles.filters.base import (
    CallableFilter,
    ContentFilter,
    Filter,
    FilterContext,
    FilterError,
    FilterWarning,
    MissingOption,
    TextFilter,
    UnknownFilter,
    option,
)
from assetzcml.bundles.filters.names import filter_names, get_filter, get_filters, register_filter

__all__ = [
    "CallableFilter",
    "ContentFilter",
    "Filter",
    "FilterContext",
    "FilterError",
    "FilterWarning",
    "MissingOption",
    "TextFilter",
    "UnknownFilter",
    "filter_names",
    "get_filter",
    "get_filters",
    "option",
    "register_filter",
]
