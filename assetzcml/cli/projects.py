"""`assetzcml init`: a new package is written, an application or a theme for one."""

from __future__ import annotations

import os

import click

from assetzcml.cli.bases import Base, named_base, project_base
from assetzcml.cli.configured import ConfiguredCommand, load, make_importable
from assetzcml.cli.scaffolds import FRAMEWORKS, app_files, check_free, checked_name, theme_files, write_project
from assetzcml.cli.statuses import EXIT_STATUS
from assetzcml.cli.usage import Choice
from assetzcml.errors import ConfigurationError

__all__ = ["init"]


@click.group(cls=Choice, epilog=EXIT_STATUS)
def init() -> None:
    """
    Write a new package: an application, or a theme for one.

    It installs, runs and passes its test at once. What is there already is never overwritten.
    """


def _name(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    try:
        return None if name is None else checked_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


_directory = click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, writable=True),
    default=".",
    help="Where the project's directory is made; the working directory.",
)


@init.command("app", cls=ConfiguredCommand, epilog=EXIT_STATUS)
@click.argument("name", callback=_name)
@click.option(
    "--framework",
    type=click.Choice(tuple(FRAMEWORKS)),
    help="Write the ordinary project of this framework, with its assets declared in ZCML.",
)
@click.option("--theme", callback=_name, help="Write a theme of NAME too, a package of this name beside it.")
@_directory
def init_app(name: str, framework: str | None, theme: str | None, directory: str) -> None:
    """Write the application NAME into a directory of this name, and a theme for it beside it."""
    if name in FRAMEWORKS:
        raise click.BadParameter(f"{name!r} is the name of a framework; did you mean '{name}_app'?", param_hint="NAME")
    if theme == name:
        raise click.BadParameter(
            "a theme is a package of its own, and has another name than NAME", param_hint="'--theme'"
        )
    make_importable()
    if theme is not None:
        check_free(directory, theme)
    _wrote(write_project(directory, name, app_files(name, framework)))
    if theme is None:
        return
    project = os.path.join(directory, name)
    try:
        _write_theme(theme, project_base(project), directory)
    except ConfigurationError:
        path = project if os.path.isabs(project) else os.path.join(os.curdir, os.path.normpath(project))
        click.echo(
            f"{theme} is not written, as {name} cannot be loaded yet; python -m pip install --editable {path}, "
            f"then: assetzcml init theme {theme} --extends {name}",
            err=True,
        )
        raise


@init.command("theme", cls=ConfiguredCommand, epilog=EXIT_STATUS)
@click.argument("name", callback=_name)
@click.option(
    "--extends",
    metavar="PACKAGE",
    help="The package whose assets it replaces, or the directory of its project, which need not be installed: ./shop.",
)
@_directory
def init_theme(name: str, extends: str | None, directory: str) -> None:
    """Write the package NAME, which replaces assets of another, into a directory of this name."""
    if extends is None:
        raise click.UsageError("a theme is one of a package: write --extends PACKAGE")
    make_importable()
    _write_theme(name, named_base(extends), directory)


def _write_theme(name: str, base: Base, directory: str) -> None:
    with base.importable():
        registry = load(f"{base.package}:configure.zcml", (), {}, strict=False)
        files = theme_files(name, registry, base, directory)
    _wrote(write_project(directory, name, files))


def _wrote(paths: list[str]) -> None:
    for path in paths:
        click.echo(path)
