"""Templates are named by specs, see overrides, and call what they override: the same in every engine."""

import importlib
import os
import re
import sys
import zipfile

import pytest
from webob import Request

from assetzcml import AssetRegistry
from assetzcml.errors import InvalidSpec, MissingExtra
from assetzcml.integrations.templates import TemplateCycle, TemplateMissing, Templates, joined


class Engine:
    """How each engine says what the tests say; *text* is rendered with the markup left out."""

    @staticmethod
    def text(markup):
        return re.sub(r"<[^>]*>|\s", "", markup)


class Jinja2(Engine):
    missing = "jinja2.exceptions.TemplateNotFound"

    def __init__(self, registry, **options):
        module = importlib.import_module("assetzcml.integrations.jinja2")
        self.environment = importlib.import_module("jinja2").Environment(loader=module.AssetLoader(registry), **options)

    def render(self, name, **variables):
        return self.text(self.environment.get_template(name).render(**variables))

    @staticmethod
    def page(word, extends=""):
        if not extends:
            return f"<p>{{% block word %}}{word}{{% endblock %}}</p>"
        return f'{{% extends "{extends}" %}}{{% block word %}}{word}{{{{ super() }}}}{{% endblock %}}'

    @staticmethod
    def include(name):
        return f'<p>{{% include "{name}" %}}</p>'

    @staticmethod
    def url(spec):
        return f"{{{{ asset_url('{spec}') }}}}"


class Mako(Engine):
    missing = "mako.exceptions.TemplateLookupException"

    def __init__(self, registry, **options):
        module = importlib.import_module("assetzcml.integrations.mako")
        self.lookup = module.AssetLookup(registry, **options)

    def render(self, name, **variables):
        return self.text(self.lookup.get_template(name).render(**variables))

    @staticmethod
    def page(word, extends=""):
        if not extends:
            return f'<p><%block name="word">{word}</%block></p>'
        return f'<%inherit file="{extends}"/><%block name="word">{word}${{parent.word()}}</%block>'

    @staticmethod
    def include(name):
        return f'<p><%include file="{name}"/></p>'

    @staticmethod
    def url(spec):
        return f"${{asset_url('{spec}')}}"


class Chameleon(Engine):
    missing = "builtins.ValueError"

    def __init__(self, registry, **options):
        module = importlib.import_module("assetzcml.integrations.chameleon")
        self.templates = module.AssetTemplates(registry, **{"auto_reload": True, **options})

    def render(self, name, **variables):
        return self.text(self.templates[name].render(**variables))

    @staticmethod
    def page(word, extends=""):
        called = f'<p metal:use-macro="load: {extends}"/>' if extends else ""
        return f"<div>{word}{called}</div>"

    @staticmethod
    def include(name):
        return f'<div><p metal:use-macro="load: {name}"/></div>'

    @staticmethod
    def url(spec):
        return f"<p>${{asset_url('{spec}')}}</p>"


@pytest.fixture(params=[Jinja2, Mako, Chameleon], ids=lambda engine: engine.__name__)
def engine(request):
    pytest.importorskip(request.param.__name__.lower())
    return request.param


@pytest.fixture
def site(engine, package):
    """A registry, a shop, and two themes; each theme says a word before what it overrides."""
    original = "{shop}:templates/base.html!original"
    shop = package(
        {
            "templates/base.html": engine.page("shop"),
            "templates/page.html": engine.page("page-", "base.html"),
            "templates/admin/page.html": engine.page("admin-", "../base.html"),
            "templates/part.html": "part",
            "templates/whole.html": engine.include("part.html"),
        }
    )
    theme = package({"templates/base.html": engine.page("theme-", original.format(shop=shop))})
    brand = package({"templates/base.html": engine.page("brand-", original.format(shop=shop))})
    return Site(engine, package.directory, shop, theme, brand)


class Site:
    def __init__(self, engine, directory, shop, theme, brand):
        self.engine, self.directory = engine, directory
        self.shop, self.theme, self.brand = shop, theme, brand
        self.registry = AssetRegistry()

    def override(self, *themes):
        for theme in themes:
            self.registry.override_asset(f"{self.shop}:templates/", f"{theme}:templates/")

    def render(self, path="base.html", **options):
        return self.engine(self.registry, **options).render(f"{self.shop}:templates/{path}")

    def write(self, package, path, text):
        file = self.directory / package / "templates" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, ns=(1, len(text)))  # another time of change than any before


@pytest.mark.parametrize(
    "path, text",
    [
        ("base.html", "shop"),
        ("page.html", "page-shop"),  # a relative name is one beside the template
        ("admin/page.html", "admin-shop"),  # '..' leads up
        ("whole.html", "part"),
    ],
)
def test_a_template_is_named_by_its_spec(path, text, site):
    assert site.render(path) == text


def test_each_override_calls_the_next(site):
    site.override(site.theme)
    assert site.render() == "theme-shop"
    site.override(site.brand)
    assert site.render() == "brand-theme-shop"


def test_a_relative_name_sees_overrides(site):
    site.override(site.theme, site.brand)
    assert site.render("page.html") == "page-brand-theme-shop"
    assert site.render("admin/page.html") == "admin-brand-theme-shop"


def test_an_override_of_one_file_calls_what_it_overrides_too(site):
    site.write(site.brand, "other.html", site.engine.page("other-", f"{site.shop}:templates/base.html!original"))
    site.override(site.theme)
    site.registry.override_asset(f"{site.shop}:templates/base.html", f"{site.brand}:templates/other.html")
    assert site.render() == "other-theme-shop"


def test_an_override_may_name_its_original_by_a_relative_name_or_none(site):
    site.write(site.theme, "base.html", site.engine.page("theme-", "base.html!original"))
    site.override(site.theme)
    assert site.render() == "theme-shop"
    site.write(site.theme, "base.html", site.engine.page("theme-", "!original"))
    assert site.render() == "theme-shop"


def test_an_include_of_the_original_is_the_next_layer_too(site):
    site.write(site.theme, "part.html", "theme-" + site.engine.include("part.html!original"))
    if site.engine is Chameleon:
        site.write(site.theme, "part.html", "<p>theme-" + site.engine.include("part.html!original") + "</p>")
        site.write(site.shop, "part.html", "<p>part</p>")
    site.override(site.theme)
    assert site.render("whole.html") == "theme-part"


def test_a_name_from_outside_with_original_is_the_packages_own(site):
    site.override(site.theme, site.brand)
    assert site.render("base.html!original") == "shop"


def test_a_template_that_is_no_layer_means_the_packages_own(site):
    site.write(
        site.brand, "elsewhere.html", site.engine.page("elsewhere-", f"{site.shop}:templates/base.html!original")
    )
    site.override(site.theme)
    assert site.engine(site.registry).render(f"{site.brand}:templates/elsewhere.html") == "elsewhere-shop"


def test_a_layer_rendered_by_its_own_spec_calls_the_next_below_it(site):
    site.override(site.theme, site.brand)
    assert site.engine(site.registry).render(f"{site.theme}:templates/base.html") == "theme-shop"


def test_a_changed_file_is_noticed(site):
    engine = site.engine(site.registry)
    name = f"{site.shop}:templates/page.html"
    assert engine.render(name) == "page-shop"
    site.write(site.shop, "base.html", site.engine.page("changed"))
    assert engine.render(name) == "page-changed"


def test_an_override_that_appears_or_goes_is_noticed(site):
    engine = site.engine(site.registry)
    name = f"{site.shop}:templates/page.html"
    assert engine.render(name) == "page-shop"
    site.override(site.brand)
    assert engine.render(name) == "page-brand-shop"
    site.override(site.theme)  # declared last: it goes before the brand
    assert engine.render(name) == "page-theme-brand-shop"
    (site.directory / site.brand / "templates" / "base.html").unlink()
    assert engine.render(name) == "page-theme-shop"
    (site.directory / site.theme / "templates" / "base.html").unlink()
    assert engine.render(name) == "page-shop"


@pytest.mark.parametrize(
    "engine, options",
    [(Jinja2, {"auto_reload": False}), (Mako, {"filesystem_checks": False}), (Chameleon, {"auto_reload": False})],
    indirect=["engine"],
)
def test_without_reloading_what_was_compiled_stays(options, site):
    engine = site.engine(site.registry, **options)
    name = f"{site.shop}:templates/base.html"
    assert engine.render(name) == "shop"
    site.override(site.brand)
    assert engine.render(name) == "shop"


def test_a_template_that_extends_itself_is_an_error_that_prints_the_chain(site):
    name = f"{site.shop}:templates/base.html"
    site.write(site.theme, "base.html", site.engine.page("theme-", name))
    site.override(site.theme)
    with pytest.raises(TemplateCycle) as caught:
        site.render("page.html")
    assert "template cycle: " in str(caught.value)
    assert str(caught.value).count(f"{site.theme}:templates/base.html") >= 2
    assert f"{name}!original" in str(caught.value)


def test_a_longer_cycle_is_an_error_that_prints_the_chain(site):
    site.write(site.theme, "base.html", site.engine.page("theme-", f"{site.shop}:templates/page.html"))
    site.override(site.theme)
    with pytest.raises(TemplateCycle) as caught:
        site.render("page.html")
    page, base = f"{site.shop}:templates/page.html", f"{site.shop}:templates/base.html"
    assert f"template cycle: {page} → {base} (from {site.theme}:templates/base.html) → {page}" in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "{shop}:templates/missing.html",
        "{shop}:templates",
        "no_such_package:x.html",
        "page.html",
        "{shop}:../x.html",
        "",
    ],
)
def test_a_missing_template_is_the_engines_own_error(name, site):
    module, _, kind = site.engine.missing.rpartition(".")
    with pytest.raises(getattr(importlib.import_module(module), kind)):
        site.engine(site.registry).render(name.format(shop=site.shop))


def test_the_last_layer_has_no_original(site):
    site.write(site.shop, "base.html", site.engine.page("shop-", "!original"))
    with pytest.raises(Exception, match="overrides nothing"):
        site.render()


def test_asset_url_needs_no_request_and_takes_one_where_there_is_one(site):
    site.registry.add_static_view("static", f"{site.shop}:templates")
    site.write(site.shop, "url.html", site.engine.url(f"{site.shop}:templates/part.html"))
    engine = site.engine(site.registry)
    name = f"{site.shop}:templates/url.html"
    assert engine.render(name) == "/static/part.html"
    request = Request.blank("/", base_url="http://example.com/under")
    assert engine.render(name, request=request) == "/under/static/part.html"
    assert engine.render(name, asset_url=lambda spec: "mine") == "mine"


def test_templates_in_a_wheel_are_templates_too(site, tmp_path, monkeypatch):
    path = tmp_path / "zipped_templates-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("zipped_templates/__init__.py", "")
        wheel.writestr("zipped_templates/templates/base.html", site.engine.page("wheel-", "!original"))
        wheel.writestr("zipped_templates/templates/page.html", site.engine.page("wheelpage-", "base.html"))
        wheel.writestr("zipped_templates/templates/own.html", site.engine.page("own-", "page.html"))
    monkeypatch.syspath_prepend(path)
    monkeypatch.delitem(sys.modules, "zipped_templates", raising=False)
    site.override("zipped_templates")
    assert site.render("page.html") == "wheelpage-wheel-shop"
    assert site.render("page.html") == "wheelpage-wheel-shop"
    monkeypatch.delitem(sys.modules, "zipped_templates", raising=False)


def test_an_error_in_a_template_names_its_file(site):
    name = f"{site.theme}/templates/broken.html"
    site.write(site.theme, "broken.html", "{% if %}" if site.engine is Jinja2 else "<p>${1 +}</p>")
    site.override(site.theme)
    with pytest.raises(Exception) as caught:  # each engine has its own
        site.render("broken.html")
    assert name in str(caught.value) + str(getattr(caught.value, "filename", ""))


@pytest.mark.parametrize("engine", ["jinja2", "mako", "chameleon"])
def test_a_missing_engine_is_an_error_that_says_what_to_install(engine, monkeypatch):
    monkeypatch.delitem(sys.modules, f"assetzcml.integrations.{engine}", raising=False)
    for name in list(sys.modules):
        if name.partition(".")[0] == engine:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Without(engine), *sys.meta_path])
    with pytest.raises(MissingExtra, match=rf'pip install "assetzcml\[{engine}\]"'):
        importlib.import_module(f"assetzcml.integrations.{engine}")


class Without:
    """Makes a library look as if it were not installed."""

    def __init__(self, name):
        self.name = name

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    "name, whole",
    [
        ("a.html", "shop:t/admin/a.html"),
        ("./a.html", "shop:t/admin/a.html"),
        ("sub/a.html", "shop:t/admin/sub/a.html"),
        ("../a.html", "shop:t/a.html"),
        ("../../a.html", "shop:a.html"),
        ("other:a.html", "other:a.html"),
        (".sub:a.html", "shop.sub:a.html"),
        ("/srv/a.html", "/srv/a.html"),
        ("!original", "shop:t/admin/page.html!below theme:page.html"),
        ("../a.html!original", "shop:t/a.html!below theme:page.html"),
        (["a.html", "other:a.html"], ["shop:t/admin/a.html", "other:a.html"]),
        (None, None),
    ],
)
def test_what_a_name_means_in_a_template(name, whole):
    assert joined(name, "shop:t/admin/page.html", "theme:page.html") == whole


@pytest.mark.parametrize("name", ["../../../a.html", "other:../a.html", "a\\b.html", ":a.html"])
def test_a_name_that_leads_out_of_its_package_is_refused(name):
    with pytest.raises(InvalidSpec):
        joined(name, "shop:t/admin/page.html", "theme:page.html")


def test_directories_are_no_templates(package):
    shop = package({"templates/x/": ""})
    with pytest.raises(TemplateMissing, match="no layer has the template"):
        Templates(AssetRegistry()).find(f"{shop}:templates/x")


# What only one engine has.


def jinja2_site(package, files, **options):
    jinja2 = pytest.importorskip("jinja2")
    module = importlib.import_module("assetzcml.integrations.jinja2")
    registry = AssetRegistry()
    return package(files), registry, jinja2.Environment(loader=module.AssetLoader(registry), **options)


def test_jinja2_names_may_be_expressions_and_lists(package):
    shop, _, environment = jinja2_site(
        package,
        {
            "t/page.html": "{% extends layout ~ '.html' %}{% block b %}page{% endblock %}",
            "t/base.html": "[{% block b %}{% endblock %}]",
            "t/any.html": "{% include ['missing.html', 'part.html'] %}{% include name ignore missing %}",
            "t/part.html": "part",
            "t/macros.html": "{% macro m(x) %}<{{ x }}>{% endmacro %}",
            "t/calls.html": "{% import 'macros.html' as a %}{% from 'macros.html' import m %}{{ a.m(1) }}{{ m(2) }}",
        },
    )
    assert environment.get_template(f"{shop}:t/page.html").render(layout="base") == "[page]"
    assert environment.get_template(f"{shop}:t/any.html").render(name="gone.html") == "part"
    assert environment.get_template(f"{shop}:t/any.html").render(name="part.html") == "partpart"
    assert environment.get_template(f"{shop}:t/any.html").render(name=["part.html"]) == "partpart"
    assert environment.get_template(f"{shop}:t/calls.html").render() == "<1><2>"


def test_jinja2_keeps_the_name_that_was_asked_for(package):
    shop, registry, environment = jinja2_site(package, {"a.html": "a"})
    theme = package({"a.html": "theme"})
    registry.override_asset(f"{shop}:a.html", f"{theme}:a.html")
    template = environment.get_template(f"{shop}:a.html")
    assert (template.name, template.filename) == (f"{shop}:a.html", str(package.directory / theme / "a.html"))


def test_jinja2_loads_what_is_no_spec_from_the_other_loaders(package):
    shop, _, environment = jinja2_site(package, {"t/a.html": "a {% include 'b.html' %}", "t/b.html": "b"})
    jinja2 = importlib.import_module("jinja2")
    environment.loader = jinja2.ChoiceLoader(
        [environment.loader, jinja2.DictLoader({"mine.html": f"mine {{% include '{shop}:t/a.html' %}}"})]
    )
    assert environment.get_template("mine.html").render() == "mine a b"


def test_jinja2_works_sandboxed_asynchronous_and_with_a_bytecode_cache(package, tmp_path):
    jinja2 = pytest.importorskip("jinja2")
    sandbox = importlib.import_module("jinja2.sandbox")
    shop, _, environment = jinja2_site(
        package,
        {
            "t/page.html": "{% extends name %}{% block b %}page{% endblock %}",
            "t/base.html": "[{% block b %}{% endblock %}]",
        },
        enable_async=True,
        bytecode_cache=jinja2.FileSystemBytecodeCache(str(tmp_path)),
    )
    sandboxed = sandbox.SandboxedEnvironment(loader=environment.loader)
    for _ in range(2):
        for each in (environment, sandboxed):
            each.cache.clear()
            assert each.get_template(f"{shop}:t/page.html").render(name="base.html") == "[page]"


def test_jinja2_include_may_call_itself(package):
    shop, _, environment = jinja2_site(
        package, {"tree.html": "{{ node[0] }}{% for node in node[1:] %}({% include 'tree.html' %}){% endfor %}"}
    )
    assert environment.get_template(f"{shop}:tree.html").render(node=["a", ["b", ["c"]], ["d"]]) == "a(b(c))(d)"


def test_mako_keeps_modules_of_two_layers_apart(package, tmp_path):
    module = pytest.importorskip("mako") and importlib.import_module("assetzcml.integrations.mako")
    shop = package({"a.mako": "shop"})
    theme = package({"a.mako": "theme"})
    os.utime(package.directory / theme / "a.mako", (1, 1))  # older than the module that is made of the shop's
    registry = AssetRegistry()
    lookup = module.AssetLookup(registry, module_directory=str(tmp_path / "modules"))
    assert lookup.get_template(f"{shop}:a.mako").render() == "shop"
    registry.override_asset(f"{shop}:a.mako", f"{theme}:a.mako")
    assert lookup.get_template(f"{shop}:a.mako").render() == "theme"
    assert lookup.has_template(f"{shop}:a.mako")
    assert not lookup.has_template(f"{shop}:b.mako")


def test_chameleon_macros_and_slots_come_from_the_layer_that_has_them(package):
    module = pytest.importorskip("chameleon") and importlib.import_module("assetzcml.integrations.chameleon")
    shop = package(
        {
            "layout.pt": '<html metal:define-macro="page"><b metal:define-slot="main">shop</b></html>',
            "page.pt": '<p metal:use-macro="load: layout.pt"><i metal:fill-slot="main">page</i></p>',
            "named.pt": "<p metal:use-macro=\"load('layout.pt').macros['page']\"/>",
            "mail.txt": "Dear ${name}",
        }
    )
    theme = package(
        {"layout.pt": '<main><p metal:use-macro="load: !original"><u metal:fill-slot="main">theme</u></p></main>'}
    )
    registry = AssetRegistry()
    templates = module.AssetTemplates(registry, auto_reload=True)
    assert templates[f"{shop}:page.pt"].render() == "<html><i>page</i></html>"
    registry.override_asset(f"{shop}:layout.pt", f"{theme}:layout.pt")
    assert templates[f"{shop}:page.pt"].render() == "<main><html><u>theme</u></html></main>"
    assert templates.load(f"{shop}:mail.txt", "text").render(name="<you>") == "Dear <you>"
