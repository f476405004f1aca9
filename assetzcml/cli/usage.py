"""What is meant by words that a command does not know: those of other tools, and arguments in another order."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

import click

__all__ = ["Choice", "in_order", "option_meant", "spec_meant"]

# What other tools call the options of our commands.
OPTIONS = {
    "--address": "--host",
    "--bind": "--host",
    "--debug": "--reload",
    "--define": "--setting",
    "--json": "--format",
    "--listen": "--host",
    "--log": "--access-log",
    "--out": "--output",
    "--outdir": "--output",
    "--set": "--setting",
    "--variable": "--setting",
    "--watch": "--reload",
    "-D": "--setting",
    "-b": "--host",
    "-f": "--format",
    "-o": "--output",
    "-p": "--port",
    "-r": "--reload",
    "-w": "--watch",
}


def option_meant(error: click.NoSuchOption, command: click.Command) -> click.UsageError:
    """*error* with the option of *command* that another tool calls so."""
    meant = OPTIONS.get(error.option_name, "")
    if any(meant in each.opts for each in command.params):
        return click.UsageError(f"{error.message.rstrip('.')}. Did you mean {meant!r}?", error.ctx)
    return error


class Choice(click.Group):
    """A command of several kinds: of a word that is none it says how the kinds are called."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            kinds = sorted(self.commands)
            told = " or ".join(f"{ctx.info_name} {kind} {args[0]}" for kind in kinds)
            raise click.UsageError(f"{args[0]!r} is no kind of {ctx.info_name!r}; write {told}", ctx) from None


def in_order(config: str, asked: Iterable[str]) -> None:
    """Raises UsageError where the configuration stands behind what is asked about it."""
    first = next((each for each in asked if each.endswith(".zcml")), "")
    if first and not config.endswith((".zcml", ".zcml.in")):
        name = click.get_current_context().info_name
        raise click.UsageError(f"CONFIG comes first: write {name} {first} {config}")


def spec_meant(text: str) -> str:
    """The spec that is meant by the path of a file in a package, `shop/static/app.css`; '' for any other text."""
    package, slash, path = text.partition("/")
    if not (slash and path and ":" not in text and package.isidentifier()):
        return ""
    try:
        found = find_spec(package)
    except (ImportError, ValueError):
        return ""
    return f"{package}:{path}" if found is not None and found.submodule_search_locations is not None else ""
