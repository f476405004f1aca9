"""
Real servers, asked by several clients while files are exchanged, overwritten and the configuration is loaded again.

Nothing from outside the root, nothing torn, nothing under a digest that is not its own, nothing of a former site.
"""

import collections
import contextlib
import hashlib
import itertools
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from serving import served_storm, writer
from serving.conftest import write
from serving.test_servers import SERVERS, TESTS, Server

MANY = int(os.environ.get("ASSETZCML_STORM", "100000"))
CLIENTS = 4
SMALL, LARGE = 60_000, 200_000  # bytes: read as one, and sent piece by piece

pytestmark = [
    pytest.mark.whole,
    pytest.mark.parametrize("requests", [400, pytest.param(MANY, marks=pytest.mark.slow, id="many")]),
]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:12]


@pytest.fixture(scope="module", params=SERVERS)
def server(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("storm")
    write(base / "root" / "ready.txt", b"ready")
    write(base / "secret", b"S" * LARGE)
    for number in range(served_storm.SITES):
        write(base / "sites" / str(number) / "a.txt", str(number).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served_storm, "BASE", base)
        (base / "site.zcml").write_text(served_storm.site(0))
        made = Server(request.param, base, "serving.served_storm", "/static/ready.txt")
        try:
            made.wait()
            yield made
        finally:
            made.stop()


class Client:
    """
    One connection that is kept, and made anew when the server has closed it.

    It reads what `http.client` would at a fifth of its cost: what is asked is to be the server's work.
    """

    def __init__(self, port):
        self._port = port
        self._connection = self._stream = None

    def get(self, path):
        """(status, headers, body); None when the connection broke before all of it had come."""
        try:
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", self._port), timeout=30)
                self._stream = self._connection.makefile("rb")
            self._connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            status = self._stream.readline().split(b" ", 2)
            headers = dict(iter(self._header, None))
            body = self._stream.read(int(headers["content-length"])) if len(status) == 3 else b""
        except (OSError, KeyError):  # without a length: the server's own answer to a failure
            self.close()
            return None
        whole = len(status) == 3 and len(body) == int(headers["content-length"])
        if not whole or headers.get("connection", "").lower() == "close" or status[0] == b"HTTP/1.0":
            self.close()
        return (int(status[1]), headers, body) if whole else None

    def _header(self):
        """The next one; None after the last."""
        line = self._stream.readline().decode("latin-1").rstrip("\r\n")
        name, _, value = line.partition(":")
        return (name.lower(), value.strip()) if line else None

    def close(self):
        if self._connection is not None:
            self._stream.close()
            self._connection.close()
            self._connection = None


def asked(server, requests, names, fault_of):
    """Ask for *names* in turn, from several clients: how often each outcome came, and all that is wrong."""
    outcomes, wrong = collections.Counter(), []
    turn = itertools.cycle(names)

    def run():
        client = Client(server.port)
        for _ in range(requests // CLIENTS):
            name = next(turn)
            fault = fault_of(client, name, outcomes)
            if fault:
                wrong.append(fault)
                break
        client.close()

    threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes, wrong


@contextlib.contextmanager
def changing(change, pause=0.001):
    """Call *change* with 0, 1, 2, … in a thread, until it is left."""
    stopped, failed = threading.Event(), []

    def run():
        for number in itertools.count():
            if stopped.wait(pause):
                return
            try:
                change(number)
            except Exception as error:
                failed.append(error)
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
    assert failed == []


def judge(is_version, suspects=None):
    """
    What is wrong with an answer, when *is_version* tells of its bytes whether the file has been so.

    Others are put into *suspects*, if there are any, with the moments from when to when they were asked for.
    """

    def fault_of(client, name, outcomes):
        since = time.monotonic()
        answer = client.get(name)
        outcomes["cut" if answer is None else answer[0]] += 1
        if answer is None or answer[0] != 200:
            return None if answer is None or answer[0] in (404, 503) else (name, answer[0])
        _, headers, body = answer
        if "immutable" in headers["cache-control"] and digest(body) not in name:
            return name, "other bytes for ever"
        if not is_version(body):
            if suspects is None:
                return told(name, body)
            suspects.append((name, body, since, time.monotonic()))
        return None

    return fault_of


def told(name, body):
    return name, body[:1], len(body), len(set(body))


def names_of(name, versions):
    stem, _, extension = name.partition(".")
    return [f"/static/{name}", *(f"/static/{stem}-{digest(each)}.{extension}" for each in versions)]


def test_under_swaps_nothing_leaks_and_nothing_is_torn(server, requests):
    path = server.root / "root" / "swapped.bin"
    versions = [bytes([65 + number]) * size for number, size in enumerate((SMALL, LARGE, SMALL))]
    write(path, versions[0])

    def change(number):
        new = server.root / "root" / "new"
        if number % 5 == 3:
            new.symlink_to(server.root / "secret")
        elif number % 5 == 4:
            os.mkfifo(new)
        else:
            new.write_bytes(versions[number % 5])
        os.replace(new, path)

    with changing(change):
        outcomes, wrong = asked(server, requests, names_of(path.name, versions), judge(versions.__contains__))
    print(server.name, "swaps", dict(outcomes), wrong)
    assert wrong == []
    assert outcomes[200] > 0
    assert server.settled() == 0


@contextlib.contextmanager
def written(path, log, size):
    """A process of its own changes the file until this is left: in one call, and what it writes down is of that call."""
    command = [sys.executable, writer.__file__, str(path), str(log), str(size)]
    here = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": here})
    try:
        yield
    finally:
        process.stdin.close()
        assert process.wait(60) == 0


def test_under_writes_in_place_growth_and_cuts_nothing_is_torn(server, requests):
    # What a server sends by sendfile() is out before anybody can judge it: only that is left out which is sent so.
    size = SMALL if server.name.startswith(("gunicorn", "waitress")) else LARGE
    path, log = server.root / "root" / "overwritten.bin", server.root / "writer.log"
    names = names_of(path.name, [change.after for change in writer.changes(size)])
    write(path, writer.changes(size)[0].before)
    suspects = []
    with written(path, log, size):
        outcomes, wrong = asked(server, requests, names, judge(lambda body: writer.is_whole(body, size), suspects))
    calls = list(writer.calls(log, size))
    wrong += [told(name, body) for name, body, *asked in suspects if not writer.was_in_the_file(body, calls, *asked)]
    print(server.name, "in place", len(calls), dict(outcomes), len(suspects), "left by the writer or wrong", wrong)
    assert wrong == []
    assert outcomes[200] > 0
    assert server.settled() == 0


def test_under_reloads_nothing_is_of_a_former_site(server, requests):
    control, site = Client(server.port), server.root / "site.zcml"
    state = {"begun": 0, "done": 0}

    def change(number):
        state["begun"] = number
        new = site.with_name("new.zcml")
        new.write_text(served_storm.site(number))
        os.replace(new, site)
        assert control.get("/~reload")[0] == 200
        state["done"] = number

    def fault_of(client, name, outcomes):
        least = state["done"]
        answer = client.get(name)
        most = state["begun"]
        outcomes["cut" if answer is None else answer[0]] += 1
        allowed = {str(number % served_storm.SITES).encode() for number in range(least, most + 1)}
        if answer is None:
            return None
        return None if answer[0] == 200 and answer[2] in allowed else (answer[0], answer[2][:20], least, most)

    change(0)
    with changing(change, pause=0.01):
        outcomes, wrong = asked(server, requests, ["/now/a.txt"], fault_of)
    control.close()
    print(server.name, "reloads", state["done"], dict(outcomes), wrong)
    assert wrong == []
    assert outcomes[200] == sum(outcomes.values()) - outcomes["cut"]
