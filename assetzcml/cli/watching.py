"""Notices that a ZCML file has changed, and reloads the registry. A broken edit leaves what was there in force."""

from __future__ import annotations

import glob
import importlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from assetzcml.assembly import AssetRegistry
from assetzcml.errors import ConfigurationError, MissingExtra

__all__ = ["Watcher"]

PAUSE = 1000  # milliseconds after which the files are looked at, whether or not the system says that one has changed
SETTLED = 50  # milliseconds without a change after which an editor is taken to be done


class Watcher:
    """
    Reloads *registry* when a ZCML file in a directory that its loads have read from, or look in with `files=`, changes.

    *reloaded* is called after each reload, with None or with the exception that kept the former configuration in force.
    Raises MissingExtra without watchfiles.
    """

    def __init__(self, registry: AssetRegistry, reloaded: Callable[[Exception | None], Any]):
        self.registry = registry
        self.reloaded = reloaded
        self._watch = _watchfiles().watch
        self._broken: tuple[str, ...] = ()
        self._known = self._look()

    def start(self) -> threading.Event:
        """Watch in a thread, until the event that is returned is set."""
        stopped = threading.Event()
        threading.Thread(target=self.run, args=(stopped,), name="assetzcml-reload", daemon=True).start()
        return stopped

    def run(self, stopped: threading.Event) -> None:
        """Watch, until *stopped* is set. What has changed since this object was made is noticed."""
        while not stopped.is_set():
            try:
                self._run(stopped)
            except (OSError, RuntimeError):  # a directory has just been removed
                stopped.wait(PAUSE / 1000)

    def _run(self, stopped: threading.Event) -> None:
        """Watch, until there are other directories to watch."""
        directories = self._directories()
        for _ in self._watch(
            *directories,
            watch_filter=lambda change, path: _is_zcml(path),
            step=SETTLED,
            rust_timeout=PAUSE,
            yield_on_timeout=True,
            stop_event=stopped,
            recursive=False,
            raise_interrupt=False,
        ):
            if self.look() and self._directories() != directories:
                return

    def look(self) -> bool:
        """Reload if a file has changed; has one?"""
        watched, seen = self._directories(), self._look()
        if seen == self._known:
            return False
        try:
            self.registry.reload()
        except Exception as error:  # whatever code of others raises while a file is being edited
            self._broken = tuple(_places(error))
            failure: Exception | None = error
        else:
            self._broken, failure = (), None
        # As it was before the reload: what has changed since is noticed. New directories are known only now.
        now = self._directories()
        new = {path: status for path, status in self._look().items() if os.path.dirname(path) not in watched}
        self._known = new | {path: status for path, status in seen.items() if os.path.dirname(path) in now}
        self.reloaded(failure)
        return True

    def _look(self) -> dict[str, Any]:
        """Every ZCML file in the directories, as it is now."""
        found = {}
        for directory in self._directories():
            try:
                names = os.listdir(directory)
            except OSError:
                continue
            for path in (os.path.join(directory, name) for name in names if _is_zcml(name)):
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                found[path] = status.st_mtime_ns, status.st_size, status.st_ino
        return found

    def _directories(self) -> list[str]:
        """Where ZCML files are, and may come to be."""
        paths = [place for load in self.registry.loads for file in load.files for place in (file.path, file.real)]
        directories = {os.path.dirname(path) for path in (*paths, *self._broken)}
        for load in self.registry.loads:
            for pattern in load.patterns:
                directories.add(pattern.directory)
                below = os.path.dirname(pattern.pattern)
                directories.update(glob.glob(os.path.join(glob.escape(pattern.directory), below)))
        return sorted(directory for directory in directories if os.path.isdir(directory))


def _is_zcml(path: str) -> bool:
    return path.endswith((".zcml", ".zcml.in"))


def _places(error: Exception) -> Iterator[str]:
    """The files a broken configuration speaks of: where it will be mended, perhaps."""
    problems: Iterable[Any] = error.problems if isinstance(error, ConfigurationError) else ()
    for problem in problems:
        for origin in (problem.origin, *(origin for _, origin in problem.also)):
            if origin is not None:
                yield origin.file


def _watchfiles() -> Any:
    try:
        return importlib.import_module("watchfiles")
    except ModuleNotFoundError as error:
        if error.name != "watchfiles":
            raise
        message = '--reload needs watchfiles, which is not installed; pip install "assetzcml[reload]"'
        raise MissingExtra(message) from None
