"""`assetzcml serve`: a server for one's own machine, with what is loaded."""

from __future__ import annotations

import importlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import click

from assetzcml.assembly import AssetRegistry
from assetzcml.cli.access_log import AccessLog
from assetzcml.cli.configured import command, configured, load, told, warnings_on_stderr
from assetzcml.cli.draining import Drained
from assetzcml.cli.probes import Probes
from assetzcml.cli.proxies import BehindProxy, Network, proxy_network
from assetzcml.cli.signals import Signals
from assetzcml.cli.statuses import Wrong
from assetzcml.cli.supervising import PythonFiles, Served, served, supervise
from assetzcml.cli.watching import Watcher, watching
from assetzcml.errors import ConfigurationError, MissingExtra, Problem
from assetzcml.reports.broken_edits import BrokenEdits
from assetzcml.resolving.importing import import_failure, imported
from assetzcml.resolving.meant import object_meant

__all__ = ["serve"]


def _networks(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(map(proxy_network, texts))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


class Port(click.IntRange):
    """A port."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value!r} is no port; a number from 0 to 65535 was expected, such as 8080", param, ctx)


THREADS = 8  # a browser opens six connections to one host; with fewer threads than that waitress warns of a queue


@command("serve")
@configured
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=Port(0, 65535), default=8080, show_default=True, help="Port to listen on; 0: a free one.")
@click.option(
    "--app",
    metavar="MODULE:FACTORY",
    help="What answers all other paths: a function that is called with the registry and returns a WSGI application.",
)
@click.option(
    "--reload", "reloads", is_flag=True, help="Load CONFIG again when one of its files changes. Needs watchfiles."
)
@click.option(
    "--trusted-proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    callback=_networks,
    help="A proxy whose X-Forwarded-Proto, -Host, -For and -Prefix are believed: an address or a network.",
)
@click.option("--health", is_flag=True, help="Answer /-/health: 200 when all that is published is there, else 503.")
@click.option(
    "--metrics", is_flag=True, help="Answer /-/metrics with counters for Prometheus. Needs prometheus-client."
)
@click.option(
    "--access-log",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Write a line for each answer, in the combined format; to stdout without FILE.",
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
    proxies: tuple[Network, ...],
    health: bool,
    metrics: bool,
    access_log: str | None,
) -> None:
    """
    Serve the assets of CONFIG over HTTP, until it is interrupted.

    Needs waitress: pip install "assetzcml[serve]". Prints the address once connections are accepted. With --reload, and
    at SIGHUP without a terminal, the configuration is loaded again; an edit that is wrong is told on stderr, and the
    configuration before it stays in force.
    """
    module, _, name = app.partition(":") if app is not None else ("", "", "")
    if app is not None and not (module and name):
        place, _, last = app.strip(":").rpartition(".")
        hint = f"; did you mean '{place}:{last}'?" if place and ":" not in app else ""
        raise click.BadParameter(f"{app!r} is not module:factory{hint}", param_hint="'--app'")
    began = time.time_ns()
    waitress = _waitress()
    supervisor = served()
    if reloads and supervisor is None:
        watching()
        raise SystemExit(_supervised(host, port))
    with Signals().taken(hangup=True) as signals:
        registry = load(config, features, settings, strict)
        edits = BrokenEdits(None, lambda text: click.echo(text, err=True))
        watcher = Watcher(registry, lambda error: edits.broken("ZCML", _tell_reload(error))) if reloads else None
        if reloads:
            registry.settings.setdefault("reload", True)  # who edits the configuration edits assets too
        fallback = _factory(module, name)(registry) if app is not None else None
        application = registry.make_app(fallback)
        if reloads:
            edits.application = application
            application = edits
        if health or metrics:
            application = Probes(application, registry, health=health, metrics=metrics)
        if access_log is not None:
            try:
                application = AccessLog(application, access_log)
            except OSError as error:
                raise Wrong(f"cannot write the access log {access_log!r}: {error.strerror or error}") from error
        if proxies:
            application = BehindProxy(application, proxies)
        sockets: dict[int, Any] = {}
        options: dict[str, Any] = {"host": host, "port": port, "threads": THREADS, "map": sockets}
        if supervisor is not None:
            options = {"sockets": supervisor.sockets, "threads": THREADS, "map": sockets}
        try:
            # What proxies say is for BehindProxy to believe or not: waitress would take it out.
            server = waitress.create_server(application, clear_untrusted_proxy_headers=not proxies, **options)
        except OSError as error:
            raise Wrong(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
        except ValueError:  # waitress says no more of a name that it cannot look up
            raise _unknown_host(host) from None
        running = Drained(server, sockets)
        with warnings_on_stderr(), signals.looked_at(running.wake):
            for address in _addresses(server):
                click.echo(f"Serving on {address}")
            sys.stdout.flush()
            stopped = watcher.start() if watcher is not None else threading.Event()
            if supervisor is not None:

                def replaced() -> None:
                    stopped.set()  # the other server tells of edits now
                    running.drain()

                _watch_python(supervisor, edits, replaced, began)
            running.run(lambda: _goes_on(signals, registry))


def _goes_on(signals: Signals, registry: AssetRegistry) -> bool:
    """Has no signal asked for the end? One that asks for it has the configuration loaded again, while requests are answered."""
    if signals.take_hangup():
        threading.Thread(target=_reload, args=(registry,), daemon=True).start()
    return not signals.ended


def _reload(registry: AssetRegistry) -> None:
    try:
        registry.reload()
    except Exception as error:  # whatever code of others raises
        _tell_reload(error)
    else:
        _tell_reload(None)


def _supervised(host: str, port: int) -> int:
    try:
        return supervise(host, port)
    except socket.gaierror:
        raise _unknown_host(host) from None
    except OSError as error:
        raise Wrong(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


def _watch_python(supervisor: Served, edits: BrokenEdits, replaced: Callable[[], None], began: int) -> None:
    """
    Have another process started when modules change, and tell of those that it could not be started with.

    *replaced* is called when that process has taken our place; *began* is when nothing of theirs had been imported.
    """

    def broken(text: str | None) -> None:
        edits.broken("Python", text)
        if text is not None:
            click.echo(f"{text}\nThe Python before this edit stays in force.", err=True)

    def failed(text: str) -> None:
        edits.broken("Python", text)
        click.echo("The Python before this edit stays in force.", err=True)

    PythonFiles(began).watch(supervisor.changed, broken)
    supervisor.listen(failed, replaced)
    supervisor.ready()


def _tell_reload(error: Exception | None) -> str | None:
    """Say on stderr what became of an edit; the text of what is wrong with it."""
    if error is None:
        click.echo("The configuration has been reloaded.", err=True)
        return None
    problems = error.problems if isinstance(error, ConfigurationError) else []
    text = "\n".join(map(told, problems)) or f"{type(error).__name__}: {error}"
    click.echo(f"{text}\nThe configuration before this edit stays in force.", err=True)
    return text


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
        found: Any = imported(module)
    except Exception as error:
        told = f"--app: the module {module!r} cannot be imported: {import_failure(error)}"
        raise ConfigurationError(Problem(None, told, _attribute_meant(module, name), exception=error)) from error
    try:
        for step in name.split("."):
            found = getattr(found, step)
    except AttributeError:
        told = f"--app: the module {module!r} has no {name!r}"
        raise ConfigurationError(Problem(None, told, _attribute_meant(module, name))) from None
    if not callable(found):
        raise ConfigurationError(f"--app: {module}:{name} is not callable")
    factory: Callable[[AssetRegistry], Any] = found
    return factory


def _unknown_host(host: str) -> click.BadParameter:
    return click.BadParameter(f"the host {host!r} is not known; {_host_meant(host)}", param_hint="'--host'")


def _host_meant(host: str) -> str:
    """What to write for a host that nobody knows."""
    name, colon, port = host.rpartition(":")
    if colon and name and port.isdigit():
        return f"write --host {name} --port {port}"
    return "127.0.0.1 is this machine, and 0.0.0.0 every address that it has"


def _attribute_meant(module: str, name: str) -> str:
    """A hint for `module:name` where there is no such thing; '' where nothing is near."""
    return object_meant(f"{module}.{name}", colon=True)


def _addresses(server: Any) -> list[str]:
    """The URLs of a waitress server: one for each address that the host's name stands for."""
    listening = getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/" for host, port in listening]
