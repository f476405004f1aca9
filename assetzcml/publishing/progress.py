"""How a long run tells how far it is: what it goes through is handed to who shows that, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Progress", "untold"]

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


def untold(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    """Nobody is told."""
    return items
