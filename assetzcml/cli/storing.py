"""`assetzcml store` and `assetzcml gc`: a release into the store of contents, and former ones out of it."""

from __future__ import annotations

import click

from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import formatted, print_json
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.publishing.storing import collect, store, wanted
from assetzcml.registry import Registry
from assetzcml.resolving.objects import Unfit

__all__ = ["gc_command", "store_command"]

_waits = click.option("--wait", type=click.FloatRange(0), default=600.0, show_default=True, metavar="SECONDS",
                      help="How long to wait for another process that writes into the store.")  # fmt: skip


@asking("store", EXIT_STATUS)
@asked
@_waits
@formatted
def store_command(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, wait: float, form: str
) -> None:
    """
    Put the release that CONFIG is into its store of contents: before it serves its first page.

    Every asset whose URL has a version that former="stored" stands for, and the manifest of the release. What is there
    already is not written again.
    """
    registry = registry_asked(config, features, settings, strict)
    directory = _directory(registry)
    if not wanted(registry.snapshot):
        raise Wrong('no cacheBuster says former="stored"; nothing would ever be asked of the store')
    try:
        stored = store(registry, timeout=wait)
    except (OSError, Unfit) as error:
        raise Wrong(_told(error, directory)) from None
    if form == "json":
        print_json({"directory": directory, **stored._asdict()})
        return
    new = f"{stored.objects} new objects of {stored.bytes:,} bytes" if stored.objects else "no new object"
    click.echo(
        f"{'stored' if stored.written else 'there already'}: release {stored.release[:12]}, {stored.assets} assets, {new}"
    )


@asking("gc", EXIT_STATUS)
@asked
@_waits
@click.option("--verify", is_flag=True, help="Read every object, and take away those that are broken.")
@formatted
def gc_command(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    wait: float,
    verify: bool,
    form: str,
) -> None:
    """
    Take former releases out of the store of contents of CONFIG, by count and age, and what only they were made of.

    Nothing that a kept release names is touched. With --verify the status is 1 when an object was broken: it is served
    to nobody, and `assetzcml store` of its release puts it again.
    """
    registry = registry_asked(config, features, settings, strict)
    directory = _directory(registry)
    assert registry.snapshot.store is not None
    try:
        done = collect(registry.snapshot.store, verify=verify, timeout=wait)
    except FileNotFoundError:
        raise Wrong(f"there is no store at {directory} yet; `assetzcml store` makes it") from None
    except (OSError, Unfit) as error:
        raise Wrong(_told(error, directory)) from None
    if form == "json":
        print_json({"directory": directory, **done._asdict()})
    else:
        for path in done.broken:
            click.echo(f"broken: {path}", err=True)
        click.echo(
            f"{done.removed_releases} releases and {done.removed_objects} objects removed, {done.bytes:,} bytes; "
            f"{done.releases} releases and {done.objects} objects kept"
        )
    if done.broken:
        raise Wrong(
            f"{len(done.broken)} in {directory} did not have the digest that is the name; nobody was served one"
        )


def _directory(registry: Registry) -> str:
    if registry.snapshot.store is None:
        raise Wrong('no contentStore is declared; <contentStore directory="/var/lib/shop/assets"/> declares one')
    return registry.snapshot.store.directory


def _told(error: Exception, directory: str) -> str:
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.filename or directory}: {error.strerror or error}"
