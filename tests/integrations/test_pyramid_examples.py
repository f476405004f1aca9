"""
The examples of Pyramid's chapter on static assets, each in three ways that have to agree: our ZCML in a registry of its
own, the same ZCML in a Pyramid application, and Pyramid alone with the calls its chapter shows.
"""

import importlib
from functools import partial

import pytest

pytest.importorskip("pyramid")

from pyramid.config import Configurator
from pyramid.request import Request as PyramidRequest
from pyramid.scripting import prepare
from pyramid.static import ManifestCacheBuster, QueryStringConstantCacheBuster
from webob import Request

from assetzcml import StaticApp, load_zcml
from documents import NAMESPACE, write_tree

BUSTERS = """
import os

class PathConstantCacheBuster:
    def __init__(self, mark):
        self.mark = mark

    def __call__(self, request, subpath, kw):
        base, ext = os.path.splitext(subpath)
        return base + self.mark + ext, kw
"""

FILES = {
    "some_package": {
        "a/b/c/static/foo.css": "foo",
        "a/b/c/static/deep/bar.css": "bar",
        "static/favicon.ico": "icon",
        "templates/mytemplate.pt": "mine",
        "templates/other.pt": "other",
        "static/manifest.json": '{"css/main.css": "css/main-678b7c80.css"}',
        "static/css/main.css": "plain",
        "static/css/main-678b7c80.css": "busted",
        "static/background.png": "dull",
        "empty/": None,
        "busters.py": BUSTERS,
    },
    "another_package": {
        "othertemplates/anothertemplate.pt": "another",
        "templates/mytemplate.pt": "anothers",
        "static/background.png": "bright",
        "static/extra.css": "extra",
        "static/manifest.json": '{"background.png": "background-a8169106.png"}',
    },
}

STATIC = "some_package:a/b/c/static"

# What is declared, then: an asset, its URL below http://example.com, and what is served there (None: by others).
EXAMPLES = {
    "a static view": (
        [("static", "static", STATIC)],
        [(f"{STATIC}/foo.css", "/static/foo.css", "foo"), (f"{STATIC}/deep/bar.css", "/static/deep/bar.css", "bar")],
    ),
    "a static view with a slash at the end": (
        [("static", "static/", f"{STATIC}/")],
        [(f"{STATIC}/foo.css", "/static/foo.css", "foo")],
    ),
    "a static view of an absolute path": (
        [("static", "static", "{tmp}/www/static")],
        [("{tmp}/www/static/w.css", "/static/w.css", "www")],
    ),
    "a static view in a deeper place": (
        [("static", "a/b/static", STATIC)],
        [(f"{STATIC}/foo.css", "/a/b/static/foo.css", "foo")],
    ),
    "an external URL": (
        [("static", "http://example.com/images", "some_package:static")],
        [("some_package:static/background.png", "http://example.com/images/background.png", None)],
    ),
    "an external URL without a scheme": (
        [("static", "//cdn.example.com/images", "some_package:static")],
        [("some_package:static/background.png", "http://cdn.example.com/images/background.png", None)],
    ),
    "two static views": (
        [("static", "static1", STATIC), ("static", "static2", "some_package:templates")],
        [(f"{STATIC}/foo.css", "/static1/foo.css", "foo"), ("some_package:templates/other.pt", "/static2/other.pt", "other")],
    ),
    "an override of a file": (
        [
            ("static", "t", "some_package:templates"),
            ("asset", "some_package:templates/mytemplate.pt", "another_package:othertemplates/anothertemplate.pt"),
        ],
        [
            ("some_package:templates/mytemplate.pt", "/t/mytemplate.pt", "another"),
            ("some_package:templates/other.pt", "/t/other.pt", "other"),
        ],
    ),
    "an override of a directory": (
        [
            ("static", "t", "some_package:templates"),
            ("asset", "some_package:templates/", "another_package:templates/"),
        ],
        [
            ("some_package:templates/mytemplate.pt", "/t/mytemplate.pt", "anothers"),
            ("some_package:templates/other.pt", "/t/other.pt", "other"),
        ],
    ),
    "an override of a whole package": (
        [("static", "t", "some_package:templates"), ("asset", "some_package", "another_package")],
        [
            ("some_package:templates/mytemplate.pt", "/t/mytemplate.pt", "anothers"),
            ("some_package:templates/other.pt", "/t/other.pt", "other"),
        ],
    ),
    "an override with an absolute path": (
        [("static", "static", "some_package:static"), ("asset", "some_package:static/", "{tmp}/www/static/")],
        [
            ("some_package:static/w.css", "/static/w.css", "www"),
            ("some_package:static/favicon.ico", "/static/favicon.ico", "icon"),
        ],
    ),
    "a directory that only an override fills": (
        [("static", "static", "some_package:empty"), ("asset", "some_package:empty/", "another_package:static/")],
        [("some_package:empty/extra.css", "/static/extra.css", "extra")],
    ),
    "two overrides that stack": (
        [
            ("static", "static", "some_package:static"),
            ("asset", "some_package:static/", "another_package:static/"),
            ("asset", "some_package:static/", "{tmp}/www/static/"),
        ],
        [
            ("some_package:static/w.css", "/static/w.css", "www"),
            ("some_package:static/background.png", "/static/background.png", "bright"),
            ("some_package:static/css/main.css", "/static/css/main.css", "plain"),
        ],
    ),
    "a constant token": (
        [("static", "static", STATIC), ("buster", STATIC, "token", "1")],
        [(f"{STATIC}/foo.css", "/static/foo.css?x=1", "foo")],
    ),
    "a manifest": (
        [
            ("static", "static", "some_package:static"),
            ("buster", "some_package:static", "manifest", "some_package:static/manifest.json"),
        ],
        [
            ("some_package:static/css/main.css", "/static/css/main-678b7c80.css", "busted"),
            ("some_package:static/favicon.ico", "/static/favicon.ico", "icon"),  # not in the manifest
        ],
    ),
    "a cache buster of one's own": (
        [("static", "static", STATIC), ("buster", STATIC, "factory", "some_package.busters.PathConstantCacheBuster")],
        [(f"{STATIC}/foo.css", "/static/foo-v1.css", None)],
    ),
    "the most specific path": (
        [
            ("static", "static", STATIC),
            ("buster", STATIC, "token", "outer"),
            ("buster", f"{STATIC}/deep", "token", "inner"),
        ],
        [
            (f"{STATIC}/foo.css", "/static/foo.css?x=outer", "foo"),
            (f"{STATIC}/deep/bar.css", "/static/deep/bar.css?x=inner", "bar"),
        ],
    ),
    "an explicit buster for what a theme supplies": (
        [
            ("static", "static", "some_package:static"),
            ("asset", "some_package:static/background.png", "another_package:static/background.png"),
            ("buster", "some_package:static/", "token", "mine"),
            ("explicit", "another_package:static/", "manifest", "another_package:static/manifest.json"),
        ],
        [
            ("some_package:static/background.png", "/static/background-a8169106.png", None),
            ("some_package:static/favicon.ico", "/static/favicon.ico?x=mine", "icon"),
        ],
    ),
}  # fmt: skip


@pytest.fixture
def filled(package, tmp_path):
    """The packages and the directory of the examples; a function that puts the directory's path into a text."""
    for name, files in FILES.items():
        package({path: content or "" for path, content in files.items()}, name=name)
    write_tree(tmp_path / "www" / "static", {"w.css": "www"})
    return lambda text: text.format(tmp=tmp_path)


def zcml_of(said):
    """What is declared, as ZCML."""
    lines = []
    for kind, first, second, *rest in said:
        if kind == "static":
            lines.append(f'<staticView name="{first}" path="{second}"/>')
        elif kind == "asset":
            lines.append(f'<asset to_override="{first}" override_with="{second}"/>')
        else:
            more = ' mark="-v1"' if second == "factory" else ""
            explicit = ' explicit="yes"' if kind == "explicit" else ""
            lines.append(f'<cacheBuster path="{first}" {second}="{rest[0]}"{more}{explicit}/>')
    return f'<configure xmlns="{NAMESPACE}">\n' + "\n".join(lines) + "\n</configure>"


def call(config, kind, first, second, *rest):
    """The same, as the calls of Pyramid's chapter."""
    if kind == "static":
        config.add_static_view(name=first, path=second)
    elif kind == "asset":
        config.override_asset(to_override=first, override_with=second)
    else:
        config.add_cache_buster(first, buster(second, rest[0]), explicit=kind == "explicit")


def buster(kind, value):
    if kind == "token":
        return QueryStringConstantCacheBuster(value)
    if kind == "manifest":
        return ManifestCacheBuster(value)
    module, _, name = value.rpartition(".")
    return getattr(importlib.import_module(module), name)("-v1")


def in_a_registry(said, path):
    registry = load_zcml(path(zcml_of(said)))
    request = Request.blank("/", base_url="http://example.com")
    return (
        StaticApp(registry),
        partial(registry.static_url, request=request),
        partial(registry.static_path, request=request),
    )


def in_pyramid(said, path):
    config = Configurator()
    config.include("assetzcml")
    config.load_zcml(path(zcml_of(said)))
    return of_pyramid(config)


def by_pyramid_alone(said, path):
    config = Configurator()
    for statement in said:
        call(config, *statement)
    return of_pyramid(config)


def of_pyramid(config):
    application = config.make_wsgi_app()
    request = prepare(PyramidRequest.blank("/", base_url="http://example.com"), registry=config.registry)["request"]
    return application, request.static_url, request.static_path


@pytest.mark.parametrize("way", [in_a_registry, in_pyramid, by_pyramid_alone])
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_pyramids_chapter_does_what_the_chapter_says(example, way, filled, zcml):
    said, expected = EXAMPLES[example]
    said = [tuple(map(filled, statement)) for statement in said]
    application, static_url, static_path = way(said, zcml.write)
    for spec, url, body in expected:
        whole = url if "//" in url else f"http://example.com{url}"
        assert static_url(filled(spec)) == whole
        if not url.startswith("http"):
            assert static_path(filled(spec)) == url
        if body is not None:
            assert Request.blank(url).get_response(application).text == body


def test_the_last_override_is_asked_first_in_zcml_and_in_python(filled, zcml):
    said = [
        ("static", "static", "some_package:static"),
        ("asset", "some_package:static/", "another_package:static/"),
        ("asset", "some_package:static/", "some_package:templates/"),
        ("asset", "some_package:static/background.png", "some_package:static/favicon.ico"),
    ]
    answers = {
        way.__name__: Request.blank("/static/background.png").get_response(way(said, zcml.write)[0]).text
        for way in (in_a_registry, in_pyramid, by_pyramid_alone)
    }
    assert answers == dict.fromkeys(answers, "icon")
