"""One immutable snapshot for requests: every change makes the next one, all at once, and nobody sees it half done."""

import threading

import pytest
from zope.interface import Interface, implementer
from zope.interface.interface import InterfaceClass

from assetzcml import AssetRegistry
from assetzcml.errors import ConfigurationError, ConfigurationWarning
from assetzcml.interfaces import IOverride, IStaticView
from assetzcml.records.assets import Busting, Override, StaticViewRecord, asset_spec
from assetzcml.records.loads import LoadReport
from assetzcml.records.site import PermissionPolicy
from assetzcml.registry import Loss, Registry, Snapshot, adopt, ledger, next_generation

REPORT = LoadReport(
    spec="site.zcml",
    generation=2,
    arguments=None,
    files=(),
    includes=(),
    left_out=(),
    excluded=(),
    patterns=(),
    warnings=(),
)


def view(name, generation=1, rank=(), **options):
    options.setdefault("root", asset_spec("shop:static"))
    return StaticViewRecord(name=name, generation=generation, rank=rank, **options)


def override(target, source, generation=1, place=()):
    return Override(target=asset_spec(target), source=asset_spec(source), file=True, generation=generation, rank=place)


def test_a_snapshot_never_changes():
    registry = Registry()
    registry.add(view("a"))
    before = registry.snapshot
    registry.add(view("b"))
    assert [v.name for v in before.views] == ["a"]
    assert [v.name for v in registry.snapshot.views] == ["a", "b"]
    assert registry.snapshot is registry.snapshot
    with pytest.raises(AttributeError):
        before.views[0].name = "c"


def test_snapshots_follow_what_components_are_told_directly():
    registry = Registry()
    registry.registerUtility(view("a"), IStaticView, "a")
    assert [v.name for v in registry.snapshot.views] == ["a"]
    registry.unregisterUtility(provided=IStaticView, name="a")
    assert registry.snapshot.views == ()
    before = registry.snapshot
    registry.registerAdapter(str, (Interface,), InterfaceClass("INew"))
    assert registry.snapshot is not before


def test_views_stand_by_load_and_then_by_strength():
    registry = Registry()
    for record in (view("a", 1, (2, 1)), view("b", 2, (5, 1)), view("c", 1, (1, 9)), view("d", 1, (2, 0))):
        registry.add(record)
    assert [v.name for v in registry.snapshot.views] == ["b", "c", "d", "a"]


def test_overrides_stand_by_load_and_then_by_place():
    registry = Registry()
    inside, own, python = ((1, -3, 0), (0, -1, 0)), ((0, -2, 0),), ()
    for source, generation, place in (("t:in", 1, inside), ("t:own", 1, own), ("t:call", 2, python), ("t:old", 0, own)):
        registry.add(override("s:x", source, generation, place))
    assert [str(o.source) for o in registry.snapshot.overrides] == ["t:call", "t:own", "t:in", "t:old"]


@pytest.mark.parametrize(
    "former, later",
    [
        (view("a"), view("a", cache_max_age=5)),
        (view("a"), view("a", file=True)),  # a file may take a view's place
        (Busting(path=asset_spec("s:x"), buster=len), Busting(path=asset_spec("s:x"), buster=max)),
        (PermissionPolicy(policy=1), PermissionPolicy(policy=2)),
    ],
)
def test_a_record_replaces_the_one_with_its_discriminator_which_is_kept_as_a_loss(former, later):
    registry = Registry()
    registry.add(former)
    registry.add(later)
    snapshot = registry.snapshot
    assert [*snapshot.views, *snapshot.bustings] == [later] or snapshot.policy is later
    assert snapshot.losses == (Loss(former, later, "replaced"),)


def test_the_same_thing_said_again_replaces_nothing():
    registry = Registry()
    registry.add(view("a", generation=1))
    registry.add(view("a", generation=2))
    assert registry.snapshot.losses == ()
    assert [v.generation for v in registry.snapshot.views] == [2]


def test_a_buster_said_again_in_the_same_words_replaces_nothing_though_it_is_another_object():
    registry = Registry()
    for generation, (buster, wording) in enumerate(
        [(len, 'token="1"'), (max, 'token="1"'), (min, 'token="2"'), (abs, "")]
    ):
        registry.add(Busting(path=asset_spec("s:x"), buster=buster, wording=wording, generation=generation))
    assert [(loss.loser.buster, loss.winner.buster) for loss in registry.snapshot.losses] == [(max, min), (min, abs)]
    assert [b.buster for b in registry.snapshot.bustings] == [abs]


def test_an_override_said_again_moves_to_the_front_and_is_no_loss():
    registry = Registry()
    for generation, source in enumerate(("t:a", "t:b", "t:a")):
        registry.add(override("s:x", source, generation))
    assert [str(o.source) for o in registry.snapshot.overrides] == ["t:a", "t:b"]
    assert registry.snapshot.losses == ()


def test_an_explicit_buster_stands_beside_the_one_that_is_not():
    registry = Registry()
    path = asset_spec("s:x")
    for record in (
        Busting(path=path, buster=len),
        Busting(path=path, buster=max, explicit=True),
        Busting(path=asset_spec("s:x explicit"), buster=min),
    ):
        registry.add(record)
    assert {b.buster for b in registry.snapshot.bustings} == {len, max, min}


class IThing(Interface):
    pass


@implementer(IThing)
class Thing:
    pass


def test_adopting_takes_over_records_and_other_components_at_once():
    registry, thing = Registry(), Thing()
    registry.add(view("a"))
    before = registry.snapshot
    staged = Registry(bases=(registry,))
    staged.add(view("a", 2, cache_max_age=5))
    staged.add(view("b", 2))
    staged.registerUtility(thing, IThing, "x", "why")
    staged.registerAdapter(list, (IThing,), IStaticView)
    staged.registerSubscriptionAdapter(tuple, (IThing,), IOverride)
    staged.registerHandler(print, (IThing,))
    assert [v.name for v in registry.snapshot.views] == ["a"]
    adopt(registry, staged, REPORT)
    assert registry.snapshot is not before
    assert [(v.name, v.cache_max_age) for v in registry.snapshot.views] == [("a", 5), ("b", 3600)]
    assert registry.getUtility(IThing, "x") is thing
    assert [u.info for u in registry.registeredUtilities() if u.provided is IThing] == ["why"]
    assert registry.adapters.lookup1(IThing, IStaticView) is list
    assert [h.factory for h in registry.registeredHandlers()] == [print]
    assert [s.factory for s in registry.registeredSubscriptionAdapters()] == [tuple]


def test_what_a_load_replaces_is_one_loss_and_what_lost_within_it_another():
    registry = Registry()
    registry.add(view("a"))
    staged = Registry(bases=(registry,))
    staged.add(view("a", 2, cache_max_age=5))
    ledger(staged).losses.append(Loss(view("b"), view("b", cache_max_age=9), "overridden"))
    adopt(registry, staged, REPORT)
    assert [(loss.loser.name, loss.reason) for loss in registry.snapshot.losses] == [
        ("a", "replaced"),
        ("b", "overridden"),
    ]


def test_two_registries_never_see_each_other():
    one, two = Registry(settings={"x": 1}), Registry()
    one.add(view("a"))
    one.settings["prevent_cachebust"] = True
    assert (len(one.snapshot.views), len(two.snapshot.views)) == (1, 0)
    assert two.settings == {"prevent_cachebust": False}


def test_settings_are_read_when_they_matter():
    registry = Registry()
    snapshot = registry.snapshot
    registry.settings["prevent_cachebust"] = True
    assert snapshot.settings["prevent_cachebust"] is True


@pytest.mark.parametrize(
    "value, answer",
    [("1", True), ("Yes", True), (" true ", True), ("no", False), ("", False), (None, False)],
)
def test_the_environment_can_prevent_cache_busting(monkeypatch, value, answer):
    monkeypatch.delenv("ASSETZCML_PREVENT_CACHEBUST", raising=False)
    if value is not None:
        monkeypatch.setenv("ASSETZCML_PREVENT_CACHEBUST", value)
    registry = Registry()
    monkeypatch.setenv("ASSETZCML_PREVENT_CACHEBUST", "yes")  # too late: it counts when the registry is made
    assert registry.settings["prevent_cachebust"] is answer
    assert Registry(settings={"prevent_cachebust": False}).settings["prevent_cachebust"] is False


@pytest.mark.parametrize(
    "value, answer", [(1, True), (0, False), ("ON", True), ("off", False), ([], False), ("t", True)]
)
def test_a_setting_is_read_in_the_words_that_hold_everywhere(value, answer):
    assert Registry(settings={"reload": value}).snapshot.is_on("reload") is answer


def test_a_setting_that_says_neither_is_false_and_warned_of_once_by_name():
    with pytest.warns(
        ConfigurationWarning, match="the setting 'prevent_cachebust' is 'ture', and counts as false: yes, no"
    ):
        registry = Registry(settings={"prevent_cachebust": "ture"})
    for _ in range(3):  # a second warning would be an error
        assert registry.snapshot.is_on("prevent_cachebust") is False
        registry.add(view("a"))
    registry.settings["reload"] = "fasle"
    with pytest.warns(ConfigurationWarning, match="'reload' is 'fasle'"):
        assert registry.snapshot.is_on("reload") is False
    assert registry.snapshot.is_on("reload") is False
    registry.settings["reload"] = "true"
    assert registry.snapshot.is_on("reload") is True


def test_a_misspelt_variable_of_the_environment_is_warned_of_by_name(monkeypatch):
    monkeypatch.setenv("ASSETZCML_PREVENT_CACHEBUST", "yse")
    with pytest.warns(ConfigurationWarning, match="'ASSETZCML_PREVENT_CACHEBUST' is 'yse'"):
        registry = Registry()
    assert registry.settings["prevent_cachebust"] is False


@pytest.mark.parametrize("settings", ["reload", 5, [("reload", True)]])
def test_settings_are_a_mapping(settings):
    with pytest.raises(ConfigurationError, match=r"settings is .*; a mapping was expected"):
        Registry(settings=settings)


def test_what_is_derived_from_a_snapshot_is_made_once():
    snapshot, made = Registry().snapshot, []

    def index(of):
        made.append(of)
        return {}

    assert snapshot.derived(index) is snapshot.derived(index)
    assert made == [snapshot]


def test_readers_see_all_of_a_load_or_nothing():
    registry = Registry()
    pairs = [(view(f"a{n}", n), view(f"b{n}", n)) for n in range(40)]
    torn, finished = [], threading.Event()

    def read():
        while not finished.is_set():
            names = [v.name for v in registry.snapshot.views]
            if sum(name[0] == "a" for name in names) != sum(name[0] == "b" for name in names):
                torn.append(names)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for pair in pairs:
            staged = Registry(bases=(registry,))
            for record in pair:
                staged.add(record)
            adopt(registry, staged, REPORT)
    finally:
        finished.set()
    for thread in threads:
        thread.join()
    assert torn == []
    assert len(registry.snapshot.views) == 80


def test_changes_from_several_threads_are_all_kept():
    registry = Registry()

    def declare(thread):
        for number in range(25):
            registry.add(view(f"{thread}-{number}", next_generation(registry)))
            assert isinstance(registry.snapshot, Snapshot)

    threads = [threading.Thread(target=declare, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({v.name for v in registry.snapshot.views}) == 100
    assert sorted(v.generation for v in registry.snapshot.views) == list(range(1, 101))


def test_readers_do_not_wait_for_a_change_that_takes_its_time():
    registry = Registry()
    registry.add(view("a"))
    names = []
    registry.snapshot  # noqa: B018 (asked for once, as any request has)
    reader = threading.Thread(target=lambda: names.extend(v.name for v in registry.snapshot.views), daemon=True)
    with ledger(registry).lock:
        reader.start()
        reader.join(5)
    assert names == ["a"]


@pytest.mark.parametrize(
    "name",
    ["adopt", "brought", "current", "declared", "displaced", "lock", "losses", "next_generation", "prepare_urls"],
)
def test_what_the_rooms_know_of_a_registry_is_not_among_its_public_names(name):
    assert name not in dir(AssetRegistry())


def test_a_registry_says_what_it_holds_and_what_was_loaded(zcml, tmp_path):
    registry = AssetRegistry("site")
    assert repr(registry) == "<AssetRegistry 'site': 0 static views, 0 overrides; nothing loaded>"
    registry = AssetRegistry()
    files = [
        zcml.write(f'<staticView name="v{number}" path="assetzcml:zcml" />', f"{number}.zcml") for number in range(5)
    ]
    registry.override_asset("assetzcml:py.typed", "assetzcml:meta.zcml")
    for file in files:
        registry.load_zcml(file)
    loaded = ", ".join(map(str, files[-3:]))
    assert repr(registry) == f"<AssetRegistry: 5 static views, 1 override; loaded {loaded} and 2 before>"


def test_a_registry_is_shown_while_another_thread_declares():
    registry = AssetRegistry()
    shown = []
    with ledger(registry).lock:
        thread = threading.Thread(target=lambda: shown.append(repr(registry)), daemon=True)
        thread.start()
        thread.join(10)
    assert shown == ["<AssetRegistry: 0 static views, 0 overrides; nothing loaded>"]
