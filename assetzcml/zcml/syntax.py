"""What to type where a file is not XML: the parser says what it met, and the text beside it what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.entities import name2codepoint

from assetzcml.zcml.names import META, NAMESPACE, ZCML

__all__ = ["ROOT_ELEMENT", "remedy"]

ROOT_ELEMENT = f'<configure xmlns="{NAMESPACE}"/>'
PREFIXES = {
    "browser": "http://namespaces.zope.org/browser",
    "i18n": "http://namespaces.zope.org/i18n",
    "meta": META,
    "pyramid": "http://pylonshq.com/pyramid",
    "zcml": ZCML,
    "zope": "http://namespaces.zope.org/zope",
}

_MISMATCH = re.compile(r"Opening and ending tag mismatch: (\S+) line (\d+) and (\S+)")
_UNCLOSED_QUOTE = re.compile(r"""([\w:.-]+)=(["'])([^"'=<>]*?)\s+([\w:.-]+)=\2""")
_CURLY = re.compile(r"""([\w:.-]+)\s*=\s*[“”„‘’]([^“”„‘’"'<>]*)[“”‘’]""")
_COMMA = re.compile(r"""([\w:.-]+)=(["'])([^"'<>]*)\2\s*,""")
_ODD_QUOTES = re.compile(r"""([\w:.-]+)=(?:'([^"'<>]*)"|"([^"'<>]*)')""")
_NO_EQUALS = re.compile(r"""\s([\w.-]+)\s*(?::\s*|\s)(["'])([^"'<>]*)\2""")
_UNQUOTED = re.compile(r"""([\w:.-]+)=([^\s"'<>/]+)""")
_ENTITY = re.compile(r"Entity '(\w+)' not defined")
_PREFIX = re.compile(r"Namespace prefix (\S+)")
_COMMENT = re.compile(r"<!--(.*?)-->")
_PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")
_AMPERSAND = re.compile(r"&(?!#?\w+;)")


def remedy(message: str, lines: list[str], line: int) -> str:
    """What to type, after *message* of the parser about *line*, counted from 1; '' where the text does not tell."""
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    for part, find in _REMEDIES:
        if part in message:
            return find(message, text, lines)
    return ""


def _end_tag(message: str, text: str, lines: list[str]) -> str:
    found = _MISMATCH.search(message)
    if found is None:
        return ""
    opened, number, ended = found[1], int(found[2]), found[3]
    if opened.lower() == ended.lower():
        return f"write </{opened}>"
    written = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    if written.startswith(f"<{opened} ") and written.endswith(">") and written.count("<") == 1:
        return f"write {written[:-1]}/>"
    return f"end it with '/>', or write </{opened}> before </{ended}>"


def _quote(message: str, text: str, lines: list[str]) -> str:
    if comma := _COMMA.search(text):
        return f'write {comma[1]}="{comma[3]}", without a comma'
    if re.search(r"/\s+>", text):
        return "write />"
    found = _UNCLOSED_QUOTE.search(text)
    return f'write {found[1]}="{found[3]}" {found[4]}=' if found is not None else "leave a blank before each attribute"


def _unquoted(message: str, text: str, lines: list[str]) -> str:
    found = _CURLY.search(text) or _UNQUOTED.search(text)
    return f'write {found[1]}="{found[2]}"' if found is not None else "write its value in quotes"


def _no_equals(message: str, text: str, lines: list[str]) -> str:
    found = _NO_EQUALS.search(text)
    return f'write {found[1]}="{found[3]}"' if found is not None else 'write name="value" for each attribute'


def _ampersand(message: str, text: str, lines: list[str]) -> str:
    return "write &amp;" if _AMPERSAND.search(text) else "end the reference with ';'"


def _smaller(message: str, text: str, lines: list[str]) -> str:
    odd = [found for line in lines for found in _ODD_QUOTES.finditer(line)]
    if odd:
        return f'write {odd[0][1]}="{odd[0][2] or odd[0][3]}"'
    found = _PLACEHOLDER.search(text, text.find("pattern=") + 1) if "pattern=" in text else None
    return f"write {{{found[1]}}}" if found is not None else "write &lt;"


def _entity(message: str, text: str, lines: list[str]) -> str:
    found = _ENTITY.search(message)
    number = name2codepoint.get(found[1]) if found is not None else None
    return f"write &#{number};" if number is not None else "XML has &amp;, &lt;, &gt;, &quot; and &apos;"


def _prefix(message: str, text: str, lines: list[str]) -> str:
    found = _PREFIX.search(message)
    prefix = found[1] if found is not None else ""
    return f'declare it in <configure>: xmlns:{prefix}="{PREFIXES.get(prefix, NAMESPACE)}"'


def _hyphens(message: str, text: str, lines: list[str]) -> str:
    found = _COMMENT.search(text)
    return f"write <!--{re.sub('-{2,}', '-', found[1])}-->" if found is not None else "write one hyphen"


def _comment(message: str, text: str, lines: list[str]) -> str:
    begun = [line.strip() for line in lines if "<!--" in line and "-->" not in line]
    return f"write {begun[-1]} -->" if begun else "end the comment with -->"


def _said(words: str) -> Callable[[str, str, list[str]], str]:
    return lambda message, text, lines: words


# What the parser (libxml2) says, and what is to be typed.
_REMEDIES: tuple[tuple[str, Callable[[str, str, list[str]], str]], ...] = (
    ("Opening and ending tag mismatch", _end_tag),
    ("Premature end of data", _said("end each tag, the last with </configure>")),
    ("attributes construct error", _quote),
    ("Specification mandates value for attribute", _no_equals),
    ("Failed to parse QName", _no_equals),
    ("Comment not terminated", _comment),
    ("\" or ' expected", _unquoted),
    ("redefined", _said("keep one of them")),
    ("EntityRef", _ampersand),
    ("Unescaped '<'", _smaller),
    ("not defined", lambda *told: _entity(*told) if told[0].startswith("Entity") else _prefix(*told)),
    ("Extra content at the end", _said("put it into the first element: a file has one that holds all others")),
    ("Start tag expected", _said(f"write {ROOT_ELEMENT}: a file has one element that holds all others")),
    ("Document is empty", _said(f"write {ROOT_ELEMENT}: a file has one element that holds all others")),
    ("XML declaration allowed only at the start", _said("remove what stands before <?xml")),
    ("ouble hyphen", _hyphens),
    ("must not contain '--'", _hyphens),
)
