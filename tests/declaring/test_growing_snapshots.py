"""What is declared call by call, with questions in between, answers as what is declared all at once."""

import itertools
import statistics
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webob import Request

from assetzcml import (
    AssetRegistry,
    ConfigurationError,
    DigestCacheBuster,
    ManifestCacheBuster,
    QueryStringConstantCacheBuster,
    TreeCacheBuster,
)
from assetzcml.declaring.validation import override_cycle
from assetzcml.errors import NotPublished
from assetzcml.pages.application import Pages
from assetzcml.records.assets import Override, address
from assetzcml.registry import Snapshot, ledger
from assetzcml.urls import cachebusters

pytestmark = pytest.mark.whole

DIRECTORIES = ["g_shop:", "g_shop:a/", "g_shop:a/b/", "g_theme:", "g_theme:a/", "g_dark:a/"]
FILES = ["g_shop:a/x.css", "g_shop:a/b/y.css", "g_theme:a/x.css", "g_theme:x.css", "g_dark:a/x.css"]


class Stripped:
    """A cache buster of somebody else that its static view takes off again."""

    def __init__(self, word):
        self.word = word

    def __call__(self, request, subpath, kw):
        return f"~{self.word}/{subpath}", kw

    def strip(self, subpath):
        version, slash, rest = subpath.partition("/")
        return (rest, version) if slash and version == f"~{self.word}" else None


BUSTERS = {
    "v1": QueryStringConstantCacheBuster("v1"),
    "v2": QueryStringConstantCacheBuster("v2"),
    "digest": DigestCacheBuster(),
    "manifest": ManifestCacheBuster("g_shop:m.json"),
    "tree": TreeCacheBuster(),
    "stripped": Stripped("v"),
    "other": Stripped("other"),
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
        st.tuples(st.just("type"), st.sampled_from(["css", "glb"]), st.sampled_from(["text/css", "model/x"])),
        st.tuples(
            st.just("route"),
            st.sampled_from(["one", "two", "three"]),
            st.sampled_from(["/s/{x}", "/p", "/{a}/{b}", "/*rest"]),
            st.sampled_from([{}, {"before": "one"}, {"after": "two"}]),
            st.sampled_from(["", "GET", "POST"]),
            st.sampled_from(["first", "second", None]),
        ),
        st.tuples(
            st.just("page"),
            st.sampled_from(["first", "second"]),
            st.one_of(
                st.fixed_dictionaries({"name": st.sampled_from(["p", "s"])}),
                st.fixed_dictionaries({"route_name": st.sampled_from(["one", "two", "three"])}),
            ),
            st.sampled_from(["", "GET", ("GET", "POST")]),
        ),
        st.tuples(st.just("ask")),
    ),
    max_size=25,
)
PATHS = ["/", "/p", "/s", "/s/x.css", "/s/t/x.css", "/s/f", "/g", "/u/b/y.css", "/q/r", "/~v/x.css", "/s/~other/x.css"]


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
    elif kind == "type":
        registry.add_media_type(*arguments)
    elif kind == "route":
        name, pattern, beside, method, view = arguments
        registry.add_route(name, pattern, **beside, request_method=method, view=view and PAGES[view])
    elif kind == "page":
        view, subject, method = arguments
        registry.add_view(PAGES[view], **subject, request_method=method)


def saying(word):
    """A view that answers with *word*, and with what its route has taken from the path."""
    return lambda request: f"{word} {sorted(request.matchdict)}"


PAGES = {word: saying(word) for word in ("first", "second")}


def request(app, path, method="GET"):
    answer = Request.blank(path, method=method).get_response(app)
    return answer.status_int, answer.content_type, answer.body, answer.headers.get("Cache-Control")


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
    told += [request(registry.make_app(), path, method) for path in PATHS for method in ("GET", "POST")]
    pages = registry.part(Pages)
    records = snapshot.views, snapshot.overrides, snapshot.bustings, snapshot.types, snapshot.routes, snapshot.pages
    return told, *records, pages.routes(), pages.views(), snapshot.losses


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


def test_a_cache_buster_that_is_declared_after_a_request_is_taken_off_again_by_the_next(packages):
    registry = AssetRegistry()
    registry.add_static_view("s", "g_shop:a")
    app = registry.make_app()
    assert request(app, "/s/~v/x.css")[0] == 404
    registry.add_cache_buster("g_shop:a", BUSTERS["stripped"])
    assert request(app, "/s/~v/x.css")[0] == 200
    assert request(app, "/s/~other/x.css")[0] == 404
    registry.add_cache_buster("g_shop:", BUSTERS["other"], explicit=True)
    assert [request(app, f"/s/~{word}/x.css")[0] for word in ("v", "other")] == [200, 200]


def test_a_route_that_is_declared_before_another_after_a_request_is_tried_before_it(packages):
    registry = AssetRegistry()
    registry.add_route("all", "/*rest", view=PAGES["first"])
    app = registry.make_app()
    assert request(app, "/x")[2].startswith(b"first")
    registry.add_route("new", "/{x}", view=PAGES["second"], before="all")
    assert request(app, "/x")[2].startswith(b"second")
    assert [route.name for route in registry.part(Pages).routes()] == ["new", "all"]


def looks(work):
    """How many calls of functions, ours and the interpreter's, *work* costs."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def page(request):
    return "page"


DECLARE = {
    "view": lambda registry, n: registry.add_static_view(f"v{n}", f"g_shop:d{n}"),
    "file": lambda registry, n: registry.add_static_file(f"f{n}", f"g_shop:{n}.css"),
    "override": lambda registry, n: registry.override_asset(f"g_shop:{n}.css", f"g_theme:{n}.css"),
    "buster": lambda registry, n: registry.add_cache_buster(f"g_shop:t{n}", BUSTERS["digest"]),
    "stripped": lambda registry, n: registry.add_cache_buster(f"g_shop:s{n}", BUSTERS["stripped"]),
    "type": lambda registry, n: registry.add_media_type(f"x{n}", "text/css"),
    "route": lambda registry, n: registry.add_route(f"r{n}", f"/r{n}/{{id}}", view=page),
    "before": lambda registry, n: registry.add_route(f"n{n}", f"/n{n}", before="first", view=page),
    "after": lambda registry, n: registry.add_route(f"n{n}", f"/n{n}", after="first"),
    "page": lambda registry, n: registry.add_view(page, f"p{n}"),
}


@pytest.mark.filterwarnings("ignore::assetzcml.ConfigurationWarning")  # of sources that do not exist
@pytest.mark.parametrize("kind", DECLARE)
@pytest.mark.parametrize("asked", [False, True])
def test_a_call_costs_the_same_whatever_is_declared_already_also_with_a_request_after_each(kind, asked, packages):
    registry = AssetRegistry()
    registry.add_static_view("s", "g_shop:a")
    registry.add_route("first", "/first")
    app = registry.make_app(page)
    done = itertools.count()

    def once():
        DECLARE[kind](registry, next(done))
        if asked:
            request(app, "/s/x.css")
            registry.static_path("g_shop:a/x.css")

    few = statistics.median([looks(once) for _ in range(40)])
    for _ in range(900):
        DECLARE[kind](registry, next(done))
    many = statistics.median([looks(once) for _ in range(40)])
    assert many <= few * 1.25


def test_a_route_that_stands_next_to_itself_or_goes_round_is_refused_among_many(packages):
    registry = AssetRegistry()
    for number in range(50):
        registry.add_route(f"r{number}", f"/{number}", before=f"r{number - 1}" if number else None)
    for name, other in (("new", "new"), ("r0", "r49"), ("r10", "r12")):
        before = registry.snapshot
        with pytest.raises(ConfigurationError, match="the routes stand in a circle"):
            registry.add_route(name, "/x", before=other)
        assert registry.snapshot is before
    registry.add_route("r49", "/y")
    registry.add_route("r0", "/x", before="r49")
    assert next(route.name for route in registry.part(Pages).routes()) == "r48"
