"""Our directives: arguments to a record, a record to an action. What needs all files to be known is checked later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assetzcml.errors import Problem, did_you_mean, shorten
from assetzcml.interfaces import ICacheBusters
from assetzcml.records.assets import AssetSpec, Busting, Override, PermissionPolicy, StaticViewRecord
from assetzcml.zcml.actions import Deferred, declare
from assetzcml.zcml.attributes import Problems, unknown_attribute
from assetzcml.zcml.fields import Address
from assetzcml.zcml.load import load_of
from assetzcml.zcml.positions import Tag
from assetzcml.zcml.schemas import ICacheBuster

__all__ = ["StaticFile", "StaticView", "asset", "cache_buster", "permission_policy"]


@dataclass
class _Publication:
    """`staticView` and `staticFile`: collects the headers, then declares the record."""

    context: Any
    record: StaticViewRecord

    def header(self, context: Any, name: str, value: str) -> None:
        taken = {known.lower() for known, _ in self.record.headers}
        if name.lower() in taken:
            raise Problems(
                Problem(
                    context.info.attribute("name"), f"header {name!r} is given twice", "join the values with a comma"
                )
            )
        self.record = replace(self.record, headers=(*self.record.headers, (name, value)))

    def __call__(self) -> None:
        declare(self.context, self.record)


class StaticView(_Publication):
    """`staticView`."""

    def __init__(self, context: Any, name: str, path: AssetSpec, **options: Any):
        super().__init__(context, StaticViewRecord(name=name, root=path, origin=context.info, **options))


class StaticFile(_Publication):
    """`staticFile`."""

    def __init__(self, context: Any, name: str, path: AssetSpec, **options: Any):
        super().__init__(context, StaticViewRecord(name=name, root=path, file=True, origin=context.info, **options))


def asset(context: Any, to_override: Address, override_with: Address) -> None:
    """`asset`."""
    info: Tag = context.info
    target, source = to_override.spec, override_with.spec
    if target.absolute_path:
        message = f"asset: to_override='{target}' is a path of the file system, and belongs to no package"
        raise Problems(Problem(info.attribute("to_override"), message, "'package:path' was expected"))
    if to_override.directory != override_with.directory:
        kinds = [
            "a file" if not side.directory else "a directory" if side.spec.parts else "a whole package"
            for side in (to_override, override_with)
        ]
        message = f"asset: to_override is {kinds[0]} and override_with is {kinds[1]}"
        hint = "end both with a slash for directories, neither for files"
        raise Problems(Problem(info.attribute("override_with"), message, hint))
    if target == source:
        raise Problems(Problem(info.attribute("override_with"), f"asset: {str(target)!r} is overridden with itself"))
    declare(context, Override(target=target, source=source, file=not to_override.directory, origin=info))


WAYS = ("digest", "manifest", "token", "buster", "factory")


def cache_buster(
    context: Any,
    path: AssetSpec,
    param: str | None = None,
    explicit: bool = False,
    missing: str | None = None,
    reload: bool | None = None,
    **ways: Any,
) -> None:
    """`cacheBuster`."""
    info: Tag = context.info
    extra = {name: ways.pop(name) for name in list(ways) if name not in WAYS}
    _one_way(info, ways)
    way, value = next(iter(ways.items()))
    if extra and way != "factory":
        known = list(ICacheBuster.names(True))
        raise Problems(*(unknown_attribute(name, known, info, {}) for name in extra))
    _check_options(info, way, {"param": param, "missing": missing, "reload": reload})
    busters = load_of(context).staged.getUtility(ICacheBusters)
    if way == "digest":
        if value != "sha256":
            hint = did_you_mean(value, ["sha256"]) or "'sha256' is the only one"
            raise Problems(
                Problem(info.attribute("digest"), f"cacheBuster: digest={shorten(value)} is not known", hint)
            )
        buster = Deferred(way, busters.digest, missing=missing or "plain")
    elif way == "manifest":
        buster = Deferred(way, busters.manifest, spec=str(value), reload=bool(reload), missing=missing or "plain")
    elif way == "token":
        if not value.strip():
            problem = Problem(
                info.attribute(way), "cacheBuster: token is empty", "the value of a query parameter was expected"
            )
            raise Problems(problem)
        buster = Deferred(way, busters.token, token=value, param=param or "x")
    elif way == "buster":
        _check_buster(info, value)
        buster = Deferred(way, lambda: value)
    else:
        if not callable(value):
            raise Problems(Problem(info.attribute(way), f"cacheBuster: factory {shorten(repr(value))} is not callable"))
        buster = Deferred(way, value, **extra)
    wording = _wording({way: value, **extra, "param": param, "missing": missing, "reload": reload})
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
    raise Problems(Problem(info, f"cacheBuster: exactly one of {', '.join(WAYS)} was expected; {said}"))


def _check_options(info: Tag, way: str, options: Mapping[str, Any]) -> None:
    """An option that the chosen way does not have would be ignored: that is an error."""
    belongs = {"param": ("token",), "missing": ("digest", "manifest"), "reload": ("manifest",)}
    for name, value in options.items():
        if value is not None and way not in belongs[name]:
            message = f"cacheBuster: {name} has no meaning with {way}"
            raise Problems(Problem(info.attribute(name), message, f"it belongs to {' and '.join(belongs[name])}"))
    if options["missing"] not in (None, "plain", "error"):
        message = f"cacheBuster: missing={shorten(options['missing'])} is not known"
        raise Problems(Problem(info.attribute("missing"), message, "'plain' or 'error' was expected"))
    if options["param"] is not None and not options["param"].strip():
        raise Problems(
            Problem(
                info.attribute("param"), "cacheBuster: param is empty", "the name of a query parameter was expected"
            )
        )


def _check_buster(info: Tag, value: Any) -> None:
    where = info.attribute("buster")
    if isinstance(value, type):
        raise Problems(
            Problem(where, f"cacheBuster: buster {value.__name__} is a class", "write factory= to have it called")
        )
    if not callable(value):
        raise Problems(Problem(where, f"cacheBuster: buster {shorten(repr(value))} is not callable"))


def permission_policy(context: Any, policy: Any) -> None:
    """`permissionPolicy`."""
    where = context.info.attribute("policy")
    if not callable(getattr(policy, "permits", None)):
        message = f"permissionPolicy: {_written(policy)} has no method permits(request, context, permission)"
        raise Problems(Problem(where, message))
    made: Any = Deferred("policy", policy) if isinstance(policy, type) else policy
    record = PermissionPolicy(policy=made, origin=context.info, wording=_wording({"policy": policy}))
    declare(context, record)
