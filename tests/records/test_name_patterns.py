"""Globs by segments: what they match, what is no pattern, and that matching is never slow."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.records.patterns import LONGEST, MOST_STARS, Pattern
from tables import over


@over("pattern, path, matches", [
    ("*.woff2", "a.woff2", True),
    ("*.woff2", "deep/in/a.woff2", True),       # without a slash: the last segment, in any directory
    ("*.woff2", "a.woff2/b", False),
    ("sw.js", "js/sw.js", True),
    ("*.CSS", "a.css", False),                  # case counts
    ("fonts/*", "fonts/a.woff2", True),
    ("fonts/*", "fonts/old/a.woff2", False),    # a star never crosses a slash
    ("fonts/*", "static/fonts/a.woff2", False), # with a slash it begins at the root
    ("fonts/**", "fonts/old/a.woff2", True),
    ("fonts/**", "fonts", True),                # any number of segments: none, too
    ("**/print/*.css", "print/a.css", True),
    ("**/print/*.css", "x/y/print/a.css", True),
    ("**/print/*.css", "x/print/y/a.css", False),
    ("a/**/b/**/c", "a/b/x/b/c", True),
    ("**", "anything/at/all", True),
    ("assets/*-????????.*", "assets/index-DiwrgTda.js", True),
    ("assets/*-????????.*", "assets/index-short.js", False),
    ("a?", "a", False),
    ("a[1].js", "a[1].js", True),               # brackets are brackets
    ("a[1].js", "a1.js", False),
    ("*a*a*", "xaya", True),
    ("*ab", "aab", True),
    ("caf\u00e9*", "caf\u00e9.css", True),
])  # fmt: skip
def test_a_pattern_matches_by_segments(pattern, path, matches):
    assert Pattern(pattern).matches(tuple(path.split("/"))) == matches


@given(st.text("ab*?", min_size=1, max_size=8).filter(lambda text: "**" not in text), st.text("ab", max_size=8))
def test_within_a_segment_it_is_the_glob_that_everybody_knows(pattern, name):
    assert Pattern(pattern).matches((name,)) == fnmatchcase(name, pattern)


@pytest.mark.parametrize("pattern", [
    "", " ", "/fonts/*", "a//b", "a/", "../a", "a/../b", "./a", "a**", "**b/c", "x" * (LONGEST + 1), "*" * (MOST_STARS + 1),
    "*/" * 1000 + "a", b"*.css", None,
])  # fmt: skip
def test_what_is_no_pattern_is_refused_where_it_is_written(pattern):
    with pytest.raises(ValueError, match=r"pattern|segment|whole"):
        Pattern(pattern)


def test_the_worst_pattern_takes_no_time():
    """What takes exponential time with backtracking is over at once: the test would not end otherwise."""
    assert not Pattern("*a" * (MOST_STARS - 1) + "*b").matches(("a" * 100_000,))
    assert not Pattern("**/a/" * (MOST_STARS // 2) + "b").matches(("a",) * 2000)
