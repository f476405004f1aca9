"""`assetzcml store`: a release into the store of contents."""

from __future__ import annotations

import click

from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import formatted, print_json
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.publishing.storing import store, wanted
from assetzcml.records.site import ContentStore
from assetzcml.registry import Registry
from assetzcml.resolving.destinations import Failed
from assetzcml.resolving.objects import Unfit

__all__ = ["store_command", "store_declared", "told_by_system", "waits"]

waits = click.option("--wait", type=click.FloatRange(0), default=600.0, show_default=True, metavar="SECONDS",
                      help="How long to wait for another process that writes into the store.")  # fmt: skip


@asking("store", EXIT_STATUS)
@asked
@waits
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
    directory = store_declared(registry).directory
    if not wanted(registry.snapshot):
        raise Wrong('no cacheBuster says former="stored"; nothing would ever be asked of the store')
    try:
        stored = store(registry, timeout=wait)
    except (OSError, Unfit) as error:
        raise Wrong(told_by_system(error, directory)) from None
    except Failed as error:
        raise Wrong(str(error)) from None
    if form == "json":
        print_json({"directory": directory, **stored._asdict()})
        return
    new = f"{stored.objects} new objects of {stored.bytes:,} bytes" if stored.objects else "no new object"
    click.echo(
        f"{'stored' if stored.written else 'there already'}: release {stored.release[:12]}, {stored.assets} assets, {new}"
    )


def store_declared(registry: Registry) -> ContentStore:
    """The store of contents of a registry. Raises Wrong where none is declared."""
    if registry.snapshot.store is None:
        raise Wrong('no contentStore is declared; <contentStore directory="/var/lib/shop/assets"/> declares one')
    return registry.snapshot.store


def told_by_system(error: Exception, directory: str) -> str:
    """What could not be read or written, and why."""
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.filename or directory}: {error.strerror or error}"
