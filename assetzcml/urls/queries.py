"""The options of a URL, and quoting: queries, fragments and paths as Pyramid writes them. Pure functions of texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from assetzcml.records.quoting import PATH_SAFE, QUERY_SAFE
from assetzcml.records.rules import url_option

__all__ = [
    "URL_OPTIONS",
    "URLOptions",
    "copied_query",
    "query_and_fragment",
    "quoted_base_url",
    "urlencode",
    "with_parameter",
]

# The options of a URL by their names in a call, in the order of URLOptions.
URL_OPTIONS = ("_query", "_anchor", "_scheme", "_host", "_port", "_app_url")


class URLOptions(NamedTuple):
    """The options of `static_url` and its like, Pyramid's, whose names have an underscore before them in a call."""

    query: Any = None
    anchor: Any = None
    scheme: str | None = None
    host: str | None = None
    port: str | int | None = None
    app_url: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> URLOptions:
        """
        Those that *options* have, by their names in a call.

        Raises TypeError for another name, as a call does.

        >>> URLOptions.of({"_anchor": "top"}).anchor
        'top'
        """
        for name, value in options.items():
            if name not in URL_OPTIONS:
                raise TypeError(f"a URL has no option {name!r}; {', '.join(URL_OPTIONS)} are known")
            if value is not None:
                url_option(name, value)
        return cls(*map(options.get, URL_OPTIONS))

    @property
    def bare(self) -> bool:
        """Does nothing follow the path?"""
        return not self.query and not self.anchor

    def for_buster(self, **more: str) -> dict[str, Any]:
        """Those that are given, as a cache buster gets them (Pyramid's kw): the query is a copy."""
        given = self._replace(query=copied_query(self.query) if self.query else None, anchor=self.anchor or None)
        options = {name: value for name, value in zip(URL_OPTIONS, given, strict=True) if value is not None}
        return {**options, **more}

    def after_buster(self, kw: Mapping[str, Any]) -> URLOptions:
        """What a cache buster has made of them."""
        return URLOptions(*map(kw.get, URL_OPTIONS))

    @property
    def following(self) -> str:
        """What follows the path: see `query_and_fragment`."""
        return query_and_fragment(self.query, self.anchor)


def urlencode(query: Any) -> str:
    """
    A form-encoded query of a mapping or pairs, by Pyramid's rules: several values repeat the key, None is 'key='.

    >>> urlencode([("a", 1), ("b", ["x y", "z"]), ("c", None)])
    'a=1&b=x+y&b=z&c='
    """
    encoded = []
    for key, value in query.items() if hasattr(query, "items") else query:
        for each in value if _several(value) else (value,):
            encoded.append(f"{_plus(key)}={'' if each is None and not _several(value) else _plus(each)}")
    return "&".join(encoded)


def _several(value: Any) -> bool:
    return not isinstance(value, (str, bytes)) and hasattr(value, "__iter__")


def _plus(value: Any) -> str:
    return quote_plus(value if isinstance(value, (str, bytes)) else str(value))


def copied_query(query: Any) -> Any:
    """*query* as something a cache buster may change: a text, a dict or a tuple of pairs."""
    if isinstance(query, (str, bytes)):
        return query
    if isinstance(query, dict):
        return {key: list(value) if _several(value) else value for key, value in dict(query).items()}
    return tuple(query.items() if hasattr(query, "items") else query)


def with_parameter(query: Any, name: str, value: Any) -> Any:
    """
    *query* with one parameter more, as something new. In a dict it takes the place of an older value.

    >>> with_parameter({"a": "1"}, "x", "v2"), with_parameter("a=1", "x", "v2"), with_parameter(None, "x", "v2")
    ({'a': '1', 'x': 'v2'}, 'a=1&x=v2', {'x': 'v2'})
    """
    if not query and not isinstance(query, (list, tuple)):
        return {name: value}
    if isinstance(query, (str, bytes)):
        text = query if isinstance(query, str) else query.decode("utf-8")
        return f"{text}&{urlencode([(name, value)])}"
    query = copied_query(query)
    return {**query, name: value} if isinstance(query, dict) else (*query, (name, value))


def query_and_fragment(query: Any, anchor: Any) -> str:
    """What follows the path: '?' and the query, '#' and the anchor, where there are any. A text is only quoted."""
    result = ""
    if query:
        result = "?" + (quote(query, QUERY_SAFE) if isinstance(query, (str, bytes)) else urlencode(query))
    if anchor:
        result += "#" + quote(anchor if isinstance(anchor, (str, bytes)) else str(anchor), QUERY_SAFE)
    return result


def quoted_base_url(name: str) -> str:
    """
    An external base URL, as a static view is named, with its path quoted and its host in ASCII.

    >>> quoted_base_url("https://cdn.example.com/my shop")
    'https://cdn.example.com/my%20shop'
    """
    start, _, rest = name.partition("//")
    authority, slash, path = rest.partition("/")
    if not authority.isascii():
        host, colon, port = authority.partition(":")
        try:
            authority = host.encode("idna").decode("ascii") + colon + port
        except UnicodeError:
            authority = quote(authority, ":")  # RFC 3986, 3.2.2: a registered name may be percent-encoded UTF-8
    return f"{start}//{authority}{slash}{quote(path, PATH_SAFE)}"
