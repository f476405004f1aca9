"""zope.configuration's machine, with our stack items: its meta directives and handlers of any package work unchanged.

What differs from zope.configuration: attributes are converted by plans (`attributes`), so that every problem has its
place, and a dotted name is resolved from a frame that stands on the ZCML line, so that a DeprecationWarning it
causes is reported there.
"""

from __future__ import annotations

import builtins
import functools
import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

from zope.configuration.config import (
    ComplexDirectiveDefinition,
    ConfigurationContext,
    ConfigurationMachine,
    DirectivesHandler,
    GroupingContextDecorator,
    GroupingStackItem,
    IComplexDirectiveContext,
    IDirectiveInfo,
    IDirectivesContext,
    IDirectivesInfo,
    IFullInfo,
    IProvidesDirectiveInfo,
    IStackItem,
    IStandaloneDirectiveInfo,
    expand_action,
    metans,
    provides,
    subdirective,
)
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.interfaces import IConfigurationContext, IGroupingContext
from zope.configuration.xmlconfig import ParserInfo
from zope.configuration.zopeconfigure import IZopeConfigure
from zope.interface import Interface, implementer, providedBy

from assetzcml.errors import Problem, did_you_mean
from assetzcml.resolving.importing import foreign_code
from assetzcml.zcml.attributes import Problems, SchemaPlan
from assetzcml.zcml.conflicts import IncludeStep
from assetzcml.zcml.failures import MisplacedDirective, UnknownDirective, problems_of, unknown_directive
from assetzcml.zcml.load import Load
from assetzcml.zcml.names import EVERYWHERE, NAMESPACE, XINCLUDE
from assetzcml.zcml.positions import Tag
from assetzcml.zcml.texts import Texts

__all__ = [
    "Direct",
    "DirectiveContext",
    "GroupingItem",
    "Machine",
    "add_actions",
    "define_simple",
    "directory_of",
    "machine_of",
    "split",
]


@implementer(IConfigurationContext, IGroupingContext)
class DirectiveContext(GroupingContextDecorator):
    """What a handler gets as its first argument."""

    def __init__(self, context: Any, info: Any):
        self.context = context
        self.info = info
        # What every action needs; `__getattr__` would look for it in all contexts around.
        self.actions: list[Any] = context.actions
        self.includepath: tuple[str, ...] = context.includepath

    def resolve(self, dottedname: str) -> Any:
        """As zope.configuration's; a warning that resolving causes is issued at the ZCML line."""
        return _resolve_at(self, dottedname)

    def action(
        self,
        discriminator: Any,
        callable: Any = None,  # noqa: A002 (zope.configuration's names)
        args: Any = (),
        kw: Any = None,
        order: int = 0,
        includepath: tuple[str, ...] | None = None,
        info: Any = None,
        **extra: Any,
    ) -> None:
        """As zope.configuration's: something to be done when all files are read, unless another wins."""
        extra["discriminator"] = discriminator
        extra["callable"] = callable
        extra["args"] = args
        extra["kw"] = {} if kw is None else kw
        extra["includepath"] = self.includepath if includepath is None else includepath
        extra["info"] = self.info if info is None else info
        extra["order"] = order
        self.actions.append(extra)


class Configure(GroupingContextDecorator):
    """`configure`: a package and an i18n domain for what it holds. As zope.configuration's, for any kind of package."""

    def __init__(self, context: Any, **arguments: Any):
        super().__init__(context, **arguments)
        if arguments.get("package") is not None:
            self.basepath = directory_of(arguments["package"])


def directory_of(package: Any) -> str | None:
    """The directory of a package, or of a module; None for one that lies in several directories, or in none."""
    portions = list(getattr(package, "__path__", ()))
    file = getattr(package, "__file__", None)
    found = portions[0] if len(portions) == 1 else os.path.dirname(file) if file and not portions else ""
    return os.path.abspath(found) if found and os.path.isdir(found) else None


class Direct(NamedTuple):
    """A directive whose handler is called at once where it holds nothing: no item has to wait for its end."""

    name: str
    handler: Any
    plan: SchemaPlan
    ours: bool


@implementer(IStackItem)
class SimpleItem:
    """A directive, or subdirective, that holds nothing."""

    def __init__(self, context: Any, handler: Any, info: Any, plan: SchemaPlan, data: Mapping[str, str]):
        self.context = DirectiveContext(context, info)
        self._handler = handler
        self._plan = plan
        self._data = data

    def contained(self, name: tuple[str, str], data: Mapping[str, str], info: Tag) -> Any:
        raise Problems(
            Problem(info, f"{info.directive} cannot stand inside {self.context.info.directive}", code="A104")
        )

    def finish(self) -> None:
        context = self.context
        arguments = self._plan.arguments(context, self._data, context.info)
        add_actions(context, self._handler(context, **arguments))


class GroupingItem(GroupingStackItem):
    """A directive that holds others. What it does before them is done at once, not at the first of them."""

    def __init__(self, context: Any):
        super().__init__(context)
        add_actions(context, context.before())

    def contained(self, name: tuple[str, str], data: Mapping[str, str], info: Tag) -> Any:
        return self.context.factory(self.context, name)(self.context, data, info)

    def finish(self) -> None:
        add_actions(self.context, self.context.after())


@implementer(IStackItem)
class ComplexItem:
    """A directive that holds subdirectives: its handler is an object with a method for each."""

    def __init__(self, definition: Definition, context: Any, data: Mapping[str, str], info: Tag):
        self.context = DirectiveContext(context, info)
        self._definition = definition
        arguments = definition.plan.arguments(self.context, data, info)
        self._handler = definition.handler(self.context, **arguments)

    def contained(self, name: tuple[str, str], data: Mapping[str, str], info: Tag) -> Any:
        schema = self._definition.get(name[1])
        if schema is None:
            hint = did_you_mean(name[1], self._definition) or (
                f"it holds {', '.join(sorted(self._definition))}" if self._definition else "it holds nothing"
            )
            known = self.context.assetzcml_machine.namespaces()
            if name[1] in known.get(name[0], ()) or name[1] in known.get("*", ()):
                hint = f"put it after </{self.context.info.directive}>"
            raise Problems(
                Problem(info, f"{info.directive} cannot stand inside {self.context.info.directive}", hint, code="A104")
            )
        plan = self.context.assetzcml_plan(schema[0])
        return SimpleItem(self.context, getattr(self._handler, name[1]), info, plan, data)

    def finish(self) -> None:
        if not callable(self._handler):
            return
        try:
            actions = self._handler()
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            return  # it cannot be called so, and is not meant to be (as zope.browsermenu's `menuItems`)
        add_actions(self.context, actions)


def add_actions(context: Any, actions: Any) -> None:
    """Actions that a handler returned instead of calling `context.action`, as dictionaries or as tuples."""
    for action in actions or ():
        context.action(**(action if isinstance(action, dict) else expand_action(*action)))


def define_simple(
    context: Any,
    name: str,
    schema: Any,
    handler: Any,
    namespace: str = "",
    usedIn: Any = IConfigurationContext,  # noqa: N803
) -> None:
    """`meta:directive`: a directive that calls *handler*."""
    plan = context.assetzcml_plan(schema)

    def factory(context: Any, data: Mapping[str, str], info: Tag) -> SimpleItem:
        return SimpleItem(context, handler, info, plan, data)

    factory.direct = handler, plan  # type: ignore[attr-defined]
    _register(context, name, schema, handler, namespace, usedIn, factory, "simple")


def define_grouping(
    context: Any,
    name: str,
    schema: Any,
    handler: Any,
    namespace: str = "",
    usedIn: Any = IConfigurationContext,  # noqa: N803
) -> None:
    """`meta:groupingDirective`: a directive whose contents are processed in the context that *handler* makes."""
    plan = context.assetzcml_plan(schema)

    def factory(context: Any, data: Mapping[str, str], info: Tag) -> GroupingItem:
        reading = DirectiveContext(context, info)
        inner = handler(context, **plan.arguments(reading, data, info))
        inner.info = info
        return GroupingItem(inner)

    _register(context, name, schema, handler, namespace, usedIn, factory, "grouping")


def _register(
    context: Any, name: str, schema: Any, handler: Any, namespace: str, used_in: Any, factory: Any, kind: str
) -> None:
    namespace = namespace or context.namespace
    key = name if namespace == "*" else (namespace, name)
    factory.schema = schema
    factory.kind = kind
    context.register(used_in, key, factory)
    context.document(key, schema, used_in, handler, context.info)


@implementer(IComplexDirectiveContext)  # not inherited: a context that says nothing stands for the one around it
class Definition(ComplexDirectiveDefinition):
    """`meta:complexDirective`: a directive with subdirectives. As zope.configuration's, making our items."""

    def before(self) -> None:
        self.plan = self.context.assetzcml_plan(self.schema)

        def factory(context: Any, data: Mapping[str, str], info: Tag) -> ComplexItem:
            return ComplexItem(self, context, data, info)

        factory.subdirectives = self  # type: ignore[attr-defined]
        _register(self, self.name, self.schema, self.handler, self.namespace, self.usedIn, factory, "complex")


LASTING = ("assetzcml.", "zope.configuration.")  # modules whose schemas live as long as the process


@functools.cache
def _lasting_plan(schema: Any) -> SchemaPlan:
    return SchemaPlan(schema)


class Uses:
    """
    Where a directive may stand: what makes its items, by the interface of the context that it stands in.

    What an adapter registry of its own would find for each of hundreds of directives, found in the order of resolution.
    """

    def __init__(self) -> None:
        self._factories: dict[Any, Any] = {}

    def register(self, used_in: Any, factory: Any) -> None:
        """Have *factory* make the items in contexts that provide *used_in*."""
        self._factories[used_in] = factory

    def registered(self, used_in: Any) -> Any:
        """What was registered for exactly this interface; None when nothing was."""
        return self._factories.get(used_in)

    def lookup(self, provided: Any) -> Any:
        """What is registered for the nearest of the interfaces that *provided* says; None when nothing is."""
        known = self._factories
        return next((known[each] for each in provided.__sro__ if each in known), None)


NEVER: dict[str, Direct | None] = {}  # of items that decide for themselves what they hold


class Machine(ConfigurationMachine):
    """The machine of one load. Contexts hand on its attributes, under names that no directive gives to an attribute."""

    assetzcml_reserved: frozenset[Any] = frozenset()  # the names of directives that keep their meaning

    def __init__(self, load: Load):
        self._plans: dict[Any, SchemaPlan] = {}
        self._direct: dict[Any, dict[str, Direct | None]] = {}
        self._made = False
        super().__init__()
        self._made = True
        self.assetzcml_load = load
        self.registry = load.staged
        self.assetzcml_machine = self
        self.assetzcml_step: IncludeStep | None = None
        self._texts = Texts(load)
        self._docRegistry: list[Any] = []
        self._define_meta_directives()

    def assetzcml_plan(self, schema: Any) -> SchemaPlan:
        """The plan of a schema, made at its first use: once in a load, once of all for a schema that is always there."""
        plan = self._plans.get(schema)
        if plan is None:
            lasts = schema.__module__.startswith(LASTING)
            plan = self._plans[schema] = _lasting_plan(schema) if lasts else SchemaPlan(schema)
        return plan

    def _define_meta_directives(self) -> None:
        self.info = "the directives of zope.configuration"
        for used_in, schema in ((IConfigurationContext, IStandaloneDirectiveInfo), (IDirectivesContext, IFullInfo)):
            define_simple(self, "directive", schema, define_simple, metans, used_in)
            define_simple(self, "groupingDirective", schema, define_grouping, metans, used_in)
            define_grouping(self, "complexDirective", schema, Definition, metans, used_in)
        define_grouping(self, "directives", IDirectivesInfo, DirectivesHandler, metans)
        define_simple(self, "subdirective", IDirectiveInfo, subdirective, metans, IComplexDirectiveContext)
        define_simple(self, "provides", IProvidesDirectiveInfo, provides, metans)
        define_grouping(self, "configure", IZopeConfigure, Configure, "*")
        self.info = ""

    def __call__(self, __name: Any, __info: Any = None, **__kw: Any) -> None:
        """Run a directive, as zope.configuration does; not those by which it makes its meta directives, which are ours."""
        if self._made:
            super().__call__(__name, __info, **__kw)

    def register(self, interface: Any, name: Any, factory: Any) -> None:
        """Make a directive known, unless its name is reserved."""
        if name not in self.assetzcml_reserved:
            self._registry.setdefault(name, Uses()).register(Interface if interface is None else interface, factory)
            for known in self._direct.values():
                known.clear()

    def direct(self, item: Any) -> dict[str, Direct | None]:
        """By their tags the directives that may be run directly in *item*, as far as `directly` was asked for them."""
        if type(item) is not GroupingItem or item.context.factory != self.factory:
            return NEVER
        return self._direct.setdefault(providedBy(item.context), {})

    def directly(self, item: Any, tag: str) -> Direct | None:
        """How the directive *tag* is run directly in *item*; None when it has to go through the stack."""
        known = self.direct(item)
        if known is NEVER:
            return None
        namespace, name = split(tag)
        try:
            handler, plan = self.factory(item.context, (namespace, name)).direct
        except (ZopeConfigurationError, AttributeError):
            known[tag] = None
            return None
        ours = namespace == NAMESPACE and name not in EVERYWHERE
        direct = known[tag] = Direct(name, handler, plan, ours)
        return direct

    @property
    def assetzcml_names(self) -> frozenset[Any]:
        """The names of all directives that are known."""
        return frozenset(self._registry)

    def factory(self, context: Any, name: tuple[str | None, str]) -> Any:
        """What makes the stack item of a directive. Raises UnknownDirective; a directive of '*' is in every namespace."""
        registered = self._registry.get(name)
        if registered is None and name[0] != XINCLUDE:
            registered = self._registry.get(name[1])
        if registered is None:
            raise UnknownDirective(name)
        factory = registered.lookup(providedBy(context))
        if factory is None:
            raise MisplacedDirective(name)
        return factory

    def begin(self, __name: Any, __data: Any = None, __info: Any = None, **kw: Any) -> None:
        """As zope.configuration's parser calls it, for a text that a handler of another package has it read."""
        if not isinstance(__info, ParserInfo):
            super().begin(__name, __data, __info, **kw)
            return
        info, step = self._texts.met(__info, __name, self.stack)
        try:
            item = self.stack[-1].contained(__name, self._texts.data(__name, __data or {}, info), info)
        except UnknownDirective:
            raise Problems(self.unknown(__name[0], __name[1], info)) from None
        except Exception as error:
            raise Problems(*problems_of(error, info)) from error
        item.context.assetzcml_step = step
        self.stack.append(item)

    def end(self) -> None:
        """As zope.configuration's parser calls it."""
        item = self.stack.pop()
        try:
            item.finish()
        except Exception as error:
            raise Problems(*problems_of(error, item.context.info)) from error

    def setInfo(self, info: Any) -> None:  # noqa: N802 (zope.configuration's name)
        """An item knows its place from the beginning."""

    def kind(self, key: Any, used_in: Any) -> str | None:
        """'simple', 'grouping' or 'complex'; None for a directive that somebody defined in a way of their own."""
        registered = self._registry[key].registered(used_in)
        return getattr(registered, "kind", None)

    def unknown(self, namespace: str | None, name: str, info: Tag, inside: str = "") -> Problem:
        """The problem of a directive that there is not, or that is a subdirective and stands *inside* of another."""
        holders = self._holders(namespace, name)
        if not holders:
            return unknown_directive(namespace, name, info, self.namespaces())
        hint = f"it stands inside {' or '.join(holders)}"
        return Problem(info, f"{name} cannot stand here{inside}", hint, code="A104")

    def _holders(self, namespace: str | None, name: str) -> list[str]:
        """The directives of *namespace* that have a subdirective *name*."""
        return [
            key[1]
            for key, registered in self._registry.items()
            if isinstance(key, tuple) and key[0] == namespace
            and name in getattr(registered.lookup(IConfigurationContext), "subdirectives", ())
        ]  # fmt: skip

    def namespaces(self) -> dict[str, list[str]]:
        """The names of the directives known in each namespace, for messages."""
        known: dict[str, list[str]] = {}
        for key in self._registry:
            namespace, name = key if isinstance(key, tuple) else ("*", key)
            known.setdefault(namespace, []).append(name)
        return known


def split(tag: str) -> tuple[str | None, str]:
    """The namespace and the name of an element."""
    if tag[0] != "{":
        return None, tag
    namespace, _, name = tag[1:].rpartition("}")
    return namespace, name


def machine_of(context: Any) -> Machine:
    """The machine that a handler's *context* belongs to."""
    machine: Machine = context.assetzcml_machine
    return machine


_ABSENT: Any = object()
_CALL = compile("result = call(*arguments)", "<zcml>", "exec")


def _resolve_at(context: Any, dottedname: str) -> Any:
    """
    As `ConfigurationContext.resolve`; whatever code runs for it is called from a frame on the directive's line.

    A name that stands in a module that is already imported runs nobody's code, so no frame is made for it.
    """
    info = context.info
    name = _absolute(dottedname.strip(), context)
    if name is None or not isinstance(info, Tag):
        return ConfigurationContext.resolve(context, dottedname)
    found = _already_there(name)
    if found is not _ABSENT:
        return found
    module_name, _, attribute = name.rpartition(".")
    if not module_name:
        return _import(info, name, f"no module named {name!r}")
    module = _import(info, module_name, f"no module named {module_name!r}")
    try:
        return _from_line(info, getattr, module, attribute)
    except AttributeError:
        return _import(info, name, f"the module {module_name!r} has no {attribute!r}")


def _absolute(name: str, context: Any) -> str | None:
    """*name* without leading dots; None where zope.configuration decides (blank, '.', a built-in, an error)."""
    if not name or name.endswith(".") or ("." not in name and hasattr(builtins, name)):
        return None
    if not name.startswith("."):
        return name
    package = getattr(context.package, "__name__", None)
    stem = name.lstrip(".")
    steps = package.split(".") if package else []
    up = len(name) - len(stem) - 1
    return ".".join([*steps[: len(steps) - up], stem]) if up < len(steps) else None


def _already_there(name: str) -> Any:
    """What a name stands for when finding it runs nobody's code; _ABSENT when it could."""
    module_name, _, attribute = name.rpartition(".")
    if not module_name:
        module = sys.modules.get(name)
        return module if module is not None else _ABSENT  # None stands for a module that must not be imported
    module = sys.modules.get(module_name)
    return vars(module).get(attribute, _ABSENT) if type(module) is ModuleType else _ABSENT


def _import(info: Tag, name: str, missing: str) -> Any:
    """The module *name*. An ImportError inside a module's own code is raised as it is, with its traceback."""
    try:
        with foreign_code():
            _from_line(info, __import__, name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise ZopeConfigurationError(missing) from None
        raise
    return sys.modules[name]


def _from_line(info: Tag, call: Any, *arguments: Any) -> Any:
    """Call from a frame whose file and line are those of a directive: `warnings` says that it happened there."""
    frame = {"__name__": info.file, "call": call, "arguments": arguments}
    exec(_CALL.replace(co_filename=info.file, co_firstlineno=info.line), frame)
    return frame["result"]
