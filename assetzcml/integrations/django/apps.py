"""The application: what it adds to the settings of a project that are still as Django has them."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage, staticfiles_storage
from django.core import checks
from django.core.files.storage import storages
from django.core.management import get_commands
from django.template import Engine, engines
from django.utils.autoreload import autoreload_started, file_changed
from django.utils.functional import empty
from django.utils.module_loading import import_string

from assetzcml.integrations.django.checks import check_assets
from assetzcml.integrations.django.reloading import file_changed as read_again
from assetzcml.integrations.django.reloading import watch

__all__ = ["AssetzcmlConfig"]

PACKAGE = __package__
CACHED_LOADER = "django.template.loaders.cached.Loader"


class AssetzcmlConfig(AppConfig):
    name = PACKAGE
    label = "assetzcml"
    verbose_name = "Assets"

    def ready(self) -> None:
        """Put our storage, finder and template loader where Django's defaults are; what a project chose stays."""
        settings.STATICFILES_FINDERS = with_finder(settings.STATICFILES_FINDERS)
        settings.STORAGES = with_storage(settings.STORAGES)
        settings.TEMPLATES = [with_loader(engine) for engine in settings.TEMPLATES]
        forget_what_was_made()
        checks.register(check_assets, checks.Tags.staticfiles)
        commands = get_commands()  # of which the first application's counts; ours goes on with what was there
        commands["runserver"] = PACKAGE
        autoreload_started.connect(watch, dispatch_uid=PACKAGE)
        file_changed.connect(read_again, dispatch_uid=PACKAGE)


def forget_what_was_made() -> None:
    """An application before ours may have used a storage or template in its own `ready`: they are made again."""
    storages.backends.update(settings.STORAGES)
    storages._storages.pop("staticfiles", None)
    staticfiles_storage._wrapped = empty
    vars(engines).pop("templates", None)
    engines._templates, engines._engines = None, {}
    Engine.get_default.cache_clear()


def with_finder(finders: Any) -> list[str]:
    """The finders, ours first."""
    own = f"{PACKAGE}.AssetFinder"
    return list(finders) if own in finders else [own, *finders]


def with_storage(known: dict[str, Any]) -> dict[str, Any]:
    """The storages; that of static files is ours where it is Django's plain one."""
    chosen = known.get("staticfiles", {}).get("BACKEND")
    if chosen is None or import_string(chosen) is not StaticFilesStorage:
        return known
    return {**known, "staticfiles": {**known["staticfiles"], "BACKEND": f"{PACKAGE}.AssetStorage"}}


def with_loader(engine: dict[str, Any]) -> dict[str, Any]:
    """A template engine; one of Django's asks our loader first."""
    if not engine.get("BACKEND", "").endswith(".DjangoTemplates"):
        return engine
    options = engine.get("OPTIONS", {})
    own = f"{PACKAGE}.Loader"
    loaders = options.get("loaders")
    if loaders is None:
        plain = ["django.template.loaders.filesystem.Loader"]
        if engine.get("APP_DIRS"):
            plain.append("django.template.loaders.app_directories.Loader")
        loaders = [(CACHED_LOADER, plain)]
    if own in str(loaders):
        return engine
    first = loaders[0] if loaders else None
    if isinstance(first, (list, tuple)) and first[0] == CACHED_LOADER:
        loaders = [(first[0], [own, *first[1]]), *loaders[1:]]
    else:
        loaders = [own, *loaders]
    return {**engine, "APP_DIRS": False, "OPTIONS": {**options, "loaders": loaders}}
