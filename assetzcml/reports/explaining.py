"""
Why an asset is the one being served: everything that decided, each with its place in ZCML.

`Explainer` finds out, `Explanation` is what it found. Nothing here decides: the components that do are asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from zope.interface import implementer

from assetzcml.errors import ConfigurationError, InvalidSpec, NotPublished, did_you_mean, printable
from assetzcml.interfaces import (
    IAnswers,
    IBundles,
    IExplainer,
    IPages,
    IResolver,
    IURLDecisions,
    IURLGenerator,
    IVersions,
)
from assetzcml.records.assets import AssetSpec, Busting, Override, PermissionPolicy, StaticViewRecord, asset_spec
from assetzcml.records.loads import Exclusion
from assetzcml.records.pages import Route, View
from assetzcml.registry import Record, Registry, Snapshot
from assetzcml.reports.bundles import bundle_data, bundle_lines
from assetzcml.reports.descriptions import data_of, line_of, origin_data, strength
from assetzcml.reports.include_tree import excluded_files
from assetzcml.resolving.packages import Found, Packages
from assetzcml.resolving.search import Candidate, SearchPaths, parent

__all__ = ["Explainer", "Explanation", "Passed", "Step"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
LABEL = 14  # columns of the text's left side: the longest label and two blanks
NAMES_SHOWN = 8  # static views named in one line when none fits


@dataclass(frozen=True)
class Step:
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

    For a page, *page* is the view, and *route* the route that leads to it, if one does. *problems* say what is wrong: a
    spec nobody publishes, an asset no layer has. What could not be found out is None or empty.
    """

    registry: Registry = field(repr=False)
    asked: str
    spec: AssetSpec | None = None
    url: str | None = None
    source: AssetSpec | None = None
    file: str | None = None
    directory: bool = False
    page: View | None = None
    route: Route | None = None
    matchdict: dict[str, Any] = field(default_factory=dict)
    other_pages: list[Passed] = field(default_factory=list)
    view: StaticViewRecord | None = None
    other_views: list[Passed] = field(default_factory=list)
    search_path: list[Step] = field(default_factory=list)
    bundle: Any = None
    busting: Any = None
    busting_file: str | None = None
    other_bustings: list[Passed] = field(default_factory=list)
    policy: PermissionPolicy | None = None
    other_policies: list[Passed] = field(default_factory=list)
    variants: list[Any] = field(default_factory=list)
    path: str | None = None
    answer: tuple[str, list[tuple[str, str]]] | None = None
    excluded: list[Exclusion] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        sections = (
            self._summary(),
            self._page(),
            self._views(),
            self._search_path(),
            self._bundle(),
            self._busters(),
            self._policies(),
            self._variants(),
            self._answer(),
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
            "page": self._page_data(),
            "view": self._data(self.view),
            "other_views": [self._passed_data(passed) for passed in self.other_views],
            "search_path": [self._step_data(step) for step in self.search_path],
            "bundle": None if self.bundle is None else bundle_data(self.bundle, self.registry),
            "cache_buster": self._busting_data(),
            "other_cache_busters": [self._passed_data(passed) for passed in self.other_bustings],
            "permission_policy": self._data(self.policy),
            "other_permission_policies": [self._passed_data(passed) for passed in self.other_policies],
            "variants": [variant._asdict() for variant in self.variants],
            "answer": self._answer_data(),
            "excluded": [{"file": each.real, "by": origin_data(each.origin)} for each in self.excluded],
        }

    # For programs.

    def _data(self, record: Record | None) -> dict[str, Any] | None:
        return None if record is None else data_of(record, self.registry)

    def _passed_data(self, passed: Passed) -> dict[str, Any]:
        winner = None if passed.winner is None else origin_data(passed.winner.origin)
        return {**data_of(passed.record, self.registry), "why": passed.why, "winner": winner}

    def _step_data(self, step: Step) -> dict[str, Any]:
        return {
            "spec": str(step.spec),
            "state": step.state,
            "file": step.path,
            "via": [data_of(override, self.registry) for override in step.via],
        }

    def _busting_data(self) -> dict[str, Any] | None:
        use = self.busting
        if use is None:
            return None
        read = {"reads": _text(use.file), "file": self.busting_file}
        return {**data_of(use.record, self.registry), "says": use.says, "idle": use.idle, **read}

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
            lines += _labelled("URL", [self.url])
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

    def _views(self) -> list[str]:
        lines = [] if self.view is None else _labelled("static view", self._record(self.view))
        return lines + self._passed(self.other_views)

    def _search_path(self) -> list[str]:
        lines = []
        for number, step in enumerate(self.search_path, 1):
            label = "search path" if number == 1 else ""
            lines += _labelled(label, self._step(number, step))
        return lines

    def _bundle(self) -> list[str]:
        return [] if self.bundle is None else _labelled("bundle", list(bundle_lines(self.bundle)))

    def _step(self, number: int, step: Step) -> list[str]:
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
        return [line_of(record, self.registry), *where]


def _labelled(label: str, lines: list[str]) -> list[str]:
    """*lines* with the label before the first."""
    return [f"{label if number == 0 else '':{LABEL}}{line}".rstrip() for number, line in enumerate(lines)]


def _text(spec: AssetSpec | None) -> str | None:
    return None if spec is None else str(spec)


@implementer(IExplainer)
class Explainer:
    """Explains the assets of one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def explain(self, spec_or_url: str) -> Explanation:
        """
        The explanation of a spec, or of a URL or its path as a browser sends it; a query and a fragment are left aside.

        Never raises for what is asked: what is wrong with it is among the `problems`.
        """
        return _Inquiry(self.registry, str(spec_or_url).strip()).explanation


class _Inquiry:
    """One question, while it is being answered."""

    def __init__(self, registry: Registry, asked: str):
        self.registry = registry
        self.snapshot: Snapshot = registry.snapshot
        self.packages = Packages()
        self.found = Explanation(registry, asked)
        try:
            if self._is_url(asked):
                self._ask_url(asked)
            else:
                self._ask_spec(asked)
        except ValueError as error:  # of urlsplit: 'http://[', or a character that no URL can have
            self.found.problems.append(f"it is neither an asset spec nor a URL: {error}")
        if self.found.spec is not None:
            packages = {self.found.spec.package, *(step.spec.package for step in self.found.search_path)} - {""}
            self.found.excluded = list(excluded_files(registry, packages))
        elif self.found.problems:
            self.found.excluded = list(excluded_files(registry))

    @property
    def explanation(self) -> Explanation:
        return self.found

    def _is_url(self, asked: str) -> bool:
        if _SCHEME.match(asked) or asked.startswith("//"):
            return True
        if asked.startswith("/"):
            spec = _spec_or_none(asked)
            return spec is None or not any(spec.under(view.root) for view in self.snapshot.views)
        if ":" in asked:
            return False
        path = f"/{_path_of(asked)}"
        return self._lead(path).view is not None or self._component(IAnswers).route(path) is not None

    # From what was asked to an asset.

    def _ask_spec(self, asked: str) -> None:
        try:
            self.found.spec = asset_spec(asked)
        except InvalidSpec as error:
            self.found.problems.append(str(error))
            return
        unpublished = ""
        try:
            self.found.view = self._component(IURLDecisions).view(asked)
            self.found.spec = self._component(IURLDecisions).published(asked)
        except NotPublished as error:
            unpublished = str(error)
        except ConfigurationError:  # a bundle that cannot be built, which is told of where its URL is asked for
            pass
        self._explain_asset(asked)
        if unpublished and not (self.found.bundle is not None and self.found.url is not None):
            self.found.problems.insert(0, unpublished)
        url = self.found.url
        if url is not None and self.found.view is not None and not self.found.view.external:
            path = self._local_path(url) or ""
            routed = self._component(IAnswers).route(path)
            if routed is not None and routed.view != self.found.view:
                self.found.problems.append(f"its URL is answered by {routed.view}, which has the longer name")
            page = self._lead(path)
            if page.view is not None:
                told = f"its URL is answered by {page.route or page.view}: routes and views go before static views"
                self.found.problems.append(told)
            self._explain_answer(path)

    def _ask_url(self, asked: str) -> None:
        external = self._external(asked)
        if external is not None:
            self.found.view, self.found.spec = external
            self._explain_asset(str(self.found.spec))
            return
        path = self._local_path(asked)
        routed = None if path is None else self._component(IAnswers).route(path)
        led = None if path is None else self._lead(path)
        if led is not None:
            self._explain_pages(led, path or "")
            if led.view is not None:
                if routed is not None and self._has(routed.spec):
                    self.found.other_pages.append(Passed(routed.view, "routes and views go before static views"))
                return
        if path is None or routed is None:
            if led is not None and led.allowed:
                self.found.problems.append(f"it is no page to GET: it takes {', '.join(led.allowed)}")
            else:
                self.found.problems.append(self._nobody(path))
            return
        self.found.view, self.found.spec = routed.view, routed.spec
        if routed.fault:
            self.found.problems.append(routed.fault)
        if routed.spec is not None:
            self._explain_asset(str(routed.spec))
        self._explain_answer(path)

    def _external(self, asked: str) -> tuple[StaticViewRecord, AssetSpec] | None:
        """The external view whose base URL *asked* begins with, the longest first, and the asset below it."""
        scheme, _, rest = asked.partition("//")
        url = urlsplit(f"//{rest}")
        segments = [_host(url.netloc), *(unquote(part) for part in url.path.split("/") if part)]
        for view in sorted(self.snapshot.views, key=lambda view: -len(view.name)):
            own_scheme, _, own = view.name.partition("//")
            host, *path = own.split("/")
            base = [_host(host), *path]
            if not view.external or own_scheme not in ("", scheme.lower()) or segments[: len(base)] != base:
                continue
            below = tuple(segments[len(base) :])
            versions = self.registry.queryUtility(IVersions)
            version = versions.version_of(self.snapshot, view, below) if versions is not None else None
            return view, version.spec if version is not None else view.root.joined(below)
        return None

    def _local_path(self, asked: str) -> str | None:
        """The path below the application, when the URL can be one of it."""
        own = urlsplit(self.registry.settings.get("application_url") or "")
        url = urlsplit(asked) if _SCHEME.match(asked) or asked.startswith("//") else None
        if url is not None and own.netloc and url.netloc.lower() != own.netloc.lower():
            return None
        path = _path_of(asked)
        path = path if path.startswith("/") else f"/{path}"
        prefix = own.path.rstrip("/")
        return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path

    def _has(self, spec: AssetSpec | None) -> bool:
        try:
            return spec is not None and self._component(IResolver).resolve(spec).isfile()
        except (OSError, ImportError):
            return False

    def _lead(self, path: str) -> Any:
        """What a URL path leads to among routes and views."""
        return self._component(IPages).lead(unquote(path))

    def _explain_pages(self, led: Any, path: str) -> None:
        found = self.found
        found.page, found.route, found.matchdict = led.view, led.route, led.values
        missed = self._component(IPages).missed(unquote(path))
        found.other_pages = [Passed(each.record, each.why) for each in missed]
        having = [led.view, led.route, *(each.record for each in missed)]
        subjects = {record.discriminator[:2] for record in having if record is not None}
        subjects |= {("view of route", record.name) for record in having if isinstance(record, Route)}
        for loss in self.snapshot.losses:
            if isinstance(loss.loser, Route | View) and loss.loser.discriminator[:2] in subjects:
                found.other_pages.append(Passed(loss.loser, loss.reason, loss.winner))
        if led.view is not None:
            self._explain_policy(led.view)

    def _nobody(self, path: str | None) -> str:
        snapshot = self.snapshot
        if not (snapshot.routes or snapshot.pages):
            return self._no_static_view()
        known = [f"/{view.name}" for view in snapshot.pages if view.route_name is None]
        hint = did_you_mean(path or "", [*known, *(route.pattern for route in snapshot.routes)])
        return f"{self._no_static_view()}; no route or view does, either{f'; {hint}' if hint else ''}"

    def _no_static_view(self) -> str:
        names = [repr(view.name or "/") for view in self.snapshot.views]
        if not names:
            return "no static view answers this URL: there is none"
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        return f"no static view answers this URL; there are {', '.join(names[:NAMES_SHOWN])}{more}"

    # From the asset to what decides about it.

    def _explain_asset(self, text: str) -> None:
        found, spec = self.found, self.found.spec
        assert spec is not None
        self._search(spec)
        self._explain_bundle(spec)
        found.other_views = list(self._other_views(spec))
        if found.view is None and found.bundle is None:
            return
        self._explain_url(text)
        if found.view is None:
            return
        self._explain_policy(found.view)
        if found.source is None:
            return
        answers = self._component(IAnswers)
        refusal = "" if found.view.external else answers.refusal(found.view, spec)
        if refusal:
            found.problems.append(f"{found.view} does not serve it: {refusal}")
        found.variants = list(answers.variants(found.view, spec))

    def _search(self, spec: AssetSpec) -> None:
        paths = self.snapshot.derived(SearchPaths)
        candidates = list(paths.candidates(spec))
        standing = [self._standing(candidate) for candidate in candidates]
        chosen = _chosen(standing)
        for candidate, there in zip(candidates, standing, strict=True):
            state = "chosen" if there is not None and there is chosen else _state(there)
            path = there.path if isinstance(there, Found) else None
            self.found.search_path.append(Step(candidate.spec, state, candidate.via, path))
        self.found.search_path += _repeated(paths.places(spec), paths)
        if isinstance(chosen, Found):
            self.found.source, self.found.file, self.found.directory = chosen.spec, chosen.path, chosen.directory
        else:
            self.found.problems.append(f"no layer has {str(spec)!r}{self._nearest(spec, standing[-1])}")

    def _explain_bundle(self, spec: AssetSpec) -> None:
        """The bundle that *spec* is the address of, or the place of its output."""
        bundles = self.registry.queryUtility(IBundles)
        if bundles is None or not self.snapshot.derived(SearchPaths).bundles:
            return
        bundle = spec if bundles.name_of(self.snapshot, spec) else bundles.bundle_of(self.snapshot, spec)
        if bundle is not None:
            self.found.bundle = bundles.state(bundles.name_of(self.snapshot, bundle))
            fault = bundles.fault(self.snapshot, bundle)
            told = [] if not isinstance(fault, ConfigurationError) else [problem.headline for problem in fault.problems]
            self.found.problems += told or ([str(fault)] if fault is not None else self.found.bundle.problems)

    def _standing(self, candidate: Candidate) -> Found | str | None:
        """What stands at a place: a file before a directory; why its package has nothing, as a text."""
        try:
            found = list(self.packages.find(candidate.spec))
        except ImportError as error:
            return f"no such package ({error})"
        return min(found, key=lambda each: each.directory, default=None)

    def _nearest(self, spec: AssetSpec, original: Found | str | None) -> str:
        if isinstance(original, str):
            return f": {original}"
        try:
            names = self._component(IResolver).resolve(parent(spec)).listdir()
        except (OSError, ImportError, ValueError):
            return ""
        hint = did_you_mean(spec.name, names)
        return f"; {hint}" if hint else ""

    def _other_views(self, spec: AssetSpec) -> Iterator[Passed]:
        view, publishing = self.found.view, self._publishing(spec)
        for other in self.snapshot.views:
            if other is not view and (spec == other.root if other.file else spec.under(other.root)):
                if view is not publishing:
                    yield Passed(other, "the asset's own URL is there" if other is publishing else "not asked for")
                else:
                    yield Passed(other, _view_passed(publishing, other))
        for loss in self.snapshot.losses:
            loser = loss.loser
            if isinstance(loser, StaticViewRecord) and (
                spec.under(loser.root) or (view is not None and loser.name == view.name)
            ):
                yield Passed(loser, loss.reason, loss.winner)

    def _publishing(self, spec: AssetSpec) -> StaticViewRecord | None:
        """The view that gives the asset its URL, which may be another than the one that was asked."""
        try:
            return self._component(IURLDecisions).view(spec)
        except (NotPublished, ConfigurationError):  # the latter: a bundle that cannot be built
            return None

    def _explain_url(self, text: str) -> None:
        found = self.found
        try:
            found.url = self._component(IURLGenerator).static_path(text)
            found.busting = self._component(IURLDecisions).busting(text)
        except NotPublished:
            pass
        except Exception as error:  # a cache buster may be the code of others
            if found.bundle is not None and isinstance(error, ConfigurationError):
                return  # it cannot be built, which is told of
            found.problems.append(f"it has no URL: {type(error).__name__}: {error}")
            found.busting = self._component(IURLDecisions).busting(text)
        found.other_bustings = list(self._other_bustings())
        if found.busting is not None and found.busting.file is not None:
            manifest = self._component(IResolver).resolve(found.busting.file)
            found.busting_file = manifest.abspath()

    def _other_bustings(self) -> Iterator[Passed]:
        found = self.found
        used = found.busting.record if found.busting is not None else None
        for other in self.snapshot.bustings:
            if other is not used and self._covers(other):
                yield Passed(other, _busting_passed(used, other))
        for loss in self.snapshot.losses:
            if isinstance(loss.loser, Busting) and self._covers(loss.loser):
                yield Passed(loss.loser, loss.reason, loss.winner)

    def _covers(self, busting: Busting) -> bool:
        spec = (self.found.source or self.found.spec) if busting.explicit else self.found.spec
        return spec is not None and spec.under(busting.path)

    def _explain_policy(self, view: StaticViewRecord | View) -> None:
        if view.protected:
            self.found.policy = self.snapshot.policy
            lost = [loss for loss in self.snapshot.losses if isinstance(loss.loser, PermissionPolicy)]
            self.found.other_policies = [Passed(loss.loser, loss.reason, loss.winner) for loss in lost]

    def _explain_answer(self, path: str) -> None:
        self.found.path = path
        self.found.answer = self._component(IAnswers).answer(path)
        if self.found.answer is None:
            self.found.problems.append("the static view '/' leaves it to the application")

    def _component(self, provided: Any) -> Any:
        return self.registry.getUtility(provided)


def _host(authority: str) -> str:
    """The authority of a URL as it is sent: lower case, an international name in its ASCII form."""
    try:
        return authority.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return authority.lower()


def _spec_or_none(text: str) -> AssetSpec | None:
    try:
        return asset_spec(text)
    except InvalidSpec:
        return None


def _path_of(url: str) -> str:
    """The path of a URL, or of the path of one, without query and fragment."""
    return urlsplit(url).path if _SCHEME.match(url) or url.startswith("//") else re.split("[?#]", url, maxsplit=1)[0]


def _chosen(standing: list[Found | str | None]) -> Found | None:
    """The first file; where there is no file, the first directory."""
    found = [there for there in standing if isinstance(there, Found)]
    return next((there for there in found if not there.directory), found[0] if found else None)


def _state(there: Found | str | None) -> str:
    if isinstance(there, str):
        return there
    return "missing" if there is None else "a directory" if there.directory else "exists"


def _repeated(candidates: list[Candidate], paths: SearchPaths) -> Iterator[Step]:
    """The overrides that cover the asset and lead only to where another has led already."""
    led = {(candidate.spec, candidate.via[-1]) for candidate in candidates if candidate.via}
    for candidate in candidates:
        for override in paths.covering(candidate.spec):
            place = candidate.spec.moved(override.target, override.source)
            if (place, override) not in led:
                led.add((place, override))
                yield Step(place, "named above", (*candidate.via, override))


def _view_passed(view: StaticViewRecord | None, other: StaticViewRecord) -> str:
    """Why *view* gives the asset its URL and *other*, whose root holds it too, does not."""
    if view is None:
        return "not asked for"
    if len(other.root.parts) < len(view.root.parts):
        return "its root is shorter"
    return strength(view, other)


def _busting_passed(used: Busting | None, other: Busting) -> str:
    if used is None:
        return "does not apply"
    if used.explicit and not other.explicit:
        return "an explicit one goes first"
    return "its path is shorter"
