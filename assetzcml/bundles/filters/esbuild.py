"""esbuild, the program: minifies, and writes older JavaScript or CSS. Its Go code is never loaded into this process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import IO, Any, ClassVar

from assetzcml.bundles.filters.base import Filter, FilterError, file_of, option
from assetzcml.bundles.filters.csstokens import tokens as css_tokens
from assetzcml.bundles.filters.jstokens import Doubtful, Unfinished, Unopened
from assetzcml.bundles.filters.jstokens import words as js_words
from assetzcml.bundles.filters.processes import SubprocessFilter
from assetzcml.errors import Origin

__all__ = ["ESBuild"]

LOADERS = {".css": "css", ".jsx": "jsx", ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx", ".json": "json"}
FORMATS = ("iife", "cjs", "esm")
OF_THE_WHOLE = (
    "--format",
    "--banner",
    "--footer",
    "--global-name",
)  # arguments that would be there once for each source
_PLACE = re.compile(r"^\s*(?:<stdin>|[^\s:]+):(\d+):(\d+):\s*$", re.MULTILINE)


class ESBuild(SubprocessFilter):
    """
    Runs esbuild over each source, by the loader of its extension, then over the whole. Options: `minify` (default yes),
    `target` (`es2018`, `safari14`…), `format` of the whole, `loader` of all sources, `legal_comments`, and `extra_args`.

    It does not bundle: `import` stays. What is joined are the sources of the bundle. A part of a program (a function
    around several files) is left to the whole, and so is everything behind a filter that works on the whole.
    """

    name = "esbuild"
    program = "esbuild"
    install_hint = "npm install --save-dev esbuild, or set ESBUILD_BIN"
    version = "2"
    minify: bool
    target: Any
    format: str | None
    loader: str | None
    legal_comments: str | None
    extra_args: Sequence[str]
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
            raise FilterError(f"{self.name}: format is {self.format!r}; one of {', '.join(FORMATS)} was expected")

    def follow(self, earlier: Sequence[Filter]) -> None:
        if any(one.output is not None and not isinstance(one, ESBuild) for one in earlier):
            self.input = None  # type: ignore[method-assign, assignment]

    def get_additional_cache_keys(self, **kw: Any) -> list[Any]:
        return [self.loader_of(kw)]

    def input(self, _in: IO[bytes], out: IO[bytes], **kw: Any) -> None:
        content = _in.read()
        if self.loader_of(kw) in ("js", "jsx") and _is_part(content):
            out.write(content)
        else:
            out.write(self.transform(content, **kw))

    def output(self, _in: IO[bytes], out: IO[bytes], **kw: Any) -> None:
        out.write(self.transform(_in.read(), **kw, whole=True))

    def loader_of(self, kw: Mapping[str, Any]) -> str:
        """Of a source, what was said or what its extension says; of the whole, CSS or JavaScript."""
        known = LOADERS.get(os.path.splitext(file_of(kw))[1].lower(), "js")
        if kw.get("whole"):
            return "css" if "css" in (known, self.loader) else "js"
        return self.loader or known

    def arguments(self, **kw: Any) -> list[str]:
        # What the sources gave cause to warn of was told of each.
        level = "error" if kw.get("whole") and self.input is not None else "warning"
        arguments = [f"--loader={self.loader_of(kw)}", "--charset=utf8", f"--log-level={level}", "--color=false"]
        return [*arguments, *self.flags(whole=not (kw.get("source") or kw.get("source_path")))]

    def flags(self, whole: bool) -> list[str]:
        """The arguments that the options say; some are of the *whole* only."""
        flags = ["--minify"] if self.minify else []
        if self.target:
            flags.append(f"--target={','.join([self.target] if isinstance(self.target, str) else self.target)}")
        if self.format and whole:
            flags.append(f"--format={self.format}")
        if self.legal_comments:
            flags.append(f"--legal-comments={self.legal_comments}")
        return [*flags, *(flag for flag in self.extra_args if whole or not flag.startswith(OF_THE_WHOLE))]

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


def _is_part(content: bytes) -> bool:
    """Does a script begin or end inside of a bracket?"""
    try:
        for _ in js_words(content.decode("utf-8-sig")):
            pass
    except Doubtful as doubt:
        return isinstance(doubt, Unfinished | Unopened)
    except UnicodeDecodeError:
        return False
    return False
