"""`manage.py runserver`: that of the project, with the static files answered by our middleware, as in production."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import find_commands, load_command_class

from assetzcml.integrations.django.checks import MIDDLEWARE


def __getattr__(name: str) -> Any:
    """`Command`, which extends what the project has: that is known when its applications are."""
    if name != "Command":
        raise AttributeError(name)
    return _extended(_former())


def _former() -> Any:
    """The command that there would be without us: that of the first application that has one, else Django's."""
    for config in apps.get_app_configs():
        if config.label != "assetzcml" and "runserver" in find_commands(f"{config.path}/management"):
            return type(load_command_class(config.name, "runserver"))
    return type(load_command_class("django.core", "runserver"))


def _extended(former: Any) -> Any:
    class Command(former):
        """Django's own handler answers STATIC_URL before any middleware, without versions and Cache-Control."""

        def add_arguments(self, parser: Any) -> None:
            super().add_arguments(parser)
            if MIDDLEWARE in settings.MIDDLEWARE:
                parser.set_defaults(use_static_handler=False)

    return Command
