"""Static assets that another package can extend or replace, declared in ZCML."""

from typing import Any

from assetzcml.assembly import AssetRegistry, load_zcml
from assetzcml.errors import (
    ConfigurationConflictError,
    ConfigurationError,
    ConfigurationWarning,
    InvalidSpec,
    MissingExtra,
    NotPublished,
    Origin,
    Problem,
)
from assetzcml.interfaces import ICacheBuster
from assetzcml.serving.view import StaticView
from assetzcml.serving.wsgi import StaticApp
from assetzcml.urls.cachebusters import (
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringCacheBuster,
    QueryStringConstantCacheBuster,
)
from assetzcml.zcml.reader import Limits

__all__ = [
    "AssetRegistry",
    "ConfigurationConflictError",
    "ConfigurationError",
    "ConfigurationWarning",
    "DigestCacheBuster",
    "ICacheBuster",
    "InvalidSpec",
    "Limits",
    "ManifestCacheBuster",
    "MissingExtra",
    "NotPublished",
    "Origin",
    "Problem",
    "QueryStringCacheBuster",
    "QueryStringConstantCacheBuster",
    "StaticApp",
    "StaticView",
    "load_zcml",
]


def includeme(config: Any) -> None:
    """Pyramid's `config.include("assetzcml")`: see `assetzcml.integrations.pyramid`."""
    from assetzcml.integrations.pyramid import includeme

    includeme(config)
