"""A wheel on `sys.path` and a PEP 420 package work wherever a spec is accepted; nothing is unpacked to disk."""

import hashlib
import importlib
import importlib.resources
import itertools
import os
import pkgutil
import sys
import tempfile
import threading
import zipfile
import zipimport

import pytest
from webob import Request

from assetzcml import AssetRegistry, ConfigurationError, ConfigurationWarning, StaticApp, load_zcml
from assetzcml.records.assets import AssetSpec
from assetzcml.resolving import archives
from assetzcml.resolving.package_readers import install_resource_hook
from assetzcml.resolving.packages import Packages
from assetzcml.resolving.resolver import Resolver
from documents import document

_serial = itertools.count(1)


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A function that puts a new wheel on `sys.path`: *files* maps paths in it to text or bytes."""
    made = set()
    before = set(sys.modules)

    def make(files, name=None):
        path = tmp_path / "wheels" / (name or f"wheel{next(_serial)}-1.0-py3-none-any.whl")
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in files.items():
                archive.writestr(member, content)
        if str(path) not in sys.path:
            monkeypatch.syspath_prepend(path)
        made.add(str(path))
        importlib.invalidate_caches()
        return path

    yield make
    for name in set(sys.modules) - before:
        if name.startswith(("zipped", "names")):
            del sys.modules[name]
    for path in made:
        zipimport._zip_directory_cache.pop(path, None)
    for path in list(sys.path_importer_cache):
        if path.startswith(tuple(made)):
            del sys.path_importer_cache[path]


@pytest.fixture
def zipped(wheel):
    wheel(
        {
            "zipped/__init__.py": "",
            "zipped/static/app.css": "a { color: red }",
            "zipped/static/img/logo.svg": "<svg/>",
            "zipped/static/empty/": "",
            "zipped/configure.zcml": document(
                '<staticView name="static" path="static"/>\n'
                '<include file="more/busters.zcml"/>\n<include package=".sub"/>'
            ),
            "zipped/more/busters.zcml": document('<cacheBuster path="static" digest="sha256"/>'),
            "zipped/sub/__init__.py": "",
            "zipped/sub/configure.zcml": document('<staticFile name="sub.txt" path="sub.txt"/>'),
            "zipped/sub/sub.txt": "sub",
        }
    )
    return "zipped"


@pytest.fixture
def nothing_unpacked(tmp_path, monkeypatch):
    """Fails the test when a temporary file or directory is left behind."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    yield
    assert os.listdir(directory) == []


def get(application, path, **headers):
    return Request.blank(path, headers=headers).get_response(application)


def immutable(response):
    return "immutable" in response.headers["Cache-Control"]


def test_an_asset_in_a_wheel_is_resolved(zipped, nothing_unpacked):
    registry = AssetRegistry()
    asset = registry.resolve(f"{zipped}:static/app.css")
    assert (asset.exists(), asset.isfile(), asset.isdir(), asset.abspath(), asset.mtime) == (
        True,
        True,
        False,
        None,
        None,
    )
    assert (asset.size, asset.read_bytes()) == (16, b"a { color: red }")
    with asset.open() as stream:
        assert stream.read(1) == b"a"
    directory = registry.resolve(f"{zipped}:static")
    assert (directory.isdir(), directory.isfile(), directory.abspath()) == (True, False, None)
    assert directory.listdir() == ["app.css", "empty", "img"]
    assert registry.resolve(f"{zipped}:static/empty").listdir() == []
    assert not registry.resolve(f"{zipped}:static/missing.css").exists()
    with pytest.raises(FileNotFoundError):
        registry.resolve(f"{zipped}:static/missing.css").read_bytes()
    with pytest.raises(IsADirectoryError):
        directory.read_bytes()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not list descriptors")
def test_no_descriptor_is_kept_open(zipped):
    before = open_wheels()  # other packages' readers keep theirs open
    registry = AssetRegistry()
    registry.resolve(f"{zipped}:static/app.css").read_bytes()
    assert open_wheels() <= before


def open_wheels():
    descriptors = (f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd"))
    return {os.readlink(each) for each in descriptors if os.path.lexists(each) and os.readlink(each).endswith(".whl")}


def test_a_wheel_is_read_by_many_threads_at_once(zipped):
    registry = AssetRegistry()
    contents = []
    asset = registry.resolve(f"{zipped}:static/app.css")
    threads = [threading.Thread(target=lambda: contents.append(asset.read_bytes())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents == [b"a { color: red }"] * 16


def test_a_wheel_that_is_replaced_is_read_anew(wheel):
    path = wheel({"zipped/__init__.py": "", "zipped/a.txt": "one"})
    registry = AssetRegistry()
    assert registry.resolve("zipped:a.txt").read_bytes() == b"one"
    wheel({"zipped/__init__.py": "", "zipped/a.txt": "another", "zipped/b.txt": "b"}, name=path.name)
    assert registry.resolve("zipped:a.txt").read_bytes() == b"another"
    assert registry.resolve("zipped:b.txt").read_bytes() == b"b"


@pytest.mark.parametrize("side", ["target", "source", "both"])
def test_either_side_of_an_override_may_be_in_a_wheel(side, wheel, zipped, package):
    wheel({"zippedtheme/__init__.py": "", "zippedtheme/css/app.css": "theme", "zippedtheme/css/new.css": "new"})
    plain = package({"static/app.css": "plain", "css/app.css": "theme", "css/new.css": "new"})
    target = zipped if side in ("target", "both") else plain
    source = "zippedtheme" if side in ("source", "both") else plain
    registry = AssetRegistry()
    registry.override_asset(f"{target}:static/", f"{source}:css/")
    assert registry.resolve(f"{target}:static/app.css").read_bytes() == b"theme"
    assert registry.resolve(f"{target}:static/app.css").source_spec == f"{source}:css/app.css"
    assert "new.css" in registry.resolve(f"{target}:static").listdir()


def test_zcml_in_a_wheel_is_loaded_with_all_it_includes(zipped):
    registry = load_zcml(f"{zipped}:configure.zcml")
    digest = hashlib.sha256(b"a { color: red }").hexdigest()[:12]
    assert registry.static_path(f"{zipped}:static/app.css") == f"/static/app-{digest}.css"
    assert registry.static_path(f"{zipped}.sub:sub.txt") == "/sub.txt"
    assert load_zcml(package=zipped).static_path(f"{zipped}.sub:sub.txt") == "/sub.txt"
    assert load_zcml("more/busters.zcml", package=zipped).snapshot.bustings[0].path.package == zipped


def test_zcml_outside_includes_a_wheel_and_overrides_it(zipped, zcml, package):
    theme = package({"app.css": "theme"})
    registry = zcml(
        f'<include package="{zipped}"/>\n<asset to_override="{zipped}:static/app.css" override_with="{theme}:app.css"/>'
    )
    assert registry.resolve(f"{zipped}:static/app.css").read_bytes() == b"theme"


def test_a_pattern_finds_zcml_in_a_wheel_in_order_of_its_names(wheel):
    wheel(
        {
            "zipped/__init__.py": "",
            "zipped/configure.zcml": document('<include files="conf.d/*.zcml"/>'),
            "zipped/conf.d/b.zcml": document('<staticFile name="b" path="x.txt"/>'),
            "zipped/conf.d/A.zcml": document('<staticFile name="a" path="x.txt"/>'),
            "zipped/conf.d/notes.txt": "no ZCML",
            "zipped/conf.d/.hidden.zcml": "no ZCML",
            "zipped/x.txt": "x",
        }
    )
    registry = load_zcml("zipped:configure.zcml")
    assert [view.name for view in registry.snapshot.views] == ["a", "b"]


def test_zcml_in_a_wheel_may_be_named_in_and_excluded(wheel):
    wheel(
        {
            "zipped/__init__.py": "",
            "zipped/configure.zcml": document(
                '<exclude file="left-out.zcml"/>\n<include file="left-out.zcml"/>\n<include file="generated.zcml"/>'
            ),
            "zipped/left-out.zcml": document('<staticFile name="left-out" path="x.txt"/>'),
            "zipped/generated.zcml.in": document('<staticFile name="generated" path="x.txt"/>'),
            "zipped/x.txt": "x",
        }
    )
    assert [view.name for view in load_zcml("zipped:configure.zcml").snapshot.views] == ["generated"]


def test_a_missing_file_in_a_wheel_is_an_error_that_knows_the_neighbours(wheel):
    wheel(
        {
            "zipped/__init__.py": "",
            "zipped/configure.zcml": document('<include file="statics.zcml"/>'),
            "zipped/static.zcml": document(""),
        }
    )
    with pytest.raises(ConfigurationError, match=r"there is no file .*statics.zcml; did you mean 'static.zcml'\?"):
        load_zcml("zipped:configure.zcml")


def test_an_error_in_a_wheel_says_where(wheel):
    path = wheel(
        {
            "zipped/__init__.py": "",
            "zipped/configure.zcml": document('<staticView name="s" path="statc"/>'),
            "zipped/static/a.txt": "",
        }
    )
    with pytest.raises(ConfigurationError) as caught:
        load_zcml("zipped:configure.zcml")
    assert str(caught.value).startswith(f"{path / 'zipped' / 'configure.zcml'}:2:")
    assert "no layer of 'zipped:statc' exists; did you mean 'zipped:static'?" in str(caught.value)


def test_validation_sees_into_a_wheel(zipped, zcml, package):
    theme = package({"css/app.css": ""})
    with pytest.raises(ConfigurationError, match="is a directory"):
        zcml(f'<asset to_override="{zipped}:static" override_with="{theme}:css/app.css"/>')
    with pytest.warns(ConfigurationWarning, match=f"did you mean '{zipped}:static/app.css'"):
        zcml(f'<asset to_override="{theme}:css/app.css" override_with="{zipped}:static/app.cs"/>')


def test_a_manifest_in_a_wheel_changes_urls(wheel):
    wheel(
        {
            "zipped/__init__.py": "",
            "zipped/static/app-1f.css": "css",
            "zipped/static/manifest.json": '{"app.css": "app-1f.css"}',
            "zipped/configure.zcml": document(
                '<staticView name="static" path="static"/>\n'
                '<cacheBuster path="static" manifest="zipped:static/manifest.json"/>'
            ),
        }
    )
    registry = load_zcml("zipped:configure.zcml")
    assert registry.static_path("zipped:static/app.css") == "/static/app-1f.css"
    response = get(StaticApp(registry), "/static/app-1f.css")
    assert (response.body, immutable(response)) == (b"css", True)


def test_a_wheel_is_served_with_validators_from_its_content(zipped, nothing_unpacked):
    registry = load_zcml(f"{zipped}:configure.zcml")
    application = StaticApp(registry)
    response = get(application, "/static/app.css")
    assert (response.status_int, response.body, response.content_type) == (200, b"a { color: red }", "text/css")
    assert hashlib.sha256(response.body).hexdigest().startswith(response.etag.split("-")[0])
    assert "Last-Modified" not in response.headers
    assert get(application, "/static/app.css", **{"If-None-Match": f'"{response.etag}"'}).status_int == 304
    assert get(application, "/static/app.css", Range="bytes=2-2").body == b"{"
    busted = get(application, registry.static_path(f"{zipped}:static/app.css"))
    assert (busted.body, immutable(busted)) == (b"a { color: red }", True)
    assert get(application, "/sub.txt").body == b"sub"
    assert [get(application, f"/static/{path}").status_int for path in ("missing.css", "../__init__.py", "empty")] == [
        404,
        404,
        404,
    ]


def test_a_variant_in_a_wheel_is_served(wheel):
    wheel({"zipped/__init__.py": "", "zipped/static/a.css": "css", "zipped/static/a.css.br": b"brotli"})
    registry = AssetRegistry()
    registry.add_static_view("static", "zipped:static", content_encodings=["br"])
    response = get(StaticApp(registry), "/static/a.css", **{"Accept-Encoding": "br"})
    assert (response.content_encoding, response.body) == ("br", b"brotli")


def test_an_index_in_a_wheel_is_served(wheel):
    wheel({"zipped/__init__.py": "", "zipped/static/doc/index.html": "<p>index"})
    registry = AssetRegistry()
    registry.add_static_view("static", "zipped:static")
    assert get(StaticApp(registry), "/static/doc/").body == b"<p>index"
    assert get(StaticApp(registry), "/static/doc").status_int == 301


def test_explain_tells_what_comes_from_a_wheel(zipped, package):
    plain = package({"css/app.css": "plain"})
    registry = load_zcml(f"{zipped}:configure.zcml")
    assert f"{zipped}:static/app.css" in str(registry.explain(f"{zipped}:static/app.css"))
    registry.override_asset(f"{plain}:css/", f"{zipped}:static/")
    assert f"{zipped}:static/app.css" in str(registry.explain(f"{plain}:css/app.css"))


def test_a_namespace_package_works_wherever_a_spec_is_accepted(package, tmp_path, monkeypatch):
    name = package(
        {
            "static/app.css": "css",
            "configure.zcml": document('<staticView name="static" path="static"/>\n<include file="more.zcml"/>'),
        },
        namespace=True,
    )
    second = tmp_path / "second" / name
    (second / "static").mkdir(parents=True)
    (second / "static" / "more.css").write_text("more")
    (second / "more.zcml").write_text(document('<cacheBuster path="static" token="v1"/>'))
    monkeypatch.syspath_prepend(second.parent)
    registry = load_zcml(f"{name}:configure.zcml")
    assert registry.resolve(f"{name}:static").listdir() == ["app.css", "more.css"]
    assert registry.static_path(f"{name}:static/more.css") == "/static/more.css?x=v1"
    application = StaticApp(registry)
    assert [get(application, f"/static/{each}.css").body for each in ("app", "more")] == [b"css", b"more"]
    theme = package({"app.css": "theme"}, namespace=True)
    registry.override_asset(f"{name}:static/app.css", f"{theme}:app.css")
    assert get(application, "/static/app.css").body == b"theme"
    assert f"{theme}:app.css" in str(registry.explain(f"{name}:static/app.css"))


def test_a_namespace_package_in_a_wheel_works_too(wheel):
    wheel(
        {
            "names/": "",  # zipimport knows a directory by its entry
            "names/static/app.css": "css",
            "names/configure.zcml": document(
                '<staticView name="static" path="static"/>\n<cacheBuster path="static" digest="sha256"/>'
            ),
        }
    )
    registry = load_zcml("names:configure.zcml")
    assert registry.resolve("names:static").listdir() == ["app.css"]
    response = get(StaticApp(registry), registry.static_path("names:static/app.css"))
    assert (response.body, immutable(response)) == (b"css", True)


def test_a_namespace_package_may_lie_half_in_a_wheel(wheel, package):
    name = package({"static/app.css": "directory", "static/one.css": "1"}, name="names_mixed", namespace=True)
    wheel(
        {
            f"{name}/": "",
            f"{name}/static/app.css": "wheel",
            f"{name}/static/two.css": "2",
            f"{name}/configure.zcml": document(""),
        }
    )
    registry = load_zcml(f"{name}:configure.zcml")
    resolved = {each: registry.resolve(f"{name}:static/{each}.css").read_bytes() for each in ("one", "two")}
    assert resolved == {"one": b"1", "two": b"2"}
    assert registry.resolve(f"{name}:static").listdir() == ["app.css", "one.css", "two.css"]
    first = str(importlib.import_module(name).__path__[0])
    expected = b"wheel" if ".whl" in first else b"directory"
    assert registry.resolve(f"{name}:static/app.css").read_bytes() == expected


def test_the_resource_hook_works_with_wheels_on_both_sides(wheel, zipped, package, nothing_unpacked):
    plain = package({"css/app.css": "plain"})
    wheel({"zippedtheme/__init__.py": "", "zippedtheme/app.css": "theme"})
    registry = AssetRegistry()
    registry.override_asset(f"{zipped}:static/app.css", "zippedtheme:app.css")
    registry.override_asset(f"{plain}:css/app.css", "zippedtheme:app.css")
    before = [importlib.import_module(name).__spec__.loader for name in (zipped, plain)]
    with install_resource_hook(registry):
        for name, path in ((zipped, "static/app.css"), (plain, "css/app.css")):
            resource = importlib.resources.files(name) / path
            assert resource.read_text() == "theme"
            assert (resource.name, resource.is_file()) == ("app.css", True)
            assert pkgutil.get_data(name, path) == b"theme"
            with importlib.resources.as_file(resource) as real:
                assert real.read_text() == "theme"
            with pytest.raises(TypeError, match="archive"):
                os.fspath(resource)
        assert isinstance(importlib.import_module(zipped).__loader__, zipimport.zipimporter)
        logo = importlib.resources.files(zipped) / "static" / "img" / "logo.svg"
        assert logo.read_bytes() == b"<svg/>"
        assert pkgutil.get_data(zipped, "static/img/logo.svg") == b"<svg/>"
        assert sorted(each.name for each in (importlib.resources.files(zipped) / "static").iterdir()) == [
            "app.css",
            "empty",
            "img",
        ]
    assert [importlib.import_module(name).__spec__.loader for name in (zipped, plain)] == before
    assert pkgutil.get_data(zipped, "static/app.css") == b"a { color: red }"


def test_layers_of_a_wheel_and_a_directory_stand_in_the_order_of_search(zipped, package):
    theme = package({"app.css": "theme"})
    registry = AssetRegistry()
    registry.override_asset(f"{zipped}:static/app.css", f"{theme}:app.css")
    layers = Resolver(registry).layers(f"{zipped}:static/app.css")
    assert [str(found.spec) for found in layers] == [f"{theme}:app.css", f"{zipped}:static/app.css"]
    assert [found.path is None for found in layers] == [False, True]


@pytest.mark.parametrize("parts", [("..", "zipped", "static", "app.css"), ("static", "..", "static", "app.css")])
def test_a_path_in_a_wheel_does_not_lead_upwards(parts, zipped):
    assert list(Packages().find(AssetSpec(zipped, parts))) == []


def test_of_any_number_of_archives_a_bounded_number_is_known(monkeypatch):
    monkeypatch.setattr(archives.Archive, "_known", {})
    monkeypatch.setattr(archives, "MOST_ARCHIVES", 3)
    made = [archives.Archive.at(f"/nowhere/{number}.zip") for number in range(5)]
    assert list(archives.Archive._known.values()) == made[2:]
    assert archives.Archive.at("/nowhere/3.zip") is made[3]
