"""Pyramid: `config.include("assetzcml")`, then `config.load_zcml("shop:configure.zcml")`.

One `AssetRegistry` for each Pyramid registry. Pyramid asks for permissions and finds the view; what is served, under
which URL and through which overrides is ours. Whatever Pyramid itself knows of static views and overrides stays.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from pyramid.config import ActionState, Configurator
from pyramid.config.views import StaticURLInfo
from pyramid.events import ApplicationCreated, BeforeRender
from pyramid.interfaces import IPackageOverrides, IStaticURLInfo
from pyramid.paster import bootstrap
from pyramid.security import NO_PERMISSION_REQUIRED

from assetzcml.assembly import AssetRegistry
from assetzcml.declaring.configuration_files import places
from assetzcml.declaring.events import announced
from assetzcml.errors import (
    ConfigurationError,
    ConfigurationWarning,
    Origin,
    Problem,
)
from assetzcml.integrations.pyramid_overrides import Overrides
from assetzcml.integrations.pyramid_renderers import equip_renderers
from assetzcml.integrations.pyramid_serving import (
    Belongs,
    PublishedView,
    PyramidPermissions,
    URLInfo,
    configurator,
)
from assetzcml.integrations.pyramid_views import (
    conflict,
    reaches,
)
from assetzcml.integrations.reloading import files_of
from assetzcml.interfaces import IAssetRegistry, IOverride, IStaticView
from assetzcml.records.assets import AssetSpec, Busting, Override, StaticViewRecord
from assetzcml.records.kinds import Record
from assetzcml.records.loads import Framework
from assetzcml.records.readers import boolean_word
from assetzcml.records.site import PermissionPolicy
from assetzcml.registry import Registry, Snapshot, declared_in
from assetzcml.serving.sites import Desks
from assetzcml.zcml.loader import ZCMLLoader

__all__ = ["IAssetRegistry", "PyramidAssetRegistry", "asset_registry", "includeme", "load_zcml"]

# Our settings that are on when Pyramid's are.
SWITCHES = {"prevent_cachebust": "pyramid.prevent_cachebust", "reload": "pyramid.reload_assets"}


LAST = 10_000  # the order of an action after those of every package: Pyramid's own end at 0

DIRECTIVES = ("pyramid.zcml",)  # pyramid_zcml's, as ours

NO_PAGES = "use config.add_route and config.add_view, or pyramid_zcml's; exclude the file if it is another package's"


def includeme(config: Configurator) -> None:
    """Give the configurator `load_zcml`, requests `asset_registry`, and Pyramid's own APIs our URLs and overrides."""
    asset_registry(config).included = True
    config.get_routes_mapper()  # a router without one when it is made never looks for routes
    config.add_directive("load_zcml", load_zcml, action_wrap=False)
    config.add_request_method(asset_registry, "asset_registry", property=True)
    config.add_route_predicate("assetzcml", Belongs)
    config.add_subscriber(_application_created, ApplicationCreated)
    config.add_subscriber(_before_render, BeforeRender)
    # Whatever of them is included before the next commit, or after it.
    config.action(None, _committed, args=(config.registry,), order=LAST)


def asset_registry(of: Any) -> PyramidAssetRegistry:
    """
    The AssetRegistry of a Pyramid application, made at the first call. *of* is a configurator, request or registry.

    What is declared there after the application was made has URLs and overrides, and a new static view no route.
    """
    application = getattr(of, "registry", of)
    assets = application.queryUtility(IAssetRegistry)
    if assets is None:
        assets = PyramidAssetRegistry(application)
        application.registerUtility(assets, IAssetRegistry)
        former = application.queryUtility(IStaticURLInfo)
        application.registerUtility(URLInfo(assets, former or StaticURLInfo()), IStaticURLInfo)
    found: PyramidAssetRegistry = assets
    return found


def registry_for_loader(application: Any) -> PyramidAssetRegistry:
    """The same, for directives that pyramid_zcml's `load_zcml` reads: it needs nobody to have included assetzcml."""
    assets = asset_registry(application)
    if not assets.included and not assets.asked_by_loader:
        assets.asked_by_loader = True
        application.registerHandler(_not_included, [ApplicationCreated])
    return assets


def _not_included(event: ApplicationCreated) -> None:
    """Nothing else would tell why all that ZCML publishes is a 404."""
    assets = asset_registry(event.app)
    view = next((view for view in assets.snapshot.views if not view.external), None)
    if view is not None and not assets.included:
        origin = view.origin or Origin("<zcml>")
        problem = Problem(origin, f"{view}: nothing serves it in this application", 'call config.include("assetzcml")')
        warnings.warn_explicit(problem.headline, ConfigurationWarning, origin.file, origin.line)


def load_zcml(
    config: Configurator,
    spec: str = "configure.zcml",
    features: Iterable[str] = (),
    strict: bool | Iterable[str] = False,
    *,
    lock: Any = None,
) -> Any:
    """
    `config.load_zcml`: read a ZCML file, and all it includes, into the application. Returns Pyramid's registry.

    *spec* is relative to the configurator's package; a file that is named by an absolute path belongs to that package.
    Our directives are resolved and in force at once; all other actions are Pyramid's to resolve, at commit.
    Raises ConfigurationError with every problem; nothing of the load is in force then. *lock* is what pyramid_zcml takes
    to keep loads apart; here they are anyway.
    """
    assets = asset_registry(config)
    handed_over: list[dict[str, Any]] = []
    spec, package = _located(spec, config.package)
    framework = Framework(
        hand_over=handed_over.append,
        reading=partial(_reading, config),
        directives=DIRECTIVES,
        prefix=getattr(config, "route_prefix", None) or "",
        no_pages=NO_PAGES,
    )
    with announced(assets, str(spec)), _watching(assets):
        assets.part(ZCMLLoader).load(spec, package=package, features=features, strict=strict, framework=framework)
    for action in handed_over:
        includepath = (*config.includepath, *action["includepath"])
        config.action_state.action(**{**action, "includepath": includepath})
    if config.autocommit:
        config.commit()
    config.action(None, assets.publish, args=(config.introspection,))
    return config.registry


@contextmanager
def _watching(assets: Any) -> Iterator[None]:
    """Let `pserve --reload` look at the files that a load reads, also where the load fails: at what will be mended."""
    wrong: list[str] = []
    try:
        yield
    except ConfigurationError as error:
        wrong = [path for path in places(error) if os.path.isabs(path)]
        raise
    finally:
        _watch([*files_of(assets), *wrong])


def _watch(paths: list[str]) -> None:
    """Let the reloader, if this process is one of its, look at the files too."""
    hupper = sys.modules.get("hupper")  # nobody else imports it here
    if hupper is not None and hupper.is_active():
        hupper.get_reloader().watch_files(paths)


def _located(spec: str, package: Any) -> tuple[str, Any]:
    """The spec of a file to load, and the package it is in. A script has no package to look in, only a directory."""
    if os.path.isabs(spec) or ":" in spec:
        return spec, None
    if getattr(package, "__path__", None) is not None:
        return spec, package
    return os.path.join(os.path.dirname(os.path.abspath(package.__file__)), spec), None


@contextmanager
def _reading(config: Configurator, machine: Any) -> Iterator[None]:
    """
    What handlers of pyramid_zcml expect while files are read: its attributes of the context.

    Their configurators put actions into the application's action state, so that one has our list meanwhile.
    """
    if getattr(config.package, "__path__", None) is not None:
        machine.package = config.package
    machine.registry = config.registry
    machine.autocommit = False
    machine.route_prefix = getattr(config, "route_prefix", None)
    machine.introspection = config.introspection
    machine.config_class = type(config)
    former = config.action_state
    config.action_state = ActionState()
    config.action_state.actions = machine.actions
    config.begin()
    try:
        yield
    finally:
        config.end()
        config.action_state = former


def _committed(application: Any) -> None:
    assets = asset_registry(application)
    info = application.queryUtility(IStaticURLInfo)
    if isinstance(info, URLInfo):
        info.adopt_earlier()
    assets.stand_in()
    equip_renderers(application, assets)


def _application_created(event: ApplicationCreated) -> None:
    asset_registry(event.app).publish()


def _says_yes(value: Any) -> bool:
    return bool(boolean_word(value) if isinstance(value, str) else value)


def _before_render(event: Any) -> None:
    """Give a template `static_url`, `bundle_tags` and so on, but for what the application calls so itself."""
    request = event.get("request")
    if request is not None and getattr(request, "registry", None) is not None:
        equip_renderers(request.registry, asset_registry(request))
        for name, function in asset_registry(request).template_globals(request).items():
            event.setdefault(name, function)


def registry_of_paste(path: str) -> PyramidAssetRegistry:
    """
    The AssetRegistry of the application that a PasteDeploy file describes, as `pserve` would make it.

    Raises LookupError when it has none.
    """
    environment = bootstrap(path)
    try:
        found = environment["registry"].queryUtility(IAssetRegistry)
    finally:
        environment["closer"]()
    if found is None:
        raise LookupError('the application has no assets: config.include("assetzcml") was not called')
    result: PyramidAssetRegistry = found
    return result


class Settings(MutableMapping[str, Any]):
    """A registry's own settings, then those of the Pyramid application as they are now."""

    def __init__(self, own: dict[str, Any], application: Any):
        self._own = own
        self._application = application

    @property
    def _pyramids(self) -> Mapping[str, Any]:
        return self._application.settings or {}

    def __getitem__(self, key: str) -> Any:
        if key in SWITCHES:
            # What is neither true nor false stays a text: whoever reads it warns.
            theirs, own = self._pyramids.get(SWITCHES[key]), self._own.get(key)
            if _says_yes(theirs) or _says_yes(own):
                return True
            return own if isinstance(own, str) and boolean_word(own) is None else False
        return self._own[key] if key in self._own else self._pyramids[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._own[key] = value

    def __delitem__(self, key: str) -> None:
        del self._own[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**SWITCHES, **self._own, **self._pyramids})

    def __len__(self) -> int:
        return len(list(iter(self)))


class PyramidAssetRegistry(AssetRegistry):
    """The assets of one Pyramid application."""

    included = False  # has `includeme` been called?
    asked_by_loader = False  # has pyramid_zcml's loader read directives of ours?

    def __init__(self, application: Any):
        super().__init__()
        self.application = application
        self.settings = Settings(self.settings, application)  # type: ignore[assignment]
        self._pyramids_overrides = 0
        self.desks = Desks(self)
        self._routed: dict[str, StaticViewRecord] = {}
        self._pyramids: dict[str, StaticViewRecord] = {}
        self._published = False
        self._shown: dict[Any, Record] = {}
        self.add(PermissionPolicy(policy=PyramidPermissions(application), wording="Pyramid's security policy"))

    # Pyramid's static views: records that are weaker than all that ZCML says.

    def _adopt(self, staged: Registry, load: Any) -> None:
        """As that of a Registry. Raises ConfigurationConflictError for a name that Pyramid publishes."""
        for record in declared_in(staged):
            if not isinstance(record, StaticViewRecord) or record.external:
                continue
            known = self._pyramids.get(record.name)
            if known is not None:
                raise conflict(record, known, "config.add_static_view is at")
        super()._adopt(staged, load)

    def expect(self, record: StaticViewRecord) -> None:
        """Know a static view of Pyramid's that is in force at commit. Raises ConfigurationConflictError."""
        known = self.queryUtility(IStaticView, record.name)
        if known is not None and not record.external and record.name not in self._pyramids:
            raise conflict(record, known, "the other is at")
        self._pyramids[record.name] = record

    def take_view(self, record: StaticViewRecord) -> None:
        """A static view of Pyramid's is in force."""
        with self._ledger.lock:
            known = self.queryUtility(IStaticView, record.name)
            if known is None or not record.external:
                if known is not None:
                    self.unregisterUtility(known, IStaticView, record.name)
                self._pyramids[record.name] = record
                self.add(record)

    def is_adopted(self, name: str) -> bool:
        """Is it the name of a static view of Pyramid's that is known here?"""
        return name in self._pyramids

    def is_pyramids(self, record: StaticViewRecord) -> bool:
        """Is it a static view of Pyramid's that nothing of ours reaches?"""
        return self._pyramids.get(record.name) is record and not reaches(self.snapshot, record)

    # Overrides: both sides know all of them.

    def _put(self, record: Record) -> Record | None:
        former = super()._put(record)
        if isinstance(record, Override):
            self._show_overrides_of(record.target.package)
        return former

    def _show_overrides_of(self, package: str) -> None:
        """Let Pyramid ask us about *package*, whatever it has asked before."""
        former = self.application.queryUtility(IPackageOverrides, package)
        if isinstance(former, Overrides):
            return
        overrides = Overrides(package, self)
        self.application.registerUtility(overrides, IPackageOverrides, package)
        if self._published or package in sys.modules:
            overrides.stand_in()
        for known in reversed(former.overrides if former is not None else ()):
            overrides.insert(known.path, known.source)

    def take_over(self, target: AssetSpec, source: AssetSpec, file: bool) -> None:
        """Know an override of `config.override_asset`. It goes after ours, and before earlier ones of its own kind."""
        with self._ledger.lock:
            self._pyramids_overrides += 1
            origin = Origin("config.override_asset")
            rank = (-self._pyramids_overrides,)
            record = Override(target=target, source=source, file=file, origin=origin, rank=rank)
            if record not in [known for _, known in self.getUtilitiesFor(IOverride)]:
                self.add(record)

    def stand_in(self) -> None:
        """Be asked by Pyramid, and by pkg_resources for it, about every package with overrides: at commit."""
        self._published = True
        for package, overrides in list(self.application.getUtilitiesFor(IPackageOverrides)):
            if isinstance(overrides, Overrides):
                overrides.stand_in()
            else:
                self._show_overrides_of(package)

    # Routes and views: what Pyramid finds and asks permissions for.

    def publish(self, introspection: bool = True) -> None:
        """Give every static view its routes, and show Pyramid's tools what there is. A second call adds what is new."""
        self.stand_in()
        snapshot = self.snapshot
        for record in snapshot.views:
            pyramids = self._pyramids.get(record.name) is record
            if not record.external and not pyramids and self._routed.get(record.name) != record:
                self._route(record, introspection)
                self._routed[record.name] = record
        if introspection:
            self._introspect(snapshot)

    def _route(self, record: StaticViewRecord, introspection: bool) -> None:
        config = configurator(self.application, record, introspection)
        view = PublishedView(record)
        permission = record.permission if record.protected else NO_PERMISSION_REQUIRED
        for route, pattern in _patterns(record):
            config.add_route(route, pattern, assetzcml=record.name)
            config.add_view(view, route_name=route, permission=permission)

    def _introspect(self, snapshot: Snapshot) -> None:
        records: tuple[Any, ...] = (*snapshot.views, *snapshot.overrides, *snapshot.bustings)
        for record in records:
            key = type(record), record.discriminator
            if self._shown.get(key) != record and record not in self._pyramids.values():
                self._shown[key] = record
                config = configurator(self.application, record)
                category, discriminator, title, kind, values = _description(record)
                shown = config.introspectable(category, discriminator, title, kind)
                shown.update(values, origin=record.origin)
                shown.register(config.introspector, config.info)


def _patterns(record: StaticViewRecord) -> Iterator[tuple[str, str]]:
    """
    The routes of a static view: their names and patterns. A pattern may match too much: `Belongs` decides.

    A pattern cannot say every name: '{', ':' and '*' have a meaning there.
    """
    name = record.name
    plain = not any(character in name for character in "{}:*")
    if record.file or name:
        yield f"assets:{name}", f"/{name}" if plain else "/*subpath"
    if not record.file:
        yield f"assets:{name}/", f"/{name}/*subpath" if plain and name else "/*subpath"


def _description(record: Any) -> tuple[str, Any, str, str, dict[str, Any]]:
    """How Pyramid introspects such a thing: category, discriminator, title, type name and values."""
    if isinstance(record, Override):
        target, source = record.written(record.target), record.written(record.source)
        discriminator = record.target.package, record.source.package, target, source
        values: dict[str, Any] = {"to_override": target, "override_with": source}
        return "asset overrides", discriminator, f"{target} -> {source}", "asset override", values
    if isinstance(record, Busting):
        path = f"{record.path}/"
        values = {"cachebust": record.buster, "path": path, "explicit": record.explicit}
        return "cache busters", record.discriminator, f"cache buster for {path!r}", "cache buster", values
    name, spec = (record.name, str(record.root)) if record.file else (f"{record.name}/", f"{record.root}/")
    values = {"name": name, "spec": spec, "permission": record.permission}
    return "static views", name, f"static view for {name!r}", "static view", values
