"""The directories that static views publish, by their specs."""

from __future__ import annotations

from collections.abc import Sequence

from assetzcml.records.assets import StaticViewRecord
from assetzcml.records.growing import SpecTree
from assetzcml.registry import Change, Snapshot

__all__ = ["StrongestViews", "before"]


class StrongestViews:
    """Of each root, the strongest static view that publishes it; files have roots of their own."""

    of_records = True

    def __init__(self, snapshot: Snapshot):
        strongest = snapshot.views[::-1]
        self.directories = SpecTree((view.root, view) for view in strongest if not view.file)
        self.files = SpecTree((view.root, view) for view in strongest if view.file)

    @classmethod
    def grown(cls, former: StrongestViews, snapshot: Snapshot, changes: Sequence[Change]) -> StrongestViews | None:
        """As it is after *changes*; None where a view leaves its root, which another may have too."""
        directories, files = former.directories, former.files
        for view, replaced in changes:
            if not isinstance(view, StaticViewRecord):
                continue
            if isinstance(replaced, StaticViewRecord) and (replaced.root, replaced.file) != (view.root, view.file):
                return None
            if view.file:
                files = files.plus(view.root, view)
            else:
                directories = directories.plus(view.root, view)
        roots = cls.__new__(cls)
        roots.directories, roots.files = directories, files
        return roots


def before(one: StaticViewRecord, other: StaticViewRecord) -> bool:
    """Is *one* of a later load or call than *other*, or the stronger of the same?"""
    return (-one.generation, one.rank) < (-other.generation, other.rank)
