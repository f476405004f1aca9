"""What the exit status of the command says: 0 good, 1 the configuration or the content is wrong, 2 wrong usage (click's)."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["ANSWERED", "EXIT_STATUS", "Wrong"]

ANSWERED = "assetzcml.answered"  # in the context's meta: the answer has been printed as JSON

EXIT_STATUS = """\b
Exit status: 0 good, 1 the configuration or the content is wrong (messages
are on stderr, with file, line and column), 2 wrong usage."""


class Wrong(click.ClickException):
    """The configuration or the content is wrong: exit status 1."""

    def show(self, file: Any = None) -> None:
        from assetzcml.cli.telling import say

        say(self.format_message(), err=True)
