"""Specs and names: every form, those that are refused, and what they are compared as."""

import re
import string
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.errors import ConfigurationError, InvalidSpec, Origin
from assetzcml.records.assets import AssetSpec, Busting, Override, StaticViewRecord, asset_spec
from assetzcml.records.readers import (
    RESERVED_HEADERS,
    content_codings,
    file_name,
    header_field,
    index_name,
    max_age,
    publication_name,
)
from assetzcml.records.site import PermissionPolicy
from tables import over

SPECS = [  # as written, and normalised
    ("shop:static/app.css", "shop:static/app.css"),
    ("shop.admin:static", "shop.admin:static"),
    ("shop:a//b", "shop:a/b"),
    ("shop:./a/./b/", "shop:a/b"),
    ("shop:a/...", "shop:a/..."),  # three dots are a name
    ("shop:", "shop:"),
    ("shop:a:b", "shop:a:b"),  # only the first colon separates
    ("shop:a b%20c", "shop:a b%20c"),  # a spec is not a URL
    ("shöp:ä", "shöp:ä"),
    ("/srv//www/./a", "/srv/www/a"),
    ("/", "/"),
    ("/srv/a:b", "/srv/a:b"),
]


@pytest.mark.parametrize("text, normalised", SPECS)
def test_a_spec_is_normalised(text, normalised):
    assert str(asset_spec(text)) == normalised


def test_a_path_object_is_the_text_it_stands_for():
    assert asset_spec(PurePosixPath("/srv//www/a")) == asset_spec("/srv/www/a")


@pytest.mark.parametrize(
    "text, package, normalised",
    [
        ("static/app.css", "shop", "shop:static/app.css"),
        ("./static", "shop", "shop:static"),
        (".", "shop", "shop:"),
        (".admin:static", "shop", "shop.admin:static"),
        (".:static", "shop", "shop:static"),
        ("..:static", "shop.admin", "shop:static"),
        ("..theme:x", "shop.admin", "shop.theme:x"),
        ("other:x", "shop", "other:x"),
        ("/srv/x", "shop", "/srv/x"),
    ],
)
def test_a_relative_form_is_relative_to_the_package_of_the_file(text, package, normalised):
    assert str(asset_spec(text, package)) == normalised


@pytest.mark.parametrize(
    "text, normalised", [("static/a", "/srv/site/static/a"), ("./a", "/srv/site/a"), ("shop:x", "shop:x")]
)
def test_in_a_file_without_a_package_it_is_relative_to_the_directory(text, normalised):
    assert str(asset_spec(text, directory="/srv/site")) == normalised


@pytest.mark.parametrize(
    "text, package, normalised",
    [
        ("shop", "", "shop:"),
        ("shop:", "", "shop:"),
        (".admin", "shop", "shop.admin:"),
        ("shop.admin", "x", "shop.admin:"),
    ],
)
def test_in_an_override_a_value_without_colon_or_slash_is_a_whole_package(text, package, normalised):
    assert str(asset_spec(text, package, whole=True)) == normalised


@over(
    "text, options, why",
    [
        ("", {}, "empty"),
        (":x", {}, "package is empty"),
        ("shop:/x", {}, "write 'shop:x'"),
        ("shop://x", {}, "write 'shop:x'"),
        ("shop:../x", {}, "'..' is not followed"),
        ("shop:a/..", {}, "'..' is not followed"),
        ("/srv/../etc", {}, "'..' is not followed"),
        ("../x", {"package": "shop"}, "'..' is not followed"),
        ("shop:a\0b", {}, "NUL"),
        ("shop:a\\b", {}, "backslash"),
        ("a\\b", {"package": "shop"}, "backslash"),
        ("sh op:x", {}, "not the name of a package"),
        ("1shop:x", {}, "not the name of a package"),
        ("shop.:x", {}, "not the name of a package"),
        ("shop..admin:x", {}, "not the name of a package"),
        ("http://cdn/x", {}, "is a URL, and no asset spec"),
        ("C:\\x", {}, "a Windows path"),
        ("static/a:b", {"package": "shop"}, "not the name of a package"),
        ("static/app.css", {}, "nothing it is relative to"),
        (".admin:x", {}, "no package it is relative to"),
        (".admin:x", {"directory": "/srv"}, "no package it is relative to"),
        ("...:x", {"package": "shop"}, "above the top"),
        ("..:x", {"package": "shop"}, "above the top"),
        ("static/a", {"package": "shop", "whole": True}, "write 'shop:static/a'"),
        ("shop/", {"whole": True}, "write 'package:shop/'"),
        (None, {}, "not None"),
        (b"shop:x", {}, "is a text"),
    ],
)
def test_a_bad_spec_is_refused_with_a_reason(text, options, why):
    with pytest.raises(InvalidSpec) as caught:
        asset_spec(text, **options)
    assert why in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ConfigurationError)


@pytest.mark.parametrize(
    "spec, root, answer",
    [
        ("shop:static/x", "shop:static", True),
        ("shop:static", "shop:static", True),
        ("shop:static2/x", "shop:static", False),  # by segments, not by characters
        ("shop:static", "shop:static/x", False),
        ("shop:static", "shop:", True),
        ("shop.admin:x", "shop:", False),  # compared as written
        ("shop:admin/x", "shop.admin:", False),
        ("/srv/www/x", "/srv/www", True),
        ("/srv/www2", "/srv/www", False),
    ],
)
def test_under_is_a_question_about_segments(spec, root, answer):
    assert asset_spec(spec).under(asset_spec(root)) is answer


def test_a_spec_moves_from_a_target_to_a_source():
    spec, target, source = map(asset_spec, ("shop:static/img/a.png", "shop:static", "/srv/brand"))
    assert str(spec.moved(target, source)) == "/srv/brand/img/a.png"
    assert (spec.name, spec.below(target), str(target.joined(("x", "y")))) == (
        "a.png",
        ("img", "a.png"),
        "shop:static/x/y",
    )
    assert asset_spec("shop:").name == ""


SEGMENTS = st.text(st.characters(exclude_characters="/\0\\", exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text not in (".", "..")
)
PACKAGES = st.lists(st.from_regex(r"[^\W\d]\w{0,5}", fullmatch=True), min_size=1, max_size=3).map(".".join)


@given(PACKAGES, st.lists(SEGMENTS, max_size=5))
def test_reading_a_printed_spec_gives_the_spec(package, parts):
    spec = AssetSpec(package, tuple(parts))
    assert asset_spec(str(spec)) == spec
    absolute = AssetSpec("", tuple(parts))
    assert asset_spec(str(absolute)) == absolute


@given(
    st.text(string.ascii_letters + "./:\\\0 ä", max_size=20), st.sampled_from(["", "shop", "shop.admin"]), st.booleans()
)
def test_whatever_is_read_has_no_segment_that_leads_elsewhere(text, package, whole):
    try:
        spec = asset_spec(text, package, whole=whole)
    except InvalidSpec:
        return
    assert not {"", ".", ".."} & set(spec.parts)
    assert not any(set(part) & set("/\\\0") for part in spec.parts)
    assert asset_spec(str(spec)) == spec


NAMES = [  # as written, and normalised
    ("static", "static"),
    ("/static/", "static"),
    ("a/b", "a/b"),
    ("/", ""),
    ("", ""),
    ("ä b", "ä b"),
    ("https://cdn.example.com/shop/", "https://cdn.example.com/shop"),
    ("HTTPS://CDN.Example.COM/Shop", "https://cdn.example.com/Shop"),  # only scheme and host have no case
    ("https://cdn.example.com", "https://cdn.example.com"),
    ("https://cdn.example.com/", "https://cdn.example.com"),
    ("http://localhost:8080/x", "http://localhost:8080/x"),
    ("//cdn.example.com/x/", "//cdn.example.com/x"),
    ("//[2001:DB8::1]:80/x", "//[2001:db8::1]:80/x"),
    ("https://bücher.example/x", "https://bücher.example/x"),
]


@pytest.mark.parametrize("text, normalised", NAMES)
def test_a_name_is_normalised(text, normalised):
    assert publication_name(text) == normalised
    assert publication_name(normalised) == normalised


@over(
    "text, why",
    [
        ("a?b", "a query"),
        ("a#b", "a fragment"),
        ("a%20b", "write the character itself"),
        ("100%", "percent"),
        ("a\\b", "backslash"),
        ("a\tb", "U+0009"),
        ("a\nb", "U+000A"),
        ("a\x7fb", "U+007F"),
        ("a\u202eb", "U+202E"),  # bidirectional
        ("a\u200bb", "U+200B"),  # zero width
        ("\ufeffa", "U+FEFF"),
        ("a\u2028b", "U+2028"),
        ("a\ud800b", "U+D800"),
        ("a/../b", "dot segment"),
        ("./a", "dot segment"),
        ("..", "dot segment"),
        ("a//b", "empty segment"),
        ("shop:static", "were name and path exchanged"),
        ("http:/cdn/x", "were name and path exchanged"),
        ("https://", "a host was expected"),
        ("//", "a host was expected"),
        ("///x", "a host was expected"),
        ("https://user:secret@cdn/x", "user information"),
        ("https://user@cdn/x", "user information"),
        ("https://cdn:http/x", "a port"),
        ("https://cdn:65536/x", "a port"),
        ("https://cdn/a/../b", "dot segment"),
        ("https://cdn/a//b", "empty segment"),
        ("https://cdn//a", "empty segment"),
        ('https://cdn"><script>/x', "a host was expected"),
        ("https://c dn/x", "a host was expected"),
        ("https://cdn/x?y", "a query"),
        (5, "a name is a text"),
        (None, "a name is a text"),
    ],
)
def test_a_bad_name_is_refused_with_a_reason(text, why):
    with pytest.raises(ValueError) as caught:
        publication_name(text)
    assert why in str(caught.value)


def test_an_empty_name_is_for_python_only():
    with pytest.raises(ValueError, match=r"name is empty; .*'/' for the root"):
        publication_name("", root=False)
    assert publication_name("/", root=False) == ""


@given(st.text(max_size=30))
def test_a_name_that_is_accepted_needs_no_further_care(text):
    try:
        name = publication_name(text)
    except ValueError:
        return
    assert publication_name(name) == name
    path = name.partition("//")[2] if "//" in name else name
    assert not {".", ".."} & set(path.split("/"))
    assert not set(name) & set("?#%\\\t\n\r\0")
    assert not name.endswith("/")
    assert "//" in name or not name.startswith("/")


@pytest.mark.parametrize(
    "text, why",
    [
        ("/", "a name of its own"),
        ("", "a name of its own"),
        ("https://cdn/x.ico", "with staticView"),
        ("a%", "percent"),
    ],
)
def test_the_name_of_a_file_is_neither_the_root_nor_external(text, why):
    with pytest.raises(ValueError, match=why):
        file_name(text)
    assert file_name("/favicon.ico") == "favicon.ico"


def test_a_record_of_a_file_or_an_index_that_cannot_be_is_not_made():
    for options in ({"name": "", "file": True}, {"name": "//cdn/x", "file": True}, {"name": "a", "index": "../x"}):
        with pytest.raises(ValueError):
            StaticViewRecord(root=SPEC_A, **options)


@pytest.mark.parametrize("text", ["a/b", "..", ".", "a\\b", "/", "a\0", None])
def test_an_index_is_one_segment(text):
    with pytest.raises(ValueError, match="without a path"):
        index_name(text)
    assert (index_name(""), index_name("default.htm")) == ("", "default.htm")


@pytest.mark.parametrize("seconds", [-1, 2147483648, 1.5, "3600", None, True])
def test_a_lifetime_outside_its_bounds_is_refused(seconds):
    with pytest.raises(ValueError, match="seconds from 0 to 2147483647"):
        max_age(seconds)
    assert (max_age(0), max_age(2147483647)) == (0, 2147483647)


@pytest.mark.parametrize(
    "tokens, why",
    [
        (["deflate"], "clients disagree on its format; zstd, br and gzip are"),
        (["br", "BR"], "'BR' is not a content coding"),
        (["identity"], "zstd, br and gzip are"),
        ("gzip", r"a list such as \['br', 'gzip'\]"),
    ],
)
def test_an_unknown_content_coding_is_refused_with_those_that_are_known(tokens, why):
    with pytest.raises(ValueError, match=why):
        content_codings(tokens)


def test_content_codings_keep_the_order_of_preference_each_once():
    assert content_codings(["gzip", "br", "gzip", "zstd"]) == ("gzip", "br", "zstd")


@over(
    "name, value, why",
    [
        ("X Y", "1", "name of a header field"),
        ("", "1", "name of a header field"),
        ("X:", "1", "name of a header field"),
        ("X", "a\r\nSet-Cookie: b", "printable ASCII"),
        ("X", "a\0", "printable ASCII"),
        ("X", "ä", "printable ASCII"),
        ("X", " a", "printable ASCII"),
        ("X", 5, "two texts"),
        *((name.title(), "1", "worked out for each response") for name in sorted(RESERVED_HEADERS)),
    ],
)
def test_a_header_that_would_lie_or_break_the_response_is_refused(name, value, why):
    with pytest.raises(ValueError, match=why):
        header_field(name, value)


@pytest.mark.parametrize(
    "name, value", [("X-Frame-Options", "DENY"), ("Access-Control-Allow-Origin", "*"), ("X", ""), ("X", "a\tb c")]
)
def test_any_other_header_may_be_declared(name, value):
    assert header_field(name, value) == (name, value)


def test_records_are_equal_when_they_say_the_same_whoever_says_it():
    root = asset_spec("shop:static")
    assert StaticViewRecord(name="a", root=root, origin=Origin("x", 1), generation=1, rank=(1,)) == StaticViewRecord(
        name="a", root=root, origin=Origin("y", 2), generation=2, rank=(2,)
    )
    assert StaticViewRecord(name="a", root=root) != StaticViewRecord(name="a", root=root, cache_max_age=5)


SPEC_A, SPEC_B = asset_spec("shop:a"), asset_spec("theme:b")


@pytest.mark.parametrize(
    "record, discriminator, text",
    [
        (StaticViewRecord(name="a", root=SPEC_A), ("staticView", "a"), "staticView 'a'"),
        (StaticViewRecord(name="", root=SPEC_A), ("staticView", ""), "staticView '/'"),
        (StaticViewRecord(name="a", root=SPEC_A, file=True), ("staticView", "a"), "staticFile 'a'"),
        (StaticViewRecord(name="n" * 90, root=SPEC_A), ("staticView", "n" * 90), f"staticView '{'n' * 80}…'"),
        (Override(target=SPEC_A, source=SPEC_B, file=True), ("asset", "shop:a", "theme:b"), "asset 'shop:a'"),
        (Override(target=SPEC_A, source=SPEC_B, file=False), ("asset", "shop:a/", "theme:b/"), "asset 'shop:a/'"),
        (Busting(path=SPEC_A, buster=None), ("cacheBuster", "shop:a", False), "cacheBuster 'shop:a'"),
        (Busting(path=SPEC_A, buster=None, explicit=True), ("cacheBuster", "shop:a", True), "cacheBuster 'shop:a'"),
        (PermissionPolicy(policy=None), ("permissionPolicy",), "permissionPolicy"),
    ],
)
def test_a_record_knows_its_discriminator_and_its_name(record, discriminator, text):
    assert (record.discriminator, str(record)) == (discriminator, text)


@pytest.mark.parametrize(
    "name, external", [("static", False), ("", False), ("https://cdn/x", True), ("//cdn/x", True), ("a/b", False)]
)
def test_a_view_whose_name_is_a_base_url_is_external(name, external):
    assert StaticViewRecord(name=name, root=SPEC_A).external is external


@pytest.mark.parametrize("answer", [1, 0, None, "yes"])
def test_what_a_policy_says_is_passed_on_as_it_is(answer):
    class Policy:
        def permits(self, request, context, permission):
            return answer

    assert PermissionPolicy(policy=Policy()).permits(None, None, "view") is answer


@pytest.mark.parametrize("text", ["C:/site/static", "C:\\site\\static", "c:\\x", PureWindowsPath("C:/site/static")])
def test_a_windows_path_is_refused_by_its_name_and_told_as_a_posix_system_has_it(text):
    with pytest.raises(InvalidSpec) as refused:
        asset_spec(text)
    posix = re.sub("^[A-Za-z]:", "", str(text)).replace("\\", "/")
    assert (
        str(refused.value)
        == f"{str(text)!r} is a Windows path, and no asset spec; write {posix!r}, as a POSIX system has it"
    )


def test_a_package_of_one_letter_is_no_drive():
    assert asset_spec("C:site/static") == AssetSpec("C", ("site", "static"))
