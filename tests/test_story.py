"""The story of the README: a shop, a theme that changes it without touching it, and what a browser gets."""

import json
import re

import pytest
from webtest import TestApp

from assetzcml import load_zcml

IMMUTABLE = "public, max-age=31536000, immutable"


def browser(zcml):
    """A registry and a browser for the application that *zcml* declares."""
    registry = load_zcml(zcml)
    return registry, TestApp(registry.make_app())


@pytest.fixture(scope="module")
def shop():
    return browser("shop:configure.zcml")


@pytest.fixture(scope="module")
def theme():
    return browser("theme:configure.zcml")


@pytest.fixture(scope="module")
def version(theme):
    """The segment that all of the shop's assets have."""
    return re.fullmatch("/static/(~[0-9a-f]{12})/", theme[0].static_path("shop:static/"))[1]


def linked(page):
    """The paths of what a page asks for."""
    return re.findall(r'(?:href|src)="http://localhost(/[^"]+)"', page.text)


def test_the_page_of_the_shop_asks_for_the_shops_assets_under_its_own_urls(shop):
    assert linked(shop[1].get("/")) == [
        "/static/reset.css?x=v1",
        "/static/app.css?x=v1",
        "/favicon.ico?x=v1",
        "/static/app.js?x=v1",
        "/static/logo.png?x=v1",
        "/static/images/cup.svg?x=v1",
        "/static/images/pot.svg?x=v1",
    ]


def test_without_a_theme_the_shop_shows_its_own_logo_for_an_hour(shop, checkout):
    response = shop[1].get("/static/logo.png?x=v1")
    assert response.body == (checkout / "examples/shop/static/logo.png").read_bytes()
    assert response.headers["Cache-Control"] == "public, max-age=3600"


def test_with_the_theme_the_same_page_asks_for_every_asset_under_one_version(theme, version):
    assert linked(theme[1].get("/")) == [
        f"/static/{version}/reset.css",
        f"/static/{version}/app.css",
        "/favicon.ico",
        f"/static/{version}/app.js",
        f"/static/{version}/logo.png",
        f"/static/{version}/images/cup.svg",
        f"/static/{version}/images/pot.svg",
        "/theme/weave.svg",
    ]


@pytest.mark.parametrize(
    "spec, file, media_type",
    [
        ("shop:static/logo.png", "theme/brand/logo.png", "image/png"),
        ("shop:static/app.css", "theme/brand/app.css", "text/css; charset=utf-8"),
        ("shop:static/images/cup.svg", "theme/images/cup.svg", "image/svg+xml; charset=utf-8"),
        ("shop:static/images/pot.svg", "shop/static/images/pot.svg", "image/svg+xml; charset=utf-8"),
        ("shop:static/app.js", "shop/static/app.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_asset_comes_from_the_first_layer_that_has_it_and_may_be_kept_for_ever(
    spec, file, media_type, theme, checkout
):
    registry, client = theme
    response = client.get(registry.static_path(spec))
    assert response.body == (checkout / "examples" / file).read_bytes()
    assert response.headers["Content-Type"] == media_type
    assert response.headers["Cache-Control"] == IMMUTABLE
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_another_version_gets_the_bytes_there_are_and_nobody_keeps_that_answer(theme, checkout):
    response = theme[1].get("/static/~000000000000/logo.png")
    assert response.body == (checkout / "examples/theme/brand/logo.png").read_bytes()
    assert response.headers["Cache-Control"] == "no-store"


def test_the_plain_name_stays_valid(theme, checkout):
    response = theme[1].get("/static/logo.png")
    assert response.body == (checkout / "examples/theme/brand/logo.png").read_bytes()
    assert response.headers["Cache-Control"] == "public, max-age=3600"


def test_the_directory_of_the_theme_and_that_of_the_shop_are_listed_as_one(theme, shop):
    assert theme[0].resolve("shop:static/images/").listdir() == ["cup.svg", "pot.svg"]
    assert theme[0].resolve("shop:static/").listdir() == shop[0].resolve("shop:static/").listdir()


def test_the_theme_publishes_a_directory_of_its_own(theme, shop):
    assert theme[1].get("/theme/weave.svg").status_code == 200
    assert shop[1].get("/theme/weave.svg", status=404).status_code == 404


def test_the_back_office_keeps_its_own_assets_and_shows_the_logo_of_the_theme(theme, version):
    assert linked(theme[1].get("/admin/")) == [
        f"/static/{version}/reset.css",
        "/admin/static/admin.css",
        f"/static/{version}/logo.png",
    ]
    assert theme[1].get("/admin/static/admin.css").headers["Cache-Control"] == "public, max-age=60"


def test_every_url_of_every_page_is_answered(theme, shop):
    for _, client in (theme, shop):
        for page in ("/", "/admin/"):
            assert {client.get(url).status_code for url in linked(client.get(page))} == {200}


def test_what_belongs_to_nobody_is_not_found(theme):
    assert theme[1].get("/nowhere", status=404).text == "404 Not Found\n"
    assert theme[1].post("/cart", status=404).status_code == 404  # a static view answers a POST with 405


def test_explain_names_the_line_of_the_theme_that_decided(theme, checkout):
    told = theme[0].explain("shop:static/logo.png").as_dict()
    overrides = str(checkout / "examples/theme/overrides.zcml")
    chosen = told["search_path"][0]
    assert (chosen["spec"], chosen["state"]) == ("theme:brand/logo.png", "chosen")
    assert chosen["via"][0]["origin"] == {"file": overrides, "line": 3, "column": 3}
    assert told["cache_buster"]["origin"] == {"file": overrides, "line": 8, "column": 3}
    assert told["view"]["origin"]["file"] == str(checkout / "examples/shop/static.zcml")
    (lost,) = told["other_cache_busters"]
    assert (lost["origin"]["file"], lost["winner"]) == (
        str(checkout / "examples/shop/busters.zcml"),
        told["cache_buster"]["origin"],
    )
    assert json.loads(json.dumps(told)) == told


def test_the_configuration_of_the_demo_is_the_theme(monkeypatch, checkout, theme):
    monkeypatch.chdir(checkout)
    registry = load_zcml()
    assert registry.static_path("shop:static/logo.png") == theme[0].static_path("shop:static/logo.png")
