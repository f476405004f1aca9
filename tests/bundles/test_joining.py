"""Sources that are joined stay the programs and the style sheets they are."""

import shutil
import subprocess
import warnings

import pytest

from assetzcml import load_zcml
from assetzcml.bundles import BuildError, BundleWarning, Filter
from documents import document

NODE = shutil.which("node")


@pytest.fixture
def merged(site):
    """A function that writes files and gives what the bundle of them is, as text."""

    def merge(files, filters=None, output="gen/out.js", contents=None):
        for name, text in files.items():
            site.write(name, text)
        bundle = site.environment(cache=False).register("x", *(contents or files), filters=filters, output=output)
        return bundle.build(force=True)[0].data().decode()

    return merge


@pytest.fixture
def css(merged):
    """The same for style sheets; what is not among *contents* is only there."""

    def merge(files, *contents, filters=None):
        return merged(files, filters, "gen/out.css", contents or [name for name in files if "/" not in name])

    return merge


def runs(text):
    return subprocess.run([NODE, "-e", text], capture_output=True).returncode == 0


# D-26: in an output that is JavaScript, a statement ends with its file.


@pytest.mark.parametrize("files, expected", [
    (["var a", "var b"], "var a\n;\nvar b"), (["var a;", "var b"], "var a;\nvar b"), (["var a;\n", "b"], "var a;\n\nb"),
    (["a()\n", "(b)"], "a()\n\n;\n(b)"), (["a() // b;", "c"], "a() // b;\n;\nc"), (["a(); // b;", "c"], "a(); // b;\nc"),
    (["a(); /* b */", "c"], "a(); /* b */\nc"), (["a = ';'", "b"], "a = ';'\n;\nb"), (["// a", "b"], "// a\nb"),
    (["", "b"], "\nb"), (["(function () {", "a()", "})()"], "(function () {\na()\n;\n})()"),
    (["f(", "1)"], "f(\n1)"), (["x = [1", ", 2]"], "x = [1\n, 2]"), (["x = `a${", "b}`"], "x = `a${\nb}`"),
    (["<b>", "a"], "<b>\n;\na"), ([b"'\xff'", "a"], None), (["a", "b", "c"], "a\n;\nb\n;\nc"),
    (["#!/bin/a\nb", "#!/bin/c\nd"], "#!/bin/a\nb\n;\n\nd"),
    (["'use strict'\na", "'use strict'\nb"], "'use strict'\na\n;\n'use strict'\nb"),
])  # fmt: skip
@pytest.mark.parametrize("extension", ["js", "mjs", "cjs", "%(version)s.js"])
def test_a_statement_ends_with_its_file(files, expected, extension, site):
    names = [f"{number}.js" for number in range(len(files))]
    for name, text in zip(names, files, strict=True):
        site.write(name, text)
    (built,) = site.environment().register("x", *names, output=f"gen/out.{extension}").build()
    assert built.data() == (expected.encode() if expected is not None else b"'\xff'\n;\na")


@pytest.mark.whole
@pytest.mark.parametrize("filters", [None, "jsmin"])
@pytest.mark.parametrize("one, two", [
    ("var f = function () {}\n", "(function () {})()\n"), ("var x = undefined\n", "[0].forEach(function () {})\n"),
    ("(function () {})(1)\n", "(function () {})(2)\n"), ("var a = 1 // one", "`two`"), ("let a = b => {}", "/c/.test('')"),
])  # fmt: skip
def test_scripts_that_run_alone_run_joined(one, two, filters, merged):
    if NODE is None:
        pytest.skip("there is no node on the path")
    assert runs(one)
    assert runs(two)
    assert runs(merged({"one.js": one, "two.js": two}, filters))


def test_bundles_inside_are_joined_by_the_same_law(site):
    environment = site.environment()
    environment.register("in", "a.js", "b.js")
    site.write("a.js", "a")
    site.write("b.js", "b")
    site.write("c.js", "c")
    (built,) = environment.register("x", environment["in"], "c.js", output="x.js").build()
    assert built.data() == b"a\n;\nb\n;\nc"


def test_what_is_no_javascript_is_joined_by_a_newline_only(merged):
    assert merged({"a.txt": "a", "b.txt": "b"}, output="x.txt") == "a\nb"
    assert merged({"a.css": "a{}", "b.css": "b{}"}, output="x.css") == "a{}\nb{}"


@pytest.mark.parametrize("one, two, told", [
    ("'use strict'; a", "b", True), ("/* a */ \"use strict\"\na", "b", True), ("'a'; 'use strict'", "b", True),
    ("'use strict'", "'use strict'; b", False), ("(function () { 'use strict' })()", "b", False), ("'use strict'", "", False),
    ("'use strict'.length", "b", False), ("f('use strict')", "b", False), ("'use strict' + a", "b", False),
])  # fmt: skip
def test_a_use_strict_that_would_hold_for_others_is_told(one, two, told, merged):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert merged({"one.js": one, "two.js": two}).startswith(one)
    said = [str(warning.message) for warning in caught if warning.category is BundleWarning]
    assert len(said) == told
    assert all("one.js" in text and "two.js" in text and "put a script without it first" in text for text in said)


# D-28: a module that would be merged or moved is refused.

MODULES = [
    ("import { u } from './u.js';\nu()", 1, 1, "import"), ("f()\n  export const a = 1", 2, 3, "export"),
    ("new URL('./pic.svg', import.meta.url)", 1, 22, "import.meta"), ("f(() => import('./u.js'))", 1, 9, "import('./u.js')"),
    ("import './u.js'", 1, 1, "import"), ("export {}\nwith (a) b", 1, 1, "export"), ("export * from 'a'\n<!-- x", 1, 1, "export"),
]  # fmt: skip


@pytest.mark.parametrize("text, line, column, word", MODULES)
@pytest.mark.parametrize("beside", [True, False])
def test_a_module_that_would_be_merged_or_moved_is_an_error_that_names_the_ways_out(
    text, line, column, word, beside, merged, site
):
    files = {"js/a.js": text, "js/b.js": "b"} if beside else {"js/a.js": text}
    becomes = "merged with others" if beside else "moved to another directory"
    with pytest.raises(BuildError) as raised:
        merged(files)
    (problem,) = raised.value.problems
    assert (problem.origin.file, problem.origin.line, problem.origin.column) == (
        str(site.directory / "js/a.js"),
        line,
        column,
    )
    assert problem.message == f"bundle 'x': {word!r} would not work where the source is {becomes}"
    assert "without a bundle" in problem.hint
    assert "esbuild-bundle" in problem.hint
    assert "import map" in problem.hint


@pytest.mark.parametrize("text", [
    "f('import a from b')", "// import a from 'a'\nf()", "a.import()", "a = {export: 1}", "import('lodash')", "import('/u.js')",
    "import(name)", "`export const a = 1`", "/import('.')/.test(a)",
])  # fmt: skip
def test_a_script_that_only_looks_like_a_module_is_joined(text, merged):
    assert merged({"js/a.js": text, "js/b.js": "b"}) == f"{text}\n;\nb"


def test_a_module_that_stays_where_it_is_alone_is_none_of_our_business(merged):
    assert merged({"js/a.js": "import './u.js'"}, output="js/out.js") == "import './u.js'"


def test_what_a_filter_has_resolved_may_go_anywhere(merged):
    class Resolving(Filter):
        name, resolves_modules = "resolving", True

        def input(self, _in, out, **kw):
            out.write(_in.read())

    assert merged({"js/a.js": "export {}", "js/b.js": "b"}, [Resolving()]) == "export {}\n;\nb"


def test_what_a_filter_has_made_a_module_of_is_refused_too(merged):
    class ToModule(Filter):
        name = "to-module"

        def input(self, _in, out, **kw):
            out.write(b"export " + _in.read())

    with pytest.raises(BuildError, match=r"a\.js: bundle 'x': 'export' would not work"):
        merged({"js/a.js": "const a = 1", "js/b.js": "const b = 1"}, [ToModule()])


# D-29: the source map of a part is not that of the whole.


@pytest.mark.parametrize("text, rest", [
    ("var a = 1;\n//# sourceMappingURL=a.js.map\n", "var a = 1;\n"), ("var a;\n//@ sourceMappingURL=a.map", "var a;\n"),
    ("var a;\n//# sourceMappingURL=data:application/json;base64,e30=\n// end\n", "var a;\n// end\n"),
    ("var a; //# sourceMappingURL=a.map", "var a; "), ("var a;\n//# sourceMappingURL=a.map\nvar b;", "var a;\n\nvar b;"),
    ("f('//# sourceMappingURL=a.map');", "f('//# sourceMappingURL=a.map');"),
    ("f(`\n//# sourceMappingURL=a.map\n`);", "f(`\n//# sourceMappingURL=a.map\n`);"),
])  # fmt: skip
def test_a_script_that_is_merged_loses_its_reference_to_a_source_map(text, rest, merged):
    assert merged({"a.js": text, "b.js": "b"}) == f"{rest}\nb"


@pytest.mark.parametrize("text, rest", [
    ("a{b:c}\n/*# sourceMappingURL=a.css.map */", "a{b:c}\n"),
    ("a{b:'/*# sourceMappingURL=a */'}", "a{b:'/*# sourceMappingURL=a */'}"),
])  # fmt: skip
def test_a_style_sheet_that_is_merged_loses_its_reference_to_a_source_map(text, rest, css):
    assert css({"a.css": text, "b.css": "b{}"}) == f"{rest}\nb{{}}"


@pytest.mark.parametrize("url, output, stays", [
    ("a.js.map", "js/out.js", True), ("a.js.map", "gen/out.js", False), ("/js/a.js.map", "gen/out.js", True),
    ("https://cdn.test/a.js.map", "gen/out.js", True), ("data:,{}", "gen/out.js", True),
])  # fmt: skip
def test_a_source_that_moves_alone_keeps_a_reference_that_leads_to_the_same_place(url, output, stays, merged):
    text = f"a;\n//# sourceMappingURL={url}\n"
    assert merged({"js/a.js": text}, output=output) == (text if stays else "a;\n")


# D-27: what counts at the top of a style sheet only.


def test_an_imported_sheet_of_a_later_source_is_taken_in(css):
    files = {
        "a.css": "a{}\n", "b.css": "@charset 'utf-8';\n@import 'in/c.css';\n@import url(in/d.css?x#y);\nb{}",
        "in/c.css": "@import 'deep/e.css'; c{}", "in/d.css": "d{}", "in/deep/e.css": "e{background:url(e.png)}",
    }  # fmt: skip
    assert css(files).split() == ["a{}", "e{background:url(e.png)}", "c{}", "d{}", "b{}"]
    assert "url(../in/deep/e.png)" in css(files, filters="cssrewrite")


def test_an_imported_sheet_is_a_dependency(site, clock):
    site.write("a.css", "a{}")
    site.write("b.css", "@import 'c.css';\n@import 'later.css';")
    site.write("c.css", "c{}")
    bundle = site.bundle("a.css", "b.css", output="out.css")
    with pytest.warns(BundleWarning, match=r"later.css"):
        bundle.urls()
    (former,) = bundle.build()
    assert not former.changed
    site.replace("c.css", "d{}")
    with pytest.warns(BundleWarning, match="later.css"):
        assert b"d{}" in bundle.build()[0].data()
    site.write("later.css", "e{}")
    assert b"e{}" in bundle.build()[0].data()
    assert not bundle.build()[0].changed


def test_a_theme_overrides_an_imported_sheet(package, zcml, clock):
    shop = package({
        "static/a.css": "a{}", "static/b.css": "@import 'in/c.css';b{}", "static/in/c.css": "shop{}",
        "configure.zcml": document('<staticView name="static" path="static"/><environment directory="static"/>'
                                   '<bundle name="x" contents="a.css b.css" output="gen/x.css"/>'),
    })  # fmt: skip
    theme = package({"c.css": "@import 'more.css'; @import 'c.css'; theme{}", "x.css": "@import '../b.css'; circle{}"})
    registry = load_zcml(f"{shop}:configure.zcml")
    assert b"shop{}" in registry.environment.build()[0].data()
    registry.override_asset(f"{shop}:static/in/c.css", f"{theme}:c.css")
    registry.override_asset(f"{shop}:static/in/more.css", f"{theme}:x.css")
    (built,) = registry.environment.build()
    assert built.data().split() == [b"a{}", b"circle{}", b"theme{}", b"b{}"]
    assert not registry.environment.build()[0].changed


def test_a_protected_sheet_is_not_taken_in(package):
    shop = package({
        "__init__.py": "class Policy:\n    def permits(self, request, context, permission):\n        return False\n",
        "static/a.css": "a{}", "static/b.css": "@import 'in/c.css';", "static/in/c.css": "secret{}",
        "configure.zcml": document("""
          <permissionPolicy policy=".Policy"/>
          <staticView name="static" path="static"/>
          <staticView name="in" path="static/in" permission="view"/>
          <environment directory="static"/>
          <bundle name="x" contents="a.css b.css" output="gen/x.css"/>"""),
    })  # fmt: skip
    with pytest.warns(BundleWarning, match=r"b\.css:1:1: .*browsers ignore the @import of 'in/c\.css'"):
        (built,) = load_zcml(f"{shop}:configure.zcml").environment.build()
    assert b"secret" not in built.data()


@pytest.mark.parametrize("rule", [
    "@import url(in/c.css) print;", "@import 'in/c.css' layer(x);", "@import 'https://cdn.test/c.css';",
    "@import '/c.css';",
    "@import '//cdn.test/c.css';", "@import 'absent.css';", "@import 'in';", "@import url(data:text/css,a);",
    "@import '../../x.css';",
    "@IMPORT 'absent.css';", "@import '';", "@\\69mport 'absent.css';",
])  # fmt: skip
@pytest.mark.parametrize("filters", [None, "cssrewrite", "cssmin"])
def test_an_import_that_browsers_would_ignore_is_told_with_its_place(rule, filters, css, site):
    files = {"a.css": "a{}", "b.css": f"/* b */\n  {rule}\nb{{}}", "in/c.css": "c{}"}
    if filters == "cssmin":
        pytest.importorskip("lightningcss")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        css(files, filters=filters)
    (said,) = [str(warning.message) for warning in caught if warning.category is BundleWarning]
    assert said.startswith(f"{site.directory / 'b.css'}:2:3: bundle 'x': browsers ignore the @import of ")
    assert said.endswith("put this source first, or what it imports among the contents")


@pytest.mark.parametrize("first, own", [
    ("/* a */", "@layer c;"),
    ("@layer a, b;", "@layer c;"),
    ("@layer;@charset 'utf-8';", "@layer c;"),
    ("@import 'in/c.css';", ""),
    ("@charset 'utf-8';@layer a;@import 'x' print;", ""),
])  # fmt: skip
def test_an_import_stays_where_nothing_before_it_forbids_it(first, own, css):
    later = f"{own} @import 'in/c.css' layer(d); b{{}}"
    assert css({"a.css": first, "b.css": later, "in/c.css": "c{}"}) == f"{first}\n{later}"


# CSS Cascade 5, 2: nothing but another @import may stand between two of them, not even a @layer; so it is in browsers.
@pytest.mark.parametrize("first, later", [
    ("@import 'd.css';", "@layer c; @import 'in/c.css'; b{}"),
    ("@import 'd.css'; @layer c;", "@import 'in/c.css'; b{}"),
    ("@import 'd.css'; @layer c; @import 'dead.css';", "@import 'in/c.css'; b{}"),
])  # fmt: skip
def test_an_import_is_not_followed_where_a_layer_stands_between_it_and_another(first, later, css):
    made = css({"a.css": first, "b.css": later, "in/c.css": "c{}", "d.css": "d{}"}, "a.css", "b.css")
    assert made.split() == f"{first} {later}".replace("@import 'in/c.css';", "c{}").split()
    for conditions in (" print", " layer(d)", " supports(display: grid)"):
        told = later.replace(" b{}", "").replace("';", f"'{conditions};")
        with pytest.warns(BundleWarning, match=r"b\.css:1:\d+: .*browsers ignore the @import of 'in/c\.css'"):
            assert (
                css({"a.css": first, "b.css": told, "in/c.css": "c{}", "d.css": "d{}"}, "a.css", "b.css")
                == f"{first}\n{told}"
            )


@pytest.mark.parametrize("rule", [
    "@import 'c.css';", "@import url( c.css );", "@import url('c.css' );", "@IMPORT URL(\"c.css\") all;",
    "@import/**/'c.css'/**/;", "@import 'c.css' ALL;", "@\\69mport 'c.css';", "@import '\\63.css';", "@import'c.css';",
    "@import \\75rl(c.css);", "@import './in/../c.css';", "@import 'c%2Ecss';", "@import 'c\\\n.css';",
    "<!-- @import 'c.css'; -->",
])  # fmt: skip
def test_an_import_is_one_however_it_is_written(rule, css):
    made = css({"a.css": "a{}", "b.css": f"{rule}b{{}}", "c.css": "c{}"}, "a.css", "b.css")
    assert made.replace("<!--", "").replace("-->", "").split() == ["a{}", "c{}", "b{}"]


@pytest.mark.parametrize("rule", [
    "@import src('c.css');", "@import c.css;", "@import foo('c.css');", "@import 'c.css'}", "@import;",
    "@import 'c.css' x(;);",
])  # fmt: skip
def test_what_no_browser_imports_is_not_taken_in(rule, css):
    with pytest.warns(BundleWarning, match="browsers ignore the @import"):
        assert css({"a.css": "a{}", "b.css": f"{rule}b{{}}", "c.css": "c{}"}, "a.css", "b.css") == f"a{{}}\n{rule}b{{}}"


@pytest.mark.parametrize("text", [
    "q{}@import 'c.css';", "@media x{q{}}@import 'c.css';", "@page{}@import 'c.css';", "@keyframes x{}@import 'c.css';",
    "@layer p{q{}}@import 'c.css';", "@namespace 'x';q{}@import 'c.css';", "@media x{@import 'c.css';}",
    "@import 'c.css'{};", "}@import 'c.css';", ";@import 'c.css';", "/* @import 'c.css'; */",
    "q{content: \"@import 'c.css';\"}",
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*@namespace without a prefix")
def test_an_import_that_its_own_author_wrote_in_vain_stays_in_vain(text, css):
    assert css({"a.css": "a{}", "b.css": text, "c.css": "c{}"}, "a.css", "b.css") == f"a{{}}\n{text}"


@pytest.mark.parametrize("rule", [
    "@tailwind base;", "@theme{--a:b}", "@theme x(;{}){{q}r{;}}", "@CONFIG 'a';", "@theme{}@plugin 'a';", "@-moz-document{q{}}",
    "@a{}/* b */@c;", "@theme{'}'}",
])  # fmt: skip
def test_an_import_behind_a_rule_that_no_browser_knows_is_one(rule, css):
    files = {"a.css": "a{}", "b.css": f"{rule}@import 'c.css';b{{}}", "c.css": "c{}"}
    assert css(files, "a.css", "b.css") == f"a{{}}\nc{{}}\n{rule}b{{}}"
    with pytest.warns(BundleWarning, match=r"b\.css:1:\d+: .*browsers ignore the @import of 'gone\.css'"):
        css({**files, "b.css": f"{rule}@import 'gone.css';"}, "a.css", "b.css")
    # At the top of the whole it is as it was: who does not know the rule follows it.
    assert css(files, "b.css", "a.css") == f"{files['b.css']}\na{{}}"


# What a file alone has closed at its end goes on in the next file where they are merged.
@pytest.mark.parametrize("text, column, what", [
    ("x{}\n  @media print { y{}", 16, "block"),
    ("x{} /* y", 5, "comment"), ("x{} /*/", 5, "comment"),
    ("x{ /* y", 4, "comment"), ("x{ content: '}'", 2, "block"), ("x{ y{} /* } */", 2, "block"),
])  # fmt: skip
def test_a_sheet_that_takes_in_the_next_one_is_told_of(text, column, what, css, site):
    with pytest.warns(BundleWarning) as caught:
        assert css({"a.css": text, "b.css": "b{}"}) == f"{text}\nb{{}}"
    line = 1 + text.count("\n")
    said = f"{site.directory / 'a.css'}:{line}:{column}: bundle 'x': the {what} that begins here is not closed"
    assert str(caught[0].message).startswith(said)
    assert css({"a.css": "a{}", "b.css": text}, "a.css", "b.css") == f"a{{}}\n{text}"  # nothing comes after it


@pytest.mark.parametrize(
    "text", ["a{content: '{'}", "a{}}", "/* { */a{}", "a{b:url({)}", "/*! */ a{} /**/", "a{} */ /* { */"]
)
def test_a_sheet_that_closes_what_it_opens_is_joined_without_a_word(text, css):
    assert css({"a.css": text, "b.css": "b{}"}) == f"{text}\nb{{}}"


def test_the_order_of_layers_is_that_of_their_first_mention(css):
    files = {
        "a.css": "a{}",
        "b.css": "@layer one, two;@import 'in/c.css';b{}",
        "in/c.css": "@layer two{c{}}@layer one{d{}}",
    }
    assert css(files).split("\n") == ["a{}", "@layer one, two;", "@layer two{c{}}@layer one{d{}}", "b{}"]


def test_namespaces_with_a_prefix_go_to_the_top_behind_the_imports(css):
    svg, other = "@namespace svg url(http://www.w3.org/2000/svg);", "@namespace x 'y';"
    files = {
        "a.css": "@import 'd.css';\na{}",
        "b.css": f"{svg}\nsvg|a{{}}",
        "c.css": f"@charset 'utf-8';{svg}{other}c{{}}",
        "d.css": "",
    }
    assert css(files, "a.css", "b.css", "c.css").split("\n") == [
        "@import 'd.css';", svg, other, "", "a{}", "", "svg|a{}", "c{}",
    ]  # fmt: skip


def test_a_namespace_that_holds_for_too_much_or_too_little_is_told(css):
    with pytest.warns(BundleWarning, match=r"b\.css:1:1: .*@namespace without a prefix"):
        css({"a.css": "a{}", "b.css": "@namespace 'x';b{}"})
    with pytest.warns(BundleWarning, match=r"b\.css:1:1: .*the prefix 'p' means 'x' in a sheet before"):
        css({"a.css": "@namespace p 'x';a{}", "b.css": "@namespace p 'y';b{}"})


def test_a_circle_of_imports_comes_to_its_end(css):
    files = {"a.css": "a{}", "b.css": "@import 'in/c.css'; b{}", "in/c.css": "@import '../b.css'; @import 'c.css'; c{}"}
    assert css(files).split() == ["a{}", "c{}", "b{}"]


def test_what_is_not_utf_8_is_joined_as_it_is(site):
    for name in ("a.css", "b.css"):
        site.write(name, b"@charset 'latin-1';\n@import 'x';\xe9{}")
    (built,) = site.bundle("a.css", "b.css", output="x.css").build()
    assert built.data() == b"@charset 'latin-1';\n@import 'x';\xe9{}\n@charset 'latin-1';\n@import 'x';\xe9{}"
