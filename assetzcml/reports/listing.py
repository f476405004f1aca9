"""What is declared, kind by kind, and the answers to what an operator asks of a registry, as texts and as data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from assetzcml.errors import ConfigurationError
from assetzcml.pages.application import Pages
from assetzcml.records.assets import Busting, MediaType, Override, PermissionPolicy, StaticViewRecord
from assetzcml.records.bundles import BundleRecord, BundlingRecord
from assetzcml.records.pages import Route, View
from assetzcml.registry import Record, Registry
from assetzcml.reports.bundles import bundle_data, bundle_lines
from assetzcml.reports.descriptions import data_of, line_of, origin_data
from assetzcml.reports.findings import Checker
from assetzcml.reports.include_tree import includes_data, includes_lines

__all__ = ["INCLUDES", "KINDS", "QUESTIONS", "answered", "counted", "listed_data", "listed_text"]

# What `list` knows: its word, its heading, and which records it is about.
KINDS: dict[str, tuple[str, Callable[[Record], bool]]] = {
    "views": ("static views", lambda record: isinstance(record, StaticViewRecord) and not record.file),
    "files": ("static files", lambda record: isinstance(record, StaticViewRecord) and record.file),
    "overrides": ("overrides, in the order of search", lambda record: isinstance(record, Override)),
    "busters": ("cache busters", lambda record: isinstance(record, Busting)),
    "types": ("media types", lambda record: isinstance(record, MediaType)),
    "policies": ("permission policies", lambda record: isinstance(record, PermissionPolicy)),
    "routes": ("routes, in the order in which they are tried", lambda record: isinstance(record, Route)),
    "pages": ("views of routes and of paths", lambda record: isinstance(record, View)),
    "environment": (
        "environment of bundles",
        lambda record: isinstance(record, BundlingRecord) and not isinstance(record, BundleRecord),
    ),
    "bundles": ("bundles", lambda record: isinstance(record, BundleRecord)),
}
INCLUDES = "includes"  # not what is declared, but where: only when it is asked for


def listed_data(registry: Registry, kinds: Sequence[str] = ()) -> dict[str, Any]:
    """What is declared of each of *kinds*, all where none is named, and what lost. Values that can be written as JSON."""
    told: dict[str, Any] = {kind: list(_listed_data(registry, kind)) for kind in _chosen(kinds)}
    if INCLUDES in kinds:
        told[INCLUDES] = includes_data(registry)
    return told


def listed_text(registry: Registry, kinds: Sequence[str] = ()) -> str:
    """The same for people."""
    sections = [[KINDS[kind][0], *_listed_lines(registry, kind)] for kind in _chosen(kinds)]
    if INCLUDES in kinds:
        sections.append([INCLUDES, *(f"  {line}" for line in includes_lines(registry))])
    return "\n\n".join("\n".join(section) for section in sections)


def _chosen(kinds: Sequence[str]) -> list[str]:
    return [kind for kind in KINDS if kind in kinds or not kinds]


def _listed(registry: Registry, kind: str) -> Iterator[tuple[Record, str, Record | None]]:
    """The records of one kind: those in force, then the losers, each with the reason and who won."""
    snapshot, pages = registry.snapshot, registry.part(Pages)
    policies = [snapshot.policy] if isinstance(snapshot.policy, PermissionPolicy) else []
    belongs = KINDS[kind][1]
    routing = (*pages.routes(), *pages.views())
    records: tuple[Any, ...] = (
        *snapshot.views,
        *snapshot.overrides,
        *snapshot.bustings,
        *snapshot.types,
        *policies,
        *routing,
        *snapshot.bundling,
    )
    for record in records:
        if belongs(record):
            yield record, "", None
    for loss in snapshot.losses:
        if belongs(loss.loser):
            yield loss.loser, loss.reason, loss.winner


def _listed_bundles(registry: Registry) -> Iterator[Any]:
    """The `BundleState` of each bundle, those that Python registered too."""
    bundles = registry.above.bundles()
    return (bundles.state(name) for name in bundles.names())


def _listed_data(registry: Registry, kind: str) -> Iterator[dict[str, Any]]:
    if kind == "bundles":
        for state in _listed_bundles(registry):
            yield {**bundle_data(state, registry), "lost": None, "winner": None}
    for record, lost, winner in _listed(registry, kind):
        if kind == "bundles" and winner is None:
            continue
        against = origin_data(winner.origin) if winner is not None else None
        yield {**data_of(record, registry), "lost": lost or None, "winner": against}


def _listed_lines(registry: Registry, kind: str) -> Iterator[str]:
    nothing = True
    for state in _listed_bundles(registry) if kind == "bundles" else ():
        nothing = False
        first, *more = [*bundle_lines(state), *(f"problem {problem}" for problem in state.problems)]
        yield f"  {first}"
        yield from (f"    {line}" for text in more for line in text.splitlines())
    for record, lost, winner in _listed(registry, kind):
        if kind == "bundles" and winner is None:
            continue
        nothing = False
        yield f"  {line_of(record, registry)}"
        yield f"    {record.origin}"
        if winner is not None:
            yield f"    lost: {lost} by {winner.origin}"
    if nothing:
        yield "  none"


def counted(found: Iterable[Any]) -> str:
    """How many findings of each severity there are, in words."""
    numbers = Counter(finding.severity for finding in found)
    plural = {"error": "errors", "warning": "warnings", "info": "infos"}
    told = [f"{numbers[kind]} {kind if numbers[kind] == 1 else plural[kind]}" for kind in plural if numbers[kind]]
    return ", ".join(told) if told else "no findings"


# What frameworks' own commands ask of the registry of an application that runs.


def answered(registry: Any, question: str, about: Sequence[str] = (), form: str = "text") -> tuple[str, bool]:
    """The answer to a question, a word of QUESTIONS, as text or JSON, and whether all is good."""
    data, text, good = QUESTIONS[question](registry, about)
    return (json.dumps(data, indent=2, ensure_ascii=False) if form == "json" else text), good


def _explained(registry: Any, about: Sequence[str]) -> tuple[Any, str, bool]:
    found = [registry.explain(each) for each in about]
    text = "\n\n".join(map(str, found))
    return [each.as_dict() for each in found], text, not any(each.problems for each in found)


def _checked(registry: Any, about: Sequence[str]) -> tuple[Any, str, bool]:
    found = registry.part(Checker).findings()
    text = "\n".join([*map(str, found), counted(found)])
    return [each.as_dict() for each in found], text, not any(each.severity == "error" for each in found)


def _listed_answer(registry: Any, about: Sequence[str]) -> tuple[Any, str, bool]:
    unknown = [kind for kind in about if kind not in (*KINDS, INCLUDES)]
    if unknown:
        return None, f"{unknown[0]!r} is no kind; {', '.join((*KINDS, INCLUDES))} are", False
    return listed_data(registry, about), listed_text(registry, about), True


def _urls(registry: Any, about: Sequence[str]) -> tuple[Any, str, bool]:
    answers, errors = {}, {}
    for spec in about:
        try:
            answers[spec] = registry.static_path(spec)
        except (ConfigurationError, ValueError, ImportError) as error:
            errors[spec] = str(error)
    data = [{"spec": spec, "url": answers.get(spec), "error": errors.get(spec)} for spec in about]
    return data, "\n".join(answers.get(spec, errors.get(spec, "")) for spec in about), not errors


QUESTIONS: dict[str, Callable[[Any, Sequence[str]], tuple[Any, str, bool]]] = {
    "explain": _explained,
    "check": _checked,
    "list": _listed_answer,
    "url": _urls,
}
