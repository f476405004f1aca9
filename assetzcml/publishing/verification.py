"""
Is a frozen directory what it promises? Everything is computed again; nothing is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator

from assetzcml.publishing.frozen_tree import FrozenTree, file_names, index_of, integrity_text, plain_file_names
from assetzcml.publishing.plans import POINTER, manifest_key, object_key, pointer_of, steps_of
from assetzcml.resolving.decoders import decoded
from assetzcml.resolving.objects import BrokenObject
from assetzcml.resolving.releases import BrokenRelease, Release, Released

__all__ = ["verified"]


def verified(directory: str | os.PathLike[str]) -> Iterator[str]:
    """
    What is wrong with a directory that was frozen, or published to, in words; nothing where all of every release is as it
    was frozen. Plain names of a directory that was published to are those of the release that it serves.
    """
    tree = FrozenTree(directory)
    if tree.current is None and (pointer := pointer_of(tree.directory)) is not None:
        yield from _published(tree, pointer)
        return
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
        if not _is_index(tree, release):
            yield f"generations/{stamp.digest}.index: it is not that of {name}"
        for asset in assets:
            for fault in _of_asset(tree, asset, known):
                yield f"{name}: {asset.name}: {fault}"
            prefix = f"{stamp.digest}/"
            plain = {path.replace("/", f"/{prefix}", 1): digest for path, digest in plain_file_names(asset).items()}
            for path, digest in {**file_names(asset), **plain}.items():
                if not _is(tree, path, digest):
                    yield f"{path}: it is not what {name} says"


def _published(tree: FrozenTree, pointer: str) -> Iterator[str]:
    """The faults of a directory that was published to, where names lie beside each other."""
    stamps = {stamp.digest for stamp in tree.releases.stamps()}
    if pointer not in stamps:
        yield f"{POINTER}: it leads to no release that is there"
    for each in sorted(stamps):
        name = manifest_key(each)
        try:
            release = tree.releases.read(each)
            steps = [*steps_of(release, "headers"), *(steps_of(release, "plain") if each == pointer else ())]
            contents = sorted({digest for asset in release for digest in asset.objects})
        except (OSError, BrokenRelease) as error:
            yield f"{name}: {error}"
            continue
        if not _is_index(tree, release):
            yield f"{name.replace('.json', '.index')}: it is not that of {name}"
        for path, digest in [*((object_key(each), each) for each in contents), *((s.key, s.digest) for s in steps)]:
            if not _has(tree, path, digest):
                yield f"{path}: it is not what {name} says"


def _is_index(tree: FrozenTree, release: Release) -> bool:
    """Is the index beside a manifest what the manifest says? Who serves it looks at nothing else."""
    try:
        with open(tree.releases.path(release.digest), "rb") as stream:
            manifest = stream.read()
        with open(tree.index_path(release.digest), "rb") as stream:
            return stream.read() == index_of(manifest, release.digest, release, release.about)
    except (OSError, KeyError, IndexError, TypeError):
        return False


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
    if len(data) != asset.size or integrity_text(data) != asset.integrity:
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
    with contextlib.suppress(OSError):
        if os.path.samestat(os.lstat(f"{tree.directory}/{path}"), os.lstat(tree.objects.path(digest))):
            return True
    return _has(tree, path, digest)


def _has(tree: FrozenTree, path: str, digest: str) -> bool:
    """Has a file these bytes?"""
    try:
        with open(f"{tree.directory}/{path}", "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest() == digest
    except OSError:
        return False
