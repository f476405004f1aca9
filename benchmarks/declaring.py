"""
What one more declaration from Python costs, with 20, 200 and 2,000 there, against Pyramid's `override_asset`.

Ours and Pyramid's in turn, call by call, in one process: what slows one of them down slows down the other. CPU time.
Prints ratios, asserts nothing.

python benchmarks/declaring.py
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

warnings.filterwarnings("ignore", message="pkg_resources")

from pyramid.config import Configurator  # noqa: E402 (its warning is not ours)
from webob import Request  # noqa: E402

from assetzcml import (  # noqa: E402
    AssetRegistry,
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringConstantCacheBuster,
)

SIZES = (20, 200, 2000)
ROUNDS = 60  # calls of each size that are measured; the median counts
Call = Callable[[int], object]


def package(directory: str) -> None:
    """A package with a file of its own for each call, and a manifest."""
    sys.path.insert(0, directory)
    home = Path(directory, "pack")
    (home / "static").mkdir(parents=True)
    (home / "theme").mkdir()
    (home / "__init__.py").touch()
    for number in range(SIZES[-1] + ROUNDS + 1):
        for directory in ("static", "theme"):
            (home / directory / f"{number}.css").touch()
        (home / f"layer{number}").mkdir()
    (home / "static" / "m.json").write_text(json.dumps({f"{n}.css": f"{n}-1.css" for n in range(100)}))


def page(request: object) -> str:
    return "page"


def kinds(assets: AssetRegistry) -> dict[str, Call]:
    """One more declaration of each kind."""
    path = "pack:static/{}".format
    return {
        "override_asset": lambda n: assets.override_asset(path(f"{n}.css"), f"pack:theme/{n}.css"),
        "override_asset, stacked": lambda n: assets.override_asset(path(""), f"pack:layer{n}/"),
        "add_static_view": lambda n: assets.add_static_view(f"v{n}", path(f"d{n}")),
        "add_static_file": lambda n: assets.add_static_file(f"f{n}.css", path(f"{n}.css")),
        "add_cache_buster, token": lambda n: assets.add_cache_buster(
            path(f"t{n}"), QueryStringConstantCacheBuster("v")
        ),
        "add_cache_buster, digest": lambda n: assets.add_cache_buster(path(f"e{n}"), DigestCacheBuster()),
        "add_cache_buster, manifest": lambda n: assets.add_cache_buster(
            path(f"m{n}"), ManifestCacheBuster("pack:static/m.json")
        ),
        "add_media_type": lambda n: assets.add_media_type(f"x{n}", "text/css"),
        "add_route with a view": lambda n: assets.add_route(f"r{n}", f"/r{n}/{{id}}", view=page),
        "add_view": lambda n: assets.add_view(page, f"p{n}"),
        "bundle": lambda n: assets.environment.register(f"b{n}", path(f"{n}.css"), output=f"gen/b{n}.css"),
    }


def asking(assets: AssetRegistry, declare: Call) -> Call:
    """The same, and then a URL and a file."""

    def call(number: int) -> None:
        declare(number)
        assets.resolve("pack:static/1.css").exists()
        assets.static_path("pack:static/1.css")

    return call


def serving(assets: AssetRegistry, declare: Call) -> Call:
    """The same, and then a request for a file and one for a page."""
    app = assets.make_app()
    file, of_page = (Request.blank(path).environ for path in ("/static/1.css", "/page"))

    def call(number: int) -> None:
        declare(number)
        for environ in (file, of_page):
            for part in app(dict(environ), lambda status, headers, error=None: None):
                del part

    return call


def pyramids() -> Call:
    config = Configurator(settings={}, autocommit=True)
    return lambda n: config.override_asset(f"pack:static/{n}.css", f"pack:theme/{n}.css")


def costs(ours: Call, theirs: Call, first: int) -> tuple[float, float]:
    """Microseconds of CPU of the calls from the one with this number on, the median of each side."""
    own, peer = [], []
    gc.collect()
    gc.disable()
    try:
        for number in range(first, first + ROUNDS):
            start = time.process_time_ns()
            ours(number)
            middle = time.process_time_ns()
            theirs(number)
            own.append((middle - start) / 1000)
            peer.append((time.process_time_ns() - middle) / 1000)
    finally:
        gc.enable()
    return statistics.median(own), statistics.median(peer)


def measure(name: str, ours: Call) -> None:
    """Both from the first to the last call, measured at each size."""
    theirs, done = pyramids(), 0
    told, peers = [], []
    for size in SIZES:
        for number in range(done, size):
            theirs(number), ours(number)
        done = size + ROUNDS
        own, peer = costs(ours, theirs, size)
        told.append(own)
        peers.append(peer)
    ratios = [own / peer for own, peer in zip(told, peers, strict=True)]
    print(
        f"{name:<40} {told[0]:8.0f} µs at {SIZES[0]}, {told[-1]:8.0f} at {SIZES[-1]}   x Pyramid's override_asset:"
        f" {', '.join(f'{ratio:5.2f}' for ratio in ratios)}   the last to the first: {ratios[-1] / ratios[0]:.2f}",
        flush=True,
    )


def main() -> None:
    warnings.simplefilter("ignore")  # a stacked layer need not exist
    with tempfile.TemporaryDirectory() as directory:
        package(directory)
        for name in kinds(AssetRegistry()):
            assets = AssetRegistry()
            assets.environment.directory = directory
            measure(name, kinds(assets)[name])
        for name in ("override_asset", "add_static_view", "add_cache_buster, digest"):
            assets = AssetRegistry()
            assets.add_static_view("static", "pack:static")
            measure(f"{name}, then a question", asking(assets, kinds(assets)[name]))
        for name in ("override_asset", "add_static_view", "add_route with a view", "add_view"):
            assets = AssetRegistry()
            assets.add_static_view("static", "pack:static")
            assets.add_view(page, "page")
            measure(f"{name}, then requests", serving(assets, kinds(assets)[name]))


if __name__ == "__main__":
    main()
