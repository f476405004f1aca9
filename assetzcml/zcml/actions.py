"""Records to actions, in one way for every directive, and what a load tells a record when it has won."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from assetzcml.errors import ConfigurationError, Problem
from assetzcml.records.kinds import BY_FILE, BY_STATEMENT, ComponentRecord, Record
from assetzcml.records.rules import Refusal
from assetzcml.registry import next_generation
from assetzcml.zcml.attributes import Problems, reason
from assetzcml.zcml.conflicts import Action, IncludeStep
from assetzcml.zcml.load import ForeignLoad, load_of, tag_of
from assetzcml.zcml.positions import Tag

__all__ = ["Deferred", "declare", "refusals", "settle", "tag_of"]


class Deferred:
    """
    A component that is made once it is known that its directive has won: the loser's factory is never called.

    *attribute* is where a failure is reported.
    """

    def __init__(self, attribute: str, make: Callable[..., Any], **arguments: Any):
        self.attribute = attribute
        self.make = make
        self.arguments = arguments

    def __call__(self) -> Any:
        return self.make(**self.arguments)


def declare(context: Any, record: Record) -> None:
    """
    Say *record* at the place of the directive that *context* was made for.

    A record that says no place of its own is copied, so that it can be said again, and by other loads.
    """
    if record.origin is None:
        record = copy.copy(record)
        object.__setattr__(record, "origin", tag_of(context))
    discriminator = None if record.stacks else record.discriminator
    load = load_of(context)
    if isinstance(load, ForeignLoad):
        context.action(discriminator, register, (load, record))
        return
    step = context.assetzcml_step
    context.action(discriminator, declared, (record,), assetzcml_record=record, assetzcml_step=step)


def register(load: ForeignLoad, record: Record) -> None:
    """The callable of our actions where another loader executes them."""
    problem = _made(record, {"generation": next_generation(load.registry)})
    if problem is not None:
        raise ConfigurationError(problem)
    load.take(record)


@contextmanager
def refusals(info: Tag, subject: str = "") -> Iterator[None]:
    """A rule that is broken inside is a problem at its attribute. *subject* is the directive's name when left out."""
    try:
        yield
    except Refusal as refused:
        (problem,) = refused.problems
        where, message = info.attribute(refused.attribute), f"{subject or info.directive}: {problem.message}"
        raise Problems(Problem(where, message, problem.hint, code="A114")) from None


def declared(record: Record) -> None:
    """The callable of our actions. A load takes the record from the action; nothing is left to do."""


def settle(action: Action, generation: int, ranks: Mapping[str, int], prefix: str) -> Problem | None:
    """
    Tell the record of *action* what only the whole load knows: its generation, its place among all others, its
    component. It was made by its directive for this load, so nobody else has seen it. Returns what fails.
    """
    record, step = action["assetzcml_record"], action["assetzcml_step"]
    known: dict[str, Any] = {"generation": generation}
    if record.ranked == BY_FILE:
        path = action["includepath"]
        known["rank"] = (ranks.get(path[-1], 0) if path else -1, cast(Any, record.origin).ordinal)
    elif record.ranked == BY_STATEMENT:
        known["rank"] = (*IncludeStep.rank(step), (0, -cast(Any, record.origin).ordinal, 0))
    if prefix:
        known.update(record.prefixed(prefix))
    return _made(record, known)


def _made(record: Any, known: dict[str, Any]) -> Problem | None:
    """Tell *record* what is *known*, and its component, which is made now. Returns what fails."""
    if isinstance(record, ComponentRecord):
        deferred = getattr(record, record.component)
        if isinstance(deferred, Deferred):
            try:
                known[record.component] = deferred()
            except Exception as error:
                message = f"{record}: {deferred.attribute} raised {type(error).__name__}: {reason(error)}"
                return Problem(
                    cast(Tag, record.origin).attribute(deferred.attribute), message, exception=error, code="A109"
                )
    for name, value in known.items():
        object.__setattr__(record, name, value)  # frozen for all who get it later
    return None
