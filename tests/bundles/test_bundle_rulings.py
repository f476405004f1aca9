"""A test for each ruling where webassets and its own documentation disagree."""

import base64
import hashlib
import json
import os
import pickle
import threading

import pytest

from assetzcml.bundles import (
    BuildError,
    Bundle,
    BundleError,
    Environment,
    NotBuilt,
    RegisterError,
    merging,
)
from assetzcml.errors import ConfigurationError
from bundle_site import OLD, Upper


def md5(content):
    return hashlib.md5(content).hexdigest()[:8]


def test_d_1_a_timestamp_in_a_name_is_that_of_the_newest_source(site):
    site.write("b.js", "var b;\n", mtime=OLD + 60)
    bundle = site.bundle("a.js", "b.js", output="gen/out.%(version)s.js", env_versions="timestamp")
    assert bundle.urls() == [f"/s/gen/out.{OLD + 60}.js"]
    assert site.names() == [f"out.{OLD + 60}.js"]
    later = site.bundle(
        "a.js",
        "b.js",
        output="gen/out.%(version)s.js",
        env_versions="timestamp",
        env_auto_build=False,
        env_manifest=None,
    )
    assert later.urls() == [f"/s/gen/out.{OLD + 60}.js"]


@pytest.mark.parametrize("expire", [None, True, False])
def test_d_2_without_versions_a_url_is_plain_and_nothing_is_built_on_demand(site, expire):
    bundle = site.bundle("a.js", output="gen/out.js", env_versions=None, env_url_expire=expire)
    with pytest.raises(NotBuilt, match="not built on demand; build it first"):
        bundle.urls()
    bundle.build()
    assert bundle.urls() == ["/s/gen/out.js"]
    site.replace("a.js", "changed")
    assert bundle.urls() == ["/s/gen/out.js"]
    assert site.read("gen/out.js") == b"var a;\n"


def test_d_3_a_placeholder_without_versions_is_refused_when_it_is_registered(site):
    with pytest.raises(ConfigurationError, match=r"output has %\(version\)s, and versions are turned off"):
        site.bundle("a.js", output="gen/out.%(version)s.js", env_versions=False)


def test_d_4_a_cache_manifest_without_a_cache_is_refused_when_asked_for_and_else_off(site):
    with pytest.raises(ConfigurationError, match="manifest is 'cache', and the cache is turned off"):
        site.environment(manifest="cache", cache=False)
    environment = site.environment(cache=False)
    assert environment.manifest is None
    assert environment.register("x", "a.js", output="gen/out.js").urls() == [f"/s/gen/out.js?{md5(site.read('a.js'))}"]


def test_d_5_a_hash_in_a_name_needs_no_manifest_while_one_process_builds(site, clock):
    name = f"/s/gen/out.{md5(b'var a;' + bytes([10]))}.js"
    bundle = site.bundle("a.js", output="gen/out.%(version)s.js", env_manifest=None)
    assert bundle.urls() == [name]
    clock.now += 5
    assert bundle.urls() == [name]
    with pytest.raises(BundleError, match="version of the bundle 'x' is not known"):
        site.bundle("a.js", output="gen/out.%(version)s.js", env_manifest=None, env_auto_build=False).urls()


@pytest.mark.parametrize("output", ["gen/out.js", "gen/out.%(version)s.js"])
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("auto_build", [False, True])
def test_d_6_integrity_is_that_of_the_bytes_behind_the_url(site, output, debug, auto_build):
    site.write("lib/c.js", "var c;\n")
    options = {"env_load_path": [str(site.directory / "lib"), str(site.directory)]}
    site.bundle("a.js", "c.js", output=output, **options).build()
    bundle = site.bundle("a.js", "c.js", output=output, env_debug=debug, env_auto_build=auto_build, **options)
    entries = bundle.urls(calculate_sri=True)
    assert [entry["uri"] for entry in entries] == bundle.urls()
    for entry in entries:
        digest = base64.b64encode(hashlib.sha384(site.file_at(entry["uri"])).digest()).decode()
        assert entry["sri"] == f"sha384-{digest}"


def test_d_7_a_mapped_directory_is_matched_by_segments(site):
    site.write("js/x.js", "")
    site.write("js2/y.js", "")
    mapping = {str(site.directory / "js"): "https://cdn.test/js"}
    bundle = site.bundle("js/x.js", "js2/y.js", env_debug=True, env_url_mapping=mapping)
    assert bundle.urls() == ["https://cdn.test/js/x.js", "/s/js2/y.js"]


@pytest.mark.parametrize("versions", ["hash", "timestamp"])
def test_d_8_a_missing_output_is_an_error_with_advice(site, versions):
    bundle = site.bundle("a.js", output="gen/out.js", env_auto_build=False, env_versions=versions)
    with pytest.raises(NotBuilt, match="build it first, or turn auto_build on") as raised:
        bundle.urls()
    assert isinstance(raised.value, BundleError)
    assert isinstance(raised.value, FileNotFoundError)


def test_d_9_sources_have_no_version_in_debug_mode_unless_it_is_asked_for(site):
    assert site.bundle("a.js", "http://cdn.test/x.js", env_debug=True, env_url_expire=True).urls() == [
        "/s/a.js",
        "http://cdn.test/x.js",
    ]
    asked = site.bundle("a.js", "http://cdn.test/x.js", env_debug=True, env_debug_expire="true")
    assert asked.urls() == [f"/s/a.js?{md5(site.read('a.js'))}", "http://cdn.test/x.js"]
    timed = site.bundle("a.js", env_debug=True, env_debug_expire=True, env_versions="timestamp")
    assert timed.urls() == [f"/s/a.js?{OLD}"]


@pytest.mark.parametrize(
    "other, words",
    [
        ("gen/out.js", "its output 'gen/out.js' is that of the bundle 'x' too"),
        ("./gen//out.js", "is that of the bundle 'x' too"),
        ("GEN/Out.js", "they differ in case only"),
    ],
)
def test_d_10_two_bundles_cannot_write_one_output(site, other, words):
    environment = site.environment()
    environment.register("x", "a.js", output="gen/out.js")
    with pytest.raises(RegisterError, match=words):
        environment.register("y", "b.js", output=other)
    with pytest.raises(RegisterError, match=words):
        environment.add(Bundle(Bundle("b.js", output=other)))
    assert environment.names() == ["x"]
    assert len(environment) == 1


@pytest.mark.parametrize("output", ["../out.js", "gen/../../out.js", "/etc/out.js", "%(directory)s2/out.js"])
def test_d_11_an_output_outside_the_directory_is_refused(site, output):
    output = output.replace("%(directory)s", str(site.directory))
    with pytest.raises(RegisterError, match="lies outside the directory"):
        site.bundle("a.js", output=output)


def test_d_11_an_absolute_output_inside_the_directory_is_none(site):
    bundle = site.bundle("a.js", output=str(site.directory / "gen/out.js"), env_url_expire=False)
    assert bundle.urls() == ["/s/gen/out.js"]


def test_d_12_only_the_placeholder_of_the_version_is_special(site):
    bundle = site.bundle("a.js", output="gen/100%s.%(version)s.%(x)d.js")
    version = md5(site.read("a.js"))
    assert bundle.urls() == [f"/s/gen/100%25s.{version}.%25(x)d.js"]
    assert site.names() == [f"100%s.{version}.%(x)d.js"]


def test_d_13_a_bundle_that_contains_itself_is_refused_with_the_way_around(site):
    inner = Bundle("a.js", output="gen/inner.js")
    middle = Bundle(inner, output="gen/middle.js")
    outer = Bundle(middle, output="gen/outer.js")
    inner.contents = ["a.js", outer]
    environment = site.environment()
    with pytest.raises(RegisterError) as raised:
        environment.register("x", outer)
    names = ["bundle 'x'", "bundle with output 'gen/middle.js'", "bundle with output 'gen/inner.js'", "bundle 'x'"]
    assert " → ".join(names) in str(raised.value)
    assert environment.names() == []


def test_d_13_also_when_it_comes_to_be_later(site):
    inner = Bundle("a.js", output="gen/inner.js")
    bundle = site.bundle(inner, "b.js", output="gen/out.js")
    inner.contents = ["a.js", bundle]
    for action in (bundle.urls, bundle.build):
        with pytest.raises(BundleError, match=r"bundle 'x' → bundle with output 'gen/inner\.js' → bundle 'x'"):
            action()


def test_d_14_a_custom_versioner_needs_one_method(site):
    class Revision:
        def determine_version(self, bundle, ctx, hunk=None):
            return len(hunk.data()) if hunk is not None else 0  # a number will do, as in webassets

    bundle = site.bundle("a.js", output="gen/out.%(version)s.js", env_versions=Revision())
    assert bundle.urls() == ["/s/gen/out.7.js"]


def test_d_14_a_custom_versioner_is_told_what_was_written_when_it_wants_to_know(site):
    told = []

    class Revision:
        def determine_version(self, bundle, ctx, hunk=None):
            return "r1"

        def set_version(self, bundle, ctx, filename, version):
            told.append((bundle.name, filename, version))

    site.bundle("a.js", output="gen/out.js", env_versions=Revision).build()
    assert told == [("x", str(site.directory / "gen/out.js"), "r1")]


def test_d_15_an_unknown_option_is_an_error_and_config_takes_anything(site):
    with pytest.raises(TypeError, match="no option 'url_expires'; did you mean 'url_expire'"):
        site.environment(url_expires=True)
    with pytest.raises(TypeError):
        Bundle("a.js", outputs="gen/out.js")
    environment = site.environment()
    environment.config["Sass_Bin"] = "/opt/sass"
    assert environment.config["SASS_BIN"] == "/opt/sass"


@pytest.mark.parametrize(
    "text, level",
    [("true", True), ("1", True), ("False", False), ("0", False), ("MERGE", "merge")],
)
def test_d_16_texts_of_files_mean_what_they_say(site, text, level):
    assert site.environment(debug=text).debug == level
    assert Bundle("a.js", debug=text).debug == level


def test_d_16_and_nothing_else(site):
    with pytest.raises(BundleError, match="debug is 'maybe'; true, false or merge was expected: yes, no"):
        site.bundle("a.js", output="gen/out.js", env_debug="maybe").urls()
    with pytest.raises(BundleError, match="debug is 2"):
        site.bundle("a.js", output="gen/out.js", debug=2).urls()
    with pytest.raises(BundleError, match="auto_build is 'sometimes'; true or false was expected: yes, no"):
        site.bundle("a.js", output="gen/out.js", env_auto_build="sometimes").urls()


@pytest.mark.parametrize(
    "contents, result",
    [
        ([b"\xff\xfe\x00binary"], b"\xff\xfe\x00binary"),  # no text at all
        ([b"a\r\nb\r\n", b"c"], b"a\r\nb\r\n\nc"),  # line ends stay as they are
        ([b"\xef\xbb\xbfa", b"\xef\xbb\xbfb"], b"a\nb"),  # a byte order mark in the middle would be a character
        ([b"", b"b"], b"\nb"),
    ],
)
def test_d_17_bytes_are_merged_as_they_are_without_byte_order_marks(site, contents, result):
    names = [site.write(f"part{number}.txt", content) for number, content in enumerate(contents)]
    site.bundle(*names, output="gen/out.txt").build()
    assert site.read("gen/out.txt") == result


def test_d_18_a_url_is_quoted_and_keeps_its_query(site):
    site.write("é x?.js", "1")
    assert site.bundle("é x?.js", env_debug=True).urls() == ["/s/%C3%A9%20x%3F.js"]
    merged = site.bundle("é x?.js", output="gen/o#t.js")
    assert merged.urls() == [f"/s/gen/o%23t.js?{md5(b'1')}"]


def test_d_19_outputs_and_manifests_are_replaced_and_builds_take_turns(site, monkeypatch):
    """The long version is test_bundle_concurrency.py."""
    environment = site.environment(manifest="json:m.json")
    bundles = [environment.register(f"b{n}", "a.js", "b.js", output=f"gen/b{n}.%(version)s.js") for n in range(8)]
    threads = [threading.Thread(target=bundle.urls) for bundle in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(json.loads(site.read("m.json"))) == {f"gen/b{n}.%(version)s.js" for n in range(8)}


def test_d_20_a_bundle_that_is_not_merged_is_a_group_of_bundles(site):
    environment = site.environment(url_expire=False)
    environment.register("each", "*.js", output="gen/%(name)s.min.%(ext)s", merge=False, filters=Upper())
    assert environment["each"].urls() == ["/s/gen/a.min.js", "/s/gen/b.min.js"]
    assert environment["each/b.js"].urls() == ["/s/gen/b.min.js"]
    assert site.read("gen/b.min.js") == b"VAR B;\n"
    assert "each" in environment
    assert [bundle.output for bundle in environment] == ["gen/a.min.js", "gen/b.min.js"]


@pytest.mark.parametrize(
    "contents, options, words",
    [
        (["a.js"], {}, "needs an output"),
        ([Bundle("a.js")], {"output": "gen/%(name)s.js"}, "a bundle cannot be among its contents"),
        (["a.js", "b.js"], {"output": "gen/one.js"}, "is that of the bundle 'x/a.js' too"),
    ],
)
def test_d_20_what_cannot_be_a_group_is_refused(site, contents, options, words):
    environment = site.environment()
    with pytest.raises(RegisterError, match=words):
        environment.register("x", *contents, merge=False, **options)
    assert environment.names() == []


def test_d_20_the_path_of_a_part_is_that_below_where_it_was_found(site):
    site.write("lib/deep/c.js", "")
    bundle = site.bundle(
        "deep/*.js", output="gen/%(path)s.%(ext)s", merge=False, env_load_path=[str(site.directory / "lib")]
    )
    bundle.build()
    assert site.names("gen/deep") == ["c.js"]


@pytest.mark.parametrize("kind", ["file", "json"])
def test_d_21_a_manifest_is_json_and_a_pickle_is_never_loaded(site, kind, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "pwned"),)

    options = {"output": "gen/out.%(version)s.js", "env_manifest": f"{kind}:m"}
    site.write("m", pickle.dumps({"gen/out.%(version)s.js": Evil()}))
    with pytest.raises(BundleError, match="a pickle, which is never loaded"):
        site.bundle("a.js", env_auto_build=False, **options).urls()
    site.bundle("a.js", **options).urls()
    assert json.loads(site.read("m")) == {"gen/out.%(version)s.js": md5(site.read("a.js"))}
    assert not (tmp_path / "pwned").exists()


def test_d_22_iteration_yields_bundles_and_membership_asks_for_names(site):
    environment = site.environment()
    assert environment
    named = environment.register("x", "a.js")
    anonymous = Bundle("b.js")
    environment.add(anonymous)
    assert list(environment) == [named, anonymous]
    assert len(environment) == 2
    assert "x" in environment
    assert named not in environment


def test_d_23_filters_without_an_output_are_an_error_of_the_bundle(site):
    with pytest.raises(BundleError, match="bundle 'x' has filters, but no output"):
        site.bundle("a.js", filters=Upper(), env_auto_build=False).urls()
    with pytest.raises(BuildError, match="bundle 'x' has filters, but no output"):
        site.bundle("a.js", filters=Upper()).urls()


def test_d_24_a_relative_directory_does_not_follow_the_working_directory(site, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    environment = Environment("static", "/s", load_path=["static"])
    monkeypatch.chdir("/")
    assert environment.directory == str(tmp_path / "static")
    environment.register("x", "a.js", output="gen/out.js").build()
    assert site.names() == ["out.js"]
    assert environment.config["directory"] == "static"  # as it was given: loaders of others read it
    environment.directory = "tmp"
    monkeypatch.chdir(tmp_path)
    assert environment.directory == "/tmp"


def test_d_25_a_url_is_downloaded_only_where_that_is_allowed(site, monkeypatch):
    asked = []
    monkeypatch.setattr(merging, "fetch", lambda url: asked.append(url) or b"var x;")
    contents = ["a.js", "https://cdn.test/x.js"]
    assert site.bundle(*contents, output="gen/out.js", env_debug=True).urls() == ["/s/a.js", "https://cdn.test/x.js"]
    with pytest.raises(
        BuildError, match=r"'https://cdn\.test/x\.js' among the contents would be downloaded; set allow_remote"
    ):
        site.bundle(*contents, output="gen/out.js").urls()
    assert (asked, site.names()) == ([], [])
    site.bundle(*contents, output="gen/out.js", env_allow_remote=True).build()
    assert site.read("gen/out.js") == b"var a;\n\nvar x;"
    assert asked == ["https://cdn.test/x.js"]
