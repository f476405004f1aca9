"""What a variant decodes to: gzip by the standard library, br and zstd where their libraries are installed."""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from typing import Any

from assetzcml.errors import MissingExtra

__all__ = ["decoded", "is_decodable", "library"]

_EXTRAS = {"br": ("brotli", "brotli"), "zstd": ("backports.zstd", "zstd")}


def library(coding: str) -> Any:
    """The module that knows a coding. Raises MissingExtra."""
    if coding == "gzip":
        return gzip
    if coding == "zstd":
        try:
            return importlib.import_module("compression.zstd")  # Python 3.14
        except ModuleNotFoundError:
            pass
    name, extra = _EXTRAS[coding]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0] and error.name != name:
            raise
        raise MissingExtra(
            f'the coding needs {name}, which is not installed; pip install "assetzcml[{extra}]"'
        ) from None


def is_decodable(coding: str) -> bool:
    """Is there what it takes?"""
    try:
        library(coding)
    except MissingExtra:
        return False
    return True


def decoded(variant: bytes, coding: str, most: int | None = None) -> bytes | None:
    """
    The plain bytes; None for what is no variant, and for one of more than *most* bytes: what is small may say that it is huge.

    >>> decoded(gzip.compress(b"a{}"), "gzip"), decoded(b"a{}", "gzip"), decoded(gzip.compress(b"a{}"), "gzip", most=2)
    (b'a{}', None, None)
    """
    try:
        known = library(coding)
        if most is None:
            return bytes(known.decompress(variant))
        plain = _bounded(known, coding, variant, most)
    except Exception:  # each library has its own errors: whatever it is, it is no variant
        return None
    return plain if len(plain) <= most else None


def _bounded(known: Any, coding: str, variant: bytes, most: int) -> bytes:
    if coding == "gzip":
        with gzip.GzipFile(fileobj=io.BytesIO(variant)) as stream:
            return stream.read(most + 1)
    if coding == "zstd":
        with known.ZstdFile(io.BytesIO(variant)) as stream:
            return bytes(stream.read(most + 1))
    decompressor = known.Decompressor()
    plain = bytearray()
    for at in range(0, len(variant), 4096):
        plain += decompressor.process(variant[at : at + 4096])
        if len(plain) > most:
            return bytes(plain)
    if not decompressor.is_finished():
        raise zlib.error("it is cut")
    return bytes(plain)
