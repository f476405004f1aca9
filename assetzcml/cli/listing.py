"""`assetzcml list`: what a configuration declares, and what lost."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import formatted, print_json
from assetzcml.cli.statuses import EXIT_STATUS
from assetzcml.reports.assets import Wanted
from assetzcml.reports.listing import ASSETS, WORDS, UnknownKind, listed_data, listed_text

__all__ = ["list_"]


class _KindName(click.types.StringParamType):
    """The word of a kind. Other packages may have kinds of their own, so that it is looked at when all is loaded."""

    name = "kind"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Those that every configuration knows."""
        return [CompletionItem(word) for word in WORDS if word.startswith(incomplete)]


@asking("list", EXIT_STATUS)
@asked
@click.argument("kinds", nargs=-1, type=_KindName(), metavar=f"[{'|'.join(WORDS)}]...")
@click.option("--package", metavar="NAME", help="Of the kind assets, those that are asked for in this package.")
@click.option("--overridden", is_flag=True, help="Of the kind assets, those that are taken from elsewhere.")
@formatted
def list_(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    kinds: tuple[str, ...],
    package: str | None,
    overridden: bool,
    form: str,
) -> None:
    """
    List what CONFIG declares, and what lost.

    Each with its place; what lost, with the place of what won. Without a kind, everything. The kind "includes" is the
    tree of the files that were read: what each declared, overrode and lost, and what was left out, and why. The
    kind "assets" is everything that is published: where it is taken from, its URL, size and digest.
    """
    if (package or overridden) and ASSETS not in kinds:
        raise click.UsageError(f"--package and --overridden are for the kind {ASSETS!r}")
    wanted = Wanted(package, overridden)
    registry = registry_asked(config, features, settings, strict)
    try:
        if form == "json":
            print_json(listed_data(registry, kinds, wanted))
        else:
            click.echo(listed_text(registry, kinds, wanted))
    except UnknownKind as error:
        raise click.BadArgumentUsage(str(error)) from None
