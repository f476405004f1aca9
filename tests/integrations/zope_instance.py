"""
Zope's own start-up, and what is loaded after it. A program of its own, for a Python that has Zope:

    python zope_instance.py zope.conf

Prints what the registry of the global site manager says then, as JSON.
"""

import json
import sys

from Zope2.App import zcml
from Zope2.Startup.run import configure_wsgi

LATER = """<configure xmlns="http://namespaces.assetzcml.org/assets">
  <staticView name="{name}" path="zope_shop:static"/>
</configure>"""


def main(path):
    configure_wsgi(path)
    import Zope2

    Zope2.startup_wsgi()  # reads site.zcml
    from zope.component import getUtility

    from assetzcml.interfaces import IAssetRegistry

    registry = getUtility(IAssetRegistry)
    said = {"views": sorted(view.name for view in registry.snapshot.views)}
    said["url"] = registry.static_path("zope_shop:static/app.css")
    zcml.load_string(LATER.format(name="later"))
    said["later"] = sorted(view.name for view in registry.snapshot.views)
    try:
        zcml.load_string(LATER.format(name="a/../b"))
    except Exception as error:
        said["refused"] = f"{type(error).__name__}: {error}"
    said["afterwards"] = sorted(view.name for view in registry.snapshot.views)
    said["found"] = registry.resolve("zope_shop:static/logo.txt").source_spec
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
