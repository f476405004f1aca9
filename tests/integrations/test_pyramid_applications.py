"""Applications of Pyramid as people have them: with static views, cache busters and renderers of their own, beside ZCML."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyramid")

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationExecutionError
from pyramid.renderers import render
from pyramid.request import Request
from pyramid.response import Response
from pyramid.scripting import prepare

from assetzcml import ConfigurationConflictError, QueryStringConstantCacheBuster
from assetzcml.integrations.pyramid import asset_registry
from documents import NAMESPACE

FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def shop(package):
    return package({
        "static/app.css": "a{}",
        "static/.hidden": "h",
        "other/o.css": "o{}",
        "templates/page.jinja2": "{% block t %}plain{% endblock %}",
        "templates/uses.jinja2": '{% extends "page.jinja2" %}',
        "templates/page.mako": '<%block name="t">plain</%block>',
        "templates/base.pt": "<p>plain <i metal:define-slot='t'/></p>",
        "templates/page.pt": "<html metal:use-macro=\"load: base.pt\"/>",
    })  # fmt: skip


def originals(shop, word):
    """The templates of a theme, each of which wraps what it overrides."""
    return {
        "templates/page.jinja2": f'{{% extends "!original" %}}{{% block t %}}{word} {{{{ super() }}}}{{% endblock %}}',
        "templates/page.mako": f'<%inherit file="{shop}:templates/page.mako!original"/>'
        f'<%block name="t">{word} ${{parent.t()}}</%block>',
        "templates/base.pt": f"<p>{word}</p>",
    }


@pytest.fixture
def theme(package, shop):
    return package({"static/app.css": "themed{}", **originals(shop, "themed")})


class Site:
    """Steps that make an application: each is called with the configurator."""

    def __init__(self, directory):
        self.directory = directory

    def zcml(self, text):
        path = self.directory / f"{len(list(self.directory.iterdir()))}.zcml"
        path.write_text(f'<configure xmlns="{NAMESPACE}">{text}</configure>')
        return lambda config: config.load_zcml(str(path))

    def __call__(self, *steps, autocommit=False, include=("assetzcml",), **settings):
        config = Configurator(autocommit=autocommit, settings=settings)
        for package in include:
            config.include(package)
        for step in steps:
            step(config)
        return config


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def url_and_answer(config, spec, **headers):
    application = config.make_wsgi_app()
    request = prepare(registry=config.registry)["request"]
    url = request.static_path(spec)
    answer = Request.blank(url, headers=headers).get_response(application)
    assert len(answer.body) == (answer.content_length or 0)  # it is read, and closed
    return url, answer, request.asset_registry


def static(name, spec, **options):
    return lambda config: config.add_static_view(name, spec, **options)


def test_a_cache_buster_of_zcml_works_on_what_config_add_static_view_publishes(site, shop):
    config = site(static("static", f"{shop}:static"), site.zcml(f'<cacheBuster path="{shop}:static" token="v1"/>'))
    url, answer, assets = url_and_answer(config, f"{shop}:static/app.css")
    assert (url, answer.status_int, answer.body) == ("/static/app.css?x=v1", 200, b"a{}")
    told = str(assets.explain(f"{shop}:static/app.css"))
    assert f"{__file__}:{inspect.getsourcelines(static)[1] + 1}" in told
    assert 'token="v1"' in told


@pytest.mark.parametrize("order", ["view first", "ZCML first"])
@pytest.mark.parametrize("autocommit", [False, True])
def test_so_does_a_digest_and_its_url_is_kept_for_ever(site, shop, order, autocommit):
    steps = [
        static("static", f"{shop}:static", cache_max_age=5),
        site.zcml(f'<cacheBuster path="{shop}:static" digest="sha256"/>'),
    ]
    config = site(*(steps if order == "view first" else steps[::-1]), autocommit=autocommit)
    url, answer, _ = url_and_answer(config, f"{shop}:static/app.css")
    assert (url[:12], answer.status_int, answer.headers["Cache-Control"]) == ("/static/app-", 200, FOREVER)
    plain = Request.blank("/static/app.css").get_response(config.make_wsgi_app())
    assert plain.body == b"a{}"
    assert plain.headers["Cache-Control"] == "public, max-age=5"


def test_what_nothing_of_ours_reaches_is_answered_by_pyramid_as_before(site, shop):
    with_ours = site(static("static", f"{shop}:static", cache_max_age=7))
    without = site(static("static", f"{shop}:static", cache_max_age=7), include=())
    answers = []
    for config in with_ours, without:
        application = config.make_wsgi_app()
        answers.append([
            (answer.status_int, answer.body[:20], answer.headers.get("Cache-Control"))
            for path in ("/static/app.css", "/static/.hidden", "/static/none", "/static/")
            for answer in [Request.blank(path).get_response(application)]
        ])  # fmt: skip
    assert answers[0] == answers[1]
    assert answers[0][:2] == [(200, b"a{}", "max-age=7"), (200, b"h", "max-age=7")]


@pytest.mark.parametrize("order", ["view first", "ZCML first"])
@pytest.mark.parametrize("autocommit", [False, True])
def test_two_local_views_of_one_name_are_a_conflict_that_names_both_and_the_remedy(site, shop, order, autocommit):
    steps = [static("static", f"{shop}:static"), site.zcml(f'<staticView name="static" path="{shop}:static"/>')]
    with pytest.raises(ConfigurationConflictError) as error:
        site(*(steps if order == "view first" else steps[::-1]), autocommit=autocommit)
    text = str(error.value)
    assert f"{__file__}:{inspect.getsourcelines(static)[1] + 1}" in text
    assert ".zcml:1:" in text
    assert f'a cacheBuster of path="{shop}:static" is enough' in text


def test_a_longer_name_of_zcml_is_not_hidden_by_pyramids_route(site, shop):
    config = site(
        static("static", f"{shop}:static"), site.zcml(f'<staticView name="static/other" path="{shop}:other"/>')
    )
    url, answer, _ = url_and_answer(config, f"{shop}:other/o.css")
    assert (url, answer.status_int, answer.body) == ("/static/other/o.css", 200, b"o{}")


def test_zcml_moves_the_files_of_a_static_view_to_another_host(site, shop):
    config = site(
        static("static", f"{shop}:static"),
        site.zcml(f'<staticView name="https://cdn.example.com/s" path="{shop}:static"/>'),
    )
    assert url_and_answer(config, f"{shop}:static/app.css")[0] == "https://cdn.example.com/s/app.css"


def test_pyramids_own_cache_buster_and_that_of_zcml_live_together(site, shop):
    def bust(config):
        config.add_cache_buster(f"{shop}:static", QueryStringConstantCacheBuster("py"))

    alone = site(static("static", f"{shop}:static"), bust)
    assert url_and_answer(alone, f"{shop}:static/app.css")[0] == "/static/app.css?x=py"
    both = site(static("static", f"{shop}:static"), bust, site.zcml(f'<cacheBuster path="{shop}:static" token="z"/>'))
    assert url_and_answer(both, f"{shop}:static/app.css")[0] == "/static/app.css?x=z"


def test_a_route_prefix_and_a_permission_count_for_our_view_too(site, shop):
    class Nobody:
        def permits(self, request, context, permission):
            return False

        def identity(self, request):
            return None

        authenticated_userid = identity

    def secret(config):
        config.add_static_view("static", f"{shop}:static", permission="read")

    config = site(
        lambda config: config.set_security_policy(Nobody()),
        lambda config: config.include(secret, route_prefix="in"),
        site.zcml(f'<cacheBuster path="{shop}:static" digest="sha256"/>'),
    )
    url, answer, _ = url_and_answer(config, f"{shop}:static/app.css")
    assert (url.startswith("/in/static/app-"), answer.status_int) == (True, 403)


class Guard:
    """Pyramid's own policy: who says so is permitted."""

    def permits(self, request, context, permission):
        return request.headers.get("X-Who") == "friend"

    def identity(self, request):
        return None

    authenticated_userid = identity


def test_under_a_tree_version_pyramids_view_keeps_its_options_and_its_permission(site, shop):
    config = site(
        lambda config: config.set_security_policy(Guard()),
        static("static", f"{shop}:static", cache_max_age=5, permission="read"),
        site.zcml(f'<cacheBuster path="{shop}:static" tree="sha256"/>'),
    )
    url, answer, _ = url_and_answer(config, f"{shop}:static/app.css")
    assert (url[:9], answer.status_int) == ("/static/~", 403)
    url, answer, _ = url_and_answer(config, f"{shop}:static/app.css", **{"X-Who": "friend"})
    assert (answer.status_int, answer.headers["Cache-Control"]) == (200, FOREVER.replace("public", "private"))
    plain = Request.blank("/static/app.css", headers={"X-Who": "friend"}).get_response(config.make_wsgi_app())
    assert plain.headers["Cache-Control"] == "private, max-age=5"


@pytest.mark.parametrize("kind", ['tree="sha256"', 'digest="sha256"'])
@pytest.mark.parametrize("pattern", ["/static/app.css", "/static/{name:app.*}", "/static/*rest"])
def test_what_an_earlier_route_owns_without_the_version_is_never_answered_behind_it(site, shop, kind, pattern):
    def owned(config):
        config.add_route("owned", pattern)
        config.add_view(lambda request: Response("the route's"), route_name="owned")

    config = site(
        owned,
        static("static", f"{shop}:static"),
        site.zcml(f'<cacheBuster path="{shop}:static" {kind}/>'),
    )
    url, answer, _ = url_and_answer(config, f"{shop}:static/app.css")
    application = config.make_wsgi_app()
    assert Request.blank("/static/app.css").get_response(application).text == "the route's"
    made_up = Request.blank(re.sub("[0-9a-f]{12}", "0" * 12, url)).get_response(application)
    # A pattern that has the versioned name too is asked first, as it is for the plain one; any other lets nobody by.
    swallowed = "rest" in pattern or ("name" in pattern and "/app-" in url)
    expected = (200, "the route's") if swallowed else (404, None)
    for each in (answer, made_up):
        assert (each.status_int, each.text if swallowed else None) == expected


@pytest.mark.parametrize("steps", [
    lambda view, load: [view, lambda config: config.commit(), load, lambda config: config.commit()],
    lambda view, load: [lambda config: config.include("assetzcml"), view, lambda config: config.include("assetzcml"), load],
], ids=["two commits", "two includes"])  # fmt: skip
def test_committing_or_including_twice_changes_nothing(site, shop, steps):
    made = steps(static("static", f"{shop}:static"), site.zcml(f'<cacheBuster path="{shop}:static" token="t"/>'))
    url, answer, _ = url_and_answer(site(*made), f"{shop}:static/app.css")
    assert (url, answer.status_int) == ("/static/app.css?x=t", 200)


@pytest.mark.parametrize("engine", ["jinja2", "mako"])
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_template_extends_what_it_overrides(site, shop, theme, engine, first):
    pytest.importorskip(f"pyramid_{engine}")
    include = ["assetzcml", f"pyramid_{engine}"]
    config = site(include=include if first == "ours" else include[::-1])
    asset_registry(config).override_asset(f"{shop}:templates/page.{engine}", f"{theme}:templates/page.{engine}")
    config.commit()
    config.begin()
    try:
        assert render(f"{shop}:templates/page.{engine}", {}).strip() == "themed plain"
    finally:
        config.end()


@pytest.mark.parametrize("engine", ["jinja2", "mako"])
def test_themes_of_themes_are_chained(site, shop, theme, package, engine):
    pytest.importorskip(f"pyramid_{engine}")
    second = package(originals(shop, "again"))
    config = site(include=["assetzcml", f"pyramid_{engine}"])
    for each in theme, second:
        asset_registry(config).override_asset(f"{shop}:templates/page.{engine}", f"{each}:templates/page.{engine}")
    config.commit()
    config.begin()
    try:
        assert render(f"{shop}:templates/page.{engine}", {}).strip() == "again themed plain"
    finally:
        config.end()


def test_a_renderer_named_relative_to_its_package_extends_what_it_overrides(site, shop, theme):
    pytest.importorskip("pyramid_jinja2")

    def pages(config):
        config.add_route("page", "/page")
        config.add_view(lambda request: {}, route_name="page", renderer="templates/uses.jinja2")

    config = Configurator(package=__import__(shop))
    config.include("assetzcml")
    config.include("pyramid_jinja2")
    asset_registry(config).override_asset(f"{shop}:templates/page.jinja2", f"{theme}:templates/page.jinja2")
    pages(config)
    assert Request.blank("/page").get_response(config.make_wsgi_app()).text == "themed plain"


def test_what_a_page_template_loads_is_the_themes(site, shop, theme):
    pytest.importorskip("pyramid_chameleon")
    config = site(include=["assetzcml", "pyramid_chameleon"])
    asset_registry(config).override_asset(f"{shop}:templates/base.pt", f"{theme}:templates/base.pt")
    config.commit()
    config.begin()
    try:
        assert "themed" in render(f"{shop}:templates/page.pt", {})
    finally:
        config.end()


def test_renderers_have_the_functions_and_what_the_application_calls_so_stays_its_own(site, package):
    pytest.importorskip("pyramid_jinja2")
    name = package({"t.jinja2": "{{ static_path('@:s/a.css') }} {{ bundle_tags }}", "s/a.css": ""})
    (Path(__import__(name).__path__[0]) / "t.jinja2").write_text(
        f"{{{{ static_path('{name}:s/a.css') }}}} {{{{ bundle_tags }}}}"
    )

    def pages(config):
        config.add_route("page", "/page")
        config.add_view(lambda request: {"bundle_tags": "own"}, route_name="page", renderer=f"{name}:t.jinja2")

    config = site(static("s", f"{name}:s"), pages, include=["assetzcml", "pyramid_jinja2"])
    assert Request.blank("/page").get_response(config.make_wsgi_app()).text == "/s/a.css own"


@pytest.mark.whole
def test_the_command_asks_the_application_of_a_paste_file():
    ini = Path(__file__).parents[2] / "examples/pyramid_app/app.ini"

    def run(*arguments):
        command = [sys.executable, "-m", "assetzcml", *arguments, "--paste", str(ini)]
        return subprocess.run(command, cwd=ini.parents[1], capture_output=True, text=True)

    checked = run("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "staticView" in run("list", "views").stdout
    missing = subprocess.run(
        [sys.executable, "-m", "assetzcml", "check", "--paste", "none.ini"], capture_output=True, text=True
    )
    assert (missing.returncode, "none.ini" in missing.stderr, "Traceback" in missing.stderr) == (1, True, False)


@pytest.mark.parametrize("commit", [False, True], ids=["before the commit", "after it"])
@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("kind, start", [('tree="sha256"', "/static/~"), ('digest="sha256"', "/static/app-")])
def test_a_static_view_that_was_there_before_assetzcml_was_included_has_zcmls_cache_busters(
    site, shop, commit, autocommit, kind, start
):
    config = site(
        static("static", f"{shop}:static", cache_max_age=5),
        *([lambda config: config.commit()] if commit else []),
        lambda config: config.include("assetzcml"),
        site.zcml(f'<cacheBuster path="{shop}:static" {kind}/>'),
        autocommit=autocommit,
        include=(),
    )
    url, answer, _ = url_and_answer(config, f"{shop}:static/app.css")
    assert (url.startswith(start), answer.status_int, answer.headers["Cache-Control"]) == (True, 200, FOREVER)
    plain = Request.blank("/static/app.css").get_response(config.make_wsgi_app())
    assert (plain.text, plain.headers["Cache-Control"]) == ("a{}", "public, max-age=5")
    told = str(asset_registry(config).explain(f"{shop}:static/app.css"))
    assert f"staticView 'static' of '{shop}:static'" in told
    assert Path(__file__).name in told  # the line of config.add_static_view


def test_its_permission_and_pyramids_own_cache_buster_are_kept(site, shop):
    config = site(
        lambda config: config.set_security_policy(Guard()),
        static("static", f"{shop}:static", permission="read"),
        static("more", f"{shop}:other"),
        lambda config: config.add_cache_buster(f"{shop}:other", QueryStringConstantCacheBuster("pyramids")),
        lambda config: config.include("assetzcml"),
        site.zcml(f'<cacheBuster path="{shop}:static" tree="sha256"/>'),
        include=(),
    )
    url, answer, _ = url_and_answer(config, f"{shop}:static/app.css")
    assert (url[:9], answer.status_int) == ("/static/~", 403)
    _, answer, _ = url_and_answer(config, f"{shop}:static/app.css", **{"X-Who": "friend"})
    assert (answer.status_int, answer.headers["Cache-Control"]) == (200, FOREVER.replace("public", "private"))
    url, answer, _ = url_and_answer(config, f"{shop}:other/o.css")
    assert (url, answer.text) == ("/more/o.css?x=pyramids", "o{}")


def test_of_a_view_of_zcml_and_an_earlier_one_of_pyramid_both_lines_are_told(site, shop):
    config = site(
        static("static", f"{shop}:static"),
        lambda config: config.include("assetzcml"),
        site.zcml(f'<staticView name="static" path="{shop}:other"/>'),
        include=(),
    )
    with pytest.raises(ConfigurationExecutionError, match=r"(?s)config.add_static_view and ZCML both.*\.zcml:1"):
        config.commit()


def test_an_earlier_view_of_pyramid_answers_nothing_of_a_longer_name_with_a_permission(site, shop):
    config = site(
        lambda config: config.set_security_policy(Guard()),
        static("static", f"{shop}:static"),
        lambda config: config.include("assetzcml"),
        site.zcml(
            f'<cacheBuster path="{shop}:static" tree="sha256"/>'
            f'<staticView name="static/deep" path="{shop}:other" permission="read"/>'
        ),
        include=(),
    )
    assert Request.blank("/static/deep/o.css").get_response(config.make_wsgi_app()).status_int in (403, 404)
