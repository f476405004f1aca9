"""Manifests of an environment: which version each output is at, for other processes and for later."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from typing import Any

from assetzcml.bundles.cache import cache_key
from assetzcml.bundles.errors import BuildError, BundleError
from assetzcml.resolving.files import FileLock, Signature, private_name, read_file, replace_file

__all__ = ["CacheManifest", "FileManifest", "JsonManifest", "Manifest"]

MANIFEST_NAME = ".webassets-manifest"
LOCK_TIMEOUT = 60.0  # seconds; writing a manifest takes milliseconds

log = logging.getLogger("assetzcml")


class Manifest:
    """What the option `manifest` takes."""

    id: str | None = None

    def remember(self, bundle: Any, ctx: Any, version: str) -> None:
        """Keep *version* as that of *bundle*, under its output as it was written."""
        raise NotImplementedError

    def query(self, bundle: Any, ctx: Any) -> str | None:
        """The version of *bundle*; None when it is not known. With `ctx.auto_build`, look anew."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self is other or (self.id is not None and self.id == other)

    __hash__ = object.__hash__


class DamagedManifest(BundleError):
    """A manifest that can be read, and is none."""


class FileManifest(Manifest):
    """A JSON file: an object of texts, output to version. It is read again when it changes."""

    id = "file"

    def __init__(self, filename: str):
        self.filename = filename
        self._known: tuple[Signature | None, dict[str, str]] | None = None

    @classmethod
    def make(cls, ctx: Any, filename: str | None = None) -> FileManifest:
        return cls(os.path.join(ctx.directory, filename or MANIFEST_NAME))

    def remember(self, bundle: Any, ctx: Any, version: str) -> None:
        self.remember_all({bundle.output: version})

    def remember_all(self, versions: Mapping[str, str]) -> None:
        """Keep versions by output, in one write."""
        directory, name = os.path.split(self.filename)
        lock = FileLock(private_name(directory, name, "lock"))
        try:
            with lock.held(LOCK_TIMEOUT) as held:
                if not held:
                    raise BuildError(f"the manifest {self.filename!r} has been locked for {LOCK_TIMEOUT:g} s")
                entries = self._read_or_start_anew()
                if not versions.items() <= entries.items():
                    text = json.dumps({**entries, **versions}, indent=4, sort_keys=True)
                    replace_file(self.filename, f"{text}\n".encode("ascii"))
                    self._known = None
        except OSError as error:
            raise BuildError(f"the manifest {self.filename!r} cannot be written: {error}", exception=error) from error

    def query(self, bundle: Any, ctx: Any) -> str | None:
        if ctx.auto_build:
            # A damaged one is as good as none: what it does not know is built again, and it is whole.
            return self._read_or_start_anew().get(bundle.output)
        return self._read().get(bundle.output)

    def _read_or_start_anew(self) -> dict[str, str]:
        try:
            return self._read()
        except DamagedManifest as error:
            log.warning("%s; it is made anew", error)
            self._known = None
            return {}

    def _read(self) -> dict[str, str]:
        known = self._known
        try:
            if known is None or known[0] != Signature.of(os.stat(self.filename)):
                content, signature = read_file(self.filename)
                known = signature, _entries(content, self.filename)
        except FileNotFoundError:
            known = None, {}
        except OSError as error:
            raise BundleError(f"the manifest {self.filename!r} cannot be read: {error}", exception=error) from error
        self._known = known
        return known[1]


class JsonManifest(FileManifest):
    """The same, under webassets' other name for it."""

    id = "json"


class CacheManifest(Manifest):
    """An entry of the cache for each output."""

    id = "cache"

    def remember(self, bundle: Any, ctx: Any, version: str) -> None:
        _cache(ctx).set(cache_key("manifest", bundle.output), version.encode("utf-8"))

    def query(self, bundle: Any, ctx: Any) -> str | None:
        version = _cache(ctx).get(cache_key("manifest", bundle.output))
        return version.decode("utf-8") if version else None


def _cache(ctx: Any) -> Any:
    if ctx.cache is None:
        raise BundleError("the manifest is 'cache', and the cache is turned off", hint="set manifest='json'")
    return ctx.cache


def _entries(content: bytes, filename: str) -> dict[str, str]:
    try:
        entries = json.loads(content)
    except (ValueError, RecursionError) as error:
        kind = "a pickle, which is never loaded" if content[:1] == b"\x80" else f"not JSON: {error}"
        raise DamagedManifest(f"the manifest {filename!r} is {kind}", hint="remove it and build again") from None
    if not isinstance(entries, dict) or not all(isinstance(version, str) for version in entries.values()):
        message = f"the manifest {filename!r} is not an object of texts, output to version"
        raise DamagedManifest(message, hint="remove it and build again")
    return entries
