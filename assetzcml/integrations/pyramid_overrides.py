"""Pyramid's own overrides of a package's files, answered with those of our registry."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from pyramid.config.assets import OverrideProvider, PackageOverrides

from assetzcml.errors import (
    InvalidSpec,
)
from assetzcml.records.assets import asset_spec

__all__ = ["Overrides"]


class Overrides(PackageOverrides):
    """
    What Pyramid, and pkg_resources for it, asks about the assets of one package: our registry.

    What `config.override_asset` inserts is known there too; what cannot be said there stays in the list of Pyramid's.
    """

    def __init__(self, package: str, assets: Any):
        self.overrides: list[Any] = []
        self.overridden_package_name = package
        self._assets = assets
        self._stands = False

    def stand_in(self) -> None:
        """Import the package and be what pkg_resources asks about it: when Pyramid asks, for to declare imports nothing."""
        if self._stands:
            return
        self._stands = True
        try:
            package: Any = importlib.import_module(self.overridden_package_name)
        except ImportError:  # its files are found all the same
            return
        if isinstance(getattr(package, "__loader__", None), PackageOverrides):
            # That of another application in this process: it only stands for the question, which finds us.
            self._real_loader = package.__loader__._real_loader
        else:
            known = self.overrides
            super().__init__(package)
            self.overrides = known
            # Renderers ask the one of setuptools, which is not the one that a later Pyramid has of its own.
            resources = sys.modules.get("pkg_resources")
            if resources is not None:
                resources.register_loader_type(type(self), OverrideProvider)

    def insert(self, path: str, source: Any) -> Any:
        inserted = super().insert(path, source)
        try:
            prefix = (
                source.prefix if getattr(source, "pkg_name", None) is None else f"{source.pkg_name}:{source.prefix}"
            )
            specs = asset_spec(f"{self.overridden_package_name}:{path}"), asset_spec(prefix)
        except (AttributeError, InvalidSpec):
            return inserted
        self._assets.take_over(*specs, file=bool(path) and not path.endswith("/"))
        return inserted

    def get_spec(self, resource_name: str) -> str | None:
        found: str | None = self._answer("get_spec", resource_name, lambda asset: asset.source_spec)
        return found

    def get_filename(self, resource_name: str) -> str | None:
        found: str | None = self._answer("get_filename", resource_name, self._path)
        return found

    def get_stream(self, resource_name: str) -> Any:
        return self._answer("get_stream", resource_name, lambda asset: asset.open() if asset.isfile() else None)

    def get_string(self, resource_name: str) -> bytes | None:
        found: bytes | None = self._answer(
            "get_string", resource_name, lambda asset: asset.read_bytes() if asset.isfile() else None
        )
        return found

    def has_resource(self, resource_name: str) -> bool | None:
        found: bool | None = self._answer("has_resource", resource_name, lambda asset: True)
        return found

    def isdir(self, resource_name: str) -> bool | None:
        found: bool | None = self._answer("isdir", resource_name, lambda asset: not asset.isfile())
        return found

    def listdir(self, resource_name: str) -> list[str] | None:
        found: list[str] | None = self._answer(
            "listdir", resource_name, lambda asset: asset.listdir() if not asset.isfile() else None
        )
        return found

    def _path(self, asset: Any) -> str | None:
        """The path of an asset. For one in an archive pkg_resources would say that of what it overrides."""
        path = asset.abspath()
        if path is None and asset.isfile() and asset.source_spec != asset.spec:
            text = f"{asset.source_spec!r}, which overrides {asset.spec!r}, is in an archive and has no path; read its stream"
            raise FileNotFoundError(text)
        found: str | None = path
        return found

    def _answer(self, method: str, name: str, ask: Callable[[Any], Any]) -> Any:
        """What *ask* gets from the asset; None where there is none, and pkg_resources is to look itself."""
        self.stand_in()
        asset = self._asset(name)
        if asset is None or asset.source_spec == asset.spec:
            answer = getattr(super(), method)(name)
            if answer is not None or asset is None:
                return answer
        return ask(asset)

    def _asset(self, name: str) -> Any:
        """The asset, when it exists. A package itself is where it is, even when all that is in it is overridden."""
        if not name.strip("/"):
            return None
        try:
            asset = self._assets.resolve(f"{self.overridden_package_name}:{name.strip('/')}")
        except (ValueError, ImportError):
            return None
        return asset if asset.exists() else None
