"""Where the references of what is frozen lead, and what scripts reach without an import map."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping

from assetzcml.errors import ConfigurationWarning, Origin, Problem
from assetzcml.publishing.assets import REACHED, AssetToFreeze, carried, has_rewritten
from assetzcml.publishing.rewriting import led_to
from assetzcml.registry import Snapshot
from assetzcml.reports.inventory import URLPlace, versioned_place, view_base
from assetzcml.resolving.digests import DIGEST_LENGTH
from assetzcml.urls.references import URLReference, language_of

__all__ = ["Following"]


class Following:
    """The references of *assets*; what leads nowhere is added to *problems*."""

    def __init__(self, snapshot: Snapshot, assets: Mapping[str, AssetToFreeze], problems: list[Problem]):
        self._assets = assets
        self._problems = problems
        self._bases = [view_base(view) for view in snapshot.views if not view.file]

    def follow(self) -> None:
        """Find what each reference leads to."""
        for asset in self._assets.values():
            for link in asset.found:
                target = self._target(asset, link)
                if target is not None:
                    asset.links.append((link, target))

    def _target(self, asset: AssetToFreeze, link: URLReference) -> URLPlace | None:
        """The asset that a reference leads to; None, and a problem, where there is none."""
        place = asset.item.place
        led = led_to(link.url, place.path)
        if led is None:
            return None
        target = URLPlace(place.host, led[0])
        found = self._assets.get(str(target))
        if found is None:
            self._missing(asset, link, target)
            return None
        found.module = found.module or link.module
        if not carried(asset, found, link):
            found.plain = True  # nobody rewrites it, so the name that it says has to be there
        return target

    def _missing(self, asset: AssetToFreeze, link: URLReference, target: URLPlace) -> None:
        if link.url.startswith(("/", "\\")) and not self._is_published(target):
            return  # somebody else's path
        where = Origin(asset.item.file, link.line, link.column)
        message = f"{str(asset.item.spec)!r} refers to {link.url!r}, and nothing is published as '/{target.path}'"
        if link.kind == "map":
            text = f"{where}: {message}"
            warnings.warn_explicit(text, ConfigurationWarning, where.file, where.line)
        else:
            hint = "put the file there, or take the reference out"
            self._problems.append(Problem(where, message, hint))

    def _is_published(self, place: URLPlace) -> bool:
        """Does a static view have what is below this name?"""
        return any(place.host == base.host and f"{place.path}/".startswith(f"{base.path}/") for base in self._bases)

    def reach(self) -> None:
        """
        What scripts reach by their own URL, and not through an import map: workers and what these import, `new URL(...,
        import.meta.url)`, source maps. Such a script, and all that it reaches so, lies under one version of just these files.
        """
        for asset in self._assets.values():
            item = asset.item
            own = [(link, target) for link, target in asset.links if link.kind in REACHED and target is not None]
            if not own or item.tree is not None or item.view.file or language_of(item.spec.name) != "js":
                continue
            members = {asset.key: asset}
            waiting = [(asset, link, target) for link, target in own]
            base = f"{view_base(item.view).path}/".lstrip("/")
            while waiting:
                origin, link, target = waiting.pop()
                found = self._assets[str(target)]
                if not target.path.startswith(base) or target.host != item.place.host or found.item.view != item.view:
                    self._unreachable(origin, link, f"which is not in the static view {item.view.name!r}")
                elif has_rewritten(found) and found.links:
                    self._unreachable(origin, link, "which refers to others itself")
                elif found.key not in members:
                    members[found.key] = found
                    waiting += [(found, each, place) for each, place in found.links if place is not None]
            lines = "".join(f"{key}\0{members[key].digest}\n" for key in sorted(members))
            asset.version = hashlib.sha256(lines.encode()).hexdigest()[:DIGEST_LENGTH]
            for key, member in members.items():
                if key != asset.key:
                    member.also.add(versioned_place(item.view, member.item.place, asset.version).path)

    def _unreachable(self, asset: AssetToFreeze, link: URLReference, why: str) -> None:
        where = Origin(asset.item.file, link.line, link.column)
        message = f"{str(asset.item.spec)!r} refers to {link.url!r}, {why}"
        hint = "a script reaches it without an import map: publish both in one static view, with a tree cache buster"
        self._problems.append(Problem(where, message, hint))
