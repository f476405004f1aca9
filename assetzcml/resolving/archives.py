"""Files in a zip archive, such as a wheel on `sys.path`, as `importlib.resources` shows them; nothing is unpacked.

No descriptor is kept between two reads: processes that were forked do not share a place in the file.
"""

from __future__ import annotations

import io
import os
import threading
import zipfile
import zipimport
from collections.abc import Iterator
from typing import Any

from assetzcml.resolving.fingerprints import Fingerprint, fingerprint

__all__ = ["Archive", "Member", "member_at"]

MOST_ARCHIVES = 100  # whose indexes are kept: more than any sys.path has


class Archive:
    """The names in a zip archive. They are read when the archive has changed since."""

    _known: dict[str, Archive] = {}  # noqa: RUF012 (by path, the one that was made first at first)
    _lock = threading.Lock()

    def __init__(self, path: str):
        self.path = path
        self._state: tuple[Fingerprint, dict[str, tuple[str, ...]], frozenset[str]] | None = None

    @classmethod
    def at(cls, path: str) -> Archive:
        """The archive at *path*; the same one for every caller."""
        with cls._lock:
            found = cls._known.get(path)
            if found is None:
                while len(cls._known) >= MOST_ARCHIVES:  # one that is in use goes on with the index that it has
                    del cls._known[next(iter(cls._known))]
                found = cls._known[path] = cls(path)
            return found

    def files(self) -> frozenset[str]:
        """The names of all files, '/' between segments."""
        return self._index()[1]

    def directories(self) -> dict[str, tuple[str, ...]]:
        """The names in each directory; '' is the top."""
        return self._index()[0]

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises OSError (FileNotFoundError) where there is none."""
        if name not in self.files():
            raise FileNotFoundError(f"{self.path} has no file {name!r}")
        return zipimport.zipimporter(self.path).get_data(f"{self.path}{os.sep}{name.replace('/', os.sep)}")

    def _index(self) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
        status = os.stat(self.path)
        stamp = fingerprint(status)
        state = self._state
        if state is None or state[0] != stamp:
            if state is not None:
                zipimport.zipimporter(self.path).invalidate_caches()
            with zipfile.ZipFile(self.path) as opened:
                names = opened.namelist()
            state = self._state = (stamp, *_tree(names))
        return state[1], state[2]


def _tree(names: list[str]) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """The directories, also those that have no entry of their own, and the files among the names of an archive."""
    directories: dict[str, dict[str, None]] = {"": {}}
    for name in names:
        steps = name.strip("/").split("/")
        for depth in range(len(steps)):
            directories.setdefault("/".join(steps[:depth]), {})[steps[depth]] = None
        if name.endswith("/"):
            directories.setdefault(name.strip("/"), {})
    files = frozenset(name for name in names if not name.endswith("/"))
    return {name: tuple(below) for name, below in directories.items()}, files


class Member:
    """A place in an archive: a `Traversable` that is read in one go. It need not exist."""

    __slots__ = ("archive", "at")

    def __init__(self, archive: Archive, at: str):
        self.archive = archive
        self.at = at

    @property
    def name(self) -> str:
        return self.at.rpartition("/")[2]

    @property
    def parent(self) -> Member:
        return Member(self.archive, self.at.rpartition("/")[0])

    def joinpath(self, *descendants: str) -> Member:
        """The place that *descendants*, each a path with '/', lead to. '..' is not followed."""
        steps = [step for text in descendants for step in str(text).split("/") if step not in ("", ".")]
        return Member(self.archive, "/".join(([self.at] if self.at else []) + steps))

    __truediv__ = joinpath

    def is_file(self) -> bool:
        return self.at in self.archive.files()

    def is_dir(self) -> bool:
        return self.at in self.archive.directories()

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def iterdir(self) -> Iterator[Member]:
        names = self.archive.directories().get(self.at)
        if names is None:
            raise NotADirectoryError(f"{self} is not a directory")
        return (self.joinpath(name) for name in names)

    def open(self, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        """A stream of the bytes with mode 'rb', of the text with 'r'; the rest goes to `io.TextIOWrapper`."""
        if mode not in ("r", "rb", "rt"):
            raise ValueError(f"{self} is in an archive and can only be read, not opened with mode {mode!r}")
        stream = io.BytesIO(self.read_bytes())
        return stream if mode == "rb" else io.TextIOWrapper(stream, *arguments, **options)

    def read_bytes(self) -> bytes:
        return self.archive.read(self.at)

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        with self.open("r", encoding=encoding, errors=errors) as stream:
            found: str = stream.read()
            return found

    def __str__(self) -> str:
        return os.path.join(self.archive.path, *self.at.split("/"))

    def __repr__(self) -> str:
        return f"<Member {self}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and (self.archive.path, self.at) == (other.archive.path, other.at)

    def __hash__(self) -> int:
        return hash((self.archive.path, self.at))


def member_at(path: str) -> Member | None:
    """
    What an entry of a package's `__path__` means that leads into a zip archive; None when it leads into none.

    '/lib/shop.whl/shop' is the directory 'shop' in the archive '/lib/shop.whl'.
    """
    steps: list[str] = []
    while path and not os.path.exists(path):
        path, step = os.path.split(path)
        if not step:
            return None
        steps.insert(0, step)
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        return Member(Archive.at(os.path.abspath(path)), "/".join(steps))
    return None
