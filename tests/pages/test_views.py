"""How a view is called, and what its answer becomes."""

import functools
import inspect
import re

import pytest
from webob import Response

from assetzcml.pages.views import caller, fault, view_response
from assetzcml.records.pages import View
from assetzcml.serving.view import StaticView


def one(request):
    return ("one", request)


def other_name(info):
    return ("one", info)


def with_option(request, page=1):
    return ("one", request)


def two(context, request):
    return ("two", context, request)


def two_with_option(context, request=None):
    return ("two", context, request)


def anything(*arguments):
    return ("any", *arguments)


class Made:
    def __init__(self, request):
        self.said = ("one", request)

    def __call__(self):
        return self.said


class MadeOfTwo:
    def __init__(self, context, request):
        self.said = ("two", context, request)

    def __call__(self):
        return self.said


class Instance:
    def __call__(self, request):
        return ("one", request)

    def method(self, context, request):
        return ("two", context, request)

    @staticmethod
    def static(request):
        return ("one", request)


VIEWS = {
    "function": (one, ("one", "R")),
    "one argument of any name": (other_name, ("one", "R")),
    "request and an option": (with_option, ("one", "R")),
    "context and request": (two, ("two", "C", "R")),
    "context and an optional request": (two_with_option, ("two", "C", "R")),
    "any arguments": (anything, ("any", "C", "R")),
    "class": (Made, ("one", "R")),
    "class of two": (MadeOfTwo, ("two", "C", "R")),
    "instance": (Instance(), ("one", "R")),
    "bound method": (Instance().method, ("two", "C", "R")),
    "static method": (Instance.static, ("one", "R")),
    "partial": (functools.partial(two, "D"), ("two", "D", "R")),
}


@pytest.mark.parametrize("view, answer", VIEWS.values(), ids=VIEWS)
def test_a_view_gets_the_request_or_the_context_and_the_request(view, answer):
    assert fault(view) == ""
    assert caller(view)("C", "R") == answer


@pytest.mark.parametrize("view", [view for name, (view, _) in VIEWS.items() if name != "partial"])
def test_which_of_the_two_is_decided_as_in_pyramid(view):
    viewderivers = pytest.importorskip("pyramid.viewderivers")
    answer = caller(view)("C", "R")
    assert viewderivers.requestonly(view) == (answer[0] == "one")
    assert inspect.isclass(view) == (view in (Made, MadeOfTwo))


@pytest.mark.parametrize("view, message", [
    (7, "7 is not callable"),
    (lambda: "", "it takes no argument; (request) or (context, request) was expected"),
    (lambda a, b, c: "", "it takes (a, b, c); (request) or (context, request) was expected"),
    (lambda request, *, page: "", "it takes (request, page); (request) or (context, request) was expected"),
    (lambda request, context: "", "it takes (request, context); (request) or (context, request) was expected"),
    (type("NoCall", (), {"__init__": lambda self, request: None}), "the class NoCall has no method __call__"),
])  # fmt: skip
def test_what_cannot_be_a_view_is_told_when_it_is_declared(view, message):
    assert fault(view) == message


def test_a_coroutine_function_is_no_view():
    async def slow(request):
        return ""

    assert fault(slow) == "slow is a coroutine function, and nobody waits for it"


def test_a_static_view_is_a_view():
    view = StaticView("assetzcml:")
    assert fault(view) == ""


def test_a_text_is_a_page_and_a_response_is_itself():
    record = View(view=one, name="x")
    response = view_response(record, "caf\xe9")
    assert (response.status, response.headers["Content-Type"], response.body) == (
        "200 OK", "text/html; charset=utf-8", b"caf\xc3\xa9")  # fmt: skip
    made = Response(status=201)
    assert view_response(record, made) is made


@pytest.mark.parametrize("answer", [None, 7, b"bytes", {"a": 1}, ["x"], Response])
def test_any_other_answer_is_an_error_that_names_the_view(answer):
    with pytest.raises(TypeError, match=re.escape("view 'x': <function one at ")) as caught:
        view_response(View(view=one, name="x"), answer)
    assert repr(answer) in str(caught.value)
    assert "a webob.Response or a str was expected" in str(caught.value)
