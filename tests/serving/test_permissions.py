"""The one place where a policy is asked, through everything that asks there: WSGI, ASGI, pages and Pyramid."""

import asyncio
import gc
import warnings
from pathlib import Path

import pytest
from webob import Request
from webob.exc import HTTPFound, HTTPUnauthorized

import assetzcml
from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp
from assetzcml.asgi import StaticApp as ASGIApp
from serving import clients


class LogIn:
    """Sends everybody to a log-in, by an answer that any cache might keep."""

    def permits(self, request, context, permission):
        raise HTTPFound(
            location="/login",
            headers=[("Cache-Control", "public, max-age=60"), ("Expires", "Fri, 01 Jan 2100 00:00:00 GMT")],
        )


class Basic:
    def permits(self, request, context, permission):
        raise HTTPUnauthorized(headers=[("WWW-Authenticate", "Basic"), ("Cache-Control", "private, max-age=5")])


def protected(root, policy):
    registry = AssetRegistry()
    registry.add_permission_policy(policy)
    registry.add_static_view("static", str(root), permission="view")
    registry.add_view(lambda request: "page", "page", permission="view")
    return registry


def by_wsgi(registry, path, method="GET"):
    return clients.wsgi(StaticApp(registry), path, method)


def by_asgi(registry, path, method="GET"):
    return clients.asgi(ASGIApp(registry), path, method)


def by_pages(registry, path, method="GET"):
    return clients.wsgi(registry.make_app(), path, method)


SERVERS = [by_wsgi, by_asgi, by_pages]


@pytest.mark.parametrize("ask", SERVERS)
@pytest.mark.parametrize("path", ["/static/app.css", "/static/nothing", "/static/docs", "/static/.env"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_http_exception_of_a_policy_is_the_answer_whatever_exists(ask, untouched, path, method):
    answer = ask(protected(untouched, LogIn()), path, method)
    assert (answer.status, answer.first("Location")) == (302, "http://localhost/login")
    assert (answer.all("Cache-Control"), answer.all("Expires")) == (["no-store"], [])
    assert (answer.body == b"") == (method == "HEAD")


def test_a_page_is_answered_like_an_asset(untouched):
    made = protected(untouched, LogIn())
    page, asset = by_pages(made, "/page"), by_pages(made, "/static/app.css")
    assert (page.status, sorted(page.headers), page.body) == (asset.status, sorted(asset.headers), asset.body)


@pytest.mark.parametrize("ask", SERVERS)
def test_what_only_one_client_may_keep_stays_so(ask, untouched):
    answer = ask(protected(untouched, Basic()), "/static/app.css")
    assert (answer.status, answer.first("WWW-Authenticate")) == (401, "Basic")
    assert answer.all("Cache-Control") == ["private, max-age=5"]


@pytest.mark.parametrize("ask", SERVERS)
def test_an_exception_that_is_no_answer_is_403_and_one_error(ask, untouched, caplog):
    class Broken:
        def permits(self, request, context, permission):
            raise RuntimeError("the database is gone")

    answer = ask(protected(untouched, Broken()), "/static/app.css")
    assert (answer.status, answer.body, answer.first("Cache-Control")) == (403, b"403 Forbidden\n", "no-store")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the database is gone" in caplog.text


class Asynchronous:
    """What an author of ASGI applications writes."""

    def __init__(self, answer):
        self.answer = answer
        self.begun = 0

    async def permits(self, request, context, permission):
        self.begun += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "ask, path", [(by_wsgi, "/static/app.css"), (by_pages, "/static/app.css"), (by_pages, "/page")]
)
@pytest.mark.parametrize("said", [True, False])
def test_where_nothing_can_wait_an_asynchronous_policy_is_a_no_and_told_once(ask, path, said, untouched, caplog):
    policy = Asynchronous(said)
    made = protected(untouched, policy)
    assert [ask(made, path).status for _ in range(3)] == [403, 403, 403]
    gc.collect()  # a coroutine that nobody closed would warn now
    assert policy.begun == 0
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "Asynchronous" in caplog.text
    assert "without async" in caplog.text


def test_a_promise_of_a_plain_function_is_a_no_as_well(untouched):
    class Promising:
        def permits(self, request, context, permission):
            return Asynchronous(True).permits(request, context, permission)

    assert by_wsgi(protected(untouched, Promising()), "/static/app.css").status == 403


@pytest.mark.parametrize(
    "said, status", [(True, 200), (1, 200), (False, 403), (None, 403), (HTTPFound(location="/login"), 302)]
)
def test_under_asgi_an_asynchronous_policy_is_waited_for(said, status, untouched):
    policy = Asynchronous(said)
    assert by_asgi(protected(untouched, policy), "/static/app.css").status == status
    assert policy.begun == 1


@pytest.fixture
def pyramid(untouched, tmp_path):
    """A function: the answer of a Pyramid application whose protected assets come from ZCML."""
    configurator = pytest.importorskip("pyramid.config").Configurator
    integration = pytest.importorskip("assetzcml.integrations.pyramid")
    (tmp_path / "site.zcml").write_text(
        '<configure xmlns="http://namespaces.assetzcml.org/assets">'
        f'<staticView name="assets" path="{untouched}" permission="view"/></configure>'
    )

    def ask(declared=None, **options):
        with configurator(**options) as config:
            config.include("assetzcml")
            config.load_zcml(str(tmp_path / "site.zcml"))
            if declared is not None:
                integration.asset_registry(config).add_permission_policy(declared)
        return Request.blank("/assets/app.css").get_response(config.make_wsgi_app())

    return ask


def test_in_pyramid_an_asynchronous_policy_gives_nothing_away(pyramid, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pyramid has asked first, and waits for nothing
        answer = pyramid(security_policy=Asynchronous(True))
        gc.collect()
    assert (answer.status_int, answer.headers["Cache-Control"]) == (403, "no-store")
    assert "without async" in caplog.text


def test_in_pyramid_a_policy_that_is_declared_answers_as_elsewhere(pyramid):
    answer = pyramid(declared=LogIn())
    assert (answer.status_int, answer.headers["Location"]) == (302, "http://localhost/login")
    assert answer.headers["Cache-Control"] == "no-store"
    assert pyramid(declared=Asynchronous(True)).status_int == 403


def test_nothing_but_the_door_asks_a_policy():
    """A copy of the question would be a second rule: `permits(` is called in one module."""
    package = Path(assetzcml.__file__).parent
    asking = {path.name for path in package.rglob("*.py") if ".permits(" in path.read_text(encoding="utf-8")}
    assert asking == {"permissions.py", "site.py", "pyramid_serving.py"}  # the last two pass the question on


@pytest.mark.parametrize("digest", ["current", "0" * 12])
@pytest.mark.parametrize("allowed, status", [(False, 403), (True, 404)])
def test_a_digest_leads_nobody_round_the_permission_of_a_static_file(tmp_path, digest, allowed, status):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "price.txt").write_text("secret")
    (tmp_path / "static" / "open.txt").write_text("open")
    made = AssetRegistry()
    made.add_permission_policy(clients.Policy(allowed))
    made.add_static_view("static", tmp_path / "static")
    made.add_cache_buster(tmp_path / "static", DigestCacheBuster())
    if digest == "current":
        digest = made.static_path(f"{tmp_path}/static/price.txt")[-16:-4]
    made.add_static_file("static/price.txt", tmp_path / "static" / "price.txt", permission="see")
    application = StaticApp(made)
    assert Request.blank(f"/static/price-{digest}.txt").get_response(application).status_int == status
    assert Request.blank("/static/price.txt").get_response(application).status_int == (200 if allowed else 403)
    assert Request.blank(made.static_path(f"{tmp_path}/static/open.txt")).get_response(application).text == "open"
    assert by_asgi(made, f"/static/price-{digest}.txt").status == status
