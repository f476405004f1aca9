"""
Starlette and FastAPI: `add_assets(app, "site.zcml", templates)`, the last line of an application.

`Assets` is a route that serves the static views; `template_context` is for `Jinja2Templates`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

from assetzcml.assembly import AssetRegistry
from assetzcml.errors import MissingExtra, Origin
from assetzcml.integrations.publishing import Directory, directory_spec, merge
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.readers import publication_name
from assetzcml.registry import Registry
from assetzcml.serving.asgi import StaticApp, environ_of, path_of
from assetzcml.serving.sites import Desks

try:
    from starlette.datastructures import URL, URLPath
    from starlette.routing import BaseRoute, Match, Mount, NoMatchFound
    from starlette.staticfiles import StaticFiles
except ModuleNotFoundError as error:
    if error.name != "starlette":
        raise
    raise MissingExtra('Assets needs Starlette, which is not installed; pip install "assetzcml[starlette]"') from None

__all__ = ["Assets", "add_assets", "template_context"]


# What the directories of a mount are merged in, followed by its path. Its assets can be overridden by this name too.
ROOT = AssetSpec("assetzcml.integrations", ("starlette",))


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
        self._app = StaticApp(registry)
        self._desks = Desks(registry)

    def matches(self, scope: Any) -> tuple[Match, Any]:
        """Does the path belong to a static view?"""
        owner = scope["type"] == "http" and self._desks.current.owner(path_of(scope) or "/", scope["method"])
        return (Match.FULL if owner else Match.NONE), {}

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The URL of the asset *path* below the root. Raises NoMatchFound for other names and parameters."""
        if self.root is None or name != self.name or set(path_params) != {"path"}:
            raise NoMatchFound(name, path_params)
        path = path_params["path"]
        spec = self.root.joined(asset_spec(f"/{path}").parts)
        url = self.registry.static_path(f"{spec}/" if str(path).endswith("/") and spec.parts else str(spec))
        return URLPath(url) if url.startswith("/") and not url.startswith("//") else Elsewhere(url)


def add_assets(app: Any, assets: Any = None, templates: Any = None) -> Any:
    """
    Let packages override what an application publishes and shows. Returns the AssetRegistry.

    Each `Mount` of `StaticFiles` that *app* has by now is served through the registry, under its own path and name, and
    *templates*, a Jinja2Templates or several, find their templates through it, by the names they have. *assets* is a spec
    or path of ZCML to load, or an AssetRegistry. `html=True` stays Starlette's. Raises ConfigurationError.
    """
    registry = _loaded(assets, bool(getattr(app, "debug", False)))
    routes = getattr(app, "router", app).routes
    for index, route in enumerate(routes):
        if isinstance(route, Mount) and isinstance(route.app, StaticFiles) and not route.app.html:
            routes[index] = _in_place_of(registry, route)
    several = templates if isinstance(templates, (list, tuple)) else [templates] if templates is not None else []
    for each in several:
        _equip(registry, each)
    return registry


def _loaded(said: Any, debug: bool) -> Any:
    if isinstance(said, Registry):
        return said
    registry = AssetRegistry(settings={"reload": True} if debug else {})
    return registry if said is None else registry.load_zcml(os.fspath(said))


def _in_place_of(registry: Any, route: Any) -> Assets:
    """A route that serves what a mount of StaticFiles does, its directories in their order."""
    name = publication_name(route.path.strip("/") or "/")
    root = ROOT.joined(name.split("/"))
    origin = Origin(f"Mount({route.path!r})")
    directories = [Directory(directory_spec(path), origin) for path in route.app.all_directories]
    follows = bool(getattr(route.app, "follow_symlink", False))
    merge(registry, name, root, directories, origin, cache_max_age=0, index="", follow_symlinks=follows)
    return Assets(registry, str(root), route.name or "static")


def _equip(registry: Any, templates: Any) -> None:
    loaders = importlib.import_module("assetzcml.integrations.jinja2")
    environment = templates.env
    roots = [directory_spec(path) for path in getattr(environment.loader, "searchpath", ())]
    environment.loader = loaders.OverrideLoader(registry, tuple(roots), environment.loader)
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
        found: dict[str, Any] = registry.template_globals(environ_of(scope, path_of(scope)))
        return found

    return context
