"""What the parts of a bundle's way ask of one another: each names here what it needs, and imports none of those above."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol

from assetzcml.bundles.build_records import BuildRecord, Delivered, Inputs, OutputFile
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.option_values import Config, Revision
from assetzcml.bundles.sources import Source
from assetzcml.errors import Origin

if TYPE_CHECKING:
    from assetzcml.records.assets import AssetSpec
    from assetzcml.resolving.shared_builds import SharedBuilds

__all__ = ["Configured", "Home", "Links"]


class Configured(Protocol):
    """What a context asks of a bundle: options that go before the environment's."""

    @property
    def config(self) -> Config: ...


class Home(Protocol):
    """What a bundle, its context and its builders ask of the environment they are in."""

    resolver: Any
    static_path: Callable[[str], str] | None

    @property
    def revision(self) -> Revision:
        """Its number is another one when anything has changed that URLs or outputs are made of."""

    @property
    def config(self) -> Config: ...

    @property
    def filters(self) -> Mapping[str, Callable[[], Filter]]: ...

    @property
    def known_inputs(self) -> Inputs: ...

    @property
    def debug(self) -> bool | str: ...

    def get(self, name: str, default: Any = None) -> Any: ...

    def given(self, name: str) -> bool:
        """Did anybody say the option *name*, or is its value the default?"""

    def absolute(self, path: str | os.PathLike[str]) -> str: ...

    def without_directory(self) -> Exception:
        """The error that says why outputs have no place."""

    def component(self, option: str, value: Any, make: Callable[[], Any]) -> Any: ...

    def output_file(self, directory: str, output: str) -> OutputFile: ...

    def delivered(self, directory: str) -> Delivered: ...

    @property
    def compared(self) -> dict[tuple[str, str], tuple[BuildRecord, float]]:
        """Records of outputs that were built in memory and found to be those that are there; by directory and output."""

    @property
    def shared_builds(self) -> SharedBuilds | None:
        """What hosts share that build the same on demand; None where each builds for itself."""

    def declares(self, bundle: Any) -> bool:
        """Is it a bundle of ZCML, to which other packages may add?"""

    def plain_url(self, spec: str) -> str | None:
        """The URL of an asset without what a cache buster puts into it; None when that is not known."""

    def package_of(self, path: str) -> tuple[str, str] | None:
        """The package that *path* lies in, of those that are known by name, and the path in it."""

    def path_in(self, package: str, path: str) -> str | None:
        """Where a file of a package is; None when it is not there."""

    def who_says(self, bundle: Any, source: Source) -> Origin | None:
        """Where *source* is said to be among the contents of *bundle*."""

    def who_overrides(self, source: Source) -> Origin | None:
        """Where that statement is by which *source* is taken from another place than its spec says; None without one."""

    def place_of(self, directory: str) -> str: ...

    def permission_of(self, spec: str) -> str | None:
        """The permission that who asks for an asset needs; None when it is for everybody, or published nowhere."""

    def replacement(self, bundle: Any) -> tuple[str, Callable[[], bytes]] | None: ...

    def output_url(self, bundle: Any, ctx: Any, version: str | None) -> str | None: ...

    def names(self) -> list[str]: ...

    def __contains__(self, name: object) -> bool: ...

    def __getitem__(self, name: str) -> Any: ...

    def urls_of(self, bundle: Any, integrity: bool) -> tuple[list[Any], float]:
        """The URLs of *bundle*, which is one of its own, and until when (`time.monotonic`) they hold."""

    def build_of(self, bundle: Any, force: bool, output: IO[bytes] | None) -> Sequence[Any]:
        """Build *bundle*, which is one of its own; see `Bundle.build`."""


class Links(Protocol):
    """What bundles need of URLs: handed in where a registry is put together."""

    def static_path(self, spec: str, request: Any = None, /, **options: Any) -> str:
        """The URL of an asset. Raises NotPublished, a ValueError, and InvalidSpec."""

    def output_path(self, spec: AssetSpec, output: Any) -> str:
        """The URL of the `Output` of the bundle *spec*."""

    def directory_path(self, spec: AssetSpec) -> str:
        """The URL prefix of what lies in the directory *spec*. Raises NotPublished."""

    def permission(self, spec: str) -> str | None:
        """The permission of the static view that publishes an asset; None without one."""
