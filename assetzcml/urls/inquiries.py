"""What the URL of an asset was made from: told to those who ask why. Makes no URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from zope.interface import implementer

from assetzcml.errors import InvalidManifest
from assetzcml.interfaces import IBundles, IResolver, IURLDecisions
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord, asset_spec
from assetzcml.registry import Registry
from assetzcml.urls.cachebusters import (
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringConstantCacheBuster,
    renames,
)
from assetzcml.urls.lookup import Lookup, Place
from assetzcml.urls.queries import query_and_fragment

__all__ = ["BustingUse", "URLDecisions"]


class BustingUse(NamedTuple):
    """A cache buster at work on one asset; see `IURLDecisions.busting`."""

    record: Busting
    says: str
    file: AssetSpec | None
    idle: str


@implementer(IURLDecisions)
class URLDecisions:
    """What decides about the URLs of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def view(self, spec: str | AssetSpec) -> StaticViewRecord:
        output = self._output(spec)
        return self.registry.snapshot.derived(Lookup).place(spec if output is None else output.file).view

    def published(self, spec: str | AssetSpec) -> AssetSpec:
        view, place = self.registry.snapshot.derived(Lookup).publication(asset_spec(spec))
        return asset_spec(spec) if view is None else place

    def _output(self, spec: str | AssetSpec) -> Any:
        """The `Output` of a bundle; None for what is none, or is taken from an override."""
        snapshot = self.registry.snapshot
        bundles = snapshot.derived(Lookup).bundles
        if not bundles or asset_spec(spec) not in bundles:
            return None
        return self.registry.getUtility(IBundles).output(snapshot, asset_spec(spec))

    def busting(self, spec: str | AssetSpec) -> BustingUse | None:
        lookup = self.registry.snapshot.derived(Lookup)
        output = self._output(spec)
        if output is not None and (output.named or output.expire is True):
            return None
        place = lookup.place(spec) if output is None else lookup.output_place(asset_spec(spec), output)
        source = self._source(place.spec)
        busting = lookup.busting(place.spec, source)
        if busting is None:
            return None
        idle = self._idle(place, busting.buster)
        says = "" if idle else _said(busting.buster, place, source)
        return BustingUse(busting.record, says, getattr(busting.buster, "manifest_spec", None), idle)

    def describe(self, buster: Any) -> str:
        if type(buster) is DigestCacheBuster:
            return 'digest="sha256"'
        if type(buster) is ManifestCacheBuster:
            return f'manifest="{buster.manifest_spec}"'
        if type(buster) is QueryStringConstantCacheBuster:
            token = buster.tokenize(None, "", {})
            token = token.decode("utf-8", "replace") if isinstance(token, bytes) else token
            return f'token="{token}"' + (f' param="{buster.param}"' if buster.param != "x" else "")
        named = buster if hasattr(buster, "__qualname__") else type(buster)
        return f"{named.__module__}.{named.__qualname__}"

    def manifest(self, record: Busting) -> tuple[AssetSpec, Mapping[str, str]] | None:
        for bound in self.registry.snapshot.derived(Lookup).bustings:
            if bound.record == record and isinstance(bound.buster, ManifestCacheBuster):
                try:
                    return bound.buster.manifest_spec, bound.buster.manifest
                except InvalidManifest:  # with `reload` it may be gone for a moment
                    return None
        return None

    def _source(self, spec: AssetSpec) -> AssetSpec:
        """Where the asset is really taken from; itself when it is nowhere, or belongs to a package that is."""
        try:
            found = self.registry.getUtility(IResolver).look(spec, anew=True)[1]
        except ImportError:
            found = None
        return spec if found is None else found.spec

    def _idle(self, place: Place, buster: Any) -> str:
        if self.registry.snapshot.is_on("prevent_cachebust"):
            return "the setting 'prevent_cachebust' turns all cache busters off"
        if place.view.file and renames(buster):
            return "a staticFile keeps its name"
        return ""


def _said(buster: Any, place: Place, source: AssetSpec) -> str:
    """What the buster changes in the URL; it may be the code of others, which may fail."""
    slash = "/" if place.pathspec.endswith("/") else ""
    options = {"pathspec": place.pathspec, "rawspec": f"{source}{slash}"}
    try:
        subpath, answered = buster(None, place.subpath, options)
        query = query_and_fragment(answered.get("_query"), None)
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"
    changes = [f"{place.subpath} \N{RIGHTWARDS ARROW} {subpath}"] if subpath != place.subpath else []
    return ", ".join([*changes, query] if query else changes) or "changes nothing"
