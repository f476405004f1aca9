"""What a check says of a record."""

from __future__ import annotations

from typing import NamedTuple

from assetzcml.errors import Origin, Problem

__all__ = ["NOWHERE", "UNASKED", "Objection"]

NOWHERE = Origin("(unknown)")

UNASKED = "A122"  # the code of a problem: a permission for which there is no policy


class Objection(NamedTuple):
    """A problem, and whether it only deserves a warning."""

    problem: Problem
    warning: bool = False
