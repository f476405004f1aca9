"""Requests to responses: routes, then named views, then the static views, which are somebody else's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from webob import Response
from webob.exc import HTTPException
from zope.interface import implementer

from assetzcml.errors import ConfigurationError
from assetzcml.interfaces import IPages
from assetzcml.pages.inquiries import Led, Missed, Unreached, lead, missed, unreached, views
from assetzcml.pages.names import RouteNames
from assetzcml.pages.requests import Request
from assetzcml.pages.routes import Hit, Table
from assetzcml.pages.validation import findings
from assetzcml.pages.views import view_response
from assetzcml.permissions import Door
from assetzcml.records import rules
from assetzcml.records.findings import Objection
from assetzcml.records.kinds import Record
from assetzcml.records.pages import Route, View
from assetzcml.records.quoting import SEGMENT_SAFE
from assetzcml.registry import Registry, Snapshot
from assetzcml.typing import Environ, StartResponse, WSGIApplication
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.preloads import link_header
from assetzcml.urls.queries import URL_OPTIONS

__all__ = ["Application", "Pages"]

logger = logging.getLogger("assetzcml")


#: What makes the application of the static views: of the one for what they have not, and of who has a path before them.
StaticViews = Callable[[WSGIApplication, Callable[[str], bool]], WSGIApplication]

# Where a request is told, on its way through the static views, how it is to be answered when none of them has it.
REFUSAL = "assetzcml.pages.refusal"


@implementer(IPages)
class Pages:
    """The routes and views of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def application(self, static: StaticViews, fallback: WSGIApplication | None = None) -> Application:
        """A WSGI application: routes, named views, what *static* makes, then *fallback* or 404."""
        return Application(self.registry, static, rules.application("fallback", fallback, "a WSGI"))

    def routes(self) -> list[Route]:
        """All routes, in the order in which they are tried."""
        return list(self.registry.snapshot.derived(Table).routes)

    def views(self) -> list[View]:
        """All views: those of routes in the order of the routes, then the named ones."""
        return views(self.registry.snapshot)

    def lead(self, path: str, method: str = "GET") -> Led:
        """What a decoded path leads to."""
        return lead(self.registry.snapshot, path, method)

    def missed(self, path: str, method: str = "GET") -> list[Missed]:
        """What else has a decoded path, and why it does not answer."""
        return list(missed(self.registry.snapshot, path, method))

    def unreached(self) -> Iterator[Unreached]:
        """The routes and views that no request comes to, as far as that is certain."""
        return unreached(self.registry.snapshot)

    def route_url(self, route_name: str, request: Any = None, /, *elements: Any, **values: Any) -> str:
        """The URL of a route, with scheme and host. Raises NotRouted, a KeyError."""
        path, options = self._path(route_name, request, elements, values)
        return self.registry.part(URLGenerator).url_of(path, request, **options)

    def route_path(self, route_name: str, request: Any = None, /, *elements: Any, **values: Any) -> str:
        """The URL of a route without scheme and host."""
        path, options = self._path(route_name, request, elements, values)
        return self.registry.part(URLGenerator).path_of(path, request, **options)

    def _path(
        self, route_name: str, request: Any, elements: tuple[Any, ...], values: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        options = {name: values.pop(name) for name in URL_OPTIONS if name in values}
        snapshot = (request.snapshot if isinstance(request, Request) else None) or self.registry.snapshot
        path = snapshot.derived(Table).path(route_name, values)
        if elements:
            suffix = "/".join(quote(str(element), SEGMENT_SAFE) for element in elements)
            path = path + suffix if path.endswith("/") else f"{path}/{suffix}"
        return path, options

    def hints(self, path: str, method: str, request: Any) -> str:
        """
        What the page at a decoded path will ask for, for who can tell a browser before it is asked: the value of a Link
        header. '' where there is nothing to tell, and for a page that a permission protects.
        """
        record = lead(self.registry.snapshot, path, method).view
        if record is None or record.protected or not record.preload:
            return ""
        return self.registry.part(Hints).of(record, request)

    def names(self) -> RouteNames:
        """The routes by their names."""
        return self.registry.snapshot.derived(RouteNames)

    def findings(self, registry: Registry, records: Iterable[Record]) -> Iterator[Objection]:
        """What is wrong with the routes and views among *records*."""
        return findings(registry, records)


class Hints:
    """What pages will ask for. A hint that cannot be given is told of once, and is no reason to fail."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._told: set[Any] = set()

    def of(self, record: View, request: Any) -> str:
        try:
            return str(link_header(self.registry, record.preload, request))
        except (OSError, ValueError, ImportError, ConfigurationError) as error:
            if record.discriminator not in self._told:
                self._told.add(record.discriminator)
                logger.warning("%s: preload: %s", record, error)
            return ""


class Application:
    """The WSGI application of a registry. What is declared or loaded later holds from the next request on."""

    def __init__(
        self,
        registry: Registry,
        static: StaticViews,
        fallback: WSGIApplication | None = None,
    ):
        self.registry = registry
        self.fallback = fallback
        self._static = static(self._rest, self._owns)

    def __repr__(self) -> str:
        return f"<Application of {self.registry!r}>"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        snapshot = self.registry.snapshot
        try:
            path = _decoded(environ.get("PATH_INFO") or "/")
        except UnicodeError:
            environ[REFUSAL] = "400 Bad Request", None
            return self._static(environ, start_response)
        hit, allowed = snapshot.derived(Table).find(path, environ["REQUEST_METHOD"])
        if hit is None:
            environ[REFUSAL] = ("405 Method Not Allowed", allowed) if allowed else None
            return self._static(environ, start_response)
        return self._answer(snapshot, hit, environ)(environ, start_response)

    def _answer(self, snapshot: Snapshot, hit: Hit, environ: Environ) -> WSGIApplication:
        """The response of a view, or what was raised instead."""
        record = hit.entry.record
        request = Request(environ)
        request.registry = snapshot.registry
        request.context = record
        request.matchdict = hit.matchdict
        request.matched_route = hit.route
        request.subpath = hit.matchdict.get("subpath", ())
        request.snapshot = snapshot
        request._routes = snapshot.registry.owner.part(Pages)
        try:
            if record.protected:
                verdict = snapshot.derived(Door).ask(record, lambda: request)
                if not verdict:
                    return _forbidden() if verdict.answer is None else verdict
            if not record.preload:
                return view_response(record, hit.entry.call(record, request))
            hints = self._hints(snapshot, record, environ)
            response = view_response(record, hit.entry.call(record, request))
            if hints:
                response.headers.add("Link", hints)
            return response
        except HTTPException as exception:
            return exception

    def _hints(self, snapshot: Snapshot, record: View, environ: Environ) -> str:
        """What the page of a view will ask for, told to the browser now where the server can do that (RFC 8297)."""
        hints = snapshot.registry.owner.part(Hints).of(record, environ)
        tell = environ.get("wsgi.early_hints") if hints else None
        if callable(tell):
            try:
                tell([("Link", hints)])
            except Exception:  # a hint is no reason to fail
                logger.exception("the server failed to send early hints")
        return hints

    def _owns(self, path: str) -> bool:
        """Is a path, as WSGI has it, that of a page, whatever the method?"""
        try:
            hit, allowed = self.registry.snapshot.derived(Table).find(_decoded(path), "GET")
        except UnicodeError:
            return False
        return hit is not None or bool(allowed)

    def _rest(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """What neither a page nor a static view has."""
        status, allowed = environ.pop(REFUSAL, None) or ("404 Not Found", None)
        if allowed is None and self.fallback is not None:
            return self.fallback(environ, start_response)
        response = _plain(status)
        if allowed is not None:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response(environ, start_response)


def _decoded(path: str) -> str:
    """The text of a path, which WSGI gives as its bytes in latin-1 (PEP 3333). Raises UnicodeError."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8")


def _forbidden() -> Response:
    response = _plain("403 Forbidden")
    response.headers["Cache-Control"] = "no-store"
    return response


def _plain(status: str) -> Response:
    """A short answer in plain text that tells nothing but the *status*; the words are those of the static views."""
    response = Response(status=status, text=f"{status}\n", content_type="text/plain", charset="utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
