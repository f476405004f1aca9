"""docs/http.rst says which test proves each of its rules; here it is held to that."""

import ast
import functools
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "http.rst"

SOURCES = re.compile(r"RFC \d{4}(, \d+(\.\d+)*)+|WHATWG Fetch|ours")


def rows():
    """Rule, source and tests of each line of the tables; the lines that only name the columns are none."""
    text = PAGE.read_text(encoding="utf-8")
    lines = [line.partition("\n\n")[0].split("\n     - ") for line in text.split("\n   * - ")[1:]]
    return [line for line in lines if line[-1] != "Test"]


@functools.cache
def functions_of(module):
    return {
        each.name for each in ast.parse(module.read_text(encoding="utf-8")).body if isinstance(each, ast.FunctionDef)
    }


@pytest.mark.parametrize("rule, source, tests", [pytest.param(*row, id=row[0]) for row in rows()])
def test_a_rule_of_the_chapter_has_a_source_and_a_test_that_exists(rule, source, tests):
    assert SOURCES.fullmatch(source)
    named = re.findall(r"``(test_\w+)``", tests)
    assert tests.split() == ", ".join(f"``{name}``" for name in named).split() != []
    assert set(named) <= set().union(*map(functions_of, HERE.parent.rglob("test_*.py")))


def test_the_chapter_has_rules():
    assert len(rows()) > 30
