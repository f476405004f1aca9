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
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from types import TracebackType
from typing import Any

import click

from assetzcml.assembly import AssetRegistry, load_zcml
from assetzcml.bundles.building import Built
from assetzcml.cli.building import built_data, built_line, problem_data, rounds, summary, wanted
from assetzcml.cli.scaffolds import app_files, checked_name, theme_files, write_project
from assetzcml.cli.watching import Watcher
from assetzcml.errors import ConfigurationError, ConfigurationWarning, MissingExtra, Problem, did_you_mean
from assetzcml.interfaces import IBundles, IChecker, IPages
from assetzcml.records.assets import Busting, Override, PermissionPolicy, StaticViewRecord
from assetzcml.records.bundles import BundleRecord, BundlingRecord
from assetzcml.records.pages import Route, View
from assetzcml.registry import Record
from assetzcml.reports.bundles import bundle_data, bundle_lines
from assetzcml.reports.descriptions import data_of, line_of, origin_data
from assetzcml.reports.include_tree import includes_data, includes_lines
from assetzcml.reports.xsd import schema_files, schemas

__all__ = ["main"]

NAMESPACE = "http://namespaces.assetzcml.org/assets"
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


def version_of(distribution: str) -> str:
    """The version of an installed distribution; a checkout that is only on the path has none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "(not installed)"


@click.group(cls=Commands, epilog=EXIT_STATUS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version_of("assetzcml"), prog_name="assetzcml")
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
@click.option(
    "--reload", "reloads", is_flag=True, help="Load CONFIG again when one of its files changes. Needs watchfiles."
)
def serve(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    host: str,
    port: int,
    app: str | None,
    reloads: bool,
) -> None:
    """
    Serve the assets of CONFIG over HTTP, until it is interrupted.

    Needs waitress: pip install "assetzcml[serve]". Prints the address once connections are accepted. With --reload an
    edit that is wrong is told on stderr, and the configuration before it stays in force.
    """
    module, _, name = app.partition(":") if app is not None else ("", "", "")
    if app is not None and not (module and name):
        raise click.BadParameter(f"{app!r} is not module:factory", param_hint="'--app'")
    waitress = _waitress()
    registry = _load(config, features, settings, strict)
    watcher = Watcher(registry, _tell_reload) if reloads else None
    fallback = _factory(module, name)(registry) if app is not None else None
    try:
        server = waitress.create_server(registry.make_app(fallback), host=host, port=port, threads=THREADS)
    except OSError as error:
        raise Wrong(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for address in _addresses(server):
        click.echo(f"Serving on {address}")
    sys.stdout.flush()
    with _warnings_on_stderr():
        if watcher is not None:
            watcher.start()
        server.run()


def _tell_reload(error: Exception | None) -> None:
    """Say on stderr what became of an edit."""
    if error is None:
        click.echo("The configuration has been reloaded.", err=True)
        return
    problems = error.problems if isinstance(error, ConfigurationError) else []
    told = "\n".join(map(_told, problems)) or f"{type(error).__name__}: {error}"
    click.echo(f"{told}\nThe configuration before this edit stays in force.", err=True)


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


@main.command(epilog=EXIT_STATUS)
@_configured
@_format
def check(config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, form: str) -> None:
    """
    Say what is wrong with CONFIG, and what probably is not meant.

    The findings are on stdout, each with its code (see docs/checks.rst), place, and how to fix it. The exit status is 1
    when one is an error, with --strict also when one is a warning. A finding is silenced by a comment on the line before
    its tag: <!-- assetzcml: ignore A012 -->
    """
    _make_importable(os.getcwd())
    registry = AssetRegistry(settings=settings)
    found = registry.getUtility(IChecker).check(config, features=features, settings=settings)
    if form == "json":
        _print_json([finding.as_dict() for finding in found])
    else:
        for finding in found:
            click.echo(str(finding))
        counted = Counter(finding.severity for finding in found)
        plural = {"error": "errors", "warning": "warnings", "info": "infos"}
        numbers = [
            f"{counted[kind]} {kind if counted[kind] == 1 else plural[kind]}" for kind in plural if counted[kind]
        ]
        click.echo(", ".join(numbers) if numbers else "no findings")
    if any(finding.severity == "error" or (strict and finding.severity == "warning") for finding in found):
        raise SystemExit(1)


# What `list` knows: its word, its heading, and which records it is about.
KINDS: dict[str, tuple[str, Callable[[Record], bool]]] = {
    "views": ("static views", lambda record: isinstance(record, StaticViewRecord) and not record.file),
    "files": ("static files", lambda record: isinstance(record, StaticViewRecord) and record.file),
    "overrides": ("overrides, in the order of search", lambda record: isinstance(record, Override)),
    "busters": ("cache busters", lambda record: isinstance(record, Busting)),
    "policies": ("permission policies", lambda record: isinstance(record, PermissionPolicy)),
    "routes": ("routes, in the order in which they are tried", lambda record: isinstance(record, Route)),
    "pages": ("views of routes and of paths", lambda record: isinstance(record, View)),
    "environment": (
        "environment of bundles",
        lambda record: isinstance(record, BundlingRecord) and not isinstance(record, BundleRecord),
    ),
    "bundles": ("bundles", lambda record: isinstance(record, BundleRecord)),
}
INCLUDES = "includes"  # not what is declared, but where: only when it is asked for


@main.command("list", epilog=EXIT_STATUS)
@_configured
@click.argument(
    "kinds", nargs=-1, type=click.Choice([*KINDS, INCLUDES]), metavar=f"[{'|'.join([*KINDS, INCLUDES])}]..."
)
@_format
def list_(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, kinds: tuple[str, ...], form: str
) -> None:
    """
    List what CONFIG declares, and what lost.

    Each with its place; what lost, with the place of what won. Without a kind, everything. The kind "includes" is the
    tree of the files that were read: what each declared, overrode and lost, and what was left out, and why.
    """
    registry = _load(config, features, settings, strict)
    chosen = [kind for kind in KINDS if kind in kinds or not kinds]
    if form == "json":
        told: dict[str, Any] = {kind: list(_listed_data(registry, kind)) for kind in chosen}
        if INCLUDES in kinds:
            told[INCLUDES] = includes_data(registry)
        _print_json(told)
        return
    sections = [[KINDS[kind][0], *_listed_lines(registry, kind)] for kind in chosen]
    if INCLUDES in kinds:
        sections.append([INCLUDES, *(f"  {line}" for line in includes_lines(registry))])
    click.echo("\n\n".join("\n".join(section) for section in sections))


def _listed(registry: AssetRegistry, kind: str) -> Iterator[tuple[Record, str, Record | None]]:
    """The records of one kind: those in force, then the losers, each with the reason and who won."""
    snapshot, pages = registry.snapshot, registry.getUtility(IPages)
    policies = [snapshot.policy] if isinstance(snapshot.policy, PermissionPolicy) else []
    belongs = KINDS[kind][1]
    routing = (*pages.routes(), *pages.views())
    for record in (*snapshot.views, *snapshot.overrides, *snapshot.bustings, *policies, *routing, *snapshot.bundling):
        if belongs(record):
            yield record, "", None
    for loss in snapshot.losses:
        if belongs(loss.loser):
            yield loss.loser, loss.reason, loss.winner


def _listed_bundles(registry: AssetRegistry) -> Iterator[Any]:
    """The `BundleState` of each bundle, those that Python registered too."""
    bundles = registry.getUtility(IBundles)
    return (bundles.state(name) for name in bundles.names())


def _listed_data(registry: AssetRegistry, kind: str) -> Iterator[dict[str, Any]]:
    if kind == "bundles":
        for state in _listed_bundles(registry):
            yield {**bundle_data(state, registry), "lost": None, "winner": None}
    for record, lost, winner in _listed(registry, kind):
        if kind == "bundles" and winner is None:
            continue
        against = origin_data(winner.origin) if winner is not None else None
        yield {**data_of(record, registry), "lost": lost or None, "winner": against}


def _listed_lines(registry: AssetRegistry, kind: str) -> Iterator[str]:
    nothing = True
    for state in _listed_bundles(registry) if kind == "bundles" else ():
        nothing = False
        first, *more = [*bundle_lines(state), *(f"problem {problem}" for problem in state.problems)]
        yield f"  {first}"
        yield from (f"    {line}" for text in more for line in text.splitlines())
    for record, lost, winner in _listed(registry, kind):
        if kind == "bundles" and winner is None:
            continue
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
    Say why this file, or this page, is the one being served.

    SPEC-or-URL is the spec of an asset (shop:static/logo.png), or a URL or its path as a browser sends it: that of an
    asset, or of a page (/about). The exit status is 1 when there is no such asset or page, or nobody publishes it.
    """
    registry = _load(config, features, settings, strict)
    explanation = registry.explain(spec_or_url)
    if form == "json":
        _print_json(explanation.as_dict())
    else:
        click.echo(str(explanation))
    if explanation.problems:
        raise SystemExit(1)


@main.command(epilog=EXIT_STATUS)
@_configured
@click.option("--bundle", "names", multiple=True, metavar="NAME", help="Only this bundle. May be repeated.")
@click.option("--watch", is_flag=True, help="Go on, and build again what changes, until it is interrupted.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Outputs that are built at a time.")
@click.option("--force", is_flag=True, help="Build also what is up to date.")
@_format
def build(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    names: tuple[str, ...],
    watch: bool,
    jobs: int | None,
    force: bool,
    form: str,
) -> None:
    """
    Build the bundles of CONFIG that are out of date.

    One line for each output: its name, size, savings, and file. What went wrong is on stderr, with the place of the
    bundle and that of the filter's complaint; everything else is built all the same, and the exit status is 1.
    """
    registry = _load(config, features, settings, strict)
    names = wanted(registry, names)
    terminal = form == "text" and sys.stdout.isatty()
    told: list[dict[str, Any]] = []
    known: dict[str | None, str] = {}  # what was told of each bundle last: nothing is said twice while watching

    def done(bundle: Any, outcome: Built | ConfigurationError) -> None:
        text = built_line(outcome) if isinstance(outcome, Built) else "\n".join(map(_told, outcome.problems))
        changed = isinstance(outcome, Built) and outcome.changed
        if not changed and (known.get(bundle.name) == text or (isinstance(outcome, Built) and bundle.name in known)):
            return
        known[bundle.name] = text
        if form == "json":
            told.append(_outcome_data(bundle, outcome))
        elif isinstance(outcome, Built):
            click.echo(_coloured(text, "green" if changed else None, terminal))
        else:
            click.echo(_coloured(text, "red", sys.stderr.isatty()), err=True)
        sys.stdout.flush()

    if watch:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    began = time.monotonic()
    outcomes: list[Built | ConfigurationError] = []
    try:
        for number, outcomes in enumerate(rounds(registry, names, jobs=jobs, force=force, done=done, watch=watch)):
            if form == "json" and (told or not number):
                _print_json(told)
                sys.stdout.flush()
                told = []
            elif terminal and not number:
                click.echo(summary(outcomes, time.monotonic() - began))
    except KeyboardInterrupt:
        if not watch:
            raise
        return
    if any(not isinstance(outcome, Built) for outcome in outcomes):
        raise SystemExit(1)


def _outcome_data(bundle: Any, outcome: Built | ConfigurationError) -> dict[str, Any]:
    if isinstance(outcome, Built):
        return built_data(outcome)
    nothing = {"file": None, "version": None, "size": None, "source_size": None, "changed": False}
    return {"bundle": bundle.name, **nothing, "problems": [problem_data(problem) for problem in outcome.problems]}


def _coloured(text: str, colour: str | None, terminal: bool) -> str:
    return click.style(text, fg=colour) if terminal and colour is not None else text


@main.command(epilog=EXIT_STATUS)
@_configured
@click.option(
    "--namespace", metavar="URI", help=f"Print the schema of this namespace; without it, that of {NAMESPACE}."
)
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Write all schemas, and a catalog of them, into this directory.",
)
def schema(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    namespace: str | None,
    output: str | None,
) -> None:
    """
    Write XML Schemas of the directives that CONFIG knows, for editors and validators.

    One for each namespace, with the directives of every package that is included. A configuration that does not load is
    told of on stderr, and the exit status is 1; the schemas are made all the same, as far as it has been read.
    """
    if namespace is not None and output is not None:
        raise click.UsageError("--namespace and --output exclude each other: --output writes all of them")
    _make_importable(os.getcwd())
    registry = AssetRegistry(settings=settings)
    wrong = None
    try:
        with _warnings_on_stderr():
            registry.load_zcml(config, features=features, settings=settings, strict=strict)
    except ConfigurationError as error:
        wrong = error
    known, namespace = schemas(registry), NAMESPACE if namespace is None else namespace
    if output is not None and known:
        _wrote(_written(output, schema_files(registry)))
    elif output is None and (namespace in known or wrong is None):
        _print_schema(known, namespace)
    if wrong is not None:
        raise wrong


def _written(directory: str, files: dict[str, str]) -> list[str]:
    """Write *files* into a directory, which is made if there is none; their paths."""
    paths = [os.path.join(directory, name) for name in sorted(files)]
    try:
        os.makedirs(directory, exist_ok=True)
        for path in paths:
            with open(path, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(files[os.path.basename(path)])
    except OSError as error:
        raise Wrong(f"cannot write {error.filename or directory}: {error.strerror}") from error
    return paths


def _print_schema(known: dict[str, str], namespace: str) -> None:
    text = known.get(namespace)
    if text is None:
        hint = did_you_mean(namespace, known)
        told = hint or f"there are {', '.join(map(repr, filter(None, known)))}"
        raise Wrong(f"no directive is in the namespace {namespace!r}; {told}")
    # Bytes: XML without a declaration is in UTF-8, whatever the terminal is.
    click.echo(text.encode("utf-8"), nl=False)


@main.group(epilog=EXIT_STATUS)
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


@init.command("app", epilog=EXIT_STATUS)
@click.argument("name", callback=_name)
@_directory
def init_app(name: str, directory: str) -> None:
    """Write the application NAME into a directory of this name."""
    _wrote(write_project(directory, name, app_files(name)))


@init.command("theme", epilog=EXIT_STATUS)
@click.argument("name", callback=_name)
@click.option("--extends", required=True, metavar="PACKAGE", help="The package whose assets it replaces.")
@_directory
def init_theme(name: str, extends: str, directory: str) -> None:
    """Write the package NAME, which replaces assets of another, into a directory of this name."""
    registry = _load(f"{extends}:configure.zcml", (), {}, strict=False)
    _wrote(write_project(directory, name, theme_files(name, registry, extends)))


def _wrote(paths: list[str]) -> None:
    for path in paths:
        click.echo(path)
