"""URLs in CSS: what is one, and where it leads after its style sheet has moved."""

import sys
from urllib.parse import urljoin

import pytest
from filter_running import Context, run
from hypothesis import example, given
from hypothesis import strategies as st

from assetzcml.bundles.filters import FilterError, FilterWarning, get_filter
from assetzcml.bundles.filters.cssrewrite import is_relative, moved_url, rewrite_urls
from assetzcml.bundles.filters.csstokens import as_string, as_url, string_value, tokens, unescaped, url_value
from assetzcml.bundles.filters.cssurls import spots
from sizes import examples
from tables import over

PIECES = [
    "url(", "URL(", "url", "@", "@\\69mport", "@-moz-document", "-webkit-image-set(", "\u212a",
    "\\75 rl(", "u\\72l(", "src(", "image-set(", "@import", "@namespace", "'", '"', "\\", ")", "(", "[",
    "]", "{", "}", "a", "B", "1", "e3", "%", " ", "\t", "\n", "\r\n", "\r", "\f", "/*", "*/", ";", ":", "#", "-", "--",
    "+", ".", "é", "\0", "\x7f", "\u2028", "😀", "<!--", "-->", "\\61 ", "\\d800", "/", "a.png",
    "../b.png?q#f", "data:,x",
]  # fmt: skip
sheets = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=25).map("".join)


@given(sheets)
def test_the_tokens_of_any_text_are_that_text(text):
    assert "".join(token.text for token in tokens(text)) == text


@given(sheets)
def test_a_rewriting_that_keeps_every_url_keeps_every_byte(text):
    assert rewrite_urls(text, lambda url: url) == text
    assert rewrite_urls(text, lambda url: None) == text


@given(sheets)
def test_a_rewriting_changes_urls_and_nothing_else(text):
    seen = []
    rewritten = rewrite_urls(text, lambda url: seen.append(url) or "x y'\")(\\/" + url)
    back = []
    rewrite_urls(rewritten, lambda url: back.append(url))
    assert back == ["x y'\")(\\/" + url for url in seen]
    kinds = [token.kind for token in tokens(text)]
    assert [token.kind for token in tokens(rewritten)] == kinds


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.sampled_from("'\""))
def test_any_value_can_be_written_as_a_string_and_as_a_url(value, quote):
    (token,) = tokens(as_string(value, quote))
    assert (token.kind, string_value(token.text)) == ("string", value)
    (token,) = tokens(f"url({as_url(value)})")
    assert (token.kind, url_value(token.text)) == ("url", value)


@over("text, kinds", [
    ("a{}", "ident delim delim"),
    ("url(a.png)", "url"),
    ("url( a.png )", "url"),
    ("url(a.png", "url"),  # the end of the file closes it
    ("url('a')", "function string delim"),
    ("url(  'a' )", "function whitespace string whitespace delim"),
    ("url(a b)", "bad-url"),
    ("url(a'b)c", "bad-url ident"),
    ("url(a\\)b)", "url"),
    ("\\75\\72\\6c(a)", "url"),
    ("url(a\\\nb)", "bad-url"),
    ("myurl(a)", "function ident delim"),
    ("'a\\\nb'", "string"),
    ("'a\nb'", "bad-string whitespace ident string"),
    ("'a", "string"),
    ("/* ' */'", "comment string"),
    ("/* a", "comment"),
    ("-->", "cdc"), ("--a", "ident"), ("<!--", "cdo"), ("-1px", "number"), ("+.5e3%", "number"), ("1e", "number"),
    ("#fff", "hash"), ("#", "delim"), ("@media", "at-keyword"), ("@-x", "at-keyword"), ("@", "delim"), ("\\", "ident"),
])  # fmt: skip
def test_the_kinds_of_tokens_are_those_of_css_syntax(text, kinds):
    assert " ".join(token.kind for token in tokens(text)) == kinds


@pytest.mark.parametrize("text, value", [
    (r"\75rl", "url"), (r"\75 rl", "url"), (r"\000075rl", "url"), (r"\0000750", "u0"), (r"\0", "\ufffd"),
    (r"\d800", "\ufffd"), (r"\110000", "\ufffd"), (r"\g", "g"), ("a\\\nb", "ab"), ("a\\\r\nb", "ab"),
    (r"\\", "\\"), ("\0", "\ufffd"),
])  # fmt: skip
def test_what_escapes_mean(text, value):
    assert unescaped(text) == value


@over("text, expected", [
    # URLs
    ("a{b:url(x)}", "a{b:url(N)}"),
    ("a{b:URL( x )}", "a{b:URL( N )}"),
    ("a{b:u\\72l(x)}", "a{b:u\\72l(N)}"),
    ("a{b:url('x')}", "a{b:url('N')}"),
    ('a{b:url( "x" )}', 'a{b:url( "N" )}'),
    ("a{b:url(/* no comment in here */)}", "a{b:url(/* no comment in here */)}"),
    ("a{b:url(x", "a{b:url(N"),
    ("a{b:url('x", "a{b:url('N'"),
    ("a{b:src('x')}", "a{b:src('N')}"),
    ("a{b:image('x')}", "a{b:image('N')}"),
    ("a{b:image-set('x' 1x, \"x\" 2x, url(x) 3x)}", "a{b:image-set('N' 1x, \"N\" 2x, url(N) 3x)}"),
    ("a{b:-webkit-image-set('x' 1x)}", "a{b:-webkit-image-set('N' 1x)}"),
    ("a{b:image-set('x' type('image/png'))}", "a{b:image-set('N' type('image/png'))}"),
    ("a{b:image-set(( 'x' ) 'x')}", "a{b:image-set(( 'x' ) 'N')}"),
    ("@import 'x';", "@import 'N';"),
    ("@IMPORT/**/'x' layer(l) supports(a:'b') screen;", "@IMPORT/**/'N' layer(l) supports(a:'b') screen;"),
    ("@import url(x);@import url('x');", "@import url(N);@import url('N');"),
    ("@font-face{src:local('x'),url(x) format('woff2')}", "@font-face{src:local('x'),url(N) format('woff2')}"),
    (":root{--a:url(x)}", ":root{--a:url(N)}"),
    ("a{b:cross-fade(url(x),url(x))}", "a{b:cross-fade(url(N),url(N))}"),
    # not URLs
    ("/* url(x) @import 'x'; */", "/* url(x) @import 'x'; */"),
    ("a{content:'url(x)'}", "a{content:'url(x)'}"),
    ("a{content:\"\\\"url(x)\"}", "a{content:\"\\\"url(x)\"}"),
    ("@namespace 'x';@namespace s url(x);a{b:url(x)}", "@namespace 'x';@namespace s url(x);a{b:url(N)}"),
    ("@namespace s url('x');", "@namespace s url('x');"),
    ("@-moz-document url(x){a{b:url(x)}}", "@-moz-document url(x){a{b:url(N)}}"),
    ("@charset 'x';", "@charset 'x';"),
    ("a[href='x']{}", "a[href='x']{}"),
    ("a{b:notaurl(x)}", "a{b:notaurl(x)}"),
    ("a{b:url(x y)}", "a{b:url(x y)}"),  # bad
    ("a{b:url()}", "a{b:url()}"), ("a{b:url('')}", "a{b:url('')}"),
    ("/*# sourceMappingURL=x */", "/*# sourceMappingURL=x */"),
])  # fmt: skip
def test_what_is_a_url_is_decided_by_the_grammar(text, expected):
    assert rewrite_urls(text, lambda url: "N" if url == "x" else "WRONG") == expected


@pytest.mark.parametrize("text, expected", [
    (r"url(a\ b\).png)", r"url(/a\ b\).png)"),
    ("url('it\\'s.png')", "url('/it\\'s.png')"),
    ('url("it\'s.png")', 'url("/it\'s.png")'),
    ("url(é.png)", "url(/é.png)"),
    ("url(a\\\\b)", "url(/a\\\\b)"),
    ("@import 'a\\a b'", "@import '/a\\a b'"),
])  # fmt: skip
def test_a_new_url_is_escaped_as_its_token_needs(text, expected):
    assert rewrite_urls(text, lambda url: "/" + url) == expected


@over("url, source, output, expected", [
    ("a.png", "/s/css/a.css", "/s/out.css", "css/a.png"),
    ("a.png", "/s/css/a.css", "/s/gen/out.css", "../css/a.png"),
    ("../img/a.png", "/s/css/a.css", "/s/out.css", "img/a.png"),
    ("./a.png", "/s/css/a.css", "/s/out.css", "css/a.png"),
    ("./a.png", "/s/css/a.css", "/s/css/out.css", "./a.png"),  # the same directory: as it is
    ("a.png?v=1&b#frag", "/s/css/a.css", "/s/out.css", "css/a.png?v=1&b#frag"),
    ("a.png?x=../b", "/s/css/a.css", "/s/out.css", "css/a.png?x=../b"),
    ("a.svg#../x", "/s/css/a.css", "/s/out.css", "css/a.svg#../x"),
    ("?x", "/s/css/a.css", "/s/out.css", "css/a.css?x"),  # the style sheet itself
    ("../../../../a.png", "/s/css/a.css", "/s/out.css", "../a.png"),  # nothing is above the root
    ("dir/", "/s/css/a.css", "/s/out.css", "css/dir/"),
    (".", "/s/css/a.css", "/s/css/x/out.css", "../"),
    ("..", "/s/css/a.css", "/s/out.css", "./"),
    ("a%20b.png", "/s/c%20d/a.css", "/s/out.css", "c%20d/a%20b.png"),
    ("%2E%2e/a.png", "/s/css/a.css", "/s/out.css", "a.png"),  # a dot segment all the same
    ("a//b.png", "/s/css/a.css", "/s/out.css", "css/a//b.png"),
    ("../a:b.png", "/s/css/a.css", "/s/out.css", "./a:b.png"),  # 'a:' is no scheme
    (" a.png\n", "/s/css/a.css", "/s/out.css", "css/a.png"),
    ("..\\img\\a.png", "/s/css/a.css", "/s/out.css", "img/a.png"),
    ("a.png", "https://cdn.example.com/x/a.css", "/s/out.css", "https://cdn.example.com/x/a.png"),
    ("../a.png?1", "//cdn.example.com/x/a.css", "/s/out.css", "//cdn.example.com/a.png?1"),
    ("a.png", "https://cdn.example.com/x/a.css", "https://cdn.example.com/out.css", "x/a.png"),
    ("a.png", "/s/a.css", "https://cdn.example.com/out.css", "/s/a.png"),
    # never touched
    *[(url, "/s/css/a.css", "/s/out.css", url) for url in (
        "/a.png", "//h/a.png", "http://h/a.png", "HTTPS://h/a", "data:image/png;base64,AA==", "blob:x", "#id",
        "about:blank", "\\a.png", " /a.png", "",
    )],
])  # fmt: skip
def test_a_moved_url_leads_to_the_same_place(url, source, output, expected):
    assert moved_url(url, source, output) == expected


names = st.lists(st.sampled_from(["a", "b", "c", "..", ".", "d.png"]), min_size=1, max_size=6).map("/".join)
places = st.lists(st.sampled_from(["s", "css", "x", "gen"]), min_size=1, max_size=4).map(
    lambda p: f"/{'/'.join(p)}/f.css"
)


@given(names, places, places)
def test_a_browser_finds_the_same_file_by_the_moved_url(url, source, output):
    base = "http://h"
    assert urljoin(base + output, moved_url(url, source, output)) == urljoin(base + source, url)


@pytest.mark.parametrize("url, relative", [("a", True), ("?a", True), ("a:b", False), ("1:b", True), ("./a:b", True)])
def test_what_depends_on_where_it_stands_is_relative(url, relative):
    assert is_relative(url) is relative


def test_the_filter_takes_the_urls_it_is_told():
    kw = {"source_url": "/s/css/a.css", "output_url": "/s/out.css"}
    assert run("cssrewrite", b"\xef\xbb\xbfa { b: url(x.png) }\r\n", **kw) == b"a { b: url(css/x.png) }\r\n"


@pytest.mark.parametrize("mapping, source, expected", [
    ({}, "css/a.css", "url(../css/x.png)"),
    ({"js": "/j"}, "js/a.css", "url(../../j/x.png)"),
    ({"js": "https://cdn.example.com/j/"}, "js/deep/a.css", "url(https://cdn.example.com/j/deep/x.png)"),
    ({"js": "/j", "js/deep": "/d"}, "js/deep/a.css", "url(../../d/x.png)"),  # the deepest directory
    ({"js": "/j"}, "js2/a.css", "url(../js2/x.png)"),  # 'js2' is not in 'js'
    ({}, "with space/a.css", "url(../with%20space/x.png)"),
])  # fmt: skip
def test_without_them_it_finds_them_by_the_published_directories(mapping, source, expected, tmp_path):
    context = Context(tmp_path, {str(tmp_path / directory): url for directory, url in mapping.items()})
    kw = {"source_path": str(tmp_path / source), "output_path": str(tmp_path / "gen/out.css")}
    assert run("cssrewrite", b"url(x.png)", context, **kw) == expected.encode()


def test_a_source_without_url_stays_as_it_is_with_a_warning_that_names_file_and_url(tmp_path):
    kw = {"source_path": "/elsewhere/a.css", "output_path": str(tmp_path / "out.css")}
    with pytest.warns(FilterWarning, match=r"/elsewhere/a.css: cssrewrite: 'x.png' stays as it is"):
        assert run("cssrewrite", b"url(x.png) url(/y)", Context(tmp_path), **kw) == b"url(x.png) url(/y)"
    assert run("cssrewrite", b"url(/y)", Context(tmp_path), **kw) == b"url(/y)"  # nothing to warn of


@pytest.mark.parametrize("replace, text, expected", [
    ({"old": "/new"}, "url(../old/a.png)", "url(/new/a.png)"),
    ({"old/": "/new/"}, "url(../old/a.png?q#f)", "url(/new/a.png?q#f)"),
    ({"old": "https://cdn.example.com"}, "url('../old/x/a.png')", "url('https://cdn.example.com/x/a.png')"),
    ({"old": "/new"}, "url(../older/a.png)", "url(../older/a.png)"),  # by directory, not by characters
    ({"old": "/new"}, "url(/static/old/a.png)", "url(/new/a.png)"),
    ({"old": "/new"}, "url(http://h/static/old/a.png)", "url(http://h/static/old/a.png)"),
    ({"old": "/one", "old/x": "/two"}, "url(../old/x/a.png)", "url(/one/x/a.png)"),  # the first that holds it
    ({"": "/all"}, "url(a.png)", "url(/all/css/a.png)"),
    (lambda url: url.upper(), "url(a.png) /* url(b) */", "url(A.PNG) /* url(b) */"),
    (lambda url: None, "url(a.png)", "url(a.png)"),
])  # fmt: skip
def test_replace_is_another_rule(replace, text, expected, tmp_path):
    kw = {"source_path": str(tmp_path / "css/a.css"), "output_path": str(tmp_path / "out.css")}
    assert run(get_filter("cssrewrite", replace=replace), text.encode(), Context(tmp_path), **kw) == expected.encode()


def test_replace_is_a_mapping_or_a_function():
    with pytest.raises(FilterError, match="a mapping or a function was expected"):
        get_filter("cssrewrite", replace="old")


def test_equal_sources_in_two_directories_have_two_cache_keys():
    bound = get_filter("cssrewrite").bind(Context("/d"))
    one = bound.get_additional_cache_keys(source_url="/s/a/x.css", output_url="/s/o.css")
    assert one != bound.get_additional_cache_keys(source_url="/s/b/x.css", output_url="/s/o.css")
    assert one != bound.get_additional_cache_keys(source_url="/s/a/x.css", output_url="/s/gen/o.css")


@pytest.mark.parametrize("piece", ["url(\\", "'\\", '"', "a(", "/*", "@import", "\\", "url(a ", "-", "url('", "<!-"])
def test_hostile_css_of_any_length_is_left_as_it_is(piece):
    text = piece * (60_000 // len(piece))
    assert rewrite_urls(text, lambda url: url) == text


def every_spot(text):
    """What `spots` finds, of every token of the text."""
    functions, naming = (
        {"url", "src", "image", "image-set", "-webkit-image-set"},
        {"namespace", "document", "-moz-document"},
    )
    around, expecting, at = [], "", 0
    for kind, token in tokens(text):
        start, at = at, at + len(token)
        if kind == "comment":
            yield "comment", start, at
        if kind in ("whitespace", "comment"):
            continue
        in_function = expecting == "import" or around[-1:] == ["url("]
        if expecting != "name" and (kind == "url" or (kind == "string" and in_function)):
            yield kind, start, at
        name = unescaped(token.strip("@("))
        name = name.lower() if name.isascii() else name
        if kind == "function":
            around.append("url(" if name in functions else "(")
        elif kind == "delim" and token in "([{":
            around.append(token)
        elif kind == "delim" and token in ")]}" and around and "([{".index(around[-1][-1]) == ")]}".index(token):
            around.pop()
        if kind == "at-keyword":
            expecting = "import" if name == "import" else "name" if name in naming else ""
        elif expecting != "name" or (kind == "delim" and token in ";{"):
            expecting = ""


@examples(400)
@given(sheets)
@example("<!--url(a)")
@example("<!--\\75rl(a)")
@example("@namespace ((url('a'{'b')")
@example("@\\69mport /*a*/ 'b'")
@example("\u212a.URL(a) -web\u212ait-image-set('a')")  # the Kelvin sign is no letter of CSS
@example("1url(a) #url(a) @url(a) .url(a) +1.url(a)")
def test_what_is_passed_over_holds_no_url(text):
    assert list(spots(text)) == list(every_spot(text))


@pytest.mark.parametrize("piece", [
    "url(", "\\", "a\\", "@import ", "@import/*", "@namespace ", "<!--", "image(", "(", "a", "-", "/*", "url('"
])  # fmt: skip
def test_looking_for_urls_takes_as_many_steps_as_a_text_is_long(piece):
    steps = 0

    def counting(frame, event, arg):
        nonlocal steps
        steps += 1

    taken = []
    for length in (500, 1000):
        text, steps = piece * length + "\\", 0
        sys.setprofile(counting)
        try:
            list(spots(text))
        finally:
            sys.setprofile(None)
        taken.append(steps)
    assert taken[1] <= 2 * taken[0] + 50
