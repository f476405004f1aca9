"""Sources that are downloaded, where the environment allows it."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from assetzcml.bundles.errors import BuildError

__all__ = ["fetch"]

TIMEOUT = 30.0  # seconds without a byte
LARGEST = 64 * 1024 * 1024  # bytes; no page loads a larger script


class _OnlyHTTP(urllib.request.HTTPRedirectHandler):
    """Follows redirects that stay with HTTP: 'file:' and 'ftp:' would read what the build can and the sender cannot."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise urllib.error.URLError(f"it redirects to {newurl!r}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str) -> bytes:
    """The bytes at *url*; one that begins with '//' is asked for by https. Raises BuildError."""
    address = f"https:{url}" if url.startswith("//") else url
    if urlsplit(address).scheme not in ("http", "https"):
        raise BuildError(f"{url!r} cannot be downloaded: http or https was expected")
    opener = urllib.request.build_opener(_OnlyHTTP)
    try:
        with opener.open(address, timeout=TIMEOUT) as response:
            content = response.read(LARGEST + 1)
            cut = response.length  # what is still to come, where the length was announced
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise BuildError(f"{url!r} cannot be downloaded: {error}", exception=error) from error
    if len(content) > LARGEST:
        raise BuildError(f"{url!r} cannot be downloaded: it is larger than {LARGEST:,} bytes")
    if cut:
        raise BuildError(f"{url!r} cannot be downloaded: {cut:,} bytes are missing")
    found: bytes = content
    return found
