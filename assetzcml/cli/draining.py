"""
A server of waitress whose place another one takes: it lets nobody in any more, answers those who are in, and ends.

The listening sockets are the supervisor's, and the other server listens on them already: who comes waits in their queue or is
let in there. So no connection is refused or broken off by the change.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Drained"]

TURN = 1.0  # seconds between two looks at the clock, as waitress has it
IDLE = 2.0  # seconds in which a connection that is kept open may ask once more, and hears that this was the last answer
LONGEST = 60.0  # seconds after which an answer that has not been fetched is given up


class Drained:
    """
    What runs a server, made by `waitress.server.create_server` with *sockets* as its map, until it is drained.

    *sockets* is shared by nobody else.
    """

    def __init__(self, server: Any, sockets: dict[int, Any]):
        self._server = server
        self._sockets = sockets
        self._listeners = [each for each in sockets.values() if hasattr(each, "active_channels")]
        self._since: float | None = None
        self._is_open = True
        self._wasyncore: Any = importlib.import_module("waitress.wasyncore")
        channel = self._channel()
        for listener in self._listeners:
            listener.channel_class = channel

    def _channel(self) -> type[Any]:
        """A connection whose answer says that it is the last, from when on the server is drained."""
        drained = self
        base: Any = importlib.import_module("waitress.channel").HTTPChannel

        class Channel(base):
            def service(self) -> None:
                if drained._since is not None and len(self.requests) == 1 and self.request is None:
                    self.requests[0].headers["CONNECTION"] = "close"
                super().service()

        return Channel

    def drain(self) -> None:
        """From any thread: let nobody in any more."""
        self._listeners[0].trigger.pull_trigger(self._close)

    def _close(self) -> None:
        for listener in self._listeners:
            listener.accepting = False
            listener.del_channel()
            listener.socket.close()  # this process's own: the supervisor and the other server have theirs
        self._since = time.monotonic()

    def wake(self) -> None:
        """From any thread, and from a signal's handler: let `run` ask whether it is to go on. Takes no lock."""
        if self._is_open:
            self._listeners[0].trigger.pull_trigger()

    def run(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Answer requests, until it is drained, or *goes_on* says no: asked at each turn, and after `wake`."""
        try:
            while goes_on() and not self._is_over():
                self._wasyncore.loop(timeout=TURN, map=self._sockets, use_poll=True, count=1)
        finally:
            self._is_open = False  # of the trigger, whose number another file may have afterwards
            self._server.task_dispatcher.shutdown()
            self._wasyncore.close_all(self._sockets, ignore_all=True)

    def _is_over(self) -> bool:
        if self._since is None:
            return False
        waited = time.monotonic() - self._since
        open_ = [channel for listener in self._listeners for channel in list(listener.active_channels.values())]
        if waited > LONGEST or not open_:
            return True
        if waited > IDLE:
            for channel in open_:
                if not channel.requests and channel.request is None and not channel.total_outbufs_len:
                    channel.will_close = True
        return False
