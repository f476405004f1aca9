"""Which names are public: what is a name of an asset, and what is a program, a secret or a device. Pure."""

from __future__ import annotations

import re

from assetzcml.records.readers import CODINGS

__all__ = ["BUILD_RECORD", "WELL_KNOWN", "is_public_name", "is_source"]

BUILD_RECORD = "assetzcml-build.json"  # what outputs were made from, beside them; delivered with them, and no asset

# The one dotted name that is meant for the public (RFC 8615).
WELL_KNOWN = ".well-known"

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

_ORDINARY = frozenset(["", "css", "js", "mjs", "map", "json", "svg", "png", "jpg", "webp", "woff2", "html", "txt"])

# A copy is as public as what it is a copy of: 'view.py.bak' and 'configure.zcml.in' are source, 'app.js.bak' is not.
_COPY = frozenset(
    ["bak", "backup", "copy", "in", "old", "orig", "rej", "save", "swo", "swp", "tmp"]
    + [suffix.removeprefix(".") for suffix in CODINGS.values()]
)


def is_public_name(name: str, dotfiles: bool) -> bool:
    """Whether an asset, or a directory on the way to one, may have this name."""
    if not name.isascii():
        name = name.translate(_UNSEEN)
    if not name or name[-1] in ". ":  # '', '.' and '..'; and Windows opens 'private' for 'private. '
        return False
    if name[0] == "." and not dotfiles and name != WELL_KNOWN:
        return False
    if "~" in name and _SHORT_NAME(name):
        return False
    folded = name.casefold()
    stem, _, extensions = folded.partition(".")
    if stem.rstrip(" ") in _DEVICES or stem == "__pycache__":
        return False
    # The build record tells what outputs are made of, and is for assetzcml alone.
    return folded != BUILD_RECORD and not _says_source(extensions)


def is_source(name: str) -> bool:
    """
    Whether the extensions of a name say that it is program source or ZCML, or a copy of one.

    >>> is_source("views.py"), is_source("views.py.bak"), is_source("python.css")
    (True, True, False)
    """
    return _says_source(name.casefold().partition(".")[2])


def _says_source(extensions: str) -> bool:
    if extensions in _ORDINARY:  # what nearly every asset has
        return False
    for extension in reversed(extensions.split(".")):
        extension = extension.strip("~# ")  # the marks of Emacs: 'view.py~', '#view.py#', 'view.py.~1~'
        if extension in _SOURCE:
            return True
        if extension not in _COPY and not extension.isdecimal():
            return False
    return False
