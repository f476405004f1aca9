"""What is asked of a configuration: `assetzcml url`, `explain`, `check` and `schema`."""

from __future__ import annotations

import os

import click

from assetzcml.assembly import AssetRegistry
from assetzcml.cli.applications import asked, asking, is_application, registry_asked
from assetzcml.cli.configured import (
    command,
    configured,
    formatted,
    make_importable,
    print_json,
    warnings_on_stderr,
)
from assetzcml.cli.statuses import EXIT_STATUS, Wrong
from assetzcml.cli.telling import say
from assetzcml.cli.usage import in_order, spec_meant
from assetzcml.errors import ConfigurationError, did_you_mean
from assetzcml.records.assets import asset_spec
from assetzcml.reports.findings import Checker, serious
from assetzcml.reports.listing import counted
from assetzcml.reports.xsd import schema_files, schemas
from assetzcml.resolving.neighbours import nearest_beside
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import parent

__all__ = ["check", "explain", "schema", "url"]

NAMESPACE = "http://namespaces.assetzcml.org/assets"


@asking("url", EXIT_STATUS)
@asked
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@formatted
def url(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, specs: tuple[str, ...], form: str
) -> None:
    """
    Print the URL of each asset SPEC.

    It is a path, and with --setting application_url=https://example.com the whole URL. A SPEC that has no URL is a
    message on stderr, and the exit status is 1.
    """
    in_order(config, specs)
    registry = registry_asked(config, features, settings, strict)
    make = registry.static_url if registry.settings.get("application_url") else registry.static_path
    answers, errors = {}, {}
    for spec in specs:
        try:
            answers[spec] = make(spec)
        except (ConfigurationError, ValueError, ImportError) as error:
            errors[spec] = _not_a_spec(registry, spec) or str(error)
    if form == "json":
        print_json([{"spec": spec, "url": answers.get(spec), "error": errors.get(spec)} for spec in specs])
    else:
        for spec in specs:
            if spec in answers:
                click.echo(answers[spec])
    for spec in answers:
        _warn_of_nothing(registry, spec)
    if errors:
        raise Wrong("\n".join(errors.values()))


def _not_a_spec(registry: AssetRegistry, text: str) -> str:
    """What is wrong with a URL, or with a path of a file, where the spec of an asset is asked for; '' for any other text."""
    meant = spec_meant(text)
    if not meant and text.startswith("/"):
        found = registry.explain(text)
        meant = "" if found.problems or found.spec is None else str(found.spec)
    return f"{text!r} is no spec of an asset; did you mean {meant!r}?" if meant else ""


def _warn_of_nothing(registry: AssetRegistry, spec: str) -> None:
    """A URL is a matter of names; say so where no layer has the asset."""
    try:
        if registry.resolve(spec).exists():
            return
        registry.resolve(parent(asset_spec(spec))).listdir()
    except (OSError, ValueError, ImportError):
        return  # of an external name: its files may lie on the other host only
    hint = nearest_beside(registry.part(Resolver), asset_spec(spec))
    click.echo(f"warning: no layer has {spec!r}" + (f"; {hint}" if hint else ""), err=True)


@asking("check", EXIT_STATUS)
@asked
@formatted
def check(config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, form: str) -> None:
    """
    Say what is wrong with CONFIG, and what probably is not meant.

    The findings are on stdout, each with its code (see docs/checks.rst), place, and how to fix it. The exit status is 1
    when one is an error, with --strict also when one is a warning, with --strict-in when that is in a file of PACKAGE. A
    finding is silenced by a comment on the line before its tag: <!-- assetzcml: ignore A012 -->
    """
    if is_application():
        found = registry_asked(config, features, settings, strict).part(Checker).findings()
    else:
        make_importable()
        registry = AssetRegistry(settings=settings)
        found = registry.part(Checker).check(config, features=features, settings=settings)
    failed = any(serious(found, strict))  # before anything is printed: --strict-in may name no package
    if form == "json":
        print_json([finding.as_dict() for finding in found])
    else:
        for finding in found:
            say(str(finding))
        click.echo(counted(found))
    if failed:
        raise SystemExit(1)


@asking("explain", EXIT_STATUS)
@asked
@click.argument("spec_or_url", metavar="SPEC-or-URL")
@formatted
def explain(
    config: str, features: tuple[str, ...], settings: dict[str, str], strict: bool, spec_or_url: str, form: str
) -> None:
    """
    Say why this file, or this page, is the one being served.

    SPEC-or-URL is the spec of an asset (shop:static/logo.png), or a URL or its path as a browser sends it: that of an
    asset, or of a page (/about). The exit status is 1 when there is no such asset or page, or nobody publishes it.
    """
    in_order(config, [spec_or_url])
    registry = registry_asked(config, features, settings, strict)
    explanation = registry.explain(spec_or_url)
    if form == "json":
        print_json(explanation.as_dict())
    else:
        click.echo(str(explanation))
    if explanation.problems:
        raise SystemExit(1)


@command("schema")
@configured
@click.option(
    "--namespace", metavar="URI", help=f"Print the schema of this namespace; without it, that of {NAMESPACE}."
)
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Write all schemas, and a catalog of them, into this directory.",
)
def schema(
    config: str,
    features: tuple[str, ...],
    settings: dict[str, str],
    strict: bool,
    namespace: str | None,
    output: str | None,
) -> None:
    """
    Write XML Schemas of the directives that CONFIG knows, for editors and validators.

    One for each namespace, with the directives of every package that is included. A configuration that does not load is
    told of on stderr, and the exit status is 1; the schemas are made all the same, as far as it has been read.
    """
    if namespace is not None and output is not None:
        raise click.UsageError("--namespace and --output exclude each other: --output writes all of them")
    make_importable()
    registry = AssetRegistry(settings=settings)
    wrong = None
    try:
        with warnings_on_stderr():
            registry.load_zcml(config, features=features, settings=settings, strict=strict)
    except ConfigurationError as error:
        wrong = error
    known, namespace = schemas(registry), NAMESPACE if namespace is None else namespace
    if output is not None and known:
        click.echo("\n".join(_written(output, schema_files(registry))))
    elif output is None and (namespace in known or wrong is None):
        _print_schema(known, namespace)
    if wrong is not None:
        raise wrong


def _written(directory: str, files: dict[str, str]) -> list[str]:
    """Write *files* into a directory, which is made if there is none; their paths."""
    paths = [os.path.join(directory, name) for name in sorted(files)]
    try:
        os.makedirs(directory, exist_ok=True)
        for path in paths:
            with open(path, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(files[os.path.basename(path)])
    except OSError as error:
        raise Wrong(f"cannot write {error.filename or directory}: {error.strerror}") from error
    return paths


def _print_schema(known: dict[str, str], namespace: str) -> None:
    text = known.get(namespace)
    if text is None:
        hint = did_you_mean(namespace, known)
        told = hint or f"there are {', '.join(map(repr, filter(None, known)))}"
        raise Wrong(f"no directive is in the namespace {namespace!r}; {told}")
    # Bytes: XML without a declaration is in UTF-8, whatever the terminal is.
    click.echo(text.encode("utf-8"), nl=False)
