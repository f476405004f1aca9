"""A project of Django whose files nginx has, as the page about deploying says: Django is asked for its pages alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")
pytest.importorskip("gunicorn")

from chromium import CHROMIUM, document_at
from test_deploying import FILES, free_port, get, nginx, running

pytestmark = pytest.mark.whole

EXAMPLE = Path(__file__).parents[2] / "examples" / "django_project"
TYPES = "/etc/nginx/mime.types"
FOREVER = "public, max-age=31536000, immutable"
PAGES = ["/admin/login/", "/polls/"]  # which a browser is shown
INSIDE = ["/admin/", "/admin/auth/user/", "/admin/auth/user/add/", "/admin/password_change/"]  # for who is logged in

# What an operator runs once: tables, a user, and the files. Prints the key of a session of that user.
PREPARED = """
import django
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
user = get_user_model().objects.create_superuser("ahab", "ahab@example.com", "Queequeg!")
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = user.pk, user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.create()
print(session.session_key)
"""


def assets_in(page):
    return [url for url in re.findall(r'(?:href|src)="([^"#]+)"', page) if "/static/" in url]


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_nginx_answers_every_asset_of_djangos_admin_from_what_was_collected_and_django_none(tmp_path):
    if not os.path.exists(TYPES):
        pytest.skip("nginx's table of types is not installed")
    home, back, front = tmp_path / "project", free_port(), free_port()
    shutil.copytree(EXAMPLE, home, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3", "collected"))
    text = (FILES / "nginx-django.conf").read_text().replace("listen 80;", f"listen 127.0.0.1:{front};")
    text = text.replace("/srv/shop/collected", str(home / "collected")).replace(":8000", f":{back}")
    text = f"include {TYPES};\n" + text.replace("server {", f"server {{\n access_log {tmp_path}/access.log;", 1)
    command = nginx(text, tmp_path)
    environ = {
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
        "SITE": "harbour:configure.zcml",
        "DEBUG": "0",
        "PYTHONPATH": str(home),
    }
    session = subprocess.run(
        [sys.executable, "-c", PREPARED],
        cwd=home,
        env={**os.environ, **environ},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[-1]
    server = [sys.executable, "-m", "gunicorn", "--access-logfile", str(tmp_path / "django.log"), "--bind"]
    with (
        running([*server, f"127.0.0.1:{back}", "mysite.wsgi"], back, home, **environ),
        running(command, front, tmp_path),
    ):
        shown = [document_at(f"http://127.0.0.1:{front}{page}", tmp_path / "profile") for page in PAGES]
        inside = [get(front, page, Cookie=f"sessionid={session}") for page in INSIDE]
        assert [response.status for response, _ in inside] == [200] * len(INSIDE)
        urls = {url for page in (*shown, *(text for _, text in inside)) for url in assets_in(page)}
        assert len(urls) > 20
        answers = {url: get(front, url)[0] for url in urls}
        assert {response.status for response in answers.values()} == {200}
        assert {response.headers["Cache-Control"] for response in answers.values()} == {FOREVER}
        login = next(url for url in urls if url.endswith("/login.css"))
        assert "rgb(0, 64, 160)" in get(front, login)[1]  # the package's override
        packed = get(front, next(url for url in urls if url.endswith("/base.css")), **{"Accept-Encoding": "gzip"})[0]
        assert packed.headers["Content-Encoding"] == "gzip"
        assert get(front, "/static/admin/css/base.css")[0].headers["Cache-Control"] == "public, max-age=3600"
        assert get(front, "/static/.variants/")[0].status == 404
    assert "From the harbour" in shown[1] or "From the harbour" in shown[0]
    asked = re.findall(r'"GET (\S+) HTTP/[\d.]+" (\d+)', (tmp_path / "access.log").read_text())
    missed = [path for path, status in asked if status != "200"]
    assert set(missed) <= {"/favicon.ico", "/static/.variants/"}
    assert [path for path, _ in asked if "/admin/img/" in path and re.match("/static/~[0-9a-f]{12}/", path)]  # by url()
    pages = re.findall(r'"GET (\S+) HTTP', (tmp_path / "django.log").read_text())
    assert set(pages) == {*PAGES, *INSIDE, "/favicon.ico"} or set(pages) == {*PAGES, *INSIDE}
