"""A file that changes before any one step of answering: no other file's bytes, none that are torn, nothing waits."""

import asyncio
import hashlib
import os
import signal

import pytest

from assetzcml import DigestCacheBuster, StaticApp
from assetzcml.asgi import StaticApp as ASGIApp
from assetzcml.serving import files
from assetzcml.serving.files import Truncated
from hostile_requests import Answer
from serving import clients
from serving.conftest import write

SECRET = b"S" * 70_000
BY_DESCRIPTOR = {"wsgi.file_wrapper": lambda body: body}  # more than 128 KiB come piece by piece
STEPS = ("open", "fstat", "stat", "lstat")


def swap(path):
    write(path.with_name("new"), b"n" * path.stat().st_size)
    os.replace(path.with_name("new"), path)


def overwrite(path):
    """In place: the same inode and the same size."""
    size, changed = path.stat().st_size, path.stat().st_mtime + 1
    with open(path, "r+b") as file:
        file.write(b"n" * size)
    os.utime(path, (changed, changed))


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def grow(path):
    with open(path, "ab") as file:
        file.write(b"grown")


def link(path):
    path.with_name("new").symlink_to(path.parent.parent / "secret")
    os.replace(path.with_name("new"), path)


def pipe(path):
    os.mkfifo(path.with_name("new"))
    os.replace(path.with_name("new"), path)


# What may be sent after each change, of what was there before.
CHANGES = {
    swap: lambda old: {old, b"n" * len(old)},
    overwrite: lambda old: {old, b"n" * len(old)},
    cut: lambda old: {old, old[: len(old) // 2]},
    grow: lambda old: {old, old + b"grown"},
    link: lambda old: {old},
    pipe: lambda old: {old},
}


class Steps:
    """Every look at the disk; before the one that has the number *at*, *change* happens."""

    def __init__(self, monkeypatch):
        self._change, self._left = None, 0
        for name in STEPS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))
        monkeypatch.setattr(files, "_pread", self._counted(files._pread))

    def _counted(self, function):
        def step(*arguments, **options):
            if self._change is not None:
                if self._left == 0:
                    change, self._change = self._change, None
                    change()
                self._left -= 1
            return function(*arguments, **options)

        return step

    def before(self, at, change):
        self._change, self._left = change, at

    def happened(self):
        """Has it been changed? No more changes from now on."""
        happened, self._change = self._change is None, None
        return happened


@pytest.fixture
def steps(monkeypatch):
    return Steps(monkeypatch)


@pytest.fixture
def ends():
    """What waits for ever is interrupted, and fails."""

    def interrupt(number, frame):
        raise AssertionError("an answer waits for what never comes")

    former = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)


class Wsgi:
    def __init__(self, registry, loop):
        self._app = StaticApp(registry, bodies=0)

    def ask(self, path):
        return clients.wsgi(self._app, path, **BY_DESCRIPTOR)


class Asgi:
    def __init__(self, registry, loop):
        self._app, self._loop = ASGIApp(registry, bodies=0), loop

    def ask(self, path):
        start, *bodies = self._loop.run_until_complete(clients.asgi_messages(self._app, clients.scope(path)))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        return Answer(start["status"], headers, b"".join(each["body"] for each in bodies))


@pytest.fixture
def loop(monkeypatch):
    """An event loop; what is large goes out in several messages."""
    monkeypatch.setattr("assetzcml.serving.asgi.STEP", 64 * 1024)
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo") or not hasattr(signal, "alarm"), reason="needs FIFOs and alarms")
@pytest.mark.parametrize("interface", [Wsgi, pytest.param(Asgi, marks=pytest.mark.whole)])
@pytest.mark.parametrize("looked", [False, True], ids=["first", "again"])
@pytest.mark.parametrize("size", [1_000, 150_000])
@pytest.mark.parametrize("versioned", [False, True], ids=["plain", "digest"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_before_no_step_can_a_change_make_an_answer_wrong(
    tmp_path, no_tick, steps, ends, descriptors, loop, change, versioned, size, looked, interface
):
    write(tmp_path / "secret", SECRET)
    old = bytes(range(250)) * (size // 250)
    name = f"a-{hashlib.sha256(old).hexdigest()[:12]}.bin" if versioned else "a.bin"
    at, happened = 0, True
    while happened:
        path = write(tmp_path / f"root{at}" / "a.bin", old)
        registry = clients.registry(("static", path.parent))
        registry.add_cache_buster(str(path.parent), DigestCacheBuster())
        app = interface(registry, loop)
        app.ask("/static/none")
        if looked:
            assert app.ask(f"/static/{name}").body == old
        before = descriptors()
        steps.before(at, lambda path=path: change(path))
        try:
            answer = app.ask(f"/static/{name}")
        except Truncated:
            answer = None  # the connection is cut
        happened = steps.happened()
        assert descriptors() == before
        if answer is not None and answer.status == 200:
            assert answer.body in CHANGES[change](old), at
            assert int(answer.first("Content-Length")) == len(answer.body), at
            if "immutable" in answer.first("Cache-Control"):
                assert answer.body == old, at
        elif answer is not None:
            assert answer.status in (301, 302, 307, 404), at
            assert SECRET[:10] not in answer.body
        at += 1
    assert answer.body == old
    assert at > 2
