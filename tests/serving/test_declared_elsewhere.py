"""What people declare in other servers: types and headers by pattern, names for ever, pages for 404, front servers."""

import pytest
from webob import Request

from assetzcml import AssetRegistry, DigestCacheBuster, StaticApp, StaticView, load_zcml
from assetzcml.errors import ConfigurationError
from serving import clients
from serving.conftest import write

FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def site(root):
    """A function: a registry that publishes the root with options of `add_static_view`."""

    def make(name="static", policy=None, **options):
        registry = AssetRegistry()
        if policy is not None:
            registry.add_permission_policy(policy)
        registry.add_static_view(name, str(root), **options)
        return registry

    return make


# Media types.


def test_a_declared_type_goes_before_the_table_and_a_views_own_header_before_it(ask, root, site):
    write(root / "a.riv", b"riv")
    write(root / "b.CSS", b"css")
    registry = site()
    registry.add_static_view("own", str(root), headers={"Content-Type": "text/x-own"})
    assert ask(registry, "/static/a.riv").first("Content-Type") == "application/octet-stream"
    registry.add_media_type("RIV", "application/x-rive")  # holds from the next request on
    registry.add_media_type("css", "text/x-css")
    assert ask(registry, "/static/a.riv").first("Content-Type") == "application/x-rive"
    assert ask(registry, "/static/b.CSS").first("Content-Type") == "text/x-css; charset=utf-8"
    assert ask(registry, "/own/a.riv").first("Content-Type") == "text/x-own"


@pytest.mark.parametrize("extension, media_type, said", [
    (".riv", "application/x-rive", "write 'riv'"),
    ("tar.gz", "application/x-rive", "only the last one"),
    ("", "application/x-rive", "extension"),
    ("a/b", "application/x-rive", "extension"),
    ("riv", "rive", "not a media type"),
    ("riv", "application/x-rive; charset", "not a media type"),
    ("riv", "text/plain\r\nX-A: 1", "not a media type"),
])  # fmt: skip
def test_a_bad_media_type_is_refused_in_the_same_words_by_both_ways(extension, media_type, said, tmp_path):
    with pytest.raises(ConfigurationError, match=said) as by_call:
        AssetRegistry().add_media_type(extension, media_type)
    written = media_type.replace("\r\n", "&#13;&#10;")
    path = tmp_path / "site.zcml"
    path.write_text(
        f'<configure xmlns="http://namespaces.assetzcml.org/assets">'
        f'<mediaType extension="{extension}" type="{written}"/></configure>'
    )
    with pytest.raises(ConfigurationError, match=said) as by_zcml:
        load_zcml(str(path))
    assert said in by_call.value.problems[0].message + by_call.value.problems[0].hint
    assert by_zcml.value.problems[0].origin.line == 1


# Headers by pattern.


def headers_of(answer, *names):
    return [answer.first(name) for name in names]


def test_a_header_with_a_pattern_is_on_what_matches_and_the_last_statement_wins(ask, root, site):
    write(root / "fonts" / "a.woff2", b"font")
    registry = site(
        headers=[
            ("X-Robots-Tag", "all"),
            ("X-Robots-Tag", "noindex", "*.txt"),
            ("Access-Control-Allow-Origin", "*", "fonts/**"),
            ("X-Robots-Tag", "none", "docs/*.txt"),
            ("Cache-Control", "max-age=1", "*.woff2"),
            ("Vary", "Origin", "*.woff2"),
        ]
    )
    names = "X-Robots-Tag", "Access-Control-Allow-Origin", "Cache-Control", "Vary"
    for path, said in [
        ("/static/app.css", ["all", None, "public, max-age=3600", None]),
        ("/static/digits.txt", ["noindex", None, "public, max-age=3600", None]),
        ("/static/docs/page.txt", ["none", None, "public, max-age=3600", None]),
        ("/static/fonts/a.woff2", ["all", "*", "max-age=1", "Origin"]),
    ]:
        answer = ask(registry, path)
        assert headers_of(answer, *names) == said
        etag = answer.first("ETag")
        assert ask(registry, path, headers={"If-None-Match": etag}).first("X-Robots-Tag") == said[0]
        assert ask(registry, path, headers={"Range": "bytes=0-0"}).first("X-Robots-Tag") == said[0]
        assert ask(registry, path, headers={"Range": "bytes=99999999-"}).first("Access-Control-Allow-Origin") is None
    assert ask(registry, "/static/none.txt").first("X-Robots-Tag") == "all"  # no error has it
    assert ask(registry, "/static/docs").first("X-Robots-Tag") == "all"  # no redirect either


def test_it_is_the_assets_own_name_that_is_compared(ask, root, site):
    registry = site(headers=[("X-Own", "css", "app.css"), ("X-Own", "top", "index.html")])
    registry.add_cache_buster(str(root), DigestCacheBuster())
    url = registry.static_path(f"{root}/app.css")
    assert url != "/static/app.css"
    assert ask(registry, url).first("X-Own") == "css"
    assert ask(registry, "/static/").first("X-Own") == "top"


@pytest.mark.parametrize("header, said", [
    (("Content-Length", "1", "*"), "worked out"),
    (("ETag", "x", "*"), "worked out"),
    (("X-A", "1", "/a"), "begins with a slash"),
    (("X-A", "1", "a/../b"), "dot segment"),
    (("X-A", "1", ""), "empty"),
    (("X-A", "1", "x" * 10_000), "too long"),
    (("X-A", "1", "*" * 1000), "too long"),
    (("X-A", "1", "*.css", "more"), "pairs"),
])  # fmt: skip
def test_a_bad_header_is_refused_where_it_is_declared(header, said, site):
    with pytest.raises(ConfigurationError, match=said):
        site(headers=[header])
    with pytest.raises(ConfigurationError, match="given twice"):
        site(headers=[("X-A", "1", "*.css"), ("x-a", "2", "*.css")])
    with pytest.raises(ConfigurationError, match="match has no meaning"):
        AssetRegistry().add_static_file("robots.txt", "/srv/robots.txt", headers=[("X-A", "1", "*")])


# Names for ever.


def test_a_name_that_another_tool_made_is_for_ever(ask, root, site):
    write(root / "assets" / "index-DiwrgTda.js", b"js")
    registry = site(immutable_names=["assets/*-????????.*"])
    assert ask(registry, "/static/assets/index-DiwrgTda.js").first("Cache-Control") == FOREVER
    assert ask(registry, "/static/app.css").first("Cache-Control") == "public, max-age=3600"
    protected = site(policy=clients.Policy(True), permission="view", immutable_names=["assets/*"])
    answer = ask(protected, "/static/assets/index-DiwrgTda.js")
    assert answer.first("Cache-Control") == "private, max-age=31536000, immutable"


def test_a_name_that_hides_another_layers_file_is_not(ask, package, no_tick):
    shop = package({"www/assets/a-12345678.js": "shop", "www/assets/b-12345678.js": "shop"})
    theme = package({"www/assets/a-12345678.js": "theme", "www/assets/c-12345678.js": "theme"})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:www", immutable_names=["assets/*"])
    registry.override_asset(f"{shop}:www/", f"{theme}:www/")
    kept = {name: ask(registry, f"/static/assets/{name}-12345678.js").first("Cache-Control") for name in "abc"}
    assert kept == {"a": "public, max-age=3600", "b": FOREVER, "c": FOREVER}


# Pages in the place of what is missing.


def test_a_404_has_the_page_of_the_view(ask, root, site):
    page = write(root / "404.html", b"<title>not here</title>").read_bytes()
    write(root / "404.html.gz", b"gzipped")
    registry = site(not_found="404.html", content_encodings=["gzip"])
    for path in ("/static/none", "/static/.env", "/static/a//b", "/static/bare/", "/static/app.css/"):
        answer = ask(registry, path, headers={"If-None-Match": "*", "Range": "bytes=0-1"})
        assert (answer.status, answer.body) == (404, page)
        assert {name.lower(): value for name, value in answer.headers} == {
            "content-length": str(len(page)),
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-cache",
            "x-content-type-options": "nosniff",
            "vary": "Accept-Encoding",
        }
    gzipped = ask(registry, "/static/none", headers={"Accept-Encoding": "gzip"})
    assert (gzipped.body, gzipped.first("Content-Encoding")) == (b"gzipped", "gzip")
    head = ask(registry, "/static/none", "HEAD")
    assert (head.status, head.body, head.first("Content-Length")) == (404, b"", str(len(page)))
    assert ask(registry, "/static/none", "POST").status == 405
    assert ask(registry, "/static/%ff").body == b"400 Bad Request\n"
    assert ask(registry, "/static/404.html").status == 200


@pytest.mark.parametrize("name", ["missing.html", "docs", "404-000000000000.html"])
def test_a_page_that_is_not_there_leaves_the_plain_line(ask, root, site, name):
    write(root / "404.html", b"page")
    answer = ask(site(not_found=name), "/static/none")
    assert (answer.status, answer.body) == (404, b"404 Not Found\n")


def test_a_theme_overrides_the_page(ask, package, no_tick):
    shop, theme = package({"www/404.html": "shop"}), package({"404.html": "theme"})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:www", not_found="404.html")
    registry.override_asset(f"{shop}:www/404.html", f"{theme}:404.html")
    assert ask(registry, "/static/none").body == b"theme"


def test_a_wrong_digest_name_stays_plain_and_who_is_not_permitted_sees_no_page(ask, root, site):
    write(root / "404.html", b"page")
    registry = site(not_found="404.html", single_page="index.html")
    registry.add_cache_buster(str(root), DigestCacheBuster(former="missing"))
    answer = ask(registry, "/static/app-000000000000.css")
    assert (answer.body, answer.first("Cache-Control")) == (b"404 Not Found\n", "no-store")
    denied = site(policy=clients.Policy(False), permission="view", not_found="404.html", single_page="index.html")
    assert ask(denied, "/static/none").status == 403
    permitted = site(policy=clients.Policy(True), permission="view", not_found="404.html")
    assert ask(permitted, "/static/none").first("Cache-Control") == "private, no-cache"


def test_a_page_for_404s_is_read_once_a_second_whatever_is_asked_for(root, site):
    write(root / "404.html", b"page")
    app = StaticApp(site(not_found="404.html"))
    for number in range(200):
        assert clients.wsgi(app, f"/static/none{number}").body == b"page"
    assert len(app._desks.current.entries.ready) == 1


def test_a_single_page_answers_what_leads_to_nothing(ask, root, site):
    page = (root / "index.html").read_bytes()
    registry = site(single_page="index.html", not_found="docs/page.txt")
    for path in ("/static/users", "/static/users/42", "/static/a.b/c", "/static/users/"):
        answer = ask(registry, path)
        assert (answer.status, answer.body, answer.first("Cache-Control")) == (200, page, "no-cache")
        assert ask(registry, path, headers={"If-None-Match": answer.first("ETag")}).status == 304
        assert ask(registry, path, headers={"Range": "bytes=0-3"}).status == 206
        assert ask(registry, path, "HEAD").status == 200
    for path in ("/static/app.js", "/static/users/app.js", "/static/.env"):
        answer = ask(registry, path)
        assert (answer.status, answer.body) == (404, b"page\n")
    assert ask(registry, "/static/users", "POST").status == 405
    assert ask(registry, "/static/app.css").first("Cache-Control") == "public, max-age=3600"
    assert ask(registry, "/static/index.html").first("Cache-Control") == "public, max-age=3600"


def test_the_root_view_with_a_fallback_yields_all_the_same(root, site):
    def fallback(environ, start_response):
        start_response("200 OK", [])
        return [b"application"]

    registry = site("", single_page="index.html", not_found="index.html")
    assert clients.wsgi(StaticApp(registry, fallback), "/users").body == b"application"
    assert clients.wsgi(StaticApp(registry), "/users").status == 200


@pytest.mark.parametrize("option", ["not_found", "single_page"])
@pytest.mark.parametrize("value", ["/404.html", "../404.html", "a//b", "a\\b", 404])
def test_a_page_is_named_below_the_root(site, option, value):
    with pytest.raises(ConfigurationError, match=option):
        site(**{option: value})


# A front server that sends the bytes.


def test_a_front_server_is_told_where_the_bytes_are(ask, root, site):
    write(root / "d \u00e9%" / "a b.css", b"css")
    registry = site(policy=clients.Policy(True), permission="view", send="x-accel-redirect /protected/")
    registry.add_cache_buster(str(root), DigestCacheBuster())
    answer = ask(registry, "/static/d%20%C3%A9%25/a%20b.css", headers={"Range": "bytes=0-0", "If-None-Match": "*"})
    assert (answer.status, answer.body) == (200, b"")
    assert {name.lower(): value for name, value in answer.headers} == {
        "content-length": "0",
        "content-type": "text/css; charset=utf-8",
        "cache-control": "private, max-age=3600",
        "x-content-type-options": "nosniff",
        "x-accel-redirect": "/protected/d%20%C3%A9%25/a%20b.css",
    }
    busted = ask(registry, registry.static_path(f"{root}/app.css"))
    assert busted.first("X-Accel-Redirect") == "/protected/app.css"
    assert busted.first("Cache-Control") == "private, max-age=3600"  # the name is opened later: nothing is for ever
    assert ask(registry, "/static/docs/").first("X-Accel-Redirect") == "/protected/docs/index.html"
    assert ask(registry, "/static/none").first("X-Accel-Redirect") is None


def test_who_is_not_permitted_is_told_nothing_by_the_front_server(ask, site):
    registry = site(policy=clients.Policy(False), permission="view", send="x-sendfile")
    answer = ask(registry, "/static/app.css")
    assert (answer.status, answer.first("X-Sendfile")) == (403, None)


def test_x_sendfile_has_the_real_path(ask, root, site):
    assert ask(site(send="X-Sendfile"), "/static/app.css").first("X-Sendfile") == str((root / "app.css").resolve())


def test_what_is_not_below_the_views_own_directory_is_sent_by_us(ask, package, no_tick):
    shop, theme = package({"www/a.css": "shop", "www/b.css": "shop"}), package({"a.css": "theme"})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:www", send="x-accel-redirect /p")
    registry.override_asset(f"{shop}:www/a.css", f"{theme}:a.css")
    ours, theirs = ask(registry, "/static/a.css"), ask(registry, "/static/b.css")
    assert (ours.body, ours.first("X-Accel-Redirect")) == (b"theme", None)
    assert (theirs.body, theirs.first("X-Accel-Redirect")) == (b"", "/p/b.css")


@pytest.mark.parametrize("send", [
    "x-accel-redirect", "x-accel-redirect protected", "x-accel-redirect /a/../b", "x-accel-redirect /a?b", "x-accel-redirect /",
    "x-accel-redirect /a /b", "x-sendfile /srv", "nginx", "x-accel-redirect /a\r\nX-B:1",
])  # fmt: skip
def test_a_bad_way_to_send_is_refused(site, send):
    with pytest.raises(ConfigurationError, match="send"):
        site(send=send)


# The same in ZCML, in `StaticView`, and told.


def test_zcml_says_all_of_it(ask, root, tmp_path):
    write(root / "404.html", b"page")
    path = tmp_path / "site.zcml"
    path.write_text(f"""<configure xmlns="http://namespaces.assetzcml.org/assets">
      <mediaType extension="riv" type="application/x-rive"/>
      <staticView name="static" path="{root}" immutable_names="*-????????.* assets/*" not_found="404.html"
                  single_page="index.html" send="x-accel-redirect /p">
        <header name="X-Own" value="css" match="*.css"/>
      </staticView></configure>""")
    registry = load_zcml(str(path))
    call = AssetRegistry()
    call.add_static_view(
        "static", str(root), headers=[("X-Own", "css", "*.css")], immutable_names=["*-????????.*", "assets/*"],
        not_found="404.html", single_page="index.html", send="x-accel-redirect /p",
    )  # fmt: skip
    assert registry.snapshot.views == call.snapshot.views
    assert ask(registry, "/static/app.css").first("X-Own") == "css"
    told = registry.explain("/static/app.css")
    assert ("X-Own", "css") in told.answer[1]
    assert "X-Accel-Redirect" in str(told)


def test_a_static_view_takes_the_same_options(root):
    write(root / "404.html", b"page")
    view = StaticView(str(root), not_found="404.html", single_page="index.html", headers=[("X-Own", "css", "*.css")])
    assert view(Request.blank("/app.css")).headers["X-Own"] == "css"
    assert view(Request.blank("/none.js")).body == b"page"
    assert view(Request.blank("/none")).status_int == 200
