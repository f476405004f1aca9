"""`registry.reload()`: a new configuration in one step, or the former one."""

import itertools
import threading
import time
import warnings
from pathlib import Path

import pytest
from webob import Request
from zope.interface import Interface

from assetzcml import AssetRegistry, ConfigurationError, StaticApp, load_zcml
from assetzcml.interfaces import IStaticView, IURLGenerator
from assetzcml.records.loads import Framework
from assetzcml.zcml.loader import ZCMLLoader
from documents import document

STATIC = '<staticView name="static" path="{}:static"/>'


def names(registry):
    return [view.name for view in registry.snapshot.views]


def state(registry):
    """All that decides, as text."""
    snapshot = registry.snapshot
    records = (*snapshot.views, *snapshot.overrides, *snapshot.bustings, *snapshot.bundling)
    records += (*snapshot.routes, *snapshot.pages)
    return [
        [f"{record} {record.generation} {record.origin}" for record in records],
        [f"{loss.loser} {loss.winner} {loss.reason}" for loss in snapshot.losses],
        [load.spec for load in registry.loads],
    ]


def hello(request):
    return "hello"


def edit(path, text):
    Path(path).write_text(document(text), encoding="utf-8")


# What a reload does.


def test_a_reload_takes_what_the_files_say_now(zcml):
    path = zcml.write(STATIC.format("shop") + '<cacheBuster path="shop:static" token="v1"/>')
    registry = load_zcml(path)
    assert registry.static_path("shop:static/app.css") == "/static/app.css?x=v1"
    edit(path, '<staticView name="assets" path="shop:static"/><cacheBuster path="shop:static" token="v2"/>')
    registry.reload()
    assert registry.static_path("shop:static/app.css") == "/assets/app.css?x=v2"
    edit(path, "")
    registry.reload()
    assert (names(registry), registry.snapshot.bustings, registry.snapshot.losses) == ([], (), ())


def test_a_reload_of_what_has_not_changed_changes_nothing(zcml):
    registry = AssetRegistry()
    registry.add_static_view("first", "shop:static")
    registry.load_zcml("theme:configure.zcml")
    registry.override_asset("shop:static/logo.png", "theme:images/cup.svg")
    registry.add_static_view("static", "shop:templates")
    registry.add_route("home", "/", view=hello)
    zcml(
        STATIC.format("theme") + '<route name="late" pattern="/late" before="home" view="test_reloading.hello"/>'
        '<bundle name="all" contents="theme:brand/app.css" output="gen/all.css"/>',
        registry=registry,
    )
    registry.add_route("last", "/last", after="home")
    before = state(registry)
    assert [route.name for route in registry.snapshot.routes][-2:] == ["late", "last"]
    # The theme's buster and pages over the shop's, Python's 'static', and the last load's.
    assert [line.rpartition(" ")[2] for line in before[1]] == [
        "overridden",
        "overridden",
        "replaced",
        "replaced",
        "replaced",
    ]
    for _ in range(3):
        registry.reload()
        assert state(registry) == before
        assert Request.blank("/late").get_response(registry.make_app()).text == "hello"


def test_an_edit_that_is_wrong_leaves_everything_as_it_was_and_says_all_that_is_wrong(zcml):
    path = zcml.write(STATIC.format("shop"))
    registry = load_zcml(path)
    before, snapshot = state(registry), registry.snapshot
    for text, number in (
        ('<staticViw name="x" path="shop:static"/><staticView nam="x" path="shop:static" name="y"/>', 2),
        (STATIC.format("shop") * 2, 1),
        (STATIC.format("shop") + '<asset to_override="shop:a/" override_with="shop:a/b/"/>', 1),
        (STATIC.format("nosuch"), 1),
        ("<unclosed>", 1),
    ):
        edit(path, text)
        with pytest.raises(ConfigurationError) as error:
            registry.reload()
        assert len(error.value.problems) == number
        assert registry.snapshot is snapshot
        assert state(registry) == before
    edit(path, STATIC.format("theme"))
    registry.reload()
    assert str(registry.snapshot.views[0].root) == "theme:static"


def test_what_python_declared_keeps_its_place_among_the_loads(zcml):
    path = zcml.write(STATIC.format("theme"))
    registry = AssetRegistry()
    registry.add_static_view("static", "shop:static")  # replaced by the load
    registry.load_zcml(path)
    registry.add_static_file("favicon.ico", "shop:static/favicon.ico")
    edit(path, '<staticFile name="favicon.ico" path="theme:brand/logo.png"/>')
    registry.reload()
    # Nothing replaces the first call any more; what the load says now is older than the second call.
    assert {view.name: str(view.root) for view in registry.snapshot.views} == {
        "static": "shop:static",
        "favicon.ico": "shop:static/favicon.ico",
    }
    assert [(str(loss.loser.root), loss.reason) for loss in registry.snapshot.losses] == [
        ("theme:brand/logo.png", "replaced")
    ]


def test_what_was_taken_out_by_hand_does_not_come_back(zcml):
    registry = AssetRegistry()
    registry.add_static_view("static", "shop:static")
    zcml("", registry=registry)
    registry.unregisterUtility(registry.queryUtility(IStaticView, "static"), IStaticView, "static")
    registry.reload()
    assert names(registry) == []


def test_features_settings_and_limits_are_those_of_the_load_and_the_registrys_own_settings_are_untouched(zcml):
    path = zcml.write("")
    registry = load_zcml(path, features=["devel"], settings={"media": "m"})
    registry.settings["prevent_cachebust"] = True
    registry.settings["media"] = "flipped"
    edit(
        path,
        '<configure xmlns="http://namespaces.assetzcml.org/assets" xmlns:zcml="http://namespaces.zope.org/zcml">'
        '<staticView name="${media}" path="shop:static" zcml:condition="have devel"/></configure>',
    )
    registry.reload()
    assert names(registry) == ["m"]
    assert (registry.settings["prevent_cachebust"], registry.settings["media"]) == (True, "flipped")


def test_a_load_that_was_strict_stays_strict(zcml):
    path = zcml.write(STATIC.format("shop"))
    registry = load_zcml(path, strict=True)
    edit(path, '<include files="*.nix.zcml"/>')
    with pytest.raises(ConfigurationError, match="no file matches"):
        registry.reload()


def test_a_file_that_was_named_relative_to_the_working_directory_is_found_from_another(zcml, tmp_path, monkeypatch):
    path = Path(zcml.write(STATIC.format("shop")))
    monkeypatch.chdir(path.parent)
    registry = load_zcml(path.name)
    monkeypatch.chdir(tmp_path.parent)
    edit(path, STATIC.format("theme"))
    registry.reload()
    assert str(registry.snapshot.views[0].root) == "theme:static"


def test_what_a_framework_had_loaded_only_the_framework_can_load_again(zcml):
    registry = AssetRegistry()
    registry.part(ZCMLLoader).load(zcml.write(STATIC.format("shop")), framework=Framework(hand_over=print))
    with pytest.raises(ConfigurationError, match="loaded by a framework"):
        registry.reload()


# What other packages register.


class IThing(Interface):
    """Something of another package."""


THINGS = """
from zope.interface import Interface
from zope.schema import TextLine
from test_reloading import IThing

class INamed(Interface):
    name = TextLine()
    kind = TextLine(required=False)

def thing(context, name, kind="utility"):
    registry = context.registry
    if kind == "utility":
        registry.registerUtility(name.upper(), IThing, name)
    elif kind == "policy":
        from assetzcml.interfaces import IURLGenerator
        from assetzcml.urls.generator import URLGenerator
        registry.registerUtility(URLGenerator(registry.__bases__[0]), IURLGenerator)
    elif kind == "adapter":
        registry.registerAdapter(len, [None], IThing, name)
    elif kind == "subscriber":
        registry.registerSubscriptionAdapter(len, [None], IThing)
    else:
        registry.registerHandler(print, [None])
"""

META = """<configure xmlns="http://namespaces.zope.org/meta">
  <directive namespace="urn:things" name="thing" schema="{0}.INamed" handler="{0}.thing"/></configure>"""


def test_what_loads_registered_of_others_comes_and_goes_with_the_files_and_what_it_replaced_comes_back(package, zcml):
    things = package({"__init__.py": THINGS})
    (package.directory / things / "meta.zcml").write_text(META.format(things))
    head = f'<configure xmlns="urn:things"><include package="{things}" file="meta.zcml"/>'

    def write(*kinds):
        text = head + "".join(f'<thing name="n{number}" kind="{kind}"/>' for number, kind in enumerate(kinds))
        return zcml.write(f"{text}</configure>")

    def there():
        return (
            sorted(name for name, _ in registry.getUtilitiesFor(IThing)),
            [each.name for each in registry.registeredAdapters()],
            len(list(registry.registeredSubscriptionAdapters())),
            len(list(registry.registeredHandlers())),
            registry.getUtility(IURLGenerator) is original,
        )

    registry = AssetRegistry()
    original = registry.getUtility(IURLGenerator)
    registry.registerUtility("BY HAND", IThing, "hand")
    registry.registerHandler(print, [None])
    registry.load_zcml(write("utility", "utility", "adapter", "subscriber", "handler", "policy"))
    everything = (["hand", "n0", "n1"], ["n2"], 1, 2, False)
    assert there() == everything
    registry.reload()
    assert there() == everything
    write("utility")
    registry.reload()
    assert there() == (["hand", "n0"], [], 0, 1, True)
    write()
    registry.reload()
    assert there() == (["hand"], [], 0, 1, True)
    assert registry.getUtility(IThing, "hand") == "BY HAND"
    write("utility", "utility", "adapter", "subscriber", "handler", "policy")
    registry.reload()
    assert there() == everything


# Under requests.


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_request_fails_while_the_configuration_is_reloaded_and_every_second_edit_is_broken(rounds, zcml):
    """Each good edit moves the static view's root; each answer must be that of one configuration or of the next."""
    head = '<staticView name="static" path="{0}"/><cacheBuster path="{0}" digest="sha256"/>'
    roots = ["shop:static", "theme:brand"]  # both have an app.css and a logo.png
    path = zcml.write(head.format(roots[0]))
    registry = load_zcml(path)
    application = StaticApp(registry)
    bodies = {load_zcml(path).resolve(f"{root}/app.css").read_bytes() for root in roots}
    stop, failures, requests = threading.Event(), [], itertools.count()

    def visit():
        while not stop.is_set():
            response = Request.blank("/static/app.css").get_response(application)
            if response.status_code != 200 or response.body not in bodies:
                failures.append(response.status)
            next(requests)
            time.sleep(0.001)  # a thread that never waits leaves the reloading one a turn every few milliseconds

    visitors = [threading.Thread(target=visit) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    broken = reloaded = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            for number in range(rounds):
                good = head.format(roots[number // 2 % 2])
                edit(path, good if number % 2 == 0 else good.replace("<cacheBuster", "<cacheBustr"))
                try:
                    registry.reload()
                    reloaded += 1
                except ConfigurationError:
                    broken += 1
        finally:
            stop.set()
            for visitor in visitors:
                visitor.join(30)
    assert failures == []
    assert (reloaded, broken) == (rounds - rounds // 2, rounds // 2)
    assert next(requests) > rounds
    assert str(registry.snapshot.views[0].root) == roots[(rounds - 1) // 2 % 2]
