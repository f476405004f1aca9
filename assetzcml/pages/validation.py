"""What must hold for routes and views once all of them are known. Looks, and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assetzcml.errors import Origin, Problem, did_you_mean
from assetzcml.pages.names import RouteNames
from assetzcml.pages.orders import ordered
from assetzcml.pages.patterns import BadPattern, RoutePattern
from assetzcml.pages.views import fault
from assetzcml.records import rules
from assetzcml.records.findings import NOWHERE, UNASKED, Objection
from assetzcml.records.kinds import Record
from assetzcml.records.pages import Route, View
from assetzcml.registry import Registry, Snapshot

__all__ = ["findings"]

_PERCENT_ENCODED = re.compile("%[0-9A-Fa-f]{2}")


def findings(registry: Registry, records: Iterable[Record]) -> Iterator[Objection]:
    """Everything that is wrong with the routes and views among *records*, which *registry* holds already."""
    snapshot = registry.snapshot
    names = snapshot.derived(RouteNames)
    routes = []
    seen: set[tuple[Origin | None, str]] = set()
    for record in records:
        if isinstance(record, Route):
            routes.append(record)
            yield from _route(record, names)
        elif isinstance(record, View):
            for finding in _view(snapshot, record, names):
                # One statement with several request methods is several records, and said once.
                said = (finding.problem.origin, finding.problem.message)
                if said not in seen:
                    seen.add(said)
                    yield finding
    if any(names.may_go_round(route) for route in routes):
        yield from _circle(snapshot, routes)


def _route(record: Route, names: RouteNames) -> Iterator[Objection]:
    origin = record.origin or NOWHERE
    where = origin.attribute("pattern")
    try:
        RoutePattern(record.pattern)
    except BadPattern as error:
        message = f"{record}: pattern {record.pattern!r}, character {error.position + 1}: {error}"
        yield Objection(Problem(where.further(error.position), message, error.hint, code="A127"))
    encoded = _PERCENT_ENCODED.search(record.pattern)
    if encoded:
        message = f"{record}: pattern {record.pattern!r} is compared with decoded paths; none holds {encoded[0]!r}"
        yield Objection(
            Problem(where.further(encoded.start()), message, "write the character itself", code="A074"), warning=True
        )
    for attribute, other in (("before", record.before), ("after", record.after)):
        if other is not None and other not in names:
            hint = did_you_mean(other, names.all - {record.name})
            message = f"{record}: {attribute}: there is no route {other!r}"
            yield Objection(Problem(origin.attribute(attribute), message, hint, code="A128"))


def _view(snapshot: Snapshot, record: View, names: RouteNames) -> Iterator[Objection]:
    origin = record.origin or NOWHERE
    label = " ".join([record.discriminator[0], repr(record.discriminator[1])])
    if record.route_name is not None and record.route_name not in names:
        hint = did_you_mean(record.route_name, names.all)
        message = f"{label}: there is no route {record.route_name!r}"
        yield Objection(Problem(origin.attribute("route_name"), message, hint, code="A128"))
    wrong = fault(record.view)
    if wrong:
        hint = rules.in_module(record.view, callable)
        yield Objection(Problem(origin.attribute("view"), f"{label}: view: {wrong}", hint, code="A107"))
    if record.protected and snapshot.policy is None:
        message = f"{label}: the permission {record.permission!r} cannot be asked for: there is no permission policy"
        where = origin.attribute("permission")
        hint = 'declare one: <permissionPolicy policy="package.module.Class"/>'
        yield Objection(Problem(where, message, hint, code=UNASKED))


def _circle(snapshot: Snapshot, records: list[Route]) -> Iterator[Objection]:
    """The first circle of `before` and `after`, told at the route that was declared last."""
    by_name = {route.name: route for route in ordered(snapshot.routes)[1]}
    if not by_name:
        return
    circle: list[Route] = []
    route = next(iter(by_name.values()))
    while route not in circle:  # every route left over stands next to another one left over
        circle.append(route)
        route = by_name[route.before or route.after or ""]
    circle = circle[circle.index(route) :]
    last = max((each for each in circle if each in records), key=lambda each: each.order, default=circle[-1])
    at = circle.index(last)
    circle = circle[at:] + circle[:at]
    words = [f"{each.name!r} {'before' if each.before else 'after'}" for each in circle]
    yield Objection(
        Problem(
            (last.origin or NOWHERE).attribute("before" if last.before else "after"),
            f"{last}: the routes stand in a circle: {' '.join([*words, repr(last.name)])}",
            "leave out one of them",
            also=[("and at", each.origin) for each in circle[1:] if each.origin is not None],
            code="A129",
        )
    )
