"""
A site as files: every asset as it is served, under a name that never gets other bytes, compressed, with a manifest.

The same inputs give the same bytes, whatever the directory, the time, the locale, the order of directories or the number of
jobs: nothing but contents, names and what is declared goes in. What was frozen before and is the same is not made again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.publishing.assets import AssetToFreeze, changed, has_changed
from assetzcml.publishing.coding import Budget, Codings, overweight
from assetzcml.publishing.compress import COMPRESSORS, available
from assetzcml.publishing.describing import Description
from assetzcml.publishing.following import Following
from assetzcml.publishing.frozen_tree import FrozenTree, file_names, index_of, plain_file_names
from assetzcml.publishing.names import Names, collisions
from assetzcml.publishing.progress import Progress, untold
from assetzcml.publishing.reading import Reading
from assetzcml.registry import Registry
from assetzcml.reports.inventory import Inventory
from assetzcml.resolving.batches import Batch
from assetzcml.resolving.releases import release_bytes

__all__ = ["Budget", "FreezeResult", "freeze"]

CODINGS = ("br", "zstd", "gzip")  # in the order in which they are offered


@dataclass
class FreezeResult:
    """What became of a run: the *release*, its digest; how much is in it, what was made new, and what was removed."""

    release: str
    assets: int
    size: int
    compressed: int
    changed: bool
    made: int
    removed: list[str] = field(default_factory=list)


def freeze(
    registry: Registry,
    directory: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    plain: bool = False,
    codings: Sequence[str] | None = None,
    budgets: Sequence[Budget] = (),
    keep: int = 3,
    younger: float = 14 * 86_400.0,
    progress: Progress = untold,
) -> FreezeResult:
    """
    Freeze all that *registry* publishes into *directory*, and let it be the release that is served there.

    Everything has its digest or the version of its tree in its name; with *plain* its own name too. Former releases stay
    when they are among the *keep* used last, or were used in the last *younger* seconds. Bundles are built first.

    Raises ConfigurationError with every problem: what is referred to and is not there, what has grown over a budget, two
    assets of one name. The directory serves then what it served before. OSError and TimeoutError as the disk has it.
    """
    tree = FrozenTree(directory)
    wanted = tuple(codings) if codings is not None else tuple(each for each in CODINGS if each in available())
    for coding in wanted:
        COMPRESSORS[coding](b"")
    at_once = jobs or os.cpu_count() or 1
    with tree.writing(), Batch(tree.objects) as batch, ThreadPoolExecutor(at_once) as pool:
        run = _Run(registry, tree, batch, pool, plain, wanted)
        run.make(at_once, budgets, progress)
        return run.write(keep, younger)


class _Run:
    """One run, step by step."""

    def __init__(
        self,
        registry: Registry,
        tree: FrozenTree,
        batch: Batch,
        pool: ThreadPoolExecutor,
        plain: bool,
        codings: tuple[str, ...],
    ):
        self.registry = registry
        self.tree = tree
        self.batch = batch
        self.pool = pool
        self.plain = plain
        self.codings = codings
        self.coder = Codings(tree, batch, codings)
        self.problems: list[Problem] = []
        self.assets: dict[str, AssetToFreeze] = {}

    def make(self, jobs: int, budgets: Sequence[Budget], progress: Progress) -> None:
        """All that the release is made of, without a name yet. Raises ConfigurationError for what must not be released."""
        self._build()
        self.inventory = Inventory(self.registry)
        # First of all, for there is no other thread yet.
        self.assets = Reading(self.inventory, self.tree.objects, self.batch, self.problems).read(
            self.pool, jobs, progress
        )
        following = Following(self.registry.snapshot, self.assets, self.problems)
        following.follow()
        following.reach()
        self._refuse()
        Names(self.assets, self.batch, self.plain).give(progress)
        self.batch.commit()
        self.coder.compress(self.assets, self.pool, progress)
        self.problems += overweight(self.assets.values(), budgets)
        self.problems += collisions(self.assets.values())
        # What was read at the beginning is to be what is there at the end: else a deploy was copying meanwhile.
        self.problems += [changed(asset) for asset in self.assets.values() if has_changed(asset)]
        self._refuse()

    def _refuse(self) -> None:
        if self.problems:
            raise ConfigurationError(*self.problems)

    def _build(self) -> None:
        bundles = self.registry.above.bundles() if self.registry.snapshot.bundling else None
        if bundles is not None:
            bundles.environment.build()

    def write(self, keep: int, younger: float) -> FreezeResult:
        """The names and the manifest, and let that be the release that is served."""
        entries, about = Description(self.registry, self.inventory, self.assets, self.codings).release()
        manifest = release_bytes(entries, about)
        digest = hashlib.sha256(manifest).hexdigest()
        before = self.tree.current
        self.batch.commit()
        self.tree.objects.sync(iter({each for entry in entries for each in entry.objects}))
        names: dict[str, str] = {}
        plain: dict[str, str] = {}
        for entry in entries:
            names.update(file_names(entry))
            plain.update(plain_file_names(entry))
        self.tree.link_all(names, self.pool)
        self.tree.plain_names(digest, plain, self.pool)
        self.tree.finish(manifest, index_of(manifest, digest, entries, about), digest)
        self.coder.remember()
        removed = self.tree.prune(keep, younger)
        return FreezeResult(
            release=digest,
            assets=len(entries),
            size=sum(entry.size for entry in entries),
            compressed=sum(min([entry.size, *(size for _, size in entry.variants.values())]) for entry in entries),
            changed=before != digest,
            made=self.batch.made,
            removed=removed,
        )
