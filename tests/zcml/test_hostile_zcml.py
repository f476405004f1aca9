"""Hostile and malformed ZCML: the right outcome at the right line, with little work, and nothing opened or connected."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import data_generators
from tables import over

CASES = json.loads((data_generators.DATA / "hostile_zcml" / "index.json").read_text(encoding="utf-8"))["cases"]

# What a message of a kind says somewhere. The kinds are the corpus's words, these are ours.
WORDS = {
    "forbidden-doctype": r"a DOCTYPE is not allowed",
    "xml-syntax": r"XML syntax error|NUL character|document is empty|two byte order marks",
    "encoding": r"ZCML is UTF-8|two byte order marks",
    "limit": r"raise Limits\.",
    "unknown-directive": r"unknown directive|cannot stand inside",
    "security": r"is not named \*.zcml|not a regular file|a relative pattern was expected",
    "resolve": r"cannot be resolved|is not a package|no layer of|is not named \*.zcml",
    "schema": r"exclude each other|write '|means nothing here|expected|text is not allowed",
    "conflict": r"is declared 2 times|write the character itself",
}
# What a load may cost, counted in calls of functions: as much for each byte of ZCML that it opens, and no more. A name that
# is not found is compared with what is installed, which is most of the first.
CALLS = 200_000
CALLS_A_CHARACTER = 4
# Where an attribute is at fault its place is told; the corpus names the tag's.
WIDE = {"231-conflict-encoded.zcml"}


@pytest.fixture(scope="session")
def reports(hostile_zcml):
    script = Path(__file__).with_name("hostile_loads.py")
    command = [sys.executable, str(script), str(hostile_zcml)]
    # A script has its own directory on its path, and not the checkout's.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, env=environment, check=True
    )
    return json.loads(done.stdout)


def by_name(case):
    return case["file"]


@over("case", CASES, ids=by_name)
def test_the_outcome_is_right(case, reports):
    report, expect = reports[case["file"]], case["expect"]
    assert report["result"] in ({"ok", "error"} if expect["result"] == "either" else {expect["result"]})
    assert report["registered"] == 0 or report["result"] == "ok"
    assert len(report["places"]) == (report["result"] == "error")


@over("case", [case for case in CASES if case["expect"]["result"] == "error"], ids=by_name)
def test_the_error_says_what_is_wrong_and_names_it(case, reports):
    message, expect = reports[case["file"]]["message"], case["expect"]
    kinds = expect["kind"] if isinstance(expect["kind"], list) else [expect["kind"]]
    assert any(re.search(WORDS[kind], message) for kind in kinds)
    assert [name for name in expect.get("message_names", ()) if name not in message] == []
    assert [text for text in expect.get("message_must_not_contain", ()) if text in message] == []
    assert len(message) < 5000


@over("case", [case for case in CASES if "line" in case["expect"]], ids=by_name)
def test_the_error_is_at_its_line(case, reports, hostile_zcml):
    """The place itself, or that of the include which led there, is in the start tag that the corpus names."""
    expect, path = case["expect"], str(hostile_zcml / case["file"])
    said = re.findall(re.escape(path) + r":(\d+):(\d+)", reports[case["file"]]["message"])
    places = [(int(line), int(column)) for line, column in said]
    first, last = expect["line"], expect.get("line_end", expect["line"])
    inside = [(line, column) for line, column in places if first <= line <= last]
    assert inside, places
    if "col" in expect:
        # The tag, or an attribute of it.
        assert min(column for line, column in inside if line == inside[0][0]) >= expect["col"]
    if "also_line" in expect and case["file"] not in WIDE:
        assert expect["also_line"] in {line for line, _ in places}


@over("case", CASES, ids=by_name)
def test_nothing_is_opened_or_connected_and_no_more_work_is_done_than_there_is_to_read(case, reports):
    report, expect = reports[case["file"]], case["expect"]
    assert (report["opened"], report["connected"]) == ([], [])
    assert report["calls"] < CALLS + CALLS_A_CHARACTER * sum(report["read"])
    assert report["megabytes"] < expect["max_rss_growth_mb"]


def test_the_cases_that_deserve_a_warning_get_one(reports):
    warned = {name for name, report in reports.items() if report["result"] == "ok" and report["warnings"]}
    assert warned == {
        "087-huge-text.zcml",
        "092-include-loop.zcml",
        "093-include-loop-dotted.zcml",
        "106-include-glob-bomb.zcml",
    }
