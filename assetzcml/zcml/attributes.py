"""Attributes of a directive to arguments of its handler, by a plan that is made once per schema.

The rules are those of zope.configuration's `toargs`; the difference is that all problems of a directive are found,
each at its attribute, and that what a schema says is worked out once and not at each directive.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from keyword import iskeyword
from types import ModuleType
from typing import Any, NamedTuple

from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.fields import Bool, GlobalInterface, GlobalObject, PythonIdentifier, Tokens
from zope.interface.interface import InterfaceClass
from zope.schema import ASCIILine, Bytes, BytesLine, Choice, Int, InterfaceField, Text, TextLine, ValidationError
from zope.schema import Bool as SchemaBool
from zope.schema.interfaces import IField

from assetzcml.errors import ConfigurationError, Problem, did_you_mean, nearest, shorten
from assetzcml.resolving.importing import failed_at, import_failure
from assetzcml.resolving.meant import object_meant
from assetzcml.zcml.names import NAMESPACE, ZCML
from assetzcml.zcml.positions import Tag

__all__ = ["BadValue", "Problems", "SchemaPlan", "expand_settings"]

Converter = Callable[[str, Any], Any]

_SETTING = re.compile(r"\$\{([^{}]*)\}")
_UNSET: Any = object()
# These fields look at nothing but the text, so the field of the schema can be used without being bound to a context.
_CONTEXT_FREE = (TextLine, Text, ASCIILine, Bytes, BytesLine, Int, Bool, PythonIdentifier)


class Problems(ConfigurationError):
    """What is wrong with one directive, on its way to the walk, which goes on."""


_TO_WRITE = re.compile(r"; (?=(?:write|leave|did you mean|one such as) )")


class BadValue(ValidationError):
    """
    The text of an attribute is not a value of its field; says what was expected in a sentence of its own.

    A reader of values says what to write at the end of its sentence: that is the hint.
    """

    def __init__(self, message: str, hint: str = ""):
        if not hint:
            message, *said = _TO_WRITE.split(message, maxsplit=1)
            hint = "".join(said)
        super().__init__(message)
        self.message = message
        self.hint = hint

    def doc(self) -> str:
        return self.message


class Filled(dict[str, str]):
    """Attributes whose settings are filled in. A value may look as if it had one, and has not."""


class Attribute(NamedTuple):
    """How one attribute becomes one argument."""

    name: str
    argument: str
    field: Any
    convert: Converter | None
    required: bool
    pure: bool  # does its converter look at nothing but the text, and run nobody's code?


class SchemaPlan:
    """The attributes of a schema, ready to convert."""

    def __init__(self, schema: Any):
        self.attributes = [_attribute(name, field) for name, field in schema.namesAndDescriptions(True)]
        self.names = [attribute.name for attribute in self.attributes]
        # What may be pasted where an attribute is missing.
        self.examples: Mapping[str, str] = schema.queryTaggedValue("examples") or {}
        self.any_attribute = bool(schema.queryTaggedValue("keyword_arguments"))
        # Fields of ours, in directives of any package, fill in settings.
        self.expands = any(getattr(attribute.field, "expands_settings", False) for attribute in self.attributes)
        self._known = {
            attribute.name: (attribute.argument, attribute.convert if attribute.pure else None, attribute)
            for attribute in self.attributes
        }
        self._required = {attribute.argument for attribute in self.attributes if attribute.required}

    def quickly(
        self, attributes: Sequence[tuple[str, str]], context: Any, short: int, settings: bool
    ) -> dict[str, Any] | None:
        """
        The arguments of a directive as most are: known attributes, each *short*, none missing.

        None for another one, and with *settings* for one that has any in it; `arguments` finds out. Code of others,
        which may warn or import, is only run where the answer is not None. Raises Problems.
        """
        known = self._known
        settings = settings or self.expands
        arguments: dict[str, Any] = {}
        later: list[tuple[Attribute, str]] = []
        try:
            for name, text in attributes:
                argument, convert, attribute = known[name]
                if len(text) > short or (settings and "${" in text):
                    return None
                if convert is None:
                    later.append((attribute, text))
                    arguments[argument] = None
                else:
                    arguments[argument] = convert(text, context)
        except Exception:
            return None
        if not self._required <= arguments.keys():
            return None
        if later:
            problems: list[Problem] = []
            for attribute, text in later:
                _convert(attribute, text, context, arguments, problems)
            if problems:
                raise Problems(*problems)
        return arguments

    def arguments(self, context: Any, data: Mapping[str, str], info: Tag) -> dict[str, Any]:
        """The arguments of the handler. Raises Problems with everything that is wrong."""
        arguments: dict[str, Any] = {}
        problems: list[Problem] = []
        used = 0
        if self.expands:
            data = self._with_settings(data, context, info)
        for attribute in self.attributes:
            text = data.get(attribute.name, _UNSET)
            if text is _UNSET:
                if attribute.required:
                    self._default(attribute, context, data, info, arguments, problems)
                continue
            used += 1
            _convert(attribute, text, context, arguments, problems)
        if used != len(data):
            problems = self._left_over(data, info, arguments, problems)
        if problems:
            raise Problems(*problems)
        return arguments

    def _with_settings(self, data: Mapping[str, str], context: Any, info: Tag) -> Mapping[str, str]:
        """*data* with the settings in the values of fields that have them. (Those of our directives are filled in.)"""
        ours = {each.name for each in self.attributes if getattr(each.field, "expands_settings", False)}
        open_ones = {name: text for name, text in data.items() if name in ours and "${" in text}
        if not open_ones or isinstance(data, Filled):
            return data
        return {**data, **expand_settings(open_ones, context.assetzcml_load.settings, info)}

    def _default(
        self,
        attribute: Attribute,
        context: Any,
        data: Mapping[str, str],
        info: Tag,
        arguments: dict[str, Any],
        problems: list[Problem],
    ) -> None:
        """A required attribute may be left out when its default is a valid value (as in zope.configuration)."""
        field = attribute.field.bind(context)
        try:
            field.validate(field.default)
        except ValidationError:
            example = self.examples.get(attribute.name)
            hint = f'write {attribute.name}="{example}"' if example else f"{_title(field)} was expected"
            problems.append(
                Problem(info, f"{label(info, data)}: the attribute {attribute.name!r} is missing", hint, code="A106")
            )
        else:
            arguments[attribute.argument] = field.default

    def _left_over(
        self, data: Mapping[str, str], info: Tag, arguments: dict[str, Any], problems: list[Problem]
    ) -> list[Problem]:
        """What is wrong, with the attributes that the directive has not. One slip is told once: it is not missing, too."""
        unknown = [name for name in data if name not in self.names]
        if self.any_attribute:
            arguments.update((name, data[name]) for name in unknown)
            return problems
        missing = [name for name in self.names if self._is_missing(name, data)]
        for name in unknown:
            problem = unknown_attribute(name, self.names, info, data)
            alone = missing[0] if len(missing) == len(unknown) == 1 and not nearest(name, self.names) else ""
            meant = _alias(name, missing) or nearest(name, missing) or alone
            if meant:
                problem.hint = f"did you mean {meant!r}?"
                said = f"the attribute {meant!r} is missing"
                problems = [each for each in problems if not each.message.endswith(said)]
            problems.append(problem)
        return problems

    def _is_missing(self, name: str, data: Mapping[str, str]) -> bool:
        return name not in data and any(each.required for each in self.attributes if each.name == name)


def _convert(attribute: Attribute, text: str, context: Any, arguments: dict[str, Any], problems: list[Problem]) -> None:
    """Make the argument of one attribute, or the problem."""
    try:
        if attribute.convert is not None:
            arguments[attribute.argument] = attribute.convert(text, context)
        else:
            arguments[attribute.argument] = attribute.field.bind(context).fromUnicode(text)
    except Exception as error:
        problems.append(_invalid(attribute, text, context, error))


# Attributes by the words of other tools: each counts for directives that have what is meant, the first before the others.
ALIASES = {
    "callable": ("view",),
    "controller": ("view",),
    "depends": ("contents",),
    "dest": ("output",),
    "dir": ("path",),
    "directory": ("path",),
    "entry": ("contents",),
    "endpoint": ("view",),
    "files": ("contents",),
    "folder": ("path", "directory"),
    "from": ("to_override",),
    "func": ("view",),
    "handler": ("view",),
    "href": ("package",),
    "input": ("contents",),
    "max_age": ("cache_max_age",),
    "method": ("request_method",),
    "methods": ("request_method",),
    "module": ("package",),
    "name": ("package",),
    "original": ("to_override",),
    "override": ("to_override",),
    "prefix": ("name",),
    "replace": ("to_override",),
    "replacement": ("override_with",),
    "root": ("path", "directory"),
    "route": ("route_name",),
    "source": ("contents", "path"),
    "sources": ("contents",),
    "spec": ("path",),
    "src": ("contents", "path", "package"),
    "target": ("output",),
    "to": ("override_with",),
    "url": ("name",),
    "with": ("override_with",),
}


def _alias(name: str, known: Iterable[str]) -> str:
    """What another tool's word for an attribute means among those *known*; '' for nothing."""
    return next((meant for meant in ALIASES.get(name, ()) if meant in known), "")


def unknown_attribute(name: str, known: list[str], info: Tag, data: Mapping[str, str]) -> Problem:
    """A directive has no such attribute."""
    if NAMESPACE in info.value(name):
        hint = f'write xmlns="{NAMESPACE}"'
    elif name == "condition":
        hint = f'write xmlns:zcml="{ZCML}" zcml:condition='
    else:
        meant = _alias(name, known)
        if name in ("href", "src") and info.value(name).endswith(".zcml"):
            meant = "file"
        near = f"did you mean {meant!r}?" if meant else did_you_mean(name, known)
        hint = near or (f"it has {', '.join(sorted(known))}" if known else "it has none")
    return Problem(
        info.attribute_name(name), f"{label(info, data)}: unknown attribute {shorten(name)}", hint, code="A105"
    )


def label(info: Tag, data: Mapping[str, str]) -> str:
    """A directive for messages: its name, and the value of its attribute 'name' where it has one."""
    return f"{info.directive} {shorten(data['name'])}" if "name" in data else info.directive


def _attribute(name: str, field: Any) -> Attribute:
    plain = name[:-1] if name.endswith("_") and iskeyword(name[:-1]) else name
    if not IField.providedBy(field):
        raise ZopeConfigurationError(f"the schema's {name!r} is not a field")
    convert = _converter(field)
    pure = convert is not None and type(field) not in (GlobalObject, GlobalInterface)
    return Attribute(plain, str(name), field, convert, bool(field.required), pure)


# How a text becomes a value when a field is exactly of a known type and says nothing unusual: as the field would do
# it, without its machinery. What is not plainly right goes to the field, which knows the exceptions and the errors.

_TRUTH = dict.fromkeys(("1", "true", "yes", "t", "y"), True) | dict.fromkeys(("0", "false", "no", "f", "n"), False)
_DOTTED = re.compile(r"\.*[a-zA-Z]\w*(\.[a-zA-Z]\w*)*", re.ASCII)


def _converter(field: Any) -> Converter | None:
    """The short way for a field; None when it has to be bound and asked."""
    if "constraint" not in vars(field) and field.missing_value is None:
        for kind, make in (
            (TextLine, _line_converter),
            (Int, _int_converter),
            (Bool, _bool_converter),
            (Tokens, _tokens_converter),
            (GlobalObject, _global_converter),
            (GlobalInterface, _interface_converter),
        ):
            if type(field) is kind:
                return make(field)
    if type(field) in _CONTEXT_FREE or getattr(type(field), "context_free", False):
        return lambda text, context: field.fromUnicode(text)
    return None


def _line_converter(field: Any) -> Converter | None:
    if field.min_length or field.max_length is not None:
        return lambda text, context: field.fromUnicode(text)
    # What is not ASCII is brought into a normal form.
    return lambda text, context: (
        text if text.isascii() and "\n" not in text and "\r" not in text else field.fromUnicode(text)
    )


def _int_converter(field: Any) -> Converter | None:
    least = field.min if field.min is not None else 0
    most = field.max if field.max is not None else 10**18

    def convert(text: str, context: Any) -> Any:
        if len(text) < 19 and text.isascii() and text.isdigit() and least <= (number := int(text)) <= most:
            return number
        return field.fromUnicode(text)

    return convert


def _bool_converter(field: Any) -> Converter | None:
    def convert(text: str, context: Any) -> Any:
        value = _TRUTH.get(text.lower())
        return value if value is not None else field.fromUnicode(text)

    return convert


def _tokens_converter(field: Any) -> Converter | None:
    each = _converter(field.value_type) if field.value_type is not None else None
    plain = field.min_length in (None, 0) and field.max_length is None and not field.unique
    if each is None or not plain or type(field.value_type) not in (TextLine, Int, Bool):
        return None

    def convert(text: str, context: Any) -> Any:
        try:
            return [each(token, context) for token in text.split()]
        except ValidationError:
            return field.bind(context).fromUnicode(text)

    return convert


def _imported_already(text: str) -> Any:
    """What stands in a module that is imported, found without the machinery and running nobody's code; else None."""
    name, _, attribute = text.rpartition(".")
    module = sys.modules.get(name)
    return module.__dict__.get(attribute) if type(module) is ModuleType else None


def _global_converter(field: Any) -> Converter | None:
    if field.value_type is not None:
        return None

    def convert(text: str, context: Any) -> Any:
        value = _imported_already(text)
        if value is not None:
            return value
        if _DOTTED.fullmatch(text):
            try:
                value = context.resolve(text)
            except ZopeConfigurationError:
                value = None
            if value is not None:
                return value
        return field.bind(context).fromUnicode(text)

    return convert


def _interface_converter(field: Any) -> Converter | None:
    if type(field.value_type) is not InterfaceField:
        return None

    def convert(text: str, context: Any) -> Any:
        value = _imported_already(text)
        return value if type(value) is InterfaceClass else field.bind(context).fromUnicode(text)

    return convert


def _invalid(attribute: Attribute, text: str, context: Any, error: Exception) -> Problem:
    """The problem of a value that its field refused."""
    info = context.info
    where = info.attribute(attribute.name)
    subject = f"{info.directive}: {attribute.name}={shorten(text)}"
    if isinstance(error, BadValue):
        return Problem(where, f"{subject}: {error.message}", error.hint, code="A107")
    if isinstance(attribute.field, GlobalObject):
        foreign = _foreign(error)
        package = getattr(getattr(context, "package", None), "__name__", "")
        hint = object_meant(text, package) if foreign is None else _import_meant(text, foreign)
        message = f"{subject} cannot be {_unresolved(error, foreign)}"
        return Problem(where, message, hint, exception=foreign, code="A108")
    if isinstance(error, ValidationError):
        return Problem(where, f"{subject} is not valid: {reason(error)}", _expectation(attribute.field), code="A107")
    return Problem(where, f"{subject} raised {type(error).__name__}: {reason(error)}", exception=error, code="A109")


def _foreign(error: BaseException) -> BaseException | None:
    """The exception of somebody's code that is behind *error*; None when it is only a name that does not exist."""
    seen: BaseException | None = error
    while seen is not None and isinstance(seen, (ValidationError, ZopeConfigurationError)):
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else seen.__cause__
        seen = inner
    return seen


def _import_meant(text: str, error: BaseException) -> str:
    """What to do about an import that failed: what lacks is not here, or what imports it is not to be used."""
    name = getattr(error, "name", None)
    return f"install {name!r}, or remove its import" if isinstance(error, ModuleNotFoundError) and name else ""


def _unresolved(error: Exception, foreign: BaseException | None) -> str:
    """Why a name stands for nothing: there is none, an import in its module leads nowhere, or that raised something else."""
    if foreign is None:
        return f"resolved: {reason(error)}"
    if not isinstance(foreign, ModuleNotFoundError):
        return f"imported: {import_failure(foreign)}"
    place = failed_at(foreign)
    return f"resolved: {reason(foreign)}{f' ({place})' if place else ''}"


def reason(error: BaseException) -> str:
    """What an exception says, in one line."""
    inner = error.args[0] if error.args else None
    if isinstance(inner, BaseException):
        return reason(inner)
    if isinstance(error, ValidationError):
        # Most errors carry the value first, which the message shows anyway.
        text = inner if isinstance(inner, str) and inner != getattr(error, "value", None) else ""
        explained = " ".join((error.doc() or "").split()).rstrip(".")
        return (
            f"{explained} ({shorten(text, 200)})" if explained and text else explained or text or type(error).__name__
        )
    text = " ".join(str(error).split())
    return text or type(error).__name__


def _title(field: Any) -> str:
    title = (field.title or "").strip()
    if title[1:2].isupper():  # 'URL prefix'
        return title
    return f"{title[0].lower()}{title[1:]}" if title else f"a {type(field).__name__}"


def _expectation(field: Any) -> str:
    """What a field takes, for a hint."""
    if isinstance(field, (GlobalInterface, GlobalObject)):
        return "a dotted name was expected"
    if isinstance(field, (Bool, SchemaBool)):
        return "yes, no, true, false, y, n, t, f, 1 or 0 was expected"
    bounds = [
        f"{word} {bound}"
        for word, bound in (("at least", getattr(field, "min", None)), ("at most", getattr(field, "max", None)))
        if bound is not None
    ]
    if isinstance(field, Choice) and hasattr(field.vocabulary, "by_token"):
        bounds.append("one of " + ", ".join(sorted(field.vocabulary.by_token)))
    return f"{_title(field)} was expected" + (f": {' and '.join(bounds)}" if bounds else "")


def expand_settings(data: Mapping[str, str], settings: Mapping[str, Any], info: Tag) -> dict[str, str]:
    """
    The attributes with each `${key}` and `${key:-default}` taken from *settings*. Nothing else is ever expanded.

    Raises Problems for a key that has neither a value nor a default.
    """
    problems: list[Problem] = []
    filled = {}
    for name, text in data.items():

        def missing(message: str, hint: str, name: str = name) -> None:
            where = info.attribute(name)
            problems.append(Problem(where, f"{info.directive}: {name}: {message}", hint, code="A111"))

        filled[name] = _filled(text, settings, missing)
    if problems:
        raise Problems(*problems)
    return Filled(filled)


def expanded(text: str, settings: Mapping[str, Any]) -> str:
    """One value with its settings. Raises BadValue for a key that has neither a value nor a default."""

    def missing(message: str, hint: str) -> None:
        raise BadValue(message, hint)

    return _filled(text, settings, missing)


def _filled(text: str, settings: Mapping[str, Any], missing: Callable[[str, str], None]) -> str:
    def value(found: re.Match[str]) -> str:
        key, default, text = found[1].partition(":-")
        if key in settings and settings[key] is not None:
            return str(settings[key])
        if not default:
            near = did_you_mean(key, {str(name) for name in settings} - {key})
            missing(f"no setting {key!r}", near or f"give settings={{{key!r}: ...}} or write ${{{key}:-default}}")
        return text

    return _SETTING.sub(value, text) if "${" in text else text
