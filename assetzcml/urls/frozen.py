"""The URLs of what was frozen, from its manifest alone: the sources may be on another machine, or nowhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from assetzcml.errors import InvalidSpec, NotPublished
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.registry import Registry
from assetzcml.resolving.frozen import FrozenRelease, frozen_release
from assetzcml.typing import SpecLike
from assetzcml.urls.generator import PLAIN, Decision, URLGenerator
from assetzcml.urls.queries import URLOptions, quoted_base_url

__all__ = ["FrozenURLs", "frozen_integrity", "frozen_url"]


class FrozenURLs(URLGenerator):
    """Makes the URLs of a frozen release. No cache buster is asked: the versions stand in the names."""

    remembers_for_all = True

    def decide(
        self,
        spec: SpecLike | AssetSpec,
        request: Any = None,
        options: URLOptions = PLAIN,
        *,
        anew: bool = False,
        ask: bool = True,
    ) -> Decision:
        """The URL of an asset as it was frozen. Raises InvalidSpec, NotPublished."""
        url, _ = _found(self.registry, spec)
        nowhere: Any = None  # where it would be published, were the sources here
        return Decision(_quoted(url) + options.following, nowhere, url, options)


def _quoted(url: str) -> str:
    host, slash, path = url.partition("/") if "//" not in url else _split(url)
    return f"{quoted_base_url(host) if host else ''}{slash}{quote(path, safe=PATH_SAFE)}"


def _split(url: str) -> tuple[str, str, str]:
    scheme, _, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    return f"{scheme}//{host}", slash, path


def _found(registry: Registry, spec: SpecLike | AssetSpec) -> tuple[str, str]:
    """The URL and the integrity of an asset. Raises InvalidSpec, NotPublished."""
    release: FrozenRelease | None = registry.snapshot.derived(frozen_release)
    assert release is not None
    text = str(spec)
    found = release.url(text)
    if found is None:
        try:
            address = str(asset_spec(spec)) + ("/" if text.endswith("/") else "")
        except InvalidSpec:
            if text.startswith("./"):
                raise NotPublished(f"the frozen release {release.digest[:12]} has no {text!r}") from None
            raise
        found = release.url(address)
    if found is None:
        raise NotPublished(f"the frozen release {release.digest[:12]} has no {text!r}")
    return found


def frozen_url(registry: Registry, spec: SpecLike | AssetSpec) -> tuple[str, str | None]:
    """
    The URL of an asset as it was frozen, without what the application is mounted at, and its integrity.

    Raises InvalidSpec, NotPublished.
    """
    url, integrity = _found(registry, spec)
    return _quoted(url), integrity or None


def frozen_integrity(registry: Registry, spec: SpecLike | AssetSpec) -> str:
    """The `integrity` of an asset as it was frozen. Raises InvalidSpec; FileNotFoundError for what is not there."""
    try:
        return _found(registry, spec)[1]
    except NotPublished as error:
        raise FileNotFoundError(str(error)) from None
