"""One load, in four phases: read, resolve conflicts, validate, execute. Each begins when the one before found no problem."""

from __future__ import annotations

import importlib
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from zope.configuration.config import GroupingContextDecorator, expand_action

from assetzcml.declaring.validation import findings
from assetzcml.errors import ConfigurationError, ConfigurationWarning, Origin, Problem, few
from assetzcml.records import rules
from assetzcml.records.assets import Override, StaticViewRecord, asset_spec
from assetzcml.records.findings import UNASKED
from assetzcml.records.kinds import Record
from assetzcml.records.loads import Exclusion, Framework, LoadedFile, LoadReport
from assetzcml.records.pages import RoutingRecord
from assetzcml.registry import Loss, Registry, adopt, configure, ledger
from assetzcml.resolving.importing import import_failure, imported
from assetzcml.resolving.meant import start_meant
from assetzcml.resolving.packages import nearest_package, project_of
from assetzcml.typing import SpecLike
from assetzcml.zcml.actions import settle
from assetzcml.zcml.attributes import Problems, reason
from assetzcml.zcml.comments import Remarks, remarks
from assetzcml.zcml.conflicts import Action, resolve
from assetzcml.zcml.documenting import Documentation
from assetzcml.zcml.includes import define_includes, in_place, include_file
from assetzcml.zcml.limits import Limits
from assetzcml.zcml.load import Load
from assetzcml.zcml.machine import Machine

__all__ = ["Phases", "ZCMLLoader"]

logger = logging.getLogger("assetzcml")

CONFIGURE = "configure.zcml"  # what an include of a package reads
SHOWN = 5  # files of a directory that a message names
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class Phases:
    """One load: reads, resolves, validates, executes. Each phase begins when the one before found no problem."""

    def __init__(self, load: Load):
        self.load = load
        self.machine = Machine(load)
        define_includes(self.machine)

    def read(self, path: str, package: ModuleType | None, directives: Iterable[str] = (), asked: str = "") -> None:
        """
        Phase 1: read the file, which was *asked* for by this spec, and everything it includes.

        *directives* are files of ours that make more directives known, whose names nothing takes over later.
        """
        load = self.load
        own = importlib.import_module(__name__.partition(".")[0])
        limits, load.limits = load.limits, Limits()
        self._begin_own("meta.zcml", own)
        known = self.machine.assetzcml_names
        for name in directives:
            self._begin_own(name, own)
        self.machine.assetzcml_reserved = self.machine.assetzcml_names - known
        load.directive_files = len(load.files)
        load.left_out.clear()
        load.limits = limits
        self._begin(path, package, asked)
        for real, info in load.excluded.items():
            if real not in load.excluded_used:
                load.warn(info, f"exclude excludes nothing: no include asks for {real}", code="A007")
        self.machine.actions[:] = [
            action if isinstance(action, dict) else expand_action(*action)  # as zope.configuration still takes them
            for action in in_place(load, self.machine.actions)
        ]
        load.fail_with(load.problems)

    def _begin_own(self, name: str, own: ModuleType) -> None:
        """Read a file of ours. Without it every directive is unknown, of which nothing more is said."""
        path = os.path.join(own.__path__[0], name)
        self._begin(path, own)
        if self.load.problems:
            message = f"assetzcml's own {name} is missing; the installation is incomplete"
            raise ConfigurationError(
                Problem(Origin(path), message, "install it again; PyInstaller: --collect-all assetzcml", code="A112")
            )

    def _begin(self, path: str, package: ModuleType | None, asked: str = "") -> None:
        """Read a file that nobody includes."""
        context = GroupingContextDecorator(self.machine)
        context.info = None
        try:
            include_file(context, path, package)
        except Problems as error:
            for problem in error.problems:
                if asked and problem.code == "A112" and "cannot be read" not in problem.message:
                    problem.hint = start_meant(asked) or problem.hint
            self.load.problems += error.problems

    def resolve(self, foreign: bool = True) -> list[Action]:
        """Phase 2: the actions that win, in order. Those of other packages stay as they are when not *foreign*."""
        actions = self.machine.actions
        left: list[Action] = []
        if not foreign:
            left = [action for action in actions if "assetzcml_record" not in action]
            actions = [action for action in actions if "assetzcml_record" in action]
        resolution = resolve(actions, self.load.graph)
        self.load.fail_with([*self.load.conflicts, *resolution.problems])
        self.load.losers += resolution.losers
        return [*resolution.winners, *left]

    def validate(self, actions: list[Action]) -> None:
        """Phase 3: put our records into the staging registry, and look whether they hold."""
        load = self.load
        records = list(self._settled(actions))
        load.staged.add(*records)
        load.fail_with(load.problems)
        for problem, warning in findings(load.staged, records):
            if problem.code == UNASKED and load.permissions_elsewhere:
                hint = f"a framework asks its own; where assetzcml serves by itself, {problem.hint}"
                load.warn(problem.origin, problem.message, hint, UNASKED)
            elif warning:
                load.warn(problem.origin, problem.message, problem.hint, problem.code)
            else:
                load.problems.append(problem)
        load.fail_with(load.problems)
        load.staged.complete = True
        for loser, winner in load.losers:
            if "assetzcml_record" in loser and "assetzcml_record" in winner:
                ledger(load.staged).losses.append(
                    Loss(loser["assetzcml_record"], winner["assetzcml_record"], "overridden")
                )

    def _settled(self, actions: list[Action]) -> Iterator[Record]:
        """The records of *actions*, those last that stack: of them one for each target and source."""
        load = self.load
        ranks = load.graph.ranks(list(load.files))
        stacked: dict[Any, Record] = {}
        for action in actions:
            record = action.get("assetzcml_record")
            if record is None:
                continue
            if load.no_pages and isinstance(record, RoutingRecord):
                self._refuse(record)
                continue
            problem = settle(action, load.generation, ranks, load.prefix)
            if problem is not None:
                load.problems.append(problem)
            elif record.stacks:
                # The same target and source said twice is one override, at its strongest place.
                known = stacked.setdefault(record.discriminator, record)
                if known is not record:
                    winner, loser = (record, known) if record.rank < known.rank else (known, record)
                    stacked[record.discriminator] = winner
                    ledger(load.staged).losses.append(Loss(loser, winner, "repeated"))
            else:
                yield record
        yield from stacked.values()

    def _refuse(self, record: Any) -> None:
        """Say, once for a statement, that routes and views are not ours to declare here."""
        if record.origin not in [problem.origin for problem in self.load.problems]:
            message = f"{record}: routes and views are the framework's, not assetzcml's"
            self.load.problems.append(Problem(record.origin, message, self.load.no_pages, code="A104"))

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
                raise ConfigurationError(Problem(origin, message, exception=error, code="A109")) from error

    def issue_warnings(self) -> None:
        """Issue each warning at its line, as if the ZCML line were the line of a program."""
        for problem in self.load.warnings:
            origin = problem.origin or Origin("<zcml>")
            warnings.warn_explicit(problem.headline, ConfigurationWarning, origin.file, origin.line)

    def report(self, spec: str, arguments: Mapping[str, Any] | None) -> LoadReport:
        """What was read, for those who ask later."""
        load = self.load
        files = [LoadedFile(document.file, real, document) for real, document in load.files.items()]
        return LoadReport(
            spec=os.fspath(spec),
            generation=load.generation,
            arguments=arguments,
            files=tuple(files[load.directive_files :]),
            includes=tuple(load.includes),
            left_out=tuple(load.left_out),
            excluded=tuple(Exclusion(origin, real) for real, origin in load.excluded.items()),
            patterns=tuple(load.patterns),
            warnings=tuple(load.warnings),
        )


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
        spec: SpecLike = "configure.zcml",
        *,
        package: ModuleType | str | None = None,
        features: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        strict: bool | Iterable[str] = False,
        limits: Limits | None = None,
        into: Registry | None = None,
        framework: Framework | None = None,
    ) -> None:
        """
        Load a file and everything it includes, into the registry or *into* another that will take its place.

        *spec* is `package:file.zcml`, an absolute path, or a path relative to *package* (a module or its name; without
        one, to the working directory). A file named by its path belongs to no package.

        *framework* is what the one that has the file loaded does itself.

        Raises ConfigurationError with all problems of the first phase that found any; the registry is then unchanged.
        """
        spec, features = _checked(spec, package, features, settings, strict, limits)
        registry = self.registry if into is None else into
        framework = framework or Framework()
        with ledger(registry).lock:
            # Made now if there is none, for a reader that finds none waits until the lock is free.
            _ = registry.snapshot
            load = Load(
                registry,
                settings or {},
                limits or Limits(),
                strict,
                framework.prefix.strip("/"),
                framework.no_pages,
                framework.permissions,
            )
            phases = Phases(load)
            for feature in ("assetzcml", *features):
                phases.machine.provideFeature(feature)
            path, inside = _located(spec, package)
            try:
                with framework.reading(phases.machine):
                    phases.read(path, inside, framework.directives, spec)
            finally:
                self._documentation = Documentation(phases.machine, load.files.values())
            actions = phases.resolve(foreign=framework.hand_over is None)
            phases.validate(actions)
            phases.issue_warnings()
            phases.execute(actions, framework.hand_over or _call)
            configure(registry, settings)
            again: dict[str, Any] = {
                "features": features,
                "settings": dict(settings or {}),
                "strict": strict,
                "limits": limits,
            }
            # Without a package a spec is relative to the working directory, which may be another when it is read again.
            again |= {"spec": path, "package": None} if inside is None else {"spec": spec, "package": package}
            adopt(registry, load.staged, phases.report(spec, again if framework.hand_over is None else None))
        _log(spec, load, actions)

    def remarks(self, file: LoadedFile) -> Remarks:
        """What a file says to the checker; see `Remarks`."""
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
    if "://" in spec:
        message = f"{spec!r} is a URL; the path of a file, or 'package:file.zcml', was expected"
        raise ConfigurationError(Problem(Origin(spec), message, code="A112"))
    if not spec.endswith((".zcml", ".zcml.in")) and not os.path.isfile(spec):
        message = f"{spec!r} is not named *.zcml"
        raise ConfigurationError(Problem(Origin(spec), message, _meant(spec), code="A112"))
    if os.path.isabs(spec):
        return os.path.normpath(spec), None
    name, colon, path = spec.partition(":")
    if colon and "://" in spec:
        raise ConfigurationError(Problem(None, f"{spec!r} is a URL", start_meant(spec), code="A112"))
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
        raise ConfigurationError(Problem(Origin(spec), f"{name!r} is not a package; it has no {path!r}", code="A108"))
    places = [os.path.normpath(os.path.join(portion, path)) for portion in portions]
    return next(filter(os.path.exists, places), places[0]), module


def _meant(spec: str) -> str:
    """The file that is meant by the name of a package, or of a directory."""
    name = spec.removesuffix(":")
    try:
        portions = list(getattr(imported(name), "__path__", ())) if _NAME.fullmatch(name) else []
    except Exception:  # whatever its code raises: it is only asked what is meant
        portions = []
    if any(os.path.isfile(os.path.join(portion, CONFIGURE)) for portion in portions):
        return f"write '{name}:{CONFIGURE}'"
    if not os.path.isdir(spec):
        return "it ends with .zcml"
    files = sorted(each for each in os.listdir(spec) if each.endswith(".zcml"))
    paths = [os.path.normpath(os.path.join(spec, each)) for each in files]
    return f"it is a directory; write {few(paths, SHOWN)}" if paths else "it is a directory, with no *.zcml in it"


def _imported(name: str, spec: str) -> ModuleType:
    try:
        return imported(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            frozen = f"PyInstaller: --collect-all {name}" if hasattr(sys, "frozen") else ""
            near = frozen or project_of(name) or nearest_package(name)
            raise ConfigurationError(
                Problem(Origin(spec), f"there is no package {name!r}", near, code="A108")
            ) from None
        message = f"the package {name!r} cannot be imported: {import_failure(error)}"
        raise ConfigurationError(Problem(Origin(spec), message, exception=error, code="A108")) from error
    except Exception as error:
        message = f"the package {name!r} cannot be imported: {import_failure(error)}"
        raise ConfigurationError(Problem(Origin(spec), message, exception=error, code="A109")) from error


def _checked(
    spec: Any, package: Any, features: Any, settings: Any, strict: Any, limits: Any
) -> tuple[str, tuple[str, ...]]:
    """The file to load and the features that are given, when all arguments of a load are what they may be. Raises Refusal."""
    found, given = rules.file_to_load(spec), rules.feature_names(features)
    rules.package_name(package)
    rules.settings_mapping(settings)
    if isinstance(strict, (tuple, list, frozenset, set)):
        rules.names("strict", strict, "names of packages")
    else:
        rules.flag("strict", strict)
    if limits is not None:
        rules.one_of("limits", limits, Limits, "Limits(...)")
    return os.fspath(found), given
