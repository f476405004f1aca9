"""
What the tests of other servers of static files ask, and what we answer: a row a question, in words of our own.

A row with a `ruling` is one where the other server answers otherwise; the ruling says how, and why we do not.
The paths are those of the trees and sites that test_peers.py makes.
"""

from typing import NamedTuple

JS = b"this.is_javascript = function () { return 42 }\n"
CSS = b".thing { color: red }\n" * 40
DIGITS = b"0123456789"
FILES = {
    "app.js": JS,
    "styles.css": CSS,
    "styles.css.gz": b"the gzipped styles",
    "styles.css.zst": b"the zstd styles",
    "only.css.gz": b"nothing beside it",
    "custom.foobar": b"foobar",
    "digits.txt": DIGITS,
    "empty.txt": b"",
    "nonascii\u2713.txt": b"hi",
    "h\u00e9h\u00e9/index.html": b"<html>hehe</html>",
    "arcs.svg.tgz": b"a tar",
    "index.html": b"<html>top</html>",
    "with-index/index.html": b"<html>inner</html>",
    "directory/pixel.gif": b"GIF89a",
    ".hidden": b"hidden",
    "404.html": b"<h1>not found</h1>",
    "large.txt": b"large" * 100_000,
}


class Row(NamedTuple):
    """*said* are headers of the answer; None for one that must not stand there."""

    peer: str
    words: str
    path: str
    headers: dict = {}  # noqa: RUF012 (never changed)
    method: str = "GET"
    status: int = 200
    body: "bytes | None" = None
    said: dict = {}  # noqa: RUF012
    ruling: str = ""


def etag_of(path):
    """Stands for the ETag that the asset at *path* has."""
    return f"{{etag {path}}}"


def date_of(path):
    """Stands for its Last-Modified."""
    return f"{{date {path}}}"


FUTURE = "Fri, 11 Apr 2100 11:47:06 GMT"
PAST = "Wed, 11 Apr 2001 11:47:06 GMT"
APPLICATION = b"the application"
VARY = {"Vary": "Accept-Encoding"}
PLAIN = {**VARY, "Content-Encoding": None}
GZIPPED = {**VARY, "Content-Encoding": "gzip"}
SINCE = "If-Modified-Since"
NONE = "If-None-Match"
ACCEPT = "Accept-Encoding"

whitenoise = [
    ("a script has its bytes and a type with a charset", "/static/app.js", {}, "GET", 200, JS,
     {"Content-Type": "text/javascript; charset=utf-8"}, "theirs quotes the charset, which RFC 9110, 8.3.1 says is the same"),
    ("no coding where none is accepted", "/static/styles.css", {ACCEPT: ""}, "GET", 200, CSS, PLAIN, ""),
    ("any coding is accepted", "/static/styles.css", {ACCEPT: "*"}, "GET", 200, b"the zstd styles",
     {**VARY, "Content-Encoding": "zstd"},
     "theirs sends it uncoded; '*' is every coding (RFC 9110, 12.5.3), and the smaller answer is the better"),
    ("a client that does not say", "/static/styles.css", {}, "GET", 200, CSS, PLAIN, ""),
    ("gzip is accepted", "/static/styles.css", {ACCEPT: "gzip"}, "GET", 200, b"the gzipped styles",
     {**GZIPPED, "Content-Length": "18"}, ""),
    ("the coded file by its own name", "/static/styles.css.gz", {}, "GET", 200, b"the gzipped styles",
     {"Content-Type": "application/gzip", "Content-Encoding": None}, "theirs hides it; here it is an asset like others"),
    ("a date that is the file's", "/static/app.js", {SINCE: date_of("/static/app.js")}, "GET", 304, b"", {}, ""),
    ("a date to come", "/static/app.js", {SINCE: FUTURE}, "GET", 304, b"", {}, ""),
    ("a date long ago", "/static/app.js", {SINCE: PAST}, "GET", 200, JS, {}, ""),
    ("a date that is none", "/static/app.js", {SINCE: "Fri, 16 Jul 2021 09:09:1626426577S GMT"}, "GET", 200, JS, {}, ""),
    ("the tag that it has", "/static/app.js", {NONE: etag_of("/static/app.js")}, "GET", 304, b"", {}, ""),
    ("another tag", "/static/app.js", {NONE: '"594bd1d1-36"'}, "GET", 200, JS, {}, ""),
    ("another tag goes before a date to come", "/static/app.js", {NONE: '"594bd1d1-36"', SINCE: FUTURE}, "GET", 200, JS, {},
     ""),
    ("how long it may be kept", "/static/app.js", {}, "GET", 200, JS, {"Cache-Control": "public, max-age=1000"}, ""),
    ("what is below no view is the application's", "/not/static", {}, "GET", 200, APPLICATION, {}, ""),
    ("a path that is not ASCII, below no view", "/test%E2%98%BA", {}, "GET", 200, APPLICATION, {}, ""),
    ("a file whose name is not ASCII", "/static/nonascii%E2%9C%93.txt", {}, "GET", 200, b"hi", {}, ""),
    ("a second prefix for the same files", "/prefix/app.js", {}, "GET", 200, JS, {}, ""),
    ("every origin may read, where it is declared", "/static/app.js", {}, "GET", 200, JS, {"Access-Control-Allow-Origin": "*"},
     "theirs says so by default; whose files anyone may read is for their author to say"),
    ("the length", "/static/app.js", {}, "GET", 200, JS, {"Content-Length": str(len(JS))}, ""),
    ("POST", "/static/app.js", {}, "POST", 405, None, {"Allow": "GET, HEAD"}, ""),
    ("HEAD has no body", "/static/app.js", {}, "HEAD", 200, b"", {"Content-Length": str(len(JS))}, ""),
    ("a type of the site's own", "/static/custom.foobar", {}, "GET", 200, b"foobar",
     {"Content-Type": "application/x-foo-bar"}, ""),
    ("a header by name", "/static/styles.css", {}, "GET", 200, CSS, {"X-Is-Css-File": "True"}, ""),
    ("no header by name elsewhere", "/static/app.js", {}, "GET", 200, JS, {"X-Is-Css-File": None}, ""),
    ("the index of a directory", "/static/with-index/", {}, "GET", 200, b"<html>inner</html>", {}, ""),
    ("the index by its own name", "/static/with-index/index.html", {}, "GET", 200, b"<html>inner</html>", {},
     "theirs redirects to the directory; two URLs of one page are the author's to choose"),
    ("a directory without its slash", "/static/with-index", {}, "GET", 301, None, {"Location": "with-index/"},
     "theirs is 302; the place does not change, so a client may remember it"),
    ("the first bytes", "/static/app.js", {"Range": "bytes=0-13"}, "GET", 206, JS[:14], {"Content-Length": "14"}, ""),
    ("the last bytes", "/static/app.js", {"Range": "bytes=-3"}, "GET", 206, JS[-3:], {}, ""),
    ("bytes in the middle", "/static/app.js", {"Range": "bytes=21-30"}, "GET", 206, JS[21:31], {}, ""),
    ("a range that is too long", "/static/app.js", {"Range": "bytes=21-100000"}, "GET", 206, JS[21:], {}, ""),
    ("more last bytes than there are", "/static/app.js", {"Range": "bytes=-100000"}, "GET", 206, JS, {}, ""),
    ("a range behind the end", "/static/app.js", {"Range": "bytes=10000-11000"}, "GET", 416, None,
     {"Content-Range": f"bytes */{len(JS)}"}, ""),
    ("an absolute path of another system", "/static/C:/Windows/System.ini", {}, "GET", 404, None, {},
     "theirs is the application's; below a named view what is missing is 404"),
    ("a very long path", "/static" + "/blah" * 1000, {}, "GET", 404, None, {}, "theirs is the application's"),
    ("a very long path of the application", "/blah" * 1000, {}, "GET", 200, APPLICATION, {}, ""),
    ("a missing file below the prefix", "/static/none", {}, "GET", 404, None, {}, "theirs is the application's; see the next"),
    ("a missing file at the top", "/none.txt", {}, "GET", 200, APPLICATION, {}, "", "top"),
    ("a file at the top", "/digits.txt", {}, "GET", 200, DIGITS, {}, "", "top"),
    ("POST to a file at the top", "/digits.txt", {}, "POST", 200, APPLICATION, {},
     "theirs is 405; the top leaves to the application what is no question for a file", "top"),
    ("the top itself", "/", {}, "GET", 200, b"<html>top</html>", {}, "", "top"),
    ("a redirect of a directory at the top", "/with-index", {}, "GET", 301, None, {"Location": "with-index/"},
     "theirs is 302", "top"),
]  # fmt: skip

servestatic = [
    ("the query stays in a redirect", "/static/with-index?v=1&x=2", {}, "GET", 301, None,
     {"Location": "with-index/?v=1&x=2"}, "theirs is 302"),
    ("the index by its own name, with a query", "/static/with-index/index.html?v=1", {}, "GET", 200, b"<html>inner</html>", {},
     "theirs redirects"),
    ("a link out of the root", "/static/link.txt", {}, "GET", 404, None, {}, ""),
    ("a link out of the root, where that is allowed", "/follow/link.txt", {}, "GET", 200, b"outside", {}, ""),
    ("a directory that is a link out of the root", "/static/linked/outside.txt", {}, "GET", 404, None, {}, ""),
    ("zstd before gzip, where the view prefers it", "/static/styles.css", {ACCEPT: "gzip, zstd"},
     "GET", 200, b"the zstd styles",
     {"Content-Encoding": "zstd"}, ""),
    ("one byte", "/static/digits.txt", {"Range": "bytes=4-4"}, "GET", 206, b"4", {"Content-Range": "bytes 4-4/10"}, ""),
    ("ranges of another unit", "/static/digits.txt", {"Range": "items=0-3"}, "GET", 200, DIGITS, {}, ""),
    ("a range without '='", "/static/digits.txt", {"Range": "bytes 0-3"}, "GET", 200, DIGITS, {}, ""),
    ("a range without '-'", "/static/digits.txt", {"Range": "bytes=3"}, "GET", 200, DIGITS, {}, ""),
    ("a path with a backslash", "/static/with-index%5Cindex.html", {}, "GET", 404, None, {}, ""),
    ("a slash behind a file", "/static/app.js/", {}, "GET", 404, None, {}, ""),
    ("a directory without an index", "/static/directory/", {}, "GET", 404, None, {}, ""),
    ("a directory without an index and slash", "/static/directory", {}, "GET", 404, None, {}, ""),
    ("a pipe", "/static/pipe", {}, "GET", 404, None, {}, ""),
    ("PUT", "/static/app.js", {}, "PUT", 405, None, {}, ""),
    ("HEAD has the type and the length", "/static/app.js", {}, "HEAD", 200, b"",
     {"Content-Type": "text/javascript; charset=utf-8", "Content-Length": str(len(JS))}, ""),
    ("a large file arrives whole", "/static/large.txt", {}, "GET", 200, FILES["large.txt"], {"Content-Length": "500000"}, ""),
    ("a name that a build has put a hash into", "/built/app.db8f2edc0c8a.js", {}, "GET", 200, b"built",
     {"Cache-Control": "public, max-age=31536000, immutable"}, ""),
    ("no name of a build", "/built/plain.js", {}, "GET", 200, b"plain", {"Cache-Control": "public, max-age=3600"}, ""),
]  # fmt: skip

starlette = [
    ("a file", "/static/digits.txt", {}, "GET", 200, DIGITS, {}, ""),
    ("POST", "/static/digits.txt", {}, "POST", 405, b"405 Method Not Allowed\n", {}, "theirs says it without the number"),
    ("the top of a view without an index", "/bare/", {}, "GET", 404, b"404 Not Found\n", {},
     "theirs says it without the number"),
    ("a missing file", "/static/404.txt", {}, "GET", 404, b"404 Not Found\n", {}, ""),
    ("a view whose directory is missing", "/gone/example.txt", {}, "GET", 404, None, {},
     "theirs raises RuntimeError; a directory may be made later, and ZCML refuses it at load"),
    ("a view whose directory is a file", "/filed/example.txt", {}, "GET", 404, None, {}, "theirs raises RuntimeError"),
    ("dot segments", "/static/../outside.txt", {}, "GET", 404, None, {}, ""),
    ("dot segments below a directory", "/static/directory/../../outside.txt", {}, "GET", 404, None, {}, ""),
    ("dot segments to a directory whose name begins so", "/static/../static_disallow/index.html", {}, "GET", 404, None, {}, ""),
    ("HEAD reads nothing", "/static/digits.txt", {}, "HEAD", 200, b"", {"Content-Length": "10"}, ""),
    ("the tag", "/static/digits.txt", {NONE: etag_of("/static/digits.txt")}, "GET", 304, b"", {}, ""),
    ("the tag as a weak one in a list", "/static/digits.txt", {NONE: f'W/{etag_of("/static/digits.txt")}, "123"'},
     "GET", 304, b"", {}, ""),
    ("another tag", "/static/digits.txt", {NONE: '"123"'}, "GET", 200, DIGITS, {}, ""),
    ("a later date", "/static/digits.txt", {SINCE: "Thu, 11 Oct 2029 15:30:19 GMT"}, "GET", 304, b"", {}, ""),
    ("an earlier date", "/static/digits.txt", {SINCE: "Mon, 20 Feb 2012 15:30:19 GMT"}, "GET", 200, DIGITS, {}, ""),
    ("a directory with its slash", "/html/with-index/", {}, "GET", 200, b"<html>inner</html>", {}, ""),
    ("a directory without its slash", "/html/with-index", {}, "GET", 301, None, {"Location": "with-index/"},
     "theirs is 307 with scheme and host, which a proxy may have changed"),
    ("the index by its own name", "/html/with-index/index.html", {}, "GET", 200, b"<html>inner</html>", {}, ""),
    ("a page for what is missing", "/html/missing", {}, "GET", 404, b"<h1>not found</h1>",
     {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}, ""),
    ("a page for a directory without an index", "/html/directory/", {}, "GET", 404, b"<h1>not found</h1>", {}, ""),
    ("the same without the slash", "/html/directory", {}, "GET", 404, b"<h1>not found</h1>", {}, ""),
    ("a directory that is missing", "/static/foo/example.txt", {}, "GET", 404, b"404 Not Found\n", {}, ""),
    ("a file taken for a directory", "/static/digits.txt/foo", {}, "GET", 404, b"404 Not Found\n", {}, ""),
    ("a name that is too long", f"/static/{'a' * 4096}.txt", {}, "GET", 404, b"404 Not Found\n", {}, ""),
    ("a file that is a link", "/follow/link.txt", {}, "GET", 200, b"outside", {}, ""),
    ("a directory that is a link", "/follow/linked/outside.txt", {}, "GET", 200, b"outside", {}, ""),
    ("dot segments behind a link", "/follow/linked/../outside.txt", {}, "GET", 404, None, {}, ""),
    ("a root that is a link", "/alias/digits.txt", {}, "GET", 200, DIGITS, {},
     "theirs wants follow_symlink for it; a root is what it leads to"),
    ("a range, while the tag is the same", "/static/digits.txt",
     {"Range": "bytes=0-4", "If-Range": etag_of("/static/digits.txt")},
     "GET", 206, b"01234", {"Content-Range": "bytes 0-4/10", "Content-Length": "5"}, ""),
    ("a range, and another tag", "/static/digits.txt", {"Range": "bytes=2-3", "If-Range": '"x'}, "GET", 200, DIGITS, {}, ""),
    ("a range of HEAD", "/static/digits.txt", {"Range": "bytes=0-4"}, "HEAD", 200, b"", {"Content-Length": "10"},
     "theirs is 206; a range is for GET only (RFC 9110, 14.2)"),
    ("several ranges", "/static/digits.txt", {"Range": "bytes=0-1, 4-5"}, "GET", 200, DIGITS, {},
     "theirs is multipart/byteranges; a server may send all (RFC 9110, 14.2), and no browser asks so"),
    ("several ranges that join", "/static/digits.txt", {"Range": "bytes=0-3, 4-5"}, "GET", 200, DIGITS, {},
     "theirs joins them"),
    ("a range that begins behind its end", "/static/digits.txt", {"Range": "bytes=5-3"}, "GET", 200, DIGITS, {},
     "theirs is 400; what is no range is ignored (RFC 9110, 14.2)"),
    ("a range behind the end", "/static/digits.txt", {"Range": "bytes=1000-1001"}, "GET", 416,
     None, {"Content-Range": "bytes */10"}, ""),
    ("ranges of another unit", "/static/digits.txt", {"Range": "items=0-3"}, "GET", 200, DIGITS, {},
     "theirs is 400; an unknown unit is ignored (RFC 9110, 14.2)"),
    ("no range at all", "/static/digits.txt", {"Range": "bytes="}, "GET", 200, DIGITS, {}, "theirs is 400"),
]  # fmt: skip

pyramid = [
    ("the bare name", "/static", {}, "GET", 301, None, {"Location": "static/"},
     "theirs has scheme and host, which a proxy may have changed"),
    ("the bare name and a query", "/static?a=1&b=2", {}, "GET", 301, None, {"Location": "static/?a=1&b=2"}, ""),
    ("the index of the root", "/static/", {}, "GET", 200, b"<html>top</html>", {}, ""),
    ("a single dot", "/static/./index.html", {}, "GET", 404, None, {}, "theirs is 200; a path is not tidied"),
    ("an empty segment", "/static//index.html", {}, "GET", 404, None, {}, "theirs is 200; a path is not tidied"),
    ("double dots", "/static/with-index/../../outside.txt", {}, "GET", 404, None, {}, ""),
    ("double dots, quoted", "/static/with-index/%2E%2E%2F%2E%2E/outside.txt", {}, "GET", 404, None, {}, ""),
    ("double dots, quoted twice", "/static/with-index/%252E%252E%252Foutside.txt", {}, "GET", 404, None, {}, ""),
    ("a null character", "/static/..%00/", {}, "GET", 404, None, {}, ""),
    ("a quoted slash in front", "/static/%2Foutside.txt", {}, "GET", 404, None, {}, ""),
    ("a missing file", "/static/wontbefound.html", {}, "GET", 404, None, {}, ""),
    ("the index of a directory", "/static/with-index/", {}, "GET", 200, b"<html>inner</html>", {}, ""),
    ("a file", "/static/index.html", {}, "GET", 200, b"<html>top</html>", {"Content-Type": "text/html; charset=utf-8"}, ""),
    ("how long, and no Expires", "/static/index.html", {}, "GET", 200, None,
     {"Cache-Control": "public, max-age=1000", "Expires": None},
     "theirs says Expires too, which max-age goes before since HTTP/1.1 (RFC 9111, 5.3)"),
    ("a date to come", "/static/index.html", {SINCE: FUTURE}, "GET", 304, b"", {}, ""),
    ("a tar that is gzipped", "/static/arcs.svg.tgz", {}, "GET", 200, b"a tar",
     {"Content-Type": "application/gzip", "Content-Encoding": None}, "theirs is application/x-tar, which the bytes are not"),
    ("a hidden file", "/static/.hidden", {}, "GET", 404, None, {}, "theirs shows it; .env and .git lie in such names"),
    ("a hidden file, where that is allowed", "/follow/.hidden", {}, "GET", 200, b"hidden", {}, ""),
    ("a directory that is not ASCII", "/static/h%C3%A9h%C3%A9/index.html", {}, "GET", 200, b"<html>hehe</html>", {}, ""),
    ("a range", "/static/digits.txt", {"Range": "bytes=1-2"}, "GET", 206, b"12", {}, ""),
    ("a range to the end", "/static/digits.txt", {"Range": "bytes=-5"}, "GET", 206, b"56789", {}, ""),
    ("a range of kHz", "/static/digits.txt", {"Range": "kHz=-5"}, "GET", 200, DIGITS, {}, ""),
    ("several ranges", "/static/digits.txt", {"Range": "bytes=1-2,4-5"}, "GET", 200, DIGITS, {}, ""),
    ("a range out of bounds", "/static/digits.txt", {"Range": "bytes=1000-1002"}, "GET", 416, None, {}, ""),
    ("no coding is asked for", "/static/styles.css", {}, "GET", 200, CSS, PLAIN, ""),
    ("only codings that there are not", "/static/styles.css", {ACCEPT: "br, foo, bar"}, "GET", 200, CSS, PLAIN, ""),
    ("one coding that there is", "/static/styles.css", {ACCEPT: "br, foo, gzip"}, "GET", 200, b"the gzipped styles",
     GZIPPED, ""),
    ("an asset without variants", "/static/index.html", {ACCEPT: "gzip"}, "GET", 200, b"<html>top</html>", PLAIN,
     "theirs has no Vary; one that a later build compresses would then be mixed up in caches"),
    ("the coded one alone, by its own name", "/static/only.css.gz", {ACCEPT: "gzip"}, "GET", 200, b"nothing beside it",
     {"Content-Encoding": None}, "theirs has no Vary"),
    ("what exists coded only", "/static/only.css", {ACCEPT: "gzip"}, "GET", 404, None, VARY, ""),
    ("what exists coded only, for one who takes no coding", "/static/only.css", {}, "GET", 404, None, VARY, ""),
    ("a protected file, permitted", "/shut/index.html", {"Cookie": "user=fred"}, "GET", 200, b"<html>top</html>",
     {"Cache-Control": "private, max-age=3600"}, ""),
    ("a protected file, denied", "/shut/index.html", {"Cookie": "user=bob"}, "GET", 403, None, {"Cache-Control": "no-store"},
     ""),
]  # fmt: skip

werkzeug = [
    ("a text has its charset", "/static/digits.txt", {}, "GET", 200, DIGITS, {"Content-Type": "text/plain; charset=utf-8"}, ""),
    ("the same under another name", "/prefix/digits.txt", {}, "GET", 200, DIGITS, {}, ""),
    ("what no mount has", "/missing", {}, "GET", 200, APPLICATION, {}, ""),
    ("a mount without an index", "/bare", {}, "GET", 404, None, {}, "theirs is the application's"),
    ("a mount without an index, and its slash", "/bare/", {}, "GET", 404, None, {}, "theirs is the application's"),
    ("a missing file of a mount", "/bare/missing.txt", {}, "GET", 404, None, {}, "theirs is the application's"),
    ("a file without an extension", "/bare/%C3%A4%C3%B6%C3%BC", {}, "GET", 200, b"FOUND",
     {"Content-Type": "application/octet-stream"}, ""),
    ("a tag and a date", "/static/digits.txt", {NONE: etag_of("/static/digits.txt"), SINCE: PAST}, "GET", 304, b"", {}, ""),
    ("a list of tags", "/static/digits.txt", {NONE: f'"foo", {etag_of("/static/digits.txt")}'}, "GET", 304, b"", {}, ""),
    ("any tag", "/static/digits.txt", {NONE: "*"}, "GET", 304, b"", {}, ""),
    ("a tag that has to match and does not", "/static/digits.txt", {"If-Match": '"foo"'}, "GET", 412, None, {}, ""),
    ("a tag that has to match and does", "/static/digits.txt", {"If-Match": etag_of("/static/digits.txt")}, "GET", 200,
     DIGITS, {}, ""),
    ("a range, while the date is the same", "/static/digits.txt",
     {"Range": "bytes=0-0", "If-Range": date_of("/static/digits.txt")},
     "GET", 206, b"0", {"Accept-Ranges": "bytes"}, ""),
    ("a range, and an earlier date", "/static/digits.txt", {"Range": "bytes=0-0", "If-Range": PAST}, "GET", 200, DIGITS, {},
     ""),
    ("a range, and a weak tag", "/static/digits.txt", {"Range": "bytes=0-0", "If-Range": f'W/{etag_of("/static/digits.txt")}'},
     "GET", 200, DIGITS, {}, "theirs takes it; only a strong one joins parts (RFC 9110, 13.1.5)"),
    ("a range of nothing", "/static/empty.txt", {"Range": "bytes=0-1"}, "GET", 416, None, {"Content-Range": "bytes */0"},
     "theirs is 200 for an empty file"),
    ("a range that nothing can satisfy", "/static/digits.txt", {"Range": "bytes=10-"}, "GET", 416,
     None, {"Content-Range": "bytes */10"}, ""),
]  # fmt: skip

# What a file has that is asked about most here.
TXT = "/static/digits.txt"
UNLESS = "If-Unmodified-Since"
WEAK = f"W/{etag_of(TXT)}"
STATUS_206 = "theirs is 206; a range is for GET only (RFC 9110, 14.2)"
ALL_OF_IT = "theirs is 200; a range that happens to be all is still what was asked for"

aiohttp = [
    ("a date that is none", TXT, {SINCE: "not-a-valid-HTTP-date"}, "GET", 200, DIGITS, {}, ""),
    ("a date to come that must not be passed", TXT, {UNLESS: FUTURE}, "GET", 200, DIGITS, {}, ""),
    ("a date long ago that must not be passed", TXT, {UNLESS: PAST}, "GET", 412, None, {}, ""),
    ("one that is none", TXT, {UNLESS: "not-a-valid-HTTP-date"}, "GET", 200, DIGITS, {}, ""),
    ("the date itself", TXT, {UNLESS: date_of(TXT)}, "GET", 200, DIGITS, {}, ""),
    ("any tag has to match", TXT, {"If-Match": "*"}, "GET", 200, DIGITS, {}, ""),
    ("one of several has to match", TXT, {"If-Match": f'"a", "b", {etag_of(TXT)}'}, "GET", 200, DIGITS, {}, ""),
    ("a weak one does not match", TXT, {"If-Match": WEAK}, "GET", 412, None, {}, ""),
    ("a tag that matches goes before a date", TXT, {"If-Match": etag_of(TXT), UNLESS: PAST}, "GET", 200, DIGITS, {}, ""),
    ("a tag that must match goes before all", TXT, {"If-Match": '"a"', NONE: etag_of(TXT)}, "GET", 412, None, {}, ""),
    ("no tag may match", TXT, {NONE: "*", SINCE: PAST}, "GET", 304, b"", {"Content-Length": None}, ""),
    ("a weak tag is known", TXT, {NONE: WEAK}, "HEAD", 304, b"", {}, ""),
    ("the same with spaces and empty members", TXT, {NONE: f' , "a" ,\t{etag_of(TXT)},, '}, "GET", 304, b"", {}, ""),
    ("more last bytes than there are", TXT, {"Range": "bytes=-500"}, "GET", 206, DIGITS, {"Content-Range": "bytes 0-9/10"}, ""),
    ("a range behind the end", TXT, {"Range": "bytes=1000000-1200000"}, "GET", 416, None, {"Content-Range": "bytes */10"}, ""),
    ("the last no bytes", TXT, {"Range": "bytes=-0"}, "GET", 416, None, {"Content-Range": "bytes */10"}, ""),
    ("blocks", TXT, {"Range": "blocks=0-10, 20-30"}, "GET", 200, DIGITS, {}, "theirs is 416"),
    ("a range with a sign", TXT, {"Range": "bytes=+1-5"}, "GET", 200, DIGITS, {}, "theirs is 416"),
    ("a range with digits of another script", TXT, {"Range": "bytes=\xb2-5"}, "GET", 200, DIGITS, {}, "theirs is 416"),
    ("a range of what is known", TXT, {"Range": "bytes=0-1", NONE: etag_of(TXT)}, "GET", 304, b"", {"Content-Range": None}, ""),
    ("a range of what has changed", TXT, {"Range": "bytes=0-1", "If-Match": '"a"'}, "GET", 412, None, {}, ""),
    ("an absolute path of the system", "/static//etc/passwd", {}, "GET", 404, None, {}, "theirs is 403"),
    ("the same, quoted", "/static/%2Fetc%2Fpasswd", {}, "GET", 404, None, {}, ""),
    ("a slash that is quoted is one", "/static/with-index%2Findex.html", {}, "GET", 200, b"<html>inner</html>", {},
     "as theirs; WSGI cannot tell it from one that is not"),
    ("quoted letters", "/static/%64igits.txt", {}, "GET", 200, DIGITS, {}, ""),
    ("a plus is a plus", "/static/digits+.txt", {}, "GET", 404, None, {}, ""),
    ("an empty file", "/static/empty.txt", {}, "GET", 200, b"", {"Content-Length": "0"}, ""),
    ("OPTIONS", TXT, {}, "OPTIONS", 405, None, {"Allow": "GET, HEAD"}, ""),
    ("TRACE echoes nothing", TXT, {"Cookie": "secret"}, "TRACE", 405, b"405 Method Not Allowed\n", {"Allow": "GET, HEAD"}, ""),
    ("a method is what it is, to the letter", TXT, {}, "get", 405, None, {"Allow": "GET, HEAD"}, ""),
    ("DELETE of what is missing", "/static/none", {}, "DELETE", 405, None, {"Allow": "GET, HEAD"}, ""),
]  # fmt: skip

tornado = [
    ("all by a range without an end", TXT, {"Range": "bytes=0-"}, "GET", 206, DIGITS, {"Content-Range": "bytes 0-9/10"},
     ALL_OF_IT),
    ("an end far behind", TXT, {"Range": "bytes=0-10000000"}, "GET", 206, DIGITS, {}, ALL_OF_IT),
    ("the last byte", TXT, {"Range": "bytes=9-"}, "GET", 206, b"9", {"Content-Range": "bytes 9-9/10"}, ""),
    ("what is no range", TXT, {"Range": "asdf"}, "GET", 200, DIGITS, {"Content-Range": None}, ""),
    ("a start at the end", TXT, {"Range": "bytes=10"}, "GET", 200, DIGITS, {}, "theirs is 416; without '-' it is no range"),
    ("a range of HEAD", TXT, {"Range": "bytes=1-4"}, "HEAD", 200, b"", {"Content-Length": "10", "Content-Range": None},
     STATUS_206),
    ("a range, and the tag that is known", TXT, {"Range": "bytes=1-4", NONE: etag_of(TXT)}, "GET", 304, b"",
     {"Content-Length": None, "Content-Range": None}, ""),
    ("a date before all dates", TXT, {SINCE: "Fri, 01 Jan 1960 00:00:00 GMT"}, "GET", 200, DIGITS, {}, ""),
    ("the gzipped by its own name", "/static/styles.css.gz", {}, "GET", 200, b"the gzipped styles",
     {"Content-Type": "application/gzip"}, ""),
    ("a way up and down again", "/static/../static/digits.txt", {}, "GET", 404, None, {}, ""),
]  # fmt: skip

django = [
    ("an empty segment in front", "/static//digits.txt", {}, "GET", 404, None, {}, "theirs is 200; a path is not tidied"),
    ("a type nobody knows", "/bare/%C3%A4%C3%B6%C3%BC", {}, "GET", 200, b"FOUND",
     {"Content-Type": "application/octet-stream"}, ""),
    ("a date with a long year", TXT, {SINCE: "Mon, 28 May 999999999999 28:25:26 GMT"}, "GET", 200, DIGITS, {}, ""),
    ("a date without a zone", TXT, {SINCE: "Mon, 28 May 2001 28:25:26"}, "GET", 200, DIGITS, {}, ""),
    ("a date and its length, as browsers once said", TXT, {SINCE: f"{FUTURE}; length=10"}, "GET", 200, DIGITS, {},
     "theirs was 304 until 4.0; RFC 9110 has no such parameter"),
]  # fmt: skip

go = [
    ("the index of a directory stays where it is", "/static/with-index/index.html", {}, "GET", 200, b"<html>inner</html>", {},
     "theirs redirects to ./"),
    ("two slashes and a name do not lead to another host", "//evil.example/with-index", {}, "GET", 200, APPLICATION, {}, ""),
    ("a directory's name with a colon", "/static/C%3A", {}, "GET", 404, None, {}, ""),
    ("two ranges", TXT, {"Range": "bytes=0-0,-2"}, "GET", 200, DIGITS, {}, "theirs is multipart/byteranges"),
    ("more ranges than bytes", TXT, {"Range": "bytes=0-,1-,2-,3-,4-"}, "GET", 200, DIGITS, {}, ""),
    ("an empty member", TXT, {"Range": "bytes=, 0-4 ,"}, "GET", 206, b"01234", {}, ""),
    ("two signs", TXT, {"Range": "bytes=--2"}, "GET", 200, DIGITS, {}, "theirs is 416"),
    ("an end before the start, behind the end", TXT, {"Range": "bytes=12-11"}, "GET", 200, DIGITS, {}, "theirs is 416"),
    ("an empty file and a range", "/static/empty.txt", {"Range": "bytes=0-128"}, "GET", 416, None,
     {"Content-Range": "bytes */0"}, "theirs is 200"),
    ("an empty file and its last bytes", "/static/empty.txt", {"Range": "bytes=-5"}, "GET", 200, b"", {}, ""),
    ("a tag that is cut off", TXT, {NONE: etag_of(TXT)[:9]}, "GET", 200, DIGITS, {}, ""),
    ("only a comma", TXT, {NONE: ","}, "GET", 200, DIGITS, {}, ""),
    ("no tag must match, none is named", TXT, {"If-Match": ""}, "GET", 412, None, {}, ""),
    ("a range and an empty If-Range", TXT, {"Range": "bytes=0-1", "If-Range": ""}, "GET", 200, DIGITS, {}, ""),
    ("a range, and any tag", TXT, {"Range": "bytes=0-1", "If-Range": "*"}, "GET", 200, DIGITS, {}, ""),
    ("a range, and a list of tags", TXT, {"Range": "bytes=0-1", "If-Range": f'{etag_of(TXT)}, "b"'}, "GET", 200, DIGITS, {}, ""),
    ("a range, and a later date", TXT, {"Range": "bytes=0-1", "If-Range": FUTURE}, "GET", 200, DIGITS, {}, ""),
]  # fmt: skip

nginx = [
    ("a start that no register holds", TXT, {"Range": "bytes=18446744073709551616-"}, "GET", 416, None, {}, ""),
    ("an end that no register holds", TXT, {"Range": "bytes=5-18446744073709551616"}, "GET", 206, b"56789", {}, ""),
    ("last bytes that no register holds", TXT, {"Range": "bytes=-18446744073709551616"}, "GET", 206, DIGITS, {}, ""),
    ("the unit in other letters", TXT, {"Range": "BYTES=0-1"}, "GET", 206, b"01", {}, ""),
    ("blanks within a range", TXT, {"Range": "bytes=0 - 1"}, "GET", 200, DIGITS, {}, "theirs is 206"),
    ("no coding but the file itself is refused", "/static/styles.css", {ACCEPT: "identity;q=0, gzip"}, "GET", 200,
     b"the gzipped styles", GZIPPED, ""),
    ("nothing is acceptable", "/static/digits.txt", {ACCEPT: "*;q=0"}, "GET", 200, DIGITS, PLAIN,
     "406 is allowed too (RFC 9110, 12.5.3); a page without its style helps nobody"),
    ("nothing but one that there is not", TXT, {ACCEPT: "identity;q=0, br"}, "GET", 200, DIGITS, PLAIN,
     "406 is allowed too, as above"),
    ("a coding that is refused", "/static/styles.css", {ACCEPT: "gzip;q=0, zstd;q=0.0"}, "GET", 200, CSS, PLAIN, ""),
    ("a weight that is none", "/static/styles.css", {ACCEPT: "gzip;q=2"}, "GET", 200, CSS, PLAIN, ""),
    ("x-gzip is gzip", "/static/styles.css", {ACCEPT: "x-gzip"}, "GET", 200, b"the gzipped styles", GZIPPED, ""),
    ("a range of what is coded", "/static/styles.css", {ACCEPT: "gzip", "Range": "bytes=4-10"}, "GET", 206, b"gzipped",
     {**GZIPPED, "Content-Range": "bytes 4-10/18"}, ""),
    ("the tag of another coding", "/static/styles.css", {ACCEPT: "gzip", NONE: etag_of("/static/styles.css")}, "GET", 200,
     b"the gzipped styles", GZIPPED, ""),
    ("a percent sign alone", "/static/digits%.txt", {}, "GET", 404, None, {}, "theirs is 400; WSGI servers pass it on"),
    ("a null character", "/static/digits.txt%00", {}, "GET", 404, None, {}, "theirs is 400"),
    ("what is no UTF-8", "/static/%ff.txt", {}, "GET", 400, None, {}, "theirs is 404"),
    ("an overlong slash", "/static/with-index%c0%afindex.html", {}, "GET", 400, None, {}, "theirs is 404"),
    ("an overlong dot", "/static/%c0%ae%c0%ae/outside.txt", {}, "GET", 400, None, {}, "theirs is 404"),
]  # fmt: skip

TOP = "top"


def rows():
    """All rows, and whether each is of the site with a view at the top."""
    tables = {
        "WhiteNoise": whitenoise,
        "ServeStatic": servestatic,
        "Starlette": starlette,
        "Pyramid": pyramid,
        "Werkzeug": werkzeug,
        "aiohttp": aiohttp,
        "Tornado": tornado,
        "Django": django,
        "Go": go,
        "nginx": nginx,
    }
    for peer, table in tables.items():
        for number, row in enumerate(table):
            yield Row(peer, *row[:8]), TOP in row[8:], f"{peer} {number}: {row[0]}"
