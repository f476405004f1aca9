"""Smaller JavaScript: the same tokens, with only the blanks and newlines between them that count."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from assetzcml.bundles.filters.base import Filter, FilterWarning, TextFilter, file_of, option
from assetzcml.bundles.filters.jstokens import Doubtful, Word, blanks, hashbang, words
from assetzcml.errors import Origin

__all__ = ["JSMin", "minified"]

_DOUBLED = frozenset(["+", "-", "/"])  # with another one behind they would be one token, or a comment
_WORDS = frozenset(["name", "number"])


class JSMin(TextFilter):
    """
    Takes comments and blanks out of each source. `keep_bang_comments` (default yes) keeps `/*! licenses */`.

    Names stay, and so does dead code. A source that is not certainly JavaScript is left as it is, with a warning at the
    place; the others are not. Behind a filter that works on the whole, it does too.
    """

    name = "jsmin"
    method = "input"
    version = "2"
    keep_bang_comments: bool
    options: ClassVar[Mapping[str, Any]] = {
        "keep_bang_comments": option("keep_bang_comments", "JSMIN_KEEP_BANG_COMMENTS", bool, True)
    }

    def follow(self, earlier: Sequence[Filter]) -> None:
        if any(one.output is not None for one in earlier):
            self.input, self.output = None, self.input

    def transform_text(self, text: str, **kw: Any) -> str:
        try:
            return minified(text, self.keep_bang_comments)
        except Doubtful as doubt:
            line_start = text.rfind("\n", 0, doubt.offset) + 1
            origin = Origin(file_of(kw), text.count("\n", 0, doubt.offset) + 1, doubt.offset - line_start + 1)
            message = f"{origin}: jsmin: left as it is: {doubt}; esbuild could minify it"
            warnings.warn_explicit(message, FilterWarning, origin.file, origin.line)
            return text


def minified(text: str, keep_bang_comments: bool = True) -> str:
    r"""
    *text*, a script or a module, in fewer characters: its tokens, and a newline where that ends a statement.

    Raises Doubtful for what is not certainly JavaScript.

    >>> minified("var a = 1 ; // one\nlet b\n/ c/.test(a + +b)\n")
    'var a=1;let b\n/ c/.test(a+ +b)'
    """
    return "".join(_written(text, keep_bang_comments))


def _written(text: str, keep: bool) -> Iterator[str]:
    last = Word("", "", 0, 0, False, False)
    first = hashbang(text)
    if first:
        yield first + "\n"
    for word in words(text):
        kept = keep and word.offset - word.start >= len("/*!*/") and _licenses(text, word)
        if kept:
            yield from _with_licenses(kept, last, word)
        elif word.newline:
            yield "\n"
        elif _need_a_blank(last, word):
            yield " "
        yield word.text
        last = word


def _licenses(text: str, word: Word) -> list[str]:
    """The comments before *word* that are to be kept."""
    return [token.text for token in blanks(text, word.start, word.offset) if token.text.startswith("/*!")]


def _with_licenses(licenses: Sequence[str], last: Word, word: Word) -> Iterator[str]:
    if last.text.endswith("/"):
        yield " "
    yield from licenses
    # Between statements a newline is nothing but one.
    if word.newline or word.begins:
        yield "\n"


def _need_a_blank(last: Word, word: Word) -> bool:
    """Whether the two would be read as others without a blank between."""
    kind, text = word.kind, word.text
    if kind in _WORDS:
        return (last.kind in _WORDS or last.kind == "regex") and text[0] not in "#."
    before = last.text
    if text == "." and last.kind == "number":
        return before.replace("_", "").isdigit()
    # Of HTML's comments, '<!--' begins one anywhere; '-->' does at the beginning of a line, where no '--' and '>' can be.
    return (before in _DOUBLED and text[:1] == before) or (before == "!" and text == "--")
