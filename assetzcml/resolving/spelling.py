"""
Names as their directory spells them. A file system that folds case, or composes characters in its own way, opens
`PRIVATE` where `private` is asked for; then a rule about one name would not hold for the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

__all__ = ["folds", "is_spelled", "stands_as_spelled"]

ROOTS = 1_000  # directories of which it is known whether they fold: more than any application publishes


@lru_cache(maxsize=ROOTS)
def folds(root: str) -> bool:
    """Does the file system of the directory *root* take a name in another case for the same? Found out once."""
    parent, name = os.path.split(root.rstrip("/"))
    if not name:
        return False
    if name.swapcase() == name:
        return folds(parent)
    try:
        return os.path.samestat(os.stat(root), os.stat(os.path.join(parent, name.swapcase())))
    except (OSError, ValueError):
        return False


def is_spelled(root: str, parts: Sequence[str], names: Callable[[str], Collection[str]]) -> bool:
    """
    Is each of *parts*, one below the other from *root*, a name as its directory spells it? *names* lists a directory.

    >>> is_spelled("/srv", ["private", "s.txt"], {"/srv": ["private"], "/srv/private": ["s.txt"]}.__getitem__)
    True
    >>> is_spelled("/srv", ["PRIVATE", "s.txt"], {"/srv": ["private"], "/srv/PRIVATE": ["s.txt"]}.__getitem__)
    False
    """
    directory = root
    for part in parts:
        if part not in names(directory):
            return False
        directory = f"{directory}/{part}"
    return True


def stands_as_spelled(root: str, parts: Sequence[str]) -> bool:
    """The same of what is on the disk. Where the file system does not fold, what can be opened is spelled so."""
    if not parts or not folds(root):
        return True
    try:
        return is_spelled(root, parts, os.listdir)
    except OSError:
        return False
