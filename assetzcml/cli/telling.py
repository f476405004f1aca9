"""How a message reaches a terminal: in colours, and cut to its width. A pipe gets the text as it is."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import Any

import click

__all__ = ["say", "told_to"]

COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}
_HEADLINE = re.compile(
    r"(?P<place>\S.*?:\d+(?::\d+)?: )?(?P<code>A\d{3} )(?P<word>error|warning|info)(?P<rest>: .*)", re.S
)
_ESCAPED_BYTES = re.compile(r"(?:\\udc[89a-f][0-9a-f])+")
_CARET = re.compile(r" *\^")
_REMEDY = re.compile(r"( {4}fix: )(.*)", re.S)
NARROW = 20  # columns of an excerpt that still tell something


def say(text: str, *, err: bool = False) -> None:
    """Print *text* on stdout, or on stderr."""
    stream = sys.stderr if err else sys.stdout
    click.echo(told_to(text, stream), err=err, color=is_colourful(stream) or None)


def told_to(text: str, stream: Any) -> str:
    """*text* as *stream* gets it: a terminal in its width, and in colours unless NO_COLOR is set."""
    text = readable(text)
    if not is_terminal(stream):
        return text
    lines = fitted(text.split("\n"), shutil.get_terminal_size().columns)
    return "\n".join(map(painted, lines) if is_colourful(stream) else lines)


def readable(text: str) -> str:
    """
    *text* with the names of files as they are: where the locale says ASCII, Python has their bytes as escapes.

    >>> readable(repr("st\\udcc3\\udca4tic")) == "'st\xe4tic'"
    True
    """
    return _ESCAPED_BYTES.sub(
        lambda found: bytes.fromhex(found[0].replace("\\udc", "")).decode("utf-8", "replace"), text
    )


def is_terminal(stream: Any) -> bool:
    return stream is not None and bool(getattr(stream, "isatty", lambda: False)())


def is_colourful(stream: Any) -> bool:
    """Is it a terminal that has colours, and does nobody mind? (no-color.org: any text that is not empty says so.)"""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(line: str) -> str:
    """One line in colours: what is wrong, where, and what to type."""
    headline = _HEADLINE.fullmatch(line)
    if headline is not None:
        place, code, word, rest = headline.groups("")
        return click.style(place, bold=True) + click.style(code + word, fg=COLOURS[word]) + rest
    if _CARET.fullmatch(line):
        return click.style(line, fg="green")
    remedy = _REMEDY.fullmatch(line)
    return remedy[1] + click.style(remedy[2], fg="green") if remedy is not None else line


def fitted(lines: list[str], columns: int) -> list[str]:
    """
    *lines*, those with a caret below them cut to so many columns around it: a line that is folded points nowhere.

    >>> fitted(["    0123456789abcdefghijklmnopqrst", "                            ^"], 24)
    ['    bcdefghijklmnopqrst', '                 ^']
    """
    fitting = list(lines)
    width = max(columns - 1, NARROW)
    for number, line in enumerate(lines[1:], 1):
        above = lines[number - 1]
        if not _CARET.fullmatch(line) or max(len(above), len(line)) <= width:
            continue
        shown, caret = above[4:], len(line) - 5
        room = width - 4
        start = min(max(caret - room * 2 // 3, 0), max(len(shown) - room, 0), max(caret, 0))
        fitting[number - 1] = f"    {shown[start : start + room]}"
        fitting[number] = " " * (4 + caret - start) + "^"
    return fitting
