"""
What the ZCML of Plone registers, as JSON: read by zope.configuration, or by us. A program of its own.

    python plone_actions.py SITE.zcml zope|ours OUTPUT.json

Runs with a Python that has Products.CMFPlone and plone.restapi, and the path of this checkout as PYTHONPATH.
"""

import json
import re
import sys
import warnings


def plain(value):
    """A value as text, without what differs from process to process: addresses, and names made of them."""
    return re.sub(r" at 0x[0-9a-f]+|_?\d{12,}", "", repr(value))


def by_zope_configuration(site):
    from zope.configuration.config import resolveConflicts
    from zope.configuration.xmlconfig import file

    return resolveConflicts(file(site, execute=False).actions)


def by_assetzcml(site):
    from assetzcml import AssetRegistry
    from assetzcml.zcml.limits import Limits
    from assetzcml.zcml.load import Load
    from assetzcml.zcml.loader import Phases

    phases = Phases(Load(AssetRegistry(), {}, Limits(), False))
    phases.read(site, None)
    return phases.resolve()


def main(site, which, output):
    warnings.simplefilter("ignore")
    import Zope2  # noqa: F401 (products expect it)
    from OFS.Application import import_products

    import_products()
    actions = by_zope_configuration(site) if which == "zope" else by_assetzcml(site)
    rows = [
        [*map(plain, (a["discriminator"], a["callable"], a["args"], a["kw"], a["info"], a["includepath"])), a["order"]]
        for a in actions
    ]
    with open(output, "w", encoding="utf-8") as stream:
        json.dump(rows, stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
