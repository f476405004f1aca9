"""
What was frozen, as a process asks of it: which content is at a path, and which URL has an asset. Nothing is scanned.

The release is named, by its manifest or by the link that a frozen directory has to the one that is served there; which one is
decided at the start and stays. What is at a path of a former release that is still there is found too.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from assetzcml.errors import ConfigurationError
from assetzcml.resolving.index import BrokenIndex, Index, read_index

__all__ = ["AtPath", "FrozenRelease", "Opened", "Unusable", "frozen_release", "index_records"]

LOOKS = 1.0  # seconds for which a directory that has no other release is not listed again


class Unusable(ConfigurationError, ValueError):
    """There is no frozen release at a path, or it is damaged."""


class AtPath(NamedTuple):
    """
    What is at a path: the digest of its content and its size, the headers that are said of it, its variants, (coding,
    digest, size) each, and the number of its static view. *forever*: the path never gets another content.
    """

    object: str
    size: int
    headers: list[list[str]]
    variants: list[list[Any]]
    view: int
    forever: bool


def index_records(
    assets: Iterable[Any], views: list[dict[str, Any]], directories: dict[str, str], codings: list[str]
) -> list[tuple[str, Any]]:
    """
    What an index says of *assets*, each a `Released`: of each path below the application, and of each spec. Variants are in
    the order of *codings*: who takes all of them gets the first.
    """
    numbers = {view.get("name", ""): number for number, view in enumerate(views)}
    found: dict[str, Any] = {}
    for asset in assets:
        more = asset.more
        host = more.get("host", "")
        variants = [[coding, *asset.variants[coding]] for coding in codings if coding in asset.variants]
        said = [asset.object, asset.size, 0, variants, numbers[asset.view], 0]
        if not host:
            if "plain" in more:
                found[f"p{more['path']}"] = [*said[:2], more["plain"], *said[3:5], 0]
            for path in (*([more["url"]] if "url" in more else []), *more.get("also", ())):
                found[f"p{path}"] = [*said[:2], more["headers"], *said[3:5], 1]
        if more.get("asked"):
            # What is hinted at: it has a version, and nobody is asked a permission for it; of a module what it imports.
            hint = [more.get("imports", 0)] if "url" in more and asset.permission is None else []
            found[f"s{asset.spec}"] = [f"{host}/{more.get('url', more['path'])}", asset.integrity, *hint]
    for spec, place in directories.items():
        found[f"s{spec}/"] = [place, ""]
    return list(found.items())


def frozen_release(snapshot: Any) -> FrozenRelease | None:
    """The release that is served by the setting or the directive `frozen`; None without one. Raises Unusable."""
    path = snapshot.frozen
    if path is None:
        return None
    found: FrozenRelease = snapshot.registry.owner.part(Opened).release(path)
    return found


class Opened:
    """The releases of one registry, each opened once: of a directory, that which was served there then."""

    def __init__(self, registry: Any):
        self._known: dict[str, FrozenRelease] = {}

    def release(self, path: str) -> FrozenRelease:
        """The release at a path. Raises Unusable."""
        found = self._known.get(path)
        if found is None:
            found = self._known.setdefault(path, FrozenRelease(path))
        return found


class FrozenRelease:
    """
    The release that a process serves. *path* is its manifest, `generations/<digest>.json`, or the frozen directory, whose
    link `current` is followed once.

    Raises Unusable: a lost or damaged manifest is an error at the start, and never a site without assets.
    """

    def __init__(self, path: str | os.PathLike[str]):
        given = os.path.abspath(os.fspath(path))
        self.path, self.digest = _manifest(given)
        self.directory: str = os.path.dirname(os.path.dirname(self.path))
        self._index = self._open(self.digest)
        self.about: dict[str, Any] = self._index.about
        self._formers: dict[str, Index | None] = {}
        self._lock = threading.Lock()
        with contextlib.suppress(OSError):
            os.utime(self.path)  # it is used: `freeze --younger` and `gc` keep it

    def __repr__(self) -> str:
        return f"<FrozenRelease {self.digest[:12]}>"

    def _open(self, digest: str) -> Index:
        manifest = f"{self.directory}/generations/{digest}.json"
        path = f"{self.directory}/generations/{digest}.index"
        try:
            size = os.stat(manifest).st_size
            index = read_index(path, digest)
        except OSError as error:
            raise Unusable(f"{error.filename}: {error.strerror}; freeze again") from None
        except BrokenIndex as error:
            raise Unusable(f"{path}: {error}; freeze again") from None
        if index.manifest_size != size:
            raise Unusable(f"{manifest} has {size:,} bytes, and should have {index.manifest_size:,}; freeze again")
        return index

    def at(self, path: str) -> AtPath | None:
        """What is at a path, decoded and without its first slash; in a former release that is still here, as the last resort."""
        found = self._index.get(f"p{path}")
        if found is not None:
            return _at(found, self.about)
        for index in self._others():
            found = index.get(f"p{path}")
            if found is not None and found[5]:
                return _at(found, index.about, self._view_number(found[4], index))
        return None

    def _view_number(self, number: int, index: Index) -> int:
        """The view of today that has the name of a former one; who may see what it had is decided by that."""
        name = index.about["views"][number].get("name", "")
        for at, view in enumerate(self.about["views"]):
            if view.get("name", "") == name:
                return at
        return -1

    def url(self, spec: str) -> tuple[str, str] | None:
        """The URL of an asset, whole or with its first slash, not quoted, and its integrity; None for none."""
        found = self._index.get(f"s{spec}")
        return None if found is None else (found[0], found[1])

    def imports(self, spec: str) -> list[str] | None:
        """
        What a page may be told to fetch with an asset: the specs of what a module imports statically; [] for what is no
        module. None for what has no version, what a permission protects, and what is not there.
        """
        found = self._index.get(f"s{spec}")
        return None if found is None or len(found) < 3 else found[2] or []

    def is_module(self, spec: str) -> bool:
        """Is it a script that only a module script loads right?"""
        found = self._index.get(f"s{spec}")
        return found is not None and len(found) > 2 and isinstance(found[2], list)

    @property
    def import_map(self) -> dict[str, Any]:
        """The import map of a page, without what the application is mounted at."""
        found: dict[str, Any] = self._index.get("m") or {"imports": {}}
        return found

    def object_path(self, digest: str) -> str:
        """Where a content is."""
        return f"{self.directory}/objects/{digest[:2]}/{digest[2:]}"

    def _others(self) -> list[Index]:
        """The indexes of the other releases that are here; one that is damaged is passed over."""
        with contextlib.suppress(OSError):
            present = {
                name.removesuffix(".index")
                for name in os.listdir(f"{self.directory}/generations")
                if name.endswith(".index")
            } - {self.digest}
            if present != set(self._formers):
                with self._lock:
                    known = {digest: self._formers.get(digest) or self._former(digest) for digest in sorted(present)}
                    self._formers = known
        return [index for index in self._formers.values() if index is not None]

    def _former(self, digest: str) -> Index | None:
        try:
            return self._open(digest)
        except Unusable:
            return None


def _at(said: list[Any], about: dict[str, Any], view: int | None = None) -> AtPath:
    digest, size, headers, variants, own, forever = said
    return AtPath(digest, size, about["headers"][headers], variants, own if view is None else view, bool(forever))


def _manifest(given: str) -> tuple[str, str]:
    """The manifest at a path, and its digest."""
    path = given
    if os.path.isdir(given):
        try:
            release = os.path.basename(os.readlink(f"{given}/current"))
        except OSError:
            raise Unusable(f"{given} is no frozen directory: it has no link 'current'") from None
        path = f"{given}/generations/{release}.json"
    digest, extension = os.path.splitext(os.path.basename(path))
    if extension != ".json" or len(digest) != 64:
        raise Unusable(f"{given} is neither a frozen directory nor one of its manifests, generations/<digest>.json")
    return path, digest
