"""Where things stand in a ZCML file. Nothing is computed before somebody asks.

lxml knows the line on which a start tag ends, and no column. An element's ordinal, its number in document order,
is known for nothing while the tree is walked; the bytes are searched for the tag of that number when a message
needs its place. The bytes have been parsed, so they are well formed and hold no DOCTYPE: every '<' in them begins
markup, and a start tag ends at the first '>' outside quotes.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

from lxml import etree

from assetzcml.errors import Origin

__all__ = ["Document", "ForeignTag", "Spot", "Tag", "document_of"]

_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(<[^\s/!?>])", re.DOTALL)
_BRACKET = re.compile(
    rb"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(</?[^\s/!?>](?:"[^"]*"|'[^']*'|[^>"'])*>)""", re.DOTALL
)
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG_NAME = re.compile(rb"<[^\s/>]+")
_NEWLINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Document:
    """The bytes of one file as they were read, the name they were read under, and the include that led to them."""

    def __init__(self, file: str, data: bytes, included_by: Origin | None = None):
        self.file = file
        self.data = data
        self.included_by = included_by
        self._lines: list[int] | None = None
        self._tags: list[int] | None = None

    def tag_offset(self, ordinal: int) -> int:
        """Where the start tag number *ordinal* begins, in bytes."""
        if self._tags is None:
            self._tags = [found.start(1) for found in _MARKUP.finditer(self.data) if found[1] is not None]
        return self._tags[ordinal]

    def end_offset(self, offset: int) -> int:
        """Where the element whose start tag begins at *offset* ends: behind an empty one, else before its end tag."""
        depth = 0
        for found in _BRACKET.finditer(self.data, offset):
            if found[1] is None:
                continue
            closing, empty = found[1].startswith(b"</"), found[1].endswith(b"/>")
            if closing or empty:
                depth -= closing
                if not depth:
                    return found.start() if closing else found.end()
            else:
                depth += 1
        return offset

    def prefixes(self, ordinal: int, namespace: str) -> set[bytes]:
        """The prefixes that stand for *namespace* in the start tag number *ordinal*."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, encoding="utf-8")
        element = next(islice(etree.fromstring(self.data, parser).iter(etree.Element), ordinal, None))
        return {prefix.encode() for prefix, uri in element.nsmap.items() if prefix and uri == namespace}

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, counted from 1, of a place in the bytes. A tab is one column, CRLF one line end."""
        start = self._line_start(offset)
        before = self.data[start:offset].removeprefix(_BOM if start == 0 else b"")
        return bisect_right(self._line_starts(), offset), len(before.decode("utf-8", "replace")) + 1

    def offset(self, line: int, column: int) -> int:
        """
        The place in the bytes of a line and a column as libxml2 counts them; kept inside the file.

        A line ends at a line feed only, a column is a character, both are counted from 1.
        """
        start = len(_BOM) if self.data.startswith(_BOM) else 0
        for _ in range(line - 1):
            start = self.data.find(b"\n", start) + 1 or len(self.data)
        # A character is at most four bytes.
        characters = self.data[start : start + 4 * column].decode("utf-8", "ignore")[: max(column, 1) - 1]
        return min(start + len(characters.encode()), len(self.data))

    def line_text(self, offset: int) -> str:
        """The line that holds a place, without its end."""
        start = self._line_start(offset)
        end = _NEWLINE.search(self.data, start)
        line = self.data[start : end.start() if end else len(self.data)]
        return line.removeprefix(_BOM if start == 0 else b"").decode("utf-8", "replace")

    def _line_start(self, offset: int) -> int:
        starts = self._line_starts()
        return starts[bisect_right(starts, offset) - 1]

    def _line_starts(self) -> list[int]:
        if self._lines is None:
            self._lines = [0, *(found.end() for found in _NEWLINE.finditer(self.data))]
        return self._lines


class Spot(Origin):
    """A place in a document, by its offset in bytes."""

    __slots__ = ("_offset", "document")

    def __init__(self, document: Document, offset: int):
        self.document = document
        self.file = document.file
        self._offset = offset

    @property
    def offset(self) -> int:
        return self._offset

    @property
    def line(self) -> int:
        return self.document.position(self.offset)[0]

    @property
    def column(self) -> int:
        return self.document.position(self.offset)[1]

    @property
    def included_by(self) -> Origin | None:
        return self.document.included_by

    def further(self, characters: int) -> Origin:
        """As `Origin.further`; this place where a reference or a setting stands between, which is longer or shorter."""
        raw = self.document.data[self.offset : self.offset + 4 * characters].decode("utf-8", "ignore")[:characters]
        return self if "&" in raw or "${" in raw else Spot(self.document, self.offset + len(raw.encode()))

    def source_line(self) -> str | None:
        return self.document.line_text(self.offset) if self.document.data else None


class Tag(Spot):
    """
    The start tag number *ordinal* of a document.

    It is also what zope.configuration calls the `info` of a directive: handlers and actions of any package get it,
    with `file`, `line`, `column` and `text`, and write it into their own messages.
    """

    __slots__ = ("directive", "ordinal", "text")

    def __init__(self, document: Document, ordinal: int, directive: str = "", text: str = ""):
        self.document = document
        self.file = document.file
        self.ordinal = ordinal
        self.directive = directive
        self.text = text

    @property
    def offset(self) -> int:
        return self.document.tag_offset(self.ordinal)

    @property
    def directory_path(self) -> str:
        """The directory the file lies in: what a relative spec is relative to in a file that belongs to no package."""
        return os.path.dirname(os.path.abspath(self.file))

    def written_name(self) -> str:
        """The name that is written in the tag, without its prefix; '' where the text is not known."""
        found = _TAG_NAME.match(self.document.data, self.offset)
        return found[0][1:].rpartition(b":")[2].decode("utf-8", "replace") if found else ""

    @property
    def eline(self) -> int:
        """The line on which the directive ends: behind an empty element, else before its end tag."""
        return self.document.position(self._end_offset())[0]

    @property
    def ecolumn(self) -> int:
        """The column of that place, counted from 1 as `column` is."""
        return self.document.position(self._end_offset())[1]

    def _end_offset(self) -> int:
        return self.document.end_offset(self.offset)

    def attribute(self, name: str) -> Origin:
        """Where the value of an attribute begins; the tag when it has no such attribute."""
        return self._spot(name, value=True)

    def attribute_name(self, name: str) -> Origin:
        """Where the name of an attribute begins; the tag when it has no such attribute."""
        return self._spot(name, value=False)

    def value(self, name: str) -> str:
        """The value of an attribute without a prefix, as it is written; '' where there is none."""
        for prefix, last, found in self._attributes():
            if not prefix and last == name.encode():
                return found[2][1:-1].decode("utf-8", "replace")
        return ""

    def _spot(self, name: str, value: bool) -> Origin:
        # '{namespace}local' is written with a prefix; which one is only asked when several have this local name.
        namespace, _, local = name.rpartition("}")
        found = [
            (prefix, attribute)
            for prefix, last, attribute in self._attributes()
            if last == local.encode() and bool(prefix) == bool(namespace) and prefix != b"xmlns"
        ]
        if len(found) > 1:
            prefixes = self.document.prefixes(self.ordinal, namespace[1:])
            found = [entry for entry in found if entry[0] in prefixes]
        for _, attribute in found:
            return Spot(self.document, attribute.start(2) + 1 if value else attribute.start(1))
        return self

    def _attributes(self) -> Iterator[tuple[bytes, bytes, re.Match[bytes]]]:
        """Prefix and local name of each attribute of the tag, and where it is written."""
        data = self.document.data
        at = _TAG_NAME.match(data, self.offset)
        place = at.end() if at else self.offset
        while found := _ATTRIBUTE.match(data, place):
            prefix, _, last = found[1].rpartition(b":")
            yield prefix, last, found
            place = found.end()

    def characters(self, characters: str) -> None:
        """Add to `text`: part of zope.configuration's protocol for an info."""
        self.text += characters

    def end(self, line: int, column: int) -> None:
        """Part of zope.configuration's protocol for an info; the document knows where a tag ends."""

    def __repr__(self) -> str:
        """As zope.configuration writes an info: columns counted from 0."""
        end = f"-{self.eline}.{self.ecolumn - 1}" if self.document.data else ""
        return f'File "{self.file}", line {self.line}.{self.column - 1}{end}'


def document_of(file: str, included_by: Origin | None, most: int = -1) -> Document:
    """The document that somebody else has read under the name *file*: its first *most* bytes, none of what is no file."""
    data = b""
    if os.path.isfile(file):
        try:
            with open(file, "rb") as stream:
                data = stream.read(most)
        except OSError:
            pass
    return Document(file, data, included_by)


class ForeignTag(Tag):
    """A start tag in what another package has zope.configuration's parser read; that one knows where it begins."""

    __slots__ = ("_place",)

    def __init__(self, document: Document, line: int, column: int, directive: str):
        # No ordinal is needed to find it; it still orders statements.
        super().__init__(document, line << 16 | column, directive)
        self._place = line, column

    @property
    def offset(self) -> int:
        line, column = self._place
        return self.document.offset(line, column + 1)

    @property
    def line(self) -> int:
        return self._place[0] if not self.document.data else super().line

    @property
    def column(self) -> int:
        return self._place[1] + 1 if not self.document.data else super().column
