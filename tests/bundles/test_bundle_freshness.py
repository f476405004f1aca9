"""When an output is built again, and when URLs look at files at all."""

import json
import os
import shutil
from types import MappingProxyType

import pytest

from assetzcml.bundles import BuildError, Bundle, Environment, Filter, building, cache
from assetzcml.bundles.updaters import SKIP_CACHE
from assetzcml.resolving.files import read_file
from bundle_site import OLD, Marked


@pytest.fixture
def builds(monkeypatch):
    """The names of the bundles whose bytes were made, in order."""
    made = []
    original = building._merged
    monkeypatch.setattr(building, "_merged", lambda merger: made.append(merger.bundle.name) or original(merger))
    return made


@pytest.mark.parametrize("manifest", ["cache", "json", None])
@pytest.mark.parametrize("output", ["gen/out.js", "gen/out.%(version)s.js"])
@pytest.mark.parametrize("versions", ["hash", "timestamp"])
@pytest.mark.parametrize("mtime", [OLD - 100, OLD, OLD + 100])
def test_a_source_that_is_replaced_is_noticed_also_by_an_older_one(
    site, clock, no_sync, manifest, output, versions, mtime
):
    bundle = site.bundle("a.js", "b.js", output=output, env_manifest=manifest, env_versions=versions)
    bundle.urls()
    site.replace("a.js", "var A;\n", mtime)  # as long as what it replaces
    clock.now += 1.0
    assert site.file_at(bundle.urls()[0]) == b"var A;\n\nvar b;\n"


def test_the_same_bytes_in_a_new_file_are_no_change(site, clock, builds):
    bundle = site.bundle("a.js", output="gen/out.js")
    bundle.urls()
    site.replace("a.js", "var a;\n", OLD + 100)
    clock.now += 1.0
    bundle.urls()
    assert builds == ["x"]


@pytest.mark.parametrize("seconds, result", [(0.9, b"var a;\n"), (1.0, b"new")])
def test_an_edit_is_noticed_after_a_second_and_files_are_not_looked_at_before(site, clock, seconds, result):
    site.bundle("a.js", output="gen/out.js").build()
    bundle = site.bundle("a.js", output="gen/out.js")
    bundle.urls()
    site.replace("a.js", "new")
    clock.now += seconds
    bundle.urls()
    assert site.read("gen/out.js") == result


@pytest.mark.parametrize(
    "change",
    [
        lambda site: site.write("c.js", "var c;\n"),
        lambda site: os.unlink(site.directory / "b.js"),
        lambda site: os.rename(site.directory / "a.js", site.directory / "z.js"),
    ],
    ids=["appears", "vanishes", "is renamed"],
)
def test_a_file_of_a_glob_that_comes_or_goes_is_noticed(site, clock, change):
    bundle = site.bundle("*.js", output="gen/out.js")
    bundle.urls()
    change(site)
    clock.now += 1.0
    bundle.urls()
    expected = b"\n".join(site.read(name) for name in site.names(".") if name.endswith(".js"))
    assert site.read("gen/out.js") == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: setattr(bundle, "contents", ["b.js", "a.js"]),
        lambda bundle: setattr(bundle, "filters", Marked()),
        lambda bundle: setattr(bundle, "debug", "merge"),
    ],
    ids=["contents", "filters", "debug"],
)
def test_another_definition_is_noticed_by_the_next_process_and_by_this_one_at_once(site, builds, change):
    bundle = site.bundle("a.js", "b.js", output="gen/out.js")
    bundle.urls()
    change(bundle)
    bundle.urls()
    assert builds == ["x", "x"]
    again = site.bundle(*bundle.contents, filters=bundle.filters, debug=bundle.debug, output="gen/out.js")
    again.urls()
    assert builds == ["x", "x"]


def test_what_is_depended_on_is_watched_and_the_cache_does_not_hide_it(site, clock):
    site.write("part.scss", "red")

    class Including(Filter):
        name = "including"

        def input(self, _in, out, **kw):
            out.write(_in.read() + site.read("part.scss"))

    bundle = site.bundle("a.js", output="gen/out.js", depends="*.scss", filters=Including())
    bundle.urls()
    site.replace("part.scss", "new", OLD - 100)
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.js") == b"var a;\nnew"


def test_what_a_filter_says_it_read_is_watched_too(site, clock, builds):
    site.write("part.scss", "red")

    class Including(Filter):
        name = "including"

        def input(self, _in, out, depends=None, **kw):
            depends.append(str(site.directory / "part.scss"))
            out.write(_in.read() + site.read("part.scss"))

    bundle = site.bundle("a.js", output="gen/out.js", filters=Including())
    bundle.urls()
    clock.now += 1.0
    bundle.urls()
    site.replace("part.scss", "new", OLD - 100)
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.js") == b"var a;\nnew"
    assert builds == ["x", "x"]
    bundle.build(force=True)  # from the cache this time, which knows the file as well
    assert bundle.build(force=True)[0].changed
    site.replace("part.scss", "old")
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.js") == b"var a;\nold"


def test_a_source_edited_while_it_was_built_is_built_again(site, clock):
    class Editing(Filter):
        name = "editing"

        def input(self, _in, out, **kw):
            site.replace("a.js", "var A;\n")
            out.write(_in.read())

    bundle = site.bundle("a.js", output="gen/out.js", filters=Editing())
    bundle.urls()
    assert site.read("gen/out.js") == b"var a;\n"
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.js") == b"var A;\n"


def test_a_second_edit_within_one_tick_of_the_clock_is_noticed(site, clock):
    path = site.directory / "a.js"
    path.write_text("first")
    status = os.stat(path)
    bundle = site.bundle("a.js", output="gen/out.js")
    bundle.urls()
    path.write_text("again")
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert os.stat(path).st_size == status.st_size
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.js") == b"again"


def test_an_output_without_a_record_is_not_known_to_be_up_to_date(site, clock, builds):
    site.bundle("a.js", output="gen/out.js").build()
    shutil.rmtree(site.directory / ".assetzcml")  # as it is delivered
    site.bundle("a.js", output="gen/out.js").urls()
    assert builds == ["x"]
    os.unlink(site.directory / "assetzcml-build.json")
    shutil.rmtree(site.directory / ".assetzcml", ignore_errors=True)
    site.bundle("a.js", output="gen/out.js").urls()
    assert builds == ["x", "x"]


def test_another_process_that_built_is_noticed_without_a_manifest(site, clock):
    options = {"output": "gen/out.%(version)s.js", "env_manifest": None}
    first, second = site.bundle("a.js", **options), site.bundle("a.js", **options)
    assert first.urls() == second.urls()
    site.replace("a.js", "new")
    clock.now += 1.0
    assert second.urls() == first.urls()
    assert site.file_at(first.urls()[0]) == b"new"


@pytest.mark.parametrize("updater", ["always", False])
def test_an_updater_that_always_builds_is_asked_each_time(site, builds, updater):
    bundle = site.bundle("a.js", output="gen/out.js", env_updater=updater)
    bundle.urls()
    bundle.urls()
    assert builds == ["x", "x"]


def test_an_updater_of_ones_own_decides_and_is_told(site, builds):
    answers = [True, False, SKIP_CACHE]
    told = []

    class Updater:
        def needs_rebuild(self, bundle, ctx):
            return answers[0]

        def build_done(self, bundle, ctx):
            told.append(bundle.name)

    bundle = site.bundle("a.js", output="gen/out.js", env_updater=Updater)
    bundle.urls()
    answers.pop(0)
    bundle.urls()
    assert (builds, told) == (["x"], ["x"])
    answers.pop(0)
    bundle.urls()
    assert (builds, told) == (["x", "x"], ["x", "x"])


@pytest.mark.parametrize("manifest", ["cache", "json"])
@pytest.mark.parametrize("output", ["gen/out.js", "gen/out.%(version)s.js"])
def test_in_production_the_version_is_the_manifest_s_and_files_are_not_touched(site, monkeypatch, manifest, output):
    built = site.bundle("a.js", output=output, env_manifest=manifest)
    urls = built.urls()
    bundle = site.bundle("a.js", output=output, env_manifest=manifest, env_auto_build=False)
    site.replace("a.js", "changed")
    for path in (site.directory / "gen").iterdir():
        path.write_text("edited by hand")
    assert bundle.urls() == urls

    def refused(*arguments, **options):
        raise AssertionError(f"a file is touched: {arguments}")

    for name in ("open", "stat", "scandir", "listdir"):
        monkeypatch.setattr(os, name, refused)
    monkeypatch.setattr("builtins.open", refused)
    assert bundle.urls() == urls


def test_a_change_of_an_option_shows_at_once(site):
    environment = site.environment(auto_build=False, url_expire=False)
    bundle = environment.register("x", "a.js", output="gen/out.js")
    assert bundle.urls() == ["/s/gen/out.js"]
    environment.url = "https://cdn.test"
    assert bundle.urls() == ["https://cdn.test/gen/out.js"]
    environment.config["DEBUG"] = "true"
    assert bundle.urls() == ["https://cdn.test/a.js"]
    environment.append_path(site.directory, "/other")
    assert bundle.urls() == ["/other/a.js"]
    bundle.contents = ["b.js"]
    assert bundle.urls() == ["/other/b.js"]


def test_the_list_of_urls_is_the_caller_s_own(site):
    bundle = site.bundle("a.js", output="gen/out.js", env_url_expire=False)
    bundle.urls().append("mine")
    assert bundle.urls() == ["/s/gen/out.js"]


def test_the_cache_saves_the_work_of_filters_until_content_options_or_code_change(site):
    runs = []

    class Counting(Filter):
        name = "counting"
        options = MappingProxyType({"word": "COUNTING_WORD"})

        def input(self, _in, out, source="", **kw):
            runs.append(source)
            out.write(_in.read() + (self.word or "").encode())

    def build(**options):
        runs.clear()
        environment = site.environment(**options.pop("environment", {}))
        bundle = environment.register("x", "a.js", "b.js", filters=Counting(**options), output="gen/out.js")
        bundle.build(force=True)
        return list(runs)

    assert build() == ["a.js", "b.js"]
    assert build() == []
    site.replace("b.js", "var B;\n")
    assert build() == ["b.js"]
    assert build(word="!") == ["a.js", "b.js"]
    assert build(environment={"cache": False}) == ["a.js", "b.js"]


def test_what_was_done_before_a_source_failed_is_not_done_again(site):
    runs = []

    class Picky(Filter):
        name = "picky"

        def input(self, _in, out, source="", **kw):
            runs.append(source)
            content = _in.read()
            assert content != b"bad"
            out.write(content)

    site.write("a.js", "bad")
    bundle = site.bundle("b.js", "a.js", filters=Picky(), output="gen/out.js")
    with pytest.raises(BuildError, match="'picky' failed on 'a"):
        bundle.build()
    site.replace("a.js", "good")
    bundle.build()
    assert runs == ["b.js", "a.js", "a.js"]


def test_a_filter_that_keeps_something_nobody_knows_of_is_not_cached(site):
    class Secret(Filter):
        name = "secret"

        def __init__(self, thing):
            super().__init__()
            self.thing = thing

        def input(self, _in, out, **kw):
            out.write(str(self.thing()).encode())

    for value in (1, 2):
        site.bundle("a.js", filters=Secret(lambda value=value: value), output="gen/out.js").build(force=True)
        assert site.read("gen/out.js") == str(value).encode()


def test_instances_that_differ_in_plain_values_have_results_of_their_own(site):
    class Prefix(Filter):
        name = "prefix"

        def __init__(self, text):
            super().__init__()
            self.text = text

        def input(self, _in, out, **kw):
            out.write(self.text.encode())

    for text in ("one", "two", "one"):
        site.bundle("a.js", filters=Prefix(text), output="gen/out.js").build(force=True)
        assert site.read("gen/out.js") == text.encode()


def test_a_damaged_cache_entry_is_none(site):
    bundle = site.bundle("a.js", filters=Marked(), output="gen/out.js")
    bundle.build()
    for entry in (site.directory / ".webassets-cache").iterdir():
        entry.write_bytes(entry.read_bytes()[:-3] + b"XXX")
    bundle.build(force=True)
    assert site.read("gen/out.js") == b"[a.js]var a;\n"


def test_a_manifest_that_is_cut_in_half_is_made_anew_when_building_and_an_error_in_production(site, clock, caplog):
    environment = site.environment(manifest="json:m.json")
    for name in "ab":
        environment.register(name, f"{name}.js", output=f"gen/{name}.%(version)s.js")
    urls = [environment[name].urls() for name in "ab"]
    whole = site.read("m.json")
    (site.directory / "m.json").write_bytes(whole[: len(whole) // 2])
    production = site.environment(manifest="json:m.json", auto_build=False)
    production.register("a", "a.js", output="gen/a.%(version)s.js")
    with pytest.raises(Exception, match=r"m\.json' is not JSON: .*remove it and build again"):
        production["a"].urls()
    clock.now += 1.0
    assert [environment[name].urls() for name in "ab"] == urls
    assert json.loads(site.read("m.json")) == json.loads(whole)
    assert "it is made anew" in caplog.text


def test_outputs_of_before_are_not_sources_of_a_glob_beside_them(site, clock):
    bundle = site.bundle("*.js", output="out.%(version)s.js")
    bundle.urls()
    site.replace("a.js", "new")
    clock.now += 1.0
    assert site.file_at(bundle.urls()[0]) == b"new\n;\nvar b;\n"
    assert len(site.names(".")) == 6  # two sources, two outputs, the locks, the record


def test_nested_bundles_are_watched_and_defined_with_what_contains_them(site, clock, builds):
    child = Bundle("b.js")
    bundle = site.bundle("a.js", child, output="gen/out.js")
    bundle.urls()
    site.replace("b.js", "new")
    clock.now += 1.0
    bundle.urls()
    assert site.read("gen/out.js") == b"var a;\n\nnew"
    child.filters = Marked()
    bundle.urls()
    assert site.read("gen/out.js") == b"var a;\n\n[b.js]new"


def test_an_environment_needs_no_url_to_build(site):
    environment = Environment(str(site.directory))
    environment.register("x", "a.js", output="gen/out.js", filters=Marked()).build()
    assert site.read("gen/out.js") == b"[a.js]var a;\n"


@pytest.mark.parametrize("options", [{}, {"auto_build": False}])
def test_what_is_neither_said_of_a_manifest_nor_of_a_cache_is_in_the_record_alone(site, options):
    environment = site.environment()
    environment.register("x", "a.js", output="gen/x.%(version)s.js").build()
    assert not (site.directory / ".webassets-cache").exists()
    later = site.environment(**options)
    assert later.register("x", "a.js", output="gen/x.%(version)s.js").urls() == environment["x"].urls()


def test_a_file_is_read_to_its_end_though_it_says_another_size(site, monkeypatch):
    path = site.write("long.js", "x" * 70_000)
    whole = os.fstat

    def shorter(descriptor):  # a file that grows, and files of /proc, which say nothing
        status = list(whole(descriptor))
        status[6] = 10
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", shorter)
    content, signature = read_file(path)
    assert (len(content), signature.size) == (70_000, 10)


def test_of_any_number_of_modules_with_filters_a_bounded_number_is_known(monkeypatch):
    known = {}
    monkeypatch.setattr(cache, "_codes", known)
    monkeypatch.setattr(cache, "MOST_CODES", 2)
    for module in (cache, pytest, os):
        assert len(cache._code_of(module.__name__)) == 64
    assert list(known) == ["os"]
