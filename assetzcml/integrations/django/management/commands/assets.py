"""`manage.py assets explain|check|list|url`: the questions of the command assetzcml, asked of this project."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from assetzcml.integrations.django.projects import asset_registry
from assetzcml.reports.listing import QUESTIONS, answered


class Command(BaseCommand):
    help = "Why is this file served (explain), what is wrong (check), what is declared (list), what is its URL (url)?"
    requires_system_checks = ()  # `check` says it

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("question", choices=QUESTIONS)
        parser.add_argument("about", nargs="*", help="specs or URLs; for list, kinds of records")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *, question: str, about: list[str], **options: Any) -> None:
        text, good = answered(asset_registry(), question, about, options["format"])
        self.stdout.write(text)
        if not good:
            raise SystemExit(1)
