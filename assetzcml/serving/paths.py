"""
The one key function: from the bytes of a request path to the names it walks, or to a refusal.

Every server and every mode asks here, so that a path has one answer on all of them. A path is decoded once
(RFC 3986, 2.4), as strict UTF-8, and never tidied: what is not the plain name of an asset is no asset. The rules
do not look at the platform either; a name that Windows or macOS reads differently is refused on Linux too.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from assetzcml.records.bundles import BUILD_RECORD
from assetzcml.serving.codings import CODINGS

# PATH_MAX of Linux, in bytes: no longer path can be opened, and all that comes after works on less.
MAX_PATH = 4096

# The one dotted name that is meant for the public (RFC 8615).
WELL_KNOWN = ".well-known"

# Refused wherever they stand. C0, DEL and C1 controls; U+2028 and U+2029, which end a line in logs and in
# JavaScript as LF does; the backslash, which separates on Windows; the colon, which names a drive or a stream there.
_NEVER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\\\\:]").search

# HFS+ leaves these out when it compares names: '.g\u200cit' opens '.git' (CVE-2014-9390).
_UNSEEN = dict.fromkeys((*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF))

# Device names of Windows, which are devices in every directory and with every extension: 'nul.txt' is NUL.
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file; CLOCK$ is from MS-DOS.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
    + [port + digit for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"]
)

# 'CONFIG~1.ZCM' is configure.zcml to Windows: at most eight characters that end in a tilde and a number, then at
# most three more.
_SHORT_NAME = re.compile(r"(?=[^.]{3,8}(?:\.|\Z))[^.]+~[0-9]+(?:\.[^.]{1,3})?").fullmatch

# Python source and bytecode, and ZCML: the program, not its assets.
_SOURCE = frozenset(["py", "pyw", "pyi", "pyc", "pyo", "pyd", "pyx", "pxd", "pxi", "zcml"])

# A copy is as public as what it is a copy of: 'view.py.bak' and 'configure.zcml.in' are source, 'app.js.bak' is not.
_COPY = frozenset(
    ["bak", "backup", "copy", "in", "old", "orig", "rej", "save", "swo", "swp", "tmp"]
    + [suffix.removeprefix(".") for suffix in CODINGS.values()]
)


# What stands as it is in a segment of a path (RFC 3986, 3.3), but ':', which would make a scheme of what is before it;
# and in a query (3.4), where what is quoted stays quoted.
_SEGMENT = "!$&'()*+,;=@~"
_QUERY = _SEGMENT + "%/:?[]"


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
        if not _is_public(part, dotfiles):
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
    last = quote(path.rpartition(b"/")[2], safe=_SEGMENT)
    return f"{last}/?{quote(query.encode('latin-1', 'replace'), safe=_QUERY)}" if query else f"{last}/"


def _is_public(name: str, dotfiles: bool) -> bool:
    """Whether an asset, or a directory on the way to one, may have this name."""
    if not name.isascii():
        name = name.translate(_UNSEEN)
    if not name or name[-1] in ". ":  # '', '.' and '..'; and Windows opens 'private' for 'private. '
        return False
    if name[0] == "." and not dotfiles and name != WELL_KNOWN:
        return False
    if "~" in name and _SHORT_NAME(name):
        return False
    if name.casefold() == BUILD_RECORD:  # it tells what outputs are made of, and is for assetzcml alone
        return False
    stem = name.casefold().partition(".")[0]
    if stem.rstrip(" ") in _DEVICES or stem == "__pycache__":
        return False
    return not is_source(name)


def is_source(name: str) -> bool:
    """
    Whether the extensions of a name say that it is program source or ZCML, or a copy of one.

    >>> is_source("views.py"), is_source("views.py.bak"), is_source("python.css")
    (True, True, False)
    """
    for extension in reversed(name.casefold().split(".")[1:]):
        extension = extension.strip("~# ")  # the marks of Emacs: 'view.py~', '#view.py#', 'view.py.~1~'
        if extension in _SOURCE:
            return True
        if extension not in _COPY and not extension.isdecimal():
            return False
    return False
