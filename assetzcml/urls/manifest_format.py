"""Manifests of build tools: which name an asset has been given. Pure: bytes in, names out, no file is read here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assetzcml.errors import InvalidManifest, clipped, few_lines
from assetzcml.late import json

__all__ = ["EMPTY", "ManifestEntries", "Unplaced", "escaping_values", "fleeting", "listed", "parse_manifest", "placed"]

SHOWN = 3  # problems of one manifest that are told one by one; a wrong format makes every entry one
QUOTED_LENGTH = 80  # characters of a key or value in a message

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# What is none of the shapes that are read, and what it is.
_OTHER_FORMATS = {
    "imports": "it looks like an import map; its entries are addresses of modules, not of assets",
    "entrypoints": "it looks like the entry points of a bundler; name the file that lists single assets instead",
}
KNOWN = "read are an object of texts, and the manifests of Vite, esbuild (its metafile), webpack, Parcel, Django and Propshaft"
# In the name of an output of esbuild (its placeholder [hash]); one without it gets other bytes under the same name.
_HASH_OF_ESBUILD = re.compile(r"(?:^|[^A-Z0-9])[A-Z0-9]{8}(?:[^A-Z0-9]|$)")
_HASH_OF_VITE = re.compile(r"[-.][\w-]{8,}\.[^./]+$")
_WORD = re.compile(r"[A-Za-z0-9]+")
_VERSION = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{6,}|[0-9]+\.[0-9]+")  # a hash, or the number of a release


class Unplaced(dict[str, str]):
    """Entries whose values are not relative to the root: they begin with a URL, or with a directory of the build."""


class _Outputs(Unplaced):
    """What esbuild lists: files that it made, of which those have other names that have other bytes, if they have a hash."""


class _Chunks(dict[str, str]):
    """What Vite lists; *lasting* are names with a hash, of what is of no one source."""

    lasting: frozenset[str] = frozenset()


def fleeting(entries: Mapping[str, str], keys: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """
    The names that may get other bytes, for nothing in them says which they have: builds list what they only copy, too, a
    page, an icon. *keys* are the sources by the names that *entries*, as they were read, have given them.

    >>> listed = {"index.html": "index.html", "app.js": "app.1f2e3d.js", "logo.png": "v2/logo.png"}
    >>> sorted(fleeting(listed, {value: [key] for key, value in listed.items()}))
    ['index.html']
    """
    if isinstance(entries, _Outputs):
        return frozenset(each for each in keys if not _HASH_OF_ESBUILD.search(each.rpartition("/")[2]))
    lasting = entries.lasting if isinstance(entries, _Chunks) else frozenset()
    return frozenset(
        name
        for name, sources in keys.items()
        if name not in lasting
        and all(_says_nothing(source, name) for source in [each for each in sources if each != name] or sources)
    )


def _says_nothing(key: str, value: str) -> bool:
    """Has a file the name that its source has, with no hash and no number?"""
    directory, _, name = value.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    added = set(_WORD.findall(stem if dot else name)).difference(_WORD.findall(key.rpartition("/")[2]))
    numbered = any(any(map(str.isdigit, part)) for part in set(directory.split("/")).difference(key.split("/")))
    return not added and not numbered and not _VERSION.search(f"{directory}/{stem if dot else name}")


class ManifestEntries:
    """
    The entries of a manifest: asset to the name it has been given, both relative paths, checked.

    *fleeting* are values that may get other bytes under the same name.

    >>> ManifestEntries({"css/a.css": "css/a-1f.css"}).keys
    {'css/a-1f.css': ('css/a.css',)}
    """

    __slots__ = ("entries", "fleeting", "keys")

    def __init__(self, entries: Mapping[str, str], fleeting: Iterable[str] = ()):
        self.fleeting: frozenset[str] = frozenset(fleeting)
        self.entries: dict[str, str] = _checked(entries)
        keys: dict[str, tuple[str, ...]] = {}
        for key, value in self.entries.items():
            keys[value] = (*keys.get(value, ()), key)
        self.keys: dict[str, tuple[str, ...]] = keys


def parse_manifest(content: bytes) -> dict[str, str]:
    """
    Read the flat format, a JSON object of texts: `{"css/a.css": "css/a-1f.css"}`, or the manifest of another tool, which is
    known by its shape. What comes with an entry has its name already. A byte order mark is accepted.

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
    return _read(entries)


def _read(entries: dict[str, Any]) -> dict[str, Any]:
    """The names in a manifest of any tool that is known, by its shape and never by its name."""
    if isinstance(entries.get("outputs"), Mapping) and isinstance(entries.get("inputs"), Mapping):
        return _of_esbuild(entries["outputs"])
    if isinstance(entries.get("paths"), Mapping) and isinstance(entries.get("version"), str):  # Django
        return dict(entries["paths"])
    if not _all_have(entries, "file"):  # webpack's plugins list entry points beside
        entries = {key: value for key, value in entries.items() if key != "entrypoints" or isinstance(value, str)}
    else:
        return _of_vite(entries)
    for name in ("digested_path", "src"):  # Propshaft; webpack with integrity
        if _all_have(entries, name):
            entries = {key: entry[name] for key, entry in entries.items()}
    return Unplaced(entries) if any(_is_address(value) for value in entries.values()) else entries


def _all_have(entries: Mapping[str, Any], name: str) -> bool:
    return bool(entries) and all(isinstance(entry, Mapping) and name in entry for entry in entries.values())


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith("/") or _SCHEME.match(value) is not None)


def _of_vite(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Source to output, and each file that comes with an entry as itself: its name has a digest, and never changes."""
    result = _Chunks({source: entry["file"] for source, entry in entries.items()})
    beside = [name for entry in entries.values() for key in ("css", "assets") for name in _texts(entry.get(key))]
    for name in beside:
        result.setdefault(name, name)
    # What is of no one source has no other name to be compared with.
    own = set(_texts([entry["file"] for source, entry in entries.items() if not source.startswith("_")]))
    others = {*beside, *_texts([entry["file"] for entry in entries.values()])} - own
    result.lasting = frozenset(filter(_HASH_OF_VITE.search, others))
    return result


def _texts(values: Any) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


def _of_esbuild(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Entry point to output, and each output that has a hash in its name as itself. The paths are those of the build."""
    result = _Outputs()
    for output, said in outputs.items():
        source = said.get("entryPoint") if isinstance(said, Mapping) else None
        if isinstance(source, str):
            result[source] = output
        if _HASH_OF_ESBUILD.search(output.rpartition("/")[2]):
            result.setdefault(output, output)
    return result


def placed(entries: Mapping[str, str], root: tuple[str, ...], bases: Iterable[str]) -> dict[str, str]:
    """
    *entries* with values relative to a root, whose last directories are *root*, and which is at one of *bases*, URLs that
    end with a slash. Raises InvalidManifest for a value that is somewhere else.

    >>> placed(Unplaced({"a.js": "/static/a-1f.js"}), ("static",), ["/static/"])
    {'a.js': 'a-1f.js'}
    >>> placed(Unplaced({"src/a.js": "shop/static/dist/a-1F2E3D4C.js"}), ("static", "dist"), ["/static/dist/"])
    {'src/a.js': 'a-1F2E3D4C.js'}
    """
    bases = list(bases)
    common = _common_directory(value for value in entries.values() if isinstance(value, str) and not _is_address(value))
    depth = _depth(common, root)
    result = {}
    for key, value in entries.items():
        if _is_address(value):
            base = next((base for base in bases if value.startswith(base)), None)
            if base is None:
                known = " or ".join(map(repr, bases)) or "nowhere, for no static view publishes it"
                raise InvalidManifest(
                    f"the value of {_shown(key)} is {_shown(value)}, and the root is published at {known}"
                )
            value = value.removeprefix(base)
        elif isinstance(value, str):
            value = "/".join(value.split("/")[depth:])
        result["/".join(key.split("/")[depth:]) if key == entries[key] and not _is_address(key) else key] = value
    return result


def _common_directory(values: Iterable[str]) -> tuple[str, ...]:
    directories = [tuple(value.split("/")[:-1]) for value in values]
    if not directories:
        return ()
    first, last = min(directories), max(directories)
    return first[: next((n for n, part in enumerate(first) if last[n : n + 1] != (part,)), len(first))]


def _depth(common: tuple[str, ...], root: tuple[str, ...]) -> int:
    """How many directories of the build lead to the root: up to its own name, where that is among them."""
    for depth in range(len(common), 0, -1):
        if root and common[depth - 1] == root[-1]:
            return depth
    return len(common)


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
        return "an absolute one"
    if _SCHEME.match(value):
        return "which begins with a scheme"
    parts = value.split("/")
    if ".." in parts:
        return "which leads out of the root"
    if "" in parts or not any(part != "." for part in parts):
        return "which has an empty segment"
    return ""


def _looks_like(entries: Mapping[Any, Any]) -> list[str]:
    """What a manifest of another format is."""
    return [*[hint for key, hint in _OTHER_FORMATS.items() if isinstance(entries.get(key), Mapping)][:1], KNOWN]


def escaping_values(manifest: ManifestEntries, directory: tuple[str, ...]) -> list[tuple[str, str]]:
    """
    The entries below *directory* whose value lies outside it: no URL below a static view of *directory* reaches it.

    >>> escaping_values(ManifestEntries({"css/a.css": "dist/a.css", "b.js": "dist/b.js"}), ("css",))
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
    return few_lines(list(items), SHOWN)


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


EMPTY = ManifestEntries({})
