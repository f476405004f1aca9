"""
Directives in any loader: ours, zope.configuration's `xmlconfig`, Zope's start-up, pyramid_zcml's `load_zcml`.

Where another loader reads our directives, their records go into one registry: that of the Pyramid application; else the
utility `IAssetRegistry` of zope.component's global site manager; without zope.component one of the loader's own.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from assetzcml.assembly import AssetRegistry
from assetzcml.declaring.calls import take
from assetzcml.interfaces import IAssetRegistry
from assetzcml.records.kinds import Record
from assetzcml.records.rules import handler_context, one_of
from assetzcml.zcml import actions
from assetzcml.zcml.load import ForeignLoad, Load, root_of, tag_of

__all__ = ["bind", "bind_loader", "declare", "registry_of", "warn"]


def declare(context: Any, *records: Record) -> None:
    """
    Declare *records* in the handler of a directive: they are those of its line, as if they had been written there.

    They take part in conflicts, in the order of overrides, in `explain` and `list`; what is wrong with them is told
    with all else that is wrong with the load. *context* is what the handler gets, in our loader or any other.
    """
    bind(context)
    for record in records:
        actions.declare(context, one_of("record", record, Record, "a record, of ours or of a subclass of Record,"))


def warn(context: Any, message: str, hint: str = "", *, attribute: str = "") -> None:
    """
    Say, in the handler of a directive, that it probably does not do what its author meant; it is done all the same.

    The warning is a `ConfigurationWarning` at the line of the directive, or at its *attribute*; an error where the load is
    strict. `assetzcml check` tells it as A003, with the *hint* as what to do.
    """
    load = bind(context)
    tag = tag_of(context)
    load.warn(tag.attribute(attribute) if attribute else tag, f"{tag.directive}: {message}", hint)


def registry_of(context: Any) -> Any:
    """
    The registry that the directives of *context* declare in.

    In our loader it is `context.registry`, which answers in actions as the registry will after the load.
    """
    load = bind(context)
    return load.staged if isinstance(load, Load) else load.registry


def bind(context: Any) -> Any:
    """Tell the loader of *context* where records go, unless it knows; returns its `Load` or `ForeignLoad`."""
    handler_context(context)
    root = root_of(context)
    load = getattr(root, "assetzcml_load", None)
    if load is None:
        load = root.assetzcml_load = ForeignLoad(lambda: _registry(root), take)
    return load


def bind_loader(context: Any) -> None:
    """What `meta.zcml` has done where another loader reads it."""
    bind(context)


def _registry(root: Any) -> Any:
    """The registry for a loader's machine, made if there is none."""
    application = getattr(root, "registry", None)
    pyramid = sys.modules.get("pyramid.registry")
    if pyramid is not None and isinstance(application, pyramid.Registry):
        return importlib.import_module("assetzcml.integrations.pyramid").registry_for_loader(application)
    try:
        site = importlib.import_module("zope.component").getGlobalSiteManager()
    except ModuleNotFoundError:
        site = None
    if site is None:
        if not hasattr(root, "assetzcml_registry"):
            root.assetzcml_registry = AssetRegistry()
        return root.assetzcml_registry
    registry = site.queryUtility(IAssetRegistry)
    if registry is None:
        registry = AssetRegistry()
        site.registerUtility(registry, IAssetRegistry)
    return registry
