"""In which order routes are tried, and where one more stands: next to the one that it names, or behind all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from assetzcml.records.growing import Growing
from assetzcml.records.pages import Route

__all__ = ["Order", "ordered"]

STEP = 1 << 128  # between the numbers of two routes, so that others have room there


def ordered(routes: Sequence[Route]) -> tuple[list[Route], list[Route]]:
    """
    Routes in the order in which they are tried, and those without one: their `before` and `after` go round in a circle.

    *routes* are in the order in which they were declared. Those that stand `before` the same route, and those that stand `after`
    it, keep that order among each other. One that stands next to an unknown route is tried where it was declared.
    """
    names = {route.name for route in routes}
    before: dict[str, list[Route]] = {}
    after: dict[str, list[Route]] = {}
    waiting: list[tuple[Route, bool]] = []
    for route in routes:
        if route.before in names:
            before.setdefault(route.before or "", []).append(route)
        elif route.after in names:
            after.setdefault(route.after or "", []).append(route)
        else:
            waiting.append((route, False))
    waiting.reverse()
    result: list[Route] = []
    while waiting:
        route, opened = waiting.pop()
        if opened:
            result.append(route)
            continue
        waiting += [(other, False) for other in reversed(after.get(route.name, ()))]
        waiting.append((route, True))
        waiting += [(other, False) for other in reversed(before.get(route.name, ()))]
    tried = {route.name for route in result}
    return result, [route for route in routes if route.name not in tried]


class Order:
    """
    Routes with numbers by which they are sorted. It never changes, as `Growing`; those that go round have none.

    >>> order = Order([Route(name="a", pattern="/a"), Route(name="b", pattern="/b", order=1)])
    >>> [route.name for _, route in order.plus(Route(name="c", pattern="/c", order=2, before="b"))]
    ['a', 'c', 'b']
    """

    def __init__(self, routes: Sequence[Route]):
        tried, _ = ordered(routes)
        self._found = Growing({route.name: (number * STEP, route) for number, route in enumerate(tried)})
        names = [route.name for route in tried]
        self._next = Growing(dict(pairwise(names)))
        self._previous = Growing(dict(zip(names[1:], names, strict=False)))
        self._last = names[-1] if names else None
        # Of each route that others stand after, the last of those; and all that others name.
        self._tails = Growing({route.after: route.name for route in routes if route.before is None and route.after})
        self._named = Growing({name: True for route in routes for name in (route.before, route.after) if name})

    def plus(self, route: Route) -> Order | None:
        """With a new route that is declared later than all others; None where more would change than that it is there."""
        if self._named.get(route.name) or self._found.get(route.name) is not None:
            return None
        if route.before is not None:
            right = route.before
            left = self._previous.get(right)
        elif route.after is not None:
            left = self._end_of(route.after)
            right = self._next.get(left)
        else:
            left, right = self._last, None
        named = route.before or route.after
        if named is not None and self._found.get(named) is None:
            return None
        number = self._between(left, right)
        return None if number is None else self._with(route, number, left, right)

    def _with(self, route: Route, number: int, left: str | None, right: str | None) -> Order:
        order = Order.__new__(Order)
        name, named = route.name, route.before or route.after
        order._found = self._found.plus(name, (number, route))
        order._next = self._next if left is None else self._next.plus(left, name)
        order._previous = self._previous if left is None else self._previous.plus(name, left)
        if right is not None:
            order._next, order._previous = order._next.plus(name, right), order._previous.plus(right, name)
        order._last = name if right is None else self._last
        order._named = self._named if named is None else self._named.plus(named, True)
        order._tails = self._tails if route.after is None else self._tails.plus(route.after, name)
        return order

    def _end_of(self, name: str) -> str:
        """The last of the routes that stand after one, and after those."""
        while (tail := self._tails.get(name)) is not None:
            name = tail
        return name

    def _between(self, left: str | None, right: str | None) -> int | None:
        """A number between those of two neighbours; None where there is no room for one."""
        if left is None or right is None:
            beside = left or right
            return 0 if beside is None else self._found[beside][0] + (STEP if right is None else -STEP)
        (low, first), (high, second) = self._found[left], self._found[right]
        # Near the later one of the two: who is put next to the earlier one again finds room.
        room = max((high - low) >> 10, 1)
        return None if high - low < 2 else low + room if first.order > second.order else high - room

    def get(self, name: str) -> tuple[int, Route] | None:
        """A route with its number."""
        found: tuple[int, Route] | None = self._found.get(name)
        return found

    def __iter__(self) -> Iterator[tuple[int, Route]]:
        return iter(sorted(self._found.values(), key=lambda found: found[0]))
