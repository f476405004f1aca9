"""Flask: `Assets(registry, app)` serves the static views, and `url_for("static", ...)` gives their URLs."""

from __future__ import annotations

import importlib
import os
from typing import Any

from assetzcml.errors import MissingExtra, NotPublished
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.serving.wsgi import StaticApp

try:
    from flask import Flask, has_request_context, request
except ModuleNotFoundError as error:
    if error.name != "flask":
        raise
    raise MissingExtra('Assets needs Flask, which is not installed; pip install "assetzcml[flask]"') from None

__all__ = ["Assets"]


class Assets:
    """
    The extension: puts the static views of *registry* before the application.

    Templates get `static_url` and `static_path`. `url_for("static", filename="logo.png")`, and that of a blueprint's
    static folder, means the asset in that folder; where no static view publishes it, Flask answers as it always did.
    """

    def __init__(self, registry: Any, app: Flask | None = None):
        self.registry = registry
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Put the static views before *app*."""
        app.extensions["assetzcml"] = self
        app.wsgi_app = StaticApp(self.registry, fallback=app.wsgi_app)  # type: ignore[method-assign]
        flasks_own = app.url_for

        def url_for(endpoint: str, **values: Any) -> str:
            url = self._url(app, endpoint, dict(values))
            return flasks_own(endpoint, **values) if url is None else url

        app.url_for = url_for  # type: ignore[method-assign]
        app.jinja_env.globals.update(url_for=url_for, static_url=self.static_url, static_path=self.static_path)

    def static_url(self, spec: str, **options: Any) -> str:
        """`registry.static_url` for the request that is being answered, if one is."""
        return self.registry.static_url(spec, _environ(), **options)

    def static_path(self, spec: str, **options: Any) -> str:
        """`registry.static_path` for the request that is being answered, if one is."""
        return self.registry.static_path(spec, _environ(), **options)

    def _url(self, app: Flask, endpoint: str, values: dict[str, Any]) -> str | None:
        """The URL that `url_for` gives; None where that is Flask's to say."""
        folder = _static_folder(app, endpoint)
        if folder is None or "filename" not in values:
            return None
        spec = folder.joined(asset_spec(f"/{values.pop('filename')}").parts)
        values.pop("_method", None)
        anchor, scheme, external = (values.pop(name, None) for name in ("_anchor", "_scheme", "_external"))
        try:
            if external or scheme:
                return self.static_url(str(spec), _query=values, _anchor=anchor, _scheme=scheme)
            return self.static_path(str(spec), _query=values, _anchor=anchor)
        except NotPublished:
            return None


def _environ() -> dict[str, Any] | None:
    return request.environ if has_request_context() else None


def _static_folder(app: Flask, endpoint: str) -> AssetSpec | None:
    """The spec of the static folder that an endpoint serves: the application's or a blueprint's."""
    name, _, last = endpoint.rpartition(".")
    if last != "static":
        return None
    if endpoint == ".static" and has_request_context():
        name = request.blueprint or ""
    owner: Any = app.blueprints.get(name) if name else app
    if owner is None or not owner.static_folder:
        return None
    below = os.path.relpath(owner.static_folder, owner.root_path).split(os.sep)
    package = _package(owner.import_name)
    if package is None or os.pardir in below:
        return asset_spec(owner.static_folder)
    return AssetSpec(package, tuple(below))


def _package(import_name: str) -> str | None:
    """The package that `Flask(__name__)` was called in; None for a script."""
    module = importlib.import_module(import_name)
    return import_name if hasattr(module, "__path__") else import_name.rpartition(".")[0] or None
