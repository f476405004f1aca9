"""URLs of files and outputs. Pure, but for the copy of a source that lies where nothing is published."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from assetzcml.records.quoting import PATH_SAFE
from assetzcml.resolving.files import read_file, replace_unlocked

__all__ = ["EXTERNAL", "below", "joined_url", "mapped_url", "pull_external", "with_query"]

EXTERNAL = "webassets-external"  # the directory, below that of the environment, of copies
_PLAIN = re.compile(r"[A-Za-z0-9/._-]*").fullmatch  # what most paths consist of, and needs no quoting


def joined_url(prefix: str, path: str) -> str:
    """
    The URL of *path* below *prefix*, quoted. The prefix is taken as it is.

    >>> joined_url("/static", "gen/100%.css"), joined_url("", "out.js"), joined_url("https://cdn.test/", "a b.js")
    ('/static/gen/100%25.css', '/out.js', 'https://cdn.test/a%20b.js')
    """
    quoted = path if _PLAIN(path) else quote(path, safe=PATH_SAFE, errors="surrogateescape")
    return f"{prefix}{quoted}" if prefix.endswith("/") else f"{prefix}/{quoted}"


def with_query(url: str, version: str) -> str:
    """*url* with a version as its query, or at the end of the query it has."""
    return f"{url}{'&' if '?' in url else '?'}{quote(version, safe=PATH_SAFE)}"


def below(path: str, directory: str) -> str | None:
    """
    The path, with '/', that leads from *directory* to *path*; None when it does not lie below it, by segments.

    >>> below("/srv/static/js/a.js", "/srv/static"), below("/srv/static2/a.js", "/srv/static")
    ('js/a.js', None)
    """
    root = directory.rstrip(os.sep) + os.sep
    return path[len(root) :].replace(os.sep, "/") if path.startswith(root) and len(path) > len(root) else None


def mapped_url(path: str, mapping: Mapping[str, str]) -> str | None:
    """
    The URL of the absolute *path* by the first directory of *mapping* (normalised) it lies below; None without one.

    >>> mapped_url("/srv/js/a.js", {"/srv/js": "/j", "/srv": "/s"})
    '/j/a.js'
    """
    for directory in mapping:
        relative = below(path, directory)
        if relative is not None:
            return joined_url(mapping[directory], relative)
    return None


def pull_external(path: str, directory: str) -> str:
    """
    Copy the file at *path* to where *directory* is published, unless the copy is of it as it is; returns its path.

    Raises OSError.
    """
    digest = hashlib.md5(path.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    copy = os.path.join(directory, EXTERNAL, f"{digest}_{os.path.basename(path)}")
    status = os.stat(path)
    try:
        known = os.stat(copy)
        if (known.st_size, known.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
            return copy
    except FileNotFoundError:
        pass
    content, _ = read_file(path)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    if replace_unlocked(copy, content):
        os.utime(copy, ns=(status.st_mtime_ns, status.st_mtime_ns))
    return copy
