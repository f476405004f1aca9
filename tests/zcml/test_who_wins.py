"""Stories of who wins: an application, its themes and a site, and whose file is the one that is served."""

import random
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml import AssetRegistry, ConfigurationConflictError
from sizes import examples

HEAD = '<configure xmlns="http://namespaces.assetzcml.org/assets">\n'


def zcml(*statements):
    return HEAD + "\n".join(statements) + "\n</configure>\n"


def asset(target, source):
    return f'<asset to_override="{target}" override_with="{source}"/>'


def include(what):
    return f'<include package="{what}"/>'


INCLUDE_OVERRIDES = '<includeOverrides file="overrides.zcml"/>'
LOGO = "shop_w:static/logo.png"


@pytest.fixture
def world(package, site):
    """
    A function that makes the packages 'shop_w', 'theme_w', 'other_w' and 'brand_w', whose files hold their names.

    Keyword arguments are their configure.zcml; with 'site' the site's, which is loaded. A name that ends in
    '_overrides' is overrides.zcml. Returns the registry. `world.error` is the error instead.
    """
    kinds = ("shop", "theme", "other", "brand")

    def write(**texts):
        for kind in kinds:
            files = {"static/logo.png": kind, "static/app.css": kind, "logo.png": kind, f"only/{kind}.css": kind}
            if kind == "shop":
                files["static/base.css"] = kind
            for name, text in texts.items():
                if name in (kind, f"{kind}_overrides"):
                    files["configure.zcml" if name == kind else "overrides.zcml"] = text
            files.setdefault("configure.zcml", zcml())
            package(files, name=f"{kind}_w")
        return {
            "site.zcml": texts["site"],
            **({"overrides.zcml": texts["site_overrides"]} if "site_overrides" in texts else {}),
        }

    def load(**texts):
        return site(write(**texts))

    load.error = lambda **texts: site.error(write(**texts))
    load.write = write
    return load


def supplier(registry, spec=LOGO):
    """Which package's file is the one that is served."""
    return registry.resolve(spec).read_bytes().decode()


SHOP = zcml('<staticView name="static" path="static"/>', '<cacheBuster path="static" token="shop"/>')


def themed(name):
    """A theme: it includes the shop and replaces its logo."""
    return zcml(include("shop_w"), asset(LOGO, f"{name}_w:logo.png"))


def views(registry):
    return {view.name: view.cache_max_age for view in registry.snapshot.views}


def test_a_theme_replaces_a_file_of_the_application_it_includes(world):
    registry = world(shop=SHOP, theme=themed("theme"), site=zcml(include("theme_w")))
    assert supplier(registry) == "theme"
    assert supplier(registry, "shop_w:static/app.css") == "shop"


def test_a_site_that_includes_the_shop_and_then_a_theme_that_includes_the_shop_loads(world):
    theme = zcml(
        include("shop_w"),
        '<staticView name="static" path="shop_w:static" cache_max_age="9"/>',
        asset(LOGO, "theme_w:logo.png"),
    )
    for order in (("shop_w", "theme_w"), ("theme_w", "shop_w")):
        registry = world(shop=SHOP, theme=theme, site=zcml(*map(include, order)))
        assert (supplier(registry), views(registry)) == ("theme", {"static": 9})
        assert [(loss.loser.cache_max_age, loss.reason) for loss in registry.snapshot.losses] == [(3600, "overridden")]


def test_a_theme_that_is_included_twice_by_two_paths_is_one_theme(world):
    registry = world(
        shop=SHOP,
        theme=zcml(include("shop_w"), INCLUDE_OVERRIDES),
        theme_overrides=zcml(asset(LOGO, "theme_w:logo.png"), '<cacheBuster path="shop_w:static" digest="sha256"/>'),
        other=zcml(include("theme_w")),
        brand=zcml(include("theme_w")),
        site=zcml(include("other_w"), include("brand_w"), include("theme_w")),
    )
    assert supplier(registry) == "theme"
    assert len(registry.snapshot.overrides) == 1
    assert [busting.wording for busting in registry.snapshot.bustings] == ['digest="sha256"']


def test_two_themes_that_replace_the_same_file_are_a_conflict(world, place):
    error = world.error(
        shop=SHOP, theme=themed("theme"), other=themed("other"), site=zcml(include("theme_w"), include("other_w"))
    )
    assert isinstance(error, ConfigurationConflictError)
    (problem,) = error.problems
    assert problem.message == (
        f"asset '{LOGO}' is overridden from 2 sources, and none of the declarations is stronger than the others"
    )
    places = [problem.origin, *(origin for _, origin in problem.also)]
    assert [(Path(origin.file).parent.name, origin.line) for origin in places] == [("other_w", 3), ("theme_w", 3)]
    assert "included from" in str(problem)


def test_two_themes_that_publish_the_same_view_are_a_conflict(world):
    view = '<staticView name="same" path="static"/>'
    error = world.error(theme=zcml(view), other=zcml(view), site=zcml(include("theme_w"), include("other_w")))
    assert [problem.message.partition(",")[0] for problem in error.problems] == [
        "staticView 'same' is declared 2 times"
    ]


@pytest.mark.parametrize(
    "texts, winner",
    [
        ({"site": zcml(include("theme_w"), include("other_w"), asset(LOGO, "brand_w:logo.png"))}, "brand"),
        ({"site": zcml(asset(LOGO, "other_w:logo.png"), include("theme_w"), include("other_w"))}, "other"),
        (
            {
                "site": zcml(include("theme_w"), include("other_w"), INCLUDE_OVERRIDES),
                "site_overrides": zcml(asset(LOGO, "theme_w:logo.png")),
            },
            "theme",
        ),
    ],
)
def test_the_site_decides_between_two_themes(world, texts, winner):
    registry = world(shop=SHOP, theme=themed("theme"), other=themed("other"), **texts)
    assert supplier(registry) == winner


def test_a_theme_on_top_of_a_theme_decides(world):
    other = zcml(include("theme_w"), asset(LOGO, "other_w:logo.png"))
    registry = world(shop=SHOP, theme=themed("theme"), other=other, site=zcml(include("theme_w"), include("other_w")))
    assert supplier(registry) == "other"
    assert [str(o.source) for o in registry.snapshot.overrides] == ["other_w:logo.png", "theme_w:logo.png"]


def test_several_statements_in_one_file_stack_the_later_first(world):
    registry = world(
        site=zcml(asset(LOGO, "theme_w:logo.png"), asset(LOGO, "other_w:logo.png"), asset(LOGO, "brand_w:logo.png"))
    )
    assert [str(o.source)[:5] for o in registry.snapshot.overrides] == ["brand", "other", "theme"]
    assert supplier(registry) == "brand"


def test_two_themes_that_say_the_same_agree(world):
    theme = zcml(asset(LOGO, "brand_w:logo.png"))
    registry = world(theme=theme, other=theme, site=zcml(include("theme_w"), include("other_w")))
    assert (supplier(registry), len(registry.snapshot.overrides)) == ("brand", 1)


@pytest.mark.parametrize("target, source", [("shop_w:static/", "{}_w:static/"), ("shop_w", "{}_w")])
def test_directories_and_packages_stack_without_complaint(world, target, source):
    texts = {name: zcml(asset(target, source.format(name))) for name in ("theme", "other")}
    registry = world(**texts, site=zcml(include("theme_w"), include("other_w")))
    assert supplier(registry) == "other"  # the later include stands first
    assert supplier(registry, "shop_w:static/base.css") == "shop"


def test_a_file_target_is_not_stronger_than_a_directory_target(world):
    registry = world(
        theme=zcml(asset("shop_w:static/logo.png", "theme_w:logo.png")),
        site=zcml(include("theme_w"), asset("shop_w:static/", "brand_w:static/")),
    )
    assert supplier(registry) == "brand"


def test_a_chain_is_followed_whoever_declared_its_links(world):
    registry = world(
        shop=zcml(asset(LOGO, "theme_w:logo.png")),
        site=zcml(include("shop_w"), asset("theme_w:logo.png", "brand_w:logo.png")),
    )
    assert (supplier(registry), registry.resolve(LOGO).source_spec) == ("brand", "brand_w:logo.png")


def test_a_cycle_of_two_packages_is_an_error_with_both_places(world):
    error = world.error(
        shop=zcml(asset(LOGO, "theme_w:logo.png")),
        theme=zcml(asset("theme_w:logo.png", LOGO)),
        site=zcml(include("shop_w"), include("theme_w")),
    )
    (problem,) = error.problems
    assert "overrides go round in a circle: " in problem.message
    assert {Path(origin.file).parent.name for origin in (problem.origin, *(o for _, o in problem.also))} == {
        "shop_w",
        "theme_w",
    }


def test_the_documented_dummy_directory_is_supplied_by_an_override_only(world):
    registry = world(
        shop=zcml('<staticView name="media" path="dummy"/>'),
        site=zcml(include("shop_w"), asset("shop_w:dummy/", "brand_w:only/")),
    )
    assert registry.resolve("shop_w:dummy").listdir() == ["brand.css"]
    assert supplier(registry, "shop_w:dummy/brand.css") == "brand"


def test_an_override_of_a_package_does_not_reach_its_subpackages(package, site):
    package({"x.css": "shop", "sub/__init__.py": "", "sub/x.css": "shop sub"}, name="outer_w")
    package({"x.css": "theme", "sub/x.css": "theme"}, name="skin_w")
    registry = site(zcml(asset("outer_w", "skin_w")))
    assert supplier(registry, "outer_w:x.css") == "theme"
    assert supplier(registry, "outer_w.sub:x.css") == "shop sub"
    assert supplier(registry, "outer_w:sub/x.css") == "theme"  # another address of that file


def test_one_line_of_the_site_moves_a_package_to_the_cdn(world):
    registry = world(
        shop=SHOP, site=zcml(include("shop_w"), '<staticView name="https://cdn.example.com" path="shop_w:static"/>')
    )
    assert [view.name for view in registry.snapshot.views] == ["https://cdn.example.com", "static"]
    assert registry.static_path("shop_w:static/logo.png").startswith("https://cdn.example.com/logo.png")


# The order of the search path, for any files that include each other


def tree(seed):
    """Files with overrides of one directory from a few sources, as a mapping of name to statements."""
    chance = random.Random(seed)
    count = chance.randint(2, 7)
    files, read = {}, set()

    def fill(number):
        read.add(number)
        statements = []
        for _ in range(chance.randint(0, 5)):
            kind = chance.choice(["asset", "include", "include", "includeOverrides"])
            if kind == "asset":
                statements.append(("asset", chance.randint(0, 7)))
            elif number + 1 < count:
                other = chance.randint(number + 1, count - 1)
                if kind == "includeOverrides" and other in read:
                    continue
                statements.append((kind, other, other not in read))
                if other not in read:
                    fill(other)
        files[number] = statements

    fill(0)
    return files


def search_path(files, number=0):
    """The rule as it reads: what a file says itself and overrides with, later first; then what it includes, later first."""
    for kind, argument, *first in reversed(files[number]):
        if kind == "asset":
            yield argument
        elif kind == "includeOverrides" and first[0]:
            yield from search_path(files, argument)
    for kind, argument, *first in reversed(files[number]):
        if kind == "include" and first[0]:  # a file read before keeps the place of its first reading
            yield from search_path(files, argument)


@examples(80)
@given(st.integers(0, 1 << 32))
def test_the_search_path_has_the_order_that_is_written(seed):
    files = tree(seed)
    with TemporaryDirectory() as directory, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, statements in files.items():
            lines = [
                asset("email:static/", f"email:s{argument}/")
                if kind == "asset"
                else f'<{kind} file="f{argument}.zcml"/>'
                for kind, argument, *_ in statements
            ]
            Path(directory, f"f{number}.zcml").write_text(zcml(*lines), encoding="utf-8")
        registry = AssetRegistry().load_zcml(str(Path(directory, "f0.zcml")))
    assert [int(o.source.name[1:]) for o in registry.snapshot.overrides] == list(dict.fromkeys(search_path(files)))


def test_a_pattern_includes_the_later_name_first(site):
    files = {"site.zcml": zcml('<include files="*_t.zcml"/>')}
    files |= {f"{name}_t.zcml": zcml(asset("email", name)) for name in ("asyncio", "json", "xml")}
    registry = site(files)
    assert [o.source.package for o in registry.snapshot.overrides] == ["xml", "json", "asyncio"]
