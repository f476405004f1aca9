"""A circuit breaker before a destination: after failures it is not asked for a while, so that nobody waits for nothing."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from assetzcml.errors import ConfigurationError
from assetzcml.resolving.destinations import Failed

__all__ = ["Breaker", "Unreachable"]

logger = logging.getLogger("assetzcml")

T = TypeVar("T")
PAUSES = (
    1.0,
    2.0,
    5.0,
    15.0,
    30.0,
)  # seconds after one failure, two in a row, and so on, in which nothing is asked for


class Unreachable(OSError):
    """What is asked for is not here, and the destination cannot be asked now."""

    def __init__(self, about: str):
        super().__init__(errno.EHOSTUNREACH, f"the store of contents cannot be reached: {about}")


class Breaker:
    """
    Asks the store of contents for many hosts. *meanwhile* is what happens while it cannot be reached, in words for the log,
    which has it once. *failures* are the exceptions by which it says so. Safe between threads.
    """

    def __init__(self, meanwhile: str, failures: tuple[type[Exception], ...] = (Failed, ConfigurationError)):
        self._meanwhile = meanwhile
        self._exceptions = failures
        self._failures = 0
        self._until = 0.0
        self._why = ""
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Has the destination failed when it was asked last?"""
        return self._failures > 0

    def unreachable(self) -> Unreachable:
        """The error to raise for what is not here while the destination is gone."""
        return Unreachable(self._why)

    def ask(self, question: Callable[[], T], anyway: bool = False) -> T:
        """
        What the destination says. Raises Unreachable where it fails, and at once where it has just failed, unless it is to be
        asked *anyway*.
        """
        with self._lock:
            if time.monotonic() < self._until and not anyway:
                raise self.unreachable()
            if self._failures:  # one asks whether it is there again; the others do not wait for that
                self._until = time.monotonic() + PAUSES[min(self._failures, len(PAUSES)) - 1]
        try:
            found = question()
        except self._exceptions as error:
            with self._lock:
                self._failures += 1
                self._until = time.monotonic() + PAUSES[min(self._failures, len(PAUSES)) - 1]
                self._why = str(error)
            if self._failures == 1:
                logger.warning("the store of contents cannot be reached, %s: %s", self._meanwhile, error)
            raise self.unreachable() from None
        with self._lock:
            if self._failures:
                logger.info("the store of contents is reached again")
            self._failures, self._until = 0, 0.0
        return found
