"""The files of libraries, as npm has them: minified they are the same programs, as JavaScript's own parsers read them."""

import json
import shutil
import subprocess
import warnings

import pytest
from filter_running import run

from assetzcml.bundles.filters import FilterWarning
from npm import installed

pytestmark = pytest.mark.slow

PARSERS = ["acorn@8", "meriyah@6", "esprima@4"]
LIBRARIES = [
    "jquery@3", "bootstrap@5", "@popperjs/core@2", "htmx.org@2", "alpinejs@3", "vue@3", "react@18", "react-dom@18", "d3@7",
    "three@0.170", "lodash@4", "underscore@1", "backbone@1", "moment@2", "dompurify@3",
]  # fmt: skip
FILES = [
    "jquery/dist/jquery.js",
    "jquery/dist/jquery.slim.js",
    "jquery/dist/jquery.min.js",
    "bootstrap/dist/js/bootstrap.js",
    "bootstrap/dist/js/bootstrap.bundle.js",
    "bootstrap/dist/js/bootstrap.esm.js",
    "bootstrap/dist/js/bootstrap.bundle.min.js",
    "@popperjs/core/dist/umd/popper.js",
    "@popperjs/core/dist/umd/popper.min.js",
    "htmx.org/dist/htmx.js",
    "htmx.org/dist/htmx.esm.js",
    "htmx.org/dist/htmx.min.js",
    "alpinejs/dist/cdn.js",
    "alpinejs/dist/module.esm.js",
    "alpinejs/dist/cdn.min.js",
    "vue/dist/vue.global.js",
    "vue/dist/vue.global.prod.js",
    "vue/dist/vue.esm-browser.js",
    "vue/dist/vue.runtime.global.js",
    "react/umd/react.development.js",
    "react/umd/react.production.min.js",
    "react-dom/umd/react-dom.development.js",
    "react-dom/umd/react-dom.production.min.js",
    "d3/dist/d3.js",
    "d3/dist/d3.min.js",
    "three/build/three.cjs",
    "three/build/three.module.js",
    "three/build/three.module.min.js",
    "lodash/lodash.js",
    "lodash/lodash.min.js",
    "underscore/underscore.js",
    "underscore/underscore-esm.js",
    "backbone/backbone.js",
    "moment/moment.js",
    "dompurify/dist/purify.js",
    "dompurify/dist/purify.es.mjs",
]

COMPARE = """
import { createRequire } from 'module';
import { readFileSync } from 'fs';
const require = createRequire(process.argv[2] + '/');
const [acorn, meriyah, esprima] = ['acorn', 'meriyah', 'esprima'].map(name => require(name));
const parsers = {
  acorn: (text, module) => acorn.parse(text, { ecmaVersion: 'latest', sourceType: module ? 'module' : 'script' }),
  meriyah: (text, module) => meriyah.parse(text, { module, next: true, webcompat: true }),
  esprima: (text, module) => module ? esprima.parseModule(text) : esprima.parseScript(text),
};
const PLACES = new Set(['start', 'end', 'range', 'loc']);
const plain = (key, value) => PLACES.has(key) ? undefined : typeof value === 'bigint' ? `${value}n` : value;
const tree = (parse, text, module) => {
  try { return JSON.stringify(parse(text, module), plain); } catch (error) { return `error: ${error.message}`; }
};
const told = {};
for (const [name, before, after] of JSON.parse(readFileSync(0, 'utf8'))) {
  told[name] = {};
  for (const [parser, parse] of Object.entries(parsers)) {
    const module = tree(parse, before, false).startsWith('error: ');
    const [one, two] = [before, after].map(text => tree(parse, text, module));
    told[name][parser] = one.startsWith('error: ') ? 'cannot read it' : one === two ? 'the same' : 'another program';
  }
}
console.log(JSON.stringify(told));
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    return installed(tmp_path_factory.mktemp("libraries"), *PARSERS, *LIBRARIES) / "node_modules"


def test_the_files_of_libraries_are_minified_and_their_syntax_trees_are_equal(modules):
    pairs, left = [], []
    for name in FILES:
        source = (modules / name).read_bytes()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            written = run("jsmin", source, source_path=name)
        if any(warning.category is FilterWarning for warning in caught):
            left.append(name)
        else:
            assert len(written) <= len(source)
            pairs.append((name, source.decode("utf-8-sig"), written.decode()))
    assert len(FILES) == 36
    assert left == []
    script = modules / "compare.mjs"
    script.write_text(COMPARE)
    done = subprocess.run(
        ["node", str(script), str(modules)], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert [name for name in told if "another program" in told[name].values()] == []
    assert [name for name in told if told[name]["acorn"] != "the same"] == []
    assert sum(told[name]["meriyah"] == "the same" for name in told) >= 34
    assert sum(told[name]["esprima"] == "the same" for name in told) >= 12  # it reads the syntax of 2017
