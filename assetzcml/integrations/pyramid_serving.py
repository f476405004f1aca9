"""What stands in the place of Pyramid's static views: the predicate of their routes, their view, and who makes their URLs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pyramid.config import Configurator
from pyramid.config.actions import ActionInfo
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.interfaces import IRoutesMapper, ISecurityPolicy, IStaticURLInfo
from pyramid.request import Request
from pyramid.static import static_view
from zope.interface import implementer

from assetzcml.errors import (
    InvalidSpec,
    NotPublished,
    Origin,
    calling_line,
)
from assetzcml.integrations.pyramid_views import (
    PYRAMIDS,
    AdoptedView,
    Adopting,
    earlier,
    reaches,
    record_of,
)
from assetzcml.interfaces import IAssetRegistry
from assetzcml.permissions import Door, is_asynchronous
from assetzcml.records.assets import Busting, StaticViewRecord, asset_spec
from assetzcml.records.kinds import Record
from assetzcml.registry import Snapshot, ledger, next_generation
from assetzcml.serving.publication import settled
from assetzcml.serving.responses import NO_STORE, NOT_FOUND, Answer, Asked, policy_answer
from assetzcml.serving.statistics import Statistics
from assetzcml.serving.view import response_of, same_with_slash
from assetzcml.urls.lookup import Lookup
from assetzcml.urls.queries import URL_OPTIONS

__all__ = ["Belongs", "PublishedView", "PyramidPermissions", "URLInfo", "configurator"]


# Headers that a not-found view of the application is not asked about: what a cache may do with the answer.
OF_CACHES = frozenset(["cache-control", "vary"])


class Belongs:
    """The route predicate `assetzcml`: does the path belong to this static view, and not to one with a longer name?"""

    def __init__(self, name: str, config: Configurator):
        self._name = name
        self._assets = config.registry.getUtility(IAssetRegistry)

    def text(self) -> str:
        return f"assetzcml = {self._name!r}"

    phash = text

    def __call__(self, info: Any, request: Any) -> bool:
        owner = self._assets.desks.current.owner(_path(request), request.method)
        return owner is not None and owner.record.name == self._name


def _path(request: Any) -> str:
    return request.environ.get("PATH_INFO") or ("" if request.environ.get("SCRIPT_NAME") else "/")


class PublishedView(static_view):
    """The view of one static view. The class, and the two attributes, are what `proutes` shows."""

    def __init__(self, record: StaticViewRecord):
        self.record = record
        self.package_name = record.root.package or None
        self.docroot = str(record.root).partition(":")[2] if self.package_name else str(record.root)

    def __repr__(self) -> str:
        return f"<{self.record} of {str(self.record.root)!r}>"

    def __call__(self, context: Any, request: Any) -> Any:
        """The response. What is not found, or forbidden by a policy of ZCML, is the application's to say how."""
        assets, environ = request.registry.getUtility(IAssetRegistry), request.environ
        desk = assets.desks.current
        if _is_anothers(desk, request):
            request.add_response_callback(lambda request, response: response.headers.update([NO_STORE]))
            raise HTTPNotFound(request.path_info)
        steps = desk.site.steps(
            _path(request),
            Asked(request.method, environ.get),
            location=lambda: same_with_slash(environ),
            entries=desk.entries,
            has_fallback=True,
        )
        answer = None if steps is None else settled(steps, partial(_refusal, desk.snapshot, request))
        if answer is None or answer.status[:3] == "404":
            headers = [header for header in answer.headers if header[0].lower() in OF_CACHES] if answer else []
            request.add_response_callback(lambda request, response: response.headers.update(headers))
            assets.part(Statistics).answered(NOT_FOUND)
            raise HTTPNotFound(request.path_info)
        assets.part(Statistics).answered(answer.status)
        return response_of(answer, environ)


def _is_anothers(desk: Any, request: Any) -> bool:
    """
    Does the path have a version that leads round a route of the application, which owns what is left without it?

    That route may ask for a permission of its own; nobody gets past it by a segment, or a digest, that he makes up.
    """
    matched = getattr(request, "matched_route", None)
    plain = desk.site.unversioned(_path(request))
    if matched is None or plain is None:
        return False
    other = Request({**request.environ, "PATH_INFO": plain})
    other.registry = request.registry
    route = request.registry.getUtility(IRoutesMapper)(other)["route"]
    return route is None or route.name != matched.name


def _refusal(snapshot: Snapshot, request: Any, record: StaticViewRecord) -> Answer | None:
    """
    What the policy says to who is not permitted; a plain no is the application's to say how.

    Pyramid has asked its own policy before it called the view, and has taken an `async def` for a yes; a policy
    that was declared in ZCML is asked too.
    """
    policy = getattr(snapshot.policy, "policy", None)
    if isinstance(policy, PyramidPermissions) and not policy.asynchronous:
        return None
    verdict = snapshot.derived(Door).ask(record, lambda: Request(dict(request.environ)))
    if not verdict and verdict.answer is None:
        request.add_response_callback(lambda request, response: response.headers.update([NO_STORE]))
        raise HTTPForbidden()
    return policy_answer(verdict, record, request.environ)


@implementer(IStaticURLInfo)
class URLInfo:
    """What `request.static_url` asks: us first, for what we publish, then what was there before."""

    def __init__(self, assets: Any, former: Any):
        self._assets = assets
        self._former = former

    def __getattr__(self, name: str) -> Any:
        return getattr(self._former, name)

    def generate(self, path: str, request: Any, **kw: Any) -> str:
        """The URL of *path*. Raises ValueError for what nobody publishes."""
        options = {name: value for name, value in kw.items() if name in URL_OPTIONS and value is not None}
        make: Callable[..., str] = self._assets.static_url
        if options.get("_app_url") == getattr(request, "script_name", None):  # it is `request.static_path` that asks
            make = self._assets.static_path
        try:
            view, _ = self._assets.snapshot.derived(Lookup).publication(asset_spec(path))
            if view is not None and self._assets.is_pyramids(view):
                found: str = self._former.generate(path, request, **kw)
                return found
            return make(path, request, **options)
        except (NotPublished, InvalidSpec) as error:
            try:
                generated: str = self._former.generate(path, request, **kw)
                return generated
            except ValueError:
                raise error from None

    def add(self, config: Configurator, name: str, spec: str, **extra: Any) -> Any:
        """`config.add_static_view`: stays Pyramid's, and is a record of ours. Raises ConfigurationConflictError."""
        record = record_of(config, name, spec, extra)
        if record is None:
            return self._former.add(config, name, spec, **extra)
        assets = self._assets
        assets.expect(record)
        published = PublishedView(record)

        def wrap(view: Any) -> Any:
            return AdoptedView(view, published, lambda request: reaches(assets.snapshot, record))

        config.action(None, assets.take_view, args=(record,))
        return self._former.add(Adopting(config, record.name, wrap), name, spec, **extra)

    def adopt_earlier(self) -> None:
        """
        Know what `config.add_static_view` and `config.add_cache_buster` were told before `config.include("assetzcml")`.

        Raises ConfigurationConflictError. Without Pyramid's introspection nothing is known of it, and it stays Pyramid's.
        """
        assets = self._assets
        for each in earlier(assets.application, list(getattr(self._former, "registrations", ()))):
            record = each.record
            if assets.is_adopted(record.name):
                continue
            assets.expect(record)
            assets.take_view(record)
            if each.view is not None:
                view = AdoptedView(each.view, PublishedView(record), _Reached(assets, record))
                config = configurator(assets.application, record, introspection=False)
                config.add_view(view, route_name=each.route_name, permission=each.permission)
        for spec, cachebust, explicit in list(getattr(self._former, "cache_busters", ())):
            self._add_cache_buster(spec, cachebust, explicit, Origin("config.add_cache_buster"), again=False)

    def add_cache_buster(self, config: Configurator, spec: str, cachebust: Any, explicit: bool = False) -> None:
        """`config.add_cache_buster`: works on what Pyramid publishes and on what we do."""
        self._former.add_cache_buster(config, spec, cachebust, explicit=explicit)
        config.action(None, self._add_cache_buster, args=(spec, cachebust, explicit, calling_line("pyramid")))

    def _add_cache_buster(
        self, spec: str, cachebust: Any, explicit: bool, origin: Origin, *, again: bool = True
    ) -> None:
        assets = self._assets
        with ledger(assets).lock:
            generation = next_generation(assets)
            path = asset_spec(spec)
            record = Busting(
                path=path,
                buster=cachebust,
                explicit=explicit,
                wording=PYRAMIDS,
                origin=origin,
                generation=generation,
            )
            known_ones = assets.snapshot.bustings
            others = [known.discriminator for known in known_ones if not again or known.wording != PYRAMIDS]
            if record.discriminator not in others:
                assets.add(record)  # what ZCML says of the same path is a package's answer to this


class _Reached:
    """
    Does a cache buster of ours reach a static view of Pyramid's whose route does not ask whose a path is?

    What belongs to a longer name is not answered behind it: that name may have a permission.
    """

    def __init__(self, assets: Any, record: StaticViewRecord):
        self._assets = assets
        self._record = record

    def __call__(self, request: Any) -> bool:
        if not reaches(self._assets.snapshot, self._record):
            return False
        owner = self._assets.desks.current.owner(_path(request), request.method)
        return owner is not None and owner.record.name == self._record.name


class PyramidPermissions:
    """Pyramid's security policy, for whoever asks the registry. Without one, as in Pyramid, everything is permitted."""

    def __init__(self, application: Any):
        self._application = application

    def __repr__(self) -> str:
        return "Pyramid's security policy"

    def permits(self, request: Any, context: Any, permission: str) -> Any:
        policy = self._application.queryUtility(ISecurityPolicy)
        return True if policy is None else policy.permits(request, context, permission)

    @property
    def asynchronous(self) -> bool:
        """Is it an `async def`, whose answer Pyramid takes for a yes?"""
        return is_asynchronous(self._application.queryUtility(ISecurityPolicy))


def configurator(application: Any, record: Record, introspection: bool = True) -> Configurator:
    """A configurator whose actions are executed at once, in the name of the line that declared *record*."""
    config = Configurator(registry=application, package="assetzcml", autocommit=True, introspection=introspection)
    origin = record.origin
    if origin is not None:
        config.info = ActionInfo(origin.file, origin.line, "", (origin.source_line() or str(record)).strip())
    return config
