"""Import maps: which names and URLs are in one, which bytes stand behind them, and what modules import."""

import base64
import hashlib
import json
import re

import pytest
from webob import Request

from assetzcml import AssetRegistry, ConfigurationError, DigestCacheBuster, StaticApp, TreeCacheBuster
from assetzcml.records.assets import asset_spec
from assetzcml.urls.modules import Addresses, ModuleGraph
from npm import installed

FILES = {
    "static/js/main.js": "import {s} from './state.js'; import '@shop/cart'; import('./late.js'); import 'unknown'",
    "static/js/state.js": "export const s = {}",
    "static/js/late.js": "",
    "static/js/cart.js": "import './deep/circle.js'",
    "static/js/deep/circle.js": "import '../cart.js'; import '/static/js/state.js'",
    "static/app.css": "",
}


@pytest.fixture
def shop(package):
    return package(FILES)


@pytest.fixture(params=[DigestCacheBuster, TreeCacheBuster])
def buster(request):
    return request.param()


def registry(shop, buster=None, name="static", modules=(), **settings):
    made = AssetRegistry(settings=settings)
    made.add_static_view(name, f"{shop}:static")
    if buster is not None:
        made.add_cache_buster(f"{shop}:static", buster)
    for bare, path in dict(modules).items():
        made.add_module(bare, f"{shop}:static/{path}")
    return made


def test_a_bare_name_stands_for_the_url_that_the_module_has(shop, buster):
    made = registry(shop, buster, modules={"@shop/cart": "js/cart.js"})
    url = made.static_path(f"{shop}:static/js/cart.js")
    assert made.import_map().data["imports"]["@shop/cart"] == url
    assert made.import_map().data["integrity"][url] == made.integrity(f"{shop}:static/js/cart.js")


def test_under_a_digest_every_module_has_its_url_and_under_a_tree_none_needs_one(shop, buster):
    made = registry(shop, buster)
    modules = [name.removeprefix("static/") for name in FILES if name.endswith(".js")]
    urls = {f"/static/{name}": made.static_path(f"{shop}:static/{name}") for name in modules}
    assert made.import_map().data["imports"] == (urls if isinstance(buster, DigestCacheBuster) else {})


def test_one_edit_changes_one_entry(shop, package):
    def imports():
        return registry(shop, DigestCacheBuster()).import_map().data["imports"]

    before = imports()
    (package.directory / shop / "static/js/state.js").write_text("export const s = 1")
    after = imports()
    assert {key for key in before if before[key] != after[key]} == {"/static/js/state.js"}


def test_every_integrity_is_that_of_the_answer_to_its_url(shop, buster):
    made = registry(shop, buster, modules={"@shop/cart": "js/cart.js"})
    application = StaticApp(made)
    for url, integrity in made.import_map().data["integrity"].items():
        body = Request.blank(url).send(application).body
        assert f"sha384-{base64.b64encode(hashlib.sha384(body).digest()).decode()}" == integrity


@pytest.mark.whole
def test_of_the_modules_of_lodash_an_edit_of_any_changes_one_url(tmp_path):
    root = installed(tmp_path, "lodash-es@4") / "node_modules/lodash-es"

    def data():
        made = AssetRegistry()
        made.add_static_view("lodash", str(root))
        made.add_cache_buster(str(root), DigestCacheBuster())
        return made.import_map().data

    before = data()
    assert len(before["imports"]) > 600
    for name in ("_baseClone.js", "isObject.js", "lodash.js"):  # imported by many, by most, and by none
        text = (root / name).read_text()
        (root / name).write_text(f"{text}// edited")
        after = data()
        (root / name).write_text(text)
        changed = {each for each in after["imports"] if after["imports"][each] != before["imports"][each]}
        assert changed == {f"/lodash/{name}"}
        assert len(set(after["integrity"]) - set(before["integrity"])) == 1


def test_the_beginning_of_names_leads_to_what_is_below_a_directory(shop):
    made = registry(shop, DigestCacheBuster(), modules={"shop/": "js"})
    imports = made.import_map().data["imports"]
    assert imports["shop/"] == "/static/js/"
    assert imports["shop/deep/circle.js"] == made.static_path(f"{shop}:static/js/deep/circle.js")
    tree = registry(shop, TreeCacheBuster(), modules={"shop/": "js"})
    assert tree.import_map().data["imports"] == {"shop/": tree.static_path(f"{shop}:static/js/")}


def test_a_theme_replaces_a_module_by_one_line_and_every_importer_gets_it(shop, package, buster):
    theme = package({"js/cart.js": "// the theme's"})
    made = registry(shop, buster, modules={"@shop/cart": "js/cart.js"})
    made.add_static_view("theme", f"{theme}:js")
    made.add_module("@shop/cart", f"{theme}:js/cart.js")
    assert made.import_map().data["imports"]["@shop/cart"] == "/theme/cart.js"
    assert imported(made, f"{shop}:static/js/main.js")["@shop/cart"] == f"{theme}:js/cart.js"


def test_an_override_of_the_file_is_another_way(shop, package):
    theme = package({"cart.js": "// the theme's"})
    made = registry(shop, DigestCacheBuster(), modules={"@shop/cart": "js/cart.js"})
    before = made.import_map().data["imports"]
    made.override_asset(f"{shop}:static/js/cart.js", f"{theme}:cart.js")
    after = made.import_map().data["imports"]
    assert {key for key in after if after[key] != before[key]} == {"@shop/cart", "/static/js/cart.js"}


def test_a_name_in_a_scope_is_that_of_the_modules_below_it_only(shop):
    made = registry(shop, DigestCacheBuster(), modules={"x": "js/state.js"})
    made.add_module("x", f"{shop}:static/js/late.js", scope=f"{shop}:static/js/deep")
    data = made.import_map().data
    assert data["imports"]["x"] == made.static_path(f"{shop}:static/js/state.js")
    assert data["scopes"] == {"/static/js/deep/": {"x": made.static_path(f"{shop}:static/js/late.js")}}


def test_a_map_holds_where_the_application_is_mounted(shop):
    made = registry(shop, DigestCacheBuster())
    request = Request.blank("/", environ={"SCRIPT_NAME": "/shop"})
    imports = made.import_map(request).data["imports"]
    assert all(key.startswith("/shop/static/") and url.startswith("/shop/static/") for key, url in imports.items())


def test_of_the_modules_below_a_digest_only_those_that_are_wanted(shop):
    made = registry(shop, DigestCacheBuster(), modules={"@shop/cart": "js/cart.js"})
    imports = made.import_map(None, f"{shop}:static/js/deep").data["imports"]
    assert set(imports) == {"/static/js/deep/circle.js", "@shop/cart"}
    both = made.import_map(None, [f"{shop}:static/js/deep", f"{shop}:static/js/late.js"]).data["imports"]
    assert set(both) == {"/static/js/deep/circle.js", "/static/js/late.js", "@shop/cart"}


def test_the_prefix_of_a_map_may_be_named(shop):
    made, prefix = registry(shop, DigestCacheBuster()), f"{shop}:static/js/deep"
    named = made.import_map(prefix=prefix)
    assert named == made.import_map(None, prefix)
    assert set(named.data["imports"]) == {"/static/js/deep/circle.js"}
    assert 'prefix="' not in named


def test_without_versions_a_map_has_the_bare_names_alone(shop):
    made = registry(shop, DigestCacheBuster(), modules={"@shop/cart": "js/cart.js"}, prevent_cachebust=True)
    assert made.import_map().data["imports"] == {"@shop/cart": "/static/js/cart.js"}


def test_the_element_is_the_same_text_each_time_and_its_hash_is_what_a_policy_says(shop):
    made = registry(shop, DigestCacheBuster(), modules={"b": "js/cart.js", "a": "js/late.js"})
    element = made.import_map(None, nonce="n1")
    text = re.fullmatch(r'<script type="importmap" nonce="n1">(.*)</script>', element)[1]
    assert text == element.text == json.dumps(element.data, sort_keys=True, separators=(",", ":"))
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert element.csp_hash == f"'sha256-{digest}'"
    assert made.csp_hashes() == [element.csp_hash]
    assert (
        registry(shop, DigestCacheBuster(), modules={"a": "js/late.js", "b": "js/cart.js"}).import_map(None, nonce="n1")
        == element
    )


def test_no_name_ends_the_element(package):
    name = package({"static/<&script>.js": ""})
    made = registry(name, DigestCacheBuster())
    assert made.import_map().text.count("<") == 0
    assert list(json.loads(made.import_map().text)["imports"]) == ["/static/%3C&script%3E.js"]


def test_what_is_not_published_or_gone_is_not_in_it(shop, package):
    made = registry(shop, DigestCacheBuster())
    hidden = package({"hidden.js": ""})
    made.add_module("hidden", f"{hidden}:hidden.js")
    made.add_module("cart", f"{shop}:static/js/cart.js")
    (package.directory / shop / "static/js/cart.js").unlink()
    assert set(made.import_map().data["imports"]) & {"hidden", "cart"} == set()


def test_a_change_is_noticed(shop, package):
    made = registry(shop, DigestCacheBuster(), reload=True)
    before = made.import_map().text
    (package.directory / shop / "static/js/late.js").write_text("1")
    assert made.import_map().text != before


@pytest.mark.parametrize(
    "bare, path, said",
    [
        ("", "app.js", "is no bare name"),
        ("/x", "x.js", "is an address"),
        ("./x", "x.js", "is an address"),
        ("https://h/x", "x.js", "is an address"),
        ("a b", "x.js", "holds a blank"),
        ("x", "app.css", "is no script, but text/css"),
        ("x", "js", "is a directory"),
        ("x/", "js/cart.js", "is a file, and a name that ends with a slash stands for a directory"),
        ("x", "none.js", "no layer has"),
    ],
)
def test_what_no_import_could_load_is_refused(shop, bare, path, said):
    with pytest.raises(ConfigurationError, match=said):
        registry(shop, modules={bare: path})


def test_a_name_that_two_packages_declare_is_a_conflict(zcml, shop):
    one = zcml.write(f'<module name="cart" path="{shop}:static/js/cart.js"/>', "one.zcml")
    two = zcml.write(f'<module name="cart" path="{shop}:static/js/late.js"/>', "two.zcml")
    site = zcml.write(f'<include file="{one}"/><include file="{two}"/>')
    with pytest.raises(ConfigurationError, match="module 'cart' is declared 2 times"):
        AssetRegistry().load_zcml(site)
    better = zcml.write(
        f'<include file="{one}"/><include file="{two}"/><module name="cart" path="{shop}:static/js/state.js"/>'
    )
    made = AssetRegistry().load_zcml(better)
    assert [str(each.path) for each in made.snapshot.modules] == [f"{shop}:static/js/state.js"]


# What modules import.


def imported(made, spec):
    return {
        each.reference.url: str(each.spec) for each in made.part(ModuleGraph).imports(asset_spec(spec)) if each.spec
    }


def test_imports_are_followed_by_path_and_by_bare_name(shop):
    made = registry(shop, modules={"@shop/cart": "js/cart.js", "all/": "js"})
    assert imported(made, f"{shop}:static/js/main.js") == {
        "./state.js": f"{shop}:static/js/state.js",
        "@shop/cart": f"{shop}:static/js/cart.js",
        "./late.js": f"{shop}:static/js/late.js",
    }


def test_a_circle_of_imports_ends_and_what_is_imported_late_is_not_in_it(shop):
    made = registry(shop, modules={"@shop/cart": "js/cart.js"})
    closure = made.part(ModuleGraph).closure(asset_spec(f"{shop}:static/js/main.js"))
    assert [spec.name for spec in closure] == ["main.js", "state.js", "cart.js", "circle.js"]


def test_where_an_asset_stands_without_a_version(shop):
    made = registry(shop, TreeCacheBuster(), name="shop/static")
    addresses = made.snapshot.derived(Addresses)
    assert addresses.of(asset_spec(f"{shop}:static/js/cart.js")) == "shop/static/js/cart.js"
    assert addresses.at("shop/static/js/cart.js")[1] == asset_spec(f"{shop}:static/js/cart.js")
    assert addresses.at("elsewhere") is None
