"""ASGI: GET of a small asset in process, and what slow storage does to the event loop. Prints ratios, asserts nothing.

python benchmarks/asgi.py
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from ratio import compare
from starlette.staticfiles import StaticFiles

from assetzcml import AssetRegistry
from assetzcml.asgi import StaticApp

TURNS = 50  # requests in one call, so that the call itself does not count
SETTLED = 0.1  # seconds after which a file that was written is kept
SLOW = 0.01  # seconds that an open takes on slow storage
FILES = 50  # asked for at once there
ROUNDS = 15  # odd; in one of them any thread of either may have to wait for the processor


def scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1234),
    }


async def receive() -> dict[str, Any]:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


async def ask(app: Any, path: str) -> int:
    """How many bytes an application sends."""
    sent = 0

    async def send(message: Any) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))

    await app(scope(path), receive, send)
    return sent


def asking(loop: asyncio.AbstractEventLoop, app: Any, path: str) -> Any:
    async def requests() -> None:
        for _ in range(TURNS):
            await ask(app, path)

    return lambda: loop.run_until_complete(requests())


async def lag(app: Any, paths: list[str]) -> tuple[float, float]:
    """The longest time that the loop did nothing else while *paths* were asked for at once, and all of it, in seconds."""
    ticks = [time.perf_counter()]

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.001)
            ticks.append(time.perf_counter())

    watching = asyncio.ensure_future(watch())
    began = time.perf_counter()
    await asyncio.gather(*(ask(app, path) for path in paths))
    took = time.perf_counter() - began
    await asyncio.sleep(0.01)
    watching.cancel()
    return max(after - before for before, after in pairwise(ticks)), took


def slow_storage(root: Path) -> None:
    paths = [f"/{number}.txt" for number in range(FILES)]
    really_open, really_stat = os.open, os.stat

    def slow_open(path: Any, *arguments: Any, **options: Any) -> int:
        if str(path).endswith(".txt"):
            time.sleep(SLOW)
        return really_open(path, *arguments, **options)

    def slow_stat(path: Any, *arguments: Any, **options: Any) -> Any:
        if str(path).endswith(".txt") and not isinstance(path, int):
            time.sleep(SLOW)
        return really_stat(path, *arguments, **options)

    print(f"{FILES} files at once, where an open or a look takes {SLOW * 1000:.0f} ms; medians of {ROUNDS} rounds")
    told: dict[str, list[tuple[float, float]]] = {"theirs": [], "ours": []}
    os.open, os.stat = slow_open, slow_stat  # type: ignore[assignment]
    try:
        for number in range(ROUNDS):
            for name in ("theirs", "ours") if number % 2 else ("ours", "theirs"):
                app = StaticFiles(directory=str(root)) if name == "theirs" else StaticApp(published(root))
                told[name].append(asyncio.run(lag(app, paths)))
    finally:
        os.open, os.stat = really_open, really_stat
    for title, which, aim in (("worst lag of the loop", 0, 2), ("until all are answered", 1, 1)):
        theirs, ours = (statistics.median(each[which] for each in told[name]) * 1000 for name in ("theirs", "ours"))
        judged = "met" if ours <= aim * theirs else "NOT MET"
        print(f"{title:<44} peer {theirs:10.1f} ms   ours {ours:8.1f} ms   aim at most {aim} x   {judged}")


def published(root: Path) -> AssetRegistry:
    registry = AssetRegistry()
    registry.add_static_view("", str(root))
    return registry


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "small.css").write_bytes(b"x" * 1024)
        for number in range(FILES):
            (root / f"{number}.txt").write_bytes(b"x" * 1024)
        time.sleep(SETTLED)
        ours, theirs = StaticApp(published(root)), StaticFiles(directory=directory)
        loop = asyncio.new_event_loop()
        work = asking(loop, theirs, "/small.css"), asking(loop, ours, "/small.css")
        compare("Starlette's StaticFiles, GET 1 KiB", *work, 80, calls=TURNS)
        try:
            from servestatic import ServeStaticASGI
        except ImportError:
            print("ServeStatic is not installed")
        else:
            peer = ServeStaticASGI(theirs, root=directory)
            work = asking(loop, peer, "/small.css"), asking(loop, ours, "/small.css")
            compare("ServeStatic, GET 1 KiB", *work, 60, calls=TURNS)
        loop.close()
        slow_storage(root)


if __name__ == "__main__":
    main()
