"""Elements to directives: walks the tree of one file and tells the machine about each element.

A problem ends the directive it belongs to, never the walk: everything that is wrong in a file is found at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from lxml import etree
from zope.configuration.xmlconfig import ConfigurationHandler

from assetzcml.errors import Problem, did_you_mean, shorten
from assetzcml.records.loads import LeftOut
from assetzcml.zcml.attributes import Problems, expand_settings, reason
from assetzcml.zcml.failures import MisplacedDirective, UnknownDirective, problems_of
from assetzcml.zcml.included_paths import said_by_text
from assetzcml.zcml.limits import check_attributes, check_depth
from assetzcml.zcml.load import Load, load_of
from assetzcml.zcml.machine import DirectiveContext, GroupingItem, Machine, add_actions, machine_of, split
from assetzcml.zcml.names import CONDITION, EVERYWHERE, HARMLESS, INCLUDES, META, NAMESPACE, ZCML
from assetzcml.zcml.positions import Document, Tag
from assetzcml.zcml.reader import DocumentTree, UnusableFile

__all__ = ["read_document"]


def read_document(context: Any, document: Document, real: str) -> None:
    """Parse a document and process its directives in *context*. What is wrong with it is kept in the load."""
    load, machine = load_of(context), machine_of(context)
    stack = machine.stack
    height = len(stack)
    load.reading.append(real)
    try:
        tree = DocumentTree(document, load.limits, load.parsers)
        stack.append(GroupingItem(context))
        _Walk(load, machine, context, document).run(tree)
    except UnusableFile as refused:
        load.include_failed = True
        load.problems.append(refused.problem)
    finally:
        load.reading.pop()
        del stack[height:]


class _Walk:
    def __init__(self, load: Load, machine: Machine, context: Any, document: Document):
        self.load = load
        self.machine = machine
        self.document = document
        self.context = context
        self.ordinal = 0
        self.parents: list[tuple[str | None, Tag]] = []

    def run(self, tree: DocumentTree) -> None:
        waiting: list[Iterator[etree._Element]] = []
        element: etree._Element | None = tree.root
        while True:
            if element is None:
                waiting.pop()
                if not self.parents:
                    return
                self._finish(self.parents.pop()[1])
            else:
                self._enter(element, tree, waiting)
            if not waiting:
                return
            element = self._next(waiting[-1], len(waiting) + 1)

    def _enter(self, element: etree._Element, tree: DocumentTree, waiting: list[Iterator[etree._Element]]) -> None:
        """Begin an element that goes through the stack; end it, unless there is something in it."""
        begun = self._begin(element, len(waiting) + 1)
        if begun is None:
            self.ordinal += sum(1 for _ in element.iterdescendants())
        elif len(element):
            self.parents.append(begun)
            waiting.append(tree.children(element))
        else:
            self._finish(begun[1])

    def _next(self, elements: Iterator[etree._Element], depth: int) -> etree._Element | None:
        """
        The next element that has to go through the stack; None when there is none.

        Those before it are run here: they hold nothing, have attributes of their own only, and nothing is wrong with
        them. Whatever is not so is left to the long way, which tells why.
        """
        machine, stack, document, limits = self.machine, self.machine.stack, self.document, self.load.limits
        item = stack[-1]
        known, outer, height = machine.direct(item), item.context, len(stack)
        short = limits.attribute_bytes // 4  # a character is at most four bytes
        within = depth <= limits.element_depth
        for element in elements:
            if self.parents and element.tail and not element.tail.isspace():
                self._text(*self.parents[-1])
            tag: Any = element.tag
            direct = known[tag] if tag in known else machine.directly(item, tag)
            if direct is None or len(element) or not within:
                return element
            attributes, text = element.items(), element.text
            if len(attributes) > limits.attributes or (text and not text.isspace()):
                return element
            name, handler, plan, ours = direct
            info = Tag(document, self.ordinal, name, text or "")
            context = DirectiveContext(outer, info)
            try:
                arguments = plan.quickly(attributes, context, short, ours)
                if arguments is None:
                    return element
                self.ordinal += 1
                actions = handler(context, **arguments)
                if actions:
                    add_actions(context, actions)
            except Exception as error:
                self.ordinal = info.ordinal + 1
                del stack[height:]
                self._failed(error, info, None, name)
        return None

    def _begin(self, element: etree._Element, depth: int) -> tuple[str | None, Tag] | None:
        """Hand a start tag to the machine; None when the element is left out, with what it holds."""
        namespace, name = split(str(element.tag))
        info = Tag(self.document, self.ordinal, name, element.text or "")
        self.ordinal += 1
        ours = namespace == NAMESPACE and name not in EVERYWHERE
        stack = self.machine.stack
        height = len(stack)
        try:
            check_depth(depth, info, self.load.limits)
            attributes = element.items()
            if attributes:
                check_attributes(attributes, info, self.load.limits)
                if not self._wanted(attributes, info, ours):
                    self.load.left_out.append(LeftOut(info, dict(attributes)[CONDITION]))
                    return None
            data = {key: value for key, value in attributes if key[0] != "{"}
            if ours and "${" in "".join(data.values()):
                data = expand_settings(data, self.load.settings, info)
            stack.append(stack[-1].contained((namespace, name), data, info))
        except Exception as error:
            del stack[height:]
            self._failed(error, info, namespace, name)
            return None
        if info.text and not info.text.isspace():
            self._text(namespace, info)
        return namespace, info

    def _finish(self, info: Tag) -> None:
        stack = self.machine.stack
        item = stack.pop()
        height = len(stack)
        try:
            item.finish()
        except Exception as error:
            del stack[height:]
            self._failed(error, info, None, info.directive)

    def _wanted(self, attributes: list[tuple[str, str]], info: Tag, ours: bool) -> bool:
        """Does the condition, if there is one, hold? Attributes of other namespaces are checked on the way."""
        wanted = True
        problems = []
        for name, value in attributes:
            if name[0] != "{":
                continue
            if name == CONDITION:
                wanted = self._holds(value, info)
            elif name.startswith("{" + ZCML + "}"):
                local = name.rpartition("}")[2]
                hint = did_you_mean(local, ["condition"]) or "only 'condition' is known"
                message = f"{info.directive}: unknown attribute zcml:{local}"
                problems.append(Problem(info.attribute_name(name), message, hint, code="A105"))
            elif ours and not name.startswith(HARMLESS):
                message = f"{info.directive}: the attribute {shorten(name)} is in a namespace that means nothing here"
                problems.append(
                    Problem(info.attribute_name(name), message, "remove the prefix, or the attribute", code="A105")
                )
        if problems and wanted:
            raise Problems(*problems)
        return wanted

    def _holds(self, condition: str, info: Tag) -> bool:
        try:
            if condition.strip():
                return bool(ConfigurationHandler(self.context).evaluateCondition(condition))
            message = "the condition is empty"
        except ValueError as error:
            message = str(error)
        except Exception as error:
            problem = Problem(
                info.attribute(CONDITION),
                f"zcml:condition={shorten(condition)} raised {type(error).__name__}: {reason(error)}",
                exception=error,
                code="A110",
            )
            raise Problems(problem) from error
        raise Problems(
            Problem(
                info.attribute(CONDITION),
                f"zcml:condition={shorten(condition)}: {message[0].lower()}{message[1:]}",
                _condition_meant(condition),
                code="A110",
            )
        )

    def _text(self, namespace: str | None, info: Tag) -> None:
        """Text says nothing in ZCML: an error in a directive of ours, documentation in meta, elsewhere a warning."""
        if namespace == META:
            return
        if namespace == NAMESPACE and info.directive not in EVERYWHERE:
            self.load.problems.append(
                Problem(info, f"{info.directive}: text is not allowed here", _in_a_comment(info.text), code="A104")
            )
        else:
            hint = said_by_text(info) or _in_a_comment(info.text)
            self.load.warn(info, f"the text in {info.directive} is ignored", hint, "A004")

    def _failed(self, error: Exception, info: Tag, namespace: str | None, name: str) -> None:
        if isinstance(error, UnknownDirective):
            self._unknown(info, namespace, name)
            return
        if name in INCLUDES:
            self.load.include_failed = True
        if isinstance(error, MisplacedDirective):
            self.load.problems.append(Problem(info, f"{name} cannot stand here{self._inside()}", code="A104"))
        else:
            self.load.problems += problems_of(error, info)

    def _inside(self) -> str:
        return f" inside {self.parents[-1][1].directive}" if self.parents else ""

    def _unknown(self, info: Tag, namespace: str | None, name: str) -> None:
        if (
            namespace in self.machine.namespaces() or not self.load.include_failed
        ):  # else what would have made it known is told already
            self.load.problems.append(self.machine.unknown(namespace, name, info, self._inside()))


VERBS = ("have", "not-have", "installed", "not-installed", "envvar", "not-envvar")
WORDS = {"has": "have", "hasnt": "not-have", "if": "have", "unless": "not-have", "feature": "have", "package": "installed",
         "env": "envvar", "environ": "envvar"}  # fmt: skip


def _condition_meant(condition: str) -> str:
    """What to write for a condition that is none: one of the verbs, and one name."""
    words = condition.split()
    if not words:
        return 'remove it, or write one such as zcml:condition="have NAME"'
    if words[0] in ("not", "no") and words[1:2] and words[1] in VERBS:
        words = [f"not-{words[1]}", *words[2:]]
    verb = words[0].lower()
    if verb not in VERBS:
        verb = WORDS.get(verb) or next(iter(get_close_matches(verb, VERBS, n=1)), "")
    if not verb:
        return f"{', '.join(VERBS[:-1])} or {VERBS[-1]}, and one name were expected"
    more = "; put a <configure> with the other condition around it" if words[2:] else ""
    return f"write '{verb} {words[1].strip(',;') if words[1:] else 'NAME'}'{more}"


def _in_a_comment(text: str) -> str:
    """What to write for text that means nothing."""
    plain = " ".join(text.split())
    if _WITHOUT_BRACKET.fullmatch(plain):
        return f"write <{plain}"
    return f"write <!-- {plain} -->" if 0 < len(plain) <= SHORT and "--" not in plain else "put it into a comment"


_WITHOUT_BRACKET = re.compile(r"""[A-Za-z]+( [A-Za-z_]+=("[^"]*"|'[^']*'))+ ?/>""")
SHORT = 60  # characters of a text that is shown once more
