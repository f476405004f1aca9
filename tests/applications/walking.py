"""What a browser would ask for, of an application in this process: pages, what they name, what style sheets name."""

import json
import re
from urllib.parse import urljoin, urlsplit

NAMED = {
    "text/html": re.compile(r"""<(?:link|script|img|source)\b[^>]*?\s(?:href|src)=["']([^"']+)["']"""),
    "text/css": re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']"""),
}


def walk(get, pages, url_of_the_override):
    """
    Ask for *pages* and all that they name, and print the statuses and what the overridden asset is.

    *get* takes a path and returns a status, the headers and the body. *url_of_the_override* is a regular expression.
    """
    statuses = {}
    waiting = list(pages)
    overridden = []
    while waiting:
        path = waiting.pop()
        if path in statuses:
            continue
        status, headers, body = get(path)
        statuses[path] = status
        if re.search(url_of_the_override, path):
            overridden.append(body.decode("utf-8", "replace").strip())
        waiting += named_in(path, headers.get("Content-Type", ""), body)
    missing = {path: status for path, status in statuses.items() if status != 200}
    print(json.dumps({"assets": len(statuses) - len(pages), "missing": missing, "overridden": overridden}))


def named_in(path, kind, body):
    """The paths on this server that a page or style sheet names."""
    pattern = NAMED.get(kind.partition(";")[0])
    text = body.decode("utf-8", "replace") if pattern is not None else ""
    found = ["".join(match.groups(default="")) for match in pattern.finditer(text)] if pattern is not None else []
    urls = [urlsplit(urljoin(f"http://localhost{path}", name.replace("&amp;", "&"))) for name in found]
    paths = [url._replace(scheme="", netloc="", fragment="").geturl() for url in urls if url.hostname == "localhost"]
    return [path for path in paths if re.search(r"\.\w+$", path.partition("?")[0])]


def from_webob(application, **environ):
    """`get` for a WSGI application."""
    from webob import Request

    def get(path):
        response = Request.blank(path, environ=environ).get_response(application)
        return response.status_int, response.headers, response.body

    return get
