"""Versions of outputs: what a URL carries so that new bytes have a new address. Nothing here writes, but one mtime."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

from assetzcml.bundles.errors import BundleError, VersionIndeterminableError
from assetzcml.records.bundles import PLACEHOLDER
from assetzcml.resolving.files import read_file

__all__ = ["PLACEHOLDER", "HashVersion", "TimestampVersion", "Version", "has_placeholder"]

HASH_LENGTH = 8  # hex digits, webassets' number: 1 in 4 billion that two builds of one output share a name


def has_placeholder(output: str | None) -> bool:
    """
    Does the name of the output contain its version? No other '%' means anything.

    >>> has_placeholder("app.%(version)s.css"), has_placeholder("100%.css")
    (True, False)
    """
    return PLACEHOLDER in (output or "")


class Version:
    """
    What the option `versions` takes; any object with `determine_version` will do.

    `set_version(bundle, ctx, filename, version)` is called after a build where there is one.
    """

    id: str | None = None

    # A regular expression of all versions there can be, to know former outputs by; None: they cannot be told.
    pattern: str | None = None

    def determine_version(self, bundle: Any, ctx: Any, hunk: Any = None) -> str:
        """
        The version of *bundle*: of the bytes `hunk.data()`, which have just been made, or without it of what is built.

        Raises VersionIndeterminableError where the latter cannot be said.
        """
        raise NotImplementedError

    def of_file(self, path: str) -> str:
        """The version of a single source, for URLs in debug mode. Raises OSError."""
        content, _ = read_file(path)
        return _hash_of(content, hashlib.md5)[:HASH_LENGTH]

    def __eq__(self, other: object) -> bool:
        return self is other or (self.id is not None and self.id == other)

    __hash__ = object.__hash__


class HashVersion(Version):
    """
    The first *length* hex digits of a hash of the output (None: all of them).

    >>> HashVersion() == "hash"
    True
    """

    id = "hash"

    def __init__(self, length: int | None = HASH_LENGTH, hash: Callable[..., Any] = hashlib.md5):  # noqa: A002 webassets' argument
        self.length = length
        self.hasher = hash
        self.pattern = "[0-9a-f]+" if length is None else f"[0-9a-f]{{{length}}}"

    @classmethod
    def make(cls, length: str | None = None) -> HashVersion:
        """Of 'hash' or 'hash:N'. Raises ValueError."""
        if length is None:
            return cls()
        if not (length.isascii() and length.isdigit()):
            raise ValueError(f"versions is 'hash:{length}'; a number of hex digits was expected after the colon")
        return cls(int(length))

    def determine_version(self, bundle: Any, ctx: Any, hunk: Any = None) -> str:
        if hunk is not None:
            return self._of(hunk.data())
        if has_placeholder(bundle.output):
            raise VersionIndeterminableError("its name contains the hash of what it holds")
        return self.of_file(bundle.resolve_output(ctx))

    def of_file(self, path: str) -> str:
        return self._of(read_file(path)[0])

    def _of(self, content: bytes) -> str:
        return _hash_of(content, self.hasher)[: self.length]


class TimestampVersion(Version):
    """The time, in whole seconds, of the newest source; the output, once built, has that mtime."""

    id = "timestamp"
    pattern = "[0-9]+"

    def determine_version(self, bundle: Any, ctx: Any, hunk: Any = None) -> str:
        if hunk is None and not has_placeholder(bundle.output):
            return self.of_file(bundle.resolve_output(ctx))
        try:
            sources, depends = bundle.files(ctx)
            times = [int(os.stat(file.path).st_mtime) for file in (*sources, *depends) if file.path is not None]
        except (BundleError, FileNotFoundError) as error:
            raise VersionIndeterminableError(f"a source is missing: {error}") from error
        if not times:
            raise VersionIndeterminableError("none of its sources has a time of change")
        return str(max(times))

    def set_version(self, bundle: Any, ctx: Any, filename: str, version: str) -> None:
        os.utime(filename, (int(version), int(version)))

    def of_file(self, path: str) -> str:
        return str(int(os.stat(path).st_mtime))


def _hash_of(content: bytes, hasher: Callable[..., Any]) -> str:
    try:
        digest = hasher(usedforsecurity=False)  # where the rules forbid MD5, they forbid it for signatures
    except TypeError:
        digest = hasher()
    digest.update(content)
    found: str = digest.hexdigest()
    return found
