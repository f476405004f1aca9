"""The header that lets a browser demand integrity of a page: `Integrity-Policy`, where every element has it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from assetzcml.records.assets import asset_spec
from assetzcml.registry import Registry
from assetzcml.urls.applications import environ_of
from assetzcml.urls.integrity import versioned
from assetzcml.urls.modules import MAPPED, ModuleGraph
from assetzcml.urls.tags import ELEMENTS_TOLD, Written, mounted

__all__ = ["integrity_policy"]

logger = logging.getLogger("assetzcml")

VALUE = "blocked-destinations=(script style)"
MOST_TOLD = 1_000  # gaps that are told of, each once


class _Gaps:
    """The elements without integrity that were told of."""

    def __init__(self, registry: Registry):
        self.told: set[str] = set()

    def tell(self, what: str) -> None:
        if what not in self.told and len(self.told) < MOST_TOLD:
            self.told.add(what)
            logger.warning("%s has no integrity, so Integrity-Policy only reports", what)


def integrity_policy(registry: Registry, request: Any) -> tuple[str, str]:
    """
    The header of the page that *request* is answered with, once that is rendered: (name, value).

    `Integrity-Policy` where every style sheet and script that we wrote into it has integrity, and every module that these
    import has it in the import map; else `Integrity-Policy-Report-Only`, and what lacks it is told of in the log.
    """
    environ = environ_of(request)
    gaps = list(_gaps(registry, environ.get(ELEMENTS_TOLD, ()), environ.get(MAPPED, {}), request))
    for what in gaps:
        registry.part(_Gaps).tell(what)
    return ("Integrity-Policy-Report-Only" if gaps else "Integrity-Policy"), VALUE


def _gaps(registry: Registry, written: Any, mapped: Any, request: Any) -> Iterator[str]:
    each: Written
    for each in written:
        if not each.integrity:
            yield each.what
        for spec in registry.part(ModuleGraph).closure(asset_spec(each.what))[1:] if each.module else ():
            if mounted(registry, versioned(registry, spec)[0], request) not in mapped:
                yield f"{spec}, which {each.what} imports,"
