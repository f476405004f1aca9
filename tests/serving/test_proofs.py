"""What is sent was proven: one version whole, the one its name promises, under a validator that no other version has."""

import gzip
import hashlib
import os
import sys
import threading
import time

import pytest
from webob import Request

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp, StaticView
from assetzcml.resolving.digests import Digests
from assetzcml.serving import files, variants
from assetzcml.serving.files import FileBody, Truncated, fingerprint
from serving import clients
from serving.conftest import write

OLD = (1_700_000_000, 1_700_000_000)
FOREVER = "public, max-age=31536000, immutable"


def digest(data):
    return hashlib.sha256(data).hexdigest()[:12]


def site(root, buster=None, **settings):
    made = clients.registry(("static", root), **settings)
    made.add_cache_buster(str(root), buster or DigestCacheBuster())
    return made


def overwrite(path, data, times=OLD):
    """In place, as `cp --preserve` does: the same inode, and the time of the original."""
    with open(path, "r+b") as file:
        file.truncate(0)
        file.write(data)
    os.utime(path, times)


# Bytes.


@pytest.mark.parametrize("size", [50_000, 300_000, 1024 * 1024])
@pytest.mark.parametrize("bodies", [0, 32 << 20])
@pytest.mark.parametrize("others", [{}, {"wsgi.file_wrapper": lambda body: body}])
def test_a_digest_name_never_has_the_bytes_of_another_version(root, size, bodies, others, monkeypatch):
    path = write(root / "a.bin", b"a" * size)
    registry = site(root, buster=DigestCacheBuster(former="missing"))
    url = registry.static_path(f"{root}/a.bin")
    app = StaticApp(registry, bodies=bodies)
    clients.wsgi(app, url)  # it has been looked at
    app._desks.current.entries.ready[url].identity.body = None
    app._desks.current.entries.ready[url].identity.ready = None
    read = files.read

    def overwritten_meanwhile(descriptor, part):
        overwrite(path, b"b" * size)
        return read(descriptor, part)

    monkeypatch.setattr(files, "read", overwritten_meanwhile)
    answer = clients.wsgi(app, url, **others)
    assert (answer.status, answer.first("Cache-Control")) == (404, "no-store")


def test_a_first_look_is_proven_as_well(root, monkeypatch):
    path = write(root / "a.css", b"a" * 50_000)
    registry = site(root, buster=DigestCacheBuster(former="missing"))
    url = registry.static_path(f"{root}/a.css")
    read = files.read

    def overwritten_meanwhile(descriptor, part):
        if path.read_bytes()[:1] == b"a":
            overwrite(path, b"b" * 50_000)
        return read(descriptor, part)

    monkeypatch.setattr(files, "read", overwritten_meanwhile)
    assert clients.wsgi(StaticApp(registry), url).status == 404
    plain = clients.wsgi(StaticApp(registry), "/static/a.css")
    assert (plain.body, plain.first("ETag")) == (b"b" * 50_000, f'"{digest(b"b" * 50_000)}"')


@pytest.mark.parametrize("truncating", [True, False])
def test_what_is_overwritten_in_place_while_it_is_asked_for_is_one_version_whole(tmp_path, truncating):
    versions = [bytes([65 + number]) * 60_000 for number in range(2)]
    path = write(tmp_path / "root" / "a.css", versions[0])
    registry = site(path.parent, reload=True)
    names = ["/static/a.css", *(f"/static/a-{digest(each)}.css" for each in versions)]
    app = StaticApp(registry)
    wrong, answered, gaps, stopped = [], [], [0.0], threading.Event()

    def ask(name):
        while not stopped.is_set():
            answer = clients.wsgi(app, name)
            if answer.status == 200:
                answered.append(name)
                whole = answer.body in versions
                forever = answer.first("Cache-Control") == FOREVER
                if not whole or (forever and digest(answer.body) not in name):
                    wrong.append((name, answer.body[:1], answer.body[-1:], len(answer.body)))

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    try:
        for number in range(60):
            if truncating:
                emptied = time.monotonic()
                with open(path, "wb", buffering=0) as file:
                    file.write(versions[number % 2])
                    gaps.append(time.monotonic() - emptied)
            else:
                with open(path, "r+b") as file:
                    file.write(versions[number % 2])
            time.sleep(0.005)
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    # Where the machine was so busy that the file lay there empty for a while, that was a version.
    assert [each for each in wrong if each[3] or max(gaps) < 0.05] == []
    assert answered


def body_of(path, may_grow=False):
    descriptor = os.open(path, os.O_RDONLY)
    version = fingerprint(os.fstat(descriptor))
    return FileBody(descriptor, range(version[2]), version, may_grow)


@pytest.mark.parametrize("change, is_whole", [
    (lambda path: overwrite(path, b"b" * 200_000), False),
    (lambda path: overwrite(path, b"b" * 200_001), False),
    (lambda path: os.truncate(path, 100), False),
    (lambda path: path.unlink(), True),
    (lambda path: os.replace(write(path.with_name("new"), b"new"), path), True),
    (lambda path: None, True),
])  # fmt: skip
@pytest.mark.parametrize("way", ["iterated", "read", "sent by the server"])
def test_a_large_body_whose_file_is_changed_while_it_is_sent_breaks_off(
    tmp_path, change, is_whole, way, descriptors, no_tick
):
    path = write(tmp_path / "a.bin", b"a" * 200_000)
    before = descriptors()
    body = body_of(path)
    sent = [] if way == "sent by the server" else [next(body)]
    change(path)

    def rest():
        if way == "iterated":
            sent.extend(body)
        elif way == "read":
            sent.append(body.read())
        body.close()

    if is_whole:
        rest()
        assert b"".join(sent) == b"a" * (200_000 if sent else 0)
    else:
        with pytest.raises(Truncated):
            rest()
    assert descriptors() == before


def test_a_log_that_grows_is_sent_to_its_announced_length(tmp_path, no_tick):
    path = write(tmp_path / "a.log", b"a" * 200_000)
    body = body_of(path, may_grow=True)
    sent = next(body)
    with open(path, "ab") as log:
        log.write(b"more")
    assert sent + b"".join(body) == b"a" * 200_000


def test_a_log_that_grows_while_it_is_looked_at_is_served(root, monkeypatch):
    path = write(root / "a.log", b"line\n" * 100)
    read = files.read

    def grown_meanwhile(descriptor, part):
        data = read(descriptor, part)
        with open(path, "ab") as log:
            log.write(b"line\n")
        return data

    monkeypatch.setattr(files, "read", grown_meanwhile)
    answer = clients.wsgi(StaticApp(clients.registry(("static", root))), "/static/a.log")
    assert answer.status == 200
    assert answer.body == b"line\n" * (len(answer.body) // 5)
    assert answer.first("ETag") == f'"{digest(answer.body)}"'


def test_what_never_comes_to_rest_is_an_error_of_the_moment(root, monkeypatch):
    monkeypatch.setattr("assetzcml.resolving.fingerprints.TICK", 10**9)
    path = write(root / "a.css", b"x" * 100)
    read, counted = files.read, iter(range(1000))

    def changed_meanwhile(descriptor, part):
        data = read(descriptor, part)
        overwrite(path, b"%03d" % next(counted) * 40)
        return data

    monkeypatch.setattr(files, "read", changed_meanwhile)
    assert clients.wsgi(StaticApp(clients.registry(("static", root))), "/static/a.css").status == 503


# Digests and validators.


def test_a_file_that_is_overwritten_with_its_old_time_has_a_new_url(root):
    path = write(root / "app.css", b"a{color:red}")
    registry = site(root, reload=True)
    old = registry.static_path(f"{root}/app.css")
    app = StaticApp(registry)
    assert clients.wsgi(app, old).first("Cache-Control") == FOREVER
    overwrite(path, b"a{color:tan}", (1_704_164_645, 1_704_164_645))
    assert clients.wsgi(app, old).first("Cache-Control") == "no-store"
    registry.add_static_view("another", str(root))  # the resolver looks anew
    new = registry.static_path(f"{root}/app.css")
    assert new != old
    assert clients.wsgi(app, new).body == b"a{color:tan}"


@pytest.mark.parametrize("stamp", [0, 1, 315532800, 315532801, 1_600_000_000])
@pytest.mark.parametrize("size", [12, 2 << 20])
def test_no_condition_on_an_old_version_holds_after_a_change_that_times_do_not_show(
    ask, root, monkeypatch, stamp, size
):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")

    def deploy(letter):
        os.replace(write(root / "new", letter * size, stamp), root / "a.css")

    deploy(b"r")
    registry = clients.registry(("static", root), reload=True)
    old = ask(registry, "/static/a.css")
    assert old.all("Last-Modified") == []
    etag, date = old.first("ETag"), "Thu, 01 Jan 2026 00:00:00 GMT"
    assert ask(registry, "/static/a.css", headers={"If-None-Match": etag}).status == 304
    deploy(b"t")
    for headers, status in [
        ({"If-None-Match": etag}, 200),
        ({"If-Modified-Since": date}, 200),
        ({"If-Match": etag}, 412),
        ({"If-Range": etag, "Range": "bytes=0-7"}, 200),
        ({"If-Range": date, "Range": "bytes=0-7"}, 200),
    ]:
        assert ask(registry, "/static/a.css", headers=headers).status == status


def test_other_files_keep_their_date(ask, root):
    assert ask(clients.registry(("static", root)), "/static/app.css").all("Last-Modified") != []


def test_two_installations_of_one_file_have_equal_tags(ask, tmp_path, no_tick):
    tags, coded = [], gzip.compress(b"body {}", mtime=0)
    for number in range(2):
        root = tmp_path / str(number)
        write(root / "app.css", b"body {}", 1_704_164_645 + number)
        write(root / "app.css.gz", coded, 1_704_164_645 + number)
        registry = clients.registry(("static", root, {"content_encodings": ("gzip",)}))
        registry.add_cache_buster(str(root), DigestCacheBuster())
        urls = "/static/app.css", registry.static_path(f"{root}/app.css")
        codings = {}, {"Accept-Encoding": "gzip"}
        tags.append([ask(registry, url, headers=coding).first("ETag") for url in urls for coding in codings])
    assert tags[0] == tags[1]
    assert tags[0] == [f'"{digest(b"body {}")}"', f'"{digest(coded)}-gzip"'] * 2


@pytest.mark.parametrize("limit, by_content", [(10, False), ("10", False), (11, True), ("nonsense", True), (0, False)])
def test_the_setting_says_how_large_a_file_may_be_that_is_read_for_its_tag(ask, root, limit, by_content):
    write(root / "a.txt", b"eleven byte")
    registry = clients.registry(("static", root), etag_limit=limit)
    tag = ask(registry, "/static/a.txt").first("ETag")
    assert (tag == f'"{digest(b"eleven byte")}"') == by_content


def test_a_large_asset_has_the_digest_of_its_url_for_a_tag_whatever_is_kept(ask, root):
    data = bytes(range(256)) * 8192
    write(root / "large.bin", data)
    registry = site(root)
    url = registry.static_path(f"{root}/large.bin")
    for _ in range(2):
        assert ask(registry, url).first("ETag") == f'"{digest(data)}"'
        assert ask(registry, "/static/large.bin").first("ETag").count("-") == 3


def test_a_file_is_read_once_a_version_for_its_tag(root, monkeypatch):
    counted = []
    real = variants.read_version
    monkeypatch.setattr(variants, "read_version", lambda *arguments: counted.append(1) or real(*arguments))
    app = StaticApp(clients.registry(("static", root), reload=True))
    for method in ("HEAD", "GET", "HEAD", "GET"):
        etag = clients.wsgi(app, "/static/app.css", method).first("ETag")
        clients.wsgi(app, "/static/app.css", headers={"If-None-Match": etag})
    assert len(counted) == 1


# A snapshot.


def test_a_view_that_was_declared_before_a_request_began_is_seen_by_it_after_any_interleaving(root):
    """Another thread asks and declares at each line in turn that a renewal takes."""
    modules = ("wsgi.py", "sites.py")
    names = [f"v{number}" for number in range(1000)]

    def fallback(environ, start_response):
        start_response("404 Not Found", [])
        return [b"fallback"]

    for nth in range(1000):
        registry = AssetRegistry()
        registry.add_static_view("first", str(root))
        app = StaticApp(registry, fallback)
        clients.wsgi(app, "/first/app.css")
        registry.add_static_view("one", str(root))
        seen, wrong = [], []

        def elsewhere(registry=registry, app=app, seen=seen, wrong=wrong, nth=nth):
            def run():
                for name in ("one", names[nth]):
                    if name != "one":
                        registry.add_static_view(name, str(root))
                    if clients.wsgi(app, f"/{name}/app.css").status != 200:
                        wrong.append(name)

            thread = threading.Thread(target=run)
            thread.start()
            thread.join()

        def trace(frame, event, argument, seen=seen, nth=nth, elsewhere=elsewhere):
            if frame.f_code.co_filename.endswith(modules):
                if event == "line":
                    seen.append(frame.f_lineno)
                    if len(seen) == nth:
                        sys.settrace(None)
                        elsewhere()
                        sys.settrace(trace)
                return trace
            return None

        sys.settrace(trace)
        try:
            status = clients.wsgi(app, "/one/app.css").status
        finally:
            sys.settrace(None)
        assert (status, wrong) == (200, [])
        for name in ("first", "one", *names[nth : nth + 1]):
            if name in ("first", "one") or len(seen) >= nth > 0:
                assert clients.wsgi(app, f"/{name}/app.css").status == 200
        if len(seen) < nth:
            return
    pytest.fail("a request has more lines than were tried")


def test_a_call_that_began_before_an_override_leaves_nothing_for_calls_after_it(package, tmp_path):
    name = package({"static/x.css": "old"})
    source = write(tmp_path / "theme" / "x.css", b"new").parent
    registry = AssetRegistry()

    class Declaring(StaticView):
        told = False

        def _key(self, request):
            if not self.told:
                self.told = True
                registry.override_asset(f"{name}:static/", f"{source}/")
                assert self(request).body == b"new"
            return super()._key(request)

    view = Declaring(f"{name}:static", registry)
    view(Request.blank("/x.css"))
    assert view(Request.blank("/x.css")).body == b"new"


def test_a_fifo_that_takes_the_place_of_a_file_after_the_look_is_not_waited_for(root, monkeypatch):
    registry = clients.registry(("static", root))
    registry.add_cache_buster(str(root), DigestCacheBuster())
    path, real = root / "app.css", Digests._read

    def exchanged(self, found, *arguments):
        path.unlink()
        os.mkfifo(path)
        return real(self, found, *arguments)

    monkeypatch.setattr(Digests, "_read", exchanged)
    assert clients.ask_wsgi(registry, "/static/app-000000000000.css").status == 404
    with pytest.raises(OSError, match="it is not a regular file"):
        registry.resolve(f"{root}/app.css").open()
