"""
What many requests leave behind: nothing. Without a server; test_servers.py has the same over the wire.

The default run takes as many as fit into a second; `pytest -m slow` takes as many as the promise names.
"""

import asyncio
import gc
import os
import sys
from wsgiref.util import FileWrapper

import pytest

from assetzcml.serving.asgi import StaticApp as ASGIApp
from assetzcml.serving.wsgi import StaticApp as WSGIApp
from serving import clients

pytestmark = pytest.mark.whole

MISSING = ["/static/{}", "/static/docs/{}-3f2a9c81b7d0.css", "/static/%ff{}", "/{}", "/elsewhere/{}"]
A_LITTLE = 500  # blocks of memory that come and go with caches of CPython's; a request that left one would leave more


def fallback(environ, start_response):
    start_response("404 Not Found", [])
    return []


def resident():
    """Bytes of memory this process holds, freed blocks that wait for their next use included."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pytest.skip("the system does not say how much memory is held")


def full(count):
    return pytest.param(count, marks=pytest.mark.slow)


@pytest.fixture
def site(untouched):
    return clients.registry(("static", untouched), ("", untouched))


@pytest.mark.parametrize("path", MISSING)
@pytest.mark.parametrize("count", [2_000, full(200_000)])
def test_a_flood_of_missing_paths_leaves_the_memory_where_it_was(site, path, count):
    app = WSGIApp(site, fallback)
    asked = clients.environ("/")
    length = len(path.format(count))

    def flood(first, count):
        for number in range(first, first + count):
            asked["PATH_INFO"] = clients.environ(path.format(number).ljust(length, "x"))["PATH_INFO"]
            assert list(app(asked, lambda status, headers: None)) in ([], [b"404 Not Found\n"], [b"400 Bad Request\n"])

    flood(0, 1_000)  # what is made once is made now
    gc.collect()
    blocks, size = sys.getallocatedblocks(), resident()
    flood(1_000, count)
    gc.collect()
    assert sys.getallocatedblocks() - blocks < A_LITTLE
    assert resident() - size < 2**21  # what is larger than a block: 10 bytes a path at most, of 200,000
    assert app._desks.current.entries.ready == {}


@pytest.mark.parametrize("count", [1_000, full(200_000)])
def test_a_flood_of_missing_paths_leaves_the_memory_where_it_was_under_asgi(site, count):
    app = ASGIApp(site)

    async def flood(first, count):
        for number in range(first, first + count):
            path = MISSING[number % len(MISSING)].format(number)
            (begin, _) = await clients.asgi_messages(app, clients.scope(path))
            assert begin["status"] in (404, 400)

    async def run():
        await flood(0, 1_000)
        gc.collect()
        before = sys.getallocatedblocks()
        await flood(1_000, count)
        gc.collect()
        return sys.getallocatedblocks() - before

    assert asyncio.run(run()) < A_LITTLE
    assert app._desks.current.entries.ready == {}


ENDS = {
    "closed": lambda body: body.close(),
    "begun and closed": lambda body: (next(body), body.close()),
    "begun and dropped": lambda body: next(body),
    "dropped": lambda body: None,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_ten_thousand_aborted_requests_leave_no_descriptor(site, end, descriptors):
    app = WSGIApp(site)
    asked = clients.environ("/static/large.bin", **{"wsgi.file_wrapper": FileWrapper})
    partly = {**asked, "HTTP_RANGE": "bytes=1-999999"}
    app(asked, lambda status, headers: None).close()
    before = descriptors()
    for number in range(10_000 // len(ENDS)):
        end(iter(app(partly if number % 2 else asked, lambda status, headers: None)))
    assert descriptors() == before


@pytest.mark.parametrize("count", [300, full(10_000)])
def test_aborted_requests_leave_no_descriptor_under_asgi(site, count, descriptors):
    app = ASGIApp(site)

    async def aborted(number):
        """The client of a large file goes away, one way or another, after the first piece."""
        sent = []
        gone = asyncio.Event()

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if len(sent) == 2:
                gone.set()
                if number % 2:
                    raise OSError("the connection is lost")

        try:
            await app(clients.scope("/static/large.bin"), receive, send)
        except OSError:
            assert number % 2
        assert 2 <= len(sent) <= 4

    async def run():
        await aborted(0)  # what asyncio opens for its threads is opened now
        before = descriptors()
        for number in range(count):
            await aborted(number)
        return before, descriptors()

    before, after = asyncio.run(run())
    assert after == before


@pytest.fixture
def forty_left():
    """A function after whose call this process may open forty more files, in the test that calls it."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []

    def leave():
        highest = max(map(int, os.listdir("/proc/self/fd")))
        while not taken or taken[-1] <= highest:  # the limit is on numbers: those that are free below count too
            taken.append(os.dup(0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1 + 40, limits[1]))

    yield leave
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    for number in taken:
        os.close(number)


def test_with_forty_descriptors_left_requests_fail_politely_and_then_recover(site, forty_left, descriptors, caplog):
    app = WSGIApp(site)
    large = clients.environ("/static/large.bin", **{"wsgi.file_wrapper": lambda file: file})
    status = []

    def begin(code, headers):
        status.append((code, dict(headers).get("Retry-After"), dict(headers).get("Cache-Control")))

    assert clients.wsgi(app, "/static/app.css").status == 200
    forty_left()
    before = descriptors()
    bodies = []
    while len(bodies) < 100 and (not status or status[-1][0] == "200 OK"):
        bodies.append(app(large, begin))
    assert status[-1] == ("503 Service Unavailable", "1", "no-store")
    assert len(bodies) - 1 == 40  # so many are sent at once
    assert clients.wsgi(app, "/static/digits.txt").status == 503
    assert clients.wsgi(app, "/static/app.css").status == 200  # it is kept in memory
    for body in bodies[:20]:
        next(iter(body))
        body.close()
    assert clients.wsgi(app, "/static/digits.txt").body == b"0123456789"
    assert clients.wsgi(app, "/static/large.bin").status == 200
    del bodies, body
    assert "Too many open files" in caplog.text
    assert descriptors() == before
