"""The whole of Plone, read by zope.configuration and by us: every action the same, in the same order, from the same place."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import assetzcml

PYTHON = os.environ.get("ASSETZCML_PLONE_PYTHON", "")

SITE = """<configure xmlns="http://namespaces.zope.org/zope" xmlns:five="http://namespaces.zope.org/five">
  <include package="Zope2.App"/>
  <five:loadProducts file="meta.zcml"/>
  <five:loadProducts/>
  <five:loadProductsOverrides/>
  <include package="Products.CMFPlone"/>
  <include package="plone.restapi"/>
</configure>
"""


@pytest.mark.skipif(
    not PYTHON, reason="ASSETZCML_PLONE_PYTHON names no Python that has Products.CMFPlone and plone.restapi"
)
def test_every_action_of_plone_is_that_of_zope_configuration(tmp_path):
    site, checkout = tmp_path / "site.zcml", Path(assetzcml.__file__).parent.parent
    site.write_text(SITE)
    found = {}
    for which in ("zope", "ours"):
        output = tmp_path / f"{which}.json"
        program = str(Path(__file__).with_name("plone_actions.py"))
        environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            [PYTHON, program, str(site), which, str(output)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found[which] = json.loads(output.read_text(encoding="utf-8"))
    assert len(found["zope"]) > 10_000
    assert found["ours"] == found["zope"]
