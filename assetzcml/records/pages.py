"""What ZCML says about routes and views, as records. Values only: nothing here answers a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from zope.interface import Interface, implementer

from assetzcml.interfaces import IRoute, IView
from assetzcml.records.assets import AssetSpec
from assetzcml.records.kinds import PAGES, ROUTES, UNRANKED, Kind, Record, dotted
from assetzcml.records.readers import permission_name

__all__ = ["Route", "RoutingRecord", "View"]


@implementer(IRoute)
@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Record):
    """
    What `route` declares: a name for the URLs that match *pattern*. Without *methods* it takes every request method.

    Routes are tried in the order of their *order*; *before* and *after* name another that it stands next to instead.
    """

    provided: ClassVar[type[Interface]] = IRoute
    listed_as: ClassVar[Kind] = ROUTES
    ranked: ClassVar[str] = UNRANKED
    follows: ClassVar[bool] = True

    name: str
    pattern: str
    methods: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None
    order: int = 0

    @property
    def discriminator(self) -> tuple[str, str]:
        return "route", self.name

    @property
    def key(self) -> str:
        """As `Record.key`."""
        return self.name

    def __str__(self) -> str:
        return f"route {self.name!r}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        said = {"name": self.name, "pattern": self.pattern, "request_method": list(self.methods)}
        return {**said, "before": self.before, "after": self.after}

    def detail(self) -> str:
        """As `Record.detail`."""
        methods = f" for {' '.join(self.methods)}" if self.methods else ""
        beside = [f" {word} {other!r}" for word, other in (("before", self.before), ("after", self.after)) if other]
        return f"of {self.pattern!r}{methods}{''.join(beside)}"


@implementer(IView)
@dataclass(frozen=True, slots=True, kw_only=True)
class View(Record):
    """
    What `view` declares, once for each of its request methods: what is called for a route, or for the path /*name*.

    Without a *method* it takes those that no other view of the same name or route takes. *preload* are assets that its page
    asks for, which a browser is told before it is called.
    """

    provided: ClassVar[type[Interface]] = IView
    listed_as: ClassVar[Kind] = PAGES
    ranked: ClassVar[str] = UNRANKED
    follows: ClassVar[bool] = True

    view: Any
    name: str = ""
    route_name: str | None = None
    method: str = ""
    permission: str | None = None
    preload: tuple[AssetSpec, ...] = ()

    def __post_init__(self) -> None:
        if self.permission is not None:
            permission_name(self.permission)

    @property
    def protected(self) -> bool:
        """Is a client asked for a permission?"""
        return self.permission is not None

    @property
    def discriminator(self) -> tuple[str, ...]:
        kind = ("view", self.name or "/") if self.route_name is None else ("view of route", self.route_name)
        return (*kind, self.method) if self.method else kind

    @property
    def key(self) -> str:
        """As `Record.key`."""
        kind = f"name {self.name}" if self.route_name is None else f"route {self.route_name}"
        return f"{self.method or '*'} {kind}"

    def __str__(self) -> str:
        kind, name, *method = self.discriminator
        return " ".join([kind, repr(name), *method])

    @property
    def directive(self) -> str:
        """As `Record.directive`."""
        return "view"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        name = self.name or "/" if self.route_name is None else None
        subject = {"name": name, "route_name": self.route_name, "view": dotted(self.view)}
        said = {"request_method": self.method or None, "permission": self.permission}
        return {**subject, **said, "preload": [str(spec) for spec in self.preload]}

    def detail(self) -> str:
        """As `Record.detail`."""
        return dotted(self.view)


RoutingRecord = Route | View
