"""`assetzcml convert`: what another library was told about assets, as ZCML that says the same."""

from __future__ import annotations

import importlib
from typing import Any

import click

from assetzcml.cli.configured import Command, make_importable
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.resolving.meant import object_meant

__all__ = ["convert"]


@click.group(epilog=EXIT_STATUS)
def convert() -> None:
    """Write the ZCML that says what an application has told another library."""


@convert.command("pyramid", cls=Command, epilog=EXIT_STATUS)
@click.argument("module", metavar="MODULE[:NAME]|INI")
def convert_pyramid(module: str) -> None:
    """
    Print the ZCML for a Pyramid application's static views, overrides and cache busters.

    The application is made, and asked what it has been told; nothing of it is read. MODULE:NAME is a function that makes it,
    such as shop:main, or an includeme; a MODULE alone is included; INI is what pserve starts. What has to be written by
    hand is on stderr.
    """
    make_importable()
    conversion = importlib.import_module("assetzcml.integrations.pyramid_conversion")
    told = conversion.converted(_registry(module, conversion))
    click.echo(told.text, nl=False)
    for remark in told.remarks:
        click.echo(f"warning: {remark}", err=True)


def _registry(name: str, conversion: Any) -> Any:
    if name.partition("#")[0].endswith(".ini"):
        bootstrap = importlib.import_module("pyramid.paster").bootstrap
        try:
            environment = bootstrap(name)
        except (OSError, LookupError) as error:
            raise Wrong(f"{name}: {error}") from error
        environment["closer"]()
        return environment["registry"]
    module, _, attribute = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for step in attribute.split(".") if attribute else ():
            found = getattr(found, step)
        return conversion.registry_of(found)
    except (ImportError, AttributeError, LookupError) as error:
        hint = object_meant(f"{module}.{attribute}", colon=True) if attribute else ""
        raise Wrong(f"{name}: {error}{f'; {hint}' if hint else ''}") from error
