"""
Where a release is published: a bucket, through obstore, or a directory. Five verbs, all of which may be done twice.

Credentials are found by the client's own standard chain, and are in no text that is shown here.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from assetzcml.errors import ConfigurationError, MissingExtra
from assetzcml.resolving.files import FileLock, sync_directory, write_all
from assetzcml.resolving.objects import create_only, temporary_file

__all__ = ["SCHEMES", "Bucket", "Directory", "Failed", "Listed", "Target", "target_at"]

PAGE = 1000  # objects that one request lists
LONGEST_KEY = 1024  # bytes, of S3 and its kin, with the prefix
RETRIES = 5


class Failed(Exception):
    """The destination has refused or failed, for good: what it said, without credentials."""


class Listed(NamedTuple):
    """One object that is there: its size, what changes when its bytes do, and the version that some destinations count."""

    size: int
    tag: str
    version: str | None = None


class Target(Protocol):
    """
    A destination of `publish`. Keys are paths below it. All raises Failed.
    """

    def listing(self) -> dict[str, Listed]:
        """All that is there, by key."""

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
        """Take these away."""

    def tag_of(self, data: bytes) -> str | None:
        """The tag that these bytes have there; None where that cannot be known."""


def target_at(url: str, endpoint: str | None = None) -> Target:
    """
    The destination at a URL: `s3://bucket/prefix`, `gs://`, `az://`, or `file:///directory`.

    Raises ConfigurationError for another, and MissingExtra.
    """
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        known = ", ".join(f"{each}://" for each in SCHEMES)
        raise ConfigurationError(f"{_shown(url)!r} is no destination: {known} was expected")
    return SCHEMES[scheme](url, endpoint)


def _shown(url: str) -> str:
    """A URL without what may be a password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


class Directory:
    """A directory, published by a server or copied further. Headers are the server's business: see `assetzcml export`."""

    def __init__(self, url: str, endpoint: str | None = None):
        self.directory = os.path.abspath(unquote(urlsplit(url).path))
        self.requests = 0

    def __repr__(self) -> str:
        return f"<Directory {self.directory}>"

    def _path(self, key: str) -> str:
        return f"{self.directory}/{key}"

    def listing(self) -> dict[str, Listed]:
        self.requests += 1
        found = {}
        for folder, folders, names in os.walk(self.directory):
            if folder == self.directory:
                folders[:] = [name for name in folders if name != "tmp"]
            for name in names:
                path = f"{folder}/{name}"
                key = os.path.relpath(path, self.directory)
                if key != "lock":
                    found[key] = Listed(os.lstat(path).st_size, self._tag(path))
        return found

    @staticmethod
    def _tag(path: str) -> str:
        with open(path, "rb") as stream:
            return hashlib.md5(stream.read(), usedforsecurity=False).hexdigest()

    def tag_of(self, data: bytes) -> str | None:
        return hashlib.md5(data, usedforsecurity=False).hexdigest()

    def _write(self, key: str, data: bytes, replace: bool) -> bool:
        path = self._path(key)
        try:
            if not replace and os.path.exists(path):
                return False
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with temporary_file(self.directory) as (descriptor, temporary):
                write_all(descriptor, data)
                os.fsync(descriptor)
                create_only(temporary, path, replace=replace)
            sync_directory(os.path.dirname(path))
        except OSError as error:
            raise Failed(f"{error.filename or path}: {error.strerror}") from None
        return True

    def create(self, key: str, data: bytes, headers: Mapping[str, str]) -> bool:
        return self._write(key, data, replace=False)

    def put(self, key: str, data: bytes, headers: Mapping[str, str]) -> None:
        self._write(key, data, replace=True)

    def copy(self, source: str, key: str) -> None:
        path = self._path(key)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            try:
                os.link(self._path(source), path)
            except OSError:
                shutil.copyfile(self._path(source), path)
        except OSError as error:
            raise Failed(f"{error.filename or path}: {error.strerror}") from None

    def swap(self, key: str, data: bytes, headers: Mapping[str, str], before: Listed | None) -> bool:
        with FileLock(f"{self.directory}/lock").held(60.0) as held:
            path = self._path(key)
            now = self._tag(path) if os.path.exists(path) else None
            if not held or now != (None if before is None else before.tag):
                return False
            return self._write(key, data, replace=True)

    def read(self, key: str) -> bytes | None:
        try:
            with open(self._path(key), "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def remove(self, keys: list[str]) -> None:
        for key in keys:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path(key))


def _obstore() -> Any:
    try:
        return importlib.import_module("obstore")
    except ModuleNotFoundError as error:
        if error.name != "obstore":
            raise
        message = 'publishing to a bucket needs obstore, which is not installed; pip install "assetzcml[publish]"'
        raise MissingExtra(message) from None


class Bucket:
    """A bucket of S3, Google, Azure or what speaks as they do."""

    def __init__(self, url: str, endpoint: str | None = None):
        obstore = _obstore()
        options: dict[str, Any] = {"retry_config": {"max_retries": RETRIES}}
        if endpoint is not None:
            options["endpoint"] = endpoint
            if endpoint.startswith("http://"):
                options["client_options"] = {"allow_http": True}
        if url.startswith("s3:"):
            options["checksum_algorithm"] = "sha256"  # which the server compares
        self.prefix = urlsplit(url).path.strip("/")
        self._shown = _shown(url)
        self._client = obstore
        self._errors = importlib.import_module("obstore.exceptions")
        try:
            self._store = importlib.import_module("obstore.store").from_url(url, **options)
        except (self._errors.BaseError, ValueError) as error:
            raise ConfigurationError(f"{self._shown!r} is no destination: {self._told(error)}") from None

    def __repr__(self) -> str:
        return f"<Bucket {self._shown}>"

    def _told(self, error: Exception) -> str:
        """What the destination said, in a line; what a client adds for its own debugging is left out."""
        return " ".join(str(error).partition("\n\nDebug source")[0].split())[:500]

    def _do(self, verb: str, key: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (
            self._errors.AlreadyExistsError,
            self._errors.PreconditionError,
            self._errors.NotFoundError,
            FileNotFoundError,
        ):
            raise
        except (self._errors.BaseError, OSError) as error:
            raise Failed(f"{self._shown}: {verb} {key!r} failed: {self._told(error)}") from None

    def listing(self) -> dict[str, Listed]:
        def pages() -> dict[str, Listed]:
            found = {}
            for page in self._client.list(self._store, chunk_size=PAGE):
                for each in page:
                    found[each["path"]] = Listed(each["size"], (each["e_tag"] or "").strip('"'), each["version"])
            return found

        listed: dict[str, Listed] = self._do("listing", "", pages)
        return listed

    def create(self, key: str, data: bytes, headers: Mapping[str, str]) -> bool:
        try:
            self._do("putting", key, lambda: self._put(key, data, headers, "create"))
        except (self._errors.AlreadyExistsError, self._errors.PreconditionError, FileExistsError):
            return False
        return True

    def put(self, key: str, data: bytes, headers: Mapping[str, str]) -> None:
        self._do("putting", key, lambda: self._put(key, data, headers, "overwrite"))

    def _put(self, key: str, data: bytes, headers: Mapping[str, str], mode: Any) -> None:
        said = {name: value for name, value in headers.items() if name in _ATTRIBUTES}
        # In one request: an upload in parts has no condition, and no digest of the whole.
        self._client.put(self._store, key, data, attributes=said, mode=mode, use_multipart=False)

    def copy(self, source: str, key: str) -> None:
        try:
            self._do("copying to", key, lambda: self._client.copy(self._store, source, key))
        except (self._errors.NotFoundError, FileNotFoundError):
            raise Failed(f"{self._shown}: {source!r} is gone while it is copied to {key!r}") from None

    def swap(self, key: str, data: bytes, headers: Mapping[str, str], before: Listed | None) -> bool:
        if before is None:
            return self.create(key, data, headers)
        try:
            mode = {"e_tag": f'"{before.tag}"', **({} if before.version is None else {"version": before.version})}
            self._do("moving", key, lambda: self._put(key, data, headers, mode))
        except (self._errors.PreconditionError, self._errors.AlreadyExistsError, self._errors.NotFoundError):
            return False
        return True

    def read(self, key: str) -> bytes | None:
        try:
            found: bytes = self._do("reading", key, lambda: bytes(self._client.get(self._store, key).bytes()))
        except (self._errors.NotFoundError, FileNotFoundError):
            return None
        return found

    def remove(self, keys: list[str]) -> None:
        self._do("deleting", keys[0] if keys else "", lambda: self._client.delete(self._store, keys))

    def tag_of(self, data: bytes) -> str | None:
        return hashlib.md5(data, usedforsecurity=False).hexdigest()


_ATTRIBUTES = frozenset(
    ["Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control"]
)

SCHEMES: dict[str, Callable[[str, str | None], Target]] = {
    "s3": Bucket,
    "gs": Bucket,
    "az": Bucket,
    "file": Directory,
}
