"""What `explain`, `list` and `check` ask of routes and views. Answers no request."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any, NamedTuple

from assetzcml.pages.routes import Connected, RoutedView, Table
from assetzcml.records.pages import Route, View
from assetzcml.registry import Snapshot

__all__ = ["Led", "Missed", "Unreached", "lead", "missed", "unreached", "views"]


class Missed(NamedTuple):
    """A route or view that has the path, too, and does not answer: *why*."""

    record: Route | View
    why: str


class Led(NamedTuple):
    """
    What a path leads to.

    The *view* is None when nothing takes the request; *allowed* then has the methods that something takes. The *route*
    is None for a named view.
    """

    view: View | None
    route: Route | None
    values: dict[str, Any]
    allowed: tuple[str, ...]


class Unreached(NamedTuple):
    """A record that answers no request: *why*, and the record that is to blame, if one is."""

    record: Route | View
    why: str
    by: Route | None


def lead(snapshot: Snapshot, path: str, method: str = "GET") -> Led:
    """What a decoded path leads to."""
    hit, allowed = snapshot.derived(Table).find(path, method)
    if hit is None:
        return Led(None, None, {}, tuple(sorted(allowed)))
    return Led(hit.entry.record, hit.route, hit.matchdict, ())


def missed(snapshot: Snapshot, path: str, method: str = "GET") -> Iterator[Missed]:
    """What else has a decoded path: the routes in their order, then the named views."""
    table = snapshot.derived(Table)
    view, route, *_ = lead(snapshot, path, method)
    having = table.having(path)
    answers = next((connected.number for connected in having if connected.route is route), inf)
    for connected in having:
        if connected.number == answers:
            yield from _other_methods(connected.views, view)
        elif not connected.views:
            yield Missed(connected.route, "it has no view")
        elif connected.number > answers:
            yield Missed(connected.route, "it is tried later")
        else:
            yield Missed(connected.route, _only(_methods(connected)))
    named = table.named(path)
    if view is not None and route is None:
        yield from _other_methods(named, view)
    else:
        for entry in named.values():
            yield Missed(entry.record, "routes go before it" if view is not None else _only([entry.record.method]))


def _only(methods: list[str]) -> str:
    return f"it takes only {' '.join(methods) or 'what none of its views takes'}"


def _other_methods(views: dict[str, RoutedView], chosen: View | None) -> Iterator[Missed]:
    for method, entry in views.items():
        if entry.record is not chosen:
            yield Missed(entry.record, f"it is for {method}" if method else "it is for the other request methods")


def _methods(connected: Connected) -> list[str]:
    """The methods that a route takes, with those of its views; none for all."""
    own = connected.route.methods
    if "" in connected.views:
        return list(own)
    return sorted(set(connected.views) & set(own) if own else connected.views)


def views(snapshot: Snapshot) -> list[View]:
    """All views: those of routes in the order of the routes, then the named ones, each group by method."""
    places = {route.name: number for number, route in enumerate(snapshot.derived(Table).routes)}

    def place(view: View) -> tuple[Any, ...]:
        named = view.route_name is None
        return named, 0 if named else places.get(view.route_name or "", -1), view.name, view.method

    return sorted(snapshot.pages, key=place)


def unreached(snapshot: Snapshot) -> Iterator[Unreached]:
    """
    The routes and views that no request comes to.

    Only what is certain: two patterns are compared when they are the same but for their names, when the first takes
    all that begins like the second, and when one of the two is a plain path.
    """
    table = snapshot.derived(Table)
    for connected in table.everything():
        if not connected.views:
            continue
        for method, entry in connected.views.items():
            if method and connected.route.methods and method not in connected.route.methods:
                yield Unreached(entry.record, _only_of(connected.route), connected.route)
        for earlier in table.candidates(connected.pattern.prefix):
            hidden = earlier.number < connected.number and earlier.pattern.covers(connected.pattern)
            if hidden and _covers(earlier, _methods(connected) or [""]):
                why = f"{earlier.route} goes first, and has all of its paths"
                yield Unreached(connected.route, why, earlier.route)
                break
    for path, entries in table.all_named():
        having = [connected for connected in table.candidates(path) if connected.pattern.match(path) is not None]
        for method, entry in entries.items():
            above = next((connected for connected in having if _covers(connected, [method])), None)
            if above is not None:
                yield Unreached(entry.record, f"{above.route} has {path!r} too, and goes first", above.route)


def _only_of(route: Route) -> str:
    return f"{route} takes only {' '.join(route.methods)}"


def _covers(connected: Connected, methods: list[str]) -> bool:
    """Does the route with its views take all of *methods*? '' is every method."""
    taken = set(_methods(connected))
    return not taken or all(method in taken or (method == "HEAD" and "GET" in taken) for method in methods)
