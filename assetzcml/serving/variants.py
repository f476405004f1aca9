"""
Which file an asset is, in which layer, and which codings of it lie beside it there.

Looks at disks and archives; decides nothing about a request.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from assetzcml.late import glob
from assetzcml.records.assets import AssetSpec
from assetzcml.records.readers import CODINGS
from assetzcml.resolving.digests import DIGEST_LENGTH, digest_of, whole_digest
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, is_young
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.resolver import chosen
from assetzcml.resolving.search import Candidate
from assetzcml.resolving.spelling import stands_as_spelled
from assetzcml.serving.files import OpenFile, Refused, exhausted, open_below, read_version

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = [
    "TOLERANCE",
    "CodedFile",
    "Large",
    "Located",
    "Location",
    "Look",
    "every_file",
    "locate",
    "locations",
    "look",
    "variant_fault",
    "variant_name",
]

# Seconds by which a variant may be older than its asset: copying a tree, or a FAT filesystem, rounds times that much.
TOLERANCE = 2


class Location(NamedTuple):
    """
    A place in a layer: *parts* below the real directory *root*, or the *member* of an archive.

    *counterpart* is the root that the links of an installation which is made of links lead to; '' for every other.
    """

    root: str
    parts: tuple[str, ...]
    member: Traversable | None = None
    counterpart: str = ""

    @property
    def path(self) -> str:
        """The path it is opened by, links not resolved."""
        return "/".join((self.root, *self.parts))

    def beside(self, suffix: str) -> Location:
        """The place of a variant: the same with *suffix* at the end of the name."""
        if self.member is not None:
            return Location(self.root, self.parts, _sibling(self.member, suffix))
        return self._replace(parts=(*self.parts[:-1], self.parts[-1] + suffix))


class Located(NamedTuple):
    """The asset that the layers give: a file, or, where no layer has a file, a directory. *spec* is where it lies."""

    spec: AssetSpec
    location: Location
    directory: bool


class CodedFile(NamedTuple):
    """
    One coding of an asset, as it was when it was looked at: *coding* is None for the asset as it is.

    *digest* is that of its bytes; None where they were too many to read. What is in an archive has no *mtime_ns*, and
    its digest for a *fingerprint*.
    """

    coding: str | None
    location: Location
    size: int
    mtime_ns: int | None
    fingerprint: Fingerprint | str
    digest: str | None = None


class Look(NamedTuple):
    """What one look at an asset has found: the asset first, then its variants; and the *bytes* it has read, by coding."""

    sources: list[CodedFile]
    bytes: dict[str | None, bytes]


def locate(candidates: Iterable[Candidate], packages: Packages) -> Located | None:
    """
    The first file among *candidates*; where there is none, the first directory; None for neither.

    One look-up a place. What is neither is passed over, as the resolver does.
    """
    return chosen(_standing(candidates, packages))


def _standing(candidates: Iterable[Candidate], packages: Packages) -> Iterator[Located]:
    """What stands at each of *candidates*."""
    for candidate in candidates:
        for location in locations(candidate, packages):
            directory = _is_directory(location)
            if directory is not None:
                yield Located(candidate.spec, location, directory)


def every_file(candidates: Iterable[Candidate], packages: Packages) -> Iterator[Location]:
    """All files among *candidates*, the first of which `locate` gives; the others are hidden by it."""
    for candidate in candidates:
        for location in locations(candidate, packages):
            if _is_directory(location) is False:
                yield location


def locations(candidate: Candidate, packages: Packages) -> Iterator[Location]:
    """Where a candidate may be: in each portion of a namespace package, or in an archive."""
    spec, root = candidate.spec, candidate.root
    try:
        portions = packages.portions(spec.package)
    except ImportError:  # an override may name a package that is gone; what it covers is then looked for elsewhere
        return
    parts = spec.below(root)
    for portion in portions:
        if isinstance(portion, str):
            counterpart = _linked_from(portion) if root.package else ""
            place = "/".join((counterpart, *root.parts)) if counterpart else ""
            yield Location("/".join((portion, *root.parts)) or "/", parts, counterpart=place)
        else:
            yield Location("", spec.parts, portion.joinpath(*spec.parts))


def _linked_from(portion: str) -> str:
    """Where the `__init__.py` of a package leads to, when it is a link: an installation may be made of links."""
    module = f"{portion}/__init__.py"
    return os.path.dirname(os.path.realpath(module)) if os.path.islink(module) else ""


def _is_directory(location: Location) -> bool | None:
    """Is it a directory or a regular file (False); None for nothing, and for what is never opened: FIFOs, sockets, devices."""
    if location.member is not None:
        return True if location.member.is_dir() else False if location.member.is_file() else None
    try:
        mode = os.stat(location.path).st_mode
        if not stands_as_spelled(location.root, location.parts):
            return None
        return False if stat.S_ISREG(mode) else True if stat.S_ISDIR(mode) else None
    except OSError as error:
        if exhausted(error):
            raise
        return None
    except ValueError:  # a character that no file name can have
        return None


def look(
    located: Located,
    codings: Iterable[str],
    *,
    follow_symlinks: bool = False,
    closed: Callable[[str, str], bool] = lambda path, base: False,
    limit: int = 0,
    known: Iterable[CodedFile] = (),
    promised: str | None = None,
    variants: str | None = None,
    large: Large | None = None,
) -> Look:
    """
    The asset itself and its variants in its own layer, in the order of *codings*.

    A variant that is empty, no regular file, a link out of the root, or older than its asset by more than
    TOLERANCE is none. Up to *limit* bytes are read for a digest, unless one of the *known* sources is the same version. Their
    digests, and the *promised* one, are those of versions that there were.
    What has none beside it may have one in the directory *variants* (see `variant_name`); of an asset that is too large for
    a digest, *large* tells that of its bytes.
    Raises Refused, FileNotFoundError or OSError about the asset itself.
    """
    if located.location.member is not None:
        return _of_archive(located.location, codings, variants)
    digests = {(each.location.path, each.fingerprint): each.digest for each in known}
    believed = [each for each in (promised, *digests.values()) if each is not None]
    opening = partial(open_below, follow_symlinks=follow_symlinks, closed=closed)
    reading = _Reading(opening, limit, digests, believed)
    asset, status = reading.source(None, located.location)
    found = [asset]
    for coding in codings:
        location = located.location.beside(CODINGS[coding])
        try:
            if not _may_be_variant(os.stat(location.path), status):
                raise FileNotFoundError(location.path)
            variant, of_variant = reading.source(coding, location)
        except (Refused, OSError) as error:
            if isinstance(error, OSError) and exhausted(error):
                raise
            if variants:
                found += _elsewhere(asset, coding, variants, large, opening)
            continue
        if _may_be_variant(of_variant, status):
            found.append(variant)
        else:
            reading.read.pop(coding, None)
    return Look(found, reading.read)


class _Reading:
    """What one look opens and reads: up to *limit* bytes of each file, unless its digest is among those that are known."""

    __slots__ = ("_believed", "_digests", "_limit", "_opening", "read")

    def __init__(
        self,
        opening: Callable[..., OpenFile],
        limit: int,
        digests: Mapping[tuple[str, Any], str | None],
        believed: Sequence[str],
    ):
        self._opening = opening
        self._limit = limit
        self._digests = digests
        self._believed = believed
        self.read: dict[str | None, bytes] = {}

    def source(self, coding: str | None, location: Location) -> tuple[CodedFile, os.stat_result]:
        """The file at *location*. Raises Refused, FileNotFoundError or OSError."""
        descriptor, status = self._opening(location.root, location.parts, counterpart=location.counterpart)
        try:
            version, digest = fingerprint(status), None
            if status.st_size <= self._limit:
                digest = None if is_young(version) else self._digests.get((location.path, version))
                if digest is None:
                    self.read[coding], status = read_version(descriptor, self._believed)
                    version, digest = fingerprint(status), digest_of(self.read[coding])
        finally:
            os.close(descriptor)
        return CodedFile(coding, location, status.st_size, status.st_mtime_ns, version, digest), status


def _elsewhere(
    asset: CodedFile, coding: str, variants: str, large: Large | None, opening: Callable[..., OpenFile]
) -> Iterator[CodedFile]:
    """The variant of *asset* in the directory *variants*, if there is one. Its name says of which bytes it is."""
    digest = asset.digest
    if digest is None and large is not None:
        at = asset.location
        digest = large.digest(
            variants, CODINGS[coding], asset, lambda: opening(at.root, at.parts, counterpart=at.counterpart).descriptor
        )
    if digest is None:
        return
    location = Location(variants, variant_name(digest, asset.size, coding))
    try:
        descriptor, status = open_below(location.root, location.parts)
    except (Refused, FileNotFoundError, NotADirectoryError):
        return
    os.close(descriptor)
    if status.st_size:
        yield CodedFile(coding, location, status.st_size, status.st_mtime_ns, fingerprint(status))


class Large:
    """
    The digests of assets that are too large for one, where a directory of variants has something of their size.

    So most are never read for it. Each is kept while its file is the same.
    """

    KEPT = 1000

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[Any, str | None]] = {}

    def digest(self, variants: str, suffix: str, asset: CodedFile, opened: Callable[[], int]) -> str | None:
        """The digest of *asset*, which *opened* opens; None where no variant is of its size, or it changes meanwhile."""
        key = asset.location.path, suffix
        version, digest = self._known.get(key, (None, None))
        if version != asset.fingerprint:
            if isinstance(asset.fingerprint, str) or is_young(asset.fingerprint):
                return None
            digest = _read_digest(asset, opened()) if _some_of_size(variants, asset.size, suffix) else None
            while len(self._known) >= self.KEPT:
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = asset.fingerprint, digest
        return digest


def _some_of_size(variants: str, size: int, suffix: str) -> bool:
    return any(glob.iglob(os.path.join(glob.escape(variants), "??", f"*-{size}{suffix}")))


def _read_digest(asset: CodedFile, descriptor: int) -> str | None:
    """The digest of the version that *asset* is; None where it is another meanwhile."""
    with open(descriptor, "rb") as stream:
        digest = whole_digest(stream)[:DIGEST_LENGTH]
        same = fingerprint(os.fstat(descriptor)) == asset.fingerprint
    return digest if same else None


def variant_name(digest: str, size: int, coding: str) -> tuple[str, str]:
    """
    Where the variant of *size* plain bytes with this digest is in a directory of variants: a folder and a name.

    >>> variant_name("3f2a9c81b7d0", 1259, "br")
    ('3f', '3f2a9c81b7d0-1259.br')
    """
    return digest[:2], f"{digest}-{size}{CODINGS[coding]}"


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


def _of_archive(location: Location, codings: Iterable[str], variants: str | None) -> Look:
    look = Look([], {})
    for coding in (None, *codings):
        place = location if coding is None else location.beside(CODINGS[coding])
        member = place.member
        if member is None or not member.is_file():
            if variants and look.sources and coding is not None:
                look.sources.extend(_elsewhere(look.sources[0], coding, variants, None, open_below))
            continue
        data = member.read_bytes()
        if data or coding is None:
            digest = digest_of(data)
            look.sources.append(CodedFile(coding, place, len(data), None, digest, digest))
            look.bytes[coding] = data
    return look


def _sibling(member: Traversable, suffix: str) -> Traversable | None:
    parent = getattr(member, "parent", None)
    if parent is None:
        return None
    found: Traversable | None = parent.joinpath(member.name + suffix)
    return found
