"""Attributes to arguments: what zope.configuration's own `toargs` makes of them, with every problem at its attribute."""

import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.configuration.config import GroupingContextDecorator, toargs
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.fields import Bool, GlobalInterface, GlobalObject, PythonIdentifier, Tokens
from zope.interface import Interface
from zope.interface.interface import InterfaceClass
from zope.schema import ASCIILine, Bytes, BytesLine, Choice, Float, Int, NativeStringLine, Text, TextLine

from assetzcml import AssetRegistry
from assetzcml.zcml.attributes import Problems, SchemaPlan, expand_settings
from assetzcml.zcml.limits import Limits
from assetzcml.zcml.load import Load
from assetzcml.zcml.machine import DirectiveContext, Machine
from assetzcml.zcml.positions import Document, Tag
from sizes import examples


def schema(**fields):
    return InterfaceClass("ISchema", (Interface,), fields)


@pytest.fixture(scope="module")
def context():
    load = Load(AssetRegistry(), {}, Limits(), False)
    context = DirectiveContext(GroupingContextDecorator(Machine(load)), None)
    context.info = Tag(Document("f.zcml", b"<x value=''/>"), 0, "x")
    return context


def ours(interface, data, context):
    try:
        return SchemaPlan(interface).arguments(context, data, context.info)
    except Problems:
        return "refused"


def theirs(interface, data, context):
    try:
        return toargs(context, interface, data)
    except ZopeConfigurationError:
        return "refused"


FIELDS = {
    "a line": TextLine(),
    "a short line": TextLine(max_length=3),
    "a line of some length": TextLine(min_length=2),
    "a line that must not be empty": TextLine(missing_value=""),
    "a line with a constraint": TextLine(constraint=lambda text: "a" in text),
    "a line in another normal form": TextLine(unicode_normalization="NFD"),
    "a text": Text(),
    "an ASCII line": ASCIILine(),
    "bytes": Bytes(),
    "a line of bytes": BytesLine(),
    "a native line": NativeStringLine(),
    "a number": Int(),
    "a number in bounds": Int(min=-5, max=100),
    "a number that must not be nought": Int(missing_value=0, default=1),
    "a fraction": Float(),
    "yes or no": Bool(),
    "an identifier": PythonIdentifier(),
    "one of three": Choice(values=("a", "b", "ä")),
    "words": Tokens(value_type=TextLine()),
    "short words": Tokens(value_type=TextLine(max_length=2)),
    "numbers": Tokens(value_type=Int(min=0)),
    "few words": Tokens(value_type=TextLine(), max_length=1),
    "different words": Tokens(value_type=TextLine(), unique=True),
    "truths": Tokens(value_type=Bool()),
    "an object": GlobalObject(),
    "a number by name": GlobalObject(value_type=Int()),
    "an interface": GlobalInterface(),
    "objects": Tokens(value_type=GlobalObject()),
}
TEXTS = [
    *("", " ", "a", "abc", "abcd", " a ", "a b", "a a", "a\nb", "a\rb", "a\tb", "ä", "u\u0308", "\u212b", "\ud800"),
    *("0", "5", "-5", "-6", "+1", "100", "101", "007", "1_000", "0x10", "1e3", "1.5", "９", "²", "9" * 30),
    *("yes", "YES", "No", "true", "F", "maybe", "tRUE", "ﬀ"),
    *("os", "os.sep", "os.path", "os.path.join", "len", "*", ".", "..x", "os..path", "os.", "nosuch", "os.nosuch"),
    *("zope.interface.Interface", "foreign.INote", "foreign", "collections.nosuch", "1a", "os.1a", " os "),
]


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_becomes_what_zope_configuration_makes_of_it(name, context):
    interface = schema(value=FIELDS[name])
    found = {text: ours(interface, {"value": text}, context) for text in TEXTS}
    assert found == {text: either(interface, text, context) for text in TEXTS}
    assert any(value != "refused" for value in found.values())


def either(interface, text, context):
    """What `toargs` makes of a text; what it lets pass as another exception is a refusal, too."""
    try:
        return theirs(interface, {"value": text}, context)
    except Exception:
        return "refused"


@examples(150)
@given(name=st.sampled_from(sorted(FIELDS)), text=st.text(st.sampled_from("aä\u0308 .-_01\n\r\tyesNo*"), max_size=8))
def test_any_text_becomes_what_zope_configuration_makes_of_it(name, text):
    load = Load(AssetRegistry(), {}, Limits(), False)
    context = DirectiveContext(GroupingContextDecorator(Machine(load)), None)
    context.info = Tag(Document("f.zcml", b"<x value=''/>"), 0, "x")
    interface = schema(value=FIELDS[name])
    # Compared as they print: what is not a number is not equal to itself.
    assert repr(ours(interface, {"value": text}, context)) == repr(either(interface, text, context))


@pytest.mark.parametrize(
    "fields, data",
    [
        ({"a": TextLine(), "b": TextLine()}, {}),  # both are missing
        ({"a": TextLine(required=False)}, {}),  # left out: not an argument
        ({"a": TextLine(default="x", required=False)}, {}),  # the default of an optional one is the handler's affair
        ({"a": TextLine(default="x")}, {}),  # that of a required one is an argument
        ({"a": Int(default=3)}, {}),
        ({"a": Int()}, {}),
        ({"class_": TextLine(), "in_": TextLine()}, {"class": "x", "in": "y"}),
        ({"class_": TextLine()}, {"class_": "x"}),
        ({"x_": TextLine()}, {"x_": "1"}),  # not a keyword: its name is its name
        ({"a": TextLine()}, {"a": "1", "b": "2"}),
    ],
)
def test_missing_extra_and_keyword_attributes_are_treated_as_there(fields, data, context):
    interface = schema(**fields)
    assert ours(interface, data, context) == theirs(interface, data, context)


def test_a_schema_that_says_so_takes_any_attribute(context):
    interface = schema(known=TextLine(required=False))
    interface.setTaggedValue("keyword_arguments", True)
    data = {"known": "1", "other": "2", "class": "3"}
    assert ours(interface, data, context) == theirs(interface, data, context) == data


def test_inherited_fields_come_with_the_schema(context):
    base = InterfaceClass("IBase", (Interface,), {"a": TextLine()})
    interface = InterfaceClass("IMore", (base,), {"b": TextLine()})
    assert ours(interface, {"a": "1", "b": "2"}, context) == {"a": "1", "b": "2"}
    assert ours(interface, {"b": "2"}, context) == "refused"


def test_every_problem_of_a_directive_is_found_each_at_its_attribute(site):
    assert site.problems('<fields count="9"\n  nubmers="1"\n  yes="perhaps"\n  thing="os.nosuch" color="blue"/>') == [
        "site.zcml:6:10 fields: thing='os.nosuch' cannot be resolved: the module 'os' has no 'nosuch'",
        "site.zcml:5:8 fields: yes='perhaps' is not valid: Invalid value; "
        "yes, no, true, false, y, n, t, f, 1 or 0 was expected",
        "site.zcml:3:16 fields: count='9' is not valid: Value is too big; how many was expected: at least 1 and at most 5",
        "site.zcml:6:28 fields: color='blue' is not valid: Constraint not satisfied; color was expected: one of green, red",
        "site.zcml:4:3 fields: unknown attribute 'nubmers'; did you mean 'numbers'?",
    ]


@pytest.mark.parametrize(
    "body, problem",
    [
        ('<fields numbers="1 x"/>', "fields: numbers='1 x' is not valid: "),
        ('<fields words="a" things="os.sep os.nosuch"/>', "fields: things='os.sep os.nosuch' is not valid: "),
        ('<fields class="nosuch_module.X"/>', "fields: class='nosuch_module.X' cannot be resolved: no module named"),
        ('<fields identifier="1a"/>', "fields: identifier='1a' is not valid: "),
        ('<any known="1"/>', None),
        ('<note kye="1"/>', "note: unknown attribute 'kye'; did you mean 'key'?"),
        ('<note zzz="1"/>', "note: unknown attribute 'zzz'; it has key, order, value"),
        ('<note key="x" order="1.5"/>', "note: order='1.5' is not valid: "),
        (f'<note value="{"x" * 10_000}" zzz="1"/>', "note: unknown attribute 'zzz'"),
        (f'<fields color="{"x" * 1_000}"/>', "fields: color='" + "x" * 80 + "…' is not valid"),
    ],
)
def test_a_bad_attribute_names_directive_value_and_expectation(site, body, problem):
    if problem is None:
        site(body)
        return
    (found,) = site.problems(body)
    assert problem in found
    assert len(found) < 600


def test_a_required_attribute_that_is_missing_is_named_with_its_meaning(site):
    head = '<configure xmlns="http://namespaces.assetzcml.org/assets">\n'
    assert site.problems(head + '<staticView name="a"/>\n<staticView path="b"/><asset/>\n</configure>') == [
        "site.zcml:2:1 staticView 'a': the attribute 'path' is missing; write path=\"package:static\"",
        "site.zcml:3:1 staticView: the attribute 'name' is missing; write name=\"static\"",
        "site.zcml:3:23 asset: the attribute 'to_override' is missing; write to_override=\"package:path\"",
        "site.zcml:3:23 asset: the attribute 'override_with' is missing; write override_with=\"package:path\"",
    ]


SETTINGS = {"a": "x", "empty": "", "none": None, "n": 5, "yes": True, "nested": "${a}"}


@pytest.mark.parametrize(
    "text, expanded",
    [
        ("${a}", "x"),
        ("<${a}-${n}>", "<x-5>"),
        ("${empty}", ""),
        ("${b:-y}", "y"),
        ("${a:-y}", "x"),
        ("${empty:-y}", ""),
        ("${none:-y}", "y"),
        ("${b:-}", ""),
        ("${b:-:-}", ":-"),
        ("${yes}", "True"),
        ("${nested}", "${a}"),  # a value is not expanded again
        ("$a", "$a"),
        ("~/x", "~/x"),
        ("${", "${"),
        ("$${a}", "$x"),
        ("{a}", "{a}"),
        ("%(a)s", "%(a)s"),
    ],
)
def test_a_setting_stands_in_for_its_key_and_nothing_else_is_expanded(text, expanded):
    info = Tag(Document("f", b"<x v=''/>"), 0, "x")
    assert expand_settings({"v": text}, SETTINGS, info) == {"v": expanded}


def test_a_key_without_value_or_default_is_an_error_at_each_attribute():
    info = Tag(Document("f", b"<x v='' w='' u=''/>"), 0, "x")
    with pytest.raises(Problems) as caught:
        expand_settings({"v": "${mdeia}", "w": "a${none}", "u": "${other}"}, {"media": "1", "none": None}, info)
    assert [problem.headline for problem in caught.value.problems] == [
        "f:1:7: x: v: no setting 'mdeia'; did you mean 'media'?",
        "f:1:12: x: w: no setting 'none'; give settings={'none': ...} or write ${none:-default}",
        "f:1:17: x: u: no setting 'other'; give settings={'other': ...} or write ${other:-default}",
    ]


def test_the_environment_and_the_home_directory_are_never_taken(monkeypatch):
    monkeypatch.setenv("ASSETZCML_TEST", "secret")
    info = Tag(Document("f", b"<x v=''/>"), 0, "x")
    with pytest.raises(Problems):
        expand_settings({"v": "${ASSETZCML_TEST}"}, {}, info)


def test_a_plan_is_made_once_per_schema(monkeypatch, site):
    made = collections.Counter()
    original = SchemaPlan.__init__
    monkeypatch.setattr(SchemaPlan, "__init__", lambda self, of: (made.update([of]), original(self, of))[1])
    site("<note/>" * 50)
    assert max(made.values()) == 1
