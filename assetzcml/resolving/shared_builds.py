"""
Builds that many hosts share, at the destination of their store of contents: what one has made, the others take.

    builds/<key>       who is making it, and what was made of these sources: digests of outputs, and of what was read besides
    objects/ab/cdef…   the outputs

Who comes first claims the key, created only, and says so again while it builds; the others wait for as long as it does. A claim
is no lock: two that build at once put the same object, or two. Nothing is believed that has not the digest which is its name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, NamedTuple

from assetzcml.late import in_event_loop, json, logging
from assetzcml.resolving.breakers import Breaker, Unreachable
from assetzcml.resolving.destinations import Destination, Listed
from assetzcml.resolving.objects import is_digest

__all__ = ["FOLDER", "Claim", "SharedBuilds", "SharedOutput", "outputs_in"]

FOLDER = "builds"
BEAT = 10.0  # seconds after which a host that builds says so again
PATIENCE = 30.0  # seconds without that, after which a host that waits takes over
LONGEST = 600.0  # seconds that a host waits at all, before it builds for itself
STALE = 60.0  # seconds by the clock of the destination after which a claim is taken over at once; clocks differ
FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 0.05, 1.6, 2.0  # seconds between two looks
RENEWED = 86_400.0  # seconds after which a host that takes an output says that it is still of use
SCHEMA = 1
MOST = 8  # outputs of one key that are remembered: they differ in what filters have read
LARGEST = 1 << 20  # bytes of what is said about a key
OBJECT = {"Content-Type": "application/octet-stream", "Cache-Control": "public, max-age=31536000, immutable"}
HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}

Read = tuple[tuple[str, str], ...]  # names and digests of what filters have read besides


class SharedOutput(NamedTuple):
    """One output: the digest of its bytes, and what was read for it besides what the key covers."""

    digest: str
    read: Read


class _Said(NamedTuple):
    """What is said about a key."""

    claim: str | None
    outputs: tuple[SharedOutput, ...]

    def is_of(self, token: str) -> bool:
        """Was it claimed with this, at first or again?"""
        return self.claim is not None and self.claim.partition(".")[0] == token

    def packed(self) -> bytes:
        outputs = [{"output": each.digest, "read": [list(pair) for pair in each.read]} for each in self.outputs]
        said = {"schema": SCHEMA, "claim": self.claim, "outputs": outputs}
        return json.dumps(said, separators=(",", ":"), sort_keys=True).encode()


class _Newer(Exception):
    """It was said by a newer version, whose it stays."""


class Claim:
    """
    What this host has said: that it makes the output. Used in a `with`; whose output is not given by `finish` gives it back.
    """

    def __init__(self, builds: SharedBuilds, key: str, token: str):
        self._builds = builds
        self._key = key
        self._token = token
        self._output: tuple[bytes, Read] | None = None
        self._ended = threading.Event()
        self._saying = threading.Thread(target=self._say_again, daemon=True)

    def finish(self, content: bytes, read: Iterable[tuple[str, str]]) -> None:
        """Let *content*, for which these files were read besides, be what the others take."""
        self._output = content, tuple(read)

    def _say_again(self) -> None:
        beat = 0
        while not self._ended.wait(BEAT):
            beat += 1
            self._builds.say_again(self._key, self._token, beat)

    def __enter__(self) -> Claim:
        self._saying.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ended.set()
        self._saying.join()
        self._builds.end(self._key, self._token, self._output)


class SharedBuilds:
    """The builds at the destination that *connect* gives when it is first needed. Raises nothing: what fails is built here."""

    def __init__(self, connect: Callable[[], Destination], wait: Callable[[float], object] = time.sleep):
        self._connect = connect
        self._wait = wait
        self._destination: tuple[int, Destination] | None = None
        self._breaker = Breaker("each host builds its bundles for itself", (Exception,))

    def begin(self, key: str, holds: Callable[[Read], bool]) -> tuple[bytes, Read] | Claim | None:
        """
        The bytes of an output that was made of the same, and what was read for it, all of which *holds* here; else the
        claim to make it, or None: it is made here, and nobody told. In an event loop nobody is asked.
        """
        if in_event_loop():
            return None
        try:
            return self._begun(key, holds)
        except (Unreachable, _Newer):
            return None

    def _begun(self, key: str, holds: Callable[[Read], bool]) -> tuple[bytes, Read] | Claim | None:
        token = secrets.token_hex(16)
        now = time.monotonic()
        end, until, pause = now + LONGEST, now, FIRST_PAUSE
        seen: str | None = None
        while True:
            before, said = self._look(key)
            if said.is_of(token):
                return Claim(self, key, token)
            fitting = next((each for each in said.outputs if holds(each.read)), None)
            content = None if fitting is None else self._object(fitting.digest)
            if fitting is not None and content is not None:
                self._renew(key, before, said)
                return content, fitting.read
            now = time.monotonic()
            if now >= end:
                return None
            if said.claim != seen:
                seen, until = said.claim, now + PATIENCE
            dead = before is not None and time.time() - before.modified > STALE
            if said.claim is None or dead or now >= until:
                mine = _Said(token, tuple(each for each in said.outputs if each is not fitting))
                if self._ask(lambda target: target.swap(_path(key), mine.packed(), HEADERS, before)):  # noqa: B023
                    return Claim(self, key, token)
            self._wait(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    def say_again(self, key: str, token: str, beat: int) -> None:
        """Let who waits for the claim of *token* know that it is made still."""
        with contextlib.suppress(Unreachable, _Newer):
            before, said = self._look(key)
            if said.is_of(token):
                content = said._replace(claim=f"{token}.{beat}").packed()
                self._ask(lambda target: target.swap(_path(key), content, HEADERS, before))

    def end(self, key: str, token: str, output: tuple[bytes, Read] | None) -> None:
        """Give a claim back, with what was made where something was, and could be put."""
        made = None
        if output is not None:
            with contextlib.suppress(Unreachable):
                made = SharedOutput(self._put(output[0]), output[1])
        with contextlib.suppress(Unreachable, _Newer):
            before, said = self._look(key, anyway=True)
            if not said.is_of(token):
                return  # another one has taken over, and ends it
            outputs = said.outputs
            if made is not None:
                outputs = (made, *(each for each in outputs if each.read != made.read))[:MOST]
            content = _Said(None, outputs).packed()
            self._ask(lambda target: target.swap(_path(key), content, HEADERS, before))

    def _put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = _object_path(digest)
        is_new = self._ask(lambda target: target.create(path, content, OBJECT))
        if not is_new and self._ask(lambda target: target.read(path)) != content:
            self._ask(lambda target: target.put(path, content, OBJECT))
        return digest

    def _object(self, digest: str) -> bytes | None:
        content: bytes | None = self._ask(lambda target: target.read(_object_path(digest)))
        if content is not None and hashlib.sha256(content).hexdigest() != digest:
            logging.getLogger("assetzcml").warning(
                "the store of contents has an object that has not the digest %s that is its name", digest[:12]
            )
            return None
        return content

    def _renew(self, key: str, before: Listed | None, said: _Said) -> None:
        if before is not None and time.time() - before.modified > RENEWED:
            self._ask(lambda target: target.swap(_path(key), said.packed(), HEADERS, before))

    def _look(self, key: str, anyway: bool = False) -> tuple[Listed | None, _Said]:
        """
        What is there, and what it says; *anyway*: also where the destination has just failed, which others need not wait
        for. What changes in between is not what is swapped later.
        """
        before = self._ask(lambda target: target.look(_path(key)), anyway)
        if before is None or before.size > LARGEST:
            return before, _Said(None, ())
        return before, _said(self._ask(lambda target: target.read(_path(key))))

    def _ask(self, question: Callable[[Destination], Any], anyway: bool = False) -> Any:
        return self._breaker.ask(lambda: question(self._of()), anyway)

    def _of(self) -> Destination:
        """The destination; a process that was forked has one of its own."""
        if self._destination is None or self._destination[0] != os.getpid():
            self._destination = os.getpid(), self._connect()
        return self._destination[1]


def outputs_in(content: bytes | None) -> list[str] | None:
    """The digests of the outputs that are said in a file below `builds`. None where a newer version says them."""
    try:
        return [each.digest for each in _said(content).outputs]
    except _Newer:
        return None


def _said(content: bytes | None) -> _Said:
    """What *content* says; what is nothing that we say is nothing. Raises _Newer."""
    try:
        said = json.loads(content or b"{}")
        if isinstance(said["schema"], int) and said["schema"] > SCHEMA:
            raise _Newer
        outputs = [
            SharedOutput(each["output"], tuple((name, digest) for name, digest in each["read"]))
            for each in said["outputs"]
        ]
        texts = [text for each in outputs for text in (each.digest, *(part for pair in each.read for part in pair))]
        claim = said["claim"]
        if not all(isinstance(text, str) for text in (*texts, claim or "")):
            raise TypeError
        return _Said(claim or None, tuple(each for each in outputs if is_digest(each.digest)))
    except (ValueError, KeyError, TypeError, RecursionError):
        return _Said(None, ())


def _path(key: str) -> str:
    return f"{FOLDER}/{key}"


def _object_path(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest[2:]}"
