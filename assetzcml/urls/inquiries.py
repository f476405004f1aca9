"""What the URL of an asset was made from, in words: told to those who ask why. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from assetzcml.errors import InvalidManifest
from assetzcml.records.assets import AssetSpec, Busting
from assetzcml.registry import Registry
from assetzcml.urls.cachebusters import ManifestCacheBuster
from assetzcml.urls.generator import Decision
from assetzcml.urls.lookup import Lookup
from assetzcml.urls.queries import query_and_fragment

__all__ = ["BustingUse", "manifest_of", "use_of"]


class BustingUse(NamedTuple):
    """
    A cache buster at work on one asset: *record* is the Busting, *says* what it makes of this asset.

    *file* is the spec of what it reads for that, or None; *idle* why it is not asked, '' when it is.
    """

    record: Busting
    says: str
    file: AssetSpec | None
    idle: str


def use_of(decision: Decision, failure: Exception | None = None) -> BustingUse | None:
    """The cache buster of a decision, which may be idle, or have failed; None when none covers the asset."""
    idle = decision.idle
    busting = decision.busting if idle is None else idle.busting
    if busting is None:
        return None
    says = _said(decision) if failure is None else f"raises {type(failure).__name__}: {failure}"
    file = getattr(busting.buster, "manifest_spec", None)
    return BustingUse(busting.record, says if idle is None else "", file, "" if idle is None else idle.why)


def _said(decision: Decision) -> str:
    """What the cache buster has changed in the URL."""
    before, after = decision.place.subpath, decision.subpath
    changes = [f"{before} \N{RIGHTWARDS ARROW} {after}"] if after != before else []
    query = query_and_fragment(decision.options.query, None)
    return ", ".join([*changes, query] if query else changes) or "changes nothing"


def manifest_of(registry: Registry, record: Busting) -> tuple[AssetSpec, Mapping[str, str]] | None:
    """(spec, entries) of the manifest that the cache buster of a Busting reads; None when it reads none."""
    for bound in registry.snapshot.derived(Lookup).bustings:
        if bound.record == record and isinstance(bound.buster, ManifestCacheBuster):
            try:
                return bound.buster.manifest_spec, bound.buster.manifest
            except InvalidManifest:  # with `reload` it may be gone for a moment
                return None
    return None
