"""Protected files that a front server sends: permission is asked by us, the bytes are its own. With real ones."""

import contextlib
import os
import socketserver
import threading
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from assetzcml import DigestCacheBuster, StaticApp
from assetzcml.resolving.digests import digest_of
from serving import clients
from serving.conftest import write
from test_deploying import free_port, get, nginx, program, running

pytestmark = pytest.mark.whole

NAMES = [
    "app.css",
    "a b.txt",
    "deep/er/ü.txt",
    "100%.txt",
    "a%41.txt",
    "what?.txt",
    "a#b.txt",
    "it's+1.txt",
    "index.html",
]
HERE = {"Cookie": "user=me"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


class Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextlib.contextmanager
def behind(app):
    """The port of a server for *app*."""
    with make_server("127.0.0.1", 0, app, Threaded, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def tree(tmp_path):
    for name in NAMES:
        write(tmp_path / "shop" / "www" / name, f"the bytes of {name}".encode())
    write(tmp_path / "theme" / "app.css", b"of the theme")
    write(tmp_path / "secret.txt", b"secret")
    return tmp_path


def site(tree, send, *overrides):
    def permits(request):
        return request.cookies.get("user") == "me"

    root = tree / "shop" / "www"
    made = clients.registry(policy=clients.Policy(permits), overrides=overrides)
    made.add_static_view("files", root, permission="view", send=send, cache_max_age=60)
    made.add_cache_buster(str(root), DigestCacheBuster())
    return StaticApp(made)


def by_nginx(tree, port, front):
    return nginx(
        f"""
        server {{
            listen 127.0.0.1:{front};
            location / {{ proxy_pass http://127.0.0.1:{port}; }}
            location /protected/ {{
                internal;
                alias {tree}/shop/www/;
                disable_symlinks on;
                add_header X-Content-Type-Options nosniff;
            }}
        }}
        """,
        tree,
    )


def by_caddy(tree, port, front):
    (tree / "file").write_text(f"""{{
        admin off
}}
http://localhost:{front} {{
        reverse_proxy 127.0.0.1:{port} {{
                @sent header X-Sendfile *
                handle_response @sent {{
                        copy_response_headers {{
                                include Content-Type Cache-Control X-Content-Type-Options
                        }}
                        root * /
                        rewrite * {{rp.header.X-Sendfile}}
                        file_server
                }}
        }}
}}
""")
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(tree / "file")]


FRONTS = {"nginx": ("x-accel-redirect /protected", by_nginx), "caddy": ("x-sendfile", by_caddy)}
ADDED = ("x-accel-redirect", "x-sendfile")


@contextlib.contextmanager
def fronted(kind, tree, *overrides):
    """A function (path, **headers) that asks the front server."""
    send, command = FRONTS[kind]
    front = free_port()
    with behind(site(tree, send, *overrides)) as port, running(command(tree, port, front), front, tree, HOME=str(tree)):

        def ask(path, **headers):
            response, text = get(front, path, Host=f"localhost:{front}", **headers)
            assert not any(name.lower() in ADDED for name, _ in response.getheaders())
            return response, text

        yield ask


@pytest.mark.parametrize("kind", FRONTS)
def test_who_is_permitted_gets_the_bytes_from_the_front_server_and_nobody_else_does(kind, tree):
    css = digest_of((tree / "shop/www/app.css").read_bytes())
    with fronted(kind, tree) as ask:
        for name in NAMES if kind == "nginx" else NAMES[:1]:  # Caddy takes the path as it is, quoted
            response, text = ask("/files/" + quote(name), **HERE)
            assert (name, response.status, text) == (name, 200, f"the bytes of {name}")
        response, text = ask(f"/files/app-{css}.css", **HERE)
        assert (response.status, text) == (200, "the bytes of app.css")
        assert response.headers["Content-Type"] == "text/css; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "private, max-age=60"
        etag = response.headers["ETag"]
        assert ask("/files/app.css", **HERE, **{"If-None-Match": etag})[0].status == 304
        response, text = ask("/files/app.css", **HERE, Range="bytes=4-8")
        assert (response.status, text) == (206, "bytes")
        for path in ("/files/app.css", "/files/none", f"/files/app-{css}.css"):
            assert ask(path)[0].status == 403
        assert ask("/files/none", **HERE)[0].status == 404
        assert ask("/protected/app.css", **HERE)[0].status == 404
        assert kind == "caddy" or ask("/files/", **HERE)[1] == "the bytes of index.html"


@pytest.mark.parametrize("kind", FRONTS)
def test_what_lies_elsewhere_is_sent_by_us(kind, tree, monkeypatch):
    write(tree / "shop" / "__init__.py", b"")
    monkeypatch.syspath_prepend(tree)
    with fronted(kind, tree, (f"{tree}/shop/www/app.css", f"{tree}/theme/app.css")) as ask:
        response, text = ask("/files/app.css", **HERE)
        assert (response.status, text, response.headers["X-Content-Type-Options"]) == (200, "of the theme", "nosniff")
        assert ask("/files/app.css")[0].status == 403


def test_with_disable_symlinks_a_name_that_is_swapped_later_leads_nowhere(tree):
    path = tree / "shop/www/app.css"
    with fronted("nginx", tree) as ask:
        assert ask("/files/app.css", **HERE)[0].status == 200
        # As if it were exchanged between our look and nginx's: we are not asked to look again for a second.
        os.symlink(tree / "secret.txt", tree / "new")
        os.replace(tree / "new", path)
        response, text = ask("/files/app.css", **HERE)
        assert (response.status, "secret" in text) == (403, False) or response.status == 404
