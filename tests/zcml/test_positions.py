"""Where things stand in a file: exact, whatever the line ends, the encoding's width, the quotes and the comments."""

import xml.parsers.expat
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.errors import Origin
from assetzcml.zcml.limits import Limits
from assetzcml.zcml.positions import Document, Spot, Tag
from assetzcml.zcml.reader import parse
from sizes import examples
from tables import over

I18N, ZCML = "http://xml.zope.org/namespaces/i18n", "http://namespaces.zope.org/zcml"


def tag(text, ordinal):
    return Tag(Document("f.zcml", text if isinstance(text, bytes) else text.encode()), ordinal, "x")


def spot(origin):
    return origin.line, origin.column


@over(
    "text, ordinal, position",
    [
        ("<a/>", 0, (1, 1)),
        ("<a>\n  <b/>\n</a>", 1, (2, 3)),
        ("<a>\r\n  <b/>\r\n</a>", 1, (2, 3)),
        ("<a>\r  <b/>\r</a>", 1, (2, 3)),  # a lone carriage return ends a line (XML 1.0, 2.11)
        ("<a>\n\r<b/></a>", 1, (3, 1)),
        ("<a>\t\t<b/></a>", 1, (1, 6)),  # a tab is one column
        ("<a>äöü€𝄞<b/></a>", 1, (1, 9)),  # characters, not bytes
        (b"\xef\xbb\xbf<a/>", 0, (1, 1)),  # the byte order mark is no column
        (b"\xef\xbb\xbf<a><b/></a>", 1, (1, 4)),
        ("<?xml version='1.0'?>\n<a/>", 0, (2, 1)),
        ("<!-- <x/> \n --><a/>", 0, (2, 5)),
        ("<a><!-- <b> --><b/></a>", 1, (1, 16)),
        ("<a><![CDATA[<b>\n</b>]]><b/></a>", 1, (2, 8)),
        ("<a><?pi <b> ?><b/></a>", 1, (1, 15)),
        ("<a x='>'><b/></a>", 1, (1, 10)),  # a value may hold '>'
        ("<a x='/>'><b/></a>", 1, (1, 11)),
        ("<a\n  x='1'\n  y='2'\n  ><b/></a>", 0, (1, 1)),  # where the tag begins, not where it ends
        ("<a\n  x='1'\n  y='2'\n  ><b/></a>", 1, (4, 4)),
        ("<a><b></b><c/></a>", 2, (1, 11)),  # end tags are not counted
        ("<ä:é xmlns:ä='u'><ß/></ä:é>", 1, (1, 18)),
        ("<a>\n" + "\n" * 70_000 + "<b/></a>", 1, (70_002, 1)),  # beyond 16 bits
        ("<a>" + " " * 100_000 + "<b/></a>", 1, (1, 100_004)),
    ],
)
def test_a_tag_begins_at_its_bracket(text, ordinal, position):
    place = tag(text, ordinal)
    assert spot(place) == position
    assert place.document.data[place.offset : place.offset + 1] == b"<"


MULTI = (
    "<configure\n"
    f"  xmlns:i18n='{I18N}'\n"
    "  >\n"
    "<staticView\n"
    "    name='a>b'\tpath = \"x\"\r\n"
    "    cache_max_age\n"
    "      =\n"
    "      '5'\n"
    "    i18n:domain='d' x.y-z='w'/>\n"
    "</configure>"
)


@pytest.mark.parametrize(
    "name, of_name, of_value",
    [
        ("name", (5, 5), (5, 11)),
        ("path", (5, 16), (5, 24)),
        ("cache_max_age", (6, 5), (8, 8)),
        ("{" + I18N + "}domain", (9, 5), (9, 18)),
        ("x.y-z", (9, 21), (9, 28)),
        ("domain", (4, 1), (4, 1)),  # none without a namespace: the tag
        ("nam", (4, 1), (4, 1)),
    ],
)
def test_an_attribute_has_a_place_for_its_name_and_one_for_its_value(name, of_name, of_value):
    place = tag(MULTI, 1)
    assert (spot(place.attribute_name(name)), spot(place.attribute(name))) == (of_name, of_value)


SAME = (
    f"<r xmlns:i='{I18N}' xmlns:z='{ZCML}'><x i:c='1' c='2' z:c='3'>"
    f"<y xmlns:z='{I18N}' xmlns:q='{ZCML}' z:c='4' q:c='5'/></x></r>"
)


@pytest.mark.parametrize(
    "ordinal, name, value",
    [
        (1, "c", "2"),
        (1, "{" + I18N + "}c", "1"),
        (1, "{" + ZCML + "}c", "3"),
        (2, "{" + I18N + "}c", "4"),  # the prefix means something else here
        (2, "{" + ZCML + "}c", "5"),
    ],
)
def test_the_same_local_name_in_two_namespaces_is_two_attributes(ordinal, name, value):
    place = tag(SAME, ordinal).attribute(name)
    assert SAME[place.column - 1] == value


def test_a_declaration_of_a_namespace_is_no_attribute():
    assert spot(tag("<a xmlns:name='u' name='v'/>", 0).attribute("name")) == (1, 25)


@pytest.mark.parametrize(
    "text, ordinal, line",
    [
        ("<a>\n  <b/>\n</a>", 1, "  <b/>"),
        ("<a>\r\n  <b/>\r\n</a>", 1, "  <b/>"),
        ("<a>\r<b/>ä\r</a>", 1, "<b/>ä"),
        (b"\xef\xbb\xbf<a/>", 0, "<a/>"),
        ("<a/>", 0, "<a/>"),
    ],
)
def test_a_place_shows_its_line(text, ordinal, line):
    assert tag(text, ordinal).source_line() == line


def test_a_place_knows_the_include_that_led_to_its_file():
    top = Tag(Document("top.zcml", b"<include/>"), 0)
    inner = Tag(Document("inner.zcml", b"<a b='c'/>", top), 0)
    assert [str(step) for step in inner.attribute("b").chain()] == ["top.zcml:1:1"]
    assert (top.included_by, isinstance(inner, Origin), isinstance(inner.attribute("b"), Spot)) == (None, True, True)


def test_an_info_speaks_zope_configurations_protocol():
    info = Tag(Document("/srv/f.zcml", b"<a>\n  <b/></a>"), 1, "b", "text")
    info.characters(" more")
    info.end(5, 5)
    assert (info.file, info.line, info.column, info.eline, info.ecolumn, info.text) == (
        "/srv/f.zcml",
        2,
        3,
        2,
        7,
        "text more",
    )
    assert repr(info) == 'File "/srv/f.zcml", line 2.2-2.6'
    assert info.directory_path == "/srv"


def test_nothing_is_searched_before_somebody_asks():
    document = Document("f.zcml", b"<a><b/></a>")
    Tag(document, 1, "b").included_by  # noqa: B018
    assert (document._tags, document._lines) == (None, None)


@pytest.mark.parametrize(
    "line, column, character",
    [(1, 1, "<"), (1, 4, "ä"), (1, 5, "€"), (2, 1, "b"), (9, 9, ""), (1, 0, "<"), (0, 0, "<")],
)
def test_the_parsers_line_and_column_lead_to_a_place(line, column, character):
    document = Document("f.zcml", "\ufeff<a>ä€\rx\nb".encode())
    offset = document.offset(line, column)
    assert document.data[offset:].decode()[:1] == character


NAMES = st.sampled_from(["a", "b", "staticView", "é", "x.y-z"])
VALUES = st.text(st.sampled_from("ab >/='\"\t\n\r&ä€𝄞"), max_size=8)
NEWLINES = st.sampled_from([" ", "\n", "\r\n", "\r", "\t", "  \n "])
FILLERS = st.sampled_from(
    ["", "\n", " text é ", "<!-- <x a='>'> -->", "<?pi <y> ?>", "<![CDATA[<z/>]]>", "\r\n\t", "\r"]
)


@st.composite
def elements(draw, depth=0):
    """An element as text, with whatever may stand between and inside its tags."""
    name = draw(NAMES)
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    attributes = "".join(
        f"{draw(NEWLINES)}{key}{draw(st.sampled_from(['=', ' = ', chr(10) + '=']))}{quoteattr(draw(VALUES))}"
        for key in names
    )
    space = draw(st.sampled_from(["", " ", "\n"]))
    if depth == 3 or draw(st.booleans()):
        return f"<{name}{attributes}{space}/>"
    content = draw(FILLERS) + "".join(
        child + draw(FILLERS) for child in draw(st.lists(elements(depth + 1), max_size=3))
    )  # fmt: skip
    return f"<{name}{attributes}{space}>{content}</{name}{space}>"


def expat_positions(data):
    """Line and column of each start tag by another parser, which counts bytes from 0 and takes a lone CR for no end."""
    found = []
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append((parser.CurrentByteIndex, dict(attributes)))
    parser.Parse(data, True)
    return found


@examples(150)
@given(elements(), st.booleans(), st.sampled_from(["", "<?xml version='1.0'?>\r\n", "<!-- <a> -->\n"]))
def test_every_tag_stands_where_another_parser_finds_it(text, mark, prolog):
    data = (b"\xef\xbb\xbf" if mark else b"") + (prolog + text).encode()
    document = Document("f.zcml", data)
    root = parse(document, Limits())
    expected = expat_positions(data)
    assert [element.tag for element in root.iter()] == [element.tag for element in root.iter("*")]
    assert len(list(root.iter())) == len(expected)
    for ordinal, (index, attributes) in enumerate(expected):
        found = Tag(document, ordinal)
        assert found.offset == index
        before = data[:index].removeprefix(b"\xef\xbb\xbf").decode()
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert (found.line, found.column) == (len(lines), len(lines[-1]) + 1)
        for name in attributes:
            value, key = found.attribute(name), found.attribute_name(name)
            assert data[value.offset - 1 : value.offset] in (b'"', b"'")
            assert data[key.offset :].startswith(name.encode())
            assert key.offset < value.offset
