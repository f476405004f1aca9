"""Sites to freeze, and what lies in a frozen directory."""

import hashlib
import json
import os
from pathlib import Path

from assetzcml import AssetRegistry, DigestCacheBuster, TreeCacheBuster

PIXEL = b"\x89PNG not really"
TEXT = b"body { color: black }\n" * 200
FILES = {
    "static/a.css": "a{background:url(i/bg.png)}",
    "static/i/bg.png": PIXEL,
    "static/app.css": TEXT,
    "static/empty.txt": b"",
    "static/a b+c%41\u00e9.css": "b{}",
    "static/index.html": "<p>",
}


def site(name, *, tree=False, digest=True, **options):
    """A registry with one static view 'static' over the package's folder of that name."""
    registry = AssetRegistry()
    registry.add_static_view("static", f"{name}:static", **options)
    if tree or digest:
        registry.add_cache_buster(f"{name}:static", TreeCacheBuster() if tree else DigestCacheBuster())
    return registry


def names(directory, folder="names"):
    """The names of files below a folder, but for variants."""
    top = Path(directory) / folder
    found = {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}
    return sorted(name for name in found if not name.endswith((".br", ".zst", ".gz")))


def read(directory, stem, folder="names"):
    """The bytes of the one name that begins and ends as *stem*, 'static/app-*.css', does."""
    (path,) = (Path(directory) / folder).glob(stem)
    return path.read_bytes()


def manifest(directory):
    """The manifest of the current release, by plain names."""
    release = os.path.basename(os.readlink(Path(directory) / "current"))
    content = (Path(directory) / "generations" / f"{release}.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == release
    return dict(json.loads(content)["entries"])


def tree_digest(directory):
    """All that is in a directory, in one digest."""
    found = hashlib.sha256()
    for folder, folders, files in os.walk(directory):
        folders.sort()
        for name in sorted([*files, *(each for each in folders if os.path.islink(f"{folder}/{each}"))]):
            path = f"{folder}/{name}"
            content = os.readlink(path).encode() if os.path.islink(path) else Path(path).read_bytes()
            found.update(b"%b\0%b\1" % (os.path.relpath(path, directory).encode(), hashlib.sha256(content).digest()))
    return found.hexdigest()
