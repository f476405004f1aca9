"""What is known during one load. The phases in `loader` fill it; handlers reach it by `load_of(context)`."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from zope.configuration.config import GroupingContextDecorator
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError

from assetzcml.errors import ConfigurationConflictError, ConfigurationError, ConfigurationWarning, Origin, Problem
from assetzcml.records.loads import FilesPattern, Include, LeftOut
from assetzcml.registry import Registry, next_generation
from assetzcml.zcml.conflicts import Action, FileGraph, IncludeStep
from assetzcml.zcml.limits import Limits
from assetzcml.zcml.names import LOADER
from assetzcml.zcml.positions import Document, ForeignTag, Tag, document_of
from assetzcml.zcml.staging import StagedRegistry
from assetzcml.zcml.strictness import OTHER_FORM, Strictness

__all__ = ["ForeignLoad", "Load", "RouteOrder", "load_of", "root_of", "tag_of"]

Strict = bool | str | Iterable[str]


class RouteOrder:
    """
    Where a route is tried: where its name was first declared, in this load or before it.

    So a route that replaces another stands where that one stood.
    """

    def __init__(self, registry: Registry):
        self._orders = {route.name: route.order for route in registry.snapshot.routes}
        self._last = max(self._orders.values(), default=0)

    def order(self, name: str) -> int:
        """The order of the route *name*, a new one behind all others when there is none of this name."""
        if name not in self._orders:
            self._last += 1
            self._orders[name] = self._last
        return self._orders[name]


class Load:
    """The state of one load: what is asked for, what was read, what is wrong."""

    def __init__(
        self, registry: Registry, settings: Mapping[str, Any], limits: Limits, strict: Strict = False, prefix: str = "",
        no_pages: str = "", permissions_elsewhere: bool = False,
    ):  # fmt: skip
        self.registry = registry
        self.settings = {**registry.settings, **settings}
        self.staged = StagedRegistry(registry, self.settings)
        self.generation = next_generation(registry)
        self.limits = limits
        self.strict = Strictness(strict)
        self.prefix = prefix  # what stands before the local names of static views
        self.no_pages = no_pages  # what to say instead of our routes and views, where a framework has its own
        self.permissions_elsewhere = permissions_elsewhere  # another serves what is loaded, and asks for permissions
        # What was found, and what was looked for in vain.
        self.problems: list[Problem] = []
        self.warned = False  # is one of the problems a warning?
        self.conflicts: list[Problem] = []
        self.warnings: list[Problem] = []
        self.losers: list[tuple[Action, Action]] = []
        self.include_failed = False
        # What was read.
        self.graph = FileGraph()
        self.files: dict[str, Document] = {}  # by real path, in the order of reading
        self.directive_files = 0  # how many of them were read before the author's first, to make directives known
        self.reading: list[str] = []  # the files that are being read, outermost first
        self.includes: list[Include] = []
        self.left_out: list[LeftOut] = []
        self.patterns: list[FilesPattern] = []
        self.excluded: dict[str, Tag] = {}
        self.excluded_used: set[str] = set()
        self.real_paths: dict[str, tuple[str, str]] = {}  # of names: the file that is read, and where it really is
        self.real_directories: dict[str, str] = {}
        self.parsers: dict[Limits, Any] = {}  # a parser is made once, for its limits
        self.steps: dict[str, IncludeStep | None] = {}  # how each file was reached first
        self.marks: list[Action] = []  # that stand for the actions of files which handlers of other packages had read
        self._numbers = itertools.count()
        self._routes: RouteOrder | None = None

    @property
    def routes(self) -> RouteOrder:
        """The order of the routes that are known so far."""
        if self._routes is None:
            self._routes = RouteOrder(self.registry)
        return self._routes

    def next_number(self) -> int:
        """A number greater than all before: of several files that one directive had read the later is stronger."""
        return next(self._numbers)

    def warn(self, origin: Origin | None, message: str, hint: str = "", code: str = "") -> None:
        """Something that loads and probably does not do what its author meant; with `strict`, a problem."""
        if self.strict(origin):
            self.problems.append(Problem(origin, message, hint, code=code))
            self.warned = True
        else:
            self.warnings.append(Problem(origin, message, hint, code=code))

    def fail_with(self, problems: Iterable[Problem]) -> None:
        """Raise what was found so far, if anything was."""
        found = list(problems)
        if found:
            conflict = any(problem.conflict for problem in found)
            error = (ConfigurationConflictError if conflict else ConfigurationError)(*found)
            if self.warned and self.strict.everywhere:
                error.args = (f"{error.args[0]}\n{OTHER_FORM}",)
            raise error


class ForeignLoad:
    """
    What stands for a load where another loader reads our directives: zope.configuration's own, Zope's, pyramid_zcml's.

    Records are declared one by one, by actions of that loader, in the registry that *find* finds. That loader resolves
    conflicts as far as it can tell them; the order of overrides is that of the actions.
    """

    def __init__(self, find: Callable[[], Any], take: Callable[[Any, Any], None]):
        self._find = find
        self._take = take
        self._documents: dict[str, Document] = {}
        self._routes: RouteOrder | None = None

    @property
    def registry(self) -> Any:
        """The registry, made now if there is none."""
        return self._find()

    @property
    def settings(self) -> Mapping[str, Any]:
        """What `${key}` stands for."""
        settings: Mapping[str, Any] = self.registry.settings
        return settings

    @property
    def routes(self) -> RouteOrder:
        """The order of the routes that are known so far."""
        if self._routes is None:
            self._routes = RouteOrder(self.registry)
        return self._routes

    def take(self, record: Any) -> None:
        """Declare *record* in the registry: what our actions do there."""
        self._take(self.registry, record)

    def warn(self, origin: Origin | None, message: str, hint: str = "", code: str = "") -> None:
        """Warn at the ZCML line."""
        place = origin or Origin("<zcml>")
        warnings.warn_explicit(
            Problem(origin, message, hint, code=code).headline, ConfigurationWarning, place.file, place.line
        )

    def tag(self, parsed: Any) -> Tag:
        """The start tag that zope.configuration calls *parsed*."""
        file = str(parsed.file)
        if file not in self._documents:
            self._documents[file] = document_of(file, None)
        tag = ForeignTag(self._documents[file], parsed.line, parsed.column, "")
        tag.directive = tag.written_name()
        return tag


def load_of(context: Any) -> Load:
    """The load that a handler's *context* belongs to; a `ForeignLoad` has what our handlers need of it."""
    try:
        load: Load = context.assetzcml_load
    except AttributeError:
        _bind(context)
        load = context.assetzcml_load
    return load


def _bind(context: Any) -> None:
    """
    Have it said again where records go, by the directive of `loader.zcml`.

    A copy of a machine, as tests of Zope and Plone make them, has its directives and not what they did.
    """
    try:
        bind = root_of(context).factory(context, (LOADER, "bind"))
    except ZopeConfigurationError:
        message = "nothing says where the assets go that this directive declares"
        hint = 'write <include package="assetzcml" file="meta.zcml"/> before it'
        raise ConfigurationError(Problem(None, message, hint, code="A103")) from None
    bind(context, {}, context.info).finish()


def root_of(context: Any) -> Any:
    """The machine, of any loader, that a handler's *context* belongs to."""
    while isinstance(context, GroupingContextDecorator):
        context = context.context
    return context


def tag_of(context: Any) -> Tag:
    """The start tag of the directive that *context* was made for."""
    info = context.info
    if isinstance(info, Tag):
        return info
    load: Any = load_of(context)
    tag: Tag = load.tag(info)
    return tag
