"""`assetzcml list`: what a configuration declares, and what lost."""

from __future__ import annotations

import click

from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import formatted, print_json
from assetzcml.cli.statuses import EXIT_STATUS
from assetzcml.reports.listing import INCLUDES, KINDS, listed_data, listed_text

__all__ = ["list_"]


@asking("list", EXIT_STATUS)
@asked
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
    registry = registry_asked(config, features, settings, strict)
    if form == "json":
        print_json(listed_data(registry, kinds))
    else:
        click.echo(listed_text(registry, kinds))
