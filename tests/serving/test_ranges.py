"""The bytes that a Range header asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.serving.ranges import UnsatisfiableRange, byte_range, content_range
from tables import over

BODY = b"abcde"


@pytest.mark.parametrize(
    "header, expected",
    [
        ("bytes=0-0", b"a"),  # both ends count: this is one byte (RFC 9110, 14.1.2)
        ("bytes=1-3", b"bcd"),
        ("bytes=2-", b"cde"),  # open: to the end
        ("bytes=-1", b"e"),  # counted from the end
        ("bytes=-99", b"abcde"),  # more than there are: all
        ("bytes=3-99", b"de"),  # an end past the body is cut
        ("bytes=4-18446744073709551616", b"e"),
        ("bytes=-18446744073709551616", b"abcde"),
        ("bytes=00000000000000000000003-4", b"de"),  # decimal, whatever its zeros
        ("BYTES=0-0", b"a"),  # the names of units are case-insensitive (14.1)
        ("bytes=0-0,", b"a"),  # a list may have empty members (5.6.1.2)
        ("bytes=, ,\t0-0 ,", b"a"),
        ("bytes= 0-0 ", b"a"),
    ],
)
def test_a_range_is_exactly_the_bytes_it_names(header, expected):
    part = byte_range(header, len(BODY))
    assert BODY[part.start : part.stop] == expected
    assert len(part) == len(expected)


@over(
    "header",
    [
        *["", "bytes", "bytes=", "bytes=-", "bytes=,", "=0-4", "none", "0-4"],  # nothing is asked for
        *["octets=0-1", "exampleunit=1-2", "bytes =0-4", "bytes = 0-4", "xbytes=0-1"],  # other units (14.2)
        *["bytes=0-0,2-2", "bytes=0-0, -1", "bytes=0-,0-,0-", "bytes=9-9,0-0"],  # several ranges
        *["bytes=3-1", "bytes=99999999999999999999-99999999999999999998"],  # backwards: no range at all (14.1.1)
        *["bytes=--6", "bytes=-6-", "bytes=1-2-3", "bytes=0-4 5-6", "bytes=0 - 4", "bytes=0-4;q=1"],
        *["bytes=0x0-0xf", "bytes=1e3-", "bytes=+0-4", "bytes=0.0-4", "bytes=1_0-", "bytes=%30-4", 'bytes="0-4"'],
        *["bytes=\u0660-\u0664", "bytes=\xd9\xa0-", "bytes=\xb2-", "bytes=0-0\x00", "bytes=0-0\n", "bytes=NaN-"],
    ],
)
def test_a_header_that_is_no_single_byte_range_is_ignored(header):
    assert byte_range(header, len(BODY)) is None


@pytest.mark.parametrize(
    "header, size",
    [
        ("bytes=5-", 5),  # a start past the body
        ("bytes=5-9", 5),
        ("bytes=99999999999999999999999-", 5),
        ("bytes=18446744073709551615-18446744073709551616", 5),
        ("bytes=-0", 5),  # the last none of them (14.1.2)
        ("bytes=-000", 5),
        ("bytes=0-", 0),  # an empty body has no byte 0
        ("bytes=0-0", 0),
        ("bytes=-0", 0),
    ],
)
def test_a_range_without_any_byte_is_unsatisfiable(header, size):
    with pytest.raises(UnsatisfiableRange):
        byte_range(header, size)


def test_the_last_bytes_of_an_empty_body_are_the_empty_body():
    assert byte_range("bytes=-5", size=0) is None  # satisfiable, but "bytes 0--1/0" is no Content-Range


@pytest.mark.parametrize(
    "header",
    ["bytes={}-", "bytes=0-{}", "bytes=-{}", "bytes={}-{}"],
)
@pytest.mark.parametrize("digits", ["9" * 641, "9" * 10_000, "0" * 100_000])
def test_numbers_too_long_to_be_meant_are_ignored_and_never_converted(header, digits):
    assert byte_range(header.replace("{}", digits), size=1000) is None


def test_numbers_up_to_that_length_count():
    assert byte_range(f"bytes=0-{'9' * 640}", size=1000) == range(1000)
    assert byte_range(f"bytes={'0' * 639}5-", size=1000) == range(5, 1000)


@pytest.mark.parametrize(
    "header",
    [
        "bytes=" + "0-," * 400_000,
        "bytes=" + " " * 1_000_000,
        "bytes=" + "-" * 1_000_000,
        "bytes=" + ", " * 500_000 + "x",
    ],
)
def test_a_megabyte_of_header_is_ignored(header):
    assert byte_range(header, size=1000) is None


@pytest.mark.parametrize(
    "part, size, expected",
    [
        (range(1), 1000, "bytes 0-0/1000"),  # the header counts both ends (14.4)
        (range(500, 1000), 1000, "bytes 500-999/1000"),
        (None, 1000, "bytes */1000"),  # of a 416
        (None, 0, "bytes */0"),
    ],
)
def test_a_content_range_says_the_bytes_and_the_size(part, size, expected):
    assert content_range(part, size) == expected


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_range_selects_what_its_numbers_say(first, last, size):
    numbers = [position for position in range(size) if first <= position <= last]
    header = f"bytes={first}-{last}"
    if last < first:
        assert byte_range(header, size) is None
    elif numbers:
        assert list(byte_range(header, size)) == numbers
    else:
        with pytest.raises(UnsatisfiableRange):
            byte_range(header, size)


@given(
    st.text(st.sampled_from("bytes=0123456789-, \t")) | st.text(),
    st.sampled_from(["", "bytes="]),
    st.integers(0, 2**63),
)
def test_any_header_is_a_range_inside_the_body_or_none(text, prefix, size):
    try:
        part = byte_range(prefix + text, size)
    except UnsatisfiableRange:
        return
    assert part is None or 0 <= part.start < part.stop <= size
