"""
From sources to files: `assetzcml freeze` against Django's `collectstatic` with its manifest storage, and its compression
against ServeStatic's compressor.

    python benchmarks/freeze.py [FILES]

The same files, 2,000 and 10,000 of them or so many as are said: style sheets that show images and import each other, scripts,
images. Each takes its turn in a directory of its own, in a process of its own; what is measured is its CPU time and how long
it took. collectstatic copies and renames what it finds, so the comparison with it compresses nothing.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

WORDS = [
    "margin",
    "padding",
    "color",
    "border",
    "width",
    "height",
    "flex",
    "grid",
    "solid",
    "auto",
    "inherit",
    "none",
    "block",
]


def site(top, count):
    """A site of so many files below *top*; the same at each call."""
    draw = random.Random(count)
    for number in range(count):
        folder = top / "static" / f"d{number % 50}"
        folder.mkdir(parents=True, exist_ok=True)
        if number % 4 == 0:
            (folder / f"i{number}.png").write_bytes(draw.randbytes(draw.randrange(500, 8000)))
        elif number % 4 == 1:
            image = f"i{number - 1}.png"
            rules = "".join(
                f".c{n}{{{draw.choice(WORDS)}:{draw.choice(WORDS)}}}\n" for n in range(draw.randrange(20, 300))
            )
            (folder / f"s{number}.css").write_text(f"a{{background:url(../d{(number - 1) % 50}/{image})}}\n{rules}")
        else:
            text = "".join(
                f"function f{n}(){{return {draw.choice(WORDS)!r}}}\n" for n in range(draw.randrange(20, 300))
            )
            (folder / f"j{number}.js").write_text(text)
    (top / "site.zcml").write_text(
        '<configure xmlns="http://namespaces.assetzcml.org/assets"><staticView name="static" path="static"/>'
        '<cacheBuster path="static" digest="sha256"/></configure>'
    )


OURS = """
import sys
from assetzcml import load_zcml
from assetzcml.publishing.freeze import freeze
freeze(load_zcml({site!r}), {out!r}, codings={codings!r})
"""

DJANGO = """
import django
from django.conf import settings
settings.configure(STATIC_ROOT={out!r}, STATIC_URL="/static/", STATICFILES_DIRS=[{static!r}],
    INSTALLED_APPS=["django.contrib.staticfiles"],
    STORAGES={{"staticfiles": {{"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}}})
django.setup()
from django.core.management import call_command
call_command("collectstatic", interactive=False, verbosity=0)
"""

SERVESTATIC = """
import shutil
shutil.copytree({static!r}, {out!r})
from servestatic.compress import main
main(["-q", {out!r}])
"""


def timed(program, **values):
    """The seconds of CPU, and on the clock, of a program."""
    before, began = os.times(), time.monotonic()
    subprocess.run([sys.executable, "-c", program.format(**values)], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, time.monotonic() - began


def sizes(directory, suffixes):
    """How many bytes the variants below a directory have, by coding."""
    return {
        suffix: sum(path.stat().st_size for path in pathlib.Path(directory).rglob(f"*{suffix}") if path.is_file())
        for suffix in suffixes
    }


def compared(count):
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        site(top, count)
        common = {"site": str(top / "site.zcml"), "static": str(top / "static")}
        ours = timed(OURS, out=str(top / "o1"), codings=[], **common)
        django = timed(DJANGO, out=str(top / "o2"), **common)
        print(f"{count} files, names and references: {ours[0]:.1f} s of CPU, {ours[1]:.1f} s; collectstatic {django[0]:.1f} s, "
              f"{django[1]:.1f} s: {django[0] / ours[0]:.1f} x, {django[1] / ours[1]:.1f} x")  # fmt: skip
        again = timed(OURS, out=str(top / "o1"), codings=[], **common)
        print(f"  a second run: {again[0]:.1f} s of CPU, {again[1]:.1f} s")
        if count <= 2000:
            compressed(top, common)


def compressed(top, common):
    packed = timed(OURS, out=str(top / "o3"), codings=["br", "gzip"], **common)
    servestatic = timed(SERVESTATIC, out=str(top / "o4"), **common)
    mine, theirs = sizes(top / "o3/names", [".br", ".gz"]), sizes(top / "o4", [".br", ".gz"])
    print(f"  with br and gzip: {packed[0]:.1f} s of CPU, {packed[1]:.1f} s; ServeStatic's compressor {servestatic[0]:.1f} s, "
          f"{servestatic[1]:.1f} s: {servestatic[0] / packed[0]:.1f} x, {servestatic[1] / packed[1]:.1f} x")  # fmt: skip
    print(f"  bytes of the variants: {json.dumps(mine)}, ServeStatic's {json.dumps(theirs)}")


if __name__ == "__main__":
    for files in [int(word) for word in sys.argv[1:]] or [2000, 10_000]:
        compared(files)
