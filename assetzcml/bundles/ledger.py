"""What has been built and is still to be written down for others: in manifests, and in the record that is delivered."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

from assetzcml.bundles.build_records import BuildRecord
from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import BuildError
from assetzcml.bundles.version_manifests import FileManifest
from assetzcml.errors import ConfigurationError, Problem

__all__ = ["BuildLedger"]

SHARE = 10  # of the time of a build of many, writing these files again and again takes no more than one part in so many


class BuiltOutput(NamedTuple):
    """One output that was built."""

    environment: Any
    directory: str
    manifest: Any
    output: str
    record: BuildRecord
    needed: bool


class BuildLedger:
    """
    Gathers what was built. Each of these files is one for all outputs and is written as a whole, so it is not written for
    each of them: no sooner than ten times what it took the last time, and at the end.

    Until it is there, who builds elsewhere knows by the record where it was built; who dies leaves it to the next build.
    """

    def __init__(self) -> None:
        self._entries: list[BuiltOutput] = []
        self._lock = threading.Lock()
        self._not_before = 0.0
        self.synced: float = 0.0  # seconds that a build has waited for the disk

    def note(self, output: str, ctx: Context, record: BuildRecord, needed: bool = True) -> None:
        """Have it written down that *output* is at *record*; unless it is *needed*, only where that can be done."""
        manifest = ctx.manifest if isinstance(ctx.manifest, FileManifest) and record.version is not None else None
        with self._lock:
            self._entries.append(BuiltOutput(ctx.environment, ctx.directory, manifest, output, record, needed))

    def settle(self) -> None:
        """Write what there is, if it is time. Raises BuildError."""
        if time.monotonic() >= self._not_before:
            self.write()

    def write(self) -> None:
        """Write what there is. Raises BuildError with all that cannot be written."""
        with self._lock:
            entries, self._entries = self._entries, []
            began = time.monotonic()
            problems = [*self._manifests(entries), *self._delivered(entries)]
            ended = time.monotonic()
            self._not_before = ended + SHARE * (ended - began)
        if problems:
            raise BuildError(*problems)

    def _manifests(self, entries: list[BuiltOutput]) -> list[Problem]:
        problems: list[Problem] = []
        for manifest in {id(entry.manifest): entry.manifest for entry in entries if entry.manifest}.values():
            of_manifest = [entry for entry in entries if entry.manifest is manifest]
            try:
                manifest.remember_all({entry.output: str(entry.record.version) for entry in of_manifest})
            except ConfigurationError as error:
                problems += error.problems if any(entry.needed for entry in of_manifest) else ()
        return problems

    def _delivered(self, entries: list[BuiltOutput]) -> list[Problem]:
        problems: list[Problem] = []
        for directory, environment in {entry.directory: entry.environment for entry in entries}.items():
            inside = [entry for entry in entries if entry.directory == directory]
            try:
                environment.delivered(directory).keep({entry.output: entry.record for entry in inside})
            except ConfigurationError as error:
                problems += error.problems if any(entry.needed for entry in inside) else ()
        return problems
