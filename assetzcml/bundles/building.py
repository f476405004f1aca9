"""From a bundle to its output on the disk: one build at a time of each output, and never half of one."""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from assetzcml.bundles.build_records import BuildRecord, Input, OutputFile, full_digest_of
from assetzcml.bundles.bundle import Built, Bundle
from assetzcml.bundles.cache import cache_key
from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import WAYS_TO_WRITE, BuildError, BundleError, OutdatedOutput
from assetzcml.bundles.freshness import Difference, differences, foreign_differences, kept_records, settings_of
from assetzcml.bundles.ledger import BuildLedger
from assetzcml.bundles.merging import Hunk, Merger
from assetzcml.bundles.sharing import SharedBytes, made_once
from assetzcml.bundles.updaters import SKIP_CACHE
from assetzcml.bundles.version_manifests import CacheManifest, FileManifest
from assetzcml.bundles.versioners import PLACEHOLDER, has_placeholder
from assetzcml.errors import ConfigurationError, Problem
from assetzcml.resolving.files import Replacement, make_directory, sync_directory, sync_together

__all__ = ["build_output", "build_outputs", "check_delivered", "make_bytes", "needs_build"]

BATCH = 64  # outputs that are synced together: descriptors that are open meanwhile, and locks that are held
MOMENT = 0.25  # seconds for which outputs are gathered: nobody waits for their locks much longer than for one build
UNWRITABLE = frozenset([errno.EROFS, errno.EACCES, errno.EPERM])
LOCK_TIMEOUT = 600.0  # seconds that a build waits for another one of the same output; filters have limits of their own


def make_bytes(bundle: Bundle, ctx: Context) -> bytes:
    """The bytes of *bundle*, which are written nowhere."""
    return _merged(Merger(bundle, ctx))


def build_output(bundle: Bundle, ctx: Context, *, force: bool = False, wait: bool = True) -> Built:
    """
    Build the output of *bundle* unless it is up to date (or with *force*), and say what is there then.

    Where another thread or process is building it, wait; with *wait* false, only when there is no former output.
    Of what was there already, the version is that which was written down; None when it was not.
    Raises BuildError: the former output is still there, whole.
    """
    for timeout in (0.0, LOCK_TIMEOUT):
        begun = _begun(bundle, ctx, force, timeout)
        found = _finished([begun])[0] if isinstance(begun, Begun) else begun
        if isinstance(found, Built):
            return found
        if found is not None:
            raise found
        if not wait and _has_former(bundle, ctx):
            return _former(bundle, ctx)._replace(current=False)
    raise BuildError(f"{bundle}: another process has been building it for {LOCK_TIMEOUT:g} s", origin=bundle.origin)


def build_outputs(
    work: Iterable[tuple[Bundle, Context]], ledger: BuildLedger, force: bool = False
) -> Iterator[Built | ConfigurationError]:
    """
    The same for several, one after the other: what is built within a moment is synced together.

    What is one file for all outputs is left to *ledger*, which the caller writes at the end. Yields what becomes of each,
    in order. While locks are held, none is waited for.
    """
    with contextlib.ExitStack() as unfinished:
        batch: list[Any] = []
        began = time.monotonic()
        for bundle, ctx in work:
            found = _outcome(partial(_begun, bundle, ctx, force, 0.0, ledger))
            if found is None:  # somebody else is building it: waited for when nobody can be waiting for us
                yield from _settled(batch, ledger)
                batch = []
                found = _outcome(partial(build_output, bundle, ctx, force=force))
            if isinstance(found, Begun):
                unfinished.callback(found.end)
            batch.append(found)
            if len(batch) >= BATCH or time.monotonic() - began > MOMENT:
                yield from _settled(batch, ledger)
                batch, began = [], time.monotonic()
        yield from _settled(batch, ledger)


def _outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except ConfigurationError as error:
        return error


def _settled(batch: Sequence[Any], ledger: BuildLedger) -> Iterator[Built | ConfigurationError]:
    began = time.perf_counter()
    finished = iter(_finished([found for found in batch if isinstance(found, Begun)], ledger))
    ledger.synced += time.perf_counter() - began
    for found in batch:
        yield next(finished) if isinstance(found, Begun) else found


log = logging.getLogger("assetzcml")


class Begun(NamedTuple):
    """
    A build whose bytes are in a temporary file; the lock of its output is held by *locked*. *renewed* are directories that
    hold the names of new ones.
    """

    bundle: Bundle
    ctx: Context
    file: OutputFile
    replacement: Replacement
    record: BuildRecord
    size: int
    source_size: int
    renewed: Sequence[str]
    locked: contextlib.ExitStack

    def end(self) -> None:
        """Give the lock back, and remove the temporary file where it still is one. Once more does no harm."""
        with self.locked:
            self.replacement.drop()


def _begun(
    bundle: Bundle, ctx: Context, force: bool, timeout: float, ledger: BuildLedger | None = None
) -> Built | Begun | None:
    """What is there when it is up to date; else a build; None when the lock cannot be had within *timeout* seconds."""
    _check_output(bundle, ctx)
    if not force and not needs_build(bundle, ctx):
        _heal(bundle, ctx, ledger)
        return _former(bundle, ctx)
    try:
        return _attempt(bundle, ctx, force, timeout)
    except OSError as error:
        if error.errno in UNWRITABLE and not ctx.building and _has_former(bundle, ctx):
            return _standing(bundle, ctx, error)
        raise _build_error(bundle, error) from error


def _heal(bundle: Bundle, ctx: Context, ledger: BuildLedger | None) -> None:
    """Write down for others about an output that is up to date what is not: a manifest was lost, or a build died."""
    record, output = ctx.records.get(id(bundle)), str(bundle.output)
    if record is None:
        return
    manifest = ctx.manifest if isinstance(ctx.manifest, FileManifest) else None
    known = manifest is None or record.version is None or manifest.query(bundle, ctx) == record.version
    if known and not ctx.environment.delivered(ctx.directory).differs(output, record):
        return
    if ledger is not None:
        ledger.note(output, ctx, record, needed=False)
        return
    own = BuildLedger()
    own.note(output, ctx, record, needed=False)
    own.write()


def _standing(bundle: Bundle, ctx: Context, error: OSError) -> Built:
    """
    The output that is there, where nothing can be written: when it is what would be built.

    Raises OutdatedOutput, which says what differs: the former bytes are another configuration's.
    """
    records = [record for record, _ in kept_records(bundle, ctx)]
    found = differences(bundle, ctx, records[-1]) if records else []
    former = _former(bundle, ctx)
    if not found:
        content, record, _ = _made(bundle, ctx, True, keep=False)
        if content == former.data():
            ctx.environment.compared[ctx.directory, str(bundle.output)] = record, time.time()
            ctx.records[id(bundle)] = record
            _say_once(
                ctx.directory, f"{ctx.directory!r} cannot be written ({error.strerror}); what is there is delivered"
            )
            return former._replace(version=record.version)
        found = [Difference("what it is made of gives other bytes", bundle.origin)]
    message = f"{bundle} cannot be built: {error}; and what was delivered was made of something else"
    hint = "build it where that can be written and deliver it, or give the environment another directory"
    raise _outdated(bundle, message, found, hint, error)


def prune_output(bundle: Bundle, ctx: Context, keep: int, before: float) -> list[str]:
    """Remove the former outputs of *bundle* but the latest *keep*, and those written after *before*; see `prune`."""
    file = ctx.environment.output_file(ctx.directory, str(bundle.output))
    removed: list[str] = []
    with _as_build_error(bundle), file.lock.held(LOCK_TIMEOUT) as held:
        record = file.read().record
        if not held or record is None:
            return []
        record, removed = _without_former(bundle, ctx, record, keep, before)
        if removed:
            file.finish(record)
    return removed


def _without_former(
    bundle: Bundle, ctx: Context, record: BuildRecord, keep: int, before: float
) -> tuple[BuildRecord, list[str]]:
    """Remove outputs of before, and return *record* without them, and their paths. The lock is held."""
    removed: list[str] = []
    kept: list[Input] = []
    for former in record.former:
        path = os.path.join(ctx.directory, former.name)
        if not _is_former(bundle, ctx, former, path):
            continue  # it is gone, or somebody else's
        if len(kept) < keep or os.stat(path).st_mtime > before:
            kept.append(former)
        else:
            os.unlink(path)
            removed.append(path)
    return record._replace(former=tuple(kept)), removed


def _is_former(bundle: Bundle, ctx: Context, former: Input, path: str) -> bool:
    before, _, after = str(bundle.output).partition(PLACEHOLDER)
    fits = former.name.startswith(before) and former.name.endswith(after) and os.path.normpath(path) == path
    return fits and ctx.environment.known_inputs.holds(former, path)


def check_delivered(bundle: Bundle, ctx: Context) -> None:
    """
    Where nothing is built on demand: is what was delivered that of this configuration, as far as declarations say?

    Only what another package declares is compared, once for each configuration: the definition, and the sources that
    are taken from overrides. Raises OutdatedOutput. Without a record nothing is known.
    """
    if not ctx.environment.declares(bundle):
        return
    records = [record for record, _ in kept_records(bundle, ctx)]
    found = [foreign_differences(bundle, ctx, record) for record in records]
    if found and all(found):
        message = f"{bundle}: its output was made of something else, and is not built on demand"
        hint = "run 'assetzcml build' with this configuration, or turn auto_build on"
        raise _outdated(bundle, message, found[-1], hint)


def _outdated(
    bundle: Bundle, message: str, found: Sequence[Difference], hint: str, error: OSError | None = None
) -> OutdatedOutput:
    also = [(each.what, each.origin) for each in found if each.origin is not None]
    told = "; ".join(each.what for each in found)
    return OutdatedOutput(Problem(bundle.origin, f"{message}: {told}", hint, exception=error, also=also))


_said: set[str] = set()  # as many as there are directories of environments


def _say_once(what: str, message: str) -> None:
    if what not in _said:
        _said.add(what)
        log.warning(
            "%s; build before you deliver, with 'assetzcml build', so that this is known by its record", message
        )


def _attempt(bundle: Bundle, ctx: Context, force: bool, timeout: float) -> Built | Begun | None:
    """The same where it has to be built. Raises OSError where something cannot be written."""
    file = ctx.environment.output_file(ctx.directory, str(bundle.output))
    renewed = make_directory(ctx.directory)  # before the lock, whose file lies there
    with contextlib.ExitStack() as stack:
        if not stack.enter_context(file.lock.held(timeout)):
            return None
        needed = True if force else needs_build(bundle, ctx)
        if not needed:  # another one built it while we waited
            return _former(bundle, ctx)
        content, record, source_size = _made(bundle, ctx, needed)
        path = bundle.resolve_output(ctx, version=record.version)
        directory = os.path.dirname(path)
        renewed += make_directory(directory)
        record = file.after(record)
        file.begin()
        # Not the name with its version: what a killed build left is written over by the next one, whatever its version.
        temporary = os.path.join(directory, f".{cache_key(str(bundle.output))[:12]}.tmp")
        replacement = Replacement(path, content, temporary)
        return Begun(bundle, ctx, file, replacement, record, len(content), source_size, renewed, stack.pop_all())
    raise AssertionError("not reached")


def _made(bundle: Bundle, ctx: Context, needed: object, keep: bool = True) -> tuple[bytes, BuildRecord, int]:
    """
    The bytes of the output, the record of what they were made from, and the length of its sources.

    With *keep*, what filters did is put into the cache.
    """
    make = partial(_made_here, bundle, ctx, needed, keep)
    made = make() if needed is SKIP_CACHE or not keep else made_once(bundle, ctx, make)
    content = made.content
    version = str(ctx.versions.determine_version(bundle, ctx, Hunk(content))) if ctx.versions is not None else None
    output = Input(ctx.name_of(bundle.resolve_output(ctx, version=version)), full_digest_of(content))
    settings = settings_of(bundle, ctx, versions=True)
    record = BuildRecord(bundle.definition(ctx), version, output, settings, made.sources, made.depends)
    return content, record, made.size


def _made_here(bundle: Bundle, ctx: Context, needed: object, keep: bool) -> SharedBytes:
    merger = Merger(bundle, ctx)
    merger.read_cache = needed is not SKIP_CACHE
    try:
        content = _merged(merger)
    except BundleError:
        if keep:
            merger.keep(finished=False)
        raise
    if keep:
        merger.keep(finished=True)
    return SharedBytes(content, tuple(merger.sources), tuple(merger.depends), merger.size, merger.lasting)


def _finished(builds: Sequence[Begun], ledger: BuildLedger | None = None) -> list[Built | ConfigurationError]:
    """
    Put the outputs in place, remember their versions, record what they were made from, give the locks back.

    What is one file for all outputs is written now, or is left to *ledger*. Until its record is written, what there is
    about an output says that it is being built: whoever dies in between has it built again by the next one.
    """
    errors: dict[int, ConfigurationError] = {}
    own = BuildLedger()

    def each(action: Callable[[Begun], object]) -> None:
        for build in builds:
            if id(build) not in errors:
                try:
                    action(build)
                except (OSError, ConfigurationError) as error:
                    errors[id(build)] = _build_error(build.bundle, error)

    with contextlib.ExitStack() as ending:
        for build in builds:
            ending.callback(build.end)
        sync_together([build.replacement for build in builds])
        each(lambda build: build.replacement.sync())
        each(_put)
        for directory, inside in _changed_directories(builds).items():
            _shared(partial(sync_directory, directory), inside, errors)
        each(_remember)
        each(lambda build: (ledger or own).note(str(build.bundle.output), build.ctx, build.record))
        if ledger is None:
            _shared(own.write, builds, errors)
        each(_record)
        each(_told)
    for revision in dict.fromkeys(build.ctx.environment.revision for build in builds):
        revision.raise_()
    return [errors.get(id(build)) or _built(build) for build in builds]


def _changed_directories(builds: Sequence[Begun]) -> dict[str, list[Begun]]:
    """The directories with new names in them, and whose."""
    changed: dict[str, list[Begun]] = {}
    for build in builds:
        for directory in (os.path.dirname(build.replacement.path), *build.renewed):
            changed.setdefault(directory, []).append(build)
    return changed


def _put(build: Begun) -> None:
    build.replacement.put()
    set_version = getattr(build.ctx.versions, "set_version", None)
    if set_version is not None and build.record.version:
        set_version(build.bundle, build.ctx, build.replacement.path, build.record.version)


def _shared(action: Callable[[], object], builds: Sequence[Begun], errors: dict[int, ConfigurationError]) -> None:
    """Do what is done once for several builds; when it fails it failed for each."""
    try:
        action()
    except (OSError, ConfigurationError) as error:
        for build in builds:
            errors.setdefault(id(build), _build_error(build.bundle, error))


def _remember(build: Begun) -> None:
    """Tell a manifest that keeps each version by itself; but not the default one, which would repeat the record."""
    manifest = build.ctx.manifest
    if manifest is None or isinstance(manifest, FileManifest) or build.record.version is None:
        return
    given = build.ctx.environment.given
    if not isinstance(manifest, CacheManifest) or given("manifest") or given("cache"):
        manifest.remember(build.bundle, build.ctx, build.record.version)


def _record(build: Begun) -> None:
    """Say that the output is whole, and remove those of before that are not to stay."""
    record, keep = build.record, build.ctx.former_versions
    if keep is not None and len(record.former) > keep and has_placeholder(build.bundle.output):
        with contextlib.suppress(OSError):  # what cannot be removed stays, and is removed another time
            record, _ = _without_former(build.bundle, build.ctx, record, keep, math.inf)
    build.file.finish(record)


def _told(build: Begun) -> None:
    build.bundle.version = build.record.version
    build.ctx.records[id(build.bundle)] = build.record
    if build.ctx.updater is not None:
        build.ctx.updater.build_done(build.bundle, build.ctx)


def _built(build: Begun) -> Built:
    return Built(build.bundle, build.replacement.path, build.record.version, build.size, True, build.source_size)


@contextlib.contextmanager
def _as_build_error(bundle: Bundle) -> Iterator[None]:
    """What the system refuses inside is an error of the build."""
    try:
        yield
    except OSError as error:
        raise _build_error(bundle, error) from error


def _build_error(bundle: Bundle, error: Exception) -> ConfigurationError:
    if isinstance(error, ConfigurationError):
        return error
    hint = WAYS_TO_WRITE if isinstance(error, OSError) and _is_about_writing(error) else ""
    return BuildError(f"{bundle} cannot be built: {error}", origin=bundle.origin, hint=hint, exception=error)


def _is_about_writing(error: OSError) -> bool:
    """Is it that nothing can be written there, and not that a source may not be read?"""
    if error.errno == errno.EROFS:
        return True
    return error.errno in (errno.EACCES, errno.EPERM) and not os.path.lexists(error.filename or os.curdir)


def _check_output(bundle: Bundle, ctx: Context) -> None:
    if not bundle.output:
        hint = "give it an output"
        raise BuildError(f"{bundle} has filters, but no output to write to", origin=bundle.origin, hint=hint)
    if has_placeholder(bundle.output) and ctx.versions is None:
        message = f"{bundle}: its output has {PLACEHOLDER}, and versions are turned off"
        raise BuildError(message, origin=bundle.origin, hint=f"set versions, or write the output without {PLACEHOLDER}")
    bundle.output_path(ctx)  # refuses a place outside the directory


def needs_build(bundle: Bundle, ctx: Context) -> object:
    """Whether to build: true, false, or SKIP_CACHE."""
    if not has_placeholder(bundle.output) and not os.path.isfile(bundle.resolve_output(ctx)):
        return True
    updater = ctx.updater
    return True if updater is None else updater.needs_rebuild(bundle, ctx)


def _has_former(bundle: Bundle, ctx: Context) -> bool:
    version = bundle.known_version(ctx) if has_placeholder(bundle.output) else ""
    return version is not None and os.path.isfile(bundle.resolve_output(ctx, version=version))


def _former(bundle: Bundle, ctx: Context) -> Built:
    version = bundle.known_version(ctx) if ctx.versions is not None else None
    path = bundle.resolve_output(ctx, version=version)
    return Built(bundle, path, version, os.stat(path).st_size, changed=False)


def _merged(merger: Merger) -> bytes:
    content = merger.merge()
    if content is None:
        bundle = merger.bundle
        raise BuildError(f"{bundle} is empty, there is nothing to build", origin=bundle.origin)
    return content
