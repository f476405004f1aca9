"""What nginx, Caddy and static hosts are told of a frozen release, and that they then answer as we do."""

import contextlib
import gzip
import http.client
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from click.testing import CliRunner

from assetzcml import AssetRegistry, ConfigurationError, DigestCacheBuster, StaticApp, TreeCacheBuster
from assetzcml.cli import main
from assetzcml.publishing.exports import exported
from assetzcml.publishing.fetching import verified_at
from assetzcml.publishing.freeze import freeze
from assetzcml.publishing.frozen_tree import FrozenTree
from assetzcml.publishing.publish import publish
from assetzcml.resolving.destinations import destination_at
from test_deploying import free_port, nginx, program, running

TEXT = b"body { color: black }\n" * 200
FILES = {
    "static/css/a.css": TEXT,
    "static/app.js": b"export {}" * 99,
    "static/docs/index.html": b"<p>docs",
    "static/index.html": b"<p>",
    "static/LICENSE": b"free",
    "static/archive.tar.gz": gzip.compress(b"x", mtime=0),
    "static/i/b c$d.png": b"PNG",
    "static/fonts/f.woff2": b"font",
    "digests/logo.svg": b"<svg/>",
    "digests/show.css": b"a{b:url(logo.svg)}",
    "files/favicon.ico": b"ICO",
}


class Nobody:
    def permits(self, request, context, permission):
        return False


def site(shop, **secret):
    registry = AssetRegistry()
    registry.add_static_view(
        "static", f"{shop}:static", headers=[("X-Own", "1"), ("Access-Control-Allow-Origin", "*", "fonts/**")]
    )
    registry.add_static_view("static/digests", f"{shop}:digests", cache_max_age=60)
    registry.add_static_file("favicon.ico", f"{shop}:files/favicon.ico")
    registry.add_media_type("tar", "application/x-tar")
    registry.add_cache_buster(f"{shop}:static", TreeCacheBuster())
    registry.add_cache_buster(f"{shop}:digests", DigestCacheBuster())
    if secret:
        registry.add_permission_policy(Nobody())
        registry.add_static_view("secret", f"{shop}:files", permission="view", **secret)
    return registry


@pytest.fixture
def frozen(package, tmp_path):
    """A frozen site, its registry, and specs of what is in it."""
    shop = package(FILES)
    freeze(site(shop), tmp_path / "o", plain=True)
    registry = AssetRegistry(settings={"frozen": tmp_path / "o"})
    return tmp_path / "o", registry, [f"{shop}:{name}" for name in FILES]


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def ours(registry):
    server = make_server("127.0.0.1", 0, StaticApp(registry), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def theirs(kind, directory, tmp_path):
    port = free_port()
    texts = exported(kind, str(directory))
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    if kind == "nginx":
        whole = (
            f"include {tmp_path}/maps.conf;\nserver {{ listen 127.0.0.1:{port}; include {tmp_path}/locations.conf; }}"
        )
        command = nginx(whole, tmp_path)
    else:
        whole = f"{{\n\tadmin off\n}}\nhttp://127.0.0.1:{port} {{\n\timport {tmp_path}/Caddyfile\n}}\n"
        (tmp_path / "whole").write_text(whole)
        command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(tmp_path / "whole")]
    with running(command, port, tmp_path, HOME=str(tmp_path)):
        yield port


# What is compared; an ETag and a date are each server's own.
COMPARED = ("content-type", "cache-control", "content-encoding", "x-own", "vary", "x-content-type-options",
            "access-control-allow-origin", "content-range", "location")  # fmt: skip


def answer(port, path, method="GET", **headers):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        if response.status >= 400:
            return response.status, {}, b""
        said = {name.lower(): value for name, value in response.getheaders()}
        if response.status in (301, 308):
            return 301, {"location": said["location"]}, b""
        return response.status, {name: said[name] for name in COMPARED if name in said}, body


OTHERS = [
    "/static/css/a.css",
    "/static/docs",
    "/static/docs/",
    "/static/docs/index.html",
    "/static/",
    "/favicon.ico",
    "/static/gone.css",
    "/static/css",
    "/static/css/",
    "/static/css/a.css.gz",
    "/static/css/a.css.br",
    "/static/LICENSE",
    "/static/archive.tar.gz",
    "/static/i/b%20c$d.png",
    "/static/digests/logo.svg",
    "/static/digests/gone",
    "/static/fonts/f.woff2",
]


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_a_front_server_answers_as_we_do(kind, frozen, tmp_path):
    directory, registry, specs = frozen
    paths = [registry.static_path(spec) for spec in specs] + OTHERS
    coding = "gzip" if kind == "nginx" else "br, zstd, gzip"
    with ours(registry) as us, theirs(kind, directory, tmp_path) as them:
        for path in paths:
            for asked in ({}, {"Accept-Encoding": coding}, {"Range": "bytes=1-2"}):
                one, other = answer(us, path, **asked), answer(them, path, **asked)
                assert (path, asked, *other) == (path, asked, *one)
            assert answer(them, path, "POST")[0] >= 400
            assert answer(them, path, "HEAD")[:2] == answer(us, path, "HEAD")[:2]


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_a_front_server_of_a_directory_that_was_published_to_answers_as_we_do_and_is_verified(kind, frozen, tmp_path):
    directory, registry, specs = frozen
    public = tmp_path / "public"
    publish(FrozenTree(directory), destination_at(f"file://{public}"))
    paths = [registry.static_path(spec) for spec in specs] + OTHERS
    coding = "gzip" if kind == "nginx" else "br, zstd, gzip"
    with ours(registry) as us, theirs(kind, public, tmp_path) as them:
        for path in paths:
            for asked in ({}, {"Accept-Encoding": coding}):
                one, other = answer(us, path, **asked), answer(them, path, **asked)
                assert (path, asked, *other) == (path, asked, *one)
        url = f"http://127.0.0.1:{them}"
        run = CliRunner().invoke(main, ["verify", url])
        assert (run.exit_code, run.output) == (0, "everything is as it was published\n")
        (sheet,) = public.glob("static/~*/css/a.css")
        variant = sheet.with_name("a.css.gz")
        content = variant.read_bytes()
        variant.unlink()
        variant.write_bytes(content[:-1] + b"?")
        sheet.with_name("a.css.zst").unlink()  # is not chosen then, which harms nobody
        (fault,) = verified_at(url)
        assert "/css/a.css: " in fault
        sheet.unlink()
        assert {fault.partition(" ")[2] for fault in verified_at(url)} == {"the status is 404"}


@pytest.mark.parametrize("kind", ["nginx", "caddy", "headers"])
def test_what_another_host_is_to_answer_is_exported_where_it_was_published_to_and_nowhere_else(kind, package, tmp_path):
    registry = AssetRegistry()
    for name, folder in ("https://cdn.example.com/a b", "static"), ("//cdn.example.com", "digests"):
        registry.add_static_view(name, f"{package(FILES)}:{folder}")
    freeze(registry, tmp_path / "o")
    publish(FrozenTree(tmp_path / "o"), destination_at(f"file://{tmp_path}/public"))
    here, there = (
        "".join(exported(kind, str(tmp_path / place)).values()).replace("%20", " ") for place in ("o", "public")
    )
    assert "/a b" not in here
    assert "/a b/" in there
    assert ("generations" in there) is (kind != "headers")


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_what_a_host_of_another_name_has_behind_it_is_verified(kind, package, tmp_path):
    registry = AssetRegistry()
    for name, folder in ("https://cdn.example.com/a b", "static"), ("//cdn.example.com", "digests"):
        registry.add_static_view(name, f"{package(FILES)}:{folder}")
    freeze(registry, tmp_path / "o", plain=True)
    publish(FrozenTree(tmp_path / "o"), destination_at(f"file://{tmp_path}/public"))
    with theirs(kind, tmp_path / "public", tmp_path) as them:
        assert list(verified_at(f"http://127.0.0.1:{them}")) == []


@pytest.mark.parametrize("kind", ["nginx", "caddy", "headers"])
def test_what_needs_a_permission_is_never_exported_to_everybody(kind, package, tmp_path):
    freeze(site(package(FILES), index=""), tmp_path / "o")
    with pytest.raises(ConfigurationError, match="the static view 'secret' needs the permission 'view'"):
        exported(kind, str(tmp_path / "o"))


@pytest.mark.whole
def test_nginx_gets_what_needs_a_permission_from_the_application(package, tmp_path):
    shop = package(FILES)
    freeze(site(shop, send="X-Accel-Redirect /protected"), tmp_path / "o")
    texts = exported("nginx", str(tmp_path / "o"))
    assert "favicon" not in texts["locations.conf"].partition("/protected/")[2]
    registry = AssetRegistry(settings={"frozen": tmp_path / "o"})

    class Everybody(Nobody):
        def permits(self, request, context, permission):
            return request.headers.get("X-User") == "me"

    registry.add_permission_policy(Everybody())
    url = registry.static_path(f"{shop}:files/favicon.ico")
    (secret,) = [path.name for path in (tmp_path / "o/private/secret").iterdir() if path.suffix == ".ico"]
    port = free_port()
    with ours(registry) as behind:
        (tmp_path / "maps.conf").write_text(texts["maps.conf"])
        (tmp_path / "locations.conf").write_text(texts["locations.conf"])
        text = (
            f"include {tmp_path}/maps.conf;\nserver {{ listen 127.0.0.1:{port}; include {tmp_path}/locations.conf;\n"
            f"location / {{ proxy_pass http://127.0.0.1:{behind}; }} }}"
        )
        with running(nginx(text, tmp_path), port, tmp_path):
            path = f"/secret/{secret}"
            assert answer(port, path)[0] == 403
            status, said, body = answer(port, path, **{"X-User": "me"})
            assert (status, body) == (200, b"ICO")
            assert said["cache-control"] == "private, max-age=31536000, immutable"
            assert answer(port, "/protected/00/11")[0] == 404
            assert answer(port, url)[0] == 200


def test_the_files_of_a_static_host_have_a_rule_for_a_whole_tree(frozen):
    directory, registry, specs = frozen
    texts = exported("headers", str(directory))
    tree = registry.static_path(specs[0]).partition("css/")[0]
    assert f"\n{tree}*\n  Cache-Control: public, max-age=31536000, immutable\n" in texts["_headers"]
    assert texts["_redirects"] == "/static/docs /static/docs/ 301\n/static /static/ 301\n"


def test_the_command_writes_into_a_directory_or_prints(frozen, tmp_path):
    run = CliRunner().invoke(main, ["export", "caddy", str(frozen[0])])
    assert (run.exit_code, run.output.startswith("# Release ")) == (0, True)
    run = CliRunner().invoke(main, ["export", "nginx", str(frozen[0]), "--output", str(tmp_path / "conf")])
    assert sorted(path.name for path in (tmp_path / "conf").iterdir()) == ["locations.conf", "maps.conf"]
    run = CliRunner().invoke(main, ["export", "nginx", str(tmp_path)])
    assert (run.exit_code, "is no frozen directory; freeze first" in run.stderr) == (1, True)
