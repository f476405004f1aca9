"""Flask: `Assets(app, "site.zcml")`, and everything the application and its blueprints ship can be overridden."""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from assetzcml.assembly import AssetRegistry
from assetzcml.errors import ConfigurationError, InvalidSpec, MissingExtra, NotPublished, Origin
from assetzcml.integrations.publishing import Directory, is_declared, merge, publish_root
from assetzcml.integrations.reloading import refresher
from assetzcml.integrations.templates import TemplateRoot
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.readers import publication_name
from assetzcml.registry import Registry, ledger
from assetzcml.serving.wsgi import StaticApp

try:
    from flask import Flask, cli, current_app, has_app_context, has_request_context, request
    from werkzeug.serving import is_running_from_reloader
except ModuleNotFoundError as error:
    if error.name != "flask":
        raise
    raise MissingExtra('Assets needs Flask, which is not installed; pip install "assetzcml[flask]"') from None

from assetzcml.integrations.jinja2 import OverrideLoader, roots_of

__all__ = ["Assets"]

# What a static folder is merged in, followed by its name, where ZCML publishes another directory under that.
ROOT = AssetSpec("assetzcml.integrations", ("flask",))

FILENAME = "<path:filename>"  # how the rule of a static folder ends

logger = logging.getLogger("assetzcml")


class Folder(NamedTuple):
    """A static folder: where it is, and what stands before its files in a URL of the application."""

    spec: AssetSpec
    prefix: str


class Assets:
    """
    The extension: `Assets(app)`, `Assets(app, "site.zcml")`, or `Assets(...).init_app(app)` in a factory.

    What is loaded is a spec or a path (relative to the application), or an AssetRegistry; the configuration key ASSETZCML
    names it too. The static folders of the application and its blueprints are published under Flask's own URLs, by
    their overrides first; so are the templates, by the names they have. Templates get `static_url`, `static_path`,
    `asset_url`, `bundle_urls` and `bundle_tags`. The order of the two arguments does not matter.
    """

    def __init__(self, registry: Any = None, app: Any = None):
        if isinstance(registry, Flask):
            registry, app = app, registry
        self._said = registry
        self._applications: list[_Application] = []
        self._registry: Any = registry if isinstance(registry, Registry) else None
        self._unread: _Unread | None = None
        if app is not None:
            self.init_app(app)

    @property
    def registry(self) -> Any:
        """The AssetRegistry, with the static folders that there are by now. Raises RuntimeError before `init_app`."""
        if self._registry is None:
            raise RuntimeError("the extension Assets has no registry yet; call init_app(app)")
        for each in self._applications:
            each.publish()
        return self._registry

    def init_app(self, app: Flask) -> None:
        """
        Let *app* have its assets from the registry. Raises ConfigurationError for what is wrong with the ZCML.

        Under `flask run --debug` that is shown in the place of each page instead, until it is mended.
        """
        if self._registry is None:
            self._load(app, self._said if self._said is not None else app.config.get("ASSETZCML"))
        app.extensions["assetzcml"] = self
        self._applications.append(_Application(app, self))

    def _load(self, app: Flask, said: Any) -> None:
        registry: Any = said
        if not isinstance(said, Registry):
            registry = AssetRegistry(settings={"reload": True} if app.debug else {})
        if said is not None and said is not registry:
            try:
                registry.load_zcml(_zcml_of(app, said))
            except ConfigurationError as error:
                if not _is_worked_on(app):
                    raise
                self._unread = _Unread(registry, _zcml_of(app, said), error)
        self._registry = registry

    def broken(self) -> str:
        """What is wrong with ZCML that could not be loaded when the application started; '' for nothing."""
        unread = self._unread
        if unread is None:
            return ""
        if unread.read():
            self._unread = None
            return ""
        return str(unread.error)

    def publish(self, app: Flask) -> None:
        """Declare now the static folders that *app* has by now; a request and a URL do so too."""
        for each in self._applications:
            if each.app is app:
                each.publish()

    def static_url(self, spec: str, **options: Any) -> str:
        """`registry.static_url` for the request that is being answered; without one, for SERVER_NAME."""
        registry = self.registry
        named = "_app_url" in options or registry.settings.get("application_url")
        request_or_none, more = _position(absolute=not named)
        return str(registry.static_url(spec, request_or_none, **{**more, **options}))

    def static_path(self, spec: str, **options: Any) -> str:
        """`registry.static_path` for the request that is being answered; without one, for APPLICATION_ROOT."""
        registry = self.registry
        request_or_none, more = _position()
        return str(registry.static_path(spec, request_or_none, **{**more, **options}))

    def globals(self) -> dict[str, Callable[..., Any]]:
        """What every template has, for the request that is being answered while it is called."""

        def later(name: str) -> Callable[..., Any]:
            def function(*arguments: Any, **options: Any) -> Any:
                return self.registry.template_globals(_environ())[name](*arguments, **options)

            return function

        known = {name: later(name) for name in self.registry.template_globals()}
        return {**known, "static_url": self.static_url, "static_path": self.static_path, "asset_url": self.static_path}


class _Unread:
    """ZCML that was broken when the application started: it is tried again at each request, until it is good."""

    def __init__(self, registry: Any, spec: str, error: ConfigurationError):
        self._registry = registry
        self._spec = spec
        self._lock = threading.Lock()
        self._good = False
        self._tell(error)

    def read(self) -> bool:
        """Is it good by now?"""
        with self._lock:
            if not self._good:
                try:
                    self._registry.load_zcml(self._spec)
                except ConfigurationError as error:
                    if str(error) != str(self.error):
                        self._tell(error)
                else:
                    self._good = True
                    logger.info("the configuration was read")
            return self._good

    def _tell(self, error: ConfigurationError) -> None:
        self.error = error
        logger.error("the configuration cannot be loaded: %s", error)


def _zcml_of(app: Flask, said: Any) -> str:
    """The spec or path that *said* means, which may be relative to the application."""
    spec = os.fspath(said)
    if os.path.isabs(spec) or ":" in spec:
        return str(spec)
    package = _package(app.import_name)
    return f"{package}:{spec}" if package else os.path.join(app.root_path, spec)


def _is_worked_on(app: Flask) -> bool:
    """Is it Flask's development server, in debug mode, that starts the application? No other command and no test is."""
    context = cli.click.get_current_context(silent=True)  # type: ignore[attr-defined]  # the library of its commands
    return app.debug and (is_running_from_reloader() or (context is not None and context.command is cli.run_command))


class _Application:
    """One application with the extension: what Flask asks it, we answer, or Flask does."""

    def __init__(self, app: Flask, assets: Assets):
        self.app = app
        self.assets = assets
        self.registry: Any = assets._registry
        self._flasks_url_for = app.url_for
        self._make_environment = app.create_jinja_environment
        self._folders: dict[str, Folder] = {}
        self._known: Any = None
        self._refresh: Any = None
        self._static = StaticApp(self.registry, fallback=app.wsgi_app)
        app.wsgi_app = self.wsgi_app  # type: ignore[method-assign]
        app.url_for = self.url_for  # type: ignore[method-assign]
        app.create_jinja_environment = self.create_jinja_environment  # type: ignore[method-assign]
        if "jinja_env" in vars(app):  # somebody has used it already
            self._equip(app.jinja_env)

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        broken = self.assets.broken()
        if broken:
            text = (
                f"The configuration cannot be loaded. This page is the application's once it is mended.\n\n{broken}\n"
            )
            return self.app.response_class(text, 500, content_type="text/plain; charset=utf-8")(environ, start_response)
        self.publish()
        if self.app.debug:
            if self._refresh is None:
                self._refresh = refresher(self.registry, lambda: self.publish(anew=True))
            self._refresh()
        return self._static(environ, start_response)

    def create_jinja_environment(self) -> Any:
        return self._equip(self._make_environment())

    def _equip(self, environment: Any) -> Any:
        """Give an environment our names, where the application has none of its own, and our loader before its own."""
        for name, function in self.assets.globals().items():
            environment.globals.setdefault(name, function)
        environment.globals["url_for"] = self.app.url_for
        environment.loader = OverrideLoader(self.registry, self.template_roots, environment.loader)
        return environment

    def template_roots(self) -> list[TemplateRoot]:
        """The directories of templates, in the order in which Flask looks: the application's, then the blueprints'."""
        roots: list[TemplateRoot] = []
        for owner in (self.app, *self.app.iter_blueprints()):
            for root in roots_of(owner.jinja_loader, partial(_folder_spec, owner)):
                if root not in roots:
                    roots.append(root)
        return roots

    def url_for(self, endpoint: str, **values: Any) -> str:
        """`app.url_for`: of a file in a static folder, the URL that the registry gives it."""
        self.publish()
        folder = self._folder(endpoint)
        found = self._published(folder, values) if folder is not None else None
        if isinstance(found, str):
            return found
        return self._flasks_url_for(endpoint, **(values if found is None else found))

    def _folder(self, endpoint: str) -> Folder | None:
        if endpoint == ".static" and has_request_context():
            endpoint = f"{request.blueprint}.static" if request.blueprint else "static"
        return self._folders.get(endpoint)

    def _published(self, folder: Folder, values: dict[str, Any]) -> str | dict[str, Any] | None:
        """The values that Flask makes the URL from; the whole URL where it is another's; None for what is Flask's."""
        filename = values.get("filename")
        if not isinstance(filename, str):
            return None
        try:
            spec = str(folder.spec.joined(asset_spec(f"/{filename}").parts)) + ("/" if filename.endswith("/") else "")
            path = str(self.registry.static_path(spec, _app_url=""))
        except (InvalidSpec, NotPublished):
            return None
        path, _, query = path.partition("?")
        if unquote(path).startswith(folder.prefix):
            versioned = {"filename": unquote(path)[len(folder.prefix) :]}
            return {**dict(parse_qsl(query, keep_blank_values=True)), **values, **versioned}
        return self._elsewhere(spec, {name: value for name, value in values.items() if name != "filename"})

    def _elsewhere(self, spec: str, values: dict[str, Any]) -> str:
        """The URL of an asset that ZCML publishes under another name than Flask does."""
        anchor, scheme, external, _ = (
            values.pop(name, None) for name in ("_anchor", "_scheme", "_external", "_method")
        )
        query = {name: value for name, value in values.items() if value is not None}
        if external or scheme or (external is None and not has_request_context()):
            return self.assets.static_url(spec, _query=query, _anchor=anchor, _scheme=scheme)
        return self.assets.static_path(spec, _query=query, _anchor=anchor)

    def publish(self, anew: bool = False) -> None:
        """Declare the static folders that there are by now: blueprints are registered until the first request."""
        known = len(self.app.blueprints), self.app.static_folder, self.app.static_url_path
        if self.assets._unread is not None or (known == self._known and not anew):
            return  # what ZCML publishes goes first, so it has to be read before
        with ledger(self.registry).lock:
            names: set[str] = set()
            for endpoint, owner, rule in self._rules():
                prefix = rule.rule[: -len(FILENAME)]
                folder = self._folders[endpoint] = Folder(_folder_spec(owner, owner.static_folder), prefix)
                try:
                    name = publication_name(prefix.strip("/") or "/")
                except ValueError:  # with a variable in it, for example: it stays Flask's
                    continue
                if not rule.host and not rule.subdomain and name not in names:
                    names.add(name)  # of two folders under one name Flask serves the first
                    self._declare(name, folder.spec, Origin(f"static folder of {owner.import_name}"))
            self._known = known

    def _declare(self, name: str, folder: AssetSpec, origin: Origin) -> None:
        """Publish a static folder, behind what ZCML publishes under that name."""
        if is_declared(self.registry, name, folder):
            root = ROOT.joined(part for part in name.split("/") if part)
            merge(self.registry, name, root, [Directory(folder, origin)], origin)
        else:
            max_age = _seconds(self.app.config["SEND_FILE_MAX_AGE_DEFAULT"])
            publish_root(self.registry, name, folder, origin, cache_max_age=max_age)

    def _rules(self) -> Iterator[tuple[str, Any, Any]]:
        """The endpoint, owner and rule of each static folder, in the order in which Flask looks."""
        for rule in self.app.url_map.iter_rules():
            name, _, last = rule.endpoint.rpartition(".")
            owner: Any = self.app.blueprints.get(name) if name else self.app
            if last == "static" and rule.rule.endswith(FILENAME) and owner is not None and owner.static_folder:
                yield rule.endpoint, owner, rule


def _environ() -> dict[str, Any] | None:
    """The environment of the request; without one, one that says where the application is mounted."""
    if has_request_context():
        return dict(request.environ)
    adapter = _adapter()
    return None if adapter is None else {"SCRIPT_NAME": adapter.script_name.rstrip("/")}


def _adapter() -> Any:
    """What makes URLs without a request; None where the configuration does not say SERVER_NAME."""
    return current_app.create_url_adapter(None) if has_app_context() else None


def _position(absolute: bool = False) -> tuple[Any, dict[str, Any]]:
    """The request, if there is one, and what options say where the application is. Flask's RuntimeError for nowhere."""
    if has_request_context():
        return request.environ, {}
    adapter = _adapter()
    if adapter is not None:
        root = adapter.script_name.rstrip("/")
        return None, {"_app_url": f"{adapter.url_scheme}://{adapter.get_host(None)}{root}"}
    if absolute and has_app_context():
        raise RuntimeError(
            "URLs outside of a request need the configuration key 'SERVER_NAME' (and 'APPLICATION_ROOT')"
        )
    return None, {}


def _seconds(value: Any) -> int:
    """SEND_FILE_MAX_AGE_DEFAULT in seconds; None, Flask's default, asks the browser to ask again."""
    return 0 if value is None else int(value.total_seconds() if hasattr(value, "total_seconds") else value)


def _folder_spec(owner: Any, path: str) -> AssetSpec:
    """The spec of a directory of an application or blueprint: in its package where it is in there."""
    below = os.path.relpath(path, owner.root_path).split(os.sep)
    package = _package(owner.import_name)
    if package is None or os.pardir in below:
        return asset_spec(os.path.abspath(path))
    return AssetSpec(package, tuple(part for part in below if part != os.curdir))


def _package(import_name: str) -> str | None:
    """The package that `Flask(__name__)` was called in; None for a script."""
    try:
        module = importlib.import_module(import_name)
    except ImportError:  # a script that runs as __main__ under another name
        return None
    return import_name if hasattr(module, "__path__") else import_name.rpartition(".")[0] or None
