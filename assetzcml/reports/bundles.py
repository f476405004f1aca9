"""Bundles for `explain` and `list`: what each is made of, and what there is of it. As data, and as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assetzcml.records.bundles import BundleContents
from assetzcml.registry import Registry
from assetzcml.reports.descriptions import origin_data

__all__ = ["bundle_data", "bundle_lines", "bytes_in_words"]


def bytes_in_words(size: int) -> str:
    """
    A number of bytes for people.

    >>> bytes_in_words(1), bytes_in_words(12345)
    ('1 byte', '12,345 bytes')
    """
    return "1 byte" if size == 1 else f"{size:,} bytes"


def bundle_data(state: Any, registry: Registry) -> dict[str, Any]:
    """A `BundleState` (see `Bundles.state`) in texts, numbers, lists and mappings."""
    return {
        "name": state.name,
        "spec": None if state.spec is None else str(state.spec),
        "origin": origin_data(state.origin),
        "output": state.output,
        "filters": list(state.filters),
        "state": state.state,
        "file": state.path,
        "version": state.version,
        "size": state.size,
        "source_size": state.source_size,
        "sources": [
            {
                "item": source.item,
                "spec": source.spec,
                "source": source.source,
                "size": source.size,
                "origin": origin_data(source.origin),
            }
            for source in state.sources
        ],
        "contributions": [
            {
                "contents": list(each.contents),
                "position": ":".join(filter(None, each.position)),
                "origin": origin_data(each.origin),
            }
            for each in contributions(state, registry)
        ],
        "problems": list(state.problems),
    }


def bundle_lines(state: Any) -> Iterator[str]:
    """The same as text: the first line names it and says its state."""
    spec = f" of {str(state.spec)!r}" if state.spec is not None else ""
    yield f"bundle {state.name!r}{spec}: {_state(state)}"
    if state.origin is not None:
        yield str(state.origin)
    if state.path is not None:
        version = f", version {state.version}" if state.version is not None else ""
        yield f"output {state.path}{version}"
    elif state.output is not None:
        yield f"output {state.output}"
    if state.filters:
        yield f"filters {', '.join(state.filters)}"
    for number, source in enumerate(state.sources, 1):
        taken = f" from {source.source}" if source.source not in (source.item, source.spec) else ""
        size = f", {bytes_in_words(source.size)}" if source.size is not None else ""
        yield f"{number}. {source.spec or source.item}{taken}{size}"
        if source.origin is not None and source.origin != state.origin:
            yield f"   by {source.origin}"


def _state(state: Any) -> str:
    if state.size is None:
        found: str = state.state
        return found
    of = f" of {bytes_in_words(state.source_size)}" if state.source_size is not None else ""
    return f"{state.state}, {bytes_in_words(state.size)}{of}"


def contributions(state: Any, registry: Registry) -> list[BundleContents]:
    records = registry.snapshot.bundling
    return [record for record in records if isinstance(record, BundleContents) and record.bundle == state.name]
