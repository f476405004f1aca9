"""Chameleon page templates whose names are specs, through overrides: `AssetTemplates(registry)["shop:page.pt"]`."""

from __future__ import annotations

from functools import partial
from typing import Any

from assetzcml.errors import InvalidSpec, MissingExtra
from assetzcml.integrations.templates import Layer, TemplateMissing, Templates, asset_url, cycle, joined
from assetzcml.registry import Registry

try:
    from chameleon import PageTemplate
    from chameleon.config import AUTO_RELOAD
    from chameleon.tales import ProxyExpr
except ModuleNotFoundError as error:
    if error.name != "chameleon":
        raise
    raise MissingExtra(
        'AssetTemplates needs Chameleon, which is not installed; pip install "assetzcml[chameleon]"'
    ) from None

__all__ = ["AssetTemplate", "AssetTemplates", "AssetTextTemplate"]

CACHED_TEMPLATES = 400  # what Jinja2 keeps: more than one application has
TRAIL = "__assetzcml_trail"  # the variable that holds the templates being rendered
SHOWN = 8  # templates of an endless chain that a message names


class AssetTemplate(PageTemplate):
    """A page template that is read from the layer its name means; `load:` is relative to it."""

    expression_types: dict[str, Any] = {  # noqa: RUF012 (Chameleon's name for it)
        **PageTemplate.expression_types,
        "load": partial(ProxyExpr, "__loader", ignore_prefix=False),
    }

    def __init__(self, templates: AssetTemplates, name: str, **config: Any):
        super().__init__(None, **config)  # type: ignore[arg-type]  # `cook_check` reads it
        self._templates = templates
        self._name = name
        self._layer: Layer | None = None
        self._state: tuple[Any, ...] = ()

    def cook_check(self) -> bool:
        """Read the template when it was not, and with `auto_reload` when it means another file or that has changed."""
        found = self._templates.found
        if self._layer is not None and not (
            self._templates.auto_reload and found.changed(self._name, self._layer, self._state)
        ):
            return False
        layer = found.find(self._name)
        state = layer.state()
        self.filename = layer.filename
        self._layer, self._state = layer, state
        self.write(layer.read())
        return True

    def render(self, encoding: str | None = None, **variables: Any) -> str:
        make = self._templates.asset_url
        request = variables.get("request")
        variables.setdefault("asset_url", lambda spec, **options: make(spec, request, **options))
        trail = variables.setdefault(TRAIL, [self._named()])
        try:
            return super().render(encoding, **variables)
        except RecursionError:
            raise cycle(_circle(trail)) from None

    def include(self, stream: Any, econtext: Any, *arguments: Any, **options: Any) -> None:
        trail = econtext.get(TRAIL)
        if trail is None:
            super().include(stream, econtext, *arguments, **options)
            return
        trail.append(self._named())
        super().include(stream, econtext, *arguments, **options)
        trail.pop()  # not after an error: then it shows how things came to it

    def _named(self) -> tuple[str, str]:
        self.cook_check()
        assert self._layer is not None
        return str(self._layer.asked), str(self._layer.source)

    def _builtins(self) -> dict[str, Any]:
        return {**super()._builtins(), "__loader": self._load}

    def _load(self, name: str) -> AssetTemplate:
        assert self._layer is not None
        whole = joined(name.strip(), str(self._layer.asked), str(self._layer.source))
        return self._templates.load(whole, self.mode)


class AssetTextTemplate(AssetTemplate):
    """The same for text that is no markup."""

    mode = "text"


class AssetTemplates:
    """
    The page templates of *registry* by their specs; *config* goes to every template.

    `load:` in a template takes specs, names relative to the template, and `!original` behind a name for what the
    template overrides. With *auto_reload* a changed file, or an override that has appeared, is noticed at the next
    rendering; its default is Chameleon's (`CHAMELEON_RELOAD`). `asset_url` is there without being passed.
    """

    formats = {"xml": AssetTemplate, "text": AssetTextTemplate}  # noqa: RUF012 (Chameleon's name for it)

    def __init__(self, registry: Registry, *, auto_reload: bool | None = None, **config: Any):
        self.registry = registry
        self.auto_reload = AUTO_RELOAD if auto_reload is None else auto_reload
        self.found = Templates(registry)
        self.asset_url = asset_url(registry)
        self._config = config
        self._known: dict[tuple[str, str], AssetTemplate] = {}

    def load(self, name: str, format: str = "xml") -> AssetTemplate:  # noqa: A002 (Chameleon's name for it)
        """The template of a spec. Raises ValueError, as Chameleon's loader does, when no layer has it."""
        template = self._known.get((name, format))
        if template is None:
            template = self.formats[format](self, name, **self._config)
            try:
                template.cook_check()
            except (TemplateMissing, InvalidSpec, FileNotFoundError) as error:
                raise ValueError(f"Template not found: {error}") from None
            if len(self._known) >= CACHED_TEMPLATES:
                self._known.clear()
            self._known[name, format] = template
        return template

    __getitem__ = load


def _circle(trail: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first round that *trail* makes; its end, where it makes none."""
    before = [index for index, link in enumerate(trail[:-1]) if link == trail[-1]]
    if not before:
        return trail[-SHOWN:]
    length = len(trail) - 1 - before[-1]
    start = next(index for index, link in enumerate(trail) if link == trail[index + length])
    return trail[start : start + length + 1]
