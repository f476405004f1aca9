"""
The URL of an asset: the static view's name, what the cache buster makes of the path, the query and the fragment.

It is decided once, in `URLGenerator.decide`: `static_path` takes the text of the decision, `explain` the reasons.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import inf
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote

from zope.interface import implementer

from assetzcml.errors import InvalidManifest, NotPublished
from assetzcml.interfaces import IURLGenerator
from assetzcml.records.assets import AssetSpec, StaticViewRecord, asset_spec
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.registry import Registry, Snapshot
from assetzcml.resolving.resolver import Resolver
from assetzcml.typing import SpecLike
from assetzcml.urls.applications import (
    application_path,
    application_url,
    environ_of_url,
    mounted_at,
    path_of_url,
    url_scheme,
)
from assetzcml.urls.cachebusters import Lasting, ManifestCacheBuster, renames
from assetzcml.urls.lookup import CACHED_URLS, BoundBusting, Lookup, Place
from assetzcml.urls.queries import URLOptions

__all__ = ["Decision", "Idle", "Links", "URLGenerator", "URLMethods"]


PLAIN = URLOptions()


class Idle(NamedTuple):
    """A cache buster that covers an asset and has no part in its URL, and why."""

    busting: BoundBusting
    why: str


class Decision(NamedTuple):
    """
    What the URL of an asset is made from.

    *path* is the URL without scheme, host and what the application is mounted at; whole for an external name. *place*
    says which static view it is below, *source* where the asset is taken from, where that was looked for. *busting* is
    the cache buster that was asked, *subpath* what it made of the path and *options* of the rest; *idle* is the one that
    would have been asked. *address* is that of the asset in the one of merged directories that supplies it, by which a
    cache buster of that directory knows it. It holds *until* (`time.monotonic`); *busted*: `prevent_cachebust` would
    change it.
    """

    path: str
    place: Place
    subpath: str
    options: URLOptions
    source: AssetSpec | None = None
    busting: BoundBusting | None = None
    idle: Idle | None = None
    until: float = inf
    busted: bool = False
    address: AssetSpec | None = None

    @property
    def view(self) -> StaticViewRecord:
        """The record of the static view below whose name the asset is."""
        return self.place.view


class URLMethods:
    """
    `static_url` and `static_path` of a Registry, each a call of the URL policy in force.

    What the one we ship has in its table is taken from there without a call; the table of any other is empty.
    """

    def static_path(
        self: Any,
        spec: SpecLike | AssetSpec,
        request: Any = None,
        _query: Any = None,  # for keywords only; '*' would cost a quarter of the time there is
        _anchor: Any = None,
        _scheme: str | None = None,
        _host: str | None = None,
        _port: str | int | None = None,
        _app_url: str | None = None,
    ) -> str:
        """
        The URL of an asset without scheme and host; that of an external one is whole. See `static_url`.

        Without a request, the path of the application is that of `_app_url` or of the setting `application_url`;
        with one, `_scheme`, `_host`, `_port` and `_app_url` have no effect (Pyramid's rule).
        """
        try:
            path: str
            path, until = self._current.snapshot.paths[spec]
            if (
                _query is None
                and _anchor is None
                and (until is None or (not self.settings["prevent_cachebust"] and monotonic() < until))
            ):
                if request is not None:
                    script_name = request.environ["SCRIPT_NAME"]
                    return path if not script_name or path[0] != "/" else mounted_at(script_name) + path
                if _app_url is None and not self.settings.get("application_url"):
                    return path
        except (AttributeError, KeyError, TypeError):
            pass  # no snapshot yet, nothing known of this spec, or a request of another kind: the long way
        made: str = self.snapshot.urls.static_path(
            spec,
            request,
            _query=_query,
            _anchor=_anchor,
            _scheme=_scheme,
            _host=_host,
            _port=_port,
            _app_url=_app_url,
        )
        return made

    def static_url(
        self: Any,
        spec: SpecLike | AssetSpec,
        request: Any = None,
        *,
        _query: Any = None,
        _anchor: Any = None,
        _scheme: str | None = None,
        _host: str | None = None,
        _port: str | int | None = None,
        _app_url: str | None = None,
    ) -> str:
        """
        The URL of an asset, with scheme and host. The options are Pyramid's: `_query`, `_anchor`, `_scheme`, `_host`,
        `_port`, `_app_url`; none of them is changed.

        *request* is a webob.Request, anything else with an `environ`, a WSGI environ, or None: then the application's
        URL is `_app_url` or the setting `application_url`.

        Raises NotPublished, a ValueError that names the nearest roots, for what no static view publishes.
        """
        made: str = self.snapshot.urls.static_url(
            spec,
            request,
            _query=_query,
            _anchor=_anchor,
            _scheme=_scheme,
            _host=_host,
            _port=_port,
            _app_url=_app_url,
        )
        return made


@implementer(IURLGenerator)
class URLGenerator:
    """
    Makes the URLs of one registry. Safe to use from many threads.

    What it has made is in a table of its own, as long as it holds. The registry reads that table too while this is the
    policy in force; so a subclass, or what wraps this one, is asked for every URL.
    """

    remembers_for_all = True  # of this class itself: one derived from it is asked for every URL

    def __init__(self, registry: Registry):
        self.registry = registry

    def static_url(self, spec: SpecLike | AssetSpec, request: Any = None, **options: Any) -> str:
        """The URL of an asset, with scheme and host; see `URLMethods.static_url`."""
        return self._url(spec, request, URLOptions.of(options))

    def static_path(self, spec: SpecLike | AssetSpec, request: Any = None, **options: Any) -> str:
        """The URL of an asset without scheme and host; see `URLMethods.static_path`."""
        given = URLOptions.of(options)
        mounted = self._mounted(request, given.app_url)
        return self._url(spec, request, URLOptions(given.query, given.anchor, app_url=mounted))

    def decide(
        self,
        spec: SpecLike | AssetSpec,
        request: Any = None,
        options: URLOptions = PLAIN,
        *,
        anew: bool = False,
        ask: bool = True,
    ) -> Decision:
        """
        The URL of an asset, and what it is made from.

        With *anew* what was found is looked for again. Without *ask* the cache buster is found and not called; the path
        is then the one without its work. Raises InvalidSpec, NotPublished, BuildError, and what a cache buster raises.
        """
        snapshot = self.registry.snapshot
        address = asset_spec(spec)
        lookup = snapshot.derived(Lookup)
        if address in lookup.bundles:
            output = self.registry.above.bundles().output(snapshot, address)
            if output is not None:
                return self._of_output(lookup, address, output, request, options, ask)
        place = self._place(lookup, address, directory=isinstance(spec, str) and spec.endswith("/"))
        decision = self._choose(lookup, place, options, anew)
        return _asked(decision, request) if ask else decision

    def forget(self) -> None:
        """Make every URL anew that is asked for from now on."""
        self._table(self.registry.snapshot).clear()

    def output_path(self, spec: AssetSpec, output: Any) -> str:
        """The URL of the `Output` of the bundle *spec*, as `static_path` gives it without a request."""
        return self._of_output(self.registry.snapshot.derived(Lookup), spec, output, None, PLAIN, True).path

    def directory_path(self, spec: AssetSpec) -> str:
        """The URL of a published directory, with its slash and without cache busters; NotPublished when it is not."""
        place = self.registry.snapshot.derived(Lookup).place(spec, directory=True)
        return place.url(place.subpath)

    def url_of(self, path: str, request: Any = None, **options: Any) -> str:
        """The URL of a path of the application, quoted and with its first slash; the options are those of `static_url`."""
        given = URLOptions.of(options)
        return self._application_url(request, given) + path + given.following

    def path_of(self, path: str, request: Any = None, **options: Any) -> str:
        """The same without scheme and host; the options have the meaning they have for `static_path`."""
        given = URLOptions.of(options)
        return self._mounted(request, given.app_url) + path + given.following

    def prepare(self) -> None:
        """
        Read the manifests now, those of the snapshot in force, so that no request has to.

        One that cannot be read is told of by the URL that needs it.
        """
        lookup = self.registry.snapshot.derived(Lookup)
        unread, lookup.unread = lookup.unread, []
        for busting in unread:
            if isinstance(busting.buster, ManifestCacheBuster):
                try:
                    busting.buster.current()
                except InvalidManifest:
                    continue

    def _url(self, spec: SpecLike | AssetSpec, request: Any, options: URLOptions) -> str:
        snapshot = self.registry.snapshot
        if not isinstance(spec, Hashable):  # what is known is asked by it
            spec = asset_spec(spec)
        path = self._remembered(snapshot, spec) if options.bare else None
        if path is None:
            decision = self.decide(spec, request, options)
            path = decision.path
            if options.bare and decision.until:
                self._remember(snapshot, spec, decision)
            options = decision.options
        if path[0] != "/":
            return path
        if path[:2] == "//":
            return path if request is None else f"{url_scheme(request)}:{path}"
        return self._application_url(request, options) + path

    # What is remembered.

    def _table(self, snapshot: Snapshot) -> dict[Any, tuple[str, float | None]]:
        """What is known of *snapshot*; the registry reads it too when this is the policy in force."""
        table = snapshot.derived(self._new_table)
        if snapshot.paths is not table and snapshot.urls is self and vars(type(self)).get("remembers_for_all"):
            snapshot.paths = table
        return table

    def _new_table(self, snapshot: Snapshot) -> dict[Any, tuple[str, float | None]]:
        return {}

    def _remembered(self, snapshot: Snapshot, spec: SpecLike | AssetSpec) -> str | None:
        """The path of *spec*, with what its buster makes of it, when that still holds."""
        path, until = self._table(snapshot).get(spec, (None, None))
        return path if until is None or (monotonic() < until and not self._prevented()) else None

    def _remember(self, snapshot: Snapshot, spec: SpecLike | AssetSpec, decision: Decision) -> None:
        if decision.path[:2] == "//":  # the scheme is the request's
            return
        table = self._table(snapshot)
        if len(table) >= CACHED_URLS:
            table.clear()
        table[spec] = decision.path, (decision.until if decision.busted else None)

    # What decides.

    def _place(self, lookup: Lookup, spec: AssetSpec, directory: bool = False) -> Place:
        """Where the asset is published; of a bundle that is overridden, at last where its source is."""
        try:
            return lookup.place(spec, directory)
        except NotPublished:
            found = self.registry.part(Resolver).look(spec)[1] if spec in lookup.bundles else None
            if found is None:
                raise
            return lookup.place(found.spec)

    def _of_output(
        self, lookup: Lookup, spec: AssetSpec, output: Any, request: Any, options: URLOptions, ask: bool
    ) -> Decision:
        """
        The URL of the output of the bundle *spec*.

        A version in the name is enough; else a cache buster that covers the bundle, or the place of its output, does its
        work, unless the environment says that the query has the version.
        """
        place = lookup.output_place(spec, output)
        if output.named or output.expire is True:
            why = "the version is in the bundle's name" if output.named else "the query has the bundle's version"
            idle = Idle(place.busting, why) if place.busting is not None else None
            decision = _plain(place, options)._replace(idle=idle, until=output.until, busted=True)
        else:
            decision = self._choose(lookup, place, options)
            decision = _asked(decision, request) if ask else decision
            decision = decision._replace(until=min(output.until, decision.until), busted=True)
        used = decision.busting is not None or decision.idle is not None
        asks = output.expire is True or (output.expire is None and not output.named and not used)
        if output.version is None or not asks:
            return decision
        version, more = quote(output.version, safe=PATH_SAFE), decision.options.following
        path = place.url(decision.subpath)
        return decision._replace(path=f"{path}?{version}{'&' + more[1:] if more.startswith('?') else more}")

    def _choose(self, lookup: Lookup, place: Place, options: URLOptions, anew: bool = False) -> Decision:
        """The URL of a *place*, and the cache buster that is to be asked, or would be."""
        plain = _plain(place, options)
        if place.busting is None and not lookup.explicit:
            return plain
        merged = lookup.is_merged(place.spec)
        known_until, source, found = self._source(place, anew)
        busting, address = self._busting(lookup, place, source, found) if merged else (place.busting, place.spec)
        busting = lookup.explicit_busting(source) or busting
        until = min(known_until if lookup.explicit or merged else inf, _lasts(busting, known_until))
        plain = plain._replace(source=source, until=until, busted=True, address=address)
        if busting is None:
            return plain
        if self._prevented():
            why = "the setting 'prevent_cachebust' turns all cache busters off"
            return plain._replace(idle=Idle(busting, why), until=0.0)
        if place.view.file and renames(busting.buster):
            return plain._replace(idle=Idle(busting, "a staticFile keeps its name"))
        return plain._replace(busting=busting)

    @staticmethod
    def _busting(lookup: Lookup, place: Place, source: AssetSpec, found: bool) -> tuple[BoundBusting | None, AssetSpec]:
        """
        The cache buster of what is in a merged root, and the address by which it knows that; of what is not there, that
        of the address that was asked for.
        """
        if found:
            at_work = lookup.at_work(place.spec, source)
        else:
            at_work = (lookup.at_work(place.asked) if place.asked is not None else None) or lookup.at_work(place.spec)
        return (at_work.busting, at_work.spec) if at_work is not None else (None, place.spec)

    def _source(self, place: Place, anew: bool) -> tuple[float, AssetSpec, bool]:
        """Where the asset is really taken from, until when that is trusted, and was it found; itself when it was not."""
        try:
            until, found = self.registry.part(Resolver).look(place.spec, anew=anew or bool(place.view.reload))
        except ImportError:  # the root of an external name is not looked at: its package need not be installed
            return 0.0, place.spec, False
        return (
            (0.0 if place.view.reload else until),
            (found.spec if found is not None else place.spec),
            found is not None,
        )

    def _prevented(self) -> bool:
        return self.registry.snapshot.is_on("prevent_cachebust")

    # What stands before the path.

    def _mounted(self, request: Any, app_url: str | None) -> str:
        """The path the application is mounted at: the request's, else that of a URL."""
        if request is not None:
            return application_path(request)
        return path_of_url(app_url if app_url is not None else self._application_url_setting() or "")

    def _application_url_setting(self) -> str | None:
        return self.registry.settings.get("application_url")

    def _application_url(self, request: Any, options: URLOptions) -> str:
        """What stands before the path of the application."""
        if options.app_url is not None:
            return options.app_url.rstrip("/")
        replaced = options.scheme, options.host, options.port
        if request is not None:
            return application_url(request, *replaced)
        setting = self._application_url_setting()
        if not setting:
            raise ValueError(
                "the URL of the application is not known: give a request, _app_url, or the setting 'application_url'"
            )
        return (
            setting.rstrip("/")
            if replaced == (None, None, None)
            else application_url(environ_of_url(setting), *replaced)
        )


class Links:
    """What bundles need of URLs: the policy in force for assets, the generator for what only it knows."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._generator = registry.part(URLGenerator)
        self.output_path = self._generator.output_path
        self.directory_path = self._generator.directory_path

    def static_path(self, spec: str, request: Any = None, /, **options: Any) -> str:
        """The URL of an asset, of the URL policy in force."""
        path: str = self.registry.snapshot.urls.static_path(spec, request, **options)
        return path

    def permission(self, spec: str) -> str | None:
        """The permission of the static view that publishes an asset; None without one."""
        try:
            return self.registry.snapshot.derived(Lookup).place(asset_spec(spec)).view.permission
        except ValueError:  # it is published nowhere
            return None


def _plain(place: Place, options: URLOptions) -> Decision:
    """The URL of a *place* as it is without a cache buster."""
    return Decision(place.url(place.subpath) + options.following, place, place.subpath, options)


def _asked(decision: Decision, request: Any) -> Decision:
    """The same after its cache buster has done its work."""
    place, busting = decision.place, decision.busting
    if busting is None:
        return decision
    known = place if decision.address is None or busting.record.explicit else place.known_as(decision.address)
    kw = decision.options.for_buster(pathspec=known.pathspec, rawspec=known.rawspec(decision.source or place.spec))
    subpath, kw = _answer(busting, request, place.subpath, kw)
    if place.view.file:  # it keeps its name
        subpath = place.subpath
    options = decision.options.after_buster(kw)
    return decision._replace(path=place.url(subpath) + options.following, subpath=subpath, options=options)


def _lasts(busting: BoundBusting | None, known_until: float) -> float:
    """Until when an answer of the buster holds, when what was found is trusted until *known_until*."""
    if busting is None or busting.lasting is Lasting.SNAPSHOT:
        return inf
    return known_until if busting.lasting is Lasting.FOUND else 0.0


def _answer(busting: BoundBusting, request: Any, subpath: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    answer = busting.buster(request, subpath, options)
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], str)):
        raise TypeError(
            f"{busting.buster!r}, declared by {busting.record}, returned {answer!r}; (subpath, kw) was expected"
        )
    return answer
