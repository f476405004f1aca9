"""
esbuild's bundler: one entry and all that it imports, each found as a browser would find it: through the registry.

A relative import of a module that has an asset spec leads to the spec beside it, so that another package overrides one
module inside of a bundle. What an import leads to is a dependency, by its spec; so is what was looked for in vain.
"""

from __future__ import annotations

import base64
import json
import os
import posixpath
import subprocess
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, ClassVar, NoReturn

from assetzcml.bundles.filters.base import FilterError, FilterWarning, file_of, option
from assetzcml.bundles.filters.esbuild import LOADERS, ESBuild
from assetzcml.bundles.filters.esbuild_service import ESBUILD_NAMESPACE, BrokenOff, Result, Service
from assetzcml.bundles.filters.processes import plain_output
from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.resolving.packages import Packages

__all__ = ["ESBuildBundle"]

# What an address without extension may stand for, in esbuild's order (its option resolve-extensions).
EXTENSIONS = (".tsx", ".ts", ".jsx", ".js", ".css", ".json")
# TypeScript imports what it is going to be compiled to.
_COMPILED = {".js": (".ts", ".tsx"), ".jsx": (".ts", ".tsx"), ".mjs": (".mts",), ".cjs": (".cts",)}
_IN_STYLE_SHEETS = frozenset({"import-rule", "composes-from", "url-token"})
MAPS = ("inline",)
ROOT = "assetzcml:///"  # of the sources in a map: what a browser shows them under


class ESBuildBundle(ESBuild):
    """
    Bundles the one source of a bundle with all that it imports. Options: those of `esbuild` (`format` is `iife` unless
    the output's name ends in `.mjs`), and `sourcemap` (`inline`).
    """

    name = "esbuild-bundle"
    resolves_modules = True
    sourcemap: str | None
    options: ClassVar[Mapping[str, Any]] = {
        **ESBuild.options,
        "binary": "ESBUILD_BIN",
        "sourcemap": option("sourcemap", "ESBUILD_SOURCEMAP"),
    }
    # The source is the whole.
    output = None  # type: ignore[assignment]

    def setup(self) -> None:
        super().setup()
        if self.sourcemap not in (None, *MAPS):
            raise FilterError(f"{self.name}: sourcemap is {self.sourcemap!r}; one of {', '.join(MAPS)} was expected")

    def follow(self, earlier: Sequence[Any]) -> None:
        """Whatever runs before: it works on the source."""

    def input(self, _in: IO[bytes], out: IO[bytes], **kw: Any) -> None:
        out.write(_Bundling(self, _in.read(), kw).result())

    def concat(self, out: IO[bytes], hunks: Sequence[tuple[Any, Mapping[str, Any]]], **kw: Any) -> None:
        if len(hunks) > 1:
            names = ", ".join(repr(str(about.get("source", "(a bundle inside)"))) for _, about in hunks)
            hint = "give each a bundle of its own, or import one from the other"
            message = f"{self.name} takes one source, the entry, and here are {len(hunks)}: {names}"
            raise FilterError(Problem(Origin(file_of(kw)), message, hint))
        for hunk, _ in hunks:
            out.write(hunk.data())


class _Bundling:
    """One run: the entry is *content*, of the file that *kw* says."""

    def __init__(self, bound: ESBuildBundle, content: bytes, kw: Mapping[str, Any]):
        self.filter = bound
        self.kw = kw
        self.content = content
        self.context: Any = bound.ctx
        self.entry = str(kw.get("source_spec") or kw.get("source") or "entry.js")
        self.directory = self._directory()
        self.depends: dict[str, None] = {}
        self._roots = dict(self._known_roots())
        self._real: dict[str, str] = {}  # where the asset of a spec is really taken from

    def result(self) -> bytes:
        result = self._built()
        self._tell(result)
        depends = self.kw.get("depends")
        if depends is not None:
            depends.extend([*self.depends, *self._files(result)])
        return self._written(result)

    # -- the run

    def _built(self) -> Result:
        bound = self.filter
        service = Service(bound.command(), bound.tool_version(), self.resolve, self.load)
        try:
            return service.build(self.entry, self._flags(), self.directory, self._node_paths(), bound.timeout)
        except subprocess.TimeoutExpired:
            self._fail(f"did not end within {bound.timeout:g} s and was killed")
        except BrokenOff as failed:
            said = "".join(f"\n    {line}" for line in plain_output(failed.said).splitlines()[:10])
            self._fail(f"{failed}{said}")
        except OSError as error:
            self._fail(f"cannot be run as {bound.command()[0]}: {error.strerror or error}")

    def _flags(self) -> list[str]:
        output = str(self.kw.get("output") or "out.js")
        extension = os.path.splitext(output)[1] or ".js"
        flags = ["--bundle", "--metafile", "--charset=utf8", "--log-level=silent", "--color=false"]
        flags += [f"--outfile={os.path.join(self.directory, 'bundled' + extension)}"]
        if extension != ".css" and not self.filter.format:
            flags.append(f"--format={'esm' if extension == '.mjs' else 'iife'}")
        flags += ["--sourcemap=external"] if self.filter.sourcemap else []
        return [*flags, *self.filter.flags(whole=True)]

    def _directory(self) -> str:
        """The directory that esbuild's names are relative to: what it writes does not tell where a checkout lies."""
        try:
            directory = str(os.path.abspath(self.context.directory))
        except (AttributeError, OSError, TypeError):
            directory = os.path.dirname(str(self.kw.get("source_path") or "")) or os.getcwd()
        while not os.path.isdir(directory):
            directory = os.path.dirname(directory)
        return directory

    def _node_paths(self) -> list[str]:
        return [path for path in self._roots if os.path.isdir(path)]

    def _known_roots(self) -> Iterator[tuple[str, str]]:
        """The directories of the load path, each with its spec; '' for one that is no asset."""
        for place in getattr(self.context, "search_path", ()):
            package, colon, path = str(place).partition(":")
            if colon and not os.path.isabs(place):
                yield from ((directory, str(place)) for directory in _directories(package, path))
            else:
                yield str(place), ""

    def _fail(self, message: str) -> NoReturn:
        raise FilterError(Problem(Origin(file_of(self.kw)), f"{self.filter.name}: esbuild {message}"))

    # -- what an import leads to

    def resolve(self, request: Mapping[str, Any]) -> Any:
        """What esbuild is answered: a module of ours, something elsewhere, or what it finds by itself."""
        path, kind = request["path"], request["kind"]
        if kind == "entry-point":
            return {"path": self.entry, "namespace": ESBUILD_NAMESPACE}
        spec = self._spec_of(request)
        if spec is None:
            return None
        if path.startswith("/"):  # the address of something on the site
            return {"path": path, "external": True}
        relative = path.startswith(("./", "../")) or path in (".", "..") or kind in _IN_STYLE_SHEETS
        address, _, suffix = path.partition("?") if kind in _IN_STYLE_SHEETS else (path, "", "")
        found = self._beside(spec, address) if relative and "://" not in path and not path.startswith("data:") else None
        if found is None:
            return self._found_by_esbuild
        answer = {"path": found, "namespace": ESBUILD_NAMESPACE, "suffix": f"?{suffix}" if suffix else ""}
        if "node_modules/" not in found:
            return answer
        # What has no side effects is told by the package.json there.
        return lambda native: {**answer, **({"sideEffects": native["sideEffects"]} if "sideEffects" in native else {})}

    def _spec_of(self, request: Mapping[str, Any]) -> str | None:
        """The spec of the module that imports; None for one that esbuild found by itself."""
        if request["namespace"] == ESBUILD_NAMESPACE:
            importer = str(request["importer"])
            return importer if importer != self.entry or self.kw.get("source_spec") else None
        return self._spec_at(str(request["importer"])) if request["namespace"] == "file" else None

    def _found_by_esbuild(self, native: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What esbuild has found, taken from where the layers have it, if it lies where assets are."""
        if native.get("errors") or native.get("external") or native.get("namespace") != "file":
            return None
        spec = self._spec_at(native["path"])
        if spec is None or self._look(spec) is None:
            return None
        given = {name: native[name] for name in ("suffix", "sideEffects") if name in native}
        return {"path": spec, "namespace": ESBUILD_NAMESPACE, **given}

    def _spec_at(self, path: str) -> str | None:
        """The spec of the file at *path*, below a directory whose spec is known."""
        for directory, root in self._roots.items():
            if root and path.startswith(directory + os.sep):
                below = path[len(directory) + 1 :].replace(os.sep, "/")
                return f"{root}{'' if root.endswith((':', '/')) else '/'}{below}"
        return None

    def _beside(self, spec: str, path: str) -> str | None:
        """The spec of the module that *path*, in the module *spec*, leads to; None when no layer has it."""
        package, _, own = spec.partition(":")
        base = posixpath.normpath(posixpath.join(posixpath.dirname(own), path))
        if base.startswith(".."):
            return None
        if path.endswith("/") or path in (".", ".."):
            candidates: Iterable[str] = (posixpath.join(base, f"index{extension}") for extension in EXTENSIONS)
        else:
            candidates = _candidates(base)
        return next((name for each in candidates if self._look(name := f"{package}:{each.removeprefix('./')}")), None)

    def _look(self, spec: str) -> Any:
        """The source that *spec* leads to now. It is a dependency, also where there is none."""
        self.depends[spec] = None
        try:
            return self.context.source_of(spec)
        except ConfigurationError:  # its package is nowhere
            return None

    # -- their bytes

    def load(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """What esbuild is given for a module of ours."""
        name = str(request["path"])
        if name == self.entry:
            path = str(self.kw.get("source_path") or name)
            content = self.content
        else:
            source = self._look(name)
            if source is None:
                return {"errors": [{"text": f"{name} is gone", "pluginName": ESBUILD_NAMESPACE}]}
            path = source.path or name
            content = source.read()[0]
        self._real[name] = path
        extension = os.path.splitext(path)[1].lower()
        loader = self.filter.loader if name == self.entry and self.filter.loader else None
        same = extension == os.path.splitext(name)[1].lower()
        loader = loader or ("default" if same and extension else LOADERS.get(extension, "js"))
        return {"contents": content, "loader": loader, "resolveDir": self._directory_of(name, path)}

    def _directory_of(self, name: str, path: str) -> str:
        """Where esbuild looks for the packages that a module imports: above the place that its spec names first."""
        package, colon, own = name.partition(":")
        places = _directories(package, posixpath.dirname(own)) if colon and not os.path.isabs(name) else []
        wanted = next(iter(places), None) or os.path.dirname(path) or self.directory
        while not os.path.isdir(wanted):
            wanted = os.path.dirname(wanted)
        return wanted

    # -- what comes of it

    def _tell(self, result: Result) -> None:
        if result.errors:
            problems = [self._problem(message) for message in result.errors]
            raise FilterError(*problems)
        for message in result.warnings:
            problem = self._problem(message)
            file = problem.origin.file if problem.origin else file_of(self.kw)
            line = problem.origin.line if problem.origin else 1
            warnings.warn_explicit(str(problem.headline), FilterWarning, file, max(line, 1))

    def _problem(self, message: Mapping[str, Any]) -> Problem:
        place = message.get("location")
        origin = Origin(file_of(self.kw))
        if place is not None:
            file = str(place["file"]).removeprefix(f"{ESBUILD_NAMESPACE}:")
            file = self._real.get(file) or os.path.normpath(os.path.join(self.directory, file))
            origin = Origin(file, place["line"], place["column"] + 1)
        return Problem(origin, f"{self.filter.name}: {message['text']}")

    def _files(self, result: Result) -> list[str]:
        """The files that esbuild has read by itself."""
        inputs = json.loads(result.metafile)["inputs"]
        return [
            os.path.normpath(os.path.join(self.directory, name))
            for name in inputs
            if not name.startswith((f"{ESBUILD_NAMESPACE}:", "<", "(disabled)")) and ":" not in name.split("/")[0]
        ]

    def _written(self, result: Result) -> bytes:
        files = dict(result.files)
        mapped = next((name for name in files if name.endswith(".map")), None)
        source_map = files.pop(mapped) if mapped is not None else None
        if len(files) != 1:
            names = ", ".join(sorted(files)) or "none"
            self._fail(
                f"wrote {len(files)} files ({names}), and a bundle is one; import style sheets from a bundle of their own"
            )
        (content,) = files.values()
        if source_map is None:
            return content
        data = base64.b64encode(self._named(source_map)).decode("ascii")
        reference = f"# sourceMappingURL=data:application/json;base64,{data}"
        css = str(self.kw.get("output", "")).endswith(".css")
        return content + (f"/*{reference} */\n" if css else f"//{reference}\n").encode()

    def _named(self, source_map: bytes) -> bytes:
        """The map with names for its sources that say what they are, and not where they lie on this machine."""
        tree = json.loads(source_map)
        tree["sources"] = [ROOT + _shown(name) for name in tree["sources"]]
        return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


def _shown(name: str) -> str:
    """
    >>> _shown("assetzcml:shop:static/a.js"), _shown("../../node_modules/d3/a.js"), _shown("a.js")
    ('shop/static/a.js', 'node_modules/d3/a.js', 'a.js')
    """
    if name.startswith(f"{ESBUILD_NAMESPACE}:"):
        return name.removeprefix(f"{ESBUILD_NAMESPACE}:").replace(":", "/", 1)
    return posixpath.normpath(posixpath.join("/", name)).lstrip("/")


def _candidates(base: str) -> Iterator[str]:
    """The files that an address may stand for, in the order they are looked for."""
    yield base
    stem, extension = posixpath.splitext(base)
    yield from (stem + other for other in _COMPILED.get(extension, ()))
    if extension not in LOADERS and extension not in (".js", ".mjs", ".cjs"):
        yield from (base + other for other in EXTENSIONS)
        yield from (f"{base}/index{other}" for other in EXTENSIONS)


def _directories(package: str, path: str) -> list[str]:
    """Where a directory of a package may be on the disk."""
    try:
        found = Packages().directories(package)
    except ImportError:
        return []
    return [os.path.join(directory, *path.split("/")) if path else directory for directory in map(str, found)]
