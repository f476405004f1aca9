"""Addresses of assets and the records that directives make. Values only: nothing here looks at a disk or at ZCML."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from assetzcml.errors import InvalidSpec, Origin, shorten
from assetzcml.interfaces import IBusting, IOverride, IPermissionPolicy, IStaticView

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ONE_HOUR",
    "RESERVED_HEADERS",
    "YOUNGEST",
    "AssetSpec",
    "Busting",
    "Override",
    "PermissionPolicy",
    "StaticViewRecord",
    "asset_spec",
    "content_codings",
    "file_name",
    "header_field",
    "index_name",
    "max_age",
    "publication_name",
]

ONE_HOUR = 3600  # seconds; what Pyramid's static views send
MAX_AGE_LIMIT = 2147483647  # seconds; what every cache can hold (RFC 9111, 1.2.2: 2**31 and above mean "for ever")

# Names, in lower case, that the `header` subdirective refuses: a fixed value of any would be a lie (RFC 9110).
RESERVED_HEADERS = frozenset(
    (
        # what is found out about each answer
        *(
            "accept-ranges",
            "age",
            "content-encoding",
            "content-length",
            "content-range",
            "date",
            "etag",
            "last-modified",
        ),
        "server",
        # what only some answers have, and then with a value of their own
        *("allow", "location", "retry-after", "status", "www-authenticate"),
        # what belongs to the connection (RFC 9110, 7.6.1), which PEP 3333 leaves to the server
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    )
)

# Content codings (RFC 9110, 8.4.1; RFC 8878; RFC 7932) and what their files' names end with.
CODINGS: Mapping[str, str] = MappingProxyType({"zstd": ".zst", "br": ".br", "gzip": ".gz"})

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(r"([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?")
_PACKAGE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_RELATIVE_PACKAGE = re.compile(r"\.+([^\W\d]\w*(\.[^\W\d]\w*)*)?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):?//")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.\-~]+)(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, order=True)
class AssetSpec:
    """
    The address of an asset: a package and the segments of a path in it, or an absolute path (package '').

    Compared as written: `shop:admin/x` and `shop.admin:x` are two addresses.

    >>> print(asset_spec("shop:static//./app.css"))
    shop:static/app.css
    """

    package: str
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        path = "/".join(self.parts)
        return f"{self.package}:{path}" if self.package else f"/{path}"

    @property
    def absolute_path(self) -> bool:
        """Is it a path of the file system, which belongs to no package?"""
        return not self.package

    @property
    def name(self) -> str:
        """The last segment; '' for a whole package."""
        return self.parts[-1] if self.parts else ""

    def under(self, root: AssetSpec) -> bool:
        """Is it *root* or something below it, by segments: 'shop:static2/x' is not under 'shop:static'."""
        return self.package == root.package and self.parts[: len(root.parts)] == root.parts

    def below(self, root: AssetSpec) -> tuple[str, ...]:
        """The segments that lead from *root*, which it is under, to here."""
        return self.parts[len(root.parts) :]

    def joined(self, parts: Iterable[str]) -> AssetSpec:
        """The asset that *parts* lead to from here."""
        return AssetSpec(self.package, self.parts + tuple(parts))

    def moved(self, target: AssetSpec, source: AssetSpec) -> AssetSpec:
        """The same place below *source* as this has below *target*."""
        return AssetSpec(source.package, source.parts + self.parts[len(target.parts) :])


def asset_spec(
    text: str | os.PathLike[str] | AssetSpec, package: str = "", directory: str = "", *, whole: bool = False
) -> AssetSpec:
    """
    Read a spec, normalised: `a//b` and `./a` collapse. A path object is the text it stands for.

    *package* is what relative forms are relative to; where it is empty, *directory*, an absolute path, is.
    With neither, a relative spec is refused. With *whole*, a text with neither a colon nor a leading '/'
    is a whole package (what `to_override` and `override_with` mean).

    Raises InvalidSpec, a ValueError, that says what is wrong and what would be right.

    >>> print(asset_spec("static/app.css", package="shop"))
    shop:static/app.css
    >>> print(asset_spec(".admin:x", package="shop"))
    shop.admin:x
    >>> print(asset_spec("shop", whole=True))
    shop:
    """
    if isinstance(text, AssetSpec):
        return text
    if isinstance(text, os.PathLike):
        text = os.fspath(text)
    if not isinstance(text, str):
        raise InvalidSpec(f"an asset spec is a text such as 'package:path', not {text!r}")
    for character, word in (("\0", "NUL"), ("\\", "a backslash")):
        if character in text:
            raise InvalidSpec(f"{text!r} is not an asset spec: it holds {word}; segments are separated by '/'")
    if not text:
        raise InvalidSpec("an asset spec is empty; 'package:path', '/absolute/path' or a relative path was expected")
    if text.startswith("/"):
        return AssetSpec("", _segments(text, text))
    name, colon, path = text.partition(":")
    if not colon:
        if whole and "/" in text:
            hint = f"write '{package or 'package'}:{text}'"
            raise InvalidSpec(f"{text!r} has no colon, so it should be the name of a whole package; {hint}")
        if whole:
            return AssetSpec(_package_name(text, package, text))
        if package:
            return AssetSpec(package, _segments(text, text))
        if directory:
            return AssetSpec("", _segments(f"{directory}/{text}", text))
        raise InvalidSpec(
            f"{text!r} is a relative path, and there is nothing it is relative to; 'package:{text}' was expected"
        )
    if path.startswith("/"):
        raise InvalidSpec(
            f"{text!r} is not an asset spec: the path in a package has no leading '/'; '{name}:{path.lstrip('/')}' was expected"
        )
    return AssetSpec(_package_name(name, package, text), _segments(path, text))


def _package_name(name: str, package: str, text: str) -> str:
    if not name:
        raise InvalidSpec(f"{text!r} is not an asset spec: the package is empty; 'package:path' was expected")
    if _PACKAGE.fullmatch(name):
        return name
    if not _RELATIVE_PACKAGE.fullmatch(name):
        raise InvalidSpec(f"{text!r} is not an asset spec: {name!r} is not the name of a package")
    if not package:
        raise InvalidSpec(f"{text!r} begins with a dot, and there is no package it is relative to")
    stem = name.lstrip(".")
    steps = package.split(".")
    up = len(name) - len(stem) - 1
    if up >= len(steps):
        raise InvalidSpec(f"{text!r} leads above the top of the package {package!r}")
    return ".".join(steps[: len(steps) - up] + ([stem] if stem else []))


def _segments(path: str, text: str) -> tuple[str, ...]:
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        raise InvalidSpec(f"{text!r} is not an asset spec: '..' is not followed; write the path it leads to")
    return parts


def publication_name(text: str, *, root: bool = True) -> str:
    """
    The name of a static view, normalised: a URL prefix without slashes around it, or an external base URL.

    '' is the root of the application. An external base URL has a scheme and a host, or begins with '//'; scheme
    and host are lower case, and it ends without a slash. Raises ValueError. With *root* false, '' is refused
    (ZCML writes '/').

    >>> publication_name("/static/")
    'static'
    >>> publication_name("HTTPS://CDN.example.com/shop/")
    'https://cdn.example.com/shop'
    """
    if not isinstance(text, str):
        raise ValueError(f"a name is a text, not {text!r}")
    if not text and not root:
        raise ValueError(
            "name is empty; a URL prefix such as 'static', '/' for the root or an external base URL was expected"
        )
    for character in text:
        _refuse_character(text, character)
    external = _SCHEME.match(text)
    if external is None and text.startswith("//"):
        return "//" + _authority_and_path(text, text[2:])
    if external is not None and ":" in external[0]:
        return f"{external[1].lower()}://{_authority_and_path(text, text[external.end() :])}"
    stripped = text.strip("/")
    if ":" in stripped:
        raise ValueError(f"name {text!r} looks like an asset spec; were name and path exchanged?")
    _refuse_segments(text, stripped)
    return stripped


def _authority_and_path(text: str, rest: str) -> str:
    authority, _, path = rest.partition("/")
    if "@" in authority:
        raise ValueError(
            f"name {text!r} holds user information, which would be sent to everybody; leave out what is before '@'"
        )
    host = _HOST.fullmatch(authority)
    if host is None or (host[2] and int(host[2][1:]) > 65535):
        raise ValueError(
            f"name {text!r} is not an external base URL: a host was expected after '//', and perhaps ':' and a port"
        )
    path = path.rstrip("/")
    _refuse_segments(text, path)
    return authority.lower() + (f"/{path}" if path else "")


def _refuse_segments(text: str, path: str) -> None:
    for part in path.split("/") if path else ():
        if part in (".", ".."):
            raise ValueError(f"name {text!r} holds the dot segment {part!r}, which no browser sends")
        if not part:
            raise ValueError(
                f"name {text!r} holds an empty segment; '//' stands only at the beginning of an external base URL"
            )


def _refuse_character(text: str, character: str) -> None:
    words = {"?": "a query", "#": "a fragment", "%": "a percent sign", "\\": "a backslash"}
    word = words.get(character)
    if word is None and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        word = f"the invisible character U+{ord(character):04X}"
    if word is not None:
        hint = "; write the character itself, URLs are quoted when they are made" if character == "%" else ""
        raise ValueError(f"name {text!r} holds {word}, which a name cannot have{hint}")


def file_name(text: str) -> str:
    """The name of a static file: as `publication_name`, but neither the root of the application nor external."""
    name = publication_name(text)
    _refuse_for_file(name)
    return name


def _refuse_for_file(name: str) -> None:
    if not name:
        raise ValueError("a file has a name of its own; the application's root is not one")
    if "//" in name:
        raise ValueError("an external base URL is not the name of a file; publish its directory with staticView")


def index_name(text: str) -> str:
    """The name of an index file, checked: one segment, or '' for none. Raises ValueError."""
    if not isinstance(text, str) or "/" in text or "\\" in text or "\0" in text or text in (".", ".."):
        raise ValueError(f"index is {text!r}; the name of a file, without a path, was expected")
    return text


def max_age(seconds: int) -> int:
    """A freshness lifetime in seconds, checked. Raises ValueError."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= MAX_AGE_LIMIT:
        raise ValueError(f"cache_max_age is {seconds!r}; seconds from 0 to {MAX_AGE_LIMIT} were expected")
    return seconds


def content_codings(tokens: Iterable[str]) -> tuple[str, ...]:
    """Content codings in order of preference, checked, each once. Raises ValueError."""
    if isinstance(tokens, str):
        raise ValueError(f"content_encodings is the text {tokens!r}; a list such as ['br', 'gzip'] was expected")
    chosen = tuple(dict.fromkeys(tokens))
    for token in chosen:
        if token not in CODINGS:
            why = "; clients disagree on its format" if token == "deflate" else ""
            raise ValueError(f"{token!r} is not a content coding that is served{why}; zstd, br and gzip are")
    return chosen


def header_field(name: str, value: str) -> tuple[str, str]:
    """A header of a static view, checked (RFC 9110, 5.1 and 5.5). Raises ValueError."""
    if not (isinstance(name, str) and isinstance(value, str)):
        raise ValueError(f"a header field is two texts, not {name!r} and {value!r}")
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header field; letters, digits and hyphens were expected")
    if name.lower() in RESERVED_HEADERS:
        raise ValueError(f"the header {name!r} is worked out for each response and cannot be declared")
    if not _FIELD_VALUE.fullmatch(value):
        raise ValueError(f"{value!r} is not the value of a header field; printable ASCII was expected")
    return name, value


YOUNGEST: tuple[Any, ...] = ()  # the place of what Python calls declare: before every statement of a file


@implementer(IStaticView)
@dataclass(frozen=True, slots=True, kw_only=True)
class StaticViewRecord:
    """What `staticView` and `staticFile` declare: a root (or one file, when *file*) under a name."""

    name: str
    root: AssetSpec
    file: bool = False
    cache_max_age: int = ONE_HOUR
    permission: str | None = None
    content_encodings: tuple[str, ...] = ()
    index: str = "index.html"
    reload: bool | None = None
    follow_symlinks: bool = False
    dotfiles: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = field(default=None, compare=False)
    generation: int = field(default=0, compare=False)
    rank: tuple[Any, ...] = field(default=YOUNGEST, compare=False)

    def __post_init__(self) -> None:
        index_name(self.index)
        if self.file:
            _refuse_for_file(self.name)

    @property
    def directive(self) -> str:
        return "staticFile" if self.file else "staticView"

    @property
    def external(self) -> bool:
        """Is the name an external base URL, which others serve?"""
        return "//" in self.name

    @property
    def discriminator(self) -> tuple[str, str]:
        return "staticView", self.name

    def __str__(self) -> str:
        return f"{self.directive} {shorten(self.name or '/')}"


@implementer(IOverride)
@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What `asset` declares: *source* is looked at before *target*. Both are files, or both are directories."""

    target: AssetSpec
    source: AssetSpec
    file: bool
    origin: Origin | None = field(default=None, compare=False)
    generation: int = field(default=0, compare=False)
    place: tuple[Any, ...] = field(default=YOUNGEST, compare=False)

    def covers(self, spec: AssetSpec) -> bool:
        """Is *spec* the target, or below a target that is a directory?"""
        return spec == self.target if self.file else spec.under(self.target)

    @property
    def discriminator(self) -> tuple[str, str, str]:
        return "asset", self.written(self.target), self.written(self.source)

    def written(self, spec: AssetSpec) -> str:
        """*spec* as it has to be written: a directory with its slash."""
        return str(spec) if self.file or not spec.parts else f"{spec}/"

    def __str__(self) -> str:
        return f"asset {shorten(self.written(self.target))}"


@implementer(IBusting)
@dataclass(frozen=True, slots=True, kw_only=True)
class Busting:
    """
    What `cacheBuster` declares: *buster* works on what is below *path*.

    *wording* is how ZCML says which: 'token="v1"'; '' where Python does.
    """

    path: AssetSpec
    buster: Any
    explicit: bool = False
    wording: str = field(default="", compare=False)
    origin: Origin | None = field(default=None, compare=False)
    generation: int = field(default=0, compare=False)

    @property
    def discriminator(self) -> tuple[str, str, bool]:
        return "cacheBuster", str(self.path), self.explicit

    def __str__(self) -> str:
        return f"cacheBuster {shorten(str(self.path))}"


@implementer(IPermissionPolicy)
@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionPolicy:
    """What `permissionPolicy` declares: the object that is asked. *wording* as in `Busting`."""

    policy: Any
    wording: str = field(default="", compare=False)
    origin: Origin | None = field(default=None, compare=False)
    generation: int = field(default=0, compare=False)

    @property
    def discriminator(self) -> tuple[str]:
        return ("permissionPolicy",)

    def permits(self, request: Any, context: Any, permission: str) -> bool:
        """Ask the policy. Only a true answer is a yes."""
        return bool(self.policy.permits(request, context, permission))

    def __str__(self) -> str:
        return "permissionPolicy"
