"""Projects of Django as `django-admin startproject` makes them, with what people add, before and after they have moved."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("django")

pytestmark = pytest.mark.whole

OURS = "assetzcml.integrations.django"
FOREVER = "immutable"

# Collects the files, and asks for the admin's login page and all that it names, and for what style sheets name.
ASKED = """
import json, posixpath, re, sys, warnings
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.templatetags.static import static
from webob import Request
call_command("check", fail_level="ERROR")
if settings.STATIC_ROOT:
    call_command("collectstatic", interactive=False, verbosity=0)
application = get_wsgi_application()
def get(path):
    answer = Request.blank(path, headers={"Accept-Encoding": "gzip"}).send(application)
    encoding = answer.content_encoding
    answer.decode_content()
    return answer, [answer.status_int, encoding, answer.headers.get("Cache-Control", ""), answer.body.decode("utf-8", "replace")]
page, _ = get(sys.argv[1])
urls = re.findall(r'(?:href|src)="([^"#]+[.](?:css|js|svg|png)[^"]*)"', page.text) + [static("own.css")]
found = {url: get(url)[1] for url in urls}
for url in list(found):
    if url.endswith(".css"):
        for name in re.findall(r"url[(][\\"']?([^)\\"']+)", found[url][3]):
            if not name.startswith(("data:", "#")):
                inner = posixpath.normpath(posixpath.join(posixpath.dirname(url), name))
                found[inner] = get(inner)[1]
print(json.dumps([page.status_int, found]))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    home = tmp_path_factory.mktemp("project")
    subprocess.run([sys.executable, "-m", "django", "startproject", "mysite", str(home)], check=True)
    for path, text in {
        "theirs/own.css": "p { background: url(own.svg) }\n" * 30,
        "theirs/own.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "harbour/__init__.py": "",
        "harbour/static/login.css": "/* from the harbour */\n",
        "harbour/configure.zcml": '<configure xmlns="http://namespaces.assetzcml.org/assets">'
        '<asset to_override="django.contrib.admin:static/admin/css/login.css" override_with="harbour:static/login.css"/>'
        "</configure>",
        "languages.py": "from django.conf.urls.i18n import i18n_patterns\nfrom django.contrib import admin\n"
        "from django.urls import path\nurlpatterns = i18n_patterns(path('admin/', admin.site.urls))\n",
    }.items():
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_text(text)
    return home


def ask(home, tmp_path, settings, page="/admin/login/"):
    """The page's status, and what each of its assets is answered with."""
    (tmp_path / "changed.py").write_text(
        "from mysite.settings import *\nDEBUG, ALLOWED_HOSTS = False, ['*']\nSTATICFILES_DIRS = [BASE_DIR / 'theirs']\n"
        f"STATIC_ROOT = {str(tmp_path / 'collected')!r}\n"
        "ASSETZCML_COMPRESS = ['gzip']\n"
        f"OURS, MIDDLEWARE_OF_OURS = {OURS!r}, '{OURS}.AssetMiddleware'\n{settings}\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "changed",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(home)]),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASKED, page], env=environment, cwd=home, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    status, found = json.loads(done.stdout.splitlines()[-1])
    assert status == 200
    assert len(found) > 7
    return found


ADDED = "INSTALLED_APPS += [OURS]; MIDDLEWARE.insert(1, MIDDLEWARE_OF_OURS)\n"
WHITENOISE = (
    "MIDDLEWARE.insert(1, 'whitenoise.middleware.WhiteNoiseMiddleware')\n"
    "STORAGES = {'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'},"
    " 'staticfiles': {'BACKEND': 'whitenoise.storage.CompressedManifestStaticFilesStorage'}}\n"
)
MANIFEST = WHITENOISE.partition("\n")[2].replace(
    "whitenoise.storage.CompressedManifestStaticFilesStorage",
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
)
THEME = "ASSETZCML = 'harbour:configure.zcml'\n"


def held(found):
    """Every asset is there, compressed where that makes it smaller, and kept for ever."""
    assert {status for status, *_ in found.values()} == {200}
    assert [url for url, (_, _, cache, _) in found.items() if FOREVER not in cache] == []
    assert {coding for url, (_, coding, _, body) in found.items() if url.endswith(".css") and len(body) > 600} == {
        "gzip"
    }


def bodies(found):
    """The bytes of files that name no others, by their names without versions."""
    plain = {}
    for url, (_, _, _, body) in found.items():
        name = url.rpartition("/")[2].split(".")
        if "url(" not in body and "import" not in body:
            plain[name[0], name[-1]] = body
    return plain


def test_a_project_with_whitenoise_answers_the_same_after_it_has_moved(project, tmp_path):
    pytest.importorskip("whitenoise")
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    old = ask(project, before, WHITENOISE)
    new = ask(project, after, ADDED)
    held(old)
    held(new)
    assert bodies(new) == bodies(old)


def test_a_project_with_djangos_manifest_answers_the_same_after_it_has_moved(project, tmp_path):
    whitenoise = tmp_path / "whitenoise"
    kept, moved = tmp_path / "kept", tmp_path / "moved"
    for each in whitenoise, kept, moved:
        each.mkdir()
    stays = ask(project, kept, ADDED + MANIFEST)
    assert {status for status, *_ in stays.values()} == {200}
    assert [url for url, (_, _, cache, _) in stays.items() if FOREVER not in cache] == []
    new = ask(project, moved, ADDED)
    held(new)
    assert bodies(new) == bodies(stays)


@pytest.mark.parametrize("more, page", [
    (WHITENOISE, "/admin/login/"),
    (MANIFEST, "/admin/login/"),
    ("STATIC_URL = 'assets/of/mine/'\n", "/admin/login/"),
    ("MIDDLEWARE.insert(3, 'django.middleware.locale.LocaleMiddleware'); ROOT_URLCONF = 'languages'\n", "/de/admin/login/"),
    ("MIDDLEWARE.insert(0, 'django.middleware.gzip.GZipMiddleware'); STATIC_ROOT = None\n", "/admin/login/"),
    ("ASSETZCML_VERSIONS = 'digest'\n", "/admin/login/"),
], ids=[
    "WhiteNoise", "the manifest storage", "a relative STATIC_URL", "languages", "GZipMiddleware and no STATIC_ROOT", "digests",
])  # fmt: skip
def test_a_theme_changes_the_admins_login_in_a_project_that_has(project, tmp_path, more, page):
    if "whitenoise" in more:
        pytest.importorskip("whitenoise")
    found = ask(project, tmp_path, ADDED + more + THEME, page)
    assert {status for status, *_ in found.values()} == {200}
    login = next(body for url, (_, _, _, body) in found.items() if "/login" in url)
    assert login == "/* from the harbour */\n"
    own = next(body for url, (_, _, _, body) in found.items() if "own" in url and url.endswith(".css"))
    assert own.count("url(") == 30
