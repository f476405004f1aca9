"""What other servers' tests ask, row by row: by WSGI, by ASGI under both loops, and of StaticView where it can be asked."""

import os
import re

import anyio
import pytest
from webob import Request

from assetzcml import AssetRegistry, StaticApp, StaticView
from assetzcml.asgi import StaticApp as ASGIApp
from hostile_requests import Answer
from serving import clients
from serving.conftest import write
from serving.peer_cases import APPLICATION, FILES, rows
from tables import over

ROWS = list(rows())
STATIC = {
    "cache_max_age": 1000,
    "content_encodings": ["zstd", "gzip"],
    "headers": [("Access-Control-Allow-Origin", "*"), ("X-Is-Css-File", "True", "*.css")],
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    base = tmp_path_factory.mktemp("peers")
    for name, content in FILES.items():
        write(base / "static" / name, content)
    write(base / "outside.txt", b"outside")
    write(base / "elsewhere" / "outside.txt", b"outside")
    write(base / "static_disallow" / "index.html", b"private")
    write(base / "bare" / "\u00e4\u00f6\u00fc", b"FOUND")
    write(base / "built" / "app.db8f2edc0c8a.js", b"built")
    write(base / "built" / "plain.js", b"plain")
    (base / "static" / "link.txt").symlink_to(base / "outside.txt")
    (base / "static" / "linked").symlink_to(base / "elsewhere")
    (base / "alias").symlink_to(base / "static")
    os.mkfifo(base / "static" / "pipe")
    return base


class Policy:
    def permits(self, request, context, permission):
        return request.cookies.get("user") == "fred"


@pytest.fixture(scope="module")
def sites(tree):
    """The registry with all views under names, and the one with a view at the top."""
    named, top = AssetRegistry(), AssetRegistry()
    named.add_media_type("foobar", "application/x-foo-bar")
    named.add_permission_policy(Policy())
    for name in ("static", "prefix"):
        named.add_static_view(name, tree / "static", **STATIC)
    for name, root, options in [
        ("follow", "static", {"follow_symlinks": True, "dotfiles": True}),
        ("html", "static", {"not_found": "404.html"}),
        ("bare", "bare", {}),
        ("alias", "alias", {}),
        ("shut", "static", {"permission": "view"}),
        ("built", "built", {"immutable_names": ["*.????????????.js"]}),
        ("gone", "gone", {}),
        ("filed", "outside.txt", {}),
    ]:
        named.add_static_view(name, str(tree / root), **options)
    top.add_static_view("/", tree / "static")
    return named, top


@pytest.fixture(scope="module", autouse=True)
def settled():
    """What was written a moment ago is kept, and what is kept is asked too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assetzcml.resolving.fingerprints.TICK", 0)
        yield


def wsgi_fallback(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [APPLICATION]


async def asgi_fallback(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": APPLICATION})


@pytest.fixture(scope="module")
def by_wsgi(sites):
    apps = [StaticApp(registry, wsgi_fallback) for registry in sites]
    return lambda top, *asked: clients.wsgi(apps[top], *asked)


def by_asgi(backend):
    @pytest.fixture(scope="module", name=f"by_{backend}")
    def asking(sites):
        if backend == "trio":
            pytest.importorskip("trio")
        apps = [ASGIApp(registry, asgi_fallback) for registry in sites]
        return lambda top, *asked: anyio.run(ask, apps[top], clients.scope(*asked), backend=backend)

    async def ask(app, scope):
        sent = []

        async def send(message):
            sent.append(message)

        await app(scope, anyio.sleep_forever, send)
        headers = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        return Answer(sent[0]["status"], headers, b"".join(each["body"] for each in sent[1:]))

    return asking


by_asyncio, by_trio = by_asgi("asyncio"), by_asgi("trio")


@pytest.fixture(scope="module")
def by_view(tree):
    """StaticView, where it stands for the view 'static'; None for a row about anything else."""
    registry = AssetRegistry()
    registry.add_media_type("foobar", "application/x-foo-bar")
    view = StaticView(tree / "static", registry, **STATIC)

    def app(environ, start_response):
        return view(Request(environ))(environ, start_response)

    def ask(top, path, method, headers):
        if top or not re.match("/static($|[/?])", path) or "/../" in path:
            return None
        return clients.wsgi(app, path.removeprefix("/static"), method, headers, script_name="/static")

    return ask


@pytest.fixture(params=["wsgi", "asyncio", "trio", "view"])
def ask(request):
    return request.getfixturevalue(f"by_{request.param}")


@over("row, top", [each[:2] for each in ROWS], ids=[each[2] for each in ROWS])
def test_the_question_of_a_peer_is_answered_as_the_row_says(row, top, ask):
    headers = {name: filled(value, lambda path: ask(top, path, "GET", {})) for name, value in row.headers.items()}
    for _ in range(2):  # the second time it is kept
        answer = ask(top, row.path, row.method, headers)
        if answer is None:
            return
        assert answer.status == row.status
        if row.body is not None:
            assert answer.body == row.body
        for name, value in row.said.items():
            assert answer.first(name) == value, name


def filled(text, ask):
    """The text, with what its marks stand for."""
    names = {"etag": "ETag", "date": "Last-Modified"}
    return re.sub(r"\{(etag|date) ([^}]+)\}", lambda mark: ask(mark[2]).first(names[mark[1]]), text)


def test_a_file_that_was_there_is_missing_after_it_was_removed(tmp_path):
    write(tmp_path / "some.html", b"some")
    write(tmp_path / "404.html", b"not found")
    registry = AssetRegistry(settings={"reload": True})
    registry.add_static_view("html", tmp_path, not_found="404.html")
    app = StaticApp(registry)
    first = clients.wsgi(app, "/html/some.html")
    asked = {"If-Modified-Since": first.first("Last-Modified")}
    assert clients.wsgi(app, "/html/some.html", headers=asked).status == 304
    (tmp_path / "some.html").unlink()
    answer = clients.wsgi(app, "/html/some.html", headers=asked)
    assert (answer.status, answer.body) == (404, b"not found")


def test_a_directory_that_may_not_be_read_is_a_404(tmp_path, monkeypatch):
    # Theirs is 401, which asks a client to log in where nothing could ever let it in.
    write(tmp_path / "a.txt", b"a")

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    registry = AssetRegistry()
    registry.add_static_view("s", tmp_path)
    monkeypatch.setattr("assetzcml.serving.files.os.open", refuse)
    assert clients.wsgi(StaticApp(registry), "/s/a.txt").status == 404


def test_a_disk_that_fails_is_a_503_that_nobody_keeps(tmp_path, monkeypatch):
    # Theirs is 500; a client may ask again.
    write(tmp_path / "a.txt", b"a")

    def fail(*arguments, **options):
        raise OSError(5, "Input/output error")

    registry = AssetRegistry()
    registry.add_static_view("s", tmp_path)
    monkeypatch.setattr("assetzcml.serving.files.os.open", fail)
    answer = clients.wsgi(StaticApp(registry), "/s/a.txt")
    assert (answer.status, answer.first("Cache-Control")) == (503, "no-store")


def test_an_environment_without_a_path_is_answered(tmp_path):
    registry = AssetRegistry()
    registry.add_static_view("s", tmp_path)
    begun = []
    environ = {"REQUEST_METHOD": "GET"}
    assert StaticApp(registry)(environ, lambda *arguments: begun.append(arguments)) == [b"404 Not Found\n"]


def test_every_difference_has_a_ruling_and_every_peer_has_rows():
    asked = {
        "WhiteNoise",
        "ServeStatic",
        "Starlette",
        "Pyramid",
        "Werkzeug",
        "aiohttp",
        "Tornado",
        "Django",
        "Go",
        "nginx",
    }
    assert {row.peer for row, _, _ in ROWS} == asked
    assert all(row.ruling == "" or len(row.ruling) > 10 for row, _, _ in ROWS)
    assert len(ROWS) > 130
