"""The URL of an asset against Pyramid's `request.static_path`. Prints ratios, asserts nothing.

python benchmarks/static_url.py
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore", message="pkg_resources")

import django.conf  # noqa: E402 (as below)
from pyramid.config import Configurator  # noqa: E402 (its warning is not ours)
from pyramid.request import Request  # noqa: E402
from pyramid.static import ManifestCacheBuster as PyramidManifest  # noqa: E402
from pyramid.static import QueryStringConstantCacheBuster as PyramidQuery  # noqa: E402
from ratio import compare  # noqa: E402

from assetzcml.assembly import AssetRegistry  # noqa: E402
from assetzcml.urls.cachebusters import (  # noqa: E402
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringConstantCacheBuster,
    TreeCacheBuster,
)

MANY = 10_000  # files of a tree whose first version is made
SIZE = 10_000  # bytes of each
FILES = 20  # assets of a page: enough that no cache of one entry helps
TURNS = 50  # URLs of each asset in one call, so that the call itself does not count


def pyramid(roots: dict[str, str], cachebust: Any = None) -> Request:
    """A request of an application with a static view for each root."""
    config = Configurator(settings={})
    for name, root in roots.items():
        config.add_static_view(name, root)
        if cachebust is not None:
            config.add_cache_buster(root, cachebust)
    config.commit()
    request = Request.blank("/page")
    request.registry = config.registry
    return request


def assets(roots: dict[str, str], cachebust: Any = None) -> AssetRegistry:
    """The same as an AssetRegistry."""
    registry = AssetRegistry()
    for name, root in roots.items():
        registry.add_static_view(name, root)
        if cachebust is not None:
            registry.add_cache_buster(root, cachebust)
    return registry


def peer(request: Request, specs: list[str], turns: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(turns):
            for spec in specs:
                request.static_path(spec)

    return work


def ours(registry: AssetRegistry, request: Request, specs: list[str], turns: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(turns):
            for spec in specs:
                registry.static_path(spec, request)

    return work


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory, "static")
        root.mkdir()
        names = [f"asset{number}.css" for number in range(FILES)]
        for name in names:
            Path(root, name).write_text(name)
        manifest = Path(directory, "manifest.json")
        manifest.write_text(json.dumps({name: name.replace(".", "-1f2e3d.") for name in names}))
        one = {"static": str(root)}
        specs = [f"{root}/{name}" for name in names]
        thousand = {f"static{number}": f"{directory}/static{number}" for number in range(1000)}

        def row(
            name: str, aim: float | None, roots: dict[str, str], specs: list[str], theirs: Any, our: Any, turns: int
        ) -> None:
            request = pyramid(roots, theirs)
            registry = assets(roots, our)
            work = peer(request, specs, turns), ours(registry, request, specs, turns)
            compare(name, *work, aim=aim, calls=len(specs) * turns)

        row("static_path, 1 view", 20, one, specs, None, None, TURNS)
        every = [f"{path}/app.css" for path in thousand.values()]
        row("static_path, each of 1,000 views in turn", None, thousand, every, None, None, 1)
        row("static_path, the last of 1,000 views", 400, thousand, every[-FILES:], None, None, 1)
        row(
            "static_path, query buster",
            25,
            one,
            specs,
            PyramidQuery("v42"),
            QueryStringConstantCacheBuster("v42"),
            TURNS,
        )
        theirs = PyramidManifest(str(manifest))
        row("static_path, manifest buster", 25, one, specs, theirs, ManifestCacheBuster(str(manifest)), TURNS)
        row("static_path, digest (peer: manifest)", 25, one, specs, theirs, DigestCacheBuster(), TURNS)
        row("static_path, tree (peer: manifest)", 25, one, specs, theirs, TreeCacheBuster(), TURNS)

    first_answer()


def first_answer() -> None:
    """
    The first URL out of 10,000 files: Django's manifest storage reads a file that `collectstatic` has written, we count the
    tree, with every file read, and with the digests that an earlier process has kept.
    """
    django.conf.settings.configure(STATIC_URL="/static/", DEBUG=False)
    storage = importlib.import_module("django.contrib.staticfiles.storage").ManifestStaticFilesStorage
    with tempfile.TemporaryDirectory() as directory:
        root, kept = Path(directory, "static"), Path(directory, "digests")
        paths = {}
        for number in range(MANY):
            path = Path(root, str(number % 100), f"{number}.css")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"%010d" % number * (SIZE // 10))
            os.utime(path, (1_700_000_000, 1_700_000_000))
            name = f"{number % 100}/{number}.css"
            paths[name] = name.replace(".css", f".{number:012x}.css")
        manifest = {"version": "1.1", "hash": "x", "paths": paths}
        Path(root, "staticfiles.json").write_text(json.dumps(manifest))
        time.sleep(2.1)  # a digest of a file that is younger is not kept

        def peer() -> str:
            return str(storage(location=str(root), base_url="/static/").url("0/0.css"))

        def first(**settings: str) -> Callable[[], str]:
            def work() -> str:
                registry = AssetRegistry(settings=settings)
                registry.add_static_view("static", str(root))
                registry.add_cache_buster(str(root), TreeCacheBuster())
                return str(registry.static_path(f"{root}/0/0.css"))

            return work

        def collected() -> str:
            with tempfile.TemporaryDirectory() as other:
                shutil.copytree(root, other, dirs_exist_ok=True)
                theirs = storage(location=other, base_url="/static/")
                for _ in theirs.post_process({name: (theirs, name) for name in paths}):
                    pass
                return str(theirs.url("0/0.css"))

        began = time.process_time()
        collected()
        collecting = time.process_time()
        first()()
        counting = time.process_time()
        theirs, ours = collecting - began, counting - collecting
        name = "first URL of 10,000 files, cold (peer: Django, collecting)"
        print(f"{name} peer {theirs:.2f} s   ours {ours:.2f} s   {theirs / ours:.1f} x")
        compare("first URL of 10,000 files, cold (peer: Django, collected)", peer, first(), None, rounds=5)
        again = first(digest_store=str(kept))
        again()
        compare("first URL of 10,000 files, digests kept (peer: Django, collected)", peer, again, None, rounds=5)


if __name__ == "__main__":
    main()
