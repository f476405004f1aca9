"""What a proxy in front of `assetzcml serve` says of a request, believed only of the proxies that were named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

__all__ = ["BehindProxy", "proxy_network"]

Network = IPv4Network | IPv6Network

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_]+)(:[0-9]{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9\-._~]+)+/?")
DEFAULT_PORTS = {"http": "80", "https": "443"}


def proxy_network(text: str) -> Network:
    """
    The addresses that *text* stands for: one address, or a network such as 10.0.0.0/8. Raises ValueError.

    >>> proxy_network("127.0.0.1")
    IPv4Network('127.0.0.1/32')
    """
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address; one such as 127.0.0.1 or 10.0.0.0/8 was expected") from None


class BehindProxy:
    """
    A WSGI application that takes scheme, host, client and prefix from X-Forwarded-Proto, -Host, -For and -Prefix.

    Only of a request that comes from one of *proxies*; of everybody else's these headers mean nothing. Of a list the
    last value counts, which the nearest proxy has written; of -For the last address that is no proxy itself. A value
    that cannot be what it should is passed over.
    """

    def __init__(self, application: Callable[..., Any], proxies: Iterable[Network]):
        self.application = application
        self.proxies: Sequence[Network] = tuple(proxies)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer as the application does, of the request as the client sent it."""
        if self._trusts(environ.get("REMOTE_ADDR", "")):
            self._apply(environ)
        return self.application(environ, start_response)

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self.proxies)

    def _apply(self, environ: dict[str, Any]) -> None:
        clients = _values(environ, "FOR")
        client = next((text for text in reversed(clients) if not self._trusts(text)), None)
        if client is not None and _address(client) is not None:
            environ["REMOTE_ADDR"] = str(_address(client))
        scheme = _last(environ, "PROTO").lower()
        if scheme in DEFAULT_PORTS:
            environ["wsgi.url_scheme"] = scheme
        host = _HOST.fullmatch(_last(environ, "HOST"))
        if host is not None:
            environ["HTTP_HOST"] = host[0]
            environ["SERVER_NAME"] = host[1]
            environ["SERVER_PORT"] = host[2][1:] if host[2] else DEFAULT_PORTS[environ["wsgi.url_scheme"]]
        prefix = _last(environ, "PREFIX")
        if _PREFIX.fullmatch(prefix) and not {".", ".."} & set(prefix.split("/")):
            environ["SCRIPT_NAME"] = prefix.rstrip("/") + environ.get("SCRIPT_NAME", "")


def _values(environ: dict[str, Any], name: str) -> list[str]:
    return [value.strip() for value in environ.get(f"HTTP_X_FORWARDED_{name}", "").split(",")]


def _last(environ: dict[str, Any], name: str) -> str:
    return _values(environ, name)[-1]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address of a client; some proxies write its port behind it."""
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::[0-9]+)?", text)
    if bracketed is not None:
        text = bracketed[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text)
    except ValueError:
        return None
