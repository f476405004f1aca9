"""
What services of Google and Azure say otherwise than S3's.

Written after what their makers document of their XML and REST interfaces. No key is looked at here: who signs wrongly is told
only by a service that looks (`test_real_services`).
"""

import email
from email.utils import formatdate
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
from s3_server import S3, key_in


class Google(S3):
    """Versions of objects are counted, and compared; nobody compares a check sum."""

    scheme = "gs"
    copies, checksum = "x-goog-copy-source", ""

    def refused(self, there):
        match = self.headers.get("x-goog-if-generation-match")
        return 412 if match is not None and int(match) != (0 if there is None else there.number) else None

    def about(self, found):
        return {**super().about(found), "x-goog-generation": str(found.number)}

    def on_delete(self, body):
        return (404, self.said("NoSuchKey"), {}) if self.removed([self.key]) else (204, b"", {})


class Azure(S3):
    """Tags say nothing of the bytes, many objects are removed by one request of many parts; nobody compares a check sum."""

    scheme = "az"
    copies, prefix, checksum = "x-ms-copy-source", "x-ms-blob-", ""
    exists, done = 409, (201, 202)
    starts, most = "marker", "maxresults"

    def tag_of(self, found):
        return f"0x8D{found.number:013X}"

    def listed(self):
        found, more = self.page()
        rows = [
            f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>{formatdate(each.modified, usegmt=True)}"
            f"</Last-Modified><Content-Length>{len(each.data)}</Content-Length><Content-Type>text/plain</Content-Type>"
            f"<Etag>{each.tag}</Etag></Properties></Blob>"
            for key, each in found
        ]
        marker = f"<NextMarker>{escape(more)}</NextMarker>" if more else "<NextMarker/>"
        return f"<EnumerationResults><Blobs>{''.join(rows)}</Blobs>{marker}</EnumerationResults>".encode()

    def on_post(self, body):
        asked = email.message_from_bytes(f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode() + body)
        answers = []
        for part in asked.get_payload():
            path = urlsplit(part.get_payload().split()[1]).path
            status = "404 Not Found" if self.removed([key_in(path)]) else "202 Accepted"
            answers.append(
                f"--parts\r\nContent-Type: application/http\r\nContent-ID: {part['Content-ID']}\r\n\r\n"
                f"HTTP/1.1 {status}\r\nx-ms-request-id: 0\r\n\r\n\r\n"
            )
        return 202, "".join([*answers, "--parts--\r\n"]).encode(), {"Content-Type": "multipart/mixed; boundary=parts"}


every_service = pytest.mark.parametrize("service", [S3, Google, Azure], indirect=True, ids=["s3", "gs", "az"])
