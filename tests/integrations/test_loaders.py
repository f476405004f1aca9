"""Our directives in other loaders: zope.configuration's, with zope.component and without, and pyramid_zcml's."""

import contextlib
import sys
from pathlib import Path

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
    xmlconfig.file(files('<staticView name="two" path="json:x"/>', name="two.zcml"))
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


def copy_of(machine):
    """As plone.testing makes it for each layer: what a machine knows, without what directives have told it."""
    copy = xmlconfig.ConfigurationMachine()
    for name in ("_registry", "_seen_files", "_features"):
        setattr(copy, name, type(getattr(machine, name))(getattr(machine, name)))
    return copy


@pytest.mark.usefixtures("alone")
def test_a_copy_of_a_loader_has_a_registry_of_its_own(files):
    machine = xmlconfig.file(files('<staticView name="one" path="email:mime"/>'))
    copy = copy_of(machine)
    context = xmlconfig.string(f'{HEAD}<staticView name="${{n:-two}}" path="email:mime"/></configure>', copy)
    views = [[view.name for view in assetzcml.registry_of(each).snapshot.views] for each in (machine, context)]
    assert views == [["one"], ["two"]]


@pytest.mark.usefixtures("alone")
def test_a_directive_that_nobody_has_bound_says_what_is_missing(tmp_path):
    text = """<configure xmlns:meta="http://namespaces.zope.org/meta" xmlns:x="urn:x">
    <meta:directive namespace="urn:x" name="asset" schema="assetzcml.zcml.schemas.IAssetDirective"
                    handler="assetzcml.zcml.asset_directives.asset"/>
    <x:asset to_override="email:a.txt" override_with="email:b.txt"/></configure>"""
    with pytest.raises(ZopeConfigurationError) as caught:
        xmlconfig.string(text)
    assert "nothing says where the assets go that this directive declares" in str(caught.value)
    assert '<include package="assetzcml" file="meta.zcml"/>' in str(caught.value)
    assert "AttributeError" not in str(caught.value)


@pytest.mark.usefixtures("alone")
def test_the_override_that_is_read_last_is_the_strongest(files, tmp_path):
    def override(source):
        return f'<asset to_override="email:mime/" override_with="{source}/"/>'

    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
        files(override(tmp_path / name), name=f"{name}.zcml")
    read = xmlconfig.file(
        files('<include file="two.zcml"/><includeOverrides file="three.zcml"/><include file="one.zcml"/>')
    )
    # In our loader 'three' would be: an includeOverrides counts as the file that has it.
    assert assetzcml.registry_of(read).resolve("email:mime/a.txt").read_bytes() == b"one"
    assert assetzcml.load_zcml(str(tmp_path / "site.zcml")).resolve("email:mime/a.txt").read_bytes() == b"three"


@pytest.mark.usefixtures("alone")
def test_overrides_of_other_actions_are_resolved_as_that_loader_does(files):
    files('<cacheBuster path="email:mime" token="below"/>', name="below.zcml")
    files('<cacheBuster path="email:mime" token="above"/>', name="above.zcml")
    context = xmlconfig.file(
        files(
            '<staticView name="s" path="email:mime"/><include file="below.zcml"/><includeOverrides file="above.zcml"/>'
        )
    )
    assert assetzcml.registry_of(context).static_path("email:mime/a.txt") == "/s/a.txt?x=above"


@pytest.mark.usefixtures("alone")
def test_conflicts_of_every_directive_and_of_others_are_told_together(files, policy):
    """That loader sorts discriminators to tell them: ours can be compared with each other, and with those of others."""
    meta = (
        '<meta:directive xmlns:meta="http://namespaces.zope.org/meta" namespace="urn:f" name="note"'
        ' schema="zope.interface.Interface" handler="test_loaders.note"/>'
    )
    note = '<f:note xmlns:f="urn:f" />'
    told = [each for each in EVERYTHING if "to_override" not in each and "bundleContents" not in each]
    with pytest.raises(ZopeConfigurationError) as caught:
        xmlconfig.file(files(meta, *told, note, *told, note))
    message = str(caught.value)
    for word in ("staticView", "cacheBuster", "permissionPolicy", "route", "environment", "bundle", "note"):
        assert f"For: ('{word}'" in message, word


@pytest.mark.usefixtures("alone")
def test_an_author_of_directives_warns_at_the_line(files):
    meta = (
        '<meta:directive xmlns:meta="http://namespaces.zope.org/meta" namespace="urn:w" name="old"'
        ' schema="zope.interface.Interface" handler="test_loaders.old"/>'
    )
    path = files(meta, '<old xmlns="urn:w"/>')
    for load in (xmlconfig.file, assetzcml.load_zcml):
        with pytest.warns(assetzcml.ConfigurationWarning, match=r"site\.zcml:3:1: old: it is; write new$"):
            load(path)
    with pytest.raises(assetzcml.ConfigurationError, match="old: it is; write new"):
        assetzcml.load_zcml(path, strict=True)


def note(context):
    context.action(("note", 1), print)


def old(context):
    assetzcml.warn(context, "it is", "write new")


def asked(response):
    with contextlib.ExitStack() as stack:
        stack.callback(getattr(response.app_iter, "close", list))
        return response.status_int


class TestPyramidsZCML:
    """pyramid_zcml's `load_zcml`, with ours included before it, after it, or not at all."""

    VIEW = '<staticView name="s" path="shop:static"/>'

    @pytest.fixture
    def answers(self, files, monkeypatch):
        """A function that loads texts into an application and says what it answers for paths."""
        pytest.importorskip("pyramid_zcml")
        from pyramid.config import Configurator
        from webob import Request

        monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))

        def load(paths, *texts, include=("assetzcml", "pyramid_zcml")):
            config = Configurator()
            for each in include:
                config.include(each)
            for number, text in enumerate(texts):
                config.load_zcml(files('<include package="pyramid_zcml"/>', text, name=f"{number}.zcml"))
            application = config.make_wsgi_app()
            load.registry = application.registry.getUtility(IAssetRegistry)
            return [asked(Request.blank(path).get_response(application)) for path in paths]

        return load

    def test_the_registry_is_that_of_the_application(self, answers):
        static = '<static xmlns="http://pylonshq.com/pyramid" name="own" path="shop:static"/>'
        assert answers(["/s/app.css", "/own/app.css", "/s/nothing.css"], self.VIEW + static) == [200, 200, 404]
        assert "s" in [view.name for view in answers.registry.snapshot.views]

    def test_overrides_and_cache_busters_hold(self, answers):
        text = '<asset to_override="shop:static/logo.png" override_with="theme:brand/logo.png"/>'
        answers([], self.VIEW, text + '<cacheBuster path="shop:static" token="v1"/>')
        assert answers.registry.static_path("shop:static/logo.png") == "/s/logo.png?x=v1"
        assert answers.registry.resolve("shop:static/logo.png").source_spec == "theme:brand/logo.png"

    @pytest.mark.parametrize("texts", [(VIEW + "\n" + VIEW,), (VIEW, VIEW.replace("shop", "theme"))])
    def test_a_conflict_is_pyramids_in_one_file_and_between_two_loads(self, answers, texts):
        from pyramid.exceptions import ConfigurationConflictError

        with pytest.raises(ConfigurationConflictError, match=r"For: \('staticView', 's'\)"):
            answers([], *texts)

    def test_with_ours_included_last_it_is_our_loader(self, answers):
        with pytest.raises(assetzcml.ConfigurationConflictError, match="staticView 's' is declared 2 times"):
            answers([], self.VIEW + self.VIEW, include=("pyramid_zcml", "assetzcml"))

    def test_an_application_that_has_not_included_assetzcml_is_warned_when_it_is_made(self, answers):
        told = (
            r'0\.zcml:3:1: staticView \'s\': nothing serves it in this application; call config\.include\("assetzcml"\)'
        )
        with pytest.warns(assetzcml.ConfigurationWarning, match=told):
            assert answers(["/s/app.css"], self.VIEW, include=("pyramid_zcml",)) == [404]
