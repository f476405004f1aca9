"""
Globs by segments: which assets below a root a header, or a promise, is for. Matching takes linear time a segment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["LONGEST", "MOST_STARS", "Pattern"]

# Characters of a pattern, and stars in it: nobody writes more by hand, and a match tries a segment at most so often.
LONGEST = 1024
MOST_STARS = 32


class Pattern:
    """
    A glob, relative to the root of a static view. Case counts.

    '*' is any characters of a segment and '?' one of them; '**' is any number of segments. Without a slash it is
    compared with the last segment, in any directory. Raises ValueError.

    >>> Pattern("*.woff2").matches(("fonts", "a.woff2")), Pattern("fonts/*").matches(("fonts", "old", "a.woff2"))
    (True, False)
    >>> Pattern("**/print/*.css").matches(("print", "a.css"))
    True
    """

    __slots__ = ("_steps", "text")

    def __init__(self, text: str):
        _check(text)
        self.text = text
        segments = text.split("/")
        if len(segments) == 1 and text != "**":
            segments.insert(0, "**")
        #: Compiled segments; None for '**'.
        self._steps = [None if segment == "**" else _compiled(segment) for segment in segments]

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def matches(self, parts: Sequence[str]) -> bool:
        """Does it match the segments *parts*, from the root on?"""
        at = step = 0
        star = mark = -1  # the last '**', and where what follows it was tried last
        while at < len(parts):
            if step < len(self._steps) and self._steps[step] is None:
                star, mark = step, at
                step += 1
            elif step < len(self._steps) and _fits(self._steps[step], parts[at]):
                at, step = at + 1, step + 1
            elif star >= 0:
                mark += 1
                at, step = mark, star + 1
            else:
                return False
        return all(each is None for each in self._steps[step:])


# The pieces between the stars of a segment: each a regular expression without any choice in it.
Pieces = tuple["re.Pattern[str]", ...]


def _compiled(segment: str) -> Pieces:
    pieces = re.split(r"\*+", segment)
    return tuple(re.compile("".join("." if c == "?" else re.escape(c) for c in piece), re.DOTALL) for piece in pieces)


def _fits(pieces: Pieces | None, text: str) -> bool:
    """Is *text* made of the pieces, in their order, with anything between them? The first place is good for each."""
    assert pieces is not None
    first, *rest = pieces
    found = first.match(text)
    if found is None:
        return False
    if not rest:
        return found.end() == len(text)
    position = found.end()
    for piece in rest[:-1]:
        found = piece.search(text, position)
        if found is None:
            return False
        position = found.end()
    length = len(re.sub(r"\\(.)", r"\1", rest[-1].pattern, flags=re.DOTALL))
    at = len(text) - length
    return at >= position and rest[-1].fullmatch(text, at) is not None


def _check(text: str) -> None:
    if not isinstance(text, str):
        raise ValueError(f"a pattern is a text such as '*.woff2', not {text!r}")
    if not text.strip():
        raise ValueError("the pattern is empty; one such as '*.woff2' or 'fonts/**' was expected")
    if len(text) > LONGEST or text.count("*") > MOST_STARS:
        raise ValueError(f"the pattern is too long; at most {LONGEST} characters and {MOST_STARS} stars were expected")
    if text.startswith("/"):
        raise ValueError(f"{text!r} begins with a slash; a pattern is relative to the root of the static view")
    segments = text.split("/")
    if ".." in segments or "." in segments:
        raise ValueError(f"{text!r} holds a dot segment, which no asset's path has")
    if "" in segments:
        raise ValueError(f"{text!r} holds an empty segment, which no asset's path has")
    for segment in segments:
        if "**" in segment and segment != "**":
            raise ValueError(f"{text!r}: '**' stands for whole segments; write '*' within one")
