"""
Keeps the URLs of a style sheet right when its rules move to a file elsewhere.

What is a URL is decided by the grammar (csstokens), never by a pattern over the text: strings, comments and
URLs that need no change come out as they went in, byte by byte.
"""

from __future__ import annotations

import os
import posixpath
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from assetzcml.bundles.filters.base import FilterError, FilterWarning, TextFilter, file_of, option
from assetzcml.bundles.filters.csstokens import as_string, as_url, url_parts
from assetzcml.bundles.filters.cssurls import spots
from assetzcml.errors import Origin, Problem

__all__ = ["CSSRewrite", "is_relative", "moved_url", "rewrite_urls", "spelled", "urls_of"]

_TREE = re.compile(r"/~[0-9a-f]{12}/")  # the version of a whole root: references that are relative carry it
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


class CSSRewrite(TextFilter):
    """
    Makes relative URLs relative to the output. Runs on each source, also in debug mode 'merge'.

    *replace* is another rule: a mapping of directories (relative to the environment's) to URL prefixes, for URLs
    that lead into them; or a function of a URL, that returns another, or None to keep it.

    With *digest*, a file that a cache buster gives another name has that name in the sheet, and the sheet is made again
    when the file is another. A version of the whole tree, and one in the query, is none of the name.

    Raises FilterError where the output is on a host and the file that a URL leads to is on none.
    """

    name = "cssrewrite"
    max_debug_level = "merge"
    method = "input"
    uses_urls = True
    digest: bool
    options = MappingProxyType({"digest": option("digest", "CSSREWRITE_DIGEST", bool, True)})

    def __init__(
        self,
        replace: Mapping[str, str] | Callable[[str], str | None] | bool | None = None,
        digest: bool | str | None = None,
    ):
        super().__init__(digest=digest)
        self.replace = replace or None
        if self.replace is not None and not callable(self.replace) and not isinstance(self.replace, Mapping):
            raise FilterError(f"cssrewrite: replace is {replace!r}; a mapping or a function was expected")

    def unique(self) -> Any:
        return self.replace if not self._given else [self.replace, super().unique()]

    def setup(self) -> None:
        super().setup()
        prevented = self.ctx.get("prevent_cachebust", False) if self.ctx is not None else False
        self.digest = bool(self.digest) and not prevented

    def cache_options(self) -> dict[str, Any]:
        assert self.ctx is not None, "a filter works bound"
        busters = self.ctx.get("cache_busters", None) if self.digest else None
        return {**super().cache_options(), "cache_busters": busters, "host": self.ctx.get("application_url", None)}

    def get_additional_cache_keys(self, **kw: Any) -> list[Any]:
        return [self._source_url(kw), self._output_url(kw)]

    def transform_text(self, text: str, **kw: Any) -> str:
        rule = self._rule(kw)
        place = 0

        def new(url: str, start: int) -> str | None:
            nonlocal place
            place = start
            return rule(url)

        try:
            return _rewritten(text, new)
        except UnreachableHost as error:
            where = Origin(file_of(kw), text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place))
            hint = "publish the static view of the file under a name with that host too, or set application_url"
            raise FilterError(Problem(where, f"cssrewrite: {error}", hint)) from None

    def _rule(self, kw: Mapping[str, Any]) -> Callable[[str], str | None]:
        if callable(self.replace):
            return self.replace
        source = self._source_url(kw)
        if isinstance(self.replace, Mapping):
            prefixes = [(self._url_of(directory or "."), prefix) for directory, prefix in self.replace.items()]
            return lambda url: replaced_url(url, source or "/", prefixes)
        output = self._output_url(kw)
        if source is None or output is None:
            return lambda url: self._cannot(url, kw)
        return lambda url: self._moved(url, source, output, kw)

    def _moved(self, url: str, source: str, output: str, kw: Mapping[str, Any]) -> str:
        assert self.ctx is not None, "a filter works bound"
        host = _origin(output)[0]
        if host and not _origin(source)[0] and (is_relative(url) or re.match(r"/(?![/\\])", url)):
            base = self.ctx.get("application_url", None)
            if not base:
                raise UnreachableHost(f"{url!r} would lead to {host}, where the file is not published")
            target = self._versioned(url, source, kw) or moved_url(url, source, "/")
            return f"{str(base).rstrip('/')}/{target.lstrip('/')}"
        versioned = self._versioned(url, source, kw) if self.digest and is_relative(url) else None
        return moved_url(url, source, output) if versioned is None else _from(output, versioned)

    def _versioned(self, url: str, source: str, kw: Mapping[str, Any]) -> str | None:
        """The URL of what *url* leads to, with the name that a cache buster gives it; None when it has no other."""
        spec, url_of_asset = kw.get("source_spec"), getattr(self.ctx, "url_of_asset", None)
        path, rest = _split(url.strip(_STRIPPED))
        if spec is None or url_of_asset is None or not path or not is_relative(url):
            return None
        package, _, file = spec.partition(":")
        target = posixpath.normpath(posixpath.join("/", posixpath.dirname(file), unquote(path))).lstrip("/")
        found = url_of_asset(f"{package}:{target}")
        plain = _joined(_origin(source)[1], path.replace("\\", "/"))
        if found is None or _TREE.search(found) or unquote(_origin(found)[1]) == unquote(plain):
            return None
        depends = kw.get("depends")
        if depends is not None:
            depends.append(f"{package}:{target}")
            depends.extend(self.ctx.get("cache_buster_manifests", None) or ())  # type: ignore[union-attr]
        return _split(found)[0] + rest

    def _cannot(self, url: str, kw: Mapping[str, Any]) -> None:
        if is_relative(url):
            message = f"cssrewrite: {url!r} stays as it is: the file has no URL; add its directory to url_mapping"
            warnings.warn_explicit(f"{file_of(kw)}: {message}", FilterWarning, file_of(kw), 1)

    def _source_url(self, kw: Mapping[str, Any]) -> str | None:
        return kw.get("source_url") or _remote(kw.get("source")) or self._url_of(kw.get("source_path"))

    def _output_url(self, kw: Mapping[str, Any]) -> str | None:
        return kw.get("output_url") or _remote(kw.get("output")) or self._url_of(kw.get("output_path"))

    def _url_of(self, path: Any) -> str | None:
        """The URL of a file below a published directory, the deepest if several hold it; None for any other."""
        if not path:
            return None
        assert self.ctx is not None, "a filter works bound"
        root = os.path.abspath(self.ctx.directory)
        absolute = Path(os.path.abspath(os.path.join(root, path)))
        published = {**{os.path.abspath(d): url for d, url in self.ctx.url_mapping.items()}, root: self.ctx.url}
        for directory in [absolute, *absolute.parents]:
            url = published.get(str(directory))
            if url is not None:
                return "/".join([url.rstrip("/"), *map(quote, absolute.relative_to(directory).parts)])
        return None


def rewrite_urls(text: str, rule: Callable[[str], str | None]) -> str:
    """
    *text*, a style sheet, with each URL replaced by what *rule* makes of it. None, an empty one and the same keep it.

    >>> rewrite_urls("/* url(a) */ a { b: url(a) url('a') }", lambda url: "x/" + url)
    "/* url(a) */ a { b: url(x/a) url('x/a') }"
    """
    return _rewritten(text, lambda url, _: rule(url))


def urls_of(text: str) -> Iterator[tuple[str, int, int]]:
    """
    The URLs of *text*, a style sheet, escapes taken out, and the place of the token that each stands in.

    >>> list(urls_of("@import 'a'; b { c: url(d) }"))
    [('a', 8, 11), ('d', 20, 26)]
    """
    for spot in spots(text):
        if spot.kind != "comment" and (value := spot.value(text)):
            yield value, spot.start, spot.end


def _rewritten(text: str, rule: Callable[[str, int], str | None]) -> str:
    """*text* with each URL replaced by what *rule* makes of it and of its place."""
    pieces, at = [], 0
    for spot in spots(text):
        value = "" if spot.kind == "comment" else spot.value(text)
        new = rule(value, spot.start) if value else None
        if new and new != value:
            pieces += [text[at : spot.start], spelled(new, text[spot.start : spot.end])]
            at = spot.end
    return "".join([*pieces, text[at:]])


def spelled(url: str, token: str) -> str:
    """
    The token that means *url*, with the quotes and the blanks that *token* has, a string or a whole `url()`.

    >>> spelled("b c", "url( a )"), spelled("b c", "'a'")
    ('url( b\\\\ c )', "'b c'")
    """
    if token[0] in "\"'":
        return as_string(url, token[0])
    before, _, after = url_parts(token)
    return before + as_url(url) + after


class UnreachableHost(Exception):
    """A URL leads to a host that has no such file."""


def _from(output: str, url: str) -> str:
    """The reference from the style sheet *output* to the URL *url*, with its host where it is another."""
    origin, path = _origin(url)
    if origin != _origin(output)[0]:
        return url
    return _relative(path, _joined(_origin(output)[1], ".")) + _split(url)[1]


def _remote(name: Any) -> str | None:
    """*name* if it is a URL with a host."""
    return name if isinstance(name, str) and re.match(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//", name) else None


def is_relative(url: str) -> bool:
    """
    Whether what *url* leads to depends on where it stands: no scheme, no leading slash, not only a fragment.

    >>> [is_relative(url) for url in ("a.png", "../a.png", "?x", "/a.png", "//h/a.png", "data:,x", "#a")]
    [True, True, True, False, False, False, False]
    """
    url = url.strip(_STRIPPED)
    return bool(url) and url[0] not in "/\\#" and not _SCHEME.match(url)  # browsers read '\' as '/'


def moved_url(url: str, source: str, output: str) -> str:
    """
    The URL that leads from the style sheet *output* to where *url* leads from the style sheet *source*.

    One that is not relative stays as it is; so do all when both lie in one directory. Query and fragment are kept.
    On another host it becomes absolute.

    >>> moved_url("../img/a.png?1#b", source="/static/css/a.css", output="/static/gen/out.css")
    '../img/a.png?1#b'
    >>> moved_url("a.png", source="https://cdn.example.com/x/a.css", output="/static/out.css")
    'https://cdn.example.com/x/a.png'
    """
    if not is_relative(url) or _directory(source) == _directory(output):
        return url
    path, rest = _split(url.strip(_STRIPPED))
    origin, base = _origin(source)
    target = _joined(base, path.replace("\\", "/"))
    if origin != _origin(output)[0]:
        return origin + target + rest
    return _relative(target, _joined(_origin(output)[1], ".")) + rest


def replaced_url(url: str, source: str, prefixes: list[tuple[str | None, str]]) -> str | None:
    """*url* under its new prefix, if it leads into one of the directories: of those that hold it, the first."""
    path, rest = _split(url)
    if not path or _SCHEME.match(url) or url.startswith(("//", "\\")):
        return None
    origin, base = _origin(source)
    target = origin + _joined(base, path)
    for directory, prefix in prefixes:
        if directory is not None and target.startswith(directory.rstrip("/") + "/"):
            return f"{prefix.rstrip('/')}/{target[len(directory.rstrip('/')) + 1 :]}{rest}"
    return None


def _split(url: str) -> tuple[str, str]:
    """The path of a relative URL, and its query and fragment."""
    at = re.search(r"[?#]", url)
    return (url[: at.start()], url[at.start() :]) if at else (url, "")


def _origin(url: str) -> tuple[str, str]:
    """Scheme and host of an absolute URL ('' for a path), and its path."""
    parts = urlsplit(url)
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    return (f"{scheme}//{parts.netloc}" if parts.netloc else scheme), parts.path or "/"


def _directory(url: str) -> tuple[str, str]:
    origin, path = _origin(url)
    return origin, _joined(path, ".")


def _joined(base: str, path: str) -> str:
    """*path* from the file *base*, an absolute path, without dot segments (RFC 3986, 5.2.4); an empty one is *base*."""
    if path == "":
        return base
    if path.startswith("/"):
        segments = path.split("/")
    else:
        segments = [*base.split("/")[:-1], *path.split("/")]
    result: list[str] = []
    for at, segment in enumerate(segments):
        last = at == len(segments) - 1
        if segment.lower() in _PARENT:
            if len(result) > 1:
                result.pop()
        elif segment.lower() not in _SAME:
            result.append(segment)
            continue
        if last:
            result.append("")
    return "/".join(result) if result[:1] == [""] else "/" + "/".join(result)


_STRIPPED = "".join(map(chr, range(0x21)))  # WHATWG URL: leading and trailing C0 controls and spaces are removed
_SAME = frozenset({".", "%2e"})  # WHATWG URL: "single-dot" and "double-dot" URL path segments
_PARENT = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})


def _relative(target: str, directory: str) -> str:
    """The shortest relative reference from *directory*, which ends in a slash, to *target*; both absolute paths."""
    to, start = target.split("/"), directory.split("/")[:-1]
    common = 0
    while common < min(len(to) - 1, len(start)) and to[common] == start[common]:
        common += 1
    result = "../" * (len(start) - common) + "/".join(to[common:])
    # What begins with a slash, or holds a colon in its first segment, would be read as something else (RFC 3986, 4.2).
    return "./" + result if not result or result.startswith("/") or ":" in result.split("/")[0] else result
