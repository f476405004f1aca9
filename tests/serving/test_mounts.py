"""Below a prefix of somebody else's: mounts of frameworks and middleware, each as its own documentation writes it."""

from typing import Any

import anyio
import pytest

from assetzcml import DigestCacheBuster, asgi
from serving import clients
from serving.conftest import write


@pytest.fixture
def registry(tmp_path, no_tick):
    write(tmp_path / "a b.txt", b"a b")
    write(tmp_path / "docs" / "index.html", b"docs")
    write(tmp_path / "large.bin", b"x" * 300_000)
    made = clients.registry(("s", tmp_path), ("shut", tmp_path, {"permission": "view"}), policy=clients.Policy(False))
    made.add_cache_buster(str(tmp_path), DigestCacheBuster())
    made.url = made.static_path(f"{tmp_path}/a b.txt")
    return made


def by_starlette(app):
    starlette = pytest.importorskip("starlette.applications")
    routing = pytest.importorskip("starlette.routing")
    return starlette.Starlette(routes=[routing.Mount("/in/here", app=app)])


def by_nested_starlette(app):
    starlette = pytest.importorskip("starlette.applications")
    routing = pytest.importorskip("starlette.routing")
    return starlette.Starlette(routes=[routing.Mount("/in", routes=[routing.Mount("/here", app=app)])])


def by_fastapi(app):
    fastapi = pytest.importorskip("fastapi")
    outer, inner = fastapi.FastAPI(), fastapi.FastAPI()
    inner.mount("/here", app)
    outer.mount("/in", inner)
    return outer


def by_litestar(app):
    litestar = pytest.importorskip("litestar")

    @litestar.asgi("/in/here", is_mount=True, copy_scope=True)
    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return litestar.Litestar([mounted])


def by_quart(app):
    quart = pytest.importorskip("quart")
    outer = quart.Quart("outer")
    theirs = outer.asgi_app

    async def dispatched(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith("/in/here/"):
            await app({**scope, "root_path": scope["root_path"] + "/in/here"}, receive, send)
        else:
            await theirs(scope, receive, send)

    outer.asgi_app = dispatched
    return outer


def by_stripping(app):
    """As ASGI had it before 'path' was said to hold 'root_path': both are changed, and `raw_path` stays."""

    async def strip(scope, receive, send):
        rest = scope["path"].removeprefix("/in/here")
        await app({**scope, "path": rest, "root_path": scope["root_path"] + "/in/here"}, receive, send)

    return strip


def by_rewriting(app):
    """A locale or a tenant that middleware takes off, and tells nobody of."""

    async def rewrite(scope, receive, send):
        await app({**scope, "path": scope["path"].removeprefix("/in/here")}, receive, send)

    return rewrite


def by_fallbacks(app):
    """Our own application behind another of ours."""
    return asgi.StaticApp(clients.registry(), fallback=by_stripping(app))


MOUNTS = [
    by_starlette,
    by_nested_starlette,
    by_fastapi,
    by_litestar,
    by_quart,
    by_stripping,
    by_rewriting,
    by_fallbacks,
]


def ask(app, path, backend="asyncio", **headers):
    sent = []

    async def send(message):
        sent.append(message)

    scope = clients.scope(path, headers=headers, state={})
    scope["headers"] = scope["headers"] + [(b"user-agent", b"test")]
    anyio.run(app, scope, anyio.sleep_forever, send, backend=backend)
    said = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], said, b"".join(each.get("body", b"") for each in sent[1:])


@pytest.mark.parametrize("mount", MOUNTS, ids=lambda mount: mount.__name__)
def test_below_a_mount_everything_is_as_at_the_top(mount, registry):
    app = mount(asgi.StaticApp(registry))
    status, headers, body = ask(app, "/in/here/s/a%20b.txt")
    assert (status, body) == (200, b"a b")
    assert ask(app, "/in/here/s/a%20b.txt", **{"If-None-Match": headers["etag"]})[0] == 304
    assert ask(app, f"/in/here{registry.url}")[1]["cache-control"].endswith("immutable")
    assert ask(app, "/in/here/s/docs/")[2] == b"docs"
    assert ask(app, "/in/here/s/large.bin")[2] == b"x" * 300_000
    assert ask(app, "/in/here/s/none")[0] == 404
    assert ask(app, "/in/here/s/%2e%2e/s/docs/")[0] == 404
    assert ask(app, "/in/here/shut/a%20b.txt")[0] == 403
    status, headers, _ = ask(app, "/in/here/s/docs?x=1")
    assert (status, headers["location"]) == (301, "docs/?x=1")


@pytest.mark.parametrize("mount", [by_starlette, by_nested_starlette, by_stripping], ids=lambda mount: mount.__name__)
def test_under_trio_too(mount, registry):
    pytest.importorskip("trio")
    app = mount(asgi.StaticApp(registry))
    assert ask(app, "/in/here/s/large.bin", "trio")[2] == b"x" * 300_000
    assert ask(app, "/in/here/shut/a%20b.txt", "trio")[0] == 403
