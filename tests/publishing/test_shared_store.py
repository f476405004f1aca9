"""A store of contents for many hosts: what each keeps of it, and what is answered when it is gone, lies, or is collected."""

import hashlib
import os
import time

import pytest
from click.testing import CliRunner
from memory import Shared
from other_servers import every_service

from assetzcml import AssetRegistry, ConfigurationError, StaticApp, TreeCacheBuster
from assetzcml.asgi import StaticApp as ASGIStaticApp
from assetzcml.cli import main
from assetzcml.interfaces import IDestinationScheme
from assetzcml.publishing.storing import store
from assetzcml.resolving import mirrors
from assetzcml.resolving.mirrors import Mirror, Unreachable
from assetzcml.resolving.objects import Objects
from documents import document, write_tree
from serving.clients import asgi


@pytest.fixture
def shared():
    made = Shared()
    made.now = time.time()
    return made


@pytest.fixture
def release(tmp_path, shared):
    """Makes a host that serves a release whose sheet is of this text: its registry, its application, and the URL."""
    hosts = iter(range(100))

    def make(text, permission=None, **options):
        host = tmp_path / f"host{next(hosts)}"
        write_tree(host / "root", {"a.css": text, "same.css": "same"})
        registry = AssetRegistry()
        registry.registerUtility(lambda url, endpoint=None: shared, IDestinationScheme, "mem")
        if permission:
            registry.add_permission_policy(Somebody())
        registry.add_static_view("static", str(host / "root"), permission=permission)
        registry.add_content_store(host / "store", url="mem://bucket", **options)
        registry.add_cache_buster(str(host / "root"), TreeCacheBuster(former="stored"))
        registry.place = host / "store"
        return registry, StaticApp(registry), registry.static_path(f"{host}/root/a.css")

    return make


class Somebody:
    def permits(self, request, context, permission):
        return request.remote_user == "bob"


def get(application, path, user=None):
    """Status, Cache-Control, Retry-After, body."""
    said = []

    def start_response(status, headers):
        headers = dict(headers)
        said.extend([int(status[:3]), headers.get("Cache-Control"), headers.get("Retry-After")])

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": ""}
    body = b"".join(application(environ | ({"REMOTE_USER": user} if user else {}), start_response))
    return (*said, body)


FOREVER = "public, max-age=31536000, immutable"


def test_a_host_answers_what_another_has_stored(release):
    _, old, url = release("red")
    _, new, other = release("blue")
    assert get(new, url) == (200, FOREVER, None, b"red")
    assert get(old, other) == (200, FOREVER, None, b"blue")


def test_what_was_asked_for_is_here_and_is_served_when_the_bucket_is_gone_and_the_rest_is_503(
    release, shared, monkeypatch
):
    _, _, url = release("red")
    _, new, own = release("blue")
    assert get(new, url)[3] == b"red"
    shared.gone = True
    assert get(new, url)[3] == b"red"
    assert get(new, own)[3] == b"blue"
    monkeypatch.setattr(mirrors.time, "monotonic", lambda real=time.monotonic: real() + 60)
    status, caching, again, _ = get(new, f"/static/~{'0' * 12}/a.css")
    assert (status, caching, again is not None) == (503, "no-store", True)


def test_an_object_that_is_only_there_is_503_while_the_bucket_is_gone(release, shared, monkeypatch):
    _, _, url = release("red")
    _, new, _ = release("blue")
    assert get(new, url.replace("a.css", "same.css"))[0] == 200  # so the manifest is here, and not the sheet
    shared.gone = True
    assert get(new, url)[:2] == (503, "no-store")
    shared.calls.clear()
    assert get(new, url)[:2] == (503, "no-store")
    assert shared.calls == []  # nothing is asked for a while
    shared.gone = False
    monkeypatch.setattr(mirrors.time, "monotonic", lambda real=time.monotonic: real() + 60)
    assert get(new, url)[3] == b"red"


def test_what_has_not_the_digest_that_is_its_name_is_never_served(release, shared, caplog):
    _, _, url = release("red")
    _, new, _ = release("blue")
    digest = hashlib.sha256(b"red").hexdigest()
    shared.objects[f"objects/{digest[:2]}/{digest[2:]}"] = b"evil", {}
    assert get(new, url)[1:] == ("no-store", None, b"blue")
    assert "has not the digest" in caplog.text
    assert b"evil" not in b"".join(path.read_bytes() for path in new.registry.place.rglob("*") if path.is_file())


def test_what_was_broken_here_is_fetched_again(release):
    _, _, url = release("red")
    registry, new, _ = release("blue")
    assert get(new, url)[3] == b"red"
    path = Objects(registry.place).path(hashlib.sha256(b"red").hexdigest())
    os.chmod(path, 0o644)
    with open(path, "wb") as stream:
        stream.write(b"bad")
    assert get(new, url)[3] == b"red"


def test_what_is_protected_goes_to_who_may_read_it_only(release):
    _, _, url = release("red", permission="view")
    _, new, _ = release("blue", permission="view")
    assert get(new, url)[0] == 403
    assert get(new, url, "bob")[3] == b"red"
    _, public, _ = release("green")
    assert get(public, url, "bob")[3] == b"green"  # was protected, and is not now: nobody gets the old bytes


def test_in_an_event_loop_another_thread_asks_the_bucket(release, shared):
    _, _, url = release("red")
    registry, _, _ = release("blue")
    shared.calls.clear()
    answer = asgi(ASGIStaticApp(registry), url)
    assert (answer.status, answer.body) == (200, b"red")
    assert shared.calls


def test_a_start_that_finds_its_release_there_costs_one_look(release, shared):
    registry, _, _ = release("red")
    shared.calls.clear()
    store(registry, anew=False)
    assert [verb for verb, _ in shared.calls] == ["look"]


def test_contents_are_sent_before_the_manifest_and_created_only(release, shared):
    release("red")
    verbs = [(verb, key.partition("/")[0]) for verb, key in shared.calls if verb in ("create", "put")]
    assert verbs == [("create", "objects")] * 2 + [("put", "generations")]
    shared.calls.clear()
    release("blue")
    assert [key.partition("/")[0] for verb, key in shared.calls if verb == "create"] == ["objects"]  # "same" is there


def test_a_start_without_the_bucket_serves_and_says_so(release, shared, caplog):
    shared.gone = True
    _, application, url = release("red")
    assert get(application, url) == (200, FOREVER, None, b"red")
    assert "the release is not in the store of contents: mem://: it is gone" in caplog.text


def test_at_most_so_many_bytes_are_kept_here_and_what_was_used_last_stays(tmp_path, shared, monkeypatch):
    contents = [bytes([number]) * 100 for number in range(10)]
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    for digest, content in zip(digests, contents, strict=True):
        shared.objects[f"objects/{digest[:2]}/{digest[2:]}"] = content, {}
    monkeypatch.setattr(mirrors, "SPARED", -1.0)
    mirror = Mirror(str(tmp_path / "local"), lambda: shared, 500)
    for digest in digests:
        mirror.used(digests[0])
        assert mirror.fetch(digest)
        here = set(mirror.objects.digests())
        assert {digest, digests[0]} <= here
        assert len(here) <= 5


@pytest.mark.whole
@every_service
def test_whatever_an_object_store_does_to_a_request_no_other_bytes_are_kept_and_it_heals(
    service, tmp_path, monkeypatch
):
    def host(text, **more):
        name = f"host{len(os.listdir(tmp_path))}"
        write_tree(tmp_path / name / "root", {"a.css": text, **more})
        registry = AssetRegistry()
        registry.add_static_view("static", str(tmp_path / name / "root"))
        registry.add_content_store(tmp_path / name / "store", url=service.url, endpoint=service.endpoint)
        registry.add_cache_buster(str(tmp_path / name / "root"), TreeCacheBuster(former="stored"))
        return StaticApp(registry), registry.static_path(f"{tmp_path}/{name}/root/a.css")

    passed = [0.0]
    monkeypatch.setattr(mirrors.time, "monotonic", lambda real=time.monotonic: real() + passed[0])
    _, url = host("red")
    told = []
    for number, fault in enumerate([403, 404, 500, 503, "reset", "cut", "truncate", "tag", "late"] * 3):
        new, own = host("blue")
        service.again(faults=lambda count, method, key, at=number // 9 + 1, now=fault: now if count >= at else None)
        answer = get(new, url)
        told.append(answer[0])
        assert answer[1:] in [(FOREVER, None, b"red"), ("no-store", answer[2], answer[3])], (fault, answer)
        assert get(new, own)[::3] == (200, b"blue")
        service.again(faults=lambda count, method, key: None)
        passed[0] += 60
        assert get(new, url) == (200, FOREVER, None, b"red"), fault
    assert {200, 503} <= set(told)


def test_what_nobody_has_is_not_a_failure(tmp_path, shared):
    mirror = Mirror(str(tmp_path / "local"), lambda: shared, 500)
    assert mirror.fetch("0" * 64) is False
    shared.gone = True
    with pytest.raises(Unreachable):
        mirror.fetch("0" * 64)


def test_the_commands_write_to_a_shared_store_and_collect_it(tmp_path):
    write_tree(tmp_path / "root", {"a.css": "red"})
    config = tmp_path / "site.zcml"
    config.write_text(
        document(
            f'<staticView name="static" path="{tmp_path}/root"/>'
            f'<contentStore url="file://{tmp_path}/bucket" directory="{tmp_path}/local" local="2MB"/>'
            f'<cacheBuster path="{tmp_path}/root" tree="sha256" former="stored"/>'
        )
    )
    run = CliRunner().invoke(main, ["store", str(config)])
    assert (run.exit_code, run.output.startswith("stored: release")) == (0, True), run.output
    assert sorted(os.listdir(tmp_path / "bucket")) == ["generations", "lock", "objects", "tmp"]
    run = CliRunner().invoke(main, ["gc", str(config)])
    assert run.output.startswith("0 releases and 0 objects removed, 0 bytes; 1 releases and 2 objects kept"), run.output
    run = CliRunner().invoke(main, ["list", str(config), "stores"])
    assert "here in" in run.output, run.output


@pytest.mark.parametrize(
    "options, told",
    [
        ({"url": "s3://user:s3cr3t@bucket/x"}, "credentials are those of the environment"),
        ({"url": "bucket"}, "is not the URL of a bucket"),
        ({"url": "s3://b", "local": "much"}, "'much' is no number of bytes"),
        ({"url": "s3://b", "endpoint": "127.0.0.1"}, "is not the address of a service"),
    ],
)
def test_what_is_no_shared_store_is_refused(options, told, tmp_path):
    with pytest.raises(ConfigurationError) as error:
        AssetRegistry().add_content_store(tmp_path, **options)
    assert told in str(error.value)
