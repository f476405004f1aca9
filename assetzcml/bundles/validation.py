"""What is wrong with the records of bundles once all of them are known, each at its attribute. Builds nothing."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from assetzcml.bundles.bundle import Reference, takes_out
from assetzcml.bundles.context import Context
from assetzcml.bundles.declared import Content, contents_of, inserted, real_path
from assetzcml.bundles.environment import two_contents
from assetzcml.bundles.errors import UnsetOption
from assetzcml.bundles.filters import UnknownFilter, filter_names, get_filters
from assetzcml.bundles.filters.names import alternative
from assetzcml.bundles.registered import RegistryEnvironment
from assetzcml.bundles.sources import is_spec, is_url
from assetzcml.bundles.versioners import PLACEHOLDER, has_placeholder
from assetzcml.errors import ConfigurationError, Origin, Problem, did_you_mean
from assetzcml.records.assets import AssetSpec
from assetzcml.records.bundles import (
    BundleContents,
    BundleRecord,
    EnvironmentOption,
    FilterRecord,
    LoadPath,
    URLMapping,
)
from assetzcml.resolving.importing import import_failure
from assetzcml.resolving.packages import nearest_package, project_of

__all__ = ["Checks"]

NOWHERE = Origin("(unknown)")
Told = tuple[Problem, bool]


class Checks:
    """*environment* is made of all records, and has no bundle yet; *records* are the new ones, which are told of."""

    def __init__(self, environment: RegistryEnvironment, records: Sequence[Any]):
        self.environment = environment
        self.new = {id(record) for record in records}
        self.bundles = {
            record.name: record for record in environment.configuration.records if isinstance(record, BundleRecord)
        }
        self.contents = {name: contents_of(record) for name, record in self.bundles.items()}
        self._in_circles: set[str] = set()
        self._refused: set[str] = set()  # bundles of which something is told that keeps them out

    def problems(self) -> Iterator[Told]:
        for record in self.environment.configuration.records:
            if isinstance(record, EnvironmentOption) and id(record) in self.new:
                yield from self._option(record)
            elif isinstance(record, LoadPath | URLMapping) and id(record) in self.new:
                yield from self._package(record.path, record, "path")
            elif isinstance(record, FilterRecord) and id(record) in self.new:
                yield from self._filter(record)
        for record in self.environment.configuration.records:
            if isinstance(record, BundleContents):
                yield from self._contribution(record)
        yield from self._outputs()
        yield from self._cycles()
        for name, record in self.bundles.items():
            found = list(self._bundle(record))
            yield from found
            if not found:
                yield from self._sources(name)
        yield from self._two_contents()

    def _two_contents(self) -> Iterator[Told]:
        """A bundle alone, and inside one that gives it other filters: two contents of one output."""
        told: set[int] = set()
        for bundle in self.environment.configuration.holdings.bundles:
            try:
                for leaf, top, known in self.environment.contents_of(bundle):
                    if known is not None and id(leaf) not in told:
                        told.add(id(leaf))
                        yield two_contents(leaf, top, known), False
            except ConfigurationError:  # told of
                continue

    def _option(self, record: EnvironmentOption) -> Iterator[Told]:
        where = _at(record, record.name)
        if isinstance(record.value, AssetSpec):
            found = list(self._package(record.value, record, record.name))
            yield from found
            if not found and real_path(record.value) is None:
                message = f"{record}: it lies in an archive, where nothing can be written"
                yield Problem(where, message, "let the site say another directory", code="A051"), True
        if record.name in ("directory", "url"):
            return
        try:
            getattr(self.environment, record.name)
        except UnsetOption:  # a cache or a manifest in a directory that the site says
            return
        except ConfigurationError as error:
            for problem in error.problems:
                yield Problem(where, f"{record}: {problem.message}", problem.hint, code="A131"), False
        except Exception as error:
            if isinstance(error, ValueError):
                yield Problem(where, f"{record}: {error}", code="A107"), False
            else:
                message = f"{record} raised {type(error).__name__}: {error}"
                yield Problem(where, message, exception=error, code="A109"), False

    def _package(self, spec: AssetSpec, record: Any, attribute: str) -> Iterator[Told]:
        try:
            real_path(spec)
        except ImportError as error:
            missing = error.name == spec.package or spec.package.startswith(f"{error.name}.")
            message = (
                f"there is no package {spec.package!r}"
                if missing
                else f"{spec.package!r} cannot be imported: {import_failure(error)}"
            )
            fault = None if missing else error
            near = (
                project_of(spec.package) or nearest_package(spec.package, f":{'/'.join(spec.parts)}") if missing else ""
            )
            yield Problem(_at(record, attribute), f"{record}: {message}", near, exception=fault, code="A108"), False

    def _filter(self, record: FilterRecord) -> Iterator[Told]:
        where = _at(record, "factory")
        try:
            get_filters([record.factory()])
        except Exception as error:
            if isinstance(error, ConfigurationError):
                problem = error.problems[0]
                yield Problem(where, f"{record}: {problem.message}", problem.hint, code="A131"), False
            else:
                message = f"{record}: factory raised {type(error).__name__}: {error}"
                yield Problem(where, message, exception=error, code="A109"), False

    def _contribution(self, record: BundleContents) -> Iterator[Told]:
        if record.bundle not in self.contents:
            of_python = record.bundle in self.environment.python_names()
            said = "is registered by Python, which nobody can add to" if of_python else "is declared by nobody"
            hint = "" if of_python else did_you_mean(record.bundle, self.contents)
            yield Problem(_at(record, "bundle"), f"{record}: the bundle {said}", hint, code="A128"), False
            return
        try:
            self.contents[record.bundle] = inserted(self.contents[record.bundle], record)
        except ValueError:
            names = [content.name for content in self.contents[record.bundle]]
            word, name = record.position
            message = f"{record}: position={f'{word}:{name}'!r}: the bundle has no content {name!r}"
            hint = did_you_mean(name, names) or (f"it has {', '.join(map(repr, names))}" if names else "it has none")
            yield Problem(_at(record, "position"), message, hint, code="A128"), False

    def _outputs(self) -> Iterator[Told]:
        """Two bundles must not write one file, nor have one address."""
        outputs: dict[str, tuple[BundleRecord, str]] = {}
        for record in self.bundles.values():
            if record.output is None:
                continue
            keys = [record.output.casefold()]  # names that differ in case are one file on half of the world's disks
            if record.spec is not None:
                keys.append(str(record.spec))
            for key in keys:
                known = outputs.setdefault(key, (record, key))[0]
                if known is not record:
                    self._refused.add(record.name)
                    yield self._same_output(record, known), False
                    break
        for other in self.environment.python_bundles():
            there = outputs.get(os.path.normpath(str(other.output or "")).casefold())
            if there is not None:
                known = there[0]
                message = f"{known}: its output {known.output!r} is that of the {other} too, which Python registered"
                yield Problem(_at(known, "output"), message, conflict=True), False
        for name in self.environment.python_names():
            if name in self.bundles:
                record = self.bundles[name]
                other = self.environment.of_python(name)
                also = [("registered at", other.origin)] if other.origin is not None else []
                message = f"{record}: Python has registered a bundle of this name"
                yield Problem(_at(record, "name"), message, also=also, conflict=True), False

    def _same_output(self, record: BundleRecord, known: BundleRecord) -> Problem:
        written, there = str(record.output), str(known.output)
        if written == there:
            how = ""
        elif written.casefold() == there.casefold():
            how = f" (there {there!r}: they differ in case only)"
        else:
            how = f" (there {there!r}: without the version both are {str(record.spec)!r})"
        message = f"{record}: its output {written!r} is that of {known} too{how}"
        also = [("the other is declared at", _at(known, "output"))]
        return Problem(
            _at(record, "output"), message, "give one of them another output, or remove it", also=also, conflict=True
        )

    def _bundle(self, record: BundleRecord) -> Iterator[Told]:
        unknown = list(self._unknown_filters(record))
        if unknown:
            yield from unknown
            return
        if has_placeholder(record.output) and self._versionless():
            message = f"{record}: its output has {PLACEHOLDER}, and versions are turned off"
            hint = f"set versions, or leave {PLACEHOLDER} out"
            yield Problem(_at(record, "output"), message, hint, code="A114"), False
            return
        # The parts of what is not merged are its files, which may not be there.
        if not record.merge or record.name in self._refused or self._leads_round(record.name):
            return
        try:
            self.environment.declare(record, self.contents[record.name], self.bundles)
        except ConfigurationError as error:
            for problem in error.problems:
                code = "" if problem.conflict else problem.code or "A131"
                yield (
                    Problem(
                        problem.origin or record.origin,
                        problem.message,
                        problem.hint,
                        conflict=problem.conflict,
                        code=code,
                    ),
                    False,
                )

    def _versionless(self) -> bool:
        try:
            return self.environment.versions is None
        except ValueError:  # told of
            return False

    def _unknown_filters(self, record: BundleRecord) -> Iterator[Told]:
        own = self.environment.filters
        for name in record.filters:
            try:
                if name not in own:
                    get_filters([name])
            except UnknownFilter as error:
                hint = alternative(name) or did_you_mean(name, [*filter_names(), *own]) or error.problems[0].hint
                message = f"{record}: {error.problems[0].message}"
                yield Problem(_at(record, "filters"), message, hint, code="A128"), False
            except ConfigurationError as error:
                message = f"{record}: {error.problems[0].message}"
                yield Problem(_at(record, "filters"), message, error.problems[0].hint, code="A131"), False

    def _leads_round(self, name: str) -> bool:
        """Does it contain a bundle that contains itself?"""
        inside = [name]
        for each in inside:
            inside += [found for found in self._references(each) if found not in inside]
        return not self._in_circles.isdisjoint(inside)

    def _cycles(self) -> Iterator[Told]:
        told: set[frozenset[str]] = set()
        for name in self.bundles:
            way = self._way_round(name)
            if way is not None:
                self._in_circles.add(name)
            if way is not None and frozenset(way) not in told:
                told.add(frozenset(way))
                first = self.bundles[way[0]]
                chain = " \N{RIGHTWARDS ARROW} ".join(way)
                also = [("through", _at(self._said(way[i], way[i + 1]), "contents")) for i in range(1, len(way) - 1)]
                where = _at(self._said(way[0], way[1]), "contents")
                message = f"{first} contains itself: {chain}"
                yield Problem(where, message, "remove one of them", also=also, code="A130"), False

    def _way_round(self, name: str) -> list[str] | None:
        """The shortest way from a bundle, through what it contains, to itself; None when there is none."""
        ways = {name: [name]}
        waiting = [name]
        for each in waiting:
            for found in self._references(each):
                if found == name:
                    return [*ways[each], name]
                if found not in ways:
                    ways[found] = [*ways[each], found]
                    waiting.append(found)
        return None

    def _references(self, name: str) -> list[str]:
        return [str(content) for content in self.contents[name] if str(content) in self.bundles and content != name]

    def _said(self, bundle: str, content: str) -> Any:
        """The record that has *content* in the bundle."""
        return next(each.record for each in self.contents[bundle] if each == content)

    def _sources(self, name: str) -> Iterator[Told]:
        """A source that is nowhere: a bundle that nobody declares, or a file that may come later."""
        if name not in self.environment:
            return
        bundle: Any = self.environment[name]
        ctx = Context(self.environment, (bundle,))
        outputs = {str(other.output) for other in self.bundles.values()}
        try:
            somewhere = bool(ctx.search_path)
        except UnsetOption:  # Python may still say where
            somewhere = False
        for content in bundle.contents:
            if isinstance(content, Reference) or takes_out(content) or glob.has_magic(content) or is_url(content):
                continue
            if content.name in outputs:
                continue
            if id(content.record) not in self.new:
                continue
            try:
                bundle.found(content, ctx)
            except ConfigurationError as error:
                yield from self._missing(name, content, error.problems[0], somewhere)

    def _missing(self, name: str, content: Content, problem: Problem, somewhere: bool) -> Iterator[Told]:
        """A word that can only be the name of a bundle is an error; a file may come, or may not be needed any more."""
        where = _at(content.record, "contents")
        # It never means its own bundle.
        hint = problem.hint or did_you_mean(content.name, {*self.bundles.keys() - {name}, *self._beside(content)})
        parts = re.split(r"[;,]\s*", str(content))
        if len(parts) > 1 and not hint.startswith("write"):
            hint = f'write contents="{" ".join(filter(None, parts))}"'
        if "." not in content and "/" not in content:
            message = f"{content.record}: there is neither a bundle nor a file {content.name!r}"
            if content.name == name:
                message, hint = f"{content.record} cannot contain itself", "remove it"
            yield Problem(where, message, hint, code="A128"), False
        elif (somewhere or is_spec(content) or os.path.isabs(content)) and self.environment.auto_build:
            hint = hint or "it has to be there when the bundle is built"
            yield Problem(where, problem.message, hint, code="A050"), True

    def _beside(self, content: Content) -> list[str]:
        """The names of files that may be meant."""
        if os.path.isabs(content):
            return []
        if is_spec(content):
            folder = content[: max(content.rfind("/"), content.find(":")) + 1]
            try:
                return [folder + name for name in self.environment.resolver.resolve(folder).listdir()]
            except (OSError, ImportError, ValueError):
                return []
        names: list[str] = []
        try:
            places = [*Context(self.environment, ()).search_path, content.home]
        except UnsetOption:
            places = [content.home]
        for place in places:
            try:
                names += self.environment.resolver.resolve(place).listdir()
            except (OSError, ImportError, ValueError):
                continue
        return names


def _at(record: Any, attribute: str) -> Origin:
    return (record.origin or NOWHERE).attribute(attribute)
