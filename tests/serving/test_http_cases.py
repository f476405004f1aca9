"""The answers that the specifications, and other servers' tests, demand of the pure functions together."""

import json
from urllib.parse import urlsplit

from assetzcml.records.media_types import content_type
from assetzcml.serving.conditions import entity_tags
from assetzcml.serving.paths import path_key, unquote
from serving.http_cases import DATA, answer, rows
from tables import over

_JUDGED = set()


def cases(*tables):
    _JUDGED.update(tables)
    found = rows(*tables)
    assert found, f"no rows of {tables}"
    return over("row", found, ids=[row["id"] for row in found])


@cases("range", "conditional", "precedence", "etag-compare")
def test_a_request_is_answered_as_the_row_says(row):
    expect, given = row["expect"], answer(row)
    assert given.status in expect["status"], json.dumps(row, indent=1)
    if given.status in (206, 416):
        assert given.content_range == expect.get("content_range", given.content_range)
    else:
        assert given.content_range is None
    if "body" in expect:
        first, last = expect["body"]
        assert given.body == range(first, last + 1)


@cases("negotiation")
def test_a_coding_is_chosen_as_the_row_says(row):
    expect, given = row["expect"], answer(row)
    assert given.status in expect["status"]
    assert given.coding or "identity" in expect["allowed"]
    assert (given.coding or "identity") == expect["preferred"]


@cases("media-type")
def test_an_extension_has_the_media_type_of_the_row(row):
    extension = row["representation"]["extension"]
    name = f"asset.{extension}" if extension else "asset"
    assert content_type(name).partition(";")[0] in row["expect"]["content_type"]


@cases("etag-scan")
def test_the_first_entity_tag_is_that_of_the_row(row):
    expect = row["expect"]
    assert entity_tags(expect["input"])[:1] == [expect["first_tag"]] * (expect["first_tag"] is not None)


@cases("path")
def test_a_hostile_path_has_no_key_where_the_row_wants_none(row):
    path = unquote(urlsplit(row["request"]["target"]).path.removeprefix("/").encode())
    if 200 not in row["expect"]["status"]:
        assert path_key(path) is None
    else:
        assert path_key(path) is None or ".." not in path_key(path).parts


def test_every_row_is_judged():
    assert {json.loads(line)["table"] for line in DATA.read_text(encoding="utf-8").splitlines()} == _JUDGED
