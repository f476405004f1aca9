"""A Flask application with our static views before it."""

import pytest

pytest.importorskip("flask")

from flask import Blueprint, Flask, render_template_string, url_for

from assetzcml import AssetRegistry
from assetzcml.integrations.flask import Assets
from flask_app import create_app


@pytest.mark.parametrize("zcml, logo", [("configure.zcml", "plain"), ("theme.zcml", "green")])
def test_the_example_shows_the_logo_of_the_zcml_it_is_given(zcml, logo):
    client = create_app(f"flask_app:{zcml}").test_client()
    page = client.get("/").text
    style, picture = (page.split(mark)[1].split('"')[0] for mark in ('href="', 'src="'))
    assert f"<title>{logo}</title>" in client.get(picture).text
    assert client.get(picture).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(style).mimetype == "text/css"
    assert client.get("/static/none.css").status_code == 404
    assert client.get("/none").status_code == 404  # Flask's


@pytest.fixture
def registry(package):
    """A registry that publishes the static folders of an application and of its blueprint."""
    registry = AssetRegistry(settings={"application_url": "https://shop.example.com"})
    registry.name = package({
        "static/app.css": "a{}",
        "static/caf\u00e9 1.css": "c{}",
        "admin/__init__.py": "",
        "admin/assets/admin.css": "b{}",
        "unpublished/x.css": "",
    })  # fmt: skip
    registry.add_static_view("s", f"{registry.name}:static")
    registry.add_static_view("admin-s", f"{registry.name}.admin:assets")
    return registry


@pytest.fixture
def app(registry):
    __import__(f"{registry.name}.admin")
    app = Flask(registry.name)
    blueprint = Blueprint("admin", f"{registry.name}.admin", static_folder="assets", url_prefix="/admin")
    bare = Blueprint("bare", f"{registry.name}.admin")
    hidden = Blueprint("hidden", registry.name, static_folder="unpublished", static_url_path="/hidden")

    @blueprint.route("/page")
    def page():
        return url_for(".static", filename="admin.css")

    for each in (blueprint, bare, hidden):
        app.register_blueprint(each)
    Assets(registry).init_app(app)
    return app


@pytest.mark.parametrize("endpoint, values, url", [
    ("static", {"filename": "app.css"}, "/in/s/app.css"),
    ("static", {"filename": "caf\u00e9 1.css"}, "/in/s/caf%C3%A9%201.css"),
    ("static", {"filename": "app.css", "v": "1", "_anchor": "x"}, "/in/s/app.css?v=1#x"),
    ("static", {"filename": "app.css", "_external": True}, "http://localhost/in/s/app.css"),
    ("static", {"filename": "app.css", "_scheme": "https"}, "https://localhost/in/s/app.css"),
    ("admin.static", {"filename": "admin.css"}, "/in/admin-s/admin.css"),
    ("hidden.static", {"filename": "x.css"}, "/in/hidden/x.css"),  # Flask's own: no static view publishes it
    ("admin.page", {}, "/in/admin/page"),
])  # fmt: skip
def test_url_for_of_a_static_folder_is_the_url_of_the_asset_in_it(app, endpoint, values, url):
    with app.test_request_context("/", base_url="http://localhost/in"):
        assert url_for(endpoint, **values) == url
        assert render_template_string("{{ url_for(endpoint, **values) }}", endpoint=endpoint, values=values) == (
            url.replace("&", "&amp;")
        )


def test_a_blueprints_relative_endpoint_is_its_own_folder(app):
    assert app.test_client().get("/admin/page").text == "/admin-s/admin.css"


def test_outside_of_a_request_urls_need_no_server_name(app, registry):
    assets = app.extensions["assetzcml"]
    with app.app_context():
        assert url_for("static", filename="app.css") == "https://shop.example.com/s/app.css"
        assert assets.static_path(f"{registry.name}:static/app.css") == "/s/app.css"
        assert assets.static_url(f"{registry.name}:static/app.css") == "https://shop.example.com/s/app.css"


def test_a_script_has_no_package_and_its_folder_is_a_path(tmp_path, registry):
    (tmp_path / "static").mkdir()
    registry.add_static_view("script", str(tmp_path / "static"))
    app = Flask("__main__", root_path=str(tmp_path))
    Assets(registry, app)
    with app.test_request_context("/"):
        assert url_for("static", filename="x.css") == "/script/x.css"


def test_templates_have_static_url(app, registry):
    with app.test_request_context("/", base_url="http://example.org"):
        text = "{{ static_url(spec) }} {{ static_path(spec) }}"
        rendered = render_template_string(text, spec=f"{registry.name}:static/app.css")
    assert rendered == "http://example.org/s/app.css /s/app.css"
