"""What was worked out for one environment stays until something of that environment changes."""

import threading

import pytest

from assetzcml import AssetRegistry, load_zcml
from assetzcml.bundles import Bundle, Environment, Filter
from assetzcml.bundles.filters import UnknownFilter, get_filter
from assetzcml.bundles.option_values import Revision

ZCML = """
<configure xmlns="http://namespaces.assetzcml.org/assets">
  <staticView name="static" path="static"/>
  <environment directory="static"/>
  <bundle name="a" contents="a.js" output="gen/a.js"/>
</configure>
"""


@pytest.fixture
def counted(monkeypatch):
    """How often the URLs of bundles are worked out, by the name of the bundle."""
    from assetzcml.bundles import environment

    counts, real = [], environment.urls_of_bundle

    def working_out(bundle, *arguments):
        counts.append(bundle.name)
        return real(bundle, *arguments)

    monkeypatch.setattr(environment, "urls_of_bundle", working_out)
    return counts


@pytest.fixture
def still(monkeypatch):
    """A clock that stands, so that nothing is worked out anew because a second has passed."""
    from assetzcml.bundles import bundle, declared, urls

    for module in (bundle, declared, urls):
        monkeypatch.setattr(module, "monotonic", lambda: 1000.0)


CHANGES = {
    "an option": lambda other: other.config.update(mine=1),
    "a bundle": lambda other: other.register("more", "a.js", output="gen/more.js"),
    "a build": lambda other: other.build(force=True),
    "a filter": lambda other: other.add_filter("mine", Filter),
    "a path": lambda other: other.append_path(other.directory),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_in_one_registry_leaves_what_another_worked_out(package, counted, still, change):
    name = package({"configure.zcml": ZCML, "static/a.js": "var a;\n"})
    one, other = (load_zcml(f"{name}:configure.zcml").environment for _ in range(2))
    one["a"].urls()  # builds
    one["a"].urls()
    counted.clear()
    for _ in range(5):
        one["a"].urls()
        change(other) if "more" not in other else None
    assert counted == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_in_the_registry_itself_is_heeded_at_the_next_call(package, counted, still, change):
    name = package({"configure.zcml": ZCML, "static/a.js": "var a;\n"})
    environment = load_zcml(f"{name}:configure.zcml").environment
    environment["a"].urls()  # builds
    environment["a"].urls()
    counted.clear()
    change(environment)
    environment["a"].urls()
    assert counted == ["a"]
    environment["a"].urls()  # it may have been built
    counted.clear()
    environment["a"].urls()
    assert counted == []


def test_a_bundle_inside_two_environments_is_worked_out_anew_in_both(tmp_path, counted, still):
    (tmp_path / "a.js").write_text("var a;\n")
    (tmp_path / "b.js").write_text("var b;\n")
    inner = Bundle("a.js", output="in.js")
    outers = [
        Environment(str(tmp_path), "/s", debug=True, cache=False).register(name, inner, "b.js", output=f"{name}.js")
        for name in ("one", "two")
    ]
    assert [outer.urls() for outer in outers] == [["/s/a.js", "/s/b.js"]] * 2
    inner.contents = ("b.js",)
    assert [outer.urls() for outer in outers] == [["/s/b.js", "/s/b.js"]] * 2
    counted.clear()
    assert [outer.urls() for outer in outers] == [["/s/b.js", "/s/b.js"]] * 2
    assert counted == []


def test_of_three_threads_that_raise_a_revision_none_brings_an_older_number_back():
    revision = Revision()
    done = threading.Event()

    def raising():
        for _ in range(2000):
            revision.raise_()

    threads = [threading.Thread(target=raising) for _ in range(3)]
    seen = [revision.number]

    def watching():
        while not done.is_set():
            if revision.number != seen[-1]:
                seen.append(revision.number)

    watcher = threading.Thread(target=watching)
    watcher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    seen.append(revision.number)
    runs = [number for number, before in zip(seen[1:], seen, strict=False) if number != before]
    assert len(runs) == len(set(runs)) > 0


def test_no_two_environments_are_ever_at_one_number():
    assert len({Environment().revision.number for _ in range(100)}) == 100


@pytest.mark.parametrize("make", [Environment, lambda: AssetRegistry().environment])
def test_filters_cannot_be_assigned_and_the_message_names_what_adds_one(make):
    environment = make()
    with pytest.raises(AttributeError, match="add_filter"):
        environment.filters = {"mine": Filter}
    environment.add_filter("mine", Filter)
    assert dict(environment.filters) == {"mine": Filter}


def test_what_an_option_was_made_into_is_kept_for_the_value_in_force_alone(site):
    class Versions:
        def determine_version(self, bundle, ctx, hunk=None):
            return "1"

    environment = site.environment()
    made = []

    class Made(Versions):
        def __init__(self):
            made.append(self)

    for _ in range(1000):
        environment.versions = Versions()
        assert environment.versions is environment.config["versions"]
    environment.versions = Made
    assert environment.versions is environment.versions is made[0]
    assert [len(of_option) for of_option in environment._owner._made.values()] == [1]


def test_a_filter_of_one_registry_is_unknown_to_another_and_to_the_process(tmp_path):
    one, other = AssetRegistry().environment, AssetRegistry().environment
    one.add_filter("mine", Filter)
    one.register("a", "a.js", filters="mine", output="a.js")
    with pytest.raises(UnknownFilter, match="no filter has the name 'mine'"):
        other.register("a", "a.js", filters="mine", output="a.js")
    with pytest.raises(UnknownFilter):
        get_filter("mine")


def test_a_registration_that_fails_leaves_nothing_behind_and_the_others_there(site):
    environment = site.environment()
    environment.register("a", "a.js", output="a.out.js")
    with pytest.raises(Exception, match=r"a\.out\.js"):
        environment.register({"b": Bundle("b.js", output="b.out.js"), "c": Bundle("a.js", output="a.out.js")})
    assert environment.names() == ["a"]
    assert set(environment.outputs) == {"a.out.js"}
