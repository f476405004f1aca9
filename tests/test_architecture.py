"""Who may import whom. The table of docs/architecture.rst is the law; a new room, and a new arrow, is entered there."""

import ast
import importlib
import re
from functools import cache

import pytest

from assetzcml.urls.queries import URL_OPTIONS
from imports import MODULES, PACKAGE, circles, imports, imports_of, is_below, nodes, room_of
from tables import over

CHECKOUT = PACKAGE.parent
PAGE = CHECKOUT / "docs" / "architecture.rst"


def table(first):
    """The rows of the table of the page whose first heading is *first*, each a list of texts."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^   \* - (.*)\n((?:     -.*\n)+)", text, re.MULTILINE)
    cells = [[name, *(cell.strip() for cell in re.findall(r"^     -(.*)$", rest, re.MULTILINE))] for name, rest in rows]
    starts = [number for number, row in enumerate(cells) if row[0] in ("Room", "Module")]
    begin = next(number for number in starts if cells[number][0] == first)
    return cells[begin + 1 : next((number for number in starts if number > begin), None)]


ROOMS = {room: set(imported.split()) for room, _, imported in table("Room")}
FLOOR = {room: number for number, room in enumerate(ROOMS)}

# Arrows that still run up or round, each to be taken away by a change of the rooms that it joins. None may be added.
STANDING: set[tuple[str, str]] = set()

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
    "anyio": {"serving"},
}

EXCEPTIONS = {  # a unit, what it imports all the same, and the words in its source that say why
    ("errors", "zope.configuration.exceptions"): "code which catches its errors catches ours",
}

NEVER = {"pkg_resources", "setuptools", "imp"}


@cache
def arrows():
    """Every import of one of our modules by another: (importing, imported) → how."""
    return {
        (name, each.module): each
        for name in MODULES
        for each in imports(name)
        if each.module in MODULES and each.module != name
    }


@pytest.mark.parametrize(
    "line, how",
    [
        ("from assetzcml.cli import main", "top"),
        ("def f():\n    import assetzcml.cli", "late"),
        ("f = lambda: getattr(__import__('assetzcml.cli'), 'main')", "string"),
        ("if TYPE_CHECKING:\n    from assetzcml.cli import main", "typing"),
        ("if typing.TYPE_CHECKING:\n    pass\nelse:\n    import assetzcml.cli", "top"),
        ("importlib.import_module('assetzcml.cli')", "string"),
        ("PLACES = {'main': 'assetzcml.cli:main'}", "string"),
        ("try:\n    import assetzcml.cli\nexcept ImportError: pass", "top"),
    ],
)
def test_an_import_is_seen_however_it_is_written(line, how):
    assert [(each.module, each.how) for each in imports_of(ast.parse(line)) if each.module in MODULES] == [
        ("assetzcml.cli", how)
    ]


def test_a_look_up_by_interface_is_an_import_of_what_it_finds():
    found = imports_of(ast.parse("self.registry.getUtility(IResolver).resolve(spec)"))
    assert [(each.module, each.how) for each in found] == [("assetzcml.resolving.resolver", "look-up")]


def test_circles_are_found_and_what_only_leads_to_one_is_none():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": {"d"}}) == [{"d"}, {"b", "c"}]


def short(module):
    return module.removeprefix("assetzcml.")


def told(name, each):
    return f"{short(name)}:{each.line} → {short(each.module)} ({each.how})"


def test_every_room_stands_in_the_drawing_and_imports_what_stands_above_it():
    assert {room_of(name) for name in MODULES} == set(ROOMS)
    up = {(room, other) for room, others in ROOMS.items() for other in others if FLOOR[other] >= FLOOR[room]}
    assert up == {
        (room_of(f"assetzcml.{a}"), room_of(f"assetzcml.{b}"))
        for a, b in STANDING
        if room_of(f"assetzcml.{a}") != room_of(f"assetzcml.{b}")
    } - {(room, other) for room in ROOMS for other in ROOMS if FLOOR[other] < FLOOR[room]}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_its_line_in_the_drawing_says_and_nothing_else(room):
    used = {}
    for name in MODULES:
        if room_of(name) == room:
            for each in imports(name):
                if each.module in MODULES and room_of(each.module) != room:
                    used.setdefault(room_of(each.module), []).append(told(name, each))
    assert {other: arrows for other, arrows in used.items() if other not in ROOMS[room]} == {}, "not in the drawing"
    assert ROOMS[room] - set(used) == set(), "in the drawing, and needed no more"


def test_no_module_leads_back_to_itself_however_it_imports():
    graph = {name: set() for name in MODULES}
    for name, module in arrows():
        if (short(name), short(module)) not in STANDING:
            graph[name].add(module)
    assert [
        [told(name, each) for (name, module), each in arrows().items() if {name, module} <= circle]
        for circle in circles(graph)
    ] == []


def test_an_arrow_that_may_still_stand_stands():
    assert STANDING - {(short(name), short(module)) for name, module in arrows()} == set()


@over("name", MODULES)
def test_a_library_is_imported_only_where_its_subject_is(name):
    room = room_of(name)
    strangers = {
        each.module
        for each in imports(name)
        for library, rooms in ONLY_IN.items()
        if is_below(each.module, library) and room not in rooms and (room, each.module) not in EXCEPTIONS
    }
    assert strangers == set()


@pytest.mark.parametrize("unit, module", EXCEPTIONS)
def test_an_exception_is_needed_and_says_why(unit, module):
    assert module in {each.module for each in imports(f"assetzcml.{unit}")}
    source = (PACKAGE / f"{unit}.py").read_text(encoding="utf-8")
    assert EXCEPTIONS[unit, module] in " ".join(source.split())


@over("name", MODULES)
def test_nothing_needs_setuptools_at_run_time(name):
    assert {each.module for each in imports(name) for never in NEVER if is_below(each.module, never)} == set()


# The hook stands in for loaders, whose contract speaks of it.
BY_FILE = {"assetzcml.resolving.package_readers"}


@over("name", [name for name in MODULES if FLOOR[room_of(name)] <= FLOOR["zcml"] and name not in BY_FILE])
def test_packages_are_never_found_by_their_dunder_file(name):
    names = {node.id for node in nodes(name) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in nodes(name) if isinstance(node, ast.Attribute)}
    assert "__file__" not in names | attributes


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


# Where the tests of a module are.

TESTS = {name: files.split() for name, files in table("Module")}


def own_tests(name):
    """The module of tests that has a module's name."""
    *rooms, last = short(name).split(".") if "." in name else ["__init__"]
    return CHECKOUT.joinpath("tests", *rooms, f"test_{last}.py")


def is_package(name):
    return "." in name and (PACKAGE.joinpath(*name.split(".")[1:]) / "__init__.py").exists()


def test_every_module_has_tests_of_its_name_or_a_line_that_says_where_they_are():
    without = {short(name) if "." in name else "__init__" for name in MODULES if not own_tests(name).exists()}
    packages = {short(name) for name in MODULES if is_package(name)}
    assert without - packages - set(TESTS) == set(), "no tests are known"
    assert set(TESTS) - without == set(), "the tests have its name, or the module is gone"


@over("module", TESTS)
def test_the_tests_that_a_line_names_are_there(module):
    assert [name for name in TESTS[module] if not (CHECKOUT / "tests" / name).is_file()] == []


def own_names(module):
    """The names that a module gives: functions, attributes of its classes, and what it sets on them."""
    for node in nodes(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value  # slots


def test_no_module_reads_what_another_keeps_to_itself():
    private = {name: {own for own in own_names(name) if re.match(r"_(?!_)", own)} for name in MODULES}
    ours = set().union(*private.values()) - {"_replace"}  # public, of every NamedTuple
    assert [
        (short(name), ast.unparse(node))
        for name in MODULES
        for others in [ours - private[name]]
        for node in nodes(name)
        if isinstance(node, ast.Attribute) and node.attr in others and ast.unparse(node.value) != "self"
    ] == [("zcml.documenting", "machine._docRegistry")]  # zope.configuration's own, which our machine fills as it does


# One name for one idea. A name may stand in several modules where that is meant, and here it is said why.
TWINS = {
    "what one framework or language calls so, another does": {
        *("AssetTemplate", "Assets", "StaticApp", "asset_registry"),
        *("Token", "tokens", "links", "rewritten", "without_map"),
    },
    "a tag of Django's templates has the name of the function that it calls": {
        *("asset_tag", "asset_url", "bundle_tags", "bundle_urls", "import_map"),
    },
    "the handler of a directive, and the rule for what it declares": {
        *("cache_buster", "content_store", "frozen", "media_type", "module", "permission_policy"),
    },
    "Pyramid's word for the same": {"includeme", "load_zcml"},
    "the one hands on to the other, which a process may never need": {"declare", "fetch", "findings"},
    "the role, and who plays it": {"Links"},
}


def given(name):
    """The public names that a module defines, of constants those which another one imports."""
    for node in MODULES[name].body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for each in targets if isinstance(each, ast.Name) and (name, each.id) in taken())


@cache
def taken():
    """Each (module, name) that some module of ours imports."""
    return {
        (node.module, each.name)
        for name in MODULES
        for node in nodes(name)
        if isinstance(node, ast.ImportFrom)
        for each in node.names
    }


def test_a_name_stands_in_one_module_or_it_is_said_why_it_stands_in_several():
    homes = {}
    for name in MODULES:
        for own in set(given(name)):
            if not own.startswith("_"):
                homes.setdefault(own, []).append(short(name))
    meant = set().union(*TWINS.values())
    several = {own: modules for own, modules in homes.items() if len(modules) > 1}
    assert {own: modules for own, modules in several.items() if own not in meant} == {}
    assert meant - set(several) == set(), "needed no more"


def test_what_stands_for_itself_in_a_url_is_said_once():
    again = [
        name
        for name in MODULES
        for node in nodes(name)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and set("!&'()*,;=") <= set(node.value[:20])
    ]
    assert again == ["assetzcml.records.quoting"]


def test_the_options_of_a_url_are_listed_once():
    lists = [
        name
        for name in MODULES
        for node in nodes(name)
        if isinstance(node, (ast.Tuple, ast.List, ast.Set))
        and set(URL_OPTIONS) <= {each.value for each in node.elts if isinstance(each, ast.Constant)}
    ]
    assert lists == ["assetzcml.urls.queries"]
