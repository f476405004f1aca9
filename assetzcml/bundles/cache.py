"""Results of filters, kept under keys that two different inputs never share.

An environment keeps one entry for each output, and one for its version, so that a cache is as large as what is built.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import threading
from collections import OrderedDict
from typing import Any

from assetzcml.bundles.filters.base import Filter, NamelessValue, stable_text
from assetzcml.resolving.files import read_file, replace_unlocked

__all__ = ["BaseCache", "FilesystemCache", "MemoryCache", "cache_key", "filter_identity", "versions_of"]

log = logging.getLogger("assetzcml")

_unusable: set[str] = set()  # directories that a warning was about; as many as there are caches

DIGEST_LENGTH = 64  # hex digits of the SHA-256 that an entry begins with
FORMAT = b"assetzcml bundles 1"  # part of every key: another format has other keys


class BaseCache:
    """What the option `cache` takes: bytes by key, a key being a text of hexadecimal digits."""

    def get(self, key: str) -> bytes | None:
        """The bytes kept under *key*; None when there are none."""
        raise NotImplementedError

    def set(self, key: str, value: bytes) -> None:
        """Keep *value* under *key*."""
        raise NotImplementedError


class MemoryCache(BaseCache):
    """
    The last *capacity* entries, in the memory of this process.

    >>> cache = MemoryCache(capacity=1)
    >>> cache.set("a", b"1")
    >>> cache.set("b", b"2")
    >>> cache.get("a"), cache.get("b")
    (None, b'2')
    """

    def __init__(self, capacity: int = 1000):
        self.capacity = capacity
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        return self._entries.get(key)

    def set(self, key: str, value: bytes) -> None:
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self.capacity:
                self._entries.popitem(last=False)


class FilesystemCache(BaseCache):
    """
    Entries as files of a directory; with *make*, it is made when it is needed. An entry that is damaged is none.

    *mode* is that of new files (None: what the umask leaves). One that cannot be read or written is as good as none: the
    work is done again, and a warning says so, once in a process.
    """

    def __init__(self, directory: str, mode: int | None = None, make: bool = False):
        self.directory = directory
        self.mode = mode
        self.make_directory = make

    def get(self, key: str) -> bytes | None:
        try:
            content, _ = read_file(os.path.join(self.directory, key))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say("read", error)
            return None
        digest, value = content[:DIGEST_LENGTH], content[DIGEST_LENGTH:]
        return value if digest == _digest(value) else None

    def set(self, key: str, value: bytes) -> None:
        try:
            if self.make_directory:
                os.makedirs(self.directory, exist_ok=True)
            replace_unlocked(os.path.join(self.directory, key), _digest(value) + value, self.mode)
        except OSError as error:
            self._say("written", error)

    def _say(self, what: str, error: OSError) -> None:
        if self.directory not in _unusable:
            _unusable.add(self.directory)
            log.warning("the cache of bundles cannot be %s, and each build does all work again: %s", what, error)

    def __eq__(self, other: object) -> bool:
        return self is other or other is True or self.directory == other

    __hash__ = object.__hash__


def cache_key(*fields: bytes | str) -> str:
    """
    A key of *fields*, each with its length before it, so that no two lists of fields are one text.

    >>> cache_key("ab", "c") == cache_key("a", "bc")
    False
    >>> cache_key("a") == cache_key(b"a")
    True
    """
    parts = [FORMAT]
    for field in fields:
        data = field.encode("utf-8", "surrogateescape") if isinstance(field, str) else field
        parts += (b"%d:" % len(data), data)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def filter_identity(bound: Filter) -> str | None:
    """
    Everything about a bound filter that its result may depend on; None when that cannot be said for ever.

    For a class that is not ours: also the code of its module and what else its instance holds, since its author
    may not know about `version` and `unique()`.
    """
    identity = bound.id()
    if identity is None:
        return None
    parts: list[Any] = [identity]
    foreign = [c for c in type(bound).__mro__ if not c.__module__.startswith(("assetzcml.", "builtins"))]
    if foreign:
        codes = [_code_of(kind.__module__) for kind in foreign]
        if None in codes:
            return None
        known = {"ctx", "_options", "_given", *bound.options}
        own = {name: value for name, value in vars(bound).items() if name not in known}
        try:
            parts += [*codes, stable_text(own)]
        except NamelessValue:
            return None
    return cache_key(*parts)


def versions_of(bound: Filter) -> str:
    """
    Of what version a bound filter and its programs are, to notice when another one would work: '' when it cannot be said.

    For a class that is not ours, also the code of its module.
    """
    foreign = [c for c in type(bound).__mro__ if not c.__module__.startswith(("assetzcml.", "builtins"))]
    codes = [(_code_of(kind.__module__) or "")[:12] for kind in foreign]
    return ", ".join([bound.version, *bound.tool_versions(), *filter(None, codes)])


_codes: dict[str, str] = {}  # by module
MOST_CODES = 1_000  # modules with filters; more than any process has, unless it makes modules


def _code_of(module: str) -> str | None:
    """The digest of the source of *module*; None where there is no file, or it is not the code that was imported."""
    path = getattr(sys.modules.get(module), "__file__", None)
    if path is None or module == "__main__":
        return None
    known = _codes.get(module)
    if known is None:
        try:
            content, _ = read_file(path)
        except OSError:
            return None
        if len(_codes) >= MOST_CODES:
            _codes.clear()
        known = _codes[module] = hashlib.sha256(content).hexdigest()
    return known


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).hexdigest().encode()
