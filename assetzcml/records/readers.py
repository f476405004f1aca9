"""
Texts that become values: names, ages, codings, headers, truth. Each reader raises ValueError that says what was expected.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from assetzcml.errors import nearest
from assetzcml.late import unicodedata
from assetzcml.records.patterns import Pattern

__all__ = [
    "BOOLEAN_WORDS",
    "BOOLEAN_WORDS_TEXT",
    "CODINGS",
    "KEEP",
    "LOCAL",
    "MAX_AGE_LIMIT",
    "ONE_HOUR",
    "YOUNGER",
    "asset_below",
    "boolean",
    "boolean_word",
    "content_codings",
    "duration",
    "file_name",
    "frozen_manifest",
    "header_field",
    "header_match",
    "immutable_patterns",
    "index_name",
    "max_age",
    "module_name",
    "permission_name",
    "publication_name",
    "refuse_as_file_name",
    "request_methods",
    "send_way",
    "size",
    "span",
    "store_directory",
    "store_endpoint",
    "store_url",
]

ONE_HOUR = 3600  # seconds; what Pyramid's static views send


# How many releases a store keeps, and for how many seconds. A page lies in the caches of browsers, proxies and search engines
# for days; its assets should be there as long.
KEEP = 3
YOUNGER = 14 * 24 * ONE_HOUR
LOCAL = 1_000_000_000  # bytes of contents that a host keeps of a store of many hosts: some thousand releases of a small site
LONGEST = 100 * 365 * 24 * ONE_HOUR

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


# Content codings (RFC 9110, 8.4.1; RFC 8878; RFC 7932) and what their files' names end with. Not 'deflate': clients
# disagree on its format.
CODINGS: Mapping[str, str] = MappingProxyType({"zstd": ".zst", "br": ".br", "gzip": ".gz"})


# The words for true and false: in attributes, in options of filters, in settings and in environment variables. They are
# those of zope.configuration and of Pyramid's settings together.
BOOLEAN_WORDS: Mapping[str, bool] = MappingProxyType(
    {
        **dict.fromkeys(("yes", "true", "y", "t", "on", "1"), True),
        **dict.fromkeys(("no", "false", "n", "f", "off", "0"), False),
    }
)
BOOLEAN_WORDS_TEXT = "yes, no, true, false, y, n, t, f, on, off, 1 or 0"


def boolean_word(text: str) -> bool | None:
    """
    What a text says: true, false, or None for what is no word for either. Case and blanks around it do not matter.

    >>> boolean_word(" On "), boolean_word("n"), boolean_word("ture")
    (True, False, None)
    """
    return BOOLEAN_WORDS.get(text.strip().lower())


def boolean(text: str) -> bool:
    """
    A text as true or false. Raises ValueError, which lists the words.

    >>> boolean("Yes"), boolean("0")
    (True, False)
    """
    said = boolean_word(text)
    if said is None:
        raise ValueError(f"true or false was expected: {BOOLEAN_WORDS_TEXT}")
    return said


_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


_FIELD_VALUE = re.compile(r"([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?")


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):?//")


_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.\-~]+)(:[0-9]{1,5})?")


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
            plain = posixpath.normpath(f"/{path}")[1:]
            write = f"write {plain!r}" if plain else "write '/' for the root"
            raise ValueError(f"name {text!r} holds the dot segment {part!r}, which no browser sends; {write}")
        if not part:
            raise ValueError(
                f"name {text!r} holds an empty segment; '//' stands only at the beginning of an external base URL"
            )


def _refuse_character(text: str, character: str) -> None:
    words = {"?": "a query", "#": "a fragment", "%": "a percent sign", "\\": "a backslash"}
    word = words.get(character)
    plain = character.isascii() and character.isprintable()
    if word is None and not plain and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        word = f"the invisible character U+{ord(character):04X}"
    if word is not None:
        hint = f"; write {text.partition(character)[0].replace(character, '/')!r}" if character in "?#" else ""
        if character == "\\":
            hint = f"; write {text.replace(character, '/')!r}"
        if character == "%":
            hint = "; write the character itself, URLs are quoted when they are made"
        raise ValueError(f"name {text!r} holds {word}, which a name cannot have{hint}")


def file_name(text: str) -> str:
    """The name of a static file: as `publication_name`, but neither the root of the application nor external."""
    name = publication_name(text)
    refuse_as_file_name(name)
    return name


def refuse_as_file_name(name: str) -> None:
    if not name:
        raise ValueError("a file has a name of its own; the application's root is not one")
    if "//" in name:
        raise ValueError("an external base URL is not the name of a file; publish its directory with staticView")


def index_name(text: str) -> str:
    """The name of an index file, checked: one segment, or '' for none. Raises ValueError."""
    if not isinstance(text, str) or "/" in text or "\\" in text or "\0" in text or text in (".", ".."):
        name = str(text).replace("\\", "/").rstrip("/").rpartition("/")[2]
        write = f"; write {name!r}" if name not in ("", ".", "..") else ""
        raise ValueError(f"index is {text!r}; the name of a file, without a path, was expected{write}")
    return text


def max_age(seconds: int) -> int:
    """A freshness lifetime in seconds, checked. Raises ValueError."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= MAX_AGE_LIMIT:
        raise ValueError(f"cache_max_age is {seconds!r}; seconds from 0 to {MAX_AGE_LIMIT} were expected")
    return seconds


_UNITS = {"s": 1, "m": 60, "h": ONE_HOUR, "d": 24 * ONE_HOUR, "w": 7 * 24 * ONE_HOUR}


def duration(value: str | int) -> int:
    """
    A span of time in seconds: a number, or one with a unit. Raises ValueError.

    >>> duration("14d"), duration("90m"), duration("0")
    (1209600, 5400, 0)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        found: int | None = value
    else:
        matched = re.fullmatch(r"([0-9]{1,12})([smhdw]?)", value) if isinstance(value, str) else None
        found = int(matched[1]) * _UNITS[matched[2] or "s"] if matched else None
    if found is None or not 0 <= found <= LONGEST:
        raise ValueError(f"{value!r} is no span of time; a number with s, m, h, d or w was expected, such as '14d'")
    return found


def span(seconds: int) -> str:
    """
    Seconds as `duration` reads them, in the largest unit.

    >>> span(1209600), span(90), span(0)
    ('2w', '90s', '0s')
    """
    unit = next((unit for unit in "wdhms" if seconds and not seconds % _UNITS[unit]), "s")
    return f"{seconds // _UNITS[unit]}{unit}"


def store_directory(value: str | os.PathLike[str]) -> str:
    """The directory of a store. Raises ValueError."""
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else ""
    if not text.startswith("/") or "\0" in text or not text.strip("/"):
        raise ValueError(f"{value!r} is not the absolute path of a directory, such as '/var/lib/shop/assets'")
    return os.path.normpath(text)


def store_url(text: str) -> str:
    """
    The URL of a destination, without what is secret. Raises ValueError.

    >>> store_url("s3://bucket/prefix")
    's3://bucket/prefix'
    """
    scheme, separator, rest = text.partition("://") if isinstance(text, str) else ("", "", "")
    if not separator or not rest or not re.fullmatch(r"[a-z][a-z0-9+.\-]*", scheme):
        raise ValueError(f"{text!r} is not the URL of a bucket or a directory, such as 's3://bucket/prefix'")
    if "@" in rest.partition("/")[0] or "?" in rest or "#" in rest:
        raise ValueError("it has more than a bucket and a prefix; credentials are those of the environment")
    return text


def store_endpoint(text: str) -> str:
    """Where a service is, 'http://127.0.0.1:9000'. Raises ValueError."""
    if not isinstance(text, str) or not re.fullmatch(r"https?://[^/@?#\s]+/?", text):
        raise ValueError(f"{text!r} is not the address of a service, such as 'https://storage.example.com'")
    return text


_SIZES = {"": 1, "B": 1, "kB": 1000, "KiB": 1 << 10, "MB": 1000**2, "MiB": 1 << 20, "GB": 1000**3, "GiB": 1 << 30}


def size(value: str | int) -> int:
    """
    A number of bytes: a number, or one with a unit. Raises ValueError.

    >>> size("250kB"), size("2GiB"), size("0")
    (250000, 2147483648, 0)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    matched = re.fullmatch(r"([0-9]{1,15})([A-Za-z]*)", value) if isinstance(value, str) else None
    if matched is None or matched[2] not in _SIZES:
        raise ValueError(
            f"{value!r} is no number of bytes; a number with {', '.join(_SIZES)[2:]} was expected, such as '2GB'"
        )
    return int(matched[1]) * _SIZES[matched[2]]


def frozen_manifest(value: str | os.PathLike[str]) -> str:
    """The manifest of a frozen release, or the directory that it is in. Raises ValueError."""
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else ""
    if not text.startswith("/") or "\0" in text:
        message = f"{value!r} is not the absolute path of a manifest, such as '/srv/build/generations/<release>.json'"
        raise ValueError(message)
    return os.path.normpath(text)


# What a browser takes for a URL rather than a bare name (HTML, 8.1.5.2): a scheme, or a beginning with a slash or dots.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|/|\.\.?/|\.\.?$")
_UNSEEN = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff\"'<>\\\\]")


def module_name(text: str) -> str:
    """
    A bare name, by which a module imports another, or the beginning of such names with a slash behind it. Raises ValueError.

    >>> module_name("@shop/cart"), module_name("lodash-es/")
    ('@shop/cart', 'lodash-es/')
    """
    if not isinstance(text, str) or not text:
        raise ValueError(f"{text!r} is no bare name; one such as '@shop/cart' or 'lodash' was expected")
    if _ADDRESS.match(text):
        raise ValueError(f"{text!r} is an address, not a bare name such as '@shop/cart' or 'lodash'")
    if _UNSEEN.search(text):
        raise ValueError(f"{text!r} holds a blank, a quote or a control character, which no bare name has")
    return text


def permission_name(text: str) -> str:
    """
    The name of a permission, checked: one that is empty would protect for some who ask, and not for others.

    Raises ValueError.
    """
    if not isinstance(text, str):
        raise ValueError(f"permission is {text!r}; a text was expected")
    if not text.strip():
        raise ValueError("permission is empty; leave the attribute out, or put the directive under zcml:condition")
    return text


_FILE_CODINGS = {"gz": "gzip", "zst": "zstd", "brotli": "br", "zstandard": "zstd"}


def content_codings(tokens: Iterable[str]) -> tuple[str, ...]:
    """Content codings in order of preference, checked, each once. Raises ValueError."""
    if isinstance(tokens, str):
        raise ValueError(f"content_encodings is the text {tokens!r}; a list such as ['br', 'gzip'] was expected")
    if not isinstance(tokens, Iterable):
        raise ValueError(f"content_encodings is {tokens!r}; a list such as ['br', 'gzip'] was expected")
    chosen = tuple(tokens)
    for token in chosen:
        if not isinstance(token, str) or token not in CODINGS:
            why = "; clients disagree on its format" if token == "deflate" else ""
            meant = _FILE_CODINGS.get(str(token).lower().lstrip(".")) or nearest(str(token), CODINGS)
            if "," in str(token):
                meant = " ".join(part.strip() for part in token.split(",") if part.strip())
            hint = f"write {meant!r}" if meant else "zstd, br and gzip are"
            raise ValueError(f"{token!r} is not a content coding that is served{why}; {hint}")
    return tuple(dict.fromkeys(chosen))


def _header_meant(name: str) -> str:
    plain = re.sub("[^A-Za-z0-9-]+", "-", name).strip("-")
    return f"write {plain!r}" if plain else "letters, digits and hyphens were expected"


def header_field(name: str, value: str) -> tuple[str, str]:
    """A header of a static view, checked (RFC 9110, 5.1 and 5.5). Raises ValueError."""
    if not (isinstance(name, str) and isinstance(value, str)):
        raise ValueError(f"a header field is two texts, not {name!r} and {value!r}")
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header field; {_header_meant(name)}")
    if name.lower() in RESERVED_HEADERS:
        raise ValueError(f"the header {name!r} is worked out for each response and cannot be declared")
    if not _FIELD_VALUE.fullmatch(value):
        raise ValueError(f"{value!r} is not the value of a header field; printable ASCII was expected")
    return name, value


def header_match(text: str) -> Pattern:
    """The pattern that a header is for. Raises ValueError."""
    return Pattern(text)


def immutable_patterns(texts: Iterable[str]) -> tuple[Pattern, ...]:
    """The patterns of names that never get other bytes, each once. Raises ValueError."""
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        raise ValueError(f"immutable_names is {texts!r}; a list such as ['assets/*'] was expected")
    return tuple(dict.fromkeys(Pattern(text) for text in texts))


def asset_below(text: str, attribute: str) -> str:
    """The path of an asset below the root of a static view; '' for none. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"{attribute} is {text!r}; the path of an asset below the root was expected")
    segments = text.split("/")
    if text and ({"", ".", ".."} & set(segments) or "\\" in text or "\0" in text):
        raise ValueError(
            f"{attribute} is {text!r}; the path of an asset below the root, such as '404.html', was expected"
        )
    return text


def send_way(text: str | None) -> tuple[str, str] | None:
    """
    How a front server sends the bytes: 'x-accel-redirect /prefix' or 'x-sendfile'; '' and None for not. Raises ValueError.

    >>> send_way("X-Accel-Redirect /protected/")
    ('X-Accel-Redirect', '/protected')
    """
    if text is None or text == "":
        return None
    words = text.split() if isinstance(text, str) else []
    way = words[0].lower() if words else ""
    if way == "x-sendfile" and len(words) == 1:
        return "X-Sendfile", ""
    if way == "x-accel-redirect" and len(words) == 2:
        prefix = words[1].rstrip("/")
        segments = prefix.split("/")
        if _PREFIX.fullmatch(prefix) and not {".", ".."} & set(segments) and "" not in segments[1:]:
            return "X-Accel-Redirect", prefix
        raise ValueError(
            f"send: the prefix {words[1]!r} is no path of the front server; one such as '/protected' was expected"
        )
    raise ValueError(f"send is {text!r}; 'x-accel-redirect /prefix' or 'x-sendfile' was expected")


_PREFIX = re.compile(r"/[A-Za-z0-9_.~!$&'()*+,;=@/-]+")


def request_methods(tokens: Iterable[str]) -> tuple[str, ...]:
    """
    Request methods in upper case, sorted, each once, checked (RFC 9110, 9.1). Raises ValueError.

    >>> request_methods(["post", "GET"])
    ('GET', 'POST')
    """
    chosen = sorted({token.upper() for token in tokens})
    for method in chosen:
        if not _TOKEN.fullmatch(method):
            parts = [part for part in re.split("[,;|/]", method) if _TOKEN.fullmatch(part)]
            hint = f"write {' '.join(parts)!r}" if len(parts) > 1 else "tokens such as 'GET POST' were expected"
            raise ValueError(f"{method!r} is not a request method; {hint}")
    return tuple(chosen)
