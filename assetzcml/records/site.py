"""What is declared for a whole site: media types, names of modules, the store of contents, the frozen release, who permits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from zope.interface import implementer

from assetzcml.errors import shorten
from assetzcml.interfaces import (
    IContentStore,
    IFrozen,
    IMediaType,
    IModule,
    IPermissionPolicy,
)
from assetzcml.records.assets import AssetSpec
from assetzcml.records.kinds import (
    MODULES,
    POLICIES,
    RELEASES,
    STORES,
    TYPES,
    UNRANKED,
    ComponentRecord,
    Kind,
    Record,
)
from assetzcml.records.readers import (
    KEEP,
    LOCAL,
    YOUNGER,
    span,
)

if TYPE_CHECKING:
    from zope.interface import Interface

__all__ = ["ContentStore", "Frozen", "MediaType", "Module", "PermissionPolicy"]


@implementer(IMediaType)
@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType(Record):
    """What `mediaType` declares: assets whose names end with the *extension* have the *type*, in all static views."""

    provided: ClassVar[type[Interface]] = IMediaType
    listed_as: ClassVar[Kind] = TYPES
    ranked: ClassVar[str] = UNRANKED

    extension: str
    type: str

    @property
    def discriminator(self) -> tuple[str, str]:
        return "mediaType", self.extension

    @property
    def key(self) -> str:
        """As `Record.key`."""
        return self.extension

    def __str__(self) -> str:
        return f"mediaType {shorten(self.extension)}"

    def detail(self) -> str:
        """As `Record.detail`."""
        return self.type


@implementer(IModule)
@dataclass(frozen=True, slots=True, kw_only=True)
class Module(Record):
    """
    What `module` declares: modules import the asset *path* by the bare *name*; a name that ends with a slash stands for
    what is below the directory *path*. With a *scope*, a directory, only the modules below that do.
    """

    provided: ClassVar[type[Interface]] = IModule
    listed_as: ClassVar[Kind] = MODULES
    ranked: ClassVar[str] = UNRANKED

    name: str
    path: AssetSpec
    scope: AssetSpec | None = None

    @property
    def directory(self) -> bool:
        """Does the name stand for all names that begin so?"""
        return self.name.endswith("/")

    @property
    def discriminator(self) -> tuple[str, ...]:
        return ("module", self.name) if self.scope is None else ("module", self.name, str(self.scope))

    @property
    def key(self) -> str:
        """As `Record.key`."""
        return self.name if self.scope is None else f"{self.name} in {self.scope}"

    def __str__(self) -> str:
        return f"module {shorten(self.name)}"

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        path = f"{self.path}/" if self.directory and self.path.parts else str(self.path)
        return {"name": self.name, "path": path, "scope": None if self.scope is None else str(self.scope)}

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"of {self.attributes()['path']!r}" + (f" in {str(self.scope)!r}" if self.scope is not None else "")

    def concerns(self, spec: Any) -> bool:
        """As `Record.concerns`."""
        return bool(spec.under(self.path)) if self.directory else bool(spec == self.path)


@implementer(IContentStore)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContentStore(Record):
    """
    What `contentStore` declares: the contents of releases are kept in *directory*, an absolute path. A release goes when it
    is neither among the last *keep* nor was used in the last *younger* seconds.

    With *url* they are kept at that destination, for many hosts, whose service is at *endpoint*; the directory then has what
    this host has asked for, *local* bytes of it.
    """

    provided: ClassVar[type[Interface]] = IContentStore
    listed_as: ClassVar[Kind] = STORES
    ranked: ClassVar[str] = UNRANKED

    directory: str
    keep: int = KEEP
    younger: int = YOUNGER
    url: str | None = None
    endpoint: str | None = None
    local: int = LOCAL

    @property
    def discriminator(self) -> tuple[str]:
        return ("contentStore",)

    @property
    def key(self) -> str:
        """As `Record.key`: there is one."""
        return ""

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        there = {} if self.url is None else {"url": self.url, "endpoint": self.endpoint, "local": self.local}
        return {"directory": self.directory, "keep": self.keep, "younger": span(self.younger), **there}

    def detail(self) -> str:
        """As `Record.detail`."""
        where = repr(self.directory) if self.url is None else f"{self.url!r}, here in {self.directory!r}"
        return f"in {where}, keeps {self.keep} releases and what is younger than {span(self.younger)}"


@implementer(IFrozen)
@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen(Record):
    """What `frozen` declares: the release whose *manifest* this is, an absolute path, is served, and no source."""

    provided: ClassVar[type[Interface]] = IFrozen
    listed_as: ClassVar[Kind] = RELEASES
    ranked: ClassVar[str] = UNRANKED

    manifest: str

    @property
    def discriminator(self) -> tuple[str]:
        return ("frozen",)

    @property
    def key(self) -> str:
        """As `Record.key`: there is one."""
        return ""

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        return {"manifest": self.manifest}

    def detail(self) -> str:
        """As `Record.detail`."""
        return f"of {self.manifest!r}"


@implementer(IPermissionPolicy)
@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionPolicy(ComponentRecord):
    """What `permissionPolicy` declares: the object that is asked."""

    provided: ClassVar[type[Interface]] = IPermissionPolicy
    listed_as: ClassVar[Kind] = POLICIES
    ranked: ClassVar[str] = UNRANKED
    component: ClassVar[str] = "policy"

    policy: Any

    @property
    def discriminator(self) -> tuple[str]:
        return ("permissionPolicy",)

    @property
    def key(self) -> str:
        """As `Record.key`: there is one."""
        return ""

    def __hash__(self) -> int:
        return hash(self.discriminator)  # a policy need not be hashable

    def permits(self, request: Any, context: Any, permission: str) -> Any:
        """What the policy says, as it says it: true, false, or something to wait for, which is not a yes."""
        return self.policy.permits(request, context, permission)

    def attributes(self) -> dict[str, Any]:
        """As `Record.attributes`."""
        return {"policy": self.told()}

    def detail(self) -> str:
        """As `Record.detail`."""
        return self.told()
