"""The cache busters that ship, by themselves, in a registry, and in Pyramid."""

import json
import os

import pytest
from url_site import Site, pyramid_request, site_of
from zope.interface.verify import verifyObject

from assetzcml.errors import InvalidManifest, InvalidSpec, NotBusted
from assetzcml.interfaces import IBindable, ICacheBuster
from assetzcml.records.assets import Busting, asset_spec
from assetzcml.resolving.digests import digest_of
from assetzcml.urls.cachebusters import (
    DigestCacheBuster,
    Lasting,
    ManifestCacheBuster,
    QueryStringCacheBuster,
    QueryStringConstantCacheBuster,
    lasting,
)


def write_manifest(path, entries):
    """Replace a manifest as a build tool does: at once."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(entries) if not isinstance(entries, str) else entries)
    os.replace(new, path)


@pytest.mark.parametrize(
    "buster",
    [QueryStringConstantCacheBuster("v"), ManifestCacheBuster("/m.json"), DigestCacheBuster()],
    ids=lambda buster: type(buster).__name__,
)
def test_what_ships_keeps_the_interface(buster):
    assert verifyObject(ICacheBuster, buster)
    assert not IBindable.providedBy(buster) or verifyObject(IBindable, buster)


# Query strings


class LongCacheBuster(QueryStringCacheBuster):
    def tokenize(self, request, subpath, kw):
        return f"{request}-{subpath}-{kw['rawspec']}"


class ShortCacheBuster(QueryStringCacheBuster):
    def tokenize(self, pathspec):
        return pathspec


class StarCacheBuster(QueryStringCacheBuster):
    def tokenize(self, *arguments):
        return f"{len(arguments)} arguments"


class DefaultsCacheBuster(QueryStringCacheBuster):
    def tokenize(self, pathspec, salt="s", pepper="p"):
        return f"{pathspec}-{salt}-{pepper}"


class StaticCacheBuster(QueryStringCacheBuster):
    @staticmethod
    def tokenize(pathspec):
        return pathspec


class LongAgain(ShortCacheBuster):
    def tokenize(self, request, subpath, kw):
        return "long"


KW = {"pathspec": "shop:static/a.css", "rawspec": "theme:a.css"}


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        (LongCacheBuster, "None-a.css-theme:a.css"),
        (ShortCacheBuster, "shop:static/a.css"),
        (StarCacheBuster, "3 arguments"),
        # three arguments can be given, so three are: the signature decides, not the names
        (DefaultsCacheBuster, f"None-a.css-{KW}"),
        (StaticCacheBuster, "shop:static/a.css"),
        (LongAgain, "long"),
    ],
)
def test_the_signature_of_tokenize_decides_what_it_is_given(kind, token):
    buster = kind()
    assert buster(None, "a.css", KW)[1]["_query"] == {"x": token}
    assert buster(None, "a.css", KW)[1]["_query"] == {"x": token}  # decided once


def test_a_tokenize_of_another_signature_is_an_error_that_names_both():
    class Wrong(QueryStringCacheBuster):
        def tokenize(self, one, two):
            return ""

    with pytest.raises(TypeError, match=r"\(one, two\).*neither \(request, subpath, kw\) nor \(pathspec\)"):
        Wrong()(None, "a.css", {})


def test_without_tokenize_the_class_is_no_cache_buster():
    with pytest.raises(NotImplementedError, match=r"tokenize\(pathspec\)"):
        QueryStringCacheBuster()(None, "a.css", {})


def test_a_subclass_need_not_call_the_constructor():
    class Lazy(QueryStringCacheBuster):
        def __init__(self):
            pass

        def tokenize(self, pathspec):
            return "1"

    assert Lazy()(None, "a.css", {})[1] == {"_query": {"x": "1"}}


@pytest.mark.parametrize(
    ("query", "result"),
    [
        (None, {"v": "t"}),
        ("", {"v": "t"}),
        ({}, {"v": "t"}),
        ({"a": "1"}, {"a": "1", "v": "t"}),
        ({"v": "old"}, {"v": "t"}),  # Pyramid's: a dict has one value for a key
        ((("a", "1"),), (("a", "1"), ("v", "t"))),
        ([("v", "old")], (("v", "old"), ("v", "t"))),
        ((), (("v", "t"),)),
        ("a=b c", "a=b c&v=t"),
    ],
)
def test_the_token_is_added_to_every_kind_of_query_and_changes_none(query, result):
    kw = {"_query": query}
    before = repr(kw)
    subpath, busted = QueryStringConstantCacheBuster("t", param="v")(None, "a.css", kw)
    assert subpath == "a.css"
    assert busted == {"_query": result}
    assert repr(kw) == before


# Manifests by themselves, as a Pyramid user knows them


def test_by_itself_a_manifest_maps_the_path_below_the_static_view(tmp_path):
    write_manifest(tmp_path / "m.json", {"css/main.css": "css/main-678b7c80.css"})
    buster = ManifestCacheBuster(str(tmp_path / "m.json"))
    assert buster(None, "css/main.css", {}) == ("css/main-678b7c80.css", {})
    assert buster(None, "css/other.css", {}) == ("css/other.css", {})


def test_by_itself_a_manifest_may_lie_in_a_package(package):
    name = package({"static/m.json": '{"a.css": "a-1.css"}'})
    assert ManifestCacheBuster(f"{name}:static/m.json")(None, "a.css", {})[0] == "a-1.css"


def test_a_relative_manifest_spec_is_refused():
    with pytest.raises(InvalidSpec, match="nothing it is relative to"):
        ManifestCacheBuster("static/manifest.json")


def test_missing_is_plain_or_error():
    for kind in (DigestCacheBuster, lambda missing: ManifestCacheBuster("/m.json", missing=missing)):
        with pytest.raises(ValueError, match="'plain' or 'error' was expected"):
            kind(missing="loud")


def test_without_reload_a_missing_manifest_is_an_error_and_a_changed_one_is_not_noticed(tmp_path):
    path = tmp_path / "m.json"
    buster = ManifestCacheBuster(str(path))
    with pytest.raises(InvalidManifest, match="does not exist"):
        buster(None, "a.css", {})
    write_manifest(path, {"a.css": "a-1.css"})
    assert buster(None, "a.css", {})[0] == "a-1.css"
    write_manifest(path, {"a.css": "a-2.css"})
    assert buster(None, "a.css", {})[0] == "a-1.css"


def test_with_reload_each_state_of_the_file_is_noticed(tmp_path, caplog):
    path = tmp_path / "m.json"
    buster = ManifestCacheBuster(str(path), reload=True)

    def name():
        return buster(None, "a.css", {})[0]

    assert name() == "a.css"  # missing: empty
    write_manifest(path, {"a.css": "a-1.css"})
    assert name() == "a-1.css"
    write_manifest(path, {"a.css": "a-2.css"})  # same size, same second: another inode
    assert name() == "a-2.css"
    assert caplog.messages == []
    write_manifest(path, '{"a.css": "a-')  # half-written
    assert name() == "a-2.css"
    assert name() == "a-2.css"
    assert len(caplog.messages) == 1  # told once, not at each URL
    assert "its last good state is used" in caplog.text
    write_manifest(path, {"a.css": "/a-3.css"})  # refused
    assert name() == "a-2.css"
    write_manifest(path, {"a.css": "a-4.css"})
    assert name() == "a-4.css"
    path.unlink()
    assert name() == "a.css"


def test_another_format_is_read_by_overriding_parse_manifest(package):
    class ViteCacheBuster(ManifestCacheBuster):
        def parse_manifest(self, content):
            return {source: entry["file"] for source, entry in json.loads(content).items()}

    name = package({"static/.vite/m.json": '{"main.js": {"file": "assets/main-1f.js", "isEntry": true}}'})
    site = site_of(
        [("static", f"{name}:static")], busters=[(f"{name}:static", ViteCacheBuster(f"{name}:static/.vite/m.json"))]
    )
    assert site.static_path(f"{name}:static/main.js") == "/static/assets/main-1f.js"


def test_what_parse_manifest_raises_refuses_the_manifest(tmp_path):
    class Broken(ManifestCacheBuster):
        def parse_manifest(self, content):
            return json.loads(content)["files"]

    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(InvalidManifest, match=r"m\.json' cannot be parsed: KeyError: 'files'"):
        Broken(str(tmp_path / "m.json"))(None, "a.css", {})


# Manifests in a registry: keys are relative to the path the buster was declared for


@pytest.mark.parametrize(
    ("view", "path", "entries", "asked", "url"),
    [
        # view and buster for one directory
        ("static", "static", {"css/a.css": "css/a-1.css"}, "static/css/a.css", "/v/css/a-1.css"),
        ("static", "static", {"css/a.css": "dist/a-1.css"}, "static/css/a.css", "/v/dist/a-1.css"),
        ("static", "static", {"css/a.css": "css/a-1.css"}, "static/css/b.css", "/v/css/b.css"),
        # the buster deeper than the view: what is between them stays
        ("static", "static/css", {"a.css": "a-1.css"}, "static/css/a.css", "/v/css/a-1.css"),
        ("static", "static/css", {"a.css": "deep/a-1.css"}, "static/css/a.css", "/v/css/deep/a-1.css"),
        ("static", "static/css", {"a.css": "a-1.css"}, "static/a.css", "/v/a.css"),  # not below the buster's path
        # the view deeper than the buster: what is between them is cut off
        ("static/css", "static", {"css/a.css": "css/a-1.css"}, "static/css/a.css", "/v/a-1.css"),
        ("static/css", "static", {"css/x/a.css": "css/a-1.css"}, "static/css/x/a.css", "/v/a-1.css"),
        ("static/css", "static", {"a.css": "a-1.css"}, "static/css/a.css", "/v/a.css"),
        # a directory is in no manifest
        ("static", "static", {"css": "css-1"}, "static/css/", "/v/css/"),
        ("static", "static", {"": "x"}, "static/", "/v/"),
    ],
)
def test_the_value_replaces_what_the_key_stands_for(package, view, path, entries, asked, url):
    name = package({"m.json": json.dumps(entries), "static/css/a.css": ""})
    site = site_of([("v", f"{name}:{view}")], busters=[(f"{name}:{path}", ManifestCacheBuster(f"{name}:m.json"))])
    assert site.static_path(f"{name}:{asked}") == url


def problems(site, buster, path, explicit=False):
    return list(buster.problems(site, Busting(path=asset_spec(path), buster=buster, explicit=explicit)))


def test_a_value_outside_a_deeper_view_is_a_problem_and_has_no_url(package):
    name = package({"m.json": '{"css/a.css": "dist/a-1.css", "b.js": "dist/b.js"}', "static/css/a.css": ""})
    buster = ManifestCacheBuster(f"{name}:m.json")
    site = site_of([("css", f"{name}:static/css")], busters=[(f"{name}:static", buster)])
    with pytest.raises(NotBusted, match=r"moves 'css/a\.css' to 'dist/a-1\.css'"):
        site.static_path(f"{name}:static/css/a.css")
    [problem] = problems(site, buster, f"{name}:static")
    assert "moves 'css/a.css' to 'dist/a-1.css', out of the root" in problem
    assert "staticView 'css'" in problem


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "static/manifest.old.json'?"),
        ("{", "it is not JSON"),
        ("[]", "it is an array"),
        ('{"a.css": "../a.css"}', "leads out of the root"),
        (b"\xff", "it is not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_told_at_load(package, manifest, message):
    files = {"static/manifest.old.json": "{}"} if manifest is None else {"static/manifest.json": manifest}
    name = package(files)
    buster = ManifestCacheBuster(f"{name}:static/manifest.json")
    [problem] = problems(Site(), buster, f"{name}:static")
    assert problem.startswith(f"the manifest '{name}:static/manifest.json'")
    assert message in problem


def test_with_reload_only_a_missing_manifest_is_no_problem(package):
    name = package({"static/bad.json": "{"})
    assert problems(Site(), ManifestCacheBuster(f"{name}:static/m.json", reload=True), f"{name}:static") == []
    assert len(problems(Site(), ManifestCacheBuster(f"{name}:static/bad.json", reload=True), f"{name}:static")) == 1


def test_a_directory_is_not_a_manifest(package):
    name = package({"static/m.json/x": ""})
    [problem] = problems(Site(), ManifestCacheBuster(f"{name}:static/m.json"), f"{name}:static")
    assert "cannot be read" in problem


def test_a_good_manifest_has_no_problem(package):
    name = package({"m.json": '{"a.css": "a-1.css"}'})
    assert problems(Site(), ManifestCacheBuster(f"{name}:m.json"), f"{name}:static") == []


def test_a_manifest_is_read_through_overrides(package):
    shop = package({"static/m.json": '{"a.css": "a-shop.css"}'})
    theme = package({"m.json": '{"a.css": "a-theme.css"}'})
    buster = ManifestCacheBuster(f"{shop}:static/m.json")
    site = site_of([("static", f"{shop}:static")], busters=[(f"{shop}:static", buster)])
    assert site.static_path(f"{shop}:static/a.css") == "/static/a-shop.css"
    site.override(f"{shop}:static/m.json", f"{theme}:m.json")
    assert site.static_path(f"{shop}:static/a.css") == "/static/a-theme.css"


def test_two_registries_may_share_a_buster(package):
    shop = package({"static/m.json": '{"a.css": "a-shop.css"}'})
    theme = package({"m.json": '{"a.css": "a-theme.css"}'})
    buster = ManifestCacheBuster(f"{shop}:static/m.json")
    views = [("static", f"{shop}:static")]
    plain = site_of(views, busters=[(f"{shop}:static", buster)])
    themed = site_of(views, [(f"{shop}:static/m.json", f"{theme}:m.json")], [(f"{shop}:static", buster)])
    urls = [site.static_path(f"{shop}:static/a.css") for site in (plain, themed, plain)]
    assert urls == ["/static/a-shop.css", "/static/a-theme.css", "/static/a-shop.css"]


def test_missing_error_refuses_an_asset_without_an_entry(package):
    name = package({"m.json": '{"css/main.css": "css/main-1.css"}'})
    buster = ManifestCacheBuster(f"{name}:m.json", missing="error")
    site = site_of([("static", f"{name}:static")], busters=[(f"{name}:static", buster)])
    assert site.static_path(f"{name}:static/css/main.css") == "/static/css/main-1.css"
    with pytest.raises(NotBusted, match=r"m\.json' has no entry for 'css/mian\.css'; did you mean 'css/main\.css'\?"):
        site.static_path(f"{name}:static/css/mian.css")


def test_reload_none_is_the_setting(package):
    name = package({"m.json": '{"a.css": "a-1.css"}', "static/a.css": ""})
    site = site_of(
        [("s", f"{name}:static")], busters=[(f"{name}:static", ManifestCacheBuster(f"{name}:m.json", reload=None))]
    )
    site.settings["reload"] = "true"
    assert site.static_path(f"{name}:static/a.css") == "/s/a-1.css"
    write_manifest(package.directory / name / "m.json", {"a.css": "a-2.css"})
    assert site.static_path(f"{name}:static/a.css") == "/s/a-2.css"


def test_prepare_reads_the_manifest_that_the_first_url_would(package):
    from assetzcml.urls.generator import URLGenerator

    name = package({"m.json": '{"a.css": "a-1.css"}'})
    site = site_of([("s", f"{name}:static")], busters=[(f"{name}:static", ManifestCacheBuster(f"{name}:m.json"))])
    site.part(URLGenerator).prepare()
    (package.directory / name / "m.json").unlink()
    assert site.static_path(f"{name}:static/a.css") == "/s/a-1.css"


# Explicit ones work on what is really served


def test_an_explicit_manifest_has_keys_relative_to_where_the_asset_comes_from(package):
    shop = package({"static/css/a.css": "", "static/b.css": ""})
    theme = package({"brand/a.css": "", "brand/a-1.css": "", "m.json": '{"a.css": "a-1.css"}'})
    buster = ManifestCacheBuster(f"{theme}:m.json")
    site = site_of(
        [("static", f"{shop}:static")],
        [(f"{shop}:static/css/", f"{theme}:brand/")],
        [(f"{theme}:brand", buster, True), (f"{shop}:static", QueryStringConstantCacheBuster("shop"))],
    )
    assert site.static_path(f"{shop}:static/css/a.css") == "/static/css/a-1.css"
    assert site.static_path(f"{shop}:static/b.css") == "/static/b.css?x=shop"


@pytest.mark.parametrize(
    ("path", "entries", "url"),
    [
        ("brand", {"img/l.png": "img/l-1.png"}, "/static/logos/l-1.png"),  # the target stands for 'brand/img'
        ("brand", {"img/l.png": "pix/l-1.png"}, None),  # which the value has left
    ],
)
def test_an_explicit_manifest_of_a_directory_above_the_override_s_source(package, path, entries, url):
    shop = package({"static/logos/l.png": ""})
    theme = package({"brand/img/l.png": "", "m.json": json.dumps(entries)})
    site = site_of(
        [("static/logos", f"{shop}:static/logos")],
        [(f"{shop}:static/logos/", f"{theme}:brand/img/")],
        [(f"{theme}:{path}", ManifestCacheBuster(f"{theme}:m.json"), True)],
    )
    if url is None:
        with pytest.raises(NotBusted):
            site.static_path(f"{shop}:static/logos/l.png")
    else:
        assert site.static_path(f"{shop}:static/logos/l.png") == url


def test_an_explicit_manifest_cannot_follow_an_override_that_renames(package):
    shop = package({"static/logo.png": ""})
    theme = package({"brand/l.png": "", "m.json": '{"l.png": "l-1.png"}'})
    site = site_of(
        [("static", f"{shop}:static")],
        [(f"{shop}:static/logo.png", f"{theme}:brand/l.png")],
        [(f"{theme}:brand", ManifestCacheBuster(f"{theme}:m.json"), True)],
    )
    assert site.static_path(f"{shop}:static/logo.png") == "/static/logo.png"


# Digests


def test_a_digest_is_of_the_bytes_really_served(package):
    shop = package({"static/logo.png": "shop", "static/app.min.js": "js", "static/LICENSE": "free"})
    theme = package({"brand/logo.png": "theme"})
    site = site_of([("static", f"{shop}:static")], busters=[(f"{shop}:static", DigestCacheBuster())])
    assert site.static_path(f"{shop}:static/app.min.js") == f"/static/app.min-{digest_of(b'js')}.js"
    assert site.static_path(f"{shop}:static/LICENSE") == f"/static/LICENSE-{digest_of(b'free')}"
    assert site.static_path(f"{shop}:static/logo.png") == f"/static/logo-{digest_of(b'shop')}.png"
    site.override(f"{shop}:static/logo.png", f"{theme}:brand/logo.png")
    assert site.static_path(f"{shop}:static/logo.png") == f"/static/logo-{digest_of(b'theme')}.png"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("", "a directory"), ("css/", "a directory"), ("css", "a directory"), ("no.css", "no layer has it")],
)
def test_a_directory_and_a_missing_file_have_no_digest(package, path, reason):
    name = package({"static/css/a.css": "a"})
    site = site_of([("static", f"{name}:static")], busters=[(f"{name}:static", DigestCacheBuster())])
    assert site.static_path(f"{name}:static/{path}") == f"/static/{path}"
    site = site_of([("static", f"{name}:static")], busters=[(f"{name}:static", DigestCacheBuster(missing="error"))])
    with pytest.raises(NotBusted, match=f"has no digest: .*{reason}"):
        site.static_path(f"{name}:static/{path}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_has_no_digest(package):
    name = package({"static/a.css": "a"})
    (package.directory / name / "static" / "a.css").chmod(0)
    site = site_of([("static", f"{name}:static")], busters=[(f"{name}:static", DigestCacheBuster())])
    assert site.static_path(f"{name}:static/a.css") == "/static/a.css"


def test_a_pipe_has_no_digest_and_blocks_nobody(package):
    name = package({"static/a.css": "a"})
    os.mkfifo(package.directory / name / "static" / "pipe")
    site = site_of([("static", f"{name}:static")], busters=[(f"{name}:static", DigestCacheBuster())])
    assert site.static_path(f"{name}:static/pipe") == "/static/pipe"


def test_by_itself_a_digest_buster_says_what_it_needs():
    with pytest.raises(TypeError, match="works in an AssetRegistry"):
        DigestCacheBuster()(None, "a.css", {"pathspec": "shop:a.css"})


# What may be remembered


class Subclass(ManifestCacheBuster):
    def __call__(self, request, subpath, kw):
        return super().__call__(request, subpath, kw)


class OtherFormat(ManifestCacheBuster):
    def parse_manifest(self, content):
        return {}


class TokenOfTheMinute(QueryStringConstantCacheBuster):
    def tokenize(self, request, subpath, kw):
        return "now"


@pytest.mark.parametrize(
    ("buster", "lasts"),
    [
        (QueryStringConstantCacheBuster("v"), Lasting.SNAPSHOT),
        (ManifestCacheBuster("/m.json"), Lasting.SNAPSHOT),
        (OtherFormat("/m.json"), Lasting.SNAPSHOT),
        (ManifestCacheBuster("/m.json", reload=None), Lasting.FOUND),
        (DigestCacheBuster(), Lasting.FOUND),
        (ManifestCacheBuster("/m.json", reload=True), Lasting.NEVER),
        (Subclass("/m.json"), Lasting.NEVER),
        (TokenOfTheMinute("v"), Lasting.NEVER),
        (ShortCacheBuster(), Lasting.NEVER),
        (lambda request, subpath, kw: (subpath, kw), Lasting.NEVER),
    ],
)
def test_only_what_cannot_change_is_remembered(buster, lasts):
    assert lasting(buster) is lasts


# Ours in Pyramid


def test_ours_work_in_pyramid(tmp_path):
    pytest.importorskip("pyramid")
    write_manifest(tmp_path / "m.json", {"a.css": "a-1.css"})
    views = [("s", "email:static")]
    for buster, url in (
        (QueryStringConstantCacheBuster("v"), "/s/a.css?x=v"),
        (ShortCacheBuster(), "/s/a.css?x=email%3Astatic%2Fa.css"),
        (ManifestCacheBuster(str(tmp_path / "m.json")), "/s/a-1.css"),
    ):
        request = pyramid_request(views, busters=[("email:static", buster)])
        assert request.static_path("email:static/a.css") == url
        assert site_of(views, busters=[("email:static", buster)]).static_path("email:static/a.css") == url
