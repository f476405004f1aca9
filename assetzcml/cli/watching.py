"""Notices that a ZCML file has changed, and reloads the registry. A broken edit leaves what was there in force."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

from assetzcml.assembly import AssetRegistry
from assetzcml.declaring.configuration_files import ConfigurationFiles, is_zcml
from assetzcml.errors import MissingExtra

__all__ = ["Watcher", "watching"]

PAUSE = 1000  # milliseconds after which the files are looked at, whether or not the system says that one has changed
SETTLED = 50  # milliseconds without a change after which an editor is taken to be done


class Watcher(ConfigurationFiles):
    """
    Reloads *registry* when a ZCML file in a directory that its loads have read from, or look in with `files=`, changes.

    *reloaded* is called after each reload, with None or with the exception that kept the former configuration in force.
    Raises MissingExtra without watchfiles.
    """

    def __init__(self, registry: AssetRegistry, reloaded: Callable[[Exception | None], Any]):
        self._watch = watching().watch
        super().__init__(registry, reloaded)

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
        directories = self.directories()
        for _ in self._watch(
            *directories,
            watch_filter=lambda change, path: is_zcml(path),
            step=SETTLED,
            rust_timeout=PAUSE,
            yield_on_timeout=True,
            stop_event=stopped,
            recursive=False,
            raise_interrupt=False,
        ):
            if self.look() and self.directories() != directories:
                return


def watching() -> Any:
    """The library that tells of changes. Raises MissingExtra."""
    try:
        return importlib.import_module("watchfiles")
    except ModuleNotFoundError as error:
        if error.name != "watchfiles":
            raise
        message = '--reload needs watchfiles, which is not installed; pip install "assetzcml[reload]"'
        raise MissingExtra(message) from None
