"""What the template loaders have in common: what a name means, which file it is, and when that changes.

A name is a spec, or, where there are roots, a path below one of them, as frameworks name their templates.
`NAME!original` is what the template that says it overrides: the next layer below its own file.
Nothing here knows a template engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from assetzcml.errors import ConfigurationError, InvalidSpec, Problem
from assetzcml.interfaces import IURLGenerator
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.registry import Registry
from assetzcml.resolving.archives import Member
from assetzcml.resolving.fingerprints import fingerprint
from assetzcml.resolving.packages import Found
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import SearchPaths

__all__ = [
    "BELOW",
    "FROM",
    "ORIGINAL",
    "Layer",
    "TemplateCycle",
    "TemplateMissing",
    "TemplateRoot",
    "Templates",
    "asset_url",
    "cycle",
    "is_plain",
    "joined",
    "refuse_cycle",
    "template_roots",
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
    """
    One file of a template: *asked* is the spec or name it was asked for by, *found* where it stands.

    *prefix* is that of the root it was found in, where the prefix has a colon, and *asked* looks like a spec.
    """

    asked: str
    found: Found
    prefix: str = ""

    @property
    def source(self) -> AssetSpec:
        return self.found.spec

    @property
    def filename(self) -> str:
        """The path of the file; of one in an archive, what stands for it in messages."""
        return self.found.path if self.found.path is not None else str(self.found.member)

    @property
    def uri(self) -> str:
        """The name asked for, and the spec it was taken from where that is another."""
        return self.asked if self.asked == str(self.source) else f"{self.asked}{FROM}{self.source}"

    def read(self) -> bytes:
        with self.found.open() as stream:
            return stream.read()

    def state(self) -> tuple[Any, ...]:
        """Something that differs when the file does: its place and what `stat` says of it (of its archive)."""
        member = self.found.member
        archive = member.archive.path if isinstance(member, Member) else None
        status = self.found.status if archive is None else os.stat(archive)
        return (self.filename, *fingerprint(status)) if status is not None else (self.filename,)


class TemplateRoot(NamedTuple):
    """A directory of templates; the names of those that are looked for in it begin with *prefix*, which it has not."""

    directory: AssetSpec
    prefix: str = ""

    def place(self, name: str) -> AssetSpec | None:
        """Where the template of a plain name would be; None where it is none of these."""
        if not name.startswith(self.prefix):
            return None
        return self.directory.joined(asset_spec(f"/{name.removeprefix(self.prefix)}").parts)


Roots = Sequence[TemplateRoot] | Callable[[], Sequence[TemplateRoot]]


def template_roots(roots: Iterable[str | os.PathLike[str] | AssetSpec | TemplateRoot]) -> tuple[TemplateRoot, ...]:
    """The directories below which plain names are looked for, read. Raises InvalidSpec."""
    return tuple(root if isinstance(root, TemplateRoot) else TemplateRoot(asset_spec(root)) for root in roots)


class Templates:
    """
    The templates of one registry; a plain name is a path below one of *roots*, of which the first that has it counts.

    An override of the template in any root goes before all of them, as it does for static files.
    """

    def __init__(self, registry: Registry, roots: Roots = ()):
        self.registry = registry
        self._roots = roots
        self._has_roots = roots != ()  # then no name is a path of the file system: pages may name templates by a value

    def find(self, name: str) -> Layer:
        """
        The file that *name*, as `joined` returns it, means now. Raises TemplateMissing.

        `NAME!original` said by nobody, or by a file that is no layer of it, is the package's own.
        """
        text, marker, said_by = name, "", ""
        if name.endswith(ORIGINAL):
            text, marker = name[: -len(ORIGINAL)], ORIGINAL
        elif BELOW in name:
            text, marker, said_by = name.partition(BELOW)
        asked, found, prefix = self._layers(text, name)
        if not found:
            raise TemplateMissing(f"no layer has the template {asked!r}")
        return Layer(asked, self._below(found, said_by, asked) if marker else found[0], prefix)

    def layers(self, name: str) -> list[Layer]:
        """All files of the template, each of which overrides the next; [] when there is none."""
        try:
            asked, found, prefix = self._layers(name, name)
        except TemplateMissing:
            return []
        return [Layer(asked, each, prefix) for each in found]

    def source_of(self, name: str, filename: str) -> str:
        """The spec of the layer of a template that has the file; the first one's where none has. Raises TemplateMissing."""
        layers = self.layers(name)
        if not layers:
            raise TemplateMissing(f"no layer has the template {name!r}")
        return str(next((layer for layer in layers if layer.filename == filename), layers[0]).source)

    def overridden(self, name: str) -> bool:
        """Does an override supply the template of a plain name, rather than one of the roots itself?"""
        layers = self.layers(name)
        if not layers or (":" in name and not layers[0].prefix):
            return False
        return layers[0].source not in self._places(layers[0].asked, layers[0].prefix)

    def names(self) -> list[str]:
        """The plain names of all templates below the roots."""
        found: set[str] = set()
        for root in self.roots:
            found.update(f"{root.prefix}{path}" for path in self._files(root.directory, ()))
        return sorted(found)

    @property
    def roots(self) -> Sequence[TemplateRoot]:
        return self._roots() if callable(self._roots) else self._roots

    def _places(self, name: str, prefix: str = "") -> list[AssetSpec]:
        """Where the roots would have the template of a plain name, in their order; with *prefix* those that have it."""
        places = (root.place(name) for root in self.roots if not prefix or root.prefix == prefix)
        return [place for place in places if place is not None]

    def _prefixes(self, text: str) -> list[str]:
        """The prefixes of roots that make *text* look like a spec, the longest first."""
        if ":" not in text or not self._has_roots:
            return []
        found = {root.prefix for root in self.roots if ":" in root.prefix and text.startswith(root.prefix)}
        return sorted(found, key=len, reverse=True)

    def _files(self, root: AssetSpec, below: tuple[str, ...]) -> Iterator[str]:
        asset = self._asked().resolve(root.joined(below))
        for name in asset.listdir() if asset.isdir() else ():
            parts = (*below, name)
            if self._asked().resolve(root.joined(parts)).isfile():
                yield "/".join(parts)
            else:
                yield from self._files(root, parts)

    def _layers(self, text: str, name: str) -> tuple[str, list[Found], str]:
        """
        What *text* is, made regular, the files that stand for it, and the prefix with a colon that it begins with.

        What a root with such a prefix has is no spec, whatever it looks like.
        """
        for prefix in self._prefixes(text):
            try:
                asked, found = self._below_roots(text, prefix)
            except InvalidSpec:
                continue
            if found:
                return asked, found, prefix
        try:
            if ":" not in text and (self._has_roots or not text.startswith("/")):
                asked, found = self._below_roots(text)
            else:
                spec = asset_spec(text)
                asked, found = str(spec), self._files_of(self._asked().layers(spec))
        except (InvalidSpec, ImportError) as error:
            raise TemplateMissing(f"{name!r} is not a template: {error}") from None
        return asked, found, ""

    def _below_roots(self, text: str, prefix: str = "") -> tuple[str, list[Found]]:
        asked = prefix + "/".join(asset_spec(f"/{text.removeprefix(prefix)}").parts)
        candidates = self.registry.snapshot.derived(SearchPaths).joint(self._places(asked, prefix))
        return asked, self._files_of(self._asked().everywhere(candidates))

    @staticmethod
    def _files_of(found: Iterable[Found]) -> list[Found]:
        return [each for each in found if not each.directory]

    def changed(self, name: str, layer: Layer, state: tuple[Any, ...]) -> bool:
        """Does *name* now mean another file than *layer*, or has that changed since it was in *state*?"""
        try:
            now = self.find(name)
            return (now.source, now.state()) != (layer.source, state)
        except (TemplateMissing, OSError):
            return True

    def _below(self, found: Sequence[Found], said_by: str, asked: str) -> Found:
        places = [each.spec for each in found]
        source = asset_spec(said_by) if said_by else None
        if source not in places:
            return found[-1]
        for each in found[places.index(source) + 1 :]:
            if each.spec != source:
                return each
        raise TemplateMissing(f"{str(source)!r} is the last layer of the template {asked!r}: it overrides nothing")

    def _asked(self) -> Any:
        return self.registry.part(Resolver)


def joined(name: Any, asked: str, source: str, prefix: str = "") -> Any:
    """
    What *name* means in the template that was asked for as *asked* and taken from *source*.

    With *prefix* (see `Layer`) *asked* is a plain name, though it has a colon.

    A name without a colon is relative to the directory of *asked*; '..' leads up, though not out of the package. In a
    template that was itself asked for by a plain name it is one too, unless it begins with './' or '../'.
    A list is a list of names; what is no text (a template) stays what it is. Raises InvalidSpec.

    >>> joined("base.html", "shop:templates/admin/page.html", "theme:page.html")
    'shop:templates/admin/base.html'
    >>> joined("../base.html", "shop:templates/admin/page.html", "theme:page.html")
    'shop:templates/base.html'
    >>> joined("shop:a.html!original", "shop:a.html", "theme:a.html")
    'shop:a.html!below theme:a.html'
    >>> joined("base.html", "admin/page.html", "theme:page.html"), joined("./base.html", "admin/page.html", "theme:p")
    ('base.html', 'admin/base.html')
    """
    if isinstance(name, list | tuple):
        return [joined(each, asked, source, prefix) for each in name]
    if not isinstance(name, str):
        return name
    original = name.endswith(ORIGINAL)
    meant = _named(name[: -len(ORIGINAL)] if original else name, asked, prefix)
    return f"{meant}{BELOW}{source}" if original else meant


def is_plain(name: str) -> bool:
    """Is it a name as frameworks have them, relative to their roots, and no spec?"""
    return ":" not in name and not name.startswith("/")


def _named(text: str, asked: str, prefix: str) -> str:
    if not text:
        return asked  # '!original' alone
    if prefix or is_plain(asked):
        directory = asked.removeprefix(prefix).split("/")[:-1]
        return prefix + _walked(text, directory, asked) if text.startswith(("./", "../")) else text
    of = asset_spec(asked)
    if ":" in text or text.startswith("/") or "\\" in text or "\0" in text:
        return str(asset_spec(text, package=of.package))
    return str(AssetSpec(of.package, tuple(_walked(text, of.parts[:-1], asked).split("/"))))


def _walked(text: str, directory: Sequence[str], asked: str) -> str:
    """Where the steps of *text* lead from *directory*."""
    parts = list(directory)
    for step in text.split("/"):
        if step == "..":
            if not parts:
                raise InvalidSpec(f"the template name {text!r} leads out of the package of {asked!r}")
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(parts)


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
