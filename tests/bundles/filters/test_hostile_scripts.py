"""
Hundreds of scripts at the edges of JavaScript's grammar: minified and joined they are the programs they were.

`tests/data/scripts.json` holds them: what a slash is, what a newline ends, names that are keywords elsewhere, templates,
classes, numbers, comments of HTML's form; and what is put behind each of them.
"""

import json
import shutil
import subprocess

import pytest

from assetzcml.bundles import scripts
from assetzcml.bundles.filters.jsmin import minified
from assetzcml.bundles.filters.jstokens import Doubtful
from assetzcml.bundles.joining import END_OF_STATEMENT, NEWLINE
from commands import CHECKOUT
from npm import installed

pytestmark = pytest.mark.slow

CORPUS = json.loads((CHECKOUT / "tests" / "data" / "scripts.json").read_text())
COMPARE = """
import { createRequire } from 'module';
import { readFileSync } from 'fs';
const require = createRequire(process.argv[2] + '/');
const [acorn, meriyah] = ['acorn', 'meriyah'].map(name => require(name));
const parsers = {
  acorn: (text, module) => acorn.parse(text, { ecmaVersion: 'latest', sourceType: module ? 'module' : 'script' }),
  meriyah: (text, module) => meriyah.parse(text, { module, next: true, webcompat: true }),
};
const PLACES = new Set(['start', 'end', 'range', 'loc', 'directive']);
const plain = (key, value) => PLACES.has(key) ? undefined : typeof value === 'bigint' ? `${value}n` : value;
const statements = (parse, text, module) => {
  try { return parse(text, module).body.filter(one => one.type !== 'EmptyStatement').map(one => JSON.stringify(one, plain)); }
  catch (error) { return null; }
};
const told = { equal: 0, unread: [], others: [] };
for (const [module, before, after] of JSON.parse(readFileSync(0, 'utf8'))) {
  let read = false;
  for (const [parser, parse] of Object.entries(parsers)) {
    const wanted = before.map(text => statements(parse, text, module));
    if (wanted.includes(null)) continue;
    read = true;
    if (JSON.stringify(wanted.flat()) === JSON.stringify(statements(parse, after, module))) told.equal += 1;
    else told.others.push([parser, before, after]);
  }
  if (!read) told.unread.push(before);
}
console.log(JSON.stringify(told));
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Of (is it a module?, texts, what became of all of them): how many say the same, which do not, which nobody reads."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    modules = installed(tmp_path_factory.mktemp("parsers"), "acorn@8", "meriyah@6") / "node_modules"
    (modules / "compare.mjs").write_text(COMPARE)

    def compare(cases):
        command = ["node", str(modules / "compare.mjs"), str(modules)]
        done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return compare


def test_a_script_that_is_minified_is_the_same_program_or_is_refused(compared):
    cases, refused = [], []
    for kind in ("scripts", "modules"):
        for text in CORPUS[kind]:
            try:
                cases.append((kind == "modules", [text], minified(text)))
            except Doubtful:
                refused.append((kind == "modules", [text], text))
    told = compared(cases)
    assert told["others"] == []
    assert told["equal"] > 650
    assert len(told["unread"]) < 12
    # What is refused is no JavaScript, or says another thing in a module than in a script.
    assert compared(refused)["equal"] < 22


def test_a_script_behind_another_is_the_same_program(compared):
    cases = []
    for first in CORPUS["scripts"]:
        for second in CORPUS["behind"]:
            one, two = (scripts.without_map(text.removeprefix("\ufeff").encode()) for text in (first, second))
            end = END_OF_STATEMENT if scripts.needs_semicolon(one) else NEWLINE
            cases.append((False, [one.decode(), two.decode()], (one + end + two).decode()))
    told = compared(cases)
    # A 'use strict' of the first may refuse what the second says, which is told at the merge.
    assert [case for case in told["others"] if "use strict" not in case[1][0]] == []
    assert told["equal"] > 10_000
