"""Which warnings are errors: all, none, or those in files of the packages that somebody can change."""

from __future__ import annotations

import os
from collections.abc import Iterable

from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.resolving.importing import import_failure, imported

__all__ = ["OTHER_FORM", "Strictness"]

# What is said where warnings ended a load.
OTHER_FORM = 'strict=("package",) counts those in files of your own packages only'


class Strictness:
    """
    What `strict` says: True, False, or names of packages, whose subpackages count too.

    Raises ConfigurationError for a package that there is none of.
    """

    def __init__(self, strict: bool | str | Iterable[str] = False):
        self.everywhere = strict is True
        names = () if isinstance(strict, bool) else (strict,) if isinstance(strict, str) else tuple(strict)
        self._directories = tuple(directory for name in names for directory in _directories(name))

    def __call__(self, origin: Origin | None) -> bool:
        """Is a warning at *origin* an error?"""
        if self.everywhere or origin is None:
            return self.everywhere
        path = os.path.abspath(origin.file)
        return path.startswith(self._directories) or os.path.realpath(path).startswith(self._directories)


def _directories(name: str) -> Iterable[str]:
    """The directories of a package, each with a separator behind it, as written and as it is."""
    try:
        portions = list(getattr(imported(name), "__path__", ()))
    except Exception as error:
        message = f"strict names {name!r}, which cannot be imported: {import_failure(error)}"
        raise ConfigurationError(Problem(None, message, "the name of a package was expected", code="A108")) from None
    if not portions:
        raise ConfigurationError(Problem(None, f"strict names {name!r}, which is no package", code="A108"))
    for portion in portions:
        yield os.path.join(os.path.abspath(portion), "")
        yield os.path.join(os.path.realpath(portion), "")
