"""The namespaces of ZCML, and the names that have a meaning in them."""

from __future__ import annotations

__all__ = ["CONDITION", "EVERYWHERE", "HARMLESS", "INCLUDES", "LOADER", "META", "NAMESPACE", "XINCLUDE", "ZCML"]

NAMESPACE = "http://namespaces.assetzcml.org/assets"
LOADER = "http://namespaces.assetzcml.org/loader"  # of the directive that binds another loader
META = "http://namespaces.zope.org/meta"
ZCML = "http://namespaces.zope.org/zcml"
CONDITION = "{" + ZCML + "}condition"
# Its `include` is not ours, though ours is in every namespace: the author expects what we never do.
XINCLUDE = "http://www.w3.org/2001/XInclude"
# What an element of ours may carry beside its own attributes: none of these says anything about an asset.
HARMLESS = (
    "{http://www.w3.org/XML/1998/namespace}",
    "{http://www.w3.org/2001/XMLSchema-instance}",
    "{http://xml.zope.org/namespaces/i18n}",
    "{http://namespaces.zope.org/i18n}",
)
# zope.configuration's own directives, which exist in every namespace and keep their semantics in ours.
EVERYWHERE = frozenset({"configure", "include", "includeOverrides", "exclude"})
INCLUDES = frozenset({"include", "includeOverrides"})
