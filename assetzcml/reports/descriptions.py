"""Records in the words of their directives, as data for programs. What each says is the record's own to tell."""

from __future__ import annotations

from typing import Any

from assetzcml.errors import Origin
from assetzcml.records.assets import StaticViewRecord
from assetzcml.records.kinds import Record

__all__ = ["data_of", "origin_data", "strength"]


def data_of(record: Record) -> dict[str, Any]:
    """A record as its directive has it, with the attributes' names, and its origin. It can be written as JSON."""
    return {"directive": record.directive, **record.attributes(), "origin": origin_data(record.origin)}


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
