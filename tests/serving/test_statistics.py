"""Numbers for who runs the site: each answer is counted once, whoever gives it."""

import threading
import time

import pytest
from webob import Request

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp, StaticView, load_zcml
from assetzcml.asgi import StaticApp as ASGIApp
from assetzcml.errors import ConfigurationError
from serving import clients
from serving.conftest import write

ZCML = '<configure xmlns="http://namespaces.assetzcml.org/assets"/>'


@pytest.mark.parametrize(("make", "ask"), [(StaticApp, clients.wsgi), (ASGIApp, clients.asgi)])
@pytest.mark.parametrize("bodies", [0, 1 << 25])
def test_every_answer_is_counted_once(root, make, ask, bodies):
    registry = clients.registry(("static", root), ("shut", root, {"permission": "view"}), policy=clients.Policy(False))
    app = make(registry, bodies=bodies)
    etag = ask(app, "/static/app.css").first("ETag")
    date = ask(app, "/static/app.css").first("Last-Modified")
    for _ in range(3):
        ask(app, "/static/app.css")
        ask(app, "/static/app.css", "HEAD")
        ask(app, "/static/app.css", headers={"If-None-Match": etag})
        ask(app, "/static/app.css", headers={"If-Modified-Since": date})
        ask(app, "/static/app.css", headers={"Range": "bytes=0-1"})
        ask(app, "/static/large.bin")
        ask(app, "/static/docs")
        ask(app, "/static/none")
        ask(app, "/none")
        ask(app, "/shut/app.css")
        ask(app, "/static/app.css", "POST")
    told = registry.statistics()
    assert told["answers"] == {200: 11, 206: 3, 301: 3, 304: 6, 403: 3, 404: 6, 405: 3}
    assert told["kept_assets"] >= 1
    assert told["kept_bytes"] == (len(b"body { color: black }\n") if bodies else 0)


def test_static_view_counts_for_its_registry(root):
    registry = AssetRegistry()
    view = StaticView(str(root), registry)
    for path in ("/app.css", "/app.css", "/none"):
        view(Request.blank(path))
    assert registry.statistics()["answers"] == {200: 2, 404: 1}


def test_what_is_read_kept_and_forgotten_is_counted(tmp_path, no_tick):
    for number in range(4):
        write(tmp_path / f"{number}.txt", b"x" * 100)
    registry = clients.registry(("static", tmp_path))
    app = StaticApp(registry, bodies=250)
    for number in range(4):
        for _ in range(2):
            clients.wsgi(app, f"/static/{number}.txt")
    told = registry.statistics()
    kept = ("kept_assets", "kept_bytes", "read_bytes", "evictions", "digests")
    assert [told[name] for name in kept] == [2, 200, 400, 2, 4]
    del app
    assert registry.statistics()["kept_assets"] == 0


def test_what_the_server_sends_from_the_descriptor_counts_as_read(root):
    registry = clients.registry(("static", root))
    clients.wsgi(StaticApp(registry), "/static/large.bin")
    assert registry.statistics()["read_bytes"] == 2 << 20


def test_digests_for_urls_are_counted(root):
    registry = clients.registry(("static", root))
    registry.add_cache_buster(str(root), DigestCacheBuster())
    for _ in range(2):
        registry.static_path(f"{root}/app.css")
    assert registry.statistics()["digests"] == 1


def test_the_fallbacks_answers_are_its_own(root):
    registry = clients.registry(("static", root))

    def fallback(environ, start_response):
        start_response("200 OK", [])
        return []

    clients.wsgi(StaticApp(registry, fallback), "/page")
    assert registry.statistics()["answers"] == {}


def test_what_was_answered_before_a_declaration_stays_counted(root):
    registry = clients.registry(("static", root))
    app = StaticApp(registry)
    for number in range(3):
        for _ in range(4):
            clients.wsgi(app, "/static/app.css")
        registry.add_static_view(f"v{number}", str(root))
    assert registry.statistics()["answers"] == {200: 12}


def test_no_answer_is_lost_between_threads(root):
    registry = clients.registry(("static", root))
    app = StaticApp(registry)

    def ask():
        for _ in range(500):
            clients.wsgi(app, "/static/app.css")
            clients.wsgi(app, "/static/none")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.statistics()["answers"] == {200: 2000, 404: 2000}


def test_two_registries_count_apart(root):
    first, second = (clients.registry(("static", root)) for _ in range(2))
    clients.wsgi(StaticApp(first), "/static/app.css")
    assert (first.statistics()["answers"], second.statistics()["answers"]) == ({200: 1}, {})


def test_the_last_reload_is_told_and_one_that_failed_since(tmp_path):
    site = tmp_path / "site.zcml"
    site.write_text(ZCML)
    registry = load_zcml(str(site))
    before = time.time()
    assert _reloads(registry) == (None, None)
    registry.reload()
    done, failed = _reloads(registry)
    assert before <= done <= time.time()
    assert failed is None
    site.write_text("<configure")
    with pytest.raises(ConfigurationError):
        registry.reload()
    assert _reloads(registry)[0] == done
    assert _reloads(registry)[1] >= done
    site.write_text(ZCML)
    registry.reload()
    assert _reloads(registry)[1] is None


def _reloads(registry):
    told = registry.statistics()
    return told["reloaded"], told["reload_failed"]
