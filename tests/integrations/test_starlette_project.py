"""Applications of Starlette and FastAPI as their tutorials make them, with `add_assets(app)`."""

import pytest

pytest.importorskip("starlette")
pytest.importorskip("jinja2")

from jinja2 import (
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    TemplateNotFound,
)
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.testclient import TestClient

from assetzcml import AssetRegistry, load_zcml
from assetzcml.integrations.jinja2 import AssetLoader, OverrideLoader, roots_of
from assetzcml.integrations.starlette import add_assets, template_context
from documents import NAMESPACE


@pytest.fixture
def shop(package):
    return package({
        "statics/app.css": "a{}",
        "statics/img/a.png": "",
        "statics/index.html": "index",
        "more/app.css": "never",
        "more/more.css": "more{}",
        "templates/index.html": "{% block t %}plain{% endblock %} {{ url_for('static', path='app.css') }}",
    })  # fmt: skip


@pytest.fixture
def theme(package):
    return package({
        "statics/app.css": "themed{}",
        "templates/index.html": '{% extends "!original" %}{% block t %}themed{% endblock %}',
    })  # fmt: skip


@pytest.fixture
def site(shop, theme, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(
        f'<configure xmlns="{NAMESPACE}"><asset to_override="{shop}:statics/" override_with="{theme}:statics/"/>'
        f'<asset to_override="{shop}:templates/" override_with="{theme}:templates/"/>'
        f'<cacheBuster path="{shop}:statics" token="t"/></configure>'
    )
    return str(path)


def directory(name, below):
    return f"{next(iter(__import__(name).__path__))}/{below}"


def made(shop, **options):
    """The application of Starlette's first page."""
    templates = Jinja2Templates(directory=directory(shop, "templates"))

    async def homepage(request):
        return templates.TemplateResponse(request, "index.html")

    async def where(request):
        return PlainTextResponse(str(request.url_for("static", path=request.query_params["path"])))

    statics = StaticFiles(directory=directory(shop, "statics"), **options)
    routes = [Route("/", homepage), Route("/where", where), Mount("/static", app=statics, name="static")]
    return Starlette(debug=True, routes=routes), templates


def test_without_zcml_everything_is_as_before(shop):
    answers = []
    for ours in False, True:
        app, templates = made(shop)
        if ours:
            add_assets(app, templates=templates)
        client = TestClient(app)
        paths = [
            "/",
            "/static/app.css",
            "/static/none",
            "/static/",
            "/static/img",
            "/where?path=/app.css",
            "/where?path=img/",
        ]
        answers.append([(answer.status_code, answer.text[:60]) for answer in map(client.get, paths)])
        answers[-1] = [(status, text if status == 200 else "") for status, text in answers[-1]]
    assert answers[0] == answers[1]


def test_one_line_lets_a_package_override_files_and_templates(shop, site):
    app, templates = made(shop)
    add_assets(app, site, templates)
    client = TestClient(app)
    text = client.get("/").text
    assert text == "themed http://testserver/static/app.css?x=t"
    assert client.get(text.split()[1]).text == "themed{}"


def test_several_directories_and_packages_stay_in_their_order(shop):
    app = Starlette(
        routes=[Mount("/static", StaticFiles(directory=directory(shop, "statics"), packages=[(shop, "more")]))]
    )
    registry = add_assets(app)
    client = TestClient(app)
    assert (client.get("/static/app.css").text, client.get("/static/more.css").text) == ("a{}", "more{}")
    assert "Mount('/static')" in str(registry.explain("/static/more.css"))


def test_a_mount_in_html_mode_stays_starlettes(shop):
    app, _ = made(shop, html=True)
    add_assets(app)
    assert TestClient(app).get("/static/").text == "index"


def test_a_loader_with_roots_finds_plain_names(shop, site):
    registry = load_zcml(site)
    environment = Environment(loader=AssetLoader(registry, roots=[f"{shop}:templates"]), autoescape=True)
    templates = Jinja2Templates(env=environment, context_processors=[template_context(registry)])
    registry.add_static_view("s", f"{shop}:statics")

    async def page(request):
        return templates.TemplateResponse(request, "index.html")

    routes = [Route("/", page), Mount("/static", StaticFiles(directory=directory(shop, "statics")), name="static")]
    assert TestClient(Starlette(routes=routes)).get("/").text.startswith("themed ")
    assert environment.loader.list_templates() == ["index.html"]


@pytest.mark.parametrize("root_path", ["", "/in"])
def test_fastapi_as_its_tutorial_has_it(shop, site, root_path):
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()
    app.mount("/static", StaticFiles(directory=directory(shop, "statics")), name="static")
    templates = Jinja2Templates(directory=directory(shop, "templates"))

    @app.get("/items/{item}")
    async def read_item(request: fastapi.Request, item: str):
        return templates.TemplateResponse(request=request, name="index.html", context={"item": item})

    add_assets(app, site, templates)
    client = TestClient(app, root_path=root_path)
    assert client.get("/items/1").text == f"themed http://testserver{root_path}/static/app.css?x=t"
    assert client.get("/static/app.css").text == "themed{}"
    assert client.get("/docs").status_code == 200


def test_what_lies_in_no_package_is_overridden_by_its_place(tmp_path, theme):
    (tmp_path / "static").mkdir()
    (tmp_path / "static/x.css").write_text("plain")
    registry = AssetRegistry()
    registry.override_asset("assetzcml.integrations:starlette/static/x.css", f"{theme}:statics/app.css")
    app = Starlette(routes=[Mount("/static", StaticFiles(directory=tmp_path / "static"), name="static")])
    add_assets(app, registry)
    assert TestClient(app).get("/static/x.css").text == "themed{}"


def test_what_a_mounted_application_mounts_is_overridden_under_its_own_url_and_behind_its_middleware(shop, site):
    statics = StaticFiles(directory=directory(shop, "statics"))

    async def where(request):
        return PlainTextResponse(str(request.url_for("admin:files", path="app.css")))

    class Door:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            refused = scope["type"] == "http" and (b"x-nobody", b"") in scope["headers"]
            await (PlainTextResponse("no", 403) if refused else self.app)(scope, receive, send)

    admin = Starlette(
        routes=[Route("/where", where), Mount("/files", statics, name="files")], middleware=[Middleware(Door)]
    )
    inner = Starlette(routes=[Mount("/admin", admin, name="admin"), Mount("/static", statics, name="static")])
    add_assets(inner, site)
    for app, prefix in (inner, ""), (Starlette(routes=[Mount("/outer", inner)]), "/outer"):
        client = TestClient(app)
        url = (
            client.get(f"{prefix}/admin/where").text
            if not prefix
            else "http://testserver/outer/admin/files/app.css?x=t"
        )
        assert url == f"http://testserver{prefix}/admin/files/app.css?x=t"
        assert client.get(url).text == "themed{}"
        assert client.get(f"{prefix}/static/app.css").text == "themed{}"
        assert client.get(url, headers={"X-Nobody": ""}).status_code == 403
        assert client.get(f"{prefix}/admin/files/none").status_code == 404


def test_an_external_name_of_what_a_mounted_application_mounts_leaves_its_own_url(shop, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(
        f'<configure xmlns="{NAMESPACE}"><staticView name="https://cdn.example.com/" path="{shop}:statics"/></configure>'
    )
    statics = Mount("/files", StaticFiles(directory=directory(shop, "statics")), name="files")
    app = Starlette(routes=[Mount("/admin", Starlette(routes=[statics]), name="admin")])
    add_assets(app, str(path))
    url = str(app.url_path_for("admin:files", path="app.css"))
    assert (url, TestClient(app).get(url).text) == ("/admin/files/app.css", "a{}")


def test_what_zcml_publishes_is_served_by_an_application_without_a_mount(shop, tmp_path):
    path = tmp_path / "site.zcml"
    path.write_text(f'<configure xmlns="{NAMESPACE}"><staticView name="files" path="{shop}:statics"/></configure>')
    app = Starlette(routes=[Route("/{rest:path}", lambda request: PlainTextResponse("the application"))])
    add_assets(app, str(path))
    client = TestClient(app)
    assert [client.get(each).text for each in ("/files/app.css", "/other")] == ["a{}", "the application"]


def test_templates_of_a_choice_of_loaders_and_of_a_package_are_overridden_by_their_plain_names(shop, site):
    loader = ChoiceLoader([FileSystemLoader("nowhere"), PackageLoader(shop, "templates")])
    for name, each in ("index.html", loader), ("a/b/index.html", PrefixLoader({"a": PrefixLoader({"b": loader})})):
        templates = Jinja2Templates(env=Environment(loader=each))
        app, _ = made(shop)
        add_assets(app, site, templates)
        assert templates.get_template(name).render(url_for=lambda *a, **k: "") == "themed "


COLONS = [":", "::", "/x:", "-"]


@pytest.mark.parametrize("delimiter", COLONS)
def test_a_name_that_the_applications_loader_knows_is_no_spec_whatever_its_delimiter(shop, theme, site, delimiter):
    loader = PrefixLoader({"docs": PackageLoader(shop, "templates")}, delimiter=delimiter)
    own = ChoiceLoader([DictLoader({"mail:welcome": "hello"}), loader])
    templates = Jinja2Templates(env=Environment(loader=own))
    app, _ = made(shop)
    add_assets(app, site, templates)
    said = {"url_for": lambda *a, **k: ""}
    environment = templates.env
    assert environment.get_template(f"docs{delimiter}index.html").render(said) == "themed "
    assert environment.get_template(f"docs{delimiter}index.html!original").render(said) == "plain "
    assert environment.get_template(f"{shop}:templates/index.html").render(said) == "themed "
    assert environment.get_template("mail:welcome").render() == "hello"
    for name in (f"docs{delimiter}none.html", f"{shop}:templates/none.html", "nowhere:none.html", "mail:none"):
        with pytest.raises(TemplateNotFound):
            environment.get_template(name)


def test_an_override_behind_a_prefix_with_a_colon_names_others_as_the_application_does(package, tmp_path):
    shop = package({
        "templates/base.html": "<{% block b %}{% endblock %}>", "templates/a/page.html": "page", "templates/a/part.html": "part",
    })  # fmt: skip
    theme = package({
        "templates/a/page.html": '{% extends "docs:base.html" %}{% block b %}{% include "./part.html" %}'
        '{% include ["docs:a/no.html", "!original"] %}{% include name %}{% endblock %}'
    })  # fmt: skip
    registry = AssetRegistry()
    registry.override_asset(f"{shop}:templates/a/page.html", f"{theme}:templates/a/page.html")
    own = PrefixLoader({"docs": PackageLoader(shop, "templates")}, delimiter=":")
    environment = Environment(loader=OverrideLoader(registry, roots_of(own), own))
    assert environment.get_template("docs:a/page.html").render(name="docs:a/part.html") == "<partpagepart>"
    assert environment.list_templates() == ["docs:a/page.html", "docs:a/part.html", "docs:base.html"]


def test_an_environment_without_a_loader_of_its_own_has_the_templates_of_packages(shop):
    environment = Environment(loader=OverrideLoader(AssetRegistry(), (), None))
    assert environment.get_template(f"{shop}:templates/index.html").render(url_for=lambda *a, **k: "") == "plain "
    with pytest.raises(TemplateNotFound):
        environment.get_template("index.html")
