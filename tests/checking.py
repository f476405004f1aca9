"""Checking a small site that a test or a page of docs/ writes."""

import sys

from assetzcml import AssetRegistry
from assetzcml.reports.findings import Checker
from documents import NAMESPACE, forget, look_again, write_tree


def check_site(directory, text, files=None, **arguments):
    """
    The findings about *text*, which becomes ``site.zcml`` in *directory*, beside *files*; registry and findings.

    What stands inside ``<configure>`` begins on line 2. Each directory in *files* is a package while it is checked.
    """
    files = dict(files or {})
    packages = {path.partition("/")[0] for path in files if "/" in path}
    initial = {f"{package}/__init__.py": "" for package in packages}
    if not text.startswith(("<configure", "<?xml")):
        text = f'<configure xmlns="{NAMESPACE}">\n{text}\n</configure>\n'
    write_tree(directory, {**initial, **files, "site.zcml": text})
    sys.path.insert(0, str(directory))
    look_again(directory)
    registry = AssetRegistry()
    try:
        return registry, registry.part(Checker).check(str(directory / "site.zcml"), **arguments)
    finally:
        sys.path.remove(str(directory))
        forget(packages)
