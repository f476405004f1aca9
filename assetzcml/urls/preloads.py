"""
What a page will ask for, told before it does: the value of a Link header (RFC 8288), and the elements that say the same.

Each hint says what the element says that loads the asset, for one that differs loads twice. Only what has a version in its
URL, which may be kept, and what nobody is asked a permission for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.records.rules import whole_number
from assetzcml.registry import Registry
from assetzcml.resolving.frozen import FrozenRelease, frozen_release
from assetzcml.typing import SpecLike
from assetzcml.urls.applications import environ_of
from assetzcml.urls.frozen import frozen_url
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.integrity import loaded_as, versioned
from assetzcml.urls.modules import ModuleGraph
from assetzcml.urls.tags import Markup, element_text, mounted

__all__ = ["MOST", "SIZE", "LinkValue", "link_header", "preload_tags"]

MOST = 8  # hints of one page: the connection has to carry the page, too
SIZE = 4096  # bytes of the value; proxies commonly refuse headers of more than 8 KiB in all
DESTINATIONS = {"css": "style", "js": "script", "image": "image", "font": "font"}  # HTML, 4.6.7.18: `as`


class LinkValue(str):
    """The value of a Link header; '' for none. *left_out* is how many hints had no place in it."""

    __slots__ = ("left_out",)

    left_out: int


class Hint(NamedTuple):
    """One asset that will be asked for: its URL, and the attributes of a `<link>`."""

    url: str
    attributes: dict[str, str]

    @property
    def value(self) -> str:
        """As RFC 8288 writes it. A URL holds no '>', and what we say no quote."""
        said = "".join(f'; {name}="{value}"' for name, value in self.attributes.items() if name != "rel")
        return f"<{self.url}>; rel={self.attributes['rel']}{said}"


def link_header(
    registry: Registry, specs: Sequence[SpecLike | AssetSpec], request: Any = None, most: int = MOST, size: int = SIZE
) -> LinkValue:
    """
    The value of a Link header that lets a browser fetch *specs* before it has the page: style sheets, scripts, fonts and
    images; of a module all that it imports statically.

    At most *most* hints and *size* bytes; the rest is left out, the last first. What has no version in its URL, and what a
    permission protects, is left out as well. Raises NotPublished, FileNotFoundError, and ValueError for what no element loads.
    """
    whole_number("most", most)
    whole_number("size", size)
    if request is not None:
        environ_of(request)
    said: list[str] = []
    length = left = 0
    for hint in _hints(registry, specs, request):
        value = hint.value
        if left or len(said) == most or length + len(value) + 2 > size:
            left += 1
            continue
        said.append(value)
        length += len(value) + 2
    made = LinkValue(", ".join(said))
    made.left_out = left
    return made


def preload_tags(
    registry: Registry, specs: Sequence[SpecLike | AssetSpec], request: Any = None, /, **attributes: Any
) -> Markup:
    """The same as elements of a page, one a line and all of them; *attributes* are added: `nonce="..."`."""
    hints = _hints(registry, specs, request)
    return Markup(
        "\n".join(
            element_text("link", {"rel": hint.attributes["rel"], "href": hint.url, **hint.attributes, **attributes})
            for hint in hints
        )
    )


def _hints(registry: Registry, specs: Sequence[SpecLike | AssetSpec], request: Any) -> Iterator[Hint]:
    release = registry.snapshot.derived(frozen_release)
    if release is not None:
        yield from _frozen_hints(registry, release, specs, request)
        return
    graph = registry.part(ModuleGraph)
    seen: set[AssetSpec] = set()
    for asked in map(asset_spec, specs):
        kind = _kind(str(asked))
        module = kind == "js" and (graph.is_module(asked) or any(r.path == asked for r in registry.snapshot.modules))
        for spec in graph.closure(asked) if module else [asked]:
            hint = _hint(registry, spec, loaded_as(spec.name) or kind, module, request) if spec not in seen else None
            seen.add(spec)
            if hint is not None:
                yield hint


def _hint(registry: Registry, spec: AssetSpec, kind: str, module: bool, request: Any) -> Hint | None:
    decision = registry.part(URLGenerator).decide(spec, ask=False)
    if decision.busting is None or decision.view.protected:
        return None
    url, integrity = versioned(registry, spec) if kind != "image" else (_plain_url(registry, spec), None)
    if url == decision.place.url(decision.place.subpath):
        return None  # it has no version: a copy would not be kept
    return _said(registry, url, integrity, kind, module, request)


def _frozen_hints(
    registry: Registry, release: FrozenRelease, specs: Sequence[SpecLike | AssetSpec], request: Any
) -> Iterator[Hint]:
    """The same of what was frozen, whose sources may be nowhere: what its modules import stands in the release."""
    seen: set[str] = set()
    for asked in map(str, specs):
        kind, module = _kind(asked), release.is_module(asked)
        frozen_url(registry, asked)  # says what is wrong
        waiting = [asked]
        for spec in waiting:
            imports = release.imports(spec)
            waiting += [each for each in imports or () if each not in waiting]
            if imports is not None and spec not in seen:
                url, integrity = frozen_url(registry, spec)
                own = loaded_as(spec) or kind
                yield _said(registry, url, integrity if own != "image" else None, own, module, request)
            seen.add(spec)


def _kind(spec: str) -> str:
    """What loads an asset. Raises ValueError for what nothing loads."""
    kind = loaded_as(spec.rpartition("/")[2])
    if kind not in DESTINATIONS:
        raise ValueError(f"{spec!r} is not preloaded: no element loads what has such a name")
    return kind


def _said(registry: Registry, url: str, integrity: str | None, kind: str, module: bool, request: Any) -> Hint:
    url = mounted(registry, url, request)
    said = {"rel": "modulepreload"} if module and kind == "js" else {"rel": "preload", "as": DESTINATIONS[kind]}
    if integrity is not None:
        said["integrity"] = integrity
    if kind == "font" or (integrity is not None and "//" in url.partition("?")[0]):
        said["crossorigin"] = "anonymous"
    return Hint(url, said)


def _plain_url(registry: Registry, spec: AssetSpec) -> str:
    url: str = registry.snapshot.urls.static_path(str(spec), _app_url="")
    return url
