"""What the template loaders have in common: what a name means, which file it is, and when that changes.

A name is a spec. `SPEC!original` is what the template that says it overrides: the next layer below its own file.
Nothing here knows a template engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from assetzcml.errors import ConfigurationError, InvalidSpec, Problem
from assetzcml.interfaces import IResolver, IURLGenerator
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.registry import Registry
from assetzcml.resolving.archives import Member
from assetzcml.resolving.packages import Found
from assetzcml.resolving.resolver import Resolver

__all__ = [
    "FROM",
    "Layer",
    "TemplateCycle",
    "TemplateMissing",
    "Templates",
    "asset_url",
    "cycle",
    "joined",
    "refuse_cycle",
]

ORIGINAL = "!original"
FROM = "!from "  # between the spec a template was asked for by, and the one it was taken from
BELOW = "!below "  # what `!original` becomes, once it is known which file says it
ARROW = " \N{RIGHTWARDS ARROW} "


class TemplateMissing(LookupError):
    """No layer has the template; the text says what was looked for."""


class TemplateCycle(ConfigurationError, RecursionError):
    """A template extends itself, directly or through others."""


class Layer(NamedTuple):
    """One file of a template: *asked* is the spec it was asked for by, *found* where it stands."""

    asked: AssetSpec
    found: Found

    @property
    def source(self) -> AssetSpec:
        return self.found.spec

    @property
    def filename(self) -> str:
        """The path of the file; of one in an archive, what stands for it in messages."""
        return self.found.path if self.found.path is not None else str(self.found.member)

    @property
    def uri(self) -> str:
        """The spec asked for, and the one it was taken from where that is another."""
        return str(self.asked) if self.asked == self.source else f"{self.asked}{FROM}{self.source}"

    def read(self) -> bytes:
        with self.found.open() as stream:
            return stream.read()

    def state(self) -> tuple[Any, ...]:
        """Something that differs when the file does: its place and what `stat` says of it (of its archive)."""
        member = self.found.member
        archive = member.archive.path if isinstance(member, Member) else None
        status = self.found.status if archive is None else os.stat(archive)
        return (self.filename, status.st_mtime_ns, status.st_size) if status is not None else (self.filename,)


class Templates:
    """The templates of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._resolver = Resolver(registry)  # for a registry that has none of its own

    def find(self, name: str) -> Layer:
        """
        The file that *name*, as `joined` returns it, means now. Raises TemplateMissing.

        `SPEC!original` said by nobody, or by a file that is no layer of it, is the package's own.
        """
        text, marker, said_by = name, "", ""
        if name.endswith(ORIGINAL):
            text, marker = name[: -len(ORIGINAL)], ORIGINAL
        elif BELOW in name:
            text, marker, said_by = name.partition(BELOW)
        try:
            asked = asset_spec(text)
            found = [each for each in self._asked().layers(asked) if not each.directory]
        except (InvalidSpec, ImportError) as error:
            raise TemplateMissing(f"{name!r} is not a template: {error}") from None
        if not found:
            raise TemplateMissing(f"no layer has the template {str(asked)!r}")
        return Layer(asked, self._below(found, said_by, asked) if marker else found[0])

    def changed(self, name: str, layer: Layer, state: tuple[Any, ...]) -> bool:
        """Does *name* now mean another file than *layer*, or has that changed since it was in *state*?"""
        try:
            now = self.find(name)
            return (now.source, now.state()) != (layer.source, state)
        except (TemplateMissing, OSError):
            return True

    def _below(self, found: Sequence[Found], said_by: str, asked: AssetSpec) -> Found:
        places = [each.spec for each in found]
        source = asset_spec(said_by) if said_by else None
        if source not in places:
            return found[-1]
        for each in found[places.index(source) + 1 :]:
            if each.spec != source:
                return each
        raise TemplateMissing(f"{str(source)!r} is the last layer of the template {str(asked)!r}: it overrides nothing")

    def _asked(self) -> Any:
        return self.registry.queryUtility(IResolver, default=self._resolver)


def joined(name: Any, asked: str, source: str) -> Any:
    """
    What *name* means in the template that was asked for as *asked* and taken from *source*.

    A name without a colon is relative to the directory of *asked*; '..' leads up, though not out of the package.
    A list is a list of names; what is no text (a template) stays what it is. Raises InvalidSpec.

    >>> joined("base.html", "shop:templates/admin/page.html", "theme:page.html")
    'shop:templates/admin/base.html'
    >>> joined("../base.html", "shop:templates/admin/page.html", "theme:page.html")
    'shop:templates/base.html'
    >>> joined("shop:a.html!original", "shop:a.html", "theme:a.html")
    'shop:a.html!below theme:a.html'
    """
    if isinstance(name, list | tuple):
        return [joined(each, asked, source) for each in name]
    if not isinstance(name, str):
        return name
    original = name.endswith(ORIGINAL)
    spec = _named(name[: -len(ORIGINAL)] if original else name, asset_spec(asked))
    return f"{spec}{BELOW}{source}" if original else str(spec)


def _named(text: str, asked: AssetSpec) -> AssetSpec:
    if not text:
        return asked  # '!original' alone
    if ":" in text or text.startswith("/") or "\\" in text or "\0" in text:
        return asset_spec(text, package=asked.package)
    parts = list(asked.parts[:-1])
    for step in text.split("/"):
        if step == "..":
            if not parts:
                raise InvalidSpec(f"the template name {text!r} leads out of the package of {str(asked)!r}")
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    return AssetSpec(asked.package, tuple(parts))


def refuse_cycle(chain: Iterable[tuple[str, str]]) -> None:
    """Raise TemplateCycle when *chain*, pairs of a name and the spec it was taken from, comes back to where it was."""
    links = list(chain)
    sources = [source for _, source in links]
    if sources[-1] in sources[:-1]:
        raise cycle(links[sources.index(sources[-1]) :])


def cycle(links: Sequence[tuple[str, str]]) -> TemplateCycle:
    """The error about *links*, of which the last is the first again."""
    shown = ARROW.join(name if name == source else f"{name} (from {source})" for name, source in links)
    hint = ""
    if len(links) == 2:
        own = links[0][0].partition(BELOW)[0].removesuffix(ORIGINAL)
        hint = f"to have what it overrides, it says '{own}{ORIGINAL}'"
    return TemplateCycle(Problem(None, f"template cycle: {shown}", hint))


def asset_url(registry: Registry) -> Callable[..., str]:
    """
    A function `asset_url(spec, request=None, **options)` for templates: what to write into a page.

    It is `static_path` (the whole URL, where the name is external), and needs a request only to know where the
    application is mounted.
    """

    def asset_url(spec: str, request: Any = None, **options: Any) -> str:
        url: str = registry.getUtility(IURLGenerator).static_path(spec, request, **options)
        return url

    return asset_url
