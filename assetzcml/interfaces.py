"""What the parts of assetzcml promise each other, and what an extender replaces. No code, no imports of ours."""

from __future__ import annotations

from zope.interface import Attribute, Interface

__all__ = [
    "IAnswers",
    "IAsset",
    "IBindable",
    "IBusting",
    "ICacheBuster",
    "ICacheBusters",
    "IDigests",
    "IExplainer",
    "IOverride",
    "IPermissionPolicy",
    "IResolver",
    "ISettings",
    "IStaticView",
    "IURLDecisions",
    "IURLGenerator",
    "IVersions",
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

    def prepare():
        """Read now what URLs are made from (manifests), so that no request has to wait for it."""


class IURLDecisions(Interface):
    """What the URL of an asset is made from. For `explain` and `list`."""

    def view(spec):
        """The record of the static view below whose name an asset (text or AssetSpec) is. Raises NotPublished."""

    def busting(spec):
        """
        The `BustingUse` of the published asset *spec*: which cache buster works on it; None when there is none.

        `record` is the Busting, `says` what it makes of this asset, `file` the spec of what it reads for that or
        None, `idle` why it is not asked; '' when it is.
        """

    def describe(buster):
        """What a cache buster is, in a few words: as it is written in ZCML where it can be."""


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


class IZCMLLoader(Interface):
    """Reads ZCML into a registry."""

    def load(spec="configure.zcml", *, package=None, features=(), strict=False, limits=None):
        """Load a file and everything it includes; the registry is unchanged when that fails."""
