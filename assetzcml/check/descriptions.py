"""Records in the words of their directives: as data for programs, as a line for people."""

from __future__ import annotations

from typing import Any

from assetzcml.assets import Busting, Override, PermissionPolicy, StaticViewRecord
from assetzcml.errors import Origin
from assetzcml.interfaces import IURLDecisions
from assetzcml.registry import Record, Registry

__all__ = ["data_of", "line_of", "origin_data", "strength"]

_FILE_OPTIONS = ("cache_max_age", "permission", "content_encodings")
_VIEW_OPTIONS = (*_FILE_OPTIONS, "index", "reload", "follow_symlinks", "dotfiles")


def data_of(record: Record, registry: Registry) -> dict[str, Any]:
    """A record as its directive has it, with the attributes' names, and its origin. It can be written as JSON."""
    return {**_attributes(record, registry), "origin": origin_data(record.origin)}


def _attributes(record: Record, registry: Registry) -> dict[str, Any]:
    if isinstance(record, StaticViewRecord):
        names = _FILE_OPTIONS if record.file else _VIEW_OPTIONS
        options = {name: _plain(getattr(record, name)) for name in names}
        headers = [list(header) for header in record.headers]
        return {
            "directive": record.directive,
            "name": record.name or "/",
            "path": str(record.root),
            **options,
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
    return {"directive": "permissionPolicy", "policy": _wording(record, registry)}


def _wording(record: Busting | PermissionPolicy, registry: Registry) -> str:
    """Which component a record is about, as ZCML says it, or by the component's name where Python said it."""
    if record.wording:
        return record.wording
    if isinstance(record, Busting):
        return registry.getUtility(IURLDecisions).describe(record.buster)
    named = record.policy if hasattr(record.policy, "__qualname__") else type(record.policy)
    return f"{named.__module__}.{named.__qualname__}"


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
    return f"{record} {_wording(record, registry)}"


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
