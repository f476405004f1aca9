"""What the modules of the package import, by every way there is: the graph that `test_architecture` judges."""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import assetzcml

PACKAGE = Path(assetzcml.__file__).parent


class Import(NamedTuple):
    """One import: of *module*, in a *line*, and how: 'top', 'late', 'typing', 'string' or 'look-up'."""

    module: str
    line: int
    how: str


class Modules(Mapping):
    """Each module of the package and its tree, read when it is asked for; a package is the name of its folder."""

    def __init__(self):
        self.trees = {}
        self.paths = {
            ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
            for path in sorted(PACKAGE.rglob("*.py"))
        }

    def __iter__(self):
        return iter(self.paths)

    def __len__(self):
        return len(self.paths)

    def __contains__(self, name):
        return name in self.paths

    def __getitem__(self, name):
        if name not in self.trees:
            self.trees[name] = ast.parse(self.paths[name].read_text(encoding="utf-8"))
        return self.trees[name]


MODULES = Modules()


@cache
def nodes(name):
    """Every node of a module's tree: one walk, however many ask."""
    return list(ast.walk(MODULES[name]))


# What an application may register another of: who asks for it by its interface does not know whom it gets.
REPLACEABLE = {"IURLGenerator"}


def parts():
    """Interface → the module of the component that a look-up by it finds: the tables of `assembly`, read."""
    modules = {}
    for node in MODULES["assetzcml.assembly"].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Part("):
            modules[f"{ast.unparse(node.targets[0])}.find"] = node.value.args[0].value
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SHIPPED":
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                if ast.unparse(key) not in REPLACEABLE:
                    yield ast.unparse(key), modules[ast.unparse(value)]


@cache
def providers():
    """The table of `parts`."""
    return dict(parts())


LOOK_UPS = {"getUtility", "queryUtility", "component", "_component"}


@cache
def imports(name):
    """Every import of a module, of ours and of others."""
    return imports_of(MODULES[name])


def imports_of(tree):
    """Every import in a program."""
    return list(_imports(tree, "top"))


def _imports(node, how):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and how == "top":
        how = "late"
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, how)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, "imports are written out: one spelling, found by one search"
        below = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in [module for module in below if module in MODULES] or [node.module]:
            yield Import(module, node.lineno, how)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        module = node.value.partition(":")[0]
        if module in MODULES and "." in module:
            yield Import(module, node.lineno, "string")
    elif (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", None)) in LOOK_UPS
        and node.args
    ):
        provider = providers().get(ast.unparse(node.args[0]))
        if provider is not None:
            yield Import(provider, node.lineno, "look-up")
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for child in node.body:
            yield from _imports(child, "typing")
        for child in node.orelse:
            yield from _imports(child, how)
        return
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, how)


def room_of(module):
    """The first name below the package: a module, or a folder with all that is in it."""
    return module.split(".")[1] if "." in module else "__init__"


def is_below(module, library):
    """Is *module* the library, or in it?"""
    return module == library or module.startswith(f"{library}.")


def circles(graph):
    """The circles of a graph, each as its set of nodes: those that lead to one another (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            members = set(stack[at:])
            del stack[at:]
            if len(members) > 1 or node in graph.get(node, ()):
                found.append(members)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found
