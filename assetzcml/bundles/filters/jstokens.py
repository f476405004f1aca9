"""
The tokens of JavaScript (ECMAScript 2025, section 12), with nothing lost: joined, they are the text. Pure.

What a slash is, and where a newline ends a statement, is asked of the grammar (`jssyntax`). Where even that is not
enough (`a <!--b` has a comment in a script, and none in a module), Doubtful is raised, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from assetzcml.bundles.filters.jssyntax import Doubtful, Syntax, Unfinished, Unopened

__all__ = ["Doubtful", "Token", "Unfinished", "Unopened", "Word", "blanks", "hashbang", "tokens", "words"]


class Token(NamedTuple):
    """
    *kind* is 'whitespace', 'newline', 'comment', 'name' (keywords too), 'number', 'string', 'template' (a whole one, or
    the part before, between or after substitutions), 'regex' or 'punctuator'.
    """

    kind: str
    text: str
    offset: int


class Word(NamedTuple):
    """
    A token that is neither blank nor comment; these stand from *start* to *offset* before it.

    *newline* says whether a newline among them ends a statement, *begins* whether a statement begins here. At the end
    of the text stands an empty one.
    """

    kind: str
    text: str
    offset: int
    start: int
    newline: bool
    begins: bool


_NEWLINES = "\n\r\u2028\u2029"
_SPACES = "\t\x0b\x0c \xa0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff"
_ESCAPE = r"\\u(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]+\})"
_NAME = rf"(?:[A-Za-z_$]|[^\x00-\x7f\s\ufeff]|{_ESCAPE})(?:[A-Za-z0-9_$\u200c\u200d]+|[^\x00-\x7f\s\ufeff]|{_ESCAPE})*"
_COMMENT = rf"//[^{_NEWLINES}]*|/\*[^*]*(?:\*(?!/)[^*]*)*\*/"
_HTML_COMMENT = rf"(?:<!--|-->)[^{_NEWLINES}]*"  # B.1.1: in a script, '-->' at the beginning of a line
_DIGITS = "[0-9](?:_?[0-9])*"
_WORD = re.compile(
    rf"""
    [{_SPACES}{_NEWLINES}]* (?: (?:{_COMMENT}) [{_SPACES}{_NEWLINES}]* )*
    (?: (?P<name> \#?{_NAME} )
    | (?P<punctuator> [(){{,;\[\]:] | >>>= | \.\.\. | === | !== | \*\*= | <<= | >>= | >>> | &&= | \|\|= | \?\?=
                | => | == | != | <= | >= | && | \|\| | \?\? | \?\.(?![0-9]) | \+\+ | -- | \+= | -= | \*= | %=
                | &= | \|= | \^= | << | >> | \*\* | \.(?![0-9]) | [-<>+*%&|^!~?=@] )
    | (?P<string> "[^"\\\r\n]*(?:\\(?:\r\n|.)[^"\\\r\n]*)*" | '[^'\\\r\n]*(?:\\(?:\r\n|.)[^'\\\r\n]*)*' )
    | (?P<number> 0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*n? | 0[oO][0-7](?:_?[0-7])*n? | 0[bB][01](?:_?[01])*n?
                | 0[0-7]+(?![0-9])
                | {_DIGITS}n | (?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})? )
    | (?P<slash> / )
    | (?P<brace> \}} )
    | (?P<backquote> ` )
    | (?P<end> \Z )
    | (?P<bad> . ) )
    """,
    re.VERBOSE | re.DOTALL,
)
# 12.9.5; in a class a slash is an ordinary character.
_CLASS = rf"\[[^\]\\{_NEWLINES}]*(?:\\[^{_NEWLINES}][^\]\\{_NEWLINES}]*)*\]"
_REGEX = re.compile(
    rf"/(?![*/])[^/\\\[{_NEWLINES}]*(?:(?:\\[^{_NEWLINES}]|{_CLASS})[^/\\\[{_NEWLINES}]*)*/(?:{_NAME}|[0-9])*",
    re.DOTALL,
)
_TEMPLATE_PART = re.compile(r"[^`\\$]*(?:(?:\\.|\$(?!\{))[^`\\$]*)*(?:`|\$\{)", re.DOTALL)
_NEWLINE = re.compile(rf"[{_NEWLINES}]")
_END_OF_LINE = re.compile(rf"[^{_NEWLINES}]*")
_HASHBANG = re.compile(rf"\#![^{_NEWLINES}]*")  # 12.5
_AFTER_NUMBER = re.compile(rf"[0-9]|{_NAME}")
_BLANK = re.compile(
    rf"(?P<newline>\r\n|[{_NEWLINES}])|(?P<whitespace>[{_SPACES}]+)"
    rf"|(?P<comment>{_COMMENT}|^\#![^{_NEWLINES}]*|{_HTML_COMMENT})",
    re.DOTALL,
)


def words(text: str, syntax: Syntax | None = None) -> Iterator[Word]:
    """
    What of *text*, a script or a module, is neither blank nor comment, in order; *syntax* is told of each.

    Raises Doubtful where it is not JavaScript as far as the grammar here can tell, Unfinished where it is the beginning
    of a program that ends inside of a bracket.
    """
    syntax = syntax or Syntax()
    match, take = _WORD.match, syntax.take
    start = len(hashbang(text))
    blank_from = 0
    while True:
        found = match(text, start)
        assert found is not None  # 'bad' is any character
        kind = found.lastgroup
        offset, stop = found.span(kind)  # type: ignore[arg-type]
        newline = offset > blank_from and _NEWLINE.search(text, blank_from, offset) is not None
        begins = syntax.begins if offset > blank_from else False
        if kind == "name":
            word = text[offset:stop]
        elif kind == "punctuator" or kind == "string":
            word = text[offset:stop]
            if (word == "<" or word == "--") and _is_html_comment(text, offset, newline or not blank_from, syntax):
                syntax.html_at = offset
                start = _END_OF_LINE.match(text, offset).end()  # type: ignore[union-attr]
                continue
        elif kind == "end":
            syntax.end(offset)
            yield Word("end", "", offset, blank_from, False, begins)
            return
        else:
            kind, stop = _special(str(kind), text, offset, stop, syntax)
            word = text[offset:stop]
        if kind == "template-part":
            syntax.end_template_part(word.endswith("`"), offset)
            yield Word("template", word, offset, blank_from, False, False)
        else:
            counts = take(kind, word, offset, newline)
            yield Word("template" if kind == "template-head" else kind, word, offset, blank_from, counts, begins)
        start = blank_from = stop


def _special(kind: str, text: str, offset: int, stop: int, syntax: Syntax) -> tuple[str, int]:
    """The kind, for the syntax, and the end of a token that needs another look."""
    if kind == "slash":
        return _slash(text, offset, syntax)
    if kind == "brace":
        if not syntax.in_template:
            return "punctuator", stop
        return "template-part", _template_part(text, offset)[1]
    if kind == "backquote":
        whole, stop = _template_part(text, offset)
        return "template" if whole else "template-head", stop
    if kind == "number":
        if _AFTER_NUMBER.match(text, stop):
            raise Doubtful("a number does not end", offset)
        return "number", stop
    raise Doubtful(f"{text[offset]!r} begins no token", offset)


def _slash(text: str, at: int, syntax: Syntax) -> tuple[str, int]:
    if text.startswith("/*", at):
        raise Doubtful("a comment does not end", at)
    if not syntax.regex_may_begin():
        return "punctuator", at + (2 if text[at + 1 : at + 2] == "=" else 1)
    found = _REGEX.match(text, at)
    if found is None:
        raise Doubtful("a regular expression does not end on its line", at)
    return "regex", found.end()


def _template_part(text: str, at: int) -> tuple[bool, int]:
    """Whether the template ends with the part that begins at the backquote or brace *at*, and where the part ends."""
    found = _TEMPLATE_PART.match(text, at + 1)
    if found is None:
        raise Doubtful("a template does not end", at)
    return text[found.end() - 1] == "`", found.end()


def _is_html_comment(text: str, offset: int, begins: bool, syntax: Syntax) -> bool:
    """
    Does a comment of HTML's form stand there, where a line *begins* or not (B.1.1)? Only scripts have them; what is no
    program but with it is one. Raises Doubtful for what a module reads otherwise.
    """
    if text.startswith("<!--", offset):
        if not syntax.regex_may_begin():  # behind an operand
            message = "'<!--' begins a comment in a script, and is three operators in a module"
            raise Doubtful(f"{message}; which of them this is depends on how the file is loaded", offset)
    elif not (begins and text.startswith("-->", offset)):
        return False
    return True


def hashbang(text: str) -> str:
    """The first line of *text*, without its end, where that names the program to run it; else nothing."""
    found = _HASHBANG.match(text)
    return found.group() if found else ""


def tokens(text: str) -> Iterator[Token]:
    """
    The tokens of *text*, a script or a module, in order. Raises Doubtful as `words` does.

    >>> [token.text for token in tokens("if (a) /b/.test(c / d)") if token.kind != "whitespace"]
    ['if', '(', 'a', ')', '/b/', '.', 'test', '(', 'c', '/', 'd', ')']
    """
    for word in words(text):
        yield from blanks(text, word.start, word.offset)
        if word.kind != "end":
            yield Token(word.kind, word.text, word.offset)


def blanks(text: str, start: int, stop: int) -> Iterator[Token]:
    """The tokens of *text* between two words."""
    at = start
    while at < stop:
        found = _BLANK.match(text, at)
        assert found is not None  # else it were a word
        yield Token(str(found.lastgroup), found.group(), at)
        at = found.end()
