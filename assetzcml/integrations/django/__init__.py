"""
Django: `INSTALLED_APPS += ["assetzcml.integrations.django"]`, and `AssetMiddleware` behind SecurityMiddleware.

Everything that Django's own finders know is published below STATIC_URL, in their order, and overrides go before it.
The setting ASSETZCML says what is loaded, if anything: a spec such as "shop:configure.zcml", a mapping of the arguments
of `load_zcml`, or an AssetRegistry.
"""

from __future__ import annotations

from assetzcml.errors import MissingExtra

try:
    import django
except ModuleNotFoundError as error:
    if error.name != "django":
        raise
    message = 'assetzcml.integrations.django needs Django, which is not installed; pip install "assetzcml[django]"'
    raise MissingExtra(message) from None

from assetzcml.integrations.django.files import AssetFinder, AssetStorage
from assetzcml.integrations.django.middleware import AssetMiddleware
from assetzcml.integrations.django.projects import asset_registry
from assetzcml.integrations.django.templates import Loader

__all__ = ["AssetFinder", "AssetMiddleware", "AssetStorage", "Loader", "asset_registry"]

assert django
