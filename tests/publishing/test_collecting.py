"""Former releases out of a destination: what is kept, what goes, when, and what a fault leaves."""

import json

import pytest
from click.testing import CliRunner
from frozen_site import site
from memory import Killed, Memory, bytes_of, missing

from assetzcml import ConfigurationError
from assetzcml.cli import main
from assetzcml.publishing.collecting import collect_at
from assetzcml.publishing.condemned import LIST, RUNNING
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.publish import Published, publish
from assetzcml.resolving.destinations import Failed, destination_at

DAY = 86_400.0


@pytest.fixture
def made(package, tmp_path):
    """Makes a release whose one asset that changes is of this text: a frozen directory of its own."""
    shop = package({"static/a.css": "?", "static/same.css": "s{}", "static/index.html": "<p>"})

    def make(text):
        (package.directory / shop / "static/a.css").write_text(text)
        (package.directory / shop / "static/index.html").write_text(f"<p>{text}")
        freeze(site(shop), tmp_path / text, codings=[])
        return FrozenTree(tmp_path / text)

    return make


@pytest.fixture
def three(made):
    """A destination with three releases, put a day after one another; the last is served."""
    target = Memory()
    target.trees = [made(text) for text in ("one", "two", "three")]
    for tree in target.trees:
        publish(tree, target)
        target.now += DAY
    target.clock = lambda: target.now
    return target


def collect(target, keep=1, younger=0.0, **options):
    return collect_at(target, keep=keep, younger=younger, **options)


def releases(target):
    return [text for text, tree in zip(("one", "two", "three"), target.trees, strict=True) if has(target, tree)]


def has(target, tree):
    return f"generations/{tree.current}.json" in target.objects


def test_what_goes_is_named_first_and_removed_a_day_later(three):
    everything = set(three.objects)
    first = collect(three)
    assert (first.releases, first.removed, releases(three)) == (1, [], ["one", "two", "three"])
    assert everything < set(three.objects) | {LIST}
    assert collect(three).removed == []  # not yet
    three.now += DAY
    second = collect(three)
    assert second.removed == first.condemned
    assert (releases(three), second.removed_releases, missing(bytes_of(three))) == (["three"], 2, [])
    assert everything - set(three.objects) == set(first.condemned)
    three.now += DAY
    assert collect(three)[2:] == (0, [], 0, [])


@pytest.mark.parametrize(
    "keep, younger, kept",
    [
        (1, 0, ["three"]),
        (2, 0, ["two", "three"]),
        (1, 1.5 * DAY, ["three"]),
        (1, 2.5 * DAY, ["two", "three"]),
        (9, 0, None),
    ],
)
def test_count_or_age_alone_keeps_a_release(three, keep, younger, kept):
    collect(three, keep=keep, younger=younger, grace=0)
    assert releases(three) == (kept or ["one", "two", "three"])
    assert missing(bytes_of(three)) == []


def test_the_release_that_is_served_is_kept_whatever_its_age(three):
    publish(three.trees[0], three)  # the deploy is taken back
    collect(three, grace=0)
    assert releases(three) == ["one", "three"]


def test_what_is_kept_here_is_kept_there(three):
    collect(three, grace=0, here=[three.trees[1]])
    assert releases(three) == ["two", "three"]
    assert missing(bytes_of(three)) == []


def test_what_is_not_ours_stays(three):
    three.objects["robots.txt"] = b"", {}
    three.objects["static/other.css"] = b"", {}
    collect(three, grace=0)
    assert {"robots.txt", "static/other.css", "current", "static/index.html"} <= set(three.objects)


def test_a_dry_run_names_what_would_go_and_changes_nothing(three):
    before = dict(three.objects)
    three.survives = 0
    done = collect(three, grace=0, dry_run=True)
    assert (len([key for key in done.removed if key.endswith(".json")]), three.objects) == (2, before)


def test_what_is_published_again_is_taken_off_the_list(three):
    collect(three)
    publish(three.trees[0], three)
    three.now += DAY
    collect(three)
    assert releases(three) == ["one", "three"]
    assert missing(bytes_of(three)) == []


def test_an_unchanged_tree_costs_one_listing_though_there_is_a_list(three):
    collect(three)
    three.calls.clear()
    publish(three.trees[2], three)
    assert three.calls == [("list", "")]


def test_what_was_removed_is_sent_again_though_a_listing_still_has_it(three):
    collect(three, grace=0)
    old = three.trees[0]
    stale = {f"objects/{digest[:2]}/{digest[2:]}" for digest in old.served().objects()} - set(three.objects)
    listing = three.listing

    def late(below=""):
        found = listing(below)
        size = {f"objects/{each[:2]}/{each[2:]}": old.objects.size(each) for each in old.served().objects()}
        return found | {key: found["current"]._replace(size=size[key]) for key in stale}

    three.listing = late
    publish(old, three)
    assert stale
    assert missing(bytes_of(three)) == []


def test_nobody_publishes_while_it_is_collected(three, made):
    three.objects[RUNNING] = b"x", {}
    waits = []
    with pytest.raises(Failed, match="a collection has begun there and has not ended; `assetzcml gc` ends it"):
        publish(made("four"), three, wait=waits.append)
    assert waits

    def end(seconds):
        three.objects.pop(RUNNING, None)

    assert publish(made("five"), three, wait=end).moved


def test_two_collections_do_not_work_at_once(three):
    three.now = 4e9  # far ahead of ours: a clock that is wrong ends no other's work
    three._set(RUNNING, b"x", {})
    with pytest.raises(Failed, match="another collection is at work"):
        collect(three)


def test_a_publish_between_any_two_requests_of_a_collection_names_nothing_that_goes(three):
    """It waits for the collection, or the collection spares what it needs."""
    collect(three)
    three.now += DAY
    state = dict(three.objects), dict(three.times)
    for at in range(1, 40):
        three.objects, three.times = dict(state[0]), dict(state[1])
        three.calls.clear()
        outcome = []

        def between(verb, key, at=at, outcome=outcome):
            if len(three.calls) == at:
                three.before = lambda verb, key: None
                try:
                    outcome.append(publish(three.trees[0], three, wait=lambda seconds: None))
                except Failed as error:
                    outcome.append(str(error))

        three.before = between
        collect(three)
        if not outcome:
            break
        assert missing(bytes_of(three)) == []
        if isinstance(outcome[0], Published):
            assert three.objects["current"][0].decode().strip() == three.trees[0].current
    assert at > 10


def test_a_collection_that_is_killed_at_any_request_leaves_all_whole_and_the_next_one_ends_it(three):
    collect(three)
    three.now += DAY
    state = dict(three.objects), dict(three.times)
    for survives in range(100):
        three.objects, three.times = dict(state[0]), dict(state[1])
        three.survives = survives
        try:
            collect(three)
            break
        except Killed:
            pass
        three.survives = 10**9
        assert missing(bytes_of(three)) == []
        three.objects.pop(RUNNING, None)  # as twenty minutes do
        collect(three)
        assert (releases(three), missing(bytes_of(three))) == (["three"], [])
    assert survives > 5


@pytest.mark.parametrize("content", [b"{}", b"", b'{"schema":2,"entries":[\n]}\n'])
def test_a_kept_manifest_that_cannot_be_read_ends_it_before_anything_goes(three, content):
    three._set(f"generations/{three.trees[2].current}.json", content, {})
    before = {key for key in three.objects if key != RUNNING}
    with pytest.raises(ConfigurationError, match="nothing was removed"):
        collect(three, grace=0)
    assert {key for key in three.objects if key != RUNNING} == before


def test_a_list_of_a_later_version_ends_it(three):
    three._set(LIST, b'{"schema": 2}', {})
    with pytest.raises(Failed, match="its schema is 2"):
        collect(three, grace=0)


def test_the_command_collects_a_directory(made, tmp_path):
    url = f"file://{tmp_path}/public"
    for text in ("one", "two"):
        publish(made(text), destination_at(url))
    arguments = ["gc", url, "--keep", "1", "--younger", "0", "--grace", "0"]
    run = CliRunner().invoke(main, [*arguments, "--dry-run"])
    assert (run.exit_code, "remove generations/" in run.output) == (0, True), run.output
    run = CliRunner().invoke(main, [*arguments, "--here", str(tmp_path / "one")])
    assert run.output.startswith("0 releases and 0 objects removed"), run.output
    run = CliRunner().invoke(main, [*arguments, "--format", "json"])
    assert json.loads(run.output)["removed_releases"] == 1
    target = destination_at(url)
    assert missing({key: target.read(key) for key in target.listing()}) == []


def test_the_command_takes_options_of_a_destination_for_one_only():
    run = CliRunner().invoke(main, ["gc", "site.zcml", "--keep", "2"])
    assert (run.exit_code, "--keep is for a destination" in run.output) == (2, True), run.output
    run = CliRunner().invoke(main, ["gc", "file:///nowhere", "--younger", "soon"])
    assert (run.exit_code, "'soon' is no span of time" in run.output) == (2, True), run.output
