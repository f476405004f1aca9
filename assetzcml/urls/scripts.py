"""What a script refers to, by the tokens of JavaScript. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assetzcml.bundles.filters.jstokens import Doubtful, Word, blanks, words

__all__ = ["SOURCE_MAP", "imports"]

SOURCE_MAP = re.compile(r"[#@][ \t]*sourceMappingURL=[ \t]*([^\s'\"*]+)")
WORKERS = ("Worker", "SharedWorker")
META = [",", "import", ".", "meta", ".", "url"]
AWAITED = ("url", "worker", "dynamic", "resolve")  # what follows has to be the end of the argument
LONGEST = 12  # words before a string that say what it is: new Worker(new URL(


def imports(text: str) -> Iterator[tuple[str, str, int, int]]:
    """
    What a script imports, exports again, and asks for by `new URL(..., import.meta.url)`, where that is a literal: each as
    (URL, kind, start, end), and then its source map. A text that may mean something else has none.

    >>> [each[:2] for each in imports("import 'a'; new Worker(new URL('./w.js', import.meta.url)); //# sourceMappingURL=m.map")]
    [('a', 'import'), ('./w.js', 'worker'), ('m.map', 'map')]
    """
    try:
        found = list(_found(text))
    except Doubtful:
        return
    yield from found


def _found(text: str) -> Iterator[tuple[str, str, int, int]]:
    said: list[Word] = []
    waiting: Word | None = None  # the first argument of a call, until it is known whether that is all of it
    kind = ""
    for word in words(text):
        if waiting is not None:
            after = [each.text for each in said[said.index(waiting) + 1 :]] + [word.text]
            expected = META if kind in ("url", "worker") else after[:1] if after[0] in (",", ")") else []
            if after != expected[: len(after)]:
                waiting = None
            elif len(after) == len(expected):
                yield waiting.text[1:-1], kind, waiting.offset, waiting.offset + len(waiting.text)
                waiting = None
        if word.kind == "string" and "\\" not in word.text:
            before = [each.text for each in said if each.kind in ("name", "punctuator")][-LONGEST:]
            kind = _kind(before) if not said or said[-1].kind != "string" else ""
            if kind in AWAITED:
                waiting = word
            elif kind:
                yield word.text[1:-1], kind, word.offset, word.offset + len(word.text)
        if word.kind == "end":
            yield from _source_map(text, word)
        said = [*said[-LONGEST:], word]


def _kind(before: list[str]) -> str:
    """What a string is to which *before* leads."""
    if before[-1:] in (["from"], ["import"]):
        return "" if before[-2:-1] == ["."] else "import"
    if before[-2:] == ["import", "("]:
        return "" if before[-3:-2] == ["."] else "dynamic"
    if before[-5:] == ["import", ".", "meta", ".", "resolve"] or before[-6:] == [
        "import",
        ".",
        "meta",
        ".",
        "resolve",
        "(",
    ]:
        return "resolve"
    if before[-3:] == ["new", "URL", "("]:
        return "worker" if before[-4:-3] == ["("] and before[-5:-4] and before[-5] in WORKERS else "url"
    return ""


def _source_map(text: str, end: Word) -> Iterator[tuple[str, str, int, int]]:
    """The source map that the last comment of that kind names, behind all that is executed."""
    found = None
    for token in blanks(text, end.start, end.offset):
        said = SOURCE_MAP.search(token.text) if token.kind == "comment" else None
        if said is not None:
            found = said[1], "map", token.offset + said.start(1), token.offset + said.end(1)
    if found is not None:
        yield found
