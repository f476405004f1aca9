"""The names that what is frozen gets, what refers to it rewritten; and which names no directory holds beside each other."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from assetzcml.errors import ConfigurationWarning, Origin, Problem, few
from assetzcml.publishing.assets import AssetToFreeze
from assetzcml.publishing.frozen_tree import integrity_text
from assetzcml.publishing.naming import Named, UnnamedFile, names_by_key
from assetzcml.publishing.progress import Progress
from assetzcml.publishing.rewriting import led_to, relative, rewritten_links
from assetzcml.reports.inventory import Item, URLPlace, versioned_place
from assetzcml.resolving.batches import Batch

__all__ = ["Names", "collisions"]

LONGEST_NAME = 255 - len(".zst")  # bytes, of POSIX systems and of Windows
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\]').search  # what else it does not hold has no URL
ALWAYS_PLAIN = ("html", "htm", "xhtml")  # pages are asked for by the names that people know


class Names:
    """Gives *assets* their names; with *plain* their own too. What is rewritten goes into *batch*."""

    def __init__(self, assets: Mapping[str, AssetToFreeze], batch: Batch, plain: bool):
        self._assets = assets
        self._batch = batch
        self._plain = plain

    def give(self, progress: Progress) -> None:
        """Name all of them."""
        files = {key: self._unnamed(asset) for key, asset in self._assets.items()}
        result = names_by_key(files)
        for each in progress(list(result.values()), len(result), "Naming"):
            self._renamed(each)

    def _unnamed(self, asset: AssetToFreeze) -> UnnamedFile:
        item = asset.item
        name: str | None = None
        version = item.tree or asset.version
        if version is not None:
            name = versioned_place(item.view, item.place, version).path
        elif item.forever or is_always_plain(item):
            name = item.place.path
        asset.plain = asset.plain or self._plain or is_always_plain(item)
        if name is not None and item.place.host:
            name = f"{item.place.host}/{name}"
        if asset.text is None:
            return UnnamedFile(asset.key, asset.digest, name=name)
        refers = tuple(dict.fromkeys(str(target) for _, target in asset.links if target is not None))
        return UnnamedFile(asset.key, asset.digest, refers, self._rewriting(asset, asset.text), name)

    def _rewriting(self, asset: AssetToFreeze, text: str) -> Callable[[Callable[[str], str | None]], bytes]:
        place = asset.item.place
        if not asset.links:
            return lambda rule: text.encode("utf-8")

        def rewrite(rule: Callable[[str], str | None]) -> bytes:
            def new(url: str) -> str | None:
                led = led_to(url, place.path)
                if led is None:
                    return None
                found = rule(str(URLPlace(place.host, led[0])))
                if found is None:
                    return None
                return relative(_without(place.host, found), place.path) + led[1]

            return rewritten_links(asset.item.spec.name, text, new, asset.found).encode("utf-8")

        return rewrite

    def _renamed(self, name: Named) -> None:
        asset = self._assets[name.key]
        url = _without(asset.item.place.host, name.name)
        version = asset.item.tree or asset.version
        asset.url = None if is_always_plain(asset.item) and version is None else url
        if name.data is not None:
            data = name.data
            asset.digest, asset.integrity, asset.size = (
                hashlib.sha256(data).hexdigest(),
                integrity_text(data),
                len(data),
            )
            self._batch.add(data, asset.digest)


def is_always_plain(item: Item) -> bool:
    """Is it asked for by the name that it has, whatever is in it?"""
    view = item.view
    if view.file or item.spec.name.rpartition(".")[2].lower() in ALWAYS_PLAIN:
        return True
    below = "/".join(item.spec.below(view.root))
    return item.spec.name == view.index or below in (view.not_found, view.single_page)


def collisions(assets: Collection[AssetToFreeze]) -> Iterator[Problem]:
    """The names that no directory holds, or not beside each other; a warning for those that only some systems hold."""
    names: dict[str, AssetToFreeze] = {}
    for asset in assets:
        for name in {asset.url, asset.item.place.path if asset.plain else None, *asset.also} - {None}:
            assert name is not None
            if any(len(part.encode("utf-8", "surrogateescape")) > LONGEST_NAME for part in name.split("/")):
                message = (
                    f"{name!r} has a name of more than {LONGEST_NAME} bytes, which no directory holds with its variants"
                )
                yield Problem(Origin(asset.item.file), message)
            other = names.setdefault(name, asset)
            if other.digest != asset.digest:
                message = f"{asset.key!r} and {other.key!r} would have one name, {name!r}, and are different"
                yield Problem(Origin(asset.item.file), message)
    folders = {folder for name in names for folder in _parents(name)}
    for name in sorted(set(names) & folders):
        message = f"{name!r} is an asset and a directory of others; a directory holds one of the two"
        hint = "rename one, or take the other out with an override"
        yield Problem(Origin(names[name].item.file), message, hint)
    _warn_of_case(names)
    _warn_of_characters(asset.item.place.path for asset in assets)


def _warn_of_case(names: Iterable[str]) -> None:
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    for several in folded.values():
        if len(several) > 1:
            told = f"names that differ only in case: {few(sorted(several), 3)}; macOS and Windows hold one of them"
            warnings.warn(told, ConfigurationWarning, stacklevel=3)


def _warn_of_characters(names: Iterable[str]) -> None:
    told = sorted({name for name in names if _NOT_ON_WINDOWS(name)})
    if told:
        message = f"names that Windows does not hold, nor a checkout there: {few(list(map(repr, told)), 3)}"
        warnings.warn(message, ConfigurationWarning, stacklevel=3)


def _without(host: str, name: str) -> str:
    return name[len(host) + 1 :] if host else name


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
