"""
What loads, and then answers 404 or 500 where its author expects something else. As the rules in `rules`: each looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import UnsetOption
from assetzcml.bundles.filters.base import Filter
from assetzcml.bundles.filters.names import filter_names, get_filter
from assetzcml.bundles.filters.processes import SubprocessFilter
from assetzcml.errors import ConfigurationError, did_you_mean
from assetzcml.records.assets import AssetSpec
from assetzcml.records.bundles import BundleRecord, FilterOption, LoadPath
from assetzcml.reports.remarks import Remark, at
from assetzcml.reports.survey import Survey
from assetzcml.resolving.destinations import destination_at
from assetzcml.resolving.names import is_source
from assetzcml.resolving.neighbours import nearest_beside

__all__ = [
    "bare_dollars",
    "idle_options",
    "lookalikes",
    "missing_load_paths",
    "other_routers",
    "program_files",
    "unreachable_stores",
    "unusable_filters",
    "without_environment",
]

_PLACEHOLDER = re.compile(r"[{<](?:\w+:)?(\w+)[>}]")
_OTHER_ROUTERS = re.compile(r"<(?:\w+:)?(\w+)>")  # Flask's and Django's way to write a part of a path
_BARE_DOLLAR = re.compile(r"\$\{?(\w+)")


def program_files(site: Survey) -> Iterator[Remark]:
    """A static file that is program source."""
    for view in site.local_views:
        if view.file and is_source(view.root.name):
            yield Remark(at(view, "path"), f"{view}: the path '{view.root}' is not an asset, and the answer is 404")


def bare_dollars(site: Survey) -> Iterator[Remark]:
    """A name with a dollar sign."""
    for view in site.snapshot.views:
        written = _BARE_DOLLAR.search(view.name)
        if written is not None:
            message = f"{view}: {written[0]!r} stands for itself, and not for a setting"
            yield Remark(at(view, "name"), message, f"write ${{{written[1]}}}")


def other_routers(site: Survey) -> Iterator[Remark]:
    """A pattern of another router."""
    for route in site.snapshot.routes:
        written = _OTHER_ROUTERS.search(route.pattern)
        if written is not None:
            message = f"{route}: {written[0]!r} in the pattern stands for itself"
            yield Remark(at(route, "pattern"), message, f"write {{{written[1]}}}")
    for view in site.snapshot.pages:
        written = _PLACEHOLDER.search(view.name or "") if view.route_name is None else None
        if written is not None:
            message = f"{view}: {written[0]!r} stands for itself in a name: a pattern is that of a route"
            yield Remark(at(view, "name"), message, f'write <route name="{written[1]}" pattern="/{view.name}" view=')


def unreachable_stores(site: Survey) -> Iterator[Remark]:
    """A store of contents that cannot be reached."""
    store = site.snapshot.store
    if store is not None and store.url is not None:
        try:  # which connects to nothing
            destination_at(store.url, store.endpoint, site.registry)
        except ConfigurationError as error:
            problem = error.problems[0]
            yield Remark(at(store, "url"), f"{store}: {problem.message}", problem.hint)


def lookalikes(site: Survey) -> Iterator[Remark]:
    """An override of a directory that is spelt as a package."""
    roots = [view.root for view in site.snapshot.views]
    for override in site.overrides:
        if any(override.target.under(root) for root in roots):
            continue
        for spelling in _spellings(override.target):
            if any(spelling.under(root) for root in roots):
                message = f"{override}: no published root is at or above '{override.target}'"
                yield Remark(at(override, "to_override"), message, f"did you mean {override.written(spelling)!r}?")
                break


def _spellings(spec: AssetSpec) -> Iterator[AssetSpec]:
    """The same place, with the last parts of the package's name as directories: 'shop.static:a' as 'shop:static/a'."""
    steps = spec.package.split(".")
    for number in range(len(steps) - 1, 0, -1):
        yield AssetSpec(".".join(steps[:number]), (*steps[number:], *spec.parts))


# Bundles.


def without_environment(site: Survey) -> Iterator[Remark]:
    """A bundle without an environment."""
    try:
        _ = site.registry.above.bundles().environment.directory
    except UnsetOption:
        for bundle in site.bundles:
            supplier = site.supplier(bundle.spec) if bundle.spec is not None else None
            if bundle.output is not None and supplier is None:  # what an override supplies is not built
                yield Remark(at(bundle, "output"), f"{bundle}: nothing says which directory its output is written to")
    except ConfigurationError:
        pass  # told where the directory is said


def unusable_filters(site: Survey) -> Iterator[Remark]:
    """A filter that cannot run."""
    for record, bundle, filters in _chains(site):
        context = Context(bundle.env, (bundle,))
        for one in filters:
            try:
                bound = one.bind(context)
                if isinstance(bound, SubprocessFilter):
                    bound.command()
            except ConfigurationError as error:
                for problem in error.problems:
                    yield Remark(at(record, "filters"), f"{record}: {problem.message}", problem.hint)


class _Chain(NamedTuple):
    record: BundleRecord
    bundle: Any
    filters: list[Filter]


def _chains(site: Survey) -> Iterator[_Chain]:
    """The filters of each bundle; what is wrong with their names the load has told."""
    environment = site.registry.above.bundles().environment
    for record in site.bundles:
        try:
            bundle = environment[record.name]
            yield _Chain(record, bundle, bundle.chain(bundle.env))
        except (ConfigurationError, KeyError):
            continue


def missing_load_paths(site: Survey) -> Iterator[Remark]:
    """A loadPath that does not exist."""
    for record in site.snapshot.bundling:
        if not isinstance(record, LoadPath) or record.path.absolute_path or site.stands(record.path):
            continue
        yield Remark(
            at(record, "path"),
            f"{record}: no layer has it",
            nearest_beside(site.resolver, record.path, directory=True),
        )


def idle_options(site: Survey) -> Iterator[Remark]:
    """A filterOption that no filter asks for."""
    filters = [*map(get_filter, filter_names()), *(one for chain in _chains(site) for one in chain.filters)]
    known = {name.lower() for one in filters for name in one.settings()}
    for record in site.snapshot.bundling:
        if isinstance(record, FilterOption) and record.name.lower() not in known:
            # A filter of somebody else's may ask for what it does not declare: only what is nearly another is told.
            near = did_you_mean(record.name.lower(), known)
            if near:
                yield Remark(at(record, "name"), f"{record}: no filter asks for it", near)
