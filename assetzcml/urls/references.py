"""What an asset refers to, by the grammar of its language: style sheets and JavaScript. Pure: text in, references out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from assetzcml.bundles.filters.cssrewrite import is_relative, urls_of
from assetzcml.bundles.filters.jstokens import Doubtful, words

__all__ = ["Reference", "path_of", "references"]


class Reference(NamedTuple):
    """What is referred to, as it is written but for escapes, and where: line and column, counted from 1. *module*: a script."""

    url: str
    line: int
    column: int
    module: bool = False


def references(name: str, text: str) -> Iterator[Reference]:
    """
    The relative references of an asset called *name*; none of what is no style sheet and no script.

    >>> [each.url for each in references("a.css", "/* url(x) */ @import 'b.css'; a { b: url(c.png) url(data:,x) url(/d) }")]
    ['b.css', 'c.png']
    >>> list(references("a.js", "import {b} from './b.js'; import('./c.js'); from = 'd'; import x from 'bare'"))
    [Reference(url='./b.js', line=1, column=17, module=True), Reference(url='./c.js', line=1, column=34, module=True)]
    """
    extension = name.rpartition(".")[2].lower()
    if extension == "css":
        found, module = urls_of(text), False
    elif extension in ("js", "mjs"):
        found, module = _modules(text), True
    else:
        return
    for url, offset in found:
        if is_relative(url) and (not module or url.startswith(("./", "../"))):
            before = text[:offset]
            line = before.count("\n") + 1
            yield Reference(url, line, offset - (before.rfind("\n") + 1) + 1, module)


def _modules(text: str) -> Iterator[tuple[str, int]]:
    """
    What a module imports and exports again, where that is a literal. A text that may mean something else has none.

    A string directly behind the word `from`, or `import`, is that in a statement of these only.
    """
    last = before = ""
    found = []
    try:
        for word in words(text):
            called = last == "(" and before == "import"
            if word.kind == "string" and (called or last in ("from", "import")) and "\\" not in word.text:
                found.append((word.text[1:-1], word.offset))
            last, before = word.text if word.kind in ("name", "punctuator") else "", last
    except Doubtful:
        return
    yield from found


def path_of(url: str) -> tuple[str, ...] | None:
    """
    The segments that a relative reference leads by, '..' among them; None for one that names no other file.

    >>> path_of("../img/a%20b.png?1#x"), path_of("?1")
    (('..', 'img', 'a b.png'), None)
    """
    path = unquote(urlsplit(url.replace("\\", "/")).path)
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    return parts or None
