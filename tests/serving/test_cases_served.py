"""The normative rows of tests/data/http_cases.jsonl against real answers, under both interfaces."""

import functools
import json

import pytest

from assetzcml.serving.conditions import format_date, parse_date
from serving import clients
from serving.conftest import write
from serving.http_cases import rows
from tables import over

MODIFIED = 1_704_164_645
ROWS = [row for row in rows("range", "conditional", "precedence", "etag-compare", "negotiation") if row["normative"]]
CODED = {"gzip": b"GZIPPED", "br": b"BR"}
SUFFIXES = {"gzip": ".gz", "br": ".br"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("representations")


@functools.cache
def application(interface, directory, length, variants):
    """An application with one asset of *length* bytes and its *variants*."""
    root = directory / f"{length}-{'-'.join(variants)}"
    content = bytes(number % 251 for number in range(length))
    write(root / "asset.js", content, MODIFIED)
    for coding in variants:
        write(root / f"asset.js{SUFFIXES[coding]}", CODED[coding], MODIFIED)
    made = clients.registry(("static", root, {"content_encodings": ("br", "gzip")}))
    if interface == "wsgi":
        return functools.partial(clients.wsgi, clients.WSGIApp(made)), content
    return functools.partial(clients.asgi, clients.ASGIApp(made)), content


def headers_of(row, etag):
    """The row's headers, with what its marks stand for; repeated ones are joined as a server joins them."""
    marks = {"{ETAG}": etag, "{LM}": format_date(MODIFIED), "{LM-1}": format_date(MODIFIED - 1)}
    mine = row["representation"].get("etag")
    if mine and not mine.startswith("{"):
        marks[mine] = etag  # what the row calls the tag of the asset is the one that this asset has
    found = {}
    for name, value in row["request"]["headers"]:
        for mark, text in marks.items():
            value = value.replace(mark, text)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def can_be_served(row):
    """Whether an asset can be what the row says: ours have a strong tag and a date."""
    thing = row["representation"]
    if thing.get("etag", "").startswith("W/"):
        return False
    dated = parse_date(thing["last_modified"]) if thing.get("last_modified", "{LM}") != "{LM}" else MODIFIED
    return dated == MODIFIED and row["request"]["method"] in ("GET", "HEAD")


SERVED = [row for row in ROWS if can_be_served(row)]


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
@over("row", SERVED, ids=[row["id"] for row in SERVED])
def test_an_answer_is_what_the_row_demands(interface, row, directory):
    thing, expect, method = row["representation"], row["expect"], row["request"]["method"]
    variants = tuple(coding for coding in thing.get("variants", ()) if coding in CODED)
    ask, content = application(interface, directory, thing.get("length", 1000), variants)
    etag = ask("/static/asset.js").first("ETag")
    for _ in range(2):
        answer = ask("/static/asset.js", method, headers_of(row, etag))
        assert answer.status in expect["status"], json.dumps(row, indent=1)
        if answer.status in (206, 416):
            assert answer.first("Content-Range") == expect.get("content_range", answer.first("Content-Range"))
        else:
            assert answer.first("Content-Range") is None
        if "body" in expect and method == "GET":
            assert answer.body == content[expect["body"][0] : expect["body"][1] + 1]
        if "allowed" in expect:
            coding = answer.first("Content-Encoding")
            assert coding or "identity" in expect["allowed"]
            assert (coding or "identity") == expect["preferred"]
            assert answer.body == CODED.get(coding, content)


def test_most_rows_can_be_served():
    assert len(SERVED) > 0.8 * len(ROWS)
