"""How a view is called, found out once, and what its answer becomes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from webob import Response

from assetzcml.errors import clipped
from assetzcml.records.pages import View
from assetzcml.records.rules import described

__all__ = ["Caller", "caller", "fault", "view_response"]

Caller = Callable[[Any, Any], Any]


def fault(view: Any) -> str:
    """
    What is wrong with *view* as a view; '' when nothing is.

    >>> fault(lambda request: ""), fault(lambda context, request: ""), fault(7)
    ('', '', '7 is not callable')
    >>> fault(lambda: "")
    'it takes no argument; (request) or (context, request) was expected'
    """
    if not callable(view):
        return f"{described(view)} is not callable"
    if isinstance(view, type) and not any("__call__" in vars(base) for base in view.__mro__):
        return f"the class {view.__name__} has no method __call__"
    if inspect.iscoroutinefunction(view):
        return f"{view.__name__} is a coroutine function, and nobody waits for it"
    signature = _signature(view)
    if signature is None:
        return ""
    needed = [p.name for p in signature.parameters.values() if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    try:
        signature.bind(*((None,) if _request_only(signature) else (None, None)))
        wrong = needed == ["request", "context"]
    except TypeError:
        wrong = True
    words = f"({', '.join(needed)})" if needed else "no argument"
    return f"it takes {words}; (request) or (context, request) was expected" if wrong else ""


def caller(view: Any) -> Caller:
    """
    *view* as something that is called with (context, request). Pyramid's rules: a view whose only argument, or whose
    first is named 'request' and the only one without a default, gets the request; any other the context too. A class
    is made with them, and what it makes is called without arguments.
    """
    signature = _signature(view)
    request_only = signature is not None and _request_only(signature)
    if isinstance(view, type):
        if request_only:
            return lambda context, request: view(request)()
        return lambda context, request: view(context, request)()
    if request_only:
        return lambda context, request: view(request)
    found: Caller = view
    return found


def view_response(record: View, answer: Any) -> Response:
    """The answer of a view as a response; a str is an HTML page. Raises TypeError for anything else."""
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, str):
        return Response(text=answer, content_type="text/html", charset="utf-8")
    where = f", declared at {record.origin}" if record.origin is not None else ""
    said = f"{clipped(repr(record.view))} returned {clipped(repr(answer))}"
    raise TypeError(f"{record}{where}: {said}; a webob.Response or a str was expected")


def _signature(view: Any) -> inspect.Signature | None:
    """The signature of a call; None for what does not tell."""
    try:
        return inspect.signature(view)
    except (TypeError, ValueError):
        return None


def _request_only(signature: inspect.Signature) -> bool:
    by_place = [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(by_place) == 1:
        return True
    needed = [p for p in by_place if p.default is p.empty]
    return len(needed) == 1 and needed[0] is by_place[0] and by_place[0].name == "request"
