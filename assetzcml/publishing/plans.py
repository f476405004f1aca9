"""
What has to be sent so that a destination serves a frozen release, and what must not be: one listing says what is there.

Nothing is downloaded to learn what is there. What a name has is known by the manifest that was published with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.publishing.frozen_tree import FrozenTree, forever, with_variants
from assetzcml.records.readers import CODINGS
from assetzcml.resolving.destinations import Destination, Listed
from assetzcml.resolving.objects import is_digest
from assetzcml.resolving.releases import BrokenRelease, Release, Released

__all__ = [
    "IMMUTABLE",
    "OURS",
    "POINTER",
    "Plan",
    "Step",
    "manifest_key",
    "object_key",
    "planned",
    "pointed",
    "pointer_of",
    "refuse",
    "served_by",
    "steps_of",
]

POINTER = "current"
OURS = frozenset(["objects", "generations", "gc", "builds", POINTER, "lock", "tmp"])  # at the top of a destination
LONGEST_KEY = 1024  # bytes, of S3 and its kin, with the prefix
IMMUTABLE = "public, max-age=31536000, immutable"


class Step(NamedTuple):
    """One object to be made: the digest of its content, the headers it gets, and the key that it may be copied from."""

    key: str
    digest: str
    headers: dict[str, str]
    source: str | None = None
    replaces: bool = False


@dataclass
class Plan:
    """
    What is to be done, in this order; *purge* are the keys that keep their names, so that a CDN may have them to forget.

    *before* is the pointer as it was listed; *needed* is every key that the release is made of.
    """

    release: str
    contents: list[Step] = field(default_factory=list)
    names: list[Step] = field(default_factory=list)
    manifest: list[tuple[str, bytes]] = field(default_factory=list)
    plain: list[Step] = field(default_factory=list)
    pointer: bool = False
    before: Listed | None = None
    purge: list[str] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        """Is there nothing to do?"""
        return not (self.contents or self.names or self.manifest or self.plain or self.pointer)


def planned(
    tree: FrozenTree,
    target: Destination,
    *,
    prefix: str = "",
    private: bool = False,
    listed: Mapping[str, Listed] | None = None,
) -> Plan:
    """
    What has to be sent so that the release a frozen directory serves is the one that *target* serves. One listing, unless
    it is given as *listed*.

    Raises ConfigurationError for what cannot be published: no release, a permission unless the target is *private*, a
    name that no bucket holds. Raises Failed.
    """
    release = served_by(tree)
    refuse(release, prefix, private)
    return _Planning(tree, target, release, target.listing() if listed is None else listed).plan()


class _Planning:
    """One plan, while it is made."""

    def __init__(self, tree: FrozenTree, target: Destination, release: Release, listed: Mapping[str, Listed]):
        self.tree = tree
        self.target = target
        self.release = release
        self.assets = list(release)
        self.listed = listed
        self.before = listed.get(POINTER)
        #: Are the tags of the destination digests of what has them? An encrypted bucket has others, of the same form.
        self.tagged = True
        self.served = self._served_there()
        self.known = self._known()

    def plan(self) -> Plan:
        made = Plan(self.release.digest, before=self.before)
        said = self._contents(made)
        self._names(made, said)
        manifest = manifest_key(self.release.digest)
        for key in (manifest.replace(".json", ".index"), manifest):
            data = _file(self.tree, key)
            made.needed.add(key)
            if not self._is_there(key, len(data)):
                made.manifest.append((key, data))
        self._plain(made)
        made.pointer = self.served != self.release.digest or (bool(made.plain) and not self.tagged)
        made.purge = sorted({step.key for step in made.plain}) + ([POINTER] if made.pointer else [])
        if getattr(self.target, "has_folders", False):
            _refuse_folders(self.target, made.needed, self.listed)
        return made

    def _contents(self, made: Plan) -> dict[str, dict[str, str]]:
        """The contents that are missing, and the headers that each content gets: those of its first name."""
        said: dict[str, dict[str, str]] = {}
        for asset in self.assets:
            headers = _said(self.release, asset, "headers") or {
                **_said(self.release, asset, "plain"),
                "Cache-Control": IMMUTABLE,
            }
            for suffix, digest in with_variants("", asset).items():
                said.setdefault(digest, encoded(headers, suffix))
        for digest, headers in said.items():
            key = object_key(digest)
            made.needed.add(key)
            if not self._is_there(key, self.tree.objects.size(digest)):
                made.contents.append(Step(key, digest, headers, replaces=key in self.listed))
        return said

    def _names(self, made: Plan, said: Mapping[str, dict[str, str]]) -> None:
        """The names for ever that are missing, or have other headers: copies, where the destination has what they are to be."""
        new = {step.digest for step in made.contents}
        by_content = {what: name for name, what in self.known.items() if name in self.listed}
        for step in {step.key: step for step in steps_of(self.release, "headers")}.values():
            made.needed.add(step.key)
            what = _what(step.digest, step.headers)
            if self.known.get(step.key) in (None, what) and self._is_there(
                step.key, self.tree.objects.size(step.digest)
            ):
                continue
            source = by_content.get(what)
            if source is None and step.digest in new and said[step.digest] == step.headers:
                source = object_key(step.digest)
            made.names.append(step._replace(source=source, replaces=step.key in self.listed))

    def _plain(self, made: Plan) -> None:
        for step in steps_of(self.release, "plain"):
            made.needed.add(step.key)
            if not self._is_plain_there(step):
                made.plain.append(step._replace(replaces=True))

    def _is_plain_there(self, step: Step) -> bool:
        there, known = self.listed.get(step.key), self.known.get(step.key)
        what = _what(step.digest, step.headers)
        if there is None or known not in (None, what):
            return False
        if self.tagged:
            return there.tag == self.target.tag_of(self.tree.objects.read(step.digest))
        # What was put after the pointer had moved is of a run that did not end.
        before = self.before
        return (
            known == what
            and there.size == self.tree.objects.size(step.digest)
            and (before is not None and there.modified <= before.modified)
        )

    def _is_there(self, key: str, size: int | None) -> bool:
        found = self.listed.get(key)
        return found is not None and found.size == size

    def _served_there(self) -> str | None:
        """The digest of the release that is served there: told by its tag, where it is one that is here, else it is read."""
        if self.before is None:
            return None
        for stamp in self.tree.releases.stamps():
            if self.before.tag == self.target.tag_of(pointed(stamp.digest)):
                return stamp.digest
        content = self.target.read(POINTER) or b""
        self.tagged = self.before.tag == self.target.tag_of(content)
        digest = content.decode("ascii", "replace").strip()
        return digest if is_digest(digest) else None

    def _known(self) -> dict[str, Any]:
        """
        What each name got when the release was published that is served there: its content and its headers. What a name has
        is known by that alone: a content may have been put for another.
        """
        try:
            release = None if self.served is None else self._read(self.served)
        except (OSError, BrokenRelease):
            release = None
        if release is None:
            return {}
        return {step.key: _what(step.digest, step.headers) for word in _PATHS for step in steps_of(release, word)}

    def _read(self, digest: str) -> Release | None:
        """A manifest: one that is here too, else it is read there."""
        try:
            return self.tree.releases.read(digest)
        except FileNotFoundError:
            content = self.target.read(manifest_key(digest))
            return None if content is None else Release(digest, content)


def _what(digest: str, headers: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return digest, tuple(sorted(headers.items()))


_PATHS: dict[str, Callable[[Released], list[str]]] = {  # by where the headers are said of names of that kind
    "headers": forever,
    "plain": lambda asset: [asset.more["path"]],
}


def steps_of(release: Release, word: str, assets: Iterable[Released] | None = None) -> Iterator[Step]:
    """
    What each name of one kind is, and its variants: 'headers' are the names for ever, 'plain' those without a version. Of
    all *assets*, or of these.
    """
    for asset in release if assets is None else assets:
        if word in asset.more:
            headers = _said(release, asset, word)
            for path in _PATHS[word](asset):
                for name, digest in with_variants(path, asset).items():
                    yield Step(name, digest, encoded(headers, name[len(path) :]))


def _said(release: Release, asset: Released, word: str) -> dict[str, str]:
    return dict(release.about["headers"][asset.more[word]]) if word in asset.more else {}


def encoded(headers: Mapping[str, str], suffix: str) -> dict[str, str]:
    """The headers of an asset, or of the variant whose name has this suffix."""
    coding = next((coding for coding, each in CODINGS.items() if each == suffix), None)
    said = {name: value for name, value in headers.items() if name != "Vary"}
    return said if coding is None else {**said, "Content-Encoding": coding}


def object_key(digest: str) -> str:
    """
    Where a content is.

    >>> object_key("abcdef")
    'objects/ab/cdef'
    """
    return f"objects/{digest[:2]}/{digest[2:]}"


def manifest_key(digest: str) -> str:
    """
    Where the manifest of a release is.

    >>> manifest_key("abcdef")
    'generations/abcdef.json'
    """
    return f"generations/{digest}.json"


def pointed(digest: str) -> bytes:
    """What the pointer to a release is."""
    return digest.encode() + b"\n"


def pointer_of(directory: str) -> str | None:
    """The release that a directory serves which was published to; None for any other."""
    with contextlib.suppress(OSError), open(f"{directory}/{POINTER}", "rb") as stream:
        digest = stream.read(100).decode("ascii", "replace").strip()
        return digest if is_digest(digest) else None
    return None


def _file(tree: FrozenTree, key: str) -> bytes:
    with open(f"{tree.directory}/{key}", "rb") as stream:
        return stream.read()


def served_by(tree: FrozenTree) -> Release:
    """The release that a frozen directory serves. Raises ConfigurationError where there is none."""
    digest = tree.current
    if digest is None:
        raise ConfigurationError(f"{tree.directory} is no frozen directory; freeze first")
    try:
        return tree.releases.read(digest)
    except (OSError, BrokenRelease) as error:
        raise ConfigurationError(f"{tree.directory}: the manifest of {digest[:12]}: {error}") from None


def refuse(assets: Iterable[Released], prefix: str, private: bool) -> None:
    """What cannot be published is told of before the first object is sent."""
    assets = list(assets)
    problems = []
    views = sorted({(asset.view, asset.permission) for asset in assets if asset.permission is not None})
    if views and not private:
        for view, permission in views:
            message = (
                f"the static view {view!r} needs the permission {permission!r}, and who can read the bucket needs none"
            )
            hint = "say --private for a destination that nobody reads but the application"
            problems.append(Problem(None, message, hint))
    for asset in assets:
        for path in (*forever(asset), *([asset.more["path"]] if "plain" in asset.more else [])):
            fault = _unfit(f"{prefix}/{path}.zst".lstrip("/"))
            if fault is not None:
                problems.append(Problem(None, f"{asset.spec!r} cannot be published as {path!r}: {fault}"))
    if problems:
        raise ConfigurationError(*problems)


def _refuse_folders(target: Destination, needed: Iterable[str], listed: Iterable[str]) -> None:
    """In a bucket an object may have the name of what others are below of; in a directory, also of former releases, none."""
    files, needed = set(listed), set(needed)
    problems = []
    for keys, others in ((needed, files), (files, needed)):
        for key in sorted(keys):
            folder = key.rpartition("/")[0]
            while folder and folder not in others:
                folder = folder.rpartition("/")[0]
            if folder:
                message = f"{target} would have both {folder!r} and {key!r}, and one of them is of a former release"
                problems.append(Problem(None, message, "publish to another directory, or give one another name"))
    if problems:
        raise ConfigurationError(*problems)


def _unfit(key: str) -> str | None:
    """Why no bucket holds a key of this name; None for one that does."""
    try:
        size = len(key.encode("utf-8"))
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if size > LONGEST_KEY:
        return f"it has {size:,} bytes; a bucket holds {LONGEST_KEY:,}"
    if any(ord(character) < 32 or character in "\x7f\\" for character in key):
        return "it has a control character or a backslash"
    top = key.partition("/")[0]
    return f"{top}/ is ours at the destination" if top in OURS else None
