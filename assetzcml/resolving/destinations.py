"""
A destination: contents by key, in a bucket, in a directory, or wherever a package knows how to put them.

`publish` sends releases to one, and a store of contents for many hosts is one. All that is asked of it may be done twice.
Credentials are found by the client's own standard chain, and are in no text that is shown here.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from assetzcml.errors import ConfigurationError, Problem, did_you_mean
from assetzcml.interfaces import IDestinationScheme
from assetzcml.registry import Registry
from assetzcml.resolving.files import FileLock, sync_directory, write_all
from assetzcml.resolving.objects import create_only, temporary_file

__all__ = [
    "SCHEMES",
    "Destination",
    "DirectoryDestination",
    "Failed",
    "Listed",
    "destination_at",
    "md5_of",
    "shown_url",
]

WAIT = 600.0  # seconds that who publishes into a directory waits for another who does
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Failed(Exception):
    """The destination has refused or failed, for good: what it said, without credentials."""


class Listed(NamedTuple):
    """
    One object that is there: its size, what changes when its bytes do, when it was put (seconds of the epoch, by the clock
    of the destination), and the version that some destinations count.
    """

    size: int
    tag: str
    modified: float = 0.0
    version: str | None = None


class Destination(Protocol):
    """
    Where releases are published, and contents kept. Keys are paths below it. All raises Failed.
    """

    def listing(self, below: str = "") -> dict[str, Listed]:
        """All that is there, by key; or what is in the folder *below*, whose name has no slash at its end."""

    def look(self, key: str) -> Listed | None:
        """One of these; None where nothing is."""

    def create(self, key: str, data: bytes, headers: Mapping[str, str]) -> bool:
        """Put what is not there; false where something is, which stays."""

    def put(self, key: str, data: bytes, headers: Mapping[str, str]) -> None:
        """Put it, whatever is there."""

    def copy(self, source: str, key: str) -> None:
        """Let *key* have the bytes and the headers of *source*."""

    def swap(self, key: str, data: bytes, headers: Mapping[str, str], before: Listed | None) -> bool:
        """Put it if what is there is still what was listed *before*, or, with None, nothing. False where it is not so."""

    def read(self, key: str) -> bytes | None:
        """The bytes; None where nothing is."""

    def remove(self, keys: list[str]) -> None:
        """Take these away; one that is not there is gone."""

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """Held by who publishes: keeps two apart where the destination can, and clears away what was left half done."""

    def tag_of(self, data: bytes) -> str | None:
        """The tag that these bytes have there; None where that cannot be known without a look."""


def destination_at(
    url: str, endpoint: str | None = None, registry: Registry | None = None, timeout: float | None = None
) -> Destination:
    """
    The destination at a URL: `s3://bucket/prefix`, `gs://`, `az://`, `file:///directory`, or that of a scheme for which
    *registry* has an `IDestinationScheme`, which comes first. With *timeout* seconds a bucket is asked once, and no longer
    waited for.

    Raises ConfigurationError for another, and MissingExtra.
    """
    scheme = urlsplit(url).scheme
    own = dict(registry.getUtilitiesFor(IDestinationScheme)) if registry is not None else {}
    if scheme in own:
        made: Destination = own[scheme](url, endpoint)
        return made
    if scheme not in SCHEMES:
        known = sorted({*SCHEMES, *own})
        expected = ", ".join(f"{each}://" for each in known)
        message = f"{shown_url(url)!r} is no destination: {expected} was expected"
        raise ConfigurationError(Problem(None, message, did_you_mean(scheme, known) if scheme else ""))
    module, name = SCHEMES[scheme].split(":")
    found: Any = getattr(importlib.import_module(f"assetzcml.resolving.{module}"), name)
    opened: Destination = found(url, endpoint, **({} if timeout is None else {"timeout": timeout, "retries": 1}))
    return opened


def shown_url(url: str) -> str:
    """
    A URL without what may be a password.

    >>> shown_url("https://user:secret@example.com/a?key=b")
    'https://example.com/a'
    """
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def md5_of(data: bytes) -> str:
    """What most services have for a tag."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class DirectoryDestination:
    """A directory, published by a server or copied further. Headers are the server's business: see `assetzcml export`."""

    has_folders = True  # so no file is called as a folder is

    def __init__(self, url: str, endpoint: str | None = None, timeout: float | None = None, retries: int = 0):
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise ConfigurationError(
                f"{shown_url(url)!r} is no directory: file:///srv/assets was expected, with three slashes"
            )
        self.directory = os.path.abspath(unquote(parts.path))
        self._wait = WAIT if timeout is None else timeout
        self._is_held = False

    def __repr__(self) -> str:
        return f"<DirectoryDestination {self.directory}>"

    def _path(self, key: str) -> str:
        return f"{self.directory}/{key}"

    def listing(self, below: str = "") -> dict[str, Listed]:
        found = {}
        top = f"{self.directory}/{below}".rstrip("/")
        with _failing(top):
            for folder, folders, names in os.walk(top):
                if folder == self.directory:
                    folders[:] = [name for name in folders if name != "tmp"]
                    names = [name for name in names if name != "lock"]
                for name in names:
                    path = f"{folder}/{name}"
                    with contextlib.suppress(FileNotFoundError):
                        found[path[len(self.directory) + 1 :]] = _listed(os.lstat(path))
        return found

    def look(self, key: str) -> Listed | None:
        with _failing(self._path(key)), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return _listed(os.lstat(self._path(key)))
        return None

    def create(self, key: str, data: bytes, headers: Mapping[str, str]) -> bool:
        with _failing(self._path(key)):
            if os.path.lexists(self._path(key)):
                return False
            self._write(key, data, replace=False)
        return True

    def put(self, key: str, data: bytes, headers: Mapping[str, str]) -> None:
        with _failing(self._path(key)):
            self._write(key, data, replace=True)

    def _write(self, key: str, data: bytes, replace: bool) -> None:
        path = self._path(key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with temporary_file(self.directory) as (descriptor, temporary):
            write_all(descriptor, data)
            os.fsync(descriptor)
            create_only(temporary, path, replace=replace)
        sync_directory(os.path.dirname(path))

    def copy(self, source: str, key: str) -> None:
        """A hard link, where there are such: a name that has bytes already has the old ones or the new ones, never none."""
        path = self._path(key)
        with _failing(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                self._link(self._path(source), path)
            except FileNotFoundError:
                raise
            except OSError:
                with open(self._path(source), "rb") as there, temporary_file(self.directory) as (descriptor, temporary):
                    with open(descriptor, "wb", closefd=False) as stream:
                        shutil.copyfileobj(there, stream)
                    os.fsync(descriptor)
                    create_only(temporary, path, replace=os.path.lexists(path))
            sync_directory(os.path.dirname(path))

    def _link(self, source: str, path: str) -> None:
        with contextlib.suppress(FileExistsError):
            os.link(source, path)
            return
        os.makedirs(f"{self.directory}/tmp", exist_ok=True)
        temporary = f"{self.directory}/tmp/{secrets.token_hex(12)}.tmp"
        os.link(source, temporary)
        try:
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)

    def swap(self, key: str, data: bytes, headers: Mapping[str, str], before: Listed | None) -> bool:
        with _failing(self._path(key)):
            own = FileLock(f"{self.directory}/lock").held(self._wait)
            with contextlib.nullcontext(True) if self._is_held else own as held:
                if not held or self.look(key) != before:
                    return False
                self._write(key, data, replace=True)
        return True

    def read(self, key: str) -> bytes | None:
        gone = contextlib.suppress(FileNotFoundError, NotADirectoryError)
        with _failing(self._path(key)), gone, open(os.open(self._path(key), _READ), "rb") as stream:
            return stream.read()
        return None

    def remove(self, keys: list[str]) -> None:
        for key in keys:
            with _failing(self._path(key)), contextlib.suppress(FileNotFoundError):
                os.unlink(self._path(key))
            folder = os.path.dirname(self._path(key))
            with contextlib.suppress(OSError):  # until one is not empty
                while len(folder) > len(self.directory):
                    os.rmdir(folder)
                    folder = os.path.dirname(folder)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            with _failing(self.directory):
                os.makedirs(self.directory, exist_ok=True)
                if not stack.enter_context(FileLock(f"{self.directory}/lock").held(WAIT)):
                    raise Failed(f"{self.directory}: another process has been writing for {WAIT:.0f} seconds")
                self._clear()
            self._is_held = True
            try:
                yield
            finally:
                self._is_held = False
                with contextlib.suppress(OSError):
                    self._clear()

    def _clear(self) -> None:
        """Take away what was left half done, or could not be taken away then."""
        for name in os.listdir(f"{self.directory}/tmp") if os.path.isdir(f"{self.directory}/tmp") else ():
            os.unlink(f"{self.directory}/tmp/{name}")

    def tag_of(self, data: bytes) -> str | None:
        return None


@contextlib.contextmanager
def _failing(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failed(f"{error.filename or path}: {error.strerror or error}") from None


def _listed(status: os.stat_result) -> Listed:
    kind = "" if stat.S_ISREG(status.st_mode) else f"{stat.S_IFMT(status.st_mode)} "
    return Listed(status.st_size, f"{kind}{status.st_ino}-{status.st_mtime_ns}", status.st_mtime)


SCHEMES = {  # and the module and the name of what makes a destination of such a URL
    "az": "buckets:Bucket",
    "file": "destinations:DirectoryDestination",
    "gs": "buckets:Bucket",
    "s3": "buckets:Bucket",
}
