"""
The ASGI application: the same decisions as the WSGI one, sent as ASGI wants them.

What is in memory is answered in the event loop. Every look at a disk and every synchronous policy has a thread.

Everything starts from `raw_path`, decoded once, so that a path has one answer under both interfaces.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from assetzcml.permissions import Door
from assetzcml.records.assets import StaticViewRecord
from assetzcml.records.rules import application, one_of, whole_number
from assetzcml.registry import Registry
from assetzcml.serving.asking import request_of
from assetzcml.serving.development import STATUSES, explained
from assetzcml.serving.entries import BODIES, held_answer, kept_answer
from assetzcml.serving.files import FileBody
from assetzcml.serving.loops import Threads, run_beside
from assetzcml.serving.paths import redirection, unquote
from assetzcml.serving.publication import Steps
from assetzcml.serving.responses import NOT_FOUND, OK, Answer, Asked, error, policy_answer
from assetzcml.serving.sites import Desk, Desks
from assetzcml.serving.statistics import Statistics
from assetzcml.typing import ASGIApplication, Receive, Scope, Send
from assetzcml.urls.versions import counted_beforehand

__all__ = ["StaticApp"]

logger = logging.getLogger("assetzcml")


# Threads that look at disks; and those that ask a policy, so that one which never returns stops protected views only.
DISK_THREADS = 64
POLICY_THREADS = 40

# Bytes that are read in one go in another thread: the change of threads costs as much as reading 256 KiB.
STEP = 512 * 1024

# Of a repeated header the values are one list (RFC 9110, 5.3), but for these, where only one makes sense.
_SINGLE = frozenset(["HTTP_HOST", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE"])

Pairs = list[tuple[bytes, bytes]]


class StaticApp:
    """
    Serves the static views of *registry*; what belongs to none goes to *fallback*, an ASGI application, or is 404.

    Lifespan and websocket scopes are the fallback's too; without one, the application starts and stops politely and
    refuses websockets. What is declared in the registry later holds from the next request on. At most *bodies* bytes of
    assets are kept in memory; 0 keeps none.
    """

    def __init__(self, registry: Registry, fallback: ASGIApplication | None = None, *, bodies: int = BODIES):
        self.registry: Registry = one_of("registry", registry, Registry, "an AssetRegistry")
        self.fallback: ASGIApplication | None = application("fallback", fallback, "an ASGI")
        self._statistics = registry.part(Statistics)
        self._desks = Desks(registry, whole_number("bodies", bodies))
        self._disk = Threads(DISK_THREADS)
        self._policies = Threads(POLICY_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        answer = await self._answer(self._desks.current, wsgi_path(scope), scope)
        if answer is not None:
            await self._send(answer, scope, receive, send)
        elif self.fallback is not None:
            if "http.response.early_hint" in (scope.get("extensions") or {}):
                await self._hint(scope, send)
            await self.fallback(scope, receive, send)
        else:
            await self._send(error(NOT_FOUND), scope, receive, send)

    async def _hint(self, scope: Scope, send: Send) -> None:
        """Tell the browser what the page will ask for, before the application makes it (RFC 8297)."""
        path = wsgi_path(scope)
        decoded = path.encode("latin-1").decode("utf-8", "replace") or "/"
        environ = wsgi_environ(scope, path)
        hints = await self._disk.run(self.registry.above.hints, decoded, scope["method"], environ)
        if hints:
            links = [link.encode("ascii") for link in hints.split(", <")]
            links = [links[0], *(b"<" + link for link in links[1:])]
            await send({"type": "http.response.early_hint", "links": links})

    async def _answer(self, desk: Desk, path: str, scope: Scope) -> Answer | None:
        asked = Asked(scope["method"], _deciding(scope["headers"]).get)
        answer = held_answer(asked, desk.entries, path)
        if answer is not None:
            return answer
        root_path = scope.get("root_path", "")
        if not path and not root_path:
            path = "/"

        def location() -> str:
            prefix = root_path.encode("utf-8", "surrogateescape")
            return redirection(prefix + path.encode("latin-1"), scope.get("query_string", b"").decode("latin-1"))

        has_fallback = self.fallback is not None
        if has_fallback and desk.site.is_known_to_lack(path):
            return None
        if desk.site.route(path) is None:
            return None

        def begin() -> tuple[Steps | None, Step]:
            """In a thread: a version in the path is told from a name by a look, and what is kept may have to be read."""
            kept = None if desk.site.asks_first(path, has_fallback) else kept_answer(asked, desk.entries, path)
            if kept is not None:
                return None, (None, kept)
            steps = desk.site.steps(path, asked, location=location, entries=desk.entries, has_fallback=has_fallback)
            return (None, (None, None)) if steps is None else (steps, _next_step(steps, None))

        steps, step = await self._disk.run(begin)
        while step[0] is not None:
            assert steps is not None
            refused = await self._refusal(step[0], desk, scope, path)
            step = await self._disk.run(_next_step, steps, refused)
        answer = step[1]
        if answer is not None and answer.status[:3] in STATUSES and desk.snapshot.is_on("reload"):
            return await self._disk.run(explained, answer, desk.snapshot, wsgi_environ(scope, path), path)
        return answer

    async def _refusal(self, record: StaticViewRecord, desk: Desk, scope: Scope, path: str) -> Answer | None:
        """How the policy refuses a request; None where it permits it. One that does not return holds no other thread."""
        door = desk.snapshot.derived(Door)
        environ = wsgi_environ(scope, path)
        if door.asynchronous:
            said = door.put(record, lambda: request_of(environ))
        else:
            said = await self._policies.run(door.put, record, lambda: request_of(environ))
        return policy_answer(await door.awaited(said, record), record, environ)

    async def _send(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        body = answer.body
        self._statistics.answered(answer.status)
        try:
            await send({"type": "http.response.start", "status": int(answer.status[:3]), "headers": _headers(answer)})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
            elif isinstance(body, bytes):
                await send({"type": "http.response.body", "body": body})
            else:
                await self._send_file(body, receive, send)
        finally:
            if isinstance(body, FileBody):
                body.release()

    async def _send_file(self, body: FileBody, receive: Receive, send: Send) -> None:
        """
        The bytes of a file, read in another thread a step at a time: each is sent before the next is read.

        Stops when the client goes away. Raises Truncated when the file is another before its end, which closes the
        connection.
        """
        client = Client(receive)
        async with run_beside(client.watch):
            while not client.gone:
                data = await self._disk.run(body.read, STEP)
                more = body.left > 0
                await send({"type": "http.response.body", "body": data, "more_body": more})
                if not more:
                    return

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever is not HTTP."""
        if scope["type"] == "lifespan" and self.fallback is not None:
            # The first page would have to wait for it, or its URLs go without.
            await self._disk.run(counted_beforehand, self.registry)
        if self.fallback is not None:
            await self.fallback(scope, receive, send)
        elif scope["type"] == "lifespan":
            while True:
                message = await receive()
                if message["type"] == "lifespan.startup":
                    await self._disk.run(counted_beforehand, self.registry)
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})  # before it was accepted: 403
        else:
            raise ValueError(f"unknown kind of ASGI scope: {scope['type']!r}")


# The record whose permission is to be asked for, or the answer.
Step = tuple[StaticViewRecord | None, Answer | None]


def _next_step(steps: Steps, refused: Answer | None) -> Step:
    try:
        return steps.send(refused), None
    except StopIteration as ended:
        return None, ended.value


def wsgi_path(scope: Scope) -> str:
    """
    The path below the application's prefix, as WSGI's PATH_INFO: decoded once, each byte a character.

    `path` rules: frameworks and middleware rewrite it. `raw_path`, which is optional, counts while it says the same, for
    it still knows what was no UTF-8. *root_path* is a prefix of either in newer servers and is not in older ones; it is
    cut off where it is.

    >>> wsgi_path({"path": "/app/static/a b", "raw_path": b"/app/static/a%20b", "root_path": "/app"})
    '/static/a b'
    >>> wsgi_path({"path": "/static/a", "raw_path": b"/static/other"})
    '/static/a'
    """
    root = scope.get("root_path", "").encode("utf-8", "surrogatepass").rstrip(b"/")
    raw = scope.get("raw_path")
    if "path" not in scope and raw is not None:
        return _below(unquote(raw.partition(b"?")[0]), root).decode("latin-1")
    path = scope["path"].encode("utf-8", "surrogatepass")
    plain = _below(path, root)
    if raw is not None:
        decoded = unquote(raw.partition(b"?")[0])
        below = _below(decoded, root)
        said = {_loosely(plain), _loosely(path)}
        if _loosely(decoded) in said or _loosely(below) in said:
            plain = below
        elif plain.endswith(b"/") and not decoded.endswith(b"/") and _ends_with(decoded, plain[:-1]):
            plain = plain[:-1]  # a mount that adds a slash to every path (Litestar)
    return plain.decode("latin-1")


def _below(path: bytes, root: bytes) -> bytes:
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in (b"/", b""):
        return path[len(root) :]
    return path


def _loosely(path: bytes) -> str:
    """As servers decode a path for `scope["path"]`: what is no UTF-8 is replaced, or stands as a surrogate."""
    return path.decode("utf-8", "replace")


def _ends_with(path: bytes, rest: bytes) -> bool:
    return bool(rest) and _loosely(path).endswith(_loosely(rest))


# The headers that decide, by their names in ASGI and in WSGI.
_DECIDING = {
    b"accept-encoding": "HTTP_ACCEPT_ENCODING",
    b"if-match": "HTTP_IF_MATCH",
    b"if-none-match": "HTTP_IF_NONE_MATCH",
    b"if-modified-since": "HTTP_IF_MODIFIED_SINCE",
    b"if-unmodified-since": "HTTP_IF_UNMODIFIED_SINCE",
    b"range": "HTTP_RANGE",
    b"if-range": "HTTP_IF_RANGE",
}


def _deciding(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return headers_of([pair for pair in pairs if pair[0] in _DECIDING])


def headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of a request by their WSGI names; repeated ones are joined as WSGI servers join them."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key = _DECIDING.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        if key not in headers:
            headers[key] = text
        elif key not in _SINGLE:
            headers[key] += "; " + text if key == "HTTP_COOKIE" else "," + text
    return headers


def wsgi_environ(scope: Scope, path: str) -> dict[str, Any]:
    """The WSGI environment of a request, for the `webob.Request` that a permission policy sees. It has no body."""
    host, port = scope.get("server") or ("localhost", None)
    client = scope.get("client")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", "").encode("utf-8", "surrogatepass").decode("latin-1"),
        "PATH_INFO": path,
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or (443 if scope.get("scheme") == "https" else 80)),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.version": (1, 0),
        "asgi.scope": scope,
        **headers_of(scope["headers"]),
    }
    if client:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if f"HTTP_{name}" in environ:
            environ[name] = environ.pop(f"HTTP_{name}")
    return environ


def _headers(answer: Answer) -> Pairs:
    """The headers as ASGI wants them. Those of a whole representation are made once."""
    representation = answer.representation
    if representation is None or answer.status is not OK:
        return _encoded(answer.headers)
    if representation.asgi is None:
        representation.asgi = _encoded(answer.headers)
    return representation.asgi.copy()


def _encoded(headers: Iterable[tuple[str, str]]) -> Pairs:
    """In bytes, the names in lower case."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


class Client:
    """Who gets a body, as long as it is sent: *gone* or not."""

    def __init__(self, receive: Receive):
        self._receive = receive
        self.gone = False

    async def watch(self) -> None:
        """
        Wait until the client is gone, or the server will not say. What else the client sends is ignored.

        A server may say it by an OSError. Any other error of `receive` is a fault that is not ours to hide.
        """
        ended = False
        while not self.gone:
            try:
                message = await self._receive()
            except OSError:
                message = {"type": "http.disconnect"}
            except Exception:
                self.gone = True
                logger.exception("the server's receive() failed while a file was sent")
                raise
            self.gone = message["type"] == "http.disconnect"
            if ended:
                return
            ended = not message.get("more_body", False)
