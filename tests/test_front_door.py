"""What `import assetzcml` opens, and what stays shut until it is asked for."""

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import assetzcml
from assetzcml import AssetRegistry, late
from assetzcml.assembly import SHIPPED
from assetzcml.interfaces import IPages, IResolver, IURLGenerator
from assetzcml.registry import Registry
from tables import over

SOURCE = Path(assetzcml.__file__)


def told_to_type_checkers():
    """Name → module, of what stands under TYPE_CHECKING."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    guarded = [node for node in tree.body if isinstance(node, ast.If)]
    return {alias.name: node.module for block in guarded for node in block.body for alias in node.names}


def test_type_checkers_are_told_of_the_very_names_that_are_offered():
    assert told_to_type_checkers() == assetzcml._MODULES
    assert set(assetzcml._MODULES) == set(assetzcml.__all__)


@over("name", assetzcml.__all__)
def test_each_name_is_that_of_its_module(name):
    assert getattr(assetzcml, name) is getattr(importlib.import_module(assetzcml._MODULES[name]), name)


def run(code, **environment):
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    return done.stdout


@pytest.mark.whole
def test_a_star_import_and_completion_offer_every_name_before_any_is_imported():
    assert run("import assetzcml; print(*[n for n in assetzcml.__all__ if n not in dir(assetzcml)])") == "\n"
    code = "from assetzcml import *; import assetzcml; print(*[n for n in assetzcml.__all__ if n not in globals()])"
    assert run(code) == "\n"


@pytest.mark.whole
@pytest.mark.parametrize("name", assetzcml._ROOMS)
def test_a_public_module_is_there_without_an_import_of_its_own(name):
    assert run(f"import assetzcml; print(assetzcml.{name}.__name__)") == f"assetzcml.{name}\n"


def test_what_is_not_offered_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'assetzcml' has no attribute 'StaticVew'"):
        assetzcml.StaticVew  # noqa: B018
    assert not hasattr(assetzcml, "serving_")


# The libraries that are opened late.
LATE = {name: each for name in late.__all__ if type(each := getattr(late, name)) is late._Late}

ANSWER = """
import sys
from assetzcml import AssetRegistry
registry = AssetRegistry()
registry.add_static_view("static", "assetzcml:")
app = registry.make_app() if {whole} else __import__("assetzcml").StaticApp(registry)
environ = {{"REQUEST_METHOD": "GET", "PATH_INFO": "/static/py.typed", "SCRIPT_NAME": ""}}
answer = []
body = b"".join(app(environ, lambda status, headers: answer.append(status)))
assert answer == ["200 OK"], answer
print(*sys.modules)
"""


def opened(code):
    """The rooms of the package, and the libraries of others, that a program has imported."""
    names = run(code).split()
    ours = {".".join(name.split(".")[:2]) for name in names if name.startswith("assetzcml.")}
    installed = {name.split(".")[0] for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    return {room.removeprefix("assetzcml.") for room in ours}, installed, set(names)


@pytest.mark.whole
def test_importing_the_package_imports_nothing_else():
    rooms, _, names = opened("import assetzcml, sys; print(*sys.modules)")
    assert rooms == set()
    assert {"zope.interface", "webob", "lxml", "click", "logging", "dataclasses"} & names == set()


@pytest.mark.whole
def test_a_static_view_and_its_first_answer_open_nothing_of_releases_bundles_and_development():
    _, _, names = opened(ANSWER.format(whole=False))
    late = "serving.frozen serving.contents serving.development resolving.frozen resolving.objects resolving.releases"
    more = "records.bundles records.loads pages.names resolving.trees"
    assert {f"assetzcml.{each}" for each in f"{late} {more}".split()} & names == set()


def test_a_static_view_and_its_first_answer_open_no_library_that_they_do_not_use():
    _, _, names = opened(ANSWER.format(whole=False))
    # What the ETag is made with; what dataclasses opens; the compiler itself where it reads "\\N{...}"; pathlib of 3.13.
    assert {each._name for each in LATE.values()} & names - {"unicodedata", "glob"} == {"hashlib", "inspect"}


@pytest.mark.parametrize("name", LATE)
def test_what_stands_for_a_library_answers_as_the_library(name):
    library = importlib.import_module(LATE[name]._name)
    known = next(each for each in dir(library) if each[0].islower())
    assert getattr(LATE[name], known) is getattr(library, known)
    with pytest.raises(AttributeError, match="such_a_word"):
        LATE[name].such_a_word  # noqa: B018


def test_what_stands_for_a_logger_logs(caplog):
    late.late_logger("assetzcml.some").warning("%s", "a word")
    assert [(each.name, each.message, each.module) for each in caplog.records] == [
        ("assetzcml.some", "a word", "test_front_door")
    ]


@pytest.mark.whole
def test_a_static_view_and_its_first_answer_open_only_the_rooms_on_the_way():
    rooms, _, names = opened(ANSWER.format(whole=False))
    assert rooms == {
        "assembly",
        "declaring",
        "errors",
        "interfaces",
        "late",
        "permissions",
        "records",
        "registry",
        "resolving",
        "serving",
        "typing",
        "urls",
    }
    assert {"lxml", "click", "zope.schema", "webob", "asyncio", "pkg_resources"} & names == set()
    assert {name for name in names if name.startswith("zope.configuration")} == set()


# Parts.


def test_a_part_is_made_when_it_is_asked_for_and_then_stays():
    registry = AssetRegistry()
    assert list(registry.registeredUtilities()) == []
    assert registry.getUtility(IResolver) is registry.getUtility(IResolver)
    assert registry.getUtility(IResolver) is not AssetRegistry().getUtility(IResolver)


def test_making_a_part_is_no_change_of_the_configuration():
    registry = AssetRegistry()
    before = registry.snapshot
    for provided in SHIPPED:
        assert provided.implementedBy(type(registry.getUtility(provided)))
    assert registry.snapshot is before


def test_what_is_registered_goes_before_a_part_until_it_is_unregistered():
    registry, mine = AssetRegistry(), object()
    shipped = registry.getUtility(IURLGenerator)
    registry.registerUtility(mine, IURLGenerator)
    assert registry.getUtility(IURLGenerator) is mine
    registry.unregisterUtility(mine, IURLGenerator)
    assert registry.getUtility(IURLGenerator) is shipped


def test_a_registry_over_another_has_its_parts_and_one_of_records_has_none():
    registry = AssetRegistry()
    assert Registry(bases=(registry,)).getUtility(IPages) is registry.getUtility(IPages)
    assert Registry().queryUtility(IPages, default="none") == "none"
    with pytest.raises(LookupError):
        Registry().getUtility(IPages)
    with pytest.raises(LookupError):
        registry.getUtility(IPages, name="another")


DOORS = (
    "assetzcml", "assetzcml.asgi", "assetzcml.bundles", "assetzcml.bundles.filters", "assetzcml.errors",
    "assetzcml.interfaces", "assetzcml.records.assets", "assetzcml.records.kinds", "assetzcml.zcml.fields",
)  # fmt: skip


def undocumented(door):
    """What *door* offers, and the public methods of its classes that are ours, without a docstring."""
    for name in importlib.import_module(door).__all__:
        offered = getattr(importlib.import_module(door), name)
        if not (inspect.isclass(offered) or inspect.isfunction(offered)):
            continue
        members = inspect.getmembers(offered) if inspect.isclass(offered) else []
        for member, value in [("", offered), *members]:
            function = value.fget if isinstance(value, property) else value
            ours = str(getattr(function, "__module__", "")).startswith("assetzcml")
            if member[:1] != "_" and ours and callable(function) and not inspect.getdoc(value):
                yield f"{door}.{name}.{member}".rstrip(".")


@pytest.mark.parametrize("door", DOORS)
def test_all_that_is_offered_says_what_it_is(door):
    assert list(undocumented(door)) == []
