"""The command `assetzcml`: one room for each kind of work."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assetzcml.cli.commands import main

__all__ = ["main"]


def __getattr__(name: str) -> Any:
    """`main`, imported when it is asked for: `python -m` first sees to it that nothing of Python's is hidden."""
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("assetzcml.cli.commands").main
