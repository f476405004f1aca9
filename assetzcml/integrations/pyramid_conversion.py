"""
What a Pyramid application has said with `add_static_view`, `override_asset` and `add_cache_buster`, as ZCML that says the same.

It is read out of the introspection of a configurator that has done its work, so that what a helper, a loop or an included
package has said is there too; no source is parsed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

from pyramid.config import Configurator
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.static import ManifestCacheBuster, QueryStringConstantCacheBuster

from assetzcml.records.readers import ONE_HOUR

__all__ = ["Conversion", "converted", "pyramid_registry_of"]

NAMESPACE = "http://namespaces.assetzcml.org/assets"


class Conversion(NamedTuple):
    """A ZCML document, and what in the application has to be written by hand."""

    text: str
    remarks: tuple[str, ...]


def pyramid_registry_of(made: Any) -> Any:
    """
    Pyramid's registry of what a program names: an application, a configurator, a registry, or a function.

    A function is called as `main(global_config)` or, where it takes one argument that is named `config`, included.
    """
    if hasattr(made, "introspector") and not hasattr(made, "commit"):
        return made
    if hasattr(made, "registry"):
        if hasattr(made, "commit"):
            made.commit()
        return made.registry
    if _includes(made):
        config = Configurator()
        config.include(made)
        config.commit()
        return config.registry
    if callable(made):
        return pyramid_registry_of(made({}))
    raise LookupError(f"{made!r} is no application, configurator or function that makes one")


def _includes(made: Any) -> bool:
    """Is it an `includeme`, or a module that has one?"""
    code = getattr(made, "__code__", None)
    return hasattr(made, "includeme") or (code is not None and code.co_varnames[: code.co_argcount] == ("config",))


def converted(registry: Any) -> Conversion:
    """What the application of this registry says about its assets. Its own directives, of load_zcml, are not among it."""
    introspector = registry.introspector
    remarks: list[str] = []
    blocks = [
        list(_views(introspector)),
        list(_overrides(introspector)),
        list(_busters(introspector, remarks)),
    ]
    if any("permission=" in line for line in blocks[0]):
        remarks.append("permissions are asked of the application's own security policy, under Pyramid only")
    body = "\n\n".join("\n".join(block) for block in blocks if block)
    text = (
        f'<configure xmlns="{NAMESPACE}">\n\n{body}\n\n</configure>\n'
        if body
        else f'<configure xmlns="{NAMESPACE}"/>\n'
    )
    return Conversion(text, tuple(remarks))


def _said(introspector: Any, category: str) -> Iterable[Any]:
    """The introspectables of a category, in the order in which they were said."""
    found = introspector.get_category(category, default=(), sort_key=lambda each: each.order)
    # What our own directives have declared says where, and is in ZCML already.
    return (entry["introspectable"] for entry in found if "origin" not in entry["introspectable"])


def _place(introspectable: Any) -> Iterator[str]:
    """Where it was said, as a comment: the name of the file and the line."""
    info = getattr(introspectable, "action_info", None)
    if info is not None and getattr(info, "file", None):
        yield f"  <!-- {os.path.basename(info.file).replace('--', '- -')}:{info.line} -->"


def _element(name: str, attributes: dict[str, str | None]) -> str:
    told = [f"{key}={quoteattr(value)}" for key, value in attributes.items() if value is not None]
    return f"  <{' '.join([name, *told])}/>"


def _views(introspector: Any) -> Iterator[str]:
    answers = {view["route_name"]: view for view in _said(introspector, "views") if view.get("route_name")}
    for view in _said(introspector, "static views"):
        name = view["name"]
        answered = answers.get(f"__{name}", {})
        function = answered.get("callable")
        age = getattr(function, "cache_max_age", ONE_HOUR)
        permission = _permission(introspector, answered)
        yield from _place(view)
        yield _element(
            "staticView",
            {
                "name": name.rstrip("/") or "/",
                "path": view["spec"].rstrip("/"),
                "cache_max_age": str(age or 0) if age != ONE_HOUR else None,
                "permission": permission if permission not in (None, NO_PERMISSION_REQUIRED) else None,
            },
        )


def _permission(introspector: Any, view: Any) -> str | None:
    related = introspector.related(view) if view else ()
    return next((each["value"] for each in related if each.category_name == "permissions"), None)


def _overrides(introspector: Any) -> Iterator[str]:
    for override in _said(introspector, "asset overrides"):
        yield from _place(override)
        yield _element("asset", {"to_override": override["to_override"], "override_with": override["override_with"]})


def _busters(introspector: Any, remarks: list[str]) -> Iterator[str]:
    for busting in _said(introspector, "cache busters"):
        buster = busting["cachebust"]
        attributes: dict[str, str | None] = {"path": busting["path"].rstrip("/")}
        if type(buster) is QueryStringConstantCacheBuster:
            attributes |= {
                "token": buster.tokenize(None, "", {}),
                "param": buster.param if buster.param != "x" else None,
            }
        elif type(buster) is ManifestCacheBuster:
            attributes["manifest"] = buster.manifest_path
        else:
            kind = type(buster) if not hasattr(buster, "__qualname__") else buster
            remarks.append(
                f"the cache buster of {busting['path']!r} is {kind.__module__}.{kind.__qualname__}: name it by "
                'buster="package.module.name", or write tree="sha256" in its place'
            )
            attributes["tree"] = "sha256"
        if busting["explicit"] and "tree" not in attributes:
            attributes["explicit"] = "true"
        yield from _place(busting)
        yield _element("cacheBuster", attributes)
