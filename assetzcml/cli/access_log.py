"""One line for each answer, in the combined log format that programs for logs read."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from logging.handlers import WatchedFileHandler
from typing import Any

__all__ = ["AccessLog"]

Environ = dict[str, Any]

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]  # whatever the locale


class AccessLog:
    """
    *application*, each of whose answers is written to *file* when it is over; to stdout for '-'.

    A file that is moved away is opened anew. Raises OSError where it cannot be written.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], file: str):
        self._application = application
        self._handler: logging.Handler
        if file == "-":
            self._handler = logging.StreamHandler(sys.stdout)
        else:
            self._handler = WatchedFileHandler(file, encoding="ascii", errors="backslashreplace")

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        told: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            told[:] = [status]
            return start_response(status, headers, *exc_info)

        environ = {**environ}
        environ.pop("wsgi.file_wrapper", None)  # what the server sends by itself nobody counts
        began = time.time()
        body = self._application(environ, start)
        return _Counted(body, lambda sent: self._write(environ, told[0] if told else "-", sent, began))

    def _write(self, environ: Environ, status: str, sent: int, began: float) -> None:
        line = line_of(environ, status, sent, began)
        self._handler.handle(logging.makeLogRecord({"msg": line, "levelno": logging.INFO}))


def line_of(environ: Environ, status: str, sent: int, began: float) -> str:
    """
    The line of an answer. What the client says is escaped: it cannot begin another line, or end a field.

    >>> line_of({"REMOTE_ADDR": "::1", "REQUEST_METHOD": "GET", "PATH_INFO": '/a"b'}, "200 OK", 12, 0)
    '::1 - - [01/Jan/1970:00:00:00 +0000] "GET /a\\\\"b HTTP/1.1" 200 12 "-" "-"'
    """
    query = environ.get("QUERY_STRING", "")
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") + (f"?{query}" if query else "")
    version = environ.get("SERVER_PROTOCOL", "HTTP/1.1")
    moment = time.gmtime(began)
    date = (
        f"{moment.tm_mday:02d}/{_MONTHS[moment.tm_mon - 1]}/{moment.tm_year}:{time.strftime('%H:%M:%S', moment)} +0000"
    )
    return (
        f"{_said(environ.get('REMOTE_ADDR'))} - {_said(environ.get('REMOTE_USER'))} [{date}] "
        f'"{_said(environ.get("REQUEST_METHOD"))} {_said(path)} {_said(version)}" {status[:3]} {sent or "-"} '
        f'"{_said(environ.get("HTTP_REFERER"))}" "{_said(environ.get("HTTP_USER_AGENT"))}"'
    )


def _said(text: Any) -> str:
    """What a client says, as Apache and nginx escape it; '-' for nothing."""
    if not text:
        return "-"
    return "".join(
        f"\\{c}" if c in '"\\' else c if " " <= c <= "~" else "".join(f"\\x{byte:02x}" for byte in _bytes(c))
        for c in str(text)
    )


def _bytes(character: str) -> bytes:
    return character.encode("latin-1" if character <= "\xff" else "utf-8", "surrogatepass")


class _Counted:
    """A body whose bytes are counted until it is closed, once."""

    def __init__(self, body: Iterable[bytes], closed: Callable[[int], None]):
        self._body = body
        self._closed: Callable[[int], None] | None = closed
        self._sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            self._sent += len(piece)
            yield piece

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                close()
        finally:
            closed, self._closed = self._closed, None
            if closed is not None:
                closed(self._sent)
