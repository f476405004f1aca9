"""The directives of bundles: what they may say, and the records they make. `docs/directives` prints the attributes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, NamedTuple

from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.fields import GlobalObject
from zope.interface import Interface
from zope.schema import TextLine

from assetzcml.errors import Problem, shorten
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.bundles import (
    FLAGS,
    BundleContents,
    BundleRecord,
    BundlingRecord,
    EnvironmentOption,
    FilterOption,
    FilterRecord,
    LoadPath,
    URLMapping,
    bundle_content,
    bundle_output,
    contents_position,
    debug_level,
    switch,
)
from assetzcml.zcml.asset_directives import declare
from assetzcml.zcml.attributes import BadValue, Problems, reason
from assetzcml.zcml.positions import Tag
from assetzcml.zcml.schemas import Checked, Spec

__all__ = [
    "Bundle",
    "Environment",
    "IBundle",
    "IBundleContents",
    "IEnvironment",
    "IFilter",
    "IFilterOption",
    "ILoadPath",
    "IURLMapping",
    "add_filter",
    "bundle_contents",
]

NOTHING = ("false", "none", "no", "off", "0")  # how an option says that there is no such thing
_DOTTED = re.compile(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*")


class Said(NamedTuple):
    """The value of an option, and how it is written."""

    value: Any
    wording: str


class Option(TextLine):
    """An option of the environment, read by a function of the text and the context."""

    def __init__(self, read: Any, **options: Any):
        self.read = read
        super().__init__(required=False, **options)

    def fromUnicode(self, value: str) -> Said:  # noqa: N802 (zope.schema's name)
        try:
            said = self.read(value.strip(), self.context)
        except ValueError as error:
            raise BadValue(str(error)) from None
        return Said(said, str(said) if isinstance(said, AssetSpec) else value.strip())


class Tokens(TextLine):
    """Words parted by blanks, each read by a function of the word and what relative forms are relative to."""

    def __init__(self, read: Any, **options: Any):
        self.read = read
        super().__init__(default=(), required=options.pop("required", False), **options)

    def fromUnicode(self, value: str) -> tuple[Any, ...]:  # noqa: N802
        base = _base(self.context)
        try:
            return tuple(self.read(word, base) for word in value.split())
        except ValueError as error:
            raise BadValue(str(error)) from None

    def validate(self, value: Any) -> None:
        """The function has validated what is there."""


def _base(context: Any) -> AssetSpec:
    """What relative forms are relative to: the package of the file, or its directory when it belongs to none."""
    package = getattr(context, "package", None)
    return AssetSpec(package.__name__) if package is not None else asset_spec(context.info.directory_path)


def _spec(text: str, context: Any) -> AssetSpec:
    base = _base(context)
    return asset_spec(text, package=base.package, directory="" if base.package else str(base))


def _component(pattern: str, expected: str) -> Any:
    """The reader of an option that takes words (*pattern*), or the dotted name of a component."""

    def read(text: str, context: Any) -> Any:
        if text.lower() in NOTHING:
            return False
        if re.fullmatch(pattern, text):
            return text
        if "." in text and _DOTTED.fullmatch(text):
            return _resolved(text, context)
        raise ValueError(f"{expected} or the dotted name of a component was expected")

    return read


def _resolved(name: str, context: Any) -> Any:
    try:
        return context.resolve(name)
    except ZopeConfigurationError as error:
        raise ValueError(f"it cannot be resolved: {reason(error)}") from None


def _cache(text: str, context: Any) -> Any:
    if text.lower() in FLAGS or text.lower() in NOTHING:
        return FLAGS.get(text.lower(), False)
    if "." in text and _DOTTED.fullmatch(text):
        return _resolved(text, context)
    return _spec(text, context)


def _mode(text: str, context: Any) -> int:
    if not re.fullmatch("[0-7]{3,4}", text):
        raise ValueError("a mode in octal digits was expected, such as 0640")
    return int(text, 8)


def _expire(text: str, context: Any) -> bool | None:
    if text.lower() == "auto":
        return None
    try:
        return switch(text)
    except ValueError:
        raise ValueError("auto, true or false was expected") from None


def _url(text: str) -> str:
    if not text or not text.isprintable() or " " in text or "?" in text or "#" in text:
        raise ValueError("the prefix of URLs was expected, such as '/static' or 'https://cdn.example.com/static'")
    return text


def _word(text: str) -> str:
    if not text or re.search(r"[\s,:]", text):
        raise ValueError("a name without blank, comma and colon was expected")
    return text


def _pair(text: str, base: AssetSpec) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"{text!r} is not key=value")
    return key, value


class IEnvironment(Interface):
    """`environment`: the options of all bundles. Each is a statement of its own; what is not said is left alone."""

    directory = Option(
        _spec,
        title="Directory that outputs are written below",
        description="And sources are found in, unless there is a load path. Not created before something is built.",
    )
    url = Option(
        lambda text, context: _url(text),
        title="Prefix of the URLs of outputs",
        description="Without it, that of the static view that publishes the directory.",
    )
    debug = Option(
        lambda text, context: debug_level(text),
        title="What URLs lead to: outputs (false), outputs that are only merged (merge), or sources (true)",
    )
    auto_build = Option(
        lambda text, context: switch(text), title="Build what is out of date when its URL is asked for?"
    )
    url_expire = Option(
        _expire, title="Add the version to URLs as a query?", description="auto: where the name does not have it."
    )
    versions = Option(
        _component("hash(:[0-9]+)?|timestamp", "hash, hash:N, timestamp, false"), title="What a version is"
    )
    manifest = Option(
        _component("cache|(json|file)(:.+)?", "cache, json, json:PATH, false"),
        title="Where versions are written down",
    )
    updater = Option(
        _component("timestamp|always", "timestamp, always, false"), title="What says whether a bundle is out of date"
    )
    cache = Option(
        _cache,
        title="Keep results of filters?",
        description="true: in the environment's directory; or a directory; or the dotted name of a cache.",
    )
    cache_file_mode = Option(_mode, title="Mode of files in the cache, in octal digits")
    allow_remote = Option(lambda text, context: switch(text), title="May a build download URLs among the contents?")
    debug_expire = Option(lambda text, context: switch(text), title="Do URLs of sources carry versions too?")


class ILoadPath(Interface):
    """`loadPath` in `environment`: one more directory in which sources are looked for."""

    path = Spec(title="Directory")
    url = Checked(_url, title="Where it is published", required=False)


class IURLMapping(Interface):
    """`urlMapping` in `environment`: where a directory of sources is published."""

    path = Spec(title="Directory")
    url = Checked(_url, title="Where it is published")


class IFilterOption(Interface):
    """`filterOption` in `environment` or `bundle`: a setting of filters."""

    name = Checked(_word, title="Name of the setting")
    value = TextLine(title="Its value")


class IBundle(Interface):
    """`bundle`: files that are merged into one."""

    name = Checked(_word, title="Name of the bundle")
    contents = Tokens(
        bundle_content,
        title="What is merged, in order",
        description="Names on the load path, globs, asset specs, URLs, names of bundles.",
    )
    filters = Checked(
        lambda text: tuple(word for word in re.split(r"[\s,]+", text) if word), title="Names of filters", required=False
    )
    output = TextLine(title="Path of the result, below the environment's directory", required=False)
    depends = Tokens(bundle_content, title="Files whose change makes a build necessary, though they are not merged")
    debug = Checked(debug_level, title="Its own debug level, which can only lower the environment's", required=False)
    merge = Checked(switch, title="Is everything merged into one output?", default=True, required=False)
    extra = Tokens(_pair, title="For templates: key=value")


class IBundleContents(Interface):
    """`bundleContents`: more contents for a bundle, also of another package."""

    bundle = Checked(_word, title="Name of the bundle")
    contents = Tokens(bundle_content, title="What is added, in order", required=True)
    position = Checked(
        contents_position, title="append, prepend, before:NAME or after:NAME", default=("append", ""), required=False
    )


class IFilter(Interface):
    """`filter`: a filter that bundles may name."""

    name = Checked(_word, title="Name of the filter")
    factory = GlobalObject(
        title="Dotted name of a filter class, or of what is called without arguments to make a filter"
    )


def _declare(context: Any, record: BundlingRecord, discriminator: Any) -> None:
    context.action(discriminator, declare, (record,), assetzcml_record=record)


def _place(context: Any) -> tuple[Any, ...]:
    return (*context.assetzcml_place, (0, -context.info.ordinal, 0))


class Environment:
    """`environment`."""

    def __init__(self, context: Any, **options: Said):
        for name, said in options.items():
            origin, place = context.info, _place(context)
            record = EnvironmentOption(name=name, value=said.value, wording=said.wording, origin=origin, place=place)
            _declare(context, record, record.discriminator)

    def loadPath(self, context: Any, path: AssetSpec, url: str | None = None) -> None:  # noqa: N802 (the directive's name)
        record = LoadPath(path=path, url=url, origin=context.info, place=_place(context))
        _declare(context, record, record.discriminator)

    def urlMapping(self, context: Any, path: AssetSpec, url: str) -> None:  # noqa: N802
        record = URLMapping(path=path, url=url, origin=context.info, place=_place(context))
        _declare(context, record, record.discriminator)

    def filterOption(self, context: Any, name: str, value: str) -> None:  # noqa: N802
        record = FilterOption(name=name, value=value, origin=context.info, place=_place(context))
        _declare(context, record, record.discriminator)


class Bundle:
    """`bundle`."""

    def __init__(self, context: Any, name: str, output: str | None = None, merge: bool = True, **options: Any):
        info: Tag = context.info
        if output is not None:
            try:
                output = bundle_output(output, merge=merge)
            except ValueError as error:
                message = f"bundle {name!r}: output={shorten(output)}: {error}"
                raise Problems(Problem(info.attribute("output"), message)) from None
        if not merge and output is None:
            message = f"bundle {name!r}: with merge=false it needs an output"
            raise Problems(Problem(info.attribute("merge"), message, "such as output='gen/%(name)s.%(version)s.js'"))
        self.context = context
        self.record = BundleRecord(
            name=name, output=output, merge=merge, base=_base(context), origin=info, place=_place(context), **options
        )

    def filterOption(self, context: Any, name: str, value: str) -> None:  # noqa: N802
        if name.lower() in {known.lower() for known, _ in self.record.options}:
            raise Problems(Problem(context.info.attribute("name"), f"filterOption {name!r} is given twice"))
        self.record = replace(self.record, options=(*self.record.options, (name, value)))

    def __call__(self) -> None:
        _declare(self.context, self.record, self.record.discriminator)


def bundle_contents(
    context: Any, bundle: str, contents: tuple[str, ...], position: tuple[str, str] = ("append", "")
) -> None:
    """`bundleContents`."""
    info: Tag = context.info
    if not contents:
        raise Problems(Problem(info.attribute("contents"), f"bundleContents {bundle!r}: contents is empty"))
    base = _base(context)
    word, name = position
    try:
        position = word, bundle_content(name, base) if name else ""
    except ValueError as error:
        raise Problems(Problem(info.attribute("position"), f"bundleContents {bundle!r}: position: {error}")) from None
    record = BundleContents(
        bundle=bundle, contents=contents, position=position, base=base, origin=info, place=_place(context)
    )
    _declare(context, record, None)


def add_filter(context: Any, name: str, factory: Any) -> None:
    """`filter`."""
    if not callable(factory):
        message = f"filter {name!r}: factory {factory!r} is not callable"
        raise Problems(Problem(context.info.attribute("factory"), message))
    record = FilterRecord(name=name, factory=factory, origin=context.info, place=_place(context))
    _declare(context, record, record.discriminator)
