"""Bytes to a tree: everything that could make a parser read, fetch, expand or guess is refused before it does."""

import dataclasses
import os
import socket
import subprocess
import sys

import pytest

from assetzcml import ConfigurationError, load_zcml
from assetzcml.zcml.limits import Limits
from assetzcml.zcml.positions import Document
from assetzcml.zcml.reader import DocumentTree, UnusableFile, parse, read_limited
from tables import over

BOM = b"\xef\xbb\xbf"


def refused(data, limits=None):
    """Line, column and message of what is wrong with a document."""
    with pytest.raises(UnusableFile) as caught:
        parse(Document("f.zcml", data if isinstance(data, bytes) else data.encode()), limits or Limits())
    problem = caught.value.problem
    return problem.origin.line, problem.origin.column, problem.message


@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        BOM + b"<a/>",
        BOM + b"<?xml version='1.0' encoding='UTF-8'?><a/>",
        b'<?xml version="1.0" encoding = "utf-8" standalone="yes" ?>\n<a/>\n<!-- end -->\n',
        b"<?xml version='1.0' encoding='utf8'?><a/>",
        "<a b='\xe4'>\u20ac\U0001d11e</a>".encode(),
        b"<?xml version='1.0'?><a>&lt;&gt;&amp;&quot;&apos;&#228;</a>",
        b"<a><!-- DOCTYPE <!DOCTYPE x> --></a>",
    ],
)
def test_utf_8_is_read_with_or_without_a_mark_or_a_declaration(data):
    assert parse(Document("f.zcml", data), Limits()).tag == "a"


@over(
    "data, where",
    [
        ("<a/>".encode("utf-16"), (1, 1, "the file is UTF-16")),
        ("<a/>".encode("utf-16-le"), (1, 1, "the file is UTF-16")),
        ("<a/>".encode("utf-16-be"), (1, 1, "the file is UTF-16")),
        ("<a/>".encode("utf-32"), (1, 1, "the file is UTF-32")),
        ("<a/>".encode("utf-32-be"), (1, 1, "the file is UTF-32")),
        ("<?xml version='1.0'?>".encode("cp037"), (1, 1, "the file is EBCDIC")),
        (b"\x1f\x8b\x08...", (1, 1, "the file is gzip-compressed data")),
        (b"PK\x03\x04...", (1, 1, "the file is a zip archive")),
        (b"", (1, 1, "the document is empty")),
        (BOM + BOM + b"<a/>", (1, 1, "the file begins with two byte order marks")),
        (
            b"<?xml version='1.0' encoding='latin-1'?><a b='\xe4'/>",
            (1, 31, "the file declares the encoding 'latin-1'"),
        ),
        (BOM + b"<?xml version='1.0' encoding='UTF-7'?><a/>", (1, 31, "the file declares the encoding 'UTF-7'")),
        (b"<?xml version='1.0'\n encoding=\"US-ASCII\"?><a/>", (2, 12, "the file declares the encoding 'US-ASCII'")),
        (b"<a>\n  <b c='\xff'/></a>", (2, 9, "byte 0xFF is not UTF-8")),
        ("<a>ä\n é".encode() + b"\xc0\xaf</a>", (2, 3, "byte 0xC0 is not UTF-8")),
        (b"<a>\n\0</a>", (2, 1, "the file holds a NUL character")),
        (b"<!DOCTYPE a><a/>", (1, 1, "a DOCTYPE is not allowed")),
        (b"<!doctype a><a/>", (1, 1, "a DOCTYPE is not allowed")),
        (BOM + b"<?xml version='1.0'?>\n<!-- x -->\n <?p?>\n<!DOCTYPE a><a/>", (4, 1, "a DOCTYPE is not allowed")),
        (b"<a>\n<b>\n</a>", (3, 5, "XML syntax error: Opening and ending tag mismatch: b line 2 and a")),
        ("<a>\n<b c='äöü' d=/></a>".encode(), (2, 14, "XML syntax error: AttValue: \" or ' expected")),
        (b"<a>&nbsp;</a>", (1, 10, "XML syntax error: Entity 'nbsp' not defined")),
        (b"<a/>text", (1, 5, "XML syntax error: Extra content at the end of the document")),
    ],
)
def test_anything_else_is_refused_at_its_place(data, where):
    assert refused(data) == where


def test_the_place_of_a_syntax_error_is_right_where_lines_end_with_a_lone_carriage_return():
    assert refused(b"<a>\r<b c='1'>\r<d></e>\r</a>")[:2] == (3, 8)


@pytest.mark.parametrize(
    "data", [b"\n<?xml version='1.0' encoding='utf-7'?><a/>", b"text", b"<", b"<a", b"<!-- ", b"\x00"]
)
def test_a_broken_beginning_is_one_error(data):
    assert refused(data)[0] >= 1


def test_a_declared_encoding_can_never_become_the_one_that_is_read():
    # The declaration is hidden from a search for it by a '>' in a place where none may be.
    data = b"<?xml version='1.0' x='>' encoding='UTF-7'?><a b='+ADw-'/>"
    assert "XML syntax error" in refused(data)[2]


def nested(depth):
    return "<a>" * depth + "</a>" * depth


@pytest.mark.parametrize(
    "data, limits, where",
    [
        (b" " * 101, Limits(file_bytes=100), (1, 1, "the file is larger than 100 bytes")),
        (nested(300), Limits(), (1, 193, "elements are nested more than 64 deep")),
        (nested(300) + "<", Limits(element_depth=10), (1, 31, "elements are nested more than 10 deep")),
        (nested(20_000), Limits(), (1, 193, "elements are nested more than 64 deep")),
        # '>' in a value does not end a tag, so these are no 70 levels
        ("<r>" + "<a b='>'/>\n" * 70 + "<x></r>", Limits(), (71, 8, None)),
        ("<r>" + '<a b=">"/>\n' * 70 + "<x></r>", Limits(), (71, 8, None)),
    ],
)
def test_a_limit_is_an_error_with_its_place(data, limits, where):
    line, column, message = refused(data, limits)
    assert (line, column) == where[:2]
    assert message == where[2] or (where[2] is None and "mismatch" in message)


def test_the_depth_limit_can_be_raised_above_the_parsers_own():
    assert len(list(parse(Document("f", nested(1000).encode()), Limits(element_depth=1000)).iter())) == 1000


@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_each_limit_has_a_name_and_a_default(field):
    defaults = {
        "file_bytes": 4_194_304,
        "files": 10_000,
        "include_depth": 32,
        "element_depth": 64,
        "attributes": 64,
        "attribute_bytes": 16_384,
    }
    assert getattr(Limits(), field.name) == defaults[field.name]


def test_no_more_of_a_file_is_read_than_shows_that_it_is_too_large(tmp_path):
    path = tmp_path / "large.zcml"
    path.write_bytes(b"x" * 1000)
    assert len(read_limited(str(path), Limits(file_bytes=100))) == 101


@pytest.mark.parametrize("kind", ["directory", "fifo", "device", "missing", "socket"])
def test_only_a_regular_file_is_read_and_nothing_is_waited_for(tmp_path, kind):
    path = {"device": "/dev/null"}.get(kind, str(tmp_path / "x.zcml"))
    if kind == "directory":
        os.mkdir(path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
    with pytest.raises(OSError):
        read_limited(path, Limits())


def test_a_descriptor_is_closed_whatever_happens(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    os.mkfifo(tmp_path / "x.zcml")
    for _ in range(5):
        with pytest.raises(OSError):
            read_limited(str(tmp_path / "x.zcml"), Limits())
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.whole
def test_the_locale_is_not_asked(tmp_path):
    good, bad = tmp_path / "good.zcml", tmp_path / "bad.zcml"
    text = '<configure xmlns="http://namespaces.assetzcml.org/assets"><!-- ä --><staticView name="ä" path="."/></configure>'
    good.write_bytes(BOM + text.encode())
    bad.write_bytes(b"<?xml version='1.0' encoding='latin-1'?>\n" + text.encode("latin-1"))
    code = (
        "import sys; from assetzcml import *\n"
        "print(ascii([v.name for v in load_zcml(sys.argv[1]).snapshot.views]))\n"
        "try: load_zcml(sys.argv[2])\n"
        "except ConfigurationError as error: print(ascii(error.problems[0].headline))\n"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(good), str(bad)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines() == [
        "['\\xe4']",
        f"\"{bad}:1:31: the file declares the encoding 'latin-1'; ZCML is UTF-8: save it so and declare that\"",
    ]


# A large document is parsed in pieces


def large(body, count=9_000):
    return ('<configure xmlns="urn:x">' + body * count + "</configure>").encode()


def tags(data):
    tree = DocumentTree(Document("f.zcml", data), Limits(), {})
    return tree, [element.tag for element in tree.children(tree.root)]


def test_a_large_document_has_the_elements_of_a_small_one():
    tree, found = tags(large('<note key="a value that makes it long" more="and another"/>\n'))
    assert len(found) == 9_000
    assert len(tree.root) <= 9_000 / 10  # those that have been are forgotten
    assert set(found) == {"{urn:x}note"}


def test_what_a_large_document_holds_is_whole_when_it_is_seen():
    body = "<group>" + '<note key="k"/>' * 60 + "</group>behind\n"
    tree = DocumentTree(Document("f.zcml", large(body, 400)), Limits(), {})
    seen = [(len(element), element.tail) for element in tree.children(tree.root)]
    assert seen == [(60, "behind\n")] * 400


COMMENT = "<!--" + "x" * 300_000 + "-->"


@pytest.mark.parametrize(
    "text", [f"<configure>{COMMENT}</configure>", f"<configure/>{COMMENT}", f"{COMMENT}<configure/>"]
)
def test_a_large_comment_is_no_element(text):
    tree = DocumentTree(Document("f.zcml", text.encode()), Limits(), {})
    assert (tree.root.tag, list(tree.children(tree.root))) == ("configure", [])


def test_a_large_document_without_an_end_is_refused():
    with pytest.raises(UnusableFile, match="XML syntax error"):
        DocumentTree(Document("f.zcml", f"<configure>{COMMENT}".encode()), Limits(), {})


def test_an_error_far_down_a_large_document_is_at_its_place():
    data = large("<note/>\n", 40_000).replace(b"</configure>", b"</oops>")
    with pytest.raises(UnusableFile) as caught:
        tags(data)
    assert (caught.value.problem.origin.line, caught.value.problem.message[:18]) == (40_001, "XML syntax error: ")


@pytest.mark.parametrize("name, value", [("element_depth", 2_049), ("include_depth", 101)])
def test_a_limit_that_nothing_could_keep_is_refused(name, value):
    with pytest.raises(ValueError, match=f"Limits.{name} is {value}; {value - 1} is the highest that can be kept"):
        Limits(**{name: value})


@pytest.mark.parametrize("value", ["64", -1, None, True, 1.5])
def test_a_limit_is_a_whole_number(value):
    with pytest.raises(ValueError, match=r"Limits\.files is .*; a whole number was expected"):
        Limits(files=value)


def test_the_highest_limits_are_kept(tmp_path):
    (tmp_path / "deep.zcml").write_text("<configure>" * 2_047 + "</configure>" * 2_047)
    load_zcml(str(tmp_path / "deep.zcml"), limits=Limits(element_depth=2_048))
    for n in range(100):
        (tmp_path / f"f{n}.zcml").write_text(f'<configure><include file="f{n + 1}.zcml"/></configure>')
    (tmp_path / "f100.zcml").write_text("<configure/>")
    assert len(load_zcml(str(tmp_path / "f0.zcml"), limits=Limits(include_depth=100)).loads[0].files) == 101


def test_includes_that_are_too_deep_for_the_stack_that_is_left_say_so(tmp_path):
    for number in range(100):
        (tmp_path / f"f{number}.zcml").write_text(f'<configure><include file="f{number + 1}.zcml"/></configure>')
    (tmp_path / "f100.zcml").write_text("<configure/>")

    def load(deeper):
        return load(deeper - 1) if deeper else load_zcml(str(tmp_path / "f0.zcml"), limits=Limits(include_depth=100))

    with pytest.raises(ConfigurationError) as caught:
        load(sys.getrecursionlimit() - 500)
    (problem,) = caught.value.problems
    assert "includes are nested too deep for the recursion limit of Python" in problem.message
    assert (problem.code, problem.hint) == ("A102", "raise it by sys.setrecursionlimit, or nest less")
