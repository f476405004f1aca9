"""A Starlette application with our static views among its routes."""

import asyncio
import contextlib
import os
import threading

import pytest

pytest.importorskip("starlette")
try:
    from starlette.testclient import TestClient
except Exception as error:  # what it needs, and how it says so, depends on its version
    pytest.skip(str(error), allow_module_level=True)

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, NoMatchFound, Route

from assetzcml import AssetRegistry, DigestCacheBuster, TreeCacheBuster
from assetzcml.integrations.starlette import Assets, template_context
from serving.clients import asgi_messages, scope
from starlette_app import create_app


@pytest.mark.parametrize("zcml, logo", [("configure.zcml", "plain"), ("theme.zcml", "green")])
def test_the_example_shows_the_logo_of_the_zcml_it_is_given(zcml, logo):
    client = TestClient(create_app(f"starlette_app:{zcml}"))
    page = client.get("/").text
    style, picture = (page.split(mark)[1].split('"')[0] for mark in ('href="', 'src="'))
    assert f"<title>{logo}</title>" in client.get(picture).text
    assert client.get(picture).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert style.startswith("http://testserver/static/~")
    assert client.get(style).headers["Content-Type"] == "text/css; charset=utf-8"
    assert client.get("/static/none.css").status_code == 404
    assert client.get("/none").text == "Not Found"  # Starlette's


@pytest.fixture
def registry(package):
    registry = AssetRegistry()
    registry.name = package({"static/app.css": "a{}", "cdn/c.css": "c{}", "root/robots.txt": "robots"})
    registry.add_static_view("s", f"{registry.name}:static")
    registry.add_static_view("https://cdn.example.com", f"{registry.name}:cdn")
    return registry


async def urls(request):
    return PlainTextResponse(f"{request.url_for('static', path='/app.css')} {request.url_for('cdn', path='c.css')}")


def routes(registry):
    return [
        Assets(registry, f"{registry.name}:static"),
        Assets(registry, f"{registry.name}:cdn", name="cdn"),
        Route("/urls", urls),
    ]


@pytest.mark.parametrize("root_path", ["", "/in"])
def test_url_for_is_the_url_of_the_asset(registry, root_path):
    client = TestClient(Starlette(routes=routes(registry)), root_path=root_path)
    ours, outside = client.get(f"{root_path}/urls").text.split()
    assert (ours, outside) == (f"http://testserver{root_path}/s/app.css", "https://cdn.example.com/c.css")
    assert client.get(ours).text == "a{}"


def test_url_for_of_a_protocol_relative_name_has_the_scheme_of_the_request(registry):
    registry.add_static_view("//cdn.example.org", f"{registry.name}:cdn")
    assert TestClient(Starlette(routes=routes(registry))).get("/urls").text.endswith(" http://cdn.example.org/c.css")


def test_below_a_mount_urls_and_answers_have_its_prefix(registry):
    app = Starlette(routes=[Mount("/shop", name="shop", routes=routes(registry))])
    assert app.url_path_for("shop:static", path="app.css") == "/shop/s/app.css"
    assert TestClient(app).get("/shop/s/app.css").text == "a{}"


@pytest.mark.parametrize("name, parameters", [
    ("other", {"path": "x"}),
    ("static", {}),
    ("static", {"path": "x", "more": "y"}),
])  # fmt: skip
def test_other_names_are_those_of_other_routes(registry, name, parameters):
    with pytest.raises(NoMatchFound):
        Starlette(routes=routes(registry)).url_path_for(name, **parameters)


def test_without_a_root_a_route_serves_and_names_nothing(registry):
    app = Starlette(routes=[Assets(registry)])
    assert TestClient(app).get("/s/app.css").text == "a{}"
    with pytest.raises(NoMatchFound):
        app.url_path_for("static", path="app.css")


@pytest.mark.parametrize("method, path, body", [
    ("GET", "/robots.txt", "robots"),
    ("GET", "/page", "page"),
    ("POST", "/robots.txt", "Not Found"),
    ("GET", "/none", "Not Found"),
])  # fmt: skip
def test_the_view_of_the_root_leaves_to_later_routes_what_is_no_asset(registry, method, path, body):
    registry.add_static_view("", f"{registry.name}:root")

    async def page(request):
        return PlainTextResponse("page")

    client = TestClient(Starlette(routes=[Assets(registry), Route("/page", page)]))
    assert client.request(method, path).text == body


def test_templates_have_static_url(registry):
    async def both(request):
        context = template_context(registry)(request)
        spec = f"{registry.name}:static/app.css"
        return PlainTextResponse(f"{context['static_url'](spec, _scheme='https')} {context['static_path'](spec)}")

    inner = Starlette(routes=[Mount("/deep", routes=[Route("/both", both)])])
    client = TestClient(inner, base_url="http://example.org", root_path="/in")
    assert client.get("/in/deep/both").text == "https://example.org/in/s/app.css /in/s/app.css"


def test_fastapi_takes_the_route_as_it_is(registry):
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()

    @app.get("/items")
    def items(request: fastapi.Request):
        return str(request.url_for("static", path="app.css"))

    app.router.routes.append(Assets(registry, f"{registry.name}:static"))
    client = TestClient(app)
    assert client.get(client.get("/items").json()).text == "a{}"


@pytest.fixture
def looks(monkeypatch):
    """The places below a directory of assets that are looked at in the thread of the event loop."""
    found = []

    def watched(real):
        def look(path, *arguments, **options):
            if threading.current_thread() is threading.main_thread() and running_loop() and not isinstance(path, int):
                found.append(os.fspath(path))
            return real(path, *arguments, **options)

        return look

    for name in ("open", "stat", "lstat", "scandir", "listdir"):
        monkeypatch.setattr(f"os.{name}", watched(getattr(os, name)))
    return found


def running_loop():
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop()


def at_the_top(routes):
    return "", Starlette(routes=routes)


def mounted(routes):
    return "/in", Starlette(routes=[Mount("/in", routes=routes)])


def mounted_behind_middleware(routes):
    compressing = [Middleware(GZipMiddleware), Middleware(TrustedHostMiddleware)]
    return "/in", Starlette(routes=[Mount("/in", routes=routes, middleware=compressing)])


def mounted_application(routes):
    inner = Starlette(routes=routes, middleware=[Middleware(GZipMiddleware)])
    return "/in/here", Starlette(routes=[Mount("/in", routes=[Mount("/here", app=inner)])])


def application_behind_a_function(routes):
    inner = Starlette(routes=routes)

    async def theirs(scope, receive, send):
        await inner(scope, receive, send)

    return "/in", Starlette(routes=[Mount("/in", app=theirs)])


def of_a_host(routes):
    return "", Starlette(routes=[Host("localhost", app=Starlette(routes=routes))])


def of_fastapi(routes):
    fastapi = pytest.importorskip("fastapi")
    outer, inner = fastapi.FastAPI(), fastapi.FastAPI()
    inner.router.routes[:] = routes
    outer.mount("/in", inner)
    return "/in", outer


PLACES = [mounted, mounted_behind_middleware, mounted_application, application_behind_a_function, of_a_host, of_fastapi]
EVERY_KIND = [
    ("/docs/none", b"Not Found"),
    ("/docs/", b"docs"),
    ("/docs", b""),
    ("/s/app.css", b"a{}"),
    ("/s/app-000000000000.css", b"a{}"),
    ("/s/~000000000000/app.css", b"a{}"),
    ("/~000000000000/robots.txt", b"robots"),
]
FOUND_PASSED_ON_AND_MISSING = [("/robots.txt", b"robots"), ("/page", b"page"), ("/none", b"Not Found")]


@pytest.mark.parametrize(
    "place, path, body",
    [
        *((at_the_top, *case) for case in EVERY_KIND),
        *((place, *case) for place in [at_the_top, *PLACES] for case in FOUND_PASSED_ON_AND_MISSING),
    ],
)
def test_no_look_at_a_disk_is_taken_in_the_event_loop(registry, place, path, body, looks):
    registry.add_static_view("", f"{registry.name}:root")
    registry.add_cache_buster(f"{registry.name}:static", DigestCacheBuster())
    registry.add_cache_buster(f"{registry.name}:root", TreeCacheBuster())
    os.mkdir(registry.resolve(f"{registry.name}:root").abspath() + "/docs")
    with open(registry.resolve(f"{registry.name}:root").abspath() + "/docs/index.html", "w") as file:
        file.write("docs")

    async def page(request):
        return PlainTextResponse("page")

    prefix, app = place([Assets(registry), Route("/page", page)])

    async def ask():
        for _ in range(2):
            sent = await asgi_messages(app, scope(prefix + path))
            assert body in sent[1]["body"]
            assert body or sent[0]["status"] == 301

    asyncio.run(ask())
    assert looks == []


def test_what_the_root_view_has_not_goes_to_the_routes_before_and_behind_it_once(registry):
    registry.add_static_view("", f"{registry.name}:root")
    asked = []

    async def page(request):
        asked.append(request.url.path)
        return PlainTextResponse("page")

    app = Starlette(routes=[Route("/post", page, methods=["POST"]), Assets(registry), Route("/page/{name}", page)])
    client = TestClient(app)
    assert client.get("/page/a").text == "page"
    assert client.get("/post").status_code == 405
    assert client.get("/page/a/", follow_redirects=False).headers["Location"].endswith("/page/a")
    assert asked == ["/page/a"]


def test_two_routes_of_ours_leave_to_each_other_what_they_have_not(registry, package):
    other = AssetRegistry()
    other.add_static_view("", f"{registry.name}:cdn")
    registry.add_static_view("", f"{registry.name}:root")
    client = TestClient(Starlette(routes=[Assets(registry), Assets(other)]))
    assert client.get("/robots.txt").text == "robots"
    assert client.get("/c.css").text == "c{}"
    assert client.get("/none").text == "Not Found"
