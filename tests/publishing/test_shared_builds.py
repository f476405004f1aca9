"""Bundles that many hosts build on demand: one builds, the others take what it made, and believe nothing that is not so."""

import asyncio
import hashlib
import json
import os
import threading
import time
from typing import ClassVar

import pytest
from memory import Shared
from other_servers import every_service

from assetzcml import AssetRegistry
from assetzcml.bundles.filters import Filter
from assetzcml.interfaces import IDestinationScheme
from assetzcml.publishing.collecting import collect_at
from assetzcml.resolving import buckets, shared_builds
from assetzcml.resolving.destinations import DirectoryDestination, Failed
from documents import write_tree


class SharedByThreads(Shared):
    """The same, safe between threads, with a clock of its own."""

    def __init__(self):
        super().__init__()
        self.now = time.time()
        self.lock = threading.Lock()

    def create(self, *args):
        with self.lock:
            return super().create(*args)

    def swap(self, *args):
        with self.lock:
            return super().swap(*args)


class Counted(Filter):
    """Writes down each run; what it reads besides is a file of that name beside the sources."""

    name = "counted"
    options: ClassVar = {"runs": "runs", "besides": "besides"}
    during = staticmethod(lambda: None)

    def unique(self):
        return "counted"

    def output(self, _in, out, depends=None, **kw):
        with open(self.runs, "a") as stream:
            stream.write("run\n")
        type(self).during()
        with open(self.besides, "rb") as stream:
            out.write(_in.read() + stream.read())
        depends.append(self.besides)


def edit(path, text):
    """Write a file as of a minute ago: of one that changes just now it is not known what a filter has read."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    then = time.time() - 60
    os.utime(path, (then, then))


@pytest.fixture
def shared():
    return SharedByThreads()


@pytest.fixture
def fleet(tmp_path, shared, monkeypatch):
    """Makes hosts that have the same sources, and outputs of their own: each one's environment."""
    monkeypatch.setattr(Counted, "during", staticmethod(lambda: None))
    monkeypatch.setattr(shared_builds, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(shared_builds, "LONGEST_PAUSE", 0.01)
    for name in ("a.js", "b.js", "besides"):
        edit(tmp_path / "src" / name, f"{name}()\n")
    numbers = iter(range(100))

    def make(target=shared, **options):
        home = tmp_path / f"host{next(numbers)}"
        write_tree(home / "out", {"readme": ""})
        registry = AssetRegistry()
        registry.registerUtility(lambda url, endpoint=None: target, IDestinationScheme, "mem")
        registry.add_content_store(home / "store", url="mem://bucket", **options)
        environment = registry.environment
        environment.directory, environment.url = str(home / "out"), "/out"
        environment.append_path(str(tmp_path / "src"))
        environment.add_filter("counted", Counted)
        environment.config["runs"], environment.config["besides"] = (
            str(tmp_path / "runs"),
            str(tmp_path / "src/besides"),
        )
        environment.register("app", "a.js", "b.js", output="app.%(version)s.js", filters="counted")
        return environment

    make.runs = lambda: (tmp_path / "runs").read_text().count("run") if (tmp_path / "runs").exists() else 0
    make.sources = tmp_path / "src"
    return make


def served(host):
    """The bytes of the one output that a page of this host names."""
    (url,) = host["app"].urls()
    with open(f"{host.directory}/{url.partition('?')[0].removeprefix('/out/')}", "rb") as stream:
        return stream.read()


def keys(target, folder):
    return [key for key in target.objects if key.startswith(f"{folder}/")]


def test_one_host_builds_and_the_others_take_what_it_made(fleet, shared):
    hosts = [fleet() for _ in range(4)]
    first = served(hosts[0])
    assert b"a.js()" in first
    assert [served(host) for host in hosts] == [first] * 4
    assert fleet.runs() == 1
    assert len({host["app"].urls()[0] for host in hosts}) == 1
    (key,) = keys(shared, "builds")
    assert json.loads(shared.objects[key][0])["outputs"][0]["output"] == hashlib.sha256(first).hexdigest()
    again = fleet()
    served(again)
    shared.calls.clear()
    assert served(again) == first
    assert shared.calls == []  # what is here and up to date is not asked for


def test_hosts_that_begin_at_once_wait_for_the_one_that_is_first(fleet, monkeypatch):
    hosts = [fleet() for _ in range(6)]
    barrier = threading.Barrier(6)
    found = []

    def ask(host):
        barrier.wait()
        found.append(served(host))

    threads = [threading.Thread(target=ask, args=[host]) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), fleet.runs()) == (6, 1, 1)


@pytest.mark.parametrize("file", ["a.js", "besides"])
def test_another_source_or_another_file_that_a_filter_read_is_another_build(fleet, file):
    served(fleet())
    old = (fleet.sources / file).read_text()
    edit(fleet.sources / file, "new()\n")
    hosts = [fleet(), fleet()]
    assert all(b"new()" in served(host) for host in hosts)
    assert fleet.runs() == 2
    edit(fleet.sources / file, old)
    assert b"new()" not in served(fleet())  # both are remembered, while two releases run beside each other
    assert fleet.runs() == 2


class Gone(BaseException):
    """The host is killed."""


def killed(fleet, shared, monkeypatch):
    """A claim of a host that is gone."""

    def die():
        raise Gone

    monkeypatch.setattr(Counted, "during", staticmethod(die))
    monkeypatch.setattr(shared_builds.SharedBuilds, "end", lambda *args: None)
    with pytest.raises(Gone):
        served(fleet())
    monkeypatch.undo()
    monkeypatch.setattr(Counted, "during", staticmethod(lambda: None))
    (key,) = keys(shared, "builds")
    assert json.loads(shared.objects[key][0])["claim"]
    return key


def test_a_claim_of_a_host_that_was_killed_is_taken_over(fleet, shared, monkeypatch):
    key = killed(fleet, shared, monkeypatch)
    shared.times[key] -= shared_builds.STALE + 1
    assert b"a.js()" in served(fleet())
    assert b"a.js()" in served(fleet())
    assert fleet.runs() == 2  # one was killed in it
    assert json.loads(shared.objects[key][0])["claim"] is None


def test_a_claim_that_does_not_end_is_taken_over_after_the_stated_time_whatever_the_clocks_say(
    fleet, shared, monkeypatch
):
    key = killed(fleet, shared, monkeypatch)
    shared.times[key] += 10_000
    monkeypatch.setattr(shared_builds, "PATIENCE", 0.0)
    assert b"a.js()" in served(fleet())
    assert b"a.js()" in served(fleet())
    assert fleet.runs() == 2


class Clock:
    """The time of who waits for another host: `wait` lets it pass, and calls *meanwhile* with what it is then."""

    def __init__(self, meanwhile):
        self.now, self.meanwhile = 0.0, meanwhile

    def monotonic(self):
        return self.now

    time = staticmethod(time.time)

    def wait(self, seconds):
        self.now += seconds
        self.meanwhile(self.now)


def claimed(shared):
    """What says that another host builds, and its claim."""
    builds = shared_builds.SharedBuilds(lambda: shared)
    return builds, builds.begin("key", lambda read: True)._token


def test_a_build_that_takes_minutes_is_waited_for_while_its_host_says_that_it_goes_on(shared, monkeypatch):
    def meanwhile(now):
        if now > 200:
            builds.end("key", token, (b"made", ()))
        elif now > (len(said) + 1) * shared_builds.BEAT:
            said.append(builds.say_again("key", token, len(said) + 1))

    (builds, token), said, clock = claimed(shared), [], Clock(meanwhile)
    monkeypatch.setattr(shared_builds, "time", clock)
    waiting = shared_builds.SharedBuilds(lambda: shared, clock.wait)
    assert waiting.begin("key", lambda read: True) == (b"made", ())
    assert (len(said) > 15, clock.now > 200) == (True, True)


def test_a_build_that_never_ends_is_waited_for_so_long_and_then_made_here_too(shared, monkeypatch):
    (builds, token), clock = claimed(shared), Clock(lambda now: builds.say_again("key", token, int(now)))
    monkeypatch.setattr(shared_builds, "time", clock)
    waiting = shared_builds.SharedBuilds(lambda: shared, clock.wait)
    assert waiting.begin("key", lambda read: True) is None
    assert shared_builds.LONGEST <= clock.now < shared_builds.LONGEST + 2 * shared_builds.LONGEST_PAUSE


def test_of_those_who_wait_for_a_host_that_was_killed_one_takes_over_and_the_others_wait_for_that(shared, monkeypatch):
    def meanwhile(now):
        if now > 25 and not later:
            shared.objects.clear()  # what another one does that has waited for longer
            later.append(claimed(shared))
        elif now > 50:
            later[0][0].end("key", later[0][1], (b"made", ()))

    later, clock = [], Clock(meanwhile)
    claimed(shared)
    monkeypatch.setattr(shared_builds, "time", clock)
    waiting = shared_builds.SharedBuilds(lambda: shared, clock.wait)
    assert waiting.begin("key", lambda read: True) == (b"made", ())
    assert clock.now > 50 > shared_builds.PATIENCE


def test_a_host_says_again_that_it_builds(fleet, shared, monkeypatch):
    said = []

    def during():
        while len(set(said)) < 3:
            said.append(json.loads(shared.objects[keys(shared, "builds")[0]][0])["claim"])
            time.sleep(0.001)

    monkeypatch.setattr(shared_builds, "BEAT", 0.001)
    monkeypatch.setattr(Counted, "during", staticmethod(during))
    right = served(fleet())
    assert len({claim.partition(".")[0] for claim in said}) == 1
    assert served(fleet()) == right
    assert fleet.runs() == 1


def test_what_could_not_be_put_keeps_no_other_host_waiting(fleet, shared, monkeypatch):
    def fail(called, key):
        if called == "create" and key.startswith("objects/"):
            raise Failed("mem://: 403")

    monkeypatch.setattr(shared_builds, "FIRST_PAUSE", 1e9)  # who waits, waits for ever
    shared.before = fail
    served(fleet())
    assert json.loads(shared.objects[keys(shared, "builds")[0]][0])["claim"] is None
    served(fleet())
    assert fleet.runs() == 2


def test_a_build_that_fails_gives_its_claim_back(fleet, shared, monkeypatch):
    def fail():
        raise ValueError("no")

    monkeypatch.setattr(Counted, "during", staticmethod(fail))
    with pytest.raises(Exception, match="no"):
        served(fleet())
    monkeypatch.setattr(Counted, "during", staticmethod(lambda: None))
    assert b"a.js()" in served(fleet())
    assert fleet.runs() == 2


@pytest.mark.parametrize("lie", [b"evil()", None])
def test_an_object_that_lies_or_is_gone_is_refused_and_built_here_and_is_right_again(fleet, shared, caplog, lie):
    right = served(fleet())
    (key,) = keys(shared, "objects")
    if lie is None:
        del shared.objects[key]
    else:
        shared.objects[key] = lie, {}
    assert served(fleet()) == right
    assert fleet.runs() == 2
    assert ("has not the digest" in caplog.text) is (lie is not None)
    assert served(fleet()) == right
    assert fleet.runs() == 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"schema": 1, "claim": null, "outputs": [{"output": "../../x", "read": []}]}',
        b'{"schema": 1, "claim": 3, "outputs": []}',
        b'{"schema": 1, "claim": null, "outputs": [{"output": 7, "read": 1}]}',
        b'{"schema": 1, "claim": null, "outputs": [{"output": "%s", "read": [["a\\u0000b", "0"]]}]}' % (b"0" * 64),
        b'{"schema": 99, "claim": null, "outputs": []}',
    ],
)
def test_what_is_nothing_that_we_say_is_not_believed(fleet, shared, said):
    right = served(fleet())
    (key,) = keys(shared, "builds")
    shared.objects[key] = said, {}
    assert served(fleet()) == right
    assert fleet.runs() == 2
    assert (shared.objects[key][0] == said) is (b"99" in said)  # a newer version's stays


def test_with_the_bucket_gone_each_host_builds_for_itself_and_says_so_once(fleet, shared, caplog):
    shared.gone = True
    host = fleet()
    host.register("more", "b.js", output="more.js", filters="counted")
    assert b"a.js()" in served(host)
    assert host["more"].urls()
    assert fleet.runs() == 2
    assert caplog.text.count("each host builds its bundles for itself: mem://: it is gone") == 1


@pytest.mark.parametrize("verb", ["create", "swap", "read", "look"])
def test_a_bucket_that_fails_in_the_midst_takes_no_bundle_away(fleet, shared, verb, monkeypatch):
    monkeypatch.setattr(shared_builds, "PATIENCE", 0.05)  # a claim that could not be given back is waited for
    right = served(fleet())

    def fail(called, key):
        if called == verb:
            raise RuntimeError("a bug of the client")

    edit(fleet.sources / "a.js", "other()\n")
    shared.before = fail
    assert b"other()" in served(fleet())
    assert right != served(fleet())


def test_in_an_event_loop_nobody_is_asked(fleet, shared):
    async def page():
        return served(fleet())

    assert b"a.js()" in asyncio.run(page())
    assert shared.calls == []


def test_what_is_built_by_command_is_built_here(fleet, shared):
    served(fleet())
    shared.calls.clear()
    fleet().build(force=True)
    assert (fleet.runs(), shared.calls) == (2, [])


def test_a_filter_without_a_lasting_name_is_run_on_each_host(fleet, shared):
    for _ in range(2):
        host = fleet()
        host.add_filter("own", lambda: type("Own", (Counted,), {"id": lambda self: None})())
        host.register("own", "a.js", output="own.js", filters="own")
        host["own"].urls()
    assert fleet.runs() == 2
    assert shared.calls == []


def test_a_directory_is_a_destination_too(fleet, tmp_path):
    target = DirectoryDestination(f"file://{tmp_path}/bucket")
    right = served(fleet(target))
    assert served(fleet(target)) == right
    assert fleet.runs() == 1


def test_a_collection_keeps_what_hosts_have_built_lately_and_ends_the_rest(fleet, shared):
    right = served(fleet())
    shared.now += 3600
    for _ in range(2):
        collect_at(shared, keep=1, younger=7200.0, grace=0.0)
    assert served(fleet()) == right
    assert fleet.runs() == 1
    shared.now += 7200
    collect_at(shared, keep=1, younger=7200.0, grace=0.0)
    assert (keys(shared, "builds"), keys(shared, "objects")) == ([], [])
    assert served(fleet()) == right
    assert fleet.runs() == 2


def test_what_is_still_taken_is_kept_longer(fleet, shared):
    served(fleet())
    (key,) = keys(shared, "builds")
    before = shared.objects[key][0]
    shared.times[key] -= shared_builds.RENEWED + 1
    shared.now = time.time()
    served(fleet())
    assert (shared.objects[key][0], shared.times[key]) == (before, shared.now)


def test_a_process_that_was_forked_from_one_that_has_asked_a_bucket_says_so(monkeypatch):
    process = buckets._Process()
    process.ask("s3://bucket")
    process.ask("s3://bucket")
    monkeypatch.setattr(buckets.os, "getpid", lambda: -1)
    with pytest.raises(Failed, match="forked from one that had asked a bucket"):
        process.ask("s3://bucket")


FAULTS = [503, 403, 409, "reset", "lost", "cut", "truncate"]


@every_service
@pytest.mark.parametrize("fault", [None, *(pytest.param(each, marks=pytest.mark.whole) for each in FAULTS)])
def test_whatever_an_object_store_does_to_any_request_each_host_has_the_right_bundle(
    fleet, fault, service, monkeypatch
):
    monkeypatch.setattr(shared_builds, "PATIENCE", 0.05)  # a claim that could not be ended is waited for no longer
    for number in range(1, 2 if fault is None else 7):
        edit(fleet.sources / "a.js", f"a.js{number}()\n")
        service.count = 0
        service.faults = lambda count, method, key, number=number: fault if count == number else None
        hosts = [fleet(buckets.Bucket(service.url, service.endpoint, retries=0, timeout=2.0)) for _ in range(3)]
        for host in hosts:
            assert f"a.js{number}()".encode() in served(host)
    if fault is None:
        assert fleet.runs() == 1
        assert sorted(key.split("/")[2] for key in service.objects) == ["builds", "objects"]
