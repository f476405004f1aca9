"""
What modules import, by which URLs: the graph of their imports, and the import map of a page (HTML, 8.1.5).

A module is never rewritten: a bare name, and under a digest every module, is found by the map, so that an edit of one changes
the URL of that one. What a tree versions keeps its relative imports, and needs no map but for bare names.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from assetzcml.errors import NotPublished
from assetzcml.records.assets import AssetSpec, StaticViewRecord, asset_spec
from assetzcml.records.media_types import content_type
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.records.site import Module
from assetzcml.registry import Registry, Snapshot
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint, may_change_unseen
from assetzcml.resolving.frozen import FrozenRelease, frozen_release
from assetzcml.resolving.resolver import FRESH, Resolver
from assetzcml.resolving.trees import Trees
from assetzcml.urls.applications import application_path, environ_of, path_of_url
from assetzcml.urls.cachebusters import DigestCacheBuster
from assetzcml.urls.integrity import versioned
from assetzcml.urls.lookup import Lookup
from assetzcml.urls.references import URLReference, everything
from assetzcml.urls.tags import Markup, element_text, mounted

__all__ = ["Addresses", "ImportMap", "Imported", "ModuleGraph", "csp_hashes", "import_map", "is_script"]

MAPPED = "assetzcml.mapped"  # in an environ: the integrity that the import map of its page has, by URL
KEPT_MAPS = 64  # of one registry: by where it is mounted, and by which modules are wanted
KEPT_FILES = 10_000  # files whose imports are known; about 5 MB
LARGEST = 8 << 20  # bytes; in what is larger no imports are looked for


def is_script(name: str, types: Any = None) -> bool:
    """Is what has this name JavaScript?"""
    return content_type(name, types or {}).partition(";")[0] == "text/javascript"


class Addresses:
    """Where assets stand in the URLs of an application, without versions: `snapshot.derived(Addresses)`."""

    def __init__(self, snapshot: Snapshot):
        self._lookup = snapshot.derived(Lookup)
        self._views = {view.name: view for view in snapshot.views if not view.external}

    def at(self, path: str) -> tuple[StaticViewRecord, AssetSpec] | None:
        """The static view that a decoded path, without its first slash, belongs to, and the asset there."""
        parts = path.split("/")
        for length in range(len(parts), -1, -1):
            view = self._views.get("/".join(parts[:length]))
            if view is not None:
                below = [part for part in parts[length:] if part]
                if view.file:
                    return None if below else (view, view.root)
                return view, view.root.joined(below)
        return None

    def of(self, spec: AssetSpec) -> str | None:
        """The decoded path of an asset, without its first slash; None for one that is not published here."""
        view, spec = self._lookup.publication(spec)
        if view is None or view.external:
            return None
        below = () if view.file else spec.below(view.root)
        return "/".join(([view.name] if view.name else []) + list(below))


class Imported(NamedTuple):
    """What a reference of a script leads to: the asset, by a bare name or by a path; None for nothing of ours."""

    reference: URLReference
    spec: AssetSpec | None
    bare: bool


class ModuleGraph:
    """What the modules of one registry import. Files are read once, and again when they change."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._known: dict[Fingerprint, tuple[URLReference, ...]] = {}

    def imports(self, spec: AssetSpec) -> list[Imported]:
        """What the script *spec* refers to, in order; nothing for one that is not there."""
        return [self._led(spec, reference) for reference in self._references(spec)]

    def closure(self, spec: AssetSpec) -> list[AssetSpec]:
        """*spec* and all that it imports statically, the nearest first, each once."""
        found = {spec: None}
        waiting = [spec]
        while waiting:
            following = []
            for module in waiting:
                for imported in self.imports(module):
                    target = imported.spec
                    if imported.reference.kind == "import" and target is not None and target not in found:
                        found[target] = None
                        following.append(target)
            waiting = following
        return list(found)

    def is_module(self, spec: AssetSpec) -> bool:
        """Is it a module, by its name or because it imports? A classic script cannot."""
        return spec.name.endswith(".mjs") or any(each.kind == "import" for each in self._references(spec))

    def _references(self, spec: AssetSpec) -> tuple[URLReference, ...]:
        if not is_script(spec.name, self.registry.snapshot.media_types):
            return ()
        try:
            found = self.registry.part(Resolver).look(spec)[1]
            if found is None or found.directory:
                return ()
            version = None if found.status is None else fingerprint(found.status)
            known = None if version is None else self._known.get(version)
            if known is not None:
                return known
            with found.open() as stream:
                content = stream.read(LARGEST + 1)
        except (OSError, ImportError):
            return ()
        references = tuple(everything("x.js", content.decode("utf-8", "replace"))) if len(content) <= LARGEST else ()
        if version is not None and not may_change_unseen(version):
            if len(self._known) >= KEPT_FILES:
                self._known.clear()
            self._known[version] = references
        return references

    def _led(self, spec: AssetSpec, reference: URLReference) -> Imported:
        if reference.module and not reference.url.startswith(("/", "./", "../")):
            return Imported(reference, named(self.registry.snapshot, reference.url, spec), True)
        addresses = self.registry.snapshot.derived(Addresses)
        path = addresses.of(spec)
        target = None if path is None else addresses.at(path_from(path, reference.url) or "//")
        return Imported(reference, target[1] if target is not None else None, False)


def named(snapshot: Snapshot, name: str, importer: AssetSpec | None = None) -> AssetSpec | None:
    """
    The asset that a bare name stands for, as an import map says it: in the deepest scope that the *importer* is in, the
    longest name that is a beginning of it.
    """
    for record in sorted(
        snapshot.modules, key=lambda each: (-len(each.scope.parts) if each.scope else 1, -len(each.name))
    ):
        if record.scope is not None and (importer is None or not importer.under(record.scope)):
            continue
        if record.name == name:
            return record.path
        if record.directory and name.startswith(record.name):
            parts = name[len(record.name) :].split("/")
            return None if ".." in parts else record.path.joined(part for part in parts if part not in ("", "."))
    return None


def path_from(path: str, url: str) -> str | None:
    """
    The decoded path, without its first slash, that *url* leads to from *path*; None for another host, and above the top.

    >>> path_from("static/js/a.js", "../css/b%20c.css?x#y"), path_from("a.js", "/b.js"), path_from("a.js", "https://h/b.js")
    ('static/css/b c.css', 'b.js', None)
    """
    plain = url.strip().replace("\\", "/").partition("#")[0].partition("?")[0]
    if not plain or plain.startswith("//") or ":" in plain.partition("/")[0]:
        return None
    parts = [] if plain.startswith("/") else path.split("/")[:-1]
    for part in unquote(plain).split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


class ImportMap(Markup):
    """
    The element `<script type="importmap">`. *text* is what stands in it, *data* the same as a mapping, and *csp_hash* what a
    Content-Security-Policy without 'unsafe-inline' says of it: `'sha256-...'`.
    """

    __slots__ = ("csp_hash", "data", "text")

    text: str
    data: dict[str, dict[str, Any]]
    csp_hash: str


def import_map(
    registry: Registry,
    request: Any = None,
    prefix: Any = None,
    /,
    **attributes: Any,
) -> ImportMap:
    """
    The import map of a page: the bare names that are declared, and every module below a digest cache buster, under the URL
    that it has now, with its integrity.

    With *prefix*, a spec or several, of the modules below a digest those only that are below it. *attributes* are added to
    the element: `nonce="..."`. Modules whose URL carries no version are in it by their bare names only.
    """
    maps = registry.part(ImportMaps)
    wanted = list(prefix) if isinstance(prefix, (list, tuple, set, frozenset)) else [] if prefix is None else [prefix]
    data, text = maps.of(request, tuple(asset_spec(each) for each in wanted))
    made = ImportMap(element_text("script", {"type": "importmap", **attributes}, text))
    made.text, made.data = text, data
    environ = environ_of(request) if request is not None else None
    if isinstance(environ, dict):
        environ[MAPPED] = data.get("integrity", {})
    made.csp_hash = f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    return made


def csp_hashes(registry: Registry, request: Any = None, prefix: Any = None) -> list[str]:
    """What a Content-Security-Policy says of the inline scripts that we make for a page: its import map."""
    return [import_map(registry, request, prefix).csp_hash]


class ImportMaps:
    """The import maps of one registry, each kept as long as what was found for it is trusted: a second, not with `reload`."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._known: dict[Any, tuple[float, Snapshot, dict[str, Any], str]] = {}
        self._lock = threading.Lock()

    def of(self, request: Any, prefixes: tuple[AssetSpec, ...]) -> tuple[dict[str, Any], str]:
        snapshot = self.registry.snapshot
        mount = application_path(request) if request is not None else path_of_url(
            self.registry.settings.get("application_url") or ""
        )  # fmt: skip
        key = mount, prefixes, snapshot.is_on("prevent_cachebust")
        known = self._known.get(key)
        now = time.monotonic()
        if known is not None and known[0] > now and known[1] is snapshot and not snapshot.is_on("reload"):
            return known[2], known[3]
        frozen = self.registry.snapshot.derived(frozen_release)
        if frozen is not None:
            data = self._mounted(_below(frozen, prefixes), request)
        else:
            data = _Map(self.registry, snapshot, request, prefixes).data()
        # No character by which an element could end (HTML, 13.1.2.1), whatever a file is called.
        text = json.dumps(data, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
        with self._lock:
            if len(self._known) >= KEPT_MAPS:
                self._known.clear()
            self._known[key] = now + FRESH, snapshot, data, text
        return data, text

    def _mounted(self, data: dict[str, Any], request: Any) -> dict[str, Any]:
        """The map of what was frozen, where the application is mounted."""

        def url(text: str) -> str:
            return mounted(self.registry, text, request) if text.startswith("/") else text

        def urls(names: dict[str, str]) -> dict[str, str]:
            return {url(name): url(target) for name, target in names.items()}

        found: dict[str, Any] = {"imports": urls(data["imports"])}
        if data.get("scopes"):
            found["scopes"] = {url(scope): urls(names) for scope, names in data["scopes"].items()}
        if data.get("integrity"):
            found["integrity"] = {url(name): text for name, text in data["integrity"].items()}
        return found


def _below(frozen: FrozenRelease, prefixes: tuple[AssetSpec, ...]) -> dict[str, Any]:
    """The import map of what was frozen: the bare names, and of the modules those below *prefixes*, or all."""
    data = frozen.import_map
    if not prefixes:
        return data
    files = {found[0] for prefix in prefixes if (found := frozen.url(str(prefix))) is not None}
    directories = tuple(found[0] for prefix in prefixes if (found := frozen.url(f"{prefix}/")) is not None)
    imports = {
        name: url
        for name, url in data["imports"].items()
        if ("/" not in name[:1] and "//" not in name) or url in files or name.startswith(directories)
    }
    urls = {*imports.values(), *(url for names in data.get("scopes", {}).values() for url in names.values())}
    integrity = {url: said for url, said in data.get("integrity", {}).items() if url in urls}
    return {**data, "imports": imports, "integrity": integrity}


class _Map:
    """One import map, while it is made."""

    def __init__(self, registry: Registry, snapshot: Snapshot, request: Any, prefixes: tuple[AssetSpec, ...]):
        self.registry = registry
        self.snapshot = snapshot
        self.request = request
        self.prefixes = prefixes
        self.imports: dict[str, str] = {}
        self.scopes: dict[str, dict[str, str]] = {}
        self.integrity: dict[str, str] = {}

    def data(self) -> dict[str, Any]:
        digests = list(self._under_digests())
        for spec in digests:
            if not self.prefixes or any(spec.under(prefix) for prefix in self.prefixes):
                plain = self._plain(spec)
                url = self._url(spec)
                if plain is not None and url is not None and url != plain:
                    self.imports[plain] = url
        for record in self.snapshot.modules:
            self._named(record, digests)
        more = {"scopes": self.scopes, "integrity": self.integrity}
        return {"imports": self.imports, **{key: value for key, value in more.items() if value}}

    def _named(self, record: Module, digests: list[AssetSpec]) -> None:
        imports = self.imports
        if record.scope is not None:
            scope = self._directory(record.scope)
            if scope is None:
                return
            imports = self.scopes.setdefault(scope, {})
        if not record.directory:
            url = self._url(record.path)
            if url is not None:
                imports[record.name] = url
            return
        url = self._directory(record.path)
        if url is None:
            return
        imports[record.name] = url
        for spec in digests:  # what the beginning leads to is not looked up in the map again
            if spec.under(record.path):
                found = self._url(spec)
                if found is not None:
                    imports[record.name + "/".join(spec.below(record.path))] = found

    def _directory(self, spec: AssetSpec) -> str | None:
        """The URL of a directory, with its slash; None for what is not published."""
        try:
            url = self._mounted(self.snapshot.urls.static_path(f"{spec}/", _app_url=""))
        except NotPublished:
            return None
        return url if url.endswith("/") else f"{url}/"

    def _under_digests(self) -> Iterator[AssetSpec]:
        """Every module whose URL carries its digest."""
        for busting in self.snapshot.derived(Lookup).bustings:
            if isinstance(busting.buster, DigestCacheBuster) and not busting.record.explicit:
                count = self.registry.part(Trees).tree(self.snapshot, busting.record.path).current()
                for name in count.files:
                    if is_script(name, self.snapshot.media_types):
                        yield busting.record.path.joined(name.split("/"))

    def _plain(self, spec: AssetSpec) -> str | None:
        """The URL without a version: what a browser makes of a relative import."""
        path = self.snapshot.derived(Addresses).of(spec)
        if path is not None:
            return self._mounted("/" + quote(path, PATH_SAFE))
        try:
            place = self.snapshot.derived(Lookup).place(spec)
        except NotPublished:
            return None
        return self._mounted(place.url(place.subpath))

    def _url(self, spec: AssetSpec) -> str | None:
        """The URL that the module has now; its integrity is noted. None for what is not published, or gone."""
        try:
            path, integrity = versioned(self.registry, spec)
        except NotPublished:
            return None
        except (OSError, ImportError):
            return None
        url = self._mounted(path)
        if integrity is not None:
            self.integrity[url] = integrity
        return url

    def _mounted(self, url: str) -> str:
        return mounted(self.registry, url, self.request)
