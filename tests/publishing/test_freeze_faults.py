"""A freeze that dies, or that the disk fails, at any call of the system: the former release stays served, and the next heals."""

import os
import shutil
import sys

import pytest
from frozen_site import site, tree_digest

from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.verification import verified
from faults import sweep

TEXT = "body { color: black }\n" * 50

FREEZE = """
import sys
sys.path[:] = PATHS
from frozen_site import site
from assetzcml.publishing.freeze import freeze
def prepare():
    return site(SHOP)
def act(directory):
    freeze(prepared, directory, jobs=1, plain=True, codings=["gzip"], keep=1, younger=0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["KILL", "ENOSPC", "EIO"])
@pytest.mark.parametrize("before", ["nothing", "a release"])
def test_a_fault_at_any_call_harms_no_release_and_the_next_run_heals(before, fault, package, tmp_path):
    shop = package({"static/a.css": "a{b:url(i/c.png)}" + TEXT, "static/i/c.png": "one", "static/index.html": "<p>"})
    place, former, whole = tmp_path / "o", tmp_path / "former", tmp_path / "whole"
    place.mkdir()
    if before != "nothing":
        freeze(site(shop), place, plain=True, codings=["gzip"])
    shutil.copytree(place, former, symlinks=True)
    (package.directory / shop / "static/i/c.png").write_text("two")
    shutil.copytree(former, whole, symlinks=True)
    expected = again(shop, whole)
    statuses = []
    for status in sweep(FREEZE.replace("PATHS", repr(sys.path)).replace("SHOP", repr(shop)), fault, place):
        statuses.append(status)
        if (place / "current").is_symlink():
            assert list(verified(place)) == [], len(statuses)
        if before != "nothing":
            assert (place / "current").is_symlink(), len(statuses)
        if status in (0, 2):
            assert tree_digest(place) == expected, len(statuses)
        elif fault != "KILL":
            assert debris(place) == [], len(statuses)
        assert again(shop, place) == expected, len(statuses)
        assert debris(place) == []
        shutil.rmtree(place)
        shutil.copytree(former, place, symlinks=True)
    assert len(statuses) > 50


def again(shop, place):
    freeze(site(shop), place, jobs=1, plain=True, codings=["gzip"], keep=1, younger=0)
    return tree_digest(place)


def debris(place):
    return [f"{folder}/{name}" for folder, _, names in os.walk(place) for name in names if name.endswith(".tmp")]
