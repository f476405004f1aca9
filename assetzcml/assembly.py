"""
The registry as its users see it. The only place that wires the arms together; each method calls a component.

What a program never asks for is never imported: ZCML, bundles, pages and reports open with the first call that needs
them. The `Part`s are the one place that says where each is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from assetzcml.declaring.calls import Declarations
from assetzcml.interfaces import IFrozen, IPages, IResolver, IURLGenerator
from assetzcml.records.rules import described, one_of, refusal
from assetzcml.registry import Above, Part, Registry, ledger
from assetzcml.urls.generator import URLMethods

if TYPE_CHECKING:
    from types import ModuleType

    from assetzcml.bundles.environment import Environment
    from assetzcml.pages.application import Pages
    from assetzcml.records.assets import AssetSpec
    from assetzcml.records.loads import LoadEvent
    from assetzcml.reports.explaining import Explainer
    from assetzcml.reports.explanation import Explanation
    from assetzcml.resolving.package_readers import ResourceHook
    from assetzcml.resolving.resolver import Asset, Resolver
    from assetzcml.typing import SpecLike, WSGIApplication
    from assetzcml.urls.modules import ImportMap
    from assetzcml.zcml.limits import Limits

__all__ = ["AssetRegistry", "load_zcml"]


RESOLVER = Part("assetzcml.resolving.resolver", "Resolver")
BUNDLES = Part("assetzcml.bundles.outputs", "Bundles")
LINKS = Part("assetzcml.urls.generator", "Links")
GENERATOR = Part("assetzcml.urls.generator", "URLGenerator")
FROZEN_URLS = Part("assetzcml.urls.frozen", "FrozenURLs")
FROZEN = Part("assetzcml.resolving.frozen", "frozen_release")
PAGES = Part("assetzcml.pages.application", "Pages")
ANNOUNCED = Part("assetzcml.declaring.events", "announced")
LOADER = Part("assetzcml.zcml.loader", "ZCMLLoader")
EXPLAINER = Part("assetzcml.reports.explaining", "Explainer")
RELOAD = Part("assetzcml.declaring.reloading", "reload")
HEALTH = Part("assetzcml.reports.health", "health")
STATISTICS = Part("assetzcml.serving.statistics", "Statistics")
STORING = Part("assetzcml.publishing.storing", "Storing")
STATIC_APP = Part("assetzcml.serving.wsgi", "StaticApp")
RESOURCE_HOOK = Part("assetzcml.resolving.package_readers", "install_resource_hook")
BUNDLE_URLS = Part("assetzcml.urls.tags", "bundle_urls")
BUNDLE_TAGS = Part("assetzcml.urls.tags", "bundle_tags")
ASSET_TAG = Part("assetzcml.urls.integrity", "asset_tag")
INTEGRITY = Part("assetzcml.urls.integrity", "integrity_of")
IMPORT_MAP = Part("assetzcml.urls.modules", "import_map")
INTEGRITY_POLICY = Part("assetzcml.urls.integrity_policy", "integrity_policy")
CSP_HASHES = Part("assetzcml.urls.modules", "csp_hashes")
LINK_HEADER = Part("assetzcml.urls.preloads", "link_header")
PRELOAD_TAGS = Part("assetzcml.urls.preloads", "preload_tags")

# What is found by its interface where nobody has registered another. Of these a URL policy is there to be replaced.
SHIPPED: Mapping[Any, Callable[[], Any]] = {
    IResolver: RESOLVER.find,
    IURLGenerator: GENERATOR.find,
    IPages: PAGES.find,
}
SHIPPED_FROZEN: Mapping[Any, Callable[[], Any]] = {**SHIPPED, IURLGenerator: FROZEN_URLS.find}


def _shipped(registry: Registry) -> Mapping[Any, Callable[[], Any]]:
    """The same for *registry* as it is now: what is frozen has another URL policy."""
    frozen = registry.settings.get("frozen") or registry.utilities.lookup((), IFrozen) is not None
    return SHIPPED_FROZEN if frozen else SHIPPED


def _bundles(registry: Registry) -> Any:
    """The bundles of *registry*, with who finds their files, also for one that is being made, and who gives their URLs."""

    def links(of: Registry) -> Any:
        return of.owner.part(LINKS.find())

    return BUNDLES.find()(registry, lambda of: of.part(RESOLVER.find()), links)


class AssetRegistry(URLMethods, Declarations):
    """
    The assets of one application: which file is this, what is its URL, who decided so.

    *settings* are read when they matter: `registry.settings["prevent_cachebust"] = True` works at once.
    It is a `zope.interface.registry.Components`: `registry.getUtilitiesFor(IStaticView)` lists the static views.

    >>> registry = AssetRegistry(settings={"application_url": "https://example.com"})
    >>> registry.add_static_view("static", "assetzcml:zcml")
    >>> registry.static_url("assetzcml:zcml/x.css")
    'https://example.com/static/x.css'
    """

    def __init__(self, name: str = "", bases: tuple[Any, ...] = (), settings: Mapping[str, Any] | None = None):
        super().__init__(one_of("name", name, str, "a text"), bases, settings)
        self._shipped = _shipped
        self.above: Above = Above(
            bundles=lambda: self.part(_bundles),
            explain=lambda path: str(self.explain(path)),
            begins=self._begin,
            hints=self._hints,
        )
        if self.settings.get("frozen"):
            self.snapshot.derived(FROZEN.find())  # what is lost or damaged is told of now

    def _setBases(self, bases: tuple[Any, ...]) -> None:  # noqa: N802 (zope.interface's name)
        if bases:
            message = (
                "bases are refused: what a base declares would be stronger than what this registry declares, "
                "and a later change of the base would not be seen"
            )
            raise refusal("bases", message, "load what is common into each registry")
        super()._setBases(bases)

    def _begin(self) -> None:
        """What serves begins to: the store of contents is to have this release, if one is declared."""
        if self.snapshot.store is not None:
            self.part(STORING.find()).begin()

    def _hints(self, path: str, method: str, request: Any) -> str:
        """What the page at a path will ask for; no page is looked for where none says that."""
        if not any(view.preload for view in self.snapshot.pages):
            return ""
        pages: Pages = self.part(PAGES.find())
        return pages.hints(path, method, request)

    def load_zcml(
        self,
        spec: SpecLike = "configure.zcml",
        *,
        package: ModuleType | str | None = None,
        features: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        strict: bool | Iterable[str] = False,
        limits: Limits | None = None,
    ) -> AssetRegistry:
        """
        Load a ZCML file and all it includes into this registry, and return the registry.

        What it declares replaces what earlier loads and calls declared under the same discriminator; its overrides go
        before all earlier ones. Raises ConfigurationError with every problem of the load, and inside of `declaring`;
        nothing has changed then.
        """
        with ANNOUNCED.find()(self, str(spec)), self._apart("load_zcml"):
            self.part(LOADER.find()).load(
                spec, package=package, features=features, settings=settings, strict=strict, limits=limits
            )
            self._prepare_urls()
        return self

    def reload(self) -> None:
        """
        Load everything again that was loaded into this registry, with the same arguments.

        What Python calls declared stays, in its order among the loads. Requests see the former configuration until all
        of the new one is there. Python code is not imported again; actions of other packages are executed again.
        Raises ConfigurationError with every problem; nothing has changed then.
        """
        with ANNOUNCED.find()(self, reload=True), self._apart("reload"):
            loader = self.part(LOADER.find())
            RELOAD.find()(self, lambda ground, report: loader.load(**(report.arguments or {}), into=ground))
            self._prepare_urls()

    def subscribe(self, subscriber: Callable[[LoadEvent], Any]) -> Callable[[], None]:
        """
        Call *subscriber* with an event after each load and reload, also one that failed; returns what ends that.

        `event.kind` is 'loaded', 'reloaded' or 'failed', `event.error` the exception, else None. It is called in the thread that
        loads, when requests already see the new configuration. What it raises is logged, and changes nothing.

        >>> registry = AssetRegistry()
        >>> end = registry.subscribe(lambda event: print(event.kind, event.spec))
        >>> _ = registry.load_zcml("assetzcml:configure.zcml")
        loaded assetzcml:configure.zcml
        >>> end()
        """
        if not callable(subscriber):
            raise refusal(
                "subscriber", f"subscriber is {described(subscriber)}; something that can be called was expected"
            )
        known = ledger(self)

        def end() -> None:
            with known.lock:
                known.subscribers = tuple(each for each in known.subscribers if each is not mine)

        def mine(event: LoadEvent) -> None:
            subscriber(event)

        with known.lock:
            known.subscribers = (*known.subscribers, mine)
        return end

    def statistics(self) -> dict[str, Any]:
        """
        What was answered, and what it took, in this process since the registry was made; always counted.

        `answers` by status; `kept_assets` and `kept_bytes`, in memory now; `read_bytes`, read from files or left to the server
        to send; `evictions`, assets that had to make room; `digests`, how many were made; `reloaded`, the time (as of
        `time.time`) of the last reload, and `reload_failed`, that of one that failed since; None when there was none.

        >>> AssetRegistry().statistics()["answers"]
        {}
        """
        told: dict[str, Any] = self.part(STATISTICS.find()).told()
        return told

    def health(self) -> dict[str, Any]:
        """
        Can what is declared be served? For who watches over a process.

        `healthy`, whether each published root is there; `missing`, those that are not; `loads`, the specs of what is in force;
        `reloaded` and `reload_failed` as in `statistics()`. A reload that failed is no fault: the former configuration serves.

        >>> AssetRegistry().health()["healthy"]
        True
        """
        told: dict[str, Any] = HEALTH.find()(self)
        return told

    def resolve(self, spec: SpecLike | AssetSpec) -> Asset:
        """The asset of *spec*, through overrides. Raises InvalidSpec, a ValueError, for a bad spec."""
        resolver: Resolver = self.part(RESOLVER.find())
        return resolver.resolve(spec)

    @property
    def environment(self) -> Environment:
        """The bundles: those that are declared, and those that Python registers. It stays the same over all loads."""
        environment: Environment = self.part(_bundles).environment
        return environment

    def explain(self, spec_or_url: SpecLike) -> Explanation:
        """Why this asset is the one being served: a report that prints as one screen."""
        explainer: Explainer = self.part(EXPLAINER.find())
        return explainer.explain(spec_or_url)

    def install_resource_hook(self, packages: Iterable[str | ModuleType] | None = None) -> ResourceHook:
        """
        Show this registry's overrides to everybody who reads a package's data: `importlib.resources`,
        `pkgutil.get_data`, `pkg_resources`. Returns a handle with `remove()`, which is a context manager too.

        *packages* are names of packages, imported or not; without, it is every package that has overrides, now or
        later. Raises ConfigurationError when another registry has installed one.
        """
        hook: ResourceHook = RESOURCE_HOOK.find()(self, packages)
        return hook

    def template_globals(self, request: Any = None) -> dict[str, Callable[..., Any]]:
        """
        `static_url`, `static_path`, `asset_tag`, `asset_integrity`, `import_map`, `preloads`, `bundle_urls` and
        `bundle_tags` for any template engine, working for *request*.

        >>> sorted(AssetRegistry().template_globals())[:6]
        ['asset_integrity', 'asset_tag', 'bundle_tags', 'bundle_urls', 'import_map', 'preloads']
        """
        return {
            "static_url": lambda spec, **options: self.static_url(spec, request, **options),
            "static_path": lambda spec, **options: self.static_path(spec, request, **options),
            "asset_tag": lambda spec, **attributes: self.tag(spec, request, **attributes),
            "asset_integrity": self.integrity,
            "import_map": lambda prefix=None, **attributes: self.import_map(request, prefix, **attributes),
            "preloads": lambda *specs, **attributes: PRELOAD_TAGS.find()(self, specs, request, **attributes),
            "bundle_urls": lambda name: BUNDLE_URLS.find()(self, name, request),
            "bundle_tags": lambda name, **attributes: BUNDLE_TAGS.find()(self, name, request, **attributes),
        }

    def integrity(self, spec: SpecLike | AssetSpec) -> str:
        """
        The `integrity` of an asset for an element of a page: 'sha384-...', of the bytes that are served.

        Raises InvalidSpec, FileNotFoundError where no layer has it, IsADirectoryError.
        """
        integrity: str = INTEGRITY.find()(self, spec)
        return integrity

    def tag(self, spec: SpecLike | AssetSpec, request: Any = None, /, **attributes: Any) -> str:
        """
        The element that loads an asset, as HTML: a style sheet, a script, an image, or the preload of a font.

        Its integrity is of the very bytes that its URL stands for; `integrity=False` leaves it out. Other *attributes*
        are added, a trailing underscore taken off, and other underscores made hyphens. *kind*, 'css', 'js', 'image' or
        'font', says what the name does not.
        """
        tag: str = ASSET_TAG.find()(self, spec, request, **attributes)
        return tag

    def import_map(self, request: Any = None, /, prefix: Any = None, **attributes: Any) -> ImportMap:
        """
        The import map of a page, as the element `<script type="importmap">`: the bare names that `module` declares, and each
        module below a digest cache buster under the URL that it has now, with its integrity.

        It belongs before every module of the page. Of the modules below a digest, those below *prefix*, a spec or several.
        Its `csp_hash` is what a Content-Security-Policy says of it; *attributes* are added, such as `nonce`.
        """
        made: ImportMap = IMPORT_MAP.find()(self, request, prefix, **attributes)
        return made

    def csp_hashes(self, request: Any = None, prefix: Any = None) -> list[str]:
        """What a Content-Security-Policy says of the inline scripts that we make for a page: `'sha256-...'` of its import map."""
        hashes: list[str] = CSP_HASHES.find()(self, request, prefix)
        return hashes

    def integrity_policy(self, request: Any) -> tuple[str, str]:
        """
        The header by which a browser refuses what has no integrity, for the page of *request*, once that is rendered:
        `response.headers.add(*registry.integrity_policy(request))`.

        `Integrity-Policy` where all that we wrote into the page has integrity, else `Integrity-Policy-Report-Only`.
        """
        header: tuple[str, str] = INTEGRITY_POLICY.find()(self, request)
        return header

    def preloads(self, *specs: SpecLike | AssetSpec, request: Any = None, most: int = 8, size: int = 4096) -> str:
        """
        The value of a `Link` header that lets a browser fetch *specs* before it has read the page; of a module all that it
        imports. '' when there is nothing to tell.

        At most *most* hints and *size* bytes: what is left out, `left_out` counts. What has no version in its URL, and what
        is protected by a permission, is left out, too. Raises NotPublished, FileNotFoundError, ValueError.
        """
        value: str = LINK_HEADER.find()(self, specs, request, most, size)
        return value

    def route_url(self, route_name: str, request: Any = None, /, *elements: Any, **values: Any) -> str:
        """
        The URL of a route, with scheme and host: Pyramid's `request.route_url`.

        *values* fill the pattern; `_query`, `_anchor`, `_scheme`, `_host`, `_port` and `_app_url` are those of
        `static_url`. *elements* are appended as segments. Raises NotRouted, a KeyError, for an unknown route and for
        a missing value.
        """
        pages: Pages = self.part(PAGES.find())
        return pages.route_url(route_name, request, *elements, **values)

    def route_path(self, route_name: str, request: Any = None, /, *elements: Any, **values: Any) -> str:
        """The same without scheme and host."""
        pages: Pages = self.part(PAGES.find())
        return pages.route_path(route_name, request, *elements, **values)

    def make_app(self, fallback: WSGIApplication | None = None) -> WSGIApplication:
        """
        The whole as a WSGI application: routes, named views, static views and files, then *fallback* or 404.

        What is declared or loaded later holds from the next request on.
        """
        pages: Pages = self.part(PAGES.find())
        return pages.application(lambda rest, owns: STATIC_APP.find()(self, rest, owns=owns), fallback)


def load_zcml(
    spec: SpecLike = "configure.zcml",
    *,
    package: ModuleType | str | None = None,
    registry: AssetRegistry | None = None,
    features: Iterable[str] = (),
    settings: Mapping[str, Any] | None = None,
    strict: bool | Iterable[str] = False,
    limits: Limits | None = None,
) -> AssetRegistry:
    """
    Load a ZCML file and all it includes, into a new registry or into *registry*, and return the registry.

    *spec* is `package:file.zcml`, an absolute path, or a path relative to *package* (a module or its name; without one,
    to the working directory). *features* are what `zcml:condition="have ..."` asks for. *settings* supply `${key}`,
    and are kept as `registry.settings`. With *strict* a warning is an error;
    with names of packages, one in a file of these. *limits* bound what is read.

    Raises ConfigurationError, whose `problems` are all that was found.
    """
    if registry is None:
        registry = AssetRegistry(settings=settings)
    else:
        one_of("registry", registry, AssetRegistry, "an AssetRegistry")
    return registry.load_zcml(spec, package=package, features=features, settings=settings, strict=strict, limits=limits)
