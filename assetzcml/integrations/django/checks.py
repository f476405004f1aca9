"""The system check: what is wrong with the ZCML fails `manage.py check`, as a wrong setting does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from assetzcml.errors import ConfigurationError
from assetzcml.integrations.django.projects import ROOT, asset_registry, foreign_finders
from assetzcml.reports.findings import Checker
from assetzcml.urls.cachebusters import segment_version

__all__ = ["check_assets"]

MIDDLEWARE = f"{__package__}.AssetMiddleware"
KINDS = {"error": checks.Error, "warning": checks.Warning}


def check_assets(app_configs: Any, **options: Any) -> list[Any]:
    """What `assetzcml check` says of the project, and what only Django's settings can have wrong."""
    try:
        registry = asset_registry()
    except ConfigurationError as error:
        return [checks.Error(str(problem), id="assetzcml.E001") for problem in error.problems]
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="assetzcml.E002")]
    return [*_findings(registry), *_unreached(registry), *_uncollected(registry), *_without_middleware()]


def _findings(registry: Any) -> Iterator[Any]:
    if registry.loads:  # a project without ZCML has said nothing that could be wrong
        for finding in registry.part(Checker).findings():
            kind = KINDS.get(finding.severity)
            if kind is not None:
                yield kind(str(finding), id=f"assetzcml.{finding.code}")


def _unreached(registry: Any) -> Iterator[Any]:
    """The files of finders that do not say where they look."""
    for name, finder in foreign_finders():
        for path, storage in finder.list([]):
            asset = registry.resolve(ROOT.joined(path.replace("\\", "/").split("/")))
            try:
                other = storage.path(path)
            except NotImplementedError:
                other = f"{name}: {path}"
            if not asset.isfile():
                hint = "add its directory to STATICFILES_DIRS"
                yield checks.Warning(f"{other} is found by {name}, and not published", hint=hint, id="assetzcml.W003")
            elif asset.source_spec == asset.spec or asset.abspath() != other:
                message = f"{path!r} is {other} for {name}, and {asset.abspath() or asset.source_spec} for assetzcml"
                yield checks.Error(message, hint="remove one of the two", id="assetzcml.E003")


def _uncollected(registry: Any) -> Iterator[Any]:
    """What pages ask for under the version of the tree, and STATIC_ROOT has not, from which another server answers."""
    root = getattr(settings, "STATIC_ROOT", None)
    if settings.DEBUG or not root or not os.path.isdir(root) or not os.listdir(root):
        return
    segment = next((part for part in registry.static_path(f"{ROOT}/").split("/") if segment_version(part)), None)
    if segment is not None and not os.path.isdir(os.path.join(root, segment)):
        hint = "run 'manage.py collectstatic', unless AssetMiddleware answers STATIC_URL"
        message = f"pages ask for {segment}, and STATIC_ROOT was collected from other files"
        yield checks.Warning(message, hint=hint, id="assetzcml.W004")


def _without_middleware() -> Iterator[Any]:
    if MIDDLEWARE not in settings.MIDDLEWARE:
        hint = f"add {MIDDLEWARE!r} behind SecurityMiddleware, unless another server answers STATIC_URL"
        yield checks.Info("AssetMiddleware is not among MIDDLEWARE", hint=hint, id="assetzcml.I001")
