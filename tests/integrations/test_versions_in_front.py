"""
A version in front of the path of a view that asks for a permission: nobody is let round it, whatever serves.

The segment is taken off, what is left is routed anew, as text; the same paths are asked of every server interface and framework.
"""

import asyncio

import pytest
from webob import Request

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp, TreeCacheBuster
from assetzcml.asgi import StaticApp as ASGIStaticApp
from serving.clients import asgi_messages, scope

SECRET = "only for some"
MADE_UP = "000000000000"


class Nobody:
    def permits(self, request, context, permission):
        return False


@pytest.fixture(params=[TreeCacheBuster, DigestCacheBuster])
def registry(request, package):
    shop = package({"static/app.css": "a{}", "static/private/x.css": "of all", "secret/x.css": SECRET})
    made = AssetRegistry()
    made.add_permission_policy(Nobody())
    made.add_static_view("assets", f"{shop}:static")
    made.add_static_view("assets/private", f"{shop}:secret", permission="view")
    made.add_cache_buster(f"{shop}:static", request.param())
    made.add_cache_buster(f"{shop}:secret", TreeCacheBuster(former="missing"))
    made.shop = shop
    return made


def paths(registry):
    """The path of the protected asset, with versions before it, spelled in every way that somebody thought of."""
    urls = [registry.static_path(f"{registry.shop}:{name}") for name in ("secret/x.css", "static/app.css")]
    own, other = (next((part for part in url.split("/") if part[:1] == "~"), f"~{MADE_UP}") for url in urls)
    for version in (own, other, f"~{MADE_UP}"):
        bare = version.removeprefix("~")
        for segment in (
            version,
            f"%7E{bare}",
            f"%7e{bare}",
            version.upper(),
            f"~{bare}0",
            version[:-1],
            "~",
            f"~{bare}%20",
        ):
            for rest in (
                "private/x.css", "%70rivate/x.css", "private%2Fx.css", "private//x.css", "./private/x.css",
                "private/../private/x.css", "private/./x.css", "private/x.css/", "PRIVATE/x.css", "private%5Cx.css",
                f"private/{own}/x.css", f"private/~{MADE_UP}/x.css", f"{own}/private/x.css", f"{segment}/private/x.css",
                f"private/x-{MADE_UP}.css", "app.css/../private/x.css", "private/x.css%00", "private/x.css?a=~",
            ):  # fmt: skip
                yield f"/assets/{segment}/{rest}"


def refused(registry, ask):
    """Every path is refused, none with an error of ours, and the plain and the real names are answered as they are."""
    assert ask("/assets/app.css")[0] == 200
    assert ask("/assets/private/x.css")[0] == 403
    assert ask(registry.static_path(f"{registry.shop}:secret/x.css"))[0] == 403
    found = {path: ask(path) for path in paths(registry)}
    wrong = {
        path: answer for path, answer in found.items() if answer[0] not in (301, 400, 403, 404) or SECRET in answer[1]
    }
    assert wrong == {}
    return {status for status, _ in found.values()}


def of_wsgi(application):
    def ask(path):
        answer = Request.blank(path).send(application)
        return answer.status_int, answer.body.decode("latin-1")

    return ask


@pytest.fixture
def loop():
    """One event loop for all paths: beginning one costs more than an answer."""
    made = asyncio.new_event_loop()
    yield made
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


def of_asgi(application, loop):
    def ask(path):
        messages = loop.run_until_complete(asgi_messages(application, scope(path)))
        return messages[0]["status"], b"".join(each.get("body", b"") for each in messages[1:]).decode("latin-1")

    return ask


def test_wsgi(registry):
    assert 403 in refused(registry, of_wsgi(StaticApp(registry)))


def test_asgi(registry, loop):
    assert 403 in refused(registry, of_asgi(ASGIStaticApp(registry), loop))


def test_the_root_view(registry):
    registry.add_static_view("", f"{registry.shop}:static")
    ask = of_wsgi(StaticApp(registry))
    for path in paths(registry):
        assert SECRET not in ask(path)[1]
        assert SECRET not in ask(path.replace("/assets/", "/", 1).replace("private", "assets/private", 1))[1]


def test_flask(registry):
    flask = pytest.importorskip("flask")
    from assetzcml.integrations.flask import Assets

    application = flask.Flask(registry.shop)
    Assets(registry).init_app(application)
    refused(registry, of_wsgi(application))


def test_starlette(registry, loop):
    applications = pytest.importorskip("starlette.applications")
    from assetzcml.integrations.starlette import Assets

    refused(registry, of_asgi(applications.Starlette(routes=[Assets(registry)]), loop))


def test_django(registry):
    pytest.importorskip("django")
    from django.test import Client, override_settings

    import integrations.test_django  # noqa: F401 (the example's settings)

    def ask(path):
        response = Client().get(path)
        return response.status_code, response.getvalue().decode("latin-1")

    with override_settings(ASSETZCML=registry):
        refused(registry, ask)


def test_pyramid(registry):
    config = pytest.importorskip("pyramid.config").Configurator()

    class Policy:
        def permits(self, request, context, permission):
            return False

        def identity(self, request):
            return None

        authenticated_userid = identity

    config.set_security_policy(Policy())
    config.include("assetzcml")
    config.commit()
    from pyramid.scripting import prepare

    own = prepare(registry=config.registry)["request"].asset_registry
    for view in registry.snapshot.views:
        own.add_static_view(view.name, str(view.root), permission=view.permission)
    for busting in registry.snapshot.bustings:
        own.add_cache_buster(str(busting.path), busting.buster)
    own.shop = registry.shop
    assert refused(own, of_wsgi(config.make_wsgi_app())) == {404}  # routes are Pyramid's; a version leads round none
