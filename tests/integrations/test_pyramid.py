"""A Pyramid application with assetzcml: what is served, which URLs, whose permission, and what Pyramid's own APIs see."""

import gzip
import importlib
import os
import pkgutil
import zipfile

import pytest

pytest.importorskip("pyramid")
pytest.importorskip("webtest")

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError as PyramidConflict
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.path import AssetResolver
from pyramid.response import Response
from pyramid.scripting import prepare
from webtest import TestApp

import assetzcml
from assetzcml import ConfigurationConflictError, ConfigurationError, QueryStringConstantCacheBuster
from assetzcml.integrations.pyramid import asset_registry
from documents import NAMESPACE, write_tree

PYRAMID = "http://pylonshq.com/pyramid"


class Door:
    """A security policy: a permission is had by who names it in a header."""

    def permits(self, request, context, permission):
        return request.headers.get("X-Permission") == permission

    def identity(self, request):
        return None

    authenticated_userid = identity


def ours(text):
    return f'<configure xmlns="{NAMESPACE}">{text}</configure>'


def pyramids(text):
    return f'<configure xmlns="{PYRAMID}">{text}</configure>'


@pytest.fixture
def shop(package):
    """A package with two directories of assets."""
    return package(
        {"static/app.css": "a{}", "static/deep/x.css": "x{}", "static/logo.txt": "shop", "other/o.txt": "other"}
    )


@pytest.fixture
def theme(package):
    """A package to override with."""
    return package({"static/logo.txt": "theme", "brand/logo.txt": "brand"})


@pytest.fixture
def configurator():
    """A function that makes a configurator that includes assetzcml; what it makes is ended afterwards."""
    made = []

    def make(package=None, include=("assetzcml",), **options):
        config = Configurator(package=package, **options)
        for name in include:
            config.include(name)
        config.begin()
        made.append(config)
        return config

    yield make
    for config in made:
        config.end()


@pytest.fixture
def site(configurator, zcml):
    """A function that loads ZCML into a Pyramid application and returns the configurator, with everything committed."""

    def load(text, *more, package=None, settings=None, **options):
        config = configurator(package, settings=settings, **options)
        for number, part in enumerate((text, *more)):
            config.load_zcml(zcml.write(part, f"{number}.zcml"))
        config.commit()
        return config

    return load


def browser(config):
    return TestApp(config.make_wsgi_app())


def request_to(config, path="/", **environ):
    """A request of the application, as a view gets it."""
    prepared = prepare(registry=config.registry)
    request = prepared["request"]
    request.environ.update(environ)
    return request


# What is served.


@pytest.mark.parametrize("path, status, body", [
    ("/static/app.css", 200, "a{}"),
    ("/static/deep/x.css", 200, "x{}"),
    ("/static/missing.css", 404, None),
    ("/static/../configure.zcml", 404, None),
    ("/static", 404, None),             # no index
    ("/staticky", 404, None),           # another name
    ("/logo", 200, "shop"),             # a staticFile
    ("/logo/", 404, None),
    ("/logo/x", 404, None),
    ("/static/special/o.txt", 200, "other"),  # the longest name wins, whichever came first
    ("/page", 200, "page"),             # the application's own
])  # fmt: skip
def test_a_static_view_answers_below_its_name_and_nothing_else(site, shop, path, status, body):
    config = site(
        ours(f"""
        <staticView name="static" path="{shop}:static"/>
        <staticView name="static/special" path="{shop}:other"/>
        <staticFile name="logo" path="{shop}:static/logo.txt"/>
    """)
    )
    config.add_route("page", "/page")
    config.add_view(lambda request: Response("page"), route_name="page")
    response = browser(config).get(path, status=status)
    assert body is None or response.text == body


def test_requests_are_answered_by_our_serving_code(site, package):
    name = package({"static/app.css": "abcdef", "static/app.css.gz": gzip.compress(b"in gzip")})
    app = browser(
        site(
            ours(f"""
        <staticView name="static" path="{name}:static" content_encodings="gzip" cache_max_age="60">
          <header name="X-Shop" value="1"/>
        </staticView>
        <cacheBuster path="{name}:static" digest="sha256"/>
    """)
        )
    )
    whole = app.get("/static/app.css")
    etag = whole.headers["ETag"]
    assert (whole.headers["Cache-Control"], whole.headers["X-Shop"]) == ("public, max-age=60", "1")
    assert whole.headers["Vary"] == "Accept-Encoding"
    assert app.get("/static/app.css", headers={"Range": "bytes=1-2"}, status=206).body == b"bc"
    assert app.get("/static/app.css", headers={"If-None-Match": etag}, status=304).body == b""
    coded = app.get("/static/app.css", headers={"Accept-Encoding": "gzip"})  # WebTest has decoded it
    assert coded.text == "in gzip"
    assert app.head("/static/app.css").headers["Content-Length"] == "6"
    assert app.post("/static/app.css", status=405).headers["Allow"] == "GET, HEAD"
    digest = asset_registry(app.app).static_path(f"{name}:static/app.css")
    assert app.get(digest).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_large_file_is_sent_piece_by_piece_and_closed(site, package):
    name = package({"static/big.bin": b"x" * 3_000_000})
    response = browser(site(ours(f'<staticView name="static" path="{name}:static"/>'))).get("/static/big.bin")
    assert response.content_length == len(response.body) == 3_000_000


def test_the_index_of_a_directory_is_served_and_its_bare_name_redirects(site, package):
    name = package({"static/index.html": "<p>", "static/a/index.html": "<b>"})
    app = browser(site(ours(f'<staticView name="static" path="{name}:static"/>')))
    assert app.get("/static?x=1", status=301).headers["Location"].endswith("static/?x=1")
    assert app.get("/static/a/").text == "<b>"


@pytest.mark.parametrize("method, path, status, text", [
    ("GET", "/app.css", 200, "a{}"),
    ("GET", "/page", 200, "page"),        # declared after the root view, and no asset
    ("GET", "/traversed", 200, "view"),
    ("POST", "/app.css", 404, None),
    ("GET", "/none.css", 404, None),
])  # fmt: skip
def test_the_view_of_the_root_leaves_to_the_application_what_is_no_asset(site, shop, method, path, status, text):
    config = site(ours(f'<staticView name="/" path="{shop}:static"/>'))
    config.add_route("page", "/page")
    config.add_view(lambda request: Response("page"), route_name="page")
    config.add_view(lambda request: Response("view"), name="traversed")
    response = browser(config).request(path, method=method, status=status)
    assert text is None or response.text == text


@pytest.mark.parametrize("name", ["caf\u00e9", "a{b}", "a*b", "with blank"])
def test_a_name_may_have_characters_that_patterns_do_not(site, shop, name):
    config = site(ours(f'<staticView name="{name}" path="{shop}:static"/>'))
    url = request_to(config).static_path(f"{shop}:static/app.css")
    assert browser(config).get(url).text == "a{}"


def test_what_is_not_found_is_said_by_the_application_and_kept_by_no_cache(site, shop):
    config = site(
        ours(f"""
        <staticView name="static" path="{shop}:static" content_encodings="gzip"/>
        <cacheBuster path="{shop}:static" digest="sha256" former="missing"/>
    """)
    )

    def not_found(request):
        request.response.status = 404
        request.response.text = "our own page"
        return request.response

    config.add_notfound_view(not_found)
    response = browser(config).get("/static/app-000000000000.css", status=404)
    assert response.text == "our own page"
    assert (response.headers["Cache-Control"], response.headers["Vary"]) == ("no-store", "Accept-Encoding")


def test_exceptions_of_pyramid_are_raised_for_its_own_views(site, shop):
    config = site(ours(f'<staticView name="static" path="{shop}:static"/>'))
    seen = []
    config.add_view(lambda error, request: seen.append(type(error)) or Response("x"), context=HTTPNotFound)
    config.add_view(lambda error, request: seen.append(type(error)) or Response("x"), context=HTTPForbidden)
    browser(config).get("/static/none")
    assert seen == [HTTPNotFound]


# Permissions.


def test_a_permission_is_asked_of_pyramids_policy_and_refused_by_its_forbidden_view(site, shop):
    # Static views are open unless they say otherwise, as Pyramid's are.
    config = site(
        ours(f'<staticView name="static" path="{shop}:static" permission="look"/>'),
        ours(f'<staticView name="open" path="{shop}:static"/>'),
        security_policy=Door(),
        default_permission="never",
    )
    config.add_forbidden_view(lambda request: Response("who are you?", status=403))
    app = browser(config)
    assert app.get("/static/app.css", status=403).text == "who are you?"
    assert app.get("/static/missing.css", status=403).text == "who are you?"
    granted = app.get("/static/app.css", headers={"X-Permission": "look"})
    assert (granted.text, granted.headers["Cache-Control"]) == ("a{}", "private, max-age=3600")
    assert app.get("/open/app.css").text == "a{}"


def test_the_permission_of_the_longest_name_is_the_one_that_counts(site, shop):
    config = site(
        ours(f'''
        <staticView name="static" path="{shop}:static"/>
        <staticView name="static/kept" path="{shop}:other" permission="look"/>
        <staticView name="kept" path="{shop}:other" permission="look"/>
        <staticView name="kept/open" path="{shop}:static"/>
    '''),
        security_policy=Door(),
    )
    app = browser(config)
    app.get("/static/kept/o.txt", status=403)
    assert app.get("/kept/open/app.css").text == "a{}"


def test_a_security_policy_that_is_set_after_the_load_is_asked_too(configurator, zcml, shop):
    config = configurator()
    config.load_zcml(zcml.write(ours(f'<staticView name="static" path="{shop}:static" permission="look"/>')))
    config.set_security_policy(Door())
    assert browser(config).get("/static/app.css", status=403).status_int == 403


def test_without_a_security_policy_everything_is_permitted_as_in_pyramid(site, shop):
    assert browser(site(ours(f'<staticView name="static" path="{shop}:static" permission="look"/>'))).get(
        "/static/app.css"
    )


def test_a_policy_that_is_declared_in_zcml_is_asked_besides_pyramids(site, package):
    name = package({
        "static/a.txt": "a",
        "policy.py": "class Key:\n    def permits(self, request, context, permission):\n"
        "        return request.headers.get('X-Key') == context.name\n",
    })  # fmt: skip
    app = browser(site(ours(f"""
        <permissionPolicy policy="{name}.policy.Key"/>
        <staticView name="static" path="{name}:static" permission="look"/>
    """), security_policy=Door()))  # fmt: skip
    for headers, status in (
        ({}, 403),
        ({"X-Permission": "look"}, 403),
        ({"X-Key": "static"}, 403),
        ({"X-Permission": "look", "X-Key": "static"}, 200),
    ):
        assert app.get("/static/a.txt", headers=headers, expect_errors=True).status_int == status


# Loading.


def test_a_spec_is_relative_to_the_configurators_package(configurator, package):
    name = package({"configure.zcml": ours('<staticView name="static" path="static"/>'), "static/a.txt": "a"})
    config = configurator(name)
    assert config.load_zcml() is config.registry
    assert browser(config).get("/static/a.txt").text == "a"


def test_a_route_prefix_stands_before_names_and_urls(configurator, package):
    name = package(
        {
            "__init__.py": "def includeme(config):\n    config.load_zcml()\n",
            "configure.zcml": ours(
                '<staticView name="static" path="static"/><staticFile name="f" path="static/a.txt"/>'
                '<staticView name="https://cdn.example.com" path="cdn"/>'
            ),
            "static/a.txt": "a",
            "static/b.txt": "b",
        }
    )
    config = configurator()
    config.include(name, route_prefix="/shop/")
    app = browser(config)
    request = request_to(config)
    assert [request.static_path(f"{name}:static/{file}.txt") for file in "ab"] == ["/shop/f", "/shop/static/b.txt"]
    assert request.static_url(f"{name}:cdn/x.css") == "https://cdn.example.com/x.css"
    assert [app.get(path).text for path in ("/shop/f", "/shop/static/b.txt")] == ["a", "b"]
    app.get("/static/b.txt", status=404)


def test_a_later_load_replaces_what_an_earlier_one_declared(site, shop, theme):
    config = site(
        ours(f'<staticView name="static" path="{shop}:static"/>'),
        ours(f'<staticView name="static" path="{theme}:static" permission="look"/>'),
        security_policy=Door(),
    )
    app = browser(config)
    app.get("/static/logo.txt", status=403)
    assert app.get("/static/logo.txt", headers={"X-Permission": "look"}).text == "theme"


def test_a_commit_between_two_loads_changes_nothing(configurator, zcml, shop, theme):
    config = configurator(security_policy=Door())
    for number, (name, permission) in enumerate(((shop, "walk"), (theme, "look"))):
        text = ours(f'<staticView name="static" path="{name}:static" permission="{permission}"/>')
        config.load_zcml(zcml.write(text, f"{number}.zcml"))
        config.commit()
    app = browser(config)
    app.get("/static/logo.txt", headers={"X-Permission": "walk"}, status=403)
    assert app.get("/static/logo.txt", headers={"X-Permission": "look"}).text == "theme"


def test_with_autocommit_everything_is_in_force_after_the_load(configurator, zcml, shop):
    config = configurator(autocommit=True)
    config.load_zcml(zcml.write(ours(f'<staticView name="static" path="{shop}:static"/>')))
    assert [intr["introspectable"]["name"] for intr in config.introspector.get_category("static views")] == ["static/"]
    assert browser(config).get("/static/app.css").text == "a{}"


def test_what_is_declared_in_python_before_the_application_is_made_is_served(site, shop):
    config = site(ours(""))
    asset_registry(config).add_static_view("late", f"{shop}:static")
    assert browser(config).get("/late/app.css").text == "a{}"


def test_a_load_that_fails_changes_nothing_and_names_the_line(configurator, zcml, shop):
    config = configurator()
    with pytest.raises(ConfigurationError, match=r"bad\.zcml:\d+:\d+: staticView 'b'"):
        config.load_zcml(
            zcml.write(
                ours(f"""
            <staticView name="a" path="{shop}:static"/><staticView name="b" path="{shop}:nothing"/>"""),
                "bad.zcml",
            )
        )
    browser(config).get("/a/app.css", status=404)


def test_our_routes_and_views_are_errors_that_say_to_use_pyramids(configurator, zcml, shop):
    config = configurator()
    path = zcml.write(
        ours(f"""<staticView name="static" path="{shop}:static"/>
<route name="home" pattern="/" view="html.escape"/>
<view name="about" view="html.escape" request_method="GET POST"/>""")
    )
    with pytest.raises(ConfigurationError) as error:
        config.load_zcml(path)
    told = [problem.headline for problem in error.value.problems]
    remedy = (
        "routes and views are the framework's, not assetzcml's; "
        "use config.add_route and config.add_view, or pyramid_zcml's; exclude the file if it is another package's"
    )
    assert told == [f"{path}:2:1: route 'home': {remedy}", f"{path}:3:1: view 'about' GET: {remedy}"]
    browser(config).get("/static/app.css", status=404)
    assetzcml.load_zcml(path)


@pytest.mark.parametrize("strict", [False, True])
def test_features_and_strictness_are_those_of_load_zcml(configurator, zcml, shop, strict):
    config = configurator()
    path = zcml.write(f"""<configure xmlns="{NAMESPACE}" xmlns:zcml="http://namespaces.zope.org/zcml">
        <staticView name="static" path="{shop}:static" zcml:condition="have assets"/>
        <asset to_override="{shop}:static/logo.txt" override_with="{shop}:nothing.txt"/>
    </configure>""")
    if strict:
        with pytest.raises(ConfigurationError, match="does not exist"):
            config.load_zcml(path, features=["assets"], strict=True)
        return
    with pytest.warns(assetzcml.ConfigurationWarning, match="does not exist"):
        config.load_zcml(path, features=["assets"])
    assert browser(config).get("/static/app.css").text == "a{}"


def test_settings_are_pyramids_own_keys_first_and_read_when_it_matters(site, shop):
    config = site(
        ours(f"""<staticView name="${{where}}" path="{shop}:static"/>
                 <cacheBuster path="{shop}:static" token="v1"/>"""),
        settings={"where": "media"},
    )
    request = request_to(config)
    spec = f"{shop}:static/app.css"
    assert request.static_path(spec) == "/media/app.css?x=v1"
    config.registry.settings["pyramid.prevent_cachebust"] = True
    assert request.static_path(spec) == "/media/app.css"
    config.registry.settings["pyramid.prevent_cachebust"] = "false"
    assert request.static_path(spec) == "/media/app.css?x=v1"
    settings = request.asset_registry.settings
    settings["prevent_cachebust"] = True
    assert request.static_path(spec) == "/media/app.css"
    settings["where"] = "here"
    assert (settings["where"], config.registry.settings["where"]) == ("here", "media")
    del settings["where"]
    assert (settings["where"], len(settings), "reload" in settings) == ("media", len(list(settings)), True)
    assert settings["reload"] is False
    config.registry.settings["pyramid.reload_assets"] = True
    assert settings["reload"] is True


# URLs.


def test_pyramids_own_methods_give_our_urls_and_still_pyramids(site, shop, theme):
    config = site(ours(f'<staticView name="static" path="{shop}:static"/>'))
    config.add_static_view("plain", f"{theme}:static")
    config.commit()
    request = request_to(config, SCRIPT_NAME="/app", HTTP_HOST="example.org", **{"wsgi.url_scheme": "https"})
    asset = f"{shop}:static/app.css"
    assert request.static_url(asset) == "https://example.org/app/static/app.css"
    assert request.static_path(asset) == "/app/static/app.css"
    assert request.static_url(asset, _query={"a": "1"}, _anchor="b", _host="h", _scheme="http") == (
        "http://h/app/static/app.css?a=1#b"
    )
    assert request.static_url(asset, _app_url="//cdn") == "//cdn/static/app.css"
    assert request.static_path(f"{theme}:static/logo.txt") == "/app/plain/logo.txt"
    with pytest.raises(ValueError, match=f"nearest published roots are '{shop}:static/'"):
        request.static_url(f"{shop}:nothing/x")


def test_what_pyramid_knew_before_the_include_it_knows_afterwards(shop, theme):
    config = Configurator()
    config.add_static_view("plain", f"{theme}:static")
    config.include("assetzcml")
    config.include("assetzcml.includeme")
    assert request_to(config_committed(config)).static_path(f"{theme}:static/x") == "/plain/x"


def config_committed(config):
    config.commit()
    return config


def test_pyramids_cache_busters_work_on_our_static_views(site, shop):
    config = site(ours(f'<staticView name="static" path="{shop}:static"/>'))
    config.add_cache_buster(f"{shop}:static", QueryStringConstantCacheBuster("v9"))
    config.commit()
    assert request_to(config).static_path(f"{shop}:static/app.css") == "/static/app.css?x=v9"
    explained = str(asset_registry(config).explain(f"{shop}:static/app.css"))
    assert "test_pyramid.py" in explained


# Overrides.


def read(spec):
    resolved = AssetResolver().resolve(spec)
    with resolved.stream() as stream:
        return stream.read().decode()


def test_pyramids_resolver_sees_our_overrides_and_follows_later_ones(site, shop, theme):
    config = site(ours(f'<asset to_override="{shop}:static/logo.txt" override_with="{theme}:static/logo.txt"/>'))
    spec = f"{shop}:static/logo.txt"
    resolver = AssetResolver()
    assert (read(spec), read(f"{shop}:static/app.css")) == ("theme", "a{}")
    assert os.path.samefile(resolver.resolve(spec).abspath(), AssetResolver(theme).resolve("static/logo.txt").abspath())
    assert resolver.resolve(spec).exists()
    assert not resolver.resolve(f"{shop}:static/none.txt").exists()
    asset_registry(config).override_asset(spec, f"{theme}:brand/logo.txt")
    assert read(spec) == "brand"


def test_a_directory_is_merged_for_pyramids_resolver_too(site, shop, package):
    extra = package({"more/new.txt": "new", "more/logo.txt": "extra"})
    site(ours(f'<asset to_override="{shop}:static/" override_with="{extra}:more/"/>'))
    directory = AssetResolver().resolve(f"{shop}:static")
    assert directory.isdir()
    assert sorted(directory.listdir()) == ["app.css", "deep", "logo.txt", "new.txt"]
    assert not AssetResolver().resolve(f"{shop}:static/new.txt").isdir()
    assert [read(f"{shop}:static/{name}") for name in ("new.txt", "app.css")] == ["new", "a{}"]


def test_a_whole_package_is_overridden_and_stays_where_it_is(site, shop, theme):
    site(ours(f'<asset to_override="{shop}" override_with="{theme}"/>'))
    assert read(f"{shop}:static/logo.txt") == "theme"
    assert AssetResolver().resolve(f"{shop}:").abspath().endswith(shop)


@pytest.mark.parametrize("when", ["before", "after"])
def test_config_override_asset_is_known_to_what_we_serve_and_ours_go_first(configurator, zcml, shop, theme, when):
    config = configurator()
    text = ours(f"""
        <staticView name="static" path="{shop}:static"/>
        <asset to_override="{shop}:static/logo.txt" override_with="{theme}:static/logo.txt"/>
    """)
    if when == "after":
        config.load_zcml(zcml.write(text))
    config.override_asset(f"{shop}:static/logo.txt", f"{theme}:brand/logo.txt")
    config.override_asset(f"{shop}:static/app.css", f"{theme}:brand/logo.txt")
    config.override_asset(f"{shop}:static/deep/", f"{theme}:static/")
    config.commit()
    if when == "before":
        config.load_zcml(zcml.write(text))
    app = browser(config)
    served = [app.get(f"/static/{path}").text for path in ("logo.txt", "app.css", "deep/logo.txt", "deep/x.css")]
    assert served == ["theme", "brand", "theme", "x{}"]
    assert [read(f"{shop}:static/{path}") for path in ("logo.txt", "app.css", "deep/logo.txt", "deep/x.css")] == served
    assert "config.override_asset" in str(asset_registry(config).explain(f"{shop}:static/app.css"))


def test_an_override_that_both_declare_stands_where_we_say(site, shop, theme):
    text = f'<asset to_override="{shop}:static/" override_with="{theme}:%s/"/>'
    config = site(ours(f'<staticView name="static" path="{shop}:static"/>' + text % "brand" + text % "static"))
    config.override_asset(f"{shop}:static/", f"{theme}:static/")
    config.commit()
    assert browser(config).get("/static/logo.txt").text == "theme"


def test_of_two_overrides_by_pyramid_the_later_goes_first(site, shop, theme):
    config = site(ours(f'<staticView name="static" path="{shop}:static"/>'))
    for directory in ("static", "brand"):
        config.override_asset(f"{shop}:static/logo.txt", f"{theme}:{directory}/logo.txt")
    config.commit()
    assert browser(config).get("/static/logo.txt").text == "brand"


def test_an_absolute_source_is_seen_by_pyramids_resolver(site, shop, tmp_path):
    write_tree(tmp_path / "site", {"logo.txt": "absolute"})
    config = site(ours(f'<asset to_override="{shop}:static/" override_with="{tmp_path}/site/"/>'))
    config.override_asset(f"{shop}:other/", f"{tmp_path}/site")
    config.commit()
    browser(config)
    assert [read(f"{shop}:static/logo.txt"), read(f"{shop}:other/logo.txt")] == ["absolute", "absolute"]


def test_an_override_in_an_archive_is_read_as_a_stream_and_has_no_path(site, shop, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("pyramid_zipped/__init__.py", "")
        archive.writestr("pyramid_zipped/logo.txt", "zipped")
    monkeypatch.syspath_prepend(tmp_path / "zipped.zip")
    config = site(
        ours(f"""
        <staticView name="static" path="{shop}:static"/>
        <asset to_override="{shop}:static/logo.txt" override_with="pyramid_zipped:logo.txt"/>
    """)
    )
    assert (read(f"{shop}:static/logo.txt"), browser(config).get("/static/logo.txt").text) == ("zipped", "zipped")
    with pytest.raises(FileNotFoundError, match="is in an archive and has no path; read its stream"):
        AssetResolver().resolve(f"{shop}:static/logo.txt").abspath()


def test_a_namespace_package_is_served_and_overrides(site, shop, package):
    space = package({"static/logo.txt": "space", "o/o.txt": "space"}, namespace=True)
    config = site(
        ours(f"""
        <staticView name="static" path="{space}:static"/>
        <asset to_override="{space}:static/logo.txt" override_with="{shop}:static/logo.txt"/>
        <asset to_override="{shop}:other/" override_with="{space}:o/"/>
    """)
    )
    assert browser(config).get("/static/logo.txt").text == "shop"
    assert read(f"{shop}:other/o.txt") == "space"


def test_the_resource_hook_shows_the_same_overrides_beside_pyramid(site, shop, theme):
    config = site(ours(f'<asset to_override="{shop}:static/logo.txt" override_with="{theme}:brand/logo.txt"/>'))
    spec = f"{shop}:static/logo.txt"
    for _ in range(2):
        with asset_registry(config).install_resource_hook():
            assert pkgutil.get_data(shop, "static/logo.txt") == b"brand"
            assert read(spec) == "brand"
        assert pkgutil.get_data(shop, "static/logo.txt") == b"shop"
        assert read(spec) == "brand"


def test_two_applications_in_one_process_have_different_overrides(shop, theme, zcml):
    apps = []
    for number, source in enumerate(("static", "brand")):
        config = Configurator()
        config.include("assetzcml")
        config.load_zcml(
            zcml.write(
                ours(f"""
            <staticView name="static" path="{shop}:static"/>
            <asset to_override="{shop}:static/logo.txt" override_with="{theme}:{source}/logo.txt"/>
        """),
                f"{number}.zcml",
            )
        )
        config.add_route("read", "/read")
        config.add_view(lambda request: Response(read(f"{shop}:static/logo.txt")), route_name="read")
        apps.append(browser(config))
    for _ in range(2):
        assert [app.get("/static/logo.txt").text for app in apps] == ["theme", "brand"]
        assert [app.get("/read").text for app in apps] == ["theme", "brand"]
    assert importlib.import_module(shop).__loader__.get_source(shop) == ""  # tracebacks ask for it


def test_an_application_without_assetzcml_beside_ours_keeps_pyramids_overrides(site, shop, theme):
    site(ours(f'<asset to_override="{shop}:static/logo.txt" override_with="{theme}:static/logo.txt"/>'))
    plain = Configurator()
    plain.override_asset(f"{shop}:static/logo.txt", f"{theme}:brand/logo.txt")
    plain.commit()
    plain.begin()
    try:
        assert read(f"{shop}:static/logo.txt") == "brand"
    finally:
        plain.end()
    assert read(f"{shop}:static/logo.txt") == "theme"


TEMPLATES = {  # the renderer's file type, what has to be included, a template that is overridden
    "jinja2": ("pyramid_jinja2", "jinja2", "{{ request.static_path('%s:static/app.css') }}"),
    "chameleon": ("pyramid_chameleon", "pt", "<p>${request.static_path('%s:static/app.css')}</p>"),
    "mako": ("pyramid_mako", "mako", "${request.static_path('%s:static/app.css')}"),
}


@pytest.mark.parametrize("engine", TEMPLATES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_a_renderer_that_is_given_as_a_spec_is_overridden(site, package, engine):
    extension, suffix, text = TEMPLATES[engine]
    pytest.importorskip(extension)
    name = package({f"templates/page.{suffix}": "<p>original</p>", "static/app.css": "a{}"})
    theme = package({f"templates/page.{suffix}": text % name})
    config = site(
        ours(f"""
            <staticView name="static" path="{name}:static"/>
            <asset to_override="{name}:templates/" override_with="{theme}:templates/"/>
        """),
        include=("assetzcml", extension),
    )
    config.add_route("page", "/page")
    config.add_view(lambda request: {}, route_name="page", renderer=f"{name}:templates/page.{suffix}")
    assert "/static/app.css" in browser(config).get("/page").text


# pyramid_zcml's directives.


def test_pyramid_zcmls_directives_for_assets_load_unchanged(site, shop, theme, tmp_path):
    write_tree(tmp_path / "site", {"x.css": "site"})
    config = site(pyramids(f"""
        <static name="static" path="{shop}:static" cache_max_age="60" permission="__no_permission_required__"/>
        <static name="kept" path="other" permission="look"/>
        <static name="https://cdn.example.com/x/" path="{theme}:static"/>
        <asset to_override="{shop}:static/logo.txt" override_with="{theme}:brand/logo.txt"/>
        <resource to_override="{shop}:static/deep/" override_with="{tmp_path}/site"/>
    """), package=shop, security_policy=Door())  # fmt: skip
    app = browser(config)
    assert app.get("/static/logo.txt").headers["Cache-Control"] == "public, max-age=60"
    assert [app.get(f"/static/{path}").text for path in ("logo.txt", "deep/x.css")] == ["brand", "site"]
    app.get("/kept/o.txt", status=403)
    assert request_to(config).static_url(f"{theme}:static/logo.txt") == "https://cdn.example.com/x/logo.txt"


def test_they_load_without_pyramid_too(shop, zcml):
    registry = zcml(f"""<configure xmlns="{PYRAMID}">
        <include package="assetzcml" file="pyramid.zcml"/>
        <static name="static" path="{shop}:static"/>
    </configure>""")
    assert registry.static_path(f"{shop}:static/app.css") == "/static/app.css"


def test_its_static_and_our_static_view_of_one_name_are_a_conflict(configurator, zcml, shop):
    with pytest.raises(ConfigurationConflictError, match="staticView 'static' is declared 2 times"):
        configurator().load_zcml(
            zcml.write(f"""<configure xmlns="{PYRAMID}" xmlns:a="{NAMESPACE}">
            <static name="static" path="{shop}:static"/>
            <a:staticView name="static" path="{shop}:other"/>
        </configure>""")
        )


class TestWithPyramidZCML:
    """With pyramid_zcml installed, its other directives work in the same files."""

    @pytest.fixture(autouse=True)
    def _needed(self):
        pytest.importorskip("pyramid_zcml")

    @pytest.fixture
    def pages(self, package):
        """A package with views, and files for them."""
        return package(
            {
                "views.py": "from pyramid.response import Response\n"
                "def one(request): return Response('one ' + request.static_path(request.registry.settings['asset']))\n"
                "def two(request): return Response('two')\n"
                "def denied(request): return Response('denied', status=403)\n"
                "class Thing: pass\n"
                "class IThing(__import__('zope.interface').interface.Interface): pass\n",
                "static/app.css": "a{}",
            }
        )

    def load(self, configurator, zcml, pages, *texts, **options):
        config = configurator(pages, settings={"asset": f"{pages}:static/app.css"}, **options)
        for number, text in enumerate(texts):
            zcml.write(
                f"""<configure xmlns="{PYRAMID}" xmlns:a="{NAMESPACE}">
                <include package="pyramid_zcml"/>{text}</configure>""",
                f"{number}.zcml",
            )
        config.load_zcml(zcml.write("", "unused.zcml").replace("unused", "0"))
        return config

    @pytest.mark.parametrize("autocommit", [False, True])
    def test_its_routes_and_views_are_pyramids_and_its_static_views_ours(self, configurator, zcml, pages, autocommit):
        config = self.load(configurator, zcml, pages, """
            <route name="one" pattern="/one" view=".views.one"/>
            <forbidden view=".views.denied"/>
            <utility provides=".views.IThing" factory=".views.Thing"/>
            <static name="static" path="static"/>
            <static name="kept" path="static" permission="look"/>
            <a:cacheBuster path="static" token="v1"/>
        """, autocommit=autocommit, security_policy=Door())  # fmt: skip
        views = importlib.import_module(f"{pages}.views")
        assert (config.registry.queryUtility(views.IThing) is not None) == autocommit
        app = browser(config)
        assert isinstance(config.registry.getUtility(views.IThing), views.Thing)
        assert app.get("/one").text == "one /static/app.css?x=v1"
        served = app.get("/static/app.css")
        assert (served.text, "X-Content-Type-Options" in served.headers) == ("a{}", True)
        assert app.get("/kept/app.css", status=403).text == "denied"

    def test_its_conflicts_are_judged_by_pyramid_at_commit(self, configurator, zcml, pages):
        config = self.load(
            configurator,
            zcml,
            pages,
            """
            <route name="r" pattern="/one" view=".views.one"/><route name="r" pattern="/two" view=".views.two"/>""",
        )
        with pytest.raises(PyramidConflict) as error:
            config.commit()
        assert "0.zcml" in str(error.value)

    def test_an_including_file_wins_over_an_included_one(self, configurator, zcml, pages):
        config = self.load(
            configurator, zcml, pages,
            '<include file="1.zcml"/><view name="v" view=".views.two"/>', '<view name="v" view=".views.one"/>',
        )  # fmt: skip
        assert browser(config).get("/v").text == "two"

    def test_python_wins_over_a_file(self, configurator, zcml, pages):
        config = self.load(configurator, zcml, pages, '<view name="v" view=".views.one"/>')
        config.add_view(lambda request: Response("python"), name="v")
        assert browser(config).get("/v").text == "python"

    def test_include_overrides_wins_for_its_directives(self, configurator, zcml, pages):
        config = self.load(
            configurator, zcml, pages,
            '<include file="1.zcml"/><includeOverrides file="2.zcml"/>',
            '<view name="v" view=".views.one"/>', '<view name="v" view=".views.two"/>',
        )  # fmt: skip
        assert browser(config).get("/v").text == "two"

    def test_a_route_prefix_reaches_its_routes_and_our_static_views(self, configurator, zcml, pages):
        config = configurator(settings={"asset": f"{pages}:static/app.css"})
        path = zcml.write(f"""<configure xmlns="{PYRAMID}" xmlns:a="{NAMESPACE}"><include package="pyramid_zcml"/>
            <route name="one" pattern="one" view="{pages}.views.one"/><static name="s" path="{pages}:static"/>
        </configure>""")
        config.include(lambda inner: inner.load_zcml(path), route_prefix="in")
        assert browser(config).get("/in/one").text == "one /in/s/app.css"


# What tools see.


def test_pyramids_introspector_shows_what_was_declared_and_where(site, shop, theme):
    config = site(
        ours(f"""
        <staticView name="static" path="{shop}:static"/>
        <staticView name="https://cdn.example.com/t" path="{theme}:static"/>
        <asset to_override="{shop}:static/" override_with="{theme}:static/"/>
        <cacheBuster path="{shop}:static" token="v1"/>
    """)
    )
    shown = {
        category: [(each["introspectable"].title, each["introspectable"].action_info.file) for each in entries]
        for category, entries in ((name, config.introspector.get_category(name)) for name in
                                  ("static views", "asset overrides", "cache busters"))
    }  # fmt: skip
    file = shown["static views"][0][1]
    assert file.endswith("0.zcml")
    assert shown == {
        "static views": [("static view for 'static/'", file), ("static view for 'https://cdn.example.com/t/'", file)],
        "asset overrides": [(f"{shop}:static/ -> {theme}:static/", file)],
        "cache busters": [(f"cache buster for '{shop}:static/'", file)],
    }


def test_without_introspection_nothing_is_shown(site, shop):
    config = site(ours(f'<staticView name="static" path="{shop}:static"/>'), introspection=False)
    assert config.introspector.get_category("static views") is None
    assert browser(config).get("/static/app.css").text == "a{}"


INI = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "examples", "pyramid_app", "app.ini")


def test_proutes_lists_the_static_views_of_the_example(capsys):
    pytest.importorskip("pyramid_jinja2")
    from pyramid.scripts.proutes import PRoutesCommand

    PRoutesCommand(["proutes", INI]).run()
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:] if line]
    assert [row[:3] for row in rows] == [
        ["home", "/", "pyramid_app.views.home"],
        ["assets:static", "/static", "pyramid_app:static"],
        ["assets:static/", "/static/*subpath", "pyramid_app:static"],
        ["assets:private", "/private", "pyramid_app:private"],
        ["assets:private/", "/private/*subpath", "pyramid_app:private"],
        ["assets:robots.txt", "/robots.txt", "pyramid_app:static/robots.txt"],
    ]


def test_pviews_shows_the_view_and_its_permission(capsys):
    pytest.importorskip("pyramid_jinja2")
    from pyramid.scripts.pviews import PViewsCommand

    PViewsCommand(["pviews", INI, "/private/report.txt"]).run()
    shown = capsys.readouterr().out
    assert "<staticView 'private' of 'pyramid_app:private'>" in shown
    assert "required permission = manage" in shown


# The example.


@pytest.mark.parametrize("assets, footer, logo", [
    ("configure.zcml", "The plain shop", "plain"),
    ("pyramid_theme:configure.zcml", "The green shop", "green"),
])  # fmt: skip
def test_the_example_application_wears_the_theme_that_its_settings_name(assets, footer, logo):
    pytest.importorskip("pyramid_jinja2")
    from pyramid_app import main

    app = TestApp(main(assets=assets))
    page = app.get("/")
    assert footer in page.text
    picture = app.get(page.html.img["src"])
    assert f"<title>{logo}</title>" in picture.text
    assert picture.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert app.get(page.html.link["href"]).content_type == "text/css"
    assert app.get("/private/report.txt", status=403).text == "Ask an admin."
    assert app.get("/private/report.txt", headers={"X-User": "admin"}).text == "all the numbers\n"
    assert app.get("/static/none", status=404).text == "There is no /static/none."
