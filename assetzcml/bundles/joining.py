"""
How sources become one file without becoming another program.

In JavaScript a statement ends with its file, and a module is refused; in a style sheet what counts at the top only is
taken in, moved there, or told of. Of everything else the bytes are kept.
"""

from __future__ import annotations

import codecs
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urljoin, urlsplit

from assetzcml.bundles import scripts, style_sheets
from assetzcml.bundles.build_records import ABSENT, Input, full_digest_of
from assetzcml.bundles.errors import BuildError, BundleWarning
from assetzcml.bundles.filters.cssrewrite import moved_url
from assetzcml.bundles.scripts import Mark
from assetzcml.bundles.source_maps import (
    LARGEST,
    Mapped,
    index_map,
    map_reference,
    of_data_url,
    parsed_map,
    reference_to,
)
from assetzcml.bundles.sources import Source, beside
from assetzcml.bundles.style_sheets import TopRule, imports_hold, left_open, may_import, prelude
from assetzcml.errors import Origin, Problem

__all__ = ["UNMAPPED", "Join", "JoinedPart", "Sections", "Sheet", "kind_of_file"]

NEWLINE = b"\n"  # between two files: the last line of a script may be a comment
END_OF_STATEMENT = b"\n;\n"

_KINDS = {".js": "js", ".mjs": "js", ".cjs": "js", ".css": "css"}


def kind_of_file(name: str) -> str:
    """
    'js' or 'css', by the extension of an output or a source; '' for what is neither.

    >>> kind_of_file("gen/app.%(version)s.js"), kind_of_file("a.CSS"), kind_of_file("a.scss")
    ('js', 'css', '')
    """
    return _KINDS.get(os.path.splitext(name)[1].lower(), "")


class Sheet(NamedTuple):
    """A source, or a part of one, and the places of the `@import`s that are left at its top."""

    source: Source
    content: bytes
    imports: tuple[Origin, ...] = ()


Sections = tuple[tuple[int, Mapped | None], ...]  # at which lines something begins whose source is known, or is not
UNMAPPED: Sections = ((0, None),)


class JoinedPart(Protocol):
    """What is joined."""

    @property
    def content(self) -> bytes: ...

    @property
    def about(self) -> dict[str, Any]: ...

    @property
    def imports(self) -> tuple[Origin, ...]: ...

    @property
    def sections(self) -> Sections: ...


class _Module(NamedTuple):
    file: str
    mark: Mark | None  # None: a filter has made a module of it
    word: str
    moved: bool


class Join:
    """
    The law for one output. *output* is what filters are told of it: its name, path and URL.

    `read` are the style sheets that were taken in, and those that were not there, by path or asset spec.
    """

    def __init__(self, bundle: Any, ctx: Any, output: dict[str, Any]):
        self.bundle = bundle
        self.environment = ctx.environment
        self._context = ctx
        self.kind = kind_of_file(str(bundle.output or ""))
        self.read: dict[str, Input] = {}
        self._output = output
        self._imports_may_follow = True
        self._top: list[TopRule] = []  # of all sources so far, while they consist of nothing else
        self._number = 0
        self._modules: list[_Module] = []

    # -- style sheets that are imported

    def sheets(self, source: Source, content: bytes) -> Iterable[Sheet]:
        """
        *source* without the `@import`s that no browser would follow where it is going to be, and before it, or in the
        midst of it, the sheets that they name. What is no style sheet comes as it is.
        """
        if self.kind != "css" or (b"@" not in content and not self._imports_may_follow):  # as most are
            return [Sheet(source, content)]
        return self._sheets(source, content, (_key(source),))

    def _sheets(self, source: Source, content: bytes, around: tuple[str, ...]) -> Iterator[Sheet]:
        text = _text(content) if self.kind == "css" and kind_of_file(source.relative) == "css" else None
        if text is None:
            self._imports_may_follow = self._imports_may_follow and not content.strip()
            yield Sheet(source, content)
            return
        top = prelude(text)
        if self._imports_may_follow and imports_hold(top.rules, self._top):
            self._top += top.rules
            self._imports_may_follow = not top.others and may_import(self._top)
            yield Sheet(source, content, tuple(_place(source, text, rule) for rule in top.named("@import")))
            return
        self._imports_may_follow = False
        kept, at, left = "", 0, []
        for rule in top.rules:
            if rule.name != "@import":
                continue
            found = self._local(source, rule)
            if found is None:
                left.append(_place(source, text, rule))
                continue
            kept += text[at : rule.start]
            at = rule.stop
            if _key(found) in around:  # a circle: browsers go around it once
                continue
            if prelude(kept).named("@layer"):  # the order of layers is that of their first mention
                yield Sheet(source, kept.encode(), tuple(left))
                kept, left = "", []
            yield from self._sheets(found, self._content(found), (*around, _key(found)))
        yield Sheet(source, (kept + text[at:]).encode(), tuple(left))

    def _local(self, source: Source, rule: TopRule) -> Source | None:
        """The sheet that can take the place of an `@import`, for everybody and under all conditions."""
        if rule.conditions or not rule.url or scripts.is_anywhere(rule.url):
            return None
        path = unquote(urlsplit(rule.url).path)
        found = beside(source, path, self.environment.resolver)
        if found is None:
            place = _beside(source, path)
            name = self._context.name_of(place) if os.path.isabs(place) else place
            self.read.setdefault(name, Input(name, ABSENT))
        elif found.spec is not None and self.environment.permission_of(found.spec) is not None:
            return None
        return found

    def _content(self, source: Source) -> bytes:
        try:
            content, signature = source.read()
        except OSError as error:
            message = f"{self.bundle}: the imported {source.item!r} cannot be read: {error}"
            raise BuildError(message, origin=self.bundle.origin, exception=error) from error
        name = self._context.name_of(source)
        self.read[name] = Input(name, full_digest_of(content), signature)
        return content

    # -- source maps

    def mapped(self, source: Source, content: bytes, url: str | None) -> Sections:
        """What *content*, which is what the author of *source* wrote, has to say of its lines; *url* is its address."""
        text = _text(content) if self.kind else None
        if text is None:
            return UNMAPPED
        reference = map_reference(content)
        own = parsed_map(self._own_map(source, reference)) if reference else None
        base = url or source.item
        if own is not None:
            return ((0, Mapped(base if reference.startswith("data:") else urljoin(base, reference), text, own)),)
        return ((0, Mapped(base, text)),)

    def _own_map(self, source: Source, reference: str) -> bytes:
        held = of_data_url(reference)
        if held is not None or scripts.is_anywhere(reference):
            return held or b""
        found = beside(source, unquote(urlsplit(reference).path), self.environment.resolver)
        if found is None or (found.path is not None and os.path.getsize(found.path) > LARGEST):
            return b""
        return self._content(found)

    def with_map(self, content: bytes, sections: Sections) -> bytes:
        """*content*, the whole, with a map of the parts whose lines are known; as it is where there are none."""
        known = [part for _, part in sections if part is not None]
        if not known or (len(sections) == 1 and (known[0].own is None or map_reference(content))):
            return content  # what is one file alone shows itself, or keeps its reference
        output = self._output.get("output_url")

        def moved(url: str, base: str) -> str:
            return moved_url(url, base, output) if output and base.startswith(("/", "http:", "https:")) else url

        return content.rstrip(b"\n") + reference_to(index_map(sections, moved), self.kind)

    # -- modules

    def look_for_modules(self, about: dict[str, Any], raw: bytes, made: bytes, filters: Iterable[Any]) -> None:
        """Take note of a source, *raw* as it was and *made* by *filters*, which may take care of its imports."""
        self._number += 1
        if self.kind != "js" or any(one.resolves_modules for one in filters):
            return
        file, moved = str(about["source_path"] or about["source"]), self._moves(about)
        for mark in scripts.marks(made)[:1]:
            where = next(iter(scripts.marks(raw)), None)
            self._modules.append(_Module(file, where, mark.word, moved))

    def _moves(self, about: dict[str, Any]) -> bool:
        """Does what a relative address leads to change with the place of the output?"""
        for name in ("url", "path"):
            source, output = about.get(f"source_{name}"), self._output.get(f"output_{name}")
            if source and output:
                return bool(source.rpartition("/")[0] != output.rpartition("/")[0])
        return True

    def check_modules(self) -> None:
        """Raises BuildError when modules were to be merged or moved."""
        several = self._number > 1
        problems = [self._refused(module, several) for module in self._modules if several or module.moved]
        if problems:
            raise BuildError(*problems)

    def _refused(self, module: _Module, several: bool) -> Problem:
        mark = module.mark
        origin = Origin(module.file, mark.line, mark.column) if mark is not None else Origin(module.file)
        becomes = "merged with others" if several else "moved to another directory"
        message = (
            f"{self.bundle}: {(mark.word if mark else module.word)!r} would not work where the source is {becomes}"
        )
        hint = (
            "serve the module without a bundle (an import map gives its imports names), "
            "or bundle it with what it imports: the filter 'esbuild-bundle'"
        )
        return Problem(origin, message, hint)

    # -- joining

    def joined(self, parts: Sequence[JoinedPart]) -> tuple[bytes, Sections]:
        """The whole, each part without its byte order mark (in the middle it would be a character), and what it is of."""
        if self.kind == "js":
            return self._joined_scripts(parts)
        contents = [part.content.removeprefix(codecs.BOM_UTF8) for part in parts]
        if self.kind == "css":
            return self._joined_sheets(parts, contents)
        return NEWLINE.join(contents), UNMAPPED

    def _joined_scripts(self, parts: Sequence[JoinedPart]) -> tuple[bytes, Sections]:
        contents: list[bytes] = []
        for part in parts:
            content = part.content.removeprefix(codecs.BOM_UTF8)
            content = scripts.without_hashbang(content) if contents else content
            contents.append(self._without_map(scripts, part, content, len(parts) > 1))
        self._check_strictness(parts, contents)
        ends = [END_OF_STATEMENT if scripts.needs_semicolon(content) else NEWLINE for content in contents[:-1]]
        pieces = [content + end for content, end in zip(contents, [*ends, b""], strict=True)]
        return b"".join(pieces), _sections(parts, pieces)

    def _without_map(self, kind: Any, part: JoinedPart, content: bytes, several: bool) -> bytes:
        if several:
            return bytes(kind.without_map(content))
        moves = bool(part.about) and self._moves(part.about)
        return bytes(kind.without_map(content, moved_only=True)) if moves else content

    def _check_strictness(self, parts: Sequence[JoinedPart], contents: Sequence[bytes]) -> None:
        if len(contents) < 2 or not scripts.is_strict(contents[0]):
            return
        for part, content in zip(parts[1:], contents[1:], strict=True):
            if content.strip() and not scripts.is_strict(content):
                first, other = _name(parts[0]), _name(part)
                self._warn(
                    Origin(first, 1),
                    f"the 'use strict' of {first} holds for {other} too, which has none",
                    "put a script without it first, or the scripts into functions of their own",
                )
                return

    def _joined_sheets(self, parts: Sequence[JoinedPart], contents: list[bytes]) -> tuple[bytes, Sections]:
        several = len(parts) > 1
        contents = [
            self._without_map(style_sheets, part, content, several)
            for part, content in zip(parts, contents, strict=True)
        ]
        if not several:
            return contents[0], _sections(parts, contents)
        plain = contents.copy()
        top: dict[str, TopRule] = {}
        hoisted: list[str] = []
        before: list[TopRule] = []
        imports_may_follow = True
        for number, part in enumerate(parts):
            if number < len(parts) - 1:
                self._tell_of_open(part, contents[number])
            if not imports_may_follow and b"@" not in contents[number]:  # as most are: there is nothing to see to
                continue
            text = _text(contents[number])
            if text is None:
                imports_may_follow = False
                continue
            found = prelude(text)
            if not (imports_may_follow and imports_hold(found.rules, before)):
                self._tell_of_imports(part, text, found.named("@import"))
            if number:
                contents[number] = self._topped(part, text, found.rules, top, hoisted).encode()
            else:
                top.update((rule.prefix, rule) for rule in found.named("@namespace"))
            self._tell_of_default(part, text, found.named("@namespace"))
            before += found.rules
            imports_may_follow = imports_may_follow and not found.others and may_import(before)
        if hoisted or plain != contents:  # lines are elsewhere
            return _with_namespaces(NEWLINE.join(contents), hoisted), UNMAPPED
        return NEWLINE.join(contents), _sections(parts, contents, 1)

    def _topped(
        self, part: JoinedPart, text: str, rules: Sequence[TopRule], top: dict[str, TopRule], hoisted: list[str]
    ) -> str:
        """A later sheet without what is ignored in the midst of another: what of it goes to the top is in *hoisted*."""
        own: list[str] = []
        for rule in reversed(rules):
            if rule.name == "@namespace" and rule.prefix:
                known = top.setdefault(rule.prefix, rule)
                if known.url != rule.url:
                    message = f"the prefix {rule.prefix!r} means {known.url!r} in a sheet before, which holds for all"
                    self._warn(_within(part, text, rule), message, "name the prefix otherwise")
                elif known is rule:
                    own.insert(0, text[rule.start : rule.stop].rstrip(";") + ";")
            elif rule.name != "@charset":
                continue
            text = text[: rule.start] + text[rule.stop :]
        hoisted += own
        return text

    def _tell_of_imports(self, part: JoinedPart, text: str, rules: Sequence[TopRule]) -> None:
        places = part.imports if len(part.imports) == len(rules) else [_within(part, text, rule) for rule in rules]
        for place, rule in zip(places, rules, strict=True):
            message = f"browsers ignore the @import of {rule.url!r}: rules of other sources stand before it"
            self._warn(place, message, "put this source first, or what it imports among the contents")

    def _tell_of_default(self, part: JoinedPart, text: str, rules: Sequence[TopRule]) -> None:
        for rule in rules:
            if not rule.prefix:
                message = "a @namespace without a prefix holds for all rules of the output, or is ignored"
                self._warn(_within(part, text, rule), message, "give this source an output of its own")

    def _tell_of_open(self, part: JoinedPart, content: bytes) -> None:
        start = left_open(content)
        if start is not None:
            what = "comment" if content.decode()[start] == "/" else "block"
            message = f"the {what} that begins here is not closed, and takes in what the next sources say"
            place = _origin(_name(part), content.decode(), start)
            self._warn(place, message, f"close it with {'*/' if what == 'comment' else '}'!r}")

    def _warn(self, origin: Origin, message: str, hint: str) -> None:
        text = f"{origin}: {self.bundle}: {message}; {hint}"
        warnings.warn_explicit(text, BundleWarning, origin.file, max(origin.line, 1))


def _sections(parts: Sequence[JoinedPart], pieces: Sequence[bytes], newlines: int = 0) -> Sections:
    """
    Where in the whole, which is made of *pieces* with so many *newlines* between, something begins whose source is known, or
    is not.
    """
    if all(part.sections is UNMAPPED for part in parts):
        return UNMAPPED
    found: list[tuple[int, Mapped | None]] = []
    line = 0
    for part, piece in zip(parts, pieces, strict=True):
        found += [(line + at, mapped) for at, mapped in part.sections]
        line += piece.count(b"\n") + newlines
    return tuple(found)


def _with_namespaces(content: bytes, hoisted: Sequence[str]) -> bytes:
    """*content* with the rules *hoisted* behind its imports."""
    text = _text(content) if hoisted else None
    if text is None:
        return content
    at = max((rule.stop for rule in prelude(text).rules), default=0)
    lines = "\n".join(hoisted)
    return f"{text[:at]}\n{lines}\n{text[at:]}".lstrip("\n").encode()


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _key(source: Source) -> str:
    return source.spec or source.place


def _beside(source: Source, path: str) -> str:
    """The place of a file that is not there, a path or an asset spec."""
    head, colon, tail = (source.spec or "").rpartition(":")
    folder = os.path.dirname(tail if colon else source.path or "")
    return head + colon + os.path.normpath(os.path.join(folder, path))


def _name(part: JoinedPart) -> str:
    return str(part.about.get("source_path") or part.about.get("source") or "(a bundle inside)")


def _place(source: Source, text: str, rule: TopRule) -> Origin:
    return _origin(source.path or str(source.spec), text, rule.start)


def _within(part: JoinedPart, text: str, rule: TopRule) -> Origin:
    return _origin(_name(part), text, rule.start)


def _origin(file: str, text: str, at: int) -> Origin:
    return Origin(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
