"""Overrides for code that knows nothing of assetzcml: what reads a package's data through its loader gets them too.

While the hook is installed, the loaders of the modules of a package with overrides are stood in for by `OverridingLoader`, which
answers for resources and passes everything else on. That is where `importlib.resources`, `pkgutil.get_data` and
`pkg_resources` ask. `remove()` puts every loader back.
"""

from __future__ import annotations

import importlib.machinery
import importlib.resources
import importlib.util
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import zope.event
from zope.interface.interfaces import IRegistered

from assetzcml.errors import ConfigurationError, Origin, Problem, calling_line
from assetzcml.records.assets import AssetSpec, Override, asset_spec
from assetzcml.records.rules import names as package_names
from assetzcml.registry import Registry
from assetzcml.resolving.packages import Found
from assetzcml.resolving.resolver import Resolver
from assetzcml.resolving.resources import Reader, addressable
from assetzcml.resolving.search import SearchPaths

__all__ = ["ResourceHook", "install_resource_hook"]

_lock = threading.RLock()
_installed: ResourceHook | None = None


def install_resource_hook(registry: Registry, packages: Iterable[str | ModuleType] | None = None) -> ResourceHook:
    """
    Show the overrides of *registry* to everybody who reads a package's data, until `remove()` is called.

    *packages* are the names of the packages, imported or not, whose overrides are shown; without, it is every package
    that has overrides, now or later. There is one hook in a process: the same call again returns the one that is
    installed. Raises ConfigurationError, which names that one, when it is another.
    """
    global _installed
    names = None if packages is None else _names_of(package_names("packages", packages, "names of packages"))
    origin = calling_line()
    with _lock:
        if _installed is None:
            hook = ResourceHook(registry, names, origin)
            hook._install()
            _installed = hook
        elif _installed.registry is not registry or _installed.packages != names:
            what = "other packages" if _installed.registry is registry else f"another registry, {_installed.registry!r}"
            message = f"the resource hook is installed for {what}"
            raise ConfigurationError(
                Problem(
                    origin,
                    message,
                    "one process has one: remove that first",
                    also=[("installed at", _installed.origin)],
                )
            )
        return _installed


def _names_of(packages: Iterable[str | ModuleType]) -> frozenset[str]:
    given = [packages] if isinstance(packages, str | ModuleType) else list(packages)
    names = frozenset(
        asset_spec(each.__name__ if isinstance(each, ModuleType) else each, whole=True).package for each in given
    )
    for name in names:
        top = name.partition(".")[0]
        if top not in sys.modules and importlib.util.find_spec(top) is None:
            raise ConfigurationError(
                f"the resource hook cannot show overrides of {name!r}: there is no package {top!r}"
            )
    return names


class ResourceHook:
    """
    What `install_resource_hook` has installed. As a context manager it is removed at the end of the block.

    *packages* are the names it was asked for, None for all that have overrides.
    """

    def __init__(self, registry: Registry, packages: frozenset[str] | None, origin: Origin):
        self.registry = registry
        self.packages = packages
        self.origin = origin
        self.installed: bool = False
        # Which packages are watched is known without asking the registry: its lock must not be waited for during an
        # import, which holds one itself.
        self._watched = set(packages or ())
        self._loaders: weakref.WeakValueDictionary[int, OverridingLoader] = weakref.WeakValueDictionary()
        self._faces: dict[type, type] = {}
        self._finder = Finder(self)
        self._pkg_resources: ModuleType | None = None

    def remove(self) -> None:
        """Put everything back as it was; what was opened or found stays usable. A second call does nothing."""
        global _installed
        with _lock:
            if not self.installed:
                return
            self.installed = False
            if _installed is self:
                _installed = None
            places: tuple[tuple[list[Any], Any], ...] = (
                (sys.meta_path, self._finder),
                (zope.event.subscribers, self._registered),
            )
            for installed, mine in places:
                if mine in installed:
                    installed.remove(mine)
            if self._pkg_resources is not None:
                self._pkg_resources._provider_factories.pop(Face, None)
                self._pkg_resources = None
            for loader in list(self._loaders.values()):
                loader._put_back()
            self._loaders.clear()
            self._faces.clear()

    def __enter__(self) -> ResourceHook:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        state = "installed" if self.installed else "removed"
        return f"<ResourceHook of {self.registry!r}, {state}>"

    # Which packages.

    def _install(self) -> None:
        self.installed = True
        sys.meta_path.insert(0, self._finder)
        if self.packages is None:
            zope.event.subscribers.append(self._registered)
            self._watched.update(override.target.package for override in self.registry.snapshot.overrides)
        module = sys.modules.get("pkg_resources")
        if module is not None:
            self._provide(module)
        self._stand_in(self._watched)

    def _registered(self, event: Any) -> None:
        """zope.interface tells that something was registered: an override may be the first of its package."""
        if not IRegistered.providedBy(event) or getattr(event.object, "registry", None) is not self.registry:
            return
        override = getattr(event.object, "component", None)
        if isinstance(override, Override) and override.target.package not in self._watched:
            with _lock:
                self._watched.add(override.target.package)
                if self.installed:
                    self._stand_in({override.target.package})

    def _watches(self, module_name: str) -> bool:
        return module_name in self._watched or module_name.rpartition(".")[0] in self._watched

    def _stand_in(self, packages: Iterable[str]) -> None:
        """Stand in for the loaders of the modules in *packages* that are imported already."""
        wanted = set(packages)
        for name, module in list(sys.modules.items()):
            if not (name in wanted or name.rpartition(".")[0] in wanted or name == "__main__"):
                continue
            spec = _attributes(module).get("__spec__")
            if isinstance(spec, ModuleSpec) and spec.loader is not None and spec.parent in wanted:
                self._wrap(spec)._adopt(module)

    def _wrap(self, spec: ModuleSpec) -> OverridingLoader:
        """Put a `OverridingLoader` into *spec*; the one that is there, when there is one."""
        there: Any = spec.loader
        if type(there) is OverridingLoader:
            return there
        loader = OverridingLoader(self, there, spec)
        self._remember(loader)
        spec.loader = loader  # type: ignore[assignment]  # it is like any loader, and derives from none
        return loader

    def _remember(self, loader: OverridingLoader) -> None:
        self._loaders[id(loader)] = loader

    def _face(self, kind: type) -> type:
        """The class that a stand-in for a loader of *kind* shows, so that `isinstance` holds for both."""
        face = self._faces.get(kind)
        if face is None:
            try:
                face = type(kind.__name__, (Face, kind), {"__doc__": kind.__doc__})
            except TypeError:  # a class that cannot be a base
                face = kind
            self._faces[kind] = face
        return face

    # What is asked.

    def look(self, spec: AssetSpec) -> Found | None:
        """What stands at *spec* now, through overrides; None where nothing does, and after the removal."""
        if not self.installed:
            return None
        try:
            found: Found | None = self._asked().look(spec, anew=True)[1]
            return found
        except ImportError:
            return None

    def overriding(self, spec: AssetSpec) -> Found | None:
        """The file that overrides *spec*; None where the original is in force."""
        found = self.look(spec)
        return None if found is None or found.directory or found.spec == spec else found

    def names(self, spec: AssetSpec) -> list[str] | None:
        """The names in the directory *spec*, of all layers; None where it is none."""
        if not self.installed:
            return None
        try:
            found: list[str] | None = self._asked().resolve(spec).listdir()
            return found
        except (OSError, ImportError):
            return None

    def touches(self, spec: AssetSpec) -> bool:
        """Does an override say anything about what is in the directory *spec*?"""
        paths = self.registry.snapshot.derived(SearchPaths)
        return self.installed and bool(paths.targets_in(spec) or len(paths.places(spec)) > 1)

    def _asked(self) -> Any:
        return self.registry.part(Resolver)

    # pkg_resources, where it still exists.

    def _provide(self, module: ModuleType) -> None:
        register = getattr(module, "register_loader_type", None)
        if register is not None and self.installed:
            register(Face, lambda asked: Provider(self, module, asked))
            self._pkg_resources = module


def _attributes(module: Any) -> dict[str, Any]:
    """What a module holds, without waking a lazy one; nothing for what is no module, which `sys.modules` may have."""
    try:
        return dict(object.__getattribute__(module, "__dict__"))
    except AttributeError:
        return {}


class Finder:
    """First in `sys.meta_path`: has the others find a module of a watched package, and stands in for its loader."""

    def __init__(self, hook: ResourceHook):
        self._hook = hook

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        hook = self._hook
        if not hook.installed or not (name == "pkg_resources" or hook._watches(name)):
            return None
        for finder in self._others():
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                if name == "pkg_resources" or spec.parent in hook._watched:
                    hook._wrap(spec)
                return spec
        return None

    def _others(self) -> list[Any]:
        finders = list(sys.meta_path)
        return finders[finders.index(self) + 1 :] if self in finders else []


class Face:
    """A base of the classes that stand-ins show: what `pkg_resources` looks for a provider by. It has no instances."""


class OverridingLoader:
    """
    Stands in for the loader of one module: answers for the resources of its package, and passes everything else on.

    It has no public attributes of its own: what the real loader does not have, it does not have either.
    """

    __slots__ = ("__weakref__", "_before", "_hook", "_modules", "_real", "_spec")

    def __init__(self, hook: ResourceHook, real: Any, spec: ModuleSpec):
        put = object.__setattr__
        put(self, "_hook", hook)
        put(self, "_before", real)
        put(self, "_real", _namespace_loader(spec) if real is None else real)
        put(self, "_spec", spec)
        put(self, "_modules", [])

    @property  # type: ignore[misc]  # object's may be set, this one only asks
    def __class__(self) -> type:
        found: type = self._hook._face(type(self._real))
        return found

    def __getattr__(self, name: str) -> Any:
        if name == "get_resource_reader":  # which a loader need not have
            return self._reader
        found = getattr(self._real, name)
        if name == "get_data":
            return lambda path: self._data(path, found)
        if name == "exec_module":
            return lambda module: self._execute(module, found)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._real, name)

    def __dir__(self) -> list[str]:
        return dir(self._real)

    def __repr__(self) -> str:
        return repr(self._real)

    def __eq__(self, other: object) -> bool:
        found: bool = self._real == (other._real if type(other) is OverridingLoader else other)
        return found

    def __hash__(self) -> int:
        return hash(self._real)

    def _reader(self, name: str) -> Any:
        """The reader of the module's package."""
        hook, real = self._hook, self._real
        get = getattr(real, "get_resource_reader", None)
        if not hook.installed or self._spec.parent not in hook._watched:
            return get(name) if get is not None else None
        return Reader(hook, self._spec.parent, lambda: _real_files(real, self._spec))

    def _data(self, path: str, get_data: Callable[[str], bytes]) -> bytes:
        """The bytes of the file that *path* would be, were there no overrides; what the module is made of, as it is."""
        hook, spec = self._hook, self._spec
        if hook.installed and spec.parent in hook._watched and path not in (spec.origin, spec.cached):
            parts = _below(path, [*(spec.submodule_search_locations or ()), os.path.dirname(spec.origin or "")])
            found = hook.overriding(AssetSpec(spec.parent, parts)) if parts else None
            if found is not None:
                with found.open() as stream:
                    result: bytes = stream.read()
                    return result
        return get_data(path)

    def _execute(self, module: ModuleType, exec_module: Callable[[ModuleType], None]) -> None:
        self._adopt(module)
        if self._before is None:
            # What the import system does for a namespace package whose spec has no loader yet.
            object.__setattr__(self, "_before", self._real)
            module.__file__ = None
        exec_module(module)
        if self._spec.name == "pkg_resources":
            self._hook._provide(module)

    def _adopt(self, module: ModuleType) -> None:
        """This is (or becomes) the loader of *module*, which may have kept another one beside its spec's."""
        if not any(known() is module for known in self._modules):
            self._modules.append(weakref.ref(module))
        beside = _attributes(module).get("__loader__")
        if beside is None or type(beside) is OverridingLoader:
            return
        if beside is self._real:
            module.__loader__ = self
            return
        other = OverridingLoader(self._hook, beside, self._spec)
        other._modules.append(weakref.ref(module))
        self._hook._remember(other)
        module.__loader__ = other

    def _put_back(self) -> None:
        if self._spec.loader is self:
            self._spec.loader = self._before
        for reference in self._modules:
            module = reference()
            if module is not None and _attributes(module).get("__loader__") is self:
                module.__loader__ = self._real
        self._modules.clear()


def _namespace_loader(spec: ModuleSpec) -> Any:
    """The loader that the import system would make for a namespace package (`importlib._bootstrap`)."""
    kind: Any = getattr(importlib.machinery, "NamespaceLoader", None)
    if kind is None:  # Python 3.10
        kind = importlib._bootstrap_external._NamespaceLoader
    loader = kind.__new__(kind)
    loader._path = spec.submodule_search_locations
    return loader


def _real_files(real: Any, spec: ModuleSpec) -> Any:
    """What `importlib.resources.files` would return for the module were its loader *real*."""
    stand_in = ModuleType(spec.name)
    stand_in.__spec__ = ModuleSpec(spec.name, real, origin=spec.origin, is_package=True)
    stand_in.__spec__.submodule_search_locations = spec.submodule_search_locations or []
    return importlib.resources.files(stand_in)


def _below(path: str, directories: Iterable[str]) -> tuple[str, ...]:
    """The segments that lead from one of *directories* to *path*; none when it is in none of them."""
    for directory in directories:
        if directory and path.startswith(directory + os.sep):
            parts = tuple(
                part for part in path[len(directory) :].replace(os.sep, "/").split("/") if part not in ("", ".")
            )
            return parts if addressable(parts) else ()
    return ()


class Provider:
    """What `pkg_resources` asks for the resources of a module; its metadata are those of the real provider."""

    def __init__(self, hook: ResourceHook, pkg_resources: ModuleType, module: ModuleType):
        self._hook = hook
        stand_in: Any = module.__loader__
        self._package = stand_in._spec.parent
        self._real = pkg_resources._find_adapter(pkg_resources._provider_factories, stand_in._real)(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_resource_filename(self, manager: Any, resource_name: str) -> Any:
        """The path of the file. Raises NotImplementedError, as `pkg_resources` does, for one in an archive."""
        found = self._overriding(resource_name)
        if found is None:
            return self._real.get_resource_filename(manager, resource_name)
        if found.path is None:
            raise NotImplementedError(f"{found.spec} is in an archive and has no file name")
        return found.path

    def get_resource_stream(self, manager: Any, resource_name: str) -> Any:
        found = self._overriding(resource_name)
        return found.open() if found is not None else self._real.get_resource_stream(manager, resource_name)

    def get_resource_string(self, manager: Any, resource_name: str) -> Any:
        found = self._overriding(resource_name)
        if found is None:
            return self._real.get_resource_string(manager, resource_name)
        with found.open() as stream:
            return stream.read()

    def has_resource(self, resource_name: str) -> bool:
        spec = self._spec(resource_name)
        return (spec is not None and self._hook.look(spec) is not None) or self._real.has_resource(resource_name)

    def resource_isdir(self, resource_name: str) -> bool:
        spec = self._spec(resource_name)
        found = self._hook.look(spec) if spec is not None else None
        return found.directory if found is not None else self._real.resource_isdir(resource_name)

    def resource_listdir(self, resource_name: str) -> list[str]:
        spec = self._spec(resource_name)
        names = self._hook.names(spec) if spec is not None else None
        return names if names is not None else self._real.resource_listdir(resource_name)

    def _overriding(self, resource_name: str) -> Found | None:
        spec = self._spec(resource_name)
        return self._hook.overriding(spec) if spec is not None else None

    def _spec(self, resource_name: str) -> AssetSpec | None:
        parts = tuple(part for part in resource_name.split("/") if part not in ("", "."))
        return AssetSpec(self._package, parts) if not resource_name.startswith("/") and addressable(parts) else None
