"""
Real servers, asked by several clients while files are exchanged, overwritten and the configuration is loaded again.

Nothing from outside the root, nothing torn, nothing under a digest that is not its own, nothing of a former site.
"""

import collections
import contextlib
import hashlib
import http.client
import itertools
import os
import threading

import pytest

from serving import served_storm
from serving.conftest import write
from serving.test_servers import SERVERS, Server

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
    """One connection that is kept, and made anew when the server has closed it."""

    def __init__(self, port):
        self._port = port
        self._connection = None

    def get(self, path):
        """(status, headers, body); None when the connection broke before all of it had come."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            self._connection.request("GET", path)
            response = self._connection.getresponse()
            return response.status, response.headers, response.read()
        except (http.client.HTTPException, OSError):
            self.close()
            return None

    def close(self):
        if self._connection is not None:
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


def judge(versions, filling=False):
    """
    What is wrong with an answer to *name*, when these *versions* of it have been there.

    *filling*: the file has also been as long as a writer had come by then, whom the system may have stopped there.
    """

    def fault_of(client, name, outcomes):
        answer = client.get(name)
        outcomes["cut" if answer is None else answer[0]] += 1
        if answer is None or answer[0] != 200:
            return None if answer is None or answer[0] in (404, 503) else (name, answer[0])
        _, headers, body = answer
        if body not in versions and not (filling and any(each.startswith(body) for each in versions)):
            return name, body[:1], len(body), len(set(body))
        if "immutable" in headers["Cache-Control"] and digest(body) not in name:
            return name, "other bytes for ever"
        return None

    return fault_of


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
        outcomes, wrong = asked(server, requests, names_of(path.name, versions), judge(versions))
    print(server.name, "swaps", dict(outcomes), wrong)
    assert wrong == []
    assert outcomes[200] > 0
    assert server.settled() == 0


@pytest.mark.slow  # on a busy machine a writer may rest in the middle of its one call: nobody can tell that file from a whole one
def test_under_writes_in_place_growth_and_cuts_nothing_is_torn(server, requests):
    # What a server sends by sendfile() is out before anybody can judge it: only that is left out which is sent so.
    sizes = (SMALL, SMALL) if server.name.startswith(("gunicorn", "waitress")) else (LARGE, LARGE)
    path = server.root / "root" / "overwritten.bin"
    versions = [bytes([97 + number]) * size for number, size in enumerate(sizes)]
    grown = b"grown" * 200
    states = [b"", *(each[:end] for each in (v + grown for v in versions) for end in (sizes[0] // 2, sizes[0], None))]
    write(path, versions[0])

    def change(number):
        # In one call: who writes in pieces and rests between them for longer than a tick of the clock leaves, for so long,
        # a file that nobody can tell from a whole one.
        step = number % 6
        descriptor = os.open(path, os.O_WRONLY | (os.O_TRUNC if step == 5 else 0))
        try:
            if step == 2:
                os.pwrite(descriptor, grown, sizes[0])
            elif step == 4:
                os.ftruncate(descriptor, sizes[0] // 2)
            else:
                os.pwrite(descriptor, versions[step % 2], 0)
        finally:
            os.close(descriptor)

    with changing(change, pause=0.005):
        outcomes, wrong = asked(server, requests, names_of(path.name, versions), judge(states, filling=True))
    print(server.name, "in place", dict(outcomes), wrong)
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
