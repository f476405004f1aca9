"""Pyramid's own static views as records of our registry: `config.add_static_view` beside ZCML.

They stay Pyramid's, with its URLs and its view, until something that only ZCML has reaches them: a cache buster. Then
our view answers, with the options that Pyramid was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.static import static_view

from assetzcml.errors import ConfigurationConflictError, InvalidSpec, Origin, Problem
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord, asset_spec
from assetzcml.records.readers import CODINGS, publication_name
from assetzcml.registry import Snapshot

__all__ = ["AdoptedView", "Adopting", "Earlier", "conflict", "earlier", "origin_of", "reaches", "record_of"]


class AdoptedView(static_view):
    """Pyramid's view of a static view, or *ours* while *is_reached* says so. The class is what `proutes` shows."""

    def __init__(self, view: static_view, ours: Callable[..., Any], is_reached: Callable[[Any], bool]):
        self.__dict__.update(vars(view))
        self._view = view
        self._ours = ours
        self._is_reached = is_reached

    def __call__(self, context: Any, request: Any) -> Any:
        return (self._ours if self._is_reached(request) else self._view)(context, request)


class Adopting:
    """A configurator to which a static view is added: its view is wrapped, its route asks whose the path is."""

    def __init__(self, config: Any, name: str, wrap: Callable[[Any], Any]):
        self._config = config
        self._name = name
        self._wrap = wrap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

    def add_route(self, name: str, pattern: str, **options: Any) -> None:
        self._config.add_route(name, pattern, assetzcml=self._name, **options)

    def add_view(self, view: Any = None, **options: Any) -> None:
        self._config.add_view(view=self._wrap(view), **options)


class Earlier(NamedTuple):
    """A static view that `config.add_static_view` has made before ours was asked: its route and view are Pyramid's alone."""

    record: StaticViewRecord
    route_name: str | None
    view: static_view | None
    permission: Any


def earlier(application: Any, registrations: Iterable[tuple[str | None, str, str | None]]) -> Iterator[Earlier]:
    """
    What is in force of Pyramid's *registrations*, the tuples of its StaticURLInfo, as far as its introspection tells.

    One whose view is ours already is left out.
    """
    introspector = application.introspector
    views = [item["introspectable"] for item in introspector.get_category("views", [])]
    for url, spec, route_name in registrations:
        found = next((view for view in views if route_name is not None and view.get("route_name") == route_name), None)
        view = found.get("callable") if found is not None else None
        if (url is None and type(view) is not static_view) or spec.endswith(":"):
            continue
        said = (
            [each["value"] for each in introspector.related(found) if each.category_name == "permissions"]
            if found
            else []
        )
        permission = next((each for each in said if each != NO_PERMISSION_REQUIRED), None)
        options = {
            "permission": permission,
            "cache_max_age": getattr(view, "cache_max_age", None),
            "content_encodings": list(getattr(view, "content_encodings", None) or ()),
        }
        name = url if url is not None else str(route_name).removeprefix("__")
        record = record_of(_Line(found.action_info if found is not None else None), name, spec, options)
        if record is not None:
            yield Earlier(record, route_name, view, said[0] if said else NO_PERMISSION_REQUIRED)


class _Line:
    """What stands for the configurator that was called at a line."""

    route_prefix = ""  # the name of a route has it already

    def __init__(self, info: Any):
        self.action_info = info


def record_of(config: Any, name: str, spec: str, options: dict[str, Any]) -> StaticViewRecord | None:
    """The record of a `config.add_static_view`; None for what cannot be one of ours, and stays Pyramid's alone."""
    external = "//" in name
    prefix = getattr(config, "route_prefix", None) or ""
    whole = name if external or not prefix else f"{prefix}/{name}"
    known = [token for token in _encodings(options.get("content_encodings") or ()) if token in CODINGS]
    try:
        return StaticViewRecord(
            name=publication_name(whole.rstrip("/") if external else whole.strip("/") or "/"),
            root=asset_spec(spec),
            cache_max_age=_seconds(options.get("cache_max_age")),
            permission=options.get("permission") or None,
            content_encodings=tuple(known),
            follow_symlinks=True,  # Pyramid's view follows them, and shows files that begin with a dot
            dotfiles=True,
            origin=origin_of(config),
        )
    except (InvalidSpec, ValueError):
        return None


def _encodings(said: Any) -> list[str]:
    return said.split() if isinstance(said, str) else list(said)


def _seconds(value: Any) -> int:
    """`cache_max_age`; None, Pyramid's default, is no promise at all: the browser asks again."""
    return 0 if value is None else max(0, int(value.total_seconds() if hasattr(value, "total_seconds") else value))


def origin_of(config: Any) -> Origin:
    """The line of the application that calls the configurator."""
    info = getattr(config, "action_info", None)
    return Origin(getattr(info, "file", None) or "config.add_static_view", getattr(info, "line", None) or 0)


def conflict(record: StaticViewRecord, other: StaticViewRecord, whose: str) -> ConfigurationConflictError:
    """The error about two local static views of one name, of which one is Pyramid's."""
    hint = f'a cacheBuster of path="{record.root}" is enough: it works on what config.add_static_view publishes'
    message = f"{record}: config.add_static_view and ZCML both publish something under this name"
    also = [(whose, other.origin)] if other.origin is not None else []
    return ConfigurationConflictError(Problem(record.origin, message, hint, also=also, conflict=True))


class _Reach:
    """Which roots of a snapshot a cache buster reaches that Pyramid does not know."""

    def __init__(self, snapshot: Snapshot):
        self._paths = [busting.path for busting in snapshot.bustings if not busting.explicit and _is_ours(busting)]
        self._explicit = any(busting.explicit and _is_ours(busting) for busting in snapshot.bustings)

    def __call__(self, root: AssetSpec) -> bool:
        return self._explicit or any(path.under(root) or root.under(path) for path in self._paths)


def _is_ours(busting: Busting) -> bool:
    return busting.wording != PYRAMIDS


# The wording of a Busting that `config.add_cache_buster` made.
PYRAMIDS = "config.add_cache_buster"


def reaches(snapshot: Snapshot, record: StaticViewRecord) -> bool:
    """Does a cache buster of ZCML, or of a call of ours, work on what the static view publishes?"""
    return snapshot.derived(_Reach)(record.root)
