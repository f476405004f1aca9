"""Releases into the store of contents and out of it: what is written, what is taken away, and what a fault leaves."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner

from assetzcml import AssetRegistry, ConfigurationError, DigestCacheBuster, TreeCacheBuster
from assetzcml.cli import main
from assetzcml.publishing.storing import collect, store
from assetzcml.resolving.objects import Objects
from assetzcml.resolving.releases import Releases
from documents import document, write_tree
from faults import sweep

OLD = 1_700_000_000
DAY = 24 * 60 * 60


@pytest.fixture
def root(tmp_path):
    write_tree(tmp_path / "root", {"a.css": "a", "img/b.png": "b", "same.css": "a", ".hidden": "h", "view.py": "p"})
    return tmp_path / "root"


@pytest.fixture
def place(tmp_path):
    return tmp_path / "store"


def release(root, place, buster=TreeCacheBuster, **options):
    made = AssetRegistry()
    made.add_static_view("static", str(root))
    made.add_content_store(place, **options)
    made.add_cache_buster(str(root), buster(former="stored"))
    return made


def contents(place):
    return {path.parent.name + path.name for path in (place / "objects").rglob("*") if path.is_file()}


def entries(place):
    return {entry.name: entry for stamp in Releases(place).stamps() for entry in Releases(place).read(stamp.digest)}


def digests(*texts):
    return {hashlib.sha256(text.encode()).hexdigest() for text in texts}


def age(path, seconds=30 * DAY):
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.mark.parametrize("buster, form", [(TreeCacheBuster, "~{}"), (DigestCacheBuster, "{}")])
def test_a_release_is_every_asset_that_has_a_version_and_nothing_else(root, place, buster, form):
    made = release(root, place, buster)
    stored = store(made)
    assert (stored.assets, stored.objects, stored.bytes, stored.written) == (3, 2, 2, True)
    assert contents(place) == digests("a", "b")
    found = entries(place)
    assert set(found) == {"static/a.css", "static/img/b.png", "static/same.css"}
    url = made.static_path(f"{root}/a.css")
    version = url.split("/")[2] if form[0] == "~" else url[len("/static/a-") :].removesuffix(".css")
    assert found["static/a.css"].versions == (version,)
    assert (found["static/a.css"].type, found["static/a.css"].spec) == ("text/css; charset=utf-8", "")
    assert str(root) not in (place / "generations" / f"{stored.release}.json").read_text()


def test_the_same_files_elsewhere_are_the_same_release(root, place, tmp_path):
    stored = store(release(root, place))
    shutil.copytree(root, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*"):
        os.utime(path, (OLD, OLD))
    again = store(release(tmp_path / "copy", place))
    assert (again.release, again.objects, again.written) == (stored.release, 0, False)


def test_an_override_is_stored_as_it_is_served(package, place):
    shop, theme = package({"static/a.css": "shop"}), package({"a.css": "theme"})
    made = release(f"{shop}:static", place)
    made.override_asset(f"{shop}:static/a.css", f"{theme}:a.css")
    store(made)
    entry = entries(place)["static/a.css"]
    assert (entry.object, entry.spec, entry.source) == (*digests("theme"), f"{shop}:static/a.css", f"{theme}:a.css")


def test_without_a_store_or_a_buster_that_asks_for_it_there_is_nothing_to_do(root, place):
    with pytest.raises(ConfigurationError, match="nothing says where"):
        store(AssetRegistry())
    made = AssetRegistry()
    made.add_content_store(place)
    assert store(made).assets == 0


def test_an_object_that_was_tampered_with_is_put_again_by_the_next_store(root, place):
    store(release(root, place))
    [broken] = [path for path in (place / "objects").rglob("*") if path.is_file() and path.read_bytes() == b"a"]
    broken.chmod(0o644)
    broken.write_bytes(b"x")
    assert store(release(root, place)).written is False
    assert broken.read_bytes() == b"a"


def test_a_file_that_changes_while_it_is_stored_is_counted_again(root, place, monkeypatch):
    real, changes = Objects.put, iter([True])

    def put(self, stream, expected=None, prove=False):
        if next(changes, False):
            (root / "a.css").write_text("now")
            (root / "same.css").write_text("now")
            with open(root / "a.css", "rb") as now:
                return real(self, now)
        return real(self, stream, expected, prove)

    monkeypatch.setattr(Objects, "put", put)
    store(release(root, place))
    assert {entry.object for entry in entries(place).values()} == digests("now", "b")


def test_a_file_that_never_stands_still_is_named(root, place, monkeypatch):
    real = Objects.put

    def put(self, stream, expected=None, prove=False):
        return real(self, stream)._replace(digest="0" * 64)

    monkeypatch.setattr(Objects, "put", put)
    with pytest.raises(OSError, match=r"it changes while it is stored; a release has to stand still: .*root/"):
        store(release(root, place))
    assert not (place / "generations").exists()


def test_processes_that_store_at_once_leave_one_of_each(root, place):
    threads = [threading.Thread(target=store, args=(release(root, place),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents(place) == digests("a", "b")
    assert len(Releases(place).stamps()) == 1


def test_pipes_in_the_places_of_manifests_and_states_are_waited_for_by_nobody(root, place):
    stored = store(release(root, place))
    found = [*(place / "generations").iterdir(), *(place / "states").iterdir()]
    for path in found:
        path.unlink()
        os.mkfifo(path)
    again = store(release(root, place), anew=False)
    assert again.release == stored.release
    assert all(path.is_file() for path in found)
    for path in found:
        path.unlink()
        os.mkfifo(path)
    assert collect(release(root, place).snapshot.store).broken == (str(found[0]),)


# Taking away.


@pytest.fixture
def three(root, place):
    """Three releases, of which each has one file that no other has; the first was used a month ago."""
    for text in ("1", "2", "3"):
        (root / "a.css").write_text(text)
        stored = store(release(root, place))
        if text == "1":
            age(place / "generations" / f"{stored.release}.json")
    for path in (place / "objects").rglob("*"):
        if path.is_file():
            age(path)
    return release(root, place, keep=2, younger="14d")


def test_what_no_kept_release_names_is_taken_away_and_nothing_else(three, place):
    done = collect(three.snapshot.store)
    assert (done.releases, done.removed_releases, done.objects, done.removed_objects, done.bytes) == (2, 1, 4, 1, 1)
    assert contents(place) == digests("2", "3", "a", "b")
    assert collect(three.snapshot.store)[1::2] == (0, 0, ())


@pytest.mark.parametrize("options", [{"keep": 3, "younger": 0}, {"keep": 1, "younger": "60d"}])
def test_count_or_age_alone_keeps_a_release(three, place, options):
    three.add_content_store(place, **options)
    assert collect(three.snapshot.store).removed_releases == 0


def test_what_was_stored_a_moment_ago_stays_whoever_names_it(three, place):
    with Objects(place).writing():
        import io

        Objects(place).put(io.BytesIO(b"young"))
    collect(three.snapshot.store)
    assert contents(place) == digests("2", "3", "a", "b", "young")


def test_a_manifest_of_a_later_version_stops_it_before_anything_goes(three, place):
    name = "0" * 64
    content = b'{"schema":2,"entries":[\n]}\n'
    name = hashlib.sha256(content).hexdigest()
    (place / "generations" / f"{name}.json").write_bytes(content)
    before = contents(place)
    with pytest.raises(ConfigurationError, match="its schema is 2"):
        collect(three.snapshot.store)
    assert contents(place) == before
    assert len(Releases(place).stamps()) == 4


def test_verifying_finds_what_is_broken_and_takes_it_away(three, place):
    [broken] = [path for path in (place / "objects").rglob("*") if path.is_file() and path.read_bytes() == b"3"]
    broken.chmod(0o644)
    broken.write_bytes(b"x")
    assert collect(three.snapshot.store).broken == ()
    assert collect(three.snapshot.store, verify=True).broken == (str(broken),)
    store(three)
    assert broken.read_bytes() == b"3"


# Faults.

COLLECT = """
from assetzcml.publishing.storing import collect
from assetzcml.records.site import ContentStore
def prepare():
    pass
def act(directory):
    collect(ContentStore(directory=directory, keep=2))
"""


@pytest.mark.whole
@pytest.mark.parametrize("fault", ["KILL", "ENOSPC"])
def test_a_fault_at_any_call_of_a_collection_harms_no_kept_release_and_the_next_one_ends_it(three, place, fault):
    whole = shutil.copytree(place, place.parent / "whole")
    statuses = []
    for status in sweep(COLLECT, fault, place):
        statuses.append(status)
        for stamp in Releases(place).kept(2, 14 * DAY)[0]:
            assert all(map(Objects(place).is_whole, Releases(place).read(stamp.digest).objects()))
        collect(three.snapshot.store)
        assert contents(place) == digests("2", "3", "a", "b")
        shutil.rmtree(place)
        shutil.copytree(whole, place)
    assert len(statuses) > 3


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["KILL", "ENOSPC", "EIO"])
@pytest.mark.parametrize(
    "call", ["openat", "write", "fsync", "rename", "link", "close", "mkdir", "unlink", "utimensat"]
)
@pytest.mark.parametrize("command", ["store", "gc"])
def test_the_commands_heal_after_a_fault_at_any_call_of_the_system(three, root, place, tmp_path, command, fault, call):
    if shutil.which("strace") is None:
        pytest.skip("there is no strace")
    config = tmp_path / "site.zcml"
    config.write_text(
        document(
            f'<staticView name="static" path="{root}"/><contentStore directory="{place}" keep="2"/>'
            f'<cacheBuster path="{root}" tree="sha256" former="stored"/>'
        )
    )
    (root / "a.css").write_text("4")
    if command == "gc":
        store(release(root, place))
    for path in (place / "objects").rglob("*"):
        if path.is_file():
            age(path)
    whole = shutil.copytree(place, place.parent / "whole")
    run = [sys.executable, "-m", "assetzcml", command, str(config)]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    expected = contents(place)
    anew(whole, place)
    log = tmp_path / "log"
    trace = ["strace", "-f", "-qq", "-y", "-e", f"trace={call}", "-o", str(log), *run]
    subprocess.run(trace, check=True, stdout=subprocess.DEVNULL)
    lines = [line for line in log.read_text().splitlines() if f"{call}(" in line]
    for number in [number for number, line in enumerate(lines, start=1) if str(place) in line]:
        anew(whole, place)
        inject = "signal=KILL" if fault == "KILL" else f"error={fault}"
        faulty = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        faulty += ["-e", f"inject={call}:{inject}:when={number}", *run]
        ended = subprocess.run(faulty, capture_output=True)
        for stamp in Releases(place).kept(2, 14 * DAY)[0]:
            assert all(map(Objects(place).is_whole, Releases(place).read(stamp.digest).objects())), (call, number)
        if ended.returncode == 0:
            assert contents(place) == expected, (call, number)
        elif fault != "KILL":
            assert not (place / "tmp").exists() or call == "unlink" or os.listdir(place / "tmp") == [], (
                call,
                number,
            )
            assert b"Traceback" not in ended.stderr, ended.stderr
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        assert contents(place) == expected, (call, number)
        assert not (place / "tmp").exists() or os.listdir(place / "tmp") == []


def anew(whole, place):
    shutil.rmtree(place)
    shutil.copytree(whole, place)


# The commands.


@pytest.fixture
def config(root, place, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(
        document(
            f'<staticView name="static" path="{root}"/><contentStore directory="{place}"/>'
            f'<cacheBuster path="{root}" tree="sha256" former="stored"/>'
        )
    )
    return str(path)


def run(*arguments, status=0):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    return result


def test_store_says_what_it_has_written_and_what_was_there(config):
    assert "stored: release" in run("store", config).output
    assert "there already: release" in run("store", config).output
    said = json.loads(run("store", config, "--format", "json").output)
    assert (said["assets"], said["objects"], said["written"]) == (3, 0, False)


def test_gc_says_what_it_has_removed(config, place):
    assert "`assetzcml store` makes it" in run("gc", config, status=1).output
    run("store", config)
    told = "0 releases and 0 objects removed, 0 bytes; 1 releases and 2 objects kept\n"
    assert run("gc", config, "--verify").output == told
    [broken] = [path for path in (place / "objects").rglob("*") if path.is_file() and path.read_bytes() == b"a"]
    broken.chmod(0o644)
    broken.write_bytes(b"x")
    ended = run("gc", config, "--verify", status=1)
    assert f"broken: {broken}" in ended.output
    assert "the name; nobody was served one" in ended.output


@pytest.mark.parametrize("command", ["store", "gc"])
def test_without_a_store_it_is_said_how_to_declare_one(command, root, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(document(f'<staticView name="static" path="{root}"/>'))
    assert "no contentStore is declared; <contentStore directory=" in run(command, str(path), status=1).output


def test_a_store_that_nothing_is_asked_of_is_told_of(root, place, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(document(f'<staticView name="static" path="{root}"/><contentStore directory="{place}"/>'))
    assert 'no cacheBuster says former="stored"' in run("store", str(path), status=1).output


def test_what_the_system_refuses_is_named(config, place):
    place.write_text("a file")
    assert str(place) in run("store", config, status=1).output
