"""
Is a frozen directory, or what was published of it, what it promises? Everything is computed again; nothing is believed.
"""

from __future__ import annotations

import hashlib
import http.client
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from assetzcml.publishing.frozen_tree import FrozenTree, file_names, forever, integrity_of, plain_file_names
from assetzcml.records.readers import CODINGS
from assetzcml.resolving.decoders import decoded
from assetzcml.resolving.objects import BrokenObject
from assetzcml.resolving.releases import BrokenRelease, Release, Released

__all__ = ["verified", "verified_at"]

SAFE = "/!$&'()*,;=:@~"  # of a URL; services read '+' as a blank


def verified(directory: str | os.PathLike[str]) -> Iterator[str]:
    """What is wrong with a frozen directory, in words; nothing where all of every release is as it was frozen."""
    tree = FrozenTree(directory)
    stamps = tree.releases.stamps()
    if not stamps:
        yield "there is no release"
    elif tree.current not in {stamp.digest for stamp in stamps}:
        yield "current: it leads to no release that is there"
    known: dict[str, list[str]] = {}
    for stamp in stamps:
        name = f"generations/{stamp.digest}.json"
        try:
            release = tree.releases.read(stamp.digest)
            assets = list(release)
        except (OSError, BrokenRelease) as error:
            yield f"{name}: {error}"
            continue
        for asset in assets:
            for fault in _of_asset(tree, asset, known):
                yield f"{name}: {asset.name}: {fault}"
            prefix = f"{stamp.digest}/"
            plain = {path.replace("/", f"/{prefix}", 1): digest for path, digest in plain_file_names(asset).items()}
            for path, digest in {**file_names(asset), **plain}.items():
                if not _is(tree, path, digest):
                    yield f"{path}: it is not what {name} says"


def _of_asset(tree: FrozenTree, asset: Released, known: dict[str, list[str]]) -> Iterator[str]:
    """The faults of contents; those of one content are found once."""
    key = f"{asset.object} {asset.integrity} {asset.size} {sorted(asset.variants.items())}"
    if key not in known:
        known[key] = list(_of_contents(tree, asset))
    yield from known[key]


def _of_contents(tree: FrozenTree, asset: Released) -> Iterator[str]:
    try:
        data = tree.objects.read(asset.object)
    except FileNotFoundError:
        yield f"its content {asset.object[:12]} is missing"
        return
    except (OSError, BrokenObject):
        yield f"its content {asset.object[:12]} has another digest, or cannot be read"
        return
    if len(data) != asset.size or integrity_of(data) != asset.integrity:
        yield "its size or integrity is not that of its content"
    for coding, (digest, size) in asset.variants.items():
        try:
            variant = tree.objects.read(digest)
        except (OSError, BrokenObject):
            yield f"its {coding} variant is missing, or has another digest"
            continue
        if len(variant) != size or size >= asset.size or decoded(variant, coding) != data:
            yield f"its {coding} variant is not one of its content"


def _is(tree: FrozenTree, path: str, digest: str) -> bool:
    full = f"{tree.directory}/{path}"
    try:
        status = os.lstat(full)
        if os.path.samestat(status, os.lstat(tree.objects.path(digest))):
            return True
        with open(full, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest() == digest
    except OSError:
        return False


# Through a CDN.

JOBS = 16  # requests at a time
PATIENCE = 30.0  # seconds
LARGEST_MANIFEST = 1 << 30


def verified_at(url: str, release: str | None = None) -> Iterator[str]:
    """
    What is wrong with a published release as clients get it, below *url*: each name for ever is fetched and compared, its
    status, bytes, type, caching and coding. Without *release*, that of the pointer. A fallback page with status 200 is found.
    """
    base = url.rstrip("/")
    try:
        digest = release or _fetched(f"{base}/current").body.decode("ascii").strip()
        manifest = _fetched(f"{base}/generations/{digest}.json")
        if manifest.status != 200 or hashlib.sha256(manifest.body).hexdigest() != digest:
            yield f"{base}/generations/{digest[:64]}.json: it is not the manifest that has this digest (status {manifest.status})"
            return
        found = Release(digest, manifest.body)
        assets = list(found)
    except (OSError, http.client.HTTPException, ValueError) as error:
        yield f"{base}: there is no release: {error}"
        return
    tasks: list[tuple[str, str, int, dict[str, str], str | None]] = []
    for asset in assets:
        if asset.permission is not None:
            continue
        headers = dict(found.about["headers"][asset.more["headers"]]) if "headers" in asset.more else {}
        for path in forever(asset):
            tasks.append((f"{base}/{quote(path, safe=SAFE)}", asset.object, asset.size, headers, None))
            for coding, (variant, size) in asset.variants.items():
                name = f"{base}/{quote(path + CODINGS[coding], safe=SAFE)}"
                tasks.append((name, variant, size, headers, coding))
    with ThreadPoolExecutor(JOBS) as pool:
        for fault in pool.map(lambda task: _fault_at(*task), tasks):
            if fault is not None:
                yield fault


def _fault_at(url: str, digest: str, size: int, headers: dict[str, str], coding: str | None) -> str | None:
    try:
        answer = _fetched(url)
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error}"
    if answer.status != 200:
        return f"{url}: the status is {answer.status}"
    if hashlib.sha256(answer.body).hexdigest() != digest:
        kind = answer.headers.get("content-type")
        return f"{url}: {len(answer.body):,} other bytes of type {kind!r}, not the {size:,} published"
    said = {**({} if coding is None else {"Content-Encoding": coding})}
    said |= {name: headers[name] for name in ("Content-Type", "Cache-Control") if name in headers}
    for name, value in said.items():
        if answer.headers.get(name.lower()) != value:
            return f"{url}: {name} is {answer.headers.get(name.lower())!r}, and was published as {value!r}"
    return None


class _Fetched(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def _fetched(url: str) -> _Fetched:
    """One answer, as it is sent: nothing is followed, nothing is decoded."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept-Encoding": "identity", "User-Agent": "assetzcml"})
        response = connection.getresponse()
        body = response.read(LARGEST_MANIFEST)
        return _Fetched(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    finally:
        connection.close()
