"""Bundles in templates: their URLs, and the elements that load them. Everything is escaped here, and nothing is built."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from assetzcml.records.rules import bundle_name
from assetzcml.registry import Registry
from assetzcml.urls.applications import application_path, environ_of, path_of_url

__all__ = ["Markup", "bundle_tags", "bundle_urls", "element", "element_text", "mounted"]

KINDS = ("css", "js")
# What loads an asset of a kind: the element, its own attributes (None: the URL), and what ends it. A font is fetched
# without credentials, whatever its host is (W3C CSS Fonts 4, 4.9), so that its preload is as well.
ELEMENTS: dict[str, tuple[str, dict[str, str | None], str]] = {
    "css": ("link", {"rel": "stylesheet", "href": None}, ""),
    "js": ("script", {"src": None}, "</script>"),
    "image": ("img", {"src": None, "alt": ""}, ""),
    "font": ("link", {"rel": "preload", "as": "font", "href": None, "crossorigin": "anonymous"}, ""),
}


class Markup(str):
    """HTML that is ready: template engines that ask for `__html__` do not escape it again."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def bundle_urls(registry: Registry, name: str, request: Any = None) -> list[str]:
    """
    The URLs of the bundle *name*, or when debugging of its sources, as `static_path` gives them for *request*.

    Raises BundleError for a name that nobody has, and BuildError.
    """
    return [mounted(registry, url, request) for url in registry.above.bundles().plain_urls(bundle_name(name))]


def bundle_tags(
    registry: Registry, name: str, request: Any = None, /, *, kind: str | None = None, **attributes: Any
) -> Markup:
    """
    A `<link rel="stylesheet">` or `<script>` for each URL of the bundle *name*, one a line.

    *kind* is 'css' or 'js', by default what the name of the output says. Each element has the integrity of the bytes
    that are served, unless `integrity=False`. Other *attributes* are added, a trailing underscore taken off, and
    other underscores made hyphens; True is an attribute without value, None and False is none. One whose URL leads to
    another host, and that has an integrity, gets `crossorigin="anonymous"` where *attributes* say nothing (without it
    a browser refuses).
    Raises as `bundle_urls`, and ValueError where the kind is not known.
    """
    found, own_kind = registry.above.bundles().urls(bundle_name(name))
    kind = kind or own_kind
    if kind not in KINDS:
        raise ValueError(f"what loads the bundle {name!r} is not known by its name; give kind='css' or kind='js'")
    wanted = bool(attributes.pop("integrity", True))
    for url, integrity in found:
        noted(request, kind, name, url, integrity if wanted else None)
    return Markup(
        "\n".join(
            element(kind, mounted(registry, url, request), integrity if wanted is True else None, **attributes)
            for url, integrity in found
        )
    )


ELEMENTS_TOLD = "assetzcml.elements"  # in an environ: what was written into the page of a request


class Written(NamedTuple):
    """An element of a page that loads a style sheet or a script: of what, from where, with integrity, and is it a module?"""

    what: str
    url: str
    integrity: bool
    module: bool = False


def noted(request: Any, kind: str, what: str, url: str, integrity: str | None, module: bool = False) -> None:
    """Remember an element of the page that *request* is answered with, for who says what a browser may demand of them all."""
    environ = environ_of(request) if request is not None and kind in KINDS else None
    if isinstance(environ, dict):
        environ.setdefault(ELEMENTS_TOLD, []).append(Written(what, url, integrity is not None, module))


def element(kind: str, url: str, integrity: str | None = None, **attributes: Any) -> Markup:
    """
    The element that loads what is at *url*.

    >>> print(element("js", "/a.js?x&y", type="module", defer=True))
    <script src="/a.js?x&amp;y" type="module" defer></script>
    >>> print(element("css", "https://cdn.test/a.css", "sha384-x", media="print"))
    <link rel="stylesheet" href="https://cdn.test/a.css" integrity="sha384-x" crossorigin="anonymous" media="print">
    """
    name, own, end = ELEMENTS[kind]
    pairs: dict[str, Any] = {key: value if value is not None else url for key, value in own.items()}
    if integrity is not None:
        pairs["integrity"] = integrity
        if "//" in url.partition("?")[0]:
            pairs["crossorigin"] = "anonymous"
    return Markup(_opened(name, {**pairs, **_named(attributes)}) + end)


def element_text(name: str, attributes: Mapping[str, Any], text: str | None = None) -> str:
    """
    An element with *attributes*, and with *text*, which stands in it as it is.

    >>> element_text("script", {"type": "importmap", "nonce": None}, "{}"), element_text("link", {"rel": "x", "data_a": 1})
    ('<script type="importmap">{}</script>', '<link rel="x" data-a="1">')
    """
    return _opened(name, _named(attributes)) + ("" if text is None else f"{text}</{name}>")


def _named(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}


def _opened(name: str, pairs: Mapping[str, Any]) -> str:
    return f"<{name}{''.join(_attribute(key, value) for key, value in pairs.items())}>"


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if not name or any(character in name for character in " \t\n\f\r\"'>/=<&\0"):
        raise ValueError(f"{name!r} is not the name of an HTML attribute")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def mounted(registry: Registry, url: str, request: Any) -> str:
    """*url*, a path of the application, where that is mounted; others as they are."""
    if url[:1] != "/" or url[:2] == "//":
        return url
    if request is None:
        return path_of_url(registry.settings.get("application_url") or "") + url
    return application_path(request) + url
