"""`list CONFIG assets`: everything that is published, once, with what is served for it; and nothing is built."""

import base64
import hashlib
import json

import pytest

from assetzcml import AssetRegistry, DigestCacheBuster, TreeCacheBuster, load_zcml
from assetzcml.reports import assets
from assetzcml.reports.assets import Wanted, assets_data, assets_lines
from assetzcml.reports.listing import answered
from documents import document


@pytest.fixture
def shop(package):
    return package({"static/app.css": "a{}", "static/css/deep.css": "d{}", "static/.hidden": "", "static/view.py": ""})


@pytest.fixture
def made(shop):
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    return registry


def told(registry, *wanted):
    return {each["spec"].partition(":")[2]: each for each in assets_data(registry, Wanted(*wanted))}


def test_every_asset_is_there_once_and_what_a_view_would_not_serve_is_not(made, shop):
    made.add_static_view("again", f"{shop}:static/css")
    assert list(told(made)) == ["static/app.css", "static/css/deep.css"]


@pytest.mark.parametrize("buster", [None, DigestCacheBuster(), TreeCacheBuster()])
def test_digest_size_version_and_integrity_are_of_what_the_url_is_answered_with(made, shop, buster):
    if buster is not None:
        made.add_cache_buster(f"{shop}:static", buster)
    found = told(made)["static/css/deep.css"]
    assert found["url"] == made.static_path(f"{shop}:static/css/deep.css")
    assert (found["size"], found["digest"]) == (3, hashlib.sha256(b"d{}").hexdigest())
    assert found["integrity"] == "sha384-" + base64.b64encode(hashlib.sha384(b"d{}").digest()).decode()
    assert found["version"] is None if buster is None else found["version"] in found["url"]


def test_an_override_is_told_with_its_source_and_its_line_and_may_be_asked_for_alone(made, shop, package):
    theme = package({"brand/app.css": "theme{}", "static/own.css": "x"})
    made.override_asset(f"{shop}:static/app.css", f"{theme}:brand/app.css")
    made.add_static_view("theme", f"{theme}:static")
    assert list(told(made, None, True)) == ["static/app.css"]
    assert list(told(made, theme)) == ["static/own.css"]
    assert list(told(made, shop[:-1])) == []  # a part of a name is no package
    found = told(made)["static/app.css"]
    assert (found["source"], found["size"]) == (f"{theme}:brand/app.css", 7)
    assert found["origin"]["file"] == __file__
    lines = list(assets_lines(made, Wanted(overridden=True)))
    assert lines[0] == f"  asset '{shop}:static/app.css' from '{theme}:brand/app.css', 7 bytes"
    assert lines[-1].startswith(f"    {__file__}:")


def test_a_huge_file_is_not_read_for_it(made, monkeypatch):
    monkeypatch.setattr(assets, "FILE_LIMIT", 2)
    found = told(made)["static/app.css"]
    assert (found["url"], found["digest"], found["integrity"]) == ("/static/app.css", None, None)


def test_a_file_that_cannot_be_read_is_told_with_the_reason(made, monkeypatch):
    def closed(registry, spec):
        raise PermissionError(13, "Permission denied", "/srv/app.css")

    monkeypatch.setattr(assets, "versioned", closed)
    found = told(made)["static/app.css"]
    assert (found["url"], found["digest"], found["problem"]) == ("/static/app.css", None, "Permission denied")


BUNDLE = """
  <staticView name="st" path="static"/> <environment directory="static"/>
  <bundle name="app" contents="a.js" output="out.js"/>
"""


def test_nothing_is_built_and_what_was_built_has_its_url(package):
    name = package({"static/a.js": "a", "configure.zcml": document(BUNDLE)})
    registry = load_zcml(f"{name}:configure.zcml")
    found = told(registry)["out.js"]
    assert (found["url"], found["size"], found["problem"]) == (None, None, "bundle 'app': not built")
    assert not (package.directory / name / "static/out.js").exists()
    url = registry.static_path(f"{name}:out.js")
    found = told(registry)["out.js"]
    assert (found["url"], found["problem"]) == (url, None)
    assert found["digest"] == hashlib.sha256((package.directory / name / "static/out.js").read_bytes()).hexdigest()


def test_the_commands_of_frameworks_answer_it_too(made):
    text, good = answered(made, "list", ["assets"], "json")
    assert good
    assert [each["spec"] for each in json.loads(text)["assets"]] == [each["spec"] for each in assets_data(made)]
    assert answered(AssetRegistry(), "list", ["assets"])[0] == "assets\n  none"
