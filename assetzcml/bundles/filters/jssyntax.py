"""
The syntax of JavaScript (ECMAScript 2025), as far as it says what a token is and where a statement ends. Pure.

Whether a slash divides or begins a regular expression, and whether a newline ends a statement, are questions to the
grammar. This is a grammar that takes every program that JavaScript takes, and some others: operators have no order,
and no name has to be declared. It works on a stack of its own: how deep brackets are nested does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

__all__ = ["Doubtful", "Syntax", "Unfinished", "Unopened"]


class Doubtful(ValueError):
    """A text that is not JavaScript, or of which that is not sure. `offset` is where, in characters."""

    def __init__(self, message: str, offset: int):
        super().__init__(message)
        self.offset = offset


class Unfinished(Doubtful):
    """A text that ends inside of a bracket."""


class Unopened(Doubtful):
    """A text that begins inside of a bracket."""


# Words that no operand is. `yield`, `await`, `let`, `async`, `of` and their like may also be names.
_RESERVED = frozenset({
    "break", "case", "catch", "const", "continue", "debugger", "default", "do", "else", "enum", "export", "extends",
    "finally", "for", "if", "in", "instanceof", "return", "switch", "throw", "try", "var", "while", "with",
})  # fmt: skip
_PREFIX_WORDS = frozenset({"typeof", "void", "delete"})
_PREFIXES = frozenset({"+", "-", "!", "~", "++", "--", "..."})
# What takes an operand on both sides. A division comes here too; after a newline all of these go on.
_INFIXES = frozenset({
    "=", "==", "===", "!=", "!==", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "**", "<<", ">>", ">>>", "&", "|",
    "^", "&&", "||", "??", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=",
    "??=",
})  # fmt: skip
_OPERATOR_WORDS = frozenset({"in", "instanceof"})
_LITERALS = frozenset({"string", "number", "regex"})
_MODIFIERS = frozenset({"static", "get", "set", "async", "accessor"})
_RELATIVE = re.compile(r"""["'`]\.\.?/""")


class _Level:
    """What a bracket opened, and what is under way inside of it. Most of it rarely is: those are defaults."""

    colons = 0  # how many '?' wait for their ':'
    case = False  # between `case` and its colon
    dos = 0  # how many `do` wait for their `while`
    declaring = False  # among the bindings of var, let and const
    single = False  # the statement is the body of an if or a loop
    classes: tuple[Any, ...] = ()  # classes whose body is to come: the states after it
    concise: tuple[bool | None, bool, int] | None = None  # what held before the body of an arrow function
    then: Any = None  # the state after a decorator, or after the body of a function whose head is read
    asynchronous = False  # that function, or method, is one; of 'for': it awaits
    generator = False
    awaits: bool | None = None  # of a function's body: what held outside
    yields = False

    def __init__(self, kind: str, resume: Any):
        self.kind = kind  # 'block', 'function', 'object', 'class', 'specifiers', '(', 'for', '[' or '${'
        self.resume = resume  # the state after the closing bracket; None: a statement has ended


class Syntax:
    """
    Takes the tokens of a program one by one. Between two of them `regex_may_begin` says what a slash would be.

    `take` returns whether the newline before the token ends a statement, or the field of a class.
    `modules` are the places of what only a module may have, or what depends on where the file lies: the offset and
    the word; `begins` says whether a statement, or a member of a class, begins with the next token.
    """

    def __init__(self) -> None:
        self.state: Callable[[str, str], None] = self._statement
        self.level = _Level("block", None)
        self.stack: list[_Level] = []
        self.newline = False  # there is one before the token at hand
        self.counts = False  # and it ends a statement
        self.offset = 0
        self.awaits: bool | None = None  # `await` is an operator; None: only in a module
        self.yields = False
        self.modules: list[tuple[int, str]] = []
        self.is_module = False
        self.html_at = -1  # where a comment of HTML's form is, which only a script has
        self._function = (False, False)  # of the function whose body is to come: async, generator
        self._import_at = -1
        self._word = ""

    @property
    def begins(self) -> bool:
        return self.state == self._statement or self.state == self._member

    def regex_may_begin(self) -> bool:
        return self.state.__func__ not in _DIVIDING  # type: ignore[attr-defined]

    @property
    def in_template(self) -> bool:
        return self.level.kind == "${"

    def take(self, kind: str, text: str, offset: int, newline: bool) -> bool:
        """Account for a token that is neither blank nor comment. Raises Doubtful when it cannot stand there."""
        self.offset, self.newline, self.counts = offset, newline, False
        self.state(kind, text)
        return self.counts

    def end(self, offset: int) -> None:
        """Account for the end of the text. Raises Unfinished inside of a bracket, Doubtful inside of a statement."""
        self.offset, self.newline = offset, True
        if self.stack:
            raise Unfinished("a bracket is not closed", offset)
        self._expression_ends("the end")
        if self.is_module and self.html_at >= 0:
            raise Doubtful("a comment of HTML's form is none in a module, which this is", self.html_at)
        if self.level.dos or (self.state != self._statement and self.state.__func__ not in _MAY_END):  # type: ignore[attr-defined]
            raise Doubtful("the last statement does not end", offset)

    # -- brackets

    def _open(self, kind: str, resume: Any, state: Callable[[str, str], None]) -> _Level:
        self.stack.append(self.level)
        self.level = _Level(kind, resume)
        self.state = state
        return self.level

    def _close(self, bracket: str) -> None:
        level = self.level
        if not self.stack or bracket != _CLOSING[level.kind]:
            raise Unopened(f"{bracket!r} closes nothing", self.offset)
        self._expression_ends(bracket)
        if level.dos:
            self._doubt(bracket)
        self.level = self.stack.pop()
        if level.kind == "function":
            self.awaits, self.yields = level.awaits, level.yields
        if level.resume is None:
            self._complete()
        else:
            self.state = level.resume

    def _doubt(self, text: str) -> None:
        raise Doubtful(f"{text!r} was not expected", self.offset)

    # -- statements

    def _complete(self) -> None:
        """A statement has ended."""
        level = self.level
        level.declaring = level.single = level.case = False
        level.colons = 0
        self.state = self._do_tail if level.dos else self._statement

    def _ends(self, kind: str, text: str) -> None:
        """Here nothing but the end of a statement, or of a field of a class, can be."""
        level = self.level
        if level.kind in _CLOSING_BRACES and text == "}" and kind == "punctuator":
            return self._close(text)
        if level.kind not in _OF_STATEMENTS:
            if kind == "punctuator" and text in (")", "]", ",", ";", "}", ":"):
                return self._delimiter(text)
            return self._doubt(text)
        colon = text == ":" and (level.colons or level.case)
        if kind == "punctuator" and (text in (";", ",") or colon):
            return self._delimiter(text)
        if not self.newline:
            return self._doubt(text)
        self._expression_ends(text)
        self.counts = True
        if level.kind == "class":
            self.state = self._member
            return self._member(kind, text)
        self._complete()
        return self.state(kind, text)

    def _statement(self, kind: str, text: str) -> None:
        if kind == "name":
            handler = _STATEMENTS.get(text)
            if handler is not None:
                return handler(self, text)
        elif kind == "punctuator":
            if text == "{":
                self._open("block", None, self._statement)
                return None
            if text == ";":
                return self._complete()
            if text == "}":
                return self._close(text)
            if text == "@":
                self.level.then = self._statement
                self.state = self._decorator
                return None
        return self._operand(kind, text)

    def _do_tail(self, kind: str, text: str) -> None:
        """After the body of `do`, or before its `else`."""
        if text == "while":
            self.level.dos -= 1
            self.state = self._do_header
        elif text in ("else", "catch", "finally") and kind == "name":
            self._statement(kind, text)
        else:
            self._doubt(text)

    def _do_header(self, kind: str, text: str) -> None:
        self._expect("(", text)
        self._open("(", self._do_end, self._operand)

    def _do_end(self, kind: str, text: str) -> None:
        """After `do … while (…)` no semicolon is needed (12.10.1)."""
        self._complete()
        if text != ";":
            self.state(kind, text)

    def _expect(self, expected: str, text: str) -> None:
        if text != expected:
            raise Doubtful(f"{expected!r} was expected", self.offset)

    def _word_body(self, word: str) -> None:  # else, try, finally
        self.level.single = word == "else"
        self.state = self._statement

    def _word_do(self, word: str) -> None:
        self.level.dos += 1
        self.level.single = True
        self.state = self._statement

    def _word_header(self, word: str) -> None:  # if, while, with, switch, catch, for
        self._word = word
        self.level.asynchronous = False
        self.state = self._header

    def _header(self, kind: str, text: str) -> None:
        word = self._word
        if text == "(" and kind == "punctuator":
            self.level.single = True
            loop = word == "for"
            waits = self.level.asynchronous
            opened = self._open("for" if loop else "(", self._statement, self._for_begin if loop else self._operand)
            opened.asynchronous = loop and waits
        elif word == "for" and text == "await":
            self.level.asynchronous = True
        elif word == "catch" and text == "{":
            self._statement(kind, text)
        else:
            self._doubt(text)

    def _for_begin(self, kind: str, text: str) -> None:
        if kind == "name" and text in ("var", "const"):
            self._word_declare(text)
        elif kind == "name" and text in ("let", "using"):
            self._word_let(text)
        else:
            self._operand(kind, text)

    def _word_declare(self, word: str) -> None:  # var, const
        self.level.declaring = True
        self.state = self._binding

    def _word_let(self, word: str) -> None:  # let, using
        self._word = word
        self.state = self._let

    def _let(self, kind: str, text: str) -> None:
        """After a `let` or `using` that is a name, or begins a declaration."""
        if self._word == "using":
            declares = kind == "name" and text not in (*_OPERATOR_WORDS, "of") and not self.newline
        else:
            declares = (kind == "name" and text not in _OPERATOR_WORDS) or text in ("{", "[")
            declares = declares and not (self.level.single and self.newline and self.level.kind in _OF_STATEMENTS)
        if declares:
            self._word_declare(self._word)
            self._binding(kind, text)
        else:
            self._after(kind, text)

    def _binding(self, kind: str, text: str) -> None:
        if kind == "name":
            self.state = self._bound
        elif text == "{":
            self._open("object", self._bound, self._key)
        elif text == "[":
            self._open("[", self._bound, self._operand)
        else:
            self._doubt(text)

    def _bound(self, kind: str, text: str) -> None:
        """After the name, or pattern, of a declaration: no operand."""
        if text == "=" and kind == "punctuator":
            self.state = self._operand
        elif kind == "name" and self.level.kind == "for" and text in ("in", "of"):
            self.level.declaring = False
            self.state = self._operand
        else:
            self._ends(kind, text)

    def _word_return(self, word: str) -> None:  # return, throw
        self.state = self._returned

    def _returned(self, kind: str, text: str) -> None:
        if self.newline or (kind == "punctuator" and text in (";", "}")):
            self._ends(kind, text)
        else:
            self._operand(kind, text)

    def _word_jump(self, word: str) -> None:  # break, continue
        self.state = self._jump

    def _jump(self, kind: str, text: str) -> None:
        if kind == "name" and not self.newline:
            self.state = self._ends
        else:
            self._ends(kind, text)

    def _word_end(self, word: str) -> None:  # debugger
        self.state = self._ends

    def _word_case(self, word: str) -> None:
        self.level.case = True
        self.state = self._operand if word == "case" else self._after

    # -- functions and classes

    def _word_function(self, word: str) -> None:
        self._begin_function(None, False)

    def _begin_function(self, resume: Any, asynchronous: bool) -> None:
        self._function = (asynchronous, False)
        self.level.then = resume
        self.state = self._function_head

    def _function_head(self, kind: str, text: str) -> None:
        if text == "*" and kind == "punctuator":
            self._function = (self._function[0], True)
        elif text == "(":
            self._parameters(self.level.then)
        elif kind != "name":
            self._doubt(text)

    def _parameters(self, then: Any) -> None:
        # Kept around the parentheses: among the parameters may be functions too.
        level = self.level
        level.then = then
        level.asynchronous, level.generator = self._function
        self._open("(", self._function_body, self._operand)

    def _function_body(self, kind: str, text: str) -> None:
        self._expect("{", text)
        level = self.level
        self._enter_function(level.then, level.asynchronous, level.generator)

    def _enter_function(self, resume: Any, asynchronous: bool, generator: bool) -> None:
        level = self._open("function", resume, self._statement)
        level.awaits, level.yields = self.awaits, self.yields
        self.awaits, self.yields = asynchronous, generator

    def _word_class(self, word: str) -> None:
        self._begin_class(None)

    def _begin_class(self, resume: Any) -> None:
        self.level.classes += (resume,)
        self.state = self._class_head

    def _class_head(self, kind: str, text: str) -> None:
        if text == "{":
            self._class_body()
        elif text == "extends":
            self.state = self._operand
        elif kind != "name":
            self._doubt(text)

    def _class_body(self) -> None:
        level = self.level
        level.classes, resume = level.classes[:-1], level.classes[-1]
        self._open("class", resume, self._member)

    def _decorator(self, kind: str, text: str) -> None:
        if text == "(":
            self._open("(", self._decorated, self._operand)
        elif kind == "name":
            self.state = self._decorator_more
        else:
            self._doubt(text)

    def _decorator_more(self, kind: str, text: str) -> None:
        if text == "." and kind == "punctuator":
            self.state = self._decorator
        elif text == "(":
            self._open("(", self._decorated, self._operand)
        else:
            self._decorated(kind, text)

    def _decorated(self, kind: str, text: str) -> None:
        self.state = self.level.then
        self.state(kind, text)

    def _member(self, kind: str, text: str) -> None:
        """At the beginning of a member of a class."""
        level = self.level
        level.asynchronous = level.generator = False
        if kind == "punctuator":
            if text == "}":
                return self._close(text)
            if text == ";":
                self.state = self._member
                return None
            if text == "@":
                level.then = self._member
                self.state = self._decorator
                return None
        return self._member_key(kind, text)

    def _member_key(self, kind: str, text: str) -> None:
        if kind == "name" and text in _MODIFIERS:
            self._word = text
            self.state = self._modifier
        elif text == "*" and kind == "punctuator":
            self.level.generator = True
            self.state = self._member_key
        elif text == "[":
            self._open("[", self._keyed_member, self._operand)
        elif kind == "name" or kind in _LITERALS:
            self.state = self._keyed_member
        else:
            self._doubt(text)

    def _modifier(self, kind: str, text: str) -> None:
        """After a word that says something of the next one, or is itself the name of the member."""
        word = self._word
        if kind == "punctuator" and text in ("(", "=", ";", "}"):
            return self._keyed_member(kind, text)
        if text == "{" and word == "static":
            return self._enter_function(self._member, False, False)
        alone = self.newline if word in ("async", "accessor") else text == "*" and word in ("get", "set")
        if alone:
            return self._keyed_member(kind, text)
        if word == "async":
            self.level.asynchronous = True
        return self._member_key(kind, text)

    def _keyed_member(self, kind: str, text: str) -> None:
        level = self.level
        if text == "(":
            self._function = (level.asynchronous, level.generator)
            self._parameters(self._member)
        elif text == "=" and kind == "punctuator":
            self.state = self._operand
        elif text == ";":
            self.state = self._member
        else:
            self._ends(kind, text)

    # -- objects

    def _key(self, kind: str, text: str) -> None:
        level = self.level
        level.asynchronous = level.generator = False
        if text == "}" and kind == "punctuator":
            self._close(text)
        elif text == "...":
            self.state = self._operand
        else:
            self._key_word(kind, text)

    def _key_word(self, kind: str, text: str) -> None:
        if kind == "name" and text in ("get", "set", "async"):
            self._word = text
            self.state = self._key_modifier
        elif text == "*" and kind == "punctuator":
            self.level.generator = True
            self.state = self._key_word
        elif text == "[":
            self._open("[", self._keyed, self._operand)
        elif kind == "name" or kind in _LITERALS:
            self.state = self._keyed
        else:
            self._doubt(text)

    def _key_modifier(self, kind: str, text: str) -> None:
        if kind == "punctuator" and text in ("(", "=", ",", "}", ":"):
            return self._keyed(kind, text)
        if self._word == "async":
            self.level.asynchronous = True
        return self._key_word(kind, text)

    def _keyed(self, kind: str, text: str) -> None:
        if kind != "punctuator":
            self._doubt(text)
        elif text in (":", "="):
            self.state = self._operand
        elif text == "(":
            self._function = (self.level.asynchronous, self.level.generator)
            self._parameters(self._method_end)
        else:
            self._method_end(kind, text)

    def _method_end(self, kind: str, text: str) -> None:
        if text == ",":
            self.state = self._key
        elif text == "}":
            self._close(text)
        else:
            self._doubt(text)

    # -- expressions

    def _operand(self, kind: str, text: str) -> None:
        if kind == "name":
            handler = _OPERANDS.get(text)
            if handler is not None:
                return handler(self, text)
            if text in _RESERVED:
                return self._doubt(text)
            self.state = self._after
            return None
        if kind != "punctuator":
            return self._literal(kind)
        if text in _PREFIXES:
            self.state = self._operand
        elif text == "(":
            self._open("(", self._after, self._operand)
        elif text == "{":
            self._open("object", self._after, self._key)
        elif text == "[":
            self._open("[", self._after, self._operand)
        elif text == "@":
            self.level.then = self._operand
            self.state = self._decorator
        else:
            self._empty(text)
        return None

    def _literal(self, kind: str) -> None:
        """A literal, or a part of a template."""
        if kind == "template-head":
            self._open("${", self._after, self._operand)
        else:
            self.state = self._after

    def _empty(self, text: str) -> None:
        """Where an operand might be and none is."""
        kind = self.level.kind
        if text in (")", "]") and text == _CLOSING[kind]:
            self._close(text)
        elif (text == "," and kind == "[") or (text == ";" and kind == "for"):
            self.state = self._operand
        else:
            self._doubt(text)

    def _after(self, kind: str, text: str) -> None:
        """After an operand."""
        if kind == "punctuator":
            handler = _AFTER.get(text)
            if handler is not None:
                return handler(self, kind, text)
            return self._ends(kind, text)
        if kind == "template":
            self.state = self._after
            return None
        if kind == "template-head":
            self._open("${", self._after, self._operand)
            return None
        if kind == "name" and (text in _OPERATOR_WORDS or (text == "of" and self.level.kind == "for")):
            self.state = self._operand
            return None
        return self._ends(kind, text)

    def _infix(self, kind: str, text: str) -> None:
        self.state = self._operand

    def _member_access(self, kind: str, text: str) -> None:
        self.state = self._property

    def _property(self, kind: str, text: str) -> None:
        if kind == "name":
            self.state = self._after
        else:  # of '?.': a call, an index
            if text not in ("(", "["):
                self._doubt(text)
            self._after(kind, text)

    def _call(self, kind: str, text: str) -> None:
        self._open("(", self._after, self._operand)

    def _index(self, kind: str, text: str) -> None:
        self._open("[", self._after, self._operand)

    def _brace_after(self, kind: str, text: str) -> None:
        if self.level.classes:
            self._class_body()
        else:
            self._ends(kind, text)

    def _postfix(self, kind: str, text: str) -> None:
        if self.newline:
            self._ends(kind, text)
        else:
            self.state = self._after

    def _question(self, kind: str, text: str) -> None:
        self.level.colons += 1
        self.state = self._operand

    def _delimit(self, kind: str, text: str) -> None:
        self._delimiter(text)

    def _delimiter(self, text: str) -> None:
        """A comma, colon, semicolon or closing bracket, after an operand or in its place."""
        if text == ":":
            return self._colon()
        if text == ",":
            return self._comma()
        if text == ";":
            return self._semicolon()
        return self._close(text)

    def _expression_ends(self, text: str) -> None:
        """Raises Doubtful where something of it is to come."""
        if self.level.colons or self.level.classes:
            self._doubt(text)
        self._leave_concise()

    def _colon(self) -> None:
        level = self.level
        if level.colons:
            if level.concise is not None and level.concise[2] == level.colons:
                self._leave_concise()
            level.colons -= 1
            self.state = self._operand
        elif level.kind in ("block", "function"):  # of a case or a label
            level.single = not level.case
            level.case = False
            self.state = self._statement
        else:
            self._doubt(":")

    def _comma(self) -> None:
        level = self.level
        self._expression_ends(",")
        if level.kind == "object":
            self.state = self._key
        elif level.kind == "class":
            self._doubt(",")
        else:
            self.state = self._binding if level.declaring else self._operand

    def _semicolon(self) -> None:
        kind = self.level.kind
        self._expression_ends(";")
        if kind == "class":
            self.state = self._member
        elif kind == "for":
            self.level.declaring = False
            self.state = self._operand
        elif kind in ("block", "function"):
            self._complete()
        else:
            self._doubt(";")

    def end_template_part(self, last: bool, offset: int) -> None:
        """The brace that closes a substitution, and the part of the template behind it."""
        if self.state.__func__ not in _MAY_END or self.level.kind != "${":  # type: ignore[attr-defined]
            raise Doubtful("'}' was not expected", offset)
        self.offset = offset
        self._expression_ends("}")
        if last:
            self.state = self.level.resume
            self.level = self.stack.pop()
        else:
            self.state = self._operand

    # -- words in the place of an operand

    def _word_prefix(self, word: str) -> None:
        self.state = self._operand

    def _word_new(self, word: str) -> None:
        self.state = self._newed

    def _newed(self, kind: str, text: str) -> None:
        if text == "." and kind == "punctuator":
            self.state = self._property
        else:
            self._operand(kind, text)

    def _operand_function(self, word: str) -> None:
        self._begin_function(self._after, False)

    def _operand_class(self, word: str) -> None:
        self._begin_class(self._after)

    def _word_async(self, word: str) -> None:
        begins = self.state == self._statement
        self.level.then = None if begins else self._after
        self.state = self._async

    def _async(self, kind: str, text: str) -> None:
        waits = self.level.kind == "for" and self.level.asynchronous  # `for await (async of …)`
        if self.newline or (kind == "name" and (text in _OPERATOR_WORDS or (text == "of" and waits))):
            self._after(kind, text)
        elif text == "function":
            self._begin_function(self.level.then, True)
        elif kind == "name":
            self.state = self._async_parameter
        elif text == "(":
            self._open("(", self._async_called, self._operand)
        else:
            self._after(kind, text)

    def _async_parameter(self, kind: str, text: str) -> None:
        self._expect("=>", text)
        self._arrow(True)

    def _async_called(self, kind: str, text: str) -> None:
        if text == "=>" and not self.newline:
            self._arrow(True)
        else:
            self._after(kind, text)

    def _plain_arrow(self, kind: str, text: str) -> None:
        if self.newline:
            self._doubt(text)
        self._arrow(False)

    def _arrow(self, asynchronous: bool) -> None:
        self._function = (asynchronous, False)
        self.state = self._arrow_body

    def _arrow_body(self, kind: str, text: str) -> None:
        asynchronous = self._function[0]
        if text == "{" and kind == "punctuator":
            # After it no operator can be: a newline ends the statement, whatever comes.
            return self._enter_function(self._ends, asynchronous, False)
        if self.level.concise is None:
            self.level.concise = (self.awaits, self.yields, self.level.colons)
        self.awaits, self.yields = asynchronous, False
        return self._operand(kind, text)

    def _leave_concise(self) -> None:
        if self.level.concise is not None:
            self.awaits, self.yields, _ = self.level.concise
            self.level.concise = None

    def _word_await(self, word: str) -> None:
        if self.awaits or (self.awaits is None and self.is_module):
            self.state = self._awaited
        else:
            self.state = self._after if self.awaits is False else self._perhaps_await

    def _awaited(self, kind: str, text: str) -> None:
        if text == "using" and kind == "name":
            self._word_let(text)
        else:
            self._operand(kind, text)

    def _perhaps_await(self, kind: str, text: str) -> None:
        """`await` outside of functions: an operator in a module, a name in a script."""
        if text in ("/", "/="):
            message = "a slash after 'await' divides in a script, and begins a regular expression in a module"
            raise Doubtful(f"{message}; which of them this is depends on how the file is loaded", self.offset)
        if self.newline and not (kind == "punctuator" and text in _AFTER):
            message = "'await' before a newline is a name in a script, and an operator in a module"
            raise Doubtful(f"{message}; which of them this is depends on how the file is loaded", self.offset)
        if kind in _LITERALS or (text in ("{", "!", "~") and kind == "punctuator"):
            self._operand(kind, text)
        elif kind == "name" and text not in _OPERATOR_WORDS:
            self._awaited(kind, text)
        else:
            self._after(kind, text)

    def _word_yield(self, word: str) -> None:
        self.state = self._yielded if self.yields else self._after

    def _yielded(self, kind: str, text: str) -> None:
        if self.newline:
            self._ends(kind, text)
        elif text == "*" and kind == "punctuator":
            self.state = self._operand
        elif (kind == "punctuator" and text in (")", "]", "}", ",", ";", ":")) or text in (*_OPERATOR_WORDS, "of"):
            self._after(kind, text)
        else:
            self._operand(kind, text)

    # -- modules

    def _word_import(self, word: str) -> None:
        self._import_at = self.offset
        self.state = self._imported if self.state == self._statement and not self.stack else self._import_used

    def _imported(self, kind: str, text: str) -> None:
        if kind == "punctuator" and text in ("(", "."):
            return self._import_used(kind, text)
        self._found("import")
        self._word = ""
        self.state = self._clause
        return self._clause(kind, text)

    def _found(self, word: str) -> None:
        self.is_module = True
        self.modules.append((self._import_at, word))

    def _import_used(self, kind: str, text: str) -> None:
        if text == "." and kind == "punctuator":
            self.state = self._import_property
        elif text == "(":
            self._open("(", self._after, self._import_argument)
        else:
            self._doubt(text)

    def _import_property(self, kind: str, text: str) -> None:
        if text == "meta":
            self._found("import.meta")
            self.state = self._after
        else:  # import.source('x'), import.defer('x')
            self.state = self._import_used

    def _import_argument(self, kind: str, text: str) -> None:
        if _RELATIVE.match(text) and kind in ("string", "template", "template-head"):
            self.modules.append((self._import_at, f"import({text}{'…' if kind == 'template-head' else ''})"))
        self._operand(kind, text)

    def _clause(self, kind: str, text: str) -> None:
        """Between `import` or `export` and the address."""
        if kind == "string" and self._word != "as":
            self.state = self._attributed
        elif text == "{":
            self._open("specifiers", self._clause, self._specifier)
        elif kind == "string":
            self._word = ""
        elif kind == "name":
            self._word = text
        elif text not in ("*", ","):
            self._doubt(text)

    def _specifier(self, kind: str, text: str) -> None:
        if text == "}" and kind == "punctuator":
            self._close(text)
        elif kind not in ("name", "string") and text != ",":
            self._doubt(text)

    def _attributed(self, kind: str, text: str) -> None:
        if kind == "name" and (text == "with" or (text == "assert" and not self.newline)):
            self.state = self._attributes
        else:
            self._ends(kind, text)

    def _attributes(self, kind: str, text: str) -> None:
        self._expect("{", text)
        self._open("object", self._ends, self._key)

    def _word_export(self, word: str) -> None:
        if self.stack:
            self._doubt(word)
        self._import_at = self.offset
        self._word = ""
        self._found("export")
        self.state = self._exported

    def _exported(self, kind: str, text: str) -> None:
        if text == "default":
            self.state = self._default
        elif text == "{":
            self._open("specifiers", self._exported_names, self._specifier)
        elif text == "*":
            self.state = self._clause
        else:
            self.state = self._statement
            self._statement(kind, text)

    def _exported_names(self, kind: str, text: str) -> None:
        if text == "from" and kind == "name":
            self.state = self._clause
        else:
            self._ends(kind, text)

    def _default(self, kind: str, text: str) -> None:
        if kind == "name" and text in ("function", "class"):
            self._statement(kind, text)
        elif text == "async":
            self.level.then = None
            self.state = self._async
        elif text == "@":
            self.level.then = self._default
            self.state = self._decorator
        else:
            self._operand(kind, text)


_CLOSING = {"block": "}", "function": "}", "object": "}", "class": "}", "specifiers": "}", "(": ")", "for": ")",
            "[": "]", "${": ""}  # fmt: skip
_OF_STATEMENTS = frozenset({"block", "function", "class"})
_CLOSING_BRACES = frozenset({"block", "function", "class", "object"})

_STATEMENTS: dict[str, Callable[[Syntax, str], None]] = {
    **dict.fromkeys(("else", "try", "finally"), Syntax._word_body),
    **dict.fromkeys(("if", "while", "with", "switch", "catch", "for"), Syntax._word_header),
    **dict.fromkeys(("var", "const"), Syntax._word_declare),
    **dict.fromkeys(("let", "using"), Syntax._word_let),
    **dict.fromkeys(("return", "throw"), Syntax._word_return),
    **dict.fromkeys(("break", "continue"), Syntax._word_jump),
    **dict.fromkeys(("case", "default"), Syntax._word_case),
    "debugger": Syntax._word_end,
    "do": Syntax._word_do,
    "function": Syntax._word_function,
    "class": Syntax._word_class,
    "export": Syntax._word_export,
}
_OPERANDS: dict[str, Callable[[Syntax, str], None]] = {
    **dict.fromkeys(_PREFIX_WORDS, Syntax._word_prefix),
    "new": Syntax._word_new,
    "function": Syntax._operand_function,
    "class": Syntax._operand_class,
    "async": Syntax._word_async,
    "await": Syntax._word_await,
    "yield": Syntax._word_yield,
    "import": Syntax._word_import,
}
_AFTER: dict[str, Callable[[Syntax, str, str], None]] = {
    **dict.fromkeys(_INFIXES, Syntax._infix),
    **dict.fromkeys((".", "?."), Syntax._member_access),
    **dict.fromkeys(("++", "--"), Syntax._postfix),
    **dict.fromkeys((",", ":", ";", ")", "]", "}"), Syntax._delimit),
    "(": Syntax._call,
    "[": Syntax._index,
    "{": Syntax._brace_after,
    "?": Syntax._question,
    "=>": Syntax._plain_arrow,
}
# The states in which a slash divides: what went before is, or may be, an operand.
_DIVIDING = frozenset({
    Syntax._after, Syntax._async, Syntax._async_called, Syntax._let, Syntax._perhaps_await, Syntax._import_used,
    Syntax._imported,
})  # fmt: skip
# Those in which the text may end.
_MAY_END = frozenset({
    Syntax._after, Syntax._async, Syntax._async_called, Syntax._let, Syntax._perhaps_await, Syntax._ends,
    Syntax._do_end, Syntax._bound, Syntax._returned, Syntax._jump, Syntax._yielded, Syntax._attributed,
    Syntax._exported_names,
})  # fmt: skip
