"""
What a file refers to, and the same file with other references: by the grammar of its language. Pure: text in, text out.

Style sheets are rewritten. Scripts never are: what a module imports is found by the import map of the page, so that an
edit of one changes the URL of that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

from assetzcml.bundles.filters.cssrewrite import rewrite_urls, urls_of
from assetzcml.bundles.filters.csstokens import tokens
from assetzcml.urls.references import language_of, references

__all__ = ["Link", "led_to", "links", "relative", "rewritten"]

_SOURCE_MAP = re.compile(r"[#@][ \t]*sourceMappingURL=[ \t]*([^\s'\"*]+)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_STRIPPED = "".join(map(chr, range(0x21)))  # WHATWG URL: what browsers take off both ends


class Link(NamedTuple):
    """
    What is referred to: the *url* as it is meant, and its *line* and *column*, from 1.

    *kind* is 'file', 'module' for what a script imports, or 'map' for a source map, which only tools for developers ask for.
    """

    url: str
    line: int
    column: int
    kind: str = "file"


def links(name: str, text: str) -> Iterator[Link]:
    """
    The references of a file called *name*, but for those that lead to no file of ours: data, other hosts, fragments.

    >>> [each.url for each in links("a.css", "a { b: url(c.png) url(#d) url(data:,e) url(//f/g) url('/h?i') }")]
    ['c.png', '/h?i']
    """
    extension = name.rpartition(".")[2].lower()
    if extension == "css":
        found = [(url, offset, "file") for url, offset in urls_of(text)]
        found += _source_maps(text)
        for url, offset, kind in sorted(found, key=lambda each: each[1]):
            if _is_ours(url):
                yield Link(url, *_place(text, offset), kind)
    elif language_of(name) == "js":
        for each in references(name, text):
            yield Link(each.url, each.line, each.column, "module" if each.module else "file")


def rewritten(name: str, text: str, rule: Callable[[str], str | None]) -> str:
    """
    *text* with each reference replaced by what *rule* makes of its URL; None leaves it.

    >>> rewritten("a.css", "a{b:url(c.png)} /*# sourceMappingURL=a.css.map */", lambda url: f"x/{url}")
    'a{b:url(x/c.png)} /*# sourceMappingURL=x/a.css.map */'
    """
    if name.rpartition(".")[2].lower() != "css":
        return text
    text = rewrite_urls(text, lambda url: rule(url) if _is_ours(url) else None)
    for url, offset, _ in reversed(_source_maps(text)):
        new = rule(url) if _is_ours(url) else None
        if new:
            text = text[:offset] + new + text[offset + len(url) :]
    return text


def _source_maps(text: str) -> list[tuple[str, int, str]]:
    """The source map that a style sheet names in its last comment of that kind; an earlier one is of what was joined."""
    if "sourceMappingURL" not in text:
        return []
    at, found = 0, []
    for token in tokens(text):
        if token.kind == "comment":
            said = _SOURCE_MAP.search(token.text)
            if said is not None:
                found = [(said[1], at + said.start(1), "map")]
        at += len(token.text)
    return found


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _is_ours(url: str) -> bool:
    url = url.strip(_STRIPPED).replace("\\", "/")
    return bool(url) and not url.startswith(("#", "//")) and not _SCHEME.match(url)


def led_to(url: str, base: str) -> tuple[str, str] | None:
    """
    The path, decoded, that *url* leads to from the file *base*, and its query and fragment; None where it names no other.

    A path that begins with a slash is one of the host. What leads above the top is at the top, as browsers read it.

    >>> led_to("../i/a%20b.png?1#x", "static/css/a.css"), led_to("?1", "a.css"), led_to("/x", "a/b.css")
    (('static/i/a b.png', '?1#x'), None, ('x', ''))
    """
    url = url.strip(_STRIPPED).replace("\\", "/")
    at = re.search(r"[?#]", url)
    path, rest = (url[: at.start()], url[at.start() :]) if at else (url, "")
    if not path:
        return None
    segments = [] if path.startswith("/") else base.split("/")[:-1]
    for segment in path.split("/"):
        plain = unquote(segment)
        if plain == "..":
            del segments[-1:]
        elif plain != "." and (plain or segment):
            segments.append(plain)
    tail = "/" if path.endswith("/") and segments else ""
    return "/".join(segments) + tail, rest


def relative(target: str, base: str) -> str:
    """
    The shortest relative reference from the file *base* to the file *target*, paths of one host; quoted.

    >>> relative("static/~1/i/a b.png", "static/css/a.css"), relative("a:b", "c"), relative("d/e", "d/f")
    ('../~1/i/a%20b.png', './a:b', 'e')
    """
    to, start = target.split("/"), base.split("/")[:-1]
    common = 0
    while common < min(len(to) - 1, len(start)) and to[common] == start[common]:
        common += 1
    way = "../" * (len(start) - common) + "/".join(quote(part, safe="!$&'()*+,;=:@~") for part in to[common:])
    return f"./{way}" if ":" in way.partition("/")[0] or way.startswith("/") else way
