"""What a framework publishes by itself, as records of our registry: several directories under one name, or one.

These are the weakest records: whatever ZCML or a call says of the same name or files goes before them. Nothing here
knows a framework.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from assetzcml.errors import Origin
from assetzcml.interfaces import IBusting, IOverride, IStaticView
from assetzcml.records.assets import AssetSpec, Busting, Override, StaticViewRecord, asset_spec
from assetzcml.registry import Registry, ledger, next_generation

__all__ = ["Directory", "bust", "directory_spec", "is_declared", "member_of", "merge", "merged", "publish_root"]

WEAKEST = 0  # the generation before every load and call


class Directory(NamedTuple):
    """A directory that a framework publishes, below *prefix*, because of the setting or call at *origin*."""

    spec: AssetSpec
    origin: Origin
    prefix: tuple[str, ...] = ()


def publish_root(registry: Registry, name: str, root: AssetSpec, origin: Origin, **options: Any) -> None:
    """
    Publish the directory *root* under *name*, unless something else has that name.

    *options* are the attributes of a StaticViewRecord. Raises ValueError for a bad name.
    """
    record = StaticViewRecord(name=name, root=root, origin=origin, generation=WEAKEST, **options)
    with ledger(registry).lock:
        known = registry.queryUtility(IStaticView, name)
        if known is None or (known.generation == WEAKEST and known.root == root and known != record):
            registry.add(record)


def is_declared(registry: Registry, name: str, root: AssetSpec) -> bool:
    """Does ZCML, or a call, publish another directory than *root* under *name*?"""
    known = registry.queryUtility(IStaticView, name)
    return known is not None and known.generation != WEAKEST and known.root != root


def merge(
    registry: Registry, name: str, root: AssetSpec, directories: Iterable[Directory], origin: Origin, **options: Any
) -> None:
    """
    Publish *directories*, the first before the next, as the one root *root* under *name*.

    A static view that has the name already lends it its options, and its root is one of the directories, the first
    where it is none of them. A second call replaces what the former one published.
    """
    with ledger(registry).lock:
        wanted = list(directories)
        known = registry.queryUtility(IStaticView, name)
        if known is not None and known.file:
            return
        if known is None or known.generation == WEAKEST:
            publish_root(registry, name, root, origin, **options)
        else:
            lent = known.root if known.root != root else _lent(registry, root, known.origin)
            if lent is not None and lent not in [each.spec for each in wanted if not each.prefix]:
                wanted.insert(0, Directory(lent, known.origin or origin))
            if known.root != root:
                registry.add(replace(known, root=root, generation=next_generation(registry)))
        _replace(registry, root, list(_overrides(root, wanted)))


def _lent(registry: Registry, root: AssetSpec, origin: Origin | None) -> AssetSpec | None:
    """The root that the static view of *origin* had before it was given the merged *root*; None when it never had one."""
    known = (each.source for each in merged(registry, root) if each.target == root and each.origin == origin)
    return next(known, None)


def _overrides(root: AssetSpec, directories: Iterable[Directory]) -> Iterable[Override]:
    said = set()
    for number, each in enumerate(directories):
        target = root.joined(each.prefix)
        if (target, each.spec) not in said:
            said.add((target, each.spec))
            yield Override(
                target=target,
                source=each.spec,
                file=False,
                merged=True,
                origin=each.origin,
                generation=WEAKEST,
                rank=(number,),
            )


def _replace(registry: Registry, root: AssetSpec, wanted: list[Override]) -> None:
    present = {
        record: name
        for name, record in registry.getUtilitiesFor(IOverride)
        if record.merged and record.target.under(root)
    }
    same = [(each, each.rank) for each in wanted]
    for record, name in present.items():
        if (record, record.rank) not in same:
            registry.unregisterUtility(record, IOverride, name)
    for record in wanted:
        if not any(record == known and record.rank == known.rank for known in present):
            registry.add(record)


def bust(registry: Registry, path: AssetSpec, buster: Any, wording: str, origin: Origin) -> None:
    """Let *buster* work on what is below *path* where no other buster does; None: nothing does."""
    with ledger(registry).lock:
        known = registry.queryUtility(IBusting, str(path))
        if known is not None and known.wording != wording and known.generation == WEAKEST:
            registry.unregisterUtility(known, IBusting, str(path))
            known = None
        if buster is not None and known is None:
            registry.add(Busting(path=path, buster=buster, wording=wording, origin=origin, generation=WEAKEST))


def directory_spec(path: str | os.PathLike[str]) -> AssetSpec:
    """
    The spec of a directory: in the package that it lies in, of those that are imported, else its absolute path.

    >>> import assetzcml
    >>> print(directory_spec(next(iter(assetzcml.__path__)) + "/zcml"))
    assetzcml.zcml:
    """
    found, length = asset_spec(os.path.abspath(path)), 0
    for name, module in sorted(sys.modules.items()):
        for portion in _portions(module) if name != "__main__" else ():
            whole = asset_spec(os.path.abspath(portion))
            if len(whole.parts) > length and asset_spec(os.path.abspath(path)).under(whole):
                length = len(whole.parts)
                found = AssetSpec(name, asset_spec(os.path.abspath(path)).below(whole))
    return found


def _portions(module: Any) -> list[str]:
    """The directories of a package; [] for all else that `sys.modules` may have."""
    try:
        path = object.__getattribute__(module, "__dict__").get("__path__") or ()
        return [portion for portion in path if isinstance(portion, str) and os.path.isabs(portion)]
    except (AttributeError, TypeError):
        return []


def merged(registry: Registry, root: AssetSpec) -> list[Override]:
    """The directories that *root* is made of, in their order."""
    return [each for each in registry.snapshot.overrides if each.merged and each.target.under(root)]


def member_of(registry: Any, root: AssetSpec, parts: tuple[str, ...]) -> AssetSpec:
    """
    The asset in the first of the directories merged in *root* that has it; where none has, the one below *root*.

    It is the address by which packages override it, and by which a cache buster of a package reaches it.
    """
    spec = root.joined(parts)
    for each in merged(registry, root):
        if spec.under(each.target):
            member = spec.moved(each.target, each.source)
            if registry.resolve(member).exists():
                return member
    return spec
