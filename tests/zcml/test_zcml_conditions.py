"""zcml:condition in all its six verbs, as zope.configuration has them; what is no condition is an error."""

import re
from pathlib import Path

import foreign
import pytest
from test_machine import by_us, by_zope_configuration

from assetzcml.zcml import walking

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "zcml.rst"

CONDITIONS = [
    "have known",
    "have unknown",
    "not-have known",
    "not-have unknown",
    "installed zope.configuration",
    "installed nosuch_package",
    "installed zope.nosuch",
    "not-installed zope.configuration",
    "not-installed nosuch_package",
    "envvar ASSETZCML_TRUE",
    "envvar ASSETZCML_FALSE",
    "envvar ASSETZCML_EMPTY",
    "envvar ASSETZCML_UNSET",
    "not-envvar ASSETZCML_TRUE",
    "not-envvar ASSETZCML_FALSE",
    "not-envvar ASSETZCML_UNSET",
    "  have   known  ",
]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("ASSETZCML_TRUE", "1")
    monkeypatch.setenv("ASSETZCML_FALSE", "No")
    monkeypatch.setenv("ASSETZCML_EMPTY", "")
    monkeypatch.delenv("ASSETZCML_UNSET", raising=False)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    "body",
    [
        '<note zcml:condition="{}" value="it holds"/>',
        '<configure zcml:condition="{}"><note value="inside"/><group prefix="g"/></configure><note value="after"/>',
        '<menu value="m"><item value="1" zcml:condition="{}"/></menu>',
        '<include zcml:condition="{}" file="more.zcml"/>',
        '<meta:provides zcml:condition="{}" feature="late"/><note zcml:condition="have late" value="late"/>',
    ],
    ids=["simple", "grouping", "subdirective", "include", "provides"],
)
def test_a_condition_decides_as_in_zope_configuration(site, condition, body):
    files = {
        "site.zcml": f'<meta:provides feature="known"/>{body.format(condition)}',
        "more.zcml": foreign.document('<note value="more"/>', meta=""),
    }
    path = site.write(files)
    assert by_us(path) == by_zope_configuration(path)


def test_a_feature_is_known_from_where_it_is_provided(site):
    site(
        '<note zcml:condition="have x" value="before"/><meta:provides feature="x"/>'
        '<configure><note zcml:condition="have x" value="after"/></configure>'
    )
    assert foreign.done == ["after"]


def test_a_feature_that_an_included_file_provides_is_known_afterwards(site):
    files = {
        "site.zcml": '<include file="inner.zcml"/><note zcml:condition="have x" value="known"/>',
        "inner.zcml": '<meta:provides feature="x"/>',
    }
    site(files)
    assert foreign.done == ["known"]


@pytest.mark.parametrize("features, done", [(["devel"], ["devel"]), ("devel", ["devel"]), ((), []), (["d"], [])])
def test_features_may_be_given_with_the_load(site, features, done):
    site('<note zcml:condition="have devel" value="devel"/>', features=features)
    assert foreign.done == done


def test_nothing_is_read_in_an_element_that_is_left_out(site):
    site(
        '<nosuch zcml:condition="have x"><deeper><a:staticView/></deeper>text</nosuch>\n'
        f'<note zcml:condition="have x" {" ".join(f"a{n}=" + chr(34) * 2 for n in range(60))}/>'
        '<include package="nosuch_package" zcml:condition="installed nosuch_package"/><note value="next"/>'
    )
    assert foreign.done == ["next"]


def test_places_after_an_element_that_is_left_out_are_right(site):
    body = '<group zcml:condition="have x"><note/><menu><item/></menu></group>\n<note/>\n<nosuch/>'
    assert site.problems(body) == ["site.zcml:5:1 unknown directive 'nosuch' of urn:foreign"]


SUCH = 'remove it, or write one such as zcml:condition="have NAME"'
AROUND = "put a <configure> with the other condition around it"
VERBS = "have, not-have, installed, not-installed, envvar or not-envvar, and one name were expected"


@pytest.mark.parametrize(
    "condition, message",
    [
        ("", f"zcml:condition='': the condition is empty; {SUCH}"),
        ("  ", f"zcml:condition='  ': the condition is empty; {SUCH}"),
        ("exec 1", f"zcml:condition='exec 1': invalid ZCML condition: 'exec 1'; {VERBS}"),
        ("have", "zcml:condition='have': feature name missing: 'have'; write 'have NAME'"),
        ("have x y", f"zcml:condition='have x y': only one feature allowed: 'have x y'; write 'have x'; {AROUND}"),
        ("HAVE x", "zcml:condition='HAVE x': invalid ZCML condition: 'HAVE x'; write 'have x'"),
        (
            "installed os; 1",
            "zcml:condition='installed os; 1': only one package allowed: 'installed os; 1'; write 'installed os'; "
            + AROUND,
        ),
        ("envvar", "zcml:condition='envvar': environment variable name missing: 'envvar'; write 'envvar NAME'"),
    ],
)
@pytest.mark.parametrize("directive", ["note", "nosuch", "configure", "include"])
def test_what_is_no_condition_is_an_error_at_its_value(site, condition, message, directive):
    column = len(f'<{directive} zcml:condition="') + 1
    assert site.problems(f'<{directive} zcml:condition="{condition}"/>') == [f"site.zcml:3:{column} {message}"]


def test_a_package_whose_code_fails_is_not_simply_missing(site, package):
    package({"__init__.py": "1/0"}, name="failing")
    error = site.error('<note zcml:condition="installed failing"/>')
    assert "zcml:condition='installed failing' raised ZeroDivisionError: division by zero" in str(error)
    assert isinstance(error.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    "attributes, problem",
    [
        ('zcml:conditon="have x"', "site.zcml:3:7 note: unknown attribute zcml:conditon; did you mean 'condition'?"),
        ('zcml:if="have x"', "site.zcml:3:7 note: unknown attribute zcml:if; only 'condition' is known"),
    ],
)
def test_any_other_attribute_of_the_zcml_namespace_is_an_error(site, attributes, problem):
    assert site.problems(f"<note {attributes}/>") == [problem]


def test_a_condition_of_another_namespace_is_none(site):
    site('<note xmlns:i18n="http://xml.zope.org/namespaces/i18n" i18n:condition="have x" value="1"/>')
    assert foreign.done == ["1"]


def test_the_page_lists_the_verbs_that_there_are():
    table = re.search(r"There are six verbs.*?\n(=+ +=+\n)(.*?)\1", PAGE.read_text("utf-8"), re.DOTALL)
    assert re.findall(r"^``([\w-]+)``", table[2], re.MULTILINE) == list(walking.VERBS)
    assert len(walking.VERBS) == 6
