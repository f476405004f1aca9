"""
What a handler of another package has zope.configuration's parser read by `xmlconfig.string` or `processxmlfile`.

Each such text is met once: one document, one step in the order of files, whatever number of elements it has. (What
`xmlconfig.include` asks for does not come here: `foreign_includes` reads it as every other file is read.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from zope.configuration.xmlconfig import ParserInfo

from assetzcml.zcml.attributes import expand_settings
from assetzcml.zcml.conflicts import BY_INCLUDE, IncludeStep
from assetzcml.zcml.limits import check_attributes, check_depth, check_size
from assetzcml.zcml.load import Load
from assetzcml.zcml.names import EVERYWHERE, NAMESPACE
from assetzcml.zcml.positions import Document, ForeignTag, Tag, document_of

__all__ = ["Texts"]


class ReadText(NamedTuple):
    """A text that is being read: *within* is the stack item it is read in, at *height* of the stack."""

    document: Document
    step: IncludeStep | None
    within: Any
    height: int


class Texts:
    """The texts that are being read in one load, outermost first."""

    def __init__(self, load: Load):
        self.load = load
        self._open: list[ReadText] = []

    def met(self, parsed: ParserInfo, name: tuple[str | None, str], stack: list[Any]) -> tuple[Tag, IncludeStep | None]:
        """The start tag that zope.configuration's parser stands at, and the step of the text it is in."""
        while self._open and not self._is_open(self._open[-1], stack):
            self._open.pop()
        if not self._open or self._open[-1].document.file != parsed.file:
            self._open.append(self._begun(str(parsed.file), stack))
        text = self._open[-1]
        tag = ForeignTag(text.document, parsed.line, parsed.column, name[1])
        check_depth(len(stack) - text.height + 1, tag, self.load.limits)
        return tag, text.step

    def data(self, name: tuple[str | None, str], data: Mapping[str, str], tag: Tag) -> Mapping[str, str]:
        """The attributes of a directive, within the limits, and with its settings where it is ours."""
        check_attributes(list(data.items()), tag, self.load.limits)
        if name[0] == NAMESPACE and name[1] not in EVERYWHERE and "${" in "".join(data.values()):
            return expand_settings(data, self.load.settings, tag)
        return data

    @staticmethod
    def _is_open(text: ReadText, stack: list[Any]) -> bool:
        return len(stack) >= text.height and stack[text.height - 1] is text.within

    def _begun(self, file: str, stack: list[Any]) -> ReadText:
        within = stack[-1]
        context = within.context
        info = getattr(context, "info", None)
        above = info if isinstance(info, Tag) else None
        document = document_of(file, above, self.load.limits.file_bytes + 1)
        check_size(document, self.load.limits)
        step = None
        if above is not None:
            step = IncludeStep(context.assetzcml_step, BY_INCLUDE, above.ordinal, self.load.next_number())
        return ReadText(document, step, within, len(stack))
