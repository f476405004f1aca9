"""
The manifest of a release: what was served under which name, in which versions, and which objects of a store it was.

It is a JSON document in which every asset has a line of its own, sorted by name, so that one is found by bisection and the
whole is never taken apart. It is named by its digest, and holds neither a time nor a path of the machine: its age is the
time stamp of the file, which each start that uses the release renews.

    {"schema":1,"versions":["~9c81b7d03f2a"],"entries":[
    ["static/css/app.css",{"object":"3f2a...","size":12,"type":"text/css; charset=utf-8","versions":["~9c81b7d03f2a"]}],
    ["static/img/logo.png",{...}]
    ]}
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from assetzcml.resolving.files import open_file, sync_directory, write_all
from assetzcml.resolving.objects import create_only, is_digest, temporary_file

__all__ = ["SCHEMA", "BrokenRelease", "NewerSchema", "Release", "Released", "Releases", "Stamp", "release_bytes"]

SCHEMA = 1
LARGEST = 1 << 30  # bytes of a manifest; three million assets
_END = b"]}\n"


class BrokenRelease(ValueError):
    """A manifest is not what its name promises, or is none."""


class NewerSchema(BrokenRelease):
    """A manifest was written by a later version of assetzcml."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """
    One asset of a release. *name* is its path in the URL without any version, 'static/css/app.css'; *versions* are what
    stood in its URLs: '~' and the version of a tree, or the 12 hex digits of a digest.

    *object* and *size* are its bytes in the store, *variants* those of its codings, by coding: (object, size). *permission*
    is the one that was asked for. *more* is what else is said of it, as JSON has it; what is not known here is kept there.
    """

    name: str
    object: str
    size: int
    type: str
    versions: tuple[str, ...] = ()
    view: str = ""
    spec: str = ""
    source: str = ""
    permission: str | None = None
    integrity: str = ""
    variants: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def objects(self) -> tuple[str, ...]:
        """The digests of all that it is made of."""
        return (self.object, *(digest for digest, _ in self.variants.values()))

    def said(self) -> dict[str, Any]:
        """As JSON says it, without the name; what is empty is left out."""
        own = {key: getattr(self, key) for key in _OWN}
        own["variants"] = {coding: list(pair) for coding, pair in self.variants.items()}
        return {**self.more, **{key: value for key, value in own.items() if value or key == "size"}}

    @classmethod
    def of(cls, name: Any, said: Any) -> Released:
        """What JSON says. Raises BrokenRelease."""
        try:
            known = {key: said[key] for key in _OWN if key in said}
            variants = {str(coding): (str(pair[0]), int(pair[1])) for coding, pair in known.pop("variants", {}).items()}
            for key in ("versions", "references"):
                known[key] = tuple(known.get(key, ()))
            entry = cls(
                name=name,
                variants=variants,
                more={key: value for key, value in said.items() if key not in _OWN},
                **known,
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise BrokenRelease(f"the entry {name!r} is broken: {error}") from None
        if not isinstance(name, str) or not isinstance(entry.size, int) or not all(map(is_digest, entry.objects)):
            raise BrokenRelease(f"the entry {name!r} is broken")
        return entry


_OWN = tuple(each.name for each in fields(Released) if each.name not in ("name", "more"))


_COMPACT = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def release_bytes(entries: Iterable[Released], about: Mapping[str, Any] | None = None) -> bytes:
    """
    The manifest of *entries*, whose names are all different: the same bytes whatever their order. *about* is said of the whole,
    and so are all versions, so that who looks for one reads a line of each manifest.
    """
    entries = list(entries)
    versions = sorted({version for entry in entries for version in entry.versions})
    lines = sorted(b"[" + _json(entry.name) + b"," + _COMPACT.encode(entry.said()).encode() + b"]" for entry in entries)
    said: dict[str, Any] = {"schema": SCHEMA, **(about or {}), **({"versions": versions} if versions else {})}
    head = _COMPACT.encode(said).encode()
    return head[:-1] + b',"entries":[\n' + b",\n".join(lines) + (b"\n" if lines else b"") + _END


def _json(text: str) -> bytes:
    return json.dumps(text).encode()


class Release:
    """
    A manifest that was read: *content* are its bytes. Looking for one asset costs a bisection, and nothing is kept of it.

    Raises BrokenRelease, and NewerSchema.
    """

    def __init__(self, digest: str, content: bytes):
        self.digest = digest
        self._lines = content.split(b"\n")
        head = self._lines[0].removesuffix(b',"entries":[') + b"}"
        try:
            self.about: dict[str, Any] = json.loads(head)
            schema = self.about["schema"]
        except (ValueError, KeyError, TypeError):
            raise BrokenRelease("it is no manifest of a release") from None
        if not isinstance(schema, int) or schema > SCHEMA:
            raise NewerSchema(f"its schema is {schema!r}; this version of assetzcml knows {SCHEMA}")
        if self._lines[-2:] != [_END.strip(), b""]:
            raise BrokenRelease("it is no manifest of a release")
        del self._lines[-2:]

    def __repr__(self) -> str:
        return f"<Release {self.digest[:12]}: {len(self)} assets>"

    def __len__(self) -> int:
        return len(self._lines) - 1

    def __iter__(self) -> Iterator[Released]:
        return map(_entry, self._lines[1:])

    def find(self, name: str) -> Released | None:
        """The asset that has this *name*. Raises BrokenRelease where its line is broken."""
        key = b"[" + _json(name) + b","
        at = bisect_left(self._lines, key, lo=1)
        return _entry(self._lines[at]) if at < len(self._lines) and self._lines[at].startswith(key) else None

    def objects(self) -> set[str]:
        """The digests of all contents that it is made of."""
        return {digest for entry in self for digest in entry.objects}


def _entry(line: bytes) -> Released:
    try:
        name, said = json.loads(line.removesuffix(b","))
    except (ValueError, RecursionError):
        raise BrokenRelease("a line of it is broken") from None
    return Released.of(name, said)


class Stamp(NamedTuple):
    """A manifest that is there: its digest, and when (seconds of the epoch) a start has used it last."""

    digest: str
    used: float


class Releases:
    """The manifests in the *directory* of a store. What is written and removed is so by who holds its lock."""

    def __init__(self, directory: str | os.PathLike[str]):
        self.directory: str = os.path.abspath(os.fspath(directory))

    @property
    def folder(self) -> str:
        return f"{self.directory}/generations"

    def path(self, digest: str) -> str:
        """Where the manifest with this digest is. Raises ValueError for what is no digest."""
        if not is_digest(digest):
            raise ValueError(f"{digest!r} is not a SHA-256 in hex")
        return f"{self.folder}/{digest}.json"

    def stamps(self) -> list[Stamp]:
        """The manifests, the one that was used last first."""
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                digest, _, extension = entry.name.partition(".")
                if extension == "json" and is_digest(digest):
                    with contextlib.suppress(FileNotFoundError):
                        found.append(Stamp(digest, entry.stat(follow_symlinks=False).st_mtime))
        return sorted(found, key=lambda stamp: (-stamp.used, stamp.digest))

    def kept(self, keep: int, younger: float) -> tuple[list[Stamp], list[Stamp]]:
        """
        Which are kept and which may go: kept is what is among the *keep* that were used last, or was used in the last
        *younger* seconds. A count alone would take yesterday's release away on a day of ten.
        """
        stamps, now = self.stamps(), time.time()
        kept = [stamp for number, stamp in enumerate(stamps) if number < keep or now - stamp.used < younger]
        return kept, [stamp for stamp in stamps if stamp not in kept]

    def read(self, digest: str) -> Release:
        """The manifest. Raises FileNotFoundError, OSError, BrokenRelease, NewerSchema."""
        try:
            with open_file(self.path(digest)) as stream:
                size = os.fstat(stream.fileno()).st_size  # as much memory is asked for as is said here
                content = stream.read(min(size, LARGEST) + 1)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise BrokenRelease("it is no regular file") from None
            raise
        if hashlib.sha256(content).hexdigest() != digest:
            raise BrokenRelease("it does not have the digest that is its name")
        return Release(digest, content)

    def write(self, content: bytes) -> str:
        """
        Keep a manifest (see `release_bytes`), synced, whose objects are all there; returns its digest.

        One that is there is renewed. Raises OSError; nothing half is left then.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        try:
            with open_file(path) as stream:
                if stream.read() == content:
                    self.renew(digest)
                    sync_directory(self.folder)
                    return digest
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EINVAL):  # none, or a pipe; both make room for a manifest
                raise
        os.makedirs(self.folder, exist_ok=True)
        with temporary_file(self.directory) as (descriptor, temporary):
            write_all(descriptor, content)
            os.fsync(descriptor)
            create_only(temporary, path, replace=os.path.exists(path))
        sync_directory(self.folder)
        sync_directory(self.directory)
        return digest

    def renew(self, digest: str) -> None:
        """Let a manifest be one that was used now; where it belongs to another user, it is left as it is."""
        with contextlib.suppress(PermissionError):
            os.utime(self.path(digest))

    def remove(self, digest: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(digest))
