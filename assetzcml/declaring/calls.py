"""What is declared from Python: the calls that say what the directives of the same names say.

A call checks as a load does, and raises ConfigurationError with its own line; one that fails changes nothing.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from assetzcml.declaring.validation import findings
from assetzcml.errors import ConfigurationError, ConfigurationWarning, InvalidSpec, Origin, Problem
from assetzcml.records import rules
from assetzcml.records.assets import Busting, Override, PermissionPolicy, address, asset_spec
from assetzcml.records.pages import Route, View
from assetzcml.records.readers import ONE_HOUR, permission_name
from assetzcml.records.rules import Refusal, described
from assetzcml.registry import Record, Registry
from assetzcml.urls.generator import URLGenerator

__all__ = ["Declarations"]

T = TypeVar("T")


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
        with _refusals(origin, "asset"):
            sides = _read(address, to_override, "to_override"), _read(address, override_with, "override_with")
            rules.asset_sides(*sides)
        (target, directory), (source, _) = sides
        with self.lock:
            generation = self.next_generation()
            self._declare(
                Override(target=target, source=source, file=not directory, origin=origin, generation=generation)
            )

    def add_cache_buster(self, path: str, cachebust: Any, explicit: bool = False) -> None:
        """
        Let *cachebust* change the URLs of what is below *path*: what the directive `cacheBuster` does.

        *cachebust* is called as Pyramid calls it: `cachebust(request, subpath, kw)`. With *explicit*, *path* names
        where assets really come from. Raises ConfigurationError.
        """
        origin = _caller()
        with _refusals(origin, "cacheBuster"):
            spec = _read(asset_spec, path, "path")
            rules.cache_buster(cachebust)
            rules.flag("explicit", explicit)
        with self.lock:
            generation = self.next_generation()
            self._declare(Busting(path=spec, buster=cachebust, explicit=explicit, origin=origin, generation=generation))

    def add_permission_policy(self, policy: Any) -> None:
        """Ask *policy*, an object with `permits(request, context, permission)` or a class of such, for permissions."""
        origin = _caller()
        with _refusals(origin, "permissionPolicy"):
            rules.permission_policy(policy)
        if isinstance(policy, type):
            try:
                policy = policy()
            except Exception as error:
                message = f"permissionPolicy: policy raised {type(error).__name__}: {error}"
                raise ConfigurationError(Problem(origin, message, exception=error)) from error
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
        with _refusals(origin, f"route {described(name)}"):
            rules.route_name(name)
            rules.route_pattern(pattern)
            rules.route_permission(permission, view)
            rules.route_neighbours(before, after)
            methods = rules.methods(request_method)
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
        with _refusals(origin, "view"):
            rules.page_target(None if name == "" and route_name is not None else name, route_name)
            name = rules.page_name(name)
            permission = None if permission is None else permission_name(permission)
            methods = rules.methods(request_method)
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
        self.part(URLGenerator).prepare()

    def _publish(self, name: str, path: str, *, file: bool = False, **options: Any) -> None:
        origin = _caller(3)
        with _refusals(origin, f"{'staticFile' if file else 'staticView'} {described(name)}"):
            root = _read(asset_spec, rules.file_path(path) if file else path, "path")
            record = rules.static_view(name, root, file=file, origin=origin, **options)
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


@contextmanager
def _refusals(origin: Origin, subject: str) -> Iterator[None]:
    """A rule that is broken inside is told of with *subject*, at the line of the call."""
    try:
        yield
    except (InvalidSpec, Refusal) as error:
        told = [Problem(origin, f"{subject}: {each.message}", each.hint) for each in error.problems]
        raise type(error)(*told) from None
    except ValueError as error:
        raise Refusal(Problem(origin, f"{subject}: {error}")) from None


def _read(read: Callable[[Any], T], text: Any, argument: str) -> T:
    """What *read* makes of an argument. Raises InvalidSpec, which names it."""
    try:
        return read(text)
    except InvalidSpec as error:
        raise InvalidSpec(*(f"{argument}: {each.message}" for each in error.problems)) from None


def _caller(depth: int = 2) -> Origin:
    """The line of the Python call that declares something."""
    frame = sys._getframe(depth)
    return Origin(frame.f_code.co_filename, frame.f_lineno)
