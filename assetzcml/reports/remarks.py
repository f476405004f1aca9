"""What a rule of `check` says, and the words that all of them use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from assetzcml.errors import Origin, few
from assetzcml.reports.survey import Survey

__all__ = ["Looked", "Remark", "against", "at", "some"]

SHOWN = 3  # things of one kind that a finding names one by one


class Remark(NamedTuple):
    """What a rule found: where, one sentence, a hint of its own, and the other places that take part."""

    origin: Origin | None
    message: str
    hint: str = ""
    also: tuple[tuple[str, Origin], ...] = ()


Looked = Callable[[Survey], Iterator[Remark]]


def at(record: Any, attribute: str) -> Origin | None:
    """The place of an attribute of a record; None where only Python knows it."""
    return None if record.origin is None else record.origin.attribute(attribute)


def against(word: str, record: Any) -> tuple[tuple[str, Origin], ...]:
    """The place of a record that takes part, and what it is there."""
    return () if record.origin is None else ((word, record.origin),)


def some(items: Iterable[Any]) -> str:
    """The first few of *items*, and how many there are more."""
    return few([repr(str(item)) for item in items], SHOWN)
