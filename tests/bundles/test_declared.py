"""Bundles that ZCML declares: as assets, with URLs, overrides and cache busters, in step with their registry."""

import base64
import hashlib
import json
import logging
import threading

import pytest
from webob import Request

from assetzcml import AssetRegistry, NotPublished, QueryStringConstantCacheBuster, StaticApp, load_zcml
from assetzcml.bundles import BuildError, BundleError, Filter, NotBuilt, UnsetOption
from assetzcml.records.assets import asset_spec
from assetzcml.resolving.search import SearchPaths
from documents import NAMESPACE

FILES = {
    "static/reset.css": "reset{}",
    "static/shop.css": "shop{}",
    "static/a.js": "var a;",
    "static/img/x.txt": "x",
    "css/home.css": "home{}",
}
VERSIONED = '<bundle name="app.css" contents="reset.css shop.css" output="gen/app.%(version)s.css"/>'
PLAIN = '<bundle name="app.css" contents="reset.css shop.css" output="gen/app.css"/>'
ENVIRONMENT = '<environment directory="static"/>'
VIEW = '<staticView name="st" path="static"/>'
BYTES = b"reset{}\nshop{}"


def version_of(content, length=8):
    return hashlib.md5(content).hexdigest()[:length]


@pytest.fixture
def shop(package):
    """The name of a package with sources. `shop.load(text)` is the registry of a `configure.zcml` in it."""
    name = package(FILES)

    class Shop(str):
        directory = package.directory / name

        def load(self, text, registry=None, file="configure.zcml", **options):
            (self.directory / file).write_text(f'<configure xmlns="{NAMESPACE}">\n{text}\n</configure>\n')
            return load_zcml(f"{name}:{file}", registry=registry, **options)

        def spec(self, path):
            return f"{name}:{path}"

    return Shop(name)


@pytest.fixture
def skin(package, shop):
    """Another package, with files for every override of these tests."""
    return package({"css/app.css": "whole{}", "css/reset.css": "skin{}", "layer/reset.css": "layer{}", "js/b.js": "b"})


def get(registry, path):
    return Request.blank(path).get_response(StaticApp(registry))


# A bundle is an asset


@pytest.mark.parametrize(
    "output, path",
    [
        ("gen/app.css", "gen/app.css"),
        ("gen/app.%(version)s.css", "gen/app.css"),
        ("gen/app-%(version)s.css", "gen/app.css"),
        ("gen/%(version)s-app.css", "gen/app.css"),
        ("%(version)s/app.css", "app.css"),
        ("gen/%(version)s", "gen"),
    ],
)
def test_its_spec_is_its_output_without_the_version_in_the_package_that_declares_it(shop, output, path):
    registry = shop.load(ENVIRONMENT + VIEW + VERSIONED.replace("gen/app.%(version)s.css", output))
    assert str(registry.environment["app.css"].spec) == shop.spec(path)
    asset = registry.resolve(shop.spec(path))
    assert (asset.exists(), asset.isfile(), asset.isdir(), asset.size) == (True, True, False, len(BYTES))
    assert (asset.spec, asset.read_bytes()) == (shop.spec(path), BYTES)
    file = output.replace("%(version)s", version_of(BYTES))
    assert asset.source_spec == shop.spec(f"static/{file}")
    assert asset.abspath() == str(shop.directory / "static" / file)


def test_it_is_built_when_it_is_needed_and_again_when_a_source_has_changed(shop):
    registry = shop.load(ENVIRONMENT + VIEW + VERSIONED, settings={"reload": True})
    asset = registry.resolve(shop.spec("gen/app.css"))
    assert asset.read_bytes() == BYTES
    (shop.directory / "static" / "shop.css").write_text("other{}")
    registry.environment.build()
    assert asset.read_bytes() == b"reset{}\nother{}"
    assert asset.source_spec == shop.spec(f"static/gen/app.{version_of(b'reset{}' + bytes([10]) + b'other{}')}.css")


def test_loading_builds_nothing(shop):
    shop.load(ENVIRONMENT + VIEW + VERSIONED + '<staticFile name="x.css" path="gen/app.css"/>')
    assert sorted(path.name for path in (shop.directory / "static").iterdir()) == [
        "a.js",
        "img",
        "reset.css",
        "shop.css",
    ]


def test_without_auto_build_what_is_not_built_is_not_there_and_says_why(shop):
    registry = shop.load('<environment directory="static" auto_build="false" url="/s"/>' + PLAIN)
    asset = registry.resolve(shop.spec("gen/app.css"))
    assert not asset.exists()
    with pytest.raises(FileNotFoundError, match=r"the output of the bundle 'app.css' is not there"):
        asset.read_bytes()
    with pytest.raises(NotBuilt):
        registry.static_path(shop.spec("gen/app.css"))
    registry.environment.build()
    assert registry.static_path(shop.spec("gen/app.css")) == f"/s/gen/app.css?{version_of(BYTES)}"


class Broken(Filter):
    name = "broken"

    def output(self, _in, out, **kw):
        raise ValueError("it is Monday")


def test_where_a_build_fails_the_last_good_output_stays_and_the_error_is_logged(shop, caplog):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN, settings={"reload": True})
    registry.environment.build()
    registry.environment["app.css"].filters = Broken
    with caplog.at_level(logging.ERROR, "assetzcml"):
        for _ in range(3):
            assert registry.resolve(shop.spec("gen/app.css")).read_bytes() == BYTES
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "it is Monday" in record.message
    with pytest.raises(BuildError, match="it is Monday"):
        registry.static_path(shop.spec("gen/app.css"))


def test_sources_are_taken_through_overrides_and_from_the_package_of_who_names_them(shop, skin):
    registry = shop.load(
        ENVIRONMENT + VIEW + '<bundle name="app.css" contents="reset.css css/home.css *.js" output="gen/app.css"/>'
        f'<asset to_override="{shop}:static/" override_with="{skin}:layer/"/>'
        f'<bundleContents bundle="app.css" contents="{skin}:js/*.js"/>'
    )
    assert registry.resolve(shop.spec("gen/app.css")).read_bytes() == b"layer{}\nhome{}\nvar a;\nb"


def test_an_override_takes_the_place_of_the_whole_bundle(shop, skin):
    registry = shop.load(
        ENVIRONMENT + VIEW + VERSIONED + f'<asset to_override="{shop}:gen/app.css" override_with="{skin}:css/app.css"/>'
        f'<staticView name="skin" path="{skin}:css"/>'
    )
    asset = registry.resolve(shop.spec("gen/app.css"))
    assert (asset.source_spec, asset.read_bytes()) == (f"{skin}:css/app.css", b"whole{}")
    assert registry.static_path(shop.spec("gen/app.css")) == "/skin/app.css"
    assert registry.environment["app.css"].urls() == ["/skin/app.css"]
    registry.environment.debug = True
    (entry,) = registry.environment["app.css"].urls(calculate_sri=True)
    assert entry == {"uri": "/skin/app.css", "sri": integrity(b"whole{}")}
    assert not (shop.directory / "static" / "gen").exists()


def test_a_bundle_may_override_a_file(shop):
    registry = shop.load(
        ENVIRONMENT
        + VIEW
        + VERSIONED
        + f'<asset to_override="{shop}:static/img/x.txt" override_with="{shop}:gen/app.css"/>'
    )
    assert registry.resolve(shop.spec("static/img/x.txt")).read_bytes() == BYTES
    assert get(registry, "/st/img/x.txt").body == BYTES


# URLs


@pytest.mark.parametrize(
    "options, bundle, url",
    [
        ("", VERSIONED, "/st/gen/app.{v}.css"),
        ("", PLAIN, "/st/gen/app.css?{v}"),
        ('url_expire="false"', PLAIN, "/st/gen/app.css"),
        ('url_expire="true"', VERSIONED, "/st/gen/app.{v}.css?{v}"),
        ('url="/other"', VERSIONED, "/other/gen/app.{v}.css"),
        ('url="https://cdn.test/x/"', PLAIN, "https://cdn.test/x/gen/app.css?{v}"),
        ('versions="hash:4"', VERSIONED, "/st/gen/app.{v:.4}.css"),
    ],
)
def test_the_url_is_that_of_the_environment_and_without_one_that_of_the_static_view(shop, options, bundle, url):
    registry = shop.load(f'<environment directory="static" {options}/>' + VIEW + bundle)
    expected = url.format(v=version_of(BYTES))
    for _ in range(2):
        assert registry.static_path(shop.spec("gen/app.css")) == expected
    assert registry.environment["app.css"].urls() == [expected]


def test_options_of_static_url_work_as_for_any_asset(shop):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN, settings={"application_url": "https://example.com/under"})
    spec, version = shop.spec("gen/app.css"), version_of(BYTES)
    assert registry.static_path(spec, _query={"a": "b"}, _anchor="x") == f"/under/st/gen/app.css?{version}&a=b#x"
    assert registry.static_url(spec) == f"https://example.com/under/st/gen/app.css?{version}"
    request = Request.blank("/", base_url="http://shop.test/mount")
    assert registry.static_url(spec, request) == f"http://shop.test/mount/st/gen/app.css?{version}"
    assert registry.static_path(spec, request) == f"/mount/st/gen/app.css?{version}"


def test_the_static_view_of_the_directory_may_be_elsewhere(shop):
    registry = shop.load(ENVIRONMENT + '<staticView name="https://cdn.test/s" path="static"/>' + VERSIONED)
    assert registry.static_path(shop.spec("gen/app.css")) == f"https://cdn.test/s/gen/app.{version_of(BYTES)}.css"


def test_a_bundle_that_nobody_publishes_has_no_url_and_says_what_is_missing(shop):
    registry = shop.load(ENVIRONMENT + PLAIN)
    with pytest.raises(NotPublished, match=r"the environment says no url, and no static view publishes"):
        registry.static_path(shop.spec("gen/app.css"))
    registry.environment.url = "/later"
    assert registry.static_path(shop.spec("gen/app.css")).startswith("/later/gen/app.css?")


def test_a_bundle_without_a_directory_says_so(shop):
    registry = shop.load(PLAIN)
    with pytest.raises(UnsetOption, match="has no directory"):
        registry.static_path(shop.spec("gen/app.css"))
    assert not registry.resolve(shop.spec("gen/app.css")).exists()


def integrity(content):
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


@pytest.mark.parametrize(
    "options, bundle, buster, url",
    [
        ("", PLAIN, '<cacheBuster path="gen" token="t"/>', "/st/gen/app.css?x=t"),
        ("", PLAIN, '<cacheBuster path="static" token="t"/>', "/st/gen/app.css?x=t"),
        ("", PLAIN, '<cacheBuster path="static" token="t" explicit="true"/>', "/st/gen/app.css?x=t"),
        ("", PLAIN, '<cacheBuster path="static" token="f"/><cacheBuster path="gen" token="t"/>', "/st/gen/app.css?x=t"),
        ('url_expire="false"', PLAIN, '<cacheBuster path="gen" token="t"/>', "/st/gen/app.css?x=t"),
        ("", PLAIN, '<cacheBuster path="gen" digest="sha256"/>', "/st/gen/app-{d}.css"),
        ("", PLAIN, '<cacheBuster path="static" digest="sha256"/>', "/st/gen/app-{d}.css"),
        ('url="/other"', PLAIN, '<cacheBuster path="gen" digest="sha256"/>', "/other/gen/app-{d}.css"),
        # What has a version of its own needs no other.
        ("", VERSIONED, '<cacheBuster path="static" digest="sha256"/>', "/st/gen/app.{v}.css"),
        ('url_expire="true"', PLAIN, '<cacheBuster path="gen" token="t"/>', "/st/gen/app.css?{v}"),
    ],
)
def test_a_cache_buster_takes_the_place_of_the_version_in_the_query(shop, options, bundle, buster, url):
    registry = shop.load(f'<environment directory="static" {options}/>' + VIEW + bundle + buster)
    expected = url.format(v=version_of(BYTES), d=hashlib.sha256(BYTES).hexdigest()[:12])
    assert registry.static_path(shop.spec("gen/app.css")) == expected
    (entry,) = registry.environment["app.css"].urls(calculate_sri=True)
    assert entry == {"uri": expected, "sri": integrity(BYTES)}


def test_prevent_cachebust_works_at_once(shop):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN + '<cacheBuster path="static" digest="sha256"/>')
    assert "app-" in registry.static_path(shop.spec("gen/app.css"))
    registry.settings["prevent_cachebust"] = True
    assert registry.static_path(shop.spec("gen/app.css")) == "/st/gen/app.css"


# Serving


@pytest.mark.parametrize(
    "bundle, buster",
    [
        (VERSIONED, ""),
        (PLAIN, '<cacheBuster path="gen" digest="sha256"/>'),
        (PLAIN, '<cacheBuster path="static" digest="sha256"/>'),
    ],
)
def test_a_url_with_the_version_in_force_may_be_kept_for_ever(shop, bundle, buster):
    registry = shop.load(ENVIRONMENT + VIEW + bundle + buster)
    first = registry.static_path(shop.spec("gen/app.css"))
    response = get(registry, first)
    assert (response.status_code, response.body) == (200, BYTES)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"


def test_a_former_version_is_served_and_not_kept_for_ever(shop):
    registry = shop.load(ENVIRONMENT + VIEW + VERSIONED, settings={"reload": True})
    former = registry.static_path(shop.spec("gen/app.css"))
    (shop.directory / "static" / "shop.css").write_text("other{}")
    registry.environment.build()
    response = get(registry, former)
    assert (response.body, response.headers["Cache-Control"]) == (BYTES, "public, max-age=3600")


def test_a_url_with_the_version_as_its_query_is_an_ordinary_one(shop):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN)
    response = get(registry, registry.static_path(shop.spec("gen/app.css")))
    assert (response.body, response.headers["Cache-Control"]) == (BYTES, "public, max-age=3600")


def test_a_static_view_or_file_over_the_spec_serves_what_is_built(shop):
    registry = shop.load(
        ENVIRONMENT + VERSIONED + '<staticFile name="app.css" path="gen/app.css"/><staticView name="g" path="gen"/>'
    )
    assert get(registry, "/app.css").body == BYTES
    response = get(registry, "/g/app.css")
    assert (response.body, response.headers["Cache-Control"]) == (BYTES, "public, max-age=3600")
    assert get(registry, "/g/other.css").status_code == 404


# In step with the registry


def test_the_environment_stays_the_same_and_has_what_the_last_load_says(shop):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN)
    environment = registry.environment
    environment.register("mine", "a.js", output="gen/mine.js")
    shop.load('<bundle name="late" contents="a.js" output="gen/late.js"/>', registry=registry, file="late.zcml")
    assert registry.environment is environment
    assert environment.names() == ["app.css", "late", "mine"]
    assert len(environment) == len(list(environment)) == 3
    shop.load(ENVIRONMENT + VIEW + PLAIN.replace("reset.css ", ""))  # the file is another one now
    registry.reload()
    assert environment["app.css"].contents == ("shop.css",)
    assert "mine" in environment
    assert "gone" not in environment
    with pytest.raises(KeyError):
        environment["gone"]


def test_a_load_that_fails_changes_nothing(shop):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN)
    before = registry.environment["app.css"]
    with pytest.raises(Exception, match="no filter has the name"):
        shop.load('<bundle name="b" contents="a.js" filters="nix" output="b.js"/>', registry=registry, file="bad.zcml")
    assert registry.environment["app.css"] is before
    assert registry.environment.names() == ["app.css"]


def test_a_change_of_something_else_keeps_the_bundles(shop):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN)
    before = registry.environment["app.css"]
    url = before.urls()
    registry.add_cache_buster(shop.spec("static"), QueryStringConstantCacheBuster("new"))
    assert registry.environment["app.css"] is before
    assert (url, before.urls()) == ([f"/st/gen/app.css?{version_of(BYTES)}"], ["/st/gen/app.css?x=new"])


def test_what_python_says_goes_before_what_zcml_says_also_after_the_next_load(shop, tmp_path):
    registry = AssetRegistry()
    environment = registry.environment
    environment.debug = "merge"
    environment.directory = tmp_path
    environment.config["some_setting"] = "python"
    environment.append_path(str(tmp_path / "more"), "/more")
    environment.add_filter("broken", Broken)
    shop.load(
        '<environment directory="static" debug="true" url="/s"><loadPath path="css"/>'
        '<filterOption name="some_setting" value="zcml"/><filterOption name="other" value="zcml"/></environment>'
        '<bundle name="b" contents="home.css" filters="broken" output="b.css"/>',
        registry=registry,
    )
    assert (environment.debug, environment.directory, environment.url) == ("merge", str(tmp_path), "/s")
    assert (environment.config["some_setting"], environment.config["OTHER"]) == ("python", "zcml")
    assert list(environment.load_path) == [shop.spec("css"), str(tmp_path / "more")]
    assert environment.url_mapping == {str(tmp_path / "more"): "/more"}
    assert environment.config.said("debug")
    del environment.config["debug"]
    assert environment.debug is True
    with pytest.raises(BuildError, match="it is Monday"):
        environment["b"].build()


def test_a_bundle_of_python_may_contain_a_declared_one_and_the_reverse(shop):
    registry = AssetRegistry()
    registry.environment.register("mine", "a.js")
    shop.load(
        ENVIRONMENT + VIEW + '<bundle name="all" contents="mine" output="all.js"/>' + PLAIN,
        registry=registry,
    )
    assert registry.resolve(shop.spec("all.js")).read_bytes() == b"var a;"
    registry.environment.register("both", registry.environment["app.css"], "a.js")
    registry.environment.url_expire = False
    assert registry.environment["both"].urls()[0] == "/st/gen/app.css"


def test_a_bundle_of_python_sees_overrides_and_cache_busters_of_what_it_contains(shop, skin):
    registry = shop.load(
        ENVIRONMENT
        + VIEW
        + PLAIN
        + PLAIN.replace("app.css", "two.css")
        + f'<cacheBuster path="static" token="t"/><staticView name="skin" path="{skin}:css"/>'
        f'<asset to_override="{shop}:gen/two.css" override_with="{skin}:css/app.css"/>'
    )
    environment = registry.environment
    environment.register("both", environment["app.css"], environment["two.css"])
    assert environment["both"].urls() == ["/st/gen/app.css?x=t", "/skin/app.css"]
    environment.register("files", "a.js", output="gen/files.js")
    assert environment["files"].urls() == [f"/st/gen/files.js?{version_of(b'var a;')}"]


def test_two_registries_know_nothing_of_each_other(shop):
    one, other = shop.load(ENVIRONMENT + PLAIN), shop.load(ENVIRONMENT)
    one.environment.register("mine", "a.js", output="x.js")
    assert (one.environment.names(), other.environment.names()) == (["app.css", "mine"], [])


def test_readers_see_one_configuration_or_the_next_while_it_is_loaded_again(shop):
    registry = shop.load('<environment directory="static" url="/one"/>' + VERSIONED)
    two = '<environment directory="static" url="/two"/>' + VERSIONED.replace("gen/app", "gen/two")
    registry.environment.build()
    wrong, done = [], threading.Event()

    def read():
        while not done.is_set():
            (url,) = registry.environment["app.css"].urls()
            if url.startswith("/one/gen/app.") is url.startswith("/two/gen/two."):
                wrong.append(url)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for text in [two, '<environment directory="static" url="/one"/>' + VERSIONED] * 3:
        shop.load(text)
        registry.reload()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


# Explained


def test_explain_says_what_a_bundle_is_made_of(shop, skin):
    registry = shop.load(
        ENVIRONMENT
        + VIEW
        + VERSIONED.replace("shop.css", "css/home.css").replace("output", 'filters="cssrewrite" output')
        + f'\n<asset to_override="{shop}:static/reset.css" override_with="{skin}:css/reset.css"/>'
        + f'\n<bundleContents bundle="app.css" contents="{skin}:layer/reset.css"/>'
    )
    told = registry.explain(shop.spec("gen/app.css"))
    version = version_of(b"skin{}\nhome{}\nlayer{}")
    zcml, directory = shop.directory / "configure.zcml", shop.directory
    text = str(told)
    assert (
        f"""\
search path   1. {shop}:static/gen/app.{version}.css: chosen (the original)

bundle        bundle 'app.css' of '{shop}:gen/app.css': built, 21 bytes of 19 bytes
              {zcml}:2:71
              output {directory}/static/gen/app.{version}.css, version {version}
              filters cssrewrite
              1. {shop}:static/reset.css from {skin}:css/reset.css, 6 bytes
              2. {shop}:css/home.css, 6 bytes
              3. {skin}:layer/reset.css, 7 bytes
                 by {zcml}:4:1
"""
        in text
    )
    assert told.problems == []
    data = json.loads(json.dumps(told.as_dict()))
    assert data["url"] == f"/st/gen/app.{version}.css"
    assert (data["answer"]["path"], data["answer"]["status"]) == (data["url"], "200 OK")
    assert [source["source"] for source in data["bundle"]["sources"]] == [
        f"{skin}:css/reset.css",
        f"{shop}:css/home.css",
        f"{skin}:layer/reset.css",
    ]
    by_url = registry.explain(data["url"])
    assert (by_url.bundle, by_url.problems) == (told.bundle, [])


def test_explain_says_why_a_bundle_cannot_be_built(shop):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN)
    registry.environment["app.css"].filters = Broken
    told = registry.explain(shop.spec("gen/app.css"))
    assert any("it is Monday" in problem for problem in told.problems)
    assert told.bundle.state == "not built"


def test_the_state_of_a_bundle_is_told_without_building(shop):
    registry = shop.load(ENVIRONMENT + VIEW + VERSIONED + '<bundle name="all" contents="app.css"/>')
    bundles = registry.above.bundles()
    assert [bundles.state(name).state for name in bundles.names()] == ["not built", "no output"]
    registry.environment.build()
    state = bundles.state("app.css")
    assert (state.state, state.size, state.source_size, state.version) == ("built", 14, 13, version_of(BYTES))
    (shop.directory / "static" / "shop.css").write_text("changed{}")
    assert bundles.state("app.css").state == "out of date"
    with pytest.raises(BundleError, match="no bundle has the name 'ap'"):
        bundles.state("ap")


def test_the_place_of_a_bundle_is_built_by_who_comes_there_and_by_nothing_that_reads_like_a_look(shop):
    layer = f'<asset to_override="{shop}:gen/" override_with="{shop}:css/"/>'
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN + layer)
    paths = registry.snapshot.derived(SearchPaths)
    places = paths.candidates(asset_spec(shop.spec("gen/app.css")))
    assert not {"__getitem__", "__len__", "__contains__", "__bool__"} & set(dir(places))
    coming = iter(places)
    assert str(next(coming).spec) == shop.spec("css/app.css")
    assert registry.above.bundles().state("app.css").state == "not built"
    found = next(coming)
    assert registry.above.bundles().state("app.css").state == "built"
    assert places.build(found) == found, "what is no bundle stays"


@pytest.mark.parametrize(
    "more",
    [
        '<bundle name="part" contents="a.js"/>',  # its URLs are those of its sources
        '<bundle name="part" contents="a.js"/><bundle name="all" contents="app.css part"/>',
        '<bundle name="all" contents="app.css"/><bundle name="again" contents="all app.css"/>',
    ],
)
def test_a_build_of_all_writes_each_output_once_and_what_has_none_is_no_part_of_it(shop, more):
    registry = shop.load(ENVIRONMENT + VIEW + PLAIN + more)
    for jobs in (None, 1, 2):
        built = registry.environment.build(force=True, jobs=jobs)
        assert [(each.bundle.name, each.changed) for each in built] == [("app.css", True)]


@pytest.mark.parametrize("first", ["urls", "static_url"])
def test_whoever_asks_for_its_url_within_a_second_is_told_of_one_output(first, package, clock):
    app = package({"static/a.js": "one", "configure.zcml": ONE_OUTPUT})
    registry = load_zcml(f"{app}:configure.zcml")
    ways = {
        "urls": lambda: registry.environment["x"].urls()[0],
        "static_url": lambda: registry.static_path(str(registry.environment["x"].spec)),
    }
    ways[first]()  # it is built
    former = ways[first]()
    (package.directory / app / "static/a.js").write_text("another one")
    clock.now += 0.5
    assert {way() for way in ways.values()} == {former}
    clock.now += 0.6
    (latter,) = {way() for way in ways.values()}
    assert latter != former


ONE_OUTPUT = """
<configure xmlns="http://namespaces.assetzcml.org/assets">
  <staticView name="static" path="static"/>
  <environment directory="static"/>
  <bundle name="x" contents="a.js" output="gen/x.%(version)s.js"/>
</configure>
"""
