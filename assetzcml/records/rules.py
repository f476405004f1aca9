"""
What may be declared: every rule about one record, once for ZCML, Python calls, `StaticView` and Pyramid.

A rule that reads the text of an attribute is in `readers`. One that needs more than the record itself, what else is
declared or what is on a disk, is in `declaring.validation`, `bundles.validation` or `pages.validation`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, TypeVar

from assetzcml.errors import ConfigurationError, Origin, Problem, did_you_mean, shorten
from assetzcml.records.assets import Address, AssetSpec, StaticViewRecord
from assetzcml.records.media_types import declared_extension, declared_type
from assetzcml.records.patterns import Pattern
from assetzcml.records.readers import (
    LOCAL,
    asset_below,
    content_codings,
    duration,
    file_name,
    frozen_manifest,
    header_field,
    header_match,
    immutable_patterns,
    index_name,
    max_age,
    module_name,
    permission_name,
    publication_name,
    request_methods,
    send_way,
    size,
    store_directory,
    store_endpoint,
    store_url,
)

__all__ = [
    "Refusal",
    "another_header",
    "another_matched_header",
    "application",
    "asset_sides",
    "bundle_name",
    "cache_buster",
    "content_store",
    "described",
    "digest_name",
    "extension",
    "factory",
    "feature_names",
    "file_path",
    "file_to_load",
    "flag",
    "handler_context",
    "header_fields",
    "media_type",
    "methods",
    "missing_word",
    "module",
    "names",
    "one_of",
    "package_name",
    "page_name",
    "page_target",
    "parameter",
    "permission_policy",
    "refusal",
    "route_name",
    "route_neighbours",
    "route_pattern",
    "route_permission",
    "settings_mapping",
    "static_view",
    "token_value",
    "url_option",
    "whole_number",
]


MOST_KEPT = 1000  # releases: each start reads the manifests that it looks for versions in

T = TypeVar("T")


class Refusal(ConfigurationError, ValueError):
    """A rule that something declared breaks. *attribute* is the name of the argument at fault; '' for all of it."""

    attribute = ""


def refusal(attribute: str, message: str, hint: str = "") -> Refusal:
    """The exception for a broken rule."""
    error = Refusal(Problem(None, message, hint))
    error.attribute = attribute
    return error


# Static views and files.


def flag(name: str, value: Any, *, unset: bool = False) -> bool | None:
    """
    A flag of a Python call: True or False, and with *unset* None. Raises Refusal: a text such as 'no' would be true.

    >>> flag("dotfiles", False)
    False
    """
    if value is True or value is False or (unset and value is None):
        return value
    raise refusal(name, f"{name} is {value!r}; {'None or ' if unset else ''}True or False was expected")


_OPTIONS: Mapping[str, Callable[[Any], Any]] = {
    "cache_max_age": max_age,
    "permission": lambda value: None if value is None else permission_name(value),
    "content_encodings": content_codings,
    "index": index_name,
    "reload": lambda value: flag("reload", value, unset=True),
    "follow_symlinks": lambda value: flag("follow_symlinks", value, unset=True),
    "dotfiles": lambda value: flag("dotfiles", value),
    "immutable_names": immutable_patterns,
    "not_found": lambda value: asset_below(value, "not_found"),
    "single_page": lambda value: asset_below(value, "single_page"),
    "send": send_way,
}


def static_view(
    name: str,
    root: AssetSpec,
    *,
    file: bool = False,
    headers: Iterable[tuple[str, ...]] | Mapping[str, str] = (),
    origin: Origin | None = None,
    generation: int = 0,
    **options: Any,
) -> StaticViewRecord:
    """
    The record of a static view, or of a static file, every argument checked. Raises Refusal.

    >>> static_view("/static/", AssetSpec("shop", ("static",)), dotfiles="no")
    Traceback (most recent call last):
    assetzcml.records.rules.Refusal: dotfiles is 'no'; True or False was expected
    """
    fields, matched = header_fields(headers, file=file)
    checked = {option: _checked(option, _OPTIONS[option], value) for option, value in options.items()}
    return StaticViewRecord(
        name=_checked("name", file_name if file else publication_name, name),
        root=root,
        file=file,
        headers=fields,
        matched_headers=matched,
        origin=origin,
        generation=generation,
        **checked,
    )


def _checked(attribute: str, check: Callable[[Any], Any], value: Any) -> Any:
    """What *check* makes of a value; what it refuses with a ValueError is a Refusal."""
    try:
        return check(value)
    except Refusal:
        raise
    except ValueError as error:
        raise refusal(attribute, str(error)) from None


Headers = tuple[tuple[str, str], ...]
MatchedHeaders = tuple[tuple[str, str, Pattern], ...]


def header_fields(
    headers: Iterable[tuple[str, ...]] | Mapping[str, str], *, file: bool = False
) -> tuple[Headers, MatchedHeaders]:
    """
    The headers of a static view, given as pairs or as a mapping; those of three members have a pattern. Raises Refusal.

    >>> header_fields({"X-A": "1"})
    ((('X-A', '1'),), ())
    """
    known: Headers = ()
    matched: MatchedHeaders = ()
    if isinstance(headers, (str, bytes)) or not isinstance(headers, Iterable):
        raise refusal("headers", f"headers is {headers!r}; a mapping, or pairs of name and value, were expected")
    for pair in headers.items() if isinstance(headers, Mapping) else headers:
        if not isinstance(pair, (tuple, list)) or len(pair) not in (2, 3):
            raise refusal("headers", f"headers holds {pair!r}; pairs of name and value were expected")
        name, value = _checked("headers", lambda pair: header_field(*pair), pair[:2])
        if len(pair) == 2:
            known = another_header(known, name, value)
        else:
            matched = another_matched_header(matched, name, value, pair[2], file=file)
    return known, matched


def another_header(known: Headers, name: str, value: str) -> Headers:
    """The headers *known* and one more. Raises Refusal for one that is there: it would be sent twice."""
    if name.lower() in (other.lower() for other, _ in known):
        joined = ", ".join([*(its for other, its in known if other.lower() == name.lower()), value])
        raise refusal("name", f"header {name!r} is given twice", f'join them: value="{joined}"')
    return (*known, (name, value))


def another_matched_header(
    known: MatchedHeaders, name: str, value: str, match: Any, *, file: bool = False
) -> MatchedHeaders:
    """The headers *known* and one more, for the assets that *match*. Raises Refusal."""
    if file:
        raise refusal("match", "match has no meaning in a staticFile, which is one asset", "leave it out")
    pattern = match if isinstance(match, Pattern) else _checked("match", header_match, match)
    if (name.lower(), pattern) in ((other.lower(), its) for other, _, its in known):
        raise refusal("name", f"header {name!r} is given twice for {str(pattern)!r}", "join the values with a comma")
    return (*known, (name, value, pattern))


def file_path(path: Any) -> Any:
    """The path of a static file, as it is written. Raises Refusal when it is that of a directory."""
    if isinstance(path, str) and path.endswith("/"):
        raise refusal("path", "a slash at the end is for directories", "publish a directory with staticView")
    return path


# Overrides.


def asset_sides(target: Address, source: Address) -> None:
    """Can *source* be looked at in place of *target*? Raises Refusal."""
    if target.spec.absolute_path:
        message = f"to_override='{target.spec}' is a path of the file system, and belongs to no package"
        raise refusal("to_override", message, "'package:path' was expected")
    if target.directory != source.directory:
        kinds = ["a file" if not side.directory else "a directory" if side.spec.parts else "a whole package"
                 for side in (target, source)]  # fmt: skip
        message = f"to_override is {kinds[0]} and override_with is {kinds[1]}"
        raise refusal("override_with", message, _same_kind(target, source))
    if target.spec == source.spec:
        raise refusal("override_with", f"{str(target.spec)!r} is overridden with itself", "remove it")


def _same_kind(target: Address, source: Address) -> str:
    """What to write where one side is a directory and the other is none."""
    if target.directory and len(source.spec.parts) > 1:
        return (
            f"write '{AssetSpec(source.spec.package, source.spec.parts[:-1])}/', or name the file in to_override, too"
        )
    if source.directory and target.spec.name == source.spec.name and target.spec.parts:
        return f"write '{target.spec}/' if the whole directory is meant"
    if source.directory and target.spec.parts:
        return f"write '{AssetSpec(source.spec.package, (*source.spec.parts, target.spec.name))}'"
    return "end both with a slash for directories, neither for files"


# Cache busters.


def cache_buster(value: Any) -> Any:
    """A cache buster: what is called with (request, subpath, kw). Raises Refusal, also for the class of one."""
    if isinstance(value, type):
        hint = f"write factory= to have it called in ZCML, and {value.__name__}() in Python"
        raise refusal("buster", f"buster {value.__name__} is a class", hint)
    if not callable(value):
        raise refusal("buster", f"buster {described(value)} is not callable")
    return value


def factory(value: Any) -> Any:
    """What makes a cache buster. Raises Refusal when it cannot be called."""
    if not callable(value):
        raise refusal("factory", f"factory {described(value)} is not callable")
    return value


def digest_name(value: Any) -> str:
    """Which digest a cache buster puts into names. Raises Refusal."""
    if value == "sha256":
        return "sha256"
    hint = (did_you_mean(value, ["sha256"]) if isinstance(value, str) else "") or "'sha256' is the only one"
    raise refusal("digest", f"{described(value)} is not known", hint)


def token_value(value: Any) -> Any:
    """The constant that a cache buster adds to each URL: a text or bytes. Raises Refusal when it says nothing."""
    if not isinstance(value, (str, bytes)):
        raise refusal("token", f"token is {described(value)}; a text was expected")
    if not value.strip():
        raise refusal("token", "token is empty", 'write one such as token="v1"')
    return value


def parameter(value: Any) -> str:
    """The name of the query parameter of a cache buster. Raises Refusal."""
    if not isinstance(value, str):
        raise refusal("param", f"param is {described(value)}; the name of a query parameter was expected")
    if not value.strip():
        raise refusal("param", "param is empty", "the name of a query parameter was expected")
    return value


def missing_word(value: Any) -> str:
    """What a cache buster does for an asset that has no new name. Raises Refusal."""
    if value not in ("plain", "error"):
        raise refusal("missing", f"missing is {described(value)}", "'plain' or 'error' was expected")
    return str(value)


FORMER = ("current", "missing", "stored")


def former_word(value: Any) -> str:
    """What a version that is not the current one is answered with. Raises Refusal."""
    if value not in FORMER:
        raise refusal("former", f"former is {described(value)}", "'current', 'missing' or 'stored' was expected")
    return str(value)


def tree_name(value: Any) -> str:
    """Of which digests the version of a tree is made. Raises Refusal."""
    if value == "sha256":
        return "sha256"
    hint = (did_you_mean(value, ["sha256"]) if isinstance(value, str) else "") or "'sha256' is the only one"
    raise refusal("tree", f"{described(value)} is not known", hint)


def not_explicit(way: str, explicit: bool) -> None:
    """A tree is of what is asked for, and never of where assets really come from. Raises Refusal."""
    if way == "tree" and explicit:
        hint = "leave explicit out; the path is then the one that is published"
        raise refusal("explicit", "explicit has no meaning with tree: what a theme replaces would not be in it", hint)


# Media types.


def extension(value: Any) -> str:
    """The extension that a media type is declared for. Raises Refusal."""
    return _checked("extension", declared_extension, value)  # type: ignore[no-any-return]


def media_type(value: Any) -> str:
    """The value of Content-Type of a declared media type. Raises Refusal."""
    return _checked("type", declared_type, value)  # type: ignore[no-any-return]


# Modules, and the store of contents.


def module(name: Any) -> str:
    """The bare name of a module. Raises Refusal."""
    return _checked("name", module_name, name)  # type: ignore[no-any-return]


def content_store(
    directory: Any, keep: Any, younger: Any, url: Any = None, endpoint: Any = None, local: Any = LOCAL
) -> dict[str, Any]:
    """Where the contents of releases are kept, and which releases. Raises Refusal."""
    if isinstance(keep, bool) or not isinstance(keep, int) or not 1 <= keep <= MOST_KEPT:
        raise refusal("keep", f"keep is {described(keep)}; a number from 1 to {MOST_KEPT} was expected")
    return {
        "directory": _checked("directory", store_directory, directory),
        "keep": keep,
        "younger": _checked("younger", duration, younger),
        "url": None if url is None else _checked("url", store_url, url),
        "endpoint": None if endpoint is None else _checked("endpoint", store_endpoint, endpoint),
        "local": _checked("local", size, local),
    }


def frozen(manifest: Any) -> str:
    """Where the frozen release is that is served. Raises Refusal."""
    return str(_checked("manifest", frozen_manifest, manifest))


# Permission policies.


def permission_policy(value: Any) -> Any:
    """A permission policy, or a class of such. Raises Refusal."""
    if not callable(getattr(value, "permits", None)):
        message = f"{described(value)} has no method permits(request, context, permission)"
        raise refusal("policy", message, in_module(value, lambda each: hasattr(each, "permits")))
    return value


# Routes and views.


def route_name(value: Any, attribute: str = "name") -> str:
    """The name of a route. Raises Refusal."""
    if not isinstance(value, str) or not value.strip():
        raise refusal(attribute, f"{attribute} is {described(value)}; the name of a route was expected")
    return value


def route_pattern(value: Any) -> str:
    """The pattern of a route, as a text. Raises Refusal; what may stand in it is looked at with all routes."""
    if not isinstance(value, str):
        raise refusal("pattern", f"pattern is {described(value)}; a text such as '/items/{{id}}' was expected")
    return value


def route_neighbours(before: Any, after: Any) -> None:
    """The names of the routes that one stands next to: at most one. Raises Refusal."""
    for attribute, value in (("before", before), ("after", after)):
        if value is not None:
            route_name(value, attribute)
    if before is not None and after is not None:
        raise refusal("after", "before and after exclude each other", "keep one of them")


def route_permission(permission: Any, view: Any) -> str | None:
    """The permission that a route gives its view. Raises Refusal where there is no view."""
    if permission is not None and view is None:
        raise refusal("permission", "permission has no meaning without view", "say it where the view is declared")
    return _OPTIONS["permission"](permission)  # type: ignore[no-any-return]


def page_name(value: Any) -> str:
    """The path that a view answers, normalised. Raises ValueError."""
    name = publication_name(value)
    if "//" in name:
        raise refusal("name", "a path of the application was expected, not another host")
    return name


def page_target(name: Any, route: Any) -> None:
    """A view answers a path or a route. Raises Refusal."""
    if (name is None) == (route is None):
        said = "none of them is there" if name is None else "both are there"
        hint = 'write route_name="..." of a route, or name="..." of a path' if name is None else "keep one of them"
        raise refusal("", f"exactly one of name and route_name was expected; {said}", hint)
    if route is not None:
        route_name(route, "route_name")


def methods(tokens: Any) -> tuple[str, ...]:
    """The request methods of a route or view; () for all. Raises Refusal."""
    given = [tokens] if isinstance(tokens, str) else tokens
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise refusal("request_method", f"request_method is {described(tokens)}; tokens such as 'GET' were expected")
    given = list(given)
    for token in given:
        if not isinstance(token, str):
            raise refusal(
                "request_method", f"{described(token)} is not a request method; tokens such as 'GET POST' were expected"
            )
    return _checked("request_method", request_methods, given)  # type: ignore[no-any-return]


# Registries, loads, packages and requests.


def one_of(attribute: str, value: Any, kind: type[T], expected: str) -> T:
    """An argument of the right type. Raises Refusal."""
    if not isinstance(value, kind):
        raise refusal(attribute, f"{attribute} is {described(value)}; {expected} was expected")
    return value


def whole_number(attribute: str, value: Any) -> int:
    """A number of things, 0 or more. Raises Refusal."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise refusal(attribute, f"{attribute} is {described(value)}; a whole number was expected, 0 or more")
    return value


def handler_context(value: Any) -> None:
    """What the handler of a directive gets. Raises Refusal."""
    if not callable(getattr(value, "action", None)):
        raise refusal("context", f"context is {described(value)}; what the handler of a directive gets was expected")


def bundle_name(value: Any) -> str:
    """The name of a bundle that is asked for. Raises Refusal."""
    if not isinstance(value, str):
        raise refusal("name", f"name is {described(value)}; the name of a bundle was expected")
    return value


def file_to_load(value: Any) -> str:
    """The spec or path of a ZCML file, as a text. Raises Refusal."""
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text or "\0" in text:
        raise refusal("spec", f"spec is {described(value)}; 'package:file.zcml' or the path of a file was expected")
    return text


def feature_names(value: Any) -> tuple[str, ...]:
    """The features that a load has: one name, or several. Raises Refusal."""
    return names("features", value, "names of features")


def names(attribute: str, value: Any, expected: str) -> tuple[Any, ...]:
    """One name or several, as a tuple; what is a module is its own name. Raises Refusal."""
    several = (value,) if isinstance(value, (str, ModuleType)) else value
    if isinstance(several, (bytes, Mapping)) or not isinstance(several, Iterable):
        raise refusal(attribute, f"{attribute} is {described(value)}; {expected} were expected")
    found = tuple(several)
    for each in found:
        if not isinstance(each, (str, ModuleType)):
            raise refusal(attribute, f"{attribute} holds {described(each)}; {expected} were expected")
    return found


def application(attribute: str, value: Any, server: str) -> Any:
    """An application of a server's kind, or None. Raises Refusal."""
    if value is not None and not callable(value):
        raise refusal(attribute, f"{attribute} is {described(value)}; {server} application was expected")
    return value


def url_option(name: str, value: Any) -> None:
    """An option of `static_url` and its like, which is given. Raises Refusal."""
    if name in ("_scheme", "_host", "_app_url"):
        one_of(name, value, str, "a text")
    elif name == "_port" and (isinstance(value, bool) or not isinstance(value, (int, str))):
        raise refusal(name, f"_port is {described(value)}; a number was expected")
    elif name == "_query" and not isinstance(value, Iterable):
        raise refusal(name, f"_query is {described(value)}; a mapping, pairs or a text was expected")


def package_name(value: Any) -> str:
    """The name of the package that relative specs are relative to; '' for none. Raises Refusal."""
    name = getattr(value, "__name__", value)
    if name is None:
        return ""
    if not isinstance(name, str):
        raise refusal("package", f"package is {described(value)}; a module, or its dotted name, was expected")
    return name


def settings_mapping(value: Any) -> Mapping[str, Any]:
    """The settings of a registry. Raises Refusal."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise refusal("settings", f"settings is {described(value)}; a mapping was expected")
    return value


def in_module(value: Any, fits: Callable[[Any], Any]) -> str:
    """A hint for a module where something in it was expected: what it defines that *fits*; '' for anything else."""
    if not isinstance(value, ModuleType):
        return ""
    names = [
        name
        for name, each in vars(value).items()
        if not name.startswith("_") and getattr(each, "__module__", "") == value.__name__ and fits(each)
    ]
    return f"did you mean {f'{value.__name__}.{names[0]}'!r}?" if names else ""


def described(value: Any) -> str:
    """A value for messages, short; a class, or a module, by its dotted name."""
    if isinstance(value, ModuleType):
        return f"the module {value.__name__!r}"
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return shorten(value) if isinstance(value, str) else shorten_repr(value)


def shorten_repr(value: Any, width: int = 80) -> str:
    """What `repr` says of a value, cut when it is long."""
    text = repr(value)
    return text if len(text) <= width else text[:width] + "\N{HORIZONTAL ELLIPSIS}"
