"""The flat format of manifests: what is read, and what is refused."""

import json
from pathlib import Path

import pytest

from assetzcml.errors import ConfigurationError, InvalidManifest
from assetzcml.urls.manifest_format import ManifestEntries, Unplaced, escaping_values, parse_manifest, placed


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        (b"{}", {}),
        (b'{"a.css": "a-1f.css"}', {"a.css": "a-1f.css"}),
        (b'\xef\xbb\xbf{"a.css": "a-1f.css"}', {"a.css": "a-1f.css"}),  # what editors of Windows write
        ('{"bücher.css": "bücher-1f.css"}'.encode(), {"bücher.css": "bücher-1f.css"}),
        (b'{"a": "b", "a": "b"}', {"a": "b"}),  # twice the same is no contradiction
    ],
)
def test_a_flat_object_of_texts_is_a_manifest(content, entries):
    assert parse_manifest(content) == entries


def test_the_manifest_of_vite_is_read_as_it_is():
    content = {
        "main.js": {
            "file": "assets/main-1a.js",
            "css": ["assets/main-3c.css"],
            "imports": ["_shared.js"],
            "isEntry": True,
        },
        "_shared.js": {
            "file": "assets/shared-2b.js",
            "css": ["assets/shared-4d.css"],
            "assets": ["assets/logo-5e.svg"],
        },
    }
    assert parse_manifest(json.dumps(content).encode()) == {
        "main.js": "assets/main-1a.js", "_shared.js": "assets/shared-2b.js",
        # What comes with an entry has its name already, and is as lasting.
        "assets/main-3c.css": "assets/main-3c.css", "assets/shared-4d.css": "assets/shared-4d.css",
        "assets/logo-5e.svg": "assets/logo-5e.svg",
    }  # fmt: skip


@pytest.mark.parametrize("entry", ['{"file": 7}', '{"file": "../out.js"}', '{"file": "a.js", "css": ["/b.css"]}'])
def test_an_entry_of_vite_that_leads_elsewhere_is_refused(entry):
    with pytest.raises(InvalidManifest, match="the value of"):
        ManifestEntries(parse_manifest(f'{{"main.js": {entry}}}'.encode()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is not JSON: line 1, column 1"),
        (b'{"a": "b",\n "c": }', "it is not JSON: line 2, column 7"),
        (b'{"a": "\xe9"}', "it is not UTF-8: byte 8 is 0xe9"),
        (b'["a.css"]', "it is an array; an object"),
        (b'"a.css"', "it is a text; an object"),
        (b"null", "it is null; an object"),
        (b"true", "it is a boolean; an object"),
        (b'{"a": "b", "a": "c"}', "it has the key 'a' twice, with different values"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_anything_else_is_refused_with_what_was_found(content, message):
    with pytest.raises(
        InvalidManifest, match="^" + message.replace("[", r"\[") if "nested" not in message else message
    ):
        parse_manifest(content)


def test_a_refusal_is_a_configuration_error_and_a_value_error():
    assert issubclass(InvalidManifest, ConfigurationError)
    assert issubclass(InvalidManifest, ValueError)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        ("/static/a.css", "absolute"),
        ("//evil.example/a.css", "absolute"),
        ("https://evil.example/a.css", "a scheme"),
        ("javascript:alert(1)", "a scheme"),
        ("C:/a.css", "a scheme"),  # a drive, for that matter
        ("../a.css", "out of the root"),
        ("css/../../a.css", "out of the root"),
        ("css/..", "out of the root"),
        ("css\\a.css", "backslash"),
        ("a\0.css", "control character"),
        ("a\n.css", "control character"),
        ("a\x7f.css", "control character"),
        ("css//a.css", "empty segment"),
        ("css/", "empty segment"),
        (".", "empty segment"),
    ],
)
def test_a_value_that_is_not_a_relative_path_inside_the_root_is_refused(value, reason):
    with pytest.raises(InvalidManifest) as caught:
        ManifestEntries({"a.css": value})
    assert reason in str(caught.value)
    assert "'a.css'" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(1, "a number"), (None, "null"), (True, "a boolean"), (["a"], "an array"), ({}, "an object")],
)
def test_a_value_that_is_no_text_is_refused_by_its_kind(value, kind):
    with pytest.raises(InvalidManifest, match=f"the value of 'a.css' is {kind}; a text was expected"):
        ManifestEntries({"a.css": value})


def test_a_dot_segment_is_taken_out_of_a_value():
    assert ManifestEntries({"a.css": "./css/./a-1f.css"}).entries == {"a.css": "css/a-1f.css"}


@pytest.mark.parametrize(
    "value", ["a b.css", "ü.css", "a@2x.png", "a?b.css", "a%2e.css", "..a/b", "a..b", "...", "css/a:b.css"]
)
def test_a_value_may_hold_whatever_a_file_name_may(value):
    assert ManifestEntries({"a.css": value}).entries == {"a.css": value}


def test_many_problems_of_one_manifest_are_told_briefly():
    with pytest.raises(InvalidManifest, match=r"and 97 more; read are"):
        ManifestEntries({f"{number}.css": None for number in range(100)})


def test_two_assets_may_have_been_given_one_name():
    assert ManifestEntries({"a.css": "all.css", "b.css": "all.css"}).keys == {"all.css": ("a.css", "b.css")}


def test_entries_that_leave_a_directory_are_found_by_segments():
    manifest = ManifestEntries(
        {"css/a.css": "css/a-1.css", "css/b.css": "css2/b.css", "css2/c.css": "c.css", "css": "x"}
    )
    assert escaping_values(manifest, ("css",)) == [("css/b.css", "css2/b.css")]


@pytest.mark.parametrize(
    "content, entries",
    [
        ({"version": "1.1", "paths": {"a.css": "a.1.css"}, "hash": "x"}, {"a.css": "a.1.css"}),  # Django
        ({"version": "1.0", "paths": {}}, {}),
        ({"a.css": {"digested_path": "a-1.css", "integrity": "sha384-x"}}, {"a.css": "a-1.css"}),  # Propshaft
        ({"a.js": {"src": "a.1.js", "integrity": "sha256-x"}}, {"a.js": "a.1.js"}),  # webpack-assets-manifest
        ({"a.js": "a.1.js", "entrypoints": {"main": {}}}, {"a.js": "a.1.js"}),
    ],
)
def test_the_manifests_of_other_tools_are_known_by_their_shape(content, entries):
    assert parse_manifest(json.dumps(content).encode()) == entries


def test_what_is_of_no_known_shape_is_refused_with_those_that_are():
    for content in ({"a.js": {"path": "b.js"}}, {"a.js": ["b.js"]}, {"a.js": 1}):
        with pytest.raises(InvalidManifest, match="read are an object of texts, and the manifests of Vite, esbuild"):
            ManifestEntries(parse_manifest(json.dumps(content).encode()))


METAFILE = {
    "inputs": {"src/foo.js": {}},
    "outputs": {
        "shop/static/dist/foo-ACCTGHLU.js": {
            "entryPoint": "src/foo.js",
            "cssBundle": "shop/static/dist/foo-4CI6H2BU.css",
        },
        "shop/static/dist/foo-4CI6H2BU.css": {},
        "shop/static/dist/chunks/chunk-6PXHBAQH.js": {},
        "shop/static/dist/plain.js": {"entryPoint": "src/plain.js"},
    },
}


def test_the_metafile_of_esbuild_names_every_output_and_those_without_a_hash_are_not_for_ever():
    entries = placed(parse_manifest(json.dumps(METAFILE).encode()), ("static", "dist"), ["/static/dist/"])
    assert entries == {
        "src/foo.js": "foo-ACCTGHLU.js",
        "foo-ACCTGHLU.js": "foo-ACCTGHLU.js",
        "foo-4CI6H2BU.css": "foo-4CI6H2BU.css",
        "chunks/chunk-6PXHBAQH.js": "chunks/chunk-6PXHBAQH.js",
        "src/plain.js": "plain.js",
    }


@pytest.mark.parametrize(
    "value, base, expected",
    [
        ("/static/a.1.js", "/static/", "a.1.js"),
        ("/shop/static/a.1.js", "/shop/static/", "a.1.js"),
        ("https://cdn.test/x/a.1.js", "https://cdn.test/x/", "a.1.js"),
    ],
)
def test_the_public_path_of_a_build_is_taken_off_where_the_root_is_published_there(value, base, expected):
    assert placed(parse_manifest(json.dumps({"a.js": value}).encode()), ("static",), ["/other/", base]) == {
        "a.js": expected
    }


def test_a_public_path_that_is_another_is_refused_with_both():
    with pytest.raises(InvalidManifest, match=r"is '/assets/a.1.js', and the root is published at '/static/'"):
        placed(parse_manifest(b'{"a.js": "/assets/a.1.js"}'), ("static",), ["/static/"])


@pytest.mark.parametrize("value", ["../a.js", "a/../../b.js", "a\\b.js", "a\0.js", "/static/../a.js", ""])
def test_a_hostile_value_is_refused_with_its_entry(value):
    def read():
        entries = parse_manifest(json.dumps({"a.js": value}).encode())
        return ManifestEntries(placed(entries, ("static",), ["/static/"]) if isinstance(entries, Unplaced) else entries)

    with pytest.raises(InvalidManifest, match=r"the value of 'a\.js'"):
        read()


def test_a_key_of_ten_megabytes_is_told_of_in_short():
    with pytest.raises(InvalidManifest) as error:
        ManifestEntries(parse_manifest(json.dumps({"k" * 10_000_000: 1}).encode()))
    assert len(str(error.value)) < 500


DATA = Path(__file__).parents[1] / "data" / "manifests"


def test_what_esbuild_really_writes_is_read():
    entries = parse_manifest((DATA / "esbuild-0.28.2-metafile.json").read_bytes())
    manifest = ManifestEntries(placed(entries, ("static", "dist"), []))
    assert manifest.entries["src/views/foo.js"] == "foo-ACCTGHLU.js"
    assert "chunk-6PXHBAQH.js" in manifest.keys
    assert all("/" not in value for value in manifest.keys)


def test_what_vite_really_writes_is_read():
    manifest = ManifestEntries(parse_manifest((DATA / "vite-8.3.8-manifest.json").read_bytes()))
    assert manifest.entries["src/views/foo.js"] == "assets/foo-DAnBM7c3.js"
    assert {"assets/shared-BeyCt6Xr.css", "assets/logo-BdqNBENt.svg", "assets/baz-QBsk34lB.css"} <= set(manifest.keys)


@pytest.mark.parametrize(
    "manifest",
    [
        {"main.js": "/static/main.1f.js"},
        {"inputs": {}, "outputs": {"static/main.1f.js": {"entryPoint": "main.js"}, "static/chunk-6PXHBAQH.js": {}}},
        {"main.js": {"digested_path": "main.1f.js"}},
        {"version": "1.1", "paths": {"main.js": "main.1f.js"}},
    ],
)
def test_what_a_manifest_names_is_kept_for_ever_unless_it_hides_another_layers_file(package, manifest):
    from webob import Request

    from assetzcml import AssetRegistry, ManifestCacheBuster, StaticApp

    files = {"static/main.1f.js": "1", "static/chunk-6PXHBAQH.js": "2", "static/manifest.json": json.dumps(manifest)}
    shop, theme = package(files), package({"main.1f.js": "the theme's"})
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    registry.add_cache_buster(f"{shop}:static", ManifestCacheBuster(f"{shop}:static/manifest.json"))
    assert registry.static_path(f"{shop}:static/main.js") == "/static/main.1f.js"

    def kept(name):
        headers = Request.blank(f"/static/{name}").send(StaticApp(registry)).headers
        return "immutable" in headers["Cache-Control"]

    if "outputs" in manifest:  # of esbuild's names, those that have its hash
        assert (kept("chunk-6PXHBAQH.js"), kept("main.1f.js")) == (True, False)
    else:
        assert kept("main.1f.js")
    registry.override_asset(f"{shop}:static/main.1f.js", f"{theme}:main.1f.js")
    assert not kept("main.1f.js")
