"""One load, in four phases: read, resolve conflicts, validate, execute. Each begins when the one before found no problem."""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from types import ModuleType
from typing import Any

from zope.configuration.config import GroupingContextDecorator
from zope.interface import implementer

from assetzcml.declaring.validation import findings
from assetzcml.errors import ConfigurationConflictError, ConfigurationError, ConfigurationWarning, Origin, Problem
from assetzcml.interfaces import IZCMLLoader
from assetzcml.records.assets import Override, StaticViewRecord, asset_spec
from assetzcml.records.bundles import BundleContents
from assetzcml.records.loads import Exclusion, Include, LeftOut, LoadedFile, LoadReport, Pattern
from assetzcml.records.pages import RoutingRecord
from assetzcml.registry import Loss, Registry
from assetzcml.zcml.asset_directives import Deferred
from assetzcml.zcml.attributes import Problems, reason
from assetzcml.zcml.comments import Remarks, remarks
from assetzcml.zcml.conflicts import Action, FileGraph, resolve
from assetzcml.zcml.documenting import Documentation
from assetzcml.zcml.includes import define_includes, include_file
from assetzcml.zcml.machine import GroupingItem, Machine
from assetzcml.zcml.positions import Document, Tag
from assetzcml.zcml.reader import Limits, Refused, parse
from assetzcml.zcml.walking import walk

__all__ = ["Load", "ZCMLLoader"]

logger = logging.getLogger("assetzcml")


class Load:
    """
    What is known during one load.

    Handlers reach it as `context.assetzcml_load`; those of any package have `context.registry`, the staging registry.
    """

    def __init__(self, registry: Registry, settings: Mapping[str, Any], limits: Limits, strict: bool):
        self.registry = registry
        self.settings = {**registry.settings, **settings}
        self.staged = Registry(bases=(registry,), settings=self.settings)
        self.limits = limits
        self.strict = strict
        self.problems: list[Problem] = []
        self.conflicts: list[Problem] = []
        self.warnings: list[Problem] = []
        self.losers: list[tuple[Action, Action]] = []
        self.graph = FileGraph()
        self.files: dict[str, Document] = {}
        self.reading: list[str] = []
        self.excluded: dict[str, Tag] = {}
        self.excluded_used: set[str] = set()
        self.includes: list[Include] = []
        self.left_out: list[LeftOut] = []
        self.patterns: list[Pattern] = []
        self.generation = 0
        self.include_failed = False
        self.notes: dict[str, Any] = {}  # what directives keep from one statement to the next
        self.directive_files = 0  # read before the author's first, to make directives known
        self.prefix = ""  # what stands before the local names of static views
        self.no_pages = ""  # what to say instead of our routes and views, where a framework has its own
        self.machine = Machine(self)
        define_includes(self.machine)

    def warn(self, origin: Origin | None, message: str, hint: str = "", code: str = "") -> None:
        """Something that loads and probably does not do what its author meant; with `strict`, a problem."""
        (self.problems if self.strict else self.warnings).append(Problem(origin, message, hint, code=code))

    def read(self, context: Any, document: Document, real: str) -> None:
        """Parse a document and process its directives in *context*."""
        stack = self.machine.stack
        height = len(stack)
        self.reading.append(real)
        try:
            root = parse(document, self.limits)
            stack.append(GroupingItem(context))
            walk(self, self.machine, context, document, root)
        except Refused as refused:
            self.include_failed = True
            self.problems.append(refused.problem)
        finally:
            self.reading.pop()
            del stack[height:]

    # The phases.

    def read_all(self, path: str, package: ModuleType | None, directives: Iterable[str] = ()) -> None:
        """
        Phase 1: read the file and everything it includes.

        *directives* are files of ours that make more directives known, whose names nothing takes over later.
        """
        own = importlib.import_module(__name__.partition(".")[0])
        limits, self.limits = self.limits, Limits()
        self._begin(os.path.join(own.__path__[0], "meta.zcml"), own)
        known = self.machine.assetzcml_names
        for name in directives:
            self._begin(os.path.join(own.__path__[0], name), own)
        self.machine.assetzcml_reserved = self.machine.assetzcml_names - known
        self.directive_files = len(self.files)
        self.limits = limits
        self._begin(path, package)
        for real, info in self.excluded.items():
            if real not in self.excluded_used:
                self.warn(info, f"exclude excludes nothing: no include asks for {real}", code="A007")
        self.fail_with(self.problems)

    def _begin(self, path: str, package: ModuleType | None) -> None:
        """Read a file that nobody includes."""
        context = GroupingContextDecorator(self.machine)
        context.info = None
        try:
            include_file(context, path, package)
        except Problems as error:
            self.problems += error.problems

    def resolve_conflicts(self, foreign: bool = True) -> list[Action]:
        """Phase 2: the actions that win, in order. Those of other packages stay as they are when not *foreign*."""
        left = [] if foreign else [action for action in self.machine.actions if "assetzcml_record" not in action]
        actions = [action for action in self.machine.actions if foreign or "assetzcml_record" in action]
        resolution = resolve(actions, self.graph)
        problems = [*self.conflicts, *resolution.problems]
        if problems:
            kind = ConfigurationConflictError if any(problem.conflict for problem in problems) else ConfigurationError
            raise kind(*problems)
        self.losers += resolution.losers
        return [*resolution.winners, *left]

    def validate(self, actions: list[Action]) -> None:
        """Phase 3: put our records into the staging registry, and look whether they hold."""
        generation = self.generation = self.registry.next_generation()
        ranks = self.graph.ranks(list(self.files))
        stacked: dict[Any, Override | BundleContents] = {}
        for action in actions:
            record = action.get("assetzcml_record")
            if record is None:
                continue
            if self.no_pages and isinstance(record, RoutingRecord):
                self._refuse(record)
                continue
            record = action["assetzcml_record"] = self._completed(record, action, generation, ranks)
            if isinstance(record, (Override, BundleContents)):
                # The same target and source said twice is one override, at its strongest place.
                known = stacked.setdefault(record.discriminator, record)
                if known is not record:
                    winner, loser = (record, known) if record.place < known.place else (known, record)
                    stacked[record.discriminator] = winner
                    self.staged.losses.append(Loss(loser, winner, "repeated"))
            elif record is not None:
                self.staged.add(record)
        for record in stacked.values():
            self.staged.add(record)
        self.fail_with(self.problems)
        records = [action["assetzcml_record"] for action in actions if action.get("assetzcml_record") is not None]
        for problem, warning in findings(self.staged, records):
            if warning:
                self.warn(problem.origin, problem.message, problem.hint, problem.code)
            else:
                self.problems.append(problem)
        self.fail_with(self.problems)
        for loser, winner in self.losers:
            if loser.get("assetzcml_record") is not None and winner.get("assetzcml_record") is not None:
                self.staged.losses.append(Loss(loser["assetzcml_record"], winner["assetzcml_record"], "overridden"))

    def _refuse(self, record: Any) -> None:
        """Say, once for a statement, that routes and views are not ours to declare here."""
        if record.origin not in [problem.origin for problem in self.problems]:
            message = f"{record}: routes and views are the framework's, not assetzcml's"
            self.problems.append(Problem(record.origin, message, self.no_pages))

    def execute(self, actions: list[Action], run: Callable[[Action], Any]) -> None:
        """Phase 4: *run* the actions of other packages."""
        for action in actions:
            if "assetzcml_record" in action:
                continue
            try:
                run(action)
            except Exception as error:
                origin = action["info"] if isinstance(action["info"], Origin) else None
                who = getattr(origin, "directive", "a package")
                message = f"an action of {who} raised {type(error).__name__}: {reason(error)}"
                raise ConfigurationError(Problem(origin, message, exception=error)) from error

    def fail_with(self, problems: Iterable[Problem]) -> None:
        """Raise what was found so far, if anything was."""
        found = list(problems)
        if found:
            conflict = any(problem.conflict for problem in found)
            raise (ConfigurationConflictError if conflict else ConfigurationError)(*found)

    def report(self, spec: str, arguments: Mapping[str, Any] | None) -> LoadReport:
        """What was read, for those who ask later."""
        files = [LoadedFile(document.file, real, document) for real, document in self.files.items()]
        return LoadReport(
            spec=os.fspath(spec),
            generation=self.generation,
            arguments=arguments,
            files=tuple(files[self.directive_files :]),
            includes=tuple(self.includes),
            left_out=tuple(self.left_out),
            excluded=tuple(Exclusion(origin, real) for real, origin in self.excluded.items()),
            patterns=tuple(self.patterns),
            warnings=tuple(self.warnings),
        )

    def issue_warnings(self) -> None:
        """Issue each warning at its line, as if the ZCML line were the line of a program."""
        for problem in self.warnings:
            origin = problem.origin or Origin("<zcml>")
            warnings.warn_explicit(problem.headline, ConfigurationWarning, origin.file, origin.line)

    def _completed(self, record: Any, action: Action, generation: int, ranks: dict[str, int]) -> Any:
        """A record with what only the whole load knows; None when its component cannot be made."""
        changes: dict[str, Any] = {"generation": generation}
        if isinstance(record, StaticViewRecord):
            path = action["includepath"]
            if self.prefix and not record.external:
                changes["name"] = f"{self.prefix}/{record.name}".rstrip("/")
            changes["rank"] = (ranks.get(path[-1], 0) if path else -1, record.origin.ordinal)
        for name in ("buster", "policy"):
            deferred = getattr(record, name, None)
            if isinstance(deferred, Deferred):
                try:
                    changes[name] = deferred()
                except Exception as error:
                    where = record.origin.attribute(deferred.attribute)
                    message = f"{record}: {deferred.attribute} raised {type(error).__name__}: {reason(error)}"
                    self.problems.append(Problem(where, message, exception=error))
                    return None
        return replace(record, **changes)


@implementer(IZCMLLoader)
class ZCMLLoader:
    """Loads ZCML into one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry
        self._documentation: Documentation | None = None

    def directives(self) -> dict[str, Any]:
        """What the last load made known, also one that failed; {} before the first. See `documenting`."""
        return self._documentation.directives() if self._documentation is not None else {}

    def load(
        self,
        spec: str = "configure.zcml",
        *,
        package: ModuleType | str | None = None,
        features: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        strict: bool = False,
        limits: Limits | None = None,
        hand_over: Callable[[Action], Any] | None = None,
        reading: Callable[[Machine], AbstractContextManager[Any]] = nullcontext,
        directives: Iterable[str] = (),
        prefix: str = "",
        no_pages: str = "",
        into: Registry | None = None,
    ) -> None:
        """
        Load a file and everything it includes, into the registry or *into* another that will take its place.

        *spec* is `package:file.zcml`, an absolute path, or a path relative to *package* (a module or its name; without
        one, to the working directory). A file named by its path belongs to no package.

        For a framework: *hand_over* gets each action of another package, its conflicts unresolved, instead of it being
        called here. The files are read inside of *reading(machine)*. *directives* are files of assetzcml that make more
        directives known. *prefix* stands before the local names of static views. *no_pages*: our routes and views are
        errors, for the framework has its own; it is what to say instead.

        Raises ConfigurationError with all problems of the first phase that found any; the registry is then unchanged.
        """
        features = (features,) if isinstance(features, str) else tuple(features)
        registry = self.registry if into is None else into
        with registry.lock:
            # Made now if there is none, for a reader that finds none waits until the lock is free.
            _ = registry.snapshot
            load = Load(registry, settings or {}, limits or Limits(), strict)
            for feature in features:
                load.machine.provideFeature(feature)
            load.prefix, load.no_pages = prefix.strip("/"), no_pages
            path, inside = _located(spec, package)
            try:
                with reading(load.machine):
                    load.read_all(path, inside, directives)
            finally:
                self._documentation = Documentation(load.machine, load.files.values())
            actions = load.resolve_conflicts(foreign=hand_over is None)
            load.validate(actions)
            load.issue_warnings()
            load.execute(actions, hand_over or _call)
            registry.settings.update(settings or {})
            # Without a package a spec is relative to the working directory, which may be another when it is read again.
            again = {"spec": spec, "package": package} if inside is not None else {"spec": path, "package": None}
            again |= {"features": features, "settings": dict(settings or {}), "strict": strict, "limits": limits}
            registry.adopt(load.staged, load.report(spec, again if hand_over is None else None))
        _log(spec, load, actions)

    def remarks(self, file: LoadedFile) -> Remarks:
        """What a file says to the checker; see `IZCMLLoader`."""
        return remarks(file.document)


def _log(spec: str, load: Load, actions: list[Action]) -> None:
    """Say in one line what a load brought."""
    records = [action["assetzcml_record"] for action in actions if "assetzcml_record" in action]
    logger.info(
        "loaded %s: %d files, %d static views, %d overrides, %d warnings",
        spec,
        len(load.files) - load.directive_files,
        sum(isinstance(record, StaticViewRecord) for record in records),
        sum(isinstance(record, Override) for record in records),
        len(load.warnings),
    )


def _call(action: Action) -> None:
    if action["callable"] is not None:
        action["callable"](*action["args"], **action["kw"])


def _located(spec: str, package: ModuleType | str | None) -> tuple[str, ModuleType | None]:
    """The path of a file to load, and the package it belongs to."""
    spec = os.fspath(spec)
    if os.path.isabs(spec):
        return os.path.normpath(spec), None
    name, colon, path = spec.partition(":")
    if colon:
        address = asset_spec(spec)
        name, path = address.package, "/".join(address.parts)
    elif package is None:
        return os.path.abspath(spec), None
    else:
        name, path = (package if isinstance(package, str) else package.__name__), spec
    module = package if isinstance(package, ModuleType) and not colon else _imported(name, spec)
    portions = list(getattr(module, "__path__", ()))
    if not portions:
        raise ConfigurationError(Problem(Origin(spec), f"{name!r} is not a package; it has no {path!r}"))
    places = [os.path.normpath(os.path.join(portion, path)) for portion in portions]
    return next(filter(os.path.exists, places), places[0]), module


def _imported(name: str, spec: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigurationError(Problem(Origin(spec), f"there is no package {name!r}")) from None
        raise ConfigurationError(
            Problem(Origin(spec), f"the package {name!r} cannot be imported: {error}", exception=error)
        ) from error
    except Exception as error:
        message = f"the package {name!r} cannot be imported: {type(error).__name__}: {error}"
        raise ConfigurationError(Problem(Origin(spec), message, exception=error)) from error
