"""Opening files: nothing outside the root, nothing that blocks, and bodies that never lie."""

import errno
import os
import socket
import sys
import threading
import time
from wsgiref.util import FileWrapper

import pytest
from webob import Request

from assetzcml import AssetRegistry, StaticApp
from assetzcml.resolving.fingerprints import fingerprint
from assetzcml.serving import files
from assetzcml.serving.files import FileBody, Refused, Truncated, is_below, open_below, reopen
from serving.conftest import write

walking = pytest.mark.parametrize("walks", [True, False], ids=["walking", "checking"])


@pytest.fixture
def tree(tmp_path):
    """root/ with links of every kind, and what is beside it."""
    for path in ("root/a.txt", "root/sub/b.txt", "root/private/c.txt", "outside/secret.txt", "rootling/d.txt"):
        write(tmp_path / path, path.encode())
    links = {
        "inside": "a.txt",
        "absolute": str(tmp_path / "root/a.txt"),
        "subdir": "sub",
        "around": "../root/a.txt",
        "deep": "sub/../subdir/b.txt",
        "out": "../outside/secret.txt",
        "outdir": "../outside",
        "sibling": "../rootling/d.txt",
        "chain": "out",
        "alias": "private/c.txt",
        "dangling": "nothing",
        "loop": "loop",
        "up": "..",
    }
    for name, target in links.items():
        (tmp_path / "root" / name).symlink_to(target)
    (tmp_path / "entrance").symlink_to("root")
    return tmp_path


def opened(root, path, **options):
    """The content of what is opened."""
    found = open_below(str(root), path.split("/"), **options)
    try:
        return os.read(found.descriptor, found.status.st_size)
    finally:
        os.close(found.descriptor)


@walking
@pytest.mark.parametrize(
    "path, leads_to",
    [
        ("a.txt", "root/a.txt"),
        ("sub/b.txt", "root/sub/b.txt"),
        ("inside", "root/a.txt"),
        ("absolute", "root/a.txt"),
        ("subdir/b.txt", "root/sub/b.txt"),
        ("around", "root/a.txt"),  # out and in again: where it leads counts
        ("deep", "root/sub/b.txt"),
        ("up/root/a.txt", "root/a.txt"),
    ],
)
def test_a_link_is_followed_to_what_is_in_the_root(tree, path, leads_to, walks, monkeypatch):
    monkeypatch.setattr(files, "_WALKS", walks)
    assert opened(tree / "root", path) == leads_to.encode()
    assert opened(tree / "entrance", path) == leads_to.encode()  # the root itself may be reached by links


@walking
@pytest.mark.parametrize("path", ["out", "outdir/secret.txt", "sibling", "chain", "up/outside/secret.txt"])
def test_a_link_that_leaves_the_root_is_refused_unless_links_are_followed(tree, path, walks, monkeypatch):
    monkeypatch.setattr(files, "_WALKS", walks)
    with pytest.raises(Refused):
        opened(tree / "root", path)
    assert opened(tree / "root", path, follow_symlinks=True).startswith((b"outside/", b"rootling/"))


@walking
def test_a_link_is_not_followed_to_where_it_is_closed(tree, walks, monkeypatch):
    monkeypatch.setattr(files, "_WALKS", walks)
    seen = []

    def closed(path, base):
        seen.append((path, base))
        return "private" in path

    root = str(tree.resolve() / "root")
    with pytest.raises(Refused):
        opened(tree / "root", "alias", closed=closed)
    assert seen == [(f"{root}/private/c.txt", root)]


def test_without_a_link_nothing_is_closed(tree):
    assert opened(tree / "root", "private/c.txt", closed=lambda path, base: True) == b"root/private/c.txt"


@walking
@pytest.mark.parametrize("path", ["nothing", "nothing/x", "sub/nothing", "dangling", "nul\0", "a.txt/x"])
def test_what_is_not_there_is_not_found(tree, path, walks, monkeypatch):
    monkeypatch.setattr(files, "_WALKS", walks)
    with pytest.raises((FileNotFoundError, NotADirectoryError, Refused)):
        opened(tree / "root", path)


@walking
@pytest.mark.parametrize("path", ["sub", "loop", "fifo", "socket", "device"])
def test_only_regular_files_are_opened_and_nothing_blocks(tree, path, walks, monkeypatch):
    monkeypatch.setattr(files, "_WALKS", walks)
    os.mkfifo(tree / "root/fifo")
    (tree / "root/device").symlink_to("/dev/tty")
    bound = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(tree / "root")
    bound.bind("socket")
    for follow in (False, True):
        with pytest.raises((Refused, OSError)):
            opened(tree / "root", path, follow_symlinks=follow)
    bound.close()


def test_a_refusal_leaves_no_descriptor(tree, descriptors):
    os.mkfifo(tree / "root/fifo")
    before = descriptors()
    for path in ("out", "outdir/secret.txt", "fifo", "sub", "nothing", "loop", "subdir/nothing"):
        with pytest.raises((Refused, OSError)):
            opened(tree / "root", path)
    assert descriptors() == before


def test_exhaustion_is_told_apart_from_absence(tree, monkeypatch):
    def fails(*arguments, **options):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fails)
    with pytest.raises(OSError) as raised:
        opened(tree / "root", "a.txt")
    assert files.exhausted(raised.value)


@pytest.mark.parametrize("swapped", ["a.txt", "sub"], ids=["the file", "a directory on the way"])
def test_a_name_that_is_swapped_for_a_link_never_leads_out(tree, swapped):
    """The race: a thread exchanges a name for a link out of the root as fast as it can, while it is opened."""
    root = tree / "root"
    write(tree / "outside/b.txt", b"secret")
    (root / "evil").symlink_to("../outside/secret.txt" if swapped == "a.txt" else "../outside")
    good, evil, spare = root / swapped, root / "evil", root / "spare"
    done = threading.Event()

    def swap():
        while not done.is_set():
            os.rename(good, spare)
            os.rename(evil, good)
            os.rename(good, evil)
            os.rename(spare, good)

    thread = threading.Thread(target=swap)
    thread.start()
    outcomes = set()
    try:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            try:
                outcomes.add(opened(root, "a.txt" if swapped == "a.txt" else "sub/b.txt"))
            except (Refused, OSError) as error:
                outcomes.add(type(error))
    finally:
        done.set()
        thread.join()
    assert b"secret" not in outcomes
    assert b"outside/secret.txt" not in outcomes
    assert len(outcomes) > 1  # the file itself, and a refusal: the race did happen


def test_a_file_is_opened_again_only_as_long_as_it_is_the_same(tree):
    path = tree / "root/a.txt"
    version = fingerprint(os.stat(path))
    os.close(reopen(str(path), version))
    for change in (
        lambda: write(path, b"root/b.txt", mtime=1_704_164_645),  # as long, and as old
        lambda: os.replace(write(tree / "new", b"root/a.txt"), path),
        lambda: path.unlink(),
        lambda: path.symlink_to("sub/b.txt"),
    ):
        time.sleep(0.02)  # a tick of the clock that stamps changes
        change()
        assert reopen(str(path), version) is None


@pytest.mark.parametrize(
    "path, base, answer",
    [("/a/b", "/a", True), ("/a", "/a", False), ("/ab", "/a", False), ("/a", "/", True), ("/b/a", "/a", False)],
)
def test_below_is_a_question_about_segments(path, base, answer):
    assert is_below(path, base) is answer


# Bodies.


@pytest.fixture
def body(tmp_path):
    """A function: the body of some bytes of a file that holds 200,000."""
    path = write(tmp_path / "file", bytes(range(200)) * 1000)

    def make(first=0, last=200_000):
        return FileBody(os.open(path, os.O_RDONLY), range(first, last))

    make.path = path
    make.content = path.read_bytes()
    return make


@pytest.mark.parametrize("first, last", [(0, 200_000), (0, 1), (199_999, 200_000), (1000, 151_000), (5, 5)])
def test_a_body_gives_exactly_its_part(body, first, last):
    assert b"".join(body(first, last)) == body.content[first:last]
    assert b"".join(FileWrapper(body(first, last))) == body.content[first:last]
    assert body(first, last).read() == body.content[first:last]


def test_a_body_is_a_file_for_a_server_that_needs_one(body):
    part = body(100, 1100)
    assert (part.seekable(), part.tell(), part.seek(0, os.SEEK_END), part.tell()) == (True, 0, 1000, 1000)
    assert (part.seek(10), part.read(5), part.tell()) == (10, body.content[110:115], 15)
    assert (part.seek(-5, os.SEEK_END), part.read(), part.read()) == (995, body.content[1095:1100], b"")
    assert (part.seek(5000), part.read()) == (1000, b"")
    part.close()


@pytest.mark.parametrize(
    "end",
    [
        lambda body: list(body),
        lambda body: body.close(),
        lambda body: (next(body), body.close()),
        lambda body: (body.close(), body.close()),
        lambda body: body.release(),
        lambda body: next(body),  # and dropped
        lambda body: None,
    ],
    ids=["read", "closed", "aborted", "closed twice", "released", "dropped", "never used"],
)
def test_a_body_leaves_no_descriptor(body, end, descriptors):
    before = descriptors()
    made = body()
    assert descriptors() == before + 1
    end(made)
    del made
    assert descriptors() == before


def test_a_closed_body_cannot_be_read(body):
    made = body()
    made.close()
    for use in (made.read, made.fileno, lambda: next(made)):
        with pytest.raises(ValueError):
            use()


def test_a_file_that_is_truncated_while_it_is_sent_is_an_error_and_not_the_end(body, descriptors):
    before = descriptors()
    made = body()
    next(made)
    os.truncate(body.path, 70_000)
    with pytest.raises(Truncated):
        list(made)
    assert descriptors() == before


def test_a_server_that_sends_the_descriptor_itself_learns_of_the_truncation_when_it_closes(body):
    made = body()
    os.truncate(body.path, 70_000)
    with pytest.raises(Truncated):
        made.close()
    assert made.closed


def test_a_file_that_grows_while_it_is_sent_is_sent_as_long_as_it_was(body):
    made = body()
    next(made)
    with open(body.path, "ab") as file:
        file.write(b"more")
    assert made.read() == body.content[files.CHUNK :]
    made.close()


def test_a_body_that_was_sent_whole_closes_in_peace_whatever_became_of_the_file(body):
    made = body()
    made.read()
    os.truncate(body.path, 0)
    made.close()
    assert made.closed


# An installation that is made of links: `uv pip install --link-mode symlink`, strict editable installs, Bazel.


@pytest.fixture
def linked(tmp_path, monkeypatch):
    """A package whose files are links into a store, and the store."""
    store, lib = tmp_path / "store/linked_package", tmp_path / "lib/linked_package"
    for name, text in {
        "__init__.py": "",
        "static/a.css": "linked",
        "static/a.css.gz": "gzipped",
        "static/deep/b.css": "deep",
        "secret.txt": "secret",
    }.items():
        for directory in store, lib:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_text(text)
        (lib / name).symlink_to(store / name)
    monkeypatch.syspath_prepend(lib.parent)
    yield lib, store
    sys.modules.pop("linked_package", None)


def linked_app(**options):
    registry = AssetRegistry()
    registry.add_static_view("static", "linked_package:static", **options)
    return StaticApp(registry)


@pytest.mark.parametrize("path, body", [("/static/a.css", b"linked"), ("/static/deep/b.css", b"deep")])
def test_what_an_installation_of_links_leads_to_is_served(linked, path, body):
    answer = Request.blank(path).send(linked_app())
    assert (answer.status_int, answer.body) == (200, body)
    answer = Request.blank("/static/a.css", headers={"Accept-Encoding": "gzip"}).send(
        linked_app(content_encodings=["gzip"])
    )
    assert (answer.headers["Content-Encoding"], answer.body) == ("gzip", b"gzipped")


def test_a_link_that_leaves_the_counterpart_is_not_followed(linked):
    lib, store = linked
    (lib / "static/out.css").symlink_to(store / "secret.txt")
    (store / "static/inner.css").symlink_to(store / "secret.txt")
    (lib / "static/inner.css").symlink_to(store / "static/inner.css")
    for name in "out.css", "inner.css":
        assert Request.blank(f"/static/{name}").send(linked_app()).status_int == 404


def test_without_a_link_of_the_package_itself_the_rule_is_as_ever(linked):
    lib, _ = linked
    (lib / "__init__.py").unlink()
    (lib / "__init__.py").touch()
    assert Request.blank("/static/a.css").send(linked_app()).status_int == 404
    assert Request.blank("/static/a.css").send(linked_app(follow_symlinks=True)).status_int == 200


@pytest.mark.parametrize("own, setting, status", [
    (None, False, 404), (None, True, 200), (None, "yes", 200), (False, True, 404), (True, False, 200),
])  # fmt: skip
def test_the_setting_says_for_all_views_whether_links_are_followed_and_a_view_for_itself(linked, own, setting, status):
    lib, store = linked
    (lib / "static/out.css").symlink_to(store / "secret.txt")
    registry = AssetRegistry(settings={"follow_symlinks": setting})
    registry.add_static_view("static", "linked_package:static", follow_symlinks=own)
    assert Request.blank("/static/out.css").send(StaticApp(registry)).status_int == status
