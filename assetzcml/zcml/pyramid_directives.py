"""What pyramid_zcml's directives for assets say, read into our records. Pyramid itself is not needed for that."""

from __future__ import annotations

import os
from typing import Any

from zope.interface import Interface
from zope.schema import TextLine

from assetzcml.records.assets import Address, AssetSpec
from assetzcml.zcml.asset_directives import StaticViewDirective
from assetzcml.zcml.fields import Side
from assetzcml.zcml.schemas import IStaticViewDirective

__all__ = ["IPyramidAssetDirective", "IStatic", "static"]

# What pyramid_zcml writes where no permission is needed; `pyramid.security.NO_PERMISSION_REQUIRED`.
NO_PERMISSION = "__no_permission_required__"


FIELDS: Any = IStaticViewDirective  # an interface gives its attributes by name, which type checkers do not know


class PyramidSide(Side):
    """A side of an override, as Pyramid reads it: an absolute path is a directory when there is one."""

    def fromUnicode(self, value: str) -> Address:  # noqa: N802 (zope.schema's name)
        spec, directory = super().fromUnicode(value)
        return Address(spec, directory or (spec.absolute_path and os.path.isdir(value)))


class IStatic(Interface):
    """`static`: publish a directory."""

    name = FIELDS["name"]
    path = FIELDS["path"]
    cache_max_age = FIELDS["cache_max_age"]
    permission = FIELDS["permission"]
    renderer = TextLine(
        title="Ignored", description="pyramid_zcml's handler has it, and no use for it.", required=False
    )


class IPyramidAssetDirective(Interface):
    """`asset` and `resource`: look for an asset somewhere else first."""

    to_override = PyramidSide(title="Asset spec of what is overridden")
    override_with = PyramidSide(title="Asset spec of what is looked at first")


def static(
    context: Any,
    name: str,
    path: AssetSpec,
    permission: str | None = None,
    renderer: str | None = None,
    **options: Any,
) -> None:
    """`static`."""
    if permission == NO_PERMISSION:
        permission = None
    StaticViewDirective(context, name, path, permission=permission, **options)()
