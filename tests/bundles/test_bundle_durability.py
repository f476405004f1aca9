"""What a failure of power may leave: no output that is torn under its name, and no record that would take one for whole."""

import errno
import os
import threading

import pytest

from assetzcml.bundles import Environment, building, ledger
from assetzcml.resolving import files

OUTPUTS = ["gen/one.js", "gen/two.%(version)s.js", "more/three.js"]


@pytest.fixture
def calls(monkeypatch):
    """What a build says to the disk, in order: ('sync', path as it was opened), ('name', its name to be)."""
    monkeypatch.setattr(building, "MOMENT", 600.0)  # however slow the disk is: all in one batch
    found = []
    lock = threading.Lock()
    opened, synced, replaced = os.open, os.fsync, os.replace
    paths = {}

    def open_(path, *arguments, **options):
        descriptor = opened(path, *arguments, **options)
        paths[descriptor] = os.fspath(path)
        return descriptor

    def fsync(descriptor):
        synced(descriptor)
        with lock:
            found.append(("sync", paths[descriptor]))

    def replace(source, target):
        with lock:
            found.append(("name", os.fspath(source), os.fspath(target)))
        replaced(source, target)

    for name, function in (("open", open_), ("fsync", fsync), ("replace", replace)):
        monkeypatch.setattr(os, name, function)
    return found


def registered(site, outputs):
    environment = site.environment(manifest="json")
    for output in outputs:
        environment.register(output, "a.js", "b.js", output=output)
    return environment


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("again", [False, True])
def test_an_output_has_its_name_when_its_bytes_are_on_the_disk_and_a_directory_is_synced_once(
    site, calls, count, again
):
    environment = registered(site, OUTPUTS[:count])
    if again:
        environment.build()
        site.replace("a.js", "changed\n")
    calls.clear()
    built = environment.build()
    assert [one.changed for one in built] == [True] * count
    syncs = [path for what, path, *_ in calls if what == "sync"]
    renamed = {
        target: (number, source)
        for number, (what, source, *rest) in enumerate(calls)
        if what == "name"
        for target in rest
    }
    for one in built:
        number, temporary = renamed[one.path]
        assert calls.index(("sync", temporary)) < number
        folder = os.path.dirname(one.path)
        assert [path for path in syncs if path == folder] == [folder]
        assert calls.index(("sync", folder)) > number


@pytest.mark.parametrize("unwritten, able, together", [
    (0, True, True), (files.LITTLE + 1, True, False), (0, False, False), (0, OSError(errno.EIO, "lost"), False),
])  # fmt: skip
def test_many_outputs_take_one_look_of_the_disk_where_others_have_little_to_write(
    site, calls, monkeypatch, unwritten, able, together
):
    def sync_file_system(directory):
        calls.append(("sync", "all"))
        if isinstance(able, OSError):
            raise able
        return able

    monkeypatch.setattr(files, "_unwritten", lambda: unwritten)
    monkeypatch.setattr(files, "sync_file_system", sync_file_system)
    registered(site, [f"gen/{number}.js" for number in range(files.SEVERAL)]).build()
    temporary = [call[1] for call in calls if call[0] == "name" and "/gen/" in call[1]]
    synced = [path for what, path, *_ in calls if what == "sync"]
    assert len(temporary) == files.SEVERAL
    assert [path for path in synced if path in temporary] == ([] if together else temporary)
    assert synced.count("all") == (unwritten == 0)
    first_name = next(number for number, call in enumerate(calls) if call[0] == "name")
    assert all(
        number < first_name for number, call in enumerate(calls) if call[1] in (*temporary, "all") and call[0] == "sync"
    )


def test_what_programs_have_left_to_write_is_asked_of_the_system():
    if os.path.exists("/proc/meminfo"):
        assert 0 <= files._unwritten() < 2**50


def test_every_directory_that_a_build_has_made_is_a_name_that_lasts(tmp_path, calls):
    (tmp_path / "a.js").write_text("a;")
    environment = Environment(str(tmp_path / "not/there"), "/s", load_path=[str(tmp_path)])
    environment.register("x", "a.js", output="deep/down/x.js").build()
    synced = [os.path.relpath(path, tmp_path) for what, path, *_ in calls if what == "sync"]
    assert sorted(path for path in synced if not path.endswith(".tmp")) == [
        ".", "not", "not/there", "not/there/deep", "not/there/deep/down",
    ]  # fmt: skip


def torn(content):
    """What file systems leave of a file whose name reached the disk before its bytes."""
    return {"empty": b"", "zeroes": bytes(len(content)), "half": content[: len(content) // 2]}


@pytest.mark.parametrize("damage", ["empty", "zeroes", "half"])
@pytest.mark.parametrize("ask", ["urls", "build"])
def test_an_output_whose_bytes_were_lost_is_never_taken_for_whole(site, damage, ask):
    """However that came about: a disk that lies, a restored backup. Its name, size and times may be those of before."""
    registered(site, OUTPUTS).build()
    for path in [*site.directory.glob("gen/*.js"), *site.directory.glob("more/*.js")]:
        whole, status = path.read_bytes(), path.stat()
        with open(path, "r+b") as stream:
            stream.truncate(0)
            stream.write(torn(whole)[damage])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = registered(site, OUTPUTS)
    if ask == "build":
        assert [one.changed for one in after.build()] == [True] * 3
    for output in OUTPUTS:
        (url,) = after[output].urls()
        assert site.file_at(url) == b"var a;\n\nvar b;\n"


@pytest.mark.parametrize("damage", ["empty", "zeroes", "half"])
def test_a_record_whose_bytes_were_lost_is_none(site, damage):
    registered(site, OUTPUTS).build()
    records = [site.directory / "assetzcml-build.json", *(site.directory / ".assetzcml").glob("*.build")]
    assert len(records) == 4
    for path in records:
        path.write_bytes(torn(path.read_bytes())[damage])
    assert [one.changed for one in registered(site, OUTPUTS).build()] == [True] * 3
    assert [one.changed for one in registered(site, OUTPUTS).build()] == [False] * 3


@pytest.mark.parametrize("manifest", ["json", "cache"])
def test_what_is_written_for_a_bundle_is_the_same_for_ten_and_for_many(site, monkeypatch, no_sync, manifest):
    """Manifests and the record are files for all bundles: they are not written anew for each of them."""
    monkeypatch.setattr(ledger, "SHARE", 1e9)  # however slow the disk is: at the beginning and at the end
    written = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: written.append(len(data)) or write(descriptor, data))

    def per_bundle(count):
        written.clear()
        environment = site.environment(manifest=manifest)
        for number in range(count):
            environment.register(f"b{number}", "a.js", output=f"gen{count}/{number}.%(version)s.js")
        environment.build()
        return len(written) / count, sum(written) / count

    calls, length = per_bundle(10)
    many = per_bundle(600 if os.environ.get("ASSETZCML_TESTS") == "full" else 150)
    assert many[0] <= calls
    assert many[1] < 3 * length
