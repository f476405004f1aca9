"""
The index of a frozen release: its manifest as a table that is mapped into memory and never taken apart.

    head     what it is, of which manifest, and the lengths and check sums of what follows
    about    JSON: the static views, and the lists of headers
    table    a place for each key: the CRC-32 of the key, and where its record begins; open addressing
    records  of each its length, its CRC-32, its key, and JSON

A process that serves 100,000 assets reads the head and the table's check sum, and then the records that it is asked for.
Nothing here knows HTTP, and little is imported: it is what a process that is asked for nothing else begins with.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["BrokenIndex", "Index", "index_bytes", "read_index"]

MAGIC = b"assetzcml index\n"
FORMAT = 1
# Magic; format, lengths of 'about' and table, CRC-32 of both; length of the manifest and of all; digest of the manifest.
_HEAD = struct.Struct("<16sIIIIIQQ32s")
_SLOT = struct.Struct("<II")
_RECORD = struct.Struct("<III")  # length of the key, length of the value, CRC-32 of both
_COMPACT = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_EMPTY = 0xFFFFFFFF
FILLED = 0.6  # of the table, at most: a key is found at the second look in the mean


class BrokenIndex(ValueError):
    """An index is not what it promises to be."""


def index_bytes(manifest: bytes, digest: str, about: Mapping[str, Any], records: Iterable[tuple[str, Any]]) -> bytes:
    """
    The index of *manifest*, with that *digest*: *records* are keys, all different, with what JSON can say of each.

    >>> data = index_bytes(b"{}", "0" * 64, {"views": []}, [("a", 1), ("b", [2])])
    >>> index = Index(data)
    >>> index.get("a"), index.get("b"), index.get("c"), index.about
    (1, [2], None, {'views': []})
    """
    told = _json(about)
    pairs = sorted((key.encode("utf-8", "surrogateescape"), _json(value)) for key, value in records)
    slots = 8
    while slots * FILLED < len(pairs):
        slots *= 2
    table = [(0, _EMPTY)] * slots
    body = bytearray()
    start = _HEAD.size + len(told) + slots * _SLOT.size
    for key, value in pairs:
        found = zlib.crc32(key)
        at = found % slots
        while table[at][1] != _EMPTY:
            at = (at + 1) % slots
        table[at] = found, start + len(body)
        body += _RECORD.pack(len(key), len(value), zlib.crc32(key + value)) + key + value
    if start + len(body) >= _EMPTY:
        raise OverflowError("a release of so many assets has no index: 4 GiB are the most")
    packed = b"".join(_SLOT.pack(*slot) for slot in table)
    check = zlib.crc32(packed, zlib.crc32(told))
    head = _HEAD.pack(
        MAGIC, FORMAT, len(told), slots, check, 0, len(manifest), start + len(body), bytes.fromhex(digest)
    )
    return b"".join([head, told, packed, bytes(body)])


def _json(value: Any) -> bytes:
    return _COMPACT.encode(value).encode()


class Index:
    """An index that is there as *data*, bytes or a map of a file. Raises BrokenIndex. Safe for threads."""

    def __init__(self, data: Any):
        try:
            magic, form, told, slots, check, _, self.manifest_size, length, digest = _HEAD.unpack_from(data)
        except struct.error:
            raise BrokenIndex("it is too short") from None
        if magic != MAGIC:
            raise BrokenIndex("it is no index of a frozen release")
        if form != FORMAT:
            raise BrokenIndex(f"its format is {form}; this version of assetzcml knows {FORMAT}")
        if length != len(data):
            raise BrokenIndex(f"it has {len(data):,} bytes, and should have {length:,}")
        self._data = data
        self._slots = slots
        self._table = _HEAD.size + told
        view = memoryview(data)
        try:
            about = bytes(view[_HEAD.size : self._table])
            if zlib.crc32(view[self._table : self._table + slots * _SLOT.size], zlib.crc32(about)) != check:
                raise BrokenIndex("its check sum is another")
        finally:
            view.release()
        self.digest: str = digest.hex()
        self.about: dict[str, Any] = json.loads(about)

    def get(self, key: str) -> Any:
        """What is said of *key*; None where nothing is. Raises BrokenIndex for a record that is damaged."""
        raw = key.encode("utf-8", "surrogateescape")
        wanted = zlib.crc32(raw)
        at = wanted % self._slots
        for _ in range(self._slots):
            found, place = _SLOT.unpack_from(self._data, self._table + at * _SLOT.size)
            if place == _EMPTY:
                return None
            if found == wanted:
                size, more, check = _RECORD.unpack_from(self._data, place)
                begin = place + _RECORD.size
                said = self._data[begin : begin + size + more]
                if zlib.crc32(said) != check:
                    raise BrokenIndex("a record of it is damaged")
                if said[:size] == raw:
                    return json.loads(said[size:])
            at = (at + 1) % self._slots
        return None


def read_index(path: str, digest: str | None = None) -> Index:
    """The index in a file, mapped. Raises OSError, and BrokenIndex; of another manifest than *digest* too."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        if os.fstat(descriptor).st_size < _HEAD.size:
            raise BrokenIndex("it is too short")
        index = Index(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(descriptor)
    if digest is not None and index.digest != digest:
        raise BrokenIndex("it is that of another release")
    return index
