"""
Opening files so that nothing leaves its root and nothing blocks, and sending them without a lie.

Everything that touches a descriptor is here. Nothing here knows HTTP.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from assetzcml.resolving.digests import digest_of
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, is_young

__all__ = [
    "CHUNK",
    "Changing",
    "FileBody",
    "LinkRefused",
    "OpenFile",
    "Refused",
    "Truncated",
    "exhausted",
    "is_below",
    "open_below",
    "read",
    "read_known",
    "read_version",
    "reopen",
]

# Bytes read at once. Up to here the allocator gives back memory it has had before; from 128 KiB on glibc maps new
# pages for each chunk, which costs more than the reading.
CHUNK = 64 * 1024

# How often a path is looked up again when a name on it became a link while we walked.
ATTEMPTS = 3

# How often a file is read that changes meanwhile.
READS = 8

# O_NONBLOCK: opening a FIFO does not wait for its writer. O_NOCTTY: a terminal does not become ours.
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
_WALKS = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and hasattr(os, "O_DIRECTORY")
if _WALKS:
    # O_PATH needs the right to pass through a directory, not to list it; only Linux has it.
    _ROOT = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
    _DIRECTORY = _ROOT | os.O_NOFOLLOW
    _FILE = _READ | os.O_NOFOLLOW

# What open() says of a symbolic link that it must not follow: Linux, macOS; a directory; FreeBSD.
_LINK_ERRORS = frozenset([errno.ELOOP, errno.ENOTDIR, errno.EMLINK])

# What says something about the system and nothing about the file: too many open, no memory, a broken disk.
_EXHAUSTED = frozenset([errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EIO, errno.EAGAIN])


class Refused(Exception):
    """There is something, and it is not to be served: no regular file, not readable, or a link out of the root."""


class LinkRefused(Refused):
    """A link leads to where it may not be followed; `follow_symlinks` would allow it."""


class Truncated(OSError):
    """A file became shorter, or another, while it was sent. A server that sees it closes the connection."""


class Changing(OSError):
    """A file changes faster than it can be read."""


def exhausted(error: OSError) -> bool:
    """Does the error say something about the system, and nothing about what is at the path?"""
    return error.errno in _EXHAUSTED


class OpenFile(NamedTuple):
    """A regular file that was opened, and what `fstat` says of the descriptor. Who gets it closes it."""

    descriptor: int
    status: os.stat_result


def open_below(
    root: str,
    parts: Sequence[str],
    *,
    follow_symlinks: bool = False,
    closed: Callable[[str, str], bool] = lambda path, base: False,
    counterpart: str = "",
) -> OpenFile:
    """
    Open the regular file that *parts* lead to from the directory *root*.

    The root itself may be reached through links. Below it a link is followed only to what is in the root
    too, and where *closed* is false of the real path and the root's; with *follow_symlinks*, anywhere. Every step is
    taken from the descriptor of the directory before and follows no link, so a name that is exchanged in the meantime
    leads nowhere else. What is in the directory *counterpart* is inside too: the root where the links of an installation that
    is made of links lead to.

    Raises Refused where there is something that is not to be served, FileNotFoundError (or NotADirectoryError)
    where there is nothing, and another OSError where the system is at its limits.
    """
    try:
        if follow_symlinks:
            descriptor = os.open("/".join((root, *parts)), _READ)
        elif counterpart and _leads_into(root, parts, counterpart):
            inside = _real_parts(root, parts, closed, counterpart)
            descriptor = (_open_walking if _WALKS else _open_checking)(counterpart, inside, closed)
        elif _WALKS:
            descriptor = _open_walking(root, tuple(parts), closed)
        else:
            descriptor = _open_checking(root, parts, closed)
    except OSError as error:
        if exhausted(error) or isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise
        raise Refused(error.strerror) from error
    except ValueError as error:  # a character that no file name can have
        raise FileNotFoundError(errno.ENOENT, str(error)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("not a regular file")
    except BaseException:
        os.close(descriptor)
        raise
    return OpenFile(descriptor, status)


def reopen(path: str, version: Fingerprint) -> int | None:
    """
    The descriptor of a file that `open_below` has opened before; None when it is not the same *version* any more.

    The directories on the way are not walked again: same device, inode, size and times prove that nothing was
    exchanged since they were.
    """
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if exhausted(error):
            raise
        return None
    try:
        if fingerprint(os.fstat(descriptor)) == version:
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def read_known(path: str, version: Fingerprint, part: range) -> bytes | None:
    """
    The bytes of *part* of a file that `open_below` has opened before; None when it is not the same *version* any more.

    That is asked after they were read, so that what is overwritten meanwhile is not half of each.
    """
    try:
        descriptor = os.open(path, _READ)
        try:
            data = read(descriptor, part)
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if exhausted(error):
            raise
        return None
    return data if fingerprint(status) == version else None


def _open_walking(root: str, parts: tuple[str, ...], closed: Callable[[str, str], bool]) -> int:
    top = os.open(root, _ROOT)
    try:
        for _ in range(ATTEMPTS):
            try:
                return _walk(top, parts)
            except OSError as error:
                if error.errno not in _LINK_ERRORS:
                    raise
            # A link is in the way. Where it leads is only a proposal: the next walk follows no link either.
            parts = _real_parts(root, parts, closed)
        raise Refused("the path changes while it is walked")
    finally:
        os.close(top)


def _walk(top: int, parts: tuple[str, ...]) -> int:
    """The descriptor of the file that *parts* lead to from the directory *top*, no name of which is a link."""
    directory = top
    try:
        for name in parts[:-1]:
            below = os.open(name, _DIRECTORY, dir_fd=directory)
            if directory != top:
                os.close(directory)
            directory = below
        return os.open(parts[-1], _FILE, dir_fd=directory)
    finally:
        if directory != top:
            os.close(directory)


def _leads_into(root: str, parts: Sequence[str], counterpart: str) -> bool:
    """Do *parts* lead from *root* through a link into *counterpart*? Only a proposal: the walk follows no link."""
    return is_below(os.path.realpath(os.path.join(root, *parts)), os.path.realpath(counterpart))


def _real_parts(
    root: str, parts: Sequence[str], closed: Callable[[str, str], bool], base: str | None = None
) -> tuple[str, ...]:
    """The names from *root*, or *base*, to where *parts* really lead; Refused where that is outside, or *closed*."""
    base = os.path.realpath(root if base is None else base)
    path = os.path.realpath(os.path.join(root, *parts))
    if not is_below(path, base):
        raise LinkRefused("a link leaves the root")
    if closed(path, base):
        raise LinkRefused("a link leads into another static view")
    return tuple(path[len(base) :].strip(os.sep).split(os.sep))


def _open_checking(root: str, parts: Sequence[str], closed: Callable[[str, str], bool]) -> int:
    """Open first, then look where it really is: for systems whose open() cannot start at a directory."""
    path = os.path.join(root, *parts)
    descriptor = os.open(path, _READ)
    try:
        real = os.path.join(os.path.realpath(root), *_real_parts(root, parts, closed))
        if not os.path.samestat(os.fstat(descriptor), os.lstat(real)):
            raise Refused("the path changes while it is opened")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_below(path: str, base: str) -> bool:
    """
    Is the real path *path* something below the directory *base*, by segments?

    >>> is_below("/srv/www/a", "/srv/www"), is_below("/srv/www2/a", "/srv/www"), is_below("/srv", "/")
    (True, False, True)
    """
    return path.startswith(base if base.endswith(os.sep) else base + os.sep)


def _is_still(version: Fingerprint, status: os.stat_result, may_grow: bool) -> bool:
    """
    Is what *status* was said of the *version* of a file that was opened?

    One that was replaced, or removed, is still what it was, though losing its name counts as a change of its inode.
    """
    now = fingerprint(status)
    if now == version or (status.st_nlink == 0 and now[:4] == version[:4]):
        return True
    return may_grow and status.st_size > version[2]


def _pread(descriptor: int, size: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


_pread = getattr(os, "pread", _pread)  # Windows has none; there a body has its descriptor to itself


def read(descriptor: int, part: range) -> bytes:
    """The bytes of *part* of a file. Raises Truncated when the file ends before it does."""
    data = _pread(descriptor, len(part), part.start)
    if len(data) == len(part):
        return data
    pieces = [data]
    position = part.start + len(data)
    while position < part.stop:  # a signal, or more than the system reads at once (2 GiB)
        data = _pread(descriptor, part.stop - position, position)
        if not data:
            raise Truncated("the file became shorter while it was read")
        pieces.append(data)
        position += len(data)
    return b"".join(pieces)


# Seconds between two reads of a file that has just changed, and for how long it has to say the same then: a writer may
# lose the processor between two pieces for as long.
PAUSE = 0.004
QUIET = 0.01
LONG_PAUSE = 0.02


def read_version(descriptor: int, believed: Collection[str] = ()) -> tuple[bytes, os.stat_result]:
    """
    All bytes of a file as one version of it, and what `fstat` says of that version.

    A file that is being written is read until it says the same again after a while, or has only grown in between (a log).
    Bytes with one of the digests *believed* are known to be a version. Raises Changing where there is none of it.
    """
    former: bytes | None = None
    seen: dict[str, float] = {}
    empty = 0
    for _ in range(READS):
        before = os.fstat(descriptor)
        try:
            data = read(descriptor, range(before.st_size))
        except Truncated:
            former = None
            time.sleep(PAUSE)
            continue
        after = os.fstat(descriptor)
        unchanged = fingerprint(before) == fingerprint(after)
        if unchanged and not is_young(fingerprint(after), 1 if data else READS):
            return data, before
        # What has just become empty is most often about to be filled: that has to hold until the times tell.
        if data:
            now, digest = time.monotonic(), digest_of(data)
            if digest in believed or (unchanged and now - seen.setdefault(digest, now) >= QUIET):
                return data, before
            if not unchanged and former and data.startswith(former):
                return data, before
        former = data
        empty += not data
        time.sleep(PAUSE if data else LONG_PAUSE)
    if empty == READS:
        return b"", before
    raise Changing(errno.EAGAIN, "the file changes while it is read")


class FileBody:
    """
    Part of a file as the body of a response: an iterator of bytes, and a file for `wsgi.file_wrapper`.

    It gives exactly the bytes of *part*, or raises Truncated: a body that is shorter than its Content-Length would
    leave the client waiting, and one of two versions is none. Whether the file is still the *version* that it
    was is asked before the last piece is given; with *may_grow* bytes may have been appended. A server that
    sends the descriptor itself (sendfile) learns it from `close()`.
    It owns *descriptor*; `close()`, the end of the iteration and the garbage collector close it, whichever is first.

    >>> body = FileBody(os.open(os.devnull, os.O_RDONLY), range(0))
    >>> list(body), body.closed
    ([], True)
    """

    __slots__ = ("_descriptor", "_may_grow", "_part", "_position", "_version")

    def __init__(self, descriptor: int, part: range, version: Fingerprint | None = None, may_grow: bool = False):
        self._version = version
        self._may_grow = may_grow
        self._descriptor = descriptor
        self._part = part
        self._position = part.start

    @property
    def closed(self) -> bool:
        return self._descriptor < 0

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return self._part.stop - self._position

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = self.read(CHUNK)
        if not data:
            self.release()
            raise StopIteration
        return data

    def read(self, size: int = -1) -> bytes:
        """At most *size* of the bytes that are left, all of them when it is negative; b'' at the end."""
        position = self._position
        left = self._part.stop - position
        if size < 0 or size > left:
            size = left
        if size <= 0:
            return b""
        if self._descriptor < 0:
            raise ValueError("the body is closed")
        data = _pread(self._descriptor, size, position)
        if not data:
            self.release()
            raise Truncated("the file became shorter while it was sent")
        self._position = position + len(data)
        if self._position == self._part.stop:
            self._verify()
        return data

    def _verify(self) -> None:
        """Raise Truncated, and close the file, where it is not what it was when it was opened."""
        if self._version is not None and not _is_still(self._version, os.fstat(self._descriptor), self._may_grow):
            self.release()
            raise Truncated("the file was changed while it was sent")

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As a file's; counted from the first byte of the part."""
        base = {os.SEEK_SET: self._part.start, os.SEEK_CUR: self._position, os.SEEK_END: self._part.stop}[whence]
        self._position = min(max(base + offset, self._part.start), self._part.stop)
        return self.tell()

    def tell(self) -> int:
        return self._position - self._part.start

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        """The descriptor, whose own position is the first byte of the file."""
        if self._descriptor < 0:
            raise ValueError("the body is closed")
        return self._descriptor

    def close(self) -> None:
        """Close the file. Raises Truncated where it is not what was promised any more, and not all was read."""
        if self._descriptor < 0:
            return
        try:
            short = False
            if self._position < self._part.stop:
                self._verify()
                short = os.fstat(self._descriptor).st_size < self._part.stop
        finally:
            self.release()
        if short:
            raise Truncated("the file became shorter while it was sent")

    def release(self) -> None:
        """Close the file, whatever was sent of it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.release()
