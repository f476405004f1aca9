"""`{% load assetzcml %}`: bundles, and the URLs of specs, in templates of Django."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import get_script_prefix

from assetzcml.integrations.django.projects import asset_registry

register = template.Library()


def _functions(context: Any) -> dict[str, Any]:
    request = context.get("request")
    environ = getattr(request, "META", None)
    if environ is None:
        environ = {"SCRIPT_NAME": get_script_prefix().rstrip("/")}
    return dict(asset_registry().template_globals(environ))


@register.simple_tag(takes_context=True)
def bundle_tags(context: Any, name: str, **attributes: Any) -> Any:
    """`{% bundle_tags "app.css" media="print" %}`: the link or script elements of a bundle."""
    return _functions(context)["bundle_tags"](name, **attributes)


@register.simple_tag(takes_context=True)
def bundle_urls(context: Any, name: str) -> Any:
    """`{% bundle_urls "app.js" as urls %}`: the URLs of a bundle."""
    return _functions(context)["bundle_urls"](name)


@register.simple_tag(takes_context=True)
def asset_url(context: Any, spec: str, **options: Any) -> str:
    """`{% asset_url "shop:static/logo.png" %}`: the URL of an asset, without scheme and host."""
    return str(_functions(context)["static_path"](spec, **options))


@register.simple_tag(takes_context=True)
def asset_tag(context: Any, spec: str, **attributes: Any) -> Any:
    """`{% asset_tag "shop:static/app.css" media="print" %}`: the element that loads an asset, with its integrity."""
    return _functions(context)["asset_tag"](spec, **attributes)


@register.simple_tag(takes_context=True)
def asset_integrity(context: Any, spec: str) -> str:
    """`{% asset_integrity "shop:static/app.js" %}`: the integrity of an asset."""
    return str(_functions(context)["asset_integrity"](spec))


@register.simple_tag(takes_context=True)
def import_map(context: Any, prefix: Any = None, **attributes: Any) -> Any:
    """`{% import_map nonce=request.csp_nonce %}`: the import map of the page, before its first module."""
    return _functions(context)["import_map"](prefix, **attributes)


@register.simple_tag(takes_context=True)
def preloads(context: Any, *specs: str, **attributes: Any) -> Any:
    """`{% preloads "shop:static/app.js" %}`: the elements that let a browser fetch what the page will ask for."""
    return _functions(context)["preloads"](*specs, **attributes)
