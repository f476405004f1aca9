"""Every rule about a record is one rule: ZCML and Python refuse the same in the same words, and nothing has changed."""

import pickle
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from zope.configuration.config import ConfigurationMachine, GroupingContextDecorator
from zope.interface.registry import Components

import assetzcml
from assetzcml import (
    AssetRegistry,
    ConfigurationError,
    ConfigurationWarning,
    DigestCacheBuster,
    Limits,
    ManifestCacheBuster,
    QueryStringCacheBuster,
    QueryStringConstantCacheBuster,
    StaticApp,
    StaticView,
    TreeCacheBuster,
    asgi,
    declare,
    load_zcml,
    registry_of,
    warn,
)
from assetzcml.bundles import Bundle, Environment
from assetzcml.records.rules import refusal

PARTS = """
from assetzcml import DigestCacheBuster
number = 7
def page(request): return ""
class NoPolicy: pass
class Policy:
    def permits(self, request, context, permission): return True
"""


def page(request):
    return ""


@pytest.fixture
def shop(package):
    files = {"static/app.css": "", "static/m.json": "{}", "theme/app.css": "", "logo.png": "", "parts.py": PARTS}
    return package(files, name="shop_r")


class Rule(NamedTuple):
    """What is said of a fault; the directive that has it, the call that has it, and `StaticView` where it has it."""

    sentence: str
    zcml: str
    call: Any
    view: Any = None


def view(**options):
    """The same option of `add_static_view` and of `StaticView`."""
    return (
        lambda registry: registry.add_static_view("s", "shop_r:static", **options),
        lambda: StaticView("shop_r:static", **options),
    )


PUBLISHED = '<staticView name="s" path="shop_r:static" {}/>'
EMPTY = "permission is empty; leave the attribute out, or put the directive under zcml:condition"

RULES = [
    # static views and files
    Rule("a%' holds a percent sign", '<staticView name="a%" path="shop_r:static"/>',
         lambda r: r.add_static_view("a%", "shop_r:static")),
    Rule("were name and path exchanged?", '<staticView name="shop_r:static" path="shop_r:static"/>',
         lambda r: r.add_static_view("shop_r:static", "shop_r:static")),
    Rule("'..' is not followed", '<staticView name="s" path="shop_r:../x"/>',
         lambda r: r.add_static_view("s", "shop_r:../x"), lambda: StaticView("shop_r:../x")),
    Rule("cache_max_age is 2147483648; seconds from 0 to 2147483647 were expected",
         PUBLISHED.format('cache_max_age="2147483648"'), *view(cache_max_age=2147483648)),
    Rule(EMPTY, PUBLISHED.format('permission=""'), view(permission="")[0]),
    Rule(EMPTY, PUBLISHED.format('permission="  "'), view(permission="  ")[0]),
    Rule(EMPTY, PUBLISHED.format('permission="${nobody:- }"'), view(permission=" ")[0]),
    Rule(EMPTY, '<staticFile name="f" path="shop_r:logo.png" permission=""/>',
         lambda r: r.add_static_file("f", "shop_r:logo.png", permission="")),
    Rule(EMPTY, '<route name="a" pattern="/a" view="shop_r.parts.page" permission=""/>',
         lambda r: r.add_route("a", "/a", view=page, permission="")),
    Rule(EMPTY, '<view view="shop_r.parts.page" name="a" permission=" "/>',
         lambda r: r.add_view(page, "a", permission=" ")),
    Rule("'deflate' is not a content coding that is served; clients disagree",
         PUBLISHED.format('content_encodings="deflate"'), *view(content_encodings=["deflate"])),
    Rule("index is 'a/b'; the name of a file, without a path, was expected",
         PUBLISHED.format('index="a/b"'), *view(index="a/b")),
    Rule("header 'x-a' is given twice; join them: value=",
         '<staticView name="s" path="shop_r:static"><header name="X-A" value="1"/><header name="x-a" value="2"/></staticView>',
         *view(headers=[("X-A", "1"), ("x-a", "2")])),
    Rule("the header 'ETag' is worked out for each response and cannot be declared",
         '<staticView name="s" path="shop_r:static"><header name="ETag" value="1"/></staticView>',
         *view(headers={"ETag": "1"})),
    Rule("'a b' is not the name of a header field",
         '<staticView name="s" path="shop_r:static"><header name="a b" value="1"/></staticView>',
         *view(headers={"a b": "1"})),
    Rule("is not the value of a header field; printable ASCII was expected",
         '<staticView name="s" path="shop_r:static"><header name="A" value="\N{SNOWMAN}"/></staticView>',
         *view(headers={"A": "\N{SNOWMAN}"})),
    Rule("a slash at the end is for directories; publish a directory with staticView",
         '<staticFile name="f" path="shop_r:static/"/>', lambda r: r.add_static_file("f", "shop_r:static/")),
    Rule("a file has a name of its own; the application's root is not one",
         '<staticFile name="/" path="shop_r:logo.png"/>', lambda r: r.add_static_file("/", "shop_r:logo.png")),
    Rule("an external base URL is not the name of a file",
         '<staticFile name="https://example.com/f" path="shop_r:logo.png"/>',
         lambda r: r.add_static_file("https://example.com/f", "shop_r:logo.png")),
    Rule("there is no permission policy; declare one: <permissionPolicy policy=",
         PUBLISHED.format('permission="view"'), view(permission="view")[0]),
    # overrides
    Rule("to_override='/a' is a path of the file system, and belongs to no package; 'package:path' was expected",
         '<asset to_override="/a" override_with="shop_r:logo.png"/>', lambda r: r.override_asset("/a", "shop_r:logo.png")),
    Rule("to_override is a file and override_with is a directory; write '",
         '<asset to_override="shop_r:static/app.css" override_with="shop_r:theme/"/>',
         lambda r: r.override_asset("shop_r:static/app.css", "shop_r:theme/")),
    Rule("to_override is a whole package and override_with is a file",
         '<asset to_override="shop_r" override_with="shop_r:logo.png"/>',
         lambda r: r.override_asset("shop_r", "shop_r:logo.png")),
    Rule("'shop_r:a' is overridden with itself", '<asset to_override="shop_r:a" override_with="shop_r:./a"/>',
         lambda r: r.override_asset("shop_r:a", "shop_r:./a")),
    Rule("overrides go round in a circle", '<asset to_override="shop_r" override_with="shop_r:static/"/>',
         lambda r: r.override_asset("shop_r", "shop_r:static/")),
    Rule("'shop_r:static' is a directory; write 'shop_r:static/'",
         '<asset to_override="shop_r:static" override_with="shop_r:logo.png"/>',
         lambda r: r.override_asset("shop_r:static", "shop_r:logo.png")),
    Rule("there is no package 'nosuch_r'", '<asset to_override="nosuch_r:a" override_with="shop_r:logo.png"/>',
         lambda r: r.override_asset("nosuch_r:a", "shop_r:logo.png")),
    # cache busters
    Rule("buster DigestCacheBuster is a class; write factory= to have it called in ZCML, and DigestCacheBuster() in Python",
         '<cacheBuster path="shop_r:static" buster="shop_r.parts.DigestCacheBuster"/>',
         lambda r: r.add_cache_buster("shop_r:static", DigestCacheBuster)),
    Rule("buster 7 is not callable", '<cacheBuster path="shop_r:static" buster="shop_r.parts.number"/>',
         lambda r: r.add_cache_buster("shop_r:static", 7)),
    Rule("token is empty; write one such as token=",
         '<cacheBuster path="shop_r:static" token=" "/>', lambda r: QueryStringConstantCacheBuster(" ")),
    Rule("param is empty; the name of a query parameter was expected",
         '<cacheBuster path="shop_r:static" token="v" param=""/>', lambda r: QueryStringConstantCacheBuster("v", param="")),
    Rule("missing is 'maybe'; 'plain' or 'error' was expected",
         '<cacheBuster path="shop_r:static" digest="sha256" missing="maybe"/>', lambda r: DigestCacheBuster("maybe")),
    Rule("missing is 'maybe'; 'plain' or 'error' was expected",
         '<cacheBuster path="shop_r:static" manifest="shop_r:static/m.json" missing="maybe"/>',
         lambda r: ManifestCacheBuster("shop_r:static/m.json", missing="maybe")),
    Rule("does not exist", '<cacheBuster path="shop_r:static" manifest="shop_r:nosuch.json"/>',
         lambda r: r.add_cache_buster("shop_r:static", ManifestCacheBuster("shop_r:nosuch.json"))),
    Rule("former is 'maybe'; 'current', 'missing' or 'stored' was expected",
         '<cacheBuster path="shop_r:static" digest="sha256" former="maybe"/>', lambda r: DigestCacheBuster(former="maybe")),
    Rule("former is 'maybe'; 'current', 'missing' or 'stored' was expected",
         '<cacheBuster path="shop_r:static" tree="sha256" former="maybe"/>', lambda r: TreeCacheBuster(former="maybe")),
    Rule("missing is 'maybe'; 'plain' or 'error' was expected",
         '<cacheBuster path="shop_r:static" tree="sha256" missing="maybe"/>', lambda r: TreeCacheBuster("maybe")),
    Rule("explicit has no meaning with tree", '<cacheBuster path="shop_r:static" tree="sha256" explicit="yes"/>',
         lambda r: r.add_cache_buster("shop_r:static", TreeCacheBuster(), explicit=True)),
    # media types, and what a view says of some of its assets
    Rule("'a/b' is not the extension of a name", '<mediaType extension="a/b" type="text/css"/>',
         lambda r: r.add_media_type("a/b", "text/css")),
    Rule("'model' is not a media type", '<mediaType extension="glb" type="model"/>',
         lambda r: r.add_media_type("glb", "model")),
    Rule("not_found is '../x'; the path of an asset below the root",
         PUBLISHED.format('not_found="../x"'), *view(not_found="../x")),
    Rule("single_page is '/x'; the path of an asset below the root",
         PUBLISHED.format('single_page="/x"'), *view(single_page="/x")),
    Rule("send is 'x'; 'x-accel-redirect /prefix' or 'x-sendfile' was expected", PUBLISHED.format('send="x"'), *view(send="x")),
    Rule("match has no meaning in a staticFile, which is one asset",
         '<staticFile name="f" path="shop_r:logo.png"><header name="A" value="1" match="*.css"/></staticFile>',
         lambda r: r.add_static_file("f", "shop_r:logo.png", headers=[("A", "1", "*.css")])),
    # modules and stores
    Rule("'./a' is an address, not a bare name", '<module name="./a" path="shop_r:static/app.js"/>',
         lambda r: r.add_module("./a", "shop_r:static/app.js")),
    Rule("a number from 1 to 1000 was expected", '<contentStore directory="/nowhere" keep="0"/>',
         lambda r: r.add_content_store("/nowhere", keep=0)),
    Rule("'soon' is no span of time", '<contentStore directory="/nowhere" younger="soon"/>',
         lambda r: r.add_content_store("/nowhere", younger="soon")),
    Rule("'x' is not the absolute path of a manifest", '<frozen manifest="x"/>', lambda r: r.add_frozen("x")),
    Rule("'' is not the absolute path of a directory", '<contentStore directory=""/>', lambda r: r.add_content_store("")),
    # policies, routes and views
    Rule("has no method permits(request, context, permission)", '<permissionPolicy policy="shop_r.parts.NoPolicy"/>',
         lambda r: r.add_permission_policy(object())),
    Rule("the name of a route was expected", '<route name="" pattern="/a"/>', lambda r: r.add_route("", "/a")),
    Rule("permission has no meaning without view; say it where the view is declared",
         '<route name="a" pattern="/a" permission="p"/>', lambda r: r.add_route("a", "/a", permission="p")),
    Rule("before and after exclude each other; keep one of them", '<route name="a" pattern="/a" before="b" after="c"/>',
         lambda r: r.add_route("a", "/a", before="b", after="c")),
    Rule("'G(T' is not a request method; tokens such as 'GET POST' were expected",
         '<route name="a" pattern="/a" request_method="G(T"/>', lambda r: r.add_route("a", "/a", request_method="G(T")),
    Rule("'{' is not closed", '<route name="a" pattern="/{x"/>', lambda r: r.add_route("a", "/{x")),
    Rule("exactly one of name and route_name was expected; both are there",
         '<view view="shop_r.parts.page" name="a" route_name="b"/>', lambda r: r.add_view(page, "a", route_name="b")),
    Rule("a path of the application was expected, not another host",
         '<view view="shop_r.parts.page" name="https://example.com/x"/>',
         lambda r: r.add_view(page, "https://example.com/x")),
    Rule("'a?b' holds a query", '<view view="shop_r.parts.page" name="a?b"/>', lambda r: r.add_view(page, "a?b")),
    Rule("there is no route 'b'", '<view view="shop_r.parts.page" route_name="b"/>',
         lambda r: r.add_view(page, route_name="b")),
    Rule("view: 7 is not callable", '<view view="shop_r.parts.number" name="a"/>', lambda r: r.add_view(7, "a")),
]  # fmt: skip


def state(registry):
    """All that a registry holds."""
    snapshot = registry.snapshot
    records = tuple(snapshot.everything()), snapshot.losses
    return records, snapshot.policy, dict(registry.settings), list(registry.registeredUtilities())


def refused(registry, declare):
    """The one headline of a refusal, which has changed nothing."""
    before = state(registry)
    with pytest.raises((ConfigurationError, ValueError)) as caught:
        declare()
    assert state(registry) == before
    (headline,) = [problem.headline for problem in getattr(caught.value, "problems", ())] or [str(caught.value)]
    return headline


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.sentence[:50])
def test_a_rule_is_the_same_in_zcml_and_in_python(shop, zcml, rule):
    registry = AssetRegistry()
    assert rule.sentence in refused(registry, lambda: zcml(rule.zcml, registry=registry))
    assert rule.sentence in refused(registry, lambda: rule.call(registry))
    if rule.view is not None:
        with pytest.raises(ValueError) as caught:
            rule.view()
        assert rule.sentence in str(caught.value)


PYTHON = [
    ("dotfiles is 'no'; True or False was expected", *view(dotfiles="no")),
    ("dotfiles is 1; True or False was expected", *view(dotfiles=1)),
    ("follow_symlinks is 'false'; None or True or False was expected", *view(follow_symlinks="false")),
    ("reload is 'no'; None or True or False was expected", *view(reload="no")),
    ("use_subpath is 'no'; True or False was expected", None, lambda: StaticView("shop_r:static", use_subpath="no")),
    ("cache_max_age is '60'; seconds from 0", *view(cache_max_age="60")),
    ("cache_max_age is True; seconds from 0", *view(cache_max_age=True)),
    ("content_encodings is the text 'br'; a list such as", *view(content_encodings="br")),
    ("content_encodings is 5; a list such as", *view(content_encodings=5)),
    ("5 is not a content coding that is served", *view(content_encodings=[5])),
    ("index is None; the name of a file", *view(index=None)),
    ("headers is 5; a mapping, or pairs of name and value, were expected", *view(headers=5)),
    ("headers is 'X-A: 1'; a mapping, or pairs", *view(headers="X-A: 1")),
    ("headers holds ('X-A',); pairs of name and value were expected", *view(headers=[("X-A",)])),
    ("headers holds 'ab'; pairs of name and value were expected", *view(headers=["ab"])),
    ("a header field is two texts, not 'X-A' and 1", *view(headers={"X-A": 1})),
    ("permission is 5; a text was expected", view(permission=5)[0], None),
    ("a name is a text, not None", lambda r: r.add_static_view(None, "shop_r:static"), None),
    ("a name is a text, not 5", lambda r: r.add_static_file(5, "shop_r:logo.png"), None),
    ("an asset spec is a text such as 'package:path', not 5", lambda r: r.add_static_view("s", 5), lambda: StaticView(5)),
    ("package is 5; a module, or its dotted name, was expected", None, lambda: StaticView("static", package=5)),
    ("registry is 5; an AssetRegistry was expected", None, lambda: StaticView("shop_r:static", 5)),
    ("to_override: an asset spec is a text", lambda r: r.override_asset(None, "shop_r:logo.png"), None),
    ("override_with: an asset spec is a text", lambda r: r.override_asset("shop_r:logo.png", None), None),
    ("path: an asset spec is a text", lambda r: r.add_cache_buster(5, print), None),
    ("explicit is 'no'; True or False was expected",
     lambda r: r.add_cache_buster("shop_r:static", DigestCacheBuster(), explicit="no"), None),
    ("reload is 'no'; None or True or False was expected",
     None, lambda: ManifestCacheBuster("shop_r:static/m.json", reload="no")),
    ("token is 5; a text was expected", None, lambda: QueryStringConstantCacheBuster(5)),
    ("token is empty", None, lambda: QueryStringConstantCacheBuster(b"")),
    ("param is None; the name of a query parameter was expected", None, lambda: QueryStringCacheBuster(None)),
    ("name is 5; the name of a route was expected", lambda r: r.add_route(5, "/a"), None),
    ("pattern is None; a text such as '/items/{id}' was expected", lambda r: r.add_route("a", None), None),
    ("before is 5; the name of a route was expected", lambda r: r.add_route("a", "/a", before=5), None),
    ("request_method is 5; tokens such as 'GET' were expected", lambda r: r.add_route("a", "/a", request_method=5), None),
    ("5 is not a request method", lambda r: r.add_view(page, "a", request_method=[5]), None),
    ("a name is a text, not 5", lambda r: r.add_view(page, 5), None),
    ("route_name is 5; the name of a route was expected", lambda r: r.add_view(page, route_name=5), None),
    ("bases are refused: what a base declares would be stronger", None, lambda: AssetRegistry(bases=(AssetRegistry(),))),
    ("a later change of the base would not be seen",
     lambda r: setattr(r, "__bases__", (AssetRegistry(),)), None),
    ("former is 5; 'current', 'missing' or 'stored' was expected", None, lambda: TreeCacheBuster(former=5)),
    ("missing is 5; 'plain' or 'error' was expected", None, lambda: TreeCacheBuster(5)),
    ("5 is not the extension of a name", lambda r: r.add_media_type(5, "text/css"), None),
    ("5 is not a media type", lambda r: r.add_media_type("glb", 5), None),
    ("immutable_names is '*.js'; a list such as", *view(immutable_names="*.js")),
    ("immutable_names is 5; a list such as", *view(immutable_names=5)),
    ("a pattern is a text such as '*.woff2', not 5", *view(immutable_names=[5])),
    ("not_found is 5; the path of an asset", *view(not_found=5)),
    ("single_page is 5; the path of an asset", *view(single_page=5)),
    ("send is 5; 'x-accel-redirect /prefix'", *view(send=5)),
    ("5 is no bare name", lambda r: r.add_module(5, "shop_r:static/app.js"), None),
    ("path: an asset spec is a text", lambda r: r.add_module("a", 5), None),
    ("scope: an asset spec is a text", lambda r: r.add_module("a", "shop_r:static/app.js", scope=5), None),
    ("5 is not the absolute path of a manifest", lambda r: r.add_frozen(5), None),
    ("5 is not the absolute path of a directory", lambda r: r.add_content_store(5), None),
    ("keep is 'x'; a number from 1 to 1000 was expected", lambda r: r.add_content_store("/nowhere", keep="x"), None),
    ("None is no span of time", lambda r: r.add_content_store("/nowhere", younger=None), None),
    ("view: None is not callable", lambda r: r.add_view(None, "a"), None),
    ("view: 5 is not callable", lambda r: r.add_route("a", "/a", view=5), None),
    ("None has no method permits", lambda r: r.add_permission_policy(None), None),
    ("Limits.include_depth is 'x'; a whole number was expected, 0 or more", None, lambda: Limits(include_depth="x")),
    ("Limits.include_depth is True; a whole number was expected", None, lambda: Limits(include_depth=True)),
    ("name is 5; a text was expected", None, lambda: AssetRegistry(5)),
    ("settings is 'reload'; a mapping was expected", None, lambda: AssetRegistry(settings="reload")),
]  # fmt: skip


SPEC = "shop_r:static/app.css"
ASKED = [
    ("an asset spec is a text", lambda r: r.resolve(5)),
    ("an asset spec is a text", lambda r: r.static_path([])),
    ("an asset spec is a text", lambda r: r.static_url(None)),
    ("request is 5; a request, a WSGI environ or None was expected", lambda r: r.static_path(SPEC, 5)),
    ("request is 5; a request, a WSGI environ or None was expected", lambda r: r.static_url(SPEC, 5)),
    ("request is 5; a request", lambda r: r.template_globals(5)["static_path"](SPEC)),
    ("_app_url is 5; a text was expected", lambda r: r.static_url(SPEC, _app_url=5)),
    ("_scheme is 5; a text was expected", lambda r: r.static_url(SPEC, _scheme=5)),
    ("_port is [80]; a number was expected", lambda r: r.static_url(SPEC, _port=[80])),
    ("_query is 5; a mapping, pairs or a text was expected", lambda r: r.static_url(SPEC, _app_url="http://x", _query=5)),
    ("spec is 5; 'package:file.zcml' or the path of a file was expected", lambda r: r.load_zcml(5)),
    ("spec is None; 'package:file.zcml'", lambda r: load_zcml(None, registry=r)),
    ("spec is ''; 'package:file.zcml'", lambda r: r.load_zcml("")),
    ("spec is 'a\\x00b'; 'package:file.zcml'", lambda r: r.load_zcml("a\0b")),
    ("package is 5; a module, or its dotted name, was expected", lambda r: r.load_zcml("x.zcml", package=5)),
    ("features is 5; names of features were expected", lambda r: r.load_zcml("x.zcml", features=5)),
    ("features holds 5; names of features were expected", lambda r: r.load_zcml("x.zcml", features=[5])),
    ("settings is 5; a mapping was expected", lambda r: r.load_zcml("x.zcml", settings=5)),
    ("strict is 'no'; True or False was expected", lambda r: r.load_zcml("x.zcml", strict="no")),
    ("limits is 5; Limits(...) was expected", lambda r: r.load_zcml("x.zcml", limits=5)),
    ("registry is 5; an AssetRegistry was expected", lambda r: load_zcml("x.zcml", registry=5)),
    ("strict holds 5; names of packages were expected", lambda r: r.load_zcml("x.zcml", strict=[5])),
    ("an asset spec is a text", lambda r: r.integrity(5)),
    ("an asset spec is a text", lambda r: r.tag(5)),
    ("request is 5; a request, a WSGI environ or None was expected", lambda r: r.tag(SPEC, 5)),
    ("is not known by its name; give kind=, one of css, js, image, font", lambda r: r.tag(SPEC, kind=5)),
    ("'a b' is not the name of an HTML attribute", lambda r: r.tag(SPEC, **{"a b": "x"})),
    ("request is 5; a request, a WSGI environ or None was expected", lambda r: r.import_map(5)),
    ("an asset spec is a text", lambda r: r.import_map(None, 5)),
    ("request is 5; a request, a WSGI environ or None was expected", lambda r: r.csp_hashes(5)),
    ("an asset spec is a text", lambda r: r.csp_hashes(None, 5)),
    ("request is 5; a request, a WSGI environ or None was expected", lambda r: r.integrity_policy(5)),
    ("an asset spec is a text", lambda r: r.preloads(5)),
    ("most is 'x'; a whole number was expected, 0 or more", lambda r: r.preloads(SPEC, most="x")),
    ("size is None; a whole number was expected, 0 or more", lambda r: r.preloads(SPEC, size=None)),
    ("request is 5; a request, a WSGI environ or None was expected", lambda r: r.preloads(SPEC, request=5)),
    ("subscriber is 5; something that can be called was expected", lambda r: r.subscribe(5)),
    ("name is 5; the name of a bundle was expected", lambda r: r.template_globals()["bundle_urls"](5)),
    ("name is 5; the name of a bundle was expected", lambda r: r.template_globals()["bundle_tags"](5)),
    ("context is 5; what the handler of a directive gets was expected", lambda r: declare(5, r.snapshot.views[0])),
    ("context is 5; what the handler of a directive gets was expected", lambda r: registry_of(5)),
    ("context is 5; what the handler of a directive gets was expected", lambda r: warn(5, "beware")),
    ("record is 5; a record, of ours or of a subclass of Record, was expected",
     lambda r: declare(GroupingContextDecorator(ConfigurationMachine()), 5)),
    ("bodies is 'x'; a whole number was expected, 0 or more", lambda r: StaticApp(r, bodies="x")),
    ("bodies is -1; a whole number was expected, 0 or more", lambda r: asgi.StaticApp(r, bodies=-1)),
    ("fallback is 5; a WSGI application was expected", lambda r: r.make_app(5)),
    ("fallback is 5; a WSGI application was expected", lambda r: StaticApp(r, 5)),
    ("fallback is 5; an ASGI application was expected", lambda r: asgi.StaticApp(r, 5)),
    ("registry is 5; an AssetRegistry was expected", lambda r: StaticApp(5)),
    ("registry is 5; an AssetRegistry was expected", lambda r: asgi.StaticApp(5)),
    ("packages is 5; names of packages were expected", lambda r: r.install_resource_hook(5)),
    ("packages holds 5; names of packages were expected", lambda r: r.install_resource_hook([5])),
]  # fmt: skip


def bundled(registry, **options):
    """The environment of *registry*, with a bundle."""
    registry.environment.register("all", "shop_r:static/app.css", output="gen/all.css", **options)
    return registry.environment


# Of bundles, with the words in which ZCML refuses the same.
ASKED += [
    (f"{name} is 5; {expected} expected", ask)
    for name, expected in {
        "directory": "the path of a directory was", "url": "a text such as '/static' was", "auto_build": "true or false was",
        "debug": "true, false or 'merge' was", "url_expire": "true or false was", "allow_remote": "true or false was",
        "debug_expire": "true or false was", "source_maps": "true or false was", "load_path": "paths of directories were",
        "url_mapping": "a mapping of directories to URLs was",
    }.items()
    for ask in (
        lambda r, name=name: Environment(**{name: 5}),
        lambda r, name=name: setattr(r.environment, name, 5),
        lambda r, name=name: r.environment.config.update({name: 5}),
        lambda r, name=name: Bundle("a.css", config={name: 5}),
    )
] + [
    (sentence.format(name), ask)
    for name, sentence in {
        "versions": "{} is 5, which has no method determine_version()", "manifest": "{} is 5, which has no method query()",
        "updater": "{} is 5, which has no method needs_rebuild()", "cache": "{} is 5, which has no method get()",
    }.items()
    for ask in (lambda r, name=name: getattr(Environment(**{name: 5}), name),)
] + [
    ("versions is 'nosuch'; 'hash', 'timestamp', a dotted name, a class", lambda r: Environment(versions="nosuch").versions),
    ("debug is 'maybe'; true, false or merge was expected", lambda r: Environment(debug="maybe")),
    ("auto_build is 'ture'; true or false was expected: yes, no", lambda r: setattr(r.environment, "auto_build", "ture")),
    ("cache_file_mode is '99'; a mode in octal digits", lambda r: Environment(cache_file_mode="99")),
    ("former_versions is -1; how many stay, 0 or more", lambda r: Environment(former_versions=-1)),
    ("load_path holds 5; paths of directories were expected", lambda r: Environment(load_path=[5])),
    ("path is 5; the path of a directory was expected", lambda r: Environment().append_path(5)),
    ("path is 5; the path of a directory was expected", lambda r: r.environment.append_path(5)),
    ("url is 5; a text such as '/static' was expected", lambda r: r.environment.append_path("/nowhere", 5)),
    ("name is 5; the name of a filter was expected", lambda r: r.environment.add_filter(5, DigestCacheBuster)),
    ("factory is 5; a class or a function was expected", lambda r: r.environment.add_filter("mine", 5)),
    ("name is 5; the name of a bundle was expected", lambda r: r.environment.register(5)),
    ("name is 5; the name of a bundle was expected", lambda r: Environment().register(5, "shop_r:logo.png", output="x.png")),
    ("name is 5; the name of a bundle was expected", lambda r: r.environment.register({5: Bundle("a.css")})),
    ("5 is among the contents of a bundle; a name, a glob", lambda r: r.environment.register("a", 5)),
    ("bundle is 5; a Bundle was expected", lambda r: r.environment.add(5)),
    ("output is 5; a path below the environment's directory", lambda r: r.environment.register("a", "b.css", output=5)),
    ("5 is not a filter: a name, a Filter or a function", lambda r: r.environment.register("a", "b.css", filters=5)),
    ("depends is 5; names of files were expected", lambda r: r.environment.register("a", "b.css", depends=5)),
    ("depends holds 5; names of files were expected", lambda r: r.environment.register("a", "b.css", depends=[5])),
    ("merge is 'ture'; true or false was expected: yes, no", lambda r: r.environment.register("a", "b.css", merge="ture")),
    ("remove_duplicates is 5; true or false", lambda r: r.environment.register("a", "b.css", remove_duplicates=5)),
    ("debug is 5; true, false or 'merge' was expected", lambda r: r.environment.register("a", "b.css", debug=5)),
    ("config is 5; a mapping was expected", lambda r: r.environment.register("a", "b.css", config=5)),
    ("extra is 5; a mapping was expected", lambda r: r.environment.register("a", "b.css", extra=5)),
    ("force is 'no'; True or False was expected", lambda r: r.environment.build(force="no")),
    ("jobs is 'x'; a whole number was expected, 0 or more", lambda r: r.environment.build(jobs="x")),
    ("name is 5; the name of a bundle was expected", lambda r: r.environment.build(5)),
    ("keep is None; a whole number was expected, 0 or more", lambda r: r.environment.prune(keep=None)),
    ("force is 'ture'; true or false was expected", lambda r: bundled(r)["all"].build(force="ture")),
    ("output is 5; a binary stream was expected", lambda r: bundled(r)["all"].build(output=5)),
]  # fmt: skip


@pytest.mark.parametrize("sentence, ask", ASKED, ids=[f"{row[0][:40]} {n}" for n, row in enumerate(ASKED)])
def test_a_question_with_a_wrong_argument_is_refused_with_a_sentence(shop, sentence, ask):
    registry = AssetRegistry()
    registry.add_static_view("static", "shop_r:static")
    assert sentence in refused(registry, lambda: ask(registry))


@pytest.mark.parametrize("sentence, call, make", PYTHON, ids=[f"{row[0][:40]} {n}" for n, row in enumerate(PYTHON)])
def test_what_only_python_can_say_wrongly_is_refused_at_the_call(shop, sentence, call, make):
    if call is not None:
        registry = AssetRegistry()
        assert sentence in refused(registry, lambda: call(registry))
    if make is not None:
        with pytest.raises(ValueError) as caught:
            make()
        assert sentence in str(caught.value)


# What takes nothing that could be wrong, or answers whatever it is asked (`explain`); routes by name raise a KeyError.
TAKES_ANYTHING = {"declaring", "explain", "health", "reload", "statistics", "route_path", "route_url"}


@pytest.mark.parametrize("said, meant", [("no", False), ("false", False), ("yes", True), (None, False), (1, True)])
def test_what_a_text_says_of_a_bundle_holds_as_in_zcml(said, meant):
    bundle = Bundle("a.css", output="%(name)s.css", merge=said, remove_duplicates=said)
    assert (bundle.merge, bundle.remove_duplicates) == (meant, meant)


def test_what_an_environment_refuses_has_changed_nothing_in_it(shop):
    environment = AssetRegistry().environment
    before = dict(environment.config)
    for name in ("directory", "debug", "auto_build", "load_path", "url"):
        with pytest.raises(ConfigurationError):
            environment.config[name] = 5
    with pytest.raises(ConfigurationError):
        environment.append_path("/nowhere", 5)
    with pytest.raises(ConfigurationError):
        environment.register({"one": Bundle("a.css", output="a.css"), 5: Bundle("b.css", output="b.css")})
    assert dict(environment.config) == before
    assert (len(environment), environment.names(), environment.load_path) == (0, [], [])


def test_every_public_call_stands_in_a_table():
    calls = {
        name
        for name in dir(AssetRegistry)
        if name[0] != "_" and callable(getattr(AssetRegistry, name)) and not hasattr(Components, name)
    }
    calls |= {f".{name}" for name in ("register", "add", "append_path", "add_filter", "build", "prune")}
    calls -= {"add", "part"}  # of the rooms, which hand in what they have made
    calls |= {name for name in assetzcml.__all__ if not name.endswith(("Error", "Warning"))}
    calls -= {
        "ICacheBuster",
        "InvalidSpec",
        "MissingExtra",
        "NotPublished",
        "Origin",
        "Problem",
    }  # what is raised, or told
    text = Path(__file__).read_text()
    assert {name for name in calls - TAKES_ANYTHING if f"{name}(" not in text} == set()


def test_a_permission_that_a_setting_leaves_empty_is_refused_at_the_attribute(shop, zcml):
    with pytest.raises(ConfigurationError) as caught:
        zcml(PUBLISHED.format('permission="${who}"'), settings={"who": ""})
    (problem,) = caught.value.problems
    assert EMPTY in problem.headline
    assert problem.origin.source_line()[problem.origin.column - 1 :].startswith("${who}")


WORDS = {
    **dict.fromkeys(("yes", "true", "y", "t", "on", "1", "TRUE", " On "), True),
    **dict.fromkeys(("no", "false", "n", "f", "off", "0", "No", " oFF "), False),
}


@pytest.mark.parametrize("word", WORDS)
def test_true_and_false_are_written_with_the_same_words_everywhere(shop, zcml, word):
    registry = zcml(
        f'<staticView name="s" path="shop_r:static" dotfiles="{word}"/><environment auto_build="{word}" url_expire="{word}"/>'
        f'<bundle name="a" contents="a.js" output="gen/a.js" merge="{word}"/>'
    )
    assert registry.snapshot.views[0].dotfiles is WORDS[word]
    options = {record.name: record for record in registry.snapshot.bundling}
    assert options["auto_build"].value is options["url_expire"].value is options["a"].merge is WORDS[word]
    assert AssetRegistry(settings={"reload": word}).snapshot.is_on("reload") is WORDS[word]
    registry.environment.auto_build = word
    assert registry.environment.config["auto_build"] in (word, WORDS[word])


def test_a_word_for_neither_is_an_error_that_lists_the_words(shop, zcml):
    words = "yes, no, true, false, y, n, t, f, on, off, 1 or 0"
    for directive in (PUBLISHED.format('dotfiles="ture"'), '<environment auto_build="ture"/>'):
        with pytest.raises(ConfigurationError, match=words):
            zcml(directive)


def test_a_misspelt_setting_is_told_of_once_in_a_registry_also_over_loads(shop, zcml):
    with pytest.warns(ConfigurationWarning, match="the setting 'prevent_cachebust' is 'ture'"):
        registry = AssetRegistry(settings={"prevent_cachebust": "ture"})
    # A second warning would be an error.
    registry.add_static_view("static", "shop_r:static")
    registry.add_cache_buster("shop_r:static", QueryStringConstantCacheBuster("v1"))
    zcml('<asset to_override="shop_r:static/" override_with="shop_r:theme/"/>', registry=registry)
    registry.reload()
    assert registry.static_path("shop_r:static/app.css") == "/static/app.css?x=v1"


def test_a_refusal_can_be_pickled():
    told = pickle.loads(pickle.dumps(refusal("name", "name is empty", "say one")))
    assert (type(told).__name__, str(told)) == ("Refusal", "name is empty; say one")
