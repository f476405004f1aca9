"""What the directives of any package may say, in plain values: for schemas and other documentation.

Nothing is worked out before somebody asks.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from zope.configuration.fields import Bool, Tokens
from zope.schema import Bool as SchemaBool
from zope.schema import Choice, Int, ValidationError

from assetzcml.zcml.attributes import SchemaPlan
from assetzcml.zcml.machine import Machine
from assetzcml.zcml.names import NAMESPACE
from assetzcml.zcml.positions import Document

__all__ = ["Directive", "Documentation", "DocumentedAttribute"]

_DECLARATION = re.compile(rb"""\sxmlns(?::[^\s=]+)?\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class DocumentedAttribute(NamedTuple):
    """
    What an attribute may be. *kind* is 'text', 'boolean', 'integer' (*least*, *most*) or 'choice' (of *values*).

    With *several* the value is a list of such, separated by white space.
    """

    name: str
    required: bool
    documentation: str
    kind: str = "text"
    several: bool = False
    values: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


class Directive(NamedTuple):
    """
    A directive. A 'simple' one holds nothing, a 'complex' one *directives*, a 'grouping' one whatever may stand in it.

    *kind* is '' where that is not known. With *any_attribute* it takes attributes that no schema names. In a directive
    of *ours*, `${key}` may stand in every value, and attributes of unknown namespaces are refused.
    """

    name: str
    documentation: str
    kind: str
    attributes: tuple[DocumentedAttribute, ...]
    any_attribute: bool = False
    directives: tuple[Directive, ...] = ()
    ours: bool = False


class Documentation:
    """What one load made known. It keeps the schemas, and neither the machine nor what was loaded."""

    def __init__(self, machine: Machine, documents: Iterable[Document]):
        self._documents = list(documents)
        self._known: list[tuple[Any, Any, str, Any]] = []
        for name, schema, used_in, _, _, parent in machine._docRegistry:
            if parent is None:
                key = name if name[0] else name[1]
                self._known.append((name, schema, machine.kind(key, used_in) or "", None))
            else:
                self._known.append((name, schema, "simple", (parent.namespace, parent.name)))

    def directives(self) -> dict[str, list[Directive]]:
        """The directives of each namespace that a file declared or a package knows; '*': those of every namespace."""
        found: dict[str, dict[str, Directive]] = {namespace: {} for namespace in self._declared()}
        held: dict[Any, dict[str, Directive]] = {}
        for (_, name), schema, kind, parent in self._known:
            if parent is not None:
                _add(held.setdefault(parent, {}), _described(parent[0], name, schema, kind))
        for (namespace, name), schema, kind, parent in self._known:
            if parent is None:
                inner = tuple(held.get((namespace, name), {}).values())
                directive = _described(namespace, name, schema, kind)._replace(directives=inner)
                _add(found.setdefault(namespace or "*", {}), directive)
        return {namespace: list(directives.values()) for namespace, directives in found.items()}

    def _declared(self) -> list[str]:
        return sorted({
            (found[1] or found[2] or b"").decode("utf-8", "replace")
            for document in self._documents
            for found in _DECLARATION.finditer(document.data)
        } - {""})  # fmt: skip


def _add(known: dict[str, Directive], directive: Directive) -> None:
    """Put a directive beside the others; one that has two meanings in two contexts may say what either says."""
    other = known.get(directive.name)
    if other is None:
        known[directive.name] = directive
        return
    first = {attribute.name: attribute for attribute in other.attributes}
    second = {attribute.name: attribute for attribute in directive.attributes}
    attributes = []
    for name in first | second:
        attribute = first.get(name) or second[name]
        if name in first and name in second:
            same = first[name][3:] == second[name][3:]
            required = first[name].required and second[name].required
            attribute = (attribute if same else DocumentedAttribute(name, False, attribute.documentation))._replace(
                required=required
            )
        else:
            attribute = attribute._replace(required=False)
        attributes.append(attribute)
    inner = {each.name: each for each in (*directive.directives, *other.directives)}
    kinds = {other.kind, directive.kind}
    known[directive.name] = Directive(
        directive.name,
        other.documentation or directive.documentation,
        other.kind if len(kinds) == 1 else "grouping" if "grouping" in kinds else "",
        tuple(attributes),
        other.any_attribute or directive.any_attribute,
        tuple(inner.values()),
        directive.ours,
    )


def _described(namespace: str, name: str, schema: Any, kind: str) -> Directive:
    plan = SchemaPlan(schema)
    attributes = tuple(_attribute(attribute.name, attribute.field) for attribute in plan.attributes)
    documentation = inspect.cleandoc(schema.getDoc() or "").strip()
    return Directive(name, documentation, kind, attributes, plan.any_attribute, ours=namespace == NAMESPACE)


def _attribute(name: str, field: Any) -> DocumentedAttribute:
    title, description = (inspect.cleandoc(str(text or "")) for text in (field.title, field.description))
    required = bool(field.required) and not _has_default(field)
    lines = [title, description]
    if field.default is not None and isinstance(field.default, (str, int)):
        lines.append(f"Default: {_written(field.default)}")
    documented = DocumentedAttribute(name, required, "\n".join(line for line in lines if line))
    if isinstance(field, Tokens):
        return _valued(documented, field.value_type)._replace(several=True)
    return _valued(documented, field)


def _valued(attribute: DocumentedAttribute, field: Any) -> DocumentedAttribute:
    if isinstance(field, Bool):
        return attribute._replace(kind="boolean")
    if isinstance(field, SchemaBool):
        # It takes everything, and everything but 'true' and 'True' is false.
        return attribute._replace(kind="text")
    if isinstance(field, Int):
        return attribute._replace(kind="integer", least=field.min, most=field.max)
    if isinstance(field, Choice) and type(field).fromUnicode is Choice.fromUnicode:
        # Such a field compares the text with the values, not with the tokens.
        values = tuple(value for value in getattr(field.vocabulary, "by_value", ()) if isinstance(value, str))
        if values:
            return attribute._replace(kind="choice", values=values)
    return attribute


def _has_default(field: Any) -> bool:
    """A required attribute with a valid default may be left out (zope.configuration's rule, see `plans`)."""
    try:
        field.validate(field.default)
    except ValidationError:
        return False
    except Exception:
        return False  # a field that needs a context to say
    return True


def _written(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
