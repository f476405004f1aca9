"""`assetzcml list CONFIG includes`, and what `explain` says of files that were left out."""

import json
import os
import sys

import pytest
from click.testing import CliRunner

from assetzcml import load_zcml
from assetzcml.cli import main
from assetzcml.reports.include_tree import includes_lines
from documents import NAMESPACE

SITE = f"""\
<configure xmlns="{NAMESPACE}" xmlns:zcml="http://namespaces.zope.org/zcml">
  <exclude package="shop" file="busters.zcml"/>
  <include package="theme"/>
  <include package="shop"/>
  <include files="parts/*.zcml"/>
  <staticView name="drafts" path="shop:templates" zcml:condition="have devel"/>
  <cacheBuster path="shop:static" token="mine"/>
  <include file="loop.zcml" zcml:condition="not-installed os"/>
</configure>
"""

PARTS = {
    "parts/b.zcml": '<include file="../site.zcml"/>',
    "parts/a.zcml": '<asset to_override="shop:static/logo.png" override_with="theme:brand/logo.png"/>',
}

TREE = """\
SITE/site.zcml
  2:3 exclude EXAMPLES/shop/busters.zcml
  3:3 include EXAMPLES/theme/configure.zcml
    3:3 exclude EXAMPLES/shop/offers.zcml
    4:3 include EXAMPLES/shop/configure.zcml
      3:3 include EXAMPLES/shop/static.zcml
        3:3 staticView 'static' of 'shop:static'
        4:3 staticFile 'favicon.ico' of 'shop:static/favicon.ico'
      4:3 include EXAMPLES/shop/busters.zcml: excluded by SITE/site.zcml:2:3
      5:3 include EXAMPLES/shop/admin/configure.zcml
        3:3 staticView 'admin/static' of 'shop.admin:static'
        4:3 include EXAMPLES/shop/admin/routes.zcml
          3:3 route 'admin' of '/admin/'
          3:3 view of route 'admin' shop.admin.views.index
          4:3 view 'admin' shop.admin.views.enter
      7:3 include EXAMPLES/shop/routes.zcml
        3:3 route 'home' of '/'
        4:3 route 'item' of '/items/{id}'
      8:3 include EXAMPLES/shop/views.zcml
        3:3 view of route 'home' shop.views.home
        4:3 view of route 'item' shop.views.item
        5:3 view 'about' shop.views.about
            lost: overridden by EXAMPLES/theme/views.zcml:3:3
      9:3 include EXAMPLES/shop/offers.zcml: excluded by EXAMPLES/theme/configure.zcml:3:3
    5:3 include EXAMPLES/theme/pages.zcml
      3:3 route 'best' of '/items/best' before 'item'
      3:3 view of route 'best' theme.views.best
      4:3 view 'imprint' theme.views.imprint
    7:3 includeOverrides EXAMPLES/theme/views.zcml
      3:3 view 'about' theme.views.about
          overrides EXAMPLES/shop/views.zcml:5:3
      4:3 asset 'shop:templates/blocks/footer.html' with 'theme:brand/footer.html'
    8:3 includeOverrides EXAMPLES/theme/overrides.zcml
      3:3 asset 'shop:static/logo.png' with 'theme:brand/logo.png'
          lost: repeated by SITE/parts/a.zcml:2:1
      4:3 asset 'shop:static/app.css' with 'theme:brand/app.css'
      5:3 asset 'shop:static/images/' with 'theme:images/'
      7:3 staticView 'theme' of 'theme:static'
      8:3 cacheBuster 'shop:static' tree="sha256"
          lost: overridden by SITE/site.zcml:7:3
  4:3 include EXAMPLES/shop/configure.zcml: read before by EXAMPLES/theme/configure.zcml:4:3
  5:3 include SITE/parts/a.zcml
    2:1 asset 'shop:static/logo.png' with 'theme:brand/logo.png'
  5:3 include SITE/parts/b.zcml
    2:1 include SITE/site.zcml: being read
  6:3 staticView left out: zcml:condition="have devel" is false
  7:3 cacheBuster 'shop:static' token="mine"
      overrides EXAMPLES/theme/overrides.zcml:8:3
  8:3 include left out: zcml:condition="not-installed os" is false
"""


@pytest.fixture
def site(zcml):
    for name, text in PARTS.items():
        zcml.write(text, name)
    return zcml.write(SITE)


@pytest.mark.filterwarnings("ignore::assetzcml.ConfigurationWarning")  # of the cycle
def test_the_tree_shows_what_each_file_declared_overrode_and_lost_and_what_was_left_out_and_why(site, checkout):
    expected = TREE.replace("SITE", site.removesuffix("/site.zcml")).replace("EXAMPLES", str(checkout / "examples"))
    assert "\n".join(includes_lines(load_zcml(site))) + "\n" == expected


@pytest.mark.filterwarnings("ignore::assetzcml.ConfigurationWarning")
def test_the_command_prints_the_tree_only_where_it_is_asked_for_and_as_json_for_programs(site, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    tree = "\n".join(["includes", *(f"  {line}" for line in includes_lines(load_zcml(site)))])
    run = CliRunner().invoke
    assert run(main, ["list", site, "includes"]).stdout == f"{tree}\n"
    assert "includes" not in run(main, ["list", site]).stdout
    assert run(main, ["list", site, "policies", "includes"]).stdout == f"permission policies\n  none\n\n{tree}\n"
    told = json.loads(run(main, ["list", site, "includes", "views", "--format", "json"]).stdout)
    assert list(told) == ["views", "includes"]
    (load,) = told["includes"]
    assert (load["load"], load["file"]) == (site, site)
    assert [include["why_not"] for include in load["includes"]] == [None, "read before", None, None]
    (left_out, skipped) = load["left_out"]
    assert (left_out["directive"], left_out["condition"], left_out["origin"]["line"]) == ("staticView", "have devel", 6)
    assert (skipped["directive"], skipped["condition"]) == ("include", "not-installed os")
    (buster,) = load["declares"]
    assert (buster["overrides"][0]["line"], buster["lost"]) == (8, None)
    shop = load["includes"][0]["includes"][0]
    assert (shop["includes"][1]["why_not"], shop["includes"][1]["by"]["line"]) == ("excluded", 2)


def test_each_load_has_a_tree_of_its_own_and_shows_what_a_later_load_replaced(zcml):
    view = '<staticView name="static" path="{}:static"/>'
    one, two = (zcml.write(view.format(name), f"{name}.zcml") for name in ("shop", "theme"))
    registry = load_zcml(one)
    registry.load_zcml(two)
    assert list(includes_lines(registry)) == [
        one,
        "  2:1 staticView 'static' of 'shop:static'",
        f"      lost: replaced by {two}:2:1",
        two,
        "  2:1 staticView 'static' of 'theme:static'",
        f"      overrides {one}:2:1",
    ]


@pytest.mark.parametrize(
    "excluded, asked, told",
    [
        ('package="theme" file="overrides.zcml"', "shop:static/logo.png", True),  # it speaks of shop:
        ('package="shop" file="busters.zcml"', "shop:static/logo.png", True),  # it lies in shop
        ('package="shop" file="static.zcml"', "shop:static/logo.png", True),
        ('package="shop.admin"', "shop:static/logo.png", False),
        ('package="shop.admin"', "shop.admin:static/admin.css", True),
    ],
)
def test_explain_names_the_files_that_were_left_out_and_speak_of_the_package_of_the_asset(excluded, asked, told, zcml):
    registry = zcml(f'<exclude {excluded}/>\n<include package="theme"/>')
    explanation = registry.explain(asked)
    if not told:
        assert explanation.excluded == []
        return
    (exclusion,) = explanation.excluded
    assert str(explanation).endswith(
        f"\n\nleft out      {exclusion.real}\n              excluded by {exclusion.origin}"
    )
    assert explanation.as_dict()["excluded"][0]["by"]["line"] == 2


def test_explain_names_every_file_that_was_left_out_when_nobody_answers_a_url(zcml):
    registry = zcml('<exclude package="shop" file="static.zcml"/>\n<include package="theme"/>')
    told = [os.path.basename(exclusion.real) for exclusion in registry.explain("/static/logo.png").excluded]
    assert told == ["static.zcml", "offers.zcml"]
    assert registry.explain("/about").excluded == []


def test_what_no_include_asked_for_is_not_told_of(zcml):
    with pytest.warns(UserWarning, match="exclude excludes nothing"):
        registry = zcml('<include package="shop.admin"/><exclude package="shop" file="busters.zcml"/>')
    assert registry.explain("shop:static/logo.png").excluded == []
