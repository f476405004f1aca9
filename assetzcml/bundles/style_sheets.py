"""What of a style sheet counts at its top only: @charset, @layer, @import and @namespace. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assetzcml.bundles.filters.csstokens import Token, string_value, tokens, unescaped, url_value
from assetzcml.bundles.scripts import is_anywhere

__all__ = ["Prelude", "TopRule", "imports_hold", "left_open", "may_import", "prelude", "without_map"]

_BLANKS = frozenset({"whitespace", "comment", "cdo", "cdc"})
_TOP = frozenset({"@charset", "@layer", "@import", "@namespace"})
# What browsers know besides. A rule that they do not know is none to them: an @import behind it is followed.
_KNOWN = frozenset({
    "@color-profile", "@container", "@counter-style", "@font-face", "@font-feature-values", "@font-palette-values",
    "@function", "@keyframes", "@media", "@page", "@position-try", "@property", "@scope", "@starting-style", "@supports",
    "@view-transition", "@-webkit-keyframes",
})  # fmt: skip
_NOTHING = re.compile(r"(?:[ \t\n\r\f\ufeff]|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)|<!--|-->)*\Z")
_TEXTS = re.compile(
    rb"""/\*[^*]*(?:\*(?!/)[^*]*)*\*/ | "[^"\\\n]*(?:\\.[^"\\\n]*)*" | '[^'\\\n]*(?:\\.[^'\\\n]*)*'""",
    re.VERBOSE | re.DOTALL,
)
_MAP = re.compile(r"/\*[#@][ \t]+sourceMappingURL=(?P<url>[^\s*]*)[ \t]*\*/")


class TopRule(NamedTuple):
    """
    A rule at the top: its *name*, and where it is in the text, with its semicolon.

    *url* is what an @import names, *conditions* whether it holds for some media or in a layer only. *prefix* is that of
    a @namespace.
    """

    name: str
    start: int
    stop: int
    url: str = ""
    conditions: bool = False
    prefix: str = ""


class Prelude(NamedTuple):
    """
    The rules at the top in their order, and whether there are others: behind them, among them an @import that is ignored,
    or between them, which browsers pass over that do not know them.
    """

    rules: tuple[TopRule, ...]
    others: bool

    def named(self, name: str) -> list[TopRule]:
        return [rule for rule in self.rules if rule.name == name]


def may_import(rules: Sequence[TopRule]) -> bool:
    """
    May an @import come after these? After a @namespace it may not, nor after a @layer that follows another @import.

    >>> [may_import(prelude(text).rules) for text in ("@layer a; @import 'b';", "@import 'b'; @layer a;")]
    [True, False]
    """
    names = [rule.name for rule in rules]
    imports = names.index("@import") if "@import" in names else len(names)
    return "@namespace" not in names and "@layer" not in names[imports:]


def prelude(text: str) -> Prelude:
    """
    What stands at the top of a style sheet (CSS Cascade 5, 2; CSS Namespaces 3, 2).

    >>> [(rule.name, rule.url) for rule in prelude("@import 'a'; @import url(b) print; c {} @import 'd';").rules]
    [('@import', 'a'), ('@import', 'b')]
    """
    if "@" not in text:  # as most sheets are
        return Prelude((), _NOTHING.match(text) is None)
    rules: list[TopRule] = []
    others = False
    for statement in _statements(text):
        name = _name(statement.tokens[0])
        if _is_unknown(name):
            others = True
            continue
        if name not in _TOP or statement.block or (name == "@import" and not may_import(rules)):
            return Prelude(tuple(rules), True)
        rules.append(_top_rule(name, statement))
    return Prelude(tuple(rules), others)


def imports_hold(rules: Sequence[TopRule], before: Sequence[TopRule]) -> bool:
    """Do all @imports among *rules* hold where what is at the top of other sheets, *before*, comes first?"""
    return all(may_import([*before, *rules[:number]]) for number, rule in enumerate(rules) if rule.name == "@import")


def _name(token: Token) -> str:
    """The name of the rule that begins with *token*; '' for one that is no at-rule."""
    return unescaped(token.text).lower() if token.kind == "at-keyword" else ""


def _is_unknown(name: str) -> bool:
    return name != "" and name not in _TOP and name not in _KNOWN


class _Statement(NamedTuple):
    tokens: Sequence[Token]
    start: int
    stop: int
    block: bool


def _statements(text: str) -> Iterator[_Statement]:
    """
    The rules of *text*, each up to its semicolon, or to the end of its block. Where one that browsers know has a block, it
    is the last, up to the brace.
    """
    found: list[Token] = []
    start = at = depth = 0
    block = False
    for token in tokens(text):
        before, at = at, at + len(token.text)
        if token.kind in _BLANKS:
            continue
        if not found:
            start = before
        if token.text == "{" and not depth:
            if not (found and _is_unknown(_name(found[0]))):
                yield _Statement(found or [token], start, at, True)
                return
            block = True
        if token.text == ";" and not depth and found and found[0].kind == "at-keyword":  # it ends no other rule
            yield _Statement(found, start, at, False)
            found = []
            continue
        depth += (
            1
            if token.kind == "function" or token.text in ("(", "[", "{")
            else -1
            if token.text in (")", "]", "}")
            else 0
        )
        found.append(token)
        if block and depth <= 0:
            yield _Statement(found, start, at, True)
            found, block, depth = [], False, 0
    if found:
        yield _Statement(found, start, at, block)


def _top_rule(name: str, statement: _Statement) -> TopRule:
    words = list(statement.tokens[1:])
    prefix = ""
    if name == "@namespace" and words and words[0].kind == "ident":
        prefix = unescaped(words.pop(0).text)
    url, length = _address(words)
    conditions = [word.text.lower() for word in words[length:]]
    return TopRule(name, statement.start, statement.stop, url, conditions not in ([], ["all"]), prefix)


def _address(words: Sequence[Token]) -> tuple[str, int]:
    """The URL or string that *words* begin with, and of how many of them it is."""
    if words and words[0].kind == "string":
        return string_value(words[0].text), 1
    if words and words[0].kind == "url":
        return url_value(words[0].text), 1
    if len(words) > 1 and unescaped(words[0].text).lower() == "url(" and words[1].kind == "string":
        return string_value(words[1].text), 3
    return "", 0


def left_open(content: bytes) -> int | None:
    """
    Where that begins which *content* leaves open at its end, and a file alone has closed there; None when nothing is.

    >>> left_open(b"a{} @media print { b{}"), left_open(b"a{} /* c"), left_open(b"a{}} /* { */")
    (17, 4, None)
    """
    # Counted first: to take a sheet apart takes a hundred times as long.
    plain = b"/*" not in content and b'"' not in content and b"'" not in content
    rest = content if plain else _TEXTS.sub(b"", content)
    if rest.count(b"{") == rest.count(b"}") and b"/*" not in rest:
        return None
    text = _decoded(content)
    opened: list[int] = []
    at = 0
    for token in tokens(text or ""):
        if token.text == "{":
            opened.append(at)
        elif token.text == "}" and opened:
            opened.pop()
        elif token.kind == "comment" and not (token.text.endswith("*/") and len(token.text) > len("/*/")):
            opened.insert(0, at)
        at += len(token.text)
    return opened[0] if opened else None


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def without_map(content: bytes, moved_only: bool = False) -> bytes:
    """
    The sheet without the reference to its source map; with *moved_only*, a reference that holds anywhere stays.

    >>> without_map(b"a{b:c}\\n/*# sourceMappingURL=a.css.map */")
    b'a{b:c}\\n'
    """
    if b"sourceMappingURL" not in content:
        return content
    text = _decoded(content)
    if text is None:
        return content
    kept = [token.text for token in tokens(text) if not _refers(token, moved_only)]
    return "".join(kept).encode()


def _refers(token: Token, moved_only: bool) -> bool:
    found = _MAP.fullmatch(token.text) if token.kind == "comment" else None
    return found is not None and not (moved_only and is_anywhere(found["url"]))
