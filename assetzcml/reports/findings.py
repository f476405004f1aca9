"""
`assetzcml check`: who applies the rules of the catalogue.

A configuration that does not load has the findings of its load; one that loads has all others.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from assetzcml.errors import (
    ConfigurationError,
    ConfigurationWarning,
    Origin,
    Problem,
    did_you_mean,
    excerpt,
    near_words,
    printable,
)
from assetzcml.interfaces import ICheckRule
from assetzcml.records.kinds import dotted
from assetzcml.records.loads import ASKED
from assetzcml.registry import Registry
from assetzcml.reports.catalogue import ERROR, INFO, RULES, WARNING, Rule
from assetzcml.reports.descriptions import origin_data
from assetzcml.reports.remarks import Remark
from assetzcml.reports.survey import Survey
from assetzcml.zcml.loader import ZCMLLoader
from assetzcml.zcml.strictness import Strictness

__all__ = ["Checker", "Finding", "load_to_ask", "serious"]


_CODE, _OURS = re.compile("[A-Z][A-Z0-9]*"), re.compile("A[0-9]+")  # of rules; those that are ours


# The namespaces in which a directive or an attribute means something to every load.
NAMESPACES = (
    "http://namespaces.assetzcml.org/assets",
    "http://namespaces.zope.org/meta",
    "http://namespaces.zope.org/zcml",
)
ONE_CHARACTER = 0.965  # the similarity of two of them that differ in one: that of the shortest is 60/62, of two 58/62

WITHOUT_PARDON = frozenset(
    {"A001", "A002", *(code for code in RULES if code[1] == "1")}
)  # what does not load does not work, whatever a comment says


class Finding(NamedTuple):
    """One thing found: the code of its rule, where, one sentence, how to fix it, and other places that take part."""

    code: str
    severity: str
    origin: Origin | None
    message: str
    fix: str
    also: tuple[tuple[str, Origin], ...] = ()
    title: str = ""

    @property
    def headline(self) -> str:
        """Place, code, severity and sentence in one line."""
        where = f"{self.origin}: " if self.origin is not None else ""
        return f"{where}{self.code} {self.severity}: {self.message}"

    def __str__(self) -> str:
        lines = [printable(self.headline)]
        if self.origin is not None:
            lines += excerpt(self.origin)
            if self.severity == ERROR:
                lines += [printable(f"    included from {step}") for step in self.origin.chain()]
        lines += [printable(f"    {word} {origin}") for word, origin in self.also]
        if self.fix:
            lines.append(printable(f"    fix: {self.fix}"))
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The finding in texts, numbers, lists and mappings: it can be written as JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "title": self.title,
            "origin": origin_data(self.origin),
            "message": self.message,
            "fix": self.fix,
            "also": [{"part": word, "origin": origin_data(origin)} for word, origin in self.also],
        }


def findings_of(error: ConfigurationError) -> list[Finding]:
    """The problems that end a load, as findings."""
    return [_of_problem(problem, problem.code) for problem in error.problems]


def _finding(code: str, remark: Remark | Problem) -> Finding:
    return _found(RULES[code], remark)


def _found(rule: Rule, remark: Remark | Problem) -> Finding:
    fix, also = remark.hint or rule.fix, tuple(remark.also)
    return Finding(rule.code, rule.severity, remark.origin, remark.message, fix, also, rule.title)


def serious(found: Iterable[Finding], strict: bool | Iterable[str]) -> Iterator[bool]:
    """Of each finding, is it an error? A warning is one as `strict` says, see `load_zcml`."""
    counts = Strictness(strict)
    for finding in found:
        yield finding.severity == ERROR or (finding.severity == WARNING and counts(finding.origin))


def load_to_ask(registry: Registry, spec: str, **arguments: Any) -> None:
    """Load *spec* into a registry that answers questions and no requests. Raises ConfigurationError."""
    registry.part(ZCMLLoader).load(spec, framework=ASKED, **arguments)


class Checker:
    """Checks one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._known: dict[int, Any] = {}

    def check(self, spec: str, **arguments: Any) -> list[Finding]:
        """
        Load *spec*, with the arguments of `ZCMLLoader.load`; what is to be said about all that is loaded then.

        In the order of the files and lines. Nothing is raised for what is wrong with the configuration.
        """
        self._known.clear()
        before = len(self.registry.loads)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                load_to_ask(self.registry, spec, **{**arguments, "strict": False})
            except ConfigurationError as error:
                return findings_of(error)
        return self._in_order(self._pardoned([*self._deprecated(caught, before), *self._findings()]))

    def findings(self) -> list[Finding]:
        """What is to be said about all that is loaded, in the order of the files and lines."""
        self._known.clear()
        return self._in_order(self._pardoned([*self._findings()]))

    def _findings(self) -> Iterator[Finding]:
        for load in self.registry.loads:
            for problem in load.warnings:
                yield _of_problem(problem, problem.code or "A003")
            for file in load.files:
                for uri, origin in self._remarks(file).namespaces:
                    near = _nearly(uri)
                    if near:
                        yield _finding("A013", Remark(origin, f"no directive is in {uri!r}", f"did you mean {near!r}?"))
                for prefix, origin in self._remarks(file).unused:
                    name = f"the prefix {prefix!r}" if prefix else "the default namespace"
                    yield _finding("A012", Remark(origin, f"{name} is declared and not used"))
        site = Survey(self.registry)
        for rule in RULES.values():
            if rule.look is not None:
                yield from (_finding(rule.code, remark) for remark in rule.look(site))
        for code, look in sorted(self.registry.getUtilitiesFor(ICheckRule)):
            yield from self._by_another(code, look)

    def _by_another(self, code: str, look: Any) -> Iterator[Finding]:
        """What the rule of another package finds. One that fails is a finding itself, and the others are asked."""
        try:
            if not _CODE.fullmatch(code) or _OURS.fullmatch(code):
                raise ValueError("a code of capital letters and digits was expected as its name, none of A and digits")
            if look.severity not in (ERROR, WARNING, INFO):
                raise ValueError(f"its severity is {look.severity!r}; {ERROR}, {WARNING} or {INFO} was expected")
            rule = Rule(code, look.severity, str(look.title), str(look.fix))
            found = [_found(rule, problem) for problem in look(self.registry)]
        except Exception as error:
            said = " ".join(str(error).split())
            message = f"the rule {code!r}, {dotted(look)}, cannot be asked: {type(error).__name__}: {said}"
            found = [_finding("A016", Remark(_line_of(look), message))]
        yield from found

    def _deprecated(self, caught: list[warnings.WarningMessage], before: int) -> Iterator[Finding]:
        """What Python warned of at a line of ZCML, where a name was looked for. All else is passed on."""
        files = {file.path: file for load in self.registry.loads[before:] for file in load.files}
        for warning in caught:
            file = files.get(warning.filename)
            if file is not None and issubclass(warning.category, (DeprecationWarning, PendingDeprecationWarning)):
                origin = self._remarks(file).tags.get(warning.lineno) or Origin(file.path, warning.lineno)
                yield _finding("A009", Remark(origin, f"{warning.category.__name__}: {warning.message}"))
            elif not issubclass(warning.category, ConfigurationWarning):
                try:
                    warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
                except Warning as error:  # `python -W error`: then it is one
                    place = Origin(warning.filename, warning.lineno)
                    yield _finding("A109", Remark(place, f"{type(error).__name__}: {error}"))

    def _pardoned(self, found: list[Finding]) -> Iterator[Finding]:
        """The findings without those that a comment ignores, and what is to be said about the comments."""
        files = [file for load in self.registry.loads for file in load.files]
        pardons = [ignore for file in files for ignore in self._remarks(file).ignores]
        used: set[tuple[int, str]] = set()
        for finding in found:
            covering = [ignore for ignore in pardons if _covers(ignore, finding)]
            used.update((id(ignore), finding.code) for ignore in covering)
            if not covering:
                yield finding
        known = {*RULES, *(code for code, _ in self.registry.getUtilitiesFor(ICheckRule))}
        for ignore in pardons:
            yield from _about(ignore, {code for of, code in used if of == id(ignore)}, known)

    def _remarks(self, file: Any) -> Any:
        """What a file says to the checker; asked for once in a check, while the file is kept."""
        key = id(file.document)
        if key not in self._known:
            self._known[key] = self.registry.part(ZCMLLoader).remarks(file)
        return self._known[key]

    def _in_order(self, found: Iterator[Finding]) -> list[Finding]:
        paths = [file.path for load in self.registry.loads for file in load.files]
        order = {path: number for number, path in reversed(list(enumerate(paths)))}

        def key(finding: Finding) -> Any:
            origin = finding.origin or Origin("")
            return order.get(origin.file, len(order)), origin.file, origin.line, origin.column, finding.code

        return sorted(found, key=key)


def _nearly(uri: str) -> str:
    """The namespace that *uri* is but for one character; '' when there is none."""
    near = near_words(uri, NAMESPACES, ONE_CHARACTER)
    return near[0] if near and uri not in NAMESPACES else ""


def _line_of(rule: Any) -> Origin | None:
    """Where the code of a rule begins; None where it is no Python."""
    called = inspect.getattr_static(type(rule), "__call__", None)
    code = getattr(called, "__code__", None) or getattr(rule, "__code__", None)
    return Origin(code.co_filename, code.co_firstlineno) if code is not None else None


def _of_problem(problem: Problem, code: str = "") -> Finding:
    code = code or ("A002" if problem.conflict else "A001")
    return _finding(code, problem)


def _covers(ignore: Any, finding: Finding) -> bool:
    """Does the comment stand before the tag that the finding is about?"""
    origin = finding.origin
    return (
        origin is not None
        and finding.code in ignore.codes
        and origin.file == ignore.origin.file
        and origin.line in ignore.lines
    )


def _about(ignore: Any, used: set[str], known: Iterable[str]) -> Iterator[Finding]:
    if not ignore.codes:
        yield _finding("A010", Remark(ignore.origin, "the comment names no code"))
    for code in ignore.codes:
        if code not in known:
            yield _finding(
                "A010", Remark(ignore.origin, f"there is no finding {code!r}", did_you_mean(code.upper(), known))
            )
        elif code in WITHOUT_PARDON:
            yield _finding("A010", Remark(ignore.origin, f"{code} cannot be ignored: what does not load does not work"))
        elif code not in used:
            place = "" if ignore.lines else ": it stands before no tag"
            yield _finding("A011", Remark(ignore.origin, f"there is no {code} to ignore{place}"))
