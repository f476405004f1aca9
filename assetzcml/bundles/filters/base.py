"""
What a filter is: webassets' protocol, on bytes.

A filter is a value: what it was given never changes. `bind` makes the copy that works for one bundle, with its options
looked up, so one instance may be shared by bundles, environments and threads.
"""

from __future__ import annotations

import copy
import hashlib
import os
import re
import sys
import types
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.records.readers import boolean

__all__ = [
    "ADAPTED",
    "CallableFilter",
    "ContentFilter",
    "Filter",
    "FilterContext",
    "FilterError",
    "FilterWarning",
    "MissingOption",
    "TextFilter",
    "UnknownFilter",
    "file_of",
    "option",
    "split_list",
]


ADAPTED = "webassets:"  # the prefix of the name of a filter that an installed webassets has


class FilterError(ConfigurationError, ValueError):
    """A filter cannot be found or set up, or cannot do its work on this content. Its problems name file and line."""


class UnknownFilter(FilterError):
    """No filter has this name."""


class MissingOption(FilterError, OSError):
    """An option that a filter needs was not given anywhere. It is an EnvironmentError, as in webassets."""


class FilterWarning(UserWarning):
    """A filter left something as it was, and says why; the build goes on."""


class FilterContext(Protocol):
    """What a bound filter may ask of the environment. A filter needs no more of it than it uses."""

    @property
    def directory(self) -> str:
        """The directory that outputs are written to. Raises UnsetOption."""

    @property
    def url(self) -> str:
        """Where that is published. Raises UnsetOption."""

    @property
    def url_mapping(self) -> Mapping[str, str]:
        """Where directories of sources are published: directory to URL."""

    def get(self, name: str, default: Any = None) -> Any:
        """The bundle's option, else the environment's; case does not matter; *default* where neither has it."""


class option(NamedTuple):  # noqa: N801  a word of webassets' protocol
    """
    How one option of a filter is given.

    *argument* is its keyword argument (the attribute's name when None), *setting* its name in the configuration and in
    os.environ (None: nowhere but the argument), *type* what a text is read as: `list`, `bool`, `int`, `float`, or any
    function of a text; *default* what it is when nobody gave it.

    A single argument is the setting, as in webassets; what is an argument only has the setting "".

    >>> option.of(option("SASS_LOAD_PATHS", type=list)).setting
    'SASS_LOAD_PATHS'
    """

    argument: str | None = None
    setting: str | None = None
    type: Callable[[str], Any] | None = None
    default: Any = None

    @classmethod
    def of(cls, declared: str | Sequence[Any] | option) -> option:
        """The same, of what webassets lets stand in `options`: a setting, a tuple or an option."""
        if isinstance(declared, cls):
            read = declared
        else:
            read = cls(declared) if isinstance(declared, str) else cls(*declared)
        if read.setting is None and read.argument is not None:
            return read._replace(argument=None, setting=read.argument)
        return read


class Filter:
    """
    Turns the bytes of a source, or of a whole bundle, into other bytes.

    A subclass defines those of these four that it has something to do in; all streams are binary:

    - `input(_in, out, **kw)`: each source, before they are joined;
    - `output(_in, out, **kw)`: the whole, after;
    - `open(out, source_path, **kw)`: reads the source itself, one filter of a bundle at most;
    - `concat(out, hunks, **kw)`: joins the sources, each has `data()`, one filter of a bundle at most.

    *kw* has `source` (as the bundle names it) and `source_path` where it is about one source, `output` and
    `output_path` always, and may have `source_url` and `output_url`. `depends` is a list or None; to it a filter
    appends the absolute path of every file that it read besides the source.

    >>> class Upper(Filter):
    ...     name = "upper"
    ...     def output(self, _in, out, **kw):
    ...         out.write(_in.read().upper())
    >>> Upper() == Upper()
    True
    """

    name: ClassVar[str | None] = None

    # The highest debug level at which the filter runs: False in production only, "merge" and True also when debugging,
    # None always (a compiler: its bundle is merged even in debug mode).
    max_debug_level: ClassVar[bool | str | None] = False

    # attribute -> how it is given; the options of the base classes are added.
    options: ClassVar[Mapping[str, Any]] = {}

    # Whether it takes care of `import` and `export`: what it makes of a source may go anywhere.
    resolves_modules: ClassVar[bool] = False

    # Whether what it makes of a source depends on the way from the output's URL to the source's.
    uses_urls: ClassVar[bool] = False

    # A filter whose bytes change though neither its options nor its tools do raises this.
    version: ClassVar[str] = "1"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The options, which `__init__` makes attributes of."""

    input: Callable[..., Any] | None = None
    output: Callable[..., Any] | None = None
    open: Callable[..., Any] | None = None
    concat: Callable[..., Any] | None = None

    def __init__(self, **options: Any):
        self.ctx: FilterContext | None = None
        self._options = declared_options(type(self))
        for attribute, how in self._options.items():
            setattr(self, attribute, options.pop(how.argument or attribute, None))
        self._given = {name: getattr(self, name) for name in self._options if getattr(self, name) is not None}
        if options:
            raise TypeError(f"{self.name or type(self).__name__!r} has no option {next(iter(options))!r}")

    def bind(self, context: FilterContext) -> Filter:
        """A copy for the bundle and environment of *context*, set up. Raises what `setup` raises."""
        bound = copy.copy(self)
        bound.ctx = context
        bound.setup()
        return bound

    def settings(self) -> list[str]:
        """The names under which options of this filter may be set for a bundle or an environment."""
        return [how.setting for how in self._options.values() if how.setting]

    def follow(self, earlier: Sequence[Filter]) -> None:
        """Told, once it is bound, which filters run before it on the same bundle. By default that does not matter."""

    def setup(self) -> None:
        """
        Look up the options that were not given to the instance. Called on a bound copy, before it works.

        A subclass that overrides it calls this one first, and may raise what is missing.
        """
        for attribute, how in self._options.items():
            value = getattr(self, attribute)
            if value is None and how.setting:
                value = self.get_config(how.setting, require=False, what=f"option {attribute!r}", type=how.type)
            elif isinstance(value, str) and how.type is not None:
                value = self._parsed(value, how.type, attribute)
            setattr(self, attribute, how.default if value is None else value)

    def get_config(
        self,
        setting: str | bool = False,
        env: str | bool | None = None,
        require: bool = True,
        what: str = "dependency",
        type: Callable[[str], Any] | None = None,  # noqa: A002  webassets' argument
    ) -> Any:
        """
        The value of *setting* in the bundle's options, else the environment's, else of *env* in os.environ.

        *env* is *setting* where it is None; False leaves that source out. A text is read as *type*.
        Raises MissingOption, an EnvironmentError, when nobody says it and it is required; else returns None.
        """
        if env is None:
            env = setting
        value, where = None, str(setting or env)
        if setting and self.ctx is not None:
            value = self.ctx.get(str(setting), None)
        if value is None and env:
            value, where = os.environ.get(str(env)), f"environment variable {env}"
        if value is None and require:
            places = [f"the setting {setting!r}"] if setting else []
            places += [f"the environment variable {env!r}"] if env else []
            hint = f"set {' or '.join(places)}"
            raise MissingOption(Problem(None, f"{self.name or _path_of(self.__class__)}: {what} is not known", hint))
        return self._parsed(value, type, where) if isinstance(value, str) and type is not None else value

    def _parsed(self, text: str, kind: Callable[[str], Any], where: str) -> Any:
        try:
            return _PARSERS.get(kind, kind)(text)
        except ValueError as error:
            raise FilterError(f"{self.name or _path_of(type(self))}: {where} is {text!r}: {error}") from None

    def unique(self) -> Any:
        """
        What tells this instance from others of its class: two that are equal in it count once in a chain.

        By default the options it was given.
        """
        return {name: self._given[name] for name in sorted(self._given)}

    def tool_versions(self) -> Sequence[str]:
        """Names and versions of the tools at work: what others made is not taken from the cache. Asked when bound."""
        return ()

    def get_additional_cache_keys(self, **kw: Any) -> list[Any]:
        """What of the keyword arguments the result depends on, as plain values; part of the key of a cached result."""
        return []

    def cache_options(self) -> dict[str, Any]:
        """The options, as looked up, that the result depends on: all of them, unless a subclass knows better."""
        return {name: getattr(self, name) for name in self._options}

    def id(self) -> str | None:
        """
        What a cached result of this bound filter is kept under, the same in every process; None: it is never cached.

        The class and its version, every option as looked up, `unique()` and `tool_versions()`.
        None where a value has no lasting name (a lambda, an object).
        """
        try:
            parts = [_path_of(type(self)), self.version, self.cache_options(), list(self.tool_versions())]
            parts.append(self.unique())
            return hashlib.sha256(stable_text(parts).encode()).hexdigest()
        except NamelessValue:
            return None

    def definition(self) -> str:
        """What was declared, to notice when that changes: class and `unique()`. Starts no tool, is never None."""
        return f"{_path_of(type(self))} {stable_text(self.unique(), strict=False)}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Filter):
            return NotImplemented
        return type(self) is type(other) and bool(self.unique() == other.unique())

    def __hash__(self) -> int:
        return hash((type(self), _frozen(self.unique())))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given.items())
        return f"<filter {self.name or _path_of(type(self))}{f' {given}' if given else ''}>"


class CallableFilter(Filter):
    """A function `f(_in, out)` of two binary streams, run on the whole."""

    name = "callable"

    def __init__(self, function: Callable[[IO[bytes], IO[bytes]], Any]):
        super().__init__()
        self.function = function

    def unique(self) -> Any:
        return self.function

    def output(self, _in: IO[bytes], out: IO[bytes], **kw: Any) -> None:
        """Call the function."""
        self.function(_in, out)


class ContentFilter(Filter):
    """A filter that is one function of the content: define `transform`, and say in `method` where it is called."""

    method: ClassVar[str] = "output"  # or "input", or "open"

    def __init_subclass__(cls, **kw: Any):
        super().__init_subclass__(**kw)
        for name, function in (("input", _transform_stream), ("output", _transform_stream), ("open", _transform_file)):
            if name not in cls.__dict__:
                setattr(cls, name, function if name == cls.method else None)

    def transform(self, content: bytes, **kw: Any) -> bytes:
        """The content that takes the place of *content*."""
        raise NotImplementedError


def _transform_stream(self: ContentFilter, _in: IO[bytes], out: IO[bytes], **kw: Any) -> None:
    """What `transform` makes of a stream."""
    out.write(self.transform(_in.read(), **kw))


def _transform_file(self: ContentFilter, out: IO[bytes], source_path: str, **kw: Any) -> None:
    """What `transform` makes of a file."""
    with open(source_path, "rb") as file:
        content = file.read()
    out.write(self.transform(content, **{**kw, "source_path": source_path}))


class TextFilter(ContentFilter):
    """
    A filter on text: define `transform_text`. Content is UTF-8, no other is guessed; a byte order mark is dropped.

    Raises FilterError, with file, line and byte offset, for content that is not UTF-8.
    """

    def transform(self, content: bytes, **kw: Any) -> bytes:
        return self.transform_text(decoded_text(content, self, kw), **kw).encode()

    def transform_text(self, text: str, **kw: Any) -> str:
        """The text that takes the place of *text*, newlines as they stand in the file."""
        raise NotImplementedError


def decoded_text(content: bytes, what: Filter, kw: Mapping[str, Any]) -> str:
    """*content* as text, without byte order mark; FilterError names the file and the first byte that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Of a text with a byte order mark, error.object begins after it.
        offset = error.start + len(content) - len(error.object)
        origin = Origin(file_of(kw), content.count(b"\n", 0, offset) + 1)
        message = f"{what.name} reads UTF-8, and byte offset {offset} is 0x{content[offset]:02x}, {error.reason}"
        raise FilterError(Problem(origin, message, "convert the file, or leave this filter out")) from None


def file_of(kw: Mapping[str, Any]) -> str:
    """The file that a filter's keyword arguments are about, for messages: the source, or the output for the whole."""
    return str(kw.get("source_path") or kw.get("source") or kw.get("output_path") or kw.get("output") or "(content)")


def declared_options(kind: type[Filter]) -> dict[str, option]:
    """The options of the class *kind* and of its bases; where both name one, that of the class."""
    result: dict[str, option] = {}
    for base in reversed(kind.__mro__):
        for attribute, how in vars(base).get("options", {}).items():
            result[attribute] = option.of(how)
    return result


def split_list(text: str) -> list[str]:
    r"""
    The words of *text*: commas and blanks part them, a backslash makes the next character an ordinary one.

    Raises ValueError for a backslash at the end.

    >>> split_list(r"a, b\,c d\ e")
    ['a', 'b,c', 'd e']
    """
    words = re.findall(r"(?:\\.|[^\s,\\])+|\\\Z", text, re.DOTALL)
    if words and words[-1] == "\\":
        raise ValueError("a backslash at the end escapes nothing")
    return [re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in words]


_PARSERS: dict[Any, Callable[[str], Any]] = {list: split_list, bool: boolean}


class NamelessValue(ValueError):
    """A value that has no name that lasts longer than this process."""


def stable_text(value: Any, strict: bool = True) -> str:
    """
    A text that is the same for equal values in every process, and another for others: type and content are in it.

    A function counts as its path and its code. One that cannot be imported by its path (a lambda, a closure), and any
    other object, raises Unnamed; unless *strict* is false: then its path or type must do.

    >>> stable_text({"b": [1, "x"], "a": None})
    "{'a':None,'b':[1,'x']}"
    """
    match value:
        case None | bool() | int() | float() | str() | bytes():
            return repr(value)
        case PurePath():
            return f"path({str(value)!r})"
        case list() | tuple():
            return "[" + ",".join(stable_text(item, strict) for item in value) + "]"
        case Mapping():
            items = sorted((stable_text(key, strict), stable_text(item, strict)) for key, item in value.items())
            return "{" + ",".join(f"{key}:{item}" for key, item in items) + "}"
        case set() | frozenset():
            return "set(" + ",".join(sorted(stable_text(item, strict) for item in value)) + ")"
        case type() if _importable(value):
            return f"type({_path_of(value)})"
        case types.FunctionType() if _importable(value) or not strict:
            return f"function({_path_of(value)} {_code_digest(value.__code__)})"
        case types.BuiltinFunctionType() if _importable(value):
            return f"function({_path_of(value)})"
    if strict:
        raise NamelessValue(f"{value!r} has no lasting name")
    return f"object({_path_of(type(value))})"


def _path_of(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _importable(thing: Any) -> bool:
    """Whether the path of *thing* leads to it, and it carries no values of its own."""
    found: Any = sys.modules.get(thing.__module__ or "")
    for part in thing.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is thing and not getattr(thing, "__closure__", None)


def _code_digest(code: types.CodeType) -> str:
    digest = hashlib.sha256(code.co_code)
    for constant in (code.co_names, code.co_varnames, *code.co_consts):
        text = _code_digest(constant) if isinstance(constant, types.CodeType) else repr(constant)
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()[:16]


def _frozen(value: Any) -> Hashable:
    """*value* as a key of a dictionary; of an object that cannot be one, its type: equality decides."""
    if isinstance(value, Mapping):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else type(value)
    kind: Any = type(value)
    return value if isinstance(value, Hashable) else kind
