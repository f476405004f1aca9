"""
Where the references of a file lead, and the same file with other references. Pure: text in, text out.

What is a reference is decided by the grammar of each language, in `assetzcml.urls.references`. Style sheets, SVG, HTML and web
manifests are rewritten. Scripts never are: what a module imports is found by the import map of the page, so that an edit of one
changes the URL of that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, unquote

from assetzcml.records.quoting import SEGMENT_SAFE
from assetzcml.urls import references
from assetzcml.urls.references import URLReference, everything, language_of

__all__ = ["is_rewritten", "led_to", "links_to_ours", "relative", "rewritten_links"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_STRIPPED = "".join(map(chr, range(0x21)))  # WHATWG URL: what browsers take off both ends


def is_rewritten(name: str) -> bool:
    """Are references replaced in what has this name?"""
    return language_of(name) not in (None, "js")


def links_to_ours(name: str, text: str, bare: list[URLReference] | None = None) -> Iterator[URLReference]:
    """
    The references of a file called *name*, but for those that lead to no file of ours: data, other hosts, fragments, bare
    names, which are added to *bare*.

    >>> [each.url for each in links_to_ours("a.css", "a { b: url(c.png) url(#d) url(data:,e) url(//f/g) url('/h?i') }")]
    ['c.png', '/h?i']
    """
    for each in everything(name, text) if _may_refer(name, text) else ():
        if each.module and not each.url.startswith(("/", "./", "../")):
            if bare is not None:
                bare.append(each)
        elif each.kind != "page" and _is_ours(each.url):
            yield each


# What every reference of a language has in it, whatever else. A look for these words costs a thousandth of what the grammar
# does, and most scripts have none.
_WORDS = {
    "js": ("import", "export", "URL", "Worker"),
}


def _may_refer(name: str, text: str) -> bool:
    """May there be a reference in a file, by the words in it?"""
    words = _WORDS.get(language_of(name) or "")
    return words is None or any(word in text for word in words)


def rewritten_links(
    name: str, text: str, rule: Callable[[str], str | None], found: Sequence[URLReference] | None = None
) -> str:
    """
    *text* with each reference replaced by what *rule* makes of its URL; None leaves it. *found* are the `links` of that text,
    where they are known: then it is not read again.

    >>> rewritten_links("a.css", "a{b:url(c.png)} /*# sourceMappingURL=a.css.map */", lambda url: f"x/{url}")
    'a{b:url(x/c.png)} /*# sourceMappingURL=x/a.css.map */'
    """
    if not is_rewritten(name):
        return text
    again = None if found is None else references.respelled(name, text, found, lambda url, kind: rule(url))
    if again is not None:
        return again
    return references.rewritten(name, text, lambda url, kind: rule(url) if kind != "page" and _is_ours(url) else None)


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
    way = "../" * (len(start) - common) + "/".join(quote(part, safe=SEGMENT_SAFE) for part in to[common:])
    return f"./{way}" if ":" in way.partition("/")[0] or way.startswith("/") else way
