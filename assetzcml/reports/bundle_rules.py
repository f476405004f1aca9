"""Rules of `check` for bundles: one function for each, which says what it found."""

from __future__ import annotations

from collections.abc import Iterator

from assetzcml.records.bundles import BundleContents, BundleRecord, EnvironmentOption
from assetzcml.reports.remarks import Remark, against, at, some
from assetzcml.reports.survey import Survey

__all__ = [
    "empty_bundles",
    "filtered_into_nothing",
    "outdated_outputs",
    "replaced_contents",
    "unmatched_contents",
    "unpublished_outputs",
    "unreachable_references",
]

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
            message = f"{bundle} has filters, and no output for what they make of {some(sorted(files))}"
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
        message = f"{directory}: no static view publishes it, and it says no url, so {some(hidden)} has no URL"
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
            also = against("in the bundle declared at", bundle)
            yield Remark(problem.origin, problem.message, problem.hint, also)


def replaced_contents(site: Survey) -> Iterator[Remark]:
    """Contents of a bundle that an override replaces."""
    for bundle in site.bundles:
        supplier = site.supplier(bundle.spec) if bundle.spec is not None else None
        if supplier is None or not supplier.via:
            continue
        for record in site.contributions:
            if record.bundle == bundle.name:
                message = f"{record}: an override replaces all of it: {some(record.contents)} is not used"
                yield Remark(at(record, "contents"), message, also=against("overridden by", supplier.via[0]))
