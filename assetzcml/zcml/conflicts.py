"""Who wins (docs/zcml.rst). Values in, values out: no file is read, nothing is executed.

An action is stronger than another when its file is above the other's file: when it includes it, directly or through
others, also where that include was skipped because the file had been read. Where zope.configuration resolves, the
result is the same; some of what it calls a conflict is resolved here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from assetzcml.errors import Origin, Problem, shorten
from assetzcml.records.assets import Override

__all__ = ["OVERRIDES", "PLAIN", "FileGraph", "Resolution", "Step", "override_conflicts", "resolve"]

REMEDY = "declare it in the file that includes them, or in a file that is loaded with includeOverrides"

Action = dict[str, Any]
PLAIN, OVERRIDES = 1, 0  # what is included with overrides comes before what is included (docs/zcml.rst)


class Step:
    """
    How a file was reached: by the directive number *ordinal* of a file, as the *number*th of the files that it names.

    *kind* is OVERRIDES or PLAIN.
    """

    __slots__ = ("_rank", "above", "kind", "number", "ordinal")

    def __init__(self, above: Step | None, kind: int, ordinal: int, number: int):
        self.above = above
        self.kind = kind
        self.ordinal = ordinal
        self.number = number
        self._rank: tuple[Any, ...] | None = None

    @staticmethod
    def rank(step: Step | None) -> tuple[Any, ...]:
        """What sorts the statements of a file among those of others, the strongest first; () for the first file."""
        if step is None:
            return ()
        if step._rank is None:
            step._rank = (*Step.rank(step.above), (step.kind, -step.ordinal, -step.number))
        return step._rank


class FileGraph:
    """Which file includes which, also where the include was skipped. Includes that close a cycle are left out."""

    def __init__(self) -> None:
        self._included: dict[str, set[str]] = {}

    def add(self, above: str, below: str) -> None:
        """*above* says that it includes *below*."""
        self._included.setdefault(above, set()).add(below)

    def above(self, a: str, b: str) -> bool:
        """Does *a* include *b*, directly or through others?"""
        seen = {a}
        waiting = [a]
        while waiting:
            for child in self._included.get(waiting.pop(), ()):
                if child == b:
                    return True
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
        return False

    def stronger(self, a: tuple[str, ...], b: tuple[str, ...]) -> bool:
        """Is an action with the include path *a* stronger than one with *b*?"""
        if a == b or a[: len(b)] == b:
            return False
        return b[: len(a)] == a or bool(a and b and self.above(a[-1], b[-1]))

    def strongest(self, paths: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
        """The include path that is stronger than all the others; None when there is none."""
        different = list(dict.fromkeys(paths))
        for path in different:
            if all(other is path or self.stronger(path, other) for other in different):
                return path
        return None

    def ranks(self, files: list[str]) -> dict[str, int]:
        """Numbers for *files*, given in the order of reading: a file's is smaller than those of the files below it."""
        position = {file: number for number, file in enumerate(files)}
        pending = dict.fromkeys(files, 0)
        for file in files:
            for child in self._included.get(file, ()):
                pending[child] = pending.get(child, 0) + 1
        ready = [(position[file], file) for file in files if not pending[file]]
        heapify(ready)
        ranks: dict[str, int] = {}
        while ready:
            _, file = heappop(ready)
            ranks[file] = len(ranks)
            for child in self._included.get(file, ()):
                pending[child] -= 1
                if not pending[child] and child in position:
                    heappush(ready, (position[child], child))
        return ranks


class Resolution(NamedTuple):
    """What is executed, in order; what lost against what; what is wrong."""

    winners: list[Action]
    losers: list[tuple[Action, Action]]
    problems: list[Problem]


def resolve(actions: list[Action], graph: FileGraph) -> Resolution:
    """Resolve the conflicts among *actions*. Those without a discriminator never conflict."""
    groups: dict[Hashable, list[tuple[int, int, Action]]] = {}
    output: list[tuple[int, int, Action]] = []
    losers: list[tuple[Action, Action]] = []
    problems: list[Problem] = []
    for number, action in enumerate(actions):
        entry = (action["order"] or 0, number, action)
        discriminator = action["discriminator"]
        if discriminator is None:
            output.append(entry)
            continue
        try:
            groups.setdefault(discriminator, []).append(entry)
        except TypeError:
            problems.append(_unhashable(action))
    for group in groups.values():
        if len(group) == 1:
            output.append(group[0])
            continue
        winner = _winner(group, graph)
        if winner is None:
            problems.append(_conflict([action for _, _, action in group]))
            output.append(group[0])
        else:
            output.append(winner)
            losers += [(entry[2], winner[2]) for entry in group if entry is not winner]
    output.sort(key=lambda entry: entry[:2])
    problems += override_conflicts(actions, graph)
    return Resolution([action for _, _, action in output], losers, problems)


def _winner(group: list[tuple[int, int, Action]], graph: FileGraph) -> tuple[int, int, Action] | None:
    strongest = graph.strongest(entry[2]["includepath"] for entry in group)
    first = [entry for entry in group if entry[2]["includepath"] == strongest]
    return first[0] if len(first) == 1 else None


def override_conflicts(actions: list[Action], graph: FileGraph) -> list[Problem]:
    """A file that gets different sources from files of which none is above all the others."""
    by_target: dict[Any, list[tuple[Override, Action]]] = {}
    for action in actions:
        record = action.get("assetzcml_record")
        if isinstance(record, Override) and record.file:
            by_target.setdefault(record.target, []).append((record, action))
    problems = []
    for target, said in by_target.items():
        sources = {record.source for record, _ in said}
        if len(sources) > 1 and graph.strongest(action["includepath"] for _, action in said) is None:
            problems.append(
                _problem(f"asset {str(target)!r} is overridden from {len(sources)} sources", [a for _, a in said])
            )
    return problems


def _conflict(actions: list[Action]) -> Problem:
    """The problem of actions with one discriminator of which none is stronger."""
    return _problem(f"{describe(actions[0]['discriminator'])} is declared {len(actions)} times", actions)


def _problem(what: str, actions: list[Action]) -> Problem:
    # The last one is where the reader of the files noticed; the others are named in the order they were read.
    *others, last = actions
    origin = _origin(last)
    return Problem(
        origin,
        f"{what}, and none of the declarations is stronger than the others",
        REMEDY,
        also=[("also declared at", place) for place in map(_origin, others) if place is not None],
        conflict=True,
    )


def _origin(action: Action) -> Origin | None:
    info = action["info"]
    return info if isinstance(info, Origin) else Origin(str(info)) if info else None


def _unhashable(action: Action) -> Problem:
    return Problem(_origin(action), f"the discriminator {shorten(repr(action['discriminator']))} is not hashable")


def describe(discriminator: Any) -> str:
    """A discriminator for messages: ours by directive and name, those of others as they are."""
    if isinstance(discriminator, tuple) and discriminator and isinstance(discriminator[0], str):
        head, *rest = discriminator
        texts = [repr(part) for part in rest if part is not False]
        return " ".join([head, *texts]).replace(" True", " (explicit)")
    return shorten(repr(discriminator))
