"""
Variants of what is published, made beforehand: brotli, zstd and gzip, beside the files or in a directory by digest.

A variant beside its asset has the asset's name and a suffix. In a directory it is named by the digest and the size of the
plain bytes, so that no override and no change is ever given another's: who has other bytes looks for another name.
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from assetzcml.errors import MissingExtra
from assetzcml.records.assets import AssetSpec
from assetzcml.records.readers import CODINGS
from assetzcml.registry import Registry
from assetzcml.reports.survey import Survey
from assetzcml.resolving.decoders import decoded, library
from assetzcml.resolving.digests import digest_of
from assetzcml.resolving.files import bytes_there
from assetzcml.resolving.resolver import Resolver
from assetzcml.serving.variants import variant_name

__all__ = [
    "Made",
    "Unwritable",
    "available",
    "compress",
    "is_worth_it",
    "library_version",
    "published",
    "variants_of",
    "write_variant",
]

# What is compressed already: it would only take time.
PACKED = frozenset(
    [
        "7z",
        "avif",
        "br",
        "bz2",
        "flac",
        "gif",
        "gz",
        "heic",
        "jpeg",
        "jpg",
        "jxl",
        "m4a",
        "m4v",
        "mkv",
        "mov",
        "mp3",
        "mp4",
        "ogg",
        "opus",
        "png",
        "rar",
        "tgz",
        "webm",
        "webp",
        "woff",
        "woff2",
        "xz",
        "zip",
        "zst",
    ]
)


SMALL_WINDOW = (1 << 16) - 16  # bytes; RFC 7932, 9.1


class Made(NamedTuple):
    """A variant of an asset: *size* of *plain* bytes. *written* is false where it was there already."""

    spec: AssetSpec
    coding: str
    path: str
    plain: int
    size: int
    written: bool


class Unwritable(Exception):
    """The variants of some assets have no place beside them: *specs* are in an archive, or in a read-only directory."""

    def __init__(self, specs: Sequence[AssetSpec]):
        super().__init__(specs)
        self.specs = tuple(specs)


def _gzip(data: bytes) -> bytes:
    # The header is written here: what Python and zlib say there of the system differs between their versions.
    packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packed.compress(data) + packed.flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + body + struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def _brotli(data: bytes) -> bytes:
    # A window that is no larger than it need be is said in fewer bits: the smallest file is a byte smaller.
    return bytes(library("br").compress(data, lgwin=16 if len(data) <= SMALL_WINDOW else 22))


def _zstd(data: bytes) -> bytes:
    return bytes(library("zstd").compress(data, 19))


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"br": _brotli, "zstd": _zstd, "gzip": _gzip}


def library_version(coding: str) -> str:
    """The library that makes a coding, and its version: another one may make other bytes."""
    if coding == "gzip":
        return f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    if coding == "br":
        return f"brotli {library('br').__version__}"
    return f"zstd {library('zstd').zstd_version}"


def available() -> tuple[str, ...]:
    """The codings whose libraries are installed, the smallest result first."""
    found = []
    for coding, compressor in COMPRESSORS.items():
        with contextlib.suppress(MissingExtra):
            compressor(b"")
            found.append(coding)
    return tuple(found)


def published(registry: Registry, codings: Sequence[str] | None = None) -> dict[AssetSpec, tuple[str, ...]]:
    """
    The assets that local static views publish, by the spec that each is taken from, and the codings to make of each.

    Without *codings*, those that the `content_encodings` of its views name.
    """
    site, resolver = Survey(registry), registry.part(Resolver)
    found: dict[AssetSpec, tuple[str, ...]] = {}
    for view in site.local_views:
        wanted = tuple(codings) if codings is not None else view.content_encodings
        for spec in site.view_files(view) if wanted else ():
            place = resolver.look(spec)[1]
            if place is not None and not place.directory and is_worth_it(place.spec.name):
                known = found.get(place.spec, ())
                found[place.spec] = (*known, *(coding for coding in wanted if coding not in known))
    return found


def is_worth_it(name: str) -> bool:
    """Does the name say nothing of a compression that it has already?"""
    suffix = name.rpartition(".")[2].lower()
    return suffix not in PACKED


def compress(
    registry: Registry,
    *,
    output: str | None = None,
    codings: Sequence[str] | None = None,
    jobs: int | None = None,
) -> Iterator[Made]:
    """
    Make the variants of everything that is published, several at a time, and tell of each that is there afterwards.

    They are in the directory *output*, else beside their assets. Only what is smaller than its asset is kept, and what is
    right already is not written again. Raises Unwritable, before anything is written, for assets that have no place
    beside them, and MissingExtra for a coding whose library is not installed.
    """
    wanted = published(registry, codings)
    for coding in {coding for each in wanted.values() for coding in each}:
        COMPRESSORS[coding](b"")
    places = {spec: registry.part(Resolver).look(spec)[1] for spec in wanted}
    if output is None:
        unwritable = [spec for spec in wanted if not _is_writable(places[spec])]
        if unwritable:
            raise Unwritable(unwritable)
    tasks = [(spec, places[spec], coding) for spec, each in wanted.items() for coding in each]
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for made in pool.map(lambda task: _made(task[0], task[1], task[2], output), tasks):
            if made is not None:
                yield made


def _is_writable(found: Any) -> bool:
    return found is not None and found.path is not None and os.access(os.path.dirname(found.path), os.W_OK)


def _made(spec: AssetSpec, found: Any, coding: str, output: str | None) -> Made | None:
    with found.open() as stream:
        data = stream.read()
    path = found.path + CODINGS[coding] if output is None else _place(output, data, coding)
    size, written = write_variant(data, coding, path)
    return Made(spec, coding, path, len(data), size, written) if size else None


def _place(output: str, data: bytes, coding: str) -> str:
    return os.path.join(output, *variant_name(digest_of(data), len(data), coding))


def variants_of(data: bytes, codings: Iterable[str], output: str) -> Iterator[tuple[str, str]]:
    """Make the variants of some bytes in the directory *output*: each coding that is worth it, and its path."""
    for coding in codings:
        path = _place(output, data, coding)
        if write_variant(data, coding, path)[0]:
            yield coding, path


def write_variant(data: bytes, coding: str, path: str) -> tuple[int, bool]:
    """
    Let the file at *path* be the variant of *data*: its size, and whether it had to be written.

    0 where the variant were not smaller: then what is there, which can only be of other bytes, is removed.
    """
    known = bytes_there(path)
    if known is not None and decoded(known, coding) == data and len(known) < len(data):
        return len(known), False
    variant = COMPRESSORS[coding](data) if data else data
    if len(variant) < len(data):
        _write(path, variant)
        return len(variant), True
    if known is not None:
        os.unlink(path)
    return 0, False


def _write(path: str, data: bytes) -> None:
    """Whole or not at all: a server may read it meanwhile."""
    directory = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=directory, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
