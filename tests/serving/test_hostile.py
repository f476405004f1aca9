"""Every hostile request that needs no server, under both interfaces."""

import contextlib
import functools
import sys
import threading

import pytest

import hostile_requests
from serving import clients
from tables import over

ROWS = [row for row in hostile_requests.load("app") if not row["expect"].get("skip_if_root")]
CODINGS = {"content_encodings": ("br", "gzip")}


@functools.cache
def published(root):
    return clients.registry(
        ("static", root, CODINGS),
        ("static/private", f"{root}/private", {**CODINGS, "permission": "view"}),
        policy=clients.Policy(False),
    )


@functools.cache
def application(interface, root):
    """The application, after a first request: what is made once is no request's work."""
    app = (clients.WSGIApp if interface == "wsgi" else clients.ASGIApp)(published(root))
    getattr(clients, interface)(app, "/static/app.js")
    return app


@contextlib.contextmanager
def counted():
    """The calls of functions in all threads, one after the other."""
    calls = []

    def count(frame, event, argument):
        if event in ("call", "c_call"):
            calls.append(None)

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def headers_of(row):
    return [(name, value) for name, value in row["headers"] if name.lower() != "host"]


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
@over("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_hostile_request_gets_nothing_but_what_it_may_have(interface, row, hostile_root):
    app = application(interface, hostile_root)
    for _ in range(2):  # the second answer may come from what was kept of the first
        with counted() as calls:
            if interface == "wsgi":
                answer = clients.wsgi_answer(app, hostile_requests.wsgi_environ(row))
            else:
                answer = clients.asgi(app, row["path"], row["method"], headers_of(row))
        answer.calls = len(calls)
        assert hostile_requests.faults(row, answer, hostile_root) == []
