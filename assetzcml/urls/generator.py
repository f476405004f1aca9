"""The URL of an asset: the static view's name, what the cache buster makes of the path, the query and the fragment."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import Any
from urllib.parse import quote

from zope.interface import implementer

from assetzcml.errors import InvalidManifest, NotPublished
from assetzcml.interfaces import IBundles, IResolver, IURLGenerator
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.registry import Registry, Snapshot
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
from assetzcml.urls.queries import PATH_SAFE, copied_query, query_and_fragment

__all__ = ["URLGenerator", "URLMethods"]


class URLMethods:
    """
    `static_url` and `static_path` of a Registry, each a call of its IURLGenerator.

    What that one has put into the tables of the snapshot is taken from there without a call.
    """

    def static_path(
        self: Any,
        spec: str | AssetSpec,
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
            path, until = self.current.snapshot.paths[spec]
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
        return self.getUtility(IURLGenerator).static_path(
            spec,
            request,
            _query=_query,
            _anchor=_anchor,
            _scheme=_scheme,
            _host=_host,
            _port=_port,
            _app_url=_app_url,
        )

    def static_url(self: Any, spec: str | AssetSpec, request: Any = None, **options: Any) -> str:
        """
        The URL of an asset, with scheme and host. The options are Pyramid's: `_query`, `_anchor`, `_scheme`, `_host`,
        `_port`, `_app_url`; none of them is changed.

        *request* is a webob.Request, anything else with an `environ`, a WSGI environ, or None: then the application's
        URL is `_app_url` or the setting `application_url`.

        Raises NotPublished, a ValueError that names the nearest roots, for what no static view publishes.
        """
        return self.getUtility(IURLGenerator).static_url(spec, request, **options)


@implementer(IURLGenerator)
class URLGenerator:
    """Makes the URLs of one registry. Safe to use from many threads."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def static_url(
        self,
        spec: str | AssetSpec,
        request: Any = None,
        *,
        _query: Any = None,
        _anchor: Any = None,
        _scheme: str | None = None,
        _host: str | None = None,
        _port: str | int | None = None,
        _app_url: str | None = None,
    ) -> str:
        """The URL of an asset, with scheme and host; see `URLMethods.static_url`."""
        options = {"_scheme": _scheme, "_host": _host, "_port": _port, "_app_url": _app_url}
        return self._url(spec, request, _query, _anchor, {k: v for k, v in options.items() if v is not None})

    def static_path(
        self,
        spec: str | AssetSpec,
        request: Any = None,
        *,
        _query: Any = None,
        _anchor: Any = None,
        _scheme: str | None = None,
        _host: str | None = None,
        _port: str | int | None = None,
        _app_url: str | None = None,
    ) -> str:
        """The URL of an asset without scheme and host; see `URLMethods.static_path`."""
        return self._url(spec, request, _query, _anchor, {"_app_url": self._mounted(request, _app_url)})

    def output_path(self, spec: AssetSpec, output: Any) -> str:
        """See `IURLGenerator`."""
        return self._output_path(self.registry.snapshot, spec, output, None, None, None, {})[0]

    def directory_path(self, spec: AssetSpec) -> str:
        """See `IURLGenerator`."""
        place = self.registry.snapshot.derived(Lookup).place(f"{spec}/")
        return place.url(place.subpath)

    def url_of(
        self,
        path: str,
        request: Any = None,
        *,
        _query: Any = None,
        _anchor: Any = None,
        _scheme: str | None = None,
        _host: str | None = None,
        _port: str | int | None = None,
        _app_url: str | None = None,
    ) -> str:
        """The URL of a path of the application, quoted and with its first slash; the options are those of `static_url`."""
        options = {"_scheme": _scheme, "_host": _host, "_port": _port, "_app_url": _app_url}
        return self._application_url(request, options) + path + query_and_fragment(_query, _anchor)

    def path_of(
        self,
        path: str,
        request: Any = None,
        *,
        _query: Any = None,
        _anchor: Any = None,
        _scheme: str | None = None,
        _host: str | None = None,
        _port: str | int | None = None,
        _app_url: str | None = None,
    ) -> str:
        """The same without scheme and host; the options have the meaning they have for `static_path`."""
        return self._mounted(request, _app_url) + path + query_and_fragment(_query, _anchor)

    def prepare(self) -> None:
        """
        Read the manifests now, those of the snapshot in force, so that no request has to.

        One that cannot be read is told of by the URL that needs it.
        """
        for busting in self.registry.snapshot.derived(Lookup).bustings:
            if isinstance(busting.buster, ManifestCacheBuster):
                try:
                    busting.buster.current()
                except InvalidManifest:
                    continue

    def _url(self, spec: str | AssetSpec, request: Any, query: Any, anchor: Any, options: dict[str, Any]) -> str:
        snapshot = self.registry.snapshot
        bare = not query and not anchor
        path = self._remembered(snapshot, spec) if bare else None
        output = self._output(snapshot, spec) if path is None else None
        if output is not None:
            path, until = self._output_path(snapshot, asset_spec(spec), output, request, query, anchor, options)
            if bare and until:
                _remember(snapshot, spec, path, until, True)
        elif path is None:
            place = self._place(snapshot, spec)
            if query:
                options["_query"] = copied_query(query)
            if anchor:
                options["_anchor"] = anchor
            subpath, options, until, busted = self._busted(snapshot, place, request, options)
            path = place.url(subpath) + query_and_fragment(options.get("_query"), options.get("_anchor"))
            if bare and until:
                _remember(snapshot, spec, path, until, busted)
        if path[0] != "/":
            return path
        if path[:2] == "//":
            return path if request is None else f"{url_scheme(request)}:{path}"
        return self._application_url(request, options) + path

    def _place(self, snapshot: Snapshot, spec: str | AssetSpec) -> Place:
        """Where the asset is published; of a bundle that is overridden, at last where its source is."""
        lookup = snapshot.derived(Lookup)
        try:
            return lookup.place(spec)
        except NotPublished:
            if asset_spec(spec) not in lookup.bundles:
                raise
            found = self.registry.getUtility(IResolver).look(spec)[1]
            if found is None:
                raise
            return lookup.place(found.spec)

    def _output(self, snapshot: Snapshot, spec: str | AssetSpec) -> Any:
        """The `Output` of a bundle; None for what is none, or is taken from an override."""
        bundles = snapshot.derived(Lookup).bundles
        if not bundles or asset_spec(spec) not in bundles:
            return None
        return self.registry.getUtility(IBundles).output(snapshot, asset_spec(spec))

    def _output_path(
        self,
        snapshot: Snapshot,
        spec: AssetSpec,
        output: Any,
        request: Any,
        query: Any,
        anchor: Any,
        options: dict[str, Any],
    ) -> tuple[str, float]:
        """
        The URL of the output of the bundle *spec*, and until when it holds.

        A version in the name is enough; else a cache buster that covers the bundle, or the place of its output, does its
        work, unless the environment says that the query has the version.
        """
        lookup = snapshot.derived(Lookup)
        place = lookup.output_place(spec, output)
        if query:
            options["_query"] = copied_query(query)
        if anchor:
            options["_anchor"] = anchor
        subpath, until, used = place.subpath, output.until, False
        if not output.named and output.expire is not True:
            subpath, options, holds, _ = self._busted(snapshot, place, request, options)
            until = min(until, holds)
            used = place.busting is not None or bool(lookup.explicit)
        path = place.url(subpath)
        asks = output.expire is True or (output.expire is None and not output.named and not used)
        more = query_and_fragment(options.get("_query"), options.get("_anchor"))
        if output.version is None or not asks:
            return path + more, until
        version = quote(output.version, safe=PATH_SAFE)
        return f"{path}?{version}{'&' + more[1:] if more.startswith('?') else more}", until

    def _remembered(self, snapshot: Snapshot, spec: str | AssetSpec) -> str | None:
        """The path of *spec*, with what its buster makes of it, when that still holds."""
        path, until = snapshot.paths.get(spec, (None, None))
        return path if until is None or (monotonic() < until and not self._prevented()) else None

    def _busted(
        self, snapshot: Snapshot, place: Place, request: Any, options: dict[str, Any]
    ) -> tuple[str, dict[str, Any], float, bool]:
        """
        What the cache buster makes of the subpath and the options, the time until which that holds, and whether
        `prevent_cachebust` would change it.
        """
        lookup = snapshot.derived(Lookup)
        if place.busting is None and not lookup.explicit:
            return place.subpath, options, inf, False
        if self._prevented():
            return place.subpath, options, 0.0, True
        known_until, source = self._source(place)
        busting = lookup.explicit_busting(source) or place.busting
        until = min(known_until if lookup.explicit else inf, _lasts(busting, known_until))
        if busting is None or (place.view.file and renames(busting.buster)):
            return place.subpath, options, until, True
        rawspec = (
            place.pathspec if source == place.spec else str(source) + ("/" if place.pathspec.endswith("/") else "")
        )
        options = {**options, "pathspec": place.pathspec, "rawspec": rawspec}
        return *_answer(busting, request, place.subpath, options), until, True

    def _source(self, place: Place) -> tuple[float, AssetSpec]:
        """Where the asset is really taken from, and until when that is trusted; itself when nothing is found."""
        try:
            resolver = self.registry.getUtility(IResolver)
            until, found = resolver.look(place.spec, anew=bool(place.view.reload))
        except ImportError:  # the root of an external name is not looked at: its package need not be installed
            return 0.0, place.spec
        return (0.0 if place.view.reload else until), (found.spec if found is not None else place.spec)

    def _prevented(self) -> bool:
        return self.registry.snapshot.is_on("prevent_cachebust")

    def _mounted(self, request: Any, app_url: str | None) -> str:
        """The path the application is mounted at: the request's, else that of a URL."""
        if request is not None:
            return application_path(request)
        return path_of_url(app_url if app_url is not None else self._application_url_setting() or "")

    def _application_url_setting(self) -> str | None:
        return self.registry.settings.get("application_url")

    def _application_url(self, request: Any, options: dict[str, Any]) -> str:
        """What stands before the path of the application."""
        given = options.get("_app_url")
        if given is not None:
            return given.rstrip("/")
        replaced = options.get("_scheme"), options.get("_host"), options.get("_port")
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


def _remember(snapshot: Snapshot, spec: str | AssetSpec, path: str, until: float, busted: bool) -> None:
    if path[:2] == "//":  # the scheme is the request's
        return
    if len(snapshot.paths) >= CACHED_URLS:
        snapshot.paths.clear()
    snapshot.paths[spec] = path, (until if busted else None)
