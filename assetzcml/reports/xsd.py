"""An XML Schema (XSD 1.0) for each namespace of a configuration, for editors and validators.

The directives come from the ZCML loader, which knows those of every package that the last load included. What a
schema cannot say (dotted names, specs, conflicts) it lets pass: what loads is valid, what is valid may still not load.
Unknown directives in other packages' files are let pass, too: they may stand under a condition that is false.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from assetzcml.registry import Registry
from assetzcml.zcml.loader import ZCMLLoader

__all__ = ["schema_files", "schemas"]

XSD = "http://www.w3.org/2001/XMLSchema"
ZCML = "http://namespaces.zope.org/zcml"
META = "http://namespaces.zope.org/meta"
# Namespaces of attributes only, of which every validator knows what it has to.
BUILT_IN = frozenset({"http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/XMLSchema-instance"})
# Of the attributes that a directive of ours may have beside its own; xsi: is always allowed.
HARMLESS = "http://www.w3.org/XML/1998/namespace http://xml.zope.org/namespaces/i18n http://namespaces.zope.org/i18n"

# zope.configuration.fields.Bool: these words in any case. The first of each kind is what an editor proposes.
WORDS = ("yes", "no", "true", "false", "y", "n", "t", "f", "1", "0")
PROPOSED = ("yes", "no", "true", "false")
SETTING = r"[\s\S]*\$\{[^{}]*\}[\s\S]*"
CONDITION = r"\s*(not-)?(have|installed|envvar)\s+\S+\s*"

_ANY = '<xs:any namespace="{}" processContents="{}"/>'
_ANYTHING = _ANY.format("##any", "lax")
# In a file of ours, our directives have to be known.
_OURS_OR_FOREIGN = (
    _ANY.format("##targetNamespace", "strict") + _ANY.format("##other", "lax") + _ANY.format("##local", "lax")
)

# What XML cannot hold, not even as a reference (XML 1.0, 2.2).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def schemas(registry: Registry) -> dict[str, str]:
    """
    The text of an XML Schema for each namespace that the last load of *registry* declared or knows; {} before one.

    A load that failed counts, as far as it came: what is broken is what one wants to edit. Each schema imports the
    others by the file names that `schema_files` gives them; that of '' is for elements in no namespace, and knows all.
    """
    known = registry.part(ZCMLLoader).directives()
    if not known:
        return {}
    everywhere = known.get("*", [])
    namespaces = sorted({*known, "", ZCML} - BUILT_IN - {"*"})
    names = _file_names(namespaces)
    return {
        namespace: "\n".join(_schema(namespace, _together(known.get(namespace, []), everywhere), names)) + "\n"
        for namespace in namespaces
    }


def schema_files(registry: Registry) -> dict[str, str]:
    """
    The same as files, by name.

    `zcml.xsd` is the one that knows all, for validators; `catalog.xml` is an OASIS catalog, by which an editor
    finds the schema of a namespace.
    """
    texts = schemas(registry)
    names = _file_names(texts)
    files = {names[namespace]: text for namespace, text in texts.items()}
    uris = [f"  <uri{_attributes(name=namespace, uri=names[namespace])}/>" for namespace in texts if namespace]
    catalog = '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
    files["catalog.xml"] = "\n".join([catalog, *uris, "</catalog>"]) + "\n"
    return files


def _together(own: Iterable[Any], everywhere: Iterable[Any]) -> list[Any]:
    """The directives of a namespace: one of its own goes before one of the same name that is in every namespace."""
    named = {directive.name: directive for directive in (*everywhere, *own)}
    return [named[name] for name in sorted(named)]


def _file_names(namespaces: Iterable[str]) -> dict[str, str]:
    """A file name for each namespace, made of its letters and digits; no two the same, also where case is ignored."""
    names = {"": "zcml.xsd"}
    taken = {"zcml.xsd"}
    for namespace in filter(None, namespaces):
        stem = re.sub(r"[^A-Za-z0-9.]+", "-", namespace.partition("://")[2] or namespace).strip("-.") or "namespace"
        number, name = 1, f"{stem}.xsd"
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}.xsd"
        taken.add(name.lower())
        names[namespace] = name
    return names


def _schema(namespace: str, directives: Iterable[Any], names: dict[str, str]) -> Iterator[str]:
    head = {"xmlns:xs": XSD, "xmlns:zcml": ZCML}
    if namespace:
        head |= {"xmlns": namespace, "targetNamespace": namespace}
    yield f'<xs:schema{_attributes(**head)} elementFormDefault="qualified">'
    for other, file in names.items():
        if other not in ("", namespace):
            yield f"  <xs:import{_attributes(namespace=other, schemaLocation=file)}/>"
    if namespace == ZCML:
        yield '  <xs:attribute name="condition">'
        yield from _documentation("The directive, with what it holds, is read only where this holds.", "    ")
        yield f"    {_restricted('xs:string', [('pattern', CONDITION)])}"
        yield "  </xs:attribute>"
    yield '  <xs:simpleType name="boolean"><xs:union>'
    yield f"    {_restricted('xs:string', [('enumeration', word) for word in PROPOSED])}"
    yield f"    {_restricted('xs:string', [('pattern', '|'.join(map(_any_case, WORDS)))])}"
    yield "  </xs:union></xs:simpleType>"
    yield '  <xs:simpleType name="setting">'
    yield f'    <xs:restriction base="xs:string"><xs:pattern{_attributes(value=SETTING)}/></xs:restriction>'
    yield "  </xs:simpleType>"
    directives = list(directives)
    contents = _OURS_OR_FOREIGN if any(directive.ours for directive in directives) else _ANYTHING
    for directive in directives:
        yield from _element(directive, "  ", contents, mixed=namespace == META)
    yield "</xs:schema>"


def _element(directive: Any, indent: str, contents: str, mixed: bool = False) -> Iterator[str]:
    inner = indent + "    "
    open_content = directive.kind not in ("simple", "complex")
    yield f"{indent}<xs:element{_attributes(name=directive.name)}>"
    yield from _documentation(directive.documentation, indent + "  ")
    yield f"{indent}  <xs:complexType{_attributes(mixed='true') if mixed or not directive.kind else ''}>"
    if open_content:
        yield f'{inner}<xs:choice minOccurs="0" maxOccurs="unbounded">{contents}</xs:choice>'
    elif directive.directives:
        yield f'{inner}<xs:choice minOccurs="0" maxOccurs="unbounded">'
        for subdirective in sorted(directive.directives, key=lambda each: each.name):
            yield from _element(subdirective, inner + "  ", contents, mixed)
        yield f"{inner}</xs:choice>"
    for attribute in sorted(directive.attributes, key=lambda each: (not each.required, each.name)):
        yield from _attribute(attribute, inner, directive.ours)
    yield f'{inner}<xs:attribute ref="zcml:condition"/>'
    yield f'{inner}<xs:anyAttribute{_attributes(namespace=_foreign(directive))} processContents="lax"/>'
    yield f"{indent}  </xs:complexType>"
    yield f"{indent}</xs:element>"


def _foreign(directive: Any) -> str:
    """Which attributes a directive may have that its schema does not name."""
    if directive.ours:
        return f"##local {HARMLESS}" if directive.any_attribute else HARMLESS
    return "##any" if directive.any_attribute else "##other"


def _attribute(attribute: Any, indent: str, settings: bool) -> Iterator[str]:
    use = {"use": "required"} if attribute.required else {}
    plain = _type_of(attribute)
    if plain is None:
        yield f"{indent}<xs:attribute{_attributes(name=attribute.name, type='xs:string', **use)}>"
        yield from _documentation(attribute.documentation, indent + "  ")
    else:
        yield f"{indent}<xs:attribute{_attributes(name=attribute.name, **use)}>"
        yield from _documentation(attribute.documentation, indent + "  ")
        if settings:
            reference = '<xs:simpleType><xs:restriction base="setting"/></xs:simpleType>'
            plain = f"<xs:simpleType><xs:union>{plain}{reference}</xs:union></xs:simpleType>"
        yield f"{indent}  {plain}"
    yield f"{indent}</xs:attribute>"


def _type_of(attribute: Any) -> str | None:
    """The simple type of an attribute; None when every text is one."""
    if attribute.kind == "boolean":
        plain = _restricted("boolean", [])
    elif attribute.kind == "integer":
        bounds = [("minInclusive", attribute.least), ("maxInclusive", attribute.most)]
        plain = _restricted("xs:integer", [(facet, str(value)) for facet, value in bounds if value is not None])
    elif attribute.kind == "choice":
        plain = _restricted("xs:string", [("enumeration", value) for value in attribute.values])
    else:
        return None
    return f"<xs:simpleType><xs:list>{plain}</xs:list></xs:simpleType>" if attribute.several else plain


def _restricted(base: str, facets: Iterable[tuple[str, str]]) -> str:
    inner = "".join(f"<xs:{facet}{_attributes(value=value)}/>" for facet, value in facets)
    return f"<xs:simpleType><xs:restriction{_attributes(base=base)}>{inner}</xs:restriction></xs:simpleType>"


def _documentation(text: str, indent: str) -> Iterator[str]:
    if text:
        yield f"{indent}<xs:annotation><xs:documentation>{escape(_printable(text))}</xs:documentation></xs:annotation>"


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in word)


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(_printable(value))}" for name, value in values.items())


def _printable(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
