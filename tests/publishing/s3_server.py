"""A server that speaks as much of S3 as a destination asks for, in the process of the tests, and misbehaves when told to."""

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
    """What is there under a key."""

    def __init__(self, data, headers, modified):
        self.data, self.headers, self.modified = data, headers, modified
        self.tag = hashlib.md5(data, usedforsecurity=False).hexdigest()


class S3(BaseHTTPRequestHandler):
    """
    *server.faults* is asked with (number of the request, method, key) and gives a status, "reset", "lost" (done, and nobody is
    told), "truncate" (half of a body is kept), "cut" (half of an answer is sent), "tag" (a tag that is none), "late" (a listing
    of before), "hold" (waits for *server.go_on*), or None.
    """

    protocol_version = "HTTP/1.1"

    def handle_one(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        self.key = unquote(parts.path).removeprefix("/bucket").lstrip("/")
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
        source = self.headers.get("x-amz-copy-source")
        if source is not None:
            found = objects.get(unquote(source).lstrip("/").removeprefix("bucket/"))
            if found is None:
                return 404, self.said("NoSuchKey"), {}
            objects[self.key] = made = Object(found.data, found.headers, self.server.clock())
            return 200, f'<CopyObjectResult><ETag>"{made.tag}"</ETag></CopyObjectResult>'.encode(), {}
        match = (self.headers.get("If-Match") or "").strip('"')
        if self.headers.get("If-None-Match") == "*" and there is not None:
            return 412, self.said("PreconditionFailed"), {}
        if match and (there is None or there.tag != match):
            return 412, self.said("PreconditionFailed"), {}
        checksum = self.headers.get("x-amz-checksum-sha256")
        if self.server.compares and checksum != base64.b64encode(hashlib.sha256(body).digest()).decode():
            return 400, self.said("BadDigest"), {}
        headers = {name: self.headers[name] for name in KEPT if name in self.headers}
        objects[self.key] = made = Object(body, headers, self.server.clock())
        if self.server.encrypts:
            made.tag = hashlib.md5(b"key" + body, usedforsecurity=False).hexdigest()
        return 200, b"", {"ETag": f'"{"0" * 32 if self.fault == "tag" else made.tag}"'}

    def on_get(self, body):
        if self.key == "":
            return 200, self.listed(), {"Content-Type": "application/xml"}
        found = self.server.objects.get(self.key)
        if found is None:
            return 404, self.said("NoSuchKey"), {}
        modified = formatdate(found.modified, usegmt=True)
        return (
            200,
            found.data,
            {**found.headers, "ETag": f'"{found.tag}"', "Last-Modified": modified, "size": len(found.data)},
        )

    on_head = on_get

    def on_post(self, body):
        keys = [each.text for each in ElementTree.fromstring(body).iter() if each.tag.endswith("Key")]
        for key in keys:
            self.server.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return 200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), {}

    def on_delete(self, body):
        self.server.objects.pop(self.key, None)
        return 204, b"", {}

    def listed(self):
        objects = self.server.former if self.fault == "late" else self.server.objects
        start, most = self.query.get("continuation-token", ""), int(self.query.get("max-keys", 1000))
        found = sorted(key for key in objects if key.startswith(self.query.get("prefix", "")) and key > start)
        more = f"<NextContinuationToken>{escape(found[most - 1])}</NextContinuationToken>" if len(found) > most else ""
        rows = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(each.data)}</Size><ETag>&quot;{each.tag}&quot;</ETag>"
            f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(each.modified))}</LastModified></Contents>"
            for key in found[:most]
            for each in [objects[key]]
        ]
        said = f"<ListBucketResult><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{''.join(rows)}</ListBucketResult>"
        return said.encode()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """One bucket, 'bucket'; *compares* says whether it compares check sums, *encrypts* whether its tags are no digests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), S3)
        self.lock, self.go_on = threading.Lock(), threading.Event()
        self.objects, self.former, self.seen, self.count = {}, {}, [], 0
        self.compares, self.encrypts = True, False
        self.clock = time.time
        self.faults = lambda number, method, key: None
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
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
