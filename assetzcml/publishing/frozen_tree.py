"""
The directory that is frozen into: contents by their digest, the names that lead to them, and one manifest a release.

    objects/ab/cdef...           the contents, each once
    names/static/app-3f2a....js  what never gets other bytes: hard links to contents, of every release that is kept
    private/...                  the same of static views with a permission: no server may publish it
    plain/<release>/...          names without a version, of one release; private-plain/<release>/... of protected views
    generations/<release>.json   the manifests, and beside each an index of it, .index
    current                      a link to plain/<release>: the release that is served

Everything is created whole, and only `current` is ever replaced: who is killed at any moment leaves the former release
served, and the next run makes it good. (`assetzcml.resolving.objects` and `releases` are the store beneath.)
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Any

from assetzcml.records.readers import CODINGS
from assetzcml.resolving.files import replace_file, sync_directories, sync_directory
from assetzcml.resolving.frozen import index_records
from assetzcml.resolving.index import index_bytes
from assetzcml.resolving.objects import Objects, create_only, is_digest, temporary_file
from assetzcml.resolving.releases import BrokenRelease, Release, Released, Releases

__all__ = [
    "CURRENT",
    "FrozenTree",
    "file_names",
    "folder_of",
    "forever",
    "index_of",
    "integrity_text",
    "plain_file_names",
]

CURRENT = "current"
AT_ONCE = 256  # names that a thread makes before it asks for more
_NO_LINKS = frozenset([errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV])


def folder_of(asset: Released, plain: bool) -> str:
    """
    The folder that a name of an asset is in.

    >>> folder_of(Released(name="a", object="0" * 64, size=1, type=""), plain=False)
    'names'
    """
    if asset.permission is None:
        return "plain" if plain else "names"
    return "private-plain" if plain else "private"


class FrozenTree:
    """A directory of frozen releases. What changes it does so inside of `writing`."""

    def __init__(self, directory: str | os.PathLike[str]):
        self.directory: str = os.path.abspath(os.fspath(directory))
        self.objects = Objects(self.directory)
        self.releases = Releases(self.directory)

    def __repr__(self) -> str:
        return f"<FrozenTree {self.directory}>"

    @property
    def current(self) -> str | None:
        """The digest of the release that is served; None before the first."""
        try:
            name = os.path.basename(os.readlink(f"{self.directory}/{CURRENT}"))
        except OSError:
            return None
        return name if is_digest(name) else None

    def served(self) -> Release | None:
        """The manifest of the current release; None where there is none that can be read."""
        digest = self.current
        try:
            return None if digest is None else self.releases.read(digest)
        except (OSError, BrokenRelease):
            return None

    def index_path(self, digest: str) -> str:
        """Where the index of a release is."""
        return f"{self.releases.folder}/{digest}.index"

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock, and clear away what a killed run left. Raises OSError, TimeoutError."""
        with self.objects.writing():
            for folder in ("plain", "private-plain"):
                for name in _names(f"{self.directory}/{folder}"):
                    if name.endswith(".tmp"):
                        shutil.rmtree(f"{self.directory}/{folder}/{name}")
            for folder in ("", "generations"):
                for name in _names(os.path.join(self.directory, folder)):
                    if name.startswith(".") and name.endswith(".tmp"):
                        os.unlink(os.path.join(self.directory, folder, name))
            yield

    # Names.

    def link_all(self, names: Mapping[str, str], pool: Executor) -> None:
        """
        Give contents their *names*, paths below the directory, each the digest of an object. Raises OSError.

        What is there already stays; where it is not that content, as a disk that was full left it, it is replaced.
        """
        directories = sorted({os.path.dirname(name) for name in names})
        for directory in directories:
            os.makedirs(f"{self.directory}/{directory}", exist_ok=True)
        pairs = list(names.items())
        several = [pairs[at : at + AT_ONCE] for at in range(0, len(pairs), AT_ONCE)]
        for _ in pool.map(self._link_several, several):
            pass
        parents = {f"{self.directory}/{parent}" for directory in directories for parent in _above(directory)}
        sync_directories(parents, self.directory)

    def _link_several(self, names: Iterable[tuple[str, str]]) -> None:
        for name, digest in names:
            self._link(digest, f"{self.directory}/{name}")

    def _link(self, digest: str, path: str) -> None:
        source = self.objects.path(digest)
        try:
            os.link(source, path)
            return
        except FileExistsError:
            if os.path.samestat(os.lstat(path), os.lstat(source)):
                return
            wrong = _bytes_of(path) != _bytes_of(source)
            if not wrong:
                return
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            wrong = os.path.exists(path) and _bytes_of(path) != _bytes_of(source)
        with temporary_file(self.directory) as (descriptor, temporary), self.objects.open(digest) as stream:
            with open(descriptor, "wb", closefd=False) as copy:
                shutil.copyfileobj(stream, copy)
            os.fsync(descriptor)
            create_only(temporary, path, replace=wrong)

    def plain_names(self, release: str, names: Mapping[str, str], pool: Executor) -> None:
        """Put the names without a version, `plain/...`, of one release in place, all at once."""
        for folder in ("plain", "private-plain"):
            final = f"{self.directory}/{folder}/{release}"
            own = {name: digest for name, digest in names.items() if name.startswith(f"{folder}/")}
            if os.path.isdir(final) or (folder != "plain" and not own):
                continue
            staged = f"{folder}/{release}.tmp"
            os.makedirs(f"{self.directory}/{staged}", exist_ok=True)
            self.link_all({f"{staged}/{name[len(folder) + 1 :]}": digest for name, digest in own.items()}, pool)
            os.rename(f"{self.directory}/{staged}", final)
            sync_directory(f"{self.directory}/{folder}")

    # Releases.

    def finish(self, manifest: bytes, index: bytes, digest: str) -> None:
        """Write the index and the manifest of a release whose names are all in place, and let it be the current one."""
        os.makedirs(self.releases.folder, exist_ok=True)
        path = self.index_path(digest)
        if _bytes_of(path) != index:
            replace_file(path, index)
        self.releases.write(manifest)
        self.releases.read(digest)  # what was written is what was meant
        self.switch(digest)

    def switch(self, digest: str) -> None:
        """Let a release that is there be the one that is served."""
        if self.current == digest:
            return
        temporary = f"{self.directory}/.{CURRENT}.tmp"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        os.symlink(f"plain/{digest}", temporary)
        os.replace(temporary, f"{self.directory}/{CURRENT}")
        sync_directory(self.directory)

    def prune(self, keep: int, younger: float) -> list[str]:
        """
        Remove the releases that are neither among the *keep* used last nor used in the last *younger* seconds, then what
        no other needs. Returns their digests. The current one stays.
        """
        _, old = self.releases.kept(max(keep, 1), younger)
        gone = [stamp.digest for stamp in old if stamp.digest != self.current]
        # What has no manifest was left by a run that was killed: here, after the manifest, or before it wrote one.
        left = self._parts() - {stamp.digest for stamp in self.releases.stamps()}
        for digest in gone:
            self.releases.remove(digest)
        if gone or left:
            self._sweep()
        for digest in [*gone, *sorted(left)]:
            for folder in ("plain", "private-plain"):
                shutil.rmtree(f"{self.directory}/{folder}/{digest}", ignore_errors=True)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.index_path(digest))  # the last: as long as it is there, somebody has to go on
        return gone

    def _parts(self) -> set[str]:
        """The releases of which anything is there but the manifest."""
        names = {*_names(f"{self.directory}/plain"), *_names(f"{self.directory}/private-plain")}
        names |= {name.removesuffix(".index") for name in _names(self.releases.folder) if name.endswith(".index")}
        return {name for name in names if is_digest(name)}

    def _sweep(self) -> None:
        """Remove names and contents that no release has."""
        names: set[str] = set()
        contents: set[str] = set()
        try:
            for stamp in self.releases.stamps():
                release = self.releases.read(stamp.digest)
                contents |= release.objects()
                names.update(name for asset in release for name in file_names(asset))
        except BrokenRelease:
            return  # nobody knows what a release needs that a later version wrote, or that is damaged
        for folder in ("names", "private"):
            for directory, _, files in os.walk(f"{self.directory}/{folder}", topdown=False):
                for name in files:
                    path = f"{directory}/{name}"
                    if os.path.relpath(path, self.directory) not in names:
                        os.unlink(path)
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
        for digest in list(self.objects.digests()):
            if digest not in contents:
                self.objects.remove(digest, grace=0.0)


def index_of(manifest: bytes, digest: str, assets: Iterable[Released], about: Mapping[str, Any]) -> bytes:
    """The index of a release, all of it from its *manifest*, which says of it what *assets* and *about* do."""
    records = index_records(assets, about["views"], about["directories"], about["codings"])
    said = {key: about[key] for key in ("codings", "headers", "views")}
    return index_bytes(manifest, digest, said, [*records, ("m", about["import_map"])])


def file_names(asset: Released) -> dict[str, str]:
    """The paths below the directory that lead to an asset for ever, each with the digest of its content."""
    folder = folder_of(asset, plain=False)
    return {path: digest for url in forever(asset) for path, digest in with_variants(f"{folder}/{url}", asset).items()}


def forever(asset: Released) -> list[str]:
    """The paths of an asset that never get another content."""
    return [*([asset.more["url"]] if "url" in asset.more else []), *asset.more.get("also", ())]


def plain_file_names(asset: Released) -> dict[str, str]:
    """The same of names without a version; of one release, whose digest comes behind the folder."""
    return with_variants(f"{folder_of(asset, plain=True)}/{asset.more['path']}", asset) if "plain" in asset.more else {}


def with_variants(path: str, asset: Released) -> dict[str, str]:
    """*path* and those of the variants beside it, each with its object."""
    return {path: asset.object, **{path + CODINGS[coding]: pair[0] for coding, pair in asset.variants.items()}}


def integrity_text(data: bytes) -> str:
    """
    As elements of a page have it (W3C Subresource Integrity).

    >>> integrity_text(b"")[:20]
    'sha384-OLBgp1GsljhM2'
    """
    return f"sha384-{base64.b64encode(hashlib.sha384(data).digest()).decode()}"


def _above(directory: str) -> Iterable[str]:
    while directory:
        yield directory
        directory = os.path.dirname(directory)
    yield ""


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def _bytes_of(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
