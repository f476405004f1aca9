"""What can be wrong with what published files say of each other: one function for each rule, as in `rules`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from assetzcml.bundles.filters.cssrewrite import is_relative
from assetzcml.errors import NotPublished, Origin
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord
from assetzcml.reports.remarks import Remark, at
from assetzcml.reports.survey import Survey
from assetzcml.urls.cachebusters import DigestCacheBuster, ManifestCacheBuster, QueryStringCacheBuster, TreeCacheBuster
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.modules import Addresses, named, path_from
from assetzcml.urls.references import URLReference, everything, language_of

__all__ = [
    "FoundReference",
    "leaving",
    "not_taken_off",
    "nothing_there",
    "said",
    "said_by",
    "said_of",
    "two_names",
    "without_version",
]

MOST_READ = 4 << 20  # bytes, which `explain` reads in a second or two
LARGEST = 2 << 20  # bytes; a file that is larger was made by a tool that has looked at its references itself
OURS = (DigestCacheBuster, ManifestCacheBuster, QueryStringCacheBuster, TreeCacheBuster)
IMPORTS = ("import", "dynamic")
_NO_URL = frozenset("{}<>`")  # what no URL holds (RFC 3986, 2), and what a template puts one in


class FoundReference(NamedTuple):
    """
    One reference: in which asset, in which file of which layer, and what it leads to; None where nobody publishes that.

    *path* is what it leads to in the URLs of the application, None for what leads above the top. *leaves*: it leads out of
    the static view, so that under the version of a tree it leads somewhere else.
    """

    view: StaticViewRecord
    spec: AssetSpec
    reference: URLReference
    origin: Origin
    target: AssetSpec | None
    path: str | None = None
    leaves: bool = False
    bare: bool = False

    def __str__(self) -> str:
        return f"{str(self.spec)!r} refers to {self.reference.url!r}"

    @property
    def absolute(self) -> bool:
        """Does it begin with a slash?"""
        return self.reference.url.strip()[:1] == "/"


def said(site: Survey) -> list[FoundReference]:
    """Every reference of a published file to one of this application, in the file that is really served."""
    return [
        each
        for view in site.local_views
        if not view.file
        for spec in site.view_files(view)
        if spec not in site.made
        for each in said_by(site, view, spec)
    ]


def said_of(site: Survey, view: StaticViewRecord, target: AssetSpec) -> tuple[list[FoundReference], int]:
    """
    The references of other assets to *target*, which *view* publishes, and how many files were not read for them.

    What is nearest to it is read first, until that is as much as somebody who asks may wait for; `said` reads all.
    """
    files = [
        (each, spec)
        for each in sorted(site.local_views, key=lambda each: each != view)
        if not each.file
        for spec in site.view_files(each)
        if spec not in site.made and spec != target and language_of(spec.name) is not None
    ]
    files.sort(key=lambda file: -_shared(file[1], target))
    found: list[FoundReference] = []
    left = MOST_READ
    for number, (each, spec) in enumerate(files):
        left -= _size(site, spec)
        if left < 0:
            return found, len(files) - number
        found += (said for said in said_by(site, each, spec) if said.target == target)
    return found, 0


def _size(site: Survey, spec: AssetSpec) -> int:
    try:
        size: int = site.resolver.resolve(spec).size
    except OSError:  # gone, or a link that leads nowhere
        return 0
    return size if size <= LARGEST else 0  # which is not read


def _shared(spec: AssetSpec, other: AssetSpec) -> int:
    """How many segments two specs begin with together; -1 for two packages."""
    if spec.package != other.package:
        return -1
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(spec.parts, other.parts, strict=False)))


def said_by(site: Survey, view: StaticViewRecord, spec: AssetSpec) -> Iterator[FoundReference]:
    """The references of one asset."""
    if language_of(spec.name) is None:
        return
    path = site.resolver.resolve(spec).abspath()
    text = _text(path)
    for reference in everything(spec.name, text) if path is not None and text else ():
        found = _led(site, view, spec, reference, Origin(path or "", reference.line, reference.column))
        if found is not None:
            yield found


def _text(path: str | None) -> str:
    try:
        with open(path or "", "rb") as stream:
            content = stream.read(LARGEST + 1) if path else b""
            return content.decode("utf-8") if len(content) <= LARGEST else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _led(
    site: Survey, view: StaticViewRecord, spec: AssetSpec, reference: URLReference, origin: Origin
) -> FoundReference | None:
    """Where a reference leads; None for one that leads to no file of ours, and to where people go."""
    url = reference.url.strip()
    if reference.kind == "page" or url[:1] in ("?", "#") or not url or not _NO_URL.isdisjoint(url):
        return None
    if "$" in url and language_of(spec.name) == "html":  # the page is a template
        return None
    if reference.module and not url.startswith(("/", "./", "../")):
        target = named(site.snapshot, url, spec)
        return None if target is None else FoundReference(view, spec, reference, origin, target, bare=True)
    if not is_relative(url) and (url[:1] != "/" or url[:2] in ("//", "/\\")):
        return None
    addresses = site.snapshot.derived(Addresses)
    own = "/".join((*([view.name] if view.name else []), *spec.below(view.root)))
    path = path_from(own, url)
    leaves = path is None or (is_relative(url) and path_from("/".join(spec.below(view.root)), url) is None)
    found = None if path is None else addresses.at(path)
    return FoundReference(view, spec, reference, origin, found[1] if found is not None else None, path, leaves)


def nothing_there(site: Survey) -> Iterator[Remark]:
    """A reference to nothing."""
    for each in site.once(said):
        if each.leaves or each.target is None or each.reference.kind == "map":
            continue  # source maps are for developers, and often left at home
        if each.absolute and not _is_below(each):
            continue  # a page of the application may be there
        if not site.stands(each.target) and each.target not in site.made:
            yield Remark(each.origin, f"{each}, and no layer has {str(each.target)!r}")


def _is_below(each: FoundReference) -> bool:
    """Is what a path leads to below the same static view?"""
    return each.target is not None and each.target.under(each.view.root) and bool(each.view.name)


def without_version(site: Survey) -> Iterator[Remark]:
    """A reference that carries no version."""
    urls = site.registry.part(URLGenerator)
    for each in site.once(said):
        busting = _busting(urls, each.spec, DigestCacheBuster)
        if busting is None or each.target is None or each.bare or each.leaves or not site.stands(each.target):
            continue
        if each.reference.module and site.snapshot.modules:
            continue  # whoever declares modules begins pages with an import map, where every module below a digest is
        if each.reference.kind == "map":
            continue
        if each.reference.module:
            told = "a page that asks for that module by its URL loads it twice, unless it begins with import_map()"
        elif each.reference.kind in ("worker", "url"):
            told = "no import map acts on it, and what may be kept for ever asks for what is not the same for ever"
        else:
            told = "what may be kept for ever shows what is not the same for ever"
        yield Remark(each.origin, f"{each} by its plain name: {told}", also=_declared(busting, "digest"))


def leaving(site: Survey) -> Iterator[Remark]:
    """A reference that leaves its version."""
    urls = site.registry.part(URLGenerator)
    for each in site.once(said):
        if each.bare or each.reference.kind == "map":
            continue
        tree = _busting(urls, each.spec, TreeCacheBuster)
        also = () if tree is None else _declared(tree, "tree")
        if each.leaves and each.path is None:
            yield Remark(each.origin, f"{each}, which leads above the root of the application", also=also)
        elif each.leaves and tree is not None:
            told = f"{each}, which leads out of {each.view}: from below the version of the tree that is somewhere else"
            yield Remark(each.origin, told, also=also)
        elif each.leaves and each.target is None:
            yield Remark(
                each.origin, f"{each}, which leads out of {each.view} to '/{each.path}', where no static view is"
            )
        elif tree is not None and each.absolute and each.target is not None and site.stands(each.target):
            if not _is_two_names(urls, each):
                told = (
                    f"{each}, which begins with a slash: it carries no version, and shows what is not the same for ever"
                )
                yield Remark(each.origin, told, also=also)
        elif (
            tree is not None and each.target is not None and site.stands(each.target) and not _is_two_names(urls, each)
        ):
            other = _any_busting(urls, each.target)
            if other is not None and other is not tree:
                told = f"{each}, which has a version of its own: this reference does not carry it"
                yield Remark(each.origin, told, also=(*also, *_declared(other, "other")))


def two_names(site: Survey) -> Iterator[Remark]:
    """A module under two names."""
    urls = site.registry.part(URLGenerator)
    for each in site.once(said):
        if each.target is not None and site.stands(each.target) and _is_two_names(urls, each):
            other = _any_busting(urls, each.target)
            told = f"{each}, which a page asks for by another URL: the module is loaded twice, with two states"
            yield Remark(each.origin, told, also=() if other is None else _declared(other, "version"))


def _is_two_names(urls: URLGenerator, each: FoundReference) -> bool:
    """Does an import lead to a module by another URL than `static_path` gives it? Under a digest the import map sees to it."""
    if each.reference.kind not in IMPORTS or each.bare or each.leaves or each.target is None:
        return False
    own, other = _any_busting(urls, each.spec), _any_busting(urls, each.target)
    if other is None or not isinstance(other.buster, TreeCacheBuster):
        return False
    return each.absolute or other is not own


def _busting(urls: URLGenerator, spec: AssetSpec, kind: type) -> Busting | None:
    """The record of the buster of a *kind* that works on an asset."""
    found = _any_busting(urls, spec)
    return found if found is not None and isinstance(found.buster, kind) else None


def _any_busting(urls: URLGenerator, spec: AssetSpec) -> Busting | None:
    try:
        busting = urls.decide(spec, ask=False).busting
    except NotPublished:
        return None
    return busting.record if busting is not None else None


WORDS = {
    "digest": "the digest is declared at",
    "tree": "the tree is declared at",
    "other": "the other version is declared at",
    "version": "its version is declared at",
}


def _declared(busting: Busting, word: str) -> tuple[tuple[str, Origin], ...]:
    return () if busting.origin is None else ((WORDS[word], busting.origin),)


def not_taken_off(site: Survey) -> Iterator[Remark]:
    """A path that nobody takes apart again."""
    urls = site.registry.part(URLGenerator)
    told: set[int] = set()
    for view in site.local_views:
        for spec in site.view_files(view) if not view.file else ():
            busting = urls.decide(spec, ask=False).busting
            if busting is None or isinstance(busting.buster, OURS) or id(busting.record) in told:
                continue
            told.add(id(busting.record))
            if callable(getattr(busting.buster, "strip", None)):
                continue
            try:
                decision = urls.decide(spec)
            except Exception:  # it is the code of others; explain tells
                continue
            below = view.root.joined(part for part in decision.subpath.split("/") if part)
            if decision.subpath != decision.place.subpath and not site.stands(below):
                message = f"{busting.record}: it makes '{decision.path}' of {str(spec)!r}, which no static view answers"
                yield Remark(at(busting.record, "buster"), message)
