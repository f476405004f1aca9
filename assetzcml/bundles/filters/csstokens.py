"""
The tokens of CSS (CSS Syntax Module Level 3, section 4), with nothing lost: joined, they are the text. Pure.

Never fails: every text is CSS. Time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Token", "as_string", "as_url", "string_value", "token_at", "tokens", "unescaped", "url_parts", "url_value"]


class Token(NamedTuple):
    """
    *kind* is 'whitespace', 'comment', 'string', 'bad-string', 'url', 'bad-url', 'function' (with its parenthesis),
    'ident', 'at-keyword', 'hash', 'number' (percentages and dimensions too), 'cdo', 'cdc' or 'delim'.
    """

    kind: str
    text: str


# 4.3.4: a backslash, then up to six hexadecimal digits with one blank, or any character but a newline.
_ESCAPE = r"\\(?:[0-9a-fA-F]{1,6}(?:\r\n|[ \t\n\r\f])?|[^\n\r\f0-9a-fA-F]|\Z)"
_NAME_CHARS = r"[-\w\x00\x80-\U0010ffff]"  # with re.ASCII; NUL is read as U+FFFD (3.3), which is no ASCII
_NAME = rf"{_NAME_CHARS}*(?:{_ESCAPE}{_NAME_CHARS}*)*"
_IDENT = rf"(?:--|-?(?:[A-Za-z_\x00\x80-\U0010ffff]|{_ESCAPE})){_NAME}"

_TOKEN = re.compile(
    rf"""
      (?P<whitespace> [ \t\n\r\f]+ )
    | (?P<comment> /\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/)? )
    | (?P<cdc> --> )
    | (?P<number> [+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:%|{_IDENT})? )
    | (?P<function> {_IDENT}\( )
    | (?P<ident> {_IDENT} )
    | (?P<at> @{_IDENT} )
    | (?P<hash> \#(?:{_NAME_CHARS}|{_ESCAPE}){_NAME} )
    | (?P<cdo> <!-- )
    | (?P<quote> ["'] )
    | (?P<delim> . )
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
# 4.3.5; an escaped newline is part of the string, a bare one ends it.
_STRING_BODY = {
    quote: re.compile(rf"[^{quote}\\\n\r\f]*(?:\\(?:\r\n|.|\Z)[^{quote}\\\n\r\f]*)*", re.DOTALL) for quote in "\"'"
}
# 4.3.6: after 'url(' and blanks, up to what may not stand in it.
_URL_CHARS = r"""[^"'()\\ \t\n\r\f\x01-\x08\x0b\x0e-\x1f\x7f]*"""
_URL_BODY = re.compile(rf"{_URL_CHARS}(?:{_ESCAPE}{_URL_CHARS})*")
_BLANKS = re.compile(r"[ \t\n\r\f]*")
# 4.3.14: the remnants go on to a parenthesis that no backslash precedes.
_BAD_URL_REST = re.compile(rf"[^)\\]*(?:(?:{_ESCAPE}|\\)[^)\\]*)*\)?")
_ESCAPES = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\n\r\f])?|(\r\n|[\n\r\f])|(.)|\Z)", re.DOTALL)


def tokens(text: str) -> Iterator[Token]:
    """
    The tokens of *text*, in order.

    >>> [token.text for token in tokens("a{b:url( c )}")]
    ['a', '{', 'b', ':', 'url( c )', '}']
    """
    at, end = 0, len(text)
    while at < end:
        kind, stop = token_at(text, at)
        yield Token(kind, text[at:stop])
        at = stop


def token_at(text: str, at: int) -> tuple[str, int]:
    """
    The kind and the end of the token that begins at *at*, where there is a character.

    >>> token_at("a{b:url( c )}", 4)
    ('url', 12)
    """
    found = _TOKEN.match(text, at)
    assert found is not None  # 'delim' is any character
    kind = str(found.lastgroup)
    if kind == "quote":
        return _string(text, at)
    if kind == "function" and unescaped(found.group()[:-1]).lower() == "url":
        return _url(text, found.end())
    return "at-keyword" if kind == "at" else kind, found.end()


def _string(text: str, at: int) -> tuple[str, int]:
    stop, _ = _span(_STRING_BODY[text[at]], text, at + 1)
    if stop == len(text):
        return "string", stop
    return ("string", stop + 1) if text[stop] == text[at] else ("bad-string", stop)


def _url(text: str, at: int) -> tuple[str, int]:
    """Kind and end of what begins with 'url(', which ends at *at*: before a quote, it is a function like others."""
    start, _ = _span(_BLANKS, text, at)
    if text[start : start + 1] in ('"', "'"):
        return "function", at
    stop, _ = _span(_URL_BODY, text, start)
    stop, _ = _span(_BLANKS, text, stop)
    if stop == len(text):
        return "url", stop
    if text[stop] == ")":
        return "url", stop + 1
    return "bad-url", _span(_BAD_URL_REST, text, stop)[0]


def unescaped(text: str) -> str:
    r"""
    What *text*, a name or the inside of a string, means (4.3.7).

    >>> unescaped(r"\75 rl")
    'url'
    """
    text = text.replace("\x00", "\ufffd")  # 3.3
    return _ESCAPES.sub(_meaning, text) if "\\" in text else text


def _meaning(found: re.Match[str]) -> str:
    digits, newline, character = found.groups()
    if digits:
        number = int(digits, 16)
        surrogate = 0xD800 <= number <= 0xDFFF
        return "\ufffd" if number == 0 or surrogate or number > 0x10FFFF else chr(number)
    if newline:
        return ""
    return character or ""


def string_value(text: str) -> str:
    """What the string token *text* means; its last quote may lack at the end of a file."""
    return unescaped(_span(_STRING_BODY[text[0]], text, 1)[1])


def url_value(text: str) -> str:
    """What the url token *text* means."""
    return unescaped(url_parts(text)[1])


def url_parts(text: str) -> tuple[str, str, str]:
    """
    The url token *text* as three: up to what it means, that, and the rest.

    >>> url_parts("url( a.png )")
    ('url( ', 'a.png', ' )')
    """
    start = _span(_BLANKS, text, text.index("(") + 1)[0]
    stop, inside = _span(_URL_BODY, text, start)
    return text[:start], inside, text[stop:]


def _span(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, str]:
    """Where what *pattern* finds at *at*, be it empty, ends, and what it is."""
    found = pattern.match(text, at)
    assert found is not None  # all of them match the empty text
    return found.end(), found.group()


def as_string(value: str, quote: str) -> str:
    r"""
    The string token that means *value* (CSSOM, 2.1).

    >>> print(as_string('a"b', quote='"'))
    "a\"b"
    """
    return quote + re.sub(r'[\x00-\x1f\x7f"\'\\]', lambda found: _escape(found.group(), quote), value) + quote


def _escape(character: str, quote: str) -> str:
    if character in "\"'\\":
        return character if character in "\"'" and character != quote else "\\" + character
    return f"\\{ord(character):x} "


def as_url(value: str) -> str:
    r"""
    The inside of an unquoted url token that means *value*.

    >>> print(as_url("a b(1).png"))
    a\ b\(1\).png
    """
    special = r"[\x00-\x1f\x7f \"'()\\]"
    return re.sub(special, lambda found: f"\\{found.group()}" if found.group() > "\x1f" and found.group() != "\x7f"
                  else f"\\{ord(found.group()):x} ", value)  # fmt: skip
