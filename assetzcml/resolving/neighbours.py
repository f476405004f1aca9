"""What lies beside a place where nothing is: the name that was probably meant."""

from __future__ import annotations

from assetzcml.errors import near_words
from assetzcml.records.assets import AssetSpec
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.search import parent

__all__ = ["nearest_beside"]


def nearest_beside(resolver: Resolver, spec: AssetSpec, *, directory: bool = False, slash: bool = False) -> str:
    """
    A hint that names what is spelt most like *spec* in its directory, of all layers; '' where nothing is.

    It is told as a spec that can be pasted. With *directory* only directories count; with *slash* only they do, and end
    with one.
    """
    if not spec.parts:
        return ""
    try:
        names = set(resolver.resolve(parent(spec)).listdir())
        near = near_words(spec.name, names - {spec.name})  # it is there itself where an override supplies it
        meant = next((n for n in near if not (directory or slash) or resolver.resolve(spec.beside(n)).isdir()), "")
    except (OSError, ImportError, ValueError):
        return ""
    return f"did you mean {str(spec.beside(meant)) + '/' * slash!r}?" if meant else ""
