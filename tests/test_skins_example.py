"""The example of a package of directives, which was written from nothing but docs/own-directives.rst."""

import sys

import pytest
from zope.configuration import xmlconfig

import assetzcml
from assetzcml import ConfigurationError, load_zcml
from assetzcml.reports.findings import Checker
from assetzcml.reports.listing import listed_data
from assetzcml.reports.xsd import schemas

HEAD = '<configure xmlns="http://example.com/skins" xmlns:a="http://namespaces.assetzcml.org/assets">'
META = '<include package="skins" file="meta.zcml"/><include package="shop" file="static.zcml"/>'


@pytest.fixture
def site(tmp_path):
    def load(*statements, **options):
        path = tmp_path / "site.zcml"
        path.write_text("\n".join([HEAD, META, *statements, "</configure>"]), encoding="utf-8")
        return load_zcml(str(path), **options)

    return load


def test_a_simple_directive_overrides_as_what_is_written_does(site):
    registry = site('<skin target="shop:static" source="skins:night"/>')
    assert registry.resolve("shop:static/logo.png").source_spec == "skins:night/logo.png"
    told = str(registry.explain("shop:static/logo.png"))
    assert "site.zcml:3" in told


def test_a_file_above_it_is_stronger(site):
    registry = site(
        '<skin target="shop:static" source="skins:night"/>',
        '<a:asset to_override="shop:static/logo.png" override_with="theme:brand/logo.png"/>',
    )
    assert registry.resolve("shop:static/logo.png").source_spec == "theme:brand/logo.png"


def test_a_grouping_directive_gives_its_prefix_to_what_it_holds(site):
    registry = site(
        '<under prefix="media"><folder name="night" path="skins:night" age="${age}"/></under>', settings={"age": "9"}
    )
    (view,) = (view for view in registry.snapshot.views if view.name.startswith("media/"))
    assert (view.name, view.cache_max_age) == ("media/night", 9)


def test_a_complex_directive_looks_when_the_overrides_are_known(site):
    supplied = '<skin target="shop:static" source="skins:night"/>'
    icons = '<icons name="icons" path="shop:static"><icon path="shop:static/night.css"/></icons>'
    assert site(icons, supplied).static_path("shop:static/night.css")
    with pytest.raises(ConfigurationError, match=r"there is no shop:static/night\.css"):
        site(icons)


def test_two_that_say_the_same_name_are_a_conflict_at_their_lines(site):
    folder = '<folder name="same" path="skins:night"/>'
    with pytest.raises(assetzcml.ConfigurationConflictError) as caught:
        site(folder, folder)
    (problem,) = caught.value.problems
    assert (problem.origin.line, problem.also[0][1].line) == (4, 3)


def test_icons_without_an_icon_are_a_warning_at_their_line_and_an_error_where_the_load_is_strict(site):
    icons = '<icons name="icons" path="shop:static"/>'
    with pytest.warns(
        assetzcml.ConfigurationWarning, match=r"site\.zcml:3:1: icons: it names no icon; say which have to"
    ):
        site(icons)
    with pytest.raises(ConfigurationError, match="it names no icon"):
        site(icons, strict=True)


def test_the_same_file_loads_in_the_loader_of_zope_configuration(monkeypatch):
    monkeypatch.setitem(sys.modules, "zope.component", None)
    import skins

    registry = assetzcml.registry_of(xmlconfig.file("configure.zcml", skins))
    assert sorted((view.name, view.cache_max_age) for view in registry.snapshot.views if "skin" in view.name) == [
        ("skins/night", 60)
    ]
    assert registry.resolve("shop:static/logo.png").source_spec == "skins:night/logo.png"


def test_skins_are_listed_and_explained_as_records_of_ours_are(site):
    registry = site('<skin target="shop:static" source="skins:night"/>')
    (told,) = listed_data(registry, ["skins"])["skins"]
    assert (told["directive"], told["target"], told["source"], told["origin"]["line"]) == (
        "skin", "shop:static", "skins:night", 3,
    )  # fmt: skip
    assert "skin          skin 'shop:static' source='skins:night'" in str(registry.explain("shop:static/logo.png"))
    assert "skin 'shop:static'" not in str(registry.explain("theme:brand/logo.png"))


def checked(site, *statements):
    registry = site(*statements)
    return [
        str(finding)
        for finding in registry.part(Checker).findings()
        if finding.code.startswith(("SKIN", "A010", "A011"))
    ]


def test_a_skin_of_what_nobody_sees_is_a_finding_of_its_own_that_a_comment_ignores(site):
    unseen = '<skin target="theme:brand" source="skins:night"/>'
    (found,) = checked(site, unseen)
    assert "site.zcml:3:15: SKIN1 warning: skin 'theme:brand': no static view publishes anything of it" in found
    assert "fix: name a directory that is published" in found
    assert checked(site, "<!-- assetzcml: ignore SKIN1 -->", unseen) == []
    assert checked(site, '<skin target="shop:static" source="skins:night"/>') == []


def test_the_schema_of_the_package_has_its_titles_and_what_is_required(site):
    registry = site('<skin target="shop:static" source="skins:night"/>')
    assert "Directory that gets a skin" in schemas(registry)["http://example.com/skins"]
