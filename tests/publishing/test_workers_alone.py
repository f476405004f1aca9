"""The tests of `workers` in a process that has no other thread: where tests run side by side, copies are never made."""

import subprocess
import sys

import pytest


@pytest.mark.whole
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no copy is made elsewhere than on Linux")
def test_copies_of_a_process_without_other_threads_do_what_their_tests_say(checkout):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/publishing/test_workers.py"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout.splitlines()[-1]
