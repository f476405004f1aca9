"""What was built from what: the record of each output, kept beside it, by which it is known to be up to date."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable
from typing import NamedTuple

from assetzcml.bundles.files import CLOCK, RACY, FileLock, Signature, private_name, read_file
from assetzcml.bundles.sources import Source

__all__ = ["BuildRecord", "Input", "Inputs", "OutputFile", "Recorded", "digest_of", "same_files"]

FORMAT = 1
UNFINISHED = b"building\n"
KNOWN_INPUTS = 50_000  # files; about 20 MB


class Input(NamedTuple):
    """One file that went into an output: where it lies, its signature, and the digest of the bytes that were used."""

    place: str
    signature: Signature | None
    digest: str


class BuildRecord(NamedTuple):
    """How an output was made: its bundle's definition, its version, its sources in order, and what else was read."""

    definition: str
    version: str | None
    sources: tuple[Input, ...]
    depends: tuple[Input, ...]


class Recorded(NamedTuple):
    """What is written about an output: its record, or that a build of it was begun and not finished; and when."""

    record: BuildRecord | None
    unfinished: bool
    written: float


class OutputFile:
    """
    The file that is kept about an output: the lock of its builds, and the record of the last one.

    While a build writes, it says so here. Who finds that, or half a record, and nobody building, builds again.
    """

    def __init__(self, directory: str, output: str):
        self.lock = FileLock(private_name(directory, output, "build"))

    def read(self) -> Recorded:
        """Read anew each time: another process may have built."""
        try:
            with open(self.lock.path, "rb") as stream:
                written = os.fstat(stream.fileno()).st_mtime
                content = stream.read()
        except OSError:
            return Recorded(None, False, 0.0)
        record = _record(content)
        return Recorded(record, bool(content) and record is None, written)

    def begin(self) -> None:
        """Say that what there is about the output is being changed. The lock is held."""
        self.lock.write(UNFINISHED)

    def finish(self, record: BuildRecord) -> None:
        """Say what the output was made from, now that all of it is written."""
        text = json.dumps([FORMAT, *record], separators=(",", ":")).encode("ascii")
        self.lock.write(digest_of(text).encode() + b"\n" + text)


def _record(content: bytes) -> BuildRecord | None:
    digest, _, text = content.partition(b"\n")
    if digest != digest_of(text).encode():
        return None
    number, *fields = json.loads(text)
    if number != FORMAT:
        return None
    definition, version, *lists = fields
    sources, depends = (
        tuple(
            Input(place, Signature(*signature) if signature else None, digest) for place, signature, digest in entries
        )
        for entries in lists
    )
    return BuildRecord(definition, version, sources, depends)


class Inputs:
    """
    Whether files still hold what they held, without reading those whose signature is the same.

    A file that changed within two seconds of the moment it was looked at may have changed again without its signature
    showing it; then its content is compared.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, Signature], str] = {}
        self._lock = threading.Lock()

    def dependency(self, path: str, started: float) -> Input:
        """
        The record of a file that a filter read after *started*.

        What changed since then may not be what the filter saw: its digest is that of nothing.
        """
        try:
            content, signature = read_file(path)
        except OSError:
            return Input(path, None, "")
        seen = signature.mtime_ns / 1e9 < started - CLOCK
        return Input(path, signature if seen else None, digest_of(content) if seen else "")

    def holds(self, known: Input, path: str | None, written: float, source: Source | None = None) -> bool:
        """
        Does the file at *path*, or without one *source*, hold the bytes of *known*, which was recorded at *written*?
        """
        try:
            if path is None:
                return source is not None and digest_of(source.read()[0]) == known.digest
            signature = Signature.of(os.stat(path))
            if signature == known.signature and signature.mtime_ns / 1e9 < written - RACY:
                return True
            return self._digest(path, signature) == known.digest
        except OSError:
            return False

    def _digest(self, path: str, signature: Signature) -> str:
        digest = self._known.get((path, signature))
        if digest is None:
            content, signature = read_file(path)
            digest = digest_of(content)
            if abs(time.time() - signature.mtime_ns / 1e9) > RACY:
                with self._lock:
                    if len(self._known) >= KNOWN_INPUTS:
                        self._known.clear()
                    self._known[path, signature] = digest
        return digest


def same_files(known: Iterable[Input], sources: Iterable[Source]) -> bool:
    """Are *sources* the files that *known* names, in their order?"""
    return [entry.place for entry in known] == [source.place for source in sources]


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
