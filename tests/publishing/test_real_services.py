"""The stories of publishing and of a store of many hosts against services that others have written, where they can be had."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import itertools
import logging
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from frozen_site import FILES, TEXT, site
from memory import missing

from assetzcml import AssetRegistry, StaticApp, TreeCacheBuster
from assetzcml.publishing.collecting import collect_at
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.plans import planned
from assetzcml.publishing.publish import Overtaken, publish
from assetzcml.resolving import breakers
from assetzcml.resolving.buckets import Bucket
from assetzcml.resolving.destinations import Failed
from documents import write_tree
from npm import installed
from test_deploying import free_port, running

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


class Faulty(BaseHTTPRequestHandler):
    """Passes requests on, but for those that *faults* has something for, by their number."""

    protocol_version = "HTTP/1.1"

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.count += 1
            fault = self.server.faults.pop(self.server.count, None)
            self.server.seen.append((self.command, self.path))
        if fault == "reset":
            self.close_connection = True
            self.connection.close()
            return
        if isinstance(fault, int):
            self.send_response(fault)
            text = f"<Error><Code>E{fault}</Code><Message>no</Message></Error>".encode()
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=30)
        behind.request(self.command, self.path, body, dict(self.headers.items()))
        answer = behind.getresponse()
        data = answer.read()
        behind.close()
        if fault == "lost":  # it was done, and nobody is told
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(key, value)
        size = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", size)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815

    def log_message(self, *arguments):
        pass


@pytest.fixture
def bucket(moto):
    """A bucket of its own behind a way with faults: the server in between, and what makes a target of it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
    server.daemon_threads = True
    server.behind, server.lock, server.faults, server.count, server.seen = moto.port, threading.Lock(), {}, 0, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url, server.endpoint = moto.url, f"http://127.0.0.1:{server.server_port}"
    server.target = lambda: Bucket(server.url, server.endpoint)
    yield server
    server.shutdown()
    server.server_close()


def in_bucket(bucket):
    target = bucket.target()
    return {key: target.read(key) for key in target.listing()}


@pytest.mark.whole
def test_a_bucket_gets_all_and_the_second_run_asks_for_one_listing(tree, bucket):
    publish(tree, bucket.target())
    assert missing(in_bucket(bucket)) == []
    bucket.seen.clear()
    done = publish(tree, bucket.target())
    assert (done.sent, [method for method, _ in bucket.seen]) == (0, ["GET"])
    assert planned(tree, bucket.target()).empty
    assert (
        in_bucket(bucket)["static/empty.txt".replace("empty", f"empty-{hashlib.sha256(b'').hexdigest()[:12]}")] == b""
    )


@pytest.mark.whole
@pytest.mark.parametrize("fault", ["reset", "lost", 500, 503])
def test_what_passes_is_tried_again(tree, bucket, fault):
    bucket.faults = dict.fromkeys(range(2, 60, 7), fault)
    done = publish(tree, bucket.target(), jobs=2)
    assert (missing(in_bucket(bucket)), done.moved) == ([], True)


@pytest.mark.whole
@pytest.mark.parametrize("fault", [403, 400])
def test_what_does_not_pass_ends_the_run_and_the_next_one_makes_it_good(tree, bucket, fault):
    publish(tree, bucket.target())
    (tree.package / "static/a.css").write_text("c{}")
    (tree.package / "static/app.css").write_bytes(TEXT[:-2])
    tree.again()
    for number in 1, 2, 3, 4:
        bucket.faults, bucket.count = {number: fault}, 0
        with pytest.raises(Failed) as error:
            publish(tree, bucket.target(), jobs=1)
        assert "s3cr3t" not in str(error.value)
        assert missing(in_bucket(bucket)) == []
    bucket.faults = {}
    publish(tree, bucket.target())
    assert (missing(in_bucket(bucket)), in_bucket(bucket)["current"].decode().strip()) == ([], tree.current)


@pytest.mark.whole
def test_two_that_publish_at_once_send_the_same_and_one_pointer_moves(tree, bucket):
    outcomes = []

    def one():
        try:
            outcomes.append(publish(tree, bucket.target(), jobs=4).moved)
        except Overtaken:
            outcomes.append("overtaken")

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (missing(in_bucket(bucket)), True in outcomes) == ([], True)
