"""On a file system that folds case a name is one only as its directory spells it."""

import os

import pytest
from webob import Request

from assetzcml import AssetRegistry, StaticApp
from assetzcml.resolving import spelling
from assetzcml.resolving.spelling import folds, is_spelled, stands_as_spelled

TREE = {"/srv": ["private", "caf\u00e9"], "/srv/private": ["s.txt"], "/srv/PRIVATE": ["s.txt"], "/srv/caf\u00e9": []}


@pytest.mark.parametrize(
    "parts, spelled",
    [
        ([], True),
        (["private", "s.txt"], True),
        (["PRIVATE", "s.txt"], False),
        (["private", "S.txt"], False),
        (["caf\u00e9"], True),
        (["cafe\u0301"], False),  # the same letters, composed in another way
    ],
)
def test_a_name_is_spelled_as_its_directory_has_it(parts, spelled):
    assert is_spelled("/srv", parts, lambda directory: TREE[directory]) is spelled


def test_whether_a_directory_folds_is_found_out_by_its_own_name_in_the_other_case(tmp_path):
    folds.cache_clear()
    (tmp_path / "static").mkdir()
    assert folds(str(tmp_path / "static")) is (tmp_path / "STATIC").exists()
    (tmp_path / "both").mkdir()
    (tmp_path / "BOTH").symlink_to("both")  # one directory under two names, as where case is folded
    assert folds(str(tmp_path / "both"))
    assert folds("/") is False
    folds.cache_clear()


def test_where_nothing_folds_no_directory_is_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(spelling, "folds", lambda root: False)
    monkeypatch.setattr(os, "listdir", lambda path: pytest.fail("listed"))
    assert stands_as_spelled(str(tmp_path), ["whatever"])


class Nobody:
    def permits(self, request, context, permission):
        return False


def test_the_permission_of_a_deeper_view_is_not_passed_by_another_case(package, monkeypatch):
    name = package({"static/private/s.txt": "secret", "static/app.css": "a{}"})
    static = os.path.join(package.directory, name, "static")
    os.symlink("private", os.path.join(static, "PRIVATE"))
    os.symlink("app.css", os.path.join(static, "APP.css"))
    listed = os.listdir
    # As where case is folded: what leads to the same file is not in the list of its directory.
    monkeypatch.setattr(spelling, "folds", lambda root: True)
    monkeypatch.setattr(os, "listdir", lambda path: [each for each in listed(path) if each == each.lower()])
    registry = AssetRegistry()
    registry.add_permission_policy(Nobody())
    registry.add_static_view("static", f"{name}:static", follow_symlinks=True)
    registry.add_static_view("static/private", f"{name}:static/private", permission="read")
    statuses = {
        path: Request.blank(f"/static/{path}").get_response(StaticApp(registry)).status_int
        for path in ("app.css", "APP.css", "private/s.txt", "PRIVATE/s.txt")
    }
    assert statuses == {"app.css": 200, "APP.css": 404, "private/s.txt": 403, "PRIVATE/s.txt": 404}
    assert [registry.resolve(f"{name}:static/{path}").isfile() for path in ("app.css", "APP.css")] == [True, False]
