"""`assetzcml publish`: a release to a bucket or a directory that many machines read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import click

from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import formatted, load, print_json, warnings_on_stderr
from assetzcml.cli.freezing import progress
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.plans import Plan, planned
from assetzcml.publishing.publish import Overtaken, publish
from assetzcml.resolving.destinations import Destination, Failed, destination_at

__all__ = ["destination_options", "publish_command", "telling_failures", "there"]


def destination_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what has to be known of a destination beside its URL."""
    for option, metavar, text in (
        ("--utilities", "ZCML", "Ask this configuration for destinations of other schemes."),
        ("--endpoint", "URL", "Where the service is, if not at its maker's: http://127.0.0.1:9000."),
    ):
        command = click.option(option, metavar=metavar, help=text)(command)
    return command


def there(destination: str, endpoint: str | None, utilities: str | None, registry: Any = None) -> Destination:
    """The destination at a URL; *registry* is the one of CONFIG, if there is one, *utilities* another configuration."""
    if utilities is not None:
        registry = load(utilities, (), {}, strict=False, asked=True)
    return destination_at(destination, endpoint, registry)


@contextmanager
def telling_failures() -> Iterator[None]:
    """What a destination refuses is told to the user."""
    try:
        yield
    except (Failed, Overtaken) as error:
        raise Wrong(str(error)) from None


@asking("publish", EXIT_STATUS)
@asked
@click.argument("destination")
@destination_options
@click.option(
    "--private", is_flag=True, help="Nobody reads the destination but the application: permissions are kept there."
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Requests at a time.")
@formatted
def publish_command(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    destination: str,
    endpoint: str | None,
    utilities: str | None,
    private: bool,
    dry_run: bool,
    jobs: int | None,
    form: str,
) -> None:
    """
    Send a release of CONFIG to DESTINATION, a bucket or a directory.

    CONFIG is a frozen directory, or a configuration that is frozen first. DESTINATION is s3://bucket/prefix, gs://, az://,
    file:///directory, or a URL whose scheme a package brings. What is there is not sent again; the pointer `current` is moved
    when all is there. Credentials are those that the service's own tools find. Buckets need obstore:
    pip install "assetzcml[publish]".
    """
    prefix = urlsplit(destination).path.strip("/") if not destination.startswith("file:") else ""
    with telling_failures(), _source(config, features, settings, strict) as (tree, registry):
        target = there(destination, endpoint, utilities, registry)
        if dry_run:
            _tell_plan(planned(tree(), target, prefix=prefix, private=private), form)
            return
        done = publish(tree(), target, prefix=prefix, private=private, jobs=jobs, progress=progress)
    if form == "json":
        print_json(done._asdict())
        return
    state = "is served now" if done.moved else "is served already"
    click.echo(
        f"release {done.release[:12]} {state}: {done.contents} contents, {done.names} names and {done.plain} plain names sent, "
        f"{done.sent:,} bytes"
    )
    for key in done.purge:
        click.echo(f"purge /{key}")


@contextmanager
def _source(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool
) -> Iterator[tuple[Callable[[], FrozenTree], Any]]:
    """
    A frozen directory; or what makes one of a configuration, that is gone afterwards, and the registry of this.
    """
    if os.path.isdir(config):
        yield lambda: FrozenTree(config), None
        return
    registry = registry_asked(config, features, settings, strict)
    with tempfile.TemporaryDirectory(prefix="assetzcml") as directory:

        def frozen() -> FrozenTree:
            with warnings_on_stderr():
                freeze(registry, directory, progress=progress)
            return FrozenTree(directory)

        yield frozen, registry


def _tell_plan(plan: Plan, form: str) -> None:
    if form == "json":
        said: dict[str, Any] = {
            "release": plan.release,
            "contents": [step.key for step in plan.contents],
            "names": [step.key for step in plan.names],
            "plain": [step.key for step in plan.plain],
            "pointer": plan.pointer,
            "purge": plan.purge,
        }
        print_json(said)
        return
    for steps, word in ((plan.contents, "put"), (plan.names, "name"), (plan.plain, "replace")):
        for step in steps:
            click.echo(f"{'copy' if step.source is not None else word} {step.key}")
    for key, _ in plan.manifest:
        click.echo(f"put {key}")
    if plan.pointer:
        click.echo(f"move current to {plan.release[:12]}")
    for key in plan.purge:
        click.echo(f"purge /{key}")
    if plan.empty:
        click.echo("nothing to do")
