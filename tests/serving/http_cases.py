"""
The rows of tests/data/http_cases.jsonl, and what the pure functions answer to them.

A row says representation, request and expected answer. answer() is the composition that a view must make of the
pure functions, without any I/O.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from assetzcml.serving.codings import choose_coding
from assetzcml.serving.conditions import SEND, Validators, evaluate, format_date, parse_date, range_applies
from assetzcml.serving.ranges import UnsatisfiableRange, byte_range, content_range

DATA = Path(__file__).parents[1] / "data" / "http_cases.jsonl"

# What the marks {ETAG}, {LM} and {LM-1} of the rows stand for.
ETAG = '"17a8f0c3-1000"'
MODIFIED = 1704164645
MARKS = {"{ETAG}": ETAG, "{LM}": format_date(MODIFIED), "{LM-1}": format_date(MODIFIED - 1)}


class Answer(NamedTuple):
    """Status, Content-Range (None without one), the bytes sent as a range, and the content coding."""

    status: int
    content_range: str | None
    body: range
    coding: str | None


def rows(*tables: str) -> list[Any]:
    """The rows of these tables, as parameters of a test whose ids are the rows' own."""
    with DATA.open(encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["table"] in tables]


def headers(row: dict) -> dict[str, str]:
    """The request's headers by lower-case name, with the marks filled in and repeated ones joined."""
    found: dict[str, str] = {}
    for name, value in row["request"]["headers"]:
        name, value = name.lower(), _filled(value)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def answer(row: dict) -> Answer:
    """What a view answers: coding first (it decides the validators), then preconditions, then the range."""
    method, ask, thing = row["request"]["method"], headers(row), row["representation"]
    size = thing.get("length", 0)
    coding = choose_coding(ask.get("accept-encoding"), _by_preference(thing.get("variants", [])))
    validators = _validators(thing)
    names = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
    status = evaluate(method, validators, *map(ask.get, names))
    if status != SEND:
        return Answer(status, None, range(0), None)
    whole = Answer(200, None, range(size), coding)
    if method != "GET" or "range" not in ask or not range_applies(ask.get("if-range"), validators):
        return whole
    try:
        part = byte_range(ask["range"], size)
    except UnsatisfiableRange:
        return Answer(416, content_range(None, size), range(0), None)
    return whole if part is None else Answer(206, content_range(part, size), part, coding)


def _filled(value: str) -> str:
    for mark, text in MARKS.items():
        value = value.replace(mark, text)
    return value


def _validators(thing: dict) -> Validators:
    last_modified = _filled(thing["last_modified"]) if "last_modified" in thing else None
    etag = _filled(thing["etag"]) if "etag" in thing else None
    return Validators(etag, last_modified and parse_date(last_modified), last_modified)


def _by_preference(variants: list[str]) -> list[str]:
    return [coding for coding in ("br", "gzip") if coding in variants]
