"""
Former releases out of a destination, and what only they were made of. What a kept release names, there or here, is never touched.

A release is kept that is served, among the last so many, or younger than so much, by the clock of the destination. What no
kept one names is condemned first, and removed by a collection a day later: see `assetzcml.publishing.condemned`.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.publishing.condemned import LIST, RUNNING, Condemned
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.plans import POINTER, manifest_key, object_key, steps_of
from assetzcml.resolving.destinations import Destination, Failed, Listed
from assetzcml.resolving.objects import is_digest
from assetzcml.resolving.releases import BrokenRelease, NewerSchema, Release
from assetzcml.resolving.shared_builds import FOLDER, outputs_in

__all__ = ["GRACE", "Emptied", "collect_at", "kept_there"]

GRACE = 24 * 3600.0  # seconds between condemning and removing
LEASE = 600.0  # seconds for which a collection is at work unless it says so again
STALE = 2 * LEASE  # after which another may go on with its work
BATCH = 1000  # keys removed by one request
ATTEMPTS = 5  # of a list that somebody who publishes changes meanwhile


class Emptied(NamedTuple):
    """What a collection has left and taken away: releases and keys; *condemned* are those that go with a later one."""

    releases: int
    keys: int
    removed_releases: int
    removed: list[str]
    bytes: int
    condemned: list[str]


class _Choice(NamedTuple):
    """What is to become of what is there."""

    kept: list[str]
    due: list[str]
    condemned: list[str]
    removed: list[str]
    listed: Mapping[str, Listed]
    before: Condemned


def collect_at(
    target: Destination,
    *,
    keep: int,
    younger: float,
    grace: float = GRACE,
    here: Iterable[FrozenTree] = (),
    dry_run: bool = False,
) -> Emptied:
    """
    Condemn what no kept release names, and remove what was condemned *grace* seconds ago.

    Kept is the release that is served, those among the last *keep*, those *younger* than so many seconds, and all that are
    *here*. With a *grace* of 0 nobody may publish meanwhile. Raises Failed, and ConfigurationError for a manifest that
    cannot be read: nothing is removed then.
    """
    trees = list(here)
    if dry_run:
        return _told(_choice(target, keep, younger, grace, trees, time.time()))
    with target.writing(), _running(target) as going_on:
        for _ in range(ATTEMPTS):
            choice = _choice(target, keep, younger, grace, trees, going_on())
            nothing_new = not choice.due and choice.before.keys.issuperset(choice.condemned)
            if nothing_new or choice.before.write(choice.condemned, choice.removed):
                break
        else:
            raise Failed(f"{target}: it is published again and again while it is collected")
        # Manifests go first, so that none of them ever names what is missing.
        order = sorted(
            choice.due, key=lambda key: (not key.startswith("generations/"), key.startswith("objects/"), key)
        )
        for start in range(0, len(order), BATCH):
            going_on()
            target.remove(order[start : start + BATCH])
        return _told(choice)


@contextlib.contextmanager
def _running(target: Destination) -> Iterator[Callable[[], float]]:
    """
    Say that a collection is at work. Yields what says so again, and gives the time by the clock of the destination.

    Raises Failed where another one is at work, or took over since this one had not said anything for long.
    """
    own = secrets.token_hex(16).encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    there = target.look(RUNNING)
    if there is not None and time.time() - there.modified < STALE:
        raise Failed(
            f"{target}: another collection is at work; where it was ended, this one goes on in {STALE / 60:.0f} minutes"
        )
    if not target.swap(RUNNING, own, headers, there) and target.read(RUNNING) != own:
        raise Failed(f"{target}: another collection has begun meanwhile")
    said = _looked(target)
    renewed = time.monotonic()

    def going_on() -> float:
        nonlocal said, renewed
        if time.monotonic() - renewed > LEASE:
            raise Failed(f"{target}: a request has taken so long that another collection may be at work; begin again")
        if time.monotonic() - renewed > LEASE / 4:
            if not target.swap(RUNNING, own, headers, said):
                raise Failed(f"{target}: another collection has taken over")
            said, renewed = _looked(target), time.monotonic()
        return said.modified

    try:
        yield going_on
    finally:
        with contextlib.suppress(Failed):
            if target.read(RUNNING) == own:
                target.remove([RUNNING])


def _looked(target: Destination) -> Listed:
    found = target.look(RUNNING)
    if found is None:
        raise Failed(f"{target}: it says that {RUNNING!r} is there, and has not got it")
    return found


def _choice(
    target: Destination, keep: int, younger: float, grace: float, here: list[FrozenTree], now: float
) -> _Choice:
    listed = target.listing()
    before = Condemned(target, listed)
    kept, old = kept_there(target, listed, keep, younger, now)
    named = {POINTER}
    for digest in kept:
        named |= _named(_release(target, digest))
    for tree in here:
        named.update(*map(_named, _releases(tree)))
    named |= _of_builds(target, listed, younger, now)
    ours = {key for key in listed if key.startswith(("objects/", "generations/", f"{FOLDER}/"))}
    for digest in old:
        with contextlib.suppress(BrokenRelease, ConfigurationError):
            ours |= _named(_release(target, digest))
    unnamed = ((ours | before.keys | before.removed) & set(listed)) - named
    young = bool(before.keys) and before.before is not None and now - before.before.modified < grace
    if grace <= 0:
        due, condemned = unnamed, set[str]()
    elif young:  # the rest waits for its turn: a list that is written again is as young as what is new in it
        due, condemned = unnamed & before.removed, unnamed & before.keys
    else:
        due = unnamed & (before.keys | before.removed)
        condemned = unnamed - due
    removed = due | (before.removed if young else set())
    return _Choice(kept, sorted(due), sorted(condemned), sorted(removed), listed, before)


def _of_builds(target: Destination, listed: Mapping[str, Listed], younger: float, now: float) -> set[str]:
    """What is kept of what hosts build on demand: what was said lately, with its outputs. Raises ConfigurationError."""
    kept = set()
    for key, each in listed.items():
        if not key.startswith(f"{FOLDER}/"):
            continue
        if now - each.modified >= max(younger, LEASE):
            continue  # who needs it makes it again
        outputs = outputs_in(target.read(key))
        if outputs is None:
            hint = "nothing was removed; use that version"
            raise ConfigurationError(Problem(None, f"{target}: {key!r} was written by a newer version", hint))
        kept |= {key, *map(object_key, outputs)}
    return kept


def kept_there(
    target: Destination, listed: Mapping[str, Listed], keep: int, younger: float, now: float
) -> tuple[list[str], list[str]]:
    """The releases of a destination that are kept, and the others, by digest; the one that was put last is first."""
    digests = {}
    for key, each in listed.items():
        folder, _, name = key.partition("/")
        if folder == "generations" and name.endswith(".json") and is_digest(name[: -len(".json")]):
            digests[name[: -len(".json")]] = each.modified
    served = (target.read(POINTER) or b"").decode("ascii", "replace").strip() if POINTER in listed else None
    stamps = sorted(digests, key=lambda digest: (-digests[digest], digest))
    kept = [
        digest
        for number, digest in enumerate(stamps)
        if digest == served or number < keep or now - digests[digest] < younger
    ]
    return kept, [digest for digest in stamps if digest not in kept]


def _release(target: Destination, digest: str) -> Release:
    """A manifest that is there. Raises ConfigurationError for one that cannot be believed: it may name anything."""
    content = target.read(manifest_key(digest))
    hint = "nothing was removed"
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        what = f"{target}: {manifest_key(digest)!r} does not have the digest that is its name"
        raise ConfigurationError(Problem(None, what, f"{hint}; publish that release again, or remove it"))
    try:
        return Release(digest, content)
    except NewerSchema as error:
        raise ConfigurationError(
            Problem(None, f"{target}: {manifest_key(digest)!r}: {error}", f"{hint}; use that version")
        ) from None


def _releases(tree: FrozenTree) -> Iterator[Release]:
    for stamp in tree.releases.stamps():
        try:
            yield tree.releases.read(stamp.digest)
        except (OSError, BrokenRelease) as error:
            what = f"{tree.releases.path(stamp.digest)}: {error}"
            raise ConfigurationError(Problem(None, what, "nothing was removed")) from None


def _named(release: Release) -> set[str]:
    """Every key that a release is made of, with its manifest."""
    manifest = manifest_key(release.digest)
    found = {manifest, manifest.replace(".json", ".index"), *map(object_key, release.objects())}
    return found | {step.key for word in ("headers", "plain") for step in steps_of(release, word)}


def _told(choice: _Choice) -> Emptied:
    manifests = sum(key.endswith(".json") and key.startswith("generations/") for key in choice.due)
    keys = len(set(choice.listed) - {LIST, RUNNING}) - len(choice.due)
    size = sum(choice.listed[key].size for key in choice.due)
    return Emptied(len(choice.kept), keys, manifests, choice.due, size, choice.condemned)
