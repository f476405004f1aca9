"""Source maps of joined files: one index, with a section for each part that is in the output as its author wrote it. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

__all__ = ["Mapped", "index_map", "map_reference", "parsed_map", "reference_to"]

LARGEST = 32 * 1024 * 1024  # bytes of a map that is taken in; that of three.js is 6 MB
VERSION = 3  # of the format: ECMA-426
NO_MAP: dict[str, Any] = {"version": VERSION, "sources": [], "names": [], "mappings": ""}

_REFERENCE = re.compile(rb"(?:/[/*])[#@][ \t]+sourceMappingURL=([^\s*'\"`]+)")
_DATA = re.compile(r"data:[^,]*?(;base64)?,(.*)", re.DOTALL)
_WRITTEN = {"js": b"\n//# sourceMappingURL=%b\n", "css": b"\n/*# sourceMappingURL=%b */\n"}


class Mapped(NamedTuple):
    """A part whose bytes nobody has changed: the URL of its source, its text, and its own map, if it has one."""

    url: str
    text: str
    own: dict[str, Any] | None = None


def map_reference(content: bytes) -> str:
    """
    The last reference to a source map in a script or style sheet, '' without one.

    >>> map_reference(b"a\\n//# sourceMappingURL=a.js.map\\n"), map_reference(b"a")
    ('a.js.map', '')
    """
    found = _REFERENCE.findall(content)
    return found[-1].decode("ascii", "replace") if found else ""


def parsed_map(content: bytes) -> dict[str, Any] | None:
    """
    The map in *content*, or None for what is none: damaged, of another version, too large.

    >>> parsed_map(b'{"version": 3, "sources": ["a"], "mappings": "AAAA"}')["sources"], parsed_map(b"{")
    (['a'], None)
    """
    if len(content) > LARGEST:
        return None
    try:
        found = json.loads(content.removeprefix(b")]}'"))  # what keeps a map from being run as a script
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        return None
    if isinstance(found.get("sections"), list):
        return None  # an index inside of an index is not in the format
    fits = isinstance(found.get("mappings"), str) and isinstance(found.get("sources"), list)
    return found if fits else None


def of_data_url(url: str) -> bytes | None:
    """
    What a `data:` URL holds; None for another URL, or one that is damaged.

    >>> of_data_url("data:application/json;base64,e30="), of_data_url("data:,%7B%7D"), of_data_url("a.map")
    (b'{}', b'{}', None)
    """
    found = _DATA.fullmatch(url)
    if found is None:
        return None
    content = unquote_to_bytes(found[2])
    try:
        return base64.b64decode(content) if found[1] else content
    except ValueError:
        return None


def index_map(sections: Sequence[tuple[int, Mapped | None]], moved: Callable[[str, str], str]) -> dict[str, Any]:
    """
    The map of a file whose parts begin at given lines; None is a part whose lines nobody knows.

    *moved(url, base)* is the URL, relative to the output, of what *url* is relative to *base*.
    """
    return {
        "version": VERSION,
        "sections": [
            {"offset": {"line": line, "column": 0}, "map": NO_MAP if part is None else _section(part, moved)}
            for line, part in sections
        ],
    }


def _section(part: Mapped, moved: Callable[[str, str], str]) -> dict[str, Any]:
    if part.own is None:
        lines = part.text.count("\n") + 1
        mappings = ";".join(["AAAA", *["AACA"] * (lines - 1)])  # each line is that line (ECMA-426, 9.2)
        sources = [moved(part.url.rpartition("/")[2], part.url)]
        return {**NO_MAP, "sources": sources, "sourcesContent": [part.text], "mappings": mappings}
    root = part.own.get("sourceRoot") or ""
    before = f"{root.rstrip('/')}/" if root else ""
    sources = [moved(before + each, part.url) if isinstance(each, str) else each for each in part.own["sources"]]
    return {key: value for key, value in part.own.items() if key not in ("sourceRoot", "file")} | {"sources": sources}


def reference_to(found: dict[str, Any], kind: str) -> bytes:
    """The line with which an output, 'js' or 'css', holds its map *found*."""
    text = json.dumps(found, separators=(",", ":"), sort_keys=True).encode("ascii")
    return _WRITTEN[kind] % (b"data:application/json;base64," + base64.b64encode(text))
