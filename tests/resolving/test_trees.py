"""The version of a root: what is counted, what is not, when it is counted again, and what it costs."""

import contextlib
import hashlib
import json
import os
import shutil
import threading
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning, TreeCacheBuster
from assetzcml.records.assets import asset_spec
from assetzcml.resolving import counting, digests
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.trees import Trees

OLD = 1_700_000_000  # when the files of these tests were changed: long ago, so that their times can be trusted


def write(path, data="x", when=OLD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    os.utime(path, (when, when))


def registry_of(root, *more, **settings):
    """A registry with a static view of *root*, and with a tree."""
    registry = AssetRegistry(settings=settings)
    registry.add_static_view("static", str(root))
    registry.add_cache_buster(str(root), TreeCacheBuster())
    for path in more:
        registry.add_cache_buster(str(path), TreeCacheBuster())
    return registry


def counted(registry, root):
    return registry.part(Trees).tree(registry.snapshot, asset_spec(str(root))).current(anew=True)


@pytest.fixture(autouse=True)
def no_tick(monkeypatch):
    """The times of files that were written a moment ago are trusted, where they say that the bytes are old."""
    monkeypatch.setattr("assetzcml.resolving.fingerprints.TICK", 0)


@pytest.fixture
def root(tmp_path):
    directory = tmp_path / "root"
    write(directory / "css/app.css", "a{}")
    write(directory / "logo.png", "logo")
    return directory


def version_by_hand(files):
    """The format, said once more: sorted names, each with NUL, its SHA-256 in hex and LF."""
    text = b"".join(
        name.encode() + b"\0" + hashlib.sha256(data.encode()).hexdigest().encode() + b"\n"
        for name, data in sorted(files.items())
    )
    return hashlib.sha256(text).hexdigest()[:12]


def test_the_version_is_of_the_names_and_digests_in_order(root):
    count = counted(registry_of(root), root)
    assert count.version == version_by_hand({"css/app.css": "a{}", "logo.png": "logo"})
    assert count.directories == {"", "css"}


def test_two_copies_of_a_tree_have_one_version_whatever_their_times_order_and_modes(root, tmp_path):
    copy = tmp_path / "copy"
    for name in ("logo.png", "css/app.css"):
        write(copy / name, (root / name).read_bytes(), when=OLD + 999)
        (copy / name).chmod(0o600)
    assert counted(registry_of(copy), copy).version == counted(registry_of(root), root).version


@pytest.mark.parametrize(
    "name",
    [
        "app.css.gz",  # a variant, beside its asset
        "css/app.css.br",
        ".hidden",
        ".git/config",
        "view.py",
        "site.zcml",
        "view.py.bak",
    ],
)
def test_what_is_no_asset_by_a_plain_name_is_not_counted(root, name):
    write(root / "app.css", "b{}")
    before = counted(registry_of(root), root).version
    write(root / name, "more")
    assert counted(registry_of(root), root).version == before


def test_a_fifo_and_a_link_out_of_the_root_are_not_counted_and_a_link_inside_is(root, tmp_path):
    before = counted(registry_of(root), root).version
    os.mkfifo(root / "pipe")
    write(tmp_path / "secret.txt", "secret")
    (root / "secret.txt").symlink_to(tmp_path / "secret.txt")
    assert counted(registry_of(root), root).version == before
    (root / "same.png").symlink_to("logo.png")
    assert counted(registry_of(root), root).version == version_by_hand(
        {"css/app.css": "a{}", "logo.png": "logo", "same.png": "logo"}
    )


def test_what_a_deeper_cache_buster_covers_is_not_counted_but_for_an_explicit_one(root):
    registry = registry_of(root, root / "css")
    assert counted(registry, root).version == version_by_hand({"logo.png": "logo"})
    assert counted(registry, root / "css").version == version_by_hand({"app.css": "a{}"})
    explicit = registry_of(root)
    explicit.add_cache_buster(f"{root}/css", lambda request, subpath, kw: (subpath, kw), explicit=True)
    assert counted(explicit, root).version == version_by_hand({"css/app.css": "a{}", "logo.png": "logo"})


def test_overrides_count_what_is_really_served(package):
    shop = package({"static/a.css": "shop", "static/b.css": "b"}, name="tree_shop")
    package({"all/a.css": "theme", "all/c.css": "c"}, name="tree_theme")
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    registry.add_cache_buster(f"{shop}:static", TreeCacheBuster())
    tree = asset_spec(f"{shop}:static")
    assert counted(registry, tree).version == version_by_hand({"a.css": "shop", "b.css": "b"})
    registry.override_asset(f"{shop}:static/", "tree_theme:all/")
    assert counted(registry, tree).version == version_by_hand({"a.css": "theme", "b.css": "b", "c.css": "c"})
    registry.override_asset(f"{shop}:static/new.css", "tree_theme:all/c.css")
    assert set(counted(registry, tree).files) == {"a.css", "b.css", "c.css", "new.css"}


def test_a_tree_in_an_archive_is_counted(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("zipped_tree/__init__.py", "")
        archive.writestr("zipped_tree/static/css/app.css", "a{}")
    monkeypatch.syspath_prepend(tmp_path / "zipped.zip")
    registry = AssetRegistry()
    registry.add_static_view("static", "zipped_tree:static")
    registry.add_cache_buster("zipped_tree:static", TreeCacheBuster())
    assert counted(registry, "zipped_tree:static").version == version_by_hand({"css/app.css": "a{}"})


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root / "css/app.css", "b{}"),
        lambda root: write(root / "new.css", "a{}"),
        lambda root: write(root / "deep/er/new.css", "a{}"),
        lambda root: (root / "logo.png").unlink(),
        lambda root: (root / "logo.png").rename(root / "brand.png"),
        lambda root: shutil.rmtree(root / "css"),
    ],
)
def test_a_change_is_a_new_version(root, change):
    registry = registry_of(root)
    before = counted(registry, root)
    change(root)
    assert before.changed()
    after = counted(registry, root)
    assert after.version != before.version
    assert after.version == counted(registry_of(root), root).version


def test_a_source_of_an_override_that_appears_is_noticed(package):
    shop = package({"static/a.css": "shop"}, name="late_shop")
    package({"all/x": ""}, name="late_theme")
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    registry.add_cache_buster(f"{shop}:static", TreeCacheBuster())
    with pytest.warns(ConfigurationWarning, match="does not exist"):
        registry.override_asset(f"{shop}:static/a.css", "late_theme:all/a.css")
    before = counted(registry, asset_spec(f"{shop}:static"))
    write(package.directory / "late_theme/all/a.css", "theme")
    assert before.changed()
    assert counted(registry, asset_spec(f"{shop}:static")).version == version_by_hand({"a.css": "theme"})


def test_only_what_changed_is_read_again(root, monkeypatch):
    registry = registry_of(root)
    counted(registry, root)
    write(root / "css/app.css", "b{}")
    opened = opening(monkeypatch)
    counted(registry, root)
    assert opened == [str(root / "css/app.css")]


def opening(monkeypatch):
    """The files below that are opened from now on."""
    real, opened = digests.open_descriptor, []

    def spy(path):
        opened.append(str(path))
        return real(path)

    monkeypatch.setattr(digests, "open_descriptor", spy)
    return opened


def test_a_file_that_is_young_is_read_again_until_its_times_can_be_trusted(root):
    registry = registry_of(root)
    path = root / "young.css"
    path.write_text("one")
    status = path.stat()
    before = counted(registry, root)
    path.write_text("two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert before.files["young.css"].identity is None
    assert before.changed()
    assert counted(registry, root).version != before.version


def test_a_file_above_the_limit_counts_by_its_size_and_is_not_read(root, monkeypatch):
    write(root / "video.mp4", b"x" * 100)
    opened = opening(monkeypatch)
    count = counted(registry_of(root, tree_file_limit=99), root)
    assert count.files["video.mp4"].digest == "size:100"
    assert str(root / "video.mp4") not in opened
    write(root / "video.mp4", b"y" * 101)
    assert counted(registry_of(root, tree_file_limit=99), root).version != count.version


def test_an_unreadable_file_counts_by_its_name_and_is_named(root, monkeypatch, caplog):
    real = digests.open_descriptor

    def closed(path):
        if str(path).endswith("logo.png"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(digests, "open_descriptor", closed)
    registry = registry_of(root)
    assert counted(registry, root).files["logo.png"].digest == "-"
    write(root / "new.css")  # so that the tree is counted again
    assert counted(registry, root).files["logo.png"].digest == "-"
    assert [record.getMessage() for record in caplog.records] == [
        f"{root}/logo.png: Permission denied; it counts by its name in the version of {root}"
    ]


def test_a_tree_that_changes_while_it_is_counted_is_counted_again(root, monkeypatch):
    changes = iter(["b{}"])
    real = counting.file_digest

    def meanwhile(path):
        digest = real(path)
        for data in changes:
            write(root / "css/app.css", data, when=OLD + 5)
            write(root / "late.css", data)
        return digest

    monkeypatch.setattr(counting, "file_digest", meanwhile)
    assert counted(registry_of(root), root).version == version_by_hand(
        {"css/app.css": "b{}", "late.css": "b{}", "logo.png": "logo"}
    )


def test_it_is_counted_at_the_first_url_and_not_before(root, monkeypatch):
    walked = []
    real = counting.Walk.count
    monkeypatch.setattr(counting.Walk, "count", lambda walk: (walked.append(walk.path), real(walk))[1])
    registry = registry_of(root)
    registry.explain  # noqa: B018
    assert walked == []
    urls = {registry.static_path(f"{root}/{name}") for name in ("logo.png", "css/app.css", "css", "css/")}
    assert len(walked) == 1
    assert {url.split("/")[2] for url in urls} == {f"~{counted(registry, root).version}"}


def test_of_many_that_ask_first_one_counts_and_all_wait(root, monkeypatch):
    walked = []
    real, barrier = counting.Walk.count, threading.Barrier(6)
    monkeypatch.setattr(counting.Walk, "count", lambda walk: (walked.append(1), real(walk))[1])
    registry = registry_of(root)
    found = []

    def ask():
        barrier.wait()
        found.append(registry.static_path(f"{root}/logo.png"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(walked), len(set(found)), len(found)) == (1, 1, 6)


def test_a_new_configuration_counts_anew_and_reads_nothing_again(root, monkeypatch):
    registry = registry_of(root)
    before = counted(registry, root)
    opened = opening(monkeypatch)
    registry.add_static_view("other", f"{root}/css")
    assert counted(registry, root) is not before
    assert counted(registry, root).version == before.version
    assert opened == []


names = st.sampled_from(["a.css", "b.css", "d/a.css", "d/e/a.css"])
contents = st.dictionaries(names, st.sampled_from(["1", "2", ""]), max_size=4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=contents, after=contents)
def test_the_version_changes_exactly_when_a_served_byte_or_name_does(tmp_path_factory, before, after):
    root = tmp_path_factory.mktemp("tree")
    registry = registry_of(root)

    def lay(files):
        for path in sorted(root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        for name, data in files.items():
            write(root / name, data)
        return counted(registry, root).version

    assert (lay(before) == lay(after)) == (before == after)


paths = st.sampled_from(["a.css", "a.css.gz", "d", "d/a.css", "d/e/a.css", "d/e/b.css", ".h", "e/view.py", "e/a.css"])
layers = st.lists(st.tuples(paths, st.sampled_from(["", "d", "d/e", "e"])), max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees=st.lists(st.sets(paths, max_size=5), min_size=3, max_size=3), overrides=layers, link=st.booleans())
def test_a_directory_read_at_once_has_what_each_of_its_names_would_be_looked_up_as(
    package, monkeypatch, trees, overrides, link
):
    names = []
    for files in trees:
        deepest = [name for name in files if not any(other.startswith(f"{name}/") for other in files)]
        names.append(package({f"static/{name}": name for name in deepest}))
        (package.directory / names[-1] / "static").mkdir(exist_ok=True)
    if link:
        (package.directory / names[0] / "static/link").symlink_to("d")
    registry = AssetRegistry()
    registry.add_static_view("static", f"{names[0]}:static")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConfigurationWarning)
        for number, (target, source) in enumerate(overrides):
            ending = "a.css" if target.endswith((".css", ".gz")) else ""
            source = "/".join(filter(None, (f"{names[1 + number % 2]}:static", source, ending)))
            slash = "" if ending else "/"
            with contextlib.suppress(ConfigurationError):  # a file cannot stand for a directory
                registry.override_asset(f"{names[0]}:static/{target}{slash}", f"{source}{slash}")
    at_once = walked(registry, f"{names[0]}:static")
    with monkeypatch.context() as patched:
        patched.setattr(counting.Walk, "_layers", lambda walk, places: None)
        assert walked(registry, f"{names[0]}:static") == at_once


def walked(registry, root):
    count = counting.Walk(registry.snapshot, asset_spec(str(root)), Packages(), {}, 1 << 20).count()
    return count.version, {name: (file.path, file.digest) for name, file in count.files.items()}, count.directories


def test_a_link_to_a_directory_that_it_lies_in_is_no_endless_tree(root):
    (root / "css/back").symlink_to("..")
    (root / "css/again").symlink_to("back")
    assert set(counted(registry_of(root), root).files) == {"css/app.css", "logo.png"}


def test_a_file_that_comes_in_the_tick_of_the_clock_in_which_its_directory_was_listed_is_noticed(root):
    registry = registry_of(root)
    (root / "first.css").write_text("a")
    status = root.stat()
    before = counted(registry, root)
    (root / "second.css").write_text("b")
    os.utime(root, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert before.changed()
    assert set(counted(registry, root).files) == {"css/app.css", "logo.png", "first.css", "second.css"}


def test_a_file_that_is_gone_before_it_is_read_is_not_counted_and_not_told_of(root, monkeypatch, caplog):
    real = counting.file_digest

    def gone(path):
        if path.endswith("logo.png"):
            Path(path).unlink()
        return real(path)

    monkeypatch.setattr(counting, "file_digest", gone)
    assert set(counted(registry_of(root), root).files) == {"css/app.css"}
    assert caplog.records == []


# The digest store.


@pytest.fixture
def store(tmp_path):
    return tmp_path / "digests.store"


def test_after_a_restart_no_file_is_read_again(root, store, monkeypatch):
    before = counted(registry_of(root, digest_store=store), root)
    assert store.stat().st_mode & 0o777 == 0o600
    opened = opening(monkeypatch)
    assert counted(registry_of(root, digest_store=str(store)), root).version == before.version
    assert opened == []


@pytest.mark.parametrize(
    "spoil, why",
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "it is broken"),
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "it is broken"),
        (lambda path: path.write_bytes(b""), "it is broken"),
        (lambda path: path.write_bytes(b"\xff" * 400), "it is broken"),
        (lambda path: path.chmod(0o666), "others may write it"),
        (
            lambda path: of(path, {"schema": 2, "host": "elsewhere", "files": [], "digests": []}),
            "it was written on another host",
        ),
        (lambda path: of(path, {"schema": 9, "host": ""}), "it was written by another version"),
        (lambda path: of(path, ["nothing"]), "it is broken"),
        (lambda path: said(path, files=[1, 2, 3, 4], digests=["0" * 64]), "it is broken"),
        (lambda path: said(path, files=[1, 2, 3, 4, "5"], digests=["0" * 64]), "it is broken"),
        (lambda path: said(path, files=[1, 2, 3, 4, 5], digests=["../etc"]), "it is broken"),
        (lambda path: said(path, files=None, digests={}), "it is broken"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "it is no regular file"),
    ],
)
def test_a_store_that_is_not_to_be_trusted_is_passed_over_with_one_warning(root, store, caplog, spoil, why):
    before = counted(registry_of(root, digest_store=store), root).version
    spoil(store)
    registry = registry_of(root, digest_store=store)
    assert [counted(registry, root).version for _ in range(2)] == [before] * 2
    assert [record.getMessage() for record in caplog.records] == [f"the digest store {store}: it is passed over: {why}"]


def said(path, **told):
    of(path, {"schema": 2, "host": os.uname().nodename, **told})


def of(path, told):
    body = json.dumps(told).encode()
    path.write_bytes(body + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n")


def test_a_store_of_another_user_is_passed_over(root, store, monkeypatch, caplog):
    counted(registry_of(root, digest_store=store), root)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    counted(registry_of(root, digest_store=store), root)
    assert "it belongs to another user" in caplog.text


def test_a_store_is_never_written_into_a_published_root(root, caplog):
    counted(registry_of(root, digest_store=root / "digests"), root)
    assert not (root / "digests").exists()
    assert "it lies in a published root, and is not written" in caplog.text


def test_a_store_that_cannot_be_written_fails_nothing(root, tmp_path, caplog):
    place = tmp_path / "none" / "digests"
    assert counted(registry_of(root, digest_store=place), root).version
    assert [record.getMessage() for record in caplog.records] == [
        f"the digest store {place}: it cannot be written: No such file or directory"
    ]


def test_a_digest_of_the_store_is_of_the_very_file(root, store):
    counted(registry_of(root, digest_store=store), root)
    path = Path(root / "logo.png")
    write(path, "logO", when=OLD + 1)
    assert counted(registry_of(root, digest_store=store), root).version == version_by_hand(
        {"css/app.css": "a{}", "logo.png": "logO"}
    )


# Trees that nobody would wish for.


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for this user")
def test_a_file_without_permission_fails_no_url_and_is_named(root, caplog):
    (root / "logo.png").chmod(0)
    registry = registry_of(root)
    assert registry.static_path(f"{root}/css/app.css") == f"/static/~{counted(registry, root).version}/css/app.css"
    assert f"{root}/logo.png: Permission denied" in caplog.text


def test_a_file_of_twenty_gigabytes_counts_by_its_size_and_nothing_of_it_is_read(root, monkeypatch):
    with open(root / "film.mkv", "wb") as stream:
        stream.truncate(20 << 30)  # sparse: it takes no room
    opened = opening(monkeypatch)
    registry = registry_of(root)
    url = registry.static_path(f"{root}/css/app.css")
    assert counted(registry, root).files["film.mkv"].digest == f"size:{20 << 30}"
    assert str(root / "film.mkv") not in opened
    assert url.startswith("/static/~")


@pytest.mark.slow
def test_of_a_hundred_thousand_files_one_that_changes_meanwhile_is_counted_as_it_is_at_the_end(root, monkeypatch):
    for number in range(100_000):
        path = root / f"{number // 1000}/{number}.txt"
        if number % 1000 == 0:
            path.parent.mkdir()
        path.write_text(str(number))
        os.utime(path, (OLD, OLD))
    changes = iter(["changed"])
    real = counting.file_digest

    def meanwhile(path):
        digest = real(path)
        for data in changes:
            write(root / "50/50000.txt", data, when=OLD + 5)
            write(root / "7/7000.txt", data, when=OLD + 5)
        return digest

    monkeypatch.setattr(counting, "file_digest", meanwhile)
    registry = registry_of(root)
    count = counted(registry, root)
    assert len(count.files) == 100_002
    assert {count.files[name].digest for name in ("50/50000.txt", "7/7000.txt")} == {
        hashlib.sha256(b"changed").hexdigest()
    }
    assert counted(registry_of(root), root).version == count.version
