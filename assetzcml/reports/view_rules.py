"""Rules of `check` for static views, their variants and cache busters: one function for each, which says what it found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assetzcml.errors import NotPublished, did_you_mean
from assetzcml.permissions import is_asynchronous
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord
from assetzcml.records.readers import CODINGS
from assetzcml.records.site import PermissionPolicy
from assetzcml.reports.remarks import Remark, against, at, some
from assetzcml.reports.survey import Survey, overlap
from assetzcml.serving.inquiries import Answers
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.inquiries import manifest_of, use_of

__all__ = [
    "also_unprotected",
    "busts_nothing",
    "entries_without_files",
    "faulty_variants",
    "files_without_entries",
    "links_out",
    "missing_pages",
    "pages_of_the_top",
    "permission_never_asked",
    "policy_is_asynchronous",
    "policy_never_asked",
    "publishes_nothing",
    "same_root",
    "shadowed",
    "undeclared_variants",
    "unmatched_names",
]

# Static views.


def shadowed(site: Survey) -> Iterator[Remark]:
    """A static view that is shadowed."""
    urls = site.registry.part(URLGenerator)
    for view in site.local_views:
        for other in site.local_views:
            below = _below(view, other)
            if view.file or below is None:
                continue
            spec = view.root.joined(below)
            if spec == other.root or spec in site.made:
                continue
            if site.stands(spec) and _published_by(urls, spec) is view:
                message = f"{view}: {str(spec)!r} has a URL that {other} answers, whose name is longer"
                yield Remark(at(view, "name"), message, also=against("the longer name is", other))


def _below(view: StaticViewRecord, other: StaticViewRecord) -> tuple[str, ...] | None:
    """The segments that lead from the name of *view* to the name of *other*; None when it is not below."""
    own, names = view.name.split("/") if view.name else [], other.name.split("/") if other.name else []
    return tuple(names[len(own) :]) if len(names) > len(own) and names[: len(own)] == own else None


def _published_by(urls: URLGenerator, spec: AssetSpec) -> StaticViewRecord | None:
    try:
        return urls.decide(spec, ask=False).view
    except NotPublished:
        return None


def same_root(site: Survey) -> Iterator[Remark]:
    """A static view that no URL is made with."""
    urls = site.registry.part(URLGenerator)
    for view in site.snapshot.views:
        winner = _published_by(urls, view.root) if view.root not in site.made else None
        if winner is None or winner is view or winner.root != view.root or winner.file != view.file:
            continue
        if winner.external and not view.external:
            continue  # it answers a CDN that fetches what it does not have
        message = f"{view}: no URL is made with this name: {winner} publishes the same root and is stronger"
        yield Remark(at(view, "path"), message, also=against("stronger is", winner))


def publishes_nothing(site: Survey) -> Iterator[Remark]:
    """A static view without files."""
    for view in site.local_views:
        outputs = any(site.published(bundle, [view.root]) for bundle in site.bundles)
        if not view.file and site.stands(view.root) and not site.files(view.root) and not outputs:
            yield Remark(at(view, "path"), f"{view}: there is no file in '{view.root}'")


def permission_never_asked(site: Survey) -> Iterator[Remark]:
    """A permission that nobody asks for."""
    for view in site.snapshot.views:
        if view.external and view.protected:
            message = (
                f"{view}: the permission {view.permission!r} is never asked for: others serve what is published there"
            )
            yield Remark(at(view, "permission"), message)


def policy_never_asked(site: Survey) -> Iterator[Remark]:
    """A permission policy that is never asked."""
    policy = site.snapshot.policy
    if not isinstance(policy, PermissionPolicy) or policy.origin is None:
        return  # that of a framework, which nobody declared
    if all(not getattr(utility.component, "protected", False) for utility in site.registry.registeredUtilities()):
        yield Remark(at(policy, "policy"), f"{policy}: nothing declares a permission, so it is never asked")


def policy_is_asynchronous(site: Survey) -> Iterator[Remark]:
    """A permission policy that only ASGI can wait for."""
    policy = site.snapshot.policy
    if isinstance(policy, PermissionPolicy) and is_asynchronous(policy.policy):
        message = (
            f"{policy}: its permits() is an 'async def', which permits nothing under WSGI, in make_app and in Pyramid"
        )
        yield Remark(at(policy, "policy"), message)


def links_out(site: Survey) -> Iterator[Remark]:
    """Assets behind links that are not followed."""
    answers = site.registry.part(Answers)
    for view in site.local_views:
        files = site.view_files(view)
        behind = [(spec, end) for spec in files for end in [answers.behind_link(view, spec)] if end]
        if behind:
            spec, end = behind[0]
            many = (
                f"{len(behind)} of {len(files)} files are links that are"
                if len(files) > 1
                else "the file is a link that is"
            )
            message = f"{view}: {many} not followed, and 404: they lead out of the root, or into another static view; "
            yield Remark(at(view, "path"), f"{message}'{spec}' leads to {end}")


def unmatched_names(site: Survey) -> Iterator[Remark]:
    """A pattern of names that no asset has."""
    for view in site.local_views:
        if not view.stated:
            continue  # it is for files that may come to be, and nobody can correct it
        paths = [spec.below(view.root) for spec in site.view_files(view)]
        patterns = [(match, f"the header {name!r}") for name, _, match in view.matched_headers]
        patterns += [(pattern, "immutable_names") for pattern in view.immutable_names]
        for pattern, place in patterns:
            if paths and not any(pattern.matches(path) for path in paths):
                attribute = "immutable_names" if place == "immutable_names" else "path"
                yield Remark(at(view, attribute), f"{view}: {str(pattern)!r} of {place} matches none of its assets")


PAGES = ("not_found", "single_page")


def missing_pages(site: Survey) -> Iterator[Remark]:
    """A page of a static view that nobody will see."""
    answers = site.registry.part(Answers)
    for view in site.local_views:
        for attribute in PAGES:
            name = getattr(view, attribute)
            if not name:
                continue
            spec = view.root.joined(name.split("/"))
            fault = answers.refusal(view, spec) if site.stands(spec) else f"no layer has '{spec}'"
            if fault:
                yield Remark(at(view, attribute), f"{view}: {attribute} {name!r} is not served: {fault}")


def pages_of_the_top(site: Survey) -> Iterator[Remark]:
    """A page for what is missing, where something else answers for it."""
    for view in site.local_views:
        for attribute in PAGES:
            if not view.name and getattr(view, attribute):
                message = f"{view}: at the top {attribute} counts in a StaticApp without a fallback only; "
                message += (
                    "make_app(), 'assetzcml serve' and all integrations have one, which answers for what is missing"
                )
                yield Remark(at(view, attribute), message)


def also_unprotected(site: Survey) -> Iterator[Remark]:
    """A protected root that is published unprotected."""
    for view in site.local_views:
        for other in site.local_views:
            exposed = view.root == other.root if other.file else view.root.under(other.root)
            if view.protected and not other.protected and exposed:
                message = (
                    f"{view}: what the permission {view.permission!r} protects is published without one by {other}"
                )
                yield Remark(at(view, "permission"), message, also=against("published at", other))


# Cache busters.


def entries_without_files(site: Survey) -> Iterator[Remark]:
    """Entries of a manifest without files."""
    for busting, spec, entries in _manifests(site):
        missing = [value for value in dict.fromkeys(entries.values()) if not site.stands(_named(busting, value))]
        if missing:
            message = f"{busting}: the manifest '{spec}' names {some(missing)}, which no layer of '{busting.path}' has"
            yield Remark(at(busting, "manifest"), message)


def files_without_entries(site: Survey) -> Iterator[Remark]:
    """Files without an entry in the manifest."""
    urls = site.registry.part(URLGenerator)
    for busting, manifest, entries in _manifests(site):
        named = {_named(busting, name) for pair in entries.items() for name in pair} | {manifest} | site.made
        missing = []
        roots = [view.root for view in site.snapshot.views if not view.file] + [each.source for each in site.merged]
        for root in dict.fromkeys(roots):
            if busting.explicit or not overlap(root, busting.path):
                continue
            for spec in site.files(max(root, busting.path, key=lambda each: len(each.parts))):
                use = None if spec in named or _is_variant(site, spec) else use_of(urls.decide(spec, ask=False))
                if use is not None and use.record == busting and spec not in missing:
                    missing.append(spec)
        if missing:
            names = some("/".join(spec.below(busting.path)) for spec in missing)
            yield Remark(at(busting, "manifest"), f"{busting}: the manifest '{manifest}' has no entry for {names}")


def _manifests(site: Survey) -> Iterator[tuple[Busting, AssetSpec, Any]]:
    for busting in site.snapshot.bustings:
        known = manifest_of(site.registry, busting)
        if known is not None:
            yield busting, *known


def _named(busting: Busting, name: str) -> AssetSpec:
    return busting.path.joined(part for part in name.split("/") if part not in ("", "."))


def _is_variant(site: Survey, spec: AssetSpec) -> bool:
    """Is it, by its name, a coding of an asset beside it?"""
    for suffix in CODINGS.values():
        if spec.name.endswith(suffix):
            return site.stands(AssetSpec(spec.package, (*spec.parts[:-1], spec.name.removesuffix(suffix))))
    return False


def busts_nothing(site: Survey) -> Iterator[Remark]:
    """A cache buster of what nobody publishes."""
    roots = {view.root for view in site.snapshot.views} | {each.source for each in site.merged}
    regions = site.regions()
    for busting in site.snapshot.bustings:
        if not any(overlap(busting.path, place) for place in (regions if busting.explicit else roots)):
            near = did_you_mean(str(busting.path), map(str, roots))
            yield Remark(at(busting, "path"), f"{busting}: no static view publishes anything of it", near)


# Variants.


def faulty_variants(site: Survey) -> Iterator[Remark]:
    """A variant that is not served."""
    answers = site.registry.part(Answers)
    for view in site.local_views:
        if not view.content_encodings:
            continue
        for spec in site.view_files(view):
            for variant in answers.variants(view, spec) if spec not in site.made else ():
                if variant.fault and variant.coding in view.content_encodings:
                    name = f"{spec}{CODINGS[variant.coding]}"
                    yield Remark(at(view, "content_encodings"), f"{view}: {name!r} is never served: {variant.fault}")


def undeclared_variants(site: Survey) -> Iterator[Remark]:
    """Variants of a coding that is not declared."""
    for view in site.local_views:
        files = site.view_files(view)
        if view.file:
            files = tuple(
                AssetSpec(s.package, (*s.parts[:-1], s.name + end)) for s in files for end in CODINGS.values()
            )
        for coding, suffix in CODINGS.items():
            lying = [spec for spec in files if spec.name.endswith(suffix) and _is_variant(site, spec)]
            lying = [spec for spec in lying if site.stands(spec)]
            if lying and coding not in view.content_encodings:
                message = f"{view}: {some(lying)} is never sent for the asset beside it: {coding} is not declared"
                yield Remark(at(view, "path"), message, f"add {coding} to content_encodings")
