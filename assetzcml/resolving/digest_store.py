"""
Digests of files, kept from one process to the next in a file: who they are is known by `stat`, so that a restart reads
no file twice. It is a cache: one that is foreign, broken or writable by others is passed over, with one warning.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Mapping

from assetzcml.resolving.fingerprints import Fingerprint

__all__ = ["DigestStore"]

logger = logging.getLogger("assetzcml")

SCHEMA = 2
LARGEST = 256 << 20  # bytes; two million files
_DIGEST = re.compile("[0-9a-f]{64}").fullmatch


class UnfitStore(ValueError):
    """The store is not to be trusted."""


class DigestStore:
    """The store at *path*. Read once; written whole, and put in place in one step."""

    def __init__(self, path: str):
        self.path = path
        self._digests: dict[Fingerprint, str] | None = None
        self._warned = False

    def digests(self) -> Mapping[Fingerprint, str]:
        """What is in it; {} for none, and for one that is not to be trusted."""
        if self._digests is None:
            try:
                self._digests = _parsed(_content(self.path))
            except FileNotFoundError:
                self._digests = {}
            except (OSError, UnfitStore) as error:
                self._warn(f"it is passed over: {getattr(error, 'strerror', None) or error}")
                self._digests = {}
        return self._digests

    def is_published(self, roots: Iterable[str]) -> bool:
        """Does it lie in one of *roots*? Then it is warned of, and has to be left alone."""
        real = os.path.realpath(self.path)
        root = next((root for root in roots if real.startswith(root.rstrip("/") + "/")), None)
        if root is None:
            return False
        self._warn("it lies in a published root, and is not written")
        return True

    def keep(self, digests: Mapping[Fingerprint, str]) -> None:
        """Let *digests* be what is in it. Where that cannot be written it is told of once, and nothing else fails."""
        self._digests = dict(digests)
        # Numbers and texts one after the other: ten thousand are taken apart in 10 ms, while a first page waits.
        said = {"files": [number for identity in digests for number in identity], "digests": [*digests.values()]}
        body = json.dumps({"schema": SCHEMA, "host": _host(), **said}, separators=(",", ":")).encode()
        try:
            _replace(self.path, body + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n")
        except OSError as error:
            self._warn(f"it cannot be written: {error.strerror or error}")

    def _warn(self, what: str) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("the digest store %s: %s", self.path, what)


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else ""


def _content(path: str) -> bytes:
    """The bytes of a store that belongs to this user alone. Raises Unfit."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnfitStore("it is no regular file")
        if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
            raise UnfitStore("it belongs to another user")
        if status.st_mode & 0o022:
            raise UnfitStore("others may write it")
        if status.st_size > LARGEST:
            raise UnfitStore("it is too large")
        return stream.read()


def _parsed(content: bytes) -> dict[Fingerprint, str]:
    body, _, end = content.rstrip(b"\n").rpartition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != end:
        raise UnfitStore("it is broken")
    try:
        told = json.loads(body)
        if told["schema"] != SCHEMA:
            raise UnfitStore("it was written by another version")
        if told["host"] != _host():
            raise UnfitStore("it was written on another host")
        numbers, digests = told["files"], told["digests"]
        if not (len(numbers) == len(digests) * 5 and {*map(type, numbers)} <= {int} and all(map(_DIGEST, digests))):
            raise UnfitStore("it is broken")
        each = iter(numbers)
        return dict(zip(zip(each, each, each, each, each, strict=True), digests, strict=True))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise error if isinstance(error, UnfitStore) else UnfitStore("it is broken") from None


def _replace(path: str, content: bytes) -> None:
    """Put *content* at *path* in one step, readable by this user alone."""
    descriptor, temporary = tempfile.mkstemp(prefix=".digests-", dir=os.path.dirname(path))  # mkstemp: mode 0600
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
