"""Files, written so that nobody ever sees half of one, and locks that threads and processes respect."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

try:
    import fcntl
except ImportError:  # Windows: threads are kept apart, processes are not
    fcntl = None  # type: ignore[assignment]

from assetzcml.late import hashlib
from assetzcml.resolving import fingerprints
from assetzcml.resolving.fingerprints import fingerprint

__all__ = [
    "CLOCK",
    "MANY",
    "RACY_SECONDS",
    "FileLock",
    "Replacement",
    "Signature",
    "bytes_there",
    "make_directory",
    "open_descriptor",
    "open_file",
    "private_name",
    "read_file",
    "replace_file",
    "replace_unlocked",
    "sync_directories",
    "sync_directory",
    "sync_file_system",
    "sync_together",
    "write_all",
]

PRIVATE = ".assetzcml"  # a directory for locks and records; static views do not serve dotfiles
CLOCK = 0.05  # seconds by which the clock of a file system may lag (ticks of Linux are 1 to 10 ms)
RACY_SECONDS = fingerprints.RACY / 1e9  # seconds
MANY = (
    64  # files or directories; fewer are synced one by one, so that nobody waits for what other programs have written
)
FIRST_WAIT, LONGEST_WAIT = 0.002, 0.05  # seconds between two looks at a lock: short builds are waited for shortly

SEVERAL = 8  # files that are worth one look of the disk for all
LITTLE = 16 * 2**20  # bytes: a tenth of a second, with most disks
_AMOUNT = re.compile(rb"^(Dirty|Writeback): +([0-9]+) kB$", re.MULTILINE)

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_BLOCK = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class Signature(NamedTuple):
    """
    What of a file changes when its bytes do: size, times of change, inode. A replaced file may be older; a change in
    place whose time was set back shows in the time of the inode's change, which nobody can set. It is the fingerprint
    without the device, for it is kept on the disk, and the number of a device may be another after the next start.
    """

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Signature:
        _, inode, size, mtime, ctime = fingerprint(status)
        return cls(size, mtime, inode, ctime)

    @property
    def changed(self) -> float:
        """When the bytes may have changed last, in seconds of the epoch."""
        return max(self.mtime_ns, self.ctime_ns) / 1e9


def open_descriptor(path: str) -> tuple[int, os.stat_result]:
    """
    A descriptor of a regular file, to be read and closed, and what the system says of it.

    Raises IsADirectoryError, and OSError for what is not a regular file. A FIFO is never waited for, not even one that
    took the file's place after somebody has looked.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_BLOCK | _BINARY)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        return descriptor, status
    except BaseException:
        os.close(descriptor)
        raise


def open_file(path: str, buffering: int = -1) -> BinaryIO:
    """A regular file, to be read. Raises as `open_descriptor`."""
    return open(open_descriptor(path)[0], "rb", buffering)


def bytes_there(path: str) -> bytes | None:
    """The bytes of a file of ours; None where it cannot be read, for whatever reason."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def read_file(path: str) -> tuple[bytes, Signature]:
    """The bytes of a regular file, and the signature it had before they were read. Raises as `open_descriptor`."""
    descriptor, status = open_descriptor(path)
    try:
        content = os.read(descriptor, status.st_size + 1)  # one more, to see the end
        if len(content) != status.st_size:  # it grows, or is longer than one read may be
            with open(descriptor, "rb", closefd=False) as stream:
                content += stream.read()
        return content, Signature.of(status)
    finally:
        os.close(descriptor)


class Replacement:
    """
    The content that is to be the file at *path*: written to a temporary file now, then synced and put in its place.

    The caller holds the lock of *path*, so *temporary* has a fixed name in its directory: what a killed process left
    there, the next one writes over. All of it raises OSError; after `drop` there is the former file and no other.
    Who writes several syncs them at the end, with `sync_together` before.
    """

    def __init__(self, path: str, content: bytes, temporary: str):
        self.path = path
        self._temporary = temporary
        self._durable = False
        try:
            self._descriptor = _new_file(temporary)
        except FileExistsError:
            os.unlink(temporary)
            self._descriptor = _new_file(temporary)
        try:
            write_all(self._descriptor, content)
        except BaseException:
            self.drop()
            raise

    @property
    def device(self) -> int:
        """The file system that it is on."""
        return os.fstat(self._descriptor).st_dev

    def is_durable(self) -> None:
        """Somebody has seen to it that `sync` has nothing to wait for."""
        self._durable = True

    def send_off(self) -> None:
        """Have the system begin to write it out, and do not wait."""
        if not self._durable and hasattr(os, "posix_fadvise"):  # not on macOS and Windows
            with contextlib.suppress(OSError):  # it is a wish
                os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        if not self._durable:
            os.fsync(self._descriptor)
        self._close()

    def put(self) -> None:
        """After that, `sync_directory` makes it last."""
        os.replace(self._temporary, self.path)
        self._temporary = ""

    def drop(self) -> None:
        """Once more, or after `put`, does no harm."""
        with contextlib.suppress(OSError):
            self._close()
        if self._temporary:
            with contextlib.suppress(OSError):
                os.unlink(self._temporary)
            self._temporary = ""

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _new_file(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY, 0o666)


def replace_file(path: str, content: bytes, durable: bool = True) -> None:
    """
    Make *content* the file at *path*: a reader sees the former file or this one, and with *durable* also after a power
    failure. What is not durable has to be checked when it is read.

    The caller holds the lock of *path*. Raises OSError; the former file and no other is there then.
    """
    directory, name = os.path.split(path)
    replacement = Replacement(path, content, os.path.join(directory, f".{name}.tmp"))
    try:
        if durable:
            replacement.sync()
        replacement.put()
    finally:
        replacement.drop()
    if durable:
        sync_directory(directory)


def make_directory(directory: str) -> list[str]:
    """
    Make *directory* and those above it, where they are not there; returns those that have a new name in them, which
    `sync_directory` makes last. Raises OSError.
    """
    changed = []
    above = directory
    while not os.path.isdir(above) and os.path.dirname(above) != above:
        above = os.path.dirname(above)
        changed.append(above)
    if changed:
        os.makedirs(directory, exist_ok=True)
    return changed


def sync_directory(directory: str) -> None:
    """Make the names in *directory* durable. Some systems cannot open one; then there is nothing to do."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: a file system whose directories know no fsync
            raise
    finally:
        os.close(descriptor)


def sync_file_system(directory: str) -> bool:
    """
    Make all durable of the file system that has *directory*; False where the system cannot be asked for that.

    One look of the disk for ten thousand files, and not one for each. Raises OSError.
    """
    if not sys.platform.startswith("linux") or _linux() < (5, 8):  # before that, syncfs keeps errors to itself
        return False
    import ctypes  # not for every process that reads a store

    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        if syncfs(descriptor) == 0:
            return True
        code = ctypes.get_errno()
    finally:
        os.close(descriptor)
    if code in (errno.ENOSYS, errno.EINVAL, errno.EPERM):
        return False
    raise OSError(code, os.strerror(code), directory)


def _linux() -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def sync_together(replacements: Sequence[Replacement]) -> None:
    """
    Have several on the disk with one look of it, which takes no longer than what other programs have left to write: where
    that is more than little, or the system cannot be asked for that, they are sent off, and each is left to its `sync`.
    """
    if len(replacements) >= SEVERAL and _unwritten() <= LITTLE:
        devices: dict[int, list[Replacement]] = {}
        for each in replacements:
            devices.setdefault(each.device, []).append(each)
        for several in devices.values():
            _sync_device(several)
    if len(replacements) > 1:
        for each in replacements:
            each.send_off()


def _sync_device(several: Sequence[Replacement]) -> None:
    with contextlib.suppress(OSError):  # each says then what is wrong with it
        if sync_file_system(os.path.dirname(several[0].path)):
            for each in several:
                each.is_durable()


def _unwritten() -> float:
    """How many bytes of all programs are still to be written to disks; infinitely many where nobody says it."""
    try:
        with open("/proc/meminfo", "rb") as stream:
            found = dict(_AMOUNT.findall(stream.read()))
        return 1024.0 * (int(found[b"Dirty"]) + int(found[b"Writeback"]))
    except (OSError, KeyError):
        return math.inf


def sync_directories(directories: Iterable[str], top: str) -> None:
    """Make the names in each of *directories*, all on the file system of *top*, durable. Raises OSError."""
    several = sorted(set(directories))
    if len(several) < MANY or not sync_file_system(top):
        for directory in several:
            sync_directory(directory)


def private_name(directory: str, name: str, extension: str) -> str:
    """
    The path of a file that assetzcml keeps about *name* in *directory*: readable, and never that of another name.

    >>> private_name("/srv", "gen/app.%(version)s.css", "lock")
    '/srv/.assetzcml/app.versions.css-e0333074ae33.lock'
    """
    readable = re.sub(r"[^A-Za-z0-9.]+", "", name.rpartition("/")[2])[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return os.path.join(directory, PRIVATE, f"{readable}-{digest}.{extension}")


class FileLock:
    """
    A lock that one thread of one process holds. The system gives it back when its holder dies.

    Its file is never removed, which would let two hold it. What it contains is its holder's business.
    """

    def __init__(self, path: str):
        self.path = path
        self._descriptor = -1

    @contextlib.contextmanager
    def held(self, timeout: float) -> Iterator[bool]:
        """
        Hold the lock, waiting up to *timeout* seconds for it; yields whether it is held.

        The file's directory is made. Raises OSError when it cannot be.
        """
        descriptor = self._opened()
        _held.add(descriptor)
        try:
            got = _wait(lambda: _lock(descriptor, self.path), timeout)
            self._descriptor = descriptor if got else -1
            try:
                yield got
            finally:
                self._descriptor = -1
                if got and descriptor in _held:
                    _unlock(descriptor, self.path)
        finally:
            if descriptor in _held:  # not so in a child that was forked inside: there it is closed already
                _held.discard(descriptor)
                with contextlib.suppress(OSError):  # the lock is given back, and what was written is written
                    os.close(descriptor)

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | _NO_FOLLOW | _BINARY
        try:
            return os.open(self.path, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            return os.open(self.path, flags, 0o666)

    @property
    def empty(self) -> bool:
        """Does the file hold nothing? The holder asks."""
        return os.fstat(self._descriptor).st_size == 0

    def write(self, content: bytes) -> None:
        """
        Let *content* be what the file holds; the holder does. Who reads meanwhile may see a part of it.

        Not synced: after a power failure it may be anything, and has to carry a checksum.
        """
        # Written over before it is cut: when that fails, what is there is neither the former content nor nothing.
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        write_all(self._descriptor, content)
        os.ftruncate(self._descriptor, len(content))


_held: set[int] = set()  # descriptors of locks; a child process must not keep its parent's
_threads: set[str] = set()  # paths of locks that are held, where the system has no lock
_threads_lock = threading.Lock()


def _wait(attempt: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    pause = FIRST_WAIT
    while not attempt():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_WAIT)
    return True


def _lock(descriptor: int, path: str) -> bool:
    if fcntl is None:
        with _threads_lock:
            free = path not in _threads
            _threads.add(path)
        return free
    try:
        # flock, not lockf: it belongs to the open file, so that it keeps threads apart too.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _unlock(descriptor: int, path: str) -> None:
    if fcntl is None:
        with _threads_lock:
            _threads.discard(path)
    else:
        # Not left to close(): a child that was forked meanwhile has the same open file, and would keep the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _drop_after_fork() -> None:
    for descriptor in list(_held):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_after_fork)


def replace_unlocked(path: str, content: bytes, mode: int | None = None) -> bool:
    """
    Make *content* the file at *path* where several processes may want the same at once; returns whether this one did.

    For what is checked when it is read: nothing is synced. The temporary file is its own lock; who finds it taken
    leaves the work to the other. What a killed process left is taken over. Raises OSError.
    """
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name}.tmp")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | _NO_FOLLOW | _BINARY, 0o666 if mode is None else mode)
    _held.add(descriptor)
    try:
        if not _lock(descriptor, temporary):
            return False
        try:
            # The other may have renamed it just before we locked it: then our descriptor is that of the finished file.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(temporary)):
                    _fill(descriptor, content, mode)
                    os.replace(temporary, path)
                    return True
            return False
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        finally:
            _unlock(descriptor, temporary)
    finally:
        _held.discard(descriptor)
        os.close(descriptor)


def _fill(descriptor: int, content: bytes, mode: int | None) -> None:
    os.ftruncate(descriptor, 0)
    if mode is not None and hasattr(os, "fchmod"):  # a system without it has no such modes
        os.fchmod(descriptor, mode)
    write_all(descriptor, content)


def write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
