"""Several directories published as one root: what ZCML says of one of them holds for what it supplies, and for no more."""

import json
import re

import pytest

pytest.importorskip("flask")
pytest.importorskip("starlette")

from flask import Blueprint, Flask, url_for
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from webob import Request

from assetzcml import AssetRegistry, StaticApp, load_zcml
from assetzcml.errors import Origin
from assetzcml.integrations.flask import Assets
from assetzcml.integrations.publishing import Directory, bust, merge
from assetzcml.integrations.starlette import add_assets
from assetzcml.publishing.storing import store
from assetzcml.records.assets import AssetSpec, asset_spec
from assetzcml.reports.findings import Checker
from assetzcml.resolving.releases import Releases
from assetzcml.urls.cachebusters import TreeCacheBuster
from documents import document

FOREVER = "public, max-age=31536000, immutable"
ROOT = AssetSpec("assetzcml.integrations", ("framework",))


@pytest.fixture
def shop(package):
    """What ZCML publishes."""
    return package({
        "static/app.css": "shop{}",
        "static/both.css": "shop both{}",
        "static/app-1f.css": "shop{}",
        "static/img/logo.png": "logo",
        "static/manifest.json": json.dumps({"app.css": "app-1f.css"}),
        "manifest.json": json.dumps({"static/app.css": "static/app-1f.css"}),
        "busters.py": "def named(request, subpath, kw):\n"
        "    return subpath, {**kw, '_query': {'of': kw['pathspec'], 'from': kw['rawspec']}}\n"
        "class Marked:\n"
        "    def __call__(self, request, subpath, kw):\n        return f'v1/{subpath}', kw\n"
        "    def strip(self, subpath):\n"
        "        return (subpath[3:], 'v1') if subpath.startswith('v1/') else None\n",
    })  # fmt: skip


@pytest.fixture
def own(package):
    """What the application has."""
    return package({"static/own.css": "own{}", "static/both.css": "own both{}", "static/img/own.png": "own"})


@pytest.fixture
def theme(package):
    return package({"static/app.css": "themed{}", "static/own.css": "themed own{}"})


def loaded(text, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(document(text))
    return load_zcml(str(path))


def joined(registry, *directories, prefix=()):
    """Publish *directories* as a framework does, all as one root."""
    origin = Origin("the framework")
    wanted = [Directory(asset_spec(each), origin, tuple(prefix)) for each in directories]
    merge(registry, "static", ROOT, wanted, origin, cache_max_age=60)
    return registry


def answer(registry, url):
    found = Request.blank(url).send(StaticApp(registry))
    return found.status_int, found.text if found.status_int == 200 else "", found.headers.get("Cache-Control")


def plain(url):
    return re.sub(r"[0-9a-f]{12}", "V", url)


BUSTERS = [
    ('digest="sha256"', "/static/app-V.css", FOREVER),
    ('tree="sha256"', "/static/~V/app.css", FOREVER),
    ('manifest="{shop}:static/manifest.json"', "/static/app-1f.css", FOREVER),
    ('token="t"', "/static/app.css?x=t", "public, max-age=3600"),
    ('buster="{shop}.busters.named"', "/static/app.css?of=S%3Astatic%2Fapp.css&from=S%3Astatic%2Fapp.css",
     "public, max-age=3600"),
    ('factory="{shop}.busters.Marked"', "/static/v1/app.css", "public, max-age=3600"),
]  # fmt: skip


@pytest.mark.parametrize("buster, url, cache", BUSTERS, ids=[case[0].partition("=")[0] for case in BUSTERS])
@pytest.mark.parametrize("path", ["{shop}:static", "{shop}:"], ids=["of the root", "of the package"])
def test_every_kind_of_cache_buster_works_on_what_its_directory_supplies(shop, own, tmp_path, path, buster, url, cache):
    if path == "{shop}:":
        buster = buster.replace("static/manifest", "manifest")
    said = f'<staticView name="static" path="{{shop}}:static"/><cacheBuster path="{path}" {buster}/>'
    registry = joined(loaded(said.format(shop=shop), tmp_path), f"{own}:static")
    for spec in (f"{shop}:static/app.css", f"{ROOT}/app.css"):
        made = registry.static_path(spec)
        assert plain(made).replace(shop, "S") == url
        assert answer(registry, made) == (200, "shop{}", cache)
    assert registry.static_path(f"{own}:static/own.css") == "/static/own.css"


@pytest.mark.parametrize("buster, url, cache", BUSTERS, ids=[case[0].partition("=")[0] for case in BUSTERS])
def test_it_works_where_the_directory_is_merged_below_a_prefix(shop, own, tmp_path, buster, url, cache):
    registry = loaded(f'<cacheBuster path="{shop}:static" {buster.format(shop=shop)}/>', tmp_path)
    joined(registry, f"{shop}:static", prefix=["shop"])
    made = registry.static_path(f"{shop}:static/app.css")
    versioned = {"/static/~V/app.css": "/static/~V/shop/app.css", "/static/v1/app.css": "/static/v1/shop/app.css"}
    assert plain(made).replace(shop, "S") == versioned.get(url, url.replace("/static/", "/static/shop/"))
    assert answer(registry, made) == (200, "shop{}", "public, max-age=60" if cache != FOREVER else FOREVER)


def test_of_two_directories_with_one_file_the_cache_buster_of_the_one_that_is_served_counts(shop, own, tmp_path):
    said = f'<cacheBuster path="{shop}:static" token="shop"/><cacheBuster path="{own}:static" token="own"/>'
    registry = joined(loaded(said, tmp_path), f"{own}:static", f"{shop}:static")
    made = [registry.static_path(f"{each}:static/both.css") for each in (own, shop)]
    assert made == ["/static/both.css?x=own"] * 2
    assert registry.static_path(f"{shop}:static/app.css") == "/static/app.css?x=shop"
    assert registry.static_path(f"{shop}:static/missing.css") == "/static/missing.css?x=shop"


@pytest.mark.parametrize(
    "kind, url", [('digest="sha256"', "/static/app-V.css"), ('tree="sha256"', "/static/~V/app.css")]
)
def test_an_override_in_the_directory_has_the_version_of_its_own_bytes(shop, own, theme, tmp_path, kind, url):
    said = f'<cacheBuster path="{shop}:static" {kind}/>'
    more = f'<asset to_override="{shop}:static/" override_with="{theme}:static/"/>'
    before = joined(loaded(said, tmp_path), f"{own}:static", f"{shop}:static").static_path(f"{shop}:static/app.css")
    registry = joined(loaded(said + more, tmp_path), f"{own}:static", f"{shop}:static")
    made = registry.static_path(f"{shop}:static/app.css")
    assert plain(made) == plain(before) == url
    assert made != before
    assert answer(registry, made) == (200, "themed{}", FOREVER)
    assert answer(registry, before)[2] == "no-store"


def test_what_a_framework_versions_by_itself_is_immutable_beside_a_directory_with_a_cache_buster(shop, own, tmp_path):
    registry = loaded(f'<cacheBuster path="{shop}:static" digest="sha256"/>', tmp_path)
    joined(registry, f"{own}:static", f"{shop}:static")
    bust(registry, ROOT, TreeCacheBuster(), "the framework's", Origin("settings"))
    made = registry.static_path(f"{own}:static/own.css")
    assert plain(made) == "/static/~V/own.css"
    assert answer(registry, made) == (200, "own{}", FOREVER)
    assert plain(registry.static_path(f"{ROOT}/app.css")) == "/static/app-V.css"


def test_explain_tells_of_the_cache_buster_at_work_and_why_the_others_are_not(shop, own, tmp_path):
    said = f'<staticView name="static" path="{shop}:static"/><cacheBuster path="{shop}:static" tree="sha256"/>'
    registry = joined(loaded(said, tmp_path), f"{own}:static")
    bust(registry, ROOT, TreeCacheBuster(), "the framework's", Origin("settings"))
    shops, owns = registry.explain(f"{shop}:static/app.css"), registry.explain("/static/own.css")
    assert shops.as_dict()["cache_buster"]["path"] == f"{shop}:static"
    assert f"lost        cacheBuster '{ROOT}' the framework's" in str(shops)
    assert owns.as_dict()["cache_buster"]["path"] == f"{ROOT}"
    assert f"lost        cacheBuster '{shop}:static' tree" in str(owns)
    assert str(owns).count("it is of another part of what was merged into the root") == 1
    assert "lost        staticView" not in str(shops)  # it is not lost to itself


def test_check_finds_nothing_to_say_of_a_cache_buster_of_a_merged_directory(shop, own, tmp_path):
    said = f'<staticView name="static" path="{shop}:static"/><cacheBuster path="{shop}:static" tree="sha256"/>'
    registry = joined(loaded(said, tmp_path), f"{own}:static")
    assert [str(each) for each in registry.part(Checker).findings() if "publishes anything" in str(each)] == []


def test_files_that_its_manifest_does_not_name_are_found(shop, own, tmp_path):
    said = f'<cacheBuster path="{shop}:static" manifest="{shop}:static/manifest.json"/>'
    registry = joined(loaded(said, tmp_path), f"{own}:static", f"{shop}:static")
    told = [str(each) for each in registry.part(Checker).findings()]
    assert [each for each in told if "has no entry for" in each and "img/logo.png" in each and "own" not in each]


def test_options_of_the_view_hold_for_the_whole_root(shop, own, tmp_path):
    said = (
        f'<staticView name="static" path="{shop}:static" cache_max_age="77" immutable_names="app-*">'
        '<header name="X-Shop" value="yes" match="*.css"/></staticView>'
    )
    registry = joined(loaded(said, tmp_path), f"{own}:static")
    for name, cache in (("both.css", "public, max-age=77"), ("own.css", "public, max-age=77"), ("app-1f.css", FOREVER)):
        found = Request.blank(f"/static/{name}").send(StaticApp(registry))
        assert (found.headers["Cache-Control"], found.headers["X-Shop"]) == (cache, "yes")
    assert "X-Shop" not in Request.blank("/static/img/own.png").send(StaticApp(registry)).headers


def test_a_permission_of_the_view_is_asked_for_the_whole_root_under_plain_and_versioned_names(
    shop, own, package, tmp_path
):
    policies = package({
        "__init__.py": "class Nobody:\n    def permits(self, request, context, permission): return False\n"
    })  # fmt: skip
    said = (
        f'<permissionPolicy policy="{policies}.Nobody"/><staticView name="static" path="{shop}:static" permission="read"/>'
        f'<cacheBuster path="{shop}:static" tree="sha256"/>'
    )
    registry = joined(loaded(said, tmp_path), f"{own}:static")
    urls = [registry.static_path(f"{shop}:static/app.css"), "/static/app.css", "/static/own.css", "/static/none.css"]
    assert [answer(registry, url)[0] for url in urls] == [403] * 4


def test_merging_twice_keeps_the_directory_of_the_view(shop, own, tmp_path):
    registry = loaded(f'<staticView name="static" path="{shop}:static"/>', tmp_path)
    for _ in range(2):
        joined(registry, f"{own}:static")
    assert answer(registry, "/static/both.css")[1] == "shop both{}"
    assert answer(registry, "/static/own.css")[1] == "own{}"


def test_a_store_keeps_the_bytes_that_are_served_under_a_version_and_no_others(shop, own, tmp_path):
    said = (
        f'<cacheBuster path="{shop}:static" tree="sha256" former="stored"/>'
        f'<cacheBuster path="{own}:static" tree="sha256" former="stored"/><contentStore directory="{tmp_path}/store"/>'
    )
    registry = joined(loaded(said, tmp_path), f"{own}:static", f"{shop}:static")
    store(registry)
    stored = Releases(str(tmp_path / "store"))
    released = {each.name: each for stamp in stored.stamps() for each in stored.read(stamp.digest)}
    assert {name: each.source for name, each in released.items() if name.endswith("css")} == {
        "static/app-1f.css": f"{shop}:static/app-1f.css",
        "static/app.css": f"{shop}:static/app.css",
        "static/both.css": f"{own}:static/both.css",
        "static/own.css": f"{own}:static/own.css",
    }
    made = registry.static_path(f"{shop}:static/both.css")
    assert answer(registry, made) == (200, "own both{}", FOREVER)


# The frameworks.


@pytest.mark.parametrize("buster, url, cache", BUSTERS, ids=[case[0].partition("=")[0] for case in BUSTERS])
@pytest.mark.parametrize("framework", ["Flask", "Starlette"])
def test_a_zcml_view_beside_the_frameworks_own_of_that_name_serves_both_each_with_its_cache_buster(
    shop, own, tmp_path, framework, buster, url, cache
):
    site = tmp_path / "site.zcml"
    buster = buster.format(shop=shop)
    site.write_text(
        document(f'<staticView name="static" path="{shop}:static"/><cacheBuster path="{shop}:static" {buster}/>')
    )
    names = "app.css", "both.css", "own.css"
    if framework == "Flask":
        app = Flask(own)
        Assets(app, str(site))
        with app.test_request_context("/"):
            urls = [url_for("static", filename=name) for name in names]
        client = app.test_client()
    else:
        directory = f"{next(iter(__import__(own).__path__))}/static"
        app = Starlette(routes=[Mount("/static", StaticFiles(directory=directory), name="static")])
        add_assets(app, str(site))
        urls = [str(app.url_path_for("static", path=name)) for name in names]
        client = TestClient(app)
    found = [client.get(each) for each in urls]
    assert [each.text for each in found] == ["shop{}", "shop both{}", "own{}"]
    assert found[0].headers["Cache-Control"] == cache
    assert urls[2] == "/static/own.css"


def test_flask_serves_its_own_folder_behind_that_of_zcml_also_when_blueprints_come_later(shop, own, tmp_path):
    site = tmp_path / "site.zcml"
    site.write_text(document(f'<staticView name="static" path="{shop}:static"/>'))
    app = Flask(own)
    assets = Assets(app, str(site))
    assert assets.registry.static_path(f"{own}:static/own.css") == "/static/own.css"
    app.register_blueprint(Blueprint("more", shop, static_folder="static", url_prefix="/more"))
    client = app.test_client()
    for path, text in (("/static/app.css", "shop{}"), ("/static/own.css", "own{}"), ("/more/static/app.css", "shop{}")):
        assert client.get(path).text == text
    assert isinstance(assets.registry, AssetRegistry)
