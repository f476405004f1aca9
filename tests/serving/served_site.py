"""What the servers of test_servers.py serve: the tree of the hostile requests, and a directory for each kind of answer."""

import os
from pathlib import Path

from assetzcml import DigestCacheBuster, TreeCacheBuster
from serving import clients
from serving.conftest import write

CODINGS = {"content_encodings": ("br", "gzip")}
KINDS = {
    "app.js": b"script",
    "app.js.gz": b"coded",
    "index.html": b"<p>page",
    "404.html": b"<p>none",
    "x-1234.js": b"built",
}


def kinds(root):
    """The directory of the other views; written beside *root* when it is first asked for."""
    base = f"{root}-kinds"
    if not os.path.isdir(base):
        for place in ("digest", "tree", "plain"):
            for name, content in KINDS.items():
                write(Path(base, place, name), content)
    return base


def site(root):
    """The registry of the tree at *root*."""
    base = kinds(root)
    made = clients.registry(
        ("static", root, CODINGS),
        ("static/private", f"{root}/private", {**CODINGS, "permission": "view"}),
        policy=clients.Policy(False),
    )
    made.add_static_view("digest", f"{base}/digest", content_encodings=["gzip"])
    made.add_static_view("tree", f"{base}/tree", content_encodings=["gzip"])
    made.add_static_view("sent", f"{base}/plain", send="x-accel-redirect /protected")
    made.add_static_view("single", f"{base}/plain", single_page="index.html", content_encodings=["gzip"])
    made.add_static_view("missing", f"{base}/plain", not_found="404.html")
    made.add_static_view("built", f"{base}/plain", immutable_names=["*-????.js"])
    made.add_cache_buster(f"{base}/digest", DigestCacheBuster())
    made.add_cache_buster(f"{base}/tree", TreeCacheBuster())
    return made


if "ASSETZCML_TEST_ROOT" in os.environ:
    registry = site(os.environ["ASSETZCML_TEST_ROOT"])
    wsgi = clients.WSGIApp(registry)
    asgi = clients.ASGIApp(registry)
