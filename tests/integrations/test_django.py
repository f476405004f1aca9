"""A Django application with our middleware, storage and finder."""

import asyncio
import zipfile

import pytest

pytest.importorskip("django")

import django
from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.core.management import call_command
from django.template import engines
from django.test import AsyncClient, Client, override_settings
from django.urls import set_script_prefix

from assetzcml import AssetRegistry, NotPublished, load_zcml
from assetzcml.integrations.django import AssetFinder, asset_registry
from assetzcml.integrations.django.checks import check_assets

if not settings.configured:
    from django_app import settings as example

    settings.configure(**{name: value for name, value in vars(example).items() if name.isupper()})
    django.setup()


@pytest.fixture(params=["configure.zcml", "theme.zcml"])
def logo(request):
    """The logo that is right, with the example's settings for it in force."""
    with override_settings(ASSETZCML=f"django_app:{request.param}"):
        yield {"configure.zcml": "plain", "theme.zcml": "green"}[request.param]


@pytest.fixture
def registry(package):
    """A function that puts a registry in the place of the example's."""
    registry = AssetRegistry()
    with override_settings(ASSETZCML=registry):
        yield registry


def render(text):
    return engines["django"].from_string("{% load static %}" + text).render()


def test_the_example_shows_the_logo_of_the_zcml_it_is_given(logo):
    client = Client()
    page = client.get("/").content.decode()
    style, picture = (page.split(mark)[1].split('"')[0] for mark in ('href="', 'src="'))
    response = client.get(picture)
    assert f"<title>{logo}</title>" in response.content.decode()
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(style)["Content-Type"] == "text/css; charset=utf-8"
    assert client.get("/static/none.css").status_code == 404


@pytest.mark.parametrize("method, path, headers, status, body", [
    ("get", "/static/shop/app.css", {"range": "bytes=0-3"}, 206, b"body"),
    ("head", "/static/shop/app.css", {}, 200, b""),
    ("post", "/static/shop/app.css", {}, 405, None),
    ("get", "/static/shop/app.css", {"if-none-match": "*"}, 304, b""),
    ("get", "/nowhere", {}, 404, None),  # Django's
])  # fmt: skip
def test_requests_are_answered_by_our_serving_code(method, path, headers, status, body):
    response = getattr(Client(), method)(path, headers=headers)
    assert response.status_code == status
    assert body is None or response.content == body
    if method == "head":
        assert response["Content-Length"] == "22"
    if status == 304:
        assert "Content-Type" not in response


def test_a_large_file_is_streamed_and_closed(registry, package):
    name = package({"static/big.bin": b"x" * 3_000_000})
    registry.add_static_view("big", f"{name}:static")
    response = Client().get("/big/big.bin")
    assert (response.streaming, len(b"".join(response.streaming_content))) == (True, 3_000_000)
    response.close()


def test_the_way_of_a_server_to_send_files_is_left_to_django(registry, package):
    def only_gunicorn_reads_this(body):
        raise AssertionError(body)

    name = package({"static/big.bin": b"x" * 3_000_000})
    registry.add_static_view("big", f"{name}:static")
    response = Client().get("/big/big.bin", **{"wsgi.file_wrapper": only_gunicorn_reads_this})
    assert len(response.getvalue()) == 3_000_000


def test_under_asgi_the_same_is_answered():
    response = asyncio.run(AsyncClient().get("/static/shop/app.css"))
    assert response.content == b"body { color: black }\n"


@pytest.mark.parametrize("text, url", [
    ("{% static 'django_app:static/shop/app.css' %}", "/s/shop/app.css"),
    ("{% static 'shop/app.css' %}", "/s/shop/app.css"),
    ("{% static 'shop/app.css#part' %}", "/s/shop/app.css#part"),
    ("{% static 'shop/unknown.css' %}", "/collected/shop/unknown.css"),  # Django's own
])  # fmt: skip
def test_the_tag_takes_a_spec_or_a_path_below_an_applications_static_directory(registry, text, url):
    registry.add_static_view("s", "django_app:static")
    assert render(text) == url
    assert render(text) == url


def test_without_a_static_view_what_finders_know_is_published_below_static_url(registry):
    assert render("{% static 'shop/app.css' %}") == render("{% static 'django_app:static/shop/app.css' %}")
    assert Client().get(render("{% static 'shop/app.css' %}"))["Cache-Control"].endswith("immutable")
    with pytest.raises(NotPublished):
        render("{% static 'django_app:templates/shop/home.html' %}")


def test_urls_have_the_prefix_that_the_application_is_mounted_at(registry):
    registry.add_static_view("s", "django_app:static")
    registry.add_static_view("https://cdn.example.com", "django_app:brand")
    set_script_prefix("/in/")
    try:
        assert render("{% static 'shop/app.css' %}") == "/in/s/shop/app.css"
        assert render("{% static 'django_app:brand/logo.svg' %}") == "https://cdn.example.com/logo.svg"
    finally:
        set_script_prefix("/")


def test_collectstatic_takes_what_overrides(logo, tmp_path):
    with override_settings(STATIC_ROOT=str(tmp_path), ASSETZCML_COMPRESS=[]):
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
    collected = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert set(collected) == {"shop/app.css", "shop/logo.svg"}
    assert f"<title>{logo}</title>" in collected["shop/logo.svg"]


def test_check_says_that_pages_ask_for_another_tree_than_was_collected(registry, package, tmp_path):
    def told():
        return [(each.id, each.msg) for each in check_assets(None) if each.id == "assetzcml.W004"]

    name = package({"static/late.css": "late"})
    with override_settings(STATIC_ROOT=str(tmp_path / "collected"), ASSETZCML_COMPRESS=[], DEBUG=False):
        assert told() == []  # nothing has been collected: another server answers from elsewhere
        call_command("collectstatic", interactive=False, verbosity=0)
        assert told() == []
        registry.override_asset("django_app:static/shop/app.css", f"{name}:static/late.css")
        segment = render("{% static 'shop/app.css' %}").split("/")[2]
        assert told() == [
            ("assetzcml.W004", f"pages ask for {segment}, and STATIC_ROOT was collected from other files")
        ]
        call_command("collectstatic", interactive=False, verbosity=0)
        assert told() == []


def test_find_finds_what_overrides_first(logo):
    directory = {"plain": "static", "green": "brand"}[logo]
    assert f"/django_app/{directory}/" in find("shop/logo.svg")
    assert find("shop/app.css").endswith("/django_app/static/shop/app.css")
    finder = AssetFinder()
    expected = 1 if logo == "green" else 0
    assert len(finder.find("shop/logo.svg", find_all=True)) == len(finder.find("shop/logo.svg", all=True)) == expected
    assert finder.find("../shop/logo.svg") == []


def test_a_file_that_only_an_override_supplies_is_collected_unless_it_is_ignored(registry, package):
    name = package({"more/new.css": "", "more/.secret": ""})
    registry.override_asset("django_app:static/shop/more/", f"{name}:more/")
    assert [path for path, _ in AssetFinder().list([])] == ["shop/more/.secret", "shop/more/new.css"]
    assert [path for path, _ in AssetFinder().list([".*"])] == ["shop/more/new.css"]


def test_a_file_may_be_collected_out_of_an_archive(registry, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "theme.zip", "w") as archive:
        archive.writestr("zipped_theme/__init__.py", "")
        archive.writestr("zipped_theme/brand/logo.svg", "zipped")
    monkeypatch.syspath_prepend(tmp_path / "theme.zip")
    registry.override_asset("django_app:static/shop/logo.svg", "zipped_theme:brand/logo.svg")
    assert find("shop/logo.svg").endswith("/django_app/static/shop/logo.svg")  # a path is all that it could give
    with override_settings(STATIC_ROOT=str(tmp_path / "collected")):
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
    assert (tmp_path / "collected" / "shop" / "logo.svg").read_text() == "zipped"


@pytest.mark.parametrize("said", [
    "django_app:theme.zcml",
    {"spec": "theme.zcml", "package": "django_app"},
    load_zcml("django_app:theme.zcml"),
])  # fmt: skip
def test_the_setting_is_a_spec_or_arguments_or_a_registry(said):
    with override_settings(ASSETZCML=said):
        assert asset_registry().resolve("django_app:static/shop/logo.svg").source_spec == "django_app:brand/logo.svg"
        assert asset_registry() is asset_registry()


def test_the_setting_is_optional():
    with override_settings(ASSETZCML=None):
        assert Client().get("/collected/shop/app.css").status_code == 200
