"""
What an asset refers to, by the grammar of its language: style sheets, scripts, HTML, SVG and web manifests; and the same text
with other references. Pure: text in, references out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from assetzcml.bundles.filters.cssrewrite import is_relative, spelled, urls_of
from assetzcml.bundles.filters.cssurls import spots
from assetzcml.urls import markup, scripts, web_manifests

__all__ = ["LANGUAGES", "URLReference", "everything", "language_of", "path_of", "references", "respelled", "rewritten"]

Span = tuple[str, str, int, int]  # URL, kind, and where it stands
Rule = Callable[[str, str], str | None]

LANGUAGES = {
    "css": "css",
    "js": "js",
    "mjs": "js",
    "html": "html",
    "htm": "html",
    "xhtml": "svg",
    "svg": "svg",
    "webmanifest": "webmanifest",
}
MODULES = ("import", "dynamic", "resolve")


class URLReference(NamedTuple):
    """
    What is referred to, as it is meant: escapes are taken out. *line* and *column*, from 1, and *start* and *end*, offsets, are
    of what stands for it in the text: a string with its quotes, a whole `url()`, the value of an attribute.

    *kind* is 'import' or 'dynamic' for what a script imports, 'resolve' for `import.meta.resolve`, 'url' for
    `new URL(..., import.meta.url)`, 'worker' for one that is a worker, 'map' for a source map, 'page' for what a link of a
    page leads to, 'module' for a script of a page that is one, and 'file' for every other.
    """

    url: str
    line: int
    column: int
    kind: str = "file"
    start: int = 0
    end: int = 0

    @property
    def module(self) -> bool:
        """Is it looked up among modules, and by the import map of a page?"""
        return self.kind in MODULES


def language_of(name: str) -> str | None:
    """
    In which language a file called *name* is; None for one that refers to nothing.

    >>> language_of("a.MJS"), language_of("a.png")
    ('js', None)
    """
    return LANGUAGES.get(name.rpartition(".")[2].lower())


def references(name: str, text: str) -> Iterator[URLReference]:
    """
    The relative references of an asset called *name*: what they lead to depends on where it stands.

    >>> [each.url for each in references("a.css", "/* url(x) */ @import 'b.css'; a { b: url(c.png) url(data:,x) url(/d) }")]
    ['b.css', 'c.png']
    >>> [(each.url, each.kind) for each in references("a.js", "import {b} from './b.js'; import('./c.js'); from = 'd'")]
    [('./b.js', 'import'), ('./c.js', 'dynamic')]
    """
    for each in everything(name, text):
        if is_relative(each.url) and (not each.module or each.url.startswith(("./", "../"))):
            yield each


def everything(name: str, text: str) -> Iterator[URLReference]:
    """All of them, in order: those to other hosts too, and bare names."""
    found = _READERS.get(language_of(name) or "")
    line, line_begins, at = 1, 0, 0
    for url, kind, start, end in found(text) if found is not None else ():
        line += text.count("\n", at, start)
        at = start
        line_begins = text.rfind("\n", 0, start) + 1
        yield URLReference(url, line, start - line_begins + 1, kind, start, end)


def rewritten(name: str, text: str, rule: Rule) -> str:
    """
    *text* with each reference replaced by what *rule* makes of its URL and kind; None keeps it. Scripts stay as they are but
    for their source map: what they import has the same names for all who import it.

    >>> rewritten("a.html", "<img src='b.png' alt=x>", lambda url, kind: f"/static/{url}?a&b")
    "<img src='/static/b.png?a&amp;b' alt=x>"
    >>> rewritten("a.css", "a{b:url(c.png)} /*# sourceMappingURL=a.css.map */", lambda url, kind: f"x/{url}")
    'a{b:url(x/c.png)} /*# sourceMappingURL=x/a.css.map */'
    """
    language = language_of(name)
    if language == "css":
        return _spliced(text, _of_style_sheet(text), rule, _spelled)
    if language == "js":
        return _spliced(text, [each for each in scripts.imports(text) if each[1] == "map"], rule, _as_it_is)
    if language == "webmanifest":
        return _spliced(text, web_manifests.links(text), rule, _in_json)
    if language in ("html", "svg"):
        return markup.rewritten(text, language == "html", rule)
    return text


def respelled(name: str, text: str, found: Iterable[URLReference], rule: Rule) -> str | None:
    """
    What `rewritten` makes of *text* when no references are replaced but those *found* in it, in order; None for a language
    that is to be read for that.

    >>> text = "a{b:url(c.png)}"
    >>> respelled("a.css", text, everything("a.css", text), lambda url, kind: f"x/{url}")
    'a{b:url(x/c.png)}'
    """
    write = {"css": _spelled, "webmanifest": _in_json}.get(language_of(name) or "")
    spans = ((each.url, each.kind, each.start, each.end) for each in found)
    return None if write is None else _spliced(text, spans, rule, write)


def _spliced(text: str, found: Iterable[Span], rule: Rule, write: Callable[[str, str, str], str]) -> str:
    """*text* with new URLs, each written by *write* as its kind, and the token in its place, want it."""
    pieces, at = [], 0
    for url, kind, start, end in found:
        new = rule(url, kind)
        if new is not None and new != url:
            pieces += [text[at:start], write(new, kind, text[start:end])]
            at = end
    return "".join([*pieces, text[at:]])


def _as_it_is(url: str, kind: str, token: str) -> str:
    return url


def _in_json(url: str, kind: str, token: str) -> str:
    return json.dumps(url, ensure_ascii=False)


def _spelled(url: str, kind: str, token: str) -> str:
    return url if kind == "map" else spelled(url, token)


def _of_style_sheet(text: str) -> Iterator[Span]:
    """The URLs of a style sheet, and its source map: that of its last comment, an earlier one is of what was joined."""
    source_map = _source_map(text) if "sourceMappingURL" in text else None
    for url, start, end in urls_of(text):
        if source_map is not None and source_map[2] < start:
            yield source_map
            source_map = None
        yield url, "file", start, end
    if source_map is not None:
        yield source_map


def _source_map(text: str) -> Span | None:
    found = None
    for spot in spots(text):
        said = scripts.SOURCE_MAP.search(text, spot.start, spot.end) if spot.kind == "comment" else None
        if said is not None:
            found = said[1], "map", said.start(1), said.end(1)
    return found


_READERS: dict[str, Callable[[str], Iterator[Span]]] = {
    "css": _of_style_sheet,
    "js": scripts.imports,
    "html": lambda text: markup.links(text, html=True),
    "svg": lambda text: markup.links(text, html=False),
    "webmanifest": web_manifests.links,
}


def path_of(url: str) -> tuple[str, ...] | None:
    """
    The segments that a relative reference leads by, '..' among them; None for one that names no other file.

    >>> path_of("../img/a%20b.png?1#x"), path_of("?1")
    (('..', 'img', 'a b.png'), None)
    """
    path = unquote(urlsplit(url.replace("\\", "/")).path)
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    return parts or None
