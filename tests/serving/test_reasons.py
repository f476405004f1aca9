"""What an operator is told about refusals, at DEBUG: the reason, and nothing that a client could forge."""

import logging

import pytest

from assetzcml import DigestCacheBuster, StaticApp
from serving import clients
from serving.conftest import write


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.DEBUG, "assetzcml.serving")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "assetzcml.serving"]


@pytest.mark.parametrize("method, path, reason", [
    ("POST", "/static/app.css", "405 for '/static/app.css' of staticView 'static': the method is 'POST'"),
    ("GET", "/static/%ff", "the path is not UTF-8: byte 0xff at 0"),
    ("GET", "/static/.env", "404 for '/static/.env' of staticView 'static': no public asset has such a name"),
    ("GET", "/static/none", "no layer has it"),
    ("GET", "/static/bare/", "it is a directory, and has no index.html"),
    ("GET", "/static/out", "a link leaves the root; follow_symlinks would allow it"),
    ("GET", "/static/other", "a link leads into another static view; follow_symlinks would allow it"),
    ("GET", "/static/app-000000000000.css", "the name is that of another version"),
    ("GET", "/shut/app.css", "403 for '/shut/app.css' of staticView 'shut': the permission 'view' was not given"),
    ("GET", "/static/app.css/", "it is a file, and has no slash behind it"),
])  # fmt: skip
def test_the_reason_of_a_refusal_is_told(root, tmp_path, told, method, path, reason):
    (root / "out").symlink_to(write(tmp_path / "outside.txt", b"x"))
    (root / "other").symlink_to(write(root / "deeper" / "x.txt", b"x"))
    made = clients.registry(
        ("static", root),
        ("deeper", root / "deeper"),
        ("shut", root, {"permission": "view"}),
        policy=clients.Policy(False),
    )
    made.add_cache_buster(str(root), DigestCacheBuster(former="missing"))
    clients.wsgi(StaticApp(made), path, method)
    assert [line for line in told() if reason in line] == told()
    assert len(told()) == 1


def test_a_path_is_never_written_as_it_is(root, told):
    app = StaticApp(clients.registry(("static", root)))
    clients.wsgi(app, "/static/%0d%0a%1b%5b31mforged%e2%80%ae" + "x" * 5000, "DE\nLETE")
    clients.wsgi(app, "/static/%0d%0aforged%c3%a9")
    assert len(told()) == 2
    for line in told():
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 700


def test_nothing_is_told_unless_it_is_asked_for(root, caplog):
    caplog.set_level(logging.INFO, "assetzcml.serving")
    clients.wsgi(StaticApp(clients.registry(("static", root))), "/static/none")
    assert caplog.records == []
