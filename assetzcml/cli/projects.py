"""`assetzcml init`: a new package is written, an application or a theme for one."""

from __future__ import annotations

import click

from assetzcml.cli.configured import Command, load
from assetzcml.cli.scaffolds import FRAMEWORKS, app_files, checked_name, theme_files, write_project
from assetzcml.cli.statuses import EXIT_STATUS

__all__ = ["init"]


@click.group(epilog=EXIT_STATUS)
def init() -> None:
    """
    Write a new package: an application, or a theme for one.

    It installs, runs and passes its test at once. What is there already is never overwritten.
    """


def _name(context: click.Context, parameter: click.Parameter, name: str) -> str:
    try:
        return checked_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


_directory = click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, writable=True),
    default=".",
    help="Where the project's directory is made; the working directory.",
)


@init.command("app", cls=Command, epilog=EXIT_STATUS)
@click.argument("name", callback=_name)
@click.option(
    "--framework",
    type=click.Choice(tuple(FRAMEWORKS)),
    help="Write the ordinary project of this framework, with its assets declared in ZCML.",
)
@_directory
def init_app(name: str, framework: str | None, directory: str) -> None:
    """Write the application NAME into a directory of this name."""
    if name in FRAMEWORKS:
        raise click.BadParameter(f"{name!r} is the name of a framework; did you mean '{name}_app'?", param_hint="NAME")
    _wrote(write_project(directory, name, app_files(name, framework)))


@init.command("theme", cls=Command, epilog=EXIT_STATUS)
@click.argument("name", callback=_name)
@click.option("--extends", metavar="PACKAGE", help="The package whose assets it replaces.")
@_directory
def init_theme(name: str, extends: str | None, directory: str) -> None:
    """Write the package NAME, which replaces assets of another, into a directory of this name."""
    if extends is None:
        raise click.UsageError("a theme is one of a package: write --extends PACKAGE")
    registry = load(f"{extends}:configure.zcml", (), {}, strict=False)
    _wrote(write_project(directory, name, theme_files(name, registry, extends)))


def _wrote(paths: list[str]) -> None:
    for path in paths:
        click.echo(path)
