"""`assetzcml build`: what is told of each bundle, on a terminal and on a pipe, once or again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import click

from assetzcml.assembly import AssetRegistry
from assetzcml.bundles.bundle import Built
from assetzcml.bundles.environment import KEPT
from assetzcml.cli.configured import command, configured, formatted, load, print_json, told
from assetzcml.cli.signals import Signals
from assetzcml.declaring.configuration_files import ConfigurationFiles
from assetzcml.errors import ConfigurationError, Problem
from assetzcml.records.readers import YOUNGER
from assetzcml.reports.bundles import bytes_in_words
from assetzcml.reports.descriptions import origin_data
from assetzcml.urls.versions import counted_beforehand

__all__ = ["build"]

DAY = 86_400.0  # seconds
PAUSE = 0.5  # seconds between two looks at the sources; a look costs as much as there are files


def wanted_bundles(registry: AssetRegistry, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the bundles to build. Raises ConfigurationError for one that nobody has."""
    for name in names:
        registry.environment.by_name(name)
    return names


def built_line(built: Built) -> str:
    """One output in one line: its name, where it is, its size, and what was saved."""
    if not built.changed:
        return f"{built.bundle.name}: up to date, {bytes_in_words(built.size)}, {built.path}"
    return (
        f"{built.bundle.name}: built, {bytes_in_words(built.size)}{_saved(built.size, built.source_size)}, {built.path}"
    )


def _saved(size: int, source_size: int | None) -> str:
    if not source_size:
        return ""
    return f" ({100 * size / source_size:.0f} % of {bytes_in_words(source_size)})"


def built_data(built: Built) -> dict[str, Any]:
    """The same for programs."""
    return {
        "bundle": built.bundle.name,
        "file": built.path,
        "version": built.version,
        "size": built.size,
        "source_size": built.source_size,
        "changed": built.changed,
        "problems": [],
    }


def problem_data(problem: Problem) -> dict[str, Any]:
    """What went wrong, for programs: the place is that of the complaint, *also* those of the bundle."""
    return {
        "message": problem.message,
        "hint": problem.hint or None,
        "origin": origin_data(problem.origin),
        "also": [{"part": part, "origin": origin_data(origin)} for part, origin in problem.also],
    }


def build_summary(outcomes: list[Built | ConfigurationError], seconds: float) -> str:
    """All of a build in one line."""
    built = [outcome for outcome in outcomes if isinstance(outcome, Built)]
    changed = [each for each in built if each.changed]
    failed = len(outcomes) - len(built)
    parts = [f"{len(changed)} built", f"{len(built) - len(changed)} up to date"]
    if failed:
        parts.append(f"{failed} failed")
    size, sources = sum(each.size for each in changed), sum(each.source_size or 0 for each in changed)
    saved = f", {bytes_in_words(size)}{_saved(size, sources)}" if changed else ""
    return f"{', '.join(parts)}{saved}, {seconds:.1f} s"


def rounds(
    registry: AssetRegistry,
    names: tuple[str, ...],
    *,
    jobs: int | None,
    force: bool,
    done: Callable[[Any, Built | ConfigurationError], None],
    watch: bool = False,
    goes_on: Callable[[], bool] = lambda: True,
) -> Iterator[list[Built | ConfigurationError]]:
    """
    Build, and with *watch* build again what is out of date, for ever; yields what became of each bundle, each time.
    A ZCML file that changes is loaded again; while it is broken, the former configuration is built.

    *done* is called with each bundle and what became of it; there is another round while *goes_on* says so. What fails
    is tried again when it is out of date: always.
    """
    files = ConfigurationFiles(registry, _reloaded) if watch else None
    complaints: set[str] = set()
    while True:
        outcomes: list[Built | ConfigurationError] = []

        def tell(bundle: Any, outcome: Built | ConfigurationError, told: Any = outcomes) -> None:
            told.append(outcome)
            done(bundle, outcome)

        try:
            registry.environment.build(*names, force=force, jobs=jobs, done=tell)
        except ConfigurationError as error:
            if not any(isinstance(outcome, ConfigurationError) for outcome in outcomes):
                if files is None:
                    raise  # of all, and not of one bundle
                _tell_once(error, complaints)
        else:
            complaints.clear()
        yield outcomes
        if files is None:
            return
        force = False
        time.sleep(PAUSE)
        if not goes_on():
            return
        files.look()


def _reloaded(failure: Exception | None) -> None:
    """Say in one line that the configuration is another, or why it is not."""
    if failure is None:
        click.echo("configuration reloaded")
        return
    problems = failure.problems if isinstance(failure, ConfigurationError) else ()
    click.echo("\n".join(map(told, problems)) or f"{type(failure).__name__}: {failure}", err=True)
    click.echo("the configuration is broken: the former one goes on", err=True)


def _tell_once(error: ConfigurationError, complaints: set[str]) -> None:
    text = "\n".join(map(told, error.problems))
    if text not in complaints:
        complaints.add(text)
        click.echo(text, err=True)


@command("build")
@configured
@click.option("--bundle", "names", multiple=True, metavar="NAME", help="Only this bundle. May be repeated.")
@click.option("--watch", is_flag=True, help="Go on, and build again what changes, until it is interrupted.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Outputs that are built at a time.")
@click.option("--force", is_flag=True, help="Build also what is up to date.")
@click.option("--prune", is_flag=True, help="Then remove former versions of outputs: see --keep and --younger.")
@click.option("--keep", type=click.IntRange(0), default=KEPT, show_default=True, help="Former versions that stay.")
@click.option(
    "--younger",
    type=click.FloatRange(0),
    default=YOUNGER / DAY,
    show_default=True,
    metavar="DAYS",
    help="These stay too.",
)
@formatted
def build(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    names: tuple[str, ...],
    watch: bool,
    jobs: int | None,
    force: bool,
    prune: bool,
    keep: int,
    younger: float,
    form: str,
) -> None:
    """
    Build the bundles of CONFIG that are out of date.

    One line for each output: its name, size, savings, and file. What went wrong is on stderr, with the place of the
    bundle and that of the filter's complaint; everything else is built all the same, and the exit status is 1.
    With the setting "digest_store" the trees that have a version are counted then, so that a start reads hardly a file.
    """
    registry = load(config, features, settings, strict)
    names = wanted_bundles(registry, names)
    terminal = form == "text" and sys.stdout.isatty()
    results: list[dict[str, Any]] = []
    known: dict[str | None, str] = {}  # what was told of each bundle last: nothing is said twice while watching

    def done(bundle: Any, outcome: Built | ConfigurationError) -> None:
        text = built_line(outcome) if isinstance(outcome, Built) else "\n".join(map(told, outcome.problems))
        changed = isinstance(outcome, Built) and outcome.changed
        if signals.ended:
            return  # what was interrupted with us has not failed
        if not changed and (known.get(bundle.name) == text or (isinstance(outcome, Built) and bundle.name in known)):
            return
        known[bundle.name] = text
        if form == "json":
            results.append(_outcome_data(bundle, outcome))
        elif isinstance(outcome, Built):
            click.echo(_coloured(text, "green" if changed else None, terminal))
        else:
            click.echo(_coloured(text, "red", sys.stderr.isatty()), err=True)
        sys.stdout.flush()

    began = time.monotonic()
    outcomes: list[Built | ConfigurationError] = []
    signals = Signals()
    with signals.taken() if watch else nullcontext(), signals.looked_at():
        building = rounds(
            registry, names, jobs=jobs, force=force, done=done, watch=watch, goes_on=lambda: not signals.ended
        )
        for number, outcomes in enumerate(building):
            if form == "json" and (results or not number):
                print_json(results)
                sys.stdout.flush()
                results = []
            elif terminal and not number:
                click.echo(build_summary(outcomes, time.monotonic() - began))
    if not watch:
        _count(registry)
    if prune:
        removed = registry.environment.prune(*names, keep=keep, younger=younger * DAY)
        for path in removed if form == "text" else ():
            click.echo(f"removed {path}")
    if not watch and any(not isinstance(outcome, Built) for outcome in outcomes):
        raise SystemExit(1)


def _count(registry: AssetRegistry) -> None:
    """Count the trees, outputs and all, where the digests are kept: the processes that serve read no file again."""
    if registry.settings.get("digest_store"):
        counted_beforehand(registry)


def _outcome_data(bundle: Any, outcome: Built | ConfigurationError) -> dict[str, Any]:
    if isinstance(outcome, Built):
        return built_data(outcome)
    nothing = {"file": None, "version": None, "size": None, "source_size": None, "changed": False}
    return {"bundle": bundle.name, **nothing, "problems": [problem_data(problem) for problem in outcome.problems]}


def _coloured(text: str, colour: str | None, terminal: bool) -> str:
    return click.style(text, fg=colour) if terminal and colour is not None else text
