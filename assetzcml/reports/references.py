"""What can be wrong with what published files say of each other: one function for each rule, as in `rules`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from assetzcml.errors import NotPublished, Origin
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord
from assetzcml.reports.rules import Remark, at
from assetzcml.reports.survey import Site
from assetzcml.urls.cachebusters import DigestCacheBuster, ManifestCacheBuster, QueryStringCacheBuster, TreeCacheBuster
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.references import Reference, path_of, references

__all__ = ["not_taken_off", "nothing_there", "without_version"]

LARGEST = 2 << 20  # bytes; a file that is larger was made by a tool that has looked at its references itself
OURS = (DigestCacheBuster, ManifestCacheBuster, QueryStringCacheBuster, TreeCacheBuster)


class Said(NamedTuple):
    """One reference: in which asset, in which file of which layer, and what it leads to; None where it leaves the view."""

    view: StaticViewRecord
    spec: AssetSpec
    reference: Reference
    origin: Origin
    target: AssetSpec | None

    def __str__(self) -> str:
        return f"{str(self.spec)!r} refers to {self.reference.url!r}"


def said(site: Site) -> list[Said]:
    """Every relative reference of a published style sheet or script, in the file that is really served."""
    return list(_said(site))


def _said(site: Site) -> Iterator[Said]:
    for view in site.local_views:
        if view.file:
            continue
        for spec in site.view_files(view):
            if spec.name.rpartition(".")[2].lower() not in ("css", "js", "mjs") or spec in site.made:
                continue
            path = site.resolver.resolve(spec).abspath()
            text = _text(path)
            if path is None or not text:
                continue
            for reference in references(spec.name, text):
                origin = Origin(path, reference.line, reference.column)
                for parts in filter(None, [path_of(reference.url)]):
                    yield Said(view, spec, reference, origin, _led(view, spec, parts))


def _text(path: str | None) -> str:
    try:
        with open(path or "", "rb") as stream:
            return stream.read(LARGEST + 1)[: LARGEST + 1].decode("utf-8") if path else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _led(view: StaticViewRecord, spec: AssetSpec, parts: tuple[str, ...]) -> AssetSpec | None:
    """Where a path leads from an asset; None where it leaves the root."""
    place = list(spec.below(view.root)[:-1])
    for part in parts:
        if part != "..":
            place.append(part)
        elif place:
            place.pop()
        else:
            return None
    return view.root.joined(place)


def nothing_there(site: Site) -> Iterator[Remark]:
    """A reference to nothing."""
    for each in site.once(said):
        if each.target is not None and not site.stands(each.target) and each.target not in site.made:
            yield Remark(each.origin, f"{each}, and no layer has {str(each.target)!r}")


def without_version(site: Site) -> Iterator[Remark]:
    """A reference that carries no version."""
    urls = site.registry.part(URLGenerator)
    for each in site.once(said):
        busting = _digest_of(urls, each.spec)
        if busting is None or each.target is None or not site.stands(each.target):
            continue
        if each.reference.module:
            told = "a page that asks for that module by its URL loads it twice"
        else:
            told = "what may be kept for ever shows what is not the same for ever"
        yield Remark(each.origin, f"{each} by its plain name: {told}", also=_declared(busting))


def _digest_of(urls: URLGenerator, spec: AssetSpec) -> Busting | None:
    """The record of the digest buster that works on an asset."""
    try:
        busting = urls.decide(spec, ask=False).busting
    except NotPublished:
        return None
    return busting.record if busting is not None and isinstance(busting.buster, DigestCacheBuster) else None


def _declared(busting: Busting) -> tuple[tuple[str, Origin], ...]:
    return () if busting.origin is None else (("the digest is declared at", busting.origin),)


def not_taken_off(site: Site) -> Iterator[Remark]:
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
