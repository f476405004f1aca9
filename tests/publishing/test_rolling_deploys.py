"""Two and three releases behind a balancer that sends each request anywhere, with a cache in front."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("release_worker.py")
FILES = 20


class Worker:
    """A process of one release. It is killed and started again between requests, so that no memory of its own can help."""

    def __init__(self, root, place, former):
        self.command = [sys.executable, str(WORKER), str(root), str(place), former]
        self.process = None
        self.begin()

    def begin(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = json.loads(self.process.stdout.readline()).split("/")[2]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def ask(self, paths):
        self.process.stdin.write(json.dumps(paths) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def rolled(tmp_path, former, releases, requests):
    """How many of *requests* failed, how many were wrong, and how many nobody may store."""
    chance = random.Random(releases)
    roots, place = [], tmp_path / "store"
    for number in range(releases):
        root = tmp_path / f"release{number}"
        root.mkdir()
        for name in range(FILES):  # half of the files change from one release to the next
            (root / f"{name}.css").write_text(f"{name} of {number if name % 2 else 0}")
            os.utime(root / f"{name}.css", (1_700_000_000, 1_700_000_000))
        roots.append(root)
    workers = [Worker(root, place, former) for root in roots]
    versions = [worker.version for worker in workers]
    assert len(set(versions)) == releases
    cache, failed, wrong, unstored, asked = {}, 0, 0, 0, 0
    try:
        while asked < requests:
            worker = chance.choice(workers)
            wanted = [(chance.randrange(releases), chance.randrange(FILES)) for _ in range(200)]
            asked += len(wanted)
            paths = {f"/static/{versions[release]}/{name}.css": (release, name) for release, name in wanted}
            fresh = [path for path in paths if path not in cache]
            for path, answer in zip(fresh, worker.ask(fresh), strict=True):
                status, control, body = answer
                release, name = paths[path]
                failed += status != 200
                right = body == f"{name} of {release if name % 2 else 0}"
                forever = "immutable" in (control or "")
                wrong += forever and not right
                wrong += former == "stored" and not right
                unstored += control == "no-store"
                if forever and chance.random() < 0.5:  # the cache in front has not room for everything
                    cache[path] = body
            if chance.random() < 0.05:
                worker.kill()
                worker.begin()
            if chance.random() < 0.2:
                cache.clear()
    finally:
        for worker in workers:
            worker.kill()
    return failed, wrong, unstored


@pytest.mark.whole
@pytest.mark.parametrize("former", ["stored", "current"])
def test_no_asset_request_fails_in_a_deploy_and_none_is_wrong(tmp_path, former):
    failed, wrong, unstored = rolled(tmp_path, former, releases=2, requests=4_000)
    assert (failed, wrong) == (0, 0)
    assert (unstored == 0) == (former == "stored")


@pytest.mark.slow
@pytest.mark.parametrize("releases", [2, 3])
@pytest.mark.parametrize("former", ["stored", "current"])
def test_of_a_hundred_thousand_asset_requests_none_fails_and_none_is_wrong(tmp_path, former, releases):
    failed, wrong, unstored = rolled(tmp_path, former, releases, requests=100_000)
    assert (failed, wrong) == (0, 0)
    assert (unstored == 0) == (former == "stored")
