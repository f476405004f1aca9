"""Who may import whom. The tables are the law; a new module has to be entered here."""

import ast
import importlib
from pathlib import Path

import pytest

import assetzcml

PACKAGE = Path(assetzcml.__file__).parent

# From the ground: a room imports only rooms that stand before it. The rim imports whatever it needs.
FLOORS = [
    ["errors"],
    ["interfaces"],
    ["records"],
    ["registry"],
    ["permissions"],
    ["resolving"],
    ["bundles"],
    ["urls"],
    ["serving", "pages"],
    ["declaring"],
    ["zcml"],
    ["reports"],
    ["publishing"],
    ["assembly"],
    ["integrations", "cli"],
    ["__init__", "__main__", "asgi", "check"],
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MAY_IMPORT = {room: {other for other in FLOOR if FLOOR[other] < FLOOR[room]} for room in FLOOR}

ONLY_IN = {  # a library, and the units that may import it
    "lxml": {"zcml"},
    "zope.configuration": {"zcml"},
    "zope.schema": {"zcml"},
    "webob": {"serving", "pages"},
    "click": {"cli"},
    "pyramid": {"integrations"},
    "jinja2": {"integrations"},
    "mako": {"integrations"},
    "chameleon": {"integrations"},
    "flask": {"integrations"},
    "django": {"integrations"},
    "starlette": {"integrations"},
}

EXCEPTIONS = {  # a unit, what it imports all the same, and the words in its source that say why
    ("errors", "zope.configuration.exceptions"): "code which catches its errors catches ours",
}

NEVER = {"pkg_resources", "setuptools", "imp"}


def unit_of(module):
    """The first name below the package: a module, or a folder with all that is in it."""
    return module.split(".")[1] if "." in module else "__init__"


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


MODULES = dict(modules())


def imports(tree, *, typing=False, late=True):
    """What a module imports: *typing*, what only a type checker reads; *late*, what functions import when called."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not typing:
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not late:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written out: one spelling, found by one search"
            yield node.module
            yield from (
                f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in MODULES
            )
        waiting += ast.iter_child_nodes(node)


def is_below(module, library):
    return module == library or module.startswith(f"{library}.")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_stands_below_it(name):
    unit = unit_of(name)
    assert unit in MAY_IMPORT, f"{unit} has no place in the tables"
    ours = {unit_of(module) for module in imports(MODULES[name]) if is_below(module, "assetzcml")}
    assert ours - {unit, "__init__"} - MAY_IMPORT[unit] == set()


@pytest.mark.parametrize("name", MODULES)
def test_a_library_is_imported_only_where_its_subject_is(name):
    unit = unit_of(name)
    strangers = {
        module
        for module in imports(MODULES[name], typing=True)
        for library, units in ONLY_IN.items()
        if is_below(module, library) and unit not in units and (unit, module) not in EXCEPTIONS
    }
    assert strangers == set()


@pytest.mark.parametrize("unit, module", EXCEPTIONS)
def test_an_exception_is_needed_and_says_why(unit, module):
    assert module in set(imports(MODULES[f"assetzcml.{unit}"]))
    source = (PACKAGE / f"{unit}.py").read_text(encoding="utf-8")
    assert EXCEPTIONS[unit, module] in " ".join(source.split())


@pytest.mark.parametrize("name", MODULES)
def test_nothing_needs_setuptools_at_run_time(name):
    assert {
        module for module in imports(MODULES[name], typing=True) for never in NEVER if is_below(module, never)
    } == set()


# The hook stands in for loaders, whose contract speaks of it.
BY_FILE = {"assetzcml.resolving.package_readers"}


@pytest.mark.parametrize(
    "name", [name for name in MODULES if FLOOR[unit_of(name)] <= FLOOR["zcml"] and name not in BY_FILE]
)
def test_packages_are_never_found_by_their_dunder_file(name):
    names = {node.id for node in ast.walk(MODULES[name]) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(MODULES[name]) if isinstance(node, ast.Attribute)}
    assert "__file__" not in names | attributes


def test_no_module_imports_itself_through_others():
    graph = {
        name: {m for m in imports(tree, late=False) if m in MODULES and m != name} for name, tree in MODULES.items()
    }
    done = set()

    def visit(name, trail):
        assert name not in trail, " → ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for module in sorted(graph[name]):
                visit(module, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])


def test_every_module_says_what_it_is_for():
    assert [name for name, tree in MODULES.items() if not ast.get_docstring(tree)] == []


def test_what_a_module_offers_exists():
    for name in MODULES:
        if name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            if is_below(error.name or "", "assetzcml"):
                raise
            continue  # needs an extra that is not installed
        assert [word for word in getattr(module, "__all__", ()) if not hasattr(module, word)] == []
