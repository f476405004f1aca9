"""How the paths of a site begin: what tells most paths of an application apart at the cost of one look-up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["EVERYTHING", "Beginnings"]

MANY_BEGINNINGS = 256  # so few are copied at once


class Beginnings(NamedTuple):
    """
    The beginnings of some texts, all of one *length*: as long as the shortest text, and shorter where they would be many.

    >>> few = Beginnings.of(["/static", "/img", "/css"])
    >>> few.length, sorted(few.texts), sorted(few.plus("/st").texts)
    (4, ['/css', '/img', '/sta'], ['/cs', '/im', '/st'])
    """

    length: int
    texts: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Beginnings:
        """Those of *texts*; of nothing, one character that none begins with."""
        whole = list(texts)
        length = min(map(len, whole), default=1)
        found = frozenset(text[:length] for text in whole)
        while len(found) > MANY_BEGINNINGS:
            length -= 1
            found = frozenset(text[:length] for text in found)
        return cls(length, found)

    def plus(self, text: str) -> Beginnings:
        """With those of one text more."""
        if not self.texts:
            return Beginnings.of([text])
        if len(text) >= self.length and text[: self.length] in self.texts:
            return self
        return Beginnings.of([*self.texts, text[: self.length]])


EVERYTHING = Beginnings(0, frozenset([""]))  # of a site that has every path
