"""
Pyramid's renderers and `!original`: pyramid_jinja2, pyramid_mako and pyramid_chameleon, each with our step before its own.

They find templates as they always did, which is through our overrides; what they cannot say is what a template overrides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.interfaces import IRendererFactory

from assetzcml.errors import InvalidSpec
from assetzcml.integrations.templates import BELOW, ORIGINAL, Layer, TemplateMissing, Templates, joined
from assetzcml.registry import Registry

__all__ = ["equip_renderers"]

MARK = "assetzcml_equipped"


def equip_renderers(application: Any, assets: Registry) -> None:
    """Put our step before those of the renderers that *application* has by now. It is done once for each."""
    for _, factory in list(application.getUtilitiesFor(IRendererFactory)):
        module = type(factory).__module__ if not hasattr(factory, "__module__") else factory.__module__
        equip = _EQUIPMENT.get(str(module).partition(".")[0])
        if equip is not None:
            equip(application, factory, assets)


def _jinja2(application: Any, factory: Any, assets: Registry) -> None:
    environment = getattr(factory, "environment", None)
    if environment is not None and not getattr(environment.loader, MARK, False):
        from assetzcml.integrations.jinja2 import OriginalsLoader

        environment.loader = OriginalsLoader(assets, environment.loader)


def _mako(application: Any, factory: Any, assets: Registry) -> None:
    former = factory.lookup
    if former is None or getattr(former, MARK, False):
        return
    kind: Any = type("OriginalsLookup", (_OriginalsLookup, type(former)), {MARK: True})
    lookup = kind.__new__(kind)
    vars(lookup).update(vars(former))
    lookup.assetzcml_templates = Templates(assets)
    factory.lookup = lookup


class _OriginalsLookup:
    """What is before the lookup of pyramid_mako: `SPEC!original`, said by the template that is asked for as *relativeto*."""

    assetzcml_templates: Templates

    def adjust_uri(self, uri: str, relativeto: str | None) -> str:
        asked, _, _ = (relativeto or "").replace("$", ":").partition(BELOW)
        if not uri.endswith(ORIGINAL) or not asked:
            return str(super().adjust_uri(uri, asked or relativeto))  # type: ignore[misc]
        said_by = self.assetzcml_templates.find((relativeto or "").replace("$", ":"))
        return str(joined(uri, asked, str(said_by.source)))

    def get_template(self, uri: str) -> Any:
        if BELOW not in uri:
            return super().get_template(uri)  # type: ignore[misc]
        from mako.exceptions import TopLevelLookupException
        from mako.template import Template

        try:
            layer = self.assetzcml_templates.find(uri)
        except TemplateMissing as error:
            raise TopLevelLookupException(str(error)) from None
        place = {"filename": layer.found.path} if layer.found.path else {"text": layer.read().decode("utf-8")}
        options = {**self.template_args, "module_directory": None}  # type: ignore[attr-defined]
        return Template(uri=uri, lookup=self, **place, **options)


def _chameleon(application: Any, factory: Any, assets: Registry) -> None:
    for name, known in list(application.getUtilitiesFor(IRendererFactory)):
        if known is factory and not isinstance(known, _ChameleonFactory):
            application.registerUtility(_ChameleonFactory(factory, Templates(assets)), IRendererFactory, name)


class _ChameleonFactory:
    """A renderer factory of pyramid_chameleon, whose templates load others through overrides."""

    def __init__(self, former: Any, templates: Templates):
        self._former = former
        self._templates = templates

    def __getattr__(self, name: str) -> Any:
        return getattr(self._former, name)

    def __call__(self, info: Any) -> Any:
        renderer = self._former(info)
        package = getattr(info.package, "__name__", "")
        name = info.name.partition("#")[0]
        spec = name if ":" in name or name.startswith("/") else f"{package}:{name}"
        template = getattr(renderer, "template", None)
        if template is not None:
            _let_load(template, spec, self._templates)
        return renderer


def _let_load(template: Any, spec: str, templates: Templates) -> None:
    """Let `load:` in *template*, which is asked for by *spec*, find what packages override; `!original` too."""
    former = getattr(template, "_loader", None)
    if former is None or getattr(former, MARK, False):
        return

    def load(name: str) -> Any:
        layer = _layer(name, spec, template, templates)
        if layer is None or layer.found.path is None:
            return former(name)
        loaded = former(layer.found.path)
        _let_load(loaded, layer.asked, templates)
        return loaded

    setattr(load, MARK, True)
    template._loader = load


def _layer(name: str, spec: str, template: Any, templates: Templates) -> Layer | None:
    try:
        source = templates.source_of(spec, str(template.filename))
        return templates.find(joined(name.strip(), spec, source))
    except (InvalidSpec, TemplateMissing):
        return None


_EQUIPMENT: dict[str, Callable[[Any, Any, Registry], None]] = {
    "pyramid_jinja2": _jinja2,
    "pyramid_mako": _mako,
    "pyramid_chameleon": _chameleon,
}
