"""esbuild and Sass: what they are asked to do, and, where they are installed, that they do it."""

import io
import json
import os
import shutil

import pytest
from filter_running import Context, program, run

from assetzcml.bundles import BuildError
from assetzcml.bundles.filters import FilterError, FilterWarning, get_filter
from assetzcml.bundles.filters.sass import loaded_files, parted
from data_generators import DATA
from tables import over

__all__ = ["program"]

# A folder where `npm install esbuild sass-embedded` has been done; without one, what the checkout or PATH has is used.
NODE_DIRECTORY = os.environ.get("ASSETZCML_TEST_NODE") or os.path.dirname(__file__)


def real(name):
    """The context in which the program is found; skips the test where it is not."""
    context = Context(NODE_DIRECTORY)
    try:
        get_filter(name).bind(context).command()
    except FilterError as error:
        pytest.skip(f"{error.problems[0].message} (ASSETZCML_TEST_NODE names a folder with a node_modules)")
    return context


ECHO = "sys.stdin.read(); print(' '.join(sys.argv[1:]))"


@pytest.mark.parametrize("options, kw, arguments", [
    ({}, {"output": "gen/a.js"}, "--loader=js --charset=utf8 --log-level=warning --color=false --minify"),
    ({"minify": False}, {"output": "a.css"}, "--loader=css --charset=utf8 --log-level=warning --color=false"),
    ({"minify": "no", "target": "es2018,safari14", "format": "iife", "loader": "ts", "legal_comments": "none",
      "extra_args": "--define:A=1"}, {"output": "a.js"},
     "--loader=ts --charset=utf8 --log-level=warning --color=false --target=es2018,safari14 --format=iife "
     "--legal-comments=none --define:A=1"),
])  # fmt: skip
def test_what_esbuild_is_asked(options, kw, arguments, program):
    assert run(get_filter("esbuild", binary=program(ECHO), **options), b"a", **kw).decode().strip() == arguments


@pytest.mark.parametrize("options, kw, arguments", [
    ({}, {"source_path": "/d/a.css", "output": "a.js"}, "--loader=css --charset=utf8 --log-level=warning --color=false"),
    ({}, {"source": "a.mts", "output": "a.js"}, "--loader=ts --charset=utf8 --log-level=warning --color=false"),
    ({"loader": "tsx"}, {"source": "a.js"}, "--loader=tsx --charset=utf8 --log-level=warning --color=false"),
    ({"format": "iife", "extra_args": "--define:A=1 --banner:js=b"}, {"source": "a.js"},
     "--loader=js --charset=utf8 --log-level=warning --color=false --define:A=1"),
])  # fmt: skip
def test_what_esbuild_is_asked_of_a_source_is_what_holds_for_that_and_not_for_the_whole(
    options, kw, arguments, program
):
    asked = get_filter("esbuild", binary=program(ECHO), minify=False, **options)
    assert run(asked, b"a", **kw).decode().strip() == arguments


@pytest.mark.parametrize("options, output, arguments", [
    ({}, "a.js", "--loader=js --charset=utf8 --log-level=error --color=false"),
    ({"loader": "ts"}, "a.js", "--loader=js --charset=utf8 --log-level=error --color=false"),
    ({}, "a.css", "--loader=css --charset=utf8 --log-level=error --color=false"),
    ({"format": "iife"}, "a.js", "--loader=js --charset=utf8 --log-level=error --color=false --format=iife"),
])  # fmt: skip
def test_what_esbuild_is_asked_of_the_whole(options, output, arguments, program):
    bound = get_filter("esbuild", binary=program(ECHO), minify=False, **options).bind(Context("/d"))
    out = io.BytesIO()
    bound.output(io.BytesIO(b"a"), out, output=output)
    assert out.getvalue().decode().strip() == arguments


def test_typescript_and_javascript_are_one_bundle(site):
    site.write("a.ts", "const one: number = 1;\nenum E { A }\n")
    site.write("b.tsx", "const two = (n: number): number => n;\n")
    site.write("c.mts", "type T = 1;\nvar three = two(one) as T;\n")
    site.write("d.js", "alert(three);\n")
    real("esbuild")
    environment = site.environment(cache=False)
    environment.config["ESBUILD_BIN"] = get_filter("esbuild").bind(real("esbuild")).command()[0]
    bundle = environment.register("x", "a.ts", "b.tsx", "c.mts", "d.js", filters="esbuild", output="x.js")
    written = bundle.build()[0].data().decode()
    assert "const one=1" in written
    assert "alert(three)" in written
    assert "number" not in written


def test_esbuild_complains_at_the_place_in_the_source(site):
    site.write("a.js", "a();\n")
    site.write("b.ts", "let a: number;\nlet b = ;\n")
    environment = site.environment(cache=False)
    environment.config["ESBUILD_BIN"] = get_filter("esbuild").bind(real("esbuild")).command()[0]
    with pytest.raises(BuildError, match=r"b\.ts:2:9: .*esbuild failed with status 1"):
        environment.register("x", "a.js", "b.ts", filters="esbuild", output="x.js").build()


def test_a_function_around_several_files_is_left_to_the_whole(site):
    for name, text in {"a.js": "(function () {\n", "b.js": "alert( 1 )\n", "c.js": "})()\n"}.items():
        site.write(name, text)
    environment = site.environment(cache=False)
    environment.config["ESBUILD_BIN"] = get_filter("esbuild").bind(real("esbuild")).command()[0]
    (built,) = environment.register("x", "a.js", "b.js", "c.js", filters="esbuild", output="x.js").build()
    assert built.data() == b"(function(){alert(1)})();\n"


def test_an_unknown_format_is_refused_before_esbuild_runs():
    with pytest.raises(FilterError, match="one of iife, cjs, esm was expected"):
        get_filter("esbuild", format="umd").bind(Context("/d"))


@pytest.mark.parametrize("content, right", [
    (b"// only a comment\n", True), (b"/* a */", True), (b"a()", False), (b"`", False), (b"a{}", False),
])  # fmt: skip
def test_esbuild_may_print_nothing_for_comments_only(content, right, program):
    silent = get_filter("esbuild", binary=program("sys.stdin.read()"))
    if right:
        assert run(silent, content) == b""
    else:
        with pytest.raises(FilterError, match="esbuild printed nothing"):
            run(silent, content)


@pytest.mark.parametrize("options, source, written", [
    ({}, "const ab = { c: 1 }; console.log(ab?.c ?? 'é');", "const ab={c:1};console.log(ab?.c??\"é\");\n"),
    ({"target": ["es2019"]}, "a = b?.c", "a=b==null?void 0:b.c;\n"),
    ({"format": "iife"}, "a = 1", "(()=>{a=1;})();\n"),
    ({"minify": False, "loader": "ts"}, "const a: number = 1", "const a = 1;\n"),
    ({"loader": "css"}, "a { b : c }", "a{b:c}\n"),
    ({}, "/*! MIT */ a ( )", "/*! MIT */a();\n"),
    ({}, "// nothing", ""),
])  # fmt: skip
def test_real_esbuild_writes(options, source, written):
    assert run(get_filter("esbuild", **options), source.encode(), real("esbuild"), output="a.js").decode() == written


def test_real_esbuild_complains_at_the_place():
    with pytest.raises(FilterError, match=r'(?s)\Agen/a.js:2:9: esbuild failed with status 1:.*Unexpected ";"'):
        run("esbuild", b"a()\nlet b = ;\n", real("esbuild"), output="gen/a.js")
    with pytest.warns(FilterWarning, match=r"(?s)a.js:1:\d+: esbuild: .*typeof"):
        run("esbuild", b"a = typeof b === 'nope'", real("esbuild"), output="a.js")


def test_real_esbuild_has_its_version_in_the_id():
    bound = get_filter("esbuild").bind(real("esbuild"))
    assert bound.tool_versions()[0].startswith("esbuild 0.")
    assert bound.id() is not None


def test_a_go_library_is_never_loaded():
    import sys

    run("esbuild", b"a()", real("esbuild"), output="a.js")
    assert not [name for name in sys.modules if "esbuild" in name and not name.startswith(("assetzcml.", "test_"))]


@pytest.mark.parametrize("name, source_path, syntax", [
    ("sass", "a.scss", "--no-indented"), ("scss", "a.sass", "--indented"),
    ("sass", "a.txt", "--indented"), ("scss", None, "--no-indented"),
])  # fmt: skip
def test_the_syntax_is_that_of_the_extension_else_that_of_the_filters_name(name, source_path, syntax):
    assert syntax in get_filter(name).bind(Context("/d")).arguments(source_path=source_path)


def test_sass_looks_next_to_the_source_then_on_the_load_paths():
    arguments = get_filter("scss", load_paths="lib,/abs").bind(Context("/d")).arguments(source_path="/s/css/a.scss")
    found = [argument for argument in arguments if argument.startswith("--load-path")]
    assert found == ["--load-path=/s/css", "--load-path=/d/lib", "--load-path=/abs"]


def test_an_unknown_style_is_refused():
    with pytest.raises(FilterError, match="one of expanded, compressed was expected"):
        get_filter("sass", style="nested").bind(Context("/d"))


# What four Sass programs have printed for the arguments of the filter, and what each prints without a source map.
RECORDED = json.loads((DATA / "sass_outputs.json").read_text(encoding="utf-8"))
A_PATH = "/srv/styles/a *b/_v é.scss"


@over("told", RECORDED, ids=lambda told: f"{told['by']}, {told['what']}, {told['style']}")
def test_what_a_real_sass_printed_is_its_style_sheet_and_the_files_it_loaded(told):
    css, loaded = parted(told["printed"].encode())
    assert css.decode().strip() == told["without a map"].strip()
    assert loaded == ([A_PATH] if A_PATH.replace("_", "").removesuffix(".scss") in told["source"] else [])


@pytest.mark.parametrize("told", RECORDED[:20:3], ids=lambda told: told["what"])
def test_a_sass_that_stopped_anywhere_is_an_error(told, program):
    whole = told["printed"].rstrip()
    for length in range(1, len(whole), 7):
        half = whole[:length].encode()
        code = f"sys.stdin.read(); sys.stdout.buffer.write({half!r})"
        assert parted(half)[1] is None
    with pytest.raises(FilterError, match="scss: sass did not print all it should"):
        run(get_filter("scss", binary=program(code)), b"a{b:c}")


@pytest.mark.parametrize("printed", [
    "a{b:c}", "a{b:c}/*# sourceMappingURL=a.css.map */",
    "a{}/*# sourceMappingURL=data:application/json;charset=utf-8,%7B%22sources%22:7%7D */",
    "a{}/*# sourceMappingURL=data:application/json;charset=utf-8,[] */",
    "a{}/*# sourceMappingURL=data:application/json;charset=utf-8;base64,%%% */",
    "a{}/*# sourceMappingURL=data:application/json;charset=utf-8,%7B*%7D */",
])  # fmt: skip
def test_a_sass_without_a_whole_source_map_is_an_error(printed, program):
    with pytest.raises(FilterError, match="the source map at the end is missing or broken"):
        run(get_filter("scss", binary=program(f"sys.stdin.read(); print({printed!r})")), b"a{b:c}")


def test_a_sass_that_prints_nothing_is_an_error_for_content_that_is_not_blank(program):
    silent = get_filter("scss", binary=program("sys.stdin.read()"))
    assert run(silent, b" \n") == b""
    with pytest.raises(FilterError, match="scss: sass printed nothing for 6 bytes"):
        run(silent, b"a{b:c}")


@pytest.mark.parametrize("style", ["expanded", "compressed"])
@pytest.mark.parametrize("source", [".a{b:c}", "* {b:c}", "/* note */ .a{b:c}", ".a{w: 2px * 3}"])
def test_real_sass_compiles_what_holds_an_asterisk(source, style):
    expected = source.replace("2px * 3", "6px").replace("/* note */" if style == "compressed" else "-", "")
    written = run(get_filter("scss", style=style), source.encode(), real("scss"))
    assert "".join(written.decode().replace(";", "").split()) == "".join(expected.split())


@pytest.fixture
def styles(tmp_path):
    for name, text in {
        "_part.scss": "@use 'deeper/x';\n$c: x.$c;", "deeper/_x.scss": "$c: 1px;", "deeper/x.css": "",
        "lib/_mix.scss": "@mixin m { d: e }", "folder/_index.scss": "$i: 1;", "_bad.scss": "a {\n  b c }",
        "old.css": "",
        "_both.sass": "a\n  b: c", "_both.scss": "",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("source, loaded", [
    ("@use 'part';", ["_part.scss", "deeper/_x.scss"]),
    ('@use "part" as *; @forward "mix" show m;', ["_part.scss", "deeper/_x.scss", "lib/_mix.scss"]),
    ("@import 'part', \"folder\";", ["_part.scss", "deeper/_x.scss", "folder/_index.scss"]),
    ("@import part", ["_part.scss", "deeper/_x.scss"]),
    ("@use 'sass:math'; @import url(part); @import 'http://h/part'; @use 'absent';", []),
    ("// @use 'part';\n/* @use 'part'; */ a { b: \"@use 'part'\" }", []),
    ("@use 'old.css';", ["old.css"]),
    ("@use 'both';", ["_both.sass"]),
])  # fmt: skip
def test_the_files_that_a_sass_source_loads_are_found(source, loaded, styles):
    paths = [str(styles), str(styles / "lib")]
    assert sorted(loaded_files(source.encode(), paths)) == sorted(str(styles / name) for name in loaded)


def test_a_file_that_would_be_loaded_instead_changes_the_cache_key(styles):
    source = styles / "main.scss"
    source.write_text("@use 'mix'")
    bound = get_filter("scss", load_paths=[str(styles / "lib")]).bind(Context(styles))
    before = bound.get_additional_cache_keys(source_path=str(source))
    assert bound.get_additional_cache_keys(source_path=str(source)) == before
    shutil.copy(styles / "lib/_mix.scss", styles / "_mix.scss")
    assert bound.get_additional_cache_keys(source_path=str(source)) != before


def test_real_sass_compiles_and_says_what_it_loaded(styles):
    depends = []
    context = real("scss")
    context["sass_load_paths"] = str(styles / "lib")
    source = "@use 'part'; @use 'mix'; a { b { c: part.$c } @include mix.m; f: 'é' }".encode()
    written = run("scss", source, context, source_path=str(styles / "a.scss"), depends=depends)
    assert "".join(written.decode().split()) == 'ab{c:1px;}a{d:e;f:"é";}'
    assert depends == sorted(str(styles / name) for name in ("_part.scss", "deeper/_x.scss", "lib/_mix.scss"))


@pytest.mark.parametrize("name, style, source, written", [
    ("sass", "compressed", b"a\n  b: c\n", b"a{b:c}\n"),
    ("scss", "compressed", b"a { b: c }", b"a{b:c}\n"),
    ("scss", "expanded", b"$a: 1;", b""),  # it has no rule
    ("scss", "expanded", b"", b""),
])  # fmt: skip
def test_real_sass_writes(name, style, source, written):
    assert run(get_filter(name, style=style), source, real(name)) == written


@pytest.mark.parametrize(
    "source, place", [("a {\n  b c }", "{styles}/a.scss:2:7"), ("@use 'bad';", "{styles}/_bad.scss:2:7")]
)
def test_real_sass_complains_at_the_place_also_in_another_file(source, place, styles):
    with pytest.raises(FilterError) as raised:
        run("scss", source.encode(), real("scss"), source_path=str(styles / "a.scss"))
    assert str(raised.value).startswith(
        f"{place.format(styles=styles)}: scss: sass failed with status 65:\n    Error: expected"
    )


def test_the_program_inside_sass_embedded_is_found_before_the_script(program, tmp_path):
    program(ECHO, "sass", tmp_path / "node_modules/.bin")
    inside = program(ECHO, "sass", tmp_path / "node_modules/sass-embedded-linux-x64/dart-sass")
    assert get_filter("sass").bind(Context(tmp_path / "static")).command() == [str(inside)]
