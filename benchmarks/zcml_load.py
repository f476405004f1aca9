"""
Loading ZCML, against zope.configuration's own `xmlconfig.file` on the same directives and schemas.

    python benchmarks/zcml_load.py

Both read the same files: 10,000 directives of a package's own, with the fields that ZCML has in practice, in one file;
and the same in 1,000 included files.
"""

import importlib
import pathlib
import sys
import tempfile

from ratio import compare
from zope.configuration import xmlconfig

from assetzcml import AssetRegistry

DIRECTIVES = 10_000
FILES = 1_000

PACKAGE = '''
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


def thing(context, name, size=3, enabled=False, tags=(), handler=None):
    context.action(("thing", name), register, (name, size, enabled, tags, handler))
'''

META = """<configure xmlns="http://namespaces.zope.org/zope" xmlns:meta="http://namespaces.zope.org/meta">
  <meta:directive namespace="http://example.com/things" name="thing" schema=".IThing" handler=".thing"/>
</configure>
"""


def things(start, stop):
    """ZCML with one directive a line."""
    return "\n".join(
        f'  <thing name="thing-{n}" size="{n}" enabled="yes" tags="a b c" handler="things_of_a_benchmark.register"/>'
        for n in range(start, stop)
    )


def configure(*contents):
    return '<configure xmlns="http://example.com/things">\n' + "\n".join(contents) + "\n</configure>\n"


def write(directory):
    """A package with both shapes of the same configuration."""
    package = directory / "things_of_a_benchmark"
    (package / "many").mkdir(parents=True)
    include_meta = '  <include package="things_of_a_benchmark" file="meta.zcml"/>'
    (package / "__init__.py").write_text(PACKAGE)
    (package / "meta.zcml").write_text(META)
    (package / "one.zcml").write_text(configure(include_meta, things(0, DIRECTIVES)))
    (package / "many.zcml").write_text(configure(include_meta, '  <include files="many/*.zcml"/>'))
    each = DIRECTIVES // FILES
    for number in range(FILES):
        text = configure(things(number * each, (number + 1) * each))
        (package / "many" / f"{number:04}.zcml").write_text(text)


def main():
    with tempfile.TemporaryDirectory() as directory:
        write(pathlib.Path(directory))
        sys.path.insert(0, directory)
        package = importlib.import_module("things_of_a_benchmark")
        for file, name, aim in (
            ("one.zcml", f"load {DIRECTIVES:,} directives, one file", 2),
            ("many.zcml", f"load {DIRECTIVES:,} directives in {FILES:,} included files", 1.5),
        ):
            compare(
                name,
                lambda file=file: xmlconfig.file(file, package),
                lambda file=file: AssetRegistry().load_zcml(f"{package.__name__}:{file}"),
                aim,
            )


if __name__ == "__main__":
    main()
