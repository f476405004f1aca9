"""The example projects under their development and production servers, walked in a browser."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import pytest

from chromium import CHROMIUM, document_at

pytestmark = pytest.mark.whole

EXAMPLES = Path(__file__).parents[2] / "examples"
GUNICORN = ["-m", "gunicorn", "--access-logfile", "-", "--bind", "127.0.0.1:{port}"]
UVICORN = ["-m", "uvicorn", "--port", "{port}"]
SERVERS = {
    "django runserver": ("django_project", ["manage.py", "runserver", "--noreload", "127.0.0.1:{port}"], "1"),
    "django runserver --nostatic": (
        "django_project",
        ["manage.py", "runserver", "--noreload", "--nostatic", "127.0.0.1:{port}"],
        "1",
    ),
    "django gunicorn": ("django_project", [*GUNICORN, "mysite.wsgi"], "0"),
    "django uvicorn": ("django_project", [*UVICORN, "mysite.asgi:application"], "0"),
    "flask run": (
        "flask_project",
        ["-m", "flask", "--app", "flaskr", "run", "--debug", "--no-reload", "--port", "{port}"],
        "1",
    ),
    "flask gunicorn": ("flask_project", [*GUNICORN, "flaskr:create_app()"], "0"),
    "fastapi uvicorn": ("fastapi_project", [*UVICORN, "main:app"], "1"),
    "pyramid pserve": ("pyramid_project", ["-m", "pyramid.scripts.pserve", "development.ini", "http_port={port}"], "1"),
    "pyramid gunicorn": ("pyramid_project", [*GUNICORN, "--paste", "development.ini"], "0"),
}
PAGES = {"django_project": ["/polls/", "/admin/login/"]}
THEMES = {
    "django_project": ("harbour:configure.zcml", "From the harbour", "rgb(0, 64, 160)"),
    "flask_project": ("harbour_flask:configure.zcml", "From the harbour", "#def"),
    "fastapi_project": ("harbour_fastapi:configure.zcml", "Item ID", "rgb(0, 64, 160)"),
    "pyramid_project": ("harbour_pyramid:configure.zcml", "From the harbour", "rgb(0, 64, 160)"),
}
NEEDS = {
    "django_project": "django",
    "flask_project": "flask",
    "fastapi_project": "fastapi",
    "pyramid_project": "pyramid_jinja2",
}


@pytest.fixture(params=SERVERS)
def server(request, tmp_path):
    """A server of a themed project, once it answers: the project, its address and a function that ends it and gives its log."""
    project, command, debug = SERVERS[request.param]
    pytest.importorskip(NEEDS[project])
    for module in {"-m"} & set(command) and {command[1].partition(".")[0]}:
        pytest.importorskip(module)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A copy: the project writes its database beside itself, and its other servers run at the same time.
    home = tmp_path / project
    shutil.copytree(EXAMPLES / project, home, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
    # Tests in this process may have said which project is Django's, or Flask's.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "FLASK_"))}
    environ |= {"SITE": THEMES[project][0], "DEBUG": debug, "PYTHONPATH": str(home)}
    environ["PYTHONUNBUFFERED"] = "1"
    log = tmp_path / "server.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, *(part.format(port=port) for part in command)],
            cwd=home, env=environ, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def stop():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return log.read_text(encoding="utf-8", errors="replace")

    try:
        address = f"http://127.0.0.1:{port}"
        _wait(process, address, log)
        yield project, address, stop
    finally:
        stop()


def _wait(process, address, log):
    """Until the server answers, whatever it answers."""
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/nowhere", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(log.read_text(encoding="utf-8", errors="replace")[-3000:])


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.status, answer.read().decode("utf-8", "replace"), dict(answer.headers)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_every_request_of_a_browser_is_answered_and_what_it_shows_is_the_themes(server, tmp_path, request):
    project, address, stop = server
    _, word, color = THEMES[project]
    documents = [document_at(f"{address}{page}", tmp_path / "profile") for page in PAGES.get(project, ["/"])]
    assert word in documents[0]
    urls = [url for document in documents for url in re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', document)]
    styles = [get(urljoin(address, url.replace("&amp;", "&"))) for url in urls]
    assert {status for status, *_ in styles} == {200}
    assert any(color in text for _, text, _ in styles)
    assert len(urls) >= {"django_project": 9}.get(project, 1)
    if project == "django_project" and "runserver" not in request.node.callspec.params["server"]:
        assert all(re.search("/static/~[0-9a-f]{12}/", url) for url in urls)  # the version that production has
    told = re.findall(r'"GET (/[^ ]*) HTTP/[\d.]+" (\d+)', stop())
    missed = [
        (path, status)
        for path, status in told
        if status not in ("200", "304") and path not in ("/nowhere", "/favicon.ico")
    ]
    assert missed == []
