"""What is declared from Python: the calls that say what the directives of the same names say.

A call checks as a load does, and raises ConfigurationError with its own line; one that fails changes nothing.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from assetzcml.errors import ConfigurationError, ConfigurationWarning, InvalidSpec, Origin, Problem, calling_line
from assetzcml.interfaces import IPages
from assetzcml.records import rules
from assetzcml.records.assets import Address, Busting, Override, address, asset_spec
from assetzcml.records.kinds import Record
from assetzcml.records.readers import KEEP, LOCAL, ONE_HOUR, YOUNGER, permission_name
from assetzcml.records.rules import Refusal, described
from assetzcml.registry import Above, Change, Part, Registry, ledger, next_generation
from assetzcml.typing import SpecLike
from assetzcml.urls.cachebusters import TreeCacheBuster
from assetzcml.urls.generator import URLGenerator

__all__ = ["Declarations", "take"]

T = TypeVar("T")

# Opened with the first declaration: a process that serves what was frozen has none.
# What most applications never declare from Python is opened with the first such call.
MEDIA_TYPE = Part("assetzcml.records.site", "MediaType")
MODULE = Part("assetzcml.records.site", "Module")
CONTENT_STORE = Part("assetzcml.records.site", "ContentStore")
FROZEN = Part("assetzcml.records.site", "Frozen")
PERMISSION_POLICY = Part("assetzcml.records.site", "PermissionPolicy")
ROUTE = Part("assetzcml.records.pages", "Route")
VIEW = Part("assetzcml.records.pages", "View")
FINDINGS = Part("assetzcml.declaring.validation", "findings")


class _Block:
    """What the calls inside of `declaring` have declared so far, and what is wrong with it."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.problems: list[Problem] = []
        self.orders: dict[str, int] = {}  # of the routes that are new


class _Proposal:
    """*registry* as it would be after more declarations, for those who look whether these hold."""

    def __init__(self, registry: Registry, records: Sequence[Record]):
        self._registry = registry
        self._parts: dict[Any, Any] = {}
        self.above = Above()  # nothing is built for it
        taken: dict[tuple[Any, str], Record] = {}
        changes = []
        for record in records:
            place = record.provided, record.key
            changes.append(Change(record, taken.get(place) or registry.queryUtility(*place)))
            taken[place] = record
        self.snapshot = registry.snapshot.after(changes, self)

    def part(self, make: Callable[[Any], T]) -> T:
        """As `Registry.part`."""
        if make not in self._parts:
            self._parts[make] = make(self)
        return self._parts[make]  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry, name)


class Declarations(Registry):
    """A registry that Python code declares assets in, with Pyramid's names. The latest call is the strongest."""

    _block: _Block | None = None

    @contextmanager
    def declaring(self) -> Iterator[None]:
        """
        Let the calls inside of the `with` statement be one load: what is wrong with any of them is told at its end, all
        at once, and then nothing has changed; else requests see all of it at once.

        Questions inside are answered as before it. A block inside of a block is part of that; where it raises and
        the outer one goes on, its calls are forgotten. The calls of other threads wait.
        Raises ConfigurationError with every problem, each at the line of its call.
        """
        with self._ledger.lock:
            if self._block is not None:
                with _forgotten_on_error(self._block):
                    yield
                return
            _ = self.snapshot  # made now if there is none: who asks for one meanwhile does not wait
            block = self._block = _Block()
            try:
                yield
            finally:
                self._block = None
            self._take(block.records, block.problems)

    def add_static_view(
        self,
        name: str,
        path: SpecLike,
        *,
        cache_max_age: int = ONE_HOUR,
        permission: str | None = None,
        content_encodings: Iterable[str] = (),
        index: str = "index.html",
        reload: bool | None = None,
        follow_symlinks: bool | None = None,
        dotfiles: bool = False,
        headers: Iterable[tuple[str, ...]] | Mapping[str, str] = (),
        immutable_names: Iterable[str] = (),
        not_found: str = "",
        single_page: str = "",
        send: str | None = None,
    ) -> None:
        """
        Publish the directory *path*, a spec, under *name*: what the directive `staticView` does.

        *cache_max_age* is in seconds. *headers* are pairs, or of three members, the last of which says which assets have
        it. It is not looked whether the directory exists: an override may supply it later.
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
            immutable_names=immutable_names,
            not_found=not_found,
            single_page=single_page,
            send=send,
        )

    def add_static_file(
        self,
        name: str,
        path: SpecLike,
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

    def override_asset(self, to_override: SpecLike, override_with: SpecLike) -> None:
        """
        Look for *to_override* at *override_with* first: what the directive `asset` does.

        Both are specs of files, or both end with a slash and are directories, or both are packages. A path object, which
        has no slash at its end, is a directory where *to_override* is one.
        It goes before all earlier overrides. Raises ConfigurationError.
        """
        with self._call(calling_line(), "asset") as call:
            target, directory = _read(address, to_override, "to_override")
            source, slash = _read(address, override_with, "override_with")
            slash = slash or (directory and isinstance(override_with, os.PathLike))
            rules.asset_sides(Address(target, directory), Address(source, slash))
            self._declare(Override(target=target, source=source, file=not directory, **call))

    def add_cache_buster(self, path: SpecLike, cachebust: Any, explicit: bool = False) -> None:
        """
        Let *cachebust* change the URLs of what is below *path*: what the directive `cacheBuster` does.

        *cachebust* is called as Pyramid calls it: `cachebust(request, subpath, kw)`. With *explicit*, *path* names
        where assets really come from. Raises ConfigurationError.
        """
        with self._call(calling_line(), "cacheBuster") as call:
            spec = _read(asset_spec, path, "path")
            rules.cache_buster(cachebust)
            rules.flag("explicit", explicit)
            rules.not_explicit("tree" if isinstance(cachebust, TreeCacheBuster) else "", explicit)
            self._declare(Busting(path=spec, buster=cachebust, explicit=explicit, **call))

    def add_media_type(self, extension: str, type: str) -> None:  # noqa: A002 (the attribute's name)
        """
        Say the media *type* of all assets whose names end with *extension*: what the directive `mediaType` does.

        It holds in all static views; a view's own Content-Type header goes before it. Raises ConfigurationError.
        """
        with self._call(calling_line(), "mediaType") as call:
            self._declare(MEDIA_TYPE.find()(extension=rules.extension(extension), type=rules.media_type(type), **call))

    def add_module(self, name: str, path: SpecLike, *, scope: SpecLike | None = None) -> None:
        """
        Let modules import the script *path* by the bare *name*: what the directive `module` does.

        A *name* that ends with a slash stands for what is below the directory *path*. With *scope*, a directory, only the
        modules below that import so. Raises ConfigurationError.
        """
        with self._call(calling_line(), "module") as call:
            spec = _read(asset_spec, path, "path")
            within = None if scope is None else _read(asset_spec, scope, "scope")
            self._declare(MODULE.find()(name=rules.module(name), path=spec, scope=within, **call))

    def add_content_store(
        self,
        directory: str | os.PathLike[str],
        keep: int = KEEP,
        younger: str | int = YOUNGER,
        *,
        url: str | None = None,
        endpoint: str | None = None,
        local: str | int = LOCAL,
    ) -> None:
        """
        Keep the contents of releases in *directory*: what the directive `contentStore` does.

        *keep* releases are kept at least, and each for *younger*, seconds or a text such as '14d'. Nothing is written yet.
        With *url* they are kept at that destination, for many hosts; the directory has what this one has asked for, *local*
        bytes of it, or a text such as '2GB'.
        Raises ConfigurationError.
        """
        with self._call(calling_line(), "contentStore") as call:
            self._declare(
                CONTENT_STORE.find()(**rules.content_store(directory, keep, younger, url, endpoint, local), **call)
            )

    def add_frozen(self, manifest: str | os.PathLike[str]) -> None:
        """
        Serve the frozen release whose *manifest* this is, an absolute path, and look at no source: what the directive
        `frozen` does. Of a frozen directory it is the release that is served there now. Raises ConfigurationError.
        """
        with self._call(calling_line(), "frozen") as call:
            self._declare(FROZEN.find()(manifest=rules.frozen(manifest), **call))

    def add_permission_policy(self, policy: Any) -> None:
        """Ask *policy*, an object with `permits(request, context, permission)` or a class of such, for permissions."""
        with self._call(calling_line(), "permissionPolicy") as call:
            rules.permission_policy(policy)
            self._declare(
                PERMISSION_POLICY.find()(policy=_made(policy) if isinstance(policy, type) else policy, **call)
            )

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
        with self._call(calling_line(), f"route {described(name)}") as call:
            rules.route_name(name)
            rules.route_pattern(pattern)
            rules.route_permission(permission, view)
            rules.route_neighbours(before, after)
            methods = rules.methods(request_method)
            next_to: dict[str, Any] = {"before": before, "after": after, "order": self._order_of(name)}
            self._declare(
                ROUTE.find()(name=name, pattern=pattern, methods=methods, **next_to, **call),
                *([] if view is None else [VIEW.find()(view=view, route_name=name, permission=permission, **call)]),
            )

    def add_view(
        self,
        view: Any,
        name: str = "",
        *,
        route_name: str | None = None,
        request_method: str | Iterable[str] = (),
        permission: str | None = None,
        preload: SpecLike | Iterable[SpecLike] = (),
    ) -> None:
        """
        Answer the path /*name*, or a route, which has to be there, with *view*: what the directive `view` does.

        *preload* are specs of what its page asks for. Raises ConfigurationError.
        """
        with self._call(calling_line(), "view") as call:
            rules.page_target(None if name == "" and route_name is not None else name, route_name)
            name = rules.page_name(name)
            permission = None if permission is None else permission_name(permission)
            several = [preload] if isinstance(preload, (str, os.PathLike)) else list(preload)
            specs = tuple(_read(asset_spec, spec, "preload") for spec in several)
            said: dict[str, Any] = {"view": view, "name": name, "route_name": route_name, "permission": permission}
            said["preload"] = specs
            self._declare(
                *(VIEW.find()(method=method, **said, **call) for method in rules.methods(request_method) or ("",))
            )

    def _prepare_urls(self) -> None:
        """Let the URL generator read now what it would read at the first URL."""
        self.part(URLGenerator).prepare()

    def _publish(self, name: str, path: SpecLike, *, file: bool = False, **options: Any) -> None:
        with self._call(calling_line(), f"{'staticFile' if file else 'staticView'} {described(name)}") as call:
            root = _read(asset_spec, rules.file_path(path) if file else path, "path")
            self._declare(rules.static_view(name, root, file=file, **options, **call))

    def _order_of(self, name: str) -> int:
        """Where a route is tried: where its name was first declared."""
        names = self.getUtility(IPages).names()
        order: int = names.order(name)
        if self._block is None or name in names:
            return order
        return self._block.orders.setdefault(name, order + len(self._block.orders))

    @contextmanager
    def _call(self, origin: Origin, subject: str) -> Iterator[dict[str, Any]]:
        """
        One call that declares something: gives what its records have in common.

        What is wrong is raised with the line of the call; inside of `declaring` it is told of at the end.
        """
        with self._ledger.lock:
            try:
                with _refusals(origin, subject):
                    yield {"origin": origin, "generation": next_generation(self)}
            except ConfigurationError as error:
                if self._block is None:
                    raise
                self._block.problems += error.problems

    @contextmanager
    def _apart(self, name: str) -> Iterator[None]:
        """A load is one of its own: inside of `declaring` it would be in force before what was said before it."""
        with self._ledger.lock:
            if self._block is not None:
                raise ConfigurationError(
                    Problem(None, f"{name}() inside of declaring() is refused", "load before the block, or after it")
                )
            yield

    def _declare(self, *records: Record) -> None:
        """Take *records* now, or with all others of the block."""
        if self._block is None:
            self._take(records)
        else:
            self._block.records += records

    def _take(self, records: Sequence[Record], problems: Sequence[Problem] = ()) -> None:
        """Check records against what they touch, then add them; if one does not hold, nothing changes."""
        proposal = _Proposal(self, records)
        found = list(FINDINGS.find()(proposal, records, roots=False))
        problems = [*problems, *(problem for problem, warning in found if not warning)]
        if problems:
            raise ConfigurationError(*problems)
        for problem, _ in found:
            place = problem.origin or Origin("<python>")
            warnings.warn_explicit(problem.headline, ConfigurationWarning, place.file, place.line)
        self.add(*records, proposed=proposal.snapshot)
        if any(isinstance(record, Busting) for record in records):
            self._prepare_urls()


def take(registry: Declarations, record: Record) -> None:
    """Check *record*, made elsewhere, as a call would be, and add it. Raises ConfigurationError; nothing changes then."""
    with ledger(registry).lock:
        registry._declare(record)


@contextmanager
def _forgotten_on_error(block: _Block) -> Iterator[None]:
    """What is said inside is taken back when it ends with an exception."""
    records, problems, orders = len(block.records), len(block.problems), block.orders.copy()
    try:
        yield
    except BaseException:
        del block.records[records:], block.problems[problems:]
        block.orders = orders
        raise


def _made(policy: type) -> Any:
    """A permission policy of a class. Raises ConfigurationError when it cannot be made."""
    try:
        return policy()
    except Exception as error:
        message = f"policy raised {type(error).__name__}: {error}"
        raise Refusal(Problem(None, message, exception=error, code="A109")) from error


@contextmanager
def _refusals(origin: Origin, subject: str) -> Iterator[None]:
    """A rule that is broken inside is told of with *subject*, at the line of the call."""
    try:
        yield
    except (InvalidSpec, Refusal) as error:
        problems = [
            Problem(origin, f"{subject}: {each.message}", each.hint, exception=each.exception, code=each.code or "A107")
            for each in error.problems
        ]
        told = type(error)(*problems)
        raise told from told.__cause__
    except ValueError as error:
        raise Refusal(Problem(origin, f"{subject}: {error}", code="A107")) from None


def _read(read: Callable[[Any], T], text: Any, argument: str) -> T:
    """What *read* makes of an argument. Raises InvalidSpec, which names it."""
    try:
        return read(text)
    except InvalidSpec as error:
        raise InvalidSpec(*(f"{argument}: {each.message}" for each in error.problems)) from None
