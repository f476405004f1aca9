"""What a page will ask for is told before the view is called: by 103 where the server can, and by a Link header."""

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import pytest
from webob import Request

from assetzcml import AssetRegistry, TreeCacheBuster
from assetzcml.asgi import StaticApp
from documents import document, write_tree
from serving.clients import Policy, asgi_messages, scope

LINK = re.compile(r'</static/~[0-9a-f]{12}/app\.css>; rel=preload; as="style"; integrity="sha384-[^"]+"')


@pytest.fixture
def made(package):
    shop = package({"static/app.css": "a{}", "static/main.js": "import './one.js'", "static/one.js": ""})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    registry.add_cache_buster(f"{shop}:static", TreeCacheBuster())
    registry.shop = shop
    return registry


def asked(registry, path="/", told=None, **environ):
    if told is not None:
        environ["wsgi.early_hints"] = told
    return Request.blank(path, environ=environ).send(registry.make_app())


def test_a_browser_is_told_before_the_view_is_called(made):
    order = []
    made.add_view(lambda request: order.append("view") or "page", preload=f"{made.shop}:static/app.css")
    response = asked(made, told=order.append)
    ((told,), last) = order
    assert last == "view"
    assert told == ("Link", response.headers["Link"])
    assert LINK.fullmatch(told[1])


def test_without_the_extension_the_page_says_it_alone(made):
    made.add_view(lambda request: "page", preload=[f"{made.shop}:static/main.js"])
    response = asked(made)
    assert response.status == "200 OK"
    assert [part.partition(">")[0].rpartition("/")[2] for part in response.headers["Link"].split(", ")] == [
        "main.js",
        "one.js",
    ]


def test_the_link_of_a_view_of_its_own_stays(made):
    from webob import Response

    made.add_view(lambda request: Response(headers={"Link": "</x>; rel=next"}), preload=f"{made.shop}:static/app.css")
    assert len(asked(made).headers.getall("Link")) == 2


def test_who_is_not_permitted_is_told_nothing(made):
    made.add_permission_policy(Policy(False))
    made.add_view(lambda request: "page", permission="view", preload=f"{made.shop}:static/app.css")
    told = []
    response = asked(made, told=told.append)
    assert (response.status_int, told, response.headers.get("Link")) == (403, [], None)


def test_where_the_application_is_mounted_is_part_of_it(made):
    made.add_view(lambda request: "page", preload=f"{made.shop}:static/app.css")
    assert asked(made, SCRIPT_NAME="/shop").headers["Link"].startswith("</shop/static/~")


def test_a_hint_that_cannot_be_given_is_told_of_once_and_is_no_reason_to_fail(made, caplog):
    made.add_view(lambda request: "page", preload=f"{made.shop}:static/none.css")
    assert [asked(made).status_int for _ in range(3)] == [200, 200, 200]
    assert len(caplog.records) == 1
    assert "view '/': preload: " in caplog.text


def test_a_server_that_fails_to_tell_is_no_reason_either(made, caplog):
    def fails(headers):
        raise OSError("the client is gone")

    made.add_view(lambda request: "page", preload=f"{made.shop}:static/app.css")
    assert asked(made, told=fails).status_int == 200
    assert "failed to send early hints" in caplog.text


def test_zcml_says_it_relative_to_the_package_of_the_file(package):
    files = {
        "static/app.css": "a{}",
        "views.py": "def home(request):\n    return 'page'\n",
        "configure.zcml": document(
            '<staticView name="static" path="static"/><cacheBuster path="static" tree="sha256"/>'
            '<view name="" view=".views.home" preload="static/app.css"/>'
        ),
    }
    registry = AssetRegistry().load_zcml(f"{package(files)}:configure.zcml")
    assert LINK.fullmatch(asked(registry).headers["Link"])
    [view] = registry.snapshot.pages
    assert view.attributes()["preload"] == [str(view.preload[0])]


async def page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


@pytest.mark.parametrize("extensions, kinds", [({"http.response.early_hint": {}}, 3), ({}, 2), (None, 2)])
def test_an_asgi_server_with_the_extension_is_told_first(made, extensions, kinds):
    made.add_view(lambda request: "page", preload=[f"{made.shop}:static/app.css", f"{made.shop}:static/main.js"])
    messages = asyncio.run(asgi_messages(StaticApp(made, fallback=page), scope("/", extensions=extensions)))
    assert len(messages) == kinds
    if kinds == 3:
        assert messages[0]["type"] == "http.response.early_hint"
        assert len(messages[0]["links"]) == 3
        assert all(link.startswith(b"</static/~") for link in messages[0]["links"])


def test_an_asgi_page_without_hints_is_left_alone(made):
    made.add_view(lambda request: "page", "other", preload=[f"{made.shop}:static/app.css"])
    for path in ("/", "/nowhere"):
        asking = scope(path, extensions={"http.response.early_hint": {}})
        assert len(asyncio.run(asgi_messages(StaticApp(made, fallback=page), asking))) == 2


SITE = """
from assetzcml import AssetRegistry, TreeCacheBuster
registry = AssetRegistry()
registry.add_static_view("static", {root!r})
registry.add_cache_buster({root!r}, TreeCacheBuster())
registry.add_view(lambda request: "page", preload={root!r} + "/app.css")
application = registry.make_app()
"""


@pytest.mark.whole
def test_gunicorn_sends_103_and_then_the_page(tmp_path):
    program = shutil.which("gunicorn", path=os.path.dirname(sys.executable)) or shutil.which("gunicorn")
    if program is None:
        pytest.skip("gunicorn is not installed")
    write_tree(tmp_path, {"root/app.css": "a{}", "hinting.py": SITE.format(root=str(tmp_path / "root"))})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--bind", f"127.0.0.1:{port}", "--chdir", str(tmp_path), "hinting"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        answer = raw(process, port)
    finally:
        process.terminate()
        process.wait()
    first, second = answer.split(b"\r\n\r\n")[:2]
    assert first.startswith(b"HTTP/1.1 103 Early Hints\r\n")
    assert LINK.search(first.decode())
    assert second.startswith(b"HTTP/1.1 200 OK\r\n")
    assert LINK.search(second.decode())
    assert answer.endswith(b"page")


ASGI_SITE = (
    SITE
    + """
import a2wsgi
from assetzcml.asgi import StaticApp
asgi = StaticApp(registry, fallback=a2wsgi.WSGIMiddleware(application))
"""
)


@pytest.mark.whole
def test_hypercorn_sends_103_over_http_2_and_then_the_page_and_over_http_1_the_page_alone(tmp_path):
    pytest.importorskip("a2wsgi")
    pytest.importorskip("hypercorn")
    write_tree(tmp_path, {"root/app.css": "a{}", "hinting.py": ASGI_SITE.format(root=str(tmp_path / "root"))})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "hinting:asgi"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first, second = heads_over_http_2(process, port)
        answer = raw(process, port)
    finally:
        process.terminate()
        process.wait()
    assert first[":status"] == "103"
    assert LINK.fullmatch(first["link"])
    assert (second[":status"], second["link"]) == ("200", first["link"])
    assert answer.startswith(b"HTTP/1.1 200")
    assert LINK.search(answer.decode())


def heads_over_http_2(process, port):
    """The heads of all that is answered to a request, as HTTP/2 has them, in order."""
    h2 = pytest.importorskip("h2.connection")
    from h2.events import InformationalResponseReceived, ResponseReceived, StreamEnded

    connection, heads, ended = h2.H2Connection(), [], False
    with connected(process, port) as client:
        connection.initiate_connection()
        asking = {":method": "GET", ":path": "/", ":authority": "localhost", ":scheme": "http"}
        connection.send_headers(1, list(asking.items()), end_stream=True)
        while not ended:
            client.sendall(connection.data_to_send())
            for event in connection.receive_data(client.recv(65536)):
                if isinstance(event, InformationalResponseReceived | ResponseReceived):
                    heads.append({name.decode(): value.decode() for name, value in event.headers})
                ended = ended or isinstance(event, StreamEnded)
    return heads


def raw(process, port):
    with connected(process, port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65536), b""))


def connected(process, port):
    for _ in range(200):
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        assert process.poll() is None, "the server has ended"
        time.sleep(0.05)
    raise AssertionError("the server did not begin")
