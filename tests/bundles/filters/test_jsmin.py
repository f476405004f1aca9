"""JavaScript: its tokens, where its statements end, and that minified code is the same program."""

import contextlib
import warnings

import pytest
from filter_running import Context, run
from hypothesis import given
from hypothesis import strategies as st

from assetzcml.bundles.filters import Filter, FilterWarning, get_filter
from assetzcml.bundles.filters.jsmin import minified
from assetzcml.bundles.filters.jstokens import Doubtful, Unfinished, tokens, words
from sizes import size
from tables import over


def significant(text):
    return [word.text for word in words(text) if word.text]


def slashes(text):
    return [word.text for word in words(text) if "/" in word.text and word.kind in ("regex", "punctuator")]


def ends(text):
    """The words before which a newline ends a statement."""
    return [word.text for word in words(text) if word.newline]


def program(text):
    """What tells two programs apart, as far as tokens do: the words, and the newlines that end statements."""
    return [(word.kind, word.text, word.newline) for word in words(text)]


@over("text, expected", [
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
    ("function f() { return /a/ }", ["/a/"]), ("typeof /a/", ["/a/"]), ("x.return / a / b", ["/", "/"]),
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
    ("export default { a: {} / 1 } / 2", ["/", "/"]),
    ("function f() {} /a/", ["/a/"]),
    ("x = function () {} / 1", ["/"]),
    ("x = async function* () {} / 1", ["/"]),
    ("a\nfunction f() {} /a/", ["/a/"]),
    ("export default function () {} /a/", ["/a/"]), ("export default async function () {} /a/", ["/a/"]),
    ("export async function f() {} /a/", ["/a/"]),
    ("(function () {}) / 1", ["/"]),
    ("x = () => {}\n/a/.test(b)", ["/a/"]),
    ("class A {} /a/", ["/a/"]),
    ("x = class {} / 1", ["/"]),
    ("x = class A extends B { c() { return /d/ } } / 1", ["/d/", "/"]),
    ("class A extends f({}) { static {} /**/ a = 1 / 2 }", ["/"]),
    ("class A extends class B {} {} /a/", ["/a/"]),
    ("if (a) {} else {} /b/", ["/b/"]), ("try {} finally {} /a/", ["/a/"]), ("try {} catch {} /a/", ["/a/"]),
    ("do {} while (a) /b/", ["/b/"]), ("do if (a) b; while (c) /d/", ["/d/"]),
    ("do while (a) b; while (c) /d/", ["/d/"]), ("do do x; while (a) while (b) /c/", ["/c/"]),
    ("`${a / b}` / c", ["/", "/"]), ("`${/a/}`", ["/a/"]), ("`${{} / 1}`", ["/"]), ("`${`${/`/}`}` / 2", ["/`/", "/"]),
    ("a // b /c/\n/ d", ["/"]), ("a /* */ / b", ["/"]),
    ("x.yield / 1", ["/"]),
    # After these no division is possible: the newline ends the statement.
    ("var a\n/b/g.test('c')", ["/b/g"]), ("let q\n/b/.test('')", ["/b/"]), ("const a = 1, b\n/c/", ["/c/"]),
    ("let {a}\n/b/", ["/b/"]), ("var a = 1\n/b/g", ["/", "/"]), ("var a = 1, b\n/c/g", ["/c/g"]),
    ("x: while (1) { break x\n/b/ }", ["/b/"]), ("while (1) { continue\n/b/ }", ["/b/"]), ("debugger\n/b/", ["/b/"]),
    ("import x from 'y'\n/b/", ["/b/"]), ("import 'y'\n/b/", ["/b/"]), ("export * from 'y'\n/b/", ["/b/"]),
    ("import x from 'y' with {type: 'json'}\n/b/", ["/b/"]), ("export {a}\n/b/", ["/b/"]),
    ("function f() { return\n/a/ }", ["/a/"]), ("do x; while (a)\n/b/", ["/b/"]),
    # Words that are operators in one place and names in another.
    ("yield / a / b", ["/", "/"]), ("function* f() { yield /a/ }", ["/a/"]), ("function* f() { yield\n/a/ }", ["/a/"]),
    ("function* f() { g(yield, /a/) } yield / b", ["/a/", "/"]),
    ("async () => await /a/", ["/a/"]), ("async a => await /a/, await_ / 1", ["/a/", "/"]),
    ("function f() { await / a / b }", ["/", "/"]), ("import 'a'; await /b/", ["/b/"]),
    ("async function f() { (() => 1)(); await /a/ }", ["/a/"]), ("x = { async f() { await /a/ } }", ["/a/"]),
    ("class A { async *f() { await /a/; yield /b/ } g() { yield_ / 1 } }", ["/a/", "/b/", "/"]),
    ("for (of of /a/) of / 2", ["/a/", "/"]), ("for (const of of of / 2);", ["/"]), ("for (let of of /a/);", ["/a/"]),
    ("for (a of /b/);", ["/b/"]), ("for (of / 2;;);", ["/"]), ("for (let / 2; /a/; b / c);", ["/", "/a/", "/"]),
    ("let / 2", ["/"]), ("async / 2", ["/"]), ("async(a) / 2", ["/"]), ("async (a) => {}\n/b/", ["/b/"]),
    ("get / set / static / of / as / from", ["/"] * 5), ("class A { static\n/**/ a = /b/ / 1 }", ["/b/", "/"]),
    ("#a in b / c", ["/"]), ("new.target / 1", ["/"]), ("import.meta / 1", ["/"]), ("import('a') / 1", ["/"]),
    ("a?.[/b/]?.(/c/) / 1", ["/b/", "/c/", "/"]), ("@d(/a/) class A { @e.f b = /c/ }", ["/a/", "/c/"]),
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
    ("1..a+1.5.b+0x1F.c+017.d", ["1.", ".", "a", "+", "1.5", ".", "b", "+", "0x1F", ".", "c", "+", "017", ".", "d"]),
    ("0b1_0n-0O7n-08.5-1e3.a", ["0b1_0n", "-", "0O7n", "-", "08.5", "-", "1e3", ".", "a"]),
    ("\\u0061b$é", ["\\u0061b$é"]), ("\\u{61}=゛", ["\\u{61}", "=", "゛"]),
    ("#!/usr/bin/env node /x\na", ["a"]),
    ("a\u2028b\ufeff;\u180e", ["a", "b", ";", "\u180e"]),
    ("'\u2028'", ["'\u2028'"]),
    ("f(...a)", ["f", "(", "...", "a", ")"]),
    ("a=/[[a/]b/v", ["a", "=", "/[[a/]b/v"]),
])  # fmt: skip
def test_the_tokens_are_those_of_ecmascript(text, expected):
    assert significant(text) == expected


@over("text, expected", [
    ("a\nb", ["b"]), ("a\n(b)", []), ("a\n+b", []), ("a\n++b", ["++"]), ("a++\nb", ["b"]), ("a\n`b`", []),
    ("var a\n(b)", ["("]), ("var a\n[b] = c", ["["]), ("var a =\n(b)", []), ("x = {}\ny", ["y"]), ("{}\ny", []),
    ("x = () => {}\n(a)", ["("]), ("x = function () {}\n(a)", []), ("function f() {}\n(a)", []),
    ("f(() => {}\n)", []), ("[() => {}\n, 1]", []), ("x = a ? () => {}\n: b", []), ("x = () => a\n(b)", []),
    ("do a(); while (b)\n`c`", []), ("if (a) b\nelse c", ["else"]), ("if (a) b;\nelse c", []), ("if (a)\nb", []),
    ("function f() { return\na }", ["a"]), ("function f() { return\n}", []), ("function f() { return a\n}", []),
    ("class A { #a = 1\n#b = 2 }", ["#b"]), ("class A { a\n['b']\n*c() {} }", ["[", "*"]), ("class A { a = b\n['c'] }", []),
    ("class A { get\n*a() {} }", ["*"]), ("class A { get\na() {} }", []), ("class A { static\na }", []),
    ("class A { async\na() {} }", ["a"]), ("class A { a() {}\nb() {} }", []), ("class A { accessor\nb }", ["b"]),
    ("let\na", []), ("if (x) let\na", ["a"]), ("async\nfunction f() {}", ["function"]), ("async\n(a)", []),
    ("function* f() { yield\na }", ["a"]), ("import a from 'b'\nimport 'c'", ["import"]), ("export {a}\nfrom 'b'", []),
    ("a /*\n*/ b", ["b"]), ("a // b\nc", ["c"]), ("a\u2029b", ["b"]), ("a\r\nb\rc", ["b", "c"]), ("a\n/*b*/", []),
    ("case_: a\nb", ["b"]), ("x\n=> a", None), ("switch (a) { case 1: b\ncase 2: c }", ["case"]), ("a\nb: c", ["b"]),
])  # fmt: skip
def test_a_newline_ends_a_statement_where_the_grammar_says(text, expected):
    if expected is None:
        with pytest.raises(Doubtful):
            ends(text)
    else:
        assert ends(text) == expected


@over("text, offset", [
    ("'a", 0), ("'a\nb'", 0), ("`a", 0), ("x = /a\n/", 4), ("/* a", 0), ("a)", 1), ("(a", 2), ("{]", 1), ("a \\ b", 2),
    ("<div>'</div>", 0), ("await /1/2", 6), ("a of /b/", 2), ("${", 1), ("`${`}", 3), ("a b", 2), ("a ? b", 5),
    ("3in []", 0), ("1_", 0), ("1__0", 0), ("0b2", 0), ("a\x85b", 1), ("a <!-- b", 2), ("a\n<!-- b", 2),
    ("import 'a'\n--> b", 11), ("<!-- a\nexport default b", 0),
    ("let a: number = 1", 5), ("a = b as c", 6), ("do x", 4), ("do {} a", 6), ("({a b})", 4), ("class A { a b }", 12),
    ("function f() { export {a} }", 15), ("class A extends B", 17), ("x = <T,>(a) => a", 4), ("await\nf()", 6),
])  # fmt: skip
def test_what_is_not_certainly_javascript_is_doubtful(text, offset):
    with pytest.raises(Doubtful) as raised:
        list(words(text))
    assert raised.value.offset == offset


@pytest.mark.parametrize("text, sentence", [
    ("a <!--b", "begins a comment in a script, and is three operators in a module"),
    ("await /a/g", "a slash after 'await' divides in a script, and begins a regular expression in a module"),
    ("await\na", "'await' before a newline is a name in a script, and an operator in a module"),
])  # fmt: skip
def test_what_a_module_reads_otherwise_than_a_script_is_refused_with_both_readings(text, sentence):
    with pytest.raises(Doubtful, match=f"{sentence}; which of them this is depends on how the file is loaded"):
        minified(text)


@over("text, expected", [
    ("--> b", ""), ("a\n--> b\nc", "a\nc"), ("a;\n /**/ --> b\nc", "a;c"), ("/*\n*/ --> b\nc", "c"), ("a /*\n*/ --> b", "a"),
    ("<!-- b -->\nc", "c"), ("a; <!-- b\nc\n//-->", "a;c"), ("if (a) <!-- '\nb", "if(a)b"), ("x = <!-- /\n/b/", "x=/b/"),
    ("f(<!-- )\na)", "f(a)"), ("{ <!-- }\na }", "{a}"), ("var a <!-- b\nc", "var a\nc"), ("return_; <!-- x\u2028b", "return_;b"),
    ("function f() { return <!-- 1\n2 }", "function f(){return\n2}"), ("class A { <!-- }\na }", "class A{a}"),
    ("#!x\n--> a\nb", "#!x\nb"), ("<!-- /*! a */\nb", "b"), ("a\n--> b\n--> c\n<!-- d", None), ("a;\n--> b\n--> c\n<!-- d", "a;"),
])  # fmt: skip
def test_a_comment_of_htmls_form_is_one_where_no_module_could_be_meant(text, expected):
    if expected is None:
        with pytest.raises(Doubtful):
            minified(text)
    else:
        assert minified(text) == expected


@pytest.mark.parametrize("text", ["(function () {", "a(", "`${", "x = [", "class A {", "({"])
def test_a_text_that_ends_inside_of_a_bracket_is_unfinished(text):
    with pytest.raises(Unfinished):
        list(words(text))


PIECES = [
    "a", "b", "if", "return", "function", "class", "=>", "(", ")", "{", "}", "[", "]", "`", "${", "'", '"', "/", "//",
    "/*", "*/", "\n", "\r\n", "\u2028", " ", "+", "++", "-", "--", ";", ",", ".", "?", ":", "=", "!", "1", ".5", "#x",
    "<", ">", "<!--", "-->", "\\", "of", "yield", "static", "get", "extends", "é", "\ufeff", "x = /r/", "`t`", "'s'",
    "var a", "let", "do", "while", "async", "await", "for (", "import", "export", "case", "@", "in", "/*! c */",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(texts)
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


@given(texts, st.booleans())
def test_what_is_minified_is_the_same_program_and_cannot_be_minified_further(text, keep):
    with contextlib.suppress(Doubtful):
        result = minified(text, keep)
        assert program(result) == program(text)
        assert minified(result, keep) == result


@given(texts, st.integers(0, 60), st.sampled_from([" ", "\t", "/**/", " /* a */ ", "\u3000", "\ufeff"]))
def test_blanks_next_to_a_punctuator_change_nothing(text, at, blank):
    with contextlib.suppress(Doubtful):
        places = [word.offset for word in words(text) if word.text in ("(", ")", ",", ";")]
        if places:
            offset = places[at % len(places)]
            assert minified(text[:offset] + blank + text[offset:], False) == minified(text, False)


@over("source, written", [
    ("a  =  b ; // c", "a=b;"), ("a\n.b()\n.c()", "a.b().c()"), ("f(\n a,\n b\n)", "f(a,b)"), ("a /* x\n y */ = b", "a=b"),
    ("a + +b", "a+ +b"), ("a - -b", "a- -b"), ("a + ++b", "a+ ++b"), ("a++ + b", "a+++b"),
    ("a-- - --b", "a--- --b"), ("a - + b", "a-+b"),
    ("a / /b/", "a/ /b/"), ("/a/ / b", "/a//b"), ("/a/ in b", "/a/ in b"), ("/a/g instanceof b", "/a/g instanceof b"),
    ("a < ! --b", "a<! --b"), ("a-- > b", "a-->b"), ("a;\nb-- > c", "a;b-->c"), ("a\nb-- > c", "a\nb-->c"), ("a < !b", "a<!b"),
    ("`a  b`", "`a  b`"), ("`a\n b${ c }`", "`a\n b${c}`"), ("x = `${a}  ${`  ${ b }  `}  `", "x=`${a}  ${`  ${b}  `}  `"),
    ("x = `a${b}, ${ c ? ')' : `, ${ d })`}`", "x=`a${b}, ${c?')':`, ${d})`}`"),
    ("if (a) / b  c/.test(d)", "if(a)/ b  c/.test(d)"), ("a = () => {}\n/  c  /.test(d)", "a=()=>{}\n/  c  /.test(d)"),
    ("x = 'a  b'", "x='a  b'"), ("x = '\\\n'", "x='\\\n'"),
    ("function f() { return 'a' ; }", "function f(){return'a';}"), ("return_ \n a", "return_\na"),
    ("typeof a", "typeof a"), ("void 0", "void 0"), ("case_ in {}", "case_ in{}"), ("a = .5 in b", "a=.5 in b"),
    ("1 .a", "1 .a"), ("1. .a", "1..a"), ("1_0 .a", "1_0 .a"), ("0x1 .a", "0x1.a"), ("a ? .5 : b", "a?.5:b"),
    ("class A { static #a = 1 ; get #b () { } }", "class A{static#a=1;get#b(){}}"), ("# a", None),
    ("class A { #a = 1\n#b = 2 }", "class A{#a=1\n#b=2}"), ("class A { a = 1 ; static\n{ b }\n}", "class A{a=1;static{b}}"),
    ("var a\n/b/g.test('c')", "var a\n/b/g.test('c')"), ("debugger\n/b/.test('')", "debugger\n/b/.test('')"),
    ("while(1){break\n/b/.test('')}", "while(1){break\n/b/.test('')}"),
    ("#!/usr/bin/node\n\na", "#!/usr/bin/node\na"), ("#!x\u2028a", "#!x\na"), ("\n\na\n", "a"), ("// nothing", ""), ("", ""),
    ("'use strict'\na", "'use strict'\na"), ("é  =  \\u{61} in b", "é=\\u{61} in b"),
    ("a\u2028b\u2029c\rd", "a\nb\nc\nd"), ("a\u00a0=\u3000\ufeffb", "a=b"),
    ("const t = n => `a ${ n ? ` b ${ n } ` : '' } c`;", "const t=n=>`a ${n?` b ${n} `:''} c`;"),
    ("var a = b\n`x`;", "var a=b`x`;"), ("async  x  =>  await  x", "async x=>await x"),
    ("import   a , { b  as  c } from 'd' ;", "import a,{b as c}from'd';"),
    ("export  *  as  'x y' from 'z'", "export*as'x y'from'z'"),
    ("/*! MIT */\nvar a", "/*! MIT */\nvar a"), ("a = /*! b */ c", "a=/*! b */c"), ("a / /*! b */ c", "a/ /*! b */c"),
    ("a /*! b */\nc", "a/*! b */\nc"), ("a;\n/*! end */\n", "a;/*! end */\n"), ("f(/*!\n*/a)", "f(/*!\n*/a)"),
])  # fmt: skip
def test_only_the_blanks_and_newlines_that_count_are_written(source, written):
    if written is None:
        with pytest.raises(Doubtful):
            minified(source)
    else:
        assert minified(source) == written
        assert program(written) == program(source)


def test_how_deep_brackets_are_nested_does_not_matter():
    deep = 5_000
    assert minified("( " * deep + "a" + " )" * deep) == "(" * deep + "a" + ")" * deep
    assert minified("`${ " * deep + "a" + " }`" * deep) == "`${" * deep + "a" + "}`" * deep
    assert minified("if ( a ) { } else " * deep + ";") == "if(a){}else " * (deep - 1) + "if(a){}else;"


@pytest.mark.parametrize("options, written", [
    ({}, b"/*! MIT */\nvar a=1;"), ({"JSMIN_KEEP_BANG_COMMENTS": "no"}, b"var a=1;"),
])  # fmt: skip
def test_licenses_stay_unless_told_otherwise(options, written):
    source = b"/*! MIT */\nvar a = 1; // one\n/* two */\n"
    assert run("jsmin", source, Context("/d", **options)) == written


def test_what_is_not_javascript_is_left_as_it_is_with_its_place():
    with pytest.warns(FilterWarning, match=r"a.js:2:5: jsmin: left as it is: a template does not end"):
        assert run("jsmin", b"a = 1\nb = `c", source_path="a.js") == b"a = 1\nb = `c"


def test_one_doubtful_source_costs_only_itself(site):
    site.write("plain.js", "// a comment\nvar plain   =   1;\n" * 100)
    site.write("doubtful.js", "a <!--  b\n")
    bundle = site.environment().register("x", "plain.js", "doubtful.js", filters="jsmin", output="x.js")
    with pytest.warns(FilterWarning, match=r"doubtful.js:1:3: jsmin: left as it is"):
        (built,) = bundle.build()
    assert built.data() == b"var plain=1;" * 100 + b"\na <!--  b\n"


def test_behind_a_filter_that_works_on_the_whole_it_does_so_too(site):
    class Compiler(Filter):
        name = "compiler"

        def output(self, _in, out, **kw):
            out.write(_in.read().replace(b"LET", b"let"))

    site.write("a.txt", "LET  a  =  1")
    bundle = site.environment().register("x", "a.txt", filters=[Compiler(), get_filter("jsmin")], output="x.js")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (built,) = bundle.build()
    assert built.data() == b"let a=1"


@pytest.mark.parametrize(
    "piece",
    ["'\\", "`\\", "/*", "/[", "a/", "(", "{", "${", "\\", "`${", "//", "<!-", "a=/b\\", "1e", "?:", " \n", "/**/ ",
     "a\n", "=>", "x=>", "class A extends ", "do ", "function(", "1_", "\\u{1"],
)  # fmt: skip
@pytest.mark.sized
def test_hostile_javascript_is_soon_at_its_end(piece):
    text = piece * (size(400_000, 50_000) // len(piece))
    shorter = text
    with contextlib.suppress(Doubtful):  # in quadratic time this would take an hour, or a minute
        shorter = minified(text)
    assert len(shorter) <= len(text)
