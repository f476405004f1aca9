"""Findings about what published files say of each other."""

import pytest

from checking import check_site

DIGEST = '<staticView name="static" path="mine:static"/><cacheBuster path="mine:static" digest="sha256"/>'
TREE = DIGEST.replace("digest", "tree")
FILES = {
    "mine/static/css/app.css": "@import 'more.css';\nbody { background: url(../img/bg.svg?1) url(#a) }",
    "mine/static/css/more.css": "",
    "mine/static/img/bg.svg": "",
    "mine/static/main.js": "import './state.js'; import('./none.js')",
    "mine/static/state.js": "",
}


def found(tmp_path, text, files):
    return [
        (each.code, each.origin.file.rpartition("/")[2], each.origin.line, each.origin.column)
        for each in check_site(tmp_path, text, files)[1]
        if each.code in ("A043", "A044", "A045")
    ]


def test_under_a_digest_each_reference_that_is_plain_is_named_with_its_place(tmp_path):
    assert sorted(found(tmp_path, DIGEST, FILES)) == [
        ("A044", "app.css", 1, 9),
        ("A044", "app.css", 2, 20),
        ("A044", "main.js", 1, 8),
        ("A045", "main.js", 1, 29),
    ]


def test_under_a_tree_only_what_leads_to_nothing_is(tmp_path):
    assert found(tmp_path, TREE, FILES) == [("A045", "main.js", 1, 29)]


def test_what_leaves_the_view_and_what_an_override_supplies_is_let_pass(tmp_path):
    text = TREE + '<asset to_override="mine:static/img/" override_with="mine:other/"/>'
    files = {
        "mine/static/a.css": "a { b: url(../outside.png) url(img/c.png) }",
        "mine/static/img/x": "",
        "mine/other/c.png": "",
    }
    assert found(tmp_path, text, files) == []


@pytest.mark.parametrize("strip, codes", [("", ["A043"]), ("\n\nRelease.strip = lambda self, subpath: None", [])])
def test_a_path_buster_that_cannot_undo_itself_is_found(tmp_path, strip, codes):
    code = f"class Release:\n    def __call__(self, request, subpath, kw):\n        return 'v1/' + subpath, kw{strip}\n"
    text = (
        '<staticView name="static" path="mine:static"/><cacheBuster path="mine:static" factory="mine.busters.Release"/>'
    )
    files = {"mine/busters.py": code, "mine/static/a.css": ""}
    assert [each[0] for each in found(tmp_path, text, files)] == codes
