"""The tree of the hostile requests, made once, and the two ways to ask."""

import os
from pathlib import Path

import pytest

import hostile_site
from serving import clients


@pytest.fixture(scope="session")
def hostile_root(tmp_path_factory):
    """The root that the hostile requests ask, published from its path."""
    base = tmp_path_factory.mktemp("requests") / "base"
    yield Path(hostile_site.build(base))
    hostile_site.open_up(base)


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request):
    """A function (registry, path, method, headers) that asks a new application under each interface."""
    return getattr(clients, f"ask_{request.param}")


@pytest.fixture
def no_tick(monkeypatch):
    """Files that were written a moment ago are taken for settled, so that no test has to wait for them."""
    monkeypatch.setattr("assetzcml.resolving.fingerprints.TICK", 0)


FILES = {
    "app.css": b"body { color: black }\n",
    "index.html": b"<title>top</title>\n",
    "docs/index.html": b"<title>docs</title>\n",
    "docs/page.txt": b"page\n",
    "bare/file.txt": b"file\n",
    "digits.txt": b"0123456789",
    "empty.txt": b"",
    "large.bin": bytes(range(256)) * 4096 * 2,
}


@pytest.fixture
def root(tmp_path, no_tick):
    """A directory with a few assets."""
    return fill(tmp_path / "root")


@pytest.fixture(scope="session")
def untouched_root(tmp_path_factory):
    """The same, and a variant, made once: for tests that write nothing."""
    top = fill(tmp_path_factory.mktemp("untouched") / "root")
    write(top / "app.css.gz", b"gzipped")
    return top


@pytest.fixture
def untouched(untouched_root, no_tick):
    """The same root, whose files are taken for settled."""
    return untouched_root


def fill(top):
    for path, content in FILES.items():
        write(top / path, content)
    return top


def write(path, content, mtime=1_704_164_645):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))
    return path


@pytest.fixture
def descriptors():
    """A function that counts the descriptors this process has open."""
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("the system does not say what is open")
    return lambda: len(os.listdir("/proc/self/fd"))
