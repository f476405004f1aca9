"""A server that another one takes the place of answers whoever it has let in, and nobody is refused or broken off."""

import contextlib
import http.client
import os
import signal
import socket
import threading
from urllib.parse import urlsplit

import pytest

from assetzcml.cli import draining
from assetzcml.cli.draining import Drained
from commands import start
from sizes import size

pytest.importorskip("waitress")


class Site:
    """A server in a thread, on a socket that it shares with others; one path waits until it is let go."""

    def __init__(self, listening, text):
        from waitress import create_server

        self.text, self.entered, self.let_go = text, threading.Event(), threading.Event()
        sockets = {}
        server = create_server(self._answer, sockets=[listening.dup()], map=sockets, threads=2, outbuf_overflow=1 << 30)
        self.drained = Drained(server, sockets)
        self.thread = threading.Thread(target=self.drained.run)
        self.thread.start()

    def _answer(self, environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            self.entered.set()
            assert self.let_go.wait(30)
        start_response("200 OK", [("Content-Length", str(len(self.text)))])
        return [self.text]

    def end(self):
        self.let_go.set()
        self.drained.drain()
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def connect(listening):
    with contextlib.ExitStack() as stack:

        def connect():
            connection = http.client.HTTPConnection(*listening.getsockname()[:2], timeout=30)
            connection.connect()
            stack.callback(connection.close)
            return connection

        yield connect


def ask(connection, path="/"):
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.read(), answer.headers["Connection"]


@pytest.mark.whole
def test_who_is_in_gets_an_answer_and_who_comes_goes_to_the_other_server(listening, connect, monkeypatch):
    monkeypatch.setattr(draining, "TURN", 0.01)
    former = Site(listening, b"former")
    kept, waiting = connect(), connect()
    assert ask(kept) == (b"former", None)
    waiting.request("GET", "/slow")
    assert former.entered.wait(30)
    other = Site(listening, b"other")
    former.drained.drain()
    while former.drained._since is None:
        pass
    assert [ask(connect()) for _ in range(10)] == [(b"other", None)] * 10
    assert ask(kept) == (b"former", "close"), "the answer says that the connection ends"
    former.let_go.set()
    answer = waiting.getresponse()
    assert answer.read() == b"former"
    former.end()
    assert ask(connect()) == (b"other", None)
    other.end()


def test_a_connection_that_asks_nothing_more_is_closed_after_a_while(listening, connect, monkeypatch):
    monkeypatch.setattr(draining, "IDLE", 0.0)
    monkeypatch.setattr(draining, "TURN", 0.01)
    former = Site(listening, b"former")
    kept = connect()
    assert ask(kept) == (b"former", None)
    former.drained.drain()
    former.thread.join(30)
    assert not former.thread.is_alive()
    assert kept.sock.recv(1) == b""


def test_an_answer_that_nobody_fetches_is_given_up(listening, connect, monkeypatch):
    monkeypatch.setattr(draining, "LONGEST", 0.0)
    monkeypatch.setattr(draining, "TURN", 0.01)
    former = Site(listening, b"x" * (64 << 20))
    hoarder = connect()
    hoarder.request("GET", "/")
    assert hoarder.sock.recv(1, socket.MSG_PEEK)
    former.drained.drain()
    former.thread.join(30)
    assert not former.thread.is_alive()


def test_who_is_woken_asks_whether_to_go_on_and_after_the_end_no_file_is_written_to(listening, monkeypatch):
    from waitress import create_server

    monkeypatch.setattr(draining, "TURN", 3600.0)
    sockets = {}
    drained = Drained(create_server(lambda *_: [], sockets=[listening.dup()], map=sockets, threads=1), sockets)
    asked, ended = threading.Event(), threading.Event()

    def goes_on():
        asked.set()
        return not ended.is_set()

    thread = threading.Thread(target=drained.run, args=(goes_on,))
    thread.start()
    assert asked.wait(30)
    ended.set()
    drained.wake()
    thread.join(30)
    assert not thread.is_alive()
    written = []
    monkeypatch.setattr("waitress.trigger.os.write", lambda *arguments: written.append(arguments))
    drained.wake()
    assert written == []


REPLACED = size(20, 4)
APPLICATION = """\
import time

def make(registry):
    def application(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            time.sleep(0.2)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"{}"]
    return application
"""


def write(path, generation):
    path.write_text(APPLICATION.format(generation))
    stamp = 1_700_000_000 + 10 * generation  # another second each time: bytecode is compared by it
    os.utime(path, (stamp, stamp))


@pytest.fixture
def site(tmp_path):
    pytest.importorskip("watchfiles")
    (tmp_path / "site.zcml").write_text('<configure xmlns="http://namespaces.assetzcml.org/assets"/>')
    write(tmp_path / "orangery.py", 0)
    command = ("serve", "site.zcml", "--app", "orangery:make", "--port", "0", "--reload")
    with start(*command, cwd=tmp_path, environ={"PYTHONUNBUFFERED": "1"}) as process:
        process.directory = tmp_path
        process.address = process.stdout.readline().decode().removeprefix("Serving on ").strip()
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(30) == 0


@pytest.mark.whole
@pytest.mark.sized
def test_no_request_fails_while_the_server_is_replaced_again_and_again(site):
    parts = urlsplit(site.address)
    over, failures, seen = threading.Event(), [], [[], [], []]

    def ask_all_the_time(number, path, kept):
        connection = None
        while not over.wait(0.02):
            try:
                connection = connection or http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
                connection.request("GET", path)
                answer = connection.getresponse()
                seen[number].append(int(answer.read()))
                if not kept or answer.will_close:
                    connection.close()
                    connection = None
            except Exception as error:
                failures.append(error)
                connection = None
        if connection is not None:
            connection.close()

    kinds = [("/", False), ("/", True), ("/slow", False)]
    askers = [threading.Thread(target=ask_all_the_time, args=(number, *kind)) for number, kind in enumerate(kinds)]
    for asker in askers:
        asker.start()
    try:
        for generation in range(1, REPLACED + 1):
            write(site.directory / "orangery.py", generation)
            assert site.stdout.readline().decode().removeprefix("Serving on ").strip() == site.address
    finally:
        over.set()
        for asker in askers:
            asker.join(60)
    assert failures == []
    for generations in seen:
        assert len(set(generations)) > REPLACED / 2, "each asked while they were replaced"


@pytest.mark.whole
def test_a_hang_up_of_the_supervisor_loads_the_configuration_of_the_server_again(site):
    site.send_signal(signal.SIGHUP)
    assert b"The configuration has been reloaded." in site.stderr.readline()
    write(site.directory / "orangery.py", 1)
    site.stdout.readline()
    site.send_signal(signal.SIGHUP)  # goes to the server that is there now
    assert b"The configuration has been reloaded." in site.stderr.readline()


@pytest.mark.whole
def test_the_servers_end_with_their_supervisor_however_that_comes(tmp_path):
    pytest.importorskip("watchfiles")
    (tmp_path / "site.zcml").write_text('<configure xmlns="http://namespaces.assetzcml.org/assets"/>')
    with start(
        "serve", "site.zcml", "--port", "0", "--reload", cwd=tmp_path, environ={"PYTHONUNBUFFERED": "1"}
    ) as process:
        process.stdout.readline()
        process.kill()
        assert process.stdout.read() == b"", "the server had the other end of this pipe, and closes it at its own end"
