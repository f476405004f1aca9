"""What HTML and SVG refer to, and the same with other references: by tags and attributes (HTML, 13.2.5; XML 1.0). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from typing import NamedTuple

from assetzcml.bundles.filters.cssrewrite import rewrite_urls, urls_of
from assetzcml.urls import scripts

__all__ = ["links", "rewritten"]

Span = tuple[str, str, int, int]

# Attributes whose value is a URL, by element; 'page' for where people go. Attributes of any element are under ''.
URLS: dict[str, dict[str, str]] = {
    "a": {"href": "page", "xlink:href": "page"},
    "area": {"href": "page"},
    "audio": {"src": "file"},
    "embed": {"src": "file"},
    "feimage": {"href": "file", "xlink:href": "file"},
    "form": {"action": "page"},
    "iframe": {"src": "page"},
    "image": {"href": "file", "xlink:href": "file"},
    "img": {"src": "file", "srcset": "srcset"},
    "input": {"src": "file"},
    "link": {"href": "file", "imagesrcset": "srcset"},
    "object": {"data": "file"},
    "script": {"src": "file", "href": "file", "xlink:href": "file"},
    "source": {"src": "file", "srcset": "srcset"},
    "track": {"src": "file"},
    "use": {"href": "file", "xlink:href": "file"},
    "video": {"src": "file", "poster": "file"},
}
ANYWHERE = {"style": "css"}
# Attributes of SVG whose values are those of style sheets (SVG 2, 6.6).
PRESENTATION = frozenset(
    ["clip-path", "cursor", "fill", "filter", "marker-end", "marker-mid", "marker-start", "mask", "stroke"]
)
PAGES = frozenset(
    ["alternate", "author", "canonical", "help", "license", "me", "next", "prev", "search"]
)  # rel of <link>
RAW = frozenset(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"])

_NEXT = re.compile(
    r"""
    < (?: !--.*?(?:-->|\Z) | !\[CDATA\[.*?(?:\]\]>|\Z) | (?P<pi>[?]) | [!/][^>]*>? | (?P<tag>[A-Za-z][^\s/>]*) )
    """,
    re.DOTALL | re.VERBOSE,
)
_CLOSED = re.compile(r"\s*/")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?P<name>[^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s>"']+[^\s>]*)))?"""
)
_CANDIDATE = re.compile(r"[\s,]*([^\s,](?:\S*[^\s,])?)[^,(]*(?:\([^)]*\)[^,(]*)*,?")


class TagAttribute(NamedTuple):
    """An attribute of a tag: its value as it is meant, and where that stands, without its quotes. *quote* may be ''."""

    name: str
    value: str
    start: int
    end: int
    quote: str


class StartTag(NamedTuple):
    """A tag that begins an element, its attributes, and the text in it, from *inside* on, where that is of another language."""

    name: str
    attributes: dict[str, TagAttribute]
    inside: int
    raw: str


def links(text: str, html: bool) -> Iterator[Span]:
    """
    The URLs in a document: (URL, kind, start, end), by places. One with `<base href>` has none: where that leads is not here.

    >>> list(links('<img srcset="a.png 1x, b.png 2x"><a href=c>', html=True))
    [('a.png', 'file', 13, 31), ('b.png', 'file', 13, 31), ('c', 'page', 41, 42)]
    """
    tags = list(_tags(text, html))
    if any(tag.name == "base" and "href" in tag.attributes for tag in tags):
        return
    for tag in tags:
        for attribute, kind in _speaking(tag):
            for url in _urls(attribute.value, kind):
                yield url, _kind(kind), attribute.start, attribute.end
        if tag.name == "style":
            for url, start, end in urls_of(tag.raw):
                yield url, "file", tag.inside + start, tag.inside + end
        elif tag.name == "script" and _is_script(tag):
            for url, kind, start, end in scripts.imports(tag.raw):
                yield url, kind, tag.inside + start, tag.inside + end


def rewritten(text: str, html: bool, rule: Callable[[str, str], str | None]) -> str:
    """*text* with each URL replaced by what *rule* makes of it and its kind; None keeps it. Scripts in it stay as they are."""
    tags = list(_tags(text, html))
    if any(tag.name == "base" and "href" in tag.attributes for tag in tags):
        return text
    for tag in reversed(tags):
        if tag.name == "style":
            new = rewrite_urls(tag.raw, lambda url: rule(url, "file"))
            text = text[: tag.inside] + new + text[tag.inside + len(tag.raw) :]
        for attribute, kind in reversed(list(_speaking(tag))):
            value = _with(attribute.value, kind, rule)
            if value != attribute.value:
                written = escape(value, quote=False)
                quote = attribute.quote or ("" if re.fullmatch(r"[^\s\"'=<>`]+", written) else '"')
                written = written.replace(quote or '"', "&quot;" if quote != "'" else "&#39;")
                around = "" if attribute.quote else quote
                text = f"{text[: attribute.start]}{around}{written}{around}{text[attribute.end :]}"
    return text


def _speaking(tag: StartTag) -> Iterator[tuple[TagAttribute, str]]:
    """The attributes with URLs in them, and of which kind."""
    kinds = {**URLS.get(tag.name, {}), **ANYWHERE}
    rel = tag.attributes["rel"].value.lower().split() if "rel" in tag.attributes else []
    for name, attribute in tag.attributes.items():
        kind = kinds.get(name) or ("css" if name in PRESENTATION and "url(" in attribute.value.lower() else "")
        if tag.name == "link" and kind == "file":
            kind = "" if not rel or "preconnect" in rel or "dns-prefetch" in rel else "page" if PAGES & {*rel} else kind
            kind = "module" if kind == "file" and "modulepreload" in rel else kind
        if tag.name == "script" and kind == "file" and _type_of(tag) == "module":
            kind = "module"
        if kind:
            yield attribute, kind


def _type_of(tag: StartTag) -> str:
    return tag.attributes["type"].value.strip().lower() if "type" in tag.attributes else ""


def _is_script(tag: StartTag) -> bool:
    """Is what is in the element JavaScript?"""
    said = _type_of(tag)
    return not said or said == "module" or said.endswith(("javascript", "ecmascript"))


def _kind(kind: str) -> str:
    return "file" if kind in ("css", "srcset") else kind


def _urls(value: str, kind: str) -> Iterator[str]:
    if kind == "css":
        yield from (url for url, _, _ in urls_of(value))
    elif kind == "srcset":
        yield from (found[1] for found in _candidates(value))
    elif value.strip():
        yield value.strip()


def _candidates(value: str) -> Iterator[re.Match[str]]:
    """The images that a srcset names (HTML, 4.8.4.2.2)."""
    at = 0
    while (found := _CANDIDATE.match(value, at)) is not None:
        yield found
        at = found.end()


def _with(value: str, kind: str, rule: Callable[[str, str], str | None]) -> str:
    def new(url: str) -> str:
        made = rule(url, _kind(kind))
        return url if made is None else made

    if kind == "css":
        return rewrite_urls(value, new)
    if kind == "srcset":
        for found in reversed(list(_candidates(value))):
            value = value[: found.start(1)] + new(found[1]) + value[found.end(1) :]
        return value
    return new(value.strip()) if value.strip() else value


def _tags(text: str, html: bool) -> Iterator[StartTag]:
    at = 0
    while (found := _NEXT.search(text, at)) is not None:
        at = found.end()
        if found["pi"] is not None:
            end = text.find("?>", at)
            end = len(text) if end < 0 else end
            if text.startswith("xml-stylesheet", at):
                yield StartTag("link", {"rel": _SHEET, **_attributes(text, at + len("xml-stylesheet"), end)}, end, "")
            at = end
        elif found["tag"] is not None:
            name = found["tag"].lower() if html else found["tag"].rpartition(":")[2].lower()
            attributes = _attributes(text, at, len(text))
            at = max([at, *(each.end + len(each.quote) for each in attributes.values())])
            closed = not html and _CLOSED.match(text, at) is not None
            end_of_tag = text.find(">", at)
            at = len(text) if end_of_tag < 0 else end_of_tag + 1
            raw = ""
            if (name in RAW if html else name in ("script", "style")) and not closed:
                raw = _raw(text, at, name)
            inside, content = (at, raw) if html else _without_cdata(raw, at)
            yield StartTag(name, attributes, inside, content)
            at += len(raw)


_SHEET = TagAttribute("rel", "stylesheet", 0, 0, "")


def _raw(text: str, at: int, name: str) -> str:
    """The text in an element that has no tags in it, up to the one that ends it."""
    end = re.compile(rf"</{re.escape(name)}[\s/>]", re.IGNORECASE).search(text, at)
    return text[at : end.start() if end is not None else len(text)]


def _without_cdata(raw: str, at: int) -> tuple[int, str]:
    found = re.match(r"\s*<!\[CDATA\[(.*?)\]\]>", raw, re.DOTALL)
    return (at + found.start(1), found[1]) if found is not None else (at, raw)


def _attributes(text: str, at: int, end: int) -> dict[str, TagAttribute]:
    found: dict[str, TagAttribute] = {}
    while (match := _ATTRIBUTE.match(text, at, end)) is not None:
        at = match.end()
        group = next((each for each in ("double", "single", "bare") if match[each] is not None), None)
        if group is not None:
            quote = {"double": '"', "single": "'", "bare": ""}[group]
            attribute = TagAttribute(match["name"].lower(), unescape(match[group]), *match.span(group), quote)
            found.setdefault(attribute.name, attribute)  # of two of one name the first counts
    return found
