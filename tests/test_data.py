"""The data the other tests rely on is complete, and its generated part is what its index says."""

import gzip
import json
import sys

import pytest

import data_generators
import hostile_requests
import hostile_site
from tables import over

CASES = json.loads((data_generators.DATA / "hostile_zcml" / "index.json").read_text(encoding="utf-8"))["cases"]
LARGEST_COMMITTED = 200_000  # bytes; what is larger is generated


@over("case", CASES, ids=lambda case: case["file"])
def test_a_hostile_zcml_file_has_the_size_its_index_says(case, hostile_zcml):
    assert (hostile_zcml / case["file"]).stat().st_size == case["bytes"]


def test_every_hostile_zcml_file_is_in_the_index(hostile_zcml):
    assert {path.name for path in hostile_zcml.glob("*.zcml")} == {case["file"] for case in CASES}


def test_large_data_is_generated_and_not_committed():
    sizes = {path.name: path.stat().st_size for path in data_generators.DATA.rglob("*") if path.is_file()}
    assert [name for name, size in sizes.items() if size > LARGEST_COMMITTED] == []
    assert not set(data_generators.LARGE_FILES) & set(sizes)


def test_the_hostile_site_marks_what_no_client_may_see(tmp_path):
    root = hostile_site.build(tmp_path / "base", tame=True)
    assert root == tmp_path / "base" / "hostilepkg" / "www"
    shown = {name for name in hostile_site.PUBLIC if hostile_site.MARKER.encode() in (root / name).read_bytes()}
    hidden = {name for name in hostile_site.FORBIDDEN if hostile_site.MARKER.encode() in (root / name).read_bytes()}
    hostile_site.open_up(tmp_path / "base")
    assert (shown, hidden) == (set(), set(hostile_site.FORBIDDEN))


OFFENCES = {  # an answer that offends against one expectation, each with what is said of it
    "status": ({"status": [404]}, hostile_requests.Answer(200), "status 200, not one of [404]"),
    "secret in the body": ({}, hostile_requests.Answer(404, body=b"... S3CR3T-X"), "shows 'S3CR3T'"),
    "secret in a header": ({}, hostile_requests.Answer(404, [("ETag", "S3CR3T")]), "shows 'S3CR3T'"),
    "secret under gzip": (
        {},
        hostile_requests.Answer(404, [("Content-Encoding", "gzip")], gzip.compress(b"S3CR3T")),
        "shows 'S3CR3T'",
    ),
    "docroot": ({"not_contain": ["{DOCROOT}"]}, hostile_requests.Answer(404, body=b"at /srv/www"), "shows '/srv/www'"),
    "header injection": ({}, hostile_requests.Answer(404, [("Location", "a\r\nb")]), "control character in 'Location'"),
    "other host": (
        {"status": [301], "location_same_origin": True},
        hostile_requests.Answer(301, [("Location", "/\t/evil.example/")]),
        "Location leads elsewhere: '/\\t/evil.example/'",
    ),
    "Vary": ({"status": [200], "vary_ae": True}, hostile_requests.Answer(200), "Vary lacks Accept-Encoding: ''"),
    "too much": ({"max_body": 2}, hostile_requests.Answer(404, body=b"abc"), "3 bytes of body, more than 2"),
    "too much work": ({}, hostile_requests.Answer(404, calls=10**6), "took 1000000 calls for 2 characters"),
}


@pytest.mark.parametrize("expect, answer, fault", OFFENCES.values(), ids=OFFENCES)
def test_an_offence_is_noticed(expect, answer, fault):
    row = {"path": "/a", "headers": [], "expect": {"status": [404], "not_contain": ["S3CR3T"], **expect}}
    assert hostile_requests.faults(row, answer, "/srv/www") == [fault]


def test_not_found_is_faultless_wherever_it_is_allowed():
    rows = hostile_requests.load("app")
    found = {row["id"]: hostile_requests.faults(row, hostile_requests.Answer(404), "/srv/www") for row in rows}
    assert len(rows) == 406
    assert {key for key, faults in found.items() if faults} == {
        r["id"] for r in rows if 404 not in r["expect"]["status"]
    }


def test_a_made_package_is_importable_and_a_namespace_package_too(package):
    name = package({"answer.py": "value = 42\n", "static/a.css": b"a{}"})
    scope = {}
    exec(f"from {name}.answer import value", scope)
    assert scope["value"] == 42
    bare = package({"static/a.css": "a{}"}, namespace=True)
    assert sorted(path.name for path in (package.directory / bare).iterdir()) == ["static"]
    assert name in sys.modules
