"""
The same application under real servers: over the wire, and when things go wrong while a file is sent.

Each server is a process of its own on a free port of this machine. Those that are not installed are left out.
"""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hostile_requests
from serving import served_site
from serving.conftest import write

pytestmark = pytest.mark.whole

SERVERS = {
    "waitress": "waitress-serve --listen 127.0.0.1:{port} {module}:wsgi",
    "gunicorn sync": "gunicorn --bind 127.0.0.1:{port} {module}:wsgi",
    "gunicorn gthread": "gunicorn --bind 127.0.0.1:{port} -k gthread --threads 4 {module}:wsgi",
    "uvicorn": "uvicorn --host 127.0.0.1 --port {port} --log-level warning {module}:asgi",
    "hypercorn asyncio": "hypercorn --bind 127.0.0.1:{port} -k asyncio {module}:asgi",
    "hypercorn trio": "hypercorn --bind 127.0.0.1:{port} -k trio {module}:asgi",
    "granian wsgi": "granian --interface wsgi --host 127.0.0.1 --port {port} {module}:wsgi",
    "granian asgi": "granian --interface asgi --host 127.0.0.1 --port {port} {module}:asgi",
}
LARGE = 24 * 1024 * 1024  # bytes: more than all buffers between a server and a client that does not read
TESTS = Path(__file__).resolve().parents[1]


class Server:
    def __init__(self, name, root, module="serving.served_site", path="/static/app.js"):
        self.name, self.root, self.path = name, root, path
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = SERVERS[name].format(port=self.port, module=module).split()
        program = shutil.which(command[0], path=str(Path(sys.executable).parent)) or shutil.which(command[0])
        if program is None:
            pytest.skip(f"{command[0]} is not installed")
        here = os.pathsep.join([str(TESTS), str(TESTS.parent)])
        self.process = subprocess.Popen(
            [program, *command[1:]],
            env={**os.environ, "PYTHONPATH": here, "ASSETZCML_TEST_ROOT": str(root)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait(self):
        for _ in range(200):
            with contextlib.suppress(OSError):
                if self.get(self.path).status == 200:
                    return
            assert self.process.poll() is None, f"{self.name} has ended"
            time.sleep(0.05)
        raise AssertionError(f"{self.name} does not answer")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def connect(self, timeout=5):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def get(self, path, headers=(), method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, headers=dict(headers))
            response = connection.getresponse()
            return hostile_requests.Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def descriptors(self, below=""):
        """How many descriptors the processes of the server have open; with *below*, of files there."""
        found = 0
        for process in [self.process.pid, *children(self.process.pid)]:
            with contextlib.suppress(OSError):
                for number in os.listdir(f"/proc/{process}/fd"):
                    with contextlib.suppress(OSError):
                        found += os.readlink(f"/proc/{process}/fd/{number}").startswith(below)
        return found

    def settled(self, most=0, below=None):
        """The same, once at *most* so many are open: a server notices some time later that a client is gone."""
        below = str(self.root) if below is None else below
        for _ in range(60):
            if self.descriptors(below) <= most:
                return most
            time.sleep(0.05)
        return self.descriptors(below)


def children(process):
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{process}/task"):
            for child in Path(f"/proc/{process}/task/{task}/children").read_text().split():
                yield int(child)
                yield from children(int(child))


@pytest.fixture(scope="module", params=SERVERS)
def server(request, hostile_root):
    served_site.kinds(hostile_root)
    made = Server(request.param, hostile_root)
    try:
        made.wait()
        yield made
    finally:
        made.stop()


@pytest.fixture
def large(server):
    """A file that is larger than what is on the way between server and client at once."""
    path = hostile_file(server, "large-for-faults.bin")
    write(path, b"old " * (LARGE // 4))
    time.sleep(0.05)
    yield path
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def hostile_file(server, name):
    return Path(server.root) / name


def begin(server, path, then="keep-alive"):
    """A request whose answer has begun: the connection and what has been read. *then* is its Connection header."""
    connection = server.connect()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {then}\r\n\r\n".encode())
    return connection, connection.recv(65536)


def rest(connection, data):
    """What comes until the connection is closed, or has been silent for two seconds (then None stands at the end)."""
    connection.settimeout(2)
    pieces = [data]
    try:
        while data:
            data = connection.recv(1 << 20)
            pieces.append(data)
    except ConnectionError:
        pass
    except TimeoutError:
        pieces.append(None)
    return pieces


def length_of(head):
    (line,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(line.partition(b":")[2])


def test_hostile_requests_get_nothing_over_the_wire_either(server):
    wrong = []
    for row in hostile_requests.load():
        if row["expect"].get("skip_if_root"):
            continue
        found = raw_answer(server, row)
        if found is not None:
            wrong += [(row["id"], fault) for fault in hostile_requests.faults(row, found, server.root)]
    assert [each for each in wrong if not of_the_server(server, *each)] == []


def raw_answer(server, row):
    """What a server answers to the row; None where it closes the connection, which every row of the wire allows."""
    head = [f"{row['method']} {row['path']} HTTP/1.1"]
    if "host" not in {name.lower() for name, _ in row["headers"]}:
        head.append("Host: localhost")
    head += [f"{name}: {value}" for name, value in row["headers"]] + ["Connection: close", "", ""]
    with server.connect() as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall("\r\n".join(head).encode("latin-1") + hostile_requests.request_body(row))
        response = http.client.HTTPResponse(connection, method=row["method"])
        try:
            response.begin()
            body = response.read(row["expect"].get("max_body", 1 << 24) + 1)
        except (http.client.HTTPException, ConnectionError):
            return None
    return hostile_requests.Answer(response.status, response.getheaders(), body)


def of_the_server(server, row, fault):
    """Is it the server that answered so, before the application was asked?"""
    by_the_server = ("other-header", "target-form", "method", "long-wide", "open-redirect")
    return "status 431" in fault or ("status" in fault and row.startswith(by_the_server))


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=1000000-9000000"}, {"Range": "bytes=5-9"}])
def test_a_large_file_arrives_as_it_is(server, headers):
    content = (server.root / "big.bin").read_bytes()
    answer = server.get("/static/big.bin", headers)
    if headers:
        first, last = map(int, headers["Range"].removeprefix("bytes=").split("-"))
        assert (answer.status, answer.body) == (206, content[first : last + 1])
    else:
        assert (answer.status, answer.body) == (200, content)
    assert answer.first("Content-Length") == str(len(answer.body))


def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(server, large):
    connection, data = begin(server, f"/static/{large.name}", "close")
    os.replace(write(large.with_name("new.bin"), b"new"), large)
    received = rest(connection, data)
    connection.close()
    head, _, body = b"".join(filter(None, received)).partition(b"\r\n\r\n")
    assert (length_of(head), len(body), set(body[::4])) == (LARGE, LARGE, {ord("o")})
    assert server.settled() == 0


def test_a_file_that_is_deleted_while_it_is_sent_is_sent_as_it_was(server, large):
    connection, data = begin(server, f"/static/{large.name}", "close")
    large.unlink()
    body = b"".join(filter(None, rest(connection, data))).partition(b"\r\n\r\n")[2]
    connection.close()
    assert (len(body), set(body[::4])) == (LARGE, {ord("o")})
    assert server.settled() == 0


def test_a_file_that_is_cut_while_it_is_sent_closes_the_connection(server, large):
    connection, data = begin(server, f"/static/{large.name}")
    os.truncate(large, 1_000_000)
    received = rest(connection, data)
    connection.close()
    assert None not in received, "the client waits for bytes that will never come"
    body = b"".join(received).partition(b"\r\n\r\n")[2]
    assert len(body) < LARGE
    # What a server sends by sendfile() is read when the network takes it; the kernel blanks what was cut off.
    assert set(body[::4]) <= {ord("o"), 0}
    assert server.get("/static/app.js").status == 200
    assert server.settled() == 0


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_aborted_requests_leave_nothing_open(server, count):
    server.get("/static/big.bin")
    before = server.descriptors()
    for number in range(count):
        connection, _ = begin(server, "/static/big.bin")
        if number % 2:  # a reset, not an end
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    assert server.settled() == 0
    assert server.settled(before, below="") == before
    assert server.get("/static/app.js").status == 200


@pytest.mark.slow
def test_with_forty_descriptors_left_a_server_recovers(server, large):
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("the system sets no limits of another process")
    processes = [server.process.pid, *children(server.process.pid)]
    limits = {process: resource.prlimit(process, resource.RLIMIT_NOFILE) for process in processes}
    for process, (_, hard) in limits.items():
        left = max(map(int, os.listdir(f"/proc/{process}/fd"))) + 1 + 40
        resource.prlimit(process, resource.RLIMIT_NOFILE, (left, hard))
    waiting = [server.connect() for _ in range(60)]
    try:
        for connection in waiting:
            with contextlib.suppress(OSError):
                connection.sendall(f"GET /static/{large.name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(0.5)
    finally:
        for connection in waiting:
            connection.close()
    assert server.settled() == 0
    for _ in range(100):  # some stop accepting for a second, or start a new worker
        with contextlib.suppress(OSError, http.client.HTTPException):
            if server.get("/static/app.js").status == 200:
                break
        time.sleep(0.1)
    assert server.get(f"/static/{large.name}").status == 200
    for process, limit in limits.items():
        with contextlib.suppress(OSError):
            resource.prlimit(process, resource.RLIMIT_NOFILE, limit)


KINDS = {
    "200": ("/static/app.js", {}, "GET"),
    "200 coded": ("/static/vary.js", {"Accept-Encoding": "gzip"}, "GET"),
    "200 large": ("/static/big.bin", {}, "GET"),
    "HEAD": ("/static/app.js", {}, "HEAD"),
    "206": ("/static/app.js", {"Range": "bytes=0-9"}, "GET"),
    "301": ("/static/sub", {}, "GET"),
    "304": ("/static/app.js", {"If-None-Match": "*"}, "GET"),
    "403": ("/static/private/report.css", {}, "GET"),
    "404": ("/static/nothing", {}, "GET"),
    "412": ("/static/app.js", {"If-Match": '"other"'}, "GET"),
    "416": ("/static/app.js", {"Range": "bytes=99999-"}, "GET"),
    "empty": ("/static/empty.txt", {}, "GET"),
    "200 of the current version": ("digest app.js", {}, "GET"),
    "200 coded of the current version": ("digest app.js", {"Accept-Encoding": "gzip"}, "GET"),
    "304 of the current version": ("digest app.js", {"If-None-Match": "*"}, "GET"),
    "200 of a former version": ("/digest/app-000000000000.js", {}, "GET"),
    "200 of a tree's version": ("tree app.js", {}, "GET"),
    "206 of a tree's version": ("tree app.js", {"Range": "bytes=0-1"}, "GET"),
    "200 of a tree's former version": ("/tree/~000000000000/app.js", {}, "GET"),
    "404 of a tree's version": ("/tree/~000000000000/none.js", {}, "GET"),
    "200 sent by the front server": ("/sent/app.js", {}, "GET"),
    "200 of a single page": ("/single/some/page", {}, "GET"),
    "304 of a single page": ("/single/some/page", {"If-None-Match": "*"}, "GET"),
    "404 with a page": ("/missing/none", {}, "GET"),
    "404 with a page, HEAD": ("/missing/none", {}, "HEAD"),
    "200 of a built name": ("/built/x-1234.js", {}, "GET"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_httplint_finds_nothing_bad(server, kind):
    httplint = pytest.importorskip("httplint")
    if server.name not in ("waitress", "uvicorn"):
        pytest.skip("the application is the same; one server of each interface will do")
    path, headers, method = KINDS[kind]
    if " " in path:
        view, name = path.split()
        path = served_site.site(server.root).static_path(f"{served_site.kinds(server.root)}/{view}/{name}")
    answer = server.get(path, headers, method)
    assert kind in ("HEAD", "empty") or str(answer.status) == kind[:3]
    bad = [note.summary for note in lint(httplint, server, answer, path, headers, method) if note.level.name == "BAD"]
    assert bad == []


def lint(httplint, server, answer, path, headers, method):
    request, response = httplint.HttpRequestLinter(), httplint.HttpResponseLinter()
    url = f"http://127.0.0.1:{server.port}{path}"
    request.process_request_topline(method.encode(), url.encode(), b"HTTP/1.1")
    request.process_headers([(b"Host", b"127.0.0.1"), *((n.encode(), v.encode()) for n, v in headers.items())])
    request.finish_content(True)
    response.request, response.is_head_response, response.base_uri = request, method == "HEAD", url
    response.process_response_topline(b"HTTP/1.1", str(answer.status).encode(), b"Reason")
    response.process_headers([(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers])
    response.feed_content(answer.body)
    response.finish_content(True)
    return response.notes
