"""`flask assets explain|check|list|url`: the questions of the command, asked of the application that `flask` loads."""

from __future__ import annotations

import click

from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.reports.listing import QUESTIONS, answered

__all__ = ["assets"]


@click.command("assets", epilog=EXIT_STATUS)
@click.argument("question", type=click.Choice(list(QUESTIONS)))
@click.argument("about", nargs=-1)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def assets(context: click.Context, question: str, about: tuple[str, ...], form: str) -> None:
    """
    Say why a file is served (explain), what is wrong (check), what is declared (list), what the URL is (url).

    ABOUT are specs or URLs; for list, kinds of records.
    """
    application = context.obj.load_app()
    extension = application.extensions.get("assetzcml")
    if extension is None:
        raise Wrong("the application has no assets: Assets(app) was not called")
    extension.publish(application)
    text, good = answered(extension.registry, question, about, form)
    click.echo(text)
    if not good:
        raise SystemExit(1)
