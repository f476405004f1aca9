"""The command `assetzcml`, and where each of its commands is. Only click is imported, so that --help is there at once."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from difflib import get_close_matches
from typing import Any, NamedTuple

import click

from assetzcml.cli.statuses import ANSWERED, EXIT_STATUS

__all__ = ["COMMANDS", "distribution_version", "main"]


class CommandPlace(NamedTuple):
    """Where a command is, and the first sentence of its help."""

    module: str
    name: str
    help: str


COMMANDS = {
    "build": CommandPlace("assetzcml.cli.building", "build", "Build the bundles of CONFIG that are out of date."),
    "check": CommandPlace(
        "assetzcml.cli.questions", "check", "Say what is wrong with CONFIG, and what probably is not meant."
    ),
    "compress": CommandPlace(
        "assetzcml.cli.compressing",
        "compress_command",
        "Make the br, zstd and gzip variants of what CONFIG publishes.",
    ),
    "convert": CommandPlace(
        "assetzcml.cli.converting", "convert", "Write the ZCML that says what an application has told another library."
    ),
    "explain": CommandPlace(
        "assetzcml.cli.questions", "explain", "Say why this file, or this page, is the one being served."
    ),
    "export": CommandPlace(
        "assetzcml.cli.freezing",
        "export",
        "Print what another server has to be told of DIR, which was frozen, or published to.",
    ),
    "freeze": CommandPlace(
        "assetzcml.cli.freezing",
        "freeze_command",
        "Freeze all that CONFIG publishes into DIR, as files for another server.",
    ),
    "gc": CommandPlace(
        "assetzcml.cli.collecting",
        "gc_command",
        "Take former releases out of the store of contents of CONFIG, by count and age, "
        "and what only they were made of.",
    ),
    "init": CommandPlace("assetzcml.cli.projects", "init", "Write a new package: an application, or a theme for one."),
    "list": CommandPlace("assetzcml.cli.listing", "list_", "List what CONFIG declares, and what lost."),
    "publish": CommandPlace(
        "assetzcml.cli.publishing",
        "publish_command",
        "Send a release of CONFIG to DESTINATION, a bucket or a directory.",
    ),
    "schema": CommandPlace(
        "assetzcml.cli.questions",
        "schema",
        "Write XML Schemas of the directives that CONFIG knows, for editors and validators.",
    ),
    "serve": CommandPlace(
        "assetzcml.cli.server", "serve", "Serve the assets of CONFIG over HTTP, until it is interrupted."
    ),
    "store": CommandPlace(
        "assetzcml.cli.storing",
        "store_command",
        "Put the release that CONFIG is into its store of contents: before it serves its first page.",
    ),
    "verify": CommandPlace(
        "assetzcml.cli.freezing",
        "verify",
        "Compute all of DIR again, which was frozen, or published to: digests, names, variants, manifests.",
    ),
    "url": CommandPlace("assetzcml.cli.questions", "url", "Print the URL of each asset SPEC."),
}


# What other tools call the same.
SYNONYMS = {
    "compile": "build",
    "create": "init",
    "help": "--help",
    "lint": "check",
    "new": "init",
    "run": "serve",
    "runserver": "serve",
    "server": "serve",
    "show": "list",
    "start": "serve",
    "startproject": "init",
    "test": "check",
    "validate": "check",
    "version": "--version",
    "watch": "build",
    "why": "explain",
}


class Commands(click.Group):
    """The commands, each imported when it is called. A reader that has seen enough is no error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(importlib.import_module(place.module), place.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called. Of one that there is none of the nearest is named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = SYNONYMS.get(args[0]) or next(iter(get_close_matches(args[0], COMMANDS, n=1)), "")
            if not meant:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}; did you mean {meant!r}?", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        asked = _arguments(ctx)
        try:
            return self._invoke(ctx)
        except click.ClickException as error:
            if _is_json(asked) and not ctx.meta.get(ANSWERED):
                importlib.import_module("assetzcml.cli.configured").print_refusal(error)
            raise

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:  # closed by the shell: ">&-"
                sys.stdout.flush()
        except OSError as error:
            ctx.exit(_refused(error))
        return result

    def main(self, *arguments: Any, **options: Any) -> Any:
        """As click's; what help and version cannot be written to is told in one line too."""
        for stream in (sys.stdout, sys.stderr):
            _write_any_name(stream)
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            sys.exit(_refused(error))


def _write_any_name(stream: Any) -> None:
    """
    A file name that is not UTF-8, or a terminal that is not, is no reason to fail.

    Where the locale says ASCII, the bytes of a name are written as they are: as Python 3.7 does where nobody forbids it.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is None:
        return
    if str(stream.encoding).lower().replace("_", "-") in ("ascii", "us-ascii", "ansi-x3.4-1968", "646"):
        reconfigure(encoding="utf-8", errors="surrogateescape")
    else:
        reconfigure(errors="backslashreplace")


def _refused(error: OSError) -> int:
    """The exit status where the system refused something, which is told: a reader that has seen enough refuses nothing."""
    # What is still buffered goes nowhere, also when Python flushes at exit.
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return 0
    with contextlib.suppress(OSError):  # which is full, too
        click.echo(_in_words(error), err=True)
    return 1


def _arguments(ctx: click.Context) -> list[str]:
    """The command and its arguments, as they were typed."""
    return [*getattr(ctx, "_protected_args", ()), *ctx.args]


def _is_json(arguments: list[str]) -> bool:
    """Is the answer for a program?"""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return "--format=json" in arguments or ("--format", "json") in pairs


def _in_words(error: OSError) -> str:
    """What the system refused, in one line."""
    reason = error.strerror or str(error)
    return f"{os.fsdecode(error.filename)}: {reason}" if error.filename else f"the output cannot be written: {reason}"


def distribution_version(distribution: str) -> str:
    """The version of an installed distribution; a checkout that is only on the path has none."""
    metadata = importlib.import_module("importlib.metadata")
    try:
        return str(metadata.version(distribution))
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _print_version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(f"assetzcml, version {distribution_version('assetzcml')}")
        context.exit()


@click.group(cls=Commands, epilog=EXIT_STATUS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and exit.",
)
def main() -> None:
    """
    Static assets that another package can extend or replace, declared in ZCML.

    CONFIG is the path of a ZCML file, or package:file.zcml. The working directory is importable; it hides no module of
    Python itself.
    """
