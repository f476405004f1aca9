"""Packages of npm, installed by the tests that need them; where that cannot be, these are skipped with the reason."""

import re
import shutil
import socket
import subprocess

import pytest

SECONDS = 240  # for all of it on a slow line


def installed(directory, *packages):
    """*directory*, in which npm has installed *packages*: `name@major`, so that a patch of one needs none of a test."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    registry = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True).stdout.strip()
    host = re.match(r"(https?)://([^/:]+)(?::(\d+))?", registry)
    try:
        port = int(host[3] or {"http": 80, "https": 443}[host[1]])
        socket.create_connection((host[2], port), timeout=5).close()
    except (OSError, TypeError) as error:
        pytest.skip(f"the npm registry {registry} cannot be reached: {error}")
    command = [npm, "install", "--no-audit", "--no-fund", "--legacy-peer-deps", "--prefix", str(directory), *packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        pytest.skip(f"npm cannot install: {done.stderr.strip().splitlines()[-1]}")
    return directory
