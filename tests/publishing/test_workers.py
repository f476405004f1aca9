"""Work that copies of the process share: the same answers in the same order, and what goes wrong in a copy is told here."""

import os
import signal
import subprocess
import sys

import pytest
from frozen_site import site, tree_digest

from assetzcml.publishing import workers
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.verification import verified
from assetzcml.publishing.workers import spread


@pytest.fixture
def shared(monkeypatch):
    monkeypatch.setattr(workers, "WORTH", 1)
    monkeypatch.setattr(workers, "AT_ONCE", 2)
    if not workers._may_copy():
        pytest.skip("no copy is made beside another thread, or elsewhere than on Linux")


def where(task):
    return task, os.getpid()


@pytest.mark.parametrize("jobs", [2, 3, 20])
def test_answers_come_in_order_from_several_processes(jobs, shared):
    answers = list(spread(where, range(21), jobs))
    assert [task for task, _ in answers] == list(range(21))
    processes = {process for _, process in answers}
    assert len(processes) == min(jobs, 11)
    assert os.getpid() not in processes


@pytest.mark.parametrize(("count", "jobs"), [(3, 8), (600, 1)])
def test_little_work_or_one_job_is_done_here(count, jobs):
    assert {process for _, process in spread(where, range(count), jobs)} == {os.getpid()}


def test_where_a_thread_runs_no_copy_is_made(shared, monkeypatch):
    monkeypatch.setattr(workers, "_may_copy", lambda: False)
    assert {process for _, process in spread(where, range(21), 2)} == {os.getpid()}


def test_what_is_raised_in_a_copy_is_raised_here(shared):
    def full(task):
        if task == 7:
            raise OSError(28, "No space left on device", "objects")
        return task

    seen = []
    with pytest.raises(OSError, match="No space left on device: 'objects'"):
        seen.extend(spread(full, range(21), 2))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # no copy is left


def test_a_copy_that_is_killed_is_an_error_and_none_is_left(shared):
    def fatal(task):
        if task == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    with pytest.raises(ChildProcessError, match="has been ended"):
        list(spread(fatal, range(21), 2))
    with pytest.raises(ChildProcessError, match="No child processes"):
        os.waitpid(-1, os.WNOHANG)


def test_who_asks_for_no_more_answers_leaves_no_process(shared):
    answers = spread(where, range(10_000), 2)
    next(answers)
    answers.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_release_is_the_same_however_many_read_it(package, tmp_path, shared):
    shop = package(
        {f"static/i{number}.png": "same" if number % 3 else str(number) for number in range(20)}
        | {f"static/c{number}.css": f"a{{background:url(i{number}.png)}}" for number in range(20)}
        | {"static/index.html": "<img src=i1.png>", "static/m.js": "import './n.js'", "static/n.js": "export default 1"}
    )
    for jobs in (1, 2, 3):
        frozen = freeze(site(shop), tmp_path / str(jobs), jobs=jobs, plain=True, codings=["gzip"])
        assert list(verified(tmp_path / str(jobs))) == []
        assert os.listdir(tmp_path / str(jobs) / "tmp") == []
        assert frozen.made == len([*(tmp_path / str(jobs) / "objects").rglob("*/*")])
    assert len({tree_digest(tmp_path / str(jobs)) for jobs in (1, 2, 3)}) == 1


def test_a_disk_that_is_full_while_copies_read_leaves_nothing_behind(package, tmp_path, shared, monkeypatch):
    shop = package({f"static/i{number}.png": str(number) for number in range(20)})
    freeze(site(shop), tmp_path / "o")
    before = tree_digest(tmp_path / "o")
    (package.directory / shop / "static/i19.png").write_text("new")

    def full(path, data):
        with open(path, "wb") as stream:
            stream.write(data[:1])
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr("assetzcml.resolving.batches._write", full)
    with pytest.raises(OSError, match="No space left"):
        freeze(site(shop), tmp_path / "o")
    assert os.listdir(tmp_path / "o/tmp") == []
    assert tree_digest(tmp_path / "o") == before


KILLED = """
import os, signal, sys
sys.path[:] = PATHS
from frozen_site import site
from assetzcml.publishing import workers
from assetzcml.publishing.freeze import freeze
workers.WORTH, workers.AT_ONCE = 1, 2

def answers(stream, former=workers._answers, seen=[]):
    seen.append(stream)
    if len(seen) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return former(stream)

workers._answers = answers
freeze(site(SHOP), OUT, jobs=2)
"""


@pytest.mark.whole
def test_who_is_killed_while_copies_read_holds_up_nobody_and_the_next_run_heals(package, tmp_path):
    shop = package({f"static/i{number}.png": str(number) for number in range(300)})
    freeze(site(shop), tmp_path / "whole")
    program = (
        KILLED.replace("PATHS", repr(sys.path)).replace("SHOP", repr(shop)).replace("OUT", repr(str(tmp_path / "o")))
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=tmp_path).returncode == -signal.SIGKILL
    )
    assert not (tmp_path / "o/current").is_symlink()
    freeze(site(shop), tmp_path / "o")  # waits for the copies, which have the lock too until they end
    assert tree_digest(tmp_path / "o") == tree_digest(tmp_path / "whole")
    assert os.listdir(tmp_path / "o/tmp") == []
