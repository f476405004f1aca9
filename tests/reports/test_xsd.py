"""XML Schemas made from the directives that are known: what loads is valid, what is misspelt is not."""

from pathlib import Path

import pytest
from lxml import etree

from assetzcml import AssetRegistry, ConfigurationError, load_zcml
from assetzcml.reports.xsd import schema_files, schemas

OURS = "http://namespaces.assetzcml.org/assets"
ZOPE = "http://namespaces.zope.org/zope"
META = "http://namespaces.zope.org/meta"
ZCML = "http://namespaces.zope.org/zcml"


def validator(registry, directory):
    """An lxml validator for all namespaces of a registry's last load."""
    directory.mkdir(exist_ok=True)
    for name, text in schema_files(registry).items():
        (directory / name).write_text(text, encoding="utf-8")
    return etree.XMLSchema(etree.parse(str(directory / "zcml.xsd")))


@pytest.fixture(scope="session")
def schema(tmp_path_factory):
    directory = tmp_path_factory.mktemp("schemas")
    site = directory / "site.zcml"
    site.write_text(f'<configure xmlns="{OURS}"/>')
    return validator(load_zcml(str(site)), directory / "xsd")


def check(schema, inner, root=f'<configure xmlns="{OURS}" xmlns:zcml="{ZCML}" xmlns:other="urn:other">'):
    """'' when it is valid, else what is wrong first."""
    schema.validate(etree.fromstring(f"{root}{inner}</configure>"))
    return schema.error_log[0].message if schema.error_log else ""


VALID = [
    '<staticView name="s" path="p"/>',
    '<staticView name="s" path="p" cache_max_age="60" content_encodings="br gzip" reload="YES" dotfiles="f"/>',
    '<staticView name="s" path="p" follow_symlinks="${symlinks:-no}" cache_max_age="${age}"/>',   # settings
    '<staticView name="s" path="p"><header name="X-A" value="1"/><header name="X-B" value="2"/></staticView>',
    '<staticView name="s" path="p" zcml:condition="have devel" xml:lang="en"/>',
    '<cacheBuster path="p" factory=".busters.Git" repository="x"/>',          # keyword_arguments
    '<configure><include package="shop"/><includeOverrides file="o.zcml"/><exclude package="x"/></configure>',
    '<configure package="shop" i18n_domain="shop"><staticView name="s" path="p"/></configure>',
    '<!-- a comment --><asset to_override="a:b" override_with="c:d"/>',
    '<other:unknown with="anything"/>',                                       # of a namespace nobody declared
    '<includePlugins group="shop.extenders" exclude="a b"/>',
    '<route name="a" pattern="/a"/><view view=".v" route_name="a" request_method="GET POST"/>',
]  # fmt: skip


@pytest.mark.parametrize("text", VALID)
def test_what_loads_is_valid(schema, text):
    assert check(schema, text) == ""


INVALID = {
    '<staticVeiw name="s" path="p"/>': "No matching global element declaration available, but demanded",
    '<staticView name="s"/>': "The attribute 'path' is required but missing",
    '<staticView name="s" path="p" cache_max_aeg="1"/>': "The attribute 'cache_max_aeg' is not allowed",
    '<staticView name="s" path="p" reload="maybe"/>': "'maybe' is not a valid value",
    '<staticView name="s" path="p"><haeder name="a"/></staticView>': "This element is not expected. Expected is",
    '<asset to_override="a:b" override_with="c:d"><header/></asset>': "Element content is not allowed",
    '<asset to_override="a:b" override_with="c:d">text</asset>': "Character content is not allowed",
    '<permissionPolicy policy="p" other:x="1"/>': "The attribute '{urn:other}x' is not allowed",
    '<permissionPolicy policy="p" zcml:condtion="have x"/>': "condtion' is not allowed",
    '<permissionPolicy policy="p" zcml:condition="has x"/>': "The value 'has x' is not accepted",
    '<permissionPolicy policy="p" zcml:condition="have x y"/>': "is not accepted by the pattern",
    '<include package="x" fiel="y"/>': "The attribute 'fiel' is not allowed",
    '<cacheBuster path="p" digest="sha256" explicit="sometimes"/>': "'sometimes' is not a valid value",
}


@pytest.mark.parametrize("text, message", INVALID.items())
def test_what_is_misspelt_is_not_valid(schema, text, message):
    assert message in check(schema, text)


def test_an_unknown_directive_of_ours_as_the_root_is_not_valid(schema):
    assert not schema.validate(etree.fromstring(f'<staticVeiw xmlns="{OURS}" name="s" path="p"/>'))


@pytest.mark.parametrize("namespace", ["", OURS, ZOPE, META])
def test_configure_and_the_includes_are_in_every_namespace(schema, namespace):
    text = f'<configure xmlns="{namespace}"><include package="x"/></configure>'
    assert schema.validate(etree.fromstring(text)), schema.error_log


KINDS = '''\
from zope.configuration.fields import Bool, GlobalObject, Tokens
from zope.interface import Interface
from zope.schema import Bool as SchemaBool, Choice, Int, TextLine
from zope.schema.vocabulary import SimpleTerm, SimpleVocabulary

class ISimple(Interface):
    """A directive of somebody else's. <&> """
    size = Int(title="Size, in furlongs", description="Not more than a day's walk.", min=1, max=160)
    colour = Choice(title="Colour", values=("red", "green & blue"), default="red")
    shades = Tokens(title="Shades", value_type=Choice(values=("light", "dark")), required=False)
    numbers = Tokens(title="Numbers", value_type=Int(min=0), required=False)
    flag = Bool(title="Flag", required=False)
    plain = SchemaBool(title="A Bool of zope.schema, which takes anything", required=False)
    for_ = TextLine(title="For whom", required=False)

class IKeywords(Interface):
    name = TextLine(title="Name")
IKeywords.setTaggedValue("keyword_arguments", True)

class IGroup(Interface):
    """Holds anything."""
    name = TextLine(title="Name", required=False)

class IInner(Interface):
    n = Int(title="N")

def simple(context, **arguments): pass
from zope.configuration.config import GroupingContextDecorator as group
class Complex:
    def __init__(self, context, **arguments): pass
    def inner(self, context, n): pass
'''
FOREIGN = "urn:somebody"
DECLARED = f'''
<configure xmlns="{ZOPE}" xmlns:meta="{META}">
  <meta:directives namespace="{FOREIGN}">
    <meta:directive name="simple" schema=".ISimple" handler=".simple">Text in meta is documentation.</meta:directive>
    <meta:directive name="keywords" schema=".IKeywords" handler=".simple"/>
    <meta:groupingDirective name="group" schema=".IGroup" handler=".group"/>
    <meta:complexDirective name="complex" schema=".IGroup" handler=".Complex">
      <meta:subdirective name="inner" schema=".IInner"/>
    </meta:complexDirective>
  </meta:directives>
</configure>'''


@pytest.fixture
def foreign(package, tmp_path):
    name = package({"__init__.py": KINDS, "configure.zcml": DECLARED})
    return load_zcml(f"{name}:configure.zcml")


FOREIGN_ROOT = f'<configure xmlns="{FOREIGN}" xmlns:ours="{OURS}" xmlns:zcml="{ZCML}" xmlns:other="urn:other">'


@pytest.mark.parametrize("text, message", [
    ('<simple size="7"/>', ""),                                                  # colour has a valid default
    ('<simple size="160" colour="green &amp; blue" shades="light  dark"/>', ""),
    ('<simple size="1" numbers="1 2" flag="No" plain="x" for="y"/>', ""),
    ('<simple size="7" other:x="1" zcml:condition="installed x"/>', ""),        # foreign attributes say nothing
    ("<simple/>", "'size' is required but missing"),
    ('<simple size="0"/>', "less than the minimum"),
    ('<simple size="161"/>', "greater than the maximum"),
    ('<simple size="7.5"/>', "'7.5' is not a valid value"),
    ('<simple size="${size}"/>', "is not a valid value"),                        # settings are ours only
    ('<simple size="7" colour="blue"/>', "not an element of the set {'red', 'green & blue'}"),
    ('<simple size="7" shades="light pink"/>', "The value 'pink' is not an element of the set {'light', 'dark'}"),
    ('<simple size="7" numbers="1 -2"/>', "'-2' is less than the minimum"),
    ('<simple size="7" for_="y"/>', "'for_' is not allowed"),
    ('<simple size="7"><group/></simple>', "Element content is not allowed"),
    ('<keywords name="a" whatever="b" other:c="d"/>', ""),
    ('<keywords whatever="b"/>', "'name' is required"),
    ('<group><simple size="7"/><group><ours:asset to_override="a:b" override_with="c:d"/></group></group>', ""),
    ('<group><simple size="0"/></group>', "less than the minimum"),
    ('<group><ours:asset to_override="a:b"/></group>', "'override_with' is required"),
    ('<complex><inner n="1"/><inner n="2"/></complex>', ""),
    ('<complex><inner n="x"/></complex>', "'x' is not a valid value"),
    ('<complex><simple size="7"/></complex>', "This element is not expected"),
    ('<inner n="1"/>', ""),                       # stands nowhere else, which a schema with lax contents cannot say
    ('<include package="x"/><ours:include file="y.zcml"/>', ""),
    ('<include pakcage="x"/>', "'pakcage' is not allowed"),
])  # fmt: skip
def test_directives_of_any_package_are_described(foreign, tmp_path, text, message):
    found = check(validator(foreign, tmp_path / "xsd"), text, FOREIGN_ROOT)
    assert message in found if message else found == "", found


def test_titles_and_descriptions_are_documentation(foreign):
    tree = etree.fromstring(schemas(foreign)[FOREIGN])
    names = {"xs": "http://www.w3.org/2001/XMLSchema"}

    def documented(path):
        return [each.text for each in tree.xpath(f"{path}/xs:annotation/xs:documentation", namespaces=names)]

    assert documented("xs:element[@name='simple']") == ["A directive of somebody else's. <&>"]
    assert documented("//xs:attribute[@name='size']") == ["Size, in furlongs\nNot more than a day's walk."]
    assert documented("//xs:attribute[@name='colour']") == ["Colour\nDefault: red"]
    assert [e.get("value") for e in tree.xpath("//xs:attribute[@name='colour']//xs:enumeration", namespaces=names)] == [
        "red", "green & blue"]  # fmt: skip


def test_there_is_a_schema_for_each_namespace_that_is_declared_or_known(foreign):
    assert set(schemas(foreign)) == {"", OURS, ZOPE, META, ZCML, FOREIGN}


def test_before_a_load_there_is_none():
    assert schemas(AssetRegistry()) == {}


def test_a_load_that_fails_leaves_the_schemas_of_what_it_knew(zcml, tmp_path):
    registry = AssetRegistry()
    path = zcml.write('<staticView name="s"/>')
    with pytest.raises(ConfigurationError):
        registry.load_zcml(path)
    schema = validator(registry, tmp_path / "xsd")
    assert not schema.validate(etree.parse(path))
    assert "'path' is required" in schema.error_log[0].message


def test_a_catalog_names_the_file_of_each_namespace(foreign):
    files = schema_files(foreign)
    catalog = etree.fromstring(files["catalog.xml"])
    named = {uri.get("name"): uri.get("uri") for uri in catalog}
    assert set(named) == set(schemas(foreign)) - {""}
    assert {*named.values(), "zcml.xsd", "catalog.xml"} == set(files)
    for namespace, file in named.items():
        assert etree.fromstring(files[file]).get("targetNamespace") == namespace


def test_namespaces_that_differ_in_punctuation_have_files_of_their_own(zcml):
    registry = zcml('<configure xmlns:a="urn:a/b" xmlns:b="urn:a:b" xmlns:c="urn:A-B" xmlns:d="zcml" xmlns:e="%2F"/>')
    files = schema_files(registry)
    assert len({name.lower() for name in files}) == len(files) == len(schemas(registry)) + 1


def test_the_files_of_this_project_are_valid(pytestconfig, tmp_path):
    registry = load_zcml("theme:configure.zcml")
    schema = validator(registry, tmp_path / "xsd")
    paths = [*pytestconfig.rootpath.glob("*.zcml"), *(pytestconfig.rootpath / "assetzcml").rglob("*.zcml")]
    examples = pytestconfig.rootpath / "examples"
    paths += [path for path in examples.rglob("*.zcml") if (examples / "skins") not in path.parents]
    assert len(paths) > 8
    assert {str(path): str(schema.error_log) for path in paths if not schema.validate(etree.parse(str(path)))} == {}


def test_a_package_with_directives_of_its_own_is_valid_by_the_schema_that_its_load_makes(pytestconfig, tmp_path):
    schema = validator(load_zcml("skins:configure.zcml"), tmp_path / "xsd")
    paths = list((pytestconfig.rootpath / "examples" / "skins").rglob("*.zcml"))
    assert "configure.zcml" in {path.name for path in paths}
    assert {str(path): str(schema.error_log) for path in paths if not schema.validate(etree.parse(str(path)))} == {}


REAL = {
    "zope.component": ["meta.zcml", "configure.zcml"],
    "zope.security": ["meta.zcml", "permissions.zcml"],
    "zope.publisher": ["meta.zcml", "configure.zcml"],
    "pyramid_zcml": ["meta.zcml", "configure.zcml", "tests/fixtureapp/configure.zcml", "tests/hybridapp/configure.zcml",
                     "tests/exceptionviewapp/configure.zcml", "tests/restbugapp/configure.zcml"],
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("package", REAL)
def test_the_zcml_of_packages_that_never_heard_of_us_is_valid(package, zcml, tmp_path):
    module = pytest.importorskip(package, exc_type=ImportError)
    registry = AssetRegistry()
    try:
        registry.load_zcml(zcml.write(f'<include package="{package}" file="meta.zcml"/>'))
    except ConfigurationError as error:
        pytest.skip(f"what it needs is not installed: {error.problems[0].message}")
    schema = validator(registry, tmp_path / "xsd")
    paths = [path for file in REAL[package] for path in [Path(module.__path__[0], file)] if path.exists()]
    assert paths
    assert {str(path): str(schema.error_log) for path in paths if not schema.validate(etree.parse(str(path)))} == {}
