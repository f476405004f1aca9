"""Any package's own directives work in our files as they do in zope.configuration's, and say where they went wrong."""

import importlib
import os
import re
import sys
import types
import warnings

import foreign
import pytest
from zope.configuration import xmlconfig

from assetzcml import AssetRegistry, ConfigurationError


def by_zope_configuration(path):
    """What the actions of a file do when zope.configuration reads it."""
    foreign.done.clear()
    foreign.heard.clear()
    xmlconfig.file(path)
    return list(foreign.done), [entry[:2] if isinstance(entry, tuple) else entry for entry in foreign.heard]


def by_us(path):
    foreign.done.clear()
    foreign.heard.clear()
    AssetRegistry().load_zcml(path)
    return list(foreign.done), [entry[:2] if isinstance(entry, tuple) else entry for entry in foreign.heard]


BODIES = {
    "a simple directive": '<note key="a" value="1"/><note value="2"/>',
    "an order": '<note value="late" order="5"/><note value="early" order="-5"/><note value="middle"/>',
    "in another prefix": '<f:note value="1"/>',
    "actions that are returned": '<returns key="a" value="1"/>',
    "a group": '<group prefix="g"><note value="1"/></group>',
    "an empty group": '<group prefix="g"/>',
    "groups in groups": '<group prefix="g"><group prefix="h"><note value="1"/></group><note value="2"/></group>',
    "a group with names we could want": """
        <group load="1" plan="2" place="3" registry="4" settings="5" record="6"><note value="1"/></group>""",
    "what is used in a group": '<group prefix="g"><inside value="1"/></group>',
    "a complex directive": '<menu key="m" value="m"><item value="1"/><item value="2"/></menu>',
    "an empty complex directive": '<menu value="m"/>',
    "any attribute": '<any known="1" other="2" class="3"/>',
    "fields": '<fields words=" a  b " numbers="1 2" yes="T" count="5" identifier="abc" color="red"/>',
    "names": '<fields thing="os.sep" things="os.sep os.path.join" class="foreign.Menu"/>',
    "a default": "<fields/>",
    "configure in configure": '<configure><configure package="foreign"><note value="1"/></configure></configure>',
    "a condition": '<note zcml:condition="have x" value="1"/><note zcml:condition="not-have x" value="2"/>',
    "provides and have": '<meta:provides feature="x"/><note zcml:condition="have x" value="1"/>',
    "a directive declared by itself": """
        <meta:directive namespace="urn:foreign" name="alone" schema="foreign.INote" handler="foreign.note"/>
        <alone value="1"/>""",
    "a grouping directive declared by itself": """
        <meta:groupingDirective namespace="urn:foreign" name="alone" schema="foreign.IGroup" handler="foreign.Group"/>
        <alone prefix="g"><note value="1"/></alone>""",
    "a complex directive declared by itself": """
        <meta:complexDirective namespace="urn:foreign" name="alone" schema="foreign.INote" handler="foreign.Menu">
          <meta:subdirective name="item" schema="foreign.INote"/>
        </meta:complexDirective>
        <alone value="m"><item value="1"/></alone>""",
    "a complex directive that is not called": """
        <meta:complexDirective namespace="urn:foreign" name="alone" schema="foreign.INote" handler="foreign.Plain"/>
        <alone value="m"/>""",
    "two namespaces": """
        <meta:directives namespace="urn:other">
          <meta:directive name="note" schema="foreign.INote" handler="foreign.returns"/>
        </meta:directives>
        <note value="1"/><x:note xmlns:x="urn:other" value="2"/>""",
    "a directive declared again": """
        <meta:directive namespace="urn:foreign" name="note" schema="foreign.INote" handler="foreign.returns"/>
        <note value="1"/>""",
    "declared inside a group": """
        <group prefix="g">
          <meta:directive namespace="urn:foreign" name="late" schema="foreign.INote" handler="foreign.note"/>
        </group>
        <late value="1"/>""",
    "only in groups": """
        <meta:directive namespace="urn:foreign" name="deep" schema="foreign.INote" handler="foreign.returns"
                        usedIn="foreign.IInGroup"/>
        <meta:directive namespace="urn:foreign" name="deep" schema="foreign.INote" handler="foreign.note"/>
        <deep value="1"/><group><deep value="2"/></group>""",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_directive_does_what_it_does_in_zope_configuration(body, site):
    path = site.write(body)
    assert by_us(path) == by_zope_configuration(path)
    assert foreign.done or foreign.heard


def test_a_field_of_translated_text_knows_its_domain(site):
    site('<configure i18n_domain="shop"><fields label="[logo] The logo"/></configure>')
    label = foreign.heard[-1]["label"]
    assert (str(label), label.domain, label.default) == ("logo", "shop", "The logo")


def test_a_path_is_relative_to_the_file_or_the_package(site, package):
    name = package({"conf/x.zcml": foreign.document('<fields path="a.txt"/>'), "configure.zcml": "<configure/>"})
    home = package.directory / name
    body = f'<fields path="a.txt"/><include package="{name}" file="conf/x.zcml"/>'
    site(body + f'<configure package="{name}"><fields path="a.txt"/></configure><fields path="/abs/../x"/>')
    assert [heard["path"] for heard in foreign.heard] == [
        str(site.directory / "a.txt"),
        str(home / "conf" / "a.txt"),
        str(home / "a.txt"),
        "/x",
    ]


def test_a_handler_is_told_where_it_stands(site, place):
    site('<note key="a"\n  value="1"/>')
    assert place(foreign.heard[0][2]) == ("site.zcml", 3, 1)


@pytest.mark.parametrize(
    "body, problems",
    [
        ("<nte/>", ["site.zcml:3:1 unknown directive 'nte' of urn:foreign; did you mean 'note'?"]),
        ("<nosuch/>", ["site.zcml:3:1 unknown directive 'nosuch' of urn:foreign"]),
        (
            '<x:note xmlns:x="urn:foreing"/>',
            ["site.zcml:3:1 unknown directive 'note' of urn:foreing; did you mean 'urn:foreign'?"],
        ),
        (
            '<x:note xmlns:x="http://somewhere.else"/>',
            ["site.zcml:3:1 unknown directive 'note' of http://somewhere.else; 'note' is of urn:foreign"],
        ),
        (
            '<note/><configure xmlns=""><thing/></configure>',
            ["site.zcml:3:28 unknown directive 'thing'; the element is in no namespace; is xmlns missing?"],
        ),
        ("<note><note/></note>", ["site.zcml:3:7 note cannot stand inside note"]),
        ("<menu><itme/></menu>", ["site.zcml:3:7 itme cannot stand inside menu; did you mean 'item'?"]),
        ("<menu><note/></menu>", ["site.zcml:3:7 note cannot stand inside menu; put it after </menu>"]),
        ("<menu><item><item/></item></menu>", ["site.zcml:3:13 item cannot stand inside item"]),
        ("<inside/>", ["site.zcml:3:1 inside cannot stand here inside configure"]),
        ('<raises key="1"/>', ["site.zcml:3:1 raises raised Mishap: while reading"]),
        (
            '<meta:provides feature="a b"/>',
            ["site.zcml:3:1 provides raised ValueError: Only one feature name allowed"],
        ),
        ("<meta:directive/>", None),
        (
            '<meta:directive namespace="urn:foreign" name="x" schema="foreign.INote" handler="foreign.nosuch"/>',
            [
                "site.zcml:3:82 directive: handler='foreign.nosuch' cannot be resolved: "
                "the module 'foreign' has no 'nosuch'"
            ],
        ),
        (
            '<meta:directive namespace="urn:foreign" name="x" schema="foreign.note" handler="foreign.note"/>',
            None,
        ),
        (
            '<menu key="1" zzz="2"><item/></menu>',
            ["site.zcml:3:15 menu: unknown attribute 'zzz'; it has key, order, value"],
        ),
        ('<group zzz="2"><nosuch/></group><nosuch/>', None),
    ],
)
def test_what_a_directive_does_wrong_is_said_at_its_place(site, body, problems):
    found = site.problems(body)
    if problems is not None:
        assert found == problems
    assert all(problem.startswith("site.zcml:3:") for problem in found)


def test_everything_that_is_wrong_in_a_file_is_found_at_once(site):
    found = site.problems('<note zzz="1"/>\n<nosuch/>\n<menu><x/><item y="1"/></menu>\n<raises/>\n<note/>')
    assert [problem.split(" ")[0] for problem in found] == [
        "site.zcml:3:7",
        "site.zcml:4:1",
        "site.zcml:5:7",
        "site.zcml:5:17",
        "site.zcml:6:1",
    ]


def test_what_stands_in_a_failed_group_is_left_out(site):
    assert len(site.problems('<group zzz="1"><nosuch/><note kye="1"/></group><note/>')) == 1


def test_the_exception_of_a_handler_keeps_its_traceback(site):
    error = site.error("<raises/>")
    assert isinstance(error.__cause__, foreign.Mishap)
    assert error.problems[0].exception is error.__cause__
    frames = []
    step = error.__cause__.__traceback__
    while step is not None:
        frames.append(step.tb_frame.f_code.co_name)
        step = step.tb_next
    assert frames[-1] == "raises"


# Names


def test_an_import_error_inside_a_package_keeps_its_traceback_and_names_the_line(site, package):
    package({"broken.py": "from nosuch_dependency import x\n", "worse.py": "1/0\n"}, name="pack")
    error = site.error('<fields thing="pack.broken.thing"/>\n<include package="pack.worse"/>')
    told = [re.split(" cannot be (?:resolved|imported): ", problem.headline)[-1] for problem in error.problems]
    assert told[0].endswith("broken.py:1); install 'nosuch_dependency', or remove its import")
    assert [text.partition(" (")[0] for text in told] == [
        "No module named 'nosuch_dependency'",
        "ZeroDivisionError: division by zero",
    ]
    assert [place_of(problem) for problem in error.problems] == [(3, 16), (4, 19)]
    assert isinstance(error.__cause__, ModuleNotFoundError)
    assert [type(problem.exception) for problem in error.problems] == [ModuleNotFoundError, ZeroDivisionError]
    step = error.__cause__.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    assert step.tb_frame.f_code.co_filename.endswith("broken.py")


def place_of(problem):
    return problem.origin.line, problem.origin.column


@pytest.mark.parametrize(
    "name, reason",
    [
        ("nosuch", "no module named 'nosuch'"),
        ("nosuch.thing", "no module named 'nosuch'"),
        ("pack.nosuch", "the module 'pack' has no 'nosuch'"),
        ("pack.sub.deep.x", "no module named 'pack.sub.deep'"),
        (".sub.nosuch", "the module 'pack.sub' has no 'nosuch'"),
        ("..x", ""),
        ("blocked", "no module named 'blocked'"),
        ("blocked.x", "no module named 'blocked'"),
    ],
)
def test_a_name_that_stands_for_nothing_is_said_without_a_traceback(site, package, monkeypatch, name, reason):
    package({"sub.py": "here = 1"}, name="pack")
    monkeypatch.setitem(sys.modules, "blocked", None)
    error = site.error(f'<configure package="pack"><fields thing="{name}"/></configure>')
    (problem,) = error.problems
    assert f"fields: thing='{name}' cannot be resolved: {reason}" in problem.headline
    assert error.__cause__ is None


def test_names_are_resolved_as_zope_configuration_does(site, package):
    package({"__init__.py": "top = 1", "sub/__init__.py": "here = 2", "sub/deep.py": "value = 3"}, name="pack")
    names = [
        ".top",
        ".sub.here",
        "pack.sub.deep.value",
        "pack.sub.deep",
        ".sub",
        "..pack.top",
        "len",
        "os.path.join",
        "*",
    ]
    body = "".join(f'<fields thing="{name}"/>' for name in names if name != "..pack.top")
    path = site.write(f'<configure package="pack">{body}</configure>')
    assert by_us(path) == by_zope_configuration(path)


@pytest.fixture
def deprecated(package):
    """A package whose names warn when they are taken, or when their module is imported."""
    source = """
    import warnings
    def __getattr__(name):
        if name == "old":
            warnings.warn("old is deprecated", DeprecationWarning, stacklevel=2)
            return len
        raise AttributeError(name)
    """
    package(
        {
            "__init__.py": "\n".join(line[4:] for line in source.splitlines()),
            "gone.py": "import warnings\nwarnings.warn('gone is deprecated', DeprecationWarning, stacklevel=2)\nthing = 1\n",
        },
        name="aged",
    )
    return package


@pytest.mark.parametrize(
    "name, message",
    [
        ("aged.old", "old is deprecated"),  # a module's own __getattr__
        (".old", "old is deprecated"),
        ("aged.gone.thing", "gone is deprecated"),  # at import
        ("aged.gone", "gone is deprecated"),
    ],
)
def test_a_deprecation_is_reported_at_the_zcml_line(site, deprecated, name, message):
    text = f'<configure package="aged">\n\n<fields\n   thing="{name}"/></configure>'
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        site(text)
    assert [(str(w.message), w.category, w.filename, w.lineno) for w in caught] == [
        (message, DeprecationWarning, str(site.directory / "site.zcml"), 5)
    ]


def test_a_module_that_was_replaced_by_a_proxy_warns_at_the_zcml_line(site, monkeypatch):
    class Proxy(types.ModuleType):  # what zope.deprecation puts in the place of a module
        def __getattribute__(self, name):
            if name == "old":
                warnings.warn("old has moved", DeprecationWarning, stacklevel=2)
                return len
            return super().__getattribute__(name)

    monkeypatch.setitem(sys.modules, "proxied", Proxy("proxied"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        site('<fields thing="proxied.old"/>')
    assert [(w.filename, w.lineno) for w in caught] == [(str(site.directory / "site.zcml"), 3)]


def test_a_deprecation_that_is_an_error_is_a_problem_at_its_place(site, deprecated):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (problem,) = site.problems('<fields thing="aged.old"/>')
    assert problem.startswith("site.zcml:3:16 fields: thing='aged.old' cannot be imported: DeprecationWarning: old is")


# Packages that read files themselves


def include_by_hand(_context, key=None, value="", order=0):
    xmlconfig.include(_context, value)


def test_a_package_may_read_a_file_with_zope_configurations_own_include(site):
    declare = (
        '<meta:directive namespace="urn:foreign" name="zinclude" schema="foreign.INote"'
        ' handler="test_machine.include_by_hand"/>'
    )
    files = {
        "site.zcml": declare + '<zinclude value="other.zcml"/><include file="other.zcml"/>',
        "other.zcml": '<note key="k" value="1"/><a:staticView name="s" path="."/>',
    }
    registry = site(files)
    assert foreign.done == ["1"]
    assert [(v.name, v.origin.line, v.origin.column) for v in registry.snapshot.views] == [("s", 3, 26)]
    files["other.zcml"] = '<note kye="k" value="1"/>\n<a:staticView name="s"\n  pth="."/>'
    assert [problem.split(": ")[0] for problem in site.problems(files)][:1] == ["other.zcml:3:7 note"]


def test_two_loads_at_once_do_not_know_each_other(site):
    path = site.write('<meta:provides feature="x"/><note value="1"/>')
    one, two = AssetRegistry(), AssetRegistry()
    one.load_zcml(path)
    two.load_zcml(path)
    assert foreign.done == ["1", "1"]


def test_the_machine_is_that_of_one_load(site):
    site('<meta:provides feature="x"/>')
    site('<note zcml:condition="have x" value="1"/>')
    assert foreign.done == []
    bare = '<configure xmlns="urn:foreign">\n<note/></configure>'
    with pytest.raises(ConfigurationError, match="unknown directive 'note'"):
        AssetRegistry().load_zcml(site.write(bare))


class Uncallable:
    """As zope.browsermenu's: the object of a complex directive can be called, but not by the machine."""

    def __init__(self, context, **arguments):
        foreign.heard.append("made")

    def __call__(self, context, more):
        raise AssertionError("nobody has two arguments for it")


class Broken:
    def __init__(self, context, **arguments):
        pass

    def __call__(self):
        return len(3)


def complex_directive(handler):
    return (
        f'<meta:complexDirective namespace="urn:foreign" name="made" schema="foreign.INote" handler="test_machine.{handler}"/>'
        "<made/>"
    )


def test_a_complex_directive_whose_call_wants_arguments_is_done_when_it_is_read(site):
    site(complex_directive("Uncallable"))
    assert foreign.heard == ["made"]


def test_a_type_error_inside_the_call_is_an_error(site):
    (problem,) = site.problems(complex_directive("Broken"))
    assert "made raised TypeError: object of type 'int' has no len()" in problem


def basepath(_context, **arguments):
    foreign.heard.append(_context.basepath)


def test_within_configure_of_a_package_the_base_path_is_its_directory(package, site):
    name = package({"sub/__init__.py": ""})
    directive = (
        '<meta:directive namespace="urn:foreign" name="base" schema="foreign.INote" handler="test_machine.basepath"/>'
    )
    site(f'{directive}<configure package="{name}.sub"><base/></configure>')
    assert foreign.heard == [os.path.join(os.path.dirname(importlib.import_module(name).__file__), "sub")]


def test_a_package_in_several_directories_has_no_base_path(tmp_path, monkeypatch, site):
    for part in ("one", "two"):
        (tmp_path / part / "parted_package").mkdir(parents=True)
        monkeypatch.syspath_prepend(tmp_path / part)
    directive = (
        '<meta:directive namespace="urn:foreign" name="base" schema="foreign.INote" handler="test_machine.basepath"/>'
    )
    site(f'{directive}<configure package="parted_package"><base/></configure>')
    assert foreign.heard == [None]
