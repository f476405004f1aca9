"""What `{% static %}`, `findstatic` and `collectstatic` ask: a storage that makes URLs, and a finder of overrides."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files import File
from django.core.files.storage import Storage
from django.urls import get_script_prefix

from assetzcml.errors import InvalidSpec, NotPublished
from assetzcml.integrations.django.projects import ROOT, asset_registry, compressing, static_name
from assetzcml.integrations.publishing import member_of, merged
from assetzcml.publishing.compress import is_worth_it, variants_of
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.readers import CODINGS
from assetzcml.registry import Snapshot
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.versions import Versions

__all__ = ["AssetFinder", "AssetStorage", "Merged", "versioned_name"]


class AssetStorage(StaticFilesStorage):
    """
    STORAGES["staticfiles"]: `{% static %}` gives the URLs of the static views.

    It takes a spec, `{% static "shop:static/logo.png" %}`, or what it always took: a path that a finder knows.
    """

    def url(self, name: str | None) -> str:
        """Raises NotPublished, a ValueError, for a spec that no static view publishes."""
        registry = asset_registry()
        path, query, anchor = _split(name or "")
        if ":" in path:
            return _extended(_url(registry, path), query, anchor)
        spec = spec_in_finders(registry, path)
        if spec is None:
            found: str = super().url(name)
            return found
        version = versioned_name(registry, spec)
        if version is not None:
            return _extended(super().url("") + version, query, anchor)
        try:
            return _extended(_url(registry, spec), query, anchor)
        except NotPublished:
            former: str = super().url(name)
            return former

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """`collectstatic`: each file is there by the name that `{% static %}` makes, too."""
        if dry_run:
            return
        registry = asset_registry()
        stored = [path.replace(os.sep, "/") for path in paths]
        for name in list(stored):
            spec = spec_in_finders(registry, name)
            version = versioned_name(registry, spec) if spec is not None else None
            file = unquote(version.partition("?")[0]) if version is not None else name
            if file == name:
                continue
            if not self.exists(file):
                with registry.resolve(f"{ROOT}/{name}").open() as stream:
                    self._save(file, File(stream, file))
            stored.append(file)
            yield name, file, True
        self._compress(registry, stored)

    def _compress(self, registry: Any, names: list[str]) -> None:
        """
        Make the variants of collected files: in the directory that the middleware looks in, and beside each file, for
        the server in front.
        """
        codings, output = compressing()
        if not codings or output is None:
            return
        wanted = [name for name in names if is_worth_it(name)]

        def one(name: str) -> None:
            path = self.path(name)
            with open(path, "rb") as stream:
                data = stream.read()
            for coding, variant in variants_of(data, codings, output):
                _link(variant, path + CODINGS[coding])

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(one, wanted))


def _link(source: str, target: str) -> None:
    """Let *target* be the same file as *source*, or a copy where there are no links."""
    made = f"{target}.tmp"
    try:
        os.link(source, made)
    except OSError:
        shutil.copyfile(source, made)
    os.replace(made, target)


def _split(name: str) -> tuple[str, str, str]:
    """The path, query and fragment of what a template says."""
    path, _, anchor = name.partition("#")
    path, _, query = path.partition("?")
    return path, query, anchor


def _extended(url: str, query: str, anchor: str) -> str:
    if query:
        url += f"{'&' if '?' in url else '?'}{query}"
    return f"{url}#{anchor}" if anchor else url


def _url(registry: Any, spec: str) -> str:
    prefix = get_script_prefix()
    return str(registry.static_path(spec, **({} if prefix == "/" else {"_app_url": prefix})))


def spec_in_finders(registry: Any, path: str) -> str | None:
    """The spec of a path that finders know: that in the first directory that has it. None where it can be none."""
    known = registry.snapshot.derived(_known_specs)
    if path not in known:
        try:
            parts = asset_spec(f"/{path}").parts
        except InvalidSpec:
            return None
        spec = member_of(registry, ROOT, parts)
        text = f"{spec}/" if parts and path.endswith("/") else str(spec)
        if not registry.resolve(spec).isfile():
            return text
        known[path] = text
    found: str | None = known[path]
    return found


def _known_specs(snapshot: Snapshot) -> dict[str, str]:
    return {}


def versioned_name(registry: Any, spec: str) -> str | None:
    """What follows STATIC_URL in the URL of an asset, quoted; None where it is published elsewhere."""
    try:
        if registry.part(URLGenerator).decide(spec, ask=False).view.root != ROOT:
            return None
        url = registry.static_path(spec, _app_url="")
    except NotPublished:
        return None
    return str(url)[len(_base(url)) :]


def _base(url: str) -> str:
    """What stands before the name: the path of STATIC_URL, or all of it where it is a whole URL."""
    base = settings.STATIC_URL if "//" in url else f"/{static_name()}/".replace("//", "/")
    return base if base.endswith("/") else f"{base}/"


class AssetFinder(BaseFinder):
    """
    STATICFILES_FINDERS, the first: what overrides put into the directories that finders know.

    So they win in `collectstatic` and `findstatic`. It knows the versions that `{% static %}` puts into names too.
    """

    assetzcml = True

    def find(self, path: str, find_all: bool = False, **more: Any) -> Any:
        """The file, or with *find_all* a list of them (Django before 5.2 says *all*); [] for none."""
        registry = asset_registry()
        found = self._find(registry, path.replace(os.sep, "/"))
        return [found] if found and (find_all or more.get("all")) else found or []

    def _find(self, registry: Any, path: str) -> str | None:
        try:
            parts = asset_spec(f"/{path}").parts
        except InvalidSpec:
            return None
        spec = ROOT.joined(parts)
        if not registry.resolve(spec).isfile():
            plain = _version(registry, parts)
            return None if plain is None else registry.resolve(plain).abspath()
        return registry.resolve(spec).abspath() if _overridden(registry, spec) else None

    def check(self, **options: Any) -> list[Any]:
        return []  # that of the application is for the whole

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        registry = asset_registry()
        ignored = list(ignore_patterns or ())
        storage = Merged(registry)
        for path in _files(registry, ()):
            # Django asks of each name, and of the whole path.
            if not any(matches_patterns(part, ignored) for part in (path, *path.split("/"))):
                yield path, storage


def _version(registry: Any, parts: tuple[str, ...]) -> AssetSpec | None:
    """The asset that a name with the current version in it, or behind that of the tree, stands for."""
    if parts and parts[0].startswith("~"):
        spec = spec_in_finders(registry, "/".join(parts[1:]))
        known = versioned_name(registry, spec) if spec is not None else None
        return (
            ROOT.joined(parts[1:])
            if known is not None and unquote(known.partition("?")[0]) == "/".join(parts)
            else None
        )
    snapshot = registry.snapshot
    view = next((view for view in snapshot.views if view.root == ROOT and not view.external), None)
    version = registry.part(Versions).version_of(snapshot, view, parts) if view is not None else None
    return version.spec if version is not None and version.current else None


def _files(registry: Any, below: tuple[str, ...]) -> Iterator[str]:
    """The paths of the overridden files."""
    directory = registry.resolve(ROOT.joined(below))
    for name in directory.listdir() if directory.isdir() else ():
        spec = ROOT.joined((*below, name))
        if registry.resolve(spec).isfile():
            if _overridden(registry, spec):
                yield "/".join(spec.below(ROOT))
        else:
            yield from _files(registry, (*below, name))


def _overridden(registry: Any, spec: AssetSpec) -> bool:
    """Is the file another than that which Django's own finders know?"""
    asset = registry.resolve(spec)
    if not asset.isfile():
        return False
    known = {str(spec.moved(each.target, each.source)) for each in merged(registry, ROOT) if spec.under(each.target)}
    return asset.source_spec not in known


class Merged(Storage):
    """Where `collectstatic` reads the overridden files."""

    prefix = ""

    def __init__(self, registry: Any):
        self._registry = registry

    def _asset(self, name: str) -> Any:
        return self._registry.resolve(ROOT.joined(asset_spec(f"/{name}").parts))

    def _open(self, name: str, mode: str = "rb") -> File:
        return File(self._asset(name).open(), name)

    def exists(self, name: str) -> bool:
        return bool(self._asset(name).isfile())

    def path(self, name: str) -> str:
        """The real path; of an asset in an archive its spec, for messages."""
        asset = self._asset(name)
        return str(asset.abspath() or asset.source_spec)

    def get_modified_time(self, name: str) -> datetime:
        mtime = self._asset(name).mtime
        if mtime is None:
            raise NotImplementedError("an archive does not say")
        return datetime.fromtimestamp(mtime, timezone.utc)
