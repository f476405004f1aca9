"""What the servers of test_server_storms.py serve: a configuration that is loaded again when `/~reload` is asked for."""

import os
from pathlib import Path

from assetzcml import DigestCacheBuster, StaticApp, load_zcml
from assetzcml.asgi import StaticApp as ASGIApp

BASE = Path(os.environ.get("ASSETZCML_TEST_ROOT", "/nowhere"))


def site(number):
    """The configuration of the *number*th site."""
    return f"""<configure xmlns="http://namespaces.assetzcml.org/assets">
      <staticView name="static" path="{BASE}/root"/>
      <staticView name="now" path="{BASE}/sites/{number % SITES}" cache_max_age="0"/>
    </configure>"""


SITES = 50

if BASE.is_dir():
    registry = load_zcml(BASE / "site.zcml")
    registry.add_cache_buster(str(BASE / "root"), DigestCacheBuster())


def wsgi_fallback(environ, start_response):
    if environ["PATH_INFO"] == "/~reload":
        registry.reload()
    start_response("200 OK", [("Content-Length", "0")])
    return []


async def asgi_fallback(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/~reload":
        registry.reload()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


if BASE.is_dir():
    wsgi = StaticApp(registry, wsgi_fallback)
    asgi = ASGIApp(registry, asgi_fallback)
