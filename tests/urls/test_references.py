"""What an asset refers to: each form that a style sheet and a module have, with its place."""

import pytest

from assetzcml.urls.references import path_of, references


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
        ("import(name); import('./a' + b)", ["./a"]),
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
