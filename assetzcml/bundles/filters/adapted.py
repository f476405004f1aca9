"""Filters of an installed webassets: the same protocol, on text. They know no time limit."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import IO, Any

from assetzcml.bundles.filters.base import (
    ADAPTED,
    Filter,
    FilterContext,
    FilterError,
    UnknownFilter,
    decoded_text,
    file_of,
)
from assetzcml.errors import MissingExtra, Origin, Problem, did_you_mean

__all__ = ["AdaptedFilter", "adapted_filter"]


def adapted_filter(name: str, **options: Any) -> AdaptedFilter:
    """
    The filter *name* of webassets, as a filter here.

    Raises MissingExtra when webassets is not installed, UnknownFilter when it has no such filter.
    """
    try:
        with warnings.catch_warnings():
            # Its modules have warnings for us that only its authors could heed.
            warnings.simplefilter("ignore")
            from webassets import filter as theirs
    except ImportError as error:
        message = f"the filter {ADAPTED + name!r} needs webassets ({error}); pip install webassets"
        raise MissingExtra(message) from None
    if name not in theirs._FILTERS:
        hint = did_you_mean(name, theirs._FILTERS)
        raise UnknownFilter(Problem(None, f"webassets has no filter {name!r}", hint))
    found: Any = theirs
    return AdaptedFilter(found.get_filter(name, **options), options)


class AdaptedFilter(Filter):
    """Runs *inner*, a filter of webassets: content is decoded for it, as UTF-8, and encoded again."""

    def __init__(self, inner: Any, given: dict[str, Any] | None = None):
        super().__init__()
        self.inner = inner
        self.name = ADAPTED + (inner.name or type(inner).__name__)  # type: ignore[misc]
        self.uses_urls = inner.name == "cssrewrite"  # type: ignore[misc]
        self.max_debug_level = inner.max_debug_level  # type: ignore[misc]
        self._given = dict(given or {})

    def bind(self, context: FilterContext) -> Filter:
        bound = copy.copy(self)
        bound.ctx, bound.inner = context, copy.copy(self.inner)
        bound.setup()
        bound.max_debug_level = bound.inner.max_debug_level  # type: ignore[misc]  # a setting may say another one
        return bound

    def setup(self) -> None:
        self.inner.set_context(_Context(self.ctx, {}))
        self._guarded(self.inner.setup, {})
        for attribute, (_, _, kind) in getattr(self.inner, "_options", {}).items():
            # webassets splits the lists of os.environ only; from ZCML all options are texts.
            if kind is list and isinstance(getattr(self.inner, attribute), str):
                setattr(self.inner, attribute, self._parsed(getattr(self.inner, attribute), list, attribute))

    def unique(self) -> Any:
        kind = type(self.inner)
        return [f"{kind.__module__}.{kind.__qualname__}", self._given, self.inner.unique()]

    def cache_options(self) -> dict[str, Any]:
        return {name: getattr(self.inner, name, None) for name in getattr(self.inner, "_options", {})}

    def tool_versions(self) -> Sequence[str]:
        return (f"webassets {metadata.version('webassets')}",)

    def get_additional_cache_keys(self, **kw: Any) -> list[Any]:
        return list(self._guarded(self.inner.get_additional_cache_keys, kw, **kw))

    @property
    def input(self) -> Callable[..., None] | None:  # type: ignore[override]
        return self._stream("input")

    @property
    def output(self) -> Callable[..., None] | None:  # type: ignore[override]
        return self._stream("output")

    @property
    def open(self) -> Callable[..., None] | None:  # type: ignore[override]
        method = getattr(self.inner, "open", None)
        if method is None:
            return None

        def opened(out: IO[bytes], source_path: str, **kw: Any) -> None:
            self._run(method, out, {**kw, "source_path": source_path}, source_path)

        return opened

    @property
    def concat(self) -> Callable[..., None] | None:  # type: ignore[override]
        method = getattr(self.inner, "concat", None)
        if method is None:
            return None

        def joined(out: IO[bytes], hunks: Sequence[Any], **kw: Any) -> None:
            texts = [(_Hunk(decoded_text(hunk.data(), self, {**kw, **about})), about) for hunk, about in hunks]
            self._run(method, out, kw, texts)

        return joined

    def _stream(self, which: str) -> Callable[..., None] | None:
        method = getattr(self.inner, which, None)
        if method is None:
            return None

        def transformed(_in: IO[bytes], out: IO[bytes], **kw: Any) -> None:
            text = io.StringIO(decoded_text(_in.read(), self, kw), newline="")
            self._run(lambda written, **rest: method(text, written, **rest), out, kw)

        return transformed

    def _run(self, method: Callable[..., Any], out: IO[bytes], kw: dict[str, Any], *arguments: Any) -> None:
        written = io.StringIO(newline="")
        self.inner.set_context(_Context(self.ctx, kw))
        rest = kw if not arguments or not isinstance(arguments[0], str) else {**kw}
        if arguments and isinstance(arguments[0], str):
            rest.pop("source_path")
        self._guarded(method, kw, written, *arguments, **rest)
        out.write(written.getvalue().encode())

    def _guarded(self, method: Callable[..., Any], about: dict[str, Any], *arguments: Any, **kw: Any) -> Any:
        """Call code of webassets, whose errors know no file. What it raises becomes a FilterError."""
        try:
            return method(*arguments, **kw)
        except ImportError as error:
            raise MissingExtra(f"{self.name} needs a library that is not installed: {error}") from error
        except FilterError:
            raise
        except Exception as error:
            origin = Origin(file_of(about)) if about else None
            raise FilterError(
                Problem(origin, f"{self.name}: {error or type(error).__name__}", exception=error)
            ) from error


class _Hunk:
    """A piece of a bundle, as webassets passes it to `concat`."""

    def __init__(self, text: str):
        self._text = text

    def data(self) -> str:
        return self._text


class _Context:
    """What a filter of webassets finds at `self.ctx`: our context, and a resolver that knows the URLs at hand."""

    def __init__(self, context: FilterContext | None, kw: dict[str, Any]):
        self._context = context
        self.resolver = _Resolver(kw)

    def get(self, name: str, default: Any = None) -> Any:
        return default if self._context is None else self._context.get(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


class _Resolver:
    def __init__(self, kw: dict[str, Any]):
        self._kw = kw

    def resolve_source_to_url(self, context: Any, path: Any, item: Any) -> str:
        return self._url("source_url", item)

    def resolve_output_to_url(self, context: Any, item: Any) -> str:
        return self._url("output_url", item)

    def _url(self, which: str, item: Any) -> str:
        if not self._kw.get(which):
            raise FilterError(f"{item!r} has no URL: its directory is not in url_mapping")
        return str(self._kw[which])
