"""
Importing what others have written, by its name: an import that fails is told as what it is, with the line that failed.

A module may raise anything when it is imported, a warning that is an error too, or end the program.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from assetzcml.errors import clipped, importing_webob

__all__ = ["failed_at", "foreign_code", "import_failure", "imported", "imported_object"]

_OWN = __name__.partition(".")[0]
LONGEST = 300  # characters of what an exception says


class EndedProgram(ImportError):
    """A module that ends the program when it is imported."""


@contextmanager
def foreign_code() -> Iterator[None]:
    """
    Around an import of code of others.

    It may import WebOb. What ends the program (`sys.exit()`) raises an ImportError.
    """
    try:
        with importing_webob():
            yield
    except SystemExit as error:
        raise EndedProgram(f"it ends the program: sys.exit({error.code!r})") from error


def imported(name: str) -> ModuleType:
    """The module *name*. Raises whatever its code raises; a SystemExit as an ImportError."""
    with foreign_code():
        return importlib.import_module(name)


def imported_object(module: str, path: str) -> Any:
    """What stands at the dotted *path* in a module; the module itself without one. Raises AttributeError too."""
    found: Any = imported(module)
    for step in path.split(".") if path else ():
        found = getattr(found, step)
    return found


def import_failure(error: BaseException) -> str:
    """
    What an import raised, in one line: the type, what it says, and the line of code that failed.

    >>> import_failure(KeyError("shop"))
    "KeyError: 'shop'"
    """
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    text = clipped(" ".join(text.split()), LONGEST)
    name = "" if isinstance(error, EndedProgram) else type(error).__name__
    place = failed_at(error)
    told = ": ".join(filter(None, (name, text)))
    return f"{told} ({place})" if place and place not in told else told


def failed_at(error: BaseException) -> str:
    """`file:line` of the innermost step that is neither ours nor the standard library's; '' where there is none."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{error.filename}:{error.lineno}"
    if isinstance(error, EndedProgram) and error.__cause__ is not None:
        error = error.__cause__
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__")).partition(".")[0]
        file = frame.f_code.co_filename
        if module != _OWN and module not in sys.stdlib_module_names and file.endswith((".py", ".pyc")):
            return f"{file}:{line}"
    return ""
