"""Destinations that refuse, break off, lie, are late or full: a published manifest names nothing that is missing; all heals."""

import random
import threading

import pytest
from frozen_site import FILES, site
from memory import missing
from other_servers import every_service
from s3_server import Object

from assetzcml import ConfigurationError
from assetzcml.publishing import publish as publishing
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.plans import planned
from assetzcml.publishing.publish import Overtaken, publish

pytest.importorskip("obstore")

from assetzcml.resolving.buckets import Bucket
from assetzcml.resolving.destinations import Failed, destination_at

pytestmark = pytest.mark.whole  # each asks a service of its own by HTTP, again and again

PREFIX = "pre/fix/"


@pytest.fixture
def tree(tree):
    """The same; *again* says what stands in two of its files."""
    freeze_again = tree.again

    def again(text):
        (tree.package / "static/a.css").write_text(text)
        (tree.package / "static/index.html").write_text(f"<p>{text}")
        freeze_again()

    tree.again = again
    return tree


def bucket(service, **options):
    return Bucket(service.url, service.endpoint, **options)


def there(service):
    return service.bytes_below(PREFIX)


def served(service):
    return there(service).get("current", b"").decode().strip()


@every_service
def test_all_is_there_and_the_second_run_is_one_listing_without_a_byte_of_content(tree, service):
    publish(tree, bucket(service))
    assert (missing(there(service)), served(service)) == ([], tree.current)
    headers = {key: each.headers for key, each in service.objects.items()}
    [sheet] = [key for key in headers if key.startswith("pre/fix/static/app-") and key.endswith(".css")]
    assert headers[sheet] == {
        "Content-Type": "text/css; charset=utf-8",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    assert headers[f"{sheet}.gz"] == {**headers[sheet], "Content-Encoding": "gzip"}
    service.again()
    assert publish(tree, bucket(service)).sent == 0
    # A tag that is none of the bytes tells nothing of the pointer, which is read then.
    pointer = [("GET", "pre/fix/current")] if service.url.startswith("az:") else []
    assert [(method, key.partition("?")[0]) for method, key in service.seen] == [("GET", ""), *pointer]
    assert planned(tree, bucket(service)).empty


@every_service
def test_what_is_gone_already_keeps_nothing_else_from_being_removed(service):
    target = bucket(service)
    keys = [f"static/~{number}/a b+c%41\u00e9.css" for number in range(30)]
    for key in keys:
        assert target.create(key, b"x", {})
    assert set(target.listing("static")) == set(keys)
    target.remove(["gone", *keys, "gone too"])
    assert target.listing() == {}


@every_service
def test_what_changed_since_it_was_listed_is_not_moved(service):
    target = bucket(service)
    assert target.swap("current", b"1", {}, None)
    assert not target.swap("current", b"2", {}, None)
    listed = target.listing()["current"]
    assert target.swap("current", b"2", {}, listed)
    assert not target.swap("current", b"3", {}, listed)
    assert target.read("current") == b"2"
    target.remove(["current"])
    assert not target.swap("current", b"3", {}, listed)


@every_service
def test_a_listing_is_one_request_a_thousand_objects(service):
    for number in range(2500):
        service.objects[f"pre/fix/objects/{number:06}"] = Object(b"", {}, 0)
    assert len(bucket(service).listing()) == 2500
    assert [method for method, _ in service.seen] == ["GET"] * 3


@every_service
@pytest.mark.parametrize("fault", [500, 503, 409, "reset", "lost"])
def test_what_passes_is_tried_again(tree, service, fault):
    service.faults = lambda number, method, key: fault if number in (2, 7, 8, 15) and method == "PUT" else None
    done = publish(tree, bucket(service), jobs=2, wait=lambda seconds: None)
    assert (missing(there(service)), done.moved, served(service)) == ([], True, tree.current)


FAULTS = [400, 403, 507, 500, 503, "reset", "truncate", "lost"]


@every_service
@pytest.mark.parametrize("fault", ["each", *(pytest.param(each, marks=pytest.mark.slow) for each in FAULTS)])
def test_what_does_not_pass_ends_the_run_and_the_next_one_makes_it_good(tree, service, fault):
    """At each request of a run, from it on: the bucket is full, or gone. Looked at after each change that it makes."""
    publish(tree, bucket(service))
    former, state, told, moments = tree.current, dict(service.objects), [], []
    tree.again("c{}")
    service.again()
    publish(tree, bucket(service), jobs=1)
    service.changed = lambda: moments.append(missing(there(service), in_between=True))
    for at in range(1, service.count + 1):
        now = FAULTS[at % len(FAULTS)] if fault == "each" else fault

        def faults(number, method, key, at=at, now=now):
            # Nobody tells of a pointer that was cut in a service that compares nothing.
            compared = service.compares or not (now == "truncate" and key.endswith("current"))
            return now if number >= at and compared else None

        service.again(objects=dict(state), faults=faults)
        try:
            publish(tree, bucket(service, retries=0), jobs=1, wait=lambda seconds: None)
        except (Failed, Overtaken) as error:
            told.append(str(error))
        assert missing(there(service)) == []
        assert served(service) in (former, tree.current)
        service.again(faults=lambda number, method, key: None)
        publish(tree, bucket(service), wait=lambda seconds: None)
        assert (missing(there(service)), served(service)) == ([], tree.current)
    assert moments
    assert not any(moments)
    assert all(text.startswith((f"{service.url}: ", f"<Bucket {service.url}>: ", "another release")) for text in told)


@every_service
def test_a_conflict_that_left_nothing_is_not_taken_for_what_somebody_else_has_put(tree, service):
    """S3 says 409 while another request for the same key is under way, whatever becomes of that."""
    told = []

    def faults(number, method, key):
        if method == "PUT" and "objects/" in key and key not in told:
            told.append(key)
            return 409
        return None

    service.faults = faults
    publish(tree, bucket(service, retries=0), wait=lambda seconds: None)
    assert told
    assert missing(there(service)) == []


@every_service
def test_a_tag_that_is_not_the_digest_of_what_was_sent_is_looked_into(tree, service):
    service.faults = lambda number, method, key: "tag" if method == "PUT" else None
    publish(tree, bucket(service), jobs=1)
    assert [key for method, key in service.seen if method == "GET" and "objects/" in key][1:] == []
    assert missing(there(service)) == []


@every_service
def test_what_was_cut_on_its_way_is_found_where_nobody_compares_a_check_sum(tree, service):
    service.compares = False
    service.faults = lambda number, method, key: "truncate" if "objects/" in key else None
    with pytest.raises(Failed, match=r"what is there now is not what was sent|is there, and has not got it"):
        publish(tree, bucket(service), jobs=1, wait=lambda seconds: None)
    assert not any("generations" in key for key in service.objects)
    service.faults = lambda number, method, key: None
    publish(tree, bucket(service))
    assert missing(there(service)) == []


@every_service
def test_an_encrypted_bucket_has_tags_of_the_same_form_and_an_unchanged_tree_is_not_sent(tree, service):
    service.encrypts = True
    publish(tree, bucket(service))
    service.again()
    assert publish(tree, bucket(service)).sent == 0
    assert {method for method, _ in service.seen} == {"GET"}
    assert all("objects/" not in key and "static/" not in key for _, key in service.seen if not key.startswith("?"))
    tree.again("c{}")
    done = publish(tree, bucket(service))
    assert (done.plain, done.moved, missing(there(service))) == (1, True, [])


@every_service
def test_a_listing_that_is_late_costs_requests_and_nothing_else(tree, service):
    """Nothing of the former release is listed, as on a service that is consistent only after a while."""
    publish(tree, bucket(service))
    tree.again("c{}")
    service.again(faults=lambda number, method, key: "late" if number == 1 else None)
    with pytest.raises(Overtaken):  # it has not seen the pointer
        publish(tree, bucket(service))
    assert missing(there(service)) == []
    service.again(faults=lambda number, method, key: None)
    assert publish(tree, bucket(service)).moved
    assert missing(there(service)) == []


@every_service
def test_a_manifest_that_was_cut_on_its_way_back_is_not_believed(tree, service):
    publish(tree, bucket(service))
    service.faults = lambda number, method, key: "cut" if method == "GET" and key else None
    with pytest.raises(Failed):
        bucket(service, retries=0).read("generations/" + tree.current + ".json")


def test_what_is_slow_is_waited_for_up_to_a_limit(tree, service):
    service.faults = lambda number, method, key: "hold"
    with pytest.raises(Failed):
        bucket(service, retries=0, timeout=0.05).look("current")
    service.go_on.set()
    assert publish(tree, bucket(service)).moved


def test_a_run_of_half_a_day_names_nothing_that_a_collection_may_have_taken_since(tree, service, monkeypatch):
    monkeypatch.setattr(publishing, "LIMIT", -1.0)
    with pytest.raises(Failed, match="publish again: what was sent is there"):
        publish(tree, bucket(service))
    assert not any("generations" in key for key in service.objects)


@every_service
@pytest.mark.parametrize("skew", [-1e6, 1e6])
def test_a_clock_that_is_wrong_changes_nothing(tree, service, skew):
    import time

    service.clock = lambda: time.time() + skew
    publish(tree, bucket(service))
    assert publish(tree, bucket(service)).sent == 0
    tree.again("c{}")
    service.encrypts = True
    assert publish(tree, bucket(service)).moved
    assert publish(tree, bucket(service)).sent == 0


@every_service
def test_two_that_publish_two_releases_at_once_leave_both_whole_and_one_served(package, tree, tmp_path, service):
    other = package({**FILES, "static/a.css": "other{}"})
    freeze(site(other), tmp_path / "other", codings=["gzip"])
    trees = [tree, FrozenTree(tmp_path / "other")]
    chance, outcomes = random.Random(1), []
    service.faults = lambda number, method, key: chance.choice([*[None] * 14, 503, "lost"])

    def one(each):
        try:
            outcomes.append(publish(each, bucket(service), jobs=2, wait=lambda seconds: None).moved)
        except Overtaken:
            outcomes.append(False)

    threads = [threading.Thread(target=one, args=(each,)) for each in trees]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(outcomes), missing(there(service)), any(outcomes)) == (2, [], True)
    assert served(service) in {each.current for each in trees}


@pytest.mark.parametrize(
    "url, told",
    [
        ("s3://user:s3cr3t@bucket/x", "credentials are those of the environment"),
        ("s3://bucket/x?key=s3cr3t", "credentials are those of the environment"),
        ("s3:///x", "names no bucket"),
        ("s4://bucket", "was expected"),
        ("file://srv/assets", "with three slashes"),
    ],
)
def test_what_is_no_destination_is_refused_without_what_is_secret_in_it(url, told):
    with pytest.raises(ConfigurationError) as error:
        destination_at(url)
    assert told in str(error.value)
    assert "s3cr3t" not in str(error.value)
    assert "credentials" not in told or "'s3://bucket/x'" in str(error.value)


@pytest.mark.parametrize(
    "url, environment",
    [
        ("gs://bucket/pre", {}),
        ("az://container/pre", {"AZURE_STORAGE_ACCOUNT_NAME": "x", "AZURE_STORAGE_ACCOUNT_KEY": "a2V5"}),
    ],
)
def test_other_makers_are_taken_with_their_endpoint(url, environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert repr(destination_at(url, "http://127.0.0.1:1")) == f"<Bucket {url}>"
