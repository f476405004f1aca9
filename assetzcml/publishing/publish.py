"""
A frozen release to a destination that many machines read: contents, then names, then the manifest, then one small pointer.

Contents and names for ever are created only: who is interrupted begins again and sends what is missing, and two that publish
at once send the same. The pointer `current` is moved by comparison: who loses says so. Nothing is deleted, and nothing is
downloaded to learn what is there: one listing says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.publishing.frozen_tree import FrozenTree, forever, with_variants
from assetzcml.publishing.targets import LONGEST_KEY, Listed, Target
from assetzcml.records.readers import CODINGS
from assetzcml.resolving.objects import is_digest
from assetzcml.resolving.releases import BrokenRelease, Release, Released

__all__ = ["Overtaken", "Plan", "Published", "planned", "publish"]

POINTER = "current"
_IS_MD5 = re.compile("[0-9a-f]{32}").fullmatch
IMMUTABLE = "public, max-age=31536000, immutable"
JOBS = 32  # requests at a time: what is waited for is the network

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


class Overtaken(Exception):
    """Somebody else has moved the pointer meanwhile: their release is served."""


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

    *before* is the pointer as it was listed.
    """

    release: str
    contents: list[Step] = field(default_factory=list)
    names: list[Step] = field(default_factory=list)
    manifest: list[tuple[str, bytes]] = field(default_factory=list)
    plain: list[Step] = field(default_factory=list)
    pointer: bool = False
    before: Listed | None = None
    purge: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.contents or self.names or self.manifest or self.plain or self.pointer)


class Published(NamedTuple):
    """What was sent: the release, how many objects by step, how many bytes, and what a CDN may have to purge."""

    release: str
    contents: int
    names: int
    plain: int
    sent: int
    moved: bool
    purge: list[str]


def _as_is(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    return items


def planned(tree: FrozenTree, target: Target, *, prefix: str = "", private: bool = False) -> Plan:
    """
    What has to be sent so that the release a frozen directory serves is the one that *target* serves. One listing.

    Raises ConfigurationError for what cannot be published: no release, a permission unless the target is *private*, a
    name that no bucket holds. Raises Failed.
    """
    release = _served(tree)
    assets = list(release)
    _refuse(assets, prefix, private)
    listed = target.listing()
    plan = Plan(release.digest)
    tables = release.about["headers"]
    known = _known(tree, target, listed)
    said: dict[str, dict[str, str]] = {}
    wanted: dict[str, Step] = {}
    for asset in assets:
        said_forever = dict(tables[asset.more["headers"]]) if "headers" in asset.more else {}
        plain = dict(tables[asset.more["plain"]]) if "plain" in asset.more else {}
        of_content = said_forever or {**plain, "Cache-Control": IMMUTABLE}
        for name, digest in with_variants("", asset).items():
            said.setdefault(digest, _encoded(of_content, name))
        for path in forever(asset):
            for name, digest in with_variants(path, asset).items():
                wanted[name] = Step(name, digest, _encoded(said_forever, name[len(path) :]))
        if plain:
            for name, digest in with_variants(asset.more["path"], asset).items():
                step = Step(name, digest, _encoded(plain, name[len(asset.more["path"]) :]), replaces=True)
                _plan_plain(plan, step, tree, target, listed, known)
    for digest, headers in said.items():
        key = object_key(digest)
        if not _is_there(listed, key, tree.objects.size(digest)):
            plan.contents.append(Step(key, digest, headers, replaces=key in listed))
    new = {step.digest for step in plan.contents}
    by_content = {said_there: name for name, said_there in known.items() if name in listed}
    for step in wanted.values():
        before = known.get(step.key)
        same = before is None or before == _said(step.digest, step.headers)
        if same and _is_there(listed, step.key, tree.objects.size(step.digest)):
            continue
        source = by_content.get(_said(step.digest, step.headers))
        if source is None and step.digest in new and said[step.digest] == step.headers:
            source = object_key(step.digest)
        plan.names.append(step._replace(source=source, replaces=step.key in listed))
    manifest = f"generations/{release.digest}.json"
    for key in (f"generations/{release.digest}.index", manifest):
        data = _file(tree, key)
        if not _is_there(listed, key, len(data)):
            plan.manifest.append((key, data))
    plan.before = listed.get(POINTER)
    plan.pointer = not _leads_to(target, plan.before, release.digest)
    plan.purge = sorted({step.key for step in plan.plain}) + ([POINTER] if plan.pointer else [])
    return plan


def publish(
    tree: FrozenTree,
    target: Target,
    *,
    prefix: str = "",
    private: bool = False,
    jobs: int | None = None,
    progress: Progress = _as_is,
) -> Published:
    """Do what is `planned`. Raises ConfigurationError, Failed, and Overtaken where somebody else was faster."""
    plan = planned(tree, target, prefix=prefix, private=private)
    sent, found = 0, set[str]()
    with ThreadPoolExecutor(jobs or JOBS) as pool:
        for steps, label in ((plan.contents, "Contents"), (plan.names, "Names")):
            done = pool.map(lambda step: _made(tree, target, step, found), steps)
            sent += sum(progress(done, len(steps), label))
        for key, data in plan.manifest:
            target.create(key, data, {"Content-Type": "application/json", "Cache-Control": IMMUTABLE})
            sent += len(data)
        sent += sum(
            progress(
                pool.map(lambda step: _made(tree, target, step, found), plan.plain), len(plan.plain), "Plain names"
            )
        )
    if plan.pointer:
        headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache"}
        if not target.swap(POINTER, _pointed(plan.release), headers, plan.before):
            raise Overtaken(f"another release was published meanwhile; it is served, and not {plan.release[:12]}")
    return Published(plan.release, len(plan.contents), len(plan.names), len(plan.plain), sent, plan.pointer, plan.purge)


def _made(tree: FrozenTree, target: Target, step: Step, found: set[str]) -> int:
    """
    Make one object; how many bytes were sent for it. *found* are the keys that somebody else has made meanwhile: what they
    have for headers is not known, so nothing is copied from them.
    """
    if step.source is not None and step.source not in found:
        target.copy(step.source, step.key)
        return 0
    data = tree.objects.read(step.digest)
    if step.replaces:
        target.put(step.key, data, step.headers)
        return len(data)
    if target.create(step.key, data, step.headers):
        return len(data)
    found.add(step.key)
    return 0


def _plan_plain(
    plan: Plan, step: Step, tree: FrozenTree, target: Target, listed: Mapping[str, Listed], known: Mapping[str, Any]
) -> None:
    there = listed.get(step.key)
    same = there is not None and there.tag == target.tag_of(tree.objects.read(step.digest))
    if not same or known.get(step.key) not in (None, _said(step.digest, step.headers)):
        plan.plain.append(step)


def _known(tree: FrozenTree, target: Target, listed: Mapping[str, Listed]) -> dict[str, Any]:
    """
    What each name got when the release was published that is served there: its content and its headers. What a name has is
    known by that alone: a content may have been put for another.
    """
    release = _release_there(tree, target, listed.get(POINTER))
    found: dict[str, Any] = {}
    for asset in release if release is not None else ():
        places = [("headers", path) for path in forever(asset)] + [("plain", asset.more["path"])]
        for word, path in places:
            if word in asset.more:
                said = dict(release.about["headers"][asset.more[word]]) if release is not None else {}
                for name, digest in with_variants(path, asset).items():
                    found[name] = _said(digest, _encoded(said, name[len(path) :]))
    return found


def _release_there(tree: FrozenTree, target: Target, pointer: Listed | None) -> Release | None:
    """The manifest of the release that is served there: one that is here too, else it is read there."""
    if pointer is None:
        return None
    try:
        for stamp in tree.releases.stamps():
            if _leads_to(target, pointer, stamp.digest):
                return tree.releases.read(stamp.digest)
        digest = (target.read(POINTER) or b"").decode("ascii", "replace").strip()
        content = target.read(f"generations/{digest}.json") if is_digest(digest) else None
        return None if content is None else Release(digest, content)
    except (OSError, BrokenRelease):
        return None


def _said(digest: str, headers: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return digest, tuple(sorted(headers.items()))


def _encoded(headers: Mapping[str, str], suffix: str) -> dict[str, str]:
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


def _is_there(listed: Mapping[str, Listed], key: str, size: int | None) -> bool:
    found = listed.get(key)
    return found is not None and found.size == size


def _pointed(digest: str) -> bytes:
    return digest.encode() + b"\n"


def _leads_to(target: Target, pointer: Listed | None, digest: str) -> bool:
    """Is the pointer this release? What a destination lists says so where its tags are digests; else it is read."""
    if pointer is None or pointer.size != len(_pointed(digest)):
        return False
    if _IS_MD5(pointer.tag):
        return pointer.tag == target.tag_of(_pointed(digest))
    return target.read(POINTER) == _pointed(digest)


def _file(tree: FrozenTree, key: str) -> bytes:
    with open(f"{tree.directory}/{key}", "rb") as stream:
        return stream.read()


def _served(tree: FrozenTree) -> Release:
    digest = tree.current
    if digest is None:
        raise ConfigurationError(f"{tree.directory} is no frozen directory; freeze first")
    try:
        return tree.releases.read(digest)
    except (OSError, BrokenRelease) as error:
        raise ConfigurationError(f"{tree.directory}: the manifest of {digest[:12]}: {error}") from None


def _refuse(assets: list[Released], prefix: str, private: bool) -> None:
    """What cannot be published is told of before the first object is sent."""
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
    return f"{top}/ is ours at the destination" if top in ("objects", "generations", POINTER, "lock", "tmp") else None
