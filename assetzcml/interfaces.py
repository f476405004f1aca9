"""What a user implements, registers or looks up. No code, no imports of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import Attribute

if TYPE_CHECKING:
    from assetzcml.typing import Interface
else:
    from zope.interface import Interface

__all__ = [
    "IAsset",
    "IAssetRegistry",
    "IBindable",
    "IBundling",
    "IBusting",
    "ICacheBuster",
    "ICheckRule",
    "IContentStore",
    "IDestinationScheme",
    "IFrozen",
    "IMediaType",
    "IModule",
    "IOverride",
    "IPages",
    "IPermissionPolicy",
    "IRecord",
    "IResolver",
    "IRoute",
    "ISettings",
    "IStaticView",
    "IURLGenerator",
    "IView",
]


class IAsset(Interface):
    """The bytes a spec leads to, through overrides. The methods look anew at each call."""

    spec = Attribute("The spec that was asked for, normalised.")
    source_spec = Attribute("The spec the asset is really taken from, chains of overrides followed.")
    size = Attribute("Length in bytes; FileNotFoundError when there is no such file.")
    mtime = Attribute("Time of last change in seconds since the epoch; None where it is not known (in a zip).")

    def exists():
        """Is there a file or a directory?"""

    def isfile():
        """Is there a regular file in some layer?"""

    def isdir():
        """Is there a directory in some layer?"""

    def listdir():
        """The names in the directory, of all layers together, sorted. NotADirectoryError when it is none."""

    def open():
        """A binary stream of the bytes. FileNotFoundError when there is no such file."""

    def read_bytes():
        """The bytes. FileNotFoundError when there is no such file."""

    def abspath():
        """The absolute path of the real file or directory; None when there is none (in a zip, or missing)."""


class IResolver(Interface):
    """
    Finds assets: a spec in, an asset out.

    To be asked, not to be replaced: overrides alone say where an asset comes from.
    """

    def resolve(spec):
        """The `IAsset` of a spec (text or AssetSpec). Raises InvalidSpec (a ValueError) for a bad one."""

    def layers(spec):
        """Everything that stands at a spec, as `Found`s in the order of search; looked for anew at each call."""

    def look(spec, anew=False):
        """(until, found): the `Found` of a spec, or None, and the time.monotonic() until which that is trusted."""


class IStaticView(Interface):
    """The record of a published root or file: what `staticView` and `staticFile` declare."""

    name = Attribute("The URL prefix without slashes around it ('' for the root), or an external base URL.")
    root = Attribute("The AssetSpec of what is published.")
    origin = Attribute("Who declared it.")


class IOverride(Interface):
    """The record of an `asset` directive: target and source."""

    target = Attribute("The AssetSpec that is overridden.")
    source = Attribute("The AssetSpec that is looked at first.")
    origin = Attribute("Who declared it.")


class IBundling(Interface):
    """The record of `environment`, of what stands in it, of `bundle`, `bundleContents` or `filter`."""

    discriminator = Attribute("A tuple of texts; the first is the word of the directive.")
    origin = Attribute("Who declared it.")


class IRecord(Interface):
    """
    A record of a kind that another package has: `getUtilitiesFor(IRecord)` gives all that are in force.

    Derive its class from `assetzcml.records.kinds.Record`.
    """

    discriminator = Attribute("A tuple; the first is the word of the directive.")
    origin = Attribute("Who declared it.")


class IDestinationScheme(Interface):
    """
    A kind of destination that another package brings: a utility of the registry, whose name is the scheme of its URLs, 'ftp'.
    """

    def __call__(url, endpoint=None):
        """
        The destination at *url*, an object with the methods of `assetzcml.resolving.destinations.Destination`.

        *endpoint* is what the option says. Raises ConfigurationError for a URL that is none, and connects to nothing yet.
        """


class IMediaType(Interface):
    """The media type of an extension: what `mediaType` declares."""

    extension = Attribute("In lower case, without its dot.")
    type = Attribute("The value of Content-Type.")


class IModule(Interface):
    """A name by which modules import an asset: what `module` declares."""

    name = Attribute("The bare name, 'lodash'; or the beginning of names, with a slash behind it.")
    path = Attribute("The AssetSpec of the script, or of the directory.")
    scope = Attribute("The AssetSpec of the directory whose modules import by that name; None for all of them.")


class IContentStore(Interface):
    """Where the contents of releases are kept: what `contentStore` declares."""

    directory = Attribute("An absolute path.")
    keep = Attribute("How many releases are kept at least.")
    younger = Attribute("For how many seconds a release is kept at least.")
    url = Attribute("The URL of a destination that many hosts share; None where the directory is all.")
    endpoint = Attribute("Where its service is; None for its maker's.")
    local = Attribute("How many bytes of contents are kept in the directory then.")


class IFrozen(Interface):
    """Which frozen release is served: what `frozen` declares."""

    manifest = Attribute("The absolute path of its manifest, or of the frozen directory.")


class IBusting(Interface):
    """The record of a `cacheBuster` directive: which cache buster works below which path."""

    path = Attribute("The AssetSpec below which it works.")
    explicit = Attribute("Does the path name where assets really come from, not what was asked for?")
    buster = Attribute("The ICacheBuster.")
    origin = Attribute("Who declared it.")


class ICheckRule(Interface):
    """
    A rule of `assetzcml check` that another package brings: a utility of the registry, whose name is its code.

    A code has capital letters and digits: 'SKIN1'. Those that are an A and digits are ours.
    """

    title = Attribute("What it finds, in a few words.")
    severity = Attribute("'error', 'warning' or 'info'.")
    fix = Attribute("What to do about it, where a problem has no hint of its own.")

    def __call__(registry):
        """The `assetzcml.Problem`s that there are in *registry*, in which all that is declared is in force."""


class ICacheBuster(Interface):
    """Changes the URL of an asset so that a new version has a new URL. Pyramid's protocol."""

    def __call__(request: Any, subpath: str, kw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """
        Return (subpath, kw), changed.

        *request* may be None. *subpath* is relative to the static view's root. *kw* and its '_query' are copies;
        kw['pathspec'] is the spec asked for, kw['rawspec'] the one really served.

        A buster that changes *subpath* may have a method `strip(subpath)`, by which our static views take off what it
        put in: (subpath, version), or None where there is nothing of its own.
        """


class IBindable(Interface):
    """A cache buster that needs the registry it works for. Ours are; Pyramid's are not."""

    def bound(registry, busting):
        """
        An ICacheBuster that works for *registry*, declared by the record *busting*: below its path.

        This object is not changed: two registries may share it. Nothing is read yet.
        """

    def problems(registry, busting):
        """What would fail when it works so: an iterable of messages; empty when all is well."""


class IRoute(Interface):
    """The record of a `route` directive: a name for the URLs that match a pattern."""

    name = Attribute("Its name.")
    pattern = Attribute("The pattern, as it was written.")
    origin = Attribute("Who declared it.")


class IView(Interface):
    """The record of a `view` directive, for one request method or for all: what is called for a name or a route."""

    view = Attribute("The callable.")
    name = Attribute("The path it answers, without its first slash; where it has a route, ''.")
    route_name = Attribute("The name of its route, or None.")
    method = Attribute("The request method it is for; '' for all that no other view takes.")
    permission = Attribute("What the permission policy is asked for, or None.")
    origin = Attribute("Who declared it.")


class IPages(Interface):
    """Answers the requests for routes and views."""

    def application(static, fallback=None):
        """
        A WSGI application: routes, named views, then what *static* makes, then *fallback* or 404.

        *static* is called once, with the WSGI application that is to get what belongs to no static view, and with a
        function that says of the text of a PATH_INFO whether it is a page's.
        """

    def route_url(route_name, request=None, /, *elements, **values):
        """The URL of a route, with scheme and host. Raises NotRouted, a KeyError."""

    def route_path(route_name, request=None, /, *elements, **values):
        """The URL of a route without scheme and host."""

    def routes():
        """The records of all routes, in the order in which they are tried."""

    def views():
        """The records of all views: those of routes in the order of the routes, then the named ones."""

    def names():
        """The routes by their names: whether there is one (`in`), and `order(name)`, where it is tried."""

    def lead(path, method="GET"):
        """
        What a decoded path leads to: an object with `view` and `route`, either may be None, `values`, and the request
        methods `allowed` when only the method is wrong.
        """

    def missed(path, method="GET"):
        """The other routes and views that have a decoded path: for each the record, and why it does not answer."""

    def unreached():
        """The routes and views that no request comes to: for each the record, why, and the route to blame."""

    def findings(registry, records):
        """What is wrong with *records*, which *registry* holds already: an iterable of `validation.Finding`."""


class IPermissionPolicy(Interface):
    """Decides who may have a protected asset. Pyramid's method."""

    def permits(request, context, permission):
        """True or false. *request* is a webob.Request with `registry`, *context* the static view's record."""


class ISettings(Interface):
    """The mapping of settings, read when it matters."""


class IURLGenerator(Interface):
    """
    A URL policy: makes the URL of an asset. The one that ships is in force until another is registered.

    That one is then asked for every URL; `getUtility(IURLGenerator)` gives the former to it.
    """

    def static_url(
        spec, request=None, *, _query=None, _anchor=None, _scheme=None, _host=None, _port=None, _app_url=None
    ):
        """The URL of an asset, with scheme and host."""

    def static_path(
        spec, request=None, *, _query=None, _anchor=None, _scheme=None, _host=None, _port=None, _app_url=None
    ):
        """The URL of an asset without scheme and host; that of an external one is whole."""


class IAssetRegistry(Interface):
    """
    The AssetRegistry of an application, as a utility: of its Pyramid registry, or of zope.component's global site
    manager where Zope's own loader reads our directives.
    """
