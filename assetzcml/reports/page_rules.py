"""Rules of `check` for routes and views: one function for each, which says what it found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assetzcml.pages.application import Pages
from assetzcml.records.pages import Route, View
from assetzcml.reports.remarks import Remark, against, at, some
from assetzcml.reports.survey import Survey

__all__ = ["behind_a_route", "never_called", "never_reached", "without_view"]

# Routes and views.


def never_reached(site: Survey) -> Iterator[Remark]:
    """A route that is never tried."""
    for record, why, by in site.registry.part(Pages).unreached():
        if isinstance(record, Route):
            hint = f'write before="{by.name}"' if isinstance(by, Route) else ""
            yield Remark(at(record, "pattern"), f"{record} is never tried: {why}", hint, against("goes first:", by))


def never_called(site: Survey) -> Iterator[Remark]:
    """A view that is never called."""
    for record, why, by in site.registry.part(Pages).unreached():
        if isinstance(record, View):
            where = "route_name" if record.route_name is not None else "name"
            yield Remark(at(record, where), f"{record} is never called: {why}", also=against("the route is", by))


def without_view(site: Survey) -> Iterator[Remark]:
    """A route without a view."""
    viewed = {view.route_name for view in site.snapshot.pages}
    for route in site.snapshot.routes:
        if route.name not in viewed:
            hint = 'write view="package.module.function"; ignore it if the route only makes URLs'
            yield Remark(at(route, "name"), f"{route}: no view answers it", hint)


def behind_a_route(site: Survey) -> Iterator[Remark]:
    """A static view behind a route."""
    pages = site.registry.part(Pages)
    for view in site.local_views:
        hidden: dict[Any, list[str]] = {}
        for spec in site.view_files(view):
            path = "/" + "/".join(part for part in (view.name, *spec.below(view.root)) if part)
            led = pages.lead(path)
            if led.view is not None:
                hidden.setdefault(led.route or led.view, []).append(path)
        for record, paths in hidden.items():
            message = f"{view}: {some(paths)} is answered by {record}: routes and views go before static views"
            yield Remark(at(view, "name"), message, also=against("answered at", record))
