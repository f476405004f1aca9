"""From a requested name back to the version of an asset that it stands for: what cache busters made, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from assetzcml.errors import InvalidManifest
from assetzcml.late import late_logger
from assetzcml.records.assets import AssetSpec, Busting, StaticViewRecord
from assetzcml.records.growing import Growing, SpecTree
from assetzcml.registry import Change, Registry, Snapshot
from assetzcml.resolving.digests import Digests, without_digest
from assetzcml.resolving.packages import Found
from assetzcml.resolving.resolver import Resolver
from assetzcml.urls.cachebusters import DigestCacheBuster, ManifestCacheBuster, TreeCacheBuster
from assetzcml.urls.lookup import BoundBusting, Lookup
from assetzcml.urls.manifest_format import EMPTY, ManifestEntries

__all__ = ["AssetVersion", "Judgement", "Stripping", "Versions", "counted_beforehand", "stripped"]

logger = late_logger("assetzcml")


class AssetVersion(NamedTuple):
    """
    The asset *spec* at one moment: now (*current*), or at another. *digest* is the one in the name, if any, and *former*
    what another digest is answered with.
    """

    spec: AssetSpec
    current: bool
    digest: str | None = None
    former: str = "missing"


class Judgement(NamedTuple):
    """
    What a tree version in a URL is to an asset: its own, and the *digest* its bytes had when that was made; or that of
    another tree (*foreign*), under which it is as under its plain name; or a former or coming one, answered as *former*
    says.
    """

    digest: str | None = None
    foreign: bool = False
    former: str = "current"


class Stripping:
    """The cache busters of a snapshot that can take off again what they put into a path."""

    def __init__(self, snapshot: Snapshot):
        self.trees: list[BoundBusting] = []
        self._explicit: list[BoundBusting] = []
        self._plain: SpecTree[BoundBusting] = SpecTree()
        self._lookup = snapshot.derived(Lookup)
        for busting in self._lookup.bustings:
            self._know(busting)

    def _know(self, busting: BoundBusting) -> None:
        if not callable(getattr(busting.buster, "strip", None)):
            return
        if isinstance(busting.buster, TreeCacheBuster):
            self.trees = [*self.trees, busting]
        elif busting.record.explicit:
            self._explicit = [*self._explicit, busting]
        else:
            self._plain = self._plain.plus(busting.record.path, busting)

    @classmethod
    def grown(cls, former: Stripping, snapshot: Snapshot, changes: Sequence[Change]) -> Stripping | None:
        """As they are after *changes*; None where one is replaced."""
        lookup, stripping = snapshot.derived(Lookup), cls.__new__(cls)
        stripping.trees, stripping._explicit, stripping._plain = former.trees, former._explicit, former._plain
        stripping._lookup = lookup
        for record, replaced in changes:
            if isinstance(record, Busting):
                bound = lookup.bound(record)
                if replaced is not None or bound is None:
                    return None
                stripping._know(bound)
        return stripping

    def of(self, view: StaticViewRecord) -> tuple[bool, list[BoundBusting]]:
        """Has a *view* URLs with the version of a tree; and which busters of others put something into its paths."""
        if view.file:
            return False, []
        if not self._plain:
            return bool(self.trees), self._explicit
        found: list[BoundBusting] = []
        for root in self._lookup.roots_in(view.root):
            found += [each for each in (*self._plain.below(root), *self._plain.above(root)) if each not in found]
        return bool(self.trees), [*found, *self._explicit]


def stripped(busting: BoundBusting, subpath: str) -> tuple[str, str] | None:
    """What the cache buster takes off *subpath*: (subpath, version). One that fails, or says anything else, takes nothing."""
    try:
        found = busting.buster.strip(subpath)
    except Exception:
        logger.exception("strip() of %s failed", busting.record)
        return None
    if isinstance(found, tuple) and len(found) == 2 and all(isinstance(part, str) for part in found):
        return found
    if found is not None:
        logger.error("strip() of %s returned %r; (subpath, version) or None was expected", busting.record, found)
    return None


def counted_beforehand(registry: Registry) -> None:
    """Count every tree now, in this thread, so that nobody waits for it at the first URL. What fails is told of then."""
    for each in registry.snapshot.derived(Stripping).trees:
        try:
            each.buster.tree().current()
        except Exception:
            logger.exception("%s cannot be counted", each.record)


class Manifests:
    """The manifest busters of a snapshot, by the path they were declared for."""

    def __init__(self, snapshot: Snapshot):
        self.plain: Growing[AssetSpec, ManifestCacheBuster] = Growing()
        self.explicit: Growing[AssetSpec, ManifestCacheBuster] = Growing()
        self.digests = self.stored = False
        lookup = snapshot.derived(Lookup)
        self.bundles = bool(lookup.bundles)
        for busting in lookup.bustings:
            self._know(busting)

    def _know(self, busting: BoundBusting) -> None:
        path, buster = busting.record.path, busting.buster
        self.digests = self.digests or isinstance(buster, DigestCacheBuster)
        self.stored = self.stored or (isinstance(buster, DigestCacheBuster) and buster.former == "stored")
        if isinstance(buster, ManifestCacheBuster):
            if busting.record.explicit:
                self.explicit = self.explicit.plus(path, buster)
            else:
                self.plain = self.plain.plus(path, buster)

    @classmethod
    def grown(cls, former: Manifests, snapshot: Snapshot, changes: Sequence[Change]) -> Manifests | None:
        """As they are after *changes*; None where a manifest is replaced."""
        lookup, manifests = snapshot.derived(Lookup), cls.__new__(cls)
        manifests.plain, manifests.explicit, manifests.digests = former.plain, former.explicit, former.digests
        manifests.stored = former.stored
        manifests.bundles = bool(lookup.bundles)
        for record, replaced in changes:
            if isinstance(record, Busting):
                bound = lookup.bound(record)
                if replaced is not None or bound is None:
                    return None
                manifests._know(bound)
        return manifests


class Versions:
    """The versions of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def version_of(self, snapshot: Snapshot, view: StaticViewRecord, parts: tuple[str, ...]) -> AssetVersion | None:
        """
        The `AssetVersion` that the segments *parts* below the root of the static view *view* name; None when they name none.

        Its `spec` is the asset to serve, `current` whether these are its bytes now: true, for a value of a manifest in
        force, and for a digest that is that of the bytes; false for any other digest of an existing asset. An asset that
        really has the requested name wins over a version with a digest: ask where there is none. A manifest's value is
        such an asset itself (`spec` is the one asked for), so for one that exists, `version.current and version.digest
        is None` means that its URL never changes its bytes. A `staticFile` has one name, and no versions.
        """
        if view.file or not parts:
            return None
        manifests, lookup = snapshot.derived(Manifests), snapshot.derived(Lookup)
        asked = view.root.joined(parts)
        if manifests.bundles and self.registry.above.bundles().versioned(snapshot, asked):
            return AssetVersion(asked, True)
        if manifests.plain and any(is_value(manifests.plain, each) for each in self._addresses(lookup, asked)):
            return AssetVersion(asked, True)
        if manifests.explicit:
            found = self._look(asked)
            if found is not None:
                return AssetVersion(asked, True) if is_value(manifests.explicit, found.spec) else None
            renamed = self._renamed(manifests.explicit, view, parts)
            if renamed is not None:
                return AssetVersion(renamed, True)
        return self._with_digest(snapshot, view, parts) if manifests.digests else None

    def former_name(
        self, snapshot: Snapshot, view: StaticViewRecord, parts: tuple[str, ...]
    ) -> tuple[tuple[str, ...], str] | None:
        """
        The name without its digest, and the digest, where other versions of what has that name are answered from a store;
        None for every other. It is not asked whether there is such an asset.
        """
        if view.file or not parts or not snapshot.derived(Manifests).stored:
            return None
        split = without_digest(parts[-1])
        if split is None:
            return None
        plain = (*parts[:-1], split[0])
        at_work = snapshot.derived(Lookup).at_work(view.root.joined(plain))
        buster = at_work.busting.buster if at_work is not None else None
        return (plain, split[1]) if isinstance(buster, DigestCacheBuster) and buster.former == "stored" else None

    def judged(self, snapshot: Snapshot, spec: AssetSpec, version: str, anew: bool = False) -> Judgement:
        """
        What the tree version in a URL of the asset *spec* is to it. With *anew* its tree is compared with the files now.
        """
        lookup = snapshot.derived(Lookup)
        at_work = lookup.at_work(spec, self._source(lookup, spec))
        buster = at_work.busting.buster if at_work is not None else None
        if at_work is not None and isinstance(buster, TreeCacheBuster):
            tree = buster.tree()
            count = tree.noticed() if anew else tree.current()
            name = buster.name_of(at_work.spec)
            counted = count.files.get(name) if name is not None else None
            if count.version == version and counted is not None:
                return Judgement(counted.digest) if counted.proven else Judgement(foreign=True)
        for other in snapshot.derived(Stripping).trees:
            if other.buster is not buster and other.buster.tree().current().version == version:
                return Judgement(foreign=True)
        return Judgement(former=getattr(buster, "former", "current"))

    def _with_digest(self, snapshot: Snapshot, view: StaticViewRecord, parts: tuple[str, ...]) -> AssetVersion | None:
        split = without_digest(parts[-1])
        if split is None:
            return None
        plain = view.root.joined((*parts[:-1], split[0]))
        found = self._look(plain, bool(view.reload))
        if found is None or found.directory:
            return None
        bundle = self.registry.above.bundles().bundle_of(snapshot, plain) if self._has_bundles(snapshot) else None
        busting = snapshot.derived(Lookup).busting(bundle or plain, found.spec)
        if busting is None and bundle is not None:
            busting = snapshot.derived(Lookup).busting(plain, found.spec)
        if busting is None or not isinstance(busting.buster, DigestCacheBuster):
            return None
        try:
            current = self.registry.part(Digests).digest(found) == split[1]
        except OSError:
            return None
        return AssetVersion(plain, current, split[1], busting.buster.former)

    @staticmethod
    def _has_bundles(snapshot: Snapshot) -> bool:
        return bool(snapshot.derived(Lookup).bundles)

    def _renamed(
        self, explicit: Mapping[AssetSpec, ManifestCacheBuster], view: StaticViewRecord, parts: tuple[str, ...]
    ) -> AssetSpec | None:
        """
        The file that an explicit manifest gave an asset's place to, where only the asset itself is overridden.

        'shop:static/logo.png', taken from 'theme:brand/logo.png', is published as 'logo-1f.png', which no override
        of 'shop:static' leads to: it is 'theme:brand/logo-1f.png'.
        """
        for path, buster in explicit.items():
            manifest = _in_force(buster)
            for value, key in _possible(manifest, parts):
                plain = view.root.joined(parts[: -len(value)] + key)
                found = self._look(plain)
                renamed = path.joined(value)
                if found is not None and found.spec == path.joined(key) and self._look(renamed) is not None:
                    return renamed
        return None

    def _addresses(self, lookup: Lookup, spec: AssetSpec) -> tuple[AssetSpec, ...]:
        """What the asset is known as to a cache buster that works on it."""
        return lookup.addresses(spec, self._source(lookup, spec))

    def _source(self, lookup: Lookup, spec: AssetSpec) -> AssetSpec | None:
        """Where the asset is taken from, which only makes a difference in a merged root; None where nothing is found."""
        found = self._look(spec) if lookup.is_merged(spec) else None
        return found.spec if found is not None else None

    def _look(self, spec: AssetSpec, anew: bool = False) -> Found | None:
        try:
            return self.registry.part(Resolver).look(spec, anew=anew)[1]
        except ImportError:
            return None


def is_value(busters: Mapping[AssetSpec, ManifestCacheBuster], spec: AssetSpec) -> bool:
    """Is *spec* what one of the manifests has given an asset for a name?"""
    for depth in range(len(spec.parts) - 1, -1, -1):
        buster = busters.get(AssetSpec(spec.package, spec.parts[:depth]))
        manifest = _in_force(buster) if buster is not None else EMPTY
        value = "/".join(spec.parts[depth:])
        if value in manifest.keys and value not in manifest.fleeting:
            return True
    return False


def _in_force(buster: ManifestCacheBuster) -> ManifestEntries:
    try:
        return buster.current()
    except InvalidManifest:  # told of where a URL is made
        return EMPTY


def _possible(manifest: ManifestEntries, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The entries whose value *parts* end with: value and key, as segments."""
    for start in range(len(parts)):
        value = parts[start:]
        for key in manifest.keys.get("/".join(value), ()):
            yield value, tuple(key.split("/"))
