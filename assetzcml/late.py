"""
Libraries that are imported when something is first asked of them, which most processes never do.

The one place that says so: `from assetzcml.late import json`. A process that publishes a directory and answers starts in
less than half the time that it takes to import all of these.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

__all__ = [
    "datetime",
    "difflib",
    "glob",
    "hashlib",
    "in_event_loop",
    "inspect",
    "json",
    "late_logger",
    "logging",
    "pkgutil",
    "resources",
    "unicodedata",
]

if TYPE_CHECKING:
    import datetime
    import difflib
    import glob
    import hashlib
    import inspect
    import json
    import logging
    import pkgutil
    import unicodedata
    from importlib import resources

    late_logger = logging.getLogger
else:

    class _Late:
        """Stands for the library *name*. What is asked of it once is kept, and costs no more than of the library."""

        def __init__(self, name: str):
            self._name = name

        def __getattr__(self, name: str) -> Any:
            found = self.__dict__[name] = getattr(self._opened(), name)
            return found

        def _opened(self) -> Any:
            return importlib.import_module(self._name)

    class late_logger(_Late):  # noqa: N801 (it stands for a function)
        """Stands for the logger of that name."""

        def _opened(self) -> Any:
            return logging.getLogger(self._name)

    datetime = _Late("datetime")
    difflib = _Late("difflib")  # of words that are nearly so, when a word is wrong
    glob = _Late("glob")
    hashlib = _Late("hashlib")  # opens OpenSSL
    inspect = _Late("inspect")
    json = _Late("json")
    logging = _Late("logging")
    pkgutil = _Late("pkgutil")
    resources = _Late("importlib.resources")  # with tempfile, shutil and what they need
    unicodedata = _Late("unicodedata")


def in_event_loop() -> bool:
    """Does an event loop run in this thread? There is none where nobody has opened what runs one."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return True
    sniffio = sys.modules.get("sniffio")
    return sniffio is not None and getattr(sniffio.thread_local, "name", None) is not None
