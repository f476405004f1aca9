"""Records in the words of their directives: as data for programs, as a line for people."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from assetzcml.errors import Origin
from assetzcml.records.assets import AssetSpec, Busting, MediaType, Override, PermissionPolicy, StaticViewRecord
from assetzcml.records.bundles import (
    BundleContents,
    BundleRecord,
    BundlingRecord,
    EnvironmentOption,
    FilterOption,
    FilterRecord,
    LoadPath,
    URLMapping,
)
from assetzcml.records.pages import Route, View
from assetzcml.registry import Record, Registry
from assetzcml.urls.inquiries import describe

__all__ = ["data_of", "dotted", "line_of", "origin_data", "strength"]

_FILE_OPTIONS = ("cache_max_age", "permission", "content_encodings")
_VIEW_OPTIONS = (*_FILE_OPTIONS, "index", "reload", "follow_symlinks", "dotfiles", "not_found", "single_page")


def data_of(record: Record, registry: Registry) -> dict[str, Any]:
    """A record as its directive has it, with the attributes' names, and its origin. It can be written as JSON."""
    return {**_attributes(record, registry), "origin": origin_data(record.origin)}


def _declared_elsewhere(record: StaticViewRecord) -> dict[str, Any]:
    if record.file:
        return {}
    return {
        "immutable_names": [str(pattern) for pattern in record.immutable_names],
        "send": " ".join(record.send).strip().lower() if record.send else None,
    }


def _attributes(record: Record, registry: Registry) -> dict[str, Any]:
    if isinstance(record, StaticViewRecord):
        names = _FILE_OPTIONS if record.file else _VIEW_OPTIONS
        options = {name: _plain(getattr(record, name)) for name in names}
        headers = [list(header) for header in record.headers]
        headers += [[name, value, str(match)] for name, value, match in record.matched_headers]
        return {
            "directive": record.directive,
            "name": record.name or "/",
            "path": str(record.root),
            **options,
            **_declared_elsewhere(record),
            "headers": headers,
        }
    if isinstance(record, Override):
        target, source = record.written(record.target), record.written(record.source)
        return {"directive": "asset", "to_override": target, "override_with": source}
    if isinstance(record, Busting):
        return {
            "directive": "cacheBuster",
            "path": str(record.path),
            "explicit": record.explicit,
            "buster": _wording(record, registry),
        }
    if isinstance(record, MediaType):
        return {"directive": "mediaType", "extension": record.extension, "type": record.type}
    if isinstance(record, BundlingRecord):
        return _bundling(record)
    if isinstance(record, Route):
        options = {"request_method": list(record.methods), "before": record.before, "after": record.after}
        return {"directive": "route", "name": record.name, "pattern": record.pattern, **options}
    if isinstance(record, View):
        name = record.name or "/" if record.route_name is None else None
        subject = {"name": name, "route_name": record.route_name, "view": dotted(record.view)}
        options = {"request_method": record.method or None, "permission": record.permission}
        return {"directive": "view", **subject, **options}
    return {"directive": "permissionPolicy", "policy": _wording(record, registry)}


def _bundling(record: BundlingRecord) -> dict[str, Any]:
    if isinstance(record, EnvironmentOption):
        return {"directive": "environment", record.name: record.wording}
    hidden = ("origin", "generation", "rank", "base")
    said = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in hidden}
    told = {name: str(value) if isinstance(value, AssetSpec) else _plain(value) for name, value in said.items()}
    if isinstance(record, FilterRecord):
        told["factory"] = dotted(record.factory)
    elif isinstance(record, BundleContents):
        told["position"] = ":".join(filter(None, record.position))
    elif isinstance(record, BundleRecord):
        told |= {"extra": dict(record.extra), "options": dict(record.options)}
        told["spec"] = None if record.spec is None else str(record.spec)
    return {"directive": record.discriminator[0], **told}


def dotted(component: Any) -> str:
    """The name of a component, or of its class, with its module."""
    named = component if hasattr(component, "__qualname__") else type(component)
    return f"{named.__module__}.{named.__qualname__}"


def _wording(record: Busting | PermissionPolicy, registry: Registry) -> str:
    """Which component a record is about, as ZCML says it, or by the component's name where Python said it."""
    if record.wording:
        return record.wording
    if isinstance(record, Busting):
        return describe(record.buster)
    return dotted(record.policy)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def line_of(record: Record, registry: Registry) -> str:
    """What a record says, in one line, without its origin."""
    if isinstance(record, StaticViewRecord):
        return f"{record} of {str(record.root)!r}"
    if isinstance(record, Override):
        return f"{record} with {record.written(record.source)!r}"
    if isinstance(record, Busting):
        explicit = " (explicit)" if record.explicit else ""
        return f"{record}{explicit} {_wording(record, registry)}"
    if isinstance(record, MediaType):
        return f"{record} {record.type}"
    if isinstance(record, BundlingRecord):
        return f"{record}{_detail(record)}"
    if isinstance(record, Route):
        methods = f" for {' '.join(record.methods)}" if record.methods else ""
        beside = [f" {word} {other!r}" for word, other in (("before", record.before), ("after", record.after)) if other]
        return f"{record} of {record.pattern!r}{methods}{''.join(beside)}"
    if isinstance(record, View):
        return f"{record} {dotted(record.view)}"
    return f"{record} {_wording(record, registry)}"


def _detail(record: BundlingRecord) -> str:
    """What follows the name of a record in its line."""
    if isinstance(record, LoadPath | URLMapping):
        return f" at {record.url!r}" if record.url is not None else ""
    if isinstance(record, FilterOption):
        return f" {record.value!r}"
    if isinstance(record, FilterRecord):
        return f" {dotted(record.factory)}"
    if isinstance(record, BundleContents):
        return f" {':'.join(filter(None, record.position))} {' '.join(record.contents)!r}"
    if isinstance(record, BundleRecord) and record.spec is not None:
        return f" of {str(record.spec)!r}"
    return ""


def origin_data(origin: Origin | None) -> dict[str, Any] | None:
    """A place for programs; line and column are None where they are not known."""
    if origin is None:
        return None
    return {"file": origin.file, "line": origin.line or None, "column": origin.column or None}


def strength(winner: StaticViewRecord, loser: StaticViewRecord) -> str:
    """Why, of two static views with one root, *winner* gives the URL and *loser* does not."""
    if winner.generation != loser.generation:
        return "declared by an earlier load or call"
    if winner.rank[:1] != loser.rank[:1]:
        return "its file is weaker"
    return "it stands later in its file"
