"""Environments: registration, options, and what bundles may be made of."""

import os
import time
import zipfile

import pytest

from assetzcml import AssetRegistry, ConfigurationWarning, load_zcml
from assetzcml.bundles import (
    BuildError,
    Bundle,
    BundleError,
    Environment,
    Filter,
    Reference,
    RegisterError,
    UnsetOption,
)
from assetzcml.bundles.building import MOMENT
from assetzcml.bundles.cache import FilesystemCache, MemoryCache
from assetzcml.bundles.filters import UnknownFilter
from assetzcml.bundles.version_manifests import FileManifest
from assetzcml.bundles.versioners import HashVersion
from assetzcml.errors import ConfigurationError, Origin
from bundle_site import OLD, Always, Marked, Upper
from documents import document


def test_the_three_forms_of_register(site):
    environment = site.environment()
    ready = Bundle("a.js")
    assert environment.register("ready", ready) is ready
    made = environment.register("made", ready, "b.js", filters=Upper(), output="gen/out.js")
    assert (made.contents, made.output) == ((ready, "b.js"), "gen/out.js")
    environment.register({"one": Bundle("a.js"), "two": Bundle("b.js")})
    assert environment.names() == ["ready", "made", "one", "two"]
    assert environment["two"].env is environment
    with pytest.raises(KeyError):
        environment["three"]


def test_the_same_bundle_again_is_nothing_new_and_another_is_refused(site):
    environment = site.environment()
    bundle = environment.register("x", "a.js", origin=Origin("site.zcml", 3, 1))
    assert environment.register("x", bundle) is bundle
    with pytest.raises(RegisterError, match=r"registered as 'x' already\n  registered at site\.zcml:3:1"):
        environment.register("x", "a.js")
    with pytest.raises(TypeError):
        environment.register("y")
    assert list(environment) == [bundle]


def test_a_mapping_is_registered_as_a_whole_or_not_at_all(site):
    environment = site.environment()
    with pytest.raises(RegisterError):
        environment.register({"one": Bundle("a.js", output="gen/o.js"), "two": Bundle("b.js", output="gen/o.js")})
    assert environment.names() == []
    environment.register("one", "a.js", output="gen/o.js")


@pytest.mark.parametrize(
    "option, default",
    [
        ("debug", False),
        ("cache", True),
        ("auto_build", True),
        ("url_expire", None),
        ("versions", "hash"),
        ("manifest", "cache"),
        ("updater", "timestamp"),
        ("load_path", []),
        ("url_mapping", {}),
        ("cache_file_mode", None),
        ("allow_remote", False),
        ("debug_expire", False),
        ("former_versions", None),
        ("source_maps", None),
    ],
)
def test_the_defaults(option, default):
    assert Environment().config[option] == default


def test_directory_and_url_have_none_and_asking_is_an_environment_error():
    for option in ("directory", "url"):
        with pytest.raises(EnvironmentError, match=f"the environment has no {option}") as raised:
            getattr(Environment(), option)
        assert isinstance(raised.value, UnsetOption)


def test_an_option_reads_as_an_object_and_its_configuration_as_it_was_given(site):
    environment = site.environment(versions="hash:4", manifest="json:m.json")
    assert environment.versions == "hash"
    assert environment.versions.length == 4
    assert environment.versions is environment.versions
    assert environment.config["VERSIONS"] == "hash:4"
    assert environment.manifest == "json"
    assert environment.manifest.filename == str(site.directory / "m.json")
    assert environment.updater == "timestamp"
    assert environment.cache == str(site.directory / ".webassets-cache")


@pytest.mark.parametrize(
    "versions, url",
    [
        ("hash", "/s/out.js?0cc175b9"),
        ("hash:12", "/s/out.js?0cc175b9c0f1"),
        ("hash:0", "/s/out.js?"),
        (HashVersion(length=None), "/s/out.js?0cc175b9c0f1b6a831c399e269772661"),
        ("timestamp", "/s/out.js?1700000000"),
        ("false", "/s/out.js"),
        ("assetzcml.bundles.versioners.HashVersion", "/s/out.js?0cc175b9"),
        ("assetzcml.bundles.versioners:TimestampVersion", "/s/out.js?1700000000"),
    ],
)
def test_versions(site, versions, url):
    site.write("a.js", "a")
    bundle = site.bundle("a.js", output="out.js", env_versions=versions)
    bundle.build()
    assert bundle.urls() == [url]


@pytest.mark.parametrize("versions", ["nope", "hash:x", "no.such.module", object(), int])
def test_what_is_no_versioner_is_a_value_error_when_it_is_read(site, versions):
    environment = site.environment(versions=versions)
    with pytest.raises(ValueError, match="versions is"):
        _ = environment.versions


@pytest.mark.parametrize(
    "manifest, path",
    [
        ("file", ".webassets-manifest"),
        ("json", ".webassets-manifest"),
        ("file:deep/m", "deep/m"),
        ("json:m.json", "m.json"),
    ],
)
def test_manifests_are_files_relative_to_the_directory(site, manifest, path):
    (site.directory / "deep").mkdir()
    site.bundle("a.js", output="gen/out.js", env_manifest=manifest).build()
    assert site.read(path).startswith(b'{\n    "gen/out.js": "')


def test_a_manifest_of_ones_own(site):
    class Kept:
        versions = {}  # noqa: RUF012  shared on purpose: the class is what is given

        def remember(self, bundle, ctx, version):
            self.versions[bundle.output] = version

        def query(self, bundle, ctx):
            return self.versions.get(bundle.output)

    bundle = site.bundle("a.js", output="gen/out.%(version)s.js", env_manifest=Kept)
    assert bundle.urls() == [f"/s/gen/out.{Kept.versions['gen/out.%(version)s.js']}.js"]
    assert site.bundle("a.js", env_manifest=FileManifest(str(site.directory / "m")), output="gen/o.js").urls()


def test_caches(site, tmp_path):
    assert site.environment(cache=None).cache is None
    assert site.environment(cache="false").cache is None
    memory = MemoryCache(10)
    assert site.environment(cache=memory).cache is memory
    directory = tmp_path / "cache"
    directory.mkdir()
    site.bundle(
        "a.js", filters=Marked(), output="gen/out.js", env_cache=str(directory), env_cache_file_mode=0o600
    ).build()
    assert {entry.stat().st_mode & 0o777 for entry in directory.iterdir()} == {0o600}
    assert isinstance(site.environment().cache, FilesystemCache)


def test_the_load_path_is_searched_in_order_and_the_directory_is_not(site):
    site.write("lib/one/c.js", "one")
    site.write("lib/two/c.js", "two")
    site.write("lib/two/d.js", "two")
    environment = site.environment(load_path=[str(site.directory / "lib/two")], debug=True)
    environment.append_path(site.directory / "lib/one")
    assert environment.register("c", "c.js").urls() == ["/s/lib/two/c.js"]
    # A glob finds all, also two of one name.
    assert environment.register("all", "*.js").urls() == ["/s/lib/two/c.js", "/s/lib/two/d.js", "/s/lib/one/c.js"]
    with pytest.raises(BundleError, match=r"the source 'a\.js' cannot be found: it is not in '.*two', '.*one'"):
        environment.register("a", "a.js").urls()
    environment.load_path = [str(site.directory / "lib/*")]
    # In the directories of a glob each file of the name is meant, as in webassets.
    assert environment.register("e", "d.js", "c.js").urls() == ["/s/lib/two/d.js", "/s/lib/one/c.js", "/s/lib/two/c.js"]


def test_a_source_that_is_published_nowhere_is_copied_to_where_it_is(site, tmp_path, clock):
    outside = tmp_path / "outside.js"
    outside.write_text("first")
    bundle = site.bundle(str(outside), env_debug=True, env_load_path=[str(tmp_path)])
    (url,) = bundle.urls()
    assert url.startswith("/s/webassets-external/")
    assert url.endswith("_outside.js")
    assert site.file_at(url) == b"first"
    outside.write_text("second")
    clock.now += 1.0
    assert site.file_at(bundle.urls()[0]) == b"second"


@pytest.mark.parametrize(
    "contents, urls",
    [
        (["a.js", "a.js", "*.js"], ["/s/a.js", "/s/b.js"]),
        (["b.js", "*.js"], ["/s/b.js", "/s/a.js"]),
        (["no*.js"], []),
        (["**/*.js"], ["/s/a.js", "/s/b.js", "/s/deep/er/c.js"]),
        (["deep/**/c.js"], ["/s/deep/er/c.js"]),
        (["[b].js"], ["/s/b.js"]),
        (["//cdn.test/x.js"], ["//cdn.test/x.js"]),
    ],
)
def test_globs_are_sorted_and_a_file_is_taken_once(site, contents, urls):
    site.write("deep/er/c.js", "")
    assert site.bundle(*contents, env_debug=True).urls() == urls


def test_a_file_is_taken_twice_where_that_is_said(site):
    bundle = site.bundle("a.js", "a.js", env_debug=True, remove_duplicates=False)
    assert bundle.urls() == ["/s/a.js", "/s/a.js"]


def test_a_directory_with_a_glob_character_in_its_name_is_no_glob(tmp_path):
    (tmp_path / "a[1]").mkdir()
    (tmp_path / "a[1]" / "x.js").write_text("x")
    environment = Environment(tmp_path / "a[1]", "/s", debug=True)
    assert environment.register("x", "*.js").urls() == ["/s/x.js"]


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "item, words",
    [
        ("nope.js", "cannot be found"),
        ("deep", "is a directory .*'deep/\\*' is its files"),
        ("fifo.js", "is not a regular file"),
        ("/no/such.js", "there is no such file"),
        ("shop:css/x.css", "asset specs need the environment of a registry"),
        ("nul\0.js", "cannot be found"),
    ],
)
def test_a_source_that_is_no_file_is_an_error_in_every_mode(site, debug, item, words):
    site.write("deep/c.js", "")
    os.mkfifo(site.directory / "fifo.js")
    bundle = site.bundle("a.js", item, output="gen/out.js", env_debug=debug, origin=Origin("site.zcml", 7, 3))
    with pytest.raises(BundleError, match=rf"^site\.zcml:7:3: bundle 'x': the source .*{words}"):
        bundle.urls()


@pytest.mark.parametrize("item", ["", 7, None, b"a.js"])
def test_what_cannot_be_among_the_contents_is_refused_at_once(item):
    with pytest.raises(BundleError, match="among the contents"):
        Bundle("a.js", item)


def test_an_empty_file_is_content_and_no_file_is_none(site):
    site.write("empty.js", "")
    site.bundle("empty.js", output="gen/out.js").build()
    assert site.read("gen/out.js") == b""
    with pytest.raises(BuildError, match="bundle 'x' is empty, there is nothing to build"):
        site.bundle("no*.js", output="gen/none.js").build()


def test_filters_of_nested_bundles_run_first_and_the_whole_goes_through_those_around(site):
    child = Bundle("b.js", filters=Marked())

    class Tail(Filter):
        name = "tail"

        def input(self, _in, out, **kw):
            out.write(_in.read().rstrip() + b"!")

        def output(self, _in, out, **kw):
            out.write(_in.read() + b".")

    site.bundle("a.js", child, filters=Tail(), output="gen/out.js").build()
    assert site.read("gen/out.js") == b"var a;!\n;\n[b.js]var b;!."


def test_a_bundle_that_takes_its_time_is_built_once(site):
    class Slow(Filter):
        name = "slow"
        runs = 0

        def output(self, _in, out, **kw):
            type(self).runs += 1
            time.sleep(MOMENT + 0.05)
            out.write(_in.read())

    environment = site.environment(cache=False)
    environment.register("x", "a.js", filters=Slow(), output="x.js")
    environment.register("y", "a.js", output="y.js")
    assert [built.bundle.name for built in environment.build()] == ["x", "y"]
    assert Slow.runs == 1


def test_in_merge_mode_only_filters_that_run_there_do(site):
    class Merging(Marked):
        name = "merging"
        max_debug_level = "merge"

    bundle = site.bundle("a.js", filters=[Upper(), Merging(), Always()], output="gen/out.js", env_debug="merge")
    bundle.build()
    assert site.read("gen/out.js") == b"compiled [a.js]var a;\n"


def test_open_and_concat_are_one_filter_s_each(site):
    class Opening(Filter):
        name = "opening"

        def open(self, out, source_path, source="", **kw):
            with open(source_path, "rb") as stream:
                out.write(source.encode() + b"=" + stream.read().strip())

    class Joining(Filter):
        name = "joining"

        def concat(self, out, hunks, **kw):
            out.write(b"+".join(hunk.data() for hunk, about in hunks))

    site.bundle("a.js", "b.js", filters=[Opening(), Joining()], output="gen/out.js").build()
    assert site.read("gen/out.js") == b"a.js=var a;+b.js=var b;"

    class Another(Opening):
        name = "another"

    with pytest.raises(BuildError, match="the filters 'opening', 'another' cannot be combined"):
        site.bundle("a.js", filters=[Opening(), Another()], output="gen/out.js").build()


def test_filters_are_told_names_paths_and_urls(site):
    told = {}

    class Telling(Filter):
        name = "telling"

        def input(self, _in, out, **kw):
            told.update(kw)

    site.bundle("a.js", filters=Telling(), output="gen/out.%(version)s.js").build()
    assert told == {
        "source": "a.js",
        "source_path": str(site.directory / "a.js"),
        "source_url": "/s/a.js",
        "output": "gen/out.%(version)s.js",
        "output_path": str(site.directory / "gen/out.%(version)s.js"),
        "output_url": "/s/gen/out.%25(version)s.js",
        "depends": [],
    }


@pytest.mark.parametrize(
    "argument, bundle, environment, variable, word",
    [
        ("argument", "bundle", "environment", "variable", "argument"),
        (None, "bundle", "environment", "variable", "bundle"),
        (None, None, "environment", "variable", "environment"),
        (None, None, None, "variable", "variable"),
        (None, None, None, None, "none"),
    ],
)
def test_an_option_of_a_filter_is_looked_up(site, monkeypatch, argument, bundle, environment, variable, word):
    class Worded(Filter):
        name = "worded"
        options = dict(word="WORDED")  # noqa: RUF012, C408  as users of webassets write it

        def output(self, _in, out, **kw):
            out.write((self.word or "none").encode())

    if variable:
        monkeypatch.setenv("WORDED", variable)
    made = site.environment()
    if environment:
        made.config["worded"] = environment
    filters = Worded(word=argument) if argument else Worded()
    made.register(
        "x", "a.js", filters=filters, output="gen/out.js", config={"Worded": bundle} if bundle else {}
    ).build()
    assert site.read("gen/out.js") == word.encode()


def test_an_environment_can_have_filters_of_its_own(site):
    environment = site.environment()
    environment.add_filter("shout", Upper)
    environment.register("x", "a.js", filters="shout", output="gen/out.js").build()
    assert site.read("gen/out.js") == b"VAR A;\n"
    with pytest.raises(UnknownFilter, match=r"^site\.zcml:2:1: bundle 'x': no filter has the name 'shout'"):
        site.bundle("a.js", filters="shout", output="gen/out.js", origin=Origin("site.zcml", 2, 1))


def test_what_a_filter_raises_is_told_with_bundle_and_source(site):
    class Broken(Filter):
        name = "broken"

        def input(self, _in, out, **kw):
            return 1 / 0

    bundle = site.bundle("a.js", filters=Broken(), output="gen/out.js", origin=Origin("site.zcml", 4, 5))
    with pytest.raises(BuildError, match=r"the filter 'broken' failed on 'a\.js': ZeroDivisionError") as raised:
        bundle.build()
    assert str(raised.value).startswith("site.zcml:4:5: bundle 'x': ")
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert site.names() == []


def test_a_source_that_is_not_utf_8_is_told_by_a_filter_of_text(site):
    site.write("a.css", b"a{}\n\xff{}")
    bundle = site.bundle("a.css", filters="cssrewrite", output="gen/out.css", origin=Origin("site.zcml", 4, 5))
    with pytest.raises(BuildError) as raised:
        bundle.build()
    assert f"{site.directory / 'a.css'}:2" in str(raised.value)
    assert "site.zcml:4:5" in str(raised.value)
    site.bundle("a.css", output="gen/out.css").build()
    assert site.read("gen/out.css") == b"a{}\n\xff{}"


def test_a_reference_is_a_bundle_that_may_come_later(site):
    environment = site.environment(debug=True)
    page = environment.register("page", Reference("core"), "b.js", output="gen/page.js")
    with pytest.raises(BundleError, match="bundle 'page': no bundle has the name 'core'"):
        page.urls()
    environment.register("core", "a.js")
    assert page.urls() == ["/s/a.js", "/s/b.js"]
    environment.register("x", Reference("z"))
    environment.register("y", Reference("x"))
    with pytest.raises(RegisterError, match="bundle 'z' → bundle 'y' → bundle 'x' → bundle 'z'"):
        environment.register("z", Reference("y"))
    assert "z" not in environment


def test_extra_of_a_container_is_that_of_its_bundles():
    inside = Bundle("a.css", extra={"media": "print"})
    assert Bundle(inside, Bundle("b.css")).extra == {"media": "print"}
    assert Bundle(inside, extra={"media": "all"}).extra == {"media": "all"}
    assert Bundle(inside, "c.css").extra == {}


def test_a_bundle_without_an_environment_says_so():
    with pytest.raises(BundleError, match="not connected to an environment"):
        Bundle("a.js").urls()


def test_build_of_an_environment_builds_each_output_once_and_reports(site):
    environment = site.environment(manifest="json")
    child = Bundle("b.js", output="gen/b.js", filters=Upper())
    environment.register("both", Bundle("a.js", output="gen/a.js"), child, filters=Upper())
    environment.register("alone", child)
    environment.register("sources", "a.js")
    reported = []
    built = environment.build(jobs=2, done=lambda bundle, result: reported.append((bundle.output, result.changed)))
    assert reported == [("gen/a.js", True), ("gen/b.js", True)]
    assert [(one.bundle.output, one.size, one.source_size) for one in built] == [("gen/a.js", 7, 7), ("gen/b.js", 7, 7)]
    assert built[1].data() == b"VAR B;\n"
    assert [one.changed for one in environment.build()] == [False, False]
    assert [one.changed for one in environment.build("alone", force=True)] == [True]
    with pytest.raises(BundleError, match="no bundle has the name 'al0ne'; did you mean 'alone'"):
        environment.build("al0ne")


def test_build_of_an_environment_builds_what_it_can_and_tells_all_that_is_wrong(site):
    environment = site.environment()
    environment.register("one", "no.js", output="gen/one.js")
    environment.register("two", "a.js", output="gen/two.js")
    environment.register("three", "neither.js", output="gen/three.js")
    with pytest.raises(BuildError) as raised:
        environment.build()
    assert [problem.message.partition(":")[0] for problem in raised.value.problems] == [
        "bundle 'one'",
        "bundle 'three'",
    ]
    assert site.names() == ["two.js"]


def test_build_into_a_stream_writes_no_file(site, tmp_path):
    with open(tmp_path / "stream", "w+b") as stream:
        assert site.bundle("a.js", filters=Upper(), output="gen/out.js").build(output=stream) == []
        stream.seek(0)
        assert stream.read() == b"VAR A;\n"
    assert site.names() == []


def test_asset_specs_are_found_through_overrides_and_globs_see_all_layers(site, package):
    shop = package({"css/a.css": "a", "css/b.css": "b", "css/deep/c.css": "c"}, name="bundleshop")
    theme = package({"css/b.css": "themed", "css/z.css": "z"}, name="bundletheme")
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:css")
    registry.override_asset(f"{shop}:css/", f"{theme}:css/")
    environment = site.environment(
        resolver=registry.getUtility(_resolver()), static_path=registry.static_path, load_path=[f"{shop}:css"]
    )
    environment.register("all", f"{shop}:css/**/*.css", "b.css", output="gen/all.css").build()
    assert site.read("gen/all.css") == b"a\nthemed\nc\nz"
    environment.debug = True
    assert environment["all"].urls() == [f"/static/{name}.css" for name in ("a", "b", "deep/c", "z")]
    with pytest.raises(BundleError, match=r"no layer has the asset 'bundleshop:css/no\.css'"):
        environment.register("no", f"{shop}:css/no.css").urls()
    with pytest.raises(BundleError, match="is a directory"):
        environment.register("directory", f"{shop}:css").urls()


def test_an_override_that_comes_to_be_is_noticed(site, package, clock):
    shop = package({"a.css": "a"})
    theme = package({"a.css": "themed"})
    registry = AssetRegistry()
    environment = site.environment(resolver=registry.getUtility(_resolver()))
    bundle = environment.register("x", f"{shop}:a.css", output="gen/out.css")
    bundle.urls()
    registry.override_asset(f"{shop}:a.css", f"{theme}:a.css")
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.css") == b"themed"


def test_a_directory_in_an_archive_is_named_with_its_line_where_an_output_is_asked_for(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w") as archive:
        archive.writestr("zippedhome/__init__.py", "")
        archive.writestr("zippedhome/static/a.css", "zipped")
    monkeypatch.syspath_prepend(tmp_path / "wheel.zip")
    path = tmp_path / "site.zcml"
    path.write_text(document(
        '<environment directory="zippedhome:static"/><staticView name="static" path="zippedhome:static"/>'
        '<bundle name="all" contents="zippedhome:static/a.css" output="all.css"/>'
    ))  # fmt: skip
    with pytest.warns(ConfigurationWarning, match="lies in an archive"):
        registry = load_zcml(path)
    with pytest.raises(UnsetOption) as caught:
        registry.environment["all"].urls()
    (problem,) = caught.value.problems
    assert (
        problem.message
        == "environment directory='zippedhome:static': it is in an archive, where nothing can be written"
    )
    assert (problem.origin.file, problem.hint[:21]) == (str(path), "run `assetzcml build`")


def test_a_source_in_an_archive_is_merged_and_watched(site, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w") as archive:
        archive.writestr("zippedbundles/__init__.py", "")
        archive.writestr("zippedbundles/css/a.css", "zipped")
    monkeypatch.syspath_prepend(tmp_path / "wheel.zip")
    registry = AssetRegistry()
    environment = site.environment(resolver=registry.getUtility(_resolver()))
    bundle = environment.register("x", "zippedbundles:css/?.css", "a.js", filters=Marked(), output="gen/out.css")
    bundle.build()
    assert site.read("gen/out.css") == b"[zippedbundles:css/?.css]zipped\n[a.js]var a;\n"
    assert [built.changed for built in bundle.build()] == [False]
    environment.debug = True
    with pytest.raises(BundleError, match="lies in an archive, and no static view publishes it"):
        bundle.urls()


def _resolver():
    from assetzcml.interfaces import IResolver

    return IResolver


def test_every_error_is_one_of_configuration():
    for kind in (BundleError, BuildError, RegisterError, UnsetOption):
        assert issubclass(kind, ConfigurationError)


def versions_after(site, number, **options):
    """An environment whose bundle was built *number* times, each time with other bytes."""
    environment = site.environment(**options)
    environment.register("v", "b.js", output="gen/v.%(version)s.js")
    paths = []
    for count in range(number):
        site.replace("b.js", f"var b = {count};\n")
        (built,) = environment.build()
        os.utime(built.path, (OLD, OLD))
        paths.append(built.path)
    return environment, paths


@pytest.mark.parametrize("keep, left", [(0, 1), (2, 3), (9, 5)])
def test_pruning_leaves_the_latest_and_what_no_build_has_written(site, keep, left):
    environment, paths = versions_after(site, 5)
    site.write("gen/v.0123abcd.js", "somebody else's")
    removed = environment.prune(keep=keep)
    assert removed == list(reversed(paths[: 5 - left]))
    assert site.names() == sorted([*map(os.path.basename, paths[5 - left :]), "v.0123abcd.js"])
    assert environment.prune(keep=keep) == []
    assert environment.build()[0].changed is False


@pytest.mark.parametrize("keep, left", [(0, 1), ("2", 3), (None, 6), ("all", 6)])
def test_a_build_leaves_as_many_former_versions_as_the_environment_says(site, keep, left):
    environment, paths = versions_after(site, 5, former_versions=keep)
    site.write("gen/v.0123abcd.js", "somebody else's")
    site.replace("b.js", "var b = 'last';\n")
    (built,) = environment.build()
    kept = [*paths, built.path][-left:]
    assert site.names() == sorted([*map(os.path.basename, kept), "v.0123abcd.js"])
    assert environment.build()[0].changed is False


@pytest.mark.parametrize("value", [-1, True, "some", 1.5])
def test_how_many_former_versions_stay_is_a_number(site, value):
    with pytest.raises(BundleError, match=r"former_versions is .*; how many stay, 0 or more, or"):
        _ = site.environment(former_versions=value).former_versions


def test_pruning_leaves_what_is_young_and_what_was_changed_since(site):
    environment, paths = versions_after(site, 4)
    os.utime(paths[0])
    with open(paths[1], "a") as stream:
        stream.write("// by hand")
    os.utime(paths[1], (OLD, OLD))
    assert environment.prune(keep=0) == [paths[2]]
    assert environment.prune(keep=0, younger=0.0) == [paths[0]]
    assert set(site.names()) == {os.path.basename(paths[1]), os.path.basename(paths[3])}
