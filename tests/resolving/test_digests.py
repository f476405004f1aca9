"""The digests of files: right whatever happens to the file, and read once while nothing does."""

import os
import time

import pytest

from assetzcml.registry import Registry
from assetzcml.resolving.digests import Digests, digest_of


class Counting:
    """A found file that counts how often it is opened."""

    def __init__(self, path):
        self.path = str(path)
        self.status = os.stat(path)
        self.opened = 0

    def open(self):
        self.opened += 1
        return open(self.path, "rb")


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Files that were written a moment ago are taken for settled, so that no test has to wait for them."""
    monkeypatch.setattr("assetzcml.resolving.fingerprints.TICK", 0)


def test_a_file_that_does_not_change_is_read_once(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    digests, found = Digests(Registry()), Counting(path)
    assert [digests.digest(found), digests.digest(found)] == [digest_of(b"one")] * 2
    assert found.opened == 1


def test_a_file_that_may_change_again_within_one_tick_of_its_clock_is_read_again(tmp_path):
    path = tmp_path / "a"
    now = time.time()
    digests = Digests(Registry())
    for content in (b"one", b"two"):
        path.write_bytes(content)
        os.utime(path, (now, now))
        assert digests.digest(Counting(path)) == digest_of(content)


def test_what_was_found_may_be_older_than_the_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    digests, before = Digests(Registry()), Counting(path)
    path.write_bytes(b"two")
    os.utime(path, (2, 2))
    assert digests.digest(before) == digest_of(b"two")
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    assert digests.digest(Counting(path)) == digest_of(b"one")


def test_a_file_that_was_overwritten_and_given_its_old_time_has_its_new_digest(tmp_path):
    """As `rsync --inplace --times` and `cp --preserve` do: same name, inode, size and time of change."""
    path = tmp_path / "a"
    digests = Digests(Registry())
    for content in (b"one", b"two"):
        path.write_bytes(content)
        os.utime(path, (1, 1))
        assert digests.digest(Counting(path)) == digest_of(content)


def test_only_a_bounded_number_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr("assetzcml.resolving.digests.CACHED_DIGESTS", 3)
    digests = Digests(Registry())
    for number in range(10):
        path = tmp_path / str(number)
        path.write_text(str(number))
        os.utime(path, (1, 1))
        assert digests.digest(Counting(path)) == digest_of(str(number).encode())
    assert len(digests._known) <= 3


def test_what_is_not_a_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    pipe = Counting(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError, match="not a regular file"):
        Digests(Registry()).digest(pipe)
    assert pipe.opened == 0
