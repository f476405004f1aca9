"""The URLs of a bundle: webassets' algorithm, with the rulings of docs/bundles.rst, on what the environment says."""

from __future__ import annotations

import base64
import hashlib
import math
import os
from collections.abc import Callable
from time import monotonic
from typing import Any

from assetzcml.bundles.addresses import mapped_url, pull_external, with_query
from assetzcml.bundles.building import build_output, check_delivered
from assetzcml.bundles.bundle import Bundle
from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import BundleError
from assetzcml.bundles.levels import effective_level, merged_filters
from assetzcml.bundles.sources import Remote, Source
from assetzcml.bundles.versioners import PLACEHOLDER, has_placeholder
from assetzcml.resolving.files import read_file
from assetzcml.resolving.resolver import FRESH

__all__ = ["Trust", "urls_of_bundle"]


class Trust:
    """Until when (`time.monotonic`) what is being worked out may be trusted; it began when this was made."""

    def __init__(self) -> None:
        self._began = monotonic()
        self.until = math.inf

    def at_most(self, seconds: float) -> None:
        self.until = min(self.until, self._began + seconds)


def urls_of_bundle(bundle: Bundle, ctx: Context, trust: Trust, integrity: bool) -> list[Any]:
    """The URLs of *bundle*, or with *integrity* dictionaries of 'uri' and 'sri'."""
    bundle.check_cycles(ctx.environment)
    return [found for leaf, inner in bundle.leaves(ctx) for found in _urls(leaf, inner, trust, integrity)]


def _urls(bundle: Bundle, ctx: Context, trust: Trust, integrity: bool) -> list[Any]:
    environment = ctx.environment
    replaced = environment.replacement(bundle)
    if replaced is not None:
        trust.at_most(FRESH)
        return [{"uri": replaced[0], "sri": _integrity(replaced[1], replaced[0])} if integrity else replaced[0]]
    filters = bundle.chain(environment)
    level = effective_level(bundle.debug, merged_filters(filters, ctx.extra_filters), environment.debug)
    if level is not True and (filters or bundle.output):
        return [_output(bundle, ctx, trust, integrity)]
    trust.at_most(FRESH)  # files come and go
    result: list[Any] = []
    for found in bundle.resolve_contents(ctx):
        if isinstance(found, Source):
            result.append(_source(found, ctx, integrity))
        elif isinstance(found, Remote):
            result.append({"uri": found.url, "sri": None} if integrity else found.url)
        else:
            inside = ctx.inside(found, merged_filters(ctx.extra_filters, filters))
            result += _urls(found, inside, trust, integrity)
    return result


def _output(bundle: Bundle, ctx: Context, trust: Trust, integrity: bool) -> Any:
    """The URL of the output of *bundle*, which is built when that is due."""
    ready = getattr(bundle, "ready", None)
    if (
        ready is not None and bundle.output
    ):  # a declared bundle knows its output, for this and for every other URL of it
        found = ready()
        if ctx.auto_build:
            trust.until = min(trust.until, found.until)
    elif ctx.auto_build:
        trust.at_most(FRESH if getattr(ctx.updater, "lasting", False) else 0.0)
        built = build_output(bundle, ctx, wait=False)
        if not built.current:
            trust.at_most(0.0)
    elif not bundle.output:
        raise BundleError(f"{bundle} has filters, but no output", origin=bundle.origin, hint="give it an output")
    else:
        check_delivered(bundle, ctx)
    output, version = str(bundle.output), None
    placeholder, expire = has_placeholder(output), ctx.url_expire
    if ctx.versions is None:
        _check_unversioned(bundle, ctx, placeholder)
    elif placeholder or expire is not False:
        # What this process remembers may be outdated by another one that builds.
        version = bundle.get_version(ctx, refresh=ctx.auto_build and ready is None)
    url = ctx.environment.output_url(bundle, ctx, version)
    if url is None:
        url = _address(bundle, ctx, output.replace(PLACEHOLDER, version or ""))
        if version is not None and (expire is True or (expire is None and not placeholder)):
            url = with_query(url, version)
    if not integrity:
        return url
    path = bundle.resolve_output(ctx, version=version)
    return {"uri": url, "sri": _integrity(lambda: read_file(path)[0], path, bundle)}


def _check_unversioned(bundle: Bundle, ctx: Context, placeholder: bool) -> None:
    """Without versions nothing is built on demand, so what is missing is an error that says so."""
    if placeholder:
        message = f"{bundle}: its output has {PLACEHOLDER}, and versions are turned off"
        hint = f"set versions, or write the output without {PLACEHOLDER}"
        raise BundleError(message, origin=bundle.origin, hint=hint)
    path = bundle.resolve_output(ctx)
    if not os.path.isfile(path):
        raise bundle.not_built(path)


def _address(bundle: Bundle, ctx: Context, output: str) -> str:
    url = ctx.url_of_output(output)
    if url is None:
        raise ValueError(f"{bundle}: the output {output!r} lies below no directory that has a URL")
    return url


def _source(source: Source, ctx: Context, integrity: bool) -> Any:
    """The URL of a source; one that is published nowhere is copied to where it is."""
    path, url = source.path, ctx.url_of_source(source)
    if url is None:
        if path is None:
            raise BundleError(f"{source.item!r} lies in an archive, and no static view publishes it")
        try:
            path = pull_external(path, ctx.directory)
        except OSError as error:
            message = f"{source.item!r} is published nowhere, and cannot be copied to {ctx.directory!r}: {error}"
            raise BundleError(message, exception=error) from error
        url = mapped_url(path, {ctx.directory: ctx.url})
        assert url is not None
    if ctx.debug_expire and path is not None and ctx.versions is not None and "?" not in url:
        url = with_query(url, ctx.versions.of_file(path))
    if not integrity:
        return url
    return {"uri": url, "sri": _integrity(lambda: source.read()[0], source.item)}


def _integrity(read: Callable[[], bytes], what: str, bundle: Bundle | None = None) -> str:
    """The value of an `integrity` attribute (Subresource Integrity, 3.1) for bytes that are read now."""
    try:
        digest = hashlib.sha384(read()).digest()
    except FileNotFoundError as error:
        if bundle is not None:
            raise bundle.not_built(what) from error
        raise
    return f"sha384-{base64.b64encode(digest).decode()}"
