"""Our directives: every attribute, what it becomes, what is refused, and all that is wrong at once."""

import pytest

from assetzcml import AssetRegistry, ConfigurationError, QueryStringConstantCacheBuster
from assetzcml.interfaces import IBusting, IOverride, IPermissionPolicy, IStaticView
from assetzcml.records.assets import Busting, Override, StaticViewRecord, asset_spec
from assetzcml.records.site import PermissionPolicy

HEAD = '<configure xmlns="http://namespaces.assetzcml.org/assets" xmlns:zcml="http://namespaces.zope.org/zcml">\n'


@pytest.fixture
def ours(site, package):
    """`site`, for what stands in a file of package 'shop_d' (line 2), and without the file's name in front."""
    package(
        {
            "static/app.css": "",
            "static/index.html": "",
            "static/manifest.json": '{"app.css": "app-1.css"}',
            "static/broken.json": "{",
            "favicon.ico": "",
            "admin/__init__.py": "",
            "admin/static/x.css": "",
            "parts.py": PARTS,
        },
        name="shop_d",
    )
    package({"static/app.css": "", "app.css": ""}, name="theme_d")

    def wrap(body):
        return {"site.zcml": f'{HEAD}<configure package="shop_d">{body}</configure></configure>'}

    def load(body, **options):
        return site(wrap(body), **options)

    load.problems = lambda body, **options: [
        p.removeprefix("site.zcml:2:").partition(" ")[2] for p in site.problems(wrap(body), **options)
    ]
    load.places = lambda body, **options: [
        wrap(body)["site.zcml"].splitlines()[p.origin.line - 1][p.origin.column - 1 :]
        for p in site.error(wrap(body), **options).problems
    ]
    load.warnings = lambda body, **options: [p.partition(" ")[2] for p in site.warnings(wrap(body), **options)]
    return load


PARTS = """
def buster(request, subpath, kw):
    return subpath, kw

class Made:
    def __init__(self, **options):
        self.options = options
    def __call__(self, request, subpath, kw):
        return subpath, kw

class Policy:
    def permits(self, request, context, permission):
        return True

class NoPolicy:
    pass

def failing(**options):
    raise RuntimeError("no repository")

policy = Policy()
number = 5
"""

VIEW = {"name": "s", "root": asset_spec("shop_d:static")}


@pytest.mark.parametrize(
    "attributes, changes",
    [
        ("", {}),
        ('cache_max_age="0"', {"cache_max_age": 0}),
        ('cache_max_age="2147483647"', {"cache_max_age": 2147483647}),
        ('cache_max_age="007"', {"cache_max_age": 7}),
        ('content_encodings=" br  gzip zstd br "', {"content_encodings": ("br", "gzip", "zstd")}),
        ('content_encodings=""', {}),
        ('index="default.htm"', {"index": "default.htm"}),
        ('index=""', {"index": ""}),
        ('reload="yes"', {"reload": True}),
        ('reload="0"', {"reload": False}),
        ('follow_symlinks="TRUE" dotfiles="t"', {"follow_symlinks": True, "dotfiles": True}),
    ],
)
def test_a_static_view_is_what_its_attributes_say(ours, attributes, changes):
    registry = ours(f'<staticView name="s" path="static" {attributes}/>')
    assert [view for _, view in registry.getUtilitiesFor(IStaticView)] == [StaticViewRecord(**{**VIEW, **changes})]


def test_a_static_file_is_a_root_of_one_asset(ours):
    registry = ours(
        '<staticFile name="/favicon.ico" path="favicon.ico" cache_max_age="5" content_encodings="br">'
        '<header name="X-A" value="1"/></staticFile>'
    )
    assert registry.snapshot.views == (
        StaticViewRecord(
            name="favicon.ico",
            root=asset_spec("shop_d:favicon.ico"),
            file=True,
            cache_max_age=5,
            content_encodings=("br",),
            headers=(("X-A", "1"),),
        ),
    )


def test_headers_are_kept_in_their_order(ours):
    registry = ours(
        '<staticView name="s" path="static"><header name="X-B" value="1"/><header name="X-A" value=""/></staticView>'
    )
    assert registry.snapshot.views[0].headers == (("X-B", "1"), ("X-A", ""))


@pytest.mark.parametrize(
    "path, spec",
    [
        ("static", "shop_d:static"),
        ("./static//", "shop_d:static"),
        ("shop_d:static", "shop_d:static"),
        (".admin:static", "shop_d.admin:static"),
        ("theme_d:static", "theme_d:static"),
        ("/tmp", "/tmp"),
    ],
)
def test_a_path_is_relative_to_the_package_of_the_file(ours, path, spec):
    assert str(ours(f'<staticView name="s" path="{path}"/>').snapshot.views[0].root) == spec


def test_in_a_file_of_no_package_a_path_is_relative_to_the_file(site):
    view = '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="{}" path="{}"/></configure>'
    files = {
        "site.zcml": HEAD + '<include file="sub/inner.zcml"/><staticView name="s" path="files"/></configure>',
        "sub/inner.zcml": view.format("inner", "files"),
        "files/a": b"",
        "sub/files/b": b"",
    }
    roots = {view.name: str(view.root) for view in site(files).snapshot.views}
    assert roots == {"s": f"{site.directory}/files", "inner": f"{site.directory}/sub/files"}


def test_a_file_of_a_package_that_is_loaded_by_its_path_belongs_to_no_package(package):
    name = package({"sub/own.zcml": HEAD + '<staticView name="s" path="x"/></configure>', "sub/x/a": "", "x/b": ""})
    home = package.directory / name
    registry = AssetRegistry()
    registry.load_zcml(str(home / "sub" / "own.zcml"))
    assert str(registry.snapshot.views[0].root) == f"{home}/sub/x"
    registry.load_zcml(f"{name}:sub/own.zcml")  # the package, not the folder the file lies in
    assert str(registry.snapshot.views[0].root) == f"{name}:x"


@pytest.mark.parametrize(
    "body, place, message",
    [
        ('<staticView name="a%" path="static"/>', 'a%"', "staticView: name='a%': name 'a%' holds a percent sign"),
        ('<staticView name="" path="static"/>', '" path', "'/' for the root or an external base URL was expected"),
        ('<staticView name="shop_d:static" path="s"/>', "shop_d", "were name and path exchanged?"),
        ('<staticView name="a&#9;b" path="static"/>', "a&#9;b", "the invisible character U+0009"),
        ('<staticView name="a&#x202e;b" path="static"/>', "a&#x", "the invisible character U+202E"),
        ('<staticView name="a/../b" path="static"/>', "a/..", "dot segment"),
        ('<staticView name="s" path="../static"/>', "../", "'..' is not followed"),
        ('<staticView name="s" path="shop_d:/static"/>', "shop_d:/", "write 'shop_d:static'"),
        ('<staticView name="s" path="..up:x"/>', "..up", "above the top"),
        ('<staticView name="s" path=""/>', '"/>', "an asset spec is empty"),
        ('<staticView name="s" path="static" cache_max_age="1h"/>', "1h", "seconds in decimal digits were expected"),
        ('<staticView name="s" path="static" cache_max_age="-1"/>', "-1", "seconds in decimal digits were expected"),
        ('<staticView name="s" path="static" cache_max_age="1.5"/>', "1.5", "seconds in decimal digits"),
        ('<staticView name="s" path="static" cache_max_age="٣"/>', "٣", "seconds in decimal digits were expected"),
        ('<staticView name="s" path="static" cache_max_age=""/>', '"/>', "seconds in decimal digits were expected"),
        ('<staticView name="s" path="static" cache_max_age="2147483648"/>', "2147", "0 to 2147483647 were expected"),
        (f'<staticView name="s" path="static" cache_max_age="{"9" * 9000}"/>', "9999", "were expected"),
        ('<staticView name="s" path="static" content_encodings="deflate"/>', "defl", "clients disagree on its format"),
        ('<staticView name="s" path="static" content_encodings="br,gzip"/>', "br,", "write 'br gzip'"),
        ('<staticView name="s" path="static" index="../x"/>', "../x", "without a path, was expected"),
        ('<staticView name="s" path="static" reload="perhaps"/>', "perhaps", "yes, no, true, false"),
        ('<staticView name="s" path="static" dotfiles=""/>', '"/>', "yes, no, true, false"),
        ('<staticView name="s" path="static" cache_max_aeg="5"/>', "cache_max_aeg", "did you mean 'cache_max_age'?"),
        ('<staticView name="s"/>', "<staticView", "staticView 's': the attribute 'path' is missing"),
        ('<staticView path="static"/>', "<staticView", "staticView: the attribute 'name' is missing"),
        ('<staticFile path="favicon.ico"/>', "<staticFile", "staticFile: the attribute 'name' is missing"),
        ('<staticView name="s" path="static"><header name="X"/></staticView>', "<header", "'value' is missing"),
        ('<staticView name="s" path="static"><header value="X"/></staticView>', "<header", "'name' is missing"),
        ('<staticView name="s" path="static">text</staticView>', "<staticView", "text is not allowed here"),
        (
            '<staticView name="s" path="static"><header name="X" value="1"/>text</staticView>',
            "<staticView",
            "text is not allowed here",
        ),
        ('<staticView name="s" path="static" xmlns:x="u" x:permission="y"/>', "x:permission", "means nothing here"),
        ('<staticView name="s" path="static" permission="view"/>', "view", "declare one: <permissionPolicy policy="),
        (
            '<staticView name="s" path="statci"/>',
            "statci",
            "no layer of 'shop_d:statci' exists; did you mean 'shop_d:static'?",
        ),
        ('<staticView name="s" path="favicon.ico"/>', "favicon", "publish it with staticFile"),
        ('<staticView name="s" path="nosuch_d:x"/>', "nosuch_d", "there is no package 'nosuch_d'"),
        ('<staticView name="s" path="static"><header name="X Y" value="1"/></staticView>', "X Y", "name of a header"),
        (
            '<staticView name="s" path="static"><header name="ETag" value="1"/></staticView>',
            "ETag",
            "cannot be declared",
        ),
        ('<staticView name="s" path="static"><header name="X" value="ä"/></staticView>', "ä", "printable ASCII"),
        (
            '<staticView name="s" path="static"><header name="X-A" value="1"/><header name="x-a" value="2"/></staticView>',
            "x-a",
            "header 'x-a' is given twice; join them: value=",
        ),
        ('<staticView name="s" path="static"><asset/></staticView>', "<asset", "cannot stand inside staticView"),
        (
            '<header name="X" value="1"/>',
            "<header",
            "header cannot stand here inside configure; it stands inside staticView or",
        ),
        ('<staticFile name="/" path="favicon.ico"/>', '/" path', "a file has a name of its own"),
        ('<staticFile name="f" path="shop_d:"/>', "shop_d:", "is a whole package; name a file in it"),
        ('<staticFile name="https://cdn/f" path="favicon.ico"/>', "https", "publish its directory with staticView"),
        ('<staticFile name="f" path="static"/>', 'static"/>', "publish it with staticView"),
        ('<staticFile name="f" path="favicon.ico" index="x"/>', "index", "unknown attribute 'index'"),
        # overrides
        (
            '<asset to_override="static/app.css" override_with="theme_d:app.css"/>',
            "static/app",
            "write 'shop_d:static/app.css'",
        ),
        ('<asset to_override="/x/a" override_with="theme_d:app.css"/>', "/x/a", "belongs to no package"),
        (
            '<asset to_override="shop_d:static/" override_with="theme_d:app.css"/>',
            "theme_d",
            "to_override is a directory and override_with is a file",
        ),
        (
            '<asset to_override="shop_d:static/app.css" override_with="theme_d"/>',
            "theme_d",
            "to_override is a file and override_with is a whole package",
        ),
        (
            '<asset to_override="shop_d:static" override_with="theme_d:static/app.css"/>',
            "shop_d:static",
            "is a directory; write 'shop_d:static/'",
        ),
        ('<asset to_override="shop_d:a" override_with="shop_d:./a"/>', "shop_d:./a", "overridden with itself"),
        ('<asset to_override="nosuch_d:a" override_with="theme_d:app.css"/>', "nosuch_d", "there is no package"),
        ('<asset to_override="shop_d" override_with="nosuch_d"/>', "nosuch_d", "there is no package 'nosuch_d'"),
        ('<asset to_override="shop_d:a" override_with="/nosuch/a"/>', "/nosuch", "'/nosuch/a' does not exist"),
        ('<asset to_override="shop_d:a"/>', "<asset", "the attribute 'override_with' is missing"),
        ('<asset to_override="shop_d" override_with="shop_d:static/"/>', "<asset", "overrides go round in a circle"),
        # cache busters
        (
            '<cacheBuster path="static"/>',
            "<cacheBuster",
            "exactly one of tree, digest, manifest, token, buster, factory",
        ),
        ('<cacheBuster path="static" digest="sha256" token="1"/>', "<cacheBuster", "digest and token"),
        ('<cacheBuster path="static" digest="sha-256"/>', "sha-256", "did you mean 'sha256'?"),
        ('<cacheBuster path="static" digest="md5"/>', "md5", "'sha256' is the only one"),
        ('<cacheBuster path="static" manifest="static/none.json"/>', "static/none", "does not exist"),
        ('<cacheBuster path="static" manifest="static/broken.json"/>', "static/broken", "cacheBuster 'shop_d:static'"),
        ('<cacheBuster path="static" token="1" missing="error"/>', "error", "missing has no meaning with token"),
        ('<cacheBuster path="static" digest="sha256" param="x"/>', 'x"/>', "param has no meaning with digest"),
        ('<cacheBuster path="static" digest="sha256" reload="yes"/>', "yes", "reload has no meaning with digest"),
        ('<cacheBuster path="static" digest="sha256" missing="maybe"/>', "maybe", "'plain' or 'error' was expected"),
        ('<cacheBuster path="static" token="1" param=" "/>', ' "/>', "param is empty"),
        ('<cacheBuster path="static" buster=".parts.nosuch"/>', ".parts.nosuch", "has no 'nosuch'"),
        ('<cacheBuster path="static" buster=".parts.number"/>', ".parts", "is not callable"),
        ('<cacheBuster path="static" buster=".parts.Made"/>', ".parts", "write factory= to have it called"),
        ('<cacheBuster path="static" factory=".parts.number"/>', ".parts", "is not callable"),
        ('<cacheBuster path="static" factory=".parts.failing"/>', ".parts", "raised RuntimeError: no repository"),
        ('<cacheBuster path="static" factory=".parts.buster" a="1"/>', ".parts", "raised TypeError"),
        (
            '<cacheBuster path="static" token="1" tokne="2"/>',
            "tokne",
            "unknown attribute 'tokne'; did you mean 'token'?",
        ),
        ('<cacheBuster path="nosuch_d:x" token="1"/>', "nosuch_d", "there is no package 'nosuch_d'"),
        # policies
        ('<permissionPolicy policy=".parts.number"/>', ".parts", "has no method permits(request, context, permission)"),
        ('<permissionPolicy policy=".parts.NoPolicy"/>', ".parts", "has no method permits"),
        ('<permissionPolicy policy=".parts.none"/>', ".parts", "has no 'none'"),
        ("<permissionPolicy/>", "<permissionPolicy", "the attribute 'policy' is missing"),
        # and nothing else
        ('<staticview name="s" path="static"/>', "<staticview", "unknown directive 'staticview'"),
        ("<statics/>", "<statics", "did you mean 'staticView'?"),
    ],
)
def test_what_cannot_be_meant_is_one_error_at_its_place(ours, body, place, message):
    (problem,) = ours.problems(body)
    assert message in problem
    assert ours.places(body)[0].startswith(place)


def test_all_that_is_wrong_with_a_directive_is_said_at_once(ours):
    body = '<staticView name="a%" path="../x" cache_max_age="1h" index="a/b" zzz="1" content_encodings="lzma"/>'
    assert sorted(problem.partition(": ")[2].partition("=")[0] for problem in ours.problems(body)) == [
        "cache_max_age",
        "content_encodings",
        "index",
        "name",
        "path",
        "unknown attribute 'zzz'; it has cache_max_age, content_encodings, dotfiles, follow_symlinks, "
        "immutable_names, index, name, not_found, path, permission, reload, send, single_page",
    ]


def test_the_best_layer_a_package_can_be_is_a_warning_when_it_is_all_published(ours):
    (warning,) = ours.warnings('<staticView name="s" path="shop_d:"/>')
    assert "the root 'shop_d:' is a whole package; publish a directory in it" in warning


@pytest.mark.parametrize(
    "to_override, override_with, record",
    [
        ("shop_d:static/app.css", "theme_d:app.css", ("shop_d:static/app.css", "theme_d:app.css", True)),
        ("shop_d:static/", "theme_d:static/", ("shop_d:static", "theme_d:static", False)),
        ("shop_d", "theme_d", ("shop_d:", "theme_d:", False)),
        (".admin", "theme_d", ("shop_d.admin:", "theme_d:", False)),
        ("shop_d:", "theme_d:static/", ("shop_d:", "theme_d:static", False)),
        (".admin:static/x.css", "theme_d:app.css", ("shop_d.admin:static/x.css", "theme_d:app.css", True)),
        ("shop_d:static/", "/tmp/", ("shop_d:static", "/tmp", False)),
    ],
)
def test_an_override_is_a_file_a_directory_or_a_package(ours, to_override, override_with, record):
    registry = ours(f'<asset to_override="{to_override}" override_with="{override_with}"/>')
    target, source, file = record
    assert [o for _, o in registry.getUtilitiesFor(IOverride)] == [
        Override(target=asset_spec(target), source=asset_spec(source), file=file)
    ]


def test_a_missing_source_is_a_warning_with_a_suggestion(ours):
    (warning,) = ours.warnings('<asset to_override="shop_d:static/app.css" override_with="theme_d:ap.css"/>')
    assert warning.endswith("override_with: 'theme_d:ap.css' does not exist; did you mean 'theme_d:app.css'?")


@pytest.mark.parametrize(
    "attributes, explicit",
    [('digest="sha256"', False), ('manifest="static/manifest.json" explicit="yes"', True), ('token="1"', False)],
)
def test_a_cache_buster_is_one_of_those_that_are_shipped(ours, attributes, explicit):
    registry = ours(f'<cacheBuster path="static" {attributes}/>')
    ((_, busting),) = registry.getUtilitiesFor(IBusting)
    assert isinstance(busting, Busting)
    assert (str(busting.path), busting.explicit, callable(busting.buster)) == ("shop_d:static", explicit, True)


def test_a_token_is_a_query_parameter(ours):
    buster = ours('<cacheBuster path="static" token="v42" param="v"/>').snapshot.bustings[0].buster
    assert isinstance(buster, QueryStringConstantCacheBuster)
    assert buster(None, "a.css", {"pathspec": "shop_d:static/a.css"})[1]["_query"] in ({"v": "v42"}, (("v", "v42"),))


def test_a_buster_is_the_object_itself_and_a_factory_is_called(ours):
    import importlib

    body = (
        '<cacheBuster path="static" buster=".parts.buster"/><cacheBuster path="x" factory=".parts.Made" a="1" B_c="2"/>'
    )
    one, two = ours(body).snapshot.bustings
    parts = importlib.import_module("shop_d.parts")
    assert one.buster is parts.buster
    assert (type(two.buster), two.buster.options) == (parts.Made, {"a": "1", "B_c": "2"})


def test_the_factory_of_a_loser_is_never_called(ours, site):
    files = {
        "site.zcml": HEAD + '<include file="inner.zcml"/><cacheBuster path="shop_d:static" token="1"/></configure>',
        "inner.zcml": HEAD + '<cacheBuster path="shop_d:static" factory="shop_d.parts.failing"/></configure>',
    }
    registry = site(files)
    assert len(registry.snapshot.losses) == 1


@pytest.mark.parametrize("name", ["policy", "Policy"])
def test_a_policy_is_an_object_or_a_class_that_is_called(ours, name):
    registry = ours(f'<permissionPolicy policy=".parts.{name}"/><staticView name="s" path="static" permission="view"/>')
    record = registry.getUtility(IPermissionPolicy)
    assert isinstance(record, PermissionPolicy)
    assert type(record.policy).__name__ == "Policy"
    assert record.permits(None, None, "view") is True


@pytest.mark.parametrize(
    "body",
    [
        '<staticView name="s" path="static"/><staticView name="/s/" path="static"/>',
        '<staticView name="f" path="static"/><staticFile name="f" path="favicon.ico"/>',
        '<staticView name="HTTPS://CDN/" path="static"/><staticView name="https://cdn" path="static"/>',
        '<cacheBuster path="static" token="1"/><cacheBuster path="shop_d:./static" digest="sha256"/>',
        '<permissionPolicy policy=".parts.policy"/><permissionPolicy policy=".parts.policy"/>',
    ],
)
def test_the_same_discriminator_written_differently_is_a_conflict(ours, body):
    (problem,) = ours.problems(body)
    assert "is declared 2 times" in problem


@pytest.mark.parametrize(
    "body",
    [
        '<staticView name="s" path="static"/><staticView name="S" path="static"/>',
        '<staticView name="s" path="static"/><staticView name="s/t" path="static"/>',
        '<staticView name="/" path="static"/><staticView name="https://cdn" path="static"/>',
        '<cacheBuster path="static" token="1"/><cacheBuster path="static" token="1" explicit="yes"/>',
        '<asset to_override="shop_d:static/app.css" override_with="theme_d:app.css"/>' * 2,
    ],
)
def test_different_things_do_not_conflict(ours, body):
    snapshot = ours(body).snapshot
    assert len([*snapshot.views, *snapshot.bustings, *snapshot.overrides]) in {1, 2}
    assert {loss.reason for loss in snapshot.losses} <= {"repeated"}


# Settings


@pytest.mark.parametrize(
    "settings, name",
    [({}, "static"), ({"media": "https://cdn.example.com"}, "https://cdn.example.com"), ({"media": 5}, "5")],
)
def test_a_setting_decides_between_a_folder_and_a_cdn(ours, settings, name):
    registry = ours('<staticView name="${media:-static}" path="static"/>', settings=settings)
    assert [view.name for view in registry.snapshot.views] == [name]


def test_settings_stand_in_every_value_of_ours_headers_too(ours):
    body = '<staticView name="s" path="${p}" cache_max_age="${age}"><header name="X" value="${v:-d}"/></staticView>'
    (view,) = ours(body, settings={"p": "static", "age": 5}).snapshot.views
    assert (str(view.root), view.cache_max_age, view.headers) == ("shop_d:static", 5, (("X", "d"),))


def test_a_setting_that_is_missing_is_an_error_at_its_attribute(ours):
    body = '<staticView name="${madia}" path="static"/>'
    (problem,) = ours.problems(body, settings={"media": "x"})
    assert problem == "staticView: name: no setting 'madia'; did you mean 'media'?"
    assert ours.places(body)[0].startswith("${madia}")


def test_a_bad_value_of_a_setting_is_an_error_of_the_attribute(ours):
    (problem,) = ours.problems('<staticView name="${media}" path="static"/>', settings={"media": "a b?c"})
    assert "staticView: name='a b?c': name 'a b?c' holds a query" in problem


def test_settings_of_an_earlier_load_and_of_the_registry_count(site):
    registry = AssetRegistry(settings={"a": "one"})
    text = HEAD + '<staticView name="${a}-${b:-none}" path="."/></configure>'
    site(text, registry)
    site(text, registry, settings={"b": "two"})
    site(text, registry)
    assert sorted(view.name for view in registry.snapshot.views) == ["one-none", "one-two"]
    assert registry.settings["b"] == "two"


def test_only_our_directives_expand_settings(site):
    files = {"site.zcml": HEAD + '<include file="${a}.zcml"/></configure>', "x.zcml": HEAD + "</configure>"}
    assert site.problems(files, settings={"a": "x"}) == ["site.zcml:2:16 include: there is no file ${a}.zcml"]


# The same from Python


@pytest.mark.parametrize(
    "call",
    [
        lambda r: r.add_static_view("a%", "shop_d:static"),
        lambda r: r.add_static_view("shop_d:static", "s"),
        lambda r: r.add_static_view("s", "shop_d:static", cache_max_age=-1),
        lambda r: r.add_static_view("s", "shop_d:static", content_encodings=["deflate"]),
        lambda r: r.add_static_view("s", "shop_d:static", permission="view"),
        lambda r: r.add_static_view("s", "../x"),
        lambda r: r.add_static_view("s", "shop_d:static", index="../x"),
        lambda r: r.add_static_view("s", "shop_d:static", headers={"ETag": "x"}),
        lambda r: r.add_static_file("", "shop_d:favicon.ico"),
        lambda r: r.add_static_file("https://cdn/x.ico", "shop_d:favicon.ico"),
        lambda r: r.add_static_view("s", "nosuch_d:x"),
        lambda r: r.override_asset("shop_d:static", "theme_d:static"),
        lambda r: r.override_asset("shop_d:static/", "theme_d:app.css"),
        lambda r: r.override_asset("shop_d:a", "shop_d:a"),
        lambda r: r.override_asset("nosuch_d:a", "shop_d:a"),
        lambda r: r.override_asset("shop_d", "shop_d:static/"),
        lambda r: r.add_cache_buster("shop_d:static", 5),
        lambda r: r.add_cache_buster("static", len),
        lambda r: r.add_permission_policy(object()),
    ],
)
def test_a_python_call_is_held_to_the_same_rules_and_changes_nothing_when_it_is_refused(ours, call):
    registry = AssetRegistry()
    before = registry.snapshot
    with pytest.raises(ConfigurationError):
        call(registry)
    after = registry.snapshot
    assert [(s.views, s.overrides, s.bustings, s.policy, s.losses) for s in (before, after)] == [
        ((), (), (), None, ())
    ] * 2


def test_a_python_call_makes_the_record_that_zcml_makes(ours):
    registry = ours(
        '<staticView name="s" path="static" cache_max_age="5"><header name="X" value="1"/></staticView>'
        '<staticFile name="f" path="favicon.ico"/><asset to_override="shop_d" override_with="theme_d"/>'
    )
    by_hand = AssetRegistry()
    by_hand.add_static_view("/s/", "shop_d:static", cache_max_age=5, headers={"X": "1"})
    by_hand.add_static_file("f", "shop_d:favicon.ico")
    by_hand.override_asset("shop_d", "theme_d")
    assert set(by_hand.snapshot.views) == set(registry.snapshot.views)
    assert by_hand.snapshot.overrides == registry.snapshot.overrides
    assert all(record.origin.file == __file__ for record in by_hand.snapshot.views + by_hand.snapshot.overrides)
