"""`assetzcml freeze`: all that is published as files, and `assetzcml verify`: are they what they promise?"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from assetzcml.bundles.environment import KEPT
from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import command, formatted, print_json, warnings_on_stderr
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.publishing.exports import EXPORTS, exported
from assetzcml.publishing.fetching import verified_at
from assetzcml.publishing.freeze import Budget, FreezeResult, freeze
from assetzcml.publishing.verification import verified
from assetzcml.records.patterns import Pattern
from assetzcml.records.readers import CODINGS, YOUNGER
from assetzcml.reports.bundles import bytes_in_words

__all__ = ["export", "freeze_command", "verify"]

DAY = 86_400.0  # seconds
UNITS = {"": 1, "b": 1, "kb": 1000, "kib": 1024, "mb": 1000**2, "mib": 1024**2}
_BUDGET = re.compile(r"(?:(?P<pattern>.+)=)?(?P<number>[0-9]+)(?P<unit>[A-Za-z]*)")


def _budgets(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[Budget]:
    """Those with a pattern first: they are asked in order."""
    found = []
    for text in texts:
        read = _BUDGET.fullmatch(text)
        unit = UNITS.get(read["unit"].lower()) if read is not None else None
        if read is None or unit is None:
            raise click.BadParameter(f"{text!r} is not a size such as 250kB, or PATTERN=250kB", context, parameter)
        try:
            of = None if read["pattern"] is None else Pattern(read["pattern"])
        except ValueError as error:
            raise click.BadParameter(f"{text!r}: {error}", context, parameter) from None
        found.append(Budget(int(read["number"]) * unit, of))
    return sorted(found, key=lambda budget: budget.pattern is None)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """
    Have nobody look for garbage in circles meanwhile: what a run makes is needed until its end, and looking through all of
    it, again and again, is a sixth of its time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def progress(items: Iterable[Any], total: int, label: str) -> Iterator[Any]:
    """A bar on a terminal, nothing on a pipe."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, length=total, label=f"{label:<12}", file=sys.stderr) as bar:
        yield from bar


@asking("freeze", EXIT_STATUS)
@asked
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False))
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Files that are worked on at a time.")
@click.option("--plain", is_flag=True, help="Everything under its own name too.")
@click.option("--coding", "codings", multiple=True, type=click.Choice(list(CODINGS)),
              help="Compress in these; else in all whose libraries are installed. May be repeated.")  # fmt: skip
@click.option("--budget", "budgets", multiple=True, metavar="[PATTERN=]SIZE", callback=_budgets,
              help="Fail when a file is larger than this, compressed: 250kB, or *.js=100kB. May be repeated.")  # fmt: skip
@click.option("--keep", type=click.IntRange(1), default=KEPT, show_default=True, help="Releases that stay.")
@click.option("--younger", type=click.FloatRange(0), default=YOUNGER / DAY, show_default=True, metavar="DAYS",
              help="These stay too.")  # fmt: skip
@formatted
def freeze_command(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    directory: str,
    jobs: int | None,
    plain: bool,
    codings: tuple[str, ...],
    budgets: list[Budget],
    keep: int,
    younger: float,
    form: str,
) -> None:
    """
    Freeze all that CONFIG publishes into DIR, as files for another server.

    Each asset is there as it is served, overrides applied, under a name that has its digest or the version of its tree, and
    compressed; style sheets name these names. DIR serves the new release when all of it is there, and the former until then.
    """
    registry = registry_asked(config, features, settings, strict)
    with warnings_on_stderr(), uncollected():
        frozen = freeze(
            registry,
            directory,
            jobs=jobs,
            plain=plain,
            codings=codings or None,
            budgets=budgets,
            keep=keep,
            younger=younger * DAY,
            progress=progress,
        )
    if form == "json":
        print_json(vars(frozen))
    else:
        click.echo(freeze_summary(frozen))


@command("export")
@click.argument("kind", type=click.Choice(list(EXPORTS)))
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--output", type=click.Path(file_okay=False), metavar="OUTPUT", help="Write the files into this directory."
)
def export(kind: str, directory: str, output: str | None) -> None:
    """
    Print what another server has to be told of DIR, which was frozen, or published to.

    nginx and Caddy then answer as assetzcml does; headers makes _headers and _redirects for static hosts. What needs a
    permission is handed over by the application, or is an error: nothing is published that was not.
    """
    texts = exported(kind, directory)
    if output is None:
        click.echo("\n".join(texts.values()), nl=False)
        return
    os.makedirs(output, exist_ok=True)
    for name, text in texts.items():
        with open(os.path.join(output, name), "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)


@command("verify")
@click.argument("place", metavar="DIR|URL")
@click.option("--release", metavar="DIGEST", help="Of a URL: this release, and not the one that the pointer names.")
@formatted
def verify(place: str, release: str | None, form: str) -> None:
    """
    Compute all of DIR again, which was frozen, or published to: digests, names, variants, manifests.

    Of a URL, that a CDN gives to clients what was published: each name is fetched, and status, bytes, type, caching and coding
    are compared. One line on stderr for each thing that is not what it promises; the exit status is then 1.
    """
    remote = place.startswith(("http://", "https://"))
    if not remote and not os.path.isdir(place):
        raise click.BadParameter(f"{place!r} is neither a directory nor a URL", param_hint="'DIR|URL'")
    faults = list(verified_at(place, release) if remote else verified(place))
    if form == "json":
        print_json(faults)
        if faults:
            raise SystemExit(1)
    elif faults:
        raise Wrong("\n".join(faults))
    else:
        click.echo("everything is as it was published" if remote else "everything is as it was frozen")


def freeze_summary(frozen: FreezeResult) -> str:
    """All of a run in one line."""
    state = "frozen" if frozen.changed else "up to date"
    removed = f", {len(frozen.removed)} former removed" if frozen.removed else ""
    sizes = f"{bytes_in_words(frozen.size)}, {bytes_in_words(frozen.compressed)} compressed"
    return f"release {frozen.release[:12]} {state}: {frozen.assets} assets, {sizes}{removed}"
