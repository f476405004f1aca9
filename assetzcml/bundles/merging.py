"""The bytes of a bundle: sources through filters, joined. Nothing is written here but the cache."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from assetzcml.bundles.build_records import Input, full_digest_of
from assetzcml.bundles.bundle import Bundle
from assetzcml.bundles.cache import cache_key, filter_identity
from assetzcml.bundles.context import Context
from assetzcml.bundles.errors import BuildError
from assetzcml.bundles.filters import Filter
from assetzcml.bundles.freshness import input_at, input_holds
from assetzcml.bundles.joining import UNMAPPED, Join, Sections, Sheet
from assetzcml.bundles.levels import effective_level, merged_filters, selected
from assetzcml.bundles.sources import Remote, Source
from assetzcml.errors import ConfigurationError, Origin, Problem
from assetzcml.resolving.files import Signature

__all__ = ["Hunk", "Merger", "Piece"]


def fetch(url: str) -> bytes:
    """See `remote.fetch`, whose libraries are imported when something is downloaded: most processes never do."""
    from assetzcml.bundles.remote import fetch as download

    return download(url)


class Hunk(NamedTuple):
    """A piece of an output, as filters and versioners are given it."""

    content: bytes

    def data(self) -> bytes:
        return self.content


class Piece(NamedTuple):
    """
    A hunk on its way: what it is made from, for the filters' keyword arguments.

    *imports* are the places of the `@import`s at its top, *sections* what is known of where its lines come from.
    """

    content: bytes
    about: dict[str, Any]
    imports: tuple[Origin, ...] = ()
    sections: Sections = UNMAPPED


class Merger:
    """
    Makes the bytes of one bundle, once; keeps what was read for them.

    `sources` are the files of the contents in order, `depends` the declared ones and those that filters read.
    """

    def __init__(self, bundle: Bundle, ctx: Context):
        self.bundle = bundle
        self.ctx = ctx
        self.cache = ctx.cache
        self.read_cache = True
        self.lasting = True  # is it what the same sources always give?
        self.sources: list[Input] = []
        self._steps: dict[str, bytes] | None = None  # what the cache had
        self._used: dict[str, bytes] = {}  # what of it was of use, and what was added
        self.declared: list[Input] = []
        self.read_by_filters: dict[str, Input] = {}
        self.size = 0
        self._identities: dict[int, tuple[Filter, str | None]] = {}
        self._about = {
            "output": bundle.output,
            "output_path": os.path.join(ctx.directory, bundle.output),
            "output_url": ctx.url_of_output(str(bundle.output)) if ctx.get("url") is not None else None,
        }
        self._join = Join(bundle, ctx, self._about)

    @property
    def depends(self) -> tuple[Input, ...]:
        return (*self.declared, *{**self._join.read, **self.read_by_filters}.values())

    def merge(self) -> bytes | None:
        """The bytes; None when the bundle has no content at all. Raises BuildError, BundleError and FilterError."""
        merged = self._merge(self.bundle, self.ctx, self.ctx.environment.debug, {}, self.ctx.extra_filters)
        self._join.check_modules()
        return self._join.with_map(*merged) if merged is not None else None

    def _merge(
        self,
        bundle: Bundle,
        ctx: Context,
        level_above: bool | str,
        above: Mapping[Filter, Context],
        extra: Sequence[Filter],
    ) -> tuple[bytes, Sections] | None:
        """*above* are the filters of the bundles around this one, with the context in which each was declared."""
        own = merged_filters(bundle.chain(ctx.environment), extra)
        level = effective_level(bundle.debug, own, level_above)
        level = False if level is True else level  # a build has nothing else to do there than in production
        passed_down = {**dict.fromkeys(own, ctx), **{one: where for one, where in above.items() if one not in own}}
        running = self._running(dict.fromkeys(own, ctx), level)
        inputs = running + self._running({one: where for one, where in above.items() if one not in own}, level)
        for number, bound in enumerate(inputs):
            bound.follow(inputs[:number])
        stamp = self._depends_of(bundle, ctx)
        maps = _wants_map(ctx, level)
        reads = bool(inputs) and self._only(inputs, "open") is not None
        pieces: list[Piece] = []
        for found in bundle.resolve_contents(ctx):
            if isinstance(found, Source):
                content, signature = self._read(found)
                self.sources.append(Input(ctx.name_of(found), full_digest_of(content), signature))
                # Before it, and in the midst of it, the style sheets that it imports and that no browser would.
                sheets = [Sheet(found, content)] if reads else self._join.sheets(found, content)
                for sheet in sheets:
                    piece = self._source(sheet, signature, inputs, stamp, ctx)
                    pieces.append(self._mapped(piece, found, content) if maps else piece)
            elif isinstance(found, Remote):
                pieces.append(self._remote(found, inputs, stamp, ctx))
            else:
                merged = self._merge(found, ctx.inside(found), level, passed_down, ())
                if merged is not None:
                    pieces.append(Piece(merged[0], {}, sections=merged[1]))
        if not pieces:
            return None
        content, sections = self._concatenated(pieces, inputs, stamp)
        made = self._transformed("output", running, content, {}, stamp)
        return made, sections if made is content else UNMAPPED

    def _depends_of(self, bundle: Bundle, ctx: Context) -> str:
        """The state of what *bundle* depends on, for the keys of its cached results."""
        digests = []
        for source in bundle.resolve_depends(ctx):
            content, signature = self._read(source)
            self.declared.append(Input(ctx.name_of(source), full_digest_of(content), signature))
            digests.append(self.declared[-1].digest)
        return cache_key(*digests)

    def _mapped(self, piece: Piece, source: Source, content: bytes) -> Piece:
        """*piece* with what is known of its lines, where neither a filter nor an import has changed *content*."""
        if piece.content != content:
            return piece
        return piece._replace(sections=self._join.mapped(source, content, piece.about["source_url"]))

    def _source(
        self, sheet: Sheet, signature: Signature | None, filters: Sequence[Filter], stamp: str, ctx: Context
    ) -> Piece:
        source, content, imports = sheet
        self.size += len(content)
        about = {"source": source.item, "source_path": source.path, "source_url": ctx.plain_url_of_source(source)}
        if source.spec is not None:
            about["source_spec"] = source.spec
        made = content
        if filters:
            opened = self._opened(source, content, signature, filters, about, stamp)
            made = self._transformed("input", filters, content if opened is None else opened, about, stamp)
        self._join.look_for_modules(about, content, made, filters)
        return Piece(made, about, imports)

    def _read(self, source: Source) -> tuple[bytes, Signature | None]:
        try:
            return source.read()
        except OSError as error:
            message = f"{self.bundle}: the source {source.item!r} cannot be read: {error}"
            raise BuildError(message, origin=self.bundle.origin, exception=error) from error

    def _remote(self, remote: Remote, filters: Sequence[Filter], stamp: str, ctx: Context) -> Piece:
        if not ctx.allow_remote:
            message = f"{self.bundle}: {remote.url!r} among the contents would be downloaded"
            hint = "set allow_remote, or leave it out of what is merged"
            raise BuildError(message, origin=self.bundle.origin, hint=hint)
        content = fetch(remote.url)
        self.size += len(content)
        about = {"source": remote.url, "source_path": remote.url, "source_url": remote.url}
        made = self._transformed("input", filters, content, about, stamp)
        self._join.look_for_modules(about, content, made, filters)
        return Piece(made, about)

    def _opened(
        self,
        source: Source,
        content: bytes,
        signature: Signature | None,
        filters: Sequence[Filter],
        about: dict[str, Any],
        stamp: str,
    ) -> bytes | None:
        """What the filter that reads sources itself makes of this one; None when there is no such filter."""
        opener = self._only(filters, "open")
        if opener is None:
            return None
        path = source.path
        if path is None:
            raise BuildError(f"{self.bundle}: {opener!r} reads files, and {source.item!r} lies in an archive")
        others = {name: value for name, value in about.items() if name != "source_path"}

        def work(out: io.BytesIO, depends: list[str]) -> bool:
            opener.open(out, path, **self._about, **others, depends=depends)
            # Another file than the one whose bytes are in the key: right for now, and not to be kept.
            with contextlib.suppress(OSError):
                return Signature.of(os.stat(path)) == signature
            return False

        return self._cached("open", [opener], [content], {**about}, stamp, work)

    def _transformed(
        self, method: str, filters: Sequence[Filter], content: bytes, about: dict[str, Any], stamp: str
    ) -> bytes:
        chain = [one for one in filters if getattr(one, method, None) is not None]
        if not chain:
            return content

        def work(out: io.BytesIO, depends: list[str]) -> bool:
            data = content
            for one in chain:
                step = io.BytesIO()
                getattr(one, method)(io.BytesIO(data), step, **self._about, **about, depends=depends)
                data = step.getvalue()
            out.write(data)
            return True

        return self._cached(method, chain, [content], about, stamp, work)

    def _concatenated(self, pieces: Sequence[Piece], filters: Sequence[Filter], stamp: str) -> tuple[bytes, Sections]:
        joiner = self._only(filters, "concat")
        if joiner is None:
            return self._join.joined(pieces)
        hunks = [(Hunk(piece.content), piece.about) for piece in pieces]
        names = [str(piece.about.get("source", "")).encode("utf-8", "surrogateescape") for piece in pieces]

        def work(out: io.BytesIO, depends: list[str]) -> bool:
            joiner.concat(out, hunks, **self._about, depends=depends)
            return True

        content = self._cached("concat", [joiner], [*(p.content for p in pieces), *names], {}, stamp, work)
        return content, UNMAPPED

    def _only(self, filters: Sequence[Filter], method: str) -> Any:
        able = [one for one in filters if getattr(one, method, None) is not None]
        if len(able) > 1:
            names = ", ".join(repr(one.name) for one in able)
            message = f"{self.bundle}: the filters {names} cannot be combined, each of them does {method!r} by itself"
            raise BuildError(message, origin=self.bundle.origin)
        return able[0] if able else None

    def _cached(
        self,
        method: str,
        filters: Sequence[Filter],
        contents: Sequence[bytes],
        about: dict[str, Any],
        stamp: str,
        work: Callable[[io.BytesIO, list[str]], bool],
    ) -> bytes:
        """What *work* writes, or wrote before on the same input and with the same files read besides."""
        key = self._key(method, filters, contents, about, stamp) if self.cache is not None else None
        if key is not None:
            kept = self._kept(key) if self.read_cache else None
            if kept is not None:
                return kept
        out = io.BytesIO()
        depends: list[str] = []
        started = time.time()
        try:
            lasting = work(out, depends)
        except Exception as error:
            where = f" on {about['source']!r}" if "source" in about else ""
            raise self._complaint(error, filters, where) from error
        self.lasting = self.lasting and lasting
        content = out.getvalue()
        read = [input_at(name, self.ctx, started) for name in dict.fromkeys(depends)]
        self.read_by_filters.update((entry.name, entry) for entry in read)
        if key is not None and lasting and all(entry.digest for entry in read):
            self._used[key] = _packed(read, content)
        return content

    def keep(self, finished: bool) -> None:
        """
        Put the results of the filters into the cache, all of a bundle in one entry.

        What was of no use is dropped, once the build has *finished*. The lock of the output is held.
        """
        known = self._steps or {}
        results = self._used if finished else {**known, **self._used}
        if self.cache is not None and results != known:
            self.cache.set(self._place(), _packed_steps(results))

    def _place(self) -> str:
        return cache_key("steps", str(self.bundle.output))

    def _known_steps(self) -> dict[str, bytes]:
        if self._steps is None:
            value = self.cache.get(self._place())
            self._steps = _unpacked_steps(value) if value else {}  # a cache of ones own may say a miss otherwise
        return self._steps

    def _kept(self, key: str) -> bytes | None:
        value = self._known_steps().get(key)
        if value is None:
            return None
        read, content = _unpacked(value)
        if not all(input_holds(entry, self.ctx) for entry in read):
            return None
        self._used[key] = value
        self.read_by_filters.update((entry.name, entry) for entry in read)
        return content

    def _key(
        self, method: str, filters: Sequence[Filter], contents: Sequence[bytes], about: dict[str, Any], stamp: str
    ) -> str | None:
        """The key of a result; None where a filter cannot be named."""
        identities = [identity for identity in map(self._identity, filters) if identity is not None]
        if len(identities) < len(filters):
            return None
        keywords = {**self._about, **about}
        more = [repr(one.get_additional_cache_keys(**keywords)) for one in filters]
        circumstances = repr(sorted((word, self._portable(word, value)) for word, value in keywords.items()))
        return cache_key(method, stamp, str(len(filters)), *identities, *more, circumstances, *contents)

    def _portable(self, word: str, value: Any) -> Any:
        """A keyword argument as part of a key, which is the same in every place that the directory is moved to."""
        is_path = word.endswith("_path") and isinstance(value, str) and os.path.isabs(value)
        return self.ctx.name_of(value) if is_path else value

    def _identity(self, bound: Filter) -> str | None:
        if id(bound) not in self._identities:
            self._identities[id(bound)] = bound, filter_identity(bound)  # with the filter: ids of dead ones are reused
        return self._identities[id(bound)][1]

    def _running(self, filters: Mapping[Filter, Context], level: bool | str) -> list[Filter]:
        """Those of *filters*, each declared in a context, that run at *level*, bound: a setting may lower a filter's own."""
        return selected([self._bound(one, filters[one]) for one in selected(list(filters), level)], level)

    def _bound(self, one: Filter, ctx: Context) -> Filter:
        try:
            return one.bind(ctx)
        except Exception as error:
            raise self._complaint(error, [one], "") from error

    def _complaint(self, error: Exception, filters: Sequence[Filter], where: str) -> BuildError:
        """What a filter says, or raised, and which bundle it was about."""
        declared = self.bundle.origin
        if not isinstance(error, ConfigurationError):
            names = ", ".join(repr(one.name or type(one).__name__) for one in filters)
            message = f"{self.bundle}: the filter {names} failed{where}: {type(error).__name__}: {error}"
            return BuildError(message, origin=declared, exception=error)
        problems = []
        for problem in error.problems:
            also = (*problem.also, ("in the bundle declared at", declared)) if declared is not None else problem.also
            message = problem.message if declared is not None else f"{self.bundle}: {problem.message}"
            problems.append(Problem(problem.origin, message, problem.hint, exception=problem.exception, also=also))
        return BuildError(*problems)


def _wants_map(ctx: Context, level: bool | str) -> bool:
    """Are the sources of the lines of an output to be known? Unless somebody says, where it is only merged."""
    said = ctx.source_maps
    return level == "merge" if said is None else said


def _packed(read: Sequence[Input], content: bytes) -> bytes:
    """A cached result, after the files that were read for it."""
    head = "".join(f"{entry.digest} {entry.name}\0" for entry in read).encode("utf-8", "surrogateescape")
    return b"%d:%b%b" % (len(head), head, content)


def _unpacked(value: bytes) -> tuple[list[Input], bytes]:
    length, _, rest = value.partition(b":")
    head, content = rest[: int(length)].decode("utf-8", "surrogateescape"), rest[int(length) :]
    entries = [entry.partition(" ") for entry in head.split("\0") if entry]
    return [Input(name, digest) for digest, _, name in entries], content


def _packed_steps(steps: Mapping[str, bytes]) -> bytes:
    return b"".join(b"%b %d:%b" % (key.encode("ascii"), len(value), value) for key, value in steps.items())


def _unpacked_steps(value: bytes) -> dict[str, bytes]:
    """The results of `_packed_steps`; none for anything else."""
    steps, at = {}, 0
    try:
        while at < len(value):
            colon = value.index(b":", at)
            key, length = value[at:colon].split(b" ")
            at = colon + 1 + int(length)
            steps[key.decode("ascii")] = value[colon + 1 : at]
    except ValueError:
        return {}
    return steps
