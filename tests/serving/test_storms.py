"""A hundred thousand requests while everything changes: nothing leaks, nothing is torn, nothing is of a former site."""

import asyncio
import hashlib
import os
import threading

import pytest

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp
from assetzcml.asgi import StaticApp as ASGIApp
from serving import clients
from serving.conftest import write

REQUESTS = 100_000
THREADS = 8

pytestmark = pytest.mark.slow


def digest(data):
    return hashlib.sha256(data).hexdigest()[:12]


def asked_by_threads(ask, requests=REQUESTS):
    """Ask from many threads, *requests* times in all; what went wrong."""
    wrong = []

    def run():
        for _ in range(requests // THREADS):
            fault = ask()
            if fault:
                wrong.append(fault)
                return

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


class Changing:
    """A thread that calls *change* with 0, 1, 2, … until it is left."""

    def __init__(self, change, pause=0.001):
        self._change, self._pause = change, pause
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        number = 0
        while not self._stopped.wait(self._pause):
            self._change(number)
            number += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stopped.set()
        self._thread.join()


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_under_swaps_and_links_nothing_leaves_the_root_and_nothing_is_torn(tmp_path, interface, descriptors):
    root = tmp_path / "root"
    secret = write(tmp_path / "secret", b"S" * 200_000)
    versions = [bytes([65 + number]) * size for number, size in enumerate((60_000, 200_000, 60_000))]
    path = write(root / "a.bin", versions[0])
    registry = clients.registry(("static", root))
    registry.add_cache_buster(str(root), DigestCacheBuster())
    names = ["/static/a.bin", *(f"/static/a-{digest(each)}.bin" for each in versions)]

    def change(number):
        new = root / "new"
        if number % 4 == 3:
            new.symlink_to(secret)
        else:
            new.write_bytes(versions[number % 4])
        os.replace(new, path)

    def fault_of(name, answer):
        if answer.status != 200:
            return None
        if answer.body not in versions:
            return name, answer.body[:1], len(answer.body)
        if "immutable" in answer.first("Cache-Control") and digest(answer.body) not in name:
            return name, "another version for ever"
        return None

    before = descriptors()
    with Changing(change):
        if interface == "wsgi":
            app, turn = StaticApp(registry), iter(range(10 * REQUESTS))
            wrong = asked_by_threads(lambda: fault_of(name := names[next(turn) % 4], clients.wsgi(app, name)))
        else:
            app = ASGIApp(registry)

            async def run():
                async def client(first):
                    found = []
                    for number in range(REQUESTS // 10 // THREADS):
                        name = names[(first + number) % 4]
                        sent = await clients.asgi_messages(app, clients.scope(name))
                        headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
                        body = b"".join(each.get("body", b"") for each in sent)
                        if sent[0]["status"] == 200 and body not in versions:
                            found.append((name, body[:1], len(body)))
                        if "immutable" in headers.get("cache-control", "") and digest(body) not in name:
                            found.append((name, "another version for ever"))
                    return found

                return [each for found in await asyncio.gather(*map(client, range(THREADS))) for each in found]

            wrong = asyncio.run(run())
    assert wrong == []
    assert descriptors() == before


def test_under_declarations_nothing_is_of_a_former_site(tmp_path):
    root = write(tmp_path / "root" / "a.css", b"css").parent
    registry = AssetRegistry()
    registry.add_static_view("first", str(root))
    declared = ["first"]

    def fallback(environ, start_response):
        start_response("404 Not Found", [])
        return [b"fallback"]

    app = StaticApp(registry, fallback)

    def declare(number):
        registry.add_static_view(f"v{number}", str(root))
        declared.append(f"v{number}")

    def ask():
        name = declared[-1]  # it was declared before this request begins
        return clients.wsgi(app, f"/{name}/a.css").body != b"css" and name

    with Changing(declare, pause=0.01):
        assert asked_by_threads(ask) == []
