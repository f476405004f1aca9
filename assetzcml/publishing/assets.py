"""One asset on its way into a release, and what is known of it at each step."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import quote

from assetzcml.errors import Origin, Problem
from assetzcml.publishing.rewriting import is_rewritten
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.reports.inventory import Item, URLPlace
from assetzcml.resolving.digests import without_digest
from assetzcml.resolving.fingerprints import fingerprint
from assetzcml.urls.references import URLReference

__all__ = [
    "REACHED",
    "READ_WHOLE",
    "AssetToFreeze",
    "carried",
    "changed",
    "frozen_versions",
    "has_changed",
    "has_rewritten",
    "url_of",
]

READ_WHOLE = 64 << 20  # bytes; of what is larger no copy is held in memory, and nothing is compressed
REACHED = ("url", "worker", "map")  # kinds of references of scripts that no import map has a part in


@dataclass(slots=True)
class AssetToFreeze:
    """
    One asset while it is frozen. *version* is that of what its script reaches without an import map: see `Following.reach`;
    *also* are the names that it has for the scripts that reach it. *text* is what it is, where that may be rewritten.
    """

    item: Item
    key: str
    digest: str = ""
    integrity: str = ""
    size: int = 0
    text: str | None = None
    found: list[URLReference] = field(default_factory=list)
    links: list[tuple[URLReference, URLPlace | None]] = field(default_factory=list)
    bare: list[URLReference] = field(default_factory=list)
    plain: bool = False
    module: bool = False
    version: str | None = None
    url: str | None = None
    also: set[str] = field(default_factory=set)
    variants: dict[str, tuple[str, int]] = field(default_factory=dict)


def has_rewritten(asset: AssetToFreeze) -> bool:
    """Are references in it replaced? Not in a tree, where they carry the version as they are."""
    return asset.item.tree is None and is_rewritten(asset.item.spec.name)


def carried(asset: AssetToFreeze, target: AssetToFreeze, link: URLReference) -> bool:
    """Does a reference lead to a name for ever, rewritten or as it is?"""
    if asset.item.tree is not None:
        return target.item.tree == asset.item.tree and not link.url.startswith(("/", "\\"))
    return has_rewritten(asset) or link.module or link.kind in REACHED


def frozen_versions(asset: AssetToFreeze) -> tuple[str, ...]:
    """What stands in the name for ever, and not in the plain one."""
    version = asset.item.tree or asset.version
    if version is not None:
        return (f"~{version}",)
    found = without_digest((asset.url or "").rpartition("/")[2])
    return () if found is None or asset.url == asset.item.place.path else (found[1],)


def url_of(asset: AssetToFreeze, path: str) -> str:
    """The URL of a path of the host that an asset is at."""
    return f"{asset.item.place.host}/{quote(path, safe=PATH_SAFE)}"


def has_changed(asset: AssetToFreeze) -> bool:
    """Is its file another one than was read?"""
    seen = asset.item.seen
    if seen.location.member is not None:
        return False
    try:
        return fingerprint(os.stat(seen.location.path)) != seen.fingerprint
    except OSError:
        return True


def changed(asset: AssetToFreeze) -> Problem:
    """What is said of an asset whose file is not what it was when the run began."""
    return Problem(Origin(asset.item.file), f"{str(asset.item.spec)!r} changed while it was frozen", "freeze again")
