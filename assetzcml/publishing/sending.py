"""A release of a store of contents to the destination that many hosts share: contents first, created only, then the manifest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from assetzcml.publishing.plans import IMMUTABLE, Plan, Step, manifest_key, object_key
from assetzcml.publishing.publish import JOBS, Making, kept_whole, needed
from assetzcml.resolving.destinations import Destination, Listed
from assetzcml.resolving.objects import Objects
from assetzcml.resolving.releases import Releases

__all__ = ["Sent", "send"]

RENEWED = 3600.0  # seconds after which a start that uses a release says so
OBJECT = {"Content-Type": "application/octet-stream", "Cache-Control": IMMUTABLE}


class Sent(NamedTuple):
    """How many objects were sent, of how many bytes, and whether the manifest is new there."""

    objects: int
    bytes: int
    written: bool


def send(directory: str, release: str, target: Destination) -> Sent:
    """
    Have a release of the store in *directory* at *target*, young. One that is there, and was used in the last hour, costs
    one look. Raises Failed, and what reading the directory raises.
    """
    key = manifest_key(release)
    found = target.look(key)
    if found is not None and abs(time.time() - found.modified) < RENEWED:
        return Sent(0, 0, False)
    objects = Objects(directory)
    digests = sorted(Releases(directory).read(release).objects())
    with open(Releases(directory).path(release), "rb") as stream:
        manifest = stream.read()

    def plan(listed: Mapping[str, Listed]) -> Plan:
        made = Plan(release, needed={key, *map(object_key, digests)}, manifest=[(key, manifest)])
        for digest in digests:
            there = listed.get(object_key(digest))
            if there is None or there.size != objects.size(digest):
                made.contents.append(Step(object_key(digest), digest, OBJECT, replaces=there is not None))
        return made

    with target.writing():
        made = needed(target, plan)
        run = Making(objects, target)
        with ThreadPoolExecutor(JOBS) as pool:
            sent = sum(pool.map(run.made, made.contents))
            others = len(run.found)
            sum(pool.map(run.proven, run.doubtful(made.contents)))
        kept_whole(target, key, manifest, anew=True)
    return Sent(len(made.contents) - others, sent, found is None)
