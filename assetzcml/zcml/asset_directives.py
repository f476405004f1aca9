"""Our directives: arguments to a record, a record to an action. What needs all files to be known is checked later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assetzcml.errors import Problem
from assetzcml.records import rules
from assetzcml.records.assets import Address, AssetSpec, Busting, Override, StaticViewRecord
from assetzcml.records.readers import KEEP, YOUNGER
from assetzcml.records.site import ContentStore, Frozen, MediaType, Module, PermissionPolicy
from assetzcml.urls.cachebusters import (
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringConstantCacheBuster,
    TreeCacheBuster,
)
from assetzcml.zcml.actions import Deferred, declare, refusals, tag_of
from assetzcml.zcml.attributes import Problems, unknown_attribute
from assetzcml.zcml.positions import Tag
from assetzcml.zcml.schemas import ICacheBusterDirective

__all__ = [
    "StaticFileDirective",
    "StaticViewDirective",
    "asset",
    "cache_buster",
    "content_store",
    "media_type",
    "module",
    "permission_policy",
]


@dataclass
class _Publication:
    """`staticView` and `staticFile`: collects the headers, then declares the record."""

    context: Any
    record: StaticViewRecord

    def header(self, context: Any, name: str, value: str, match: Any = None) -> None:
        with refusals(tag_of(context), str(self.record)):
            if match is not None:
                matched = rules.another_matched_header(
                    self.record.matched_headers, name, value, match, file=self.record.file
                )
                self.record = replace(self.record, matched_headers=matched)
                return
            self.record = replace(self.record, headers=rules.another_header(self.record.headers, name, value))

    def __call__(self) -> None:
        declare(self.context, self.record)


class StaticViewDirective(_Publication):
    """`staticView`."""

    def __init__(self, context: Any, name: str, path: AssetSpec, **options: Any):
        super().__init__(context, StaticViewRecord(name=name, root=path, origin=tag_of(context), **options))


class StaticFileDirective(_Publication):
    """`staticFile`."""

    def __init__(self, context: Any, name: str, path: AssetSpec, **options: Any):
        super().__init__(context, StaticViewRecord(name=name, root=path, file=True, origin=tag_of(context), **options))


def asset(context: Any, to_override: Address, override_with: Address) -> None:
    """`asset`."""
    info: Tag = tag_of(context)
    with refusals(info):
        rules.asset_sides(to_override, override_with)
    target, source = to_override.spec, override_with.spec
    declare(context, Override(target=target, source=source, file=not to_override.directory, origin=info))


WAYS = ("tree", "digest", "manifest", "token", "buster", "factory")


def cache_buster(
    context: Any,
    path: AssetSpec,
    param: str | None = None,
    explicit: bool = False,
    missing: str | None = None,
    former: str | None = None,
    reload: bool | None = None,
    **ways: Any,
) -> None:
    """`cacheBuster`."""
    info: Tag = tag_of(context)
    extra = {name: ways.pop(name) for name in list(ways) if name not in WAYS}
    _one_way(info, ways)
    way, value = next(iter(ways.items()))
    if extra and way != "factory":
        known = list(ICacheBusterDirective.names(True))
        raise Problems(*(unknown_attribute(name, known, info, {}) for name in extra))
    _check_options(info, way, {"param": param, "missing": missing, "former": former, "reload": reload})
    with refusals(info):
        rules.not_explicit(way, explicit)
        if way in ("digest", "tree"):
            kind = DigestCacheBuster if way == "digest" else TreeCacheBuster
            buster = Deferred(way, kind, missing=missing or "plain", former=former or "current")
        elif way == "manifest":
            buster = Deferred(
                way, ManifestCacheBuster, manifest_spec=str(value), reload=bool(reload), missing=missing or "plain"
            )
        elif way == "token":
            buster = Deferred(way, QueryStringConstantCacheBuster, token=value, param=param or "x")
        elif way == "buster":
            rules.cache_buster(value)
            buster = Deferred(way, lambda: value)
        else:
            buster = Deferred(way, rules.factory(value), **extra)
    wording = _wording({way: value, **extra, "param": param, "missing": missing, "former": former, "reload": reload})
    record = Busting(path=path, buster=buster, explicit=explicit, origin=info, wording=wording)
    declare(context, record)


def _wording(attributes: Mapping[str, Any]) -> str:
    """Attributes as ZCML says them, those that are given; an object by its dotted name."""
    return " ".join(f'{name}="{_written(value)}"' for name, value in attributes.items() if value is not None)


def _written(value: Any) -> str:
    if isinstance(value, (str, AssetSpec)):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _one_way(info: Tag, ways: Mapping[str, Any]) -> None:
    if len(ways) == 1:
        return
    said = f"{' and '.join(sorted(ways))} are there" if ways else "none of them is there"
    hint = "keep one of them" if ways else 'write tree="sha256"'
    raise Problems(
        Problem(info, f"cacheBuster: exactly one of {', '.join(WAYS)} was expected; {said}", hint, code="A114")
    )


def _check_options(info: Tag, way: str, options: Mapping[str, Any]) -> None:
    """An option that the chosen way does not have would be ignored: that is an error."""
    belongs = {"param": ("token",), "missing": ("tree", "digest", "manifest"), "reload": ("manifest",)}
    belongs["former"] = ("tree", "digest")
    for name, value in options.items():
        if value is not None and way not in belongs[name]:
            message = f"cacheBuster: {name} has no meaning with {way}"
            hint = f"it belongs to {' and '.join(belongs[name])}"
            raise Problems(Problem(info.attribute(name), message, hint, code="A114"))


def media_type(context: Any, extension: str, type: str) -> None:  # noqa: A002 (the attribute's name)
    """`mediaType`."""
    declare(context, MediaType(extension=extension, type=type, origin=tag_of(context)))


def module(context: Any, name: str, path: AssetSpec, scope: AssetSpec | None = None) -> None:
    """`module`."""
    declare(context, Module(name=name, path=path, scope=scope, origin=tag_of(context)))


def content_store(context: Any, directory: str, keep: int = KEEP, younger: int = YOUNGER, **there: Any) -> None:
    """`contentStore`."""
    declare(context, ContentStore(directory=directory, keep=keep, younger=younger, origin=tag_of(context), **there))


def frozen(context: Any, manifest: str) -> None:
    """`frozen`."""
    declare(context, Frozen(manifest=manifest, origin=tag_of(context)))


def permission_policy(context: Any, policy: Any) -> None:
    """`permissionPolicy`."""
    with refusals(tag_of(context)):
        rules.permission_policy(policy)
    made: Any = Deferred("policy", policy) if isinstance(policy, type) else policy
    record = PermissionPolicy(policy=made, origin=tag_of(context), wording=_wording({"policy": policy}))
    declare(context, record)
