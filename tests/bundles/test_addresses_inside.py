"""Addresses inside style sheets: under cache busters, in the place of the output, and on another host."""

import json

import pytest
from webob import Request

from assetzcml import StaticApp, load_zcml
from assetzcml.bundles import BuildError
from assetzcml.reports.findings import Checker

A = 'xmlns="http://namespaces.assetzcml.org/assets"'
SHEET = "a{background:url(../img/logo.svg)}\nb{background:url('../img/logo.svg?x#y')}\nc{background:url(data:,x)}\n"


@pytest.fixture
def shop(package):
    """A function that loads a shop whose sheet refers to a logo, and what else is declared."""

    def load(declared, theme="", sheet=SHEET, **settings):
        app = package(
            {
                "configure.zcml": f'<configure {A}><staticView name="static" path="static"/>{declared}'
                '<bundle name="x" contents="css/a.css" filters="cssrewrite" output="gen/x.css"/></configure>',
                "static/css/a.css": sheet,
                "static/img/logo.svg": "<svg/>",
            }
        )
        site = f"{app}site"
        text = f"<configure {A}><include package='{app}'/>{theme % {'app': app, 'site': site}}</configure>"
        package({"configure.zcml": text, "l.svg": "<svg>new</svg>"}, name=site)
        registry = load_zcml(f"{site}:configure.zcml", settings=settings)
        registry.app = app
        return registry

    return load


def built(registry):
    (output,) = registry.environment.build()
    return output.data().decode()


def status(registry, url):
    return Request.blank(url).get_response(StaticApp(registry)).status_int


def test_under_a_digest_buster_a_sheet_has_the_names_with_digests_and_they_answer(shop):
    registry = shop('<cacheBuster path="static" digest="sha256"/><environment directory="static"/>')
    url = registry.static_path(f"{registry.app}:static/img/logo.svg")
    name = url.rpartition("/")[2]
    assert built(registry) == SHEET.replace("logo.svg", name)
    assert name != "logo.svg"
    assert status(registry, url) == 200


def test_another_logo_makes_another_sheet(shop):
    declared = '<cacheBuster path="static" digest="sha256"/><environment directory="static"/>'
    theme = '<asset to_override="%(app)s:static/img/logo.svg" override_with="%(site)s:l.svg"/>'
    plain, themed = shop(declared), shop(declared, theme)
    assert built(plain) != built(themed)
    name = themed.static_path(f"{themed.app}:static/img/logo.svg").rpartition("/")[2]
    assert built(themed) == SHEET.replace("logo.svg", name)


def test_a_logo_that_changes_makes_the_sheet_again(shop, package):
    registry = shop('<cacheBuster path="static" digest="sha256"/><environment directory="static"/>')
    before = built(registry)
    (package.directory / registry.app / "static/img/logo.svg").write_text("<svg>another, longer one</svg>")
    assert built(load_zcml(f"{registry.app}:configure.zcml")) != before


@pytest.mark.parametrize(
    "declared, settings",
    [
        ("", {}),
        ('<cacheBuster path="static" tree="sha256"/>', {}),
        ('<cacheBuster path="static" token="v1"/>', {}),
        ('<cacheBuster path="static" digest="sha256"/>', {"prevent_cachebust": True}),
    ],
    ids=["no buster", "a version of the tree", "a query", "prevented"],
)
def test_relative_references_stay_where_the_name_has_no_digest(shop, declared, settings):
    assert built(shop(f'{declared}<environment directory="static"/>', **settings)) == SHEET


def test_the_option_turns_digests_off(shop):
    declared = '<cacheBuster path="static" digest="sha256"/><environment directory="static">'
    registry = shop(f'{declared}<filterOption name="CSSREWRITE_DIGEST" value="no"/></environment>')
    assert built(registry) == SHEET


def test_a_buster_that_comes_or_goes_makes_the_sheet_again(shop):
    declared = '<environment directory="static"/>'
    registry = shop(declared)
    assert built(registry) == SHEET
    from assetzcml import DigestCacheBuster

    registry.add_cache_buster(f"{registry.app}:static", DigestCacheBuster())
    assert built(registry) != SHEET


CDN = '<environment directory="static" url="https://cdn.test"/>'


@pytest.mark.parametrize(
    "sheet, column", [(SHEET, "1:14"), ("\n a{b:url( '/static/x.svg')}", "2:11"), ('@import "x.css";', "1:9")]
)
def test_outputs_on_another_host_than_their_sources_are_an_error_at_the_reference(shop, sheet, column):
    with pytest.raises(BuildError) as raised:
        built(shop(CDN, sheet=sheet))
    told = str(raised.value)
    assert f"a.css:{column}: cssrewrite:" in told
    assert "would lead to https://cdn.test, where the file is not published" in told
    assert "application_url" in told


def test_with_the_url_of_the_application_the_references_are_absolute(shop):
    registry = shop(CDN, sheet=SHEET + "d{e:url(/x.svg)}", application_url="https://shop.test/")
    assert built(registry).splitlines() == [
        "a{background:url(https://shop.test/static/img/logo.svg)}",
        "b{background:url('https://shop.test/static/img/logo.svg?x#y')}",
        "c{background:url(data:,x)}",
        "d{e:url(https://shop.test/x.svg)}",
    ]


def test_with_the_static_view_on_that_host_they_stay_relative(package):
    app = package(
        {
            "configure.zcml": f'<configure {A}><staticView name="https://cdn.test" path="static"/>'
            '<environment directory="static"/>'
            '<bundle name="x" contents="css/a.css" filters="cssrewrite" output="gen/x.css"/></configure>',
            "static/css/a.css": SHEET,
            "static/img/logo.svg": "<svg/>",
        }
    )
    assert built(load_zcml(f"{app}:configure.zcml")) == SHEET


def test_check_says_before_what_the_build_would_be_an_error_for(shop):
    found = [each for each in Checker(shop(CDN, sheet=SHEET)).findings() if each.code == "A069"]
    assert [(each.severity, each.origin.line, each.origin.column) for each in found] == [("error", 1, 14)]
    assert "would lead to https://cdn.test, where the file is not published" in found[0].message
    clean = [shop(CDN, sheet=SHEET, application_url="https://shop.test/"), shop('<environment directory="static"/>')]
    assert [each for registry in clean for each in Checker(registry).findings() if each.code == "A069"] == []


def test_one_kind_of_buster_in_the_place_of_another_makes_the_sheet_again(package):
    app = package({"static/css/a.css": SHEET, "static/img/logo.svg": "<svg/>", "configure.zcml": ""})
    held = []
    for kind in ("digest", "tree", "digest", "tree"):
        (package.directory / app / "configure.zcml").write_text(
            f'<configure {A}><staticView name="static" path="static"/><cacheBuster path="static" {kind}="sha256"/>'
            '<environment directory="static"/>'
            '<bundle name="x" contents="css/a.css" filters="cssrewrite" output="gen/x.css"/></configure>'
        )
        held.append("logo.svg" in built(load_zcml(f"{app}:configure.zcml")))
    assert held == [False, True, False, True]


def test_a_manifest_that_names_a_file_otherwise_makes_the_sheet_again(package):
    files = {"static/img/logo.svg": "<svg/>", "static/img/logo-1.svg": "<svg/>", "static/img/logo-2.svg": "<svg/>"}
    text = (
        f'<configure {A}><staticView name="static" path="static"/>'
        '<cacheBuster path="static" manifest="static/manifest.json"/><environment directory="static"/>'
        '<bundle name="x" contents="css/a.css" filters="cssrewrite" output="gen/x.css"/></configure>'
    )
    app = package({"static/css/a.css": SHEET, "configure.zcml": text, "static/manifest.json": "{}", **files})
    named = []
    for number in "12":
        manifest = package.directory / app / "static/manifest.json"
        manifest.write_text(json.dumps({"img/logo.svg": f"img/logo-{number}.svg"}))
        named.append(f"logo-{number}.svg" in built(load_zcml(f"{app}:configure.zcml")))
    assert named == [True, True]


def test_sources_that_are_published_elsewhere_make_the_sheet_again_and_another_host_of_all_does_not(package):
    app = package(
        {"static/img/logo.svg": "", "parts/css/a.css": SHEET, "parts/img/logo.svg": "<svg/>", "configure.zcml": ""}
    )
    said = []
    for name, host in (("parts", ""), ("other/parts", ""), ("other/parts", "https://cdn.test/")):
        (package.directory / app / "configure.zcml").write_text(
            f'<configure {A}><staticView name="{host}static" path="static"/><staticView name="{host}{name}" path="parts"/>'
            f'<environment directory="static"/>'
            f'<bundle name="x" contents="{app}:parts/css/a.css" filters="cssrewrite" output="gen/x.css"/></configure>'
        )
        (output,) = load_zcml(f"{app}:configure.zcml").environment.build()
        said.append((output.changed, output.data().decode().splitlines()[0]))
    assert said == [
        (True, "a{background:url(../../parts/img/logo.svg)}"),
        (True, "a{background:url(../../other/parts/img/logo.svg)}"),
        (False, "a{background:url(../../other/parts/img/logo.svg)}"),
    ]
