"""Requests for static assets against WhiteNoise, Pyramid and others. Prints ratios, asserts nothing.

python benchmarks/serving.py              without a server: CPU time of the application alone
python benchmarks/serving.py --memory     memory after 100,000 files were served once (takes a minute)
python benchmarks/serving.py --sockets    over a socket, against a constant answer (needs a quiet machine)
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import importlib.util
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore", message="pkg_resources")

from pyramid.config import Configurator  # noqa: E402 (its warning is not ours)
from pyramid.static import static_view  # noqa: E402
from ratio import compare  # noqa: E402
from webob import Request  # noqa: E402
from whitenoise import WhiteNoise  # noqa: E402

from assetzcml import AssetRegistry, StaticApp, StaticView  # noqa: E402
from assetzcml.asgi import StaticApp as ASGIStaticApp  # noqa: E402

TURNS = 100  # requests in one call, so that the call itself does not count
SETTLED = 0.1  # seconds after which a file that was written is kept (assetzcml.resolving.fingerprints.TICK)

Environ = dict[str, Any]


def environ(path: str, **headers: str) -> Environ:
    """What a server makes of a browser's request."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_USER_AGENT": "Mozilla/5.0",
        "HTTP_ACCEPT": "*/*",
        "HTTP_ACCEPT_LANGUAGE": "en",
        "HTTP_REFERER": "http://127.0.0.1:8080/",
        "HTTP_CONNECTION": "keep-alive",
        "HTTP_COOKIE": "session=1",
        **headers,
    }


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
    """A server's that is as fast as can be."""


def asking(app: Any, asked: Environ, turns: int = TURNS) -> Callable[[], None]:
    """Requests that are read and closed."""

    def work() -> None:
        for _ in range(turns):
            body = app(asked, start_response)
            for _ in body:
                pass
            if hasattr(body, "close"):
                body.close()

    return work


def answer(app: Any, asked: Environ) -> tuple[int, dict[str, str], bytes]:
    told: list[Any] = []
    body = app(dict(asked), lambda status, headers, exc_info=None: told.append((int(status[:3]), dict(headers))))
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return *told[0], content


def not_found(asked: Environ, begin: Any) -> list[bytes]:
    begin("404 Not Found", [])
    return []


def tree(directory: str) -> Path:
    """Assets of three sizes and their variants. Their bytes are as random as those of a picture."""
    root = Path(directory, "static")
    (root / "css").mkdir(parents=True)
    noise = random.Random(1)
    for name, size in (("small.css", 1024), ("page.css", 65536), ("large.bin", 1 << 20)):
        content = noise.randbytes(size)
        (root / "css" / name).write_bytes(content)
        if name.endswith("css"):
            (root / "css" / f"{name}.gz").write_bytes(gzip.compress(content)[: size - 1])
            (root / "css" / f"{name}.br").write_bytes(content[: size - 2])
    time.sleep(SETTLED)
    return root


def published(*views: tuple[str, Any], **options: Any) -> AssetRegistry:
    registry = AssetRegistry()
    for name, root in views:
        registry.add_static_view(name, str(root), content_encodings=["br", "gzip"], **options)
    return registry


def against_whitenoise(root: Path) -> None:
    theirs = WhiteNoise(not_found)
    theirs.add_files(str(root), "static")
    registry = published(("static", root))
    ours, unkept = StaticApp(registry, not_found), StaticApp(registry, not_found, bodies=0)

    def row(name: str, aim: float, path: str, app: Any = ours, turns: int = TURNS, **headers: str) -> None:
        asked = environ(f"/static/css/{path}", **headers)
        told = [answer(each, asked) for each in (theirs, app)]
        assert told[0][0] == told[1][0]
        assert len(told[0][2]) == len(told[1][2])
        compare(name, asking(theirs, asked, turns), asking(app, asked, turns), aim, calls=turns)

    for size, name in (("1 KiB", "small.css"), ("64 KiB", "page.css")):
        row(f"GET {size}", 15, name)
        row(f"GET {size}, gzip", 15, name, HTTP_ACCEPT_ENCODING="gzip")
        row(f"GET {size}, br", 15, name, HTTP_ACCEPT_ENCODING="gzip, deflate, br, zstd")
        row(f"GET {size}, nothing kept in memory", 1.5, name, unkept)
    unchanged(theirs, ours)
    row("HEAD", 4, "small.css", REQUEST_METHOD="HEAD")
    row("range of 1,000 bytes in 1 MiB", 4, "large.bin", HTTP_RANGE="bytes=500000-500999")
    row("1 MiB iterated", 6, "large.bin", turns=10)
    asked = environ("/blog/2024/a-page")
    compare("a path under no static view", asking(theirs, asked), asking(ours, asked), 1, calls=TURNS)
    asked = environ("/static/css/nothing.css")
    compare("a missing file under a static view", asking(theirs, asked), asking(ours, asked), None, calls=TURNS)
    many = published(*((f"static{number}", root) for number in range(1000)))
    last = environ("/static999/css/small.css")
    one = environ("/static/css/small.css")
    # As fast as with one is 1 x; of two measurements of the same, one is slower, by a few percent.
    asked = asking(StaticApp(many), last)
    compare("one of 1,000 views, against our only one", asking(ours, one), asked, 0.95, calls=TURNS)


def unchanged(theirs: Any, ours: Any) -> None:
    for name, aim, field, asking_for in (
        ("304 by ETag", 2.2, "HTTP_IF_NONE_MATCH", "ETag"),
        ("304 by date", 6, "HTTP_IF_MODIFIED_SINCE", "Last-Modified"),
    ):
        works = []
        for app in (theirs, ours):
            told = answer(app, environ("/static/css/small.css"))[1][asking_for]
            asked = environ("/static/css/small.css", **{field: told})
            assert answer(app, asked)[0] == 304
            works.append(asking(app, asked))
        compare(name, *works, aim, calls=TURNS)


def start_up(directory: str) -> None:
    root = Path(directory, "many")
    fill(root, 10_000)

    def theirs() -> None:
        WhiteNoise(not_found).add_files(str(root), "static")

    registry = published(("static", root))
    compare("start with 10,000 files", theirs, lambda: StaticApp(registry, not_found), 50, rounds=5)


def fill(root: Path, files: int) -> None:
    for number in range(files):
        if number % 1000 == 0:
            (root / str(number // 1000)).mkdir(parents=True)
        (root / str(number // 1000) / f"{number}.css").write_bytes(b"x" * 200)


def against_pyramid(root: Path) -> None:
    asked = environ("/static/css/small.css")
    for views, aim in ((1, None), (1000, 300)):
        config = Configurator(settings={})
        names = ["static", *(f"static{number}" for number in range(views - 1))]
        for name in reversed(names):
            config.add_static_view(name, str(root))
        ours = StaticApp(published(*((name, root) for name in names)))
        title = f"Pyramid's router, {views:,} static view{'s' * (views > 1)}"
        compare(title, asking(config.make_wsgi_app(), asked), asking(ours, asked), aim, rounds=9, calls=TURNS)
    theirs, view = static_view(str(root)), StaticView(str(root))

    def sending(view: Callable[..., Any]) -> Callable[[], None]:
        def app(asked: Environ, begin: Any) -> Any:
            request = Request(dict(asked, PATH_INFO="/css/small.css"))
            return view(None, request)(request.environ, begin)

        return asking(app, asked)

    compare("Pyramid's static_view, GET 1 KiB", sending(theirs), sending(view), 7, calls=TURNS)


def against_others(root: Path) -> None:
    asked = environ("/static/css/small.css")
    registry = published(("static", root))
    if importlib.util.find_spec("servestatic"):
        from servestatic import ServeStatic

        theirs = ServeStatic(not_found)
        theirs.add_files(str(root), "static")
        compare("ServeStatic, GET 1 KiB", asking(theirs, asked), asking(StaticApp(registry), asked), None, calls=TURNS)
    view = StaticView(str(root), registry)

    def webob(asked: Environ, begin: Any) -> Any:
        request = Request(dict(asked, PATH_INFO="/css/small.css"))
        return view(request)(asked, begin)

    compare(
        "StaticView by WebOb, against StaticApp",
        asking(webob, asked),
        asking(StaticApp(registry), asked),
        None,
        calls=TURNS,
    )
    if importlib.util.find_spec("starlette"):
        from starlette.applications import Starlette
        from starlette.routing import Mount
        from starlette.staticfiles import StaticFiles

        theirs = Starlette(routes=[Mount("/static", StaticFiles(directory=str(root)))])
        loop = asyncio.new_event_loop()
        for name in ("small.css", "page.css"):
            works = [asgi_asking(loop, each, f"/static/css/{name}") for each in (theirs, ASGIStaticApp(registry))]
            compare(f"Starlette's StaticFiles, ASGI GET {name}", *works, None, calls=TURNS)
        loop.close()


def asgi_asking(loop: asyncio.AbstractEventLoop, app: Any, path: str) -> Callable[[], None]:
    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        pass

    async def requests() -> None:
        for _ in range(TURNS):
            scope = {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
                "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
                "headers": [(b"host", b"127.0.0.1:8080"), (b"accept", b"*/*"), (b"user-agent", b"Mozilla/5.0")],
                "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080),
            }  # fmt: skip
            await app(scope, receive, send)

    return lambda: loop.run_until_complete(requests())


# Memory.

MEMORY = """
import os, sys
sys.path[:0] = {paths!r}
from serving import *
root, kind = Path({root!r}), {kind!r}
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
before = resident()
if kind == "theirs":
    app = WhiteNoise(not_found)
    app.add_files(str(root), "static")
else:
    app = StaticApp(published(("static", root)), not_found)
    for number in range({files}):
        for _ in app(environ(f"/static/{{number // 1000}}/{{number}}.css"), start_response): pass
print(resident() - before)
"""


def memory(files: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory, "many")
        fill(root, files)
        time.sleep(SETTLED)
        used = {}
        for kind in ("theirs", "ours"):
            code = MEMORY.format(paths=[str(Path(__file__).parent)], root=str(root), kind=kind, files=files)
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            used[kind] = int(done.stdout) / 2**20
        ratio = used["theirs"] / used["ours"]
        print(
            f"{'memory, 100,000 files served once':<44} peer {used['theirs']:8.1f} MiB   ours {used['ours']:7.1f} MiB   "
            f"{ratio:8.1f} x   aim 3 x   {'met' if ratio >= 3 else 'NOT MET'}"
        )


# Sockets.

SERVERS = {
    "gunicorn gthread": "gunicorn -b 127.0.0.1:{port} -k gthread --threads 4 --keep-alive 30 {app}",
    "waitress": "waitress-serve --listen 127.0.0.1:{port} --threads 4 {app}",
    "granian": "granian --interface wsgi --host 127.0.0.1 --port {port} --no-access-log --log-level warning {app}",
}
SECONDS = 1.0  # of requests in one round
ROUNDS = 7


class Constant:
    """The same answers, headers and bytes, made once and looked up by path."""

    def __init__(self, app: Any):
        self._answers = {path: answer(app, environ(path)) for path in ("/static/css/small.css", "/static/css/page.css")}

    def __call__(self, asked: Environ, begin: Any) -> list[bytes]:
        _, headers, body = self._answers[asked["PATH_INFO"]]
        begin("200 OK", list(headers.items()))
        return [body]


def application(kind: str) -> Any:
    """What a server is started with; the directory comes through the environment."""
    app = StaticApp(published(("static", os.environ["ASSETZCML_BENCHMARK_ROOT"])), not_found)
    return Constant(app) if kind == "constant" else app


if "ASSETZCML_BENCHMARK_ROOT" in os.environ:
    constant, ours = application("constant"), application("ours")


def sockets(root: Path) -> None:
    for name, command in SERVERS.items():
        if importlib.util.find_spec(command.partition(" ")[0].partition("-")[0]) is None:
            continue
        servers = {}
        try:
            for port, app in ((18081, "constant"), (18082, "ours")):
                started = command.format(port=port, app=f"serving:{app}").split()
                paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
                here = {**os.environ, "ASSETZCML_BENCHMARK_ROOT": str(root), "PYTHONPATH": paths}
                program = Path(sys.executable).parent / started[0]
                servers[port] = subprocess.Popen(
                    [program, *started[1:]], env=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            for port in servers:
                wait_for(port)
            for path in ("small.css", "page.css"):
                ratios = []
                for _ in range(ROUNDS):
                    ours, constant = requests_in_a_second(18082, path), requests_in_a_second(18081, path)
                    ratios.append(ours / constant)
                ratio = statistics.median(ratios)
                judged = "met" if ratio >= 0.9 else "NOT MET"
                print(f"{name + ', ' + path:<44} {ratio:6.0%} of a constant answer   aim 90 %   {judged}", flush=True)
        finally:
            for server in servers.values():
                server.terminate()
                server.wait()


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/static/css/small.css")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no server on port {port}")


def requests_in_a_second(port: int, name: str, clients: int = 2) -> float:
    counts = [0] * clients
    until = time.monotonic() + SECONDS

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.monotonic() < until:
            connection.request("GET", f"/static/css/{name}")
            connection.getresponse().read()
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def main() -> None:
    if "--memory" in sys.argv:
        memory()
        return
    with tempfile.TemporaryDirectory() as directory:
        root = tree(directory)
        if "--sockets" in sys.argv:
            sockets(root)
            return
        print("against WhiteNoise, autorefresh off")
        against_whitenoise(root)
        start_up(directory)
        print("against others")
        against_pyramid(root)
        against_others(root)


if __name__ == "__main__":
    main()
