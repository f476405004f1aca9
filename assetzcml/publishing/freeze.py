"""
A site as files: every asset as it is served, under a name that never gets other bytes, compressed, with a manifest.

The same inputs give the same bytes, whatever the directory, the time, the locale, the order of directories or the number of
jobs: nothing but contents, names and what is declared goes in. What was frozen before and is the same is not made again.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote

from assetzcml.errors import ConfigurationError, ConfigurationWarning, Origin, Problem, few
from assetzcml.publishing.compress import COMPRESSORS, available, is_worth_it, library_version
from assetzcml.publishing.frozen_tree import FrozenTree, file_names, index_of, integrity_text, plain_file_names
from assetzcml.publishing.naming import Named, UnnamedFile, names_by_key
from assetzcml.publishing.origins import SiteDirectory
from assetzcml.publishing.rewriting import is_rewritten, led_to, links_to_ours, relative, rewritten_links
from assetzcml.records.assets import AssetSpec
from assetzcml.records.media_types import content_type
from assetzcml.records.patterns import Pattern
from assetzcml.records.quoting import PATH_SAFE
from assetzcml.registry import Registry
from assetzcml.reports.inventory import Inventory, Item, URLPlace, versioned_place, view_base
from assetzcml.resolving.batches import Batch
from assetzcml.resolving.digests import CHUNK, DIGEST_LENGTH, without_digest
from assetzcml.resolving.files import replace_file
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint
from assetzcml.resolving.objects import StoredObject
from assetzcml.resolving.releases import Release, Released, release_bytes
from assetzcml.serving.responses import entry_of
from assetzcml.urls.modules import named as module_named
from assetzcml.urls.references import URLReference, language_of

__all__ = ["Budget", "FreezeResult", "freeze"]

CODINGS = ("br", "zstd", "gzip")  # in the order in which they are offered
READ_WHOLE = 64 << 20  # bytes; of what is larger no copy is held in memory, and nothing is compressed
FOLLOWED = 8 << 20  # bytes; in what is larger no references are looked for
REACHED = ("url", "worker", "map")  # kinds of references of scripts that no import map has a part in
LONGEST_NAME = 255 - len(".zst")  # bytes, of POSIX systems and of Windows
ALWAYS_PLAIN = ("html", "htm", "xhtml")  # pages are asked for by the names that people know

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


class Budget(NamedTuple):
    """How many bytes a file may have when it is compressed best, of those that *pattern* matches."""

    size: int
    pattern: Pattern | None = None


@dataclass
class FreezeResult:
    """What became of a run: the *release*, its digest; how much is in it, what was made new, and what was removed."""

    release: str
    assets: int
    size: int
    compressed: int
    changed: bool
    made: int
    removed: list[str] = field(default_factory=list)


@dataclass
class _Asset:
    """
    One asset while it is frozen. *version* is that of what its script reaches without an import map: see `_reach`; *also* are
    the names that it has for the scripts that reach it. *text* is what it is, where that may be rewritten.
    """

    item: Item
    digest: str = ""
    integrity: str = ""
    size: int = 0
    text: str | None = None
    found: list[URLReference] = field(default_factory=list)
    links: list[tuple[URLReference, URLPlace | None]] = field(default_factory=list)
    bare: list[URLReference] = field(default_factory=list)
    plain: bool = False
    module: bool = False
    version: str | None = None
    url: str | None = None
    also: set[str] = field(default_factory=set)
    variants: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.item.place)


def _as_is(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    return items


def freeze(
    registry: Registry,
    directory: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    plain: bool = False,
    codings: Sequence[str] | None = None,
    budgets: Sequence[Budget] = (),
    keep: int = 3,
    younger: float = 14 * 86_400.0,
    progress: Progress = _as_is,
) -> FreezeResult:
    """
    Freeze all that *registry* publishes into *directory*, and let it be the release that is served there.

    Everything has its digest or the version of its tree in its name; with *plain* its own name too. Former releases stay
    when they are among the *keep* used last, or were used in the last *younger* seconds. Bundles are built first.

    Raises ConfigurationError with every problem: what is referred to and is not there, what has grown over a budget, two
    assets of one name. The directory serves then what it served before. OSError and TimeoutError as the disk has it.
    """
    tree = FrozenTree(directory)
    wanted = tuple(codings) if codings is not None else tuple(each for each in CODINGS if each in available())
    for coding in wanted:
        COMPRESSORS[coding](b"")
    with tree.writing(), Batch(tree.objects) as batch, ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        return _Run(registry, tree, batch, pool, plain, wanted, progress).freeze(budgets, keep, younger)


class _Run:
    """One run, step by step."""

    def __init__(
        self,
        registry: Registry,
        tree: FrozenTree,
        batch: Batch,
        pool: ThreadPoolExecutor,
        plain: bool,
        codings: tuple[str, ...],
        progress: Progress,
    ):
        self.registry = registry
        self.tree = tree
        self.batch = batch
        self.pool = pool
        self.plain = plain
        self.codings = codings
        self.progress = progress
        self.site = SiteDirectory(registry)
        self.problems: list[Problem] = []
        self.assets: dict[str, _Asset] = {}
        self._said: dict[tuple[Any, ...], str] = {}  # headers, by all that they depend on

    def freeze(self, budgets: Sequence[Budget], keep: int, younger: float) -> FreezeResult:
        self._build()
        self._read()
        self._follow()
        self._reach()
        self._refuse()
        self._name()
        self._compress()
        self._weigh(budgets)
        self._collide()
        self._look_again()
        self._refuse()
        return self._write(keep, younger)

    def _refuse(self) -> None:
        if self.problems:
            raise ConfigurationError(*self.problems)

    def _build(self) -> None:
        bundles = self.registry.above.bundles() if self.registry.snapshot.bundling else None
        if bundles is not None:
            bundles.environment.build()

    # Reading.

    def _read(self) -> None:
        """Every asset that is published, and what is in it. Those that are large are read afterwards, several at once."""
        self.inventory = Inventory(self.registry)
        candidates = self.inventory.candidates()
        large = []
        for candidate in self.progress(candidates, len(candidates), "Reading"):
            found = self.inventory.read(candidate)
            if found is None:
                continue
            asset, data = _Asset(found[0]), found[1]
            if self._is_new(asset):
                if data is None:
                    large.append(asset)
                else:
                    self._take(asset, data)
        for _ in self.progress(self.pool.map(self._read_large, large), len(large), "Reading"):
            pass
        self.assets = dict(sorted(self.assets.items()))
        changed = [
            each for each in self.assets.values() if len(each.item.counted) == 64 and each.item.counted != each.digest
        ]
        self.problems += [_changed(asset) for asset in changed if asset.digest]

    def _is_new(self, asset: _Asset) -> bool:
        item, known = asset.item, self.assets.setdefault(asset.key, asset)
        if known is asset:
            return True
        also = [("the other", origin) for origin in [known.item.view.origin] if origin is not None]
        message = f"two static views publish {asset.key!r}: {known.item.view} and {item.view}"
        self.problems.append(Problem(item.view.origin, message, also=also))
        return False

    def _read_large(self, asset: _Asset) -> None:
        try:
            data = self._bytes(asset.item)
            if data is None:
                self.problems.append(_changed(asset))
            elif isinstance(data, str):
                asset.digest, asset.integrity, asset.size = self._copied(data)
            else:
                self._take(asset, data)
        except OSError as error:
            message = f"{str(asset.item.spec)!r} cannot be read: {error.strerror or error}"
            self.problems.append(Problem(Origin(asset.item.file), message))

    def _take(self, asset: _Asset, data: bytes) -> None:
        """Keep what an asset is, and what it refers to."""
        asset.digest, asset.integrity, asset.size = hashlib.sha256(data).hexdigest(), integrity_text(data), len(data)
        text = _text(asset.item, data)
        if text is not None:
            asset.found = list(links_to_ours(asset.item.spec.name, text, asset.bare))
            asset.text = text if asset.found and _is_rewritten(asset) else None
        if asset.text is None:
            self._put(data, asset.digest)

    def _bytes(self, item: Item) -> bytes | str | None:
        """What an asset is: its bytes, or the path of what is too large to be held; None for what has changed."""
        source = item.entry.identity.source
        if source.location.member is not None:
            return source.location.member.read_bytes()
        with open(source.location.path, "rb", buffering=0) as stream:
            if fingerprint(os.fstat(stream.fileno())) != source.fingerprint:
                return None
            if source.size > READ_WHOLE:
                return source.location.path
            data = stream.readall()
            return data if fingerprint(os.fstat(stream.fileno())) == source.fingerprint else None

    def _put(self, data: bytes, digest: str) -> None:
        self.batch.add(data, digest)

    def _copied(self, path: str) -> tuple[str, str, int]:
        """Keep the content of a large file, read once."""
        with open(path, "rb", buffering=0) as stream:
            digest, integrity, size = _summed(stream)
            stream.seek(0)
            stored = self.tree.objects.put(stream, StoredObject(digest, size))
        if stored != (digest, size):
            raise OSError(errno.EBUSY, "it changes while it is read", path)
        return digest, integrity, size

    # References.

    def _follow(self) -> None:
        for asset in self.assets.values():
            for link in asset.found:
                target = self._target(asset, link)
                if target is not None:
                    asset.links.append((link, target))

    def _target(self, asset: _Asset, link: URLReference) -> URLPlace | None:
        """The asset that a reference leads to; None, and a problem, where there is none."""
        place = asset.item.place
        led = led_to(link.url, place.path)
        if led is None:
            return None
        target = URLPlace(place.host, led[0])
        found = self.assets.get(str(target))
        if found is None:
            self._missing(asset, link, target)
            return None
        found.module = found.module or link.module
        if not _carried(asset, found, link):
            found.plain = True  # nobody rewrites it, so the name that it says has to be there
        return target

    def _missing(self, asset: _Asset, link: URLReference, target: URLPlace) -> None:
        if link.url.startswith(("/", "\\")) and not self._is_published(target):
            return  # somebody else's path
        where = Origin(asset.item.file, link.line, link.column)
        message = f"{str(asset.item.spec)!r} refers to {link.url!r}, and nothing is published as '/{target.path}'"
        if link.kind == "map":
            text = f"{where}: {message}"
            warnings.warn_explicit(text, ConfigurationWarning, where.file, where.line)
        else:
            hint = "put the file there, or take the reference out"
            self.problems.append(Problem(where, message, hint))

    def _is_published(self, place: URLPlace) -> bool:
        """Does a static view have what is below this name?"""
        bases = [view_base(view) for view in self.registry.snapshot.views if not view.file]
        return any(place.host == base.host and f"{place.path}/".startswith(f"{base.path}/") for base in bases)

    def _reach(self) -> None:
        """
        What scripts reach by their own URL, and not through an import map: workers and what these import, `new URL(...,
        import.meta.url)`, source maps. Such a script, and all that it reaches so, lies under one version of just these files.
        """
        for asset in self.assets.values():
            item = asset.item
            own = [(link, target) for link, target in asset.links if link.kind in REACHED and target is not None]
            if not own or item.tree is not None or item.view.file or language_of(item.spec.name) != "js":
                continue
            members = {asset.key: asset}
            waiting = [(asset, link, target) for link, target in own]
            base = f"{view_base(item.view).path}/".lstrip("/")
            while waiting:
                origin, link, target = waiting.pop()
                found = self.assets[str(target)]
                if not target.path.startswith(base) or target.host != item.place.host or found.item.view != item.view:
                    self._unreachable(origin, link, f"which is not in the static view {item.view.name!r}")
                elif _is_rewritten(found) and found.links:
                    self._unreachable(origin, link, "which refers to others itself")
                elif found.key not in members:
                    members[found.key] = found
                    waiting += [(found, each, place) for each, place in found.links if place is not None]
            lines = "".join(f"{key}\0{members[key].digest}\n" for key in sorted(members))
            asset.version = hashlib.sha256(lines.encode()).hexdigest()[:DIGEST_LENGTH]
            for key, member in members.items():
                if key != asset.key:
                    member.also.add(versioned_place(item.view, member.item.place, asset.version).path)

    def _unreachable(self, asset: _Asset, link: URLReference, why: str) -> None:
        where = Origin(asset.item.file, link.line, link.column)
        message = f"{str(asset.item.spec)!r} refers to {link.url!r}, {why}"
        hint = "a script reaches it without an import map: publish both in one static view, with a tree cache buster"
        self.problems.append(Problem(where, message, hint))

    # Names.

    def _name(self) -> None:
        files = {key: self._unnamed(asset) for key, asset in self.assets.items()}
        result = names_by_key(files)
        for each in self.progress(list(result.values()), len(result), "Naming"):
            self._renamed(each)

    def _unnamed(self, asset: _Asset) -> UnnamedFile:
        item = asset.item
        name: str | None = None
        version = item.tree or asset.version
        if version is not None:
            name = versioned_place(item.view, item.place, version).path
        elif item.forever or self._is_always_plain(item):
            name = item.place.path
        asset.plain = asset.plain or self.plain or self._is_always_plain(item)
        if name is not None and item.place.host:
            name = f"{item.place.host}/{name}"
        if not _is_rewritten(asset) or not asset.links:
            return UnnamedFile(asset.key, asset.digest, name=name, rewrite=self._whole(asset))
        refers = tuple(dict.fromkeys(str(target) for _, target in asset.links if target is not None))
        return UnnamedFile(asset.key, asset.digest, refers, self._rewriting(asset, name), name)

    def _whole(self, asset: _Asset) -> Callable[[Any], bytes] | None:
        text = asset.text
        return None if text is None else lambda rule: text.encode("utf-8")

    def _rewriting(self, asset: _Asset, name: str | None) -> Callable[[Callable[[str], str | None]], bytes]:
        place, text = asset.item.place, asset.text or ""

        def rewrite(rule: Callable[[str], str | None]) -> bytes:
            def new(url: str) -> str | None:
                led = led_to(url, place.path)
                if led is None:
                    return None
                found = rule(str(URLPlace(place.host, led[0])))
                if found is None:
                    return None
                return relative(_without(place.host, found), place.path) + led[1]

            return rewritten_links(asset.item.spec.name, text, new).encode("utf-8")

        return rewrite

    def _is_always_plain(self, item: Item) -> bool:
        view = item.view
        if view.file or item.spec.name.rpartition(".")[2].lower() in ALWAYS_PLAIN:
            return True
        below = "/".join(item.spec.below(view.root))
        return item.spec.name == view.index or below in (view.not_found, view.single_page)

    def _renamed(self, name: Named) -> None:
        asset = self.assets[name.key]
        url = _without(asset.item.place.host, name.name)
        version = asset.item.tree or asset.version
        asset.url = None if self._is_always_plain(asset.item) and version is None else url
        if name.data is not None:
            data = name.data
            asset.digest, asset.integrity, asset.size = (
                hashlib.sha256(data).hexdigest(),
                integrity_text(data),
                len(data),
            )
            self._put(data, asset.digest)

    # Codings.

    def _compress(self) -> None:
        self.batch.commit()
        known = self._known()
        wanted: dict[str, int] = {}
        for asset in self.assets.values():
            if self.codings and is_worth_it(asset.item.spec.name) and 0 < asset.size <= READ_WHOLE:
                wanted.setdefault(asset.digest, asset.size)
        # The largest first, so that no processor waits for one at the end.
        found = {digest: there for digest in wanted if (there := self._there(digest, known)) is not None}
        tasks = sorted(set(wanted) - set(found), key=lambda digest: (-wanted[digest], digest))
        done = self.pool.map(lambda digest: (digest, self._variants(digest)), tasks)
        for digest, variants in self.progress(done, len(tasks), "Compressing"):
            found[digest] = variants
        for asset in self.assets.values():
            if is_worth_it(asset.item.spec.name):
                asset.variants = found.get(asset.digest, {})

    def _known(self) -> dict[str, Mapping[str, tuple[str, int]]]:
        """The variants of the release that is served, by content; none where another library made them."""
        release = self.tree.served()
        if (
            release is None
            or release.about.get("codings") != list(self.codings)
            or _read(self._made_with) != self._libraries()
        ):
            return {}
        return {asset.object: asset.variants for asset in release if is_worth_it(asset.name)}

    @property
    def _made_with(self) -> str:
        return f"{self.tree.directory}/codings.json"

    def _libraries(self) -> bytes:
        versions = {coding: library_version(coding) for coding in self.codings}
        return json.dumps(versions, sort_keys=True).encode() + b"\n"

    def _there(
        self, digest: str, known: Mapping[str, Mapping[str, tuple[str, int]]]
    ) -> dict[str, tuple[str, int]] | None:
        there = known.get(digest)
        if there is None or any(self.tree.objects.size(each) != size for each, size in there.values()):
            return None
        return dict(there)

    def _variants(self, digest: str) -> dict[str, tuple[str, int]]:
        data = self.tree.objects.read(digest)
        found = {}
        for coding in self.codings:
            variant = COMPRESSORS[coding](data)
            if len(variant) < len(data):
                name = hashlib.sha256(variant).hexdigest()
                self._put(variant, name)
                found[coding] = name, len(variant)
        return found

    def _weigh(self, budgets: Sequence[Budget]) -> None:
        for asset in self.assets.values():
            size = min([asset.size, *(size for _, size in asset.variants.values())])
            parts = asset.item.place.path.split("/")
            for budget in budgets:
                if (budget.pattern is None or budget.pattern.matches(parts)) and size > budget.size:
                    message = f"{str(asset.item.spec)!r} has {size:,} bytes compressed; the budget is {budget.size:,}"
                    self.problems.append(Problem(Origin(asset.item.file), message))
                    break

    def _collide(self) -> None:
        """Names that no directory holds beside each other."""
        names: dict[str, _Asset] = {}
        for asset in self.assets.values():
            for name in {asset.url, asset.item.place.path if asset.plain else None, *asset.also}:
                if name is None:
                    continue
                if any(len(part.encode()) > LONGEST_NAME for part in name.split("/")):
                    message = f"{name!r} has a name of more than {LONGEST_NAME} bytes, which no directory holds with its variants"
                    self.problems.append(Problem(Origin(asset.item.file), message))
                other = names.setdefault(name, asset)
                if other.digest != asset.digest:
                    message = f"{asset.key!r} and {other.key!r} would have one name, {name!r}, and are different"
                    self.problems.append(Problem(Origin(asset.item.file), message))
        folders = {folder for name in names for folder in _parents(name)}
        for name in sorted(set(names) & folders):
            message = f"{name!r} is an asset and a directory of others; a directory holds one of the two"
            hint = "rename one, or take the other out with an override"
            self.problems.append(Problem(Origin(names[name].item.file), message, hint))
        folded: dict[str, list[str]] = {}
        for name in names:
            folded.setdefault(name.casefold(), []).append(name)
        for several in folded.values():
            if len(several) > 1:
                warnings.warn(
                    f"names that differ only in case: {few(sorted(several), 3)}; macOS and Windows hold one of them",
                    ConfigurationWarning,
                    stacklevel=2,
                )

    def _look_again(self) -> None:
        """What was read at the beginning is to be what is there at the end: else a deploy was copying meanwhile."""
        for asset in self.assets.values():
            source = asset.item.entry.identity.source
            if source.location.member is None and _fingerprint(source.location.path) != source.fingerprint:
                self.problems.append(_changed(asset))

    # Writing.

    def _write(self, keep: int, younger: float) -> FreezeResult:
        headers: dict[str, int] = {}
        assets = [(asset, self._headers(asset)) for asset in self.assets.values()]
        for number, text in enumerate(sorted({text for _, texts in assets for text in texts if text is not None})):
            headers[text] = number
        entries = [self._released(asset, texts, headers) for asset, texts in assets]
        about: dict[str, Any] = {
            "codings": list(self.codings),
            "directories": self._directories(),
            "headers": [json.loads(text) for text in headers],
            "import_map": self._import_map(),
            "views": self._views(),
        }
        manifest = release_bytes(entries, about)
        digest = hashlib.sha256(manifest).hexdigest()
        before = self.tree.served()
        self.batch.commit()
        self.tree.objects.sync(iter({each for entry in entries for each in entry.objects}))
        names: dict[str, str] = {}
        plain: dict[str, str] = {}
        for entry in entries:
            names.update(file_names(entry))
            plain.update(plain_file_names(entry))
        self.tree.link_all(names, self.pool)
        self.tree.plain_names(digest, plain, self.pool)
        self.tree.finish(manifest, index_of(manifest, Release(digest, manifest)), digest)
        if _read(self._made_with) != self._libraries():
            replace_file(self._made_with, self._libraries())
        removed = self.tree.prune(keep, younger)
        return FreezeResult(
            release=digest,
            assets=len(entries),
            size=sum(entry.size for entry in entries),
            compressed=sum(min([entry.size, *(size for _, size in entry.variants.values())]) for entry in entries),
            changed=before is None or before.digest != digest,
            made=self.batch.made,
            removed=removed,
        )

    def _headers(self, asset: _Asset) -> tuple[str | None, str | None]:
        """What is said of an asset under its name for ever, and under its plain one, as JSON."""
        return (
            self._headers_of(asset, True) if asset.url is not None or asset.also else None,
            self._headers_of(asset, False) if asset.plain else None,
        )

    def _headers_of(self, asset: _Asset, forever: bool) -> str:
        view, spec = asset.item.view, asset.item.spec
        path = spec.parts[-1:] if view.file else spec.below(view.root)
        media_type = content_type(spec.name, self.registry.snapshot.media_types)
        key = view.name, forever, media_type, path if view.matched_headers else ()
        if key not in self._said:
            self._said[key] = self._headers_at(asset, path, forever)
        return self._said[key]

    def _headers_at(self, asset: _Asset, path: Sequence[str], forever: bool) -> str:
        item = asset.item
        entry = entry_of(
            replace(item.view, content_encodings=self.codings, send=None),
            path,
            None,
            [item.entry.identity.source],
            0.0,
            immutable=forever,
            types=self.registry.snapshot.media_types,
        )
        said = [list(header) for header in entry.identity.headers if header[0].lower() not in _OF_THE_BYTES]
        return json.dumps(said)

    def _released(self, asset: _Asset, texts: tuple[str | None, str | None], headers: Mapping[str, int]) -> Released:
        item = asset.item
        more: dict[str, Any] = {"path": item.place.path}
        if item.place.host:
            more["host"] = item.place.host
        if asset.url is not None:
            more["url"], more["headers"] = asset.url, headers[str(texts[0])]
        if asset.plain:
            more["plain"] = headers[str(texts[1])]
        if asset.also:
            more["also"] = sorted(asset.also)
            more["headers"] = headers[str(texts[0])]
        origin = self.site.place(item.origin)
        if origin:
            more["origin"] = origin
        if self.inventory.url_place(item.spec) == item.place:
            more["asked"] = True  # this is where static_url leads
        if asset.url is not None and language_of(item.spec.name) == "js" and self._is_module(asset):
            more["imports"] = self._imports(asset)
        return Released(
            name=asset.key,
            object=asset.digest,
            size=asset.size,
            type=next(
                (value for name, value in json.loads(str(texts[0] or texts[1] or "[]")) if name == "Content-Type"), ""
            ),
            versions=_versions(asset),
            view=item.view.name,
            spec=self.site.spec(item.spec),
            source=self.site.spec(item.source),
            permission=item.view.permission,
            integrity=asset.integrity,
            variants=asset.variants,
            references=tuple(sorted({str(target) for _, target in asset.links if target is not None})),
            more=more,
        )

    def _is_module(self, asset: _Asset) -> bool:
        """As `ModuleGraph.is_module` says, and who declares one."""
        statically = any(link.kind == "import" for link in (*asset.found, *asset.bare))
        spec = asset.item.spec
        return statically or spec.name.endswith(".mjs") or any(r.path == spec for r in self.registry.snapshot.modules)

    def _imports(self, asset: _Asset) -> list[str]:
        """The specs of what a module imports statically, in order, each once."""
        at = {id(link): target for link, target in asset.links}
        found: dict[str, None] = {}
        for link in sorted((*asset.found, *asset.bare), key=lambda link: link.start):
            target = at.get(id(link))
            spec = self.assets[str(target)].item.spec if target is not None else None
            if link in asset.bare:
                spec = module_named(self.registry.snapshot, link.url, asset.item.spec)
            if link.kind == "import" and spec is not None:
                found[self.site.spec(spec)] = None
        return list(found)

    def _directories(self) -> dict[str, str]:
        """The URLs of directories, by spec: scripts join names to them."""
        found = {}
        for spec, place in self.inventory.directories.items():
            found[self.site.spec(spec)] = f"{place.host}/{place.path}{'/' if place.path else ''}"
        return found

    def _import_map(self) -> dict[str, Any]:
        """The import map of a page, without what the application is mounted at: every module whose URL is not its plain one."""
        imports: dict[str, str] = {}
        scopes: dict[str, dict[str, str]] = {}
        urls: dict[str, _Asset] = {}
        for asset in self.assets.values():
            if asset.url is None or asset.item.tree is not None or language_of(asset.item.spec.name) != "js":
                continue
            urls[_url_of(asset, asset.url)] = asset
            if asset.url != asset.item.place.path:
                imports[_url_of(asset, asset.item.place.path)] = _url_of(asset, asset.url)
            for link, target in asset.links if asset.version is not None else ():
                found = self.assets[str(target)]
                if link.module and found.url is not None:
                    # The relative name leads below the version, where a worker finds it; a page is to have one of each.
                    there = versioned_place(asset.item.view, found.item.place, str(asset.version)).path
                    imports[_url_of(found, there)] = _url_of(found, found.url)
        for record in self.registry.snapshot.modules:
            names = imports
            if record.scope is not None:
                names = scopes.setdefault(self._directory_url(record.scope), {})
            if record.directory:
                names[record.name] = self._directory_url(record.path)
                below = [asset for asset in self.assets.values() if asset.item.spec.under(record.path)]
                for asset in below:
                    if asset.url is not None and asset.item.tree is None and language_of(asset.item.spec.name) == "js":
                        names[record.name + "/".join(asset.item.spec.below(record.path))] = _url_of(asset, asset.url)
                continue
            module = self.assets.get(str(self.inventory.url_place(record.path)))
            if module is not None:
                url = _url_of(module, module.url or module.item.place.path)
                names[record.name], urls[url] = url, module
        integrity = {url: asset.integrity for url, asset in urls.items()}
        told = {"imports": imports, "scopes": scopes, "integrity": integrity}
        return {word: said for word, said in told.items() if said or word == "imports"}

    def _directory_url(self, spec: AssetSpec) -> str:
        place = self.inventory.directories.get(spec)
        return "/" if place is None else f"{place.host}/{quote(place.path, safe=PATH_SAFE)}/"

    def _views(self) -> list[dict[str, Any]]:
        """What a static view says of requests for what is not there, or not for everybody."""
        found = []
        for view in self.registry.snapshot.views:
            said = {
                "name": view.name,
                "file": view.file,
                "index": view.index,
                "not_found": view.not_found,
                "single_page": view.single_page,
                "permission": view.permission,
                "cache_max_age": view.cache_max_age,
                "headers": [list(header) for header in view.headers],
                "send": None if view.send is None else list(view.send),
            }
            found.append({key: value for key, value in said.items() if value})
        return sorted(found, key=lambda each: str(each.get("name", "")))


# What is said of bytes on the way, and not of the asset: who serves it knows.
_OF_THE_BYTES = frozenset(["content-length", "etag", "last-modified", "accept-ranges", "content-encoding"])


def _is_rewritten(asset: _Asset) -> bool:
    """Are references in it replaced? Not in a tree, where they carry the version as they are."""
    return asset.item.tree is None and is_rewritten(asset.item.spec.name)


def _carried(asset: _Asset, target: _Asset, link: URLReference) -> bool:
    """Does a reference lead to a name for ever, rewritten or as it is?"""
    if asset.item.tree is not None:
        return target.item.tree == asset.item.tree and not link.url.startswith(("/", "\\"))
    return _is_rewritten(asset) or link.module or link.kind in REACHED


def _versions(asset: _Asset) -> tuple[str, ...]:
    """What stands in the name for ever, and not in the plain one."""
    version = asset.item.tree or asset.version
    if version is not None:
        return (f"~{version}",)
    found = without_digest((asset.url or "").rpartition("/")[2])
    return () if found is None or asset.url == asset.item.place.path else (found[1],)


def _url_of(asset: _Asset, path: str) -> str:
    return f"{asset.item.place.host}/{quote(path, safe=PATH_SAFE)}"


def _without(host: str, name: str) -> str:
    return name[len(host) + 1 :] if host else name


def _text(item: Item, data: bytes) -> str | None:
    """The text of what may refer to other assets; None for what does not, or is no UTF-8."""
    if language_of(item.spec.name) is None or len(data) > FOLLOWED:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _fingerprint(path: str) -> Fingerprint | None:
    try:
        return fingerprint(os.stat(path))
    except OSError:
        return None


def _changed(asset: _Asset) -> Problem:
    return Problem(Origin(asset.item.file), f"{str(asset.item.spec)!r} changed while it was frozen", "freeze again")


def _summed(stream: BinaryIO) -> tuple[str, str, int]:
    """The digest, the integrity and the size of all that a stream has, a piece at a time."""
    digest, integrity, size = hashlib.sha256(), hashlib.sha384(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        integrity.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), f"sha384-{base64.b64encode(integrity.digest()).decode()}", size


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None
