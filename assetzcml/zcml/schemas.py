"""What our directives may say: each attribute with its field, default, bound and meaning. `docs/directives` prints it."""

from __future__ import annotations

from zope.configuration.fields import GlobalObject
from zope.interface import Interface, taggedValue

from assetzcml.records import rules
from assetzcml.records.readers import (
    CODINGS,
    KEEP,
    LOCAL,
    ONE_HOUR,
    YOUNGER,
    asset_below,
    content_codings,
    duration,
    file_name,
    frozen_manifest,
    header_field,
    header_match,
    immutable_patterns,
    index_name,
    module_name,
    permission_name,
    send_way,
    size,
    store_directory,
    store_endpoint,
    store_url,
)
from assetzcml.zcml.fields import Checked, FileSpec, Flag, MaxAge, Name, Side, Spec

__all__ = [
    "IAssetDirective",
    "ICacheBusterDirective",
    "IContentStoreDirective",
    "IFrozenDirective",
    "IHeader",
    "IMediaTypeDirective",
    "IModuleDirective",
    "IPermissionPolicyDirective",
    "IStaticFileDirective",
    "IStaticViewDirective",
]


def keep_count(text: str) -> int:
    """A number of releases. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= rules.MOST_KEPT):
        raise ValueError(f"a number from 1 to {rules.MOST_KEPT} was expected")
    return int(text)


class IPublished(Interface):
    """What `staticView` and `staticFile` have in common."""

    taggedValue("examples", {"name": "static", "path": "package:static"})

    name = Name(
        title="URL prefix, or external base URL",
        description="Without a scheme: segments of the application's URLs, '/' for its root. "
        "With one, or with a leading '//': URLs are made with it, and others serve them.",
    )
    path = Spec(
        title="Asset spec of what is published", description="package:path, .subpackage:path, path or /absolute/path."
    )
    cache_max_age = MaxAge(
        title="Freshness lifetime, in seconds",
        description="Sent as Cache-Control: max-age (RFC 9111, 5.2.2.1), 0 to 2147483647. "
        "0 makes every client ask again.",
        default=ONE_HOUR,
        required=False,
    )
    permission = Checked(
        permission_name,
        title="Permission that a client must have",
        description="Asked of the permission policy before it is looked whether the asset exists.",
        required=False,
    )
    content_encodings = Checked(
        lambda text: content_codings(text.split()),
        title="Content codings that may be sent, the preferred first",
        description=f"Of {', '.join(CODINGS)} (RFC 9110, 8.4.1): the compressed file lies beside the asset, "
        "as app.css.br does.",
        default=(),
        required=False,
    )


class IStaticViewDirective(IPublished):
    """`staticView`: publish a directory."""

    index = Checked(
        index_name,
        title="File that stands for its directory",
        description="Empty for none.",
        default="index.html",
        required=False,
    )
    reload = Flag(
        title="Look at the disk at every request?",
        description="Without it a change is noticed within a second. The setting 'reload' is the default.",
        required=False,
    )
    follow_symlinks = Flag(
        title="Serve what symbolic links lead to outside the root?",
        description="Or under the root of a more specific static view. The setting 'follow_symlinks' is the default.",
        required=False,
    )
    dotfiles = Flag(
        title="Serve names that begin with a dot?",
        description=".well-known is always served.",
        default=False,
        required=False,
    )
    immutable_names = Checked(
        lambda text: immutable_patterns(text.split()),
        title="Names that never get other bytes",
        description="Globs such as 'assets/*-????????.*', for names that another tool has made from the content: sent with "
        "Cache-Control: immutable.",
        default=(),
        required=False,
    )
    not_found = Checked(
        lambda text: asset_below(text, "not_found"),
        title="Asset that is the body of a 404",
        description="Its path below the root.",
        default="",
        required=False,
    )
    single_page = Checked(
        lambda text: asset_below(text, "single_page"),
        title="Asset that answers a path that leads to nothing",
        description="Its path below the root; for paths whose last segment has no dot.",
        default="",
        required=False,
    )
    send = Checked(
        send_way,
        title="Front server that sends the bytes",
        description="'x-accel-redirect /prefix' (nginx) or 'x-sendfile'.",
        required=False,
    )


class IStaticFileDirective(IPublished):
    """`staticFile`: publish one file."""

    taggedValue("examples", {"name": "favicon.ico", "path": "package:static/favicon.ico"})

    name = Checked(
        file_name,
        title="URL path of the file",
        description="Segments of the application's URLs, such as 'favicon.ico'.",
    )
    path = FileSpec(
        title="Asset spec of the file", description="package:path, .subpackage:path, path or /absolute/path."
    )


class IHeader(Interface):
    """`header` in `staticView` and `staticFile`: a header of every 200, 206 and 304 response."""

    taggedValue("examples", {"name": "X-Frame-Options", "value": "DENY"})

    name = Checked(lambda text: header_field(text, "")[0], title="Field name (RFC 9110, 5.1)")
    value = Checked(lambda text: header_field("X", text)[1], title="Field value (RFC 9110, 5.5)")
    match = Checked(
        header_match,
        title="Assets that have it",
        description="A glob relative to the root, such as '*.woff2' or 'fonts/**'. Without it, all of them.",
        required=False,
    )


class IAssetDirective(Interface):
    """`asset`: look for an asset, or for all of a directory or package, somewhere else first."""

    taggedValue("examples", {"to_override": "package:path", "override_with": "package:path"})

    to_override = Side(title="Asset spec of what is overridden", description="A directory ends with a slash.")
    override_with = Side(title="Asset spec of what is looked at first", description="A directory ends with a slash.")


class ICacheBusterDirective(Interface):
    """`cacheBuster`: change the URLs of what is below a path so that a new version has a new URL."""

    taggedValue("examples", {"path": "package:static"})

    path = Spec(title="Asset spec below which it works")
    digest = Checked(
        rules.digest_name,
        title="Digest of the bytes in the name",
        description="'sha256' is the only value.",
        required=False,
    )
    tree = Checked(
        rules.tree_name,
        title="Version of all that is below the path, as one segment",
        description="'sha256' is the only value. Relative references keep the version.",
        required=False,
    )
    manifest = Spec(title="Asset spec of a JSON file that maps names to names", required=False)
    token = Checked(rules.token_value, title="Value of a query parameter", required=False)
    buster = GlobalObject(title="Dotted name of a cache buster: the object or function itself", required=False)
    factory = GlobalObject(
        title="Dotted name of what is called to make a cache buster",
        description="All other attributes become its keyword arguments.",
        required=False,
    )
    param = Checked(
        rules.parameter,
        title="Name of the query parameter, with token",
        description="'x' when left out.",
        required=False,
    )
    explicit = Flag(title="Does the path name where assets really come from?", default=False, required=False)
    missing = Checked(
        rules.missing_word,
        title="For an asset without a new name: 'plain' or 'error'",
        description="'plain' when left out.",
        required=False,
    )
    former = Checked(
        rules.former_word,
        title="What another version is answered with, with digest and tree: 'current', 'missing' or 'stored'",
        description="'current' when left out: the bytes there are, which nobody may store.",
        required=False,
    )
    reload = Flag(title="Look whether the manifest changed at every URL?", default=False, required=False)


ICacheBusterDirective.setTaggedValue("keyword_arguments", True)  # those of `factory`


class IMediaTypeDirective(Interface):
    """`mediaType`: the media type of all assets whose names end with an extension."""

    taggedValue("examples", {"extension": "dat", "type": "application/octet-stream"})

    extension = Checked(rules.extension, title="Extension, without its dot", description="Case does not matter.")
    type = Checked(
        rules.media_type,
        title="Media type (RFC 9110, 8.3.1)",
        description="Text, scripts and JSON get charset=utf-8, unless it has parameters.",
    )


class IModuleDirective(Interface):
    """`module`: the bare name by which modules import a script."""

    name = Checked(
        module_name,
        title="Bare name, or beginning of such",
        description="As import statements have it: '@shop/cart', 'lodash'. With a slash behind it, all names that begin so.",
    )
    path = Spec(
        title="Asset spec of the script, or of the directory",
        description="A directory where the name ends with a slash.",
    )
    scope = Spec(
        title="Asset spec of the directory whose modules import so",
        description="All modules when left out.",
        required=False,
    )


class IFrozenDirective(Interface):
    """`frozen`: serve what was frozen, and look at no source."""

    manifest = Checked(
        frozen_manifest,
        title="Manifest of the release, as an absolute path",
        description="'generations/<release>.json' of a frozen directory; or the directory: the release that it serves now.",
    )


class IContentStoreDirective(Interface):
    """`contentStore`: keep the contents of releases, so that every version is answered with its own bytes."""

    directory = Checked(
        store_directory,
        title="Directory, as an absolute path",
        description="Outside of every published root. It is made when it is first needed.",
    )
    keep = Checked(
        keep_count,
        title="How many releases are kept at least",
        description=f"1 to {rules.MOST_KEPT}; {KEEP} when left out.",
        default=KEEP,
        required=False,
    )
    younger = Checked(
        duration,
        title="For how long a release is kept at least",
        description="A number with s, m, h, d or w; '14d' when left out.",
        default=YOUNGER,
        required=False,
    )
    url = Checked(
        store_url,
        title="Destination that many hosts share",
        description="s3://bucket/prefix, gs://, az://, file:///directory, or of a scheme that a package brings. "
        "The directory then has what this host has asked for.",
        required=False,
    )
    endpoint = Checked(
        store_endpoint,
        title="Where the service of the url is",
        description="Its maker's when left out.",
        required=False,
    )
    local = Checked(
        size,
        title="How many bytes of contents are kept in the directory, with a url",
        description="A number with B, kB, KiB, MB, MiB, GB or GiB; '1GB' when left out.",
        default=LOCAL,
        required=False,
    )


class IPermissionPolicyDirective(Interface):
    """`permissionPolicy`: who is asked whether a client has a permission."""

    taggedValue("examples", {"policy": "package.module.Class"})

    policy = GlobalObject(
        title="Dotted name of an object with permits(), or of a class that is called without arguments"
    )
