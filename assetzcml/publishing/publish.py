"""
A frozen release to a destination that many machines read: contents, then names, then the manifest, then one small pointer.

Contents and names for ever are created only: who is interrupted begins again and sends what is missing, and two that publish
at once send the same. The pointer `current` is moved by comparison: who loses says so. Nothing is deleted here.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from assetzcml.publishing.condemned import Condemned
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.plans import IMMUTABLE, POINTER, Plan, Step, planned, pointed, refuse, served_by
from assetzcml.resolving.destinations import Destination, Failed, Listed
from assetzcml.resolving.objects import Objects

__all__ = ["Making", "Overtaken", "Published", "kept_whole", "needed", "publish"]

JOBS = 32  # requests at a time: what is waited for is the network
LIMIT = 12 * 3600.0  # seconds that a run may take; a collection spares what was needed by none for twice as long
ROOM = 1 << 28  # bytes that are read and not sent yet; what is larger goes alone
ATTEMPTS = 5  # of an object that is there and is not, and of a plan that a collection has made old
PAUSE = 1.0  # seconds between these; and PATIENCE, that a run waits for a collection
PATIENCE = 120.0

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


class Overtaken(Exception):
    """Somebody else has moved the pointer meanwhile: their release is served."""


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


def publish(
    tree: FrozenTree,
    target: Destination,
    *,
    prefix: str = "",
    private: bool = False,
    jobs: int | None = None,
    progress: Progress = _as_is,
    wait: Callable[[float], object] = time.sleep,
) -> Published:
    """
    Do what is `planned`. Raises ConfigurationError, Failed, and Overtaken where somebody else was faster.

    *wait* is called with seconds where somebody else has to be waited for.
    """
    with target.writing():
        began = time.monotonic()
        refuse(served_by(tree), prefix, private)
        plan = needed(target, lambda listed: planned(tree, target, prefix=prefix, private=private, listed=listed), wait)
        run = Making(tree.objects, target, wait)
        with _mapping(jobs or JOBS) as each_of:

            def made(steps: list[Step], label: str) -> int:
                return sum(progress(each_of(run.made, steps), len(steps), label))

            def proven(steps: list[Step]) -> None:
                sum(each_of(run.proven, run.doubtful(steps)))

            sent = made(plan.contents, "Contents") + made(plan.names, "Names")
            proven([*plan.contents, *plan.names])
            if time.monotonic() - began > LIMIT:
                hours = f"{LIMIT / 3600:.0f} hours"
                raise Failed(f"{target}: it has taken longer than {hours}; publish again: what was sent is there")
            for key, data in plan.manifest:
                kept_whole(target, key, data)
                sent += len(data)
            sent += made(plan.plain, "Plain names")
            proven(plan.plain)
        if plan.pointer:
            _move(target, plan)
    return Published(plan.release, len(plan.contents), len(plan.names), len(plan.plain), sent, plan.pointer, plan.purge)


@contextlib.contextmanager
def _mapping(jobs: int) -> Iterator[Callable[[Callable[[Step], int], list[Step]], Iterable[int]]]:
    """Yields what calls a function with each of many steps: *jobs* at a time, and one after the other in this thread."""
    if jobs == 1:
        yield map
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield pool.map


def needed(
    target: Destination, plan: Callable[[dict[str, Listed]], Plan], wait: Callable[[float], object] = time.sleep
) -> Plan:
    """
    What *plan* makes of a listing, when nothing that it builds on is to be taken away by a collection. Raises Failed.
    """
    patience = PATIENCE
    for _ in range(ATTEMPTS):
        listed = target.listing()
        made = plan(listed)
        if made.empty:
            return made
        condemned = Condemned(target, listed)
        while condemned.is_running:
            if patience <= 0:
                raise Failed(condemned.blocking())
            wait(PAUSE)
            patience -= PAUSE
            listed = target.listing()
            condemned = Condemned(target, listed)
        for key in condemned.removed:
            listed.pop(key, None)
        made = plan(listed)
        if condemned.spare(made.needed):
            return made
    raise Failed(f"{target}: it is collected again and again while it is published")


def _move(target: Destination, plan: Plan) -> None:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache"}
    content = pointed(plan.release)
    if not target.swap(POINTER, content, headers, plan.before) and target.read(POINTER) != content:
        # Where the answer was lost, and the request made again, the first one has moved it.
        raise Overtaken(f"another release was published meanwhile; it is served, and not {plan.release[:12]}")


def kept_whole(target: Destination, key: str, data: bytes, *, anew: bool = False) -> None:
    """
    Have a manifest there, or its index, as it is: *anew*, or created. Read back where somebody else has put it, or nobody
    told us what it is now. Raises Failed.
    """
    headers = {"Content-Type": "application/json", "Cache-Control": IMMUTABLE}
    if anew:
        target.put(key, data, headers)
    is_ours = anew or target.create(key, data, headers)
    if (is_ours and is_told(target)) or target.read(key) == data:
        return
    target.put(key, data, headers)
    if not is_told(target) and target.read(key) != data:
        target.remove([key])
        raise Failed(f"{target}: {key!r} is not there as it was sent")


def is_told(target: Destination) -> bool:
    """Are the tags of a destination of the bytes that it has?"""
    return target.tag_of(b"") is not None


class Making:
    """
    What is made of one plan, of the contents in a directory. *found* are the steps whose object somebody else has made
    meanwhile, by key.
    """

    def __init__(self, objects: Objects, target: Destination, wait: Callable[[float], object] = time.sleep):
        self.objects = objects
        self.target = target
        self.wait = wait
        self.found: dict[str, Step] = {}
        self._lock = threading.Lock()
        self._room = _Room(ROOM)

    def made(self, step: Step) -> int:
        """
        Make one object; how many bytes were sent for it.

        Of what somebody else has made the headers are not known, so nothing is copied from it.
        """
        if step.source is not None and step.source not in self.found:
            self.target.copy(step.source, step.key)
            return 0
        with self._room.of(self.objects.size(step.digest) or 0):
            data = self.objects.read(step.digest)
            if step.replaces:
                self.target.put(step.key, data, step.headers)
                return len(data)
            if self.target.create(step.key, data, step.headers):
                return len(data)
        with self._lock:
            self.found[step.key] = step
        return 0

    def doubtful(self, made: list[Step]) -> list[Step]:
        """
        Of these that are made, what somebody else has made; and what has not the size that it had when it was sent, where
        only a listing tells.
        """
        found, self.found = self.found, {}
        if made and not is_told(self.target):
            there = self.target.listing()
            for step in made:
                listed = there.get(step.key)
                if listed is None or listed.size != self.objects.size(step.digest):
                    found[step.key] = step
        return [found[key] for key in sorted(found)]

    def proven(self, step: Step) -> int:
        """
        See to it that what is said to be there is: a service that answers "conflict" may have nothing yet, and an upload
        that was cut may have left a part. Raises Failed.
        """
        key, size = step.key, self.objects.size(step.digest)
        for attempt in range(ATTEMPTS):
            there = self.target.look(key)
            if there is not None and there.size == size:
                return 0
            if attempt:
                self.wait(PAUSE)
            with self._room.of(size or 0):
                data = self.objects.read(step.digest)
                if there is not None:
                    self.target.put(key, data, step.headers)
                else:
                    self.target.create(key, data, step.headers)
        raise Failed(f"{self.target}: it says that {key!r} is there, and has not got it")


class _Room:
    """So many bytes at a time for all who come; who wants more than there are has them alone."""

    def __init__(self, size: int):
        self._size = self._free = size
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def of(self, size: int) -> Iterator[None]:
        size = min(size, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()
