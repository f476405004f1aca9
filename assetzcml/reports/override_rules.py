"""Rules of `check` for what is read and overridden: one function for each, which says what it found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assetzcml.errors import did_you_mean
from assetzcml.records.assets import AssetSpec, Override, StaticViewRecord
from assetzcml.reports.remarks import Remark, against, at, some
from assetzcml.reports.survey import Survey, overlap
from assetzcml.resolving.neighbours import nearest_beside

__all__ = [
    "covers_nothing",
    "hidden_conflict",
    "never_chosen",
    "other_spelling",
    "overrides_nothing",
    "replaces_nothing",
    "said_twice",
    "same_include_twice",
    "stacked",
    "unpublished",
]

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
                yield Remark(loss.loser.origin, message, also=against("also declared at", first))


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
                _directory_meant(override, target) or nearest_beside(site.resolver, target),
            )


def _directory_meant(override: Override, target: AssetSpec) -> str:
    """What to write for a pattern, which no override has; '' for what is none."""
    above = AssetSpec(target.package, target.parts[:-1])
    return f"write '{override.written(above)}/' for all that is in it" if "*" in target.name else ""


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
            yield Remark(at(override, "override_with"), message, also=against("stronger is", winners[0]))


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
            message += f"supply {some(shared)}; that of {winner.source.package or winner.source} is used"
            yield Remark(at(override, "to_override"), message, also=against("stronger is", winner))


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
            yield Remark(loss.loser.origin, message, also=against("it counts at", loss.winner))
