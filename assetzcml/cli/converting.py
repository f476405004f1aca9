"""`assetzcml convert`: what another library was told about assets, as ZCML that says the same."""

from __future__ import annotations

import importlib
from typing import Any

import click

from assetzcml.cli.configured import ConfiguredCommand, make_importable
from assetzcml.cli.starting import starting
from assetzcml.cli.statuses import EXIT_STATUS
from assetzcml.cli.usage import Choice
from assetzcml.resolving.importing import imported_object
from assetzcml.resolving.meant import object_meant

__all__ = ["convert"]


@click.group(cls=Choice, epilog=EXIT_STATUS)
def convert() -> None:
    """Write the ZCML that says what an application has told another library."""


@convert.command("pyramid", cls=ConfiguredCommand, epilog=EXIT_STATUS)
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
        with starting(name, files=True):
            environment = importlib.import_module("pyramid.paster").bootstrap(name)
        environment["closer"]()
        return environment["registry"]
    module, _, attribute = name.partition(":")
    with starting(name, lambda: object_meant(f"{module}.{attribute}", colon=True) if attribute else ""):
        return conversion.pyramid_registry_of(imported_object(module, attribute))
