"""
The WSGI application: static views first, the fallback for all that is not theirs.

No WebOb object is made here but to ask a permission policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic

from assetzcml.permissions import Door
from assetzcml.records.assets import StaticViewRecord
from assetzcml.records.rules import application, one_of, whole_number
from assetzcml.registry import Part, Registry, ledger
from assetzcml.serving.asking import request_of
from assetzcml.serving.beginnings import EVERYTHING
from assetzcml.serving.entries import BODIES, BODY, WHOLE, body_of, kept_answer
from assetzcml.serving.paths import redirection, wsgi_bytes
from assetzcml.serving.publication import settled
from assetzcml.serving.ranges import UnsatisfiableRange, byte_range
from assetzcml.serving.responses import (
    NO_STORE,
    NOT_FOUND,
    OK,
    PARTIAL,
    UNCHANGED,
    Answer,
    Asked,
    Entry,
    Representation,
    error,
    partial_headers,
    policy_answer,
)
from assetzcml.serving.sites import Desk, Desks
from assetzcml.serving.statistics import Statistics
from assetzcml.typing import Environ, StartResponse, WSGIApplication

__all__ = ["StaticApp"]


EXPLAINED = Part("assetzcml.serving.development", "explained")  # opened in development


class StaticApp:
    """
    Serves the static views of *registry*; what belongs to none goes to *fallback*, a WSGI application, or is 404.

    What is declared in the registry later holds from the next request on. At most *bodies* bytes of assets are kept
    in memory; 0 keeps none. *owns* says of a path, the text of PATH_INFO, whether who asks before the static views has
    it: a version in front of it, or a digest in its name, is 404, so that none leads round him.

    >>> from webob import Request
    >>> from assetzcml.records.assets import asset_spec
    >>> registry = Registry()
    >>> registry.add(StaticViewRecord(name="static", root=asset_spec("assetzcml:")))
    >>> Request.blank("/static/py.typed").send(StaticApp(registry)).status
    '200 OK'
    """

    def __init__(
        self,
        registry: Registry,
        fallback: WSGIApplication | None = None,
        *,
        bodies: int = BODIES,
        owns: Callable[[str], bool] | None = None,
    ):
        self.registry: Registry = one_of("registry", registry, Registry, "an AssetRegistry")
        self.fallback: WSGIApplication | None = application("fallback", fallback, "a WSGI")
        self._owns = owns
        self._now = ledger(registry).current
        self._statistics = registry.part(Statistics)
        self._desks = Desks(registry, whole_number("bodies", bodies))
        self._bind(self._desks.current)

    def _bind(self, desk: Desk) -> Desk:
        """What requests look at first, in one attribute, which each of them reads once (see `Desk`)."""
        beginnings = desk.site.beginnings if self.fallback is not None else EVERYTHING
        self._rest = (*beginnings, desk)  # first: what is rarely read may be newer than what it is read with
        self._bound = (desk.ready, self._now, desk.snapshot, self._statistics)
        return desk

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # The common questions are answered here, at the cost of some look-ups; decide() says the same of them.
        # What looks odd is what CPython does quickly: 'in' and [] rather than get(), and comparing where the next
        # branch is near (one that is far keeps 3.11 from specialising).
        try:
            path = environ["PATH_INFO"]
        except KeyError:
            path = ""
        ready, now, snapshot, statistics = self._bound
        try:
            entry = ready[path] if path in ready else None  # noqa: SIM401 (get() is slower)
        except KeyError:  # another thread has just dropped it
            entry = None
        if entry is None:
            length, beginnings, _ = self._rest
            if path[:length] not in beginnings and now.snapshot is snapshot:
                fallback = self.fallback
                return fallback(environ, start_response)  # type: ignore[misc]
            return self._answer(path, environ, start_response)
        if entry.until <= monotonic() or now.snapshot is not snapshot:
            return self._answer(path, environ, start_response)
        if "HTTP_ACCEPT_ENCODING" in environ:
            chosen = entry.only
            if chosen is None:
                try:
                    chosen = entry.chosen[environ["HTTP_ACCEPT_ENCODING"]]
                except KeyError:
                    chosen = entry.choose(environ["HTTP_ACCEPT_ENCODING"])
        else:
            chosen = entry.unasked
        method = environ["REQUEST_METHOD"]
        if "HTTP_IF_NONE_MATCH" in environ:
            if (
                environ["HTTP_IF_NONE_MATCH"] == chosen.etag
                and "HTTP_IF_MATCH" not in environ
                and "HTTP_IF_UNMODIFIED_SINCE" not in environ
                and (method == "GET" or method == "HEAD")
            ):
                statistics.unchanged += 1
                start_response(UNCHANGED, chosen.not_modified.copy())
                return ()
        elif "HTTP_RANGE" in environ or "HTTP_IF_MATCH" in environ or "HTTP_IF_UNMODIFIED_SINCE" in environ:
            part = _part(chosen, environ) if method == "GET" and "HTTP_RANGE" in environ else None
            if part is not None and chosen.body is not None:
                statistics.answered(PARTIAL)
                start_response(PARTIAL, partial_headers(chosen, part))
                return [chosen.body[part.start : part.stop]]
        elif "HTTP_IF_MODIFIED_SINCE" not in environ:
            if method == "GET":
                if chosen.ready is not None:
                    statistics.sent += 1
                    start_response(OK, chosen.headers.copy())
                    return [chosen.ready]
                if chosen.size <= WHOLE:
                    return self._read(chosen, entry, self._rest[2], path, environ, start_response)
            elif method == "HEAD":
                statistics.sent += 1
                start_response(OK, chosen.headers.copy())
                return ()
        elif environ["HTTP_IF_MODIFIED_SINCE"] == chosen.last_modified and (method == "GET" or method == "HEAD"):
            statistics.unchanged += 1
            start_response(UNCHANGED, chosen.not_modified.copy())
            return ()
        answer = kept_answer(Asked(method, environ.get), self._rest[2].entries, path, _whole(environ))
        if answer is not None:
            return self._sent(answer, environ, start_response)
        return self._answer(path, environ, start_response)

    def _read(
        self,
        chosen: Representation,
        entry: Entry,
        desk: Desk,
        path: str,
        environ: Environ,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """The whole of a representation that is not kept."""
        try:
            body = body_of(chosen, range(chosen.size), entry, desk.entries, path)
        except OSError:
            body = None
        if not isinstance(body, bytes):
            desk.entries.drop(path)
            return self._answer(path, environ, start_response)
        self._statistics.sent += 1
        start_response(OK, chosen.headers.copy())
        return [body]

    def _answer(self, path: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        desk = self._desks.current
        if desk is not self._rest[-1]:
            self._bind(desk)
        script_name = environ.get("SCRIPT_NAME", "")
        if not path and not script_name:
            path = "/"

        def location() -> str:
            return redirection(wsgi_bytes(script_name + path), environ.get("QUERY_STRING", ""))

        def ask(record: StaticViewRecord) -> Answer | None:
            verdict = desk.snapshot.derived(Door).ask(record, lambda: request_of(environ))
            return policy_answer(verdict, record, environ)

        if self._owns is not None:
            plain = desk.site.unversioned(path)
            if plain is not None and self._owns(plain):
                return self._sent(error(NOT_FOUND, None, NO_STORE), environ, start_response)
        steps = desk.site.steps(
            path,
            Asked(environ["REQUEST_METHOD"], environ.get),
            location=location,
            entries=desk.entries,
            has_fallback=self.fallback is not None,
            whole=_whole(environ),
        )
        answer = None if steps is None else settled(steps, ask)
        if answer is not None:
            if desk.snapshot.is_on("reload"):
                answer = EXPLAINED.find()(answer, desk.snapshot, environ, path)
            return self._sent(answer, environ, start_response)
        if self.fallback is None:
            return self._sent(error(NOT_FOUND), environ, start_response)
        return self.fallback(environ, start_response)

    def _sent(self, answer: Answer, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = answer.body
        self._statistics.answered(answer.status)
        start_response(answer.status, answer.headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            return ()
        if isinstance(body, bytes):
            return [body] if body else ()
        if answer.status is OK and "wsgi.file_wrapper" in environ:
            # Of a part, PEP 3333 lets the server send all that follows.
            found: Iterable[bytes] = environ["wsgi.file_wrapper"](body)
            return found
        return body


def _part(chosen: Representation, environ: Environ) -> range | None:
    """The part that is asked for, where nothing else decides; None where something may, or it is no single part."""
    if (
        "HTTP_IF_RANGE" in environ
        or "HTTP_IF_MATCH" in environ
        or "HTTP_IF_MODIFIED_SINCE" in environ
        or "HTTP_IF_UNMODIFIED_SINCE" in environ
    ):
        return None
    try:
        return byte_range(environ["HTTP_RANGE"], chosen.size)
    except UnsatisfiableRange:
        return None


def _whole(environ: Environ) -> int:
    """How many bytes are handed over as one: all that may be kept, where the server has no way to send a file."""
    return WHOLE if "wsgi.file_wrapper" in environ else BODY
