"""`--registry module:attribute` and `--paste app.ini`: the registry of an application that runs, in the place of CONFIG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from assetzcml.cli.configured import ConfiguredCommand, configured, load, make_importable
from assetzcml.cli.starting import starting
from assetzcml.cli.statuses import Wrong
from assetzcml.registry import Registry
from assetzcml.resolving.importing import imported_object
from assetzcml.resolving.meant import object_meant

__all__ = ["ANOTHER", "asked", "asking", "is_application", "registry_asked"]

OPTIONS = ("--registry", "--paste")
ANOTHER = "-"  # CONFIG, where one of the options says what is asked


class Asking(ConfiguredCommand):
    """A command whose first argument is CONFIG, unless an option stands in its place."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any(argument.partition("=")[0] in OPTIONS for argument in args):
            args = [ANOTHER, *args]
        return super().parse_args(ctx, args)


def asking(name: str, epilog: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function that asks a configuration, or an application."""
    return click.command(name, cls=Asking, epilog=epilog)


def asked(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command CONFIG with the options of a load, and the two that stand in its place."""
    for option, metavar, text in (
        ("--paste", "INI", "Ask the Pyramid application of this file, in the place of CONFIG."),
        (
            "--registry",
            "MODULE:ATTRIBUTE",
            "Ask this AssetRegistry, or what a callable of this name gives, in the place of CONFIG.",
        ),
    ):
        command = click.option(option, metavar=metavar, expose_value=False, callback=_remember, help=text)(command)
    return configured(command)


def _remember(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.meta[f"{__name__}.{parameter.name}"] = value


def is_application() -> bool:
    """Is an application asked, and not CONFIG?"""
    meta = click.get_current_context().meta
    return any(f"{__name__}.{option[2:]}" in meta for option in OPTIONS)


def registry_asked(config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool) -> Any:
    """The registry that a question is about. Raises Wrong for one that is not there."""
    meta = click.get_current_context().meta
    name, paste = (meta.get(f"{__name__}.{option[2:]}") for option in OPTIONS)
    if name is None and paste is None:
        return load(config, features, settings, strict, asked=True)
    if name is not None and paste is not None:
        raise click.UsageError("--registry and --paste exclude each other")
    if features or settings:
        raise click.UsageError("--feature and --setting are for CONFIG: the application has been configured")
    make_importable()
    return _named(name) if name is not None else _of_paste(str(paste))


def _named(name: str) -> Registry:
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        place, _, last = name.strip(":").rpartition(".")
        hint = f"; did you mean '{place}:{last}'?" if place and not colon else ""
        raise click.UsageError(f"--registry {name!r} is not module:attribute{hint}")
    with starting(f"--registry {name}", lambda: object_meant(f"{module_name}.{attribute}", colon=True)):
        found: Any = imported_object(module_name, attribute)
    if callable(found) and not isinstance(found, Registry):
        with starting(f"--registry {name}"):
            found = found()
    found = found if isinstance(found, Registry) else getattr(found, "registry", found)
    if not isinstance(found, Registry):
        raise Wrong(f"--registry {name}: {found!r} is no AssetRegistry, and gives none")
    return found


def _of_paste(path: str) -> Registry:
    from assetzcml.integrations.pyramid import registry_of_paste

    with starting(f"--paste {path}", files=True):
        return registry_of_paste(path)
