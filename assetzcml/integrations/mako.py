"""Mako templates whose URIs are specs, through overrides: `AssetLookup(registry).get_template("shop:page.mako")`."""

from __future__ import annotations

from typing import Any

from assetzcml.errors import InvalidSpec, MissingExtra
from assetzcml.integrations.templates import FROM, Layer, TemplateMissing, Templates, asset_url, joined, refuse_cycle
from assetzcml.records.assets import asset_spec
from assetzcml.registry import Registry

try:
    from mako.exceptions import TopLevelLookupException
    from mako.lookup import TemplateCollection
    from mako.template import Template
except ModuleNotFoundError as error:
    if error.name != "mako":
        raise
    raise MissingExtra('AssetLookup needs Mako, which is not installed; pip install "assetzcml[mako]"') from None

__all__ = ["AssetLookup", "AssetTemplate"]

CACHED_TEMPLATES = 400  # what Jinja2 keeps: more than one application has


class AssetTemplate(Template):
    """A template in which `asset_url` is there without being passed."""

    assetzcml_asset_url: Any = None

    def render(self, *arguments: Any, **data: Any) -> Any:
        return super().render(*arguments, **self._with_globals(data))

    def render_unicode(self, *arguments: Any, **data: Any) -> Any:
        return super().render_unicode(*arguments, **self._with_globals(data))

    def _with_globals(self, data: dict[str, Any]) -> dict[str, Any]:
        request, make = data.get("request"), self.assetzcml_asset_url
        data.setdefault("asset_url", lambda spec, **options: make(spec, request, **options))
        return data


class AssetLookup(TemplateCollection):
    """
    Looks up the templates of *registry* by their specs; *options* go to every `mako.template.Template`.

    In `<%inherit>`, `<%include>` and `<%namespace>` a name without a colon is relative to the template that says it,
    and `!original` behind a name is what that template overrides. With *filesystem_checks* (as in Mako's own lookup)
    every `get_template` looks whether a file has changed or an override has appeared.
    """

    def __init__(self, registry: Registry, *, filesystem_checks: bool = True, **options: Any):
        self.registry = registry
        self.filesystem_checks = filesystem_checks
        self.options = options
        self._templates = Templates(registry)
        self._asset_url = asset_url(registry)
        self._known: dict[str, tuple[AssetTemplate, Layer, tuple[Any, ...]]] = {}

    def get_template(self, uri: str, relativeto: str | None = None) -> AssetTemplate:
        """The template. Raises TopLevelLookupException, a TemplateLookupException, when no layer has it."""
        if relativeto is not None:
            uri = self.adjust_uri(uri, relativeto)
        known = self._known.get(uri)
        if known is None or (self.filesystem_checks and self._templates.changed(uri, *known[1:])):
            try:
                layer = self._templates.find(uri)
                known = self._made(layer), layer, layer.state()
            except (TemplateMissing, FileNotFoundError) as error:
                self._known.pop(uri, None)
                raise TopLevelLookupException(str(error)) from None
            if len(self._known) >= CACHED_TEMPLATES:
                self._known.clear()
            self._known[uri] = known
        return known[0]

    def adjust_uri(self, uri: str, filename: str) -> str:
        """*uri* as said in the template whose own URI is *filename*."""
        asked, _, source = filename.partition(FROM)
        try:
            asset_spec(asked)
        except InvalidSpec:
            return uri  # said by a template that is not ours
        try:
            return str(joined(uri, asked, source or asked))
        except InvalidSpec as error:
            raise TopLevelLookupException(str(error)) from None

    def _made(self, layer: Layer) -> AssetTemplate:
        place: dict[str, Any] = {"filename": layer.found.path}
        if layer.found.path is None:
            place = {"text": layer.read().decode("utf-8")}
        template = AssetTemplate(uri=layer.uri, lookup=self, **place, **self.options)
        template.assetzcml_asset_url = self._asset_url
        inherit = getattr(template.module, "_mako_inherit", None)
        if inherit is not None:
            template.module._mako_inherit = _guarded(inherit)
        return template


def _guarded(inherit: Any) -> Any:
    """Mako's step from a template to the one it inherits from, which refuses to come to one it has come from."""

    def guarded(template: Any, context: Any) -> Any:
        namespace, chain = context["self"], []
        while namespace is not None:
            asked, _, source = namespace.template.uri.partition(FROM)
            chain.append((asked, source or asked))
            namespace = namespace.inherits
        refuse_cycle(chain)
        return inherit(template, context)

    return guarded
