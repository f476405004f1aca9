"""Elements to directives: walks the tree of one file and tells the machine about each element.

A problem ends the directive it belongs to, never the walk: everything that is wrong in a file is found at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree
from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.exceptions import ConfigurationWrapperError
from zope.configuration.xmlconfig import ConfigurationHandler

from assetzcml.errors import Problem, did_you_mean, shorten
from assetzcml.records.loads import LeftOut
from assetzcml.zcml.attributes import Problems, expand_settings, label, reason
from assetzcml.zcml.load import Load, load_of
from assetzcml.zcml.machine import XINCLUDE, GroupingItem, Machine, MisplacedDirective, UnknownDirective, machine_of
from assetzcml.zcml.positions import Document, Tag
from assetzcml.zcml.reader import Refused, depth_problem, parse

__all__ = ["NAMESPACE", "read_document"]

NAMESPACE = "http://namespaces.assetzcml.org/assets"
META = "http://namespaces.zope.org/meta"
ZCML = "http://namespaces.zope.org/zcml"
CONDITION = "{" + ZCML + "}condition"
# What an element of ours may carry beside its own attributes: none of these says anything about an asset.
HARMLESS = (
    "{http://www.w3.org/XML/1998/namespace}",
    "{http://www.w3.org/2001/XMLSchema-instance}",
    "{http://xml.zope.org/namespaces/i18n}",
    "{http://namespaces.zope.org/i18n}",
)
# zope.configuration's own directives, which exist in every namespace and keep their semantics in ours.
EVERYWHERE = frozenset({"configure", "include", "includeOverrides", "exclude"})
INCLUDES = frozenset({"include", "includeOverrides"})


def read_document(context: Any, document: Document, real: str) -> None:
    """Parse a document and process its directives in *context*. What is wrong with it is kept in the load."""
    load, machine = load_of(context), machine_of(context)
    stack = machine.stack
    height = len(stack)
    load.reading.append(real)
    try:
        root = parse(document, load.limits)
        stack.append(GroupingItem(context))
        _Walk(load, machine, context, document).run(root)
    except Refused as refused:
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
        self.conditions = ConfigurationHandler(context)
        self.ordinal = 0
        self.parents: list[tuple[str | None, Tag]] = []

    def run(self, root: etree._Element) -> None:
        waiting: list[Iterator[etree._Element]] = [iter((root,))]
        while waiting:
            element = next(waiting[-1], None)
            if element is None:
                waiting.pop()
                if self.parents:
                    self._finish(self.parents.pop()[1])
                continue
            if self.parents and element.tail and not element.tail.isspace():
                self._text(*self.parents[-1])
            begun = self._begin(element, len(waiting))
            if begun is None:
                self.ordinal += sum(1 for _ in element.iterdescendants())
            elif len(element):
                self.parents.append(begun)
                waiting.append(iter(element))
            else:
                self._finish(begun[1])

    def _begin(self, element: etree._Element, depth: int) -> tuple[str | None, Tag] | None:
        """Hand a start tag to the machine; None when the element is left out, with what it holds."""
        namespace, name = _split(element.tag)
        info = Tag(self.document, self.ordinal, name, element.text or "")
        self.ordinal += 1
        ours = namespace == NAMESPACE and name not in EVERYWHERE
        stack = self.machine.stack
        height = len(stack)
        try:
            if depth > self.load.limits.element_depth:
                raise Problems(depth_problem(info, self.load.limits))
            attributes = element.items()
            if attributes:
                self._check_limits(attributes, info)
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

    def _check_limits(self, attributes: list[tuple[str, str]], info: Tag) -> None:
        limits = self.load.limits
        if len(attributes) > limits.attributes:
            message = f"{info.directive} has {len(attributes)} attributes, more than {limits.attributes}"
            raise Problems(Problem(info, message, "raise Limits.attributes if this is meant"))
        for name, value in attributes:
            # A character is at most four bytes: only a value that may pass the limit is encoded to see.
            if len(value) * 4 > limits.attribute_bytes and len(value.encode()) > limits.attribute_bytes:
                message = (
                    f"{info.directive}: {name} is longer than {limits.attribute_bytes} bytes: {shorten(value, 20)}"
                )
                raise Problems(Problem(info.attribute(name), message, "raise Limits.attribute_bytes if this is meant"))

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
                problems.append(Problem(info.attribute_name(name), message, hint))
            elif ours and not name.startswith(HARMLESS):
                message = f"{info.directive}: the attribute {shorten(name)} is in a namespace that means nothing here"
                problems.append(Problem(info.attribute_name(name), message, "remove the prefix, or the attribute"))
        if problems and wanted:
            raise Problems(*problems)
        return wanted

    def _holds(self, condition: str, info: Tag) -> bool:
        try:
            if condition.strip():
                return bool(self.conditions.evaluateCondition(condition))
            message = "the condition is empty"
        except ValueError as error:
            message = str(error)
        except Exception as error:
            problem = Problem(
                info.attribute(CONDITION),
                f"zcml:condition={shorten(condition)} raised {type(error).__name__}: {reason(error)}",
                exception=error,
            )
            raise Problems(problem) from error
        verbs = "have, not-have, installed, not-installed, envvar or not-envvar, and one name"
        raise Problems(
            Problem(
                info.attribute(CONDITION),
                f"zcml:condition={shorten(condition)}: {message[0].lower()}{message[1:]}",
                f"{verbs} were expected",
            )
        )

    def _text(self, namespace: str | None, info: Tag) -> None:
        """Text says nothing in ZCML: an error in a directive of ours, documentation in meta, elsewhere a warning."""
        if namespace == META:
            return
        if namespace == NAMESPACE and info.directive not in EVERYWHERE:
            self.load.problems.append(
                Problem(info, f"{info.directive}: text is not allowed here", "put it into a comment")
            )
        else:
            self.load.warn(info, f"the text in {info.directive} is ignored", "put it into a comment", "A004")

    def _failed(self, error: Exception, info: Tag, namespace: str | None, name: str) -> None:
        if isinstance(error, UnknownDirective):
            self._unknown(info, namespace, name)
            return
        if name in INCLUDES:
            self.load.include_failed = True
        if isinstance(error, Problems):
            self.load.problems += error.problems
        elif isinstance(error, ConfigurationWrapperError) and isinstance(error.evalue, Problems):
            self.load.problems += error.evalue.problems  # found in a file that zope.configuration's `xmlconfig` read
        elif isinstance(error, MisplacedDirective):
            parent = f" inside {self.parents[-1][1].directive}" if self.parents else ""
            self.load.problems.append(Problem(info, f"{name} cannot stand here{parent}"))
        elif isinstance(error, ZopeConfigurationError):
            self.load.problems.append(Problem(info, f"{label(info, {})}: {reason(error)}", exception=error.__cause__))
        else:
            message = f"{label(info, {})} raised {type(error).__name__}: {reason(error)}"
            self.load.problems.append(Problem(info, message, exception=error))

    def _unknown(self, info: Tag, namespace: str | None, name: str) -> None:
        known = self.machine.namespaces()
        if namespace not in known and self.load.include_failed:
            return  # what would have made it known is reported already
        hint = did_you_mean(name, known.get(namespace or "", []) + known["*"])
        if namespace == XINCLUDE:
            hint = "ZCML has an include of its own"
        if not hint and namespace is None:
            hint = "the element is in no namespace; is xmlns missing?"
        elif not hint and namespace not in known:
            hint = did_you_mean(namespace or "", known) or "include the package that defines it"
        where = f" of {namespace}" if namespace else ""
        self.load.problems.append(Problem(info, f"unknown directive {shorten(name)}{where}", hint))


def _split(tag: str) -> tuple[str | None, str]:
    if tag[0] != "{":
        return None, tag
    namespace, _, name = tag[1:].rpartition("}")
    return namespace, name
