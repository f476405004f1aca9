"""Sass, the Dart program (sass-lang.com), or the one in the npm package sass-embedded. Runs at every debug level."""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from assetzcml.bundles.filters.base import FilterError, file_of, option
from assetzcml.bundles.filters.csstokens import string_value
from assetzcml.bundles.filters.processes import SubprocessFilter
from assetzcml.errors import Origin

__all__ = ["SCSS", "Sass", "loaded_files", "parted"]

STYLES = ("expanded", "compressed")

# Sass writes its source map last; a file without any rule is nothing but it. The map holds the source, in which an
# asterisk may stand as it is, but never the end of a comment.
_MAP_BEGINS = b"/*# sourceMappingURL=data:application/json;charset=utf-8"
_MAP = re.compile(rb"(?P<base64>;base64)?,(?P<map>\S*) \*/\s*\Z")
_FRAME = re.compile(r"^\s+(?P<file>\S.*?) (?P<line>\d+):(?P<column>\d+)  ", re.MULTILINE)
_LOADS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|@(?:use|forward|import)\s+(?P<list>(?:"[^"\n]*"|'[^'\n]*')(?:\s*,\s*(?:"[^"\n]*"|'[^'\n]*'))*)"""
    r"""|@import\s+(?P<bare>[^\s"'(;]+)\s*$|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""",
    re.DOTALL | re.MULTILINE,
)
_QUOTED = re.compile(r""""[^"\n]*"|'[^'\n]*'""")


class Sass(SubprocessFilter):
    """
    Compiles each source; `.scss` and `.sass` are told apart by the extension, any other is the indented syntax.

    Options: `style` (expanded or compressed), `load_paths` (relative ones are below the environment's
    directory), `extra_args`.
    What a source loads is found next to it first. The files that were loaded are dependencies of the bundle.
    """

    name = "sass"
    program = "sass"
    install_hint = "npm install --save-dev sass-embedded, or set SASS_BIN"
    method = "input"
    max_debug_level = None
    indented = True
    options: ClassVar[Mapping[str, Any]] = {
        "binary": "SASS_BIN",
        "style": option("style", "SASS_STYLE", None, "expanded"),
        "load_paths": option("load_paths", "SASS_LOAD_PATHS", list, ()),
        "extra_args": option("extra_args", "SASS_EXTRA_ARGS", list, ()),
    }

    def setup(self) -> None:
        super().setup()
        if self.style not in STYLES:
            raise FilterError(f"{self.name}: style is {self.style!r}; one of {', '.join(STYLES)} was expected")

    def arguments(self, **kw: Any) -> list[str]:
        syntax = ["--indented"] if self._is_indented(kw) else ["--no-indented"]
        paths = [f"--load-path={path}" for path in self._load_paths(kw)]
        # --no-charset: @charset counts only at the beginning of a file, and this will be in the middle of one.
        always = ["--stdin", "--no-charset", "--embed-source-map", "--source-map-urls=absolute", "--no-color"]
        return [*always, "--no-unicode", f"--style={self.style}", *syntax, *paths, *self.extra_args]

    def _is_indented(self, kw: Mapping[str, Any]) -> bool:
        return {".scss": False, ".sass": True}.get(os.path.splitext(file_of(kw))[1].lower(), self.indented)

    def _load_paths(self, kw: Mapping[str, Any]) -> list[str]:
        source = kw.get("source_path")
        own = [os.path.dirname(os.path.abspath(source))] if source and os.path.isabs(source) else []
        given = [path for path in self.load_paths if os.path.isabs(path)]
        if len(given) < len(self.load_paths):
            given = [os.path.join(os.path.abspath(self.ctx.directory), path) for path in self.load_paths]  # type: ignore[union-attr]
        return [*own, *given]

    def get_additional_cache_keys(self, **kw: Any) -> list[Any]:
        """The files that would be loaded: another one where there was none takes the place of one further back."""
        source = kw.get("source_path")
        if not source or not os.path.isfile(source):
            return [self._load_paths(kw)]
        content = Path(source).read_bytes()
        return [self._is_indented(kw), self._load_paths(kw), sorted(loaded_files(content, self._load_paths(kw)))]

    def transform(self, content: bytes, **kw: Any) -> bytes:
        printed = super().transform(content, **kw)
        if not content.strip() and not printed.strip():
            return b""
        css, mapped = parted(printed)
        if mapped is None:
            self.fail("did not print all it should: the source map at the end is missing or broken", b"", **kw)
        depends = kw.get("depends")
        if depends is not None:
            depends.extend(sorted({*loaded_files(content, self._load_paths(kw)), *(mapped or ())}))
        return css

    def complaint(self, said: str, **kw: Any) -> Origin | None:
        # Warnings may come first, each with a place of its own.
        found = _FRAME.search(said, max(said.rfind("\nError: "), 0))
        if found is None:
            return None
        file = found["file"]
        if file == "-":  # standard input
            file = file_of(kw)
        else:  # relative to the directory it ran in, one of those in the directory for temporary files
            file = os.path.normpath(os.path.join(os.path.realpath(tempfile.gettempdir()), "_", file))
        return Origin(file, int(found["line"]), int(found["column"]))

    def _in_node_modules(self, program: str) -> str | None:
        for directory in self._directories():
            modules = directory / "node_modules"
            # The program itself is ten times faster to start than the script that starts it.
            for candidate in [*sorted(modules.glob("sass-embedded-*/dart-sass/sass")), modules / ".bin" / program]:
                if candidate.is_file() and os.access(candidate, os.X_OK):
                    return str(candidate)
        return None


class SCSS(Sass):
    """The same; sources whose extension does not tell are SCSS."""

    name = "scss"
    indented = False


def parted(printed: bytes) -> tuple[bytes, list[str] | None]:
    r"""
    The style sheet that Sass *printed*, and the files that it names in the source map behind it.

    None for the files where there is no whole map: Sass did not come to its end.

    >>> parted(b"* {\n  b: c;\n}\n\n/*# sourceMappingURL=data:application/json;charset=utf-8,%7B%22sources%22:%5B%5D%7D */")
    (b'* {\n  b: c;\n}\n', [])
    """
    at = printed.rfind(_MAP_BEGINS)
    found = _MAP.match(printed, at + len(_MAP_BEGINS)) if at >= 0 else None
    if found is None:
        return printed, None
    try:
        text = base64.b64decode(found["map"], validate=True) if found["base64"] else unquote(found["map"].decode())
        urls = [url for url in json.loads(text)["sources"] if url.startswith("file:")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return printed, None
    css = printed[:at].rstrip(b"\n")
    return (css + b"\n" if css.strip() else b""), [unquote(urlsplit(url).path) for url in urls]


def loaded_files(content: bytes, load_paths: Iterable[str]) -> set[str]:
    """
    The files that a Sass source loads by @use, @forward and @import, directly or through others, as far as they exist.

    The first of *load_paths* is its own directory.
    """
    paths = list(load_paths)
    found: set[str] = set()
    waiting = [(content, paths)]
    while waiting:
        text, places = waiting.pop()
        for name in _loads(text.decode("utf-8", "replace")):
            path = _resolved(name, places)
            if path is not None and path not in found:
                found.add(path)
                waiting.append((Path(path).read_bytes(), [os.path.dirname(path), *paths]))
    return found


def _loads(text: str) -> Iterator[str]:
    for found in _LOADS.finditer(text):
        if found["list"]:
            yield from (string_value(quoted) for quoted in _QUOTED.findall(found["list"]))
        elif found["bare"]:
            yield found["bare"]


def _resolved(name: str, places: Iterable[str]) -> str | None:
    """The file that *name* stands for (sass-lang.com/documentation/at-rules/use: partials, index files)."""
    head, _, tail = name.rpartition("/")
    if ":" in name:  # a built-in module or a URL
        return None
    stems = [tail, f"_{tail}"] if tail.endswith((".scss", ".sass", ".css")) else [
        f"{prefix}{tail}{only}{extension}"
        for only in (".import", "") for extension in (".sass", ".scss", ".css") for prefix in ("_", "")
    ]  # fmt: skip
    index = [os.path.join(tail, f"{prefix}index{extension}") for extension in (".sass", ".scss", ".css")
             for prefix in ("_", "")]  # fmt: skip
    for place in places:
        for stem in [*stems, *index]:
            path = os.path.normpath(os.path.join(place, head, stem))
            if os.path.isfile(path):
                return path
    return None
