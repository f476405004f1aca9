"""Clocks that are coarse, or were set back: what changed is noticed all the same, and what did not is not built again."""

import os
import time

import pytest

from assetzcml.resolving import files

HOUR = 3600.0


@pytest.fixture
def whole_seconds(monkeypatch):
    """A file system that keeps times as whole seconds, and the number of a file that is written over."""
    monkeypatch.setattr(
        files.Signature,
        "of",
        classmethod(
            lambda cls, status: cls(status.st_size, int(status.st_mtime) * 10**9, 1, int(status.st_ctime) * 10**9)
        ),
    )


def built(site, building=True):
    """What becomes of a bundle in another process: was it built, and its bytes."""
    bundle = site.bundle("a.js", output="gen/out.js")
    if building:
        (result,) = bundle.build()
        return result.changed, result.data()
    bundle.urls()
    return None, site.read("gen/out.js")


@pytest.mark.parametrize("building", [True, False], ids=["a build", "a request"])
def test_a_change_within_one_second_of_a_coarse_clock_is_noticed(building, site, whole_seconds):
    for text in (b"one", b"two", b"six"):
        site.write("a.js", text, mtime=int(time.time()))
        assert built(site, building)[1] == text


def test_what_does_not_change_under_a_coarse_clock_is_not_built_again(site, whole_seconds):
    assert [built(site)[0] for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("hours", [-1, 1], ids=["set back", "set forward"])
@pytest.mark.parametrize("building", [True, False], ids=["a build", "a request"])
def test_a_clock_that_was_set_by_an_hour_hides_no_change(hours, building, site, monkeypatch):
    site.write("a.js", b"one", mtime=time.time())
    built(site)
    original = time.time
    monkeypatch.setattr(time, "time", lambda: original() + hours * HOUR)
    for text in (b"two", b"six"):
        site.write("a.js", text, mtime=time.time())
        assert built(site, building)[1] == text
    assert built(site)[0] is False


def test_a_source_of_the_future_is_built_once(site):
    path = site.write("a.js", b"one", mtime=time.time() + HOUR)
    assert [built(site)[0] for _ in range(3)] == [True, False, False]
    os.utime(path, (time.time() - HOUR,) * 2)  # the same bytes
    assert built(site)[0] is False
