"""
What signals ask of a command that goes on until it is told to stop.

A handler interrupts whatever is being run: a finalizer, a callback of another library, code that holds a lock. What it raises
there may be lost, with "Exception ignored in" on stderr, and what it waits for may never come. So ours take down what was
asked and wake who looks; they raise nothing and take no lock.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Signals"]


class Signals:
    """
    What SIGINT, SIGTERM and SIGHUP have asked for so far.

    Until somebody looks, that is while a command starts, SIGINT and SIGTERM end the process at once, with status 0: whatever
    it waits for. A second SIGINT does so always, with the status of a program that it has ended: somebody is in a hurry.
    """

    def __init__(self) -> None:
        self.ended = False
        self._hung_up = False
        self._is_looked_at = False
        self._wake: Callable[[], Any] | None = None

    @contextmanager
    def taken(self, *, hangup: bool = False) -> Iterator[Signals]:
        """
        Meanwhile signals are taken down. With *hangup* SIGHUP too, unless there is a terminal, whose end ends the program.

        A shell starts what it runs in the background with SIGINT ignored, and Python leaves it at that: this does not.
        """
        handlers: dict[signal.Signals, Any] = {signal.SIGINT: self._end, signal.SIGTERM: self._end}
        if hangup and not has_terminal():
            handlers[signal.SIGHUP] = self._hang_up
        former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield self
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    @contextmanager
    def looked_at(self, wake: Callable[[], Any] | None = None) -> Iterator[None]:
        """Meanwhile somebody looks at what was asked, after *wake*, which a handler may call, at the latest."""
        self._wake, self._is_looked_at = wake, True
        try:
            yield
        finally:
            self._wake = None

    def take_hangup(self) -> bool:
        """Has SIGHUP come since this was asked last?"""
        hung_up, self._hung_up = self._hung_up, False
        return hung_up

    def _end(self, number: int, _: Any) -> None:
        if not self._is_looked_at:
            os._exit(0)
        if self.ended and number == signal.SIGINT:
            os._exit(128 + number)
        self.ended = True
        self._awake()

    def _hang_up(self, *_: Any) -> None:
        self._hung_up = True
        self._awake()

    def _awake(self) -> None:
        if self._wake is not None:
            self._wake()


def has_terminal() -> bool:
    """Is there a terminal that this process belongs to?"""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
