"""What a check says of a record."""

from __future__ import annotations

from typing import NamedTuple

from assetzcml.errors import Origin, Problem

__all__ = ["NOWHERE", "Finding"]

NOWHERE = Origin("(unknown)")


class Finding(NamedTuple):
    """A problem, and whether it only deserves a warning."""

    problem: Problem
    warning: bool = False
