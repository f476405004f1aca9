"""
What was frozen, answered from its manifest alone: no source is looked at, no directory, and no name but those that were frozen.

The contents lie under their digests and never change, so what is kept of them holds for ever; the digest is compared when a
content is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from math import inf
from typing import Any

from assetzcml.late import late_logger
from assetzcml.resolving.digests import without_digest
from assetzcml.resolving.fingerprints import fingerprint
from assetzcml.resolving.frozen import AtPath, FrozenRelease
from assetzcml.serving.beginnings import EVERYTHING, Beginnings
from assetzcml.serving.conditions import Validators
from assetzcml.serving.entries import WHOLE, Entries, body_of, complete
from assetzcml.serving.paths import BadPath, Key, path_key, wsgi_bytes
from assetzcml.serving.responses import (
    ACCEPT_RANGES,
    ALLOW,
    BAD_REQUEST,
    NO_STORE,
    NOT_ALLOWED,
    NOT_FOUND,
    RETRY_AFTER,
    UNAVAILABLE,
    Answer,
    Asked,
    Entry,
    Header,
    Representation,
    error,
    handed_over,
    page,
    redirect,
)
from assetzcml.serving.variants import CodedFile, Location
from assetzcml.urls.cachebusters import segment_version

__all__ = ["FrozenSite"]

logger = late_logger("assetzcml")

DIGEST = 12  # hex digits of a digest that an ETag has, as everywhere


class FrozenView:
    """What a static view said of requests when it was frozen: as much of a `StaticViewRecord` as answers and policies read."""

    __slots__ = (
        "cache_max_age", "content_encodings", "external", "file", "headers", "index", "matched_headers", "name",
        "not_found", "permission", "send", "single_page",
    )  # fmt: skip

    def __init__(self, said: dict[str, Any], codings: list[str]):
        self.name: str = said.get("name", "")
        self.file: bool = said.get("file", False)
        self.index: str = said.get("index", "")
        self.not_found: str = said.get("not_found", "")
        self.single_page: str = said.get("single_page", "")
        self.permission: str | None = said.get("permission")
        self.cache_max_age: int = said.get("cache_max_age", 0)
        self.headers: tuple[Header, ...] = tuple((name, value) for name, value in said.get("headers", ()))
        self.matched_headers: tuple[Any, ...] = ()
        self.content_encodings = tuple(codings)
        self.external = "//" in self.name
        self.send: tuple[str, str] | None = tuple(said["send"]) if said.get("send") else None

    @property
    def protected(self) -> bool:
        return self.permission is not None

    def __str__(self) -> str:
        return f"{'staticFile' if self.file else 'staticView'} {self.name or '/'!r}"


class FrozenPublication:
    """One static view as it was frozen, for who asks which view has a path."""

    def __init__(self, view: FrozenView, number: int):
        self.record: Any = view
        self.number = number
        self.reload = False


Steps = Generator[Any, "Answer | None", "Answer | None"]


class FrozenSite:
    """All that was frozen, asked as `assetzcml.serving.sites.Site` is."""

    def __init__(self, release: FrozenRelease):
        self.release = release
        codings = release.about.get("codings", [])
        views = [FrozenView(said, codings) for said in release.about["views"]]
        local = {
            view.name.encode("utf-8").decode("latin-1"): FrozenPublication(view, number)
            for number, view in enumerate(views)
            if not view.external
        }
        self._root = local.pop("", None)
        self._routes = local
        self._depth = max((name.count("/") + 1 for name in local), default=0)
        firsts = ("/" + name.partition("/")[0] for name in local)
        self.beginnings = Beginnings.of(firsts) if self._root is None else EVERYTHING

    def route(self, path: str) -> tuple[FrozenPublication, str | None] | None:
        """The view that *path* belongs to, and the path below its name; None for that is the name itself."""
        if path[:1] == "/":
            end = len(path)
            segments = path.split("/", self._depth + 1)
            for count in range(min(self._depth, len(segments) - 1), 0, -1):
                name = "/".join(segments[1 : count + 1])
                found = self._routes.get(name)
                if found is not None:
                    end = len(name) + 1
                    return found, path[end + 1 :] if end < len(path) else None
        if self._root is None:
            return None
        return self._root, path.removeprefix("/") if path else None

    def meant(self, path: str) -> tuple[FrozenPublication, str | None, str | None] | None:
        """The same; a version is part of a name here."""
        found = self.route(path)
        return None if found is None else (*found, None)

    def unversioned(self, path: str) -> str | None:
        """The path without the version or the digest that a name for ever has; None for any other."""
        found = self.route(path)
        if found is None or not found[1]:
            return None
        publication, rest = found
        assert rest is not None
        try:
            key = path_key(wsgi_bytes(rest), dotfiles=True)
        except BadPath:
            return None
        at = None if key is None else self.release.at(self._name(publication, key))
        if at is None or not at.forever:
            return None
        off = segment_version(rest)
        directory, slash, name = rest.rpartition("/")
        split = without_digest(name) if off is None else None
        plain = off[0] if off is not None else f"{directory}{slash}{split[0]}" if split is not None else None
        return None if plain is None else f"{path[: len(path) - len(rest)]}{plain}"

    def is_root(self, publication: FrozenPublication) -> bool:
        return publication is self._root

    def asks_first(self, path: str, has_fallback: bool) -> bool:
        found = self.route(path)
        return found is not None and found[0].record.protected and not (has_fallback and self.is_root(found[0]))

    def is_known_to_lack(self, path: str) -> bool:
        return False

    def steps(
        self,
        path: str,
        asked: Asked,
        *,
        location: Callable[[], str],
        entries: Entries,
        has_fallback: bool,
        whole: int = WHOLE,
    ) -> Steps | None:
        """The steps to the answer, as `Publication.steps`; None when no view has the path."""
        found = self.route(path)
        if found is None:
            return None
        return self._steps(found[0], found[1], path, asked, location, entries, has_fallback, whole)

    def _steps(
        self,
        publication: FrozenPublication,
        rest: str | None,
        path: str,
        asked: Asked,
        location: Callable[[], str],
        entries: Entries,
        has_fallback: bool,
        whole: int,
    ) -> Steps:
        record = publication.record
        yields = has_fallback and self.is_root(publication)
        if asked.method not in ("GET", "HEAD"):
            return None if yields else error(NOT_ALLOWED, record, ALLOW)
        try:
            key = Key((), False) if rest is None else path_key(wsgi_bytes(rest), dotfiles=True)
        except BadPath:
            return None if yields else error(BAD_REQUEST, record)
        if record.protected and not yields:
            refused = yield record
            if refused is not None:
                return refused
        try:
            found = None if key is None else self._entry(publication, key, path, entries)
            if found is None and yields:
                return None
            if found is not None and record.protected and yields:
                refused = yield record
                if refused is not None:
                    return refused
            if found is None:
                return self._missing(publication, key, asked, entries, whole)
            if found is DIRECTORY:
                return redirect(location(), record)
            assert isinstance(found, Entry)
            if found.handed is not None:
                return handed_over(found, found.handed)
            answer = complete(asked, found, entries, path, whole)
            if answer is None:  # another name of the content has changed what `stat` says of it
                entries.drop(path)
                found = self._entry(publication, key, path, entries) if key is not None else None
                answer = complete(asked, found, entries, path, whole) if isinstance(found, Entry) else None
        except OSError as problem:
            logger.error("static view %r: %s", record.name, problem.strerror)
            answer = None
        if answer is None:
            entries.drop(path)
            logger.error("static view %r: the content of %.500a is missing or damaged", record.name, path)
            return error(UNAVAILABLE, record, RETRY_AFTER, NO_STORE)
        return answer

    def _name(self, publication: FrozenPublication, key: Key) -> str:
        return "/".join([*([publication.record.name] if publication.record.name else []), *key.parts])

    def _entry(self, publication: FrozenPublication, key: Key, path: str, entries: Entries) -> Entry | object | None:
        """What a key leads to: an entry, DIRECTORY for one that has an index and was asked without its slash, or None."""
        known = entries.ready.get(path)
        if known is not None:
            return known
        record = publication.record
        name = self._name(publication, key)
        if record.file:
            at = self.release.at(record.name) if not key.parts and not key.directory else None
        elif key.directory or not key.parts:
            at = self.release.at(f"{name}/{record.index}".lstrip("/")) if record.index else None
            if at is not None and not key.directory:
                return DIRECTORY
        else:
            at = self.release.at(name)
            if at is None and record.index and self.release.at(f"{name}/{record.index}") is not None:
                return DIRECTORY
        if at is None or at.view != publication.number:
            return None
        entry = self._made(record, at)
        entries.put(path, entry)
        return entry

    def _made(self, record: Any, at: AtPath) -> Entry:
        """The entry of a content. Raises OSError where it is not there."""
        shared = [(name, value) for name, value in at.headers]
        representations = [self._representation(at.object, at.size, None, shared)]
        for coding, digest, size in at.variants:
            representations.append(self._representation(digest, size, coding, shared))
        entry = Entry(record, representations, at.object, immutable=at.forever)
        if record.send is not None:
            name, prefix = record.send
            place = self.release.object_path(at.object)
            below = place[len(self.release.directory) + len("/objects") :]
            entry.handed = name, f"{prefix.rstrip('/')}{below}" if prefix else place
        entry.fresh = inf
        entry.until = 0.0 if record.protected or entry.handed is not None else inf
        return entry

    def _representation(self, digest: str, size: int, coding: str | None, shared: list[Header]) -> Representation:
        path = self.release.object_path(digest)
        status = os.stat(path)
        root, *parts = path.rsplit("/", 2)
        version = fingerprint(status)
        source = CodedFile(coding, Location(root, tuple(parts)), status.st_size, None, version, digest[:DIGEST])
        etag = f'"{digest[:DIGEST]}-{coding}"' if coding else f'"{digest[:DIGEST]}"'
        headers: list[Header] = [("Content-Length", str(size)), ("ETag", etag), ACCEPT_RANGES, *shared]
        if coding is not None:
            headers.append(("Content-Encoding", coding))
        kept = [header for header in headers if header[0].lower() not in _OF_THE_BODY]
        return Representation(source, Validators(etag, None, None), headers, kept)

    def _missing(
        self, publication: FrozenPublication, key: Key | None, asked: Asked, entries: Entries, whole: int
    ) -> Answer:
        """A 404, with the page that the view has for it, or the page of a single-page application."""
        record = publication.record
        if record.single_page and key is not None and "." not in (key.parts[-1] if key.parts else ""):
            found = self._page(publication, record.single_page, entries)
            if found is not None:
                answer = complete(asked, found, entries, (record.name, record.single_page), whole)
                if answer is not None:
                    return answer
        found = self._page(publication, record.not_found, entries) if record.not_found else None
        if found is not None:
            answer = page(found, asked)
            if answer.part is None or answer.representation is None:
                return answer
            body = body_of(answer.representation, answer.part, found, entries, (record.name, record.not_found), whole)
            if body is not None:
                answer.body = body
                return answer
        return error(NOT_FOUND, record)

    def _page(self, publication: FrozenPublication, name: str, entries: Entries) -> Entry | None:
        """An asset that stands for others: every client asks again whether it still does."""
        record = publication.record
        known = entries.ready.get((record.name, name))
        if known is not None:
            return known
        at = self.release.at("/".join([*([record.name] if record.name else []), name]))
        if at is None:
            return None
        life = "private, no-cache" if record.protected else "no-cache"
        headers = [[key, life if key == "Cache-Control" else value] for key, value in at.headers]
        entry = self._made(record, at._replace(headers=headers))
        entries.put((record.name, name), entry)
        return entry


DIRECTORY = object()

# What a 304 does not say: it speaks of bytes, or repeats what the ETag says.
_OF_THE_BODY = frozenset(
    [
        "content-length",
        "content-type",
        "content-encoding",
        "content-language",
        "accept-ranges",
        "x-content-type-options",
    ]
)
