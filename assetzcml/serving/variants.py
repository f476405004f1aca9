"""
Which file an asset is, in which layer, and which codings of it lie beside it there.

Looks at disks and archives; decides nothing about a request.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from assetzcml.records.assets import AssetSpec
from assetzcml.resolving.digests import digest_of
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.search import Candidate
from assetzcml.serving.codings import CODINGS
from assetzcml.serving.files import Fingerprint, Refused, exhausted, fingerprint, open_below

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["TOLERANCE", "Located", "Location", "Source", "locate", "real_roots", "sources", "variant_fault"]

# Seconds by which a variant may be older than its asset: copying a tree, or a FAT filesystem, rounds times that much.
TOLERANCE = 2


class Location(NamedTuple):
    """A place in a layer: *parts* below the real directory *root*, or the *member* of an archive."""

    root: str
    parts: tuple[str, ...]
    member: Traversable | None = None

    @property
    def path(self) -> str:
        """The path it is opened by, links not resolved."""
        return "/".join((self.root, *self.parts))

    def beside(self, suffix: str) -> Location:
        """The place of a variant: the same with *suffix* at the end of the name."""
        if self.member is not None:
            return Location(self.root, self.parts, _sibling(self.member, suffix))
        return Location(self.root, (*self.parts[:-1], self.parts[-1] + suffix))


class Located(NamedTuple):
    """The asset that the layers give: a file, or, where no layer has a file, a directory. *spec* is where it lies."""

    spec: AssetSpec
    location: Location
    directory: bool


class Source(NamedTuple):
    """
    One coding of an asset, as it was when it was looked at: *coding* is None for the asset as it is.

    What is in an archive has no *mtime_ns*, and the digest of its bytes for a *fingerprint*.
    """

    coding: str | None
    location: Location
    size: int
    mtime_ns: int | None
    fingerprint: Fingerprint | str


def locate(candidates: Iterable[Candidate], packages: Packages) -> Located | None:
    """
    The first file among *candidates*; where there is none, the first directory; None for neither.

    One look-up a place. A directory in one layer does not hide a file in another.
    """
    directory = None
    for candidate in candidates:
        for location in _locations(candidate, packages):
            kind = _is_directory(location)
            if kind is False:
                return Located(candidate.spec, location, False)
            if kind and directory is None:
                directory = Located(candidate.spec, location, True)
    return directory


def _locations(candidate: Candidate, packages: Packages) -> Iterator[Location]:
    """Where a candidate may be: in each portion of a namespace package, or in an archive."""
    spec, root = candidate.spec, candidate.root
    try:
        portions = packages.portions(spec.package)
    except ImportError:  # an override may name a package that is gone; what it covers is then looked for elsewhere
        return
    parts = spec.below(root)
    for portion in portions:
        if isinstance(portion, str):
            yield Location("/".join((portion, *root.parts)) or "/", parts)
        else:
            yield Location("", spec.parts, portion.joinpath(*spec.parts))


def real_roots(candidates: Iterable[Candidate], packages: Packages) -> Iterator[str]:
    """The real paths of all places where a root may be; archives have none."""
    for candidate in candidates:
        for location in _locations(candidate, packages):
            if location.member is None:
                yield os.path.realpath(location.path)


def _is_directory(location: Location) -> bool | None:
    """Is it a directory; None where there is nothing."""
    if location.member is not None:
        return True if location.member.is_dir() else False if location.member.is_file() else None
    try:
        return stat.S_ISDIR(os.stat(location.path).st_mode)
    except OSError as error:
        if exhausted(error):
            raise
        return None
    except ValueError:  # a character that no file name can have
        return None


def sources(
    located: Located,
    codings: Iterable[str],
    *,
    follow_symlinks: bool = False,
    closed: Callable[[str, str], bool] = lambda path, base: False,
) -> list[Source]:
    """
    The asset itself and its variants in its own layer, in the order of *codings*.

    A variant that is empty, no regular file, a link out of the root, or older than its asset by more than
    TOLERANCE is none. Raises Refused, FileNotFoundError or OSError about the asset itself.
    """
    if located.location.member is not None:
        return list(_of_archive(located.location, codings))

    def look(location: Location) -> os.stat_result:
        opened = open_below(location.root, location.parts, follow_symlinks=follow_symlinks, closed=closed)
        os.close(opened.descriptor)
        return opened.status

    status = look(located.location)
    found = [_source(None, located.location, status)]
    for coding in codings:
        location = located.location.beside(CODINGS[coding])
        try:
            if not _may_be_variant(os.stat(location.path), status):
                continue
            variant = look(location)
        except Refused:
            continue
        except OSError as error:
            if exhausted(error):
                raise
            continue
        if _may_be_variant(variant, status):
            found.append(_source(coding, location, variant))
    return found


def _source(coding: str | None, location: Location, status: os.stat_result) -> Source:
    return Source(coding, location, status.st_size, status.st_mtime_ns, fingerprint(status))


def _may_be_variant(variant: os.stat_result, asset: os.stat_result) -> bool:
    """By what `stat` says."""
    return not variant_fault(variant, asset)


def variant_fault(variant: os.stat_result, asset: os.stat_result) -> str:
    """Why what lies beside an asset is no variant of it, by what `stat` says; '' when it may be one."""
    if not stat.S_ISREG(variant.st_mode):
        return "it is no regular file"
    if variant.st_size == 0:
        return "it is empty"
    older = (asset.st_mtime_ns - variant.st_mtime_ns) / 1_000_000_000
    return f"it is {older:.1f} seconds older than its asset" if older > TOLERANCE else ""


def _of_archive(location: Location, codings: Iterable[str]) -> Iterator[Source]:
    for coding in (None, *codings):
        place = location if coding is None else location.beside(CODINGS[coding])
        member = place.member
        if member is None or not member.is_file():
            continue
        data = member.read_bytes()
        if data or coding is None:
            yield Source(coding, place, len(data), None, digest_of(data))


def _sibling(member: Traversable, suffix: str) -> Traversable | None:
    parent = getattr(member, "parent", None)
    if parent is None:
        return None
    return parent.joinpath(member.name + suffix)
