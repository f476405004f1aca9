"""`assetzcml list`: what a configuration declares, and what lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click

from assetzcml.assembly import AssetRegistry
from assetzcml.cli.configured import command, configured, formatted, load, print_json
from assetzcml.interfaces import IBundles, IPages
from assetzcml.records.assets import Busting, Override, PermissionPolicy, StaticViewRecord
from assetzcml.records.bundles import BundleRecord, BundlingRecord
from assetzcml.records.pages import Route, View
from assetzcml.registry import Record
from assetzcml.reports.bundles import bundle_data, bundle_lines
from assetzcml.reports.descriptions import data_of, line_of, origin_data
from assetzcml.reports.include_tree import includes_data, includes_lines

__all__ = ["list_"]

# What `list` knows: its word, its heading, and which records it is about.
KINDS: dict[str, tuple[str, Callable[[Record], bool]]] = {
    "views": ("static views", lambda record: isinstance(record, StaticViewRecord) and not record.file),
    "files": ("static files", lambda record: isinstance(record, StaticViewRecord) and record.file),
    "overrides": ("overrides, in the order of search", lambda record: isinstance(record, Override)),
    "busters": ("cache busters", lambda record: isinstance(record, Busting)),
    "policies": ("permission policies", lambda record: isinstance(record, PermissionPolicy)),
    "routes": ("routes, in the order in which they are tried", lambda record: isinstance(record, Route)),
    "pages": ("views of routes and of paths", lambda record: isinstance(record, View)),
    "environment": (
        "environment of bundles",
        lambda record: isinstance(record, BundlingRecord) and not isinstance(record, BundleRecord),
    ),
    "bundles": ("bundles", lambda record: isinstance(record, BundleRecord)),
}
INCLUDES = "includes"  # not what is declared, but where: only when it is asked for


@command("list")
@configured
@click.argument(
    "kinds", nargs=-1, type=click.Choice([*KINDS, INCLUDES]), metavar=f"[{'|'.join([*KINDS, INCLUDES])}]..."
)
@formatted
def list_(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, kinds: tuple[str, ...], form: str
) -> None:
    """
    List what CONFIG declares, and what lost.

    Each with its place; what lost, with the place of what won. Without a kind, everything. The kind "includes" is the
    tree of the files that were read: what each declared, overrode and lost, and what was left out, and why.
    """
    registry = load(config, features, settings, strict)
    chosen = [kind for kind in KINDS if kind in kinds or not kinds]
    if form == "json":
        data: dict[str, Any] = {kind: list(_listed_data(registry, kind)) for kind in chosen}
        if INCLUDES in kinds:
            data[INCLUDES] = includes_data(registry)
        print_json(data)
        return
    sections = [[KINDS[kind][0], *_listed_lines(registry, kind)] for kind in chosen]
    if INCLUDES in kinds:
        sections.append([INCLUDES, *(f"  {line}" for line in includes_lines(registry))])
    click.echo("\n\n".join("\n".join(section) for section in sections))


def _listed(registry: AssetRegistry, kind: str) -> Iterator[tuple[Record, str, Record | None]]:
    """The records of one kind: those in force, then the losers, each with the reason and who won."""
    snapshot, pages = registry.snapshot, registry.getUtility(IPages)
    policies = [snapshot.policy] if isinstance(snapshot.policy, PermissionPolicy) else []
    belongs = KINDS[kind][1]
    routing = (*pages.routes(), *pages.views())
    for record in (*snapshot.views, *snapshot.overrides, *snapshot.bustings, *policies, *routing, *snapshot.bundling):
        if belongs(record):
            yield record, "", None
    for loss in snapshot.losses:
        if belongs(loss.loser):
            yield loss.loser, loss.reason, loss.winner


def _listed_bundles(registry: AssetRegistry) -> Iterator[Any]:
    """The `BundleState` of each bundle, those that Python registered too."""
    bundles = registry.getUtility(IBundles)
    return (bundles.state(name) for name in bundles.names())


def _listed_data(registry: AssetRegistry, kind: str) -> Iterator[dict[str, Any]]:
    if kind == "bundles":
        for state in _listed_bundles(registry):
            yield {**bundle_data(state, registry), "lost": None, "winner": None}
    for record, lost, winner in _listed(registry, kind):
        if kind == "bundles" and winner is None:
            continue
        against = origin_data(winner.origin) if winner is not None else None
        yield {**data_of(record, registry), "lost": lost or None, "winner": against}


def _listed_lines(registry: AssetRegistry, kind: str) -> Iterator[str]:
    nothing = True
    for state in _listed_bundles(registry) if kind == "bundles" else ():
        nothing = False
        first, *more = [*bundle_lines(state), *(f"problem {problem}" for problem in state.problems)]
        yield f"  {first}"
        yield from (f"    {line}" for text in more for line in text.splitlines())
    for record, lost, winner in _listed(registry, kind):
        if kind == "bundles" and winner is None:
            continue
        nothing = False
        yield f"  {line_of(record, registry)}"
        yield f"    {record.origin}"
        if winner is not None:
            yield f"    lost: {lost} by {winner.origin}"
    if nothing:
        yield "  none"
