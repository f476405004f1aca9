"""The routes of a snapshot by their names: what a declaration has to know of the others, and what costs the same of many."""

from __future__ import annotations

from collections.abc import Sequence

from assetzcml.records.growing import Growing
from assetzcml.records.pages import Route
from assetzcml.registry import Change, Snapshot

__all__ = ["RouteNames"]


class RouteNames:
    """Made once for each snapshot: `snapshot.derived(RouteNames)`."""

    of_records = True

    def __init__(self, snapshot: Snapshot):
        self._routes: Growing[str, Route] = Growing({route.name: route for route in snapshot.routes})
        self._last = max((route.order for route in snapshot.routes), default=0)
        self._neighbours: Growing[str, bool] = Growing(
            {name: True for route in snapshot.routes for name in _beside(route)}
        )

    @classmethod
    def grown(cls, former: RouteNames, snapshot: Snapshot, changes: Sequence[Change]) -> RouteNames:
        """As they are after *changes*."""
        names = cls.__new__(cls)
        names._routes, names._last, names._neighbours = former._routes, former._last, former._neighbours
        for record, _ in changes:
            if isinstance(record, Route):
                names._routes = names._routes.plus(record.name, record)
                names._last = max(names._last, record.order)
                for name in _beside(record):
                    names._neighbours = names._neighbours.plus(name, True)
        return names

    def __contains__(self, name: str) -> bool:
        return self._routes.get(name) is not None

    @property
    def all(self) -> set[str]:
        """All names."""
        return set(self._routes)

    def order(self, name: str) -> int:
        """Where a route of this name is tried: where its name was first declared, or behind all others."""
        known = self._routes.get(name)
        return self._last + 1 if known is None else known.order

    def may_go_round(self, route: Route) -> bool:
        """May `before` and `after` lead from *route* to itself? Only if it stands next to one, and one next to it."""
        return bool(_beside(route)) and self._neighbours.get(route.name, False)


def _beside(route: Route) -> list[str]:
    """The routes that *route* stands next to, by what it says."""
    return [name for name in (route.before, route.after) if name is not None]
