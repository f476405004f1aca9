import errno
import hashlib
import io
import os
import shutil
import stat
import threading
import time

import pytest

from assetzcml.resolving.objects import BrokenObject, Objects, StoredObject, Unfit, create_only
from assetzcml.resolving.releases import Releases
from faults import sweep

A, B = b"a { color: red }", b"b { color: blue }"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def put(objects, *contents):
    with objects.writing():
        stored = [objects.put(io.BytesIO(content)) for content in contents]
        objects.sync()
    return stored


def tree(directory):
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, directory)] = stream.read()
    return found


@pytest.fixture
def objects(tmp_path):
    return Objects(tmp_path / "store")


def place(content):
    return f"objects/{digest(content)[:2]}/{digest(content)[2:]}"


def test_contents_are_kept_under_their_digest_and_nothing_else_is_left(objects):
    assert put(objects, A, B, b"", A) == [StoredObject(digest(each), len(each)) for each in (A, B, b"", A)]
    assert tree(objects.directory) == {place(A): A, place(B): B, place(b""): b"", "lock": b""}
    assert objects.read(digest(A)) == A
    assert list(objects.digests()) == sorted(map(digest, (A, B, b"")))


def test_nothing_is_made_by_reading(objects):
    with pytest.raises(FileNotFoundError):
        objects.read(digest(A))
    assert (objects.size(digest(A)), objects.is_whole(digest(A)), list(objects.digests())) == (None, False, [])
    assert not os.path.exists(objects.directory)


@pytest.mark.parametrize("name", ["", "ab", "../" + "a" * 61, "A" * 64, digest(A) + "\n", "objects"])
def test_what_is_no_digest_leads_nowhere(objects, name):
    with pytest.raises(ValueError, match="is not a SHA-256"):
        objects.read(name)


def test_nobody_writes_an_object_again(objects):
    put(objects, A)
    before = os.stat(objects.path(digest(A)))
    put(objects, A)
    assert os.stat(objects.path(digest(A))) == before
    assert stat.S_IMODE(before.st_mode) & 0o222 == 0


def test_what_is_expected_and_there_is_not_read_again(objects):
    put(objects, A)
    stream = io.BytesIO(B)
    with objects.writing():
        assert objects.put(stream, StoredObject(digest(A), len(A))) == StoredObject(digest(A), len(A))
    assert stream.tell() == 0


@pytest.mark.parametrize("damage", [b"", A[:-1], A.replace(b"red", b"tan"), A + b"x"])
def test_an_object_that_does_not_hash_to_its_name_is_never_given(objects, damage):
    put(objects, A)
    os.unlink(objects.path(digest(A)))
    with open(objects.path(digest(A)), "wb") as stream:
        stream.write(damage)
    with pytest.raises(BrokenObject, match="does not have the digest"):
        objects.read(digest(A))
    assert not objects.is_whole(digest(A))


@pytest.mark.parametrize("damage", [b"", A[:-1]])
def test_an_object_that_was_cut_is_put_again(objects, damage):
    put(objects, A)
    os.unlink(objects.path(digest(A)))
    with open(objects.path(digest(A)), "wb") as stream:
        stream.write(damage)
    put(objects, A)
    assert objects.read(digest(A)) == A


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/hostname", path)])
def test_what_is_no_regular_file_is_no_object(objects, make):
    put(objects, A)
    os.unlink(objects.path(digest(A)))
    make(objects.path(digest(A)))
    with pytest.raises((BrokenObject, OSError)):
        objects.read(digest(A))


def test_a_directory_that_everybody_may_write_into_is_unfit(objects):
    put(objects, A)
    os.chmod(objects.directory, 0o777)
    with pytest.raises(Unfit, match="everybody may write into"):
        objects.check()


def test_what_a_killed_process_left_is_cleared_away_by_the_next(objects):
    put(objects, A)
    with open(f"{objects.directory}/tmp/half.tmp", "wb") as stream:
        stream.write(b"half")
    put(objects, B)
    assert os.listdir(f"{objects.directory}/tmp") == []


def test_what_is_not_ours_is_never_cleared_away(objects, tmp_path):
    put(objects, A)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/kept.txt").write_text("kept")
    os.rmdir(f"{objects.directory}/tmp")
    os.symlink(tmp_path / "theirs", f"{objects.directory}/tmp")
    put(objects, B)
    assert os.listdir(tmp_path / "theirs") == ["kept.txt"]


def test_a_young_object_is_spared_and_an_old_one_goes(objects):
    put(objects, A, B)
    old = time.time() - 7200
    os.utime(objects.path(digest(A)), (old, old))
    assert (objects.remove(digest(A)), objects.remove(digest(B)), objects.remove("0" * 64)) == (True, False, True)
    assert list(objects.digests()) == [digest(B)]


def test_what_is_put_again_is_young_again(objects):
    put(objects, A)
    old = time.time() - 7200
    os.utime(objects.path(digest(A)), (old, old))
    with objects.writing():
        objects.put(io.BytesIO(A), StoredObject(digest(A), len(A)))
    assert not objects.remove(digest(A))


def test_a_file_system_without_hard_links_will_do(objects, monkeypatch):
    def link(*arguments, **options):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    put(objects, A, A)
    assert tree(objects.directory) == {place(A): A, "lock": b""}


def test_another_host_that_clears_away_what_is_being_written_costs_one_more_attempt(objects, monkeypatch):
    calls = []

    def cleared(temporary, path, replace=False):
        calls.append(path)
        if len(calls) == 1:
            os.unlink(temporary)
        create_only(temporary, path, replace)

    monkeypatch.setattr("assetzcml.resolving.objects.create_only", cleared)
    put(objects, A)
    assert (len(calls), objects.read(digest(A))) == (2, A)


def test_a_disk_that_is_full_when_the_file_is_closed_leaves_nothing_behind(objects, monkeypatch):
    real, failing = os.close, []

    def close(descriptor):
        real(descriptor)
        if failing:
            raise OSError(failing.pop(), "No space left on device")

    with objects.writing():
        failing.append(errno.ENOSPC)
        monkeypatch.setattr(os, "close", close)
        with pytest.raises(OSError, match="No space left"):
            objects.put(io.BytesIO(A))
        monkeypatch.undo()
    assert os.listdir(f"{objects.directory}/tmp") == []


def test_threads_that_put_the_same_at_once_leave_one_of_each(objects):
    contents = [bytes([number]) * 5000 for number in range(20)]
    threads = [threading.Thread(target=put, args=(Objects(objects.directory), *contents)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tree(objects.directory) == {**{place(each): each for each in contents}, "lock": b""}


def test_who_waits_too_long_is_told(objects):
    with objects.writing(), pytest.raises(TimeoutError), Objects(objects.directory).writing(timeout=0.01):
        raise AssertionError("two hold the lock")


# Two objects and the manifest of a release, as `sweep` runs it.
STORE = """
import io
from assetzcml.resolving.objects import Objects
from assetzcml.resolving.releases import Releases, Released, release_bytes
def prepare():
    pass
def act(directory):
    objects = Objects(directory)
    with objects.writing():
        stored = [objects.put(io.BytesIO(content)) for content in (b"one", b"two")]
        objects.sync(each.digest for each in stored)
        entries = [Released(name=str(n), object=s.digest, size=s.size, type="text/css") for n, s in enumerate(stored)]
        Releases(directory).write(release_bytes(entries))
"""


@pytest.mark.whole
@pytest.mark.parametrize("fault", ["KILL", "ENOSPC"])
def test_a_fault_at_any_call_of_the_system_leaves_nothing_wrong_and_the_next_run_heals_it(tmp_path, fault):
    directory = str(tmp_path / "store")
    program = {}
    exec(STORE, program)
    releases, objects = Releases(directory), Objects(directory)
    statuses = []
    for status in sweep(STORE, fault, directory):
        statuses.append(status)
        for stamp in releases.stamps():
            assert all(map(objects.is_whole, releases.read(stamp.digest).objects()))
        assert all(map(objects.is_whole, objects.digests()))
        if fault == "ENOSPC" and os.path.exists(f"{directory}/tmp"):
            assert os.listdir(f"{directory}/tmp") == []
        program["act"](directory)
        assert list(objects.digests()) == sorted(map(digest, (b"one", b"two")))
        assert [len(releases.read(stamp.digest)) for stamp in releases.stamps()] == [2]
        assert os.listdir(f"{directory}/tmp") == []
        shutil.rmtree(directory)
    assert len(statuses) > 15
    assert set(statuses) <= {"KILL": {9, 0}, "ENOSPC": {1, 2, 0}}[fault]
