"""
What many hosts build on demand is built once: by the host that claims it, where they share a store of contents.

The key covers what is known before a build: the definition, how filters and programs are set and of what version they are, and
the digests of sources. What filters read besides stands with the output, and has to hold on the host that takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from assetzcml.bundles.build_records import Input, full_digest_of
from assetzcml.bundles.cache import cache_key, filter_identity
from assetzcml.bundles.freshness import input_holds, settings_of
from assetzcml.bundles.levels import merged_filters
from assetzcml.bundles.sources import Remote

if TYPE_CHECKING:
    from assetzcml.records.site import ContentStore
    from assetzcml.registry import Registry
    from assetzcml.resolving.shared_builds import SharedBuilds

__all__ = ["SharedBytes", "made_once", "shared_by"]

TIMEOUT = 5.0  # seconds that a build waits for one answer of the destination


class SharedBytes(NamedTuple):
    """
    The bytes of an output, the sources that they were made of, what was read besides, the length of the sources; and
    whether they are what anybody would make of these.
    """

    content: bytes
    sources: tuple[Input, ...]
    depends: tuple[Input, ...]
    size: int
    lasting: bool = True


def shared_by(registry: Registry, store: ContentStore) -> SharedBuilds:
    """The builds of the hosts that share *store*. Their libraries are imported when there is one: most have none."""
    from assetzcml.resolving.destinations import destination_at
    from assetzcml.resolving.shared_builds import SharedBuilds

    assert store.url is not None
    return SharedBuilds(partial(destination_at, store.url, store.endpoint, registry, timeout=TIMEOUT))


class _Unshared(Exception):
    """What is made here may be another thing than what is made elsewhere."""


class _Material(NamedTuple):
    """What an output is going to be made of, as far as that is known before."""

    key: str
    sources: tuple[Input, ...]
    declared: tuple[Input, ...]
    size: int


def made_once(bundle: Any, ctx: Any, make: Callable[[], SharedBytes]) -> SharedBytes:
    """What *make* makes, or what another host has made of the same."""
    builds = ctx.environment.shared_builds
    updater = ctx.updater
    asked_each_time = updater is not None and not getattr(updater, "lasting", False)
    if builds is None or ctx.building or asked_each_time:
        return make()
    material = _material(bundle, ctx)
    if material is None:
        return make()

    def holds(read: tuple[tuple[str, str], ...]) -> bool:
        try:
            return all(input_holds(Input(name, digest), ctx) for name, digest in read)
        except (OSError, ValueError):  # a file that cannot be read, a name that is none
            return False

    found = builds.begin(material.key, holds)
    if found is None:
        return make()
    if isinstance(found, tuple):
        content, read = found
        depends = (*material.declared, *(Input(name, digest) for name, digest in read))
        return SharedBytes(content, material.sources, depends, material.size)
    with found:
        made = make()
        besides = made.depends[len(material.declared) :]
        if made.lasting and _digests(made) == _digests_of(material, besides) and all(each.digest for each in besides):
            found.finish(made.content, [(each.name, each.digest) for each in besides])
        return made


def _digests(made: SharedBytes) -> list[tuple[str, str]]:
    return [(each.name, each.digest) for each in (*made.sources, *made.depends)]


def _digests_of(material: _Material, besides: tuple[Input, ...]) -> list[tuple[str, str]]:
    return [(each.name, each.digest) for each in (*material.sources, *material.declared, *besides)]


def _material(bundle: Any, ctx: Any) -> _Material | None:
    """None where what is made here may not be what others make: a filter without a lasting name, a download."""
    try:
        return _all_of(bundle, ctx)
    except Exception:  # what cannot be set up or read is told of by the build
        return None


def _all_of(bundle: Any, ctx: Any) -> _Material:
    from importlib import metadata  # which most processes never need

    files = bundle.files(ctx)
    size = 0
    inputs: list[list[Input]] = [[], []]
    for found, into in zip(files, inputs, strict=True):
        for source in found:
            content, signature = source.read()
            into.append(Input(ctx.name_of(source), full_digest_of(content), signature))
            size += len(content) if into is inputs[0] else 0
    urls = [ctx.plain_url_of_source(source) or "" for source in files[0]]
    settings = settings_of(bundle, ctx, versions=True)
    if not all(each.digest for each in settings):
        raise _Unshared
    output = ctx.url_of_output(str(bundle.output)) if ctx.get("url") is not None else None
    parts = [metadata.version("assetzcml"), bundle.definition(ctx), str(ctx.environment.debug), str(output), *urls]
    parts += [text for each in settings for text in each]
    parts += _identities(bundle, ctx, bundle, files[0], output)
    for found_inputs in inputs:
        parts += [str(len(found_inputs)), *(text for each in found_inputs for text in (each.name, each.digest))]
    return _Material(cache_key(*parts), tuple(inputs[0]), tuple(inputs[1]), size)


def _identities(bundle: Any, ctx: Any, top: Any, sources: list[Any], output_url: str | None) -> Iterator[str]:
    """All that results of filters are kept by in a cache, of nested bundles too. Raises _Unshared."""
    common = {"output": top.output, "output_path": str(top.output), "output_url": output_url}
    for one in merged_filters(bundle.chain(ctx.environment), ctx.extra_filters):
        bound = one.bind(ctx)
        identity = filter_identity(bound)
        if identity is None:
            raise _Unshared
        yield identity
        for source in sources:
            about = {"source": source.item, "source_path": source.path, "source_url": ctx.plain_url_of_source(source)}
            yield repr(bound.get_additional_cache_keys(**common, **about))
    for found in bundle.resolve_contents(ctx):
        if isinstance(found, Remote):
            raise _Unshared
        if hasattr(found, "resolve_contents"):
            yield from _identities(found, ctx.inside(found), top, sources, output_url)
