"""What is known of roots: costs that do not grow with views or layers, and changes that are noticed."""

import os

import pytest
from webob import Request

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp, StaticView
from assetzcml.serving import roots
from serving import clients
from serving.conftest import write


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    clock = Clock()
    for module in ("assetzcml.serving.wsgi.monotonic", "assetzcml.serving.publication.time.monotonic"):
        monkeypatch.setattr(module, clock)
    return clock


def fallback(environ, start_response):
    start_response("200 OK", [])
    return [b"application"]


# Links.


@pytest.mark.parametrize("young, most", [(True, 50), (False, 0)], ids=["written just now", "settled"])
def test_a_link_costs_the_same_with_many_views_beside_each_other_as_with_one(
    root, tmp_path, monkeypatch, clock, no_tick, young, most
):
    (root / "link.css").symlink_to("app.css")
    registry = clients.registry(("s", root))
    for number in range(50):
        (tmp_path / f"v{number}").mkdir()
        registry.add_static_view(f"v{number}", str(tmp_path / f"v{number}"))
    monkeypatch.setattr(roots, "is_young", lambda version: young)
    app = StaticApp(registry)
    assert clients.wsgi(app, "/s/link.css").status == 200
    looked = []
    real = os.stat

    def counting(path, **options):
        if str(path).startswith(f"{tmp_path}/v"):
            looked.append(path)
        return real(path, **options)

    monkeypatch.setattr(roots.os, "stat", counting)
    monkeypatch.setattr(os.path, "realpath", lambda path, real=os.path.realpath: looked.append(path) or real(path))
    clock.now += 1.5
    clients.wsgi(app, "/s/link.css")
    assert len(looked) <= most + 4
    looked.clear()
    clients.wsgi(StaticApp(registry), "/s/link.css")
    assert len(looked) <= 4


def test_a_root_that_is_reached_by_links_and_leads_elsewhere_counts_within_a_second(root, tmp_path, clock, no_tick):
    write(root / "inner" / "x.css", b"x")
    (root / "link.css").symlink_to("inner/x.css")
    (tmp_path / "away" / "one").mkdir(parents=True)
    (tmp_path / "here").symlink_to(tmp_path / "away")
    others = [(f"v{number}", tmp_path / "here" / f"v{number}") for number in range(4)]
    secret = ("secret", tmp_path / "here" / "one", {"permission": "view"})
    registry = clients.registry(("s", root), secret, *others, policy=clients.Policy(False))
    app = StaticApp(registry)
    assert clients.wsgi(app, "/s/link.css").status == 200
    (root / "one").symlink_to("inner")
    (tmp_path / "new").symlink_to(root)
    os.replace(tmp_path / "new", tmp_path / "here")  # the folder that the root stands in is another now
    clock.now += 1.5
    assert clients.wsgi(app, "/s/link.css").status == 404


def test_a_root_that_becomes_a_link_or_moves_counts_within_a_second(root, tmp_path, clock):
    write(root / "inner" / "x.css", b"x")
    (root / "link.css").symlink_to("inner/x.css")
    other = tmp_path / "other"
    other.mkdir()
    app = StaticApp(
        clients.registry(("s", root), ("secret", other, {"permission": "view"}), policy=clients.Policy(False))
    )
    assert clients.wsgi(app, "/s/link.css").status == 200
    other.rmdir()
    other.symlink_to(root / "inner")
    clock.now += 1.5
    assert clients.wsgi(app, "/s/link.css").status == 404
    other.unlink()
    other.mkdir()
    clock.now += 1.5
    assert clients.wsgi(app, "/s/link.css").status == 200


# A root view.


@pytest.fixture
def layered(package, tmp_path):
    """A registry whose root view has many layers, and one of them."""
    name = package({"www/robots.txt": "robots", "www/docs/page.txt": "page"})
    registry = AssetRegistry()
    registry.add_static_view("", f"{name}:www")
    for number in range(30):
        (tmp_path / f"o{number}").mkdir()
        registry.override_asset(f"{name}:www/", f"{tmp_path}/o{number}/")
    return registry, tmp_path / "o7", name


def test_a_path_of_the_application_asks_the_file_system_nothing(layered, monkeypatch, clock, no_tick):
    registry, _, _ = layered
    app = StaticApp(registry, fallback)
    assert clients.wsgi(app, "/api/users").body == b"application"
    for name in ("stat", "lstat", "open", "listdir", "scandir"):
        monkeypatch.setattr(os, name, lambda *arguments, **options: pytest.fail("a look at the disk"))
    for path in ("/api/users", "/api", "/users-000000000000.html", "/caf\xc3\xa9/x"):
        assert clients.wsgi(app, path).body == b"application"


@pytest.mark.parametrize("reload", [False, True])
def test_what_appears_at_the_top_of_a_layer_is_served_within_a_second(layered, clock, reload, no_tick):
    registry, layer, name = layered
    registry.settings["reload"] = reload
    registry.add_cache_buster(f"{name}:www", DigestCacheBuster())
    app = StaticApp(registry, fallback)
    assert clients.wsgi(app, "/new.txt").body == b"application"
    write(layer / "new.txt", b"new")
    write(layer / "api" / "users", b"users")
    write(layer / "caf\u00e9.txt", b"coffee")
    clock.now += 0 if reload else 1.5
    for path, body in (("/new.txt", b"new"), ("/api/users", b"users"), ("/caf%C3%A9.txt", b"coffee")):
        assert clients.wsgi(app, path).body == body
    assert clients.wsgi(app, registry.static_path(f"{name}:www/robots.txt")).body == b"robots"
    assert clients.wsgi(app, "/docs/page.txt").body == b"page"
    (layer / "new.txt").unlink()
    clock.now += 1.5
    assert clients.wsgi(app, "/new.txt").body == b"application"


def test_an_override_of_a_single_file_that_is_in_no_layer_counts(layered, tmp_path, clock):
    registry, _, name = layered
    write(tmp_path / "elsewhere.txt", b"elsewhere")
    write(tmp_path / "deep" / "x.txt", b"deep")
    registry.override_asset(f"{name}:www/only.txt", f"{tmp_path}/elsewhere.txt")
    registry.override_asset(f"{name}:www/virtual/", f"{tmp_path}/deep/")
    app = StaticApp(registry, fallback)
    assert clients.wsgi(app, "/only.txt").body == b"elsewhere"
    assert clients.wsgi(app, "/virtual/x.txt").body == b"deep"


def test_a_root_with_too_many_names_is_asked_each_time(layered, monkeypatch):
    registry, _, _ = layered
    monkeypatch.setattr(roots, "MOST_NAMES", 1)
    app = StaticApp(registry, fallback)
    assert clients.wsgi(app, "/api").body == b"application"
    assert clients.wsgi(app, "/robots.txt").body == b"robots"


# A subpath.


@pytest.mark.parametrize("path, subpath, status", [
    ("/app/", ("index.html",), 200),        # a catch-all that chose a file, whatever the URL ends with
    ("/app", ("index.html",), 200),
    ("/x/docs/", ("docs",), 200),           # a directory with an index
    ("/x/docs", ("docs",), 301),
    ("/x/bare/", ("bare",), 404),
    ("/x/none/", ("none",), 404),
    ("/x/", (), 200),
    ("/x", (), 301),
])  # fmt: skip
def test_a_subpath_names_a_file_whatever_the_path_ends_with(root, path, subpath, status):
    request = Request.blank(path)
    request.subpath = subpath
    assert StaticView(str(root), use_subpath=True)(request).status_int == status
    assert StaticView(str(root))(Request.blank("/app.css/")).status_int == 404


# What is never opened.


@pytest.mark.parametrize("path", ["/s/pipe", "/s/", "/s/link", "/s/app.css"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_writer_that_waits_at_a_fifo_is_not_woken(ask, tmp_path, path, method, monkeypatch):
    root = tmp_path / "root"
    write(root / "app.css", b"css")
    for name in ("pipe", "index.html", "app.css.gz"):
        os.mkfifo(root / name)
    (root / "link").symlink_to("pipe")
    opened = []
    real = os.open

    def watching(path, *arguments, **options):
        opened.append(str(path).rpartition("/")[2])
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", watching)
    registry = clients.registry(("s", root, {"content_encodings": ("gzip",)}))
    answer = ask(registry, path, method, headers={"Accept-Encoding": "gzip"})
    assert answer.status == (200 if path.endswith("css") else 404)
    assert not {"pipe", "index.html", "app.css.gz", "link"} & set(opened)
