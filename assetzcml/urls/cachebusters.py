"""The cache busters that ship, in Pyramid's protocol: a new version of an asset has a new URL."""

from __future__ import annotations

import copy
import enum
import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from zope.interface import implementer

from assetzcml.errors import InvalidManifest, NotBusted, did_you_mean
from assetzcml.interfaces import IBindable, ICacheBuster
from assetzcml.late import inspect, late_logger
from assetzcml.records import rules
from assetzcml.records.assets import AssetSpec, Busting, asset_spec
from assetzcml.registry import Part, Registry
from assetzcml.resolving.digests import DIGEST_LENGTH, Digests, with_digest
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, is_young
from assetzcml.resolving.neighbours import nearest_beside
from assetzcml.resolving.packages import Found, Packages
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import SearchPaths
from assetzcml.typing import SpecLike
from assetzcml.urls import manifest_format
from assetzcml.urls.applications import environ_of, path_of_url
from assetzcml.urls.manifest_format import EMPTY, ManifestEntries
from assetzcml.urls.queries import with_parameter
from assetzcml.urls.roots import StrongestViews

if TYPE_CHECKING:
    from assetzcml.resolving.counting import Count
    from assetzcml.resolving.trees import Tree

__all__ = [
    "DigestCacheBuster",
    "Lasting",
    "ManifestCacheBuster",
    "QueryStringCacheBuster",
    "QueryStringConstantCacheBuster",
    "TreeCacheBuster",
    "lasting",
    "renames",
    "segment_version",
]

TREES = Part("assetzcml.resolving.trees", "Trees")  # opened where a version is of a whole root

log = late_logger("assetzcml")


class Lasting(enum.Enum):
    """How long what a cache buster said about an asset may be repeated without asking it again."""

    SNAPSHOT = enum.auto()  # as long as the configuration
    FOUND = enum.auto()  # as long as what the resolver found is trusted
    NEVER = enum.auto()  # it is code of others, which may say something else each time


@implementer(ICacheBuster)
class QueryStringCacheBuster:
    """
    Adds a token to the query. Subclass it, and define `tokenize(request, subpath, kw)` or `tokenize(pathspec)`.

    Which of the two is decided by the number of arguments that `tokenize` takes. A token is a str or bytes.

    >>> class ByName(QueryStringCacheBuster):
    ...     def tokenize(self, pathspec):
    ...         return pathspec.rpartition("/")[2]
    >>> ByName()(None, "app.css", {"pathspec": "shop:static/app.css"})[1]["_query"]
    {'x': 'app.css'}
    """

    param: str = "x"

    def __init__(self, param: str = "x"):
        self.param: str = rules.parameter(param)

    def tokenize(self, request: Any, subpath: str, kw: dict[str, Any]) -> str | bytes:
        """The token for the asset; *kw* has 'pathspec' and 'rawspec'."""
        raise NotImplementedError(
            f"{type(self).__name__} has to define tokenize(request, subpath, kw) or tokenize(pathspec)"
        )

    def __call__(self, request: Any, subpath: str, kw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if _takes_pathspec(self):
            token = self.tokenize(kw.get("pathspec", subpath))  # type: ignore[call-arg]
        else:
            token = self.tokenize(request, subpath, kw)
        return subpath, {**kw, "_query": with_parameter(kw.get("_query"), self.param, token)}


# Weak, so that a class made at run time does not live for ever.
_PATHSPEC_CLASSES: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()


def _takes_pathspec(buster: QueryStringCacheBuster) -> bool:
    """Is its `tokenize` the short one?"""
    if "tokenize" in vars(buster):
        return _one_argument(buster.tokenize)
    known = _PATHSPEC_CLASSES.get(type(buster))
    if known is None:
        known = _PATHSPEC_CLASSES[type(buster)] = _one_argument(buster.tokenize)
    return known


def _one_argument(tokenize: Callable[..., Any]) -> bool:
    signature = inspect.signature(tokenize)
    for arguments in (3, 1):
        try:
            signature.bind(*(None,) * arguments)
        except TypeError:
            continue
        return arguments == 1
    raise TypeError(f"tokenize{signature} of a cache buster takes neither (request, subpath, kw) nor (pathspec)")


class QueryStringConstantCacheBuster(QueryStringCacheBuster):
    """
    Adds the same token to every URL.

    >>> QueryStringConstantCacheBuster("v42")(None, "app.css", {})
    ('app.css', {'_query': {'x': 'v42'}})
    """

    def __init__(self, token: str | bytes, param: str = "x"):
        super().__init__(param)
        self._token = rules.token_value(token)

    def tokenize(self, request: Any, subpath: str, kw: dict[str, Any]) -> str | bytes:
        found: str | bytes = self._token
        return found

    def wording(self) -> str:
        """How ZCML says it."""
        token = self._token.decode("utf-8", "replace") if isinstance(self._token, bytes) else self._token
        return f'token="{token}"' + (f' param="{self.param}"' if self.param != "x" else "")


Signature = tuple[str, Fingerprint]  # the path of a file, and which version of it


class _Read(NamedTuple):
    """What a manifest was when it was read, and what it said."""

    signature: Signature | None
    manifest: ManifestEntries


# Manifests that one registry keeps as they were read; more than any application has.
MOST_MANIFESTS = 1_000


class ManifestFiles:
    """
    The manifests that were read for one registry, however many cache busters read them: each is read once, and again
    when it has changed. Only for the format that we know; what a subclass makes of a file is its own.
    """

    def __init__(self, registry: Any = None) -> None:
        self._known: dict[str, _Read] = {}
        # What was read to look whether a cache buster holds: by the spec, with the overrides it was found through. Who
        # is the first to need it, the same buster a moment later, takes it.
        self.looked_at: dict[AssetSpec, tuple[object, _Read]] = {}

    def known(self, signature: Signature | None) -> _Read | None:
        """What a file with this signature said; None when it was not read."""
        read = None if signature is None else self._known.get(signature[0])
        return read if read is not None and read.signature == signature else None

    def keep(self, read: _Read) -> None:
        if read.signature is None or is_young(read.signature[1]):
            return
        if len(self._known) >= MOST_MANIFESTS:
            self._known.clear()
        self._known[read.signature[0]] = read


@implementer(ICacheBuster, IBindable)
class ManifestCacheBuster:
    """
    Looks the name of an asset up in a manifest, a JSON file that a build tool wrote: `{"app.css": "app-1f.css"}`.

    In a registry the manifest is read through its overrides, and the keys are relative to the path the buster was
    declared for (the path the asset really comes from, when it is explicit). By itself, as in Pyramid, it is read
    without overrides, and the keys are relative to the static view's root.

    *manifest_spec* is 'package:path' or an absolute path. With *reload* a change of the file is noticed at each
    URL, a missing file is an empty manifest, and one that cannot be read leaves the last good one in force; None
    means the setting `reload`. An asset without an entry keeps its name; with `missing="error"` it has no URL
    (NotBusted, a ValueError).

    Raises InvalidManifest, a ConfigurationError and a ValueError, for a manifest that is missing or refused.
    For another format, override `parse_manifest`.
    """

    def __init__(self, manifest_spec: SpecLike | AssetSpec, reload: bool | None = False, missing: str = "plain"):
        self.manifest_spec: AssetSpec = asset_spec(manifest_spec)
        self.reload: bool | None = rules.flag("reload", reload, unset=True)
        self.missing: str = rules.missing_word(missing)
        self._registry: Registry | None = None
        self._busting: Busting | None = None
        self._read: _Read | None = None
        self._read_through: object = None  # the overrides
        self._files = ManifestFiles()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.manifest_spec}>"

    def parse_manifest(self, content: bytes) -> Mapping[str, str]:
        """The mapping that *content*, the bytes of the manifest, stands for. What it raises refuses the manifest."""
        return manifest_format.parse_manifest(content)

    @property
    def manifest(self) -> Mapping[str, str]:
        """The entries in force. Raises InvalidManifest."""
        return self.current().entries

    def current(self) -> ManifestEntries:
        """The manifest in force. Raises InvalidManifest."""
        if self.reloads():
            return self._reread()
        if self._read is None or (self._registry is not None and self._through() is not self._read_through):
            self._read_through = self._through()
            through, read = self._files.looked_at.pop(self.manifest_spec, (None, None))
            self._read = read if read is not None and through is self._read_through else self._load(self._find())
        return self._read.manifest

    def _through(self) -> object:
        """The same object as long as the overrides are the same, through which the manifest is found."""
        return self._registry.snapshot.derived(SearchPaths).of_overrides if self._registry is not None else None

    def reloads(self) -> bool:
        """Is a change of the manifest noticed?"""
        if self.reload is None:
            return self._registry is not None and self._registry.snapshot.is_on("reload")
        return bool(self.reload)

    def wording(self) -> str:
        """How ZCML says it."""
        return f'manifest="{self.manifest_spec}"'

    def bound(self, registry: Registry, busting: Busting) -> ManifestCacheBuster:
        """This cache buster at work for *registry*; see `IBindable`."""
        bound = copy.copy(self)
        bound._registry = registry
        bound._busting = busting
        bound._read = None
        if not _overrides(self, ManifestCacheBuster, "parse_manifest"):
            bound._files = registry.owner.part(ManifestFiles)
        return bound

    def problems(self, registry: Registry, busting: Busting) -> Iterator[str]:
        """What would fail when it works so; see `IBindable`."""
        bound = self.bound(registry, busting)
        found = bound._find()
        if found is None and bound.reloads():
            return
        try:
            read = bound._load(found)
            manifest = read.manifest
            bound._files.looked_at = {self.manifest_spec: (bound._through(), read)}
        except InvalidManifest as error:
            yield str(error)
        else:
            yield from bound._escapes(registry, busting, manifest)

    def __call__(self, request: Any, subpath: str, kw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        manifest = self.current()
        if self._busting is None:
            value = manifest.entries.get(subpath)
            return (self._unlisted(manifest, subpath, subpath) if value is None else value), kw
        return self._renamed(manifest, self._busting, subpath, kw), kw

    def _renamed(self, manifest: ManifestEntries, busting: Busting, subpath: str, kw: dict[str, Any]) -> str:
        tail = asset_spec(kw["rawspec" if busting.explicit else "pathspec"]).below(busting.path)
        key = "/".join(tail) + ("/" if subpath.endswith("/") else "")
        value = manifest.entries.get(key)
        if value is None:
            return self._unlisted(manifest, subpath, key)
        path = tuple(subpath.split("/"))
        shared = _shared_end(path, tail)
        above, directories = path[:-shared], tail[:-shared]
        if shared and not (above and directories):
            return "".join(f"{each}/" for each in above) + self._inside(value, key, directories)
        start = "".join(f"{each}/" for each in directories)
        if shared and not busting.explicit and value.startswith(start):  # it was merged below another directory
            return "".join(f"{each}/" for each in above) + value.removeprefix(start)
        # An override gave the asset another name, by which no entry can be asked for.
        return self._unlisted(manifest, subpath, key)

    def _inside(self, value: str, key: str, directories: tuple[str, ...]) -> str:
        """*value* relative to *directories*, where the static view's root is."""
        start = "".join(f"{each}/" for each in directories)
        if not value.startswith(start):
            raise NotBusted(f"{self._subject()} moves {key!r} to {value!r}, out of the static view's root {start!r}")
        return value[len(start) :]

    def _unlisted(self, manifest: ManifestEntries, subpath: str, key: str) -> str:
        if self.missing == "error":
            hint = did_you_mean(key, manifest.entries)
            raise NotBusted(f"{self._subject()} has no entry for {key!r}{'; ' if hint else ''}{hint}")
        return subpath

    def _subject(self) -> str:
        return f"the manifest {str(self.manifest_spec)!r}"

    def _find(self) -> Found | None:
        """The file as it is now."""
        try:
            if self._registry is not None:
                found = self._registry.part(Resolver).look(self.manifest_spec, anew=True)[1]
            else:
                found = next(Packages().find(self.manifest_spec), None)
        except ImportError as error:
            raise InvalidManifest(f"{self._subject()} cannot be read: {error}") from error
        return found

    def _load(self, found: Found | None) -> _Read:
        if found is None:
            raise InvalidManifest(f"{self._subject()} does not exist{self._similar_names()}")
        signature = _signature(found)
        known = self._files.known(signature)
        if known is not None:
            return known
        try:
            with found.open() as stream:
                content = stream.read()
        except OSError as error:
            raise InvalidManifest(f"{self._subject()} cannot be read: {error.strerror or error}") from error
        try:
            entries = self.parse_manifest(content)
            is_placed = isinstance(entries, manifest_format.Unplaced)
            manifest = ManifestEntries(manifest_format.placed(entries, *self._place()) if is_placed else entries)
            manifest.fleeting = manifest_format.fleeting(entries, manifest.keys)
        except InvalidManifest as error:
            raise InvalidManifest(f"{self._subject()}: {error}") from error
        except Exception as error:  # parse_manifest may be the code of others
            raise InvalidManifest(f"{self._subject()} cannot be parsed: {type(error).__name__}: {error}") from error
        read = _Read(signature, manifest)
        if not is_placed:  # another cache buster may be of another place
            self._files.keep(read)
        return read

    def _place(self) -> tuple[tuple[str, ...], list[str]]:
        """The directories that lead to the root, and the URLs where it is published."""
        if self._registry is None or self._busting is None:
            return (), []
        path, bases = self._busting.path, []
        mount = path_of_url(self._registry.settings.get("application_url") or "")
        for view in self._registry.snapshot.views:
            if not view.file and path.under(view.root):
                below = "".join(f"{part}/" for part in path.below(view.root))
                name = f"{view.name}/" if view.name and not view.name.endswith("/") else view.name
                bases += [f"{name}{below}"] if view.external else [f"/{name}{below}", f"{mount}/{name}{below}"]
        return path.parts, list(dict.fromkeys(bases))

    def _reread(self) -> ManifestEntries:
        """The manifest as it is now: empty while it is missing, the last good one while it cannot be read."""
        found = self._find()
        if found is None:
            self._read = None
            return EMPTY
        known = self._read
        if known is not None and known.signature is not None and known.signature == _signature(found):
            return known.manifest
        try:
            read = self._load(found)
        except InvalidManifest as error:
            log.warning("%s; %s", error, "its last good state is used" if known else "it is taken to be empty")
            read = _Read(_signature(found), known.manifest if known else EMPTY)
        self._read = read
        return read.manifest

    def _similar_names(self) -> str:
        """A hint at a file of a similar name beside the missing one."""
        if self._registry is None:
            return ""
        hint = nearest_beside(self._registry.part(Resolver), self.manifest_spec)
        return f"; {hint}" if hint else ""

    def _escapes(self, registry: Registry, busting: Busting, manifest: ManifestEntries) -> Iterator[str]:
        """The entries that no static view below the buster's path can follow."""
        if busting.explicit:
            return
        for view in registry.snapshot.derived(StrongestViews).directories.below(busting.path):
            directory = view.root.below(busting.path)
            moves = [f"{key!r} to {value!r}" for key, value in manifest_format.escaping_values(manifest, directory)]
            if moves:
                moved = ", ".join(manifest_format.listed(moves))
                yield f"{self._subject()} moves {moved}, out of the root {str(view.root)!r} of {view}"


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    """How many segments two paths have in common at their end."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _signature(found: Found) -> Signature | None:
    return None if found.status is None or found.path is None else (found.path, fingerprint(found.status))


@implementer(ICacheBuster, IBindable)
class DigestCacheBuster:
    """
    Puts the SHA-256 of the bytes really served into the name: `app.css` becomes `app-3f2a9c81b7d0.css`.

    The static views of the registry answer such names. A directory and a missing file keep their names; with
    `missing="error"` they have no URL (NotBusted, a ValueError). It works only in a registry.

    *former* says what a digest that is not the current one is answered with: 'current', the bytes there are, which
    nobody may store; or 'missing', a 404.
    """

    def __init__(self, missing: str = "plain", former: str = "current"):
        self.missing: str = rules.missing_word(missing)
        self.former: str = rules.former_word(former)
        self._registry: Registry | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def wording(self) -> str:
        """How ZCML says it."""
        return 'digest="sha256"' + ("" if self.former == "current" else f' former="{self.former}"')

    def bound(self, registry: Registry, busting: Busting) -> DigestCacheBuster:
        """This cache buster at work for *registry*; see `IBindable`."""
        bound = copy.copy(self)
        bound._registry = registry
        return bound

    def problems(self, registry: Registry, busting: Busting) -> Iterable[str]:
        """What would fail when it works so; see `IBindable`."""
        return ()

    def __call__(self, request: Any, subpath: str, kw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        directory, slash, name = subpath.rpartition("/")
        try:
            return directory + slash + with_digest(name, self._digest(kw["pathspec"], name)), kw
        except (OSError, ImportError) as error:
            if self.missing == "error":
                raise NotBusted(
                    f"{kw['pathspec']!r} has no digest: {getattr(error, 'strerror', None) or error}"
                ) from error
            return subpath, kw

    def _digest(self, spec: str, name: str) -> str:
        if self._registry is None:
            raise TypeError("a DigestCacheBuster works in an AssetRegistry, whose static views answer its names")
        found = self._registry.part(Resolver).look(spec)[1]
        if found is None:
            raise FileNotFoundError("no layer has it")
        if found.directory or not name:
            raise IsADirectoryError("it is a directory")
        return self._registry.part(Digests).digest(found)


# '~' and 12 hex digits, and what follows: "~3f2a9c81b7d0/css/app.css".
_SEGMENT = re.compile(rf"~([0-9a-f]{{{DIGEST_LENGTH}}})(?:/(.*))?", re.DOTALL)


def segment_version(subpath: str) -> tuple[str, str] | None:
    """
    What follows the segment of a tree version, and the version; None where *subpath* begins with none.

    >>> segment_version("~3f2a9c81b7d0/css/app.css"), segment_version("~3f2a9c81b7d0"), segment_version("~new/app.css")
    (('css/app.css', '3f2a9c81b7d0'), ('', '3f2a9c81b7d0'), None)
    """
    found = _SEGMENT.fullmatch(subpath)
    return None if found is None else (found[2] or "", found[1])


@implementer(ICacheBuster, IBindable)
class TreeCacheBuster:
    """
    Puts the version of everything below its path before the path: `css/app.css` becomes `~3f2a9c81b7d0/css/app.css`.

    The version is of the names and digests of all that is published there, overrides included (see
    `assetzcml.resolving.trees`), so what an asset refers to by a relative reference has the same version, and not a byte
    of it is changed. The static views of the registry answer such paths. What is not there keeps its URL; with
    `missing="error"` it has none (NotBusted, a ValueError). It works only in a registry, and is never explicit.

    *former* is that of `DigestCacheBuster`.
    """

    def __init__(self, missing: str = "plain", former: str = "current"):
        self.missing: str = rules.missing_word(missing)
        self.former: str = rules.former_word(former)
        self._registry: Registry | None = None
        self._path: AssetSpec | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def wording(self) -> str:
        """How ZCML says it."""
        return 'tree="sha256"' + ("" if self.former == "current" else f' former="{self.former}"')

    def bound(self, registry: Registry, busting: Busting) -> TreeCacheBuster:
        """This cache buster at work for *registry*; see `IBindable`."""
        bound = copy.copy(self)
        bound._registry = registry
        bound._path = busting.path
        return bound

    def problems(self, registry: Registry, busting: Busting) -> Iterable[str]:
        """What would fail when it works so; see `IBindable`."""
        return ()

    def strip(self, subpath: str) -> tuple[str, str] | None:
        """What `__call__` put before a path, taken off: the path and the version."""
        return segment_version(subpath)

    def tree(self) -> Tree:
        """The tree that the version is of."""
        if self._registry is None or self._path is None:
            raise TypeError("a TreeCacheBuster works in an AssetRegistry, whose static views answer its URLs")
        tree: Tree = self._registry.part(TREES.find()).tree(self._registry.snapshot, self._path)
        return tree

    def name_of(self, spec: AssetSpec) -> str | None:
        """The name of *spec* in the tree; None when it is not below the tree's path."""
        return "/".join(spec.below(self._path)) if self._path is not None and spec.under(self._path) else None

    def __call__(self, request: Any, subpath: str, kw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        tree = self.tree()
        name = self.name_of(asset_spec(kw["pathspec"]))
        count = tree.current(anew=self._compares(request))
        if not _counts(count, name) and self._is_there(kw["pathspec"]):
            count = tree.noticed()
        if _counts(count, name):
            return f"~{count.version}/{subpath}", kw
        if self.missing == "error":
            raise NotBusted(f"{kw['pathspec']!r} has no version: it is not in the tree {str(self._path)!r}")
        return subpath, kw

    def _compares(self, request: Any) -> bool:
        """Is the tree to be compared for this URL? With the setting `reload`, but once for a request."""
        if self._registry is None or not self._registry.snapshot.is_on("reload"):
            return False
        environ = environ_of(request) if request is not None else None
        if not isinstance(environ, dict):
            return True
        compared = environ.setdefault("assetzcml.compared", set())
        if self._path in compared:
            return False
        compared.add(self._path)
        return True

    def _is_there(self, spec: str) -> bool:
        try:
            return self._registry is not None and self._registry.part(Resolver).look(spec)[1] is not None
        except ImportError:
            return False


def _counts(count: Count, name: str | None) -> bool:
    return name is not None and (name in count.files or name in count.directories)


# What would have to be overridden for a subclass to say something else each time.
_STEADY: tuple[tuple[type, tuple[str, ...]], ...] = (
    (QueryStringConstantCacheBuster, ("__call__", "tokenize")),
    (ManifestCacheBuster, ("__call__", "manifest", "current", "_renamed", "_unlisted")),
    (DigestCacheBuster, ("__call__", "_digest")),
    (TreeCacheBuster, ("__call__", "tree")),
)


def lasting(buster: Any) -> Lasting:
    """How long an answer of *buster* holds. Code of others, also a subclass that decides itself, is asked each time."""
    for kind, deciding in _STEADY:
        if isinstance(buster, kind) and not any(_overrides(buster, kind, name) for name in deciding):
            if isinstance(buster, (DigestCacheBuster, TreeCacheBuster)):
                return Lasting.FOUND
            if isinstance(buster, ManifestCacheBuster) and buster.reload is not False:
                return Lasting.NEVER if buster.reload else Lasting.FOUND
            return Lasting.SNAPSHOT
    return Lasting.NEVER


def _overrides(buster: Any, kind: type, name: str) -> bool:
    return name in vars(buster) or getattr(type(buster), name) is not getattr(kind, name)


def renames(buster: Any) -> bool:
    """Does *buster* change names, which a `staticFile` keeps?"""
    return isinstance(buster, (ManifestCacheBuster, DigestCacheBuster, TreeCacheBuster))
