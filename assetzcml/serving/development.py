"""
Why there is nothing, told in the browser: while the setting `reload` is on, and to this machine alone.

What is told names files and places of the configuration. So the client must be at a loopback address, have asked for this
machine by a name of its own (a page from elsewhere that a browser was made to ask with has another), and not come
through a proxy, of which everybody's address would be the proxy's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

from assetzcml.registry import Snapshot
from assetzcml.serving.responses import NO_STORE, NOSNIFF, Answer

__all__ = ["development_page", "explained", "is_this_machine"]

STATUSES = frozenset(["404", "500", "503"])

_PROXIES = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")

_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")  # RFC 9110, 7.2

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{status}</title>
<meta name="viewport" content="width=device-width">
<style>
:root {{ color-scheme: light dark }}
body {{ margin: 2em; font-family: sans-serif }}
pre {{ padding: 1em; background: #8882; white-space: pre-wrap; overflow-wrap: anywhere }}
</style>
<h1>{status}</h1>
<pre>{why}</pre>
<p>Only this machine is shown this page, while the setting <code>reload</code> is on.</p>
"""


def explained(answer: Answer, snapshot: Snapshot, environ: Mapping[str, Any], path: str) -> Answer:
    """
    *answer*, that of a static view for *path* as WSGI has it, with a page that says why where it is a fault; else as it is.

    A page that the view has for what is missing stays.
    """
    if answer.status[:3] not in STATUSES or answer.representation is not None or not snapshot.is_on("reload"):
        return answer
    if not is_this_machine(environ):
        return answer
    why = snapshot.registry.owner.above.explain(quote(path.encode("latin-1")))
    own, page = development_page(answer.status, why)
    names = {name.lower() for name, _ in own}
    return Answer(answer.status, own + [each for each in answer.headers if each[0].lower() not in names], page)


def development_page(status: str, why: str) -> tuple[list[tuple[str, str]], bytes]:
    """The headers and bytes of a page with this status that says *why*, as a text."""
    page = PAGE.format(status=escape(status), why=escape(why)).encode("utf-8", "backslashreplace")
    headers = [
        ("Content-Length", str(len(page))),
        ("Content-Type", "text/html; charset=utf-8"),
        NOSNIFF,
        NO_STORE,
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
    ]
    return headers, page


def is_this_machine(environ: Mapping[str, Any]) -> bool:
    """
    Does the request come from a program on this machine, and from nobody that it speaks for?

    >>> is_this_machine({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8080"})
    True
    >>> is_this_machine({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "example.com"})
    False
    """
    if any(name in environ for name in _PROXIES):
        return False
    return _is_loopback(environ.get("REMOTE_ADDR", "")) and _is_own_name(environ.get("HTTP_HOST", ""))


def _is_loopback(text: str) -> bool:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_own_name(host: str) -> bool:
    found = _HOST.fullmatch(host)
    name = found[1].lower().rstrip(".") if found else ""
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
