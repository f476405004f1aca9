"""
Is what a CDN gives to clients what was published? Each name is fetched, and nothing of it is kept: it is digested as it comes.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from assetzcml.publishing.plans import Step, manifest_key, steps_of
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.records.readers import CODINGS
from assetzcml.resolving.objects import is_digest
from assetzcml.resolving.releases import BrokenRelease, Release

__all__ = ["verified_at"]

SAFE = PATH_SAFE.replace("+", "")  # services read '+' as a blank
JOBS = 16  # requests at a time
AHEAD = 4 * JOBS  # of these, that wait for their turn
PATIENCE = 30.0  # seconds for each step of a request
CHUNK = 1 << 16
LARGEST_MANIFEST = 1 << 30
COMPARED = ("Content-Type", "Content-Encoding", "Cache-Control")


class _Fetched(NamedTuple):
    """An answer: *size* and *digest* are those of the body, *body* its beginning, as far as it was asked for."""

    status: int
    headers: dict[str, str]
    size: int
    digest: str
    body: bytes


def verified_at(url: str, release: str | None = None) -> Iterator[str]:
    """
    What is wrong with a published release as clients get it, below *url*: each name is fetched and compared, its status,
    bytes, type, caching and coding. Without *release*, that of the pointer. At most so many requests at a time, and of no
    body more than a step in memory.
    """
    base = url.rstrip("/")
    try:
        digest = release or ""
        if release is None:
            pointer = _fetched(f"{base}/current", keep=1000)
            digest = pointer.body.decode("ascii", "replace").strip()
            if pointer.status != 200 or not is_digest(digest):
                what = f"it names no release, but {digest[:40]!r}"
                what = what if pointer.status == 200 else f"the status is {pointer.status}"
                yield f"{base}/current: {what}; is that where a release was published, for everybody to read?"
                return
        manifest = _fetched(f"{base}/{manifest_key(digest)}", keep=LARGEST_MANIFEST)
    except (OSError, http.client.HTTPException, ValueError) as error:
        yield f"{base}: there is no release: {error}"
        return
    if manifest.status != 200 or manifest.digest != digest:
        yield f"{base}/{manifest_key(digest)}: it is not the manifest that has this digest (status {manifest.status})"
        return
    try:
        found = Release(digest, manifest.body)
        sizes = {each: size for asset in found for each, size in [(asset.object, asset.size), *asset.variants.values()]}
        private = {asset.name for asset in found if asset.permission is not None}
        steps = [*_public(found, "headers", private), *(() if release else _public(found, "plain", private))]
    except BrokenRelease as error:
        yield f"{base}/{manifest_key(digest)}: {error}"
        return
    with ThreadPoolExecutor(JOBS) as pool:
        assets = {step.key: step for step in steps}

        def fault(step: Step) -> str | None:
            coding = step.headers.get("Content-Encoding")
            asset = None if coding is None else assets.get(step.key.removesuffix(CODINGS[coding]))
            return _fault_of(base, step, asset, sizes)

        yield from _in_turn(pool.submit(fault, step) for step in steps)


def _public(release: Release, word: str, private: set[str]) -> Iterator[Step]:
    """The names that a client may ask for without a permission."""
    return (step for asset in release if asset.name not in private for step in steps_of(release, word, [asset]))


def _in_turn(asked: Iterable[Future[str | None]]) -> Iterator[str]:
    """The faults, in order; only so many are asked for ahead."""
    waiting: deque[Future[str | None]] = deque()
    for future in asked:
        waiting.append(future)
        if len(waiting) >= AHEAD:
            yield from filter(None, [waiting.popleft().result()])
    while waiting:
        yield from filter(None, [waiting.popleft().result()])


def _fault_of(base: str, step: Step, asset: Step | None, sizes: dict[str, int]) -> str | None:
    """
    What is wrong with one name, in words; None where nothing is. A variant that has no address of its own may be what a
    server chooses in the place of its *asset*.
    """
    url, coding = _url(base, step), step.headers.get("Content-Encoding")
    answer = _tried(url, coding, sizes[step.digest])
    if isinstance(answer, str):
        return answer
    if asset is not None and answer.status == 404:
        chosen = _tried(_url(base, asset), coding, max(sizes[step.digest], sizes[asset.digest]))
        if not isinstance(chosen, str) and "accept-encoding" in chosen.headers.get("vary", "").lower():
            if "content-encoding" not in chosen.headers:  # it knows other codings; the asset is looked at by itself
                return None
            return _fault_in(_url(base, asset), chosen, step, sizes[step.digest])
    return _fault_in(url, answer, step, sizes[step.digest])


def _url(base: str, step: Step) -> str:
    return f"{base}/{quote(step.key, safe=SAFE)}"


def _tried(url: str, coding: str | None, size: int) -> _Fetched | str:
    """An answer; or what is wrong, in words."""
    try:
        return _fetched(url, coding or "identity", most=size + 1)
    except http.client.IncompleteRead:
        return f"{url}: the answer ends before its end"
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error}"


def _fault_in(url: str, answer: _Fetched, step: Step, size: int) -> str | None:
    """What an answer has that was not published, in words; None where it has nothing."""
    coding = step.headers.get("Content-Encoding")
    kind, sent = answer.headers.get("content-type"), answer.headers.get("content-encoding")
    if answer.status != 200:
        return f"{url}: the status is {answer.status}"
    if sent != coding:
        if coding is None:
            return f"{url}: it is compressed on its way, as {sent!r}, though that was not asked for"
        return f"{url}: Content-Encoding is {sent!r}, and was published as {coding!r}"
    if answer.digest != step.digest:
        if (kind or "").startswith("text/html") and not step.headers.get("Content-Type", "").startswith("text/html"):
            return (
                f"{url}: a page is answered in its place, with status 200 and {_bytes(answer, size)} of type {kind!r}"
            )
        return f"{url}: {_bytes(answer, size)} of type {kind!r}, not the {size:,} published"
    for name in COMPARED:
        value = step.headers.get(name)
        if value is not None and answer.headers.get(name.lower()) != value:
            return f"{url}: {name} is {answer.headers.get(name.lower())!r}, and was published as {value!r}"
    return None


def _bytes(answer: _Fetched, size: int) -> str:
    return f"{answer.size:,} other bytes" if answer.size <= size else f"more than {size:,} other bytes"


def _fetched(url: str, coding: str = "identity", keep: int = 0, most: int = LARGEST_MANIFEST) -> _Fetched:
    """
    One answer, as it is sent: nothing is followed, nothing is decoded. Of the body *most* bytes are read, and *keep* kept.

    Raises OSError and HTTPException, IncompleteRead where it ends too early.
    """
    parts = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(parts.netloc, timeout=PATIENCE, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    )
    try:
        connection.request("GET", parts.path or "/", headers={"Accept-Encoding": coding, "User-Agent": "assetzcml"})
        response = connection.getresponse()
        digest, size, kept = hashlib.sha256(), 0, bytearray()
        while size < most and (chunk := response.read(min(CHUNK, most - size))):
            digest.update(chunk)
            size += len(chunk)
            kept += chunk[: max(0, keep - len(kept))]
        if size < most and response.length:
            raise http.client.IncompleteRead(b"", response.length)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return _Fetched(response.status, headers, size, digest.hexdigest(), bytes(kept))
    finally:
        connection.close()
