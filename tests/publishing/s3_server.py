"""
A server that speaks as much of S3 as a destination asks for, in the process of the tests, and misbehaves when told to.

What Google and Azure say otherwise is in `other_servers`.
"""

import base64
import hashlib
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

KEPT = ("Content-Type", "Content-Encoding", "Cache-Control")


class Object:
    """What is there under a key; *number* is of the one change of the server that has put it there."""

    def __init__(self, data, headers, modified, number=0):
        self.data, self.headers, self.modified, self.number = data, headers, modified, number
        self.tag = hashlib.md5(data, usedforsecurity=False).hexdigest()


def key_in(path):
    """What is behind the name of the bucket."""
    return unquote(path).lstrip("/").partition("/")[2]


class S3(BaseHTTPRequestHandler):
    """
    *server.faults* is asked with (number of the request, method, key) and gives a status, "reset", "lost" (done, and nobody is
    told), "truncate" (half of a body is kept), "cut" (half of an answer is sent), "tag" (a tag that is none), "late" (a listing
    of before), "hold" (waits for *server.go_on*), or None.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scheme = "s3"
    copies, prefix, checksum = "x-amz-copy-source", "", None  # headers: of a copy, before those that are kept
    exists, done = 412, (200, 200)  # statuses: something is there; it is put, it is copied
    starts, most = "continuation-token", "max-keys"

    def handle_one(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        self.key = key_in(parts.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with server.lock:
            server.count += 1
            server.seen.append((self.command, self.key or "?" + parts.query))
            self.fault = server.faults(server.count, self.command, self.key)
        if self.fault == "reset":
            return self.drop()
        if self.fault == "hold":
            server.go_on.wait(10)
        if isinstance(self.fault, int):
            return self.send(self.fault, self.said(f"E{self.fault}", "the key s3cr3t is not among what is told"))
        if self.fault == "truncate" and self.command == "PUT":
            body = body[: len(body) // 2]
        with server.lock:
            status, data, headers = getattr(self, f"on_{self.command.lower()}")(body)
        if self.fault == "lost":
            return self.drop()
        self.send(status, data, headers)

    def drop(self):
        self.close_connection = True
        self.connection.close()

    def send(self, status, data=b"", headers=None):
        size = len(data)
        if self.command == "HEAD":
            data, size = b"", (headers or {}).pop("size", 0)
        if self.fault == "cut":
            data, self.close_connection = data[: len(data) // 2], True
        self.send_response(status)
        for name, value in (headers or {}).items():
            if name != "size":
                self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(data)

    @staticmethod
    def said(code, message=""):
        return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    def on_put(self, body):
        objects, there = self.server.objects, self.server.objects.get(self.key)
        source = self.headers.get(self.copies)
        if source is not None:
            found = objects.get(key_in(urlsplit(source).path))
            return (404, self.said("NoSuchKey"), {}) if found is None else self.made(found.data, found.headers, True)
        refused = self.refused(there)
        if refused:
            return refused, self.said("PreconditionFailed"), {}
        checksum = self.headers.get("x-amz-checksum-sha256", self.checksum)
        if self.server.compares and checksum != base64.b64encode(hashlib.sha256(body).digest()).decode():
            return 400, self.said("BadDigest"), {}
        said = {name: self.headers.get(self.prefix + name) for name in KEPT}
        return self.made(body, {name: value for name, value in said.items() if value is not None})

    def refused(self, there):
        """The status for who says what has to be there, and it is not; else None."""
        match = (self.headers.get("If-Match") or "").strip('"')
        if self.headers.get("If-None-Match") == "*" and there is not None:
            return self.exists
        return 412 if match and (there is None or there.tag != match) else None

    def made(self, data, headers, copied=False):
        self.server.changes += 1
        found = self.server.objects[self.key] = Object(data, headers, self.server.clock(), self.server.changes)
        found.tag = self.tag_of(found)
        self.server.changed()
        said = {**self.about(found), **({"ETag": f'"{"0" * 32}"'} if self.fault == "tag" else {})}
        answer = f"<CopyObjectResult>{said['ETag']}</CopyObjectResult>".encode() if copied else b""
        return self.done[copied], answer, said

    def tag_of(self, found):
        salt = b"key" if self.server.encrypts else b""
        return hashlib.md5(salt + found.data, usedforsecurity=False).hexdigest()

    def about(self, found):
        """The headers that say which object it is."""
        return {"ETag": f'"{found.tag}"', "Last-Modified": formatdate(found.modified, usegmt=True)}

    def on_get(self, body):
        if self.key == "":
            return 200, self.listed(), {"Content-Type": "application/xml"}
        found = self.server.objects.get(self.key)
        if found is None:
            return 404, self.said("NoSuchKey"), {}
        return 200, found.data, {**found.headers, **self.about(found), "size": len(found.data)}

    on_head = on_get

    def on_post(self, body):
        keys = [each.text for each in ElementTree.fromstring(body).iter() if each.tag.endswith("Key")]
        self.removed(keys)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return 200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), {}

    def removed(self, keys):
        """Take them away; the keys of which nothing was there."""
        gone = [key for key in keys if self.server.objects.pop(key, None) is None]
        self.server.changed()
        return gone

    def on_delete(self, body):
        self.removed([self.key])
        return 204, b"", {}

    def page(self):
        """What is asked for of a listing, and where the next page begins."""
        objects = self.server.former if self.fault == "late" else self.server.objects
        start, most = self.query.get(self.starts, ""), int(self.query.get(self.most, 1000))
        found = sorted(key for key in objects if key.startswith(self.query.get("prefix", "")) and key > start)
        return [(key, objects[key]) for key in found[:most]], found[most - 1] if len(found) > most else None

    def listed(self):
        found, more = self.page()
        token = "" if more is None else f"<NextContinuationToken>{escape(more)}</NextContinuationToken>"
        rows = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(each.data)}</Size><ETag>&quot;{each.tag}&quot;</ETag>"
            f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(each.modified))}</LastModified></Contents>"
            for key, each in found
        ]
        cut = str(bool(more)).lower()
        return f"<ListBucketResult><IsTruncated>{cut}</IsTruncated>{token}{''.join(rows)}</ListBucketResult>".encode()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """
    One bucket, whatever it is called, of a service that speaks as *handler* does. *compares* says whether it compares check sums,
    *encrypts* whether its tags are no digests; *changed* is called after each change.
    """

    daemon_threads = True

    def __init__(self, handler=S3, port=0):
        super().__init__(("127.0.0.1", port), handler)
        self.lock, self.go_on = threading.Lock(), threading.Event()
        self.objects, self.former, self.seen, self.count, self.changes = {}, {}, [], 0, 0
        self.compares, self.encrypts = handler.checksum is None, False
        self.clock = time.time
        self.faults = lambda number, method, key: None
        self.changed = lambda: None
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        self.url = f"{handler.scheme}://bucket/pre/fix"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def again(self, **state):
        """Count from nothing, with other *state*."""
        self.count, self.seen = 0, []
        for name, value in state.items():
            setattr(self, name, value)

    def handle_error(self, request, client_address):
        """A client that is gone is no news."""

    def end(self):
        self.go_on.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def bytes_below(self, prefix):
        """What is there below a prefix, by key."""
        return {key[len(prefix) :]: each.data for key, each in list(self.objects.items()) if key.startswith(prefix)}
