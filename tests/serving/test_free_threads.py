"""Threads that ask while what is served is loaded anew, under a Python without its lock, where one is installed."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

STORY = Path(__file__).with_name("free_threads.py")
NAMES = ("python3.13t", "python3.14t", "python3.15t")


def interpreter():
    """A free-threaded Python that can import what is tested; skips with the reason where there is none."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return sys.executable
    found = [path for path in map(shutil.which, NAMES) if path]
    if not found:
        pytest.skip("no free-threaded Python is installed (python3.13t or later)")
    for path in found:
        # The interpreter's own packages: those of this environment are built for another one.
        if told(path, "-c", "import lxml.etree, zope.configuration, webob, click").returncode == 0:
            return path
    pytest.skip(f"{found[0]} has not installed what assetzcml needs (lxml, zope.configuration, WebOb, click)")


def told(python, *arguments):
    here = os.pathsep.join([str(STORY.parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": here.rstrip(os.pathsep)}
    if sysconfig.get_config_var("Py_GIL_DISABLED") or python != sys.executable:
        environment["PYTHON_GIL"] = "0"  # whatever an extension asks for; another Python would refuse to start
    return subprocess.run([python, *arguments], capture_output=True, text=True, timeout=120, env=environment)


def test_threads_ask_while_the_registry_is_loaded_anew_without_the_lock(tmp_path):
    done = told(interpreter(), str(STORY), str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["without", "0"]


def test_the_story_itself_holds_with_the_lock(tmp_path):
    """So that it is known to run before somebody has such a Python."""
    done = told(sys.executable, str(STORY), str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "0"
