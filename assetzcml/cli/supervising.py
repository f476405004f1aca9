"""
`serve --reload` and Python: a module that is changed means a new process, behind the same address.

A supervisor holds the listening sockets and starts the server. When that says that Python has changed, another server is
started beside it; once it answers, the former one lets nobody in any more, answers who is in, and ends. One that does not
come up leaves the former one serving, which is told why. No request meets a closed port, and none is broken off.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["PythonFiles", "Served", "served", "supervise"]

LISTENING = "ASSETZCML_LISTENING"  # in the environment of a server: its sockets, and where it speaks to its supervisor
READY, CHANGED = b"ready\n", b"changed\n"
BACKLOG = 1024  # connections that wait, as waitress has it
TICK = 10_000_000  # nanoseconds: a file system's clock goes in steps as long as this
PAUSE = 0.5  # seconds between two looks at the modules: a stat of each


class Served:
    """What a server has of its supervisor: the sockets to listen on, and somebody to tell."""

    def __init__(self, text: str):
        told = json.loads(text)
        self.sockets = [socket.socket(fileno=number) for number in told["sockets"]]
        self._up = told["up"]

    def ready(self) -> None:
        """Requests are answered from now on."""
        os.write(self._up, READY)

    def changed(self) -> None:
        """Python has changed: another server is wanted."""
        with contextlib.suppress(OSError):  # the supervisor has ended
            os.write(self._up, CHANGED)

    def listen(self, failed: Callable[[str], Any], replaced: Callable[[], Any]) -> None:
        """Call *failed* with the text of each server that did not come up in our place, and *replaced* when one did."""

        def read() -> None:
            for line in sys.stdin:
                text = json.loads(line)
                if text is None:
                    replaced()
                else:
                    failed(text)
            os.kill(os.getpid(), signal.SIGTERM)  # the supervisor has ended, however that came

        threading.Thread(target=read, name="assetzcml-supervisor", daemon=True).start()


def served() -> Served | None:
    """Of a process that a supervisor has started; None for any other."""
    text = os.environ.get(LISTENING)
    return Served(text) if text else None


class PythonFiles:
    """
    The modules that this process has imported from where programs are written: not the standard library, nor site-packages.

    With *began*, in nanoseconds since the epoch, before anything was imported, a file that was written since then is found
    changed: nobody knows whether that was before its import or after.
    """

    def __init__(self, began: int | None = None) -> None:
        self._known = self._look()
        if began is not None:
            for path in list(self._known):
                with contextlib.suppress(OSError):
                    if began - TICK < os.stat(path).st_ctime_ns <= time.time_ns():
                        self._known[path] = None

    def changed(self) -> list[str]:
        """The files that are others than at the last look."""
        now = self._look()
        changed = [path for path, status in now.items() if path in self._known and self._known[path] != status]
        self._known = now
        return changed

    @staticmethod
    def _look() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and path.endswith(".py") and _is_written_here(path):
                with contextlib.suppress(OSError):
                    status = os.stat(path)
                    found[path] = status.st_mtime_ns, status.st_size, status.st_ino
        return found

    def watch(self, changed: Callable[[], Any], broken: Callable[[str | None], Any]) -> None:
        """In a thread: call *changed* when modules are, and *broken* with the error of one that is no Python."""

        def look() -> None:
            waiting = threading.Event()
            while not waiting.wait(PAUSE):
                paths = self.changed()
                if not paths:
                    continue
                told = _syntax_error(paths)
                broken(told)
                if told is None:
                    changed()

        threading.Thread(target=look, name="assetzcml-python", daemon=True).start()


def _is_written_here(path: str) -> bool:
    library = os.path.dirname(os.__file__) + os.sep
    return not path.startswith(library) and f"{os.sep}site-packages{os.sep}" not in path


def _syntax_error(paths: Iterable[str]) -> str | None:
    """What is wrong with the first of *paths* that cannot be compiled, in the words of our messages."""
    for path in paths:
        try:
            with open(path, "rb") as stream:
                compile(stream.read(), path, "exec")
        except OSError:
            continue
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            return f"{path}{f':{line}' if line else ''}: {type(error).__name__}: {getattr(error, 'msg', error)}"
    return None


def supervise(host: str, port: int) -> int:
    """Run this very command as a server of its own, and start it anew when its Python changes. Raises OSError."""
    return _Supervisor(_listening(host, port)).run()


class _Supervisor:
    """
    The listening sockets, and the servers that have them: the last serves; those before it still answer who was in.

    A signal is passed on by its handler, which may interrupt whatever is done here: it takes no lock, as an event would.
    """

    def __init__(self, sockets: list[socket.socket]):
        self._sockets = sockets
        self._servers: list[_Server] = []
        self._ended = False
        self._hung_up = False

    def run(self) -> int:
        """Until the server ends, or a signal ends it: its status."""
        for number, handler in (
            (signal.SIGINT, self._end),
            (signal.SIGTERM, self._end),
            (signal.SIGHUP, self._hang_up),
        ):
            signal.signal(number, handler)
        if self._comes_up(self._start()):
            while self._servers[-1].wants_another():
                self._replace()
        status = self._servers[-1].process.wait()
        for each in self._servers:
            each.stop()
        return 0 if self._ended else status

    def _start(self, quiet: bool = False) -> _Server:
        server = _Server(self._sockets, quiet)
        self._servers.append(server)
        if self._ended:
            server.stop()
        return server

    def _replace(self) -> None:
        serving, another = self._servers[-1], self._start(quiet=True)
        if self._comes_up(another):
            self._servers[:] = [each for each in self._servers if each is another or each.process.poll() is None]
            serving.tell(None)
        else:
            self._servers.remove(another)
            if not self._ended:
                serving.tell(another.said())

    def _comes_up(self, server: _Server) -> bool:
        up = server.comes_up()
        if self._hung_up:
            self._hung_up = False
            if up:
                self._hang_up()
        return up

    def _end(self, *_: Any) -> None:
        self._ended = True
        for each in self._servers:
            each.stop()

    def _hang_up(self, *_: Any) -> None:
        serving = [each for each in self._servers if each.is_up]
        if serving:
            serving[-1].process.send_signal(signal.SIGHUP)
        if (
            not self._servers or not self._servers[-1].is_up
        ):  # it may have read the configuration: it is told when it is up
            self._hung_up = True


class _Server:
    """A server process, and what it says to us. One that is *quiet* has its messages kept until it is there."""

    def __init__(self, sockets: list[socket.socket], quiet: bool = False):
        self._down, up = os.pipe()
        numbers = [each.fileno() for each in sockets]
        environ = {**os.environ, LISTENING: json.dumps({"sockets": numbers, "up": up})}
        self.is_up = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assetzcml", *sys.argv[1:]],
            env=environ,
            pass_fds=(*numbers, up),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None,
        )
        os.close(up)
        self._messages = os.fdopen(self._down, "rb")
        self._said: list[bytes] = []
        self._reading: threading.Thread | None = None
        if quiet:
            self._reading = threading.Thread(target=self._relay, daemon=True)
            self._reading.start()

    def comes_up(self) -> bool:
        self.is_up = self._messages.readline() == READY
        return self.is_up

    def wants_another(self) -> bool:
        """Wait: True when Python has changed, False when the process is at its end."""
        return self._messages.readline() == CHANGED

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def tell(self, text: str | None) -> None:
        """Why no other server is there; with None that one is, and takes its place."""
        with contextlib.suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(text).encode() + b"\n")
            self.process.stdin.flush()

    def said(self) -> str:
        """What it has said on stderr until its end."""
        self.process.wait()
        if self._reading is not None:
            self._reading.join()
        return b"".join(self._said).decode("utf-8", "replace").rstrip()

    def _relay(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._said.append(line)
            sys.stderr.buffer.write(line)
            sys.stderr.flush()


def _listening(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address that *host* stands for, all with one port. Raises OSError."""
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, address in dict.fromkeys(
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    ):
        each = socket.socket(family, kind, protocol)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        each.bind((address[0], sockets[0].getsockname()[1] if sockets else address[1], *address[2:]))
        each.listen(BACKLOG)
        sockets.append(each)
    return sockets
