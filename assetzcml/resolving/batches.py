"""
Many contents for a store at once: written first, then made durable by one look of the disk, then given their names.

The disk is asked once for all of them and not for each, which is most of what storing ten thousand small files costs.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from typing import Any

from assetzcml.resolving.files import MANY, sync_file_system, write_all
from assetzcml.resolving.objects import MODE, Objects

__all__ = ["Batch"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Batch:
    """
    Contents on their way into *objects*, by who holds its lock. `add` may be called by many threads, `commit` by one.

    Nothing is there before `commit`; who ends without it leaves nothing behind.

    >>> import hashlib, tempfile
    >>> objects, digest = Objects(tempfile.mkdtemp()), hashlib.sha256(b"a{}").hexdigest()
    >>> with objects.writing(), Batch(objects) as batch:
    ...     added = batch.add(b"a{}", digest), batch.add(b"a{}", digest)
    ...     batch.commit()
    >>> added, objects.read(digest)
    ((True, False), b'a{}')
    """

    def __init__(self, objects: Objects):
        self._objects = objects
        self._folder = f"{objects.directory}/tmp"
        self._own = secrets.token_hex(6)  # another host, whose lock is not seen here, has other names
        self._waiting: dict[str, str] = {}
        self.made = 0  # contents that were not there
        self._lock = threading.Lock()

    def __enter__(self) -> Batch:
        os.makedirs(self._folder, exist_ok=True)
        return self

    def __exit__(self, *exc: Any) -> None:
        names: list[str] = []
        with contextlib.suppress(OSError):
            names = os.listdir(self._folder)
        for name in names:  # what was written by a copy of this process that could not tell of it, too
            if name.startswith(self._own):
                with contextlib.suppress(OSError):
                    os.unlink(f"{self._folder}/{name}")

    def add(self, data: bytes, digest: str) -> bool:
        """Keep *data*, whose SHA-256 is *digest*. False where it is there already, with its size. Raises OSError."""
        with self._lock:
            if digest in self._waiting or self._objects.has(digest, len(data)):
                return False
            path = self._waiting[digest] = self._path(digest)
            self.made += 1
        _write(path, data)
        return True

    def write(self, data: bytes, digest: str) -> str | None:
        """
        The same, from a copy of this process too: the path of what it has written, for `take`; None where there was nothing
        to do. Raises OSError.
        """
        if self._objects.has(digest, len(data)):
            return None
        path = self._path(digest)
        try:
            _write(path, data)
        except FileExistsError:
            return None
        return path

    def take(self, path: str, digest: str) -> None:
        """Keep what a copy of this process has written. Another may have written the same."""
        with self._lock:
            if digest not in self._waiting:
                self._waiting[digest] = path
                self.made += 1
                return
        os.unlink(path)

    def _path(self, digest: str) -> str:
        return f"{self._folder}/{self._own}-{os.getpid():x}-{digest}.tmp"

    def commit(self) -> None:
        """Let all that was added be there for good; its names are after `Objects.sync`. Raises OSError."""
        paths = list(self._waiting.values())
        if len(paths) < MANY or not sync_file_system(self._folder):
            for path in paths:
                _sync(path)
        for digest in sorted(self._waiting):
            self._objects.take(self._waiting[digest], digest)
            del self._waiting[digest]


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, _CREATE, MODE)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
