"""`assetzcml convert pyramid`: the ZCML it prints gives the answers that the application gave."""

import sys

import pytest
from click.testing import CliRunner
from webob import Request

from assetzcml import load_zcml
from assetzcml.cli import main

pytest.importorskip("pyramid")

APPLICATION = """\
from pyramid.config import Configurator
from pyramid.static import QueryStringConstantCacheBuster


def includeme(config):
    for name in ("css", "img"):
        config.add_static_view(name, f"orchard:static/{name}", cache_max_age=60 if name == "css" else 3600)
    config.override_asset("orchard:static/css/a.css", "graft:brand/a.css")
    config.override_asset("orchard:static/img/", "graft:img/")
    config.override_asset("orchard:static/img/", "graft:more/")
    config.add_cache_buster("orchard:static/css", QueryStringConstantCacheBuster("v2", param="v"))


def main(global_config, **settings):
    config = Configurator(settings=settings)
    config.include(includeme)
    return config.make_wsgi_app()
"""


@pytest.fixture
def application(package, monkeypatch):
    """The names of an application and of a package that overrides some of it."""
    package(
        {
            "__init__.py": APPLICATION,
            "static/css/a.css": "a{color:red}",
            "static/css/b.css": "b{}",
            "static/img/a.svg": "<svg id='a'/>",
            "static/img/b.svg": "<svg id='b'/>",
            "static/img/c.svg": "<svg id='c'/>",
        },
        name="orchard",
    )
    package(
        {
            "brand/a.css": "a{color:plum}",
            "img/a.svg": "<svg id='g'/>",
            "img/b.svg": "<svg id='h'/>",
            "more/b.svg": "<svg id='m'/>",
        },
        name="graft",
    )
    monkeypatch.setattr(sys, "path", sys.path[:])
    return "orchard"


def convert(*arguments):
    return CliRunner().invoke(main, ["convert", "pyramid", *arguments])


def test_what_is_printed_names_the_line_of_each_call(application):
    done = convert("orchard:main")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        done.stdout
        == """\
<configure xmlns="http://namespaces.assetzcml.org/assets">

  <!-- __init__.py:7 -->
  <staticView name="css" path="orchard:static/css" cache_max_age="60"/>
  <!-- __init__.py:7 -->
  <staticView name="img" path="orchard:static/img"/>

  <!-- __init__.py:8 -->
  <asset to_override="orchard:static/css/a.css" override_with="graft:brand/a.css"/>
  <!-- __init__.py:9 -->
  <asset to_override="orchard:static/img/" override_with="graft:img/"/>
  <!-- __init__.py:10 -->
  <asset to_override="orchard:static/img/" override_with="graft:more/"/>

  <cacheBuster path="orchard:static/css" token="v2" param="v"/>

</configure>
"""
    )


@pytest.mark.parametrize("name", ["orchard", "orchard:main", "orchard:includeme"])
def test_a_module_a_function_that_makes_it_and_an_includeme_say_the_same(application, name):
    assert convert(name).stdout == convert("orchard:main").stdout


@pytest.mark.parametrize(
    "path", ["/css/a.css", "/css/b.css", "/css/none.css", "/img/a.svg", "/img/b.svg", "/img/c.svg", "/img/"]
)
def test_what_is_printed_answers_as_the_application_does(application, tmp_path, path):
    from orchard import main as make

    (tmp_path / "site.zcml").write_text(convert("orchard").stdout)
    ours = Request.blank(path).get_response(load_zcml(tmp_path / "site.zcml").make_app())
    theirs = Request.blank(path).get_response(make({}))
    assert (ours.status_int, ours.cache_control.max_age) == (theirs.status_int, theirs.cache_control.max_age)
    assert ours.status_int != 200 or ours.body == theirs.body


def test_the_urls_are_the_same(application, tmp_path):
    from orchard import main as make
    from pyramid.request import Request as PyramidRequest

    (tmp_path / "site.zcml").write_text(convert("orchard").stdout)
    request = PyramidRequest.blank("/")
    request.registry = make({}).registry
    for spec in ("orchard:static/css/a.css", "orchard:static/img/b.svg"):
        assert load_zcml(tmp_path / "site.zcml").static_path(spec) == request.static_path(spec)


def test_what_zcml_cannot_say_is_told_with_what_to_write(package, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    package(
        {
            "__init__.py": "def bust(request, subpath, kw):\n    return subpath, kw\n\n\ndef includeme(config):\n"
            "    config.add_static_view('s', 'hedge:s', permission='view')\n    config.add_cache_buster('hedge:s', bust)\n",
            "s/a.css": "",
        },
        name="hedge",
    )
    done = convert("hedge")
    assert '<staticView name="s" path="hedge:s" cache_max_age="0" permission="view"/>' in done.stdout
    assert '<cacheBuster path="hedge:s" tree="sha256"/>' in done.stdout
    assert done.stderr == (
        "warning: the cache buster of 'hedge:s/' is hedge.bust: name it by buster=\"package.module.name\", or write "
        'tree="sha256" in its place\n'
        "warning: permissions are asked of the application's own security policy, under Pyramid only\n"
    )


def test_an_application_without_assets_is_an_empty_document(package, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    package({"__init__.py": "def includeme(config):\n    pass\n"}, name="fallow")
    assert convert("fallow").stdout == '<configure xmlns="http://namespaces.assetzcml.org/assets"/>\n'


@pytest.mark.parametrize(
    "name, said",
    [("orchard:mian", "did you mean 'orchard:main'?"), ("no_such_module", "No module named"), ("no.ini", "no.ini")],
)
def test_what_is_not_there_is_one_line(application, name, said):
    __import__(application)
    done = convert(name)
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_example_of_pyramid_is_converted_and_answers(checkout, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(checkout / "examples"), *sys.path])
    done = convert("pyramid_app:main")
    assert done.exit_code == 0, done.stderr
    (tmp_path / "site.zcml").write_text(done.stdout)
    load_zcml(tmp_path / "site.zcml")
