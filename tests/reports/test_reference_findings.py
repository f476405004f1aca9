"""Findings about what published files say of each other."""

import pytest

from checking import check_site

DIGEST = '<staticView name="static" path="mine:static"/><cacheBuster path="mine:static" digest="sha256"/>'
TREE = DIGEST.replace("digest", "tree")
FILES = {
    "mine/static/css/app.css": "@import 'more.css';\nbody { background: url(../img/bg.svg?1) url(#a) }",
    "mine/static/css/more.css": "x",
    "mine/static/img/bg.svg": "x",
    "mine/static/main.js": "import './state.js'; import('./none.js')",
    "mine/static/state.js": "x()",
}


def found(tmp_path, text, files):
    return [
        (each.code, each.origin.file.rpartition("/")[2], each.origin.line, each.origin.column)
        for each in check_site(tmp_path, text, files)[1]
        if each.code in ("A043", "A044", "A045", "A062", "A064")
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


def test_what_an_override_supplies_is_there_and_what_leaves_the_view_is_told(tmp_path):
    text = TREE + '<asset to_override="mine:static/img/" override_with="mine:other/"/>'
    files = {
        "mine/static/a.css": "a { b: url(../outside.png) url(img/c.png) }",
        "mine/static/img/x": "",
        "mine/other/c.png": "x",
    }
    assert found(tmp_path, text, files) == [("A062", "a.css", 1, 8)]


SPLIT = TREE + '<cacheBuster path="mine:static/vendor" tree="sha256"/>'


@pytest.mark.parametrize(
    "text, files, expected",
    [
        # what begins with a slash carries no version
        (TREE, {"a.css": "a{b:url(/static/c.png)}", "c.png": "x"}, [("A062", "a.css", 1, 5)]),
        (TREE, {"a.js": "import '/static/b.js'", "b.js": "x()"}, [("A064", "a.js", 1, 8)]),
        (TREE, {"a.css": "a{b:url(/elsewhere/c.png)}"}, []),  # it is the application's
        (DIGEST, {"a.js": "import '/static/b.js'", "b.js": "x()"}, [("A044", "a.js", 1, 8)]),
        # from one tree into another
        (SPLIT, {"a.css": "a{b:url(vendor/c.png)}", "vendor/c.png": "x"}, [("A062", "a.css", 1, 5)]),
        (SPLIT, {"a.js": "import './vendor/b.js'", "vendor/b.js": "x()"}, [("A064", "a.js", 1, 8)]),
        (SPLIT, {"vendor/a.js": "import './b.js'", "vendor/b.js": "x()"}, []),
        # out of the view
        (TREE, {"a.css": "a{b:url(../c.png)}"}, [("A062", "a.css", 1, 5)]),
        (TREE, {"a.css": "a{b:url(../../c.png)}"}, [("A062", "a.css", 1, 5)]),
        (TREE, {"deep/a.css": "a{b:url(../c.png)}", "c.png": "x"}, []),
        # other languages
        (
            TREE,
            {"a.html": "<img src=none.png><a href=none>x</a><img src=c.png>", "c.png": "x"},
            [("A045", "a.html", 1, 10)],
        ),
        (TREE, {"a.svg": "<image href='none.png'/>"}, [("A045", "a.svg", 1, 14)]),
        (TREE, {"a.webmanifest": '{"icons":[{"src":"none.png"}],"start_url":"/"}'}, [("A045", "a.webmanifest", 1, 18)]),
        (TREE, {"a.js": "new URL('./none.wasm', import.meta.url)"}, [("A045", "a.js", 1, 9)]),
        (DIGEST, {"a.js": "new Worker(new URL('./w.js', import.meta.url))", "w.js": "x()"}, [("A044", "a.js", 1, 20)]),
        (TREE, {"a.js": "//# sourceMappingURL=none.map"}, []),
        (TREE, {"a.js": "import 'react'; import 'https://h/x.js'"}, []),
        # modules that are declared: the page has an import map
        (
            DIGEST + '<module name="b" path="mine:static/b.js"/>',
            {"a.js": "import './b.js'; import 'b'", "b.js": "x()", "a.css": "@import 'c.css'", "c.css": "x"},
            [("A044", "a.css", 1, 9)],
        ),
    ],
)
def test_each_way_in_which_a_reference_goes_wrong_is_told_once(tmp_path, text, files, expected):
    assert found(tmp_path, text, {f"mine/static/{name}": content for name, content in files.items()}) == expected


def test_circles_of_imports_are_no_trouble(tmp_path):
    files = {"mine/static/a.js": "import './b.js'", "mine/static/b.js": "import './a.js'"}
    assert found(tmp_path, TREE, files) == []


def test_explain_tells_what_an_asset_refers_to_and_what_refers_to_it(package):
    from assetzcml import AssetRegistry, TreeCacheBuster

    files = {
        "static/app.css": "@import 'more.css';\na { b: url(img/c.png) url(none.png) }",
        "static/more.css": "x",
        "static/img/c.png": "x",
        "static/index.html": "<link rel=stylesheet href=app.css>",
    }
    shop = package(files)
    made = AssetRegistry()
    made.add_static_view("static", f"{shop}:static")
    made.add_cache_buster(f"{shop}:static", TreeCacheBuster())
    told = made.explain(f"{shop}:static/app.css").as_dict()
    assert [(each["spec"], each["origin"]["line"], each["origin"]["column"]) for each in told["refers_to"]] == [
        (f"{shop}:static/more.css", 1, 9),
        (f"{shop}:static/img/c.png", 2, 8),
        (f"{shop}:static/none.png", 2, 23),
    ]
    assert [(each["spec"], each["kind"]) for each in told["referred_to_by"]] == [(f"{shop}:static/index.html", "file")]
    text = str(made.explain(f"{shop}:static/more.css"))
    assert "referred by" in text
    assert "static/app.css:1:9" in text


def test_of_many_files_explain_reads_the_nearest_and_counts_those_that_it_has_not_read(package, monkeypatch):
    from assetzcml import AssetRegistry
    from assetzcml.reports import references

    files = {f"static/far/{number}.css": "@import '../near/app.css';" for number in range(5)}
    shop = package(
        {**files, "static/near/app.css": "x", "static/near/z.css": "@import 'app.css';", "static/a.png": "x"}
    )
    made = AssetRegistry()
    made.add_static_view("static", f"{shop}:static")
    assert len(made.explain(f"{shop}:static/near/app.css").referred) == 6
    monkeypatch.setattr(references, "MOST_READ", 50)
    told = made.explain(f"{shop}:static/near/app.css")
    assert [str(each.spec) for each in told.referred] == [f"{shop}:static/near/z.css", f"{shop}:static/far/0.css"]
    assert told.as_dict()["not_looked_for_references_in"] == 4
    assert "not looked for in 4 more files; assetzcml check reads all" in str(told)


def test_a_file_named_like_a_version_is_warned_of_when_it_is_loaded(package):
    from assetzcml import AssetRegistry, ConfigurationWarning, TreeCacheBuster

    shop = package({"static/~0123456789ab/app.css": "x", "static/~no/app.css": "x"})
    made = AssetRegistry()
    made.add_static_view("static", f"{shop}:static")
    with pytest.warns(ConfigurationWarning, match="'.*:static/~0123456789ab' is named like a version"):
        made.add_cache_buster(f"{shop}:static", TreeCacheBuster())


@pytest.mark.parametrize("strip, codes", [("", ["A043"]), ("\n\nRelease.strip = lambda self, subpath: None", [])])
def test_a_path_buster_that_cannot_undo_itself_is_found(tmp_path, strip, codes):
    code = f"class Release:\n    def __call__(self, request, subpath, kw):\n        return 'v1/' + subpath, kw{strip}\n"
    text = (
        '<staticView name="static" path="mine:static"/><cacheBuster path="mine:static" factory="mine.busters.Release"/>'
    )
    files = {"mine/busters.py": code, "mine/static/a.css": "x"}
    assert [each[0] for each in found(tmp_path, text, files)] == codes
