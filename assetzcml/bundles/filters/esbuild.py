"""esbuild, the program: minifies, and writes older JavaScript or CSS. Its Go code is never loaded into this process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from assetzcml.bundles.filters.base import FilterError, file_of, option
from assetzcml.bundles.filters.csstokens import tokens as css_tokens
from assetzcml.bundles.filters.jstokens import Doubtful
from assetzcml.bundles.filters.jstokens import words as js_words
from assetzcml.bundles.filters.processes import SubprocessFilter
from assetzcml.errors import Origin

__all__ = ["ESBuild"]

LOADERS = {".css": "css", ".jsx": "jsx", ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx", ".json": "json"}
FORMATS = ("iife", "cjs", "esm")
_PLACE = re.compile(r"^\s*(?:<stdin>|[^\s:]+):(\d+):(\d+):\s*$", re.MULTILINE)


class ESBuild(SubprocessFilter):
    """
    Runs esbuild over the whole. Options: `minify` (default yes), `target` (`es2018`, `safari14`…), `format`, `loader`
    (default: by the extension of the output), `legal_comments`, and `extra_args`.

    It does not bundle: `import` stays. What is joined are the sources of the bundle.
    """

    name = "esbuild"
    program = "esbuild"
    install_hint = "npm install --save-dev esbuild, or set ESBUILD_BIN"
    options: ClassVar[Mapping[str, Any]] = {
        "binary": "ESBUILD_BIN",
        "minify": option("minify", "ESBUILD_MINIFY", bool, True),
        "target": option("target", "ESBUILD_TARGET", list),
        "format": option("format", "ESBUILD_FORMAT"),
        "loader": option("loader", "ESBUILD_LOADER"),
        "legal_comments": option("legal_comments", "ESBUILD_LEGAL_COMMENTS"),
        "extra_args": option("extra_args", "ESBUILD_EXTRA_ARGS", list, ()),
    }

    def setup(self) -> None:
        super().setup()
        if self.format not in (None, *FORMATS):
            raise FilterError(f"esbuild: format is {self.format!r}; one of {', '.join(FORMATS)} was expected")

    def get_additional_cache_keys(self, **kw: Any) -> list[Any]:
        return [self.loader_of(kw)]

    def loader_of(self, kw: Mapping[str, Any]) -> str:
        return self.loader or LOADERS.get(os.path.splitext(file_of(kw))[1].lower(), "js")

    def arguments(self, **kw: Any) -> list[str]:
        arguments = [f"--loader={self.loader_of(kw)}", "--charset=utf8", "--log-level=warning", "--color=false"]
        if self.minify:
            arguments.append("--minify")
        if self.target:
            arguments.append(f"--target={','.join([self.target] if isinstance(self.target, str) else self.target)}")
        if self.format:
            arguments.append(f"--format={self.format}")
        if self.legal_comments:
            arguments.append(f"--legal-comments={self.legal_comments}")
        return [*arguments, *self.extra_args]

    def may_print_nothing(self, content: bytes) -> bool:
        """Also for content of comments only."""
        text = content.decode("utf-8", "replace")
        try:
            return all(word.kind == "end" for word in js_words(text)) or all(
                token.kind in ("whitespace", "comment") for token in css_tokens(text)
            )
        except Doubtful:
            return False

    def complaint(self, said: str, **kw: Any) -> Origin | None:
        found = _PLACE.search(said)
        # esbuild counts columns in bytes from 0.
        return Origin(file_of(kw), int(found[1]), int(found[2]) + 1) if found else None
