"""While one works on an application: a changed ZCML file is read again, a broken one leaves the last good in force."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from assetzcml.declaring.configuration_files import ConfigurationFiles

__all__ = ["files_of", "refresher"]

logger = logging.getLogger("assetzcml")


def refresher(registry: Any, reloaded: Callable[[], Any] = lambda: None) -> Callable[[], bool]:
    """
    A function that reads the ZCML of *registry* again when a file of it has changed; it looks once a second at most.

    *reloaded* is called after a reload that succeeded. What a broken file says wrong is logged.
    """

    def told(error: Exception | None) -> None:
        if error is None:
            reloaded()
            logger.info("the configuration was read again")
        else:
            logger.error("the configuration as it was remains in force: %s", error)

    return ConfigurationFiles(registry, told).refresh


def files_of(registry: Any) -> list[str]:
    """The paths of the ZCML files that the loads of *registry* have read, for the reloader of a framework."""
    return sorted({file.real for load in registry.loads for file in load.files})
