"""Notices that a ZCML file has changed, and reloads the registry. A broken edit leaves what was there in force."""

from __future__ import annotations

import glob
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from assetzcml.errors import ConfigurationError
from assetzcml.resolving.fingerprints import fingerprint

__all__ = ["ConfigurationFiles", "is_zcml", "places"]

PAUSE = 1.0  # seconds for which nothing is looked at again: a change is noticed within one


class ConfigurationFiles:
    """
    The ZCML files in the directories that the loads of *registry* have read from, or look in with `files=`.

    *reloaded* is called after each reload, with None or with the exception that kept the former configuration in force.
    """

    def __init__(self, registry: Any, reloaded: Callable[[Exception | None], Any]):
        self.registry = registry
        self.reloaded = reloaded
        self._broken: tuple[str, ...] = ()
        self._looking = threading.Lock()
        self._next = 0.0
        self._known = self._look()

    def refresh(self) -> bool:
        """`look()`, but not sooner than a second after the last one, and never in two threads at once."""
        if time.monotonic() < self._next or not self._looking.acquire(blocking=False):
            return False
        try:
            self._next = time.monotonic() + PAUSE
            return self.look()
        finally:
            self._looking.release()

    def look(self) -> bool:
        """Reload if a file has changed; has one?"""
        watched, seen = self.directories(), self._look()
        if seen == self._known:
            return False
        try:
            self.registry.reload()
        except Exception as error:  # whatever code of others raises while a file is being edited
            self._broken = tuple(places(error))
            failure: Exception | None = error
        else:
            self._broken, failure = (), None
        # As it was before the reload: what has changed since is noticed. New directories are known only now.
        now = self.directories()
        new = {path: status for path, status in self._look().items() if os.path.dirname(path) not in watched}
        self._known = new | {path: status for path, status in seen.items() if os.path.dirname(path) in now}
        self.reloaded(failure)
        return True

    def _look(self) -> dict[str, Any]:
        """Every ZCML file in the directories, as it is now."""
        found = {}
        for directory in self.directories():
            try:
                names = os.listdir(directory)
            except OSError:
                continue
            for path in (os.path.join(directory, name) for name in names if is_zcml(name)):
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                found[path] = fingerprint(status)
        return found

    def directories(self) -> list[str]:
        """Where ZCML files are, and may come to be."""
        paths = [place for load in self.registry.loads for file in load.files for place in (file.path, file.real)]
        directories = {os.path.dirname(path) for path in (*paths, *self._broken)}
        for load in self.registry.loads:
            for pattern in load.patterns:
                directories.add(pattern.directory)
                below = os.path.dirname(pattern.pattern)
                directories.update(glob.glob(os.path.join(glob.escape(pattern.directory), below)))
        return sorted(directory for directory in directories if os.path.isdir(directory))


def is_zcml(path: str) -> bool:
    return path.endswith((".zcml", ".zcml.in"))


def places(error: Exception) -> Iterator[str]:
    """The files a broken configuration speaks of: where it will be mended, perhaps."""
    problems: Iterable[Any] = error.problems if isinstance(error, ConfigurationError) else ()
    for problem in problems:
        for origin in (problem.origin, *(origin for _, origin in problem.also)):
            if origin is not None:
                yield origin.file
