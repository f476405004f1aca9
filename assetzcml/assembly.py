"""The registry as its users see it. The only place that wires the arms together; each method calls a component."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from zope.interface import Interface

from assetzcml.assets import (
    ONE_HOUR,
    Busting,
    Override,
    PermissionPolicy,
    StaticViewRecord,
    asset_spec,
    content_codings,
    header_field,
    max_age,
    publication_name,
)
from assetzcml.check.explaining import Explainer, Explanation
from assetzcml.digests import Digests
from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.interfaces import (
    IAnswers,
    ICacheBusters,
    IDigests,
    IExplainer,
    IResolver,
    IURLDecisions,
    IURLGenerator,
    IVersions,
    IZCMLLoader,
)
from assetzcml.registry import Record, Registry
from assetzcml.resolver import Resolver
from assetzcml.serving.answers import Answers
from assetzcml.urls.cachebusters import CacheBusters
from assetzcml.urls.decisions import URLDecisions
from assetzcml.urls.generator import URLGenerator, URLMethods
from assetzcml.urls.versions import Versions
from assetzcml.validation import findings
from assetzcml.zcml.loading import ZCMLLoader
from assetzcml.zcml.reader import Limits

__all__ = ["AssetRegistry", "load_zcml"]

# The components every registry starts with. An extender replaces one by registering another utility.
DEFAULT_COMPONENTS: tuple[tuple[Any, Any], ...] = (
    (IResolver, Resolver),
    (IURLGenerator, URLGenerator),
    (IVersions, Versions),
    (IURLDecisions, URLDecisions),
    (IAnswers, Answers),
    (IExplainer, Explainer),
    (IZCMLLoader, ZCMLLoader),
    (ICacheBusters, lambda registry: CacheBusters()),
    (IDigests, lambda registry: Digests()),
)


class AssetRegistry(URLMethods, Registry):
    """
    The assets of one application: which file is this, what is its URL, who decided so.

    *settings* are read when they matter: `registry.settings["prevent_cachebust"] = True` works at once.
    It is a `zope.interface.registry.Components`: `registry.getUtilitiesFor(IStaticView)` lists the static views.

    >>> registry = AssetRegistry(settings={"application_url": "https://example.com"})
    >>> registry.add_static_view("static", "assetzcml:zcml")
    >>> registry.static_url("assetzcml:zcml/x.css")
    'https://example.com/static/x.css'
    """

    def __init__(self, name: str = "", bases: tuple[Any, ...] = (), settings: Mapping[str, Any] | None = None):
        super().__init__(name, bases, settings)
        for provided, factory in DEFAULT_COMPONENTS:
            self.registerUtility(factory(self), provided, event=False)

    def load_zcml(
        self,
        spec: str = "configure.zcml",
        *,
        package: ModuleType | str | None = None,
        features: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        strict: bool = False,
        limits: Limits | None = None,
    ) -> AssetRegistry:
        """
        Load a ZCML file and all it includes into this registry, and return the registry.

        What it declares replaces what earlier loads and calls declared under the same discriminator; its overrides go
        before all earlier ones. Raises ConfigurationError with every problem of the load; nothing has changed then.
        """
        self._component(IZCMLLoader).load(
            spec, package=package, features=features, settings=settings, strict=strict, limits=limits
        )
        self._component(IURLGenerator).prepare()
        return self

    def resolve(self, spec: str) -> Any:
        """The `IAsset` of *spec*, through overrides. Raises InvalidSpec, a ValueError, for a bad spec."""
        return self._component(IResolver).resolve(spec)

    def explain(self, spec_or_url: str) -> Explanation:
        """Why this asset is the one being served: a report that prints as one screen."""
        return self._component(IExplainer).explain(spec_or_url)

    def template_globals(self, request: Any = None) -> dict[str, Callable[..., Any]]:
        """
        `static_url` and `static_path` for the names of any template engine, working for *request*.

        >>> sorted(AssetRegistry().template_globals())
        ['static_path', 'static_url']
        """
        return {
            "static_url": lambda spec, **options: self.static_url(spec, request, **options),
            "static_path": lambda spec, **options: self.static_path(spec, request, **options),
        }

    def add_static_view(
        self,
        name: str,
        path: str,
        *,
        cache_max_age: int = ONE_HOUR,
        permission: str | None = None,
        content_encodings: Iterable[str] = (),
        index: str = "index.html",
        reload: bool | None = None,
        follow_symlinks: bool = False,
        dotfiles: bool = False,
        headers: Iterable[tuple[str, str]] | Mapping[str, str] = (),
    ) -> None:
        """
        Publish the directory *path*, a spec, under *name*: what the directive `staticView` does.

        *cache_max_age* is in seconds. It is not looked whether the directory exists: an override may supply it later.
        Raises ConfigurationError.
        """
        self._publish(
            name,
            path,
            cache_max_age=cache_max_age,
            permission=permission,
            content_encodings=content_encodings,
            index=index,
            reload=reload,
            follow_symlinks=follow_symlinks,
            dotfiles=dotfiles,
            headers=headers,
        )

    def add_static_file(
        self,
        name: str,
        path: str,
        *,
        cache_max_age: int = ONE_HOUR,
        permission: str | None = None,
        content_encodings: Iterable[str] = (),
        headers: Iterable[tuple[str, str]] | Mapping[str, str] = (),
    ) -> None:
        """Publish the file *path*, a spec, under *name*: what the directive `staticFile` does."""
        self._publish(
            name,
            path,
            file=True,
            cache_max_age=cache_max_age,
            permission=permission,
            content_encodings=content_encodings,
            headers=headers,
        )

    def override_asset(self, to_override: str, override_with: str) -> None:
        """
        Look for *to_override* at *override_with* first: what the directive `asset` does.

        Both are specs of files, or both end with a slash and are directories, or both are packages.
        It goes before all earlier overrides. Raises ConfigurationError.
        """
        origin = _caller()
        target, source = asset_spec(to_override, whole=True), asset_spec(override_with, whole=True)
        kinds = [
            str(text).endswith("/") or not spec.parts for text, spec in ((to_override, target), (override_with, source))
        ]
        for wrong, message in (
            (target.absolute_path, f"to_override='{target}' is a path of the file system, and belongs to no package"),
            (kinds[0] != kinds[1], "a directory overrides a directory, a file a file; a directory ends with a slash"),
            (target == source, f"{str(target)!r} is overridden with itself"),
        ):
            if wrong:
                raise ConfigurationError(Problem(origin, f"asset: {message}"))
        with self.lock:
            generation = self.next_generation()
            self._declare(
                Override(target=target, source=source, file=not kinds[0], origin=origin, generation=generation)
            )

    def add_cache_buster(self, path: str, cachebust: Any, explicit: bool = False) -> None:
        """
        Let *cachebust* change the URLs of what is below *path*: what the directive `cacheBuster` does.

        *cachebust* is called as Pyramid calls it: `cachebust(request, subpath, kw)`. With *explicit*, *path* names
        where assets really come from. Raises ConfigurationError.
        """
        origin = _caller()
        if not callable(cachebust):
            raise ConfigurationError(Problem(origin, f"cacheBuster {path!r}: {cachebust!r} is not callable"))
        with self.lock:
            generation = self.next_generation()
            spec = asset_spec(path)
            self._declare(
                Busting(path=spec, buster=cachebust, explicit=bool(explicit), origin=origin, generation=generation)
            )

    def add_permission_policy(self, policy: Any) -> None:
        """Ask *policy*, an object with `permits(request, context, permission)` or a class of such, for permissions."""
        origin = _caller()
        if isinstance(policy, type):
            policy = policy()
        if not callable(getattr(policy, "permits", None)):
            message = f"permissionPolicy: {policy!r} has no method permits(request, context, permission)"
            raise ConfigurationError(Problem(origin, message))
        with self.lock:
            self._declare(PermissionPolicy(policy=policy, origin=origin, generation=self.next_generation()))

    def _publish(self, name: str, path: str, *, file: bool = False, **options: Any) -> None:
        origin = _caller(3)
        word = "staticFile" if file else "staticView"
        root = asset_spec(path)
        headers = options.pop("headers")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        try:
            record = StaticViewRecord(
                **{
                    **options,
                    "name": publication_name(name),
                    "root": root,
                    "file": file,
                    "cache_max_age": max_age(options["cache_max_age"]),
                    "content_encodings": content_codings(options["content_encodings"]),
                    "headers": tuple(header_field(*pair) for pair in pairs),
                    "origin": origin,
                }
            )
        except ValueError as error:
            raise ConfigurationError(Problem(origin, f"{word} {name!r}: {error}")) from None
        with self.lock:
            self._declare(replace(record, generation=self.next_generation()))

    def _declare(self, record: Record) -> None:
        """Check a record against all that is known, then add it; a record that does not hold changes nothing."""
        staged = Registry(bases=(self,), settings=self.settings)
        staged.add(record)
        problems = [problem for problem, warning in findings(staged, [record], roots=False) if not warning]
        if problems:
            raise ConfigurationError(*problems)
        self.adopt(staged)
        if isinstance(record, Busting):
            self._component(IURLGenerator).prepare()

    def _component(self, provided: type[Interface]) -> Any:
        return self.getUtility(provided)


def _caller(depth: int = 2) -> Origin:
    """The line of the Python call that declares something."""
    frame = sys._getframe(depth)
    return Origin(frame.f_code.co_filename, frame.f_lineno)


def load_zcml(
    spec: str = "configure.zcml",
    *,
    package: ModuleType | str | None = None,
    registry: AssetRegistry | None = None,
    features: Iterable[str] = (),
    settings: Mapping[str, Any] | None = None,
    strict: bool = False,
    limits: Limits | None = None,
) -> AssetRegistry:
    """
    Load a ZCML file and all it includes, into a new registry or into *registry*, and return the registry.

    *spec* is `package:file.zcml`, an absolute path, or a path relative to *package* (a module or its name; without one,
    to the working directory). *features* are what `zcml:condition="have ..."` asks for. *settings* supply `${key}`,
    and are kept as `registry.settings`. With *strict* a warning is an error. *limits* bound what is read.

    Raises ConfigurationError, whose `problems` are all that was found.
    """
    if registry is None:
        registry = AssetRegistry(settings=settings)
    return registry.load_zcml(spec, package=package, features=features, settings=settings, strict=strict, limits=limits)
