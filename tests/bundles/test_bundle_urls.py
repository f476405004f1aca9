"""`urls()` against what webassets gives: every row of a table made by running it, and the algorithm's finer points."""

import contextlib
import gzip
import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from assetzcml.bundles import Bundle, BundleError, Environment, merging
from bundle_site import OLD, Always, Upper

pytestmark = pytest.mark.whole

TABLE = Path(__file__).resolve().parent.parent / "data" / "bundle_urls.json.gz"
ROWS = json.loads(gzip.decompress(TABLE.read_bytes()))
SHAPES = sorted({row["shape"] for row in ROWS})

# How many rows of the table the rulings change; all others are as in webassets.
CHANGED = {
    "D-1": 8,  # versions="timestamp" with a placeholder and no manifest: needs none, so what is missing is the source
    "D-5": 155,  # a hash in the name, no manifest, auto_build: the memory of the process suffices
}


def ruling(row):
    """The ruling that changes the row; None for all others."""
    if row["urls"] != "!BuildError" or not row["placeholder"] or row["manifest"] or not row["auto_build"]:
        return None
    if row["shape"] == "filters-no-output":  # an error anyway
        return None
    return {"hash": "D-5", "timestamp": "D-1"}[row["versions"]]


def test_the_rulings_change_as_many_rows_as_they_say():
    assert len(ROWS) == 3675
    assert Counter(filter(None, map(ruling, ROWS))) == CHANGED


@pytest.fixture
def table(memory, monkeypatch, no_sync):
    """A function that says what a row gives here: URLs, and the files that were written."""
    monkeypatch.setattr(merging, "fetch", lambda url: b"var x;")

    def shaped(name, placeholder):
        def output(stem):
            return f"gen/{stem}{'.%(version)s' if placeholder else ''}.js"

        out, child = output("out"), output("child")
        pair = (Bundle("a.js", output=output("c1")), Bundle("b.js", output=output("c2")))
        return {
            "simple": lambda: Bundle("a.js", "b.js", filters=Upper(), output=out),
            "nested": lambda: Bundle("a.js", Bundle("b.js", output=child), filters=Upper(), output=out),
            "nested-child-merge": lambda: Bundle("a.js", Bundle("b.js", output=child, debug="merge"), output=out),
            "nested-child-false": lambda: Bundle("a.js", Bundle("b.js", output=child, debug=False), output=out),
            "root-debug-true": lambda: Bundle("a.js", "b.js", output=out, debug=True),
            "root-debug-false": lambda: Bundle("a.js", "b.js", output=out, debug=False),
            "root-debug-merge": lambda: Bundle("a.js", "b.js", output=out, debug="merge"),
            "container": lambda: Bundle(*pair),
            "container+filters": lambda: Bundle(*pair, filters=Upper()),
            "source-only": lambda: Bundle("a.js", "b.js"),
            "filters-no-output": lambda: Bundle("a.js", "b.js", filters=Upper()),
            "mixed-source+child": lambda: Bundle("a.js", Bundle("b.js", output=child)),
            "always-filter": lambda: Bundle("a.js", "b.js", filters=Always(), output=out),
            "url-content": lambda: Bundle("a.js", "http://cdn.test/x.js", output=out),
            "glob": lambda: Bundle("*.js", output=out),
            "missing": lambda: Bundle("nope.js", output=out),
        }[name]()

    def outcome(row, **other):
        row = {**row, **other}
        directory = memory / "row"
        directory.mkdir()
        for name in "ab":
            (directory / f"{name}.js").write_text(f"var {name};\n")
            os.utime(directory / f"{name}.js", (OLD, OLD))
        options = {"versions": row["versions"], "manifest": row["manifest"], "allow_remote": True}

        def bundle(**more):
            environment = Environment(directory, "/s", **options, **more)
            return environment.register("x", shaped(row["shape"], row["placeholder"]))

        try:
            if row["prebuilt"]:
                with contextlib.suppress(BundleError):
                    bundle(debug=False, url_expire=False).build()
            try:
                made = bundle(debug=row["debug"], url_expire=row["url_expire"], auto_build=row["auto_build"])
                urls = [masked(url) for url in made.urls()]
            except BundleError as error:
                urls = f"!{type(error).__name__}"
            generated = directory / "gen"
            return urls, sorted(map(masked, os.listdir(generated))) if generated.is_dir() else []
        finally:
            shutil.rmtree(directory)

    return outcome


def masked(text):
    """Versions as the table writes them."""
    return re.sub(r"\b[0-9a-f]{8}\b", "HASH8", re.sub(rf"\b{OLD}\b", "MTIME", text))


@pytest.mark.parametrize("shape", SHAPES)
def test_urls_and_files_are_those_of_webassets(table, shape):
    rows = [row for row in ROWS if row["shape"] == shape and ruling(row) is None]
    differing = [(row, found) for row in rows if (found := table(row)) != (row["urls"], row["gen_files"])]
    assert differing == []


@pytest.mark.parametrize("shape", sorted({row["shape"] for row in ROWS if ruling(row)}))
def test_where_webassets_asks_for_a_manifest_the_result_is_that_with_one(table, shape):
    rows = [row for row in ROWS if row["shape"] == shape and ruling(row)]
    differing = [(row, found) for row in rows if (found := table(row)) != table(row, manifest="json:m.json")]
    assert differing == []
