"""What one bundle sees of its environment: its own options before those of the bundles around it."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Sequence
from typing import Any

from assetzcml.bundles.addresses import below, joined_url, mapped_url
from assetzcml.bundles.build_records import BuildRecord
from assetzcml.bundles.errors import UnsetOption
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.options import Options
from assetzcml.bundles.roles import Configured, Home
from assetzcml.bundles.sources import Source, check_name, is_spec, source_at

__all__ = ["Context"]


def _looked_up(make: Callable[[Context], Any]) -> Any:
    """What *make* works out once: for a build, where the bundles have no options of their own."""
    name = make.__name__

    def value(ctx: Context) -> Any:
        known = ctx.known
        if name not in known:
            known[name] = make(ctx)
        return known[name]

    return property(value, doc=make.__doc__)


class Context(Options):
    """
    The options that hold for *bundles*, the outermost first. Filters and custom versioners and manifests get it.

    It lives as long as one question or one build, and what it has looked up stays so. *extra_filters* are those of the
    containers around. While *building*, nothing that is remembered is trusted. *shared* is what contexts of the same
    build, and the same environment, have looked up in it.
    """

    def __init__(
        self,
        environment: Home,
        bundles: tuple[Configured, ...],
        extra_filters: Sequence[Filter] = (),
        building: bool = False,
        shared: dict[str, Any] | None = None,
    ):
        self.environment = environment
        self.bundles = bundles
        self.extra_filters: tuple[Filter, ...] = tuple(extra_filters)
        self.building = building
        # The records by which outputs are up to date, by the id of the bundle, as far as somebody has asked.
        self.records: dict[int, BuildRecord | None] = {}
        # The options of the bundles, the innermost first; most say nothing.
        self._configs = [bundle.config for bundle in reversed(bundles) if bundle.config.given]
        self._shared: dict[str, Any] = {} if shared is None else shared
        self.known: dict[str, Any] = {} if self._configs else self._shared
        self._ways: dict[str, tuple[str, str]] = self.known.setdefault("_ways", {})  # by folder
        # The URL of a file '_' in a folder; None where nobody publishes that.
        self._folders: dict[str, str | None] = self.known.setdefault("_folders", {})

    def inside(self, bundle: Configured, extra_filters: Sequence[Filter] = ()) -> Context:
        """The context of *bundle*, which is among the contents."""
        return Context(self.environment, (*self.bundles, bundle), extra_filters, self.building, self._shared)

    def get(self, name: str, default: Any = None) -> Any:
        for config in self._configs:
            value = config.get(name)
            if value is not None:
                return value
        return self.environment.get(name, default)

    @property
    def auto_build(self) -> bool:
        return self.building or super().auto_build

    @_looked_up
    def versions(self) -> Any:
        return super().versions

    @_looked_up
    def manifest(self) -> Any:
        return super().manifest

    @_looked_up
    def updater(self) -> Any:
        return super().updater

    @_looked_up
    def cache(self) -> Any:
        return super().cache

    @_looked_up
    def directory(self) -> str:
        return super().directory

    @_looked_up
    def search_path(self) -> list[str]:
        """The places plain names are looked for in."""
        absolute = self.environment.absolute
        places = [os.fspath(place) for place in self.load_path]
        if not places:
            return [self.environment.place_of(self.directory)]
        resolver = self.environment.resolver
        return [place if resolver is not None and is_spec(place) else absolute(place) for place in places]

    @_looked_up
    def plain_directories(self) -> tuple[str, ...]:
        """The same where all of them are directories as they are written, a separator at their end; else none."""
        try:
            places = self.search_path
        except UnsetOption:
            return ()  # of a bundle whose contents are specs alone nobody has to know where plain names are looked for
        plain = all(os.path.isabs(place) and not glob.has_magic(place) for place in places)
        return tuple(os.path.join(os.path.normpath(place), "") for place in places) if plain else ()

    def name_of(self, file: Source | str) -> str:
        """
        What a file is called in the record of a build, wherever the environment's directory and packages lie.

        A source that was found by an asset spec has that name, which is looked up through overrides. Of another file,
        and of a path, it is the way from the directory, or for one in a package of the registry `package:/path`.
        """
        if isinstance(file, Source):
            if file.spec is not None:
                return file.spec
            path = str(file.path)
        else:
            path = os.path.normpath(file)
        folder, _, name = path.rpartition(os.sep)
        way = self._ways.get(folder)
        if way is None:
            way = self._ways[folder] = self._way_to(folder)
        package, inside = way
        check_name(name)
        if package:
            return f"{package}:/{inside}{name}"
        return f"./{inside}{name}" if ":" in inside or ":" in name else inside + name

    def _way_to(self, folder: str) -> tuple[str, str]:
        """The package that *folder* lies in, or '', and the way from there, or from the directory; with '/' behind."""
        path = folder + os.sep + "_"
        package, relative = "", below(path, self.directory)
        if relative is None:
            package, relative = self.environment.package_of(path) or ("", os.path.relpath(path, self.directory))
        check_name(relative)
        return package, relative[:-1].replace(os.sep, "/")

    def source_of(self, name: str) -> Source | None:
        """The file that has that name, or is at that path; None when there is none."""
        package, inside, path = name.partition(":/")
        resolver = self.environment.resolver
        if inside and not os.path.isabs(name) and not name.startswith("./"):
            found = self.environment.path_in(package, path)
            return Source(name, found, path) if found is not None else None
        if resolver is not None and is_spec(name):
            return source_at(resolver, name)
        found = os.path.normpath(os.path.join(self.directory, name))
        return Source(name, found, name) if os.path.isfile(found) else None

    def url_of_output(self, output: str) -> str | None:
        """The URL of what is written to *output*; None for an absolute one below no mapped directory."""
        if not os.path.isabs(output):
            return joined_url(self.url, output)
        return mapped_url(os.path.normpath(output), self._mapping)

    def url_of_source(self, source: Source) -> str | None:
        """The URL of a source where it lies; None when that is published nowhere."""
        environment = self.environment
        if source.spec is not None and environment.static_path is not None:
            try:
                return environment.static_path(source.spec)
            except ValueError:  # no static view publishes it
                pass
        if source.path is None:
            return None
        folder, _, name = source.path.rpartition(os.sep)
        url = self._folders.get(folder, "")
        if url == "":
            url = self._folders[folder] = mapped_url(folder + os.sep + "_", self._mapping)
        return joined_url(url[:-1], name) if url is not None else None

    def plain_url_of_source(self, source: Source) -> str | None:
        """The same without what a cache buster puts into it: where references in the file are relative to."""
        if source.spec is not None:
            url = self.environment.plain_url(source.spec)
            if url is not None:
                return url
        return self.url_of_source(source)

    def url_of_asset(self, spec: str) -> str | None:
        """The URL of any asset, as `static_path` gives it; None when it has none."""
        check_name(spec)
        static_path = self.environment.static_path
        try:
            return static_path(spec) if static_path is not None else None
        except ValueError:
            return None

    @_looked_up
    def _mapping(self) -> dict[str, str]:
        """Directories and their URLs: what was mapped, and the environment's own; the longest first."""
        absolute = self.environment.absolute
        mapping = {os.path.normpath(absolute(directory)): url for directory, url in self.url_mapping.items()}
        with contextlib.suppress(UnsetOption):  # rarely there is only a mapping
            mapping.setdefault(os.path.normpath(self.directory), self.url)
        return dict(sorted(mapping.items(), key=lambda entry: len(entry[0]), reverse=True))
