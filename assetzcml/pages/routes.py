"""The routes and views of a snapshot: which one a path belongs to."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from assetzcml.errors import did_you_mean
from assetzcml.pages.orders import Order
from assetzcml.pages.patterns import RoutePattern
from assetzcml.pages.views import Caller, caller
from assetzcml.records.growing import Growing
from assetzcml.records.pages import Route, View
from assetzcml.registry import Change, Snapshot

__all__ = ["Hit", "NotRouted", "Table"]


class NotRouted(KeyError):
    """No route has this name, or a value that its pattern needs is missing."""

    def __str__(self) -> str:
        return str(self.args[0])


class RoutedView(NamedTuple):
    """A view, and how it is called."""

    record: View
    call: Caller


class Connected(NamedTuple):
    """A route that is tried: where it stands in the order, its pattern, and its views by request method."""

    number: int
    route: Route
    pattern: RoutePattern
    views: dict[str, RoutedView]


class Hit(NamedTuple):
    """What answers a request. The *route* is None for a named view."""

    entry: RoutedView
    route: Route | None
    matchdict: dict[str, Any]


class Table:
    """
    All routes and named views of a snapshot.

    A route whose pattern begins with a literal is looked for under that literal, up to its last slash: a thousand
    routes below different prefixes cost as much as one.
    """

    def __init__(self, snapshot: Snapshot):
        self._order = Order(snapshot.routes)
        self._patterns = Growing({route.name: RoutePattern(route.pattern) for _, route in self._order})
        named: dict[str, dict[str, RoutedView]] = {}
        routed: dict[str, dict[str, RoutedView]] = {}
        for record in snapshot.pages:
            if record.route_name is None:
                views = named.setdefault(f"/{record.name}", {})
            else:
                views = routed.setdefault(record.route_name, {})
            views[record.method] = RoutedView(record, caller(record.view))
        self._named, self._routed = Growing(named), Growing(routed)
        literal: dict[str, list[Connected]] = {}
        below: dict[str, list[Connected]] = {}
        for number, route in self._order:
            if route.name in routed:
                connected = Connected(number, route, self._patterns[route.name], routed[route.name])
                table = literal if connected.pattern.literal else below
                table.setdefault(_home(connected.pattern), []).append(connected)
        self._literal, self._below = Growing(literal), Growing(below)
        # The depths, in slashes, at which literals end: the only ones that are looked up.
        self._depths = frozenset(prefix.count("/") for prefix in below)

    @classmethod
    def grown(cls, former: Table, snapshot: Snapshot, changes: Sequence[Change]) -> Table | None:
        """As it is after *changes*; None where these are more than new routes, and views where there was none."""
        table = cls.__new__(cls)
        table._order, table._patterns, table._depths = former._order, former._patterns, former._depths
        table._named, table._routed = former._named, former._routed
        table._literal, table._below = former._literal, former._below
        for record, replaced in changes:
            if isinstance(record, Route):
                order = table._order.plus(record) if replaced is None else None
                if order is None:
                    return None
                table._order = order
                table._patterns = table._patterns.plus(record.name, RoutePattern(record.pattern))
            elif isinstance(record, View) and not table._take(record):
                return None
        return table

    def _take(self, record: View) -> bool:
        """Know a view; false for one of a route that has others."""
        if record.route_name is None:
            path = f"/{record.name}"
            views = {**self._named.get(path, {}), record.method: RoutedView(record, caller(record.view))}
            self._named = self._named.plus(path, views)
            return True
        name = record.route_name
        found = self._order.get(name)
        if found is None or self._routed.get(name) is not None:
            return False
        views = {record.method: RoutedView(record, caller(record.view))}
        self._routed = self._routed.plus(name, views)
        connected = Connected(*found, self._patterns[name], views)
        home = _home(connected.pattern)
        if connected.pattern.literal:
            self._literal = self._literal.plus(home, _with(self._literal.get(home, ()), connected))
        else:
            self._below = self._below.plus(home, _with(self._below.get(home, ()), connected))
            self._depths |= {home.count("/")}
        return True

    @property
    def routes(self) -> list[Route]:
        """All routes, in the order in which they are tried."""
        return [route for _, route in self._order]

    def everything(self) -> list[Connected]:
        """All routes in their order, also those without a view, which are not tried."""
        return [
            Connected(number, route, self._patterns[route.name], self._routed.get(route.name, {}))
            for number, route in self._order
        ]

    def having(self, path: str) -> list[Connected]:
        """All routes whose pattern has a decoded path, whatever they take."""
        return [connected for connected in self.everything() if connected.pattern.match(path) is not None]

    def named(self, path: str) -> dict[str, RoutedView]:
        """The named views of a path, by request method."""
        views: dict[str, RoutedView] = self._named.get(path, {})
        return views

    def all_named(self) -> Iterable[tuple[str, dict[str, RoutedView]]]:
        """The paths of all named views, with what `named` has for each."""
        return self._named.items()

    def find(self, path: str, method: str) -> tuple[Hit | None, frozenset[str]]:
        """
        What answers a decoded path, and the methods it may be asked for with when only the method is wrong.

        The first route whose pattern, request methods and views take it, then the named view.
        """
        allowed: set[str] = set()
        for connected in self.candidates(path):
            values = connected.pattern.match(path)
            if values is None:
                continue
            entry = _chosen(connected.views, method) if _takes(connected.route.methods, method) else None
            if entry is not None:
                return Hit(entry, connected.route, values), frozenset()
            allowed |= _allowed(connected)
        views = self._named.get(path)
        if views is not None:
            entry = _chosen(views, method)
            if entry is not None:
                return Hit(entry, None, {}), frozenset()
            allowed |= views.keys()
        return None, frozenset(allowed | {"HEAD"} if "GET" in allowed else allowed)

    def candidates(self, path: str) -> Iterable[Connected]:
        """The routes that may have a path, in their order."""
        literal = self._literal.get(path)
        found: list[list[Connected]] = [] if literal is None else [literal]
        if self._depths:
            for prefix in _prefixes(path, self._depths):
                below = self._below.get(prefix)
                if below is not None:
                    found.append(below)
        if len(found) == 1:
            return found[0]
        return sorted((connected for each in found for connected in each), key=_number)

    def path(self, name: str, values: dict[str, Any]) -> str:
        """The path of a route, percent-encoded. Raises NotRouted, a KeyError."""
        pattern: RoutePattern | None = self._patterns.get(name)
        if pattern is None:
            hint = did_you_mean(str(name), self._patterns)
            raise NotRouted(f"there is no route {name!r}" + (f"; {hint}" if hint else ""))
        try:
            return pattern.path(values)
        except KeyError as error:
            missing = error.args[0]
            hint = did_you_mean(missing, values)
            message = f"route {name!r}: its pattern {pattern.text!r} needs a value for {missing!r}"
            raise NotRouted(message + (f"; {hint}" if hint else "")) from None


def _number(connected: Connected) -> int:
    return connected.number


def _with(known: Iterable[Connected], connected: Connected) -> list[Connected]:
    """*known*, which are in their order, and one more."""
    several = list(known)
    insort(several, connected, key=_number)
    return several


def _home(pattern: RoutePattern) -> str:
    """What a route is looked for under: its path, or the beginning of all its paths, up to the last slash."""
    return pattern.prefix if pattern.literal else pattern.prefix[: pattern.prefix.rindex("/") + 1]


def _prefixes(path: str, depths: frozenset[int]) -> Iterator[str]:
    """The beginnings of a path that end with a slash, as far as something is known of them."""
    end = -1
    for depth in range(1, max(depths) + 1):
        end = path.find("/", end + 1)
        if end < 0:
            return
        if depth in depths:
            yield path[: end + 1]


def _takes(methods: tuple[str, ...], method: str) -> bool:
    return not methods or method in methods or (method == "HEAD" and "GET" in methods)


def _chosen(views: dict[str, RoutedView], method: str) -> RoutedView | None:
    """The view for a method: its own, for HEAD then that for GET, then the one for all."""
    entry = views.get(method)
    if entry is None and method == "HEAD":
        entry = views.get("GET")
    return views.get("") if entry is None else entry


def _allowed(connected: Connected) -> set[str]:
    """The methods that a route with its views takes."""
    methods = set(connected.route.methods)
    if "" in connected.views:
        return methods
    return {method for method in connected.views if _takes(connected.route.methods, method)}
