"""Serving what was frozen: from the manifest alone, as the sources would be served."""

import gc
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from webob import Request

from assetzcml import (
    AssetRegistry,
    ConfigurationError,
    DigestCacheBuster,
    NotPublished,
    StaticApp,
    TreeCacheBuster,
)
from assetzcml.publishing.freeze import freeze

pytestmark = pytest.mark.whole

TEXT = b"body { color: black }\n" * 200
FILES = {
    "static/css/a.css": TEXT,
    "static/index.html": b"<p>",
    "static/docs/index.html": b"<p>docs",
    "static/not-found.html": b"<p>gone",
    "static/i/b c.png": b"PNG",
    "static/empty.txt": b"",
    "files/favicon.ico": b"ICO",
    "inner/x.css": b"x{}",
}


class Nobody:
    def permits(self, request, context, permission):
        return request.headers.get("X-User") == "me" and context.name == "secret"


def declared(shop, **settings):
    registry = AssetRegistry(settings=settings)
    registry.add_permission_policy(Nobody())
    if settings:
        return registry
    registry.add_static_view("static", f"{shop}:static", not_found="not-found.html", headers={"X-Own": "1"})
    registry.add_static_view("static/inner", f"{shop}:inner", cache_max_age=60)
    registry.add_static_view("secret", f"{shop}:inner", permission="view")
    registry.add_static_file("favicon.ico", f"{shop}:files/favicon.ico")
    return registry


@pytest.fixture(autouse=True)
def closed():
    """A map holds a descriptor as long as its registry lives; other tests count descriptors."""
    yield
    gc.collect()


@pytest.fixture
def frozen(package, tmp_path):
    """The registry of a site, and that of the same frozen, whose sources are gone."""
    shop = package(FILES)
    registry = declared(shop)
    registry.add_cache_buster(f"{shop}:static", TreeCacheBuster())
    freeze(registry, tmp_path / "o", plain=True, codings=["gzip"])
    return registry, declared(shop, frozen=tmp_path / "o"), shop


PATHS = [
    "/static/css/a.css",
    "/static/css",
    "/static/css/",
    "/static/",
    "/static",
    "/static/docs",
    "/static/docs/",
    "/favicon.ico",
    "/favicon.ico/",
    "/static/i/b%20c.png",
    "/static/empty.txt",
    "/static/gone.css",
    "/static/../x",
    "/static/%ff",
    "/static/a%00b",
    "/static/inner/x.css",
    "/secret/x.css",
    "/secret/gone",
    "/elsewhere",
    "/",
    "/static/css/a.css/",
    "/static//css/a.css",
]
ASKED = [
    {},
    {"Range": "bytes=2-5"},
    {"Range": "bytes=99999-"},
    {"If-None-Match": "*"},
    {"If-Match": '"x"'},
    {"X-User": "me"},
]


def said(answer):
    """What an answer says, but for what only a file has: a time."""
    headers = sorted((name, value) for name, value in answer.headerlist if name not in ("Last-Modified", "Vary"))
    return answer.status, headers, answer.body


@pytest.mark.parametrize("path", PATHS)
def test_what_was_frozen_is_answered_as_the_sources_are(frozen, path):
    sources, registry, _ = frozen
    for method, headers in itertools.product(["GET", "HEAD", "POST"], ASKED):
        one, two = (
            Request.blank(path, method=method, headers=headers).send(StaticApp(each)) for each in (sources, registry)
        )
        assert said(two) == said(one), method


def test_a_versioned_name_is_immutable_and_comes_in_the_coding_that_is_asked_for(frozen):
    sources, registry, shop = frozen
    url = registry.static_path(f"{shop}:static/css/a.css")
    assert url == sources.static_path(f"{shop}:static/css/a.css")
    answer = Request.blank(url, headers={"Accept-Encoding": "gzip"}).send(StaticApp(registry))
    assert (answer.headers["Cache-Control"], answer.headers["Content-Encoding"], answer.headers["Vary"]) == (
        "public, max-age=31536000, immutable", "gzip", "Accept-Encoding",
    )  # fmt: skip
    assert Request.blank(url).send(StaticApp(registry)).body == TEXT


def test_urls_and_integrity_need_no_sources(frozen, package):
    _, registry, shop = frozen
    shutil.rmtree(package.directory / shop)
    assert registry.static_path(f"{shop}:static/css/").startswith("/static/~")
    assert registry.static_url(f"{shop}:static/i/b c.png", _app_url="https://x").endswith("/i/b%20c.png")
    assert registry.static_path(f"{shop}:files/favicon.ico", _query={"a": 1}) == "/favicon.ico?a=1"
    sha = registry.integrity(f"{shop}:static/css/a.css")
    assert f'integrity="{sha}"' in registry.tag(f"{shop}:static/css/a.css")
    with pytest.raises(NotPublished, match=r"the frozen release [0-9a-f]{12} has no"):
        registry.static_path(f"{shop}:static/gone.css")
    with pytest.raises(ValueError, match="relative path"):
        registry.static_path("gone.css")


MODULES = {
    "static/a.css": "a{}",
    "static/f.woff2": "font",
    "static/p.png": "PNG",
    "static/js/main.js": "import '@shop/two'; import './one.js'; import('./late.js')",
    "static/js/one.js": "import './two.js'; export const one = 1",
    "static/js/two.js": "import './one.js'; export const two = 2",
    "static/js/late.js": "import './one.js'",
    "static/js/classic.js": "document.title = 1",
    "secret/b.css": "b{}",
}


@pytest.mark.parametrize("buster", [DigestCacheBuster, TreeCacheBuster])
@pytest.mark.parametrize("mount", ["", "/app"])
def test_what_a_page_says_of_its_assets_is_the_same_without_the_sources(package, tmp_path, buster, mount):
    shop = package(MODULES)

    def site(**settings):
        registry = AssetRegistry(settings=settings)
        registry.add_permission_policy(Nobody())
        if not settings:
            registry.add_static_view("static", f"{shop}:static")
            registry.add_static_view("secret", f"{shop}:secret", permission="view")
            registry.add_cache_buster(f"{shop}:", buster())
            registry.add_module("@shop/two", f"{shop}:static/js/two.js")
        registry.add_view(lambda request: "page", preload=[f"{shop}:static/js/main.js", f"{shop}:static/a.css"])
        return registry

    sources = site()
    freeze(sources, tmp_path / "o", plain=True)
    before = said_of_assets(sources, shop, mount)
    shutil.rmtree(package.directory / shop)
    assert said_of_assets(site(frozen=tmp_path / "o"), shop, mount) == before


def said_of_assets(registry, shop, mount):
    names = ["a.css", "f.woff2", "p.png", "js/main.js", "js/classic.js"]
    specs = [f"{shop}:static/{name}" for name in names]
    request = Request.blank("/", base_url=f"https://example.com{mount}")
    of_template = registry.template_globals(request)
    page = Request.blank("/", base_url=f"https://example.com{mount}").send(registry.make_app())
    assert page.headers["Link"].count("rel=modulepreload") == 3
    return {
        "tags": [registry.tag(spec, request) for spec in specs],
        "integrity": [registry.integrity(spec) for spec in specs],
        "hints": [registry.preloads(*specs[::step]) for step in (1, -1)],
        "hint": registry.preloads(f"{shop}:static/js/classic.js", f"{shop}:secret/b.css"),
        "elements": of_template["preloads"](*specs),
        "maps": [registry.import_map(request, prefix=prefix) for prefix in (None, f"{shop}:static/js/one.js", specs)],
        "directory": registry.import_map(prefix=[f"{shop}:static/js", f"{shop}:static/none"]),
        "hashes": registry.csp_hashes(request),
        "page": page.headers["Link"],
    }


def test_a_former_release_is_answered_by_its_names_for_ever_and_by_no_plain_one(package, tmp_path):
    shop = package({"static/a.css": b"one", "static/index.html": b"<p>"})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    registry.add_cache_buster(f"{shop}:static", DigestCacheBuster())
    freeze(registry, tmp_path / "o")
    before = AssetRegistry(settings={"frozen": tmp_path / "o"})
    url = before.static_path(f"{shop}:static/a.css")
    (package.directory / shop / "static/a.css").write_bytes(b"two")
    (package.directory / shop / "static/index.html").unlink()
    freeze(registry, tmp_path / "o")
    after = StaticApp(AssetRegistry(settings={"frozen": tmp_path / "o"}))
    assert Request.blank(url).send(after).body == b"one"
    assert Request.blank("/static/index.html").send(after).status_int == 404
    coming = after.registry.static_path(f"{shop}:static/a.css")
    assert Request.blank(coming).send(StaticApp(before)).body == b"two"


def test_another_name_of_a_content_does_not_disturb_who_serves_it(frozen, tmp_path):
    _, registry, shop = frozen
    app, url = StaticApp(registry), registry.static_path(f"{shop}:static/css/a.css")
    assert Request.blank(url).send(app).body == TEXT
    content = hashlib.sha256(TEXT).hexdigest()
    os.link(tmp_path / f"o/objects/{content[:2]}/{content[2:]}", tmp_path / "another")
    for each in (app, StaticApp(registry, bodies=0)):
        assert Request.blank(url).send(each).body == TEXT


@pytest.mark.parametrize("harm", ["bytes", "gone"])
def test_a_content_that_is_damaged_is_not_served(frozen, tmp_path, harm, caplog):
    _, registry, shop = frozen
    content = hashlib.sha256(TEXT).hexdigest()
    path = tmp_path / f"o/objects/{content[:2]}/{content[2:]}"
    path.chmod(0o644)
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(TEXT.replace(b"black", b"white"))
    answer = Request.blank(registry.static_path(f"{shop}:static/css/a.css")).send(StaticApp(registry))
    assert (answer.status_int, answer.headers["Cache-Control"]) == (503, "no-store")
    assert "missing or damaged" in caplog.text or "No such file" in caplog.text


def harms(directory):
    """What may become of a manifest or its index, each with a word of what is told."""
    (manifest,) = Path(directory).glob("generations/*.json")
    (index,) = Path(directory).glob("generations/*.index")
    data = index.read_bytes()
    return {
        "no manifest": (manifest.unlink, "No such file"),
        "no index": (index.unlink, "No such file"),
        "cut manifest": (lambda: (manifest.chmod(0o644), manifest.write_bytes(b"{}")), "has 2 bytes, and should have"),
        "cut index": (lambda: index.write_bytes(data[:-1]), "bytes, and should have"),
        "empty index": (lambda: index.write_bytes(b""), "it is too short"),
        "foreign index": (lambda: index.write_bytes(b"x" * len(data)), "it is no index"),
        "damaged index": (lambda: index.write_bytes(data[:100] + b"\0" + data[101:]), "its check sum is another"),
        "newer index": (lambda: index.write_bytes(data[:16] + b"\2" + data[17:]), "its format is 2"),
        "no link": (lambda: os.unlink(Path(directory) / "current"), "it has no link 'current'"),
        "another's index": (
            lambda: index.write_bytes(data[:52] + b"\0" * 32 + data[84:]),
            "it is that of another release",
        ),
    }


@pytest.mark.parametrize("harm", ["no manifest", "no index", "cut manifest", "cut index", "empty index", "foreign index",
                                  "damaged index", "newer index", "no link", "another's index"])  # fmt: skip
def test_a_release_that_is_lost_or_damaged_is_an_error_at_the_start(frozen, tmp_path, harm):
    spoil, told = harms(tmp_path / "o")[harm]
    spoil()
    with pytest.raises(ConfigurationError, match=told):
        AssetRegistry(settings={"frozen": str(tmp_path / "o")})


def test_the_manifest_can_be_named_itself_and_anything_else_is_refused(frozen, tmp_path):
    (manifest,) = (tmp_path / "o/generations").glob("*.json")
    os.unlink(tmp_path / "o/current")
    assert AssetRegistry(settings={"frozen": manifest}).static_path(f"{frozen[2]}:files/favicon.ico") == "/favicon.ico"
    with pytest.raises(ConfigurationError, match="neither a frozen directory nor one of its manifests"):
        AssetRegistry(settings={"frozen": tmp_path / "o/lock"})


def test_a_start_says_that_the_release_is_used(frozen, tmp_path):
    (manifest,) = (tmp_path / "o/generations").glob("*.json")
    os.utime(manifest, (1, 1))
    AssetRegistry(settings={"frozen": tmp_path / "o"})
    assert manifest.stat().st_mtime > 1


@pytest.mark.whole
def test_nothing_of_zcml_and_no_requests_are_imported(frozen, tmp_path):
    program = (
        "import sys; from assetzcml import AssetRegistry, StaticApp\n"
        f"registry = AssetRegistry(settings={{'frozen': {str(tmp_path / 'o')!r}}}); app = StaticApp(registry)\n"
        f"path = registry.static_path('{frozen[2]}:static/css/a.css')\n"
        "environ = {'PATH_INFO': path, 'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': ''}\n"
        "print(len(b''.join(app(environ, lambda status, headers: None))))\n"
        "unwanted = ('lxml', 'webob', 'zope.schema', 'zope.configuration', 'assetzcml.zcml', 'assetzcml.bundles')\n"
        "print([name for name in unwanted if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == [str(len(TEXT)), "[]"]
