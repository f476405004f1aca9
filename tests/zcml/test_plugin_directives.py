"""`includePlugins`, `includePluginsOverrides`: the ZCML of distributions that name themselves for a group."""

import re
import zipfile

import pytest

from assetzcml import ConfigurationConflictError, ConfigurationError, ConfigurationWarning, load_zcml
from assetzcml.interfaces import IStaticView
from assetzcml.zcml.reader import read_limited

NAMESPACE = "http://namespaces.assetzcml.org/assets"


def zcml_of(text):
    return f'<configure xmlns="{NAMESPACE}">\n{text}\n</configure>\n'


@pytest.fixture
def plugin(package):
    """
    A function that installs a distribution with one package and entry points; returns the package's name.

    *zcml* maps file names to what stands inside `<configure>`; *points* is what stands in the group.
    """

    def install(distribution, zcml, *, group="shop.extenders", points=None, name=None, init="", files=()):
        texts = {file: zcml_of(text) for file, text in zcml.items()}
        name = package({"static/x.css": "", "__init__.py": init, **texts, **dict(files)}, name=name)
        points = f"{name} = {name}" if points is None else points.format(name)
        information = package.directory / f"{re.sub('[-.]', '_', distribution)}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[{group}]\n{points}\n")
        return name

    return install


def view(name):
    return f'<staticView name="{name}" path="static"/>'


def published(registry):
    return {name: record.root.package for name, record in registry.getUtilitiesFor(IStaticView)}


PLUGINS = '<includePlugins group="shop.extenders"/>'


def test_the_configure_zcml_of_every_distribution_in_the_group_is_included(plugin, zcml):
    one = plugin("one", {"configure.zcml": view("one")})
    two = plugin("two", {"configure.zcml": view("two")})
    plugin("other", {"configure.zcml": view("other")}, group="shop.others")
    assert published(zcml(PLUGINS)) == {"one": one, "two": two}


def test_a_group_without_distributions_includes_nothing(zcml):
    assert published(zcml('<includePlugins group="nobody.is.here"/>')) == {}


def test_file_names_another_file(plugin, zcml):
    one = plugin("one", {"shop.zcml": view("one"), "configure.zcml": view("not this")})
    assert published(zcml('<includePlugins group="shop.extenders" file="shop.zcml"/>')) == {"one": one}


ORDER = [("B-two", "y"), ("a_one", "z"), ("a.ONE.more", "x")]  # declared so; normalised: b-two, a-one, a-one-more


def test_the_order_is_that_of_normalised_distribution_names_then_of_entry_points(plugin, zcml, monkeypatch):
    for distribution, name in ORDER:
        files = {"sub/__init__.py": "", "sub/configure.zcml": zcml_of("")}
        plugin(distribution, {"configure.zcml": ""}, name=f"plug{name}", points="b = {0}\na = {0}.sub", files=files)
    read = []
    monkeypatch.setattr(
        "assetzcml.zcml.includes.read_limited", lambda path, limits: read.append(path) or read_limited(path, limits)
    )
    zcml(PLUGINS)
    assert [path.split("packages/")[1] for path in read if "plug" in path] == [
        "plugz/sub/configure.zcml", "plugz/configure.zcml",
        "plugx/sub/configure.zcml", "plugx/configure.zcml",
        "plugy/sub/configure.zcml", "plugy/configure.zcml",
    ]  # fmt: skip


def test_the_later_in_the_order_is_looked_at_first(plugin, package, zcml):
    shop = package({"static/logo.png": "shop"})
    override = f'<asset to_override="{shop}:static/" override_with=".:static/"/>'
    plugin("aaa", {"configure.zcml": override}, files={"static/logo.png": "aaa"})
    plugin("bbb", {"configure.zcml": override}, files={"static/logo.png": "bbb"})
    assert zcml(PLUGINS).resolve(f"{shop}:static/logo.png").read_bytes() == b"bbb"
    assert zcml('<includePlugins group="shop.extenders" exclude="bbb"/>', "other.zcml").resolve(
        f"{shop}:static/logo.png").read_bytes() == b"aaa"  # fmt: skip


def test_what_follows_in_the_file_is_stronger_than_what_plugins_say(plugin, zcml):
    plugin("one", {"configure.zcml": view("static") + view("other")})
    (path,) = [str(zcml.write("", "x/y.zcml"))]
    registry = zcml(f'{PLUGINS}<staticView name="static" path="{path[:-6]}"/>')
    assert published(registry)["static"] == ""


def test_plugins_that_say_the_same_are_a_conflict_that_names_both(plugin, zcml):
    plugin("acme-one", {"configure.zcml": view("static")})
    plugin("acme-two", {"configure.zcml": view("static")})
    with pytest.raises(ConfigurationConflictError) as caught:
        zcml(PLUGINS)
    for name in ("acme-one", "acme-two"):
        assert re.search(
            rf"included from \S+site.zcml:2:1 for the plugin '\w+' of the distribution '{name}'", str(caught.value)
        )


def test_overrides_of_plugins_count_as_the_including_files(plugin, zcml):
    zcml.write('<staticView name="x" path="."/>', "shop.zcml")
    one = plugin("one", {"configure.zcml": view("one"), "overrides.zcml": view("x")})
    two = plugin("two", {"configure.zcml": view("two")})  # a plugin need not override anything
    registry = zcml(f'<include file="shop.zcml"/>{PLUGINS}<includePluginsOverrides group="shop.extenders"/>')
    assert published(registry) == {"x": one, "one": one, "two": two}


def test_the_overrides_of_two_plugins_conflict(plugin, zcml):
    plugin("one", {"overrides.zcml": view("x")})
    two = plugin("two", {"overrides.zcml": view("x")})
    overrides = '<includePluginsOverrides group="shop.extenders"/>'
    with pytest.raises(ConfigurationConflictError, match="staticView 'x' is declared 2 times") as caught:
        zcml(overrides)
    (problem,) = caught.value.problems
    assert problem.hint == "keep one of them: nothing is stronger than all that one directive overrides with"
    assert published(zcml('<includePluginsOverrides group="shop.extenders" exclude="one"/>')) == {"x": two}


@pytest.mark.parametrize("file", ["override.zcml", "overide.zcml"])
def test_a_file_that_is_nearly_named_overrides_is_a_warning(plugin, zcml, file):
    plugin("acme", {"configure.zcml": "", file: ""})
    with pytest.warns(ConfigurationWarning, match=f"of the distribution 'acme' has {file}, and no overrides.zcml"):
        zcml('<includePluginsOverrides group="shop.extenders"/>')


@pytest.mark.parametrize("word", ["theme", "Acme_Theme", "acme.theme"])
def test_a_plugin_is_refused_by_its_name_or_by_that_of_its_distribution(plugin, zcml, word):
    plugin("acme-theme", {"configure.zcml": view("theme")}, points="theme = {}")
    other = plugin("other", {"configure.zcml": view("other")})
    registry = zcml(f'<includePlugins group="shop.extenders" exclude="{word}"/>')
    assert published(registry) == {"other": other}


def test_a_refused_plugin_is_not_even_imported(plugin, zcml):
    plugin("broken", {}, init="raise SystemError('never')")
    assert published(zcml('<includePlugins group="shop.extenders" exclude="broken"/>')) == {}


def test_refusing_a_plugin_that_is_not_there_is_a_warning(plugin, zcml):
    plugin("acme-theme", {"configure.zcml": ""}, points="theme = {}")
    with pytest.warns(
        ConfigurationWarning, match=r":2:49: .*no plugin of the group is named 'thme'; did you mean 'theme'\?"
    ):
        zcml('<includePlugins group="shop.extenders" exclude="thme"/>')


@pytest.mark.parametrize("group", ["shop.extender", "shop_extenders", "Shop.Extenders"])
def test_an_empty_group_that_is_spelt_nearly_as_another_is_a_warning(group, plugin, zcml):
    plugin("acme-theme", {"configure.zcml": ""})
    with pytest.warns(ConfigurationWarning, match=rf"the group '{group}'; did you mean 'shop.extenders'\?"):
        zcml(f'<includePlugins group="{group}"/>')


def test_a_package_in_the_place_of_a_group_is_a_warning(package, zcml):
    name = package({"configure.zcml": zcml_of("")})
    with pytest.warns(ConfigurationWarning, match=f'; write <include package="{name}"/>'):
        zcml(f'<includePlugins group="{name}"/>')


def test_an_empty_group_says_nothing(plugin, zcml):
    plugin("acme-theme", {"configure.zcml": ""}, group="shops.extending")
    assert published(zcml('<includePlugins group="shop.extenders"/>')) == {}


def test_an_entry_point_that_is_nearly_a_package_is_told_as_it_is_to_be_written(plugin, zcml):
    name = plugin("acme-theme", {"configure.zcml": ""}, name="quince_theme", points="x = quince_them")
    with pytest.raises(ConfigurationError) as caught:
        zcml(PLUGINS)
    assert caught.value.problems[0].hint == f"did you mean {name!r}? Correct its entry point, and install it again"


BROKEN = {
    "no such package": (
        {},
        {"points": "x = nowhere_at_all"},
        "no module named 'nowhere_at_all', which its entry point names",
    ),
    "no such module in it": ({}, {"points": "x = {}.nowhere"}, "nowhere"),
    "an object": ({}, {"points": "x = {}:application"}, "its entry point is '"),
    "no file": ({"meta.zcml": ""}, {}, "there is no file "),
    "an error": ({"configure.zcml": ""}, {"init": "raise ValueError('its own')"}, "ValueError: its own"),
    "a missing dependency": (
        {"configure.zcml": ""},
        {"init": "import nowhere_at_all"},
        "No module named 'nowhere_at_all'",
    ),
}


@pytest.mark.parametrize("zcml_files, options, message", BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_an_error_that_names_the_distribution(plugin, zcml, zcml_files, options, message):
    plugin("acme-broken", zcml_files, **options)
    plugin("zzz-broken", {}, points="y = nowhere_either")
    with pytest.raises(ConfigurationError) as caught:
        zcml(PLUGINS)
    first, second = caught.value.problems
    assert re.match(r"includePlugins: plugin '\w+' of the distribution 'acme-broken': ", first.message)
    assert message in first.message
    assert "'zzz-broken'" in second.message  # the other one is told of, too
    assert (first.origin.line, first.origin.column) == (2, 24)


def test_an_error_in_a_plugin_s_own_code_keeps_its_traceback(plugin, zcml):
    plugin("acme", {"configure.zcml": ""}, init="raise ValueError('its own')")
    with pytest.raises(ConfigurationError) as caught:
        zcml(PLUGINS)
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_problem_in_a_plugin_s_zcml_has_its_place_there(plugin, zcml):
    plugin("acme", {"configure.zcml": '<staticView name="a"/>'})
    with pytest.raises(ConfigurationError) as caught:
        zcml(PLUGINS)
    (problem,) = caught.value.problems
    assert (problem.origin.file.endswith("configure.zcml"), problem.origin.line) == (True, 2)
    assert re.search(r"included from \S+site.zcml:2:1 for the plugin '\w+' of the distribution 'acme'", str(problem))


def test_a_theme_that_includes_what_includes_plugins_is_read_once(plugin, package, zcml):
    shop = package({"static/x": "", "configure.zcml": zcml_of(view("static"))})
    theme = plugin("theme", {
        "configure.zcml": f'<include package="{shop}"/><includeOverrides file="overrides.zcml"/>',
        "overrides.zcml": view("static"),
    })  # fmt: skip
    site = f'<include package="{shop}"/>{PLUGINS}'
    assert published(zcml(site, strict=True)) == {"static": theme}


def test_a_plugin_in_a_zip_is_included_like_any_other(tmp_path, monkeypatch, zcml):
    archive = tmp_path / "zipped-1.0.whl"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zippedplugin/__init__.py", "")
        file.writestr("zippedplugin/configure.zcml", zcml_of(view("zipped")))
        file.writestr("zippedplugin/overrides.zcml", zcml_of(view("more")))
        file.writestr("zippedplugin/static/x.css", "")
        file.writestr("zipped-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: zipped\nVersion: 1.0\n")
        file.writestr("zipped-1.0.dist-info/entry_points.txt", "[shop.extenders]\nz = zippedplugin\n")
    monkeypatch.syspath_prepend(str(archive))
    registry = zcml(f'{PLUGINS}<includePluginsOverrides group="shop.extenders"/>')
    assert published(registry) == {"zipped": "zippedplugin", "more": "zippedplugin"}


def test_settings_conditions_and_loads_by_name_work_as_for_every_directive(plugin, package):
    plugin("one", {"configure.zcml": view("one")})
    site = package({"configure.zcml": f"""
        <configure xmlns="{NAMESPACE}" xmlns:zcml="http://namespaces.zope.org/zcml">
          <includePlugins group="${{group:-shop.extenders}}" zcml:condition="have plugins"/>
        </configure>"""})  # fmt: skip
    assert published(load_zcml(f"{site}:configure.zcml")) == {}
    assert set(published(load_zcml(f"{site}:configure.zcml", features=["plugins"]))) == {"one"}
    assert published(load_zcml(f"{site}:configure.zcml", features=["plugins"], settings={"group": "none"})) == {}
