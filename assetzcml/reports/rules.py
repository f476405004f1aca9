"""
What can be wrong with a configuration that loads: one function for each rule, which looks and says what it found.

The table of all rules is in `findings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from assetzcml.errors import NotPublished, Origin, did_you_mean, few
from assetzcml.pages.application import Pages
from assetzcml.permissions import is_asynchronous
from assetzcml.records.assets import AssetSpec, Busting, Override, PermissionPolicy, StaticViewRecord
from assetzcml.records.bundles import BundleContents, BundleRecord, EnvironmentOption
from assetzcml.records.pages import Route, View
from assetzcml.records.readers import CODINGS
from assetzcml.reports.survey import Survey, overlap
from assetzcml.resolving.neighbours import nearest_beside
from assetzcml.serving.inquiries import Answers
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.inquiries import manifest_of, use_of

__all__ = ["Looked", "Remark", "at"]

SHOWN = 3  # things of one kind that a finding names one by one


class Remark(NamedTuple):
    """What a rule found: where, one sentence, a hint of its own, and the other places that take part."""

    origin: Origin | None
    message: str
    hint: str = ""
    also: tuple[tuple[str, Origin], ...] = ()


Looked = Callable[[Survey], Iterator[Remark]]


def at(record: Any, attribute: str) -> Origin | None:
    """The place of an attribute of a record; None where only Python knows it."""
    return None if record.origin is None else record.origin.attribute(attribute)


def _against(word: str, record: Any) -> tuple[tuple[str, Origin], ...]:
    return () if record.origin is None else ((word, record.origin),)


def _some(items: Iterable[Any]) -> str:
    """The first few of *items*, and how many there are more."""
    return few([repr(str(item)) for item in items], SHOWN)


# Files that were read.


def same_include_twice(site: Survey) -> Iterator[Remark]:
    """A file that one file includes twice."""
    for load in site.registry.loads:
        first: dict[Any, Any] = {}
        for include in load.includes:
            document = getattr(include.origin, "document", None)
            known = first.setdefault((id(document), include.real), include)
            if known is not include:
                message = f"{include.path} is included again by the same file"
                yield Remark(include.origin, message, also=(("first included at", known.origin),))


def hidden_conflict(site: Survey) -> Iterator[Remark]:
    """A conflict that a stronger declaration hides."""
    losers: dict[Any, Any] = {}
    for loss in site.snapshot.losses:
        document = getattr(loss.loser.origin, "document", None)
        if loss.reason == "overridden" and document is not None:
            first = losers.setdefault((id(document), loss.loser.discriminator), loss.loser)
            if first is not loss.loser:
                message = (
                    f"{loss.loser} is declared twice in this file, which does not load without what overrides both"
                )
                yield Remark(loss.loser.origin, message, also=_against("also declared at", first))


# Overrides.


def overrides_nothing(site: Survey) -> Iterator[Remark]:
    """An override of what does not exist."""
    roots = [view.root for view in site.snapshot.views]
    for override in site.overrides:
        target = override.target
        if not target.parts or site.original(override, target):
            continue
        published = any(root.under(target) for root in roots)  # a directory that only overrides supply
        asked_for = any(override.covers(other.source) or other.source == target for other in site.snapshot.overrides)
        if not published and not asked_for:
            written = override.written(target)
            yield Remark(
                at(override, "to_override"),
                f"{override}: there is no {written!r} to override",
                nearest_beside(site.resolver, target),
            )


def covers_nothing(site: Survey) -> Iterator[Remark]:
    """An override whose source is empty."""
    for override in site.overrides:
        if not override.file and site.stands(override.source) and not site.files(override.source):
            written = override.written(override.source)
            yield Remark(at(override, "override_with"), f"{override}: there is no file in {written!r}")


def replaces_nothing(site: Survey) -> Iterator[Remark]:
    """An override that only adds."""
    for override in site.overrides:
        if override.file or not site.original(override, override.target):
            continue
        covered = site.covered(override)
        if covered and not any(site.original(override, spec) for spec in covered):
            source, target = override.written(override.source), override.written(override.target)
            message = f"{override}: no file in {source!r} has the name of one in {target!r}, so all of them are added"
            yield Remark(at(override, "override_with"), message)


def never_chosen(site: Survey) -> Iterator[Remark]:
    """An override that is never chosen."""
    for override, winners in _beaten(site):
        if {winner.source.package for winner in winners} == {override.source.package} and not _chosen(site, override):
            message = (
                f"{override}: {override.written(override.source)!r} can never be chosen: {winners[0]} goes before it"
            )
            yield Remark(at(override, "override_with"), message, also=_against("stronger is", winners[0]))


def stacked(site: Survey) -> Iterator[Remark]:
    """Packages that stack on one file."""
    for override, winners in _beaten(site):
        for winner in winners:
            if winner.source.package == override.source.package:
                continue
            shared = [spec for spec in site.covered(override) if _winner(site, spec) is winner]
            message = (
                f"{override}: {override.source.package or 'it'} and {winner.source.package or winner.source} both "
            )
            message += f"supply {_some(shared)}; that of {winner.source.package or winner.source} is used"
            yield Remark(at(override, "to_override"), message, also=_against("stronger is", winner))


# What a template engine reads, by directory or suffix: it need not be published.
TEMPLATES = frozenset(["template", "templates"])
TEMPLATE_SUFFIXES = (".jinja2", ".jinja", ".j2", ".mako", ".mak", ".pt", ".html", ".xhtml")


def unpublished(site: Survey) -> Iterator[Remark]:
    """An override of what nobody publishes."""
    roots = [view.root for view in site.snapshot.views]
    regions = [*roots, *(override.source for override in site.overrides), *(each.source for each in site.merged)]
    for override in site.overrides:
        target = override.target
        if any(overlap(target, region) for region in regions) or not target.parts or _is_template(site, override):
            continue
        if any(target.under(bundle) or bundle.under(target) for bundle in site.made):
            continue
        if not site.original(override, target) or not site.stands(override.source) or site.other_spelling(target):
            continue  # another finding says so
        above, dot, last = target.package.rpartition(".")
        if dot and any(overlap(AssetSpec(above, (last, *target.parts)), root) for root in roots):
            continue  # a directory that is spelt as a package
        near = did_you_mean(str(target), [str(root) for root in roots if root.package == target.package])
        written = override.written(target)
        if not near and any(overlap(override.source, root) for root in roots):
            near = f'did you mean to_override="{override.written(override.source)}" override_with="{written}"?'
        message = f"{override}: no static view publishes {written!r}, so only who asks the registry gets the override"
        yield Remark(at(override, "to_override"), message, near)


def _is_template(site: Survey, override: Override) -> bool:
    """Is it a template, or a directory of nothing else?"""
    if not TEMPLATES.isdisjoint(override.target.parts) or override.target.name.endswith(TEMPLATE_SUFFIXES):
        return True
    files = () if override.file else site.files(override.source)
    return bool(files) and all(spec.name.endswith(TEMPLATE_SUFFIXES) for spec in files)


def _beaten(site: Survey) -> Iterator[tuple[Override, list[Override]]]:
    """Overrides with a source for files that other overrides supply, and those others."""
    for override in site.overrides:
        winners: list[Override] = []
        for spec in site.covered(override):
            winner = _winner(site, spec)
            if winner is not None and winner != override and winner not in winners:
                winners.append(winner)
        if winners:
            yield override, winners


def _winner(site: Survey, spec: AssetSpec) -> Override | None:
    """The override that supplies a file, the first of a chain."""
    supplier = site.supplier(spec)
    return supplier.via[0] if supplier is not None and supplier.via else None


def _chosen(site: Survey, override: Override) -> bool:
    return any(_winner(site, spec) == override for spec in site.covered(override))


def other_spelling(site: Survey) -> Iterator[Remark]:
    """A root addressed by its other spelling."""
    roots = [view.root for view in site.snapshot.views]
    for record, attribute, spec in _addresses(site):
        others = [root for root in roots if root is not spec]
        if any(overlap(spec, root) for root in others):
            continue
        canonical = site.other_spelling(spec)
        if canonical is not None and not isinstance(record, StaticViewRecord):
            message = f"{record}: '{spec}' is the address of no published root; "
            yield Remark(at(record, attribute), f"{message}'{canonical}' is the package's own", f"write '{canonical}'")
            continue
        for root in others:
            known = site.other_spelling(root)
            if (known or canonical) and overlap(known or root, canonical or spec):
                message = f"{record}: '{spec}' is the same place as the root '{root}', and another address"
                yield Remark(at(record, attribute), message, "address it as the static view does")
                break


def _addresses(site: Survey) -> Iterator[tuple[Any, str, AssetSpec]]:
    for override in site.overrides:
        yield override, "to_override", override.target
    for busting in site.snapshot.bustings:
        if not busting.explicit:
            yield busting, "path", busting.path
    for view in site.snapshot.views:
        yield view, "path", view.root


def said_twice(site: Survey) -> Iterator[Remark]:
    """An override that is said twice."""
    for loss in site.snapshot.losses:
        if loss.reason == "repeated":
            message = f"{loss.loser} is said again, with the same source"
            yield Remark(loss.loser.origin, message, also=_against("it counts at", loss.winner))


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
                yield Remark(at(view, "name"), message, also=_against("the longer name is", other))


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
        yield Remark(at(view, "path"), message, also=_against("stronger is", winner))


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
                yield Remark(at(view, "permission"), message, also=_against("published at", other))


# Cache busters.


def entries_without_files(site: Survey) -> Iterator[Remark]:
    """Entries of a manifest without files."""
    for busting, spec, entries in _manifests(site):
        missing = [value for value in dict.fromkeys(entries.values()) if not site.stands(_named(busting, value))]
        if missing:
            message = f"{busting}: the manifest '{spec}' names {_some(missing)}, which no layer of '{busting.path}' has"
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
            names = _some("/".join(spec.below(busting.path)) for spec in missing)
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


# Bundles.


def unmatched_contents(site: Survey) -> Iterator[Remark]:
    """Contents that match no file."""
    for bundle in site.bundles:
        for pattern, record in site.registry.above.bundles().unmatched(bundle.name):
            message = f"{bundle}: no file matches {pattern!r}"
            yield Remark(at(record, "contents"), message)


def empty_bundles(site: Survey) -> Iterator[Remark]:
    """A bundle without contents."""
    extended = {record.bundle for record in site.contributions}
    for bundle in site.bundles:
        if not bundle.contents and bundle.name not in extended:
            hint = 'write contents="..." with its sources, or remove the bundle'
            yield Remark(at(bundle, "name"), f"{bundle} has no contents: it cannot be built", hint)


def filtered_into_nothing(site: Survey) -> Iterator[Remark]:
    """Filters without an output."""
    records: list[BundleRecord | BundleContents] = [*site.bundles, *site.contributions]
    inside = {content for record in records for content in record.contents}
    names = {bundle.name for bundle in site.bundles}
    for bundle in site.bundles:
        contents = {*bundle.contents, *(c for r in site.contributions if r.bundle == bundle.name for c in r.contents)}
        files = contents - (names - {bundle.name})  # of other bundles each may have an output of its own
        if files and bundle.filters and bundle.output is None and bundle.name not in inside:
            message = f"{bundle} has filters, and no output for what they make of {_some(sorted(files))}"
            yield Remark(at(bundle, "filters"), message)


def unpublished_outputs(site: Survey) -> Iterator[Remark]:
    """Outputs that nobody publishes."""
    directory = site.output_directory
    urls = [each for each in site.snapshot.bundling if isinstance(each, EnvironmentOption) and each.name == "url"]
    if directory is None or urls:
        return
    regions = site.regions()
    hidden = [each.name for each in site.bundles if each.output is not None and not site.published(each, regions)]
    if hidden:
        message = f"{directory}: no static view publishes it, and it says no url, so {_some(hidden)} has no URL"
        yield Remark(at(directory, "directory"), message)


def outdated_outputs(site: Survey) -> Iterator[Remark]:
    """A delivered output of another configuration."""
    for bundle in site.bundles:
        found = site.registry.above.bundles().outdated(bundle.name)
        if found:
            told = "; ".join(what for what, _ in found)
            also = tuple((what, origin) for what, origin in found if origin not in (None, bundle.origin))
            message = f"{bundle}: its output, which is not built on demand, is not known to be right: {told}"
            yield Remark(at(bundle, "output"), message, also=also)


def unreachable_references(site: Survey) -> Iterator[Remark]:
    """A reference to a host where nothing is published."""
    for bundle in site.bundles:
        for problem in site.registry.above.bundles().unreachable(bundle.name):
            also = _against("in the bundle declared at", bundle)
            yield Remark(problem.origin, problem.message, problem.hint, also)


def replaced_contents(site: Survey) -> Iterator[Remark]:
    """Contents of a bundle that an override replaces."""
    for bundle in site.bundles:
        supplier = site.supplier(bundle.spec) if bundle.spec is not None else None
        if supplier is None or not supplier.via:
            continue
        for record in site.contributions:
            if record.bundle == bundle.name:
                message = f"{record}: an override replaces all of it: {_some(record.contents)} is not used"
                yield Remark(at(record, "contents"), message, also=_against("overridden by", supplier.via[0]))


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
                message = f"{view}: {_some(lying)} is never sent for the asset beside it: {coding} is not declared"
                yield Remark(at(view, "path"), message, f"add {coding} to content_encodings")


# Routes and views.


def never_reached(site: Survey) -> Iterator[Remark]:
    """A route that is never tried."""
    for record, why, by in site.registry.part(Pages).unreached():
        if isinstance(record, Route):
            hint = f'write before="{by.name}"' if isinstance(by, Route) else ""
            yield Remark(at(record, "pattern"), f"{record} is never tried: {why}", hint, _against("goes first:", by))


def never_called(site: Survey) -> Iterator[Remark]:
    """A view that is never called."""
    for record, why, by in site.registry.part(Pages).unreached():
        if isinstance(record, View):
            where = "route_name" if record.route_name is not None else "name"
            yield Remark(at(record, where), f"{record} is never called: {why}", also=_against("the route is", by))


def without_view(site: Survey) -> Iterator[Remark]:
    """A route without a view."""
    viewed = {view.route_name for view in site.snapshot.pages}
    for route in site.snapshot.routes:
        if route.name not in viewed:
            hint = 'write view="package.module.function"; ignore it if the route only makes URLs'
            yield Remark(at(route, "name"), f"{route}: no view answers it", hint)


def behind_a_route(site: Survey) -> Iterator[Remark]:
    """A static view behind a route."""
    pages = site.registry.part(Pages)
    for view in site.local_views:
        hidden: dict[Any, list[str]] = {}
        for spec in site.view_files(view):
            path = "/" + "/".join(part for part in (view.name, *spec.below(view.root)) if part)
            led = pages.lead(path)
            if led.view is not None:
                hidden.setdefault(led.route or led.view, []).append(path)
        for record, paths in hidden.items():
            message = f"{view}: {_some(paths)} is answered by {record}: routes and views go before static views"
            yield Remark(at(view, "name"), message, also=_against("answered at", record))
