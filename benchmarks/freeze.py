"""
From sources to files: `assetzcml freeze` against Django's `collectstatic` with its manifest storage, and with ServeStatic's
compressor.

    python benchmarks/freeze.py [FILES] [compress]

The same files, 2,000 and 10,000 of them or so many as are said: style sheets that show images, scripts, images. Each takes
its turn in a directory of its own, in a process of its own; what is measured is its CPU time and how long it took. Nothing is
deleted before the end: some file systems give away the place of what was just deleted only after a long search.

names and references: files under their digests, references rewritten, a manifest; nothing compressed. Ours computes the
integrity of each file beside, writes an index of the manifest, has the disk confirm all of it, and works on all processors;
collectstatic writes each file under its plain name too, and is one thread. Three rows say what is in ours: a site of a single
file, which is what starting costs; the calls of the system that nobody can do without for so many files, in a loop that does
nothing else (read, SHA-256, write, give it its name and another); and a second run over what is unchanged.

codings: br and gzip of what gains by it, the libraries and levels of both are the same (brotli 11, zlib 9), and both use all
processors. Nearly all the time of both is within brotli: four milliseconds for a file of as many kilobytes. So of the same
bytes nobody is much faster than anybody. Two rows. First ServeStatic's compressor alone, over a copy of the sources, against
the whole of freezing: equal work. Then what both are used for: `collectstatic` with ServeStatic's storage, against freezing
with plain names: every file under its digest and its plain name, and the variants of both. Ours compresses a content once,
whatever names it has; that storage compresses it for each name. The bytes are those of all variants, and of the scripts alone,
which are the same for both; our style sheets name images by their digests, 12 digits that nothing compresses, under plain
names too.
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
from assetzcml.cli.freezing import uncollected
from assetzcml.publishing.freeze import freeze
with uncollected():
    freeze(load_zcml({site!r}), {out!r}, codings={codings!r}, plain={plain!r})
"""

CALLS = """
import hashlib, os
for folder in ("tmp", "objects", "names"):
    os.makedirs(os.path.join({out!r}, folder))
for folder, _, names in os.walk({static!r}):
    for name in names:
        with open(os.path.join(folder, name), "rb", buffering=0) as stream:
            data = stream.read()
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join({out!r}, "tmp", digest), "wb", buffering=0) as stream:
            stream.write(data)
        os.rename(os.path.join({out!r}, "tmp", digest), os.path.join({out!r}, "objects", digest))
        os.link(os.path.join({out!r}, "objects", digest), os.path.join({out!r}, "names", digest))
os.sync()
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

STORAGE = DJANGO.replace(
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    "servestatic.storage.CompressedManifestStaticFilesStorage",
)

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


def told(title, ours, peer):
    return f"{title} {peer[0]:.1f} s, {peer[1]:.1f} s: {peer[0] / ours[0]:.1f} x, {peer[1] / ours[1]:.1f} x"


def compared(count, top):
    site(top, count)
    site(top / "one", 1)
    common = {"site": str(top / "site.zcml"), "static": str(top / "static")}
    ours = timed(OURS, out=str(top / "o1"), codings=[], plain=False, **common)
    django = timed(DJANGO, out=str(top / "o2"), **common)
    print(
        f"{count} files, names and references: {ours[0]:.1f} s of CPU, {ours[1]:.1f} s; {told('collectstatic', ours, django)}"
    )
    one = timed(OURS, out=str(top / "o3"), site=str(top / "one/site.zcml"), codings=[], plain=False)
    calls = timed(CALLS, out=str(top / "o4"), **common)
    again = timed(OURS, out=str(top / "o1"), codings=[], plain=False, **common)
    parts = {"a single file": one, "the calls of the system alone": calls, "a second run": again}
    print(
        "  " + "; ".join(f"{name} {cpu:.1f} s of CPU, {clock:.1f} s" for name, (cpu, clock) in parts.items()),
        flush=True,
    )


def compressed(count, top):
    if not top.exists():
        site(top, count)
    common = {"site": str(top / "site.zcml"), "static": str(top / "static")}
    for title, theirs, plain in (("ServeStatic's compressor", SERVESTATIC, False), ("its storage", STORAGE, True)):
        mine, other = str(top / f"c{plain}"), str(top / f"s{plain}")
        packed = timed(OURS, out=mine, codings=["br", "gzip"], plain=plain, **common)
        peer = timed(theirs, out=other, **common)
        print(f"{count} files, br and gzip: {packed[0]:.1f} s of CPU, {packed[1]:.1f} s; {told(title, packed, peer)}")
        suffixes = [".br", ".gz", ".js.br", ".js.gz"]
        own = [sizes(f"{mine}/{folder}", suffixes) for folder in (["names", "plain"] if plain else ["names"])]
        summed = {suffix: sum(each[suffix] for each in own) for suffix in suffixes}
        print(f"  bytes of the variants: {json.dumps(summed)}, theirs {json.dumps(sizes(other, suffixes))}")
        again = timed(OURS, out=mine, codings=["br", "gzip"], plain=plain, **common)
        print(f"  a second run: {again[0]:.1f} s of CPU, {again[1]:.1f} s", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for files in [int(word) for word in sys.argv[1:] if word.isdigit()] or [2000, 10_000]:
            if "compress" not in sys.argv:
                compared(files, pathlib.Path(name, str(files)))
            if "compress" in sys.argv or files <= 2000:
                compressed(files, pathlib.Path(name, str(files)))
