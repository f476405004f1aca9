"""
docs/deploying.rst as somebody walks it who has nothing: a fresh environment without a cache, files that nobody else may read, an
application of `assetzcml init app`, every server of the page, and the steps of the Containerfile, run by nobody on files that
cannot be written.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from test_deploying import CHECKOUT, COMMANDS, FILES, PAGE, free_port, get

pytestmark = pytest.mark.slow  # environments of their own, filled from the package registry

NOBODY = 65534  # the user of the Containerfile
CONTAINERFILE = (FILES / "Containerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place():
    """A directory that every user may look into, for a root that walks as nobody."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield Path(directory).resolve()


@pytest.fixture(scope="module")
def wheel(place):
    """This project as others get it: a wheel, built with the tools of the test environment."""
    left_out = shutil.ignore_patterns(".*", "*.egg-info", "build", "_build", "__pycache__", "tests", "benchmarks")
    source = shutil.copytree(CHECKOUT, place / "checkout", ignore=left_out)
    shell(f"{shlex.quote(sys.executable)} -m pip wheel -q --no-deps --wheel-dir wheels {source}", place)
    (found,) = (place / "wheels").glob("assetzcml-*.whl")
    return found


def shell(command, directory, umask=0o022):
    """What a command prints; it sees nothing of this process's environment for Python, no cache and no home of others."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ |= {
        "PIP_NO_CACHE_DIR": "1",
        "HOME": str(directory),
        "PATH": f"{directory}/environment/bin:{os.environ['PATH']}",
    }
    environ["CC"] = "/nonexistent"  # nothing has to be compiled
    done = subprocess.run(
        command,
        shell=True,
        cwd=directory,
        env=environ,
        umask=umask,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def serving(command, directory, port, **options):
    """A server that is waited for until it accepts connections, and then ended; what it says if it ends before."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(
        command,
        cwd=directory,
        env={**environ, "HOME": "/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    ) as process:
        try:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert process.poll() is None, process.stdout.read().decode()
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()


def python_of_everybody():
    """An interpreter that nobody can start, too; it is not where this one lies in the home of its user."""
    for python in (sys.executable, "/usr/bin/python3"):
        real = Path(python).resolve()
        if os.getuid() != 0 or (real.exists() and all(parent.stat().st_mode & 0o001 for parent in real.parents)):
            done = subprocess.run(
                [python, "-c", "import ensurepip, sys; assert sys.version_info >= (3, 10)"], capture_output=True
            )
            if done.returncode == 0:
                return python
    pytest.skip("no interpreter that every user can start")


def asset_of(port):
    """The page has an asset, with a version, which is answered; its path."""
    response, page = get(port, "/")
    assert (response.status, response.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    (sheet,) = re.findall(r'href="([^"]+style\.css)"', page)
    answer, body = get(port, sheet)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    return sheet, body


@pytest.fixture(scope="module")
def walked(place, wheel):
    """The environment of who walks the page, with the application `shop` in it; nobody else may read any of it."""
    directory = place / "walk"
    directory.mkdir(mode=0o700)
    shell(f"{shlex.quote(sys.executable)} -m venv environment", directory, umask=0o077)
    shell(f"python -m pip install -q '{wheel}'", directory, umask=0o077)
    section = PAGE.read_text(encoding="utf-8").partition("\nThe server\n")[2].partition("\n---")[0]
    servers = re.findall(r"``pip install ([^`]+)``", section)
    shell(f"python -m pip install -q {' '.join(servers)}", directory, umask=0o077)
    shell("assetzcml init app shop && python -m pip install -q ./shop", directory, umask=0o077)
    return directory


def test_the_check_before_a_deployment_finds_nothing(walked):
    command = "assetzcml check shop:site.zcml --strict"
    assert f"\n    {command}\n" in PAGE.read_text(encoding="utf-8")
    assert shell(command, walked, umask=0o077) == "no findings\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_server_is_started_as_the_page_says_and_serves_what_was_installed(name, walked):
    port = free_port()
    first, *rest = shlex.split(COMMANDS[name].replace("8000", str(port)))
    with serving([walked / "environment" / "bin" / first, *rest], walked, port, umask=0o077):
        sheet, body = asset_of(port)
    assert sheet.startswith("/static/~")
    assert body == (walked / "shop/src/shop/static/style.css").read_text(encoding="utf-8")


def test_the_steps_of_the_containerfile_give_a_server_that_nobody_runs_on_what_it_cannot_write(place, wheel, walked):
    (build,) = re.findall(r"^RUN (.+)$", CONTAINERFILE, re.M)
    (run,) = re.findall(r"^CMD (.+)$", CONTAINERFILE, re.M)
    (user,) = re.findall(r"^USER (\d+):\d+$", CONTAINERFILE, re.M)
    assert int(user) == NOBODY
    python = python_of_everybody()
    source = shutil.copytree(walked / "shop", place / "source")
    environment = place / "environment"
    build = build.replace("python -m venv", f"{shlex.quote(python)} -m venv").replace("/environment", str(environment))
    shell(build.replace("/source", f"'{wheel}' {source}"), place)
    shutil.rmtree(source)  # the second image has the environment alone
    shell(f"chmod -R a-w,a+rX {environment}", place)
    port = free_port()
    run = run.replace("/environment", str(environment)).replace("0.0.0.0:8000", f"127.0.0.1:{port}")
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    try:
        with serving(json.loads(run), "/", port, **as_nobody):
            assert asset_of(port)[0].startswith("/static/~")
    finally:
        shell(f"chmod -R u+w {environment}", place)
