"""What the parts of assetzcml promise each other, and what an extender replaces. No code, no imports of ours."""

from __future__ import annotations

from zope.interface import Attribute, Interface

__all__ = [
    "IAnswers",
    "IAsset",
    "IBindable",
    "IBundles",
    "IBundling",
    "IBusting",
    "ICacheBuster",
    "ICacheBusters",
    "IChecker",
    "IDigests",
    "IExplainer",
    "IOverride",
    "IPages",
    "IPermissionPolicy",
    "IResolver",
    "IRoute",
    "ISettings",
    "IStaticView",
    "IURLDecisions",
    "IURLGenerator",
    "IVersions",
    "IView",
    "IZCMLLoader",
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
    """Finds assets: a spec in, an asset out."""

    def resolve(spec):
        """The `IAsset` of a spec (text or AssetSpec). Raises InvalidSpec (a ValueError) for a bad one."""

    def layers(spec):
        """Everything that stands at a spec, as `Found`s in the order of search; looked for anew at each call."""

    def look(spec, anew=False):
        """(until, found): the `Found` of a spec, or None, and the time.monotonic() until which that is trusted."""


class IBundles(Interface):
    """
    The bundles of a registry, as assets and by name.

    The spec of a bundle is its output without the version, in the package of the file that declares it.
    """

    environment = Attribute("The Environment: declared bundles, and those that Python registered.")

    def place(snapshot, spec):
        """
        (file, directory), both AssetSpecs, of the output of the bundle *spec*; None when that is not known.

        It is built first when that is due. Where that fails it is logged, and the last good output is the answer.
        """

    def fault(snapshot, spec):
        """Why there is no output of the bundle *spec*: the ConfigurationError; None when there is no reason."""

    def output(snapshot, spec):
        """The `Output` that the URL of the bundle *spec* is made of, built when that is due. Raises BuildError."""

    def versioned(snapshot, file):
        """Is the AssetSpec *file* the output in force of a bundle, with its version in its name?"""

    def bundle_of(snapshot, file):
        """The spec of the bundle whose output in force is the AssetSpec *file*; None when there is none."""

    def name_of(snapshot, spec):
        """The name of the bundle *spec*; None when there is none."""

    def names():
        """The names of all bundles, those that Python registered too."""

    def urls(name):
        """[(url, integrity), ...] of the bundle *name*, and 'css', 'js' or ''. Builds what is due; raises BundleError."""

    def plain_urls(name):
        """The URLs alone."""

    def unmatched(name):
        """[(pattern, record), ...]: what the bundle *name* has of globs that match no file, and who says them."""

    def state(name):
        """The `BundleState` of the bundle *name*: what it is made of, and what there is of it. Builds nothing."""

    def problems(registry, records):
        """(problem, is it a warning?) of everything that is wrong with *records*, which *registry* holds already."""


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


class IBusting(Interface):
    """The record of a `cacheBuster` directive: which cache buster works below which path."""

    path = Attribute("The AssetSpec below which it works.")
    explicit = Attribute("Does the path name where assets really come from, not what was asked for?")
    buster = Attribute("The ICacheBuster.")
    origin = Attribute("Who declared it.")


class ICacheBuster(Interface):
    """Changes the URL of an asset so that a new version has a new URL. Pyramid's protocol."""

    def __call__(request, subpath, kw):
        """
        Return (subpath, kw), changed.

        *request* may be None. *subpath* is relative to the static view's root. *kw* and its '_query' are copies;
        kw['pathspec'] is the spec asked for, kw['rawspec'] the one really served.
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


class ICacheBusters(Interface):
    """Makes the cache busters that assetzcml ships, for the directive that declares them."""

    def digest(missing="plain"):
        """A buster that puts the SHA-256 of the bytes into the name."""

    def manifest(spec, reload=False, missing="plain"):
        """A buster that looks names up in a manifest. With *reload* None, the setting `reload` decides."""

    def token(token, param="x"):
        """A buster that adds a constant query parameter."""


class IDigests(Interface):
    """The digests of files, remembered as long as the files do not change. One for all parts of a registry."""

    def digest(found):
        """
        The first 12 hex digits of the SHA-256 of what a `Found` (of the resolver) holds.

        Raises OSError when it cannot be read, and for what is no regular file.
        """


class IVersions(Interface):
    """Which version of an asset a requested name stands for: what cache busters put into URLs, read back."""

    def version_of(snapshot, view, parts):
        """
        The `Version` that the segments *parts* below the root of the static view *view* name; None when they name none.

        Its `spec` is the asset to serve, `current` whether these are its bytes now: true, for a value of a
        manifest in force, and for a digest that is that of the bytes; false for any other digest of an existing
        asset. `digest` is what the name carries, None for a manifest's value. An asset that really has the requested
        name wins over a version with a digest: ask where there is none. A manifest's value is such an asset itself
        (`spec` is the one asked for), so for one that exists, `version.current and version.digest is None` means
        that its URL never changes its bytes.
        """


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

        *static* is called once, with the WSGI application that is to get what belongs to no static view.
        """

    def route_url(route_name, request=None, /, *elements, **values):
        """The URL of a route, with scheme and host. Raises NotRouted, a KeyError."""

    def route_path(route_name, request=None, /, *elements, **values):
        """The URL of a route without scheme and host."""

    def routes():
        """The records of all routes, in the order in which they are tried."""

    def views():
        """The records of all views: those of routes in the order of the routes, then the named ones."""

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
    """Makes the URL of an asset."""

    def static_url(
        spec, request=None, *, _query=None, _anchor=None, _scheme=None, _host=None, _port=None, _app_url=None
    ):
        """The URL of an asset, with scheme and host."""

    def static_path(
        spec, request=None, *, _query=None, _anchor=None, _scheme=None, _host=None, _port=None, _app_url=None
    ):
        """The URL of an asset without scheme and host; that of an external one is whole."""

    def output_path(spec, output):
        """The URL of the `Output` (see `IBundles`) of the bundle *spec*, as `static_path` gives it without a request."""

    def directory_path(spec):
        """The URL of a published directory, with its slash and without cache busters; NotPublished when it is not."""

    def url_of(path, request=None, *, _query=None, _anchor=None, _scheme=None, _host=None, _port=None, _app_url=None):
        """The URL of *path*, a path of the application that is quoted and begins with '/', with scheme and host."""

    def path_of(path, request=None, *, _query=None, _anchor=None, _scheme=None, _host=None, _port=None, _app_url=None):
        """The same without scheme and host: what the application is mounted at, the path, the query, the anchor."""

    def prepare():
        """Read now what URLs are made from (manifests), so that no request has to wait for it. May be left out."""


class IURLDecisions(Interface):
    """What the URL of an asset is made from. For `explain` and `list`."""

    def view(spec):
        """The record of the static view below whose name an asset (text or AssetSpec) is. Raises NotPublished."""

    def published(spec):
        """Where the asset is below the root of its static view: another place where its directory was merged into it."""

    def busting(spec):
        """
        The `BustingUse` of the published asset *spec*: which cache buster works on it; None when there is none.

        `record` is the Busting, `says` what it makes of this asset, `file` the spec of what it reads for that or
        None, `idle` why it is not asked; '' when it is.
        """

    def describe(buster):
        """What a cache buster is, in a few words: as it is written in ZCML where it can be."""

    def manifest(record):
        """(spec, entries) of the manifest that the cache buster of a Busting reads; None when it reads none."""


class IAnswers(Interface):
    """What the static views answer to somebody who is permitted everything, told without a server. For `explain`."""

    def route(path):
        """
        The `Routed` of a URL path, percent-encoded, without query; None when no static view has it.

        `view` is the record of the static view, `spec` the AssetSpec that the path names: without a digest, with
        the index of a directory, None where no asset can be named so. `fault` is what is wrong with the name, or ''.
        """

    def answer(path):
        """(status, headers) of the answer to a GET of a URL path; None when no static view has it."""

    def variants(view, spec):
        """
        The codings of an asset that lie beside it, used or not: an iterable of `Variant`.

        `coding`, `path` and `size` say what there is, `fault` why it is not served; '' when it is.
        """

    def refusal(view, spec):
        """Why *view* does not serve an asset that exists; '' when it does."""


class IExplainer(Interface):
    """Tells why an asset is the one being served."""

    def explain(spec_or_url):
        """A report whose text is one screen."""


class IChecker(Interface):
    """Finds what is wrong with a configuration, and what only looks right."""

    def check(spec, **arguments):
        """Load a file into the registry, with the arguments of IZCMLLoader.load; return the findings about all of it."""

    def findings():
        """The findings about what is loaded already, in the order of files and lines."""


class IZCMLLoader(Interface):
    """Reads ZCML into a registry."""

    def directives():
        """
        The namespaces that the last load declared, to descriptions of the directives known in each; '*': in every one.

        A directive has `name`, `attributes`, `documentation`, `kind` ('simple', 'complex' or 'grouping'), `directives`
        (what a complex one holds) and `any_attribute`. An attribute has `name`, `required`, `documentation`,
        `kind` ('text', 'boolean', 'integer', 'choice'), `several` (tokens), `values`, `least` and `most`.
        """

    def load(
        spec="configure.zcml",
        *,
        package=None,
        features=(),
        settings=None,
        strict=False,
        limits=None,
        into=None,
        framework=None,
    ):
        """
        Load a file and everything it includes; the registry is unchanged when that fails.

        *into* is another registry, which is to take the place of this one. *framework* is a
        `assetzcml.records.loads.Framework`: what the one that has the file loaded does itself.
        """

    def remarks(file):
        """
        What a `LoadedFile` says beside its directives: `ignores`, `unused`, `namespaces` and `tags`.

        `ignores` are the comments `assetzcml: ignore A012`, each with origin, codes, and the lines of the tag after it;
        `unused` are (prefix, origin) and `namespaces` (URI, origin) of namespace declarations; `tags` is the origin of
        the first tag on each line.
        """
