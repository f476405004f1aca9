"""A version of a tree in a URL: what answers it, with which bytes, and for how long these may be kept."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import time
from time import monotonic

import clients
import pytest

from assetzcml import AssetRegistry, ConfigurationWarning, DigestCacheBuster, TreeCacheBuster
from assetzcml.serving.publication import Publication
from sizes import size

FOREVER = "public, max-age=31536000, immutable"
HOUR = "public, max-age=3600"
OLD = 1_700_000_000
OTHER = "~000000000000"


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data)
    os.utime(path, (OLD, OLD))


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    for name, data in {"app.css": "a{}", "css/deep.css": "d{}", "docs/index.html": "<p>", "private/x.css": "x"}.items():
        write(root / name, data)
    return root


@pytest.fixture
def made(root):
    return registry_of(root)


def registry_of(root, name="static", buster=None, **options):
    registry = clients.registry((name, root, options))
    registry.add_cache_buster(str(root), buster or TreeCacheBuster())
    return registry


def told(answer):
    return answer.status, answer.first("Cache-Control")


def test_an_asset_under_the_version_of_its_tree_is_kept_for_ever(ask, made, root):
    url = made.static_path(f"{root}/css/deep.css")
    answer = ask(made, url)
    assert (answer.body, told(answer)) == (b"d{}", (200, FOREVER))
    assert answer.first("ETag") == f'"{hashlib.sha256(b"d{}").hexdigest()[:12]}"'
    assert told(ask(made, "/static/css/deep.css")) == (200, HOUR)


def test_a_relative_reference_keeps_the_version(ask, made, root):
    page = made.static_path(f"{root}/css/deep.css")
    reference = page.rpartition("/css/")[0] + "/app.css"  # what '../app.css' means there
    assert reference == made.static_path(f"{root}/app.css")
    assert told(ask(made, reference)) == (200, FOREVER)


@pytest.mark.parametrize(
    "path, expected",
    [
        (f"{OTHER}/app.css", (200, "no-store")),
        (f"{OTHER}/none.css", (404, "no-store")),
        (f"{OTHER}/{OTHER}/app.css", (404, "no-store")),
        ("~00000000000/app.css", (404, None)),  # other names with a tilde are names
        ("~00000000000G/app.css", (404, None)),
        ("~0000000000000/app.css", (404, None)),
        (f"{OTHER}/../app.css", (404, None)),
        (f"{OTHER}/view.py", (404, None)),
        (f"css/{OTHER}/deep.css", (404, None)),  # directly behind the name, and nowhere else
    ],
)
def test_what_else_such_a_segment_leads_to(ask, made, path, expected):
    assert told(ask(made, f"/static/{path}")) == expected


def test_a_directory_with_an_index_is_where_it_is_under_the_version_too(ask, made, root):
    url = made.static_path(f"{root}/docs/")
    assert told(ask(made, url)) == (200, FOREVER)
    answer = ask(made, url.rstrip("/"))
    assert (answer.status, answer.first("Location")) == (301, "docs/")


def test_a_file_that_really_begins_with_such_a_segment_wins(ask, root):
    write(root / OTHER / "app.css", "mine")
    with pytest.warns(ConfigurationWarning, match="is named like a version"):
        made = registry_of(root)
    answer = ask(made, f"/static/{OTHER}/app.css")
    assert (answer.body, told(answer)) == (b"mine", (200, HOUR))


def test_behind_the_segment_a_view_with_a_longer_name_is_asked_for_its_permission(ask, root):
    policy = clients.Policy(False)
    made = clients.registry(
        ("static", root), ("static/private", root / "private", {"permission": "see"}), policy=policy
    )
    made.add_cache_buster(str(root), TreeCacheBuster())
    version = made.static_path(f"{root}/app.css").split("/")[2]
    for segment in (version, OTHER):
        assert ask(made, f"/static/{segment}/private/x.css").status == 403
        assert ask(made, f"/static/{segment}/private/none.css").status == 403
    policy.rule = True
    answer = ask(made, f"/static/{version}/private/x.css")
    assert (answer.body, answer.first("Cache-Control").split(",")[0]) == (b"x", "private")


def test_a_protected_asset_is_kept_for_ever_by_one_client_alone(ask, root):
    made = clients.registry(("static", root, {"permission": "see"}), policy=clients.Policy(True))
    made.add_cache_buster(str(root), TreeCacheBuster())
    assert told(ask(made, made.static_path(f"{root}/app.css"))) == (200, "private, max-age=31536000, immutable")


def test_the_version_of_another_tree_is_as_the_plain_name(ask, root):
    made = registry_of(root)
    made.add_cache_buster(f"{root}/css", TreeCacheBuster(former="missing"))
    version = made.static_path(f"{root}/app.css").split("/")[2]
    assert made.static_path(f"{root}/css/deep.css").split("/")[2] != version
    assert told(ask(made, f"/static/{version}/css/deep.css")) == (200, HOUR)


def test_a_digest_behind_a_version_is_judged_by_itself(ask, root):
    made = registry_of(root)
    made.add_cache_buster(f"{root}/css", DigestCacheBuster(former="missing"))
    digest = made.static_path(f"{root}/css/deep.css").rpartition("/")[2]
    assert told(ask(made, f"/static/{OTHER}/css/{digest}")) == (200, FOREVER)
    assert told(ask(made, f"/static/{OTHER}/css/deep-000000000000.css")) == (404, "no-store")


def test_a_huge_file_is_as_under_its_plain_name(ask, root):
    made = registry_of(root)
    made.settings["tree_file_limit"] = 2
    assert told(ask(made, made.static_path(f"{root}/app.css"))) == (200, HOUR)


def test_bytes_that_are_not_those_counted_are_never_kept(ask, made, root):
    url = made.static_path(f"{root}/app.css")
    write(root / "app.css", "b{} /* another size */")
    answer = ask(made, url)
    assert (answer.body, told(answer)) == (b"b{} /* another size */", (200, "no-store"))


@pytest.mark.parametrize("version", ["current", OTHER])
def test_that_a_file_cannot_be_read_is_not_kept_under_a_version(ask, made, root, monkeypatch, version):
    url = made.static_path(f"{root}/app.css")
    real = os.open

    def closed(path, *arguments, **options):
        if str(path).endswith("app.css"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", closed)
    path = url if version == "current" else f"/static/{version}/app.css"
    assert told(ask(made, path)) == (404, "no-store")


def test_below_the_root_view_what_is_not_there_is_the_applications(root):
    made = registry_of(root, name="")
    version = made.static_path(f"{root}/app.css").split("/")[1]

    def fallback(environ, start_response):
        start_response("418 I'm a teapot", [])
        return [b"page"]

    application = clients.WSGIApp(made, fallback)
    assert told(clients.wsgi(application, f"/{version}/app.css")) == (200, FOREVER)
    assert clients.wsgi(application, f"/{version}/none.css").status == 418
    assert clients.wsgi(application, f"/{OTHER}/app.css").status == 200


@pytest.mark.sized
def test_a_flood_of_made_up_versions_leaves_nothing_and_one_line(made, caplog):
    caplog.set_level("INFO", "assetzcml")
    application, began = clients.WSGIApp(made), monotonic()
    for number in range(size(100_000, 3_000)):
        assert clients.wsgi(application, f"/static/~{number:012x}/app.css").status == 200
    assert len(application._desks.current.entries.ready) == 0
    lines = [record.getMessage() for record in caplog.records if "another version" in record.getMessage()]
    assert lines[0] == "static view 'static': 1 requests for another version of an asset"
    assert len(lines) <= 1 + (monotonic() - began) // 60  # a slow machine takes minutes, each of which has one


def test_a_static_file_keeps_its_name(root):
    made = AssetRegistry()
    made.add_static_file("favicon.ico", f"{root}/app.css")
    made.add_cache_buster(str(root), TreeCacheBuster())
    assert made.static_path(f"{root}/app.css") == "/favicon.ico"


# A cache buster of one's own that undoes itself.


class InFront:
    """A version before the path."""

    def __call__(self, request, subpath, kw):
        return f"v1/{subpath}", kw

    def strip(self, subpath):
        return (subpath.removeprefix("v1/"), "v1") if subpath.startswith("v1/") else None


def test_what_a_buster_of_ones_own_puts_in_is_taken_off_again(ask, root):
    made = registry_of(root, buster=InFront())
    url = made.static_path(f"{root}/css/deep.css")
    assert url == "/static/v1/css/deep.css"
    answer = ask(made, url)
    assert (answer.body, told(answer)) == (b"d{}", (200, HOUR))
    assert ask(made, "/static/v2/css/deep.css").status == 404


def test_what_is_left_is_routed_anew_and_a_real_name_wins(ask, root):
    made = clients.registry(
        ("static", root), ("static/private", root / "private", {"permission": "see"}), policy=clients.Policy(False)
    )
    made.add_cache_buster(str(root), InFront())
    assert ask(made, "/static/v1/private/x.css").status == 403
    write(root / "v1/app.css", "really")
    assert ask(made, "/static/v1/app.css").body == b"really"


@pytest.mark.parametrize(
    "answer", [LookupError("no"), "text", (1, 2), ("../app.css", "v"), ("/app.css", "v"), ("", "v")]
)
def test_a_strip_that_fails_or_leads_out_is_a_404(ask, root, caplog, answer):
    class Odd(InFront):
        def strip(self, subpath):
            if isinstance(answer, Exception):
                raise answer
            return answer

    assert ask(registry_of(root, buster=Odd()), "/static/v1/app.css").status == 404


def test_a_path_without_a_tilde_asks_no_tree(made, monkeypatch, root):
    monkeypatch.setattr(Publication, "_really", lambda *arguments: 1 / 0)
    monkeypatch.setattr(TreeCacheBuster, "tree", lambda buster: 1 / 0)
    assert told(clients.wsgi(clients.WSGIApp(made), "/static/app.css")) == (200, HOUR)


# What lies beside an asset, compressed.


@pytest.mark.parametrize(
    "variant, coding",
    [
        (gzip.compress(b"a{}" * 50, mtime=0), "gzip"),
        (gzip.compress(b"b{}" * 50, mtime=0), None),  # of other bytes: it was left from a release before
        (gzip.compress(b"a{}" * 51, mtime=0), None),
        (b"no gzip", None),
    ],
)
@pytest.mark.parametrize("buster", [TreeCacheBuster, DigestCacheBuster])
def test_a_variant_is_kept_for_ever_when_it_decodes_to_the_very_bytes(ask, root, buster, variant, coding):
    write(root / "app.css", "a{}" * 50)
    (root / "app.css.gz").write_bytes(variant)
    made = registry_of(root, buster=buster(), content_encodings=("gzip",))
    answer = ask(made, made.static_path(f"{root}/app.css"), headers={"Accept-Encoding": "gzip"})
    assert (answer.first("Content-Encoding"), told(answer)) == (coding, (200, FOREVER))


# A tree that is copied over while several processes count it.

WORKER = """
import hashlib, json, sys, time
from webob import Request
from assetzcml import AssetRegistry, StaticApp, TreeCacheBuster
root, until = sys.argv[1], time.time() + float(sys.argv[2])
registry = AssetRegistry()
registry.add_static_view("static", root)
registry.add_cache_buster(root, TreeCacheBuster())
application, known, seen = StaticApp(registry), [], set()
while time.time() < until:
    for name in ("0.css", "7.css", "19.css"):
        url = registry.static_path(f"{root}/{name}")
        known = [url] + [each for each in known if each != url][:9]  # pages of a while ago are asked for, too
        for each in known:
            answer = Request.blank(each).get_response(application)
            kept = "immutable" in answer.headers["Cache-Control"]
            seen.add((each, answer.status_int, kept, hashlib.sha256(answer.body).hexdigest() if kept else ""))
print(json.dumps(sorted(seen)))
"""


@pytest.mark.whole
@pytest.mark.sized
def test_while_a_deploy_copies_over_a_tree_no_process_keeps_wrong_bytes_and_none_has_nothing(tmp_path):
    root, seconds = tmp_path / "root", size(10, 3)
    for number in range(20):
        write(root / f"{number}.css", "before")
    command = [sys.executable, "-c", WORKER, str(root), str(seconds)]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(3)
    ]
    copies = 0
    while workers[0].poll() is None:
        (root / f"{copies % 20}.css").write_text(f"release {copies}" * 50)  # as `cp` does: in place
        copies += 1
        time.sleep(0.01)  # no disk copies faster than that for long
    answers = [tuple(each) for worker in workers for each in json.loads(worker.communicate()[0])]
    assert [worker.returncode for worker in workers] == [0] * 3
    assert {status for _, status, *_ in answers} <= {200, 503}  # 503: three readings, and each time it had changed
    assert {status for _, status, immutable, _ in answers if immutable} == {200}
    kept = {}
    for url, _, immutable, digest in answers:
        if immutable:
            kept.setdefault(url, set()).add(digest)
    assert [url for url, digests in kept.items() if len(digests) > 1] == []
    assert copies > 20
