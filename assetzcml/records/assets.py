"""Addresses of assets and the records that directives make. Values only: nothing here looks at a disk or at ZCML."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from zope.interface import implementer

from assetzcml.errors import InvalidSpec, shorten
from assetzcml.interfaces import (
    IBusting,
    IOverride,
    IStaticView,
)
from assetzcml.records.kinds import (
    BUSTERS,
    BY_FILE,
    FILES,
    OVERRIDES,
    UNRANKED,
    VIEWS,
    ComponentRecord,
    Kind,
    Record,
)
from assetzcml.records.patterns import Pattern
from assetzcml.records.readers import (
    ONE_HOUR,
    index_name,
    permission_name,
    refuse_as_file_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zope.interface import Interface

__all__ = ["Address", "AssetSpec", "Busting", "Override", "StaticViewRecord", "address", "asset_spec"]


_PACKAGE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_URL = re.compile(r"(?:https?|ftp|file|s3|gs)://", re.IGNORECASE)
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")  # of a drive, or of a share
_FOREIGN = re.compile(rf"[^\0\\]*[\0\\]|{_URL.pattern}|{_WINDOWS_PATH.pattern}", re.IGNORECASE).match  # of any of these
_LEADS_OUT = "name the package that it leads into"
_RELATIVE_PACKAGE = re.compile(r"\.+([^\W\d]\w*(\.[^\W\d]\w*)*)?")


@dataclass(frozen=True, slots=True, order=True)
class AssetSpec:
    """
    The address of an asset: a package and the segments of a path in it, or an absolute path (package '').

    Compared as written: `shop:admin/x` and `shop.admin:x` are two addresses.

    >>> print(asset_spec("shop:static//./app.css"))
    shop:static/app.css
    """

    package: str
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        path = "/".join(self.parts)
        return f"{self.package}:{path}" if self.package else f"/{path}"

    @property
    def absolute_path(self) -> bool:
        """Is it a path of the file system, which belongs to no package?"""
        return not self.package

    @property
    def name(self) -> str:
        """The last segment; '' for a whole package."""
        return self.parts[-1] if self.parts else ""

    def under(self, root: AssetSpec) -> bool:
        """Is it *root* or something below it, by segments: 'shop:static2/x' is not under 'shop:static'."""
        return self.package == root.package and self.parts[: len(root.parts)] == root.parts

    def below(self, root: AssetSpec) -> tuple[str, ...]:
        """The segments that lead from *root*, which it is under, to here."""
        return self.parts[len(root.parts) :]

    def joined(self, parts: Iterable[str]) -> AssetSpec:
        """The asset that *parts* lead to from here."""
        return AssetSpec(self.package, self.parts + tuple(parts))

    def beside(self, name: str) -> AssetSpec:
        """The asset *name* in the same directory."""
        return AssetSpec(self.package, (*self.parts[:-1], name))

    def moved(self, target: AssetSpec, source: AssetSpec) -> AssetSpec:
        """The same place below *source* as this has below *target*."""
        return AssetSpec(source.package, source.parts + self.parts[len(target.parts) :])


def asset_spec(
    text: str | os.PathLike[str] | AssetSpec, package: str = "", directory: str = "", *, whole: bool = False
) -> AssetSpec:
    """
    Read a spec, normalised: `a//b` and `./a` collapse. A path object is the text it stands for.

    *package* is what relative forms are relative to; where it is empty, *directory*, an absolute path, is.
    With neither, a relative spec is refused. With *whole*, a text with neither a colon nor a leading '/'
    is a whole package (what `to_override` and `override_with` mean).

    Raises InvalidSpec, a ValueError, that says what is wrong and what would be right.

    >>> print(asset_spec("static/app.css", package="shop"))
    shop:static/app.css
    >>> print(asset_spec(".admin:x", package="shop"))
    shop.admin:x
    >>> print(asset_spec("shop", whole=True))
    shop:
    """
    if isinstance(text, AssetSpec):
        return text
    if isinstance(text, os.PathLike):
        text = os.fspath(text)
    if not isinstance(text, str):
        raise InvalidSpec(f"an asset spec is a text such as 'package:path', not {text!r}")
    if _FOREIGN(text):
        raise _foreign(text)
    if text.startswith("/"):
        return AssetSpec("", _segments(text, text))
    name, colon, path = text.partition(":")
    if not colon:
        return _relative_spec(text, package, directory, whole)
    if path.startswith("/"):
        raise InvalidSpec(
            f"{text!r} is not an asset spec: the path in a package has no leading '/'; write '{name}:{path.lstrip('/')}'"
        )
    return AssetSpec(_package_name(name, package, text), _segments(path, text))


def _foreign(text: str) -> InvalidSpec:
    """What is wrong with a path of Windows, a URL, or a text that holds what no path may."""
    if _WINDOWS_PATH.match(text):
        path = re.sub(r"^[A-Za-z]:", "", text).replace("\\", "/")
        return InvalidSpec(f"{text!r} is a Windows path, and no asset spec; write {path!r}, as a POSIX system has it")
    if text.startswith("file:///"):
        return InvalidSpec(f"{text!r} is a URL, and no asset spec; write {text.removeprefix('file://')!r}")
    if _URL.match(text):
        return InvalidSpec(
            f'{text!r} is a URL, and no asset spec; write name="{text}" path="package:static": '
            "the path is what is published there"
        )
    word = "NUL" if "\0" in text else "a backslash"
    right = text.replace("\\", "/").replace("\0", "")
    return InvalidSpec(f"{text!r} is not an asset spec: it holds {word}; write {right!r}")


def _relative_spec(text: str, package: str, directory: str, whole: bool) -> AssetSpec:
    """The asset that a text without a colon means; its arguments are those of `asset_spec`."""
    if not text:
        raise InvalidSpec("an asset spec is empty; 'package:path', '/absolute/path' or a relative path was expected")
    if whole and "/" in text:
        hint = f"write '{package or 'package'}:{text}'"
        raise InvalidSpec(f"{text!r} has no colon, so it should be the name of a whole package; {hint}")
    if whole:
        return AssetSpec(_package_name(text, package, text))
    if package:
        return AssetSpec(package, _segments(text, text))
    if directory:
        return AssetSpec("", _segments(f"{directory}/{text}", text))
    raise InvalidSpec(
        f"{text!r} is a relative path, and there is nothing it is relative to; 'package:{text}' was expected"
    )


class Address(NamedTuple):
    """One side of an override: a spec, and whether it was written as a directory (or is a whole package)."""

    spec: AssetSpec
    directory: bool


def address(text: str | os.PathLike[str] | AssetSpec, package: str = "", directory: str = "") -> Address:
    """
    Read a side of an override: a value with neither a colon nor a leading '/' is a whole package, as in Pyramid.

    Raises InvalidSpec, a ValueError.

    >>> address("shop:static/").directory, address("shop").directory, address("shop:a.css").directory
    (True, True, False)
    """
    spec = asset_spec(text, package, directory, whole=True)
    written = os.fspath(text) if isinstance(text, os.PathLike) else str(text)
    return Address(spec, written.endswith("/") or not spec.parts)


def _package_name(name: str, package: str, text: str) -> str:
    if not name:
        raise InvalidSpec(f"{text!r} is not an asset spec: the package is empty; 'package:path' was expected")
    if _PACKAGE.fullmatch(name):
        return name
    if not _RELATIVE_PACKAGE.fullmatch(name):
        raise InvalidSpec(f"{text!r} is not an asset spec: {name!r} is not the name of a package")
    if not package:
        raise InvalidSpec(f"{text!r} begins with a dot, and there is no package it is relative to")
    stem = name.lstrip(".")
    steps = package.split(".")
    up = len(name) - len(stem) - 1
    if up >= len(steps):
        raise InvalidSpec(f"{text!r} leads above the top of the package {package!r}")
    return ".".join(steps[: len(steps) - up] + ([stem] if stem else []))


def _segments(path: str, text: str) -> tuple[str, ...]:
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        plain = posixpath.normpath(path)
        if not text.endswith(path):  # of a path that is relative to a directory
            leads = "write the path it leads to"
        else:
            leads = _LEADS_OUT if plain.startswith("..") else f"write {text.removesuffix(path) + plain!r}"
        raise InvalidSpec(f"{text!r} is not an asset spec: '..' is not followed; {leads}")
    return parts


_FILE_OPTIONS = ("cache_max_age", "permission", "content_encodings")
_VIEW_OPTIONS = (*_FILE_OPTIONS, "index", "reload", "follow_symlinks", "dotfiles", "not_found", "single_page")


@implementer(IStaticView)
@dataclass(frozen=True, slots=True, kw_only=True)
class StaticViewRecord(Record):
    """What `staticView` and `staticFile` declare: a root (or one file, when *file*) under a name."""

    provided: ClassVar[type[Interface]] = IStaticView
    ranked: ClassVar[str] = BY_FILE

    name: str
    root: AssetSpec
    file: bool = False
    cache_max_age: int = ONE_HOUR
    permission: str | None = None
    content_encodings: tuple[str, ...] = ()
    index: str = "index.html"
    reload: bool | None = None
    follow_symlinks: bool | None = None
    dotfiles: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    matched_headers: tuple[tuple[str, str, Pattern], ...] = ()
    immutable_names: tuple[Pattern, ...] = ()
    not_found: str = ""
    single_page: str = ""
    send: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        index_name(self.index)
        if self.file:
            refuse_as_file_name(self.name)
        if self.permission is not None:
            permission_name(self.permission)

    @property
    def listed_as(self) -> Kind:  # type: ignore[override]
        """Files and views are told apart in `list`."""
        return FILES if self.file else VIEWS

    @property
    def directive(self) -> str:
        """Which of the two said it."""
        return "staticFile" if self.file else "staticView"

    @property
    def protected(self) -> bool:
        """Is a client asked for a permission? No answer is then for everybody."""
        return self.permission is not None

    @property
    def external(self) -> bool:
        """Is the name an external base URL, which others serve?"""
        return "//" in self.name

    @property
    def discriminator(self) -> tuple[str, str]:
        return "staticView", self.name

    @property
    def key(self) -> str:
        """As `Record.key`."""
        return self.name

    def __str__(self) -> str:
        return f"{self.directive} {shorten(self.name or '/')}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`: those that its directive has."""
        said: dict[str, Any] = {"name": self.name or "/", "path": str(self.root)}
        for name in _FILE_OPTIONS if self.file else _VIEW_OPTIONS:
            value = getattr(self, name)
            said[name] = list(value) if isinstance(value, tuple) else value
        if not self.file:
            said["immutable_names"] = [str(pattern) for pattern in self.immutable_names]
            said["send"] = " ".join(self.send).strip().lower() if self.send else None
        matched = ([name, value, str(match)] for name, value, match in self.matched_headers)
        return {**said, "headers": [*map(list, self.headers), *matched]}

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"of {str(self.root)!r}"

    def prefixed(self, prefix: str) -> Mapping[str, Any]:
        """As `Record.prefixed`; an external name stays."""
        return {} if self.external else {"name": f"{prefix}/{self.name}".rstrip("/")}


@implementer(IOverride)
@dataclass(frozen=True, slots=True, kw_only=True)
class Override(Record):
    """
    What `asset` declares: *source* is looked at before *target*. Both are files, or both are directories.

    One that is *merged* makes *target*, a root of no package's own, of *source* and others like it (what a framework
    publishes under one name): it is published with *target*, and it stands behind every override of any of them.
    """

    provided: ClassVar[type[Interface]] = IOverride
    listed_as: ClassVar[Kind] = OVERRIDES
    stacks: ClassVar[bool] = True

    target: AssetSpec
    source: AssetSpec
    file: bool
    merged: bool = False

    def covers(self, spec: AssetSpec) -> bool:
        """Is *spec* the target, or below a target that is a directory?"""
        return spec == self.target if self.file else spec.under(self.target)

    @property
    def discriminator(self) -> tuple[str, str, str]:
        return "asset", self.written(self.target), self.written(self.source)

    @property
    def key(self) -> str:
        """As `Record.key`."""
        return f"{self.written(self.target)} <- {self.written(self.source)}"

    def written(self, spec: AssetSpec) -> str:
        """*spec* as it has to be written: a directory with its slash."""
        return str(spec) if self.file or not spec.parts else f"{spec}/"

    def __str__(self) -> str:
        return f"asset {shorten(self.written(self.target))}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        return {"to_override": self.written(self.target), "override_with": self.written(self.source)}

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"with {self.written(self.source)!r}"


@implementer(IBusting)
@dataclass(frozen=True, slots=True, kw_only=True)
class Busting(ComponentRecord):
    """What `cacheBuster` declares: *buster* works on what is below *path*."""

    provided: ClassVar[type[Interface]] = IBusting
    listed_as: ClassVar[Kind] = BUSTERS
    ranked: ClassVar[str] = UNRANKED
    component: ClassVar[str] = "buster"

    path: AssetSpec
    buster: Any
    explicit: bool = False

    @property
    def discriminator(self) -> tuple[str, str, bool]:
        return "cacheBuster", str(self.path), self.explicit

    @property
    def key(self) -> str:
        """As `Record.key`."""
        return f"explicit {self.path}" if self.explicit else str(self.path)

    def __hash__(self) -> int:
        return hash((self.path, self.explicit))  # a cache buster need not be hashable

    def __str__(self) -> str:
        return f"cacheBuster {shorten(str(self.path))}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        return {"path": str(self.path), "explicit": self.explicit, "buster": self.told()}

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"(explicit) {self.told()}" if self.explicit else self.told()
