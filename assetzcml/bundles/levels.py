"""Debug levels, and which filters run at them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from assetzcml.bundles.filters import Filter

__all__ = ["effective_level", "merged_filters", "rank", "selected"]

F = TypeVar("F", bound=Filter)

_RANKS: dict[bool | str, int] = {False: 0, "merge": 1, True: 2}


def rank(level: bool | str) -> int:
    """The place of a level in False < "merge" < True."""
    return _RANKS[level]


def effective_level(own: bool | str | None, filters: Sequence[Filter], above: bool | str) -> bool | str:
    """
    The level of a bundle with the level *own*, or None, and all its *filters*, where *above* is that around it.

    A bundle can only lower it. One with a filter that always runs is merged unless it says otherwise.

    >>> effective_level("merge", [], True), effective_level(True, [], False), effective_level(None, [], True)
    ('merge', False, True)
    """
    if own is None and any(one.max_debug_level is None or one.max_debug_level is True for one in filters):
        own = "merge"
    return own if own is not None and rank(own) < rank(above) else above


def selected(filters: Sequence[F], level: bool | str) -> list[F]:
    """Those of *filters* that run at *level*."""
    return [one for one in filters if one.max_debug_level is None or rank(level) <= rank(one.max_debug_level)]


def merged_filters(first: Sequence[F], then: Sequence[F]) -> list[F]:
    """*first*, and those of *then* that are not the same as one of them."""
    result = list(first)
    for one in then:
        if one not in result:
            result.append(one)
    return result
