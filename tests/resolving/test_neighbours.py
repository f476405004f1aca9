"""The hint at what lies beside a place where nothing is."""

import pytest

from assetzcml import AssetRegistry
from assetzcml.records.assets import asset_spec
from assetzcml.resolving.neighbours import nearest_beside
from assetzcml.resolving.resolver import Resolver


@pytest.fixture
def hint(package):
    """A function that gives the hint for a path in a package, one file and one directory of which a theme supplies."""
    name = package({"static/app.css": "", "static/brand/logo.png": "", "static/brant.css": "", "static/icoms": ""})
    theme = package({"extra.css": "", "icons/a.png": ""})
    registry = AssetRegistry()
    registry.override_asset(f"{name}:static/extra.css", f"{theme}:extra.css")
    registry.override_asset(f"{name}:static/icons/", f"{theme}:icons/")

    def ask(path, **options):
        spec = path if ":" in path or path.startswith("/") else f"{name}:{path}"
        return nearest_beside(registry.part(Resolver), asset_spec(spec), **options).replace(name, "shop")

    return ask


@pytest.mark.parametrize("path, options, expected", [
    ("static/ap.css", {}, "did you mean 'shop:static/app.css'?"),
    ("static/extr.css", {}, "did you mean 'shop:static/extra.css'?"),            # only an override supplies it
    ("static/app.css", {}, "did you mean 'shop:static/extra.css'?"),             # never itself
    ("static/bran", {}, "did you mean 'shop:static/brand'?"),
    ("static/brant", {"directory": True}, "did you mean 'shop:static/brand'?"),  # the file 'brant.css' is no directory
    ("static/brant", {"slash": True}, "did you mean 'shop:static/brand/'?"),
    ("static/icon", {"slash": True}, "did you mean 'shop:static/icons/'?"),
    ("static/icom", {}, "did you mean 'shop:static/icoms'?"),
    ("static/icom", {"directory": True}, "did you mean 'shop:static/icons'?"),   # the nearer one is a file
    ("static/nothing-like-it", {}, ""),
    ("nowhere/app.css", {}, ""),
    ("no_such_package_at_all:app.css", {}, ""),
    ("/nowhere/at/all", {}, ""),
])  # fmt: skip
def test_the_name_that_is_spelt_most_like_it_is_told(path, options, expected, hint):
    assert hint(path, **options) == expected


def test_a_whole_package_has_nothing_beside_it(hint):
    assert hint("shop:") == ""
