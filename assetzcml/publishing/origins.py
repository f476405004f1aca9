"""Places as a manifest names them: by package, or relative to the file that the site begins with. No path of a machine."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from assetzcml.errors import Origin
from assetzcml.records.assets import AssetSpec
from assetzcml.registry import Registry

__all__ = ["SiteDirectory"]

_NOT_PLAIN = re.compile(r"//|/\.\.?(?:/|$)|/$")  # what a path has that another one leads there by


class SiteDirectory:
    """Where a site is: the directory of the file that its first load began with; without a load, the working directory."""

    def __init__(self, registry: Registry):
        files = [load.files[0].path for load in registry.loads if load.files]
        self.directory = os.path.dirname(os.path.abspath(files[0])) if files else os.getcwd()
        self._below = "" if os.sep != "/" else self.directory.rstrip("/") + "/"
        self._places: dict[int, tuple[Origin, str]] = {}  # of a whole static view most have one
        self._files: dict[str, str] = {}

    def place(self, origin: Origin | None) -> str:
        """
        A statement: 'shop:configure.zcml:12', or 'overrides.zcml:3' beside the site's file; '' where nothing is known.
        """
        if origin is None:
            return ""
        known = self._places.get(id(origin))
        if known is None:
            if origin.file not in self._files:
                self._files[origin.file] = self._file(os.path.abspath(origin.file))
            place = self._files[origin.file] + (f":{origin.line}" if origin.line else "")
            known = self._places[id(origin)] = origin, place
        return known[1]

    def _file(self, path: str) -> str:
        package = _package_of(os.path.dirname(path))
        if package is None:
            return self._relative(path)
        directory, name = package
        return f"{name}:{os.path.relpath(path, directory).replace(os.sep, '/')}"

    def spec(self, spec: AssetSpec) -> str:
        """
        An address. One that is an absolute path is relative to the site: './static/app.css'.
        """
        if spec.package:
            return str(spec)
        path = self._relative(str(spec))
        return path if path.startswith("../") else f"./{path}"

    def _relative(self, path: str) -> str:
        if self._below and path.startswith(self._below) and _NOT_PLAIN.search(path) is None:
            return path[len(self._below) :]
        return os.path.relpath(path, self.directory).replace(os.sep, "/")


@lru_cache(maxsize=1_000)
def _package_of(directory: str) -> tuple[str, str] | None:
    """The outermost directory's package that a directory is in: its innermost directory, and its dotted name."""
    top, names = directory, []
    while os.path.exists(os.path.join(top, "__init__.py")):
        top, name = os.path.split(top)
        names.append(name)
    if names:
        return directory, ".".join(reversed(names))
    parent = os.path.dirname(directory)
    if parent == directory:
        return None
    above = _package_of(parent)
    return above
