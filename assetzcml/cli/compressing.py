"""`assetzcml compress`: variants of what is published, made before it is served."""

from __future__ import annotations

import os

import click

from assetzcml.cli.applications import asked, asking, registry_asked
from assetzcml.cli.configured import formatted, print_json
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.errors import few
from assetzcml.publishing.compress import Made, Unwritable, compress
from assetzcml.records.readers import CODINGS

__all__ = ["compress_command"]


@asking("compress", EXIT_STATUS)
@asked
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR",
              help="Write into this directory, by digest; the setting `variants` names it to what serves.")  # fmt: skip
@click.option("--coding", "codings", multiple=True, type=click.Choice(list(CODINGS)),
              help="Make these of everything; else each static view's content_encodings. May be repeated.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Files that are compressed at a time.")
@formatted
def compress_command(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    output: str | None,
    codings: tuple[str, ...],
    jobs: int | None,
    form: str,
) -> None:
    """
    Make the br, zstd and gzip variants of what CONFIG publishes.

    They are beside their assets, or in DIR. Only what is smaller is kept; what is right already is not written again. One
    line for each variant that was written.
    """
    registry = registry_asked(config, features, settings, strict)
    try:
        made = list(compress(registry, output=output, codings=codings or None, jobs=jobs))
    except Unwritable as error:
        shown = few([str(spec) for spec in error.specs], 3)
        raise Wrong(
            f"nothing can be written beside {shown}; give --output DIR, and DIR to what serves: the setting 'variants'"
        ) from None
    if form == "json":
        print_json([{**each._asdict(), "spec": str(each.spec)} for each in made])
        return
    for each in made:
        if each.written:
            click.echo(_line(each))
    written = [each for each in made if each.written]
    plain, size = sum(each.plain for each in written), sum(each.size for each in written)
    click.echo(
        f"{len(written)} written, {len(made) - len(written)} up to date"
        + (f"; {plain:,} bytes became {size:,}" if written else "")
    )
    if not made and not codings and not any(view.content_encodings for view in registry.snapshot.views):
        raise Wrong(
            'no static view declares content_encodings; declare them, or give --coding, for example "--coding gzip"'
        )


def _line(made: Made) -> str:
    return f"{made.spec} {made.coding} {made.plain:,} → {made.size:,} {os.path.relpath(made.path)}"
