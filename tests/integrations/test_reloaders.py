"""Under `pserve --reload` an edited ZCML file starts the application again; a broken one is shown, and mended ends that."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from test_deploying import free_port

pytestmark = pytest.mark.whole
PROJECT = Path(__file__).parents[2] / "examples" / "pyramid_project"


def eventually(ask, wanted, log, process):
    """Ask until the answer is what is wanted; it is told what the server said when it never is."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if wanted(ask()):
            return
        time.sleep(0.05)
    pytest.fail(log.read_text()[-3000:])


def test_what_is_broken_is_shown_and_watched_until_it_is_mended(tmp_path):
    for library in "hupper", "pyramid_jinja2", "waitress":
        pytest.importorskip(library)
    home = tmp_path / "project"
    shutil.copytree(PROJECT, home, ignore=shutil.ignore_patterns("__pycache__"))
    port = free_port()
    site = home / "harbour_pyramid" / "configure.zcml"
    good = site.read_text()
    log = tmp_path / "log"
    broken = good.replace("<asset ", "<asset no_such='' ", 1)
    site.write_text(broken)
    environ = {**os.environ, "SITE": "harbour_pyramid:configure.zcml", "PYTHONPATH": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "pyramid.scripts.pserve", "--reload", "development.ini", f"http_port={port}"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=home, env=environ, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )

    def edit(text):
        """Write the file, and say so until the reloader has seen it: it does not at once know how the file was."""
        before = log.read_text().count("Starting monitor")
        site.write_text(text)

        def starts():
            os.utime(site)
            return log.read_text().count("Starting monitor")

        eventually(starts, lambda count: count > before, log, process)

    def page():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    try:
        eventually(log.read_text, lambda text: f"{site}:3:" in text and "no_such" in text, log, process)
        edit(good)
        eventually(page, lambda text: "From the harbour" in text, log, process)
        edit(broken)
        eventually(log.read_text, lambda text: text.count("no_such") > 1, log, process)
        assert page() == ""
        edit("<configure xmlns='http://namespaces.assetzcml.org/assets'/>")
        eventually(page, lambda text: text and "From the harbour" not in text, log, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
