"""In which order routes are tried, and which one a path belongs to."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.pages import orders
from assetzcml.pages.orders import Order, ordered
from assetzcml.pages.patterns import RoutePattern
from assetzcml.pages.routes import Table
from assetzcml.records.pages import Route, View
from assetzcml.registry import Registry


def page(request):
    return ""


def routes(*said):
    """Routes from words: 'a', 'b<a' (before a), 'c>a' (after a)."""
    made = []
    for place, word in enumerate(said):
        before, after = word.partition("<"), word.partition(">")
        name = word[:1]
        made.append(Route(name=name, pattern=f"/{name}", order=place, before=before[2] or None, after=after[2] or None))
    return made


@pytest.mark.parametrize("said, tried", [
    (["a", "b", "c"], "abc"),
    (["a", "b", "c<a"], "cab"),
    (["a", "b", "c>a"], "acb"),
    (["c<a", "b", "a"], "bca"),                  # named before it is declared
    (["a", "x<a", "y<a"], "xya"),                # two before the same: as they were declared
    (["a", "x>a", "y>a"], "axy"),                # and two after it
    (["a", "b", "x<b", "y>x"], "axyb"),          # next to one that stands next to another
    (["a", "b", "x<b", "y<x", "z>b"], "ayxbz"),
])  # fmt: skip
def test_before_and_after_put_a_route_next_to_the_one_they_name(said, tried):
    result, circle = ordered(routes(*said))
    assert "".join(route.name for route in result) == tried
    assert circle == []


@pytest.mark.parametrize("said, tried, left", [
    (["a", "b<b"], "a", "b"),
    (["a", "b<c", "c>b", "d"], "ad", "bc"),
    (["a<b", "b<c", "c<a", "d<a"], "", "abcd"),
])  # fmt: skip
def test_routes_that_stand_in_a_circle_have_no_order(said, tried, left):
    result, circle = ordered(routes(*said))
    assert "".join(route.name for route in result) == tried
    assert "".join(route.name for route in circle) == left


def test_ten_thousand_routes_each_before_the_last_one_are_ordered():
    chain = [Route(name="0", pattern="/", order=0)]
    chain += [Route(name=str(n), pattern="/", order=n, before=str(n - 1)) for n in range(1, 10_000)]
    result, circle = ordered(chain)
    assert [route.name for route in result] == [str(n) for n in reversed(range(10_000))]
    assert circle == []


SAID = st.lists(st.tuples(st.sampled_from(["", "<", ">"]), st.integers(0, 30)), max_size=30)


@given(said=SAID)
def test_an_order_that_grows_is_the_one_that_is_made_from_the_start(said):
    known, order = [], Order([])
    for place, (word, other) in enumerate(said):
        beside = str(other % place) if place and word else None
        before, after = (beside, None) if word == "<" else (None, beside)
        known.append(Route(name=str(place), pattern="/", order=place, before=before, after=after))
        order = order.plus(known[-1])
        assert [route.name for _, route in order] == [route.name for route in ordered(known)[0]]


@pytest.mark.parametrize("beside", [
    lambda number: {"before": "0"}, lambda number: {"after": "0"},
    lambda number: {"before": str(number - 1)}, lambda number: {"after": str(number - 1)},
])  # fmt: skip
def test_there_is_room_for_many_next_to_one(beside):
    known = [Route(name=str(number), pattern="/", order=number) for number in range(-1, 2)]
    order = Order(known)
    for number in range(2, 500):
        known.append(Route(name=str(number), pattern="/", order=number, **beside(number)))
        order = order.plus(known[-1]) or Order(known)
    assert [route.name for _, route in order] == [route.name for route in ordered(known)[0]]


def test_where_there_is_no_room_or_more_would_change_the_order_is_made_from_the_start(monkeypatch):
    monkeypatch.setattr(orders, "STEP", 1 << 12)
    order = Order([Route(name="a", pattern="/"), Route(name="b", pattern="/", order=1, after="c")])
    assert order.plus(Route(name="c", pattern="/", order=2)) is None  # which b stands after
    assert order.plus(Route(name="d", pattern="/", order=2, before="nobody")) is None
    assert order.plus(Route(name="a", pattern="/other", order=0)) is None
    for number in range(4):
        order = order.plus(Route(name=f"x{number}", pattern="/", order=2 + number, before="b"))
    assert [route.name for _, route in order] == ["a", "x0", "x1", "x2", "x3", "b"]
    assert order.plus(Route(name="x4", pattern="/", order=6, before="b")) is None


def table(*said):
    """A table of routes and views, from (name, pattern, route methods, view methods)."""
    registry = Registry()
    for place, (name, pattern, methods, views) in enumerate(said):
        registry.add(Route(name=name, pattern=pattern, methods=tuple(methods.split()), order=place))
        for method in [] if views is None else views.split() or [""]:
            registry.add(View(view=page, route_name=name, method=method))
    return Table(registry.snapshot)


def found(table, path, method="GET"):
    hit, allowed = table.find(path, method)
    return (hit.route.name, hit.matchdict) if hit is not None else sorted(allowed)


def test_the_first_route_that_matches_answers():
    site = table(("a", "/x/{n}", "", ""), ("b", "/x/1", "", ""), ("c", "/*rest", "", ""), ("d", "/x/2/3", "", ""))
    assert found(site, "/x/1") == ("a", {"n": "1"})
    assert found(site, "/x/2/3") == ("c", {"rest": ("x", "2", "3")})
    site = table(("b", "/x/1", "", ""), ("a", "/x/{n}", "", ""))
    assert found(site, "/x/1") == ("b", {})
    assert found(site, "/x/2") == ("a", {"n": "2"})
    assert found(site, "/y") == []


@pytest.mark.parametrize("method, answer", [
    ("GET", ("read", {"n": "1"})),
    ("HEAD", ("read", {"n": "1"})),            # HEAD falls to GET
    ("PUT", ("write", {"n": "1"})),            # the route is passed over for its request_method
    ("PATCH", ("write", {"n": "1"})),          # and the next for that of its view
    ("DELETE", ["GET", "HEAD", "PATCH", "PUT"]),
])  # fmt: skip
def test_a_route_is_passed_over_when_it_or_its_views_do_not_take_the_method(method, answer):
    site = table(("read", "/{n}", "GET", ""), ("write", "/{n}", "", "PUT PATCH"))
    assert found(site, "/1", method) == answer


def test_a_route_without_a_view_only_makes_urls():
    site = table(("a", "/x", "", None), ("b", "/{y}", "", ""))
    assert found(site, "/x") == ("b", {"y": "x"})
    assert site.path("a", {}) == "/x"


def test_the_index_never_changes_which_route_answers():
    rnd = random.Random(7)
    pieces = ["a", "b", "{p}", "{q:a+}", "x.{r}", "*rest"]
    for _ in range(60):
        said = []
        for n in range(12):
            depth = rnd.randint(1, 3)
            chosen = [rnd.choice(pieces[:5]) for _ in range(depth - 1)] + [rnd.choice(pieces)]
            if len(set(chosen)) == len(chosen):
                said.append((f"r{n}", "/" + "/".join(chosen), "", ""))
        site = table(*said)
        for _ in range(40):
            path = "/" + "/".join(rnd.choice(["a", "b", "aa", "x.y", ""]) for _ in range(rnd.randint(1, 4)))
            one_by_one = next(
                ((name, values) for name, _, _, _ in said if (values := site._patterns[name].match(path)) is not None),
                [],
            )
            assert found(site, path) == one_by_one


@pytest.mark.parametrize("path, tried", [
    ("/section500/item/7", 1),
    ("/section500/item/7/8", 1),
    ("/", 0),
    ("/nowhere/item/7", 0),
    ("/section500", 0),
])  # fmt: skip
def test_of_a_thousand_routes_only_those_are_tried_that_may_have_the_path(monkeypatch, path, tried):
    site = table(*((f"r{n}", f"/section{n}/item/{{id}}", "", "") for n in range(1000)))
    matched = []
    match = RoutePattern.match
    monkeypatch.setattr(RoutePattern, "match", lambda self, path: matched.append(self) or match(self, path))
    site.find(path, "GET")
    assert len(matched) == tried
