"""JavaScript: its tokens, and that minified code is the same program."""

import contextlib
import time
import warnings

import pytest
from filter_running import Context, run
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.bundles.filters import FilterWarning, get_filter
from assetzcml.bundles.filters.jstokens import Doubtful, difference, tokens
from assetzcml.errors import MissingExtra

try:
    import rjsmin
except ImportError:
    rjsmin = None
needs_rjsmin = pytest.mark.skipif(rjsmin is None, reason="rjsmin is not installed")


def significant(text):
    return [t.text for t in tokens(text) if t.kind not in ("whitespace", "newline", "comment")]


def slashes(text):
    return [t.text for t in tokens(text) if "/" in t.text and t.kind in ("regex", "punctuator")]


@pytest.mark.parametrize("text, expected", [
    ("a / b / c", ["/", "/"]),
    ("a /= /b/", ["/=", "/b/"]),
    ("x = /[/]/g", ["/[/]/g"]),
    (r"x = /\/[^\]/]/", [r"/\/[^\]/]/"]),
    ("if (a) /b/.test(c / d)", ["/b/", "/"]),
    ("while (a) /b/.test(c)", ["/b/"]),
    ("for (;;) /b/.test(c)", ["/b/"]),
    ("with (a) /b/.test(c)", ["/b/"]),
    ("async function f() { for await (a of b) /c/.test(a) }", ["/c/"]),
    ("x.if(a) / b / c", ["/", "/"]),  # a method of that name
    ("x = { if(a) { return /b/ } }", ["/b/"]),
    ("x?.while(a) / b", ["/"]),
    ("f(a) / b", ["/"]),
    ("a++ / b", ["/"]), ("a--\n/ b", ["/"]),
    ("return /a/", ["/a/"]), ("typeof /a/", ["/a/"]), ("x.return / a / b", ["/", "/"]),
    ("case_ / 1", ["/"]), ("switch (a) { case /b/: }", ["/b/"]),
    ("this / 1", ["/"]), ("super.a / 1", ["/"]), ("a[0] / 1", ["/"]), ("1 / 2", ["/"]), ("'a' / 2", ["/"]),
    ("`a` / 2", ["/"]), ("/a/ / 2", ["/a/", "/"]), ("1. / 2", ["/"]), ("0x1f / 2n", ["/"]),
    ("!/a/", ["/a/"]), ("a ? /b/ : /c/", ["/b/", "/c/"]), ("[/a/, /b/]", ["/a/", "/b/"]), ("x => /a/", ["/a/"]),
    ("{} /a/", ["/a/"]),  # a block
    ("x = {} / a", ["/"]),  # an object
    ("a\n{} /b/", ["/b/"]),
    ("l: {} /a/", ["/a/"]),
    ("a ? {} / 1 : {} / 2", ["/", "/"]),
    ("switch (a) { case 1: {} /b/; default: {} /c/ }", ["/b/", "/c/"]),
    ("({ a: {} / 1, b: {} / 2 })", ["/", "/"]),
    ("function f() {} /a/", ["/a/"]),
    ("x = function () {} / 1", ["/"]),
    ("x = async function* () {} / 1", ["/"]),
    ("a\nfunction f() {} /a/", ["/a/"]),
    ("export default function () {} /a/", ["/a/"]),
    ("(function () {}) / 1", ["/"]),
    ("x = () => {}\n/a/.test(b)", ["/a/"]),
    ("class A {} /a/", ["/a/"]),
    ("x = class {} / 1", ["/"]),
    ("x = class A extends B { c() { return /d/ } } / 1", ["/d/", "/"]),
    ("class A extends f({}) { static {} /**/ a = 1 / 2 }", ["/"]),
    ("if (a) {} else {} /b/", ["/b/"]), ("try {} finally {} /a/", ["/a/"]), ("try {} catch {} /a/", ["/a/"]),
    ("do {} while (a) /b/", ["/b/"]),
    ("`${a / b}` / c", ["/", "/"]), ("`${/a/}`", ["/a/"]), ("`${{} / 1}`", ["/"]), ("`${`${/`/}`}` / 2", ["/`/", "/"]),
    ("a // b /c/\n/ d", ["/"]), ("a /* */ / b", ["/"]),
    ("x.yield / 1", ["/"]),
])  # fmt: skip
def test_a_slash_divides_or_begins_a_regular_expression_as_the_grammar_says(text, expected):
    assert slashes(text) == expected


@pytest.mark.parametrize("text, expected", [
    ("a?.5:b?.c", ["a", "?", ".5", ":", "b", "?.", "c"]),
    ("a>>>=b", ["a", ">>>=", "b"]),
    ("a??=b**c", ["a", "??=", "b", "**", "c"]),
    ("a&&=b||=c&&d", ["a", "&&=", "b", "||=", "c", "&&", "d"]),
    ("#p in a", ["#p", "in", "a"]),
    ("x`a${b}c`", ["x", "`a${", "b", "}c`"]),
    ("'\\\n\\''", ["'\\\n\\''"]),
    ("1_000n+.5e-3", ["1_000n", "+", ".5e-3"]),
    ("\\u0061b$é", ["\\u0061b$é"]),
    ("#!/usr/bin/env node /x\na", ["a"]),
    ("a\u2028b\ufeffc", ["a", "b", "c"]),
    ("'\u2028'", ["'\u2028'"]),
    ("...a", ["...", "a"]),
])  # fmt: skip
def test_the_tokens_are_those_of_ecmascript(text, expected):
    assert significant(text) == expected


@pytest.mark.parametrize("text, offset", [
    ("'a", 0), ("'a\nb'", 0), ("`a", 0), ("x = /a\n/", 4), ("/* a", 0), ("a)", 1), ("(a", 2), ("{]", 1), ("a \\ b", 2),
    ("<div>'</div>", 5), ("yield /1/2", 6), ("await /1/2", 6), ("a of /b/", 5), ("${", 2), ("`${`}", 3),
])  # fmt: skip
def test_what_is_not_certainly_javascript_is_doubtful(text, offset):
    with pytest.raises(Doubtful) as raised:
        list(tokens(text))
    assert raised.value.offset == offset


PIECES = [
    "a", "b", "if", "return", "function", "class", "=>", "(", ")", "{", "}", "[", "]", "`", "${", "'", '"', "/", "//",
    "/*", "*/", "\n", "\r\n", "\u2028", " ", "+", "++", "-", "--", ";", ",", ".", "?", ":", "=", "!", "1", ".5", "#x",
    "<!--", "-->", "\\", "of", "yield", "static", "get", "extends", "é", "\ufeff", "x = /r/", "`t`", "'s'",
]  # fmt: skip
programs = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(programs)
def test_the_tokens_of_a_text_are_that_text_as_far_as_they_go(text):
    got, whole = [], True
    try:
        for token in tokens(text):
            assert token.offset == sum(map(len, got))
            got.append(token.text)
    except Doubtful:
        whole = False
    assert text.startswith("".join(got))
    assert not whole or "".join(got) == text


@given(programs)
def test_a_program_is_itself(text):
    try:
        html = any(token.kind == "html-comment" for token in tokens(text))
    except Doubtful:
        return
    assert html or difference(text, text) is None


@given(programs, st.integers(0, 60), st.sampled_from([" ", "\t", "/**/", " /* a */ "]))
def test_a_blank_next_to_a_punctuator_is_no_difference(text, at, blank):
    try:
        stream = [t for t in tokens(text) if t.kind != "html-comment"]
        if len(stream) != len(list(tokens(text))):
            return
    except Doubtful:
        return
    places = [t.offset for t in stream if t.text in ("(", ")", ",", ";")]
    if places:
        offset = places[at % len(places)]
        assert difference(text, text[:offset] + blank + text[offset:]) is None


@pytest.mark.parametrize("before, after", [
    ("a + +b", "a++b"), ("a - -b", "a--b"), ("a + ++b", "a+++b"),
    ("`a  b`", "`a b`"), ("`a\n b${c}`", "`a b${c}`"),
    ("if (a) / b  c/.test(d)", "if(a)/ b c/.test(d)"),
    ("x = 'a  b'", "x='a b'"),
    ("return\na", "return a"), ("return\n(a)", "return(a)"), ("return\n/a/", "return/a/"), ("return\n`a`", "return`a`"),
    ("return a", "return\na"),
    ("throw\na", "throw a"), ("break\na", "break a"), ("yield\n[a]", "yield[a]"),
    ("a\n++b", "a++b"), ("a++\nb", "a++b"), ("a\nb", "a b"), ("a\n!b", "a!b"),
    ("x = {}\ny", "x={}y"), ("x = () => {}\n(a)", "x=()=>{}(a)"), ("var a\n(b)", "var a(b)"),
    ("var a\n[b] = c", "var a[b]=c"), ("do a(); while (b)\n`c`", "do a();while(b)`c`"),
    ("class A { #a = 1\n#b = 2 }", "class A{#a=1#b=2}"),
    ("class A { a\n['b']\n*c() {} }", "class A{a\n['b']*c(){}}"),
    ("class A { get\n*a() {} }", "class A{get*a(){}}"), ("class A { static\na }", "class A{static a}"),
    ("a; b", "a;"), ("a", "a;b"), ("a", ""), ("", "a"),
    ("a < !--b", "a<!--b"), ("a\n-->b", "a\n-->b"), ("a <!--b", "a <!--b"),
    ("0xA", "0xa"), ("'a'", '"a"'), ("a.b", "a?.b"), ("1 .a", "1.a"),
])  # fmt: skip
def test_another_program_is_a_difference(before, after):
    assert difference(before, after) is not None


@pytest.mark.parametrize("before, after", [
    ("a  =  b ; // c", "a=b;"),
    ("a\n.b()\n.c()", "a.b().c()"),
    ("a =\n b", "a=b"), ("f(\n a,\n b\n)", "f(a,b)"),
    ("function f() {\n return;\n}\n", "function f(){return;}"),
    ("function f() { return\n}", "function f(){return}"),
    ("a /* x\n y */ = b", "a=b"),
    ("#!/usr/bin/node\na", "a"),
    ("", "// nothing"), ("/*! keep */ a", "/*! keep */a"), ("\n\na", "a"), ("a\n", "a"),
    ("a\r\nb", "a\nb"),
])  # fmt: skip
def test_the_same_program_in_fewer_bytes_is_no_difference(before, after):
    assert difference(before, after) is None


# What rjsmin 1.3 really does to these is checked below; each was found in a file from npm or is its smallest form.
ALTERED = [
    "x = `a${b}, ${c ? ')' : `, ${d})`}`}`\n",
    'var q=`${1===t?")":`, ${t})`}`',
    "class Q {\n  #current = null\n  #queue = []\n}",
    "class Q { a = `x`\n  #y = 1 }",
    "x = `${a}  ${`  ${b}  `}  `",
    "a = () => {}\n/  c  /.test(d)",
    "if (a) {}\n/ [ ]  /.test(b)",
    "a = b\n~c",
    "a = 1\n`x`\n'y'",
]


@needs_rjsmin
def test_rjsmin_alters_programs_and_every_one_it_alters_is_left_as_it_is():
    altered = 0
    for source in ALTERED:
        minified = rjsmin.jsmin(source, keep_bang_comments=True)
        if difference(source, minified) is None:
            assert run("jsmin", source.encode()) == minified.encode()
            continue
        altered += 1
        with pytest.warns(FilterWarning, match=r"a.js:\d+:\d+: jsmin: left as it is: rjsmin would change the program"):
            assert run("jsmin", source.encode(), source_path="a.js") == source.encode()
    assert altered >= 6


@needs_rjsmin
@given(programs)
def test_what_jsmin_writes_has_the_tokens_of_what_it_read(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FilterWarning)
        written = run("jsmin", text.encode()).decode()
    if written != text.removeprefix("\ufeff"):
        assert significant(written) == significant(text.removeprefix("\ufeff"))


@needs_rjsmin
@pytest.mark.parametrize("options, written", [
    ({}, b"/*! MIT */var a=1;"), ({"JSMIN_KEEP_BANG_COMMENTS": "no"}, b"var a=1;"),
])  # fmt: skip
def test_licenses_stay_unless_told_otherwise(options, written):
    source = b"/*! MIT */\nvar a = 1; // one\n/* two */\n"
    assert run("jsmin", source, Context("/d", **options)).replace(b"\n", b"") == written


@needs_rjsmin
def test_what_is_not_javascript_is_left_as_it_is_with_its_place():
    with pytest.warns(FilterWarning, match=r"a.js:2:5: jsmin: left as it is: a template does not end"):
        assert run("jsmin", b"a = 1\nb = `c", source_path="a.js") == b"a = 1\nb = `c"


def test_without_rjsmin_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rjsmin", None)
    with pytest.raises(MissingExtra, match=r"pip install 'assetzcml\[bundles\]'"):
        get_filter("jsmin").bind(Context("/d"))


@pytest.mark.parametrize(
    "piece", ["'\\", "`\\", "/*", "/[", "a/", "(", "{", "${", "\\", "`${", "//", "<!-", "a=/b\\", "1e", "?:"]
)
def test_time_is_linear_in_the_length_of_hostile_javascript(piece):
    text = piece * (60_000 // len(piece))
    begun = time.process_time()
    with contextlib.suppress(Doubtful):
        difference(text, text)
    assert time.process_time() - begun < 2
