"""The WSGI application: which view, which fallback, what is kept, and what the server gets to send."""

import gc
import io
import os
import sys
import threading
import time
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.records.assets import StaticViewRecord, asset_spec
from assetzcml.serving import entries, sites
from assetzcml.serving.beginnings import MANY_BEGINNINGS, Beginnings
from assetzcml.serving.files import FileBody, Truncated
from assetzcml.serving.responses import Asked, decide
from assetzcml.serving.sites import Site
from assetzcml.serving.wsgi import StaticApp
from serving import clients
from serving.conftest import write
from tables import over


def fallback(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fallback " + environ["REQUEST_METHOD"].encode() + environ["wsgi.input"].read()]


@pytest.fixture
def clock(monkeypatch, no_tick):
    """A clock that stands still until it is moved: `clock.now` in seconds."""

    class Clock:
        now = 1000.0

    for module in ("assetzcml.serving.wsgi.monotonic", "assetzcml.serving.publication.time.monotonic"):
        monkeypatch.setattr(module, lambda: Clock.now)
    return Clock


# Which view.


@pytest.mark.parametrize(
    "path, view",
    [
        ("/static/x", "static"),
        ("/static", "static"),
        ("/static/", "static"),
        ("/static/admin/x", "static/admin"),
        ("/static/admin", "static/admin"),
        ("/static/adminx", "static"),
        ("/static/admin/deep/down/x", "static/admin/deep/down"),
        ("/static/admin/deep/x", "static/admin"),
        ("/static2/x", None),
        ("/stat", None),
        ("//static/x", None),
        ("static/x", None),
        ("", None),
        ("/", None),
        ("/caf\xc3\xa9/x", "café"),
    ],
)
def test_a_path_belongs_to_the_view_with_the_longest_name_by_segments(tmp_path, path, view):
    names = ["static", "static/admin", "static/admin/deep/down", "café"]
    site = Site(clients.registry(*((name, tmp_path) for name in names)).snapshot)
    found = site.route(path)
    assert (found and found[0].record.name) == view


def test_an_external_name_is_not_served(root):
    app = StaticApp(clients.registry(("https://cdn.example.com/static", root), ("//cdn/static", root)))
    assert clients.wsgi(app, "/static/app.css").status == 404


@given(
    names=st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join), max_size=5, unique=True),
    path=st.lists(st.sampled_from(["a", "b", "c", "", "d"]), max_size=5).map("/".join),
)
def test_routing_agrees_with_its_definition(names, path):
    path = f"/{path}"
    site = Site(clients.registry(*((name, "/nowhere") for name in names)).snapshot)
    fitting = [name for name in names if f"{path}/".startswith(f"/{name}/")]
    found = site.route(path)
    assert (found and found[0].record.name) == max(fitting, key=len, default=None)
    length, beginnings = site.beginnings
    if found is not None:
        assert path[:length] in beginnings


@given(texts=st.lists(st.text(min_size=1, max_size=3) | st.text("abc", min_size=1, max_size=9), max_size=400))
def test_every_text_has_one_of_few_beginnings_whether_they_came_together_or_one_by_one(texts):
    together, one_by_one = Beginnings.of(texts), Beginnings.of([])
    for text in texts:
        one_by_one = one_by_one.plus(text)
    for length, beginnings in (together, one_by_one):
        assert all(text[:length] in beginnings for text in texts)
        assert {*map(len, beginnings)} <= {length}
        assert len(beginnings) <= MANY_BEGINNINGS


def test_many_beginnings_are_shortened_until_they_are_few():
    texts = [f"/{number:04x}" for number in range(5000)]
    together, one_by_one = Beginnings.of(texts), Beginnings.of(texts[:1])
    for text in texts:
        one_by_one = one_by_one.plus(text)
    for length, beginnings in (together, one_by_one):
        assert len(beginnings) <= MANY_BEGINNINGS
        assert all(text[:length] in beginnings for text in texts)


# The fallback.


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/static/app.css", 200),
        ("GET", "/static/nothing", 404),
        ("POST", "/static/app.css", 405),
        ("GET", "/static/%ff", 400),
    ],
)
def test_under_its_name_a_view_answers_everything(root, method, path, status):
    answer = clients.wsgi(StaticApp(clients.registry(("static", root)), fallback), path, method)
    assert answer.status == status
    assert not answer.body.startswith(b"fallback")


@pytest.mark.parametrize("path", ["/", "", "/blog", "/staticx", "/stat", "//static/app.css", "/%ff", "/st%00"])
def test_what_belongs_to_no_view_goes_to_the_fallback_untouched(root, path):
    made = clients.registry(("static", root))
    asked = clients.environ(path, "POST", **{"wsgi.input": io.BytesIO(b" body")})
    before = dict(asked)
    assert clients.wsgi_answer(StaticApp(made, fallback), asked).body == b"fallback POST body"
    assert asked == before
    assert clients.wsgi(StaticApp(made), path).status == 404


@pytest.mark.parametrize(
    "method, path, with_fallback, without",
    [
        ("GET", "/app.css", 200, 200),
        ("HEAD", "/app.css", 200, 200),
        ("GET", "/", 200, 200),
        ("GET", "/docs", 301, 301),
        ("GET", "/bare/", None, 404),
        ("GET", "/nothing", None, 404),
        ("GET", "/.env", None, 404),
        ("GET", "/%ff", None, 400),
        ("POST", "/app.css", None, 405),
        ("POST", "/nothing", None, 405),
    ],
)
def test_the_root_view_answers_only_what_exists(root, method, path, with_fallback, without):
    made = clients.registry(("", root))
    answer = clients.wsgi(StaticApp(made, fallback), path, method)
    if with_fallback is None:
        assert answer.body == f"fallback {method}".encode()
    else:
        assert (answer.status, answer.body.startswith(b"fallback")) == (with_fallback, False)
    assert clients.wsgi(StaticApp(made), path, method).status == without


def test_the_root_view_asks_for_permission_only_where_there_is_something(root):
    policy = clients.Policy(False)
    app = StaticApp(clients.registry(("", root, {"permission": "view"}), policy=policy), fallback)
    assert clients.wsgi(app, "/nothing").body == b"fallback GET"
    assert policy.asked == []
    assert clients.wsgi(app, "/app.css").status == 403
    assert len(policy.asked) == 1


def test_the_root_view_is_behind_everything_more_specific(root):
    app = StaticApp(clients.registry(("", root), ("docs", f"{root}/bare")), fallback)
    assert clients.wsgi(app, "/docs/page.txt").status == 404
    assert clients.wsgi(app, "/docs/file.txt").body == b"file\n"
    assert clients.wsgi(app, "/digits.txt").body == b"0123456789"


# Below a prefix.


def test_a_redirect_stays_below_the_prefix_wherever_the_application_is_mounted(root):
    from urllib.parse import urljoin

    app = StaticApp(clients.registry(("static", root), ("", root)))
    for prefix in ("", "/app", "/deep/app"):
        for path in ("/static", "/static/docs", "/docs"):
            answer = clients.wsgi(app, path, script_name=prefix)
            assert (
                urljoin(f"http://localhost{prefix}{path}", answer.first("Location"))
                == f"http://localhost{prefix}{path}/"
            )
    assert clients.wsgi(app, "", script_name="/app").first("Location") == "app/"
    assert clients.wsgi(app, "").status == 200


def test_two_applications_under_two_prefixes_do_not_see_each_other(tmp_path):
    write(tmp_path / "one/a.txt", b"one")
    write(tmp_path / "two/a.txt", b"two")
    apps = {name: StaticApp(clients.registry(("static", tmp_path / name))) for name in ("one", "two")}
    for _ in range(2):
        for name, app in apps.items():
            assert clients.wsgi(app, "/static/a.txt", script_name=f"/{name}").body == name.encode()


# What is declared later.


def test_what_is_declared_later_holds_from_the_next_request_on(root, package):
    shop, theme = package({"static/a.txt": "shop's"}), package({"a.txt": "theme's"})
    made = clients.registry(("static", f"{shop}:static"))
    app = StaticApp(made, fallback)
    assert clients.wsgi(app, "/static/a.txt").body == b"shop's"
    made.override_asset(f"{shop}:static/a.txt", f"{theme}:a.txt")
    assert clients.wsgi(app, "/static/a.txt").body == b"theme's"
    assert clients.wsgi(app, "/other/digits.txt").body == b"fallback GET"
    made.add_static_view("other", str(root))
    assert clients.wsgi(app, "/other/digits.txt").body == b"0123456789"


# Freshness.

CHANGES = {
    "changed": lambda root: write(root / "app.css", b"changed", 1_704_170_000),
    "changed, as long and as old": lambda root: write(root / "app.css", b"body { color: white }\n"),
    "replaced": lambda root: os.replace(write(root / "new", b"replaced"), root / "app.css"),
    "touched": lambda root: os.utime(root / "app.css", (1_704_170_000, 1_704_170_000)),
    "removed": lambda root: (root / "app.css").unlink(),
    "a variant appears": lambda root: write(root / "app.css.gz", b"gzipped"),
    "unreadable": lambda root: ((root / "app.css").unlink(), os.mkfifo(root / "app.css")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("reload", [False, True])
def test_a_change_is_noticed_within_a_second_or_at_once(root, clock, change, reload):
    view = ("static", root, {"content_encodings": ("gzip",), "reload": reload})
    app = StaticApp(clients.registry(view))

    def answer():
        return clients.wsgi(app, "/static/app.css", headers={"Accept-Encoding": "gzip"})

    before = answer()
    time.sleep(0.03)  # two ticks of the clock that stamps changes
    change(root)
    if not reload:
        clock.now += 0.99
        assert answer() == before or answer().status in (200, 404)
        clock.now += 0.02
    after = answer()
    fresh = clients.wsgi(StaticApp(app.registry), "/static/app.css", headers={"Accept-Encoding": "gzip"})
    assert (after.status, after.headers, after.body) == (fresh.status, fresh.headers, fresh.body)
    assert (after.status, after.body, after.headers) != (before.status, before.body, before.headers)


def test_a_file_that_appears_in_a_stronger_layer_is_noticed_within_a_second(package, clock):
    shop, theme = package({"static/a.txt": "shop's"}), package({"static/other.txt": ""})
    made = clients.registry(("static", f"{shop}:static"), overrides=[(f"{shop}:static/", f"{theme}:static/")])
    app = StaticApp(made)
    assert clients.wsgi(app, "/static/a.txt").body == b"shop's"
    write(package.directory / theme / "static/a.txt", b"theme's")
    clock.now += 1.01
    assert clients.wsgi(app, "/static/a.txt").body == b"theme's"


def test_a_file_that_appears_is_there_at_once(root):
    app = StaticApp(clients.registry(("static", root)))
    assert clients.wsgi(app, "/static/later.txt").status == 404
    write(root / "later.txt", b"later")
    assert clients.wsgi(app, "/static/later.txt").body == b"later"


def test_within_a_second_no_system_call_is_made(root, clock, monkeypatch):
    app = StaticApp(clients.registry(("static", root)))
    first = clients.wsgi(app, "/static/app.css")

    def forbidden(*arguments, **options):
        raise AssertionError("a system call")

    with monkeypatch.context() as patch:
        for name in ("open", "stat", "lstat", "fstat"):
            patch.setattr(os, name, forbidden)
        for method, headers in (("HEAD", {}), ("GET", {"If-None-Match": "*"}), ("GET", {"Range": "bytes=1-2"})):
            clients.wsgi(app, "/static/app.css", method, headers)
        again = clients.wsgi(app, "/static/app.css")
    assert again.body == first.body


def test_what_was_written_a_moment_ago_is_not_kept(root, monkeypatch):
    monkeypatch.setattr("assetzcml.resolving.fingerprints.TICK", 1_000_000_000)
    app = StaticApp(clients.registry(("static", root)))
    for content in (b"one", b"two", b"six"):
        (root / "young.txt").write_bytes(content)
        os.utime(root / "young.txt", ns=(1, 1))
        assert clients.wsgi(app, "/static/young.txt").body == content


# What is kept.


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "br;q=0, gzip;q=0.1"}])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@over(
    "condition",
    [
        {},
        {"If-None-Match": "{etag}"},
        {"If-None-Match": '"other", {etag}'},
        {"If-None-Match": '"other"', "If-Modified-Since": "{date}"},
        {"If-Modified-Since": "{date}"},
        {"If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"},
        {"If-None-Match": "{etag}", "If-Match": '"other"'},
        {"If-None-Match": "{etag}", "If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"If-Modified-Since": "{date}", "If-Match": '"other"'},
        {"If-Modified-Since": "{date}", "Range": "bytes=0-1"},
        {"Range": "bytes=0-1"},
        {"Range": "bytes=0-1", "If-Range": '"other"'},
        {"Range": "bytes=99-"},
        {"If-Match": "{etag}"},
    ],
)
def test_the_short_way_answers_as_the_long_way_does(untouched, method, headers, condition):
    app = StaticApp(clients.registry(("static", untouched, {"content_encodings": ("gzip",)})))
    known = clients.wsgi(app, "/static/app.css", headers=headers)
    marks = {"etag": known.first("ETag"), "date": known.first("Last-Modified")}
    asked = {**headers, **{name: value.format(**marks) for name, value in condition.items()}}
    kept = clients.wsgi(app, "/static/app.css", method, asked)
    anew = clients.wsgi(StaticApp(app.registry), "/static/app.css", method, asked)
    assert (kept.status, kept.headers, kept.body) == (anew.status, anew.headers, anew.body)
    if method == "GET":
        entry = app._desks.current.entries.ready["/static/app.css"]
        decided = decide(Asked("GET", clients.environ("/", headers=asked).get), entry)
        assert (int(decided.status[:3]), decided.headers) == (kept.status, kept.headers)


def test_what_middleware_does_to_the_headers_of_one_answer_is_not_seen_in_another(root):
    app = StaticApp(clients.registry(("static", root)))
    for asked in ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-1"}):
        for _ in range(3):
            answer = clients.wsgi(app, "/static/app.css", headers=asked)
            assert answer.all("X-Middleware") == []
            answer.headers.append(("X-Middleware", "1"))


def test_the_bounds_on_what_is_kept_hold(tmp_path, no_tick, monkeypatch):
    monkeypatch.setattr(entries, "BODY", 100)
    monkeypatch.setattr(sites, "ENTRIES", 5)
    app = StaticApp(clients.registry(("static", tmp_path)), bodies=250)
    kept = app._desks.current.entries
    for number in range(20):
        write(tmp_path / f"{number}.txt", b"x" * (90 if number % 2 else 101))
        for _ in range(2):
            assert clients.wsgi(app, f"/static/{number}.txt").status == 200
        assert len(kept.ready) <= 5
        assert kept.bodies == sum(len(each.identity.body or b"") for each in kept.ready.values()) <= 250
    assert "/static/19.txt" in kept.ready
    assert {each.identity.body is None for key, each in kept.ready.items() if key.endswith("8.txt")} == {True}


def test_what_is_asked_for_again_is_forgotten_last(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(sites, "ENTRIES", 3)
    app = StaticApp(clients.registry(("static", tmp_path)))
    kept = app._desks.current.entries
    for name in "abcd":
        write(tmp_path / name, name.encode())
    for name in "abc":
        clients.wsgi(app, f"/static/{name}")
    clock.now += 2
    clients.wsgi(app, "/static/a")
    clients.wsgi(app, "/static/d")
    assert list(kept.ready) == ["/static/c", "/static/a", "/static/d"]


def test_with_no_bytes_for_bodies_none_is_kept(root):
    app = StaticApp(clients.registry(("static", root)), bodies=0)
    for path in ("/static/app.css", "/static/empty.txt", "/static/app.css"):
        assert clients.wsgi(app, path).body == (root / path.removeprefix("/static/")).read_bytes()
    assert app._desks.current.entries.bodies == 0


def test_a_flood_of_accept_encodings_leaves_the_memory_where_it_was(root):
    write(root / "app.css.gz", b"gzipped")
    app = StaticApp(clients.registry(("static", root, {"content_encodings": ("gzip",)})))
    for number in range(2000):
        clients.wsgi(app, "/static/app.css", headers={"Accept-Encoding": f"gzip, x{number}" + "y" * (number % 300)})
    chosen = app._desks.current.entries.ready["/static/app.css"].chosen
    assert len(chosen) <= 8
    assert max(map(len, chosen)) <= 128


def test_nothing_is_looked_at_before_it_is_asked_for(root, monkeypatch):
    monkeypatch.setattr(os, "scandir", lambda path: pytest.fail("a directory was read"))
    monkeypatch.setattr(os, "listdir", lambda path: pytest.fail("a directory was read"))
    app = StaticApp(clients.registry(*((f"view{number}", root) for number in range(100))))
    assert clients.wsgi(app, "/view7/app.css").status == 200


def test_a_missing_file_costs_one_look_a_layer(package, monkeypatch):
    shop, theme = package({"static/a.txt": ""}), package({"static/b.txt": ""})
    made = clients.registry(("static", f"{shop}:static"), overrides=[(f"{shop}:static/", f"{theme}:static/")])
    app = StaticApp(made)
    clients.wsgi(app, "/static/nothing")
    looks = []
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **options: looks.append(path) or real(path, **options))
    assert clients.wsgi(app, "/static/nothing").status == 404
    assert len(looks) == 2


def test_many_threads_get_right_answers_while_files_change(root):
    app = StaticApp(clients.registry(("static", root), ("again", root)), bodies=50_000)
    contents = {bytes([65 + number]) * (1000 + number) for number in range(5)}
    for name in ("a", "b"):
        write(root / name, next(iter(contents)))
    wrong, right, done = [], [], threading.Event()

    def reader():
        while not done.is_set():
            for name in ("a", "b"):
                answer = clients.wsgi(app, f"/static/{name}")
                if answer.status == 503 and answer.first("Retry-After"):
                    continue  # replaced at each of a few looks, which no file is outside of this test
                right.append(answer.status)
                if (
                    answer.status != 200
                    or answer.body not in contents
                    or answer.first("Content-Length") != str(len(answer.body))
                ):
                    wrong.append(answer)

    threads = [threading.Thread(target=reader) for _ in range(4)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        for content in contents:
            for name in ("a", "b"):
                (root / "new").write_bytes(content)
                os.replace(root / "new", root / name)
        app._desks.current.entries.ready.clear()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert right


# What the server gets.


@pytest.mark.parametrize(
    "path", ["/static/app.css", "/static/large.bin", "/static/nothing", "/static/docs", "/static/empty.txt"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=1-200000"}, {"If-None-Match": "*"}])
@pytest.mark.filterwarnings("ignore")
def test_the_rules_of_wsgi_are_kept(untouched, path, method, headers):
    app = validator(StaticApp(clients.registry(("static", untouched))))
    asked = clients.environ(path, method, headers)
    asked["wsgi.errors"] = sys.stderr
    answer = clients.wsgi_answer(app, asked)
    if method == "HEAD" or answer.status == 304:
        assert answer.body == b""


def test_a_large_asset_is_given_to_the_servers_own_way_to_send_files(root):
    app = StaticApp(clients.registry(("static", root)))
    given_to = []

    def wrapper(file):
        given_to.append(file)
        return FileWrapper(file)

    whole = clients.wsgi(app, "/static/large.bin", **{"wsgi.file_wrapper": wrapper})
    part = clients.wsgi(app, "/static/large.bin", headers={"Range": "bytes=1-999999"}, **{"wsgi.file_wrapper": wrapper})
    small = clients.wsgi(app, "/static/app.css", **{"wsgi.file_wrapper": wrapper})
    content = (root / "large.bin").read_bytes()
    assert (whole.body, part.body, small.status) == (content, content[1:1000000], 200)
    assert len(given_to) == 1  # of a part a server might send all that follows
    assert given_to[0].closed


def test_what_is_not_sent_is_not_left_open(root, descriptors):
    app = StaticApp(clients.registry(("static", root)))
    before = descriptors()
    for method, headers in (
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"If-None-Match": "*"}),
        ("GET", {"Range": "bytes=99999999-"}),
        ("GET", {"Range": "bytes=1-999999"}),
        ("GET", {"If-Match": '"other"'}),
    ):
        asked = clients.environ("/static/large.bin", method, headers, **{"wsgi.file_wrapper": FileWrapper})
        body = app(asked, lambda status, headers: None)
        next(iter(body), None)
        if hasattr(body, "close"):
            body.close()
        app(asked, lambda status, headers: None)  # dropped without being closed
    gc.collect()
    assert descriptors() == before


def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(root):
    app = StaticApp(clients.registry(("static", root)), bodies=0)
    content = (root / "large.bin").read_bytes()
    asked = clients.environ("/static/large.bin", **{"wsgi.file_wrapper": lambda file: file})
    body = app(asked, lambda status, headers: None)
    assert isinstance(body, FileBody)
    first = next(body)
    os.replace(write(root / "new", b"new"), root / "large.bin")
    assert first + b"".join(body) == content


@pytest.mark.parametrize("change", [lambda path: os.truncate(path, 70_000), lambda path: path.write_bytes(b"")])
def test_a_file_that_is_truncated_while_it_is_sent_ends_in_an_error(root, change):
    app = StaticApp(clients.registry(("static", root)), bodies=0)
    asked = clients.environ("/static/large.bin", **{"wsgi.file_wrapper": lambda file: file})
    body = app(asked, lambda status, headers: None)
    next(body)
    change(root / "large.bin")
    with pytest.raises(Truncated):
        list(body)


def test_a_view_with_many_overrides_is_served(package):
    shop = package({"static/a.txt": "shop's"})
    themes = [package({"static/other.txt": ""}) for _ in range(20)]
    made = clients.registry(
        ("static", f"{shop}:static"), overrides=[(f"{shop}:static/", f"{theme}:static/") for theme in themes]
    )
    assert clients.wsgi(StaticApp(made), "/static/a.txt").body == b"shop's"


def test_an_archive_is_served(tmp_path, monkeypatch):
    import zipfile

    archive = tmp_path / "served.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("served_package/__init__.py", "")
        file.writestr("served_package/static/app.css", b"0123456789")
        file.writestr("served_package/static/app.css.gz", b"gzipped")
        file.writestr("served_package/static/large.bin", b"x" * 300_000)
    monkeypatch.syspath_prepend(archive)
    made = clients.registry(("static", "served_package:static", {"content_encodings": ("gzip",)}))
    for app in (StaticApp(made), StaticApp(made, bodies=0)):
        for _ in range(2):
            plain = clients.wsgi(app, "/static/app.css")
            assert (plain.body, plain.first("Last-Modified")) == (b"0123456789", None)
            assert clients.wsgi(app, "/static/app.css", headers={"If-None-Match": plain.first("ETag")}).status == 304
            assert clients.wsgi(app, "/static/app.css", headers={"Range": "bytes=2-3"}).body == b"23"
            assert clients.wsgi(app, "/static/app.css", headers={"Accept-Encoding": "gzip"}).body == b"gzipped"
            assert len(clients.wsgi(app, "/static/large.bin").body) == 300_000
            assert clients.wsgi(app, "/static/nothing").status == 404
    monkeypatch.delitem(sys.modules, "served_package", raising=False)  # looked for, and not imported


def test_a_bare_registry_serves_too(root):
    from assetzcml.registry import Registry

    made = Registry()
    made.add(StaticViewRecord(name="static", root=asset_spec(str(root))))
    assert clients.wsgi(StaticApp(made), "/static/app.css").status == 200
