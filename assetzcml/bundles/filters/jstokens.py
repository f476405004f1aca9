"""
The tokens of JavaScript (ECMAScript 2025, section 12), with nothing lost: joined, they are the text. Pure.

Whether a slash divides or begins a regular expression depends on the grammar. What is open around it is kept on a
stack, which decides it for every program; where that would need more (`yield`, `await` and `of` can be names),
Doubtful is raised, never guessed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Doubtful", "Token", "difference", "tokens"]


class Doubtful(ValueError):
    """A text that is not JavaScript, or of which that is not sure. `offset` is where, in characters."""

    def __init__(self, message: str, offset: int):
        super().__init__(message)
        self.offset = offset


class Token(NamedTuple):
    """
    *kind* is 'whitespace', 'newline', 'comment', 'html-comment', 'name' (keywords too), 'number', 'string',
    'template' (a whole one, or the part before, between or after substitutions), 'regex' or 'punctuator'.
    """

    kind: str
    text: str
    offset: int


_NEWLINES = "\n\r\u2028\u2029"
_NAME = r"(?:[\w$\u200c\u200d]|[^\x00-\x7f\s\ufeff]|\\u(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]+\}))+"
_TOKEN = re.compile(
    rf"""
      (?P<newline> \r\n | [{_NEWLINES}] )
    | (?P<whitespace> (?:(?![{_NEWLINES}])[\s\ufeff])+ )
    | (?P<comment> //[^{_NEWLINES}]* | /\*[^*]*(?:\*(?!/)[^*]*)*\*/ )
    | (?P<html> <!-- )
    | (?P<number> 0[xXoObB][0-9a-fA-F_]+n?
                | (?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?n? )
    | (?P<name> \#?{_NAME} )
    | (?P<string> "[^"\\\r\n]*(?:\\(?:\r\n|.)[^"\\\r\n]*)*" | '[^'\\\r\n]*(?:\\(?:\r\n|.)[^'\\\r\n]*)*' )
    | (?P<backquote> ` )
    | (?P<slash> / )
    | (?P<punctuator> >>>= | \.\.\. | === | !== | \*\*= | <<= | >>= | >>> | &&= | \|\|= | \?\?=
                | => | == | != | <= | >= | && | \|\| | \?\? | \?\.(?![0-9]) | \+\+ | -- | \+= | -= | \*= | %=
                | &= | \|= | \^= | << | >> | \*\* | [-{{}}()\[\];,<>+*%&|^!~?:=.@] )
    """,
    re.VERBOSE | re.DOTALL,
)
# 12.9.5; in a class a slash is an ordinary character.
_CLASS = rf"\[[^\]\\{_NEWLINES}]*(?:\\[^{_NEWLINES}][^\]\\{_NEWLINES}]*)*\]"
_REGEX = re.compile(
    rf"/(?![*/])[^/\\\[{_NEWLINES}]*(?:(?:\\[^{_NEWLINES}]|{_CLASS})[^/\\\[{_NEWLINES}]*)*/(?:{_NAME})?", re.DOTALL
)
_TEMPLATE_PART = re.compile(r"[^`\\$]*(?:(?:\\.|\$(?!\{))[^`\\$]*)*(?:`|\$\{)", re.DOTALL)
_REST_OF_LINE = re.compile(rf"[^{_NEWLINES}]*")

# After these an operand comes, never a division; `of`, `yield` and `await` may also be names.
_BEFORE_OPERAND = frozenset({
    "case", "default", "delete", "do", "else", "export", "extends", "import", "in", "instanceof", "new", "return",
    "throw", "typeof", "void",
})  # fmt: skip
_PERHAPS_BEFORE_OPERAND = frozenset({"yield", "await", "of"})
# In an object or a class, a word after one of these is the name of a member.
_BEFORE_KEY = frozenset({"{", ",", ";", "}", "*", "get", "set", "static", "async"})
# Their parentheses are followed by a statement.
_CONTROL = frozenset({"if", "while", "for", "with", "switch", "catch"})
_AFTER_WHICH_A_BLOCK = frozenset({"else", "do", "try", "finally", "catch", "static", "export", "import"})
# After these a newline may end the statement, or be the end of a field of a class, whatever comes (12.10.1; 15.7).
_RESTRICTED = frozenset(["return", "break", "continue", "throw", "yield", "async", "get", "set", "static", "accessor"])
# What an expression or a member of a class may begin with, a generator with '*'.
_BEGIN = frozenset(["(", "[", "{", "+", "-", "++", "--", "!", "~", "@", "*"])


class _Open(NamedTuple):
    """What a bracket opened: *kind* 'block', 'object', 'class', '(', '[', or '${'."""

    kind: str
    ends_operand: bool  # whether a slash after the closing bracket divides
    ternaries: int  # how many '?' wait for their ':', outside
    header: str = ""  # of '(': 'control', 'params' or ''


class _Scanner:
    """The state between two tokens: what is open, and what the previous token was."""

    def __init__(self) -> None:
        self.open: list[_Open] = []
        self.operand = False  # an operand has just ended: a slash divides
        self.unsure = ""  # the word that may be an operator or a name
        self.before = ""  # the previous token, and the one before it
        self.before_that = ""
        self.at_statement = True  # the next token begins a statement
        self.newline = True  # there was a newline since the previous token
        self.ternaries = 0
        self.pending: list[tuple[str, bool, int]] = []  # 'function' or 'class', whether it is an operand, its depth
        self.closed = _Open("", False, 0)  # what the previous token closed

    @property
    def inside(self) -> str:
        return self.open[-1].kind if self.open else "block"

    def take(self, kind: str, text: str, offset: int) -> None:
        """Account for a token that is neither blank nor comment."""
        if kind == "name":
            self._name(text)
        elif kind == "punctuator":
            self._punctuator(text, offset)
        else:
            self._after(operand=True)
        self.before_that, self.before = self.before, text
        self.newline = False

    def _after(self, operand: bool, statement: bool = False, unsure: str = "") -> None:
        self.operand, self.at_statement, self.unsure = operand, statement, unsure

    def _name(self, text: str) -> None:
        if self.before in (".", "?."):
            return self._after(operand=True)
        if self.inside in ("object", "class") and self.before in (
            "{",
            ",",
            ";",
            "}",
            "*",
            "get",
            "set",
            "static",
            "async",
        ):
            # The name of a property or method, whatever the word; `static` may also begin a block.
            return self._after(operand=text != "static")
        if text in ("function", "class"):
            self._pend(text)
            return self._after(operand=False)
        if text in _PERHAPS_BEFORE_OPERAND:
            return self._after(operand=True, unsure=text)
        statement = text in ("else", "do", "export", "default") or (text == "async" and self._begins_statement())
        return self._after(operand=text not in _BEFORE_OPERAND and text not in _CONTROL, statement=statement)

    def _pend(self, word: str) -> None:
        self.pending.append((word, not self._begins_statement(), len(self.open)))

    def _begins_statement(self) -> bool:
        # After an operand a statement can only have begun by a newline: no other grammar has a word there.
        return self.inside == "block" and (self.at_statement or (self.operand and self.newline))

    def _punctuator(self, text: str, offset: int) -> None:
        if text in "([{":
            return self._opening(text)
        if text in ")]}":
            return self._closing(text, offset)
        if text in ("++", "--"):
            return self._after(operand=self.operand and not self.newline)
        if text == "?":
            self.ternaries += 1
        elif text == ":":
            if not self.ternaries and self.inside == "block":
                return self._after(operand=False, statement=True)  # of a label or a case
            self.ternaries = max(self.ternaries - 1, 0)
        elif text == ";":
            self.ternaries = 0
            return self._after(operand=False, statement=True)
        return self._after(operand=False)

    def _opening(self, text: str) -> None:
        if text == "{":
            opened = self._brace()
        elif text == "[":
            opened = _Open("[", True, self.ternaries)
        else:
            opened = self._parenthesis()
        self.open.append(opened)
        self.ternaries = 0
        self._after(operand=False, statement=opened.kind == "block")

    def _parenthesis(self) -> _Open:
        word = self.before_that if self.before == "await" and self.before_that == "for" else self.before
        named = self.before_that in (".", "?.") or (self.inside in ("object", "class") and self._is_key())
        if word in _CONTROL and not named:
            return _Open("(", False, self.ternaries, "control")
        if self.pending and self.pending[-1][0] == "function" and self.pending[-1][2] == len(self.open):
            return _Open("(", self.pending.pop()[1], self.ternaries, "params")
        return _Open("(", True, self.ternaries)

    def _is_key(self) -> bool:
        return self.before_that in _BEFORE_KEY

    def _brace(self) -> _Open:
        pending = self.pending[-1] if self.pending and self.pending[-1][2] == len(self.open) else None
        closed = self.closed if self.before == ")" else None
        if closed is not None and closed.header == "params":
            return _Open("block", closed.ends_operand, self.ternaries)
        if pending is not None and pending[0] == "class" and (self.operand or self.before == "class"):
            self.pending.pop()
            return _Open("class", pending[1], self.ternaries)
        if closed is not None:  # a statement, a method, or a block after an expression that a newline ended
            return _Open("block", False, self.ternaries)
        if self.before == "=>":  # after an arrow function's body no operator is allowed: a newline ends the statement
            return _Open("block", False, self.ternaries)
        if self.at_statement or self.before in _AFTER_WHICH_A_BLOCK or (self.operand and self.newline):
            return _Open("block", False, self.ternaries)
        if self.inside == "class" and self.before == "static":
            return _Open("block", False, self.ternaries)
        return _Open("object", True, self.ternaries)

    def _closing(self, text: str, offset: int) -> None:
        opener = {")": ("(",), "]": ("[",), "}": ("block", "object", "class", "${")}[text]
        if self.inside not in opener or not self.open:
            raise Doubtful(f"{text!r} closes nothing", offset)
        self.closed = self.open.pop()
        while self.pending and self.pending[-1][2] > len(self.open):
            self.pending.pop()
        self.ternaries = self.closed.ternaries
        ends_operand = self.closed.ends_operand and self.closed.header != "params"
        statement = not ends_operand and self.closed.header != "params"
        self._after(operand=ends_operand, statement=statement)
        if text == "}" and self.closed.kind == "block" and self.inside == "object":
            self._after(operand=False)

    def slash_begins_regex(self, offset: int) -> bool:
        if self.unsure:
            raise Doubtful(f"a slash after {self.unsure!r} may divide or begin a regular expression", offset)
        return not self.operand


def tokens(text: str) -> Iterator[Token]:
    """
    The tokens of *text*, a script or a module, in order.

    Raises Doubtful where it is not JavaScript as far as tokens can show.

    >>> [token.text for token in tokens("if (a) /b/.test(c / d)") if token.kind != "whitespace"]
    ['if', '(', 'a', ')', '/b/', '.', 'test', '(', 'c', '/', 'd', ')']
    """
    scanner = _Scanner()
    at = 0
    if text.startswith("#!"):  # 12.5
        at = _end(_REST_OF_LINE, text, 0)
        yield Token("comment", text[:at], 0)
    while at < len(text):
        kind, stop = _token(text, at, scanner)
        token = Token(kind, text[at:stop], at)
        if kind == "newline" or (kind == "comment" and any(newline in token.text for newline in _NEWLINES)):
            scanner.newline = True
        yield token
        at = stop
    if scanner.open:
        raise Doubtful("a bracket is not closed", at)


def _token(text: str, at: int, scanner: _Scanner) -> tuple[str, int]:
    """The kind of the token at *at* and where it ends, taken by *scanner*."""
    found = _TOKEN.match(text, at)
    if found is None:
        raise Doubtful(f"{text[at]!r} begins no token", at)
    kind, stop = str(found.lastgroup), found.end()
    if kind in ("newline", "whitespace", "comment"):
        return kind, stop
    if kind == "html" or (found.group() == "--" and text[at : at + 3] == "-->" and scanner.newline):
        return "html-comment", _end(_REST_OF_LINE, text, at)  # B.1.1
    if kind == "slash":
        kind, stop = _slash(text, at, scanner)
    elif kind == "backquote" or (found.group() == "}" and scanner.inside == "${"):
        return "template", _template(text, at, scanner)
    scanner.take(kind, text[at:stop], at)
    return kind, stop


def _slash(text: str, at: int, scanner: _Scanner) -> tuple[str, int]:
    if not scanner.slash_begins_regex(at):
        return "punctuator", at + (2 if text[at + 1 : at + 2] == "=" else 1)
    found = _REGEX.match(text, at)
    if found is None:
        raise Doubtful("a regular expression does not end on its line", at)
    return "regex", found.end()


def _template(text: str, at: int, scanner: _Scanner) -> int:
    """The end of the template part that begins with the backquote or brace at *at*."""
    found = _TEMPLATE_PART.match(text, at + 1)
    if found is None:
        raise Doubtful("a template does not end", at)
    if text[at] == "}":
        scanner.ternaries = scanner.open.pop().ternaries
    if found.group().endswith("${"):
        scanner.take("template", "${", at)
        scanner.open.append(_Open("${", True, scanner.ternaries))
        scanner.ternaries = 0
        scanner._after(operand=False)
    else:
        scanner.take("template", "`", at)
    return found.end()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def difference(before: str, after: str) -> Token | None:
    """
    The first token of *before* at which *after* is another program; None when it is the same.

    The same are: equal tokens, and a newline wherever it may end a statement. Comments and other blanks do not
    count. A comment of HTML's form is always a difference: whether it is one depends on how the file is loaded.

    Raises Doubtful where either is not JavaScript.

    >>> difference("a  +  b // sum", "a+b") is None
    True
    >>> difference("a + +b", "a++b").text
    '+'
    """
    last = Token("newline", "", 0)
    for ours, theirs in itertools.zip_longest(_significant(before), _significant(after)):
        if ours is None or theirs is None:
            return last if ours is None else ours[0]
        (token, newline), (other, other_newline) = ours, theirs
        if token.text != other.text or token.kind != other.kind or token.kind == "html-comment":
            return token
        if newline != other_newline and last.text and (other_newline or _newline_counts(last, token)):
            return token
        last = token
    return None


def _significant(text: str) -> Iterator[tuple[Token, bool]]:
    """The tokens that are neither blank nor comment, each with whether a newline stands before it."""
    newline = False
    for token in tokens(text):
        if token.kind == "newline" or (token.kind == "comment" and any(n in token.text for n in _NEWLINES)):
            newline = True
        elif token.kind not in ("whitespace", "comment"):
            yield token, newline
            newline = False


def _newline_counts(left: Token, right: Token) -> bool:
    """Whether the program might be another without the newline between *left* and *right* (12.10)."""
    begins = right.kind != "punctuator" or right.text in _BEGIN
    if left.text in _RESTRICTED and begins:
        return True
    # After `var a` and `() => {}` a statement also ends before what elsewhere goes on with the expression: '(' or '+'.
    ends = left.kind != "punctuator" or left.text in (")", "]", "}", "++", "--")
    return ends and begins
