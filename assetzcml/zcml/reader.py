"""Bytes to a tree. Everything that could make a parser read, fetch, expand or guess is refused before it does.

A file is read once, whole, and only up to its limit; it is UTF-8, with or without a BOM. The locale is not asked.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from collections.abc import Iterator
from typing import Any

from lxml import etree

from assetzcml.errors import Problem
from assetzcml.zcml.limits import Limits, depth_problem
from assetzcml.zcml.positions import Document, Spot
from assetzcml.zcml.syntax import ROOT_ELEMENT, remedy

__all__ = ["DocumentTree", "UnusableFile", "parse", "read_limited"]


class UnusableFile(Exception):
    """A file cannot be used; `problem` says why."""

    def __init__(self, problem: Problem):
        super().__init__(str(problem))
        self.problem = problem


_FOREIGN = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (b"<\0\0\0", "UTF-32"),
    (b"\0\0\0<", "UTF-32"),
    (b"<\0", "UTF-16"),
    (b"\0<", "UTF-16"),
    (b"\x4c\x6f\xa7\x94", "EBCDIC"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"PK\x03\x04", "a zip archive"),
)
_SIGNATURES = tuple(signature for signature, _ in _FOREIGN)
_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_PROLOG = re.compile(rb"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_BRACKET = re.compile(
    rb"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|</|<[^/!?](?:[^<>"']|"[^"<]*"|'[^'<]*')*?(/?)>|<[^/!?]""", re.DOTALL
)
LARGE = 1 << 18  # bytes; of a document that is parsed in pieces
PIECE = 1 << 15  # bytes of such a piece
READ_MORE = 1 << 20  # bytes; of a file that grows while it is read
LIBXML_DEPTH = 255  # elements within elements that libxml2 reads unless it is told not to count (xmlParserMaxDepth)
_PLACE_IN_MESSAGE = re.compile(r", line \d+, column \d+[^\n]*\Z")


def read_limited(path: str, limits: Limits) -> bytes:
    """
    The bytes of a regular file, at most one more than the limit allows.

    Raises OSError when it cannot be read, and for whatever is no regular file: a FIFO or a device is not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            raise OSError("not a regular file")
        most = limits.file_bytes + 1
        # As much as there is in one call; of a regular file only its end gives less than was asked for.
        asked = min(found.st_size + 1, most)
        data = os.read(descriptor, asked)
        if len(data) < asked:
            return data
        parts = [data]  # and what has come meanwhile
        while parts[-1] and (left := most - sum(map(len, parts))) > 0:
            parts.append(os.read(descriptor, min(left, READ_MORE)))
        return b"".join(parts)
    finally:
        os.close(descriptor)


class DocumentTree:
    """
    The elements of a document: its root, and what an element holds.

    A large document is parsed as its root's children are asked for, and forgets those that have been: what is made of
    100,000 directives is memory enough. *parsers* keeps parsers for the next document with the same limits.
    """

    def __init__(self, document: Document, limits: Limits, parsers: dict[Limits, Any]):
        self._document = document
        self._limits = limits
        self._rest: Iterator[bytes] = iter(())
        self._parser: Any = None
        self._ended = False
        if len(document.data) <= LARGE:
            if limits not in parsers:
                parsers[limits] = etree.XMLParser(**_options(limits))
            self.root = parse(document, limits, parsers[limits])
            return
        _check_bytes(document, limits)
        data = document.data
        self._rest = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
        self._parser = etree.XMLPullParser(events=("start",), **_options(limits))
        self.root = self._begun()

    def children(self, element: etree._Element) -> Iterator[etree._Element]:
        """The elements that *element* holds. Raises Refused where a large document turns out to be none."""
        return self._growing() if element is self.root and self._parser is not None else iter(element)

    def _begun(self) -> etree._Element:
        """The root of a large document, with its first child if it has any."""
        root: etree._Element | None = None
        while self._feed():
            for _, element in self._parser.read_events():
                root = element if root is None else root
            if root is not None and len(root) > 1:
                break
        assert root is not None  # a document without one is an error of the parser
        return root

    def _growing(self) -> Iterator[etree._Element]:
        more = True
        while more:
            # The last one is perhaps not all there yet, nor the text behind it.
            ready = self.root[: len(self.root) - 1]
            yield from ready
            del self.root[: len(ready)]
            del ready
            more = self._feed()
            for _ in self._parser.read_events():
                pass
        yield from self.root

    def _feed(self) -> bool:
        """Parse one more piece. False when there was none left."""
        if self._ended:
            return False
        piece = next(self._rest, None)
        try:
            if piece is None:
                self._ended = True
                self._parser.close()
            else:
                self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            raise UnusableFile(_syntax_problem(self._document, error, self._limits)) from None
        return piece is not None


def parse(document: Document, limits: Limits, parser: etree.XMLParser | None = None) -> etree._Element:
    """The root element of a document. Raises Refused, with the place."""
    _check_bytes(document, limits)
    try:
        return etree.fromstring(document.data, parser or etree.XMLParser(**_options(limits)))
    except etree.XMLSyntaxError as error:
        raise UnusableFile(_syntax_problem(document, error, limits)) from None


def _options(limits: Limits) -> dict[str, Any]:
    return {
        "resolve_entities": False,
        "load_dtd": False,
        "no_network": True,
        "huge_tree": limits.element_depth > LIBXML_DEPTH,
        "encoding": "utf-8",
        "remove_comments": True,
        "remove_pis": True,
        "collect_ids": False,
    }


def _check_bytes(document: Document, limits: Limits) -> None:
    data = document.data
    if len(data) > limits.file_bytes:
        raise _refused(
            document, 0, f"the file is larger than {limits.file_bytes} bytes", "raise Limits.file_bytes", "A102"
        )
    if not data:
        raise _refused(document, 0, "the document is empty", f"write {ROOT_ELEMENT}")
    if data.startswith(_SIGNATURES):
        kind = next(kind for signature, kind in _FOREIGN if data.startswith(signature))
        hint = "ZCML is UTF-8 text: save it so" if kind.startswith("UTF-") else "ZCML is UTF-8 text"
        unread = Document(document.file, b"", document.included_by)  # no line of it can be shown
        raise _refused(unread, 0, f"the file is {kind}", hint)
    text = data.removeprefix(codecs.BOM_UTF8)
    if text.startswith(codecs.BOM_UTF8):
        raise _refused(document, 0, "the file begins with two byte order marks", "remove one")
    declared = _DECLARED.match(text)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        name = declared[1].decode("ascii", "replace")
        place = declared.start(1) + len(data) - len(text)
        raise _refused(
            document, place, f"the file declares the encoding {name!r}", "ZCML is UTF-8: save it so and declare that"
        )
    try:
        if not data.isascii():
            data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise _refused(
            document, error.start, f"byte 0x{byte:02X} is not UTF-8", "ZCML is UTF-8: save the file so"
        ) from None
    if b"\0" in data:
        raise _refused(document, data.index(b"\0"), "the file holds a NUL character", "remove it")
    place = len(data) - len(text)
    while found := _PROLOG.match(data, place):
        place = found.end()
    if data[place : place + 9].upper() == b"<!DOCTYPE":
        raise _refused(document, place, "a DOCTYPE is not allowed", "remove it: ZCML has no entities but XML's five")


def _refused(document: Document, offset: int, message: str, hint: str, code: str = "A101") -> UnusableFile:
    return UnusableFile(Problem(Spot(document, offset), message, hint, code=code))


def _syntax_problem(document: Document, error: etree.XMLSyntaxError, limits: Limits) -> Problem:
    """The parser's own message; when it gave up on depth, ours, with the place of the first element too deep."""
    line, column = error.position
    offset = document.offset(line, column)
    too_deep = _first_too_deep(document.data, limits.element_depth)
    if too_deep is not None and too_deep <= offset:
        return depth_problem(Spot(document, too_deep), limits)
    message = _PLACE_IN_MESSAGE.sub("", error.msg or "the document is not well formed").partition("\n")[0]
    hint = remedy(message, document.data.decode("utf-8", "replace").splitlines(), line)
    return Problem(Spot(document, offset), f"XML syntax error: {message}", hint, code="A101")


def _first_too_deep(data: bytes, limit: int) -> int | None:
    depth = 0
    for found in _BRACKET.finditer(data):
        markup = found[0]
        if markup == b"</":
            depth -= 1
        elif markup[1:2] not in (b"!", b"?"):
            if depth >= limit:
                return found.start()
            depth += found[1] != b"/"
    return None
