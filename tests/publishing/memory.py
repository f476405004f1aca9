"""A destination in memory, and what has to hold of every destination."""

import asyncio
import contextlib
import hashlib

import pytest

from assetzcml.publishing.plans import steps_of
from assetzcml.resolving.destinations import Failed, Listed
from assetzcml.resolving.releases import Release


class Killed(BaseException):
    """The process is gone."""


class Memory:
    """
    A destination in memory, whose clock stands at *now*. After so many changes of it, whoever asks is gone; *before* is
    called with each verb and key.
    """

    def __init__(self, survives=10**9):
        self.objects = {}
        self.times = {}
        self.now = 1_000_000.0
        self.survives = survives
        self.calls = []
        self.before = lambda verb, key: None

    def __repr__(self):
        return "mem://"

    def _called(self, verb, key):
        self.calls.append((verb, key))
        self.before(verb, key)

    def _changes(self, verb, key):
        self._called(verb, key)
        if self.survives == 0:
            raise Killed
        self.survives -= 1

    def _set(self, key, data, headers):
        self.objects[key] = data, dict(headers)
        self.times[key] = self.now

    def writing(self):
        return contextlib.nullcontext()

    def tag_of(self, data):
        return hashlib.md5(data, usedforsecurity=False).hexdigest()

    def _listed(self, key):
        data = self.objects[key][0]
        return Listed(
            len(data), self.tag_of(data) or f"{hash(data)} {self.times.get(key)}", self.times.get(key, self.now)
        )

    def listing(self, below=""):
        self._called("list", below)
        return {key: self._listed(key) for key in self.objects if key.startswith(f"{below}/" if below else "")}

    def look(self, key):
        self._called("look", key)
        return self._listed(key) if key in self.objects else None

    def create(self, key, data, headers):
        self._changes("create", key)
        there = key in self.objects
        if not there:
            self._set(key, data, headers)
        return not there

    def put(self, key, data, headers):
        self._changes("put", key)
        self._set(key, data, headers)

    def copy(self, source, key):
        self._changes("copy", key)
        self._set(key, *self.objects[source])

    def swap(self, key, data, headers, before):
        self._changes("swap", key)
        now = self._listed(key) if key in self.objects else None
        if (now and now.tag) != (before and before.tag):
            return False
        self._set(key, data, headers)
        return True

    def read(self, key):
        self._called("read", key)
        return self.objects[key][0] if key in self.objects else None

    def remove(self, keys):
        for key in keys:
            self._changes("remove", key)
            self.objects.pop(key, None)


def missing(objects, in_between=False):
    """
    What the manifests that are published name, and is not there. *objects* are bytes by key. What is under the name of a
    manifest and has not its digest, nobody believes: it may be there *in between*.
    """
    found = []
    for key, data in objects.items():
        if not (key.startswith("generations/") and key.endswith(".json")):
            continue
        digest = key.split("/")[1].removesuffix(".json")
        if hashlib.sha256(data).hexdigest() != digest:
            assert in_between
            continue
        release = Release(digest, data)
        for asset in release:
            for each in asset.objects:
                content = objects.get(f"objects/{each[:2]}/{each[2:]}")
                if content is None or hashlib.sha256(content).hexdigest() != each:
                    found.append(each)
        for step in steps_of(release, "headers"):
            if hashlib.sha256(objects.get(step.key, b"?")).hexdigest() != step.digest:
                found.append(step.key)
    if "current" in objects:
        release = objects["current"].decode().strip()
        if f"generations/{release}.json" not in objects:
            found.append(release)
    return found


def bytes_of(target):
    """All that a destination in memory has, by key."""
    return {key: data for key, (data, _) in target.objects.items()}


class Shared(Memory):
    """A bucket that all hosts share; it can be gone."""

    gone = False

    def _called(self, verb, key):
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()  # no look at the network in the thread of an event loop
        super()._called(verb, key)
        if self.gone:
            raise Failed("mem://: it is gone")
