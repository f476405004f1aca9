"""
Starlette and FastAPI: `add_assets(app, "site.zcml", templates)`, the last line of an application.

`Assets` is a route that serves the static views; `template_context` is for `Jinja2Templates`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from assetzcml.assembly import AssetRegistry
from assetzcml.errors import MissingExtra, Origin
from assetzcml.integrations.publishing import Directory, directory_spec, merge
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.readers import publication_name
from assetzcml.registry import Registry
from assetzcml.serving.asgi import StaticApp, wsgi_environ, wsgi_path
from assetzcml.serving.sites import Desks

try:
    from starlette.datastructures import URL, URLPath
    from starlette.routing import BaseRoute, Match, Mount, NoMatchFound, Router
    from starlette.staticfiles import StaticFiles
except ModuleNotFoundError as error:
    if error.name != "starlette":
        raise
    raise MissingExtra('Assets needs Starlette, which is not installed; pip install "assetzcml[starlette]"') from None

__all__ = ["Assets", "add_assets", "template_context"]


# What the directories of a mount are merged in, followed by its path. Its assets can be overridden by this name too.
ROOT = AssetSpec("assetzcml.integrations", ("starlette",))


# In a scope: the routes of ours that have nothing for it.
PASSED = "assetzcml.passed"


class Assets(BaseRoute):
    """
    A route that serves the static views of *registry*, in the place of `Mount("/static", StaticFiles(...))`.

    `url_for(name, path="logo.png")` gives the URL of that asset below *root*, a spec. What belongs to no static view
    goes on to the routes behind it.
    """

    def __init__(self, registry: Any, root: str | None = None, name: str = "static"):
        self.registry = registry
        self.root = asset_spec(root) if root is not None else None
        self.name = name
        self._app = StaticApp(registry, self._pass_on)
        self._desks = Desks(registry)
        #: The names of static views that routes of mounted applications answer, behind what stands before these.
        self._left: Sequence[str] = ()

    def matches(self, scope: Any) -> tuple[Match, Any]:
        """Does the path belong to a static view?"""
        if scope["type"] != "http":
            return Match.NONE, {}
        path = wsgi_path(scope) or "/"
        if any(f"{path}/".startswith(f"/{name}/") for name in self._left):
            return Match.NONE, {}
        if self in scope.get(PASSED, ()):
            return Match.NONE, {}
        desk = self._desks.current
        claimed = desk.claims(path, scope["method"])
        if claimed is None and self._router(scope) is None:
            claimed = desk.owner(path, scope["method"]) is not None
        return (Match.NONE if claimed is False else Match.FULL), {}

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    def _router(self, scope: Any) -> Router | None:
        """Who asks: the router of the application, or of what is mounted in it, that has this route; None for a stranger."""
        for app in (scope.get("endpoint"), scope.get("app"), scope.get("router")):
            router = _unwrapped(app)
            if router is not None and any(route is self for route in router.routes):
                return router
        return None

    async def _pass_on(self, scope: Any, receive: Any, send: Any) -> None:
        """
        What the root view has not, which only a look at the disk could tell: the routes are asked again, without this one.

        `matches` cannot wait for a thread, and would hold up the event loop.
        """
        router = self._router(scope)
        assert router is not None  # else `matches` has looked, and claimed only what is there
        again = {name: value for name, value in scope.items() if name != "route"}
        again[PASSED] = (*scope.get(PASSED, ()), self)
        await router.app(again, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The URL of the asset *path* below the root. Raises NoMatchFound for other names and parameters."""
        if self.root is None or name != self.name or set(path_params) != {"path"}:
            raise NoMatchFound(name, path_params)
        path = path_params["path"]
        spec = self.root.joined(asset_spec(f"/{path}").parts)
        url = self.registry.static_path(f"{spec}/" if str(path).endswith("/") and spec.parts else str(spec))
        return URLPath(url) if url.startswith("/") and not url.startswith("//") else Elsewhere(url)


def _unwrapped(app: Any) -> Router | None:
    """The router of an application, behind the middleware around it."""
    while app is not None and not isinstance(app, Router):
        app = getattr(app, "router", None) or getattr(app, "app", None)
    return app


class NestedAssets(Assets):
    """The same in an application that is mounted at *above*: its static view has the whole name."""

    def __init__(self, registry: Any, root: str, name: str, above: str):
        super().__init__(registry, root, name)
        self._above = above
        self._below = f"/{'/'.join(asset_spec(root).below(ROOT))}/"

    def matches(self, scope: Any) -> tuple[Match, Any]:
        whole = self._whole(scope)
        mine = f"{wsgi_path(whole)}/".startswith(self._below) if scope["type"] == "http" else False
        return super().matches(whole) if mine else (Match.NONE, {})

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await super().handle(self._whole(scope), receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """As that of a mount: what stands above it is put before this. An external URL cannot be said so."""
        url = super().url_path_for(name, **path_params)
        if not str(url).startswith(f"{self._above}/"):
            return URLPath(f"{self._below.removeprefix(self._above)}{str(path_params['path']).lstrip('/')}")
        return URLPath(str(url).removeprefix(self._above))

    def _whole(self, scope: Any) -> Any:
        """The scope as the application has it that is not mounted."""
        root = scope.get("root_path", "")
        return {**scope, "root_path": root.removesuffix(self._above)}


def add_assets(app: Any, assets: Any = None, templates: Any = None) -> Any:
    """
    Let packages override what an application publishes and shows. Returns the AssetRegistry.

    Each `Mount` of `StaticFiles` that *app* and what is mounted in it have by now is served through the registry, under
    its own path and name, and *templates*, a Jinja2Templates or several, find their templates through it, by the names
    they have. *assets* is a spec or path of ZCML to load, or an AssetRegistry. `html=True` stays Starlette's. Raises
    ConfigurationError.
    """
    registry = _loaded(assets, bool(getattr(app, "debug", False)))
    routes = getattr(app, "router", app).routes
    nested = _adopt(registry, routes)
    own = [route for route in routes if isinstance(route, Assets)]
    if not own:  # what ZCML publishes
        own.append(Assets(registry))
        routes.insert(0, own[0])
    for route in own:
        route._left = [*route._left, *nested]
    several = templates if isinstance(templates, (list, tuple)) else [templates] if templates is not None else []
    for each in several:
        _equip(registry, each)
    return registry


def _loaded(said: Any, debug: bool) -> Any:
    if isinstance(said, Registry):
        return said
    registry = AssetRegistry(settings={"reload": True} if debug else {})
    return registry if said is None else registry.load_zcml(os.fspath(said))


def _adopt(registry: Any, routes: Any, above: str = "") -> list[str]:
    """Take the place of every mount of StaticFiles in *routes*; returns the names of those in mounted applications."""
    nested = []
    for index, route in enumerate(routes):
        if not isinstance(route, Mount) or "{" in route.path:
            continue
        if not isinstance(route.app, StaticFiles):
            nested += _adopt(registry, route.routes, above + route.path)
        elif not route.app.html:
            routes[index] = _in_place_of(registry, route, above)
            if above:
                nested.append(f"{above}{route.path}".strip("/"))
    return nested


def _in_place_of(registry: Any, route: Any, above: str) -> Assets:
    """A route that serves what a mount of StaticFiles does, its directories in their order."""
    name = publication_name(f"{above}{route.path}".strip("/") or "/")
    root = ROOT.joined(name.split("/"))
    origin = Origin(f"Mount({route.path!r})")
    directories = [Directory(directory_spec(path), origin) for path in route.app.all_directories]
    follows = bool(getattr(route.app, "follow_symlink", False))
    merge(registry, name, root, directories, origin, cache_max_age=0, index="", follow_symlinks=follows)
    if above:
        return NestedAssets(registry, str(root), route.name, above)
    return Assets(registry, str(root), route.name or "static")


def _equip(registry: Any, templates: Any) -> None:
    loaders = importlib.import_module("assetzcml.integrations.jinja2")
    environment = templates.env
    roots = tuple(loaders.roots_of(environment.loader))
    environment.loader = loaders.OverrideLoader(registry, roots, environment.loader)
    processors = getattr(templates, "context_processors", None)
    if processors is not None:
        processors.append(template_context(registry))


class Elsewhere(URLPath):
    """A URL that is whole already, that of an asset under an external name."""

    def __new__(cls, url: str) -> Elsewhere:
        made = str.__new__(cls, url)  # a URLPath of two slashes is quoted
        made.protocol = made.host = ""
        return made

    def make_absolute_url(self, base_url: Any) -> URL:
        scheme = f"{URL(str(base_url)).scheme}:" if self.startswith("//") else ""
        return URL(f"{scheme}{self}")


def template_context(registry: Any) -> Callable[[Any], dict[str, Any]]:
    """A context processor: `Jinja2Templates(..., context_processors=[template_context(registry)])`."""

    def context(request: Any) -> dict[str, Any]:
        scope = {**request.scope, "root_path": request.scope.get("app_root_path", request.scope.get("root_path", ""))}
        found: dict[str, Any] = registry.template_globals(wsgi_environ(scope, wsgi_path(scope)))
        return found

    return context
