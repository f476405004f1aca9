"""A message says what is wrong, where, and what to do; an error keeps all of them and can be handed around."""

import pickle
import subprocess
import sys

import pytest
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError

from assetzcml import load_zcml
from assetzcml.errors import (
    ConfigurationConflictError,
    ConfigurationError,
    ConfigurationWarning,
    InvalidManifest,
    InvalidSpec,
    MissingExtra,
    NotBusted,
    NotPublished,
    Origin,
    Problem,
    did_you_mean,
)


class Written(Origin):
    """A place whose line is known, as those in ZCML are."""

    def __init__(self, file, line, column, text, included_by=None):
        super().__init__(file, line, column)
        self.text = text
        self.includer = included_by

    @property
    def included_by(self):
        return self.includer

    def source_line(self):
        return self.text


@pytest.mark.parametrize(
    "origin, text",
    [
        (Origin("a.zcml", 12, 5), "a.zcml:12:5"),
        (Origin("app.py", 12), "app.py:12"),  # Python knows no column
        (Origin("a.zcml"), "a.zcml"),
    ],
)
def test_an_origin_prints_what_is_known_of_it(origin, text):
    assert str(origin) == text


def test_origins_are_equal_when_they_name_the_same_place():
    assert Origin("a", 1, 2) == Origin("a", 1, 2)
    assert len({Origin("a", 1, 2), Origin("a", 1, 2), Origin("a", 1, 3)}) == 2
    assert Origin("a", 1, 2) != "a:1:2"


def test_a_python_call_has_no_attributes_no_source_line_and_no_includes():
    origin = Origin("app.py", 3)
    assert (origin.attribute("name"), origin.source_line(), list(origin.chain())) == (origin, None, [])


def test_a_problem_shows_the_line_with_a_caret_and_the_includes_that_led_there():
    top = Written("top.zcml", 2, 3, '  <include file="site.zcml"/>')
    site = Written("site.zcml", 7, 3, '  <include package="shop"/>', top)
    place = Written("shop.zcml", 3, 15, '  <staticView name="a%"/>', site)
    assert str(Problem(place, "staticView: bad name", "write it out")) == "\n".join(
        [
            "shop.zcml:3:15: staticView: bad name; write it out",
            '    <staticView name="a%"/>',
            "                ^",
            "    included from site.zcml:7:3",
            "    included from top.zcml:2:3",
        ]
    )


def test_a_problem_shows_every_place_that_takes_part():
    here = Written("b.zcml", 4, 1, '<staticView name="x"/>')
    there = Written("a.zcml", 3, 1, "<x/>", Origin("site.zcml", 2, 1))
    text = str(Problem(here, "declared twice", also=[("also declared at", there)], conflict=True))
    assert text.splitlines() == [
        "b.zcml:4:1: declared twice",
        '    <staticView name="x"/>',
        "    ^",
        "  also declared at a.zcml:3:1",
        "    <x/>",
        "    ^",
        "    included from site.zcml:2:1",
    ]


@pytest.mark.parametrize(
    "line, column, shown, caret",
    [
        ("<a/>", 1, "<a/>", 0),
        ("\t\t<a/>", 3, "<a/>", 0),  # indentation is left out
        ("<a\tb=''/>", 4, "<a b=''/>", 3),  # a tab is one column
        ("<a b='\x1b[31m'/>", 7, "<a b='\N{REPLACEMENT CHARACTER}[31m'/>", 6),  # a terminal would act on it
        ("<a b='\u202e'/>", 7, "<a b='\N{REPLACEMENT CHARACTER}'/>", 6),  # and on this
        (" " * 100_000 + "<nosuch/>", 100_001, "<nosuch/>", 0),
        ("<a/>" * 100, 201, "<a/>" * 30, 60),  # a long line is cut around the place
        ("<a/>" * 100, 1, "<a/>" * 30, 0),
        ("    <a/>", 2, "<a/>", None),  # a place in the indentation
    ],
)
def test_an_excerpt_is_a_line_that_fits_and_a_caret_under_the_place(line, column, shown, caret):
    _, *excerpt = str(Problem(Written("f", 1, column, line), "wrong")).split("\n")
    assert excerpt == [f"    {shown}"] + ([] if caret is None else ["    " + " " * caret + "^"])


def test_an_error_lists_its_problems_and_is_zope_configurations_too():
    problem = Problem(Origin("a.zcml", 1, 1), "first")
    error = ConfigurationError(problem, "second")
    assert [p.message for p in error.problems] == ["first", "second"]
    assert str(error) == "a.zcml:1:1: first\nsecond"
    assert isinstance(error, ZopeConfigurationError)


@pytest.mark.whole
def test_code_that_knows_only_zope_configuration_catches_the_first_error_of_a_process():
    program = (
        "import sys\nfrom assetzcml.errors import ConfigurationError, InvalidSpec, MissingExtra\n"
        "assert not any(name.startswith('zope.configuration') for name in sys.modules)\n"
        "caught = []\n"
        "for kind in (MissingExtra, InvalidSpec, ConfigurationError):\n"
        "    try:\n        raise kind('wrong')\n"
        "    except Exception as error:\n"
        "        from zope.configuration.exceptions import ConfigurationError as Zopes\n"
        "        caught.append(isinstance(error, Zopes) and str(error))\n"
        "import assetzcml\nassert issubclass(assetzcml.ConfigurationError, Zopes)\nprint(caught)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "['wrong', 'wrong', 'wrong']\n"


@pytest.mark.whole
def test_the_public_name_is_zope_configurations_before_any_error():
    program = (
        "import assetzcml; kinds = assetzcml.ConfigurationError, assetzcml.InvalidSpec\n"
        "from zope.configuration.exceptions import ConfigurationError\n"
        "print(all(issubclass(kind, ConfigurationError) for kind in kinds))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "True\n"


def test_the_cause_of_an_error_is_the_first_exception_of_foreign_code():
    first, second = KeyError("x"), ValueError("y")
    problems = [Problem(None, "ours"), Problem(None, "a", exception=first), Problem(None, "b", exception=second)]
    assert ConfigurationError(*problems).__cause__ is first
    assert ConfigurationError(problems[0]).__cause__ is None


@pytest.mark.parametrize("kind", [ConfigurationError, ConfigurationConflictError, InvalidSpec, InvalidManifest])
def test_an_error_can_be_pickled_for_another_process(kind):
    error = pickle.loads(pickle.dumps(kind(Problem(Written("a.zcml", 1, 1, "<a/>"), "wrong"))))
    assert (type(error), str(error)) == (kind, "a.zcml:1:1: wrong\n    <a/>\n    ^")


def test_what_an_error_knows_of_its_problems_is_pickled_with_it(tmp_path):
    (tmp_path / "site.zcml").write_text('<configure>\n<include file="part.zcml"/>\n</configure>')
    (tmp_path / "part.zcml").write_text("<configure>\n  <nosuch/>\n  <include package='nosuch'/>\n</configure>")
    with pytest.raises(ConfigurationError) as caught:
        load_zcml(str(tmp_path / "site.zcml"))
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error) == str(caught.value)
    assert [(p.origin.line, p.origin.column, p.message, p.hint) for p in error.problems] == [
        (p.origin.line, p.origin.column, p.message, p.hint) for p in caught.value.problems
    ]
    assert [step.line for step in error.problems[0].origin.chain()] == [2]


@pytest.mark.parametrize(
    "kind, bases",
    [
        (ConfigurationConflictError, (ConfigurationError,)),
        (InvalidSpec, (ConfigurationError, ValueError)),
        (InvalidManifest, (ConfigurationError, ValueError)),
        (MissingExtra, (ConfigurationError, ImportError)),
        (NotPublished, (ValueError,)),
        (NotBusted, (ValueError,)),
        (ConfigurationWarning, (UserWarning,)),
    ],
)
def test_code_that_catches_the_usual_exceptions_catches_ours(kind, bases):
    assert all(issubclass(kind, base) for base in bases)


@pytest.mark.parametrize(
    "word, known, hint",
    [
        ("cache_max_aeg", ["cache_max_age", "name"], "did you mean 'cache_max_age'?"),
        ("zzz", ["cache_max_age", "name"], ""),
        ("name", [], ""),
        ("logo.pgn", {"logo.png": 1, "app.css": 2}, "did you mean 'logo.png'?"),
        ("a" * 1_000_000, ["a" * 190], "did you mean '" + "a" * 190 + "'?"),  # only the beginning is compared
    ],
)
def test_the_nearest_known_word_is_suggested(word, known, hint):
    assert did_you_mean(word, known) == hint
