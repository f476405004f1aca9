"""What is declared call by call, with questions in between, answers as what is declared all at once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assetzcml import (
    AssetRegistry,
    ConfigurationError,
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringConstantCacheBuster,
)
from assetzcml.declaring.validation import override_cycle
from assetzcml.errors import NotPublished
from assetzcml.records.assets import Override, address
from assetzcml.registry import Snapshot, ledger
from assetzcml.urls import cachebusters

DIRECTORIES = ["g_shop:", "g_shop:a/", "g_shop:a/b/", "g_theme:", "g_theme:a/", "g_dark:a/"]
FILES = ["g_shop:a/x.css", "g_shop:a/b/y.css", "g_theme:a/x.css", "g_theme:x.css", "g_dark:a/x.css"]
BUSTERS = {
    "v1": QueryStringConstantCacheBuster("v1"),
    "v2": QueryStringConstantCacheBuster("v2"),
    "digest": DigestCacheBuster(),
    "manifest": ManifestCacheBuster("g_shop:m.json"),
}
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("view"), st.sampled_from(["s", "s/t", "u", "https://cdn"]), st.sampled_from(DIRECTORIES)),
        st.tuples(st.just("file"), st.sampled_from(["s/f", "g"]), st.sampled_from(FILES)),
        st.tuples(st.just("override"), st.sampled_from(DIRECTORIES), st.sampled_from(DIRECTORIES)),
        st.tuples(st.just("override"), st.sampled_from(FILES), st.sampled_from(FILES)),
        st.tuples(
            st.just("buster"), st.sampled_from(DIRECTORIES + FILES), st.sampled_from(sorted(BUSTERS)), st.booleans()
        ),
        st.tuples(st.just("ask")),
    ),
    max_size=25,
)


@pytest.fixture
def packages(package):
    package({"a/x.css": "1", "a/b/y.css": "2", "m.json": '{"x.css": "b/y.css"}'}, name="g_shop")
    package({"a/x.css": "3", "x.css": "4"}, name="g_theme")
    package({"a/x.css": "5"}, name="g_dark")


def call(registry, kind, *arguments):
    if kind == "view":
        registry.add_static_view(*arguments)
    elif kind == "file":
        registry.add_static_file(*arguments)
    elif kind == "override":
        registry.override_asset(*arguments)
    elif kind == "buster":
        path, name, explicit = arguments
        registry.add_cache_buster(path, BUSTERS[name], explicit=explicit)


def url(registry, spec):
    try:
        return registry.static_path(spec)
    except (NotPublished, ValueError) as error:
        return type(error).__name__


def answers(registry):
    """What is served, and where, of all files; and who said so."""
    snapshot = registry.snapshot
    told = [
        (url(registry, spec), registry.resolve(spec).source_spec, registry.resolve(spec).exists()) for spec in FILES
    ]
    told += [registry.resolve(directory).isdir() and registry.resolve(directory).listdir() for directory in DIRECTORIES]
    return told, snapshot.views, snapshot.overrides, snapshot.bustings, snapshot.losses


@pytest.mark.filterwarnings("ignore::assetzcml.ConfigurationWarning")  # of whole packages
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=CALLS)
def test_what_is_derived_by_difference_is_what_is_made_from_the_start(packages, calls):
    registry, accepted = AssetRegistry(), []
    for each in calls:
        try:
            call(registry, *each)
        except ConfigurationError:
            continue
        accepted.append(each)
        if each == ("ask",):
            answers(registry)
    by_difference = answers(registry)
    ledger(registry).current.snapshot = Snapshot(registry)
    assert answers(registry) == by_difference
    again = AssetRegistry()
    for each in accepted:
        call(again, *each)
    assert answers(again) == by_difference


@pytest.mark.filterwarnings("ignore::assetzcml.ConfigurationWarning")  # of whole packages
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=CALLS.map(lambda calls: [each for each in calls if each[0] == "override"]))
def test_a_circle_is_found_by_what_an_override_touches_as_by_all(packages, calls):
    registry = AssetRegistry()
    for each in calls:
        before = registry.snapshot.overrides
        try:
            call(registry, *each)
        except ConfigurationError as error:
            if "circle" not in str(error):
                continue
            registry.add(_override(each[1:], ledger(registry).generation + 1))
            with pytest.raises(ConfigurationError, match="circle"):  # all of them, looked at together
                _checked(registry)
            assert _without_last(registry, before)
            return
    _checked(registry)


def _override(sides, generation):
    target, source = map(address, sides)
    return Override(target=target.spec, source=source.spec, file=not target.directory, generation=generation)


def _checked(registry):
    if override_cycle(registry.snapshot.overrides):
        raise ConfigurationError("circle")


def _without_last(registry, before):
    return registry.snapshot.overrides[1:] == before


def test_a_snapshot_that_somebody_holds_answers_as_it_did(packages):
    registry = AssetRegistry()
    registry.add_static_view("s", "g_shop:a/")
    held, texts = [], []
    for number in range(60):
        registry.add_static_view(f"s{number}", "g_shop:a/")
        if number % 3 == 0:
            registry.static_path("g_shop:a/x.css")
        held.append(registry.snapshot)
        texts.append([view.name for view in registry.snapshot.views] if number % 2 else None)
    for number, snapshot in enumerate(held):
        assert [view.name for view in snapshot.views] == [*(f"s{n}" for n in range(number, -1, -1)), "s"]
        assert texts[number] in (None, [view.name for view in snapshot.views])


def test_what_is_declared_again_and_again_keeps_nothing_of_what_it_replaced(packages):
    registry = AssetRegistry()
    for _ in range(2500):
        registry.add_static_view("s", "g_shop:a/")
    assert len(registry.snapshot.views) == 1
    length = registry.snapshot._log.length
    assert length <= 1001


def test_a_manifest_is_read_once_however_many_static_views_use_it(packages, monkeypatch):
    read = []
    parse = ManifestCacheBuster.parse_manifest

    def counted(self, content):
        read.append(content)
        return parse(self, content)

    monkeypatch.setattr(ManifestCacheBuster, "parse_manifest", counted)
    monkeypatch.setattr(cachebusters, "is_young", lambda version: False)  # the file has just been written
    monkeypatch.setattr(cachebusters, "_overrides", lambda *arguments: False)  # nor is this a format of its own
    registry = AssetRegistry()
    manifest = Path(registry.resolve("g_shop:m.json").abspath())
    for number in range(20):
        registry.add_static_view(f"s{number}", f"g_shop:a/n{number}")
        registry.add_cache_buster(f"g_shop:a/n{number}", ManifestCacheBuster("g_shop:m.json"))
        url(registry, f"g_shop:a/n{number}/x.css")
    assert len(read) == 1
    manifest.write_text('{"x.css": "b/z.css"}')
    registry.add_cache_buster("g_shop:a", ManifestCacheBuster("g_shop:m.json"))
    assert len(read) == 2
    registry.override_asset("g_shop:a/b/y.css", "g_theme:x.css")  # of no manifest
    url(registry, "g_shop:a/n1/x.css")
    assert len(read) == 2


def test_a_manifest_that_is_overridden_later_is_the_overriding_one(package):
    package({"a/x.css": "1", "m.json": '{"x.css": "one.css"}'}, name="g_shop")
    package({"m.json": '{"x.css": "two.css"}'}, name="g_theme")
    registry = AssetRegistry()
    registry.add_static_view("s", "g_shop:a")
    registry.add_cache_buster("g_shop:a", ManifestCacheBuster("g_shop:m.json"))
    assert registry.static_path("g_shop:a/x.css") == "/s/one.css"
    registry.override_asset("g_shop:m.json", "g_theme:m.json")
    assert registry.static_path("g_shop:a/x.css") == "/s/two.css"
