"""From what a bundle names to files: the load path, globs, asset specs, URLs. Nothing is read here but directories."""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import os
import posixpath
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from assetzcml.bundles.errors import BundleError
from assetzcml.resolving.files import Signature, read_file
from assetzcml.resolving.names import BUILD_RECORD

__all__ = ["Remote", "Source", "beside", "check_name", "find_sources", "is_spec", "is_url", "plain_source", "source_at"]

SHORTEST_SCHEME = 2  # letters; a scheme of one letter is a drive of Windows

# In sheets, scripts, URLs and records names are UTF-8. Under another encoding Python reads other characters in them.
NAMES_ARE_UTF8 = sys.getfilesystemencoding() == "utf-8"

# What can only be the name of a file below a directory, on any system: most are.
_PLAIN = re.compile(r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_.@+=,-]+(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_.@+=,-]+)*").fullmatch

_SPEC = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:(?![/\\])")


class Source(NamedTuple):
    """
    A file among the contents of a bundle: as it was named, and where it was found.

    *path* is None in an archive. *found* is the resolver's, and *spec* set, where it was found by an asset spec.
    *relative* is its name below the directory it was looked for in.
    """

    item: str
    path: str | None
    relative: str
    spec: str | None = None
    found: Any = None

    @property
    def place(self) -> str:
        """What tells it from every other: its path, or in an archive the spec it is really taken from."""
        return self.path if self.path is not None else str(self.found.spec)

    def read(self) -> tuple[bytes, Signature | None]:
        """Its bytes, and its signature before they were read. Raises OSError."""
        if self.path is not None:
            return read_file(self.path)
        with self.found.open() as stream:
            return stream.read(), None


class Remote(NamedTuple):
    """A URL among the contents of a bundle."""

    url: str


def is_url(text: str) -> bool:
    """
    Is it the address of something elsewhere?

    >>> [is_url(text) for text in ("https://cdn.test/x.js", "//cdn.test/x.js", "/srv/x.js", "c://x", "shop:x.js")]
    [True, True, False, False, False]
    """
    if "//" not in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no address: as the name of a file it may be right
        return False
    return bool(parts.netloc) and (len(parts.scheme) >= SHORTEST_SCHEME or text.startswith("//"))


def is_spec(text: str) -> bool:
    """
    Does it look like an asset spec?

    >>> [is_spec(text) for text in ("shop:css/a.css", "shop.admin:", "css/a.css", "c:/a.css")]
    [True, True, False, False]
    """
    return _SPEC.match(text) is not None


def check_name(name: str) -> None:
    """Raises BundleError for the *name* of a file that this process reads otherwise than others do."""
    if not (NAMES_ARE_UTF8 or name.isascii()):
        shown = os.fsencode(name).decode("utf-8", "replace") if _is_native(name) else name
        message = (
            f"the name {shown!r} cannot be read by a process whose names of files are {sys.getfilesystemencoding()}"
        )
        raise BundleError(message, hint="run it with PYTHONUTF8=1, or in a locale of UTF-8")


def _is_native(name: str) -> bool:
    """Can it be the name of a file in this process?"""
    try:
        return bool(os.fsencode(name))
    except UnicodeEncodeError:
        return False


def plain_source(item: str, directories: Iterable[str]) -> Source | None:
    """
    The file that *item* names in the first of *directories* that has it; None where it is not there, or may mean more than
    that. Each of them ends with a separator, is absolute and holds no dots. Raises BundleError for what is no file.
    """
    if _PLAIN(item) is None:
        return None
    path = item if os.sep == "/" else item.replace("/", os.sep)
    for directory in directories:
        source = _file_at(directory + path, item, item)
        if source is not None:
            return source
    return None


def find_sources(item: str, places: Sequence[str], resolver: Any = None) -> list[Source | Remote]:
    """
    The files that *item* names, in order: one, or for a glob any number, sorted within each place. What is the name of
    a file that is there is no glob, whatever stands in it.

    *places* are the directories to look in: absolute paths, which may hold globs, and, where there is a *resolver*,
    asset specs. A plain name is the first that is found, and in the directories of a glob each that is found. Raises
    BundleError for a plain name that leads to no file.
    """
    if is_url(item):
        return [Remote(item)]
    if glob.has_magic(item):
        with contextlib.suppress(BundleError):
            literal = next(iter(_found(item, places, resolver, magic=False)), None)
            if literal is not None:
                return [literal]
        return list(_found(item, places, resolver, magic=True))
    if os.path.isabs(item) or (resolver is not None and is_spec(item)):
        places = [""]
    for place in places:
        if place and not (_is_glob(place) or (resolver is not None and is_spec(place))):
            source = _file_at(os.path.normpath(os.path.join(place, item)), item, item)  # as most are found
            if source is not None:
                return [source]
            continue
        found = list(_found(item, [place], resolver, magic=False))
        if found:
            return list(found) if _is_glob(place) else [found[0]]
    raise BundleError(f"the source {item!r} cannot be found: {_wanted(item, places, resolver)}")


def _wanted(item: str, places: Sequence[str], resolver: Any) -> str:
    if resolver is not None and is_spec(item):
        return f"no layer has the asset {item!r}"
    if os.path.isabs(item):
        return "there is no such file"
    wanted = f"it is not in {', '.join(map(repr, places)) or 'any directory: there is none to look in'}"
    return f"{wanted}, and asset specs need the environment of a registry" if is_spec(item) else wanted


def _found(item: str, places: Sequence[str], resolver: Any, magic: bool) -> Iterable[Source]:
    """The files that *item*, with *magic* as a glob, names in all places."""
    if resolver is not None and is_spec(item):
        return _by_spec(resolver, item, item, magic)
    if os.path.isabs(item):
        return _by_path("", item, magic)
    return (source for place in places for source in _in_place(place, item, resolver, magic))


def _is_glob(place: str) -> bool:
    return _has_magic(place) and not os.path.isdir(place)


_has_magic = lru_cache(maxsize=256)(glob.has_magic)  # of places, which are the same for every source


def beside(source: Source, reference: str, resolver: Any = None) -> Source | None:
    """
    The file that a relative *reference* in *source*, without query and fragment, leads to; None when there is none.

    Of a source that was found by an asset spec, one that is found through the layers too.
    """
    check_name(reference)
    try:
        if source.spec is None or resolver is None:
            path = os.path.normpath(os.path.join(os.path.dirname(source.path or ""), reference))
            return next(_by_path("", path, magic=False), None) if os.path.isabs(path) else None
        package, _, own = source.spec.partition(":")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(own), reference))
        if path.startswith("..") or reference.startswith("/"):
            return None
        return next(_by_spec(resolver, f"{package}:{path}", reference, magic=False), None)
    except (BundleError, ValueError):  # a directory; a name that no file can have
        return None


def _in_place(place: str, item: str, resolver: Any, magic: bool) -> Iterator[Source]:
    if resolver is not None and is_spec(place):
        separator = "" if place.endswith((":", "/")) else "/"
        yield from _by_spec(resolver, f"{place}{separator}{item}", item, magic)
        return
    for directory in sorted(glob.iglob(place)) if _is_glob(place) else [place]:
        yield from _by_path(directory, item, magic)


def _by_path(directory: str, item: str, magic: bool) -> Iterator[Source]:
    joined = os.path.join(directory, item)
    paths = glob.iglob(os.path.join(glob.escape(directory), item), recursive=True) if magic else [joined]
    for path in sorted(map(os.path.normpath, paths)):
        if magic and (os.path.basename(path) == BUILD_RECORD or not os.path.isfile(path)):
            continue
        source = _file_at(path, item, os.path.relpath(path, directory) if directory and magic else item)
        if source is not None:
            yield source


def _file_at(path: str, item: str, relative: str) -> Source | None:
    """The file at *path* as the source *item*; None when there is none. Raises BundleError for what is no file."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:  # ValueError: a character that no file name can have
        if isinstance(error, UnicodeEncodeError):
            check_name(path)
        return None
    if stat.S_ISDIR(mode):
        hint = f"{item.rstrip('/') + '/*'!r} is its files"
        raise BundleError(f"the source {item!r} is a directory ({path})", hint=hint)
    if not stat.S_ISREG(mode):
        raise BundleError(f"the source {item!r} is not a regular file ({path})")
    return Source(item, path, relative)


def _by_spec(resolver: Any, spec: str, item: str, magic: bool) -> Iterator[Source]:
    package, _, pattern = spec.partition(":")
    if not (magic and glob.has_magic(pattern)):
        found = _look(resolver, spec)
        if found is None:
            return
        if found.directory:
            raise BundleError(f"the source {item!r} is a directory", hint=f"{item.rstrip('/') + '/*'!r} is its files")
        yield Source(item, found.path, pattern, spec, found)
        return
    for path in sorted(_matching(resolver, package, "", [part for part in pattern.split("/") if part])):
        name = f"{package}:{path}"
        found = _look(resolver, name)
        if found is not None and not found.directory:
            yield Source(item, found.path, path, name, found)


def _matching(resolver: Any, package: str, directory: str, segments: Sequence[str]) -> set[str]:
    """The paths below *directory* of a package that *segments* of a glob match, in all layers together."""
    if not segments:
        return {directory}
    head, rest = segments[0], segments[1:]
    if not glob.has_magic(head):
        return _matching(resolver, package, _joined(directory, head), rest)
    result: set[str] = set()
    if head == "**":
        result |= _matching(resolver, package, directory, rest or ["*"])
    for name in _names(resolver, f"{package}:{directory}"):
        if name.startswith(".") and not head.startswith("."):
            continue
        if head == "**":
            result |= _matching(resolver, package, _joined(directory, name), segments)
        elif fnmatch.fnmatchcase(name, head):
            result |= _matching(resolver, package, _joined(directory, name), rest)
    return result


def _joined(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _names(resolver: Any, spec: str) -> list[str]:
    try:
        return list(resolver.resolve(spec).listdir())
    except (NotADirectoryError, FileNotFoundError):
        return []
    except ImportError as error:
        raise BundleError(f"{spec!r}: {error}", exception=error) from error


def source_at(resolver: Any, spec: str) -> Source | None:
    """The file at an asset spec, whose path is taken as it is written; None when there is none."""
    found = _look(resolver, spec)
    if found is None or found.directory:
        return None
    return Source(spec, found.path, spec.partition(":")[2], spec, found)


def _look(resolver: Any, spec: str) -> Any:
    """What stands at *spec* now: the resolver's `Found`, or None."""
    check_name(spec)
    try:
        return resolver.look(spec, anew=True)[1]
    except ImportError as error:
        raise BundleError(f"the source {spec!r} cannot be found: {error}", exception=error) from error
