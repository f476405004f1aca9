"""The request that a view gets: WebOb's, with the registry and the URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import webob

from assetzcml.interfaces import IURLGenerator

if TYPE_CHECKING:
    from assetzcml.records.pages import Route, View
    from assetzcml.registry import Registry, Snapshot

__all__ = ["Request"]


class Request(webob.Request):
    """
    A `webob.Request` that knows what answers it.

    `context` is the record of the view; `matchdict`, `matched_route` and `subpath` are those of the route: {}, None and
    () for a named view. `snapshot` is what it was matched against, from which URLs of routes are made, also when the
    configuration is reloaded meanwhile.
    """

    registry: Registry
    context: View | None = None
    matchdict: dict[str, Any] = {}  # noqa: RUF012 (an instance is given its own)
    matched_route: Route | None = None
    subpath: tuple[str, ...] = ()
    snapshot: Snapshot | None = None
    _routes: Any  # who makes the URLs of routes; handed in by the application

    def static_url(self, spec: str, **options: Any) -> str:
        """The URL of an asset; see `AssetRegistry.static_url`."""
        found: str = self.registry.getUtility(IURLGenerator).static_url(spec, self, **options)
        return found

    def static_path(self, spec: str, **options: Any) -> str:
        """The same without scheme and host."""
        found: str = self.registry.getUtility(IURLGenerator).static_path(spec, self, **options)
        return found

    def route_url(self, route_name: str, /, *elements: Any, **values: Any) -> str:
        """The URL of a route; see `AssetRegistry.route_url`."""
        found: str = self._routes.route_url(route_name, self, *elements, **values)
        return found

    def route_path(self, route_name: str, /, *elements: Any, **values: Any) -> str:
        """The same without scheme and host."""
        found: str = self._routes.route_path(route_name, self, *elements, **values)
        return found
