"""What is published, read once: the bytes of each asset into the store, their digests, and the references in them."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import BinaryIO, NamedTuple

from assetzcml.errors import ConfigurationWarning, Origin, Problem, few
from assetzcml.publishing.assets import READ_WHOLE, AssetToFreeze, changed
from assetzcml.publishing.frozen_tree import integrity_text
from assetzcml.publishing.progress import Progress
from assetzcml.publishing.rewriting import is_rewritten, links_to_ours
from assetzcml.publishing.workers import spread
from assetzcml.reports.inventory import Inventory, Item, PlainAsset, PossibleAsset, seen
from assetzcml.resolving.batches import Batch
from assetzcml.resolving.digests import CHUNK
from assetzcml.resolving.fingerprints import fingerprint
from assetzcml.resolving.objects import Objects, StoredObject
from assetzcml.urls.references import URLReference, language_of

__all__ = ["Reading"]

FOLLOWED = 8 << 20  # bytes; in what is larger no references are looked for


class Taken(NamedTuple):
    """
    What is in an asset: of its bytes the digest, the integrity and the size; the references that it has, and those that are
    bare names. *text* is all of it where that may be rewritten; else it was written to *path*, None where it is stored already.
    """

    digest: str
    integrity: str
    size: int
    found: Sequence[URLReference] = ()
    bare: Sequence[URLReference] = ()
    text: str | None = None
    path: str | None = None


class Reading:
    """One reading of all that a registry publishes. *problems* are added to."""

    def __init__(self, inventory: Inventory, objects: Objects, batch: Batch, problems: list[Problem]):
        self._inventory = inventory
        self._objects = objects
        self._batch = batch
        self._problems = problems
        self._assets: dict[str, AssetToFreeze] = {}

    def read(self, pool: Executor, jobs: int, progress: Progress) -> dict[str, AssetToFreeze]:
        """The assets, by the places that they have without a version. Those that are large are read last, several at once."""
        candidates = self._inventory.candidates()
        if self._inventory.unserved:
            told = few(sorted(repr(str(spec)) for spec in self._inventory.unserved), 3)
            message = f"not frozen, since no static view answers such names: {told}"
            warnings.warn(message, ConfigurationWarning, stacklevel=2)
        large = []
        looks = zip(candidates, spread(self._look, candidates, jobs), strict=True)
        for candidate, looked in progress(looks, len(candidates), "Reading"):
            found, said = self._with_content(candidate, seen(candidate)) if looked is None else looked
            asset = self._new(candidate, found)
            if asset is not None and said is not None:
                self._take(asset, said)
            elif asset is not None:
                large.append(asset)
        for _ in progress(pool.map(self._read_large, large), len(large), "Reading"):
            pass
        for asset in self._assets.values():
            if len(asset.item.counted) == 64 and asset.digest and asset.item.counted != asset.digest:
                self._problems.append(changed(asset))
        return dict(sorted(self._assets.items()))

    def _look(self, candidate: PossibleAsset) -> tuple[PlainAsset | None, Taken | None] | None:
        """What there is, perhaps in a copy of this process; None for what is in an archive, which cannot be sent from there."""
        found = seen(candidate)
        if found is not None and found.source.location.member is not None:
            return None
        return self._with_content(candidate, found)

    def _with_content(
        self, candidate: PossibleAsset, found: PlainAsset | None
    ) -> tuple[PlainAsset | None, Taken | None]:
        """With what is in it, unless it is too large to be read with the look."""
        if found is None or found.data is None:
            return found, None
        return found._replace(data=None), taken(candidate.spec.name, found.data, self._batch)

    def _new(self, candidate: PossibleAsset, found: PlainAsset | None) -> AssetToFreeze | None:
        """The asset of this candidate; None, and a problem, where another view publishes one at the same place."""
        if found is None:
            return None
        item = self._inventory.item(candidate, found)
        asset = AssetToFreeze(item, str(item.place))
        known = self._assets.setdefault(asset.key, asset)
        if known is asset:
            return asset
        also = [("the other", origin) for origin in [known.item.view.origin] if origin is not None]
        message = f"two static views publish {asset.key!r}: {known.item.view} and {item.view}"
        self._problems.append(Problem(item.view.origin, message, also=also))
        return None

    def _take(self, asset: AssetToFreeze, said: Taken) -> None:
        asset.digest, asset.integrity, asset.size = said.digest, said.integrity, said.size
        asset.found, asset.bare = list(said.found), list(said.bare)
        if said.path is not None:
            self._batch.take(said.path, said.digest)
        if said.text is None:
            return
        if asset.item.tree is None:
            asset.text = said.text
        else:  # references carry the version of the tree as they are
            self._batch.add(said.text.encode("utf-8"), said.digest)

    def _read_large(self, asset: AssetToFreeze) -> None:
        try:
            data = _bytes(asset.item)
            if data is None:
                self._problems.append(changed(asset))
            elif isinstance(data, str):
                asset.digest, asset.integrity, asset.size = self._copied(data)
            else:
                self._take(asset, taken(asset.item.spec.name, data, self._batch))
        except OSError as error:
            message = f"{str(asset.item.spec)!r} cannot be read: {error.strerror or error}"
            self._problems.append(Problem(Origin(asset.item.file), message))

    def _copied(self, path: str) -> tuple[str, str, int]:
        """Keep the content of a large file, read once."""
        with open(path, "rb", buffering=0) as stream:
            digest, integrity, size = _summed(stream)
            stream.seek(0)
            stored = self._objects.put(stream, StoredObject(digest, size))
        if stored != (digest, size):
            raise OSError(errno.EBUSY, "it changes while it is read", path)
        return digest, integrity, size


def taken(name: str, data: bytes, batch: Batch) -> Taken:
    """What is in an asset, which goes into *batch* unless it may be rewritten."""
    digest, bare = hashlib.sha256(data).hexdigest(), list[URLReference]()
    text = _text(name, data)
    found = () if text is None else tuple(links_to_ours(name, text, bare))
    if found and is_rewritten(name):
        return Taken(digest, integrity_text(data), len(data), found, bare, text)
    return Taken(digest, integrity_text(data), len(data), found, bare, None, batch.write(data, digest))


def _text(name: str, data: bytes) -> str | None:
    """The text of what may refer to other assets; None for what does not, or is no UTF-8."""
    if language_of(name) is None or len(data) > FOLLOWED:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _bytes(item: Item) -> bytes | str | None:
    """What an asset is: its bytes, or the path of what is too large to be held; None for what has changed."""
    source = item.seen
    if source.location.member is not None:
        return source.location.member.read_bytes()
    with open(source.location.path, "rb", buffering=0) as stream:
        if fingerprint(os.fstat(stream.fileno())) != source.fingerprint:
            return None
        if source.size > READ_WHOLE:
            return source.location.path
        data = stream.readall()
        return data if fingerprint(os.fstat(stream.fileno())) == source.fingerprint else None


def _summed(stream: BinaryIO) -> tuple[str, str, int]:
    """The digest, the integrity and the size of all that a stream has, a piece at a time."""
    digest, integrity, size = hashlib.sha256(), hashlib.sha384(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        integrity.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), f"sha384-{base64.b64encode(integrity.digest()).decode()}", size
