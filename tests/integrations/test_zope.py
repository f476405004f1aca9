"""Our directives in Zope's own start-up: its `site.zcml`, its conflicts, its server, and what is loaded later."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import assetzcml

pytestmark = pytest.mark.slow

CHECKOUT = Path(assetzcml.__file__).parent.parent
PYTHON = os.environ.get("ASSETZCML_ZOPE_PYTHON", "")  # one that has Zope, Paste, lxml, WebOb and click
NEEDED = ("Zope", "Paste", "lxml>=6.1", "WebOb", "click")
ASSETS = (
    '<configure xmlns="http://namespaces.assetzcml.org/assets"\n  xmlns:browser="http://namespaces.zope.org/browser">'
)

SHOP = """
from Products.Five import BrowserView
from zope.component import getUtility

from assetzcml import StaticApp
from assetzcml.interfaces import IAssetRegistry


def assets(app, global_config):
    return StaticApp(getUtility(IAssetRegistry), fallback=app)


class Page(BrowserView):
    def __call__(self):
        return getUtility(IAssetRegistry).static_path("zope_shop:static/app.css", self.request.environ)
"""

FILES = {
    "zope_shop/__init__.py": SHOP,
    "zope_shop/static/app.css": "a{}",
    "zope_shop/static/logo.txt": "own",
    "zope_shop/configure.zcml": f"""{ASSETS}
  <include package="assetzcml"/>
  <staticView name="static" path="static" cache_max_age="60"/>
  <cacheBuster path="static" token="v1"/>
  <browser:page for="*" name="shop" class=".Page" permission="zope2.Public"/>
</configure>""",
    "zope_theme/__init__.py": "",
    "zope_theme/brand/logo.txt": "theme",
    "zope_theme/configure.zcml": f"""{ASSETS}
  <include package="zope_shop"/>
  <asset to_override="zope_shop:static/logo.txt" override_with="zope_theme:brand/logo.txt"/>
</configure>""",
    "zope_theme/overrides.zcml": f"""{ASSETS}
  <cacheBuster path="zope_shop:static" token="v2"/>
</configure>""",
}
SLUGS = {
    "zope_theme-configure.zcml": '<include package="zope_theme"/>',
    "zope_theme-overrides.zcml": '<include package="zope_theme" file="overrides.zcml"/>',
}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that has Zope: the one that is named, or an environment that is made now."""
    if PYTHON:
        return PYTHON
    directory = tmp_path_factory.mktemp("zope") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
    made = str(directory / "bin" / "python")
    done = subprocess.run([made, "-m", "pip", "install", "-q", *NEEDED], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"Zope cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return made


@pytest.fixture
def instance(python, tmp_path):
    """A function that makes an instance of Zope with slugs, and returns its directory."""

    def make(slugs):
        for name, text in FILES.items():
            path = tmp_path / "packages" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        home = tmp_path / "instance"
        command = [str(Path(python).with_name("mkwsgiinstance")), "-d", str(home), "-u", "admin:admin"]
        subprocess.run(command, check=True, capture_output=True)
        (home / "etc" / "package-includes").mkdir()
        for name, text in slugs.items():
            (home / "etc" / "package-includes" / name).write_text(text)
        return home

    make.environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(tmp_path / "packages")])}
    return make


def started(python, home, environ):
    """What the start-up says: the output of `zope_instance.py`, and its errors."""
    program = str(Path(__file__).with_name("zope_instance.py"))
    command = [python, "-W", "ignore", program, str(home / "etc" / "zope.conf")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout) if done.returncode == 0 else None, done.stderr


def test_zope_starts_and_what_is_loaded_later_goes_into_the_same_registry(python, instance):
    said, errors = started(python, instance(SLUGS), instance.environ)
    assert said is not None, errors
    assert said["views"] == ["static"]
    assert said["later"] == said["afterwards"] == ["later", "static"]
    assert "dot segment" in said["refused"]
    assert "a/../b" in said["refused"]
    assert said["found"] == "zope_theme:brand/logo.txt"
    assert said["url"] == "/static/app.css?x=v2"  # that of overrides.zcml


def test_zope_tells_a_conflict_of_ours_with_both_places(python, instance):
    again = (
        f'{ASSETS}<include package="assetzcml"/>\n  <staticView name="static" path="zope_theme:brand"/>\n</configure>'
    )
    said, errors = started(python, instance({**SLUGS, "again-configure.zcml": again}), instance.environ)
    assert said is None
    assert "ConfigurationConflictError" in errors
    assert "For: ('staticView', 'static')" in errors
    assert "again-configure.zcml" in errors
    assert "zope_shop/configure.zcml" in errors
    assert "AttributeError" not in errors


def test_the_server_of_zope_serves_what_its_site_zcml_declares(python, instance, tmp_path):
    home = instance(SLUGS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ini = home / "etc" / "zope.ini"
    text = ini.read_text().replace("port = 8080", f"port = {port}").replace("    translogger\n", "    assets\n")
    ini.write_text(text + "\n[filter:assets]\npaste.filter_app_factory = zope_shop:assets\n")
    command = [str(Path(python).with_name("runwsgi")), str(ini)]
    with open(tmp_path / "output", "w+b") as output:
        process = subprocess.Popen(command, env=instance.environ, cwd=home, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                assert process.poll() is None, (tmp_path / "output").read_text()
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            assert get(port, "/static/logo.txt") == (200, "public, max-age=60", "theme")
            url = get(port, "/@@shop")[2]
            assert url == "/static/app.css?x=v2"
            assert get(port, url)[2] == "a{}"
            assert get(port, "/static/nothing.css")[0] == 404
            assert get(port, "/manage")[0] == 401  # Zope's own
        finally:
            process.terminate()
            process.wait(30)


def get(port, path):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.getheader("Cache-Control"), response.read().decode()
