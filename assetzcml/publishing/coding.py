"""The compressed variants of what is frozen: each content once, and none that was made by the former run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from assetzcml.errors import Origin, Problem
from assetzcml.publishing.assets import READ_WHOLE, AssetToFreeze
from assetzcml.publishing.compress import COMPRESSORS, is_worth_it, library_version
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.progress import Progress
from assetzcml.records.patterns import Pattern
from assetzcml.resolving.batches import Batch
from assetzcml.resolving.files import bytes_there, replace_file

__all__ = ["Budget", "Codings", "overweight"]


class Budget(NamedTuple):
    """How many bytes a file may have when it is compressed best, of those that *pattern* matches."""

    size: int
    pattern: Pattern | None = None


class Codings:
    """Makes the *codings* of what lies in *tree*, which go into *batch*."""

    def __init__(self, tree: FrozenTree, batch: Batch, codings: Sequence[str]):
        self._tree = tree
        self._batch = batch
        self._codings = codings

    def compress(self, assets: Mapping[str, AssetToFreeze], pool: Executor, progress: Progress) -> None:
        """Give *assets* their variants."""
        self._batch.commit()
        known = self._known()
        wanted: dict[str, int] = {}
        for asset in assets.values():
            if self._codings and is_worth_it(asset.item.spec.name) and 0 < asset.size <= READ_WHOLE:
                wanted.setdefault(asset.digest, asset.size)
        # The largest first, so that no processor waits for one at the end.
        found = {digest: there for digest in wanted if (there := self._there(digest, known)) is not None}
        tasks = sorted(set(wanted) - set(found), key=lambda digest: (-wanted[digest], digest))
        done = pool.map(lambda digest: (digest, self._variants(digest)), tasks)
        for digest, variants in progress(done, len(tasks), "Compressing"):
            found[digest] = variants
        for asset in assets.values():
            if is_worth_it(asset.item.spec.name):
                asset.variants = found.get(asset.digest, {})

    def _known(self) -> dict[str, Mapping[str, tuple[str, int]]]:
        """The variants of the release that is served, by content; none where another library made them."""
        release = self._tree.served()
        if (
            release is None
            or release.about.get("codings") != list(self._codings)
            or bytes_there(self._made_with) != self._libraries()
        ):
            return {}
        return {asset.object: asset.variants for asset in release if is_worth_it(asset.name)}

    @property
    def _made_with(self) -> str:
        return f"{self._tree.directory}/codings.json"

    def _libraries(self) -> bytes:
        versions = {coding: library_version(coding) for coding in self._codings}
        return json.dumps(versions, sort_keys=True).encode() + b"\n"

    def _there(
        self, digest: str, known: Mapping[str, Mapping[str, tuple[str, int]]]
    ) -> dict[str, tuple[str, int]] | None:
        there = known.get(digest)
        if there is None or any(self._tree.objects.size(each) != size for each, size in there.values()):
            return None
        return dict(there)

    def remember(self) -> None:
        """Note who has made the variants, for the next run."""
        if bytes_there(self._made_with) != self._libraries():
            replace_file(self._made_with, self._libraries())

    def _variants(self, digest: str) -> dict[str, tuple[str, int]]:
        data = self._tree.objects.read(digest)
        found = {}
        for coding in self._codings:
            variant = COMPRESSORS[coding](data)
            if len(variant) < len(data):
                name = hashlib.sha256(variant).hexdigest()
                self._batch.add(variant, name)
                found[coding] = name, len(variant)
        return found


def overweight(assets: Iterable[AssetToFreeze], budgets: Sequence[Budget]) -> Iterator[Problem]:
    """The assets that are larger than the first of *budgets* that is meant for them, compressed best."""
    for asset in assets:
        size = min([asset.size, *(size for _, size in asset.variants.values())])
        parts = asset.item.place.path.split("/")
        for budget in budgets:
            if (budget.pattern is None or budget.pattern.matches(parts)) and size > budget.size:
                message = f"{str(asset.item.spec)!r} has {size:,} bytes compressed; the budget is {budget.size:,}"
                yield Problem(Origin(asset.item.file), message)
                break
