"""Other releases' versions of an asset, from the store of contents: with the bytes of theirs, and to whom."""

import gzip
import logging
import os
import shutil
from pathlib import Path

import clients
import pytest

from assetzcml import DigestCacheBuster, TreeCacheBuster
from assetzcml.publishing.storing import collect, store
from assetzcml.serving.contents import Contents
from assetzcml.serving.wsgi import StaticApp

FOREVER = "public, max-age=31536000, immutable"
OLD = 1_700_000_000
BUSTERS = {"tree": TreeCacheBuster, "digest": DigestCacheBuster}


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (OLD, OLD))


@pytest.fixture
def root(tmp_path):
    for name, data in {"app.css": b"old", "img/bg.png": b"png", "private/x.css": b"x"}.items():
        write(tmp_path / "root" / name, data)
    return tmp_path / "root"


@pytest.fixture(params=["tree", "digest"])
def way(request):
    return request.param


@pytest.fixture
def release(root, tmp_path, way):
    """A function that makes the registry of a release of the files as they are now."""

    def make(*views, policy=None, **options):
        made = clients.registry(("static", root, options), *views, policy=policy)
        made.add_content_store(tmp_path / "store")
        made.add_cache_buster(str(root), BUSTERS[way](former="stored"))
        return made

    return make


def url(registry, root, name="app.css"):
    return registry.static_path(f"{root}/{name}")


def told(answer):
    return answer.status, answer.first("Cache-Control"), answer.body


def test_a_former_version_has_the_bytes_it_had(ask, release, root):
    first = release()
    former = url(first, root)
    assert told(ask(first, former)) == (200, FOREVER, b"old")
    write(root / "app.css", b"new")
    second = release()
    assert url(second, root) != former
    assert told(ask(second, url(second, root))) == (200, FOREVER, b"new")
    answer = ask(second, former)
    assert told(answer) == (200, FOREVER, b"old")
    assert ask(second, former, headers={"If-None-Match": answer.first("ETag")}).status == 304
    assert ask(second, former, headers={"Range": "bytes=1-"}).body == b"ld"
    assert told(ask(second, former, method="HEAD")) == (200, FOREVER, b"")


def test_an_asset_that_is_gone_is_answered_under_its_former_versions_only(ask, release, root):
    first = release()
    former = url(first, root, "img/bg.png")
    ask(first, former)
    (root / "img/bg.png").unlink()
    second = release()
    assert told(ask(second, former)) == (200, FOREVER, b"png")
    assert ask(second, "/static/img/bg.png").status == 404
    assert ask(second, former.replace("bg", "bh")).status == 404


def test_a_coming_version_is_answered_by_a_process_that_runs_since_before(release, root):
    old = StaticApp(release())
    write(root / "app.css", b"new")
    os.utime(root / "app.css", (OLD + 1, OLD + 1))
    write(root / "added.css", b"added")
    shutil.copytree(root, root.parent / "elsewhere")
    write(root / "app.css", b"old")
    (root / "added.css").unlink()
    # The new release is stored by a host whose files lie elsewhere.
    new = clients.registry(("static", root.parent / "elsewhere"))
    new.add_content_store(root.parent / "store")
    new.add_cache_buster(
        str(root.parent / "elsewhere"), type(old.registry.snapshot.bustings[0].buster)(former="stored")
    )
    store(new)
    assert told(clients.wsgi(old, url(new, root.parent / "elsewhere"))) == (200, FOREVER, b"new")
    assert told(clients.wsgi(old, url(new, root.parent / "elsewhere", "added.css"))) == (200, FOREVER, b"added")


def test_the_type_is_that_of_then(ask, release, root):
    first = release()
    first.add_media_type("css", "text/x-then")
    former = url(first, root)
    ask(first, former)
    write(root / "app.css", b"new")
    assert ask(release(), former).first("Content-Type").startswith("text/x-then")


def test_a_version_that_no_release_had_gets_the_current_bytes_and_nobody_may_store_them(ask, release, root, way):
    made = release()
    made_up = "/static/~000000000000/app.css" if way == "tree" else "/static/app-000000000000.css"
    assert told(ask(made, made_up)) == (200, "no-store", b"old")


def test_variants_of_then_are_sent_to_who_takes_them(ask, release, root):
    text = b"a {} " * 100
    write(root / "app.css", text)
    write(root / "app.css.gz", gzip.compress(text, mtime=0))
    first = release(content_encodings=("gzip",))
    former = url(first, root)
    ask(first, former)
    write(root / "app.css", b"new")
    (root / "app.css.gz").unlink()
    answer = ask(release(content_encodings=("gzip",)), former, headers={"Accept-Encoding": "gzip"})
    assert (answer.first("Content-Encoding"), gzip.decompress(answer.body)) == ("gzip", text)
    assert ask(release(), former, headers={"Accept-Encoding": "gzip"}).body == text


def test_what_lies_beside_an_asset_and_is_of_other_bytes_is_not_stored(release, root, tmp_path):
    write(root / "app.css.gz", gzip.compress(b"another"))
    store(release(content_encodings=("gzip",)))
    assert len(list((tmp_path / "store/objects").rglob("??????*"))) == 3


# Who may have it.


def test_todays_permission_is_asked_for_a_former_version(ask, release, root):
    first = release()
    former = url(first, root)
    ask(first, former)
    write(root / "app.css", b"new")
    for verdict, expected in ((True, (200, "private, max-age=31536000, immutable")), (False, (403, "no-store"))):
        second = release(permission="view", policy=clients.Policy(verdict))
        assert told(ask(second, former))[:2] == expected


def test_what_was_protected_then_goes_to_nobody_who_is_not_asked_for_it_now(ask, release, root):
    first = release(permission="view", policy=clients.Policy(True))
    former = url(first, root)
    assert told(ask(first, former))[2] == b"old"
    gone = url(first, root, "img/bg.png")
    write(root / "app.css", b"new")
    (root / "img/bg.png").unlink()
    second = release()
    assert told(ask(second, former)) == (200, "no-store", b"new")
    assert ask(second, gone).status == 404
    third = release(permission="another", policy=clients.Policy(True))
    assert told(ask(third, former)) == (200, "no-store", b"new")


def test_a_former_version_of_what_a_view_with_a_longer_name_protects_is_asked_for_there(ask, release, root):
    first = release()
    former = url(first, root, "private/x.css")
    ask(first, former)
    second = release(("static/private", root / "private", {"permission": "view"}), policy=clients.Policy(False))
    assert ask(second, former).status == 403


def test_the_name_of_a_view_with_a_longer_name_is_stored_of_that_view(release, root, tmp_path):
    write(tmp_path / "other" / "x.css", b"other")
    made = release(("static/private", tmp_path / "other"))
    made.add_cache_buster(str(tmp_path / "other"), TreeCacheBuster(former="stored"))
    store(made)
    contents = Contents(made)
    [path] = (tmp_path / "store/generations").iterdir()
    release_ = contents._release(str(tmp_path / "store"), path.stem)
    found = release_.find("static/private/x.css")
    assert (found.view, found.size) == ("static/private", len(b"other"))


# A store that is not as it should be.


@pytest.fixture
def two(release, root):
    """A second release, and the URL of an asset in the first."""
    first = release()
    former = url(first, root)
    store(first)
    write(root / "app.css", b"new")
    second = release()
    store(second)
    return second, former


def objects(tmp_path):
    return [path for path in (tmp_path / "store/objects").rglob("*") if path.is_file()]


def damage(path, data):
    os.chmod(path, 0o644)
    path.write_bytes(data)


def piped(path):
    """Who opens it for reading would wait until somebody writes."""
    path.unlink()
    os.mkfifo(path)


def linked(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize("data", [b"", b"o", b"odd", b"older"])
def test_an_object_that_does_not_hash_to_its_name_is_never_served(ask, two, tmp_path, caplog, data):
    for path in objects(tmp_path):
        if path.read_bytes() == b"old":
            damage(path, data)
    assert told(ask(*two)) == (200, "no-store", b"new")
    assert "does not have the digest that is its name" in caplog.text


def test_an_object_that_is_tampered_with_while_it_is_served_is_not_sent(two, tmp_path):
    app = StaticApp(two[0], bodies=0)
    assert told(clients.wsgi(app, two[1])) == (200, FOREVER, b"old")
    for path in objects(tmp_path):
        if path.read_bytes() == b"old":
            damage(path, b"bad")
    assert told(clients.wsgi(app, two[1])) == (200, "no-store", b"new")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda store: shutil.rmtree(store),
        lambda store: shutil.rmtree(store / "objects"),
        lambda store: shutil.rmtree(store / "generations"),
        lambda store: os.chmod(store, 0o777),
        lambda store: [damage(path, b"{}") for path in (store / "generations").iterdir()],
        lambda store: [damage(path, path.read_bytes()[:-9]) for path in (store / "generations").iterdir()],
        lambda store: [
            damage(path, path.read_bytes().replace(b'"schema":1', b'"schema":2'))
            for path in (store / "generations").iterdir()
        ],
        lambda store: [path.unlink() for path in (store / "generations").iterdir()],
        lambda store: (shutil.rmtree(store), store.write_bytes(b"a file")),
        lambda store: (shutil.rmtree(store / "generations"), (store / "generations").write_bytes(b"a file")),
        lambda store: (shutil.rmtree(store / "objects"), (store / "objects").write_bytes(b"a file")),
        lambda store: [piped(path) for path in (store / "generations").iterdir()],
        lambda store: [piped(path) for path in (store / "objects").rglob("*") if path.is_file()],
        lambda store: [linked(path) for path in (store / "objects").rglob("*") if path.is_file()],
        lambda store: (shutil.rmtree(store / "generations"), (store / "generations").symlink_to("generations")),
    ],
    ids=[
        *["gone", "no objects", "no manifests", "open", "foreign", "cut", "newer", "collected", "a file"],
        *[
            "manifests a file",
            "objects a file",
            "pipes of manifests",
            "pipes of objects",
            "links of objects",
            "a circle",
        ],
    ],
)
def test_a_store_that_cannot_be_trusted_leaves_the_current_bytes(two, tmp_path, spoil):
    second, former = two
    app = StaticApp(second)
    spoil(tmp_path / "store")
    assert told(clients.wsgi(app, former)) == (200, "no-store", b"new")
    assert told(clients.wsgi(app, url(second, tmp_path / "root"))) == (200, FOREVER, b"new")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_that_cannot_be_written_is_warned_of_and_everything_else_works(release, root, tmp_path, caplog):
    (tmp_path / "store").mkdir(mode=0o500)
    app = StaticApp(release())
    assert told(clients.wsgi(app, url(app.registry, root))) == (200, FOREVER, b"old")
    assert "the release is not in the store of contents" in caplog.text


def test_a_full_disk_is_warned_of_and_everything_else_works(release, root, monkeypatch, caplog):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    app = StaticApp(release())
    assert told(clients.wsgi(app, url(app.registry, root))) == (200, FOREVER, b"old")
    assert "No space left on device" in caplog.text


def test_a_flood_of_made_up_versions_leaves_nothing_behind(two, root, way, caplog):
    second, former = two
    app = StaticApp(second)
    assert clients.wsgi(app, former).body == b"old"
    contents = second.part(Contents)
    before = len(contents._versions), len(contents._heads), len(contents._read), len(app._desks.current.entries.ready)
    caplog.set_level(logging.INFO)
    caplog.clear()
    for number in range(2000):
        version = f"{number:012x}"
        made_up = f"/static/~{version}/app.css" if way == "tree" else f"/static/app-{version}.css"
        assert clients.wsgi(app, made_up).first("Cache-Control") == "no-store"
    after = len(contents._versions), len(contents._heads), len(contents._read), len(app._desks.current.entries.ready)
    assert after == before
    assert len(caplog.records) <= 1


# Who writes.


def test_loading_explaining_and_checking_write_nothing(release, root, tmp_path):
    from assetzcml.reports.findings import Checker

    made = release()
    made.explain(f"{root}/app.css")
    made.part(Checker).findings()
    url(made, root)
    assert not (tmp_path / "store").exists()


def test_a_process_that_serves_stores_its_release_once_and_the_next_has_one_look(release, root, tmp_path, monkeypatch):
    StaticApp(release())
    [manifest] = (tmp_path / "store/generations").iterdir()
    os.utime(manifest, (OLD, OLD))
    opened = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest, **more: opened.append(path) or real(path, *rest, **more))
    StaticApp(release())
    assert [path for path in opened if "objects" in str(path) or str(path).endswith("lock")] == []
    assert manifest.stat().st_mtime > OLD  # it is used now, so it is young


def test_what_is_reloaded_is_stored_when_it_is_served(release, root, tmp_path):
    app = StaticApp(release())
    write(root / "app.css", b"new")
    app.registry.add_media_type("css", "text/x-new")
    clients.wsgi(app, "/static/app.css")
    assert len(list((tmp_path / "store/generations").iterdir())) == 2


def test_two_applications_share_a_store(release, root, tmp_path, way):
    store(release())
    write(tmp_path / "other" / "app.css", b"theirs")
    other = clients.registry(("shop", tmp_path / "other"))
    other.add_content_store(tmp_path / "store")
    other.add_cache_buster(str(tmp_path / "other"), BUSTERS[way](former="stored"))
    former = url(other, tmp_path / "other")
    store(other)
    assert other.snapshot.store == release().snapshot.store
    assert told(clients.ask_wsgi(other, former)) == (200, FOREVER, b"theirs")
    assert clients.ask_wsgi(release(), former).status == 404


def test_what_was_collected_is_answered_with_the_current_bytes(release, root, tmp_path):
    first = release()
    former = url(first, root)
    store(first)
    write(root / "app.css", b"new")
    second = release()
    store(second)
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file() and (path.parent.name != "generations" or b'"size":3' not in path.read_bytes()):
            os.utime(path, (OLD, OLD))
    manifests = sorted((tmp_path / "store/generations").iterdir(), key=lambda path: former_in(path, former))
    os.utime(manifests[-1], (OLD, OLD))
    second.add_content_store(tmp_path / "store", keep=1, younger=0)
    done = collect(second.snapshot.store)
    assert (done.releases, done.removed_releases, done.removed_objects) == (1, 1, 1)
    assert told(clients.ask_wsgi(second, former)) == (200, "no-store", b"new")


def former_in(path: Path, former):
    version = former.split("/")[2] if "~" in former else former.rpartition("-")[2].partition(".")[0]
    return version.encode() in path.read_bytes()
