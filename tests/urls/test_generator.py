"""The URL of an asset: static views, options, cache busters, what is remembered. Pyramid judges where it can."""

import functools
import os
import time
from types import MappingProxyType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from url_site import Site, environ, pyramid_request, site_of
from zope.interface.verify import verifyObject

from assetzcml.errors import InvalidSpec, NotPublished
from assetzcml.interfaces import IURLGenerator
from assetzcml.records.assets import asset_spec
from assetzcml.resolving.resolver import Resolver
from assetzcml.urls.cachebusters import (
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringCacheBuster,
    QueryStringConstantCacheBuster,
)
from assetzcml.urls.generator import URLGenerator
from assetzcml.urls.lookup import Lookup
from assetzcml.urls.versions import AssetVersion
from tables import over


@pytest.fixture
def later(monkeypatch):
    """A function that lets some seconds pass."""
    real_clock = time.monotonic
    ahead = 0.0

    def clock():
        return real_clock() + ahead

    def wait(seconds):
        nonlocal ahead
        ahead += seconds

    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr("assetzcml.urls.generator.monotonic", clock)
    return wait


@pytest.fixture
def request_():
    return environ()


def test_the_components_keep_their_interfaces():
    site = Site()
    assert verifyObject(IURLGenerator, site.getUtility(IURLGenerator))


# Which static view

VIEWS = [
    ("static", "shop:static"),
    ("css", "shop:static/css"),
    ("all", "shop:"),
    ("abs", "/srv/files"),
    ("", "front:public"),
    ("a/b", "deep:x"),
    ("https://cdn.example.com/img", "shop:static/img"),
    ("https://cdn.example.com", "cdn:top"),
    ("//cdn.example.org/x", "relative:x"),
    ("mit leer/ü", "spaced:x"),
]


@over(
    "spec, path",
    [
        ("shop:static/app.js", "/static/app.js"),
        ("shop:static/css/a.css", "/css/a.css"),  # the longest root
        ("shop:static/css", "/css/"),  # the root itself
        ("shop:static/css/", "/css/"),
        ("shop:static2/app.js", "/all/static2/app.js"),  # 'under' is a question about segments
        ("shop:static/css2/a.css", "/static/css2/a.css"),
        ("shop:other.js", "/all/other.js"),
        ("shop:", "/all/"),
        ("/srv/files/a.pdf", "/abs/a.pdf"),
        ("/srv//files/./a.pdf", "/abs/a.pdf"),
        ("front:public/robots.txt", "/robots.txt"),
        ("front:public", "/"),
        ("front:public/dir/", "/dir/"),
        ("deep:x/y", "/a/b/y"),
        ("shop:static//app.js", "/static/app.js"),
        ("shop:static/dir/", "/static/dir/"),  # a trailing slash stays, none is added
        ("shop:static/dir", "/static/dir"),
        ("shop:static/a b.css", "/static/a%20b.css"),
        ("shop:static/logo@2x.png", "/static/logo@2x.png"),
        ("shop:static/a:b.css", "/static/a:b.css"),
        ("shop:static/100%.css", "/static/100%25.css"),
        ("shop:static/what?.css", "/static/what%3F.css"),
        ("shop:static/a#b.css", "/static/a%23b.css"),
        ("shop:static/ü.css", "/static/%C3%BC.css"),
        ("spaced:x/a", "/mit%20leer/%C3%BC/a"),
        ("shop:static/img/l.png", "https://cdn.example.com/img/l.png"),
        ("shop:static/img", "https://cdn.example.com/img/"),
        ("shop:static/img/a b:c.png", "https://cdn.example.com/img/a%20b%3Ac.png"),  # concatenated, never urljoin()ed
        ("cdn:top//http://x", "https://cdn.example.com/http%3A/x"),
        ("cdn:top/a", "https://cdn.example.com/a"),
        ("relative:x/a", "//cdn.example.org/x/a"),
    ],
)
def test_the_longest_root_publishes_an_asset(spec, path):
    site = site_of(VIEWS)
    assert site.static_path(spec) == path
    assert site.static_path(spec) == path  # remembered


def test_a_spec_that_is_parsed_already_is_as_good_as_its_text():
    site = site_of(VIEWS)
    for text in ("shop:static/app.js", "shop:static", "/srv/files/a.pdf"):
        assert site.static_path(asset_spec(text)) == site.static_path(text)


def test_of_equal_roots_the_latest_call_wins_then_the_stronger():
    site = Site()
    site.view("old", "shop:static", generation=1)
    site.view("weak", "shop:static", generation=2, rank=((1, 0),))
    site.view("strong", "shop:static", generation=2, rank=((0, 0),))
    assert site.static_path("shop:static/a.css") == "/strong/a.css"
    site.view("https://cdn.example.com", "shop:static", generation=3)
    assert site.static_path("shop:static/a.css") == "https://cdn.example.com/a.css"


def test_a_static_file_is_a_root_of_one_asset():
    site = site_of([("static", "shop:static")])
    site.view("favicon.ico", "shop:static/favicon.ico", file=True)
    assert site.static_path("shop:static/favicon.ico") == "/favicon.ico"
    assert site.static_path("shop:static/favicon.ico/") == "/favicon.ico"
    assert site.static_path("shop:static/favicon.ico/x") == "/static/favicon.ico/x"


@pytest.mark.parametrize("names", [("file", "directory"), ("directory", "file")])
def test_a_file_and_a_directory_of_one_root_are_equal_roots(names):
    site = Site()
    for name in names:
        site.view(name, "shop:static/x", file=name == "file")
    assert site.static_path("shop:static/x") == {"file": "/file", "directory": "/directory/"}[names[1]]


def test_an_unpublished_spec_is_an_error_that_names_the_nearest_roots():
    site = site_of([("s", "shop:static"), ("i", "shop:images"), ("t", "theme:static"), ("c", "shop:static/css")])
    with pytest.raises(NotPublished) as caught:
        site.static_path("shop:statc/a.css")
    assert str(caught.value) == (
        "no static view publishes 'shop:statc/a.css'; the nearest published roots are "
        "'shop:static/css/' (staticView 'c'), 'shop:static/' (staticView 's'), "
        "'shop:images/' (staticView 'i') and 1 more; publish it: <staticView name=\"statc\" path=\"shop:statc\"/>"
    )
    assert isinstance(caught.value, ValueError)
    with pytest.raises(NotPublished, match="nothing is published"):
        Site().static_path("shop:a.css")


def test_an_asset_that_was_not_published_is_as_soon_as_it_is():
    site = Site()
    with pytest.raises(NotPublished):
        site.static_path("shop:static/a.css")
    site.view("static", "shop:static")
    assert site.static_path("shop:static/a.css") == "/static/a.css"


@pytest.mark.parametrize("spec", ["static/a.css", ".sub:a.css", "", "shop:../a.css", "shop:a\\b", ":a.css", None, 7])
def test_a_bad_or_relative_spec_is_refused(spec):
    with pytest.raises(InvalidSpec):
        site_of(VIEWS).static_path(spec)


# Where the application is


class Wrapper:
    """A request of any framework that has an environ."""

    def __init__(self, environ):
        self.environ = environ


def webob_request(environ):
    from webob import Request

    return Request(environ)


@pytest.mark.parametrize("make", [dict, Wrapper, webob_request])
@pytest.mark.parametrize(
    ("options", "path", "url"),
    [
        ({}, "/s/a.css", "http://example.com/s/a.css"),
        ({"script_name": "/shop"}, "/shop/s/a.css", "http://example.com/shop/s/a.css"),
        ({"script_name": "/shop/"}, "/shop/s/a.css", "http://example.com/shop/s/a.css"),
        ({"script_name": "/a b"}, "/a%20b/s/a.css", "http://example.com/a%20b/s/a.css"),
        ({"script_name": "/\xc3\xbc"}, "/%C3%BC/s/a.css", "http://example.com/%C3%BC/s/a.css"),
        ({"script_name": "//evil.example"}, "/evil.example/s/a.css", "http://example.com/evil.example/s/a.css"),
        ({"host": "example.com:8080"}, "/s/a.css", "http://example.com:8080/s/a.css"),
        ({"host": "example.com:80"}, "/s/a.css", "http://example.com/s/a.css"),
        ({"host": "example.com:443", "scheme": "https"}, "/s/a.css", "https://example.com/s/a.css"),
        ({"host": "[::1]:8080"}, "/s/a.css", "http://[::1]:8080/s/a.css"),
        ({"host": "[::1]"}, "/s/a.css", "http://[::1]/s/a.css"),
    ],
)
def test_a_request_says_where_the_application_is(make, options, path, url):
    site = site_of([("s", "shop:static")])
    request = make(environ(**options))
    assert site.static_path("shop:static/a.css", request) == path
    assert site.static_path("shop:static/a.css", request) == path
    assert site.static_url("shop:static/a.css", request) == url


def test_without_a_host_header_the_server_says_it():
    request = environ(port="8080")
    del request["HTTP_HOST"]
    assert site_of([("s", "shop:static")]).static_url("shop:static/a", request) == "http://localhost:8080/s/a"


def test_a_host_header_brings_nothing_into_html():
    request = environ(host='x"><script>')
    assert site_of([("s", "shop:static")]).static_url("shop:static/a", request) == "http://x%22%3E%3Cscript%3E/s/a"


def test_a_request_that_knows_its_own_application_url_is_asked():
    from webob import Request

    class Proxied(Request):
        @property
        def application_url(self):
            return "https://front.example/shop/"

    class Dummy:  # as pyramid.testing.DummyRequest
        environ = MappingProxyType({})
        script_name = "/dümmy"
        application_url = "http://dummy.example"

    site = site_of([("s", "shop:static")])
    assert site.static_url("shop:static/a", Proxied(environ())) == "https://front.example/shop/s/a"
    assert site.static_url("shop:static/a", Dummy()) == "http://dummy.example/s/a"
    assert site.static_path("shop:static/a", Dummy()) == "/d%C3%BCmmy/s/a"


@pytest.mark.parametrize(
    ("setting", "app_url", "path", "url"),
    [
        ("https://example.com", None, "/s/a", "https://example.com/s/a"),
        ("https://example.com/shop/", None, "/shop/s/a", "https://example.com/shop/s/a"),
        ("https://example.com/shop", "http://other.example/x", "/x/s/a", "http://other.example/x/s/a"),
        (None, "http://other.example", "/s/a", "http://other.example/s/a"),
        (None, "/x", "/x/s/a", "/x/s/a"),
        (None, "/", "/s/a", "/s/a"),  # never '//s/a', which is another host
        (None, "", "/s/a", "/s/a"),
        ("https://example.com/shop", "", "/s/a", "/s/a"),
    ],
)
def test_without_a_request_app_url_or_the_setting_says_where_the_application_is(setting, app_url, path, url):
    site = site_of([("s", "shop:static")])
    site.settings["application_url"] = setting
    for _ in range(2):
        assert site.static_path("shop:static/a", _app_url=app_url) == path
        assert site.static_url("shop:static/a", _app_url=app_url) == url


def test_without_any_of_them_a_url_is_an_error_that_names_them_and_a_path_is_not():
    site = site_of([("s", "shop:static"), ("https://cdn.example.com", "shop:img")])
    with pytest.raises(ValueError, match="a request, _app_url, or the setting 'application_url'"):
        site.static_url("shop:static/a")
    assert site.static_path("shop:static/a") == "/s/a"
    assert site.static_url("shop:img/a") == "https://cdn.example.com/a"


def test_the_setting_works_as_soon_as_it_is_changed():
    site = site_of([("s", "shop:static")])
    assert site.static_path("shop:static/a") == "/s/a"
    site.settings["application_url"] = "https://example.com/x"
    assert site.static_path("shop:static/a") == "/x/s/a"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"_scheme": "http"}, "http://example.com/shop/s/a"),
        ({"_host": "other.example"}, "https://other.example:8443/shop/s/a"),
        ({"_host": "other.example:81"}, "https://other.example:81/shop/s/a"),
        ({"_port": 9}, "https://example.com:9/shop/s/a"),
    ],
)
def test_parts_of_the_setting_can_be_replaced(options, url):
    site = site_of([("s", "shop:static")], application_url="https://example.com:8443/shop")
    assert site.static_url("shop:static/a", **options) == url


@pytest.mark.parametrize("options", [{}, {"_scheme": "ftp"}, {"_host": "h"}, {"_port": 1}, {"_app_url": "http://x"}])
def test_an_external_name_is_whole_whatever_the_request_says(options, request_):
    site = site_of(VIEWS)
    for method in (site.static_url, site.static_path):
        for request in (None, request_, environ(script_name="/shop")):
            assert method("shop:static/img/l.png", request, **options) == "https://cdn.example.com/img/l.png"
            assert method("shop:static/img/l.png", request, **options) == "https://cdn.example.com/img/l.png"


def test_a_protocol_relative_name_takes_the_scheme_of_the_request():
    site = site_of([("//cdn.example.com", "shop:static")])
    for method in (site.static_url, site.static_path):
        assert method("shop:static/a", environ(scheme="https")) == "https://cdn.example.com/a"
        assert method("shop:static/a", environ()) == "http://cdn.example.com/a"
        assert method("shop:static/a") == "//cdn.example.com/a"


def test_the_host_of_an_external_name_is_ascii_in_the_url():
    assert (
        site_of([("https://bücher.example:8/ü", "a:x")]).static_path("a:x/1")
        == "https://xn--bcher-kva.example:8/%C3%BC/1"
    )


# Options, as Pyramid understands them

OPTIONS = [
    {},
    {"_query": {"a": "1"}},
    {"_query": {"a": ["1", "2"], "b": None, "c d": "e/f&g"}},
    {"_query": [("a", 1), ("a", 2.5), (b"\xc3\xbc", ["b", 1])]},
    {"_query": (("a", ("x", "y")),)},
    {"_query": [("a", ["1", None])]},
    {"_query": {"a": []}},
    {"_query": "free text/?&ü%"},
    {"_query": ""},
    {"_query": None},
    {"_query": {}},
    {"_anchor": "top"},
    {"_anchor": "ü#?/ %"},
    {"_anchor": ""},
    {"_anchor": 7},
    {"_query": {"q": "1"}, "_anchor": "a"},
    {"_scheme": "https"},
    {"_scheme": "http"},
    {"_scheme": "ftp"},
    {"_host": "other.example"},
    {"_host": "other.example:81"},
    {"_port": 81},
    {"_port": "80"},
    {"_scheme": "https", "_port": 80},
    {"_scheme": "https", "_host": "other.example:81"},
    {"_host": "other.example", "_port": 9},
    {"_host": "other.example:1", "_port": 9},
    {"_scheme": "https", "_host": "o.example", "_port": 443},
    {"_app_url": "https://app.example/x"},
    {"_app_url": "/x"},
    {"_app_url": "", "_scheme": "https"},
]


@pytest.mark.parametrize(
    "where", [{}, {"script_name": "/shop"}, {"host": "h:81", "scheme": "https", "port": "81"}], ids=repr
)
@over("options", OPTIONS, ids=repr)
def test_the_options_mean_what_they_mean_in_pyramid(options, where):
    pytest.importorskip("pyramid")
    views = [("static", "email:static"), ("https://cdn.example.com/x", "email:img"), ("//cdn.example.com", "email:rel")]
    request = pyramid_request(views, **where)
    site = site_of(views)
    for spec in ("email:static/a b@2.css", "email:static/", "email:img/a.png", "email:rel/a.png"):
        assert site.static_url(spec, request, **options) == request.static_url(spec, **options)
        assert site.static_path(spec, request, **options) == request.static_path(spec, **options)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
# An empty list is left out: Pyramid writes a '&' for it that separates nothing.
PARAMETERS = st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS | st.lists(st.integers(), min_size=1))


@functools.cache
def plain_site():
    """The same static views for Pyramid and for us; made once, since hypothesis asks often."""
    pytest.importorskip("pyramid")
    return pyramid_request([("s", "email:s")]), site_of([("s", "email:s"), ("", "email:root")])


@given(PARAMETERS, TEXTS)
def test_any_query_and_anchor_is_encoded_as_by_pyramid(parameters, anchor):
    request, site = plain_site()
    for query in (parameters, list(parameters.items()), anchor):
        options = {"_query": query, "_anchor": anchor}
        assert site.static_path("email:s/a", request, **options) == request.static_path("email:s/a", **options)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1), min_size=1))
def test_any_path_is_quoted_as_by_pyramid_and_never_names_a_host(segments):
    assume(not {".", ".."} & set(segments))
    request, site = plain_site()
    path = "/".join(segments)
    assert site.static_path(f"email:s/{path}", request) == request.static_path(f"email:s/{path}")
    assert not site.static_path(f"email:root/{path}", request).startswith("//")


def test_bytes_are_a_text_and_not_the_numbers_of_their_bytes():
    site = site_of([("s", "shop:s")], busters=[("shop:s", QueryStringConstantCacheBuster("v é".encode()))])
    assert site.static_path("shop:s/a", _query={"b": "é".encode()}) == "/s/a?b=%C3%A9&x=v+%C3%A9"


def test_what_the_caller_gives_is_never_changed(request_):
    query = {"a": ["1"]}
    pairs = [("a", "1")]
    site = site_of([("s", "shop:s")], busters=[("shop:s", Greedy())])
    for given_query in (query, pairs):
        site.static_url("shop:s/a", request_, _query=given_query)
    assert query == {"a": ["1"]}
    assert pairs == [("a", "1")]
    assert request_ == environ()


class Greedy:
    """A cache buster that changes whatever it gets."""

    def __call__(self, request, subpath, kw):
        query = kw["_query"]
        if isinstance(query, dict):
            query["a"].append("greedy")
            query["x"] = "1"
        kw.clear()
        return subpath, kw


def test_a_multidict_is_a_query_of_all_its_pairs():
    from webob.multidict import MultiDict

    site = site_of([("s", "shop:s")], busters=[("shop:s", QueryStringConstantCacheBuster("v"))])
    query = MultiDict([("a", "1"), ("a", "2")])
    assert site.static_path("shop:s/a", _query=query) == "/s/a?a=1&a=2&x=v"
    assert list(query.items()) == [("a", "1"), ("a", "2")]


# Which cache buster


class Recorder:
    """Notes what it is called with, and marks the URL."""

    def __init__(self, mark):
        self.mark = mark
        self.calls = []

    def __call__(self, request, subpath, kw):
        self.calls.append((request, subpath, dict(kw)))
        return f"{subpath}-{self.mark}", kw


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        ("static/a", "/s/a-static"),
        ("static/css/a", "/s/css/a-css"),
        ("static/css2/a", "/s/css2/a-static"),
        ("static/css/a.css", "/s/css/a.css-file"),
        ("other/a", "/o/a-package"),
    ],
)
def test_the_most_specific_path_wins_by_segments(package, asked, url):
    name = package({"static/a": ""})
    site = site_of([("s", f"{name}:static"), ("o", f"{name}:other")])
    for path, mark in (("", "package"), ("static/css", "css"), ("static/css/a.css", "file"), ("static", "static")):
        site.bust(f"{name}:{path}", Recorder(mark))
    assert site.static_path(f"{name}:{asked}") == url


def test_a_cache_buster_is_told_what_was_asked_for_and_what_is_served(package, request_):
    shop = package({"static/css/a.css": "", "static/b.css": ""})
    theme = package({"skin/a.css": ""})
    recorder = Recorder("x")
    site = site_of(
        [("s", f"{shop}:static")], [(f"{shop}:static/css/", f"{theme}:skin/")], [(f"{shop}:static", recorder)]
    )
    for path in ("css/a.css", "b.css", "css/", "missing.css"):
        site.static_url(f"{shop}:static/{path}", request_)
    site.static_path(f"{shop}:static/b.css", _query={"q": "1"}, _anchor="top")
    assert recorder.calls == [
        (request_, "css/a.css", {"pathspec": f"{shop}:static/css/a.css", "rawspec": f"{theme}:skin/a.css"}),
        (request_, "b.css", {"pathspec": f"{shop}:static/b.css", "rawspec": f"{shop}:static/b.css"}),
        (request_, "css/", {"pathspec": f"{shop}:static/css/", "rawspec": f"{theme}:skin/"}),
        (request_, "missing.css", {"pathspec": f"{shop}:static/missing.css", "rawspec": f"{shop}:static/missing.css"}),
        (
            None,
            "b.css",
            {
                "pathspec": f"{shop}:static/b.css",
                "rawspec": f"{shop}:static/b.css",
                "_app_url": "",
                "_query": {"q": "1"},
                "_anchor": "top",
            },
        ),
    ]


def test_the_buster_of_others_is_called_at_every_url():
    recorder = Recorder("x")
    site = site_of([("s", "email:s")], busters=[("email:s", recorder)])
    for _ in range(3):
        assert site.static_path("email:s/a") == "/s/a-x"
    assert len(recorder.calls) == 3


def test_an_explicit_buster_goes_before_all_others_and_follows_chains(package):
    shop, theme, brand = package({"s/a": "", "s/b": ""}), package({"t/a": ""}), package({"u/a": ""})
    overrides = [(f"{theme}:t/", f"{brand}:u/"), (f"{shop}:s/", f"{theme}:t/")]
    busters = [
        (f"{shop}:s/a", Recorder("specific")),
        (f"{brand}:", Recorder("brand"), True),
        (f"{theme}:t", Recorder("theme"), True),
    ]
    site = site_of([("s", f"{shop}:s")], overrides, busters)
    assert site.static_path(f"{shop}:s/a") == "/s/a-brand"
    assert site.static_path(f"{shop}:s/b") == "/s/b"


def test_prevention_is_read_at_every_url_and_turns_every_buster_off(package):
    name = package({"d/a": "d", "m/a": "", "q/a": "", "p/a": "", "m.json": '{"a": "a-1"}'})
    site = site_of(
        [(part, f"{name}:{part}") for part in "dmqp"],
        busters=[
            (f"{name}:d", DigestCacheBuster()),
            (f"{name}:m", ManifestCacheBuster(f"{name}:m.json")),
            (f"{name}:q", QueryStringConstantCacheBuster("1")),
            (f"{name}:p", Recorder("1")),
        ],
    )

    def urls():
        return [site.static_path(f"{name}:{part}/a") for part in "dmqp"]

    busted = urls()
    assert busted == ["/d/a-18ac3e7343f0", "/m/a-1", "/q/a?x=1", "/p/a-1"]
    plain = ["/d/a", "/m/a", "/q/a", "/p/a"]
    for value, expected in (
        (True, plain),
        ("no", busted),
        ("yes", plain),
        ("true", plain),
        ("0", busted),
        (False, busted),
    ):
        site.settings["prevent_cachebust"] = value
        assert urls() == expected
        assert urls() == expected
    del site.settings["prevent_cachebust"]
    assert urls() == busted


def test_a_static_file_keeps_its_name_and_only_queries_are_added(package):
    name = package({"s/f": "f", "m.json": '{"g": "g-1"}'})
    for buster, url in (
        (DigestCacheBuster(missing="error"), "/f"),
        (ManifestCacheBuster(f"{name}:m.json", missing="error"), "/f"),
        (QueryStringConstantCacheBuster("1"), "/f?x=1"),
        (Recorder("1"), "/f"),
    ):
        site = site_of([("s", f"{name}:s")], busters=[(f"{name}:s", buster)])
        site.view("f", f"{name}:s/f", file=True)
        assert site.static_path(f"{name}:s/f") == url
    assert buster.calls[0][1] == "f"


@pytest.mark.parametrize(
    ("returned", "url"),
    [
        ("/a.css", "/a.css"),
        ("//evil.example/a.css", "/evil.example/a.css"),
        ("\\\\evil.example", "/%5C%5Cevil.example"),
        ("a b?c#d", "/a%20b%3Fc%23d"),
        ("../a.css", "/../a.css"),
        ("", "/"),
    ],
)
def test_what_a_buster_returns_is_quoted_and_never_names_another_host(returned, url):
    site = site_of([("", "email:s")], busters=[("email:s", lambda request, subpath, kw: (returned, kw))])
    assert site.static_path("email:s/a") == url


@pytest.mark.parametrize("answer", [None, "a.css", ("a.css",), (b"a.css", {}), ("a", {}, 1)])
def test_a_buster_that_does_not_keep_the_protocol_is_an_error_that_names_it(answer):
    site = site_of([("s", "email:s")], busters=[("email:s", lambda request, subpath, kw: answer)])
    with pytest.raises(TypeError, match=r"cacheBuster 'email:s', returned .*\(subpath, kw\) was expected"):
        site.static_path("email:s/a")


def test_a_root_in_a_package_that_is_not_installed_still_has_external_urls():
    site = site_of([("https://cdn.example.com", "nowhere:s")], busters=[("nowhere:s", Recorder("1"))])
    assert site.static_path("nowhere:s/a") == "https://cdn.example.com/a-1"


# What is remembered, and for how long


def served(package, content="one"):
    name = package({"s/a.css": content})
    return name, package.directory / name / "s" / "a.css"


def test_a_changed_file_has_another_url_within_a_second_and_not_a_stat_before(package, later, monkeypatch):
    name, path = served(package)
    site = site_of([("s", f"{name}:s")], busters=[(f"{name}:s", DigestCacheBuster())])
    stats = []
    stat = os.stat
    monkeypatch.setattr(
        os, "stat", lambda *arguments, **options: stats.append(arguments) or stat(*arguments, **options)
    )
    before = site.static_path(f"{name}:s/a.css")
    looked = len(stats)
    path.write_text("two")
    assert site.static_path(f"{name}:s/a.css") == before
    assert len(stats) == looked
    later(1.01)
    after = site.static_path(f"{name}:s/a.css")
    assert after != before
    path.write_text("six")  # as long, perhaps in the same tick of the file system's clock
    later(1.01)
    assert site.static_path(f"{name}:s/a.css") not in (before, after)


def test_the_second_begins_when_the_file_was_looked_at(package, later):
    name, path = served(package)
    site = site_of([("s", f"{name}:s")], busters=[(f"{name}:s", DigestCacheBuster())])
    site.part(Resolver).resolve(f"{name}:s/a.css").exists()
    later(0.9)
    before = site.static_path(f"{name}:s/a.css")  # of what is known since then
    path.write_text("two")
    later(0.2)
    assert site.static_path(f"{name}:s/a.css") != before


@pytest.mark.parametrize("how", ["setting", "view"])
def test_with_reload_a_changed_file_has_another_url_at_once(package, how):
    name, path = served(package)
    site = Site(reload="true" if how == "setting" else "false")
    site.view("s", f"{name}:s", reload=True if how == "view" else None)
    site.bust(f"{name}:s", DigestCacheBuster())
    os.utime(path, (99, 99))
    urls = {site.static_path(f"{name}:s/a.css")}
    for day, content in enumerate(("two", "six", "ten")):
        path.write_text(content)
        os.utime(path, (day, day))  # long ago, as installers have it
        urls.add(site.static_path(f"{name}:s/a.css"))
    assert len(urls) == 4


def test_a_file_that_appears_has_its_digest_at_once(package):
    name, path = served(package)
    path.unlink()
    site = site_of([("s", f"{name}:s")], busters=[(f"{name}:s", DigestCacheBuster())])
    assert site.static_path(f"{name}:s/a.css") == "/s/a.css"
    path.write_text("one")
    assert site.static_path(f"{name}:s/a.css") == "/s/a-7692c3ad3540.css"


def test_a_file_that_appears_in_a_stronger_layer_has_its_busters_within_a_second(package, later):
    shop, theme = package({"s/a": ""}), package({"t/b": ""})
    site = site_of(
        [("s", f"{shop}:s")],
        [(f"{shop}:s/", f"{theme}:t/")],
        [(f"{theme}:t", QueryStringConstantCacheBuster("theme"), True)],
    )
    assert site.static_path(f"{shop}:s/a") == "/s/a"
    (package.directory / theme / "t" / "a").write_text("")
    later(1.01)
    assert site.static_path(f"{shop}:s/a") == "/s/a?x=theme"


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr("assetzcml.urls.generator.CACHED_URLS", 3)
    monkeypatch.setattr("assetzcml.urls.lookup.CACHED_URLS", 3)
    site = site_of([("s", "email:s")])
    for number in range(20):
        assert site.static_path(f"email:s/{number}") == f"/s/{number}"
        assert len(site.snapshot.paths) <= 3


def test_urls_with_a_query_are_not_remembered():
    site = site_of([("s", "email:s")])
    for number in range(20):
        assert site.static_path("email:s/a", _query={"n": number}) == f"/s/a?n={number}"
    assert site.snapshot.paths == {}


def test_an_extender_replaces_the_url_policy_by_registering_another(request_):
    class Elsewhere(URLGenerator):
        def static_path(self, spec, request=None, **options):
            return "/elsewhere"

    site = site_of([("s", "email:s")])
    assert site.static_path("email:s/a", request_) == "/s/a"
    site.registerUtility(Elsewhere(site), IURLGenerator)
    assert site.static_path("email:s/a", request_) == "/elsewhere"


# From the requested name back to the asset


def test_the_name_with_the_current_digest_is_the_current_version(package):
    name, path = served(package)
    site = Site(reload=True)
    view = site.view("s", f"{name}:s")
    site.bust(f"{name}:s", DigestCacheBuster())
    busted = site.static_path(f"{name}:s/a.css").removeprefix("/s/")
    spec = asset_spec(f"{name}:s/a.css")
    assert site.version(view, busted) == AssetVersion(spec, True, "7692c3ad3540", "current")
    assert site.version(view, "a-000000000000.css") == AssetVersion(spec, False, "000000000000", "current")
    path.write_text("two")
    assert site.version(view, busted) == AssetVersion(spec, False, "7692c3ad3540", "current")


@pytest.mark.parametrize(
    "path",
    ["a.css", "b-7692c3ad3540.css", "a-7692c3ad3540", "a-7692C3AD3540.css", "d-7692c3ad3540", "x/a-7692c3ad3540.css"],
)
def test_other_names_are_no_version(package, path):
    name = package({"s/a.css": "one", "s/d/x": ""})
    site = Site()
    view = site.view("s", f"{name}:s")
    site.bust(f"{name}:s", DigestCacheBuster())
    assert site.version(view, path) is None


def test_a_digest_counts_only_where_the_digest_buster_is_in_force(package):
    shop, theme = package({"s/a.css": "one", "s/css/a.css": "one"}), package({"t/a.css": "two"})
    site = site_of([], [(f"{shop}:s/css/", f"{theme}:t/")])
    view = site.view("s", f"{shop}:s")
    assert site.version(view, "a-7692c3ad3540.css") is None
    site.bust(f"{shop}:s", DigestCacheBuster())
    assert site.version(view, "a-7692c3ad3540.css").current
    site.bust(f"{shop}:s", QueryStringConstantCacheBuster("1"))
    assert site.version(view, "a-7692c3ad3540.css") is None
    site.bust(f"{theme}:", DigestCacheBuster(), explicit=True)
    assert site.version(view, "a-7692c3ad3540.css") is None
    busted = site.static_path(f"{shop}:s/css/a.css").removeprefix("/s/")
    assert site.version(view, busted).current  # of the theme's bytes


def test_a_value_of_the_manifest_in_force_is_a_current_version(package):
    name = package({"s/css/a-1.css": "", "m.json": '{"css/a.css": "css/a-1.css"}'})
    site = Site()
    outer, inner = site.view("s", f"{name}:s"), site.view("css", f"{name}:s/css")
    site.bust(f"{name}:s", ManifestCacheBuster(f"{name}:m.json"))
    assert site.version(outer, "css/a-1.css") == AssetVersion(asset_spec(f"{name}:s/css/a-1.css"), True)
    assert site.version(inner, "a-1.css") == AssetVersion(asset_spec(f"{name}:s/css/a-1.css"), True)
    assert site.version(outer, "css/a.css") is None
    assert site.version(outer, "a-1.css") is None


def test_a_value_of_an_explicit_manifest_is_a_version_where_it_comes_from(package):
    shop = package({"s/css/a.css": "", "s/l-1.css": "", "s/logo.png": ""})
    theme = package(
        {
            "t/a.css": "",
            "t/a-1.css": "",
            "u/logo.png": "",
            "u/logo-1.png": "",
            "m.json": '{"a.css": "a-1.css"}',
            "n.json": '{"logo.png": "logo-1.png"}',
        }
    )
    site = site_of([], [(f"{shop}:s/css/", f"{theme}:t/"), (f"{shop}:s/logo.png", f"{theme}:u/logo.png")])
    view = site.view("s", f"{shop}:s")
    site.bust(f"{theme}:t", ManifestCacheBuster(f"{theme}:m.json"), explicit=True)
    site.bust(f"{theme}:u", ManifestCacheBuster(f"{theme}:n.json"), explicit=True)
    assert site.version(view, "css/a-1.css") == AssetVersion(asset_spec(f"{shop}:s/css/a-1.css"), True)
    assert site.version(view, "l-1.css") is None
    # Only the file is overridden: no override leads from 's/logo-1.png' to the theme's, the manifest does.
    assert site.static_path(f"{shop}:s/logo.png") == "/s/logo-1.png"
    assert site.version(view, "logo-1.png") == AssetVersion(asset_spec(f"{theme}:u/logo-1.png"), True)


def test_an_explicit_manifest_renames_nothing_that_comes_from_elsewhere(package):
    shop = package({"s/logo.png": ""})
    theme = package({"u/logo.png": "", "u/logo-1.png": "", "n.json": '{"logo.png": "logo-1.png"}'})
    site = Site()
    view = site.view("s", f"{shop}:s")
    site.bust(f"{theme}:u", ManifestCacheBuster(f"{theme}:n.json"), explicit=True)
    assert site.version(view, "logo-1.png") is None


# The examples of Pyramid's chapter on static assets, word for word: its classes, and ours, with the same results


class JustConstantCacheBuster(QueryStringCacheBuster):
    """`tokenize(request, subpath, kw)`, as in 'Customizing the Cache Buster'."""

    def __init__(self, token):
        super().__init__(param="x")
        self.token = token

    def tokenize(self, request, subpath, kw):
        return self.token


class GitCacheBuster(QueryStringCacheBuster):
    """`GitCacheBuster` of the chapter, `tokenize(pathspec)` as its documentation had it for years, without git."""

    def __init__(self, param="x", repo_path=None):
        super().__init__(param=param)
        self.sha1 = "5f3d9b0c"

    def tokenize(self, pathspec):
        return self.sha1


class PathDigestCacheBuster:
    """A buster that puts a token before the path: another structure of URLs."""

    def __call__(self, request, subpath, kw):
        return f"{len(kw['rawspec'].partition(':')[2])}/{subpath}", kw


def both(
    package, make_overrides=lambda shop, theme: (), make_busters=lambda shop, theme, static: (), specs=(), **where
):
    """The URLs of Pyramid and ours for the same configuration."""
    pytest.importorskip("pyramid")
    shop = package(
        {
            "static/js/main.js": "",
            "static/background.png": "",
            "static/css/main.css": "",
            "static/m.json": '{"js/main.js": "js/main-678b7c80.js"}',
        }
    )
    theme = package(
        {
            "static/background.png": "",
            "static/css/main.css": "",
            "static/m.json": '{"background.png": "background-a8169106.png"}',
        }
    )
    views = [("http://www.example.com/", f"{shop}:static/css"), ("static", f"{shop}:static")]  # Pyramid takes the first
    overrides = make_overrides(shop, theme)
    from pyramid import static

    import assetzcml.urls.cachebusters as ours

    request = pyramid_request(views, overrides, make_busters(shop, theme, static), **where)
    sites = [site_of(views, overrides, make_busters(shop, theme, kinds)) for kinds in (ours, static)]
    result = []
    for spec in specs:
        spec = spec.format(shop=shop, theme=theme)
        theirs = request.static_url(spec)
        assert [site.static_url(spec, request) for site in sites] == [theirs, theirs]
        result.append(theirs)
    return result


SPECS = ("{shop}:static/js/main.js", "{shop}:static/background.png", "{shop}:static/css/main.css", "{shop}:static/")


def test_the_chapter_s_query_string_token(package):
    def busters(shop, theme, kinds):
        return [(f"{shop}:static/", kinds.QueryStringConstantCacheBuster("1"))]

    assert both(package, make_busters=busters, specs=SPECS) == [
        "http://example.com/static/js/main.js?x=1",
        "http://example.com/static/background.png?x=1",
        "http://www.example.com/main.css?x=1",
        "http://example.com/static/?x=1",
    ]


def test_the_chapter_s_manifest(package):
    def busters(shop, theme, kinds):
        return [(f"{shop}:static/", kinds.ManifestCacheBuster(f"{shop}:static/m.json"))]

    assert both(package, make_busters=busters, specs=SPECS[:2]) == [
        "http://example.com/static/js/main-678b7c80.js",
        "http://example.com/static/background.png",
    ]


@pytest.mark.parametrize(
    "buster", [JustConstantCacheBuster("5f3d9b0c"), PathDigestCacheBuster()], ids=lambda buster: type(buster).__name__
)
def test_the_chapter_s_own_cache_busters(package, buster):
    def busters(shop, theme, kinds):
        return [(f"{shop}:static/", buster)]

    urls = both(package, make_busters=busters, specs=SPECS[:2])
    mounted = both(package, make_busters=busters, specs=SPECS[:2], script_name="/mounted")
    assert mounted == [url.replace("example.com/", "example.com/mounted/") for url in urls]


def test_the_chapter_s_git_buster_with_one_argument():
    site = site_of([("static", "email:static")], busters=[("email:static", GitCacheBuster())])
    assert site.static_path("email:static/js/main.js") == "/static/js/main.js?x=5f3d9b0c"


def test_the_chapter_s_overridden_asset_with_an_explicit_buster(package):
    def overrides(shop, theme):
        return [(f"{shop}:static/background.png", f"{theme}:static/background.png")]

    def busters(shop, theme, kinds):
        return [
            (f"{shop}:static/", kinds.QueryStringConstantCacheBuster("my")),
            (f"{theme}:static/", kinds.QueryStringConstantCacheBuster("theme"), True),
        ]

    assert both(package, overrides, busters, SPECS[:2]) == [
        "http://example.com/static/js/main.js?x=my",
        "http://example.com/static/background.png?x=theme",
    ]


def test_the_chapter_s_overridden_asset_with_an_explicit_manifest(package):
    def overrides(shop, theme):
        return [(f"{shop}:static/background.png", f"{theme}:static/background.png")]

    def busters(shop, theme, kinds):
        return [
            (f"{shop}:static/", kinds.ManifestCacheBuster(f"{shop}:static/m.json")),
            (f"{theme}:static/", kinds.ManifestCacheBuster(f"{theme}:static/m.json"), True),
        ]

    assert both(package, overrides, busters, SPECS[:2]) == [
        "http://example.com/static/js/main-678b7c80.js",
        "http://example.com/static/background-a8169106.png",
    ]


def test_the_longer_path_of_two_busters_wins_as_in_pyramid(package):
    def busters(shop, theme, kinds):
        return [
            (f"{shop}:static/js", kinds.QueryStringConstantCacheBuster("js")),
            (f"{shop}:static/", kinds.QueryStringConstantCacheBuster("all")),
        ]

    assert [url[-4:] for url in both(package, make_busters=busters, specs=SPECS[:2])] == ["x=js", "=all"]


def test_of_any_number_of_files_that_exist_a_bounded_number_is_remembered(package, monkeypatch):
    monkeypatch.setattr("assetzcml.urls.lookup.CACHED_URLS", 3)
    monkeypatch.setattr("assetzcml.urls.generator.CACHED_URLS", 3)
    name = package({f"s/{number}.css": "" for number in range(10)})
    site = site_of([("s", f"{name}:s")])
    for number in range(10):
        assert site.static_path(f"{name}:s/{number}.css") == f"/s/{number}.css"
        assert len(site.snapshot.derived(Lookup)._places) <= 3
        assert len(site.snapshot.paths) <= 3
