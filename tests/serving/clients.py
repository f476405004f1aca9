"""Requests to WSGI and ASGI applications without a server, as a server that decodes paths once would make them."""

import asyncio
import io
from urllib.parse import unquote_to_bytes

from assetzcml import AssetRegistry
from assetzcml.records.assets import Override, StaticViewRecord, asset_spec
from assetzcml.records.site import PermissionPolicy
from assetzcml.serving.asgi import StaticApp as ASGIApp
from assetzcml.serving.wsgi import StaticApp as WSGIApp
from hostile_requests import Answer


def registry(*views, policy=None, overrides=(), **settings):
    """A registry with static views, each given as (name, root) or (name, root, options)."""
    made = AssetRegistry(settings=settings)
    if policy is not None:
        made.add(PermissionPolicy(policy=policy))
    for target, source in overrides:
        file = not target.endswith("/")
        made.add(Override(target=asset_spec(target), source=asset_spec(source), file=file))
    for name, root, *options in views:
        made.add(StaticViewRecord(name=name, root=asset_spec(str(root)), **(options[0] if options else {})))
    return made


class Policy:
    """Permits what *rule* says, and remembers what it was asked."""

    def __init__(self, rule):
        self.rule = rule
        self.asked = []

    def permits(self, request, context, permission):
        self.asked.append((request, context, permission))
        return self.rule(request) if callable(self.rule) else self.rule


def environ(path, method="GET", headers=(), script_name="", **others):
    """A WSGI environment. *path* is percent-encoded, with the query."""
    path, _, query = path.partition("?")
    made = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": script_name,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in dict(headers).items():
        made["HTTP_" + name.upper().replace("-", "_")] = value
    made.update(others)
    return made


def wsgi(app, path="/", method="GET", headers=(), **others):
    """What a WSGI application answers; its body is read and closed as PEP 3333 says."""
    return wsgi_answer(app, environ(path, method, headers, **others))


def wsgi_answer(app, asked):
    begun = []

    def start_response(status, headers, exc_info=None):
        begun.append((status, headers))

    body = app(asked, start_response)
    try:
        content = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    ((status, headers),) = begun
    assert type(headers) is list
    assert all(type(name) is str and type(value) is str for name, value in headers)
    return Answer(int(status[:3]), headers, content)


def scope(path, method="GET", headers=(), root_path="", **others):
    """An ASGI scope. *path* is percent-encoded, with the query, and begins with *root_path*."""
    path, _, query = path.partition("?")
    raw = path.encode("latin-1")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": query.encode("latin-1"),
        "root_path": root_path,
        "headers": [(b"host", b"localhost")]
        + [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in _pairs(headers)],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        **others,
    }


def _pairs(headers):
    return headers.items() if isinstance(headers, dict) else headers


def asgi(app, path="/", method="GET", headers=(), **others):
    """What an ASGI application answers to a client that stays."""
    return asgi_answer(app, scope(path, method, headers, **others))


def asgi_answer(app, asked):
    messages = asyncio.run(asgi_messages(app, asked))
    assert [each["type"] for each in messages[:1]] == ["http.response.start"]
    bodies = [each for each in messages[1:] if each["type"] == "http.response.body"]
    assert [each.get("more_body", False) for each in bodies] == [True] * (len(bodies) - 1) + [False] * bool(bodies)
    content = b"".join(each["body"] for each in bodies)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in messages[0]["headers"]]
    return Answer(messages[0]["status"], headers, content)


async def asgi_messages(app, asked):
    """What an ASGI application sends. The request has no body, and then nothing more comes."""
    sent, received = [], [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if received:
            return received.pop()
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    await app(asked, receive, send)
    return sent


def ask_wsgi(made, path="/", method="GET", headers=(), **others):
    return wsgi(WSGIApp(made), path, method, headers, **others)


def ask_asgi(made, path="/", method="GET", headers=(), **others):
    return asgi(ASGIApp(made), path, method, headers, **others)
