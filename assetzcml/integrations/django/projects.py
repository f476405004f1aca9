"""What a Django project publishes: its settings as records of one registry."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, FileSystemFinder, get_finder
from django.contrib.staticfiles.storage import HashedFilesMixin, staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.urls import get_script_prefix

from assetzcml.assembly import AssetRegistry, load_zcml
from assetzcml.errors import Origin
from assetzcml.integrations.publishing import Directory, bust, merge, publish_root
from assetzcml.publishing.compress import available
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.patterns import Pattern
from assetzcml.records.readers import content_codings, publication_name
from assetzcml.urls.cachebusters import DigestCacheBuster, TreeCacheBuster

__all__ = ["ROOT", "VERSIONS", "app_directory", "asset_registry", "foreign_finders", "loaded_registry", "static_name"]

# What the directories of static files are merged in. Its assets can be overridden by this name too.
ROOT = AssetSpec(__package__, ("static",))

VERSIONS = ("tree", "digest", "")  # what ASSETZCML_VERSIONS may be

VARIANTS = ".variants"  # below STATIC_ROOT, where `collectstatic` puts what it compresses

# Seconds. A plain URL says nothing about its content, so the browser asks again: at once while one works on it.
PLAIN_MAX_AGE = 60 * 60

HASHED = re.compile(r"\.[0-9a-f]{12}(\.[^.]*)?$")

_lock = threading.RLock()
_loaded: list[Any] = []


def asset_registry() -> Any:
    """
    The AssetRegistry of the project: what the setting ASSETZCML names, and all that Django's finders know.

    It is loaded at the first call. Raises ConfigurationError for what is wrong with the ZCML, ImproperlyConfigured for
    a setting.
    """
    if not _loaded:
        with _lock:
            if not _loaded:
                registry = _registry(getattr(settings, "ASSETZCML", None))
                publish_project(registry)
                _loaded.append(registry)
    return _loaded[0]


def loaded_registry() -> Any:
    """The registry, when it is loaded already; else None."""
    return _loaded[0] if _loaded else None


def _registry(said: Any) -> Any:
    own = {"reload": True} if settings.DEBUG else {}
    if said is None or said == "":
        return AssetRegistry(settings=own)
    if isinstance(said, (str, os.PathLike)):
        said = {"spec": os.fspath(said)}
    if not isinstance(said, Mapping):
        return said
    return load_zcml(**{**said, "settings": {**own, **(said.get("settings") or {})}})


def _forget(*, setting: str, **more: Any) -> None:
    if setting in ("ASSETZCML", "ASSETZCML_VERSIONS", "DEBUG", "INSTALLED_APPS") or setting.startswith("STATIC"):
        with _lock:
            _loaded.clear()


setting_changed.connect(_forget)  # sent by the tests of an application, when they change a setting


def publish_project(registry: Any) -> None:
    """Declare in *registry* what the project publishes by itself. A second call follows what ZCML says meanwhile."""
    name = static_name()
    if name is None or not apps.is_installed("django.contrib.staticfiles"):
        return
    origin = Origin("settings.STATIC_URL")
    max_age = 0 if settings.DEBUG else PLAIN_MAX_AGE
    codings, variants = compressing()
    options = {"cache_max_age": max_age, "content_encodings": codings, "immutable_names": _hashed()}
    merge(registry, name, ROOT, _directories(registry), origin, **options)
    if variants is not None:
        registry.settings.setdefault("variants", variants)
    if "//" in settings.STATIC_URL:  # others serve it; what they do not have they fetch here
        publish_root(registry, publication_name(settings.STATIC_URL), ROOT, origin, rank=(-1,))
    versions = _versions()
    buster = {"tree": TreeCacheBuster, "digest": DigestCacheBuster}[versions]() if versions else None
    bust(registry, ROOT, buster, f'ASSETZCML_VERSIONS = "{versions}"', Origin("settings.ASSETZCML_VERSIONS"))


def _versions() -> str:
    versions = getattr(settings, "ASSETZCML_VERSIONS", "" if settings.DEBUG else "tree")
    if versions not in VERSIONS:
        raise ImproperlyConfigured(
            f"ASSETZCML_VERSIONS is {versions!r}; {' or '.join(repr(each) for each in VERSIONS)} was expected"
        )
    return str(versions)


def compressing() -> tuple[tuple[str, ...], str | None]:
    """
    The codings that `collectstatic` makes and the middleware sends, and the directory where they are.

    ASSETZCML_COMPRESS names the codings; while DEBUG is on there are none. They are below STATIC_ROOT, if there is one.
    """
    said = (
        getattr(settings, "ASSETZCML_COMPRESS", ()) if settings.DEBUG else getattr(settings, "ASSETZCML_COMPRESS", None)
    )
    try:
        codings = content_codings(available() if said is None else said)
    except ValueError as error:
        raise ImproperlyConfigured(f"ASSETZCML_COMPRESS: {error}") from None
    root = settings.STATIC_ROOT
    return codings, os.path.join(os.path.abspath(root), VARIANTS) if root else None


def static_name() -> str | None:
    """
    The name of the static view that STATIC_URL stands for: its path below the script prefix; None where there is none.

    Raises ImproperlyConfigured for a path that cannot be one.
    """
    url = settings.STATIC_URL
    if not url:
        return None
    path = urlsplit(url).path
    prefix = get_script_prefix()
    path = path[len(prefix) - 1 :] if path.startswith(prefix) else path
    try:
        return publication_name(path.strip("/") or "/")
    except ValueError as error:
        raise ImproperlyConfigured(f"STATIC_URL is {url!r}: {error}") from None


def _directories(registry: Any) -> Iterator[Directory]:
    """Every directory that a finder looks in, in the order of STATICFILES_FINDERS."""
    overridden = {override.target.package for override in registry.snapshot.overrides}
    for path in settings.STATICFILES_FINDERS:
        finder = get_finder(path)
        if isinstance(finder, FileSystemFinder):
            yield from _project_directories()
        elif isinstance(finder, AppDirectoriesFinder):
            for config in apps.get_app_configs():
                if _may_have_files(config, overridden):
                    yield Directory(app_directory(config, finder.source_dir), Origin(f"INSTALLED_APPS {config.name}"))
        else:
            yield from _locations(finder, path)
    if _hashed():
        yield Directory(asset_spec(os.path.abspath(settings.STATIC_ROOT)), Origin("settings.STATIC_ROOT"))


class HashedNames(Pattern):
    """The names of Django's HashedFilesMixin: `base.96c479cedf7a.css`."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("*.????????????.*")

    def matches(self, parts: Sequence[str]) -> bool:
        """Are the characters those of a digest, too?"""
        return bool(parts) and HASHED.search(parts[-1]) is not None


def _hashed() -> tuple[Pattern, ...]:
    """
    What is never changed of STATIC_ROOT, where `collectstatic` has put the names of a storage that the project chose.

    Nothing else has them. (): the storage is ours, or makes no such names.
    """
    made = isinstance(staticfiles_storage, HashedFilesMixin) and settings.STATIC_ROOT and not settings.DEBUG
    return (HashedNames(),) if made else ()


def _project_directories() -> Iterator[Directory]:
    for number, entry in enumerate(settings.STATICFILES_DIRS):
        prefix, path = entry if isinstance(entry, (list, tuple)) else ("", entry)
        parts = tuple(part for part in prefix.split("/") if part)
        yield Directory(asset_spec(os.path.abspath(path)), Origin(f"STATICFILES_DIRS[{number}]"), parts)


def _may_have_files(config: Any, overridden: set[str]) -> bool:
    """Is there anything to be looked for? An application in an archive, or with overrides, may have what Django misses."""
    directory = os.path.join(config.path, AppDirectoriesFinder.source_dir)
    return os.path.isdir(directory) or not os.path.isdir(config.path) or config.name in overridden


def app_directory(config: Any, below: str) -> AssetSpec:
    """The directory *below* of an application: in its package, or beside it where Django looks elsewhere."""
    portions = [os.path.abspath(portion) for portion in getattr(config.module, "__path__", ())]
    if os.path.abspath(config.path) in portions:
        return AssetSpec(config.name, (below,))
    return asset_spec(os.path.join(os.path.abspath(config.path), below))


def _locations(finder: Any, path: str) -> Iterator[Directory]:
    """The directories of a finder of another project, where it says which."""
    storages = getattr(finder, "storages", None) or {"": getattr(finder, "storage", None)}
    for storage in storages.values() if isinstance(storages, Mapping) else ():
        location = getattr(storage, "location", None)
        if location and getattr(finder, "assetzcml", None) is None:
            prefix = getattr(storage, "prefix", None) or ""
            parts = tuple(part for part in prefix.split("/") if part)
            yield Directory(asset_spec(os.path.abspath(location)), Origin(f"STATICFILES_FINDERS {path}"), parts)


def foreign_finders() -> Iterator[tuple[str, Any]]:
    """The finders, by their names, whose directories nobody can tell."""
    for path in settings.STATICFILES_FINDERS:
        finder = get_finder(path)
        known = isinstance(finder, (FileSystemFinder, AppDirectoriesFinder)) or hasattr(finder, "assetzcml")
        if not known and next(_locations(finder, path), None) is None:
            yield path, finder
