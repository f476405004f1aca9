"""What an exception means that a directive raised: the problems to tell, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax import SAXParseException

from zope.configuration.exceptions import ConfigurationError as ZopeConfigurationError
from zope.configuration.exceptions import ConfigurationWrapperError

from assetzcml.errors import ConfigurationError, Problem, did_you_mean, shorten
from assetzcml.zcml.attributes import Problems, label, reason
from assetzcml.zcml.names import XINCLUDE
from assetzcml.zcml.positions import Spot, Tag, document_of

__all__ = ["MisplacedDirective", "UnknownDirective", "problems_of"]


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
        return [Problem(info, f"{label(info, {})}: {reason(error)}", exception=error.__cause__)]
    message = f"{label(info, {})} raised {type(error).__name__}: {reason(error)}"
    return [Problem(info, message, exception=error)]


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
    return Problem(place, f"XML syntax error: {error.getMessage()}")


def unknown_directive(namespace: str | None, name: str, info: Tag, known: Mapping[str, list[str]]) -> Problem:
    """No directive of this name is *known*, which are the names in each namespace."""
    hint = did_you_mean(name, known.get(namespace or "", []) + known["*"])
    if namespace == XINCLUDE:
        hint = "ZCML has an include of its own"
    if not hint and namespace is None:
        hint = "the element is in no namespace; is xmlns missing?"
    elif not hint and namespace not in known:
        hint = did_you_mean(namespace or "", known) or "include the package that defines it"
    where = f" of {namespace}" if namespace else ""
    return Problem(info, f"unknown directive {shorten(name)}{where}", hint)
