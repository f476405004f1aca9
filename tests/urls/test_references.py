"""What an asset refers to: each form that a style sheet and a module have, with its place."""

import json

import pytest

from assetzcml.urls.references import everything, path_of, references, rewritten


def found(name, text):
    return [(each.url, each.line, each.column) for each in references(name, text)]


@pytest.mark.parametrize(
    "text, urls",
    [
        ("a { b: url(c.png) }", ["c.png"]),
        ("a { b: url( 'c.png' ) }", ["c.png"]),
        ("@import 'c.css' layer(x) supports(display: grid);", ["c.css"]),
        ("@import url(c.css);", ["c.css"]),
        ("a { b: image-set('c.png' 1x, url(d.png) 2x) }", ["c.png", "d.png"]),
        ("a { b: url(c\\.png) }", ["c.png"]),
        ("/* url(c.png) */ a { b: 'url(d.png)' }", []),
        ("a { b: url(data:image/png;base64,x) url(//h/c.png) url(/c.png) url(#c) url(https://h/c) url() }", []),
        ("@font-face { src: url(font.eot?#iefix) }", ["font.eot?#iefix"]),
        ("@namespace x 'c.css';", []),
        ("a { b: url(c.png", ["c.png"]),
    ],
)
def test_a_style_sheet_refers_to_what_a_browser_would_fetch(text, urls):
    assert [url for url, _, _ in found("a.css", text)] == urls


@pytest.mark.parametrize(
    "text, urls",
    [
        ("import './a.js'", ["./a.js"]),
        ("import {a as b} from '../a.js';", ["../a.js"]),
        ('export * from "./a.js"', ["./a.js"]),
        ("const a = await import('./a.js')", ["./a.js"]),
        ("import(name); import('./a' + b)", []),
        ("import('./a', {with: {type: 'json'}})", ["./a"]),
        ("new URL('./a.wasm', import.meta.url); new URL('./b', location); new URL('./c')", ["./a.wasm"]),
        ("new Worker(new URL('w.js', import.meta.url), {type: 'module'})", ["w.js"]),
        ("new Worker('w.js')", []),  # that is relative to the page
        ("import.meta.resolve('./a.js'); b.import('./b.js'); b.from('./c.js')", ["./a.js"]),
        ("let a;\n//# sourceMappingURL=a.js.map\n", ["a.js.map"]),
        ("let a = '//# sourceMappingURL=a.js.map'", []),
        ("import a from './a.json' with {type: './b.js'}", ["./a.json"]),
        ("import a from 'bare'; import b from 'https://h/b.js'; import c from '/c.js'", []),
        ("// import './a.js'\nlet b = \"import './a.js'\"; /import '.\\/a.js'/", []),
        ("const from = './a.js'; f(`from ${'./a.js'}`)", []),
        ("let a = /", []),
    ],
)
def test_a_module_refers_to_what_it_imports_and_exports_again(text, urls):
    assert [url for url, _, _ in found("a.js", text)] == urls
    assert [url for url, _, _ in found("a.mjs", text)] == urls


def test_a_reference_has_the_line_and_column_of_its_token():
    assert found("a.css", "a {}\n\n  @import 'b.css';\n") == [("b.css", 3, 11)]
    assert found("a.js", "\r\nimport a from './b.js'") == [("./b.js", 2, 15)]


def test_other_files_refer_to_nothing():
    assert found("a.txt", "url(b.png) import './b.js'") == []


@pytest.mark.parametrize(
    "url, parts",
    [
        ("a/b.css", ("a", "b.css")),
        ("./a%20b.css?x#y", ("a b.css",)),
        ("..\\a.css", ("..", "a.css")),
        ("?x", None),
        ("#x", None),
    ],
)
def test_a_reference_leads_by_its_path(url, parts):
    assert path_of(url) == parts


def kinds(name, text):
    return [(each.url, each.kind) for each in everything(name, text)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("<link rel=stylesheet href=a.css>", [("a.css", "file")]),
        ("<LINK REL='icon' HREF = 'i.png'>", [("i.png", "file")]),
        ("<link rel=canonical href=/x><link rel=preconnect href=//h><link href=x>", [("/x", "page")]),
        (
            "<link rel=modulepreload href=m.js><script type=module src=n.js></script>",
            [("m.js", "module"), ("n.js", "module")],
        ),
        ("<img src='a&amp;b.png' alt=x src=no>", [("a&b.png", "file")]),
        (
            "<img srcset='a.png 1x, b(1).png 2x,data:x,y 3x'>",
            [("a.png", "file"), ("b(1).png", "file"), ("data:x,y", "file")],
        ),
        (
            "<video src=a poster=b><source src=c></video><audio src=d><track src=e>",
            [(each, "file") for each in "abcde"],
        ),
        ("<a href=p>x</a><form action=q></form><iframe src=r></iframe>", [(each, "page") for each in "pqr"]),
        ("<!-- <img src=no> --><textarea><img src=no></textarea><title><img src=no></title>", []),
        (
            "<script>let a = '<img src=no>'; import('./a.js')</script><img src=b>",
            [("./a.js", "dynamic"), ("b", "file")],
        ),
        ("<script type=importmap>{\"imports\": {}}</script><script type=text/x>import './no'</script>", []),
        ("<style>a { b: url(c.png) }</style><p style=\"d: url('e.png')\">", [("c.png", "file"), ("e.png", "file")]),
        ("<base href=/x/><img src=a>", []),
        ("<img src=", []),
        ("<img src='a", []),
        ("<p data-src=no title='<img src=no>'>", []),
    ],
)
def test_a_page_refers_to_what_a_browser_would_fetch_and_to_where_people_go(text, expected):
    assert kinds("a.html", text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("<image href='a.png'/><svg:image xlink:href='b.png'/>", [("a.png", "file"), ("b.png", "file")]),
        ("<use href='#x'/><use href='s.svg#x'/>", [("#x", "file"), ("s.svg#x", "file")]),
        ("<?xml-stylesheet href='a.css'?><svg/>", [("a.css", "file")]),
        ("<style><![CDATA[ a { b: url(c.png) } ]]></style>", [("c.png", "file")]),
        ("<rect fill='url(#g)' mask=\"url('m.svg#k')\"/>", [("#g", "file"), ("m.svg#k", "file")]),
        ("<script/><image href='a.png'/>", [("a.png", "file")]),
        ("<![CDATA[ <image href='no'/> ]]><!-- <image href='no'/> -->", []),
    ],
)
def test_a_picture_refers_to_others(text, expected):
    assert kinds("a.svg", text) == expected


def test_a_web_manifest_refers_to_pictures_and_pages():
    text = """{"name": "icons", "icons": [{"src": "i.png", "sizes": "1x1"}, {"src": "\\u006a.png"}], "src": "no",
    "shortcuts": [{"url": "p", "icons": [{"src": "k.png"}]}], "start_url": "."}"""
    assert kinds("site.webmanifest", text) == [
        ("i.png", "file"),
        ("j.png", "file"),
        ("p", "page"),
        ("k.png", "file"),
        (".", "page"),
    ]
    assert kinds("site.webmanifest", text[:-1]) == []


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("a.css", "a{b:url(c.png)} /*# sourceMappingURL=d.map */", "a{b:url(v/c.png)} /*# sourceMappingURL=v/d.map */"),
        ("a.js", "import './b.js'\n//# sourceMappingURL=d.map", "import './b.js'\n//# sourceMappingURL=v/d.map"),
        ("a.html", "<img src=c.png srcset='d 1x, e 2x'>", "<img src=v/c.png srcset='v/d 1x, v/e 2x'>"),
        (
            "a.html",
            "<p style='a:url(\"b\")'><style>c{d:url(e)}</style>",
            "<p style='a:url(\"v/b\")'><style>c{d:url(v/e)}</style>",
        ),
        ("a.svg", '<image href="a.png"/>', '<image href="v/a.png"/>'),
        ("a.webmanifest", '{"icons": [{"src": "i.png"}]}', '{"icons": [{"src": "v/i.png"}]}'),
        ("a.txt", "url(a)", "url(a)"),
    ],
)
def test_a_text_is_the_same_with_other_references(name, text, expected):
    assert rewritten(name, text, lambda url, kind: None) == text
    assert rewritten(name, text, lambda url, kind: f"v/{url}") == expected


def test_what_a_reference_is_replaced_by_is_quoted_as_its_place_asks():
    new = "a b&'\"<c"
    for before in ("<img src=x>", "<img src='x'>", '<img src="x">', "<link rel=icon href=x title=y>"):
        after = rewritten("a.html", before, lambda url, kind: new)
        assert [each.url for each in everything("a.html", after)] == [new], after
    assert (
        json.loads(rewritten("a.webmanifest", '{"icons": [{"src": "x"}]}', lambda url, kind: new))["icons"][0]["src"]
        == new
    )


@pytest.mark.parametrize(
    "text", ["<" * 100_000, "<a " * 30_000, "<img srcset='" + "," * 100_000, "<!--" * 30_000, "<style>" * 30_000]
)
@pytest.mark.parametrize("name", ["a.html", "a.svg"])
def test_a_hostile_document_costs_linear_time(name, text):
    assert list(everything(name, text)) == []
