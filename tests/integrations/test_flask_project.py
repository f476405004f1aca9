"""Applications of Flask as its tutorial makes them, with `Assets(app)`."""

import contextlib
import logging
import os
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("flask")

import click
import flask
from flask import Blueprint, Flask, render_template, render_template_string, url_for
from flask.cli import run_command
from jinja2 import ChoiceLoader, DictLoader, PrefixLoader

from assetzcml import AssetRegistry, load_zcml
from assetzcml.errors import ConfigurationError
from assetzcml.integrations.flask import Assets
from documents import NAMESPACE

EXAMPLE = Path(__file__).parents[2] / "examples" / "flask_project"
ORIGINAL = '{% extends "!original" %}{% block t %}themed{% endblock %}'


@pytest.fixture
def names(package):
    """Two packages: an application's, and a theme's."""
    shop = package({
        "static/app.css": "a{}",
        "static/img/a.png": "",
        "templates/h.html": "plain",
        "templates/page.html": "{% block t %}plain{% endblock %}",
        "templates/whole.html": '{% extends "page.html" %}',
        "templates/macro.html": "{% macro m() %}{{ asset_url('@:static/app.css') }}{% endmacro %}",
        "templates/uses.html": '{% from "macro.html" import m %}{{ m() }}',
        "admin/__init__.py": "",
        "admin/static/admin.css": "b{}",
        "admin/templates/admin.html": "admin",
        "admin/templates/h.html": "never: the application goes first",
    })  # fmt: skip
    theme = package({
        "static/app.css": "themed{}",
        "static/new.css": "new{}",
        "templates/h.html": "themed",
        "templates/page.html": ORIGINAL,
        "templates/only.html": "only the theme's",
        "admin.css": "themed b{}",
    })  # fmt: skip
    macro = Path(sys.modules[shop].__path__[0] if shop in sys.modules else __import__(shop).__path__[0])
    macro = macro / "templates/macro.html"
    macro.write_text(macro.read_text().replace("@", shop))
    return shop, theme


def zcml(path, text):
    path.write_text(f'<configure xmlns="{NAMESPACE}">{text}</configure>')
    return str(path)


@pytest.fixture
def themed(names, tmp_path):
    shop, theme = names
    return load_zcml(zcml(tmp_path / "site.zcml", (
        f'<asset to_override="{shop}:static/" override_with="{theme}:static/"/>'
        f'<asset to_override="{shop}:templates/" override_with="{theme}:templates/"/>'
        f'<asset to_override="{shop}.admin:static/admin.css" override_with="{theme}:admin.css"/>'
    )))  # fmt: skip


def with_blueprint(shop):
    __import__(f"{shop}.admin")
    app = Flask(shop)
    admin = Blueprint(
        "admin", f"{shop}.admin", static_folder="static", template_folder="templates", url_prefix="/admin"
    )
    app.register_blueprint(admin)
    return app


def test_the_files_of_the_application_and_its_blueprints_are_served_through_overrides(names, themed):
    app = with_blueprint(names[0])
    Assets(themed, app)
    client = app.test_client()
    assert client.get("/static/app.css").data == b"themed{}"
    assert client.get("/static/new.css").data == b"new{}"
    assert client.get("/admin/static/admin.css").data == b"themed b{}"
    assert client.get("/static/img/a.png").headers["Cache-Control"] == "no-cache"  # Flask's own default


def test_a_plain_name_of_a_template_sees_overrides_and_the_original(names, themed):
    app = with_blueprint(names[0])
    Assets(themed, app)
    with app.test_request_context("/"):
        assert [render_template(f"{name}.html") for name in ("h", "page", "whole", "only", "admin")] == [
            "themed", "themed", "themed", "only the theme's", "admin",
        ]  # fmt: skip
        assert render_template(f"{names[0]}:templates/h.html") == "themed"


def test_a_choice_of_loaders_that_the_application_made_is_looked_into(names, themed):
    app = Flask(names[0])
    app.jinja_loader = ChoiceLoader([app.jinja_loader, DictLoader({"more.html": "more"})])
    Assets(themed, app)
    with app.test_request_context("/"):
        assert [render_template(name) for name in ("h.html", "page.html", "more.html")] == ["themed", "themed", "more"]


def test_a_loader_of_prefixes_that_the_application_made_is_looked_into(names, themed):
    app = Flask(names[0])
    app.jinja_loader = PrefixLoader({"shop": app.jinja_loader, "more": DictLoader({"more.html": "more"})})
    Assets(themed, app)
    with app.test_request_context("/"):
        pages = [
            render_template(name) for name in ("shop/h.html", "shop/page.html", "shop/only.html", "more/more.html")
        ]
        assert pages == ["themed", "themed", "only the theme's", "more"]
        with pytest.raises(flask.templating.TemplateNotFound):
            render_template("h.html")
    assert {"shop/h.html", "shop/only.html", "more/more.html"} < set(app.jinja_env.list_templates())


def test_without_an_override_the_order_of_templates_is_flasks(names):
    app = with_blueprint(names[0])
    app.jinja_loader = DictLoader({"admin.html": "the application's"})
    Assets(app)
    with app.test_request_context("/"):
        assert render_template("admin.html") == "the application's"
        with pytest.raises(flask.templating.TemplateNotFound):
            render_template("/etc/passwd")


@pytest.mark.parametrize("arguments", [
    lambda app, site: (app, site),
    lambda app, site: (site, app),
    lambda app, site: (load_zcml(site), app),
], ids=["app, spec", "spec, app", "registry, app"])  # fmt: skip
def test_the_extension_takes_its_arguments_in_either_order(names, tmp_path, arguments):
    shop, theme = names
    site = zcml(
        tmp_path / "s.zcml", f'<asset to_override="{shop}:static/app.css" override_with="{theme}:static/app.css"/>'
    )
    app = Flask(shop)
    Assets(*arguments(app, site))
    assert app.test_client().get("/static/app.css").data == b"themed{}"


def test_a_relative_file_is_the_applications(names):
    shop, theme = names
    directory = Path(__import__(shop).__path__[0])
    zcml(
        directory / "site.zcml", f'<asset to_override="{shop}:static/app.css" override_with="{theme}:static/app.css"/>'
    )
    app = Flask(shop)
    app.config["ASSETZCML"] = "site.zcml"
    assets = Assets()
    assets.init_app(app)
    assert app.test_client().get("/static/app.css").data == b"themed{}"


def test_a_blueprint_may_come_after_the_extension(names, themed):
    shop, _ = names
    __import__(f"{shop}.admin")
    app = Flask(shop)
    Assets(themed, app)
    app.register_blueprint(Blueprint("late", f"{shop}.admin", static_folder="static", url_prefix="/late"))
    assert app.test_client().get("/late/static/admin.css").data == b"themed b{}"
    with app.test_request_context("/"):
        assert url_for("late.static", filename="admin.css") == "/late/static/admin.css"


def test_a_blueprint_with_the_static_url_of_the_application_is_behind_it_as_in_flask(names):
    shop, _ = names
    __import__(f"{shop}.admin")
    app = Flask(shop)
    app.register_blueprint(Blueprint("same", f"{shop}.admin", static_folder="static", static_url_path="/static"))
    Assets(app)
    assert app.test_client().get("/static/app.css").data == b"a{}"
    assert app.test_client().get("/static/admin.css").status_code == 404


@pytest.mark.parametrize("folder, url", [("img/", "/static/img/"), ("img", "/static/img"), ("../x", "/static/../x")])
def test_the_url_of_a_directory_keeps_its_slash(names, folder, url):
    app = Flask(names[0])
    own = Flask(names[0])
    Assets(app)
    for each in app, own:
        with each.test_request_context("/"):
            assert url_for("static", filename=folder) == url


@pytest.mark.parametrize(
    "values", [{}, {"_external": True}, {"_external": False}, {"_scheme": "http"}, {"v": None}, {"a": 1}]
)
def test_urls_without_a_request_are_those_of_flask_with_the_version(names, tmp_path, values):
    site = zcml(tmp_path / "s.zcml", f'<cacheBuster path="{names[0]}:static" token="t1"/>')
    urls = []
    for assets in None, site:
        app = Flask(names[0])
        app.config.update(SERVER_NAME="ex.com", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
        if assets is not None:
            Assets(app, assets)
        with app.app_context():
            urls.append(url_for("static", filename="app.css", **values))
    assert urls[1].replace("x=t1&", "").replace("?x=t1", "") == urls[0]
    assert "x=t1" in urls[1]


def test_in_templates_without_a_request_too(names, tmp_path):
    app = Flask(names[0])
    app.config.update(SERVER_NAME="ex.com", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
    Assets(app)
    text = f"{{{{ static_url('{names[0]}:static/app.css') }}}} {{{{ static_path('{names[0]}:static/app.css') }}}}"
    with app.app_context():
        assets = app.extensions["assetzcml"]
        assets.publish(app)
        assert render_template_string(text) == "https://ex.com/root/static/app.css /root/static/app.css"
    nowhere = Flask(names[0])
    Assets(nowhere)
    with nowhere.app_context(), pytest.raises(RuntimeError, match="SERVER_NAME"):
        url_for("static", filename="app.css")


def test_the_host_of_static_files_is_kept(names):
    app = Flask(names[0], static_host="cdn.ex.com", host_matching=True)
    registry = AssetRegistry()
    registry.add_static_view("static", f"{names[0]}:static")
    Assets(registry, app)
    with app.test_request_context("/"):
        assert url_for("static", filename="app.css") == "http://cdn.ex.com/static/app.css"


def test_later_options_of_the_environment_count(names):
    app = Flask(names[0])
    Assets(app)
    app.config["TEMPLATES_AUTO_RELOAD"] = True
    app.jinja_options = {**app.jinja_options, "trim_blocks": True}
    assert (app.jinja_env.auto_reload, app.jinja_env.trim_blocks) == (True, True)


def test_every_template_and_imported_macro_has_the_functions(names, package, tmp_path):
    shop, _ = names
    site = zcml(
        tmp_path / "s.zcml",
        f'<environment directory="{tmp_path}/out" url="/out"/>'
        f'<bundle name="app.css" contents="{shop}:static/app.css" output="app.css"/>',
    )
    app = Flask(shop)
    Assets(app, site)
    with app.test_request_context("/"):
        assert render_template("uses.html") == "/static/app.css"
        assert re.match(
            r'<link rel="stylesheet" href="/out/app.css', render_template_string("{{ bundle_tags('app.css') }}")
        )


def test_what_the_application_calls_by_the_same_name_stays_its_own(names):
    app = Flask(names[0])
    app.jinja_env.globals["asset_url"] = lambda spec: "own"
    Assets(app)
    with app.test_request_context("/"):
        assert render_template_string("{{ asset_url('x') }}") == "own"


def test_in_debug_mode_changed_zcml_is_read_again_and_a_broken_one_leaves_what_was(
    names, tmp_path, caplog, monkeypatch
):
    shop, theme = names
    site = tmp_path / "s.zcml"
    zcml(site, "")
    app = Flask(shop)
    app.debug = True
    Assets(app, str(site))
    monkeypatch.setattr("assetzcml.declaring.configuration_files.PAUSE", 0.0)
    client = app.test_client()
    assert client.get("/static/app.css").data == b"a{}"
    zcml(site, f'<asset to_override="{shop}:static/app.css" override_with="{theme}:static/app.css"/>')
    os.utime(site, ns=(1, 1))
    assert client.get("/static/app.css").data == b"themed{}"
    with caplog.at_level(logging.ERROR):
        zcml(site, "<asset/>")
        os.utime(site, ns=(2, 2))
        assert client.get("/static/app.css").data == b"themed{}"
    assert f"{site}:1:" in caplog.text
    zcml(site, "")
    os.utime(site, ns=(3, 3))
    assert client.get("/static/app.css").data == b"a{}"


@pytest.mark.parametrize("reloader", [True, False])
def test_zcml_that_is_broken_when_the_development_server_starts_is_shown_until_it_is_mended(
    names, tmp_path, caplog, monkeypatch, reloader
):
    shop, theme = names
    monkeypatch.setattr("assetzcml.declaring.configuration_files.PAUSE", 0.0)
    site = tmp_path / "s.zcml"
    zcml(site, "<asset/>")
    app = Flask(shop)
    app.debug = True
    with monkeypatch.context() as patch, contextlib.ExitStack() as stack:
        if reloader:
            patch.setenv("WERKZEUG_RUN_MAIN", "true")
        else:
            stack.enter_context(click.Context(run_command))
        Assets(app, str(site))
    told = caplog.text
    client = app.test_client()
    answer = client.get("/static/app.css")
    assert (answer.status_code, answer.content_type) == (500, "text/plain; charset=utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_zcml(str(site))
    assert f"{site}:1:" in answer.text
    assert str(error.value) in answer.text
    assert (str(error.value) in told, caplog.text) == (True, told)  # in the terminal, once
    zcml(site, "<no/>")
    assert "'no'" in client.get("/none").text
    assert caplog.text != told
    zcml(site, f'<asset to_override="{shop}:static/app.css" override_with="{theme}:static/app.css"/>')
    assert client.get("/static/app.css").data == b"themed{}"
    assert client.get("/none").status_code == 404
    zcml(site, "")
    os.utime(site, ns=(1, 1))
    assert [client.get("/static/app.css").data for _ in range(2)][1] == b"a{}"


@pytest.mark.parametrize("debug", [True, False])
def test_zcml_that_is_broken_is_an_error_for_all_but_the_development_server(names, tmp_path, debug):
    zcml(tmp_path / "s.zcml", "<asset/>")
    app = Flask(names[0])
    app.debug = debug
    with pytest.raises(ConfigurationError), click.Context(click.Command("assets")):
        Assets(app, str(tmp_path / "s.zcml"))


def test_the_tutorials_application_is_themed_without_a_change(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    create_app = __import__("flaskr").create_app
    for site, word, color in (None, "", "#eee"), ("harbour_flask:configure.zcml", "From the harbour", "#def"):
        client = create_app({"ASSETZCML": site}).test_client()
        page = client.get("/").text
        assert word in page
        assert "First post" in page
        (style,) = re.findall(r'href="(/static/[^"]+)"', page)
        assert color in client.get(style).text


def test_flasks_command_answers_the_operator(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    app = __import__("flaskr").create_app({"ASSETZCML": "harbour_flask:configure.zcml"})
    from assetzcml.cli.flask_command import assets

    done = app.test_cli_runner().invoke(assets, ["explain", "flaskr:static/style.css"])
    assert (done.exit_code, "static folder of flaskr" in done.output) == (0, True), done.output
    assert app.test_cli_runner().invoke(assets, ["check"]).exit_code == 0
