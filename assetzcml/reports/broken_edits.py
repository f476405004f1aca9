"""An edit that is wrong, told in the browser of who made it: the page has the text that the terminal got."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assetzcml.serving.development import development_page, is_this_machine

__all__ = ["BrokenEdits"]

STATUS = "500 Internal Server Error"


class BrokenEdits:
    """
    A WSGI application that shows this machine's pages the text of a `broken` edit until it is mended, and hands on all else.

    A page is what a browser asks for as one (Accept: text/html). Its assets, and everybody else, get the former state.
    """

    def __init__(self, application: Any):
        self.application = application
        self._broken: dict[str, str] = {}

    def broken(self, kind: str, text: str | None) -> None:
        """Something of this *kind*, such as 'ZCML', is wrong; with None it is right again."""
        if text is None:
            self._broken.pop(kind, None)
        else:
            self._broken[kind] = text

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        texts = list(self._broken.values())
        asks_for_a_page = "text/html" in environ.get("HTTP_ACCEPT", "") and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        if not texts or not asks_for_a_page or not is_this_machine(environ):
            handed_on: Iterable[bytes] = self.application(environ, start_response)
            return handed_on
        headers, page = development_page(STATUS, "\n\n".join(texts))
        start_response(STATUS, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [page]
