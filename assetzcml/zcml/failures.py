"""What an exception means that a directive raised: the problems to tell, each with its place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from xml.sax import SAXParseException

from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.exceptions import ConfigurationWrapperError

from assetzcml.errors import ConfigurationError, Problem, did_you_mean, shorten
from assetzcml.zcml.attributes import Problems, label, reason
from assetzcml.zcml.names import INCLUDES, NAMESPACE, XINCLUDE
from assetzcml.zcml.positions import Spot, Tag, document_of

__all__ = ["MisplacedDirective", "UnknownDirective", "problems_of"]

# What a Configurator gives the directives of pyramid_zcml, and nobody else does.
OF_PYRAMID = frozenset(["config_class", "introspection", "registry", "route_prefix"])


class UnknownDirective(ZopeConfigurationError):
    """No directive has this name in this namespace."""


class MisplacedDirective(ZopeConfigurationError):
    """The directive exists, and cannot stand here."""


def problems_of(error: Exception, info: Tag) -> list[Problem]:
    """The problems that *error*, raised by the directive at *info*, stands for."""
    if isinstance(error, ConfigurationWrapperError):  # out of zope.configuration's `xmlconfig`
        if isinstance(error.evalue, SAXParseException):
            return [_syntax(error.evalue, info)]
        if isinstance(error.evalue, Exception):
            return problems_of(error.evalue, info)
    if isinstance(error, Problems):
        return error.problems
    if isinstance(error, ConfigurationError):
        return [_placed(problem, info) for problem in error.problems]
    if isinstance(error, ZopeConfigurationError):
        return [Problem(info, f"{label(info, {})}: {reason(error)}", exception=error.__cause__, code="A109")]
    if isinstance(error, AttributeError) and error.name in OF_PYRAMID and hasattr(error.obj, "assetzcml_load"):
        message = f"{label(info, {})}: the directives of pyramid_zcml need Pyramid"
        hint = "config.load_zcml(...) of the application reads them; to ask it: --paste app.ini, or --registry module:attribute"
        return [Problem(info, message, hint, code="A109")]
    if isinstance(error, RecursionError) and info.directive in INCLUDES:
        message = f"{info.directive}: includes are nested too deep for the recursion limit of Python, {sys.getrecursionlimit()}"
        return [Problem(info, message, "raise it by sys.setrecursionlimit, or nest less", code="A102")]
    message = f"{label(info, {})} raised {type(error).__name__}: {reason(error)}"
    return [Problem(info, message, exception=error, code="A109")]


def _placed(problem: Problem, info: Tag) -> Problem:
    """*problem*, at the directive where it says no place of its own."""
    if problem.origin is not None:
        return problem
    return Problem(
        info, f"{label(info, {})}: {problem.message}", problem.hint, exception=problem.exception, also=problem.also,
        conflict=problem.conflict, code=problem.code,
    )  # fmt: skip


def _syntax(error: SAXParseException, info: Tag) -> Problem:
    """An error of XML in a file, or text, that a handler had zope.configuration read."""
    document = document_of(error.getSystemId() or "<string>", info)
    place = Spot(document, document.offset(error.getLineNumber() or 1, (error.getColumnNumber() or 0) + 1))
    return Problem(place, f"XML syntax error: {error.getMessage()}", code="A101")


# The packages whose meta.zcml defines the directives of a namespace that is often in use before it is known.
PACKAGES = {
    "http://namespaces.zope.org/zope": ("zope.component", ""),
    "http://namespaces.zope.org/browser": ("zope.browserpage", ""),
    "http://namespaces.zope.org/i18n": ("zope.i18n", ""),
    "http://namespaces.zope.org/five": ("Products.Five", ""),
    "http://pylonshq.com/pyramid": ("assetzcml", "pyramid.zcml"),
}
NEARLY = 2  # characters in which a misspelt namespace differs


# What people write for a directive of ours, by the words of other tools and of its own attributes.
SYNONYMS = {
    "assets": "staticView",
    "bust": "cacheBuster",
    "css": "bundle",
    "directory": "staticView",
    "file": "staticFile",
    "import": "include",
    "js": "bundle",
    "override": "asset",
    "overrideAsset": "asset",
    "override_asset": "asset",
    "page": "view",
    "plugins": "includePlugins",
    "policy": "permissionPolicy",
    "replace": "asset",
    "script": "bundle",
    "static": "staticView",
    "staticfiles": "staticView",
    "stylesheet": "bundle",
    "template": "asset",
    "theme": "include",
    "url": "route",
}


def unknown_directive(
    namespace: str | None,
    name: str,
    info: Tag,
    known: Mapping[str, list[str]],
) -> Problem:
    """No directive of this name is *known*, which are the names in each namespace."""
    where = f" of {namespace}" if namespace else ""
    hint = _of_what(namespace, name, info, known)
    return Problem(info, f"unknown directive {shorten(name)}{where}", hint, code="A103")


def _of_what(namespace: str | None, name: str, info: Tag, known: Mapping[str, list[str]]) -> str:
    """What may be meant by a directive that nobody knows."""
    if namespace == XINCLUDE:
        return f'write <include file="{info.value("href") or "other.zcml"}"/>'
    if namespace is None:
        if name in known.get(NAMESPACE, ()):
            return f'write <configure xmlns="{NAMESPACE}">'
        near = did_you_mean(name, known["*"])
        return near or "the element is in no namespace; is xmlns missing?"
    if info.ordinal == 0:
        return f'write <configure xmlns="{namespace}"> and </configure>: that holds all of a file'
    synonym = SYNONYMS.get(name, "") if namespace == NAMESPACE else ""
    near = f"did you mean {synonym!r}?" if synonym else did_you_mean(name, known.get(namespace, []) + known["*"])
    if near:
        return near
    meant = next((each for each in known if each != "*" and 0 < _differ(each, namespace) <= NEARLY), None)
    if meant is not None:
        return f"did you mean {meant!r}?"
    holders = [each for each, names in known.items() if name in names and each not in ("*", namespace)]
    if len(holders) == 1:
        return f"{name!r} is of {holders[0]}"
    if namespace in known:
        return ""
    package, file = PACKAGES.get(namespace, ("", ""))
    attributes = f'package="{package or "..."}" file="{file or "meta.zcml"}"'
    whose = "" if package else " of the package that does"
    also = ", or pyramid_zcml" if file else ""
    return f"no file read so far defines directives of this namespace; write <include {attributes}/>{whose}{also}"


@lru_cache(maxsize=256)  # of pairs of namespaces, of which a load has few, in thousands of problems
def _differ(one: str, other: str) -> int:
    """In how many characters two texts differ: put in, left out or another."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        former, row = row, [number]
        for place, against in enumerate(other, 1):
            row.append(min(former[place] + 1, row[-1] + 1, former[place - 1] + (character != against)))
    return row[-1]
