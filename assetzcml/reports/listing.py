"""What is declared, kind by kind, and the answers to what an operator asks of a registry, as texts and as data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from assetzcml.errors import ConfigurationError, did_you_mean
from assetzcml.pages.application import Pages
from assetzcml.records.kinds import BUNDLES, KINDS, Kind, Record
from assetzcml.registry import Registry
from assetzcml.reports.assets import ALL, Wanted, assets_data, assets_lines
from assetzcml.reports.bundles import bundle_data, bundle_lines
from assetzcml.reports.descriptions import data_of, origin_data
from assetzcml.reports.findings import Checker
from assetzcml.reports.include_tree import includes_data, includes_lines

__all__ = ["ASSETS", "QUESTIONS", "WORDS", "UnknownKind", "answered", "counted", "listed_data", "listed_text"]

# Not what is declared, but where, and what it all comes to: only when it is asked for.
INCLUDES = "includes"
ASSETS = "assets"
WORDS = (*(kind.word for kind in KINDS), INCLUDES, ASSETS)  # those that are known of every configuration


def listed_data(registry: Registry, words: Sequence[str] = (), wanted: Wanted = ALL) -> dict[str, Any]:
    """
    What is declared of the kinds that *words* name, all where there is none, and what lost; of assets those *wanted*. Can be
    written as JSON.

    Raises UnknownKind.
    """
    told: dict[str, Any] = {kind.word: list(_listed_data(registry, kind)) for kind in _chosen(registry, words)}
    if INCLUDES in words:
        told[INCLUDES] = includes_data(registry)
    if ASSETS in words:
        told[ASSETS] = list(assets_data(registry, wanted))
    return told


def listed_text(registry: Registry, words: Sequence[str] = (), wanted: Wanted = ALL) -> str:
    """The same for people."""
    sections = [[kind.heading, *_listed_lines(registry, kind)] for kind in _chosen(registry, words)]
    if INCLUDES in words:
        sections.append([INCLUDES, *(f"  {line}" for line in includes_lines(registry))])
    if ASSETS in words:
        sections.append([ASSETS, *assets_lines(registry, wanted)])
    return "\n\n".join("\n".join(section) for section in sections)


class UnknownKind(ValueError):
    """A word that names no kind of records."""


def _chosen(registry: Registry, words: Sequence[str]) -> list[Kind]:
    kinds = _kinds(registry)
    known = [*kinds, INCLUDES, ASSETS]
    for word in words:
        if word not in known:
            hint = did_you_mean(word, known)
            raise UnknownKind(f"{word!r} is no kind; {hint or ', '.join(known) + ' are'}")
    return [kind for word, kind in kinds.items() if word in words or not words]


def _kinds(registry: Registry) -> dict[str, Kind]:
    """Ours, then those that other packages have records of, by their words."""
    losers = (loss.loser for loss in registry.snapshot.losses)
    theirs = {kind for record in (*registry.snapshot.others, *losers) for kind in [record.listed_as]}
    return {kind.word: kind for kind in (*KINDS, *sorted(theirs - {*KINDS}))}


def _listed(registry: Registry, kind: Kind) -> Iterator[tuple[Record, str, Record | None]]:
    """The records of one kind: those in force, then the losers, each with the reason and who won."""
    snapshot, pages = registry.snapshot, registry.part(Pages)
    tried = {id(record): number for number, record in enumerate((*pages.routes(), *pages.views()))}
    for record in sorted(snapshot.everything(), key=lambda record: tried.get(id(record), 0)):
        if record.listed_as.word == kind.word:
            yield record, "", None
    for loss in snapshot.losses:
        if loss.loser.listed_as.word == kind.word:
            yield loss.loser, loss.reason, loss.winner


def _listed_bundles(registry: Registry) -> Iterator[Any]:
    """The `BundleState` of each bundle, those that Python registered too."""
    bundles = registry.above.bundles()
    return (bundles.state(name) for name in bundles.names())


def _listed_data(registry: Registry, kind: Kind) -> Iterator[dict[str, Any]]:
    if kind == BUNDLES:
        for state in _listed_bundles(registry):
            yield {**bundle_data(state, registry), "lost": None, "winner": None}
    for record, lost, winner in _listed(registry, kind):
        if kind == BUNDLES and winner is None:
            continue
        against = origin_data(winner.origin) if winner is not None else None
        yield {**data_of(record), "lost": lost or None, "winner": against}


def _listed_lines(registry: Registry, kind: Kind) -> Iterator[str]:
    nothing = True
    for state in _listed_bundles(registry) if kind == BUNDLES else ():
        nothing = False
        first, *more = [*bundle_lines(state), *(f"problem {problem}" for problem in state.problems)]
        yield f"  {first}"
        yield from (f"    {line}" for text in more for line in text.splitlines())
    for record, lost, winner in _listed(registry, kind):
        if kind == BUNDLES and winner is None:
            continue
        nothing = False
        yield f"  {record.line}"
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
    try:
        return listed_data(registry, about), listed_text(registry, about), True
    except UnknownKind as error:
        return None, str(error), False


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
