"""Who wins (docs/zcml.rst). Values in, values out: no file is read, nothing is executed.

An action is stronger than another when its file is above the other's file: when it includes it, directly or through
others, also where that include was skipped because the file had been read. Where zope.configuration resolves, the
result is the same; some of what it calls a conflict is resolved here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from assetzcml.errors import Origin, Problem
from assetzcml.records.assets import Override

__all__ = [
    "BY_INCLUDE",
    "BY_INCLUDE_OVERRIDES",
    "FileGraph",
    "IncludeStep",
    "Resolution",
    "override_conflicts",
    "resolve",
]

TOLD = 80  # characters of a value in a message

REMEDY = "declare it in the file that includes them, or in a file that is loaded with includeOverrides"
KEEP = "keep one of them: nothing is stronger than all that one directive overrides with"

Action = dict[str, Any]
BY_INCLUDE, BY_INCLUDE_OVERRIDES = 1, 0  # what is included with overrides comes before what is included (docs/zcml.rst)


class IncludeStep:
    """
    How a file was reached: by the directive number *ordinal* of a file, as the *number*th of the files that it names.

    *kind* is OVERRIDES or PLAIN.
    """

    __slots__ = ("_rank", "above", "kind", "number", "ordinal")

    def __init__(self, above: IncludeStep | None, kind: int, ordinal: int, number: int):
        self.above = above
        self.kind = kind
        self.ordinal = ordinal
        self.number = number
        self._rank: tuple[Any, ...] | None = None

    @staticmethod
    def rank(step: IncludeStep | None) -> tuple[Any, ...]:
        """What sorts the statements of a file among those of others, the strongest first; () for the first file."""
        if step is None:
            return ()
        if step._rank is None:
            step._rank = (*IncludeStep.rank(step.above), (step.kind, -step.ordinal, -step.number))
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


def resolve(actions: list[Action], graph: FileGraph, above: tuple[str, ...] = ()) -> Resolution:
    """
    Resolve the conflicts among *actions*. Those without a discriminator never conflict.

    *above* is the include path of the file for which all of them override, where they do.
    """
    known: dict[Hashable, Action] = {}
    again: list[Action] = []  # whose discriminators another had before them
    overrides: list[tuple[Override, Action]] = []
    problems: list[Problem] = []
    ordered = False
    for action in actions:
        discriminator = action["discriminator"]
        if action["order"]:
            ordered = True
        if discriminator is None:
            record = action.get("assetzcml_record")
            if isinstance(record, Override) and record.file:
                overrides.append((record, action))
            continue
        try:
            if known.setdefault(discriminator, action) is not action:
                again.append(action)
        except Exception as error:
            problems.append(_unusable(action, error))
    out: set[int] = set()
    losers: list[tuple[Action, Action]] = []
    if again:
        problems += _decide(actions, again, graph, out, losers, above)
    winners = [action for action in actions if id(action) not in out] if out else actions
    if ordered:
        problems += _misordered(winners)
        if not problems:
            winners = sorted(winners, key=lambda action: action["order"] or 0)
    problems += override_conflicts(overrides, graph, above)
    return Resolution(winners, losers, problems)


def _decide(
    actions: list[Action],
    again: list[Action],
    graph: FileGraph,
    out: set[int],
    losers: list[tuple[Action, Action]],
    above: tuple[str, ...],
) -> Iterator[Problem]:
    """Find who wins of those with one discriminator: all others go *out*."""
    groups: dict[Hashable, list[Action]] = {action["discriminator"]: [] for action in again}
    for action in actions:
        try:
            group = groups.get(action["discriminator"]) if action["discriminator"] is not None else None
        except Exception:  # told already
            continue
        if group is not None:
            group.append(action)
    for group in groups.values():
        winner = _winner(group, graph)
        if winner is None:
            yield _conflict(group, graph, above)
            winner = group[0]
        else:
            losers += [(action, winner) for action in group if action is not winner]
        out.update(id(action) for action in group if action is not winner)


def _misordered(actions: list[Action]) -> Iterator[Problem]:
    """Actions whose order cannot be compared: it is a number, or nothing."""
    for action in actions:
        if not isinstance(action["order"] or 0, (int, float)):
            message = f"the order of an action of {_who(action)} is {told_value(action['order'])}"
            yield Problem(_origin(action), message, "a number was expected", code="A115")


def _winner(group: list[Action], graph: FileGraph) -> Action | None:
    strongest = graph.strongest(action["includepath"] for action in group)
    first = [action for action in group if action["includepath"] == strongest]
    return first[0] if len(first) == 1 else None


def override_conflicts(
    overrides: list[tuple[Override, Action]], graph: FileGraph, above: tuple[str, ...] = ()
) -> list[Problem]:
    """A file that gets different sources from files of which none is above all the others."""
    by_target: dict[Any, list[tuple[Override, Action]]] = {}
    for record, action in overrides:
        by_target.setdefault(record.target, []).append((record, action))
    problems = []
    for target, said in by_target.items():
        sources = {record.source for record, _ in said}
        if len(sources) > 1 and graph.strongest(action["includepath"] for _, action in said) is None:
            actions = [action for _, action in said]
            what = f"asset {str(target)!r} is overridden from {len(sources)} sources"
            problems.append(_problem(what, actions, _remedy(actions, above)))
    return problems


def _conflict(actions: list[Action], graph: FileGraph, above: tuple[str, ...]) -> Problem:
    """The problem of actions with one discriminator of which none is stronger."""
    strongest = graph.strongest(action["includepath"] for action in actions)
    what = f"{describe(actions[0]['discriminator'])} is declared {len(actions)} times"
    if not strongest:
        return _problem(what, actions, _remedy(actions, above))
    # Several of the same file, or of files that override for it: another one that overrides there would not be stronger.
    return _problem(what, actions, f"keep one of them, or declare it in a file that includes {strongest[-1]}")


def _remedy(actions: list[Action], above: tuple[str, ...]) -> str:
    """What to do about declarations of several files: whether a file includes them all that does not override itself."""
    files = list(zip(*(action["includepath"] for action in actions), strict=False))
    together = len(files) > len(above) and len(set(files[len(above)])) == 1
    return REMEDY if not above or together else KEEP


def _problem(what: str, actions: list[Action], remedy: str) -> Problem:
    # The last one is where the reader of the files noticed; the others are named in the order they were read.
    *others, last = actions
    origin = _origin(last)
    return Problem(
        origin,
        f"{what}, and none of the declarations is stronger than the others",
        remedy,
        also=[("also declared at", place) for place in map(_origin, others) if place is not None],
        conflict=True,
    )


def _origin(action: Action) -> Origin | None:
    info = action["info"]
    return info if isinstance(info, Origin) else Origin(str(info)) if info else None


def _unusable(action: Action, error: Exception) -> Problem:
    """A discriminator that is not hashable, or cannot be compared."""
    discriminator = repr(told_value(action["discriminator"]))
    if isinstance(error, TypeError):
        return Problem(
            _origin(action), f"the discriminator {discriminator} is not hashable", exception=error, code="A115"
        )
    message = f"the discriminator {discriminator} of {_who(action)} cannot be used: "
    said = " ".join(str(error).split())
    return Problem(
        _origin(action),
        f"{message}{type(error).__name__}: {said}",
        "it has to be hashable and comparable: a tuple of texts is",
        exception=error,
        code="A115",
    )


def _who(action: Action) -> str:
    return getattr(action["info"], "directive", "") or "a package"


def told_value(value: Any) -> str:
    """A value of another package for messages, also one that cannot say what it is."""
    try:
        text = repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= TOLD else text[:TOLD] + "\N{HORIZONTAL ELLIPSIS}"


def describe(discriminator: Any) -> str:
    """A discriminator for messages: ours by directive and name, those of others as they are."""
    if isinstance(discriminator, tuple) and discriminator and isinstance(discriminator[0], str):
        head, *rest = discriminator
        texts = [told_value(part) if not isinstance(part, str) else repr(part) for part in rest if part is not False]
        return " ".join([head, *texts]).replace(" True", " (explicit)")
    return repr(told_value(discriminator))
