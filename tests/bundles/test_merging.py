"""What the cache of filters' results may give back, and what it keeps."""

import os

import pytest

from assetzcml.bundles import BuildError, Bundle, Filter
from assetzcml.bundles.cache import MemoryCache
from assetzcml.bundles.updaters import SKIP_CACHE
from bundle_site import Marked


class Counting(Filter):
    """Says on which sources it ran; fails on what is bad."""

    name = "counting"

    def __init__(self, runs, reading=()):
        super().__init__()
        self._runs = runs
        self._reading = reading

    def unique(self):
        return "counting"

    def input(self, _in, out, source="", depends=None, **kw):
        self._runs.append(source)
        depends.extend(self._reading)
        content = _in.read()
        assert content != b"bad"
        out.write(content)


@pytest.fixture(autouse=True)
def cacheable(monkeypatch):
    """What the filters of these tests are told from one another by is their name."""
    from assetzcml.bundles import merging

    monkeypatch.setattr(merging, "filter_identity", lambda bound: bound.name)


def test_a_filter_that_a_bundle_and_the_one_around_it_name_runs_once_on_each_source(site):
    inner = Bundle("b.js", filters=Marked())
    built = site.bundle("a.js", inner, filters=Marked(), output="gen/x.js").build()[0]
    assert built.data() == b"[a.js]var a;\n\n[b.js]var b;\n"


def test_what_is_of_no_use_any_more_leaves_the_cache(site):
    cache = MemoryCache()
    runs, sizes = [], []
    for number in range(10):
        site.replace("a.js", f"var a{number};\n")
        site.bundle("a.js", filters=Counting(runs), output="gen/x.js", env_cache=cache, env_manifest=None).build()
        sizes.append(sum(map(len, cache._entries.values())))
    assert len(runs) == 10
    assert set(sizes) == {sizes[0]}


def test_a_build_that_fails_throws_nothing_away_that_was_done_before(site):
    runs = []
    bundle = site.bundle("a.js", "b.js", filters=Counting(runs), output="gen/x.js")
    bundle.build()
    site.replace("a.js", "bad")
    with pytest.raises(BuildError):
        bundle.build()
    site.replace("a.js", "good")
    bundle.build()
    assert runs == ["a.js", "b.js", "a.js", "a.js"]


def test_what_was_made_of_a_source_that_changed_meanwhile_is_not_given_back_for_the_former_one(site):
    class Opening(Filter):
        name = "opening"
        changing = True

        def open(self, out, source_path, **kw):
            if self.changing:
                site.replace("a.js", "new")
            with open(source_path, "rb") as stream:
                out.write(stream.read())

    one = Opening()
    bundle = site.bundle("a.js", filters=one, output="gen/x.js")
    assert bundle.build()[0].data() == b"new"
    one.changing = False
    site.replace("a.js", "var a;\n")
    bundle.filters = Opening()
    bundle.filters.changing = False
    assert bundle.build(force=True)[0].data() == b"var a;\n"


def test_what_was_made_without_a_file_is_made_again_when_that_is_there(site):
    runs = []
    gone = site.write("gone.js", "")
    bundle = site.bundle("a.js", filters=Counting(runs, [gone]), output="gen/x.js")
    os.unlink(gone)
    bundle.build()
    site.write("gone.js", "")
    bundle.build(force=True)
    bundle.build(force=True)
    assert runs == ["a.js", "a.js"]


def test_what_was_made_with_a_file_that_is_gone_is_not_kept_since_it_can_never_be_given_back(site):
    cache, runs = MemoryCache(), []
    gone = site.write("gone.js", "")
    bundle = site.bundle("a.js", filters=Counting(runs, [gone]), output="gen/x.js", env_cache=cache, env_manifest=None)
    os.unlink(gone)
    bundle.build()
    assert not any(b"var a" in value for value in cache._entries.values())
    bundle.build(force=True)
    assert runs == ["a.js", "a.js"]


@pytest.mark.parametrize("answer, times", [(SKIP_CACHE, 2), (True, 1)])
def test_an_updater_says_whether_the_cache_may_be_asked(site, answer, times):
    class Updater:
        def needs_rebuild(self, bundle, ctx):
            return answer

        def build_done(self, bundle, ctx):
            pass

    runs = []
    bundle = site.bundle("a.js", filters=Counting(runs), output="gen/x.js", env_updater=Updater)
    bundle.build()
    bundle.build()
    assert runs == ["a.js"] * times
