"""Manifests of build tools: which name an asset has been given. Pure: bytes in, names out, no file is read here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from assetzcml.errors import InvalidManifest, clipped

__all__ = ["EMPTY", "Manifest", "escaping_values", "listed", "parse_manifest"]

SHOWN = 3  # problems of one manifest that are told one by one; a wrong format makes every entry one
QUOTED_LENGTH = 80  # characters of a key or value in a message

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# What the manifests of other tools look like, and what to write for them.
_VITE = (
    "it looks like Vite's manifest; subclass ManifestCacheBuster, let its parse_manifest() return "
    "{source: entry['file']}, and declare the subclass with factory="
)
_OTHER_FORMATS = {
    "imports": "it looks like an import map; its entries are addresses of modules, not of assets",
    "outputs": "it looks like esbuild's metafile; subclass ManifestCacheBuster, let its parse_manifest() return "
    "{entryPoint: output} of its 'outputs', and declare the subclass with factory=",
    "entrypoints": "it looks like the entry points of a bundler; name the file that lists single assets instead",
}


class Manifest:
    """
    The entries of a manifest: asset to the name it has been given, both relative paths, checked.

    >>> Manifest({"css/a.css": "css/a-1f.css"}).keys
    {'css/a-1f.css': ('css/a.css',)}
    """

    __slots__ = ("entries", "keys")

    def __init__(self, entries: Mapping[str, str]):
        self.entries: dict[str, str] = _checked(entries)
        keys: dict[str, tuple[str, ...]] = {}
        for key, value in self.entries.items():
            keys[value] = (*keys.get(value, ()), key)
        self.keys: dict[str, tuple[str, ...]] = keys


def parse_manifest(content: bytes) -> dict[str, str]:
    """
    Read the flat format, a JSON object of texts: `{"css/a.css": "css/a-1f.css"}`, or that of Vite, in which the style
    sheets and files of an entry have their names already. A byte order mark is accepted.

    Raises InvalidManifest, a ValueError, that says what was found instead.

    >>> parse_manifest(b'{"a.css": "a-1f.css"}')
    {'a.css': 'a-1f.css'}
    >>> parse_manifest(b'{"main.js": {"file": "main-1f.js", "css": ["main-2e.css"], "isEntry": true}}')
    {'main.js': 'main-1f.js', 'main-2e.css': 'main-2e.css'}
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidManifest(f"it is not UTF-8: byte {error.start + 1} is 0x{content[error.start]:02x}") from None
    try:
        entries = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise InvalidManifest(f"it is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise InvalidManifest("it is nested too deeply; an object of texts was expected") from None
    if not isinstance(entries, dict):
        raise InvalidManifest(f"it is {_kind(entries)}; an object such as "
                              '{"a.css": "a-1f.css"} was expected')  # fmt: skip
    return _of_vite(entries) if _is_of_vite(entries) else entries


def _is_of_vite(entries: Mapping[str, Any]) -> bool:
    return bool(entries) and all(isinstance(entry, Mapping) and "file" in entry for entry in entries.values())


def _of_vite(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Source to output, and each file that comes with an entry as itself: its name has a digest, and never changes."""
    result = {source: entry["file"] for source, entry in entries.items()}
    for entry in entries.values():
        for listed_names in (entry.get("css"), entry.get("assets")):
            for name in listed_names if isinstance(listed_names, list) else ():
                if isinstance(name, str):
                    result.setdefault(name, name)
    return result


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, in which one key means one thing (RFC 8259, 4: names should be unique)."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result and result[key] != value:
            raise InvalidManifest(f"it has the key {_shown(key)} twice, with different values")
        result[key] = value
    return result


def _checked(entries: Any) -> dict[str, str]:
    """The entries with '.' segments taken out of the values. Raises InvalidManifest for all that are refused."""
    if not isinstance(entries, Mapping):
        raise InvalidManifest(f"parse_manifest() returned {_kind(entries)}; a mapping was expected")
    result: dict[str, str] = {}
    refused: list[str] = []
    for key, value in entries.items():
        problem = _problem(key, value)
        if problem:
            refused.append(problem)
        else:
            result[key] = "/".join(part for part in value.split("/") if part != ".")
    if refused:
        raise InvalidManifest("; ".join([*listed(refused), *_looks_like(entries)]))
    return result


def _problem(key: Any, value: Any) -> str:
    """Why an entry is refused; '' when it is not."""
    if not isinstance(key, str):
        return f"the key {_shown(key)} is {_kind(key)}; a text was expected"
    if not isinstance(value, str):
        return f"the value of {_shown(key)} is {_kind(value)}; a text was expected"
    reason = _reason(value)
    return f"the value of {_shown(key)} is {_shown(value)}, {reason}; a relative path was expected" if reason else ""


def _reason(value: str) -> str:
    if not value:
        return "which is empty"
    if _CONTROL.search(value):
        return "which holds a control character"
    if "\\" in value:
        return "which holds a backslash"
    if value.startswith("/"):
        return "an absolute one (tools have an option for the prefix, such as publicPath: leave it empty)"
    if _SCHEME.match(value):
        return "which begins with a scheme"
    parts = value.split("/")
    if ".." in parts:
        return "which leads out of the root"
    if "" in parts or not any(part != "." for part in parts):
        return "which has an empty segment"
    return ""


def _looks_like(entries: Mapping[Any, Any]) -> list[str]:
    """What a manifest of another format is, and what to do about it."""
    if any(isinstance(value, Mapping) and "file" in value for value in entries.values()):
        return [_VITE]
    return [hint for key, hint in _OTHER_FORMATS.items() if isinstance(entries.get(key), Mapping)][:1]


def escaping_values(manifest: Manifest, directory: tuple[str, ...]) -> list[tuple[str, str]]:
    """
    The entries below *directory* whose value lies outside it: no URL below a static view of *directory* reaches it.

    >>> escaping_values(Manifest({"css/a.css": "dist/a.css", "b.js": "dist/b.js"}), ("css",))
    [('css/a.css', 'dist/a.css')]
    """
    inside = "/".join(directory) + "/"
    return [
        (key, value)
        for key, value in manifest.entries.items()
        if key.startswith(inside) and not value.startswith(inside)
    ]


def listed(items: Iterable[str]) -> list[str]:
    """The first few of *items*, and how many there are more."""
    items = list(items)
    more = len(items) - SHOWN
    return items[:SHOWN] + ([f"and {more} more"] if more > 0 else [])


def _shown(value: Any) -> str:
    return clipped(repr(value), QUOTED_LENGTH)


def _kind(value: Any) -> str:
    """What JSON calls the type of *value*."""
    for kind, word in (
        (bool, "a boolean"),
        (str, "a text"),
        ((int, float), "a number"),
        (Mapping, "an object"),
        ((list, tuple), "an array"),
    ):
        if isinstance(value, kind):
            return word
    return "null" if value is None else f"a {type(value).__name__}"


EMPTY = Manifest({})
