"""The directives of bundles: what they may say, and the records they make. `docs/directives` prints the attributes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.fields import GlobalObject
from zope.interface import Interface, taggedValue
from zope.schema import TextLine

from assetzcml.errors import Problem, shorten
from assetzcml.records.assets import AssetSpec
from assetzcml.records.bundles import (
    BundleContents,
    BundleRecord,
    EnvironmentOption,
    FilterOption,
    FilterRecord,
    LoadPath,
    URLMapping,
    bundle_content,
    bundle_output,
    contents_position,
    debug_level,
    former_versions,
)
from assetzcml.records.readers import BOOLEAN_WORDS_TEXT, boolean, boolean_word
from assetzcml.resolving.importing import import_failure
from assetzcml.zcml.actions import declare, tag_of
from assetzcml.zcml.attributes import Problems, reason
from assetzcml.zcml.fields import Checked, Option, Said, Spec, Tokens, base_of, spec_of
from assetzcml.zcml.positions import Tag

__all__ = [
    "BundleDirective",
    "EnvironmentDirective",
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

NOTHING = "none"  # how an option says, beside the words for false, that there is no such thing
_DOTTED = re.compile(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*")


def _component(pattern: str, expected: str) -> Any:
    """The reader of an option that takes words (*pattern*), or the dotted name of a component."""

    def read(text: str, context: Any) -> Any:
        if text.lower() == NOTHING or boolean_word(text) is False:
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
    except Exception as error:  # whatever its code raises
        raise ValueError(f"it cannot be imported: {import_failure(error)}") from error


def _cache(text: str, context: Any) -> Any:
    if text.lower() == NOTHING or boolean_word(text) is not None:
        return boolean_word(text) or False
    if "." in text and _DOTTED.fullmatch(text):
        return _resolved(text, context)
    return spec_of(text, context)


def _mode(text: str, context: Any) -> int:
    if not re.fullmatch("[0-7]{3,4}", text):
        raise ValueError("a mode in octal digits was expected, such as 0640")
    return int(text, 8)


def _expire(text: str, context: Any) -> bool | None:
    if text.lower() == "auto":
        return None
    said = boolean_word(text)
    if said is None:
        raise ValueError(f"auto, true or false was expected: {BOOLEAN_WORDS_TEXT}")
    return said


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
        spec_of,
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
        lambda text, context: boolean(text), title="Build what is out of date when its URL is asked for?"
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
    allow_remote = Option(lambda text, context: boolean(text), title="May a build download URLs among the contents?")
    debug_expire = Option(lambda text, context: boolean(text), title="Do URLs of sources carry versions too?")
    former_versions = Option(
        lambda text, context: former_versions(text),
        title="How many former versions of an output stay when it is built",
        description="A number, or all. Only files that a build here has written are removed.",
    )
    source_maps = Option(
        _expire,
        title="Do outputs hold a map to those sources that no filter has changed?",
        description="auto: those that are only merged.",
    )


class ILoadPath(Interface):
    """`loadPath` in `environment`: one more directory in which sources are looked for."""

    taggedValue("examples", {"path": "package:static"})

    path = Spec(title="Directory")
    url = Checked(_url, title="Where it is published", required=False)


class IURLMapping(Interface):
    """`urlMapping` in `environment`: where a directory of sources is published."""

    taggedValue("examples", {"path": "package:static", "url": "/static"})

    path = Spec(title="Directory")
    url = Checked(_url, title="Where it is published")


class IFilterOption(Interface):
    """`filterOption` in `environment` or `bundle`: a setting of filters."""

    taggedValue("examples", {"name": "sass_bin", "value": "/usr/bin/sass"})

    name = Checked(_word, title="Name of the setting")
    value = TextLine(title="Its value")


class IBundle(Interface):
    """`bundle`: files that are merged into one."""

    taggedValue("examples", {"name": "app.css", "contents": "app.css"})

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
    merge = Checked(boolean, title="Is everything merged into one output?", default=True, required=False)
    extra = Tokens(_pair, title="For templates: key=value")


class IBundleContents(Interface):
    """`bundleContents`: more contents for a bundle, also of another package."""

    taggedValue("examples", {"bundle": "app.css", "contents": "more.css"})

    bundle = Checked(_word, title="Name of the bundle")
    contents = Tokens(bundle_content, title="What is added, in order", required=True)
    position = Checked(
        contents_position, title="append, prepend, before:NAME or after:NAME", default=("append", ""), required=False
    )


class IFilter(Interface):
    """`filter`: a filter that bundles may name."""

    taggedValue("examples", {"name": "shout", "factory": "package.module.Filter"})

    name = Checked(_word, title="Name of the filter")
    factory = GlobalObject(
        title="Dotted name of a filter class, or of what is called without arguments to make a filter"
    )


class EnvironmentDirective:
    """`environment`."""

    def __init__(self, context: Any, **options: Said):
        for name, said in options.items():
            record = EnvironmentOption(name=name, value=said.value, wording=said.wording, origin=tag_of(context))
            declare(context, record)

    def loadPath(self, context: Any, path: AssetSpec, url: str | None = None) -> None:  # noqa: N802 (the directive's name)
        record = LoadPath(path=path, url=url, origin=tag_of(context))
        declare(context, record)

    def urlMapping(self, context: Any, path: AssetSpec, url: str) -> None:  # noqa: N802
        record = URLMapping(path=path, url=url, origin=tag_of(context))
        declare(context, record)

    def filterOption(self, context: Any, name: str, value: str) -> None:  # noqa: N802
        record = FilterOption(name=name, value=value, origin=tag_of(context))
        declare(context, record)


class BundleDirective:
    """`bundle`."""

    def __init__(self, context: Any, name: str, output: str | None = None, merge: bool = True, **options: Any):
        info: Tag = tag_of(context)
        if output is not None:
            try:
                output = bundle_output(output, merge=merge)
            except ValueError as error:
                message = f"bundle {name!r}: output={shorten(output)}: {error}"
                raise Problems(Problem(info.attribute("output"), message, code="A107")) from None
        if not merge and output is None:
            message = f"bundle {name!r}: with merge=false it needs an output"
            hint = "such as output='gen/%(name)s.%(version)s.js'"
            raise Problems(Problem(info.attribute("merge"), message, hint, code="A114"))
        self.context = context
        self.record = BundleRecord(name=name, output=output, merge=merge, base=base_of(context), origin=info, **options)

    def filterOption(self, context: Any, name: str, value: str) -> None:  # noqa: N802
        if name.lower() in {known.lower() for known, _ in self.record.options}:
            where = tag_of(context).attribute("name")
            raise Problems(Problem(where, f"filterOption {name!r} is given twice", code="A114"))
        self.record = replace(self.record, options=(*self.record.options, (name, value)))

    def __call__(self) -> None:
        declare(self.context, self.record)


def bundle_contents(
    context: Any, bundle: str, contents: tuple[str, ...], position: tuple[str, str] = ("append", "")
) -> None:
    """`bundleContents`."""
    info: Tag = tag_of(context)
    if not contents:
        message = f"bundleContents {bundle!r}: contents is empty"
        raise Problems(Problem(info.attribute("contents"), message, code="A107"))
    base = base_of(context)
    word, name = position
    try:
        position = word, bundle_content(name, base) if name else ""
    except ValueError as error:
        message = f"bundleContents {bundle!r}: position: {error}"
        raise Problems(Problem(info.attribute("position"), message, code="A107")) from None
    record = BundleContents(bundle=bundle, contents=contents, position=position, base=base, origin=info)
    declare(context, record)


def add_filter(context: Any, name: str, factory: Any) -> None:
    """`filter`."""
    if not callable(factory):
        message = f"filter {name!r}: factory {factory!r} is not callable"
        raise Problems(Problem(tag_of(context).attribute("factory"), message, code="A107"))
    record = FilterRecord(name=name, factory=factory, origin=tag_of(context))
    declare(context, record)
