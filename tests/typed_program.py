"""
What a user writes after README.txt, for type checkers: `make types` checks it strictly, and a test runs it.

Each function says what a call gives. Were it Any, a strict check would say so. A line that has to be refused has a comment
that ignores it, and a comment that ignores nothing is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webob import Request

from assetzcml import (
    AssetRegistry,
    ConfigurationError,
    DigestCacheBuster,
    ManifestCacheBuster,
    NotPublished,
    Origin,
    QueryStringConstantCacheBuster,
    StaticApp,
    StaticView,
    load_zcml,
)
from assetzcml.asgi import StaticApp as ASGIStaticApp
from assetzcml.typing import ASGIApplication, WSGIApplication


def configured() -> AssetRegistry:
    registry = AssetRegistry(settings={"application_url": "https://shop.example.com"})
    registry.add_static_view("static", "shop:static", cache_max_age=3600, content_encodings=["br", "gzip"])
    registry.add_static_file("favicon.ico", "shop:static/favicon.ico")
    registry.override_asset("shop:static/logo.png", "theme:brand/logo.png")
    registry.add_cache_buster("shop:static", DigestCacheBuster())
    registry.add_cache_buster("shop.admin:static", QueryStringConstantCacheBuster("v1"))
    return registry


def loaded(path: Path) -> AssetRegistry:
    return load_zcml(path, settings={"key": 1}, features=["debug"], strict=True).load_zcml("shop:configure.zcml")


def urls(registry: AssetRegistry) -> list[str]:
    request = Request.blank("/page")
    return [
        registry.static_url("shop:static/app.css", request),
        registry.static_path("shop:static/app.css", _anchor="top"),
    ]


def in_templates(registry: AssetRegistry) -> str:
    text: str = registry.template_globals(None)["static_path"]("shop:static/app.css")
    return text


def asset(registry: AssetRegistry) -> tuple[str, bool, bytes, int, list[str]]:
    logo = registry.resolve("shop:static/logo.png")
    names = registry.resolve("shop:static").listdir()
    return logo.spec, logo.exists(), logo.read_bytes(), logo.size, list(names)


def explained(registry: AssetRegistry) -> tuple[str, list[str]]:
    found = registry.explain("/static/logo.png")
    return str(found), [str(step.spec) for step in found.search_path]


def applications(registry: AssetRegistry, rest: WSGIApplication, later: ASGIApplication) -> tuple[Any, ...]:
    whole: WSGIApplication = registry.make_app(rest)
    static: WSGIApplication = StaticApp(registry, rest)
    modern: ASGIApplication = ASGIStaticApp(registry, later)
    return whole, static, modern


def answered(registry: AssetRegistry) -> str | None:
    return StaticView("shop:static", registry, index="index.html")(Request.blank("/app.css")).content_type


def problems(path: Path) -> list[tuple[str, Origin | None]]:
    try:
        load_zcml(path)
    except ConfigurationError as error:
        return [(problem.message, problem.origin) for problem in error.problems]
    return []


def places(error: ConfigurationError) -> list[int]:
    return [problem.origin.line for problem in error.problems if problem.origin is not None]


def missing(registry: AssetRegistry) -> str:
    try:
        return registry.static_path("theme:brand/logo.png")
    except NotPublished as error:
        return str(error)


def busters(registry: AssetRegistry) -> None:
    registry.add_cache_buster("theme:static", ManifestCacheBuster("theme:static/manifest.json"))


def paths(registry: AssetRegistry, site: Path) -> list[str]:
    registry.add_static_view("site", site)
    registry.add_static_file("robots.txt", site / "robots.txt")
    registry.override_asset("shop:static/", site / "shop")
    registry.add_cache_buster(site, ManifestCacheBuster(site / "manifest.json"))
    view = StaticView(site, registry)
    robots = site / "robots.txt"
    return [registry.static_path(robots), str(registry.explain(robots)), registry.resolve(robots).spec, str(view)]


def refused(registry: AssetRegistry) -> None:
    registry.static_pth("shop:static/app.css")  # type: ignore[attr-defined]
    registry.add_static_view("static", "shop:static", cache_max_age="soon")  # type: ignore[arg-type]
    registry.static_path(42)  # type: ignore[arg-type]
    registry.resolve("shop:static").read_byte()  # type: ignore[attr-defined]
    number: int = registry.static_url("shop:static/app.css")  # type: ignore[assignment]
    print(number)
