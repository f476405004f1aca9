"""
Is a request permitted? The one place where a policy is asked: for pages, for assets, and in Pyramid.

It is closed by default: no policy, a policy that fails, and an answer that nobody can wait for are a no.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from assetzcml.late import inspect, late_logger
from assetzcml.registry import Snapshot
from assetzcml.typing import StartResponse

__all__ = ["DENIED", "PERMITTED", "Door", "Verdict", "is_asynchronous"]

logger = late_logger("assetzcml")

Header = tuple[str, str]

# What tells a cache that many people share to keep an answer (RFC 9111, 5.2; RFC 9213, 3; Surrogate-Control of CDNs).
_OF_SHARED_CACHES = frozenset(["expires", "surrogate-control"])


class Verdict:
    """
    What a policy has said. It is true where the request is permitted.

    *answer* is the HTTP exception that the policy raised instead, a WSGI application; None where it said yes or no. The
    verdict is a WSGI application too: that answer, as no shared cache may keep it.
    """

    __slots__ = ("answer", "permitted")

    def __init__(self, permitted: bool, answer: Any = None):
        self.permitted = permitted
        self.answer = answer

    def __bool__(self) -> bool:
        return self.permitted

    def __repr__(self) -> str:
        return f"<Verdict {self.answer!r}>" if self.answer is not None else f"<Verdict {self.permitted}>"

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Iterable[Header], *exc_info: Any) -> Any:
            return start_response(status, unshared(headers), *exc_info)

        body: Iterable[bytes] = self.answer(environ, start)
        return body


PERMITTED = Verdict(True)
DENIED = Verdict(False)


def unshared(headers: Iterable[Header]) -> list[Header]:
    """
    The headers of an answer, so that no shared cache keeps it: what one client is told is not for the next.

    >>> unshared([("Location", "/login"), ("Cache-Control", "public, max-age=60")])
    [('Location', '/login'), ('Cache-Control', 'no-store')]
    """
    kept: list[Header] = []
    own: list[Header] = []
    for name, value in headers:
        lower = name.lower()
        if lower == "cache-control":
            own.append((name, value))
        elif lower not in _OF_SHARED_CACHES and not lower.endswith("cdn-cache-control"):
            kept.append((name, value))
    directives = {word.strip().lower() for _, value in own for word in value.split(",")}
    return kept + (own if directives & {"private", "no-store"} else [("Cache-Control", "no-store")])


def is_asynchronous(policy: Any) -> bool:
    """Is the `permits` of a policy an `async def`?"""
    permits = getattr(policy, "permits", None)
    return inspect.iscoroutinefunction(permits)


class Door:
    """The policy of a snapshot: `snapshot.derived(Door)`."""

    def __init__(self, snapshot: Snapshot):
        self._policy = snapshot.policy
        self._registry = snapshot.registry
        self._told = False
        #: Does asking need no thread, since it only makes something to wait for?
        self.asynchronous = is_asynchronous(getattr(self._policy, "policy", self._policy))

    def ask(self, record: Any, request: Callable[[], Any]) -> Verdict:
        """
        Does the policy permit the *request* for what *record* declares?

        Where the policy answers with something to wait for, nobody here can: that is a no, and told once.
        """
        said = self.put(record, request)
        if isinstance(said, Verdict):
            return said
        self._refuse(said)
        return DENIED

    def put(self, record: Any, request: Callable[[], Any]) -> Verdict | Awaitable[Any]:
        """The same; an asynchronous policy's answer is still to be waited for, by `awaited`."""
        if self._policy is None:
            return DENIED
        try:
            asking = request()
            asking.registry = self._registry
            said = self._policy.permits(asking, record, record.permission)
            if inspect.isawaitable(said):
                return said
            return PERMITTED if said else DENIED
        except Exception as problem:
            return self._raised(problem, record)

    async def awaited(self, said: Verdict | Awaitable[Any], record: Any) -> Verdict:
        """What `put` gave, waited for."""
        if isinstance(said, Verdict):
            return said
        try:
            return PERMITTED if await said else DENIED
        except Exception as problem:
            return self._raised(problem, record)

    def _raised(self, problem: Exception, record: Any) -> Verdict:
        """A policy's own answer, such as the way to a log-in; whatever else it raises is told to the operator only."""
        if _is_answer(problem):
            return Verdict(False, problem)
        logger.error("the permission policy failed for %s; denied", record, exc_info=problem)
        return DENIED

    def _refuse(self, said: Awaitable[Any]) -> None:
        close = getattr(said, "close", None) or getattr(said, "cancel", None)
        if close is not None:
            close()
        if not self._told:
            self._told = True
            policy = getattr(self._policy, "policy", self._policy)
            logger.error(
                "the permission policy %r answers with something to wait for, which only the ASGI application can: "
                "denied; write permits() without async",
                policy,
            )


def _is_answer(problem: Exception) -> bool:
    """Is it an HTTP exception: one that is a WSGI application (those of WebOb, Pyramid and Werkzeug are)?"""
    return callable(problem)
