"""A fingerprint is another for every version of a file."""

import os
import shutil
import time

import pytest

from assetzcml.resolving.fingerprints import fingerprint, is_young

OLD = (1_700_000_000, 1_700_000_000)


@pytest.mark.parametrize("change", [
    lambda path: path.write_bytes(b"longer than before"),
    lambda path: path.write_bytes(b"two"),                       # the same size, and the time is set back
    lambda path: (path.unlink(), path.write_bytes(b"two")),      # perhaps the same inode
    lambda path: os.replace(shutil.copy2(path, f"{path}.new"), path),
    lambda path: path.chmod(0o600),
])  # fmt: skip
def test_every_change_shows_whatever_becomes_of_the_time(tmp_path, change):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.utime(path, OLD)
    before = fingerprint(path.stat())
    while time.time_ns() - before[4] < 50_000_000:  # until the clock that stamps files has ticked
        time.sleep(0.01)
    change(path)
    os.utime(path, OLD)
    assert fingerprint(path.stat()) != before
    assert fingerprint(path.stat()) == fingerprint(path.stat())


def test_a_file_is_young_for_a_tick_after_its_last_change_whatever_time_it_was_given(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.utime(path, OLD)
    now = path.stat().st_ctime_ns
    for later, young in ((1_000_000, True), (19_000_000, True), (21_000_000, False)):
        monkeypatch.setattr(time, "time_ns", lambda later=later: now + later)
        assert is_young(fingerprint(path.stat())) == young
    assert is_young(fingerprint(path.stat()), ticks=2)
