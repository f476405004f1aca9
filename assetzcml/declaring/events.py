"""Who wants to know of loads is told of each when it has ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from assetzcml.records.loads import LoadEvent
from assetzcml.registry import Registry, ledger

__all__ = ["announced"]

logger = logging.getLogger("assetzcml")


@contextmanager
def announced(registry: Registry, spec: str = "", *, reload: bool = False) -> Iterator[None]:
    """Tell the subscribers of *registry* how a load of *spec*, or a reload, has ended. Not to be used with its lock held."""
    known = ledger(registry)
    try:
        yield
    except Exception as error:
        event = LoadEvent(kind="failed", registry=registry, spec=spec, error=error)
        if reload:
            known.reload_failed = event.time
        _tell(known.subscribers, event)
        raise
    event = LoadEvent(kind="reloaded" if reload else "loaded", registry=registry, spec=spec)
    if reload:
        known.reloaded, known.reload_failed = event.time, None
    _tell(known.subscribers, event)


def _tell(subscribers: Iterable[Callable[[LoadEvent], Any]], event: LoadEvent) -> None:
    for subscriber in subscribers:
        try:
            subscriber(event)
        except Exception:  # what is loaded is loaded, whoever hears of it
            logger.exception("a subscriber of a registry failed: %r", subscriber)
