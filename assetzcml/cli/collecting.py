"""`assetzcml gc`: former releases out of the store of contents of a configuration, or out of a destination of `publish`."""

from __future__ import annotations

import os
from typing import Any

import click

from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import formatted, print_json
from assetzcml.cli.publishing import destination_options, telling_failures, there
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.cli.storing import store_declared, told_by_system, waits
from assetzcml.publishing.collecting import Emptied, collect_at
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.storing import collect
from assetzcml.records.readers import duration
from assetzcml.resolving.objects import Unfit

__all__ = ["gc_command"]

KEEP = 3
YOUNGER = "14d"
GRACE = "1d"


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


@asking("gc", EXIT_STATUS)
@asked
@waits
@click.option("--verify", is_flag=True, help="Of a store: read every object, and take away those that are broken.")
@click.option("--keep", type=click.IntRange(1), metavar="N",
              help=f"Of a destination: releases that stay; {KEEP} when left out.")  # fmt: skip
@click.option("--younger", metavar="SPAN", callback=_duration,
              help=f"Of a destination: these stay too; {YOUNGER} when left out.")  # fmt: skip
@click.option("--grace", metavar="SPAN", callback=_duration,
              help=f"Of a destination: between naming what goes and removing it; {GRACE} when left out.")  # fmt: skip
@click.option("--here", "here", multiple=True, metavar="DIR", type=click.Path(exists=True, file_okay=False),
              help="Of a destination: keep what the releases of this frozen directory name, too. May be repeated.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Of a destination: say what would go, and remove nothing.")
@destination_options
@formatted
def gc_command(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    wait: float,
    verify: bool,
    form: str,
    endpoint: str | None,
    utilities: str | None,
    **chosen: Any,
) -> None:
    """
    Take former releases out of the store of contents of CONFIG, by count and age, and what only they were made of.

    Nothing that a kept release names is touched. With --verify the status is 1 when an object was broken: it is served
    to nobody, and `assetzcml store` of its release puts it again.

    CONFIG may be a destination of `assetzcml publish`, s3://bucket/prefix. What goes there is named by one run, and removed
    by one that comes a day later; the release that is served is always kept.
    """
    if "://" in config:
        with telling_failures():
            _tell(_emptied(there(config, endpoint, utilities), chosen), chosen["dry_run"], form)
        return
    given = [name for name, value in {**chosen, "endpoint": endpoint, "utilities": utilities}.items() if value]
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} is for a destination, such as s3://bucket/prefix")
    _collect(registry_asked(config, features, settings, strict), wait, verify, form)


def _emptied(target: Any, chosen: dict[str, Any]) -> Emptied:
    younger, grace = chosen["younger"], chosen["grace"]
    return collect_at(
        target,
        keep=chosen["keep"] or KEEP,
        younger=duration(YOUNGER) if younger is None else younger,
        grace=duration(GRACE) if grace is None else grace,
        here=[FrozenTree(os.path.abspath(each)) for each in chosen["here"]],
        dry_run=chosen["dry_run"],
    )


def _tell(done: Emptied, dry_run: bool, form: str) -> None:
    if form == "json":
        print_json(done._asdict())
        return
    if dry_run:
        for word, keys in (("remove", done.removed), ("condemn", done.condemned)):
            for key in keys:
                click.echo(f"{word} {key}")
    word = "to be removed" if dry_run else "removed"
    click.echo(
        f"{done.removed_releases} releases and {len(done.removed)} objects {word}, {done.bytes:,} bytes; "
        f"{done.releases} releases and {done.keys} objects kept, {len(done.condemned)} of them until a later run"
    )


def _collect(registry: Any, wait: float, verify: bool, form: str) -> None:
    store = store_declared(registry)
    if store.url is not None:
        with telling_failures():
            target = there(store.url, store.endpoint, None, registry)
            _tell(collect_at(target, keep=store.keep, younger=store.younger), dry_run=False, form=form)
        return
    try:
        done = collect(store, verify=verify, timeout=wait)
    except FileNotFoundError:
        raise Wrong(f"there is no store at {store.directory} yet; `assetzcml store` makes it") from None
    except (OSError, Unfit) as error:
        raise Wrong(told_by_system(error, store.directory)) from None
    if form == "json":
        print_json({"directory": store.directory, **done._asdict()})
    else:
        for path in done.broken:
            click.echo(f"broken: {path}", err=True)
        click.echo(
            f"{done.removed_releases} releases and {done.removed_objects} objects removed, {done.bytes:,} bytes; "
            f"{done.releases} releases and {done.objects} objects kept"
        )
    if done.broken:
        raise Wrong(
            f"{len(done.broken)} in {store.directory} did not have the digest that is the name; nobody was served one"
        )
