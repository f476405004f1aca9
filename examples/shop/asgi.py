"""For ASGI servers: `uvicorn shop.asgi:application`. Assets are answered as ASGI, pages as WSGI in threads."""

from a2wsgi import WSGIMiddleware

from assetzcml import load_zcml
from assetzcml.asgi import StaticApp

registry = load_zcml("shop:configure.zcml")
application = StaticApp(registry, fallback=WSGIMiddleware(registry.make_app()))
