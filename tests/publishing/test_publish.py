"""A frozen release at a destination: what is sent, in which order, and what becomes of it when anything fails."""

import errno
import hashlib
import json
import os
import shutil
import threading
import time

import pytest
from click.testing import CliRunner
from frozen_site import FILES, site
from memory import Killed, Memory, bytes_of, missing

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning
from assetzcml.cli import main
from assetzcml.publishing import publish as publishing
from assetzcml.publishing.collecting import collect_at
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.publish import Overtaken, publish
from assetzcml.publishing.verification import verified
from assetzcml.resolving.destinations import destination_at
from faults import sweep


def test_all_is_sent_once_contents_first_and_the_pointer_last(tree):
    target = Memory()
    done = publish(tree, target, jobs=1)
    kinds = [key.partition("/")[0] for verb, key in target.calls if verb not in ("list", "read")]
    order = [kind if kind in ("objects", "generations", "current") else "name" for kind in kinds]
    steps = [kind for number, kind in enumerate(order) if not number or order[number - 1] != kind]
    assert steps == ["objects", "name", "generations", "name", "current"]
    assert kinds[-1] == "current"
    assert [verb for verb, _ in target.calls].count("list") == 1
    assert (missing(bytes_of(target)), done.moved, done.purge) == ([], True, ["static/index.html", "current"])
    assert target.objects["current"][0].decode().strip() == tree.current


def test_an_unchanged_tree_is_one_listing_and_nothing_else(tree):
    target = Memory()
    publish(tree, target)
    target.calls.clear()
    done = publish(tree, target)
    assert (target.calls, done.moved, done.sent) == ([("list", "")], False, 0)


def test_one_edit_sends_what_it_has_changed_and_leaves_the_former_release(tree):
    target = Memory()
    publish(tree, target)
    before = set(target.objects)
    (tree.package / "static/a.css").write_text("c{}")
    tree.again()
    done = publish(tree, target)
    assert (done.contents, done.names, done.plain) == (1, 1, 0)
    assert before <= set(target.objects)
    assert missing(bytes_of(target)) == []


def test_what_is_killed_at_any_moment_leaves_no_manifest_that_names_what_is_missing(tree):
    whole = Memory()
    publish(tree, whole)
    count = len([verb for verb, _ in whole.calls if verb not in ("list", "read")])
    for survives in range(count):
        target = Memory(survives)
        with pytest.raises(Killed):
            publish(tree, target, jobs=2)
        assert missing(bytes_of(target)) == []
        target.survives = 10**9
        target.calls.clear()
        publish(tree, target)
        assert target.objects == whole.objects


def test_who_is_overtaken_says_so_and_moves_nothing(tree):
    target = Memory()
    listing = target.listing

    def overtaken():
        found = listing()
        target.objects["current"] = (b"0" * 64 + b"\n", {})
        target.listing = listing
        return found

    target.listing = overtaken
    with pytest.raises(Overtaken, match="another release was published meanwhile"):
        publish(tree, target)
    assert target.objects["current"][0] == b"0" * 64 + b"\n"


def test_types_and_caching_are_on_each_object_and_the_coding_on_variants(tree):
    target = Memory()
    publish(tree, target)
    said = {key: headers for key, (_, headers) in target.objects.items() if key.startswith("static/app-")}
    plain, variant = sorted(said, key=len)
    assert said[plain] == {
        "Content-Type": "text/css; charset=utf-8",
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    assert said[variant] == {**said[plain], "Content-Encoding": "gzip"}
    assert target.objects["static/index.html"][1]["Cache-Control"] == "public, max-age=3600"
    assert target.objects["current"][1]["Cache-Control"] == "no-cache"


def test_names_with_the_headers_of_their_content_are_copied_there(tree):
    target = Memory()
    publish(tree, target)
    assert {verb for verb, key in target.calls if key.startswith("static/") and key != "static/index.html"} == {"copy"}


def test_files_that_are_large_are_not_all_in_memory_at_once(package, tmp_path, monkeypatch):
    shop = package({f"static/{number}.bin": bytes([number]) * 1000 * number for number in range(1, 10)})
    freeze(site(shop), tmp_path / "o", codings=[])
    target, lock, now, most = Memory(), threading.Lock(), [0], []
    create = target.create

    def counted(key, data, headers):
        if not key.startswith("objects/"):
            return create(key, data, headers)
        with lock:
            now.append(now[-1] + len(data))
            most.append(now[-1])
        time.sleep(0.001)
        with lock:
            now.append(now[-1] - len(data))
        return create(key, data, headers)

    monkeypatch.setattr(target, "create", counted)
    monkeypatch.setattr(publishing, "ROOM", 4000)
    publish(FrozenTree(tmp_path / "o"), target)
    assert max(most) == 9000  # the largest, alone
    assert len(most) == 9
    assert missing(bytes_of(target)) == []


def test_names_that_differ_only_in_case_are_two_names(package, tmp_path):
    shop = package({"static/a.html": "small", "static/A.html": "large"})
    with pytest.warns(ConfigurationWarning, match="names that differ only in case"):
        freeze(site(shop), tmp_path / "o", plain=True)
    target = Memory()
    publish(FrozenTree(tmp_path / "o"), target)
    assert [target.objects[f"static/{name}.html"][0] for name in "aA"] == [b"small", b"large"]


def test_who_is_of_a_former_version_takes_a_release_of_a_later_one_back_and_takes_nothing_away(tree):
    """A manifest of a later schema tells nothing of what is there: all that is needed is looked at, or sent."""
    later = b'{"schema":99,"entries":[\n]}\n'
    digest = hashlib.sha256(later).hexdigest()
    target = Memory()
    target._set(f"generations/{digest}.json", later, {})
    target._set("current", digest.encode() + b"\n", {})
    target._set("static/index.html", b"later", {})
    before = set(target.objects)
    assert publish(tree, target).moved
    assert target.objects["current"][0].decode().strip() == tree.current
    assert target.objects["static/index.html"][0] == b"<p>"
    assert before <= set(target.objects)
    with pytest.raises(ConfigurationError, match="its schema is 99"):
        collect_at(target, keep=3, younger=0.0)


def test_other_headers_are_sent_again(package, tmp_path):
    shop = package(FILES)
    freeze(site(shop), tmp_path / "o", codings=["gzip"])
    target = Memory()
    publish(FrozenTree(tmp_path / "o"), target)
    freeze(site(shop, headers={"Cache-Control": "public, max-age=60"}), tmp_path / "o", codings=["gzip"])
    publish(FrozenTree(tmp_path / "o"), target)
    said = {headers["Cache-Control"] for key, (_, headers) in target.objects.items() if key.startswith("static/")}
    assert said == {"public, max-age=60"}


def test_the_copies_of_a_new_tree_version_are_made_at_the_destination(package, tmp_path):
    shop = package(FILES)
    freeze(site(shop, tree=True), tmp_path / "o", codings=["gzip"])
    target = Memory()
    publish(FrozenTree(tmp_path / "o"), target)
    (package.directory / shop / "static/app.css").write_bytes(b"new{}")
    freeze(site(shop, tree=True), tmp_path / "elsewhere", codings=["gzip"])
    target.calls.clear()
    done = publish(FrozenTree(tmp_path / "elsewhere"), target)
    assert (done.contents, [verb for verb, key in target.calls if "~" in key].count("create")) == (1, 0)
    assert missing(bytes_of(target)) == []
    assert {headers["Content-Type"] for key, (_, headers) in target.objects.items() if key.endswith(".css")} == {
        "text/css; charset=utf-8"
    }


def test_one_content_under_names_of_two_types_has_the_type_of_each(package, tmp_path):
    shop = package({"static/a.css": "same", "static/a.txt": "same"})
    target = Memory()
    freeze(site(shop), tmp_path / "o")
    publish(FrozenTree(tmp_path / "o"), target)
    names = [key for key in target.objects if key.startswith("static")]
    said = {key.rpartition(".")[2]: target.objects[key][1]["Content-Type"] for key in names}
    assert said == {"css": "text/css; charset=utf-8", "txt": "text/plain; charset=utf-8"}


class Nobody:
    def permits(self, request, context, permission):
        return False


def test_what_needs_a_permission_is_refused_unless_the_destination_is_private(package, tmp_path):
    registry = AssetRegistry()
    registry.add_permission_policy(Nobody())
    registry.add_static_view("secret", f"{package(FILES)}:static", permission="view")
    freeze(registry, tmp_path / "o")
    target = Memory()
    with pytest.raises(ConfigurationError, match="who can read the bucket needs none"):
        publish(FrozenTree(tmp_path / "o"), target)
    assert target.calls == []
    publish(FrozenTree(tmp_path / "o"), target, private=True)
    assert missing(bytes_of(target)) == []


@pytest.mark.parametrize(
    "name, told",
    [("/".join("defghi"[n] * 200 for n in range(6)), "a bucket holds 1,024"),
     ("objects/a.css", "objects/ is ours")],
)  # fmt: skip
def test_a_name_that_no_bucket_holds_is_refused_before_anything_is_sent(package, tmp_path, name, told):
    registry = AssetRegistry()
    registry.add_static_view("/", f"{package({'static/' + name: 'x'})}:static")
    freeze(registry, tmp_path / "o")
    target = Memory()
    with pytest.raises(ConfigurationError, match=told):
        publish(FrozenTree(tmp_path / "o"), target)
    assert target.calls == []


@pytest.mark.parametrize(
    "url, told",
    [("ftp://user:secret@host/x", "ftp://host/x.* is no destination"), ("nothing", "'nothing' is no destination")],
)
def test_an_unknown_destination_is_refused_without_its_password(url, told):
    with pytest.raises(ConfigurationError, match=told) as error:
        destination_at(url)
    assert "secret" not in str(error.value)


def test_a_directory_is_a_destination_too(tree, tmp_path):
    target = destination_at(f"file://{tmp_path}/public")
    assert publish(tree, target).moved
    found = {key: (tmp_path / "public" / key).read_bytes() for key in target.listing()}
    assert (missing(found), publish(tree, target).sent) == ([], 0)
    assert os.path.samefile(tmp_path / "public/static/index.html", tmp_path / "public/static/index.html")


def test_a_directory_that_was_published_to_is_computed_again(tree, tmp_path):
    public = tmp_path / "public"
    publish(tree, destination_at(f"file://{public}"))
    (tree.package / "static/a.css").write_text("c{}")
    (tree.package / "static/index.html").write_text("<b>")
    tree.again()
    publish(tree, destination_at(f"file://{public}"))
    run = CliRunner().invoke(main, ["verify", str(public)])
    assert (run.exit_code, run.output) == (0, "everything is as it was frozen\n")
    (variant,) = public.glob("static/app-*.css.gz")
    index = public / f"generations/{tree.current}.index"
    for path, content in ((variant, b"cut"), (index, b"")):
        path.chmod(0o644)
        path.write_bytes(content)
    next((public / "objects").rglob("*?????????")).unlink()
    (public / "static/index.html").unlink()
    told = "\n".join(verified(public))
    for name in (f"static/{variant.name}", "objects/", "static/index.html", f"generations/{tree.current}.index"):
        assert f"{name}" in told
    (public / f"generations/{tree.current}.json").unlink()
    assert "current: it leads to no release that is there" in list(verified(public))


def test_a_directory_cannot_have_a_file_and_a_folder_of_one_name_and_says_so_before_anything_is_sent(package, tmp_path):
    shop = package({"static/x.html": "1"})
    target, memory = destination_at(f"file://{tmp_path}/public"), Memory()

    def frozen():
        freeze(site(shop), tmp_path / "o")
        return FrozenTree(tmp_path / "o")

    def becomes(old, new):
        (package.directory / shop / "static" / old).unlink()
        path = package.directory / shop / "static" / new
        if path.is_dir():
            path.rmdir()
        path.parent.mkdir(exist_ok=True)
        path.write_text(new)
        return frozen()

    for place in target, memory:
        publish(frozen(), place)
    before = target.listing()
    tree = becomes("x.html", "x.html/y.html")
    publish(tree, memory)  # a bucket has both
    with pytest.raises(ConfigurationError, match=r"would have both 'static/x.html' and 'static/x.html/y.html'"):
        publish(tree, target)
    assert target.listing() == before
    other = destination_at(f"file://{tmp_path}/other")
    publish(tree, other)
    with pytest.raises(ConfigurationError, match=r"would have both 'static/x.html' and 'static/x.html/y.html'"):
        publish(becomes("x.html/y.html", "x.html"), other)
    assert missing(bytes_of(memory)) == []


def test_what_could_not_be_taken_away_at_once_is_when_the_run_ends(tree, tmp_path, monkeypatch):
    refused, real = [], os.unlink

    def unlink(path, **options):
        if not refused:
            refused.append(path)
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        real(path, **options)

    monkeypatch.setattr(os, "unlink", unlink)
    publish(tree, destination_at(f"file://{tmp_path}/public"), jobs=1)
    assert "/tmp/" in refused[0]
    assert os.listdir(tmp_path / "public/tmp") == []


def test_of_many_who_move_the_pointer_of_a_directory_at_once_one_does(tmp_path):
    made = [destination_at(f"file://{tmp_path}/public") for _ in range(6)]
    before = None
    for turn in range(3):
        barrier, won = threading.Barrier(len(made)), []

        def move(number, before=before, barrier=barrier, won=won, turn=turn):
            barrier.wait()
            if made[number].swap("current", b"%d %d" % (turn, number), {}, before):
                won.append(b"%d %d" % (turn, number))

        threads = [threading.Thread(target=move, args=(number,)) for number in range(len(made))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won == [made[0].read("current")]
        before = made[0].look("current")


PUBLISH = """
import os
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.publish import publish
from assetzcml.resolving.destinations import Failed, destination_at
def prepare():
    pass
def act(directory):
    try:
        publish(FrozenTree(os.environ["TREE"]), destination_at("file://" + directory), jobs=1)
    except Failed as error:
        raise OSError(str(error))
"""


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["KILL", "ENOSPC", "EIO"])
def test_a_fault_at_any_call_of_the_system_leaves_a_directory_whole_and_the_next_run_ends_it(
    tree, tmp_path, fault, monkeypatch
):
    monkeypatch.setenv("TREE", tree.directory)
    place = tmp_path / "public"
    target = destination_at(f"file://{place}")
    publish(tree, target)
    (tree.package / "static/a.css").write_text("c{}")
    (tree.package / "static/index.html").write_text("<b>")
    tree.again()
    former = shutil.copytree(place, tmp_path / "former")
    publish(tree, target)
    whole = {key: target.read(key) for key in target.listing()}
    statuses = []
    anew(former, place)
    for status in sweep(PUBLISH, fault, place):
        statuses.append(status)
        there = {key: target.read(key) for key in target.listing()}
        assert missing(there) == []
        assert status not in (0, 2) or there == whole  # who is content has done it
        publish(tree, target)
        assert {key: target.read(key) for key in target.listing()} == whole
        assert os.listdir(place / "tmp") == []
        anew(former, place)
    assert len(statuses) > 10
    assert set(statuses) <= {0, 9} if fault == "KILL" else set(statuses) <= {0, 1, 2}


def anew(whole, place):
    shutil.rmtree(place)
    shutil.copytree(whole, place)


def test_the_command_plans_publishes_and_tells_what_to_purge(tree, tmp_path):
    arguments = ["publish", tree.directory, f"file://{tmp_path}/public"]
    run = CliRunner().invoke(main, [*arguments, "--dry-run"])
    assert (run.exit_code, "purge /static/index.html" in run.output, (tmp_path / "public").exists()) == (0, True, False)
    run = CliRunner().invoke(main, arguments)
    assert (run.exit_code, run.output.endswith("purge /static/index.html\npurge /current\n")) == (0, True)
    run = CliRunner().invoke(main, [*arguments, "--format", "json"])
    assert json.loads(run.output)["moved"] is False
    run = CliRunner().invoke(main, [*arguments, "--dry-run"])
    assert run.output == "nothing to do\n"
