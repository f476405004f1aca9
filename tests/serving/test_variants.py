"""Which file an asset is, and which codings of it there are: in the layer that supplies it, and nowhere else."""

import os
import sys
import zipfile

import pytest

from assetzcml.records.assets import asset_spec
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.search import SearchPaths
from assetzcml.serving.variants import TOLERANCE, locate, look
from serving import clients
from serving.conftest import write

CHANGED = 1_704_164_645  # seconds since 1970; when the asset was
SUFFIXES = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}


def found(spec, root=None, overrides=()):
    """What the layers give for *spec*: the spec it is taken from and whether it is a directory."""
    paths = clients.registry(overrides=overrides).snapshot.derived(SearchPaths)
    candidates = paths.candidates(asset_spec(str(spec)), None if root is None else asset_spec(str(root)))
    return locate(candidates, Packages())


def codings(path, wanted=("zstd", "br", "gzip"), **options):
    """The codings that are there, with their sizes."""
    return [(each.coding, each.size) for each in look(found(path, path.parent), wanted, **options).sources]


@pytest.fixture
def asset(tmp_path):
    return write(tmp_path / "app.css", b"body {}", CHANGED)


def test_the_variants_are_told_in_the_order_of_preference(asset):
    for suffix in (".zst", ".br", ".gz"):
        write(asset.with_name(asset.name + suffix), suffix.encode(), CHANGED)
    assert codings(asset) == [(None, 7), ("zstd", 4), ("br", 3), ("gzip", 3)]
    assert codings(asset, ("gzip", "zstd")) == [(None, 7), ("gzip", 3), ("zstd", 4)]
    assert codings(asset, ()) == [(None, 7)]


@pytest.mark.parametrize(
    "age, is_one",
    [(-3600, True), (0, True), (TOLERANCE, True), (TOLERANCE + 0.001, False), (3600, False)],
)
def test_a_variant_that_is_older_than_its_asset_is_none(asset, age, is_one):
    write(asset.with_name("app.css.gz"), b"gz", CHANGED - age)
    assert codings(asset) == [(None, 7), *[("gzip", 2)] * is_one]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: write(path, b""),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("nothing"),
        lambda path: path.symlink_to(path.name),
        lambda path: path.symlink_to(write(path.parents[1] / "outside.gz", b"secret")),
    ],
    ids=["empty", "directory", "fifo", "dangling link", "loop", "link out of the root"],
)
def test_what_is_no_file_of_bytes_is_no_variant(tmp_path, make):
    asset = write(tmp_path / "root/app.css", b"body {}", CHANGED)
    make(asset.with_name("app.css.gz"))
    assert codings(asset) == [(None, 7)]


def test_a_variant_may_be_a_link_within_the_root(asset):
    write(asset.with_name("real.gz"), b"gz", CHANGED)
    asset.with_name("app.css.gz").symlink_to("real.gz")
    assert codings(asset) == [(None, 7), ("gzip", 2)]


def test_an_asset_that_exists_only_encoded_does_not_exist(tmp_path):
    write(tmp_path / "app.css.gz", b"gz")
    assert found(tmp_path / "app.css", tmp_path) is None


def test_a_fifo_in_place_of_the_asset_is_refused(tmp_path):
    os.mkfifo(tmp_path / "app.css")
    assert found(tmp_path / "app.css", tmp_path) is None


def test_the_first_layer_that_has_the_asset_supplies_it_with_its_own_variants(package):
    shop = package({"static/app.css": "shop", "static/app.css.gz": "shop's", "static/only.css": "shop"})
    theme = package({"static/app.css": "theme", "static/only.css.br": "theme's"})
    overrides = [(f"{shop}:static/", f"{theme}:static/")]
    app = found(f"{shop}:static/app.css", f"{shop}:static", overrides)
    only = found(f"{shop}:static/only.css", f"{shop}:static", overrides)
    assert [str(app.spec), str(only.spec)] == [f"{theme}:static/app.css", f"{shop}:static/only.css"]
    assert [each.coding for each in look(app, ["br", "gzip"]).sources] == [None]
    assert [each.coding for each in look(only, ["br", "gzip"]).sources] == [None]


def test_a_directory_in_one_layer_does_not_hide_a_file_in_another(package):
    shop = package({"static/a": "file", "static/b/x": "file"})
    theme = package({"static/a/x": "file", "static/b": "file"})
    overrides = [(f"{shop}:static/", f"{theme}:static/")]
    for name, supplier in (("a", shop), ("b", theme)):
        located = found(f"{shop}:static/{name}", f"{shop}:static", overrides)
        assert (located.directory, str(located.spec)) == (False, f"{supplier}:static/{name}")


def test_a_namespace_package_is_looked_through_portion_by_portion(tmp_path, monkeypatch):
    write(tmp_path / "one/spread_package/static/a.txt", b"one")
    write(tmp_path / "two/spread_package/static/a.txt", b"two")
    write(tmp_path / "two/spread_package/static/b.txt", b"two")
    for portion in ("two", "one"):
        monkeypatch.syspath_prepend(tmp_path / portion)
    for name, portion in (("a.txt", "one"), ("b.txt", "two")):
        located = found(f"spread_package:static/{name}", "spread_package:static")
        assert located.location.root == str(tmp_path / portion / "spread_package/static")
    sys.modules.pop("spread_package", None)


def test_an_archive_has_variants_too_known_by_their_bytes(tmp_path, monkeypatch):
    archive = tmp_path / "zipped.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped_package/__init__.py", "")
        file.writestr("zipped_package/static/app.css", b"plain")
        file.writestr("zipped_package/static/app.css.gz", b"gzipped")
        file.writestr("zipped_package/static/app.css.br", b"")
    monkeypatch.syspath_prepend(archive)
    located = found("zipped_package:static/app.css", "zipped_package:static")
    told = [(each.coding, each.size, each.mtime_ns) for each in look(located, ["br", "gzip"]).sources]
    assert told == [(None, 5, None), ("gzip", 7, None)]
    assert found("zipped_package:static/nothing", "zipped_package:static") is None
    assert found("zipped_package:static", "zipped_package:static").directory
    sys.modules.pop("zipped_package", None)


def test_a_package_that_is_gone_supplies_nothing(package):
    shop = package({"static/app.css": "shop"})
    overrides = [(f"{shop}:static/", "no_such_package:static/")]
    assert str(found(f"{shop}:static/app.css", f"{shop}:static", overrides).spec) == f"{shop}:static/app.css"
