"""Several processes and threads that build the same outputs: no torn file, no lost entry, one build of each change."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from assetzcml.bundles import Filter
from assetzcml.resolving import files
from assetzcml.resolving.files import FileLock
from bundle_site import Marked
from bundle_worker import source

TESTS = Path(__file__).resolve().parents[1]
PROCESSES = 8
BUNDLES = 6  # and a plain one
SECONDS = float(os.environ.get("ASSETZCML_STRESS_SECONDS", "3"))
CHANGES_A_SECOND = 3


@pytest.mark.whole
def test_eight_processes_that_ask_for_missing_bundles_while_sources_change(tmp_path):
    static = tmp_path / "static"
    static.mkdir()
    (static / "source.js").write_bytes(source("change0"))
    command = [sys.executable, str(TESTS / "bundle_worker.py"), str(tmp_path), str(SECONDS), str(BUNDLES)]
    environ = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    workers = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    change = 0
    while all(worker.poll() is None for worker in workers):
        time.sleep(1 / CHANGES_A_SECOND)
        change += 1
        (tmp_path / "new").write_bytes(source(f"change{change}"))
        os.replace(tmp_path / "new", static / "source.js")
    results = [worker.communicate() for worker in workers]
    assert [stderr for _, stderr in results] == [""] * PROCESSES
    assert sum(int(stdout) for stdout, _ in results) > 100
    builds = Counter((tmp_path / "builds.log").read_text().splitlines())
    assert set(builds.values()) == {1}
    outputs = {f"gen/b{number}.%(version)s.js" for number in range(BUNDLES)} | {"gen/plain.js"}
    assert {line.split()[0] for line in builds} == outputs
    manifest = json.loads((static / "m.json").read_text())
    assert set(manifest) == outputs
    for output, version in manifest.items():
        assert (static / output.replace("%(version)s", version)).exists()
    assert not list(static.rglob("*.tmp"))


def test_threads_that_ask_for_a_missing_bundle_wait_for_one_build(site):
    runs = []

    class Slow(Filter):
        name = "slow"

        def output(self, _in, out, **kw):
            runs.append(1)
            time.sleep(0.2)
            out.write(_in.read())

    bundle = site.bundle("a.js", filters=Slow(), output="gen/out.js")
    results = []
    threads = [threading.Thread(target=lambda: results.append(bundle.urls())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 1
    assert results == [results[0]] * 8


def test_while_another_one_builds_the_last_good_output_is_served_and_build_waits(site, clock):
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Filter):
        name = "slow"

        def output(self, _in, out, **kw):
            begun.set()
            assert go_on.wait(10)
            out.write(_in.read())

    go_on.set()
    options = {"filters": Slow(), "output": "gen/out.%(version)s.js"}
    former = site.bundle("a.js", **options).urls()
    begun.clear()
    go_on.clear()
    site.replace("a.js", "new")
    builder = threading.Thread(target=site.bundle("a.js", **options).build)
    builder.start()
    assert begun.wait(10)
    bundle = site.bundle("a.js", **options)
    assert bundle.urls() == former
    assert site.file_at(former[0]) == b"var a;\n"
    waiting = []
    waiter = threading.Thread(target=lambda: waiting.extend(site.bundle("a.js", **options).build()))
    waiter.start()
    go_on.set()
    builder.join()
    waiter.join()
    assert [built.changed for built in waiting] == [False]
    assert site.file_at(bundle.urls()[0]) == b"new"  # at once: what was served was not the current one


def test_independent_bundles_build_in_parallel(site):
    together = threading.Barrier(2, timeout=10)

    class Meeting(Filter):
        name = "meeting"

        def output(self, _in, out, **kw):
            together.wait()
            out.write(_in.read())

    environment = site.environment()
    for name in "ab":
        environment.register(name, f"{name}.js", filters=Meeting(), output=f"gen/{name}.js")
    assert [built.changed for built in environment.build(jobs=2)] == [True, True]


def test_a_lock_is_given_back_when_its_holder_dies(tmp_path):
    path = tmp_path / "locks" / "x"
    code = (
        "import os, sys; from assetzcml.resolving.files import FileLock\n"
        "with FileLock(sys.argv[1]).held(0) as held:\n print(held, flush=True); os._exit(1)"
    )
    environ = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    done = subprocess.run([sys.executable, "-c", code, str(path)], env=environ, capture_output=True, text=True)
    assert done.stdout == "True\n"
    with FileLock(str(path)).held(0) as held:
        assert held


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_that_is_forked_while_a_lock_is_held_does_not_keep_it(tmp_path):
    lock = FileLock(str(tmp_path / "x"))
    with lock.held(0) as held:
        assert held
        child = os.fork()
        if not child:
            time.sleep(10)
            os._exit(0)
    try:
        with FileLock(str(tmp_path / "x")).held(0) as held:
            assert held
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_a_lock_keeps_threads_apart(tmp_path):
    with FileLock(str(tmp_path / "x")).held(0) as first, FileLock(str(tmp_path / "x")).held(0.05) as second:
        assert (first, second) == (True, False)


def test_a_build_in_a_filter_of_another_bundle_is_possible(site):
    environment = site.environment()
    inner = environment.register("inner", "b.js", filters=Marked(), output="gen/inner.js")

    class Asking(Filter):
        name = "asking"

        def output(self, _in, out, **kw):
            out.write(inner.urls()[0].encode())

    environment.register("outer", "a.js", filters=Asking(), output="gen/outer.js").build()
    assert site.read("gen/outer.js").startswith(b"/s/gen/inner.js?")


def test_where_the_system_has_no_locks_threads_are_kept_apart_and_nothing_is_left_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "fcntl", None)
    path = str(tmp_path / "lock")
    with files.FileLock(path).held(0) as mine, files.FileLock(path).held(0) as theirs:
        assert (mine, theirs) == (True, False)
        assert files._threads == {path}
    assert files._threads == set()
    with files.FileLock(path).held(0) as again:
        assert again
