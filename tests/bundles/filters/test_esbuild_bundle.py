"""esbuild-bundle: a module graph whose imports are found as assets are, through overrides."""

import base64
import json
import os
import shutil
import subprocess
import warnings

import pytest
from filter_running import Context, program, run
from test_compilers import real

from assetzcml import load_zcml
from assetzcml.bundles import BuildError
from assetzcml.bundles.filters import FilterError, get_filter
from assetzcml.bundles.filters.esbuild_service import BrokenOff, decoded_packet, encoded_packet
from documents import document

__all__ = ["program"]

NODE = shutil.which("node")
OLD = 1_700_000_000
MAIN = "import { state } from './state.js';\nimport { util } from './lib/util';\nconsole.log(state(), util);\n"


def binary():
    return get_filter("esbuild").bind(real("esbuild")).command()[0]


def configuration(body="", filters="esbuild-bundle", output="gen/x.js", contents="js/main.js"):
    return document(f"""
      <staticView name="static" path="static"/>
      <environment directory="static"><filterOption name="ESBUILD_BIN" value="{binary()}"/>{body}</environment>
      <bundle name="x" contents="{contents}" filters="{filters}" output="{output}"/>""")


@pytest.fixture
def shop(package):
    """A function that makes a package with a graph of modules; more files, and other arguments of `configuration`."""

    def make(files=(), **options):
        return aged(package({
            "static/js/main.js": MAIN, "static/js/state.js": "export const state = () => 'shop';\n",
            "static/js/lib/util.ts": "export const util: string = 'typed';\n",
            "configure.zcml": configuration(**options), **dict(files),
        }), package)  # fmt: skip

    return make


def built(name):
    (one,) = load_zcml(f"{name}:configure.zcml").environment.build()
    return one


def printed(one):
    if NODE is None:
        pytest.skip("there is no node on the path")
    done = subprocess.run([NODE, "--input-type=module", "-e", one.data().decode()], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.strip()


def theme_of(package, shop, files, overrides):
    name = f"theme_of_{shop}"
    statements = "".join(
        f'<asset to_override="{shop}:{to}" override_with="{name}:{given}"/>' for to, given in overrides.items()
    )
    zcml = document(f'<include package="{shop}"/>{statements}')
    return aged(package({**files, "configure.zcml": zcml}, name=name), package)


def aged(name, package):
    """The package, whose files were not written just now: what a filter has read of such may have changed since."""
    for path in (package.directory / name).rglob("*"):
        os.utime(path, (OLD, OLD))
    return name


def test_an_entry_is_bundled_with_what_it_imports(shop):
    one = built(shop())
    assert printed(one) == "shop typed"
    assert b"import" not in one.data()


def test_a_theme_overrides_one_module_of_the_graph(shop, package):
    name = shop()
    assert printed(built(name)) == "shop typed"
    files = {
        "mine/state.js": "import { more } from './more.js';\nexport const state = () => `theme ${more}`;\n",
        "js/more.js": "export const more = 'and more';\n",
    }
    theme = theme_of(package, name, files, {"static/js/state.js": "mine/state.js", "static/js/": "js/"})
    one = built(theme)
    assert (one.changed, printed(one)) == (True, "theme and more typed")
    again = built(theme)
    assert not again.changed
    assert again.data() == one.data()
    assert printed(built(name)) == "shop typed"


def test_a_theme_overrides_the_entry_and_a_module_in_another_language(shop, package):
    name = shop()
    files = {"main.js": "import './state.js';\nimport { util } from './lib/util';\nconsole.log('mine', util);\n",
             "util.tsx": "export const util: string = 'of the theme';\n"}  # fmt: skip
    theme = theme_of(package, name, files, {"static/js/main.js": "main.js", "static/js/lib/util.ts": "util.tsx"})
    assert printed(built(theme)) == "mine of the theme"


def test_a_circle_through_the_override_of_a_theme_comes_to_its_end(shop, package):
    name = shop()
    files = {
        "state.js": "import './main.js';\nimport { state as own } from './state.js';\nexport const state = () => typeof own;\n"
    }
    assert printed(built(theme_of(package, name, files, {"static/js/state.js": "state.js"}))) == "function typed"


def test_what_is_imported_is_a_dependency_and_so_is_what_was_not_there(shop, package):
    name = shop()
    directory = package.directory / name / "static/js"
    registry = load_zcml(f"{name}:configure.zcml")
    assert [registry.environment.build()[0].changed for _ in range(2)] == [True, False]
    (directory / "state.js").write_text("export const state = () => 'edited';\n")
    aged(name, package)
    assert printed(registry.environment.build()[0]) == "edited typed"
    (directory / "lib/util.tsx").write_text("export const util = 'before it';\n")
    aged(name, package)
    assert printed(registry.environment.build()[0]) == "edited before it"
    (directory / "lib/util.tsx").unlink()
    assert printed(registry.environment.build()[0]) == "edited typed"
    assert not registry.environment.build()[0].changed


def test_packages_of_a_load_path_are_found_without_their_unused_parts(shop, tmp_path, package):
    modules = tmp_path / "node_modules/pure"
    modules.mkdir(parents=True)
    (modules / "package.json").write_text(
        '{"name": "pure", "version": "1.0.0", "module": "all.js", "sideEffects": false}'
    )
    (modules / "all.js").write_text("export * from './used.js';\nexport * from './unused.js';\n")
    (modules / "used.js").write_text("export const used = 'used';\n")
    (modules / "unused.js").write_text("console.log('unused'); export const unused = 1;\n")
    main = {"static/js/main.js": "import { used } from 'pure';\nconsole.log(used);\n"}
    name = shop(main, body=f'<loadPath path="static"/><loadPath path="{tmp_path}/node_modules"/>')
    one = built(name)
    assert printed(one) == "used"
    assert b"unused" not in one.data()
    (modules / "used.js").write_text("export const used = 'edited';\n")
    assert printed(built(name)) == "edited"


def test_a_package_that_lies_among_assets_is_overridden_too(shop, package):
    files = {
        "static/js/main.js": "import { answer } from 'vendored';\nconsole.log(answer);\n",
        "static/node_modules/vendored/package.json": '{"name": "vendored", "main": "lib/index.js"}',
        "static/node_modules/vendored/lib/index.js": "export { answer } from './answer.js';\n",
        "static/node_modules/vendored/lib/answer.js": "export const answer = 41;\n",
    }
    name = shop(files)
    assert printed(built(name)) == "41"
    overrides = {"static/node_modules/vendored/lib/answer.js": "answer.js"}
    theme = theme_of(package, name, {"answer.js": "export const answer = 42;\n"}, overrides)
    assert printed(built(theme)) == "42"


def test_style_sheets_are_bundled_by_the_same_law(shop, package):
    files = {"static/css/a.css": "@import 'in/b.css' layer(x);\na { b: c }\n", "static/css/in/b.css": "b { b: shop }\n"}
    name = shop(files, contents="css/a.css", output="gen/x.css")
    assert built(name).data() == b"@layer x{b{b:shop}}a{b:c}\n"
    theme = theme_of(package, name, {"b.css": "b { b: theme }\n"}, {"static/css/in/b.css": "b.css"})
    assert built(theme).data() == b"@layer x{b{b:theme}}a{b:c}\n"


def test_the_source_map_shows_the_sources_as_they_were_and_no_path_of_the_machine(shop, package):
    body = '<filterOption name="ESBUILD_SOURCEMAP" value="inline"/>'
    name = shop(body=body)
    override = "// a line before\nexport const state = () => 'theme';\n"
    theme = theme_of(package, name, {"state.js": override}, {"static/js/state.js": "state.js"})
    text = built(theme).data().decode()
    code, _, data = text.partition("//# sourceMappingURL=data:application/json;base64,")
    told = json.loads(base64.b64decode(data))
    contents = dict(zip(told["sources"], told["sourcesContent"], strict=True))
    assert contents == {
        f"assetzcml:///{name}/static/js/main.js": MAIN,
        f"assetzcml:///{name}/static/js/state.js": override,
        f"assetzcml:///{name}/static/js/lib/util.ts": "export const util: string = 'typed';\n",
    }
    assert str(package.directory) not in json.dumps(told)
    places = decoded_mappings(told["mappings"])
    line, column = (
        code.count("\n", 0, code.index('"theme"')),
        code.index('"theme"') - code.rfind("\n", 0, code.index('"theme"')) - 1,
    )
    source = told["sources"].index(f"assetzcml:///{name}/static/js/state.js")
    assert (line, column, source, 1, override.splitlines()[1].index("'theme'")) in places


def decoded_mappings(text):
    """(line, column, source, line there, column there) of each segment of a source map (ECMA-426)."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    source = there = at = 0
    for line, segments in enumerate(text.split(";")):
        column = 0
        for segment in filter(None, segments.split(",")):
            numbers, value, shift = [], 0, 0
            for digit in map(digits.index, segment):
                value |= (digit & 31) << shift
                shift += 5
                if not digit & 32:
                    numbers.append(-(value >> 1) if value & 1 else value >> 1)
                    value = shift = 0
            column += numbers[0]
            if len(numbers) > 1:
                source, there, at = source + numbers[1], there + numbers[2], at + numbers[3]
                yield line, column, source, there, at


@pytest.mark.parametrize("files, message", [
    ({"static/js/state.js": "export const state = ;\n"}, r'static/js/state\.js:1:22: .*Unexpected ";"'),
    ({"static/js/main.js": "import './absent.js';\n"}, r'static/js/main\.js:1:8: .*Could not resolve "\./absent\.js"'),
    ({"static/js/main.js": "import 'absent';\n"}, r'static/js/main\.js:1:8: .*Could not resolve "absent"'),
    ({"static/js/main.js": "import '../../../outside.js';\n"}, r'static/js/main\.js:1:8: .*Could not resolve'),
    ({"static/js/main.js": "import './a.css';\n", "static/js/a.css": "a{}"}, r"wrote 2 files .*from a bundle of their own"),
])  # fmt: skip
def test_what_cannot_be_bundled_is_an_error_at_its_place(files, message, shop):
    with pytest.raises(BuildError, match=message):
        built(shop(files))


def test_a_module_in_a_theme_that_is_wrong_is_told_of_in_its_own_file(shop, package):
    name = shop()
    theme = theme_of(package, name, {"state.js": "\nexport let state = ;\n"}, {"static/js/state.js": "state.js"})
    with pytest.raises(BuildError, match=rf"{theme}/state\.js:2:20: .*Unexpected"):
        built(theme)


def test_one_entry_is_taken_and_no_more(shop):
    with pytest.raises(BuildError, match=r"takes one source, the entry, and here are 2: 'js/main\.js', 'js/state\.js'"):
        built(shop(contents="js/main.js js/state.js"))


def test_what_is_on_another_host_or_at_the_root_stays_an_import(shop):
    main = "import a from 'https://cdn.test/a.js';\nimport b from '/b.js';\nconsole.log(a, b);\n"
    text = built(shop({"static/js/main.js": main}, output="gen/x.mjs")).data().decode()
    assert '"https://cdn.test/a.js"' in text
    assert '"/b.js"' in text


def test_without_a_registry_files_are_bundled_by_their_paths(site):
    site.write("js/main.js", MAIN)
    site.write("js/state.js", "export const state = () => 'plain';\n")
    site.write("js/lib/util.ts", "export const util = 'x';\n")
    environment = site.environment()
    environment.config["ESBUILD_BIN"] = binary()
    bundle = environment.register("x", "js/main.js", filters="esbuild-bundle", output="gen/x.js")
    (one,) = bundle.build()
    assert printed(one) == "plain x"
    assert str(site.directory) not in one.data().decode()
    site.replace("js/state.js", "export const state = () => 'edited';\n")
    assert printed(bundle.build()[0]) == "edited x"
    assert not bundle.build()[0].changed


def test_a_filter_behind_it_works_on_the_bundle(shop):
    one = built(shop(filters="esbuild-bundle jsmin", body='<filterOption name="ESBUILD_MINIFY" value="no"/>'))
    assert printed(one) == "shop typed"
    assert b"  " not in one.data()


@pytest.mark.parametrize("code, message", [
    ("", "ended in the middle of its work"),
    ("sys.exit('panic: at all')", r"ended in the middle of its work\n    panic: at all"),
    ("sys.stdout.buffer.write(b'\\x03\\0\\0\\0' + b'9.9'); sys.stdout.flush(); sys.stdin.read()", "is version '9.9'"),
    ("sys.stdout.buffer.write(b'\\xff' * 99); sys.stdout.flush(); sys.stdin.read()", "announced a packet of"),
    ("sys.stdout.buffer.write(b'\\x05\\0\\0\\0' + b'1.2.3' + b'\\x05\\0\\0\\0' + b'\\0\\0\\0\\0\\x09')\n"
     "sys.stdout.flush(); sys.stdin.read()",
     "sent what cannot be read"),
    pytest.param("time.sleep(60)", "did not end within 1 s and was killed", marks=pytest.mark.whole),
])  # fmt: skip
def test_a_program_that_does_not_talk_as_esbuild_does_is_an_error(code, message, program):
    talking = program(f"if '--version' in sys.argv: print('1.2.3'); sys.exit()\n{code}")
    with pytest.raises(FilterError, match=message):
        run(get_filter("esbuild-bundle", binary=talking, timeout=1), b"a()", source="a.js", output="a.js")


@pytest.mark.parametrize(
    "content", [b"", b"\3", b"\3\xff\0\0\0", b"\7", b"\0\0", b"\5\2\0\0\0\0", b"\6\1\0\0\0\1\0\0\0"]
)
def test_half_a_packet_is_refused(content):
    with pytest.raises(BrokenOff):
        print(decoded_packet(content))


def test_a_packet_is_what_was_packed():
    value = {"": None, "a": [True, 0, 4_000_000_000, "é\udcff", b"\0", [], {}]}
    assert decoded_packet(encoded_packet(value)) == value


def test_an_unknown_kind_of_source_map_is_refused():
    with pytest.raises(FilterError, match="sourcemap is 'linked'; one of inline was expected"):
        get_filter("esbuild-bundle", sourcemap="linked").bind(Context("/d"))


def test_bytes_do_not_depend_on_where_the_project_lies(tmp_path, shop, package):
    name = shop(
        body='<filterOption name="ESBUILD_SOURCEMAP" value="inline"/><filterOption name="ESBUILD_MINIFY" value="no"/>'
    )
    first = built(name).data()
    assert os.fsencode(package.directory) not in first
    assert b"// assetzcml:" in first
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (again,) = load_zcml(f"{name}:configure.zcml").environment.build(force=True)
    assert again.data() == first
