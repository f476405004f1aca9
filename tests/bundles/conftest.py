"""A directory with sources and an environment over it, for every test of bundles."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from assetzcml.bundles import bundle, declared, urls
from bundle_site import Site

collect_ignore = ["webassets_shim"]  # it stands for webassets, in a process of its own


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "static")


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved: `clock.now += 1.0`."""

    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(bundle, "monotonic", clock)
    monkeypatch.setattr(urls, "monotonic", clock)
    monkeypatch.setattr(declared, "monotonic", clock)
    return clock


@pytest.fixture
def no_sync(monkeypatch):
    """Files are not synced: for tests that build thousands of times and lose no power."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def memory():
    """A directory in memory where there is one: for tests that write thousands of files."""
    directory = tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    yield Path(directory)
    shutil.rmtree(directory)
