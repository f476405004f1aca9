"""
A store of contents: bytes by their digest, and beside them the manifest of each release that is made of them.

    objects/ab/cdef...          the bytes whose SHA-256 is abcdef..., and nothing else
    generations/<digest>.json   the manifests, see `assetzcml.resolving.releases`
    tmp/                        what is being written; whoever holds the lock may clear it
    lock                        held by who writes or removes

What is there is never changed: it is created under a name that says what it is, synced before it has that name. So a reader
needs no lock, and compares what it has read with the name. Nothing here knows what the bytes are for.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from assetzcml.resolving.files import FileLock, sync_directories, write_all

__all__ = ["GRACE", "BrokenObject", "Objects", "StoredObject", "Unfit", "create_only", "is_digest"]

CHUNK = 1 << 18  # bytes read at a time
MODE = 0o444  # of what is created, less the umask: nobody has a reason to write it again
ATTEMPTS = 5  # of a file whose temporary name another host has cleared away
GRACE = 3600.0  # seconds for which nobody removes an object that no manifest names: a release that is being stored may
_DIGEST = re.compile("[0-9a-f]{64}").fullmatch
_TEMPORARY = re.compile(r"[^.]+\.tmp").fullmatch
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# What link() says on a file system that has no hard links.
_NO_LINKS = frozenset([errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK])


class BrokenObject(ValueError):
    """What is in the store under a digest does not have it."""


class Unfit(ValueError):
    """The directory is not to be trusted, or is no store."""


class StoredObject(NamedTuple):
    """The SHA-256 of bytes in the store, 64 hex digits, and how many they are."""

    digest: str
    size: int


def is_digest(text: str) -> bool:
    """Is it 64 lower-case hex digits?"""
    return _DIGEST(text) is not None


class Objects:
    """
    The contents in *directory*, an absolute path. Nothing is created before the first `put`.

    Safe between threads, processes and hosts on one mount: what is created has its name in one step, and is there whole.
    `put` and `remove` are called by who holds the lock (`writing`); should a mount know no locks across hosts, the worst
    that comes of it is work done twice.

    >>> import io, tempfile
    >>> objects = Objects(tempfile.mkdtemp())
    >>> with objects.writing():
    ...     stored = objects.put(io.BytesIO(b"a{}"))
    >>> stored.digest[:12], objects.read(stored.digest), objects.is_whole(stored.digest)
    ('5f546eb4606b', b'a{}', True)
    """

    def __init__(self, directory: str | os.PathLike[str]):
        self.directory: str = os.path.abspath(os.fspath(directory))
        self._touched: set[str] = set()

    def __repr__(self) -> str:
        return f"<Objects {self.directory}>"

    def path(self, digest: str) -> str:
        """Where the bytes with this digest are, if they are here. Raises ValueError for what is no digest."""
        if not is_digest(digest):
            raise ValueError(f"{digest!r} is not a SHA-256 in hex")
        return f"{self.directory}/objects/{digest[:2]}/{digest[2:]}"

    # Reading.

    def check(self) -> None:
        """Raises Unfit where everybody may write into the directory; FileNotFoundError where there is none."""
        status = os.stat(self.directory)
        if not stat.S_ISDIR(status.st_mode):
            raise Unfit(f"{self.directory} is no directory")
        if status.st_mode & stat.S_IWOTH:
            raise Unfit(f"everybody may write into {self.directory}; its contents are served, so 'chmod o-w' it")

    def open(self, digest: str) -> BinaryIO:
        """
        The bytes, not compared with the digest. Raises FileNotFoundError, and BrokenObject for what is no regular file.
        """
        path = self.path(digest)
        try:
            descriptor = os.open(path, _READ)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise BrokenObject(f"{path} is a symbolic link") from None
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BrokenObject(f"{path} is no regular file")
        return open(descriptor, "rb", buffering=0)

    def read(self, digest: str) -> bytes:
        """The bytes. Raises FileNotFoundError, OSError, and BrokenObject where they have another digest."""
        with self.open(digest) as stream:
            content = stream.read()
        if hashlib.sha256(content).hexdigest() != digest:
            raise BrokenObject(f"{self.path(digest)} does not have the digest that is its name")
        return content

    def is_whole(self, digest: str) -> bool:
        """Has what is there the digest that is its name? Reads all of it; raises OSError where that fails."""
        try:
            with self.open(digest) as stream:
                found = hashlib.sha256()
                while chunk := stream.read(CHUNK):
                    found.update(chunk)
        except (FileNotFoundError, BrokenObject):
            return False
        return found.hexdigest() == digest

    def size(self, digest: str) -> int | None:
        """How many bytes are there under this digest; None where nothing is."""
        try:
            status = os.lstat(self.path(digest))
        except OSError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else -1

    def digests(self) -> Iterator[str]:
        """The names of all that is there, in order."""
        top = f"{self.directory}/objects"
        for shard in _listed(top):
            if len(shard) == 2:
                yield from (each for name in _listed(f"{top}/{shard}") for each in [shard + name] if is_digest(each))

    # Writing.

    @contextlib.contextmanager
    def writing(self, timeout: float = 600.0) -> Iterator[None]:
        """
        Hold the lock of the store, waiting up to *timeout* seconds for it; what a killed process left is cleared away.

        Raises TimeoutError, and OSError where the directory cannot be made.
        """
        os.makedirs(self.directory, exist_ok=True)
        with FileLock(f"{self.directory}/lock").held(timeout) as held:
            if not held:
                raise TimeoutError(
                    errno.EAGAIN, f"another process has been writing for {timeout:.0f} seconds", self.directory
                )
            self._clear()
            yield

    def put(self, stream: BinaryIO, expected: StoredObject | None = None, prove: bool = False) -> StoredObject:
        """
        Keep all that *stream* still has. Returns what it was: a file that changes meanwhile is not what was *expected*.

        What is there already under the *expected* digest, with its size, is not written again, and nothing is read of the
        stream. With *prove* what is there has to have its digest, too. After `sync` it is there for good. Raises OSError;
        nothing half is left then.
        """
        broken = prove and expected is not None and not self.is_whole(expected.digest)
        if expected is not None and not broken and self.has(*expected):
            return expected
        for _ in range(ATTEMPTS):
            start = stream.tell()
            stored = self._put(stream, broken)
            if stored is not None:
                return stored
            stream.seek(start)
        raise OSError(errno.EBUSY, "another host clears this store away while it is written", self.directory)

    def _put(self, stream: BinaryIO, broken: bool) -> StoredObject | None:
        found, size = hashlib.sha256(), 0
        with temporary_file(self.directory) as (descriptor, temporary):
            while chunk := stream.read(CHUNK):
                found.update(chunk)
                size += len(chunk)
                write_all(descriptor, chunk)
            stored = StoredObject(found.hexdigest(), size)
            path = self.path(stored.digest)
            os.fsync(descriptor)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._touched.add(stored.digest[:2])
            try:
                # What is there and is as long is what we have; what is not was cut by a disk that lost it.
                create_only(temporary, path, replace=broken or self.size(stored.digest) not in (None, size))
            except FileNotFoundError:
                return None
        return stored

    def has(self, digest: str, size: int) -> bool:
        """Are that many bytes there under this digest? They are needed again then, and `remove` spares them."""
        there = self.size(digest) == size
        if there:
            self._renew(digest)
        return there

    def take(self, path: str, digest: str) -> None:
        """Let a file of the folder `tmp`, written and synced, be the bytes with this digest. Raises OSError."""
        shard = digest[:2]
        if shard not in self._touched:
            os.makedirs(f"{self.directory}/objects/{shard}", exist_ok=True)
            self._touched.add(shard)
        os.replace(path, self.path(digest))

    def sync(self, digests: Iterator[str] | None = None) -> None:
        """Make the names of all that was `put` last, and those of *digests*, which others may have put."""
        shards = self._touched | {digest[:2] for digest in digests or ()}
        if shards:
            top = f"{self.directory}/objects"
            sync_directories([*(f"{top}/{shard}" for shard in shards), top, self.directory], top)
        self._touched = set()

    def remove(self, digest: str, grace: float = GRACE) -> bool:
        """
        Take the bytes with this digest away, unless they were put, or put again, in the last *grace* seconds.

        Returns whether they are gone.
        """
        path = self.path(digest)
        try:
            if time.time() - os.lstat(path).st_mtime < grace:
                return False
            os.unlink(path)
        except FileNotFoundError:
            return True
        return True

    def _renew(self, digest: str) -> None:
        """Say that these bytes are needed again: a `gc` of a host whose locks we do not see spares what is new."""
        with contextlib.suppress(OSError):
            path = self.path(digest)
            if time.time() - os.stat(path).st_mtime > GRACE / 2:
                os.utime(path)

    def _clear(self) -> None:
        for name in filter(
            _TEMPORARY, _listed(f"{self.directory}/tmp")
        ):  # of ours; the folder may be a link to another
            with contextlib.suppress(OSError):
                os.unlink(f"{self.directory}/tmp/{name}")


@contextlib.contextmanager
def temporary_file(directory: str) -> Iterator[tuple[int, str]]:
    """A new file in the folder `tmp` of a store: its descriptor and its path. It is gone afterwards."""
    os.makedirs(f"{directory}/tmp", exist_ok=True)
    path = f"{directory}/tmp/{secrets.token_hex(12)}.tmp"
    descriptor = os.open(path, _CREATE, MODE)
    try:
        try:
            yield descriptor, path
        finally:
            os.close(descriptor)  # it may say what a write did not: that the disk is full
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


def create_only(temporary: str, path: str, replace: bool = False) -> None:
    """
    Give a file that was written and synced its name. What has that name already stays, unless it is to be *replaced*.

    Raises FileNotFoundError where *temporary* is gone, and OSError.
    """
    if not replace:
        try:
            os.link(temporary, path)
            return
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        if os.path.exists(path):
            return
    os.replace(temporary, path)


def _listed(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
