"""`route` and `view`: arguments to records, records to actions. What needs all files to be known is checked later."""

from __future__ import annotations

from typing import Any

from zope.configuration.fields import GlobalObject
from zope.interface import Interface, taggedValue
from zope.schema import TextLine

from assetzcml.records import rules
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.pages import Route, View
from assetzcml.records.readers import permission_name, request_methods
from assetzcml.zcml.actions import declare, refusals, tag_of
from assetzcml.zcml.fields import Checked, Tokens
from assetzcml.zcml.load import load_of

__all__ = ["IRouteDirective", "IViewDirective", "route", "view"]


def _methods(text: str) -> tuple[str, ...]:
    chosen = request_methods(text.split())
    if not chosen:
        raise ValueError("at least one method was expected, such as 'GET'")
    return chosen


class IRouteDirective(Interface):
    """`route`: give the URLs that match a pattern a name, and perhaps a view."""

    taggedValue("examples", {"name": "home", "pattern": "/", "view": "package.module.function"})

    name = Checked(rules.route_name, title="Name of the route", description="What route_url and view say.")
    pattern = TextLine(
        title="Pattern of the path",
        description="{name} is a segment, {name:regex} what the expression matches, *name at the end all that is left; "
        "the rest is literal and not percent-encoded.",
    )
    view = GlobalObject(
        title="Dotted name of the view",
        description="The same as a directive view with this route_name. Without any view the route only makes URLs.",
        required=False,
    )
    request_method = Checked(
        _methods,
        title="Request methods that the route takes",
        description="All when left out. GET takes HEAD.",
        required=False,
    )
    permission = Checked(
        permission_name,
        title="Permission that a client must have",
        description="Asked of the permission policy before the view is called. Only with view.",
        required=False,
    )
    before = TextLine(title="Name of the route that this one stands immediately before", required=False)
    after = TextLine(title="Name of the route that this one stands immediately after", required=False)


class IViewDirective(Interface):
    """`view`: what is called for a route, or for a path. Exactly one of name and route_name."""

    taggedValue("examples", {"view": "package.module.function"})

    view = GlobalObject(
        title="Dotted name of the view",
        description="Called with (request) or (context, request); a class is made with them and then called. "
        "It returns a webob.Response, or a str, which is sent as text/html.",
    )
    name = Checked(rules.page_name, title="Path that it answers, exactly", description="Empty for '/'.", required=False)
    route_name = TextLine(title="Name of the route that it answers", required=False)
    request_method = Checked(
        _methods,
        title="Request methods that it takes",
        description="When left out: those that no other view of the name or route takes. GET takes HEAD.",
        required=False,
    )
    permission = Checked(
        permission_name,
        title="Permission that a client must have",
        description="Asked of the permission policy before the view is called.",
        required=False,
    )
    preload = Tokens(
        lambda word, base: asset_spec(word, base.package, "" if base.package else str(base)),
        title="Asset specs of what its page asks for",
        description="Told to browsers before the view is called: 103 where the server can, and a Link header.",
    )


def route(
    context: Any,
    name: str,
    pattern: str,
    view: Any = None,
    request_method: tuple[str, ...] = (),
    permission: str | None = None,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """`route`."""
    info = tag_of(context)
    with refusals(info, f"route {name!r}"):
        rules.route_permission(permission, view)
        rules.route_neighbours(before, after)
    record = Route(
        name=name,
        pattern=pattern,
        methods=request_method,
        before=before,
        after=after,
        order=load_of(context).routes.order(name),
        origin=info,
    )
    declare(context, record)
    if view is not None:
        declare(context, View(view=view, route_name=name, permission=permission, origin=info))


def view(
    context: Any,
    view: Any,
    name: str | None = None,
    route_name: str | None = None,
    request_method: tuple[str, ...] = (),
    permission: str | None = None,
    preload: tuple[AssetSpec, ...] = (),
) -> None:
    """`view`: a record and an action for each request method, so that each can be overridden."""
    info = tag_of(context)
    with refusals(info):
        rules.page_target(name, route_name)
    for method in request_method or ("",):
        declare(
            context,
            View(
                view=view,
                name=name or "",
                route_name=route_name,
                method=method,
                permission=permission,
                preload=preload,
                origin=info,
            ),
        )
