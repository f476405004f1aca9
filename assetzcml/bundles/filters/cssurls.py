"""
Where a style sheet names a URL, and its comments: places in the text. Pure.

What is a URL is decided by the grammar (csstokens), never by a pattern over the text. Most of a style sheet can name none and
is passed over: one search stops at a quote, a comment, a backslash, an `@` and a parenthesis, and only what stands there is
taken as a token. Time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from assetzcml.bundles.filters.csstokens import string_value, token_at, unescaped, url_value

__all__ = ["URLSpot", "spots"]

# Functions whose string arguments are URLs: CSS Values 4, 4.5 (url, src); CSS Images 4, 2.3 and 2.4 (image, image-set).
_URL_FUNCTIONS = ("url", "src", "image", "image-set", "-webkit-image-set")

# At-rules in whose prelude a URL is a name, not an address: CSS Namespaces 3; CSS Conditional 3, draft of 2012.
_NAMING_RULES = ("@namespace", "@document", "@-moz-document")

# What a URL begins with, what may hide one, and what an escape may stand for. Of a function it is the parenthesis: its name
# stands before that.
_SIGNS = re.compile(r"""["'\\@(]|/\*""")
_PART_OF_NAME = re.compile(r"[-\w\x00\x80-\U0010ffff]", re.ASCII)
_LAST_LETTERS = {letter for name in _URL_FUNCTIONS for letter in (name[-1], name[-1].upper())}
_CLOSING = str.maketrans("([{", ")]}")


class URLSpot(NamedTuple):
    """*kind* is 'url', a whole `url()` without quotes, 'string', a string that is a URL, or 'comment'."""

    kind: str
    start: int
    end: int

    def value(self, text: str) -> str:
        """What stands there in *text*, escapes taken out."""
        token = text[self.start : self.end]
        return url_value(token) if self.kind == "url" else string_value(token)


def spots(text: str) -> Iterator[URLSpot]:
    """
    The URLs of *text*, a style sheet, and its comments, in order.

    >>> [(spot.kind, spot.start) for spot in spots("@import 'a'; /*b*/ c { d: url(e) 'f' image-set('g' 1x) }")]
    [('string', 8), ('comment', 13), ('url', 26), ('string', 47)]
    """
    at = 0
    while (found := _SIGNS.search(text, at)) is not None:
        sign, place = found.group(), found.start()
        if sign == "(":
            start = _function(text, at, place)
            at = place + 1 if start is None else (yield from _of_function(text, start))
        elif sign == "/*":
            _, at = token_at(text, place)
            yield URLSpot("comment", place, at)
        elif sign == "\\":
            at = yield from _escaped(text, at, place)
        elif sign == "@":
            at = yield from _at_rule(text, place)
        else:
            _, at = token_at(text, place)


def _function(text: str, at: int, place: int) -> int | None:
    """Where the name of a function of URLs begins whose parenthesis is at *place*; None for any other."""
    for name in _URL_FUNCTIONS if text[place - 1 : place] in _LAST_LETTERS else ():
        start = place - len(name)
        # 'curl(' is another name, '1url(' a number with a unit, '#url(' a hash, and '@url(' an at-keyword.
        begins = start == at or (start > at and text[start - 1] not in "#@" and not _goes_on(text, at, start))
        if begins and _lower(text[start:place]) == name:
            return start
    return None


def _goes_on(text: str, at: int, place: int) -> bool:
    """Is the character before *place*, which may be in a name, of the same token? One ends at *at*."""
    if place <= at or _PART_OF_NAME.match(text, place - 1) is None:
        return False
    return not (place - at >= 4 and text.startswith("<!--", place - 4))  # a token too


def _of_function(text: str, start: int) -> Generator[URLSpot, None, int]:
    """What is in the function at *start*; returns where it ends."""
    kind, end = token_at(text, start)
    if kind == "function":
        return (yield from _walked(text, end, ["url("]))
    if kind == "url":
        yield URLSpot("url", start, end)
    return end


def _escaped(text: str, at: int, place: int) -> Generator[URLSpot, None, int]:
    """What the token is that a backslash at *place* stands in; nothing of it is before *at*. Returns where it ends."""
    start = place
    while _goes_on(text, at, start):
        start -= 1
    if start > at and text[start - 1] in "#@":
        start -= 1
    end = start
    while end <= place:
        start = end
        kind, end = token_at(text, start)
    if kind == "at-keyword":
        return (yield from _at_rule(text, start))
    if kind == "url" or (kind == "function" and _lower(unescaped(text[start : end - 1])) in _URL_FUNCTIONS):
        return (yield from _of_function(text, start))
    return end


def _at_rule(text: str, start: int) -> Generator[URLSpot, None, int]:
    """The URL of `@import`, and what of other at-rules is none; returns where that ends."""
    kind, end = token_at(text, start)
    rule = _lower(unescaped(text[start:end])) if kind == "at-keyword" else ""
    if rule in _NAMING_RULES:
        return (yield from _walked(text, end, [], naming=True))
    if rule != "@import":
        return end
    while end < len(text):
        start = end
        kind, end = token_at(text, start)
        if kind in ("string", "comment"):
            yield URLSpot(kind, start, end)
        if kind not in ("whitespace", "comment"):
            return end if kind == "string" else start
    return end


def _walked(text: str, at: int, around: list[str], naming: bool = False) -> Generator[URLSpot, None, int]:
    """
    Token by token until the functions whose strings are URLs are closed, *around* as brackets 'url(', and until the prelude
    of a rule ends whose URLs are names; returns where that is.
    """
    expecting = "name" if naming else ""
    functions = len(around)
    while at < len(text) and (expecting or functions):
        start = at
        kind, at = token_at(text, start)
        if kind == "whitespace":
            continue
        if kind == "comment":
            yield URLSpot("comment", start, at)
            continue
        if expecting != "name" and (
            kind == "url" or (kind == "string" and (expecting == "import" or around[-1:] == ["url("]))
        ):
            yield URLSpot(kind, start, at)
        if kind == "function":
            around.append("url(" if _lower(unescaped(text[start : at - 1])) in _URL_FUNCTIONS else "(")
            functions += around[-1] == "url("
        elif kind == "delim" and text[start] in "([{":
            around.append(text[start])
        elif kind == "delim" and around and text[start] == around[-1][-1].translate(_CLOSING):
            functions -= around.pop() == "url("
        expecting = _expected(kind, text[start:at], expecting)
    return at


def _expected(kind: str, token: str, before: str) -> str:
    """What a URL in the next token would be: 'import', a string is one; 'name', none is; '' as the brackets say."""
    if kind == "at-keyword":
        rule = _lower(unescaped(token))
        return "import" if rule == "@import" else "name" if rule in _NAMING_RULES else ""
    if before == "name":
        return "" if kind == "delim" and token in ";{" else "name"
    # Only the first value of @import is its URL.
    return ""


def _lower(text: str) -> str:
    """In lower case, as names of CSS are compared: the Kelvin sign is no 'k'."""
    return text.lower() if text.isascii() else text
