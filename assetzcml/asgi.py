"""The ASGI application, by the name under which users import it: `from assetzcml.asgi import StaticApp`."""

from assetzcml.serving.asgi import StaticApp

__all__ = ["StaticApp"]
