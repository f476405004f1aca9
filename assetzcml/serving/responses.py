"""
What is answered: status, headers, and which bytes. Decided from what there is and what was asked for.

Everything that an answer says about an asset is written down once, when the asset is looked at. No I/O here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assetzcml.permissions import Verdict
from assetzcml.records.assets import AssetSpec, StaticViewRecord
from assetzcml.records.media_types import content_type
from assetzcml.serving.codings import choose_coding
from assetzcml.serving.conditions import NOT_MODIFIED, PRECONDITION_FAILED, Validators, evaluate, range_applies
from assetzcml.serving.files import FileBody
from assetzcml.serving.ranges import UnsatisfiableRange, byte_range, content_range
from assetzcml.serving.variants import CodedFile

__all__ = [
    "YEAR",
    "Answer",
    "Asked",
    "Entry",
    "Header",
    "Representation",
    "decide",
    "error",
    "partial_headers",
    "policy_answer",
    "redirect",
]

Header = tuple[str, str]

YEAR = 31536000  # seconds; what "never changes" is written as (RFC 9111 knows no for ever, HTTP/1.0 knew a year)

# Accept-Encoding headers whose choice an entry remembers, and their characters. Browsers of one year send four
# different ones, of some twenty characters.
REMEMBERED = 8
LONGEST = 128

# 1980-01-01T00:00:01, the last of the times that tools of reproducible builds stamp all files with: 0, 1, the first
# moment of a zip archive, and the one after it (Nix, Bazel, buildpacks).
LAST_STAMP = 315532801

OK = "200 OK"
PARTIAL = "206 Partial Content"
MOVED = "301 Moved Permanently"
UNCHANGED = "304 Not Modified"
BAD_REQUEST = "400 Bad Request"
FORBIDDEN = "403 Forbidden"
NOT_FOUND = "404 Not Found"
NOT_ALLOWED = "405 Method Not Allowed"
FAILED = "412 Precondition Failed"
UNSATISFIABLE = "416 Range Not Satisfiable"
UNAVAILABLE = "503 Service Unavailable"

NOSNIFF = ("X-Content-Type-Options", "nosniff")
TEXT = ("Content-Type", "text/plain; charset=utf-8")
ACCEPT_RANGES = ("Accept-Ranges", "bytes")
ALLOW = ("Allow", "GET, HEAD")
NO_STORE = ("Cache-Control", "no-store")
RETRY_AFTER = ("Retry-After", "1")  # seconds: descriptors come back as soon as other answers are sent

# What a 404 does not say; and what a front server says of the file that it sends.
_OF_WHAT_IS_THERE = frozenset(["etag", "last-modified", "accept-ranges"])
_OF_THE_FRONT = frozenset(["etag", "last-modified", "accept-ranges", "content-encoding"])

NO_TYPES: Mapping[str, str] = {}

# Headers of ours that an author's replace (Vary is added to); an error has its own, or none.
_OF_AN_ASSET = frozenset(["cache-control", "expires", "vary"])


class Asked:
    """What of a request decides about the answer: the method and the headers, None where absent."""

    __slots__ = (
        "accept_encoding", "conditional", "if_match", "if_modified_since", "if_none_match", "if_range",
        "if_unmodified_since", "method", "range",
    )  # fmt: skip

    def __init__(self, method: str, header: Callable[[str], str | None]):
        """*header* gives the value of a header by its WSGI name."""
        self.method = method
        self.accept_encoding = header("HTTP_ACCEPT_ENCODING")
        self.if_match = header("HTTP_IF_MATCH")
        self.if_none_match = header("HTTP_IF_NONE_MATCH")
        self.if_modified_since = header("HTTP_IF_MODIFIED_SINCE")
        self.if_unmodified_since = header("HTTP_IF_UNMODIFIED_SINCE")
        self.range = header("HTTP_RANGE")
        self.if_range = header("HTTP_IF_RANGE")
        self.conditional = not (
            self.if_none_match is None
            and self.if_modified_since is None
            and self.if_match is None
            and self.if_unmodified_since is None
        )


class Answer:
    """
    An answer: *body* are its bytes; where there is a *part*, they are to be that part of the *representation*.

    *headers* belong to who gets the answer.
    """

    __slots__ = ("body", "headers", "part", "representation", "status")

    def __init__(
        self,
        status: str,
        headers: list[Header],
        body: bytes | FileBody = b"",
        representation: Representation | None = None,
        part: range | None = None,
    ):
        self.status = status
        self.headers = headers
        self.body = body
        self.representation = representation
        self.part = part

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"


class Representation:
    """One coding of an asset with everything that is said about it, made once."""

    __slots__ = (
        "asgi", "body", "coding", "etag", "headers", "last_modified", "not_modified", "ready", "size", "source",
        "validators",
    )  # fmt: skip

    def __init__(self, source: CodedFile, validators: Validators, headers: list[Header], not_modified: list[Header]):
        self.source = source
        self.coding = source.coding
        self.size = source.size
        self.validators = validators
        self.etag = validators.etag
        self.last_modified = validators.last_modified
        self.headers = headers
        self.not_modified = not_modified
        self.asgi: list[tuple[bytes, bytes]] | None = None  # the headers, once they were asked for
        self.body: bytes | None = None
        self.ready: bytes | None = None

    def keep(self, body: bytes, ready: bool) -> None:
        """Keep the bytes; *ready* to be sent as they are to everybody."""
        self.body = body
        self.ready = body if ready else None


class Entry:
    """
    An asset as one static view serves it: the representations there are, the one without a coding first.

    Moments of `time.monotonic`: up to *fresh* it is taken for true without another look, and up to *until* it may be
    given to anybody without asking (always past, where there is a permission). *state* is equal as long as nothing
    about the asset changes. What is *immutable* is sent to be kept for ever. *handed* tells a front server where the
    bytes are. *chosen* remembers what clients like best, *unasked* is what one gets that says nothing, and *only* is
    the identity where nothing else is.
    """

    __slots__ = (
        "chosen", "codings", "fresh", "handed", "identity", "immutable", "only", "record", "representations", "state", "unasked",
        "until",
    )  # fmt: skip

    def __init__(
        self,
        record: StaticViewRecord,
        representations: Sequence[Representation],
        state: object,
        immutable: bool = False,
    ):
        self.record = record
        self.immutable = immutable
        self.handed: Header | None = None
        self.identity = representations[0]
        self.representations = {each.coding: each for each in representations}
        self.codings = tuple(each.coding for each in representations[1:] if each.coding is not None)
        self.only = None if self.codings else self.identity
        self.unasked = self.representations[choose_coding(None, self.codings)]
        self.chosen: dict[str | None, Representation] = {}
        self.state = state
        self.fresh = self.until = 0.0

    def choose(self, accept_encoding: str | None) -> Representation:
        """The representation that the client likes best."""
        known = self.chosen.get(accept_encoding)
        if known is None:
            known = self.representations[choose_coding(accept_encoding, self.codings)]
            if accept_encoding is None or len(accept_encoding) <= LONGEST:
                if len(self.chosen) >= REMEMBERED:
                    self.chosen.clear()
                self.chosen[accept_encoding] = known
        return known


def entry_of(
    record: StaticViewRecord,
    path: Sequence[str],
    state: object,
    sources: Sequence[CodedFile],
    now: float,
    *,
    digest: str | None = None,
    immutable: bool = False,
    never: bool = False,
    unstamped: int | None = None,
    types: Mapping[str, str] = NO_TYPES,
    cache: str = "",
    media_type: str = "",
) -> Entry:
    """
    The entry of an asset, *path* below the root of the view, looked at *now*, whose *sources* begin with the asset itself.

    *digest* is the one that the URL has. *immutable*: the URL changes when the asset does. *never*: nobody may
    store it, for its URL is that of other bytes. *unstamped*: the time, in
    seconds, that the tools of a reproducible build give to every file, whatever is in it. *types* are media types by
    extension that go before the table's; *media_type* goes before both. *cache* is a Cache-Control of its own.
    """
    life = NO_STORE if never else ("Cache-Control", cache) if cache else cache_control(record, immutable)
    shared = [
        ("Content-Type", media_type or content_type(path[-1] if path else "", types)),
        life,
        ACCEPT_RANGES,
        NOSNIFF,
    ]
    shared = replaced(shared, record.headers)
    own: dict[str, Header] = {}
    varies = []
    for name, value, match in record.matched_headers:
        if match.matches(path):
            if name.lower() == "vary":
                varies.append(value)
            else:
                own[name.lower()] = name, value  # of several the last statement is sent
    if own:
        shared = replaced(shared, own.values())
    named = vary(record, varies)
    representations = [_representation(source, shared, named, now, digest, unstamped) for source in sources]
    return Entry(record, representations, state, immutable)


def state_of(
    spec: AssetSpec, sources: Sequence[CodedFile], digest: str | None, immutable: bool, never: bool = False
) -> object:
    """Equal for two looks at an asset exactly when nothing about it has changed."""
    return (spec, immutable, never, digest, [(source.fingerprint, source.digest) for source in sources])


def _representation(
    source: CodedFile,
    shared: list[Header],
    named: list[Header],
    now: float,
    digest: str | None,
    unstamped: int | None,
) -> Representation:
    etag = entity_tag(source, digest)
    if source.mtime_ns is None or not _tells_versions_apart(source.mtime_ns // 1_000_000_000, unstamped):
        validators = Validators(etag, None, None)
    else:
        validators = Validators.of(etag, source.mtime_ns / 1_000_000_000, now)
    headers: list[Header] = [("Content-Length", str(source.size)), ("ETag", etag)]
    if validators.last_modified is not None:
        headers.append(("Last-Modified", validators.last_modified))
    headers += shared
    if source.coding is not None:
        headers.append(("Content-Encoding", source.coding))
    headers += named
    return Representation(source, validators, headers, [h for h in headers if not _of_the_body(h[0])])


def _of_the_body(name: str) -> bool:
    """Does a header speak of bytes, which a 304 does not send (RFC 9110, 15.4.5)?"""
    name = name.lower()
    if name.startswith("content-"):
        return name not in _POLICIES
    # Last-Modified would only repeat what the ETag says better.
    return name in ("accept-ranges", "last-modified", "x-content-type-options")


# Headers that begin with 'Content-' and do not speak of the bytes.
_POLICIES = frozenset(["content-location", "content-security-policy", "content-security-policy-report-only"])


def _tells_versions_apart(mtime: int, unstamped: int | None) -> bool:
    """Is a time of change, in seconds, more than a stamp that a reproducible build gives to every file?"""
    return mtime > LAST_STAMP and mtime != unstamped


def entity_tag(source: CodedFile, digest: str | None) -> str:
    """
    A strong entity tag: the digest of the bytes that are sent, where they were few enough to read, and the coding.

    It is the same on every machine. A larger asset has the *digest* of its URL, else what `stat` tells versions apart by.
    """
    if source.digest is not None:
        opaque = source.digest
    elif digest is not None and source.coding is None:
        opaque = digest
    else:
        stated = source.fingerprint
        assert not isinstance(stated, str)  # what is in an archive has a digest
        _, inode, size, mtime, ctime = stated
        opaque = f"{mtime:x}-{ctime:x}-{size:x}-{inode:x}"
    return f'"{opaque}-{source.coding}"' if source.coding else f'"{opaque}"'


def cache_control(record: StaticViewRecord, immutable: bool = False) -> Header:
    """How long an asset may be kept, and by whom (RFC 9111, 5.2.2; RFC 8246)."""
    scope = "private" if record.protected else "public"
    if immutable:
        return "Cache-Control", f"{scope}, max-age={YEAR}, immutable"
    if record.cache_max_age:
        return "Cache-Control", f"{scope}, max-age={record.cache_max_age}"
    return "Cache-Control", "private, no-cache" if record.protected else "no-cache"


def vary(record: StaticViewRecord, more: Iterable[str] = ()) -> list[Header]:
    """What the answers of a view depend on besides the URL, and *more*; an author's Vary header is part of it."""
    names = ["Accept-Encoding"] if record.content_encodings else []
    names += [value for name, value in record.headers if name.lower() == "vary"]
    names += more
    return [("Vary", ", ".join(names))] if names else []


def replaced(headers: list[Header], own: Iterable[Header]) -> list[Header]:
    """*headers*, those that the author of the view gives a value of *own* replaced, the others of *own* after them."""
    own = [header for header in own if header[0].lower() != "vary"]
    names = {name.lower() for name, _ in own}
    return [header for header in headers if header[0].lower() not in names] + own


def everywhere(record: StaticViewRecord | None) -> list[Header]:
    """What every answer of a view carries, errors too: Vary, and the author's headers that do not speak of an asset."""
    if record is None:
        return []
    own = [header for header in record.headers if header[0].lower() not in _OF_AN_ASSET]
    return vary(record) + [header for header in own if not _of_the_body(header[0])]


def decide(asked: Asked, entry: Entry) -> Answer:
    """
    The answer to a GET or HEAD of an asset that exists: coding, then preconditions, then range.

    The coding comes first because it decides what the validators and the range are about.
    """
    chosen = entry.only or entry.choose(asked.accept_encoding)
    if asked.conditional:
        outcome = evaluate(
            asked.method,
            chosen.validators,
            asked.if_match,
            asked.if_none_match,
            asked.if_modified_since,
            asked.if_unmodified_since,
        )
        if outcome == NOT_MODIFIED:
            return Answer(UNCHANGED, chosen.not_modified.copy())
        if outcome == PRECONDITION_FAILED:
            return error(FAILED, entry.record)
    if asked.method != "GET":
        return Answer(OK, chosen.headers.copy())
    if asked.range is not None and range_applies(asked.if_range, chosen.validators):
        try:
            part = byte_range(asked.range, chosen.size)
        except UnsatisfiableRange:
            return error(UNSATISFIABLE, entry.record, ("Content-Range", content_range(None, chosen.size)))
        if part is not None:
            return Answer(PARTIAL, partial_headers(chosen, part), b"", chosen, part)
    return Answer(OK, chosen.headers.copy(), b"", chosen, range(chosen.size))


def partial_headers(chosen: Representation, part: range) -> list[Header]:
    """The headers of a part of a representation."""
    headers = chosen.headers.copy()
    headers[0] = ("Content-Length", str(len(part)))  # it is always the first
    headers.append(("Content-Range", content_range(part, chosen.size)))
    return headers


def error(status: str, record: StaticViewRecord | None = None, *headers: Header) -> Answer:
    """
    A short answer in plain text that tells nothing but the *status*.

    Where it comes from a static view with a permission, no shared cache may keep it.
    """
    body = f"{status}\n".encode("ascii")
    own = [("Content-Length", str(len(body))), TEXT, NOSNIFF, *headers, *everywhere(record)]
    if record is not None and record.protected and not any(name == "Cache-Control" for name, _ in own):
        own.append(("Cache-Control", "private, no-cache"))
    return Answer(status, own, body)


def policy_answer(verdict: Verdict, record: StaticViewRecord, environ: Mapping[str, Any]) -> Answer | None:
    """
    How who is not permitted is answered: as the policy has said, else 403; None for who is permitted.

    *environ* is what the policy's own answer is made for. HEAD has the headers of GET.
    """
    if verdict:
        return None
    if verdict.answer is None:
        return error(FORBIDDEN, record, NO_STORE)
    told: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[Header], exc_info: Any = None) -> Callable[[bytes], None]:
        told[:] = status, headers
        return written.append

    body = verdict({**environ, "REQUEST_METHOD": "GET"}, start_response)
    try:
        written.extend(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return Answer(told[0], told[1], b"".join(written))


def page(entry: Entry, asked: Asked) -> Answer:
    """
    A 404 whose body is to be an asset, in the coding that the client likes best.

    The address has nothing that could be validated or resumed, so neither ETag nor ranges are said.
    """
    chosen = entry.only or entry.choose(asked.accept_encoding)
    headers = [header for header in chosen.headers if header[0].lower() not in _OF_WHAT_IS_THERE]
    part = range(chosen.size) if asked.method == "GET" else None
    return Answer(NOT_FOUND, headers, b"", chosen, part)


def handed_over(entry: Entry, sent: Header) -> Answer:
    """The bytes are sent by the front server, which is told by the header *sent* where they are."""
    said = entry.identity.headers[1:]  # without the length, which the front server says
    headers = [header for header in said if header[0].lower() not in _OF_THE_FRONT]
    return Answer(OK, [("Content-Length", "0"), *headers, sent])


def redirect(location: str, record: StaticViewRecord) -> Answer:
    """To the same directory with its slash; kept as long as the assets are."""
    return error(MOVED, record, ("Location", location), cache_control(record))
