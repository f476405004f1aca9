"""
What a file says beside its directives: comments to the checker, and namespace declarations that nobody uses.

Read again, from the bytes that were loaded, by those who ask; a load does not look at any of it.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from xml.parsers import expat

from assetzcml.errors import Origin
from assetzcml.zcml.positions import Document, Spot

__all__ = ["Ignore", "Remarks", "remarks"]

_IGNORE = re.compile(r"\s*assetzcml:\s*ignore\b(.*)", re.DOTALL)
_START_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


class Ignore(NamedTuple):
    """A comment `assetzcml: ignore A012 A013`, and the lines of the start tag it stands before; () before none."""

    origin: Origin
    codes: tuple[str, ...]
    lines: range


class Remarks(NamedTuple):
    """
    *unused* are the prefixes declared in vain, '' for the default; *namespaces* all that are declared, by their URIs;
    *tags* the places of the first tag on each line.
    """

    ignores: tuple[Ignore, ...]
    unused: tuple[tuple[str, Origin], ...]
    namespaces: tuple[tuple[str, Origin], ...]
    tags: dict[int, Origin]


def remarks(document: Document) -> Remarks:
    """The remarks in a document that has been parsed already: it is well formed, and has no DOCTYPE."""
    return _Reader(document).read()


class _Reader:
    def __init__(self, document: Document):
        self.document = document
        self.ignores: list[Ignore] = []
        self.unused: list[tuple[str, Origin]] = []
        self.namespaces: list[tuple[str, Origin]] = []
        self.tags: dict[int, Origin] = {}
        self.waiting: list[tuple[Origin, tuple[str, ...]]] = []  # comments that no tag has followed yet
        self.scopes: list[dict[str, list[Any]]] = []  # prefix to [used?, place], one for each open element
        self.parser = expat.ParserCreate("utf-8")
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CommentHandler = self._comment
        self.parser.CharacterDataHandler = self._text

    def read(self) -> Remarks:
        self.parser.Parse(self.document.data, True)
        self._unanswered()
        return Remarks(tuple(self.ignores), tuple(self.unused), tuple(self.namespaces), self.tags)

    def _start(self, name: str, pairs: list[str]) -> None:
        offset = self.parser.CurrentByteIndex
        found = _START_TAG.match(self.document.data, offset)
        end = found.end() if found else offset
        first, last = (self.document.position(place)[0] for place in (offset, end))
        self.tags.setdefault(first, Spot(self.document, offset))
        for origin, codes in self.waiting:
            self.ignores.append(Ignore(origin, codes, range(first, last + 1)))
        self.waiting.clear()
        names = pairs[::2]
        declared = [each for each in names if each == "xmlns" or each.startswith("xmlns:")]
        places = {each: self._declaration(each, offset, end) for each in declared}
        self.namespaces += [(uri, places[each]) for each, uri in zip(names, pairs[1::2], strict=True) if each in places]
        self.scopes.append({each[6:]: [False, place] for each, place in places.items()})
        self._use(_prefix(name))
        for each in names:
            if ":" in each and each not in declared:
                self._use(_prefix(each))

    def _end(self, name: str) -> None:
        self._unanswered()
        self.unused += [(prefix, place) for prefix, (used, place) in self.scopes.pop().items() if not used]

    def _comment(self, text: str) -> None:
        found = _IGNORE.match(text)
        if found:
            codes = tuple(filter(None, re.split(r"[\s,]+", found[1])))
            self.waiting.append((Spot(self.document, self.parser.CurrentByteIndex), codes))

    def _text(self, text: str) -> None:
        if not text.isspace():
            self._unanswered()

    def _unanswered(self) -> None:
        self.ignores += [Ignore(origin, codes, range(0)) for origin, codes in self.waiting]
        self.waiting.clear()

    def _use(self, prefix: str) -> None:
        for scope in reversed(self.scopes):
            if prefix in scope:
                scope[prefix][0] = True
                return

    def _declaration(self, name: str, offset: int, end: int) -> Origin:
        found = re.compile(rb"\s" + re.escape(name.encode()) + rb"\s*=").search(self.document.data, offset, end)
        return Spot(self.document, found.start() + 1 if found else offset)


def _prefix(name: str) -> str:
    return name.partition(":")[0] if ":" in name else ""
