"""
The WSGI application: static views first, the fallback for all that is not theirs.

No WebOb object is made here but to ask a permission policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

from webob import Request

from assetzcml.records.assets import StaticViewRecord
from assetzcml.registry import Registry
from assetzcml.serving.entries import BODIES, BODY, ENTRIES, WHOLE, Entries, body_of, kept_answer
from assetzcml.serving.responses import OK, UNCHANGED, Answer, Asked, Entry, Representation
from assetzcml.serving.sites import Site
from assetzcml.serving.view import permitted, redirection, wsgi_bytes

__all__ = ["StaticApp"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class StaticApp:
    """
    Serves the static views of *registry*; what belongs to none goes to *fallback*, a WSGI application, or is 404.

    What is declared in the registry later holds from the next request on. At most *bodies* bytes of assets are kept
    in memory; 0 keeps none.

    >>> from assetzcml.records.assets import asset_spec
    >>> registry = Registry()
    >>> registry.add(StaticViewRecord(name="static", root=asset_spec("assetzcml:")))
    >>> Request.blank("/static/py.typed").send(StaticApp(registry)).status
    '200 OK'
    """

    def __init__(self, registry: Registry, fallback: Application | None = None, *, bodies: int = BODIES):
        self.registry = registry
        self.fallback = fallback
        self._bodies = bodies
        self._current = registry.current
        self._renew()

    def _renew(self) -> Site:
        """The site as it is declared now. What requests look at first is bound here."""
        site = Site(self.registry.snapshot, Entries(ENTRIES, self._bodies))
        self._site = site
        self._ready = site.entries.ready.get
        self._snapshot = site.snapshot
        self._length, self._beginnings = site.beginnings if self.fallback is not None else (0, {""})
        return site

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # The common questions are answered here, at the cost of some look-ups; decide() says the same of them.
        # What looks odd is what CPython does quickly: 'in' and [] rather than get(), calling a local rather than an
        # attribute, and comparing where the next branch is near (one that is far keeps 3.11 from specialising).
        try:
            path = environ["PATH_INFO"]
        except KeyError:
            path = ""
        ready = self._ready
        entry = ready(path)
        if entry is None:
            if path[: self._length] not in self._beginnings and self._current.snapshot is self._snapshot:
                fallback = self.fallback
                return fallback(environ, start_response)  # type: ignore[misc]
            return self._answer(path, environ, start_response)
        if entry.until <= monotonic() or self._current.snapshot is not self._snapshot:
            return self._answer(path, environ, start_response)
        chosen = entry.only
        if chosen is None:
            if "HTTP_ACCEPT_ENCODING" in environ:
                try:
                    chosen = entry.chosen[environ["HTTP_ACCEPT_ENCODING"]]
                except KeyError:
                    chosen = entry.choose(environ["HTTP_ACCEPT_ENCODING"])
            else:
                chosen = entry.unasked
        method = environ["REQUEST_METHOD"]
        if "HTTP_IF_NONE_MATCH" not in environ:
            if "HTTP_RANGE" in environ or "HTTP_IF_MATCH" in environ or "HTTP_IF_UNMODIFIED_SINCE" in environ:
                pass
            elif "HTTP_IF_MODIFIED_SINCE" not in environ:
                if method == "GET":
                    if chosen.ready is not None:
                        start_response(OK, chosen.headers.copy())
                        return [chosen.ready]
                    if chosen.size <= WHOLE:
                        return self._read(chosen, entry, path, environ, start_response)
                elif method == "HEAD":
                    start_response(OK, chosen.headers.copy())
                    return ()
            elif environ["HTTP_IF_MODIFIED_SINCE"] == chosen.last_modified and (method == "GET" or method == "HEAD"):
                start_response(UNCHANGED, chosen.not_modified.copy())
                return ()
        elif (
            environ["HTTP_IF_NONE_MATCH"] == chosen.etag
            and "HTTP_IF_MATCH" not in environ
            and "HTTP_IF_UNMODIFIED_SINCE" not in environ
            and (method == "GET" or method == "HEAD")
        ):
            start_response(UNCHANGED, chosen.not_modified.copy())
            return ()
        answer = kept_answer(Asked(method, environ.get), self._site.entries, path, _whole(environ))
        if answer is not None:
            return _sent(answer, environ, start_response)
        return self._answer(path, environ, start_response)

    def _read(
        self, chosen: Representation, entry: Entry, path: str, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """The whole of a representation that is not kept."""
        try:
            body = body_of(chosen, range(chosen.size), entry, self._site.entries, path)
        except OSError:
            body = None
        if not isinstance(body, bytes):
            self._site.entries.drop(path)
            return self._answer(path, environ, start_response)
        start_response(OK, chosen.headers.copy())
        return [body]

    def _answer(self, path: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        site = self._site
        if site.snapshot is not self.registry.snapshot:
            site = self._renew()
        script_name = environ.get("SCRIPT_NAME", "")
        if not path and not script_name:
            path = "/"

        def permits(record: StaticViewRecord) -> bool:
            return permitted(site.snapshot, record, lambda: Request(environ))

        def location() -> str:
            return redirection(wsgi_bytes(script_name + path), environ.get("QUERY_STRING", ""))

        answer = site.answer(
            path,
            Asked(environ["REQUEST_METHOD"], environ.get),
            permits=permits,
            location=location,
            has_fallback=self.fallback is not None,
            whole=_whole(environ),
        )
        if answer is None:
            assert self.fallback is not None
            return self.fallback(environ, start_response)
        return _sent(answer, environ, start_response)


def _whole(environ: Environ) -> int:
    """How many bytes are handed over as one: all that may be kept, where the server has no way to send a file."""
    return WHOLE if "wsgi.file_wrapper" in environ else BODY


def _sent(answer: Answer, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = answer.body
    start_response(answer.status, answer.headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        return ()
    if isinstance(body, bytes):
        return [body] if body else ()
    if answer.status is OK and "wsgi.file_wrapper" in environ:
        # Of a part, PEP 3333 lets the server send all that follows.
        return environ["wsgi.file_wrapper"](body)
    return body
