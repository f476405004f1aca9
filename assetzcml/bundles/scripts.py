"""What has to be known of a script that is joined with others: whether it is a module, and how it ends. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from assetzcml.bundles.filters.jssyntax import Doubtful, Syntax, Unfinished
from assetzcml.bundles.filters.jstokens import blanks, words

__all__ = ["Mark", "is_strict", "marks", "needs_semicolon", "without_hashbang", "without_map"]

LONGEST_PROLOGUE = 20_000  # bytes, most of them of a license before the directives

_MARKS = re.compile(rb"\b(?:import|export)\b")
_COMMENTED = re.compile(rb"//|/\*|\*/|<!--|-->|#!")
_MAP = re.compile(r"//[#@][ \t]+sourceMappingURL=(?P<url>\S*)[ \t]*")
# Lines of comments at the end of a file are just that: what they would be in, a template or a comment, would not end.
_MAP_AT_END = re.compile(
    rb"(?:^|(?<=\n))[ \t]*//[#@][ \t]+sourceMappingURL=(?P<url>[^\s*`]*)[ \t]*"
    rb"(?P<rest>(?:\r?\n[ \t]*(?://[^\r\n*`]*)?)*)\Z"
)


class Mark(NamedTuple):
    """What only a module has, or what depends on where the file lies: the word, its line and its column."""

    word: str
    line: int
    column: int


def marks(content: bytes) -> list[Mark]:
    """
    The statements `import` and `export` of a script, `import.meta`, and `import("./…")` of a relative address.

    Of what is not certainly JavaScript, those before the place in doubt.

    >>> marks(b"f()\\nimport a from 'a'")
    [Mark(word='import', line=2, column=1)]
    """
    if not _MARKS.search(content):  # most are found out at once
        return []
    text = content.decode("utf-8-sig", "replace")
    syntax = Syntax()
    try:
        for _ in words(text, syntax):
            pass
    except Doubtful:
        pass
    return [Mark(word, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) for at, word in syntax.modules]


def needs_semicolon(content: bytes) -> bool:
    """
    Whether the last statement of a script would go on in what is joined to it, or might.

    Where the script ends inside of a bracket, the next is meant to go on.

    >>> [needs_semicolon(script) for script in (b"a = 1", b"a = 1;\\n", b"a() // b;", b"(function () {")]
    [True, False, True, False]
    """
    end = content.rstrip()
    line = end[end.rfind(b"\n") + 1 :]
    if line.endswith(b";") and not _COMMENTED.search(line):
        return False
    last = ""
    try:
        for word in words(content.decode("utf-8-sig")):
            last = word.text or last
    except Unfinished:
        return False
    except (Doubtful, UnicodeDecodeError):
        return True
    return last not in ("", ";")


def is_strict(content: bytes) -> bool:
    """
    Whether a script begins with a `'use strict'` of its own, which would hold for what is joined to it.

    >>> is_strict(b"/* a */ 'use strict'; b"), is_strict(b"f('use strict')")
    (True, False)
    """
    directive = None
    try:
        for word in words(content[:LONGEST_PROLOGUE].decode("utf-8-sig", "replace")):
            if directive is not None:
                if not (word.text in (";", "}") or word.newline or word.kind == "end"):
                    return False
                if directive[1:-1] == "use strict":
                    return True
                directive = None
                if word.text == ";":
                    continue
            if word.kind != "string":
                return False
            directive = word.text
    except Doubtful:
        pass
    return False


def without_hashbang(content: bytes) -> bytes:
    """The script without the line that names a program to run it: it may stand at the beginning of a file only."""
    return re.sub(rb"\A#![^\r\n]*", b"", content)


def without_map(content: bytes, moved_only: bool = False) -> bytes:
    """
    The script without the reference to its source map; with *moved_only*, a reference that holds anywhere stays.

    >>> without_map(b"a\\n//# sourceMappingURL=a.js.map\\n")
    b'a\\n'
    """
    if b"sourceMappingURL" not in content:
        return content
    found = _MAP_AT_END.search(content)
    if found is not None and content.count(b"sourceMappingURL") == 1:
        stays = moved_only and is_anywhere(found["url"].decode("ascii", "replace"))
        return content if stays else content[: found.start()] + found["rest"].lstrip(b"\r\n")
    try:
        text = content.decode()
        spans = [span for word in words(text) for span in _references(text, word.start, word.offset, moved_only)]
    except (Doubtful, UnicodeDecodeError):
        return content
    for start, stop in reversed(spans):
        text = text[:start] + text[stop:]
    return text.encode()


def _references(text: str, start: int, stop: int, moved_only: bool) -> list[tuple[int, int]]:
    """Where comments between two words refer to a source map."""
    found = []
    if stop - start > len("//# sourceMappingURL="):
        for token in blanks(text, start, stop):
            reference = _MAP.fullmatch(token.text)
            if reference and not (moved_only and is_anywhere(reference["url"])):
                found.append((token.offset, token.offset + len(token.text)))
    return found


def is_anywhere(url: str) -> bool:
    """
    Whether an address leads to the same from wherever it stands.

    >>> [is_anywhere(url) for url in ("a.map", "/a.map", "https://h/a.map", "data:,x")]
    [False, True, True, True]
    """
    return url.startswith("/") or re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", url) is not None
