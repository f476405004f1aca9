"""
A request for something below a static view: from its path to an answer, for every server.

The order is law: method (405), decoding (400), permission (403, so that it tells nothing about what exists), the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable

from assetzcml.late import late_logger, logging
from assetzcml.records.assets import StaticViewRecord
from assetzcml.registry import Snapshot
from assetzcml.serving.entries import WHOLE, Entries, body_of, complete
from assetzcml.serving.files import LinkRefused, Refused
from assetzcml.serving.finding import BARE, KeyReader
from assetzcml.serving.looking import KeyFinding
from assetzcml.serving.paths import BadPath, Key, path_key
from assetzcml.serving.responses import (
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
    error,
    handed_over,
    page,
    redirect,
)
from assetzcml.serving.roots import TopNames

__all__ = ["Publication", "Steps", "settled"]

logger = late_logger("assetzcml")

# Why a request was refused, for who runs the site: at DEBUG, and asked for only then.
reasons = late_logger("assetzcml.serving")

# How often an asset is looked at again when it changes between the look and the sending.
ATTEMPTS = 3

# From a request to its answer, for who knows how to ask for a permission, and where to look at a disk.
Steps = Generator[StaticViewRecord, Answer | None, Answer | None]


def settled(steps: Steps, ask: Callable[[StaticViewRecord], Answer | None] = lambda record: None) -> Answer | None:
    """
    The answer that *steps* lead to; None when it is somebody else's.

    *ask* says how a permission is refused; None permits. Without one everything is permitted.
    """
    try:
        record = next(steps)
        while True:
            record = steps.send(ask(record))
    except StopIteration as ended:
        answer: Answer | None = ended.value
        return answer


class Publication(KeyReader):
    """One static view of a snapshot. It looks at files and answers; what is kept is kept by who asks."""

    def __init__(self, record: StaticViewRecord, snapshot: Snapshot):
        super().__init__(record, snapshot)
        self.top = TopNames(snapshot, [] if record.file else self._paths.candidates(record.root))

    def steps(
        self,
        asked: Asked,
        raw: bytes | None,
        *,
        location: Callable[[], str],
        entries: Entries,
        key: Hashable,
        whole: int = WHOLE,
        yields: bool = False,
        version: str | None = None,
    ) -> Steps:
        """
        From a request for the path *raw* below the view's name to its answer; None for *raw* is the bare name.

        Gives the record where its permission has to be asked for, and goes on with what `policy_answer` makes of the
        verdict. Nothing is looked for before that, but by a view that *yields*: that answers only what exists, and asks
        only then; None for the rest.
        *location* gives the URL of the same path with a slash. *key* is what the entry is kept by in *entries*. A body
        of more than *whole* bytes is a FileBody. *version* is that of a tree, which was in the URL.
        """
        record = self.record
        if asked.method not in ("GET", "HEAD"):
            self._tell("405", key, f"the method is {asked.method[:20]!a}")
            return None if yields else error(NOT_ALLOWED, record, ALLOW)
        if yields and version is None and raw and self.top.lacks(raw.decode("latin-1"), anew=self.reload):
            return None
        try:
            path = BARE if raw is None else path_key(raw, record.dotfiles)
        except BadPath as fault:
            self._tell("400", key, str(fault))
            return None if yields else error(BAD_REQUEST, record)
        if record.protected and not yields:
            refused = yield record
            if refused is not None:
                return self._unpermitted(refused, key)
        if path is None and yields:
            return None
        try:
            if path is None:
                self._tell("404", key, "no public asset has such a name: a dotfile, program source, or a dot segment")
                return self._missing(asked, entries, whole)
            if yields:
                found = self._ready(path, entries, key, version)
                if found in (KeyFinding.NOTHING, KeyFinding.STALE):
                    return None
                if record.protected:
                    refused = yield record
                    if refused is not None:
                        return self._unpermitted(refused, key)
            return self._answer(asked, path, location, entries, key, whole, version, yields)
        except OSError as problem:
            logger.error("static view %r: %s", record.name, problem.strerror)
            return error(UNAVAILABLE, record, RETRY_AFTER, NO_STORE)

    def _answer(
        self,
        asked: Asked,
        path: Key,
        location: Callable[[], str],
        entries: Entries,
        key: Hashable,
        whole: int,
        version: str | None,
        yields: bool,
    ) -> Answer:
        """The answer to who is permitted."""
        record = self.record
        for _ in range(ATTEMPTS):
            read_now: dict[str | None, bytes] = {}
            found = self._ready(path, entries, key, version, read_now)
            if found is KeyFinding.NOTHING and record.single_page and not yields and "." not in _last(path):
                found = self._page(record.single_page, entries, read_now)
                key = record.name, record.single_page
            if found is KeyFinding.NOTHING:
                if reasons.isEnabledFor(logging.DEBUG):
                    self._tell("404", key, self._why_not(path))
                return error(NOT_FOUND, record) if yields else self._missing(asked, entries, whole)
            if found is KeyFinding.STALE:
                self._tell("404", key, "the name is that of another version")
                return error(NOT_FOUND, record, NO_STORE)
            if found is KeyFinding.DIRECTORY:
                return redirect(location(), record)
            assert isinstance(found, Entry)
            if found.handed is not None:
                return handed_over(found, found.handed)
            answer = complete(asked, found, entries, key, whole, read_now)
            if answer is not None:
                return answer
            entries.drop(key)
        return error(UNAVAILABLE, record, RETRY_AFTER, NO_STORE)

    def _ready(
        self,
        path: Key,
        entries: Entries,
        key: Hashable,
        version: str | None,
        read_now: dict[str | None, bytes] | None = None,
    ) -> Entry | KeyFinding:
        """
        What *path* leads to: as it was kept, when that is fresh enough, else looked at anew and kept.

        Bytes that are read by the way are put into *read_now*, by their coding.
        """
        known = entries.ready.get(key)
        if known is not None and time.monotonic() < known.fresh and not self.reload:
            return known
        if version is None:
            found = self.find(path, known, read_now)
        else:
            found = self._of_version(path, known, read_now, version)
            if found is KeyFinding.NOTHING:  # or nothing that can be read: it may be there a moment later
                found = KeyFinding.STALE
        if isinstance(found, Entry) and found.fresh:
            entries.put(key, found)
        elif known is not None and not isinstance(found, Entry):  # what is young still knows former versions
            entries.drop(key)
        return found

    def _unpermitted(self, refused: Answer, key: Hashable) -> Answer:
        self._tell(refused.status[:3], key, f"the permission {self.record.permission!a} was not given")
        return refused

    def _tell(self, status: str, key: Hashable, why: str) -> None:
        """For the operator. A path is the client's: whatever is in it, it is written in printable ASCII."""
        if reasons.isEnabledFor(logging.DEBUG):
            reasons.debug("%s for %.500a of %s: %s", status, key, self.record, why)

    def _why_not(self, path: Key) -> str:
        """Why a path leads to nothing, in words; it is looked once more."""
        record = self.record
        spec = record.root if record.file else record.root.joined(path.parts)
        located = self._locate(spec)
        if located is None:
            return "no layer has it"
        if located.directory:
            return f"it is a directory, and has no {record.index}" if record.index else "it is a directory"
        if path.directory:
            return "it is a file, and has no slash behind it"
        try:
            self.look(located)
        except LinkRefused as refused:
            return f"{refused}; follow_symlinks would allow it"
        except Refused as refused:
            return str(refused)
        except OSError as problem:
            return problem.strerror or type(problem).__name__
        return "it was not there a moment ago"

    def _missing(self, asked: Asked, entries: Entries, whole: int) -> Answer:
        """A 404 with the body that the view has for it."""
        name = self.record.not_found
        if name:
            for _ in range(ATTEMPTS):
                read_now: dict[str | None, bytes] = {}
                found = self._page(name, entries, read_now)
                if not isinstance(found, Entry):
                    break
                answer = page(found, asked)
                if answer.part is None or answer.representation is None:
                    return answer
                key = self.record.name, name
                body = body_of(answer.representation, answer.part, found, entries, key, whole, read_now)
                if body is not None:
                    answer.body = body
                    return answer
                entries.drop(key)
        return error(NOT_FOUND, self.record)

    def _page(self, name: str, entries: Entries, read_now: dict[str | None, bytes]) -> Entry | KeyFinding:
        """An asset that stands for others: every client asks again whether it still does."""
        cache = "private, no-cache" if self.record.protected else "no-cache"
        spec = self.record.root.joined(name.split("/"))
        key = self.record.name, name
        known = entries.ready.get(key)
        if known is not None and time.monotonic() < known.fresh and not self.reload:
            return known
        located = self._locate(spec)
        if located is None or located.directory:
            return KeyFinding.NOTHING
        found = self._entry_of(located, spec, known, read_now, cache=cache)
        if isinstance(found, Entry) and found.fresh:
            entries.put(key, found)
        return found


def _last(path: Key) -> str:
    return path.parts[-1] if path.parts else ""
