"""
Requests that attack, as they stand on the wire, and what an answer to each may be.

The tree they ask is `hostile_site`'s. A row has ``id``, ``category``, ``method``, ``path`` (percent-encoded, with the
query), ``headers``, ``layer`` ("wire" rows need a real server), ``why``, and ``expect``.
"""

import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

CORPUS = Path(__file__).parent / "data" / "hostile_requests.jsonl.gz"
# What a request may cost, counted in calls of functions: as much for each character, and no more.
CALLS = 15_000
CALLS_A_CHARACTER = 6
ENCODED_FILE = {None: "vary.js", "gzip": "vary.js.gz", "br": "vary.js.br"}
HEADERS_OF_A_REPRESENTATION = {"ETag", "Last-Modified"}


@dataclass
class Answer:
    """What came back, and how many calls it took, where they were counted."""

    status: int
    headers: list = field(default_factory=list)
    body: bytes = b""
    calls: int = 0

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def first(self, name):
        return next(iter(self.all(name)), None)


def load(layer=None):
    """The rows; with *layer* ("app" or "wire") only its rows."""
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if layer in (None, row["layer"])]


def wsgi_environ(row):
    """The row as a WSGI environment, the way a server that decodes once would make it."""
    path, _, query = row["path"].partition("?")
    environ = {
        "REQUEST_METHOD": row["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request_body(row)),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in row["headers"]:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        repeated = key in environ and key != "HTTP_HOST"
        environ[key] = f"{environ[key]}, {value}" if repeated else value
    return environ


def request_body(row):
    return row.get("body", row["expect"].get("body", "")).encode("utf-8")


def faults(row, answer, docroot):
    """What is wrong with the answer, a sentence each; an empty list when it is right."""
    expect = row["expect"]
    found = [] if answer.status in expect["status"] else [f"status {answer.status}, not one of {expect['status']}"]
    found += faults_of_secrecy(expect, answer, str(docroot))
    found += faults_of_headers(expect, answer)
    found += faults_of_redirect(row, answer)
    found += faults_of_ranges(expect, answer, Path(docroot))
    found += faults_of_body(expect, answer)
    size = len(row["path"]) + sum(len(name) + len(value) for name, value in row["headers"])
    if answer.calls > CALLS + CALLS_A_CHARACTER * size:
        found.append(f"took {answer.calls} calls for {size} characters")
    return found


def faults_of_secrecy(expect, answer, docroot):
    shown = "\n".join(f"{name}: {value}" for name, value in answer.headers).encode("latin-1", "replace")
    shown += b"\n\n" + answer.body + b"\n" + decoded(answer)
    secrets = [text.replace("{DOCROOT}", docroot) for text in expect["not_contain"]]
    return [f"shows {text!r}" for text in secrets if text.encode("latin-1", "replace") in shown]


def faults_of_headers(expect, answer):
    for name, value in answer.headers:
        if re.search(r"[\r\n\0]", name + value):
            yield f"control character in {name!r}"
    for name in expect.get("header_absent", ()):
        if answer.all(name) and (name not in HEADERS_OF_A_REPRESENTATION or answer.status in (200, 206, 304)):
            yield f"has {name}"
    for name, unwanted in expect.get("header_not", {}).items():
        if any(unwanted.lower() in value.lower() for value in answer.all(name)):
            yield f"{name} contains {unwanted!r}"
    if expect.get("vary_ae") and answer.status in (200, 206, 304):
        vary = ",".join(answer.all("Vary")).lower()
        if "accept-encoding" not in vary and "*" not in vary:
            yield f"Vary lacks Accept-Encoding: {vary!r}"
    if "content_encoding" in expect and answer.status == 200:
        coding = answer.first("Content-Encoding")
        if coding not in expect["content_encoding"]:
            yield f"Content-Encoding {coding!r}, not one of {expect['content_encoding']}"
    if expect.get("allow_header_on_405") and answer.status == 405 and not answer.first("Allow"):
        yield "405 without Allow"


def faults_of_redirect(row, answer):
    if answer.status not in (301, 302, 303, 307, 308):
        return
    location = answer.first("Location") or ""
    if row["expect"].get("location_same_origin") and leaves_origin(location):
        yield f"Location leads elsewhere: {location!r}"
    forbidden = row["expect"].get("location_not_host")
    if forbidden and "//" in location and forbidden in location.partition("//")[2].partition("/")[0]:
        yield f"Location repeats the Host header: {location!r}"


def leaves_origin(location):
    """Would a browser that reads this Location go to another host? Ours are relative: any host is another."""
    seen = re.sub(r"[\t\r\n]", "", location).lstrip("".join(map(chr, range(33)))).replace("\\", "/")
    return seen.startswith("//") or bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", seen))


def faults_of_ranges(expect, answer, docroot):
    content_range = answer.first("Content-Range")
    for status in (206, 416):
        wanted = expect.get(f"content_range_if_{status}")
        if wanted and answer.status == status and content_range != wanted:
            yield f"Content-Range {content_range!r}, not {wanted!r}"
    if "content_range_not" in expect and expect["content_range_not"] in (content_range or ""):
        yield f"nonsense in Content-Range {content_range!r}"
    if expect.get("coherent_206_encoding") and answer.status == 206:
        size = (docroot / ENCODED_FILE[answer.first("Content-Encoding")]).stat().st_size
        if not (content_range or "").endswith(f"/{size}"):
            yield f"Content-Range {content_range!r} of a representation of {size} bytes"


def faults_of_body(expect, answer):
    plain = decoded(answer)
    if answer.status == 200:
        wanted = [*expect.get("contain", ()), *filter(None, [expect.get("contain_if_200")])]
        yield from (f"body lacks {text!r}" for text in wanted if text.encode("utf-8") not in plain)
    if expect.get("empty_body") and answer.body:
        yield f"{len(answer.body)} bytes of body where none is allowed"
    if len(answer.body) > expect.get("max_body", len(answer.body)):
        yield f"{len(answer.body)} bytes of body, more than {expect['max_body']}"


def decoded(answer):
    coding = answer.first("Content-Encoding")
    if coding == "gzip":
        try:
            return zlib.decompress(answer.body, zlib.MAX_WBITS | 16)
        except zlib.error:
            return b""
    if coding == "br":
        import brotli

        try:
            return brotli.decompress(answer.body)
        except brotli.error:
            return b""
    return answer.body
