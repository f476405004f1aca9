"""Integrity and the element of an asset: of the very bytes that the URL in the page stands for."""

import base64
import hashlib
import os
import re
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webob import Request

from assetzcml import (
    AssetRegistry,
    DigestCacheBuster,
    NotPublished,
    QueryStringConstantCacheBuster,
    StaticApp,
    TreeCacheBuster,
)
from sizes import size

OLD = 1_700_000_000
BUSTERS = {"tree": TreeCacheBuster, "digest": DigestCacheBuster, "token": lambda: QueryStringConstantCacheBuster("v1")}


def sha384(data):
    return f"sha384-{base64.b64encode(hashlib.sha384(data).digest()).decode()}"


def write(path, data, when=OLD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (when, when))


def registry_of(root, buster="tree", name="static"):
    registry = AssetRegistry()
    registry.add_static_view(name, str(root))
    registry.add_cache_buster(str(root), BUSTERS[buster]())
    return registry


def of_tag(tag):
    """The URL and the integrity that an element has."""
    found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
    return unescape(found.get("href") or found["src"]), found.get("integrity")


def test_the_integrity_is_of_the_bytes_that_are_served_overrides_followed(package):
    shop = package({"static/a.css": "shop"}, name="proven_shop")
    package({"a.css": "theme"}, name="proven_theme")
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    assert registry.integrity(f"{shop}:static/a.css") == sha384(b"shop")
    registry.override_asset(f"{shop}:static/a.css", "proven_theme:a.css")
    assert registry.integrity(f"{shop}:static/a.css") == sha384(b"theme")
    assert registry.template_globals()["asset_integrity"](f"{shop}:static/a.css") == sha384(b"theme")


@pytest.mark.parametrize("spec, error", [("none.css", FileNotFoundError), ("", IsADirectoryError)])
def test_what_is_no_file_has_no_integrity(tmp_path, spec, error):
    write(tmp_path / "root/a.css", b"a")
    with pytest.raises(error):
        registry_of(tmp_path / "root").integrity(f"{tmp_path}/root/{spec}")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("a.css", '<link rel="stylesheet" href="URL" integrity="SRI">'),
        ("a.js", '<script src="URL" integrity="SRI"></script>'),
        ("a.mjs", '<script src="URL" integrity="SRI"></script>'),
        ("a.svg", '<img src="URL" alt="">'),
        ("a.woff2", '<link rel="preload" as="font" href="URL" crossorigin="anonymous" integrity="SRI">'),
    ],
)
def test_each_kind_of_asset_has_its_element(tmp_path, name, expected):
    write(tmp_path / "root" / name, b"bytes")
    registry = registry_of(tmp_path / "root")
    url = registry.static_path(f"{tmp_path}/root/{name}")
    assert registry.tag(f"{tmp_path}/root/{name}") == expected.replace("URL", url).replace("SRI", sha384(b"bytes"))


def test_attributes_are_added_and_escaped_and_integrity_may_be_left_out(tmp_path):
    write(tmp_path / "root/a.js", b"a")
    registry = registry_of(tmp_path / "root", "token")
    tag = registry.tag(
        f"{tmp_path}/root/a.js", integrity=False, type="module", nonce='"', data_x=1, async_=True, defer=False
    )
    assert tag == '<script src="/static/a.js?x=v1" type="module" nonce="&quot;" data-x="1" async></script>'
    assert tag.__html__() == tag


def test_an_asset_of_another_host_is_fetched_without_credentials_and_of_a_mounted_application_below_it(tmp_path):
    write(tmp_path / "root/a.js", b"a")
    assert 'crossorigin="anonymous"' in registry_of(tmp_path / "root", name="https://cdn.test").tag(
        f"{tmp_path}/root/a.js"
    )
    tag = registry_of(tmp_path / "root").template_globals({"SCRIPT_NAME": "/shop"})["asset_tag"](
        f"{tmp_path}/root/a.js"
    )
    assert of_tag(tag)[0].startswith("/shop/static/~")


def test_what_has_no_element_or_no_url_is_an_error(tmp_path):
    write(tmp_path / "root/a.txt", b"a")
    registry = registry_of(tmp_path / "root")
    with pytest.raises(ValueError, match="give kind=, one of css, js, image, font"):
        registry.tag(f"{tmp_path}/root/a.txt")
    assert registry.tag(f"{tmp_path}/root/a.txt", kind="js").startswith("<script")
    with pytest.raises(NotPublished):
        registry.tag("elsewhere:a.js")


@pytest.mark.sized
@pytest.mark.parametrize("buster", ["tree", "digest"])
@settings(max_examples=size(50, 12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.sampled_from([b"one", b"two", b"three"]), min_size=1, max_size=4))
def test_what_the_url_of_a_tag_answers_has_the_integrity_of_the_tag_or_may_not_be_kept(tmp_path_factory, buster, edits):
    root = tmp_path_factory.mktemp("root")
    write(root / "a.css", b"zero")
    registry = registry_of(root, buster)
    application = StaticApp(registry)
    pages = []
    for number, data in enumerate(edits):
        pages.append(of_tag(registry.tag(f"{root}/a.css")))
        write(root / "a.css", data, OLD + number + 1)
        for url, integrity in pages:
            answer = Request.blank(url).get_response(application)
            assert sha384(answer.body) == integrity or answer.headers["Cache-Control"] == "no-store"
    registry.add_static_view(
        "later", f"{root}/nothing"
    )  # nothing is trusted any more for having been seen a moment ago
    url, integrity = of_tag(registry.tag(f"{root}/a.css"))
    answer = Request.blank(url).get_response(application)
    assert (answer.body, sha384(answer.body)) == (edits[-1], integrity)
    assert "immutable" in answer.headers["Cache-Control"]
