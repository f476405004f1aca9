"""What can be wrong, and where. Nothing here knows how it was found out.

The base class of `ConfigurationError` is zope.configuration's, so that code which catches its errors catches ours: the only
import of zope.configuration outside `assetzcml.zcml`. It is imported with the first error: see `derive_from_zope`.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from assetzcml.late import difflib

__all__ = [
    "ConfigurationConflictError",
    "ConfigurationError",
    "ConfigurationWarning",
    "InvalidManifest",
    "InvalidSpec",
    "MissingExtra",
    "NotBusted",
    "NotPublished",
    "Origin",
    "Problem",
    "calling_line",
    "clipped",
    "derive_from_zope",
    "did_you_mean",
    "few",
    "few_lines",
    "importing_webob",
    "near_words",
    "nearest",
    "shorten",
]

EXCERPT_WIDTH = 120  # characters of a source line shown in a message: more than a line of code, less than a screen


class Origin:
    """
    Where something was said: a file, a line and a column, both counted from 1.

    A column counts characters, a tab is one. It is 0 where only the line is known (a Python call),
    and the line is 0 where only the file is.

    >>> print(Origin("configure.zcml", 12, 5))
    configure.zcml:12:5
    """

    __slots__ = ("_column", "_line", "file")

    def __init__(self, file: str, line: int = 0, column: int = 0):
        self.file: str = file
        self._line = line
        self._column = column

    @property
    def line(self) -> int:
        """Its line, from 1; 0 where it is not known."""
        return self._line

    @property
    def column(self) -> int:
        """Its column, from 1, in characters; 0 where it is not known."""
        return self._column

    @property
    def included_by(self) -> Origin | None:
        """The statement that had the file read; None for the file a load began with, and for Python."""
        return None

    def source_line(self) -> str | None:
        """The text of the line, as it was when it was read; None where it is not known."""
        return None

    def attribute(self, name: str) -> Origin:
        """The place of the value of the attribute *name*; this place where it has none."""
        return self

    def further(self, characters: int) -> Origin:
        """The place so many characters further on in the value that begins here; this place where that is not known."""
        return self

    def chain(self) -> Iterator[Origin]:
        """The includes that led here, innermost first."""
        step = self.included_by
        while step is not None:
            yield step
            step = step.included_by

    def __str__(self) -> str:
        numbers = [number for number in (self.line, self.column) if number]
        return ":".join([self.file, *map(str, numbers)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Origin):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, int, int]:
        return self.file, self.line, self.column


class Problem:
    """
    One thing that is wrong: *message* says what, *origin* where, *hint* what to do about it.

    *exception* is what was raised by code that is not ours; its traceback is kept.
    *also* are the other places that take part, each with a word on its part. *code* is the one that `assetzcml check`
    knows it by; '' when it has none of its own.
    """

    def __init__(
        self,
        origin: Origin | None,
        message: str,
        hint: str = "",
        *,
        exception: BaseException | None = None,
        also: Sequence[tuple[str, Origin]] = (),
        conflict: bool = False,
        code: str = "",
    ):
        self.origin: Origin | None = origin
        self.message: str = message
        self.hint: str = hint
        self.exception: BaseException | None = exception
        self.also: tuple[tuple[str, Origin], ...] = tuple(also)
        self.conflict: bool = conflict
        self.code: str = code

    @property
    def headline(self) -> str:
        """Place, message and hint in one line. A file that the message names is not named twice."""
        origin = self.origin
        said = origin is None or (not origin.line and origin.file in self.message)
        return ("" if said else f"{origin}: ") + self.message + (f"; {self.hint}" if self.hint else "")

    def __str__(self) -> str:
        lines = [self.headline]
        if self.origin is not None:
            lines += excerpt(self.origin)
            lines += [f"    included from {step}" for step in self.origin.chain()]
        for part, origin in self.also:
            lines.append(f"  {part} {origin}")
            lines += excerpt(origin)
            lines += [f"    included from {step}" for step in origin.chain()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Problem {self.headline}>"


class _Base(Exception):
    """Stands for zope.configuration's class until there is an error, or somebody asks for the class to catch it."""


class ConfigurationError(_Base):
    """
    The configuration is wrong. `problems` lists everything that was found, in the order of the files.

    Its `__cause__` is the first exception that code not ours raised, with its traceback. It can be pickled, without
    these exceptions.
    """

    def __init__(self, *problems: Problem | str):
        derive_from_zope()
        self.problems: list[Problem] = [p if isinstance(p, Problem) else Problem(None, p) for p in problems]
        super().__init__("\n".join(map(str, self.problems)))
        self.__cause__: BaseException | None = next(
            (p.exception for p in self.problems if p.exception is not None), None
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle_error, (type(self), [_Stored.problem(problem) for problem in self.problems])


def derive_from_zope() -> None:
    """
    Let ConfigurationError be a zope.configuration.exceptions.ConfigurationError. Each of its instances is one: it is called
    when the first is made. A process that only serves, and has no error, imports nothing of zope.configuration.
    """
    if ConfigurationError.__base__ is _Base:
        from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError

        ConfigurationError.__bases__ = (ZopeConfigurationError,)


def _unpickle_error(kind: type[ConfigurationError], problems: Iterable[Problem]) -> ConfigurationError:
    return kind(*problems)


class _Stored(Origin):
    """An origin for another process: it holds what others look up in the document, and no document."""

    __slots__ = ("_included_by", "_text")

    def __init__(self, origin: Origin):
        super().__init__(origin.file, origin.line, origin.column)
        self._text = origin.source_line()
        self._included_by = origin.included_by and _Stored(origin.included_by)

    @property
    def included_by(self) -> Origin | None:
        return self._included_by

    def source_line(self) -> str | None:
        return self._text

    @classmethod
    def problem(cls, problem: Problem) -> Problem:
        """A copy of *problem* that can be pickled; without its exception, which perhaps cannot."""
        return Problem(
            problem.origin and cls(problem.origin),
            problem.message,
            problem.hint,
            also=[(part, cls(origin)) for part, origin in problem.also],
            conflict=problem.conflict,
            code=problem.code,
        )


class ConfigurationConflictError(ConfigurationError):
    """Two statements of equal strength say different things, or the same thing twice."""


class InvalidSpec(ConfigurationError, ValueError):
    """A text that is not the address of an asset."""


class MissingExtra(ConfigurationError, ImportError):
    """A library is needed that is an extra of assetzcml, and it is not installed."""


class InvalidManifest(ConfigurationError, ValueError):
    """A manifest that cannot be read, is not in the format expected, or leads out of its root."""


class NotBusted(ValueError):
    """A cache buster that must change the URL of an asset (`missing="error"`) cannot, or what it says cannot be followed."""


class NotPublished(ValueError):
    """No static view publishes this asset, so it has no URL."""


class ConfigurationWarning(UserWarning):
    """Something in ZCML that loads, and probably does not do what its author meant."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """
    A hint that names the known word nearest to *word*; empty when none is near.

    >>> did_you_mean("cache_max_aeg", ["cache_max_age", "name"])
    "did you mean 'cache_max_age'?"
    """
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """
    The known word nearest to *word*, however it is parted and whatever its case; '' when none is near.

    >>> nearest("static-View", ["staticView", "staticFile"])
    'staticView'
    """
    words = sorted(set(known))
    near = near_words(word, words)
    if near:
        return near[0]
    plain = {_plain(each): each for each in words}
    near = near_words(_plain(word), plain)
    return plain[near[0]] if near else ""


def _plain(word: str) -> str:
    return re.sub("[-_. ]", "", word).lower()


def near_words(word: str, known: Iterable[str], likeness: float = 0.6) -> list[str]:
    """
    The known words most like *word*, the likest first; 1.0 is the likeness of a word to itself.

    >>> near_words("app.cs", ["app.css", "logo.png"])
    ['app.css']
    """
    return difflib.get_close_matches(word[:200], sorted(set(known)), cutoff=likeness)


def shorten(text: str, width: int = 80) -> str:
    """A value for messages: quoted, and cut when it is long."""
    return repr(clipped(text, width))


@contextmanager
def importing_webob() -> Iterator[None]:
    """
    Around imports of WebOb: nothing is said of `cgi`, and it is no error where warnings are.

    WebOb 1.8 imports that on Python before 3.13, and nobody who uses WebOb can help it.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'cgi' is deprecated", DeprecationWarning, r"webob\.")
        yield


def clipped(text: str, width: int = 80) -> str:
    """*text*, cut when it is long."""
    return text if len(text) <= width else text[:width] + "\N{HORIZONTAL ELLIPSIS}"


def few(texts: Sequence[str], shown: int) -> str:
    """
    The first of *texts*, and how many there are more.

    >>> few(["a", "b", "c"], 2), few(["a", "b"], 2)
    ('a, b and 1 more', 'a, b')
    """
    return ", ".join(texts[:shown]) + "".join(f" {line}" for line in few_lines(texts, shown)[shown:])


def few_lines(lines: Sequence[str], shown: int) -> list[str]:
    """
    The first of *lines*, and one that says how many there are more.

    >>> few_lines(["a", "b", "c", "d"], 2)
    ['a', 'b', 'and 2 more']
    """
    more = len(lines) - shown
    return [*lines[:shown], f"and {more} more"] if more > 0 else list(lines)


def calling_line(*through: str) -> Origin:
    """The line that calls us: the first outside of assetzcml and of the packages *through* which it came."""
    ours = {__name__.partition(".")[0], *through}
    frame: FrameType = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in ours:
        frame = frame.f_back
    return Origin(frame.f_code.co_filename, frame.f_lineno)


def excerpt(origin: Origin) -> list[str]:
    """The source line and a caret under the column, cut to a readable width; no line when it is not known."""
    text = origin.source_line()
    if text is None:
        return []
    at = max(origin.column - 1, 0)
    stripped = text.lstrip()
    start = len(text) - len(stripped)
    if len(stripped) > EXCERPT_WIDTH and at - start > EXCERPT_WIDTH // 2:
        start = at - EXCERPT_WIDTH // 2
    shown = text[start : start + EXCERPT_WIDTH].rstrip()
    return (
        ["    " + printable(shown), "    " + " " * (at - start) + "^"] if at >= start else ["    " + printable(shown)]
    )


def printable(text: str) -> str:
    """*text* with each character that a terminal would act on shown as '\N{REPLACEMENT CHARACTER}', tabs as a blank."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
