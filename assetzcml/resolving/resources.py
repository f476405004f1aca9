"""The resources of a package, through overrides: what importlib.resources gives to who asks for one."""

from __future__ import annotations

import contextlib
import fnmatch
import importlib.machinery
import importlib.resources
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from assetzcml.records.assets import AssetSpec
from assetzcml.resolving.packages import Found

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable, TraversableResources
else:
    try:
        from importlib.resources.abc import Traversable, TraversableResources
    except ImportError:  # Python 3.10
        from importlib.abc import Traversable, TraversableResources

__all__ = ["Overriding", "Reader", "Resource", "addressable"]


class Overriding(Protocol):
    """Who says what overrides a resource: the hook."""

    def look(self, spec: AssetSpec) -> Found | None: ...
    def names(self, spec: AssetSpec) -> Iterable[str] | None: ...
    def touches(self, spec: AssetSpec) -> bool: ...


def addressable(parts: Iterable[str]) -> bool:
    """May these segments lead to an asset?"""
    return not any(part == ".." or "\0" in part or "\\" in part for part in parts)


class Reader(TraversableResources):
    """The resources of one package, through overrides."""

    def __init__(self, hook: Overriding, package: str, original: Callable[[], Any]):
        self._root = Resource(hook, AssetSpec(package), original)

    def files(self) -> Resource:
        return self._root

    def open_resource(self, resource: str | os.PathLike[str]) -> Any:
        return self._root.joinpath(resource).open("rb")

    def resource_path(self, resource: str | os.PathLike[str]) -> str:
        """The path of the real file. Raises FileNotFoundError where there is none."""
        asked = self._root.joinpath(resource)
        path = standing_path(asked)
        if path is None:
            raise FileNotFoundError(os.fspath(resource))
        return str(path)

    def is_resource(self, path: str | os.PathLike[str]) -> bool:
        return bool(self._root.joinpath(path).is_file())

    def contents(self) -> Iterator[str]:
        return (each.name for each in self._root.iterdir())


class Resource(Traversable):
    """
    A place in a package, asked anew at each call: the overriding file where there is one, else the original.

    Where a real file stands it can be used like its `pathlib.Path`, and is an instance of it; its name is the one that
    was asked for. Directories show the names of all layers. Writing goes to the original.
    """

    def __init__(self, hook: Overriding, spec: AssetSpec, package_files: Callable[[], Any]):
        self._hook = hook
        self._spec = spec
        self._package_files = package_files

    @property
    def assetzcml_original(self) -> Any:
        """What stands here without overrides: what `assetzcml.resolving.resolver` looks at."""
        place = self._package_files()
        for part in self._spec.parts:
            place = place.joinpath(part)
        return place

    @property  # type: ignore[misc]  # object's may be set, this one only asks
    def __class__(self) -> type:
        return _PathFace if standing_path(self) is not None else Resource

    @property
    def name(self) -> str:
        return self._spec.name or self._spec.package.rpartition(".")[2]

    @property
    def parent(self) -> Any:
        if not self._spec.parts:
            return self.assetzcml_original.parent
        return Resource(self._hook, AssetSpec(self._spec.package, self._spec.parts[:-1]), self._package_files)

    def joinpath(self, *descendants: Any) -> Any:
        """The place below; one outside of the package ('..', an absolute path) is an ordinary path."""
        texts = [os.fspath(each) if isinstance(each, os.PathLike) else str(each) for each in descendants]
        parts = [part for text in texts for part in PurePosixPath(text).parts]
        if not addressable(parts) or any(part.startswith("/") for part in parts):
            return self.assetzcml_original.joinpath(*descendants)
        return Resource(self._hook, self._spec.joined(parts), self._package_files)

    def __truediv__(self, child: Any) -> Any:
        return self.joinpath(child)

    def is_file(self) -> bool:
        found = self._found()
        return not found.directory if found is not None else self._original_is("is_file")

    def is_dir(self) -> bool:
        found = self._found()
        if found is not None:
            return found.directory
        return self._hook.names(self._spec) is not None or self._original_is("is_dir")

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def iterdir(self) -> Iterator[Any]:
        names = self._hook.names(self._spec)
        if names is None:
            return iter(self.assetzcml_original.iterdir())
        return (self.joinpath(name) for name in names)

    def glob(self, pattern: str | os.PathLike[str], **options: Any) -> Iterator[Any]:
        """What `pathlib.Path.glob` gives, of all layers."""
        text = os.fspath(pattern)
        parts = PurePosixPath(text).parts
        if not parts:
            raise ValueError(f"Unacceptable pattern: {text!r}")
        if PurePosixPath(text).is_absolute():
            raise NotImplementedError("Non-relative patterns are unsupported")
        seen = set()
        for found in _selected(self, parts):
            if found._spec not in seen:
                seen.add(found._spec)
                yield found

    def rglob(self, pattern: str | os.PathLike[str], **options: Any) -> Iterator[Any]:
        """What `pathlib.Path.rglob` gives, of all layers."""
        return self.glob(f"**/{os.fspath(pattern)}", **options)

    def walk(self, top_down: bool = True, on_error: Any = None, follow_symlinks: bool = False) -> Iterator[Any]:
        """What `pathlib.Path.walk` gives since Python 3.12, of all layers."""
        entries = list(self.iterdir())
        directories = [entry.name for entry in entries if entry.is_dir()]
        files = [entry.name for entry in entries if not entry.is_dir()]
        if top_down:
            yield self, directories, files
        for name in directories:
            yield from self.joinpath(name).walk(top_down, on_error, follow_symlinks)
        if not top_down:
            yield self, directories, files

    def open(self, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        found = self._found()
        if found is None or found.directory or set(mode) & set("wax+"):
            return self.assetzcml_original.open(mode, *arguments, **options)
        if found.path is not None:
            return open(found.path, mode, *arguments, **options)
        member: Any = found.member
        return member.open(mode, *arguments, **options)

    def read_bytes(self) -> bytes:
        with self.open("rb") as stream:
            return bytes(stream.read())

    def read_text(self, encoding: str | None = None, errors: str | None = None, newline: str | None = None) -> str:
        with self.open("r", encoding=encoding, errors=errors, newline=newline) as stream:
            return str(stream.read())

    def __fspath__(self) -> str:
        path = standing_path(self)
        if path is None:
            raise TypeError(f"{self} is in an archive and has no path; importlib.resources.as_file makes a file of it")
        return str(path)

    def __str__(self) -> str:
        found = self._found()
        path = standing_path(self)
        return str(path if path is not None else found.member if found is not None else self.assetzcml_original)

    def __repr__(self) -> str:
        return f"<Resource {self._spec} at {self}>"

    def __eq__(self, other: object) -> bool:
        if type(other) is Resource:
            return (self._hook, self._spec) == (other._hook, other._spec)
        return isinstance(other, PurePath) and standing_path(self) == other

    def __hash__(self) -> int:
        path = standing_path(self)
        return hash(self._spec if path is None else path)

    def __lt__(self, other: Any) -> bool:
        if type(other) is Resource:
            return self._spec < other._spec
        path = standing_path(self)
        return path < other if path is not None else NotImplemented

    def __getattr__(self, name: str) -> Any:
        """Everything else a path has."""
        if name.startswith("__") or name == "assetzcml_original":
            raise AttributeError(name)
        path = standing_path(self)
        return getattr(self.assetzcml_original if path is None else path, name)

    def _found(self) -> Found | None:
        return self._hook.look(self._spec)

    def _original_is(self, question: str) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(getattr(self.assetzcml_original, question)())
        return False


def _selected(resource: Resource, parts: Sequence[str]) -> Iterator[Resource]:
    """The resources below *resource* that the segments of a pattern match; '**' is any number of directories."""
    if not parts:
        yield resource
        return
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _selected(resource, rest)
        for child in resource.iterdir() if resource.is_dir() else ():
            if child.is_dir():
                yield from _selected(child, parts)
        return
    for child in resource.iterdir() if resource.is_dir() else ():
        if fnmatch.fnmatchcase(child.name, first) and (not rest or child.is_dir()):
            yield from _selected(child, rest)


# Never instantiated: what a Resource with a real path says it is, so that `isinstance(resource, Path)` holds.
_PathFace = type("Resource", (type(Path()),), {"__module__": __name__, "__doc__": Resource.__doc__})


def standing_path(resource: Resource) -> Path | None:
    """
    The path of what stands there: a file's own, a directory's original one.

    None where it is in an archive, and for a directory of a namespace package that several portions have.
    """
    found = resource._found()
    if found is not None and not found.directory:
        return Path(found.path) if found.path is not None else None
    with contextlib.suppress(OSError, ValueError):
        original = resource.assetzcml_original
        if isinstance(original, Path) and (found is None or original.is_dir()):
            return original
    if found is None or found.path is None or resource._original_is("is_dir"):
        return None
    return Path(found.path)


_AS_FILE: Any = importlib.resources.as_file  # a function of `singledispatch`, which type checkers are not told


@_AS_FILE.register(_PathFace)
@contextlib.contextmanager
def _as_file(resource: Resource) -> Iterator[Path]:
    """The real file; of a directory that no override touches the real directory, else a copy of all its layers."""
    path = standing_path(resource)
    assert path is not None
    if not path.is_dir() or not resource._hook.touches(resource._spec):
        yield path
        return
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory, resource.name)
        _copy(resource, copy)
        yield copy


def _copy(resource: Any, target: Path) -> None:
    if resource.is_dir():
        target.mkdir()
        for child in resource.iterdir():
            _copy(child, target / child.name)
        return
    with resource.open("rb") as source, open(target, "wb") as copy:
        shutil.copyfileobj(source, copy)
