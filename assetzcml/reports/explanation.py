"""What decided about one asset, or one page, as a screen for people and as data for programs. Finds nothing out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assetzcml.errors import few_lines, printable
from assetzcml.records.assets import AssetSpec, Override, StaticViewRecord
from assetzcml.records.kinds import Record, dotted
from assetzcml.records.loads import Exclusion
from assetzcml.records.pages import Route, View
from assetzcml.records.site import PermissionPolicy
from assetzcml.registry import Registry
from assetzcml.reports.bundles import bundle_data, bundle_lines
from assetzcml.reports.descriptions import data_of, origin_data
from assetzcml.reports.frozen import FrozenAsset
from assetzcml.urls.inquiries import BustingUse

__all__ = ["Explanation", "Passed", "SearchStep"]

LABEL = 14  # columns of the text's left side: the longest label and two blanks


@dataclass(frozen=True)
class SearchStep:
    """
    One place of the search path.

    *state* is 'chosen', 'exists', 'missing', 'a directory', 'no such package ...', or 'named above' for an
    override that leads only to where another has led already. *via* are the overrides that lead there from the
    asset, the last one to the place; the original has none. *path* is the real file, where there is one.
    """

    spec: AssetSpec
    state: str
    via: tuple[Override, ...]
    path: str | None = None


@dataclass(frozen=True)
class Passed:
    """A record that would match and does not decide: *why*, and the record that does instead, if that is one."""

    record: Record
    why: str
    winner: Record | None = None


@dataclass
class Explanation:
    """
    What decided about one asset, or one page. `str()` of it is one screen, `as_dict()` is the same for programs.

    For a page, *page* is the view, and *route* the route that leads to it, if one does. *others* are records of other
    packages that concern the asset. *problems* say what is wrong: a spec nobody publishes, an asset no layer has.
    *frozen* is what was frozen, where that is served. *url_policy* is the one that made the URL, where it is not the one that
    ships. What could not be found out is None or empty.
    """

    registry: Registry = field(repr=False)
    asked: str
    spec: AssetSpec | None = None
    url: str | None = None
    url_policy: Any = None
    source: AssetSpec | None = None
    file: str | None = None
    directory: bool = False
    page: View | None = None
    route: Route | None = None
    matchdict: dict[str, Any] = field(default_factory=dict)
    other_pages: list[Passed] = field(default_factory=list)
    view: StaticViewRecord | None = None
    other_views: list[Passed] = field(default_factory=list)
    search_path: list[SearchStep] = field(default_factory=list)
    others: list[Record] = field(default_factory=list)
    bundle: Any = None
    busting: BustingUse | None = None
    busting_file: str | None = None
    other_bustings: list[Passed] = field(default_factory=list)
    policy: PermissionPolicy | None = None
    other_policies: list[Passed] = field(default_factory=list)
    variants: list[Any] = field(default_factory=list)
    path: str | None = None
    frozen: FrozenAsset | None = None
    answer: tuple[str, list[tuple[str, str]]] | None = None
    refers: list[Any] = field(default_factory=list)
    referred: list[Any] = field(default_factory=list)
    unread: int = 0  # published files, of those that might refer to it
    excluded: list[Exclusion] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        sections = (
            self._summary(),
            self._page(),
            self._frozen(),
            self._views(),
            self._search_path(),
            self._others(),
            self._bundle(),
            self._busters(),
            self._policies(),
            self._variants(),
            self._answer(),
            self._references(),
            self._excluded(),
        )
        paragraphs = [[self.asked], *filter(None, sections)]
        return "\n\n".join("\n".join(map(printable, paragraph)) for paragraph in paragraphs)

    def as_dict(self) -> dict[str, Any]:
        """The explanation in texts, numbers, lists and mappings: it can be written as JSON."""
        return {
            "asked": self.asked,
            "problems": list(self.problems),
            "spec": _text(self.spec),
            "source_spec": _text(self.source),
            "file": self.file,
            "url": self.url,
            "url_policy": None if self.url_policy is None else dotted(self.url_policy),
            "page": self._page_data(),
            "view": self._data(self.view),
            "other_views": [self._passed_data(passed) for passed in self.other_views],
            "search_path": [self._step_data(step) for step in self.search_path],
            "others": [data_of(record) for record in self.others],
            "bundle": None if self.bundle is None else bundle_data(self.bundle, self.registry),
            "cache_buster": self._busting_data(),
            "other_cache_busters": [self._passed_data(passed) for passed in self.other_bustings],
            "permission_policy": self._data(self.policy),
            "other_permission_policies": [self._passed_data(passed) for passed in self.other_policies],
            "variants": [variant._asdict() for variant in self.variants],
            "answer": self._answer_data(),
            "refers_to": [{**self._reference_data(each), "spec": _text(each.target)} for each in self.refers],
            "referred_to_by": [{**self._reference_data(each), "spec": str(each.spec)} for each in self.referred],
            "not_looked_for_references_in": self.unread,
            "excluded": [{"file": each.real, "by": origin_data(each.origin)} for each in self.excluded],
            **({} if self.frozen is None else {"frozen": self.frozen.data()}),
        }

    # For programs.

    def _data(self, record: Record | None) -> dict[str, Any] | None:
        return None if record is None else data_of(record)

    def _passed_data(self, passed: Passed) -> dict[str, Any]:
        winner = None if passed.winner is None else origin_data(passed.winner.origin)
        return {**data_of(passed.record), "why": passed.why, "winner": winner}

    def _step_data(self, step: SearchStep) -> dict[str, Any]:
        return {
            "spec": str(step.spec),
            "state": step.state,
            "file": step.path,
            "via": [data_of(override) for override in step.via],
        }

    def _busting_data(self) -> dict[str, Any] | None:
        use = self.busting
        if use is None:
            return None
        read = {"reads": _text(use.file), "file": self.busting_file}
        return {**data_of(use.record), "says": use.says, "idle": use.idle, **read}

    def _page_data(self) -> dict[str, Any] | None:
        if self.page is None and not self.other_pages:
            return None
        return {
            "view": self._data(self.page),
            "route": self._data(self.route),
            "matchdict": {name: list(v) if isinstance(v, tuple) else v for name, v in self.matchdict.items()},
            "others": [self._passed_data(passed) for passed in self.other_pages],
        }

    def _answer_data(self) -> dict[str, Any] | None:
        if self.answer is None:
            return None
        status, headers = self.answer
        return {"path": self.path, "status": status, "headers": [list(header) for header in headers]}

    # For people.

    def _summary(self) -> list[str]:
        lines = [line for problem in self.problems for line in _labelled("problem", [problem])]
        if self.spec is not None and str(self.spec) != self.asked.rstrip("/"):
            lines += _labelled("asset", [str(self.spec)])
        if self.url is not None and self.url != self.asked:
            made = [] if self.url_policy is None else [f"made by the URL policy {dotted(self.url_policy)}"]
            lines += _labelled("URL", [self.url, *made])
        if self.source is not None:
            lines += _labelled(
                "directory" if self.directory else "file", [self.file or f"{self.source} (in an archive)"]
            )
        return lines

    def _page(self) -> list[str]:
        lines = [] if self.page is None else _labelled("view", self._record(self.page))
        if self.route is not None:
            matched = [f"{name} = {value!r}" for name, value in self.matchdict.items()]
            lines += _labelled("route", [*self._record(self.route), *matched])
        return lines + self._passed(self.other_pages)

    def _frozen(self) -> list[str]:
        lines = () if self.frozen is None else self.frozen.lines()
        return [line for label, said in lines for line in _labelled(label, [said])]

    def _views(self) -> list[str]:
        lines = [] if self.view is None else _labelled("static view", self._record(self.view))
        return lines + self._passed(self.other_views)

    def _search_path(self) -> list[str]:
        lines = []
        for number, step in enumerate(self.search_path, 1):
            label = "search path" if number == 1 else ""
            lines += _labelled(label, self._step(number, step))
        return lines

    def _others(self) -> list[str]:
        return [line for record in self.others for line in _labelled(record.directive, self._record(record))]

    def _bundle(self) -> list[str]:
        return [] if self.bundle is None else _labelled("bundle", list(bundle_lines(self.bundle)))

    def _step(self, number: int, step: SearchStep) -> list[str]:
        if not step.via:
            return [f"{number}. {step.spec}: {step.state} (the original)"]
        *before, last = step.via
        lines = [f"{number}. {step.spec}: {step.state}"]
        lines += [f"   by {line}" for line in self._record(last)[:1]]
        lines += [f"      {line}" for line in self._record(last)[1:]]
        lines += [f"      after {override}, {override.origin}" for override in before]
        return lines

    def _busters(self) -> list[str]:
        use = self.busting
        if use is None:
            lines = _labelled("cache buster", ["none"]) if self.url is not None else []
            return lines + self._passed(self.other_bustings)
        told = [f"does nothing: {use.idle}" if use.idle else use.says]
        if use.file is not None:
            told.append(f"reads {self.busting_file or use.file}")
        return _labelled("cache buster", self._record(use.record) + told) + self._passed(self.other_bustings)

    def _policies(self) -> list[str]:
        protected = self.page or self.view
        if protected is None or not protected.protected:
            return []
        policy = ["no policy: nobody is permitted"] if self.policy is None else self._record(self.policy)
        below = "; the answer below is that to somebody who has it" if self.answer is not None else ""
        told = [f"{protected.permission!r}{below}", *policy]
        return _labelled("permission", told) + self._passed(self.other_policies)

    def _variants(self) -> list[str]:
        if self.source is None or self.directory or self.view is None:
            return []
        lines = []
        for variant in self.variants:
            size = "" if variant.size is None else f", {variant.size} bytes"
            fault = f"not served: {variant.fault}" if variant.fault else "served"
            lines += [f"{variant.coding}: {fault}{size}"] + ([variant.path] if variant.path else [])
        declared = " ".join(self.view.content_encodings)
        none = f"none on disk (content_encodings are {declared})" if declared else "none on disk, and none declared"
        return _labelled("variants", lines or [none])

    def _answer(self) -> list[str]:
        if self.view is not None and self.view.external:
            return _labelled("answer", ["by others: the static view's name is external"])
        if self.answer is None:
            return []
        status, headers = self.answer
        return _labelled("answer", [f"GET {self.path}", status, *(f"{name}: {value}" for name, value in headers)])

    def _reference_data(self, said: Any) -> dict[str, Any]:
        return {"url": said.reference.url, "kind": said.reference.kind, "origin": origin_data(said.origin)}

    def _references(self) -> list[str]:
        to = [f"{said.target or said.reference.url + ' (nothing)'}, {said.origin}" for said in self.refers]
        by = [f"{said.spec}, {said.origin}" for said in self.referred]
        if self.unread:
            told = (
                f"not looked for in {self.unread} more file{'' if self.unread == 1 else 's'}; assetzcml check reads all"
            )
            return _labelled("refers to", _few(to)) + _labelled("referred by", [*_few(by), told])
        return _labelled("refers to", _few(to)) + _labelled("referred by", _few(by))

    def _excluded(self) -> list[str]:
        return _labelled(
            "left out", [text for each in self.excluded for text in (each.real, f"excluded by {each.origin}")]
        )

    def _passed(self, records: list[Passed]) -> list[str]:
        lines = []
        for passed in records:
            by = f" by {passed.winner.origin}" if passed.winner is not None else ""
            lines += _labelled("  lost", [*self._record(passed.record), f"{passed.why}{by}"])
        return lines

    def _record(self, record: Record) -> list[str]:
        where = [str(record.origin)] if record.origin is not None else []
        return [record.line, *where]


def _labelled(label: str, lines: list[str]) -> list[str]:
    """*lines* with the label before the first."""
    return [f"{label if number == 0 else '':{LABEL}}{line}".rstrip() for number, line in enumerate(lines)]


def _text(spec: AssetSpec | None) -> str | None:
    return None if spec is None else str(spec)


SHOWN = 20  # references that are told to people; a program is told all


def _few(lines: list[str]) -> list[str]:
    return few_lines(lines, SHOWN)
