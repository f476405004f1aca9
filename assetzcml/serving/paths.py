"""
The one key function: from the bytes of a request path to the names it walks, or to a refusal.

Every server and every mode asks here, so that a path has one answer on all of them. A path is decoded once
(RFC 3986, 2.4), as strict UTF-8, and never tidied: what is not the plain name of an asset is no asset. The rules
do not look at the platform either; a name that Windows or macOS reads differently is refused on Linux too.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from assetzcml.records.quoting import FIRST_SAFE, QUERY_SAFE
from assetzcml.resolving.names import is_public_name

# PATH_MAX of Linux, in bytes: no longer path can be opened, and all that comes after works on less.
MAX_PATH = 4096

# Refused wherever they stand. C0, DEL and C1 controls; U+2028 and U+2029, which end a line in logs and in
# JavaScript as LF does; the backslash, which separates on Windows; the colon, which names a drive or a stream there.
_NEVER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\\\\:]").search

# In the query of a redirection: what is quoted stays quoted.
_QUERY = QUERY_SAFE + "%[]"


class BadPath(ValueError):
    """The path of a request is not strict UTF-8; the answer is 400."""


class Key(NamedTuple):
    """
    The names a request path walks below a static view, outermost first.

    *directory* is true when the path ends with a slash, or is empty: the root itself.
    """

    parts: tuple[str, ...]
    directory: bool


_ROOT = Key((), True)


def path_key(raw: bytes, dotfiles: bool = False) -> Key | None:
    """
    The key of the path *raw*, which is percent-decoded and relative to the static view's name.

    Returns None where no asset can have the name, which is a 404: empty segments, '.' and '..', control characters,
    backslashes, colons, the device and short names of Windows, names that end in a dot or a blank (Windows drops
    it), Python source and bytecode, ZCML and copies of them, the records of builds, and paths longer than MAX_PATH.
    Names that begin with a dot too, unless *dotfiles* is true; '.well-known' is public always, what lies below it obeys
    the rules.
    Raises BadPath when *raw* is not UTF-8.

    >>> path_key(b"css/main.css")
    Key(parts=('css', 'main.css'), directory=False)
    >>> path_key(b"css/")
    Key(parts=('css',), directory=True)
    >>> path_key(b"css/../view.py") is None
    True
    """
    path = decode_path(raw)
    if not path:
        return _ROOT
    if len(raw) > MAX_PATH or _NEVER(path):
        return None
    parts = path.split("/")
    directory = not parts[-1]
    if directory:
        parts.pop()
    for part in parts:
        if not is_public_name(part, dotfiles):
            return None
    return Key(tuple(parts), directory)


def decode_path(raw: bytes) -> str:
    """
    The text of a path, once and strictly: overlong forms, surrogates and cut sequences are errors (RFC 3629, 3).

    Raises BadPath, which names the first byte at fault.

    >>> decode_path(b"caf\\xc3\\xa9.txt")
    'café.txt'
    """
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise BadPath(f"the path is not UTF-8: byte 0x{raw[error.start]:02x} at {error.start}") from None


def unquote(raw_path: bytes) -> bytes:
    """
    An ASGI raw_path, percent-decoded exactly once: what WSGI servers put into PATH_INFO.

    A percent sign without two hexadecimal digits stands for itself, as those servers have it: WSGI cannot tell
    '%zz' from '%25zz' any more, and both interfaces must give one answer.

    >>> unquote(b"/a%20b/%252e%zz")
    b'/a b/%2e%zz'
    """
    return unquote_to_bytes(raw_path)


def wsgi_bytes(text: str) -> bytes:
    """
    The bytes of a text of WSGI's, each of which is a character (PEP 3333).

    A server that does otherwise gives no path of an asset: what it gives becomes a backslash, which none has.
    """
    return text.encode("latin-1", "backslashreplace")


def redirection(path: bytes, query: str) -> str:
    """
    The reference that leads from *path* (decoded, any prefix included) to the same with a slash.

    It is relative to the last segment, so that it can neither lead to another host nor forget a prefix.

    >>> redirection(b"//evil.example/caf\\xc3\\xa9", "next=//evil.example")
    'caf%C3%A9/?next=//evil.example'
    """
    last = quote(path.rpartition(b"/")[2], safe=FIRST_SAFE)
    return f"{last}/?{quote(query.encode('latin-1', 'replace'), safe=_QUERY)}" if query else f"{last}/"
