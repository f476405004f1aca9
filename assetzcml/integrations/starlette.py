"""Starlette and FastAPI: `Assets` is a route that serves the static views; `template_context` is for `Jinja2Templates`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assetzcml.errors import MissingExtra
from assetzcml.records.assets import asset_spec
from assetzcml.serving.asgi import StaticApp, environ_of, path_of
from assetzcml.serving.sites import Desks

try:
    from starlette.datastructures import URL, URLPath
    from starlette.routing import BaseRoute, Match, NoMatchFound
except ModuleNotFoundError as error:
    if error.name != "starlette":
        raise
    raise MissingExtra('Assets needs Starlette, which is not installed; pip install "assetzcml[starlette]"') from None

__all__ = ["Assets", "template_context"]


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
        spec = self.root.joined(asset_spec(f"/{path_params['path']}").parts)
        url = self.registry.static_path(str(spec))
        return URLPath(url) if url.startswith("/") and not url.startswith("//") else Elsewhere(url)


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
