"""An environment: bundles by name, and the options that say where they come from and where they go."""

from __future__ import annotations

import contextlib
import os
import posixpath
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from assetzcml.bundles.build_records import BuildRecord, Delivered, Inputs, OutputFile
from assetzcml.bundles.building import build_output, make_bytes, prune_output
from assetzcml.bundles.bundle import Built, Bundle
from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import BuildError, BundleError, RegisterError, UnsetOption
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.holdings import Holdings, Owner
from assetzcml.bundles.ledger import BuildLedger
from assetzcml.bundles.levels import merged_filters
from assetzcml.bundles.option_values import Config, Revision
from assetzcml.bundles.options import DEFAULTS, Options, checked
from assetzcml.bundles.parallel import outcomes
from assetzcml.bundles.sources import Remote, Source
from assetzcml.bundles.urls import Trust, urls_of_bundle
from assetzcml.bundles.versioners import PLACEHOLDER, has_placeholder
from assetzcml.errors import ConfigurationError, Origin, Problem, did_you_mean
from assetzcml.records.bundles import refuse_spec_as_output
from assetzcml.records.readers import YOUNGER
from assetzcml.records.rules import bundle_name, described, flag, one_of, refusal, whole_number

if TYPE_CHECKING:
    from assetzcml.resolving.shared_builds import SharedBuilds

__all__ = ["Environment", "two_contents"]

KEPT = 3  # former versions of an output that stay: a page that was sent, and the one before, may still be open

OPTIONS = frozenset([*DEFAULTS, "directory", "url"])


class Environment(Options):
    """
    Bundles by name, and what holds for all of them.

    *directory* is where outputs are written, and sources are found unless there is a `load_path`; *url* is the prefix
    of its URLs. *options* are those of webassets, and `allow_remote`, `debug_expire` and `former_versions`. Each is also
    an attribute, and a key of `config`; settings of filters stand in `config` only.

    *resolver* is that of a registry: with it, contents may be asset specs, which are found through overrides.
    *static_path* gives their URLs. Both are optional.

    Iteration yields bundles, `in` asks for names, and an environment without bundles is true.

    Raises TypeError for an option that does not exist, BundleError for options that contradict each other.

    >>> environment = Environment("static", "/static", debug=True, cache=False)
    >>> bundle = environment.register("app", "https://cdn.test/x.js", output="app.js")
    >>> environment["app"].urls()
    ['https://cdn.test/x.js']
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        url: str | None = None,
        *,
        resolver: Any = None,
        static_path: Callable[[str], str] | None = None,
        owner: Owner | None = None,
        **options: Any,
    ):
        self._defaults = {**DEFAULTS, "load_path": [], "url_mapping": {}}
        self._owner = Owner(lambda: self._defaults, self._converted) if owner is None else owner
        self.environment: Environment = self
        self.resolver = resolver
        self.static_path = static_path
        for name in options:
            if name not in DEFAULTS:
                hint = did_you_mean(name, DEFAULTS) or "settings of filters go into environment.config"
                raise TypeError(f"an environment has no option {name!r}; {hint}")
        given = {"directory": directory, "url": url}
        self.config.update({name: value for name, value in given.items() if value is not None})
        self.config.update(options)
        if self.config.said("manifest") and not self.get("cache"):
            _ = self.manifest  # refused when it is 'cache'

    def __setattr__(self, name: str, value: Any) -> None:
        if name in OPTIONS:
            self.config[name] = value
        elif name == "filters":
            raise AttributeError("filters are added one by one: environment.add_filter(name, factory)")
        else:
            super().__setattr__(name, value)

    def _converted(self, name: str, value: Any) -> Any:
        """What is kept for an option. What a relative directory means is settled now, and does not follow `chdir`."""
        checked(name, value)
        self._owner.forget(None if name in ("directory", "cache_file_mode") else name)
        if name == "directory" and value is not None:
            value = os.fspath(value)
            self._owner.meant[value] = os.path.abspath(value)
        if name == "load_path" and not isinstance(value, list):
            return [value] if isinstance(value, str | os.PathLike) else list(value or ())
        return value

    @property
    def config(self) -> Config:
        """All options as they were given, and the settings of filters. Keys have no case."""
        return self._owner.config

    @property
    def revision(self) -> Revision:
        """Its number is another one when anything has changed that URLs or outputs are made of."""
        return self._owner.revision

    @property
    def filters(self) -> Mapping[str, Callable[[], Filter]]:
        """The filters of this environment alone, by name; `add_filter` adds one."""
        return self._owner.filters

    @property
    def known_inputs(self) -> Inputs:
        """What is known of the files that outputs were made from."""
        return self._owner.known_inputs

    def get(self, name: str, default: Any = None) -> Any:
        return self.config.get(name, default)

    def given(self, name: str) -> bool:
        """Did anybody say the option *name*, or is its value the default?"""
        return self.config.said(name)

    def absolute(self, path: str | os.PathLike[str]) -> str:
        """*path*, relative to the working directory at the time it was said, or else the environment was made."""
        meant = self._owner.meant.get(os.fspath(path))
        return meant or os.path.normpath(os.path.join(self._owner.base, os.fspath(path)))

    def without_directory(self) -> Exception:
        """The error that says why outputs have no place: nobody said one."""
        return UnsetOption("the environment has no directory", hint="set environment.directory")

    def component(self, option: str, value: Any, make: Callable[[], Any]) -> Any:
        """The object that *make* makes of the *value* of an option: one as long as the value is the same."""
        return self._owner.made(option, value, make)

    def output_file(self, directory: str, output: str) -> OutputFile:
        """What is kept about an output: the lock of its builds, and the record of the last one."""
        return OutputFile(directory, output)

    def delivered(self, directory: str) -> Delivered:
        """The records that are delivered with the outputs in *directory*."""
        return self._owner.delivered.setdefault(directory, Delivered(directory))

    @property
    def compared(self) -> dict[tuple[str, str], tuple[BuildRecord, float]]:
        """As `Owner.compared`."""
        return self._owner.compared

    # What the environment of a registry knows better.

    @property
    def shared_builds(self) -> SharedBuilds | None:
        """What hosts share that build the same; here none is known."""
        return None

    def declares(self, bundle: Bundle) -> bool:
        """Is it a bundle of ZCML? Here none is."""
        return False

    def plain_url(self, spec: str) -> str | None:
        """The URL of an asset without what a cache buster puts into it; here there are no assets."""
        return None

    def package_of(self, path: str) -> tuple[str, str] | None:
        """The package that *path* lies in, and the path in it; here none is known."""
        return None

    def path_in(self, package: str, path: str) -> str | None:
        """Where a file of a package is; here no package is known."""
        return None

    def who_says(self, bundle: Bundle, source: Source) -> Origin | None:
        """Where *source* is said to be among the contents of *bundle*."""
        return bundle.origin

    def who_overrides(self, source: Source) -> Origin | None:
        """By which statement *source* is taken from another place; here by none."""
        return None

    def place_of(self, directory: str) -> str:
        """The place where sources are found when there is no load path: *directory*, or its address as an asset."""
        return directory

    def permission_of(self, spec: str) -> str | None:
        """The permission that who asks for an asset needs; None when it is for everybody, or published nowhere."""
        return None

    def replacement(self, bundle: Bundle) -> tuple[str, Callable[[], bytes]] | None:
        """The URL and the bytes of what overrides the whole *bundle*; None when nothing does."""
        return None

    def output_url(self, bundle: Bundle, ctx: Context, version: str | None) -> str | None:
        """The URL of the output of *bundle*, which is built; None where the options of *ctx* say it."""
        return None

    def append_path(self, path: str | os.PathLike[str], url: str | None = None) -> None:
        """Look for sources in *path* too; with *url*, that is where it is published. Raises BundleError."""
        checked_path(path, url)
        self.load_path.append(os.fspath(path))
        if url is not None:
            self.url_mapping[os.fspath(path)] = url
        self._owner.revision.raise_()

    def add_filter(self, name: str, factory: Callable[[], Filter]) -> None:
        """Let *factory*, a class or a function without arguments, be the filter *name* in this environment."""
        one_of("name", name, str, "the name of a filter")
        if not callable(factory):
            raise refusal("factory", f"factory is {described(factory)}; a class or a function was expected")
        self._owner.filters[name] = factory
        self._owner.revision.raise_()

    # -- bundles by name

    def __iter__(self) -> Iterator[Bundle]:
        return iter(self._owner.holdings.bundles)

    def __len__(self) -> int:
        return len(self._owner.holdings.named) + len(self._owner.holdings.anonymous)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        return self._owner.holdings.get(name) is not None

    def __getitem__(self, name: str) -> Bundle:
        found = self._owner.holdings.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def names(self) -> list[str]:
        """The names of all bundles, and of groups."""
        return self._owner.holdings.names

    @property
    def outputs(self) -> dict[str, Bundle]:
        """The bundles that have an output, by it, as it is written."""
        return {str(bundle.output): bundle for bundle in self._owner.holdings.outputs.values()}

    def register(self, name: Any, *contents: Any, **options: Any) -> Bundle | None:
        """
        Name a bundle: `register(name, bundle)`, `register(name, *contents, **options)`, or many: a mapping by name.

        The same bundle twice is once. A bundle with `merge=False` becomes a group: one bundle for each of its files,
        named `name/basename`. Returns the bundle, or the group; None for a mapping.

        Raises RegisterError for a name or an output that is taken, for a bundle that contains itself, and for an
        output that cannot be; nothing has changed then.
        """
        if isinstance(name, Mapping) and not contents and not options:
            with self._changing():
                for key, bundle in name.items():
                    self.register(key, bundle)
            return None
        bundle_name(name)
        if not contents:
            raise TypeError("register() needs a name, and a bundle or contents")
        alone = len(contents) == 1 and not options and isinstance(contents[0], Bundle)
        bundle = contents[0] if alone else Bundle(*contents, **options)
        with self._changing():
            return self._register(name, bundle)

    def add(self, *bundles: Bundle) -> None:
        """Make bundles without a name part of the environment. Raises RegisterError."""
        with self._changing():
            holdings = self._holdings
            for bundle in bundles:
                one_of("bundle", bundle, Bundle, "a Bundle")
                if id(bundle) not in holdings.anonymous:
                    holdings.put(holdings.anonymous, id(bundle), bundle)
                    self._take_over(bundle)

    @property
    def _holdings(self) -> Holdings:
        """Where bundles are registered."""
        return self._owner.holdings

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """What happens inside happens as a whole, and what was worked out before is stale."""
        try:
            with self._holdings.staged():
                yield
        finally:
            self._owner.revision.raise_()

    def _register(self, name: str, bundle: Bundle) -> Bundle:
        known = self._holdings.get(name)
        if known is bundle:
            return bundle
        if known is not None:
            message = f"a {known!r} is registered as {name!r} already"
            also = [("registered at", known.origin)] if known.origin is not None else []
            raise RegisterError(Problem(bundle.origin, message, also=also))
        if not bundle.merge:
            return self._register_group(name, bundle)
        self._holdings.put(self._holdings.named, name, bundle)
        former, bundle.name = bundle.name, bundle.name or name
        try:
            self._take_over(bundle)
        except ConfigurationError:
            bundle.name = former
            raise
        return bundle

    def _register_group(self, name: str, bundle: Bundle) -> Bundle:
        if not bundle.output:
            raise RegisterError(f"{bundle}: with merge=False it needs an output", origin=bundle.origin)
        ctx = Context(self, (bundle,))
        parts = []
        for found in bundle.resolve_contents(ctx):
            if not isinstance(found, Source):
                word = "a URL" if isinstance(found, Remote) else "a bundle"
                message = f"{bundle}: with merge=False, {word} cannot be among its contents"
                raise RegisterError(message, origin=bundle.origin)
            base = posixpath.basename(found.relative)
            parts.append(self._register(f"{name}/{base}" if name else base, _part(bundle, found)))
        group = Bundle(*parts, extra=bundle.extra, origin=bundle.origin, env=self)
        group.name = name
        self._holdings.put(self._holdings.groups, name, group)
        return group

    def _take_over(self, bundle: Bundle) -> None:
        """Check a bundle and all inside it, and take it over. Raises RegisterError."""
        try:
            bundle.check_cycles(self)
        except RecursionError:  # deeper than any bundle is
            raise RegisterError(f"{bundle} is nested too deeply", origin=bundle.origin) from None
        except BundleError as error:
            raise RegisterError(*error.problems) from None
        self._check(bundle, Context(self, (bundle,)))
        self._check_contents(bundle)
        bundle.env = self

    def _check_contents(self, bundle: Bundle) -> None:
        """One output, one content: each is built with the same filters, whoever asks for it."""
        try:
            found = list(self.contents_of(bundle))
        except BundleError:  # a bundle of a name that nobody has yet
            return
        for leaf, top, known in found:
            if known is not None:
                raise RegisterError(two_contents(leaf, top, known))
            self._holdings.put(self._holdings.filtered, id(leaf), (leaf, top))

    def contents_of(self, bundle: Bundle) -> Iterator[tuple[Bundle, Bundle, Bundle | None]]:
        """
        The outputs that *bundle* writes, each with it, and with the bundle that has it written with other filters: None
        where nobody has it written yet.
        """
        for leaf, ctx in bundle.leaves(Context(self, (bundle,), building=True)):
            filters = merged_filters(leaf.chain(self), ctx.extra_filters)
            before = self._holdings.filtered.get(id(leaf))
            if not leaf.output or (before is not None and before[1] is bundle):
                continue
            if before is None:
                yield leaf, bundle, None
                continue
            for other, around in before[1].leaves(Context(self, (before[1],), building=True)):
                if other is leaf and merged_filters(leaf.chain(self), around.extra_filters) != filters:
                    yield leaf, bundle, before[1]
                    break

    def _check(self, bundle: Bundle, ctx: Context) -> None:
        bundle.chain(self)
        if bundle.output:
            self._check_output(bundle, ctx)
        for item in bundle.contents:
            if isinstance(item, Bundle):
                self._check(item, ctx.inside(item))

    def _check_output(self, bundle: Bundle, ctx: Context) -> None:
        output = str(bundle.output)
        if has_placeholder(output) and ctx.versions is None:
            message = f"{bundle}: its output has {PLACEHOLDER}, and versions are turned off"
            raise RegisterError(message, origin=bundle.origin, hint=f"set versions, or leave {PLACEHOLDER} out")
        try:
            refuse_spec_as_output(output)
        except ValueError as error:
            raise RegisterError(f"{bundle}: output={output!r}: {error}", origin=bundle.origin) from None
        try:
            path = bundle.output_path(ctx)
        except UnsetOption:
            path = os.path.normpath(output)
            if path.startswith(".."):
                raise RegisterError(f"{bundle}: its output {output!r} leads out", origin=bundle.origin) from None
        except BundleError as error:
            raise RegisterError(*error.problems) from None
        # Names that differ in case are one file on half of the world's disks.
        known = self._writing(path.casefold())
        if known is None:
            self._holdings.put(self._holdings.outputs, path.casefold(), bundle)
        elif known is not bundle:
            differ = "" if known.output == bundle.output else f" (there {known.output!r}: they differ in case only)"
            message = f"{bundle}: its output {output!r} is that of the {known} too{differ}"
            also = [("the other is declared at", known.origin)] if known.origin is not None else []
            raise RegisterError(Problem(bundle.origin, message, also=also))

    def _writing(self, path: str) -> Bundle | None:
        """The bundle that writes *path*, its case folded."""
        return self._holdings.outputs.get(path)

    def urls_of(self, bundle: Bundle, integrity: bool) -> tuple[list[Any], float]:
        """The URLs of *bundle*, and until when (`time.monotonic`) they hold."""
        trust = Trust()
        return urls_of_bundle(bundle, Context(self, (bundle,)), trust, integrity), trust.until

    # -- building

    def build(
        self,
        *names: str,
        force: bool = False,
        jobs: int | None = None,
        done: Callable[[Bundle, Built | ConfigurationError], None] | None = None,
    ) -> list[Built]:
        """
        Build the bundles *names*, by default all; each output once, *jobs* at a time.

        Without *jobs*, one at a time, until a build is seen to wait for a program; then one per processor.
        *done* is called in this thread with each bundle and what became of it, in the order of the bundles, which is
        that of the list too. Raises BuildError with all that went wrong, after everything else is built.
        """
        flag("force", force)
        if jobs is not None:
            whole_number("jobs", jobs)
        results: list[Built] = []
        problems: list[Problem] = []
        ledger = BuildLedger()
        for bundle, outcome in outcomes(self._work(names), ledger, jobs, force):
            if isinstance(outcome, Built):
                results.append(outcome)
            else:
                problems += outcome.problems
            if done is not None:
                done(bundle, outcome)
            try:
                ledger.settle()
            except BuildError as error:
                problems += error.problems
        try:
            ledger.write()
        except BuildError as error:
            problems += error.problems
        if problems:
            raise BuildError(*problems)
        return results

    def build_of(self, bundle: Bundle, force: bool, output: IO[bytes] | None) -> list[Built]:
        """Build *bundle*; see `Bundle.build`."""
        bundle.check_cycles(self)
        built = []
        for leaf, ctx in bundle.leaves(Context(self, (bundle,), building=True)):
            if output is not None:
                output.write(make_bytes(leaf, ctx))
            else:
                built.append(build_output(leaf, ctx, force=force))
        return built

    def prune(self, *names: str, keep: int = KEPT, younger: float = YOUNGER) -> list[str]:
        """
        Remove former versions of outputs, of the bundles *names* or of all, and return their paths.

        Of each bundle the latest *keep* stay, and those written within *younger* seconds. Only a file is removed that a
        build here has written as this bundle's output, and that holds the same bytes still. Raises BuildError.
        """
        whole_number("keep", keep)
        removed = []
        for bundle, ctx in self._work(names):
            if has_placeholder(bundle.output):
                removed += prune_output(bundle, ctx, keep, time.time() - younger)
        return removed

    def _work(self, names: Iterable[str]) -> list[tuple[Bundle, Context]]:
        bundles = [self.by_name(name) for name in names] or [b for b in self if b.output or b.is_container]
        work: dict[int, tuple[Bundle, Context]] = {}
        looked_up: dict[int, dict[str, Any]] = {}
        for bundle in bundles:
            home = self._home_of(bundle)
            bundle.check_cycles(home)
            for leaf, ctx in bundle.leaves(Context(home, (bundle,), (), True, looked_up.setdefault(id(home), {}))):
                # A filter that the container adds is one of its own: what it makes is the same.
                if id(leaf) not in work or len(ctx.extra_filters) > len(work[id(leaf)][1].extra_filters):
                    work[id(leaf)] = leaf, ctx
        return [(leaf, ctx) for leaf, ctx in work.values() if leaf.output or names]

    def _home_of(self, bundle: Bundle) -> Environment:
        """The environment that a bundle of this one is built in."""
        return self

    def by_name(self, name: str) -> Bundle:
        """The bundle or group of that name. Raises BundleError with the nearest name; `[name]` raises KeyError."""
        if bundle_name(name) not in self:
            raise BundleError(f"no bundle has the name {name!r}", hint=did_you_mean(name, self.names()))
        return self[name]


def checked_path(path: Any, url: Any) -> None:
    """What `append_path` takes. Raises BundleError."""
    if not isinstance(path, str | os.PathLike):
        raise BundleError(f"path is {described(path)}; the path of a directory was expected")
    checked("url", url)


def two_contents(leaf: Bundle, one: Bundle, other: Bundle) -> Problem:
    """What is wrong when two bundles have one output written with different filters."""
    one, other = (other, one) if one is leaf else (one, other)
    message = (
        f"{one}: its filters would make another content of {leaf.output!r}, the output of the {leaf}, than "
        f"{'it has by itself' if other is leaf else f'the {other} makes'}"
    )
    also = [("the other is declared at", other.origin)] if other.origin is not None else []
    hint = f"give {one} an output of its own, or the {leaf} the same filters"
    return Problem(one.origin, message, hint, also=also, conflict=True)


def _part(bundle: Bundle, source: Source) -> Bundle:
    """The bundle of one file of a bundle that is not merged."""
    path, extension = posixpath.splitext(source.relative)
    output = str(bundle.output)
    for word, value in (("name", posixpath.basename(path)), ("path", path), ("ext", extension.lstrip("."))):
        output = output.replace(f"%({word})s", value)
    return Bundle(
        source.spec or source.path or source.item,
        output=output,
        filters=bundle.filters,
        depends=bundle.depends,
        extra=bundle.extra,
        remove_duplicates=bundle.remove_duplicates,
        config=dict(bundle.config),
        origin=bundle.origin,
    )
