"""What a web manifest (W3C Application Manifest) refers to. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

__all__ = ["links"]

# Where in the document a URL stands that is fetched; '*' is any place in a list. Others are addresses of pages.
FILES = {("icons", "*", "src"), ("screenshots", "*", "src"), ("shortcuts", "*", "icons", "*", "src")}
PAGES = {("start_url",), ("scope",), ("shortcuts", "*", "url"), ("share_target", "action"), ("id",)}

_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[{}\[\],:])|(?P<other>[^\s{}\[\],:"]+))', re.DOTALL
)


def links(text: str) -> Iterator[tuple[str, str, int, int]]:
    """
    The URLs in a web manifest: (URL, kind, start, end). What is no JSON has none.

    >>> list(links('{"name": "x", "icons": [{"src": "i.png"}], "start_url": "."}'))
    [('i.png', 'file', 32, 39), ('.', 'page', 56, 59)]
    """
    try:
        json.loads(text.removeprefix("\\ufeff"))
    except (ValueError, RecursionError):
        return
    path: list[str] = []  # the key, or '*', of each object and list that is open
    key = False  # is the next string one?
    for found in _TOKEN.finditer(text):
        mark, string = found["mark"], found["string"]
        if mark == "{":
            path.append("")
            key = True
        elif mark == "[":
            path.append("*")
        elif mark in ("}", "]"):
            path.pop()
        elif mark == ",":
            key = path[-1:] != ["*"]
        elif mark == ":":
            key = False
        elif string is not None and key:
            path[-1] = json.loads(string)
        elif string is not None:
            place = tuple(path)
            kind = "file" if place in FILES else "page" if place in PAGES else ""
            if kind:
                yield json.loads(string), kind, found.start("string"), found.end("string")
