"""
Smaller CSS: by lightningcss (Rust), else by rcssmin, else not at all. Says so when it is not the first.

What rcssmin makes is taken only when it has the same tokens and no blank is gone that means something.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any, ClassVar

from assetzcml.bundles.filters.base import FilterError, FilterWarning, TextFilter, file_of, option
from assetzcml.bundles.filters.csstokens import Token, tokens
from assetzcml.errors import Origin

__all__ = ["CSSMin", "same_rules"]

_PLACE = re.compile(r" at [^:]*:(\d+):(\d+)\Z")

ENGINES = ("lightningcss", "rcssmin")  # in order of preference


class CSSMin(TextFilter):
    """
    Minifies the whole, and keeps `/*! licenses */`. Option `engine` wants one of ENGINES, and fails without it;
    `browsers` are browserslist queries for which lightningcss writes older syntax. Without them it may write newer one
    than it read: `(width>=1px)` for `(min-width: 1px)`, which browsers know since March 2023.

    A style sheet that lightningcss cannot read goes to rcssmin, with a warning that has lightningcss's reason; browsers
    skip what they cannot read, so it may be right.
    """

    name = "cssmin"
    options: ClassVar[Mapping[str, Any]] = {
        "engine": option("engine", "CSSMIN_ENGINE"),
        "browsers": option("browsers", "CSSMIN_BROWSERS", lambda text: [part.strip() for part in text.split(",")]),
    }

    def setup(self) -> None:
        super().setup()
        if self.engine is not None and self.engine not in ENGINES:
            raise FilterError(f"cssmin: engine is {self.engine!r}; one of {', '.join(ENGINES)} was expected")

    def tool_versions(self) -> Sequence[str]:
        return tuple(f"{name} {version}" for name in self._wanted() if (version := _version(name)))

    def _wanted(self) -> tuple[str, ...]:
        return (self.engine,) if self.engine else ENGINES

    def transform_text(self, text: str, **kw: Any) -> str:
        reasons: list[str] = []
        origin = Origin(file_of(kw))
        for name in self._wanted():
            try:
                result = _MINIFY[name](text, self.browsers)
            except _Refused as refused:
                reasons.append(f"{name} {refused}")
                origin = Origin(file_of(kw), refused.line, refused.column) if refused.line else origin
                continue
            if name != ENGINES[0] and not self.engine:
                self._warn(f"minified by {name}, since {reasons[0]}", origin)
            return result
        if self.engine and _version(self.engine) is None:
            raise FilterError(f"{file_of(kw)}: cssmin: {reasons[0]}; pip install 'assetzcml[bundles]'")
        self._warn(f"left as it is, since {' and '.join(reasons)}", origin)
        return text

    def _warn(self, message: str, origin: Origin) -> None:
        warnings.warn_explicit(f"{origin}: cssmin: {message}", FilterWarning, origin.file, max(origin.line, 1))


class _Refused(Exception):
    """An engine cannot do it; the text continues a sentence that begins with its name."""

    def __init__(self, message: str, line: int = 0, column: int = 0):
        super().__init__(message)
        self.line = line
        self.column = column


def _lightningcss(text: str, browsers: Sequence[str] | None) -> str:
    try:
        import lightningcss
    except ImportError:
        raise _Refused("is not installed") from None
    flags = lightningcss.calc_parser_flags(nesting=True)
    try:
        result = lightningcss.process_stylesheet(
            text, parser_flags=flags, browsers_list=list(browsers) if browsers else None, minify=True
        )
    except ValueError as error:
        found = _PLACE.search(str(error))
        reason = str(error)[: found.start()] if found else str(error)
        # It counts lines from 0 and columns from 1.
        line, column = (int(found[1]) + 1, int(found[2])) if found else (0, 0)
        raise _Refused(f"cannot read it ({reason.removeprefix('Parsing stylesheet failed: ')})", line, column) from None
    return _licenses(text, result) + result


def _licenses(text: str, result: str) -> str:
    """The `/*! comments */` of *text* that *result* lacks: lightningcss keeps only those before everything else."""
    wanted = [token.text for token in tokens(text) if token.kind == "comment" and token.text.startswith("/*!")]
    return "".join(f"{comment}\n" for comment in dict.fromkeys(wanted) if comment not in result)


def _rcssmin(text: str, browsers: Sequence[str] | None) -> str:
    try:
        import rcssmin
    except ImportError:
        raise _Refused("is not installed") from None
    result = rcssmin.cssmin(text, keep_bang_comments=True)
    if not same_rules(text, result):
        raise _Refused("changes more than blanks")
    found: str = result
    return found


_MINIFY: Mapping[str, Callable[[str, Sequence[str] | None], str]] = {
    "lightningcss": _lightningcss,
    "rcssmin": _rcssmin,
}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def same_rules(before: str, after: str) -> bool:
    """
    Whether *after* is *before* but for comments, blanks that mean nothing, and semicolons before a brace.

    >>> same_rules("a : hover { b : c ; }", "a : hover{b:c}"), same_rules("a .b {}", "a.b{}")
    (True, False)
    """
    ours, theirs = _meaningful(before), _meaningful(after)
    if [token for token, _ in ours] != [token for token, _ in theirs]:
        return False
    return all(
        blank == other or (blank and _blank_means_nothing(ours, at))
        for at, ((_, blank), (_, other)) in enumerate(zip(ours, theirs, strict=True))
    )


def _meaningful(text: str) -> list[tuple[Token, bool]]:
    """The tokens but blanks, comments and needless semicolons, each with whether a blank stands before it."""
    result: list[tuple[Token, bool]] = []
    blank = False
    for token in tokens(text):
        if token.kind == "whitespace":
            blank = True
        elif token.kind != "comment":
            if token.text in (";", "}"):
                while result and result[-1][0].text == ";":
                    result.pop()
            if token.text != ";" or not result or result[-1][0].text != "{":
                result.append((_plain(token), blank))
            blank = False
    while result and result[-1][0].text == ";":
        result.pop()
    return result


def _plain(token: Token) -> Token:
    """The blanks inside url( ) mean nothing."""
    return Token(token.kind, re.sub(r"\(\s+|\s+\)\Z", lambda m: m.group().strip(), token.text)) \
        if token.kind == "url" else token  # fmt: skip


def _blank_means_nothing(stream: Sequence[tuple[Token, bool]], at: int) -> bool:
    """Whether the blank before the token *at* is between others only for the eye."""
    right = stream[at][0].text
    left = stream[at - 1][0].text if at else "{"
    if left in ("{", "}", ";", ",", ">", "~", "+", "(", "[", ":", "=", "!") or left.endswith("("):
        return True
    if right == ":":
        return _declares(stream, at)
    return right in ("{", "}", ";", ",", ">", "~", "+", ")", "]", "=", "!")


def _declares(stream: Sequence[tuple[Token, bool]], at: int) -> bool:
    """Whether the colon *at* follows a property's name: in a selector, a blank before it is a combinator."""
    if at < 2:
        return False
    if stream[at - 2][0].text == "*" and at > 2:  # '*zoom', a declaration for old browsers
        stream, at = [*stream[: at - 2], *stream[at - 1 :]], at - 1
    if stream[at - 2][0].text not in ("{", ";", "}"):
        return stream[at - 2][0].text.endswith("(")  # (min-width : 1px)
    for token, _ in stream[at:]:
        if token.text in (";", "}", "{"):
            return token.text != "{"
    return True
