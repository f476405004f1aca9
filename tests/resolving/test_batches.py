"""Many contents at once: nothing has its name before it is on the disk, and who ends early leaves nothing."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from assetzcml.resolving import batches, files
from assetzcml.resolving.batches import Batch
from assetzcml.resolving.objects import Objects


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def objects(tmp_path):
    objects = Objects(tmp_path / "o")
    with objects.writing():
        yield objects


@pytest.mark.parametrize("count", [3, 200])
def test_what_is_added_is_there_after_the_commit_and_not_before(count, objects):
    contents = [b"%d" % number for number in range(count)]
    with Batch(objects) as batch, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda data: batch.add(data, digest(data)), contents))
        assert list(objects.digests()) == []
        batch.commit()
        assert sorted(objects.digests()) == sorted(map(digest, contents))
        assert all(map(objects.is_whole, objects.digests()))
        assert not any(batch.add(data, digest(data)) for data in contents)
    assert batch.made == count
    assert os.listdir(f"{objects.directory}/tmp") == []


def test_who_ends_without_a_commit_leaves_nothing_behind(objects):
    with Batch(objects) as batch:
        batch.add(b"a", digest(b"a"))
    assert (list(objects.digests()), os.listdir(f"{objects.directory}/tmp")) == ([], [])


def test_a_content_that_a_full_disk_has_cut_is_replaced(objects):
    os.makedirs(os.path.dirname(objects.path(digest(b"whole"))))
    with open(objects.path(digest(b"whole")), "wb") as stream:
        stream.write(b"wh")
    with Batch(objects) as batch:
        assert batch.add(b"whole", digest(b"whole"))
        batch.commit()
    assert objects.read(digest(b"whole")) == b"whole"


@pytest.mark.parametrize("count", [3, 200])
def test_nothing_has_its_name_before_it_is_on_the_disk(count, objects, monkeypatch):
    def full(*_):
        raise OSError(5, "Input/output error", objects.directory)

    monkeypatch.setattr(batches.os, "fsync", full)
    monkeypatch.setattr(batches, "sync_file_system", full)
    with Batch(objects) as batch:
        for number in range(count):
            batch.add(b"%d" % number, digest(b"%d" % number))
        with pytest.raises(OSError, match="Input/output"):
            batch.commit()
    assert (list(objects.digests()), os.listdir(f"{objects.directory}/tmp")) == ([], [])


def test_a_system_that_syncs_no_whole_file_system_syncs_each_file(objects, monkeypatch):
    synced = []
    monkeypatch.setattr(files, "_linux", lambda: (4, 19))
    monkeypatch.setattr(batches.os, "fsync", synced.append)
    with Batch(objects) as batch:
        for number in range(100):
            batch.add(b"%d" % number, digest(b"%d" % number))
        batch.commit()
    assert len(synced) == 100


def test_the_file_system_of_a_directory_is_synced_where_the_system_can(tmp_path):
    assert files.sync_file_system(str(tmp_path)) in (True, False)
    with pytest.raises(FileNotFoundError):
        files.sync_file_system(str(tmp_path / "gone")) or os.stat(tmp_path / "gone")
