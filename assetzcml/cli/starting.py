"""An application that a command makes, to be asked: whatever its code raises is one line, with what was asked for in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assetzcml.cli.statuses import Wrong
from assetzcml.errors import ConfigurationError
from assetzcml.resolving.importing import failed_at, foreign_code, import_failure

__all__ = ["starting"]


@contextmanager
def starting(asked: str, hint: Callable[[], str] = lambda: "", *, files: bool = False) -> Iterator[None]:
    """
    Around code of others that makes an application. Raises Wrong; a ConfigurationError, which has its place, as it is.

    *hint* says what may be meant. With *files* the application is described by one, which may be missing or incomplete.
    """
    try:
        with foreign_code():
            yield
    except ConfigurationError:
        raise
    except Exception as error:  # whatever its code raises
        nothing_there = isinstance(error, (ModuleNotFoundError, AttributeError)) and not failed_at(error)
        plain = nothing_there or (files and isinstance(error, (OSError, LookupError)))
        meant = hint()
        told = str(error) if plain else import_failure(error)
        raise Wrong(f"{asked}: {told}{f'; {meant}' if meant else ''}") from error
