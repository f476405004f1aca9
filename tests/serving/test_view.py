"""What a static view answers: status, headers and bytes, the same under both interfaces and as a WebOb view."""

import gzip
import hashlib
import os
import time

import pytest
from pyramid.config import Configurator
from webob import Request
from webtest import TestApp

from assetzcml import AssetRegistry, DigestCacheBuster, ManifestCacheBuster, StaticView, TreeCacheBuster
from assetzcml.errors import InvalidSpec
from assetzcml.resolving.digests import digest_of
from serving import clients
from serving.conftest import write

MODIFIED = "Tue, 02 Jan 2024 03:04:05 GMT"
GZIP = {"Accept-Encoding": "gzip"}


def named(answer, *names):
    return {name: answer.first(name) for name in names}


def lower(answer):
    return {name.lower(): value for name, value in answer.headers}


# What a GET says.


def test_a_get_says_everything_about_the_asset(ask, root):
    answer = ask(clients.registry(("static", root)), "/static/app.css")
    assert (answer.status, answer.body) == (200, b"body { color: black }\n")
    assert lower(answer) == {
        "content-length": "22",
        "content-type": "text/css; charset=utf-8",
        "cache-control": "public, max-age=3600",
        "etag": '"99afaa19fe6b"',
        "last-modified": MODIFIED,
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
    }


def test_head_says_the_same_without_the_bytes(ask, root):
    made = clients.registry(("static", root))
    head, get = ask(made, "/static/app.css", "HEAD"), ask(made, "/static/app.css")
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


def test_a_304_says_what_a_cache_has_to_know(ask, root):
    made = clients.registry(("static", root, {"content_encodings": ("gzip",)}))
    etag = ask(made, "/static/app.css").first("ETag")
    answer = ask(made, "/static/app.css", headers={"If-None-Match": etag})
    assert (answer.status, answer.body) == (304, b"")
    assert lower(answer) == {"etag": etag, "cache-control": "public, max-age=3600", "vary": "Accept-Encoding"}


def test_a_206_says_which_part_it_is(ask, root):
    answer = ask(clients.registry(("static", root)), "/static/digits.txt", headers={"Range": "bytes=2-4"})
    assert (answer.status, answer.body) == (206, b"234")
    assert named(answer, "Content-Range", "Content-Length") == {"Content-Range": "bytes 2-4/10", "Content-Length": "3"}
    assert named(answer, "ETag", "Content-Type")["Content-Type"] == "text/plain; charset=utf-8"


def test_a_range_of_a_large_file_is_read_from_where_it_begins(ask, root):
    answer = ask(clients.registry(("static", root)), "/static/large.bin", headers={"Range": "bytes=300000-999999"})
    assert (answer.status, answer.body) == (206, (root / "large.bin").read_bytes()[300000:1000000])


@pytest.mark.parametrize("path", ["/static/empty.txt", "/static/large.bin", "/static/digits.txt"])
def test_files_of_all_sizes_are_sent_whole(ask, root, path):
    answer = ask(clients.registry(("static", root)), path)
    assert answer.body == (root / path.removeprefix("/static/")).read_bytes()
    assert answer.first("Content-Length") == str(len(answer.body))


@pytest.mark.parametrize(
    "method, path, headers, status, more",
    [
        ("POST", "/static/app.css", {}, 405, {"Allow": "GET, HEAD"}),
        ("OPTIONS", "/static/nothing", {}, 405, {"Allow": "GET, HEAD"}),
        ("get", "/static/app.css", {}, 405, {"Allow": "GET, HEAD"}),  # methods are case sensitive (RFC 9110, 9.1)
        ("GET", "/static/%ff", {}, 400, {}),
        ("GET", "/static/nothing", {}, 404, {}),
        ("GET", "/static/app.css/", {}, 404, {}),
        ("GET", "/static/digits.txt", {"Range": "bytes=10-"}, 416, {"Content-Range": "bytes */10"}),
        ("GET", "/static/app.css", {"If-Match": '"other"'}, 412, {}),
    ],
)
def test_an_error_is_a_line_of_text(ask, root, method, path, headers, status, more):
    made = clients.registry(("static", root, {"content_encodings": ("gzip",)}))
    answer = ask(made, path, method, headers)
    assert answer.status == status
    assert answer.body.startswith(str(status).encode())
    told = lower(answer)
    assert told.pop("content-length") == str(len(answer.body))
    assert told == {
        "content-type": "text/plain; charset=utf-8",
        "x-content-type-options": "nosniff",
        "vary": "Accept-Encoding",
        **{name.lower(): value for name, value in more.items()},
    }


@pytest.mark.parametrize(
    "age, permission, expected",
    [
        (3600, None, "public, max-age=3600"),
        (0, None, "no-cache"),
        (3600, "view", "private, max-age=3600"),
        (0, "view", "private, no-cache"),
    ],
)
def test_who_may_keep_an_asset_and_for_how_long(ask, root, age, permission, expected):
    view = ("static", root, {"cache_max_age": age, "permission": permission})
    answer = ask(clients.registry(view, policy=clients.Policy(True)), "/static/app.css")
    assert answer.first("Cache-Control") == expected


def test_a_moment_to_come_is_not_told(ask, root):
    os.utime(root / "app.css", (4_102_444_800, 4_102_444_800))
    answer = ask(clients.registry(("static", root)), "/static/app.css")
    assert answer.first("Last-Modified") < time.strftime("%a, %d %b 2100")
    assert "2100" not in answer.first("Last-Modified")


# Directories.


@pytest.mark.parametrize(
    "path, status, location",
    [
        ("/static/docs/", 200, None),
        ("/static/docs", 301, "docs/"),
        ("/static/", 200, None),
        ("/static", 301, "static/"),
        ("/static?a=1&b=%20x", 301, "static/?a=1&b=%20x"),
        ("/static/docs?next=//evil.example", 301, "docs/?next=//evil.example"),
        ("/static/bare/", 404, None),
        ("/static/bare", 404, None),
        ("/static/docs/index.html", 200, None),
        ("/static/docs/index.html/", 404, None),
        ("/static//docs", 404, None),
    ],
)
def test_a_directory_with_an_index_is_served_at_its_slash(ask, root, path, status, location):
    answer = ask(clients.registry(("static", root)), path)
    assert (answer.status, answer.first("Location")) == (status, location)


def test_a_redirect_is_kept_as_long_as_the_assets(ask, root):
    answer = ask(clients.registry(("static", root, {"cache_max_age": 60})), "/static/docs")
    assert answer.first("Cache-Control") == "public, max-age=60"


def test_an_index_may_have_another_name_or_none(ask, root):
    assert ask(clients.registry(("static", root, {"index": "page.txt"})), "/static/docs/").body == b"page\n"
    assert ask(clients.registry(("static", root, {"index": ""})), "/static/docs/").status == 404
    assert ask(clients.registry(("static", root, {"index": ""})), "/static/docs").status == 404


def test_a_directory_of_which_a_layer_has_only_the_index_is_one_all_the_same(ask, package):
    shop = package({"static/docs/page.txt": "page"})
    theme = package({"static/docs/index.html": "index"})
    made = clients.registry(("static", f"{shop}:static"), overrides=[(f"{shop}:static/", f"{theme}:static/")])
    assert ask(made, "/static/docs").status == 301
    assert ask(made, "/static/docs/").body == b"index"
    assert ask(made, "/static/docs/page.txt").body == b"page"


@pytest.mark.parametrize("name", ["döcs", "a b", "semi;colon", "100%"])
def test_a_redirect_quotes_the_name(ask, root, name):
    from urllib.parse import quote, unquote, urljoin

    write(root / name / "index.html", b"index")
    made = clients.registry(("static", root))
    answer = ask(made, f"/static/{quote(name)}")
    assert answer.status == 301
    target = urljoin(f"http://localhost/static/{quote(name)}", answer.first("Location"))
    assert unquote(target) == f"http://localhost/static/{name}/"
    assert ask(made, target.removeprefix("http://localhost")).body == b"index"


# Codings.


@pytest.fixture
def coded(root):
    write(root / "app.css.gz", b"gzipped")
    write(root / "app.css.br", b"br")
    return root


@pytest.mark.parametrize(
    "accepted, coding, body",
    [
        (None, None, b"body { color: black }\n"),
        ("gzip", "gzip", b"gzipped"),
        ("gzip, br", "br", b"br"),
        ("gzip, br;q=0.5", "gzip", b"gzipped"),
        ("gzip;q=0", None, b"body { color: black }\n"),
        ("*", "br", b"br"),
        ("identity;q=0, deflate", None, b"body { color: black }\n"),
        ("zstd", None, b"body { color: black }\n"),
    ],
)
def test_the_coding_that_the_client_likes_best_is_sent(ask, coded, accepted, coding, body):
    made = clients.registry(("static", coded, {"content_encodings": ("br", "gzip")}))
    answer = ask(made, "/static/app.css", headers={"Accept-Encoding": accepted} if accepted else {})
    assert (answer.status, answer.first("Content-Encoding"), answer.body) == (200, coding, body)
    assert answer.first("Vary") == "Accept-Encoding"
    assert answer.first("Content-Type") == "text/css; charset=utf-8"
    assert answer.first("Content-Length") == str(len(body))
    assert answer.first("ETag") == f'"{digest_of(body)}-{coding}"'.replace("-None", "")


def test_each_coding_has_an_entity_tag_of_its_own(ask, coded):
    made = clients.registry(("static", coded, {"content_encodings": ("br", "gzip")}))
    headers = [{}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "br"}]
    assert len({ask(made, "/static/app.css", headers=each).first("ETag") for each in headers}) == 3
    gzipped = ask(made, "/static/app.css", headers=GZIP).first("ETag")
    assert ask(made, "/static/app.css", headers={"If-None-Match": gzipped}).status == 200
    assert ask(made, "/static/app.css", headers={"If-None-Match": gzipped, **GZIP}).status == 304


def test_a_range_is_one_of_the_coded_bytes(ask, coded):
    made = clients.registry(("static", coded, {"content_encodings": ("gzip",)}))
    answer = ask(made, "/static/app.css", headers={"Range": "bytes=0-2", **GZIP})
    assert (answer.status, answer.body, answer.first("Content-Range")) == (206, b"gzi", "bytes 0-2/7")
    assert answer.first("Content-Encoding") == "gzip"


def test_without_content_encodings_nothing_is_coded_and_nothing_varies(ask, coded):
    answer = ask(clients.registry(("static", coded)), "/static/app.css", headers=GZIP)
    assert named(answer, "Content-Encoding", "Vary") == {"Content-Encoding": None, "Vary": None}


def test_a_coded_file_that_is_asked_for_itself_is_that_file(ask, coded):
    made = clients.registry(("static", coded, {"content_encodings": ("gzip",)}))
    answer = ask(made, "/static/app.css.gz", headers=GZIP)
    assert (answer.body, answer.first("Content-Type"), answer.first("Content-Encoding")) == (
        b"gzipped",
        "application/gzip",
        None,
    )


# Names.


@pytest.mark.parametrize(
    "path, options, status",
    [
        (".env", {}, 404),
        (".env", {"dotfiles": True}, 200),
        (".well-known/security.txt", {}, 200),
        ("view.py", {"dotfiles": True}, 404),
        ("configure.zcml", {"dotfiles": True}, 404),
        ("link.txt", {}, 404),
        ("link.txt", {"follow_symlinks": True}, 200),
        ("inside.txt", {}, 200),
    ],
)
def test_only_what_is_meant_for_the_public_is_served(ask, root, path, options, status):
    for name in (".env", ".well-known/security.txt", "view.py", "configure.zcml"):
        write(root / name, b"text")
    (root / "link.txt").symlink_to(write(root.parent / "outside.txt", b"text"))
    (root / "inside.txt").symlink_to("digits.txt")
    assert ask(clients.registry(("static", root, options)), f"/static/{path}").status == status


def test_a_link_into_a_more_specific_view_does_not_get_around_its_permission(ask, root):
    write(root / "private/plan.txt", b"secret")
    (root / "alias.txt").symlink_to("private/plan.txt")
    (root / "aliases").symlink_to("private")
    views = [("static", root), ("elsewhere", f"{root}/private", {"permission": "view"})]
    made = clients.registry(*views, policy=clients.Policy(False))
    assert [ask(made, path).status for path in ("/static/alias.txt", "/static/aliases/plan.txt")] == [404, 404]
    followed = clients.registry(("static", root, {"follow_symlinks": True}), views[1], policy=clients.Policy(False))
    assert ask(followed, "/static/alias.txt").body == b"secret"
    alone = clients.registry(("static", root))
    assert ask(alone, "/static/alias.txt").body == b"secret"


def test_a_static_file_answers_to_its_name_only(ask, root):
    made = clients.registry(("favicon.ico", f"{root}/app.css", {"file": True}))
    answers = [ask(made, path) for path in ("/favicon.ico", "/favicon.ico/", "/favicon.ico/x", "/favicon.icon")]
    assert [answer.status for answer in answers] == [200, 404, 404, 404]
    assert answers[0].first("Content-Type") == "text/css; charset=utf-8"  # by the asset's name, not the URL's


def test_overrides_decide_for_a_file_as_for_a_directory(ask, package):
    shop = package({"static/logo.png": "shop's", "favicon.ico": "shop's"})
    theme = package({"logo.png": "theme's", "brand/icon.svg": "theme's"})
    made = clients.registry(
        ("static", f"{shop}:static"),
        ("favicon.ico", f"{shop}:favicon.ico", {"file": True}),
        overrides=[
            (f"{shop}:static/logo.png", f"{theme}:logo.png"),
            (f"{shop}:favicon.ico", f"{theme}:brand/icon.svg"),
        ],
    )
    assert ask(made, "/static/logo.png").body == b"theme's"
    icon = ask(made, "/favicon.ico")
    assert (icon.body, icon.first("Content-Type")) == (b"theme's", "image/vnd.microsoft.icon")


# The author's headers.

OWN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Cache-Control", "public, s-maxage=60"),
    ("Content-Type", "text/plain"),
    ("Content-Security-Policy", "sandbox"),
    ("Vary", "Origin"),
)


def test_the_authors_headers_replace_ours_and_come_with_every_asset(ask, root):
    view = ("static", root, {"headers": OWN, "content_encodings": ("gzip",)})
    for headers in ({}, {"Range": "bytes=0-3"}):
        answer = ask(clients.registry(view), "/static/app.css", headers=headers)
        for name, value in OWN[:4]:
            assert answer.all(name) == [value]
        assert answer.all("Vary") == ["Accept-Encoding, Origin"]
        assert answer.all("X-Content-Type-Options") == ["nosniff"]


def test_an_error_and_a_304_carry_those_that_say_nothing_about_bytes(ask, root):
    made = clients.registry(("static", root, {"headers": OWN}))
    missing = ask(made, "/static/nothing")
    assert missing.all("Access-Control-Allow-Origin") == ["*"]
    assert missing.all("Content-Type") == ["text/plain; charset=utf-8"]
    assert (missing.all("Cache-Control"), missing.all("Vary")) == ([], ["Origin"])
    unchanged = ask(made, "/static/app.css", headers={"If-None-Match": "*"})
    assert lower(unchanged).keys() == {
        "access-control-allow-origin",
        "cache-control",
        "content-security-policy",
        "etag",
        "vary",
    }


# Permissions.


@pytest.mark.parametrize("path", ["/static/app.css", "/static/nothing", "/static/docs", "/static/.env", "/static"])
def test_who_is_not_permitted_learns_nothing_about_what_exists(ask, root, path):
    policy = clients.Policy(False)
    made = clients.registry(("static", root, {"permission": "view"}), policy=policy)
    answer = ask(made, path, headers={"If-None-Match": "*", "Range": "bytes=99999-"})
    assert answer.status == 403
    assert answer.body == b"403 Forbidden\n"
    assert lower(answer).keys() == {"content-length", "content-type", "x-content-type-options", "cache-control"}
    assert answer.first("Cache-Control") == "no-store"  # there is nothing that a client could ask about again


def test_the_order_of_refusals_is_method_then_decoding_then_permission(ask, root):
    made = clients.registry(("static", root, {"permission": "view"}), policy=clients.Policy(False))
    asked = [("POST", "/static/%ff"), ("GET", "/static/%ff"), ("GET", "/static/nothing")]
    assert [ask(made, path, method).status for method, path in asked] == [405, 400, 403]


def test_the_policy_is_asked_each_time_about_the_request_and_the_view(ask, root):
    policy = clients.Policy(lambda request: request.headers.get("X-User") == "ada")
    made = clients.registry(("static", root, {"permission": "view"}), policy=policy)
    answers = [ask(made, "/static/app.css?a=1", headers={"X-User": user}) for user in ("ada", "bob", "ada")]
    assert [answer.status for answer in answers] == [200, 403, 200]
    request, context, permission = policy.asked[0]
    assert (context.name, permission) == ("static", "view")
    assert (request.path_info, request.registry, request.GET["a"]) == ("/static/app.css", made, "1")
    assert request.application_url == "http://localhost"


def test_without_a_policy_nobody_is_permitted(ask, root):
    assert ask(clients.registry(("static", root, {"permission": "view"})), "/static/app.css").status == 403


def test_a_policy_that_fails_permits_nothing_and_tells_the_operator_only(ask, root, caplog):
    policy = clients.Policy(lambda request: 1 / 0)
    made = clients.registry(("static", root, {"permission": "view"}), policy=policy)
    answer = ask(made, "/static/app.css")
    assert (answer.status, answer.body) == (403, b"403 Forbidden\n")
    assert "ZeroDivisionError" in caplog.text


# Versions: names with a digest, and values of a manifest.

FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def busted(root):
    """A function: a registry whose view `static` has a digest buster, and perhaps other options."""

    def make(policy=None, **options):
        made = clients.registry(("static", root, options), policy=policy)
        made.add_cache_buster(str(root), DigestCacheBuster())
        return made

    return make


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def test_a_name_with_the_current_digest_is_served_for_ever(ask, busted, root):
    answer = ask(busted(), f"/static/app-{digest(root / 'app.css')}.css")
    assert (answer.status, answer.body) == (200, b"body { color: black }\n")
    assert answer.first("Cache-Control") == FOREVER
    assert answer.first("ETag") == f'"{digest(root / "app.css")}"'
    assert answer.first("Content-Type") == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    "name",
    [
        "nothing-000000000000.css",
        "app-000000000000.js",
        "app-00000000000g.css",
        "app-0000000.css",
        "docs-000000000000",
    ],
)
def test_a_name_that_is_no_version_of_an_asset_is_not_found(ask, busted, name):
    answer = ask(busted(), f"/static/{name}")
    assert (answer.status, answer.first("Cache-Control")) == (404, None)


@pytest.mark.parametrize("kind", [DigestCacheBuster, TreeCacheBuster])
@pytest.mark.parametrize(
    "former, status, body",
    [("current", 200, b"body { color: black }\n"), ("missing", 404, None)],
)
def test_another_version_is_the_current_bytes_or_nothing_and_nobody_may_store_it(ask, root, kind, former, status, body):
    made = clients.registry(("static", root))
    made.add_cache_buster(str(root), kind(former=former))
    path = {DigestCacheBuster: "/static/app-000000000000.css", TreeCacheBuster: "/static/~000000000000/app.css"}[kind]
    answer = ask(made, path)
    assert (answer.status, answer.first("Cache-Control")) == (status, "no-store")
    assert body is None or answer.body == body


def test_an_asset_that_has_the_requested_name_wins(ask, busted, root):
    write(root / "app-000000000000.css", b"a file of its own")
    answer = ask(busted(), "/static/app-000000000000.css")
    assert (answer.body, answer.first("Cache-Control")) == (b"a file of its own", "public, max-age=3600")


def test_without_a_digest_buster_such_a_name_is_any_name(ask, root):
    answer = ask(clients.registry(("static", root)), f"/static/app-{digest(root / 'app.css')}.css")
    assert (answer.status, answer.first("Cache-Control")) == (404, None)


def test_the_variants_of_a_digest_name_are_those_of_the_asset(ask, busted, root):
    packed = gzip.compress((root / "app.css").read_bytes(), mtime=0)
    write(root / "app.css.gz", packed)
    name = f"/static/app-{digest(root / 'app.css')}.css"
    answer = ask(busted(content_encodings=("gzip",)), name, headers=GZIP)
    assert (answer.body, answer.first("Cache-Control")) == (packed, FOREVER)
    assert answer.first("ETag") == f'"{digest(root / "app.css.gz")}-gzip"'  # of the bytes that are sent


def test_a_protected_version_is_kept_for_ever_by_one_client(ask, busted, root):
    made = busted(policy=clients.Policy(True), permission="view")
    answer = ask(made, f"/static/app-{digest(root / 'app.css')}.css")
    assert answer.first("Cache-Control") == "private, max-age=31536000, immutable"
    denied = busted(policy=clients.Policy(False), permission="view")
    assert ask(denied, "/static/app-000000000000.css").status == 403


def test_the_bytes_under_a_digest_are_never_others_not_even_within_the_second(busted, root):
    app = clients.WSGIApp(busted())
    old, new = root / "app.css", root / "new.css"
    former = f"/static/app-{digest(old)}.css"
    assert clients.wsgi(app, former).status == 200
    write(new, b"body { color: white }\n", mtime=1_704_164_700)
    later = f"/static/app-{digest(new)}.css"
    os.replace(new, old)
    assert clients.wsgi(app, later).body == b"body { color: white }\n"
    # What was kept of the former version may still be given out, as it was; new bytes under its name may not.
    answer = clients.wsgi(app, former)
    assert answer.body == b"body { color: black }\n" or answer.first("Cache-Control") == "no-store"
    answer = clients.wsgi(clients.WSGIApp(app.registry), former)
    assert (answer.body, answer.first("Cache-Control")) == (b"body { color: white }\n", "no-store")


@pytest.mark.parametrize("name", ["con-000000000000", "CONFIG~1-000000000000.CSS", "view-000000000000.py"])
def test_a_digest_does_not_make_a_name_public(ask, busted, root, name):
    for path in ("con", "CONFIG~1.CSS", "view.py"):
        write(root / path, b"text")
    assert ask(busted(), f"/static/{name}").first("Cache-Control") is None


def test_a_value_of_the_manifest_in_force_is_served_for_ever(ask, root):
    write(root / "app-1f.css", b"built")
    write(root / "manifest.json", b'{"app.css": "app-1f.css"}')
    made = clients.registry(("static", root))
    made.add_cache_buster(str(root), ManifestCacheBuster(f"{root}/manifest.json"))
    told = {path: ask(made, f"/static/{path}").first("Cache-Control") for path in ("app-1f.css", "app.css")}
    assert told == {"app-1f.css": FOREVER, "app.css": "public, max-age=3600"}


# The view for WebOb.


@pytest.mark.parametrize("arguments", [lambda request: (request,), lambda request: (object(), request)])
def test_a_static_view_is_called_with_a_request_or_a_context_and_a_request(root, arguments):
    response = StaticView(str(root))(*arguments(Request.blank("/app.css")))
    assert (response.status, response.body) == ("200 OK", b"body { color: black }\n")
    assert response.content_type == "text/css"
    assert response.cache_control.max_age == 3600


@pytest.mark.parametrize(
    "path, status, location",
    [
        ("/docs/page.txt", 200, None),
        ("/docs", 301, "docs/"),
        ("/docs/", 200, None),
        ("/", 200, None),
        ("/nothing", 404, None),
        ("/%ff", 400, None),
        ("/../outside", 404, None),
    ],
)
def test_a_static_view_answers_like_the_applications(root, path, status, location):
    response = Request.blank(path).send(lambda environ, start: StaticView(str(root))(Request(environ))(environ, start))
    assert (response.status_code, response.headers.get("Location")) == (status, location)


@pytest.mark.parametrize(
    "subpath, path, status",
    [
        (("docs", "page.txt"), "/x/docs/page.txt", 200),
        (("docs",), "/x/docs/", 200),
        (("docs",), "/x/docs", 301),
        ((), "/x/", 200),
        ((), "/x", 301),
        (("..", "outside"), "/x/../outside", 404),
        (("docs/page.txt",), "/x/docs%2Fpage.txt", 200),
    ],
)
def test_a_static_view_may_read_the_subpath(root, subpath, path, status):
    request = Request.blank(path)
    request.subpath = subpath
    assert StaticView(str(root), use_subpath=True)(request).status_code == status


def test_a_static_view_sees_the_overrides_of_its_registry(package):
    shop, theme = package({"static/logo.png": "shop's"}), package({"brand/logo.png": "theme's"})
    made = AssetRegistry()
    view = StaticView(f"{shop}:static", made)
    assert view(Request.blank("/logo.png")).body == b"shop's"
    made.override_asset(f"{shop}:static/logo.png", f"{theme}:brand/logo.png")
    assert view(Request.blank("/logo.png")).body == b"theme's"
    assert StaticView(f"{shop}:static")(Request.blank("/logo.png")).body == b"shop's"


def test_a_static_view_may_be_relative_to_a_package(package):
    shop = package({"static/logo.png": "shop's"})
    assert StaticView("static", package=shop)(Request.blank("/logo.png")).body == b"shop's"


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"root": "static"}, InvalidSpec),
        ({"root": "shop:../static"}, InvalidSpec),
        ({"root": "shop:static", "content_encodings": ["deflate"]}, ValueError),
        ({"root": "shop:static", "cache_max_age": -1}, ValueError),
        ({"root": "shop:static", "headers": [("ETag", "x")]}, ValueError),
    ],
)
def test_a_static_view_refuses_what_a_directive_would(arguments, error):
    with pytest.raises(error):
        StaticView(**arguments)


def test_a_static_view_works_in_pyramid_with_a_route(root):
    config = Configurator()
    config.add_route("static", "/assets/*subpath")
    config.add_view(StaticView(str(root), use_subpath=True), route_name="static")
    app = TestApp(config.make_wsgi_app())
    assert app.get("/assets/docs/page.txt").body == b"page\n"
    assert app.get("/assets/docs").headers["Location"] == "docs/"
    assert app.get("/assets/large.bin").body == (root / "large.bin").read_bytes()
    assert app.get("/assets/nothing", status=404).body == b"404 Not Found\n"


def test_the_body_of_a_large_response_is_closed_with_it(root, descriptors):
    view, before = StaticView(str(root)), descriptors()
    response = view(Request.blank("/large.bin"))
    response.app_iter.close()
    assert descriptors() == before


# When the system is at its limits.


def test_exhausted_descriptors_are_an_error_of_the_moment_and_not_a_missing_asset(ask, root, monkeypatch, caplog):
    made = clients.registry(("static", root))
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", exhausted)
        answer = ask(made, "/static/app.css")
    assert (answer.status, answer.first("Cache-Control"), answer.first("Retry-After")) == (503, "no-store", "1")
    assert "Too many open files" in caplog.text
    assert str(root) not in caplog.text
    assert ask(made, "/static/app.css").status == 200


def test_when_descriptors_come_back_so_do_the_assets(ask, root):
    resource = pytest.importorskip("resource")
    made = clients.registry(("static", root))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    # The limit is on the number of a descriptor: a few above those that other tests hold.
    held = [int(each) for each in os.listdir("/proc/self/fd")] if os.path.isdir("/proc/self/fd") else [192]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(held) + 64, limits[1]))
    try:
        ask(made, "/static/digits.txt")  # what asyncio needs the first time is imported now
        while True:
            try:
                taken.append(os.open(root / "app.css", os.O_RDONLY))
            except OSError:
                break
        for spare in taken[-12:]:  # enough for an event loop, and for one file
            os.close(spare)
        answers = [ask(made, "/static/large.bin") for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 200]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for descriptor in taken[:-12]:
            os.close(descriptor)
    assert ask(made, "/static/large.bin").status == 200


def exhausted(*arguments, **options):
    raise OSError(24, "Too many open files", "/the/path")


def test_an_asset_that_changes_each_time_it_is_looked_at_is_an_error_of_the_moment(ask, root, monkeypatch):
    monkeypatch.setattr("assetzcml.serving.entries.reopen", lambda path, version: None)
    assert ask(clients.registry(("static", root)), "/static/large.bin").status == 503
