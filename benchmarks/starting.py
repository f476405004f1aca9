"""
Whole processes, from `python` to the end: an import, a first answer, a first answer out of 10,000 files.

Ours and those of others in turn, CPU time of the process and its children, the median of the ratios. Prints ratios,
asserts nothing.

python benchmarks/starting.py
"""

from __future__ import annotations

import hashlib
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 9  # odd, so that the median is a ratio that was measured; a round starts each process once
FILES = 10_000
FROZEN_ASSETS = 100_000

WSGI = """
import io, sys
environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/static/a0.css", "QUERY_STRING": "",
           "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
           "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": True,
           "wsgi.multiprocess": False, "wsgi.run_once": False, "HTTP_HOST": "localhost"}
answer = []
body = b"".join(app(environ, lambda status, headers, *_: answer.append(status)))
assert answer == ["200 OK"] and body == b"a{}", (answer, body)
"""

ASGI = """
import asyncio
scope = {"type": "http", "method": "GET", "path": "/static/a0.css", "raw_path": b"/static/a0.css", "root_path": "",
         "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http", "asgi": {"version": "3.0"}}
sent, received = [], [{"type": "http.request", "body": b"", "more_body": False}]
async def receive():
    return received.pop() if received else await asyncio.Event().wait()
async def send(message):
    sent.append(message)
asyncio.run(app(scope, receive, send))
assert sent[0]["status"] == 200
"""

# What only imports, and what answers one request for a file of the directory ROOT.
IMPORTS = {
    "pyramid": "import pyramid.config",
    "whitenoise": "from whitenoise import WhiteNoise",
    "starlette": "import starlette.applications, starlette.staticfiles",
    "flask": "import flask",
    "assetzcml": "from assetzcml import AssetRegistry, StaticApp",
}
ANSWERS = {
    "pyramid": "from pyramid.config import Configurator\nconfig = Configurator()\n"
    "config.add_static_view('static', ROOT)\napp = config.make_wsgi_app()\n" + WSGI,
    "whitenoise": "from whitenoise import WhiteNoise\napp = WhiteNoise(None, root=ROOT, prefix='static')\n" + WSGI,
    "starlette": "from starlette.applications import Starlette\nfrom starlette.routing import Mount\n"
    "from starlette.staticfiles import StaticFiles\n"
    "app = Starlette(routes=[Mount('/static', StaticFiles(directory=ROOT))])\n" + ASGI,
    "flask": "import flask\napp = flask.Flask('app', static_folder=ROOT, static_url_path='/static')\n" + WSGI,
    "assetzcml": "from assetzcml import AssetRegistry, StaticApp\nregistry = AssetRegistry()\n"
    "registry.add_static_view('static', ROOT)\napp = StaticApp(registry)\n" + WSGI,
}


def cpu(program: str) -> float:
    """CPU seconds of a Python process that runs *program*."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # With compiled modules, as an installation has them, whatever this process was started with.
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, env=environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def race(title: str, programs: dict[str, str], *, aims: dict[str, float] | None = None) -> None:
    """Print how many times as long each peer takes as ours, and how much longer than the quickest ours takes."""
    for program in programs.values():
        cpu(program)  # the modules are compiled now
    times: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(ROUNDS):
        order = list(programs) if number % 2 else list(reversed(programs))
        for name in order:
            times[name].append(cpu(programs[name]))
    ours = times["assetzcml"]
    print(f"{title}: ours {1000 * statistics.median(ours):.0f} ms")
    for name, took in times.items():
        if name != "assetzcml":
            ratio = statistics.median(theirs / mine for theirs, mine in zip(took, ours, strict=True))
            aim = (aims or {}).get(name)
            judged = "" if aim is None else f"   aim {aim:g} x   {'met' if ratio >= aim else 'NOT MET'}"
            print(f"    {name:<26} {1000 * statistics.median(took):8.0f} ms   {ratio:8.2f} x{judged}", flush=True)


FROZEN = """
from assetzcml import AssetRegistry, StaticApp
registry = AssetRegistry(settings={"frozen": RELEASE})
app = StaticApp(registry)
URL = registry.static_path("shop:static/a0.css")
""" + WSGI.replace('"/static/a0.css"', "URL")
SAID = "\nprint(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"


def release(directory: str, count: int) -> None:
    """A frozen release of so many assets, of which only the first has its content."""
    from assetzcml.publishing.frozen_tree import FrozenTree, index_of
    from assetzcml.resolving.releases import Released, release_bytes

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    tree = FrozenTree(directory)
    assets = [
        Released(
            name=f"static/a{number}.css", object=digest("a{}" if number == 0 else str(number)), size=3, type="text/css",
            versions=(f"{number:012x}",), view="static", spec=f"shop:static/a{number}.css", integrity="sha384-" + "x" * 64,
            variants={"br": (digest(f"b{number}"), 2), "gzip": (digest(f"g{number}"), 2)} if number else {},
            more={"path": f"static/a{number}.css", "url": f"static/a{number}-{number:012x}.css", "headers": 0, "asked": True},
        )
        for number in range(count)
    ]  # fmt: skip
    about = {
        "codings": ["br", "gzip"],
        "directories": {},
        "headers": [[]],
        "import_map": {},
        "views": [{"name": "static"}],
    }
    manifest = release_bytes(assets, about)
    name = hashlib.sha256(manifest).hexdigest()
    with tree.writing():
        tree.objects.put(io.BytesIO(b"a{}"))
        tree.finish(manifest, index_of(manifest, name, assets, about), name)


def frozen(count: int) -> None:
    """Print what a process that serves a frozen release of so many assets costs above an empty interpreter."""
    with tempfile.TemporaryDirectory() as directory:
        release(directory, count)
        program = FROZEN.replace("RELEASE", repr(directory))
        times, empty = [], []
        for _ in range(ROUNDS + 1):
            times.append(cpu(program))
            empty.append(cpu("pass"))
        above = 1000 * (statistics.median(times[1:]) - statistics.median(empty[1:]))
        pages = [int(subprocess.check_output([sys.executable, "-c", code + SAID])) for code in (program, "")]
        memory = (pages[0] - pages[1]) / 1024
        print(
            f"a first answer out of {count:,} frozen assets, above an empty interpreter: {above:.0f} ms of CPU (aim 50 ms), "
            f"{memory:.1f} MB (aim 30 MB)"
        )


def main() -> None:
    frozen(FROZEN_ASSETS)
    with tempfile.TemporaryDirectory() as directory:
        one, many = Path(directory, "one"), Path(directory, "many")
        for root, files in ((one, 1), (many, FILES)):
            root.mkdir()
            for number in range(files):
                (root / f"a{number}.css").write_bytes(b"a{}")
        race("import", IMPORTS)
        answers = {name: program.replace("ROOT", repr(str(one))) for name, program in ANSWERS.items()}
        race(
            "import, one static view, the first answer",
            {**answers, "pyramid.config, imported": IMPORTS["pyramid"]},
            aims={"pyramid.config, imported": 2},
        )
        race(f"the same, out of {FILES:,} files", {n: p.replace("ROOT", repr(str(many))) for n, p in ANSWERS.items()})


if __name__ == "__main__":
    main()
