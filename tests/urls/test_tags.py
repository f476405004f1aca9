"""Bundles in templates: the elements that load them, with the integrity of what is served."""

import base64
import hashlib

import pytest
from webob import Request

from assetzcml import AssetRegistry, load_zcml
from assetzcml.bundles import BundleError
from assetzcml.urls.tags import Markup, element
from documents import NAMESPACE

SITE = """\
<staticView name="st" path="static"/>
<environment directory="static" url_expire="false"/>
<bundle name="app.css" contents="a.css b.css" output="gen/app.css"/>
<bundle name="app.js" contents="a.js" output="gen/app.js"/>
<bundle name="scripts" contents="app.js"/>
<bundle name="text" contents="a.txt" output="gen/a.txt"/>"""


@pytest.fixture
def site(package):
    """A function that loads SITE with attributes for its environment; `site.globals(**)` are its template globals."""
    name = package({"static/a.css": "a{}", "static/b.css": "b{}", "static/a.js": "1", "static/a.txt": "t"})

    def load(options="", **settings):
        text = SITE.replace('url_expire="false"', f'url_expire="false" {options}')
        path = package.directory / name / "configure.zcml"
        path.write_text(f'<configure xmlns="{NAMESPACE}">\n{text}\n</configure>\n')
        return load_zcml(f"{name}:configure.zcml", settings=settings)

    return load


def integrity(content):
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


CSS, JS = integrity(b"a{}\nb{}"), integrity(b"1")


@pytest.mark.parametrize(
    "name, attributes, tags",
    [
        ("app.css", {}, f'<link rel="stylesheet" href="/st/gen/app.css" integrity="{CSS}">'),
        ("app.css", {"integrity": False}, '<link rel="stylesheet" href="/st/gen/app.css">'),
        (
            "app.css",
            {"media": "print", "data_x": '<"&', "title": None, "disabled": True},
            f'<link rel="stylesheet" href="/st/gen/app.css" integrity="{CSS}" media="print" '
            'data-x="&lt;&quot;&amp;" disabled>',
        ),
        ("app.js", {}, f'<script src="/st/gen/app.js" integrity="{JS}"></script>'),
        (
            "scripts",
            {"type": "module", "async_": True, "crossorigin": "use-credentials"},
            f'<script src="/st/gen/app.js" integrity="{JS}" type="module" async crossorigin="use-credentials"></script>',
        ),
        ("text", {"kind": "js", "integrity": False}, '<script src="/st/gen/a.txt"></script>'),
    ],
)
def test_an_element_loads_the_bundle_with_the_integrity_of_what_is_served(site, name, attributes, tags):
    assert site().template_globals()["bundle_tags"](name, **attributes) == tags


def test_when_debugging_there_is_an_element_for_each_source(site):
    tags = site('debug="true"').template_globals()["bundle_tags"]("app.css")
    assert tags.splitlines() == [
        f'<link rel="stylesheet" href="/st/a.css" integrity="{integrity(b"a{}")}">',
        f'<link rel="stylesheet" href="/st/b.css" integrity="{integrity(b"b{}")}">',
    ]


def test_another_host_is_asked_without_credentials(site):
    assert site('url="https://cdn.test/x"').template_globals()["bundle_tags"]("app.js") == (
        f'<script src="https://cdn.test/x/gen/app.js" integrity="{JS}" crossorigin="anonymous"></script>'
    )


@pytest.mark.parametrize(
    "settings, request_, prefix",
    [
        ({}, None, ""),
        ({}, Request.blank("/page", base_url="http://shop.test/mount"), "/mount"),
        ({"application_url": "https://example.com/under"}, None, "/under"),
    ],
)
@pytest.mark.parametrize("debug, urls", [("false", ["/st/gen/app.css"]), ("true", ["/st/a.css", "/st/b.css"])])
def test_urls_are_where_the_application_is_mounted(site, settings, request_, prefix, debug, urls):
    names = site(f'debug="{debug}"', **settings).template_globals(request_)
    assert names["bundle_urls"]("app.css") == [prefix + url for url in urls]
    assert all(f'href="{prefix}{url}"' in names["bundle_tags"]("app.css") for url in urls)


def test_urls_of_another_host_are_left_alone(site):
    request = Request.blank("/page", base_url="http://shop.test/mount")
    registry = site('url="//cdn.test/x"')
    assert registry.template_globals(request)["bundle_urls"]("app.css") == ["//cdn.test/x/gen/app.css"]


def test_template_engines_do_not_escape_it_again(site):
    tags = site().template_globals()["bundle_tags"]("app.js")
    assert isinstance(tags, Markup)
    assert tags.__html__() == str(tags)


def test_what_cannot_be_known_is_an_error(site):
    names = site().template_globals()
    with pytest.raises(ValueError, match=r"the bundle 'text' is not known by its name; give kind='css' or kind='js'"):
        names["bundle_tags"]("text")
    with pytest.raises(BundleError, match=r"no bundle has the name 'app\.cs'; did you mean 'app\.css'\?"):
        names["bundle_tags"]("app.cs")
    with pytest.raises(BundleError, match="no bundle has the name 'x'"):
        AssetRegistry().template_globals()["bundle_urls"]("x")


@pytest.mark.parametrize("name", ['x"', "on load", "a>b", "a=b"])
def test_the_name_of_an_attribute_is_one(name):
    with pytest.raises(ValueError, match="is not the name of an HTML attribute"):
        element("js", "/a.js", **{name: "1"})
