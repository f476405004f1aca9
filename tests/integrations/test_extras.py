"""What needs a library that is an extra says so, and nobody else needs it."""

import subprocess
import sys

import pytest

PREVENT = """
import sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Finder)
import assetzcml
try:
    exec(sys.argv[2])
except assetzcml.MissingExtra as error:
    print(error)
"""

INCLUDE = "assetzcml.includeme(None)"
IMPORT = "import assetzcml.integrations.{}"


@pytest.mark.whole
@pytest.mark.parametrize("library, use, said", [
    ("pyramid", INCLUDE, 'config.include("assetzcml") needs Pyramid, which is not installed; pip install "assetzcml[pyramid]"'),
    ("flask", IMPORT, 'Assets needs Flask, which is not installed; pip install "assetzcml[flask]"'),
    ("django", IMPORT, 'assetzcml.integrations.django needs Django, which is not installed; pip install "assetzcml[django]"'),
    ("starlette", IMPORT, 'Assets needs Starlette, which is not installed; pip install "assetzcml[starlette]"'),
])  # fmt: skip
def test_an_integration_says_which_extra_it_needs(library, use, said):
    command = [sys.executable, "-c", PREVENT, library, use.format(library)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == said
