"""The content coding that a client is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.records.readers import CODINGS
from assetzcml.serving.codings import MAX_FIELD, choose_coding
from tables import over


@over(
    "header, available, chosen",
    [
        (None, ["br", "gzip"], None),  # no preference: the identity is what every client reads
        ("", ["br", "gzip"], None),  # empty: nothing but the identity (RFC 9110, 12.5.3)
        ("gzip", [], None),
        ("gzip", ["br", "gzip"], "gzip"),
        ("gzip, br", ["br", "gzip"], "br"),  # equals: the server's order
        ("gzip, br", ["gzip", "br"], "gzip"),
        ("gzip, deflate, br, zstd", ["zstd", "br", "gzip"], "zstd"),
        ("br;q=0.1, gzip;q=1.0", ["br", "gzip"], "gzip"),  # the client's order goes first
        ("gzip;q=0.001", ["gzip"], "gzip"),
        ("gzip;q=0", ["gzip"], None),
        ("gzip;q=0.000", ["gzip"], None),
        ("gzip;q=0., br;q=1.", ["gzip", "br"], "br"),  # 0 and 1 with no decimals after the point
        ("GZIP;Q=0.5", ["gzip"], "gzip"),  # case-insensitive, both of them
        ("x-gzip", ["gzip"], "gzip"),  # 8.4.1.3
        ("gzip ;\tq=0.5 , br", ["gzip", "br"], "br"),
        (",,, gzip ,", ["gzip"], "gzip"),  # empty members
        ("identity", ["gzip"], None),
        ("identity, gzip;q=0.5", ["gzip"], None),  # the client prefers the identity
        ("identity, gzip", ["gzip"], "gzip"),  # equals: the identity comes last
        ("identity;q=0.5, gzip;q=0.5", ["gzip"], "gzip"),
        ("gzip;q=0.1", ["gzip"], "gzip"),  # unnamed, the identity is acceptable but not asked for
        ("*", ["br", "gzip"], "br"),
        ("gzip;q=0, *", ["gzip", "br"], "br"),
        ("gzip;q=0, *", ["gzip"], None),
        ("*;q=0.5, gzip", ["br", "gzip"], "gzip"),
        ("gzip;q=0.5, *", ["gzip"], None),  # '*' speaks for the identity too
        ("gzip;q=0.5, identity;q=0, *", ["gzip"], "gzip"),
        ("*;q=0", ["gzip"], None),  # nothing is acceptable: the identity all the same
        ("identity;q=0", ["gzip"], None),
        ("identity;q=0, *;q=0", ["gzip"], None),
        ("identity;q=0, *", ["gzip"], "gzip"),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", ["br", "gzip"], "gzip"),  # the RFC's own example
        ("gzip, gzip;q=0", ["gzip"], None),  # said twice: the lower weight counts
        ("gzip;q=0, x-gzip", ["gzip"], None),
        ("gzip;q=0.4, gzip;q=0.9, br;q=0.5", ["gzip", "br"], "br"),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best(header, available, chosen):
    assert choose_coding(header, available) == chosen


@pytest.mark.parametrize(
    "member",
    [
        *[
            "gzip;q=2",
            "gzip;q=1.1",
            "gzip;q=-1",
            "gzip;q=inf",
            "gzip;q=0.0000",
            "gzip;q=0.9999",
            "gzip;q=.5",
            "gzip;q=",
            "gzip;q",
        ],
        *["gzip ; q = 0", "gzip;;q=1", "gzip;q=1;q=0", "gzip;q=0.5;foo=bar", "gzip;level=9", "gzip deflate"],
        *['"gzip"', "notgzip", "foo-gzip", "gzip2", "gzi", "gzip\x00", "gzip\n", "gz\u0131p", "gzip;q=\u0661"],
    ],
)
def test_a_member_that_breaks_the_grammar_or_names_another_coding_is_ignored(member):
    assert choose_coding(member, ["gzip"]) is None
    assert choose_coding(f"{member}, br;q=0.1", ["gzip", "br"]) == "br"
    assert choose_coding(f"br;q=0.1,{member}", ["gzip", "br"]) == "br"


def test_a_header_longer_than_servers_pass_on_is_not_read():
    header = "gzip,".ljust(MAX_FIELD)
    assert choose_coding(header, ["gzip"]) == "gzip"
    assert choose_coding(header + " ", ["gzip"]) is None


@pytest.mark.parametrize("text", ["gzip;q=0.5,", ",", " ", "gzip ", "gzip;", "gzip" + " " * 99 + ";", ", ", "a" * 63])
def test_a_header_of_any_length_is_answered(text):
    for length in (MAX_FIELD, 1_000_000):
        assert choose_coding(text * (length // len(text)), ["gzip"]) in {None, "gzip"}


def test_the_suffix_of_a_variant_is_said_in_one_place():
    assert dict(CODINGS) == {"zstd": ".zst", "br": ".br", "gzip": ".gz"}


_WEIGHTS = st.sampled_from([0, 0.1, 0.5, 0.999, 1])


@given(
    st.dictionaries(st.sampled_from(["gzip", "br", "zstd", "identity", "*"]), _WEIGHTS), st.permutations(list(CODINGS))
)
def test_no_acceptable_answer_is_liked_better_than_the_one_chosen(weights, available):
    header = ", ".join(f"{coding};q={weight}" for coding, weight in weights.items())
    chosen = choose_coding(header, available)

    def liking(coding):
        return weights.get(coding, weights.get("*", 0))

    assert liking(chosen or "identity") == max(map(liking, [*available, "identity"]))
    assert chosen is None or liking(chosen) > 0
    assert chosen is None or all(liking(coding) < liking(chosen) for coding in available[: available.index(chosen)])


@given(st.text(st.sampled_from('gzipbr*identy;q=01., \t"')) | st.text())
def test_any_header_is_answered_with_something_available(header):
    assert choose_coding(header, ["br", "gzip"]) in {None, "br", "gzip"}
