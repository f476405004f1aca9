"""The kinds of attributes: how a text becomes a value, and what is said of one that does not."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from zope.configuration.fields import Bool
from zope.schema import TextLine
from zope.schema.interfaces import RequiredMissing

from assetzcml.records.assets import Address, AssetSpec, address, asset_spec
from assetzcml.records.readers import MAX_AGE_LIMIT, boolean, max_age, publication_name
from assetzcml.records.rules import Refusal, file_path
from assetzcml.zcml.attributes import BadValue, expanded
from assetzcml.zcml.load import ForeignLoad, load_of, tag_of

__all__ = [
    "Checked",
    "FileSpec",
    "Flag",
    "MaxAge",
    "Name",
    "Option",
    "Said",
    "Side",
    "Spec",
    "Text",
    "Tokens",
    "base_of",
    "spec_of",
]


def base_of(context: Any) -> AssetSpec:
    """What relative forms are relative to: the package of the file, or its directory when it belongs to none."""
    package = getattr(context, "package", None)
    name = package_of(package) if package is not None else ""
    return AssetSpec(name) if name else asset_spec(tag_of(context).directory_path)


def package_of(module: Any) -> str:
    """The name of a package, or of the package that holds a module; '' for a module that is in none."""
    name: str = module.__name__
    return name if getattr(module, "__path__", None) is not None else name.rpartition(".")[0]


def spec_of(text: str, context: Any) -> AssetSpec:
    """The spec that *text* is in the file of *context*. Raises ValueError."""
    base = base_of(context)
    return asset_spec(text, package=base.package, directory="" if base.package else str(base))


class Expanding:
    """
    A field in whose values `${key}` and `${key:-default}` are taken from the settings, in directives of any package.

    Our loader has filled them in before a field sees the value; in another loader the field does it.
    """

    expands_settings = True
    context: Any

    def written(self, value: str) -> str:
        """*value* with its settings."""
        if "${" not in value or self.context is None:
            return value
        load = load_of(self.context)
        return expanded(value, load.settings) if isinstance(load, ForeignLoad) else value


class Text(Expanding, TextLine):
    """A text line."""

    def fromUnicode(self, value: str) -> str:  # noqa: N802 (zope.schema's name)
        text: str = super().fromUnicode(self.written(value))
        return text


class Checked(Expanding, TextLine):
    """A text line that a function reads; what the function refuses with a ValueError is the message."""

    context_free = True

    def __init__(self, read: Any, **options: Any):
        self.read = read
        super().__init__(**options)

    def fromUnicode(self, value: str) -> Any:  # noqa: N802 (zope.schema's name)
        return _read(self.read, self.written(value))

    def validate(self, value: Any) -> None:
        """The function has validated what is there."""
        if value is None and self.required:
            raise RequiredMissing(self.__name__)


class Flag(Expanding, Bool):
    """True or false, in the words that hold everywhere in assetzcml."""

    context_free = True

    def fromUnicode(self, value: str) -> bool:  # noqa: N802
        return bool(_read(boolean, self.written(value)))


class Spec(Expanding, TextLine):
    """The spec of an asset, relative to the package of the file, or to its directory when it belongs to none."""

    def fromUnicode(self, value: str) -> AssetSpec:  # noqa: N802
        found: AssetSpec = _read(lambda text: spec_of(text, self.context), self.written(value))
        return found


class FileSpec(Spec):
    """The spec of a file: without a slash behind it."""

    def fromUnicode(self, value: str) -> AssetSpec:  # noqa: N802
        return super().fromUnicode(_read(file_path, self.written(value)))


class Name(Checked):
    """The name of a static view: a prefix of URLs, or an external base URL."""

    def __init__(self, **options: Any):
        super().__init__(lambda text: publication_name(text, root=False), **options)


def seconds(text: str) -> int:
    """A freshness lifetime. Raises ValueError."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"seconds in decimal digits were expected, 0 to {MAX_AGE_LIMIT}{_seconds_meant(text)}")
    return max_age(int(text[:20]))


UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400, "w": 604800, "week": 604800,
         "y": 31536000, "year": 31536000}  # fmt: skip


def _seconds_meant(text: str) -> str:
    """What to write for a time in another unit, or below 0."""
    found = re.fullmatch(r"(\d{1,6})\s*([a-z]+?)s?", text.strip().lower())
    if found is not None and found[2] in UNITS:
        return f"; write {int(found[1]) * UNITS[found[2]]}"
    if re.fullmatch(r"\d{1,6}( *\* *\d{1,6})+", text.strip()):
        return f"; write {math.prod(map(int, text.split('*')))}"
    return "; write 0 to have every client ask again" if text.strip().startswith("-") else "; write 3600 for an hour"


class MaxAge(Checked):
    """Seconds, in decimal digits."""

    def __init__(self, **options: Any):
        super().__init__(seconds, **options)


class Side(Expanding, TextLine):
    """A side of an override. A value with neither a colon nor a leading '/' is a whole package, as in Pyramid."""

    def fromUnicode(self, value: str) -> Address:  # noqa: N802
        if "://" in value:
            raise BadValue(
                f"{value!r} is a URL, and no asset spec", "write 'package:path': an override is of a package's files"
            )
        base = base_of(self.context)
        found: Address = _read(
            lambda text: address(text, base.package, "" if base.package else str(base)), self.written(value)
        )
        return found


def _read(read: Callable[[str], Any], value: str) -> Any:
    try:
        return read(value)
    except Refusal as refused:
        (problem,) = refused.problems
        raise BadValue(problem.message, problem.hint) from None
    except ValueError as error:
        raise BadValue(str(error)) from None


class Said(NamedTuple):
    """The value of an option, and how it is written."""

    value: Any
    wording: str


class Option(Expanding, TextLine):
    """An option of the environment, read by a function of the text and the context."""

    def __init__(self, read: Any, **options: Any):
        self.read = read
        super().__init__(required=False, **options)

    def fromUnicode(self, value: str) -> Said:  # noqa: N802 (zope.schema's name)
        said = _read(lambda text: self.read(text, self.context), self.written(value).strip())
        return Said(said, str(said) if isinstance(said, AssetSpec) else self.written(value).strip())


class Tokens(Expanding, TextLine):
    """Words parted by blanks, each read by a function of the word and what relative forms are relative to."""

    def __init__(self, read: Any, **options: Any):
        self.read = read
        super().__init__(default=(), required=options.pop("required", False), **options)

    def fromUnicode(self, value: str) -> tuple[Any, ...]:  # noqa: N802
        base = base_of(self.context)
        found: tuple[Any, ...] = _read(
            lambda text: tuple(self.read(word, base) for word in text.split()), self.written(value)
        )
        return found

    def validate(self, value: Any) -> None:
        """The function has validated what is there."""
