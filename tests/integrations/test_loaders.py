"""Our directives in other loaders: zope.configuration's, with zope.component and without, and pyramid_zcml's."""

import sys

import pytest
from zope.configuration import xmlconfig
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError

import assetzcml
from assetzcml import AssetRegistry
from assetzcml.interfaces import IAssetRegistry

HEAD = '<configure xmlns="http://namespaces.assetzcml.org/assets"><include package="assetzcml" file="meta.zcml"/>'


@pytest.fixture
def files(tmp_path):
    """A function that writes ZCML and returns its path. No load finds zope.component, unless it is asked for."""

    def write(*statements, name="site.zcml"):
        path = tmp_path / name
        path.write_text("\n".join([HEAD, *statements, "</configure>"]), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def alone(monkeypatch):
    """No zope.component is installed."""
    monkeypatch.setitem(sys.modules, "zope.component", None)


@pytest.fixture
def sites():
    """zope.component, whose global site manager is as before at the end."""
    component = pytest.importorskip("zope.component")
    manager = component.getGlobalSiteManager()
    yield manager
    registry = manager.queryUtility(IAssetRegistry)
    if registry is not None:
        manager.unregisterUtility(registry, IAssetRegistry)


EVERYTHING = (
    '<staticView name="static" path="email:mime" cache_max_age="60"><header name="X-A" value="1"/></staticView>',
    '<staticFile name="a.txt" path="email:charset.txt"/>',
    '<asset to_override="email:mime/text.py" override_with="email:mime/audio.py"/>',
    '<cacheBuster path="email:mime" token="v1"/>',
    '<permissionPolicy policy="assetzcml_policy.Policy"/>',
    '<route name="home" pattern="/"/>',
    '<environment directory="out" url="/out"/>',
    '<bundle name="all" contents="a.css" output="all.css"/>',
    '<bundleContents bundle="all" contents="b.css"/>',
)


@pytest.fixture
def policy(monkeypatch):
    module = type(sys)("assetzcml_policy")
    module.Policy = type("Policy", (), {"permits": lambda *arguments: True})
    monkeypatch.setitem(sys.modules, "assetzcml_policy", module)


@pytest.mark.usefixtures("alone", "policy")
def test_every_directive_works_in_the_loader_of_zope_configuration(files, tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("a.css", "b.css"):
        (tmp_path / "out" / name).write_text("")
    context = xmlconfig.file(files(*EVERYTHING))
    registry = assetzcml.registry_of(context)
    assert isinstance(registry, AssetRegistry)
    assert registry.static_path("email:mime/image.py") == "/static/image.py?x=v1"
    assert registry.resolve("email:mime/text.py").source_spec == "email:mime/audio.py"
    assert [(view.headers, view.origin.line) for view in registry.snapshot.views if not view.file] == [
        ((("X-A", "1"),), 2)
    ]
    assert registry.route_path("home") == "/"
    assert "all" in registry.environment


@pytest.mark.usefixtures("alone")
def test_what_is_said_with_a_relative_spec_is_relative_to_the_directory(files, tmp_path):
    (tmp_path / "static").mkdir()
    registry = assetzcml.registry_of(xmlconfig.file(files('<staticView name="s" path="static"/>')))
    assert str(registry.snapshot.views[0].root) == str(tmp_path / "static")


def test_the_registry_is_a_utility_of_the_global_site_manager(files, sites):
    xmlconfig.file(files('<staticView name="one" path="email:mime"/>'))
    xmlconfig.file(files('<staticView name="two" path="json:"/>', name="two.zcml"))
    registry = sites.getUtility(IAssetRegistry)
    assert {view.name for view in registry.snapshot.views} == {"one", "two"}


@pytest.mark.usefixtures("alone")
def test_that_loader_tells_conflicts_as_far_as_it_can(files):
    view = '<staticView name="s" path="email:mime"/>'
    with pytest.raises(ZopeConfigurationError, match="Conflicting configuration actions"):
        xmlconfig.file(files(view, view))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    "statement, message",
    [
        ('<staticView name="s" path="../x"/>', "'..' is not followed"),
        ('<staticView name="s" path="${nowhere}"/>', "no setting 'nowhere'"),
        ('<asset to_override="email:a/" override_with="email:b"/>', "to_override is a directory and override_with is"),
        ('<cacheBuster path="email:mime" token="a" digest="sha256"/>', "exactly one of"),
        ('<asset to_override="email:mime/" override_with="/nowhere/at/all/"/>', "does not exist"),
        ('<environment debug="maybe"/>', "true, false or merge was expected"),
    ],
)
def test_what_is_wrong_is_that_loaders_error_with_our_sentence(files, statement, message):
    with pytest.raises(ZopeConfigurationError) as caught:
        xmlconfig.file(files(statement))
    assert message in str(caught.value)
    assert "AttributeError" not in str(caught.value)


@pytest.mark.usefixtures("alone")
def test_settings_have_their_defaults(files):
    registry = assetzcml.registry_of(xmlconfig.file(files('<staticView name="${n:-s}" path="email:mime"/>')))
    assert [view.name for view in registry.snapshot.views] == ["s"]


def test_in_pyramid_zcmls_loader_it_is_the_registry_of_the_application(files, tmp_path):
    pytest.importorskip("pyramid_zcml")
    from pyramid.config import Configurator

    from assetzcml.integrations.pyramid import asset_registry

    config = Configurator()
    config.include("assetzcml")
    config.include("pyramid_zcml")  # whose load_zcml takes the place of ours
    config.load_zcml(files('<staticView name="s" path="email:mime"/>'))
    config.commit()
    registry = asset_registry(config)
    assert [view.name for view in registry.snapshot.views] == ["s"]
    assert registry.static_path("email:mime/text.py") == "/s/text.py"
