"""Every asset that is published, for `list`: what may be overridden, what it is taken from, and what a page says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from assetzcml.errors import ConfigurationError
from assetzcml.records.assets import AssetSpec
from assetzcml.registry import Registry
from assetzcml.reports.bundles import bytes_in_words
from assetzcml.reports.descriptions import origin_data
from assetzcml.reports.inventory import Inventory, Item
from assetzcml.resolving.digests import DIGEST_LENGTH
from assetzcml.resolving.trees import FILE_LIMIT
from assetzcml.urls.cachebusters import DigestCacheBuster
from assetzcml.urls.integrity import Integrities, versioned

__all__ = ["ALL", "Wanted", "assets_data", "assets_lines"]


class Wanted(NamedTuple):
    """Which assets: those of a *package*, and those that are taken from elsewhere than where they are asked for."""

    package: str | None = None
    overridden: bool = False

    def wants(self, spec: AssetSpec, source: AssetSpec) -> bool:
        """Is this asset one of them?"""
        of_it = self.package is None or f"{spec.package}.".startswith(f"{self.package}.")
        return of_it and not (self.overridden and spec == source)


ALL = Wanted()


def assets_data(registry: Registry, wanted: Wanted = ALL) -> Iterator[dict[str, Any]]:
    """
    The assets, by their specs, each once. Nothing is built: of a bundle it is what was built last.

    *digest* and *integrity* are of the bytes that are served now; None where there are none yet, where they cannot be read,
    and where they are too many to be read for this.
    """
    told: dict[AssetSpec, dict[str, Any]] = {}
    inventory = Inventory(registry)
    for item in inventory.items(made=False):
        if item.spec not in told and wanted.wants(item.spec, item.source):
            told[item.spec] = _of_item(registry, item)
    bundles = registry.above.bundles()
    for state in (bundles.state(name) for name in bundles.names()) if inventory.made else ():
        spec = state.spec
        if spec in inventory.made and wanted.wants(spec, spec):
            told[spec] = _of_bundle(registry, spec, state)
    for spec in sorted(told):
        yield told[spec]


def assets_lines(registry: Registry, wanted: Wanted = ALL) -> Iterator[str]:
    """The same for people."""
    nothing = True
    for each in assets_data(registry, wanted):
        nothing = False
        taken = f" from {each['source']!r}" if each["source"] != each["spec"] else ""
        size = f", {bytes_in_words(each['size'])}" if each["size"] is not None else ""
        yield f"  asset {each['spec']!r}{taken}{size}"
        yield from (f"    {text}" for text in (each["url"], each["problem"]) if text)
        if each["digest"] is not None:
            yield f"    sha256 {each['digest']}"
        if each["origin"] is not None:
            yield f"    {':'.join(str(part) for part in each['origin'].values() if part is not None)}"
    if nothing:
        yield "  none"


def _of_item(registry: Registry, item: Item) -> dict[str, Any]:
    size = item.seen.size
    url, digest, integrity, problem = _addressed(registry, item.spec, size)
    by_digest = item.busting is not None and isinstance(item.busting.buster, DigestCacheBuster)
    return {
        "spec": str(item.spec),
        "url": url,
        "source": str(item.source),
        "file": item.file,
        "origin": origin_data(item.origin),
        "size": size,
        "digest": digest,
        "version": digest[:DIGEST_LENGTH] if by_digest and digest is not None else item.tree,
        "integrity": integrity,
        "problem": problem,
    }


def _of_bundle(registry: Registry, spec: AssetSpec, state: Any) -> dict[str, Any]:
    built = state.state == "built"  # asking for the URL of another would build it
    url, digest, integrity, problem = (
        _addressed(registry, spec, state.size) if built else (None, None, None, f"bundle {state.name!r}: {state.state}")
    )
    return {
        "spec": str(spec),
        "url": url,
        "source": str(spec),
        "file": state.path,
        "origin": origin_data(state.origin),
        "size": state.size,
        "digest": digest,
        "version": state.version,
        "integrity": integrity,
        "problem": problem,
    }


def _addressed(registry: Registry, spec: AssetSpec, size: int) -> tuple[str | None, str | None, str | None, str | None]:
    """(URL, digest, integrity, what is wrong) of an asset that is there."""
    url = None
    try:
        url = registry.snapshot.urls.static_path(str(spec), _app_url="")
        if size > FILE_LIMIT:
            return url, None, None, None
        url, integrity = versioned(registry, spec)
        return url, registry.part(Integrities).of(spec).digest, integrity, None
    except (ConfigurationError, ValueError, ImportError) as error:
        return url, None, None, str(error)
    except OSError as error:
        return url, None, None, error.strerror or str(error)
