"""
What a page says of the bytes that it asks for: the integrity of an asset, and the element that loads it.

The hash is of the bytes that are served, overrides followed, and of the very version that the URL has (W3C Subresource
Integrity, 3.2): where both cannot be had of one reading, the URL goes without.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NamedTuple

from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.media_types import content_type
from assetzcml.registry import Registry
from assetzcml.resolving.digests import CHUNK, DIGEST_LENGTH
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, may_change_unseen
from assetzcml.resolving.frozen import frozen_release
from assetzcml.resolving.packages import Found
from assetzcml.resolving.resolver import Resolver
from assetzcml.typing import SpecLike
from assetzcml.urls.cachebusters import DigestCacheBuster, TreeCacheBuster
from assetzcml.urls.frozen import frozen_integrity
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.tags import Markup, element, mounted, noted

__all__ = ["asset_tag", "integrity_of", "loaded_as", "versioned"]

ATTEMPTS = 3  # readings of an asset that changes meanwhile
KEPT = 10_000  # files; about 4 MB
KINDS = ("css", "js", "image", "font")


class Hashes(NamedTuple):
    """Of one reading: the SHA-256 in hex, by which versions are known, and the integrity."""

    digest: str
    integrity: str


class Integrities:
    """The hashes of the files of one registry, as long as the files do not change."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._known: dict[Fingerprint, Hashes] = {}

    def of(self, spec: AssetSpec, anew: bool = False) -> Hashes:
        """
        The hashes of what *spec* leads to. Raises OSError: FileNotFoundError, IsADirectoryError; ImportError.

        With *anew* it is looked for again.
        """
        resolver = self.registry.part(Resolver)
        found = resolver.look(spec, anew=anew)[1]
        if found is None or found.directory:
            resolver.resolve(spec).read_bytes()  # says what is wrong
            raise FileNotFoundError(f"{str(spec)!r} is no file")
        known = None if found.status is None else self._known.get(fingerprint(found.status))
        return known if known is not None else self._read(found)

    def _read(self, found: Found) -> Hashes:
        digest, integrity = hashlib.sha256(), hashlib.sha384()
        with found.open() as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                integrity.update(chunk)
        hashes = Hashes(digest.hexdigest(), f"sha384-{base64.b64encode(integrity.digest()).decode()}")
        if found.status is not None and not may_change_unseen(fingerprint(found.status)):
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[fingerprint(found.status)] = hashes
        return hashes


def integrity_of(registry: Registry, spec: SpecLike | AssetSpec) -> str:
    """
    The `integrity` of an asset, 'sha384-...', of the bytes that are served now.

    Raises InvalidSpec, FileNotFoundError where no layer has it, IsADirectoryError.
    """
    if registry.snapshot.derived(frozen_release) is not None:
        return frozen_integrity(registry, spec)
    return registry.part(Integrities).of(_served(registry, asset_spec(spec)), anew=True).integrity


def asset_tag(
    registry: Registry,
    spec: SpecLike | AssetSpec,
    request: Any = None,
    /,
    *,
    kind: str | None = None,
    **attributes: Any,
) -> Markup:
    """
    The element that loads an asset: `<link rel="stylesheet">`, `<script>`, `<img>`, or for a font `<link rel="preload">`.

    *kind* is 'css', 'js', 'image' or 'font', by default what the name says. Style sheets, scripts and fonts have the
    integrity of the bytes that the URL stands for, unless `integrity=False`, and where they come from another host
    `crossorigin="anonymous"`. Other *attributes* are those of `bundle_tags`.
    Raises NotPublished, FileNotFoundError, and ValueError where the kind is not known.
    """
    frozen = registry.snapshot.derived(frozen_release) is not None
    address = str(spec) if frozen else asset_spec(spec)
    name = str(address).rpartition("/")[2]
    kind = kind or loaded_as(name)
    if kind not in KINDS:
        raise ValueError(f"what loads {str(address)!r} is not known by its name; give kind=, one of {', '.join(KINDS)}")
    wanted = bool(attributes.pop("integrity", True)) and kind != "image"
    if isinstance(address, str):
        url, integrity = _path(registry, address), frozen_integrity(registry, address) if wanted else None
    else:
        url, integrity = versioned(registry, address) if wanted else (_path(registry, address), None)
    url = mounted(registry, url, request)
    noted(request, kind, str(address), url, integrity, attributes.get("type") == "module")
    return element(kind, url, integrity, **attributes)


def loaded_as(name: str) -> str:
    """
    What loads an asset of this name; '' for what is none of it.

    >>> loaded_as("app.css"), loaded_as("cart.mjs"), loaded_as("logo.svg"), loaded_as("inter.woff2"), loaded_as("notes.txt")
    ('css', 'js', 'image', 'font', '')
    """
    media_type = content_type(name).partition(";")[0]
    main, _, rest = media_type.partition("/")
    return {"text/css": "css", "text/javascript": "js"}.get(
        media_type, main if main in ("image", "font") and rest else ""
    )


def _path(registry: Registry, spec: SpecLike | AssetSpec) -> str:
    """The URL, of the policy in force, without what the application is mounted at."""
    path: str = registry.snapshot.urls.static_path(str(spec), _app_url="")
    return path


def versioned(registry: Registry, spec: AssetSpec) -> tuple[str, str | None]:
    """The URL of an asset, and the integrity of the bytes that it stands for; None where these cannot be had together."""
    generator = registry.part(URLGenerator)
    for attempt in range(ATTEMPTS):
        url = _path(registry, spec)
        hashes = registry.part(Integrities).of(_served(registry, spec), anew=bool(attempt))
        if _agrees(registry, generator, spec, url, hashes.digest):
            return url, hashes.integrity
        generator.forget()
    return _path(registry, spec), None


def _served(registry: Registry, spec: AssetSpec) -> AssetSpec:
    """
    The asset that the URL of *spec* names: a manifest gives a source the name of what was made of it, and the source, where
    it lies beside that or anywhere, is not what is sent.
    """
    generator = registry.part(URLGenerator)
    try:
        buster = busting.buster if (busting := generator.decide(spec, ask=False).busting) is not None else None
        if buster is None or isinstance(buster, DigestCacheBuster | TreeCacheBuster):
            return spec
        decision = generator.decide(spec)
    except ValueError:  # it has no URL
        return spec
    if decision.view.file or decision.subpath == decision.place.subpath:
        return spec
    named = decision.view.root.joined(part for part in decision.subpath.split("/") if part)
    found = registry.part(Resolver).look(named)[1]
    return spec if found is None or found.directory else named


def _agrees(registry: Registry, generator: URLGenerator, spec: AssetSpec, url: str, digest: str) -> bool:
    """Is what has this *digest* the version that the URL carries? It is, where the URL carries none of the bytes."""
    decision = generator.decide(spec, ask=False)
    buster = decision.busting.buster if decision.busting is not None else None
    if isinstance(buster, DigestCacheBuster):
        return digest[:DIGEST_LENGTH] in url
    if not isinstance(buster, TreeCacheBuster):
        return True
    count = buster.tree().latest or buster.tree().current()
    counted = count.files.get(buster.name_of(decision.address or spec) or "")
    if counted is None or not counted.proven or f"~{count.version}/" not in url:
        return counted is None or not counted.proven
    if counted.digest == digest:
        return True
    buster.tree().noticed()
    return False
