"""What is declared from Python: the calls that say what the directives of the same names say.

A call checks as a load does, and raises ConfigurationError with its own line; one that fails changes nothing.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from assetzcml.declaring.validation import findings
from assetzcml.errors import ConfigurationError, ConfigurationWarning, InvalidSpec, Origin, Problem
from assetzcml.interfaces import IURLGenerator
from assetzcml.records.assets import AssetSpec, Busting, Override, PermissionPolicy, StaticViewRecord, asset_spec
from assetzcml.records.pages import Route, View, request_methods
from assetzcml.records.readers import (
    ONE_HOUR,
    content_codings,
    file_name,
    header_field,
    index_name,
    max_age,
    publication_name,
)
from assetzcml.registry import Record, Registry

__all__ = ["Declarations"]


class Declarations(Registry):
    """A registry that Python code declares assets in, with Pyramid's names. The latest call is the strongest."""

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
        target = _spec(to_override, origin, "asset: to_override", whole=True)
        source = _spec(override_with, origin, "asset: override_with", whole=True)
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
            spec = _spec(path, origin, "cacheBuster: path")
            self._declare(
                Busting(path=spec, buster=cachebust, explicit=bool(explicit), origin=origin, generation=generation)
            )

    def add_permission_policy(self, policy: Any) -> None:
        """Ask *policy*, an object with `permits(request, context, permission)` or a class of such, for permissions."""
        origin = _caller()
        if isinstance(policy, type):
            try:
                policy = policy()
            except Exception as error:
                message = f"permissionPolicy: {policy!r} raised {type(error).__name__}: {error}"
                raise ConfigurationError(Problem(origin, message, exception=error)) from error
        if not callable(getattr(policy, "permits", None)):
            message = f"permissionPolicy: {policy!r} has no method permits(request, context, permission)"
            raise ConfigurationError(Problem(origin, message))
        with self.lock:
            self._declare(PermissionPolicy(policy=policy, origin=origin, generation=self.next_generation()))

    def add_route(
        self,
        name: str,
        pattern: str,
        *,
        view: Any = None,
        request_method: str | Iterable[str] = (),
        permission: str | None = None,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """
        Give the URLs that match *pattern* a name, and a view if there is one: what the directive `route` does.

        *before* and *after* name another route, which has to be there. Raises ConfigurationError.
        """
        origin = _caller()
        if permission is not None and view is None:
            raise ConfigurationError(Problem(origin, f"route {name!r}: permission has no meaning without view"))
        if before is not None and after is not None:
            raise ConfigurationError(Problem(origin, f"route {name!r}: before and after exclude each other"))
        methods = self._methods(origin, request_method)
        with self.lock:
            known = {route.name: route.place for route in self.snapshot.routes}
            place = known.get(name, max(known.values(), default=0) + 1)
            common: dict[str, Any] = {"origin": origin, "generation": self.next_generation()}
            next_to: dict[str, Any] = {"before": before, "after": after, "place": place}
            route = Route(name=name, pattern=pattern, methods=methods, **next_to, **common)
            views = [] if view is None else [View(view=view, route_name=name, permission=permission, **common)]
            self._declare(route, *views)

    def add_view(
        self,
        view: Any,
        name: str = "",
        *,
        route_name: str | None = None,
        request_method: str | Iterable[str] = (),
        permission: str | None = None,
    ) -> None:
        """
        Answer the path /*name*, or a route, which has to be there, with *view*: what the directive `view` does.

        Raises ConfigurationError.
        """
        origin = _caller()
        if name and route_name is not None:
            raise ConfigurationError(Problem(origin, f"view {name!r}: name and route_name exclude each other"))
        try:
            name = publication_name(name)
        except ValueError as error:
            raise ConfigurationError(Problem(origin, f"view {name!r}: {error}")) from None
        methods = self._methods(origin, request_method)
        with self.lock:
            common: dict[str, Any] = {"origin": origin, "generation": self.next_generation()}
            self._declare(
                *(
                    View(view=view, name=name, route_name=route_name, method=method, permission=permission, **common)
                    for method in methods or ("",)
                )
            )

    def prepare_urls(self) -> None:
        """Let the URL generator read now what it would read at the first URL."""
        prepare = getattr(self.getUtility(IURLGenerator), "prepare", None)
        if prepare is not None:  # an extender's own may have nothing to prepare
            prepare()

    def _methods(self, origin: Origin, request_method: str | Iterable[str]) -> tuple[str, ...]:
        try:
            return request_methods([request_method] if isinstance(request_method, str) else request_method)
        except ValueError as error:
            raise ConfigurationError(Problem(origin, str(error))) from None

    def _publish(self, name: str, path: str, *, file: bool = False, **options: Any) -> None:
        origin = _caller(3)
        word = "staticFile" if file else "staticView"
        root = _spec(path, origin, f"{word} {name!r}: path")
        if file and str(path).endswith("/"):
            raise ConfigurationError(
                Problem(origin, f"staticFile {name!r}: path: a slash at the end is for directories")
            )
        headers = options.pop("headers")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        try:
            record = StaticViewRecord(
                **{
                    **{option: _checked(option, value) for option, value in options.items()},
                    "name": file_name(name) if file else publication_name(name),
                    "root": root,
                    "file": file,
                    "headers": tuple(header_field(*pair) for pair in pairs),
                    "origin": origin,
                }
            )
        except ValueError as error:
            raise ConfigurationError(Problem(origin, f"{word} {name!r}: {error}")) from None
        with self.lock:
            self._declare(replace(record, generation=self.next_generation()))

    def _declare(self, *records: Record) -> None:
        """Check records against all that is known, then add them; if one does not hold, nothing changes."""
        staged = Registry(bases=(self,), settings=self.settings)
        for record in records:
            staged.add(record)
        found = list(findings(staged, records, roots=False))
        problems = [problem for problem, warning in found if not warning]
        if problems:
            raise ConfigurationError(*problems)
        for problem, _ in found:
            place = problem.origin or Origin("<python>")
            warnings.warn_explicit(problem.headline, ConfigurationWarning, place.file, place.line)
        self.adopt(staged)
        if any(isinstance(record, Busting) for record in records):
            self.prepare_urls()


def _spec(text: str, origin: Origin, subject: str, *, whole: bool = False) -> AssetSpec:
    """An asset spec that a Python call gives. Raises InvalidSpec, which says where."""
    try:
        return asset_spec(text, whole=whole)
    except InvalidSpec as error:
        raise InvalidSpec(*(Problem(origin, f"{subject}: {found.message}") for found in error.problems)) from None


def _checked(option: str, value: Any) -> Any:
    """The value of an option of a static view, checked as its attribute is in ZCML. Raises ValueError."""
    if option in _FLAGS and value not in _FLAGS[option]:
        raise ValueError(f"{option} is {value!r}; {' or '.join(map(str, _FLAGS[option]))} was expected")
    return _CHECKS[option](value) if option in _CHECKS else value


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "cache_max_age": max_age,
    "content_encodings": content_codings,
    "index": index_name,
}
# A text such as 'no' would be true.
_FLAGS: Mapping[str, tuple[bool | None, ...]] = {
    "reload": (None, True, False),
    "follow_symlinks": (True, False),
    "dotfiles": (True, False),
}


def _caller(depth: int = 2) -> Origin:
    """The line of the Python call that declares something."""
    frame = sys._getframe(depth)
    return Origin(frame.f_code.co_filename, frame.f_lineno)
