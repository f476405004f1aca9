"""The page that says why there is nothing: while reload is on, to this machine, and to nobody else."""

import pytest

from assetzcml import StaticApp
from assetzcml.asgi import StaticApp as ASGIApp
from serving import clients
from serving.conftest import write

HERE = {"Host": "localhost:8080"}


def by_wsgi(registry, path, address, headers, method):
    asked = clients.environ(path, method, {}, REMOTE_ADDR=address)
    del asked["HTTP_HOST"]
    asked |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
    return clients.wsgi_answer(StaticApp(registry), asked)


def by_asgi(registry, path, address, headers, method):
    asked = clients.scope(path, method, headers, client=(address, 1))
    asked["headers"].remove((b"host", b"localhost"))
    return clients.asgi_answer(ASGIApp(registry), asked)


@pytest.fixture(params=[by_wsgi, by_asgi])
def browse(request):
    """A function (registry, path, address, headers, method) that asks as a browser at an address does."""

    def browse(registry, path, address="127.0.0.1", headers=HERE, method="GET"):
        return request.param(registry, path, address, headers, method)

    return browse


@pytest.fixture
def site(root):
    return clients.registry(("static", root), reload=True)


def test_a_404_below_a_static_view_says_why(site, browse, root):
    answer = browse(site, "/static/ap.css")
    assert answer.status == 404
    assert answer.first("Content-Type") == "text/html; charset=utf-8"
    assert answer.first("Cache-Control") == "no-store"
    assert int(answer.first("Content-Length")) == len(answer.body)
    page = answer.body.decode()
    assert f"did you mean &#x27;{root}/app.css&#x27;?" in page
    assert "1. " in page


def test_head_says_the_same_without_it(site, browse):
    got, head = (browse(site, "/static/none", method=method) for method in ("GET", "HEAD"))
    assert (head.status, head.headers, head.body) == (404, got.headers, b"")


@pytest.mark.parametrize(
    "path", ["/static/%3Cscript%3Ealert(1)%3C/script%3E", "/static/a%22%26%27", "/static/%E4%BD%A0"]
)
def test_what_the_client_sends_is_escaped(site, browse, path):
    page = browse(site, path).body.decode()
    assert "<script>" not in page
    assert "404 Not Found" in page


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.1", HERE),
        ("", HERE),
        ("localhost", HERE),
        ("127.0.0.1", {"Host": "example.com"}),
        ("127.0.0.1", {"Host": "localhost.example.com"}),
        ("127.0.0.1", {"Host": "[::1].example.com"}),
        ("127.0.0.1", {"Host": ""}),
        ("127.0.0.1", {}),
        ("127.0.0.1", {**HERE, "X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {**HERE, "X-Forwarded-Host": "localhost"}),
        ("127.0.0.1", {**HERE, "Forwarded": "for=192.0.2.1"}),
        ("127.0.0.1", {**HERE, "X-Real-IP": "192.0.2.1"}),
        ("127.0.0.1", {**HERE, "Via": "1.1 proxy"}),
    ],
)
def test_nobody_else_sees_it(site, browse, address, headers):
    answer = browse(site, "/static/none", address, headers)
    assert (answer.status, answer.body) == (404, b"404 Not Found\n")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.8.0.1", "shop.localhost:80"),
        ("::1", "[::1]:8080"),
        ("::ffff:127.0.0.1", "localhost."),
    ],
)
def test_this_machine_has_several_names(site, browse, address, host):
    assert b"<h1>404" in browse(site, "/static/none", address, {"Host": host}).body


def test_without_reload_nobody_sees_it(root, browse):
    assert browse(clients.registry(("static", root)), "/static/none").body == b"404 Not Found\n"


def test_a_view_with_reload_of_its_own_is_no_sign_of_development(root, browse):
    assert browse(clients.registry(("static", root, {"reload": True})), "/static/none").body == b"404 Not Found\n"


def test_what_is_under_no_view_is_not_explained(site, browse):
    assert browse(site, "/page").body == b"404 Not Found\n"


def test_the_page_that_a_view_has_for_it_stays(root, browse):
    write(root / "404.html", b"gone")
    made = clients.registry(("static", root, {"not_found": "404.html"}), reload=True)
    assert browse(made, "/static/none").body == b"gone"


def test_who_is_not_permitted_learns_nothing(root, browse):
    made = clients.registry(("static", root, {"permission": "view"}), policy=clients.Policy(False), reload=True)
    for path in ("/static/none", "/static/app.css"):
        answer = browse(made, path)
        assert (answer.status, answer.body) == (403, b"403 Forbidden\n")
