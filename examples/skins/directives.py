"""What the directives may say, and what they declare."""

from dataclasses import dataclass
from typing import ClassVar

from zope.configuration.config import GroupingContextDecorator
from zope.interface import Interface

import assetzcml
from assetzcml.interfaces import ICheckRule, IRecord
from assetzcml.records.assets import AssetSpec, Override, StaticViewRecord
from assetzcml.records.kinds import Kind, Record
from assetzcml.zcml.fields import FileSpec, MaxAge, Name, Spec, Text


class ISkin(Interface):
    """`skin`: look for what is in one directory in another first."""

    target = Spec(title="Directory that gets a skin")
    source = Spec(title="Directory that is looked at first")


@dataclass(frozen=True, kw_only=True)
class Skin(Record):
    """What a `skin` says, for `list`, `explain` and the rule below."""

    listed_as: ClassVar[Kind] = Kind("skins", "skins")
    target: AssetSpec
    source: AssetSpec

    @property
    def discriminator(self):
        """Two skins of one directory are a conflict."""
        return "skin", str(self.target)

    def concerns(self, spec):
        """Is the asset one that the skin may replace?"""
        return spec.under(self.target)


class UnseenSkin:
    """A rule of `assetzcml check`: SKIN1."""

    title = "A skin of what nobody sees"
    severity = "warning"
    fix = "name a directory that is published"

    def __call__(self, registry):
        roots = [view.root for view in registry.snapshot.views]
        for _, record in registry.getUtilitiesFor(IRecord):
            if isinstance(record, Skin) and not any(
                root.under(record.target) or record.target.under(root) for root in roots
            ):
                yield assetzcml.Problem(
                    record.origin.attribute("target"), f"{record}: no static view publishes anything of it"
                )


def skin(context, target, source):
    """`skin`."""
    assetzcml.declare(context, Skin(target=target, source=source), Override(target=target, source=source, file=False))
    registry = assetzcml.registry_of(context)
    context.action(None, registry.registerUtility, (UnseenSkin(), ICheckRule, "SKIN1"))


class IUnder(Interface):
    """`under`: a prefix for the folders in it."""

    prefix = Text(title="Prefix of their URLs")


class Under(GroupingContextDecorator):
    """The context that the folders stand in; `skins_prefix` is what they find there."""

    def __init__(self, context, prefix):
        super().__init__(context, skins_prefix=prefix)


class IFolder(Interface):
    """`folder`: publish a directory."""

    name = Name(title="Name, behind the prefix")
    path = Spec(title="Directory")
    age = MaxAge(title="Freshness lifetime, in seconds", default=60, required=False)


def folder(context, name, path, age=60):
    """`folder`."""
    prefix = getattr(context, "skins_prefix", "")
    name = f"{prefix}/{name}".strip("/")
    assetzcml.declare(context, StaticViewRecord(name=name, root=path, cache_max_age=age))


class IIcons(Interface):
    """`icons`: a directory of icons that have to be there."""

    name = Name(title="URL prefix")
    path = Spec(title="Directory")


class IIcon(Interface):
    """`icon` in `icons`."""

    path = FileSpec(title="File")


class Icons:
    """`icons`: publishes the directory, and looks when all overrides are known whether it has each icon."""

    def __init__(self, context, name, path):
        self.context = context
        self.name = name
        self.wanted = []
        assetzcml.declare(context, StaticViewRecord(name=name, root=path))

    def icon(self, context, path):
        """`icon`."""
        self.wanted.append(path)

    def __call__(self):
        if not self.wanted:
            assetzcml.warn(self.context, "it names no icon", "say which have to be there")
        self.context.action(("icons", self.name), self.look)

    def look(self):
        """The action: here the registry answers as it will after the load."""
        registry = assetzcml.registry_of(self.context)
        missing = [str(path) for path in self.wanted if not registry.resolve(path).isfile()]
        if missing:
            raise assetzcml.ConfigurationError(f"icons {self.name!r}: there is no {', '.join(missing)}")
