"""Applications of other projects, as people install them: a package overrides one file, and every page is whole."""

import json
from pathlib import Path

import pytest

from documents import NAMESPACE, write_tree
from test_installing import Workshop, run

pytestmark = pytest.mark.slow  # environments of their own, filled from the package registry

SITES = Path(__file__).resolve().parents[1] / "applications"

# The file that is overridden, what is installed, and what the application itself names and does not ship.
APPLICATIONS = {
    "wagtail": ("wagtail.admin:static/wagtailadmin/css/core.css", ["wagtail"], []),
    "flask_admin": (
        "flask_admin:static/admin/css/bootstrap4/admin.css",
        ["flask-admin", "flask-sqlalchemy"],
        [],
    ),
    "bootstrap_flask": ("flask_bootstrap:static/bootstrap5/css/bootstrap.min.css", ["bootstrap-flask"], []),
    "sqladmin": (
        "sqladmin:statics/css/main.css",
        ["sqladmin", "greenlet", "httpx2"],
        ["/admin/statics/webfonts/fa-v4compatibility.woff2"],
    ),
    "devpi": ("devpi_web:static/style.css", ["devpi-web", "devpi-server", "setuptools<81"], []),
    "deform": ("deform:static/scripts/deform.js", ["deform", "pyramid_chameleon", "setuptools<81"], []),
}
MODES = {"wagtail": ["development", "production", "plain"]}
CASES = [(name, mode) for name in APPLICATIONS for mode in MODES.get(name, [""])]


@pytest.fixture(scope="module")
def interpreters(tmp_path_factory):
    """A function that gives the interpreter of an application's environment."""
    top = tmp_path_factory.mktemp("applications")
    workshop = Workshop(top)
    made = {}

    def interpreter(name):
        if name not in made:
            made[name] = workshop.application(top / name, *APPLICATIONS[name][1])
        return made[name]

    return interpreter


@pytest.mark.parametrize("name, mode", CASES)
def test_a_package_overrides_one_file_and_all_assets_of_all_pages_are_answered(name, mode, interpreters, tmp_path):
    target, _, not_shipped = APPLICATIONS[name]
    override = f'<asset to_override="{target}" override_with="skin:skin.txt"/>'
    zcml = f'<configure xmlns="{NAMESPACE}">{override}</configure>'
    write_tree(tmp_path / "skin", {"__init__.py": "", "skin.txt": "/* the skin */", "configure.zcml": zcml})
    printed = run(interpreters(name), SITES / f"{name}_site.py", mode, cwd=tmp_path, PYTHONPATH=f"{SITES}:{tmp_path}")
    said = json.loads(printed.splitlines()[-1])
    assert said["assets"] > 2
    assert (list(said["missing"]), said["overridden"]) == (not_shipped, ["/* the skin */"])
