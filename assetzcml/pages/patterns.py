"""The patterns of routes, as Pyramid reads and writes them: texts in, texts out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from assetzcml.records.quoting import PATH_SAFE
from assetzcml.urls.queries import URL_OPTIONS

__all__ = ["BadPattern", "RoutePattern"]

SEGMENT = "[^/]+"  # the expression of a placeholder that has none of its own

_PLACEHOLDER = re.compile(r"\{([^{}:]*)(?::([^{}]*(?:\{[^{}]*\}[^{}]*)*))?\}")
_REST = re.compile(r"\*(\w*)\Z")
_REST_IN_THE_MIDDLE = re.compile(r"\*[^\W\d]")
_OLD_STYLE = re.compile(r"/:([^\W\d]\w*)")
_BRACE = re.compile(r"[{}]")


class BadPattern(ValueError):
    """A text that is no pattern; *position* is the character at fault, counted from 0."""

    def __init__(self, message: str, position: int, hint: str = ""):
        super().__init__(message)
        self.position = position
        self.hint = hint


class Placeholder(NamedTuple):
    """A part of a path that has a name. The one that takes the rest, with its slashes, has no expression."""

    name: str
    expression: str | None


class RoutePattern:
    """
    Which paths a route has, and the path that values make.

    `{name}` is one segment or a part of one, `{name:regex}` what the expression matches, `*name` at the end all that
    is left, as a tuple of segments. The rest is literal: it is written as it is read, not percent-encoded.
    Without a leading slash one is added. Raises BadPattern, a ValueError.

    >>> pattern = RoutePattern("/item/{id:[0-9]+}/*rest")
    >>> pattern.match("/item/7/caf\N{LATIN SMALL LETTER E WITH ACUTE}/x")
    {'id': '7', 'rest': ('caf\N{LATIN SMALL LETTER E WITH ACUTE}', 'x')}
    >>> pattern.match("/item/seven/") is None
    True
    >>> pattern.path({"id": 7, "rest": ["caf\N{LATIN SMALL LETTER E WITH ACUTE}", "x y"]})
    '/item/7/caf%C3%A9/x%20y'
    """

    def __init__(self, text: str):
        self.text = text
        self._parts = _parts(text)
        first = self._parts[0]
        self.prefix = first if isinstance(first, str) else ""  # what every path of it begins with
        self.literal = len(self._parts) == 1
        self.rest = next((p.name for p in self._parts if isinstance(p, Placeholder) and p.expression is None), None)
        self._match: Callable[[str], re.Match[str] | None] = self._first_match
        if any(isinstance(part, Placeholder) and part.expression not in (None, SEGMENT) for part in self._parts):
            self._compile()

    def _compile(self) -> None:
        try:
            self._match = re.compile("".join(map(_expression, self._parts))).fullmatch
        except re.error as error:
            raise BadPattern(f"its expressions do not fit together: {error.msg}", 0) from None

    def _first_match(self, path: str) -> re.Match[str] | None:
        """What is made of plain placeholders cannot be wrong, and is compiled when it is first asked."""
        self._compile()
        return self._match(path)

    def __repr__(self) -> str:
        return f"<Pattern {self.text}>"

    def match(self, path: str) -> dict[str, Any] | None:
        """The values in a decoded path that begins with a slash; None when the route does not have it."""
        found = self._match(path)
        if found is None:
            return None
        values: dict[str, Any] = found.groupdict()
        if self.rest is not None:
            values[self.rest] = segments(values[self.rest])
        return values

    def covers(self, other: RoutePattern) -> bool:
        """
        Is every path of *other* one of this pattern? True only where that is certain.

        >>> RoutePattern("/a/{x}").covers(RoutePattern("/a/{y}")), RoutePattern("/a/{x}").covers(RoutePattern("/a/b"))
        (True, True)
        >>> RoutePattern("/a/*rest").covers(RoutePattern("/a/{x}/b")), RoutePattern("/a/b").covers(RoutePattern("/a/{x}"))
        (True, False)
        """
        if other.literal:
            return self.match(other.prefix) is not None
        if self.rest is not None and len(self._parts) == 2:
            return other.prefix.startswith(self.prefix)
        return self._shape == other._shape

    @property
    def _shape(self) -> list[str | None]:
        return [part if isinstance(part, str) else part.expression and f"{{{part.expression}}}" for part in self._parts]

    def path(self, values: Mapping[str, Any]) -> str:
        """
        The path that *values* make, percent-encoded. Raises KeyError for one that is missing.

        It never begins with '//', which were another host.
        """
        path = "".join(
            quote(part, "/") if isinstance(part, str) else _quoted(part, values[part.name]) for part in self._parts
        )
        return "/%2F" + path[2:] if path.startswith("//") else path


def segments(path: str) -> tuple[str, ...]:
    """
    The segments of a decoded path; '.' and empty ones are left out, '..' takes back the one before (Pyramid's rule).

    >>> segments("/a//./b/../c/")
    ('a', 'c')
    """
    clean: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del clean[-1:]
        elif segment not in ("", "."):
            clean.append(segment)
    return tuple(clean)


def _parts(text: str) -> list[str | Placeholder]:
    """The literals and placeholders of a pattern; the first is a literal."""
    rest = _REST.search(text)
    end = rest.start() if rest else len(text)
    parts: list[str | Placeholder] = []
    literal = "" if text.startswith("/") else "/"
    position = 0
    for found in _PLACEHOLDER.finditer(text, 0, end):
        literal += _literal(text, position, found.start())
        parts += [literal] if literal else []
        parts.append(_placeholder(found, parts))
        literal, position = "", found.end()
    literal += _literal(text, position, end)
    parts += [literal] if literal else []
    if rest:
        _check_name(rest[1], end, parts, "'*'")
        parts.append(Placeholder(rest[1], None))
    return parts


def _literal(text: str, start: int, end: int) -> str:
    """What stands between placeholders, when it holds none of their signs."""
    brace = _BRACE.search(text, start, end)
    if brace:
        what = "'{' is not closed" if brace[0] == "{" else "'}' closes nothing"
        name = re.match(r"\{(\w+)", text[brace.start() :])
        hint = f"write {{{name[1]}}}" if name else "a placeholder is {name} or {name:regex}"
        raise BadPattern(what, brace.start(), hint)
    star = _REST_IN_THE_MIDDLE.search(text, start, end)
    if star:
        raise BadPattern("'*' and a name stand only at the end", star.start(), "write {name} for one segment")
    old = _OLD_STYLE.search(text, start, end)
    if old:
        hint = f"write {{{old[1]}}}"
        raise BadPattern(f"':{old[1]}' is how placeholders were written long ago", old.start(1) - 1, hint)
    return text[start:end]


def _placeholder(found: re.Match[str], parts: list[str | Placeholder]) -> Placeholder:
    name, expression = found[1], found[2]
    _check_name(name, found.start(1), parts, "'{'")
    if expression == "":
        raise BadPattern(f"the expression of {name!r} is empty", found.start(2), f"write {{{name}}} for a segment")
    if expression is not None:
        try:
            re.compile(expression)
        except re.error as error:
            where = found.start(2) + (error.pos or 0)
            hint = f"correct it, or write {{{name}}} for any text without '/'"
            raise BadPattern(f"the expression of {name!r} is not valid: {error.msg}", where, hint) from None
    return Placeholder(name, SEGMENT if expression is None else expression)


def _check_name(name: str, position: int, parts: Iterable[str | Placeholder], after: str) -> None:
    if not name:
        raise BadPattern(f"a name was expected after {after}", position)
    if not name.isidentifier():
        raise BadPattern(f"{name!r} is not a name", position, "letters, digits and underscores were expected")
    if name in URL_OPTIONS:
        raise BadPattern(f"the name {name!r} is taken", position, "route_url has an argument of that name")
    if any(isinstance(part, Placeholder) and part.name == name for part in parts):
        raise BadPattern(
            f"the name {name!r} stands there twice", position, f"give the second another name: {{{name}2}}"
        )


def _expression(part: str | Placeholder) -> str:
    if isinstance(part, str):
        return re.escape(part)
    return f"(?P<{part.name}>{'(?s:.*)' if part.expression is None else part.expression})"


def _quoted(part: Placeholder, value: Any) -> str:
    several = part.expression is None and not isinstance(value, (str, bytes)) and hasattr(value, "__iter__")
    return "/".join(quote(_text(each), PATH_SAFE) for each in (value if several else (value,)))


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
