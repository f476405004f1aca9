"""What `explain`, `list` and `check` are told of routes and views."""

import itertools

import pytest

from assetzcml import AssetRegistry
from assetzcml.interfaces import IPages


def page(request):
    return "page"


@pytest.fixture
def registry():
    return AssetRegistry()


def pages(registry):
    return registry.getUtility(IPages)


def names(missed):
    return [(str(each.record), each.why) for each in missed]


# What a path leads to.


def test_a_path_leads_to_its_route_and_view_and_what_else_has_it_is_told(registry):
    registry.add_route("form", "/{x}", view=page, request_method="POST")
    registry.add_route("plain", "/{x}")
    registry.add_route("item", "/{id}", view=page)
    registry.add_view(page, route_name="item", request_method="PUT")
    registry.add_route("last", "/*rest", view=page)
    registry.add_view(page, "about")
    led = pages(registry).lead("/about")
    assert (str(led.view), str(led.route), led.values) == ("view of route 'item'", "route 'item'", {"id": "about"})
    assert led.allowed == ()
    assert names(pages(registry).missed("/about")) == [
        ("route 'form'", "it takes only POST"),
        ("route 'plain'", "it has no view"),
        ("view of route 'item' PUT", "it is for PUT"),
        ("route 'last'", "it is tried later"),
        ("view 'about'", "routes go before it"),
    ]


def test_a_path_that_only_the_method_is_wrong_for_leads_nowhere_and_says_what_is_taken(registry):
    registry.add_route("form", "/order", view=page, request_method="POST")
    registry.add_view(page, "order", request_method="PUT")
    led = pages(registry).lead("/order")
    assert (led.view, led.route, led.allowed) == (None, None, ("POST", "PUT"))
    assert names(pages(registry).missed("/order")) == [
        ("route 'form'", "it takes only POST"),
        ("view 'order' PUT", "it takes only PUT"),
    ]
    assert str(pages(registry).lead("/order", "POST").route) == "route 'form'"


def test_a_named_view_answers_what_no_route_takes(registry):
    registry.add_route("form", "/about", view=page, request_method="POST")
    registry.add_view(page, "about", request_method="GET")
    registry.add_view(page, "about")
    led = pages(registry).lead("/about")
    assert (str(led.view), led.route) == ("view 'about' GET", None)
    assert names(pages(registry).missed("/about")) == [
        ("route 'form'", "it takes only POST"),
        ("view 'about'", "it is for the other request methods"),
    ]


def test_a_path_of_nobody_leads_nowhere(registry):
    assert pages(registry).lead("/nowhere") == (None, None, {}, ())
    assert pages(registry).missed("/nowhere") == []


def test_views_stand_in_the_order_of_their_routes_then_by_name(registry):
    registry.add_route("b", "/b", view=page)
    registry.add_view(page, "x")
    registry.add_route("a", "/a", view=page, before="b")
    registry.add_view(page, "c")
    assert list(map(str, pages(registry).views())) == ["view of route 'a'", "view of route 'b'", "view 'c'", "view 'x'"]


# What is never reached.


@pytest.mark.parametrize("earlier, later, hidden", [
    (("/a",), ("/a",), True),
    (("/{x}",), ("/a",), True),
    (("/a",), ("/{x}",), False),
    (("/{x}",), ("/{y}",), True),
    (("/{x}/b",), ("/{y}/c",), False),
    (("/{x:[0-9]+}",), ("/{y:[0-9]+}",), True),
    (("/{x:[0-9]+}",), ("/{y}",), False),
    (("/{x}",), ("/{y:[0-9]+}",), False),        # it is hidden, and that takes more than a look to know
    (("/*rest",), ("/a/{x}/b",), True),
    (("/a/*rest",), ("/ab",), False),
    (("/a*rest",), ("/ab/{x}",), True),
    (("/a/*rest",), ("/a/*all",), True),
    (("/a/{x}",), ("/a/*all",), False),
    (("/a", "GET"), ("/a",), False),             # the later one still has POST
    (("/a", "GET"), ("/a", "POST"), False),
    (("/a", "GET"), ("/a", "HEAD"), True),
    (("/a", "POST"), ("/a", "GET"), False),
    (("/a",), ("/a", "POST"), True),
])  # fmt: skip
def test_a_route_is_never_tried_when_an_earlier_one_has_all_of_its_paths(earlier, later, hidden, registry):
    for name, (pattern, *methods) in (("one", earlier), ("two", later)):
        registry.add_route(name, pattern, view=page, request_method=methods)
    told = [(str(record), str(by)) for record, _, by in pages(registry).unreached()]
    assert told == ([("route 'two'", "route 'one'")] if hidden else [])


def test_a_route_without_a_view_hides_nothing_and_is_not_hidden(registry):
    registry.add_route("one", "/*rest")
    registry.add_route("two", "/a", view=page)
    registry.add_route("three", "/a")
    assert list(pages(registry).unreached()) == []


@pytest.mark.parametrize("route, view, hidden", [
    ((), (), True),
    (("GET",), (), False),
    (("GET",), ("GET",), True),
    (("GET",), ("HEAD",), True),
    (("POST",), ("GET",), False),
])  # fmt: skip
def test_a_named_view_is_never_called_when_a_route_has_its_path(route, view, hidden, registry):
    registry.add_route("page", "/{name}", view=page, request_method=route)
    registry.add_view(page, "about", request_method=view)
    assert bool(list(pages(registry).unreached())) is hidden


def test_what_is_called_unreached_is_never_led_to():
    """All tables of three routes made of these patterns and methods, asked for every path and method there is."""
    patterns = ["/a", "/{x}", "/a/{x}", "/a/*rest", "/*rest"]
    paths = ["/", "/a", "/b", "/a/", "/a/b", "/a/b/c"]
    for chosen in itertools.product(patterns, repeat=3):
        for methods in [("", "", ""), ("GET", "", "GET"), ("", "POST", "GET")]:
            registry = AssetRegistry()
            for number, (pattern, method) in enumerate(zip(chosen, methods, strict=True)):
                registry.add_route(str(number), pattern, view=page, request_method=method.split())
            never = {record.name for record, _, _ in pages(registry).unreached()}
            led = [pages(registry).lead(path, method) for path in paths for method in ("GET", "HEAD", "POST")]
            assert never.isdisjoint({each.route.name for each in led if each.route is not None}), chosen
