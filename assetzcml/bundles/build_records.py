"""What was built from what: the record of each output, by which it is known to be up to date, here and after a delivery."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from assetzcml.bundles.errors import BuildError
from assetzcml.resolving.files import (
    CLOCK,
    RACY_SECONDS,
    FileLock,
    Signature,
    private_name,
    read_file,
    replace_file,
)
from assetzcml.resolving.names import BUILD_RECORD

__all__ = [
    "ABSENT",
    "BuildRecord",
    "Delivered",
    "FilterSettings",
    "Input",
    "Inputs",
    "OutputFile",
    "Recorded",
    "full_digest_of",
]

FORMAT = 1
FORMAT_HERE = 2  # of the record where an output is built
FORMER = 1000  # outputs of before that are remembered of each bundle, to remove them
UNFINISHED = b"building\n"
ABSENT = "absent"  # the digest of a file that was looked for and was not there
KNOWN_INPUTS = 50_000  # files; about 20 MB
LOCK_TIMEOUT = 60.0  # seconds; writing the records takes milliseconds

log = logging.getLogger("assetzcml")


class Input(NamedTuple):
    """
    One file that went into an output, or the output itself: its name, and the digest of its bytes.

    The name is an asset spec, which is looked up through overrides, or says where the file is on any machine (see
    `Context.name_of`). The *signature* is what the file had here; None where that is not known.
    """

    name: str
    digest: str
    signature: Signature | None = None


class FilterSettings(NamedTuple):
    """
    How one filter was set: its name, a digest of its options as they were looked up, and its programs' versions.

    A text that is empty was not to be had, and is compared with nothing.
    """

    filter: str
    digest: str
    versions: str = ""


class BuildRecord(NamedTuple):
    """
    How an output was made: the digest of its bundle's definition, its version, itself, how its filters were set, its
    sources in order, and what else was read.
    """

    definition: str
    version: str | None
    output: Input
    settings: tuple[FilterSettings, ...]
    sources: tuple[Input, ...]
    depends: tuple[Input, ...]
    former: tuple[Input, ...] = ()  # outputs of before under other names, the latest first: known where they were built


class Recorded(NamedTuple):
    """What is written about an output: its record, or that a build of it was begun and not finished; and when."""

    record: BuildRecord | None
    unfinished: bool
    written: float


_COMPACT = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class OutputFile:
    """
    The file that is kept about an output where it is built: the lock of its builds, and the record of the last one.

    While a build writes, it says so here. Who finds that, or half a record, and nobody building, builds again.
    """

    def __init__(self, directory: str, output: str):
        self.lock: FileLock = FileLock(private_name(directory, output, "build"))

    def read(self) -> Recorded:
        """Read anew each time: another process may have built."""
        try:
            with open(self.lock.path, "rb") as stream:
                written = os.fstat(stream.fileno()).st_mtime
                content = stream.read()
        except OSError:
            return Recorded(None, False, 0.0)
        record = _signed(content)
        return Recorded(record, bool(content) and record is None, written)

    def after(self, record: BuildRecord) -> BuildRecord:
        """*record* with the outputs of before, of which what is written here now is the latest. The lock is held."""
        before = None if self.lock.empty else self.read().record
        if before is None:
            return record
        former = [each for each in (before.output, *before.former) if each.name != record.output.name]
        return record._replace(former=tuple(former[:FORMER]))

    def begin(self) -> None:
        """Say that what there is about the output is being changed. The lock is held."""
        self.lock.write(UNFINISHED)

    def finish(self, record: BuildRecord) -> None:
        """Say what the output was made from, now that all of it is written."""
        text = _COMPACT([FORMAT_HERE, *record]).encode("ascii")
        self.lock.write(full_digest_of(text).encode() + b"\n" + text)


def _signed(content: bytes) -> BuildRecord | None:
    digest, _, text = content.partition(b"\n")
    if digest != full_digest_of(text).encode():
        return None
    number, *fields = json.loads(text)
    if number != FORMAT_HERE:
        return None
    definition, version, output, settings, sources, depends, former = fields
    return BuildRecord(
        definition,
        version,
        _signed_input(output),
        tuple(FilterSettings(*each) for each in settings),
        tuple(map(_signed_input, sources)),
        tuple(map(_signed_input, depends)),
        tuple(map(_signed_input, former)),
    )


def _signed_input(entry: list[Any]) -> Input:
    name, digest, signature = entry
    return Input(name, digest, Signature(*signature) if signature else None)


class Delivered:
    """
    The records of all outputs of a *directory*, in one file beside them: it is delivered with them, holds no path of
    the machine, and is no asset.

    What is no such file, or is damaged, is as good as none: what it says nothing of is not known to be up to date.
    """

    def __init__(self, directory: str):
        self.path: str = os.path.join(directory, BUILD_RECORD)
        self._directory = directory
        self._known: tuple[Signature | None, dict[str, Any]] = (None, {})
        self._complained: Signature | None = None

    def of(self, output: str) -> BuildRecord | None:
        """What the file says of *output*, as it is written in the bundle."""
        entry = self._read().get(output)
        return _record(entry) if entry is not None else None

    def differs(self, output: str, record: BuildRecord) -> bool:
        """Does the file say something else of *output* than *record*?"""
        return self._read().get(output) != _entry(record)

    def keep(self, records: Mapping[str, BuildRecord]) -> None:
        """Put *records* into the file, by output, in one write. Raises BuildError."""
        lock = FileLock(private_name(self._directory, BUILD_RECORD, "lock"))
        try:
            with lock.held(LOCK_TIMEOUT) as held:
                if not held:
                    raise BuildError(f"{self.path!r} has been locked for {LOCK_TIMEOUT:g} s")
                entries = self._read()
                said = {output: _entry(record) for output, record in records.items()}
                if any(entries.get(output) != entry for output, entry in said.items()):
                    self._write({**entries, **said})
        except OSError as error:
            raise BuildError(f"{self.path!r} cannot be written: {error}", exception=error) from error

    def drop(self, outputs: set[str]) -> None:
        """Forget *outputs*. The caller holds no lock of this file. Raises BuildError."""
        lock = FileLock(private_name(self._directory, BUILD_RECORD, "lock"))
        try:
            with lock.held(LOCK_TIMEOUT) as held:
                entries = self._read()
                if held and not outputs.isdisjoint(entries):
                    self._write({output: entry for output, entry in entries.items() if output not in outputs})
        except OSError as error:
            raise BuildError(f"{self.path!r} cannot be written: {error}", exception=error) from error

    def _write(self, entries: dict[str, Any]) -> None:
        lines = ",\n".join(f" {json.dumps(output)}: {json.dumps(entries[output])}" for output in sorted(entries))
        text = f'{{"format": {FORMAT}, "outputs": {{\n{lines}\n}}}}\n'.encode("ascii")
        replace_file(self.path, text, durable=False)  # half of it is none, and the digests in it are compared
        self._known = Signature.of(os.stat(self.path)), entries

    def _read(self) -> dict[str, Any]:
        known = self._known
        try:
            signature = Signature.of(os.stat(self.path))
            if known[0] != signature:  # it is replaced, never changed: the inode is another
                content, signature = read_file(self.path)
                known = self._known = signature, self._entries(content, signature)
        except OSError:
            known = self._known = None, {}
        return known[1]

    def _entries(self, content: bytes, signature: Signature) -> dict[str, Any]:
        try:
            found = json.loads(content)
            number, entries = found["format"], found["outputs"]
            if number != FORMAT or not isinstance(entries, dict):
                raise ValueError(f"its format is {number!r}, {FORMAT} was expected")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if signature != self._complained:
                log.warning("%r is no record of builds (%s): nothing is known to be up to date by it", self.path, error)
                self._complained = signature
            return {}
        return entries


def _entry(record: BuildRecord) -> dict[str, Any]:
    """*record* without what is so on this machine only."""
    return {
        "definition": record.definition,
        "version": record.version,
        "output": record.output.digest,
        "settings": [list(each) for each in record.settings],
        "sources": [[each.name, each.digest] for each in record.sources],
        "depends": [[each.name, each.digest] for each in record.depends],
    }


def _record(entry: Any) -> BuildRecord | None:
    """The record that *entry* of the file is; None for anything else."""
    try:
        settings = tuple(FilterSettings(*map(_text, each)) for each in entry["settings"])
        sources, depends = (
            tuple(Input(_text(name), _text(digest)) for name, digest in entry[word]) for word in ("sources", "depends")
        )
        version = None if entry["version"] is None else _text(entry["version"])
        output = Input("", _text(entry["output"]))
        return BuildRecord(_text(entry["definition"]), version, output, settings, sources, depends)
    except (KeyError, TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


class Inputs:
    """
    Whether files still hold what they held, without reading those whose signature is the same.

    A file that changed within two seconds of the moment it was looked at may have changed again without its signature
    showing it; then its content is compared.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, Signature], str] = {}
        self._lock = threading.Lock()

    def dependency(self, name: str, path: str, started: float) -> Input:
        """
        The record of a file that a filter read after *started*.

        What changed since then may not be what the filter saw: its digest is that of nothing.
        """
        try:
            content, signature = read_file(path)
        except OSError:
            return Input(name, "")
        seen = signature.mtime_ns / 1e9 < started - CLOCK
        return Input(name, full_digest_of(content) if seen else "", signature if seen else None)

    def holds(self, known: Input, path: str, written: float = 0.0) -> bool:
        """Does the file at *path* hold the bytes of *known*, whose signature was written down at *written*?"""
        try:
            signature = Signature.of(os.stat(path))
            if signature == known.signature and signature.changed < written - RACY_SECONDS:
                return True
            return self._digest(path, signature) == known.digest
        except OSError:
            return False

    def _digest(self, path: str, signature: Signature) -> str:
        digest = self._known.get((path, signature))
        if digest is None:
            content, signature = read_file(path)
            digest = full_digest_of(content)
            if abs(time.time() - signature.changed) > RACY_SECONDS:
                with self._lock:
                    if len(self._known) >= KNOWN_INPUTS:
                        self._known.clear()
                    self._known[path, signature] = digest
        return digest


def full_digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
