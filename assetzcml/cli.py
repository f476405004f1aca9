"""
The command line: load a configuration, ask the registry, print.

Exit status: 0 good, 1 the configuration or the content is wrong, 2 wrong usage (click's own).
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import click

from assetzcml.assembly import AssetRegistry, load_zcml
from assetzcml.assets import Busting, Override, PermissionPolicy, StaticViewRecord
from assetzcml.check.descriptions import data_of, line_of, origin_data
from assetzcml.errors import ConfigurationError, ConfigurationWarning, MissingExtra, Problem
from assetzcml.registry import Record, Snapshot
from assetzcml.serving.wsgi import StaticApp

__all__ = ["main"]

THREADS = 8  # a browser opens six connections to one host; with fewer threads than that waitress warns of a queue

EXIT_STATUS = """\b
Exit status: 0 good, 1 the configuration or the content is wrong (messages
are on stderr, with file, line and column), 2 wrong usage."""


class Commands(click.Group):
    """The commands. Errors of the user are messages; a reader that has seen enough is no error."""

    def invoke(self, context: click.Context) -> Any:
        # A file name that is not UTF-8, or a terminal that is not, is no reason to fail.
        getattr(sys.stdout, "reconfigure", lambda **_: None)(errors="backslashreplace")
        try:
            result = super().invoke(context)
            sys.stdout.flush()
        except ConfigurationError as error:
            raise Wrong("\n".join(map(_told, error.problems))) from error
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            # What is still buffered goes nowhere, also when Python flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            context.exit(0)
        return result


class Wrong(click.ClickException):
    """The configuration or the content is wrong: exit status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.format_message(), err=True)


def _told(problem: Problem) -> str:
    """A problem, and the last line of the code not ours that raised it."""
    frame = _innermost(problem.exception.__traceback__) if problem.exception is not None else None
    return f"{problem}\n    raised at {frame.filename}:{frame.lineno}" if frame is not None else str(problem)


def _innermost(trace: TracebackType | None) -> traceback.FrameSummary | None:
    """The last step that is neither ours nor the import system's."""
    own = os.path.dirname(os.path.abspath(__file__)) + os.sep
    library = os.path.dirname(os.__file__) + os.sep
    packages = (f"{library}site-packages{os.sep}", f"{library}dist-packages{os.sep}")
    for frame in reversed(traceback.extract_tb(trace)):
        name = frame.filename
        standard = name.startswith(("<", library)) and not name.startswith(packages)
        if not standard and not name.startswith(own):
            return frame
    return None


def _setting(context: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """`key=value` texts as a mapping."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r} is not key=value", context, parameter)
        settings[key] = value
    return settings


def _configured(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the argument CONFIG and the options of a load."""
    decorators = (
        click.argument("config"),
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
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: for programs.",
)


def _load(config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool) -> AssetRegistry:
    """Load CONFIG; warnings go to stderr, each with its place."""
    _make_importable(os.getcwd())
    with _warnings_on_stderr():
        return load_zcml(config, features=features, settings=settings, strict=strict)


def _make_importable(directory: str) -> None:
    """As `python -m` does, and unless Python was told not to (-P, PYTHONSAFEPATH)."""
    if not getattr(sys.flags, "safe_path", False) and sys.path[:1] not in ([directory], [""]):
        sys.path.insert(0, directory)


@contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always", ConfigurationWarning)
        others = warnings.showwarning

        def show(message: Any, category: type[Warning], *arguments: Any, **options: Any) -> None:
            if issubclass(category, ConfigurationWarning):
                click.echo(f"warning: {message}", err=True)
            else:
                others(message, category, *arguments, **options)

        warnings.showwarning = show
        yield


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))


@click.group(cls=Commands, epilog=EXIT_STATUS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="assetzcml")
def main() -> None:
    """
    Static assets that another package can extend or replace, declared in ZCML.

    CONFIG is the path of a ZCML file, or package:file.zcml. The working directory is importable, as with python -m.
    """


@main.command(epilog=EXIT_STATUS)
@_configured
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on; 0: a free one."
)
@click.option(
    "--app",
    metavar="MODULE:FACTORY",
    help="What answers all other paths: a function that is called with the registry and returns a WSGI application.",
)
def serve(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    host: str,
    port: int,
    app: str | None,
) -> None:
    """
    Serve the assets of CONFIG over HTTP, until it is interrupted.

    Needs waitress: pip install "assetzcml[serve]". Prints the address once connections are accepted.
    """
    module, _, name = app.partition(":") if app is not None else ("", "", "")
    if app is not None and not (module and name):
        raise click.BadParameter(f"{app!r} is not module:factory", param_hint="'--app'")
    waitress = _waitress()
    registry = _load(config, features, settings, strict)
    fallback = _factory(module, name)(registry) if app is not None else None
    try:
        server = waitress.create_server(StaticApp(registry, fallback), host=host, port=port, threads=THREADS)
    except OSError as error:
        raise Wrong(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for address in _addresses(server):
        click.echo(f"Serving on {address}")
    sys.stdout.flush()
    server.run()


def _waitress() -> Any:
    try:
        return importlib.import_module("waitress.server")
    except ModuleNotFoundError as error:
        if error.name not in ("waitress", "waitress.server"):
            raise
        raise MissingExtra('serve needs waitress, which is not installed; pip install "assetzcml[serve]"') from None


def _factory(module: str, name: str) -> Callable[[AssetRegistry], Any]:
    """The function that makes the application behind the static views."""
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        told = f"--app: the module {module!r} cannot be imported: {type(error).__name__}: {error}"
        raise ConfigurationError(Problem(None, told, exception=error)) from error
    try:
        for step in name.split("."):
            found = getattr(found, step)
    except AttributeError:
        raise ConfigurationError(f"--app: the module {module!r} has no {name!r}") from None
    if not callable(found):
        raise ConfigurationError(f"--app: {module}:{name} is not callable")
    return found


def _addresses(server: Any) -> list[str]:
    """The URLs of a waitress server: one for each address that the host's name stands for."""
    listening = getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/" for host, port in listening]


@main.command(epilog=EXIT_STATUS)
@_configured
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@_format
def url(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, specs: tuple[str, ...], form: str
) -> None:
    """
    Print the URL of each asset SPEC.

    It is a path, and with --setting application_url=https://example.com the whole URL. A SPEC that has no URL is a
    message on stderr, and the exit status is 1.
    """
    registry = _load(config, features, settings, strict)
    make = registry.static_url if registry.settings.get("application_url") else registry.static_path
    answers, errors = {}, {}
    for spec in specs:
        try:
            answers[spec] = make(spec)
        except (ConfigurationError, ValueError, ImportError) as error:
            errors[spec] = str(error)
    if form == "json":
        _print_json([{"spec": spec, "url": answers.get(spec), "error": errors.get(spec)} for spec in specs])
    else:
        for spec in specs:
            if spec in answers:
                click.echo(answers[spec])
    if errors:
        raise Wrong("\n".join(errors.values()))


# What `list` knows: its word, its heading, and which records it is about.
KINDS: dict[str, tuple[str, Callable[[Record], bool]]] = {
    "views": ("static views", lambda record: isinstance(record, StaticViewRecord) and not record.file),
    "files": ("static files", lambda record: isinstance(record, StaticViewRecord) and record.file),
    "overrides": ("overrides, in the order of search", lambda record: isinstance(record, Override)),
    "busters": ("cache busters", lambda record: isinstance(record, Busting)),
    "policies": ("permission policies", lambda record: isinstance(record, PermissionPolicy)),
}


@main.command("list", epilog=EXIT_STATUS)
@_configured
@click.argument("kinds", nargs=-1, type=click.Choice(list(KINDS)), metavar=f"[{'|'.join(KINDS)}]...")
@_format
def list_(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, kinds: tuple[str, ...], form: str
) -> None:
    """
    List what CONFIG declares, and what lost.

    Each with its place; what lost, with the place of what won. Without a kind, everything.
    """
    registry = _load(config, features, settings, strict)
    chosen = [kind for kind in KINDS if kind in kinds or not kinds]
    if form == "json":
        _print_json({kind: list(_listed_data(registry, kind)) for kind in chosen})
        return
    sections = [[KINDS[kind][0], *_listed_lines(registry, kind)] for kind in chosen]
    click.echo("\n\n".join("\n".join(section) for section in sections))


def _listed(snapshot: Snapshot, kind: str) -> Iterator[tuple[Record, str, Record | None]]:
    """The records of one kind: those in force, then the losers, each with the reason and who won."""
    policies = [snapshot.policy] if isinstance(snapshot.policy, PermissionPolicy) else []
    belongs = KINDS[kind][1]
    for record in (*snapshot.views, *snapshot.overrides, *snapshot.bustings, *policies):
        if belongs(record):
            yield record, "", None
    for loss in snapshot.losses:
        if belongs(loss.loser):
            yield loss.loser, loss.reason, loss.winner


def _listed_data(registry: AssetRegistry, kind: str) -> Iterator[dict[str, Any]]:
    for record, lost, winner in _listed(registry.snapshot, kind):
        against = origin_data(winner.origin) if winner is not None else None
        yield {**data_of(record, registry), "lost": lost or None, "winner": against}


def _listed_lines(registry: AssetRegistry, kind: str) -> Iterator[str]:
    nothing = True
    for record, lost, winner in _listed(registry.snapshot, kind):
        nothing = False
        yield f"  {line_of(record, registry)}"
        yield f"    {record.origin}"
        if winner is not None:
            yield f"    lost: {lost} by {winner.origin}"
    if nothing:
        yield "  none"


@main.command(epilog=EXIT_STATUS)
@_configured
@click.argument("spec_or_url", metavar="SPEC-or-URL")
@_format
def explain(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, spec_or_url: str, form: str
) -> None:
    """
    Say why this file is the one being served.

    SPEC-or-URL is the spec of an asset (shop:static/logo.png), or a URL or its path as a browser sends it. The exit
    status is 1 when there is no such asset, or nobody publishes it.
    """
    registry = _load(config, features, settings, strict)
    explanation = registry.explain(spec_or_url)
    if form == "json":
        _print_json(explanation.as_dict())
    else:
        click.echo(str(explanation))
    if explanation.problems:
        raise SystemExit(1)
