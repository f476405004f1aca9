"""
A registry as it would be if its loads happened now: built aside, then taken over in one step. Reads no ZCML.

What Python calls declared stays, in its order among the loads; so does everything that was registered by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from zope.interface.registry import Components

from assetzcml.errors import ConfigurationError
from assetzcml.records.loads import LoadReport
from assetzcml.registry import Record, Registry, Snapshot

__all__ = ["reload"]


def reload(registry: Registry, load: Callable[[Registry, LoadReport], None]) -> None:
    """
    Let *registry* have what its loads, *load* of a registry and of each report, bring now.

    Whatever *load* raises leaves the registry as it is. Raises ConfigurationError when a framework had one loaded.
    """
    with registry.lock:
        for report in registry.loads:
            if report.arguments is None:
                raise ConfigurationError(
                    f"{report.spec} was loaded by a framework, which executes actions itself: it cannot be loaded again"
                )
        ground = _ground(registry)
        for generation, step in sorted(_steps(registry), key=lambda entry: entry[0]):
            ground.generation = generation - 1
            if isinstance(step, LoadReport):
                load(ground, step)
            else:
                ground.add(step)
        _become(registry, ground)


def _steps(registry: Registry) -> Iterator[tuple[int, LoadReport | Record]]:
    """The loads, and what was declared by Python and not taken out again."""
    lost = {id(loss.loser) for loss in registry.losses}
    standing = [utility.component for utility in registry.registeredUtilities()]
    for record in registry.declared:
        if id(record) in lost or record in standing:
            yield record.generation, record
    for report in registry.loads:
        yield report.generation, report


def _ground(registry: Registry) -> Registry:
    """A registry with everything that neither a load nor a Python call has declared."""
    ground = Registry(registry.__name__, registry.__bases__, registry.settings, registry)
    loads = {report.generation for report in registry.loads}
    gone = {id(registration.component) for registration in registry.brought if hasattr(registration, "component")}
    gone.update(map(id, registry.declared))
    utilities = {(u.provided, u.name): u for u in registry.registeredUtilities()}
    for key, utility in {**registry.displaced, **utilities}.items():
        component = utility.component
        if id(component) in gone or (isinstance(component, Record) and component.generation in loads):
            utility = registry.displaced.get(key)
        if utility is not None:
            Components.registerUtility(
                ground, utility.component, *key, utility.info, event=False, factory=utility.factory
            )
    brought = Counter(map(_key, _others(registry.brought)))
    for registration in _all_others(registry):
        if brought[_key(registration)]:
            brought[_key(registration)] -= 1
        else:
            _register(ground, registration)
    return ground


def _become(registry: Registry, ground: Registry) -> None:
    """Take over all of *ground*. Readers keep the former snapshot until the last statement."""
    wanted = {(u.provided, u.name): u for u in ground.registeredUtilities()}
    present = {(u.provided, u.name): u for u in registry.registeredUtilities()}
    for key, utility in present.items():
        if key not in wanted or wanted[key].component is not utility.component:
            Components.unregisterUtility(registry, utility.component, *key)
        else:
            del wanted[key]
    for key, utility in wanted.items():
        Components.registerUtility(registry, utility.component, *key, utility.info, factory=utility.factory)
    _become_others(registry, ground)
    registry.losses = list(ground.losses)  # a snapshot keeps the list that it began with
    registry.loads = ground.loads
    registry.declared[:] = ground.declared
    registry.brought[:] = ground.brought
    registry.displaced = ground.displaced
    registry.current.snapshot = Snapshot(registry)


# Adapters, subscription adapters and handlers. One that is said twice is called twice, and unregistered once for all.


def _become_others(registry: Registry, ground: Registry) -> None:
    wanted = Counter(map(_key, _all_others(ground)))
    present = Counter(map(_key, _all_others(registry)))
    changed = {key for key in {*wanted, *present} if wanted[key] != present[key]}
    for registration in _all_others(registry):
        if _key(registration) in changed:
            _unregister(registry, registration)
    for registration in _all_others(ground):
        if _key(registration) in changed:
            _register(registry, registration)


def _all_others(registry: Registry) -> list[Any]:
    return [
        *registry.registeredAdapters(),
        *registry.registeredSubscriptionAdapters(),
        *registry.registeredHandlers(),
    ]


def _others(registrations: list[Any]) -> list[Any]:
    """Those that are no utilities."""
    return [registration for registration in registrations if not hasattr(registration, "component")]


def _key(registration: Any) -> tuple[Any, ...]:
    kind = type(registration).__name__
    return kind, registration.required, registration.provided, registration.name, id(registration.factory)


def _register(registry: Registry, registration: Any) -> None:
    required, provided, name, info = registration.required, registration.provided, registration.name, registration.info
    match type(registration).__name__:
        case "AdapterRegistration":
            Components.registerAdapter(registry, registration.factory, required, provided, name, info)
        case "SubscriptionRegistration":
            registry.registerSubscriptionAdapter(registration.factory, required, provided, name, info)
        case _:
            registry.registerHandler(registration.factory, required, name, info)


def _unregister(registry: Registry, registration: Any) -> None:
    required, provided, name = registration.required, registration.provided, registration.name
    match type(registration).__name__:
        case "AdapterRegistration":
            Components.unregisterAdapter(registry, registration.factory, required, provided, name)
        case "SubscriptionRegistration":
            registry.unregisterSubscriptionAdapter(registration.factory, required, provided, name)
        case _:
            registry.unregisterHandler(registration.factory, required, name)
