"""The names of filters, and what may stand where a filter is wanted."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable
from typing import Any

from assetzcml.bundles.filters.base import ADAPTED, CallableFilter, Filter, FilterError, UnknownFilter
from assetzcml.errors import Problem, did_you_mean

__all__ = ["alternative", "filter_names", "get_filter", "get_filters", "register_filter"]

# Imported when first used: a filter's library is an extra.
BUILT_IN = {
    "cssmin": "assetzcml.bundles.filters.cssmin:CSSMin",
    "cssrewrite": "assetzcml.bundles.filters.cssrewrite:CSSRewrite",
    "esbuild": "assetzcml.bundles.filters.esbuild:ESBuild",
    "esbuild-bundle": "assetzcml.bundles.filters.esbuild_bundle:ESBuildBundle",
    "jsmin": "assetzcml.bundles.filters.jsmin:JSMin",
    "sass": "assetzcml.bundles.filters.sass:Sass",
    "scss": "assetzcml.bundles.filters.sass:SCSS",
}

# Filters by which people know other tools, and what does that work here.
ELSEWHERE = {
    "jsmin": ("closure_js", "jspacker", "rjsmin", "slimit", "terser", "uglify", "uglifyjs", "yui_js"),
    "cssmin": ("clean_css", "cleancss", "csscompressor", "cssutils", "csso", "rcssmin", "slimmer_css", "yui_css"),
    "scss": ("compass", "libsass", "pyscss", "sass_ruby", "scss_ruby"),
    "esbuild": ("babel", "coffeescript", "rollup", "typescript", "vite", "webpack"),
}

_registered: dict[str, Callable[..., Filter]] = {}
_lock = threading.Lock()


def register_filter(factory: Callable[..., Filter], name: str | None = None) -> None:
    """
    Make *factory*, a filter class or any function that returns a filter, known by *name* (by default the class's own)
    to every registry and environment of this process: `environment.add_filter` makes it known to one.

    A built-in filter may be replaced. Raises FilterError for a name that is taken by another factory, or is no name.
    """
    name = name or getattr(factory, "name", None)
    if not name or re.search(r"[\s,:]", name):
        raise FilterError(f"{factory!r} needs a name without blank, comma and colon, not {name!r}")
    with _lock:
        if _registered.setdefault(name, factory) is not factory:
            raise FilterError(f"the filter name {name!r} is taken by {_registered[name]!r}")


def filter_names() -> list[str]:
    """The names of the filters that are built in or registered, sorted; those of webassets are not among them."""
    return sorted({*BUILT_IN, *_registered})


def get_filter(what: Any, **options: Any) -> Filter:
    """
    The filter that *what* says: a name, a filter class, a filter, or a function of two binary streams.

    `webassets:NAME` is the filter NAME of an installed webassets. *options* go to the class; a filter that is ready
    and a function take none.
    Raises UnknownFilter, a ValueError, for a name nobody has; MissingExtra where a library is not installed.

    >>> get_filter("cssrewrite").name
    'cssrewrite'
    """
    if isinstance(what, str):
        return _factory(what)(**options)
    if isinstance(what, type) and issubclass(what, Filter):
        return what(**options)
    if options:
        raise TypeError(f"{what!r} takes no options; {', '.join(map(repr, options))} was given")
    if isinstance(what, Filter):
        return what
    if _of_webassets(what):
        from assetzcml.bundles.filters.adapted import AdaptedFilter

        return AdaptedFilter(what if not isinstance(what, type) else what())
    if callable(what):
        return CallableFilter(what)
    raise FilterError(f"{what!r} is not a filter: a name, a Filter or a function of two binary streams was expected")


def get_filters(what: Any) -> list[Filter]:
    """
    The chain that *what* says: None, a text of names parted by commas or blanks, one filter, or a sequence of them.

    What counts as the same filter is there once, at its first place.

    >>> [filter.name for filter in get_filters("cssrewrite, cssmin cssrewrite")]
    ['cssrewrite', 'cssmin']
    """
    if what is None:
        return []
    if isinstance(what, str):
        what = [name for name in re.split(r"[\s,]+", what) if name]
    if not isinstance(what, list | tuple):
        what = [what]
    chain: list[Filter] = []
    for item in what:
        for one in get_filters(item) if isinstance(item, str) and re.search(r"[\s,]", item) else [get_filter(item)]:
            if one not in chain:
                chain.append(one)
    return chain


def alternative(name: str) -> str:
    """A hint for the filter of another tool, by what does its work here; '' for any other name."""
    known = name.lower().replace("-", "_")
    ours = next((ours for ours, others in ELSEWHERE.items() if known in others), "")
    return f"did you mean {ours!r}? {ADAPTED + name!r} is that of webassets, where it is installed" if ours else ""


def _factory(name: str) -> Callable[..., Filter]:
    if name in _registered:
        return _registered[name]
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        found: Callable[..., Filter] = getattr(importlib.import_module(module), attribute)
        return found
    if name.startswith(ADAPTED):
        from assetzcml.bundles.filters.adapted import adapted_filter

        return lambda **options: adapted_filter(name.removeprefix(ADAPTED), **options)
    hint = did_you_mean(name, filter_names()) or f"the filters are {', '.join(filter_names())} and {ADAPTED}NAME"
    raise UnknownFilter(Problem(None, f"no filter has the name {name!r}", hint))


def _of_webassets(what: Any) -> bool:
    """Whether *what* is a filter of webassets, or its class; webassets is not imported for that."""
    kind = what if isinstance(what, type) else type(what)
    return any(base.__module__ == "webassets.filter" and base.__name__ == "Filter" for base in kind.__mro__)
