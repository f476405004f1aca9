"""The ASGI application: the scope read right, and bodies sent as ASGI wants them."""

import asyncio
import contextvars
import gc
import os
import threading
import time

import pytest

from assetzcml import DigestCacheBuster, TreeCacheBuster
from assetzcml.asgi import StaticApp
from assetzcml.errors import MissingExtra
from assetzcml.records.assets import asset_spec
from assetzcml.resolving.trees import Trees
from assetzcml.serving import entries, loops
from assetzcml.serving.asgi import headers_of, wsgi_environ, wsgi_path
from assetzcml.serving.files import Truncated
from assetzcml.serving.loops import Threads
from serving import clients
from serving.clients import asgi, asgi_messages, scope
from serving.conftest import write


async def fallback(asked, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fallback " + asked["type"].encode()})


def messages(app, asked):
    return asyncio.run(asgi_messages(app, asked))


# The scope.


@pytest.mark.parametrize(
    "part, path",
    [
        ({"raw_path": b"/static/a%20b"}, "/static/a b"),
        ({"raw_path": b"/a%252fb"}, "/a%2fb"),
        ({"raw_path": b"/caf%c3%a9"}, "/caf\xc3\xa9"),
        ({"raw_path": b"/%ff"}, "/\xff"),
        ({"raw_path": b"/a?query"}, "/a"),  # some servers leave it there
        ({"raw_path": b"/a%3fb"}, "/a?b"),
        ({"raw_path": None, "path": "/café"}, "/caf\xc3\xa9"),
        ({"path": "/plain"}, "/plain"),
        ({"raw_path": b"/app/static/x", "root_path": "/app"}, "/static/x"),
        ({"raw_path": b"/static/x", "root_path": "/app"}, "/static/x"),  # as older servers have it
        ({"raw_path": b"/application/x", "root_path": "/app"}, "/application/x"),
        ({"raw_path": b"/app", "root_path": "/app"}, ""),
        ({"raw_path": b"/app/x", "root_path": "/app/"}, "/x"),
        ({"raw_path": b"/%61pp/x", "root_path": "/app"}, "/x"),
        ({"raw_path": b"/caf%c3%a9/x", "root_path": "/café"}, "/x"),
    ],
)
def test_the_path_is_that_of_a_wsgi_server(part, path):
    assert wsgi_path(part) == path


@pytest.mark.parametrize("path, raw, root, status", [
    ("/s/a b.txt", b"/s/a%20b.txt", "", 200),
    ("/m/s/a b.txt", b"/m/s/a%20b.txt", "/m", 200),
    ("/s/a b.txt", b"/m/s/a%20b.txt", "/m", 200),    # the path is cut off, what it was is not
    ("/s/a b.txt", b"/de/s/a%20b.txt", "", 200),     # a prefix was stripped
    ("/s/a b.txt", b"/s/old.txt", "", 200),          # rewritten to another asset
    ("/elsewhere", b"/s/a%20b.txt", "", 404),        # rewritten away
    ("/s/a b.txt/", b"/x/s/a%20b.txt", "", 200),     # a mount that adds a slash
    ("/s/a b.txt/", b"/x/s/a%20b.txt/", "", 404),    # the client's own
    ("/s/a b.txt", b"/s/a%2520b.txt", "", 200),      # decoded once more by somebody: the path rules
    ("/s/a%20b.txt", b"/s/a%2520b.txt", "", 404),
    ("/s/\ufffd.txt", b"/s/%ff.txt", "", 400),       # as servers decode what is not UTF-8
    ("/s/a b.txt", None, "", 200),
])  # fmt: skip
def test_the_path_rules_and_the_raw_path_counts_while_it_says_the_same(tmp_path, path, raw, root, status, no_tick):
    write(tmp_path / "a b.txt", b"x")
    app = StaticApp(clients.registry(("s", tmp_path)))
    asked = {**scope("/"), "path": path, "raw_path": raw, "root_path": root}
    assert messages(app, asked)[0]["status"] == status


def test_headers_that_are_repeated_are_joined_but_for_those_of_which_one_makes_sense():
    pairs = [
        (b"accept-encoding", b"gzip"),
        (b"cookie", b"a=1"),
        (b"if-none-match", b'"a"'),
        (b"accept-encoding", b"br"),
        (b"cookie", b"b=2"),
        (b"if-none-match", b'"b"'),
        (b"if-modified-since", b"first"),
        (b"if-modified-since", b"second"),
    ]
    assert headers_of(pairs) == {
        "HTTP_ACCEPT_ENCODING": "gzip,br",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_IF_NONE_MATCH": '"a","b"',
        "HTTP_IF_MODIFIED_SINCE": "first",
    }


def test_a_policy_sees_a_request_made_of_the_scope():
    asked = scope("/app/x?a=1", headers={"Content-Type": "text/x", "Cookie": "a=b"}, root_path="/app", scheme="https")
    environ = wsgi_environ(asked, wsgi_path(asked))
    from webob import Request

    request = Request(environ)
    assert (request.script_name, request.path_info, request.GET["a"]) == ("/app", "/x", "1")
    assert (request.cookies["a"], request.content_type, request.remote_addr) == ("b", "text/x", "127.0.0.1")
    assert request.url == "https://localhost/app/x?a=1"


# What is not theirs.


def test_what_belongs_to_no_view_goes_to_the_fallback(root):
    app = StaticApp(clients.registry(("static", root)), fallback)
    assert asgi(app, "/blog").body == b"fallback http"
    assert asgi(app, "/static/nothing").status == 404
    assert asgi(StaticApp(clients.registry()), "/blog").status == 404


@pytest.mark.parametrize("kind", ["lifespan", "websocket", "something new"])
def test_other_scopes_are_the_fallbacks(root, kind):
    sent = messages(StaticApp(clients.registry(("static", root)), fallback), {"type": kind})
    assert sent[1]["body"] == f"fallback {kind}".encode()


def test_without_a_fallback_the_application_starts_and_stops_politely():
    async def run():
        events = ["lifespan.startup", "lifespan.shutdown"]
        sent = []

        async def receive():
            return {"type": events.pop(0)}

        async def send(message):
            sent.append(message["type"])

        await StaticApp(clients.registry())({"type": "lifespan"}, receive, send)
        return sent

    assert asyncio.run(run()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_without_a_fallback_a_websocket_is_refused():
    assert messages(StaticApp(clients.registry()), {"type": "websocket"}) == [{"type": "websocket.close", "code": 1000}]


def test_without_a_fallback_an_unknown_kind_of_scope_is_an_error():
    with pytest.raises(ValueError, match="something new"):
        messages(StaticApp(clients.registry()), {"type": "something new"})


def test_a_redirect_stays_below_the_root_path(root):
    app = StaticApp(clients.registry(("static", root), ("", root)))
    assert asgi(app, "/app/static", root_path="/app").first("Location") == "static/"
    assert asgi(app, "/app", root_path="/app").first("Location") == "app/"
    assert asgi(app, "/app/static/app.css", root_path="/app").status == 200


def test_what_is_declared_later_holds_from_the_next_request_on(root):
    made = clients.registry(("static", root))
    app = StaticApp(made, fallback)
    assert asgi(app, "/other/app.css").body == b"fallback http"
    made.add_static_view("other", str(root))
    assert asgi(app, "/other/app.css").body == b"body { color: black }\n"


# Bodies.


def test_a_fault_of_the_server_is_not_taken_for_a_client_that_is_gone(root, caplog, descriptors):
    async def run():
        async def receive():
            raise LookupError("the server is broken")

        async def send(message):
            await asyncio.sleep(0)

        await StaticApp(clients.registry(("static", root)))(scope("/static/large.bin"), receive, send)

    before = descriptors()
    with pytest.raises(LookupError, match="the server is broken"):
        asyncio.run(run())
    assert "receive() failed" in caplog.text
    assert descriptors() == before


def test_header_names_are_in_lower_case(root):
    start = messages(StaticApp(clients.registry(("static", root))), scope("/static/app.css"))[0]
    assert all(name == name.lower() for name, _ in start["headers"])


def test_what_middleware_does_to_the_headers_of_one_answer_is_not_seen_in_another(root):
    app = StaticApp(clients.registry(("static", root)))
    for _ in range(2):
        start = messages(app, scope("/static/app.css"))[0]
        assert (b"x-middleware", b"1") not in start["headers"]
        start["headers"].append((b"x-middleware", b"1"))


def test_what_is_kept_is_one_message_and_needs_no_thread(root, monkeypatch):
    app = StaticApp(clients.registry(("static", root)))
    messages(app, scope("/static/app.css"))
    monkeypatch.setattr(Threads, "run", lambda *arguments: pytest.fail("a thread"))
    for headers in ({}, {"Range": "bytes=1-2"}, {"If-None-Match": "*"}):
        sent = messages(app, scope("/static/app.css", headers=headers))
        assert [each["type"] for each in sent] == ["http.response.start", "http.response.body"]


def test_the_fallback_needs_no_thread(root, monkeypatch):
    monkeypatch.setattr(Threads, "run", lambda *arguments: pytest.fail("a thread"))
    assert asgi(StaticApp(clients.registry(("static", root)), fallback), "/page").body == b"fallback http"


# Threads.


@pytest.fixture(params=["anyio", "asyncio alone"])
def threads(request, monkeypatch):
    """Both ways to threads under asyncio."""
    if request.param != "anyio":
        monkeypatch.setattr(loops, "anyio", None)


def test_nothing_that_touches_a_disk_runs_in_the_loop(root, threads, monkeypatch):
    made = clients.registry(("static", root), ("", root / "docs"))
    made.add_cache_buster(str(root), DigestCacheBuster())
    app = StaticApp(made, fallback)
    url = made.static_path(f"{root}/app.css")
    looping = threading.get_ident()
    guilty = []

    def watched(name):
        real = getattr(os, name)

        def call(*arguments, **options):
            if threading.get_ident() == looping:
                guilty.append((name, arguments[0]))
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("open", "stat", "lstat", "fstat", "read", "pread", "listdir", "scandir"):
            patch.setattr(os, name, watched(name))
        asked = [
            asyncio_messages(app, scope(path, method))
            for path in (
                url,
                "/static/app-000000000000.css",
                "/static/large.bin",
                "/static/none",
                "/static/docs",
                "/page",
            )
            for method in ("GET", "HEAD")
        ]
        asyncio.run(together(asked))
    assert guilty == []


async def asyncio_messages(app, asked):
    return await asgi_messages(app, asked)


async def together(coroutines):
    return await asyncio.gather(*coroutines)


def test_the_context_of_a_request_goes_with_it(root, threads):
    tenant = contextvars.ContextVar("tenant")
    policy = clients.Policy(lambda request: tenant.get() == "ada")
    app = StaticApp(clients.registry(("static", root, {"permission": "view"}), policy=policy))

    async def run():
        tenant.set("ada")
        return await asgi_messages(app, scope("/static/app.css"))

    assert asyncio.run(run())[0]["status"] == 200


def test_policies_that_do_not_return_stop_protected_views_only(root, threads, monkeypatch):
    monkeypatch.setattr("assetzcml.serving.asgi.POLICY_THREADS", 2)
    asked, released = threading.Semaphore(0), threading.Event()

    class Slow:
        def permits(self, request, context, permission):
            asked.release()
            return released.wait(30)

    app = StaticApp(clients.registry(("shut", root, {"permission": "view"}), ("open", root), policy=Slow()))

    async def run():
        waiting = [asyncio.ensure_future(asgi_messages(app, scope("/shut/app.css"))) for _ in range(50)]
        for _ in range(2):  # every thread there is for policies is in one
            assert await asyncio.to_thread(asked.acquire, timeout=30)
        opened = [await asgi_messages(app, scope(f"/open/{name}")) for name in ("app.css", "digits.txt", "large.bin")]
        shut = [each.done() for each in waiting]
        released.set()
        return opened, shut, await asyncio.gather(*waiting)

    opened, shut, later = asyncio.run(run())
    assert [each[0]["status"] for each in opened] == [200] * 3
    assert not any(shut)
    assert [each[0]["status"] for each in later] == [200] * 50


def test_an_asynchronous_policy_holds_no_thread(root, monkeypatch):
    monkeypatch.setattr("assetzcml.serving.asgi.POLICY_THREADS", 1)
    asked = []

    class Waiting:
        async def permits(self, request, context, permission):
            asked.append(request.path)
            if len(asked) == 20:
                request.environ["asgi.scope"]["all"].set()
            return await request.environ["asgi.scope"]["gate"].wait()

    app = StaticApp(clients.registry(("shut", root, {"permission": "view"}), policy=Waiting()))

    async def run():
        gate, every = asyncio.Event(), asyncio.Event()
        asking = scope("/shut/app.css", gate=gate, all=every)
        waiting = [asyncio.ensure_future(asgi_messages(app, dict(asking))) for _ in range(20)]
        await every.wait()
        gate.set()
        return await asyncio.gather(*waiting)

    assert [each[0]["status"] for each in asyncio.run(run())] == [200] * 20


def test_a_request_that_is_cancelled_while_its_thread_works_leaves_nothing_open(
    root, threads, descriptors, monkeypatch
):
    begun, goes_on = threading.Event(), threading.Event()
    real = entries.reopen

    def slow(path, version):
        descriptor = real(path, version)
        begun.set()
        goes_on.wait(10)
        return descriptor

    monkeypatch.setattr(entries, "reopen", slow)

    async def run():
        task = asyncio.ensure_future(
            asgi_messages(StaticApp(clients.registry(("static", root))), scope("/static/large.bin"))
        )
        while not begun.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    before = descriptors()
    asyncio.run(run())
    until = time.monotonic() + 10
    while descriptors() != before and time.monotonic() < until:  # the thread may end after the loop has
        time.sleep(0.001)
    gc.collect()
    assert descriptors() == before


# trio.


@pytest.mark.parametrize("path", ["/static/app.css", "/static/large.bin", "/static/none", "/page"])
def test_under_trio_bodies_of_every_size_are_whole(root, path, descriptors):
    trio = pytest.importorskip("trio")
    pytest.importorskip("anyio")
    app = StaticApp(clients.registry(("static", root)), fallback)
    before = descriptors()

    async def run():
        sent = []

        async def send(message):
            sent.append(message)

        await app(scope(path), trio.sleep_forever, send)
        return sent

    sent = trio.run(run)
    there = root / path.removeprefix("/static/")
    if there.is_file():
        assert b"".join(each.get("body", b"") for each in sent) == there.read_bytes()
    else:
        assert sent[0]["status"] in (200, 404)
    assert descriptors() == before


def test_under_trio_a_client_that_goes_away_ends_the_body_and_errors_stay_themselves(root, descriptors):
    trio = pytest.importorskip("trio")
    pytest.importorskip("anyio")
    app = StaticApp(clients.registry(("static", root)))
    before = descriptors()

    async def run(send):
        gone = trio.Event()

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        await app(scope("/static/large.bin"), receive, lambda message: send(message, gone))

    sent = []

    async def leave(message, gone):
        sent.append(message)
        if len(sent) == 3:
            gone.set()
        await trio.sleep(0.01)

    async def fail(message, gone):
        if "body" in message:
            raise ConnectionResetError

    trio.run(run, leave)
    assert len(sent) == 3
    with pytest.raises(ConnectionResetError):
        trio.run(run, fail)
    assert descriptors() == before


def test_another_loop_than_asyncios_without_anyio_is_told_before_the_headers(root, monkeypatch):
    trio = pytest.importorskip("trio")
    monkeypatch.setattr(loops, "anyio", None)
    sent = []

    async def send(message):
        sent.append(message)

    with pytest.raises(MissingExtra, match=r"assetzcml\[asgi\]"):
        trio.run(StaticApp(clients.registry(("static", root))), scope("/static/app.css"), trio.sleep_forever, send)
    assert sent == []


def test_a_large_asset_is_read_in_another_thread_a_step_at_a_time(root):
    app = StaticApp(clients.registry(("static", root)))
    sent = messages(app, scope("/static/large.bin"))[1:]
    assert [len(each["body"]) for each in sent] == [512 * 1024] * 4
    assert [each["more_body"] for each in sent] == [True, True, True, False]


def test_the_next_step_is_read_when_the_one_before_is_sent(root, monkeypatch):
    events = []
    from assetzcml.serving.files import FileBody

    real = FileBody.read
    monkeypatch.setattr(FileBody, "read", lambda body, size: events.append("read") or real(body, size))

    async def run():
        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            events.append("begin")
            await asyncio.sleep(0.01)  # a slow client
            events.append("end")

        await StaticApp(clients.registry(("static", root)))(scope("/static/large.bin"), receive, send)

    asyncio.run(run())
    assert events == ["begin", "end", *["read", "begin", "end"] * 4]


@pytest.mark.parametrize("way", ["disconnect", "send fails", "cancelled"])
def test_when_the_client_goes_away_no_more_is_read_and_nothing_stays_open(root, way, descriptors):
    class Gone(OSError):
        pass

    async def run():
        gone = asyncio.Event()
        sent = []

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if len(sent) == 3:
                if way == "send fails":
                    raise Gone
                if way == "cancelled":
                    asyncio.current_task().cancel()
                gone.set()
            await asyncio.sleep(0.01)

        app = StaticApp(clients.registry(("static", root)))
        try:
            await app(scope("/static/large.bin"), receive, send)
        except (Gone, asyncio.CancelledError) as error:
            return sent, type(error)
        return sent, None

    before = descriptors()
    sent, error = asyncio.run(run())
    assert len(sent) == 3
    assert (error is None) == (way == "disconnect")
    assert descriptors() == before


def test_a_server_that_repeats_the_end_of_the_request_does_no_harm(root):
    async def run():
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        await StaticApp(clients.registry(("static", root)))(scope("/static/large.bin"), receive, send)
        return b"".join(each.get("body", b"") for each in sent)

    assert asyncio.run(run()) == (root / "large.bin").read_bytes()


@pytest.mark.parametrize(
    "method, headers", [("HEAD", {}), ("GET", {"If-None-Match": "*"}), ("GET", {"Range": "bytes=1-"})]
)
def test_what_is_not_sent_whole_leaves_nothing_open(root, method, headers, descriptors):
    app = StaticApp(clients.registry(("static", root)))
    before = descriptors()
    asgi(app, "/static/large.bin", method, headers)
    assert descriptors() == before


def test_a_file_that_is_truncated_while_it_is_sent_is_an_error_the_server_sees(root, descriptors):
    async def run():
        sent = []

        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            sent.append(message)
            if len(sent) == 2:
                os.truncate(root / "large.bin", 1000)

        with pytest.raises(Truncated):
            await StaticApp(clients.registry(("static", root)))(scope("/static/large.bin"), receive, send)
        return sent

    before = descriptors()
    assert asyncio.run(run())[-1]["more_body"] is True
    assert descriptors() == before


# http.response.pathsend: it hands a name to the server, which may lead elsewhere when it is opened.


PATHSEND = {"extensions": {"http.response.pathsend": {}, "http.response.zerocopysend": {}}}


@pytest.mark.parametrize("swap", ["link out", "longer", "shorter", "gone", "directory"])
def test_what_was_checked_is_sent_whatever_the_name_leads_to_meanwhile(root, tmp_path, swap, descriptors):
    large, outside = root / "sub" / "large.bin", write(tmp_path / "outside" / "large.bin", b"secret" * 100_000)
    before = write(large, bytes(range(256)) * 1024).read_bytes()

    def exchange():
        if swap == "directory":
            os.rename(root / "sub", tmp_path / "old")
            (root / "sub").symlink_to(outside.parent)
        elif swap == "gone":
            large.unlink()
        else:
            new = root / "new"
            if swap == "link out":
                new.symlink_to(outside)
            else:
                new.write_bytes(b"new" * (200_000 if swap == "longer" else 10))
            os.replace(new, large)

    async def run():
        sent = []

        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            sent.append(message)
            if message["type"] == "http.response.start":
                exchange()

        await StaticApp(clients.registry(("static", root)))(scope("/static/sub/large.bin", **PATHSEND), receive, send)
        return sent

    open_before = descriptors()
    start, *bodies = asyncio.run(run())
    assert {each["type"] for each in bodies} == {"http.response.body"}
    body = b"".join(each["body"] for each in bodies)
    assert body == before
    assert dict(start["headers"])[b"content-length"] == str(len(body)).encode()
    assert descriptors() == open_before


def test_a_tree_is_counted_when_the_application_starts_and_not_at_the_first_page(root):
    registry = clients.registry(("static", root))
    registry.add_cache_buster(str(root), TreeCacheBuster())
    tree = registry.part(Trees).tree(registry.snapshot, asset_spec(str(root)))
    incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent = []

    async def receive():
        return next(incoming)

    async def send(message):
        sent.append(message["type"])

    asyncio.run(StaticApp(registry)({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert tree.latest is not None
