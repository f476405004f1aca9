"""Our caches; webassets keeps any value under any key, and we bytes under a text."""

import hashlib

from assetzcml.bundles.cache import BaseCache, FilesystemCache, MemoryCache


def make_md5(*data):
    return hashlib.md5(repr(data).encode(), usedforsecurity=False).hexdigest()


__all__ = ["BaseCache", "FilesystemCache", "MemoryCache"]
