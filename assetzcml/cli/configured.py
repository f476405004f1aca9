"""What the commands share: CONFIG and the options of a load, and how errors are told."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import click

from assetzcml.assembly import AssetRegistry
from assetzcml.cli.importing import behind_the_standard_library
from assetzcml.cli.statuses import ANSWERED, EXIT_STATUS, Wrong
from assetzcml.cli.telling import say
from assetzcml.cli.usage import option_meant
from assetzcml.errors import ConfigurationError, ConfigurationWarning, Problem
from assetzcml.reports.findings import findings_of, load_to_ask
from assetzcml.resolving.importing import failed_at

__all__ = [
    "ConfiguredCommand",
    "command",
    "configured",
    "formatted",
    "load",
    "make_importable",
    "print_json",
    "print_refusal",
    "told",
    "warnings_on_stderr",
]


OTHER_FORM = "--strict-in PACKAGE counts those in files of your own packages only"


class ConfiguredCommand(click.Command):
    """A command whose user's errors are messages."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise option_meant(error, self) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            strict = ctx.params.get("strict") and any(map(_is_warning, error.problems))
            raise Wrong("\n".join([*map(told, error.problems), *([OTHER_FORM] if strict else [])])) from error


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function."""
    return click.command(name, cls=ConfiguredCommand, epilog=EXIT_STATUS)


def _is_warning(problem: Problem) -> bool:
    """Is it only an error since the load is strict?"""
    return problem.code.startswith("A0")


def told(problem: Problem) -> str:
    """A problem, and the last line of the code not ours that raised it."""
    place = failed_at(problem.exception) if problem.exception is not None else ""
    return f"{problem}\n    raised at {place}" if place else str(problem)


def _setting(context: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """`key=value` texts as a mapping."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            hint = f"write --setting {key}=VALUE" if key and not equals else "--setting KEY=VALUE was expected"
            raise click.BadParameter(f"{pair!r} is not key=value; {hint}", context, parameter)
        settings[key] = value
    return settings


class ConfigArgument(click.Argument):
    """CONFIG; where it is missing, the files are named that may be meant."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter as error:
            found = sorted(name for name in _here() if name.endswith(".zcml"))
            hint = f"Did you mean {found[0]!r}?" if found else "The path of a ZCML file, or package:file.zcml."
            raise click.MissingParameter(hint, ctx, self, error.param_hint, error.param_type) from None


def _here() -> list[str]:
    try:
        return os.listdir()
    except OSError:
        return []


def configured(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the argument CONFIG and the options of a load."""
    decorators = (
        click.argument("config", cls=ConfigArgument),
        click.option(
            "--feature",
            "features",
            multiple=True,
            metavar="NAME",
            help='Feature that zcml:condition="have NAME" asks for. May be repeated.',
        ),
        click.option(
            "--setting",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            callback=_setting,
            help="What ${KEY} in ZCML stands for; also the registry's own, such as "
            "application_url=https://example.com. May be repeated.",
        ),
        click.option("--strict", is_flag=True, help="A warning is an error."),
        click.option(
            "--strict-in",
            "strict_in",
            multiple=True,
            metavar="PACKAGE",
            help="A warning in a file of this package is an error. May be repeated.",
        ),
    )

    @wraps(command)
    def with_strictness(*arguments: Any, strict: bool, strict_in: tuple[str, ...], **options: Any) -> None:
        command(*arguments, strict=strict or strict_in, **options)

    decorated: Callable[..., None] = with_strictness
    for decorate in reversed(decorators):
        decorated = decorate(decorated)
    return decorated


formatted = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: for programs.",
)


def load(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool | tuple[str, ...],
    asked: bool = False,
) -> AssetRegistry:
    """Load CONFIG; warnings go to stderr, each with its place. *asked*: what is loaded serves nothing."""
    make_importable()
    registry = AssetRegistry(settings=settings)
    with warnings_on_stderr():
        read = partial(load_to_ask, registry) if asked else registry.load_zcml
        read(config, features=features, settings=settings, strict=strict)
    return registry


def make_importable() -> None:
    """Of the working directory, behind the standard library, unless Python was told not to (-P, PYTHONSAFEPATH)."""
    try:
        directory = os.getcwd()
    except FileNotFoundError:
        raise Wrong("the working directory is no longer there; change to one that is") from None
    position = behind_the_standard_library()
    if not getattr(sys.flags, "safe_path", False) and not {directory, ""} & set(sys.path[:position]):
        sys.path.insert(position, directory)


@contextmanager
def warnings_on_stderr() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always", ConfigurationWarning)
        others = warnings.showwarning

        def show(message: Any, category: type[Warning], *arguments: Any, **options: Any) -> None:
            if issubclass(category, ConfigurationWarning):
                say(f"warning: {message}", err=True)
            else:
                others(message, category, *arguments, **options)

        warnings.showwarning = show
        yield


def print_json(data: Any) -> None:
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().meta[ANSWERED] = True
    click.echo(json.dumps(data, indent=2))


def print_refusal(error: click.ClickException) -> None:
    """Why there is no answer, as JSON: a list like that of `check`."""
    cause = error.__cause__
    if isinstance(cause, ConfigurationError):
        print_json([finding.as_dict() for finding in findings_of(cause)])
        return
    nothing: dict[str, Any] = {"code": None, "title": None, "origin": None, "fix": "", "also": []}
    print_json([{"severity": "error", "message": error.format_message(), **nothing}])
