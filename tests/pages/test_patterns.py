"""Patterns of routes: Pyramid's, but that a mistake in one is told and that nothing leads to another host."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.pages.patterns import BadPattern, RoutePattern
from sizes import examples
from tables import over


@over("pattern, path, values", [
    ("/", "/", {}),
    ("", "/", {}),                                              # a slash is added
    ("about", "/about", {}),
    ("/about", "/about/", None),                                # a slash more is another path
    ("/about", "/about\n", None),                               # and so is a line end (Pyramid's '$' takes it)
    ("/caf\xe9/{x}", "/caf\xe9/\u2603", {"x": "\u2603"}),       # literals are compared decoded
    ("/item/{id}", "/item/7", {"id": "7"}),
    ("/item/{id}", "/item/7/8", None),                          # a placeholder is no more than a segment
    ("/item/{id}", "/item/", None),                             # and no less than a character
    ("/{a}.{b}", "/x.tar.gz", {"a": "x.tar", "b": "gz"}),
    (r"/{y:\d{4}}/{m:\d\d}", "/2024/05", {"y": "2024", "m": "05"}),
    (r"/{y:\d{4}}", "/202", None),
    ("/{x:a:b}", "/a:b", {"x": "a:b"}),                         # the first colon ends the name
    ("/{x:a|b}c", "/bc", {"x": "b"}),
    ("/{x:.*}", "/a/b", {"x": "a/b"}),
    ("/files/*rest", "/files/a/b/", {"rest": ("a", "b")}),
    ("/files/*rest", "/files/a//./b/../c", {"rest": ("a", "c")}),
    ("/files/*rest", "/files/..", {"rest": ()}),
    ("/files/*rest", "/files/", {"rest": ()}),
    ("/files/*rest", "/files", None),
    ("/files/*rest", "/files/a\nb", {"rest": ("a\nb",)}),
    ("/{a}/*rest", "/x/y", {"a": "x", "rest": ("y",)}),
    ("/2*2/{x}", "/2*2/c", {"x": "c"}),                         # a star before no name is itself
])  # fmt: skip
def test_a_pattern_has_exactly_these_paths(pattern, path, values):
    assert RoutePattern(pattern).match(path) == values


@pytest.mark.parametrize("pattern, values, path", [
    ("/item/{id}", {"id": 7}, "/item/7"),
    ("/item/{id}", {"id": "a b/\xe9?#%"}, "/item/a%20b/%C3%A9%3F%23%25"),   # a slash stays (Pyramid)
    ("/item/{id}", {"id": b"caf\xc3\xa9"}, "/item/caf%C3%A9"),
    ("/caf\xe9 @/{id}", {"id": "@"}, "/caf%C3%A9%20%40/@"),                 # literals are quoted more (Pyramid)
    ("/{y:[0-9]+}", {"y": "x"}, "/x"),                                      # matching or not (Pyramid)
    ("/files/*rest", {"rest": ["a", "b c"]}, "/files/a/b%20c"),
    ("/files/*rest", {"rest": "a/b"}, "/files/a/b"),
    ("/files/*rest", {"rest": ()}, "/files/"),
    ("/{a}", {"a": "x", "b": "y"}, "/x"),
    ("/{a}", {"a": "/evil.example"}, "/%2Fevil.example"),                   # never another host
    ("/*rest", {"rest": "/evil.example"}, "/%2Fevil.example"),
])  # fmt: skip
def test_values_make_exactly_this_path(pattern, values, path):
    assert RoutePattern(pattern).path(values) == path


@pytest.mark.parametrize("pattern, position, message", [
    ("/a/{b", 3, "'{' is not closed"),
    ("/a/b}", 4, "'}' closes nothing"),
    ("/a/{b:{c:{d}}}", 3, "'{' is not closed"),               # braces in an expression are one deep
    ("/{}", 2, "a name was expected after '{'"),
    ("/{:x}", 2, "a name was expected after '{'"),
    ("/{a-b}", 2, "'a-b' is not a name"),
    ("/{1}", 2, "'1' is not a name"),
    ("/{a}/{a}", 6, "the name 'a' stands there twice"),
    ("/{a}/*a", 5, "the name 'a' stands there twice"),
    ("/{a:}", 4, "the expression of 'a' is empty"),
    ("/{a:x(}", 5, "the expression of 'a' is not valid: missing ), unterminated subpattern"),
    ("/x/*", 3, "a name was expected after '*'"),
    ("/*rest/x", 1, "'*' and a name stand only at the end"),
    ("/item/:id", 6, "':id' is how placeholders were written long ago"),
    ("/{_query}", 2, "the name '_query' is taken"),
    ("/{a:(?P<b>x)}{b}", 0, "its expressions do not fit together"),
])  # fmt: skip
def test_a_mistake_in_a_pattern_is_told_with_its_place(pattern, position, message):
    with pytest.raises(BadPattern, match=re.escape(message)) as caught:
        RoutePattern(pattern)
    assert caught.value.position == position


PIECES = st.sampled_from(
    [
        "/",
        "a",
        "b.",
        "caf\xe9",
        "%",
        "~",
        "@",
        "{x}",
        "{y:[a-z]+}",
        "{z:\\d{2}}",
        "+",
        "\u2603",
        "-",
        "$",
        "(",
        "[",
        "\\",
    ]
)
PATHS = st.text("ab/.x\xe9\u2603%12~@", max_size=12)


@examples(400)
@given(st.lists(PIECES, max_size=6), st.booleans(), PATHS)
def test_what_is_no_mistake_means_what_it_means_in_pyramid(pieces, rest, path):
    urldispatch = pytest.importorskip("pyramid.urldispatch")
    text = "/" + "".join(pieces) + ("/*rest" if rest else "")
    if any(text.count(name) > 1 for name in ("{x}", "{y", "{z")):
        return
    match, _ = urldispatch._compile_route(text)
    assert RoutePattern(text).match("/" + path) == match("/" + path)


@examples(400)
@given(st.lists(PIECES, max_size=6), st.booleans(), st.fixed_dictionaries(dict.fromkeys("xyz", st.text(max_size=5))))
def test_urls_are_those_of_pyramid(pieces, rest, values):
    urldispatch = pytest.importorskip("pyramid.urldispatch")
    text = "/" + "".join(pieces) + ("/*rest" if rest else "")
    if any(text.count(name) > 1 for name in ("{x}", "{y", "{z")):
        return
    _, generate = urldispatch._compile_route(text)
    try:
        theirs = generate({**values, "rest": ["a", "b c"]})
    except UnicodeEncodeError:
        return
    ours = RoutePattern(text).path({**values, "rest": ["a", "b c"]})
    assert ours == ("/%2F" + theirs[2:] if theirs.startswith("//") else theirs)
