"""Where an application is mounted: the part of a URL before the static view's name, from a request or a text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from assetzcml.records.quoting import PATH_SAFE
from assetzcml.records.rules import described, refusal

__all__ = ["application_path", "application_url", "environ_of_url", "mounted_at", "path_of_url", "url_scheme"]

DEFAULT_PORTS = {"http": "80", "https": "443"}
MOUNT_POINTS = 256  # an application has one, or a few behind a proxy


def environ_of(request: Any) -> Mapping[str, Any]:
    """The WSGI environ of a request, or the one it is; empty for a stand-in that has none (a test's dummy request)."""
    environ = getattr(request, "environ", None)
    if environ is None:
        if isinstance(request, Mapping):
            return request
        if not (hasattr(request, "application_url") or hasattr(request, "script_name")):
            message = f"request is {described(request)}; a request, a WSGI environ or None was expected"
            raise refusal("request", message)
        return {}
    found: Mapping[str, Any] = environ
    return found


@lru_cache(MOUNT_POINTS)
def mounted_at(script_name: str) -> str:
    """
    The URL path of SCRIPT_NAME as WSGI gives it (bytes as latin-1, PEP 3333): '' or '/path', never '//host'.

    >>> mounted_at("/my shop/")
    '/my%20shop'
    """
    try:
        raw = script_name.encode("latin-1")
    except UnicodeEncodeError:  # a text that no server gives, but a test may
        raw = script_name.encode("utf-8")
    path = quote(raw.strip(b"/"), PATH_SAFE)
    return "/" + path if path else ""


def application_path(request: Any) -> str:
    """The path the application of *request* is mounted at, quoted: '' or '/path'."""
    script_name = environ_of(request).get("SCRIPT_NAME")
    if script_name is None:
        # A stand-in has the text itself, which is not latin-1 but Unicode.
        script_name = getattr(request, "script_name", "").encode("utf-8").decode("latin-1")
    return mounted_at(script_name)


def url_scheme(request: Any) -> str:
    """The scheme of *request*."""
    environ = environ_of(request)
    return str(environ.get("wsgi.url_scheme") or getattr(request, "scheme", "http"))


def application_url(request: Any, scheme: str | None = None, host: str | None = None, port: Any = None) -> str:
    """
    The URL the application of *request* is mounted at, without a slash at its end; each part can be replaced.

    A replaced scheme brings its default port, a host its own, or else that of the server (Pyramid's rules).

    >>> environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "example.com:8080", "SCRIPT_NAME": "/shop"}
    >>> application_url(environ), application_url(environ, scheme="https"), application_url(environ, host="a.org:81")
    ('http://example.com:8080/shop', 'https://example.com/shop', 'http://a.org:81/shop')
    """
    environ = environ_of(request)
    url_scheme = environ.get("wsgi.url_scheme")
    replaced = scheme is not None or host is not None or port is not None
    kind: Any = type(request)
    if not replaced and (url_scheme is None or _has_its_own(kind)):
        return str(request.application_url).rstrip("/")
    if scheme is not None and port is None:
        port = DEFAULT_PORTS.get(scheme)
    if host is None:
        host = environ.get("HTTP_HOST")
    server = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}" if host is None else ""
    if replaced and port is None and not _port(host or server):
        port = environ.get("SERVER_PORT")
    return _host_url(scheme or url_scheme, host or server, port) + application_path(request)


@lru_cache(MOUNT_POINTS)
def _host_url(scheme: str, host: str, port: Any) -> str:
    """Scheme and host in ASCII, with the port (that of *host* where it is None) unless it goes without saying."""
    own_port = _port(host)
    name = host[: -len(own_port) - 1] if own_port else host.rstrip(":")
    port = own_port if port is None else str(port)
    suffix = "" if port in ("", DEFAULT_PORTS.get(scheme)) else ":" + quote(port, "")
    return f"{scheme}://{quote(name, '[]:')}{suffix}"


def _port(host: str) -> str:
    """The port in *host*; '' when it has none."""
    _, colon, port = host.rpartition(":")
    return port if colon and not host.endswith("]") else ""


@lru_cache(64)
def _has_its_own(kind: type) -> bool:
    """Has a class of requests an application URL other than the one WebOb makes of the environ?"""
    definers = [
        next((base for base in kind.__mro__ if name in vars(base)), None)
        for name in ("application_url", "host_url", "script_name")
    ]
    return definers[0] is not None and any(base is None or base.__module__ != "webob.request" for base in definers)


def path_of_url(url: str) -> str:
    """
    The path of an application URL, or of what is a path already, without a slash at its end.

    >>> path_of_url("https://example.com/shop/"), path_of_url("/shop"), path_of_url("https://example.com")
    ('/shop', '/shop', '')
    """
    path = urlsplit(url).path.strip("/")
    return "/" + path if path else ""


def environ_of_url(url: str) -> dict[str, str]:
    """What an application URL says, as a WSGI environ does."""
    parts = urlsplit(url)
    scheme = parts.scheme or "http"
    return {
        "wsgi.url_scheme": scheme,
        "HTTP_HOST": parts.netloc,
        "SERVER_PORT": str(parts.port or DEFAULT_PORTS.get(scheme, "")),
        "SCRIPT_NAME": parts.path,
    }
