"""A spec in, an asset out: through overrides, chains and layers, and anew within a second."""

import importlib.resources
import os
import socket
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webob import Request

from assetzcml import AssetRegistry, ConfigurationWarning, DigestCacheBuster, StaticApp
from assetzcml.errors import InvalidSpec
from assetzcml.interfaces import IAsset, IResolver
from assetzcml.records.assets import Override, asset_spec
from assetzcml.registry import Registry
from assetzcml.resolving import packages as packages_module
from assetzcml.resolving import resolver as resolving
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.resolver import FRESH, Resolver
from assetzcml.resolving.search import Candidate, SearchPaths, parent


def overridden(*pairs, **settings):
    """A resolver for overrides given as 'target <- source', the strongest first."""
    registry = Registry(settings=settings)
    for number, pair in enumerate(pairs):
        target, source = pair.split(" <- ")
        registry.add(
            Override(
                target=asset_spec(target, whole=True),
                source=asset_spec(source, whole=True),
                file=not target.endswith(("/", ":")) and ":" in target,
                rank=((0, number, 0),),
            )
        )
    return Resolver(registry)


@pytest.fixture
def shop(package):
    """Three packages that have some of the same assets: an application, a theme and a brand."""
    package({"static/logo.png": "shop", "static/app.css": "shop", "static/img/cup.svg": "shop"}, name="shop_r")
    package({"static/logo.png": "theme", "static/new.css": "theme", "logo.png": "theme", "img/": ""}, name="theme_r")
    package({"logo.png": "brand", "static/app.css": "brand"}, name="brand_r")
    return package


def text(resolver, spec):
    return resolver.resolve(spec).read_bytes().decode()


# Where packages keep their files


def test_an_asset_of_an_ordinary_package(shop):
    asset = overridden().resolve("shop_r:static//logo.png")
    path = shop.directory / "shop_r" / "static" / "logo.png"
    assert IAsset.providedBy(asset)
    assert (asset.spec, asset.source_spec, asset.abspath()) == (
        "shop_r:static/logo.png",
        "shop_r:static/logo.png",
        str(path),
    )
    assert (asset.exists(), asset.isfile(), asset.isdir()) == (True, True, False)
    assert (asset.size, asset.mtime, asset.read_bytes()) == (4, path.stat().st_mtime, b"shop")
    with asset.open() as stream:
        assert stream.read() == b"shop"


def test_a_namespace_package_has_the_files_of_all_its_portions(tmp_path, package, monkeypatch):
    package({"static/a.css": "one", "static/both.css": "one"}, name="spread", namespace=True)
    other = tmp_path / "elsewhere"
    (other / "spread" / "static").mkdir(parents=True)
    for name in ("b.css", "both.css"):
        (other / "spread" / "static" / name).write_text("two")
    monkeypatch.syspath_prepend(other)
    resolver = overridden()
    assert resolver.resolve("spread:static").listdir() == ["a.css", "b.css", "both.css"]
    assert [text(resolver, f"spread:static/{n}.css") for n in ("a", "b", "both")] == ["one", "two", "two"]
    assert len(resolver.packages.directories("spread")) == 2


def test_an_absolute_path_is_its_own_place(tmp_path):
    (tmp_path / "a:b.css").write_text("a")
    resolver = overridden()
    assert text(resolver, f"{tmp_path}/a:b.css") == "a"
    assert resolver.resolve(str(tmp_path)).listdir() == ["a:b.css"]


def test_a_whole_package_is_a_directory(shop):
    asset = overridden().resolve("brand_r:")
    assert (asset.isdir(), asset.isfile()) == (True, False)
    assert {"logo.png", "static"} <= set(asset.listdir())


def test_a_package_in_an_archive_is_read_through_a_stream(tmp_path, monkeypatch):
    archive = tmp_path / "zipped.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("zipped_r/__init__.py", "")
        wheel.writestr("zipped_r/static/a.css", "zip")
    monkeypatch.syspath_prepend(archive)
    resolver = overridden("zipped_r:static/b.css <- zipped_r:static/a.css")
    asset = resolver.resolve("zipped_r:static/a.css")
    assert (asset.read_bytes(), asset.abspath(), asset.size, asset.mtime) == (b"zip", None, 3, None)
    assert (asset.isfile(), resolver.resolve("zipped_r:static").isdir()) == (True, True)
    assert resolver.resolve("zipped_r:static").listdir() == ["a.css", "b.css"]
    assert resolver.resolve("zipped_r:static/no.css").exists() is False
    assert "zipped_r" not in sys.modules


@pytest.mark.parametrize(
    "spec, kind, why",
    [
        ("shop_r:../x", InvalidSpec, r"'\.\.' is not followed"),
        ("logo.png", InvalidSpec, "relative path"),
        ("nosuch_r:x", ModuleNotFoundError, "nosuch_r"),
        ("os.path:x", ModuleNotFoundError, "is a module, not a package"),
    ],
)
def test_a_bad_spec_or_package_is_an_error_at_once(shop, spec, kind, why):
    with pytest.raises(kind, match=why):
        overridden().resolve(spec)


def test_a_missing_asset_says_so_when_it_is_read(shop):
    asset = overridden().resolve("shop_r:static/none.css")
    assert (asset.exists(), asset.isfile(), asset.isdir(), asset.abspath()) == (False, False, False, None)
    assert asset.source_spec == asset.spec
    for use in (asset.open, asset.read_bytes, lambda: asset.size, lambda: asset.mtime):
        with pytest.raises(FileNotFoundError, match=r"no layer has the asset 'shop_r:static/none\.css'"):
            use()
    with pytest.raises(NotADirectoryError):
        asset.listdir()


def test_a_directory_is_not_read_and_a_file_not_listed(shop):
    resolver = overridden()
    with pytest.raises(IsADirectoryError):
        resolver.resolve("shop_r:static").open()
    with pytest.raises(NotADirectoryError):
        resolver.resolve("shop_r:static/logo.png").listdir()


def test_what_is_neither_file_nor_directory_does_not_exist(shop, tmp_path):
    os.mkfifo(tmp_path / "pipe")  # to open it would wait for ever
    os.symlink("nowhere", tmp_path / "dangling")
    os.symlink("loop", tmp_path / "loop")
    resolver = overridden()
    assert [resolver.resolve(f"{tmp_path}/{name}").exists() for name in ("pipe", "dangling", "loop")] == [False] * 3
    assert resolver.resolve(f"{tmp_path}/{'x' * 300}").exists() is False
    assert resolver.resolve(f"{tmp_path}/\ud800").exists() is False


# Who supplies an asset


@pytest.mark.parametrize(
    "overrides, asked, source",
    [
        ([], "static/logo.png", "shop_r:static/logo.png"),
        (["shop_r:static/logo.png <- theme_r:logo.png"], "static/logo.png", "theme_r:logo.png"),
        (["shop_r:static/ <- theme_r:static/"], "static/logo.png", "theme_r:static/logo.png"),
        (["shop_r:static/ <- theme_r:static/"], "static/app.css", "shop_r:static/app.css"),  # the theme has none
        (["shop_r:static/ <- theme_r:static/"], "static/new.css", "theme_r:static/new.css"),  # the shop has none
        (["shop_r <- brand_r"], "logo.png", "brand_r:logo.png"),
        (["shop_r <- brand_r"], "static/app.css", "brand_r:static/app.css"),
        (["shop_r:static/logo.png <- theme_r:gone.png"], "static/logo.png", "shop_r:static/logo.png"),
        (["shop_r:static/logo.png <- nosuch_r:x"], "static/logo.png", "shop_r:static/logo.png"),
        # the first in the search path that has it; a file target is not stronger than a directory target
        (
            ["shop_r:static/ <- theme_r:static/", "shop_r:static/logo.png <- brand_r:logo.png"],
            "static/logo.png",
            "theme_r:static/logo.png",
        ),
        (
            ["shop_r:static/logo.png <- brand_r:logo.png", "shop_r:static/ <- theme_r:static/"],
            "static/logo.png",
            "brand_r:logo.png",
        ),
        (["shop_r:static/ <- brand_r:static/", "shop_r <- theme_r"], "static/logo.png", "theme_r:static/logo.png"),
        # not under the target: segments, packages, and nothing is below a file
        (["shop_r:static <- theme_r:static"], "static/logo.png", "shop_r:static/logo.png"),
        (["shop_r:sta/ <- theme_r:static/"], "static/logo.png", "shop_r:static/logo.png"),
        (["shop_r:static/logo <- theme_r:logo.png"], "static/logo.png", "shop_r:static/logo.png"),
        # chains: theme's file is overridden by brand
        (
            ["shop_r:static/logo.png <- theme_r:logo.png", "theme_r:logo.png <- brand_r:logo.png"],
            "static/logo.png",
            "brand_r:logo.png",
        ),
        (["theme_r <- brand_r", "shop_r:static/ <- theme_r:"], "static/logo.png", "brand_r:logo.png"),
        # a chain whose end has nothing falls back step by step
        (
            ["shop_r:static/logo.png <- theme_r:logo.png", "theme_r:logo.png <- brand_r:gone.png"],
            "static/logo.png",
            "theme_r:logo.png",
        ),
        # a source that is missing itself may be supplied by an override of it
        (
            ["shop_r:static/x.css <- theme_r:gone.css", "theme_r:gone.css <- brand_r:static/app.css"],
            "static/x.css",
            "brand_r:static/app.css",
        ),
    ],
)
def test_the_first_layer_that_has_the_asset_supplies_it(shop, overrides, asked, source):
    asset = overridden(*overrides).resolve(f"shop_r:{asked}")
    assert asset.source_spec == source
    assert asset.read_bytes().decode() == source.partition("_")[0]


def test_every_place_is_looked_at_once_where_it_is_strongest():
    resolver = overridden("s:a <- t:a", "t:a <- b:a", "s:a <- b:a", "b:a <- s:a")
    candidates = SearchPaths(resolver.registry.snapshot).candidates(asset_spec("s:a"))
    assert [str(c.spec) for c in candidates] == ["b:a", "t:a", "s:a"]
    assert [[str(o.source) for o in c.via] for c in candidates] == [["t:a", "b:a"], ["t:a"], []]


@pytest.mark.parametrize(
    "overrides, spec, root",
    [
        ([], "s:static/img/a", "s:static"),
        (["s:static/ <- t:x/"], "s:static/img/a", "t:x"),
        (["s:static/img/ <- t:x/"], "s:static/img/a", "t:x"),  # never the directory above the source
        (["s:static/img/a <- t:x/y/z"], "s:static/img/a", "t:x/y"),
        (["s <- t"], "s:static/img/a", "t:static"),
    ],
)
def test_a_place_knows_the_directory_a_link_must_not_leave(overrides, spec, root):
    resolver = overridden(*overrides)
    first = SearchPaths(resolver.registry.snapshot).candidates(asset_spec(spec), asset_spec("s:static"))[0]
    assert str(first.root) == root


def test_a_thousand_stacked_directories_are_searched_in_order(shop):
    resolver = overridden(*(f"shop_r:static/ <- theme_r:gone{n}/" for n in range(1000)))
    assert text(resolver, "shop_r:static/logo.png") == "shop"
    assert len(SearchPaths(resolver.registry.snapshot).candidates(asset_spec("shop_r:static/logo.png"))) == 1001


def test_a_chain_of_a_thousand_is_followed(shop):
    resolver = overridden(*(f"shop_r:c{n} <- shop_r:c{n + 1}" for n in range(1000)), "shop_r:c1000 <- brand_r:logo.png")
    assert resolver.resolve("shop_r:c0").source_spec == "brand_r:logo.png"


# Directories


def test_a_listing_is_that_of_all_layers_together(shop):
    resolver = overridden("shop_r:static/ <- theme_r:static/", "theme_r:static/ <- brand_r:static/")
    assert resolver.resolve("shop_r:static").listdir() == ["app.css", "img", "logo.png", "new.css"]


def test_a_listing_has_the_names_that_only_an_override_supplies(shop):
    resolver = overridden(
        "shop_r:static/extra.png <- brand_r:logo.png",
        "shop_r:static/more/ <- theme_r:static/",
        "shop_r:static/deep/down/x.png <- brand_r:logo.png",
        "shop_r:static/missing.png <- brand_r:gone.png",
        "shop_r:static/void/x.png <- brand_r:gone.png",
        "theme_r:static/inner.png <- brand_r:logo.png",
        "shop_r:static/ <- theme_r:static/",
    )
    listing = ["app.css", "deep", "extra.png", "img", "inner.png", "logo.png", "more", "new.css"]
    assert resolver.resolve("shop_r:static").listdir() == listing
    assert resolver.resolve("shop_r:static/more").listdir() == ["inner.png", "logo.png", "new.css"]


def test_a_directory_that_only_holds_what_overrides_put_there_is_one(shop):
    resolver = overridden("shop_r:dummy/a/x.png <- brand_r:logo.png", "shop_r:void/x.png <- brand_r:gone.png")
    dummy = resolver.resolve("shop_r:dummy")
    assert (dummy.exists(), dummy.isdir(), dummy.isfile(), dummy.abspath()) == (True, True, False, None)
    assert (dummy.listdir(), resolver.resolve("shop_r:dummy/a").listdir()) == (["a"], ["x.png"])
    assert resolver.resolve("shop_r:void").exists() is False


def test_a_listing_ends_where_an_override_leads_a_directory_above_itself(shop):
    resolver = overridden("shop_r:static/up/ <- shop_r:static/")
    assert resolver.resolve("shop_r:static").listdir() == ["app.css", "img", "logo.png", "up"]
    assert text(resolver, "shop_r:static/up/up/logo.png") == "shop"


def test_a_file_and_a_directory_of_one_name_do_not_hide_each_other(shop, package):
    package({"static/img": "a file", "static/logo.png/": "", "static/logo.png/x": "x"}, name="odd_r")
    resolver = overridden("shop_r:static/ <- odd_r:static/")
    logo, images = resolver.resolve("shop_r:static/logo.png"), resolver.resolve("shop_r:static/img")
    assert (logo.isfile(), logo.isdir(), logo.read_bytes()) == (True, True, b"shop")
    assert (logo.source_spec, logo.listdir()) == ("shop_r:static/logo.png", ["x"])
    assert (images.isfile(), images.isdir(), images.read_bytes()) == (True, True, b"a file")
    assert images.listdir() == ["cup.svg"]
    assert text(resolver, "shop_r:static/img/cup.svg") == "shop"


def test_a_directory_that_cannot_be_read_is_an_empty_layer(shop, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "no")

    monkeypatch.setattr(resolving.os, "listdir", refuse)
    assert overridden().resolve("shop_r:static").listdir() == []


@pytest.mark.parametrize("spec, above", [("s:a/b", "s:a"), ("s:a", "s:"), ("s:", "s:"), ("/a", "/"), ("/", "/")])
def test_the_directory_above(spec, above):
    assert str(parent(asset_spec(spec))) == above


# Freshness


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved: `clock.now += 1`."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(resolving.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_file_that_appears_in_a_stronger_layer_is_noticed_within_a_second(shop, clock):
    asset = overridden("shop_r:static/ <- theme_r:static/").resolve("shop_r:static/app.css")
    assert asset.source_spec == "shop_r:static/app.css"
    (shop.directory / "theme_r/static/app.css").write_text("theme")
    assert asset.source_spec == "shop_r:static/app.css"
    clock.now += FRESH
    assert asset.source_spec == "theme_r:static/app.css"
    assert FRESH <= 1.0


def test_with_reload_it_is_noticed_at_once(shop, clock):
    asset = overridden("shop_r:static/ <- theme_r:static/", reload="yes").resolve("shop_r:static/app.css")
    assert asset.source_spec == "shop_r:static/app.css"
    (shop.directory / "theme_r/static/app.css").write_text("theme")
    assert asset.source_spec == "theme_r:static/app.css"


def test_what_was_missing_is_noticed_at_once(shop, clock):
    resolver = overridden()
    asset = resolver.resolve("shop_r:static/later.css")
    assert asset.exists() is False
    (shop.directory / "shop_r/static/later.css").write_text("later")
    assert (asset.exists(), text(resolver, "shop_r:static/later.css")) == (True, "later")


def test_a_file_removed_from_a_layer_a_moment_ago_is_read_from_the_next(shop, clock):
    asset = overridden("shop_r:static/ <- theme_r:static/").resolve("shop_r:static/logo.png")
    assert asset.read_bytes() == b"theme"
    (shop.directory / "theme_r/static/logo.png").unlink()
    assert asset.read_bytes() == b"shop"
    (shop.directory / "shop_r/static/logo.png").unlink()
    with pytest.raises(FileNotFoundError):
        asset.read_bytes()


def test_a_look_says_until_when_it_is_trusted(shop, clock):
    resolver = overridden()
    until, found = resolver.look("shop_r:static/logo.png")
    assert (until, str(found.spec)) == (1000.0 + FRESH, "shop_r:static/logo.png")
    assert resolver.look("shop_r:static/none") == (0.0, None)
    clock.now += 0.5
    assert resolver.look("shop_r:static/logo.png")[0] == 1000.0 + FRESH
    assert resolver.look("shop_r:static/logo.png", anew=True)[0] == 1000.5 + FRESH


def test_an_override_declared_later_holds_for_the_next_question(shop):
    resolver = overridden()
    assert text(resolver, "shop_r:static/logo.png") == "shop"
    target, source = asset_spec("shop_r:static/logo.png"), asset_spec("brand_r:logo.png")
    resolver.registry.add(Override(target=target, source=source, file=True))
    assert text(resolver, "shop_r:static/logo.png") == "brand"


def test_found_assets_are_remembered_up_to_a_bound_and_missing_ones_never(shop, monkeypatch):
    monkeypatch.setattr(resolving, "CACHED_ASSETS", 2)
    resolver = overridden()
    logo = resolver.resolve("shop_r:static/logo.png")
    assert resolver.resolve("shop_r:static/logo.png") is logo
    assert resolver.resolve("shop_r:static/none") is not resolver.resolve("shop_r:static/none")
    resolver.resolve("shop_r:static/app.css")
    resolver.resolve("shop_r:static/img")
    assert len(resolver._cache[1]) <= 2


def test_packages_are_looked_for_once(shop, monkeypatch):
    packages, found = Packages(), []
    real = packages_module._found
    monkeypatch.setattr(packages_module, "_found", lambda name: (found.append(name), real(name))[1])
    for _ in range(3):
        assert packages.directories("shop_r") == [str(shop.directory / "shop_r")]
    assert found == ["shop_r"]


@pytest.mark.parametrize("name", ["email", "xml.dom", "shop_r"])
def test_a_package_keeps_its_files_where_importlib_says(shop, name):
    assert Packages().directories(name) == [str(importlib.resources.files(name))]


def test_a_resolver_is_one():
    assert IResolver.providedBy(overridden())


# What is replaceable, and what is not


class Diverting:
    """A resolver that keeps to `IResolver`, and sends one asset elsewhere."""

    def __init__(self, inner):
        self.inner = inner

    def _of(self, spec):
        return "diverted:theme/a.css" if str(spec) == "diverted:static/a.css" else spec

    def resolve(self, spec):
        return self.inner.resolve(self._of(spec))

    def layers(self, spec):
        return self.inner.layers(self._of(spec))

    def look(self, spec, anew=False):
        return self.inner.look(self._of(spec), anew)


def test_a_registered_resolver_is_not_taken_so_that_all_parts_mean_the_same_file(package):
    package({"static/a.css": "shop", "theme/a.css": "theme"}, name="diverted")
    registry = AssetRegistry()
    registry.add_static_view("static", "diverted:static")
    registry.add_cache_buster("diverted:static", DigestCacheBuster())
    shipped = registry.getUtility(IResolver)
    with pytest.warns(ConfigurationWarning, match="an IResolver has no effect") as caught:
        registry.registerUtility(Diverting(shipped), IResolver)
    assert [warning.filename for warning in caught] == [__file__]
    url = registry.static_path("diverted:static/a.css")
    answer = Request.blank(url).get_response(StaticApp(registry))
    assert (answer.status_int, answer.body) == (200, b"shop")
    assert registry.resolve("diverted:static/a.css").read_bytes() == b"shop"
    assert registry.getUtility(IResolver) is shipped
    assert registry.explain("diverted:static/a.css").url == url


def test_of_directories_the_first_is_chosen(package):
    package({"static/a.css": "a"}, name="first_shop")
    package({"static/b.css": "b"}, name="first_theme")
    registry = AssetRegistry()
    registry.override_asset("first_shop:static/", "first_theme:static/")
    assert registry.resolve("first_shop:static").source_spec == "first_theme:static"
    assert registry.resolve("first_shop:static").listdir() == ["a.css", "b.css"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(kinds=st.lists(st.sampled_from(["file", "directory", "nothing"]), min_size=1, max_size=6))
def test_of_all_layers_the_first_file_is_chosen_else_the_first_directory(tmp_path, kinds):
    base = Path(tempfile.mkdtemp(dir=tmp_path))
    for number, kind in enumerate(kinds):
        layer = base / f"layer{number}"
        layer.mkdir()
        if kind == "file":
            (layer / "x").touch()
        elif kind == "directory":
            (layer / "x" / f"from{number}").mkdir(parents=True)
    places = [
        Candidate(asset_spec(str(base / f"layer{number}" / "x")), asset_spec(str(base)), ())
        for number in range(len(kinds))
    ]
    found = overridden().first(places)
    meant = next((kind for kind in ("file", "directory") if kind in kinds), None)
    assert (found and found.path) == (meant and str(base / f"layer{kinds.index(meant)}" / "x"))
    assert found is None or found.directory is (meant == "directory")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)


@pytest.mark.parametrize("make", [os.mkfifo, make_socket])
def test_what_is_neither_file_nor_directory_hides_nothing_and_is_not_opened(package, make, monkeypatch):
    package({"static/a.css": "shop"}, name="piped_shop")
    package({"pipe/x": ""}, name="piped_theme")
    monkeypatch.chdir(package.directory / "piped_theme" / "pipe")  # the path of a socket is short
    make("a.css")
    registry = AssetRegistry()
    registry.add_static_view("static", "piped_shop:static")
    registry.override_asset("piped_shop:static/", "piped_theme:pipe/")
    assert registry.resolve("piped_shop:static/a.css").source_spec == "piped_shop:static/a.css"
    answer = Request.blank("/static/a.css").get_response(StaticApp(registry))
    assert (answer.status_int, answer.body) == (200, b"shop")
