"""Digests of bytes, and where they stand in a file name. No file is looked for here.

`app.min.js` with the digest 3f2a9c81b7d0 is `app.min-3f2a9c81b7d0.js`.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from typing import TYPE_CHECKING, BinaryIO

from assetzcml.late import hashlib
from assetzcml.resolving.files import open_descriptor
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, may_change_unseen

if TYPE_CHECKING:
    from assetzcml.registry import Registry
    from assetzcml.resolving.packages import Found

__all__ = ["DIGEST_LENGTH", "Digests", "digest_of", "file_digest", "whole_digest", "with_digest", "without_digest"]

DIGEST_LENGTH = 12  # hex digits: 48 bits, so two versions of one file collide once in 2.8e14 (FIPS 180-4 SHA-256, cut)
CHUNK = 1 << 18  # bytes read at a time: large enough for the disk, small enough for a thread
CACHED_DIGESTS = 10_000  # files; about 3 MB
_DIGEST_IN_NAME = re.compile(rf"(?s)(.+)-([0-9a-f]{{{DIGEST_LENGTH}}})(\.[^.]*)?")


def digest_of(data: bytes) -> str:
    """The first 12 hex digits of the SHA-256 of *data*."""
    return hashlib.sha256(data).hexdigest()[:DIGEST_LENGTH]


def whole_digest(stream: BinaryIO) -> str:
    """The SHA-256, all 64 hex digits, of everything that *stream* still has, a piece at a time."""
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def file_digest(path: str) -> tuple[str, Fingerprint | None]:
    """
    The SHA-256, all 64 hex digits, of the bytes of a regular file, and the file's fingerprint; None for that where it
    changed meanwhile, or may do so without showing it. Raises OSError.
    """
    descriptor, before = open_descriptor(path)
    try:
        digest, left = hashlib.sha256(), before.st_size
        while left > 0 and (chunk := os.read(descriptor, min(left, CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
        version = fingerprint(os.fstat(descriptor))
        if version == fingerprint(before) and not may_change_unseen(version):
            return digest.hexdigest(), version
        while chunk := os.read(descriptor, CHUNK):
            digest.update(chunk)
        return digest.hexdigest(), None
    finally:
        os.close(descriptor)


def with_digest(name: str, digest: str) -> str:
    """
    *name*, the last segment of a path, with *digest* before its last extension.

    >>> with_digest("app.min.js", "3f2a9c81b7d0")
    'app.min-3f2a9c81b7d0.js'
    >>> with_digest("LICENSE", "3f2a9c81b7d0")
    'LICENSE-3f2a9c81b7d0'
    >>> with_digest(".well", "3f2a9c81b7d0")
    '.well-3f2a9c81b7d0'
    """
    stem, _, extension = name.rpartition(".")
    return f"{stem}-{digest}.{extension}" if stem else f"{name}-{digest}"


def without_digest(name: str) -> tuple[str, str] | None:
    """
    The name and the digest that `with_digest` put together; None when *name* carries no digest.

    >>> without_digest("app.min-3f2a9c81b7d0.js")
    ('app.min.js', '3f2a9c81b7d0')
    >>> without_digest("app.min.js") is None
    True
    """
    found = _DIGEST_IN_NAME.fullmatch(name)
    if found is None:
        return None
    plain = found[1] + (found[3] or "")
    # Only a name that with_digest() makes is one of its names: 'a.b-<digest>' is not, since 'a.b' gives 'a-<digest>.b'.
    return (plain, found[2]) if with_digest(plain, found[2]) == name else None


class Digests:
    """
    The digests of the files of one registry, remembered by path and fingerprint.

    Safe to use from many threads: two that ask at once may both read the file, and get the same answer.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._known: dict[tuple[str, Fingerprint], str] = {}
        self._lock = threading.Lock()
        self.made = 0  # digests, since the registry was made

    def digest(self, found: Found) -> str:
        """
        The digest of what *found* holds now. Raises OSError when it cannot be read.

        What is in an archive is read each time.
        """
        if found.path is None or found.status is None:
            with found.open() as stream:
                self.made += 1
                return whole_digest(stream)[:DIGEST_LENGTH]
        known = self._known.get((found.path, fingerprint(found.status)))
        return known if known is not None else self._read(found, found.path, found.status)

    def _read(self, found: Found, path: str, status: os.stat_result) -> str:
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(f"{path!r} is not a regular file")
        with found.open() as stream:
            before = fingerprint(os.fstat(stream.fileno()))
            digest = whole_digest(stream)[:DIGEST_LENGTH]
            self.made += 1
            after = fingerprint(os.fstat(stream.fileno()))
        if before == after and not may_change_unseen(after):
            with self._lock:
                if len(self._known) >= CACHED_DIGESTS:
                    self._known.clear()
                self._known[path, after] = digest
        return digest
