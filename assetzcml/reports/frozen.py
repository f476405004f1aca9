"""Why what was frozen is answered as it is: from the manifest, which says what each asset was and who decided so then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from assetzcml.errors import ConfigurationError
from assetzcml.registry import Snapshot
from assetzcml.resolving.frozen import FrozenRelease, frozen_release
from assetzcml.resolving.releases import BrokenRelease, Released, Releases

__all__ = ["FrozenAsset", "frozen_asset"]


class FrozenAsset(NamedTuple):
    """
    What a release has under a name: the asset, the *headers* that are said of it, and its *url*. *path* is that of the
    release's manifest. Without an asset the release has nothing there.
    """

    path: str
    release: str
    asset: Released | None = None
    url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def lines(self) -> Iterator[tuple[str, str]]:
        """For people: pairs of a label and what is said."""
        yield "frozen", f"release {self.release[:12]}, {self.path}"
        if self.asset is not None:
            yield "source", self.asset.source
            if "origin" in self.asset.more:
                yield "decided by", str(self.asset.more["origin"])
            sizes = [f"{self.asset.size:,} bytes", *(f"{coding} {size:,}" for coding, (_, size) in self.variants())]
            for number, (name, value) in enumerate(self.headers):
                yield ("" if number else "headers"), f"{name}: {value}"
            yield "content", f"{self.asset.object[:12]}: {', '.join(sizes)}"

    def variants(self) -> list[tuple[str, tuple[str, int]]]:
        return [] if self.asset is None else sorted(self.asset.variants.items())

    def data(self) -> dict[str, Any]:
        """For programs."""
        said = None if self.asset is None else {"name": self.asset.name, **self.asset.said()}
        return {"manifest": self.path, "release": self.release, "asset": said}


def frozen_asset(snapshot: Snapshot, asked: str) -> FrozenAsset:
    """What the release that *snapshot* serves has for a spec, or for a URL or its path. Raises ConfigurationError."""
    release = snapshot.derived(frozen_release)
    assert release is not None
    try:
        manifest = Releases(release.directory).read(release.digest)
    except (OSError, BrokenRelease) as error:
        raise ConfigurationError(f"{release.path}: {error}") from None
    parts = urlsplit(asked)
    names = {asked, asked.rstrip("/"), unquote(parts.path).lstrip("/")}
    if parts.netloc:
        names.add(f"{parts.scheme}://{parts.netloc}/{unquote(parts.path).lstrip('/')}")
    for asset in manifest:
        more = asset.more
        host = f"{more['host']}/" if "host" in more else ""
        forever = [f"{host}{path}" for path in ([more["url"]] if "url" in more else []) + list(more.get("also", ()))]
        plain = f"{host}{more['path']}"
        if names & {asset.spec, plain, *forever}:
            number = more["plain"] if "plain" in more and plain in names else more.get("headers", more.get("plain"))
            return FrozenAsset(release.path, release.digest, asset, _url(release, asset), _headers(release, number))
    return FrozenAsset(release.path, release.digest)


def _url(release: FrozenRelease, asset: Released) -> str | None:
    found = release.url(asset.spec)
    return None if found is None else found[0]


def _headers(release: FrozenRelease, number: int | None) -> tuple[tuple[str, str], ...]:
    return () if number is None else tuple((name, value) for name, value in release.about["headers"][number])
