"""
Static assets that another package can extend or replace, declared in ZCML.

Each name is imported from its room when it is first asked for: `import assetzcml` costs nothing else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from assetzcml.integrations.loaders import declare, registry_of, warn
    from assetzcml.interfaces import ICacheBuster
    from assetzcml.serving.view import StaticView
    from assetzcml.serving.wsgi import StaticApp
    from assetzcml.urls.cachebusters import (
        DigestCacheBuster,
        ManifestCacheBuster,
        QueryStringCacheBuster,
        QueryStringConstantCacheBuster,
        TreeCacheBuster,
    )
    from assetzcml.zcml.limits import Limits

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
    "TreeCacheBuster",
    "declare",
    "load_zcml",
    "registry_of",
    "warn",
]

# The module of each name above, as the type checker reads it there.
_MODULES = {
    "AssetRegistry": "assetzcml.assembly",
    "ConfigurationConflictError": "assetzcml.errors",
    "ConfigurationError": "assetzcml.errors",
    "ConfigurationWarning": "assetzcml.errors",
    "DigestCacheBuster": "assetzcml.urls.cachebusters",
    "ICacheBuster": "assetzcml.interfaces",
    "InvalidSpec": "assetzcml.errors",
    "Limits": "assetzcml.zcml.limits",
    "ManifestCacheBuster": "assetzcml.urls.cachebusters",
    "MissingExtra": "assetzcml.errors",
    "NotPublished": "assetzcml.errors",
    "Origin": "assetzcml.errors",
    "Problem": "assetzcml.errors",
    "QueryStringCacheBuster": "assetzcml.urls.cachebusters",
    "QueryStringConstantCacheBuster": "assetzcml.urls.cachebusters",
    "TreeCacheBuster": "assetzcml.urls.cachebusters",
    "StaticApp": "assetzcml.serving.wsgi",
    "StaticView": "assetzcml.serving.view",
    "declare": "assetzcml.integrations.loaders",
    "load_zcml": "assetzcml.assembly",
    "registry_of": "assetzcml.integrations.loaders",
    "warn": "assetzcml.integrations.loaders",
}

# What is offered as modules: `import assetzcml` is enough for `assetzcml.errors`.
_ROOMS = ("asgi", "bundles", "errors", "interfaces")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"assetzcml.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module 'assetzcml' has no attribute {name!r}")
    module = importlib.import_module(_MODULES[name])
    if _MODULES[name] == "assetzcml.errors":
        module.derive_from_zope()
    found = globals()[name] = getattr(module, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})


def includeme(config: Any) -> None:
    """Pyramid's `config.include("assetzcml")`: see `assetzcml.integrations.pyramid`."""
    try:
        from assetzcml.integrations.pyramid import includeme
    except ModuleNotFoundError as error:
        if error.name != "pyramid":
            raise
        from assetzcml.errors import MissingExtra

        message = 'config.include("assetzcml") needs Pyramid, which is not installed; pip install "assetzcml[pyramid]"'
        raise MissingExtra(message) from None

    includeme(config)
