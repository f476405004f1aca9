"""`runserver` and ZCML: a changed file is read again without a new process; a broken one is watched until it is good."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from assetzcml.declaring.configuration_files import is_zcml, places
from assetzcml.errors import ConfigurationError
from assetzcml.integrations.django.projects import asset_registry, loaded_registry, publish_project
from assetzcml.integrations.reloading import files_of, refresher

__all__ = ["file_changed", "refresh", "watch"]

_refreshers: list[tuple[Any, Callable[[], bool]]] = []


def refresh() -> None:
    """With DEBUG: read the ZCML again when it has changed. It looks once a second at most."""
    registry = loaded_registry() if settings.DEBUG else None
    if registry is None or not registry.loads:
        return
    if not _refreshers or _refreshers[0][0] is not registry:
        _refreshers[:] = [(registry, refresher(registry, lambda: publish_project(registry)))]
    _refreshers[0][1]()


def watch(sender: Any, **more: Any) -> None:
    """Tell Django's reloader which files were read; of a project that cannot be loaded, where it is wrong."""
    try:
        paths = files_of(asset_registry())
    except ConfigurationError as error:
        paths = [path for path in places(error) if os.path.isabs(path)]
    except Exception:  # whatever keeps the project from starting is told by who starts it
        paths = []
    sender.extra_files.update(map(Path, paths))


def file_changed(sender: Any, file_path: Path, **more: Any) -> bool | None:
    """A change of the ZCML that is in force needs no new process: the next request reads it."""
    return True if is_zcml(str(file_path)) and loaded_registry() is not None else None
