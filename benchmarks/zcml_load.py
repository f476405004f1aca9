"""
Loading ZCML, against zope.configuration's own `xmlconfig.file` on the same directives and schemas.

    python benchmarks/zcml_load.py

Both read the same files: 10,000 directives of a package's own in one file, and the same in 1,000 included files. Once of
a light schema (a text, a number, a truth), once of a heavy one (words and a dotted name too). Then: a file that the handler
of another package includes; files that include each other, where nearly every include is skipped; and the peak of memory of
100,000 directives, each in a process of its own.
"""

import importlib
import pathlib
import resource
import subprocess
import sys
import tempfile

from ratio import compare
from zope.configuration import xmlconfig

from assetzcml import AssetRegistry, Limits

DIRECTIVES = 10_000
FILES = 1_000
INCLUDED = 8_000  # directives in a file that the handler of another package includes
WEB = 200  # files that include all files before them: 19,900 includes, of which 200 read a file
MANY = 100_000  # directives of which the memory is measured
MOST_MEMORY = 1.2  # times zope.configuration's

LIGHT, HEAVY = 'enabled="yes"', 'enabled="yes" tags="a b c" handler="things_of_a_benchmark.register"'

PACKAGE = '''
from zope.configuration import xmlconfig
from zope.configuration.fields import Bool, GlobalObject, Tokens
from zope.interface import Interface
from zope.schema import Int, TextLine


class IThing(Interface):
    name = TextLine(title="Name")
    size = Int(title="Size", min=0, required=False, default=3)
    enabled = Bool(title="Enabled", required=False)
    tags = Tokens(title="Tags", value_type=TextLine(), required=False)
    handler = GlobalObject(title="Handler", required=False)


def register(*arguments):
    """What the action calls."""


class ILight(Interface):
    name = TextLine(title="Name")
    size = Int(title="Size", min=0, required=False, default=3)
    enabled = Bool(title="Enabled", required=False)


def thing(context, name, size=3, enabled=False, tags=(), handler=None):
    context.action(("thing", name), register, (name, size, enabled, tags, handler))


class IFile(Interface):
    file = TextLine(title="File")


def load(context, file):
    """As z3c.autoinclude does."""
    xmlconfig.include(context, file, context.package)
'''

META = """<configure xmlns="http://namespaces.zope.org/zope" xmlns:meta="http://namespaces.zope.org/meta">
  <meta:directive namespace="http://example.com/things" name="heavy" schema=".IThing" handler=".thing"/>
  <meta:directive namespace="http://example.com/things" name="light" schema=".ILight" handler=".thing"/>
  <meta:directive namespace="http://example.com/things" name="load" schema=".IFile" handler=".load"/>
</configure>
"""


def things(mix, start, stop):
    """ZCML with one directive a line."""
    more = LIGHT if mix == "light" else HEAVY
    return "\n".join(f'  <{mix} name="thing-{n}" size="{n}" {more}/>' for n in range(start, stop))


def configure(*contents):
    return '<configure xmlns="http://example.com/things">\n' + "\n".join(contents) + "\n</configure>\n"


def write(directory):
    """A package with all shapes of the configuration."""
    package = directory / "things_of_a_benchmark"
    meta = '  <include package="things_of_a_benchmark" file="meta.zcml"/>'
    files = {"__init__.py": PACKAGE, "meta.zcml": META}
    each = DIRECTIVES // FILES
    for mix in ("light", "heavy"):
        files[f"{mix}.zcml"] = configure(meta, things(mix, 0, DIRECTIVES))
        files[f"{mix}_many.zcml"] = configure(meta, f'  <include files="{mix}/*.zcml"/>')
        for number in range(FILES):
            text = configure(things(mix, number * each, (number + 1) * each))
            files[f"{mix}/{number:04}.zcml"] = text
    files["foreign.zcml"] = configure(meta, '  <load file="included.zcml"/>')
    files["plain.zcml"] = configure(meta, '  <include file="included.zcml"/>')
    files["included.zcml"] = configure(things("light", 0, INCLUDED))
    files["web.zcml"] = configure(*(f'<include file="web/{n}.zcml"/>' for n in range(WEB)))
    files |= {f"web/{n}.zcml": configure(*(f'<include file="{m}.zcml"/>' for m in range(n))) for n in range(WEB)}
    files["huge.zcml"] = configure(meta, things("light", 0, MANY))
    files["foreign_huge.zcml"] = configure(meta, '  <load file="huge.zcml"/>')
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def by_zope(file):
    return xmlconfig.file(file, importlib.import_module("things_of_a_benchmark"))


def by_us(file):
    return AssetRegistry().load_zcml(f"things_of_a_benchmark:{file}", limits=Limits(file_bytes=1 << 26))


def peak():
    """The peak of this process, in KiB. That of `getrusage` is its parent's where that was larger (getrusage(2))."""
    try:
        status = pathlib.Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.partition("VmHWM:")[2].split()[0])


def memory(directory, who, file):
    """How much the peak of a process grows by a load, in MiB."""
    sys.path.insert(0, directory)
    load = {"zope": by_zope, "us": by_us}[who]
    load("meta.zcml")
    before = peak()
    loaded = load(file)
    grown = peak() - before
    assert loaded is not None
    print(grown / 1024)


def compare_memory(directory, name, file):
    peaks = {
        who: float(
            subprocess.run([sys.executable, __file__, directory, who, file], check=True, capture_output=True).stdout
        )
        for who in ("zope", "us")
    }
    ratio = peaks["us"] / peaks["zope"]
    judged = "met" if ratio <= MOST_MEMORY else "NOT MET"
    print(f"{name:<44} peer {peaks['zope']:8.1f} MiB   ours {peaks['us']:6.1f} MiB   {ratio:8.2f} x   "
          f"at most {MOST_MEMORY:g} x   {judged}", flush=True)  # fmt: skip


def main():
    with tempfile.TemporaryDirectory() as directory:
        write(pathlib.Path(directory))
        sys.path.insert(0, directory)
        for name, file, peer, aim in (
            (f"load {DIRECTIVES:,} light directives, one file", "light.zcml", by_zope, 2.6),
            (f"the same in {FILES:,} included files", "light_many.zcml", by_zope, 2.2),
            (f"load {DIRECTIVES:,} heavy directives, one file", "heavy.zcml", by_zope, 3),
            (f"the same in {FILES:,} included files", "heavy_many.zcml", by_zope, 2.4),
            (f"a handler includes {INCLUDED:,} directives", "foreign.zcml", by_zope, 1),
            ("the same, against our plain include", "foreign.zcml", lambda file: by_us("plain.zcml"), 1 / 1.3),
            ("19,900 includes, 19,700 of them skipped", "web.zcml", by_zope, 1 / 1.5),
        ):
            compare(name, lambda: peer(file), lambda: by_us(file), aim)  # noqa: B023 (called before the next round)
        compare_memory(directory, f"peak of {MANY:,} directives", "huge.zcml")
        compare_memory(directory, "the same, where a handler includes them", "foreign_huge.zcml")


if __name__ == "__main__":
    memory(*sys.argv[1:]) if len(sys.argv) > 1 else main()
