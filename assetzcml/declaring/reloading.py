"""
A registry as it would be if its loads happened now: built aside, then taken over in one step. Reads no ZCML.

What Python calls declared stays, in its order among the loads; so does everything that was registered by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from assetzcml.errors import ConfigurationError
from assetzcml.records.kinds import Record
from assetzcml.records.loads import LoadReport
from assetzcml.registry import Registry, become, ledger, registrations

__all__ = ["reload"]


def reload(registry: Registry, load: Callable[[Registry, LoadReport], None]) -> None:
    """
    Let *registry* have what its loads, *load* of a registry and of each report, bring now.

    Whatever *load* raises leaves the registry as it is. Raises ConfigurationError when a framework had one loaded.
    """
    with ledger(registry).lock:
        for report in registry.loads:
            if report.arguments is None:
                raise ConfigurationError(
                    f"{report.spec} was loaded by a framework, which executes actions itself: it cannot be loaded again"
                )
        ground = _ground(registry)
        for generation, step in sorted(_steps(registry), key=lambda entry: entry[0]):
            ledger(ground).generation = generation - 1
            if isinstance(step, LoadReport):
                load(ground, step)
            else:
                ground.add(step)
        become(registry, ground)


def _steps(registry: Registry) -> Iterator[tuple[int, LoadReport | Record]]:
    """The loads, and what was declared by Python and not taken out again."""
    lost = {id(loss.loser) for loss in ledger(registry).losses}
    for record in ledger(registry).declared:
        if id(record) in lost or record == registry.queryUtility(record.provided, record.key):
            yield record.generation, record
    for report in registry.loads:
        yield report.generation, report


def _ground(registry: Registry) -> Registry:
    """A registry with everything that neither a load nor a Python call has declared."""
    known = ledger(registry)
    ground = Registry(registry.__name__, registry.__bases__, registry.settings, registry)
    loads = {report.generation for report in known.loads}
    brought = Counter(each.identity for each in known.brought)
    gone = set(map(id, known.declared))
    standing = registrations(registry)
    vacant = known.displaced.keys() - {each.key for each in standing if each.kind == "Utility"}
    for each in [*standing, *(known.displaced[key] for key in vacant)]:
        if brought[each.identity]:
            brought[each.identity] -= 1
            loaded = True
        else:
            record = each.component
            loaded = id(record) in gone or (isinstance(record, Record) and record.generation in loads)
        left = known.displaced.get(each.key) if loaded and each.kind == "Utility" else None if loaded else each
        if left is not None:
            left.put(ground)
    return ground
