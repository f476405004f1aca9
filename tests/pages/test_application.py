"""`make_app`: routes, named views, static views and files, then 404; and the request that views get."""

import threading

import pytest
from webob import Request, Response
from webob.exc import HTTPException, HTTPForbidden, HTTPFound, HTTPNotFound

from assetzcml import AssetRegistry, DigestCacheBuster, StaticView, TreeCacheBuster
from assetzcml.pages.requests import Request as PageRequest
from assetzcml.pages.routes import NotRouted
from assetzcml.publishing.freeze import freeze


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "app.css").write_bytes(b"body {}")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "robots.txt").write_bytes(b"robots")
    registry = AssetRegistry()
    registry.add_static_view("static", str(tmp_path / "static"))
    registry.add_static_view("", str(tmp_path / "root"))
    registry.css = str(tmp_path / "static" / "app.css")
    return registry


def ask(registry, path, method="GET", fallback=None, **environ):
    return Request.blank(path, method=method, environ=environ).get_response(registry.make_app(fallback))


def told(response):
    return response.status_int, response.text


def says(text):
    return lambda request: text


@pytest.mark.parametrize("path, answer", [
    ("/", "home"),
    ("", "home"),                        # nothing behind the mount point
    ("/about", "about"),
    ("/about/us", "us"),
    ("/item/7", "{'id': '7'}"),
    ("/caf%C3%A9/%E2%98%83", "{'x': '\u2603'}"),
    ("/static/page", "before static"),   # pages go before static views
])  # fmt: skip
def test_a_page_answers_its_path(registry, path, answer):
    registry.add_view(says("home"))
    registry.add_view(says("about"), "about")
    registry.add_view(says("us"), "about/us")
    registry.add_route("item", "/item/{id}", view=lambda request: repr(request.matchdict))
    registry.add_route("cafe", "/caf\xe9/{x}", view=lambda request: repr(request.matchdict))
    registry.add_route("page", "/static/page", view=says("before static"))
    response = ask(registry, path)
    assert told(response) == (200, answer)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("method, path, status, headers", [
    ("GET", "/static/app.css", 200, {}),
    ("GET", "/robots.txt", 200, {}),
    ("GET", "/nowhere", 404, {}),
    ("POST", "/nowhere", 404, {}),
    ("GET", "/about/", 404, {}),                       # a named view answers exactly its path
    ("GET", "/%ff", 400, {}),
    ("GET", "/item/%ff", 400, {}),
    ("POST", "/static/%ff", 405, {"Allow": "GET, HEAD"}),  # method before decoding, as for every static view
    ("HEAD", "/about", 200, {"Content-Length": "5"}),
    ("POST", "/about", 405, {"Allow": "GET, HEAD, PUT"}),
    ("PUT", "/item/7", 405, {"Allow": "GET, HEAD, POST"}),
    ("HEAD", "/item/7", 200, {}),
    ("OPTIONS", "/any", 200, {}),
    ("DELETE", "/robots.txt", 404, {}),                # the root view leaves it to the rest
    ("GET", "/only", 405, {"Allow": "POST"}),
    ("GET", "/static/upload", 404, {}),                # under its name a static view answers all that no page takes
    ("POST", "/static/upload", 200, {}),
])  # fmt: skip
def test_what_no_page_takes_is_the_static_views_and_then_an_error(registry, method, path, status, headers):
    registry.add_view(says("about"), "about", request_method=["GET", "PUT"])
    registry.add_view(says("any"), "any")
    registry.add_route("item", "/item/{id}", view=says("item"), request_method=["GET", "POST"])
    registry.add_route("only", "/only", view=says(""), request_method="POST")
    registry.add_route("upload", "/static/upload", view=says(""), request_method="POST")
    response = ask(registry, path, method)
    assert response.status_int == status
    assert {name: response.headers.get(name) for name in headers} == headers
    if method == "HEAD":
        assert response.body == b""


def test_a_fallback_gets_what_nobody_takes_but_no_wrong_method(registry):
    registry.add_view(says("about"), "about", request_method="GET")
    fallback = Response(text="fallback")
    assert told(ask(registry, "/nowhere", fallback=fallback)) == (200, "fallback")
    assert told(ask(registry, "/%ff", fallback=fallback)) == (200, "fallback")
    assert ask(registry, "/about", "POST", fallback=fallback).status_int == 405
    assert told(ask(registry, "/robots.txt", fallback=fallback)) == (200, "robots")


def test_an_application_may_be_the_fallback_of_another(registry):
    inner = AssetRegistry()
    inner.add_view(says("inner"), "inner", request_method="GET")
    registry.add_view(says("outer"), "outer", request_method="GET")
    assert told(ask(registry, "/inner", fallback=inner.make_app())) == (200, "inner")
    assert ask(registry, "/inner", "POST", fallback=inner.make_app()).status_int == 405
    assert ask(registry, "/x", "POST", fallback=inner.make_app()).status_int == 404


def test_the_request_knows_what_answers_it(registry):
    requests = []

    def view(context, request):
        requests.append((context, request))
        return ""

    registry.add_route("files", "/files/{kind}/*subpath", view=view)
    registry.add_view(view, "named")
    ask(registry, "/files/a/b/c%20d")
    ask(registry, "/named")
    (context, request), (_, named) = requests
    assert isinstance(request, PageRequest)
    assert isinstance(request, Request)
    assert request.registry is registry
    assert (context is request.context, context.route_name) == (True, "files")
    assert request.matched_route.name == "files"
    assert request.matchdict == {"kind": "a", "subpath": ("b", "c d")}
    assert request.subpath == ("b", "c d")
    assert (named.matchdict, named.matched_route, named.subpath) == ({}, None, ())


def test_urls_are_those_of_the_mount_point(registry):
    registry.add_route("item", "/item/{id}")

    def view(request):
        return " ".join([
            request.route_url("item", id="a b"),
            request.route_path("item", "x/y", id=7, _query={"q": "1"}, _anchor="top"),
            request.static_path(registry.css), request.static_url(registry.css),
        ])  # fmt: skip

    registry.add_view(view, "v")
    response = ask(registry, "/v", SCRIPT_NAME="/under", HTTP_HOST="example.org")
    assert response.text.split() == [
        "http://example.org/under/item/a%20b", "/under/item/7/x%2Fy?q=1#top",
        "/under/static/app.css", "http://example.org/under/static/app.css",
    ]  # fmt: skip


URLS = [
    (("item",), {"id": 7}, "https://app.example/base/item/7"),
    (("item",), {"id": 7, "_scheme": "http"}, "http://app.example/base/item/7"),
    (("item",), {"id": 7, "_host": "h:81"}, "https://h:81/base/item/7"),
    (("item",), {"id": 7, "_port": 8443}, "https://app.example:8443/base/item/7"),
    (("item",), {"id": 7, "_app_url": "https://cdn/x"}, "https://cdn/x/item/7"),
    (("item", None, "a", "\xe9"), {"id": 7}, "https://app.example/base/item/7/a/%C3%A9"),
    (("home",), {"_query": [("a", "1"), ("b", "x y")]}, "https://app.example/base/?a=1&b=x+y"),
    (("home", None, "a"), {}, "https://app.example/base/a"),
]


@pytest.mark.parametrize("arguments, values, url", URLS)
def test_urls_without_a_request_are_those_of_the_setting(arguments, values, url):
    registry = AssetRegistry(settings={"application_url": "https://app.example/base"})
    registry.add_route("item", "/item/{id}")
    registry.add_route("home", "/")
    assert registry.route_url(*arguments, **values) == url
    if not {"_scheme", "_host", "_port", "_app_url"} & values.keys():
        assert registry.route_path(*arguments, **values) == url.removeprefix("https://app.example")


def test_the_urls_are_those_of_pyramid():
    testing = pytest.importorskip("pyramid.testing")
    registry = AssetRegistry()
    environ = Request.blank("/x", base_url="http://example.org:8080/under").environ
    with testing.testConfig(request=testing.DummyRequest(environ=environ)) as config:
        from pyramid.request import Request as PyramidRequest

        pyramid_request = PyramidRequest(environ)
        pyramid_request.registry = config.registry
        request = PageRequest(environ)
        request.registry = request._routes = registry
        for name, pattern in (("a", "/a/{x}"), ("b", "/b/*rest"), ("c", "c/{x:\\d+}.{y}")):
            config.add_route(name, pattern)
            registry.add_route(name, pattern)
        for arguments, values in (
            (("a",), {"x": "caf\xe9 /?"}), (("a", "e", "f/g"), {"x": 1, "_query": {"a": ["1", "2"]}}),
            (("b",), {"rest": ("x", "y z")}), (("b",), {"rest": "x/y", "_anchor": "a b"}),
            (("c",), {"x": 7, "y": "html", "_scheme": "https"}), (("c",), {"x": 7, "y": "html", "_host": "other"}),
            (("a",), {"x": "1", "_port": "81"}), (("a",), {"x": "1", "_app_url": "https://cdn/y"}),
        ):  # fmt: skip
            assert request.route_url(*arguments, **values) == pyramid_request.route_url(*arguments, **values)
            if "_app_url" not in values:
                assert request.route_path(*arguments, **values) == pyramid_request.route_path(*arguments, **values)


@pytest.mark.parametrize("name, values, message", [
    ("itme", {}, "there is no route 'itme'; did you mean 'item'?"),
    ("item", {"idd": 1}, "route 'item': its pattern '/item/{id}' needs a value for 'id'; did you mean 'idd'?"),
])  # fmt: skip
def test_a_url_that_cannot_be_made_says_why(registry, name, values, message):
    registry.add_route("item", "/item/{id}")
    with pytest.raises(NotRouted) as caught:
        registry.route_path(name, **values)
    assert str(caught.value) == message
    assert isinstance(caught.value, KeyError)  # Pyramid's


def test_an_http_exception_is_the_answer_whether_returned_or_raised(registry):
    def raised(request):
        raise HTTPFound(location="/elsewhere")

    registry.add_view(raised, "raised")
    registry.add_view(lambda request: HTTPNotFound(), "returned")
    response = ask(registry, "/raised")
    assert (response.status_int, response.headers["Location"]) == (302, "http://localhost/elsewhere")
    assert ask(registry, "/returned").status_int == 404


def test_any_other_exception_is_the_servers(registry):
    def view(request):
        raise ZeroDivisionError

    registry.add_view(view, "x")
    with pytest.raises(ZeroDivisionError):
        ask(registry, "/x")


def test_an_answer_that_is_none_names_the_view_and_its_place(registry):
    registry.add_view(lambda request: None, "x")
    with pytest.raises(TypeError, match=r"view 'x', declared at .*test_application.py:\d+: .* returned None; a webob"):
        ask(registry, "/x")


def test_a_static_view_below_a_route_is_served_by_subpath(registry):
    view = StaticView("assetzcml:", use_subpath=True)
    registry.add_route("docs", "/docs/*subpath", view=view)
    response = ask(registry, "/docs/py.typed")
    assert (response.status_int, "ETag" in response.headers) == (200, True)
    assert ask(registry, "/docs/missing").status_int == 404


class Policy:
    def __init__(self, decide):
        self.asked = []
        self.decide = decide

    def permits(self, request, context, permission):
        self.asked.append((request.registry, context.name, permission))
        return self.decide()


def fail(error):
    raise error


@pytest.mark.parametrize("decide, status", [
    (lambda: True, 200),
    (lambda: 1, 200),
    (lambda: False, 403),
    (lambda: None, 403),
    (lambda: fail(ZeroDivisionError()), 403),           # a policy that fails has not permitted
    (lambda: fail(HTTPFound(location="/login")), 302),  # but it may send to a log-in
])  # fmt: skip
def test_a_permission_is_asked_of_the_policy_before_the_view_is_called(registry, decide, status):
    called = []
    policy = Policy(decide)
    registry.add_permission_policy(policy)
    registry.add_view(lambda request: called.append(request) or "", "secret", permission="read")
    registry.add_view(says(""), "open")
    assert ask(registry, "/open").status_int == 200
    assert policy.asked == []
    assert ask(registry, "/secret").status_int == status
    assert policy.asked == [(registry, "secret", "read")]
    assert len(called) == (status == 200)


@pytest.mark.parametrize("frozen", [False, True], ids=["sources", "frozen"])
@pytest.mark.parametrize("buster", [TreeCacheBuster, DigestCacheBuster])
def test_a_version_leads_nobody_round_a_page(registry, tmp_path, buster, frozen):
    (tmp_path / "static" / "b.css").write_bytes(b"b {}")
    registry.add_cache_buster(str(tmp_path / "static"), buster())
    theirs, ours = registry.static_path(registry.css), registry.static_path(str(tmp_path / "static" / "b.css"))
    if frozen:
        freeze(registry, tmp_path / "frozen")
        registry = AssetRegistry(settings={"frozen": tmp_path / "frozen"})
    registry.add_route("price", "/static/app.css")
    registry.add_view(says("a page"), route_name="price")
    assert told(ask(registry, "/static/app.css")) == (200, "a page")
    made_up = [theirs, "/static/~000000000000/app.css", "/static/app-000000000000.css"]
    assert [ask(registry, path).status_int for path in made_up] == [404] * 3
    assert ask(registry, theirs).headers["Cache-Control"] == "no-store"
    assert told(ask(registry, ours)) == (200, "b {}")


def test_without_a_policy_nobody_has_a_permission(registry):
    from assetzcml.interfaces import IPermissionPolicy

    registry.add_permission_policy(Policy(lambda: True))
    registry.add_view(says(""), "secret", permission="read")
    registry.unregisterUtility(provided=IPermissionPolicy)
    assert ask(registry, "/secret").status_int == 403


def test_what_is_declared_later_holds_from_the_next_request_on(registry):
    app = registry.make_app()
    assert Request.blank("/new").get_response(app).status_int == 404
    registry.add_view(says("new"), "new")
    assert Request.blank("/new").get_response(app).text == "new"


def test_a_request_keeps_the_routes_it_was_matched_against(registry):
    registry.add_route("item", "/item/{id}")

    def view(request):
        before = request.route_path("item", id=1)
        registry.add_route("item", "/moved/{id}")
        return f"{before} {request.route_path('item', id=1)}"

    registry.add_view(view, "v")
    assert ask(registry, "/v").text == "/item/1 /item/1"
    assert registry.route_path("item", id=1) == "/moved/1"


def test_requests_see_all_of_a_change_or_nothing(registry):
    """Two records of one declaration: never a route without its view, never the old view with the new pattern."""
    app = registry.make_app()
    registry.add_route("r", "/a", view=says("/a"))
    stop, wrong = threading.Event(), []

    def read():
        while not stop.is_set():
            for path in ("/a", "/b"):
                response = Request.blank(path).get_response(app)
                if response.status_int == 200 and response.text != path:
                    wrong.append((path, response.text))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(60):
            registry.add_route("r", "/b", view=says("/b"))
            registry.add_route("r", "/a", view=says("/a"))
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []


def test_exceptions_of_webob_are_what_is_caught():
    assert issubclass(HTTPForbidden, HTTPException)
