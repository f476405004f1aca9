"""A bundle: what is merged into one output. It is a declaration; its environment says what that means."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from assetzcml.bundles.addresses import below
from assetzcml.bundles.cache import cache_key
from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import BundleError, NotBuilt, UnsetOption, VersionIndeterminableError
from assetzcml.bundles.filters import Filter, UnknownFilter, get_filters
from assetzcml.bundles.freshness import current_record, kept_records
from assetzcml.bundles.levels import merged_filters
from assetzcml.bundles.option_values import Config, Revision
from assetzcml.bundles.options import checked, level_of, truth_of
from assetzcml.bundles.roles import Home
from assetzcml.bundles.sources import Remote, Source, find_sources, is_spec, is_url, plain_source
from assetzcml.bundles.versioners import PLACEHOLDER, has_placeholder
from assetzcml.errors import ConfigurationError, Origin, Problem, did_you_mean
from assetzcml.records.rules import described

__all__ = ["Built", "Bundle", "Reference", "takes_out"]

SHOWN = 3  # contents of a nameless bundle in messages


class Reference(NamedTuple):
    """A bundle among the contents of another, by the name it is, or will be, registered under."""

    name: str


def _declared(name: str, convert: Callable[[Any], Any], meaning: str) -> Any:
    """An attribute, kept under its name with a '_', whose change makes other URLs or another output."""
    kept = f"_{name}"

    def put(bundle: Any, value: Any) -> None:
        setattr(bundle, kept, convert(value))
        bundle.changed()

    return property(attrgetter(kept), put, doc=meaning)


def _contents(items: Iterable[Any]) -> tuple[Any, ...]:
    result = tuple(os.fspath(item) if isinstance(item, os.PathLike) else item for item in items)
    for item in result:
        if not isinstance(item, str | Bundle | Reference):
            expected = "a name, a glob, an asset spec or a bundle"
            raise BundleError(f"{item!r} is among the contents of a bundle; {expected} was expected")
        if item == "":
            raise BundleError("an empty name is among the contents of a bundle")
    return result


def _listed(value: Any) -> tuple[str, ...]:
    several = (value,) if isinstance(value, str | os.PathLike) else value or ()
    if not isinstance(several, Iterable):
        raise BundleError(f"depends is {described(value)}; names of files were expected")
    found = tuple(several)
    for each in found:
        if not isinstance(each, str | os.PathLike):
            raise BundleError(f"depends holds {described(each)}; names of files were expected")
    return tuple(map(os.fspath, found))


def _output(value: Any) -> str | None:
    if value is not None and not isinstance(value, str | os.PathLike):
        raise BundleError(f"output is {described(value)}; a path below the environment's directory was expected")
    return os.fspath(value) if value else None


def _mapping(name: str, value: Any) -> dict[Any, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise BundleError(f"{name} is {described(value)}; a mapping was expected")
    return dict(value or {})


class Bundle:
    """
    Files that are merged, filtered and written to *output*, a path below the environment's directory.

    *contents* are names on the load path, globs, asset specs, URLs, and other bundles (or `Reference`s to them); what
    begins with '!' takes out of what stands before it.
    *filters* is a text of names, a filter, a function, or a list of these. *depends* are files that are watched, and
    not merged. *debug* can only lower the environment's level. With *merge* false each file gets an output of its own,
    a name with `%(name)s`, `%(path)s` and `%(ext)s`. *extra* is for templates. *config* are options that go before the
    environment's. *origin* is where it was declared, for messages.
    """

    contents: Any = _declared("contents", _contents, "What is merged, in order.")
    depends: Any = _declared(
        "depends", _listed, "Files whose change makes a build necessary, though they are not merged."
    )
    output: Any = _declared("output", _output, "Where the result is written; None: nowhere.")
    filters: Any = _declared(
        "filters", lambda value: value, "The filters, as they were given; `chain` makes them ready."
    )
    merge: Any = _declared("merge", lambda value: truth_of(value, "merge"), "Is everything merged into one output?")
    remove_duplicates: Any = _declared(
        "remove_duplicates",
        lambda value: truth_of(value, "remove_duplicates"),
        "Is a file that is named twice taken once?",
    )

    if TYPE_CHECKING:
        _filters: Any  # what stands behind `filters`

    def __init__(
        self,
        *contents: Any,
        output: str | os.PathLike[str] | None = None,
        filters: Any = None,
        depends: str | Iterable[str] = (),
        debug: bool | str | None = None,
        merge: bool = True,
        extra: Mapping[str, Any] | None = None,
        remove_duplicates: bool = True,
        config: Mapping[str, Any] | None = None,
        version: str | None = None,
        env: Home | None = None,
        origin: Origin | None = None,
    ):
        self.name: str | None = None
        self.origin = origin
        self.version = version
        self._env = env
        self._extra = _mapping("extra", extra)
        self._known_urls: dict[bool, tuple[int, float, list[Any]]] = {}
        self._chain_known: tuple[Any, int, list[Filter]] | None = None
        self._nested_known: tuple[Bundle | Reference, ...] | None = None
        self._path_known = ("", "", "")  # directory, output, path
        self._revisions: dict[Revision, None] = {}
        self._config = Config(convert=checked, changed=self.changed)
        self._config.update(_mapping("config", config))
        if debug is not None:
            self._config["debug"] = debug
        self.contents = contents
        self.depends = depends
        self.output = output
        self.filters = filters
        self.merge = merge
        self.remove_duplicates = remove_duplicates
        try:
            self.chain(env)
        except UnknownFilter:
            if env is not None:
                raise
            # The environment, which is not known yet, may have a filter of that name; it is asked at registration.

    def __str__(self) -> str:
        if self.name is not None:
            return f"bundle {self.name!r}"
        if self.output:
            return f"bundle with output {self.output!r}"
        shown = [str(item) if isinstance(item, Bundle) else repr(item) for item in self.contents[:SHOWN]]
        return f"bundle of {', '.join(shown) or 'nothing'}{', …' if len(self.contents) > SHOWN else ''}"

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def config(self) -> Config:
        """Options of this bundle, which go before those of its environment."""
        return self._config

    @property
    def env(self) -> Home:
        """The environment it was registered with. BundleError when there is none."""
        if self._env is None:
            raise BundleError(f"{self} is not connected to an environment", hint="register it, or set its env")
        return self._env

    @env.setter
    def env(self, environment: Home | None) -> None:
        self._env = environment
        self.changed()

    @property
    def _nested(self) -> Sequence[Bundle | Reference]:
        """Those of its contents that are bundles."""
        known = self._nested_known
        if known is None:
            known = self._nested_known = tuple(item for item in self.contents if not isinstance(item, str))
        return known

    def changed(self) -> None:
        """Have everything worked out anew that was worked out from this bundle, in every environment it is in."""
        self._nested_known = None
        self._chain_known = None
        self._known_urls.clear()
        for revision in list(self._revisions):
            revision.raise_()

    @property
    def debug(self) -> bool | str | None:
        """Its own debug level; None when it has none. Raises BundleError for what is none."""
        value = self._config.get("debug")
        return None if value is None else level_of(value)

    @debug.setter
    def debug(self, value: bool | str | None) -> None:
        self._config["debug"] = value

    @property
    def extra(self) -> dict[str, Any]:
        """What was given for templates; of a container that was given nothing, what its bundles were given."""
        if self._extra or not self.is_container:
            return self._extra
        return {key: value for item in self.contents if isinstance(item, Bundle) for key, value in item.extra.items()}

    @extra.setter
    def extra(self, value: Mapping[str, Any] | None) -> None:
        self._extra = _mapping("extra", value)

    @property
    def is_container(self) -> bool:
        """Has it no files of its own and no output?"""
        return not self.output and all(isinstance(item, Bundle | Reference) for item in self.contents)

    def chain(self, environment: Home | None) -> list[Filter]:
        """The filters, ready; a name is first that of one of the environment's own. Raises FilterError."""
        known = self._chain_known
        number = environment.revision.number if environment is not None else 0
        if known is None or known[0] is not environment or known[1] != number:
            own = environment.filters if environment is not None else {}
            named = _named(self._filters)
            try:
                chain = get_filters([own[one]() if isinstance(one, str) and one in own else one for one in named])
                known = environment, number, chain
            except ConfigurationError as error:
                raise self._located(error) from None
            self._chain_known = known
        return known[2]

    def urls(self, calculate_sri: bool = False) -> list[Any]:
        """
        The URLs of what is merged, or when debugging of its sources; with auto_build, what is behind them is built.

        With *calculate_sri* a list of `{"uri": ..., "sri": ...}`, the integrity of the bytes behind each URL (None for
        one of somewhere else). Without auto_build nothing is looked at after the first call. With it, and when
        debugging, an answer is good for a second.

        Raises BundleError, BuildError, and FilterError for filters that are not there.
        """
        environment = self.env
        number = environment.revision.number
        known = self._known_urls.get(calculate_sri)
        if known is not None and known[0] == number and monotonic() < known[1]:
            return known[2].copy()
        found, until = environment.urls_of(self, calculate_sri)
        self._known_urls[calculate_sri] = number, until, found
        return found.copy()

    def build(self, force: bool | None = None, output: IO[bytes] | None = None) -> list[Built]:
        """
        Build what is out of date, or with *force* everything: of a container each of its bundles.

        With a binary stream as *output*, the bytes are written to it and nowhere else; the list is empty then.
        Raises BuildError and BundleError; outputs that were there are still there, whole.
        """
        if output is not None and not hasattr(output, "write"):
            raise BundleError(f"output is {described(output)}; a binary stream was expected")
        return list(self.env.build_of(self, truth_of(force, "force"), output))

    def leaves(self, ctx: Context) -> Iterator[tuple[Bundle, Context]]:
        """The bundles to build in place of this one: itself, or of a container those inside, with their contexts."""
        if not self.is_container:
            yield self, ctx
            return
        for child in self.bundles(ctx.environment):
            extra = merged_filters(self.chain(ctx.environment), ctx.extra_filters)
            yield from child.leaves(ctx.inside(child, extra))

    @staticmethod
    def _knows(item: Reference, environment: Home | None) -> bool:
        return environment is not None and item.name in environment

    def bundles(self, environment: Home | None) -> list[Bundle]:
        """The bundles among the contents, references followed. BundleError for a name nobody has."""
        return [self._followed(item, environment) for item in self._nested]

    def _followed(self, item: Bundle | Reference, environment: Home | None) -> Bundle:
        if isinstance(item, Bundle):
            return item
        if environment is None or not self._knows(item, environment):
            hint = did_you_mean(item.name, environment.names()) if environment is not None else ""
            raise BundleError(f"{self}: no bundle has the name {item.name!r}", origin=self.origin, hint=hint)
        found: Bundle = environment[item.name]
        return found

    def check_cycles(self, environment: Home | None, above: tuple[Bundle, ...] = ()) -> None:
        """
        Raises BundleError, with the way around, when it contains itself.

        A name that nobody has yet leads nowhere; it is an error when it is followed.
        """
        if self in above:
            way = " → ".join(map(str, (*above[above.index(self) :], self)))
            raise BundleError(f"{self} contains itself: {way}", origin=self.origin)
        if environment is not None:
            self._revisions.setdefault(environment.revision)
        for item in self._nested:
            if isinstance(item, Bundle) or (isinstance(item, Reference) and self._knows(item, environment)):
                self._followed(item, environment).check_cycles(environment, (*above, self))

    def resolve_contents(self, ctx: Context) -> list[Source | Remote | Bundle]:
        """What the contents are now: files, URLs and bundles, in order. Raises BundleError for what is missing."""
        result: list[Source | Remote | Bundle] = []
        seen: set[Any] = set()
        is_output = self._output_test(ctx)
        once = self.remove_duplicates
        for item in self.contents:
            if takes_out(item):
                unwanted = self._taken_out(item, ctx)
                seen -= unwanted
                result = [found for found in result if _key_of(found) not in unwanted]
                continue
            for found in self.found(item, ctx):
                key: Any = found
                if isinstance(found, Source):
                    if is_output(found):
                        continue
                    key = found.path or found.place
                if not (once and key in seen):
                    seen.add(key)
                    result.append(found)
        return result

    def _taken_out(self, item: Any, ctx: Context) -> set[Any]:
        """What an item that begins with '!' takes out; what is not there need not be."""
        wanted = item.without_mark() if hasattr(item, "without_mark") else item[1:]
        try:
            return {_key_of(found) for found in self.found(wanted, ctx)}
        except UnsetOption:
            raise
        except BundleError:
            return set()

    def resolve_depends(self, ctx: Context) -> list[Source]:
        """The files it depends on, as they are now."""
        return [found for item in self.depends for found in self.found(item, ctx) if isinstance(found, Source)]

    def files(self, ctx: Context) -> tuple[list[Source], list[Source]]:
        """The sources, of nested bundles too, and what they depend on."""
        sources: list[Source] = []
        depends = self.resolve_depends(ctx)
        for found in self.resolve_contents(ctx):
            if isinstance(found, Source):
                sources.append(found)
            elif isinstance(found, Bundle):
                nested = found.files(ctx.inside(found))
                sources += nested[0]
                depends += nested[1]
        return sources, depends

    def found(self, item: Any, ctx: Context) -> Sequence[Source | Remote | Bundle]:
        """What *item*, one of its contents, is now. Raises BundleError for what is missing."""
        if not isinstance(item, str):
            return [self._followed(item, ctx.environment)]
        try:
            plain = plain_source(item, ctx.plain_directories)
            if plain is not None:
                return [plain]
            resolver = ctx.environment.resolver
            # Only a plain name needs a place to look in: for an asset spec alone there need not be a directory.
            elsewhere = is_url(item) or os.path.isabs(item) or (resolver is not None and is_spec(item))
            return find_sources(item, () if elsewhere else ctx.search_path, resolver)
        except UnsetOption:
            raise
        except ConfigurationError as error:
            raise self._located(error) from error

    def _located(self, error: ConfigurationError) -> ConfigurationError:
        """*error*, which says what is wrong, as one that says where."""
        kind = type(error) if isinstance(error, UnknownFilter) else BundleError
        return kind(*map(self._located_problem, error.problems))

    def _located_problem(self, problem: Problem) -> Problem:
        where = problem.origin or self.origin
        return Problem(where, f"{self}: {problem.message}", problem.hint, exception=problem.exception)

    def _output_test(self, ctx: Context) -> Callable[[Source], bool]:
        """Is a source the output itself, or one of its versions that a glob came upon?"""
        try:
            path = self.output_path(ctx) if self.output else None
        except UnsetOption:
            path = None
        if path is None:
            return lambda source: False
        pattern = getattr(ctx.versions, "pattern", None)
        if not has_placeholder(self.output) or pattern is None:
            return lambda source: source.path == path
        versioned = re.compile(re.escape(path).replace(re.escape(PLACEHOLDER), f"(?:{pattern})"))
        return lambda source: source.path is not None and versioned.fullmatch(source.path) is not None

    def output_path(self, ctx: Context) -> str:
        """The absolute path of the output, its placeholder unresolved. BundleError for one outside the directory."""
        assert self.output is not None
        directory = ctx.directory
        known = self._path_known
        if known[:2] == (directory, self.output):
            return known[2]
        path: str = os.path.normpath(os.path.join(directory, self.output))
        if below(path, directory) is None:
            message = f"{self}: its output {self.output!r} lies outside the directory {directory!r}"
            raise BundleError(message, origin=self.origin)
        if self.output.endswith(("/", os.sep)) or "\0" in path:
            raise BundleError(f"{self}: its output {self.output!r} is not the name of a file", origin=self.origin)
        self._path_known = directory, self.output, path
        return path

    def resolve_output(self, ctx: Context | None = None, version: str | None = None) -> str:
        """The absolute path of the output at *version*, by default the current one. Raises BundleError."""
        ctx = ctx or Context(self.env, (self,))
        path = self.output_path(ctx)
        if not has_placeholder(path):
            return path
        if version is None:
            version = self.get_version(ctx)
        resolved = path.replace(PLACEHOLDER, version)
        if os.path.normpath(resolved) != resolved or "\0" in resolved or "/" in version:
            raise BundleError(f"{self}: the version {version!r} cannot be part of a file name", origin=self.origin)
        return resolved

    def known_version(self, ctx: Context) -> str | None:
        """
        The version that was written down: of the record by which the output is up to date, of the manifest, of any
        record whose output is there, or what this process knows.
        """
        if ctx.auto_build and getattr(ctx.updater, "lasting", False):
            # Before what this process remembers: another one may have built since.
            if id(self) not in ctx.records:
                ctx.records[id(self)] = current_record(self, ctx)
            record = ctx.records[id(self)]
            if record is not None:
                return record.version
        version = ctx.manifest.query(self, ctx) if ctx.manifest is not None else None
        if version is None and (ctx.auto_build or ctx.manifest is not None or not ctx.environment.given("manifest")):
            version = self._recorded_version(ctx)
        return self.version if version is None else version

    def _recorded_version(self, ctx: Context) -> str | None:
        versions = [record.version for record, _ in kept_records(self, ctx) if record.version is not None]
        for version in versions:
            with contextlib.suppress(BundleError):  # a version that is none
                if os.path.isfile(self.resolve_output(ctx, version=version)):
                    return version
        return None

    def get_version(self, ctx: Context | None = None, refresh: bool = False) -> str:
        """
        The version of what is built: what this process knows, unless *refresh*; the manifest's; the versioner's.

        Raises NotBuilt when the output is needed for that and is not there, BundleError when nobody knows.
        """
        ctx = ctx or Context(self.env, (self,))
        if self.version is not None and not refresh:
            return self.version
        version = self.known_version(ctx)
        if version is None:
            version = self._determined(ctx)
        self.version = version
        return version

    def _determined(self, ctx: Context) -> str:
        versioner = ctx.versions
        reason = "versions are turned off"
        if versioner is not None:
            try:
                return str(versioner.determine_version(self, ctx))
            except VersionIndeterminableError as error:
                reason = error.problems[0].message
            except FileNotFoundError as error:
                raise self.not_built(error.filename) from error
        message = f"the version of the {self} is not known: no manifest has it, and {reason}"
        raise BundleError(message, origin=self.origin, hint="build it, with a manifest that this process can read")

    def not_built(self, path: str) -> NotBuilt:
        """The error for an output that is needed and is not there."""
        return NotBuilt(
            f"the output of the {self} is not there ({path}), and it is not built on demand",
            origin=self.origin,
            hint="build it first, or turn auto_build on",
        )

    def standing(self) -> tuple[str, str | None] | None:
        """The path and the version of what was built last and is still there; None when there is nothing."""
        ctx = Context(self.env, (self,), building=True)
        version = self.known_version(ctx) if has_placeholder(self.output) else ""
        if version is None:
            return None
        path = self.resolve_output(ctx, version=version)
        return (path, version or None) if os.path.isfile(path) else None

    def definition(self, ctx: Context) -> str:
        """
        What was declared, as a digest: contents, output, filters and own debug level, of nested bundles too.

        Not the environment's level, as in webassets: an output that was built for one is served at the other.
        """
        chain = merged_filters(self.chain(ctx.environment), ctx.extra_filters)
        parts = [str(self.debug), str(self.output), str(len(chain)), *(one.definition() for one in chain)]
        parts += [str(self.remove_duplicates)]
        for item in self.contents:
            if isinstance(item, str):
                parts += ["name", ctx.name_of(item) if os.path.isabs(item) else item]
            else:
                child = self._followed(item, ctx.environment)
                parts += ["bundle", child.definition(ctx.inside(child))]
        return cache_key(*parts)

    def id(self) -> str:
        """The same for the environment as it is: it changes when the output has to be built again."""
        return self.definition(Context(self.env, (self,)))


class Built(NamedTuple):
    """
    An output as it is after `build`: where it is, its version (None without versions), its length in bytes.

    *changed* says whether it was written now; *source_size* is the length of its sources then, else None.
    *current* is false where another process is building it and this is still the former one.
    """

    bundle: Bundle
    path: str
    version: str | None
    size: int
    changed: bool
    source_size: int | None = None
    current: bool = True

    def data(self) -> bytes:
        """The bytes, read anew."""
        with open(self.path, "rb") as stream:
            return stream.read()


def takes_out(item: Any) -> bool:
    """
    Does it say what of the contents before it is not wanted?

    >>> takes_out("!vendor/*.js"), takes_out("./!important.css")
    (True, False)
    """
    return isinstance(item, str) and item.startswith("!")


def _key_of(found: Source | Remote | Bundle) -> Any:
    """By which a file is known to be there already."""
    return found.place if isinstance(found, Source) else found


def _named(filters: Any) -> list[Any]:
    """What was given as filters, one by one; a text is a list of names."""
    if filters is None:
        return []
    result: list[Any] = []
    for one in filters if isinstance(filters, list | tuple) else [filters]:
        result += [name for name in re.split(r"[\s,]+", one) if name] if isinstance(one, str) else [one]
    return result
