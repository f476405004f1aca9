"""What a release says of itself: its manifest, from what each asset has become."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from assetzcml.publishing.assets import AssetToFreeze, frozen_versions, url_of
from assetzcml.publishing.origins import SiteDirectory
from assetzcml.records.assets import AssetSpec
from assetzcml.records.media_types import content_type
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.registry import Registry
from assetzcml.reports.inventory import Inventory, versioned_place
from assetzcml.resolving.releases import Released
from assetzcml.serving.responses import entry_of
from assetzcml.urls.modules import named as module_named
from assetzcml.urls.references import language_of

__all__ = ["Description"]


class Description:
    """What is said of *assets*, one by one and together."""

    def __init__(
        self, registry: Registry, inventory: Inventory, assets: Mapping[str, AssetToFreeze], codings: Sequence[str]
    ):
        self._snapshot = registry.snapshot
        self._inventory = inventory
        self._assets = assets
        self._codings = tuple(codings)
        self._site = SiteDirectory(registry)
        self._declared = frozenset(record.path for record in self._snapshot.modules)
        self._media_types = self._snapshot.media_types
        self._said: dict[tuple[Any, ...], str] = {}  # headers, by all that they depend on

    def release(self) -> tuple[list[Released], dict[str, Any]]:
        """The entries of the manifest, and what is said of the whole."""
        said = [(asset, self._headers(asset)) for asset in self._assets.values()]
        texts = sorted({text for _, two in said for text in two if text is not None})
        numbers = {text: number for number, text in enumerate(texts)}
        headers = [json.loads(text) for text in texts]
        types: dict[str | None, str] = {
            text: dict(each).get("Content-Type", "") for text, each in zip(texts, headers, strict=True)
        }
        about: dict[str, Any] = {
            "codings": list(self._codings),
            "directories": self._directories(),
            "headers": headers,
            "import_map": self._import_map(),
            "views": self._views(),
        }
        return [self._released(asset, two, numbers, types) for asset, two in said], about

    def _headers(self, asset: AssetToFreeze) -> tuple[str | None, str | None]:
        """What is said of an asset under its name for ever, and under its plain one, as JSON."""
        return (
            self._headers_of(asset, True) if asset.url is not None or asset.also else None,
            self._headers_of(asset, False) if asset.plain else None,
        )

    def _headers_of(self, asset: AssetToFreeze, forever: bool) -> str:
        view, spec = asset.item.view, asset.item.spec
        path = spec.parts[-1:] if view.file else spec.below(view.root)
        media_type = content_type(spec.name, self._media_types)
        key = view.name, forever, media_type, path if view.matched_headers else ()
        if key not in self._said:
            self._said[key] = self._headers_at(asset, path, forever)
        return self._said[key]

    def _headers_at(self, asset: AssetToFreeze, path: Sequence[str], forever: bool) -> str:
        item = asset.item
        entry = entry_of(
            replace(item.view, content_encodings=self._codings, send=None),
            path,
            None,
            [item.seen],
            0.0,
            immutable=forever,
            types=self._media_types,
        )
        said = [list(header) for header in entry.identity.headers if header[0].lower() not in _OF_THE_BYTES]
        return json.dumps(said)

    def _released(
        self,
        asset: AssetToFreeze,
        texts: tuple[str | None, str | None],
        headers: Mapping[str, int],
        types: Mapping[str | None, str],
    ) -> Released:
        item = asset.item
        more: dict[str, Any] = {"path": item.place.path}
        if item.place.host:
            more["host"] = item.place.host
        if asset.url is not None:
            more["url"], more["headers"] = asset.url, headers[str(texts[0])]
        if asset.plain:
            more["plain"] = headers[str(texts[1])]
        if asset.also:
            more["also"] = sorted(asset.also)
            more["headers"] = headers[str(texts[0])]
        spec = self._site.spec(item.spec)
        origin = self._site.place(item.origin)
        if origin:
            more["origin"] = origin
        if self._inventory.url_place(item.spec) == item.place:
            more["asked"] = True  # this is where static_url leads
        if asset.url is not None and language_of(item.spec.name) == "js" and self._is_module(asset):
            more["imports"] = self._imports(asset)
        return Released(
            name=asset.key,
            object=asset.digest,
            size=asset.size,
            type=types.get(texts[0] or texts[1], ""),
            versions=frozen_versions(asset),
            view=item.view.name,
            spec=spec,
            source=spec if item.source == item.spec else self._site.spec(item.source),
            permission=item.view.permission,
            integrity=asset.integrity,
            variants=asset.variants,
            references=tuple(sorted({str(target) for _, target in asset.links if target is not None})),
            more=more,
        )

    def _is_module(self, asset: AssetToFreeze) -> bool:
        """As `ModuleGraph.is_module` says, and who declares one."""
        statically = any(link.kind == "import" for link in (*asset.found, *asset.bare))
        spec = asset.item.spec
        return statically or spec.name.endswith(".mjs") or spec in self._declared

    def _imports(self, asset: AssetToFreeze) -> list[str]:
        """The specs of what a module imports statically, in order, each once."""
        at = {id(link): target for link, target in asset.links}
        found: dict[str, None] = {}
        for link in sorted((*asset.found, *asset.bare), key=lambda link: link.start):
            target = at.get(id(link))
            spec = self._assets[str(target)].item.spec if target is not None else None
            if link in asset.bare:
                spec = module_named(self._snapshot, link.url, asset.item.spec)
            if link.kind == "import" and spec is not None:
                found[self._site.spec(spec)] = None
        return list(found)

    def _directories(self) -> dict[str, str]:
        """The URLs of directories, by spec: scripts join names to them."""
        found = {}
        for spec, place in self._inventory.directories.items():
            found[self._site.spec(spec)] = f"{place.host}/{place.path}{'/' if place.path else ''}"
        return found

    def _import_map(self) -> dict[str, Any]:
        """The import map of a page, without what the application is mounted at: every module whose URL is not its plain one."""
        imports: dict[str, str] = {}
        scopes: dict[str, dict[str, str]] = {}
        urls: dict[str, AssetToFreeze] = {}
        for asset in self._assets.values():
            if asset.url is None or asset.item.tree is not None or language_of(asset.item.spec.name) != "js":
                continue
            urls[url_of(asset, asset.url)] = asset
            if asset.url != asset.item.place.path:
                imports[url_of(asset, asset.item.place.path)] = url_of(asset, asset.url)
            for link, target in asset.links if asset.version is not None else ():
                found = self._assets[str(target)]
                if link.module and found.url is not None:
                    # The relative name leads below the version, where a worker finds it; a page is to have one of each.
                    there = versioned_place(asset.item.view, found.item.place, str(asset.version)).path
                    imports[url_of(found, there)] = url_of(found, found.url)
        for record in self._snapshot.modules:
            names = imports
            if record.scope is not None:
                names = scopes.setdefault(self._directory_url(record.scope), {})
            if record.directory:
                names[record.name] = self._directory_url(record.path)
                below = [asset for asset in self._assets.values() if asset.item.spec.under(record.path)]
                for asset in below:
                    if asset.url is not None and asset.item.tree is None and language_of(asset.item.spec.name) == "js":
                        names[record.name + "/".join(asset.item.spec.below(record.path))] = url_of(asset, asset.url)
                continue
            module = self._assets.get(str(self._inventory.url_place(record.path)))
            if module is not None:
                url = url_of(module, module.url or module.item.place.path)
                names[record.name], urls[url] = url, module
        integrity = {url: asset.integrity for url, asset in urls.items()}
        told = {"imports": imports, "scopes": scopes, "integrity": integrity}
        return {word: said for word, said in told.items() if said or word == "imports"}

    def _directory_url(self, spec: AssetSpec) -> str:
        place = self._inventory.directories.get(spec)
        return "/" if place is None else f"{place.host}/{quote(place.path, safe=PATH_SAFE)}/"

    def _views(self) -> list[dict[str, Any]]:
        """What a static view says of requests for what is not there, or not for everybody."""
        found = []
        for view in self._snapshot.views:
            said = {
                "name": view.name,
                "file": view.file,
                "index": view.index,
                "not_found": view.not_found,
                "single_page": view.single_page,
                "permission": view.permission,
                "cache_max_age": view.cache_max_age,
                "headers": [list(header) for header in view.headers],
                "send": None if view.send is None else list(view.send),
            }
            found.append({key: value for key, value in said.items() if value})
        return sorted(found, key=lambda each: str(each.get("name", "")))


# What is said of bytes on the way, and not of the asset: who serves it knows.
_OF_THE_BYTES = frozenset(["content-length", "etag", "last-modified", "accept-ranges", "content-encoding"])
