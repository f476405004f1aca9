"""The stories of publishing and of a store of many hosts against services that others have written, where they can be had."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import itertools
import logging
import shutil
import time

import pytest
from frozen_site import PIXEL, site
from memory import missing

from assetzcml import AssetRegistry, StaticApp, TreeCacheBuster
from assetzcml.publishing.collecting import collect_at
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.publish import publish
from assetzcml.resolving import breakers
from assetzcml.resolving.buckets import Bucket
from documents import write_tree
from npm import installed
from test_deploying import free_port, running

FILES = {
    "static/a.css": "a{background:url(i/bg.png)}",
    "static/i/bg.png": PIXEL,
    "static/app.css": b"body { color: black }\n" * 200,
    "static/empty.txt": b"",
    "static/a b+c%41é.css": "b{}",
    "static/index.html": "<p>",
}
ACCOUNT = "devstoreaccount1"  # and the key that the emulator's documentation has for everybody
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZURITE = "azurite@3.34"  # a later one needs a later Node.js


class Moto:
    """S3's, in this process; what it has outlives a stop."""

    buckets = itertools.count()

    def __init__(self, port=0):
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        made = pytest.importorskip("moto.server").ThreadedMotoServer
        self.server = made(ip_address="127.0.0.1", port=port, verbose=False)
        self.server.start()
        self.port = self.server.get_host_and_port()[1]
        self.endpoint, self.url = f"http://127.0.0.1:{self.port}", f"s3://story{next(self.buckets)}/pre/fix"
        put(self.port, f"/{self.url.split('/')[2]}", {})

    def end(self):
        self.server.stop()


def put(port, path, headers):
    """Make a bucket, or a container."""
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.request("PUT", path, headers={**headers, "Content-Length": "0"})
    status = client.getresponse().status
    client.close()
    assert status in (200, 201, 409)


@pytest.fixture
def moto(credentials):
    pytest.importorskip("obstore")
    service = Moto()
    yield service
    service.end()


@pytest.fixture(scope="module")
def azurite_command(tmp_path_factory):
    node = shutil.which("node") or pytest.skip("Node.js is not installed")
    return [node, f"{installed(tmp_path_factory.mktemp('npm'), AZURITE)}/node_modules/azurite/dist/src/blob/main.js"]


@pytest.fixture
def azurite(azurite_command, tmp_path, monkeypatch):
    pytest.importorskip("obstore")
    port = free_port()
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--disableTelemetry"]
    with running([*azurite_command, *options, "--inMemoryPersistence"], port, tmp_path):
        said = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2023-11-03"}
        lines = ["PUT", *[""] * 11, *(f"{name}:{value}" for name, value in said.items())]
        text = "\n".join([*lines, f"/{ACCOUNT}/{ACCOUNT}/story", "restype:container"])
        signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
        said["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
        put(port, f"/{ACCOUNT}/story?restype=container", said)
        azurite.endpoint, azurite.url = f"http://127.0.0.1:{port}/{ACCOUNT}", "az://story/pre/fix"
        yield azurite


@pytest.fixture(params=[pytest.param("moto", marks=pytest.mark.whole), pytest.param("azurite", marks=pytest.mark.slow)])
def real(request):
    return request.getfixturevalue(request.param)


def there(target):
    return {key: target.read(key) for key in target.listing()}


@pytest.mark.parametrize("tree", [False, True])
def test_releases_are_published_one_after_the_other_and_former_ones_collected(real, package, tmp_path, tree):
    shop = package(FILES)
    target = Bucket(real.url, real.endpoint)
    freeze(site(shop, tree=tree), tmp_path / "o", codings=["gzip"])
    publish(FrozenTree(tmp_path / "o"), target)
    before = there(target)
    assert missing(before) == []
    for text in ("c{}", "d{}"):  # two: a service tells the second in which each was put, and no more
        (package.directory / shop / "static/a.css").write_text(text)
        (package.directory / shop / "static/index.html").write_text(f"<b>{text}")
        freeze(site(shop, tree=tree), tmp_path / "o", codings=["gzip"])
        done = publish(FrozenTree(tmp_path / "o"), target)
    after = there(target)
    assert (done.moved, missing(after), after["current"].decode().strip()) == (True, [], done.release)
    assert publish(FrozenTree(tmp_path / "o"), target).sent == 0
    assert there(target) == after
    for _ in range(2):
        emptied = collect_at(target, keep=1, younger=0.0, grace=0.0)
    left = there(target)
    kept = [key for key in left if key.startswith("generations/") and key.endswith(".json")]
    assert (missing(left), len(kept), emptied.releases < 3) == ([], emptied.releases, True)
    assert {key for key in left if not key.startswith("gc/")} < set(after)


@pytest.mark.whole
def test_what_is_here_is_served_while_the_bucket_is_gone_and_the_rest_when_it_is_back(
    moto, tmp_path, monkeypatch, caplog
):
    hosts = []
    for colour in ("red", "blue"):
        write_tree(tmp_path / colour, {"a.css": colour, "b.css": f"{colour}{{}}"})
        registry = AssetRegistry()
        registry.add_static_view("static", str(tmp_path / colour))
        registry.add_content_store(tmp_path / f"{colour}-store", url=moto.url, endpoint=moto.endpoint)
        registry.add_cache_buster(str(tmp_path / colour), TreeCacheBuster(former="stored"))
        url = registry.static_path(f"{tmp_path}/{colour}/a.css")
        hosts.append((StaticApp(registry), url))
    (_, red), (new, blue) = hosts

    def get(path):
        said = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": ""}
        body = b"".join(new(environ, lambda status, headers: said.append((status[:3], dict(headers)["Cache-Control"]))))
        return (*said[0], body)

    forever = "public, max-age=31536000, immutable"
    assert get(red) == ("200", forever, b"red")
    moto.end()
    assert get(red) == ("200", forever, b"red")
    assert get(blue) == ("200", forever, b"blue")
    other = red.replace("a.css", "b.css")
    assert get(other)[:2] == ("503", "no-store")
    assert get(red)[0] == "200"
    again = Moto(moto.port)
    try:
        monkeypatch.setattr(breakers.time, "monotonic", lambda real=time.monotonic: real() + 60)
        assert get(other) == ("200", forever, b"red{}")
        assert caplog.text.count("the store of contents cannot be reached, what is here is served") == 1
    finally:
        again.end()
        moto.server = again.server
