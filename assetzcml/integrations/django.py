"""
Django: a middleware that serves the static views, a storage for `{% static %}`, and a finder for `collectstatic`.

The setting ASSETZCML says what is loaded: a spec such as "shop:configure.zcml", a mapping of the arguments of
`load_zcml`, or an AssetRegistry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from assetzcml.assembly import load_zcml
from assetzcml.errors import MissingExtra, NotPublished
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.registry import Snapshot
from assetzcml.serving.wsgi import StaticApp

try:
    from django.apps import apps
    from django.conf import settings
    from django.contrib.staticfiles.finders import BaseFinder
    from django.contrib.staticfiles.storage import StaticFilesStorage
    from django.contrib.staticfiles.utils import matches_patterns
    from django.core.exceptions import ImproperlyConfigured
    from django.core.files import File
    from django.core.files.storage import Storage
    from django.core.signals import setting_changed
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import get_script_prefix
except ModuleNotFoundError as error:
    if error.name != "django":
        raise
    message = 'assetzcml.integrations.django needs Django, which is not installed; pip install "assetzcml[django]"'
    raise MissingExtra(message) from None

__all__ = ["AssetFinder", "AssetMiddleware", "AssetStorage", "asset_registry"]

_loaded: list[Any] = []


def asset_registry() -> Any:
    """The AssetRegistry that the setting ASSETZCML names, loaded at the first call."""
    if not _loaded:
        said = getattr(settings, "ASSETZCML", None)
        if said is None:
            raise ImproperlyConfigured('the setting ASSETZCML is missing; ASSETZCML = "package:configure.zcml"')
        if isinstance(said, str):
            said = {"spec": said}
        _loaded.append(load_zcml(**said) if isinstance(said, Mapping) else said)
    return _loaded[0]


def _forget(*, setting: str, **more: Any) -> None:
    if setting == "ASSETZCML":
        _loaded.clear()


setting_changed.connect(_forget)  # sent by the tests of an application, when they change a setting


class AssetMiddleware:
    """Answers what belongs to a static view; the rest goes on. It belongs behind SecurityMiddleware."""

    def __init__(self, get_response: Callable[[Any], Any]):
        self.get_response = get_response
        self._app = StaticApp(asset_registry(), fallback=lambda environ, start_response: None)  # type: ignore[arg-type,return-value]

    def __call__(self, request: Any) -> Any:
        answer: list[Any] = []
        body = self._app(_environ(request), lambda *status_and_headers: answer.extend(status_and_headers))
        if body is None:
            return self.get_response(request)
        status, headers = answer
        make = HttpResponse if isinstance(body, (list, tuple)) else StreamingHttpResponse
        # Django would put a type of its own where there is none.
        response = make(body, status=int(status[:3]), headers={"Content-Type": "", **dict(headers)})
        if not response["Content-Type"]:
            del response["Content-Type"]
        return response


def _environ(request: Any) -> dict[str, Any]:
    """The WSGI environment of a request; under ASGI, one that says as much."""
    environ = dict(getattr(request, "environ", request.META))
    environ.pop("wsgi.file_wrapper", None)  # Django uses it, or does not
    if not hasattr(request, "environ"):
        for name in ("PATH_INFO", "SCRIPT_NAME"):
            environ[name] = environ.get(name, "").encode("utf-8", "surrogatepass").decode("latin-1")
    environ.setdefault("wsgi.url_scheme", request.scheme)
    return environ


class AssetStorage(StaticFilesStorage):
    """
    STORAGES["staticfiles"]: `{% static %}` gives the URLs of the static views.

    It takes a spec, `{% static "shop:static/logo.png" %}`, or what it always took: a path below the directory `static`
    of an application. Of a path that no static view publishes the URL is Django's own.
    """

    def url(self, name: str) -> str:
        """Raises NotPublished, a ValueError, for a spec that no static view publishes."""
        registry = asset_registry()
        path, _, fragment = name.partition("#")
        spec = path if ":" in path else _spec_of(registry, path)
        try:
            if spec is not None:
                prefix = get_script_prefix()
                mounted = {} if prefix == "/" else {"_app_url": prefix}
                return registry.static_path(spec, _anchor=fragment or None, **mounted)
        except NotPublished:
            if spec == path:
                raise
        return super().url(name)


def _spec_of(registry: Any, path: str) -> str | None:
    """The spec of a path below the directory `static` of the first application that has it."""
    known = registry.snapshot.derived(_known_specs)
    if path not in known:
        for root in _roots():
            spec = root.joined(asset_spec(f"/{path}").parts)
            if registry.resolve(spec).exists():
                known[path] = str(spec)
                break
    return known.get(path)


def _known_specs(snapshot: Snapshot) -> dict[str, str]:
    return {}


def _roots() -> Iterator[AssetSpec]:
    """The directory `static` of each application, in the order in which Django looks."""
    for app in apps.get_app_configs():
        if hasattr(app.module, "__path__"):
            yield AssetSpec(app.name, ("static",))


class AssetFinder(BaseFinder):
    """
    STATICFILES_FINDERS, the first: what overrides put into the directories `static` of applications.

    So they win in `collectstatic`, `findstatic` and `runserver`.
    """

    def find(self, path: str, find_all: bool = False, **more: Any) -> Any:
        """The file, or with *find_all* a list of them (Django before 5.2 says *all*); [] for none."""
        registry = asset_registry()
        parts = [part for part in path.replace(os.sep, "/").split("/") if part]
        found = []
        if os.pardir not in parts:
            assets = [registry.resolve(root.joined(parts)) for root in _roots()]
            found = [asset.abspath() for asset in assets if _overridden(asset) and asset.abspath()]
        return found if find_all or more.get("all") else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        registry = asset_registry()
        ignored = list(ignore_patterns or ())
        for root in _roots():
            storage = Overriding(registry, root)
            for path in _files(registry, root, ()):
                # Django asks of each name, and of the whole path.
                if not any(matches_patterns(part, ignored) for part in (path, *path.split("/"))):
                    yield path, storage


def _files(registry: Any, root: AssetSpec, below: tuple[str, ...]) -> Iterator[str]:
    """The paths of the overridden files below *root*."""
    directory = registry.resolve(root.joined(below))
    for name in directory.listdir() if directory.isdir() else ():
        asset = registry.resolve(root.joined((*below, name)))
        if asset.isfile():
            if _overridden(asset):
                yield "/".join((*below, name))
        else:
            yield from _files(registry, root, (*below, name))


def _overridden(asset: Any) -> bool:
    return asset.isfile() and asset.source_spec != asset.spec


class Overriding(Storage):
    """Where `collectstatic` reads the overridden files of one application."""

    prefix = ""

    def __init__(self, registry: Any, root: AssetSpec):
        self._registry = registry
        self._root = root

    def _asset(self, name: str) -> Any:
        return self._registry.resolve(self._root.joined(asset_spec(f"/{name}").parts))

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(self._asset(name).open(), name)

    def exists(self, name: str) -> bool:
        return self._asset(name).isfile()

    def path(self, name: str) -> str:
        """The real path; of an asset in an archive its spec, for messages."""
        asset = self._asset(name)
        return asset.abspath() or asset.source_spec

    def get_modified_time(self, name: str) -> datetime:
        mtime = self._asset(name).mtime
        if mtime is None:
            raise NotImplementedError("an archive does not say")
        return datetime.fromtimestamp(mtime, timezone.utc)
