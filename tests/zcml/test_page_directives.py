"""`route` and `view` in ZCML, and the same from Python: what is declared, what is refused, who wins."""

import pytest

from assetzcml import AssetRegistry, ConfigurationConflictError, ConfigurationError, ConfigurationWarning, load_zcml
from assetzcml.interfaces import IPages, IRoute, IView

VIEWS = """\
from webob import Response
def one(request): return "one"
def two(request): return "two"
def three(request): return "three"
def nothing(): return ""
class Policy:
    def permits(self, request, context, permission): return True
number = 7
"""


@pytest.fixture
def site(package):
    """A function that loads ZCML which stands in a package with views; other files by name."""

    def load(text, files=(), **options):
        name = package({
            "__init__.py": VIEWS,
            "configure.zcml": f'<configure xmlns="http://namespaces.assetzcml.org/assets">\n{text}\n</configure>',
            **{
                file: f'<configure xmlns="http://namespaces.assetzcml.org/assets">\n{inner}\n</configure>'
                for file, inner in dict(files).items()
            },
        })  # fmt: skip
        return load_zcml(f"{name}:configure.zcml", **options)

    return load


def names(registry):
    return [route.name for route in registry.getUtility(IPages).routes()]


def called(registry):
    """What is declared, by utility name: the names of the view functions."""
    return {name: record.view.__name__ for name, record in registry.getUtilitiesFor(IView)}


def headlines(caught):
    return [f"{problem.origin.line}:{problem.origin.column}: {problem.message}; {problem.hint}".rstrip("; ")
            for problem in caught.value.problems]  # fmt: skip


def test_a_directive_becomes_a_record():
    registry = AssetRegistry()
    assert list(registry.getUtilitiesFor(IRoute)) == []


def test_each_attribute_arrives(site):
    registry = site("""
        <permissionPolicy policy=".Policy"/>
        <route name="item" pattern="item/{id}" view=".one" permission="read" request_method="post GET"/>
        <route name="other" pattern="/o" after="item"/>
        <view view=".two" name="/about/" request_method="PUT" permission="write"/>
        <view view=".three" route_name="other"/>
    """)
    (item, other) = registry.getUtility(IPages).routes()
    assert (item.pattern, item.methods, item.before, item.after) == ("item/{id}", ("GET", "POST"), None, None)
    assert (other.name, other.after) == ("other", "item")
    views = dict(registry.getUtilitiesFor(IView))
    assert set(views) == {"* route item", "PUT name about", "* route other"}
    assert (views["* route item"].permission, views["PUT name about"].permission) == ("read", "write")


def test_each_request_method_of_a_view_can_be_overridden_by_itself(site):
    registry = site(
        '<include file="shop.zcml"/><includeOverrides file="overrides.zcml"/>',
        {"shop.zcml": '<view view=".one" name="x" request_method="GET POST"/><view view=".one" name="y"/>',
         "overrides.zcml": '<view view=".two" name="x" request_method="POST"/><view view=".three" name="y"/>'},
    )  # fmt: skip
    assert called(registry) == {"GET name x": "one", "POST name x": "two", "* name y": "three"}
    assert [(str(loss.loser), loss.reason) for loss in registry.snapshot.losses] == [
        ("view 'x' POST", "overridden"), ("view 'y'", "overridden")]  # fmt: skip


def test_the_view_of_a_route_is_replaced_by_a_view_for_that_route(site):
    registry = site(
        '<include file="shop.zcml"/><view view=".two" route_name="item"/>',
        {"shop.zcml": '<route name="item" pattern="/item/{id}" view=".one"/>'},
    )
    assert called(registry) == {"* route item": "two"}
    assert names(registry) == ["item"]


def test_a_replaced_route_stays_where_the_first_of_its_name_stood(site):
    registry = site(
        '<include file="shop.zcml"/><route name="b" pattern="/bb"/><route name="d" pattern="/d"/>',
        {"shop.zcml": "".join(f'<route name="{name}" pattern="/{name}"/>' for name in "abc")},
    )
    assert names(registry) == ["a", "b", "c", "d"]
    assert registry.route_path("b") == "/bb"
    registry.add_route("a", "/aa")
    registry.add_route("e", "/e", before="b")
    assert names(registry) == ["a", "e", "b", "c", "d"]


def test_an_extender_inserts_a_route_into_the_middle(site):
    registry = site(
        '<include file="theme.zcml"/><include file="shop.zcml"/>',
        {"shop.zcml": '<route name="a" pattern="/a"/><route name="b" pattern="/b"/>',
         "theme.zcml": '<route name="x" pattern="/x" before="b"/><route name="y" pattern="/y" after="a"/>'},
    )  # fmt: skip
    assert names(registry) == ["a", "y", "x", "b"]


@pytest.mark.parametrize("again, message", [
    ('<route name="a" pattern="/other"/>', "route 'a' is declared 2 times"),
    ('<view view=".two" route_name="a"/>', "view of route 'a' is declared 2 times"),
    ('<view view=".two" name="x" request_method="PUT POST"/>', "view 'x' 'POST' is declared 2 times"),
    ('<view view=".two" name=""/>', "view '/' is declared 2 times"),
])  # fmt: skip
def test_what_two_files_of_equal_strength_say_is_a_conflict(site, again, message):
    first = ('<route name="a" pattern="/a" view=".one"/><view view=".one" name="x" request_method="GET POST"/>'
             '<view view=".one" name="/"/>')  # fmt: skip
    with pytest.raises(ConfigurationConflictError, match=message):
        site('<include file="1.zcml"/><include file="2.zcml"/>', {"1.zcml": first, "2.zcml": again})


@pytest.mark.parametrize("text, message", [
    ('<route pattern="/a"/>', "2:1: route: the attribute 'name' is missing; write name=\"home\""),
    ('<route name="a"/>', "2:1: route 'a': the attribute 'pattern' is missing; write pattern=\"/\""),
    ('<route name="a" pattern="/a" permission="x"/>',
     "2:42: route 'a': permission has no meaning without view; say it where the view is declared"),
    ('<route name="a" pattern="/a" before="b" after="c"/>',
     "2:48: route 'a': before and after exclude each other; keep one of them"),
    ('<route name="a" pattern="/a" before="a"/>',
     "2:38: route 'a': the routes stand in a circle: 'a' before 'a'; leave out one of them"),
    ('<route name="abc" pattern="/a"/><route name="b" pattern="/b" after="abd"/>',
     "2:69: route 'b': after: there is no route 'abd'; did you mean 'abc'?"),
    ('<route name="a" pattern="/x/{y"/>',
     "2:29: route 'a': pattern '/x/{y', character 4: '{' is not closed; write {y}"),
    ('<route name="a" pattern="/&lt;/{y"/>',   # behind a reference the place is the attribute's
     "2:26: route 'a': pattern '/</{y', character 4: '{' is not closed; write {y}"),
    ('<route name="a" pattern="/a" request_method="GE T(" view=".one"/>',
     "2:46: route: request_method='GE T(': 'T(' is not a request method; tokens such as 'GET POST' were expected"),
    ('<route name="a" pattern="/a" request_method=" "/>',
     "2:46: route: request_method=' ': at least one method was expected, such as 'GET'"),
    ('<view view=".one"/>', "2:1: view: exactly one of name and route_name was expected; none of them is there; "
     "write route_name=\"...\" of a route, or name=\"...\" of a path"),
    ('<view view=".one" name="x" route_name="y"/>',
     "2:1: view: exactly one of name and route_name was expected; "
     "both are there; keep one of them"),
    ('<view view=".one" name="a?b"/>', "2:25: view: name='a?b': name 'a?b' holds a query, which a name cannot have; write 'a'"),
    ('<view view=".one" name="//x"/>',
     "2:25: view: name='//x': a path of the application was expected, not another host"),
    ('<view view=".number" name="x"/>', "2:13: view 'x': view: 7 is not callable"),
    ('<view view=".nothing" name="x" request_method="GET POST"/>',  # once, not once for each method
     "2:13: view 'x': view: it takes no argument; (request) or (context, request) was expected"),
    ('<route name="item" pattern="/"/><view view=".one" route_name="itme"/>',
     "2:63: view of route 'itme': there is no route 'itme'; did you mean 'item'?"),
    ('<view view=".one" name="x" permission="p"/>',
     "2:40: view 'x': the permission 'p' cannot be asked for: there is no permission policy; "
     'declare one: <permissionPolicy policy="package.module.Class"/>'),
])  # fmt: skip
def test_a_mistake_is_told_with_its_place(site, text, message):
    with pytest.raises(ConfigurationError) as caught:
        site(text)
    assert headlines(caught) == [message]


def test_a_circle_of_three_is_told_with_all_its_places(site):
    with pytest.raises(ConfigurationError) as caught:
        site('<route name="a" pattern="/a" before="b"/>\n<route name="b" pattern="/b" after="c"/>\n'
             '<route name="c" pattern="/c" before="a"/>')  # fmt: skip
    (problem,) = caught.value.problems
    assert problem.message == "route 'c': the routes stand in a circle: 'c' before 'a' before 'b' after 'c'"
    assert [(word, origin.line) for word, origin in problem.also] == [("and at", 2), ("and at", 3)]


def test_a_percent_encoded_pattern_is_a_warning(site):
    with pytest.warns(
        ConfigurationWarning, match=r":2:28: route 'a': pattern '/a%20b' .*'%20'; write the character itself"
    ):
        site('<route name="a" pattern="/a%20b"/>')


def test_a_failed_load_leaves_routes_and_views_as_they_were(site):
    registry = site('<route name="a" pattern="/a" view=".one"/>')
    with pytest.raises(ConfigurationError):
        site('<route name="b" pattern="/b" view=".one"/><route name="a" pattern="/{"/>', registry=registry)
    assert names(registry) == ["a"]
    assert registry.route_path("a") == "/a"


def test_what_a_later_load_declares_replaces_what_an_earlier_one_did(site):
    registry = site('<route name="a" pattern="/a" view=".one"/><view name="x" view=".one"/>')
    site('<route name="b" pattern="/b" before="a"/><view name="x" view=".two"/>', registry=registry)
    assert names(registry) == ["b", "a"]
    assert called(registry) == {"* route a": "one", "* name x": "two"}
    assert [str(loss.loser) for loss in registry.snapshot.losses] == ["view 'x'"]


def view(request):
    return "v"


def test_python_calls_declare_the_same():
    registry = AssetRegistry()
    registry.add_permission_policy(type("Policy", (), {"permits": lambda *arguments: True}))
    registry.add_route("a", "/a/{x}", view=view, request_method="get", permission="read")
    registry.add_view(view, "about", request_method=["GET", "PUT"])
    registry.add_view(view, route_name="a", request_method="POST")
    assert names(registry) == ["a"]
    assert set(called(registry)) == {"* route a", "GET name about", "PUT name about", "POST route a"}
    origin = dict(registry.getUtilitiesFor(IView))["PUT name about"].origin
    assert origin.file == __file__


@pytest.mark.parametrize("call, message", [
    (lambda r: r.add_route("a", "/{"), "route 'a': pattern '/{', character 2: '{' is not closed"),
    (lambda r: r.add_route("a", "/a", before="b"), "route 'a': before: there is no route 'b'"),
    (lambda r: r.add_route("a", "/a", before="a", after="b"), "before and after exclude each other"),
    (lambda r: r.add_route("a", "/a", permission="p"), "permission has no meaning without view"),
    (lambda r: r.add_route("a", "/a", view=7), "view of route 'a': view: 7 is not callable"),
    (lambda r: r.add_view(view, route_name="a"), "view of route 'a': there is no route 'a'"),
    (lambda r: r.add_view(view, "x", route_name="a"), "exactly one of name and route_name was expected; "
     "both are there; keep one of them"),
    (lambda r: r.add_view(view, "a#b"), "holds a fragment"),
    (lambda r: r.add_view(view, "x", permission="p"), "there is no permission policy"),
    (lambda r: r.add_view(view, "x", request_method="G(T"), "'G(T' is not a request method"),
])  # fmt: skip
def test_python_calls_refuse_the_same_and_change_nothing(call, message):
    registry = AssetRegistry()
    with pytest.raises(ConfigurationError) as caught:
        call(registry)
    assert message in str(caught.value)
    assert (names(registry), called(registry)) == ([], {})
