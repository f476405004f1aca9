"""What reads a package's data through its loader gets the override, and nothing else changes."""

import importlib
import importlib.resources
import importlib.util
import os
import pathlib
import pkgutil
import subprocess
import sys
import warnings
import zipfile

import pytest
import zope.event

from assetzcml import AssetRegistry, ConfigurationError
from assetzcml.resolving.package_readers import install_resource_hook
from assetzcml.resolving.resources import Resource


@pytest.fixture
def shop(package):
    return package(
        {
            "data/greeting.txt": "hello from the shop",
            "data/kept.txt": "kept",
            "top.txt": "top of the shop",
            "views.py": "",
        }
    )


@pytest.fixture
def theme(package):
    return package({"data/greeting.txt": "hello from the theme", "data/new.txt": "new", "banner.txt": "a banner"})


@pytest.fixture
def registry(shop, theme):
    registry = AssetRegistry()
    registry.override_asset(f"{shop}:data/", f"{theme}:data/")
    registry.override_asset(f"{shop}:top.txt", f"{theme}:banner.txt")
    return registry


def files(package):
    return importlib.resources.files(package)


def legacy(function, *arguments):
    """Call one of the functions that Python 3.11 to 3.12 (and `contents` later too) warn about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.resources, function)(*arguments)


def traces(*packages):
    """Everything of the import system that a hook could change."""
    return [list(sys.meta_path), list(zope.event.subscribers)] + [
        (name, id(module), id(module.__spec__), id(module.__spec__.loader), id(module.__loader__), sorted(vars(module)))
        for name, module in sorted(sys.modules.items())
        if name.partition(".")[0] in packages
    ]


WAYS = {
    "files and read_text": lambda p: files(p).joinpath("data", "greeting.txt").read_text(encoding="utf-8"),
    "one joinpath with a slash": lambda p: files(p).joinpath("data/greeting.txt").read_bytes().decode(),
    "the division operator": lambda p: (files(p) / "data" / "greeting.txt").read_text(),
    "open in text mode": lambda p: read(files(p).joinpath("data/greeting.txt").open(encoding="utf-8")),
    "open in binary mode": lambda p: read(files(p).joinpath("data/greeting.txt").open("rb")),
    "as_file": lambda p: as_file_text(files(p) / "data" / "greeting.txt"),
    "a path made of it": lambda p: pathlib.Path(files(p) / "data" / "greeting.txt").read_text(),
    "the built-in open": lambda p: read(open(files(p) / "data" / "greeting.txt")),  # noqa: SIM115
    "str": lambda p: pathlib.Path(str(files(p) / "data" / "greeting.txt")).read_text(),
    "iterdir": lambda p: {e.name: e for e in (files(p) / "data").iterdir()}["greeting.txt"].read_text(),
    "pkgutil.get_data": lambda p: pkgutil.get_data(p, "data/greeting.txt").decode(),
    "pkgutil.get_data of a module": lambda p: pkgutil.get_data(f"{p}.views", "data/greeting.txt").decode(),
    "get_data of the loader": lambda p: loader_data(p, "data", "greeting.txt"),
    "open_resource of the reader": lambda p: read(reader(p).open_resource("data/greeting.txt")),
    "resource_path of the reader": lambda p: pathlib.Path(reader(p).resource_path("data/greeting.txt")).read_text(),
}


def read(stream):
    with stream:
        content = stream.read()
    return content.decode() if isinstance(content, bytes) else content


def as_file_text(resource):
    with importlib.resources.as_file(resource) as path:
        return path.read_text()


def reader(package):
    return importlib.import_module(package).__spec__.loader.get_resource_reader(package)


def loader_data(package, *parts):
    module = importlib.import_module(package)
    return module.__loader__.get_data(str(pathlib.Path(module.__file__).parent.joinpath(*parts))).decode()


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_reading_returns_the_overriding_file(way, registry, shop):
    with install_resource_hook(registry):
        assert WAYS[way](shop) == "hello from the theme"
    assert WAYS[way](shop) == "hello from the shop"


LEGACY = {
    "read_text": lambda p: legacy("read_text", p, "top.txt"),
    "read_binary": lambda p: legacy("read_binary", p, "top.txt").decode(),
    "open_text": lambda p: read(legacy("open_text", p, "top.txt")),
    "open_binary": lambda p: read(legacy("open_binary", p, "top.txt")),
    "path": lambda p: path_text(p, "top.txt"),
}


def path_text(package, name):
    with legacy("path", package, name) as path:
        return path.read_text()


@pytest.mark.parametrize("way", LEGACY)
def test_the_functions_of_the_first_days_do_so_too(way, registry, shop):
    with install_resource_hook(registry):
        assert LEGACY[way](shop) == "a banner"
    assert LEGACY[way](shop) == "top of the shop"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 reads resources beside a module")
def test_a_module_that_is_no_package_reads_the_overrides_of_its_package(registry, shop):
    with install_resource_hook(registry):
        importlib.import_module(f"{shop}.views")
        assert files(f"{shop}.views").joinpath("top.txt").read_text() == "a banner"


@pytest.mark.parametrize(
    "name, resource",
    [
        ("top.txt", True),
        ("data", False),  # directories are none
        ("missing.txt", False),
        ("__init__.py", True),
    ],
)
def test_is_resource_knows_the_files_of_all_layers(name, resource, registry, shop):
    with install_resource_hook(registry):
        assert legacy("is_resource", shop, name) is resource


def test_a_file_that_only_an_override_has_is_there(registry, shop, theme):
    registry.override_asset(f"{shop}:extra.txt", f"{theme}:banner.txt")
    with install_resource_hook(registry):
        assert legacy("is_resource", shop, "extra.txt")
        assert "extra.txt" in set(legacy("contents", shop))
        assert (files(shop) / "extra.txt").read_text() == "a banner"
    assert not legacy("is_resource", shop, "extra.txt")


def test_a_directory_lists_the_names_of_all_layers(registry, shop):
    with install_resource_hook(registry):
        assert sorted(entry.name for entry in (files(shop) / "data").iterdir()) == [
            "greeting.txt",
            "kept.txt",
            "new.txt",
        ]
    assert sorted(entry.name for entry in (files(shop) / "data").iterdir()) == ["greeting.txt", "kept.txt"]


def test_what_no_override_has_is_the_original(registry, shop):
    with install_resource_hook(registry):
        assert (files(shop) / "data/kept.txt").read_text() == "kept"
        assert pkgutil.get_data(shop, "data/kept.txt") == b"kept"


def test_a_missing_file_is_missing_as_ever(registry, shop):
    with install_resource_hook(registry):
        missing = files(shop) / "data" / "missing.txt"
        assert (missing.is_file(), missing.is_dir(), missing.exists()) == (False, False, False)
        with pytest.raises(FileNotFoundError):
            missing.read_bytes()
        with pytest.raises(FileNotFoundError):
            pkgutil.get_data(shop, "data/missing.txt")
        with pytest.raises(NotADirectoryError):
            list((files(shop) / "top.txt").iterdir())


def test_as_file_gives_the_real_file_without_a_copy(registry, shop, theme, package):
    with install_resource_hook(registry), importlib.resources.as_file(files(shop) / "top.txt") as path:
        assert path == package.directory / theme / "banner.txt"
        assert type(path) is type(pathlib.Path())


def test_as_file_of_a_directory_holds_all_layers_and_is_gone_afterwards(registry, shop):
    with install_resource_hook(registry):
        with importlib.resources.as_file(files(shop) / "data") as path:
            assert {each.name: each.read_text() for each in path.iterdir()} == {
                "greeting.txt": "hello from the theme",
                "kept.txt": "kept",
                "new.txt": "new",
            }
        assert not path.exists()


def test_as_file_of_a_directory_without_overrides_is_the_directory_itself(package, theme):
    plain = package({"a/x.txt": "x", "b/y.txt": "y"})
    registry = AssetRegistry()
    registry.override_asset(f"{plain}:b/y.txt", f"{theme}:banner.txt")
    with install_resource_hook(registry), importlib.resources.as_file(files(plain) / "a") as path:
        assert path == package.directory / plain / "a"


def test_a_resource_can_be_used_like_its_path(registry, shop, theme, package):
    real = package.directory / theme / "banner.txt"
    with install_resource_hook(registry):
        resource = files(shop) / "top.txt"
        assert isinstance(resource, pathlib.Path)
        assert resource == real
        assert real == resource
        assert hash(resource) == hash(real)
        assert resource.stat().st_size == 8
        assert resource.name == "top.txt"  # what was asked for
        assert (resource.parent / "data" / "greeting.txt").read_text() == "hello from the theme"
        assert sorted((files(shop) / "data").iterdir())[0].name == "greeting.txt"
        assert isinstance(files(shop), pathlib.Path)
        assert str(files(shop)) == str(package.directory / shop)


def test_what_lies_outside_of_the_package_is_an_ordinary_path(registry, shop, package):
    with install_resource_hook(registry):
        assert files(shop).joinpath("..", "x") == package.directory / shop / ".." / "x"
        assert files(shop) / "/etc" == pathlib.Path("/etc")
        assert pkgutil.get_data(shop, "data/../data/greeting.txt") == b"hello from the shop"


def test_writing_goes_to_the_original(registry, shop, theme, package):
    with install_resource_hook(registry):
        with (files(shop) / "top.txt").open("w") as stream:
            stream.write("written")
        assert (files(shop) / "top.txt").read_text() == "a banner"
    assert (package.directory / shop / "top.txt").read_text() == "written"


def test_the_code_of_a_package_is_never_overridden(package):
    shop = package({"__init__.py": "WHO = 'shop'\n", "x.txt": "x"})
    theme = package({"__init__.py": "WHO = 'theme'\n", "x.txt": "y"})
    registry = AssetRegistry()
    registry.override_asset(shop, theme)
    with install_resource_hook(registry):
        module = importlib.reload(importlib.import_module(shop))
        assert module.WHO == "shop"
        assert module.__loader__.get_source(shop) == "WHO = 'shop'\n"
        assert module.__loader__.get_data(module.__file__) == b"WHO = 'shop'\n"
        assert (files(shop) / "x.txt").read_text() == "y"


def test_the_registrys_own_answers_do_not_change(registry, shop):
    before = registry.resolve(f"{shop}:data/greeting.txt").abspath()
    with install_resource_hook(registry):
        assert registry.resolve(f"{shop}:data/greeting.txt").abspath() == before
        other = AssetRegistry()  # it has no overrides, and sees none
        assert other.resolve(f"{shop}:data/greeting.txt").read_bytes() == b"hello from the shop"
        assert other.resolve(f"{shop}:data").listdir() == ["greeting.txt", "kept.txt"]


def test_overrides_that_come_later_are_followed(registry, shop, package):
    brand = package({"greeting.txt": "hello from the brand"})
    fresh = package({"data/greeting.txt": "fresh"})
    with install_resource_hook(registry):
        resource = files(shop) / "data" / "greeting.txt"
        registry.override_asset(f"{shop}:data/greeting.txt", f"{brand}:greeting.txt")
        assert resource.read_text() == "hello from the brand"
        assert (files(fresh) / "data/greeting.txt").read_text() == "fresh"
        registry.override_asset(
            f"{fresh}:data/greeting.txt", f"{brand}:greeting.txt"
        )  # imported, without overrides yet
        assert (files(fresh) / "data/greeting.txt").read_text() == "hello from the brand"


def test_zcml_that_is_loaded_later_is_followed(shop, theme, zcml):
    registry = AssetRegistry()
    with install_resource_hook(registry):
        zcml(f'<asset to_override="{shop}:top.txt" override_with="{theme}:banner.txt"/>', registry=registry)
        assert (files(shop) / "top.txt").read_text() == "a banner"


def test_a_file_that_comes_or_goes_is_noticed_at_once(registry, shop, theme, package):
    with install_resource_hook(registry):
        greeting = package.directory / theme / "data" / "greeting.txt"
        greeting.unlink()
        assert (files(shop) / "data/greeting.txt").read_text() == "hello from the shop"
        greeting.write_text("back")
        assert (files(shop) / "data/greeting.txt").read_text() == "back"


def test_only_the_packages_that_were_given_are_shown(registry, shop, theme, package):
    other = package({"top.txt": "top of the other"})
    registry.override_asset(f"{other}:top.txt", f"{theme}:banner.txt")
    with install_resource_hook(registry, [other]):
        assert (files(other) / "top.txt").read_text() == "a banner"
        assert (files(shop) / "top.txt").read_text() == "top of the shop"
        assert type(files(shop)) is type(pathlib.Path())


def test_other_packages_are_untouched(registry, package):
    other = package({"top.txt": "top"})
    module = importlib.import_module(other)
    with install_resource_hook(registry):
        assert type(module.__spec__.loader) is importlib.machinery.SourceFileLoader
        later = package({"top.txt": "top"})
        assert type(importlib.import_module(later).__loader__) is importlib.machinery.SourceFileLoader


def test_a_package_that_is_imported_later_is_shown_too(theme, package):
    shop = package({"top.txt": "top of the shop", "sub/__init__.py": "", "__init__.py": READS_AT_IMPORT})
    registry = AssetRegistry()
    registry.override_asset(f"{shop}:top.txt", f"{theme}:banner.txt")
    assert shop not in sys.modules
    with install_resource_hook(registry):
        assert importlib.import_module(shop).TEXT == "a banner"


READS_AT_IMPORT = """
import pkgutil
TEXT = pkgutil.get_data(__name__, "top.txt").decode()
"""


def test_a_package_that_is_given_and_not_imported_yet_is_shown(shop, theme):
    registry = AssetRegistry()
    before = list(sys.meta_path)
    assert shop not in sys.modules
    with install_resource_hook(registry, [shop]):
        assert pkgutil.get_data(shop, "top.txt") == b"top of the shop"
        registry.override_asset(f"{shop}:top.txt", f"{theme}:banner.txt")
        assert pkgutil.get_data(shop, "top.txt") == b"a banner"
    assert sys.meta_path == before


@pytest.mark.parametrize("packages", [["no_such_package"], "no_such_package.sub", ["not a name"]])
def test_a_package_that_cannot_be_is_an_error_and_nothing_is_installed(packages):
    before = traces()
    with pytest.raises(ConfigurationError, match=r"no_such_package|not a name"):
        install_resource_hook(AssetRegistry(), packages)
    assert traces() == before


def test_reload_keeps_the_overrides(registry, shop):
    with install_resource_hook(registry):
        module = importlib.import_module(shop)
        assert importlib.reload(module) is module
        assert (files(shop) / "top.txt").read_text() == "a banner"
        assert pkgutil.get_data(shop, "top.txt") == b"a banner"
    assert type(module.__spec__.loader) is importlib.machinery.SourceFileLoader
    assert module.__loader__ is module.__spec__.loader


def test_removal_leaves_no_trace(registry, shop, theme, package):
    importlib.import_module(f"{shop}.views")
    namespace = package({"x.txt": "x"}, namespace=True)
    registry.override_asset(f"{namespace}:x.txt", f"{theme}:banner.txt")
    before = traces(shop, theme, namespace)
    hook = install_resource_hook(registry)
    assert traces(shop, theme, namespace) != before
    kept = files(shop) / "top.txt"
    hook.remove()
    assert traces(shop, theme, namespace) == before
    assert kept.read_text() == "top of the shop"  # what is still held shows the original
    hook.remove()  # a second time does nothing
    assert traces(shop, theme, namespace) == before


def test_removal_leaves_no_trace_in_what_was_imported_or_looked_for_meanwhile(theme, package):
    shop = package({"top.txt": "top", "sub/__init__.py": "", "sub/x.txt": "x"})
    names = package({"x.txt": "x"}, namespace=True)
    with install_resource_hook(AssetRegistry(), [shop, f"{shop}.sub", names]):
        looked_for = importlib.util.find_spec(names)
        modules = [importlib.import_module(name) for name in (shop, f"{shop}.sub", names)]
        assert [type(module.__loader__).__name__ for module in modules] == ["OverridingLoader"] * 3
        assert modules[2].__file__ is None
    for module in modules:
        assert module.__loader__ is module.__spec__.loader
        assert type(module.__loader__).__module__.startswith(("importlib", "_frozen_importlib"))
    assert looked_for.loader is None
    plain = package({"x.txt": "x"}, namespace=True)
    assert type(modules[2].__loader__) is type(importlib.import_module(plain).__loader__)
    assert sorted(vars(modules[2])) == sorted(vars(sys.modules[plain]))


def test_an_error_in_the_block_removes_the_hook(registry, shop):
    before = traces(shop)
    with pytest.raises(ZeroDivisionError), install_resource_hook(registry):
        raise ZeroDivisionError
    assert traces(shop) == before


def test_a_second_registry_is_told_who_was_first(registry):
    with install_resource_hook(registry) as hook:
        with pytest.raises(ConfigurationError) as caught:
            install_resource_hook(AssetRegistry("second"))
        assert repr(registry) in str(caught.value)
        assert f"installed at {hook.origin}" in str(caught.value)
        assert hook.origin.file == __file__
        with pytest.raises(ConfigurationError, match="other packages"):
            install_resource_hook(registry, ["assetzcml"])
        assert install_resource_hook(registry) is hook
    with install_resource_hook(AssetRegistry()) as other:
        assert other is not hook


def test_a_namespace_package_shows_overrides_of_all_its_portions(package, theme, tmp_path, monkeypatch):
    name = package({"data/a.txt": "a", "data/greeting.txt": "one"}, namespace=True)
    second = tmp_path / "second"
    (second / name / "data").mkdir(parents=True)
    (second / name / "data" / "b.txt").write_text("b")
    monkeypatch.syspath_prepend(second)
    registry = AssetRegistry()
    registry.override_asset(f"{name}:data/", f"{theme}:data/")
    module = importlib.import_module(name)
    before, description = traces(name), repr(module)
    with install_resource_hook(registry):
        data = files(name) / "data"
        assert {entry.name: entry.read_text() for entry in data.iterdir()} == {
            "a.txt": "a",
            "b.txt": "b",
            "greeting.txt": "hello from the theme",
            "new.txt": "new",
        }
        with importlib.resources.as_file(data / "b.txt") as path:
            assert path == second / name / "data" / "b.txt"
        assert pkgutil.get_data(name, "data/a.txt") is None  # it never could
        assert repr(module) == description
    assert traces(name) == before


def test_a_stand_in_is_taken_for_the_real_loader(registry, shop):
    module = importlib.import_module(shop)
    real = module.__loader__
    with install_resource_hook(registry):
        loader = module.__spec__.loader
        assert isinstance(loader, importlib.machinery.SourceFileLoader)
        assert (loader.path, loader.name, loader == real, repr(loader)) == (real.path, real.name, True, repr(real))
        assert not hasattr(loader, "archive")
        assert importlib.util.find_spec(shop) == module.__spec__


def test_a_loader_without_a_reader_gets_one(registry, shop, theme, monkeypatch):
    class Plain:
        """A loader of the first days: it knows data, and no resources."""

        def get_data(self, path):
            return pathlib.Path(path).read_bytes()

    module = importlib.import_module(shop)
    monkeypatch.setattr(module.__spec__, "loader", Plain())
    with install_resource_hook(registry):
        assert pkgutil.get_data(shop, "top.txt") == b"a banner"
        assert pkgutil.get_data(shop, "data/kept.txt") == b"kept"
        assert isinstance(files(shop), Resource)
    assert type(module.__spec__.loader) is Plain
    assert type(module.__loader__) is importlib.machinery.SourceFileLoader


def pkg_resources():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pkg_resources")


def test_pkg_resources_obtains_an_overridden_file(registry, shop, theme, package):
    asked = pkg_resources()
    factories = dict(asked._provider_factories)
    with install_resource_hook(registry):
        assert asked.resource_string(shop, "top.txt") == b"a banner"
        assert read(asked.resource_stream(shop, "data/greeting.txt")) == "hello from the theme"
        assert asked.resource_filename(shop, "top.txt") == str(package.directory / theme / "banner.txt")
        assert asked.resource_filename(shop, "data/kept.txt") == str(package.directory / shop / "data" / "kept.txt")
        assert asked.resource_exists(shop, "data/new.txt")
        assert not asked.resource_exists(shop, "data/missing.txt")
        assert asked.resource_isdir(shop, "data")
        assert not asked.resource_isdir(shop, "top.txt")
        assert asked.resource_listdir(shop, "data") == ["greeting.txt", "kept.txt", "new.txt"]
    assert asked.resource_string(shop, "top.txt") == b"top of the shop"
    assert asked._provider_factories == factories


def test_pkg_resources_that_is_imported_later_does_too(registry, shop):
    former = pkg_resources()
    modules = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == former.__name__}
    try:
        with install_resource_hook(registry):
            asked = pkg_resources()
            assert asked is not former
            assert asked.resource_string(shop, "top.txt") == b"a banner"
        assert asked.resource_string(shop, "top.txt") == b"top of the shop"
    finally:
        sys.modules.update(modules)


def test_certifi_untouched_reads_the_override_with_importlib_resources(tmp_path):
    certifi = pytest.importorskip("certifi")
    pem = tmp_path / "company.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\n")
    registry = AssetRegistry()
    registry.override_asset("certifi:cacert.pem", str(pem))
    bundled = certifi.contents()
    with install_resource_hook(registry):
        assert certifi.contents() == "-----BEGIN CERTIFICATE-----\n"
    assert certifi.contents() == bundled


def test_text_unidecode_untouched_reads_the_override_with_pkgutil(tmp_path):
    text_unidecode = pytest.importorskip("text_unidecode")
    data = pkgutil.get_data("text_unidecode", "data.bin").replace(b"\0ss\0", b"\0SZ\0", 1)
    (tmp_path / "data.bin").write_bytes(data)
    registry = AssetRegistry()
    registry.override_asset("text_unidecode:data.bin", str(tmp_path / "data.bin"))
    with install_resource_hook(registry):
        importlib.reload(text_unidecode)  # it reads its data when it is imported
        assert text_unidecode.unidecode("Straße") == "StraSZe"
    importlib.reload(text_unidecode)
    assert text_unidecode.unidecode("Straße") == "Strasse"


def test_tzdata_untouched_gives_zoneinfo_the_override():
    pytest.importorskip("tzdata")
    zoneinfo = importlib.import_module("zoneinfo")
    registry = AssetRegistry()
    registry.override_asset("tzdata.zoneinfo.Europe:Berlin", "tzdata.zoneinfo.Asia:Tokyo")
    importlib.import_module("tzdata.zoneinfo.Europe")
    try:
        zoneinfo.reset_tzpath(to=())
        with install_resource_hook(registry):
            berlin = zoneinfo.ZoneInfo.no_cache("Europe/Berlin")
        assert str(berlin.utcoffset(__import__("datetime").datetime(2024, 1, 1))) == "9:00:00"
    finally:
        zoneinfo.reset_tzpath()


def run(code, *paths):
    """What a program prints that is run by itself, with *paths* importable."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


SHOUTS = "import nothing_of_this_name\n"


@pytest.mark.parametrize("shape", ["package", "namespace", "archive", "subpackage"])
def test_to_declare_an_override_imports_neither_target_nor_source(tmp_path, shape):
    for name in "broken", "source":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text(name)
        if shape != "namespace":
            (tmp_path / name / "__init__.py").write_text(SHOUTS)
    target, path = "broken", tmp_path
    if shape == "archive":
        path = tmp_path / "packages.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in "broken", "source":
                for file in "__init__.py", "x.txt":
                    archive.write(tmp_path / name / file, f"{name}/{file}")
    if shape == "subpackage":
        target = "above.broken"
        (tmp_path / "above").mkdir()
        (tmp_path / "above/__init__.py").write_text("print('parent')")
        (tmp_path / "broken").rename(tmp_path / "above/broken")
    printed = run(
        f'''
import sys
from assetzcml import AssetRegistry
registry = AssetRegistry()
registry.override_asset("{target}:x.txt", "source:x.txt")
asset = registry.resolve("{target}:x.txt")
print(asset.read_bytes().decode(), asset.source_spec, "{target}" in sys.modules, "source" in sys.modules)
''',
        path,
    )
    assert printed == (["parent"] if shape == "subpackage" else []) + ["source", "source:x.txt", "False", "False"]


def test_a_package_that_reads_its_data_while_it_is_imported_gets_the_override(tmp_path):
    pytest.importorskip("text_unidecode")
    (tmp_path / "data.bin").write_bytes(b"X\0" * 300)
    printed = run(f'''
import sys
from assetzcml import AssetRegistry
registry = AssetRegistry()
registry.override_asset("text_unidecode:data.bin", "{tmp_path}/data.bin")
print("text_unidecode" in sys.modules)
with registry.install_resource_hook():
    import text_unidecode
    print(text_unidecode.unidecode("\\u00e9"))
''')
    assert printed == ["False", "X"]


@pytest.mark.parametrize("spec, message", [
    ("no_such_package:x.txt", "no_such_package"),
    ("json.decoder:x.txt", "is a module, not a package"),
])  # fmt: skip
def test_a_package_that_is_not_there_and_a_module_are_errors_as_ever(spec, message):
    with pytest.raises(ConfigurationError, match=message):
        AssetRegistry().override_asset(spec, "json:x.txt")


@pytest.mark.parametrize("pattern, found", [
    ("*.css", ["app.css themed", "new.css new"]),
    ("img/*", ["a.png png"]),
    ("*/a.png", ["a.png png"]),
    ("**/*.png", ["a.png png"]),
    ("app.css", ["app.css themed"]),
    ("none*", []),
])  # fmt: skip
def test_glob_shows_the_merged_layers(package, pattern, found):
    shop = package({"static/app.css": "plain", "static/img/a.png": "png"})
    theme = package({"static/app.css": "themed", "static/new.css": "new"})
    registry = AssetRegistry()
    registry.override_asset(f"{shop}:static/", f"{theme}:static/")
    with registry.install_resource_hook():
        static = importlib.resources.files(shop) / "static"
        assert sorted(f"{each.name} {each.read_text()}" for each in static.glob(pattern)) == found


def test_rglob_and_walk_show_the_merged_layers(package):
    shop = package({"static/app.css": "plain", "static/img/a.css": "a"})
    theme = package({"static/img/new.css": "new"})
    registry = AssetRegistry()
    registry.override_asset(f"{shop}:static/", f"{theme}:static/")
    with registry.install_resource_hook():
        static = importlib.resources.files(shop) / "static"
        assert sorted(each.name for each in static.rglob("*.css")) == ["a.css", "app.css", "new.css"]
        steps = [(where.name, directories, sorted(files)) for where, directories, files in static.walk()]
        assert steps == [("static", ["img"], ["app.css"]), ("img", [], ["a.css", "new.css"])]
        assert [where.name for where, *_ in static.walk(top_down=False)] == ["img", "static"]
        with pytest.raises(ValueError, match="pattern"):
            list(static.glob(""))
        with pytest.raises(NotImplementedError):
            list(static.glob("/x"))


# docs/importlib-resources.rst says these of each reader that is light to install.
READERS = {
    "certifi": ("cacert.pem", "import certifi; print(open(certifi.where()).read())", "overriding"),
    "flask": (
        "static/x.txt",
        "from flask import Flask; print(Flask('reads').test_client().get('/static/x.txt').text)",
        "original",
    ),
    "flask open_resource": (
        "x.txt",
        "from flask import Flask; print(Flask('reads').open_resource('x.txt').read().decode())",
        "original",
    ),
    "jinja2": (
        "templates/x.txt",
        "import jinja2 as j; print(j.Environment(loader=j.PackageLoader('reads')).get_template('x.txt').render())",
        "original",
    ),
    "mako": (
        "x.txt",
        "import reads, mako.lookup as m; print(m.TemplateLookup(list(reads.__path__)).get_template('x.txt').render())",
        "original",
    ),
    "starlette": (
        "statics/x.txt",
        "from starlette.staticfiles import StaticFiles as S; print(open(S(packages=['reads']).lookup_path('x.txt')[0]).read())",
        "original",
    ),
    "importlib": (
        "x.txt",
        "import importlib.resources as i; print(i.files('reads').joinpath('x.txt').read_text())",
        "overriding",
    ),
    "pkgutil": ("x.txt", "import pkgutil; print(pkgutil.get_data('reads', 'x.txt').decode())", "overriding"),
    "open": ("x.txt", "import reads, os; print(open(os.path.dirname(reads.__file__) + '/x.txt').read())", "original"),
}


@pytest.mark.whole
@pytest.mark.parametrize("reader", READERS)
def test_what_reads_through_the_loader_sees_overrides_and_what_reads_by_path_does_not(reader, tmp_path):
    library = reader.partition(" ")[0]
    if library not in ("importlib", "pkgutil", "open"):
        pytest.importorskip(library)
    path, program, shown = READERS[reader]
    package = library if library == "certifi" else "reads"
    for name in "reads", "theme_of_it":
        (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / path).write_text("original" if name == "reads" else "overriding")
    printed = run(f"""
from assetzcml import AssetRegistry
registry = AssetRegistry()
registry.override_asset("{package}:{path}", "theme_of_it:{path}")
registry.install_resource_hook()
{program}
""", tmp_path)  # fmt: skip
    assert printed == [shown]
