"""
A bucket of S3, Google, Azure, or what speaks as they do, as a destination: through obstore, opened when one is asked for.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from assetzcml.errors import ConfigurationError, MissingExtra
from assetzcml.resolving.destinations import Failed, Listed, md5_of, shown_url

__all__ = ["Bucket"]

PAGE = 1000  # objects that one request lists
RETRIES = 5
CONFLICTS = 3  # of these, and seconds between them
PAUSE = 0.2
LONGEST_TOLD = 500  # characters of what a service has said
_IS_MD5 = re.compile("[0-9a-f]{32}").fullmatch
ENDPOINT = {"gs": "base_url"}  # what obstore calls it; "endpoint" elsewhere
COUNTED = "gs"  # whose objects are compared by a version, which its listing leaves out
UNTOLD = "az"  # whose tags are not of the bytes
_ATTRIBUTES = frozenset(
    ["Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control"]
)


def _obstore() -> Any:
    try:
        return importlib.import_module("obstore")
    except ModuleNotFoundError as error:
        if error.name != "obstore":
            raise
        message = 'a bucket needs obstore, which is not installed; pip install "assetzcml[publish]"'
        raise MissingExtra(message) from None


class Bucket:
    """
    A bucket, or what is below a prefix in it. Requests that fail are tried again, *retries* times, each with a limit of
    *timeout* seconds where one is given.
    """

    def __init__(self, url: str, endpoint: str | None = None, retries: int = RETRIES, timeout: float | None = None):
        obstore = _obstore()
        parts = urlsplit(url)
        self._shown = shown_url(url)
        if not parts.netloc:
            raise ConfigurationError(f"{self._shown!r} names no bucket; {parts.scheme}://bucket/prefix was expected")
        if "@" in parts.netloc or parts.query:
            raise ConfigurationError(
                f"{self._shown!r} has more than a bucket and a prefix; credentials are those of the environment"
            )
        options: dict[str, Any] = {"retry_config": {"max_retries": retries}}
        client: dict[str, Any] = {} if timeout is None else {"timeout": f"{timeout:g}s"}
        if endpoint is not None:
            options[ENDPOINT.get(parts.scheme, "endpoint")] = endpoint
            if endpoint.startswith("http://"):
                client["allow_http"] = True
        if parts.scheme == "s3":
            options["checksum_algorithm"] = "sha256"  # which the server compares
        if client:
            options["client_options"] = client
        self._scheme = parts.scheme
        self._are_digests = parts.scheme != UNTOLD
        self._client = obstore
        self._errors = importlib.import_module("obstore.exceptions")
        self._gone: tuple[type[Exception], ...] = (self._errors.NotFoundError, FileNotFoundError)
        self._others: tuple[type[Exception], ...] = (self._errors.AlreadyExistsError, self._errors.PreconditionError)
        try:
            self._store = importlib.import_module("obstore.store").from_url(url, **options)
        except (self._errors.BaseError, ValueError) as error:
            raise ConfigurationError(f"{self._shown!r} is no destination: {self._told(error)}") from None

    def __repr__(self) -> str:
        return f"<Bucket {self._shown}>"

    def _told(self, error: Exception) -> str:
        """What the destination said, in a line; what a client adds for its own debugging is left out."""
        return " ".join(str(error).partition("\n\nDebug source")[0].split())[:LONGEST_TOLD]

    def _do(self, verb: str, key: str, call: Callable[[], Any], *expected: type[Exception]) -> Any:
        """What *call* gives. Raises the *expected* errors, and Failed for all others."""
        _this_process.ask(self._shown)
        for attempt in range(CONFLICTS, -1, -1):
            try:
                return call()
            except expected:
                raise
            except (self._errors.BaseError, OSError) as error:
                if attempt and isinstance(error, self._errors.AlreadyExistsError):
                    time.sleep(PAUSE)  # "conflict": another request for that key is under way
                    continue
                raise Failed(f"{self._shown}: {verb} {key!r} failed: {self._told(error)}") from None
        raise AssertionError

    def listing(self, below: str = "") -> dict[str, Listed]:
        def pages() -> dict[str, Listed]:
            return {
                each["path"]: _listed(each)
                for page in self._client.list(self._store, below or None, chunk_size=PAGE)
                for each in page
            }

        listed: dict[str, Listed] = self._do("listing", below, pages)
        return listed

    def look(self, key: str) -> Listed | None:
        try:
            return _listed(self._do("looking at", key, lambda: self._client.head(self._store, key), *self._gone))
        except self._gone:
            return None

    def create(self, key: str, data: bytes, headers: Mapping[str, str]) -> bool:
        try:
            self._do("putting", key, lambda: self._put(key, data, headers, "create"), *self._others)
        except self._others:
            return False
        return True

    def put(self, key: str, data: bytes, headers: Mapping[str, str]) -> None:
        self._do("putting", key, lambda: self._put(key, data, headers, "overwrite"))

    def _put(self, key: str, data: bytes, headers: Mapping[str, str], mode: Any) -> None:
        said = {name: value for name, value in headers.items() if name in _ATTRIBUTES}
        # In one request: an upload in parts has no condition, and no digest of the whole.
        done = self._client.put(self._store, key, data, attributes=said, mode=mode, use_multipart=False)
        tag = (done["e_tag"] or "").strip('"')
        if self._are_digests and _IS_MD5(tag) and tag != md5_of(data):
            # An encrypted bucket has tags of the same form that are none; so the first is looked into.
            if self.read(key) != data:
                self.remove([key])
                raise Failed(f"{self._shown}: putting {key!r} failed: what is there now is not what was sent")
            self._are_digests = False

    def copy(self, source: str, key: str) -> None:
        try:
            self._do("copying to", key, lambda: self._client.copy(self._store, source, key), *self._gone)
        except self._gone:
            raise Failed(f"{self._shown}: {source!r} is gone while it is copied to {key!r}") from None

    def swap(self, key: str, data: bytes, headers: Mapping[str, str], before: Listed | None) -> bool:
        if before is None:
            return self.create(key, data, headers)
        if before.version is None and self._scheme == COUNTED:
            there = self.look(key)
            if there is None or there.tag != before.tag:
                return False
            before = there
        try:
            mode = {"e_tag": f'"{before.tag}"', **({} if before.version is None else {"version": before.version})}
            self._do("moving", key, lambda: self._put(key, data, headers, mode), *self._others, *self._gone)
        except (*self._others, *self._gone):
            return False
        return True

    def read(self, key: str) -> bytes | None:
        try:
            found: bytes = self._do(
                "reading", key, lambda: bytes(self._client.get(self._store, key).bytes()), *self._gone
            )
        except self._gone:
            return None
        return found

    def remove(self, keys: list[str]) -> None:
        if not keys:
            return
        try:
            self._do("deleting", keys[0], lambda: self._client.delete(self._store, keys), *self._gone)
        except self._gone:
            # Where each is a request, the first that is gone has ended it, and the rest may be there.
            for key in keys if len(keys) > 1 else ():
                self.remove([key])

    def writing(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def tag_of(self, data: bytes) -> str | None:
        return None if self._scheme == UNTOLD else md5_of(data)


class _Process:
    """
    The process whose threads do the client's work: those of one that was forked from it are gone, and it would wait for ever.
    """

    def __init__(self) -> None:
        self._asking: int | None = None

    def ask(self, shown: str) -> None:
        if self._asking not in (None, os.getpid()):
            message = "this process was forked from one that had asked a bucket, and cannot ask"
            raise Failed(f"{shown}: {message}; begin to serve after the fork, or start processes anew")
        self._asking = os.getpid()


_this_process = _Process()


def _listed(each: Mapping[str, Any]) -> Listed:
    modified: datetime = each["last_modified"]
    return Listed(each["size"], (each["e_tag"] or "").strip('"'), modified.timestamp(), each["version"])
