"""What ZCML says about bundles, as records; and the words that stand in it. Values only: nothing here builds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from zope.interface import Interface, implementer

from assetzcml.interfaces import IBundling
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.kinds import BUNDLES, ENVIRONMENT, Kind, Record, dotted
from assetzcml.records.readers import BOOLEAN_WORDS_TEXT, boolean_word

__all__ = [
    "PLACEHOLDER",
    "BundleContents",
    "BundleRecord",
    "BundlingRecord",
    "EnvironmentOption",
    "FilterOption",
    "FilterRecord",
    "LoadPath",
    "URLMapping",
    "bundle_content",
    "bundle_output",
    "contents_position",
    "debug_level",
    "former_versions",
    "refuse_spec_as_output",
]

PLACEHOLDER = "%(version)s"
PART_WORDS = ("name", "path", "ext")  # what else stands in the output of a bundle that is not merged

_WORD = re.compile(r"%\((\w*)\)s?")
# The version with what parts it from the rest of the name: 'app.1f2e.css', 'app-1f2e.css', '1f2e/app.css'.
_VERSION = re.compile(r"[.\-_]" + re.escape(PLACEHOLDER) + r"|" + re.escape(PLACEHOLDER) + r"[\-_]?")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+:)?//")
_SPEC = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:")
_POSITION = re.compile(r"(before|after):(\S+)")


def debug_level(text: str) -> bool | str:
    """
    A debug level: False, 'merge' or True. Raises ValueError.

    >>> debug_level("merge"), debug_level("1")
    ('merge', True)
    """
    if text.strip().lower() == "merge":
        return "merge"
    said = boolean_word(text)
    if said is None:
        raise ValueError(f"true, false or merge was expected: {BOOLEAN_WORDS_TEXT}")
    return said


def bundle_output(text: str, *, merge: bool = True) -> str:
    """
    The output of a bundle, normalised: a path below the environment's directory. Raises ValueError.

    Of the words in '%(...)s' only the version means something, and without *merge* those of a part.

    >>> bundle_output("./gen//app.%(version)s.css")
    'gen/app.%(version)s.css'
    """
    refuse_spec_as_output(text)
    known = ("version",) if merge else ("version", *PART_WORDS)
    for found in _WORD.finditer(text):
        if found[0] not in {f"%({word})s" for word in known}:
            words = ", ".join(f"%({word})s" for word in known)
            raise ValueError(f"{found[0]!r} means nothing in an output; only {words} does")
    for character, name in (("\0", "NUL"), ("\\", "a backslash")):
        if character in text:
            raise ValueError(f"it holds {name}; segments are separated by '/'")
    if text.startswith("/"):
        raise ValueError("a path below the environment's directory was expected, without a leading '/'")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("it leads out of the environment's directory: '..' is not followed")
    if not parts or text.endswith("/"):
        raise ValueError("the name of a file was expected")
    return "/".join(parts)


def refuse_spec_as_output(text: str) -> None:
    """Raises ValueError, with what to write, for an output that is written as an asset spec."""
    if _SPEC.match(text):
        package, _, path = text.partition(":")
        directory, _, rest = path.partition("/") if "/" in path else ("", "", path)
        raise ValueError(
            f"an output is a path below the environment's directory, and no asset spec: write output={rest!r}, "
            f"and <environment directory={f'{package}:{directory}'!r}/>"
        )


def bundle_content(text: str, base: AssetSpec) -> str:
    """
    One of the contents of a bundle, normalised: a URL, a spec, an absolute path, or a plain name. Any may be a glob.

    A plain name that begins with './' is that of a file, never that of a bundle. What begins with '!' takes out of what
    stands before it. Raises InvalidSpec, a ValueError.

    >>> bundle_content(".admin:x.css", AssetSpec("shop")), bundle_content("./reset.css", AssetSpec("shop"))
    ('shop.admin:x.css', './reset.css')
    """
    if _URL.match(text):
        return text
    if text.startswith("!"):
        return f"!{bundle_content(text[1:], base)}"
    if ":" in text or text.startswith("/"):
        return str(asset_spec(text, package=base.package))
    spec = asset_spec(text, directory="/")
    return ("./" if text.startswith("./") else "") + "/".join(spec.parts)


def former_versions(text: str) -> int | None:
    """
    How many former versions of an output stay; None for all. Raises ValueError.

    >>> former_versions("3"), former_versions("all")
    (3, None)
    """
    if text.strip().lower() == "all":
        return None
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise ValueError("how many stay, 0 or more, or 'all', was expected")
    return int(text)


def contents_position(text: str) -> tuple[str, str]:
    """
    Where contents are added: 'append', 'prepend', or 'before' or 'after' and the content meant. Raises ValueError.

    >>> contents_position("after:reset.css"), contents_position("append")
    (('after', 'reset.css'), ('append', ''))
    """
    found = _POSITION.fullmatch(text)
    if found is not None:
        return found[1], found[2]
    if text not in ("append", "prepend"):
        raise ValueError("append, prepend, before:NAME or after:NAME was expected")
    return text, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said(Record):
    """What all of them have in common."""

    provided: ClassVar[type[Interface]] = IBundling
    listed_as: ClassVar[Kind] = ENVIRONMENT


@implementer(IBundling)
@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOption(_Said):
    """
    One option that `environment` says. *value* is ready to use; *wording* is how ZCML says it.

    That of `directory` is an AssetSpec.
    """

    name: str
    value: Any = field(compare=False)
    wording: str

    @property
    def discriminator(self) -> tuple[str, str]:
        return "environment", self.name

    def __str__(self) -> str:
        return f"environment {self.name}={self.wording!r}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        return {self.name: self.wording}

    def detail(self) -> str:
        """As `Record.detail`."""
        return ""


@implementer(IBundling)
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPath(_Said):
    """What `loadPath` declares: a directory that sources are looked for in, and where it is published, if that is known."""

    path: AssetSpec
    url: str | None = None

    @property
    def discriminator(self) -> tuple[str, str]:
        return "loadPath", str(self.path)

    def __str__(self) -> str:
        return f"loadPath {str(self.path)!r}"

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"at {self.url!r}" if self.url is not None else ""


@implementer(IBundling)
@dataclass(frozen=True, slots=True, kw_only=True)
class URLMapping(_Said):
    """What `urlMapping` declares: where a directory of sources is published."""

    path: AssetSpec
    url: str

    @property
    def discriminator(self) -> tuple[str, str]:
        return "urlMapping", str(self.path)

    def __str__(self) -> str:
        return f"urlMapping {str(self.path)!r}"

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"at {self.url!r}"


@implementer(IBundling)
@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOption(_Said):
    """What `filterOption` in `environment` declares: the setting of a filter. Its name has no case."""

    name: str
    value: str

    @property
    def discriminator(self) -> tuple[str, str]:
        return "filterOption", self.name.lower()

    def __str__(self) -> str:
        return f"filterOption {self.name!r}"

    def detail(self) -> str:
        """As `Record.detail`."""
        return repr(self.value)


@implementer(IBundling)
@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRecord(_Said):
    """What `filter` declares: the *factory* of a filter."""

    name: str
    factory: Any

    @property
    def discriminator(self) -> tuple[str, str]:
        return "filter", self.name

    def __str__(self) -> str:
        return f"filter {self.name!r}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        return {"name": self.name, "factory": dotted(self.factory)}

    def detail(self) -> str:
        """As `Record.detail`."""
        return dotted(self.factory)


@implementer(IBundling)
@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRecord(_Said):
    """
    What `bundle` declares. *base* is what relative forms are relative to: the file's package, or its directory.

    *options* are those of filters that hold for this bundle, *extra* is for templates.
    """

    listed_as: ClassVar[Kind] = BUNDLES

    name: str
    contents: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    output: str | None = None
    depends: tuple[str, ...] = ()
    debug: bool | str | None = None
    merge: bool = True
    extra: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    base: AssetSpec

    @property
    def discriminator(self) -> tuple[str, str]:
        return "bundle", self.name

    @property
    def spec(self) -> AssetSpec | None:
        """The address of the bundle: its output without the version, below *base*; None when it is not one file."""
        if self.output is None or not self.merge:
            return None
        return self.base.joined(part for part in _VERSION.sub("", self.output).split("/") if part)

    def __str__(self) -> str:
        return f"bundle {self.name!r}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`, with its spec."""
        said = _but_base(super(BundleRecord, self).attributes())
        spec = None if self.spec is None else str(self.spec)
        return {**said, "extra": dict(self.extra), "options": dict(self.options), "spec": spec}

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"of {str(self.spec)!r}" if self.spec is not None else ""


@implementer(IBundling)
@dataclass(frozen=True, slots=True, kw_only=True)
class BundleContents(_Said):
    """What `bundleContents` declares: more contents of a bundle that somebody else declares."""

    stacks: ClassVar[bool] = True

    bundle: str
    contents: tuple[str, ...]
    position: tuple[str, str] = ("append", "")
    base: AssetSpec

    @property
    def discriminator(self) -> tuple[str, ...]:
        return "bundleContents", self.bundle, ":".join(filter(None, self.position)), *self.contents, str(self.base)

    def __str__(self) -> str:
        return f"bundleContents {self.bundle!r}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        said = _but_base(super(BundleContents, self).attributes())
        return {**said, "position": ":".join(filter(None, self.position))}

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"{':'.join(filter(None, self.position))} {' '.join(self.contents)!r}"


def _but_base(said: dict[str, Any]) -> dict[str, Any]:
    """Without what relative forms are relative to, which nobody says."""
    return {name: value for name, value in said.items() if name != "base"}


BundlingRecord = EnvironmentOption | LoadPath | URLMapping | FilterOption | FilterRecord | BundleRecord | BundleContents
