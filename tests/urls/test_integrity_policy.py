"""The header that lets a browser demand integrity: only of a page whose every element has it."""

import pytest
from webob import Request

from assetzcml import AssetRegistry, DigestCacheBuster, TreeCacheBuster


@pytest.fixture
def shop(package):
    return package(
        {"static/app.css": "", "static/app.js": "", "static/main.js": "import './one.js'", "static/one.js": ""}
    )


@pytest.fixture
def page(shop):
    """A function that writes elements into the page of a request, and gives its header."""

    def header(*names, buster=TreeCacheBuster, map_first=False, **attributes):
        registry = AssetRegistry()
        registry.add_static_view("static", f"{shop}:static")
        registry.add_cache_buster(f"{shop}:static", buster())
        request = Request.blank("/")
        functions = registry.template_globals(request)
        if map_first:
            functions["import_map"]()
        for name in names:
            functions["asset_tag"](f"{shop}:static/{name}", **attributes)
        return registry.integrity_policy(request)

    return header


DEMANDED = ("Integrity-Policy", "blocked-destinations=(script style)")
REPORTED = ("Integrity-Policy-Report-Only", "blocked-destinations=(script style)")


def test_a_page_whose_every_element_has_integrity_demands_it(page):
    assert page("app.css", "app.js") == DEMANDED
    assert page() == DEMANDED


def test_one_without_makes_it_a_report_and_is_named(page, caplog):
    assert page("app.css", integrity=False) == REPORTED
    assert "static/app.css has no integrity, so Integrity-Policy only reports" in caplog.text


def test_what_a_module_imports_counts_too_unless_the_import_map_has_it(page, caplog):
    assert page("main.js", type="module") == REPORTED
    assert "static/one.js, which" in caplog.text
    assert page("main.js", type="module", buster=DigestCacheBuster, map_first=True) == DEMANDED


def test_one_page_says_nothing_of_another(shop):
    registry = AssetRegistry()
    registry.add_static_view("static", f"{shop}:static")
    first, second = Request.blank("/"), Request.blank("/")
    registry.tag(f"{shop}:static/app.css", first, integrity=False)
    assert registry.integrity_policy(first) == REPORTED
    assert registry.integrity_policy(second) == DEMANDED
