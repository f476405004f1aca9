"""
Pyramid's next release has no pkg_resources, which setuptools 82 has not either: nothing of ours may need it.

Pyramid 2 imports it. Here what it imports is a stand-in of which nothing may be called but by Pyramid's own start, so that
every use by ours is an error. That release itself is not here to be tested.
"""

import subprocess
import sys

import pytest

pytest.importorskip("pyramid")

pytestmark = pytest.mark.whole

PROGRAM = '''
import sys, types
class Unused(types.ModuleType):
    """What Pyramid's modules name when they are imported, and what a package's overrides tell it."""
    def register_loader_type(self, loader, provider): pass
    class DefaultProvider: pass
    class ResourceManager: pass
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        def used(*arguments, **options):
            raise AssertionError(f"pkg_resources.{name} was called")
        return used
sys.modules["pkg_resources"] = Unused("pkg_resources")
sys.path.insert(0, sys.argv[1])
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.scripting import prepare
config = Configurator()
config.include("assetzcml")
config.load_zcml("theme:configure.zcml")
app = config.make_wsgi_app()
request = prepare(registry=config.registry)["request"]
url = request.static_path("shop:static/app.css")
answer = Request.blank(url).get_response(app)
print(answer.status_int, answer.text, "immutable" in answer.headers["Cache-Control"])
print(Request.blank("/static/plain.css").get_response(app).text, Request.blank("/static/none.css").get_response(app).status_int)
print(request.asset_registry.resolve("shop:static/app.css").source_spec)
'''


def test_urls_overrides_and_answers_need_no_pkg_resources(tmp_path):
    files = {
        "shop/__init__.py": "",
        "shop/static/app.css": "plain{}",
        "shop/static/plain.css": "p{}",
        "theme/__init__.py": "",
        "theme/app.css": "themed{}",
        "theme/configure.zcml": '<configure xmlns="http://namespaces.assetzcml.org/assets">'
        '<staticView name="static" path="shop:static"/><cacheBuster path="shop:static" tree="sha256"/>'
        '<asset to_override="shop:static/app.css" override_with="theme:app.css"/></configure>',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["200 themed{} True", "p{} 404", "theme:app.css"], done.stderr[-2000:]
