"""An edit that is wrong, told in the browser of who made it: the page has the text that the terminal got."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from assetzcml.resolving.importing import failed_at
from assetzcml.serving.development import development_page, is_this_machine

__all__ = ["BrokenEdits"]

STATUS = "500 Internal Server Error"
SERVERS = frozenset(["assetzcml", "waitress"])  # whose steps on the way to a view say nothing of what is wrong in it


class BrokenEdits:
    """
    A WSGI application that shows this machine's pages the text of a `broken` edit until it is mended, and hands on all else.

    A page is what a browser asks for as one (Accept: text/html). Its assets, and everybody else, get the former state. What a
    page raises, for its template is wrong say, is shown in its place too; *tell* has the text, for the terminal.
    """

    def __init__(self, application: Any, tell: Callable[[str], Any] = lambda text: None):
        self.application = application
        self._tell = tell
        self._broken: dict[str, str] = {}

    def broken(self, kind: str, text: str | None) -> None:
        """Something of this *kind*, such as 'ZCML', is wrong; with None it is right again."""
        if text is None:
            self._broken.pop(kind, None)
        else:
            self._broken[kind] = text

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        texts = list(self._broken.values())
        is_shown = "text/html" in environ.get("HTTP_ACCEPT", "") and is_this_machine(environ)
        if texts and is_shown and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return _page("\n\n".join(texts), environ, start_response)
        try:
            handed_on: Iterable[bytes] = self.application(environ, start_response)
        except Exception as error:
            if not is_shown:
                raise
            text = _failure(error)
            self._tell(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}: {text}")
            return _page(text, environ, start_response, sys.exc_info())
        return handed_on


def _page(text: str, environ: dict[str, Any], start_response: Any, *raised: Any) -> Iterable[bytes]:
    headers, page = development_page(STATUS, text)
    start_response(STATUS, headers, *raised)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [page]


def _failure(error: Exception) -> str:
    """What a view raised: the place and the words in one line, then the steps to it from the view on."""
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)  # as template engines say it
    place = f"{file}:{line}" if isinstance(file, str) and line else failed_at(error)
    words = traceback.format_exception_only(type(error), error)[-1].strip()
    steps = error.__traceback__
    while steps is not None and steps.tb_next is not None and _is_servers(steps.tb_frame.f_globals):
        steps = steps.tb_next
    told = "".join(traceback.format_exception(type(error), error, steps)).rstrip()
    return f"{place}: {words}\n\n{told}" if place else f"{words}\n\n{told}"


def _is_servers(names: dict[str, Any]) -> bool:
    return str(names.get("__name__")).partition(".")[0] in SERVERS
