"""The same bytes wherever and by whomever a bundle is built: paths, locales, hash seeds, versions of Python."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from commands import CHECKOUT
from documents import document, write_tree

# Further interpreters that have the requirements, in ASSETZCML_PYTHONS, parted by colons.
PYTHONS = [sys.executable, *filter(None, os.environ.get("ASSETZCML_PYTHONS", "").split(os.pathsep))]
PROGRAM = """\
import hashlib, json, os, sys
from assetzcml import load_zcml
load_zcml("detshop:configure.zcml").environment.build(jobs=int(sys.argv[1]))
home = os.path.join(os.getcwd(), "detshop", "static")
found = {}
for folder, _, names in os.walk(home):
    if "/." not in folder.removeprefix(home):
        for name in names:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, home)] = hashlib.sha256(open(path, "rb").read()).hexdigest()
print(json.dumps(found, sort_keys=True))
"""
SHOP = {
    "__init__.py": "",
    "configure.zcml": document("""
      <staticView name="static" path="static"/>
      <cacheBuster path="static" digest="sha256"/>
      <environment directory="static" manifest="json"/>
      <bundle name="all.css" contents="css/*.css" filters="cssrewrite" output="gen/all.%(version)s.css"/>
      <bundle name="all.js" contents="js/**/*.js" filters="jsmin" output="gen/all.%(version)s.js"/>
      <bundle name="mapped.js" contents="js/**/*.js" output="gen/mapped.js" debug="merge"/>
      <bundle name="both" contents="all.css all.js"/>"""),
    **{f"static/css/{name}.css": f".{name} {{ background: url(../img/{name}.svg) }}\n" for name in "Bacé"},
    **{f"static/img/{name}.svg": f"<svg id='{name}'/>" for name in "Bacé"},
    **{f"static/js/{name}.js": f"// {name}\nvar x{len(name)} = '{name}'\n" for name in ("b", "a/ü", "Z/z", "a/1", "a/10", "a/2")},
}  # fmt: skip


def outputs(directory, python=sys.executable, jobs=1, files=SHOP, **environ):
    """The digest of every file that a build leaves in what is delivered."""
    write_tree(directory / "detshop", files)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(directory), str(CHECKOUT)]), **environ}
    done = subprocess.run(
        [python, "-B", "-W", "ignore", "-c", PROGRAM, str(jobs)], cwd=directory, env=environ, capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.slow
def test_where_names_of_files_are_not_utf_8_what_cannot_be_read_is_named_and_nothing_else_is_built(tmp_path):
    """Not the C locale, which is UTF-8 to Python unless somebody turns that off."""
    forced = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with pytest.raises(AssertionError, match=r"the name 'detshop:static/css/.{1,4}\.css' cannot be read by a process"):
        outputs(tmp_path / "foreign", **forced)
    assert list((tmp_path / "foreign/detshop/static").glob("gen/*")) == []
    plain = {name: text for name, text in SHOP.items() if name.isascii()}
    assert outputs(tmp_path / "forced", files=plain, **forced) == outputs(tmp_path / "plain", files=plain)


def locales():
    """C, for which Python takes UTF-8, and those that sort otherwise, where the system has them, as it writes their names."""
    known = []
    if shutil.which("locale"):
        known = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
    others = ("cutf8", "enusutf8", "dedeutf8", "svseutf8", "trtrutf8")
    return ["C", "POSIX", *(name for name in known if re.sub("[-_.]", "", name).lower() in others)]


@pytest.mark.slow
def test_what_is_built_is_the_same_in_every_place_locale_process_and_python(tmp_path):
    base = outputs(tmp_path / "base")
    assert {name for name in base if name.startswith("gen/") or name == "assetzcml-build.json"} >= {
        "assetzcml-build.json", "gen/mapped.js",
    }  # fmt: skip
    assert len([name for name in base if name.startswith("gen/")]) == 3
    found = {
        "deep and with blanks": outputs(tmp_path / "with blanks" / "é" / "deep"),
        "three at a time": outputs(tmp_path / "jobs", jobs=3),
        **{f"hash seed {seed}": outputs(tmp_path / f"seed{seed}", PYTHONHASHSEED=seed) for seed in ("0", "1", "4242")},
        **{f"locale {name}": outputs(tmp_path / name, LC_ALL=name) for name in locales()},
        **{python: outputs(tmp_path / hashlib.md5(python.encode()).hexdigest(), python) for python in PYTHONS},
    }
    assert {name: each for name, each in found.items() if each != base} == {}


@pytest.mark.slow
def test_a_place_is_built_twice_with_the_same_record(tmp_path):
    first = outputs(tmp_path)
    shutil.rmtree(tmp_path / "detshop")
    assert outputs(tmp_path) == first
