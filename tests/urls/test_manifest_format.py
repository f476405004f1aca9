"""The flat format of manifests: what is read, and what is refused."""

import json
from pathlib import Path

import pytest

from assetzcml.errors import ConfigurationError, InvalidManifest
from assetzcml.urls.manifest_format import Manifest, escaping_values, parse_manifest

SHARED = Path(__file__).parents[3] / "shared" / "data" / "manifests"


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
        Manifest(parse_manifest(f'{{"main.js": {entry}}}'.encode()))


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
        Manifest({"a.css": value})
    assert reason in str(caught.value)
    assert "'a.css'" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(1, "a number"), (None, "null"), (True, "a boolean"), (["a"], "an array"), ({}, "an object")],
)
def test_a_value_that_is_no_text_is_refused_by_its_kind(value, kind):
    with pytest.raises(InvalidManifest, match=f"the value of 'a.css' is {kind}; a text was expected"):
        Manifest({"a.css": value})


def test_a_dot_segment_is_taken_out_of_a_value():
    assert Manifest({"a.css": "./css/./a-1f.css"}).entries == {"a.css": "css/a-1f.css"}


@pytest.mark.parametrize(
    "value", ["a b.css", "ü.css", "a@2x.png", "a?b.css", "a%2e.css", "..a/b", "a..b", "...", "css/a:b.css"]
)
def test_a_value_may_hold_whatever_a_file_name_may(value):
    assert Manifest({"a.css": value}).entries == {"a.css": value}


def test_many_problems_of_one_manifest_are_told_briefly():
    with pytest.raises(InvalidManifest, match=r"and 97 more$"):
        Manifest({f"{number}.css": None for number in range(100)})


@pytest.mark.parametrize(
    ("manifest", "remedy"),
    [
        ("vite-8.3.8-manifest.json", "Vite's manifest; subclass ManifestCacheBuster"),
        ("esbuild-0.28.2-metafile.json", "esbuild's metafile; subclass ManifestCacheBuster"),
        ("importmap-relative.json", "an import map"),
    ],
)
def test_the_manifest_of_another_tool_is_named_with_what_to_do(manifest, remedy):
    path = SHARED / manifest
    if not path.exists():
        pytest.skip("the shared data is not beside this checkout")
    with pytest.raises(InvalidManifest, match=remedy):
        Manifest(json.loads(path.read_bytes()))


def test_two_assets_may_have_been_given_one_name():
    assert Manifest({"a.css": "all.css", "b.css": "all.css"}).keys == {"all.css": ("a.css", "b.css")}


def test_entries_that_leave_a_directory_are_found_by_segments():
    manifest = Manifest({"css/a.css": "css/a-1.css", "css/b.css": "css2/b.css", "css2/c.css": "c.css", "css": "x"})
    assert escaping_values(manifest, ("css",)) == [("css/b.css", "css2/b.css")]
