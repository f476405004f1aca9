"""Can what is declared be served, and which configuration is in force? The answer to who watches over a process."""

from __future__ import annotations

from typing import Any

from assetzcml.records.bundles import BundleRecord
from assetzcml.registry import Registry
from assetzcml.resolving.resolver import Resolver
from assetzcml.serving.statistics import Statistics

__all__ = ["health"]


def health(registry: Registry) -> dict[str, Any]:
    """
    Values that can be written as JSON: `healthy`; `loads`, the specs of what is in force; `missing`, the published roots
    that are no longer there; `reloaded` and `reload_failed` as in `registry.statistics()`.

    It is not healthy where a root is missing. A reload that failed leaves the former configuration in force, and is told only.
    """
    told = registry.part(Statistics).told()
    resolver = registry.part(Resolver)
    snapshot = registry.snapshot
    made = [record.spec for record in snapshot.bundling if isinstance(record, BundleRecord) and record.spec is not None]
    missing = [
        f"{view} of '{view.root}'"
        for view in snapshot.views
        if not view.external
        and not any(spec.under(view.root) for spec in made)
        and not resolver.resolve(view.root).exists()
    ]
    return {
        "healthy": not missing,
        "loads": [report.spec for report in registry.loads],
        "missing": missing,
        "reloaded": told["reloaded"],
        "reload_failed": told["reload_failed"],
    }
