"""Maps of joined files: each line leads to the source it is of, by the source's own map if it has one."""

import base64
import json
import re
import shutil
import subprocess

import pytest

from assetzcml import load_zcml
from assetzcml.bundles import BundleError, Filter

OWN = {"version": 3, "file": "v.js", "sourceRoot": "src", "sources": ["v.ts"], "names": [], "mappings": "AAAA;AACA"}


class Banner(Filter):
    """Changes what begins with x."""

    name = "banner"
    max_debug_level = "merge"

    def input(self, _in, out, **kw):
        content = _in.read()
        out.write(b"// banner\n" + content if content.startswith(b"x") else content)


def map_in(content):
    """The map that an output holds, and the output without it."""
    found = re.search(rb"\n/[/*]# sourceMappingURL=data:application/json;base64,(\S+)( \*/)?\n\Z", content)
    return (json.loads(base64.b64decode(found[1])), content[: found.start() + 1]) if found else (None, content)


@pytest.fixture
def merged(site):
    """A function: the map of, and, the output of files that are only merged, and what their bundle has besides."""

    def build(files, output="gen/out.js", debug="merge", filters=None, **options):
        for name, text in files.items():
            site.write(name, text)
        environment = site.environment(debug=debug, cache=False, **options)
        contents = [name for name in files if not name.endswith(".map")]
        return map_in(environment.register("x", *contents, output=output, filters=filters).build()[0].data())

    return build


def test_each_line_of_what_is_merged_leads_to_the_line_of_its_source(merged):
    found, content = merged({"js/a.js": "a();\nb()\n", "b.js": "c()\n// the end"})
    assert content == b"a();\nb()\n\n;\nc()\n// the end\n"
    assert found == {
        "version": 3,
        "sections": [
            {
                "offset": {"line": 0, "column": 0},
                "map": {"version": 3, "sources": ["../js/a.js"], "sourcesContent": ["a();\nb()\n"], "names": [],
                        "mappings": "AAAA;AACA;AACA"},
            },
            {
                "offset": {"line": 4, "column": 0},
                "map": {"version": 3, "sources": ["../b.js"], "sourcesContent": ["c()\n// the end"], "names": [],
                        "mappings": "AAAA;AACA"},
            },
        ],
    }  # fmt: skip


@pytest.mark.parametrize("reference", [
    "v.js.map", "data:application/json;base64," + base64.b64encode(json.dumps(OWN).encode()).decode(),
])  # fmt: skip
def test_a_source_that_has_a_map_is_in_the_whole_with_it(reference, merged):
    vendor = f"var v\n//# sourceMappingURL={reference}\n"
    found, content = merged({"vendor/v.js": vendor, "vendor/v.js.map": json.dumps(OWN), "b.js": "b()"})
    assert b"sourceMappingURL" not in content
    own = {"version": 3, "sources": ["../vendor/src/v.ts"], "names": [], "mappings": "AAAA;AACA"}
    assert found["sections"][0] == {"offset": {"line": 0, "column": 0}, "map": own}
    assert found["sections"][1]["map"]["sources"] == ["../b.js"]


@pytest.mark.parametrize(
    "reference, output, held",
    [
        (None, "gen/out.js", None),
        ("v.js.map", "gen/out.js", ["../vendor/src/v.ts"]),  # it moves: the reference would lead nowhere
        ("data:,x", "gen/out.js", None),  # it leads there from everywhere, and stays
    ],
)
def test_one_source_alone_has_a_map_where_it_loses_its_own(reference, output, held, merged):
    ending = f"\n//# sourceMappingURL={reference}\n" if reference else ""
    found, content = merged({"vendor/v.js": f"var v{ending}", "vendor/v.js.map": json.dumps(OWN)}, output)
    assert (found and found["sections"][0]["map"]["sources"]) == held
    assert (b"sourceMappingURL" in content) == (reference == "data:,x")


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": 2}', b'{"version": 3, "sections": []}', b"\xff"])
def test_a_map_that_is_none_counts_as_none(content, merged, site):
    site.write("v.js.map", content)
    found, _ = merged({"v.js": "var v\n//# sourceMappingURL=v.js.map\n", "b.js": "b()"})
    assert [section["map"]["sources"] for section in found["sections"]] == [["../v.js"], ["../b.js"]]


def test_of_a_part_that_a_filter_has_changed_nothing_is_said(merged):
    found, _ = merged({"a.js": "a()\n", "x.js": "x()\n", "b.js": "b()\n"}, filters=Banner())
    assert [section["map"]["sources"] for section in found["sections"]] == [["../a.js"], [], ["../b.js"]]
    assert [section["offset"]["line"] for section in found["sections"]] == [0, 3, 7]


def test_lines_of_nested_bundles_lead_to_their_sources_too(site):
    for name in "abc":
        site.write(f"{name}.js", f"{name}();\n")
    environment = site.environment(debug="merge", cache=False)
    inner = environment.register("in", "b.js", "c.js", output="gen/in.js")
    built = environment.register("x", "a.js", inner, output="gen/x.js").build()[0]
    sections = map_in(built.data())[0]["sections"]
    assert [(each["offset"]["line"], each["map"]["sources"]) for each in sections] == [
        (0, ["../a.js"]), (2, ["../b.js"]), (4, ["../c.js"]),
    ]  # fmt: skip


def test_style_sheets_have_one_too_where_their_lines_stay_together(merged):
    found, content = merged({"a.css": "a{b:c}\n", "b.css": "d{e:f}\n"}, "gen/out.css")
    assert content == b"a{b:c}\n\nd{e:f}\n"
    assert [(each["offset"]["line"], each["map"]["sources"]) for each in found["sections"]] == [
        (0, ["../a.css"]), (2, ["../b.css"]),
    ]  # fmt: skip
    assert merged({"c.css": "a{b:c}\n", "d.css": '@charset "utf-8";\nd{e:f}\n'}, "gen/no.css")[0] is None


@pytest.mark.parametrize(
    "debug, said, held",
    [
        ("merge", None, True),
        ("merge", False, False),
        (False, None, False),
        (False, "true", True),
        (False, "auto", False),
    ],
)
def test_an_option_says_which_outputs_hold_one(debug, said, held, merged):
    found, content = merged({"a.js": "a()\n", "b.js": "b()\n"}, debug=debug, source_maps=said)
    assert (found is not None) == held
    assert content == b"a()\n\n;\nb()\n"


def test_the_option_is_one_of_zcml_and_its_change_makes_the_output_again(package, tmp_path):
    app = package({"static/a.js": "a()\n", "static/b.js": "b()\n"})
    held = []
    for said in ("", 'source_maps="true"', 'source_maps="false"', ""):
        (package.directory / app / "configure.zcml").write_text(
            '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="s" path="static"/>'
            f'<environment directory="static" {said}/><bundle name="x" contents="a.js b.js" output="gen/x.js"/></configure>'
        )
        (built,) = load_zcml(f"{app}:configure.zcml").environment.build()
        held.append((built.changed, map_in(built.data())[0] is not None))
    assert held == [(True, False), (True, True), (True, False), (True, False)]


def test_an_option_that_is_none_is_refused(site):
    with pytest.raises(BundleError, match=r"source_maps is 'some'"):
        _ = site.environment(source_maps="some").source_maps


def test_a_map_that_changes_makes_the_output_again(site, clock):
    site.write("v.js", "var v\n//# sourceMappingURL=v.js.map\n")
    site.write("v.js.map", json.dumps(OWN))
    bundle = site.bundle("a.js", "v.js", output="gen/out.js", env_debug="merge")
    before = bundle.build()[0].data()
    site.replace("v.js.map", json.dumps({**OWN, "mappings": "AAAA"}))
    clock.now += 1
    assert bundle.build()[0].data() != before


@pytest.mark.slow
def test_node_finds_the_places_of_an_output_by_its_map(merged):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    found, content = merged({"js/a.js": "a();\nb()\n", "b.js": "c()\n"})
    line = content.decode().splitlines().index("c()")
    script = (
        f"const {{ SourceMap }} = require('module'); const found = new SourceMap({json.dumps(found)});"
        f"console.log(JSON.stringify([[1, 0], [{line}, 0]].map(place => found.findEntry(...place))"
        ".map(entry => [entry.originalSource, entry.originalLine]))"
    ) + ")"
    told = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [["../js/a.js", 1], ["../b.js", 0]]
