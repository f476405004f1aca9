"""Smaller JavaScript, by rjsmin, taken only when it is still the same program; else the original, with a warning."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, ClassVar

from assetzcml.bundles.filters.base import FilterWarning, TextFilter, file_of, option
from assetzcml.bundles.filters.jstokens import Doubtful, difference
from assetzcml.errors import MissingExtra, Origin

__all__ = ["JSMin"]

SHOWN = 40  # characters of the place in question


class JSMin(TextFilter):
    """
    Takes comments and blanks out of the whole. `keep_bang_comments` (default yes) keeps `/*! licenses */`.

    rjsmin works by patterns and can change what a program does (the blanks in templates, regular expressions after a
    parenthesis, newlines before `#name`), so its result is compared token by token; where any differs, or
    the source is not certain to be JavaScript, the source is left as it is.
    """

    name = "jsmin"
    options: ClassVar[Mapping[str, Any]] = {
        "keep_bang_comments": option("keep_bang_comments", "JSMIN_KEEP_BANG_COMMENTS", bool, True)
    }

    def setup(self) -> None:
        super().setup()
        try:
            import rjsmin  # noqa: F401
        except ImportError:
            raise MissingExtra("jsmin: rjsmin is not installed; pip install 'assetzcml[bundles]'") from None

    def tool_versions(self) -> Sequence[str]:
        return (f"rjsmin {metadata.version('rjsmin')}",)

    def transform_text(self, text: str, **kw: Any) -> str:
        import rjsmin

        result: str = rjsmin.jsmin(text, keep_bang_comments=self.keep_bang_comments)
        try:
            token = difference(text, result)
        except Doubtful as doubt:
            return self._original(text, doubt.offset, str(doubt), kw)
        if token is not None:
            shown = token.text if len(token.text) <= SHOWN else token.text[:SHOWN] + "…"
            return self._original(text, token.offset, f"rjsmin would change the program at {shown!r}", kw)
        return result

    def _original(self, text: str, offset: int, reason: str, kw: Mapping[str, Any]) -> str:
        line_start = text.rfind("\n", 0, offset) + 1
        origin = Origin(file_of(kw), text.count("\n", 0, offset) + 1, offset - line_start + 1)
        warnings.warn_explicit(
            f"{origin}: jsmin: left as it is: {reason}; esbuild could minify it",
            FilterWarning,
            origin.file,
            origin.line,
        )
        return text
